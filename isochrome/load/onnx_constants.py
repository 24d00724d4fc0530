"""Constants of an ONNX graph: numbers that shapes are computed from, and the origins of stored weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isochrome.core.sizes import Shape
from isochrome.errors import ModelError
from isochrome.layers import Operation
from isochrome.load.onnx_call import Call, Unknown
from isochrome.model.origin import Origin, concatenate

__all__ = ["FOLDS", "MOVES", "SMALL", "fold", "moved_split"]

SMALL = 65_536
Array = NDArray[Any]


def fold(call: Call) -> Array | None:
    """The numbers of a call whose operands are small constants; None where no row computes it."""
    row = FOLDS.get(call.op)
    if row is None:
        return None
    values = [None if value is None else call.read(value) for value in call.inputs]
    if any(value is None and operand is not None for value, operand in zip(values, call.inputs, strict=True)):
        return None
    try:
        with np.errstate(all="ignore"):
            found = np.asarray(row(call, *values))
    except (ValueError, IndexError, TypeError, ZeroDivisionError, OverflowError) as fault:
        raise ModelError(f"{call.op} of constants: must have operands that fit; {fault}") from None
    return found if found.size <= SMALL else None


def _axis_list(call: Call, axes: Array | None) -> tuple[int, ...] | None:
    found = call.ints("axes") if axes is None else tuple(int(axis) for axis in np.atleast_1d(axes))
    return found


def _unsqueeze(call: Call, x: Array, axes: Array | None = None) -> Array:
    return np.expand_dims(x, _axis_list(call, axes) or ())


def _squeeze(call: Call, x: Array, axes: Array | None = None) -> Array:
    return np.squeeze(x, _axis_list(call, axes))


def _slices(call: Call, x: Shape, operands: tuple[Array | None, ...]) -> list[tuple[int, slice]]:
    starts, ends, axes, steps = (*operands, None, None, None, None)[:4]
    if starts is None or ends is None:
        starts, ends = np.asarray(call.ints("starts") or ()), np.asarray(call.ints("ends") or ())
        axes = None if call.ints("axes") is None else np.asarray(call.ints("axes"))
    count = len(np.atleast_1d(starts))
    over = range(count) if axes is None else [int(axis) % max(len(x), 1) for axis in np.atleast_1d(axes)]
    by = [1] * count if steps is None else [int(step) for step in np.atleast_1d(steps)]
    found = []
    for axis, start, end, step in zip(over, np.atleast_1d(starts), np.atleast_1d(ends), by, strict=True):
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
    sizes = [int(size) for size in np.atleast_1d(shape)]
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


def _cast(call: Call, x: Array) -> Array:
    kinds = {1: np.float32, 6: np.int32, 7: np.int64, 9: np.bool_, 10: np.float16, 11: np.float64, 2: np.uint8, 3: np.int8}
    if call.whole("to") not in kinds:
        raise Unknown("it casts to a type that is not folded")
    return x.astype(kinds[call.whole("to")])


def _divide(_: Call, a: Array, b: Array) -> Array:
    if a.dtype.kind in "iu":
        return np.trunc(np.divide(a, b)).astype(a.dtype) if np.all(b != 0) else _refuse("a division by zero")
    return np.divide(a, b)


def _refuse(why: str) -> Array:
    raise ValueError(why)


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


FOLDS: Mapping[str, Callable[..., Any]] = {
    "Add": lambda _, a, b: a + b,
    "Sub": lambda _, a, b: a - b,
    "Mul": lambda _, a, b: a * b,
    "Div": _divide,
    "Mod": lambda call, a, b: np.fmod(a, b) if call.flag("fmod") else np.mod(a, b),
    "Pow": lambda _, a, b: np.power(a, b).astype(a.dtype),
    "Min": lambda _, *xs: np.minimum.reduce(xs) if len(xs) < 3 else np.minimum.reduce(np.broadcast_arrays(*xs)),
    "Max": lambda _, *xs: np.maximum.reduce(xs) if len(xs) < 3 else np.maximum.reduce(np.broadcast_arrays(*xs)),
    "Neg": lambda _, x: -x,
    "Abs": lambda _, x: np.abs(x),
    "Sqrt": lambda _, x: np.sqrt(x),
    "Floor": lambda _, x: np.floor(x),
    "Ceil": lambda _, x: np.ceil(x),
    "Not": lambda _, x: ~x,
    "And": lambda _, a, b: a & b,
    "Or": lambda _, a, b: a | b,
    "Equal": lambda _, a, b: a == b,
    "Greater": lambda _, a, b: a > b,
    "Less": lambda _, a, b: a < b,
    "GreaterOrEqual": lambda _, a, b: a >= b,
    "LessOrEqual": lambda _, a, b: a <= b,
    "Where": lambda _, c, a, b: np.where(c, a, b),
    "Identity": lambda _, x: x,
    "Cast": _cast,
    "Shape": lambda call, x: np.array(x.shape, np.int64)[call.whole("start", 0) : call.whole("end", len(x.shape))],
    "Size": lambda _, x: np.array(x.size, np.int64),
    "Unsqueeze": _unsqueeze,
    "Squeeze": _squeeze,
    "Reshape": _reshape,
    "Transpose": lambda call, x: x.transpose(call.ints("perm")),
    "Slice": _slice,
    "Gather": lambda call, x, ids: np.take(x, ids, axis=call.whole("axis", 0)),
    "Concat": lambda call, *xs: np.concatenate(xs, axis=call.whole("axis", 0)),
    "Expand": lambda _, x, shape: _broadcast(x, shape),
    "Tile": lambda _, x, repeats: np.tile(x, tuple(int(n) for n in repeats)),
    "Range": _range,
    "ReduceProd": _reduce(np.prod),
    "ReduceSum": _reduce(np.sum),
    "ReduceMax": _reduce(np.max),
    "ReduceMin": _reduce(np.min),
    "CumSum": lambda _, x, axis: np.cumsum(x, axis=int(axis)),
}


def _origin(call: Call, position: int = 0) -> Origin:
    found = call.value(position).origin
    if found is None:
        raise Unknown("its operand has no stored elements")
    return found


def _moved_slice(call: Call, _: Operation) -> Origin:
    origin = _origin(call)
    operands = tuple(call.numbers(at) for at in range(1, len(call.inputs)))
    if any(call.has(at) and operands[at - 1] is None for at in range(1, len(call.inputs))):
        raise Unknown("its bounds depend on data")
    for axis, part in _slices(call, origin.shape, operands):
        origin = origin.take(axis, np.arange(origin.shape[axis])[part])
    return origin


def _moved_gather(call: Call, _: Operation) -> Origin:
    origin, ids = _origin(call), call.numbers(1)
    if ids is None:
        raise Unknown("its indices depend on data")
    axis = call.whole("axis", 0)
    axis += len(origin.shape) if axis < 0 else 0
    places = np.asarray(ids, np.int64)
    size = origin.shape[axis] if 0 <= axis < len(origin.shape) else -1
    if size < 0 or (places.size and (places.min() < -size or places.max() >= size)):
        raise ModelError(f"Gather: its indices must lie in axis {axis} of {list(origin.shape)}")
    return origin.take(axis, np.where(places < 0, places + size, places))


def _moved_concat(call: Call, _: Operation) -> Origin:
    parts = [_origin(call, at) for at in range(len(call.inputs))]
    axis = call.whole("axis", 1)
    return concatenate(parts, axis + len(parts[0].shape) if axis < 0 else axis)


def moved_split(call: Call, operation: Operation, part: int) -> Origin:
    """Where the elements of one output of a Split come from."""
    origin, axis = _origin(call), call.whole("axis", 0)
    axis += len(origin.shape) if axis < 0 else 0
    start = sum(shape[axis] for shape in operation.outputs[:part])
    return origin.take(axis, np.arange(start, start + operation.outputs[part][axis]))


def _moved_pad(call: Call, operation: Operation) -> Origin:
    origin, shape = _origin(call), operation.outputs[0]
    value = call.numbers(2) if call.has(2) and call.opset >= 11 else np.zeros(1)
    if call.text("mode", "constant") != "constant" or value is None or np.any(np.asarray(value) != 0):
        raise Unknown("it pads with something other than 0")
    pads = call.ints("pads") if call.opset < 11 else tuple(call.integers(1, "pads"))
    axes = call.maybe_integers(3, "axes") or list(range(len(origin.shape)))
    for axis, before in zip(axes, (pads or ())[: len(axes)], strict=True):
        axis %= len(origin.shape)
        nothing = (*origin.shape[:axis], max(before, 0), *origin.shape[axis + 1 :])
        after = (*origin.shape[:axis], shape[axis] - origin.shape[axis] - before, *origin.shape[axis + 1 :])
        if before < 0 or after[axis] < 0:
            raise Unknown("it crops by negative padding")
        origin = concatenate([Origin(nothing), origin, Origin(after)], axis)
    return origin


MOVES: Mapping[str, Callable[[Call, Operation], Origin]] = {
    "Identity": lambda call, _: _origin(call),
    "Cast": lambda call, _: _origin(call),
    "CastLike": lambda call, _: _origin(call),
    "Dropout": lambda call, _: _origin(call),
    "DequantizeLinear": lambda call, _: _origin(call),
    "Transpose": lambda call, op: _origin(call).transpose(
        call.ints("perm") or tuple(reversed(range(len(op.outputs[0]))))
    ),
    "Reshape": lambda call, op: _origin(call).reshape(op.outputs[0]),
    "Flatten": lambda call, op: _origin(call).reshape(op.outputs[0]),
    "Squeeze": lambda call, op: _origin(call).reshape(op.outputs[0]),
    "Unsqueeze": lambda call, op: _origin(call).reshape(op.outputs[0]),
    "Expand": lambda call, op: _origin(call).expand(op.outputs[0]),
    "Slice": _moved_slice,
    "Gather": _moved_gather,
    "Concat": _moved_concat,
    "Pad": _moved_pad,
    "Split": lambda call, op: moved_split(call, op, 0),
}
