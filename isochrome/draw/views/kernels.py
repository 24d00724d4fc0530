"""A filter's weights for one input channel, laid out by their taps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from isochrome.core.relation import Place
from isochrome.draw.choice import channel_shown, kernel
from isochrome.draw.layout import place_text
from isochrome.draw.scene import Rows, Scene
from isochrome.draw.views.windows import Intervals, plane
from isochrome.draw.views.wording import sized

__all__ = ["KernelCell", "channel_of", "kernel_cells", "named_taps", "tap_window"]


@dataclass(frozen=True, slots=True)
class KernelCell:
    """One weight of a kernel: its place, its row and column in the drawing, its identity at the scene's level."""

    place: Place
    row: int
    column: int
    identity: str | None


def tap_window(scene: Scene, most: int) -> Intervals:
    """The middle of the kernel: ``most`` of its rows and of its columns, one along the axes before them."""
    sizes = [scene.w.shape[axis] for axis in scene.w.of("tap")]
    rooms = [min(most if number >= len(sizes) - 2 else 1, size) for number, size in enumerate(sizes)]
    return tuple(((size - room) // 2, (size - room) // 2 + room) for size, room in zip(sizes, rooms, strict=True))


def named_taps(scene: Scene, window: Intervals) -> str:
    """What a part of the kernel is called, '' where it is the whole: "taps 2,2 to 8,8 of 11×11"."""
    sizes = [scene.w.shape[axis] for axis in scene.w.of("tap")]
    if all(high - low == size for (low, high), size in zip(window, sizes, strict=True)):
        return ""
    first, last = place_text(low for low, _ in window), place_text(high - 1 for _, high in window)
    return f"taps {first} to {last} of {sized(sizes)}"


def channel_of(scene: Scene, rows: Rows) -> int:
    """The input channel to show of a filter: the chosen one, if the filter reads it, else the first that it reads."""
    chosen = channel_shown(scene)
    return chosen if not len(rows) or (rows.channel == chosen).any() else int(rows.channel.min())


def kernel_cells(scene: Scene, rows: Rows, channel: int, window: Intervals) -> tuple[KernelCell, ...]:
    """The weights that a filter has for one channel at the taps of a window; ``rows`` are one of its neurons' taps."""
    axes = scene.w.of("tap")
    (top, _), (left, _) = plane(window)
    found: dict[Place, tuple[int, int]] = {}
    for place in kernel(scene, rows, channel):
        taps = tuple(place[axis] for axis in axes)
        if all(low <= tap < high for tap, (low, high) in zip(taps, window, strict=True)):
            found[place] = (taps[-2] - top if len(taps) > 1 else 0, taps[-1] - left if taps else 0)
    names = _identities(scene, rows.take(rows.channel == channel), set(found))
    return tuple(KernelCell(place, *at, names[place]) for place, at in found.items())


def _identities(scene: Scene, rows: Rows, places: set[Place]) -> dict[Place, str | None]:
    at = {place: row for row, place in enumerate(map(tuple, rows.w.tolist())) if place in places}
    found = {part.w: part.identity(scene.level) for part in scene.parts(rows.take(np.array(list(at.values()), int)))}
    return {place: found[place] if place in found else scene.weight_identity(place) for place in places}
