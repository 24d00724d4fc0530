"""What one neuron reads: its taps on the input, each in the colour of its weight; the kernel; and the neuron itself."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from math import floor

import numpy as np
from numpy.typing import NDArray

from isochrome.core.relation import Place
from isochrome.draw.choice import coloured, level_legend
from isochrome.draw.layout import number, place_text, right_of, text_width
from isochrome.draw.picture import Cell, Label, Mark, Picture, keys
from isochrome.draw.scene import Part, Scene
from isochrome.draw.view import View
from isochrome.draw.views.blocks import (
    blocks,
    heading,
    neurons_in,
    output_cells,
    output_name,
    plane_names,
    window_words,
)
from isochrome.draw.views.digits import Digits, whole_or
from isochrome.draw.views.excerpt import Reader, excerpt, filter_number, reader, readers_with_taps
from isochrome.draw.views.planes import (
    Lattice,
    Plane,
    Slice,
    ends_of,
    in_rows,
    input_values,
    place_in,
    places_in,
    plane_cells,
    planes,
    slice_cells,
    slices,
)
from isochrome.draw.views.sentences import rounded_words, taps_table
from isochrome.draw.views.sliding import border_words, moves_words, size_words, slides, unreached_words
from isochrome.draw.views.windows import Intervals, named_positions, plane, position_window
from isochrome.draw.views.wires import is_inside
from isochrome.draw.views.wording import counted, drawn, joined, position_words, sized, title_of

__all__ = ["VIEW"]

MOST, ROOM, OUTPUTS, LINE = 49, 9, 8, 14
"""The most taps of the neuron; the most rows and columns of an input plane, and of the output; of a line of either."""
CHANNELS, TALL = 4, 30
"""The most channels, and the most rows of all planes together."""
LARGE, SMALL, TIGHT = 42.0, 34.0, 26.0
"""The side of a cell where there is one plane, and where there are several; it grows with long numbers. The least."""
WIDEST = 62.0
"""The width of an output's cell with the longest number."""
GAP, HEAD = 40.0, 30.0
NAMES = 24.0
"""The room for the names of planes, on a narrow page."""


