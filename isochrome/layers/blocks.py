"""Blocks of positions gathered into channels, and channels spread over blocks."""

from __future__ import annotations

from isochrome.layers.check import choice, fault, ranked
from isochrome.layers.line import Operation, Shape, access, affine, line

__all__ = ["depth_to_space", "space_to_depth"]


def depth_to_space(*, x: Shape, block: int, mode: str = "DCR") -> Operation:
    """Channels spread over blocks of positions; DCR has the block's digits before the channel's, CRD after.

    >>> str(depth_to_space(x=(1, 12, 2, 2), block=2).lines[0].formula)
    'y[n, c, 2*p + u, 2*q + v] += x[n, 6*u + 3*v + c, p, q] where u < 2, v < 2'
    """
    ranked("x", x, 4, 4)
    _positive(block)
    choice("mode", mode, ("DCR", "CRD"))
    if x[1] % block**2:
        raise fault("blocksize", f"have a square that divides the {x[1]} channels", block)
    each = x[1] // block**2
    column, row = (each, 1) if mode == "DCR" else (1, block**2)
    channel = affine((column * block, "u"), (column, "v"), (row, "c"))
    y = (x[0], each, x[2] * block, x[3] * block)
    spots = [affine((block, "p"), (1, "u")), affine((block, "q"), (1, "v"))]
    made = line(access("y", "n", "c", spots), [access("x", "n", channel, "p", "q")], {"y": y, "x": x}, {"x": "x"},
                where=[f"u < {block}", f"v < {block}"])  # fmt: skip
    return Operation("depth to space", (made,), (y,))


def space_to_depth(*, x: Shape, block: int, mode: str = "DCR") -> Operation:
    """Blocks of positions gathered into channels; DCR has the block's digits before the channel's, CRD after.

    >>> str(space_to_depth(x=(1, 3, 4, 4), block=2).lines[0].formula)
    'y[n, 6*u + 3*v + c, p, q] += x[n, c, 2*p + u, 2*q + v] where u < 2, v < 2'
    """
    ranked("x", x, 4, 4)
    _positive(block)
    if x[2] % block or x[3] % block:
        raise fault("blocksize", f"divide the positions {list(x[2:])}", block)
    y = (x[0], x[1] * block**2, x[2] // block, x[3] // block)
    column, row = (x[1], 1) if choice("mode", mode, ("DCR", "CRD")) == "DCR" else (1, block**2)
    channel = affine((column * block, "u"), (column, "v"), (row, "c"))
    spots = [affine((block, "p"), (1, "u")), affine((block, "q"), (1, "v"))]
    made = line(access("y", "n", channel, "p", "q"), [access("x", "n", "c", spots)], {"y": y, "x": x}, {"x": "x"},
                where=[f"u < {block}", f"v < {block}"])  # fmt: skip
    return Operation("space to depth", (made,), (y,))


def _positive(block: int) -> None:
    if block < 1:
        raise fault("blocksize", "be positive", block)
