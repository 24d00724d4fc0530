"""Where the text of a picture stands: used to prove that it lies inside the picture and that nothing overlaps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from isochrome.draw.layout import number_size, text_width
from isochrome.draw.picture import Cell, Group, Label, Mark, Picture
from isochrome.render.svg import ROLES


@dataclass(frozen=True)
class Box:
    """The box of a text."""

    left: float
    top: float
    right: float
    bottom: float
    text: str

    def overlaps(self, other: Box, slack: float = 1.0) -> bool:
        wide = min(self.right, other.right) - max(self.left, other.left)
        high = min(self.bottom, other.bottom) - max(self.top, other.top)
        return wide > slack and high > slack


def texts(marks: Iterable[Mark], x: float = 0, y: float = 0) -> Iterator[Box]:
    """The boxes of every text among some marks."""
    for mark in marks:
        match mark:
            case Group():
                yield from texts(mark.marks, x + mark.x, y + mark.y)
            case Label():
                yield _label(mark, x, y)
            case Cell():
                yield from _cell(mark, x, y)
            case _:
                pass


def _label(mark: Label, x: float, y: float) -> Box:
    usual, bold, mono, _ = ROLES[mark.role]
    size = mark.size or usual
    width = text_width(mark.text, size, bold if mark.bold is None else mark.bold, mono if mark.mono is None else mark.mono)
    before = {"start": 0.0, "middle": width / 2, "end": width}[mark.anchor]
    if mark.turn:
        assert (mark.turn, mark.anchor) == (-90, "middle")
        return Box(x + mark.x - 0.75 * size, y + mark.y - width / 2, x + mark.x, y + mark.y + width / 2, mark.text)
    left = x + mark.x - before
    return Box(left, y + mark.y - 0.75 * size, left + width, y + mark.y, mark.text)


def _cell(mark: Cell, x: float, y: float) -> Iterator[Box]:
    inside = text_width(mark.index, 10.5, mono=True) + 14 if mark.index and mark.index_at == "inside" else 0.0
    size = mark.size or number_size(mark.width - inside, mark.height, mark.text)
    middle, baseline = x + mark.x + mark.width / 2, y + mark.y + mark.height / 2 + 0.36 * size
    if size and mark.text:
        width = text_width(mark.text, size, mark.bold, mono=True)
        left = x + mark.x + mark.width - 6 - width if inside else middle - width / 2
        yield Box(left, baseline - 0.75 * size, left + width, baseline, mark.text)
    if mark.index:
        width = text_width(mark.index, 10.5, mono=True)
        left = x + mark.x + 6 if inside else middle - width / 2
        foot = y + mark.y + {"above": -5.0, "under": mark.height + 12, "inside": mark.height / 2 + 3.8}[mark.index_at]
        yield Box(left, foot - 7.9, left + width, foot, mark.index)


def misplaced(picture: Picture) -> list[str]:
    """What is wrong with the text of a picture: outside of it, or over another text."""
    boxes = sorted(texts(picture.marks), key=lambda box: box.top)
    wrong = [
        f"outside: {box.text!r} at {box.left:.0f},{box.top:.0f}"
        for box in boxes
        if box.text and (box.left < 0 or box.top < 0 or box.right > picture.width or box.bottom > picture.height)
    ]
    for place, box in enumerate(boxes):
        for other in boxes[place + 1 :]:
            if other.top >= box.bottom:
                break
            if box.text and other.text and box.overlaps(other):
                wrong.append(f"{box.text!r} over {other.text!r} at {box.left:.0f},{box.top:.0f}")
    return wrong
