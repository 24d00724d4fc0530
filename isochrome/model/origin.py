"""Where each element of an effective weight comes from: which stored scalar it is.

A weight rarely reaches an operation as it is stored: it was transposed, reshaped, sliced, expanded, gathered,
concatenated. ``Origin`` carries, through all of these, for each piece of the effective tensor an index into the stored
one. Indices stay sums of the effective axes as long as they can, and become small tables only where they must
(a gather, a reshape that is no view).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import prod

import numpy as np
from numpy.typing import NDArray

from isochrome.core.sizes import Shape
from isochrome.errors import ModelError
from isochrome.layers.reshape import axis_groups, strides

__all__ = ["LARGEST_TABLE", "Origin", "Piece", "Sum", "TooManyEntries", "Within", "digit", "written_out"]

Numbers = NDArray[np.int64]
LARGEST_TABLE = 50_000_000


class TooManyEntries(ModelError):
    """Where the elements of a tensor come from takes a table that is too large."""


@dataclass(frozen=True, slots=True, eq=False)
class Sum:
    """A whole number for each element: a constant, plus multiples of axes, plus tables over some axes."""

    constant: int = 0
    terms: tuple[tuple[int, int], ...] = ()
    tables: tuple[tuple[tuple[int, ...], Numbers], ...] = ()

    @property
    def axes(self) -> tuple[int, ...]:
        """The axes of the effective tensor on which the number depends, ascending."""
        found = {axis for axis, _ in self.terms} | {axis for axes, _ in self.tables for axis in axes}
        return tuple(sorted(found))

    def plus(self, other: Sum, times: int = 1) -> Sum:
        """The sum of this and a multiple of another."""
        total: dict[int, int] = dict(self.terms)
        for axis, coefficient in other.terms:
            total[axis] = total.get(axis, 0) + times * coefficient
        terms = tuple((axis, coefficient) for axis, coefficient in total.items() if coefficient)
        tables = self.tables + tuple((axes, times * table) for axes, table in other.tables)
        return Sum(self.constant + times * other.constant, terms, tables)

    def range(self, shape: Shape) -> tuple[int, int]:
        """A bound below and one above for all elements of a tensor that has some."""
        low = high = self.constant
        for axis, coefficient in self.terms:
            end = coefficient * max(shape[axis] - 1, 0)
            low, high = low + min(end, 0), high + max(end, 0)
        for _, table in self.tables:
            if table.size:
                low, high = low + int(table.min()), high + int(table.max())
        return low, high

    def substitute(self, values: Sequence[Sum], shape: Shape) -> Sum:
        """The number as a function of new axes, of a new shape, when each old axis is ``values[axis]``.

        A table is read at its edge where an index leaves it: a piece has no elements there (``Within``).
        """
        out = Sum(self.constant)
        for axis, coefficient in self.terms:
            out = out.plus(values[axis], coefficient)
        for axes, table in self.tables:
            over = tuple(sorted({new for axis in axes for new in values[axis].axes}))
            at = [values[axis].over(over, shape) for axis in axes]
            inside = tuple(np.clip(place, 0, size - 1) for place, size in zip(at, table.shape, strict=True))
            out = out.plus(Sum(0, (), ((over, table[inside]),)))
        return out

    def over(self, axes: tuple[int, ...], shape: Shape) -> Numbers:
        """The number written out over some axes, which include all that it depends on."""
        sizes = tuple(shape[axis] for axis in axes)
        if prod(sizes) > LARGEST_TABLE:
            most = f"{LARGEST_TABLE:,} entries"
            raise TooManyEntries(f"a weight's origin must fit a table of {most}; got {prod(sizes):,}")
        out = np.full(sizes, self.constant, np.int64)
        place = {axis: at for at, axis in enumerate(axes)}
        for axis, coefficient in self.terms:
            out += (coefficient * np.arange(shape[axis])).reshape(_along((place[axis],), len(axes), (shape[axis],)))
        for table_axes, table in self.tables:
            at = tuple(place[axis] for axis in table_axes)
            order = tuple(sorted(range(len(at)), key=at.__getitem__))
            out += table.transpose(order).reshape(_along(tuple(sorted(at)), len(axes), table.transpose(order).shape))
        return out


def _along(places: tuple[int, ...], rank: int, sizes: Shape) -> Shape:
    full = [1] * rank
    for place, size in zip(places, sizes, strict=True):
        full[place] = size
    return tuple(full)


@dataclass(frozen=True, slots=True, eq=False)
class Within:
    """``low <= value < high``: outside it the piece has no elements."""

    value: Sum
    low: int
    high: int


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """The elements that come from one stored tensor: its key, its shape, and one number for each of its axes."""

    source: str
    shape: Shape
    indices: tuple[Sum, ...]
    within: tuple[Within, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Origin:
    """An effective tensor: its shape, and the pieces that it is put together from.

    >>> stored = Origin.of("w", (2, 3))
    >>> stored.transpose((1, 0)).pieces[0].indices[0].terms
    ((1, 1),)
    """

    shape: Shape
    pieces: tuple[Piece, ...] = field(default=())

    @classmethod
    def of(cls, source: str, shape: Shape) -> Origin:
        """A stored tensor as it is."""
        return cls(shape, (Piece(source, shape, tuple(Sum(0, ((axis, 1),)) for axis in range(len(shape)))),))

    @property
    def is_plain(self) -> bool:
        """Whether it is one stored tensor as it is."""
        if len(self.pieces) != 1 or self.pieces[0].within or self.pieces[0].shape != self.shape:
            return False
        indices = enumerate(self.pieces[0].indices)
        return all(i.terms == ((axis, 1),) and not (i.tables or i.constant) for axis, i in indices)

    @property
    def one_to_one(self) -> bool:
        """Whether every element is known to be a stored scalar of its own."""
        if len(self.pieces) != 1 or self.pieces[0].within or any(index.tables for index in self.pieces[0].indices):
            return False
        alone = {i.terms[0][0] for i in self.pieces[0].indices if len(i.terms) == 1}
        return all(size == 1 or axis in alone for axis, size in enumerate(self.shape))

    def within(self, bounds: Sequence[Within]) -> Origin:
        """The same tensor, nothing of which lies outside some bounds on its axes."""
        kept = tuple(Piece(p.source, p.shape, p.indices, (*p.within, *bounds)) for p in self.pieces)
        return Origin(self.shape, kept)

    def map_axes(self, shape: Shape, values: Sequence[Sum]) -> Origin:
        """The tensor of a new shape whose element at ``e`` is this one's at ``values(e)``."""
        pieces = []
        for piece in self.pieces:
            indices = tuple(index.substitute(values, shape) for index in piece.indices)
            within = tuple(Within(w.value.substitute(values, shape), w.low, w.high) for w in piece.within)
            pieces.append(Piece(piece.source, piece.shape, indices, within))
        return Origin(shape, tuple(pieces))

    def transpose(self, order: Sequence[int]) -> Origin:
        """Axes in another order."""
        values = [Sum()] * len(order)
        for new, old in enumerate(order):
            values[old] = Sum(0, ((new, 1),))
        return self.map_axes(tuple(self.shape[old] for old in order), values)

    def expand(self, shape: Shape) -> Origin:
        """Broadcast to a shape: axes of size 1 are read at 0."""
        lead = len(shape) - len(self.shape)
        values = [Sum() if size == 1 else Sum(0, ((lead + axis, 1),)) for axis, size in enumerate(self.shape)]
        return self.map_axes(shape, values)

    def reshape(self, shape: Shape) -> Origin:
        """The same elements in the same order under another shape: splits and merges axes, group by group."""
        values: list[Sum] = [Sum()] * len(self.shape)
        for old, new in axis_groups(self.shape, shape):
            flat = Sum()
            steps = strides(tuple(shape[axis] for axis in new))
            for axis, step in zip(new, steps, strict=True):
                if shape[axis] > 1:
                    flat = flat.plus(Sum(0, ((axis, step),)))
            below = strides(tuple(self.shape[axis] for axis in old))
            for axis, step in zip(old, below, strict=True):
                values[axis] = digit(flat, step, self.shape[axis], shape)
        return self.map_axes(shape, values)


