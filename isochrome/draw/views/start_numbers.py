"""The first screen's second panel: input times filter, by channel, is an output slice. A filter cell is one weight."""

from __future__ import annotations

from collections import Counter

from isochrome.draw.choice import coloured, level_legend, names_of_filter
from isochrome.draw.layout import fitted, number, number_within, place_text, right_of, text_width
from isochrome.draw.picture import Label, Mark, Picture, Rule, Tag, keys
from isochrome.draw.scene import Scene
from isochrome.draw.view import View
from isochrome.draw.views.blocks import (
    blocks,
    heading,
    middles,
    output_cells,
    output_name,
    plane_names,
    window_words,
)
from isochrome.draw.views.digits import Digits
from isochrome.draw.views.planes import Lattice, plane_cells, slice_cells
from isochrome.draw.views.sentences import few, no_products, rounded_words, taps_table
from isochrome.draw.views.start_numbers_plan import (
    INNER,
    MARGIN,
    OUTPUT,
    SIGNS,
    WIDTH,
    NumbersPlan,
    label_width,
    numbers_plan,
)
from isochrome.draw.views.sums import neuron_sum, rows_of_lines, sum_digits
from isochrome.draw.views.windows import named_positions, plane
from isochrome.draw.views.wording import counted

__all__ = ["VIEW"]


def unfit(scene: Scene) -> str:
    """Why the layer has no input and filter to draw, '' where it has."""
    return no_products(scene)


def draw(scene: Scene) -> Picture:
    """Input by channel, the filter's slices, and the output slice that they give."""
    plan = numbers_plan(scene)
    marked = any(style is not None and style.mark for style in (plan.inputs, plan.weights))
    top = MARGIN + (34 if marked else 22)
    left, right = _left(scene, plan, top)
    more, low = _below(scene, plan, top) if plan.tall else _beside(scene, plan, top, right)
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
        table=taps_table(plan.readers),
    )


# --- input and filter -------------------------------------------------------------------------------------------------


def _left(scene: Scene, plan: NumbersPlan, top: float) -> tuple[list[Mark], float]:
    """Input planes, the filter's slices, and the signs between them; and where the filter ends."""
    names = plane_names(plan.planes)
    named = label_width(scene, plan.planes) > 0
    left = MARGIN + label_width(scene, plan.planes)
    read = frozenset(part.at for one in plan.readers for part in one.parts)
    heads = heading(MARGIN, _head(top, plan.inputs), "input, by channel" if named else "input", plan.inputs)
    marks: list[Mark] = [*heads]
    lattices = [Lattice(left, top + y, *plan.input) for y in plan.tops]
    for one, at, name in zip(plan.planes, lattices, names, strict=True):
        marks += plane_cells(scene, one, read, at, plan.inputs)
        if named:
            middle = at.y + one.height * at.height / 2 + 4
            marks.append(Label(left - 5, middle, name, "mono", "end", ink="ink2", size=11))
    marks += blocks(scene, plan.readers, plan.planes, lattices, tags=False)
    end = max(left + plan.planes[0].width * plan.input[0], right_of(heads) - 8)
    found, right = _filter(scene, plan, end + SIGNS, top)
    return [*marks, *found], right


def _head(top: float, style: Digits | None) -> float:
    return top - (24 if style is not None and style.mark else 10)


def _filter(scene: Scene, plan: NumbersPlan, x: float, top: float) -> tuple[list[Mark], float]:
    wide, high = plan.weight
    name = names_of_filter(scene, plan.slices[0].filter)
    heights = middles(plan.planes, plan.tops, plan.input[1], plan.slices)
    above = min(top, top + heights[0] - len(plan.slices[0].rows) * high / 2)
    marks: list[Mark] = [*heading(x, _head(above, plan.weights), name, plan.weights)]
    right = max(x + max((len(line) for line in one.rows), default=0) * wide for one in plan.slices)
    for place, (one, middle) in enumerate(zip(plan.slices, heights, strict=True)):
        at = Lattice(x, top + middle - len(one.rows) * high / 2, wide, high)
        marks += slice_cells(scene, one, at, plan.weights)
        if plan.gap or place == len(heights) // 2:
            marks.append(Label(x - 11, top + middle + 4.5, "×", "body", "middle", ink="ink2"))
        if plan.gap and place:
            between = (heights[place - 1] + middle) / 2
            marks.append(Label((x + right) / 2, top + between + 4.5, "+", "body", "middle", ink="ink2"))
    return marks, right


