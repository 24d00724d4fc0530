"""Where the next layer comes in: the map that one filter gives is the channel that the next layer's filters read."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from isochrome.draw.identity import Colouring, identity
from isochrome.draw.layout import bottom, fitted, paragraph, place_text
from isochrome.draw.picture import Cell, Chip, Ink, Label, Legend, Mark, Picture, Rect, Rule, Table
from isochrome.draw.scene import Scene
from isochrome.draw.view import View
from isochrome.draw.views.following import Following, following
from isochrome.draw.views.kernels import kernel_cells, named_taps, tap_window
from isochrome.draw.views.network_maps import ink_of
from isochrome.draw.views.network_spine import parameters_of
from isochrome.draw.views.wording import counted, joined
from isochrome.errors import shown

__all__ = ["VIEW"]

MOST_ROWS, MOST_SLICES, MOST_TAPS = 9, 3, 5
ROW, TOP = 50.0, 96.0


@dataclass(frozen=True, slots=True)
class _Plan:
    """Where the columns stand, the sides of a slice and a map, and where the rows begin; on a narrow page closer."""

    filter: float = 64
    output: float = 250
    channel: float = 470
    sum: float = 640
    width: float = 900
    slice: float = 36
    gap: float = 6
    arrow: float = 34
    map: float = 40
    top: float = TOP
    narrow: bool = False


def _plan(scene: Scene) -> _Plan:
    if not scene.narrow:
        return _Plan()
    if scene.room < 340:
        return _Plan(20, 124, 186, 206, 302, 26, 4, 22, 32, TOP + 64, narrow=True)
    return _Plan(24, 138, 210, 238, 340, 30, 4, 22, 36, TOP + 64, narrow=True)


def _draw(scene: Scene) -> Picture:
    found = following(scene)
    assert found is not None
    numbers = _numbers(scene)
    identities = [_identity(scene, found, number) for number in numbers]
    colours = Colouring(tuple(identities), scene.filters)
    plan = _plan(scene)
    marks: list[Mark] = [*_formulas(scene, found, plan), *_heads(scene, found, plan)]
    for row, (number, name) in enumerate(zip(numbers, identities, strict=True)):
        marks += _row(scene, found, plan, number, name, plan.top + ROW * row)
    low = plan.top + ROW * len(numbers)
    marks += _sum(found, plan, len(numbers))
    words = paragraph(0, low + 30, _sentence(scene, found), plan.width - (0 if plan.narrow else 20), "body")
    return Picture(
        plan.width,
        bottom(words) + 12,
        "Where the next layer comes in",
        f"Each row: a filter of {shown(scene.layer.name, 60)}, its map, and the slice of a filter of "
        f"{shown(found.scene.layer.name, 60)} that reads the map.",
        _legend(scene, found, numbers, identities),
        colours,
        (*marks, *words),
        subtitle=f"What {shown(scene.layer.name, 40)} gives is what {shown(found.scene.layer.name, 40)} reads: "
        "one colour, one map.",
        window="" if len(numbers) == scene.filters else f"Filters {numbers[0]} to {numbers[-1]} of {scene.filters}",
        notes=_notes(scene, found),
        table=_table(scene, found, numbers),
    )


def _numbers(scene: Scene) -> range:
    """The filters that are drawn: nine, the chosen one among them."""
    low = min(scene.filter // MOST_ROWS * MOST_ROWS, max(scene.filters - MOST_ROWS, 0))
    return range(low, min(low + MOST_ROWS, scene.filters))


def _identity(scene: Scene, found: Following, number: int) -> str:
    """The map: it is a channel of the next layer."""
    channels = found.channels(scene, number)
    return identity("channel", channels[0] if channels else scene.filter_place(number))


def _letters(scene: Scene, found: Following) -> tuple[str, str]:
    """The letter of the filters in the one formula, and of the channels in the other."""
    assert found.scene.x is not None
    first, second = scene.y.of("filter", "group"), found.scene.x.of("channel", "group")
    return joined([scene.y.letters[axis] for axis in first]), joined([found.scene.x.letters[axis] for axis in second])


def _formulas(scene: Scene, found: Following, plan: _Plan) -> list[Mark]:
    marks: list[Mark] = []
    for row, one in enumerate((scene, found.scene)):
        y = 14.0 + (54 if plan.narrow else 22) * row
        wide = plan.width if plan.narrow else 110
        marks.append(Label(0, y, fitted(shown(one.layer.name, 60), wide, 13, True, True), "mono", bold=True, size=13))
        text = str(one.line.formula)
        if not plan.narrow:
            marks.append(Label(120, y, fitted(text, plan.width - 130, 12.5, mono=True), "mono"))
            continue
        first, sign, rest = text.partition(" * ")
        for number, part in enumerate((first, f"  {sign.strip()} {rest}".rstrip())):
            marks.append(Label(0, y + 17 + 16 * number, fitted(part, plan.width, 12.5, mono=True), "mono"))
    return marks


def _heads(scene: Scene, found: Following, plan: _Plan) -> list[Mark]:
    first, second = _letters(scene, found)
    y, last = plan.top - 18, f"filter 0 of {fitted(shown(found.scene.layer.name, 40), 160, 13, True)}"
    lines = [Label(plan.sum, y, last, "group")]
    if plan.narrow:
        wide = plan.width - plan.channel
        lines = [Label(plan.channel, y - 16, f"channel {second}: slice", "group")]
        lines.append(Label(plan.channel, y, fitted(last, wide, 13, True), "group"))
    else:
        lines.append(Label(plan.channel, y, f"channel {second}", "group"))
    return [Label(0, y, f"filter {first}", "group"), Label(plan.output, y, "its map", "group"), *lines]


def _row(scene: Scene, found: Following, plan: _Plan, number: int, name: str, y: float) -> list[Mark]:
    middle, step = y + plan.slice / 2, plan.slice + plan.gap
    marks: list[Mark] = [Label(0, middle + 4, place_text(scene.filter_place(number)), "mono", bold=True, size=13)]
    rows = scene.rows_of_filter(number)
    channels = sorted(set(rows.channel.tolist()))
    most = MOST_SLICES - 1 if plan.narrow and len(channels) > MOST_SLICES else MOST_SLICES
    for place, channel in enumerate(channels[:most]):
        marks += _kernel(scene, number, channel, name, plan.filter + place * step, y, plan.slice)
    if len(channels) > most:
        more = f"+{len(channels) - most}"
        marks.append(Label(plan.filter + most * step, middle + 4, more, "caption"))
    x, top, off = plan.output, middle - plan.map / 2, 4 if plan.narrow else 10
    if not plan.narrow or len(channels) <= MOST_SLICES:
        marks.append(Rule(((x - off - (plan.arrow - 10), middle), (x - off, middle)), "thin", arrow=True))
    marks.append(Cell(x, top, plan.map, plan.map, "", name))
    marks += _map(scene, number, x + 4, top + 4, plan.map - 8)
    marks.append(Rule(((x + plan.map + off, middle), (plan.channel - off, middle)), "thin", arrow=True))
    becomes = found.channels(scene, number)
    if not becomes:
        return [*marks, Label(plan.channel, middle + 4, "not read", "caption")]
    text = place_text(becomes[0]) + (f" and {len(becomes) - 1} more" if len(becomes) > 1 else "")
    marks.append(Label(plan.channel, middle + 4, text, "mono", bold=True, size=13))
    return [*marks, *_kernel(found.scene, 0, _flat(found, becomes[0]), name, plan.sum, y, plan.slice)]


def _flat(found: Following, channel: tuple[int, ...]) -> int:
    assert found.scene.x is not None
    sizes = [found.scene.x.shape[axis] for axis in found.scene.x.of("channel", "group")]
    return int(np.ravel_multi_index(channel, sizes))


def _kernel(seen: Scene, number: int, channel: int, name: str, x: float, y: float, size: float) -> list[Mark]:
    """One slice of a filter as a grid of cells, all of one colour: they belong to one map."""
    rows = seen.rows_of_filter(number)
    if channel not in set(rows.channel.tolist()):
        return [Label(x, y + size / 2 + 4, "not read", "caption")]
    cells = kernel_cells(seen, rows, channel, tap_window(seen, MOST_TAPS))
    count = max(max(cell.row for cell in cells), max(cell.column for cell in cells)) + 1
    side = min(size / count, 16)
    y += max(0.0, (size - side * (max(cell.row for cell in cells) + 1)) / 2)
    return [Cell(x + cell.column * side, y + cell.row * side, side, side, "", name, round=1) for cell in cells]


def _map(seen: Scene, number: int, x: float, y: float, side: float) -> list[Mark]:
    values = _values(seen, number)
    if values is None:
        return []
    ink: Ink = ink_of(values, x, y, side)
    return [Rect(ink.x, ink.y, ink.width, ink.height, "paper", "none"), ink]


def _values(seen: Scene, number: int) -> NDArray[np.float64] | None:
    """One filter's output as rows and columns; None where it has not two, or the model was not run."""
    axes = seen.y.of("position")
    if seen.y_values is None or len(axes) != 2:
        return None
    at: list[slice | int] = [0] * len(seen.y.shape)
    for axis, value in zip(seen.y.of("filter", "group"), seen.filter_place(number), strict=True):
        at[axis] = value
    for axis in axes:
        at[axis] = slice(None)
    return np.asarray(seen.y_values[tuple(at)], np.float64)