def _unfit(scene: Scene) -> str:
    if scene.x is None:
        return "its weights multiply no input: they are looked up or added"
    if not scene.x.of("position"):
        return "no axis of its input has positions, so no window moves over it"
    return "" if len(scene.filter_rows) else "the chosen filter has no connection"


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is drawn, and in which cells."""

    readers: tuple[Reader, ...]
    planes: tuple[Plane, ...]
    slices: tuple[Slice, ...]
    outputs: Intervals
    side: float
    inputs: Digits | None
    weights: Digits | None
    values: Digits | None


def _plan(scene: Scene) -> _Plan:
    first = filter_number(scene, scene.neurons[0])
    part = excerpt(scene, first, MOST)
    if len(part.channels) > CHANNELS:
        part = excerpt(scene, first, CHANNELS * part.each)
    readers = tuple(
        reader(scene, neuron, part, MOST)
        for neuron in dict.fromkeys(scene.neurons)
        if filter_number(scene, neuron) == first
    )
    flat = len(scene.y.of("position")) < 2
    holders = readers_with_taps(scene, readers)
    rows = max(min(TALL // len(planes(scene, holders, (1, 1))), ROOM), 1)
    most = LINE if flat else ROOM
    shown = planes(scene, holders, (rows, min(_columns(scene, SMALL), most)))
    own = slices(scene, first, part) if scene.line.weight else ()
    outputs = position_window(scene, (OUTPUTS, min(_columns(scene, WIDEST), LINE if flat else OUTPUTS)))
    weights = [float(scene.w_values[at]) for one in own for line in one.rows for at in line
               if at is not None and scene.w_values is not None]  # fmt: skip
    known = scene.y_values
    values = [] if known is None else [float(known[place]) for _, _, place in neurons_in(scene, first, outputs)]
    numbers = (whole_or(input_values(scene, shown), 2, 5), whole_or(weights, 2, 5, 3), whole_or(values, 3, 6, 2))
    longest = max((style.characters for style in numbers[:2] if style is not None), default=0)
    side = max(LARGE if len(shown) == 1 else SMALL, 6.0 * longest + 14)
    if _columns(scene, side) < shown[0].width:
        shown = planes(scene, holders, (rows, _columns(scene, side)))
        side = max(TIGHT, min(side, (scene.width - NAMES) / shown[0].width))
    return _Plan(readers, shown, own, outputs, side, *numbers)


def _columns(scene: Scene, side: float) -> int:
    """How many columns of cells a page has room for."""
    return max(3, int((scene.width - NAMES) / side)) if scene.narrow else LINE


def _draw(scene: Scene) -> Picture:
    plan = _plan(scene)
    marks, right, low = _inputs(scene, plan)
    beside, top = (0.0, low + 30) if scene.narrow else (right + GAP, HEAD + 6)
    if plan.slices:
        found, edge, end = _kernel(scene, plan, beside, top if scene.narrow else 14)
        marks += found
        if scene.narrow or len(plan.planes) == 1:
            top = end + 30
        else:
            beside = edge + GAP
        right, low = max(right, edge), max(low, end)
    found, edge, end = _output(scene, plan, beside, top)
    marks, right, low = [*marks, *found], max(right, edge), max(low, end)
    moves = slides(scene)
    part = _window(scene, plan)
    size = f"input {_shape(scene, 'x')}, output {_shape(scene, 'y')}"
    if scene.line.weight:
        size = f"input {_shape(scene, 'x')}, kernel {sized(scene.w.shape)}, output {_shape(scene, 'y')}"
    return Picture(
        right,
        low,
        title_of("Window", scene.layer.name),
        f"The input with the taps of {_name(scene)} on it, {size}.",
        level_legend(scene),
        coloured(scene),
        tuple(marks),
        subtitle=drawn(size[:1].upper() + size[1:] + ".", part),
        formula=str(scene.line.formula),
        window=part,
        notes=tuple(filter(None, (moves_words(moves), border_words(moves), size_words(moves), *_notes(scene, plan)))),
        table=taps_table(plan.readers),
    )


def _shape(scene: Scene, name: str) -> str:
    axes = scene.y if name == "y" or scene.x is None else scene.x
    return sized(axes.shape)


def _name(scene: Scene) -> str:
    return f"{scene.y.name}[{place_text(scene.neurons[0])}]"


# --- input ------------------------------------------------------------------------------------------------------------


def _inputs(scene: Scene, plan: _Plan) -> tuple[list[Mark], float, float]:
    names = _plane_names(scene, plan)
    left = max(text_width(name, 12, mono=True) for name in names) + (8 if len(plan.planes) > 1 else 2)
    heads = heading(left, 14, _input_name(scene, plan), plan.inputs, bold=True)
    top = HEAD + 26
    marks: list[Mark] = [*heads]
    lattices, y = [], top
    for one in plan.planes:
        lattices.append(Lattice(left, y, plan.side, plan.side))
        y += one.height * plan.side + 16
    taps: dict[Place, list[Part]] = defaultdict(list)
    for part in plan.readers[0].parts:
        taps[part.at].append(part)
    for one, at, name in zip(plan.planes, lattices, names, strict=True):
        marks += _plane(scene, plan, one, at, taps)
        if name:
            marks.append(
                Label(left - 8, at.y + one.height * plan.side / 2 + 4, name, "mono", "end", ink="ink2", size=12)
            )
    marks += blocks(scene, plan.readers, plan.planes, lattices)
    return marks, left + plan.planes[0].width * plan.side, y - 16 + 4


def _plane_names(scene: Scene, plan: _Plan) -> tuple[str, ...]:
    """What each plane is called beside it: its channel, its place along the axes before rows and columns, or both."""
    if len(plan.planes) == 1:
        return ("",)
    if scene.channels > 1:
        return plane_names(plan.planes)
    return tuple(place_text(one.lead) for one in plan.planes)


def _input_name(scene: Scene, plan: _Plan) -> str:
    assert scene.x is not None
    name, first = f"input {scene.x.name}", plan.planes[0]
    if len(plan.planes) == 1:
        return f"{name}, channel {first.channel}" if scene.channels > 1 else name
    by = (["channel"] if scene.channels > 1 else []) + list(position_words(scene.x)[: len(first.lead)])
    return f"{name}, by {joined(by)}"


def _plane(scene: Scene, plan: _Plan, one: Plane, at: Lattice, taps: dict[Place, list[Part]]) -> list[Mark]:
    """The cells of a plane; those with taps hold them, and their own number moves up to make room."""
    marks: list[Mark] = []
    for mark in plane_cells(scene, one, frozenset(taps), at, plan.inputs):
        assert isinstance(mark, Cell)
        row, column = round((mark.y - at.y) / at.height), round((mark.x - at.x) / at.width)
        place = place_in(scene, one, one.rows[0] + row, one.columns[0] + column)
        found = taps.get(place, []) if scene.line.weight else []
        if not found:
            marks.append(mark)
            continue
        marks.append(
            Cell(mark.x, mark.y, mark.width, mark.height, identity=mark.identity, padding=mark.padding, keys=mark.keys)
        )
        wide = (mark.width - 8) / len(found)
        for number_, part in enumerate(found):
            marks += _tap(scene, plan, part, mark.x + 4 + number_ * wide, mark.y + 4, wide, mark.height - 8)
    return marks


def _tap(scene: Scene, plan: _Plan, part: Part, x: float, y: float, width: float, height: float) -> list[Mark]:
    """One tap: a cell in its weight's identity, above the input that it reads, below the weight."""
    name = part.identity(scene.level)
    held = keys(scene.layer.number, y=part.y, x=part.x or (), w=part.w or (), parameter=part.parameter)
    marks: list[Mark] = [Cell(x, y, width, height, identity=name, keys=held)]
    above = "" if plan.inputs is None else plan.inputs.text(part.input)
    below = "" if plan.weights is None else plan.weights.text(part.weight)
    longest = max((style.characters for style in (plan.inputs, plan.weights) if style is not None), default=1)
    size = floor(10 * min(11.5 if height > 30 else 10, max(10, (width - 3) / (0.6 * longest)))) / 10
    texts = [(above, y + 0.5 + size * 0.95, False), (below, y + height - 3.5, True)]
    for text, baseline, bold in texts:
        if text and text_width(text, size, mono=True) <= width - 2:
            marks.append(Label(x + width / 2, baseline, text, "mono", "middle", bold, size=size, on=name, keys=held))
    return marks


