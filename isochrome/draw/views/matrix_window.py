"""Which rows and columns of the dense matrix are drawn one by one, and what stands in them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product
from math import prod

import numpy as np
from numpy.typing import NDArray

from isochrome.core.component import Numbers
from isochrome.core.relation import Place
from isochrome.draw.scene import Axes, Rows, Scene
from isochrome.draw.views.kernels import channel_of
from isochrome.draw.views.windows import Interval, Intervals, amid, block, covering, position_window
from isochrome.model.kept import cached_property

__all__ = ["ENTRY", "GAP", "Entry", "Side", "Window", "window"]

ENTRY = 15.0
GAP = 8.0
_ROWS, _COLUMNS, _ENTRIES = 24, 80, 600
_SOME_ROWS, _SOME_COLUMNS, _SOME_ENTRIES = 18, 54, 420
_TRIES = ((6, 5), (6, 3), (4, 5), (4, 3), (8, 1), (6, 1), (4, 1), (3, 1), (2, 1), (1, 1))
"""How many neurons of an image row, and how many image rows of the input: the first that fits is taken."""


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
        return Window(rows, columns, _entries(scene, rows, columns, _Reader(scene)))
    reader = _Reader(scene)
    rows, columns = _some(scene, reader)
    rows, columns = _fewer(rows, columns, reader)
    return Window(rows, columns, _entries(scene, rows, columns, reader))


def _fewer(rows: Side, columns: Side, reader: _Reader) -> tuple[Side, Side]:
    """The window with fewer channels, then fewer filters, until it has few enough entries."""
    for side, roles in ((columns, ("channel", "group")), (rows, ("filter", "group"))):
        axis = next((axis for axis, role in enumerate(side.axes.roles) if role in roles), None)
        many = sum(reader.inside(place, columns.box).sum() for place in rows.places)
        if axis is None or many <= _SOME_ENTRIES:
            continue
        low, high = side.box[axis]
        kept = max(1, (high - low) * _SOME_ENTRIES // int(many))
        start = low if side is columns else max(low, min(reader.here[axis], high - kept))
        smaller = replace(side, box=(*side.box[:axis], (start, start + kept), *side.box[axis + 1 :]))
        rows, columns = (rows, smaller) if side is columns else (smaller, columns)
    return rows, columns


# --- which rows and columns ---------------------------------------------------------------------------------------


class _Reader:
    """The taps of neurons, each neuron's read once."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.here = scene.neurons[0]
        self.known: dict[Place, Rows] = {}

    def rows(self, place: Place) -> Rows:
        """The taps of a neuron on real input."""
        if place not in self.known:
            found = self.scene.rows_of_neuron(place)
            self.known[place] = found.take(found.real)
        return self.known[place]

    def inside(self, place: Place, box: Intervals) -> NDArray[np.bool_]:
        """Which of a neuron's real taps read an input of a box."""
        at, (lows, highs) = self.rows(place).at, np.array(box).T
        return np.asarray(((at >= lows) & (at < highs)).all(axis=1))

    def read(self, box: Intervals) -> tuple[Numbers, Numbers]:
        """What the neurons of a box read, by its first and its last filter: real places, and their channels."""
        axes = self.scene.y.of("filter", "group")
        ends = [sorted({low, high - 1}) if axis in axes else range(low, high) for axis, (low, high) in enumerate(box)]
        found = [self.rows(place) for place in product(*ends)]
        return np.concatenate([rows.at for rows in found]), np.concatenate([rows.channel for rows in found])


def _some(scene: Scene, reader: _Reader) -> tuple[Side, Side]:
    """As many neurons of one image row as have their inputs drawn too, of several filters where there is room."""
    assert scene.x is not None
    for along, lines in _TRIES:
        where = dict(zip(scene.y.of("position"), position_window(scene, (1, along)), strict=True))
        hull = _region(scene, reader, _box(scene, where, 1), lines)
        across = prod(high - low for low, high in hull.values())
        if across <= _SOME_COLUMNS:
            break
    else:
        last = scene.x.of("position")[-1]
        hull[last] = _middle(reader, last, hull[last], _SOME_COLUMNS)
        across = prod(high - low for low, high in hull.values())
    places = prod(high - low for low, high in where.values())
    box = _box(scene, where, max(1, _SOME_ROWS // max(places, 1)))
    read = sorted(set(reader.read(box)[1].tolist())) or [0]
    channels = max(1, int((_SOME_COLUMNS * ENTRY + GAP) // (across * ENTRY + GAP)))
    return Side(scene.y, box), Side(scene.x, _input_box(scene, reader, hull, read, channels))


def _region(scene: Scene, reader: _Reader, box: Intervals, lines: int) -> dict[int, Interval]:
    """What the neurons of a box read along each position axis of the input, with so many image rows at most."""
    positions = scene.x.of("position") if scene.x else ()
    at, _ = reader.read(box)
    hull = {axis: _hull(at, axis) for axis in positions}
    for number, axis in enumerate(reversed(positions[:-1])):
        hull[axis] = _middle(reader, axis, hull[axis], lines if number == 0 else 1)
    return hull


def _box(scene: Scene, where: dict[int, Interval], filters: int) -> Intervals:
    """The window along every axis of the output, with some filters around i's."""
    here = scene.neurons[0]
    box = [(at, at + 1) for at in here]
    for axis, interval in where.items():
        box[axis] = interval
    for axis in scene.y.of("filter", "group")[-1:]:
        box[axis] = block(here[axis], filters, scene.y.shape[axis])
    return tuple(box)


def _hull(at: Numbers, axis: int) -> Interval:
    values = at[:, axis]
    return (int(values.min()), int(values.max()) + 1) if len(values) else (0, 1)


def _middle(reader: _Reader, axis: int, hull: Interval, most: int) -> Interval:
    """The part of an interval around what i reads along an axis."""
    low, high = hull
    values = reader.rows(reader.here).at[:, axis]
    middle = int(np.median(values)) if len(values) else low
    start, end = amid(min(max(middle - low, 0), high - low - 1), most, high - low)
    return low + start, low + end


def _input_box(
    scene: Scene, reader: _Reader, hull: dict[int, Interval], read: list[int], most: int
) -> Intervals:
    """The window along every axis of the input: what the neurons read, of some channels."""
    axes = scene.x
    assert axes is not None
    own = reader.rows(reader.here)
    first = own.at[0].tolist() if len(own) else [0] * len(axes.shape)
    box: list[Interval] = [(at, at + 1) for at in first]
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


def _entries(scene: Scene, rows: Side, columns: Side, reader: _Reader) -> tuple[Entry, ...]:
    """Every entry of the box, by the taps of its neurons; those on padding have no column."""
    found: dict[tuple[int, int], list[tuple[Place, float | None, str | None]]] = {}
    for row, neuron in enumerate(rows.places):
        taps = reader.rows(neuron).take(reader.inside(neuron, columns.box))
        for part in scene.parts(taps):
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
