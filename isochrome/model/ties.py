"""Which names are the same stored numbers: told from objects and places alone, no number is read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from isochrome.model.held import Held

__all__ = ["Cell", "Fact", "cells", "overlapping", "partial_overlaps"]

Fact = Literal["one name", "one object", "one storage"]
Run = tuple[int, int]

_WORK = 100_000  # steps that a test of two strided tensors may take


@dataclass(frozen=True, slots=True)
class Cell:
    """Some bytes, and every row of ``Model.held`` that is exactly these: one stored tensor and all its names.

    ``things`` are the tensor objects: two or more over the same bytes are a tie that object identity does not see.
    """

    number: int
    rows: tuple[int, ...]
    names: tuple[str, ...]
    things: tuple[int, ...]
    first: Held

    @property
    def fact(self) -> Fact:
        """By which of the five facts its names are one."""
        return "one name" if len(self.names) == 1 else "one object" if len(self.things) == 1 else "one storage"


def cells(held: Sequence[Held]) -> tuple[Cell, ...]:
    """The stored tensors behind some names, in the order of their first names.

    One object is one cell; so are objects over the very same bytes, transposed or not. A row whose place is no
    evidence (meta, empty, sharded) is told by its object alone.

    >>> w = Held("w", 0, "s", 0, (2, 3), (3, 1), "float32", 4)
    >>> t = Held("t", 1, "s", 0, (3, 2), (1, 3), "float32", 4)
    >>> [(cell.names, cell.fact) for cell in cells([w, t, Held("v", 0, "s", 0, (2, 3), (3, 1), "float32", 4)])]
    [(('w', 't', 'v'), 'one storage')]
    """
    keys: dict[object, int] = {}
    groups: dict[int, list[int]] = {}
    for row, one in enumerate(held):
        place: object = one.thing if not one.storage else (one.storage, one.offset, _runs(one))
        number = keys.get(("object", one.thing), keys.get(place, row))
        keys.setdefault(("object", one.thing), number)
        keys.setdefault(place, number)
        groups.setdefault(number, []).append(row)
    return tuple(_cell(number, rows, held) for number, rows in enumerate(groups.values()))


def _cell(number: int, rows: Sequence[int], held: Sequence[Held]) -> Cell:
    things = tuple(dict.fromkeys(held[row].thing for row in rows))
    return Cell(number, tuple(rows), tuple(held[row].name for row in rows), things, held[rows[0]])


def _runs(row: Held) -> tuple[Run, ...]:
    """The bytes it holds, as (step, count) from small steps to large ones: the same for a tensor and its transpose.

    >>> _runs(Held("w", 0, "s", 0, (2, 3), (3, 1), "float32", 4)), _runs(Held("c", 0, "s", 0, (2, 2), (3, 1), "i", 4))
    (((1, 24),), ((1, 8), (12, 2)))
    """
    steps = sorted((stride * row.item, size) for stride, size in zip(row.strides, row.shape, strict=True)
                   if size != 1 and stride)  # fmt: skip
    runs: list[Run] = [(1, row.item)]
    for step, size in steps:
        last, count = runs[-1]
        if step == last * count:
            runs[-1] = last, count * size
        else:
            runs.append((step, size))
    return tuple(runs)


def partial_overlaps(found: Sequence[Cell]) -> tuple[tuple[Cell, ...], ...]:
    """Groups of stored tensors that share some of their bytes, but not all: overlapping slices, a part of a whole."""
    groups: list[list[Cell]] = []
    ends: list[int] = []
    placed = [cell for cell in found if cell.first.storage]
    for cell in sorted(placed, key=lambda cell: (cell.first.storage, *cell.first.span)):
        start, stop = cell.first.span
        if groups and groups[-1][0].first.storage == cell.first.storage and start < ends[-1]:
            groups[-1].append(cell)
            ends[-1] = max(ends[-1], stop)
        else:
            groups.append([cell])
            ends.append(stop)
    return tuple(part for group in groups if len(group) > 1 for part in _components(group))


def _components(group: list[Cell]) -> list[tuple[Cell, ...]]:
    """Spans may cross where no byte is shared (columns of one matrix): only tensors that do share one stay together."""
    if all(len(_runs(cell.first)) == 1 for cell in group):
        return [tuple(sorted(group, key=lambda cell: cell.number))]
    left, parts = list(group), []
    while left:
        part, queue = [left[0]], [left.pop(0)]
        while queue:
            one = queue.pop()
            met = [other for other in left if overlapping(one.first, other.first)]
            numbers = {other.number for other in met}
            left = [other for other in left if other.number not in numbers]
            part, queue = part + met, queue + met
        parts.append(tuple(sorted(part, key=lambda cell: cell.number)))
    return [part for part in parts if len(part) > 1]


def overlapping(a: Held, b: Held) -> bool:
    """Whether two tensors share a byte; False where they lie apart, or where it takes too long to say.

    >>> left, right = (Held(n, 0, "s", 8 * k, (4, 2), (4, 1), "float32", 4) for k, n in enumerate("lr"))
    >>> overlapping(left, right), overlapping(left, Held("all", 2, "s", 0, (16,), (1,), "float32", 4))
    (False, True)
    """
    if not a.storage or a.storage != b.storage or a.span[0] >= b.span[1] or b.span[0] >= a.span[1]:
        return False
    if len(_runs(a)) == len(_runs(b)) == 1:
        return True
    try:
        return bool(np.shares_memory(_Place(a), _Place(b), max_work=_WORK))  # type: ignore[arg-type]  # any bound
    except (np.exceptions.TooHardError, ValueError, OverflowError):
        return False


class _Place:
    """A tensor's addresses as NumPy knows them; nothing is ever read there."""

    def __init__(self, row: Held) -> None:
        self.__array_interface__: dict[str, Any] = {
            "version": 3,
            "data": (2**32 + row.offset, True),
            "typestr": f"|V{row.item}",
            "shape": row.shape,
            "strides": tuple(stride * row.item for stride in row.strides),
        }