# --- kernel and output ------------------------------------------------------------------------------------------------


def _kernel(scene: Scene, plan: _Plan, x: float, top: float) -> tuple[list[Mark], float, float]:
    """The slices of the filter under their name."""
    marks: list[Mark] = [*(heads := heading(x, top, _kernel_name(scene, plan), plan.weights, bold=True))]
    lattices = _lattices(plan, x)
    if scene.narrow:
        lattices = in_rows(plan.slices, x, heads[-1].y + 14, plan.side, plan.side, scene.width - x)
    for one, at in zip(plan.slices, lattices, strict=True):
        marks += slice_cells(scene, one, at, plan.weights)
    right, low = ends_of(plan.slices, lattices)
    return marks, max(right, right_of(heads)), low + 4


def _lattices(plan: _Plan, x: float) -> tuple[Lattice, ...]:
    """Where the slices stand: beside the planes that they meet, else one above the other."""
    side, found, y = plan.side, list[Lattice](), HEAD + 26
    beside = len(plan.slices) == len(plan.planes) > 1
    for place, one in enumerate(plan.slices):
        height = len(one.rows) * side
        free = max(0.0, (plan.planes[place].height * side - height) / 2) if beside else 0.0
        found.append(Lattice(x, y + free, side, side))
        y += (plan.planes[place].height * side if beside else height) + 16
    return tuple(found)


def _kernel_name(scene: Scene, plan: _Plan) -> str:
    return f"kernel {scene.line.weight}" + (f" of filter {plan.readers[0].filter}" if scene.filters > 1 else "")


def _output(scene: Scene, plan: _Plan, x: float, top: float) -> tuple[list[Mark], float, float]:
    first = plan.readers[0].filter
    name = output_name(scene, first) if scene.filters > 1 else f"output {scene.y.name}"
    lift = 0 if plan.values is None or not plan.values.mark else 14
    heads = heading(x, top - lift, name, plan.values, bold=True)
    (first_row, end), (start, stop) = plane(plan.outputs)
    wide = plan.side if plan.values is None or plan.values.characters < 4 else plan.values.characters * 8.0 + 14
    at = Lattice(x, top + 20, wide, plan.side)
    marks = [*heads, *output_cells(scene, first, plan.outputs, at, plan.values)]
    right = max(x + (stop - start) * wide, x + text_width(heads[0].text, 12.5, True))
    return marks, right + 4, at.y + (end - first_row) * plan.side + 4


# --- words ------------------------------------------------------------------------------------------------------------


def _window(scene: Scene, plan: _Plan) -> str:
    inputs, outputs = window_words(scene, plan.planes[0]), named_positions(scene.y, plan.outputs)
    parts = [plan.readers[0].excerpt.words(scene) if scene.line.weight else ""]
    parts += [f"input {inputs}" if inputs else "", f"output {outputs}" if outputs else ""]
    text = "; ".join(filter(None, parts))
    return text[:1].upper() + text[1:]


def _notes(scene: Scene, plan: _Plan) -> tuple[str, ...]:
    one = plan.readers[0]
    padded, known = int((~one.rows.real).sum()), scene.y_values
    value = "" if known is None else f" = {number(float(known[one.neuron]), 6)}".replace("= ≈", "≈ ")
    taps = counted(len(one.rows), "tap") + (f", {padded:,} of them on padding" if padded else "")
    told = [f"{_name(scene)}{value} has {taps if len(one.rows) else 'no tap'}.", unreached_words(scene.relation)]
    if scene.line.weight and plan.inputs is not None:
        told.append("In a cell that is read: the input above, its weight below.")
    if any(not is_inside(scene, place) for shown in plan.planes for _, _, place in places_in(scene, shown)):
        filled = "never the largest" if scene.line.formula.reduce == "max" else "0"
        told.append(f"Hatched: padding, which counts as {filled}.")
    told += [f"{name} is {_values(array)}: a constant, no weight." for name, array in scene.line.constants]
    told.append(rounded_words(inputs=plan.inputs, weights=plan.weights, outputs=plan.values))
    return tuple(filter(None, told))


def _values(array: NDArray[np.float64]) -> str:
    """What a table of constants holds: one number, or several."""
    distinct = np.unique(array)
    return f"{number(float(distinct[0]), 3)} at every tap" if len(distinct) == 1 else "a table of numbers"


VIEW = View("window", "Window", _draw, _unfit, weightless=True, narrow=True)
