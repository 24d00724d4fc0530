"""An ONNX file as a Model, and a way to read its stored numbers when a question needs them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isochrome.core.sizes import Shape
from isochrome.errors import FormulaError, ModelError
from isochrome.load.assemble import NO_BATCH, assembled
from isochrome.load.batch import BatchElsewhere
from isochrome.load.child import read_record
from isochrome.load.graph import Graph, Named
from isochrome.load.join import with_added_biases
from isochrome.load.onnx_bodies import SPECIAL
from isochrome.load.onnx_held import held_rows, unread_rows
from isochrome.load.onnx_names import layer_path
from isochrome.load.onnx_walk import Walk
from isochrome.load.source import Source
from isochrome.load.store import Store, StoredTensor
from isochrome.load.tensors import read_elements, read_part, read_tensor
from isochrome.model.parts import Model

__all__ = ["OnnxFile", "open_onnx", "read_model"]


@dataclass(frozen=True, slots=True, eq=False)
class OnnxFile:
    """A model and the file behind it."""

    model: Model
    source: Source
    _tensors: tuple[Mapping[str, Any], ...]
    _stored: tuple[StoredTensor, ...]
    _held: tuple[int, ...] = ()

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
        """The numbers of one row of the model's ``held``."""
        return read_tensor(self.source, self._tensors[self._held[number]])

    def read_held_part(self, number: int, at: slice | NDArray[np.int64]) -> NDArray[Any] | None:
        """Some of them, in the tensor's own order: from one place to another, or at some places."""
        tensor = self._tensors[self._held[number]]
        if isinstance(at, slice):
            return read_part(self.source, tensor, int(at.start), int(at.stop))
        return read_elements(self.source, tensor, at)


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
        walk = Walk(record, Graph(Store(read)), SPECIAL, axis, sizes)
        try:
            walk.run()
            return walk
        except BatchElsewhere:
            continue
    walk = Walk(record, Graph(Store(read)), SPECIAL, None, sizes)
    walk.run()
    return walk


def _batch_axes(inputs: Sequence[Mapping[str, Any]]) -> list[int]:
    """The axes of the inputs along which the batch may run, the one that a name says first."""
    named = [axis for value in inputs for axis, size in enumerate(value["shape"] or ())
             if axis < 2 and isinstance(size, str) and "batch" in size.lower()]  # fmt: skip
    return list(dict.fromkeys([*named, 0, 1]))


def _assembled(walk: Walk, record: Mapping[str, Any], source: Source) -> OnnxFile:
    notes = [f"{what} is not given and taken as {size}" for what, size in sorted(walk.assumed.items())]
    if walk.batch_axis is None:
        notes.append(NO_BATCH)
    held, held_numbers = held_rows(record)
    found = with_added_biases(walk.graph.found, walk.outputs, walk.graph.tensors)
    model, stored = assembled(walk.graph, found, source.name, "onnx", walk.inputs, walk.outputs, notes, _path)
    unread = unread_rows(record, held)
    return OnnxFile(replace(model, held=held, unread=unread), source, tuple(record["tensors"]), stored, held_numbers)


def _path(named: Named, stored: Sequence[str]) -> str:
    return layer_path(named.node, named.scopes, stored)
