"""Text that fits, numbers that are true as printed, grids, and the frame of an exported figure."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from isochrome.ask.words import Number, number
from isochrome.draw.identity import LEVELS, Colouring
from isochrome.draw.picture import (
    NOTHING,
    Cell,
    Chip,
    Edge,
    Group,
    Keys,
    Label,
    Legend,
    Mark,
    Outline,
    Picture,
    Rect,
    Role,
    Sheet,
    State,
    Tag,
    TextToken,
)

__all__ = [
    "ROLES", "bottom", "edges_in_order", "figure", "fitted", "grid", "is_measured", "legend", "neuron_bar", "number",
    "number_size", "number_within", "outline", "paragraph", "place_text", "right_of", "sum_text", "text_width",
    "wrapped",
]  # fmt: skip

ROLES: dict[str, tuple[float, bool, bool, TextToken]] = {
    "page": (24, True, False, "ink"),
    "title": (18, True, False, "ink"),
    "panel": (15, True, False, "ink"),
    "group": (13, True, False, "ink"),
    "body": (13, False, False, "ink"),
    "caption": (12, False, False, "ink2"),
    "index": (10.5, False, True, "ink3"),
    "mono": (12.5, False, True, "ink"),
    "total": (15, True, True, "ink"),
    "count": (20, True, True, "ink"),
}
"""Each role of a label: size, whether it is 600, whether it is mono, and its token."""

LINE = 1.45
"""Height of a line of text, in sizes."""

MARGIN = 24
ROOM = 520
"""A formula or a row of chips up to this wide makes a narrow figure wider; a longer one is broken into lines."""

FLOOR = 10
"""The smallest size of a number."""

_MONO = 600
_SANS = {
    236: " ", 242: "'", 250: "ijï", 272: ",.l", 273: "‘’", 284: "!", 292: ":;", 314: "|", 317: "[]", 324: "f",
    326: "·", 335: "()", 343: "{}", 346: "²³", 351: "t", 367: "r", 383: "/\\", 399: "-", 400: "I", 419: '"', 450: "*",
    464: "z", 468: "°", 474: "”", 475: "“", 477: "?", 487: "s", 492: "v", 499: "y", 501: "L", 503: "cç", 507: "x",
    510: "J", 513: "«»", 527: "k", 528: "g", 534: "aàáâäå", 549: "eèéêë", 559: "F", 560: "oóôö", 565: "_",
    568: "hnuñøùúûü", 572: "T", 573: "µ", 580: "Zbdpq", 581: "S", 583: "EÉ", 588: "–", 591: "∂", 593: "Y", 598: "$",
    600: "+0123456789<=>^`~−×÷±¬≤≥≈≠√", 606: "P", 609: "V", 613: "X", 621: "CÇ", 634: "K", 640: "Rß", 641: "AÀÁÄÅ",
    653: "B", 671: "D", 678: "UÜ", 694: "&", 695: "G", 707: "HN", 708: "OQÖØ", 713: "#", 740: "∞", 768: "w", 780: "—",
    803: "…", 812: "M", 820: "→←↑↓", 864: "æ", 873: "m", 891: "@W", 907: "Æ", 927: "%",
}  # fmt: skip
_SANS_BOLD = {
    236: " ", 260: "'", 276: "ijï", 292: "‘’", 294: "l", 298: ",.", 309: "!", 318: ":;", 329: "[]", 337: "()",
    346: "²³", 350: "f·", 363: "{}", 374: "t", 376: "|", 393: "r", 402: "-", 423: "I", 437: "/\\", 470: "°", 471: '"',
    493: "?", 499: "s", 502: "z", 513: "cç", 517: "“”", 521: "L", 524: "vy", 544: "x", 545: "Jg«»", 556: "*",
    558: "eèéêë", 559: "_aàáâäå", 562: "k", 563: "oóôö", 571: "ø", 577: "F", 580: "T", 588: "hnu–ñùúûü∂", 593: "µ",
    599: "Z", 600: "$+0123456789<=>E^`bdpq~−×÷±¬É≤≥≈≠√", 611: "S", 632: "Y", 638: "V", 641: "P", 642: "CÇ", 655: "X",
    656: "#", 663: "B", 664: "R", 672: "AÀÁÄÅ", 677: "ß", 678: "K", 689: "D", 690: "UÜ", 712: "GOQÖØ", 713: "&",
    719: "HN", 776: "∞", 780: "—", 816: "M", 819: "w", 864: "æ", 868: "…", 876: "→←↑↓", 888: "m", 899: "@", 949: "W",
    950: "Æ", 960: "%",
}  # fmt: skip
_ADVANCES = tuple(
    {character: width for width, characters in table.items() for character in characters}
    for table in (_SANS, _SANS_BOLD)
)
"""Advance widths of IBM Plex Sans 400 and 600 in thousandths of the size: one answer on every machine, fonts or not."""


def text_width(text: str, size: float, bold: bool = False, mono: bool = False) -> float:
    """The width of a line of text in pixels, without kerning (which only makes it narrower).

    >>> text_width("0,1", 10, mono=True)
    18.0
    """
    table: Mapping[str, int] = {} if mono else _ADVANCES[bold]
    return sum(table.get(character) or _advance(character, mono) for character in text) * size / 1000


def is_measured(text: str) -> bool:
    """Whether the width of every character in the figures' own font is known, not guessed."""
    return all(character in _ADVANCES[False] for character in text)


