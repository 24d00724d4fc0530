"""A part of a layer, counted by its tables: taps with some axes of a tensor fixed, such as a slice of the output."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod

import numpy as np

from isochrome.core.component import EagerTable, Numbers
from isochrome.core.digits import Axis
from isochrome.core.lazy import Component
from isochrome.core.relation import Relation, Taps
from isochrome.draw.scene import Scene
from isochrome.model.places import batch_axis

__all__ = ["Spread", "axis_numbers", "distinct", "fixed", "regions", "spread"]

_MOST = 20_000
_NO_ROW = EagerTable((), np.zeros((0, 0), np.int64), np.zeros(0, np.bool_))


def axis_numbers(scene: Scene, number: int, axes: Sequence[int]) -> tuple[int, ...]:
    """Axes of a tensor without its batch axis, as axes of its access in the relation."""
    access = scene.line.formula.accesses[number]
    batch = batch_axis(scene.line, access)
    kept = [axis for axis in range(len(access.indices)) if axis != batch]
    return tuple(kept[axis] for axis in axes)


def fixed(relation: Relation, places: Mapping[int, Mapping[int, int]]) -> Taps:
    """The taps in which some axes of some accesses have the given values.

    >>> from isochrome.core.relation import relation
    >>> r = relation("y[m, p] += w[m, u] * x[p + u]", {"x": (9,), "w": (2, 3)})
    >>> fixed(r, {0: {0: 1}}).total, fixed(r, {0: {1: 4}}).total, fixed(r, {0: {0: 1}, 1: {0: 0}}).total
    (21, 6, 0)
    """
    wanted: list[dict[int, int]] = [{} for _ in relation.components]
    possible = True
    for number, some in places.items():
        for axis, value in some.items():
            parts = relation.axes[number][axis]
            possible &= bool(parts.digits) or value == parts.offset
            for digit, want in zip(parts.digits, parts.decode(value), strict=True):
                possible &= wanted[digit.component].setdefault(digit.column, want) == want
    selected = tuple(part.select(rows) for part, rows in zip(relation.components, wanted, strict=True))
    return Taps(relation, selected if possible else (*selected, _NO_ROW))


def distinct(taps: Taps, *numbers: int) -> int:
    """How many different places of an access some taps have; of several accesses, how many different combinations.

    >>> from isochrome.core.relation import relation
    >>> r = relation("y[m, p] += w[m, u] * x[p + u]", {"x": (9,), "w": (2, 3)})
    >>> distinct(fixed(r, {0: {0: 1}}), 1), distinct(fixed(r, {0: {0: 1}}), 2)
    (3, 9)
    """
    counts = []
    for part, columns in _columns(taps, *numbers):
        counts.append(len(part.histogram(columns)[0]) if columns else min(part.total, 1))
    return prod(counts)


@dataclass(frozen=True, slots=True)
class Spread:
    """The smallest and the largest number of something that one neuron has."""

    least: int
    most: int


def spread(taps: Taps, number: int) -> Spread | None:
    """How many places of an access each neuron of some taps has; None where the tables are too large to look."""
    least = most = 1
    for groups in _groups(taps, number):
        if groups is None:
            return None
        sizes = [len(group) for group in groups]
        least, most = least * min(sizes, default=0), most * max(sizes, default=0)
    return Spread(least, most)


def regions(taps: Taps, number: int, axes: Sequence[int] | None = None) -> int | None:
    """How many different sets of places of an access the neurons of some taps have; None where tables are too large.

    A set of places is a product of one set from each table, so the sets are counted table by table. ``axes`` looks at
    some axes of the places only.

    >>> from isochrome.core.relation import relation
    >>> r = relation("y[m, p] += w[m, u] * x[p + u]", {"x": (9,), "w": (2, 3)})
    >>> regions(fixed(r, {0: {0: 1}}), 2), regions(fixed(r, {0: {1: 4}}), 2)
    (7, 1)
    """
    total = 1
    for groups in _groups(taps, number, axes):
        if groups is None:
            return None
        total *= len(set(groups))
    return total


def _columns(taps: Taps, *numbers: int) -> Iterator[tuple[Component, tuple[int, ...]]]:
    """Each table, and which of its columns decide some accesses."""
    return _deciding(taps, [axis for number in numbers for axis in taps.relation.axes[number]])


def _deciding(taps: Taps, axes: Sequence[Axis]) -> Iterator[tuple[Component, tuple[int, ...]]]:
    digits = {(digit.component, digit.column) for axis in axes for digit in axis.digits}
    for place, part in enumerate(taps.selections):
        yield part, tuple(sorted(column for component, column in digits if component == place))


def _groups(taps: Taps, number: int, axes: Sequence[int] | None = None) -> Iterator[list[frozenset[bytes]] | None]:
    """For each table: what of an access goes with each of the outputs that it tells apart."""
    access = taps.relation.axes[number]
    looked_at = _deciding(taps, access if axes is None else [access[axis] for axis in axes])
    for (part, of_output), (_, wanted) in zip(_columns(taps, 0), looked_at, strict=True):
        if part.total > _MOST:
            yield None
            return
        rows = part.take(np.arange(part.total))
        yield _grouped(rows[:, list(of_output)], rows[:, list(wanted)])


def _grouped(keys: Numbers, values: Numbers) -> list[frozenset[bytes]]:
    found: dict[bytes, set[bytes]] = {}
    for key, value in zip(np.ascontiguousarray(keys), np.ascontiguousarray(values), strict=True):
        found.setdefault(key.tobytes(), set()).add(value.tobytes())
    return [frozenset(group) for group in found.values()]
