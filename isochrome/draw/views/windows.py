"""Which part of a large layer is drawn: intervals along axes, and what they are called."""

from __future__ import annotations

from collections.abc import Sequence

from isochrome.core.relation import Place
from isochrome.draw.scene import Axes, Scene
from isochrome.draw.views.wording import position_words, sized, span

__all__ = [
    "Interval", "Intervals", "amid", "block", "covering", "in_plane", "named", "named_positions", "plane",
    "position_window",
]  # fmt: skip

Interval = tuple[int, int]
"""From the first number to below the second."""
Intervals = tuple[Interval, ...]


def amid(at: int, most: int, size: int) -> Interval:
    """At most ``most`` numbers of ``0 .. size - 1``, with ``at`` in their middle where there is room.

    >>> amid(10, 5, 28), amid(0, 5, 28), amid(3, 5, 4)
    ((8, 13), (0, 5), (0, 4))
    """
    low = max(0, min(at - most // 2, size - most))
    return low, min(low + most, size)


def block(at: int, most: int, size: int) -> Interval:
    """The block of ``most`` numbers in which ``at`` lies: a step to its neighbour rarely moves it.

    >>> block(5, 2, 64), block(63, 3, 64)
    ((4, 6), (61, 64))
    """
    low = max(0, min(at // most * most, size - most))
    return low, min(low + most, size)


def covering(at: Sequence[int], most: int, size: int) -> Interval:
    """As ``amid`` the first number, moved just so far that the next ones lie in it too, as long as the first does.

    >>> covering((4, 7), 5, 28), covering((4, 20), 5, 28)
    ((3, 8), (2, 7))
    """
    low, high = amid(at[0], most, size)
    for other in at[1:]:
        by = other - high + 1 if other >= high else min(other - low, 0)
        if low + by <= at[0] < high + by:
            low, high = low + by, high + by
    return low, high


def position_window(scene: Scene, most: Sequence[int]) -> Intervals:
    """One interval for each position axis of the output: the scene's own window, else around neurons i and j.

    ``most`` says how many of each of the last axes; of the axes before them there is one, i's.
    """
    axes = scene.y.of("position")
    rooms = (1,) * max(len(axes) - len(most), 0) + tuple(most)[max(len(most) - len(axes), 0) :]
    found = []
    for number, (axis, room) in enumerate(zip(axes, rooms, strict=True)):
        size = scene.y.shape[axis]
        if number < len(scene.window):
            low, high = scene.window[number]
            low = max(0, min(low, size - 1))
            found.append((low, min(max(high, low + 1), low + room, size)))
        else:
            found.append(covering([neuron[axis] for neuron in scene.neurons], room, size))
    return tuple(found)


def plane(intervals: Intervals) -> tuple[Interval, Interval]:
    """The rows and the columns of some axes: the last axis is columns, the one before it rows.

    >>> plane(((2, 3), (0, 5), (1, 4))), plane(((1, 4),)), plane(())
    (((0, 5), (1, 4)), ((0, 1), (1, 4)), ((0, 1), (0, 1)))
    """
    rows = intervals[-2] if len(intervals) > 1 else (0, 1)
    return rows, intervals[-1] if intervals else (0, 1)


def in_plane(intervals: Intervals, row: int, column: int) -> Place:
    """The place at a row and a column; along the axes before them it is where their intervals begin.

    >>> in_plane(((2, 3), (0, 5), (1, 4)), 4, 3), in_plane(((1, 4),), 0, 3), in_plane((), 0, 0)
    ((2, 4, 3), (3,), ())
    """
    lead = tuple(low for low, _ in intervals[:-2])
    return (*lead, row, column)[max(2 - len(intervals), 0) :]


def named(what: str, interval: Interval, size: int) -> str:
    """What a part of an axis is called, '' where it is the whole.

    >>> named("row", (12, 17), 28), named("filter", (3, 4), 6), named("row", (0, 5), 5)
    ('rows 12 to 16 of 28', 'filter 3 of 6', '')
    """
    low, high = interval
    if high - low >= size:
        return ""
    return f"{what}{'' if high - low == 1 else 's'} {span(low, high)} of {size:,}"


def named_positions(axes: Axes, intervals: Intervals) -> str:
    """What a window of positions is called, '' where it is the whole.

    >>> y = Axes("y", ("m", "p", "q"), (6, 28, 28), ("filter", "position", "position"))
    >>> named_positions(y, ((12, 17), (12, 17)))
    'rows 12 to 16, columns 12 to 16 of 28×28'
    """
    sizes = [axes.shape[axis] for axis in axes.of("position")]
    if all(high - low >= size for (low, high), size in zip(intervals, sizes, strict=True)):
        return ""
    words = [
        f"{word}{'' if high - low == 1 else 's'} {span(low, high)}"
        for word, (low, high) in zip(position_words(axes), intervals, strict=True)
    ]
    return f"{', '.join(words)} of {sized(sizes)}"
