"""One factor of a relation: a table of all assignments of the loops that are tied to one another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray

from isochrome.core.formula import Affine, Fold, Index, Table
from isochrome.core.sizes import Tables
from isochrome.errors import FormulaError

__all__ = ["Bound", "Column", "EagerTable", "Numbers", "column_values", "distinct_rows", "fold", "loop_grid",
           "stacked", "write_table"]

Numbers = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Column:
    """What one axis, or one digit of it, gets from a component; ``size`` is where a fold turns back."""

    index: Index
    size: int = 0


@dataclass(frozen=True, slots=True)
class Bound:
    """``low <= value < high`` for what a column holds."""

    column: Column
    low: int
    high: int


def fold(kind: str, values: Numbers, size: int) -> Numbers:
    """Indices turned back into ``0 .. size - 1``.

    >>> fold("reflect", np.array([-2, -1, 0, 3, 4]), 4).tolist()
    [2, 1, 0, 3, 2]
    """
    if kind == "circular":
        return values % max(size, 1)
    if kind == "replicate":
        return np.clip(values, 0, size - 1)
    period = max(2 * (size - 1), 1)
    turned = values % period
    return np.minimum(turned, period - turned) if size > 1 else np.zeros_like(values)


def loop_grid(sizes: Mapping[str, int]) -> tuple[dict[str, Numbers], int]:
    """The value of every loop in every assignment, the last loop fastest, and the number of assignments."""
    rows = prod(sizes.values())
    grid = np.indices(tuple(sizes.values()) if rows else (0,) * len(sizes), np.int64).reshape(len(sizes), rows)
    return dict(zip(sizes, grid, strict=True)), rows


def column_values(column: Column, loops: Mapping[str, Numbers], rows: int, tables: Tables) -> Numbers:
    """A column's value for every row."""
    match column.index:
        case Affine() as index:
            return _sum_values(index, loops, rows)
        case Fold(kind, inside):
            return fold(kind, _sum_values(inside, loops, rows), column.size)
        case Table(name, arguments):
            table = tables[name]
            places = tuple(_sum_values(argument, loops, rows) for argument in arguments)
            for place, size in zip(places, table.shape, strict=True):
                if rows and (place.min() < 0 or place.max() >= size):
                    raise FormulaError(f"table {name}: {column.index} must stay inside its shape {list(table.shape)}")
            return table[places]


def stacked(columns: Sequence[Column], loops: Mapping[str, Numbers], rows: int, tables: Tables) -> Numbers:
    """The values of some columns for every row."""
    values = np.empty((rows, len(columns)), np.int64)
    for number, column in enumerate(columns):
        values[:, number] = column_values(column, loops, rows, tables)
    return values


def _sum_values(value: Affine, loops: Mapping[str, Numbers], rows: int) -> Numbers:
    out = np.full(rows, value.offset, np.int64)
    for loop, coefficient in value.terms:
        out += coefficient * loops[loop]
    return out


@dataclass(frozen=True, slots=True, eq=False)
class EagerTable:
    """A component whose rows are all written out: one for each assignment, a column for each digit it decides."""

    loops: tuple[str, ...]
    values: Numbers
    is_real: Mask

    @property
    def total(self) -> int:
        """How many rows there are."""
        return len(self.is_real)

    @property
    def real(self) -> int:
        """How many of them read no padding."""
        return int(np.count_nonzero(self.is_real))

    def select(self, wanted: Mapping[int, int]) -> EagerTable:
        """The rows in which the given columns have the given values."""
        if not wanted:
            return self
        keep = np.ones(self.total, np.bool_)
        for column, value in wanted.items():
            keep &= self.values[:, column] == value
        return EagerTable(self.loops, self.values[keep], self.is_real[keep])

    def take(self, numbers: Numbers) -> Numbers:
        """Column values, one row for each of the numbers (0 <= number < total)."""
        return self.values[numbers]

    def histogram(self, columns: tuple[int, ...]) -> tuple[Numbers, Numbers, Numbers]:
        """The distinct values of some columns, and how many rows, and rows on real input, have each."""
        distinct, place = distinct_rows(self.values[:, columns])
        rows = np.bincount(place, minlength=len(distinct))
        return distinct, rows, np.bincount(place[self.is_real], minlength=len(distinct))

    def span(self, column: int) -> tuple[int, int]:
        """The smallest and the largest value of a column; (0, -1) where there is no row."""
        values = self.values[:, column]
        return (int(values.min()), int(values.max())) if len(values) else (0, -1)


def distinct_rows(rows: Numbers) -> tuple[Numbers, Numbers]:
    """The distinct rows in ascending order, and which of them every row is."""
    if rows.shape[1] == 0:
        return rows[:1], np.zeros(len(rows), np.int64)
    if rows.shape[1] == 1:
        single, place = np.unique(rows[:, 0], return_inverse=True)
        return single[:, None], place
    distinct, place = np.unique(rows, axis=0, return_inverse=True)
    return distinct, place.reshape(-1)


def write_table(
    sizes: Mapping[str, int],
    columns: Sequence[Column],
    exists: Sequence[Bound],
    pads: Sequence[Bound],
    tables: Tables,
) -> EagerTable:
    """The component with all its rows: those in which ``exists`` holds, marked real where ``pads`` hold."""
    loops, rows = loop_grid(sizes)
    values = stacked(columns, loops, rows, tables)
    keep, real = (_holding(bounds, loops, rows, tables) for bounds in (exists, pads))
    if keep.all():
        return EagerTable(tuple(sizes), values, real)
    return EagerTable(tuple(sizes), values[keep], real[keep])


def _holding(bounds: Sequence[Bound], loops: Mapping[str, Numbers], rows: int, tables: Tables) -> Mask:
    holding = np.ones(rows, np.bool_)
    for bound in bounds:
        values = column_values(bound.column, loops, rows, tables)
        holding &= (bound.low <= values) & (values < bound.high)
    return holding
