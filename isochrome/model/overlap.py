"""The same stored scalar in several parameters: those that lie over one storage, by their strides."""

from __future__ import annotations

import numpy as np

from isochrome.core.relation import Place
from isochrome.model.held import Held
from isochrome.model.parts import Model, Parameter

__all__ = ["same_scalar"]


def same_scalar(model: Model, number: int, place: Place) -> tuple[tuple[int, Place], ...]:
    """Every (parameter, place) at which the scalar of a parameter's place lies, the given one first."""
    first = model.parameters[number]
    row = _row(model, first)
    found = [(number, place)]
    if row is None or not row.storage:
        return tuple(found)
    byte = _byte(row, place)
    for other in model.parameters:
        one = _row(model, other)
        if other.number != number and one is not None and one.storage == row.storage:
            low, high = one.span
            if low <= byte < high:
                found += [(other.number, where) for where in _places(one, byte)]
    return tuple(found)


def _row(model: Model, parameter: Parameter) -> Held | None:
    """The held tensor that a parameter is, None where it is computed or not of its shape."""
    names = set(parameter.names)
    return next((row for row in model.held if row.name in names and row.shape == parameter.shape), None)


def _byte(row: Held, place: Place) -> int:
    return row.offset + row.item * sum(at * stride for at, stride in zip(place, row.strides, strict=True))


def _places(row: Held, byte: int) -> list[Place]:
    """Where a tensor has the scalar at a byte; an expanded one has it more than once."""
    offsets = np.full(row.shape, row.offset, np.int64)
    for axis, (size, stride) in enumerate(zip(row.shape, row.strides, strict=True)):
        steps = np.arange(size, dtype=np.int64) * (stride * row.item)
        offsets += steps.reshape([-1 if axis == other else 1 for other in range(len(row.shape))])
    return [tuple(int(at) for at in found) for found in np.argwhere(offsets == byte)]
