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

__all__ = ["Bound", "Bounds", "Column", "EagerTable", "Grid", "Mask", "Numbers", "distinct_rows", "write_table"]

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


Bounds = Sequence[Bound]


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


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """Every assignment of some loops: the value of each loop in every row, and what columns hold there."""

    loops: dict[str, Numbers]
    rows: int
    tables: Tables

    @classmethod
    def of(cls, sizes: Mapping[str, int], tables: Tables) -> Grid:
        """All assignments of loops of these sizes, the last loop fastest."""
        rows = prod(sizes.values())
        grid = np.indices(tuple(sizes.values()) if rows else (0,) * len(sizes), np.int64).reshape(len(sizes), rows)
        return cls(dict(zip(sizes, grid, strict=True)), rows, tables)

    def column(self, column: Column) -> Numbers:
        """A column's value for every row."""
        match column.index:
            case Affine() as index:
                return self._sum(index)
            case Fold(kind, inside):
                return fold(kind, self._sum(inside), column.size)
            case Table(name, arguments):
                table, places = self.tables[name], tuple(map(self._sum, arguments))
                for place, size in zip(places, table.shape, strict=True):
                    if self.rows and (place.min() < 0 or place.max() >= size):
                        shape = list(table.shape)
                        raise FormulaError(f"table {name}: {column.index} must stay inside its shape {shape}")
                return table[places]

    def columns(self, columns: Sequence[Column]) -> Numbers:
        """The values of some columns, one row for each assignment."""
        values = np.empty((self.rows, len(columns)), np.int64)
        for number, column in enumerate(columns):
            values[:, number] = self.column(column)
        return values

    def holding(self, bounds: Bounds) -> Mask:
        """The rows in which all bounds hold."""
        rows = np.ones(self.rows, np.bool_)
        for bound in bounds:
            values = self.column(bound.column)
            rows &= (bound.low <= values) & (values < bound.high)
        return rows

    def _sum(self, value: Affine) -> Numbers:
        out = np.full(self.rows, value.offset, np.int64)
        for loop, coefficient in value.terms:
            out += coefficient * self.loops[loop]
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
    sizes: Mapping[str, int], columns: Sequence[Column], exists: Bounds, pads: Bounds, tables: Tables
) -> EagerTable:
    """The component with all its rows: those in which ``exists`` holds, marked real where ``pads`` hold."""
    grid = Grid.of(sizes, tables)
    values, keep, real = grid.columns(columns), grid.holding(exists), grid.holding(pads)
    return EagerTable(tuple(sizes), values, real) if keep.all() else EagerTable(tuple(sizes), values[keep], real[keep])
