"""Counts of each drawn layer as dots on one logarithmic scale: only a dot's height says anything, so no bars."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import log10

from isochrome.ask.network import Network
from isochrome.ask.report import LayerReport
from isochrome.draw.identity import identity
from isochrome.draw.layout import fitted, text_width
from isochrome.draw.picture import Dot, Label, Mark, Outline, Rect, Rule, keys
from isochrome.draw.scene import Scene
from isochrome.draw.views.network_plan import FIRST, Plan, Spot
from isochrome.draw.views.network_spine import parameters_of
from isochrome.errors import shown
from isochrome.model.parts import Layer

__all__ = [
    "DOT", "OVERVIEW", "STRIP", "Counted", "colour_of", "counted_rows", "decades", "height_of", "overview", "strips",
    "tick", "unknown",
]  # fmt: skip

STRIP, STEP = 72.0, 104.0
OVERVIEW = 58.0
DOT = 4.5
MOST_TICKS = 1000


@dataclass(frozen=True, slots=True)
class Counted:
    """One count that each layer has: its name, the model's own number, and where it is read."""

    name: str
    total: str
    unit: str
    of: Callable[[LayerReport], int | None]
    stored: bool = False
    """Whether it counts weights: a second call of a module has none of its own."""


def decades(found: Network) -> int:
    """How many powers of ten the largest count needs: the scale of every strip."""
    most = max((row.counts.connections for row in found.report.layers), default=1)
    most = max([most, *(row.counts.neurons for row in found.report.layers)])
    return max(3, len(str(most)))


def counted_rows(found: Network) -> tuple[Counted, ...]:
    """The four counts: neurons, connections, weights, and how often a weight is used."""
    totals = found.report.totals
    uses = [row.uses_per_weight.max for row in found.report.layers if row.uses_per_weight.max is not None]
    return (
        Counted("neurons", f"{totals.counts.neurons:,}", "in all", lambda row: row.counts.neurons),
        Counted("connections", f"{totals.counts.connections:,}", "in all", lambda row: row.counts.connections),
        Counted("weights", f"{totals.counts.weights:,}", "stored in all", lambda row: row.counts.weights, True),
        Counted("uses per weight", f"{max(uses, default=0):,}", "at most, on real input",
             lambda row: row.uses_per_weight.max),
    )  # fmt: skip


def strips(scene: Scene, found: Network, plan: Plan, y: float, right: float) -> tuple[list[Mark], float]:
    """Four strips under one another, and where they end."""
    rows = counted_rows(found)
    marks: list[Mark] = []
    scale = decades(found)
    for place, row in enumerate(rows):
        top = y + STEP * place
        marks += [Label(0, top + 14, row.name, "group"), Label(0, top + 32, row.total, "mono"),
                  Label(0, top + 49, row.unit, "caption")]  # fmt: skip
        marks += _grid(top, scale, right)
        for spot in plan.layers:
            marks += _dot(scene, found, spot, row, top, scale)
    return marks, y + STEP * (len(rows) - 1) + STRIP


def _grid(top: float, scale: int, right: float) -> list[Mark]:
    marks: list[Mark] = []
    for power in range(scale + 1):
        y = top + STRIP * (1 - power / scale)
        marks.append(Rule(((FIRST - 8, y), (right, y)), "hair"))
        if power % 3 == 0:
            marks.append(Label(FIRST - 14, y + 4, tick(power), "index", "end", size=11))
    return marks


