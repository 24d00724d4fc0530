"""The four columns of a bank: the input, the filters, what each filter gives, the output."""

from __future__ import annotations

from isochrome.core.relation import Place
from isochrome.draw.choice import names_of_filter
from isochrome.draw.layout import outline, place_text, text_width
from isochrome.draw.picture import Cell, Label, Mark, Outline, Tag, keys
from isochrome.draw.scene import Scene
from isochrome.draw.views.bank_plan import Bank, read_at, spots
from isochrome.draw.views.kernels import kernel_cells
from isochrome.draw.views.maps import FilterMaps, Map
from isochrome.draw.views.windows import in_plane, plane
from isochrome.draw.views.wording import counted

__all__ = ["columns"]

_TOP = 54.0
_BETWEEN = 44.0


def columns(bank: Bank) -> tuple[list[Mark], float, float]:
    """The marks, the width and the height of the four columns."""
    scene = bank.scene
    start = 13 + text_width(str(bank.channels[-1]), 11, mono=True)
    marks, right, low = _inputs(bank, start)
    channels = counted(scene.channels, "channel")
    marks += _head(start, f"input {scene.x.name if scene.x else ''}", channels)
    left = max(right, start + text_width(channels, 12)) + 54
    marks += _head(left, f"filters {scene.line.weight}", _deep(bank))
    names_at = left + _kernel(bank)[0] + 12
    maps_at = max(names_at + 78, left + text_width(_deep(bank), 12) + 36)
    middles = _middles(bank, low)
    output_at = maps_at + text_width(_added(bank), 12) + 36
    marks += _head(maps_at, "what each filter gives", _added(bank))
    for one, middle in zip(bank.filters, middles, strict=True):
        marks += _filter(bank, one, left, middle, names_at)
        drawn, end = _sums(bank, one, maps_at, middle)
        marks += drawn
        output_at = max(output_at, end)
    marks += _head(output_at, f"output {scene.y.name}", counted(scene.filters, "slice"))
    for one, middle in zip(bank.filters, middles, strict=True):
        marks += _output(bank, one, output_at, middle)
    beside = max(text_width(text, 12, True) for one in bank.filters for text in _slice_words(bank, one))
    width = output_at + _window(bank)[1] * bank.values.width + 12 + beside
    return marks, width + 4, max(low, middles[-1] + _block(bank) / 2) + 4


def _head(x: float, head: str, under: str) -> list[Mark]:
    return [Label(x, 12, head, "group"), Label(x, 30, under, "caption")]


def _deep(bank: Bank) -> str:
    reads = {one.reads for one in bank.filters}
    alike = ", like the input" if reads == {bank.scene.channels} else ""
    many = bank.scene.filters > 1
    if len(reads) > 1:
        return f"{bank.scene.filters:,}, as deep as what each reads"
    return f"{bank.scene.filters:,}, {'each ' if many else ''}{reads.pop():,} deep{alike}"


def _added(bank: Bank) -> str:
    if all(one.reads == 1 for one in bank.filters):
        return "one map: each reads one channel"
    return "one map for each channel: added, not averaged"


def _window(bank: Bank) -> tuple[int, int]:
    """How many rows and columns of positions are drawn."""
    (top, end), (left, right) = plane(bank.window)
    return end - top, right - left


def _kernel(bank: Bank) -> tuple[float, float]:
    """The width and the height of one drawn kernel."""
    (top, end), (left, right) = plane(bank.taps)
    return (right - left) * bank.tap.width, (end - top) * bank.tap.height


def _stack(bank: Bank, one: FilterMaps) -> float:
    return len(one.channels) * (_kernel(bank)[1] + 10) - 10 + (18 if one.others else 0)


def _block(bank: Bank) -> float:
    """The height that one filter takes."""
    return max(_window(bank)[0] * bank.values.height + 26, *(_stack(bank, one) for one in bank.filters))


def _middles(bank: Bank, low: float) -> list[float]:
    """Where the middle of each filter lies: spread over the height of the input where that is larger."""
    count = len(bank.filters)
    step = max(_block(bank) + _BETWEEN, (low - _TOP + _BETWEEN) / count if count > 1 else 0)
    return [_TOP + number * step + _block(bank) / 2 for number in range(count)]


# --- the input ----------------------------------------------------------------------------------------------------


