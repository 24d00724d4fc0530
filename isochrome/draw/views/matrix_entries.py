"""One connection as an entry of the matrix: its cell, its row in the table, and how many there are in all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from math import prod

import numpy as np

from isochrome.core.component import EagerTable
from isochrome.core.relation import Place
from isochrome.draw.identity import Colouring
from isochrome.draw.layout import number, number_size, place_text
from isochrome.draw.picture import Cell, Dot, Glyph, Mark, keys
from isochrome.draw.scene import Scene
from isochrome.draw.views.matrix_window import Entry
from isochrome.draw.views.wording import counted

__all__ = ["HEAD", "counts_of", "entries_met", "entry_marks", "table_rows"]

HEAD = ("neuron", "input", "weight", "value")
_MOST_ROWS = 100_000


def entry_marks(
    scene: Scene, entry: Entry, places: tuple[Place, Place], colours: Colouring, x: float, y: float, side: float
) -> Iterator[Mark]:
    """A cell for a connection: coloured with its value or its place in the kernel, else with a dot."""
    several = len(entry.weights) > 1
    text = str(len(entry.weights)) if several else _short(entry.value, side)
    is_coloured = colours.colour(entry.identity) is not None
    neuron, read = places
    where = keys(scene.layer.number, y=neuron, x=read, w=entry.weights, parameter=scene.line.parameter)
    yield Cell(x, y, side, side, text if is_coloured or several else "", entry.identity, keys=where)
    if not is_coloured and not several:
        yield Dot(x + side / 2, y + side / 2)
    elif is_coloured and not text:
        yield from _glyph(scene, entry, x, y, side)


def _short(value: float | None, side: float) -> str:
    """The value, where a cell has room for its digits."""
    text = "" if value is None else number(value)
    return text if len(text) <= max(2, int(side / 8)) and number_size(side, side, text) else ""


def _glyph(scene: Scene, entry: Entry, x: float, y: float, side: float) -> Iterator[Mark]:
    """The place of the weight in its kernel, where no number fits."""
    axes = scene.w.of("tap")[-2:]
    sizes = [scene.w.shape[axis] for axis in axes]
    if not axes or max(sizes) > 5 or prod(sizes) == 1:
        return
    at = [entry.weights[0][axis] for axis in axes]
    row, column = (at[0], at[1]) if len(at) > 1 else (0, at[0])
    rows, columns = (sizes[0], sizes[1]) if len(sizes) > 1 else (1, sizes[0])
    yield Glyph(x + side / 5, y + side / 5, 0.6 * side, row, column, rows, columns, entry.identity)


def counts_of(scene: Scene) -> str:
    """How many entries, connections and fixed zeros the matrix has."""
    assert scene.x is not None
    neurons, inputs = prod(scene.y.shape), prod(scene.x.shape)
    entries, relation = neurons * inputs, scene.relation
    lead = f"{neurons:,} neurons × {inputs:,} inputs = {entries:,} entries: "
    connections = counted(relation.real_connections, "connection")
    met = entries_met(scene)
    if met is None:
        return f"{lead}{connections} on real input."
    if met < relation.real_connections:
        return f"{lead}{connections} meet in {met:,} of them, and {entries - met:,} are fixed zeros."
    return f"{lead}{connections}, {entries - met:,} fixed zeros." if met < entries else f"{lead}{connections}, no zero."


def entries_met(scene: Scene) -> int | None:
    """How many entries hold a connection; None where the tables are too large to look."""
    relation, total = scene.relation, 1
    assert scene.line.input_number is not None
    axes = (*relation.axes[0], *relation.axes[scene.line.input_number])
    for place, part in enumerate(relation.components):
        columns = sorted({digit.column for axis in axes for digit in axis.digits if digit.component == place})
        if not isinstance(part, EagerTable) or part.total > _MOST_ROWS:
            return None
        rows = part.values[part.is_real][:, columns]
        total *= len(np.unique(rows, axis=0)) if columns else min(len(rows), 1)
    return total


def table_rows(entries: Iterable[Entry], rows: Sequence[Place], columns: Sequence[Place]) -> Iterator[tuple[str, ...]]:
    """Each entry as a row of the picture's table."""
    for entry in entries:
        yield (
            place_text(rows[entry.row]),
            place_text(columns[entry.column]),
            " and ".join(place_text(place) for place in entry.weights),
            "" if entry.value is None else number(entry.value),
        )
