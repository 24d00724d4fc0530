"""What stands at each entry of a part of the dense matrix: nothing, a weight, or a coloured identity. No tap is listed.

Each table says for a pair of its keys which identities all its rows agree with, as bits; the tables' bits together say
it of the entry.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from isochrome.core.component import Numbers
from isochrome.core.relation import Place, Relation
from isochrome.draw.views.dense import Dense, Key, Mask, Runs, Side
from isochrome.draw.views.ink import Bytes
from isochrome.errors import RequestError

__all__ = ["Named", "codes"]

MOST_ROWS = 1 << 24
_THERE = 1 << 30


@dataclass(frozen=True, slots=True)
class Named:
    """An identity as the relation has it: the place that some axes of an access have."""

    number: int
    axes: tuple[int, ...]
    place: Place


def codes(matrix: Dense, rows: Numbers, columns: Numbers, identities: Sequence[Named]) -> Bytes:
    """One byte for each of some rows and columns: 0 a fixed zero, 1 a weight that is not coloured, 2 + n the n-th.

    An entry that adds several weights has an identity if all of them have it.

    >>> from isochrome.core.relation import relation
    >>> from isochrome.draw.views.dense import dense
    >>> matrix = dense(relation("y[p] += w[u] * x[p + u - 1]", {"x": (3,), "w": (3,)}), (0,), (2, (0,)))
    >>> codes(matrix, np.arange(3), np.arange(3), [Named(1, (0,), (0,)), Named(1, (0,), (2,))]).tolist()
    [[1, 3, 0], [2, 1, 3], [0, 2, 1]]
    """
    down, has_row = _places(matrix.rows, matrix.row_keys, rows)
    across, has_column = _places(matrix.columns, matrix.column_keys, columns)
    wanted = [_wanted(matrix.relation, one) for one in identities]
    every = sum(1 << number for number, one in enumerate(wanted) if one is not None)
    found = np.full((len(rows), len(columns)), _THERE | every, np.int64)
    for place, part in enumerate(matrix.parts):
        ys, row = np.unique(down[place], return_inverse=True)
        xs, column = np.unique(across[place], return_inverse=True)
        slots = [None if one is None else one[place] for one in wanted]
        table = _agreed(part, matrix.row_keys[place], matrix.column_keys[place], ys, xs, slots)
        found &= table[row.reshape(-1)][:, column.reshape(-1)]
    found[~has_row] = 0
    found[:, ~has_column] = 0
    slot = np.zeros(found.shape, np.uint8)
    for number in range(len(identities)):
        slot[(found >> number & 1).astype(bool)] = number + 1
    return np.where(found == 0, 0, slot + 1).astype(np.uint8)


def _places(side: Side, keys: Sequence[Key], flat: Numbers) -> tuple[list[Numbers], Mask]:
    """Each table's key of some rows, and which rows any table has."""
    found, used = [np.zeros(len(flat), np.int64) for _ in keys], [0] * len(keys)
    has = np.ones(len(flat), np.bool_)
    for axis, index in zip(side.axes, side.indices(flat), strict=True):
        if not axis.digits:
            has &= index == axis.offset
        for digit, value in zip(axis.digits, axis.decode(index), strict=True):
            own, key = digit.component, keys[digit.component]
            size, at = key.sizes[used[own]], value - key.lows[used[own]]
            has &= (at >= 0) & (at < size)
            found[own] = found[own] * size + np.clip(at, 0, max(size - 1, 0))
            used[own] += 1
    return found, has


def _wanted(relation: Relation, one: Named) -> list[dict[int, int]] | None:
    """What the columns of each table must be for an identity; None where no tap has it."""
    found: list[dict[int, int]] = [{} for _ in relation.components]
    for axis, value in zip(one.axes, one.place, strict=True):
        parts = relation.axes[one.number][axis]
        if not parts.digits and value != parts.offset:
            return None
        for digit, want in zip(parts.digits, parts.decode(value), strict=True):
            if found[digit.component].setdefault(digit.column, want) != want:
                return None
    return found


def _agreed(
    part: Runs, row_key: Key, column_key: Key, ys: Numbers, xs: Numbers, slots: Sequence[dict[int, int] | None]
) -> Numbers:
    """For each pair of keys the bits that all rows of a table there agree with; 0 where it has no row."""
    found = np.full((len(ys), len(xs)), -1, np.int64)
    if not len(ys) or not len(xs):
        return found
    there = _inside(part, row_key, column_key, (int(ys[0]), int(ys[-1])), (int(xs[0]), int(xs[-1])))
    (y, _), (x, _) = row_key.of(there), column_key.of(there)
    down, across = np.searchsorted(ys, y), np.searchsorted(xs, x)
    kept = (ys[np.minimum(down, len(ys) - 1)] == y) & (xs[np.minimum(across, len(xs) - 1)] == x)
    bits = np.full(len(y), _THERE, np.int64)
    for number, slot in enumerate(slots):
        if slot is None:
            continue
        alike = np.ones(len(y), np.bool_)
        for column, value in slot.items():
            alike &= there.values[:, column] == value
        bits |= alike.astype(np.int64) << number
    at = (down[kept], across[kept])
    np.bitwise_and.at(found, at, bits[kept])
    return np.where(found < 0, 0, found)


def _inside(part: Runs, row_key: Key, column_key: Key, ys: tuple[int, int], xs: tuple[int, int]) -> Runs:
    """The rows of a table whose keys lie in two intervals, one by one."""
    low, high = np.zeros(len(part.count), np.int64), part.count
    for key, (least, most) in ((row_key, ys), (column_key, xs)):
        start, step = key.of(part)
        if step < 0:
            start, step, least, most = -start, -step, -most, -least
        if step == 0:
            high = np.where((least <= start) & (start <= most), high, 0)
        else:
            low = np.maximum(low, -((start - least) // step))
            high = np.minimum(high, (most - start) // step + 1)
    count = np.maximum(high - low, 0)
    if count.sum() > MOST_ROWS:
        raise RequestError(f"matrix: must have at most {MOST_ROWS:,} rows of a table in a window; has {count.sum():,}. "
                           "Draw a smaller one.")  # fmt: skip
    which = np.repeat(np.arange(len(count)), count)
    solved = np.arange(len(which)) - np.repeat(np.cumsum(count) - count, count) + low[which]
    values = part.values[which] + solved[:, None] * np.array(part.steps, np.int64)
    return Runs(values, (0,) * len(part.steps), np.ones(len(which), np.int64))
