"""Inputs in a line, neurons as bars with a port for each use of a weight, and an edge for each connection.

Edges never meet in a point: each ends in the port of its weight, and ports stand in the filter's order.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from isochrome.core.relation import Place
from isochrome.draw.identity import Colouring
from isochrome.draw.layout import (
    edges_in_order,
    fitted,
    neuron_bar,
    number,
    number_within,
    place_text,
    right_of,
    text_width,
)
from isochrome.draw.picture import Cell, Edge, Glyph, Group, Keys, Label, Mark, Point, State, keys
from isochrome.draw.scene import Part, Scene
from isochrome.draw.views.digits import Digits, digits
from isochrome.draw.views.excerpt import Reader
from isochrome.draw.views.wording import position_words

__all__ = [
    "Inputs", "Run", "UPWARDS", "digits_in", "fitting", "gaps_between", "height_for", "input_row", "is_inside",
    "neuron_mark", "port_digits", "port_signs", "ports", "ports_width", "row_width", "runs", "wires",
]  # fmt: skip

FLOOR = 10
"""The smallest letters; a number that reads upwards needs a cell as wide."""
UPWARDS = 42
"""The height of a port whose number reads upwards."""


@dataclass(frozen=True, slots=True)
class Run:
    """Inputs that stand side by side: one channel, one row."""

    channel: int
    lead: Place
    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class Inputs:
    """The line of inputs: its marks, where each input's edges begin, its height, and how its numbers are printed."""

    marks: tuple[Mark, ...]
    ends: dict[Place, Point]
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
    """The line of inputs in cells of ``side``, channels and rows named above it; narrow cells are higher."""
    gaps = gaps_between(lines)
    style = digits_in(_numbers(scene, lines), side)
    tall = height_for(style, side, tall)
    heads, top = _heads(scene, lines, gaps, side)
    single = all(len(run.places) == 1 for run in lines) and len({run.channel for run in lines}) > 1
    indexed = indices and side >= 20 and not single and bool(scene.x and scene.x.of("position"))
    top += 13 if indexed else 0
    marks: list[Mark] = [Group(x, y, tuple(heads))] if heads else []
    ends: dict[Place, Point] = {}
    at = x
    for run, gap in zip(lines, gaps, strict=True):
        at += gap
        for place in run.places:
            marks += _input_cell(scene, place, at, y + top, side, tall, style, indexed)
            ends[place] = (at + side / 2, y + top + tall)
            at += side
    return Inputs(tuple(marks), ends, top + tall, style)


def row_width(scene: Scene, lines: Sequence[Run], side: float) -> float:
    """The width of a line of inputs with the names above it."""
    gaps = gaps_between(lines)
    names = [mark for mark in _heads(scene, lines, gaps, side)[0] if isinstance(mark, Label) and mark.anchor == "start"]
    return max(side * sum(len(run.places) for run in lines) + sum(gaps), right_of(names))


def gaps_between(lines: Sequence[Run]) -> list[float]:
    """The space before each run: more between channels than between rows."""
    several = any(one.channel == other.channel for one, other in zip(lines, lines[1:], strict=False))
    single = all(len(run.places) == 1 for run in lines)
    between = 20.0 if several else 0.0 if single else 14.0
    gaps = [0.0]
    gaps += [8.0 if one.channel == other.channel else between for one, other in zip(lines, lines[1:], strict=False)]
    return gaps[: len(lines)]


def is_inside(scene: Scene, place: Place) -> bool:
    return scene.x is not None and all(0 <= at < size for at, size in zip(place, scene.x.shape, strict=True))


def _numbers(scene: Scene, lines: Sequence[Run]) -> list[float]:
    if scene.x_values is None:
        return []
    return [float(scene.x_values[place]) for run in lines for place in run.places if is_inside(scene, place)]


def digits_in(values: Sequence[float], width: float) -> Digits | None:
    """How numbers are printed in cells of a width: across, or upwards in cells that are ``UPWARDS`` high; else not."""
    if not values:
        return None
    return digits([values], fitting(width), 3) or (digits([values], 6, 3) if width >= FLOOR else None)


def height_for(style: Digits | None, width: float, usual: float) -> float:
    """The height of cells of a width: the usual one, or what a number needs that reads upwards."""
    return float(UPWARDS) if style is not None and style.characters > fitting(width) else usual


