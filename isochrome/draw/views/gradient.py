"""Where the terms of a weight's gradient come from: a map over the positions that use it, for each of two weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import fsum, sqrt

from isochrome.ask.gradient import Gradient, GradientTerm, gradient
from isochrome.ask.reading import samples_of
from isochrome.core.formula import loops_of
from isochrome.core.relation import Place
from isochrome.draw.choice import channel_shown, coloured, kernel, level_legend
from isochrome.draw.layout import number, number_within, paragraph, place_text, right_of, sum_text, text_width
from isochrome.draw.picture import Cell, Dot, Keys, Label, Mark, Picture, Rect, Table, TextToken, keys
from isochrome.draw.scene import Scene
from isochrome.draw.view import View
from isochrome.draw.views.digits import Digits, digits
from isochrome.draw.views.windows import Intervals, in_plane, named_positions, plane, position_window
from isochrome.draw.views.wording import counted, drawn, title_of
from isochrome.errors import shown

__all__ = ["VIEW"]

_CELL, _SMALL = 104.0, 40.0
_NUMBERED, _FEW, _MAPPED = 5, 3, 9
"""The most positions along an axis with their arithmetic in the cells, on a narrow page too, and without."""
_GAP = 72.0
_LEFT, _TOP = 34.0, 70.0
_DETAIL = 12.5
_SHORT = 8
"""The most characters of a term that stands alone in its cell."""


@dataclass(frozen=True, slots=True, eq=False)
class _Map:
    """One weight, its gradient, and for each position the layer's own terms there."""

    place: Place
    identity: str | None
    found: Gradient
    terms: dict[Place, tuple[GradientTerm, ...]]

    @property
    def own(self) -> tuple[GradientTerm, ...]:
        """The terms that the drawn layer adds."""
        return tuple(term for some in self.terms.values() for term in some)

    def at(self, position: Place) -> float | None:
        """What the position adds; None where it does not use the weight, or the run does not say."""
        products = [term.product for term in self.terms.get(position, ())]
        known = [product for product in products if product is not None]
        return fsum(known) if products and len(known) == len(products) else None


@dataclass(frozen=True, slots=True, eq=False)
class _Plan:
    scene: Scene
    window: Intervals
    side: float
    detailed: bool
    """Whether the arithmetic stands in the cells."""
    maps: tuple[_Map, ...]
    largest: float
    style: Digits | None
    """How terms are printed: all alike."""

    @property
    def size(self) -> tuple[float, float]:
        (top, end), (left, right) = plane(self.window)
        return (right - left) * self.side, (end - top) * self.side

    @property
    def wide(self) -> float:
        """The width of one map with its words."""
        return self.scene.width - _LEFT - 4 if self.scene.narrow else max(self.size[0], 240.0)


def _draw(scene: Scene) -> Picture:
    plan = _plan(scene)
    marks: list[Mark] = []
    x = y = low = right = 0.0
    for one in plan.maps:
        found, edge, bottom = _panel(plan, one, x, y)
        marks += found
        x, y = (0.0, bottom + _GAP / 2) if scene.narrow else (x + _LEFT + plan.wide + _GAP, 0.0)
        low, right = max(low, bottom), max(right, edge)
    of = plan.maps[0].found.of
    window = named_positions(scene.y, plan.window)
    return Picture(
        right + 4,
        low + 8,
        title_of("Gradient", shown(scene.layer.name, 60)),
        f"For {counted(len(plan.maps), 'weight')} of {shown(scene.layer.name, 60)}: what each position adds to the "
        f"gradient of {shown(of, 120)}.",
        level_legend(scene),
        coloured(scene),
        tuple(marks),
        subtitle=drawn("Where the gradient of a weight comes from: one term for each position that uses it.", window),
        formula=_formula(scene),
        window=window[:1].upper() + window[1:],
        notes=_notes(plan),
        table=_table(plan),
    )


def _unfit(scene: Scene) -> str:
    if scene.values is None or scene.parameter is None:
        return "it needs the numbers of a run, and a stored weight"
    if scene.x is None:
        return "the layer multiplies no input: a weight's gradient is what arrives at the places that look it up"
    if scene.line.of and scene.x_values is None:
        return f"its input is the {scene.line.of}, which the run does not give"
    if not scene.y.of("position"):
        return "each weight is used once for each sample, so there is no map to draw"
    return "" if len(scene.filter_rows) else "the chosen filter has no connection"


