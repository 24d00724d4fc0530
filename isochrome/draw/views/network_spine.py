"""The spine of the network: a node a layer, a circle a join, arcs over what skips, thick ones over what is tied."""

from __future__ import annotations

from dataclasses import dataclass

from isochrome.ask.network import Network, Repeat
from isochrome.draw.identity import identity
from isochrome.draw.layout import fitted, text_width
from isochrome.draw.picture import Bracket, Cell, Dot, Edge, Label, Mark, Outline, Rect, Rule, keys
from isochrome.draw.scene import Scene
from isochrome.draw.views.network_plan import FIRST, Plan, Spot
from isochrome.draw.views.sentences import few
from isochrome.draw.views.wording import counted, sized
from isochrome.errors import shown
from isochrome.model.parts import Layer
from isochrome.model.places import main_line

__all__ = [
    "SIGN", "TALL", "Link", "captions", "links", "node_marks", "parameters_of", "peak", "seen_layer", "sign_marks",
    "spine", "spine_height",
]  # fmt: skip

TALL = 44.0
SWATCH = 12.0
MOST_SWATCHES = 3
SIGN = 9.0
PEAK, MORE, MOST_PEAK = 46.0, 9.0, 100.0
TIE = 40.0
"""How high arcs rise over the spine: a skip higher for each stop it passes, a tie always the same."""


def parameters_of(layer: Layer) -> tuple[int, ...]:
    """The parameters that a layer multiplies with, in order."""
    found = (line.parameter for line in layer.weight_lines)
    return tuple(dict.fromkeys(number for number in found if number is not None))


def seen_layer(scene: Scene, layer: Layer) -> Scene | None:
    """Another layer of the same run; None where it has no formula."""
    return Scene(scene.model, layer, main_line(layer), scene.values, scene.level) if layer.lines else None


def spine(scene: Scene, found: Network, plan: Plan, y: float) -> list[Mark]:
    """All of the spine, its middle at height ``y``."""
    straight, arcs, ends = list[Mark](), list[Edge](), list[Mark]()
    for link in links(plan):
        if link.straight:
            start = _arrive(link.spot) - 22 if link.origin is None else _leave(link.origin)
            line = Rule(((start, y), (_arrive(link.spot), y)), "heavy")
            if line in straight:  # two values from before what is drawn
                continue
            straight.append(line)
            if link.origin is None:
                straight.append(Label(start - 4, y + 4, "…", "caption", "end"))
        else:
            arc, dots = _skip(plan, link, found, y)
            arcs.append(arc)
            ends += dots
    nodes = [mark for spot in plan.spots for mark in _stop(scene, spot, y)]
    folds = [mark for repeat in plan.repeats for mark in _fold(plan, repeat, y)]
    words = _skip_words(arcs, y, bool(found.ties))
    return [*straight, *_onward(plan, y), *arcs, *ends, *_ties(found, plan, y), *nodes, *folds, *words]


def spine_height(found: Network, plan: Plan) -> float:
    """How far the arcs rise over the spine's middle."""
    peaks = [30.0]
    peaks += [peak(plan, link) + 26 for link in links(plan) if not link.straight]
    layers = {spot.stop.layer for spot in plan.layers}
    if any(layers & set(tie.layers) for tie in found.ties):
        peaks.append(TIE + TALL / 2 + 34)
    return max(peaks)


@dataclass(frozen=True, slots=True)
class Link:
    """A drawn stop and one that it reads, where that is drawn; straight where the one follows the other."""

    spot: Spot
    source: int
    origin: Spot | None
    straight: bool


def links(plan: Plan) -> list[Link]:
    """What each drawn stop reads, in order."""
    found: list[Link] = []
    last: Spot | None = None
    for spot in plan.spots:
        beginning = last is None or not last.stop.sources
        for source in spot.stop.sources:
            origin = plan.at(source, spot.number)
            if origin is None:
                straight = beginning
            else:
                straight = origin is last or (beginning and not origin.stop.sources)
            found.append(Link(spot, source, origin, straight))
        last = spot
    return found


def _leave(spot: Spot) -> float:
    return spot.right + (SIGN if spot.stop.join else 0)


def _arrive(spot: Spot) -> float:
    return spot.x - (SIGN if spot.stop.join else 0)


def peak(plan: Plan, link: Link) -> float:
    """How far an arc rises: more for each stop that it passes."""
    order = [spot.number for spot in plan.spots]
    start = order.index(link.origin.number) if link.origin else 0
    return min(PEAK + MORE * max(order.index(link.spot.number) - start - 2, 0), MOST_PEAK)


