"""Operations that keep all values in their order and give them another shape."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from isochrome.layers.check import axes_in, fault, listed, ranked
from isochrome.layers.line import Operation, Shape

__all__ = ["flatten", "reshape", "squeeze", "unsqueeze"]


def reshape(*, x: Shape, shape: Sequence[int], allow_zero: bool = False) -> Operation:
    """The same values in the same order under another shape; -1 stands for what is left, 0 for the size that was.

    >>> reshape(x=(2, 3, 4), shape=(0, -1)).reshape
    ((2, 3, 4), (2, 12))
    """
    ranked("x", x, 0)
    wanted = list(shape)
    if any(size < -1 for size in wanted) or wanted.count(-1) > 1 or (allow_zero and 0 in wanted and -1 in wanted):
        raise fault("shape", "hold sizes, and -1 at most once", list(shape))
    for axis, size in enumerate(wanted):
        if size == 0 and not allow_zero:
            if axis >= len(x):
                raise fault("shape", f"have 0 only at the {len(x)} axes of x", list(shape))
            wanted[axis] = x[axis]
    if -1 in wanted:
        rest = prod(size for size in wanted if size != -1)
        if not rest or prod(x) % rest:
            raise fault("shape", f"hold {prod(x)} places", list(shape))
        wanted[wanted.index(-1)] = prod(x) // rest
    return _renamed(x, tuple(wanted))


def flatten(*, x: Shape, axis: int = 1) -> Operation:
    """All axes before one, and all from it on, each merged to one.

    >>> flatten(x=(2, 3, 4, 5), axis=2).outputs
    ((6, 20),)
    """
    rank = len(ranked("x", x, 0))
    if not -rank <= axis <= rank:
        raise fault("axis", f"be from {-rank} to {rank}", axis)
    first = axis + rank if axis < 0 else axis
    return _renamed(x, (prod(x[:first]), prod(x[first:])))


def squeeze(*, x: Shape, axes: Sequence[int] | None = None) -> Operation:
    """Axes of size 1 taken away, all of them where none is named.

    >>> squeeze(x=(1, 3, 1), axes=(-1,)).outputs
    ((1, 3),)
    """
    rank = len(ranked("x", x, 0))
    gone = axes_in("axes", [axis for axis in range(rank) if x[axis] == 1] if axes is None else axes, rank)
    if any(x[axis] != 1 for axis in gone):
        raise fault("axes", "name axes of size 1", f"{listed(gone)} of shape {listed(x)}")
    return _renamed(x, tuple(size for axis, size in enumerate(x) if axis not in gone))


def unsqueeze(*, x: Shape, axes: Sequence[int]) -> Operation:
    """Axes of size 1 put in, at the places that they have in the output.

    >>> unsqueeze(x=(3, 4), axes=(0, -1)).outputs
    ((1, 3, 4, 1),)
    """
    rank = len(ranked("x", x, 0)) + len(axes)
    new, old = axes_in("axes", axes, rank), iter(x)
    return _renamed(x, tuple(1 if axis in new else next(old) for axis in range(rank)))


def _renamed(x: Shape, y: Shape) -> Operation:
    if prod(x) != prod(y):
        raise fault("shape", f"hold {prod(x)} places", list(y))
    return Operation("reshape", (), (y,), reshape=(x, y))
