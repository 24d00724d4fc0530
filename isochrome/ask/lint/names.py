"""Names that wrappers change: the same parameter before and after an adapter, a compiler, a quantiser, an exporter."""

from __future__ import annotations

import re

__all__ = ["WRAPPERS", "plain_name", "wrapper_of"]

WRAPPERS = {
    "base_layer": "an adapter (PEFT)",
    "original_module": "an adapter (PEFT, modules_to_save)",
    "modules_to_save.default": "an adapter (PEFT, modules_to_save)",
    "parametrizations": "a parametrization",
    "weight_orig": "pruning",
}
"""Parts of a name that say what stands around a parameter, beside the bare name of the other side of a tie."""

_INSIDE = re.compile(
    r"_orig_mod\.|_fsdp_wrapped_module\.|_checkpoint_wrapped_module\.|_forward_module\."
    r"|(?:base_layer|original_module|modules_to_save\.default)\.|parametrizations\."
)
_BEFORE = re.compile(r"^(?:module\.|base_model\.model\.)+")
_AFTER = re.compile(r"(?:\.original[01]?|_orig|_quantized)$")


def plain_name(name: str) -> str:
    """The name without what wrappers put around it.

    >>> plain_name("base_model.model.lm_head.base_layer.weight"), plain_name("_orig_mod.module.conv.weight")
    ('lm_head.weight', 'conv.weight')
    >>> plain_name("fc.parametrizations.weight.original"), plain_name("head.weight_quantized")
    ('fc.weight', 'head.weight')
    """
    last = ""
    while name != last:
        last, name = name, _BEFORE.sub("", _INSIDE.sub("", name))
    return _AFTER.sub("", name)


def wrapper_of(name: str) -> str:
    """What stands around a parameter, by its name; '' where nothing does."""
    return next((what for part, what in WRAPPERS.items() if part in name), "")
