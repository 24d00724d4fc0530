"""What the panel of numbers shows, and in cells of what size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from isochrome.core.relation import Place
from isochrome.draw.choice import names_of_filter
from isochrome.draw.layout import text_width
from isochrome.draw.scene import Scene
from isochrome.draw.views.blocks import neurons_in, plane_names
from isochrome.draw.views.digits import Digits, digits, whole_or
from isochrome.draw.views.excerpt import Reader, excerpt, filter_number, reader, readers_with_taps
from isochrome.draw.views.planes import Plane, Slice, input_values, planes, slices
from isochrome.draw.views.windows import Intervals, plane, position_window

__all__ = ["INNER", "MARGIN", "OUTPUT", "SIGNS", "NumbersPlan", "WIDTH", "label_width", "numbers_plan"]

WIDTH, MARGIN = 368, 3
INNER = WIDTH - 2 * MARGIN
TERMS, KERNEL, WEIGHTS, TAPS = 27, 25, 9, 5
"""The most weights where all stand side by side; of one channel; of several channels; of one row."""
ROWS, ROW, COLUMNS = 21, 16.0, 9
"""The most rows of small input cells, all planes together; the height of the others, and their most columns."""
OUTPUT = 36.0
SIGNS = 22.0
"""The room for × between input and filter."""


@dataclass(frozen=True, slots=True)
class NumbersPlan:
    """What is drawn, in cells of what size; ``tall`` where numbers are long, and the output stands below the rest."""

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
        """Where each plane begins."""
        tops, y = [], 0.0
        for one in self.planes:
            tops.append(y)
            y += one.height * self.input[1] + self.gap
        return tuple(tops)

    @property
    def height(self) -> float:
        """How high the planes are together."""
        return self.tops[-1] + self.planes[-1].height * self.input[1]


def numbers_plan(scene: Scene) -> NumbersPlan:
    """Everything side by side where numbers are short, else the output below."""
    neurons = list(dict.fromkeys(scene.neurons))
    plan = _small(scene, tuple(_reader(scene, neuron, TERMS) for neuron in neurons))
    return plan or _tall(scene, tuple(_reader(scene, neuron, _kernel(scene, neuron)) for neuron in neurons))


def _reader(scene: Scene, neuron: Place, most: int) -> Reader:
    return reader(scene, neuron, excerpt(scene, filter_number(scene, neuron), most), most)


def _kernel(scene: Scene, neuron: Place) -> int:
    """One channel's weights where they are few enough, else nine; no more than fit side by side."""
    n = filter_number(scene, neuron)
    each = excerpt(scene, n, WEIGHTS).each
    most = each if WEIGHTS < each <= KERNEL else WEIGHTS
    box = excerpt(scene, n, most).box
    return TAPS if box and box[-1][1] - box[-1][0] > TAPS else most


def label_width(scene: Scene, shown: Sequence[Plane]) -> float:
    """The room for the planes' names, 0 where there is one that needs none."""
    if scene.channels < 2 and len(shown) < 2:
        return 0.0
    return max(text_width(name, 11, mono=True) for name in plane_names(shown)) + 5


def _alike(scene: Scene, readers: Sequence[Reader]) -> tuple[Reader, ...]:
    return readers_with_taps(scene, [one for one in readers if one.excerpt.channels == readers[0].excerpt.channels])


def _small(scene: Scene, readers: tuple[Reader, ...]) -> NumbersPlan | None:
    count = max(len(planes(scene, _alike(scene, readers), (1, 1))), 1)
    shown = planes(scene, _alike(scene, readers), (max(ROWS // count, 1), 7))
    own = slices(scene, readers[0].filter, readers[0].excerpt)
    outputs = position_window(scene, (3, 3))
    numbers, weights = input_values(scene, shown), _stored(scene, own)
    inputs, stored = whole_or(numbers, 2, 2), whole_or(weights, 2, 2)
    lines = len(shown) * shown[0].height
    known = all(style is not None and style.exact for style, some in ((inputs, numbers), (stored, weights)) if some)
    if not known or not readers[0].excerpt.whole or lines > ROWS + 6:
        return None
    wide, high = 13.0 if inputs is None or inputs.characters < 2 else 17.0, 12.0 if lines > 15 else 13.0
    taps = max(len(line) for one in own for line in one.rows)
    flat = all(one.height == 1 for one in shown)
    slab = max(len(one.rows) for one in own) * 19.0
    gap = 0.0 if flat else max(7.0, slab + 16 - shown[0].height * high) if len(shown) > 1 else 7.0
    _, (first, last) = plane(outputs)
    filter_wide = max(taps * 19, 40) + 44
    total = 14 + max(shown[0].width * wide, 84) + SIGNS + filter_wide + max((last - first) * OUTPUT, 116)
    if total > INNER:
        return None
    style = _values(scene, readers[0].filter, outputs, 4)
    weight = (19.0, high if flat else 19.0)
    return NumbersPlan(readers, shown, own, outputs, inputs, stored, style, (wide, high), weight, gap, False)


def _tall(scene: Scene, readers: tuple[Reader, ...]) -> NumbersPlan:
    alike = _alike(scene, readers)
    own = slices(scene, readers[0].filter, readers[0].excerpt)
    taps = max(len(line) for one in own for line in one.rows)
    stored = _fitting(_stored(scene, own), 6 if taps < 4 else 5, 3)
    weight = 20.0 if stored is None else max(20.0, _tight(stored))
    mark = "" if stored is None else stored.mark
    single = planes(scene, alike, (1, 1))
    name = text_width(names_of_filter(scene, readers[0].filter), 12.5)
    free = INNER - SIGNS - max(taps * weight, text_width(mark, 10.5), name) - label_width(scene, single)
    room = max(7 // max(len(single), 1), 1)
    least = planes(scene, alike, (room, 2))[0].width
    numbers = input_values(scene, planes(scene, alike, (room, COLUMNS)))
    inputs = _fitting(numbers, min(5, int((free / least - 3) / 6)), 3)
    wide = max(20.0, 0.0 if inputs is None else _tight(inputs))
    shown = planes(scene, alike, (room, max(min(int(free / (wide + 2)), COLUMNS), 1)))
    wide = min(wide + 6, free / shown[0].width)
    gap = 6.0 if any(one.height > 1 for one in shown) else 0.0
    outputs = position_window(scene, (3, 2))
    style = _values(scene, readers[0].filter, outputs, 6)
    return NumbersPlan(readers, shown, own, outputs, inputs, stored, style, (wide, ROW), (weight, ROW), gap, True)


def _tight(style: Digits) -> float:
    """The least width of a cell in which the numbers of a group fit."""
    return style.characters * 6.0 + 3


def _fitting(values: list[float], most: int, least: int) -> Digits | None:
    """The way to print some numbers, with two decimals at most, in as many characters as there is room for."""
    every = (digits([values], some, 2) for some in range(most, least - 1, -1) if values)
    return next((found for found in every if found is not None), None)


def _stored(scene: Scene, own: Sequence[Slice]) -> list[float]:
    values = scene.w_values
    if values is None:
        return []
    return [float(values[place]) for one in own for line in one.rows for place in line if place is not None]


def _values(scene: Scene, n: int, window: Intervals, characters: int) -> Digits | None:
    values = scene.y_values
    if values is None:
        return None
    some = [float(values[neuron]) for _, _, neuron in neurons_in(scene, n, window)]
    return whole_or(some, 4, characters, 3) or digits([some], 6, 3)
