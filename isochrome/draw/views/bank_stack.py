"""A bank on a narrow page: the input, then each filter as an addition, a row for each channel, the output below."""

from __future__ import annotations

from itertools import zip_longest

from isochrome.draw.choice import names_of_filter
from isochrome.draw.layout import bottom, paragraph, right_of, text_width
from isochrome.draw.picture import Label, Mark, Rule
from isochrome.draw.views.bank_cells import (
    added,
    bias_label,
    channel_cells,
    head,
    input_size,
    kernel_size,
    map_cells,
    output_cells,
    sign,
    weight_cells,
    window_size,
)
from isochrome.draw.views.bank_columns import maps_of
from isochrome.draw.views.bank_plan import Bank
from isochrome.draw.views.maps import FilterMaps
from isochrome.draw.views.wording import counted

__all__ = ["stacked"]

_HEAD, _ROW, _GROUP = 44.0, 12.0, 34.0
"""The room for the name of a group; between rows; between groups."""
_SIGNS = 46.0
"""The room between weights and maps: signs stand there, and the tag of a neuron."""


def stacked(bank: Bank) -> tuple[list[Mark], float, float]:
    """The marks, the width and the height."""
    start = 13 + text_width(str(bank.channels[-1]), 11, mono=True)
    marks, right, y = _inputs(bank, start)
    maps_at = start + kernel_size(bank)[0] + _SIGNS
    for one in bank.filters:
        drawn, y = _filter(bank, one, start, maps_at, y + _GROUP)
        marks += drawn
    labels = [mark for mark in marks if isinstance(mark, Label) and mark.anchor == "start"]
    row = maps_at + window_size(bank)[1] * max(bank.sums.width, bank.values.width)
    return marks, max(right_of(labels), row, right) + 4, y + 4


def _inputs(bank: Bank, start: float) -> tuple[list[Mark], float, float]:
    """The channels of the input, beside one another as far as there is room; and where they end."""
    scene, (width, height) = bank.scene, input_size(bank)
    marks = head(0, 0, f"input {scene.x.name if scene.x else ''}", counted(scene.channels, "channel"))
    x, y, right = start, _HEAD, start
    for channel in bank.channels:
        if x > start and x + width > scene.width:
            x, y = start, y + height + _ROW
        marks += channel_cells(bank, channel, x, y)
        right = max(right, x + width)
        x += width + start
    return marks, right, y + height


def _filter(bank: Bank, one: FilterMaps, start: float, maps_at: float, y: float) -> tuple[list[Mark], float]:
    """One filter: for each channel its weights and the map that they give; the maps and the bias make the output."""
    rows, wide = window_size(bank)[0], window_size(bank)[1] * bank.sums.width
    signs = maps_at - 32
    bias = " + 1 bias" if one.has_bias else ""
    about = f"{counted(one.weights, 'weight')}{bias}; {added(bank)}"
    told = paragraph(0, y + 30, about, bank.scene.width)
    marks: list[Mark] = [Label(0, y + 12, names_of_filter(bank.scene, one.number), "group"), *told]
    y = bottom(told) + _HEAD - 30
    for number, ((name, values), channel) in enumerate(zip_longest(maps_of(one), one.channels)):
        high = rows * bank.sums.height
        if channel is not None:
            high = max(high, kernel_size(bank)[1])
        middle = y + high / 2
        if channel is not None:
            marks.append(Label(start - 8, middle + 4, str(channel), "index", "end", size=11))
            marks += weight_cells(bank, one, channel, start, middle - kernel_size(bank)[1] / 2)
        marks += map_cells(bank, one, maps_at, middle, values)
        marks.append(Label(maps_at + wide + 8, middle + 4.5, name, "caption"))
        marks += [sign("+", signs, middle)] if number else []
        y += high + _ROW
    if one.has_bias:
        marks += [sign("+", signs, y + 8), bias_label(bank, one, maps_at + wide / 2, y + 12.5)[0]]
        marks.append(Label(maps_at + wide + 8, y + 12.5, "bias", "caption"))
        y += 26
    marks.append(Rule(((signs - 8, y), (maps_at + wide, y)), "thin"))
    high = rows * bank.values.height
    middle = y + 32 + high / 2
    marks += [sign("=", signs, middle), *output_cells(bank, one, maps_at, middle)]
    return marks, middle + high / 2
