"""The receptive cone under the spine: how many places of each value before it one neuron sees, counted in cells."""

from __future__ import annotations

from dataclasses import dataclass

from isochrome.ask.reach import Seen, cone
from isochrome.core.reach import Box
from isochrome.draw.layout import paragraph, place_text, text_width
from isochrome.draw.picture import Area, Label, Mark, Rect, Rule
from isochrome.draw.scene import Axes, Scene
from isochrome.draw.views.network_plan import Plan, Spot
from isochrome.draw.views.network_spine import seen_layer
from isochrome.draw.views.wording import sized
from isochrome.errors import RequestError
from isochrome.model.parts import Model

__all__ = ["CONE", "LEAST", "Step", "certainty", "cone_end", "cone_marks", "cone_steps", "positions_of"]

CONE = 84.0
CELL, LEAST = 7.0, 4.0
CLOSE = 56.0
"""Numbers nearer to one another than this would touch: a join's is left out."""


@dataclass(frozen=True, slots=True)
class Step:
    """What the neuron sees of one stop: how many places along each position axis, or how many in all."""

    spot: Spot
    seen: Seen
    sides: tuple[int, ...]
    """How many along each position axis; empty where the value has none."""

    @property
    def text(self) -> str:
        """The sides, or the count."""
        return sized(self.sides) if self.sides else f"{self.seen.places.count:,}"


def cone_steps(scene: Scene, plan: Plan) -> tuple[Step, ...]:
    """The drawn stops that the selected neuron sees, in order, up to itself."""
    try:
        found = cone(scene.model, scene.layer, scene.neurons[0])
    except RequestError:
        return ()
    steps = []
    for spot in plan.spots:
        seen = found.get(spot.stop.tensor)
        if seen is not None and seen.places.boxes:
            axes = positions_of(scene, spot.stop.tensor)
            steps.append(Step(spot, seen, _sides(seen.places.boxes, axes)))
    return tuple(steps)


def positions_of(scene: Scene, tensor: str) -> tuple[int, ...]:
    """The axes of a tensor (without the batch) along which the layer that makes or reads it slides."""
    for layer in scene.model.layers:
        if layer.output == tensor and layer.lines and not layer.lines[0].inner:
            seen = seen_layer(scene, layer)
            return seen.y.of("position") if seen else ()
    for layer in scene.model.layers:
        seen = seen_layer(scene, layer) if layer.lines and tensor in (layer.input, *_read(layer)) else None
        if seen is not None and seen.x is not None:
            return _slid(seen.x)
    shape = scene.model.tensors[tensor].sample or ()
    return tuple(range(1, len(shape))) if len(shape) > 2 and _joined(scene.model, tensor) else ()


def _read(layer: object) -> tuple[str, ...]:
    return tuple(name for line in getattr(layer, "weight_lines", ()) for _, name in line.inputs)


def _joined(model: Model, tensor: str) -> bool:
    return any(tensor in operation.outputs for operation in model.operations)


def _slid(axes: Axes) -> tuple[int, ...]:
    return axes.of("position", "tap")


def _sides(boxes: tuple[Box, ...], axes: tuple[int, ...]) -> tuple[int, ...]:
    """How many different numbers the places have along some axes."""
    return tuple(len({value for box in boxes for value in box[axis]}) for axis in axes)


def cone_marks(scene: Scene, steps: tuple[Step, ...], y: float) -> list[Mark]:
    """The cone below height ``y``: one line of cells a stop, its number under it."""
    name = f"{scene.layer.name}[{place_text(scene.neurons[0])}]"
    marks: list[Mark] = [Label(0, y + 18, "receptive cone", "group")]
    marks += paragraph(0, y + 36, f"of {name}; one line of it shown", 112, size=11.5)
    if not steps:
        return [*marks, Label(170, y + 36, "what it sees is not known here", "caption")]
    longest = max(step.sides[-1] if step.sides else 1 for step in steps)
    cell = min(CELL, CONE / longest)
    middle = y + CONE / 2
    tops = [(step.spot.middle, cell * (step.sides[-1] if step.sides else 1) / 2) for step in steps]
    corners = [(x, middle - half) for x, half in tops] + [(x, middle + half) for x, half in reversed(tops)]
    marks.append(Area(tuple(corners)))
    told = -CLOSE
    for step, (x, half) in zip(steps, tops, strict=True):
        marks += _line(x, middle, half, step.sides[-1] if step.sides else 1, cell, step is steps[-1])
        bold = step is steps[0]
        if step.spot.stop.join and x - told < CLOSE:
            continue
        told = x
        marks.append(Label(x, middle + max(CONE / 2, half) + 16, step.text, "mono", "middle", bold, size=12))
    word = certainty(scene, steps)
    marks.append(Label(steps[-1].spot.middle + 16, middle + 4, word, "caption", size=11.5))
    return marks


def cone_end(scene: Scene, steps: tuple[Step, ...]) -> float:
    """Where the words at the right of the cone end."""
    return steps[-1].spot.middle + 16 + text_width(certainty(scene, steps), 11.5) if steps else 0.0


def _line(x: float, middle: float, half: float, count: int, cell: float, last: bool) -> list[Mark]:
    if last and count == 1:
        return [Rect(x - 4, middle - 4, 8, 8, "ink", "none")]
    if cell < LEAST:
        return [Rect(x - 4, middle - half, 8, 2 * half, "paper", "ink")]
    top = middle - half
    rules = [Rule(((x - 4, top + cell * row), (x + 4, top + cell * row)), "thin") for row in range(1, count)]
    return [Rect(x - 4, top, 8, 2 * half, "paper", "ink"), *rules]


def certainty(scene: Scene, steps: tuple[Step, ...]) -> str:
    """How sure it is, and whether the border cuts it: a neuron amid the others sees more then."""
    status = steps[0].seen.status
    if not steps[0].sides:
        return status
    amid = scene.neuron_at(scene.filter_of(scene.neurons[0]), scene.centre)
    whole = cone(scene.model, scene.layer, amid)[steps[0].spot.stop.tensor]
    sides = _sides(whole.places.boxes, positions_of(scene, steps[0].spot.stop.tensor))
    cut = any(mine < theirs for mine, theirs in zip(steps[0].sides, sides, strict=True))
    return f"{status}; {f'cut by the border: amid, {sized(sides)}' if cut else 'no border cut'}"
