"""One call of one ATen operation: its arguments by the schema's names, tensors as what the walk knows of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isochrome.core.sizes import Shape
from isochrome.errors import ModelError, shown
from isochrome.load.value import FLOATS, Unknown, Value
from isochrome.model.program import Facts, Symbol

__all__ = ["Call", "call_key", "operation_name"]

MOST_COMPARED = 4096
SHAPE_ALONE = {
    **dict.fromkeys(("expand_as", "reshape_as", "view_as", "type_as", "to"), "other"),
    **dict.fromkeys(("copy", "fill"), "self"),
}
"""The tensor of a call that gives shape and type alone: whatever its numbers are, the result is the same."""


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """An operation's name without its overload and its mark for "in place", and its arguments, lists as tuples.

    ``facts`` has what is known of each output without its numbers; ``read`` the numbers of a constant, if known.
    """

    op: str
    arguments: Mapping[str, Any]
    outputs: tuple[str, ...]
    facts: tuple[Facts | None, ...]
    read: Callable[[Value], NDArray[Any] | None]

    @property
    def values(self) -> tuple[tuple[str, Value], ...]:
        """Every tensor whose numbers matter, named by the argument, in a list by its number too: ``tensors.1``."""
        found: list[tuple[str, Value]] = []
        for name, value in self.arguments.items():
            if name == SHAPE_ALONE.get(self.op):
                continue
            if isinstance(value, Value):
                found.append((name, value))
            elif isinstance(value, tuple):
                found += [(f"{name}.{at}", one) for at, one in enumerate(value) if isinstance(one, Value)]
        return tuple(found)

    def maybe(self, name: str) -> Value | None:
        """A tensor that may be absent; ``tensors.1`` is one of a list."""
        name, _, number = name.partition(".")
        value = self.arguments.get(name)
        if number and isinstance(value, tuple):
            value = value[int(number)] if int(number) < len(value) else None
        return value if isinstance(value, Value) else None

    def value(self, name: str) -> Value:
        """A tensor that must be there."""
        found = self.maybe(name)
        if found is None:
            raise ModelError(f"argument {name}: must be a tensor; is {shown(str(self.arguments.get(name)), 40)}")
        return found

    def shape(self, name: str) -> Shape:
        """The shape of a tensor that must be there."""
        found = self.value(name).shape
        if found is None:
            raise Unknown(f"the shape of its {name} is not known")
        return found

    def maybe_shape(self, name: str) -> Shape | None:
        """The shape of a tensor that may be absent."""
        return self.shape(name) if self.maybe(name) is not None else None

    def out(self, place: int = 0) -> Shape:
        """The shape of an output."""
        found = self.facts[place] if place < len(self.facts) else None
        if found is None:
            raise Unknown("the shape of its output is not known")
        return found.shape

    def whole(self, name: str, default: int | None = None) -> int:
        """A whole number; a tensor that holds one known number counts."""
        found = self._number(name)
        found = default if found is None else found
        if not isinstance(found, int):
            raise _must(name, "be a whole number", found)
        return int(found)

    def real(self, name: str, default: float | None = None) -> float | None:
        """A number, None where it is absent without a default or depends on data."""
        found = self._number(name)
        found = default if found is None else found
        return float(found) if isinstance(found, int | float) else None

    def _number(self, name: str) -> Any:
        found = self.arguments.get(name)
        if not isinstance(found, Value):
            return found
        numbers = self.read(found)
        return numbers.reshape(-1)[0].item() if numbers is not None and numbers.size == 1 else None

    def flag(self, name: str, default: bool = False) -> bool:
        """A truth value."""
        found = self.arguments.get(name)
        return default if found is None else bool(found)

    def text(self, name: str, default: str = "") -> str:
        """A string, or the name of one of PyTorch's own types."""
        found = self.arguments.get(name)
        return found.name if isinstance(found, Symbol) else default if found is None else str(found)

    def ints(self, name: str, count: int = 0, default: Sequence[int] = ()) -> tuple[int, ...]:
        """Whole numbers; one stands for ``count`` of them."""
        found = self.arguments.get(name)
        if found is None or found == ():
            found = tuple(default)
        if isinstance(found, int) and not isinstance(found, bool):
            found = (found,)
        numbers = [self._item(one) for one in found] if isinstance(found, tuple) else [None]
        if not all(isinstance(one, int) for one in numbers):
            raise _must(name, "hold whole numbers", found)
        return tuple(int(one) for one in numbers if one is not None) * (count if count and len(numbers) == 1 else 1)

    def _item(self, value: Any) -> Any:
        numbers = self.read(value) if isinstance(value, Value) else None
        return numbers.reshape(-1)[0].item() if numbers is not None and numbers.size == 1 else value

    def has(self, name: str) -> bool:
        """Whether an argument is there."""
        return self.arguments.get(name) is not None

    def numbers(self, name: str) -> NDArray[np.int64] | None:
        """The whole numbers of a tensor, if they do not depend on data."""
        found = self.maybe(name)
        known = None if found is None else self.read(found)
        return None if known is None or known.dtype.kind not in "iu" else known.astype(np.int64)


def _must(name: str, what: str, found: Any) -> ModelError:
    return ModelError(f"argument {name}: must {what}; got {shown(str(found), 40)}")


def operation_name(target: str) -> tuple[str, str]:
    """The library of an operation, and its name without overload and mark for "in place".

    >>> operation_name("aten.add_.Tensor"), operation_name("aten.__iand__.Scalar"), operation_name("mine.f")
    (('aten', 'add'), ('aten', '__and__'), ('mine', 'f'))
    """
    library, _, rest = target.partition(".")
    name = rest.partition(".")[0]
    if name.startswith("__"):
        return library, f"__{name[3:]}" if name.startswith("__i") else name
    return library, name if len(name) < 2 else name.removesuffix("_")


def call_key(call: Call) -> object:
    """What an operation follows from: equal calls are one; None where too many numbers matter."""
    parts: list[object] = []
    for name, value in call.arguments.items():
        items = value if isinstance(value, tuple) else (value,)
        for one in items:
            if not isinstance(one, Value):
                parts.append((name, type(one).__name__, str(one)))
                continue
            numbers = call.read(one) if one.stored and one.dtype not in FLOATS or one.shape == () else None
            if numbers is not None and numbers.size > MOST_COMPARED:
                return None
            known = None if numbers is None else numbers.tobytes()
            parts.append((name, one.shape, one.stored, one.kept, one.dtype in FLOATS, known))
    return call.op, tuple(parts), tuple(fact and (fact.shape, fact.dtype) for fact in call.facts)
