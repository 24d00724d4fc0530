"""The same neurons wired in three ways: fully connected, locally connected, with shared weights."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import prod

from isochrome.core.sharing import baselines as wirings
from isochrome.core.sharing import uses_per_weight
from isochrome.draw.identity import Colouring
from isochrome.draw.layout import right_of, text_width
from isochrome.draw.picture import FillToken, Label, Legend, Mark, Picture, Rect, Rule, Table
from isochrome.draw.scene import Scene
from isochrome.draw.view import View
from isochrome.draw.views.wording import bytes_text, counted, part_of, side, times, title_of
from isochrome.errors import shown

__all__ = ["VIEW"]

_SIDES, _SMALLER = (400.0, 250.0, 120.0), (240.0, 170.0, 100.0)
"""The sides of the three squares; on a narrow page, where they stand one below the other."""
_LEFT = (0.0, 462.0, 812.0)
_HEADING, _UNDER = 66.0, 35.0
"""The room for the words above and below a square."""
_NEARLY = 0.8
"""From this part of an area on, one square in another says nothing: all three stand side by side."""
_LEAST = 2.0
_TABLE = 860.0


@dataclass(frozen=True, slots=True)
class _Wiring:
    """One way to wire the neurons: weights and biases stored, connections with those of the biases."""

    name: str
    stored: int
    connections: int
    uses: str
    about: str


def _draw(scene: Scene) -> Picture:
    ways = _wirings(scene)
    marks, bottom = _nested(scene, ways) if _nests(ways) else _beside(scene, ways)
    rows = _rows(scene, ways)
    table, right, height = (_turned_table if scene.narrow else _table)(rows, bottom + 34)
    name = shown(scene.layer.name, 60)
    neurons = counted(_neurons(scene), "neuron")
    told = "; ".join(f"{way.name}: {way.stored:,}" for way in ways)
    squares = [mark.x + mark.width for mark in marks if isinstance(mark, Rect)]
    return Picture(
        max(*squares, right_of(mark for mark in marks if isinstance(mark, Label)), right) + 4,
        height,
        title_of("Baselines", name),
        f"{name}: {neurons}, and how many weights and biases each wiring stores. {told}.",
        Legend("none", ""),
        Colouring(),
        (*marks, *table),
        subtitle=f"{name}: the same {neurons}, wired in three ways. {_whose(scene)}Areas are to scale.",
        formula=str(scene.line.formula),
        notes=_notes(scene, ways),
        table=Table(("wiring", *_HEAD), tuple(rows)),
    )


def _unfit(scene: Scene) -> str:
    if scene.x is None:
        return "the layer reads no input that its neurons could be fully connected to: it looks weights up"
    return "" if _neurons(scene) and scene.x.shape and prod(scene.x.shape) else "the layer has no neurons"


def _neurons(scene: Scene) -> int:
    return prod(scene.y.shape)


def _others(scene: Scene) -> int:
    """How many other lines multiply weights into the same output."""
    return sum(line.output == scene.line.output for line in scene.layer.weight_lines) - 1


def _whose(scene: Scene) -> str:
    if not _others(scene):
        return ""
    return f"Counts are of {shown(_parameter(scene), 40)} alone; the layer has {_others(scene) + 1} such lines. "


def _parameter(scene: Scene) -> str:
    return scene.parameter.names[0] if scene.parameter else scene.line.weight


def _wirings(scene: Scene) -> tuple[_Wiring, _Wiring, _Wiring]:
    relation, neurons = scene.relation, _neurons(scene)
    found = uses_per_weight(relation, scene.line.weight_number)
    assert scene.x is not None
    counts = wirings(relation, found.mentioned, neurons, prod(scene.x.shape))
    line = None if _others(scene) else scene.bias_line
    added = line.relation.connections if line else 0
    biases = uses_per_weight(line.relation, line.weight_number).mentioned if line else 0
    uses = f"{found.taps:,}" if found.taps is not None else f"{found.least:,} to {found.most:,}"
    size = _bytes_each(scene)
    stored = counted(found.mentioned, "weight") + (f", {counted(biases, 'bias', 'biases')}" if biases else "")
    unit = "weights and biases" if biases else "weights"
    full, local, shared = counts.fully_connected + added, counts.locally_connected + added, counts.shared + biases
    return (
        _Wiring("fully connected", full, full, "1", f"{unit}; {bytes_text(full * size)} as {_dtype(scene)}"),
        _Wiring("locally connected", local, local, "1", f"one for each connection; {bytes_text(local * size)}"),
        _Wiring("shared, as it is", shared, local, uses, f"{stored}; {bytes_text(shared * size)}"),
    )


def _dtype(scene: Scene) -> str:
    return scene.parameter.dtype if scene.parameter else "float32"


def _bytes_each(scene: Scene) -> Fraction:
    parameter = scene.parameter
    if parameter is None or not parameter.count:
        return Fraction(4)
    return Fraction(parameter.span.stop - parameter.span.start, parameter.count)


def _nests(ways: tuple[_Wiring, ...]) -> bool:
    return all(0 < inner.stored <= _NEARLY * outer.stored for outer, inner in zip(ways, ways[1:], strict=False))


def _above(way: _Wiring) -> tuple[str, str, str]:
    return way.name, f"{way.stored:,}", way.about


def _heading(x: float, y: float, way: _Wiring) -> tuple[Label, ...]:
    """Three lines above a square whose upper edge is at ``y``."""
    name, count, about = _above(way)
    return (
        Label(x, y - 49, name, "group", size=14),
        Label(x, y - 29, count, "count"),
        Label(x, y - 10, about, "caption"),
    )


_FILLS: tuple[FillToken, ...] = ("wash", "line", "ink")


def _square(x: float, bottom: float, length: float, which: int) -> Rect:
    return Rect(x, bottom - length, length, length, _FILLS[which], "ink")


@dataclass(frozen=True, slots=True)
class _Frame:
    """Where a square stands: its left and lower edge, and its side."""

    x: float
    bottom: float
    side: float


def _frames(scene: Scene) -> list[_Frame]:
    """The three squares on one line, on a narrow page one below the other."""
    if not scene.narrow:
        return [_Frame(x, _SIDES[0] + _HEADING, length) for x, length in zip(_LEFT, _SIDES, strict=True)]
    frames, bottom = list[_Frame](), -_UNDER - 16
    for length in _SMALLER:
        bottom += _UNDER + 16 + _HEADING + length
        frames.append(_Frame(0, bottom, length))
    return frames


def _nested(scene: Scene, ways: tuple[_Wiring, _Wiring, _Wiring]) -> tuple[list[Mark], float]:
    """Three squares, each with the next one in its corner to scale, and lines that enlarge it."""
    frames = _frames(scene)
    marks: list[Mark] = []
    if not scene.narrow:
        marks.append(Rule(((0, frames[0].bottom), (frames[2].x + frames[2].side, frames[0].bottom)), "thin"))
    for which, (at, way) in enumerate(zip(frames, ways, strict=True)):
        marks += [_square(at.x, at.bottom, at.side, which), *_heading(at.x, at.bottom - at.side, way)]
    marks.append(Label(0, frames[0].bottom + 18, f"scale: the whole square = {ways[0].stored:,}", "caption"))
    for which in (0, 1):
        here, there = frames[which : which + 2]
        true = here.side * side(ways[which + 1].stored, ways[which].stored)
        marks += _zoom(which, here, there, max(true, _LEAST), ways)
        sides = Fraction(there.side) / Fraction(here.side)
        larger = times(sides**2 * ways[which].stored / ways[which + 1].stored)
        again = "enlarged another" if which else "enlarged"
        small = f"; drawn {_LEAST:g} px wide there" if true < _LEAST else ""
        marks.append(Label(there.x, there.bottom + 18, f"{again} {larger} (side){small}", "caption"))
    return marks, frames[-1].bottom + _UNDER


def _zoom(which: int, here: _Frame, there: _Frame, length: float, ways: tuple[_Wiring, ...]) -> list[Mark]:
    """The next square in the corner of this one, the line that enlarges it, and what part of the area it is."""
    x, bottom, free = here.x, here.bottom, 10.0
    corner = (x + length, bottom - length)
    part = part_of(ways[which + 1].stored, ways[which].stored)
    words = f"{ways[which + 1].name.split(',')[0]}, to scale: {part}"
    marks: list[Mark] = [_square(x, bottom, length, which + 1)]
    if there.x > x:
        target = (there.x, there.bottom - there.side)
        marks.append(Rule((corner, target), "thin"))
        if length < 26:
            free = max(free, (26 - length) * (target[0] - corner[0]) / (corner[1] - target[1]))
    start = x + length + free
    if start + text_width(words, 12) < x + here.side - 6:
        if free > 12:
            marks.append(Rule(((x + length + 2, bottom - length / 2 - 0.5), (start - 4, bottom - 11)), "thin"))
        marks.append(Label(start, bottom - 8, words, "caption", ink="ink"))
    else:
        marks.append(Label(x, bottom + 35, f"inside: {words} of this area", "caption"))
    return marks


def _beside(scene: Scene, ways: tuple[_Wiring, ...]) -> tuple[list[Mark], float]:
    """Three squares to one scale, side by side or below one another, where none is a small part of another."""
    most = max(way.stored for way in ways) or 1
    whole = _SMALLER[0] if scene.narrow else _SIDES[1]
    x, bottom, right = 0.0, whole + _HEADING, 0.0
    marks: list[Mark] = []
    for which, way in enumerate(ways):
        true = whole * side(way.stored, most)
        length = max(true, _LEAST)
        if scene.narrow:
            bottom = (bottom + 34 if which else 0) + _HEADING + length
        marks += [_square(x, bottom, length, which), *_heading(x, bottom - length, way)]
        if true < _LEAST:
            marks.append(Label(x, bottom + 18, f"drawn {_LEAST:g} px wide: smaller to scale", "caption"))
        if not scene.narrow:
            right = x + max(length, text_width(way.about, 12), text_width(f"{way.stored:,}", 20, mono=True))
            x = right + 60
    line = [] if scene.narrow else [Rule(((0, bottom), (right, bottom)), "thin")]
    return [*line, *marks], bottom + 18


_HEAD = ("neurons", "connections", "weights and biases", "uses of one weight")


def _rows(scene: Scene, ways: tuple[_Wiring, ...]) -> list[tuple[str, ...]]:
    neurons = f"{_neurons(scene):,}"
    return [(way.name, neurons, f"{way.connections:,}", f"{way.stored:,}", way.uses) for way in reversed(ways)]


def _table(rows: list[tuple[str, ...]], y: float) -> tuple[list[Mark], float, float]:
    """A row for each wiring; where the table ends on the right, and below."""
    ends = (270.0, 450.0, 650.0, _TABLE)
    marks: list[Mark] = [Label(end, y, text, "caption", "end") for end, text in zip(ends, _HEAD, strict=True)]
    marks.append(Rule(((0, y + 9), (_TABLE, y + 9)), "thin"))
    for number, row in enumerate(rows):
        base = y + 27 + 22 * number
        marks.append(Label(0, base, row[0], "body", size=12.5))
        for place, (end, text) in enumerate(zip(ends, row[1:], strict=True)):
            marks.append(Label(end, base, text, "mono", "end", bold=True if number == 0 and place == 2 else None))
        marks.append(Rule(((0, base + 7), (_TABLE, base + 7)), "hair"))
    return marks, _TABLE, y + 27 + 22 * len(rows) - 10


def _turned_table(rows: list[tuple[str, ...]], y: float) -> tuple[list[Mark], float, float]:
    """The same with a column for each wiring, the name of each count above its numbers."""
    widths = [max(text_width(row[0], 12), *(text_width(text, 12.5, True, True) for text in row[1:])) for row in rows]
    ends = [sum(widths[: number + 1]) + 14.0 * number for number in range(len(rows))]
    marks: list[Mark] = [Label(end, y, row[0], "caption", "end") for end, row in zip(ends, rows, strict=True)]
    marks.append(Rule(((0, y + 9), (ends[-1], y + 9)), "thin"))
    for place, name in enumerate(_HEAD):
        base = y + 27 + 42 * place
        marks.append(Label(0, base, name, "caption"))
        for number, (end, row) in enumerate(zip(ends, rows, strict=True)):
            bold = True if number == 0 and place == 2 else None
            marks.append(Label(end, base + 19, row[place + 1], "mono", "end", bold=bold))
        marks.append(Rule(((0, base + 27), (ends[-1], base + 27)), "hair"))
    return marks, ends[-1], y + 27 + 42 * len(_HEAD) - 10


def _notes(scene: Scene, ways: tuple[_Wiring, _Wiring, _Wiring]) -> tuple[str, ...]:
    full, local, shared = (way.stored for way in ways)
    notes = []
    if shared < local:
        notes.append("Sharing saves weights, not connections: shared and locally connected do the same work.")
    elif shared == local:
        notes.append("Sharing saves nothing here: each weight is used once.")
    else:
        notes.append(f"Of {shared:,} stored numbers {local:,} are connected: not all are used at once.")
    if local < full:
        notes.append("Locality saves connections.")
    elif local > full:
        notes.append("Locally connected would store more than fully connected: it has weights for padding too.")
    else:
        notes.append("Locality saves nothing here: every neuron reads every input.")
    outside = scene.relation.connections - scene.relation.real_connections
    if outside:
        notes.append(f"{outside:,} of the connections read padding; they are counted.")
    return tuple(notes)


VIEW = View("baselines", "Baselines", _draw, _unfit, narrow=True)
