"""Which rows and columns of the dense matrix are drawn one by one, and what stands in them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product
from math import prod

import numpy as np

from isochrome.core.relation import Place
from isochrome.draw.scene import Axes, Rows, Scene
from isochrome.draw.views.kernels import channel_of
from isochrome.draw.views.windows import Interval, Intervals, amid, block, covering, position_window

__all__ = ["ENTRY", "GAP", "Entry", "Side", "Window", "window"]

ENTRY = 15.0
GAP = 8.0
_ROWS, _COLUMNS, _ENTRIES = 24, 80, 600
_SOME_ROWS, _SOME_COLUMNS, _SOME_ENTRIES = 18, 60, 450
_ALONG = (8, 6, 4, 3, 2, 1)
_INPUT_ROWS = 5


@dataclass(frozen=True, eq=False)
class Side:
    """The rows (or columns) that are drawn: a box of places in flat order, in blocks by their first axis.

    A single axis is one block.
    """

    axes: Axes
    box: Intervals

    @property
    def whole(self) -> bool:
        """Whether nothing is left out."""
        return all(high - low == size for (low, high), size in zip(self.box, self.axes.shape, strict=True))

    @cached_property
    def places(self) -> tuple[Place, ...]:
        """The places in order."""
        return tuple(product(*(range(low, high) for low, high in self.box)))

    @property
    def in_block(self) -> int:
        """How many places a block has."""
        return prod(high - low for low, high in self.box[1:]) if len(self.box) > 1 else len(self.places)

    @property
    def in_line(self) -> int:
        """How many places follow one another along the last axis."""
        return self.box[-1][1] - self.box[-1][0] if len(self.box) > 1 else len(self.places)

    @property
    def blocks(self) -> tuple[int, ...]:
        """The index of each block along the first axis; a single axis has one block."""
        return tuple(range(*self.box[0])) if len(self.box) > 1 else (0,)

    def start(self, number: int) -> float:
        """Where a place begins, in pixels."""
        return number * ENTRY + number // self.in_block * GAP

    @property
    def length(self) -> float:
        """The length of the side in pixels."""
        return self.start(len(self.places) - 1) + ENTRY

    def number(self, place: Place) -> int | None:
        """Which place in order it is; None where it is not drawn."""
        found = 0
        for at, (low, high) in zip(place, self.box, strict=True):
            if not low <= at < high:
                return None
            found = found * (high - low) + at - low
        return found


@dataclass(frozen=True, slots=True)
class Entry:
    """What stands at a row and a column: the weights that connect the two, nearly always one."""

    row: int
    column: int
    weights: tuple[Place, ...]
    value: float | None
    identity: str | None


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """The drawn part of the matrix and its entries; a fixed zero is no entry."""

    rows: Side
    columns: Side
    entries: tuple[Entry, ...]

    @property
    def whole(self) -> bool:
        """Whether the whole matrix is drawn."""
        return self.rows.whole and self.columns.whole


def window(scene: Scene) -> Window:
    """The whole matrix where it is small, else some neurons around i and some inputs that they read."""
    assert scene.x is not None
    neurons, inputs = prod(scene.y.shape), prod(scene.x.shape)
    if neurons <= _ROWS and inputs <= _COLUMNS and scene.relation.real_connections <= _ENTRIES:
        rows = Side(scene.y, tuple((0, size) for size in scene.y.shape))
        columns = Side(scene.x, tuple((0, size) for size in scene.x.shape))
        return Window(rows, columns, _entries(scene, rows, columns))
    rows, columns = _some(scene)
    entries = _entries(scene, rows, columns)
    axis = next(iter(scene.x.of("channel", "group")), None)
    while len(entries) > _SOME_ENTRIES and axis is not None and columns.box[axis][1] - columns.box[axis][0] > 1:
        low, high = columns.box[axis]
        fewer = max(low + 1, low + (high - low) * _SOME_ENTRIES // len(entries))
        columns = replace(columns, box=(*columns.box[:axis], (low, fewer), *columns.box[axis + 1 :]))
        entries = _entries(scene, rows, columns)
    return Window(rows, columns, entries)


# --- which rows and columns ---------------------------------------------------------------------------------------


def _some(scene: Scene) -> tuple[Side, Side]:
    """As many neurons of one image row as have their inputs drawn too, of several filters where there is room."""
    assert scene.x is not None
    positions = scene.x.of("position")
    for along in _ALONG:
        where = dict(zip(scene.y.of("position"), position_window(scene, (1, along)), strict=True))
        one = _box(scene, where, 1)
        rows = _rows(scene, one)
        hull = {axis: _hull(rows, axis) for axis in positions}
        lines = positions[:-1]
        for axis in lines[:-1]:
            hull[axis] = _middle(scene, axis, hull[axis], 1)
        for axis in lines[-1:]:
            hull[axis] = _middle(scene, axis, hull[axis], _INPUT_ROWS)
        across = prod(high - low for low, high in hull.values())
        if across <= _SOME_COLUMNS or along == 1:
            break
    if across > _SOME_COLUMNS and positions:
        rest = max(1, across // max(hull[positions[-1]][1] - hull[positions[-1]][0], 1))
        hull[positions[-1]] = _middle(scene, positions[-1], hull[positions[-1]], max(1, _SOME_COLUMNS // rest))
        across = prod(high - low for low, high in hull.values())
    places = prod(high - low for low, high in where.values())
    box = _box(scene, where, max(1, _SOME_ROWS // max(places, 1)))
    read = sorted(set(_rows(scene, box).channel.tolist())) or [0]
    return Side(scene.y, box), Side(scene.x, _input_box(scene, hull, read, max(1, _SOME_COLUMNS // max(across, 1))))


def _box(scene: Scene, where: dict[int, Interval], filters: int) -> Intervals:
    """The window along every axis of the output, with some filters around i's."""
    here = scene.neurons[0]
    box = [(at, at + 1) for at in here]
    for axis, interval in where.items():
        box[axis] = interval
    for axis in scene.y.of("filter", "group")[-1:]:
        box[axis] = block(here[axis], filters, scene.y.shape[axis])
    return tuple(box)


