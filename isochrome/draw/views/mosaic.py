"""A neuron as a mosaic of the weights that it uses: one small cell a weight, in the order of the kernel."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, sqrt

from isochrome.core.formula import loops_of
from isochrome.core.relation import Place
from isochrome.draw.choice import kernel, weight_name
from isochrome.draw.picture import Cell, Mark, keys
from isochrome.draw.scene import Scene
from isochrome.draw.views.excerpt import Excerpt, excerpt, filter_number

__all__ = ["Mosaic", "mosaic", "mosaic_marks"]

MOST = 9


@dataclass(frozen=True, slots=True)
class Mosaic:
    """The weights of one filter that stand for it, each with its input channel, and how many of them make a row."""

    filter: int
    part: Excerpt
    weights: tuple[tuple[Place, int], ...]
    columns: int

    @property
    def rows(self) -> int:
        """How many rows it has."""
        return ceil(len(self.weights) / max(self.columns, 1))


def mosaic(scene: Scene, number: int) -> Mosaic:
    """The mosaic of a filter: nine of its weights at most, those of the chosen channel or as many channels as fit."""
    part = excerpt(scene, number, MOST)
    rows = scene.rows_of_filter(number)
    found = [
        (place, channel)
        for channel in part.channels
        for place in kernel(scene, rows, channel)
        if part.inside(scene, place)
    ][:MOST]
    sizes = [high - low for low, high in part.box]
    natural = sizes[-1] if sizes else 1
    lines = ceil(len(found) / natural) if natural else 1
    if natural > 5 or lines > 5:
        natural = ceil(sqrt(len(found)))
    return Mosaic(number, part, tuple(found), max(natural, 1))


def partly(scene: Scene) -> bool:
    """Whether neurons of one filter can use different weights of it: a tap slides along the output, or w is a table."""
    output = {loop for index in scene.line.formula.output.indices for loop in loops_of(index)}
    return any(role == "tap" and loop in output for loop, role in scene.roles.items())


def mosaic_marks(scene: Scene, one: Mosaic, neuron: Place, x: float, y: float, side: float) -> tuple[Mark, ...]:
    """The mosaic of a neuron in a square; at level filter one cell, since a filter is one identity.

    A weight that the neuron does not use is left out, one of its filter that is not coloured is unfilled.
    """
    at = keys(scene.layer.number, y=neuron)
    if scene.level == "filter":
        return (Cell(x, y, side, side, identity=scene.neuron_identity(neuron), keys=at),)
    used = _used(scene, neuron) if partly(scene) else None
    cell = side / max(one.columns, one.rows)
    left, top = x + (side - cell * one.columns) / 2, y + (side - cell * one.rows) / 2
    marks: list[Mark] = []
    for n, (place, channel) in enumerate(one.weights):
        if used is not None and place not in used:
            continue
        box = (left + n % one.columns * cell, top + n // one.columns * cell, cell, cell)
        name = weight_name(scene, place, filter_number(scene, neuron), channel)
        found = keys(scene.layer.number, y=neuron, w=place, parameter=scene.line.parameter)
        marks.append(Cell(*box, identity=name, round=1, keys=found))
    return tuple(marks)


def _used(scene: Scene, neuron: Place) -> frozenset[Place]:
    return frozenset(tuple(place) for place in scene.rows_of_neuron(neuron).w.tolist())