def fitting(width: float) -> int:
    """How many characters of 10 px fit in a cell.

    >>> fitting(13), fitting(20), fitting(40)
    (1, 2, 5)
    """
    return int((width - max(2, 0.14 * width)) * 1000 / (600 * FLOOR))


def _input_cell(
    scene: Scene, place: Place, x: float, y: float, side: float, tall: float, style: Digits | None, indexed: bool
) -> tuple[Mark, ...]:
    axes = () if scene.x is None else scene.x.of("position")
    index = number(place[axes[-1]]) if indexed and axes else ""
    across = style is not None and style.characters <= fitting(side)
    size = 0 if style is None else style.size(side, tall) if across else FLOOR
    if not is_inside(scene, place):
        return (Cell(x, y, side, tall, "0", padding=True, index=index, index_at="above", size=size),)
    value = None if scene.x_values is None else float(scene.x_values[place])
    text = "" if style is None else style.text(value)
    cell = Cell(
        x, y, side, tall, text if across else "", scene.input_identity(place), index=index, index_at="above",
        ink="ink3" if value == 0 else "ink", size=size, keys=keys(scene.layer.number, x=place),
    )  # fmt: skip
    return (cell,) if across or not text else (cell, _upwards(cell, text))


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
        marks, y = _channel_heads(scene, spans, lines)
    if several:
        y += 18 if marks else 12
        marks += [Label(left, y, _row_words(scene, run, wide), "caption", size=11.5) for left, wide, run in rows]
        y += 6
    return marks, y + (8 if marks and not several else 0)


def _channel_heads(
    scene: Scene, spans: dict[int, tuple[float, float]], lines: Sequence[Run]
) -> tuple[list[Mark], float]:
    names = {channel: f"channel {channel}" for channel in spans}
    fits = all(text_width(names[channel], 13, True) + 6 <= end - left for channel, (left, end) in spans.items())
    if fits or len(spans) == 1:
        chosen = scene.channel if scene.channel in spans else min(spans)
        heads = [Label(left, 12, names[one], "body", bold=one == chosen) for one, (left, _) in spans.items()]
        return list(heads), 12
    marks: list[Mark] = [Label(0, 11, f"input channels {min(spans)} to {max(spans)}{_where(scene, lines)}", "caption")]
    narrow = min(end - left for left, end in spans.values()) < 6.3 * len(str(max(spans))) + 3
    shown = [channel for place, channel in enumerate(spans) if not narrow or place % 5 == 0]
    marks += [
        Label((spans[channel][0] + spans[channel][1]) / 2, 28, str(channel), "index", "middle") for channel in shown
    ]
    return marks, 26


def _where(scene: Scene, lines: Sequence[Run]) -> str:
    """The row and column that all drawn inputs share: ", row 0"."""
    if scene.x is None:
        return ""
    single = len({run.channel for run in lines}) == len(lines)
    words = "" if single else f", by {position_words(scene.x)[-2]}"
    places = [place for run in lines for place in run.places]
    for axis, name in zip(scene.x.of("position"), position_words(scene.x), strict=True):
        at = {place[axis] for place in places}
        words += f", {name} {number(min(at))}" if len(at) == 1 else ""
    return words


def _row_words(scene: Scene, run: Run, wide: float) -> str:
    """What a run's row is called in the room above it: "row −1: padding", "row −1", "−1"."""
    assert scene.x is not None
    axes = scene.x.of("position")[:-1]
    names = position_words(scene.x)[:-1]
    words = ", ".join(f"{name} {number(at)}" for name, at in zip(names, run.lead, strict=True))
    outside = any(not 0 <= at < scene.x.shape[axis] for axis, at in zip(axes, run.lead, strict=True))
    short = ",".join(map(number, run.lead))
    several = (f"{words}: padding" if outside else words, words, short)
    return next((text for text in several if text_width(text, 11.5) <= wide), "")


def ports(
    scene: Scene, one: Reader, x: float, y: float, port: float, tall: float, gap: float, style: Digits | None
) -> tuple[tuple[Part, Cell], ...]:
    """A port for each drawn tap of a neuron, side by side in the filter's order, ``gap`` between channels."""
    found = []
    across = style is not None and style.characters <= fitting(port)
    size = style.size(port, tall) if style is not None and across else 0
    for place, (part, channel) in enumerate(zip(one.parts, one.channels, strict=True)):
        x += gap if place and channel != one.channels[place - 1] else 0
        text = "" if style is None or not across else style.text(part.weight)
        place_of = keys(scene.layer.number, y=part.y, w=part.w or (), parameter=part.parameter)
        found.append(
            (part, Cell(x, y, port, tall, text, part.identity(scene.level), bold=True, size=size, keys=place_of))
        )
        x += port
    return tuple(found)


