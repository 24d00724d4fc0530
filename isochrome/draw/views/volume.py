"""The output as slices: one slice has the same weights on different regions, one column other weights on one region."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from isochrome.core.formula import loops_of
from isochrome.core.relation import Place, Taps
from isochrome.draw.choice import channel_shown, coloured, level_legend
from isochrome.draw.layout import paragraph, place_text, right_of, text_width
from isochrome.draw.picture import Cell, Label, Mark, Outline, Picture, Point, Rule, Sheet, Table, Tag, keys
from isochrome.draw.scene import Scene
from isochrome.draw.view import View
from isochrome.draw.views.kernels import channel_of, kernel_cells, named_taps, tap_window
from isochrome.draw.views.partial import axis_numbers, distinct, fixed, regions, spread
from isochrome.draw.views.windows import Intervals, amid, in_plane, named, named_positions, plane, position_window
from isochrome.draw.views.wording import counted, drawn, joined, sized, title_of
from isochrome.errors import shown

__all__ = ["VIEW"]

_SLICES, _FEW = 7, 4
"""The most slices; on a narrow page."""
_BLOCK = 9
_POSITIONS, _NEAR = (5, 5), (3, 3)
_WIDE, _HIGH, _RISE = 18.6, 30.0, 12.6
_STEP = 98.0
_TAPS = 5
_TAP = 9.0


def _draw(scene: Scene) -> Picture:
    window = position_window(scene, _NEAR if scene.narrow else _POSITIONS)
    filters = _filters(scene)
    facts = _facts(scene)
    marks, right, bottom = _sheets(scene, window, filters)
    table, table_right, table_bottom = (
        _turned_table(facts, bottom + 26, scene.width) if scene.narrow else _table(facts, right + 24, 60)
    )
    name = shown(scene.layer.name, 60)
    part = _window(scene, window, filters)
    shape = sized(tuple(scene.y.shape))
    return Picture(
        max(right, table_right) + 4,
        max(bottom, table_bottom) + 4,
        title_of("Volume", name),
        f"{name}: the output {shape} as {counted(scene.filters, 'slice')}. " + " ".join(_words(scene, facts)),
        level_legend(scene),
        coloured(scene),
        (*marks, *table),
        subtitle=drawn(f"The output, {shape}, as {counted(scene.filters, 'slice')}.", part),
        formula=str(scene.line.formula),
        window=part,
        notes=_words(scene, facts),
        table=Table(("", "a slice", "a column"), tuple((row.what, row.slice, row.column) for row in facts.rows)),
    )


def _unfit(scene: Scene) -> str:
    if scene.y.size("position") < 2:
        return "the output has one position, so a slice is one neuron: nothing is shared along positions"
    return "" if len(scene.filter_rows) else "the chosen filter has no connection"


def _filters(scene: Scene) -> range:
    """The slices drawn: of the block of nine that the choice of colours takes, those beside the chosen one."""
    start = max(0, min(scene.filter // _BLOCK * _BLOCK, scene.filters - _BLOCK))
    end = min(start + _BLOCK, scene.filters)
    low, high = amid(scene.filter - start, _FEW if scene.narrow else _SLICES, end - start)
    return range(start + low, start + high)


def _window(scene: Scene, window: Intervals, filters: range) -> str:
    parts = (named("slice", (filters[0], filters[-1] + 1), scene.filters), named_positions(scene.y, window))
    text = ", ".join(part for part in parts if part)
    return text[:1].upper() + text[1:]


# --- what a slice and a column have in common ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Row:
    what: str
    slice: str
    column: str
    bold: bool = False


@dataclass(frozen=True, slots=True)
class _Facts:
    """The table beside the slices, and whether the two sentences about sharing hold."""

    rows: tuple[_Row, ...]
    slice_shares: bool
    column_apart: bool
    column_regions: int
    one_place: bool
    weights: int


def _facts(scene: Scene) -> _Facts:
    """All counted by the tables of the relation, none of it by what kind of layer it is."""
    place, here = scene.filter_place(scene.filter), scene.neurons[0]
    of_filter, of_position = scene.y.of("filter", "group"), scene.y.of("position")
    slice_ = fixed(scene.relation, {0: dict(zip(axis_numbers(scene, 0, of_filter), place, strict=True))})
    position = (here[axis] for axis in of_position)
    column = fixed(scene.relation, {0: dict(zip(axis_numbers(scene, 0, of_position), position, strict=True))})
    rows = [
        _Row("neurons", f"{scene.y.size('position'):,}", f"{scene.filters:,}"),
        _Row("filter", f"one, filter {place_text(place)}" if place else "one", _filter_words(scene)),
        _Row("weights used", _weights(scene, slice_), _weights(scene, column)),
    ]
    number = scene.line.input_number
    seen, by_column, one_place = None, None, False
    if number is not None:
        seen, by_column = regions(slice_, number), regions(column, number)
        positions = axis_numbers(scene, number, scene.x.of("position") if scene.x else ())
        one_place = regions(column, number, positions) == 1
    if seen is not None and by_column is not None:
        rows.append(_Row("input region", _regions(scene, seen, False), _regions(scene, by_column, one_place)))
    vary = [_varying(scene, axes) for axes in (of_position, of_filter)]
    mentioned = set(scene.line.weight_access.loops)
    rows.append(_Row("loops that vary", ", ".join(vary[0]) or "none", ", ".join(vary[1]) or "none"))
    access = str(scene.line.weight_access)
    answers = [_mentioned(loops, mentioned) for loops in vary]
    rows.append(_Row(f"in {access}?", answers[0], answers[1], True))
    each, weights = spread(slice_, scene.line.weight_number), distinct(slice_, scene.line.weight_number)
    pairs, apart = distinct(column, 0, scene.line.weight_number), distinct(column, scene.line.weight_number)
    return _Facts(
        tuple(rows),
        bool(each and each.least == each.most == weights) and (seen or 0) > 1,
        scene.filters > 1 and pairs == apart,
        by_column or 0,
        one_place,
        weights,
    )


def _filter_words(scene: Scene) -> str:
    return f"{scene.filters:,}, one each" if scene.filters > 1 else "one"


def _weights(scene: Scene, taps: Taps) -> str:
    total, each = distinct(taps, scene.line.weight_number), spread(taps, scene.line.weight_number)
    if each is None:
        return f"{total:,} in all"
    if each.least == each.most:
        return f"the same {total:,}" if each.most == total else f"{each.most:,} each, {total:,} in all"
    return f"{each.least:,} to {each.most:,} each, {total:,} in all"


def _regions(scene: Scene, count: int, one_place: bool) -> str:
    """How many regions of the input; of a single one, or several at one place, how large."""
    if count != 1 and not one_place:
        return f"{count:,} regions"
    axes = () if scene.x is None else scene.x.of("position")
    rows = scene.rows_of_neuron(scene.neurons[0])
    sizes = [len(np.unique(rows.at[:, axis])) for axis in axes]
    spans = [int(np.ptp(rows.at[:, axis])) + 1 for axis in axes] if len(rows) else []
    text = "one region"
    if sizes == spans and max(sizes, default=1) > 1:
        text = f"one {sized(sizes)} region" if len(sizes) > 1 else f"one region of {sizes[0]}"
    return text if count == 1 else f"{text.replace(' region', '', 1)}, channels differ"


def _varying(scene: Scene, axes: tuple[int, ...]) -> list[str]:
    """The loops of some axes of the output that take more than one step."""
    output = scene.line.formula.output
    numbers = axis_numbers(scene, 0, axes)
    found = dict.fromkeys(loop for axis in numbers for loop in loops_of(output.indices[axis]))
    return [loop for loop in found if scene.relation.sizes[loop] > 1]


def _mentioned(loops: list[str], mentioned: set[str]) -> str:
    inside, outside = ([loop for loop in loops if (loop in mentioned) is yes] for yes in (True, False))
    if not loops:
        return "nothing varies"
    if not inside:
        return "no: shared"
    return f"{joined(inside)} yes, {joined(outside)} no" if outside else "yes: not shared"


# --- drawing ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Skew:
    """Where the cells of one sheet lie: columns go right and up, rows go down."""

    x: float
    y: float

    def corners(self, row: float, column: float, rows: float = 1, columns: float = 1) -> tuple[Point, ...]:
        def at(down: float, right: float) -> Point:
            return self.x + right * _WIDE, self.y + down * _HIGH - right * _RISE

        ends = ((row, column), (row, column + columns), (row + rows, column + columns), (row + rows, column))
        return tuple(at(*end) for end in ends)


def _sheets(scene: Scene, window: Intervals, filters: range) -> tuple[list[Mark], float, float]:
    (top, end), (left, right) = plane(window)
    rows, columns = end - top, right - left
    step = columns * _WIDE + (4 if scene.narrow else max(5, _STEP - columns * _WIDE))
    start = 30.0
    sheets = [_Skew(4 + number * step, start + columns * _RISE + 24) for number in range(len(filters))]
    marks: list[Mark] = []
    for number, sheet in zip(filters, sheets, strict=True):
        marks += _sheet(scene, number, window, sheet)
    chosen = sheets[filters.index(scene.filter)]
    edge = chosen.corners(0, 0, rows, columns)
    marks.append(Outline("selected", corners=edge))
    # Above the last column, where a tag of i or j stands least often.
    above, upper = edge[1][0] - _WIDE / 2, edge[1][1] + _RISE / 2
    marks += [Label(above, 12, "a slice", "group", "middle"), Rule(((above, 20), (above, upper - 6)), "thin")]
    column, width = _column(scene, window, filters, sheets)
    marks += column
    bottom = sheets[0].y + rows * _HIGH
    for number, sheet in zip(filters, sheets, strict=True):
        marks += _below(scene, number, sheet.x, bottom + 22)
    kernels = max((mark.y + mark.height for mark in marks if isinstance(mark, Cell)), default=bottom + 26)
    words = paragraph(4, kernels + 20, _caption(scene, filters), scene.width - 8 if scene.narrow else 1000)
    return [*marks, *words], max(sheets[-1].x + columns * _WIDE + width, right_of(words) + 4), words[-1].y + 4


def _sheet(scene: Scene, number: int, window: Intervals, sheet: _Skew) -> list[Mark]:
    """One slice: its neurons, filled where they have an identity of their own at this level."""
    (top, end), (left, right) = plane(window)
    found: list[Mark] = []
    for row in range(top, end):
        for column in range(left, right):
            neuron = scene.neuron_at(scene.filter_place(number), in_plane(window, row, column))
            corners = sheet.corners(row - top, column - left)
            found.append(Sheet(corners, scene.neuron_identity(neuron), keys=keys(scene.layer.number, y=neuron)))
    return found


def _column(scene: Scene, window: Intervals, filters: range, sheets: list[_Skew]) -> tuple[list[Mark], float]:
    """The column of neuron i: outlined on every sheet, one line through all; and the room of its name on the right."""
    at = _where(scene, scene.neurons[0], window)
    if at is None:
        return [], 0.0
    boxes = [sheet.corners(*at) for sheet in sheets]
    level = (boxes[0][0][1] + boxes[0][2][1]) / 2
    (top, _), (left, right) = plane(window)
    ends = [x for box in boxes for x in (box[0][0], box[1][0])]
    ends = [sheets[0].x - 4, *ends, sheets[-1].x + (right - left) * _WIDE + 10]
    pairs = zip(ends[::2], ends[1::2], strict=True)
    marks: list[Mark] = [Rule(((start, level), (end, level)), "heavy", cased=True) for start, end in pairs]
    position = in_plane(window, at[0] + top, at[1] + left)
    for number, box in zip(filters, boxes, strict=True):
        neuron = scene.neuron_at(scene.filter_place(number), position)
        marks.append(Outline("selected", corners=box, keys=keys(scene.layer.number, y=neuron)))
    marks += _tags(scene, window, filters, sheets)
    marks.append(Label(ends[-1] + 8, level + 4.5, "a column", "group"))
    return marks, 10 + 8 + text_width("a column", 13, True)


def _where(scene: Scene, neuron: Place, window: Intervals) -> tuple[int, int] | None:
    """The row and column of a neuron in the window."""
    position = tuple(neuron[axis] for axis in scene.y.of("position"))
    if any(not low <= at < high for at, (low, high) in zip(position, window, strict=True)):
        return None
    (top, _), (left, _) = plane(window)
    return (position[-2] if len(position) > 1 else 0) - top, position[-1] - left


def _tags(scene: Scene, window: Intervals, filters: range, sheets: list[_Skew]) -> list[Mark]:
    """The tags of i and j, above the cells of theirs that are drawn, and j's outline."""
    marks: list[Mark] = []
    places = {scene.filter_place(number): sheet for number, sheet in zip(filters, sheets, strict=True)}
    for number, neuron in reversed(list(enumerate(dict.fromkeys(scene.neurons[:2])))):
        at, sheet = _where(scene, neuron, window), places.get(scene.filter_of(neuron))
        if at is None or sheet is None:
            continue
        box = sheet.corners(*at)
        if number:
            marks.append(Outline("pinned", corners=box, keys=keys(scene.layer.number, y=neuron)))
        side = _WIDE * 0.5 - 8
        marks.append(Tag(box[0][0] + side, box[1][1] - 15, "j" if number else "i", bool(number)))
    return marks


