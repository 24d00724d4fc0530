"""Constants of an ONNX graph: numbers that shapes are computed from, and the origins of stored weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial, reduce
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isochrome.core.sizes import Shape
from isochrome.errors import ModelError, shown
from isochrome.layers import Operation
from isochrome.load.onnx_call import Call
from isochrome.load.store import SMALL
from isochrome.load.value import FLOATS, Unknown, Value
from isochrome.model.moved import moved as moved_by_lines
from isochrome.model.origin import Origin, TooManyEntries

__all__ = ["FOLDS", "fold", "moved"]

FEW = 1024
Array = NDArray[Any]


def fold(call: Call) -> Array | None:
    """The numbers of a call of small constants; None where no row computes it.

    Stored floats are read only where there are few of them: such are scales and sizes, not weights.
    """
    row = FOLDS.get(call.op)
    sizes = [(value, prod(value.shape or ())) for value in call.inputs if value is not None]
    large = any(size > SMALL or (value.dtype in FLOATS and value.tensor is not None and size > FEW)
                for value, size in sizes)  # fmt: skip
    if row is None or large:
        return None
    values = [None if value is None else call.read(value) for value in call.inputs]
    if any(value is None and operand is not None for value, operand in zip(values, call.inputs, strict=True)):
        return None
    try:
        with np.errstate(all="ignore"):
            found = np.asarray(row(call, *values))
    except Unknown:
        return None
    except (ValueError, IndexError, TypeError, ZeroDivisionError, OverflowError) as fault:
        raise ModelError(f"{call.op} of constants: must have operands that fit; {shown(str(fault))}") from None
    return found if found.size <= SMALL else None


def _axis_list(call: Call, axes: Array | None) -> tuple[int, ...] | None:
    return call.ints("axes") if axes is None else tuple(int(axis) for axis in np.ravel(axes))


def _unsqueeze(call: Call, x: Array, axes: Array | None = None) -> Array:
    return np.expand_dims(x, _axis_list(call, axes) or ())


def _squeeze(call: Call, x: Array, axes: Array | None = None) -> Array:
    return np.squeeze(x, _axis_list(call, axes))


def _slices(call: Call, x: Shape, operands: tuple[Array | None, ...]) -> list[tuple[int, slice]]:
    starts, ends, axes, steps = (*operands, None, None, None, None)[:4]
    if starts is None or ends is None:
        starts, ends = np.asarray(call.ints("starts") or ()), np.asarray(call.ints("ends") or ())
        axes = None if call.ints("axes") is None else np.asarray(call.ints("axes"))
    count = len(np.ravel(starts))
    over = range(count) if axes is None else [int(axis) % max(len(x), 1) for axis in np.ravel(axes)]
    by = [1] * count if steps is None else [int(step) for step in np.ravel(steps)]
    found = []
    for axis, start, end, step in zip(over, np.ravel(starts), np.atleast_1d(ends), by, strict=True):
        low = -x[axis] - 1
        stop: int | None = int(end)
        if step < 0 and stop is not None and stop <= low:
            stop = None
        found.append((axis, slice(int(start), stop, step)))
    return found


def _slice(call: Call, x: Array, *operands: Array | None) -> Array:
    for axis, part in _slices(call, x.shape, operands):
        x = x[(slice(None),) * axis + (part,)]
    return x


def _target(shape: Array, old: Shape, keep_zero: bool) -> tuple[int, ...]:
    sizes = [int(size) for size in np.ravel(shape)]
    if not keep_zero:
        sizes = [old[axis] if size == 0 and axis < len(old) else size for axis, size in enumerate(sizes)]
    if sizes.count(-1) == 1:
        rest = int(np.prod([size for size in sizes if size != -1], dtype=object))
        sizes[sizes.index(-1)] = int(np.prod(old, dtype=object)) // rest if rest else 0
    return tuple(sizes)


def _reshape(call: Call, x: Array, shape: Array | None = None) -> Array:
    sizes = np.asarray(call.ints("shape") or ()) if shape is None else shape
    return x.reshape(_target(sizes, x.shape, call.flag("allowzero")))


def _broadcast(x: Array, shape: Array) -> Array:
    return np.broadcast_to(x, np.broadcast_shapes(x.shape, tuple(int(size) for size in shape)))


_CASTS: Mapping[int, type] = {
    1: np.float32, 2: np.uint8, 3: np.int8, 6: np.int32, 7: np.int64, 9: np.bool_, 10: np.float16, 11: np.float64
}  # fmt: skip


def _cast(call: Call, x: Array) -> Array:
    kind = _CASTS.get(call.whole("to"))
    if kind is None or x.dtype.kind not in "fiub":
        raise Unknown("it casts to a type that is not folded")
    return x.astype(kind)


def _divide(a: Array, b: Array) -> Array:
    if a.dtype.kind in "iu":
        return np.trunc(np.divide(a, b)).astype(a.dtype) if np.all(b != 0) else _refuse("a division by zero")
    return np.divide(a, b)


def _refuse(why: str) -> Array:
    raise ValueError(why)


def _bounded(count: int) -> None:
    if count > 16 * SMALL:
        raise Unknown("it makes too many numbers")


def _take(call: Call, x: Array, ids: Array) -> Array:
    axis = call.whole("axis", 0)
    _bounded(ids.size * x.size // max(x.shape[axis], 1))
    return np.take(x, ids, axis=axis)


def _tile(_: Call, x: Array, repeats: Array) -> Array:
    times = tuple(int(count) for count in repeats)
    _bounded(prod(times) * x.size)
    return np.tile(x, times)


def _where(_: Call, choice: Array, a: Array, b: Array) -> Array:
    _bounded(prod(np.broadcast_shapes(choice.shape, a.shape, b.shape)))
    return np.where(choice, a, b)


def _pair(how: Callable[[Array, Array], Any]) -> Callable[..., Any]:
    def apply(_: Call, a: Array, b: Array) -> Any:
        _bounded(prod(np.broadcast_shapes(a.shape, b.shape)))
        return how(a, b)

    return apply


def _range(_: Call, start: Array, limit: Array, delta: Array) -> Array:
    low, high, step = (np.asarray(value).reshape(-1)[0].item() for value in (start, limit, delta))
    if step == 0 or (high - low) / step > SMALL:
        _refuse("a range of a length above 65,536 or of step 0")
    return np.arange(low, high, step).astype(start.dtype)


def _reduce(how: Callable[..., Any]) -> Callable[..., Array]:
    def apply(call: Call, x: Array, axes: Array | None = None) -> Array:
        over = _axis_list(call, axes)
        return np.asarray(how(x, axis=over, keepdims=call.flag("keepdims", True)))

    return apply


def _cumulative(call: Call, x: Array, axis: Array) -> Array:
    if call.flag("exclusive") or call.flag("reverse"):
        raise Unknown("a running sum that is exclusive or backwards is not folded")
    return np.cumsum(x, axis=int(np.asarray(axis).reshape(-1)[0]))


FOLDS: Mapping[str, Callable[..., Any]] = {
    "Add": _pair(np.add),
    "Sub": _pair(np.subtract),
    "Mul": _pair(np.multiply),
    "Div": _pair(_divide),
    "Mod": lambda call, a, b: _pair(np.fmod if call.flag("fmod") else np.mod)(call, a, b),
    "Pow": _pair(lambda a, b: np.power(a, b).astype(a.dtype)),
    "Min": lambda call, *xs: reduce(partial(_pair(np.minimum), call), xs),
    "Max": lambda call, *xs: reduce(partial(_pair(np.maximum), call), xs),
    "Neg": lambda _, x: -x,
    "Abs": lambda _, x: np.abs(x),
    "Sqrt": lambda _, x: np.sqrt(x),
    "Floor": lambda _, x: np.floor(x),
    "Ceil": lambda _, x: np.ceil(x),
    "Not": lambda _, x: np.logical_not(x),
    "And": _pair(np.logical_and),
    "Or": _pair(np.logical_or),
    "Equal": _pair(np.equal),
    "Greater": _pair(np.greater),
    "Less": _pair(np.less),
    "GreaterOrEqual": _pair(np.greater_equal),
    "LessOrEqual": _pair(np.less_equal),
    "Where": _where,
    "Identity": lambda _, x: x,
    "Cast": _cast,
    "Shape": lambda call, x: np.array(x.shape, np.int64)[call.whole("start", 0) : call.whole("end", len(x.shape))],
    "Size": lambda _, x: np.array(x.size, np.int64),
    "Unsqueeze": _unsqueeze,
    "Squeeze": _squeeze,
    "Reshape": _reshape,
    "Transpose": lambda call, x: x.transpose(call.ints("perm")),
    "Slice": _slice,
    "Gather": _take,
    "Concat": lambda call, *xs: np.concatenate(xs, axis=call.whole("axis", 0)),
    "Expand": lambda _, x, shape: _broadcast(x, shape),
    "Tile": _tile,
    "Range": _range,
    "ReduceProd": _reduce(np.prod),
    "ReduceSum": _reduce(np.sum),
    "ReduceMax": _reduce(np.max),
    "ReduceMin": _reduce(np.min),
    "CumSum": _cumulative,
}


def moved(
    call: Call, operation: Operation | None, operands: Mapping[str, Value | None]
) -> tuple[tuple[Origin, ...], bool]:
    """Where the elements of each output are stored, none if a call of constants makes fresh ones; and whether their
    numbers are what they were."""
    first = call.inputs[0] if call.inputs else None
    if call.op in SAME and first is not None and first.origin is not None:
        return (first.origin,) * max(len(call.outputs), 1), call.op in ALIKE
    if operation is None:
        return (), False
    try:
        origins = {name: None if value is None else value.origin for name, value in operands.items()}
        found = moved_by_lines(operation, origins)
    except TooManyEntries:
        return (), False
    return (found, True) if found else (_one_by_one(call, operation), False)


def _one_by_one(call: Call, operation: Operation) -> tuple[Origin, ...]:
    """An operation that makes one element out of one stored scalar, and of the same numbers for all: it stands for
    that scalar."""
    many = [value for value in call.inputs if value is not None and prod(value.shape or ()) > 1]
    kinds = ("elementwise", "bias", "scale")
    if operation.kind not in kinds or len(many) != 1 or len(call.outputs) != 1 or many[0].origin is None:
        return ()
    return (many[0].origin,) if many[0].origin.shape == operation.outputs[0] else ()


SAME = ("Identity", "Dropout", "Cast", "CastLike", "QuantizeLinear", "DequantizeLinear")
ALIKE = ("Identity", "Dropout")
"""Each element of the first stands for the same of its operand; the second leave its number what it was, too."""
