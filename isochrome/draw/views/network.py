"""The whole model: its layers as a line with arcs over it, what the selected neuron sees, and every layer's counts."""

from __future__ import annotations

from isochrome.ask.network import Network, network
from isochrome.draw.identity import Colouring, colouring, identity, in_key_order
from isochrome.draw.layout import fitted, legend
from isochrome.draw.picture import Legend, Mark, Picture, Table
from isochrome.draw.scene import Scene
from isochrome.draw.view import View
from isochrome.draw.views.network_cone import CONE, Step, cone_end, cone_marks, cone_steps
from isochrome.draw.views.network_maps import MAP, feature_maps
from isochrome.draw.views.network_plan import FIRST, GAP, Plan, plan
from isochrome.draw.views.network_rows import rows
from isochrome.draw.views.network_spine import TALL, parameters_of, spine, spine_height
from isochrome.draw.views.network_strips import overview, strips
from isochrome.draw.views.network_tall import NARROWEST, WIDEST, tall_spine
from isochrome.draw.views.wording import counted, drawn, joined, sized
from isochrome.errors import shown

__all__ = ["VIEW"]

WIDTH, TIGHT, LEAST = 1160.0, 1060.0, 880.0
"""How wide the picture usually is; with less between the nodes; and the least width at which it runs across."""


def _draw(scene: Scene) -> Picture:
    found = network(scene.model)
    tall = 0 < scene.room < LEAST
    one = plan(found, scene.layer.number, scene.window[0] if scene.window else None, scene.fold,
               16.0 if LEAST <= scene.room < TIGHT else GAP)  # fmt: skip
    part = bool(one.before or one.after or len(one.layers) < len(found.report.layers))
    wide, high, marks = (_downward if tall else _across)(scene, found, one, part)
    colours = _colours(one, scene)
    return Picture(
        wide,
        high,
        "Network",
        _description(scene, found),
        _legend(scene, found, one, colours),
        colours,
        tuple(marks),
        subtitle=drawn(_subtitle(scene, found), _window(one, found)),
        formula=_stored(found),
        window=_window(one, found),
        notes=_notes(scene, found, one, tall),
        table=_table(scene, found, cone_steps(scene, one)),
    )


def _across(scene: Scene, found: Network, one: Plan, part: bool) -> tuple[float, float, list[Mark]]:
    """The spine from left to right, everything else under it."""
    right = max(one.right, FIRST + 300)
    tight = one.gap < GAP
    whole = not (one.before or one.after)
    steps = cone_steps(scene, one)
    end = max(right + 24, cone_end(scene, steps) if tight else right + 96 if whole else WIDTH)
    marks: list[Mark] = []
    y = 0.0
    if part:
        over, y = overview(scene, found, one, end - 24)
        marks += over
        y += 22
    middle = y + spine_height(found, one)
    marks += spine(scene, found, one, middle)
    y = middle + TALL / 2 + 46 + (34 if one.repeats else 0)
    marks += cone_marks(scene, steps, y)
    y += CONE + 40
    maps = feature_maps(scene, one, y)
    if maps:
        marks += maps
        y += MAP + 54
    counts, y = strips(scene, found, one, y, end - 24)
    return end, y + 8, [*marks, *counts]


def _downward(scene: Scene, found: Network, one: Plan, part: bool) -> tuple[float, float, list[Mark]]:
    """The spine from top to bottom, what belongs to a stop at its right, the counts under it."""
    width = min(max(float(scene.room), NARROWEST), LEAST)
    marks: list[Mark] = []
    y = 0.0
    if part:
        over, y = overview(scene, found, one, width, 0.0)
        marks += over
        y += 24
    spined, y, standing = tall_spine(scene, found, one, min(width, WIDEST), y)
    counts, y = rows(scene, found, standing, y + 30, width)
    return width, y + 8, [*marks, *spined, *counts]


def _colours(one: Plan, scene: Scene) -> Colouring:
    numbers = (n for spot in one.layers for n in parameters_of(scene.model.layers[spot.stop.layer or 0]))
    return colouring(in_key_order(identity("parameter", number) for number in numbers))


