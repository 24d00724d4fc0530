"""A picture with what is selected lit: outlines on top of all, and its edges wider. One pass for every view."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from isochrome.draw.picture import NOTHING, Area, Cell, Dot, Edge, Group, Hit, Keys, Mark, Picture, Rect, Rings, Sheet
from isochrome.draw.rings import Box, outlined
from isochrome.draw.scene import Scene
from isochrome.draw.selection import belongs

__all__ = ["lit"]

MOST = 1000
"""Past so many, outlines say nothing: an outline on everything is none."""

Outlined = Cell | Sheet | Rect | Area | Dot | Hit
_OUTLINED = (Cell, Sheet, Rect, Area, Dot, Hit)


def lit(picture: Picture, scene: Scene) -> Picture:
    """The same picture with every mark lit that belongs to the scene's selection, or to its weight where there is none.

    A mark belongs by its keys, or by an identity that is coloured.
    """
    within = belongs(scene)
    if within is None:
        return picture
    name = "" if scene.selected is None else str(scene.selected)

    def mine(mark: Mark) -> bool:
        keys: Keys = getattr(mark, "keys", NOTHING)
        own = getattr(mark, "identity", None)
        return (keys is not NOTHING and within(keys)) or (own == name and picture.colouring.colour(own) is not None)

    marks = _pointed(picture.marks, mine)
    rings = _rings(list(_outlined(picture.marks, mine, 0, 0)))
    return replace(picture, marks=(*marks, *rings))


def _pointed(marks: tuple[Mark, ...], mine: Callable[[Mark], bool]) -> tuple[Mark, ...]:
    """The marks with the edges that are lit wider, and above the edges beside them."""
    found: list[Mark] = []
    above: list[Mark] = []
    for mark in marks:
        if isinstance(mark, Edge) and mine(mark):
            above.append(replace(mark, pointed=True))
            continue
        if above and not isinstance(mark, Edge):
            found, above = [*found, *above], []
        found.append(replace(mark, marks=_pointed(mark.marks, mine)) if isinstance(mark, Group) else mark)
    return (*found, *above)


def _outlined(
    marks: tuple[Mark, ...], mine: Callable[[Mark], bool], x: float, y: float
) -> Iterator[tuple[Outlined, float, float]]:
    """The marks that are lit and have an outline, and how far each is moved."""
    for mark in marks:
        if isinstance(mark, Group):
            yield from _outlined(mark.marks, mine, x + mark.x, y + mark.y)
        elif isinstance(mark, _OUTLINED) and mine(mark):
            yield mark, x, y


def _rings(found: list[tuple[Outlined, float, float]]) -> tuple[Rings, ...]:
    if not 0 < len(found) <= MOST:
        return ()
    boxes: list[Box] = []
    sheets: list[tuple[tuple[float, float], ...]] = []
    dots: list[tuple[float, float, float]] = []
    for mark, x, y in found:
        match mark:
            case Sheet() | Area():
                sheets.append(tuple((x + across, y + down) for across, down in mark.corners))
            case Dot():
                dots.append((x + mark.x, y + mark.y, mark.radius))
            case Cell() | Rect() | Hit():
                boxes.append(_box(x + mark.x, y + mark.y, mark.width, mark.height, 0.5 * isinstance(mark, Cell)))
    return (Rings(tuple(outlined(boxes)), tuple(sheets), tuple(dots)),)


def _box(x: float, y: float, width: float, height: float, inset: float) -> Box:
    return Box(x + inset, y + inset, x + width - inset, y + height - inset)