def tick(power: int) -> str:
    """A power of ten in three digits' steps: 1, 1k, 1M."""
    return ("1", "1k", "1M", "1G", "1T", "1P", "1E")[min(power // 3, 6)]


def height_of(count: int) -> float:
    """How many decades up a count stands: its logarithm, from its digits so that any size will do."""
    digits = str(count)
    return len(digits) - 1 + log10(float(f"{digits[0]}.{digits[1:16] or 0}"))


def unknown(layer: Layer, count: int | None) -> str:
    """What stands where there is no dot; '' where there is one."""
    if count is None or layer.opaque:
        return "not known" if layer.opaque else "depends on data"
    return "" if count else "none"


def colour_of(layer: Layer, row: Counted) -> str | None:
    """A count of weights has the colour of the one parameter that they are in."""
    own = parameters_of(layer)
    return identity("parameter", own[0]) if row.stored and len(own) == 1 else None


def _dot(scene: Scene, found: Network, spot: Spot, row: Counted, top: float, scale: int) -> list[Mark]:
    assert spot.stop.layer is not None
    layer, here = scene.model.layers[spot.stop.layer], keys(spot.stop.layer)
    count = row.of(found.report.layers[layer.number])
    x = spot.x + 22
    first = dict(found.seen_in).get(layer.number)
    if row.stored and first is not None:
        name = fitted(f"= {shown(scene.model.layers[first].name, 60)}", 84, 12.5, True, True)
        wide = text_width(name, 12.5, True, True)
        y = top + STRIP / 2 + 4
        return [Label(spot.x, y, name, "mono", bold=True, keys=here),
                Label(spot.x + wide + 8 if wide < 30 else spot.x, y if wide < 30 else y + 15, "no new ones", "caption",
                      size=11.5)]  # fmt: skip
    if words := unknown(layer, count):
        return [Label(spot.x, top + STRIP / 2 + 4, words, "caption", size=11.5)]
    assert count is not None
    y = top + STRIP * (1 - height_of(count) / scale)
    text = fitted(f"{count:,}", spot.width + 16, 12.5, row.stored, True)
    return [
        Rule(((x, top + STRIP), (x, y)), "line"),
        Dot(x, y, DOT, colour_of(layer, row), "ink", keys=here),
        Label(x + 10, y + 4.5, text, "mono", bold=row.stored, keys=here),
    ]


def overview(scene: Scene, found: Network, plan: Plan, right: float, left: float = FIRST) -> tuple[list[Mark], float]:
    """All layers as small dots, by their weights, and where they end; the drawn ones in a frame. A click opens a layer.

    The words stand before them, or above where there is no room before them.
    """
    layers = found.report.layers
    words = ("by their weights;", "framed: drawn below")
    marks: list[Mark] = [Label(0, 16, f"all {len(layers)} layers", "group")]
    if left >= FIRST:
        top = 0.0
        marks += [Label(0, 33 + 15 * row, text, "caption", size=11.5) for row, text in enumerate(words)]
    else:
        top = 26.0
        after = text_width(marks[0].text, 14, True) + 10 if isinstance(marks[0], Label) else 0
        marks.append(Label(after, 16, " ".join(words), "caption", size=11.5))
    step = (right - left) / max(len(layers), 1)
    stride = max(1, -(-len(layers) // MOST_TICKS))
    scale = decades(found)
    marks.append(Rect(left, top, right - left, OVERVIEW, "wash", "none", 3))
    every = (number for spot in plan.spots for number in (spot.stop.layer, *spot.stop.riders))
    drawn = sorted(number for number in every if number is not None)
    if drawn:
        low, high = left + step * drawn[0], left + step * (drawn[-1] + 1)
        marks.append(Rect(low - 1, top - 1, max(high - low + 2, 4), OVERVIEW + 2, "paper", "ink", 2))
    for number in range(0, len(layers), stride):
        x = left + step * (number + 0.5)
        weights = max(layers[number].counts.weights, 1)
        y = top + OVERVIEW - 5 - (OVERVIEW - 10) * height_of(weights) / scale
        here = keys(number)
        width = max(step * stride, 1.0)
        marks.append(Dot(x, y, 1.6 if number != scene.layer.number else 3, fill="ink", keys=here))
        marks.append(Rect(x - width / 2, top, width, OVERVIEW, "none", "none", keys=here))
    at = left + step * (scene.layer.number + 0.5)
    marks.append(Outline("selected", at - 2, top - 1, 4, OVERVIEW + 2, 2))
    return marks, top + OVERVIEW
