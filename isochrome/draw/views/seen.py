"""What one neuron sees of the model's input, on the two axes along which the input is a picture (or a line)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from isochrome.ask.reach import Seen, cone
from isochrome.core.relation import Place
from isochrome.draw.layout import place_text
from isochrome.draw.scene import Scene
from isochrome.draw.views.network_cone import positions_of
from isochrome.draw.views.windows import Intervals

__all__ = ["Sight", "image_axes", "input_of", "sights"]


@dataclass(frozen=True, slots=True, eq=False)
class Sight:
    """A neuron and the places that it sees: ``mask`` is True at each seen row and column of ``box``."""

    neuron: Place
    seen: Seen
    box: Intervals
    mask: NDArray[np.bool_]

    @property
    def name(self) -> str:
        """The neuron as it is written."""
        return f"y[{place_text(self.neuron)}]"

    @property
    def positions(self) -> int:
        """How many rows and columns together."""
        return int(self.mask.sum())

    @property
    def has_holes(self) -> bool:
        """Whether it sees only some of its box."""
        return not bool(self.mask.all())


def input_of(scene: Scene) -> str:
    """The first input of the model that the layer sees; '' where it sees none."""
    found = cone(scene.model, scene.layer, scene.neurons[0])
    return next((name for name in scene.model.inputs if name in found and found[name].places.boxes), "")


def sights(scene: Scene, tensor: str) -> tuple[Sight, ...]:
    """What i and j see of an input."""
    axes = image_axes(scene, tensor)
    return tuple(
        one for neuron in dict.fromkeys(scene.neurons) if (one := _sight(scene, neuron, tensor, axes)) is not None
    )


def image_axes(scene: Scene, tensor: str) -> tuple[int, int]:
    """The axes of an input that are drawn as rows and as columns; -1 for rows where it is a line."""
    axes = positions_of(scene, tensor)
    shape = scene.model.tensors[tensor].sample or ()
    if len(axes) >= 2:
        return axes[-2], axes[-1]
    return -1, axes[0] if axes else len(shape) - 1


def _sight(scene: Scene, neuron: Place, tensor: str, axes: tuple[int, int]) -> Sight | None:
    seen = cone(scene.model, scene.layer, neuron).get(tensor)
    if seen is None or not seen.places.boxes:
        return None
    hull = seen.places.hull()
    box = tuple((0, 1) if axis < 0 else (hull[axis][0], hull[axis][1] + 1) for axis in axes)
    mask = np.zeros([high - low for low, high in box], np.bool_)
    for one in seen.places.boxes:
        rows = np.array([0] if axes[0] < 0 else one[axes[0]]) - box[0][0]
        mask[np.ix_(rows, np.array(one[axes[1]]) - box[1][0])] = True
    return Sight(neuron, seen, box, mask)
