"""Convolutions and transposed convolutions over any number of positions."""

from __future__ import annotations

from collections.abc import Sequence

from isochrome.layers.check import choice, fault, listed, plural, positives, ranked, same_shape
from isochrome.layers.line import Line, Operation, Shape, access, affine, letters, line
from isochrome.layers.window import AUTO_PADS, Window, places, slide, transpose_pads

__all__ = ["conv", "conv_transpose"]

BORDERS = ("zeros", "reflect", "replicate", "circular")


def conv(
    *,
    x: Shape,
    w: Shape,
    b: Shape | None = None,
    kernel: Sequence[int] | None = None,
    strides: Sequence[int] | None = None,
    dilations: Sequence[int] | None = None,
    pads: Sequence[int] | None = None,
    auto_pad: str = "NOTSET",
    group: int = 1,
    border: str = "zeros",
) -> Operation:
    """A convolution of ``x[n, channel, positions]`` with ``w[filter, channel of the group, taps]``.

    ``pads`` holds the padding before every axis, then the padding after every axis; ``border`` says what is read there.

    >>> str(conv(x=(1, 4, 5), w=(6, 4, 3), pads=(1, 1), border="reflect").lines[0].formula)
    'y[n, m, p] += w[m, c, u] * x[n, c, reflect(p + u - 1)]'

    >>> made = conv(x=(1, 4, 5, 5), w=(6, 2, 3, 3), strides=(2, 2), pads=(1, 1, 1, 1), group=2)
    >>> str(made.lines[0].formula)
    'y[n, 3*g + m, p, q] += w[3*g + m, c, u, v] * x[n, 2*g + c, 2*p + u - 1, 2*q + v - 1] where g < 2, m < 3'
    >>> made.outputs
    ((1, 6, 3, 3),)
    """
    sizes = _spatial(x, w, kernel)
    _groups(group, x[1], "input channels")
    _groups(group, w[0], "filters")
    if w[1] * group != x[1]:
        raise fault("x", f"have {w[1] * group} channels, {w[1]} for each of {plural(group, 'group')}", x[1])
    window = slide(sizes, w[2:], strides, dilations, pads, auto_pad)
    inside = _folded(window, choice("border", border, BORDERS), sizes)
    y = (x[0], w[0], *places(sizes, window))
    many, each = _channels(group, w[0] // group, "m"), _channels(group, w[1], "c")
    taps = letters("taps", len(sizes))
    made = line(
        access("y", "n", many, letters("positions", len(sizes))),
        [access("w", many, "c" if group == 1 or w[1] > 1 else "0", taps), access("x", "n", each, inside)],
        {"y": y, "w": w, "x": x},
        {"w": "w", "x": "x"},
        where=_clauses(group, w[0] // group, "m"),
    )
    return Operation("conv", (made, *_bias(b, y)), (y,))


def conv_transpose(
    *,
    x: Shape,
    w: Shape,
    b: Shape | None = None,
    kernel: Sequence[int] | None = None,
    strides: Sequence[int] | None = None,
    dilations: Sequence[int] | None = None,
    pads: Sequence[int] | None = None,
    auto_pad: str = "NOTSET",
    output_padding: Sequence[int] | None = None,
    output_shape: Sequence[int] | None = None,
    group: int = 1,
) -> Operation:
    """A transposed convolution of ``x[n, channel, positions]`` with ``w[channel, filter of the group, taps]``.

    >>> made = conv_transpose(x=(1, 2, 4), w=(2, 3, 3), strides=(2,), pads=(1, 1))
    >>> str(made.lines[0].formula), made.outputs
    ('y[n, m, 2*p + u - 1] += w[c, m, u] * x[n, c, p]', ((1, 3, 7),))
    """
    sizes = _spatial(x, w, kernel)
    if w[0] != x[1]:
        raise fault("w", f"have the {x[1]} channels of x along its first axis", w[0])
    _groups(group, x[1], "input channels")
    choice("auto_pad", auto_pad, AUTO_PADS)
    window = slide(sizes, w[2:], strides, dilations, pads, "VALID" if auto_pad == "VALID" else "NOTSET")
    extra = _extra(output_padding, window)
    window, out = _transposed(sizes, window, extra, auto_pad, output_shape)
    y = (x[0], w[1] * group, *out)
    many, each = _channels(group, w[1], "m"), _channels(group, w[0] // group, "c")
    rank = len(sizes)
    made = line(
        access("y", "n", many, window.indices()),
        [
            access("w", each, "m" if group == 1 or w[1] > 1 else "0", letters("taps", rank)),
            access("x", "n", each, letters("positions", rank)),
        ],
        {"y": y, "w": w, "x": x},
        {"w": "w", "x": "x"},
        where=_clauses(group, w[0] // group, "c"),
    )
    return Operation("conv transpose", (made, *_bias(b, y)), (y,))


def _spatial(x: Shape, w: Shape, kernel: Sequence[int] | None) -> Shape:
    ranked("x", x, 3)
    ranked("w", w, len(x), len(x))
    if 0 in w:
        raise fault("w", "have no empty axis", f"shape {listed(w)}")
    if kernel is not None and tuple(kernel) != w[2:]:
        raise fault("kernel_shape", f"be {list(w[2:])}, the taps of the weight", list(kernel))
    return x[2:]


def _folded(window: Window, border: str, sizes: Shape) -> tuple[str, ...]:
    """Where each tap reads, turned back at the border along the axes that are padded."""
    padded = [begin > 0 or end > 0 for begin, end in zip(window.begins, window.ends, strict=True)]
    if border == "zeros":
        return window.indices()
    for size, pads in zip(sizes, zip(window.begins, window.ends, strict=True), strict=True):
        most = size if border == "circular" else size - 1 if border == "reflect" else max(*pads, 1)
        if max(pads) > most:
            raise fault("pads", f"be at most {most} for {size} places and the border {border}", list(pads))
    return tuple(f"{border}({at})" if pad else at for at, pad in zip(window.indices(), padded, strict=True))


def _groups(group: int, count: int, of: str) -> None:
    if group < 1:
        raise fault("group", "be positive", group)
    if count % group:
        raise fault("group", f"divide the {count} {of}", group)


def _channels(group: int, each: int, letter: str) -> str:
    if group == 1:
        return letter
    return affine((each, "g"), (1, letter)) if each > 1 else "g"


def _clauses(group: int, each: int, letter: str) -> tuple[str, ...]:
    return (f"g < {group}", f"{letter} < {each}") if group > 1 and each > 1 else ()


def _bias(b: Shape | None, y: Shape) -> tuple[Line, ...]:
    if b is None:
        return ()
    same_shape("b", b, (y[1],))
    place = access("y", "n", "m", letters("positions", len(y) - 2))
    return (line(place, ["b[m]"], {"y": y, "b": b}, {"b": "b"}),)


def _extra(output_padding: Sequence[int] | None, window: Window) -> Shape:
    extra = positives("output_padding", output_padding, len(window.kernel), default=0, least=0)
    for amount, step, gap in zip(extra, window.strides, window.dilations, strict=True):
        if amount >= max(step, gap):
            raise fault("output_padding", f"be below the stride or the dilation, {max(step, gap)}", amount)
    return extra


def _transposed(
    sizes: Shape, window: Window, extra: Shape, auto_pad: str, output_shape: Sequence[int] | None
) -> tuple[Window, Shape]:
    """The window with the padding that gives the output its size, and that size."""
    full = [
        step * (size - 1) + span + more
        for size, step, span, more in zip(sizes, window.strides, window.spans, extra, strict=True)
    ]
    if output_shape is not None:
        out = _wanted(output_shape, sizes, window)
    elif auto_pad.startswith("SAME"):
        out = tuple(min(whole, size * step) for whole, size, step in zip(full, sizes, window.strides, strict=True))
    else:
        out = tuple(whole - begin - end for whole, begin, end in zip(full, window.begins, window.ends, strict=True))
        if any(size < 1 for size in out):
            raise fault("pads", "leave at least one place along every axis of the output", out)
        return window, out
    both = [
        transpose_pads(auto_pad, *column)
        for column in zip(sizes, window.kernel, window.strides, window.dilations, extra, out, strict=True)
    ]
    begins, ends = tuple(begin for begin, _ in both), tuple(end for _, end in both)
    return Window(window.kernel, window.strides, window.dilations, begins, ends), out


def _wanted(output_shape: Sequence[int], sizes: Shape, window: Window) -> Shape:
    out = positives("output_shape", output_shape, len(sizes))
    for wanted, size, step, span in zip(out, sizes, window.strides, window.spans, strict=True):
        most = step * size + span - 1
        if wanted > most:
            fit = f"be at most {most} for {size} places, stride {step} and windows of {span}"
            raise fault("output_shape", fit, wanted)
    return out
