"""The first screen's third panel: output slices whose neurons are mosaics. A neuron is not a weight."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from isochrome.core.relation import Place
from isochrome.draw.choice import coloured, level_legend, names_of_filter
from isochrome.draw.identity import Colouring, identity
from isochrome.draw.layout import bottom, number, paragraph, place_text
from isochrome.draw.picture import Cell, Label, Mark, Outline, Picture, Rect, Table, keys
from isochrome.draw.scene import Scene
from isochrome.draw.view import View
from isochrome.draw.views.digits import Digits, whole_or
from isochrome.draw.views.excerpt import filter_number
from isochrome.draw.views.mosaic import Mosaic, mosaic, mosaic_marks, partly
from isochrome.draw.views.sentences import few, in_common, rounded_words, weights_of_filter
from isochrome.draw.views.windows import Intervals, block, in_plane, named_positions, plane, position_window
from isochrome.draw.views.wording import counted

__all__ = ["VIEW"]

WIDTH, MARGIN = 368, 3
SIDE, TILE = 50, 32
SECOND = 196
"""Where the second slice begins."""
ALONE = 6
"""How many neurons stand in a row where each has a filter of its own."""


@dataclass(frozen=True, slots=True)
class _Slice:
    """Neurons in rows and columns, each with the mosaic of its filter; ``number`` is their filter where it is one."""

    title: str
    about: tuple[str, ...]
    number: int | None
    neurons: tuple[tuple[int, int, Place, Mosaic], ...]

    @property
    def rows(self) -> int:
        return max(row for row, _, _, _ in self.neurons) + 1


def unfit(scene: Scene) -> str:
    """Why the layer's neurons have no mosaics, '' where they have."""
    if not scene.line.weight:
        return "its formula has no weight"
    return "" if scene.y.shape else "it has one neuron and no axis of them"


def draw(scene: Scene) -> Picture:
    """Two slices of the output, i's filter and another, every neuron with the weights that it uses."""
    window = position_window(scene, (3, 3))
    found, colours = _slices(scene, window), coloured(scene)
    neurons = [neuron for one in found for _, _, neuron, _ in one.neurons]
    values = [] if scene.y_values is None else [float(scene.y_values[neuron]) for neuron in neurons]
    style = whole_or(values, 5, 5) or whole_or(values, 6, 6, 3)
    head, y = _head(scene, found)
    marks: list[Mark] = [*head]
    for place, one in enumerate(found):
        marks += _slice(scene, one, MARGIN + SECOND * place, y, style)
    low = y + 18 + max(one.rows for one in found) * SIDE
    return Picture(
        WIDTH,
        low + MARGIN,
        "Neurons",
        _description(found),
        level_legend(scene),
        colours,
        tuple(marks),
        subtitle=_subtitle(scene),
        formula=str(scene.line.formula),
        window=_window(scene, found, window),
        notes=_notes(scene, found, colours, style),
        table=_table(scene, found),
    )


# --- which neurons ----------------------------------------------------------------------------------------------------


def _slices(scene: Scene, window: Intervals) -> tuple[_Slice, ...]:
    if not scene.y.of("position"):
        return (_alone(scene),)
    own = filter_number(scene, scene.neurons[0])
    others = [filter_number(scene, neuron) for neuron in scene.neurons[1:]]
    beside = next((n for n in others if n != own), own + 1 if own + 1 < scene.filters else own - 1)
    return tuple(_of_filter(scene, n, window) for n in dict.fromkeys((own, beside)) if 0 <= n < scene.filters)


def _of_filter(scene: Scene, n: int, window: Intervals) -> _Slice:
    (top, low), (left, right) = plane(window)
    pieces, place = mosaic(scene, n), scene.filter_place(n)
    neurons = tuple(
        (row - top, column - left, scene.neuron_at(place, in_plane(window, row, column)), pieces)
        for row in range(top, low)
        for column in range(left, right)
    )
    name = names_of_filter(scene, n)
    title = name.replace("filter", "slice") if place else "the output"
    count = counted(scene.y.size("position"), "neuron")
    return _Slice(title, (f"{count}, {name}", count, name), n, neurons)


