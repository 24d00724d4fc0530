"""How often each loop runs, and the shapes that follow, from what the line and the shapes say."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from isochrome.core.formula import Access, Affine, Formula, Index, Table, loops_of, sums_of
from isochrome.errors import FormulaError

__all__ = ["Shape", "Tables", "affine_range", "sizes_and_shapes"]

LARGEST = 2**61
MOST_AXES = 64
Shape = tuple[int, ...]
Tables = Mapping[str, NDArray[np.int64]]


def sizes_and_shapes(
    formula: Formula, shapes: Mapping[str, Shape], tables: Tables
) -> tuple[dict[str, int], dict[str, Shape]]:
    """The size of every loop and the shape of every tensor.

    A size comes from ``where``, else from the axes where the loop stands alone. A loop that slides a window over
    an input (``x[2*p + u - 1]``, all coefficients positive) and has no size yet takes as many steps as fit, with as
    much padding after the input as before it. Raises FormulaError that names the loop or the tensor.

    >>> from isochrome.core.formula import parse
    >>> sizes_and_shapes(parse("y[p] += w[u] * x[p + u]"), {"x": (7,), "w": (3,)}, {})
    ({'u': 3, 'p': 5}, {'x': (7,), 'w': (3,), 'y': (5,)})
    """
    _check_ranks(formula, shapes, tables)
    sizes = _stated(formula)
    sizes |= _standing_alone(formula, shapes, sizes)
    for factor in formula.factors:
        if factor.name in shapes:
            _slide(factor, shapes[factor.name], sizes)
    missing = [loop for loop in formula.loops if loop not in sizes]
    if missing:
        loop = missing[0]
        wanted = f"Add 'where {loop} < N' or the shape of a tensor in which {loop} stands alone."
        raise FormulaError(f"loop {loop}: its size must follow from a shape or a clause; nothing gives it. {wanted}")
    _check_ranges(formula, sizes)
    known = dict(shapes)
    for access in formula.accesses:
        if access.name not in known:
            same = [other.indices for other in formula.accesses if other.name == access.name]
            known[access.name] = tuple(
                max(_extent(access.name, axis, index, sizes, tables) for index in indices)
                for axis, indices in enumerate(zip(*same, strict=True))
            )
    return sizes, known


def affine_range(value: Affine, sizes: Mapping[str, int]) -> tuple[int, int]:
    """The smallest and the largest value of a sum over its loops (each of at least one step)."""
    low = high = value.offset
    for loop, coefficient in value.terms:
        reach = coefficient * (sizes[loop] - 1)
        low, high = low + min(reach, 0), high + max(reach, 0)
    return low, high


def _check_ranks(formula: Formula, shapes: Mapping[str, Shape], tables: Tables) -> None:
    for access in formula.accesses:
        shape = shapes.get(access.name)
        if shape is not None and len(shape) != len(access.indices):
            must = f"must have an axis for each of its {len(access.indices)} indices"
            raise FormulaError(f"tensor {access.name}: its shape {must}; got {list(shape)}")
        for index in access.indices:
            if isinstance(index, Table) and index.name not in tables:
                raise FormulaError(f"table {index.name}: its numbers must be given; there are none")
            if isinstance(index, Table) and tables[index.name].ndim != len(index.arguments):
                got = tables[index.name].ndim
                raise FormulaError(f"table {index.name}: must have {len(index.arguments)} axes; got {got}")
        ranks = sorted({len(other.indices) for other in formula.accesses if other.name == access.name})
        if len(ranks) > 1 or ranks[0] > MOST_AXES:
            must = f"must have the same number of indices wherever it stands, at most {MOST_AXES}"
            raise FormulaError(f"tensor {access.name}: {must}; got {' and '.join(map(str, ranks))}")
    for name, shape in shapes.items():
        if any(not 0 <= size < LARGEST for size in shape):
            raise FormulaError(f"tensor {name}: its sizes must lie in 0 to 2^61; got {list(shape)}")


def _check_ranges(formula: Formula, sizes: Mapping[str, int]) -> None:
    sums = [value for access in formula.accesses for index in access.indices for value in sums_of(index)]
    for value in (*sums, *(guard.value for guard in formula.guards)):
        low, high = affine_range(value, sizes)
        if max(-low, high) >= LARGEST:
            raise FormulaError(f"{value}: must stay below 2^61; got {low} to {high}")


def _stated(formula: Formula) -> dict[str, int]:
    sizes: dict[str, int] = {}
    for loop, size in formula.sizes:
        if size < 0 or sizes.setdefault(loop, size) != size:
            said = f"{sizes[loop]} and {size}" if loop in sizes else size
            raise FormulaError(f"loop {loop}: must have one size, of at least 0; 'where' says {said}")
    return sizes


def _standing_alone(formula: Formula, shapes: Mapping[str, Shape], stated: Mapping[str, int]) -> dict[str, int]:
    found: dict[str, tuple[int, str]] = {}
    for access in formula.accesses:
        for axis, (index, size) in enumerate(zip(access.indices, shapes.get(access.name, ()), strict=False)):
            loop = index.loop if isinstance(index, Affine) else None
            if loop is None or loop in stated:
                continue
            before, where = found.setdefault(loop, (size, f"axis {axis} of {access.name}"))
            if before != size:
                found_here = f"axis {axis} of {access.name} gives {size}. Say 'where {loop} < N' if it is meant."
                raise FormulaError(f"loop {loop}: its sizes must agree; {where} gives {before}, {found_here}")
    return {loop: size for loop, (size, _) in found.items()}


def _slide(access: Access, shape: Shape, sizes: dict[str, int]) -> None:
    for index, size in zip(access.indices, shape, strict=True):
        if not isinstance(index, Affine):
            continue
        unknown = [(loop, step) for loop, step in index.terms if loop not in sizes]
        if len(unknown) != 1 or any(step < 0 for _, step in index.terms):
            continue
        loop, step = unknown[0]
        window = sum(factor * (sizes[other] - 1) for other, factor in index.terms if other != loop)
        room = size - 1 + max(-index.offset, 0) - window - index.offset
        sizes[loop] = max(room // step + 1, 0)


def _extent(name: str, axis: int, index: Index, sizes: Mapping[str, int], tables: Tables) -> int:
    """How long an axis must be for all values of an index."""
    if isinstance(index, Table):
        return int(tables[index.name].max(initial=-1)) + 1
    if any(sizes[loop] == 0 for loop in loops_of(index)):
        return 0
    low, high = affine_range(index, sizes) if isinstance(index, Affine) else (-1, 0)
    if low < 0:
        missing = f"its size along axis {axis} must be given; {index} does not say it"
        raise FormulaError(f"tensor {name}: {missing}. Add the shape of {name}.")
    return high + 1
