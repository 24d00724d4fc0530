"""The whole matrix as ink, and one block of it, with the drawn part marked: exact counts under every pixel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from isochrome.core.relation import Taps
from isochrome.draw import layout
from isochrome.draw.choice import names_of_filter
from isochrome.draw.layout import bottom, paragraph
from isochrome.draw.picture import Ink, Label, Mark, Outline, Rect
from isochrome.draw.scene import Axes, Scene
from isochrome.draw.views.ink import Steps, connections_under, ink, steps
from isochrome.draw.views.kernels import channel_of
from isochrome.draw.views.matrix_window import Side, Window
from isochrome.draw.views.partial import axis_numbers, fixed
from isochrome.draw.views.wording import counted

__all__ = ["block_taps", "overview"]

_WIDE, _HIGH = 246, 200
_LEAST = 4.0
_MARKED = 6
_EQUAL = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class _View:
    """What one raster shows: some taps over some axes of the neurons and of the inputs."""

    taps: Taps
    rows: Steps
    columns: Steps


def overview(scene: Scene, part: Window, x: float) -> tuple[list[Mark], float, float]:
    """Both rasters below each other; their right and their lower end."""
    assert scene.x is not None
    whole = _View(scene.relation.everything, steps(scene.y.shape, _HIGH), steps(scene.x.shape, _WIDE))
    marks: list[Mark] = [Label(x, 12, "the whole matrix", "group")]
    blocks = _blocks(scene)
    if blocks:
        marks.append(Label(x + _WIDE, 12, blocks, "caption", "end"))
    drawn, low = _raster(scene, part, whole, x, 24)
    marks += drawn
    taps = block_taps(scene)
    if taps is not None and blocks:
        one = _View(taps, _positions(scene.y, _HIGH), _positions(scene.x, _WIDE))
        title = names_of_filter(scene, scene.filter) + f", channel {channel_of(scene, scene.filter_rows)}"
        marks.append(Label(x, low + 36, f"one block: {title}", "group"))
        drawn, low = _raster(scene, part, one, x, low + 48)
        marks += drawn
    return marks, x + _WIDE, low


def _blocks(scene: Scene) -> str:
    if scene.y.size("position") < 2 or scene.filters * scene.channels < 2:
        return ""
    return f"{scene.filters:,} × {scene.channels:,} blocks"


def block_taps(scene: Scene) -> Taps | None:
    """The taps between the chosen filter's neurons and one channel's inputs; None where there are none."""
    number = scene.line.input_number
    rows = scene.filter_rows
    if scene.x is None or number is None or not len(rows):
        return None
    rows = rows.take(rows.channel == channel_of(scene, rows))
    named = scene.x.of("channel", "group")
    filters = axis_numbers(scene, 0, scene.y.of("filter", "group"))
    channels = axis_numbers(scene, number, named)
    places = {
        0: dict(zip(filters, scene.filter_place(scene.filter), strict=True)),
        number: dict(zip(channels, (int(rows.at[0][axis]) for axis in named), strict=True)),
    }
    return fixed(scene.relation, places)


def _positions(axes: Axes, most: int) -> Steps:
    return steps(axes.shape, most, axes.of("position") or (0,))


def _raster(scene: Scene, shown: Window, view: _View, x: float, y: float) -> tuple[list[Mark], float]:
    """One raster with the drawn part outlined, what a pixel is, and what full ink is."""
    assert scene.x is not None and scene.line.input_number is not None
    number = scene.line.input_number
    neurons, inputs = axis_numbers(scene, 0, range(len(scene.y.shape))), range(len(scene.x.shape))
    sides = [(0, neurons, view.rows), (number, axis_numbers(scene, number, inputs), view.columns)]
    counts = connections_under(view.taps, sides)
    if counts is None:
        told = paragraph(x, y + 12, "Not drawn: its tables are too large to be counted pixel by pixel.", _WIDE)
        return list(told), bottom(told)
    wide, high = _pixel(_WIDE, view.columns) * view.columns.count, _pixel(_HIGH, view.rows) * view.rows.count
    words = f"1 pixel = {_range(view.rows, 'neuron')} × {_range(view.columns, 'input')}. "
    density = counts / np.multiply.outer(view.rows.covers, view.columns.covers)
    if np.ptp(density) < _EQUAL * density.max():
        marks: list[Mark] = [Rect(x, y, wide, high, "hair", "line")]
        part = layout.number(100 * float(density.max()), 3) + " % of the entries are connections"
        words += f"The same everywhere: {part if density.max() < 1 else 'every entry is a connection'}."
    else:
        values, full = ink(counts, view.rows, view.columns)
        marks = [Ink(x, y, wide, high, view.columns.count, view.rows.count, values),
                 Rect(x, y, wide, high, "none", "line")]  # fmt: skip
        words += "Ink = connections under it ÷ the larger of both"
        words += f"; full ink is {layout.number(full, 3)}." if full > 1 else ", full at 1."
    told = paragraph(x, y + high + 18, words, _WIDE)
    return [*marks, *_marked(shown, view, x, y, wide, high), *told], bottom(told)


def _pixel(room: int, side: Steps) -> int:
    return max(1, room // side.count)


def _range(side: Steps, one: str) -> str:
    least, most = int(side.covers.min()), int(side.covers.max())
    return counted(most, one) if least == most else f"{least:,} to {counted(most, one)}"


def _marked(part: Window, view: _View, x: float, y: float, wide: float, high: float) -> list[Mark]:
    """Where the drawn rows and columns lie, one outline for each run of them; never under 4 px."""
    down = _runs(part.rows, view.rows, high / view.rows.count)
    across = _runs(part.columns, view.columns, wide / view.columns.count)
    if len(down) * len(across) > _MARKED:
        down, across = [(down[0][0], down[-1][1])], [(across[0][0], across[-1][1])]
    return [
        Outline("selected", x + left, y + top, max(right - left, _LEAST), max(end - top, _LEAST), round=1)
        for top, end in down
        for left, right in across
    ]


def _runs(side: Side, pixels: Steps, step: float) -> list[tuple[float, float]]:
    """The pixels of the drawn blocks as intervals, those that touch or nearly touch as one."""
    found: list[tuple[float, float]] = []
    for start in range(0, len(side.places), side.in_block):
        block = side.places[start : start + side.in_block]
        for low, high in _lines(block, pixels):
            if found and low * step - found[-1][1] < _LEAST:
                found[-1] = (found[-1][0], max(found[-1][1], (high + 1) * step))
            else:
                found.append((low * step, (high + 1) * step))
    return found


def _lines(places: Sequence[tuple[int, ...]], pixels: Steps) -> list[tuple[int, int]]:
    at = [pixels.at(place) for place in places]
    return [(min(at), max(at))]
