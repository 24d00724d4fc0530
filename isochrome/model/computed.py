"""Stored elements through an operation that works element by element: each result is its operands, taken together.

``w + w.T`` of an n x n matrix has n(n+1)/2 different elements: (i, j) and (j, i) add the same two stored scalars.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np
from numpy.typing import NDArray

from isochrome.core.sizes import Shape
from isochrome.model.origin import Origin, Piece, Sum

__all__ = ["MOST_COMPARED", "together"]

MOST_COMPARED = 1 << 23
Numbers = NDArray[np.int64]


def together(name: str, shape: Shape, operands: Sequence[Origin], commutes: bool) -> Origin:
    """The elements of a tensor that is computed from some, element by element; equal operands make one element.

    ``name`` is the key of the fresh elements. Operands are stretched to the shape. Where the order of the operands
    does not matter (``commutes``) they are sorted. Tensors of more than ``MOST_COMPARED`` elements are not compared.

    >>> w = Origin.of("w", (3, 3))
    >>> together("sum", (3, 3), [w, w.transpose((1, 0))], True).pieces[0].shape
    (6,)
    """
    whole = [operand.expand(shape) for operand in operands]
    sources = [{piece.source for piece in origin.pieces} for origin in whole]
    apart = sum(map(len, sources)) == len(set().union(*sources))
    one_to_one = any(origin.one_to_one for origin in whole)
    if one_to_one and (apart or not commutes) or not 1 < prod(shape) <= MOST_COMPARED or not whole:
        return Origin.of(name, shape)
    columns = _numbered(whole, shape)
    if commutes:
        columns = np.sort(columns, axis=0)
    _, classes = np.unique(columns, axis=1, return_inverse=True)
    count = int(classes.max()) + 1
    if count == prod(shape):
        return Origin.of(name, shape)
    table = _by_appearance(classes.reshape(-1), count).reshape(shape)
    return Origin(shape, (Piece(name, (count,), (Sum(0, (), ((tuple(range(len(shape))), table),)),)),))


def _numbered(origins: Sequence[Origin], shape: Shape) -> Numbers:
    """A row for each operand, with a number for each stored scalar that it reads; -1 where it reads none."""
    first: dict[str, int] = {}
    total, axes = 0, tuple(range(len(shape)))
    rows = np.full((len(origins), prod(shape)), -1, np.int64)
    for row, origin in zip(rows, origins, strict=True):
        for piece in origin.pieces:
            if piece.source not in first:
                first[piece.source], total = total, total + prod(piece.shape)
            here = np.ones(shape, np.bool_)
            for within in piece.within:
                value = within.value.over(axes, shape)
                here &= (within.low <= value) & (value < within.high)
            flat = np.full(shape, first[piece.source], np.int64)
            for axis, index in enumerate(piece.indices):
                flat += index.over(axes, shape) * prod(piece.shape[axis + 1 :])
            row[here.reshape(-1)] = flat[here]
    return rows


def _by_appearance(classes: Numbers, count: int) -> Numbers:
    """The classes numbered in the order in which they appear first."""
    first = np.full(count, classes.size, np.int64)
    np.minimum.at(first, classes, np.arange(classes.size))
    number = np.empty(count, np.int64)
    number[np.argsort(first)] = np.arange(count)
    found: Numbers = number[classes]
    return found
