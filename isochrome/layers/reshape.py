"""Reshape as a line: the places keep their order, so both sides are digits of one flat number."""

from __future__ import annotations

from math import prod

import numpy as np

from isochrome.core.sizes import Shape
from isochrome.errors import ModelError
from isochrome.layers.line import LONGEST_TABLE, Integers, Line, line

__all__ = ["axis_groups", "reshape_line", "strides"]


def strides(shape: Shape) -> tuple[int, ...]:
    """How far apart neighbours along each axis lie, in elements.

    >>> strides((2, 3, 4))
    (12, 4, 1)
    """
    return tuple(prod(shape[axis + 1 :]) for axis in range(len(shape)))


def axis_groups(old: Shape, new: Shape) -> tuple[tuple[tuple[int, ...], tuple[int, ...]], ...]:
    """Axes of both shapes in the shortest runs of equal product: places mix within a run, never between runs.

    Axes of size 1 join any run. Raises ModelError when the numbers of elements differ.

    >>> axis_groups((2, 12, 5), (2, 3, 4, 5))
    (((0,), (0,)), ((1,), (1, 2)), ((2,), (3,)))
    """
    if prod(old) != prod(new):
        raise ModelError(f"reshape: must keep the number of elements; got {list(old)} to {list(new)}")
    if 0 in old:
        return ((tuple(range(len(old))), tuple(range(len(new)))),)
    groups: list[tuple[tuple[int, ...], tuple[int, ...]]] = []
    left: list[int] = []
    right: list[int] = []
    i = j = 0
    a = b = 1
    while i < len(old) or j < len(new):
        if i < len(old) and (a <= b or j == len(new)):
            a *= old[i]
            left.append(i)
            i += 1
        else:
            b *= new[j]
            right.append(j)
            j += 1
        if a == b and left and right:
            groups.append((tuple(left), tuple(right)))
            left, right, a, b = [], [], 1, 1
    if left or right:
        groups.append((tuple(left), tuple(right)))
    return tuple(groups)


def reshape_line(old: Shape, new: Shape) -> Line:
    """The line of a reshape: a loop for each common digit, or a table where the shapes do not nest.

    >>> str(reshape_line((4, 6), (8, 3)).formula)
    'y[2*a0 + a1, a2] += x[a0, 3*a1 + a2] where a0 < 4, a1 < 2, a2 < 3'
    """
    before: list[str] = ["0"] * len(old)
    after: list[str] = ["0"] * len(new)
    where: list[str] = []
    tables: dict[str, Integers] = {}
    for left, right in axis_groups(old, new):
        sizes, outer = tuple(old[axis] for axis in left), tuple(new[axis] for axis in right)
        cuts = sorted({*strides(sizes), *strides(outer), prod(sizes)}, reverse=True)
        if all(low and high % low == 0 for high, low in zip(cuts, cuts[1:], strict=False)):
            digits = []
            for high, low in zip(cuts, cuts[1:], strict=False):
                digits.append((f"a{len(where)}", low, high))
                where.append(f"a{len(where)} < {high // low}")
            for names, axes, shape in ((before, left, sizes), (after, right, outer)):
                for axis, step, size in zip(axes, strides(shape), shape, strict=True):
                    mine = [(loop, low // step) for loop, low, high in digits if step <= low and high <= step * size]
                    names[axis] = " + ".join(f"{c}*{loop}" if c > 1 else loop for loop, c in mine) or "0"
            continue
        if prod(sizes) > LONGEST_TABLE:
            must = f"axes that do not nest must hold at most {LONGEST_TABLE} places"
            raise ModelError(f"reshape: {must}; got {list(sizes)}")
        loop, flat = f"a{len(where)}", np.arange(prod(sizes), dtype=np.int64)
        where.append(f"{loop} < {prod(sizes)}")
        for names, axes, shape in ((before, left, sizes), (after, right, outer)):
            for axis, place in zip(axes, np.unravel_index(flat, shape), strict=True):
                name = f"f{len(tables)}"
                tables[name] = np.asarray(place, np.int64)
                names[axis] = f"{name}[{loop}]"
    factors = [f"x[{', '.join(before)}]"]
    return line(f"y[{', '.join(after)}]", factors, {"y": new, "x": old}, {"x": "x"}, where=where, tables=tables)
