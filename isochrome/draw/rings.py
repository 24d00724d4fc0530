"""Outlines around marks that lie anywhere in a picture: boxes that touch share one outline. The page draws the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

__all__ = ["Box", "Ring", "outlined"]

GROW = 2
"""How far an outline stands off its box."""
TOUCH = 3
"""Sides of two boxes closer than this are one border, and are left out."""


@dataclass(frozen=True, slots=True)
class Box:
    """A box by its sides."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, slots=True)
class Ring:
    """What is drawn of one box: the whole outline, or one side of it as a line."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def whole(self) -> bool:
        """Whether it is a box, no line."""
        return self.left < self.right and self.top < self.bottom


def outlined(boxes: Sequence[Box]) -> Iterator[Ring]:
    """The sides of all boxes, but for those where two of them touch.

    >>> list(outlined([Box(0, 0, 8, 8)]))
    [Ring(left=-2, top=-2, right=10, bottom=10)]
    >>> [ring for ring in outlined([Box(0, 0, 8, 8), Box(8, 0, 16, 8)]) if ring.left == ring.right]
    [Ring(left=-2, top=-2, right=-2, bottom=10), Ring(left=18, top=-2, right=18, bottom=10)]
    """
    rows: dict[int, list[Box]] = {}
    columns: dict[int, list[Box]] = {}
    for box in boxes:
        rows.setdefault(_key(box.top), []).append(box)
        columns.setdefault(_key(box.left), []).append(box)
    for box in boxes:
        row, column = rows[_key(box.top)], columns[_key(box.left)]
        left = any(abs(other.right - box.left) < TOUCH for other in row)
        right = any(abs(other.left - box.right) < TOUCH for other in row)
        top = any(abs(other.bottom - box.top) < TOUCH for other in column)
        bottom = any(abs(other.top - box.bottom) < TOUCH for other in column)
        yield from _sides(box, left, right, top, bottom)


def _key(side: float) -> int:
    """Half a pixel goes up, as the page rounds."""
    return int((side + 0.5) // 1)


def _sides(box: Box, left: bool, right: bool, top: bool, bottom: bool) -> Iterator[Ring]:
    """One box's sides, but for the hidden ones; a side runs on to the middle of a gap where its neighbour goes on."""
    low, high = box.left - (1 if left else GROW), box.right + (1 if right else GROW)
    above, under = box.top - (1 if top else GROW), box.bottom + (1 if bottom else GROW)
    if not (left or right or top or bottom):
        yield Ring(low, above, high, under)
        return
    if not top:
        yield Ring(low, box.top - GROW, high, box.top - GROW)
    if not bottom:
        yield Ring(low, box.bottom + GROW, high, box.bottom + GROW)
    if not left:
        yield Ring(box.left - GROW, above, box.left - GROW, under)
    if not right:
        yield Ring(box.right + GROW, above, box.right + GROW, under)
