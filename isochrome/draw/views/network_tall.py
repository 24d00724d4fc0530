"""The network on a narrow page: the spine runs downward, cone and maps beside it, and the counts as rows under it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from isochrome.ask.network import Network
from isochrome.draw.identity import identity
from isochrome.draw.layout import fitted, paragraph, place_text
from isochrome.draw.picture import Area, Bracket, Dot, Edge, Label, Mark, Rect, Rule, keys
from isochrome.draw.scene import Scene
from isochrome.draw.views.network_cone import LEAST, Step, certainty, cone_steps
from isochrome.draw.views.network_maps import Map, map_marks, maps_of
from isochrome.draw.views.network_plan import Plan, Spot
from isochrome.draw.views.network_spine import SIGN, TALL, captions, links, node_marks, peak, sign_marks
from isochrome.draw.views.sentences import few
from isochrome.errors import shown

__all__ = ["NARROWEST", "WIDEST", "tall_spine"]

NARROWEST, WIDEST = 340.0, 560.0
"""The least and the greatest width that is made use of."""
LINE, NODE = 58.0, 46.0
"""Where the line of stops runs, and where its nodes begin; arcs are to the left of it."""
SIDE, CELL = 56.0, 7.0
NUMBER = 58.0
"""Room for what is written beside a line of the cone."""
MAP, BETWEEN = 28.0, 4.0
ARC, TIE = 46.0, 30.0
HEAD = 40.0


@dataclass(frozen=True, slots=True)
class Columns:
    """Where the columns of a tall network stand."""

    node: float
    cone: float
    side: float
    maps: float
    map: float
    most: int

    @property
    def number(self) -> float:
        """Where the numbers of the cone stand."""
        return self.cone + self.side + 6


def columns(width: float) -> Columns:
    """The columns that share a width: nodes, cone and maps grow with it."""
    more = width - NARROWEST
    node = 112 + 0.3 * more
    cone = NODE + node + 8
    side = SIDE + 0.3 * more
    maps = cone + side + NUMBER
    most = 3 if width - maps >= 3 * MAP + 2 * BETWEEN else 2
    return Columns(node, cone, side, maps, min(44.0, (width - maps + BETWEEN) / most - BETWEEN), most)


def tall_spine(scene: Scene, found: Network, across: Plan, width: float, y: float) -> tuple[list[Mark], float, Plan]:
    """Spine, cone and maps from height ``y`` on, where they end, and the stops where they stand: ``x`` is a height."""
    at = columns(width)
    steps = cone_steps(scene, across)
    maps = {spot.number: maps_of(scene, spot, at.most) for spot in across.spots} if scene.values else {}
    marks = _heads(scene, at, bool(steps), any(maps.values()), y)
    told = _told(scene, found, across, width, y + HEAD + 16)
    marks += told
    plan = _standing(scene, across, (told[-1].y if told else y + HEAD - 4) + 26)
    spots = {spot.number: spot for spot in plan.spots}
    cone = tuple(replace(step, spot=spots[step.spot.number]) for step in steps)
    marks += _cone(cone, at)
    marks += _line(plan, found)
    marks += [mark for spot in plan.spots for mark in _stop(scene, spot, at)]
    marks += [mark for spot in plan.spots for mark in _maps(maps.get(spot.number, []), spot, at)]
    end = plan.right + 22
    if cone:
        words = paragraph(0, end + 14, f"The cone is {certainty(scene, cone)}.", width, size=11.5)
        marks += words
        end = words[-1].y
    return marks, end, plan


def _heads(scene: Scene, at: Columns, cone: bool, maps: bool, y: float) -> list[Mark]:
    marks: list[Mark] = [Label(0, y + 14, "spine", "group"), Label(0, y + 31, "shape of output", "caption", size=11.5)]
    name = fitted(f"of {scene.layer.name}[{place_text(scene.neurons[0])}]", at.maps - at.cone - 6, 11.5)
    marks += [Label(at.cone, y + 14, "receptive cone", "group"),
              Label(at.cone, y + 31, name if cone else "not known here", "caption", size=11.5)]  # fmt: skip
    if maps:
        marks += [Label(at.maps, y + 14, "maps", "group"),
                  Label(at.maps, y + 31, "ink: value", "caption", size=11.5)]  # fmt: skip
    return marks


def _told(scene: Scene, found: Network, plan: Plan, width: float, y: float) -> list[Label]:
    """What the arcs at the left are, in words: they have no room of their own."""
    here = {spot.stop.layer for spot in plan.layers}
    lines = ["Thin arc: the same values, no weights."] if any(not link.straight for link in links(plan)) else []
    for tie in found.ties:
        away = len(set(tie.layers) - here)
        if away < len(tie.layers):
            name = shown(scene.model.parameters[tie.parameter].names[0], 40)
            lines.append(f"Thick arc: {name} is one parameter of {few(len(tie.layers))} layers"
                         + (f", {away} not drawn." if away else "."))  # fmt: skip
    for repeat in plan.repeats:
        if any(spot.number in repeat.block for spot in plan.spots):
            words = f"Bracket: block {repeat.drawn + 1} of {repeat.times} equal ones in a row"
            lines.append(f"{words}; the others are folded away.")
    marks: list[Label] = []
    for line in lines:
        marks += paragraph(0, marks[-1].y + 16 if marks else y, line, width, size=11.5)
    return marks


def _standing(scene: Scene, across: Plan, y: float) -> Plan:
    """The same stops below one another: ``x`` and ``width`` are heights."""
    spots: list[Spot] = []
    end, joins = y, 0
    for spot in across.spots:
        if spot.stop.layer is not None:
            top = end + (24 if joins else 16 if spots else 0)
            rows = captions(scene, spot, scene.model.layers[spot.stop.layer])
            spots.append(replace(spot, x=top, width=TALL))
            end, joins = top + TALL + 4 + 15 * len(rows), 0
        else:
            x = end + (0 if not spots else 18 if spot.stop.join else 14)
            spots.append(replace(spot, x=x, width=0))
            end, joins = x + (6 if spot.stop.join else 22), joins + 1
    return replace(across, spots=tuple(spots), right=end)


# --- the line and its stops -------------------------------------------------------------------------------------------


def _stop(scene: Scene, spot: Spot, at: Columns) -> list[Mark]:
    if spot.stop.layer is None:
        if spot.stop.join:
            return sign_marks(scene, spot, LINE, spot.x)
        name = fitted(shown(spot.stop.name, 60), at.cone - LINE - 18, 11.5)
        return [Dot(LINE, spot.x, 5, fill="ink"), Label(LINE + 12, spot.x + 4, name, "caption", size=11.5)]
    layer = scene.model.layers[spot.stop.layer]
    marks = node_marks(scene, spot, layer, NODE, spot.x, at.node)
    for row, (words, bold) in enumerate(captions(scene, spot, layer)):
        text = fitted(words, at.node - (LINE - NODE) - 8, 11.5, bold)
        marks.append(Label(LINE + 10, spot.right + 15 + 15 * row, text, "caption", "start", bold,
                           "ink" if bold else None, 11.5, keys=keys(layer.number)))  # fmt: skip
    return marks


def _line(plan: Plan, found: Network) -> list[Mark]:
    """The straight line, arcs for what passes stops, thick ones for ties, brackets beside folded blocks."""
    straight, arcs = list[Mark](), list[Mark]()
    for link in links(plan):
        end = link.spot.x - (SIGN if link.spot.stop.join else 0)
        if link.straight:
            start = end - 20 if link.origin is None else _leave(link.origin)
            straight.append(Rule(((LINE, start), (LINE, end)), "heavy"))
        else:
            arcs += _arc(plan, link.spot, link.origin, min(peak(plan, link), ARC))
    drawn = [spot for spot in plan.spots if spot.stop.sources or spot.stop.layer is not None]
    if plan.after and drawn:
        straight.append(Rule(((LINE, _leave(drawn[-1])), (LINE, plan.right + 18)), "heavy"))
    for repeat in plan.repeats:
        block = [spot for spot in plan.spots if spot.number in repeat.block]
        if block:
            arcs.append(Bracket(3, block[0].x - (0 if block[0].width else SIGN), 3, _leave(block[-1]), 5))
    return [*straight, *arcs, *_ties(plan, found)]


def _leave(spot: Spot) -> float:
    return spot.right + (SIGN if spot.stop.join else 0)


def _arc(plan: Plan, spot: Spot, origin: Spot | None, high: float) -> list[Mark]:
    left = LINE - high / 0.75
    y1 = plan.spots[0].x - 16 if origin is None else _fork(origin)
    y2 = spot.x if spot.stop.join else spot.x - 8
    x2 = LINE - (SIGN if spot.stop.join else 0)
    marks: list[Mark] = [Edge(LINE, y1, x2, y2, kind="skip", controls=((left, y1), (left, y2)))]
    if origin is not None:
        marks.append(Dot(LINE, y1, 3, fill="ink"))
    return marks if spot.stop.join else [*marks, Dot(x2, y2, 3, fill="ink")]


def _fork(spot: Spot) -> float:
    return spot.right + (8 if spot.width else SIGN + 5 if spot.stop.join else 8)


def _ties(plan: Plan, found: Network) -> list[Mark]:
    spots = {spot.stop.layer: spot for spot in plan.layers}
    marks: list[Mark] = []
    for tie in found.ties:
        here = [spots[layer] for layer in tie.layers if layer in spots]
        name, left = identity("parameter", tie.parameter), NODE - TIE / 0.75
        for one, other in zip(here, here[1:], strict=False):
            marks.append(Edge(NODE, one.middle, NODE, other.middle, name, kind="tie",
                              controls=((left, one.middle), (left, other.middle))))  # fmt: skip
    return marks


# --- what stands beside a stop ----------------------------------------------------------------------------------------


def _cone(steps: tuple[Step, ...], at: Columns) -> list[Mark]:
    """The cone, its lines of cells lying, a number at the right of each."""
    if not steps:
        return []
    counts = [step.sides[-1] if step.sides else 1 for step in steps]
    cell, middle = min(CELL, at.side / max(counts)), at.cone + at.side / 2
    left = [(middle - cell * count / 2, step.spot.middle) for step, count in zip(steps, counts, strict=True)]
    right = [(middle + cell * count / 2, step.spot.middle) for step, count in zip(steps, counts, strict=True)]
    marks: list[Mark] = [Area((*left, *reversed(right)))]
    for step, (x, y), count in zip(steps, left, counts, strict=True):
        if step is steps[-1] and count == 1:
            marks.append(Rect(middle - 4, y - 4, 8, 8, "ink", "none"))
        else:
            marks.append(Rect(x, y - 4, cell * count, 8, "paper", "ink"))
            places = range(1, count) if cell >= LEAST else ()
            marks += [Rule(((x + cell * n, y - 4), (x + cell * n, y + 4)), "thin") for n in places]
        text = fitted(step.text, NUMBER - 10, 12, step is steps[0], True)
        marks.append(Label(at.number, y + 4, text, "mono", bold=step is steps[0], size=12))
    return marks


def _maps(some: list[Map], spot: Spot, at: Columns) -> list[Mark]:
    top, step = spot.middle - at.map / 2, at.map + BETWEEN
    return [mark for n, one in enumerate(some) for mark in map_marks(one, at.maps + n * step, top, at.map)]
