"""What a walk over a model's calls leaves behind: tensors, operations with their lines, stored tensors."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from isochrome.core.sizes import Shape
from isochrome.errors import FormulaError, ModelError
from isochrome.layers import Operation as KindCall
from isochrome.load.batch import Batched, batched, through_reshape
from isochrome.load.lines import Lines
from isochrome.load.store import Store
from isochrome.load.value import Carried, Unknown, Value
from isochrome.model.parts import Line, Operation, Tensor

__all__ = ["Graph", "Named"]


@dataclass(frozen=True, slots=True, eq=False)
class Named:
    """An operation with what a layer's name is made of, and how often it runs (None: depends on data)."""

    operation: Operation
    node: str
    calls: int | None
    scopes: str = ""


@dataclass(slots=True, eq=False)
class Graph:
    """The model as far as it was walked. ``samples`` is the size of the batch. Equal calls are built once."""

    store: Store
    samples: int = 1
    tensors: dict[str, Tensor] = field(default_factory=dict)
    found: list[Named] = field(default_factory=list)
    _lines: Lines = field(default_factory=Lines)
    _calls: dict[object, KindCall] = field(default_factory=dict)
    _batched: dict[object, tuple[KindCall, Batched]] = field(default_factory=dict)

    def activation(
        self, name: str, shape: Shape | None, dtype: str = "float32", batch: Carried | None = None
    ) -> Value:
        """A tensor that depends on the input."""
        batch = batch if shape is not None and batch is not None and batch.axis < len(shape) else None
        self.tensors[name] = Tensor(
            shape, batch.axis if batch else None, dtype, batch.rows if batch else 1, batch.lead if batch else 1
        )
        return Value(name, shape, dtype, batch=batch)

    def built(self, key: object, build: Callable[[], KindCall]) -> KindCall:
        """The operation of a call; ``key`` is what it follows from, None where that is too much to compare."""
        if key is None:
            return build()
        if key not in self._calls:
            self._calls[key] = build()
        return self._calls[key]

    def lines(
        self, operation: KindCall, operands: Mapping[str, Value | None], names: Sequence[str]
    ) -> tuple[tuple[Line, ...], Batched]:
        """An operation's lines over the graph's tensors, and where its outputs carry the batch.

        ``names`` has the tensor of each output, '' where nobody wants it. Raises BatchElsewhere, and Unknown where the
        operation is sound and it is we who cannot write it.
        """
        batch = self._batch_of(operation, operands)
        try:
            return tuple(self._lines.of(operation, operands, names, batch)), batch
        except (ModelError, FormulaError) as fault:
            raise Unknown(str(fault)) from None

    def _batch_of(self, operation: KindCall, operands: Mapping[str, Value | None]) -> Batched:
        if operation.reshape is not None:
            at = operands["x"].batch if operands["x"] is not None else None
            after = through_reshape(*operation.reshape, at, self.samples)
            return Batched((), {} if after is None else {"y": after})
        key = id(operation), tuple((name, value and value.batch) for name, value in operands.items())
        if key not in self._batched:
            self._batched[key] = operation, batched(operation.lines, operands, self.samples)
        return self._batched[key][1]