# --- what is drawn ----------------------------------------------------------------------------------------------------


def _plan(scene: Scene) -> _Plan:
    sizes = [scene.y.shape[axis] for axis in scene.y.of("position")][-2:]
    detailed = max(sizes) <= (_FEW if scene.narrow else _NUMBERED)
    most = _NUMBERED if detailed else _MAPPED
    side = _CELL if detailed else _SMALL
    if scene.narrow:
        side = min(side, (scene.width - _LEFT - 4) / min(sizes[-1], most))
    window = position_window(scene, (most, most))
    maps = tuple(_map(scene, place) for place in _weights(scene))
    inside = [one.at(position) for one in maps for position in _positions(window)]
    known = [value for value in inside if value is not None]
    largest = max(map(abs, known), default=0.0)
    return _Plan(scene, window, side, detailed, maps, largest, digits([known], _SHORT))


def _weights(scene: Scene) -> tuple[Place, ...]:
    """Two weights: the chosen one, the middle and the first coloured one of a filter's, for the chosen channel."""
    some = kernel(scene, scene.filter_rows, channel_shown(scene))
    names = coloured(scene).coloured
    first = () if scene.weight is None else (scene.weight,)
    early = next((place for place in some if scene.weight_identity(place) in names), some[0])
    return tuple(dict.fromkeys((*first, some[len(some) // 2], early, some[0])))[:2]


def _map(scene: Scene, place: Place) -> _Map:
    assert scene.values is not None
    found = gradient(scene.model, scene.layer, scene.line, place, scene.values, scene.target)
    axes = scene.y.of("position")
    terms: dict[Place, tuple[GradientTerm, ...]] = {}
    for term in found.terms:
        if term.number == scene.layer.number and len(term.y) == len(scene.y.shape):
            position = tuple(term.y[axis] for axis in axes)
            terms[position] = (*terms.get(position, ()), term)
    return _Map(place, scene.weight_identity(place), found, terms)


def _positions(window: Intervals) -> list[Place]:
    (top, end), (left, right) = plane(window)
    return [in_plane(window, row, column) for row in range(top, end) for column in range(left, right)]


# --- marks ------------------------------------------------------------------------------------------------------------


def _panel(plan: _Plan, one: _Map, x: float, y: float) -> tuple[list[Mark], float, float]:
    """One weight's map under its head; where it ends on the right, and below."""
    (top, end), (left, right) = plane(plan.window)
    side, at_x, at_y = plan.side, x + _LEFT, y + _TOP
    marks = _head(plan, one, at_x, y)
    marks += _rulers(plan, at_x, at_y)
    for row in range(top, end):
        for column in range(left, right):
            corner = at_x + (column - left) * side, at_y + (row - top) * side
            marks += _cell(plan, one, in_plane(plan.window, row, column), *corner)
    low = at_y + plan.size[1]
    room = plan.wide + (0 if plan.scene.narrow else _GAP - 12)
    lead, *lines = _sum(plan, one, room)
    words = [*paragraph(at_x, low + 30, lead, room, "total")]
    for line in lines:
        words += paragraph(at_x, words[-1].y + 22, line, plan.wide, size=_DETAIL)
    return [*marks, *words], max(at_x + plan.wide, right_of(words)), words[-1].y


def _head(plan: _Plan, one: _Map, x: float, y: float) -> list[Mark]:
    scene = plan.scene
    values = scene.w_values
    value = "" if values is None else f" = {number_within(values[one.place], 10)}"
    where = keys(scene.layer.number, w=one.place, parameter=scene.line.parameter)
    name = f"{scene.line.weight}[{place_text(one.place)}]"
    return [
        Cell(x, y + 2, 28, 28, identity=one.identity, keys=where),
        Label(x + 38, y + 21, name + value.replace("= ≈", "≈ "), "mono", bold=True, size=15),
    ]


def _rulers(plan: _Plan, x: float, y: float) -> list[Mark]:
    """The numbers of the rows and columns."""
    (top, end), (left, right) = plane(plan.window)
    axes = plan.scene.y.of("position")
    letters = [plan.scene.y.letters[axis] for axis in axes]
    every = 1 if plan.detailed else 2
    marks: list[Mark] = []
    for column in range(left, right, every):
        text = f"{letters[-1]} = {column}" if plan.detailed or column == left else str(column)
        marks.append(Label(x + (column - left + 0.5) * plan.side, y - 10, text, "index", "middle", size=11))
    if len(axes) > 1:
        for row in range(top, end, every):
            text = f"{letters[-2]} = {row}" if plan.detailed or row == top else str(row)
            middle = y + (row - top + 0.5) * plan.side
            marks.append(Label(x - 12, middle, text, "index", "middle", size=11, turn=-90))
    return marks


def _cell(plan: _Plan, one: _Map, position: Place, x: float, y: float) -> list[Mark]:
    """One position: the term as a square whose area is its size, hollow where it is negative."""
    side, terms = plan.side, one.terms.get(position, ())
    padded = bool(terms) and all(term.x is None for term in terms)
    where = _keys(plan.scene, one, terms)
    if not terms:
        return [Rect(x, y, side, side, "paper", "hair", 2)]
    frame = Cell(x, y, side, side, padding=padded, round=2, keys=where)
    marks: list[Mark] = [frame]
    value = one.at(position)
    if value is not None and not padded:
        marks += _square(plan, one, value, x + side / 2, y + side * (0.46 if plan.detailed else 0.5), where)
    if not plan.detailed:
        return marks
    marks.append(Label(x + 6, y + 15, place_text(position[-2:]), "index", plate=padded, size=11))
    text = "padding" if padded else _arithmetic(plan, terms, value, side - 10)
    ink: TextToken = "ink3" if padded or value == 0 else "ink"
    marks.append(Label(x + side / 2, y + side - 11, text, "mono", "middle", ink=ink, size=_DETAIL, plate=padded))
    return marks


def _square(plan: _Plan, one: _Map, value: float, x: float, y: float, where: Keys) -> list[Mark]:
    share = abs(value) / plan.largest if plan.largest else 0.0
    side = sqrt(share) * plan.side * (0.36 if plan.detailed else 0.8)
    if side < 1.5:
        return [Dot(x, y, 1.5, keys=where)]
    return [Rect(x - side / 2, y - side / 2, side, side, "paper", "ink", 0, one.identity, value < 0, where)]


def _arithmetic(plan: _Plan, terms: Sequence[GradientTerm], value: float | None, width: float) -> str:
    """``1 × 2 = 2`` where that is true as printed and fits, else the term alone, rounded as all others are."""
    if value is None:
        return "?"
    room = int(width / (0.6 * _DETAIL))
    if plan.style is not None and not plan.style.exact:
        return plan.style.text(value)
    term = terms[0]
    if len(terms) == 1 and term.delta is not None and term.input is not None:
        text = f"{number(term.delta)} × {number(term.input)} = {number(value)}"
        if len(text) <= room and term.delta * term.input == value:
            return text
    return number_within(value, min(room, _SHORT))


def _keys(scene: Scene, one: _Map, terms: Sequence[GradientTerm]) -> Keys:
    places = [term.x for term in terms if term.x is not None]
    neurons = dict.fromkeys(term.y for term in terms)
    return keys(scene.layer.number, y=neurons, x=dict.fromkeys(places), w=one.place, parameter=scene.line.parameter)


# --- words ------------------------------------------------------------------------------------------------------------


def _sum(plan: _Plan, one: _Map, width: float) -> list[str]:
    """The sum of what the map shows, as terms where that is short and true as printed; then what the rest adds."""
    found, name = one.found, f"{plan.scene.line.weight}[{place_text(one.place)}]"
    if found.total is None:
        return ["the run does not give every number", f"{counted(len(one.own), 'use')} of {name}"]
    part = [term for position in _positions(plan.window) for term in one.terms.get(position, ()) if term.x is not None]
    values = _products(part)
    total = fsum(values)
    text = sum_text(values, total) if 0 < len(values) <= 12 and _adds_up(values, total) else ""
    whole = number(total, 6)
    lead = whole if whole.startswith("≈") else f"= {whole}"
    if text and text_width(text, 15, True, True) <= width:
        lead = text
    return [lead, *_beyond(plan, one, name, part)]


def _beyond(plan: _Plan, one: _Map, name: str, part: Sequence[GradientTerm]) -> list[str]:
    """What the map does not show: the layer's other terms, those of other layers, and the gradient that they make."""
    found, own = one.found, one.own
    real = [term for term in own if term.x is not None]
    assert found.total is not None
    gradient_text = f"the gradient by {name} is {number(found.total, 6)}{_checked(found)}"
    uses = f"{len(real):,} of {counted(len(own), 'use')}"
    lines = [f"{uses} give a term"]
    if len(part) < len(real):
        whole = number(fsum(_products(real)), 6)
        lines = [f"the sum of the {counted(len(part), 'term')} drawn", f"{uses} give a term, {whole} in all"]
    mine = set(map(id, own))
    others = [term for term in found.terms if id(term) not in mine]
    if not others:
        return [*lines[:-1], f"{uses} give a term; {gradient_text}"]
    layers = len({term.number for term in others})
    adds = f"{counted(layers, 'other layer')} {'add' if layers > 1 else 'adds'} {number(fsum(_products(others)), 6)}"
    here = f"{lines[-1]}, all in {shown(plan.scene.layer.name, 40)}"
    return [*lines[:-1], here, f"{adds}: {gradient_text}"]


def _products(terms: Sequence[GradientTerm]) -> list[float]:
    return [term.product for term in terms if term.product is not None]


def _adds_up(values: Sequence[float], total: float) -> bool:
    """Whether the sum is true digit for digit."""
    return sum(Decimal(repr(value)) for value in values) == Decimal(repr(total))


def _checked(found: Gradient) -> str:
    if found.framework is None or found.bound is None or found.difference is None:
        return ""
    holds = "agrees" if found.difference <= found.bound else f"says {number(found.framework, 6)}"
    return f"; autograd {holds}"


def _formula(scene: Scene) -> str:
    """The gradient as a sum over the loops that the weight does not mention."""
    formula, weight = scene.line.formula, scene.line.weight_access
    mentioned = {loop for index in weight.indices for loop in loops_of(index)}
    loops = [loop for loop in formula.loops if loop not in mentioned]
    others = [str(access) for place, access in enumerate(formula.factors) if place != scene.line.weight_number - 1]
    terms = " * ".join([f"dL/d{formula.output}", *others])
    return f"dL/d{weight} = sum over {', '.join(loops)} of {terms}" if loops else f"dL/d{weight} = {terms}"


def _notes(plan: _Plan) -> tuple[str, ...]:
    found = plan.maps[0].found
    padded = any(term.x is None for one in plan.maps for term in one.own)
    samples = samples_of(plan.scene.model, plan.scene.line)
    cells = "In each cell: what arrives at the neuron × its input = the term, or the term alone where that is long. "
    if plan.style is not None and not plan.style.exact:
        cells = f"In each cell: the term, rounded {plan.style.words}. "
    cells = cells if plan.detailed else ""
    return (
        f"L is {shown(found.of, 160)}. {cells}The area of a square is the size of its term, a hollow one is negative.",
        "A hatched cell reads padding: no term." if padded else "",
        f"Each cell adds up {samples} samples." if samples > 1 else "",
        "The gradient is the sum of the terms, not their mean: one stored number gets one update, made of all its "
        "uses. That keeps shared weights equal; nothing has to copy them.",
        f"{found.note[:1].upper()}{found.note[1:]}." if found.note else "",
    )


def _table(plan: _Plan) -> Table:
    """The terms at the positions that are drawn."""
    rows = []
    for one in plan.maps:
        for term in (term for position in _positions(plan.window) for term in one.terms.get(position, ())):
            texts = ["" if value is None else number(value) for value in (term.delta, term.input, term.product)]
            x = "padding" if term.x is None else place_text(term.x)
            rows.append((place_text(one.place), place_text(term.y), x, *texts))
    return Table(("weight", "neuron", "input", "arrives", "value", "term"), tuple(rows))


VIEW = View("gradient", "Gradient", _draw, _unfit, narrow=True, chosen=True)
