"""Where an input of a layer comes from: the neurons of the layers before that it is made of, or the model's input."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from isochrome.core.reach import Places, image, union
from isochrome.core.relation import Place
from isochrome.errors import FormulaError, RequestError, shown
from isochrome.model.parts import Layer, Model, Operation
from isochrome.model.places import full_place, main_line

__all__ = ["Maker", "makers"]

MOST_LISTED = 64


@dataclass(frozen=True, slots=True)
class Maker:
    """Places of one tensor that an input is made of.

    ``layer`` is the number of the layer they are neurons of, None for the model's own input; ``through`` are the kinds
    of the operations between, nearest first.
    """

    layer: int | None
    name: str
    places: tuple[Place, ...]
    count: int
    through: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """The maker as JSON knows it."""
        return {
            "layer": self.layer,
            "name": self.name,
            "places": [list(place) for place in self.places],
            "count": self.count,
            "through": list(self.through),
        }


def makers(model: Model, layer: Layer, place: Place) -> tuple[Maker, ...]:
    """What one input of a layer is made of, the nearest first: the step from a layer to the one before.

    Raises RequestError where the layer reads no input, or none at that place.

    >>> from isochrome.load import open_file
    >>> from isochrome.examples import example_path
    >>> model = open_file(example_path("photos")).model
    >>> found, = makers(model, model.layer("conv2"), (3, 0, 0))
    >>> found.name, found.count, found.places[0], found.through
    ('conv1', 4, (3, 0, 0), ('max pool', 'elementwise'))
    """
    line = main_line(layer)
    number = line.input_number
    tensor = None if number is None else dict(line.inputs)[line.formula.accesses[number].name]
    if number is None or not tensor:
        raise RequestError(f"input of {shown(layer.name)}: must be one that the graph names; this layer reads none")
    start = full_place(line, line.formula.accesses[number], place, f"input of {shown(layer.name)}")
    found = {tensor: Places.of(start)}
    kinds: dict[str, tuple[str, ...]] = {tensor: ()}
    owners = {one.output: one for one in model.layers if one.number < layer.number}
    made: list[Maker] = []
    for operation in reversed(model.operations[: layer.operation]):
        for name in operation.outputs:
            if name in found and name in owners:
                made.append(_maker(model, owners[name].number, owners[name].name, name, found.pop(name), kinds[name]))
        _step(operation, found, kinds)
    made += [_maker(model, None, name, name, found[name], kinds[name]) for name in model.inputs if name in found]
    return tuple(made)


def _step(operation: Operation, found: dict[str, Places], kinds: dict[str, tuple[str, ...]]) -> None:
    """Go from the outputs of one operation to its inputs."""
    for line in operation.lines:
        if line.output not in found or line.inner:
            continue
        for number, access in enumerate(line.formula.accesses):
            name = dict(line.inputs).get(access.name, "")
            if not name:
                continue
            try:
                seen = image(line.relation, 0, number, found[line.output])
            except FormulaError:
                continue
            if seen.boxes:
                found[name] = union([found[name], seen]) if name in found else seen
                kinds.setdefault(name, (*kinds[line.output], operation.kind))


def _maker(model: Model, layer: int | None, label: str, tensor: str, places: Places, through: tuple[str, ...]) -> Maker:
    batch = model.tensors[tensor].batch_alone if tensor in model.tensors else None
    listed: list[Place] = []
    for box in places.boxes:
        for place in _listed(box, MOST_LISTED - len(listed)):
            listed.append(place if batch is None else (*place[:batch], *place[batch + 1 :]))
    return Maker(layer, label, tuple(listed), places.count, through)


def _listed(box: tuple[tuple[int, ...], ...], most: int) -> list[Place]:
    found: list[Place] = [()]
    for axis in box:
        found = [(*place, value) for place in found for value in axis][: max(most, 0)]
    return found
