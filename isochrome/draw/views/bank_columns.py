"""The four columns of a bank: the input, the filters, what each filter gives, the output."""

from __future__ import annotations

from isochrome.core.relation import Place
from isochrome.draw.choice import names_of_filter
from isochrome.draw.layout import outline, place_text, text_width
from isochrome.draw.picture import Cell, Keys, Label, Mark, Outline, Tag, keys
from isochrome.draw.scene import Scene
from isochrome.draw.views.bank_plan import Bank, read_at, spots
from isochrome.draw.views.maps import FilterMaps, Map
from isochrome.draw.views.windows import in_plane, plane
from isochrome.draw.views.wording import counted

__all__ = ["columns"]

_TOP = 54.0


def columns(bank: Bank) -> tuple[list[Mark], float, float]:
    """The marks, the width, the height."""
    inputs, right, low = _inputs(bank, 20)
    marks: list[Mark] = inputs
    heads = [(20.0, f"input {_letter(bank)}", _channels_head(bank))]
    left = max(right, 20 + text_width(heads[0][2], 12)) + 54
    heads.append((left, f"filters {bank.scene.line.weight}", _filters_head(bank)))
    blocks, stacks = [], max(_stack_height(bank, one) for one in bank.filters)
    label_at = left + _tap_width(bank) + 12
    maps_at = max(label_at + 78, left + text_width(heads[1][2], 12) + 36)
    step = max(stacks, bank.map_height * _map_rows(bank) + 26) + 44
    if low - _TOP > step * len(bank.filters) - 44:
        step = (low - _TOP + 44) / len(bank.filters)
    out_at = 0.0
    for number, one in enumerate(bank.filters):
        top = _TOP + number * step
        middle = top + max(stacks, bank.map_height * _map_rows(bank) + 26) / 2
        blocks += _filter(bank, one, left, middle, label_at)
        drawn, out_at = _sums(bank, one, maps_at, middle)
        blocks += drawn
    heads.append((maps_at, "what each filter gives", _maps_head(bank)))
    out_at = max(out_at, maps_at + text_width(_maps_head(bank), 12) + 36)
    for number, one in enumerate(bank.filters):
        middle = _TOP + number * step + max(stacks, bank.map_height * _map_rows(bank) + 26) / 2
        blocks += _output(bank, one, out_at, middle)
    slices = counted(bank.scene.filters, "slice")
    heads.append((out_at, f"output {bank.scene.y.name}", slices))
    for x, head, under in heads:
        marks += [Label(x, 12, head, "group"), Label(x, 30, under, "caption")]
    width = out_at + _mapcolumns(bank) * _out_side(bank)[0] + 12 + 74
    height = max(low, _TOP + step * len(bank.filters) - 44) + 4
    return [*marks, *blocks], width, height


def _letter(bank: Bank) -> str:
    return bank.scene.x.name if bank.scene.x else ""


def _channels_head(bank: Bank) -> str:
    return counted(bank.scene.channels, "channel")


def _filters_head(bank: Bank) -> str:
    reads = {one.reads for one in bank.filters}
    deep = f"each {reads.pop():,} deep" if len(reads) == 1 else "as deep as what each reads"
    alike = ", like the input" if all(one.reads == bank.scene.channels for one in bank.filters) else ""
    return f"{bank.scene.filters:,}, {deep}{alike}" if bank.scene.filters > 1 else f"1, {deep[5:]}{alike}"


def _maps_head(bank: Bank) -> str:
    if all(one.reads == 1 for one in bank.filters):
        return "one map: each reads one channel"
    return "one map for each channel: added, not averaged"


def _map_rows(bank: Bank) -> int:
    (top, end), _ = plane(bank.window)
    return end - top


def _mapcolumns(bank: Bank) -> int:
    _, (left, right) = plane(bank.window)
    return right - left


def _inputs(bank: Bank, x: float) -> tuple[list[Mark], float, float]:
    scene, size = bank.scene, bank.read
    (top, end), (left, right) = plane(bank.region)
    marks: list[Mark] = []
    y = _TOP
    for channel in bank.channels:
        height = (end - top) * size.height
        marks.append(Label(x - 8, y + height / 2 + 4, str(channel), "index", "end", size=11))
        for row, column in spots(bank.region):
            place, value = read_at(scene, channel, row, column, bank.region)
            at = (x + (column - left) * size.width, y + (row - top) * size.height)
            marks.append(
                Cell(*at, size.width, size.height, "" if place is None else size.text(value),
                     None if place is None else scene.input_identity(place), place is None, size=size.font,
                     keys=Keys() if place is None else keys(scene.layer.number, x=place))
            )  # fmt: skip
        marks += _region_of_i(bank, channel, x, y)
        y += height + 14
    return marks, x + (right - left) * size.width, y - 14