def _below(scene: Scene, number: int, x: float, y: float) -> list[Mark]:
    """A slice's name, and under it the weights of its filter for one channel."""
    chosen = number == scene.filter
    name = f"slice {place_text(scene.filter_place(number))}" if scene.filters > 1 else "the slice"
    marks: list[Mark] = [Label(x, y, name, "body", bold=chosen, size=12.5)]
    rows = scene.rows_of_filter(number)
    for cell in kernel_cells(scene, rows, channel_of(scene, rows), tap_window(scene, _TAPS)):
        at = (x + cell.column * _TAP, y + 10 + cell.row * _TAP)
        where = keys(scene.layer.number, w=cell.place, parameter=scene.line.parameter)
        marks.append(Cell(*at, _TAP, _TAP, "", cell.identity, round=1, keys=where))
    return marks


def _caption(scene: Scene, filters: range) -> str:
    read = channel_shown(scene)
    all_read = all((scene.rows_of_filter(number).channel == read).any() for number in filters)
    which = "" if scene.channels == 1 else f" for channel {read}" if all_read else " for one channel that it reads"
    part = "the middle of " if named_taps(scene, tap_window(scene, _TAPS)) else ""
    return f"under each slice: {part}its filter’s weights{which}"


def _table(facts: _Facts, x: float, y: float) -> tuple[list[Mark], float, float]:
    first = max(text_width(row.what, 13) for row in facts.rows) + 24
    second = max(text_width(text, 13, True) for row in facts.rows for text in (row.slice, "a slice")) + 28
    third = max(text_width(text, 13, True) for row in facts.rows for text in (row.column, "a column")) + 8
    starts, end = (x, x + first, x + first + second), x + first + second + third
    marks: list[Mark] = [Label(starts[1], y, "a slice", "group"), Label(starts[2], y, "a column", "group")]
    marks.append(Rule(((x, y + 11), (end, y + 11)), "heavy"))
    for number, row in enumerate(facts.rows):
        base = y + 32 + 27 * number
        marks.append(Label(starts[0], base, row.what, "body", ink="ink2"))
        for start, text in zip(starts[1:], (row.slice, row.column), strict=True):
            marks.append(Label(start, base, text, "body", bold=row.bold or None))
        marks.append(Rule(((x, base + 9), (end, base + 9)), "hair"))
    return marks, end, y + 32 + 27 * len(facts.rows) - 18


