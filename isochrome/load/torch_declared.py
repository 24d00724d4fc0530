"""The ties that a module's configurations and classes declare, or deny: words, not evidence."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from isochrome.model.held import Declared

__all__ = ["declared_ties"]

_WORDS = "tie_word_embeddings"
_HALVES = "tie_encoder_decoder"


def declared_ties(module: Any, names: Sequence[str]) -> tuple[Declared, ...]:
    """What is declared anywhere in a module; ``names`` are those of its parameters.

    A configuration declares by ``tie_word_embeddings`` and ``tie_encoder_decoder``, in itself or in one inside it, a
    class by ``_tied_weights_keys``, a list of patterns or a mapping from each tied name to the one that it follows.
    """
    by_object = {id(value): name for name, value in reversed(list(module.named_parameters(remove_duplicate=False)))}
    found: dict[Declared, None] = {}
    for path, one in module.named_modules():
        config = getattr(one, "config", None)
        flags = list(_flags(config, f"{path}.config" if path else "config"))
        ends = tuple(name for name in (_end(one, key, path, names, by_object) for key in _ENDS) if name)
        found |= dict.fromkeys(_by_configuration(flags, ends, path, names))
        found |= dict.fromkeys(_by_class(one, flags, ends, path, names))
    return tuple(found)


_ENDS = ("get_input_embeddings", "get_output_embeddings")


def _flags(config: Any, where: str, depth: int = 3) -> Iterator[tuple[str, str, bool]]:
    """(where, which flag, what it says) of a configuration and those inside it."""
    values = config if isinstance(config, Mapping) else getattr(config, "__dict__", None)
    if not isinstance(values, Mapping) or not depth:
        return
    for flag in (_WORDS, _HALVES):
        said = values.get(flag, getattr(config, flag, None))
        if isinstance(said, bool):
            yield f"{where}.{flag}", flag, said
    for key, value in values.items():
        if isinstance(key, str) and not key.startswith("_"):
            yield from _flags(value, f"{where}.{key}", depth - 1)


def _end(module: Any, getter: str, path: str, names: Sequence[str], by_object: Mapping[int, str]) -> str:
    """The name of the weight of a model's first or last embedding, as this module registers it."""
    try:
        weight = getattr(getattr(module, getter)(), "weight", None)
    except (AttributeError, NotImplementedError, TypeError):
        return ""
    own = [name for name, value in module.named_parameters(remove_duplicate=False) if value is weight]
    # Tied tensors are one object under several names: the head's is the last registered, the embedding's the first.
    if not own:
        return by_object.get(id(weight), "")
    name = own[-1] if getter == _ENDS[1] else own[0]
    return f"{path}.{name}" if path else name


def _by_configuration(
    flags: Sequence[tuple[str, str, bool]], ends: tuple[str, ...], path: str, names: Sequence[str]
) -> Iterator[Declared]:
    for where, flag, said in flags:
        if flag == _WORDS and len(ends) == 2:
            yield Declared(where, said, ends)
        if flag == _HALVES and said:
            yield from (Declared(where, said, pair) for pair in _halves(path, names))


def _halves(path: str, names: Sequence[str]) -> Iterator[tuple[str, str]]:
    known = set(names)
    start = f"{path}." if path else ""
    for name in names:
        if name.startswith(start) and ".decoder." in f".{name}":
            other = f".{name}".replace(".decoder.", ".encoder.", 1)[1:]
            if other in known:
                yield other, name


def _by_class(
    module: Any, flags: Sequence[tuple[str, str, bool]], ends: tuple[str, ...], path: str, names: Sequence[str]
) -> Iterator[Declared]:
    keys = getattr(module, "_tied_weights_keys", None)
    if not keys:
        return
    where = f"{type(module).__name__}._tied_weights_keys"
    start = f"{path}." if path else ""
    own = [name.removeprefix(start) for name in names if name.startswith(start)]
    if not next((value for _, flag, value in flags if flag == _WORDS), True):
        return  # a class says what is tied where its configuration ties; otherwise it says nothing
    if isinstance(keys, Mapping):
        for target, source in keys.items():
            for name in _matching(target, own):
                other = next(iter(_matching(source, own)), "")
                if other and other != name:
                    yield Declared(where, True, (start + other, start + name))
    elif isinstance(keys, list | tuple | set) and ends:
        for key in sorted(map(str, keys)):
            for name in _matching(key, own):
                if name.endswith("weight") and start + name != ends[0]:
                    yield Declared(where, True, (ends[0], start + name))


def _matching(pattern: Any, names: Sequence[str]) -> list[str]:
    """The names that a pattern means: the one that it is, else those that it is found in."""
    if pattern in names:
        return [pattern]
    try:
        return [name for name in names if re.search(str(pattern), name)]
    except re.error:
        return []
