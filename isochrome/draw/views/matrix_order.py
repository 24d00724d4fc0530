"""In which order neurons and inputs become rows and columns of the matrix, and what is known of each axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from isochrome.core.relation import Place
from isochrome.core.sizes import Shape
from isochrome.draw.scene import Axes, Scene
from isochrome.draw.views.dense import Dense, dense
from isochrome.draw.views.partial import axis_numbers
from isochrome.draw.views.wording import position_words

__all__ = ["Order", "axis_word", "columns_of", "matrix_of", "rows_of"]


@dataclass(frozen=True, slots=True)
class Order:
    """A tensor's places in flat order: ``order`` names its axes, the last one fastest."""

    axes: Axes
    number: int
    order: tuple[int, ...]

    @property
    def shape(self) -> Shape:
        """The sizes of the axes in order."""
        return tuple(self.axes.shape[axis] for axis in self.order)

    @property
    def total(self) -> int:
        """How many places there are."""
        return prod(self.axes.shape)

    def flat(self, place: Sequence[int]) -> int:
        """The number of a place.

        >>> from isochrome.draw.taps import Axes
        >>> y = Order(Axes("y", ("m", "p"), (2, 5), ("filter", "position")), 0, (1, 0))
        >>> y.flat((1, 3)), y.place(7)
        (7, (1, 3))
        """
        found = 0
        for axis in self.order:
            found = found * self.axes.shape[axis] + place[axis]
        return found

    def place(self, flat: int) -> Place:
        """The place of a number."""
        found = [0] * len(self.order)
        for axis in reversed(self.order):
            flat, found[axis] = divmod(flat, self.axes.shape[axis])
        return tuple(found)

    def word(self, axis: int) -> str:
        """What an index along an axis is called."""
        return axis_word(self.axes, axis)


def rows_of(scene: Scene, channel_last: bool = False) -> Order:
    """The neurons, in the order of their places; with the channel last all filters of a position follow one another."""
    return _order(scene.y, 0, channel_last)


def columns_of(scene: Scene, channel_last: bool = False) -> Order:
    """The inputs, in the order of their places."""
    assert scene.x is not None and scene.line.input_number is not None
    return _order(scene.x, scene.line.input_number, channel_last)


def matrix_of(scene: Scene, rows: Order, columns: Order) -> Dense:
    """The dense matrix of the scene's relation."""
    across = axis_numbers(scene, columns.number, columns.order)
    return dense(scene.relation, axis_numbers(scene, rows.number, rows.order), (columns.number, across))


def _order(axes: Axes, number: int, channel_last: bool) -> Order:
    every = range(len(axes.shape))
    own = axes.of("filter", "group", "channel") if channel_last else ()
    return Order(axes, number, (*(axis for axis in every if axis not in own), *own))


def axis_word(axes: Axes, axis: int) -> str:
    """What an index along an axis is called: filter, channel, row, or its letter."""
    role = axes.roles[axis]
    if role == "position":
        return position_words(axes)[axes.of("position").index(axis)]
    if role in ("filter", "group", "channel"):
        return "channel" if axes.name != "y" and role != "filter" else "filter"
    return axes.letters[axis]
