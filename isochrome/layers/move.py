"""Operations that move values and compute nothing: each place of the output reads one place of the input."""

from __future__ import annotations

from collections.abc import Sequence

from isochrome.layers.check import axes_in, axis_in, broadcast, fault, listed, plural, positives, ranked
from isochrome.layers.embedding import looked_up
from isochrome.layers.line import (
    Integers,
    Operation,
    Shape,
    access,
    affine,
    letters,
    line,
    plain,
    stretched,
)
from isochrome.layers.mix import operand

__all__ = [
    "concat",
    "expand",
    "gather",
    "roll",
    "slice_axes",
    "split",
    "tile",
    "transpose",
    "triangle",
]

LARGEST = (2**31 - 1, 2**63 - 1)


def concat(*, xs: Sequence[Shape], axis: int) -> Operation:
    """Operands one after another along an axis.

    >>> [str(line.formula) for line in concat(xs=[(1, 3, 5), (1, 4, 5)], axis=1).lines]
    ['y[n, t, o] += x[n, t, o] where t < 3', 'y[n, t + 3, o] += x[n, t, o]']
    """
    if not xs:
        raise fault("operands", "be at least one", 0)
    first = xs[0]
    along = axis_in("axis", axis, len(ranked("x", first, 1)))
    for number, x in enumerate(xs):
        rest = (*x[:along], *x[along + 1 :])
        if len(ranked(operand(number), x, 1)) != len(first) or rest != (*first[:along], *first[along + 1 :]):
            raise fault(operand(number), f"have shape {listed(first)} but for axis {along}", f"shape {listed(x)}")
    y = (*first[:along], sum(x[along] for x in xs), *first[along + 1 :])
    loops, lines, begin = plain(len(first)), [], 0
    for number, x in enumerate(xs):
        moved = (*loops[:along], affine((1, loops[along]), offset=begin), *loops[along + 1 :])
        where = [f"{loops[along]} < {x[along]}"] if not begin and x[along] != y[along] else []
        lines.append(
            line(access("y", moved), [access("x", loops)], {"y": y, "x": x}, {"x": operand(number)}, where=where)
        )
        begin += x[along]
    return Operation("concat", tuple(lines), (y,))


