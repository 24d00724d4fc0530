"""What a bank shows of a layer: which filters, channels, positions and taps, and the size of each kind of cell."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from isochrome.core.relation import Place
from isochrome.draw.scene import Scene
from isochrome.draw.views.kernels import tap_window
from isochrome.draw.views.maps import FilterMaps, filter_maps
from isochrome.draw.views.rounding import Rounding, rounding
from isochrome.draw.views.windows import Interval, Intervals, block, in_plane, plane, position_window

__all__ = ["Bank", "Size", "hull", "plan", "read_at", "spots"]

_FILTERS = 2
_POSITIONS = (3, 3)
_READ = 9
_REGION = 11
_TAPS = 7


@dataclass(frozen=True, slots=True)
class Size:
    """One kind of cell: its box, and how its number is printed (None: there is no room for numbers)."""

    width: float
    height: float
    number: Rounding | None

    def text(self, value: float | np.generic | None) -> str:
        return "" if self.number is None or value is None else self.number.text(value)

    @property
    def font(self) -> float:
        return 0 if self.number is None else self.number.size(self.width, self.height)


def _size(values: list[float], columns: int, height: float, room: float, blank: float) -> Size:
    """Cells with numbers where these fit into ``room``, else squares that fit into ``blank``."""
    if values:
        number = rounding([values]).within(values, max(height, room / columns))
        width = number.width(height)
        if columns * width <= room:
            return Size(width, height, number)
    side = max(8.0, min(height, blank // columns))
    return Size(side, side, None)


@dataclass(frozen=True, slots=True, eq=False)
class Bank:
    """All that the picture shows, and the size of each kind of cell."""

    scene: Scene
    window: Intervals
    filters: tuple[FilterMaps, ...]
    channels: tuple[int, ...]
    region: Intervals
    taps: Intervals
    read: Size
    tap: Size
    sums: Size
    values: Size


def plan(scene: Scene, most: int) -> Bank:
    """What the bank of a scene shows, with at most ``most`` channels of each filter one by one."""
    window = position_window(scene, _POSITIONS)
    low, high = block(scene.filter, _FILTERS, scene.filters)
    filters = tuple(filter_maps(scene, number, window, most) for number in range(low, high))
    channels = tuple(sorted({channel for one in filters for channel in one.channels}))
    region = _region(scene, filters)
    taps = tap_window(scene, _TAPS)
    sums = [one.values for one in filters]
    parts = [part for one in filters for part in (*(one.maps or ()), one.rest, one.bias) if part is not None]
    number = rounding([*sums, *parts])
    return Bank(
        scene,
        window,
        filters,
        channels,
        region,
        taps,
        _input_size(scene, channels, region),
        _tap_size(scene, filters, taps),
        Size(number.width(30), 30, number),
        Size(number.width(36), 36, number),
    )


def _region(scene: Scene, filters: tuple[FilterMaps, ...]) -> Intervals:
    """What is drawn of the input: all that the window reads, else all that its first neuron reads, else the middle."""
    read = hull([one.box for one in filters])
    if max((high - low for low, high in read[-2:]), default=0) > _READ:
        read = hull([one.first for one in filters])
    found: list[Interval] = []
    for number, (low, high) in enumerate(read):
        room = _REGION if number >= len(read) - 2 else 1
        start = low + max(high - low - room, 0) // 2
        found.append((start, min(start + room, high)))
    return tuple(found)


def hull(boxes: list[Intervals]) -> Intervals:
    """The smallest box around some."""
    some = [box for box in boxes if box]
    return tuple((min(low for low, _ in axis), max(high for _, high in axis)) for axis in zip(*some, strict=True))


def _input_size(scene: Scene, channels: tuple[int, ...], region: Intervals) -> Size:
    _, (left, right) = plane(region)
    read = (read_at(scene, channel, row, column, region)[1] for channel in channels for row, column in spots(region))
    return _size([value for value in read if value is not None], right - left, 20, 256, 154)


def _tap_size(scene: Scene, filters: tuple[FilterMaps, ...], taps: Intervals) -> Size:
    _, (left, right) = plane(taps)
    values = scene.w_values
    some = [] if values is None else [float(values[place]) for one in filters for places in one.kernels
                                      for place in places]  # fmt: skip
    return _size(some, right - left, 21, 132, 92)


def spots(intervals: Intervals) -> list[tuple[int, int]]:
    """Every row and column of a window, row by row."""
    (top, end), (left, right) = plane(intervals)
    return [(row, column) for row in range(top, end) for column in range(left, right)]


def read_at(scene: Scene, channel: int, row: int, column: int, region: Intervals) -> tuple[Place | None, float | None]:
    """The input of a channel at a row and a column; None where that lies outside."""
    axes = scene.x
    assert axes is not None
    place = [0] * len(axes.shape)
    sizes = [axes.shape[axis] for axis in axes.of("channel", "group")]
    for axis, size in zip(reversed(axes.of("channel", "group")), reversed(sizes), strict=True):
        channel, place[axis] = divmod(channel, size)
    for axis, value in zip(axes.of("position"), in_plane(region, row, column), strict=True):
        place[axis] = value
    if any(not 0 <= at < size for at, size in zip(place, axes.shape, strict=True)):
        return None, None
    values = scene.x_values
    return tuple(place), None if values is None else float(values[tuple(place)])
