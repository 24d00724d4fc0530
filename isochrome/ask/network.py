"""A model as one line of stops: inputs, layers, joins in order; what feeds what, what repeats, what is tied."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from math import prod

from isochrome.ask.report import Report, report
from isochrome.errors import RequestError
from isochrome.model.parts import Layer, Line, Model, Operation

__all__ = ["Network", "Repeat", "Stop", "Tie", "first_able", "folded", "network"]

MOST_BLOCK = 96
"""The longest block of stops that is looked for as a repeated one."""
FEW_CALLS = 4
"""Layers that share a parameter are folded only where they are at least so many: two calls are worth seeing."""


@dataclass(frozen=True, slots=True)
class Stop:
    """One stop of the line: a model input, a layer, or a join of several values that has no weights.

    ``tensor`` is what it gives, ``sources`` the numbers of the stops that it reads. ``riders`` are layers that scale or
    shift each value alone: they give no stop of their own. ``join`` is the sign of what a join does: + adds, & puts
    side by side, × multiplies, * anything else; ``word`` says it.
    """

    name: str
    tensor: str
    sources: tuple[int, ...] = ()
    layer: int | None = None
    join: str = ""
    word: str = ""
    riders: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Repeat:
    """``times`` equal blocks of ``length`` stops, one after another, from stop ``start`` on; one of them is drawn."""

    start: int
    length: int
    times: int
    drawn: int = 0

    @property
    def stop(self) -> int:
        """The number of the first stop behind them."""
        return self.start + self.length * self.times

    @property
    def block(self) -> range:
        """The stops of the block that is drawn."""
        first = self.start + self.drawn * self.length
        return range(first, first + self.length)

    def drawn_copy(self, number: int) -> int:
        """The stop of the drawn block that a stop in any of them is equal to; another stop is itself."""
        inside = self.start <= number < self.stop
        return self.block[(number - self.start) % self.length] if inside else number


@dataclass(frozen=True, slots=True)
class Tie:
    """One parameter that several layers multiply with, in order."""

    parameter: int
    layers: tuple[int, ...]


@dataclass(frozen=True, eq=False, slots=True)
class Network:
    """A model as one line of stops. ``seen_in`` names, for a layer without weights of its own, who had them first."""

    stops: tuple[Stop, ...]
    repeats: tuple[Repeat, ...]
    ties: tuple[Tie, ...]
    seen_in: tuple[tuple[int, int], ...]
    report: Report

    def stop_of(self, layer: int) -> int:
        """The number of the stop at which a layer stands or rides."""
        return next(n for n, stop in enumerate(self.stops) if layer == stop.layer or layer in stop.riders)


def first_able(model: Model) -> Layer:
    """The layer at which a model is opened: the first whose weights need no data to be found, else the first.

    Raises RequestError where no layer has a formula.
    """
    able = (layer for layer in model.layers if layer.weight_lines and not layer.weight_lines[0].depends)
    found = next(able, None) or next((layer for layer in model.layers if layer.lines), None)
    if found is None:
        raise RequestError("model: must have a layer whose formula is known; has none")
    return found


@lru_cache(maxsize=8)
def network(model: Model) -> Network:
    """The line of stops of a model, from its graph and its relations alone.

    >>> from isochrome.load import open_file
    >>> from isochrome.examples import example_path
    >>> found = network(open_file(example_path("photos")).model)
    >>> [stop.name for stop in found.stops]
    ['x', 'conv1', 'conv2', 'conv3', 'linear']
    """
    stops = _stops(model)
    ties = _ties(model)
    return Network(stops, _repeats(_signs(model, stops, ties)), ties, _seen(model), report(model))


def folded(found: Network, current: int, fold: bool = True) -> tuple[tuple[int, ...], tuple[Repeat, ...]]:
    """The numbers of the stops that are drawn, and the repeats of which only one block is: the current stop's own."""
    repeats = tuple(
        replace(one, drawn=(current - one.start) // one.length if one.start <= current < one.stop else 0)
        for one in (found.repeats if fold else ())
    )
    hidden = {n for one in repeats for n in range(one.start, one.stop) if n not in one.block}
    return tuple(n for n in range(len(found.stops)) if n not in hidden), repeats


# --- stops ----------------------------------------------------------------------------------------------------


def _stops(model: Model) -> tuple[Stop, ...]:
    stops = [Stop(name, name) for name in model.inputs]
    origin = {name: number for number, name in enumerate(model.inputs)}
    layers: dict[int, list[Layer]] = {}
    for layer in model.layers:
        layers.setdefault(layer.operation, []).append(layer)
    for number, operation in enumerate(model.operations):
        sources = tuple(sorted({origin[name] for name in operation.inputs if name in origin}))
        mine = layers.get(number, [])
        if mine and len(sources) == 1 and all(_rides(layer) for layer in mine):
            host = stops[sources[0]]
            stops[sources[0]] = replace(host, riders=(*host.riders, *(layer.number for layer in mine)))
            at = sources[0]
        elif mine:
            stops += [Stop(layer.name, layer.output, sources, layer.number) for layer in mine]
            at = len(stops) - 1
        elif len(sources) > 1:
            sign, word = _join(operation)
            stops.append(Stop(operation.name, operation.outputs[0], sources, join=sign, word=word))
            at = len(stops) - 1
        elif sources:
            at = sources[0]
        else:
            continue
        origin |= dict.fromkeys(operation.outputs, at)
    return tuple(stops)


def _rides(layer: Layer) -> bool:
    """Whether a layer only scales or shifts each value: every neuron has one connection, to the input at its place."""
    lines = layer.weight_lines
    if not layer.lines or layer.output_shape is None or layer.opaque:
        return False
    return all(line.inputs and not line.depends and _one_each(line, layer) for line in lines)


def _one_each(line: Line, layer: Layer) -> bool:
    assert layer.output_shape is not None
    return not line.inner and line.relation.connections == prod(layer.output_shape) and layer.calls == 1


def _join(operation: Operation) -> tuple[str, str]:
    """What a join does, read off its lines: how many values each of its outputs is made of."""
    lines = operation.lines
    if any(len(line.inputs) > 1 for line in lines):
        return "×", "multiplies"
    if lines and all(line.exact for line in lines):
        taps = sum(line.relation.connections for line in lines)
        outputs = prod(lines[0].shape(lines[0].formula.output.name))
        if taps == outputs:
            return "&", "puts side by side"
        if taps == outputs * len(lines):
            return "+", "adds"
    return "*", operation.kind


# --- ties and repeats -----------------------------------------------------------------------------------------


def _weights(layer: Layer) -> tuple[int, ...]:
    found = (line.parameter for line in layer.weight_lines)
    return tuple(dict.fromkeys(number for number in found if number is not None))


def _ties(model: Model) -> tuple[Tie, ...]:
    users: dict[int, list[int]] = {}
    for layer in model.layers:
        for number in _weights(layer):
            users.setdefault(number, []).append(layer.number)
    return tuple(Tie(number, tuple(layers)) for number, layers in users.items() if len(layers) > 1)


def _seen(model: Model) -> tuple[tuple[int, int], ...]:
    first: dict[int, int] = {}
    found = []
    for layer in model.layers:
        numbers = _weights(layer)
        if numbers and all(number in first for number in numbers):
            found.append((layer.number, first[numbers[0]]))
        for number in numbers:
            first.setdefault(number, layer.number)
    return tuple(found)


def _signs(model: Model, stops: Sequence[Stop], ties: Sequence[Tie]) -> list[Hashable]:
    """For each stop what makes it equal to another: its formulas at their shapes, and how far back it reads."""
    few = {layer for tie in ties if len(tie.layers) < FEW_CALLS for layer in tie.layers}
    found: list[Hashable] = []
    for number, stop in enumerate(stops):
        back = tuple(number - source for source in stop.sources)
        if stop.layer is None and not stop.join:
            found.append(number)
        elif stop.layer is None:
            found.append((stop.join, back, tuple(_pattern(model.layers[rider]) for rider in stop.riders)))
        else:
            layer = model.layers[stop.layer]
            own = number if stop.layer in few or not layer.lines else None
            found.append((own, back, *(_pattern(one) for one in (layer, *(model.layers[n] for n in stop.riders)))))
    return found


def _pattern(layer: Layer) -> Hashable:
    return layer.kind, layer.output_shape, tuple((line.pattern.text, line.shapes) for line in layer.lines)


def _repeats(signs: Sequence[Hashable]) -> tuple[Repeat, ...]:
    """Blocks that come several times in a row: from each stop on, those that save most; of equal ones the shortest."""
    numbers: dict[Hashable, int] = {}
    line = [numbers.setdefault(sign, len(numbers)) for sign in signs]
    found: list[Repeat] = []
    at = 0
    while at < len(line):
        best = max((_repeat(line, at, length) for length in range(1, MOST_BLOCK + 1)), key=_saved)
        if _saved(best) > 1:
            found.append(best)
            at = best.stop
        else:
            at += 1
    return tuple(found)


def _repeat(line: Sequence[int], start: int, length: int) -> Repeat:
    times = 1
    block = line[start : start + length]
    while len(block) == length and line[start + times * length : start + (times + 1) * length] == block:
        times += 1
    return Repeat(start, length, times)


def _saved(repeat: Repeat) -> int:
    return repeat.length * (repeat.times - 1)
