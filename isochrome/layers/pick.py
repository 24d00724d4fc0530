"""Places picked by whole numbers along several axes at once, tensors stacked, and parts written over a tensor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from isochrome.layers.check import axis_in, broadcast, fault, listed, ranked, same_shape
from isochrome.layers.embedding import looked_up
from isochrome.layers.line import (
    LONGEST_TABLE,
    Integers,
    Operation,
    Shape,
    access,
    affine,
    letters,
    line,
    plain,
    table_name,
)
from isochrome.layers.mix import operand

__all__ = ["diagonal", "overwrite", "pick", "stack", "take_along"]

Ids = Mapping[int, Integers | None]


def stack(*, xs: Sequence[Shape], axis: int) -> Operation:
    """Operands of one shape, one after another along a new axis.

    >>> [str(line.formula) for line in stack(xs=[(1, 5), (1, 5)], axis=1).lines]
    ['y[n, 0, o] += x[n, o]', 'y[n, 1, o] += x[n, o]']
    """
    if not xs:
        raise fault("operands", "be at least one", 0)
    rank = len(ranked("x", xs[0], 0))
    along = axis_in("axis", axis, rank + 1)
    y, loops, lines = (*xs[0][:along], len(xs), *xs[0][along:]), plain(rank), []
    for number, x in enumerate(xs):
        same_shape(operand(number), x, xs[0])
        place = access("y", loops[:along], str(number), loops[along:])
        lines.append(line(place, [access("x", loops)], {"y": y, "x": x}, {"x": operand(number)}))
    return Operation("stack", tuple(lines), (y,))


def pick(*, x: Shape, ids: Ids, shapes: Mapping[int, Shape]) -> Operation:
    """Places picked along some axes together: ``ids`` by axis, None where they are data, and their ``shapes``.

    The axes that the ids make stand where the picked axes stood, or in front where other axes lie between those.

    >>> made = pick(x=(4, 5, 6), ids={0: np.array([0, 3]), 1: np.array([1, 1])}, shapes={0: (2,), 1: (2,)})
    >>> str(made.lines[0].formula)
    'y[t, e] += x[ids[t], ids2[t], e]'
    """
    axes = sorted(ids)
    if not axes:
        raise fault("ids", "be along at least one axis", 0)
    whole = broadcast("indices", *(shapes[axis] for axis in axes))
    front = axes != list(range(axes[0], axes[-1] + 1))
    tokens = ("t",) if len(whole) == 1 else letters("taps", len(whole))
    free = [axis for axis in range(len(x)) if axis not in ids]
    names = dict(zip(free, ("e", "o", "i", *letters("positions", max(len(x), 4))), strict=False))
    before = [] if front else [axis for axis in free if axis < axes[0]]
    after = [axis for axis in free if axis not in before]
    y = (*(x[axis] for axis in before), *whole, *(x[axis] for axis in after))
    tables, indices = {}, []
    for axis in range(len(x)):
        if axis not in ids:
            indices.append(names[axis])
            continue
        table, name = ids[axis], f"ids{axes.index(axis) + 1}" if axis != axes[0] else "ids"
        if table is None:
            indices.append(f"j{axis}")
        elif whole:
            tables[name] = np.broadcast_to(looked_up(table, shapes[axis], x[axis]), whole)
            indices.append(access(name, tokens))
        else:
            indices.append(str(int(looked_up(table, shapes[axis], x[axis]))))
    known = all(table is not None for table in ids.values())
    place = access("y", [names[axis] for axis in before], tokens if whole else (), [names[axis] for axis in after])
    made = line(place, [access("x", indices)], {"y": y, "x": x}, {"x": "x"}, tables=tables, exact=known,
                depends="" if known else "the indices are data")  # fmt: skip
    return Operation("pick", (made,), (y,))


def take_along(*, x: Shape, ids: Shape, axis: int, table: Integers | None = None) -> Operation:
    """For each place of ``ids`` the element at that place of x, but for one axis, where the id says which.

    >>> str(take_along(x=(2, 9), ids=(2, 3), axis=1).lines[0].formula)
    'y[n, o] += x[n, j]'
    """
    along = axis_in("axis", axis, len(ranked("x", x, 1)))
    ranked("ids", ids, len(x), len(x))
    if any(size > whole for at, (size, whole) in enumerate(zip(ids, x, strict=True)) if at != along):
        raise fault("ids", f"be no larger than {listed(x)} but for axis {along}", f"shape {listed(ids)}")
    loops, known = plain(len(x)), None if table is None else looked_up(table, ids, x[along])
    row = "j" if known is None else access("ids", loops)
    where = [f"{loop} < {size}" for at, (loop, size) in enumerate(zip(loops, ids, strict=True))
             if size != x[at] and at != along]  # fmt: skip
    made = line(access("y", loops), [access("x", loops[:along], row, loops[along + 1 :])], {"y": ids, "x": x},
                {"x": "x"}, where=where, tables={"ids": known} if known is not None else None,
                exact=known is not None, depends="" if known is not None else "the indices are data")  # fmt: skip
    return Operation("take along", (made,), (ids,))


def diagonal(*, x: Shape, axes: tuple[int, int], offset: int = 0) -> Operation:
    """The places along two axes where the second is the first plus an offset; they become a last axis.

    >>> str(diagonal(x=(2, 4, 5), axes=(1, 2), offset=1).lines[0].formula)
    'y[n, o] += x[n, o, o + 1] where o < 4'
    """
    first, second = (axis_in("axes", axis, len(ranked("x", x, 2))) for axis in axes)
    if first == second:
        raise fault("axes", "be two axes", list(axes))
    size = max(min(x[first] + min(offset, 0), x[second] - max(offset, 0)), 0)
    rest = [axis for axis in range(len(x)) if axis not in (first, second)]
    y = (*(x[axis] for axis in rest), size)
    loops = plain(len(y))
    at = dict(zip(rest, loops, strict=False))
    at |= {first: affine((1, loops[-1]), offset=-min(offset, 0)), second: affine((1, loops[-1]), offset=max(offset, 0))}
    where = [f"{loops[-1]} < {size}"]
    made = line(access("y", loops), [access("x", [at[axis] for axis in range(len(x))])], {"y": y, "x": x}, {"x": "x"},
                where=where)  # fmt: skip
    return Operation("diagonal", (made,), (y,))


def overwrite(*, x: Shape, part: Shape, starts: Sequence[int], steps: Sequence[int]) -> Operation:
    """A tensor with a part of it written over: along each axis ``part`` begins at a place and goes on by steps.

    >>> [str(line.formula) for line in overwrite(x=(4, 5), part=(4, 2), starts=(0, 1), steps=(1, 1)).lines]
    ['y[n, o + 1] += x2[n, o]', 'y[n, o] += x[n, columns[o]]']
    """
    rank = len(ranked("x", x, 0))
    ranked("part", part, rank, rank)
    loops, places, partial = plain(rank), [], []
    for axis, (loop, start, step, size) in enumerate(zip(loops, starts, steps, part, strict=True)):
        if start < 0 or step < 1 or (size and start + step * (size - 1) >= x[axis]):
            got = f"shape {listed(part)}, from {list(starts)} by {list(steps)}"
            raise fault("part", f"lie within {listed(x)}", got)
        places.append(affine((step, loop), offset=start) if size > 1 or size == x[axis] else str(start))
        partial += [axis] if size < x[axis] else []
    inner = [loop if size > 1 or size == whole else "0" for loop, size, whole in zip(loops, part, x, strict=True)]
    where = [f"{loop} < {size}" for loop, place, size, whole in zip(loops, places, part, x, strict=True)
             if place == loop and size != whole]  # fmt: skip
    lines = [line(access("y", places), [access("x2", inner)], {"y": x, "x2": part}, {"x2": "x2"}, where=where)]
    rest, tables = list(loops), {}
    axis = partial[0] if len(partial) == 1 else -1
    known = axis >= 0 and x[axis] <= LONGEST_TABLE
    if known:
        table = np.arange(x[axis], dtype=np.int64)
        table[starts[axis] : starts[axis] + steps[axis] * part[axis] : steps[axis]] = -1
        tables[table_name(axis, rank)] = table
        rest[axis] = access(table_name(axis, rank), loops[axis])
    if partial:
        lines.append(line(access("y", loops), [access("x", rest)], {"y": x, "x": x}, {"x": "x"}, tables=tables,
                          exact=known))  # fmt: skip
    return Operation("overwrite", tuple(lines), (x,))
