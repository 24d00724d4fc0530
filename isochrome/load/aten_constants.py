"""Numbers that a PyTorch program makes without its inputs: indices and sizes that rows must know."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isochrome.layers import Operation
from isochrome.load.aten_call import Call
from isochrome.load.store import SMALL
from isochrome.load.value import Value
from isochrome.model.moved import moved
from isochrome.model.origin import Origin
from isochrome.model.program import Facts

__all__ = ["folded", "made_number"]

Array = NDArray[Any]
_DTYPES = {"bool": np.bool_, "int64": np.int64, "int32": np.int32, "int16": np.int16, "int8": np.int8,
           "uint8": np.uint8, "float32": np.float32, "float64": np.float64, "float16": np.float16}  # fmt: skip
_PAIRS: Mapping[str, Callable[[Any, Any], Any]] = {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "minimum": np.minimum, "maximum": np.maximum,
    "eq": np.equal, "ne": np.not_equal, "lt": np.less, "le": np.less_equal, "gt": np.greater, "ge": np.greater_equal,
    "logical_and": np.logical_and, "logical_or": np.logical_or, "__and__": np.bitwise_and, "__or__": np.bitwise_or,
    "bitwise_and": np.bitwise_and, "bitwise_or": np.bitwise_or,
}  # fmt: skip
_ONES: Mapping[str, Callable[[Any], Any]] = {
    "neg": np.negative, "abs": np.abs, "logical_not": np.logical_not, "bitwise_not": np.invert, "sign": np.sign,
}  # fmt: skip


def made_number(call: Call, facts: Facts, fill: float | None) -> Array | None:
    """The numbers of a constant that a call creates, None where it does not say them."""
    dtype = _DTYPES.get(facts.dtype)
    if dtype is None:
        return None
    if call.op == "arange":
        start, step = call.real("start", 0.0), call.real("step", 1.0)
        if start is None or step is None:
            return None
        return (start + step * np.arange(prod(facts.shape))).astype(dtype)
    if call.op == "eye":
        return np.eye(*facts.shape, dtype=dtype)
    return None if fill is None else np.full(facts.shape, fill, dtype)


def folded(call: Call, operation: Operation | None, operands: Mapping[str, Value]) -> Array | None:
    """The whole numbers or truth values of a call of such constants; None where no rule computes them."""
    facts = call.facts[0]
    values = [value for _, value in call.values]
    dtype = None if facts is None else _DTYPES.get(facts.dtype)
    if facts is None or dtype is None or facts.dtype.startswith("float") or prod(facts.shape) > SMALL:
        return None
    numbers = [call.read(value) for value in values]
    if not values or any(one is None or one.dtype.kind not in "iub" for one in numbers):
        return None
    arrays = [np.asarray(one) for one in numbers]
    if call.op in _ONES and len(arrays) == 1:
        return np.asarray(_ONES[call.op](arrays[0])).astype(dtype)
    if call.op in _PAIRS and not call.has("alpha"):
        other = call.arguments.get("other")
        pair = arrays if len(arrays) == 2 else [*arrays, np.asarray(other)] if isinstance(other, int) else []
        return np.asarray(_PAIRS[call.op](*pair)).astype(dtype) if len(pair) == 2 else None
    if operation is None or len(set(operands.values())) != 1:
        return None
    origins = moved(operation, {name: Origin.of("x", value.shape or ()) for name, value in operands.items()})
    if not origins or len(origins[0].pieces) != 1 or origins[0].pieces[0].within:
        return None
    axes = tuple(range(len(facts.shape)))
    at = tuple(index.over(axes, facts.shape) for index in origins[0].pieces[0].indices)
    return np.broadcast_to(arrays[0][at], facts.shape).astype(dtype)