def _region_of_i(bank: Bank, channel: int, x: float, y: float) -> list[Mark]:
    """An outline around what neuron i reads of a channel, where all of that is drawn."""
    scene, size = bank.scene, bank.read
    one = next((one for one in bank.filters if one.place == scene.filter_of(scene.neurons[0])), None)
    box = one.box_of_i if one and channel in one.channels else ()
    if not box:
        return []
    inside = all(low <= one and two <= high for (one, two), (low, high) in zip(box, bank.region, strict=True))
    (top, end), (left, right) = plane(box)
    (first, _), (start, _) = plane(bank.region)
    if not inside or (end - top) * (right - left) == 1:
        return []
    return [Outline("selected", x + (left - start) * size.width, y + (top - first) * size.height,
                    (right - left) * size.width, (end - top) * size.height, touching=True)]  # fmt: skip


def _tap_width(bank: Bank) -> float:
    _, (left, right) = plane(bank.taps)
    return (right - left) * bank.tap.width


def _tap_height(bank: Bank) -> float:
    (top, end), _ = plane(bank.taps)
    return (end - top) * bank.tap.height


def _stack_height(bank: Bank, one: FilterMaps) -> float:
    return len(one.channels) * (_tap_height(bank) + 10) - 10 + (18 if one.others else 0)


def _filter(bank: Bank, one: FilterMaps, x: float, middle: float, label_at: float) -> list[Mark]:
    """One filter's kernels below each other, and its name and counts beside them."""
    scene, size, marks = bank.scene, bank.tap, list[Mark]()
    y = middle - _stack_height(bank, one) / 2
    for channel, places in zip(one.channels, one.kernels, strict=True):
        marks.append(Label(x - 8, y + _tap_height(bank) / 2 + 4, str(channel), "index", "end", size=11))
        drawn = [(place, at) for place in places if (at := _at_tap(bank, place)) is not None]
        names = _identities(scene, one, channel, [place for place, _ in drawn])
        for place, at in drawn:
                value = None if scene.w_values is None else scene.w_values[place]
                marks.append(
                    Cell(x + at[1] * size.width, y + at[0] * size.height, size.width, size.height, size.text(value),
                         names[place], size=size.font,
                         keys=keys(scene.layer.number, w=place, parameter=scene.line.parameter))
                )  # fmt: skip
        y += _tap_height(bank) + 10
    if one.others:
        marks.append(Label(x, y + 6, f"and {one.others:,} more", "caption"))
    weights = len({tuple(place) for place in one.rows.w.tolist()} | {place for places in one.kernels for place in places})
    lines = [counted(weights, "weight")] + (["+ 1 bias"] if one.has_bias else [])
    marks.append(Label(label_at, middle - 8, names_of_filter(scene, one.number), "body", bold=True, size=12))
    return marks + [Label(label_at, middle + 9 + 16 * row, line, "caption") for row, line in enumerate(lines)]


def _identities(scene: Scene, one: FilterMaps, channel: int, places: list[Place]) -> dict[Place, str | None]:
    """The identities of some weights of one filter and channel at the scene's level."""
    rows = one.rows.take(one.rows.channel == channel)
    at = {place: row for row, place in enumerate(map(tuple, rows.w.tolist())) if place in set(places)}
    found = {part.w: part.identity(scene.level) for part in scene.parts(rows.take(np.array(list(at.values()), int)))}
    return {place: found[place] if place in found else scene.weight_identity(place) for place in places}


def _at_tap(bank: Bank, place: Place) -> tuple[int, int] | None:
    """The row and column of a weight in its kernel's drawing; None where the window leaves it out."""
    taps = tuple(place[axis] for axis in bank.scene.w.of("tap"))
    if any(not low <= tap < high for tap, (low, high) in zip(taps, bank.taps, strict=True)):
        return None
    (top, _), (left, _) = plane(bank.taps)
    row = taps[-2] - top if len(taps) > 1 else 0
    return row, (taps[-1] - left if taps else 0)


