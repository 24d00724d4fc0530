"""What a view draws from: one layer, a selection, and the numbers of one run, asked through relations.

Everything here is read off the formula: which axis of a tensor is filter, channel, tap or position, which identity a
tap has at a level. No view knows a layer's kind.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from isochrome.ask.explain import Explanation, explain
from isochrome.ask.gradient import Target
from isochrome.ask.reading import inside_input, inside_output
from isochrome.core.formula import Access, loops_of
from isochrome.core.relation import Place, Relation, Taps
from isochrome.draw.identity import LEVELS, identity
from isochrome.draw.taps import Axes, Part, Rows
from isochrome.errors import RequestError
from isochrome.model.kept import cached_property
from isochrome.model.parts import Layer, Line, Model, Parameter
from isochrome.model.places import batch_axis, full_place, main_line, sample_letters
from isochrome.model.roles import Role, line_roles
from isochrome.model.values import Values

if TYPE_CHECKING:
    from isochrome.draw.selection import Selection

__all__ = ["Axes", "Part", "Rows", "Scene", "scene"]

Numbers = NDArray[np.int64]
NARROW, LEAST = 700, 300
"""Pixels: a view that can be drawn for a narrow page is, where there are fewer; the least that is drawn into."""


@dataclass(frozen=True, eq=False)
class Scene:
    """One layer with a selection: neurons i and j, a weight, a filter and a channel; ``level`` is what colour means,
    ``target`` what gradients are of (None: the sum of the layer's outputs). ``fold`` draws equal blocks of the network
    once. ``room`` is how many pixels wide the page is that shows it, 0 where any width will do. ``selected`` is what is
    lit, where that is no weight.
    """

    model: Model
    layer: Layer
    line: Line
    values: Values | None
    level: str = "weight"
    neurons: tuple[Place, ...] = ()
    weight: Place | None = None
    filter: int = 0
    channel: int = 0
    chosen: tuple[str, ...] = ()
    window: tuple[tuple[int, int], ...] = ()
    many: bool = False
    channel_last: bool = False
    fold: bool = True
    room: int = 0
    target: Target | None = None
    selected: Selection | None = None

    @property
    def narrow(self) -> bool:
        """Whether the page that shows it is narrower than a picture of usual size."""
        return 0 < self.room < NARROW

    @property
    def width(self) -> int:
        """How wide a picture for a narrow page should be."""
        return max(self.room, LEAST)

    # --- the tensors ------------------------------------------------------------------------------------------

    @cached_property
    def relation(self) -> Relation:
        """The relation of the layer's main line for one sample."""
        return self.line.relation if self.values is None else self.values.relation_of(self.line)

    @cached_property
    def roles(self) -> dict[str, Role]:
        """The role of each loop."""
        return line_roles(self.line)

    @cached_property
    def y(self) -> Axes:
        """The output."""
        return self._axes(self.line.formula.output)

    @cached_property
    def x(self) -> Axes | None:
        """The input, if the line reads one."""
        number = self.line.input_number
        return None if number is None else self._axes(self.line.formula.accesses[number])

    @cached_property
    def w(self) -> Axes:
        """The stored weight; without axes where the line has none."""
        return self._axes(self.line.weight_access) if self.line.weight else Axes("", (), (), ())

    def _axes(self, access: Access) -> Axes:
        shape = self.line.shape(access.name)
        batch = batch_axis(self.line, access)
        found = []
        for index in access.indices:
            here = {self.roles.get(loop) for loop in loops_of(index)}
            order: tuple[Role, ...] = ("position", "filter", "channel", "group", "tap")
            found.append(next((role for role in order if role in here), None))
        keep = [axis for axis in range(len(shape)) if axis != batch]
        return Axes(
            access.name,
            sample_letters(self.line, access),
            tuple(shape[axis] for axis in keep),
            tuple(found[axis] for axis in keep),
        )

    @property
    def parameter(self) -> Parameter | None:
        """The stored tensor behind the line."""
        return None if self.line.parameter is None else self.model.parameters[self.line.parameter]

    @cached_property
    def bias_line(self) -> Line | None:
        """The line that adds a bias to the same output, if there is one."""
        return next((line for line in self.layer.bias_lines if line.output == self.line.output), None)

    # --- numbers ----------------------------------------------------------------------------------------------

    @cached_property
    def y_values(self) -> NDArray[np.generic] | None:
        """The framework's own output for one sample, without the batch axis."""
        if self.line.inner and self.values is not None:
            return self._first(inside_output(self.layer, self.line, self.values), self.line.formula.output)
        return None if self.line.inner else self._sample(self.line.output, self.line.formula.output)

    @cached_property
    def x_values(self) -> NDArray[np.generic] | None:
        """The layer's input for one sample, without the batch axis."""
        number = self.line.input_number
        if number is None:
            return None
        access = self.line.formula.accesses[number]
        if self.line.of:
            found = None if self.values is None else inside_input(self.layer, self.line, self.values)
            return self._first(found, access)
        return self._sample(dict(self.line.inputs)[access.name], access)

    @cached_property
    def w_values(self) -> NDArray[np.generic] | None:
        """The weights at their stored places."""
        return None if self.values is None else self.values.weights(self.line)

    def _sample(self, tensor: str, access: Access) -> NDArray[np.generic] | None:
        return self._first(None if self.values is None or not tensor else self.values.tensor(tensor), access)

    def _first(self, found: NDArray[np.generic] | None, access: Access) -> NDArray[np.generic] | None:
        axis = batch_axis(self.line, access)
        return found if found is None or axis is None else np.asarray(found.take(0, axis=axis))

    def explain(self, neuron: Place) -> Explanation:
        """The neuron's ledger, checked against the framework."""
        if self.values is None:
            raise RequestError("explain: must have the numbers of a run; there are none")
        return explain(self.model, self.layer, neuron, self.values)

    def bias_of(self, neuron: Place) -> tuple[Place, float | None] | None:
        """The place and value of the bias that a neuron adds, if it adds one."""
        line = self.bias_line
        if line is None:
            return None
        place = full_place(self.line, self.line.formula.output, neuron, "neuron")
        found = next(iter(line.relation.fix({0: place}).listed(0, 1)), None)
        if found is None or found[1] is None:
            return None
        weights = None if self.values is None else self.values.weights(line)
        return found[1], None if weights is None else float(weights[found[1]]) * line.scale

    # --- taps -------------------------------------------------------------------------------------------------

    def taps_of_neuron(self, neuron: Place, most: int = 20_000) -> tuple[Part, ...]:
        """Every tap of one neuron, in the order of the weight's place."""
        rows = self.rows_of_neuron(neuron)
        return self.parts(rows.take(np.arange(min(len(rows), most))))

    def rows_of_neuron(self, neuron: Place) -> Rows:
        """Every tap of one neuron as arrays, in the order of the weight's place."""
        place = full_place(self.line, self.line.formula.output, neuron, f"neuron of {self.layer.name}")
        found = self._rows(self.relation.fix({0: place}))
        return found.take(np.lexsort((*found.at.T[::-1], *found.w.T[::-1])))

    def taps_of_weight(self, place: Place, most: int = 20_000) -> tuple[Part, ...]:
        """Every tap of one stored weight."""
        return self.parts(self._rows(self.relation.fix({self.line.weight_number: place}), most))

    def taps_of_input(self, place: Place, most: int = 20_000) -> tuple[Part, ...]:
        """Every tap that reads one input."""
        number = self.line.input_number
        if number is None:
            return ()
        at = full_place(self.line, self.line.formula.accesses[number], place, f"input of {self.layer.name}")
        return self.parts(self._rows(self.relation.fix({number: at}), most))

    def uses_of_weight(self, place: Place) -> tuple[int, int]:
        """(taps, taps on real input) of one stored weight in this layer."""
        taps = self.relation.fix({self.line.weight_number: place})
        return taps.total, taps.real

    def filter_weights(self, filter_place: Place) -> tuple[Part, ...]:
        """The weights that the neurons of one filter use: the taps of a neuron amid the filter's positions."""
        return self.taps_of_neuron(self.neuron_at(filter_place, self.centre))

    @cached_property
    def filter_rows(self) -> Rows:
        """The taps of a neuron that stands for the chosen filter."""
        return self.rows_of_filter(self.filter)

    def rows_of_filter(self, number: int) -> Rows:
        """The taps of a neuron that stands for a filter: amid the positions, or the first with any."""
        if number not in self._rows_of_filters:
            place = self.filter_place(number)
            corner = (min(self.y.shape[axis], 4) for axis in self.y.of("position"))
            for position in (self.centre, *np.ndindex(*corner)):
                self._rows_of_filters[number] = self.rows_of_neuron(self.neuron_at(place, position))
                if len(self._rows_of_filters[number]):
                    break
        return self._rows_of_filters[number]

    @cached_property
    def _rows_of_filters(self) -> dict[int, Rows]:
        return {}

    @cached_property
    def centre(self) -> Place:
        """The position in the middle of the output, where padding is least likely."""
        return tuple(self.y.shape[axis] // 2 for axis in self.y.of("position"))

    def neuron_at(self, filter_place: Place, position: Place) -> Place:
        """The neuron of a filter at a position."""
        place = [0] * len(self.y.shape)
        for axis, value in zip(self.y.of("filter", "group"), filter_place, strict=True):
            place[axis] = value
        for axis, value in zip(self.y.of("position"), position, strict=True):
            place[axis] = value
        return tuple(place)

    def filter_of(self, neuron: Place) -> Place:
        """The filter of a neuron: its place along the output's filter axes."""
        return tuple(neuron[axis] for axis in self.y.of("filter", "group"))

    def filter_place(self, number: int) -> Place:
        """The n-th filter's place along the output's filter axes."""
        sizes = tuple(self.y.shape[axis] for axis in self.y.of("filter", "group"))
        return tuple(int(value) for value in np.unravel_index(min(number, prod(sizes) - 1), sizes)) if sizes else ()

    @property
    def filters(self) -> int:
        """How many filters the layer has."""
        return self.y.size("filter", "group")

    @property
    def channels(self) -> int:
        """How many input channels the layer reads."""
        return 1 if self.x is None else self.x.size("channel", "group")

    def neuron_identity(self, neuron: Place) -> str | None:
        """What a neuron is at the scene's level: only a filter is a neuron's own."""
        own = self.level == "filter" and bool(self.line.weight) and self.has_own_filter
        return identity("filter", self.filter_of(neuron)) if own else None

    @cached_property
    def has_own_filter(self) -> bool:
        """Whether a weight belongs to one filter: its index mentions every loop of the output's filter axes."""
        if not self.y.of("filter", "group"):
            return False
        mentioned = {loop for index in self.line.weight_access.indices for loop in loops_of(index)}
        return all(loop in mentioned for loop, role in self.roles.items() if role in ("filter", "group"))

    def input_identity(self, place: Place) -> str | None:
        """What an input is at the scene's level: only a channel is an input's own."""
        if self.level != "channel" or self.x is None or not self.x.of("channel", "group"):
            return None
        return identity("channel", tuple(place[axis] for axis in self.x.of("channel", "group")))

    def weight_identity(self, place: Place) -> str | None:
        """What a stored weight is at the scene's level."""
        found = self.parts(self._rows(self.relation.fix({self.line.weight_number: place}), 1))
        return found[0].identity(self.level) if found else None

    def parts(self, rows: Rows) -> tuple[Part, ...]:
        """The taps of some rows, one by one."""
        return tuple(self._part(rows, row) for row in range(len(rows)))

    def _part(self, rows: Rows, row: int) -> Part:
        y, w, at = (tuple(places[row].tolist()) for places in (rows.y, rows.w, rows.at))
        real = bool(rows.real[row])
        weight = None if rows.weight is None else float(rows.weight[row])
        read = 0.0 if not real else None if rows.input is None else float(rows.input[row])
        product = None if weight is None or read is None else weight * read * self.line.scale
        return Part(y, w, at if real and at else None, at, self.line.parameter, weight, read, product,
                    self._identities(y, w, at))  # fmt: skip

    def _rows(self, taps: Taps, most: int | None = None) -> Rows:
        arrays = taps.places(0, most)
        y = self._sample_places(0, arrays)
        w = arrays[self.line.weight_number] if self.line.weight else np.zeros((len(y), 0), np.int64)
        weights, number = self.w_values, self.line.input_number
        weight = None if weights is None else weights[tuple(w.T)].astype(np.float64)
        if number is None:
            none = np.zeros((len(w), 0), np.int64)
            return Rows(y, w, none, np.ones(len(w), np.bool_), none.sum(1), weight, None, None)
        at, real = self._sample_places(number, arrays), self.relation.inside(number, arrays[number])
        read = None if self.x_values is None else np.zeros(len(w))
        if read is not None and self.x_values is not None:
            read[real] = self.x_values[tuple(at[real].T)]
        with np.errstate(invalid="ignore", over="ignore"):
            product = None if weight is None or read is None else weight * read * self.line.scale
        return Rows(y, w, at, real, self._channels(at), weight, read, product)

    def _sample_places(self, number: int, arrays: Sequence[Numbers]) -> Numbers:
        axis = batch_axis(self.line, self.line.formula.accesses[number])
        return arrays[number] if axis is None else np.delete(arrays[number], axis, axis=1)

    def _channels(self, at: Numbers) -> Numbers:
        found = np.zeros(len(at), np.int64)
        if self.x is not None:
            for axis in self.x.of("channel", "group"):
                found = found * self.x.shape[axis] + at[:, axis]
        return found

    def _identities(self, y: Place, w: Place, at: Place) -> tuple[tuple[str, str | None], ...]:
        if not self.line.weight:
            return tuple((level, None) for level in LEVELS)
        number = self.line.parameter or 0
        taps = tuple(w[axis] for axis in self.w.of("tap"))
        channel = None
        if self.x is not None and self.x.of("channel", "group"):
            channel = identity("channel", tuple(at[axis] for axis in self.x.of("channel", "group")))
        return (
            ("weight", identity("weight", w, parameter=number)),
            ("tap", identity("tap", taps) if taps else None),
            ("filter", identity("filter", self.filter_of(y)) if self.has_own_filter else None),
            ("channel", channel),
            ("parameter", identity("parameter", number)),
        )

    # --- selection --------------------------------------------------------------------------------------------

    def with_defaults(self) -> Scene:
        """The scene with two neurons chosen where none are: the first of the filter, and its next neighbour."""
        if self.neurons:
            return self
        first = self.neuron_at(self.filter_place(self.filter), tuple(0 for _ in self.y.of("position")))
        positions = self.y.of("position")
        neighbours = [axis for axis in reversed(positions) if self.y.shape[axis] > 1]
        if not neighbours:
            return replace(self, neurons=(first,))
        second = list(first)
        second[neighbours[0]] = 1
        return replace(self, neurons=(first, tuple(second)))


def scene(
    model: Model,
    layer: Layer,
    values: Values | None,
    level: str = "weight",
    neurons: Sequence[Place] = (),
    line: Line | None = None,
    weight: Place | None = None,
    filter_number: int | None = None,
    channel: int = 0,
    chosen: Sequence[str] = (),
    many: bool = False,
) -> Scene:
    """The scene of a layer, checked: neurons lie in its output, filter and channel are there, the level is one."""
    if level not in LEVELS:
        raise RequestError(f"colour: must be one of {', '.join(LEVELS)}; got {level}")
    made = Scene(model, layer, main_line(layer) if line is None else line, values, level, tuple(map(tuple, neurons)),
                 weight, filter_number or 0, channel, tuple(chosen), (), many)  # fmt: skip
    for neuron in made.neurons:
        full_place(made.line, made.line.formula.output, neuron, f"neuron of {layer.name}")
    if filter_number is None and made.neurons and made.y.of("filter", "group"):
        sizes = tuple(made.y.shape[axis] for axis in made.y.of("filter", "group"))
        made = replace(made, filter=int(np.ravel_multi_index(made.filter_of(made.neurons[0]), sizes)))
    if not 0 <= made.filter < max(made.filters, 1):
        raise RequestError(f"filter: must be 0 to {made.filters - 1}; got {made.filter}")
    if not 0 <= channel < max(made.channels, 1):
        raise RequestError(f"channel: must be 0 to {made.channels - 1}; got {channel}")
    return made.with_defaults()
