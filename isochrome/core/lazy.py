"""A component too large to write out: one loop is solved by division, its values are an interval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod

import numpy as np

from isochrome.core.component import Bound, Bounds, Column, EagerTable, Grid, Mask, Numbers, distinct_rows
from isochrome.core.formula import Affine, loops_of
from isochrome.core.sizes import Tables
from isochrome.errors import FormulaError

__all__ = ["Component", "LazyTable", "solvable_loop", "write_lazy"]

MOST_VALUES = 1 << 26


@dataclass(frozen=True, slots=True, eq=False)
class LazyTable:
    """The same questions as ``EagerTable``, answered without writing the rows. Tested equal to it.

    It holds a row for each assignment of the loops other than ``solve``. In that row ``solve`` runs over an interval,
    from ``every[0]`` to below ``every[1]`` (on real input: ``on_real``), and a column is its ``base``, the value where
    ``solve`` is 0, plus its step times the loop. What the table was made from stands first.
    """

    loops: tuple[str, ...]
    sizes: tuple[int, ...]
    solve: str
    columns: tuple[Column, ...]
    exists: tuple[Bound, ...]
    pads: tuple[Bound, ...]
    steps: tuple[int, ...]
    base: Numbers
    every: Numbers
    on_real: Numbers

    @property
    def total(self) -> int:
        """How many rows there are."""
        return int((self.every[1] - self.every[0]).sum())

    @property
    def real(self) -> int:
        """How many of them read no padding."""
        return int((self.on_real[1] - self.on_real[0]).sum())

    def select(self, wanted: Mapping[int, int]) -> LazyTable:
        """The rows in which the given columns have the given values."""
        return self.within({column: (value, value + 1) for column, value in wanted.items()})

    def within(self, wanted: Mapping[int, tuple[int, int]]) -> LazyTable:
        """The rows in which each of the given columns lies in an interval, from its first number to below its last."""
        if not wanted:
            return self
        every = self.every
        for column, bounds in wanted.items():
            every = _narrow(every, self.base[:, column], self.steps[column], bounds)
        return replace(self, every=every, on_real=_overlap(self.on_real, *every)).kept(every[1] > every[0])

    def kept(self, rows: Mask) -> LazyTable:
        """Some of the rows."""
        return replace(self, base=self.base[rows], every=self.every[:, rows], on_real=self.on_real[:, rows])

    def take(self, numbers: Numbers) -> Numbers:
        """Column values, one row for each of the numbers (0 <= number < total)."""
        ends = np.cumsum(self.every[1] - self.every[0])
        which = np.searchsorted(ends, numbers, side="right")
        solved = self.every[1][which] - ends[which] + numbers
        return np.asarray(self.base[which] + solved[:, None] * np.array(self.steps, np.int64), np.int64)

    def histogram(self, columns: tuple[int, ...]) -> tuple[Numbers, Numbers, Numbers]:
        """The distinct values of some columns, and how many rows, and rows on real input, have each.

        Raises FormulaError where columns that the solved loop moves must be counted together with others.
        """
        if not any(self.steps[column] for column in columns):
            distinct, place = distinct_rows(self.base[:, columns])
            counts = np.zeros((2, len(distinct)), np.int64)
            for count, (low, high) in zip(counts, (self.every, self.on_real), strict=True):
                np.add.at(count, place, high - low)
            return distinct, counts[0], counts[1]
        least, most = self.span(columns[0])
        if len(columns) > 1 or most - least > MOST_VALUES:
            loops = ", ".join(self.loops)
            raise FormulaError(f"loops {loops}: their {self.total:,} assignments are too many to count one by one")
        start, step = self.base[:, columns[0]] - least, self.steps[columns[0]]
        rows, real = (_spread(start, step, interval, most - least + 1) for interval in (self.every, self.on_real))
        used = np.flatnonzero(rows)
        return (used + least)[:, None], rows[used], real[used]

    def span(self, column: int) -> tuple[int, int]:
        """The smallest and the largest value of a column; (0, -1) where there is no row."""
        ends = self.base[:, column] + self.steps[column] * (self.every - [[0], [1]])
        return (int(ends.min()), int(ends.max())) if ends.size else (0, -1)


Component = EagerTable | LazyTable


def write_lazy(
    sizes: Mapping[str, int], solve: str, columns: Sequence[Column], exists: Bounds, pads: Bounds, tables: Tables
) -> LazyTable:
    """The component whose rows are those in which ``exists`` holds, real where ``pads`` hold, solved for one loop."""
    grid = Grid.of({loop: size for loop, size in sizes.items() if loop != solve}, tables)
    grid.loops[solve] = np.zeros(grid.rows, np.int64)

    def narrowed(interval: Numbers, bounds: Bounds) -> Numbers:
        for bound in bounds:
            step = _step(bound.column, solve)
            interval = _narrow(interval, grid.column(bound.column), step, (bound.low, bound.high))
        return interval

    every = narrowed(np.stack([grid.loops[solve], grid.loops[solve] + sizes[solve]]), exists)
    made_from = tuple(sizes), tuple(sizes.values()), solve, tuple(columns), tuple(exists), tuple(pads)
    steps = tuple(_step(column, solve) for column in columns)
    table = LazyTable(*made_from, steps, grid.columns(columns), every, narrowed(every, pads))
    return table.kept(every[1] > every[0])


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


def _step(column: Column, loop: str) -> int:
    return dict(column.index.terms).get(loop, 0) if isinstance(column.index, Affine) else 0


def _narrow(interval: Numbers, start: Numbers, step: int, bounds: tuple[int, int]) -> Numbers:
    """The part of each interval of l in which ``start + step * l`` lies in the bounds; empty: its ends are equal."""
    least, end = bounds
    if step == 0:
        return np.where((least <= start) & (start < end), interval, interval[0])
    if step < 0:
        start, step, least, end = -start, -step, 1 - end, 1 - least
    return _overlap(interval, -((start - least) // step), -((start - end) // step))


def _overlap(interval: Numbers, low: Numbers, high: Numbers) -> Numbers:
    low = np.maximum(interval[0], low)
    return np.stack([low, np.maximum(np.minimum(interval[1], high), low)])


def _spread(start: Numbers, step: int, interval: Numbers, size: int) -> Numbers:
    """How often each of ``start + step * l`` occurs, l in its interval, as a running sum of the intervals' ends."""
    stride, counts = abs(step), interval[1] - interval[0]
    first = (start + step * (interval[0] if step > 0 else interval[1] - 1))[counts > 0]
    marks = np.zeros((size // stride + 2) * stride, np.int64)
    np.add.at(marks, first, 1)
    np.add.at(marks, first + stride * counts[counts > 0], -1)
    return np.asarray(marks.reshape(-1, stride).cumsum(axis=0).reshape(-1)[:size], np.int64)
