"""Windows that slide over positions: their strides, dilations and padding, and how many places they take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from isochrome.layers.check import choice, fault, positives
from isochrome.layers.line import Shape, affine, letters

__all__ = ["AUTO_PADS", "Window", "places", "same_pads", "slide", "transpose_pads"]

AUTO_PADS = ("NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER")


@dataclass(frozen=True, slots=True)
class Window:
    """A window over one or more axes: one number an axis in every field."""

    kernel: Shape
    strides: Shape
    dilations: Shape
    begins: Shape
    ends: Shape

    @property
    def spans(self) -> Shape:
        """How many places lie from the first tap to the last, both counted."""
        return tuple((size - 1) * step + 1 for size, step in zip(self.kernel, self.dilations, strict=True))

    def indices(self) -> tuple[str, ...]:
        """Where tap u of the window at p reads, for each axis.

        >>> Window((3,), (2,), (1,), (1,), (1,)).indices()
        ('2*p + u - 1',)
        """
        rank = len(self.kernel)
        columns = zip(letters("positions", rank), letters("taps", rank), self.strides, self.dilations, self.begins,
                      strict=True)  # fmt: skip
        return tuple(affine((step, p), (gap, u), offset=-begin) for p, u, step, gap, begin in columns)


def slide(
    sizes: Shape,
    kernel: Sequence[int],
    strides: Sequence[int] | None,
    dilations: Sequence[int] | None,
    pads: Sequence[int] | None,
    auto_pad: str,
    negative: bool = False,
) -> Window:
    """The window with its padding worked out; it need not fit into the sizes yet."""
    rank = len(sizes)
    kernel = positives("kernel_shape", kernel, rank)
    steps = positives("strides", strides, rank)
    gaps = positives("dilations", dilations, rank)
    flat = positives("pads", pads, 2 * rank, default=0, least=0)
    begins, ends = flat[:rank], flat[rank:]
    if choice("auto_pad", auto_pad, AUTO_PADS) != "NOTSET":
        both = [
            same_pads(auto_pad, size, window, step, gap, negative)
            for size, window, step, gap in zip(sizes, kernel, steps, gaps, strict=True)
        ]
        begins, ends = tuple(begin for begin, _ in both), tuple(end for _, end in both)
    return Window(tuple(kernel), steps, gaps, begins, ends)


def places(sizes: Shape, window: Window, ceil_mode: bool = False) -> Shape:
    """How many places the window takes along each axis.

    With ``ceil_mode`` a last window may begin inside and end beyond the padding, and is dropped where it would begin
    beyond the input and the padding before it.
    """
    found = []
    for axis, (size, span, step, begin, end) in enumerate(
        zip(sizes, window.spans, window.strides, window.begins, window.ends, strict=True)
    ):
        room = size + begin + end - span
        if room < 0:
            raise fault(
                f"axis {axis + 2} of x", f"hold the window's {span} places", f"{size} and padding {begin}, {end}"
            )
        count = (-(-room // step) if ceil_mode else room // step) + 1
        if ceil_mode and (count - 1) * step >= size + begin:
            count -= 1
        found.append(count)
    return tuple(found)


def same_pads(mode: str, size: int, kernel: int, stride: int, dilation: int, negative: bool = False) -> tuple[int, int]:
    """The padding before and after an axis of ``size`` that a mode of ONNX's auto_pad asks for.

    Where windows leave gaps, ``negative`` padding cuts places off at both ends, as runtimes do for pooling alone.

    >>> same_pads("SAME_UPPER", 6, 3, 2, 1), same_pads("SAME_LOWER", 6, 3, 2, 1), same_pads("VALID", 6, 3, 2, 1)
    ((0, 1), (1, 0), (0, 0))
    """
    if mode not in ("SAME_UPPER", "SAME_LOWER"):
        return 0, 0
    out = -(-size // stride)
    total = (out - 1) * stride + (kernel - 1) * dilation + 1 - size
    if total < 0:
        begin = -((-total - (mode == "SAME_LOWER")) // 2)
        return (begin, total - begin) if negative else (0, 0)
    less, more = total // 2, total - total // 2
    return (less, more) if mode == "SAME_UPPER" else (more, less)


def transpose_pads(
    mode: str, size: int, kernel: int, stride: int, dilation: int, output_padding: int, out: int
) -> tuple[int, int]:
    """The padding of a transposed window whose output along an axis is to have ``out`` places.

    >>> transpose_pads("NOTSET", 3, 4, 2, 1, 0, 5), transpose_pads("SAME_UPPER", 3, 4, 2, 1, 0, 5)
    ((2, 1), (1, 2))
    """
    total = max(stride * (size - 1) + (kernel - 1) * dilation + 1 + output_padding - out, 0)
    less, more = total // 2, total - total // 2
    return (less, more) if mode == "SAME_UPPER" else (more, less)
