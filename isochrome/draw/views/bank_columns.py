"""The four columns of a bank: the input, the filters, what each filter gives, the output."""

from __future__ import annotations

from isochrome.draw.choice import names_of_filter
from isochrome.draw.layout import text_width
from isochrome.draw.picture import Label, Mark
from isochrome.draw.views.bank_cells import (
    added,
    bias_label,
    channel_cells,
    deep,
    head,
    input_size,
    kernel_size,
    map_cells,
    output_cells,
    sign,
    slice_words,
    weight_cells,
    window_size,
)
from isochrome.draw.views.bank_plan import Bank
from isochrome.draw.views.maps import FilterMaps, Map
from isochrome.draw.views.wording import counted

__all__ = ["columns", "maps_of"]

_TOP = 54.0
_BETWEEN = 44.0


def columns(bank: Bank) -> tuple[list[Mark], float, float]:
    """The marks, the width and the height of the four columns."""
    scene = bank.scene
    start = 13 + text_width(str(bank.channels[-1]), 11, mono=True)
    marks, right, low = _inputs(bank, start)
    channels = counted(scene.channels, "channel")
    marks += head(start, 0, f"input {scene.x.name if scene.x else ''}", channels)
    left = max(right, start + text_width(channels, 12)) + 54
    marks += head(left, 0, f"filters {scene.line.weight}", deep(bank))
    names_at = left + kernel_size(bank)[0] + 12
    maps_at = max(names_at + 78, left + text_width(deep(bank), 12) + 36)
    middles = _middles(bank, low)
    output_at = maps_at + text_width(added(bank), 12) + 36
    marks += head(maps_at, 0, "what each filter gives", added(bank))
    for one, middle in zip(bank.filters, middles, strict=True):
        marks += _filter(bank, one, left, middle, names_at)
        drawn, end = _sums(bank, one, maps_at, middle)
        marks += drawn
        output_at = max(output_at, end)
    marks += head(output_at, 0, f"output {scene.y.name}", counted(scene.filters, "slice"))
    for one, middle in zip(bank.filters, middles, strict=True):
        marks += output_cells(bank, one, output_at, middle)
    beside = max(text_width(text, 12, True) for one in bank.filters for text in slice_words(bank, one))
    width = output_at + window_size(bank)[1] * bank.values.width + 12 + beside
    return marks, width + 4, max(low, middles[-1] + _block(bank) / 2) + 4


def _stack(bank: Bank, one: FilterMaps) -> float:
    return len(one.channels) * (kernel_size(bank)[1] + 10) - 10 + (18 if one.others else 0)


def _block(bank: Bank) -> float:
    """The height that one filter takes."""
    return max(window_size(bank)[0] * bank.values.height + 26, *(_stack(bank, one) for one in bank.filters))


def _middles(bank: Bank, low: float) -> list[float]:
    """Where the middle of each filter lies: spread over the height of the input where that is larger."""
    count = len(bank.filters)
    step = max(_block(bank) + _BETWEEN, (low - _TOP + _BETWEEN) / count if count > 1 else 0)
    return [_TOP + number * step + _block(bank) / 2 for number in range(count)]


def _inputs(bank: Bank, x: float) -> tuple[list[Mark], float, float]:
    """The channels of the input below each other; their right end and their lower end."""
    marks: list[Mark] = []
    y = _TOP
    width, height = input_size(bank)
    for channel in bank.channels:
        marks += channel_cells(bank, channel, x, y)
        y += height + 14
    return marks, x + width, y - 14


def _filter(bank: Bank, one: FilterMaps, x: float, middle: float, names_at: float) -> list[Mark]:
    """One filter's kernels below each other, and its name and counts beside them."""
    marks: list[Mark] = []
    y = middle - _stack(bank, one) / 2
    for channel in one.channels:
        marks.append(Label(x - 8, y + kernel_size(bank)[1] / 2 + 4, str(channel), "index", "end", size=11))
        marks += weight_cells(bank, one, channel, x, y)
        y += kernel_size(bank)[1] + 10
    if one.others:
        marks.append(Label(x, y + 6, f"and {one.others:,} more", "caption"))
    lines = [counted(one.weights, "weight")] + (["+ 1 bias"] if one.has_bias else [])
    name = names_of_filter(bank.scene, one.number)
    marks.append(Label(names_at, middle - 8, name, "body", bold=True, size=12))
    return marks + [Label(names_at, middle + 9 + 16 * row, line, "caption") for row, line in enumerate(lines)]


def _sums(bank: Bank, one: FilterMaps, x: float, middle: float) -> tuple[list[Mark], float]:
    """The maps of one filter with plus signs between them, the bias, the sign =; and where the output begins."""
    found, marks = maps_of(one), list[Mark]()
    rows, wide = window_size(bank)[0], window_size(bank)[1] * bank.sums.width
    step = max(wide, *(text_width(name, 12) for name, _ in found)) + 28
    head_y = middle - rows * bank.sums.height / 2 - 9
    for number, (name, values) in enumerate(found):
        left = x + number * step
        marks += map_cells(bank, one, left, middle, values)
        marks.append(Label(left + wide / 2, head_y, name, "caption", "middle"))
        if number:
            marks.append(sign("+", left - 14 - (step - 28 - wide) / 2, middle))
    end = x + (len(found) - 1) * step + wide + (step - 28 - wide) / 2
    if one.has_bias:
        room = max(28.0, bias_label(bank, one, 0, 0)[1])
        marks += [sign("+", end + 14, middle), bias_label(bank, one, end + 28 + room / 2, middle + 4.5)[0]]
        marks.append(Label(end + 28 + room / 2, head_y, "bias", "caption", "middle"))
        end += 28 + room
    return [*marks, sign("=", end + 22, middle)], end + 60


def maps_of(one: FilterMaps) -> list[tuple[str, Map | None]]:
    """The maps of a filter with their names: one for each channel drawn, and one for all others."""
    names = [f"channel {channel}" for channel in one.channels]
    found: list[Map | None] = list(one.maps) if one.maps is not None else [None] * len(names)
    if one.others:
        names.append(f"{one.others:,} others" if one.others > 1 else "1 other")
        found.append(one.rest)
    return list(zip(names, found, strict=True))
