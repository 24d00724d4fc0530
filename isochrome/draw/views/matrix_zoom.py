"""Any part of the matrix, as the page shows it: entries with their numbers, entries as colours, or exact ink."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from isochrome.core.component import Numbers
from isochrome.core.relation import Place
from isochrome.draw.identity import Colouring
from isochrome.draw.layout import place_text, text_width
from isochrome.draw.picture import Hit, Ink, Label, Mark, Outline, Rect, Rule, Tag, keys
from isochrome.draw.scene import Scene
from isochrome.draw.views.codes import Named, codes
from isochrome.draw.views.ink import connections_under, evenly, ink
from isochrome.draw.views.matrix_order import Order, columns_of, matrix_of, rows_of
from isochrome.draw.views.matrix_window import ENTRY, Entry
from isochrome.draw.views.partial import axis_numbers
from isochrome.draw.views.windows import Interval
from isochrome.draw.views.wording import counted, span

__all__ = ["Zoom", "frame", "named", "named_part", "raster", "zoom"]

WIDE, WIDEST, HIGH = 980.0, 1200.0, 554.0
"""A part whose entries fit with their numbers may be wider."""
_LARGEST, _CELLS, _LABEL, _APART, _THIN = 40.0, 12.0, 11.5, 12.0, 8.0
_MOST = 1000


@dataclass(frozen=True, slots=True, eq=False)
class Zoom:
    """A part of the matrix on paper: its rows and columns, and how many pixels one of each has.

    ``entries`` are its connections where they are drawn one by one; None where they are too many or too small.
    """

    rows: Order
    columns: Order
    down: Interval
    across: Interval
    high: float
    wide: float
    entries: tuple[Entry, ...] | None

    @property
    def height(self) -> float:
        """Pixels from top to bottom."""
        return self.high * (self.down[1] - self.down[0])

    @property
    def width(self) -> float:
        """Pixels from left to right."""
        return self.wide * (self.across[1] - self.across[0])

    @property
    def inked(self) -> bool:
        """Whether a pixel covers several rows or columns."""
        return min(self.high, self.wide) < 1

    @property
    def words(self) -> str:
        """What a pixel covers, or an entry takes."""
        if not self.inked:
            return ""
        sizes = [
            counted(low, one) if low == high else f"{low:,} to {counted(high, one)}"
            for one, cuts in (("neuron", self.row_cuts), ("input", self.column_cuts))
            for low, high in [(int(np.diff(cuts).min()), int(np.diff(cuts).max()))]
        ]
        return f"1 pixel = {' × '.join(sizes)}"

    @property
    def row_cuts(self) -> Numbers:
        """Where each row of pixels begins, and the last one ends."""
        return _cuts(self.down, self.high, self.rows.total)

    @property
    def column_cuts(self) -> Numbers:
        """Where each column of pixels begins, and the last one ends."""
        return _cuts(self.across, self.wide, self.columns.total)


def zoom(scene: Scene) -> Zoom:
    """The part that the scene's window names: from a row to below another, and columns so too."""
    rows, columns = rows_of(scene, scene.channel_last), columns_of(scene, scene.channel_last)
    down, across = scene.window
    needed = ENTRY * (across[1] - across[0])
    room = needed if WIDE < needed <= WIDEST else WIDE
    high, wide = HIGH / (down[1] - down[0]), room / (across[1] - across[0])
    if min(high, wide) >= 1:
        high = wide = min(high, wide, _LARGEST)
    found = Zoom(rows, columns, down, across, min(high, _LARGEST), min(wide, _LARGEST), None)
    if min(found.high, found.wide) < _CELLS:
        return found
    many = connections_under(matrix_of(scene, rows, columns), np.array(down), np.array(across))
    entries = tuple(_entries(scene, found)) if many.sum() <= _MOST else None
    return Zoom(rows, columns, down, across, found.high, found.wide, entries)


