"""An ONNX file as a Model, and a way to read its stored numbers when a question needs them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isochrome.core.sizes import Shape
from isochrome.errors import FormulaError, ModelError
from isochrome.load.child import read_record
from isochrome.load.onnx_batch import BatchElsewhere
from isochrome.load.onnx_bodies import SPECIAL
from isochrome.load.onnx_join import with_added_biases
from isochrome.load.onnx_names import layer_path
from isochrome.load.onnx_stored import Store, StoredTensor
from isochrome.load.onnx_walk import Named, Walk
from isochrome.load.source import Source
from isochrome.load.tensors import read_tensor
from isochrome.model.parts import Layer, Line, Model, Operation, Parameter

__all__ = ["OnnxFile", "open_onnx", "read_model"]


@dataclass(frozen=True, slots=True, eq=False)
class OnnxFile:
    """A model and the file behind it."""

    model: Model
    source: Source
    _tensors: tuple[Mapping[str, Any], ...]
    _stored: tuple[StoredTensor, ...]

    def read_parameter(self, number: int) -> NDArray[Any] | None:
        """The stored numbers of a parameter, None where the graph computes them."""
        stored = self._stored[number]
        if stored.known is not None:
            return stored.known
        if stored.fill is not None:
            return np.broadcast_to(np.float32(stored.fill), stored.shape)
        if stored.tensor is None:
            return None
        return read_tensor(self.source, self._tensors[stored.tensor])

    def read_held(self, number: int) -> NDArray[Any] | None:
        """The numbers of one initializer of the file."""
        return read_tensor(self.source, self._tensors[number])


def open_onnx(source: Source, sizes: Mapping[str, Shape] | None = None) -> OnnxFile:
    """The model in an ONNX file. ``sizes`` gives shapes of inputs that the file leaves open.

    No weight is read. Raises ModelError: the file, the node, what must hold, what was found.
    """
    return read_model(read_record(source), source, sizes)


def read_model(record: Mapping[str, Any], source: Source, sizes: Mapping[str, Shape] | None = None) -> OnnxFile:
    """The model that a file's record describes; as ``open_onnx``."""
    try:
        walk = _walked(record, source, sizes or {})
    except (ModelError, FormulaError) as fault:
        text = str(fault)
        raise ModelError(text if text.startswith(f"{source.name}: ") else f"{source.name}: {text}") from None
    return _assembled(walk, record, source)


def _walked(record: Mapping[str, Any], source: Source, sizes: Mapping[str, Shape]) -> Walk:
    def read(number: int) -> NDArray[Any]:
        return read_tensor(source, record["tensors"][number])

    for axis in _batch_axes(record["graph"]["inputs"]):
        walk = Walk(record, Store(record["tensors"], read), SPECIAL, axis, sizes)
        try:
            walk.run()
            return walk
        except BatchElsewhere:
            continue
    walk = Walk(record, Store(record["tensors"], read), SPECIAL, None, sizes)
    walk.run()
    return walk


def _batch_axes(inputs: Sequence[Mapping[str, Any]]) -> list[int]:
    """The axes of the inputs along which the batch may run, the one that a name says first."""
    named = [axis for value in inputs for axis, size in enumerate(value["shape"] or ())
             if axis < 2 and isinstance(size, str) and "batch" in size.lower()]  # fmt: skip
    return list(dict.fromkeys([*named, 0, 1]))


def _assembled(walk: Walk, record: Mapping[str, Any], source: Source) -> OnnxFile:
    numbers: dict[str, int] = {}
    operations: list[Operation] = []
    layers: list[Layer] = []
    taken: dict[str, int] = {}
    for named in with_added_biases(walk.found, walk.outputs, walk.tensors):
        operation = replace(named.operation, lines=tuple(_numbered(line, numbers) for line in named.operation.lines))
        operations.append(operation)
        if any(line.weight for line in operation.lines) or operation.kind == "opaque":
            layers.append(_layer(len(layers), len(operations) - 1, named, operation, walk, taken))
    stored = tuple(walk.store.tensors[key] for key in numbers)
    parameters = tuple(
        Parameter(number, tuple(one.names), one.shape, one.dtype, one.span, one.made, one.computed_from)
        for number, one in enumerate(stored)
    )
    notes = tuple(f"{what} is not given and taken as {size}" for what, size in sorted(walk.assumed.items()))
    if walk.batch_axis is None:
        notes += ("no axis of the inputs carries a batch through the whole model: counts are of the whole input",)
    model = Model(
        source.name, "onnx", parameters, walk.tensors, tuple(operations), tuple(layers), walk.inputs, walk.outputs,
        walk.samples, notes,
    )  # fmt: skip
    return OnnxFile(model, source, tuple(record["tensors"]), stored)


def _numbered(line: Line, numbers: dict[str, int]) -> Line:
    if not line.weight:
        return line
    return replace(line, parameter=numbers.setdefault(line.source, len(numbers)))


def _layer(
    number: int, place: int, named: Named, operation: Operation, walk: Walk, taken: dict[str, int]
) -> Layer:
    lines = tuple(line for line in operation.lines if line.weight)
    stored = [walk.store.tensors[line.source].names[0] for line in lines]
    path = layer_path(named.node, named.scopes, stored) or operation.name
    taken[path] = taken.get(path, 0) + 1
    name = path if taken[path] == 1 else f"{path}#{taken[path]}"
    given = next((tensor for line in lines for _, tensor in line.inputs if tensor), "")
    first = given or next(iter(operation.inputs), "")
    output = operation.outputs[0] if operation.outputs else ""
    aliases = tuple(dict.fromkeys(alias for alias in (named.node, output) if alias and alias != name))
    into, out = (walk.tensors[tensor].sample if tensor in walk.tensors else None for tensor in (first, output))
    return Layer(
        number, name, aliases, operation.kind, lines, first, output, into, out, place, named.calls, operation.opaque
    )
