"""One filter's weights for one channel: each with its value, and where it is really used, less at the border."""

from __future__ import annotations

from dataclasses import dataclass

from isochrome.core.relation import Place
from isochrome.core.sharing import uses_per_weight
from isochrome.draw.choice import coloured, level_legend, names_of_filter
from isochrome.draw.layout import bottom, number_size, outline, paragraph, place_text, sum_text, text_width
from isochrome.draw.picture import Cell, Keys, Label, Mark, Picture, Rect, Table, keys
from isochrome.draw.scene import Scene
from isochrome.draw.view import View
from isochrome.draw.views.kernels import KernelCell, channel_of, kernel_cells, named_taps, tap_window
from isochrome.draw.views.partial import axis_numbers, fixed
from isochrome.draw.views.rounding import Rounding, rounding
from isochrome.draw.views.uses import ABSENT, PADDING, UseMap, alike, bands, use_map
from isochrome.draw.views.windows import Interval, block, named, position_window
from isochrome.draw.views.wording import counted, drawn, joined, position_words, span, title_of
from isochrome.errors import shown

__all__ = ["VIEW"]

_PANEL = 104.0
_TAPS, _FEW = 5, 3
"""The most rows and columns of taps; on a narrow page."""
_CHANNELS = 9
_MAP = 15.0
_SINGLE = 5
_BANDS = 7
_WORDS = 380.0


@dataclass(frozen=True, slots=True, eq=False)
class _Tap:
    """One weight with its uses: all, and those on real input; its map, where rows and columns separate."""

    cell: KernelCell
    name: str
    taps: int
    real: int
    uses: UseMap


@dataclass(frozen=True, slots=True, eq=False)
class _Kernel:
    """The weights that are drawn, and the bands of positions that their maps have as rows and columns."""

    scene: Scene
    place: Place
    channel: int
    taps: tuple[_Tap, ...]
    by_channel: bool
    window: str
    rows: tuple[Interval, ...]
    columns: tuple[Interval, ...]
    whole: bool
    number: Rounding | None


def _draw(scene: Scene) -> Picture:
    kernel = _kernel(scene)
    panels, right, low = _panels(kernel)
    beside = (0.0, low + 30, float(scene.width)) if scene.narrow else (right + 40, 0.0, _WORDS)
    words, words_low = _words(kernel, *beside)
    name = shown(scene.layer.name, 60)
    one = names_of_filter(scene, scene.filter)
    about = one if kernel.by_channel or scene.channels == 1 else f"{one}, channel {kernel.channel}"
    each = "weight" if kernel.by_channel else "tap"
    return Picture(
        max(right, beside[0] + beside[2]) + 4,
        max(low, words_low) + 4,
        title_of("Kernel", name),
        f"{name}, {about}: each {each} with its value and its real uses. {_sum(kernel)}",
        level_legend(scene),
        coloured(scene),
        (*panels, *words),
        subtitle=drawn(f"{about[:1].upper()}{about[1:]}: each {each}, its value, and where it is really used.",
                       kernel.window),
        formula=str(scene.line.formula),
        window=kernel.window[:1].upper() + kernel.window[1:],
        notes=_notes(kernel),
        table=Table(
            ("weight", "value", "uses", "on real input"),
            tuple((place_text(tap.cell.place), _value(kernel, tap), f"{tap.taps:,}", f"{tap.real:,}")
                  for tap in kernel.taps),
        ),
    )  # fmt: skip


def _unfit(scene: Scene) -> str:
    if scene.x is None:
        return "the layer multiplies no input: it looks weights up, so no kernel runs over one"
    return "" if len(scene.filter_rows) else "the chosen filter has no connection"


# --- what is shown ------------------------------------------------------------------------------------------------


def _kernel(scene: Scene) -> _Kernel:
    rows = scene.filter_rows
    channel = channel_of(scene, rows)
    shown_taps = tap_window(scene, _FEW if scene.narrow else _TAPS)
    cells, window = kernel_cells(scene, rows, channel, shown_taps), named_taps(scene, shown_taps)
    by_channel = len(cells) == 1
    names = [place_text(cell.place[axis] for axis in scene.w.of("tap")) for cell in cells]
    if by_channel:
        channels, cells = _by_channel(scene, channel)
        read = len(set(rows.channel.tolist()))
        window = named("channel", (channels[0], channels[-1] + 1), read) if len(channels) < read else ""
        names = [f"channel {number}" for number in channels]
    found = [(scene.uses_of_weight(cell.place), _map(scene, cell.place)) for cell in cells]
    near = _near(scene)
    down, all_rows = bands([one.lines[0] for _, one in found], _BANDS, _SINGLE, near[0])
    across, all_columns = bands([one.lines[1] for _, one in found], _BANDS, _SINGLE, near[1])
    values = scene.w_values
    return _Kernel(
        scene,
        scene.filter_place(scene.filter),
        channel,
        tuple(_Tap(cell, name, *uses, one) for cell, name, (uses, one) in zip(cells, names, found, strict=True)),
        by_channel,
        window,
        down,
        across,
        all_rows and all_columns,
        None if values is None else rounding([values[cell.place] for cell in cells]).within(
            [float(values[cell.place]) for cell in cells], 42),
    )  # fmt: skip