def digit(flat: Sum, step: int, size: int, shape: Shape) -> Sum:
    """One digit of a number, ``flat // step % size``, as a sum where the axes divide evenly, else as a table.

    >>> digit(Sum(0, ((0, 6), (1, 1))), 3, 4, (2, 3)).terms
    ((0, 2),)
    """
    if size == 1:
        return Sum()
    inside = [(axis, c) for axis, c in flat.terms if step <= c < step * size and c % step == 0]
    above = [(axis, c) for axis, c in flat.terms if c >= step * size and c % (step * size) == 0]
    below = [(axis, c) for axis, c in flat.terms if c < step]
    room = sum(c * (shape[axis] - 1) for axis, c in below)
    span = sum(c // step * (shape[axis] - 1) for axis, c in inside)
    first, rest = flat.constant // step % size, flat.constant % step
    whole = len(inside) + len(above) + len(below) == len(flat.terms) and not flat.tables and flat.constant >= 0
    if whole and room + rest < step and span + first < size:
        return Sum(first, tuple((axis, c // step) for axis, c in inside))
    over = flat.axes
    table = flat.over(over, shape) // step % size
    return written_out(over, table)


def written_out(axes: tuple[int, ...], table: Numbers) -> Sum:
    """A table over some axes as a number: without those that it does not depend on, and as a sum where it is one.

    >>> written_out((0, 1), np.array([[4, 6], [4, 6]])).terms
    ((1, 2),)
    """
    if not table.size:
        return Sum(0, (), ((axes, table),))
    for at in reversed(range(len(axes))):
        if (table == table.take([0], axis=at)).all():
            table = np.asarray(table.take(0, axis=at), np.int64)
            axes = (*axes[:at], *axes[at + 1 :])
    if not axes:
        return Sum(int(table))
    if len(axes) == 1:
        steps = np.diff(table)
        if (steps == steps[0]).all():
            return Sum(int(table[0]), ((axes[0], int(steps[0])),))
    return Sum(0, (), ((axes, table),))
