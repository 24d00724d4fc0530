"""Input, filters and output by channel, side by side: a block of each input plane meets a slice of the filter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from isochrome.draw.choice import names_of_filter
from isochrome.draw.layout import number_within, right_of, text_width
from isochrome.draw.picture import Cell, Label, Mark, Tag, TextToken, keys
from isochrome.draw.scene import Scene
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
from isochrome.draw.views.digits import Digits, whole_or
from isochrome.draw.views.excerpt import Excerpt, Reader, excerpt, readers_with_taps
from isochrome.draw.views.planes import (
    Lattice,
    Plane,
    Slice,
    ends_of,
    in_rows,
    input_values,
    places_in,
    plane_cells,
    planes,
    slice_cells,
    slices,
)
from isochrome.draw.views.windows import Intervals, named_positions, plane, position_window
from isochrome.draw.views.wires import is_inside

__all__ = ["Slabs", "slabs"]

ROOM, COLUMNS, WIDE_COLUMNS = 30, 9, 7
"""The most rows of input cells, all planes together; the most columns of short and of long numbers."""
FILTERS = 160
"""The most width that the second filter may add to the first."""


@dataclass(frozen=True, slots=True)
class Slabs:
    """The marks with their size, how the numbers of each group are printed, and which part of the input is shown."""

    marks: tuple[Mark, ...]
    width: float
    height: float
    inputs: Digits | None
    weights: Digits | None
    outputs: Digits | None
    window: str
    padded: bool


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is drawn: planes of the input, slices of i's filter and of another one, output windows; and cell widths."""

    readers: tuple[Reader, ...]
    planes: tuple[Plane, ...]
    own: tuple[Slice, ...]
    other: tuple[Slice, ...]
    outputs: Intervals
    inputs: Digits | None
    weights: Digits | None
    values: Digits | None
    tops: tuple[float, ...]
    padded: bool

    @property
    def input_wide(self) -> float:
        return 24.0 if self.inputs is None or self.inputs.characters < 3 else self.inputs.characters * 6.0 + 9

    def weight_wide(self, quiet: bool = False) -> float:
        longest = 1 if self.weights is None else self.weights.characters
        if longest < 4:
            return 24.0 if quiet else 28.0
        return longest * 6.2 + (5 if quiet else 8)

    @property
    def value_wide(self) -> float:
        return 40.0 if self.values is None or self.values.characters < 4 else self.values.characters * 7.0 + 10

    @property
    def flat(self) -> bool:
        return all(one.height == 1 for one in self.planes)


ROW = 24.0


def slabs(scene: Scene, readers: tuple[Reader, ...], x: float, y: float) -> Slabs:
    """Everything left of the ledger, its corner at (x, y)."""
    plan = _plan(scene, readers)
    top = y + 60
    marks, right = _inputs(scene, plan, x, top)
    high = top + plan.tops[-1] + plan.planes[-1].height * ROW + 24
    if scene.narrow:
        found, right, high = _below(scene, plan, x, top, right, high)
    else:
        found, right = _filters(scene, plan, right, top)
        drawn, right, low = _outputs(scene, plan, right, top)
        found, high = [*found, *drawn], max(high, low)
    marks += found
    part = _window(scene, plan)
    return Slabs(tuple(marks), right - x, high - y, plan.inputs, plan.weights, plan.values, part, plan.padded)


# --- what is drawn ----------------------------------------------------------------------------------------------------


