"""Where an identity is read at each level: off the place of one tensor, along some of its axes."""

from __future__ import annotations

from typing import Literal

from isochrome.draw.scene import Axes, Scene

__all__ = ["Letter", "levels_of", "sizes_at"]

Letter = Literal["y", "x", "w"]


def levels_of(scene: Scene) -> dict[str, tuple[Letter, tuple[int, ...]]]:
    """For each level that the scene's line has: the tensor, and the axes of its place that are the identity.

    A parameter is one identity for all places. Axes are counted without the batch.
    """
    if scene.line.is_bias:
        return {"parameter": ("w", ())}
    found: dict[str, tuple[Letter, tuple[int, ...]]] = {
        "weight": ("w", tuple(range(len(scene.w.shape)))),
        "tap": ("w", scene.w.of("tap")),
        "filter": ("y", scene.y.of("filter", "group") if scene.has_own_filter else ()),
        "channel": ("x", () if scene.x is None else scene.x.of("channel", "group")),
    }
    return {**{level: read for level, read in found.items() if read[1]}, "parameter": ("w", ())}


def sizes_at(scene: Scene, level: str) -> tuple[int, ...] | None:
    """How many identities there are along each axis of a level; None where the line has none there."""
    letter, axes = levels_of(scene).get(level, ("w", None))
    tensor: Axes | None = {"y": scene.y, "x": scene.x, "w": scene.w}[letter]
    return None if axes is None or tensor is None else tuple(tensor.shape[axis] for axis in axes)
