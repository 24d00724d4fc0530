"""Two neurons unrolled: a line of inputs, a line of neurons, and an edge for each connection, coloured by weight."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import fsum, prod

import numpy as np

from isochrome.core.relation import Place
from isochrome.draw.choice import coloured, level_legend
from isochrome.draw.layout import number, number_within, paragraph, place_text, sum_text, text_width
from isochrome.draw.picture import Bracket, Cell, Label, Mark, Picture, State, Tag
from isochrome.draw.scene import Part, Scene
from isochrome.draw.view import View
from isochrome.draw.views.digits import Digits
from isochrome.draw.views.excerpt import Reader, excerpt, filter_number, partner, reader
from isochrome.draw.views.sentences import (
    no_products,
    rounded_words,
    shared_words,
    taps_table,
    use_words,
    uses_words,
    weights_of_filter,
)
from isochrome.draw.views.wires import (
    Inputs,
    Run,
    fitting,
    gaps_between,
    height_for,
    input_row,
    is_inside,
    neuron_mark,
    port_digits,
    port_signs,
    ports,
    ports_width,
    row_width,
    runs,
    wires,
)  # fmt: skip
from isochrome.draw.views.wording import counted, sized, title_of

__all__ = ["VIEW"]

WIDTH = 1104
EACH = 30
FEW = 9
"""The most ports of one neuron, i or j; on a narrow page."""
TOGETHER, LINE, READ = 40, 8, 28
"""The most ports, neurons and inputs of a whole line: with more, only i and j are drawn."""
MARGIN = 4


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is drawn, and how large: neurons from left to right with their states, inputs in runs."""

    readers: tuple[Reader, ...]
    states: tuple[State | None, ...]
    runs: tuple[Run, ...]
    side: float
    port: float
    gap: float
    bar: float
    width: float
    lift: float

    @property
    def slot(self) -> float:
        return self.width / len(self.readers)


def unfit(scene: Scene) -> str:
    """Why the layer has no connections to draw, '' where it has."""
    return no_products(scene)


def draw(scene: Scene) -> Picture:
    """The connections of neurons i and j, and of their whole line where it is short."""
    plan, colours = _plan(scene), coloured(scene)
    line = row_width(scene, plan.runs, plan.side)
    row = input_row(
        scene, plan.runs, plan.side, max(plan.side, 22), MARGIN + (plan.width - line) / 2, MARGIN + plan.lift
    )
    top = MARGIN + plan.lift + row.height + min(max(0.17 * plan.width, 98), 190)
    style = port_digits(plan.readers, plan.port)
    found, marks, bottom = _neurons(scene, plan, top, style)
    edges = wires(scene, colours, found, row.ends, True)
    brackets = _brackets(scene, plan, row) if plan.lift else ()
    cells = tuple(cell for _, cell in found)
    marks = (*edges, *brackets, *row.marks, *marks, *cells, *port_signs(scene, found, style))
    return Picture(
        plan.width + 2 * MARGIN,
        bottom + MARGIN,
        title_of("Connections", scene.layer.name),
        _description(plan),
        level_legend(scene),
        colours,
        marks,
        subtitle=_subtitle(scene, plan),
        formula=str(scene.line.formula),
        window=_selected(scene, plan).excerpt.words(scene),
        notes=_notes(scene, plan, row.digits, style),
        table=taps_table(plan.readers),
    )


# --- which neurons, how large -----------------------------------------------------------------------------------------


def _plan(scene: Scene) -> _Plan:
    readers, states = _readers(scene)
    lines = runs(scene, readers)
    several = any(1 < len(set(one.channels)) < len(one.parts) for one in readers)
    gap = 8.0 if several else 0.0
    port = _port(scene, readers, gap)
    bar = max(_bar(scene, one, port, gap, len(readers)) for one in readers)
    side = _side(scene, lines)
    line = side * sum(len(run.places) for run in lines) + sum(gaps_between(lines))
    lift = 32.0 if len(lines) == 1 and len(scene.neurons) == 2 else 0.0
    least = 0 if scene.narrow else 480
    width = max(line, (bar + _apart(scene)) * len(readers), least)
    return _Plan(readers, states, lines, side, port, gap, bar, width, lift)


def _width(scene: Scene) -> float:
    return scene.width - 2 * MARGIN if scene.narrow else WIDTH


def _apart(scene: Scene) -> float:
    return 12 if scene.narrow else 28


