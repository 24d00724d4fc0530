"""Some elements of an array or a tensor in row-major order, without a copy of the whole, however it lies in memory."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["flat_part"]


def flat_part(array: Any, at: slice | NDArray[np.int64]) -> Any:
    """``array.reshape(-1)[at]``, of a NumPy array or a PyTorch tensor.

    >>> turned = np.arange(6).reshape(2, 3).T
    >>> flat_part(turned, slice(1, 4)), flat_part(turned, np.array([5, 0])), flat_part(np.array(7), slice(0, 1))
    (array([3, 1, 4]), array([5, 0]), array([7]))
    """
    shape = tuple(array.shape)
    if not shape:
        return array.reshape(1)[at]
    if not isinstance(at, slice):
        return array[np.unravel_index(at, shape)]
    start, stop, _ = at.indices(prod(shape))
    row = max(prod(shape[1:]), 1)
    first = start // row
    return array[first : -(-stop // row)].reshape(-1)[start - first * row : stop - first * row]
