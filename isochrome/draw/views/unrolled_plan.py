"""The same weights in several places: which steps are drawn, which neurons there, how their numbers are printed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from isochrome.core.relation import Place
from isochrome.draw.scene import Part, Scene
from isochrome.draw.views.digits import Digits, whole_or
from isochrome.draw.views.windows import block, covering
from isochrome.errors import shown
from isochrome.model.kept import cached_property
from isochrome.model.parts import Layer, Line

__all__ = ["Plan", "Step", "every_user", "plan_of", "users_of"]

STEPS, FEW, NEURONS, PORTS = 5, 4, 3, 3
"""The most steps (on a narrow page), neurons of a step, and weights of a neuron that are drawn."""
FOLDED, STEP, SCALED = 248.0, 216.0, 0.9
"""The widths of the folded part and of a step; a page shows a picture that is too wide this much smaller."""


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """One time, token, call or branch: its name, and the neurons there with the connections that are drawn."""

    name: str
    scene: Scene
    neurons: tuple[tuple[Place, tuple[Part, ...]], ...]

    @property
    def inputs(self) -> tuple[Place, ...]:
        """What the drawn connections read, in order."""
        return tuple(sorted({part.at for _, parts in self.neurons for part in parts if part.at}))

    @property
    def real(self) -> frozenset[Place]:
        """Those of them that are no padding."""
        return frozenset(part.at for _, parts in self.neurons for part in parts if part.x is not None)


@dataclass(frozen=True, eq=False)
class Plan:
    scene: Scene
    weights: tuple[tuple[Place, ...], ...]
    """The stored weights that are drawn: a row for each neuron of the first step."""
    steps: tuple[Step, ...]
    along: str
    """The letter of the loop that is unrolled, '' where it is calls."""
    total: int
    """How many steps there are."""
    first: int

    @cached_property
    def pointed(self) -> Place:
        """The weight that is followed."""
        every = [place for row in self.weights for place in row]
        if self.scene.weight is not None and self.scene.weight in every:
            return self.scene.weight
        padded = {part.w for step in self.steps for _, parts in step.neurons for part in parts if part.padding}
        middle = [*every[len(every) // 2 :], *every]
        return next((place for place in middle if place not in padded), middle[0])

    @cached_property
    def stored(self) -> Digits | None:
        """How the stored numbers are printed: all alike."""
        values = self.scene.w_values
        every = [place for row in self.weights for place in row]
        return None if values is None else whole_or([float(values[place]) for place in every], 2, 5, 3)

    @cached_property
    def read(self) -> Digits | None:
        """How the inputs of all steps are printed."""
        known = [float(step.scene.x_values[place]) for step in self.steps if step.scene.x_values is not None
                 for place in step.real]  # fmt: skip
        return whole_or(known, 4, 6, 3)

    @cached_property
    def given(self) -> Digits | None:
        """How the neurons of all steps are printed."""
        known = [float(step.scene.y_values[neuron]) for step in self.steps if step.scene.y_values is not None
                 for neuron, _ in step.neurons]  # fmt: skip
        return whole_or(known, 6, 7, 3)


def plan_of(scene: Scene) -> Plan:
    """Calls and branches where several layers use the stored tensor, else the positions along one axis."""
    users = users_of(scene)
    axes = scene.y.of("position")
    around = [tuple(neuron[axis] for axis in axes) for neuron in scene.neurons]
    if not _weights(scene, around[0]):  # a neuron that reads nothing: around one of its filter that does
        around = [tuple(scene.filter_rows.y[0, list(axes)].tolist())]
    position = around[0]
    weights, most = _weights(scene, position), _most(scene)
    if len(users) > 1:
        at = next((number for number, (layer, _) in enumerate(users) if layer.number == scene.layer.number), 0)
        low, high = block(at, most, len(users))
        steps = tuple(_call(scene, layer, line, position, weights) for layer, line in users[low:high])
        return Plan(scene, weights, steps, "", len(users), low)
    number = max((n for n, axis in enumerate(axes) if scene.y.shape[axis] > 1), default=0)
    axis, letter = axes[number], scene.y.letters[axes[number]]
    low, high = covering([place[number] for place in around], most, scene.y.shape[axis])
    if number < len(scene.window):
        low, high = scene.window[number][0], min(scene.window[number][1], scene.window[number][0] + most)
    places = [(*position[:number], at, *position[number + 1 :]) for at in range(low, high)]
    steps = tuple(_step(scene, f"{letter} = {place[number]}", place, weights) for place in places)
    return Plan(scene, weights, steps, letter, scene.y.shape[axis], low)


def _most(scene: Scene) -> int:
    """How many steps the page has room for."""
    if scene.narrow:
        return FEW
    return max(2, min(STEPS, int((scene.room / SCALED - FOLDED) / STEP))) if scene.room else STEPS


def users_of(scene: Scene) -> list[tuple[Layer, Line]]:
    """The layers that use the line's stored tensor, each with the line that does."""
    found: dict[int, tuple[Layer, Line]] = {}
    for layer, line in every_user(scene):
        if not line.depends:
            found.setdefault(layer.number, (layer, line))
    return list(found.values())


