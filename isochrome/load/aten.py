"""A PyTorch program as a Model: its calls read into our kinds, its stored tensors told apart by their bytes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isochrome.load.assemble import NO_BATCH, assembled
from isochrome.load.aten_names import path_namer, with_other_paths
from isochrome.load.aten_steps import SPECIAL
from isochrome.load.aten_walk import Walk
from isochrome.load.batch import BatchElsewhere
from isochrome.load.flat import flat_part
from isochrome.load.graph import Graph, Named
from isochrome.load.join import with_added_biases
from isochrome.load.store import Store, StoredTensor
from isochrome.model.parts import Model
from isochrome.model.program import Program

__all__ = ["ProgramModel", "program_model"]

Array = NDArray[Any]
Read = Callable[[int], Any]


@dataclass(frozen=True, slots=True, eq=False)
class ProgramModel:
    """A model, the program behind it, and a way to read the numbers of a row of ``Program.held``."""

    model: Model
    program: Program
    read: Read
    _stored: tuple[StoredTensor, ...]

    def read_parameter(self, number: int) -> Array | None:
        """The stored numbers of a parameter, None where the program computes them."""
        stored = self._stored[number]
        if stored.known is not None:
            return stored.known
        if stored.fill is not None:
            return np.broadcast_to(np.float32(stored.fill), stored.shape)
        if stored.tensor is not None:
            return self.read_held(stored.tensor)
        return self._put_together(stored) if stored.parts else None

    def _put_together(self, stored: StoredTensor) -> Array | None:
        """The stored tensor from the tensors that lie over it."""
        out: Array | None = None
        for number, origin in stored.parts:
            found = self.read_held(number)
            if found is None:
                return None
            out = np.zeros(stored.shape, found.dtype) if out is None else out
            axes = tuple(range(len(origin.shape)))
            out[tuple(index.over(axes, origin.shape) for index in origin.pieces[0].indices)] = found
        return out

    def read_held(self, number: int) -> Array | None:
        """The numbers behind one name of ``Model.held``, None where there are none to read."""
        found = self.read(number)
        return None if found is None else np.asarray(found)

    def read_held_part(self, number: int, at: slice | NDArray[np.int64]) -> Array | None:
        """Some of them, in the tensor's own order: from one place to another, or at some places."""
        found = self.read_held(number)
        return None if found is None else np.asarray(flat_part(found, at))


def program_model(program: Program, read: Read, name: str = "") -> ProgramModel:
    """The model that a program is; ``read`` gives the numbers of a row of ``Program.held``, None where there are none.

    No number of a weight is read. Raises ModelError that names the call.
    """
    walk = _walked(program)
    found = with_added_biases(walk.graph.found, program.outputs, walk.graph.tensors)

    def stored(named: Named) -> Sequence[Sequence[str]]:
        return [walk.names(line.effective, line.source) for line in named.operation.lines if line.weight]

    paths = path_namer(walk.sites, found, stored)
    lines = [line for named in found for line in named.operation.lines]
    carried = any(line.batch for line in lines if line.weight or line.output in program.outputs)
    opaque = (name for named in found if named.operation.opaque for name in named.operation.outputs)
    carried = carried or any(walk.graph.tensors[name].batch is not None for name in opaque)
    whole = walk.batch_axis is None or bool(program.inputs and found and not carried)
    notes = [*program.notes, *([NO_BATCH] if whole else [])]
    model, tensors = assembled(
        walk.graph, found, name or program.name, program.format, program.inputs, program.outputs, notes,
        lambda named, _: paths(named),
    )  # fmt: skip
    read_things = {program.held[number].thing for number in program.stored.values()}
    unread = tuple(number for number, row in enumerate(program.held) if row.thing not in read_things)
    layers = with_other_paths(model.layers, program.modules)
    model = replace(
        model, layers=layers, held=program.held, modules=program.modules, declared=program.declared, unread=unread
    )
    return ProgramModel(model, program, read, tensors)


def _walked(program: Program) -> Walk:
    for axis in (0, 1):
        walk = Walk(program, Graph(Store(_nothing)), SPECIAL, axis)
        try:
            walk.run()
            return walk
        except BatchElsewhere:
            continue
    walk = Walk(program, Graph(Store(_nothing)), SPECIAL, None)
    walk.run()
    return walk


def _nothing(number: int) -> Array:
    raise AssertionError(f"held tensor {number} is read for its identity alone")
