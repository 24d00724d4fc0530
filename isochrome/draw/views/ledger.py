"""The ledger: one column of weights, each written once; what i multiplies with it on the left, and j on the right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from isochrome.core.relation import Place
from isochrome.draw.choice import weight_name
from isochrome.draw.layout import bottom, number, paragraph, place_text, text_width
from isochrome.draw.picture import Cell, Hit, Label, Mark, Rule, Tag, TextToken, keys
from isochrome.draw.scene import Part, Scene
from isochrome.draw.views.digits import Digits, digits
from isochrome.draw.views.excerpt import Reader
from isochrome.draw.views.sentences import rounded_words
from isochrome.draw.views.sums import OTHERS, Sum, rows_of_lines
from isochrome.draw.views.wording import joined

__all__ = ["Ledger", "ledger"]

ROW = 16
WORDS = 190
"""The room for words beside a single column of numbers."""
SECTIONS = 12
"""The most sections with a sum each; with more, all drawn products have one sum."""


@dataclass(frozen=True, slots=True)
class _Room:
    """The least widths of a weight's cell and an input's; what cells have beside numbers; the most characters."""

    weight: float
    cell: float
    beside: float
    inner: float
    digits: int


USUAL = _Room(80, 38, 24, 10, 7)
TIGHT = _Room(64, 30, 14, 4, 5)
"""On a narrow page."""
GAP, LEAST = 16.0, 4.0
"""Between columns; the least on a narrow page."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One weight, and the taps of i and of j that use it. Where i and j share no weight at all, ``second`` is j's."""

    weight: Place
    left: tuple[Part, ...]
    right: tuple[Part, ...]
    second: Place | None = None

    @property
    def lines(self) -> int:
        return max(len(self.left), len(self.right), 1)


@dataclass(frozen=True, slots=True)
class Section:
    """The entries of one input channel, or of all."""

    name: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Ledger:
    """The ledger's marks, its size, how its products are printed, and whether all its lines add up as printed."""

    marks: tuple[Mark, ...]
    width: float
    height: float
    style: Digits
    adds_up: bool


@dataclass(slots=True)
class _Pen:
    """What the parts of a ledger are drawn with: columns from left to right, styles, and the marks so far."""

    scene: Scene
    readers: Sequence[Reader]
    sums: Sequence[Sum]
    style: Digits
    inputs: Digits
    weights: Digits
    columns: _Columns
    marks: list[Mark] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Columns:
    """Where the columns stand: right ends of products, left ends of cells."""

    product: tuple[float, float]
    input: tuple[float, float]
    cell: float
    weight: tuple[float, ...]
    wide: float
    number: float
    width: float

    @property
    def single(self) -> bool:
        """Whether there is one neuron alone: words then begin where its inputs do."""
        return self.product[0] == self.product[1]

    def words(self, y: float, text: str) -> Label:
        """Words between the two columns of numbers."""
        if self.single:
            return Label(self.input[0], y, text, "caption")
        return Label((self.weight[0] + self.weight[-1] + self.wide) / 2, y, text, "caption", "middle")


def ledger(scene: Scene, readers: Sequence[Reader], sums: Sequence[Sum], style: Digits, x: float, y: float) -> Ledger:
    """The ledger of neuron i, and of j where there is one."""
    sections = _sections(readers)
    pen = _pen(scene, readers, sums, style, sections, x)
    y = _heads(pen, y)
    printed: list[list[Decimal]] = [[], []]
    for section in sections:
        y = _rows(pen, section, y)
        y = _section_sum(pen, section, y, printed)
    y = _lines(pen, y, printed)
    y, agrees = _total(pen, y, printed)
    return Ledger(tuple(pen.marks), pen.columns.width, y, style, agrees)


# --- what stands in it ------------------------------------------------------------------------------------------------


def _sections(readers: Sequence[Reader]) -> tuple[Section, ...]:
    entries = _entries(readers)
    channels = list(dict.fromkeys(channel for channel, _ in entries))
    if len(channels) > SECTIONS or all(sum(one == channel for one, _ in entries) < 2 for channel in channels):
        several = len(channels) > 1
        name = f"channels {channels[0]} to {channels[-1]}, sum" if several else _channel_name(readers, channels, 0)
        return (Section(name, tuple(entry for _, entry in entries)),)
    return tuple(
        Section(_channel_name(readers, channels, n), tuple(entry for one, entry in entries if one == channel))
        for n, channel in enumerate(channels)
    )