# --- output -----------------------------------------------------------------------------------------------------------


def _beside(scene: Scene, plan: NumbersPlan, top: float, right: float) -> tuple[list[Mark], float]:
    """Bias and output slice to the right, and under them the values of i and j."""
    (low, end), (first, last) = plane(plan.outputs)
    values = scene.y_values
    if plan.values is None or values is None:
        return [], top
    names = [f"y[{place_text(one.neuron)}] = {number_within(values[one.neuron], 6)}" for one in plan.readers]
    under = 22 + max(text_width(name, 12, mono=True) for name in names)
    x = WIDTH - MARGIN - max((last - first) * OUTPUT, 108, under)
    y = top + min(max((plan.height - (end - low) * OUTPUT) / 2 - 40, 0), 34)
    n = plan.slices[0].filter
    marks: list[Mark] = [*heading(x, y - 9, output_name(scene, n), plan.values)]
    marks += output_cells(scene, n, plan.outputs, Lattice(x, y, OUTPUT, OUTPUT), plan.values)
    marks += _bias(scene, plan, (right + x) / 2, y + (end - low) * OUTPUT / 2)
    y += (end - low) * OUTPUT + 14
    for place, (one, name) in enumerate(zip(plan.readers, names, strict=True)):
        at = keys(scene.layer.number, y=one.neuron)
        marks += [Tag(x, y, "ij"[place], place > 0, at), Label(x + 22, y + 12.5, name, "mono", size=12, keys=at)]
        y += 22
    return marks, y


def _bias(scene: Scene, plan: NumbersPlan, x: float, middle: float) -> tuple[Mark, ...]:
    equals = Label(x, middle + 16, "=", "body", "middle", ink="ink2", size=14)
    bias = scene.bias_of(plan.readers[0].neuron)
    if bias is None or bias[1] is None:
        return (equals,)
    text = number(bias[1])
    signed = text if text.startswith("−") else f"+{text}"
    at = keys(scene.layer.number, b=bias[0])
    name = Label(x, middle - 15, "bias", "caption", "middle", size=11)
    return name, Label(x, middle - 1, signed, "mono", "middle", ink="ink2", size=12, keys=at), equals


def _below(scene: Scene, plan: NumbersPlan, top: float) -> tuple[list[Mark], float]:
    """Output slice and the sums of i and j under input and filter."""
    (low, end), (first, last) = plane(plan.outputs)
    y = top + plan.height + 26
    marks: list[Mark] = []
    x, bottom = float(MARGIN), y
    if plan.values is not None:
        wide = max(30.0, plan.values.characters * 6.6 + 8)
        n = plan.slices[0].filter
        heads = heading(x, y, output_name(scene, n), plan.values)
        cells = y + (22 if plan.values.mark else 10)
        marks += [*heads, *output_cells(scene, n, plan.outputs, Lattice(x, cells, wide, 24), plan.values)]
        bottom = cells + (end - low) * 24
        x = max(x + (last - first) * wide, right_of(heads)) + 18
    sums, under = _sums(scene, plan, x, y)
    return [*marks, *sums], max(bottom, under)


