"""Stored elements through an operation that only moves them: read off the operation's own lines.

A line ``y[o, t] += x[t, o]`` says which element of x each element of y is. So a weight that was transposed, sliced,
gathered, padded or concatenated keeps its identity, whatever the operation is called.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod

import numpy as np
from numpy.typing import NDArray

from isochrome.core.component import fold
from isochrome.core.formula import Affine, Fold, Index
from isochrome.core.sizes import sizes_and_shapes
from isochrome.layers import Line, Operation, Shape
from isochrome.model.origin import Origin, Piece, Sum, Within, digit, written_out

__all__ = ["moved"]

Tables = Mapping[str, NDArray[np.int64]]
Loops = dict[str, Sum]


class _IsNoMove(Exception):
    """The line computes something, or its output is written in a way that cannot be turned round."""


def moved(operation: Operation, operands: Mapping[str, Origin | None]) -> tuple[Origin, ...]:
    """Where the elements of each output are stored; none where the operation does more than to move stored ones.

    ``operands`` maps what the lines call an operand to its origin. An element that no line writes is 0 and stored
    nowhere.

    >>> from isochrome.layers import KINDS
    >>> flipped = KINDS["slice"](x=(4,), starts=(-1,), ends=(-9,), steps=(-1,))
    >>> index = moved(flipped, {"x": Origin.of("w", (4,))})[0].pieces[0].indices[0]
    >>> index.constant, index.terms
    (3, ((0, -1),))
    """
    if operation.reshape is not None:
        origin = operands.get("x")
        return () if origin is None else (origin.reshape(operation.reshape[1]),)
    try:
        names = ["y", *(f"y{number}" for number in range(2, len(operation.outputs) + 1))]
        return tuple(
            _output([line for line in operation.lines if line.output == name], shape, operands)
            for name, shape in zip(names, operation.outputs, strict=True)
        )
    except _IsNoMove:
        return ()


def _output(lines: Sequence[Line], shape: Shape, operands: Mapping[str, Origin | None]) -> Origin:
    pieces: list[Piece] = []
    written = 0
    for line in lines:
        names = dict(line.operands)
        factor = line.formula.factors[0]
        origin = operands.get(names.get(factor.name, ""))
        adds = line.inner or line.depends or not line.exact or line.scale != 1.0 or line.of
        if adds or len(line.formula.factors) != 1 or origin is None:
            raise _IsNoMove
        tables = dict(line.tables)
        sizes, _ = sizes_and_shapes(line.formula, dict(line.shapes), tables)
        written += prod(sizes.values())
        loops, bounds = _turned(line, shape, sizes)
        values = []
        for index, size in zip(factor.indices, origin.shape, strict=True):
            value = _value(index, size, loops, shape, tables)
            values.append(value)
            bounds += _bound(value, 0, size, shape)
        for guard in line.formula.guards:
            bounds += _bound(_sum(guard.value, loops), guard.low, guard.high, shape)
        pieces += origin.map_axes(shape, values).within(bounds).pieces
    if written > prod(shape):  # some element of the output is a sum
        raise _IsNoMove
    return Origin(shape, tuple(pieces))


def _turned(line: Line, shape: Shape, sizes: Mapping[str, int]) -> tuple[Loops, list[Within]]:
    """Each loop as a number of the output's axes, and where on the output the line writes at all."""
    loops: Loops = {loop: Sum() for loop, size in sizes.items() if size == 1}
    bounds: list[Within] = []
    for axis, (index, size) in enumerate(zip(line.formula.output.indices, shape, strict=True)):
        if not isinstance(index, Affine):
            raise _IsNoMove
        place = Sum(-index.offset, ((axis, 1),) if size > 1 else ())
        terms = sorted(((c, loop) for loop, c in index.terms if sizes[loop] > 1), key=lambda term: term[0])
        if not terms:
            bounds += _bound(place, 0, 1, shape)
        elif len(terms) == 1 and terms[0][0] == 1:
            bounds += _bound(place, 0, sizes[terms[0][1]], shape)
            _set(loops, terms[0][1], place)
        else:
            step = 1
            for coefficient, loop in terms:
                if coefficient != step or index.offset:
                    raise _IsNoMove
                _set(loops, loop, digit(place, step, sizes[loop], shape))
                step *= sizes[loop]
            if step != size:
                raise _IsNoMove
    if set(loops) != set(sizes):
        raise _IsNoMove
    return loops, bounds


def _set(loops: Loops, loop: str, value: Sum) -> None:
    if loop in loops:  # a diagonal: elements beside it are not written
        raise _IsNoMove
    loops[loop] = value


def _sum(value: Affine, loops: Loops) -> Sum:
    total = Sum(value.offset)
    for loop, coefficient in value.terms:
        total = total.plus(loops[loop], coefficient)
    return total


def _value(index: Index, size: int, loops: Loops, shape: Shape, tables: Tables) -> Sum:
    if isinstance(index, Affine):
        return _sum(index, loops)
    if isinstance(index, Fold):
        inside = _sum(index.inside, loops)
        axes = inside.axes
        return written_out(axes, fold(index.kind, inside.over(axes, shape), size))
    arguments = [_sum(argument, loops) for argument in index.arguments]
    axes = tuple(sorted({axis for argument in arguments for axis in argument.axes}))
    at = tuple(argument.over(axes, shape) for argument in arguments)
    return written_out(axes, np.asarray(tables[index.name][at], np.int64))


def _bound(value: Sum, low: int, high: int, shape: Shape) -> list[Within]:
    least, most = value.range(shape)
    return [] if low <= least and most < high else [Within(value, low, high)]
