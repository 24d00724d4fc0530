"""Inputs in a line, neurons as bars with a port for each use of a weight, and an edge for each connection.

Edges never meet in a point: each ends in the port of its weight, and ports stand in the filter's order.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from isochrome.core.relation import Place
from isochrome.draw.identity import Colouring
from isochrome.draw.layout import edges_in_order, neuron_bar, number, number_within, place_text, text_width
from isochrome.draw.picture import Cell, Edge, Glyph, Group, Label, Mark, Outline, Point, State, keys
from isochrome.draw.scene import Part, Scene
from isochrome.draw.views.digits import Digits, digits
from isochrome.draw.views.excerpt import Reader

__all__ = [
    "Inputs", "Run", "fitting", "gaps_between", "input_row", "is_inside", "neuron_mark", "port_digits", "port_glyphs", "ports", "ports_width", "runs",
    "wires",
]  # fmt: skip

FLOOR = 10


@dataclass(frozen=True, slots=True)
class Run:
    """Inputs that stand side by side: one channel, one row."""

    channel: int
    lead: Place
    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class Inputs:
    """The line of inputs: its marks, where each input's edges begin, its size, and how its numbers are printed."""

    marks: tuple[Mark, ...]
    ends: dict[Place, Point]
    width: float
    height: float
    digits: Digits | None


def runs(scene: Scene, readers: Sequence[Reader], holes: int = 12) -> tuple[Run, ...]:
    """The inputs that the drawn taps read, in runs; a run is filled up where few inputs between are not read."""
    axes = () if scene.x is None else scene.x.of("position")
    seen = {part.at: channel for one in readers for part, channel in zip(one.parts, one.channels, strict=True)}
    order = sorted(seen, key=lambda at: (seen[at], tuple(at[axis] for axis in axes), at))
    found = []
    for (channel, lead), group in groupby(order, key=lambda at: (seen[at], tuple(at[axis] for axis in axes[:-1]))):
        places = list(group)
        if axes:
            last, first, end = axes[-1], places[0], places[-1][axes[-1]]
            between = end - first[last] + 1 - len(places)
            if 0 < between <= holes:
                places = [(*first[:last], at, *first[last + 1 :]) for at in range(first[last], end + 1)]
        found.append(Run(channel, lead, tuple(places)))
    return tuple(found)


def input_row(
    scene: Scene, lines: Sequence[Run], side: float, tall: float, x: float = 0, y: float = 0, indices: bool = True
) -> Inputs:
    """The line of inputs in cells of ``side``, channels and rows named above it."""
    gaps = gaps_between(lines)
    style = _input_digits(scene, lines, side, tall)
    heads, top = _heads(scene, lines, gaps, side)
    indexed = indices and side >= 20 and bool(scene.x and scene.x.of("position"))
    top += 13 if indexed else 0
    marks: list[Mark] = [Group(x, y, tuple(heads))] if heads else []
    ends: dict[Place, Point] = {}
    at = x
    for run, gap in zip(lines, gaps, strict=True):
        at += gap
        for place in run.places:
            marks.append(_input_cell(scene, place, at, y + top, side, tall, style, indexed))
            ends[place] = (at + side / 2, y + top + tall)
            at += side
    return Inputs(tuple(marks), ends, at - x, top + tall, style)


def gaps_between(lines: Sequence[Run]) -> list[float]:
    """The space before each run: more between channels than between rows."""
    several = any(one.channel == other.channel for one, other in zip(lines, lines[1:], strict=False))
    single = all(len(run.places) == 1 for run in lines)
    between = 0.0 if single else 20.0 if several else 14.0
    gaps = [0.0]
    gaps += [8.0 if one.channel == other.channel else between for one, other in zip(lines, lines[1:], strict=False)]
    return gaps[: len(lines)]


def is_inside(scene: Scene, place: Place) -> bool:
    return scene.x is not None and all(0 <= at < size for at, size in zip(place, scene.x.shape, strict=True))


def _input_digits(scene: Scene, lines: Sequence[Run], side: float, tall: float) -> Digits | None:
    if scene.x_values is None:
        return None
    values = [float(scene.x_values[place]) for run in lines for place in run.places if is_inside(scene, place)]
    return digits([values], fitting(side), 3) if tall >= FLOOR + 2 else None