def _turned_table(facts: _Facts, y: float, end: float) -> tuple[list[Mark], float, float]:
    """The same with what is told above its two answers."""
    marks: list[Mark] = [Label(0, y, "a slice", "group"), Label(end / 2, y, "a column", "group")]
    marks.append(Rule(((0, y + 11), (end, y + 11)), "heavy"))
    for number, row in enumerate(facts.rows):
        base = y + 32 + 44 * number
        marks.append(Label(0, base, row.what, "caption"))
        for start, text in zip((0, end / 2), (row.slice, row.column), strict=True):
            marks.append(Label(start, base + 18, text, "body", bold=row.bold or None))
        marks.append(Rule(((0, base + 27), (end, base + 27)), "hair"))
    return marks, end, y + 32 + 44 * len(facts.rows) - 18


def _words(scene: Scene, facts: _Facts) -> tuple[str, ...]:
    notes = []
    if scene.level == "filter" and scene.neuron_identity(scene.neurons[0]):
        notes.append("Colour on a neuron means the filter it uses.")
    else:
        notes.append("A neuron is not a weight, so at this level it is never filled.")
    if facts.slice_shares:
        notes.append("Neurons of one slice use the same weights on different regions.")
    if facts.column_apart and facts.column_regions:
        count = f"{facts.column_regions:,} regions" if not facts.one_place else "one place of different channels"
        where = "the same region" if facts.column_regions == 1 else count
        notes.append(f"Neurons of one column look at {where}, with different weights.")
    if scene.level == "filter" and facts.weights > 1:
        notes.append(f"Inside a filter the {facts.weights:,} weights differ: level weight shows them.")
    return tuple(notes)


VIEW = View("volume", "Volume", _draw, _unfit, narrow=True)