def _plan(scene: Scene, readers: tuple[Reader, ...]) -> _Plan:
    part = readers[0].excerpt
    alike = readers_with_taps(scene, [one for one in readers if one.excerpt.channels == part.channels])
    first = planes(scene, alike, (1, 1))
    style = whole_or(input_values(scene, first), 2, 5)
    short = style is None or style.exact
    shown = planes(scene, alike, (max(min(ROOM // len(first), 9), 1), COLUMNS if short else WIDE_COLUMNS))
    numbers = input_values(scene, shown)
    beside = _beside(scene, readers)
    own = slices(scene, readers[0].filter, part)
    other = () if beside is None else slices(scene, beside, _excerpt(scene, beside, readers))
    weights = _weights(scene, (*own, *other))
    outputs = position_window(scene, (5, 5))
    both = [readers[0].filter, *([] if beside is None else [beside])]
    values = [value for n in both for value in _values(scene, n, outputs)]
    style = whole_or(values, 3, 6, 3)
    if style is not None and not style.exact:
        outputs = position_window(scene, (4, 3))
    return _Plan(
        readers,
        shown,
        own,
        other,
        outputs,
        whole_or(numbers, 2, 5),
        whole_or(weights, 3, 5, 3),
        whole_or(values, 3, 6, 3),
        _tops(shown, own),
        any(not is_inside(scene, place) for one in shown for _, _, place in places_in(scene, one)),
    )


def _excerpt(scene: Scene, number: int, readers: Sequence[Reader]) -> Excerpt:
    drawn = readers[0].excerpt
    found = next((one.excerpt for one in readers if one.filter == number), None)
    return found or excerpt(scene, number, max(len(drawn.channels) * drawn.drawn, 1))


def _beside(scene: Scene, readers: Sequence[Reader]) -> int | None:
    """The filter that is drawn small and quiet: j's where it is another one, else the next."""
    own = readers[0].filter
    others = [one.filter for one in readers if one.filter != own]
    if others or scene.filters < 2:
        return others[0] if others else None
    return own + 1 if own + 1 < scene.filters else own - 1


def _weights(scene: Scene, some: Sequence[Slice]) -> list[float]:
    values = scene.w_values
    if values is None:
        return []
    return [float(values[place]) for one in some for line in one.rows for place in line if place is not None]


def _values(scene: Scene, number: int, window: Intervals) -> list[float]:
    values = scene.y_values
    if values is None:
        return []
    return [float(values[neuron]) for _, _, neuron in neurons_in(scene, number, window)]


def _tops(shown: Sequence[Plane], own: Sequence[Slice]) -> tuple[float, ...]:
    """Where each plane begins: planes of one row stand close, others apart."""
    flat = all(one.height == 1 for one in shown)
    gap = 14.0 if not flat else 6.0 if any(len(one.rows[0]) > 1 for one in own if one.rows) else 0.0
    tops, y = [], 0.0
    for one in shown:
        tops.append(y)
        y += one.height * ROW + gap
    return tuple(tops)


# --- input ------------------------------------------------------------------------------------------------------------


def _inputs(scene: Scene, plan: _Plan, x: float, top: float) -> tuple[list[Mark], float]:
    names = plane_names(plan.planes)
    left = x + max(text_width(name, 12, mono=True) for name in names) + 8
    wide = plan.input_wide
    read = frozenset(part.at for one in plan.readers for part in one.parts)
    lead = plan.planes[0].lead
    words = "input x, by channel" + (" and depth" if len(lead) == 1 else " and place" if lead else "")
    if scene.channels < 2 and not lead:
        left, words = x, "input x"
    heads = heading(left, top - 46, words, plan.inputs)
    marks: list[Mark] = [*heads]
    lattices = [Lattice(left, top + y, wide, ROW) for y in plan.tops]
    for one, at, name in zip(plan.planes, lattices, names, strict=True):
        marks += plane_cells(scene, one, read, at, plan.inputs)
        if left > x:
            marks.append(Label(left - 8, at.y + one.height * ROW / 2 + 4.3, name, "mono", "end", ink="ink2", size=12))
    marks += blocks(scene, plan.readers, plan.planes, lattices)
    return marks, max(left + plan.planes[0].width * wide, right_of(heads) - 16)


# --- filters ----------------------------------------------------------------------------------------------------------


def _filters(scene: Scene, plan: _Plan, left: float, top: float) -> tuple[list[Mark], float]:
    marks, right = _filter(scene, plan, plan.own, left + 40, top, quiet=False)
    marks += _signs(plan, left, top)
    if plan.other:
        more, beyond = _filter(scene, plan, plan.other, right + 22, top, quiet=True)
        if beyond - right <= FILTERS:
            return [*marks, *more], beyond
    return marks, right


def _filter(
    scene: Scene, plan: _Plan, some: Sequence[Slice], x: float, top: float, quiet: bool
) -> tuple[list[Mark], float]:
    wide, high = plan.weight_wide(quiet), ROW if quiet or plan.flat else 28.0
    ink: TextToken = "ink2" if quiet else "ink"
    heads = heading(x, top - 46, names_of_filter(scene, some[0].filter), plan.weights, not quiet)
    marks: list[Mark] = [*heads]
    bottom, right = top, right_of(heads)
    for one, middle in zip(some, middles(plan.planes, plan.tops, ROW, some), strict=True):
        at = Lattice(x, top + middle - len(one.rows) * high / 2, wide, high)
        marks += slice_cells(scene, one, at, plan.weights, ink)
        bottom = max(bottom, at.y + len(one.rows) * high)
        right = max(right, x + one.width * wide)
    bias = _bias(scene, some, x, bottom + 24, quiet)
    return [*marks, *bias], max(right, right_of(bias))


def _bias(scene: Scene, some: Sequence[Slice], x: float, y: float, quiet: bool) -> tuple[Label, ...]:
    neuron = scene.neuron_at(scene.filter_place(some[0].filter), tuple(0 for _ in scene.y.of("position")))
    bias = scene.bias_of(neuron) if len(scene.layer.bias_lines) == 1 else None
    if bias is None:
        return ()
    text = f"bias {number_within(bias[1], 7) if bias[1] is not None else ''}"
    return (Label(x, y, text, "mono", ink="ink2" if quiet else "ink", keys=keys(scene.layer.number, b=bias[0])),)


def _signs(plan: _Plan, left: float, top: float) -> tuple[Mark, ...]:
    """× between a block and its slice."""
    whole = [y + one.height * ROW / 2 for y, one in zip(plan.tops, plan.planes, strict=True)]
    heights = [(whole[0] + whole[-1]) / 2] if plan.flat else whole
    return tuple(Label(left + 20, top + y + 5, "×", "body", "middle", ink="ink2", size=15) for y in heights)


# --- on a narrow page -------------------------------------------------------------------------------------------------


def _below(
    scene: Scene, plan: _Plan, x: float, top: float, right: float, low: float
) -> tuple[list[Mark], float, float]:
    """The filter beside the input where there is room, all else below it; and where it ends."""
    marks, beyond = _filter(scene, plan, plan.own, right + 40, top, quiet=False)
    if beyond <= x + scene.width:
        marks += _signs(plan, right, top)
        right = beyond
    else:
        marks, right, low = _in_rows(scene, plan, plan.own, x, low + 16, quiet=False)
    if plan.other:
        found, edge, low = _in_rows(scene, plan, plan.other, x, low + 16, quiet=True)
        marks, right = [*marks, *found], max(right, edge)
    found, edge, low = _outputs(scene, plan, x - 22, low + 14)
    return [*marks, *found], max(right, edge), low


def _in_rows(
    scene: Scene, plan: _Plan, some: Sequence[Slice], x: float, y: float, quiet: bool
) -> tuple[list[Mark], float, float]:
    """A filter's slices beside one another under its name."""
    heads = heading(x, y, names_of_filter(scene, some[0].filter), plan.weights, not quiet)
    lattices = in_rows(some, x, heads[-1].y + 12, plan.weight_wide(quiet), ROW if quiet else 28.0, scene.width)
    marks: list[Mark] = [*heads]
    for one, at in zip(some, lattices, strict=True):
        marks += slice_cells(scene, one, at, plan.weights, "ink2" if quiet else "ink")
    right, low = ends_of(some, lattices)
    bias = _bias(scene, some, x, low + 20, quiet)
    return [*marks, *bias], max(right, right_of([*heads, *bias])), low + 20 * (1 + len(bias))


# --- output -----------------------------------------------------------------------------------------------------------


def _outputs(scene: Scene, plan: _Plan, left: float, top: float) -> tuple[list[Mark], float, float]:
    """The output slices of both filters one above the other, and the key to the states."""
    marks: list[Mark] = []
    x, y, right = left + 44, top + 24.0, left + 44
    if plan.values is not None:
        wide, high = plan.value_wide, 40.0 if plan.values.characters < 4 else 32.0
        (low, end), (first, last) = plane(plan.outputs)
        for place, some in enumerate((plan.own, plan.other) if plan.other else (plan.own,)):
            heads = heading(x, y - 22, output_name(scene, some[0].filter), plan.values, place == 0)
            marks += heads
            right = max(right, right_of(heads))
            marks += output_cells(
                scene, some[0].filter, plan.outputs, Lattice(x, y, wide, high), plan.values, place > 0
            )
            if place == 0:
                marks.append(
                    Label(left + 22, y + (end - low) * high / 2 + 5, "=", "body", "middle", ink="ink2", size=15)
                )
            y += (end - low) * high + 58
        right = max(right, x + (last - first) * wide)
        y -= 34
    key, y = _key(plan, x, y)
    return [*marks, *key], max(right, x + 118 if key else right), y


def _key(plan: _Plan, x: float, y: float) -> tuple[tuple[Mark, ...], float]:
    marks: list[Mark] = []
    for place, words in enumerate(("selected", "pinned")[: len(plan.readers)]):
        marks += [Tag(x, y, "ij"[place], place > 0), Label(x + 24, y + 12.5, words, "caption", size=12.5)]
        y += 24
    if plan.padded:
        marks += [Cell(x, y, 16, 16, padding=True), Label(x + 24, y + 12.5, "padding, value 0", "caption", size=12.5)]
        y += 24
    return tuple(marks), y - 8


def _window(scene: Scene, plan: _Plan) -> str:
    """Which part of the input and of the output is shown, '' where it is everything."""
    inputs = window_words(scene, plan.planes[0])
    outputs = named_positions(scene.y, plan.outputs) if plan.values is not None else ""
    return "; ".join(filter(None, (f"input {inputs}" if inputs else "", f"output {outputs}" if outputs else "")))