def fitting(width: float) -> int:
    """How many characters of 10 px fit in a cell.

    >>> fitting(13), fitting(20), fitting(40)
    (1, 2, 5)
    """
    return int((width - max(2, 0.14 * width)) * 1000 / (600 * FLOOR))


def _input_cell(
    scene: Scene, place: Place, x: float, y: float, side: float, tall: float, style: Digits | None, indexed: bool
) -> Cell:
    axes = () if scene.x is None else scene.x.of("position")
    real = is_inside(scene, place)
    index = number(place[axes[-1]]) if indexed and axes else ""
    if not real:
        return Cell(x, y, side, tall, "0", padding=True, index=index, index_at="above")
    value = None if scene.x_values is None else float(scene.x_values[place])
    text = "" if style is None else style.text(value)
    return Cell(
        x, y, side, tall, text, scene.input_identity(place), index=index, index_at="above",
        ink="ink3" if value == 0 else "ink", keys=keys(scene.layer.number, x=place),
    )  # fmt: skip


def _heads(scene: Scene, lines: Sequence[Run], gaps: Sequence[float], side: float) -> tuple[list[Mark], float]:
    """The names of channels and of rows above the line, and where the line begins."""
    channels = list(dict.fromkeys(run.channel for run in lines))
    spans: dict[int, tuple[float, float]] = {}
    rows: list[tuple[float, float, Run]] = []
    x = 0.0
    for run, gap in zip(lines, gaps, strict=True):
        x += gap
        wide = len(run.places) * side
        rows.append((x, wide, run))
        spans[run.channel] = (spans.get(run.channel, (x, 0))[0], x + wide)
        x += wide
    several = len(lines) > len(channels)
    marks: list[Mark] = []
    y = 0.0
    if scene.channels > 1 and (len(channels) > 1 or not several):
        marks, y = _channel_heads(scene, spans, x)
    if several:
        y += 12
        marks += [Label(left, y, _row_words(scene, run, wide), "caption", size=11.5) for left, wide, run in rows]
        y += 6
    return marks, y + (8 if marks and not several else 0)


def _channel_heads(scene: Scene, spans: dict[int, tuple[float, float]], width: float) -> tuple[list[Mark], float]:
    names = {channel: f"channel {channel}" for channel in spans}
    fits = all(text_width(names[channel], 13, True) + 6 <= end - left for channel, (left, end) in spans.items())
    if fits or len(spans) == 1:
        chosen = scene.channel if scene.channel in spans else min(spans)
        return [
            Label(left, 12, names[channel], "body", bold=channel == chosen) for channel, (left, _) in spans.items()
        ], 12
    marks: list[Mark] = [Label(0, 11, f"input channels {min(spans)} to {max(spans)}", "caption")]
    narrow = min(end - left for left, end in spans.values()) < 6.3 * len(str(max(spans))) + 3
    shown = [channel for place, channel in enumerate(spans) if not narrow or place % 5 == 0]
    marks += [
        Label((spans[channel][0] + spans[channel][1]) / 2, 28, str(channel), "index", "middle") for channel in shown
    ]
    return marks, 26


def _row_words(scene: Scene, run: Run, wide: float) -> str:
    axes = () if scene.x is None else scene.x.of("position")
    names = ("depth", "row")[-len(run.lead) :] if len(run.lead) <= 2 else ("at",)
    words = ", ".join(f"{name} {number(at)}" for name, at in zip(names, run.lead, strict=False))
    if len(names) < len(run.lead):
        words = f"at {place_text(run.lead)}"
    outside = any(
        not 0 <= at < (scene.x.shape[axis] if scene.x else 0) for axis, at in zip(axes, run.lead, strict=False)
    )
    for text in (f"{words}: padding" if outside else words, words, place_text(run.lead)):
        if text_width(text, 11.5) <= wide + 6:
            return text
    return ""