def _alone(scene: Scene) -> _Slice:
    """Neurons that have a filter each, around i."""
    low, high = block(filter_number(scene, scene.neurons[0]), 3 * ALONE, scene.filters)
    neurons = []
    for place, n in enumerate(range(low, high)):
        neuron = scene.neuron_at(scene.filter_place(n), ())
        neurons.append((place // ALONE, place % ALONE, neuron, mosaic(scene, n)))
    title = f"neurons {low} to {high - 1}" if high - low > 1 else f"neuron {low}"
    return _Slice(title, ("each has a filter of its own",), None, tuple(neurons))


# --- marks ------------------------------------------------------------------------------------------------------------


def _head(scene: Scene, found: Sequence[_Slice]) -> tuple[list[Mark], float]:
    """The usual drawing of the slices, and what its colours can mean."""
    if len(found) < 2:
        words = paragraph(MARGIN, 14, _meaning(scene, found), WIDTH - 2 * MARGIN, size=12)
        return [*words], bottom(words) + 30
    marks: list[Mark] = [Label(MARGIN, 11, "the usual drawing, one colour for each slice", "caption")]
    for place in (1, 0):
        marks += _usual(scene, found[place], MARGIN + 18 * place, 32 - 12 * place, place)
    words = paragraph(MARGIN + 70, 30, _meaning(scene, found), WIDTH - 2 * MARGIN - 70, size=11.5)
    return [*marks, *words], max(bottom(words) + 26, 100)


def _usual(scene: Scene, one: _Slice, x: float, y: float, place: int) -> Iterator[Mark]:
    """A small slice of nine neurons in one colour: a filter's at level filter, else one of two greys."""
    name = scene.neuron_identity(one.neurons[0][2])
    for n in range(9):
        box = (x + n % 3 * 13, y + n // 3 * 13, 13, 13)
        if name is not None:
            yield Cell(*box, identity=name, round=0)
        else:
            yield Rect(*box, "line" if place else "hair", "ink3")


def _slice(scene: Scene, one: _Slice, x: float, y: float, style: Digits | None) -> tuple[Mark, ...]:
    from isochrome.draw.layout import text_width

    marks: list[Mark] = [Label(x, y, one.title, "body", bold=True, size=12.5)]
    left = x + text_width(one.title, 12.5, True) + 8
    room = min(WIDTH - MARGIN, x + (SECOND - 12 if one.number is not None else WIDTH)) - left
    about = next((text for text in one.about if text_width(text, 12) <= room), "")
    marks.append(Label(left, y, about, "caption"))
    outlines: list[Mark] = []
    top = y + 12
    for row, column, neuron, pieces in one.neurons:
        box = (x + column * SIDE, top + row * SIDE, SIDE, SIDE)
        at = keys(scene.layer.number, y=neuron)
        marks.append(Cell(*box, keys=at))
        pin = scene.neurons.index(neuron) if neuron in scene.neurons else None
        tile = (box[0] + (SIDE - TILE) / 2, box[1] + 15)
        marks += mosaic_marks(scene, pieces, neuron, *tile, TILE)
        if style is not None and scene.y_values is not None:
            text = style.text(float(scene.y_values[neuron]))
            size = 11.5 if style.characters < 5 else 10.5
            own = keys(scene.layer.number, y=neuron)
            middle = box[0] + SIDE / 2
            marks.append(Label(middle, box[1] + 11.5, text, "mono", "middle", pin is not None, size=size, keys=own))
        if pin is not None:
            outlines.insert(0, Outline("pinned" if pin else "selected", *box, keys=at))
    return (*marks, *outlines)


# --- words ------------------------------------------------------------------------------------------------------------


def _weights(scene: Scene, n: int) -> int:
    """How many weights a filter has."""
    rows = scene.rows_of_filter(n)
    part = mosaic(scene, n).part
    return max(weights_of_filter(rows), part.reads * part.each)


def _subtitle(scene: Scene) -> str:
    rows = scene.filter_rows
    weights, uses = weights_of_filter(rows), len(rows)
    return f"a neuron is {counted(uses, 'use')}, of {counted(weights, 'weight')}"


def _meaning(scene: Scene, found: Sequence[_Slice]) -> str:
    """What a colour on a neuron can mean."""
    own = filter_number(scene, scene.neurons[0])
    count = _weights(scene, own)
    several = len(found) > 1
    if scene.level == "filter":
        name = names_of_filter(scene, own)
        every = f"every neuron of {found[0].title} uses {name}" if several else "each neuron has its own"
        sets = f"a set of {counted(count, 'weight')}" if count > 1 else "here a single weight"
        return f"Now colour means filter, {sets}: {every}. Which weight meets which input is not shown."
    if count == 1:
        return "A neuron is not a weight, though here it uses a single one: its mosaic is one cell."
    here = ""
    if several:
        here = ", here " + " or ".join(f"“{names_of_filter(scene, one.number or 0)}”" for one in found)
    only = f"So a colour on it can only mean a set of {few(count)}{here}."
    return f"A neuron is not a weight: it uses {few(count)}. {only}"


def _description(found: Sequence[_Slice]) -> str:
    count = sum(len(one.neurons) for one in found)
    return f"{counted(count, 'neuron')}, each with its value and the weights that it uses."


def _window(scene: Scene, found: Sequence[_Slice], window: Intervals) -> str:
    words = [mosaic(scene, filter_number(scene, scene.neurons[0])).part.words(scene)]
    if scene.y.of("position"):
        words.append(named_positions(scene.y, window))
    elif len(found[0].neurons) < scene.filters:
        words.append(f"{found[0].title} of {scene.filters:,}")
    text = "; ".join(word for word in words if word)
    return text[:1].upper() + text[1:]


def _notes(scene: Scene, found: Sequence[_Slice], colours: Colouring, style: Digits | None) -> tuple[str, ...]:
    rounded = rounded_words(values=style)
    if scene.level == "filter":
        switch = "Switch to weight: each square opens into the mosaic of the weights behind it."
        return (switch, rounded) if rounded else (switch,)
    notes = [_mosaic_words(scene)]
    if scene.level != "weight":
        notes.append(_alike(scene, found))
    elif partly(scene):
        notes.append("Neurons of one slice use different parts of their filter: a mosaic leaves out the rest.")
    else:
        notes.append(_of_slices(scene, found, colours) if len(found) > 1 else _of_neurons(scene, found[0]))
    return tuple(filter(None, (*notes, rounded)))


def _mosaic_words(scene: Scene) -> str:
    part = mosaic(scene, filter_number(scene, scene.neurons[0])).part
    if part.whole:
        return "Mosaic: the filter a neuron uses."
    first, last = part.channels[0], part.channels[-1]
    which = f"channel {first}" if first == last else f"channels {first} to {last}"
    if part.drawn < part.each:
        on = f" on {which}" if part.reads > 1 else ""
        return f"Mosaic: {few(part.drawn)} of the weights that a neuron uses{on}."
    return f"Mosaic: the filter a neuron uses ({which} of it)."


def _of_slices(scene: Scene, found: Sequence[_Slice], colours: Colouring) -> str:
    """What a slice's neurons have in common, and what the other slice has."""
    other = mosaic(scene, found[1].number or 0)
    both, _, _ = in_common(scene, *(scene.rows_of_filter(slice_.number or 0) for slice_ in found))
    count = len(found[0].neurons)
    alike = f"All {few(count)} in {found[0].title} are equal" if count > 1 else ""
    names = {identity("weight", place, parameter=scene.line.parameter or 0) for place, _ in other.weights}
    shown = names & set(colours.coloured)
    if both:
        return f"{alike}." if alike else ""
    state = "left unfilled here"
    if shown:
        state = (
            ("in another colour" if len(names) == 1 else "in other colours") if shown == names else "coloured in part"
        )
    weights = _weights(scene, other.filter)
    whose = f"its own {few(weights)} weights" if weights > 1 else "a weight of its own"
    return f"{alike}{'; ' if alike else ''}{found[1].title} has {whose}, {state}."


def _of_neurons(scene: Scene, one: _Slice) -> str:
    """Whether some neurons have weights in common; all of one filter have the same."""
    count = len(one.neurons)
    if count < 2:
        return ""
    if one.number is not None:
        return f"All {few(count)} are equal: one filter."
    every = np.concatenate([scene.rows_of_filter(pieces.filter).w for _, _, _, pieces in one.neurons])
    distinct = len(np.unique(np.ravel_multi_index(tuple(every.T), scene.w.shape)))
    if distinct == len(every):
        return "No two of these neurons have a weight in common."
    return f"These neurons use {counted(distinct, 'weight')} {len(every):,} times."


def _alike(scene: Scene, found: Sequence[_Slice]) -> str:
    if scene.level == "tap":
        lead = "Both slices look alike now: a" if len(found) > 1 else "A"
        return f"{lead} tap is a place in the kernel, in every filter."
    if scene.level == "channel":
        return "A mosaic cell has the colour of the input channel that it reads."
    return "All weights here are stored in one tensor."


def _table(scene: Scene, found: Sequence[_Slice]) -> Table:
    rows = []
    for one in found:
        for _, _, neuron, pieces in one.neurons:
            value = "" if scene.y_values is None else number(scene.y_values[neuron])
            weights = " ".join(place_text(place) for place, _ in pieces.weights)
            rows.append((place_text(neuron), value, str(pieces.filter), weights))
    return Table(("y", "value", "filter", "weights in the mosaic"), tuple(rows))


VIEW = View("start-neurons", "Neurons", draw, unfit, panel=True)
