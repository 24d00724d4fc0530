"""One call of one ONNX operation: its operands and attributes, every attribute checked for its type."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any

from numpy.typing import NDArray

from isochrome.core.sizes import Shape
from isochrome.errors import ModelError, shown
from isochrome.load.tensors import dtype_name
from isochrome.load.value import FLOATS, Unknown, Value

__all__ = ["Call", "call_key", "output_type"]

@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """A node with its operands; ``read`` gives the numbers of a small constant operand."""

    op: str
    attributes: dict[str, dict[str, Any]]
    inputs: tuple[Value | None, ...]
    outputs: tuple[str, ...]
    opset: int
    read: Any = field(repr=False, default=None)

    def has(self, position: int) -> bool:
        """Whether an operand is there."""
        return position < len(self.inputs) and self.inputs[position] is not None

    def value(self, position: int) -> Value:
        """An operand that must be there."""
        found = self.inputs[position] if position < len(self.inputs) else None
        if found is None:
            raise ModelError(f"operand {position}: must be there; is missing")
        return found

    def shape(self, position: int) -> Shape:
        """The shape of an operand that must be there; an unknown shape makes the call opaque."""
        found = self.value(position)
        if found.shape is None:
            raise Unknown(f"the shape of its operand {shown(found.name, 40)} is not known")
        return found.shape

    def maybe_shape(self, position: int) -> Shape | None:
        """The shape of an optional operand."""
        return self.shape(position) if self.has(position) else None

    def numbers(self, position: int) -> NDArray[Any] | None:
        """The numbers of an operand, if they do not depend on data."""
        found = self.inputs[position] if position < len(self.inputs) else None
        return None if found is None else self.read(found)

    def integers(self, position: int, what: str) -> list[int]:
        """The integers of an operand that must not depend on data."""
        found = self.numbers(position)
        if found is None:
            raise Unknown(f"its {what} depend on data")
        if found.dtype.kind not in "iub":
            raise ModelError(f"its {what}: must be whole numbers; are {found.dtype}")
        return [int(number) for number in found.reshape(-1)]

    def integer(self, position: int, what: str) -> int:
        """The one integer of an operand that must not depend on data."""
        found = self.integers(position, what)
        if len(found) != 1:
            raise ModelError(f"its {what}: must be one number; got {len(found)}")
        return found[0]

    def maybe_integers(self, position: int, what: str) -> list[int] | None:
        """The integers of an optional operand."""
        return self.integers(position, what) if self.has(position) else None

    def _attribute(self, name: str, kinds: Sequence[str], default: Any) -> Any:
        found = self.attributes.get(name)
        if found is None:
            return default
        if found["type"] not in kinds:
            raise ModelError(f"attribute {name}: must be of type {kinds[0]}; got {shown(str(found['type']))}")
        return found["value"]

    def whole(self, name: str, default: int | None = None) -> Any:
        """A whole number."""
        return self._attribute(name, ("int",), default)

    def must(self, name: str, found: Any) -> Any:
        """An attribute that must be there, as read."""
        if found is None:
            raise ModelError(f"attribute {name}: must be there; is missing")
        return found

    def flag(self, name: str, default: bool = False) -> bool:
        """A whole number that must be 0 or 1."""
        found = self._attribute(name, ("int",), int(default))
        if found not in (0, 1):
            raise ModelError(f"attribute {name}: must be 0 or 1; got {found}")
        return bool(found)

    def ints(self, name: str, default: Sequence[int] | None = None) -> tuple[int, ...] | None:
        """A list of whole numbers."""
        found = self._attribute(name, ("ints",), default)
        return None if found is None else tuple(int(number) for number in found)

    def real(self, name: str, default: float | None = None) -> Any:
        """A number."""
        return self._attribute(name, ("float",), default)

    def floats(self, name: str) -> tuple[float, ...] | None:
        """A list of numbers."""
        found = self._attribute(name, ("floats",), None)
        return None if found is None else tuple(found)

    def text(self, name: str, default: str = "") -> str:
        """A string."""
        return str(self._attribute(name, ("string",), default))

    def texts(self, name: str) -> tuple[str, ...] | None:
        """A list of strings."""
        found = self._attribute(name, ("strings",), None)
        return None if found is None else tuple(found)

    def tensor(self, name: str) -> int | None:
        """The number of a tensor record."""
        found = self._attribute(name, ("tensor",), None)
        return None if found is None else int(found)


def call_key(call: Call) -> object:
    """What an operation follows from: equal calls are one; None where too many numbers matter."""
    small: list[object] = []
    for value in call.inputs:
        if value is None:
            small.append(None)
            continue
        matters = value.known is not None or (
            value.tensor is not None and (value.dtype not in FLOATS or prod(value.shape or ()) <= 8)
        )
        numbers = call.read(value) if matters else None
        if numbers is not None and numbers.size > 64:
            return None
        small.append((value.shape, value.stored, value.is_weight, None if numbers is None else numbers.tobytes()))
    return call.op, call.opset, len(call.outputs), repr(sorted(call.attributes.items())), tuple(small)


_TYPES = {
    "int64": "Shape Size ArgMax ArgMin NonZero",
    "bool": "Equal Greater Less GreaterOrEqual LessOrEqual Not And Or Xor IsNaN IsInf",
    "int32": "ConvInteger MatMulInteger",
    "float32": "DequantizeLinear",
}
_TYPE_OF = {op: dtype for dtype, ops in _TYPES.items() for op in ops.split()}


def output_type(call: Call) -> str:
    """The element type of a call's first output."""
    if call.op == "Cast":
        legacy = call.attributes.get("to", {}).get("type") == "string"
        return call.text("to").lower() if legacy else dtype_name(call.whole("to", 1))
    at = 1 if call.op in ("Where", "CastLike") and call.has(1) else 0
    first = call.inputs[at] if call.inputs else None
    return _TYPE_OF.get(call.op) or (first.dtype if first is not None else "float32")
