"""From effective lines to lines over stored tensors: where an element comes from goes into the weight's index."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from isochrome.core.formula import Access, Affine, Formula, Guard, Index, Table, parse
from isochrome.core.sizes import Shape, sizes_and_shapes
from isochrome.errors import ModelError
from isochrome.layers import line as layers
from isochrome.model.origin import Origin, Piece, Sum

__all__ = ["OverStored", "operand_line", "with_origins"]

Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class OverStored:
    """A line over stored tensors. ``weight`` is the tensor of the formula that is stored, '' where none is;
    ``piece`` says where in the stored tensor each element of the effective one, of shape ``effective``, lies."""

    formula: Formula
    shapes: tuple[tuple[str, Shape], ...]
    tables: tuple[tuple[str, Integers], ...]
    weight: str = ""
    piece: Piece | None = None
    effective: Shape = ()


def with_origins(line: layers.Line, origins: Mapping[str, Origin]) -> Iterator[OverStored]:
    """The line once for each stored tensor behind it, its weight's index replaced by the place in that tensor.

    ``origins`` maps tensor names of the formula to where their elements come from; a line without such a tensor is
    given back as it is.
    """
    stored = [name for name in dict.fromkeys(a.name for a in line.formula.factors) if name in origins]
    if not stored:
        yield OverStored(line.formula, line.shapes, line.tables)
        return
    if len(stored) > 1:
        raise ModelError(f"{line.formula}: one factor at most may be stored; got {', '.join(stored)}")
    name = stored[0]
    for piece in origins[name].pieces:
        yield _with_piece(line, name, piece, origins[name].shape)


def operand_line(piece: Piece, effective: Shape) -> OverStored:
    """The line that copies a whole operand, ``y[e0, e1] += w[...]``: what it mentions is what the operand holds."""
    axes = [f"e{axis}" for axis in range(len(effective))]
    text = f"y[{', '.join(axes)}] += w[{', '.join(axes)}]"
    line = layers.Line(parse(text), (("y", effective), ("w", effective)), (("w", "w"),))
    return _with_piece(line, "w", piece, effective)


def _with_piece(line: layers.Line, name: str, piece: Piece, effective: Shape) -> OverStored:
    formula, tables = line.formula, dict(line.tables)
    sizes, _ = sizes_and_shapes(formula, dict(line.shapes), {**_stand_ins(formula), **tables})
    number = [factor.name for factor in formula.factors].index(name)
    at = formula.factors[number].indices
    indices, masks = _masked(piece, effective)
    new = Access(name, tuple(_index(value, at, effective, tables) for value in indices))
    guards = [_guard(w, at) for w in masks]
    shapes = tuple((tensor, piece.shape if tensor == name else shape) for tensor, shape in line.shapes)
    rest = replace(formula.with_factor(number, new), guards=(*formula.guards, *guards))
    clauses = {loop: size for loop, size in sizes.items() if _unsaid(rest, dict(shapes), loop, size)}
    clauses |= {loop: size for loop, size in formula.sizes if loop in rest.loops}
    whole = replace(rest, sizes=tuple(clauses.items()))
    return OverStored(whole, shapes, tuple(tables.items()), name, piece, effective)


def _stand_ins(formula: Formula) -> dict[str, Integers]:
    """A table for each that only the data gives: sizes do not depend on its numbers."""
    return {
        index.name: np.zeros((1,) * len(index.arguments), np.int64)
        for access in formula.accesses
        for index in access.indices
        if isinstance(index, Table)
    }


def _unsaid(formula: Formula, shapes: Mapping[str, Shape], loop: str, size: int) -> bool:
    if loop not in replace(formula, sizes=()).loops:
        return False
    found = {
        axis_size
        for access in formula.accesses
        for index, axis_size in zip(access.indices, shapes[access.name], strict=True)
        if isinstance(index, Affine) and index.loop == loop
    }
    return found != {size}


def _masked(piece: Piece, effective: Shape) -> tuple[list[Sum], list[tuple[Sum, int, int]]]:
    """The piece's indices with every bound that is no sum of axes written into a table as -1: no tap."""
    indices, bounds = list(piece.indices), []
    for within in piece.within:
        if not within.value.tables:
            low, high = _range(within.value, effective)
            if low < within.low or high >= within.high:
                bounds.append((within.value, within.low, within.high))
            continue
        over = within.value.axes
        values = within.value.over(over, effective)
        allowed = (within.low <= values) & (values < within.high)
        if allowed.all():
            continue
        chosen = next((k for k, index in enumerate(indices) if index.tables and index.axes == over), 0)
        axes = tuple(sorted({*over, *indices[chosen].axes}))
        wide = Sum(0, (), ((over, allowed.astype(np.int64)),)).over(axes, effective)
        table = np.where(wide > 0, indices[chosen].over(axes, effective), -1)
        indices[chosen] = Sum(0, (), ((axes, table),))
    return indices, bounds


def _range(value: Sum, effective: Shape) -> tuple[int, int]:
    ends = [coefficient * (effective[axis] - 1) for axis, coefficient in value.terms]
    return value.constant + sum(min(end, 0) for end in ends), value.constant + sum(max(end, 0) for end in ends)


def _index(value: Sum, at: tuple[Index, ...], effective: Shape, tables: dict[str, Integers]) -> Index:
    if not value.tables:
        if len(value.terms) == 1 and value.terms[0][1] == 1 and not value.constant:
            return at[value.terms[0][0]]
        if all(isinstance(at[axis], Affine) for axis, _ in value.terms):
            return _affine(value, at)
    axes = value.axes
    arguments = tuple(at[axis] for axis in axes)
    array = value.over(axes, effective)
    if len(arguments) == 1 and isinstance(arguments[0], Table):
        inner = tables[arguments[0].name]
        array = np.where(inner < 0, -1, array[np.clip(inner, 0, len(array) - 1)])
        arguments = arguments[0].arguments
    name = next(candidate for candidate in _names() if candidate not in tables)
    tables[name] = array
    return Table(name, tuple(_sure(argument) for argument in arguments))


def _names() -> Iterator[str]:
    yield "of"
    number = 2
    while True:
        yield f"of{number}"
        number += 1


def _sure(index: Index) -> Affine:
    if not isinstance(index, Affine):
        raise ModelError(f"index {index}: must be a sum of loops to be looked up in a table")
    return index


def _affine(value: Sum, at: tuple[Index, ...]) -> Affine:
    names = {f"e{axis}": _sure(at[axis]) for axis, _ in value.terms}
    return Affine(tuple((f"e{axis}", c) for axis, c in value.terms), value.constant).substitute(names)


def _guard(bound: tuple[Sum, int, int], at: tuple[Index, ...]) -> Guard:
    value, low, high = bound
    return Guard(low, _affine(value, at), high)
