"""How many connections lie under each pixel of a dense matrix that nobody writes out: exact, by the tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from string import ascii_letters

import numpy as np
from numpy.typing import NDArray

from isochrome.core.component import EagerTable
from isochrome.core.digits import Axis
from isochrome.core.relation import Place, Taps
from isochrome.core.sizes import Shape

__all__ = ["Steps", "connections_under", "ink", "steps"]

Counts = NDArray[np.int64]
_MOST_CELLS = 4_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Steps:
    """The places of a tensor in their flat order, cut into pixels of whole axes: each a product of intervals.

    For each axis ``pixel`` holds the pixel of every index along it, all 0 where the axis is not cut; ``covers`` how
    many places each pixel holds, flat.
    """

    pixel: tuple[Counts, ...]
    covers: Counts

    @property
    def count(self) -> int:
        """How many pixels there are."""
        return len(self.covers)

    def at(self, place: Place) -> int:
        """The pixel of a place."""
        found = 0
        for axis, index in zip(self.pixel, place, strict=True):
            found = found * (int(axis.max(initial=0)) + 1) + int(axis[index])
        return found


def steps(shape: Shape, most: int, only: Sequence[int] = ()) -> Steps:
    """At most ``most`` pixels: leading axes index by index, the next one in intervals, the rest whole.

    ``only`` names the axes that are looked at, where the others have one place each.

    >>> steps((3, 4, 5), 7).covers.tolist(), steps((3, 4, 5), 3).covers.tolist()
    ([10, 10, 10, 10, 10, 10], [20, 20, 20])
    """
    looked_at = tuple(only) or tuple(range(len(shape)))
    left = most
    pixel, covers = [], np.ones(1, np.int64)
    for axis, size in enumerate(shape):
        if axis not in looked_at:
            pixel.append(np.zeros(size, np.int64))
            continue
        parts = min(size, left) or 1
        found = np.arange(size, dtype=np.int64) * parts // max(size, 1)
        pixel.append(found)
        covers = np.multiply.outer(covers, np.bincount(found, minlength=parts)).reshape(-1)
        left = left // parts if parts == size else 1
    return Steps(tuple(pixel), covers)


def connections_under(taps: Taps, sides: Sequence[tuple[int, Sequence[int], Steps]]) -> Counts | None:
    """How many taps on real input lie under each pixel: rows from the first side, columns from the second.

    A side is an access, its axes without the batch, and the pixels of these. Each table gives a small array over the
    pixels that it decides, and their product is summed over all else: no tap is listed. None where a table is too
    large to be read.
    """
    if not all(isinstance(part, EagerTable) for part in taps.selections):
        return None
    frame = _Frame(taps)
    out = [
        frame.axis(taps.relation.axes[number][axis], pixel)
        for number, axes, side in sides
        for axis, pixel in zip(axes, side.pixel, strict=True)
    ]
    found = frame.total(out)
    return None if found is None else found.reshape([side.count for _, _, side in sides])


class _Frame:
    """The arrays of a product of tables, collected: which letters stand for which pixels and digits."""

    def __init__(self, taps: Taps) -> None:
        self.parts = [part for part in taps.selections if isinstance(part, EagerTable)]
        self.rows = [part.values[part.is_real] for part in self.parts]
        self.letters = iter(ascii_letters)
        self.columns: list[list[tuple[str, Counts, int]]] = [[] for _ in self.parts]
        self.digits: dict[tuple[int, int], tuple[str, Counts]] = {}
        self.joints: list[tuple[str, list[tuple[int, int]], Axis, Counts]] = []

    def axis(self, axis: Axis, pixel: Counts) -> str:
        """Counts along one axis of an access; its letter, '' where it is not cut."""
        count = int(pixel.max(initial=0)) + 1
        if count == 1 or not axis.digits:
            return ""
        letter = next(self.letters)
        if len(axis.digits) == 1:
            digit = axis.digits[0]
            values = self.rows[digit.component][:, digit.column] + axis.offset
            self.columns[digit.component].append((letter, pixel[values], count))
            return letter
        places = [(digit.component, digit.column) for digit in axis.digits]
        for place in places:
            if place not in self.digits:
                name = next(self.letters)
                distinct, at = np.unique(self.rows[place[0]][:, place[1]], return_inverse=True)
                self.digits[place] = (name, distinct)
                self.columns[place[0]].append((name, at.reshape(-1), len(distinct)))
        self.joints.append((letter, places, axis, pixel))
        return letter

    def total(self, out: Sequence[str]) -> Counts | None:
        """The sum of the product over everything but ``out``."""
        operands: list[Counts] = []
        names: list[str] = []
        factor = 1
        for rows, columns in zip(self.rows, self.columns, strict=True):
            sizes = [size for _, _, size in columns]
            if prod(sizes) > _MOST_CELLS:
                return None
            if not columns:
                factor *= len(rows)
                continue
            flat = np.ravel_multi_index([values for _, values, _ in columns], sizes)
            operands.append(np.bincount(flat, minlength=prod(sizes)).reshape(sizes))
            names.append("".join(name for name, _, _ in columns))
        for letter, places, axis, pixel in self.joints:
            values = [self.digits[place] for place in places]
            count = int(pixel.max()) + 1
            if prod(len(distinct) for _, distinct in values) * count > _MOST_CELLS:
                return None
            operands.append(_indicator([distinct for _, distinct in values], axis, pixel, count))
            names.append("".join(name for name, _ in values) + letter)
        wanted = "".join(out)
        if not operands:
            return np.full(1, factor, np.int64)
        summed = np.einsum(f"{','.join(names)}->{wanted}", *operands, optimize="greedy")
        return np.asarray(summed, np.int64) * factor


def _indicator(digits: Sequence[Counts], axis: Axis, pixel: Counts, count: int) -> Counts:
    """1 where digits make up an index under a pixel."""
    values = np.full((1,) * len(digits), axis.offset, np.int64)
    for number, distinct in enumerate(digits):
        shape = [1] * len(digits)
        shape[number] = len(distinct)
        values = values + distinct.reshape(shape)
    inside = (values >= 0) & (values < axis.size)
    under = pixel[np.where(inside, values, 0)]
    return np.asarray((under[..., None] == np.arange(count)) & inside[..., None], np.int64)


def ink(counts: Counts, rows: Steps, columns: Steps) -> tuple[bytes, float]:
    """Ink for each pixel, and what full ink is: connections ÷ the larger of the rows and columns that it covers.

    Full ink is 1, or the largest quotient where that is more.

    >>> ink(np.array([[4, 0]]), steps((2,), 1), steps((4,), 2))
    (b'\\xff\\x00', 2.0)
    """
    quotient = counts / np.maximum(np.maximum.outer(rows.covers, columns.covers), 1)
    full = max(1.0, float(quotient.max(initial=0)))
    values = np.rint(255 * quotient / full).astype(np.uint8)
    return np.where((counts > 0) & (values == 0), 1, values).astype(np.uint8).tobytes(), full
