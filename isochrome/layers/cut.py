"""Windows cut out of a tensor and laid beside one another, or added up again; and parts of a flat row by strides."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from isochrome.layers.check import axis_in, fault, listed, plural, positives, ranked, same_shape
from isochrome.layers.line import Operation, Shape, access, affine, letters, line, plain
from isochrome.layers.reshape import strides as row_strides
from isochrome.layers.window import Window, places, slide

__all__ = ["columns", "from_columns", "strided", "windows"]


def windows(*, x: Shape, axis: int, size: int, step: int) -> Operation:
    """Windows along an axis; the places in a window become a last axis.

    >>> str(windows(x=(1, 3, 8), axis=2, size=3, step=2).lines[0].formula)
    'y[n, t, o, u] += x[n, t, 2*o + u]'
    """
    along = axis_in("axis", axis, len(ranked("x", x, 1)))
    positives("step", (step,), 1)
    if not 0 <= size <= x[along]:
        raise fault("size", f"be from 0 to {x[along]}, the places along axis {along}", size)
    loops = plain(len(x))
    y = (*x[:along], (x[along] - size) // step + 1, *x[along + 1 :], size)
    at = (*loops[:along], affine((step, loops[along]), (1, "u")), *loops[along + 1 :])
    return Operation("windows", (line(access("y", loops, "u"), [access("x", at)], {"y": y, "x": x}, {"x": "x"}),), (y,))


def columns(
    *, x: Shape, kernel: Sequence[int], strides: Sequence[int], pads: Sequence[int], dilations: Sequence[int]
) -> Operation:
    """Every window of ``x[n, channel, positions]`` as a column: channel and tap are one axis, positions another.

    >>> made = columns(x=(1, 3, 5, 5), kernel=(3, 3), strides=(1, 1), pads=(0,) * 4, dilations=(1, 1))
    >>> str(made.lines[0].formula)
    'y[n, 9*c + 3*u + v, 3*p + q] += x[n, c, p + u, q + v] where c < 3, u < 3, v < 3, p < 3, q < 3'
    """
    window = slide(ranked("x", x, 3)[2:], kernel, strides, dilations, pads, "NOTSET")
    out = places(x[2:], window)
    y = (x[0], x[1] * prod(window.kernel), prod(out))
    merged, where = _merged(window, x[1], out)
    made = line(access("y", "n", merged), [access("x", "n", "c", window.indices())], {"y": y, "x": x}, {"x": "x"},
                where=where)  # fmt: skip
    return Operation("columns", (made,), (y,))


def from_columns(
    *, x: Shape, out: Sequence[int], kernel: Sequence[int], strides: Sequence[int], pads: Sequence[int],
    dilations: Sequence[int],
) -> Operation:  # fmt: skip
    """Columns laid back at the places of their windows, and added up where windows meet.

    >>> made = from_columns(x=(1, 6, 4), out=(5,), kernel=(2,), strides=(1,), pads=(0, 0), dilations=(1,))
    >>> str(made.lines[0].formula)
    'y[n, c, p + u] += x[n, 2*c + u, p] where c < 3, u < 2, p < 4'
    """
    ranked("x", x, 3, 3)
    sizes = positives("out", out, len(kernel))
    window = slide(sizes, kernel, strides, dilations, pads, "NOTSET")
    taken = places(sizes, window)
    if x[1] % prod(window.kernel):
        raise fault("x", f"have channels for each of {plural(prod(window.kernel), 'tap')}", x[1])
    channels = x[1] // prod(window.kernel)
    same_shape("x", x, (x[0], x[1], prod(taken)))
    y = (x[0], channels, *sizes)
    merged, where = _merged(window, channels, taken)
    made = line(access("y", "n", "c", window.indices()), [access("x", "n", merged)], {"y": y, "x": x}, {"x": "x"},
                where=where)  # fmt: skip
    return Operation("from columns", (made,), (y,))


def _merged(window: Window, channels: int, out: Shape) -> tuple[list[str], list[str]]:
    """The indices of a column's row and of the column, and the sizes of their loops."""
    rank = len(window.kernel)
    row = list(zip(row_strides((channels, *window.kernel)), ("c", *letters("taps", rank)), strict=True))
    column = list(zip(row_strides(out), letters("positions", rank), strict=True))
    sizes = zip([loop for _, loop in row + column], (channels, *window.kernel, *out), strict=True)
    return [affine(*row), affine(*column)], [f"{loop} < {size}" for loop, size in sizes]


def strided(*, x: Shape, shape: Sequence[int], strides: Sequence[int], offset: int = 0) -> Operation:
    """Elements of a flat row at an offset plus a multiple of each axis.

    >>> str(strided(x=(9,), shape=(3, 4), strides=(2, 1), offset=1).lines[0].formula)
    'y[n, o] += x[2*n + o + 1]'
    """
    ranked("x", x, 1, 1)
    sizes = positives("shape", shape, len(shape), least=0)
    if len(strides) != len(sizes) or any(step < 0 for step in strides) or offset < 0:
        raise fault("strides", f"hold {plural(len(sizes), 'number')}, none negative", list(strides))
    last = offset + sum(step * (size - 1) for step, size in zip(strides, sizes, strict=True))
    if 0 not in sizes and last >= x[0]:
        got = f"{listed(sizes)} with strides {listed(strides)}"
        raise fault("shape", f"stay within {plural(x[0], 'element')}", got)
    loops = plain(len(sizes))
    at = affine(*zip(strides, loops, strict=True), offset=offset)
    made = line(access("y", loops), [access("x", at)], {"y": sizes, "x": x}, {"x": "x"})
    return Operation("strided", (made,), (sizes,))
