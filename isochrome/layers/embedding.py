"""Rows of a stored table, looked up by whole numbers."""

from __future__ import annotations

import numpy as np

from isochrome.layers.check import axis_in, choice, fault, ranked, same_shape
from isochrome.layers.line import Integers, Operation, Shape, access, letters, line

__all__ = ["bag", "embedding", "looked_up"]


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


def bag(
    *, w: Shape, ids: Shape, x: Shape | None = None, table: Integers | None = None, how: str = "mean",
    skips: bool = False,
) -> Operation:
    """The rows that the ids of each bag name, reduced to one. ``ids`` has a bag a row, ``x`` a factor for each id.

    ``skips``: one of the ids stands for nothing, so a mean goes over as many rows as the data says.

    >>> str(bag(w=(10, 4), ids=(2, 3)).lines[0].formula)
    'y[n, e] += w[ids[n, u], e] where u < 3'
    """
    choice("how", how, ("sum", "mean", "max"))
    ranked("w", w, 2, 2)
    ranked("ids", ids, 2, 2)
    known = None if table is None else looked_up(table, ids, w[0])
    factors, shapes, operands = [access("w", "ids[n, u]", "e")], {"y": (ids[0], w[1]), "w": w}, {"w": "w"}
    if x is not None:
        factors, operands = [*factors, "x[n, u]"], {"w": "w", "x": "x"}
        shapes["x"] = same_shape("x", x, ids)
    made = line(
        "y[n, e]",
        factors,
        shapes,
        operands,
        where=(f"u < {ids[1]}",),
        reduce="max=" if how == "max" else "+=",
        tables={"ids": known} if known is not None else None,
        depends="" if known is not None else "the ids are data",
        scale=1 / max(ids[1], 1) if how == "mean" else 1.0,
        exact=not skips,
    )
    return Operation("embedding bag", (made,), (shapes["y"],))


def looked_up(table: Integers, ids: Shape, size: int) -> Integers:
    """The ids as places from 0, each of which lies along an axis of ``size``; a negative one counts from the end."""
    same_shape("ids", table.shape, ids)
    wrong = table[(table < -size) | (table >= size)]
    if wrong.size:
        raise fault("ids", f"be from {-size} to {size - 1}", int(wrong.flat[0]))
    found: Integers = np.where(table < 0, table + size, table).astype(np.int64)
    return found