def _readers(scene: Scene) -> tuple[tuple[Reader, ...], tuple[State | None, ...]]:
    """The neurons from left to right, and the state of each."""
    first, *others = scene.neurons
    state: dict[Place, State | None] = {first: "selected"}
    for other in others:
        state.setdefault(other, "pinned")
    each = FEW if scene.narrow else EACH
    part = excerpt(scene, filter_number(scene, first), each)
    found = {first: reader(scene, first, part, each)}

    def read(neuron: Place) -> Reader:
        n = filter_number(scene, neuron)
        own = part if n == filter_number(scene, first) else excerpt(scene, n, each)
        return found.get(neuron) or found.setdefault(neuron, reader(scene, neuron, own, each))

    beside = [read(neuron) for neuron in _beside(scene, len(found[first].parts))]
    if len({at.at for one in beside for at in one.parts}) <= READ or len(state) == 1:
        state |= {one.neuron: None for one in beside if one.neuron not in state}
    return tuple(read(neuron) for neuron in sorted(state)), tuple(state[neuron] for neuron in sorted(state))


def _beside(scene: Scene, each: int) -> tuple[Place, ...]:
    """The neurons drawn beside i: its whole line where that is short; the next filter's where i would be alone."""
    axes, first = scene.y.of("position"), scene.neurons[0]
    length = scene.y.shape[axes[0]] if len(axes) == 1 and not scene.narrow else LINE + 1
    if length <= LINE and length * each <= TOGETHER:
        (axis,) = axes
        return tuple((*first[:axis], at, *first[axis + 1 :]) for at in range(length))
    other = partner(scene, first) if len(scene.neurons) == 1 else None
    return () if other is None else (other,)


def _side(scene: Scene, lines: Sequence[Run]) -> float:
    """The width of an input, as its number needs, as there is room."""
    count = max(sum(len(run.places) for run in lines), 1)
    room = (_width(scene) - sum(gaps_between(lines))) / count
    values = [at for run in lines for at in run.places if is_inside(scene, at)] if scene.x_values is not None else []
    longest = max((len(number(float(scene.x_values[at]))) for at in values if scene.x_values is not None), default=1)
    usual = 44 if count <= 12 else 30 if count <= 30 else 23
    return max(float(int(min(usual if longest <= 2 else 44, room))), 6.0)


def _bar(scene: Scene, one: Reader, port: float, gap: float, beside: int) -> float:
    """The width of a neuron's bar: that of its ports, at least that of its name and value as far as there is room."""
    words = _words(scene, one)
    room = _width(scene) / beside - _apart(scene)
    return max(ports_width(one, port, gap), min(words, room) if scene.narrow else words)


def _words(scene: Scene, one: Reader) -> float:
    """The width of a bar that holds a neuron's name and its value."""
    name = text_width(f"y[{place_text(one.neuron)}]", 13, mono=True)
    return name + text_width(f"= {_value(scene, one)}", 13.5, mono=True) + 58


def _value(scene: Scene, one: Reader) -> str:
    return "" if scene.y_values is None else number_within(scene.y_values[one.neuron], 8)


def _port(scene: Scene, readers: Sequence[Reader], gap: float) -> float:
    """The width of a port, as its number needs, as there is room."""
    each = max(max(len(one.parts) for one in readers), 1)
    between = 40 * (len(readers) - 1) + gap * sum(len(set(one.channels)) for one in readers)
    room = (_width(scene) - between) / (each * len(readers))
    usual = 40 if each <= 3 else 30 if each <= 5 else 24 if each <= 9 else 18
    if not _across(readers, min(usual, room)):
        usual = next((size for size in (36, 30) if size <= room and _across(readers, size)), usual)
    return float(int(max(min(max(usual, 120 / each), room, 44), 12)))


def _across(readers: Sequence[Reader], port: float) -> bool:
    style = port_digits(readers, port)
    return style is None or style.characters <= fitting(port)


# --- marks ------------------------------------------------------------------------------------------------------------


def _neurons(
    scene: Scene, plan: _Plan, top: float, style: Digits | None
) -> tuple[list[tuple[Part, Cell]], tuple[Mark, ...], float]:
    """The ports with their taps, the bars with what they use, and where they end."""
    tall = height_for(style, plan.port, min(max(plan.port, 20.0), 40.0))
    found: list[tuple[Part, Cell]] = []
    marks: list[Mark] = []
    bottom = top
    # On a narrow page a value that its bar has no room for stands under it.
    under = scene.narrow and any(_words(scene, one) > _bar(scene, one, plan.port, plan.gap, len(plan.readers))
                                 for one in plan.readers)  # fmt: skip
    for place, (one, state) in enumerate(zip(plan.readers, plan.states, strict=True)):
        own = ports_width(one, plan.port, plan.gap)
        wide = _bar(scene, one, plan.port, plan.gap, len(plan.readers))
        left = MARGIN + plan.slot * place + (plan.slot - wide) / 2
        found += ports(scene, one, left + (wide - own) / 2, top, plan.port, tall, plan.gap, style)
        marks += neuron_mark(scene, one.neuron, left, top + tall + 3, wide, state, 34, _terms(scene, one),
                             None if under else "")  # fmt: skip
        low = top + tall + 58
        if under and _value(scene, one):
            value = _value(scene, one)
            text = f"≈ {value[1:]}" if value.startswith("≈") else f"= {value}"
            marks.append(Label(left + wide / 2, low, text, "mono", "middle", True, size=13.5))
            low += 19
        words, less = uses_words(scene, one)
        for label in paragraph(left + wide / 2, low, words, plan.slot - 8, "body", size=12.5):
            marks.append(Label(label.x, label.y, label.text, "body" if less else "caption", "middle", less, size=12.5))
            bottom = max(bottom, label.y + 6)
    return found, tuple(marks), bottom


