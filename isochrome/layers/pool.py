"""Pooling: windows that are reduced to one number for each channel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import prod

import numpy as np

from isochrome.layers.check import choice, fault, listed, positives, ranked
from isochrome.layers.line import (
    LONGEST_TABLE,
    Integers,
    Line,
    Numbers,
    Operation,
    Shape,
    access,
    affine,
    letters,
    line,
    table_name,
)
from isochrome.layers.mix import opaque
from isochrome.layers.window import Window, places, slide

__all__ = ["adaptive_pool", "average_pool", "global_pool", "lp_pool", "max_pool"]

WAYS = ("average", "max", "lp")


def max_pool(
    *,
    x: Shape,
    kernel: Sequence[int],
    strides: Sequence[int] | None = None,
    dilations: Sequence[int] | None = None,
    pads: Sequence[int] | None = None,
    auto_pad: str = "NOTSET",
    ceil_mode: bool = False,
    storage_order: int = 0,
    outputs: int = 1,
) -> Operation:
    """The largest number in each window; a second output says where it was.

    >>> str(max_pool(x=(1, 3, 8, 8), kernel=(3, 3), strides=(2, 2)).lines[0].formula)
    'y[n, c, p, q] max= x[n, c, 2*p + u, 2*q + v] where u < 3, v < 3'
    """
    if storage_order not in (0, 1):
        raise fault("storage_order", "be 0 or 1", storage_order)
    if outputs not in (1, 2):
        raise fault("outputs", "be 1 or 2", outputs)
    window, y = _windows(x, kernel, strides, dilations, pads, auto_pad, ceil_mode)
    largest = _pooled(x, y, window.indices(), window.kernel, reduce="max=")
    where = _pooled(x, y, window.indices(), window.kernel, name="y2", exact=False)
    return Operation("max pool", (largest, where)[:outputs], (y,) * outputs)


def average_pool(
    *,
    x: Shape,
    kernel: Sequence[int],
    strides: Sequence[int] | None = None,
    dilations: Sequence[int] | None = None,
    pads: Sequence[int] | None = None,
    auto_pad: str = "NOTSET",
    ceil_mode: bool = False,
    count_include_pad: bool = False,
    divisor: int | None = None,
) -> Operation:
    """The mean of each window: its sum over the number of places that count, or over a given ``divisor``.

    Where that number is the same everywhere it scales the line; along an axis where it varies, constants say it.

    >>> made = average_pool(x=(1, 3, 3), kernel=(2,), pads=(1, 0))
    >>> str(made.lines[0].formula), made.lines[0].constants[0][1].tolist()
    ('y[n, c, p] += kp[p] * x[n, c, p + u - 1] where u < 2', [1.0, 0.5, 0.5])
    >>> str(average_pool(x=(1, 3, 4), kernel=(2,), strides=(2,)).lines[0].formula)
    'y[n, c, p] += x[n, c, 2*p + u] where u < 2'
    """
    window, y = _windows(x, kernel, strides, dilations, pads, auto_pad, ceil_mode)
    if max(y[2:]) > LONGEST_TABLE:  # who reaches whom is known all the same
        return Operation("average pool", (_pooled(x, y, window.indices(), window.kernel, exact=False),), (y,))
    if divisor is not None:
        if not divisor:
            raise fault("divisor", "not be zero", divisor)
        made = replace(_pooled(x, y, window.indices(), window.kernel), scale=1 / divisor)
        return Operation("average pool", (made,), (y,))
    counts = []
    columns = zip(
        x[2:], y[2:], window.kernel, window.strides, window.dilations, window.begins, window.ends, strict=True
    )
    for size, out, taps, step, gap, begin, end in columns:
        low, high = (-begin, size + end) if count_include_pad else (0, size)
        first = step * np.arange(out, dtype=np.int64) - begin
        counts.append(_before(high, first, gap, taps) - _before(low, first, gap, taps))
    made = _pooled(x, y, window.indices(), window.kernel, counts=counts)
    return Operation("average pool", (made,), (y,))


def _before(limit: int, first: Integers, gap: int, taps: int) -> Integers:
    """How many of the taps at first, first + gap, ... lie before a limit."""
    found: Integers = np.clip(-((first - limit) // gap), 0, taps)
    return found


def lp_pool(
    *,
    x: Shape,
    kernel: Sequence[int],
    strides: Sequence[int] | None = None,
    dilations: Sequence[int] | None = None,
    pads: Sequence[int] | None = None,
    auto_pad: str = "NOTSET",
    ceil_mode: bool = False,
    order: int = 2,
) -> Operation:
    """The p-norm of each window.

    >>> lp_pool(x=(1, 3, 8), kernel=(2,), strides=(2,)).outputs
    ((1, 3, 4),)
    """
    if order < 1:
        raise fault("p", "be positive", order)
    window, y = _windows(x, kernel, strides, dilations, pads, auto_pad, ceil_mode)
    return Operation("lp pool", (_pooled(x, y, window.indices(), window.kernel, exact=False),), (y,))


def global_pool(*, x: Shape, how: str = "average") -> Operation:
    """All positions of each channel reduced to one number.

    >>> str(global_pool(x=(1, 3, 7, 7)).lines[0].formula)
    'y[n, c, 0, 0] += x[n, c, u, v]'
    """
    choice("how", how, WAYS)
    ranked("x", x, 2)
    count = prod(x[2:])
    if not count:
        raise fault("x", "have positions", f"shape {listed(x)}")
    y = (*x[:2], *(1,) * (len(x) - 2))
    made = line(
        access("y", "n", "c", ["0"] * (len(x) - 2)),
        [access("x", "n", "c", letters("taps", len(x) - 2))],
        {"y": y, "x": x},
        {"x": "x"},
        reduce="max=" if how == "max" else "+=",
        scale=1 / count if how == "average" else 1.0,
        exact=how != "lp",
    )
    return Operation(f"{how} pool", (made,), (y,))


def adaptive_pool(*, x: Shape, out: Sequence[int], how: str = "average") -> Operation:
    """Positions cut into so many windows of nearly equal size, each reduced to one number.

    >>> made = adaptive_pool(x=(1, 3, 6, 7), out=(3, 3))
    >>> str(made.lines[0].formula)
    'y[n, c, p, q] += x[n, c, 2*p + u, columns[q, v]] where u < 2, v < 3'
    """
    choice("how", how, WAYS[:2])
    rank = len(ranked("x", x, 3)) - 2
    sizes, counts = x[2:], positives("out", out, rank)
    if 0 in sizes:
        raise fault("x", "have positions", f"shape {listed(x)}")
    y = (*x[:2], *counts)
    if any(size // count * count + count > LONGEST_TABLE for size, count in zip(sizes, counts, strict=True)):
        return opaque(outputs=[y], reason=f"a pool over more than {LONGEST_TABLE:,} places along an axis")
    indices, widths, tables, lengths = [], [], {}, []
    for axis, (p, u) in enumerate(zip(letters("positions", rank), letters("taps", rank), strict=True)):
        begins = np.arange(counts[axis]) * sizes[axis] // counts[axis]
        ends = -(-(np.arange(counts[axis]) + 1) * sizes[axis] // counts[axis])
        widths.append(int((ends - begins).max()))
        lengths.append(ends - begins)
        if sizes[axis] % counts[axis] == 0:
            indices.append(affine((widths[axis], p), (1, u)))
            continue
        at = begins[:, None] + np.arange(widths[axis])
        name = table_name(axis + 2, len(x))
        tables[name] = np.where(at < ends[:, None], at, -1)
        indices.append(access(name, p, u))
    if how == "max":
        made = _pooled(x, y, indices, widths, reduce="max=", tables=tables)
    else:
        made = _pooled(x, y, indices, widths, counts=lengths, tables=tables)
    return Operation(f"{how} pool", (made,), (y,))


def _windows(
    x: Shape,
    kernel: Sequence[int],
    strides: Sequence[int] | None,
    dilations: Sequence[int] | None,
    pads: Sequence[int] | None,
    auto_pad: str,
    ceil_mode: bool,
) -> tuple[Window, Shape]:
    sizes = ranked("x", x, 3)[2:]
    window = slide(sizes, kernel, strides, dilations, pads, auto_pad, negative=True)
    for pad, span in zip(window.begins + window.ends, window.spans * 2, strict=True):
        if pad >= span:
            raise fault("pads", f"be smaller than the window, {span}", pad)
    return window, (*x[:2], *places(sizes, window, ceil_mode))


def _pooled(
    x: Shape,
    y: Shape,
    indices: Sequence[str],
    widths: Sequence[int],
    *,
    reduce: str = "+=",
    counts: Sequence[Integers] = (),
    tables: dict[str, Integers] | None = None,
    name: str = "y",
    exact: bool = True,
) -> Line:
    """The line of a pool; ``counts`` says for each axis over how many places the mean goes, where it is one."""
    positions = letters("positions", len(x) - 2)
    constants: dict[str, Numbers] = {}
    scale = 1.0
    for p, count in zip(positions, counts, strict=False):
        share: Numbers = np.divide(1.0, count, out=np.zeros(count.shape), where=count > 0)
        if share.size and (share == share[0]).all():
            scale *= float(share[0])
        else:
            constants[f"k{p}"] = share
    made = [access(constant, constant[1:]) for constant in constants]
    return line(
        access("y", "n", "c", positions),
        [*made, access("x", "n", "c", indices)],
        {"y": y, "x": x} | {constant: share.shape for constant, share in constants.items()},
        {"x": "x"},
        where=[f"{u} < {width}" for u, width in zip(letters("taps", len(widths)), widths, strict=True)],
        reduce=reduce,
        tables=tables,
        constants=constants,
        name=name,
        scale=scale,
        exact=exact,
    )