def _skip(plan: Plan, link: Link, found: Network, y: float) -> tuple[Edge, list[Mark]]:
    """An arc from behind one stop to before another: the values go on as they are."""
    high, origin, spot = peak(plan, link), link.origin, link.spot
    top = y - high / 0.75
    x1, y1 = (_fork(origin), y) if origin else (FIRST - 24, y - high)
    x2, y2 = (spot.x, y - SIGN) if spot.stop.join else (spot.x - 10, y)
    controls = ((x1, top) if origin else (x1 + 40, y1), (x2, top))
    ends: list[Mark] = [Dot(x1, y1, 3, fill="ink")] if origin else []
    if origin is None:
        name = fitted(f"from {shown(found.stops[link.source].name, 60)}", 130, 10.5)
        ends.append(Label(x1, y1 - 6, name, "caption", size=10.5))
    if not spot.stop.join:
        ends += [Dot(x2, y2, 3, fill="ink"), Rule(((x2, y), (spot.x, y)), "heavy")]
    return Edge(x1, y1, x2, y2, kind="skip", controls=controls), ends


def _fork(spot: Spot) -> float:
    return spot.right + (8 if spot.width else SIGN + 7 if spot.stop.join else 0)


def _onward(plan: Plan, y: float) -> list[Mark]:
    """A stub at the right where the spine goes on."""
    drawn = [spot for spot in plan.spots if spot.stop.sources or spot.stop.layer is not None]
    if not plan.after or not drawn:
        return []
    start = _leave(drawn[-1])
    return [Rule(((start, y), (start + 22, y)), "heavy"), Label(start + 26, y + 4, "…", "caption")]


def _skip_words(arcs: list[Edge], y: float, ties: bool) -> list[Mark]:
    widest = max(arcs, key=lambda arc: arc.x2 - arc.x1, default=None)
    if widest is None or widest.controls is None or widest.x2 - widest.x1 < 150 or widest.y1 != y:
        return []
    # Above the arc where nothing else is: a tie's arc and its words pass there.
    middle, top = (widest.x1 + widest.x2) / 2, y - 0.75 * (y - widest.controls[0][1])
    return [Label(middle, top + (15 if ties else -7), "the same values, no weights", "caption", "middle", size=11.5)]


# --- ties -----------------------------------------------------------------------------------------------------


def _ties(found: Network, plan: Plan, y: float) -> list[Mark]:
    marks: list[Mark] = []
    spots = {spot.stop.layer: spot for spot in plan.layers}
    for tie in found.ties:
        here = [spots[layer] for layer in tie.layers if layer in spots]
        if not here:
            continue
        away = len(tie.layers) - len(here)
        top, peak = y - TALL / 2, (y - TALL / 2) - TIE / 0.75
        name = identity("parameter", tie.parameter)
        for one, other in zip(here, here[1:], strict=False):
            marks.append(Edge(one.middle, top, other.middle, top, name, kind="tie",
                              controls=((one.middle, peak), (other.middle, peak))))  # fmt: skip
        words = f"tie: one parameter, {few(len(tie.layers))} layers" + (f", {away} not drawn" if away else "")
        middle = (here[0].middle + here[-1].middle) / 2
        half = text_width(words, 11.5, True) / 2
        marks.append(Label(max(middle, FIRST + half - 20), top - (TIE if len(here) > 1 else 0) - 8, words, "caption",
                           "middle", True, "ink", 11.5))  # fmt: skip
    return marks


# --- nodes ----------------------------------------------------------------------------------------------------


def _stop(scene: Scene, spot: Spot, y: float) -> list[Mark]:
    if spot.stop.layer is not None:
        return _node(scene, spot, scene.model.layers[spot.stop.layer], y)
    if spot.stop.join:
        return _sign(scene, spot, y)
    name = fitted(shown(spot.stop.name, 60), 66, 11.5)
    return [Dot(spot.x, y, 5, fill="ink"), Label(spot.x, y + 22, name, "caption", "middle", size=11.5)]


def sign_marks(scene: Scene, spot: Spot, x: float, y: float) -> list[Mark]:
    """A join as a circle with its sign around (x, y)."""
    box = (x - SIGN, y - SIGN, 2 * SIGN, 2 * SIGN)
    marks: list[Mark] = [
        Rect(*box, "paper", "ink", SIGN),
        Label(x, y + 4.5, spot.stop.join, "mono", "middle", True, size=13),
    ]
    return [*marks, Outline("selected", *box, SIGN)] if scene.layer.number in spot.stop.riders else marks