def _terms(scene: Scene, one: Reader) -> str:
    """The sum behind a neuron by channel, where whole numbers make it true as printed."""
    rows, bias = one.rows, scene.bias_of(one.neuron)
    value = None if scene.y_values is None else float(scene.y_values[one.neuron])
    if rows.product is None or value is None or (bias is not None and bias[1] is None):
        return ""
    if not (np.isfinite(value) and np.isfinite(rows.product).all()):
        return ""
    sums = [fsum(rows.product[rows.channel == channel]) for channel in dict.fromkeys(rows.channel.tolist())]
    terms = [*sums, *([bias[1]] if bias is not None and bias[1] is not None else [])]
    whole = all(term == int(term) for term in [*terms, value])
    return sum_text([number(term) for term in terms]) if whole and len(terms) < 6 and fsum(terms) == value else ""


def _brackets(scene: Scene, plan: _Plan, row: Inputs) -> tuple[Mark, ...]:
    """What i and j read, as two brackets at two heights."""
    marks: list[Mark] = []
    spans = {}
    for one, state in zip(plan.readers, plan.states, strict=True):
        if state and one.parts:
            at = [row.ends[part.at][0] for part in one.parts]
            spans[state] = (min(at) - plan.side / 2 + 1, max(at) + plan.side / 2 - 1)
    for state, (left, right) in spans.items():
        y = MARGIN + (21.0 if state == "selected" else 9.0)
        marks.append(Bracket(left, y, right, y, MARGIN + plan.lift - 4 - y))
        marks.append(Tag((left + right) / 2 - 8, y - 8, "i" if state == "selected" else "j", state == "pinned"))
    return tuple(marks)


# --- words ------------------------------------------------------------------------------------------------------------


def _selected(scene: Scene, plan: _Plan) -> Reader:
    return next(one for one in plan.readers if one.neuron == scene.neurons[0])


def _description(plan: _Plan) -> str:
    count = sum(len(one.parts) for one in plan.readers)
    names = ", ".join(f"y[{place_text(one.neuron)}]" for one in plan.readers)
    edges = f"{counted(count, 'edge')} between them: one for each use of a weight"
    return f"A line of inputs, a line of neurons ({names}), and {edges}."


def _subtitle(scene: Scene, plan: _Plan) -> str:
    """What a neuron reads: "A neuron reads 3 channels × 3×3 taps = 27 weights."."""
    one = _selected(scene, plan)
    whole, reads = one.excerpt.reads * one.excerpt.each, one.excerpt.reads
    taps = [scene.w.shape[axis] for axis in scene.w.of("tap")]
    if weights_of_filter(one.rows) != whole or prod(taps) != one.excerpt.each:
        return "One line of inputs, one line of neurons; an edge is one use of one weight."
    sides = sized(taps) if len(taps) > 1 else str(taps[0]) if taps else ""
    kernel = f" × {sides} tap{'' if one.excerpt.each == 1 else 's'}" if one.excerpt.each > 1 else ""
    return f"A neuron reads {counted(reads, 'channel')}{kernel} = {counted(whole, 'weight')}."


def _notes(scene: Scene, plan: _Plan, inputs: Digits | None, weights: Digits | None) -> tuple[str, ...]:
    parts = [part for one in plan.readers for part in one.parts]
    real = sum(not part.padding for part in parts)
    stored = len({part.w for part in parts})
    count = f"{counted(len(parts), 'connection')} drawn, "
    count += f"{real:,} of them on real input, " if real < len(parts) else ""
    notes = [f"{count}{counted(stored, 'weight')}."]
    pair = [next(one for one in plan.readers if one.neuron == neuron) for neuron in dict.fromkeys(scene.neurons)]
    if len(pair) > 1:
        notes.append(f"{shared_words(scene, pair)}.")
    elif len(plan.readers) > 1 and len(parts) == stored:
        notes.append("No weight is drawn twice: these neurons share none.")
    notes.append(use_words(scene, pair))
    if real < len(parts):
        notes.append("A dashed edge reads padding.")
    notes.append(rounded_words(inputs=inputs, weights=weights))
    return tuple(note for note in notes if note)


VIEW = View("connections", "Connections", draw, unfit, narrow=True)
