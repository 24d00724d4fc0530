"""What a layer of a PyTorch program is called: its module's path, or the place of a functional use."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from isochrome.load.graph import Named
from isochrome.model.held import Module
from isochrome.model.parts import Layer
from isochrome.model.program import Call

__all__ = ["path_namer", "with_other_paths"]


Names = Sequence[Sequence[str]]


def path_namer(
    sites: Mapping[str, Call], found: Sequence[Named], stored: Callable[[Named], Names]
) -> Callable[[Named], str]:
    """The function that names layers. ``sites`` has the call behind each operation, ``stored`` all names of each
    stored tensor that it uses.

    A module's call that is one layer over the module's own tensors has the module's path. Where it is more than one,
    or uses tensors of another module, it is called after the caller and what it uses.
    """
    crowd: Counter[tuple[str, int]] = Counter()
    for named in found:
        site = sites.get(named.node)
        if site is not None and stored(named):
            crowd[site.path, site.repeat] += 1
    crowded = {path for (path, _), count in crowd.items() if count > 1}

    def path(named: Named) -> str:
        site, names = sites.get(named.node), stored(named)
        if site is None:
            return ""
        if not names:
            return _below(site.path, named.node)
        own = _is_own(site.path, names)
        if own and site.path and (site.path not in crowded or named.scopes):
            return _below(site.path, named.scopes) if named.scopes else site.path
        return _used(site.path, next((name for name in names[0] if _owner(name) == site.path), names[0][0]))

    return path


def with_other_paths(layers: Sequence[Layer], modules: Sequence[Module]) -> tuple[Layer, ...]:
    """The layers, those of a module that stands at several paths and is called once at each found by all of them."""
    other: dict[str, str] = {}
    for module in modules:
        if 1 < len(module.paths) == module.calls:
            other |= {f"{module.paths[0]}#{at}": path for at, path in enumerate(module.paths[1:], 2)}
    return tuple(
        replace(layer, aliases=(*layer.aliases, other[layer.name])) if layer.name in other else layer
        for layer in layers
    )


def _is_own(path: str, names: Names) -> bool:
    """Whether the first stored tensor, by one of its names, belongs to the module at a path itself."""
    return bool(names) and any(_owner(name) == path for name in names[0])


def _owner(name: str) -> str:
    """The module that a tensor belongs to; a parametrization belongs to the module that it serves.

    >>> _owner("a.b.weight"), _owner("a.parametrizations.weight.original0"), _owner("weight")
    ('a.b', 'a', '')
    """
    front, mark, _ = f".{name}".partition(".parametrizations.")
    return front[1:] if mark else name.rpartition(".")[0]


def _used(path: str, name: str) -> str:
    """A use named by the caller and what it uses.

    >>> _used("", "embed.weight"), _used("attn", "attn.w_q"), _used("head", "embed.weight")
    ('embed.weight', 'attn.w_q', 'head(embed.weight)')
    >>> _used("", "parametrizations.weight.original1")
    'weight'
    """
    front, mark, rest = f".{name}".partition(".parametrizations.")
    if mark:
        name = _below(front[1:], rest.partition(".")[0])
    if not path or name.startswith(f"{path}."):
        return name
    return f"{path}({name})"


def _below(path: str, name: str) -> str:
    return f"{path}.{name}" if path and name else path or name
