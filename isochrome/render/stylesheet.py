"""The style block of a picture's SVG, applied to one element: what paint its classes and its attributes give."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

__all__ = ["Stylesheet", "stylesheet"]

Kind = tuple[str, frozenset[str]]
"""An element as a selector sees it: its name and its classes."""
_RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class Rule:
    """One selector, outermost part first, and what it declares; ``weight`` orders it among those that match."""

    parts: tuple[Kind, ...]
    declared: tuple[tuple[str, str], ...]
    weight: tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Stylesheet:
    """Rules, those that win last."""

    rules: tuple[Rule, ...]

    def declared(self, path: Sequence[Kind]) -> Mapping[str, str]:
        """What the rules declare for the last element of a path from the root.

        >>> sheet = stylesheet(".a{fill:red}.b .a{fill:blue}.a.c{stroke:red}")
        >>> dict(sheet.declared([("g", frozenset("b")), ("path", frozenset("a"))]))
        {'fill': 'blue'}
        """
        return _declared(self.rules, tuple(path))


@lru_cache(maxsize=4096)
def _declared(rules: tuple[Rule, ...], path: tuple[Kind, ...]) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for rule in rules:
        if _matches(rule.parts, path):
            found |= dict(rule.declared)
    return found


def _matches(parts: tuple[Kind, ...], path: tuple[Kind, ...]) -> bool:
    if not path or not _is(path[-1], parts[-1]):
        return False
    rest = parts[:-1]
    for element in reversed(path[:-1]):
        if rest and _is(element, rest[-1]):
            rest = rest[:-1]
    return not rest


def _is(element: Kind, wanted: Kind) -> bool:
    return wanted[0] in ("", element[0]) and wanted[1] <= element[1]


@lru_cache(maxsize=8)
def stylesheet(text: str) -> Stylesheet:
    """The rules of a style block: names, classes and descendants, and nothing else of CSS."""
    rules = []
    for order, (selectors, body) in enumerate(_RULE.findall(text)):
        declared = tuple((name.strip(), value.strip()) for name, _, value in _pairs(body))
        for selector in selectors.split(","):
            parts = tuple(_kind(part) for part in selector.split())
            classes = sum(len(kind[1]) for kind in parts)
            rules.append(Rule(parts, declared, (classes, sum(bool(kind[0]) for kind in parts), order)))
    return Stylesheet(tuple(sorted(rules, key=lambda rule: rule.weight)))


def _pairs(body: str) -> list[tuple[str, str, str]]:
    return [part.partition(":") for part in body.split(";") if part.strip()]


def _kind(text: str) -> Kind:
    name, *classes = text.split(".")
    return name, frozenset(classes)