def _cuts(part: Interval, pixels: float, total: int) -> Numbers:
    low, high = part
    count = max(1, round(pixels * (high - low))) if pixels < 1 else high - low
    return evenly(low, (high - low) / count, count, total)


def _entries(scene: Scene, found: Zoom) -> Iterator[Entry]:
    """The connections of the part by the taps of its neurons."""
    for row in range(*found.down):
        taps = scene.rows_of_neuron(found.rows.place(row))
        known: dict[int, list[tuple[Place, float | None, str | None]]] = {}
        for part in scene.parts(taps.take(taps.real)):
            column = found.columns.flat(part.at)
            if found.across[0] <= column < found.across[1] and part.w is not None:
                known.setdefault(column, []).append((part.w, part.weight, part.identity(scene.level)))
        for column, weights in sorted(known.items()):
            one = weights[0] if len(weights) == 1 else None
            alike = weights[0][2] if len({name for _, _, name in weights}) == 1 else None
            places = tuple(place for place, _, _ in weights)
            yield Entry(row - found.down[0], column - found.across[0], places, one[1] if one else None, alike)


def raster(scene: Scene, found: Zoom, colours: Colouring, x: float, y: float) -> Ink:
    """The part as pixels: exact ink where one covers several entries, else the identity of each entry."""
    matrix = matrix_of(scene, found.rows, found.columns)
    down, across = found.row_cuts, found.column_cuts
    box = (x, y, found.width, found.height, len(across) - 1, len(down) - 1)
    if found.inked:
        return Ink(*box, ink(connections_under(matrix, down, across), down, across).tobytes())
    names = colours.coloured
    wanted = [named(scene, found.columns, name) for name in names]
    return Ink(*box, codes(matrix, down[:-1], across[:-1], wanted).tobytes(), names)


def named(scene: Scene, columns: Order, name: str) -> Named:
    """An identity as the relation has it."""
    level, *_, place = name.split(":")
    at = tuple(map(int, place.split(",")))
    number = scene.line.weight_number
    if level == "weight":
        return Named(number, tuple(range(len(at))), at)
    if level == "tap":
        return Named(number, scene.w.of("tap"), at)
    if level == "filter":
        return Named(0, axis_numbers(scene, 0, scene.y.of("filter", "group")), at)
    if level == "channel":
        axes = columns.axes.of("channel", "group")
        return Named(columns.number, axis_numbers(scene, columns.number, axes), at)
    return Named(number, (), ())


# --- around it ----------------------------------------------------------------------------------------------------


def frame(scene: Scene, found: Zoom, left: float, top: float) -> Iterator[Mark]:
    """Rules between blocks, names of rows and columns, and the outlines of the rows of j and i."""
    for order, part, size in ((found.rows, found.down, found.high), (found.columns, found.across, found.wide)):
        upright = order is found.columns
        for at, strong in _borders(order, part, size):
            line = ((left + at, top), (left + at, top + found.height))
            flat = ((left, top + at), (left + found.width, top + at))
            yield Rule(line if upright else flat, "line" if strong else "hair")
    yield Rect(left, top, found.width, found.height, "none", "line")
    yield from _column_names(found, left, top)
    yield from _row_names(scene, found, left, top)