def _legend(scene: Scene, found: Network, one: Plan, colours: Colouring) -> Legend:
    total = len({number for layer in scene.model.layers for number in parameters_of(layer)})
    names = {identity("parameter", p.number): fitted(shown(p.names[0] if p.names else "", 60), 120, 12.5)
             for p in scene.model.parameters}  # fmt: skip
    here = {identity("parameter", n) for spot in one.layers
             for n in parameters_of(scene.model.layers[spot.stop.layer or 0])}  # fmt: skip
    words = "the weight tensors of the drawn layers" if len(here) < total else ""
    return legend(colours, "parameter", words, names, total=total)


def _subtitle(scene: Scene, found: Network) -> str:
    model = scene.model
    ends = [f"{shown(name, 40)} ({sized(model.tensors[name].sample or ())})" for name in model.inputs[:3]
            if name in model.tensors]  # fmt: skip
    words = f"{counted(len(found.report.layers), 'layer')} from {joined(ends) if ends else 'the input'}"
    second = [layer for layer, _ in found.seen_in]
    if second:
        names = [shown(scene.model.layers[number].name, 40) for number in second[:3]]
        more = f" and {len(second) - 3} others" if len(second) > 3 else ""
        has = "have no weights of their own" if len(second) > 1 else "has no weights of its own"
        words += f"; {joined(names)}{more} {has}"
    return words + "."


def _stored(found: Network) -> str:
    by_use = sum(row.counts.weights for row in found.report.layers)
    stored = found.report.totals.counts.weights
    return f"{stored:,} weights stored" + (f", {by_use:,} by use" if by_use != stored else "")


def _window(one: Plan, found: Network) -> str:
    if not one.before and not one.after:
        return ""
    numbers = [spot.stop.layer for spot in one.layers if spot.stop.layer is not None]
    return f"Layers {numbers[0]} to {numbers[-1]} of {len(found.report.layers)}" if numbers else ""


def _notes(scene: Scene, found: Network, one: Plan, tall: bool) -> tuple[str, ...]:
    before, which = ("before", "place") if tall else ("below", "height")
    notes = [f"Log scale: each line is ten times the one {before}; a dot's {which} is all that counts."]
    riders = sum(len(stop.riders) for stop in found.stops)
    if riders:
        stands = ("scales or shifts", "stands") if riders == 1 else ("scale or shift", "stand")
        notes.append(f"{counted(riders, 'layer')} that only {stands[0]} each value {stands[1]} with the one before.")
    signs = {spot.stop.join: spot.stop.word for spot in one.spots if spot.stop.join}
    if signs:
        notes.append(joined([f"{sign} {word}" for sign, word in sorted(signs.items())]) + ".")
    hidden = sum(repeat.length * (repeat.times - 1) for repeat in one.repeats)
    if hidden:
        notes.append(f"{counted(hidden, 'stop')} in repeated blocks are folded away.")
    return tuple(notes)


def _description(scene: Scene, found: Network) -> str:
    return (
        f"The layers of {shown(scene.model.name, 80)} in order, each a node; under them what one neuron of "
        f"{shown(scene.layer.name, 60)} sees, and how many neurons, connections, weights and uses each has."
    )


def _table(scene: Scene, found: Network, steps: tuple[Step, ...]) -> Table:
    seen = {step.spot.stop.layer: step.text for step in steps}
    first = dict(found.seen_in)
    rows = []
    for layer, row in zip(scene.model.layers, found.report.layers, strict=True):
        uses = row.uses_per_weight
        again = f"= {shown(scene.model.layers[first[layer.number]].name, 60)}" if layer.number in first else ""
        often = "" if uses.max is None else f"{uses.min:,} to {uses.max:,}"
        rows.append((shown(layer.name, 80), sized(layer.output_shape or ()), f"{row.counts.neurons:,}",
                     f"{row.counts.connections:,}", again or f"{row.counts.weights:,}", often,
                     seen.get(layer.number, "")))  # fmt: skip
    head = ("layer", "shape", "neurons", "connections", "weights", "uses per weight",
            f"seen by {shown(scene.layer.name, 40)}")  # fmt: skip
    return Table(head, tuple(rows))


def _unfit(scene: Scene) -> str:
    return ""


def _spans(scene: Scene) -> tuple[str, tuple[int, ...]]:
    return "the layers", (len(scene.model.layers),)


VIEW = View("network", "Network", _draw, _unfit, whole=True, level="parameter", spans=_spans, weightless=True,
            narrow=True)  # fmt: skip
