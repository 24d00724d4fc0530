"""Rows of a stored table, looked up by whole numbers."""

from __future__ import annotations

import numpy as np

from isochrome.layers.check import axis_in, fault, ranked, same_shape
from isochrome.layers.line import Integers, Operation, Shape, access, letters, line

__all__ = ["embedding", "looked_up"]


def embedding(*, w: Shape, ids: Shape, table: Integers | None = None, axis: int = 0) -> Operation:
    """For every id the part of a stored tensor that it names; without the ids themselves, the counts depend on data.

    >>> made = embedding(w=(10, 4), ids=(3,), table=np.array([7, 7, -1]))
    >>> str(made.lines[0].formula), made.lines[0].tables[0][1].tolist()
    ('y[t, e] += w[ids[t], e]', [7, 7, 9])
    """
    along = axis_in("axis", axis, len(ranked("w", w, 1)))
    ranked("ids", ids, 0)
    known = None if table is None else looked_up(table, ids, w[along])
    before = letters("taps", along)
    tokens = ("t",) if len(ids) == 1 else letters("leading", len(ids))
    after = letters("features", len(w) - along - 1)
    y = (*w[:along], *ids, *w[along + 1 :])
    row = access("ids", tokens) if tokens else str(int(known)) if known is not None else "ids[0]"
    made = line(
        access("y", before, tokens, after),
        [access("w", before, row, after)],
        {"y": y, "w": w},
        {"w": "w"},
        tables={"ids": known} if known is not None and tokens else None,
        depends="" if known is not None else "the ids are data",
    )
    return Operation("embedding", (made,), (y,))


def looked_up(table: Integers, ids: Shape, size: int) -> Integers:
    """The ids as places from 0, each of which lies along an axis of ``size``; a negative one counts from the end."""
    same_shape("ids", table.shape, ids)
    wrong = table[(table < -size) | (table >= size)]
    if wrong.size:
        raise fault("ids", f"be from {-size} to {size - 1}", int(wrong.flat[0]))
    found: Integers = np.where(table < 0, table + size, table).astype(np.int64)
    return found
