"""What is selected in a layer besides neurons and a weight, and which marks belong to it.

A selection is text as the page's address has it: ``x:0,3,4`` is an input, ``b:2`` a bias, ``tap:1,2``, ``filter:3``,
``channel:1`` and ``parameter:0`` are all that has that identity.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from isochrome.core.relation import Place, Taps
from isochrome.draw.identity import LEVELS
from isochrome.draw.levels import Letter, levels_of, sizes_at
from isochrome.draw.picture import Keys
from isochrome.draw.scene import Scene
from isochrome.errors import RequestError, shown
from isochrome.model.parts import Line
from isochrome.model.places import batch_axis, sample_place

__all__ = ["KINDS", "Belongs", "Selection", "belongs", "checked", "selection"]

KINDS = ("x", "b", *(level for level in LEVELS if level != "weight"))
LISTED = 100_000
"""An input that is read more often lights itself alone."""

Belongs = Callable[[Keys], bool]


@dataclass(frozen=True, slots=True)
class Selection:
    """An input, a bias, or an identity: its kind and its place."""

    kind: str
    place: Place

    def __str__(self) -> str:
        return f"{self.kind}:{','.join(map(str, self.place))}"


def selection(text: str) -> Selection:
    """The selection that a text says.

    >>> selection("tap:1,2")
    Selection(kind='tap', place=(1, 2))
    >>> str(selection("x:0,3,4"))
    'x:0,3,4'
    """
    kind, _, place = text.partition(":")
    if kind not in KINDS or not re.fullmatch(r"[0-9]{1,9}(,[0-9]{1,9}){0,15}", place):
        raise RequestError(f"select: must be one of {', '.join(KINDS)} with its place, as tap:1,2; got {shown(text)}")
    return Selection(kind, tuple(int(part) for part in place.split(",")))


def checked(scene: Scene, chosen: Selection) -> Selection:
    """The same selection, if the layer has it. Raises RequestError in one line where it has not."""
    sizes = _sizes(scene, chosen.kind)
    if chosen.kind == "parameter":
        known = sorted({line.parameter for line in scene.layer.lines if line.parameter is not None})
        inside, form = chosen.place in [(number,) for number in known], f"one of {', '.join(map(str, known))}"
    elif sizes is None:
        inside, form = False, f"of another kind: layer {shown(scene.layer.name)} has no {chosen.kind}"
    else:
        inside = len(chosen.place) == len(sizes)
        inside &= all(at < size for at, size in zip(chosen.place, sizes, strict=False))
        form = f"{len(sizes)} whole numbers below {','.join(map(str, sizes))}"
    if not inside:
        raise RequestError(f"select {chosen.kind}: must be {form}; got {','.join(map(str, chosen.place))}")
    return chosen


def _sizes(scene: Scene, kind: str) -> tuple[int, ...] | None:
    if kind == "x":
        return None if scene.x is None else scene.x.shape
    if kind == "b":
        line = scene.bias_line
        return None if line is None else line.shape(line.weight)
    return sizes_at(scene, kind)


def belongs(scene: Scene) -> Belongs | None:
    """Whether a mark belongs to what is selected, by its keys; None where neither a selection nor a weight is."""
    chosen, number = scene.selected, scene.layer.number
    if chosen is None:
        weight, parameter = scene.weight, scene.line.parameter
        return None if weight is None else lambda keys: keys.parameter == parameter and weight in keys.w
    if chosen.kind == "x":
        return _here(number, _Reached(scene, chosen.place))
    if chosen.kind == "b":
        return _here(number, lambda keys: chosen.place in keys.b)
    lines = [_Member(replace(scene, line=line), chosen) for line in scene.layer.lines if line.parameter is not None]
    return _here(number, lambda keys: any(line(keys) for line in lines))


def _here(number: int, within: Belongs) -> Belongs:
    return lambda keys: keys.layer in (None, number) and within(keys)


class _Member:
    """Whether a mark has an identity: read where its level is, at the mark's own places, else through its weights."""

    def __init__(self, scene: Scene, chosen: Selection) -> None:
        self.scene, self.level = scene, chosen.kind
        self.letter: Letter
        self.letter, self.axes = levels_of(scene).get(chosen.kind, ("w", ()))
        whole = chosen.kind == "parameter"
        self.able = chosen.place == (scene.line.parameter,) if whole else bool(self.axes)
        self.place: Place = () if whole else chosen.place
        self.of_weights: dict[Place, bool] = {}

    def __call__(self, keys: Keys) -> bool:
        mine = keys.parameter == self.scene.line.parameter
        if not self.able or (not mine and (keys.w or keys.parameter is not None)):
            return False
        weights = keys.b if self.scene.line.is_bias and not mine else keys.w
        own = {"y": keys.y, "x": keys.x, "w": weights}[self.letter]
        return any(self._at(place) for place in own) if own else any(self._of_weight(place) for place in weights)

    def _at(self, place: Place) -> bool:
        return tuple(place[axis] for axis in self.axes) == self.place

    def _of_weight(self, place: Place) -> bool:
        if place not in self.of_weights:
            first = self.scene.taps_of_weight(place, 1)
            found = first[0].identity(self.level) if first else None
            self.of_weights[place] = found == f"{self.level}:{','.join(map(str, self.place))}"
        return self.of_weights[place]


class _Reached:
    """Whether a mark lies on the way of an input: all that it names agrees with what reads the input."""

    def __init__(self, scene: Scene, place: Place) -> None:
        self.y: set[Place] = set()
        self.x: set[Place] = {place}
        self.w: set[tuple[int | None, Place]] = set()
        self.pairs: set[tuple[Place, int | None, Place]] = set()
        for line in scene.layer.lines:
            if line.parameter is not None and not line.is_bias:
                for taps in _readings(replace(scene, line=line), place):
                    self._gather(line, taps)

    def _gather(self, line: Line, taps: Taps) -> None:
        for tap in taps.listed(0, taps.total) if taps.total <= LISTED else ():
            y, w = tap[0], tap[line.weight_number]
            assert y is not None and w is not None
            neuron = sample_place(line, line.formula.output, y)
            self.y.add(neuron)
            self.w.add((line.parameter, w))
            self.pairs.add((neuron, line.parameter, w))
            for number, place in enumerate(tap):
                if number not in (0, line.weight_number) and place is not None:
                    self.x.add(sample_place(line, line.formula.accesses[number], place))

    def __call__(self, keys: Keys) -> bool:
        weights = [(keys.parameter, place) for place in keys.w]
        agree = [any(place in self.y for place in keys.y), any(place in self.x for place in keys.x),
                 any(weight in self.w for weight in weights)]  # fmt: skip
        if keys.b or not any(agree) or (keys.y and not agree[0]) or (keys.x and not agree[1]):
            return False
        if not keys.w or not keys.y or keys.x:
            return not keys.w or agree[2]
        return any((y, *weight) in self.pairs for y in keys.y for weight in weights)


def _readings(scene: Scene, place: Place) -> Iterator[Taps]:
    """The taps that read an input through each factor that it can be a place of."""
    line = scene.line
    for number, access in enumerate(line.formula.accesses):
        axis = batch_axis(line, access)
        shape = line.shape(access.name)
        sizes = shape if axis is None else (*shape[:axis], *shape[axis + 1 :])
        if number not in (0, line.weight_number) and len(place) == len(sizes):
            full = place if axis is None else (*place[:axis], 0, *place[axis:])
            yield scene.relation.fix({number: full})
