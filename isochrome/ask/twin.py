"""A small twin of a line: the same formula at other sizes, small enough that every connection can be listed."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

import numpy as np
from numpy.typing import NDArray

from isochrome.core.formula import Fold, Formula, Index, Table
from isochrome.core.relation import Relation, relation
from isochrome.core.sizes import Shape, Tables, affine_range

__all__ = ["MOST_LISTED", "resized", "small_twin"]

MOST_LISTED = 40_000
_LARGEST, _SMALLEST = 5, 2


def small_twin(made: Relation, keep: Mapping[str, int] | None = None, most: int = MOST_LISTED) -> Relation:
    """The relation itself where it has at most ``most`` connections, else one of the same formula at small sizes.

    ``keep`` gives loops that must have a size of their own (a batch of two, say). Padding before and after an input,
    and what a formula leaves over at the end of a tensor, stay as they are.

    >>> big = relation("y[m,p] += w[m,c,u] * x[c,2*p+u-3]", {"x": (64, 224), "w": (64, 64, 7)})
    >>> small_twin(big).sizes, small_twin(big).shapes[2]
    ({'m': 5, 'c': 5, 'u': 5, 'p': 5}, (5, 8))
    """
    wanted = dict(keep or {})
    sizes = {**made.sizes, **wanted}
    if 0 < made.connections * prod(sizes.values()) // max(prod(made.sizes.values()), 1) <= most:
        return resized(made, sizes) if sizes != dict(made.sizes) else made
    for largest in range(_LARGEST, _SMALLEST - 1, -1):
        small = {loop: wanted.get(loop, min(size, largest)) for loop, size in made.sizes.items()}
        if prod(small.values()) <= most or largest == _SMALLEST:
            return resized(made, small)
    raise AssertionError


def resized(made: Relation, sizes: Mapping[str, int]) -> Relation:
    """The relation of the same formula with other sizes of its loops."""
    tables = {name: _cut(name, table, made.formula, sizes) for name, table in made.tables.items()}
    shapes: dict[str, Shape] = {}
    for access, shape in zip(made.formula.accesses, made.shapes, strict=True):
        axes = tuple(
            _extent(index, size, made.sizes, sizes, tables) for index, size in zip(access.indices, shape, strict=True)
        )
        before = shapes.get(access.name, axes)
        shapes[access.name] = tuple(max(pair) for pair in zip(before, axes, strict=True))
    formula = Formula(made.formula.output, made.formula.reduce, made.formula.factors, tuple(sizes.items()),
                      made.formula.guards)  # fmt: skip
    return relation(formula, shapes, tables, made.inputs)


def _extent(index: Index, size: int, before: Mapping[str, int], after: Mapping[str, int], tables: Tables) -> int:
    """The size of an axis that leaves as much room, or padding, behind an index as there was."""
    if isinstance(index, Table):
        return max(int(tables[index.name].max(initial=0)) + 1, 1)
    value = index.inside if isinstance(index, Fold) else index
    if any(before[loop] == 0 for loop, _ in value.terms):
        return size
    return max(affine_range(value, after)[1] + size - affine_range(value, before)[1], 1)


def _cut(name: str, table: NDArray[np.int64], formula: Formula, sizes: Mapping[str, int]) -> NDArray[np.int64]:
    """The part of a table that other sizes of loops look up; where they are larger, the table repeats."""
    ends = [0] * table.ndim
    for access in formula.accesses:
        for index in access.indices:
            if isinstance(index, Table) and index.name == name:
                found = [affine_range(argument, sizes)[1] + 1 for argument in index.arguments]
                ends = [max(pair) for pair in zip(ends, found, strict=True)]
    for axis, end in enumerate(ends):
        table = np.take(table, np.arange(end) % max(table.shape[axis], 1), axis=axis)
    return table
