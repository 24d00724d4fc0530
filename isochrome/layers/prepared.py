"""What some lines mean by x: the input after a normalisation, or one part of it. Computed in float64 from operands."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from isochrome.core.sizes import Shape
from isochrome.layers.line import Made, Numbers, Prepared

__all__ = ["by_itself", "by_statistics", "inverse", "part_of"]


def by_statistics(rank: int, epsilon: float) -> Prepared:
    """The input minus a stored mean over a stored deviation, a pair for every channel.

    >>> x, mean, var = np.array([[1.0, 4.0]]), np.array([0.0, 2.0]), np.array([1.0, 4.0])
    >>> by_statistics(2, 0.0).compute((x, mean, var))[0].tolist()
    [[1.0, 1.0]]
    """

    def compute(operands: Sequence[Numbers]) -> Made:
        x, mean, var = operands
        shape = (1, -1, *(1,) * (rank - 2)) if rank > 1 else (-1,)
        with np.errstate(all="ignore"):
            centre, deviation = mean.reshape(shape), np.sqrt(var.reshape(shape) + epsilon)
            return (x - centre) / deviation, (np.abs(x) + np.abs(centre)) / deviation

    return Prepared(("x", "mean", "var"), compute, 4)


def by_itself(view: Shape, axes: tuple[int, ...], epsilon: float, centred: bool = True) -> Prepared:
    """The input minus its own mean over its own deviation (or root mean square), both taken over some axes of a view.

    >>> by_itself((2, 2), (1,), 0.0).compute((np.array([[1.0, 3.0], [5.0, 5.5]]),))[0].tolist()
    [[-1.0, 1.0], [-1.0, 1.0]]
    """

    def compute(operands: Sequence[Numbers]) -> Made:
        x = operands[0].reshape(view)
        centre = x.mean(axis=axes, keepdims=True) if centred else np.zeros(1)
        with np.errstate(all="ignore"):
            deviation = np.sqrt(((x - centre) ** 2).mean(axis=axes, keepdims=True) + epsilon)
            made, size = (x - centre) / deviation, (np.abs(x) + np.abs(centre)) / deviation
        return made.reshape(operands[0].shape), size.reshape(operands[0].shape)

    count = 1
    for axis in axes:
        count *= view[axis]
    return Prepared(("x",), compute, count + 4)


def part_of(positive: bool) -> Prepared:
    """What is positive of the input, or what is negative, with 0 elsewhere."""
    keep = np.maximum if positive else np.minimum

    def compute(operands: Sequence[Numbers]) -> Made:
        made = keep(operands[0], 0.0)
        return made, np.abs(made)

    return Prepared(("x",), compute, 1)


def inverse() -> Prepared:
    """One over the input."""

    def compute(operands: Sequence[Numbers]) -> Made:
        with np.errstate(all="ignore"):
            made = np.reciprocal(operands[0])
        return made, np.abs(made)

    return Prepared(("x",), compute, 1)