def split(*, x: Shape, axis: int = 0, sizes: Sequence[int] | None = None, parts: int | None = None) -> Operation:
    """The input cut along an axis into pieces of given sizes, or into so many parts, the last one maybe smaller.

    >>> [str(line.formula) for line in split(x=(2, 6), axis=1, sizes=(2, 4)).lines]
    ['y[n, o] += x[n, o] where o < 2', 'y[n, o] += x[n, o + 2]']
    """
    along = axis_in("axis", axis, len(ranked("x", x, 1)))
    if sizes is None:
        count = positives("num_outputs", None if parts is None else (parts,), 1, default=0)[0]
        if not count:
            raise fault("split or num_outputs", "be given", "neither")
        each = -(-x[along] // count)
        if each * (count - 1) > x[along]:
            raise fault("num_outputs", f"cut {plural(x[along], 'place')} evenly but for the last part", count)
        sizes = [min(each, x[along] - number * each) for number in range(count)]
    if any(size < 0 for size in sizes) or sum(sizes) != x[along]:
        raise fault("split", f"hold sizes that sum to {x[along]}", list(sizes))
    loops, lines, begin = plain(len(x)), [], 0
    outputs = tuple((*x[:along], size, *x[along + 1 :]) for size in sizes)
    for number, y in enumerate(outputs):
        moved = (*loops[:along], affine((1, loops[along]), offset=begin), *loops[along + 1 :])
        where = [f"{loops[along]} < {y[along]}"] if not begin and y != x else []
        name = f"y{number + 1}" if number else "y"
        lines.append(
            line(access("y", loops), [access("x", moved)], {"y": y, "x": x}, {"x": "x"}, where=where, name=name)
        )
        begin += y[along]
    return Operation("split", tuple(lines), outputs)


def slice_axes(
    *,
    x: Shape,
    starts: Sequence[int],
    ends: Sequence[int],
    axes: Sequence[int] | None = None,
    steps: Sequence[int] | None = None,
) -> Operation:
    """Every so many places along some axes, from a first to before a last; forwards or backwards.

    An end that is the largest number of 32 or 64 bits means: all there are, in either direction.

    >>> str(slice_axes(x=(2, 7), starts=(-1,), ends=(-99,), axes=(1,), steps=(-2,)).lines[0].formula)
    'y[n, o] += x[n, -2*o + 6]'
    """
    rank = len(ranked("x", x, 0))
    named = axes_in("axes", range(len(starts)) if axes is None else axes, rank)
    gaps = (1,) * len(named) if steps is None else tuple(steps)
    for what, values in (("starts", starts), ("ends", ends), ("steps", gaps)):
        if len(values) != len(named):
            raise fault(what, f"hold {plural(len(named), 'number')}, one for each axis", list(values))
    if 0 in gaps:
        raise fault("steps", "not be zero", list(gaps))
    loops = plain(rank)
    y, indices, where = list(x), list(loops), []
    for axis, start, end, step in zip(named, starts, ends, gaps, strict=True):
        taken = _taken(start, end, step, x[axis])
        y[axis] = len(taken)
        indices[axis] = affine((step, loops[axis]), offset=taken.start)
        if indices[axis] == loops[axis] and y[axis] != x[axis]:
            where.append(f"{loops[axis]} < {y[axis]}")
    shapes = {"y": tuple(y), "x": x}
    return Operation(
        "slice", (line(access("y", loops), [access("x", indices)], shapes, {"x": "x"}, where=where),), (tuple(y),)
    )


def _taken(start: int, end: int, step: int, size: int) -> range:
    """The places that a slice takes. Unlike NumPy, a start before the front is the front, backwards too."""
    start, last = (start + size if start < 0 else start), (end + size if end < 0 else end)
    if step > 0:
        return range(min(max(start, 0), size), min(max(last, 0), size), step)
    if not size:
        return range(0)
    return range(min(max(start, 0), size - 1), -1 if end in LARGEST else min(max(last, -1), size - 1), step)


def transpose(*, x: Shape, perm: Sequence[int] | None = None) -> Operation:
    """The axes in another order, reversed where none is given.

    >>> str(transpose(x=(2, 3, 4), perm=(0, 2, 1)).lines[0].formula)
    'y[n, o, t] += x[n, t, o]'
    """
    rank = len(ranked("x", x, 0))
    order = tuple(reversed(range(rank))) if perm is None else tuple(perm)
    if sorted(order) != list(range(rank)):
        raise fault("perm", f"hold each number from 0 to {rank - 1} once", list(order))
    loops, y = plain(rank), tuple(x[axis] for axis in order)
    made = line(access("y", [loops[axis] for axis in order]), [access("x", loops)], {"y": y, "x": x}, {"x": "x"})
    return Operation("transpose", (made,), (y,))


def expand(*, x: Shape, shape: Sequence[int]) -> Operation:
    """Axes of size 1 repeated, until the input has another shape.

    >>> str(expand(x=(3, 1), shape=(2, 1, 5)).lines[0].formula)
    'y[n, t, o] += x[t, 0]'
    """
    y = broadcast("x and shape", ranked("x", x, 0), ranked("shape", tuple(shape), 0))
    loops = plain(len(y))
    made = line(access("y", loops), [access("x", stretched(x, y, loops))], {"y": y, "x": x}, {"x": "x"})
    return Operation("expand", (made,), (y,))


def tile(*, x: Shape, repeats: Sequence[int]) -> Operation:
    """The whole input repeated so many times along every axis.

    >>> str(tile(x=(2, 3), repeats=(1, 4)).lines[0].formula)
    'y[n, o] += x[n, circular(o)]'
    """
    times = positives("repeats", repeats, len(ranked("x", x, 0)), least=0)
    loops, y = plain(len(x)), tuple(size * count for size, count in zip(x, times, strict=True))
    indices = [
        loop if size == whole else "0" if size == 1 else f"circular({loop})"
        for loop, size, whole in zip(loops, x, y, strict=True)
    ]
    return Operation("tile", (line(access("y", loops), [access("x", indices)], {"y": y, "x": x}, {"x": "x"}),), (y,))


def gather(*, x: Shape, ids: Shape, table: Integers | None = None, axis: int = 0) -> Operation:
    """Places along an axis of an activation, picked by whole numbers; all of them may be read where those are data.

    >>> import numpy as np
    >>> str(gather(x=(2, 9, 4), ids=(), table=np.array(-1), axis=1).lines[0].formula)
    'y[n, e] += x[n, 8, e]'
    """
    along = axis_in("axis", axis, len(ranked("x", x, 1)))
    ranked("ids", ids, 0)
    known = None if table is None else looked_up(table, ids, x[along])
    before, tokens = letters("leading", along), letters("taps", len(ids))
    after = letters("features", len(x) - along - 1)
    row = "j" if known is None else access("ids", tokens) if tokens else str(int(known))
    y = (*x[:along], *ids, *x[along + 1 :])
    made = line(
        access("y", before, tokens, after),
        [access("x", before, row, after)],
        {"y": y, "x": x},
        {"x": "x"},
        tables={"ids": known} if known is not None and tokens else None,
        depends="the indices are data" if known is None else "",
        exact=known is not None,
    )
    return Operation("gather", (made,), (y,))


def roll(*, x: Shape, shifts: Sequence[int], axes: Sequence[int]) -> Operation:
    """Places moved along some axes; those that leave at the end come in at the front.

    >>> str(roll(x=(2, 5), shifts=(2,), axes=(1,)).lines[0].formula)
    'y[n, o] += x[n, circular(o - 2)]'
    """
    named = axes_in("axes", axes, len(ranked("x", x, 0)))
    if len(shifts) != len(named):
        raise fault("shifts", f"hold {plural(len(named), 'number')}, one for each axis", list(shifts))
    loops = plain(len(x))
    indices = list(loops)
    for axis, shift in zip(named, shifts, strict=True):
        if x[axis] and shift % x[axis]:
            indices[axis] = f"circular({affine((1, loops[axis]), offset=-shift)})"
    return Operation("roll", (line(access("y", loops), [access("x", indices)], {"y": x, "x": x}, {"x": "x"}),), (x,))


def triangle(*, x: Shape, upper: bool = True, k: int = 0) -> Operation:
    """What lies on and above the k-th diagonal of the last two axes (or on and below it), the rest being zero.

    >>> str(triangle(x=(4, 4)).lines[0].formula)
    'y[i, j] += x[i, j] where 0 <= j - i < 4'
    """
    rows, columns = ranked("x", x, 2)[-2:]
    loops = (*letters("leading", len(x) - 2), "i", "j")
    guard = f"{k} <= j - i < {max(columns, k)}" if upper else f"{min(1 - rows, k + 1)} <= j - i < {k + 1}"
    made = line(access("y", loops), [access("x", loops)], {"y": x, "x": x}, {"x": "x"}, where=[guard])
    return Operation("triangle", (made,), (x,))
