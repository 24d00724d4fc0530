"""The numbers of one run: activations, and stored weights at their places."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from threading import RLock
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from isochrome.core.formula import Access, Table
from isochrome.core.relation import Relation, relation
from isochrome.errors import RequestError, shown
from isochrome.model.parts import Line, Model

__all__ = ["Differentiator", "Ends", "Reader", "Runner", "Values"]

Array = NDArray[Any]
Ends = Sequence[str] | Callable[[Mapping[str, Any]], Any]


class Runner(Protocol):
    """Whatever can run the model on one input."""

    def fetch(self, tensors: Sequence[str]) -> dict[str, Array]:
        """The values of some of the graph's tensors; those that cannot be had are absent."""
        ...

    def on(self, inputs: Mapping[str, Array]) -> Runner:
        """The same model with other numbers in some tensors, by their names: its inputs, stored ones, or what its
        operations make; what is not named stays, or follows."""
        ...


class Differentiator(Protocol):
    """Whatever can give gradients of the model on one input."""

    def gradient(self, of: Ends, tensors: Sequence[str]) -> dict[str, Array]:
        """The gradient, by some tensors, of the sum of the tensors ``of``, or of what a function of the outputs gives;
        those that cannot be had are absent."""
        ...

    def on(self, inputs: Mapping[str, Array]) -> Differentiator:
        """The same model with other numbers in some tensors, as a runner's."""
        ...


class Reader(Protocol):
    """Whatever can read stored numbers."""

    def read_parameter(self, number: int) -> Array | None:
        """The stored numbers of a parameter, None where the graph computes them."""
        ...

    def read_held(self, number: int) -> Array | None:
        """The numbers behind one name of ``Model.held``, None where there are none to read."""
        ...

    def read_held_part(self, number: int, at: slice | NDArray[np.int64]) -> Array | None:
        """Some of those numbers in the tensor's own order, flat: from one place to another, or at some places."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Values:
    """Numbers of one run of a model; each tensor is had at most once.

    ``what`` says which input it was, ``framework`` who computed them ('' where that is our own evaluation, which
    proves nothing).
    """

    model: Model
    reader: Reader
    runner: Runner
    what: str = ""
    framework: str = ""
    differentiator: Differentiator | None = None
    _tensors: dict[str, Array | None] = field(default_factory=dict)
    _parameters: dict[tuple[int, str], Array | None] = field(default_factory=dict)
    _running: RLock = field(default_factory=RLock)

    def tensor(self, name: str) -> Array | None:
        """An activation, with its batch axis; None where the runtime does not give it."""
        return self.tensors((name,))[0]

    def tensors(self, names: Sequence[str]) -> tuple[Array | None, ...]:
        """Some activations, from one run."""
        if self._missing(names):
            with self._running:  # whoever waits here may have what it wants from the run before
                self._run(self._missing(names))
        return tuple(self._tensors.get(name) for name in names)

    def _missing(self, names: Sequence[str]) -> list[str]:
        return [name for name in dict.fromkeys(names) if name and name not in self._tensors]

    def _run(self, missing: Sequence[str]) -> None:
        found = self.runner.fetch(missing) if missing else {}
        for name, array in found.items():
            _check_shape(name, array, self.model)
        self._tensors.update({name: self._by_sample(name, found.get(name)) for name in missing})

    def _by_sample(self, name: str, array: Array | None) -> Array | None:
        tensor = self.model.tensors.get(name)
        return array if array is None or tensor is None else tensor.by_sample(array)

    def inputs(self, line: Line, tensor: str) -> tuple[Array, Array] | None:
        """What a line means by its input, and the size that rounding in it is relative to; None where not to be had."""
        if line.prepared is not None:
            found = self.tensors(line.prepared_from)
            known = [np.asarray(one, np.float64) for one in found if one is not None]
            return line.prepared.compute(known) if len(known) == len(found) else None
        plain = None if line.of else self.tensor(tensor)
        return None if plain is None else (plain, np.abs(plain))

    def weights(self, line: Line) -> Array | None:
        """A line's parameter at its stored places, as the operation sees it (dequantised, where it was quantised)."""
        number = line.parameter
        if number is None:
            return None
        key = number, "" if line.as_stored else line.effective
        if key not in self._parameters:
            shape = self.model.parameters[number].shape
            stored = self.reader.read_parameter(number) if line.as_stored else None
            self._parameters[key] = stored if line.as_stored else self._scattered(line, shape)
        return self._parameters[key]

    def _scattered(self, line: Line, shape: tuple[int, ...]) -> Array | None:
        """The effective tensor put back at the stored places, by the formula of where each element comes from."""
        effective, piece = self.tensor(line.effective), line.piece
        if effective is None or piece is None:
            return None
        axes, size = tuple(range(len(line.effective_shape))), line.effective_shape
        here = np.ones(size, np.bool_)
        for within in piece.within:
            value = within.value.over(axes, size)
            here &= (within.low <= value) & (value < within.high)
        found = effective.reshape(size)[here]
        if not shape:
            return found.reshape(())
        out = np.zeros(shape)
        out[tuple(index.over(axes, size)[here] for index in piece.indices)] = found
        return out

    def relation_of(self, line: Line, sample: int = 0) -> Relation:
        """The line's relation; where it depends on data, with the tables that this run gives for a sample."""
        if not line.depends:
            return line.relation
        tables = dict(line.tables)
        for access in line.formula.accesses:
            for index in access.indices:
                if isinstance(index, Table) and index.name not in tables:
                    tables[index.name] = self._table(index, line, access, sample)
        inputs = frozenset(name for name, _ in line.inputs)
        return relation(line.formula, dict(line.shapes), tables, inputs)

    def _table(self, index: Table, line: Line, access: Access, sample: int) -> Array:
        tensor = dict(line.data).get(index.name, "")
        found = self.tensor(tensor) if tensor else None
        if found is None:
            raise RequestError(f"{access}: what it looks up depends on data that this run does not give")
        size = line.shape(access.name)[access.indices.index(index)]
        ids = np.asarray(found, np.int64).reshape(found.shape or (1,))
        facts = self.model.tensors.get(tensor)
        if sample and facts is not None and facts.batch is not None:
            ids = np.roll(ids, -sample * facts.rows, facts.batch)  # the rows of the sample come first
        return np.where(ids < 0, ids + size, ids)


def _check_shape(name: str, array: Array, model: Model) -> None:
    """What a run gives must have the shape that the answers are about."""
    tensor = model.tensors.get(name)
    if tensor is not None and tensor.shape is not None and tuple(array.shape) != tensor.shape:
        raise RequestError(
            f"tensor {shown(name, 60)}: must have the shape {list(tensor.shape)} that follows from the model; the run "
            f"gives {list(array.shape)}"
        )