def _channel_name(readers: Sequence[Reader], channels: Sequence[int], n: int) -> str:
    if not channels:
        return "no product"
    own = [list(dict.fromkeys(one.channels)) for one in readers]
    here = dict.fromkeys(found[n] for found in own if n < len(found)) if len(own) > 1 and own[0] != own[1] else None
    names = [str(channel) for channel in here] if here and len(here) > 1 else [str(channels[n])]
    part = readers[0].excerpt
    words = f"channel{'s' if len(names) > 1 else ''} {joined(names)}"
    return f"{words}, the taps shown" if part.drawn < part.each else f"{words}, sum"


def _entries(readers: Sequence[Reader]) -> list[tuple[int, Entry]]:
    """The weights in order, each with the channel that it belongs to."""
    sides = [_by_weight(one) for one in readers]
    if len(sides) > 1 and not set(sides[0]) & set(sides[1]) and len(sides[0]) == len(sides[1]):
        pairs = zip(sides[0].items(), sides[1].items(), strict=True)
        return [(key[0], Entry(key[1], taps, others, other[1])) for (key, taps), (other, others) in pairs]
    every = sorted({key for side in sides for key in side})
    right = sides[1] if len(sides) > 1 else {}
    return [(key[0], Entry(key[1], sides[0].get(key, ()), right.get(key, ()))) for key in every]


def _by_weight(one: Reader) -> dict[tuple[int, Place], tuple[Part, ...]]:
    found: dict[tuple[int, Place], tuple[Part, ...]] = {}
    for part, channel in zip(one.parts, one.channels, strict=True):
        key = (channel, part.w or ())
        found[key] = (*found.get(key, ()), part)
    return found


# --- where it stands --------------------------------------------------------------------------------------------------


def _pen(
    scene: Scene, readers: Sequence[Reader], sums: Sequence[Sum], style: Digits, sections: Sequence[Section], x: float
) -> _Pen:
    parts = [part for one in readers for part in one.parts]
    room = TIGHT if scene.narrow else USUAL
    inputs = digits([[part.input for part in parts if part.input is not None]], room.digits) or style
    weights = digits([[part.weight for part in parts if part.weight is not None]], room.digits) or style
    labels = [_label(scene, entry, place) for s in sections for entry in s.entries for place in _places(entry)]
    longest = max((text_width(label, 10.5, mono=True) for label in labels), default=0)
    wide = max(room.weight, longest + weights.characters * 7.1 + room.beside)
    cell = max(room.cell, inputs.characters * 6.7 + room.inner)
    lead = "" if style.exact else "≈ "
    texts = [lead + style.text(value) for one in sums for value in one.values()]
    product = max(44.0, max(text_width(text, 15, True, True) for text in texts) + room.inner - 4)
    several = any(entry.second is not None for section in sections for entry in section.entries)
    gap = GAP
    if scene.narrow:
        gap = max(LEAST, min(GAP, (scene.width - wide - 2 * (cell + product)) / 4 - 2))
    at = x + product + gap
    left_cell = at
    at += cell + gap
    weight = (at, at + wide + 16) if several else (at,)
    at = weight[-1] + wide + gap
    if len(readers) < 2:
        ends, cells = (x + product, x + product), (left_cell, left_cell)
        columns = _Columns(ends, cells, cell, weight, wide, product, max(at - gap - x, product + gap + WORDS))
    else:
        end = at + cell + gap + product
        columns = _Columns((x + product, end), (left_cell, at), cell, weight, wide, product, end - x)
    return _Pen(scene, readers, sums, style, inputs, weights, columns)


def _places(entry: Entry) -> tuple[Place, ...]:
    return (entry.weight,) if entry.second is None else (entry.weight, entry.second)


def _label(scene: Scene, entry: Entry, place: Place) -> str:
    """The place of a weight without its filter, and without axes of size 1."""
    kept = [
        axis
        for axis, role in enumerate(scene.w.roles)
        if scene.w.shape[axis] > 1 and (role in ("channel", "tap") or len(scene.w.of("channel", "tap")) == 0)
    ]
    table = not scene.w.of("channel") and scene.w.of("tap") and scene.channels > 1
    return place_text(place if table else [place[axis] for axis in kept] or place)


