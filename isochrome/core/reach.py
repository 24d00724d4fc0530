"""Who sees whom through a relation: the image of a set of places, exact, with its holes.

A set of places is a union of boxes; a box holds one set of integers for each axis.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, product
from math import prod

import numpy as np

from isochrome.core.component import EagerTable, Numbers, distinct_rows
from isochrome.core.digits import Axis
from isochrome.core.lazy import Component, LazyTable
from isochrome.core.relation import Place, Relation

__all__ = ["Box", "Places", "image", "union"]

MOST_BOXES = 512
MOST_ROWS = 2_000_000
Box = tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class Places:
    """A set of places: the union of ``boxes``; ``exact`` is False where it is only an upper bound."""

    boxes: tuple[Box, ...]
    exact: bool = True

    @classmethod
    def of(cls, place: Place) -> Places:
        """The set of one place."""
        return cls((tuple((value,) for value in place),))

    @property
    def count(self) -> int:
        """How many places there are, each once."""
        disjoint: list[Box] = []
        for box in self.boxes:
            pieces = [box]
            for taken in disjoint:
                pieces = [rest for piece in pieces for rest in _minus(piece, taken)]
            disjoint += pieces
        return sum(prod(map(len, box)) for box in disjoint)

    def axes(self) -> tuple[tuple[int, ...], ...] | None:
        """The one set for each axis, if the places are a single box."""
        return self.boxes[0] if len(self.boxes) == 1 else None

    def hull(self) -> tuple[tuple[int, int], ...]:
        """The smallest and largest value along each axis; empty when there are no places."""
        axes = zip(*self.boxes, strict=True)
        return tuple((min(values[0] for values in axis), max(values[-1] for values in axis)) for axis in axes)


def _minus(box: Box, taken: Box) -> list[Box]:
    if any(not set(axis) & set(other) for axis, other in zip(box, taken, strict=True)):
        return [box]
    found: list[Box] = []
    inside: Box = ()
    for axis, (mine, theirs) in enumerate(zip(box, map(set, taken), strict=True)):
        outside = tuple(value for value in mine if value not in theirs)
        if outside:
            found.append((*inside, outside, *box[axis + 1 :]))
        inside += (tuple(value for value in mine if value in theirs),)
    return found


def union(sets: Iterable[Places]) -> Places:
    """All places of some sets: contained boxes dropped, boxes that differ along one axis merged.

    >>> union([Places((((0, 1), (2,)),)), Places((((0, 1), (3,)),)), Places.of((0, 2))]).boxes
    (((0, 1), (2, 3)),)
    """
    found = list(sets)
    boxes = list(dict.fromkeys(box for places in found for box in places.boxes if all(box)))
    exact = all(places.exact for places in found)
    merged = True
    while merged and len(boxes) > 1:
        boxes, merged = _merge_once(boxes)
    if len(boxes) > MOST_BOXES:
        return Places((tuple(tuple(sorted(set(chain(*axis)))) for axis in zip(*boxes, strict=True)),), False)
    return Places(tuple(sorted(boxes)), exact)


def _merge_once(boxes: list[Box]) -> tuple[list[Box], bool]:
    before = len(boxes)
    for axis in range(len(boxes[0])):
        groups: dict[Box, set[int]] = {}
        for box in boxes:
            groups.setdefault((*box[:axis], *box[axis + 1 :]), set()).update(box[axis])
        boxes = [(*rest[:axis], tuple(sorted(values)), *rest[axis:]) for rest, values in groups.items()]
    if len(boxes) <= 64:
        sets = [tuple(map(set, box)) for box in boxes]
        boxes = [box for box, one in zip(boxes, sets, strict=True) if not any(_holds(other, one) for other in sets)]
    return boxes, len(boxes) < before


def _holds(box: tuple[set[int], ...], other: tuple[set[int], ...]) -> bool:
    return box is not other and all(mine >= theirs for mine, theirs in zip(box, other, strict=True))


def image(relation: Relation, source: int, target: int, places: Places) -> Places:
    """The places of one access that share a tap with some places of another; padding is left out.

    >>> from isochrome.core.relation import relation
    >>> r = relation("y[p] += w[u] * x[p + 2*u - 2]", {"x": (9,), "w": (3,), "y": (9,)})
    >>> image(r, 0, 2, Places.of((4,))).axes()
    ((2, 4, 6),)
    """
    wanted = [filters for box in places.boxes for filters in _filters(relation.axes[source], box)]
    whole = union(_image_of(relation, target, filters) for filters in wanted)
    return Places(whole.boxes, whole.exact and places.exact)


Filters = dict[tuple[int, int], Numbers]


def _filters(axes: tuple[Axis, ...], box: Box) -> Iterator[Filters]:
    """What the columns (component, column) must hold for an access to lie in a box: a few alternatives."""
    choices: list[list[tuple[tuple[tuple[int, int], Numbers], ...]]] = []
    for axis, values in zip(axes, box, strict=True):
        keys = [(digit.component, digit.column) for digit in axis.digits]
        digits = np.array([axis.decode(value) for value in values if keys or value == axis.offset], np.int64)
        choices.append([tuple(zip(keys, sets, strict=True)) for sets in _as_boxes(digits)])
    for chosen in product(*choices):
        found: Filters = {}
        for key, allowed in chain(*chosen):
            found[key] = np.intersect1d(found[key], allowed) if key in found else allowed
        yield found


def _image_of(relation: Relation, target: int, filters: Filters) -> Places:
    """The places of an access in the taps whose columns hold some of the wanted values."""
    axes = relation.axes[target]
    if any(not axis.digits and not 0 <= axis.offset < axis.size for axis in axes):
        return Places(())
    parts, order, exact = [], [], True
    for number, component in enumerate(relation.components):
        slots = [(k, digit) for k, axis in enumerate(axes) for digit in axis.digits if digit.component == number]
        wanted = {column: values for (part, column), values in filters.items() if part == number}
        alone = [(d.column, axes[k]) for k, d in slots if len(axes[k].digits) == 1]
        limits = [(column, -axis.offset, axis.size - axis.offset) for column, axis in alone]
        boxes, whole = _boxes_of(component, wanted, limits, [digit.column for _, digit in slots])
        if not boxes:
            return Places(())
        parts.append(boxes)
        order += [k for k, _ in slots]
        exact &= whole
    if prod(map(len, parts)) > MOST_BOXES:
        parts = [[tuple(np.unique(np.concatenate(sets)) for sets in zip(*boxes, strict=True))] for boxes in parts]
        exact = False
    found = []
    for chosen in product(*parts):
        values = [np.array([axis.offset], np.int64) for axis in axes]
        for k, digits in zip(order, chain(*chosen), strict=True):
            values[k] = np.add.outer(values[k], digits).reshape(-1)
        found.append(tuple(tuple(np.unique(axis).tolist()) for axis in values))
    return union([Places(tuple(found), exact)])


def _boxes_of(
    component: Component, wanted: dict[int, Numbers], limits: list[tuple[int, int, int]], columns: list[int]
) -> tuple[list[tuple[Numbers, ...]], bool]:
    """The values of some columns in some rows, as boxes; False where that is only an upper bound."""
    if isinstance(component, EagerTable):
        keep = np.ones(component.total, np.bool_)
        for column, values in wanted.items():
            keep &= np.isin(component.values[:, column], values)
        for column, low, high in limits:
            keep &= (low <= component.values[:, column]) & (component.values[:, column] < high)
        return _as_boxes(component.values[keep][:, columns]), True
    for column, low, high in limits:
        component = component.within({column: (low, high)})
    rows = _lazy_rows(component, wanted, columns)
    if rows is not None:
        return _as_boxes(rows), True
    ends = {column: (int(values.min()), int(values.max()) + 1) for column, values in wanted.items()}
    spans = [component.within(ends).span(column) for column in columns]
    return [tuple(np.arange(low, high + 1) for low, high in spans)], False


def _lazy_rows(component: LazyTable, wanted: dict[int, Numbers], columns: list[int]) -> Numbers | None:
    """The distinct values of some columns in some rows; None where they are too many."""
    found, budget = [np.zeros((0, len(columns)), np.int64)], MOST_ROWS
    for runs in product(*map(_runs, wanted.values())):
        part = component.within(dict(zip(wanted, runs, strict=True)))
        budget -= len(component.base) // 16 + 1
        if len(set(columns)) == 1 and np.ptp(part.span(columns[0])) <= budget:
            values = part.histogram((columns[0],))[0].repeat(len(columns), axis=1)
        elif part.total <= budget:
            values = part.take(np.arange(part.total))[:, columns]
        else:
            return None
        budget -= len(values)
        found.append(values)
    return np.concatenate(found)


def _runs(values: Numbers) -> list[tuple[int, int]]:
    """Ascending numbers as intervals without a gap: the first, and one past the last."""
    runs = np.split(values, np.flatnonzero(np.diff(values) > 1) + 1)
    return [(int(run[0]), int(run[-1]) + 1) for run in runs if len(run)]


def _as_boxes(rows: Numbers) -> list[tuple[Numbers, ...]]:
    """A set of rows as boxes, one set for each column: beginnings that go on alike are together."""
    if not len(rows):
        return []
    rows = distinct_rows(rows)[0]
    sets = tuple(np.unique(column) for column in rows.T)
    if prod(map(len, sets)) == len(rows):
        return [sets]
    ends: dict[bytes, list[Numbers]] = {}
    for group in np.split(rows, np.flatnonzero((rows[1:, :-1] != rows[:-1, :-1]).any(axis=1)) + 1):
        ends.setdefault(group[:, -1].tobytes(), []).append(group)
    return [
        (*box, groups[0][:, -1])
        for groups in ends.values()
        for box in _as_boxes(np.concatenate([group[:1, :-1] for group in groups]))
    ]