def _advance(character: str, mono: bool) -> int:
    if unicodedata.combining(character):
        return 0
    if unicodedata.east_asian_width(character) in "WF":
        return 1000
    return _MONO if mono else 720


def fitted(text: str, width: float, size: float, bold: bool = False, mono: bool = False) -> str:
    """The text, cut in the middle where it is wider than ``width``.

    >>> fitted("layer1.0.conv1.weight", 60, 10, mono=True)
    'layer…ight'
    """
    if text_width(text, size, bold, mono) <= width:
        return text
    for kept in range(len(text) - 1, 0, -1):
        short = text[: (kept + 1) // 2] + "…" + (text[-(kept // 2) :] if kept > 1 else "")
        if text_width(short, size, bold, mono) <= width:
            return short
    return "…" if text_width("…", size, bold, mono) <= width else ""


def wrapped(text: str, width: float, size: float, bold: bool = False, mono: bool = False) -> tuple[str, ...]:
    """The text in lines no wider than ``width``; a word that is wider by itself is cut in the middle.

    >>> wrapped("written once, used nine times", 90, 12)
    ('written once,', 'used nine times')
    """
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else ""
        if lines and text_width(longer, size, bold, mono) <= width:
            lines[-1] = longer
        else:
            lines.append(fitted(word, width, size, bold, mono))
    return tuple(lines)


def paragraph(
    x: float, y: float, text: str, width: float, role: Role = "caption", ink: TextToken | None = None, size: float = 0
) -> tuple[Label, ...]:
    """Text as labels below one another, the first baseline at ``y``, in the size of the role or another."""
    usual, bold, mono, _ = ROLES[role]
    used = size or usual
    lines = wrapped(text, width, used, bold, mono)
    return tuple(Label(x, y + row * LINE * used, line, role, ink=ink, size=size) for row, line in enumerate(lines))


def bottom(labels: Sequence[Label]) -> float:
    """The last baseline of a paragraph."""
    return labels[-1].y


def right_of(labels: Iterable[Label]) -> float:
    """Where the longest of some labels ends that begin at their x."""
    ends = [0.0]
    for label in labels:
        usual, bold, mono, _ = ROLES[label.role]
        heavy = bold if label.bold is None else label.bold
        ends.append(label.x + text_width(label.text, label.size or usual, heavy, mono))
    return max(ends)


def number_within(value: Number, characters: int) -> str:
    """The number in at most so many characters: whole where it fits, else rounded with a ≈; "" where neither fits.

    >>> number_within(0.0231, 7), number_within(0.0231, 5), number_within(1234567, 4)
    ('0.0231', '≈0.02', '')
    """
    true = number(value)
    if len(true) <= characters:
        return true
    for digits in range(17, 0, -1) if math.isfinite(value) else ():
        text = number(value, digits)
        if len(text) <= characters:
            return text
    return "≈0" if abs(float(value)) < 0.5 and characters >= 2 else ""


def sum_text(terms: Iterable[str | Number], total: str | Number | None = None) -> str:
    """A sum as it is read, signs between the terms.

    >>> sum_text([4, 1, -1, 1], 5)
    '4 + 1 − 1 + 1 = 5'
    """
    texts = [term if isinstance(term, str) else number(term) for term in terms]
    parts = [("− " + text[1:] if text.startswith("−") else "+ " + text) for text in texts[1:]]
    result = total if isinstance(total, str) else None if total is None else number(total)
    return " ".join([*texts[:1], *parts] + ([] if result is None else ["=", result]))


def place_text(place: Iterable[int]) -> str:
    """A place as it is printed.

    >>> place_text((0, 1, 2))
    '0,1,2'
    """
    return ",".join(str(index) for index in place)


def number_size(width: float, height: float, text: str) -> float:
    """The size of a number in a cell: .56 of a small height, less of a large one, in an airy width; 0 under 10.

    >>> number_size(20, 20, "0"), number_size(28, 28, "−1,234")
    (11.2, 0)
    """
    wide = _MONO * max(1, len(text)) / 1000
    room, airy = (width - max(2, 0.14 * width)) / wide, (width - max(6, 0.26 * width)) / wide
    size = min(max(0.56 * height, FLOOR), 8 + 0.22 * height, 18, room, max(airy, FLOOR), height - 2)
    return math.floor(size * 10) / 10 if size >= FLOOR else 0


def grid(
    x: float, y: float, rows: int, columns: int, side: float, gap: float = 0
) -> Iterator[tuple[int, int, float, float]]:
    """The squares of a grid, row by row: row, column, and the corner of each.

    >>> list(grid(0, 0, 1, 2, 20, gap=2))
    [(0, 0, 0, 0), (0, 1, 22, 0)]
    """
    step = side + gap
    for row in range(rows):
        for column in range(columns):
            yield row, column, x + column * step, y + row * step


def outline(state: State, mark: Cell | Rect | Sheet, touching: bool = False) -> Outline:
    """The outline that puts a mark in a state."""
    if isinstance(mark, Sheet):
        return Outline(state, corners=mark.corners, keys=mark.keys)
    return Outline(state, mark.x, mark.y, mark.width, mark.height, max(2.5, mark.round), touching, keys=mark.keys)


def neuron_bar(
    x: float,
    y: float,
    width: float,
    name: str,
    value: str,
    state: State | None = None,
    height: float = 32,
    identity: str | None = None,
    keys: Keys = NOTHING,
) -> tuple[Mark, ...]:
    """A neuron as a bar under its ports: tag (i selected, j pinned), name left, ``= value`` right."""
    box = Rect(x, y, width, height, "paper", "line", 3, identity, keys=keys)
    baseline = y + height / 2 + 4.5
    tagged = state in ("selected", "pinned")
    tag = (Tag(x + 8, y + height / 2 - 8, "i" if state == "selected" else "j", state == "pinned"),) if tagged else ()
    result = f"= {value}"
    left, right = x + (32 if tagged else 10), x + width - 10
    room = right - left - text_width(result, 13.5, mono=True) - 8
    return (
        box,
        *((Outline(state, x + 1, y + 1, width - 2, height - 2, 3, keys=keys),) if state else ()),
        *tag,
        Label(left, baseline, fitted(name, room, 13, mono=True), "mono", size=13, on=identity),
        Label(right, baseline, result, "mono", "end", True, size=13.5, on=identity),
    )


def edges_in_order(edges: Iterable[Edge], colours: Colouring) -> tuple[Edge, ...]:
    """Edges from bottom to top: not coloured, reading padding, real, pointed at; each kind as it came."""
    return tuple(
        sorted(edges, key=lambda edge: (edge.pointed, colours.colour(edge.identity) is not None, not edge.padding))
    )


def legend(
    colours: Colouring,
    level: str,
    coloured: str = "",
    labels: Mapping[str, str] | None = None,
    values: Mapping[str, str] | None = None,
    total: int | None = None,
    rest: str = "the others stay unfilled",
) -> Legend:
    """The legend of a colouring: what equal colours mean, what is coloured, how many of how many, and the chips.

    ``coloured`` says which they are, in words; ``labels`` names each on its chip, and without it there are no chips;
    ``total`` counts the identities of the layer, where the picture shows fewer.

    >>> two = Colouring(("filter:0", "filter:1"), total=2)
    >>> legend(two, "filter", "filters 0 and 1", total=64).count
    '2 of 64 filters; the others stay unfilled'
    >>> legend(two, "filter").coloured
    'all 2 filters'
    """
    one, several = LEVELS[level]
    names = colours.coloured
    everything = colours.total if total is None else total
    whole = f"the only {one}" if everything == 1 else f"all {everything:,} {several}"
    if len(names) >= everything:
        coloured, count = coloured or whole, whole if coloured else ""
    else:
        count = f"{len(names):,} of {everything:,} {several}" + (f"; {rest}" if rest else "")
    chips = tuple(Chip(name, labels[name], (values or {}).get(name, "")) for name in names) if labels else ()
    return Legend(level, f"Same colour = same {one}", coloured, count, chips)


def figure(picture: Picture) -> Picture:
    """The picture as it stands alone in a file: title, subtitle, formula and legend above, the notes below."""
    lines = [text_width(picture.formula, 12.5, mono=True), sum(_chip_widths(picture.legend)) - 14]
    least = [text_width(picture.title, 18, bold=True), *(line for line in lines if line <= ROOM)]
    width = math.ceil(max(picture.width + 2 * MARGIN, max(least) + 2 * MARGIN, 360))
    head, top = _head(picture, width)
    words = " ".join(picture.notes)
    foot_at = top + picture.height + 30
    foot = paragraph(MARGIN, foot_at, words, width - 2 * MARGIN, size=12.5) if words else ()
    height = math.ceil((bottom(foot) if foot else top + picture.height) + 20)
    marks = (*head, Group(MARGIN, top, picture.marks), *foot)
    return replace(picture, width=width, height=height, marks=marks, subtitle="", formula="", notes=())


def _head(picture: Picture, width: float) -> tuple[tuple[Mark, ...], float]:
    inner = width - 2 * MARGIN
    title = paragraph(MARGIN, 36, picture.title, inner, "title")
    marks: list[Mark] = [*title]
    y = bottom(title)
    beside = text_width(title[-1].text, 18, bold=True) + 32 + text_width(picture.formula, 12.5, mono=True)
    if picture.formula and len(title) == 1 and beside <= inner:
        marks.append(Label(width - MARGIN, y, picture.formula, "mono", "end"))
    elif picture.formula:
        lines = paragraph(MARGIN, y + 22, picture.formula, inner, "mono")
        marks, y = [*marks, *lines], bottom(lines)
    if picture.subtitle:
        lines = paragraph(MARGIN, y + 20, picture.subtitle, inner, size=12.5)
        marks, y = [*marks, *lines], bottom(lines)
    if picture.legend.title:
        told, y = _legend_line(picture.legend, y + 26, inner)
        marks += told
    return tuple(marks), y + 28


def _legend_line(told: Legend, y: float, width: float) -> tuple[list[Mark], float]:
    lead = told.title + "."
    words = f"Coloured: {told.coloured}. {_sentence(told.count)}" if told.coloured else _sentence(told.count)
    marks: list[Mark] = [Label(MARGIN, y, lead, "body", bold=True, size=12.5)]
    x = text_width(lead, 12.5, bold=True) + 8
    for word_x, word_y, line in _flow(words, x, y, width):
        marks.append(Label(MARGIN + word_x, word_y, line, "caption", size=12.5))
        x, y = word_x + text_width(line, 12.5), word_y
    chip_widths = _chip_widths(told)
    if told.chips:
        x, y = (x + 16, y) if x + 2 + sum(chip_widths) <= width else (0, y + 22)
    for chip, chip_width in zip(told.chips, chip_widths, strict=True):
        if x > 0 and x + chip_width - 14 > width:
            x, y = 0, y + 22
        marks.append(Cell(MARGIN + x, y - 11, 15, 15, identity=chip.identity, round=2))
        marks.append(Label(MARGIN + x + 21, y, chip.label, "mono", size=12))
        x += chip_width
    return marks, y


def _chip_widths(told: Legend) -> list[float]:
    return [21 + text_width(chip.label, 12, mono=True) + 14 for chip in told.chips]


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:] + ("" if words.endswith(".") or not words else ".")


def _flow(words: str, x: float, y: float, width: float) -> Iterator[tuple[float, float, str]]:
    line = ""
    for word in words.split():
        longer = f"{line} {word}".lstrip()
        if line and x + text_width(longer, 12.5) > width:
            yield x, y, line
            x, y, line = 0, y + 18, word
        else:
            line = longer
    if line:
        yield x, y, line
