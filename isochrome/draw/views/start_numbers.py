"""The first screen's second panel: input by channel, times a filter, is an output slice. A filter cell is one weight."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from isochrome.draw.choice import coloured, level_legend, names_of_filter
from isochrome.draw.layout import number, number_within, place_text, text_width
from isochrome.draw.picture import Label, Mark, Picture, Rule, Table, Tag, keys
from isochrome.draw.scene import Scene
from isochrome.draw.view import View
from isochrome.draw.views.blocks import (
    blocks,
    heading,
    middles,
    neurons_in,
    output_cells,
    output_name,
    plane_names,
    window_words,
)
from isochrome.draw.views.digits import Digits, digits
from isochrome.draw.views.excerpt import Reader, excerpt, filter_number, reader
from isochrome.draw.views.planes import Lattice, Plane, Slice, input_values, plane_cells, planes, slice_cells, slices
from isochrome.draw.views.sentences import few, rounded_words
from isochrome.draw.views.sums import neuron_sum, sum_digits
from isochrome.draw.views.windows import Intervals, named_positions, plane, position_window
from isochrome.draw.views.wording import counted

__all__ = ["VIEW"]

WIDTH, MARGIN = 368, 3
TERMS, KERNEL = 27, 25
ROWS = 21
"""The most rows of input cells, all planes together."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is drawn, in cells of what size; ``tall`` where numbers are long, and the output stands below."""

    readers: tuple[Reader, ...]
    planes: tuple[Plane, ...]
    slices: tuple[Slice, ...]
    outputs: Intervals
    inputs: Digits | None
    weights: Digits | None
    values: Digits | None
    input: tuple[float, float]
    weight: tuple[float, float]
    gap: float
    tall: bool

    @property
    def tops(self) -> tuple[float, ...]:
        tops, y = [], 0.0
        for one in self.planes:
            tops.append(y)
            y += one.height * self.input[1] + self.gap
        return tuple(tops)

    @property
    def height(self) -> float:
        return self.tops[-1] + self.planes[-1].height * self.input[1]


def unfit(scene: Scene) -> str:
    """Why the layer has no input and filter to draw, '' where it has."""
    if scene.x is None:
        return "its weights multiply no input: they are looked up or added"
    return ""


def draw(scene: Scene) -> Picture:
    """Input by channel, the filter's slices, and the output slice that they give."""
    plan = _plan(scene)
    top = MARGIN + 22 + (12 if any(style is not None and style.mark for style in (plan.inputs, plan.weights)) else 0)
    left, right = _left(scene, plan, top)
    more, low = (_below if plan.tall else _beside)(scene, plan, top, right)
    return Picture(
        WIDTH,
        max(top + plan.height, low) + MARGIN,
        "Numbers",
        "The input by channel, the filter’s slices that its blocks meet, and the output slice.",
        level_legend(scene),
        coloured(scene),
        (*left, *more),
        subtitle="a filter cell is one weight",
        formula=str(scene.line.formula),
        window=_window(scene, plan),
        notes=_notes(scene, plan),
        table=_table(plan),
    )


# --- what is drawn ----------------------------------------------------------------------------------------------------


def _plan(scene: Scene) -> _Plan:
    neurons = list(dict.fromkeys(scene.neurons))
    plan = _small(scene, tuple(_reader(scene, neuron, TERMS) for neuron in neurons))
    return plan or _tall(scene, tuple(_reader(scene, neuron, _kernel(scene, neuron)) for neuron in neurons))


def _reader(scene: Scene, neuron: tuple[int, ...], most: int) -> Reader:
    return reader(scene, neuron, excerpt(scene, filter_number(scene, neuron), most), most)


def _kernel(scene: Scene, neuron: tuple[int, ...]) -> int:
    """One channel's taps, or nine weights."""
    each = excerpt(scene, filter_number(scene, neuron), 9).each
    return each if 9 < each <= KERNEL else 9


def _alike(readers: Sequence[Reader]) -> list[Reader]:
    return [one for one in readers if one.excerpt.channels == readers[0].excerpt.channels]


