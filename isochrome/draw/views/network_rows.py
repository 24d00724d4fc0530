"""The counts of a narrow network: a row a layer, a dot on one logarithmic scale, four such lists."""

from __future__ import annotations

from isochrome.ask.network import Network
from isochrome.draw.layout import fitted, text_width
from isochrome.draw.picture import Dot, Label, Mark, Rule, keys
from isochrome.draw.scene import Scene
from isochrome.draw.views.network_plan import Plan, Spot
from isochrome.draw.views.network_strips import DOT, Counted, colour_of, counted_rows, decades, height_of, tick, unknown
from isochrome.errors import shown

__all__ = ["rows"]

NAME, NUMBER, ROW = 84.0, 98.0, 22.0
HEAD, BETWEEN = 44.0, 30.0
TWO = 640.0
"""From this width on two lists stand side by side."""


def rows(scene: Scene, found: Network, plan: Plan, y: float, width: float) -> tuple[list[Mark], float]:
    """The lists from height ``y`` on, and where they end."""
    several = 2 if width >= TWO else 1
    wide = (width - BETWEEN * (several - 1)) / several
    high = HEAD + ROW * len(plan.layers) + BETWEEN
    marks: list[Mark] = []
    lists = counted_rows(found)
    for place, one in enumerate(lists):
        x, top = (place % several) * (wide + BETWEEN), y + (place // several) * high
        marks += _list(scene, found, plan, one, (x, top), wide)
    return marks, y + -(-len(lists) // several) * high - BETWEEN


def _list(scene: Scene, found: Network, plan: Plan, one: Counted, at: tuple[float, float], wide: float) -> list[Mark]:
    (x, y), scale = at, decades(found)
    total = x + text_width(one.name, 14, True) + 10
    marks: list[Mark] = [Label(x, y + 14, one.name, "group"), Label(total, y + 14, one.total, "mono")]
    marks.append(Label(total + text_width(one.total, 12.5, mono=True) + 7, y + 14, one.unit, "caption", size=11.5))
    left, long = x + NAME, wide - NAME - NUMBER
    low, high = y + HEAD - 4, y + HEAD + ROW * len(plan.layers) - 4
    for power in range(scale + 1):
        line = left + long * power / scale
        marks.append(Rule(((line, low), (line, high)), "hair"))
        if power % 3 == 0:
            marks.append(Label(line, low - 5, tick(power), "index", "middle", size=11))
    for row, spot in enumerate(plan.layers):
        marks += _row(scene, found, spot, one, (x, low + ROW * (row + 0.5)), (left, long / scale))
    return marks


def _row(scene: Scene, found: Network, spot: Spot, one: Counted, at: tuple[float, float],
         axis: tuple[float, float]) -> list[Mark]:  # fmt: skip
    assert spot.stop.layer is not None
    (x, y), (left, step) = at, axis
    layer, here = scene.model.layers[spot.stop.layer], keys(spot.stop.layer)
    name = fitted(shown(layer.name, 80) or "(no name)", NAME - 10, 12, mono=True)
    marks: list[Mark] = [Label(x, y + 4, name, "mono", bold=layer is scene.layer, size=12, keys=here)]
    first, count = dict(found.seen_in).get(layer.number), one.of(found.report.layers[layer.number])
    if one.stored and first is not None:
        same = fitted(f"= {shown(scene.model.layers[first].name, 60)}", 84, 12.5, True, True)
        after = left + text_width(same, 12.5, True, True) + 14
        return [*marks, Label(left + 6, y + 4, same, "mono", bold=True, keys=here, size=12.5),
                Label(after, y + 4, "no new ones", "caption", size=11.5)]  # fmt: skip
    if words := unknown(layer, count):
        return [*marks, Label(left + 6, y + 4, words, "caption", size=11.5)]
    assert count is not None
    dot = left + step * height_of(count)
    text = fitted(f"{count:,}", NUMBER - 12, 12.5, one.stored, True)
    return [*marks, Rule(((left, y), (dot, y)), "line"), Dot(dot, y, DOT, colour_of(layer, one), "ink", keys=here),
            Label(dot + 10, y + 4, text, "mono", bold=one.stored, size=12.5, keys=here)]  # fmt: skip
