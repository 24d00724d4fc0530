"""Places added around a tensor: zeros or another number, or what a fold at the border reads."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from isochrome.layers.check import axes_in, choice, fault, listed, ranked
from isochrome.layers.line import LONGEST_TABLE, Integers, Operation, Shape, access, affine, line, plain, table_name
from isochrome.layers.mix import opaque

__all__ = ["pad"]

FOLDS = {"constant": "", "reflect": "reflect", "edge": "replicate", "wrap": "circular"}


def pad(
    *,
    x: Shape,
    pads: Sequence[int],
    mode: str = "constant",
    axes: Sequence[int] | None = None,
    value: float | None = 0.0,
) -> Operation:
    """Places added before and after some axes (or taken away, where negative).

    ``pads`` holds the numbers before every axis, then those after. A constant ``value`` that is not zero, or not
    known, is in no line. Places are taken away first, and what is left is folded.

    >>> str(pad(x=(1, 3, 5), pads=(0, 0, 2, 0, 0, 2), mode="reflect").lines[0].formula)
    'y[n, t, o] += x[n, t, reflect(o - 2)]'
    """
    rank = len(ranked("x", x, 0))
    choice("mode", mode, tuple(FOLDS))
    named = axes_in("axes", range(rank) if axes is None else axes, rank)
    if len(pads) != 2 * len(named):
        raise fault("pads", f"hold {2 * len(named)} numbers", list(pads))
    loops = plain(rank)
    y, outer, inner, where, tables = list(x), list(loops), list(loops), [], {}
    for axis, begin, end in zip(named, pads, pads[len(named) :], strict=False):
        size, loop = x[axis], loops[axis]
        y[axis] = size + begin + end
        if y[axis] < 0:
            raise fault("pads", f"leave axis {axis} of {size} no negative size", [begin, end])
        if not begin and not end:
            continue
        if not FOLDS[mode] or (begin <= 0 and end <= 0):
            outer[axis] = affine((1, loop), offset=begin)
            where += [f"{loop} < {min(size, y[axis])}"] if not begin else []
        elif size + min(begin, 0) + min(end, 0) < 1:
            raise fault("x", f"have places along axis {axis} to pad with", f"shape {listed(x)}")
        elif begin >= 0 and end >= 0:
            inner[axis] = f"{FOLDS[mode]}({affine((1, loop), offset=-begin)})"
        else:
            inner[axis] = access(table_name(axis, rank), loop)
            tables[table_name(axis, rank)] = _folded(mode, begin, end, size)
    if max(map(len, tables.values()), default=0) >= LONGEST_TABLE:
        return opaque(outputs=[tuple(y)], reason=f"a pad that cuts and folds more than {LONGEST_TABLE} places")
    shapes = {"y": tuple(y), "x": x}
    exact = bool(FOLDS[mode]) or value == 0 or all(amount <= 0 for amount in pads)
    made = line(access("y", outer), [access("x", inner)], shapes, {"x": "x"}, where=where, tables=tables, exact=exact)
    return Operation("pad", (made,), (tuple(y),))


def _folded(mode: str, begin: int, end: int, size: int) -> Integers:
    """The places read by a fold of what is left when one end of an axis was cut off."""
    left = size + min(begin, 0) + min(end, 0)
    at = np.arange(min(size + begin + end, LONGEST_TABLE), dtype=np.int64) - max(begin, 0)
    if mode == "edge":
        at = np.clip(at, 0, left - 1)
    elif mode == "wrap":
        at = at % left
    else:
        at = at % max(2 * (left - 1), 1)
        at = np.minimum(at, max(2 * (left - 1), 1) - at) if left > 1 else at * 0
    return at + max(-begin, 0)