def _sign(scene: Scene, spot: Spot, y: float) -> list[Mark]:
    marks = sign_marks(scene, spot, spot.x, y)
    if scene.layer.number in spot.stop.riders:
        name = fitted(shown(scene.layer.name, 60), 70, 11.5, True)
        marks.append(Label(spot.x, y + TALL / 2 + 16, name, "caption", "middle", True, "ink", 11.5))
    return marks


def node_marks(scene: Scene, spot: Spot, layer: Layer, x: float, top: float, width: float) -> list[Mark]:
    """A layer as a box with the swatches of its parameters, its name and the shape of what it gives."""
    here = keys(layer.number)
    marks: list[Mark] = [Rect(x, top, width, TALL, "paper", "ink", 4, keys=here)]
    if layer.number == scene.layer.number or scene.layer.number in spot.stop.riders:
        marks.append(Outline("selected", x, top, width, TALL, 4, keys=here))
    swatches = parameters_of(layer)[:MOST_SWATCHES]
    for place, number in enumerate(swatches):
        at = x + 8 + place * (SWATCH + 2)
        marks.append(Cell(at, top + 8, SWATCH, TALL - 16, "", identity("parameter", number), keys=here))
    if layer.opaque:
        marks.append(Cell(x + 8, top + 8, SWATCH, TALL - 16, padding=True, keys=here))
    left = x + 12 + max(len(swatches), 1) * (SWATCH + 2)
    room = x + width - 6 - left
    shape = "?" if layer.output_shape is None else sized(layer.output_shape)
    return [
        *marks,
        Label(left, top + 18, fitted(shown(layer.name, 80) or "(no name)", room, 13, True, True), "mono", bold=True,
              size=13, keys=here),
        Label(left, top + 35, fitted(shape, room, 11, mono=True), "mono", ink="ink2", size=11, keys=here),
    ]  # fmt: skip


def _node(scene: Scene, spot: Spot, layer: Layer, y: float) -> list[Mark]:
    top = y - TALL / 2
    marks = node_marks(scene, spot, layer, spot.x, top, spot.width)
    for row, (words, bold) in enumerate(captions(scene, spot, layer)):
        text = fitted(words, spot.width + 24, 11.5, bold)
        marks.append(Label(spot.middle, top + TALL + 16 + 15 * row, text, "caption", "middle", bold,
                           "ink" if bold else None, 11.5, keys=keys(layer.number)))  # fmt: skip
    return marks


def captions(scene: Scene, spot: Spot, layer: Layer) -> list[tuple[str, bool]]:
    """The lines under a node, each with whether it is bold: what it turns into what, and which layers stand with it."""
    return [(words, bold) for words, bold in (_caption(scene, layer), _riders(scene, spot)) if words]


def _caption(scene: Scene, layer: Layer) -> tuple[str, bool]:
    """What a layer turns into what: channels to filters, and the size of its taps."""
    if layer.opaque:
        return "no formula", False
    seen = seen_layer(scene, layer)
    if seen is None:
        return "", False
    filters, taps = seen.y.size("filter", "group"), [seen.w.shape[axis] for axis in seen.w.of("tap")]
    if seen.x is None:
        return f"one of {counted(seen.w.shape[0], 'row')} each", False
    words = f"{seen.channels:,}→{filters:,}"
    return words + (f", {sized(taps)}" if taps else ""), False


def _riders(scene: Scene, spot: Spot) -> tuple[str, bool]:
    names = [shown(scene.model.layers[number].name, 60) for number in spot.stop.riders]
    if scene.layer.number in spot.stop.riders:
        return f"then {shown(scene.layer.name, 60)}", True
    if not names:
        return "", False
    return (f"then {names[0]}" if len(names) == 1 else f"then {len(names)} that scale"), False


def _fold(plan: Plan, repeat: Repeat, y: float) -> list[Mark]:
    """A bracket under the one block that is drawn for several equal ones."""
    spots = [spot for spot in plan.spots if spot.number in repeat.block]
    if not spots:
        return []
    at = y + TALL / 2 + 46
    left, right = spots[0].x - (SIGN if spots[0].stop.join else 0), _leave(spots[-1])
    words = f"block {repeat.drawn + 1} of {repeat.times} equal ones in a row; the others are folded away"
    half = text_width(words, 11.5, True) / 2
    middle = max(min((left + right) / 2, plan.right + 20 - half), FIRST + half - 20)
    return [Bracket(left, at, right, at, -5), Label(middle, at + 16, words, "caption", "middle", True, "ink", 11.5)]
