"""The layer that reads what another one gives, and which of its channels each filter of the first one becomes."""

from __future__ import annotations

from dataclasses import dataclass

from isochrome.ask.network import network
from isochrome.ask.reach import Seen, cone, reach
from isochrome.core.relation import Place
from isochrome.draw.scene import Scene
from isochrome.draw.views.network_spine import seen_layer
from isochrome.errors import IsochromeError
from isochrome.model.parts import Layer

__all__ = ["Following", "following"]


@dataclass(frozen=True, slots=True, eq=False)
class Following:
    """The scene of the layer that comes next, the kinds of what lies between, and the tensor that it reads."""

    scene: Scene
    between: tuple[str, ...]
    tensor: str

    def channels(self, first: Scene, number: int) -> tuple[Place, ...]:
        """The channels of the next layer that one filter of the first becomes, by forward reach."""
        neuron = first.neuron_at(first.filter_place(number), first.centre)
        found = reach(first.model, first.layer, neuron, self.tensor, forward=True)
        assert self.scene.x is not None
        axes = self.scene.x.of("channel", "group")
        every = {tuple(place) for box in found.places.boxes for place in _product([box[axis] for axis in axes])}
        return tuple(sorted(every))


def _product(axes: list[tuple[int, ...]]) -> list[Place]:
    places: list[Place] = [()]
    for axis in axes:
        places = [(*place, value) for place in places for value in axis]
    return places


def following(scene: Scene) -> Following | None:
    """The first layer behind that sees this one's output and mixes it; None where there is none with channels."""
    riders = {number for stop in network(scene.model).stops for number in stop.riders}
    for layer in scene.model.layers[scene.layer.number + 1 :]:
        if layer.number in riders or not layer.weight_lines:
            continue
        found = _cone(scene, layer)
        if found is None or scene.layer.output not in found or not found[scene.layer.output].places.boxes:
            continue
        seen = seen_layer(scene, layer)
        number = None if seen is None else seen.line.input_number
        if seen is None or number is None or seen.x is None or not seen.x.of("channel", "group"):
            return None
        tensor = dict(seen.line.inputs)[seen.line.formula.accesses[number].name]
        steps = scene.model.operations[scene.layer.operation + 1 : layer.operation]
        kinds = [one.kind for one in steps if any(name in found for name in one.outputs)]
        return Following(seen, tuple(dict.fromkeys(kinds)), tensor)
    return None


def _cone(scene: Scene, layer: Layer) -> dict[str, Seen] | None:
    seen = seen_layer(scene, layer)
    if seen is None or seen.line.depends:
        return None
    try:
        return cone(scene.model, layer, seen.neuron_at(seen.filter_place(0), seen.centre))
    except IsochromeError:
        return None
