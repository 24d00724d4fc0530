"""The same weights over time, tokens, repeated calls or branches: left what is stored, right where it is used."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import ceil

from isochrome.core.relation import Place
from isochrome.draw.choice import coloured, level_legend
from isochrome.draw.layout import (
    bottom,
    edges_in_order,
    fitted,
    number,
    outline,
    paragraph,
    place_text,
    right_of,
    text_width,
)
from isochrome.draw.picture import Cell, Edge, Label, Mark, Picture, Rect, Rule, Table, keys
from isochrome.draw.scene import Scene
from isochrome.draw.view import View
from isochrome.draw.views.unrolled_plan import Plan, Step, every_user, plan_of, users_of
from isochrome.draw.views.wording import counted, drawn, joined, span, title_of
from isochrome.errors import shown

__all__ = ["VIEW"]

_LEFT = 226.0
"""The width of the folded part."""
_EACH = 2
"""How many steps stand beside one another on a narrow page."""
_PORT, _TALL = 18.0, 60.0
_ROW, _LEAST = 92.0, 52.0
"""The height for each neuron, and the least for each input."""
_STORED = 42.0
_TOP = 92.0


@dataclass(frozen=True, slots=True)
class _Room:
    """The widths of an input, of the edges, of a neuron, and between two steps."""

    input: float
    bend: float
    neuron: float
    between: float

    @property
    def step(self) -> float:
        return self.input + self.bend + self.neuron


_USUAL, _TIGHT = _Room(50, 52, 96, 18), _Room(46, 30, 88, 12)


def _draw(scene: Scene) -> Picture:
    plan = plan_of(scene)
    own = not scene.chosen and scene.level == "weight"
    if own:  # the weights of all drawn neurons, not nine of the first
        names = [scene.weight_identity(place) for row in plan.weights for place in row]
        plan = replace(plan, scene=replace(scene, chosen=tuple(name for name in names if name)[:9]))
    told = level_legend(plan.scene)
    told = replace(told, coloured="the weights that are drawn") if own and told.count else told
    marks, low = _folded(plan)
    if scene.narrow:
        found, width, height = _unfolded(plan, _TIGHT, 0, low + 30, _EACH)
    else:
        found, width, height = _unfolded(plan, _USUAL, _LEFT + 36, 0, len(plan.steps))
        height = max(height, 330.0)
        found.append(Rule(((_LEFT, 0), (_LEFT, height)), "hair"))
    name = shown(scene.layer.name, 60)
    window = _window(plan)
    return Picture(
        max(width, right_of(mark for mark in marks if isinstance(mark, Label) and mark.anchor == "start")) + 4,
        height + 4,
        title_of("Unrolled", name),
        f"The weights of {name} that are stored once, and {counted(len(plan.steps), 'step')} at which they are used.",
        told,
        coloured(plan.scene),
        (*marks, *found),
        subtitle=drawn(f"{_about(plan)}; {'first' if scene.narrow else 'left'} folded, "
                       f"{'then' if scene.narrow else 'right'} unfolded.", window),
        formula=str(scene.line.formula),
        window=window[:1].upper() + window[1:],
        notes=_notes(plan),
        table=_table(plan),
    )


def _unfit(scene: Scene) -> str:
    if scene.parameter is None:
        return "it needs a stored weight"
    if not len(scene.filter_rows):
        return "the chosen filter has no connection"
    if scene.line.depends:
        return f"how often each weight is used depends on data: {scene.line.depends}"
    if len(users_of(scene)) < 2 and not any(scene.y.shape[axis] > 1 for axis in scene.y.of("position")):
        return "each weight is used once for each sample: there is nothing to unroll"
    return ""


# --- folded -----------------------------------------------------------------------------------------------------------


def _folded(plan: Plan) -> tuple[list[Mark], float]:
    """The stored weights that are drawn, and the layer as a loop; and where that ends."""
    scene = plan.scene
    marks: list[Mark] = [Label(0, 14, "folded: what is stored", "group", size=14)]
    values, style = scene.w_values, plan.stored
    every = [place for row in plan.weights for place in row]
    columns = max(map(len, plan.weights))
    names = [scene.w.letters[axis] for axis in range(len(scene.w.shape))]
    varying = [axis for axis in range(len(names)) if len({place[axis] for place in every}) > 1]
    left, top = 46.0, 56.0
    size = 0.0 if style is None else style.size(_STORED, _STORED)
    if style is not None and style.mark:
        marks.append(Label(0, 30, style.mark, "caption", ink="ink3", size=10.5))
    for row, places in enumerate(plan.weights):
        y = top + row * (_STORED + 2)
        head = [axis for axis in varying if len({place[axis] for place in places}) == 1]
        text = ",".join(f"{names[axis]}={places[0][axis]}" for axis in head) or place_text(places[0])
        marks.append(Label(left - 8, y + _STORED / 2 + 4, fitted(text, left - 8, 10.5, mono=True), "index", "end"))
        for column, place in enumerate(places):
            value = "" if values is None or style is None else style.text(float(values[place]))
            where = keys(scene.layer.number, w=place, parameter=scene.line.parameter)
            cell = Cell(left + column * (_STORED + 2), y, _STORED, _STORED, value, scene.weight_identity(place),
                        bold=True, size=size, keys=where)  # fmt: skip
            marks += [cell, *([outline("pointed", cell)] if place == plan.pointed else [])]
    for column in range(columns):
        some = [row[column] for row in plan.weights if column < len(row)]
        same = [axis for axis in varying if len({place[axis] for place in some}) == 1]
        text = ",".join(f"{names[axis]}={some[0][axis]}" for axis in same)
        if text and len(plan.weights) > 1 or len(plan.weights) == 1:
            text = text or place_text(some[0])
            if text_width(text, 10.5, mono=True) > _STORED + 2 and same:
                text = place_text(some[0][axis] for axis in same)
            x = left + column * (_STORED + 2) + _STORED / 2
            marks.append(Label(x, top - 8, fitted(text, _STORED + 2, 10.5, mono=True), "index", "middle"))
    loop, low = _loop(plan, top + len(plan.weights) * (_STORED + 2) + 34)
    return [*marks, *loop], low


def _loop(plan: Plan, y: float) -> tuple[list[Mark], float]:
    """The layer as one box that is passed again and again; and where its words end."""
    scene, x, width, height = plan.scene, 30.0, 128.0, 44.0
    text = f"y[{plan.along}]" if plan.along else fitted(shown(scene.layer.name, 40), width - 16, 13, mono=True)
    turn = ((x + width, y + 12), (x + width + 30, y + 12), (x + width + 30, y + 32), (x + width + 3, y + 32))
    box = Rect(x, y, width, height, "paper", "ink", 4)
    marks: list[Mark] = [box, Label(x + width / 2, y + 27, text, "mono", "middle", bold=True, size=13)]
    marks.append(Rule(turn, "thin", arrow=True))
    words = paragraph(x, y + height + 22, _stored_words(plan), _LEFT - x - 16, size=12.5)
    return [*marks, *words], bottom(words)


def _stored_words(plan: Plan) -> str:
    parameter = plan.scene.parameter
    assert parameter is not None
    whole = counted(parameter.count, "weight")
    if plan.along:
        return f"one tensor, one loop over {plan.along}: {whole}, for any length"
    return f"one tensor, {counted(plan.total, 'use')} of it in the model: {whole}, however often"


# --- unfolded ---------------------------------------------------------------------------------------------------------


def _unfolded(
    plan: Plan, room: _Room, left: float, above: float, each: int
) -> tuple[list[Mark], float, float]:
    """The steps, so many beside one another; their right and their lower end."""
    marks: list[Mark] = [Label(left, above + 14, "unfolded: where it is used", "group", size=14)]
    edges: list[Edge] = []
    ports: list[Mark] = []
    differ = len({str(step.scene.line.formula) for step in plan.steps}) > 1
    row = _tall(plan) + _TOP - 20
    for place, step in enumerate(plan.steps):
        x, y = left + place % each * (room.step + room.between), above + place // each * row
        name = fitted(step.name, room.step, 13, True, True)
        marks.append(Label(x + room.step / 2, y + 48, name, "mono", "middle", bold=True, size=13))
        if differ:
            formula = fitted(str(step.scene.line.formula), room.step + room.between - 4, 10, mono=True)
            marks.append(Label(x + room.step / 2, y + 66, formula, "index", "middle", size=10))
        ends = dict(zip(step.inputs, _centres(plan, len(step.inputs), y), strict=True))
        marks += _inputs(plan, step, ends, x, room)
        boxes, own, some = _neurons(plan, step, x, y, ends, room)
        marks, ports, edges = [*marks, *boxes], [*ports, *own], [*edges, *some]
    beside, rows = min(each, len(plan.steps)), ceil(len(plan.steps) / each)
    right = left + beside * (room.step + room.between) - room.between
    low = above + (rows - 1) * row + _TOP + _tall(plan)
    return [*marks, *edges_in_order(edges, coloured(plan.scene)), *ports], right, low


def _centres(plan: Plan, count: int, above: float) -> list[float]:
    """Where so many boxes stand below one another, over the whole height: neurons beside the inputs that they read."""
    return [above + _TOP + (row + 0.5) * _tall(plan) / count - 8 for row in range(count)]


def _tall(plan: Plan) -> float:
    neurons = max(len(step.neurons) for step in plan.steps)
    inputs = max(len(step.inputs) for step in plan.steps)
    return max(neurons * _ROW, inputs * _LEAST)


def _inputs(plan: Plan, step: Step, ends: dict[Place, float], x: float, room: _Room) -> Iterator[Mark]:
    scene = step.scene
    name = "" if scene.x is None else scene.x.name
    style, real = plan.read, step.real
    size = 0.0 if style is None else style.size(room.input, 28)
    for place, y in ends.items():
        where = keys(scene.layer.number, x=place) if place in real else keys()
        value = None if scene.x_values is None or place not in real else float(scene.x_values[place])
        text = "0" if place not in real else "" if style is None else style.text(value)
        yield Cell(x, y - 14, room.input, 28, text, padding=place not in real, size=size, keys=where)
        label = fitted(f"{name}[{place_text(place)}]", room.input + 20, 10.5, mono=True)
        yield Label(x + room.input / 2, y + 27, label, "index", "middle")


def _neurons(
    plan: Plan, step: Step, left: float, above: float, ends: dict[Place, float], room: _Room
) -> tuple[list[Mark], list[Mark], list[Edge]]:
    """The neurons of a step with their ports inside, and the edges that arrive there."""
    scene, x = step.scene, left + room.input + room.bend
    boxes: list[Mark] = []
    ports: list[Mark] = []
    edges: list[Edge] = []
    for (neuron, parts), y in zip(step.neurons, _centres(plan, len(step.neurons), above), strict=True):
        tall = max(_TALL, len(parts) * _PORT + 6)
        at = keys(scene.layer.number, y=neuron)
        boxes.append(Rect(x, y - tall / 2, room.neuron, tall, "paper", "ink", 4, keys=at))
        name = fitted(f"{scene.y.name}[{place_text(neuron)}]", room.neuron - _PORT - 10, 11.5, mono=True)
        values = scene.y_values
        lower = "" if values is None or plan.given is None else plan.given.text(float(values[neuron]))
        middle = x + _PORT + (room.neuron - _PORT) / 2
        boxes.append(Label(middle, y + (-2 if lower else 4), name, "mono", "middle", size=11.5))
        if lower:
            text = f"= {lower}" if plan.given is None or plan.given.exact else f"≈ {lower}"
            boxes.append(Label(middle, y + 15, text, "mono", "middle", ink="ink2", size=11))
        for number_, part in enumerate(parts):
            cell_y = y + (number_ - len(parts) / 2) * _PORT
            where = keys(scene.layer.number, y=neuron, w=part.w or (), parameter=part.parameter)
            identity = part.identity(scene.level)
            cell = Cell(x, cell_y, _PORT, _PORT, identity=identity, keys=where)
            pointed = part.w == plan.pointed
            ports += [cell, *([outline("pointed", cell)] if pointed else [])]
            if part.at:
                where = keys(scene.layer.number, y=neuron, x=part.x or (), w=part.w or (), parameter=part.parameter)
                ends_at = (left + room.input, ends[part.at], x, cell_y + _PORT / 2)
                edges.append(Edge(*ends_at, identity, part.padding, True, pointed, across=True, keys=where))
    return boxes, ports, edges


# --- words ------------------------------------------------------------------------------------------------------------


def _about(plan: Plan) -> str:
    if plan.along:
        return f"One stored tensor at {counted(plan.total, 'step')} along {plan.along}"
    return f"One stored tensor in {counted(plan.total, 'call')} of the model's layers"


def _window(plan: Plan) -> str:
    if len(plan.steps) == plan.total:
        return ""
    if not plan.along:
        return f"{plan.steps[0].name} to {plan.steps[-1].name}, {len(plan.steps)} of {plan.total:,} calls"
    return f"{plan.along} {span(plan.first, plan.first + len(plan.steps))} of {plan.total:,}"


def _notes(plan: Plan) -> tuple[str, ...]:
    scene = plan.scene
    name = f"{scene.line.weight}[{place_text(plan.pointed)}]"
    every = sum(part.w == plan.pointed for step in plan.steps for _, parts in step.neurons for part in parts)
    where = joined([step.name for step in plan.steps])
    uses = sum(step.scene.uses_of_weight(plan.pointed)[0] for step in (plan.steps[:1] if plan.along else plan.steps))
    notes = [f"{name} is stored once; drawn are {counted(every, 'use')} of it, at {where}, thick."]
    if plan.along:
        notes.append(f"It has {counted(uses, 'use')} in all. Its gradient is the sum of as many terms.")
        notes.append(
            f"The index of {scene.line.weight} does not mention {plan.along}: the weights are shared along it."
        )
    else:
        notes.append("The same stored tensor stands behind each: a step of an optimiser changes it for all of them.")
    looked = [shown(layer.name, 40) for layer, line in every_user(scene) if line.depends]
    if looked:
        notes.append(f"Not drawn: {joined(looked)}, which reads rows of it that the data chooses.")
    if any(part.padding for step in plan.steps for _, parts in step.neurons for part in parts):
        notes.append("A dashed edge reads padding.")
    groups = (("weights", plan.stored), ("inputs", plan.read), ("outputs", plan.given))
    rounded = [f"{name} {style.words}" for name, style in groups if style is not None and not style.exact]
    if rounded:
        notes.append(f"Rounded (≈): {joined(rounded)}.")
    if scene.line.of:
        notes.append(f"What is read is the {scene.line.of}.")
    return tuple(notes)


def _table(plan: Plan) -> Table:
    rows = []
    for step in plan.steps:
        for neuron, parts in step.neurons:
            for part in parts:
                weight = "" if part.weight is None else number(part.weight)
                x = "padding" if part.padding else "" if part.x is None else place_text(part.x)
                rows.append((step.name, place_text(neuron), place_text(part.w or ()), weight, x))
    return Table(("step", "neuron", "weight", "value", "input"), tuple(rows))


VIEW = View("unrolled", "Unrolled", _draw, _unfit, narrow=True, chosen=True)
