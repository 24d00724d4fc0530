"""Where one weight is used: for each position of the output whether its tap meets real input, padding, or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from isochrome.core.component import EagerTable
from isochrome.core.relation import Place, Relation, Taps
from isochrome.draw.scene import Scene
from isochrome.draw.views.partial import axis_numbers, fixed
from isochrome.draw.views.windows import Interval

__all__ = ["ABSENT", "PADDING", "REAL", "UseMap", "alike", "bands", "use_map"]

ABSENT, PADDING, REAL = 0, 1, 2
_MOST = 400_000

States = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class UseMap:
    """The uses of one weight over rows and columns of positions.

    ``rows`` and ``columns`` hold a state for each; the state of a neuron is the smaller of both. Where they do not
    separate, ``places`` holds the state of every neuron.
    """

    rows: States
    columns: States
    places: States | None = None

    @property
    def lines(self) -> tuple[States, States]:
        """The states by row and by column, the row or column as the last axis."""
        whole = self.places
        return (self.rows[None], self.columns[None]) if whole is None else (whole.T, whole)

    def state(self, row: int, column: int) -> int:
        """What the weight's tap meets for the neuron at a row and a column."""
        if self.places is not None:
            return int(self.places[row, column])
        return int(min(self.rows[row], self.columns[column]))


def use_map(scene: Scene, weight: Place, filter_place: Place, before: Place, axes: tuple[int, ...]) -> UseMap:
    """The uses of a weight by the neurons of one slice.

    ``axes`` are the output's axes for rows and columns (the last one or two position axes), ``before`` the place along
    the position axes before them.
    """
    numbers = axis_numbers(scene, 0, range(len(scene.y.shape)))
    at = dict(zip(scene.y.of("filter", "group"), filter_place, strict=True))
    at |= dict(zip(scene.y.of("position"), before, strict=False))
    neurons = {numbers[axis]: value for axis, value in at.items()}
    taps = fixed(scene.relation, {0: neurons, scene.line.weight_number: dict(enumerate(weight))})
    deciding = [_components(scene.relation, numbers[axis]) for axis in axes]
    if len(deciding) == 2 and deciding[0] & deciding[1]:
        return _listed(scene, taps, [numbers[axis] for axis in axes])
    rest = [part for place, part in enumerate(taps.selections) if all(place not in some for some in deciding)]
    limit = REAL if all(part.real for part in rest) else PADDING if all(part.total for part in rest) else ABSENT
    lines = [_states(taps, numbers[axis], some) for axis, some in zip(axes, deciding, strict=True)]
    if any(line is None for line in lines):
        return _listed(scene, taps, [numbers[axis] for axis in axes])
    known = [np.minimum(line, limit).astype(np.uint8) for line in lines if line is not None]
    single = np.full(1, limit, np.uint8)
    return UseMap(*[single] * (2 - len(known)), *known)


def _components(relation: Relation, axis: int) -> set[int]:
    return {digit.component for digit in relation.axes[0][axis].digits}


def _states(taps: Taps, axis: int, components: set[int]) -> States | None:
    """The state of each value of an axis of the output, by the tables that decide it."""
    access = taps.relation.axes[0][axis]
    values, real = np.full(1, access.offset, np.int64), np.ones(1, np.bool_)
    for number in sorted(components):
        part = taps.selections[number]
        if not isinstance(part, EagerTable) or part.total * len(values) > _MOST:
            return None
        columns = [digit.column for digit in access.digits if digit.component == number]
        values = (values[:, None] + part.values[:, columns].sum(axis=1)[None]).reshape(-1)
        real = (real[:, None] & part.is_real[None]).reshape(-1)
    states = np.zeros(access.size, np.uint8)
    np.maximum.at(states, values, np.where(real, REAL, PADDING).astype(np.uint8))
    return states


def _listed(scene: Scene, taps: Taps, axes: Sequence[int]) -> UseMap:
    """The states of every neuron, tap by tap."""
    arrays = taps.places(0, _MOST)
    number = scene.line.input_number
    real = np.asarray(np.ones(len(arrays[0]), np.bool_) if number is None else
                      scene.relation.inside(number, arrays[number]))  # fmt: skip
    sizes = [1] * (2 - len(axes)) + [scene.relation.shapes[0][axis] for axis in axes]
    places = np.zeros(sizes, np.uint8)
    at = [np.zeros(len(real), np.int64)] * (2 - len(axes)) + [arrays[0][:, axis] for axis in axes]
    np.maximum.at(places, tuple(at), np.where(real, REAL, PADDING).astype(np.uint8))
    return UseMap(places[:, 0], places[0], places)


def bands(lines: Sequence[States], most: int, single: int, near: Interval) -> tuple[tuple[Interval, ...], bool]:
    """Intervals of positions in which each of some weights meets the same, and whether they make up the whole axis.

    Where there are at most ``single`` positions each stands alone; where more than ``most`` intervals would be needed
    it is the positions of ``near`` alone.
    """
    size = lines[0].shape[1]
    if size <= single:
        return tuple((at, at + 1) for at in range(size)), True
    stacked = np.concatenate(lines)
    starts = [0, *(np.flatnonzero((stacked[:, 1:] != stacked[:, :-1]).any(axis=0)) + 1).tolist(), size]
    if len(starts) - 1 > most:
        return tuple((at, at + 1) for at in range(*near)), False
    return tuple(zip(starts, starts[1:], strict=False)), True


def alike(scene: Scene) -> bool:
    """Whether every filter and channel uses its weights as often as every other: taps and the rest do not meet."""
    relation, number = scene.relation, scene.line.weight_number
    of_taps = set(scene.w.of("tap"))
    parts: list[dict[int, set[int]]] = [{}, {}]
    for axis, access in enumerate(relation.axes[number]):
        for digit in access.digits:
            parts[axis not in of_taps].setdefault(digit.component, set()).add(digit.column)
    if parts[0].keys() & parts[1].keys():
        return False
    return all(_even(relation, component, columns) for component, columns in parts[1].items())


def _even(relation: Relation, component: int, columns: set[int]) -> bool:
    _, rows, real = relation.components[component].histogram(tuple(sorted(columns)))
    return bool((rows == rows[0]).all() and (real == real[0]).all()) if len(rows) else True