def _sums(bank: Bank, one: FilterMaps, x: float, middle: float) -> tuple[list[Mark], float]:
    """The maps of one filter with plus signs between them, the bias, the sign =; and where the output begins."""
    marks: list[Mark] = []
    heads = [f"channel {channel}" for channel in one.channels]
    maps: list[Map | None] = list(one.maps) if one.maps is not None else [None] * len(heads)
    if one.others:
        heads.append(f"{one.others:,} others" if one.others > 1 else "1 other")
        maps.append(one.rest)
    wide = _mapcolumns(bank) * bank.map_width
    step = max(wide, max(text_width(head, 12) for head in heads)) + 28
    for number, (head, values) in enumerate(zip(heads, maps, strict=True)):
        left = x + number * step
        marks += _map(bank, one, left, middle, values)
        top = middle - bank.map_height * _map_rows(bank) / 2
        marks.append(Label(left + wide / 2, top - 9, head, "caption", "middle"))
        if number:
            marks.append(Label(left - 14, middle + 4.5, "+", "mono", "middle", ink="ink2"))
    end = x + len(heads) * step - 28
    if one.has_bias:
        text = "" if one.bias is None else bank.sums.text(one.bias)
        room = max(28.0, text_width(text, 13, True, True))
        marks.append(Label(end + 14, middle + 4.5, "+", "mono", "middle", ink="ink2"))
        marks.append(Label(end + 28 + room / 2, middle + 4.5, text, "mono", "middle", True, size=13,
                           keys=keys(bank.scene.layer.number, b=_bias_place(bank, one))))  # fmt: skip
        top = middle - bank.map_height * _map_rows(bank) / 2
        marks.append(Label(end + 28 + room / 2, top - 9, "bias", "caption", "middle"))
        end += 28 + room
    marks.append(Label(end + 22, middle + 4.5, "=", "mono", "middle", ink="ink2"))
    return marks, end + 44


def _bias_place(bank: Bank, one: FilterMaps) -> Place:
    found = bank.scene.bias_of(bank.scene.neuron_at(one.place, bank.scene.centre))
    return found[0] if found else ()


def _map(bank: Bank, one: FilterMaps, x: float, middle: float, values: Map | None) -> list[Mark]:
    (top, _), (left, _) = plane(bank.window)
    y = middle - bank.map_height * _map_rows(bank) / 2
    marks: list[Mark] = []
    states: list[Mark] = []
    for row, column in spots(bank.window):
        neuron = bank.scene.neuron_at(one.place, in_plane(bank.window, row, column))
        text = "" if values is None else bank.sums.text(values[row - top, column - left])
        cell = Cell(x + (column - left) * bank.map_width, y + (row - top) * bank.map_height, bank.map_width,
                    bank.map_height, text, size=bank.sums.size(bank.map_width, bank.map_height),
                    keys=keys(bank.scene.layer.number, y=neuron))  # fmt: skip
        marks.append(cell)
        states += _state(bank.scene, neuron, cell)
    return marks + states


def _state(scene: Scene, neuron: Place, cell: Cell) -> list[Mark]:
    for number, state in ((1, "pinned"), (0, "selected")):
        if len(scene.neurons) > number and scene.neurons[number] == neuron:
            return [outline("selected" if state == "selected" else "pinned", cell, touching=True)]
    return []


def _out_side(bank: Bank) -> tuple[float, float]:
    return max(36.0, bank.map_width), 36.0


def _output(bank: Bank, one: FilterMaps, x: float, middle: float) -> list[Mark]:
    scene, (width, height) = bank.scene, _out_side(bank)
    (top, _), (left, _) = plane(bank.window)
    y = middle - height * _map_rows(bank) / 2
    marks, states = list[Mark](), list[Mark]()
    for row, column in spots(bank.window):
        neuron = scene.neuron_at(one.place, in_plane(bank.window, row, column))
        value = one.values[row - top, column - left] if one.values is not None else one.total(row - top, column - left)
        text = "" if value is None else bank.sums.text(value)
        first = bool(scene.neurons) and scene.neurons[0] == neuron
        cell = Cell(x + (column - left) * width, y + (row - top) * height, width, height, text,
                    scene.neuron_identity(neuron), bold=first, size=bank.sums.size(width, height),
                    keys=keys(scene.layer.number, y=neuron))  # fmt: skip
        marks.append(cell)
        states += _state(scene, neuron, cell)
        for number, name in ((0, "i"), (1, "j")):
            if len(scene.neurons) > number and scene.neurons[number] == neuron:
                at = (x - 22, cell.y + 10) if column == left else (cell.x + width / 2 - 8, y - 22)
                states.append(Tag(*at, name, number == 1))
    beside = x + _mapcolumns(bank) * width + 12
    marks.append(Label(beside, middle - 4, f"slice {place_text(one.place)}", "body", bold=True, size=12))
    positions = scene.y.size("position")
    marks.append(Label(beside, middle + 13, counted(positions, "neuron"), "caption"))
    return marks + states
