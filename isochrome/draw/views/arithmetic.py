"""One layer's arithmetic with all its numbers: input, filters and output by channel, and the ledger of two neurons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from isochrome.core.relation import Place
from isochrome.draw.choice import coloured, level_legend, names_of_filter
from isochrome.draw.layout import number, place_text, text_width
from isochrome.draw.picture import Cell, Label, Mark, Picture, Rule, State, Table, Tag, TextToken, keys
from isochrome.draw.scene import Scene
from isochrome.draw.view import View
from isochrome.draw.views.digits import Digits, digits
from isochrome.draw.views.excerpt import Excerpt, Reader, excerpt, filter_number, reader
from isochrome.draw.views.ledger import ledger
from isochrome.draw.views.planes import (
    Lattice,
    Plane,
    Slice,
    block_outline,
    input_values,
    place_in,
    plane_cells,
    planes,
    slice_cells,
    slices,
)
from isochrome.draw.views.sentences import rounded_words
from isochrome.draw.views.sums import Sum, neuron_sum, sum_digits, unknown
from isochrome.draw.views.windows import named_positions, plane, position_window
from isochrome.draw.views.wording import joined, title_of

__all__ = ["VIEW"]

TERMS, LARGE = 27, 49
"""The most products of a neuron that are listed; of one large kernel, whose channel would be cut otherwise."""
MARGIN = 4
ROOM = 30
"""The most rows of input cells, all planes together."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is drawn, and in cells of what width."""

    readers: tuple[Reader, ...]
    planes: tuple[Plane, ...]
    own: tuple[Slice, ...]
    other: tuple[Slice, ...]
    inputs: Digits | None
    weights: Digits | None
    input_wide: float
    weight_wide: float
    quiet_wide: float

    @property
    def flat(self) -> bool:
        """Whether every plane is one row: planes then stand as the rows of one block."""
        return all(one.height == 1 for one in self.planes)


def unfit(scene: Scene) -> str:
    """Why the layer has no arithmetic to draw, '' where it has."""
    if scene.x is None:
        return "its weights multiply no input: they are looked up or added"
    if scene.line.of:
        return f"x is the {scene.line.of}, which the model does not give as numbers"
    if not scene.line.exact or scene.line.formula.reduce != "+":
        return "its values are no sums of products"
    return "" if scene.values is not None else "it needs the numbers of a run; there are none"


def draw(scene: Scene) -> Picture:
    """Input by channel, filters, output, and beside them the ledger of i and j, whose weights are written once."""
    plan, colours = _plan(scene), coloured(scene)
    why = next((why for one in plan.readers if (why := unknown(scene, one))), "")
    left, wide, high = _left(scene, plan)
    sums = [] if why else [neuron_sum(scene, one) for one in plan.readers]
    marks = list(left)
    style = None
    if sums:
        edge = wide + 26
        right = ledger(scene, plan.readers, sums, sum_digits(sums), edge + 26, MARGIN)
        style, high = right.style, max(high, right.height)
        marks += [Rule(((edge, MARGIN), (edge, high)), "hair"), *right.marks]
        wide = edge + 26 + right.width
    return Picture(
        wide + MARGIN,
        high + MARGIN,
        title_of("Arithmetic", scene.layer.name),
        _description(plan),
        level_legend(scene),
        colours,
        tuple(marks),
        subtitle=_subtitle(plan),
        formula=str(scene.line.formula),
        window=_window(scene, plan),
        notes=_notes(plan, sums, style, why),
        table=_table(plan, sums),
    )


# --- what is drawn ----------------------------------------------------------------------------------------------------


def _plan(scene: Scene) -> _Plan:
    neurons = list(dict.fromkeys(scene.neurons))
    readers = tuple(_reader(scene, neuron) for neuron in neurons)
    part = readers[0].excerpt
    values = [float(value) for value in _weights(scene, readers)]
    weights = digits([values], 3) or digits([values], 5, 3)
    shown = _planes(scene, readers, part)
    numbers = input_values(scene, shown)
    inputs = digits([numbers], 2) or digits([numbers], 5, 3)
    beside = _beside(scene, readers)
    other = slices(scene, beside, excerpt(scene, beside, _most(scene, beside))) if beside is not None else ()
    longest = 1 if weights is None else weights.characters
    return _Plan(
        readers,
        shown,
        slices(scene, readers[0].filter, part),
        other,
        inputs,
        weights,
        24 if inputs is None or inputs.characters < 3 else inputs.characters * 6.0 + 8,
        28 if longest < 4 else longest * 6.4 + 9,
        24 if longest < 4 else longest * 6.0 + 7,
    )


def _most(scene: Scene, number: int) -> int:
    return TERMS if excerpt(scene, number, TERMS).drawn == excerpt(scene, number, TERMS).each else LARGE


def _reader(scene: Scene, neuron: Place) -> Reader:
    n = filter_number(scene, neuron)
    most = _most(scene, n)
    return reader(scene, neuron, excerpt(scene, n, most), most)


def _weights(scene: Scene, readers: Sequence[Reader]) -> list[float]:
    return [part.weight for one in readers for part in one.parts if part.weight is not None]


def _planes(scene: Scene, readers: Sequence[Reader], part: Excerpt) -> tuple[Plane, ...]:
    """The planes that are read, in windows with some inputs around the blocks where there is room."""
    alike = [one for one in readers if one.excerpt.channels == part.channels]
    first = planes(scene, alike, (1_000, 1_000))
    count = max(len(first), 1)
    widest = 9 if len(input_values(scene, first)) == 0 or digits([input_values(scene, first)], 2) else 7
    room = max(ROOM // count, 1)
    block = planes(scene, alike, (1, 1)), [part.at for part in readers[0].parts]
    del block
    return planes(scene, alike, (min(room, 9), widest))


def _beside(scene: Scene, readers: Sequence[Reader]) -> int | None:
    """The filter that is drawn small and quiet: j's where it is another one, else the next."""
    own = readers[0].filter
    others = [one.filter for one in readers if one.filter != own]
    if others:
        return others[0]
    if scene.filters < 2:
        return None
    return own + 1 if own + 1 < scene.filters else own - 1
