"""Inputs and filters by channel: planes of input cells around the blocks that neurons read, and the filter's slices.

A plane is one channel, and of a volume one depth; a neuron reads a block of it, which one slice of its filter meets.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from isochrome.core.formula import Affine, Index
from isochrome.core.relation import Place
from isochrome.core.sizes import affine_range
from isochrome.draw.choice import kernel, weight_name
from isochrome.draw.picture import Cell, Mark, Outline, State, TextToken, keys
from isochrome.draw.scene import Scene
from isochrome.draw.views.digits import Digits
from isochrome.draw.views.excerpt import Excerpt, Reader
from isochrome.draw.views.windows import Interval, amid
from isochrome.draw.views.wires import is_inside
from isochrome.model.places import batch_axis

__all__ = [
    "Lattice", "Plane", "Slice", "block_outlines", "ends_of", "in_rows", "input_values", "place_in", "places_in",
    "plane_cells", "planes", "slice_cells", "slices",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Lattice:
    """Where cells stand: the corner of the first one, and the size of each."""

    x: float
    y: float
    width: float
    height: float

    def cell(self, row: int, column: int) -> tuple[float, float, float, float]:
        """The box of a cell."""
        return self.x + column * self.width, self.y + row * self.height, self.width, self.height

    def size(self, style: Digits | None) -> float:
        """The size of type in its cells, 0 for none."""
        return 0.0 if style is None else style.size(self.width, self.height)


@dataclass(frozen=True, slots=True)
class Plane:
    """A window of one channel's inputs; ``lead`` is where it lies along the position axes before rows and columns."""

    channel: int
    head: Place
    lead: Place
    rows: Interval
    columns: Interval

    @property
    def height(self) -> int:
        """How many rows it shows."""
        return self.rows[1] - self.rows[0]

    @property
    def width(self) -> int:
        """How many columns it shows."""
        return self.columns[1] - self.columns[0]


@dataclass(frozen=True, slots=True)
class Slice:
    """The weights of one filter that meet one plane, as rows of stored places; None where there is no such weight."""

    filter: int
    channel: int
    rows: tuple[tuple[Place | None, ...], ...]

    @property
    def width(self) -> int:
        """How many columns it has."""
        return max((len(line) for line in self.rows), default=0)


def planes(scene: Scene, readers: Sequence[Reader], rooms: tuple[int, int]) -> tuple[Plane, ...]:
    """The planes of the drawn channels, ``rooms`` rows and columns each at most, around the blocks of the readers.

    Where two blocks lie too far apart for one window, it shows the first reader's, whole.
    """
    axes = () if scene.x is None else scene.x.of("position")
    seen = [(part.at, channel) for one in readers for part, channel in zip(one.parts, one.channels, strict=True)]
    first = [part.at for part in readers[0].parts]
    windows: list[Interval] = [(0, 1), (0, 1)]
    for place, axis in enumerate(axes[-2:], 2 - len(axes[-2:])):
        room = rooms[place]
        wanted = _span(at[axis] for at, _ in seen)
        if wanted[1] - wanted[0] > room:
            wanted = _span(at[axis] for at in first)
        windows[place] = _grown(wanted, max(room, wanted[1] - wanted[0]), reach(scene, axis))
    heads: dict[tuple[int, Place], Place] = {}
    for at, channel in seen:
        heads.setdefault((channel, tuple(at[axis] for axis in axes[:-2])), at)
    return tuple(Plane(channel, heads[channel, lead], lead, windows[0], windows[1]) for channel, lead in sorted(heads))


def _span(values: Iterable[int]) -> Interval:
    found = list(values) or [0]
    return min(found), max(found) + 1