# --- marks ------------------------------------------------------------------------------------------------------------


def _heads(pen: _Pen, y: float) -> float:
    c = pen.columns
    for side, one in enumerate(pen.readers):
        name = f"y[{place_text(one.neuron)}]"
        wide = text_width(name, 13.5, True, True)
        left = c.product[0] - c.number if side == 0 else c.product[1] - wide
        at = keys(pen.scene.layer.number, y=one.neuron)
        tag_at = left if side == 0 else left - 22
        pen.marks.append(Tag(tag_at, y, "i" if side == 0 else "j", side == 1, keys=at))
        pen.marks.append(Label(left + (22 if side == 0 else 0), y + 13, name, "mono", bold=True, size=13.5, keys=at))
    told = rounded_words(products=pen.style, inputs=pen.inputs, weights=pen.weights) if pen.scene.narrow else ""
    about = paragraph(c.product[0] - c.number, y + 36, told, c.width) if told else ()
    pen.marks += about
    top = bottom(about) + 24 if about else y + 36
    for side in range(len(pen.readers)):
        pen.marks.append(Label(c.product[side], top, "product", "caption", "end"))
        pen.marks.append(Label(c.input[side] + c.cell / 2, top, "input", "caption", "middle"))
    for place, left in enumerate(c.weight):
        words = ("weight of i", "weight of j")[place] if len(c.weight) > 1 else "weight"
        pen.marks.append(Label(left + c.wide / 2, top, words, "caption", "middle"))
    return _rounding_heads(pen, top + 8)


def _rounding_heads(pen: _Pen, y: float) -> float:
    """What was rounded, under the name of each column."""
    c = pen.columns
    if pen.scene.narrow or not (pen.style.mark or pen.inputs.mark or pen.weights.mark):
        return y
    for side in range(len(pen.readers)):
        pen.marks.append(Label(c.product[side], y + 6, pen.style.short, "caption", "end", size=10.5, ink="ink3"))
        middle = c.input[side] + c.cell / 2
        pen.marks.append(Label(middle, y + 6, pen.inputs.short, "caption", "middle", size=10.5, ink="ink3"))
    for left in c.weight:
        mark = pen.weights.short
        pen.marks.append(Label(left + c.wide / 2, y + 6, mark, "caption", "middle", size=10.5, ink="ink3"))
    return y + 14


def _rows(pen: _Pen, section: Section, y: float) -> float:
    for entry in section.entries:
        for place, stored in enumerate(_places(entry)):
            pen.marks.append(_weight_cell(pen, entry, stored, pen.columns.weight[place], y))
        for side, taps in enumerate((entry.left, entry.right)[: len(pen.readers)]):
            for line, part in enumerate(taps):
                _use(pen, part, side, y + line * ROW)
        y += entry.lines * ROW
    return y


def _weight_cell(pen: _Pen, entry: Entry, place: Place, x: float, y: float) -> Cell:
    values, scene = pen.scene.w_values, pen.scene
    taps = entry.right if place == entry.second or not entry.left else entry.left
    name = taps[0].identity(scene.level) if taps else weight_name(scene, place, 0, 0)
    text = "" if values is None else pen.weights.text(float(values[place]))
    at = keys(scene.layer.number, w=place, parameter=scene.line.parameter)
    size = 11.5 if pen.weights.characters > 3 else 12.5
    return Cell(x, y, pen.columns.wide, entry.lines * ROW, text, name, index=_label(scene, entry, place),
                index_at="inside", bold=True, size=size, keys=at)  # fmt: skip


def _use(pen: _Pen, part: Part, side: int, y: float) -> None:
    """One product: the input's cell, a line to the weight, the number outside."""
    c, scene = pen.columns, pen.scene
    middle = y + ROW / 2
    left = c.input[side]
    ends = (left + c.cell, c.weight[0]) if side == 0 else (c.weight[-1] + c.wide, left)
    pen.marks.append(Rule(((ends[0] + 1, middle), (ends[1] - 1, middle)), "line"))
    own = scene.input_identity(part.x) if part.x is not None else None
    size = 11.0 if pen.inputs.characters > 3 else 0
    text, at = pen.inputs.text(part.input), keys(scene.layer.number, x=part.x or ())
    ink: TextToken = "ink3" if part.input == 0 else "ink"
    pen.marks.append(Cell(left, y, c.cell, ROW, text, own, part.padding, ink=ink, size=size, keys=at))
    tap = keys(scene.layer.number, y=part.y, x=part.x or (), w=part.w or (), parameter=part.parameter)
    ink = "ink3" if part.product == 0 else "ink"
    product = pen.style.text(part.product)
    pen.marks.append(Label(c.product[side], middle + 4.3, product, "mono", "end", ink=ink, size=12, keys=tap))
    x = c.product[side] - c.number if side == 0 else c.weight[-1] + c.wide
    wide = c.weight[0] - x if side == 0 else c.product[1] - x
    pen.marks.append(Hit(x, y, wide, ROW, tap))