def _inputs(bank: Bank, x: float) -> tuple[list[Mark], float, float]:
    """The channels of the input below each other; their right end and their lower end."""
    scene, size = bank.scene, bank.read
    (top, end), (left, right) = plane(bank.region)
    marks: list[Mark] = []
    y = _TOP
    for channel in bank.channels:
        height = (end - top) * size.height
        marks.append(Label(x - 8, y + height / 2 + 4, str(channel), "index", "end", size=11))
        for row, column in spots(bank.region):
            place, value = read_at(scene, channel, row, column, bank.region)
            cell_x, cell_y = x + (column - left) * size.width, y + (row - top) * size.height
            if place is None:
                marks.append(Cell(cell_x, cell_y, size.width, size.height, padding=True))
                continue
            marks.append(
                Cell(
                    cell_x,
                    cell_y,
                    size.width,
                    size.height,
                    size.text(value),
                    scene.input_identity(place),
                    size=size.font,
                    keys=keys(scene.layer.number, x=place),
                )
            )
        marks += _region_of_i(bank, channel, x, y)
        y += height + 14
    return marks, x + (right - left) * size.width, y - 14


def _region_of_i(bank: Bank, channel: int, x: float, y: float) -> list[Mark]:
    """An outline around what neuron i reads of a channel, where all of that is drawn."""
    scene, size = bank.scene, bank.read
    one = next((one for one in bank.filters if one.place == scene.filter_of(scene.neurons[0])), None)
    box = one.box_of_i if one and channel in one.channels else ()
    inside = all(low <= first and last <= high for (first, last), (low, high) in zip(box, bank.region, strict=False))
    (top, end), (left, right) = plane(box)
    if not box or not inside or (end - top) * (right - left) == 1:
        return []
    (first_row, _), (first_column, _) = plane(bank.region)
    at = (x + (left - first_column) * size.width, y + (top - first_row) * size.height)
    return [Outline("selected", *at, (right - left) * size.width, (end - top) * size.height, touching=True)]


# --- the filters --------------------------------------------------------------------------------------------------


def _filter(bank: Bank, one: FilterMaps, x: float, middle: float, names_at: float) -> list[Mark]:
    """One filter's kernels below each other, and its name and counts beside them."""
    marks: list[Mark] = []
    y = middle - _stack(bank, one) / 2
    for channel in one.channels:
        marks.append(Label(x - 8, y + _kernel(bank)[1] / 2 + 4, str(channel), "index", "end", size=11))
        marks += _cells(bank, one, channel, x, y)
        y += _kernel(bank)[1] + 10
    if one.others:
        marks.append(Label(x, y + 6, f"and {one.others:,} more", "caption"))
    lines = [counted(one.weights, "weight")] + (["+ 1 bias"] if one.has_bias else [])
    name = names_of_filter(bank.scene, one.number)
    marks.append(Label(names_at, middle - 8, name, "body", bold=True, size=12))
    return marks + [Label(names_at, middle + 9 + 16 * row, line, "caption") for row, line in enumerate(lines)]


def _cells(bank: Bank, one: FilterMaps, channel: int, x: float, y: float) -> list[Mark]:
    """The weights of one filter for one channel, at their taps."""
    scene, size, values = bank.scene, bank.tap, bank.scene.w_values
    return [
        Cell(
            x + cell.column * size.width,
            y + cell.row * size.height,
            size.width,
            size.height,
            size.text(None if values is None else values[cell.place]),
            cell.identity,
            size=size.font,
            keys=keys(scene.layer.number, w=cell.place, parameter=scene.line.parameter),
        )
        for cell in kernel_cells(scene, one.rows, channel, bank.taps)
    ]


# --- what each filter gives ---------------------------------------------------------------------------------------