def _borders(order: Order, part: Interval, size: float) -> Iterator[tuple[float, bool]]:
    """Where blocks wide enough to be told apart begin, from the inmost to the outermost, which are strong."""
    axes = [axis for axis in range(len(order.shape)) if order.shape[axis] > 1]
    found: dict[int, bool] = {}
    for axis in axes[:-1]:
        step = _step(order, axis)
        if step * size < _APART:
            break
        for at in range(-(-part[0] // step) * step, part[1], step):
            found.setdefault(at, axis == axes[0])
    for at, strong in sorted(found.items(), key=lambda one: one[1]):
        if part[0] < at < part[1]:
            yield (at - part[0]) * size, strong


def _step(order: Order, axis: int) -> int:
    return int(np.prod(order.shape[axis + 1 :], dtype=np.int64))


def _blocks(order: Order, part: Interval, size: float, room: float) -> Iterator[tuple[str, float, float]]:
    """The outermost blocks with a name, and where they lie; where they are narrow every second, fifth ... alone."""
    axis = next((axis for axis in range(len(order.shape)) if order.shape[axis] > 1), 0)
    step = _step(order, axis)
    every = 1 if step * size >= room else _nice(room / (step * size))
    for block in range(part[0] // step, -(-part[1] // step)):
        if block % every == 0:
            low, high = max(block * step, part[0]), min((block + 1) * step, part[1])
            text = f"{order.word(order.order[axis])} {block}" if every == 1 else str(block)
            yield text, (low - part[0]) * size, (high - part[0]) * size


def _nice(least: float) -> int:
    power = 1
    while True:
        for factor in (1, 2, 5):
            if factor * power >= least:
                return factor * power
        power *= 10


def _column_names(found: Zoom, left: float, top: float) -> Iterator[Mark]:
    order = found.columns
    widest = text_width(f"{order.word(order.order[0])} {max(order.shape[0] - 1, 0)}", 12) + 10
    for text, low, high in _blocks(order, found.across, found.wide, widest):
        if high - low >= text_width(text, 12) or not text[0].isalpha():
            yield Label(left + low, top - 9, text, "body", size=12)


def _row_names(scene: Scene, found: Zoom, left: float, top: float) -> Iterator[Mark]:
    chosen = {found.rows.flat(neuron): order for order, neuron in reversed(list(enumerate(scene.neurons[:2])))}
    if found.high < _LABEL:
        for text, low, high in _blocks(found.rows, found.down, found.high, 15):
            yield Label(left - 8, top + (low + high) / 2 + 4, text, "caption", "end")
    else:
        for row in range(*found.down):
            neuron, at = found.rows.place(row), top + (row - found.down[0]) * found.high
            known = row in chosen
            yield Label(left - 8, at + found.high / 2 + 3.8, place_text(neuron), "index", "end", bold=known,
                        ink="ink" if known else None)  # fmt: skip
            yield Hit(0, at, left - 4, found.high, keys(scene.layer.number, y=neuron))
    for row, order in sorted(chosen.items(), key=lambda item: -item[1]):
        if found.down[0] <= row < found.down[1]:
            high = max(found.high, 3.0)
            at = top + (row - found.down[0] + 0.5) * found.high - high / 2
            where = keys(scene.layer.number, y=found.rows.place(row))
            if high < _THIN:
                yield Rect(left, at, found.width, high, "none", "ink", keys=where)
            else:
                yield Outline("pinned" if order else "selected", left, at, found.width, high, touching=True, keys=where)
            tag = at + high / 2 - 8
            yield Tag(18.0 if order and found.high < 17 else 0.0, tag, "j" if order else "i", bool(order), where)


def named_part(order: Order, part: Interval) -> str:
    """What a part of a side is called: "filter 0, rows 12 to 18", "all" where it is the whole.

    >>> from isochrome.draw.taps import Axes
    >>> y = Order(Axes("y", ("m", "p"), (2, 5), ("filter", "position")), 0, (0, 1))
    >>> named_part(y, (6, 9)), named_part(y, (0, 10)), named_part(y, (3, 8))
    ('filter 1, positions 1 to 3', 'all', 'filters 0 and 1')
    """
    low, high = part
    if high - low >= order.total:
        return "all"
    first, last = order.place(low), order.place(high - 1)
    parts = []
    for axis in order.order:
        if order.axes.shape[axis] > 1:
            several = first[axis] != last[axis]
            parts.append(f"{order.word(axis)}{'s' if several else ''} {span(first[axis], last[axis] + 1)}")
            if several:
                break
    return ", ".join(parts)
