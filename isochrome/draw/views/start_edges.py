"""The first screen's first panel: the edges of neurons i and j for one channel. An edge is one use of one weight."""

from __future__ import annotations

from collections.abc import Sequence
from math import fsum, isfinite

from isochrome.draw.choice import coloured, level_legend
from isochrome.draw.identity import Colouring
from isochrome.draw.layout import number, place_text
from isochrome.draw.picture import Cell, Mark, Picture, State
from isochrome.draw.scene import Part, Scene
from isochrome.draw.view import View
from isochrome.draw.views.digits import Digits, whole_or
from isochrome.draw.views.excerpt import Reader, excerpt, filter_number, partner, reader
from isochrome.draw.views.sentences import few, no_products, rounded_words, same_words, taps_table
from isochrome.draw.views.wires import (
    gaps_between,
    height_for,
    input_row,
    neuron_mark,
    port_digits,
    port_signs,
    ports,
    ports_width,
    runs,
    wires,
)
from isochrome.draw.views.wording import counted, joined

__all__ = ["VIEW", "WIDTH"]

WIDTH = 368
MOST = 9
MARGIN = 3


def unfit(scene: Scene) -> str:
    """Why the layer has no edges to draw, '' where it has."""
    return no_products(scene)


def draw(scene: Scene) -> Picture:
    """The connections of neurons i and j on one channel, or on as many as make nine."""
    readers = _readers(scene)
    colours, lines, inner = coloured(scene), runs(scene, readers), WIDTH - 2 * MARGIN
    count = max(sum(len(run.places) for run in lines), 1)
    side = min(20.0 if count > 9 else 28.0, (inner - sum(gaps_between(lines))) / count)
    line = side * count + sum(gaps_between(lines))
    row = input_row(scene, lines, side, 20, MARGIN + (inner - line) / 2, MARGIN, indices=False)
    each = max(len(one.parts) for one in readers) or 1
    port = float(int(min((inner - 24) / 2 / each, 40 if each <= 4 else 18)))
    style = port_digits(readers, port)
    tall = height_for(style, port, 18)
    top = MARGIN + row.height + 238 - 20 - 70 - (tall - 18) - (row.height - 30)
    found, marks = _neurons(scene, readers, port, top, tall, style)
    edges = wires(scene, colours, found, row.ends, True)
    cells = tuple(cell for _, cell in found)
    return Picture(
        WIDTH,
        top + tall + 3 + 30 + MARGIN,
        "Edges",
        _description(readers),
        level_legend(scene),
        colours,
        (*edges, *row.marks, *marks, *cells, *port_signs(scene, found, style)),
        subtitle="an edge is one use of one weight",
        formula=str(scene.line.formula),
        window=readers[0].excerpt.words(scene),
        notes=_notes(scene, readers, colours, row.digits, style),
        table=taps_table(readers),
    )


def _readers(scene: Scene) -> tuple[Reader, ...]:
    """i and j; the next filter's neuron where there is no j."""
    neurons = list(dict.fromkeys(scene.neurons))
    beside = partner(scene, neurons[0]) if len(neurons) < 2 else None
    found = []
    for neuron in [*neurons, *([beside] if beside else [])]:
        found.append(reader(scene, neuron, excerpt(scene, filter_number(scene, neuron), MOST), MOST))
    return tuple(found)


def _neurons(
    scene: Scene, readers: Sequence[Reader], port: float, top: float, tall: float, style: Digits | None
) -> tuple[list[tuple[Part, Cell]], list[Mark]]:
    inner, values = WIDTH - 2 * MARGIN, scene.y_values
    told = None if values is None else whole_or([float(values[one.neuron]) for one in readers], 4, 5)
    told = None if told is not None and told.unit else told
    found: list[tuple[Part, Cell]] = []
    marks: list[Mark] = []
    order = sorted(range(len(readers)), key=lambda n: readers[n].neuron)
    for place, n in enumerate(order):
        own = ports_width(readers[n], port, 0)
        wide = own if own >= 150 else (inner - 24) / 2
        left = MARGIN + (0 if place == 0 else inner - wide) if len(order) > 1 else MARGIN + (inner - wide) / 2
        state: State | None = "selected" if n == 0 else "pinned" if n < len(set(scene.neurons)) else None
        found += ports(scene, readers[n], left + (wide - own) / 2, top, port, tall, 0, style)
        neuron = readers[n].neuron
        value = "" if told is None or values is None else told.text(float(values[neuron]))
        value = value if told is None or told.exact else f"≈{value}"
        marks += neuron_mark(scene, neuron, left, top + tall + 3, wide, state, 30, value=value)
    return found, marks


def _description(readers: Sequence[Reader]) -> str:
    names = joined([f"y[{place_text(one.neuron)}]" for one in readers])
    return f"The inputs that {names} read, and an edge from each to the port of its weight."


def _notes(
    scene: Scene, readers: Sequence[Reader], colours: Colouring, inputs: Digits | None, weights: Digits | None
) -> tuple[str, ...]:
    parts = [part for one in readers for part in one.parts]
    if not parts:
        names = joined([f"y[{place_text(one.neuron)}]" for one in readers])
        return (f"{names} read{'s' if len(readers) == 1 else ''} nothing: there is no connection to draw.",)
    told = {part.identity(scene.level) for part in parts} & set(colours.coloured)
    shades = counted(len(told), "colour") if told else "no colour"
    notes = [f"{counted(len(parts), 'edge')}, {shades}: {same_words(scene, readers)}."]
    notes.append(_gives(scene, readers))
    if any(part.padding for part in parts):
        notes.append("Dashed: reads padding, 0.")
    notes.append(_fold(scene, readers))
    notes.append(rounded_words(inputs=inputs, weights=weights))
    return tuple(note for note in notes if note)


def _gives(scene: Scene, readers: Sequence[Reader]) -> str:
    """What the drawn channel gives of each neuron's value, where it is one of several and all of it is drawn."""
    part = readers[0].excerpt
    if scene.y_values is None or len(part.channels) > 1 or part.reads == 1 or part.drawn < part.each:
        return ""
    if any(one.excerpt.channels != part.channels for one in readers):
        return ""
    told = []
    for one in readers:
        products = [part.product for part in one.parts if part.product is not None]
        if len(products) < len(one.parts) or not all(map(isfinite, products)):
            return ""
        told.append(f"{number(fsum(products), 3)} of the {number(scene.y_values[one.neuron], 3)}")
    return f"Channel {part.channels[0]} gives {joined(told)}."


def _fold(scene: Scene, readers: Sequence[Reader]) -> str:
    box = readers[0].excerpt.box[-2:]
    if scene.level not in ("weight", "tap") or len(box) < 2 or len(readers[0].excerpt.channels) > 1:
        return ""
    rows, columns = (high - low for low, high in box)
    if rows * columns != len(readers[0].parts) or min(rows, columns) < 2:
        return ""
    return f"Fold the {few(rows * columns)} ports to {rows}×{columns}: that is the mosaic in picture 3."


VIEW = View("start-edges", "Edges", draw, unfit, panel=True)
