"""Whether a figure can be read, checked on what is really drawn: text in the frame, free of other text, in contrast."""

from __future__ import annotations

from typing import TypeGuard

from isochrome.draw.identity import contrast
from isochrome.draw.layout import text_width
from isochrome.draw.picture import Picture
from isochrome.render.outlines import corners
from isochrome.render.shapes import Path, Shape, Words, shapes
from isochrome.render.theme import THEMES

Box = tuple[float, float, float, float]


def check_legible(figure: Picture, theme: str = "light") -> None:
    """Every text lies inside the figure, on no other text, across no cell's border, at a contrast of 4.5 or more."""
    drawn = shapes(figure, theme)
    words = [(number, shape, _box(shape)) for number, shape in enumerate(drawn) if isinstance(shape, Words)]
    filled = [(number, shape, _around(shape)) for number, shape in enumerate(drawn) if _is_filled(shape)]
    for place, (number, shape, box) in enumerate(words):
        inside = box[0] > -0.5 and box[1] > -0.5 and box[2] < figure.width + 0.5 and box[3] < figure.height + 0.5
        assert inside, f"{shape.text!r} leaves the figure: {box}"
        for _, other, second in words[place + 1 :]:
            assert not _meet(box, second), f"{shape.text!r} meets {other.text!r}"
        ground = THEMES[theme]["paper"]
        for below, path, around in filled:
            if not _meet(box, around):
                continue
            if below < number and _holds(around, ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2) * 2, 0):
                ground = path.paint.fill
            cell = path.paint.stroke and len(path.outline) in (5, 10)
            assert not cell or _holds(around, box, 1.5), f"{shape.text!r} crosses the border of a cell: {box}, {around}"
        assert contrast(shape.colour, ground) >= 4.5, f"{shape.text!r}: {shape.colour} on {ground} in {theme}"


def _is_filled(shape: Shape) -> TypeGuard[Path]:
    return isinstance(shape, Path) and bool(shape.paint.fill)


def _around(shape: Path) -> Box:
    xs, ys = zip(*corners(shape.outline), strict=True)
    return min(xs), min(ys), max(xs), max(ys)


def _holds(outer: Box, inner: Box, slack: float) -> bool:
    low = all(outer[at] - slack <= inner[at] for at in (0, 1))
    return low and all(inner[at] <= outer[at] + slack for at in (2, 3))


def _box(shape: Words) -> Box:
    wide = text_width(shape.text, shape.size, shape.bold, shape.mono)
    before = {"start": 0, "middle": wide / 2, "end": wide}[shape.anchor]
    if shape.turn:
        return shape.x - 0.72 * shape.size, shape.y - wide + before, shape.x + 0.2 * shape.size, shape.y + before
    return shape.x - before, shape.y - 0.72 * shape.size, shape.x + wide - before, shape.y + 0.2 * shape.size


def _meet(one: Box, other: Box) -> bool:
    return all(min(one[2 + at], other[2 + at]) - max(one[at], other[at]) > 0.5 for at in (0, 1))
