"""How many connections lie under each pixel of a dense matrix that nobody writes out: exact, by the tables.

The number of connections above and left of a corner is a sum of products, one factor for each table; four corners give
a pixel. A table answers for all corners at once by a running sum over its own rows, so no connection is listed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from isochrome.core.component import Numbers
from isochrome.core.sizes import Shape
from isochrome.draw.views.dense import Dense, Key, Runs, Term, terms
from isochrome.errors import RequestError

__all__ = ["connections_under", "density", "evenly", "ink", "pixel_of", "whole_blocks"]

Bytes = NDArray[np.uint8]
MOST_CORNERS = 1 << 26
MOST_CONNECTIONS = 1 << 53


def evenly(low: float, step: float, pixels: int, total: int) -> Numbers:
    """Where each of some pixels begins, and the last one ends: a pixel is ``step`` rows, the first begins at ``low``.

    >>> evenly(1, 1.5, 4, 6).tolist()
    [1, 2, 4, 5, 6]
    """
    found = np.floor(low + np.arange(pixels + 1, dtype=np.float64) * step)
    return np.clip(found, 0, total).astype(np.int64)


def whole_blocks(shape: Shape, most: int) -> Numbers:
    """Where at most ``most`` pixels begin and the last one ends, so that no block of the leading axes is cut unevenly.

    A block has one or more pixels, or a pixel so many whole blocks. All cover as much, but for the last of a block:
    uneven ones would show patterns that do not exist.

    >>> whole_blocks((3, 4, 5), 7).tolist(), whole_blocks((3, 4, 5), 2).tolist()
    ([0, 10, 20, 30, 40, 50, 60], [0, 40, 60])
    """
    found, left = np.zeros(1, np.int64), most
    for axis, size in enumerate(shape):
        step = max(1, -(-size // left))
        inside = int(np.prod(shape[axis + 1 :], dtype=np.int64))
        starts = np.arange(-(-size // step) or 1, dtype=np.int64) * step * inside
        found = (found[:, None] + starts).reshape(-1)
        left = left // len(starts) if step == 1 else 1
    return np.append(found, int(np.prod(shape, dtype=np.int64)))


def pixel_of(cuts: Numbers, flat: int) -> int:
    """The pixel that a row lies in."""
    return int(np.searchsorted(cuts, flat, side="right")) - 1


def connections_under(matrix: Dense, rows: Numbers, columns: Numbers) -> Numbers:
    """How many connections lie in each pixel: rows from one cut to below the next, and columns so too.

    Raises RequestError where a table needs too many corners, or the counts are not exact in a page.

    >>> from isochrome.core.relation import relation
    >>> from isochrome.draw.views.dense import dense
    >>> matrix = dense(relation("y[p] += w[u] * x[p + u - 1]", {"x": (4,), "w": (3,)}), (0,), (2, (0,)))
    >>> connections_under(matrix, np.array([0, 1, 2, 3, 4]), np.array([0, 2, 4])).tolist()
    [[2, 0], [2, 1], [1, 2], [0, 2]]
    """
    if matrix.relation.real_connections >= MOST_CONNECTIONS:
        raise RequestError(f"matrix: must have fewer than 2^53 connections; has {matrix.relation.real_connections:,}")
    return np.asarray(np.diff(np.diff(_before(matrix, rows, columns), axis=0), axis=1))


def ink(counts: Numbers, rows: Numbers, columns: Numbers, full: float = 1.0) -> Bytes:
    """Ink for each pixel, from 0 to 255 at ``full``: connections ÷ the larger of the rows and columns that it covers.

    A pixel with a connection has some.

    >>> ink(np.array([[4, 0, 1]]), np.array([0, 1]), np.array([0, 4, 8, 1000])).tolist()
    [[255, 0, 1]]
    """
    quotient = density(counts, rows, columns)
    values = np.floor(255 * np.minimum(quotient / full, 1) + 0.5)
    return np.where((counts > 0) & (values == 0), 1, values).astype(np.uint8)


def density(counts: Numbers, rows: Numbers, columns: Numbers) -> NDArray[np.float64]:
    """Connections under each pixel ÷ the larger of the rows and columns that it covers."""
    covers = np.maximum(np.maximum.outer(np.diff(rows), np.diff(columns)), 1)
    return np.asarray(counts / covers)


# --- corners ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class _Factor:
    """What one table contributes to a term of the rows and one of the columns: a count for each pair of bounds.

    ``row`` and ``column`` say which bounds each cut has.
    """

    counts: Numbers
    row: Numbers
    column: Numbers

    @property
    def even(self) -> bool:
        """Whether the columns' bounds make no difference."""
        return bool((self.counts == self.counts[:, :1]).all())


def _before(matrix: Dense, rows: Numbers, columns: Numbers) -> Numbers:
    """How many connections have a row before each cut of the rows and a column before each cut of the columns."""
    down = terms(matrix.rows, matrix.row_keys, rows)
    across = terms(matrix.columns, matrix.column_keys, columns)
    tables = [_Table.of(matrix, place, down, across) for place in range(len(matrix.parts))]
    order = sorted(range(len(tables)), key=lambda place: [term.kind[place] for term in down], reverse=True)
    total = np.zeros((len(rows), len(columns)), np.int64)
    for column in across:
        total += _of_column(tables, order, down, column) * column.holds
    return total


