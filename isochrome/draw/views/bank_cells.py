"""The parts of a bank: a channel of the input, weights of a filter, a map of partial sums, a slice of the output."""

from __future__ import annotations

from isochrome.core.relation import Place
from isochrome.draw.layout import outline, place_text, text_width
from isochrome.draw.picture import Cell, Label, Mark, Outline, Tag, keys
from isochrome.draw.scene import Scene
from isochrome.draw.views.bank_plan import Bank, read_at, spots
from isochrome.draw.views.kernels import kernel_cells
from isochrome.draw.views.maps import FilterMaps, Map
from isochrome.draw.views.windows import in_plane, plane
from isochrome.draw.views.wording import counted

__all__ = [
    "added", "bias_label", "channel_cells", "deep", "head", "input_size", "kernel_size", "map_cells", "output_cells",
    "sign", "slice_words", "weight_cells", "window_size",
]  # fmt: skip


def window_size(bank: Bank) -> tuple[int, int]:
    """How many rows and columns of positions are drawn."""
    (top, end), (left, right) = plane(bank.window)
    return end - top, right - left


def kernel_size(bank: Bank) -> tuple[float, float]:
    """The width and the height of one drawn kernel."""
    (top, end), (left, right) = plane(bank.taps)
    return (right - left) * bank.tap.width, (end - top) * bank.tap.height


def input_size(bank: Bank) -> tuple[float, float]:
    """The width and the height of one channel of the input."""
    (top, end), (left, right) = plane(bank.region)
    return (right - left) * bank.read.width, (end - top) * bank.read.height


def head(x: float, y: float, name: str, under: str) -> list[Mark]:
    """The name of a group, and under it what it is."""
    return [Label(x, y + 12, name, "group"), Label(x, y + 30, under, "caption")]


def deep(bank: Bank) -> str:
    """How many filters, and how deep."""
    reads = {one.reads for one in bank.filters}
    alike = ", like the input" if reads == {bank.scene.channels} else ""
    many = bank.scene.filters > 1
    if len(reads) > 1:
        return f"{bank.scene.filters:,}, as deep as what each reads"
    return f"{bank.scene.filters:,}, {'each ' if many else ''}{reads.pop():,} deep{alike}"


def added(bank: Bank) -> str:
    """What is done with the maps of a filter."""
    if all(one.reads == 1 for one in bank.filters):
        return "one map: each reads one channel"
    return "one map for each channel: added, not averaged"


def slice_words(bank: Bank, one: FilterMaps) -> tuple[str, str]:
    """The name of a slice and how many neurons it has."""
    return f"slice {place_text(one.place)}", counted(bank.scene.y.size("position"), "neuron")


def channel_cells(bank: Bank, channel: int, x: float, y: float) -> list[Mark]:
    """One channel of the input with its number before it, and what neuron i reads of it."""
    scene, size = bank.scene, bank.read
    (top, _), (left, _) = plane(bank.region)
    marks: list[Mark] = [Label(x - 8, y + input_size(bank)[1] / 2 + 4, str(channel), "index", "end", size=11)]
    for row, column in spots(bank.region):
        place, value = read_at(scene, channel, row, column, bank.region)
        box = x + (column - left) * size.width, y + (row - top) * size.height, size.width, size.height
        if place is None:
            marks.append(Cell(*box, padding=True))
            continue
        at = keys(scene.layer.number, x=place)
        marks.append(Cell(*box, size.text(value), scene.input_identity(place), size=size.font, keys=at))
    return marks + _region_of_i(bank, channel, x, y)


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


def weight_cells(bank: Bank, one: FilterMaps, channel: int, x: float, y: float) -> list[Mark]:
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


def map_cells(bank: Bank, one: FilterMaps, x: float, middle: float, values: Map | None) -> list[Mark]:
    """One map of partial sums: numbers on the way, so none of them has an identity."""
    scene, size = bank.scene, bank.sums
    (top, _), (left, _) = plane(bank.window)
    y = middle - size.height * window_size(bank)[0] / 2
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


def bias_label(bank: Bank, one: FilterMaps, middle: float, y: float) -> tuple[Label, float]:
    """The bias of a filter as a number around ``middle``, and its width."""
    text = bank.sums.text(one.bias)
    where = keys(bank.scene.layer.number, b=_bias_place(bank.scene, one))
    label = Label(middle, y, text, "mono", "middle", bold=True, size=13, keys=where)
    return label, text_width(text, 13, True, True)


def _bias_place(scene: Scene, one: FilterMaps) -> Place:
    found = scene.bias_of(scene.neuron_at(one.place, scene.centre))
    return found[0] if found else ()


def sign(text: str, x: float, middle: float) -> Label:
    """A sign between two maps."""
    return Label(x, middle + 4.5, text, "mono", "middle", ink="ink2")


def output_cells(bank: Bank, one: FilterMaps, x: float, middle: float) -> list[Mark]:
    """One slice of the output: its neurons, with the framework's own values where there are some."""
    scene, size = bank.scene, bank.values
    (top, _), (left, _) = plane(bank.window)
    y = middle - size.height * window_size(bank)[0] / 2
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
    end = x + window_size(bank)[1] * size.width + 12
    name, count = slice_words(bank, one)
    marks += [Label(end, middle - 4, name, "body", bold=True, size=12), Label(end, middle + 13, count, "caption")]
    return marks + states


def _state(scene: Scene, neuron: Place, cell: Cell) -> list[Mark]:
    if neuron == scene.neurons[0]:
        return [outline("selected", cell, touching=True)]
    return [outline("pinned", cell, touching=True)] if neuron in scene.neurons[1:2] else []