def _sum(found: Following, plan: _Plan, rows: int) -> list[Mark]:
    """What the next layer's filter makes of all its channels: one sum, one map."""
    x, high, low = plan.sum + plan.slice + (4 if plan.narrow else 14), plan.top, plan.top + ROW * rows - 12
    middle, side = (high + low) / 2, plan.map
    marks: list[Mark] = [Rule(((x, high), (x + 8, high), (x + 8, low), (x, low)), "heavy")]
    if plan.narrow:
        x += 18
        marks.append(Label(x, middle - side / 2 - 8, "added", "body", bold=True))
    else:
        marks.append(Label(x + 20, middle + 5, "added", "body", bold=True))
        x += 76
        marks.append(Rule(((x - 14, middle), (x - 4, middle)), "thin", arrow=True))
    marks += _map(found.scene, 0, x, middle - side / 2, side)
    marks.append(Rect(x, middle - side / 2, side, side, "none", "line"))
    marks.append(Label(x, middle + side / 2 + 16, "one map", "caption"))
    return marks


# --- words ----------------------------------------------------------------------------------------------------


def _sentence(scene: Scene, found: Following) -> str:
    first, second = _letters(scene, found)
    one, two = shown(scene.layer.name, 40), shown(found.scene.layer.name, 40)
    number, weights = _numbers(scene)[-1], len(found.scene.rows_of_filter(0))
    becomes = found.channels(scene, number)
    shared = set(parameters_of(scene.layer)) & set(parameters_of(found.scene.layer))
    apart = "They share weights, too." if shared else "They share no weight."
    if len(becomes) != 1:
        return f"Each map of {one} becomes {len(becomes):,} inputs of {two}. {apart}"
    place, channel = place_text(scene.filter_place(number)), place_text(becomes[0])
    return (
        f"The {first} of {one} is the {second} of {two}: the map of filter {place} is channel {channel}. "
        f"{apart} {one} wrote the map, {two} reads it. Filter 0 of {two} has {weights:,} weights for all its channels "
        f"together, and their products are added: {counted(found.scene.filters, 'filter')}, as many maps."
    )


