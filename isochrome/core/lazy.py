"""A component too large to write out: one loop is solved by division, its values are an interval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod

import numpy as np

from isochrome.core.component import (
    Bound,
    Column,
    EagerTable,
    Numbers,
    column_values,
    distinct_rows,
    loop_grid,
    stacked,
)
from isochrome.core.formula import Affine, Index, loops_of
from isochrome.core.sizes import Tables
from isochrome.errors import FormulaError

__all__ = ["Component", "LazyTable", "solvable_loop", "write_lazy"]

MOST_VALUES = 1 << 26


@dataclass(frozen=True, slots=True, eq=False)
class LazyTable:
    """The same questions as ``EagerTable``, answered without writing the rows. Tested equal to it.

    It holds a row for each assignment of the loops other than ``solve``; in that row ``solve`` runs from ``low`` to
    below ``high`` (on real input: from ``real_low`` to below ``real_high``), and a column is its ``base``, the value
    where ``solve`` is 0, plus ``steps`` times the loop. What it was made from stands first.
    """

    loops: tuple[str, ...]
    sizes: tuple[int, ...]
    solve: str
    columns: tuple[Column, ...]
    exists: tuple[Bound, ...]
    pads: tuple[Bound, ...]
    base: Numbers
    steps: tuple[int, ...]
    low: Numbers
    high: Numbers
    real_low: Numbers
    real_high: Numbers

    @property
    def total(self) -> int:
        """How many rows there are."""
        return int((self.high - self.low).sum())

    @property
    def real(self) -> int:
        """How many of them read no padding."""
        return int((self.real_high - self.real_low).sum())

    def select(self, wanted: Mapping[int, int]) -> LazyTable:
        """The rows in which the given columns have the given values."""
        return self.within({column: (value, value + 1) for column, value in wanted.items()})

    def within(self, wanted: Mapping[int, tuple[int, int]]) -> LazyTable:
        """The rows in which each of the given columns lies in an interval, from its first number to below its last."""
        if not wanted:
            return self
        low, high = self.low, self.high
        for column, bounds in wanted.items():
            low, high = _narrow(low, high, self.base[:, column], self.steps[column], bounds)
        real_low = np.maximum(self.real_low, low)
        real_high = np.maximum(np.minimum(self.real_high, high), real_low)
        some = high > low
        return replace(
            self,
            base=self.base[some],
            low=low[some],
            high=high[some],
            real_low=real_low[some],
            real_high=real_high[some],
        )

    def take(self, numbers: Numbers) -> Numbers:
        """Column values, one row for each of the numbers (0 <= number < total)."""
        ends = np.cumsum(self.high - self.low)
        which = np.searchsorted(ends, numbers, side="right")
        solved = self.high[which] - ends[which] + numbers
        return self.base[which] + solved[:, None] * np.array(self.steps, np.int64)

    def histogram(self, columns: tuple[int, ...]) -> tuple[Numbers, Numbers, Numbers]:
        """The distinct values of some columns, and how many rows, and rows on real input, have each.

        Raises FormulaError where columns that the solved loop moves must be counted together with others.
        """
        if not any(self.steps[column] for column in columns):
            distinct, place = distinct_rows(self.base[:, columns])
            counts = np.zeros((2, len(distinct)), np.int64)
            np.add.at(counts[0], place, self.high - self.low)
            np.add.at(counts[1], place, self.real_high - self.real_low)
            return distinct, counts[0], counts[1]
        least, most = self.span(columns[0])
        if len(columns) > 1 or most - least > MOST_VALUES:
            loops = ", ".join(self.loops)
            raise FormulaError(f"loops {loops}: their {self.total:,} assignments are too many to count one by one")
        start, step = self.base[:, columns[0]] - least, self.steps[columns[0]]
        rows = _spread(start, step, self.low, self.high, most - least + 1)
        real = _spread(start, step, self.real_low, self.real_high, most - least + 1)
        used = np.flatnonzero(rows)
        return (used + least)[:, None], rows[used], real[used]

    def span(self, column: int) -> tuple[int, int]:
        """The smallest and the largest value of a column; (0, -1) where there is no row."""
        if not len(self.low):
            return 0, -1
        ends = [self.base[:, column] + self.steps[column] * solved for solved in (self.low, self.high - 1)]
        return int(np.min(ends)), int(np.max(ends))


Component = EagerTable | LazyTable


def write_lazy(
    sizes: Mapping[str, int],
    solve: str,
    columns: Sequence[Column],
    exists: Sequence[Bound],
    pads: Sequence[Bound],
    tables: Tables,
) -> LazyTable:
    """The component whose rows are those in which ``exists`` holds, real where ``pads`` hold, solved for one loop."""
    loops, rows = loop_grid({loop: size for loop, size in sizes.items() if loop != solve})
    loops[solve] = np.zeros(rows, np.int64)
    low, high = np.zeros(rows, np.int64), np.full(rows, sizes[solve], np.int64)
    for bound in exists:
        values = column_values(bound.column, loops, rows, tables)
        low, high = _narrow(low, high, values, _step(bound.column.index, solve), (bound.low, bound.high))
    real_low, real_high = low, high
    for bound in pads:
        values = column_values(bound.column, loops, rows, tables)
        real_low, real_high = _narrow(
            real_low, real_high, values, _step(bound.column.index, solve), (bound.low, bound.high)
        )
    base, steps = stacked(columns, loops, rows, tables), tuple(_step(column.index, solve) for column in columns)
    some = high > low
    made_from = tuple(sizes), tuple(sizes.values()), solve, tuple(columns), tuple(exists), tuple(pads)
    return LazyTable(*made_from, base[some], steps, low[some], high[some], real_low[some], real_high[some])


def solvable_loop(sizes: Mapping[str, int], columns: Sequence[Column], avoid: frozenset[str], limit: int) -> str:
    """The loop to solve: the largest that stands in sums only, if possible none that a weight mentions."""
    tangled = {loop for column in columns if not isinstance(column.index, Affine) for loop in loops_of(column.index)}
    total = prod(sizes.values())
    free = [(loop not in avoid, size, loop) for loop, size in sizes.items() if loop not in tangled]
    fits = [choice for choice in free if total // choice[1] <= limit]
    if not fits or total >= 2**62:
        raise FormulaError(
            f"loops {', '.join(sizes)}: what is tied together must have at most {limit:,} assignments besides one "
            f"loop that stands in sums only; got {total:,}"
        )
    return max(fits)[2]


def _step(index: Index, loop: str) -> int:
    return dict(index.terms).get(loop, 0) if isinstance(index, Affine) else 0


def _narrow(
    low: Numbers, high: Numbers, start: Numbers, step: int, bounds: tuple[int, int]
) -> tuple[Numbers, Numbers]:
    """The part of each interval of l in which ``start + step * l`` lies in the bounds; empty: its ends are equal."""
    least, end = bounds
    if step == 0:
        return low, np.where((least <= start) & (start < end), high, low)
    if step < 0:
        start, step, least, end = -start, -step, 1 - end, 1 - least
    low = np.maximum(low, -((start - least) // step))
    return low, np.maximum(np.minimum(high, -((start - end) // step)), low)


def _spread(start: Numbers, step: int, low: Numbers, high: Numbers, size: int) -> Numbers:
    """How often each of ``start + step * l`` (low <= l < high) occurs, as a running sum of interval ends."""
    stride = abs(step)
    some = high > low
    first = (start + step * np.where(step > 0, low, high - 1))[some]
    marks = np.zeros((size // stride + 2) * stride, np.int64)
    np.add.at(marks, first, 1)
    np.add.at(marks, first + stride * (high - low)[some], -1)
    return np.asarray(marks.reshape(-1, stride).cumsum(axis=0).reshape(-1)[:size], np.int64)