def _by_channel(scene: Scene, channel: int) -> tuple[list[int], tuple[KernelCell, ...]]:
    """Where a filter has one weight for each channel: some of the channels, three in a row."""
    rows = scene.filter_rows
    read = sorted(set(rows.channel.tolist()))
    low, high = block(read.index(channel), _CHANNELS, len(read))
    window = tap_window(scene, _TAPS)
    cells = []
    for number, one in enumerate(read[low:high]):
        cell = kernel_cells(scene, rows, one, window)[0]
        cells.append(KernelCell(cell.place, number // 3, number % 3, cell.identity))
    return read[low:high], tuple(cells)


def _before(scene: Scene) -> Place:
    """Where the map lies along the position axes before the last two: where i is."""
    return tuple(scene.neurons[0][axis] for axis in scene.y.of("position")[:-2])


def _map(scene: Scene, weight: Place) -> UseMap:
    axes = scene.y.of("position")[-2:]
    return use_map(scene, weight, scene.filter_place(scene.filter), _before(scene), axes)


def _near(scene: Scene) -> tuple[Interval, Interval]:
    window = position_window(scene, (_SINGLE, _SINGLE))
    return (window[-2] if len(window) > 1 else (0, 1)), (window[-1] if window else (0, 1))


# --- the panels ---------------------------------------------------------------------------------------------------


def _panels(kernel: _Kernel) -> tuple[list[Mark], float, float]:
    longest = max(text_width(_of(tap), _of_size(kernel), True) for tap in kernel.taps)
    right = max(tap.cell.column for tap in kernel.taps) + 1
    panel = min(_PANEL, (kernel.scene.width - 4) / right - 2) if kernel.scene.narrow else _PANEL
    wide, width = longest > panel - 58 or kernel.by_channel, max(panel, longest + (10 if kernel.scene.narrow else 14))
    top = 58.0 if wide else 45.0
    height = top + sum(_sides(kernel.rows)) + 8
    height = max(height, _PANEL)
    marks: list[Mark] = []
    for tap in kernel.taps:
        x, y = 2 + tap.cell.column * (width + 2), 2 + tap.cell.row * (height + 2)
        marks += _panel(kernel, tap, x, y, width, height, wide)
        marks += _squares(kernel, tap, x + width / 2, y + top, height - top - 8)
    low = max(tap.cell.row for tap in kernel.taps) + 1
    return marks, 2 + right * (width + 2), 2 + low * (height + 2)


def _panel(
    kernel: _Kernel, tap: _Tap, x: float, y: float, width: float, height: float, wide: bool
) -> list[Mark]:
    """The frame of one weight: the weight with its value, its place, how often it is really used."""
    scene = kernel.scene
    where = keys(scene.layer.number, w=tap.cell.place, parameter=scene.line.parameter)
    size = kernel.number.size(42, 30) if kernel.number else 0
    cell = Cell(x + 6, y + 6, 42, 30, _value(kernel, tap), tap.cell.identity, size=size, bold=True, keys=where)
    marks: list[Mark] = [Rect(x, y, width, height, "paper", "line", 3), cell]
    less = tap.real < tap.taps
    if kernel.by_channel:
        head = [Label(x + width - 7, y + 16, "channel", "caption", "end", size=10.5),
                Label(x + width - 7, y + 29, tap.name.split()[-1], "index", "end", size=11)]  # fmt: skip
    else:
        head = [Label(x + width - 7, y + (25 if wide else 18), tap.name, "index", "end", size=11)]
    at = (x + 7, y + 51, "start") if wide else (x + width - 7, y + 34, "end")
    often = Label(at[0], at[1], _of(tap), "body", "start" if wide else "end", bold=less, size=_of_size(kernel))
    return [*marks, *head, often]


def _of(tap: _Tap) -> str:
    return f"{tap.real:,} of {tap.taps:,}"


def _of_size(kernel: _Kernel) -> float:
    return 11.5 if kernel.scene.narrow else 12.5


def _value(kernel: _Kernel, tap: _Tap) -> str:
    values = kernel.scene.w_values
    return "" if values is None or kernel.number is None else kernel.number.text(values[tap.cell.place])


def _sides(some: tuple[Interval, ...]) -> list[float]:
    """The sides of a map's squares: those that stand for many positions are larger."""
    if len(some) <= 3:
        return [_MAP if high - low == 1 else 1.3 * _MAP for low, high in some]
    return [10.0 if high - low == 1 else 15.0 for low, high in some]


def _squares(kernel: _Kernel, tap: _Tap, middle: float, y: float, height: float) -> list[Mark]:
    """The map of one weight: a square for each neuron, or for neurons that are alike, by what its tap meets."""
    scene = kernel.scene
    down, across = _sides(kernel.rows), _sides(kernel.columns)
    left = middle - sum(across) / 2
    marks: list[Mark] = []
    states: list[Mark] = []
    at_y = y + (height - sum(down)) / 2
    for rows, high in zip(kernel.rows, down, strict=True):
        at_x = left
        for columns, wide in zip(kernel.columns, across, strict=True):
            state = tap.uses.state(rows[0], columns[0])
            if state != ABSENT:
                pad = state == PADDING
                identity = None if pad else tap.cell.identity
                cell = Cell(at_x, at_y, wide, high, "", identity, pad, keys=_use_keys(kernel, tap, rows, columns))
                marks.append(cell)
                states += _state(scene, cell)
            at_x += wide
        at_y += high
    return marks + states


def _use_keys(kernel: _Kernel, tap: _Tap, rows: Interval, columns: Interval) -> Keys:
    """What a square stands for: one weight, and its neuron where it is one."""
    scene, neuron = kernel.scene, list[Place]()
    if rows[1] - rows[0] == 1 and columns[1] - columns[0] == 1:
        position = (*_before(scene), rows[0], columns[0])
        count = len(scene.y.of("position"))
        neuron.append(scene.neuron_at(kernel.place, position[len(position) - count :]))
    return keys(scene.layer.number, y=neuron, w=tap.cell.place, parameter=scene.line.parameter)


def _state(scene: Scene, cell: Cell) -> list[Mark]:
    if cell.keys.y and cell.keys.y[0] in scene.neurons[:2]:
        return [outline("selected" if cell.keys.y[0] == scene.neurons[0] else "pinned", cell, touching=True)]
    return []


# --- words --------------------------------------------------------------------------------------------------------


def _words(kernel: _Kernel, x: float, top: float, width: float) -> tuple[list[Mark], float]:
    """How to read the panels, and the real uses as a grid of numbers with their sum."""
    each = "weight" if kernel.by_channel else "tap"
    marks: list[Mark] = [Label(x, top + 14, f"How to read a {each}", "group")]
    read = paragraph(x, top + 36, _reading(kernel), width)
    marks += [*read, Label(x, bottom(read) + 34, "Real uses", "group")]
    y = bottom(read) + 48
    texts = [f"{tap.real:,}" for tap in kernel.taps]
    side = max(34.0, 7 * max(map(len, texts)))
    for tap, text in zip(kernel.taps, texts, strict=True):
        where = keys(kernel.scene.layer.number, w=tap.cell.place, parameter=kernel.scene.line.parameter)
        marks.append(Cell(x + 2 + tap.cell.column * side, y + tap.cell.row * 34, side, 34, text, tap.cell.identity,
                          bold=True, size=number_size(side, 34, max(texts, key=len)), keys=where))  # fmt: skip
    low = y + 34 * (max(tap.cell.row for tap in kernel.taps) + 1)
    if _sum(kernel):
        told = paragraph(x, low + 24, _sum(kernel), width, "mono", size=12.5)
        marks, low = [*marks, *told], bottom(told)
    rest = paragraph(x, low + 22, " ".join(_totals(kernel)), width)
    return [*marks, *rest], bottom(rest)


def _reading(kernel: _Kernel) -> str:
    scene = kernel.scene
    states = {tap.uses.state(row[0], column[0]) for tap in kernel.taps for row in kernel.rows
              for column in kernel.columns}  # fmt: skip
    which = f"slice {place_text(scene.filter_place(scene.filter))}" if scene.filters > 1 else "the output"
    colours = coloured(scene)
    plain = [tap for tap in kernel.taps if colours.colour(tap.cell.identity) is None]
    real = "a plain square" if len(plain) == len(kernel.taps) else "a filled square" if not plain else "a square"
    parts = [f"{real} is a neuron that uses the weight on real input"]
    if plain and len(plain) < len(kernel.taps):
        parts[0] += " (filled where the weight is coloured)"
    if PADDING in states:
        parts.append("a hatched one a neuron whose tap falls on padding")
    if ABSENT in states:
        parts.append("where there is none, the neuron does not use the weight")
    text = f"The large cell is the weight, with its value. The small map is {which}: {', '.join(parts)}."
    return " ".join([text, *_bands_words(kernel)])


def _bands_words(kernel: _Kernel) -> list[str]:
    """Which positions are drawn as one, or which alone."""
    scene = kernel.scene
    names = position_words(scene.y)[-2:]
    some = (kernel.rows, kernel.columns)[2 - len(names) :]
    if not kernel.whole:
        sizes = [scene.y.shape[axis] for axis in scene.y.of("position")[-2:]]
        told = [named(name, (one[0][0], one[-1][1]), size) for name, one, size in zip(names, some, sizes, strict=True)]
        return [f"The map shows {joined([text for text in told if text])}."]
    merged = [f"{name}s {span(*band)}" for name, one in zip(names, some, strict=True) for band in one
              if band[1] - band[0] > 1]  # fmt: skip
    return [f"Alike, and drawn as one: {joined(merged)}."] if merged else []


def _whole_kernel(kernel: _Kernel) -> tuple[int, int]:
    """How many weights the kernel has, and their real uses together; with one weight a channel, those of the filter."""
    scene, number = kernel.scene, kernel.scene.line.weight_number
    place = kernel.taps[0].cell.place
    taps = axis_numbers(scene, number, scene.w.of("tap"))
    if kernel.by_channel:
        return 1, kernel.taps[0].real
    rest = {axis: value for axis, value in enumerate(place) if axis not in taps}
    count = 1
    for axis in scene.w.of("tap"):
        count *= scene.w.shape[axis]
    return count, fixed(scene.relation, {number: rest}).real


def _sum(kernel: _Kernel) -> str:
    """The real uses of the kernel's weights and their sum."""
    count, real = _whole_kernel(kernel)
    if kernel.by_channel:
        return ""
    shown_ = [tap.real for tap in kernel.taps]
    if len(shown_) == count <= 9 and sum(shown_) == real:
        return sum_text(shown_, real)
    return f"{counted(count, 'weight')}, {real:,} real uses"


def _totals(kernel: _Kernel) -> list[str]:
    """How the uses of one kernel make up those of the layer, where all kernels are alike; and what is never used."""
    scene, (count, real) = kernel.scene, _whole_kernel(kernel)
    relation = scene.relation
    found = uses_per_weight(relation, scene.line.weight_number)
    kernels = found.mentioned // count if count and found.mentioned % count == 0 else 0
    notes = []
    if kernels and real * kernels == relation.real_connections and alike(scene):
        reads, filters = len(set(scene.filter_rows.channel.tolist())), scene.filters
        product = f"{real:,} × {kernels:,}"
        if reads * filters == kernels and reads > 1 and filters > 1 and not kernel.by_channel:
            notes.append(f"{real:,} real uses in each channel of each filter;")
            product = f"{real:,} × {reads:,} × {filters:,}"
        elif kernels > 1:
            what = "weights" if count == 1 else "kernels"
            notes.append(f"{counted(real, 'real use')} in each of {kernels:,} {what};")
        lead = f"{product} = " if kernels > 1 else ""
        notes.append(f"{lead}{relation.real_connections:,} real connections of {relation.connections:,}.")
    else:
        notes.append(f"The layer has {relation.real_connections:,} real connections of {relation.connections:,}.")
    dead = found.mentioned - found.live
    never = f"{counted(dead, 'weight')} of {found.mentioned:,} {'is' if dead == 1 else 'are'} dead: on padding only."
    notes.append(never if dead else "No weight is dead.")
    return notes


def _notes(kernel: _Kernel) -> tuple[str, ...]:
    taps = kernel.taps
    notes = []
    if any(tap.real < tap.taps for tap in taps):
        notes.append("A weight counts fewer real uses where its tap falls outside the input, at the border.")
    elif len({tap.taps for tap in taps}) == 1:
        often = "once" if taps[0].taps == 1 else f"{taps[0].taps:,} times"
        notes.append(f"Each weight shown is used {often}, always on real input.")
    rows = kernel.scene.rows_of_neuron(kernel.scene.neurons[0])
    again = max((int((rows.w == tap.cell.place).all(axis=1).sum()) for tap in taps), default=0)
    if again > 1:
        notes.append(f"A neuron uses the same weight {again:,} times, on {again:,} inputs.")
    if kernel.number is not None and kernel.number.words:
        notes.append(f"Values are {kernel.number.words}.")
    return tuple(notes)


VIEW = View("kernel", "Kernel", _draw, _unfit, narrow=True)
