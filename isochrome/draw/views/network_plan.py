"""Which part of the network is drawn, and where each stop of it stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from isochrome.ask.network import Network, Repeat, Stop, folded

__all__ = ["FIRST", "GAP", "Plan", "Spot", "foldable", "plan"]

FIRST = 170.0
"""Where the first node begins; the words of each row stand before it, the model's input between them."""
INPUT = 134.0
NODE, GAP, JOIN = 104.0, 32.0, 34.0
BREAK = 56.0
"""Room for the sign that something before the first node is not drawn."""
ROOM = 990.0
"""How wide the drawn part may be: seven nodes and a join or two."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A stop and the box it stands in; of a join and an input a point."""

    number: int
    stop: Stop
    x: float
    width: float

    @property
    def right(self) -> float:
        """The right end."""
        return self.x + self.width

    @property
    def middle(self) -> float:
        """The middle."""
        return self.x + self.width / 2


@dataclass(frozen=True, slots=True)
class Plan:
    """The drawn stops in order, inputs first; ``before`` and ``after`` are how many layers are not drawn."""

    spots: tuple[Spot, ...]
    repeats: tuple[Repeat, ...]
    before: int
    after: int
    right: float
    gap: float = GAP

    def at(self, number: int, reader: int) -> Spot | None:
        """Where a stop that another reads is drawn: its equal, where it repeats one; None where it is not drawn.

        What a block reads of the block before it, the first block reads of what comes before them all.
        """
        for repeat in self.repeats:
            if reader in repeat.block and repeat.start <= number < repeat.block.start:
                number += repeat.start - repeat.block.start
            number = repeat.drawn_copy(number)
        return next((spot for spot in self.spots if spot.number == number), None)

    @property
    def layers(self) -> tuple[Spot, ...]:
        """The nodes that are layers."""
        return tuple(spot for spot in self.spots if spot.stop.layer is not None)


def plan(found: Network, current: int, window: tuple[int, int] | None, fold: bool = True,
         gap: float = GAP) -> Plan:  # fmt: skip
    """The stops around the current layer, or around the layers of a window, that fit the width.

    A smaller ``gap`` between nodes makes the same part narrower.
    """
    centre = found.stop_of(current)
    numbers, repeats = folded(found, centre, fold and foldable(found))
    inputs = [n for n in numbers if not found.stops[n].sources and found.stops[n].layer is None]
    line = [n for n in numbers if n not in inputs]
    chosen = _inside(found, line, window) if window else _around(found, line, centre)
    spots = [Spot(n, found.stops[n], INPUT, 0) for n in inputs]
    right = FIRST - gap + (BREAK if chosen and chosen[0] != line[0] else 0)
    joins = 0
    for number in chosen:
        stop = found.stops[number]
        if stop.join:
            x = right + 18 + JOIN * joins
            spots.append(Spot(number, stop, x, 0))
            joins += 1
            continue
        x = right + (gap if not joins else 16 + JOIN * joins)
        spots.append(Spot(number, stop, x, NODE))
        right, joins = x + NODE, 0
    end = right + (18 + JOIN * joins if joins else 0)
    first, last = (chosen[0], chosen[-1]) if chosen else (0, 0)
    before = _layers(found, [n for n in line if n < first])
    after = _layers(found, [n for n in line if n > last])
    return Plan(tuple(spots), repeats, before, after, end, gap)


def foldable(found: Network) -> bool:
    """Whether equal blocks are worth folding: there are some, and the whole does not fit the width."""
    return bool(found.repeats) and sum(_wide(found, n) for n in range(len(found.stops))) > ROOM + NODE


def _layers(found: Network, numbers: Sequence[int]) -> int:
    return sum(found.stops[n].layer is not None for n in numbers)


def _inside(found: Network, line: Sequence[int], window: tuple[int, int]) -> list[int]:
    layers = [found.stops[n].layer for n in line]
    inside = [at for at, layer in enumerate(layers) if layer is not None and window[0] <= layer < window[1]]
    if not inside:
        return list(line[:1])
    low, high = inside[0], inside[-1] + 1
    while high < len(line) and layers[high] is None:
        high += 1
    return list(line[low:high])


def _around(found: Network, line: Sequence[int], centre: int) -> list[int]:
    """The centre and its neighbours on both sides, while they fit."""
    if centre not in line:
        centre = line[0] if line else centre
    low = line.index(centre) if line else 0
    high = low + 1
    room = ROOM - _wide(found, centre)
    sides = True
    while room > 0 and (low > 0 or high < len(line)):
        left = low > 0 and (sides or high >= len(line))
        room -= _wide(found, line[low - 1] if left else line[high])
        if room < 0:
            break
        low, high = (low - 1, high) if left else (low, high + 1)
        sides = not sides
    return list(line[low:high])


def _wide(found: Network, number: int) -> float:
    return JOIN if found.stops[number].join else NODE + GAP
