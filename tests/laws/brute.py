"""Formulas read the slow way: every loop in turn, every index by hand. Shares no code with the package but the
parsed line itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product
from math import inf, prod
from typing import Any

from isochrome.core.formula import Access, Affine, Fold, Formula, Index

Place = tuple[int, ...]
Tap = tuple[Place | None, ...]
Shapes = Mapping[str, Place]
Table = Mapping[Place, int]


class Outside(Exception):
    """A weight is read outside its tensor, or a table outside its numbers."""


def assignments(sizes: Mapping[str, int]) -> Iterator[dict[str, int]]:
    """Every assignment of the loops."""
    for values in product(*(range(size) for size in sizes.values())):
        yield dict(zip(sizes, values, strict=True))


def sum_of(value: Affine, loops: Mapping[str, int]) -> int:
    """A sum of loops at one assignment."""
    total = value.offset
    for loop, coefficient in value.terms:
        total += coefficient * loops[loop]
    return total


def turn_back(kind: str, at: int, size: int) -> int:
    """An index brought back into its axis, one step at a time."""
    while not 0 <= at < size:
        if kind == "circular":
            at += size if at < 0 else -size
        elif kind == "replicate" or size == 1:
            at = 0 if at < 0 else size - 1
        else:
            at = -at if at < 0 else 2 * (size - 1) - at
    return at


def index_of(index: Index, size: int, loops: Mapping[str, int], tables: Mapping[str, Table]) -> int:
    """The value of one index at one assignment; negative under a table means: no tap."""
    if isinstance(index, Affine):
        return sum_of(index, loops)
    if isinstance(index, Fold):
        return turn_back(index.kind, sum_of(index.inside, loops), size)
    place = tuple(sum_of(argument, loops) for argument in index.arguments)
    if place not in tables[index.name]:
        raise Outside(index.name)
    return tables[index.name][place]


def taps(
    formula: Formula, sizes: Mapping[str, int], shapes: Shapes, inputs: Iterable[str], tables: Mapping[str, Table]
) -> list[Tap]:
    """Every tap, as a tuple of places: the output's, then the factors'; None is padding. Raises Outside."""
    found: list[Tap] = []
    for loops in assignments(sizes):
        tap = [_place(access, shapes, loops, tables) for access in formula.accesses]
        if any(place is _NOWHERE for place in tap):
            continue
        if any(not guard.low <= sum_of(guard.value, loops) < guard.high for guard in formula.guards):
            continue
        places: list[Place | None] = []
        for access, place in zip(formula.accesses, tap, strict=True):
            assert place is not None
            inside = all(0 <= at < size for at, size in zip(place, shapes[access.name], strict=True))
            places.append(place if inside else None)
        if places[0] is None:
            continue
        outside = [a.name for a, place in zip(formula.accesses, places, strict=True) if place is None]
        if set(outside) - set(inputs):
            raise Outside(str(outside))
        found.append(tuple(places))
    return found


_NOWHERE: Place = (-(10**9),)


def _place(access: Access, shapes: Shapes, loops: Mapping[str, int], tables: Mapping[str, Table]) -> Place:
    values = []
    nowhere = False
    for index, size in zip(access.indices, shapes[access.name], strict=True):
        at = index_of(index, size, loops, tables)
        nowhere |= at < 0 and not isinstance(index, (Affine, Fold))
        values.append(at)
    return _NOWHERE if nowhere else tuple(values)


def is_real(tap: Tap) -> bool:
    """Whether a tap reads no padding."""
    return all(place is not None for place in tap)


def values(found: Sequence[Tap], reduce: str, shape: Place, arrays: Sequence[Any]) -> dict[Place, float]:
    """The output at every place; ``arrays`` holds one array for each factor. Padding adds 0, and is never largest."""
    out = {place: (-inf if reduce == "max" else 0.0) for place in product(*map(range, shape))}
    for tap in found:
        assert tap[0] is not None
        if is_real(tap):
            term = prod(float(array[place]) for array, place in zip(arrays, tap[1:], strict=True))
            out[tap[0]] = max(out[tap[0]], term) if reduce == "max" else out[tap[0]] + term
    return out


def image(found: Sequence[Tap], source: int, target: int, places: Iterable[Place]) -> set[Place]:
    """The places of one access that share a tap with some places of another."""
    wanted = set(places)
    return {place for tap in found if tap[source] in wanted and (place := tap[target]) is not None}
