"""What each filter gives: for every channel a map of partial sums, of the neurons in a window."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from isochrome.core.relation import Place
from isochrome.draw.choice import channel_shown, kernel
from isochrome.draw.scene import Rows, Scene
from isochrome.draw.views.partial import axis_numbers, distinct, fixed
from isochrome.draw.views.windows import Intervals, block, in_plane, plane

__all__ = ["FilterMaps", "filter_maps"]

Map = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class FilterMaps:
    """One filter over a window of positions. ``kernels`` are its weights for each of ``channels``.

    ``maps`` hold, for each of ``channels``, the sum of that channel's products for every neuron in the window;
    ``rest`` the sum over all the other channels that the filter reads (``others`` of them; ``weights`` counts all of
    its weights). Both are None where the
    run gives no numbers. ``box`` is what the window's neurons read along the input's position axes, ``first`` what
    the first of them reads, ``box_of_i`` what the selected neuron reads, if it is one of them.
    """

    number: int
    place: Place
    rows: Rows
    channels: tuple[int, ...]
    kernels: tuple[tuple[Place, ...], ...]
    others: int
    weights: int
    maps: tuple[Map, ...] | None
    rest: Map | None
    bias: float | None
    has_bias: bool
    values: Map | None
    box: Intervals
    first: Intervals
    box_of_i: Intervals

    @property
    def reads(self) -> int:
        """How many input channels the filter reads."""
        return len(self.channels) + self.others

    def total(self, row: int, column: int) -> float | None:
        """The sum of everything that the filter adds for one neuron of the window."""
        if self.maps is None:
            return None
        parts = [*self.maps, *([self.rest] if self.rest is not None else [])]
        return float(sum(part[row, column] for part in parts)) + (self.bias or 0.0)


def filter_maps(scene: Scene, number: int, window: Intervals, most: int) -> FilterMaps:
    """What one filter gives: at most ``most`` of its channels one by one, the others as one sum."""
    place = scene.filter_place(number)
    rows = scene.rows_of_filter(number)
    read = sorted(set(rows.channel.tolist())) or [0]
    shown = _shown(scene, read, most)
    (top, end), (left, right) = plane(window)
    size = (end - top, right - left)
    maps = np.zeros((len(shown) + 1, *size))
    known, bias, has_bias = True, None, False
    boxes, neurons = list[Intervals](), list[Place]()
    for row in range(top, end):
        for column in range(left, right):
            neuron = scene.neuron_at(place, in_plane(window, row, column))
            taps = scene.rows_of_neuron(neuron)
            neurons.append(neuron)
            boxes.append(_box(scene, taps))
            found = scene.bias_of(neuron)
            if found is not None:
                has_bias, bias = True, found[1]
            known = known and taps.product is not None and (found is None or bias is not None)
            if taps.product is not None:
                maps[:, row - top, column - left] = _by_channel(taps, shown)
    others = len(read) - len(shown)
    axes = axis_numbers(scene, 0, scene.y.of("filter", "group"))
    return FilterMaps(
        number,
        place,
        rows,
        tuple(shown),
        tuple(kernel(scene, rows, channel) for channel in shown),
        others,
        distinct(fixed(scene.relation, {0: dict(zip(axes, place, strict=True))}), scene.line.weight_number),
        tuple(maps[:-1]) if known else None,
        maps[-1] if known and others else None,
        bias,
        has_bias,
        _values(scene, place, window),
        _hull(boxes),
        boxes[0],
        boxes[neurons.index(scene.neurons[0])] if scene.neurons[0] in neurons else (),
    )


def _shown(scene: Scene, read: list[int], most: int) -> list[int]:
    chosen = channel_shown(scene)
    at = read.index(chosen) if chosen in read else 0
    low, high = block(at, most, len(read))
    return read[low:high]


def _by_channel(rows: Rows, shown: list[int]) -> NDArray[np.float64]:
    """The products of one neuron summed by channel; those of all other channels last."""
    assert rows.product is not None
    slots = np.full(int(rows.channel.max(initial=0)) + 1, len(shown))
    for slot, channel in enumerate(shown):
        if channel < len(slots):
            slots[channel] = slot
    found = np.bincount(slots[rows.channel], weights=rows.product, minlength=len(shown) + 1)
    return np.asarray(found, np.float64)


def _values(scene: Scene, place: Place, window: Intervals) -> Map | None:
    found = scene.y_values
    if found is None:
        return None
    (top, end), (left, right) = plane(window)
    return np.array(
        [
            [float(found[scene.neuron_at(place, in_plane(window, row, column))]) for column in range(left, right)]
            for row in range(top, end)
        ]
    )


def _box(scene: Scene, rows: Rows) -> Intervals:
    axes = () if scene.x is None else scene.x.of("position")
    if not len(rows):
        return ()
    return tuple((int(rows.at[:, axis].min()), int(rows.at[:, axis].max()) + 1) for axis in axes)


def _hull(boxes: list[Intervals]) -> Intervals:
    some = [box for box in boxes if box]
    return tuple((min(low for low, _ in axis), max(high for _, high in axis)) for axis in zip(*some, strict=True))