def _grown(wanted: Interval, room: int, whole: Interval) -> Interval:
    low, high = whole
    start, end = amid((wanted[0] + wanted[1]) // 2 - low, room, high - low)
    start, end = start + low, end + low
    shift = min(wanted[0] - start, 0) or max(wanted[1] - end, 0)
    return start + shift, end + shift


def index_of(scene: Scene, axis: int) -> Index:
    """The index by which the formula reads an axis of the input."""
    assert scene.line.input_number is not None
    access = scene.line.formula.accesses[scene.line.input_number]
    batch = batch_axis(scene.line, access)
    return access.indices[axis if batch is None or axis < batch else axis + 1]


def reach(scene: Scene, axis: int) -> Interval:
    """From where to where an axis of the input is read or there, padding included."""
    assert scene.x is not None
    index, size = index_of(scene, axis), scene.x.shape[axis]
    if not isinstance(index, Affine):
        return 0, size
    low, high = affine_range(index, scene.relation.sizes)
    return min(low, 0), max(high + 1, size)


def place_in(scene: Scene, plane: Plane, row: int, column: int) -> Place:
    """The place of an input in a plane."""
    place = list(plane.head)
    axes = () if scene.x is None else scene.x.of("position")
    for axis, value in zip(axes[-2:], (row, column)[-len(axes[-2:]) :] if axes else (), strict=True):
        place[axis] = value
    return tuple(place)


def places_in(scene: Scene, plane: Plane) -> Iterator[tuple[int, int, Place]]:
    """Every input of a plane with its row and column in the drawing."""
    for row, column in product(range(*plane.rows), range(*plane.columns)):
        yield row - plane.rows[0], column - plane.columns[0], place_in(scene, plane, row, column)


def input_values(scene: Scene, shown: Sequence[Plane]) -> list[float]:
    """The numbers in some planes."""
    values = scene.x_values
    if values is None:
        return []
    places = (place for plane in shown for _, _, place in places_in(scene, plane))
    return [float(values[place]) for place in places if is_inside(scene, place)]


def plane_cells(
    scene: Scene, plane: Plane, read: frozenset[Place], at: Lattice, style: Digits | None
) -> tuple[Mark, ...]:
    """The cells of a plane: those that are read in ink, the others quiet, padding hatched."""
    assert scene.x is not None
    size = at.size(style)
    marks: list[Mark] = []
    for row, column, place in places_in(scene, plane):
        box = at.cell(row, column)
        if not is_inside(scene, place):
            marks.append(Cell(*box, "0" if size else "", padding=True, size=size))
            continue
        value = None if scene.x_values is None else float(scene.x_values[place])
        ink: TextToken = "ink3" if value == 0 else "ink" if place in read else "ink2"
        text = style.text(value) if style is not None and size else ""
        found = keys(scene.layer.number, x=place)
        marks.append(Cell(*box, text, scene.input_identity(place), ink=ink, size=size, keys=found))
    return tuple(marks)


def block_outlines(scene: Scene, plane: Plane, one: Reader, state: State, at: Lattice) -> tuple[Outline, ...]:
    """The outline of the block that a neuron reads in a plane, as far as the window shows it.

    A block is one box, holes of a dilation included; where an index folds back, each piece has its own.
    """
    axes = () if scene.x is None else scene.x.of("position")
    read = [part.at for part, channel in zip(one.parts, one.channels, strict=True) if channel == plane.channel]
    read = [place for place in read if tuple(place[axis] for axis in axes[:-2]) == plane.lead]
    if not read:
        return ()
    spans: list[tuple[Interval, ...]] = [((0, 1),), ((0, 1),)]
    for number, axis in enumerate(axes[-2:], 2 - len(axes[-2:])):
        window = (plane.rows, plane.columns)[number]
        pieces = _pieces(sorted({place[axis] for place in read}), isinstance(index_of(scene, axis), Affine))
        shown = ((max(low, window[0]), min(high, window[1])) for low, high in pieces)
        spans[number] = tuple((low - window[0], high - window[0]) for low, high in shown if low < high)
    found = []
    for (top, bottom), (left, right) in product(*spans):
        x, y, width, height = at.cell(top, left)
        box = (x, y, (right - left) * width, (bottom - top) * height)
        found.append(Outline(state, *box, keys=keys(scene.layer.number, y=one.neuron)))
    return tuple(found)


def _pieces(values: Sequence[int], whole: bool) -> tuple[Interval, ...]:
    """Numbers as intervals: one around them all, or one around each run."""
    if whole:
        return ((values[0], values[-1] + 1),)
    found: list[Interval] = []
    for value in values:
        if found and found[-1][1] == value:
            found[-1] = (found[-1][0], value + 1)
        else:
            found.append((value, value + 1))
    return tuple(found)


def slices(scene: Scene, number: int, part: Excerpt) -> tuple[Slice, ...]:
    """The slices of a filter for the drawn channels, in the order of the planes that they meet."""
    rows = scene.rows_of_filter(number)
    axes = scene.w.of("tap")
    found = []
    for channel in part.channels:
        here = [place for place in kernel(scene, rows, channel) if part.inside(scene, place)]
        if not axes:
            found.append(Slice(number, channel, (tuple(here),)))
            continue
        leads = sorted({tuple(place[axis] for axis in axes[:-2]) for place in here})
        for lead in leads:
            own = [place for place in here if tuple(place[axis] for axis in axes[:-2]) == lead]
            lines: dict[int, list[Place | None]] = {}
            for place in own:
                lines.setdefault(place[axes[-2]] if len(axes) > 1 else 0, []).append(place)
            found.append(Slice(number, channel, tuple(tuple(lines[line]) for line in sorted(lines))))
    return tuple(found)


def in_rows(
    some: Sequence[Slice], x: float, top: float, wide: float, high: float, room: float
) -> tuple[Lattice, ...]:
    """Where slices stand that go beside one another as far as there is room."""
    found, left, y = list[Lattice](), x, top
    for one in some:
        if left > x and left + one.width * wide > x + room:
            left, y = x, ends_of(some, found)[1] + 12
        found.append(Lattice(left, y, wide, high))
        left += one.width * wide + 12
    return tuple(found)


def ends_of(some: Sequence[Slice], lattices: Sequence[Lattice]) -> tuple[float, float]:
    """The right and the lower end of slices."""
    right = max(at.x + one.width * at.width for one, at in zip(some, lattices, strict=False))
    return right, max(at.y + len(one.rows) * at.height for one, at in zip(some, lattices, strict=False))


def slice_cells(
    scene: Scene, one: Slice, at: Lattice, style: Digits | None, ink: TextToken = "ink"
) -> tuple[Mark, ...]:
    """The cells of a filter's slice, each with its weight."""
    size, values = at.size(style), scene.w_values
    marks: list[Mark] = []
    for row, line in enumerate(one.rows):
        for column, place in enumerate(line):
            if place is None:
                continue
            text = style.text(float(values[place])) if style is not None and size and values is not None else ""
            name = weight_name(scene, place, one.filter, one.channel)
            found = keys(scene.layer.number, w=place, parameter=scene.line.parameter)
            marks.append(Cell(*at.cell(row, column), text, name, ink=ink, size=size, keys=found))
    return tuple(marks)