def _sums(bank: Bank, one: FilterMaps, x: float, middle: float) -> tuple[list[Mark], float]:
    """The maps of one filter with plus signs between them, the bias, the sign =; and where the output begins."""
    marks: list[Mark] = []
    heads = [f"channel {channel}" for channel in one.channels]
    maps: list[Map | None] = list(one.maps) if one.maps is not None else [None] * len(heads)
    if one.others:
        heads.append(f"{one.others:,} others" if one.others > 1 else "1 other")
        maps.append(one.rest)
    rows, wide = _window(bank)[0], _window(bank)[1] * bank.sums.width
    step, head_y = max(wide, *(text_width(head, 12) for head in heads)) + 28, middle - rows * bank.sums.height / 2 - 9
    for number, (head, values) in enumerate(zip(heads, maps, strict=True)):
        left = x + number * step
        marks += _map(bank, one, left, middle, values)
        marks.append(Label(left + wide / 2, head_y, head, "caption", "middle"))
        if number:
            marks.append(_sign("+", left - 14 - (step - 28 - wide) / 2, middle))
    end = x + (len(heads) - 1) * step + wide + (step - 28 - wide) / 2
    if one.has_bias:
        text = bank.sums.text(one.bias)
        room = max(28.0, text_width(text, 13, True, True))
        where = keys(bank.scene.layer.number, b=_bias_place(bank.scene, one))
        marks.append(_sign("+", end + 14, middle))
        marks.append(
            Label(end + 28 + room / 2, middle + 4.5, text, "mono", "middle", bold=True, size=13, keys=where)
        )
        marks.append(Label(end + 28 + room / 2, head_y, "bias", "caption", "middle"))
        end += 28 + room
    return [*marks, _sign("=", end + 22, middle)], end + 60


def _sign(text: str, x: float, middle: float) -> Label:
    return Label(x, middle + 4.5, text, "mono", "middle", ink="ink2")


def _bias_place(scene: Scene, one: FilterMaps) -> Place:
    found = scene.bias_of(scene.neuron_at(one.place, scene.centre))
    return found[0] if found else ()


def _map(bank: Bank, one: FilterMaps, x: float, middle: float, values: Map | None) -> list[Mark]:
    """One map of partial sums: numbers on the way, so none of them has an identity."""
    scene, size = bank.scene, bank.sums
    (top, _), (left, _) = plane(bank.window)
    y = middle - size.height * _window(bank)[0] / 2
    marks: list[Mark] = []
    states: list[Mark] = []
    for row, column in spots(bank.window):
        neuron = scene.neuron_at(one.place, in_plane(bank.window, row, column))
        cell = Cell(
            x + (column - left) * size.width,
            y + (row - top) * size.height,
            size.width,
            size.height,
            "" if values is None else size.text(values[row - top, column - left]),
            size=size.font,
            keys=keys(scene.layer.number, y=neuron),
        )
        marks.append(cell)
        states += _state(scene, neuron, cell)
    return marks + states


def _state(scene: Scene, neuron: Place, cell: Cell) -> list[Mark]:
    if neuron == scene.neurons[0]:
        return [outline("selected", cell, touching=True)]
    return [outline("pinned", cell, touching=True)] if neuron in scene.neurons[1:2] else []


# --- the output ---------------------------------------------------------------------------------------------------


def _output(bank: Bank, one: FilterMaps, x: float, middle: float) -> list[Mark]:
    """One slice of the output: its neurons, with the framework's own values where there are some."""
    scene, size = bank.scene, bank.values
    (top, _), (left, _) = plane(bank.window)
    y = middle - size.height * _window(bank)[0] / 2
    marks, states = list[Mark](), list[Mark]()
    for row, column in spots(bank.window):
        neuron = scene.neuron_at(one.place, in_plane(bank.window, row, column))
        value = one.total(row - top, column - left) if one.values is None else one.values[row - top, column - left]
        cell = Cell(
            x + (column - left) * size.width,
            y + (row - top) * size.height,
            size.width,
            size.height,
            size.text(value),
            scene.neuron_identity(neuron),
            bold=neuron == scene.neurons[0],
            size=size.font,
            keys=keys(scene.layer.number, y=neuron),
        )
        marks.append(cell)
        states += _state(scene, neuron, cell)
        if neuron in scene.neurons[:2]:
            beside = (x - 22, cell.y + size.height / 2 - 8)
            above = (cell.x + size.width / 2 - 8, y - 22)
            first = neuron == scene.neurons[0]
            states.append(Tag(*(beside if column == left else above), "i" if first else "j", not first, cell.keys))
    end = x + _window(bank)[1] * size.width + 12
    name, count = _slice_words(bank, one)
    marks += [Label(end, middle - 4, name, "body", bold=True, size=12), Label(end, middle + 13, count, "caption")]
    return marks + states


def _slice_words(bank: Bank, one: FilterMaps) -> tuple[str, str]:
    return f"slice {place_text(one.place)}", counted(bank.scene.y.size("position"), "neuron")