def _sums(scene: Scene, plan: NumbersPlan, x: float, y: float) -> tuple[list[Mark], float]:
    """What the drawn channels give of i and of j, what the others, the bias: a sum that is true as printed."""
    found = [neuron_sum(scene, one) for one in plan.readers]
    sums = [one for one in found if one is not None and one.total is not None]
    if len(sums) < len(plan.readers):
        return [], y
    style = sum_digits(sums, 8)
    ends = [MARGIN + INNER - 68.0 * (len(sums) - 1 - place) for place in range(len(sums))]
    part = plan.readers[0].excerpt
    first, last = part.channels[0], part.channels[-1]
    own = f"channel {first}" if first == last else f"channels {first} to {last}"
    drawn = [sum((style.rounded(value) for value in one.products), style.rounded(0.0)) for one in sums]
    lines = [(own if part.drawn == part.each else "drawn here", drawn)]
    for row in rows_of_lines(sums):
        name = next(line.name for line in row if line is not None).removeprefix("the ").split("[")[0]
        lines.append((name, [style.rounded(0.0 if line is None else line.value or 0.0) for line in row]))
    rests = [one.rest(style) for one in sums]
    lines += [("rounding", rests)] if any(rests) else []
    marks: list[Mark] = []
    for place, end in enumerate(ends):
        at = keys(scene.layer.number, y=plan.readers[place].neuron)
        marks.append(Tag(end - 16, y - 13, "ij"[place], place > 0, at))
    if style.mark:
        marks.append(Label(x, y, style.mark, "caption", ink="ink3", size=10.5))
    y += 18
    for name, numbers in lines:
        marks.append(Label(x, y, fitted(name, ends[0] - 56 - x, 12), "caption"))
        pairs = zip(ends, numbers, strict=True)
        marks += [Label(end, y, style.text(value), "mono", "end", size=12) for end, value in pairs]
        y += 16
    marks += [Rule(((end - 60, y - 11), (end, y - 11)), "heavy") for end in ends]
    marks.append(Label(x, y + 4, f"total{'' if style.exact else ' ≈'}", "caption"))
    for end, one in zip(ends, sums, strict=True):
        marks.append(Label(end, y + 4, style.text(style.rounded(one.total or 0.0)), "mono", "end", True, size=13))
    return marks, y + 8


# --- words ------------------------------------------------------------------------------------------------------------


def _window(scene: Scene, plan: NumbersPlan) -> str:
    inputs = window_words(scene, plan.planes[0])
    outputs = named_positions(scene.y, plan.outputs) if plan.values is not None else ""
    parts = (f"input {inputs}" if inputs else "", f"output {outputs}" if outputs else "")
    text = "; ".join(filter(None, (plan.readers[0].excerpt.words(scene), *parts)))
    return text[:1].upper() + text[1:]


def _notes(scene: Scene, plan: NumbersPlan) -> tuple[str, ...]:
    rounded = rounded_words(inputs=plan.inputs, weights=plan.weights, outputs=plan.values)
    return tuple(filter(None, (_meaning(scene, plan), rounded)))


def _meaning(scene: Scene, plan: NumbersPlan) -> str:
    """What equal colours say about the filter that is drawn."""
    count = sum(place is not None for one in plan.slices for line in one.rows for place in line)
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


def _values_words(scene: Scene, plan: NumbersPlan) -> str:
    """How many of the coloured weights have one value, and that they are different weights."""
    shown, values = set(coloured(scene).coloured), scene.w_values
    if values is None:
        return ""
    drawn = plan.readers[0].parts
    places = {part.w for part in drawn if part.w is not None and part.identity("weight") in shown}
    often = Counter(values[place] for place in sorted(places)).most_common(1)
    if not often or often[0][1] < 2:
        pair = len(plan.readers) > 1 and plan.readers[0].filter == plan.readers[1].filter
        return "Each filter cell is one stored number; i and j multiply it with different inputs." if pair else ""
    value, times = often[0]
    name, every = few(times), few(len(places))
    if times == len(places):
        lead = "Both coloured" if times == 2 else f"All {every} coloured"
    else:
        lead = f"{name[:1].upper()}{name[1:]} of the {every} coloured"
    return f"{lead} weights have the value {number(value)}, yet are {name} weights: colour is identity, not value."


VIEW = View("start-numbers", "Numbers", draw, unfit, panel=True)
