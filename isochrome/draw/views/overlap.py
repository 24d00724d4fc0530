"""How many taps reach each neuron of a slice, and which: in every cell a small kernel of the weights that it uses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np

from isochrome.core.relation import Place
from isochrome.draw.choice import channel_shown, coloured, level_legend, names_of_filter, weight_name
from isochrome.draw.layout import number, text_width
from isochrome.draw.picture import Cell, Label, Mark, Outline, Picture, Rect, State, Table, keys
from isochrome.draw.scene import Rows, Scene
from isochrome.draw.view import View
from isochrome.draw.views.blocks import neurons_in
from isochrome.draw.views.excerpt import filter_number
from isochrome.draw.views.sliding import border_words, moves_words, size_words, slides, taps_per_neuron, unreached_words
from isochrome.draw.views.windows import Intervals, named_positions, plane, position_window
from isochrome.draw.views.wording import counted, drawn, sized, title_of

__all__ = ["VIEW"]

MOST = 700
"""The most small cells of a picture."""
LARGEST = 9
"""The most rows, and columns, of a small kernel."""
WIDEST = 12
"""The most neurons in a row, and rows of them."""
MOTE, EDGE, COUNT = 8.0, 5.0, 17.0
"""The side of a small cell; the margin around a small kernel; the room above it for its number."""


def _unfit(scene: Scene) -> str:
    if not scene.w.of("tap"):
        return "no axis of its weight slides along positions, so taps do not overlap"
    rows, columns = _kernel_shape(scene)
    if max(rows, columns) > LARGEST:
        return f"its kernel, {sized([scene.w.shape[axis] for axis in scene.w.of('tap')])}, is too large for a cell"
    return "" if len(scene.filter_rows) else "the chosen filter has no connection"


def _kernel_shape(scene: Scene) -> tuple[int, int]:
    """Rows and columns of a small kernel; what lies along the axes before these stands side by side."""
    sizes = [scene.w.shape[axis] for axis in scene.w.of("tap")]
    return (sizes[-2] if len(sizes) > 1 else 1), prod(sizes[:-2]) * sizes[-1]


@dataclass(frozen=True, slots=True)
class _Cell:
    """One neuron: its taps in all, on real input, and those that stand in its small kernel."""

    neuron: Place
    row: int
    column: int
    taps: int
    real: int
    rows: Rows


def _cells(scene: Scene, first: int, window: Intervals, channel: int) -> tuple[_Cell, ...]:
    found = []
    for row, column, neuron in neurons_in(scene, first, window):
        rows = scene.rows_of_neuron(neuron)
        own = rows.take(rows.channel == channel)
        found.append(_Cell(neuron, row, column, len(rows), int(rows.real.sum()), own))
    return tuple(found)


def _draw(scene: Scene) -> Picture:
    first, channel = filter_number(scene, scene.neurons[0]), channel_shown(scene)
    rows, columns = _kernel_shape(scene)
    most = max(2, min(WIDEST, int((MOST / (rows * columns)) ** 0.5)))
    longest = number(max(taps_per_neuron(scene.relation, real=True)))
    wide = max(columns * MOTE + 2 * EDGE, text_width(longest, 11, mono=True) + 4)
    tall = rows * MOTE + EDGE + COUNT
    across = max(1, min(most, int((scene.width - 4) / wide))) if scene.narrow else most
    window = position_window(scene, (most, across))
    cells = _cells(scene, first, window, channel)
    (low, high), (start, stop) = plane(window)
    marks: list[Mark] = [Label(2, 14, _heading(scene, first), "body", bold=True, size=12.5)]
    states: list[Mark] = []
    for one in cells:
        x, y = 2 + one.column * wide, 28 + one.row * tall
        marks += _cell(scene, one, x, y, wide, tall, channel)
        states += [state for state in (_state(scene, one, x, y, wide, tall),) if state is not None]
    right, bottom = 2 + (stop - start) * wide, 28 + (high - low) * tall
    named = 2 + text_width(_heading(scene, first), 12.5, bold=True)
    told, edge, end = _counts(scene, 0, bottom + 20) if scene.narrow else _counts(scene, max(right, named) + 36, 0)
    part = named_positions(scene.y, window)
    part = part[:1].upper() + part[1:]
    words = "In each neuron: how many taps it has on real input, and the weights that they use."
    moves = slides(scene)
    return Picture(
        max(right, named, edge) + 4,
        max(bottom, end) + 6,
        title_of("Overlap", scene.layer.name),
        f"The neurons of {names_of_filter(scene, first)}, each with the number of its taps and the weights they use.",
        level_legend(scene),
        coloured(scene),
        (*marks, *reversed(states), *told),
        subtitle=drawn(words, part),
        formula=str(scene.line.formula),
        window=part,
        notes=tuple(filter(None, (moves_words(moves), border_words(moves), size_words(moves), *_notes(scene, cells)))),
        table=_table(scene, cells),
    )


def _heading(scene: Scene, first: int) -> str:
    shown = f"output {scene.y.name}"
    if scene.filters > 1:
        shown += f", slice {first}"
    return shown + (f", taps on channel {channel_shown(scene)}" if scene.channels > 1 else "")


def _cell(scene: Scene, one: _Cell, x: float, y: float, wide: float, tall: float, channel: int) -> list[Mark]:
    """One neuron: box, number, small kernel. A tap on padding is hatched, a weight that is not used is left out."""
    at = keys(scene.layer.number, y=one.neuron)
    marks: list[Mark] = [Rect(x, y, wide, tall, "paper", "line", 2, keys=at)]
    marks.append(Label(x + wide / 2, y + 13, number(one.real), "mono", "middle", size=11, keys=at))
    used = {tuple(w): bool(real) for w, real in zip(one.rows.w.tolist(), one.rows.real.tolist(), strict=True)}
    axes, left = scene.w.of("tap"), x + (wide - _kernel_shape(scene)[1] * MOTE) / 2
    for place, real in used.items():
        row, column = _spot(scene, tuple(place[axis] for axis in axes))
        box = (left + column * MOTE, y + COUNT + row * MOTE, MOTE, MOTE)
        held = keys(scene.layer.number, y=one.neuron, w=place, parameter=scene.line.parameter)
        name = weight_name(scene, place, filter_number(scene, one.neuron), channel) if real else None
        marks.append(Cell(*box, identity=name, padding=not real, round=1, keys=held))
    return marks


def _spot(scene: Scene, tap: Place) -> tuple[int, int]:
    """Row and column of a tap in a small kernel."""
    column = 0
    for axis, at in zip(scene.w.of("tap")[:-2], tap[:-2], strict=True):
        column = column * scene.w.shape[axis] + at
    return (0, *tap)[-2], column * scene.w.shape[scene.w.of("tap")[-1]] + tap[-1]


def _state(scene: Scene, one: _Cell, x: float, y: float, wide: float, tall: float) -> Outline | None:
    if one.neuron not in scene.neurons:
        return None
    state: State = "pinned" if scene.neurons.index(one.neuron) else "selected"
    return Outline(state, x, y, wide, tall, keys=keys(scene.layer.number, y=one.neuron))


def _counts(scene: Scene, x: float, top: float) -> tuple[tuple[Mark, ...], float, float]:
    """How many neurons of the whole layer have how many taps, as rows with a bar each."""
    found = taps_per_neuron(scene.relation, real=True)
    shown = list(found.items())[:14]
    most = max(found.values())
    marks: list[Mark] = [
        Label(x, top + 14, "taps on real input", "caption", size=12),
        Label(x + 236, top + 14, "neurons", "caption", "end", size=12),
    ]
    y = top + 28
    for taps, neurons in shown:
        length = max(1.0, 110 * neurons / most)
        marks += [
            Label(x + 34, y + 12, number(taps), "mono", "end", size=12),
            Rect(x + 44, y + 2, length, 12, "ink", "none"),
            Label(x + 236, y + 12, number(neurons), "mono", "end", size=12),
        ]
        y += 20
    if len(found) > len(shown):
        marks.append(Label(x, y + 12, f"and {len(found) - len(shown)} more counts", "caption", size=12))
        y += 20
    return tuple(marks), x + 236, y


def _notes(scene: Scene, cells: Sequence[_Cell]) -> tuple[str, ...]:
    found = taps_per_neuron(scene.relation, real=True)
    if len(found) == 1:
        told = [f"Every neuron has {counted(next(iter(found)), 'tap')} on real input."]
    else:
        told = [f"A neuron has {min(found):,} to {max(found):,} taps on real input: not all are reached equally often."]
    told.append(unreached_words(scene.relation))
    if any(not one.rows.real.all() for one in cells):
        told.append("Hatched: a tap on padding.")
    return tuple(filter(None, told))


def _table(scene: Scene, cells: Sequence[_Cell]) -> Table:
    rows = ((",".join(map(str, one.neuron)), number(one.taps), number(one.real), _used(one.rows)) for one in cells)
    return Table((scene.y.name, "taps", "on real input", scene.line.weight), tuple(rows))


def _used(rows: Rows) -> str:
    places = np.unique(rows.w[rows.real], axis=0).tolist()
    return " ".join(",".join(map(str, place)) for place in places)


VIEW = View("overlap", "Overlap", _draw, _unfit, narrow=True)
