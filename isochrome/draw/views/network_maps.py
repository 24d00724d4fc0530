"""Feature maps under the network: what a layer gives at each position for the chosen input, as small ink maps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from isochrome.draw.layout import paragraph
from isochrome.draw.picture import Ink, Label, Mark, Rect, keys
from isochrome.draw.scene import Scene
from isochrome.draw.views.network_cone import positions_of
from isochrome.draw.views.network_plan import Plan, Spot
from isochrome.draw.views.network_spine import seen_layer

__all__ = ["MAP", "Map", "feature_maps", "ink_of", "map_marks", "maps_of", "pixels_of", "sample_of"]

MAP, BETWEEN, ACROSS = 32.0, 4.0, 3
MOST_PIXELS = 96
PHOTOGRAPH = 16
"""Pixels a side from which on three channels are shown as red, green and blue."""


@dataclass(frozen=True, slots=True)
class Map:
    """What a stop gives for one filter, or the picture that the model reads: the numbers, and the name under them."""

    values: NDArray[np.generic]
    layer: int | None
    name: str


def feature_maps(scene: Scene, plan: Plan, y: float) -> list[Mark]:
    """Up to three filters' maps for each drawn layer that has rows and columns; none where the model does not run."""
    if scene.values is None:
        return []
    drawn: list[Mark] = []
    for spot in plan.spots:
        x = spot.x if spot.width else spot.x - MAP / 2
        for place, one in enumerate(maps_of(scene, spot, ACROSS)):
            drawn += map_marks(one, x + place * (MAP + BETWEEN), y, MAP)
    if not drawn:
        return []
    words = paragraph(0, y + 32, "ink = value, from least to greatest in each", 112, size=11.5)
    return [Label(0, y + 14, "feature maps", "group"), *words, *drawn]


def maps_of(scene: Scene, spot: Spot, most: int) -> list[Map]:
    """At most so many maps of one stop, from the chosen filter on; none of a stop without rows and columns."""
    if spot.stop.layer is None:
        return [] if spot.stop.join else _input(scene, spot)
    layer = scene.model.layers[spot.stop.layer]
    seen = seen_layer(scene, layer)
    if seen is None or len(seen.y.of("position")) != 2 or seen.line.inner:
        return []
    if all(seen.y.shape[axis] == 1 for axis in seen.y.of("position")):
        return []  # one value has no least and greatest: its map would be an empty box
    values = seen.y_values
    if values is None:
        return []
    first = scene.filter if layer is scene.layer else 0
    numbers = [number for number in range(first, first + most) if number < seen.filters] or [0]
    maps: list[Map] = []
    for number in numbers:
        at: list[slice | int] = [0] * len(seen.y.shape)
        for axis, value in zip(seen.y.of("filter", "group"), seen.filter_place(number), strict=True):
            at[axis] = value
        for axis in seen.y.of("position"):
            at[axis] = slice(None)
        maps.append(Map(values[tuple(at)], layer.number, str(number)))
    return maps


def _input(scene: Scene, spot: Spot) -> list[Map]:
    axes = positions_of(scene, spot.stop.tensor)
    values = sample_of(scene, spot.stop.tensor)
    if values is None or len(axes) != 2 or values.ndim > 3:
        return []
    return [Map(pixels_of(values, axes), None, "")]


def sample_of(scene: Scene, tensor: str) -> NDArray[np.generic] | None:
    """One sample of a tensor, without the batch axis."""
    values = None if scene.values is None else scene.values.tensor(tensor)
    batch = scene.model.tensors[tensor].batch_alone
    return values if values is None or batch is None else values.take(0, axis=batch)


def pixels_of(values: NDArray[np.generic], axes: tuple[int, ...]) -> NDArray[np.float64]:
    """An image as rows, columns and colours: three where the other axis has three, else the mean of its channels.

    A few numbers in three channels are no photograph: their colours would look like identities.
    """
    rest = [axis for axis in range(values.ndim) if axis not in axes]
    turned = np.transpose(values, (*axes, *rest)).astype(np.float64).reshape(
        values.shape[axes[0]], values.shape[axes[1]], -1
    )  # fmt: skip
    return turned if turned.shape[2] == 3 and min(turned.shape[:2]) >= PHOTOGRAPH else turned.mean(axis=2)


def map_marks(one: Map, x: float, y: float, side: float) -> list[Mark]:
    """A map as ink in a box of so many pixels a side, its filter's number under it."""
    marks: list[Mark] = [
        ink_of(np.asarray(one.values, np.float64), x, y, side, one.layer),
        Rect(x, y, side, side, "none", "line"),
    ]
    if one.name:
        marks.append(Label(x + side / 2, y + side + 13, one.name, "index", "middle"))
    return marks


def ink_of(
    values: NDArray[np.float64],
    x: float,
    y: float,
    side: float,
    layer: int | None = None,
    whole: NDArray[np.float64] | None = None,
) -> Ink:
    """A map as ink from its least to its greatest value; a picture in colour where it has three numbers a pixel.

    A part is shown as it looks in the ``whole``.
    """
    small = _smaller(np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0))
    every = small if whole is None else np.nan_to_num(whole, nan=0.0, posinf=0.0, neginf=0.0)
    low, high = float(every.min()), float(every.max())
    if small.ndim == 3 and 0 <= low and high <= 1:
        low, high = 0.0, 1.0
    bytes_ = np.rint(np.clip((small - low) / ((high - low) or 1), 0, 1) * 255).astype(np.uint8)
    tall, wide = small.shape[:2]
    width, height = (side, side * tall / wide) if wide >= tall else (side * wide / tall, side)
    box = (x + (side - width) / 2, y + (side - height) / 2, width, height)
    return Ink(*box, wide, tall, bytes_.tobytes(), colours=3 if small.ndim == 3 else 1,
               keys=keys(layer) if layer is not None else keys())  # fmt: skip


def _smaller(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """At most so many pixels a side: means over equal blocks, what is left over at the end dropped."""
    step = max(1, -(-max(values.shape[:2]) // MOST_PIXELS))
    if step == 1:
        return values
    tall, wide = values.shape[0] // step or 1, values.shape[1] // step or 1
    cut = values[: tall * step, : wide * step]
    blocks = cut.reshape(tall, cut.shape[0] // tall, wide, cut.shape[1] // wide, *values.shape[2:])
    found: NDArray[np.float64] = blocks.mean(axis=(1, 3))
    return found
