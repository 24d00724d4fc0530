"""A relation as a dense matrix that nobody writes out: rows and columns in flat order, each table as runs of keys.

A row is a flat number over axes of the output, a column one over axes of the input, the last axis fastest. A table
decides some digits of a row's axes and some of a column's: read as one number each, they are its two keys. The page
has the same algorithm; shared vectors prove both equal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray

from isochrome.core.component import EagerTable, Numbers
from isochrome.core.digits import Axis
from isochrome.core.lazy import Component
from isochrome.core.relation import Relation

__all__ = ["Dense", "Key", "Mask", "Runs", "Side", "Term", "dense", "terms"]

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Runs:
    """The rows of a table on real input: in each run a column is ``values`` plus ``steps`` times 0, 1 .. below count.

    Where the table is written out every run has one row.
    """

    values: Numbers
    steps: tuple[int, ...]
    count: Numbers

    def span(self, column: int) -> tuple[int, int]:
        """The smallest value of a column, and how many numbers lie from there to the largest; (0, 0) without rows."""
        if not len(self.count):
            return 0, 0
        ends = np.stack([self.values[:, column], self.values[:, column] + self.steps[column] * (self.count - 1)])
        return int(ends.min()), int(ends.max()) - int(ends.min()) + 1


def runs(part: Component) -> Runs:
    """A table's rows on real input."""
    if isinstance(part, EagerTable):
        values = part.values[part.is_real]
        return Runs(values, (0,) * values.shape[1], np.ones(len(values), np.int64))
    count = part.on_real[1] - part.on_real[0]
    values = part.base + part.on_real[0][:, None] * np.array(part.steps, np.int64)
    return Runs(values[count > 0], part.steps, count[count > 0])


@dataclass(frozen=True, slots=True)
class Key:
    """The digits of one side that a table decides, most significant first, read as one number from 0."""

    columns: tuple[int, ...]
    lows: tuple[int, ...]
    sizes: tuple[int, ...]

    @property
    def total(self) -> int:
        """How many numbers it has."""
        return prod(self.sizes)

    def of(self, found: Runs) -> tuple[Numbers, int]:
        """The key at the begin of each run, and how far it moves with each step."""
        key, move = np.zeros(len(found.count), np.int64), 0
        for column, low, size in zip(self.columns, self.lows, self.sizes, strict=True):
            key = key * size + found.values[:, column] - low
            move = move * size + found.steps[column]
        return key, move


@dataclass(frozen=True, slots=True)
class Side:
    """The rows, or the columns: some axes of an access, in order of significance."""

    axes: tuple[Axis, ...]

    @property
    def total(self) -> int:
        """How many rows, or columns, there are."""
        return prod(axis.size for axis in self.axes)

    def indices(self, flat: Numbers) -> list[Numbers]:
        """The index along each axis; one past the end is one past the end of the first axis."""
        found: list[Numbers] = []
        for axis in reversed(self.axes[1:]):
            flat, index = np.divmod(flat, max(axis.size, 1))
            found.insert(0, index)
        return [flat, *found] if self.axes else []

    def key(self, component: int, found: Runs) -> Key:
        """How a table tells the side's rows apart."""
        columns = tuple(digit.column for axis in self.axes for digit in axis.digits if digit.component == component)
        spans = [found.span(column) for column in columns]
        return Key(columns, tuple(low for low, _ in spans), tuple(size for _, size in spans))


@dataclass(frozen=True, slots=True, eq=False)
class Dense:
    """A relation with its rows and columns chosen: what counts and colours under pixels are read off."""

    relation: Relation
    rows: Side
    columns: Side
    parts: tuple[Runs, ...]
    row_keys: tuple[Key, ...]
    column_keys: tuple[Key, ...]

    @property
    def entries(self) -> int:
        """How many entries the matrix has."""
        return self.rows.total * self.columns.total


def dense(relation: Relation, rows: Sequence[int], columns: tuple[int, Sequence[int]]) -> Dense:
    """The matrix of a relation: its rows are these axes of the output, its columns an access and axes of it.

    An axis that is left out must have one index alone, as the batch has.

    >>> from isochrome.core.relation import relation
    >>> found = dense(relation("y[m, p] += w[m, u] * x[p + u - 1]", {"x": (4,), "w": (2, 3)}), (0, 1), (2, (0,)))
    >>> found.rows.total, found.columns.total, found.row_keys[1]
    (8, 4, Key(columns=(0,), lows=(0,), sizes=(4,)))
    """
    number, axes = columns
    side = Side(tuple(relation.axes[0][axis] for axis in rows))
    across = Side(tuple(relation.axes[number][axis] for axis in axes))
    parts = tuple(map(runs, relation.components))
    row_keys = tuple(side.key(place, part) for place, part in enumerate(parts))
    column_keys = tuple(across.key(place, part) for place, part in enumerate(parts))
    return Dense(relation, side, across, parts, row_keys, column_keys)


@dataclass(frozen=True, slots=True, eq=False)
class Term:
    """One part of all rows before each of some cuts: those equal up to a digit, less at it, and free after it.

    For each table the keys of these rows run from ``low`` to below ``high``; ``kind`` says of which of its digits that
    depends, so that two terms of one kind have the same bounds. Where ``holds`` is False there are none.
    """

    holds: Mask
    low: tuple[Numbers, ...]
    high: tuple[Numbers, ...]
    kind: tuple[tuple[int, bool], ...]


def terms(side: Side, keys: Sequence[Key], cuts: Numbers) -> list[Term]:
    """The rows before each cut as a sum of products of intervals, one for each digit of the side."""
    low = [np.zeros(len(cuts), np.int64) for _ in keys]
    width, used = [key.total for key in keys], [0] * len(keys)
    holds = np.ones(len(cuts), np.bool_)
    found: list[Term] = []

    def add(here: Mask, own: int, high: Numbers | None) -> None:
        ends = [start + wide for start, wide in zip(low, width, strict=True)]
        if high is not None:
            ends[own] = high
        kind = tuple((count, place == own) for place, count in enumerate(used))
        found.append(Term(here, tuple(low), tuple(ends), kind))

    for axis, index in zip(side.axes, side.indices(cuts), strict=True):
        if not axis.digits:
            add(holds & (axis.offset < index), -1, None)
            holds = holds & (axis.offset == index)
        for digit, value in zip(axis.digits, axis.decode(index), strict=True):
            own, key = digit.component, keys[digit.component]
            size = key.sizes[used[own]]
            step, place = width[own] // max(size, 1), value - key.lows[used[own]]
            add(holds, own, low[own] + np.clip(place, 0, size) * step)
            holds = holds & (place >= 0) & (place < size)
            low[own] = low[own] + np.where(holds, place, 0) * step
            width[own], used[own] = step, used[own] + 1
    return found