def _rows(scene: Scene, box: Intervals) -> Rows:
    """The real taps of the neurons of a box, of its first and last filter."""
    corners = {place for place in product(*(range(low, high) for low, high in box))}
    axes = scene.y.of("filter", "group")
    ends = [place for place in sorted(corners) if all(place[axis] in (box[axis][0], box[axis][1] - 1) for axis in axes)]
    found = [scene.rows_of_neuron(place) for place in ends]
    joined = Rows(*(np.concatenate([getattr(rows, name) for rows in found]) for name in ("y", "w", "at", "real", "channel")),
                  None, None, None)  # fmt: skip
    return joined.take(joined.real)


def _hull(rows: Rows, axis: int) -> Interval:
    values = rows.at[:, axis]
    return (int(values.min()), int(values.max()) + 1) if len(values) else (0, 1)


def _middle(scene: Scene, axis: int, hull: Interval, most: int) -> Interval:
    """The part of an interval around what i reads along an axis."""
    low, high = hull
    own = scene.rows_of_neuron(scene.neurons[0])
    values = own.at[own.real][:, axis]
    middle = int(np.median(values)) if len(values) else low
    start, end = amid(min(max(middle - low, 0), high - low - 1), most, high - low)
    return low + start, low + end


def _input_box(scene: Scene, hull: dict[int, Interval], read: list[int], most: int) -> Intervals:
    """The window along every axis of the input: what the neurons read, of some channels."""
    axes = scene.x
    assert axes is not None
    own = scene.rows_of_neuron(scene.neurons[0])
    first = own.at[0].tolist() if len(own) else [0] * len(axes.shape)
    box: list[Interval] = [(max(at, 0), max(at, 0) + 1) for at in first]
    for axis, interval in hull.items():
        box[axis] = interval
    named = axes.of("channel", "group")
    if named:
        chosen = channel_of(scene, own)
        inner = [axes.shape[axis] for axis in named]
        at = [int(index) for index in np.unravel_index(chosen, inner)]
        for axis, index in zip(named, at, strict=True):
            box[axis] = (index, index + 1)
        low, high = read[0] % inner[-1], read[-1] % inner[-1] + 1
        if len(named) == 1:
            start, end = covering([at[-1] - low, *([] if high - low > most else [high - low - 1])], most, high - low)
            box[named[-1]] = (low + start, low + end)
    return tuple(box)


# --- what stands in them ------------------------------------------------------------------------------------------


def _entries(scene: Scene, rows: Side, columns: Side) -> tuple[Entry, ...]:
    """Every entry of the box, by the taps of its neurons; those on padding have no column."""
    found: dict[tuple[int, int], list[tuple[Place, float | None, str | None]]] = {}
    lows = np.array([low for low, _ in columns.box])
    highs = np.array([high for _, high in columns.box])
    for row, neuron in enumerate(rows.places):
        taps = scene.rows_of_neuron(neuron)
        inside = taps.real & ((taps.at >= lows) & (taps.at < highs)).all(axis=1)
        for part in scene.parts(taps.take(inside)):
            column = columns.number(part.at)
            if column is not None and part.w is not None:
                found.setdefault((row, column), []).append((part.w, part.weight, part.identity(scene.level)))
    return tuple(
        Entry(
            *at,
            tuple(place for place, _, _ in weights),
            weights[0][1] if len(weights) == 1 else None,
            weights[0][2] if len({identity for _, _, identity in weights}) == 1 else None,
        )
        for at, weights in found.items()
    )
