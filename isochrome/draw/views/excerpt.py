"""Which of a neuron's taps are drawn: some of the input channels that it reads, and a box amid their taps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray

from isochrome.core.relation import Place
from isochrome.draw.choice import central_box, kernel
from isochrome.draw.scene import Part, Rows, Scene
from isochrome.draw.views.windows import Intervals, block
from isochrome.draw.views.wording import joined, span

__all__ = ["Excerpt", "Reader", "excerpt", "filter_number", "partner", "reader", "readers_with_taps"]


@dataclass(frozen=True, slots=True)
class Excerpt:
    """The part of a filter that is drawn: ``channels`` of the ``reads`` that it reads, an interval of each tap axis.

    ``each`` counts a channel's weights, ``drawn`` those of them in the box.
    """

    channels: tuple[int, ...]
    reads: int
    box: Intervals
    each: int
    drawn: int

    @property
    def whole(self) -> bool:
        """Whether nothing is left out."""
        return len(self.channels) == self.reads and self.drawn == self.each

    def mask(self, scene: Scene, rows: Rows) -> NDArray[np.bool_]:
        """Which taps of a neuron of the filter are drawn."""
        found = np.isin(rows.channel, self.channels)
        for axis, (low, high) in zip(scene.w.of("tap"), self.box, strict=True):
            found &= (rows.w[:, axis] >= low) & (rows.w[:, axis] < high)
        return found

    def inside(self, scene: Scene, place: Place) -> bool:
        """Whether the box holds the tap of a weight."""
        axes = scene.w.of("tap")
        return all(low <= place[axis] < high for axis, (low, high) in zip(axes, self.box, strict=True))

    def words(self, scene: Scene) -> str:
        """What is drawn, '' where it is everything: "Channels 0 to 2 of 64, tap rows 2 to 8"."""
        parts = []
        if len(self.channels) < self.reads:
            low, high = self.channels[0], self.channels[-1] + 1
            one = len(self.channels) == 1
            parts.append(f"channel {low} of {self.reads:,}" if one else f"channels {span(low, high)} of {self.reads:,}")
        sizes = [scene.w.shape[axis] for axis in scene.w.of("tap")]
        names = _tap_words(len(sizes))
        cut = [
            f"{name}s {span(low, high)} of {size}" if high - low > 1 else f"{name} {low} of {size}"
            for name, (low, high), size in zip(names, self.box, sizes, strict=True)
            if high - low < size
        ]
        if cut:
            parts.append("the kernel’s " + joined(cut))
        text = "; ".join(parts)
        return text[:1].upper() + text[1:]


@dataclass(frozen=True, slots=True, eq=False)
class Reader:
    """One neuron, its filter, all its taps, and those that are drawn: by channel, then in the weights' order."""

    neuron: Place
    filter: int
    excerpt: Excerpt
    rows: Rows
    parts: tuple[Part, ...]
    channels: tuple[int, ...]

    @property
    def others(self) -> int:
        """How many taps are not drawn."""
        return len(self.rows) - len(self.parts)


def filter_number(scene: Scene, neuron: Place) -> int:
    """The number of a neuron's filter."""
    axes = scene.y.of("filter", "group")
    if not axes:
        return 0
    return int(np.ravel_multi_index(scene.filter_of(neuron), tuple(scene.y.shape[axis] for axis in axes)))


def partner(scene: Scene, neuron: Place) -> Place | None:
    """The neuron of the next filter at the same position: whom a neuron is drawn beside when it is alone."""
    if scene.filters < 2:
        return None
    n = filter_number(scene, neuron)
    position = tuple(neuron[axis] for axis in scene.y.of("position"))
    return scene.neuron_at(scene.filter_place(n + 1 if n + 1 < scene.filters else n - 1), position)


def excerpt(scene: Scene, number: int, most: int, around: int | None = None) -> Excerpt:
    """The part of a filter with at most ``most`` taps: whole channels around the chosen one, else a box of its taps."""
    rows = scene.rows_of_filter(number)
    read = sorted(set(rows.channel.tolist())) or [0]
    wanted = scene.channel if around is None else around
    chosen = wanted if wanted in read else read[0]
    sizes = tuple(scene.w.shape[axis] for axis in scene.w.of("tap"))
    each = len(kernel(scene, rows, chosen))
    beside = max(each // max(prod(sizes), 1), 1)
    uses = max(each, int((rows.channel == chosen).sum()))
    box = central_box(sizes, max(most // beside, 1)) if sizes else ()
    drawn = min(each, beside * prod(high - low for low, high in box))
    low, high = block(read.index(chosen), max(1, most // max(uses, 1)), len(read))
    return Excerpt(tuple(read[low:high]), len(read), box, each, drawn)


def reader(scene: Scene, neuron: Place, part: Excerpt, most: int) -> Reader:
    """A neuron with the taps that are drawn of it, ``most`` at most."""
    rows = scene.rows_of_neuron(neuron)
    shown = rows.take(part.mask(scene, rows))
    order = np.lexsort((np.arange(len(shown)), shown.channel))[:most]
    shown = shown.take(order)
    channels = tuple(shown.channel.tolist())
    return Reader(neuron, filter_number(scene, neuron), part, rows, scene.parts(shown), channels)


def _tap_words(count: int) -> tuple[str, ...]:
    return ("tap",)[:count] if count < 2 else (*["depth"] * (count - 2), "row", "column")


def readers_with_taps(scene: Scene, readers: Sequence[Reader], most: int = 49) -> tuple[Reader, ...]:
    """The neurons around whose taps the input is shown: where none of these has any, another one of the filter."""
    if any(one.parts for one in readers):
        return tuple(one for one in readers if one.parts)
    other, *_ = scene.rows_of_filter(readers[0].filter).y.tolist()
    return (reader(scene, tuple(other), readers[0].excerpt, most),)