def ports(
    scene: Scene, one: Reader, x: float, y: float, port: float, tall: float, gap: float, style: Digits | None
) -> tuple[tuple[Part, Cell], ...]:
    """A port for each drawn tap of a neuron, side by side in the filter's order, ``gap`` between channels."""
    found = []
    for place, (part, channel) in enumerate(zip(one.parts, one.channels, strict=True)):
        x += gap if place and channel != one.channels[place - 1] else 0
        text = "" if style is None or part.weight is None else style.text(part.weight)
        place_of = keys(scene.layer.number, y=part.y, w=part.w or (), parameter=part.parameter)
        found.append((part, Cell(x, y, port, tall, text, part.identity(scene.level), bold=True, keys=place_of)))
        x += port
    return tuple(found)


def neuron_mark(
    scene: Scene, neuron: Place, x: float, y: float, width: float, state: State | None, height: float, terms: str = ""
) -> tuple[Mark, ...]:
    """A neuron's bar: its name, and the model's own value where there is one, after the terms that add up to it."""
    name = f"y[{place_text(neuron)}]"
    value = neuron_value(scene, neuron, width, name)
    place = keys(scene.layer.number, y=neuron)
    bar = neuron_bar(x, y, width, name, value, state, height, scene.neuron_identity(neuron), place)
    if not value:
        return bar[:-1]
    room = width - text_width(f"{name} = {value}", 13.5, mono=True) - 60
    if not terms or text_width(terms, 13.5, mono=True) > room:
        return bar
    right = x + width - 10 - text_width(f" = {value}", 13.5, mono=True)
    words = Label(right, y + height / 2 + 4.5, terms, "mono", "end", True, size=13.5, on=scene.neuron_identity(neuron))
    return (*bar, words)


def neuron_value(scene: Scene, neuron: Place, width: float, name: str) -> str:
    """The model's own value of a neuron, with as many digits as its bar has room for; '' where there is none."""
    if scene.y_values is None:
        return ""
    room = width - 56 - text_width(name, 13, mono=True)
    return number_within(scene.y_values[neuron], max(int(room / 8.1), 3))


def ports_width(one: Reader, port: float, gap: float) -> float:
    """The width of a neuron's ports."""
    breaks = sum(a != b for a, b in zip(one.channels, one.channels[1:], strict=False))
    return port * len(one.parts) + gap * breaks


def port_digits(scene: Scene, readers: Sequence[Reader], port: float) -> Digits | None:
    """How the weights are printed in the ports, if they fit."""
    values = [part.weight for one in readers for part in one.parts if part.weight is not None]
    return digits([values], fitting(port), 3) if values else None


def port_glyphs(scene: Scene, ports: Iterable[tuple[Part, Cell]]) -> tuple[Mark, ...]:
    """In ports without a number the place of the tap in its kernel, as a grid with one filled square."""
    axes = scene.w.of("tap")[-2:]
    marks: list[Mark] = []
    for part, cell in ports:
        if cell.text or part.w is None or len(axes) < 1:
            continue
        rows, columns = (scene.w.shape[axes[0]] if len(axes) == 2 else 1, scene.w.shape[axes[-1]])
        side = min(cell.width, cell.height) - 8
        if max(rows, columns) * 1.6 > side or rows * columns == 1:
            continue
        row, column = (part.w[axes[0]] if len(axes) == 2 else 0), part.w[axes[-1]]
        place = (cell.x + (cell.width - side) / 2, cell.y + (cell.height - side) / 2)
        marks.append(Glyph(*place, side, row, column, rows, columns, part.identity(scene.level)))
    return tuple(marks)


def wires(
    scene: Scene, colours: Colouring, ports: Iterable[tuple[Part, Cell]], ends: dict[Place, Point], wide: bool
) -> tuple[tuple[Edge, ...], tuple[Mark, ...]]:
    """The edges from inputs to ports, in order, and the outlines of the ports of the weight that is pointed at."""
    edges: list[Edge] = []
    outlines: list[Mark] = []
    for part, cell in ports:
        x, y = ends[part.at]
        pointed = scene.weight is not None and part.w == scene.weight
        number_of = keys(scene.layer.number, y=part.y, x=part.x or (), w=part.w or (), parameter=part.parameter)
        edges.append(Edge(x, y, cell.x + cell.width / 2, cell.y, part.identity(scene.level), part.padding, wide,
                          pointed, keys=number_of))  # fmt: skip
        if pointed:
            outlines.append(Outline("pointed", cell.x, cell.y, cell.width, cell.height, keys=cell.keys))
    return edges_in_order(edges, colours), tuple(outlines)
