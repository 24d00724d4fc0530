"""What pictures of planes and slices share: headings, the blocks of i and j, output cells, windows in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from isochrome.core.relation import Place
from isochrome.draw.choice import names_of_filter
from isochrome.draw.layout import number, place_text
from isochrome.draw.picture import Cell, Label, Mark, Outline, State, Tag, TextToken, keys
from isochrome.draw.scene import Scene
from isochrome.draw.views.digits import Digits
from isochrome.draw.views.excerpt import Reader
from isochrome.draw.views.planes import Lattice, Plane, Slice, block_outlines
from isochrome.draw.views.windows import Intervals, in_plane, plane
from isochrome.draw.views.wording import position_words, sized

__all__ = [
    "blocks", "heading", "middles", "neurons_in", "output_cells", "output_name", "plane_names", "window_words",
]  # fmt: skip


def plane_names(shown: Sequence[Plane]) -> tuple[str, ...]:
    """What each plane is called beside it: its channel, and where it lies along the axes before rows and columns."""
    return tuple(",".join(map(number, (one.channel, *one.lead))) for one in shown)


def heading(x: float, y: float, words: str, style: Digits | None, bold: bool = False) -> tuple[Label, ...]:
    """The name of a group, and under it what was done to its numbers."""
    ink: TextToken = "ink" if bold else "ink2"
    name = Label(x, y, words, "body", bold=bold, ink=ink, size=12.5)
    if style is None or not style.mark:
        return (name,)
    return name, Label(x, y + 14, style.mark, "caption", ink="ink3", size=10.5)


def blocks(
    scene: Scene, readers: Sequence[Reader], shown: Sequence[Plane], lattices: Sequence[Lattice], tags: bool = True
) -> tuple[Mark, ...]:
    """The blocks of i and j on every plane, pinned below selected; with tags above the first."""
    marks: list[Mark] = []
    places: dict[str, float] = {}
    states: tuple[State, ...] = ("selected", "pinned")
    for one, state in reversed(list(zip(readers, states, strict=False))):
        pairs = zip(shown, lattices, strict=True)
        outlines = [found for plane_, at in pairs for found in block_outlines(scene, plane_, one, state, at)]
        found = _joined(outlines)
        marks += found
        if found:
            places["i" if state == "selected" else "j"] = found[0].x + found[0].width / 2 - 8
    if len(places) > 1 and abs(places["i"] - places["j"]) < 20:
        middle, by = (places["i"] + places["j"]) / 2, 10 if places["i"] <= places["j"] else -10
        places = {"i": middle - by, "j": middle + by}
    found_tags = [Tag(x, lattices[0].y - 19, name, name == "j") for name, x in places.items()]
    return (*marks, *found_tags) if tags else tuple(marks)


def _joined(several: Sequence[Outline]) -> list[Outline]:
    """Outlines of one block, those that touch from above to below as one."""
    found: list[Outline] = []
    for block in several:
        if found and (found[-1].x, found[-1].y + found[-1].height) == (block.x, block.y):
            found[-1] = replace(found[-1], height=found[-1].height + block.height)
        else:
            found.append(block)
    return found


def middles(shown: Sequence[Plane], tops: Sequence[float], row: float, some: Sequence[Slice]) -> list[float]:
    """The height of each slice's middle: that of the plane it meets, else evenly over its channel's planes."""
    whole = [y + one.height * row / 2 for y, one in zip(tops, shown, strict=True)]
    if len(some) == len(whole):
        return whole
    found = []
    for place, (_, group) in enumerate(groupby(some, key=lambda one: one.channel)):
        count = len(list(group))
        channels = list(dict.fromkeys(one.channel for one in shown))
        channel = channels[min(place, len(channels) - 1)]
        spans = [(y, y + one.height * row) for y, one in zip(tops, shown, strict=True) if one.channel == channel]
        low, high = spans[0][0], spans[-1][1]
        found += [low + (high - low) * (n + 0.5) / count for n in range(count)]
    return found


def neurons_in(scene: Scene, number: int, window: Intervals) -> Iterator[tuple[int, int, Place]]:
    """The neurons of one filter in a window, each with its row and column in the drawing."""
    (top, bottom), (left, right) = plane(window)
    place = scene.filter_place(number)
    for row in range(top, bottom):
        for column in range(left, right):
            yield row - top, column - left, scene.neuron_at(place, in_plane(window, row, column))


def output_name(scene: Scene, filter_number: int) -> str:
    """What the neurons of a filter are called: "output slice 0", "output y[3]"."""
    if not scene.y.of("position"):
        return f"output y[{place_text(scene.neuron_at(scene.filter_place(filter_number), ()))}]"
    return f"output {names_of_filter(scene, filter_number).replace('the filter', 'y').replace('filter', 'slice')}"


def output_cells(
    scene: Scene, filter_number: int, window: Intervals, at: Lattice, style: Digits | None, quiet: bool = False
) -> tuple[Mark, ...]:
    """The neurons of one filter in a window with their values, i and j outlined."""
    marks: list[Mark] = []
    outlines: list[Mark] = []
    size, values = at.size(style), scene.y_values
    pins = {neuron: place for place, neuron in reversed(list(enumerate(scene.neurons)))}
    for row, column, neuron in neurons_in(scene, filter_number, window):
        text = "" if style is None or values is None else style.text(float(values[neuron]))
        place = keys(scene.layer.number, y=neuron)
        name, pin = scene.neuron_identity(neuron), pins.get(neuron)
        ink: TextToken = "ink2" if quiet and pin is None else "ink"
        box = at.cell(row, column)
        marks.append(Cell(*box, text, name, ink=ink, bold=pin is not None, size=size, keys=place))
        if pin is not None:
            outlines.insert(0, Outline("pinned" if pin else "selected", *box, keys=place))
    return (*marks, *outlines)


def window_words(scene: Scene, one: Plane) -> str:
    """Which part of the input a plane shows, '' where it is everything: "rows −1 to 5, columns 2 to 8 of 32×32"."""
    axes = () if scene.x is None else scene.x.of("position")[-2:]
    if scene.x is None or not axes:
        return ""
    spans = (one.rows, one.columns)[-len(axes) :]
    sizes = [scene.x.shape[axis] for axis in axes]
    if all(low <= 0 and high >= size for (low, high), size in zip(spans, sizes, strict=True)):
        return ""
    told = [
        f"{name}s {number(low)} to {number(high - 1)}" if high - low > 1 else f"{name} {number(low)}"
        for name, (low, high) in zip(position_words(scene.x)[-len(axes) :], spans, strict=True)
    ]
    return f"{', '.join(told)} of {sized(sizes)}"
