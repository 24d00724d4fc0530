"""What a question is asked about: one layer of a model with the numbers of one run, and words for its parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isochrome.ask.claims import Claim, decide
from isochrome.ask.explain import Explanation, explain
from isochrome.ask.marks import marked
from isochrome.ask.report import LayerReport, layer_report
from isochrome.ask.words import counted, joined
from isochrome.core.evaluate import factor_values
from isochrome.core.formula import Affine, loops_of
from isochrome.core.reach import Places, image
from isochrome.core.relation import Place, Relation, Taps
from isochrome.errors import shown
from isochrome.model.kept import cached_property
from isochrome.model.parts import Layer, Line, Model, Parameter
from isochrome.model.places import full_place, main_line, sample_letters, sample_place
from isochrome.model.roles import Role, placed_roles
from isochrome.model.values import Values

__all__ = ["Subject", "flat_places"]

_UNITS = {"filter": "filter", "channel": "channel", "group": "group"}


@dataclass(frozen=True, eq=False)
class Subject:
    """A layer, read through its main line. All of it is read off the formula; numbers are had when they are needed."""

    model: Model
    layer: Layer
    values: Values

    @property
    def name(self) -> str:
        """The layer's name as it may be shown."""
        return shown(self.layer.name, 60)

    @cached_property
    def line(self) -> Line:
        """The line that the layer's neurons are read from."""
        return main_line(self.layer)

    @cached_property
    def relation(self) -> Relation:
        """Its relation, with the tables of the run where they depend on data."""
        return self.values.relation_of(self.line)

    @cached_property
    def row(self) -> LayerReport:
        """The layer's row of the sharing table."""
        return layer_report(self.model, self.layer)

    @cached_property
    def sizes(self) -> dict[str, int]:
        """How often each loop of the main line runs, for one sample."""
        if not self.line.depends:
            return dict(self.line.relation.sizes)
        found: dict[str, int] = {}
        for access in self.line.formula.accesses:
            for index, size in zip(access.indices, self.line.shape(access.name), strict=True):
                if isinstance(index, Affine) and index.loop:
                    found[index.loop] = size
        return found

    # --- loops ------------------------------------------------------------------------------------------------

    @cached_property
    def roles(self) -> dict[str, Role]:
        """The role of each loop of the main line."""
        return placed_roles(self.line)

    def loops(self, *roles: Role) -> tuple[str, ...]:
        """The loops that have one of some roles, the batch apart."""
        return tuple(loop for loop, role in self.roles.items() if role in roles and loop != self.line.batch)

    def size(self, loops: Sequence[str]) -> int:
        """How many assignments some loops have together."""
        return prod(self.sizes[loop] for loop in loops)

    def extent(self, loops: Sequence[str]) -> str:
        """Sizes as they are read: ``3×3``; a single number where there is one loop."""
        return "×".join(f"{self.sizes[loop]:,}" for loop in loops) or "1"

    @cached_property
    def positions(self) -> tuple[str, ...]:
        """The loops that count positions."""
        return self.loops("position")

    @cached_property
    def filters(self) -> tuple[str, ...]:
        """The loops that count filters, those of groups included."""
        return self.loops("filter", "group")

    @cached_property
    def channels(self) -> tuple[str, ...]:
        """The loops that count the channels that a filter adds up."""
        return self.loops("channel")

    @cached_property
    def taps(self) -> tuple[str, ...]:
        """The loops that count taps."""
        return self.loops("tap")

    @cached_property
    def summed(self) -> tuple[str, ...]:
        """The loops that a neuron sums over."""
        return tuple(loop for loop in self.line.formula.loops if loop not in self.line.formula.output.loops)

    def shared(self, line: Line) -> tuple[str, ...]:
        """The loops that a line's weight does not mention, the batch apart."""
        return tuple(loop for loop in line.pattern.along.shared if loop != line.batch)

    @cached_property
    def position_words(self) -> tuple[str, ...]:
        """What each position loop counts: time steps where the line carries a state or one position, else places."""
        count = len(self.positions)
        names = {1: ("position",), 2: ("row", "column"), 3: ("depth", "row", "column")}
        return names.get(count, self.positions)

    @cached_property
    def reads_input(self) -> bool:
        """Whether a weight multiplies an input here."""
        return bool(self.line.weight) and self.line.input_number is not None

    @cached_property
    def weights(self) -> int:
        """How many distinct weights the main line mentions."""
        if self.line.depends or len(self.layer.weight_lines) == 1:
            return self.row.counts.weights
        return self.line.pattern.uses.mentioned

    @cached_property
    def tied_with(self) -> tuple[str, ...]:
        """The layers that use the same storage, as they may be shown; a few of them."""
        return tuple(shown(name, 40) for name in self.row.tied_with[:4])

    @property
    def part(self) -> str:
        """Which part of the layer the main line is, where it has several: a sentence, or ''."""
        others = [one for one in self.layer.weight_lines if one is not self.line]
        if not others:
            return ""
        return f" (This is about {self.line.weight_access} alone; {self.name} has other weights too.)"

    @cached_property
    def carries_state(self) -> bool:
        """Whether a line of the layer reads what it computed a step before."""
        return any(not tensor for line in self.layer.weight_lines for _, tensor in line.inputs)

    @cached_property
    def filter_shape(self) -> str:
        """A filter as it is read: its channels and taps, ``3×3×3``."""
        return self.extent((*self.channels, *self.taps))

    @cached_property
    def parameter(self) -> Parameter | None:
        """The stored tensor behind the main line."""
        return None if self.line.parameter is None else self.model.parameters[self.line.parameter]

    # --- neurons ----------------------------------------------------------------------------------------------

    @cached_property
    def centre(self) -> Place:
        """A neuron amid the positions, of the first filter, one whose window is whole if there is any; no batch axis.

        (In a transposed layer neurons beside each other have unlike numbers of taps.)
        """
        line, access = self.line, self.line.formula.output
        shape = line.shape(access.name)
        middle = [
            size // 2 if any(self.roles.get(loop) == "position" for loop in loops_of(index)) else 0
            for index, size in zip(access.indices, shape, strict=True)
        ]
        return sample_place(line, access, self._connected(tuple(middle)))

    def _connected(self, place: Place) -> Place:
        """A neuron beside a place, with as many connections as any of them: where taps slide, some have none."""
        if not self.slides or self.line.depends:
            return place
        shape, axes = self.relation.shapes[0], self.line.formula.output.indices
        reach = [range(min(size, 4)) if set(loops_of(index)) & {*self.positions} else range(1)
                 for index, size in zip(axes, shape, strict=True)]  # fmt: skip
        near = [tuple((at + step) % size for at, step, size in zip(place, steps, shape, strict=True))
                for steps in product(*reach)]  # fmt: skip
        return max(near, key=lambda one: self.relation.fix({0: one}).total)

    @property
    def letters(self) -> tuple[str, ...]:
        """The letters of a neuron's place."""
        return sample_letters(self.line, self.line.formula.output)

    def full(self, neuron: Place) -> Place:
        """A neuron's place with its batch axis."""
        return full_place(self.line, self.line.formula.output, neuron, f"neuron of {self.name}")

    def taps_of(self, neuron: Place) -> Taps:
        """The taps of a neuron."""
        return self.relation.fix({0: self.full(neuron)})

    def weights_of(self, neuron: Place) -> set[Place]:
        """The stored weights of a neuron, each once."""
        number = self.line.weight_number
        return set(map(tuple, self.taps_of(neuron).places()[number].tolist()))

    def all_weights_of(self, neuron: Place) -> int:
        """How many stored weights a neuron has in all lines that add to it."""
        lines = [line for line in self.layer.weight_lines if line.output == self.line.output]
        place, count = self.full(neuron), 0
        for line in lines:
            made = self.values.relation_of(line)
            places = made.fix({0: place}).places()[line.weight_number]
            count += len(np.unique(flat_places(places, made.shapes[line.weight_number])))
        return count

    def weights_of_filter(self, neuron: Place) -> int:
        """How many stored weights the filter of a neuron has: those of all its positions, where taps slide along y."""
        number = self.line.weight_number
        if not self.slides and not set(self.positions) & set(self.line.weight_access.loops):
            return len(np.unique(flat_places(self.taps_of(neuron).places()[number], self.relation.shapes[number])))
        shape, place = self.relation.shapes[0], self.full(neuron)
        box = tuple(
            tuple(range(size)) if set(loops_of(index)) & {*self.positions} else (at,)
            for at, index, size in zip(place, self.line.formula.output.indices, shape, strict=True)
        )
        return image(self.relation, 0, number, Places((box,))).count

    @cached_property
    def slides(self) -> bool:
        """Whether taps slide along the output: a transposed convolution, say."""
        indices = self.line.formula.output.indices
        return any(len(loops_of(index)) > 1 and set(loops_of(index)) & {*self.positions} for index in indices)

    @cached_property
    def filters_apart(self) -> bool | None:
        """Whether no two filters have a weight in common; None where that cannot be told."""
        found = decide(Claim("different", ("filter",)), marked(self.line, self.relation))
        return None if found is None else found.holds

    def beside(self, neuron: Place, step: int = 1) -> Place:
        """A neuron of the same filter at another position: the next one, or the one before at the end of a map."""
        place, access = list(self.full(neuron)), self.line.formula.output
        for axis in reversed(range(len(place))):
            if any(self.roles.get(loop) == "position" for loop in loops_of(access.indices[axis])):
                size = self.line.shape(access.name)[axis]
                if size > 1 and access.indices[axis] != Affine(((self.line.batch, 1),)):
                    place[axis] += step if place[axis] + step < size else -step
                    break
        return sample_place(self.line, access, tuple(place))

    def explain(self, neuron: Place) -> Explanation:
        """One neuron's arithmetic, checked against the framework."""
        return explain(self.model, self.layer, neuron, self.values)

    def arrays(self) -> dict[str, NDArray[Any]] | None:
        """The numbers of every factor of the main line, of all samples; None where the run does not give them."""
        found: dict[str, NDArray[Any]] = dict(self.line.constants)
        for name, tensor in self.line.inputs:
            given = self.values.inputs(self.line, tensor) if tensor else None
            if given is None:
                return None
            shape = self.line.shape(name)
            found[name] = given[0][tuple(slice(0, size) for size in shape)]
        if self.line.weight:
            weights = self.values.weights(self.line)
            if weights is None:
                return None
            found[self.line.weight] = weights
        return found

    def products(self, taps: Taps, arrays: dict[str, NDArray[Any]]) -> NDArray[np.float64]:
        """The product of each of some taps."""
        found: NDArray[np.float64] = np.prod(factor_values(taps, taps.places(), arrays), axis=0)
        return found * self.line.scale

    # --- words ------------------------------------------------------------------------------------------------

    def unit(self, role: Role) -> str:
        """What a loop of a role counts; a group that holds one filter and one channel is a channel."""
        alone = role == "group" and self.size(self.loops("filter")) == self.size(self.channels) == 1
        return "channel" if alone else _UNITS.get(role, role)

    def neuron(self, place: Place) -> str:
        """A neuron as it is written: ``y[0,1,2]``."""
        return f"y[{','.join(map(str, place))}]"

    @cached_property
    def along_words(self) -> dict[str, str]:
        """Each loop with what it counts and its size: ``p (3 rows)``."""
        names = dict(zip(self.positions, self.position_words, strict=True))
        names |= {loop: self.unit(role) for loop, role in self.roles.items() if role in _UNITS}
        names |= {loop: "tap place" for loop in self.taps}
        names |= {self.line.batch: "sample"} if self.line.batch else {}
        return {
            loop: f"{loop} ({counted(size, names[loop])})" if loop in names else f"{loop} ({size:,})"
            for loop, size in self.sizes.items()
        }

    def along(self, loops: Sequence[str]) -> str:
        """Some loops in words."""
        return joined([self.along_words[loop] for loop in loops])


def flat_places(places: NDArray[np.int64], shape: Sequence[int]) -> NDArray[np.int64]:
    """Places of a tensor as single numbers, in the order of its elements."""
    return places @ np.array([prod(shape[axis + 1 :]) for axis in range(len(shape))], np.int64)