def _legend(scene: Scene, found: Following, numbers: range, identities: list[str]) -> Legend:
    names = f"filter of {shown(scene.layer.name, 30)} and channel of {shown(found.scene.layer.name, 30)}"
    count = f"{len(numbers)} of {counted(scene.filters, 'map')}" if len(numbers) < scene.filters else ""
    chips = tuple(Chip(name, str(number)) for name, number in zip(identities, numbers, strict=True))
    return Legend("channel", "Same colour = same map", names, count, chips)


def _notes(scene: Scene, found: Following) -> tuple[str, ...]:
    notes = []
    if found.between:
        notes.append(f"Between the two: {joined(found.between)}.")
    if _values(scene, _numbers(scene)[0]) is not None:
        notes.append("Maps are drawn in ink, from the least to the greatest value of each.")
    for one in (scene, found.scene):
        part = named_taps(one, tap_window(one, MOST_TAPS))
        if part:
            notes.append(f"Of the kernel of {shown(one.layer.name, 40)}: {part}.")
    return tuple(notes)


def _table(scene: Scene, found: Following, numbers: range) -> Table:
    rows = []
    for number in numbers:
        channels = found.channels(scene, number)
        rows.append((place_text(scene.filter_place(number)), ", ".join(place_text(one) for one in channels[:4])))
    head = (f"filter of {shown(scene.layer.name, 40)}", f"channel of {shown(found.scene.layer.name, 40)}")
    return Table(head, tuple(rows))


def _unfit(scene: Scene) -> str:
    if scene.x is None or not scene.y.of("filter", "group"):
        return "the layer has no filters whose maps another layer could read"
    if scene.line.inner or scene.line.depends:
        return "its sums stay inside the layer"
    if not len(scene.filter_rows):
        return "the chosen filter has no connection"
    found = following(scene)
    if found is None:
        return "no layer with channels reads what it gives"
    first = [found.channels(scene, number)[:1] for number in _numbers(scene)]
    mixed = len(set(first)) < len(first)
    return f"on the way to {shown(found.scene.layer.name, 60)} its maps are mixed: none is one channel" if mixed else ""


VIEW = View("next", "Where the next layer comes in", _draw, _unfit, level="channel", narrow=True)