def port_signs(scene: Scene, found: Iterable[tuple[Part, Cell]], style: Digits | None) -> tuple[Mark, ...]:
    """What stands in ports too narrow for their number: the number upwards, or the tap's place in its kernel."""
    if style is None:
        return port_glyphs(scene, found)
    return tuple(_upwards(cell, style.text(part.weight)) for part, cell in found if not cell.text)


def _upwards(cell: Cell, text: str) -> Label:
    """A number that reads upwards in a narrow cell."""
    x, y = cell.x + cell.width / 2 + 3.6, cell.y + cell.height / 2
    return Label(x, y, text, "mono", "middle", ink=cell.ink, size=FLOOR, on=cell.identity, turn=-90)


def neuron_mark(
    scene: Scene,
    neuron: Place,
    x: float,
    y: float,
    width: float,
    state: State | None,
    height: float,
    terms: str = "",
    value: str | None = "",
) -> tuple[Mark, ...]:
    """A neuron's bar: its name, and the model's own value where there is one, after the terms that add up to it.

    ``value`` is what is printed instead of the model's own; None for a bar with the name alone.
    """
    name = f"y[{place_text(neuron)}]"
    value = "" if value is None else value or neuron_value(scene, neuron, width, name)
    place = keys(scene.layer.number, y=neuron)
    on = scene.neuron_identity(neuron)
    bar, told = _bar(x, y, width, name, value, state, height, on, place)
    room = width - text_width(f"{name} = {value}", 13.5, mono=True) - 60
    if not value or not terms or text_width(terms, 13.5, mono=True) > room:
        return (*bar, *told)
    right = x + width - 10 - text_width(f" = {value}", 13.5, mono=True)
    words = Label(right, y + height / 2 + 4.5, terms, "mono", "end", True, size=13.5, on=on)
    return (*bar, *told, words)


def _bar(
    x: float,
    y: float,
    width: float,
    name: str,
    value: str,
    state: State | None,
    height: float,
    on: str | None,
    at: Keys,
) -> tuple[tuple[Mark, ...], tuple[Mark, ...]]:
    """The bar, and its value apart; a name that leaves no room for the value is set smaller."""
    *bar, told = neuron_bar(x, y, width, "", value, state, height, on, at)
    left = x + (32 if state in ("selected", "pinned") else 10)
    words = f"≈ {value[1:]}" if value.startswith("≈") else f"= {value}" if value else ""
    room = width - (left - x) - 16 - text_width(words, 13.5, mono=True)
    size = 13 if text_width(name, 13, mono=True) <= room else 11
    title = Label(left, y + height / 2 + 4.5, fitted(name, room, size, mono=True), "mono", size=size, on=on)
    if not value or not isinstance(told, Label):
        return (*bar[:-1], title), ()
    return (*bar[:-1], title), (replace(told, text=words),)


def neuron_value(scene: Scene, neuron: Place, width: float, name: str) -> str:
    """The model's own value of a neuron, with as many digits as its bar has room for; '' where there is none."""
    if scene.y_values is None:
        return ""
    room = width - 52 - min(text_width(name, 13, mono=True), max(text_width(name, 11, mono=True), width - 110))
    return number_within(scene.y_values[neuron], max(int(room / 8.1) - 2, 3))


def ports_width(one: Reader, port: float, gap: float) -> float:
    """The width of a neuron's ports."""
    breaks = sum(a != b for a, b in zip(one.channels, one.channels[1:], strict=False))
    return port * len(one.parts) + gap * breaks


def port_digits(readers: Sequence[Reader], port: float) -> Digits | None:
    """How the weights are printed in ports of a width."""
    return digits_in([part.weight for one in readers for part in one.parts if part.weight is not None], port)


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
) -> tuple[Edge, ...]:
    """The edges from inputs to ports, in order."""
    edges: list[Edge] = []
    for part, cell in ports:
        x, y = ends[part.at]
        number_of = keys(scene.layer.number, y=part.y, x=part.x or (), w=part.w or (), parameter=part.parameter)
        edges.append(Edge(x, y, cell.x + cell.width / 2, cell.y, part.identity(scene.level), part.padding, wide,
                          keys=number_of))  # fmt: skip
    return edges_in_order(edges, colours)
