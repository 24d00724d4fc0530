"""Outlines of shapes as absolute steps: move, line, curve, close."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from isochrome.draw.picture import Point

__all__ = ["Outline", "Step", "box", "circle", "corners", "covers_nothing", "hatching", "moved", "parsed"]

Step = tuple[str, tuple[Point, ...]]
"""``M`` and ``L`` with one point, ``C`` with two tangents' ends and a point, ``Z`` with none."""
Outline = tuple[Step, ...]

_TOKEN = re.compile(r"[MLCZhv]|-?[0-9.]+")
_ROUND = 0.5522847498
"""Where the tangents of a quarter circle end, in radii: the usual cubic."""


def parsed(d: str) -> Outline:
    """The outline that the ``d`` of an SVG path says; of its commands those that pictures have: M L C Z h v.

    >>> parsed("M1 2h3v-1Z")
    (('M', ((1.0, 2.0),)), ('L', ((4.0, 2.0),)), ('L', ((4.0, 1.0),)), ('Z', ()))
    """
    steps: list[Step] = []
    tokens = _TOKEN.findall(d)
    at, command = 0, ""
    x = y = 0.0
    while at < len(tokens):
        if tokens[at] in "MLCZhv":
            command, at = tokens[at], at + 1
            if command == "Z":
                steps.append(("Z", ()))
            continue
        count = {"C": 6, "h": 1, "v": 1}.get(command, 2)
        numbers = [float(token) for token in tokens[at : at + count]]
        at += count
        if command in "hv":
            x, y = (x + numbers[0], y) if command == "h" else (x, y + numbers[0])
            steps.append(("L", ((x, y),)))
            continue
        points = tuple(zip(numbers[::2], numbers[1::2], strict=True))
        x, y = points[-1]
        steps.append((command, points))
        command = "L" if command == "M" else command
    return tuple(steps)


def box(x: float, y: float, width: float, height: float, corner: float = 0) -> Outline:
    """A rectangle, its corners rounded by a radius."""
    right, low, r = x + width, y + height, min(corner, width / 2, height / 2)
    if r <= 0:
        return (("M", ((x, y),)), ("L", ((right, y),)), ("L", ((right, low),)), ("L", ((x, low),)), ("Z", ()))
    t = r * (1 - _ROUND)
    return (
        ("M", ((x + r, y),)), ("L", ((right - r, y),)), ("C", ((right - t, y), (right, y + t), (right, y + r))),
        ("L", ((right, low - r),)), ("C", ((right, low - t), (right - t, low), (right - r, low))),
        ("L", ((x + r, low),)), ("C", ((x + t, low), (x, low - t), (x, low - r))),
        ("L", ((x, y + r),)), ("C", ((x, y + t), (x + t, y), (x + r, y))), ("Z", ()),
    )  # fmt: skip


def circle(x: float, y: float, radius: float) -> Outline:
    """A circle."""
    return box(x - radius, y - radius, 2 * radius, 2 * radius, radius)


def moved(outline: Outline, dx: float, dy: float) -> Outline:
    """The outline at another place."""
    return tuple((name, tuple((x + dx, y + dy) for x, y in points)) for name, points in outline)


def corners(outline: Outline) -> tuple[Point, ...]:
    """The points that an outline goes through."""
    return tuple(points[-1] for _, points in outline if points)


def covers_nothing(outline: Outline) -> bool:
    """Whether every part of an outline is one straight line: there is no area to fill."""
    return "".join(name for name, _ in outline).replace("ML", "") == ""


def hatching(around: Sequence[Point], step: float) -> Iterator[tuple[Point, Point]]:
    """The lines at 45 degrees, ``step`` apart along an axis, that lie inside a convex polygon.

    >>> list(hatching(((0, 0), (4, 0), (4, 4), (0, 4)), 4))
    [((0.0, 4.0), (4.0, 0.0))]
    """
    sums = [x + y for x, y in around]
    number = int(min(sums) // step) + 1
    while number * step < max(sums):
        ends = sorted(set(_crossings(around, number * step)))
        if len(ends) > 1:
            yield ends[0], ends[-1]
        number += 1


def _crossings(around: Sequence[Point], total: float) -> Iterator[Point]:
    """Where the line x + y = ``total`` crosses the sides of a polygon."""
    for (x1, y1), (x2, y2) in zip(around, (*around[1:], around[0]), strict=True):
        first, last = x1 + y1 - total, x2 + y2 - total
        if first * last <= 0 and first != last:
            part = first / (first - last)
            yield x1 + part * (x2 - x1), y1 + part * (y2 - y1)