def _small(scene: Scene, readers: tuple[Reader, ...]) -> _Plan | None:
    """Everything side by side, where whole numbers are short enough for small cells."""
    part = readers[0].excerpt
    count = max(len(planes(scene, _alike(readers), (1, 1))), 1)
    shown = planes(scene, _alike(readers), (max(ROWS // count, 1), 7))
    own = slices(scene, readers[0].filter, part)
    outputs = position_window(scene, (3, 3))
    numbers, weights = input_values(scene, shown), _stored(scene, own)
    inputs, stored = (digits([some], 2) if some else None for some in (numbers, weights))
    if (numbers and inputs is None) or (weights and stored is None) or not part.whole:
        return None
    wide = 13.0 if inputs is None or inputs.characters < 2 else 17.0
    taps = max(len(line) for one in own for line in one.rows)
    gap = 7.0 if any(one.height > 1 for one in shown) else 0.0
    values = _values(scene, readers[0].filter, outputs)
    style = (digits([values], 4) or digits([values], 4, 2)) if values else None
    (_, _), (first, last) = plane(outputs)
    total = 14 + shown[0].width * wide + 24 + taps * 19 + 50 + (last - first) * 36
    if total > WIDTH - 2 * MARGIN or len(shown) * shown[0].height > ROWS + 6:
        return None
    high = 13.0 if len(shown) * shown[0].height <= 15 else 12.0
    weight = (19.0, 19.0 if gap else high)
    return _Plan(readers, shown, own, outputs, inputs, stored, style, (wide, high), weight, gap, False)


def _tall(scene: Scene, readers: tuple[Reader, ...]) -> _Plan:
    """Input and filter above, output and sums below: for long numbers and for large layers."""
    part = readers[0].excerpt
    own = slices(scene, readers[0].filter, part)
    taps = max(len(line) for one in own for line in one.rows)
    first = planes(scene, _alike(readers), (1, 1))
    room = max(9 // max(len(first), 1), 1)
    weights, values = _stored(scene, own), _values(scene, readers[0].filter, position_window(scene, (3, 3)))
    stored = _fitting([weights], (5, 4, 3) if taps > 3 else (6, 5, 4))
    weight = 0.0 if stored is None else stored.characters * 6.0 + 6
    weight = max(weight, 20.0)
    free = WIDTH - 2 * MARGIN - 16 - 22 - taps * weight
    inputs = _fitting([input_values(scene, planes(scene, _alike(readers), (room, 7)))], (5, 4, 3))
    wide = max(20.0, 0.0 if inputs is None else inputs.characters * 6.0 + 6)
    shown = planes(scene, _alike(readers), (room, max(int(free / wide), 1)))
    if shown[0].width * wide > free:
        wide, inputs = max(free / shown[0].width, 8.0), None
    gap = 6.0 if any(one.height > 1 for one in shown) else 0.0
    style = (digits([values], 4) or digits([values], 6, 3)) if values else None
    outputs = position_window(scene, (3, 3))
    return _Plan(readers, shown, own, outputs, inputs, stored, style, (wide, 18.0), (weight, 18.0), gap, True)


def _fitting(values: list[list[float]], characters: Sequence[int]) -> Digits | None:
    """The way to print some numbers with two decimals at most that needs the least room of those that tell."""
    if not any(values):
        return None
    return next((found for some in characters if (found := digits(values, some, 2))), None)


def _stored(scene: Scene, own: Sequence[Slice]) -> list[float]:
    values = scene.w_values
    if values is None:
        return []
    return [float(values[place]) for one in own for line in one.rows for place in line if place is not None]


def _values(scene: Scene, n: int, window: Intervals) -> list[float]:
    values = scene.y_values
    return [] if values is None else [float(values[neuron]) for _, _, neuron in neurons_in(scene, n, window)]


# --- marks ------------------------------------------------------------------------------------------------------------


def _left(scene: Scene, plan: _Plan, top: float) -> tuple[list[Mark], float]:
    """Input planes, the filter's slices, and the signs between them; and where the filter ends."""
    names = plane_names(plan.planes)
    named = scene.channels > 1 or len(names) > 1
    left = MARGIN + (max(text_width(name, 11, mono=True) for name in names) + 5 if named else 0)
    read = frozenset(part.at for one in plan.readers for part in one.parts)
    words = "input, by channel" if named else "input"
    head = top - 10 - (12 if plan.inputs is not None and plan.inputs.mark else 0)
    marks: list[Mark] = [*heading(left if not named else MARGIN, head, words, plan.inputs)]
    lattices = [Lattice(left, top + y, *plan.input) for y in plan.tops]
    for one, at, name in zip(plan.planes, lattices, names, strict=True):
        marks += plane_cells(scene, one, read, at, plan.inputs)
        if named:
            middle = at.y + one.height * at.height / 2 + 4
            marks.append(Label(left - 5, middle, name, "mono", "end", ink="ink2", size=11))
    marks += blocks(scene, plan.readers, plan.planes, lattices, tags=False)
    found, right = _filter(scene, plan, left + plan.planes[0].width * plan.input[0] + 22, top)
    return [*marks, *found], right


def _filter(scene: Scene, plan: _Plan, x: float, top: float) -> tuple[list[Mark], float]:
    wide, high = plan.weight
    head = top - 10 - (12 if plan.weights is not None and plan.weights.mark else 0)
    marks: list[Mark] = [*heading(x, head, names_of_filter(scene, plan.slices[0].filter), plan.weights)]
    heights = middles(plan.planes, plan.tops, plan.input[1], plan.slices)
    signed = plan.gap > 0
    right = x
    for place, (one, middle) in enumerate(zip(plan.slices, heights, strict=True)):
        at = Lattice(x, top + middle - len(one.rows) * high / 2, wide, high)
        marks += slice_cells(scene, one, at, plan.weights)
        right = max(right, x + max(len(line) for line in one.rows) * wide)
        if signed or place == len(heights) // 2:
            marks.append(Label(x - 11, top + middle + 4.5, "×", "body", "middle", ink="ink2"))
        if signed and place:
            between = (heights[place - 1] + middle) / 2
            marks.append(Label((x + right) / 2, top + between + 4.5, "+", "body", "middle", ink="ink2"))
    return marks, right


def _beside(scene: Scene, plan: _Plan, top: float, right: float) -> tuple[list[Mark], float]:
    """Bias and output slice to the right, and under it the values of i and j."""
    (low, end), (first, last) = plane(plan.outputs)
    if plan.values is None:
        return [], top
    side = 36.0
    x = WIDTH - MARGIN - max((last - first) * side, 108)
    y = top + min(max((plan.height - (end - low) * side) / 2 - 40, 0), 34)
    n = plan.slices[0].filter
    marks: list[Mark] = [*heading(x, y - 9, output_name(scene, n), plan.values)]
    marks += output_cells(scene, n, plan.outputs, Lattice(x, y, side, side), plan.values)
    middle = y + (end - low) * side / 2
    between = (right + x) / 2
    bias = scene.bias_of(plan.readers[0].neuron)
    if bias is not None and bias[1] is not None:
        text = number(bias[1])
        signed = f"−{text[1:]}" if text.startswith("−") else f"+{text}"
        at = keys(scene.layer.number, b=bias[0])
        marks.append(Label(between, middle - 15, "bias", "caption", "middle", size=11))
        marks.append(Label(between, middle - 1, signed, "mono", "middle", ink="ink2", size=12, keys=at))
    marks.append(Label(between, middle + 16, "=", "body", "middle", ink="ink2", size=14))
    y += (end - low) * side + 14
    for place, one in enumerate(plan.readers):
        name = (
            f"y[{place_text(one.neuron)}] = {number_within(scene.y_values[one.neuron], 6)}"
            if scene.y_values is not None
            else ""
        )
        at = keys(scene.layer.number, y=one.neuron)
        marks += [Tag(x, y, "ij"[place], place > 0, at), Label(x + 22, y + 12.5, name, "mono", size=12, keys=at)]
        y += 22
    return marks, y


def _below(scene: Scene, plan: _Plan, top: float, right: float) -> tuple[list[Mark], float]:
    """Output slice and the sums of i and j under input and filter."""
    (low, end), (first, last) = plane(plan.outputs)
    y = top + plan.height + 28
    marks: list[Mark] = []
    x, bottom = MARGIN, y
    if plan.values is not None:
        wide = max(30.0, plan.values.characters * 6.6 + 8)
        n = plan.slices[0].filter
        marks += heading(x, y, output_name(scene, n), plan.values)
        y_cells = y + (22 if plan.values.mark else 10)
        marks += output_cells(scene, n, plan.outputs, Lattice(x, y_cells, wide, 24), plan.values)
        bottom = y_cells + (end - low) * 24
        x += (last - first) * wide + 20
    sums, under = _sums(scene, plan, max(x, MARGIN + 110), y)
    return [*marks, *sums], max(bottom, under)


def _sums(scene: Scene, plan: _Plan, x: float, y: float) -> tuple[list[Mark], float]:
    """What the drawn channel gives of i and of j, what the others, the bias: a sum that is true as printed."""
    found = [neuron_sum(scene, one) for one in plan.readers]
    sums = [one for one in found if one is not None and one.total is not None]
    if len(sums) < len(plan.readers):
        return [], y
    style = sum_digits(sums, 8)
    ends = [WIDTH - MARGIN - 76.0 * (len(sums) - 1 - place) for place in range(len(sums))]
    marks: list[Mark] = []
    for place, end in enumerate(ends):
        at = keys(scene.layer.number, y=plan.readers[place].neuron)
        marks.append(Tag(end - 16, y - 13, "ij"[place], place > 0, at))
    part = plan.readers[0].excerpt
    own = (
        f"channel {part.channels[0]}"
        if len(part.channels) == 1
        else f"channels {part.channels[0]} to {part.channels[-1]}"
    )
    drawn = [sum((style.rounded(value) for value in one.products), style.rounded(0.0)) for one in sums]
    lines = [(own if part.drawn == part.each else "the products shown", drawn)]
    for place, line in enumerate(sums[0].others):
        name = line.name.removeprefix("the ").split("[")[0]
        lines.append((name, [style.rounded(one.others[place].value or 0.0) for one in sums]))
    rests = [one.rest(style) for one in sums]
    lines += [("rounding", rests)] if any(rests) else []
    y += 16
    for name, values in lines:
        marks.append(Label(x, y, name, "caption"))
        marks += [
            Label(end, y, style.text(value), "mono", "end", size=12) for end, value in zip(ends, values, strict=True)
        ]
        y += 16
    marks += [Rule(((end - 62, y - 11), (end, y - 11)), "heavy") for end in ends]
    marks.append(Label(x, y + 4, f"total{'' if style.exact else ' ≈'}", "caption"))
    for end, one in zip(ends, sums, strict=True):
        marks.append(Label(end, y + 4, style.text(style.rounded(one.total or 0.0)), "mono", "end", True, size=13))
    return marks, y + 8


# --- words ------------------------------------------------------------------------------------------------------------


def _window(scene: Scene, plan: _Plan) -> str:
    inputs = window_words(scene, plan.planes[0])
    outputs = named_positions(scene.y, plan.outputs) if plan.values is not None else ""
    words = (
        plan.readers[0].excerpt.words(scene),
        f"input {inputs}" if inputs else "",
        f"output {outputs}" if outputs else "",
    )
    text = "; ".join(filter(None, words))
    return text[:1].upper() + text[1:]


def _notes(scene: Scene, plan: _Plan) -> tuple[str, ...]:
    rounded = rounded_words(inputs=plan.inputs, weights=plan.weights, outputs=plan.values)
    return tuple(filter(None, (_meaning(scene, plan), rounded)))


def _meaning(scene: Scene, plan: _Plan) -> str:
    """What equal colours say about the filter that is drawn."""
    places = [place for one in plan.slices for line in one.rows for place in line if place is not None]
    count = len(places)
    if scene.level == "weight":
        return _values_words(scene, plan)
    if scene.level == "filter":
        cells = f"{counted(count, 'cell')}: one filter, {counted(count, 'different weight')}"
        return f"One colour, {cells}." if count > 1 else "One filter of one weight."
    if scene.level == "tap":
        return "Equal colours stand at one place of the kernel: different weights, one in each channel and filter."
    if scene.level == "channel":
        return "One colour is one input channel: its inputs, and the weights that read them."
    return f"One colour: {counted(count, 'weight')} of one stored tensor."


def _values_words(scene: Scene, plan: _Plan) -> str:
    """How many of the coloured weights have one value, and that they are different weights."""
    shown = set(coloured(scene).coloured)
    values = scene.w_values
    if values is None:
        return ""
    parts = {part.w: float(part.weight or 0) for part in plan.readers[0].parts if part.identity("weight") in shown}
    often = Counter(parts.values()).most_common(1)
    if not often or often[0][1] < 2:
        return (
            "Each filter cell is one stored number, which i and j multiply with different inputs."
            if len(plan.readers) > 1
            else ""
        )
    value, times = often[0]
    name = few(times)
    told = f"{name[:1].upper()}{name[1:]} of the {few(len(parts))} coloured weights have the value {number(value)}"
    return f"{told}, yet are {name} weights: colour is identity, not value."


def _table(plan: _Plan) -> Table:
    rows = []
    for one in plan.readers:
        for part in one.parts:
            x = "padding" if part.x is None else place_text(part.x)
            numbers = ("" if value is None else number(value) for value in (part.weight, part.input, part.product))
            rows.append((place_text(part.y), place_text(part.w or ()), x, *numbers))
    return Table(("y", "w", "x", "weight", "input", "product"), tuple(rows))


VIEW = View("start-numbers", "Numbers", draw, unfit, panel=True)
