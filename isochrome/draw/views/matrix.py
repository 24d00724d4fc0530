"""The dense twin of a layer: a row for each neuron, a column for each input, equal colours for equal weights."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

import numpy as np

from isochrome.core.sizes import Shape
from isochrome.draw.choice import coloured, level_legend
from isochrome.draw.identity import Colouring
from isochrome.draw.layout import place_text, text_width
from isochrome.draw.picture import (
    Bracket,
    Hit,
    Label,
    Mark,
    Outline,
    Picture,
    Rect,
    Rule,
    Table,
    Tag,
    keys,
)
from isochrome.draw.scene import Scene
from isochrome.draw.view import View
from isochrome.draw.views.matrix_entries import HEAD, counts_of, entries_met, entry_marks, table_rows
from isochrome.draw.views.matrix_order import axis_word
from isochrome.draw.views.matrix_overview import block_taps, overview
from isochrome.draw.views.matrix_part import part_of_matrix
from isochrome.draw.views.matrix_window import ENTRY, Side, Window, window
from isochrome.draw.views.partial import distinct
from isochrome.draw.views.windows import named
from isochrome.draw.views.wording import counted, drawn, sized, span, title_of
from isochrome.errors import shown

__all__ = ["VIEW"]

_TOP = 26.0


def _draw(scene: Scene) -> Picture:
    return part_of_matrix(scene) if scene.window or scene.channel_last else _around(scene)


def _around(scene: Scene) -> Picture:
    """The whole matrix where it is small, else some rows around i and some columns that they read."""
    part, colours = window(scene), coloured(scene)
    left = 22 + max(text_width(place_text(place), 10.5, mono=True) for place in part.rows.places) + 10
    marks = [*_frame(part, left), *_cells(scene, part, colours, left), *_neurons(scene, part, left)]
    brackets, width, bottom = _brackets(scene, part, left)
    marks += brackets
    if not part.whole:
        beside, right, low = overview(scene, part, width + 44)
        marks, width, bottom = [*marks, *beside], right, max(bottom, low)
    name = shown(scene.layer.name, 60)
    told = counts_of(scene)
    size = sized((prod(scene.y.shape), prod(scene.x.shape if scene.x else ())))
    return Picture(
        max(width, _headings_end(scene, part, left)) + 4,
        bottom + 6,
        title_of("Matrix", name),
        f"{name} as one dense {size} matrix: rows are neurons, columns are inputs. {told}",
        level_legend(scene),
        colours,
        tuple(marks),
        subtitle=drawn(f"The layer as one dense {size} matrix: rows are neurons, columns are inputs.",
                       _window_words(part)),
        formula=str(scene.line.formula),
        window=_window_words(part),
        notes=(told, *_notes(scene, part, colours)),
        table=Table(HEAD, tuple(table_rows(part.entries, part.rows.places, part.columns.places))),
    )  # fmt: skip


def _unfit(scene: Scene) -> str:
    if scene.x is None:
        return "the layer multiplies no input: it looks weights up, so the matrix would have no columns"
    if not scene.y.shape or not scene.x.shape or not prod(scene.y.shape) * prod(scene.x.shape):
        return "the layer has no neurons or no inputs"
    return "" if scene.relation.connections else "the layer has no connection"


# --- drawing ------------------------------------------------------------------------------------------------------


def _frame(part: Window, left: float) -> Iterator[Mark]:
    """The blocks, a rule at each image row, and what each block of columns is called."""
    rows, columns = part.rows, part.columns
    for down in range(0, len(rows.places), rows.in_block):
        y, height = _TOP + rows.start(down), rows.in_block * ENTRY
        for across in range(0, len(columns.places), columns.in_block):
            x, wide = left + columns.start(across), columns.in_block * ENTRY
            for line in range(columns.in_line, columns.in_block, columns.in_line):
                yield Rule(((x + line * ENTRY, y), (x + line * ENTRY, y + height)), "hair")
            for line in range(rows.in_line, rows.in_block, rows.in_line):
                yield Rule(((x, y + line * ENTRY), (x + wide, y + line * ENTRY)), "hair")
            yield Rect(x, y, wide, height, "none", "line")
    if _narrow(columns):
        yield Label(left - 8, _TOP - 9, axis_word(columns.axes, 0), "caption", "end")
    for across, index in zip(range(0, len(columns.places), columns.in_block), columns.blocks, strict=True):
        x = left + columns.start(across)
        head, under = _heading(columns, index)
        yield Label(x, _TOP - 9, head, "body", size=12)
        if text_width(head, 12) + text_width(under, 11) + 18 < columns.in_block * ENTRY:
            yield Label(x + columns.in_block * ENTRY, _TOP - 9, under, "caption", "end", size=11)


def _heading(side: Side, index: int) -> tuple[str, str]:
    """What a block of columns is called, and which part of it is drawn."""
    axes = side.axes
    if len(axes.shape) == 1:
        low, high = side.box[0]
        return f"inputs {span(low, high)}" + ("" if side.whole else f" of {axes.shape[0]:,}"), ""
    under = ", ".join(text for axis in range(1, len(axes.shape))
                      if (text := named(axis_word(axes, axis), side.box[axis], axes.shape[axis])))  # fmt: skip
    whole = f"{side.in_block:,} inputs, row by row" if side.in_line < side.in_block else f"{side.in_block:,} inputs"
    return str(index) if _narrow(side) else f"{axis_word(axes, 0)} {index}", under or whole


def _narrow(side: Side) -> bool:
    """Whether a block has no room for a name with its number."""
    widest = f"{axis_word(side.axes, 0)} {side.blocks[-1]}"
    return len(side.axes.shape) > 1 and text_width(widest, 12) > side.in_block * ENTRY - 6


def _headings_end(scene: Scene, part: Window, left: float) -> float:
    last = part.columns.blocks[-1]
    return left + part.columns.length - part.columns.in_block * ENTRY + text_width(_heading(part.columns, last)[0], 12)


def _cells(scene: Scene, part: Window, colours: Colouring, left: float) -> Iterator[Mark]:
    for entry in part.entries:
        places = part.rows.places[entry.row], part.columns.places[entry.column]
        x, y = left + part.columns.start(entry.column), _TOP + part.rows.start(entry.row)
        yield from entry_marks(scene, entry, places, colours, x, y, ENTRY)


def _neurons(scene: Scene, part: Window, left: float) -> Iterator[Mark]:
    """The name of each row, and the outlines of the rows of j and i."""
    chosen = {neuron: order for order, neuron in reversed(list(enumerate(scene.neurons[:2])))}
    for row, neuron in enumerate(part.rows.places):
        y = _TOP + part.rows.start(row)
        known = neuron in chosen
        yield Label(left - 8, y + 11, place_text(neuron), "index", "end", bold=known, ink="ink" if known else None)
        yield Hit(0, y, left - 4, ENTRY, keys(scene.layer.number, y=neuron))
    for neuron, order in sorted(chosen.items(), key=lambda item: -item[1]):
        at = part.rows.number(neuron)
        if at is None:
            continue
        y, where = _TOP + part.rows.start(at), keys(scene.layer.number, y=neuron)
        yield Outline("pinned" if order else "selected", left, y, part.columns.length, ENTRY, touching=True, keys=where)
        yield Tag(0, y - 0.5, "j" if order else "i", bool(order), where)


def _brackets(scene: Scene, part: Window, left: float) -> tuple[list[Mark], float, float]:
    """Under the matrix: what one block is, and what one image row is; the right end and the lower end of it all."""
    columns, y = part.columns, _TOP + part.rows.length + 12
    told: list[tuple[float, str]] = []
    blocks = len(columns.blocks) * len(part.rows.blocks) > 1 and len(columns.axes.shape) > 1
    if blocks and columns.axes.roles[0] in ("channel", "group") and scene.y.roles[0] in ("filter", "group"):
        sizes = [scene.w.shape[axis] for axis in scene.w.of("tap")]
        kernel = f"one {sized(sizes)} kernel" if prod(sizes) > 1 else "one weight"
        told.append((columns.in_block * ENTRY, f"a block: one filter, one channel, so {kernel}"))
    if columns.in_line < columns.in_block:
        whole = columns.box[-1][1] - columns.box[-1][0] == columns.axes.shape[-1]
        words = f"{counted(columns.in_line, 'input')}: {'one' if whole else 'from one'} row of the image"
        told.append((columns.in_line * ENTRY, words))
    marks: list[Mark] = []
    x, right = left, left + columns.length
    for wide, words in told:
        if marks and text_width(told[0][1], 12) + 12 < columns.in_block * ENTRY and len(columns.blocks) > 1:
            x = left + columns.start(columns.in_block)
        elif marks:
            y += 32
        marks += [Bracket(x, y, x + wide, y, -5), Label(x, y + 17, words, "caption")]
        right = max(right, x + text_width(words, 12))
    return marks, right, y + 18 if marks else y - 8


# --- words --------------------------------------------------------------------------------------------------------


def _window_words(part: Window) -> str:
    """Which neurons and which inputs are drawn, '' where it is all of them."""
    if part.whole:
        return ""
    sides = []
    for what, side in (("neurons", part.rows), ("inputs", part.columns)):
        axes = side.axes
        parts = [named(axis_word(axes, axis), side.box[axis], axes.shape[axis]) for axis in range(len(axes.shape))]
        text = ", ".join(text for text in parts if text)
        sides.append(f"{what} of {text}" if text else f"all {what}")
    return f"{sides[0][:1].upper()}{sides[0][1:]}; {sides[1]}"


def _notes(scene: Scene, part: Window, colours: Colouring) -> tuple[str, ...]:
    notes = []
    told = {entry.identity for entry in part.entries if colours.colour(entry.identity)}
    if told and scene.level == "weight":
        notes.append("Read a colour: every square of one colour is the same stored number.")
    if any(colours.colour(entry.identity) is None for entry in part.entries):
        notes.append("Entries that are not coloured are unfilled, with a dot.")
    if any(len(entry.weights) > 1 for entry in part.entries):
        notes.append("An entry with a number and no colour of its own adds so many weights.")
    notes += _moves(scene)
    if part.whole:
        notes += _block_words(scene)
    met = entries_met(scene)
    if met is None or met < prod(scene.y.shape) * prod(scene.x.shape if scene.x else ()):
        notes.append("Blank is a fixed zero: no connection, nothing stored, nothing to learn.")
    if any(entry.value == 0 for entry in part.entries):
        notes.append("A learned weight that is 0 keeps its cell.")
    return tuple(notes)


def _moves(scene: Scene) -> list[str]:
    """How far the band moves from one neuron to the next, where all its weights move alike."""
    axes, read = scene.y.of("position"), scene.x.of("position") if scene.x else ()
    last = (len(scene.y.shape) - 1, len(scene.x.shape) - 1 if scene.x else 0)
    if not axes or not read or (axes[-1], read[-1]) != last or scene.y.shape[-1] < 2:
        return []
    middle = scene.neuron_at(scene.filter_place(scene.filter), scene.centre)
    before = tuple(at - 1 if axis == axes[-1] else at for axis, at in enumerate(middle))
    one, two = (scene.rows_of_neuron(neuron) for neuron in (before, middle))
    if len(one) != len(two) or not len(one) or (one.w != two.w).any():
        return []
    moved = np.unique(two.at - one.at, axis=0)
    if len(moved) > 1 or moved[0][-1] < 1 or moved[0][:-1].any():
        return []
    steps = int(moved[0][-1])
    return [f"Read down: the band moves {counted(steps, 'column')} at each step."]


def _block_words(scene: Scene) -> list[str]:
    """How few of the entries of one block are free numbers, where blocks are filters and channels."""
    if scene.x is None or not scene.y.of("filter", "group") or not scene.x.of("channel", "group"):
        return []
    taps = block_taps(scene)
    if taps is None:
        return []
    free = distinct(taps, scene.line.weight_number)
    entries = scene.y.size("position") * scene.x.size("position")
    if free >= entries or scene.y.size("position") < 2:
        return []
    what = "number is" if free == 1 else "numbers are"
    return [f"Of {scene.y.size('position'):,} × {scene.x.size('position'):,} entries in a block only {free:,} {what} "
            f"free; a fully connected layer would have {entries:,}."]  # fmt: skip


def _spans(scene: Scene) -> tuple[str, Shape]:
    return "the rows and columns", (prod(scene.y.shape), prod(scene.x.shape if scene.x else ()))


VIEW = View("matrix", "Matrix", _draw, _unfit, spans=_spans)
