"""The whole matrix as ink, and one block of it, with the drawn part marked: exact counts under every pixel."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from math import prod

import numpy as np

from isochrome.core.component import Numbers
from isochrome.core.relation import Taps
from isochrome.draw import layout
from isochrome.draw.choice import names_of_filter
from isochrome.draw.layout import bottom, paragraph
from isochrome.draw.picture import Ink, Label, Mark, Outline, Rect
from isochrome.draw.scene import Scene
from isochrome.draw.views.ink import connections_under, density, ink, pixel_of, whole_blocks
from isochrome.draw.views.kernels import channel_of
from isochrome.draw.views.matrix_order import Order, columns_of, matrix_of, rows_of
from isochrome.draw.views.matrix_window import Side, Window
from isochrome.draw.views.partial import axis_numbers, fixed
from isochrome.draw.views.windows import Interval
from isochrome.draw.views.wording import counted
from isochrome.errors import RequestError

__all__ = ["beside", "block_taps", "overview"]

_WIDE, _HIGH = 246, 200
_LEAST = 4.0
_MARKED = 6
_EQUAL = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class _View:
    """What one raster shows: some rows and columns of the matrix, cut into pixels."""

    rows: Order
    columns: Order
    down: Numbers
    across: Numbers


_Marking = Callable[[_View, float, float, float, float], list[Mark]]
"""What marks the drawn part on a raster: at x and y, so wide and so high."""


def overview(scene: Scene, part: Window, x: float) -> tuple[list[Mark], float, float]:
    """Both rasters below each other; their right and their lower end."""
    marks: list[Mark] = [Label(x, 12, "the whole matrix", "group")]
    blocks = _blocks(scene)
    if blocks:
        marks.append(Label(x + _WIDE, 12, blocks, "caption", "end"))
    drawn, low = _raster(scene, partial(_marked, part), _whole(scene), x, 24)
    marks += drawn
    one = _one_block(scene) if blocks else None
    if one is not None:
        title = names_of_filter(scene, scene.filter) + f", channel {channel_of(scene, scene.filter_rows)}"
        marks.append(Label(x, low + 36, f"one block: {title}", "group"))
        drawn, low = _raster(scene, partial(_marked, part), one, x, low + 48)
        marks += drawn
    return marks, x + _WIDE, low


def beside(scene: Scene, down: Interval, across: Interval, x: float) -> tuple[list[Mark], float, float]:
    """The whole matrix alone, with some rows and columns marked; its right and its lower end."""
    view = _whole(scene, scene.channel_last)

    def marked(_: _View, left: float, top: float, wide: float, high: float) -> list[Mark]:
        runs = [_run(view.down, down, high), _run(view.across, across, wide)]
        (above, below), (before, after) = runs
        size = max(after - before, _LEAST), max(below - above, _LEAST)
        return [Outline("selected", left + before, top + above, *size, round=1)]

    drawn, low = _raster(scene, marked, view, x, 24)
    return [Label(x, 12, "the whole matrix", "group"), *drawn], x + _WIDE, low


def _run(cuts: Numbers, part: Interval, length: float) -> tuple[float, float]:
    """Where some rows lie among the pixels."""
    step = length / (len(cuts) - 1)
    return pixel_of(cuts, part[0]) * step, (pixel_of(cuts, part[1] - 1) + 1) * step


def _whole(scene: Scene, channel_last: bool = False) -> _View:
    """The whole matrix, each of its blocks a whole number of pixels."""
    rows, columns = rows_of(scene, channel_last), columns_of(scene, channel_last)
    return _View(rows, columns, whole_blocks(rows.shape, _HIGH), whole_blocks(columns.shape, _WIDE))


def _one_block(scene: Scene) -> _View | None:
    """The chosen filter's neurons by one channel's inputs; None where that filter reads nothing."""
    found = scene.filter_rows
    if not len(found):
        return None
    rows, down = _block(rows_of(scene), scene.y.of("filter", "group"), scene.filter_place(scene.filter), _HIGH)
    columns = columns_of(scene)
    named = columns.axes.of("channel", "group")
    place = found.at[found.channel == channel_of(scene, found)][0]
    columns, across = _block(columns, named, [int(place[axis]) for axis in named], _WIDE)
    return _View(rows, columns, down, across)


def _block(side: Order, named: Sequence[int], place: Sequence[int], most: int) -> tuple[Order, Numbers]:
    """A side with some axes first, and the pixels of the part in which these have one place."""
    order = (*named, *(axis for axis in side.order if axis not in named))
    sizes = [side.axes.shape[axis] for axis in order]
    inside, number = tuple(sizes[len(named) :]), 0
    for at, size in zip(place, sizes, strict=False):
        number = number * size + at
    return Order(side.axes, side.number, order), number * prod(inside) + whole_blocks(inside, most)


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


def _raster(scene: Scene, marked: _Marking, view: _View, x: float, y: float) -> tuple[list[Mark], float]:
    """One raster with the drawn part marked, what a pixel is, and what full ink is."""
    try:
        counts = connections_under(matrix_of(scene, view.rows, view.columns), view.down, view.across)
    except RequestError:
        told = paragraph(x, y + 12, "Not drawn: its tables are too large to be counted pixel by pixel.", _WIDE)
        return list(told), bottom(told)
    rows, columns = len(view.down) - 1, len(view.across) - 1
    wide, high = max(1, _WIDE // columns) * columns, max(1, _HIGH // rows) * rows
    words = f"1 pixel = {_covered(view.down, 'neuron')} × {_covered(view.across, 'input')}. "
    part = counts / np.multiply.outer(np.diff(view.down), np.diff(view.across))
    if np.ptp(part) < _EQUAL * part.max():
        marks: list[Mark] = [Rect(x, y, wide, high, "hair", "line")]
        told_part = layout.number(100 * float(part.max()), 3) + " % of the entries are connections"
        words += f"The same everywhere: {told_part if part.max() < 1 else 'every entry is a connection'}."
    else:
        full = max(1.0, float(density(counts, view.down, view.across).max()))
        values = ink(counts, view.down, view.across, full).tobytes()
        marks = [Ink(x, y, wide, high, columns, rows, values), Rect(x, y, wide, high, "none", "line")]
        words += "Ink = connections under it ÷ the larger of both"
        words += f"; full ink is {layout.number(full, 3)}." if full > 1 else ", full at 1."
    told = paragraph(x, y + high + 18, words, _WIDE)
    return [*marks, *marked(view, x, y, wide, high), *told], bottom(told)


def _covered(cuts: Numbers, one: str) -> str:
    """How many rows, or columns, a pixel covers."""
    sizes = np.diff(cuts)
    least, most = int(sizes.min()), int(sizes.max())
    return counted(most, one) if least == most else f"{least:,} to {counted(most, one)}"


def _marked(part: Window, view: _View, x: float, y: float, wide: float, high: float) -> list[Mark]:
    """Where the drawn rows and columns lie, one outline for each run of them; never under 4 px."""
    down = _runs(part.rows, view.rows, view.down, high)
    across = _runs(part.columns, view.columns, view.across, wide)
    if len(down) * len(across) > _MARKED:
        down, across = [(down[0][0], down[-1][1])], [(across[0][0], across[-1][1])]
    return [
        Outline("selected", x + left, y + top, max(right - left, _LEAST), max(end - top, _LEAST), round=1)
        for top, end in down
        for left, right in across
    ]


def _runs(side: Side, order: Order, cuts: Numbers, length: float) -> list[tuple[float, float]]:
    """The pixels of the drawn blocks as intervals, those that touch or nearly touch as one."""
    found: list[tuple[float, float]] = []
    step, last = length / (len(cuts) - 1), len(cuts) - 2
    for start in range(0, len(side.places), side.in_block):
        at = [pixel_of(cuts, order.flat(place)) for place in side.places[start : start + side.in_block]]
        low, high = max(min(at), 0), min(max(at), last)
        if low > high:
            continue
        if found and low * step - found[-1][1] < _LEAST:
            found[-1] = (found[-1][0], max(found[-1][1], (high + 1) * step))
        else:
            found.append((low * step, (high + 1) * step))
    return found