def _of_column(tables: Sequence[_Table], order: Sequence[int], down: Sequence[Term], column: Term) -> Numbers:
    """The sum over the rows' terms. Those that differ in their first factor alone are added before they are spread."""
    summed: dict[tuple[object, ...], tuple[Numbers, list[_Factor]]] = {}
    for row in down:
        scale = row.holds.astype(np.int64)[:, None]
        several: list[tuple[tuple[int, tuple[int, bool]], _Factor]] = []
        for place in order:
            factor = tables[place].factor(row, column)
            if factor.even:
                scale = scale * factor.counts[factor.row, :1]
            else:
                several.append(((place, row.kind[place]), factor))
        names, factors = [name for name, _ in several], [factor for _, factor in several]
        key = (names[0][0] if names else None, *names[1:])
        value = scale * factors[0].counts[factors[0].row] if factors else scale
        summed[key] = (summed[key][0] + value if key in summed else value, factors)
    total: Numbers = np.zeros((1, 1), np.int64)
    for value, factors in summed.values():
        spread = value[:, factors[0].column] if factors else value
        for factor in factors[1:]:
            spread = spread * factor.counts[factor.row][:, factor.column]
        total = total + spread
    return total


class _Table:
    """One table's running sums at all bounds that the cuts ask for."""

    def __init__(self, place: int, down: Numbers, across: Numbers, sums: Numbers) -> None:
        self.place, self.down, self.across, self.sums = place, down, across, sums
        self.known: dict[object, _Factor] = {}

    @classmethod
    def of(cls, matrix: Dense, place: int, down: Sequence[Term], across: Sequence[Term]) -> _Table:
        """The running sums of a table of the matrix."""
        rows, columns = _bounds(down, place), _bounds(across, place)
        if len(rows) * len(columns) > MOST_CORNERS:
            raise RequestError(f"matrix: must need at most {MOST_CORNERS:,} corners of a table; needs "
                               f"{len(rows) * len(columns):,}. Draw fewer pixels.")  # fmt: skip
        part = matrix.parts[place]
        counted = _binned(part, matrix.row_keys[place], matrix.column_keys[place], rows, columns)
        return cls(place, rows, columns, counted.cumsum(axis=0).cumsum(axis=1))

    def factor(self, row: Term, column: Term) -> _Factor:
        """The counts between the bounds of a term of the rows and one of the columns."""
        names = row.kind[self.place], column.kind[self.place]
        if names not in self.known:
            above, below, down = _pairs(row, self.place, self.down)
            left, right, across = _pairs(column, self.place, self.across)
            lines = self.sums[below] - self.sums[above]
            self.known[names] = _Factor(lines[:, right] - lines[:, left], down, across)
        return self.known[names]


def _bounds(found: Sequence[Term], place: int) -> Numbers:
    return np.unique(np.concatenate([bound for term in found for bound in (term.low[place], term.high[place])]
                                    or [np.array([0, 1], np.int64)]))  # fmt: skip


def _pairs(term: Term, place: int, bounds: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    """The different intervals of a term, as numbers of bounds, and which of them each cut has."""
    both = np.stack([np.searchsorted(bounds, term.low[place]), np.searchsorted(bounds, term.high[place])])
    pairs, which = np.unique(both, axis=1, return_inverse=True)
    return pairs[0], pairs[1], which.reshape(-1)


def _binned(part: Runs, row_key: Key, column_key: Key, rows: Numbers, columns: Numbers) -> Numbers:
    """How many rows of a table lie between neighbouring bounds of both keys; a run goes from bin to bin at once."""
    found = np.zeros((len(rows), len(columns)), np.int64)
    (y, y_step), (x, x_step) = row_key.of(part), column_key.of(part)
    left = part.count
    while len(left):
        down, across = np.searchsorted(rows, y, side="right"), np.searchsorted(columns, x, side="right")
        taken = np.minimum(left, np.minimum(_until(rows, down, y, y_step), _until(columns, across, x, x_step)))
        inside = (down < len(rows)) & (across < len(columns))
        np.add.at(found, (down[inside], across[inside]), taken[inside])
        more = left > taken
        y, x, left = (y + taken * y_step)[more], (x + taken * x_step)[more], (left - taken)[more]
    return found


def _until(bounds: Numbers, place: Numbers, key: Numbers, step: int) -> Numbers:
    """How many steps a key stays between its bounds."""
    if step == 0:
        return np.full(len(key), np.iinfo(np.int64).max)
    far = np.iinfo(np.int64).max // 2
    if step > 0:
        end = np.where(place < len(bounds), bounds[np.minimum(place, len(bounds) - 1)], far)
        return np.asarray(-((key - end) // step))
    begin = np.where(place > 0, bounds[np.maximum(place - 1, 0)], -far)
    return np.asarray((key - begin) // -step + 1)