def every_user(scene: Scene) -> list[tuple[Layer, Line]]:
    """As ``users_of``, with those where the data chooses what is used."""
    number = scene.line.parameter
    return [] if number is None else [user for user in scene.model.users(number) if not user[1].is_bias]


def _weights(scene: Scene, position: Place) -> tuple[tuple[Place, ...], ...]:
    """A few weights of a few neurons: of the chosen filter and its neighbours, for some channels or taps."""
    low, high = block(scene.filter, NEURONS, scene.filters)
    rows = []
    for which in range(low, high):
        parts = _parts(scene, which, position)
        rows.append(list(dict.fromkeys(part.w for part in parts if part.w is not None)))
    first = rows[scene.filter - low] if rows else []
    start = max(0, len(first) // 2 - 1) if scene.w.size("tap") > 1 else 0
    for row in rows:
        if scene.weight in row:
            start = row.index(scene.weight) - 1
    start = max(0, min(start, len(first) - PORTS))
    return tuple(dict.fromkeys(tuple(row[start : start + PORTS]) for row in rows if row[start : start + PORTS]))


def _parts(scene: Scene, number: int, position: Place) -> tuple[Part, ...]:
    parts = scene.taps_of_neuron(scene.neuron_at(scene.filter_place(number), position))
    if scene.x is None or scene.w.size("tap") == 1:
        return parts
    axes = scene.x.of("channel", "group")
    first = next((part.at for part in parts if part.at), ())
    one = tuple(first[axis] for axis in axes) if first else ()
    return tuple(part for part in parts if not first or tuple(part.at[axis] for axis in axes) == one)


def _call(scene: Scene, layer: Layer, line: Line, position: Place, weights: Sequence[Sequence[Place]]) -> Step:
    own = replace(scene, layer=layer, line=line, neurons=(), weight=None, filter=0, channel=0).with_defaults()
    sizes = [own.y.shape[axis] for axis in own.y.of("position")]
    same = len(sizes) == len(position) and all(at < size for at, size in zip(position, sizes, strict=True))
    return _step(own, shown(layer.name, 40), position if same else own.centre, weights)


def _step(scene: Scene, name: str, position: Place, weights: Sequence[Sequence[Place]]) -> Step:
    """The neurons at a position that use some weights, with those uses."""
    wanted = {place for row in weights for place in row}
    neurons: dict[Place, None] = {}
    for place in sorted(wanted):
        for part in scene.taps_of_weight(place, 1):
            neurons.setdefault(scene.neuron_at(scene.filter_of(part.y), position))
    found = []
    for neuron in sorted(neurons)[:NEURONS]:
        parts = tuple(part for part in scene.taps_of_neuron(neuron) if part.w in wanted)
        if parts:
            found.append((neuron, parts[: 2 * PORTS]))
    return Step(name, scene, tuple(found))
