"""The numbers at one tap of a line: its weight, its input, and what else multiplies them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from isochrome.core.formula import Access, Affine, Table
from isochrome.core.relation import Place
from isochrome.model.parts import Layer, Line, Model
from isochrome.model.places import sample_place
from isochrome.model.values import Array, Values

__all__ = ["Reading", "Tap", "inner_name", "inside_input", "inside_output", "reading", "samples_of", "shifted"]

Tap = Sequence[Place | None]


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """A line with the arrays of one run behind its factors; ``sample`` is which sample of the batch is read."""

    model: Model
    line: Line
    at_weight: int | None
    at_input: int | None
    weights: Array | None
    inputs: Array | None
    sizes: Array | None
    others: tuple[tuple[int, Array | None], ...]
    constants: Mapping[str, Array]
    names: tuple[str, ...]
    sample: int = 0

    def weight(self, tap: Tap) -> float | None:
        """The weight at a tap; the line's scale where nothing stored multiplies."""
        if self.at_weight is None:
            return self.line.scale
        return _at(self.weights, tap[self.at_weight])

    def input(self, tap: Tap) -> float | None:
        """The input at a tap: 0 on padding, 1 where the line has none; a product of several activations is one."""
        if self.at_input is None:
            return 1.0
        found = self._activation(self.inputs, self.at_input, tap)
        for at, array in self.others:
            other = self._activation(array, at, tap)
            found = None if found is None or other is None else found * other
        return found

    def size(self, tap: Tap) -> float:
        """What rounding in the input is relative to."""
        return 0.0 if self.at_input is None else self._activation(self.sizes, self.at_input, tap) or 0.0

    def factor(self, tap: Tap) -> float:
        """Constants that multiply, and the line's scale."""
        found = 1.0 if self.at_weight is None else self.line.scale
        for at, name in enumerate(self.names):
            place = tap[at]
            if name in self.constants and place is not None:
                found *= float(self.constants[name][place])
        return found

    def where(self, tap: Tap) -> Place | None:
        """The input's place in its sample; None on padding, or without an input."""
        place = None if self.at_input is None else tap[self.at_input]
        return None if place is None else sample_place(self.line, self._access(self.at_input or 0), place)

    def _access(self, at: int) -> Access:
        return self.line.formula.accesses[at]

    def _activation(self, array: Array | None, at: int, tap: Tap) -> float | None:
        place = tap[at]
        if place is None:
            return 0.0
        return _at(array, shifted(self.model, self.line, self._access(at), place, self.sample))


def inner_name(layer: Layer, what: str) -> str:
    """What a run calls a quantity inside an operation: by the operation's first output."""
    return f"{layer.output}/{what}"


def reading(layer: Layer, line: Line, values: Values, sample: int = 0) -> Reading:
    """A line of a layer over the numbers of a run."""
    names = tuple(access.name for access in line.formula.accesses)
    at_weight = names.index(line.weight) if line.weight else None
    at_input = line.input_number
    tensor = dict(line.inputs).get(names[at_input], "") if at_input is not None else ""
    found = values.inputs(line, tensor) if tensor else None
    if found is None and at_input is not None:
        inside = inside_input(layer, line, values)
        found = None if inside is None else (inside, np.abs(inside))
    inputs, sizes = (None, None) if found is None else found
    rest = [(names.index(name), one) for name, one in line.inputs]
    others = tuple((at, values.tensor(one)) for at, one in rest if at != at_input)
    weights = values.weights(line) if line.weight else None
    return Reading(
        values.model, line, at_weight, at_input, weights, inputs, sizes, others, dict(line.constants), names, sample
    )  # fmt: skip


def inside_input(layer: Layer, line: Line, values: Values) -> Array | None:
    """What a line reads of the operation's own inside; None where it reads a tensor, or the run cannot follow."""
    if not line.of or line.prepared is not None or values.differentiator is None:
        return None
    front = "reverse " if line.output.startswith("reverse ") else ""
    return values.tensor(inner_name(layer, front + line.of))


def inside_output(layer: Layer, line: Line, values: Values) -> Array | None:
    """The sums inside an operation that a line adds to; None where it adds to a tensor, or the run cannot follow."""
    if not line.inner or values.differentiator is None:
        return None
    return values.tensor(inner_name(layer, line.output))


def samples_of(model: Model, line: Line) -> int:
    """How many samples of the batch a line is for: those of its output, one where that carries none."""
    facts = None if line.inner else model.tensors.get(line.output)
    carries = bool(line.batch) if facts is None else facts.batch is not None
    return model.batch if carries else 1


def shifted(model: Model, line: Line, access: Access, place: Place, sample: int) -> Place:
    """A place of the first sample, in another one: further by whole samples along the axis that carries the batch."""
    if not sample:
        return place
    output = access is line.formula.output
    inside = (line.inner if output else bool(line.of)) and line.prepared is None
    facts = None if inside else model.tensors.get(line.output if output else dict(line.inputs).get(access.name, ""))
    moved = list(place)
    if facts is not None and facts.batch is not None:
        moved[facts.batch] += sample * facts.rows
    elif facts is None:
        for axis, (size, index) in enumerate(zip(line.shape(access.name), access.indices, strict=True)):
            moved[axis] += sample * size if _mentions(index, line.batch) else 0
    return tuple(moved)


def _mentions(index: Any, loop: str) -> bool:
    if not loop or isinstance(index, Table):
        return False
    return isinstance(index, Affine) and any(name == loop for name, _ in index.terms)


def _at(array: Any, place: Place | None) -> float | None:
    return None if array is None or place is None else float(array[place])