def _section_sum(pen: _Pen, section: Section, y: float, printed: list[list[Decimal]]) -> float:
    """The sum of a section's products under a thin line: what is printed above it adds up to what is printed here."""
    c = pen.columns
    for side in range(len(pen.readers)):
        taps = [part for entry in section.entries for part in (entry.left, entry.right)[side]]
        value = sum((pen.style.rounded(part.product or 0.0) for part in taps), Decimal(0))
        printed[side].append(value)
        pen.marks.append(Rule(((c.product[side] - c.number, y + 3), (c.product[side], y + 3)), "thin"))
        pen.marks.append(Label(c.product[side], y + 16, pen.style.text(value), "mono", "end", True, size=12.5))
    pen.marks.append(c.words(y + 16, section.name))
    return y + 23


def _lines(pen: _Pen, y: float, printed: list[list[Decimal]]) -> float:
    """The summands that are no drawn product: the other channels, the bias, the rounding."""
    c = pen.columns
    for found in rows_of_lines(pen.sums):
        for side, line in enumerate(found):
            value = None if line is None or line.value is None else pen.style.rounded(line.value)
            printed[side] += [] if value is None else [value]
            if line is not None:
                _signed(pen, side, y + 13, value)
        told = list(dict.fromkeys(line.name for line in found if line is not None))
        told = [OTHERS] if len(told) > 1 and all(name.startswith("the other") for name in told) else told
        biases = all(name.startswith("bias") for name in told)
        words = joined([told[0], *(name.removeprefix("bias ") if biases else name for name in told[1:])])
        pen.marks.append(c.words(y + 13, f"{words}, the same one" if biases and len(told) < len(found) else words))
        y += 18
    rests = [one.rest(pen.style) for one in pen.sums]
    if any(rests):
        for side, rest in enumerate(rests):
            printed[side].append(rest)
            _signed(pen, side, y + 13, rest)
        pen.marks.append(c.words(y + 13, "what rounding left out"))
        y += 18
    return y


def _signed(pen: _Pen, side: int, y: float, value: Decimal | None) -> None:
    text = "?" if value is None else pen.style.text(value)
    text = f"− {text[1:]}" if text.startswith("−") else f"+ {text}"
    pen.marks.append(Label(pen.columns.product[side], y, text, "mono", "end", size=12.5))


def _total(pen: _Pen, y: float, printed: list[list[Decimal]]) -> tuple[float, bool]:
    """The total under a heavy line, what the model says, and whether the printed lines add up to it."""
    c, agrees = pen.columns, True
    for side, one in enumerate(pen.sums):
        value = None if one.total is None else pen.style.rounded(one.total)
        agrees &= value is None or sum(printed[side], Decimal(0)) == value
        text = "?" if value is None else ("" if pen.style.exact else "≈ ") + pen.style.text(value)
        right = c.product[side]
        pen.marks.append(Rule(((right - c.number, y + 3), (right, y + 3)), "heavy"))
        at = keys(pen.scene.layer.number, y=pen.readers[side].neuron)
        pen.marks.append(Label(right, y + 21, text, "total", "end", keys=at))
    room = WORDS if c.single else c.product[1] - c.product[0] - c.number - 16
    labels = [c.words(label.y, label.text) for label in paragraph(0, y + 20, _says(pen.sums), room, "caption")]
    pen.marks += labels
    return max(y + 28, labels[-1].y + 8), agrees


def _says(sums: Sequence[Sum]) -> str:
    """What the model itself has for the totals."""
    if any(one.total is None for one in sums):
        return "total; the run does not give every summand"
    said = [number(one.framework) for one in sums if one.framework is not None]
    return f"total; the model says {joined(said)}" if said else "total; the model does not give it"
