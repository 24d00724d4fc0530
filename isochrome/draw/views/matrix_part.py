"""The picture of any part of the matrix, at the detail that its size allows, with the whole of it beside."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from isochrome.draw.choice import coloured, level_legend
from isochrome.draw.identity import Colouring
from isochrome.draw.layout import bottom, paragraph, place_text, text_width
from isochrome.draw.picture import Legend, Mark, Picture, Table
from isochrome.draw.scene import Scene
from isochrome.draw.views.matrix_entries import HEAD, counts_of, entry_marks, table_rows
from isochrome.draw.views.matrix_order import columns_of, rows_of
from isochrome.draw.views.matrix_overview import beside
from isochrome.draw.views.matrix_zoom import Zoom, frame, named_part, raster, zoom
from isochrome.draw.views.wording import drawn, sized, title_of
from isochrome.errors import shown

__all__ = ["part_of_matrix"]

_TOP = 26.0
_INK = "Ink = exact number of connections under the pixel ÷ the larger of the rows and columns it covers, full at 1."
_LAST = "Rows and columns count places before channels."


def part_of_matrix(scene: Scene) -> Picture:
    """The part that the scene's window names, else all of it."""
    every = (0, rows_of(scene).total), (0, columns_of(scene).total)
    seen = scene if scene.window else replace(scene, window=every)
    found = zoom(seen)
    colours = Colouring() if found.inked else coloured(seen)
    left = 46 + text_width(place_text(found.rows.place(found.rows.total - 1)), 10.5, mono=True)
    marks = [*_inside(seen, found, colours, left), *frame(seen, found, left, _TOP)]
    width, low = left + found.width, _TOP + found.height
    if found.words:
        told = paragraph(left, low + 18, found.words + ".", found.width)
        marks, low = [*marks, *told], bottom(told)
    if seen.window != every:
        more, width, deep = beside(seen, found.down, found.across, width + 44)
        marks, low = [*marks, *more], max(low, deep)
    return _picture(seen, found, colours, tuple(marks), (width + 4, low + 6))


def _inside(scene: Scene, found: Zoom, colours: Colouring, left: float) -> Iterator[Mark]:
    """The entries one by one where there are few, else as pixels."""
    if found.entries is None:
        yield raster(scene, found, colours, left, _TOP)
        return
    for entry in found.entries:
        places = found.rows.place(found.down[0] + entry.row), found.columns.place(found.across[0] + entry.column)
        x, y = left + entry.column * found.wide, _TOP + entry.row * found.high
        yield from entry_marks(scene, entry, places, colours, x, y, found.wide)


def _picture(
    scene: Scene, found: Zoom, colours: Colouring, marks: tuple[Mark, ...], size: tuple[float, float]
) -> Picture:
    name = shown(scene.layer.name, 60)
    whole = sized((found.rows.total, found.columns.total))
    sides = [named_part(found.rows, found.down), named_part(found.columns, found.across)]
    window = "" if sides == ["all", "all"] else f"Neurons: {sides[0]}; inputs: {sides[1]}"
    told = counts_of(scene)
    legend = Legend("none", "No identity colour at this zoom", "", _INK) if found.inked else level_legend(scene)
    rows = [found.rows.place(row) for row in range(*found.down)] if found.entries else []
    columns = [found.columns.place(column) for column in range(*found.across)] if found.entries else []
    return Picture(
        *size,
        title_of("Matrix", name),
        f"{name} as one dense {whole} matrix: rows are neurons, columns are inputs. {told}",
        legend,
        colours,
        marks,
        subtitle=drawn(f"The layer as one dense {whole} matrix: rows are neurons, columns are inputs.", window),
        formula=str(scene.line.formula),
        window=window,
        notes=(told, *([_LAST] if scene.channel_last else []), "Blank is a fixed zero: no connection."),
        table=Table(HEAD, tuple(table_rows(found.entries or (), rows, columns))),
    )
