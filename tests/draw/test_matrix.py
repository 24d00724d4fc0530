"""Any part of the matrix as a picture: its detail, its pixels, and what a window may be."""

from __future__ import annotations

import base64
import io
import re
from functools import cache
from math import prod

import numpy as np
import pytest
from PIL import Image

from isochrome.app.api import open_model
from isochrome.app.pictures import draw, picture_of
from isochrome.core.relation import Relation, relation
from isochrome.draw.identity import LEVELS, NINE
from isochrome.draw.picture import Cell, Ink, Outline, Picture
from isochrome.draw.scene import Scene, scene
from isochrome.draw.views.dense import dense
from isochrome.draw.views.ink import connections_under, density, ink
from isochrome.errors import RequestError
from isochrome.render.svg import THEMES, svg
from tests.draw.readback import law_of_colour

ALEXNET = "formula:y[m, p, q] += w[m, c, u, v] * x[c, 4*p + u, 4*q + v]"
SHAPES = {"y": (96, 55, 55), "w": (96, 3, 11, 11), "x": (3, 227, 227)}
BLOCK = ((0, 3025), (0, 51529))


@cache
def opened():
    return open_model(ALEXNET, SHAPES)


def seen(window=(), level: str = "weight", **more) -> Scene:
    from dataclasses import replace

    one = opened()
    return replace(scene(one.model, one.model.layers[0], None, level), window=window, **more)


def one_of(picture: Picture, kind: type) -> list:
    return [mark for mark in picture.marks if isinstance(mark, kind)]


# --- details ----------------------------------------------------------------------------------------------------------


def test_zoomed_out_a_pixel_s_ink_is_the_count_under_it() -> None:
    picture = picture_of(seen(BLOCK), "matrix")
    assert picture.legend.title == "No identity colour at this zoom" and picture.level == "none"
    assert picture.window == "Neurons: filter 0, rows 0 to 54; inputs: channel 0, rows 0 to 226"
    raster = one_of(picture, Ink)[0]
    assert (raster.columns, raster.rows) == (980, 554)
    values = np.frombuffer(raster.values, np.uint8).reshape(554, 980)
    # Brute force: every tap of the block, dropped into its pixel.
    p, u, q, v = np.ogrid[:55, :11, :55, :11]
    rows, columns = (55 * p + q) + 0 * (u + v), (227 * (4 * p + u) + 4 * q + v)
    counts = np.zeros((554, 980), np.int64)
    edges = [np.floor(np.arange(n + 1) * (size / n)) for n, size in ((554, 3025), (980, 51529))]
    at = [
        np.searchsorted(edge, each.reshape(-1), side="right") - 1
        for edge, each in zip(edges, (rows, columns), strict=True)
    ]
    np.add.at(counts, tuple(at), 1)
    covers = np.maximum.outer(*(np.diff(edge) for edge in edges))
    wanted = np.floor(255 * np.minimum(counts / covers, 1) + 0.5)
    assert counts.sum() == 3025 * 121
    assert (values == np.where((counts > 0) & (wanted == 0), 1, wanted)).all()
    law_of_colour(svg(picture))


@pytest.mark.parametrize("level", LEVELS)
def test_at_some_pixels_an_entry_it_has_its_colour(level: str) -> None:
    picture = picture_of(seen(((0, 120), (900, 1300)), level), "matrix")
    raster = one_of(picture, Ink)[0]
    assert (raster.columns, raster.rows, raster.identities) == (400, 120, picture.colouring.coloured)
    values = np.frombuffer(raster.values, np.uint8).reshape(120, 400)
    one = seen(level=level)
    for row in (0, 3, 54, 60):
        neuron = (0, row // 55, row % 55)
        wanted = np.zeros(400, np.uint8)
        for part in one.taps_of_neuron(neuron):
            column = (part.at[0] * 227 + part.at[1]) * 227 + part.at[2] - 900
            name = part.identity(level)
            if 0 <= column < 400:
                wanted[column] = 2 + raster.identities.index(name) if name in raster.identities else 1
        assert (values[row] == wanted).all() and wanted.any()


def test_zoomed_in_the_entries_are_cells_with_their_numbers() -> None:
    found = draw(open_model("example:stanford"), 0, "matrix", window=((0, 9), (0, 25))).picture
    cells = one_of(found, Cell)
    assert len(cells) == 49 and {cell.text for cell in cells} == {"-1".replace("-", "−"), "0", "1"}
    assert [mark.state for mark in one_of(found, Outline)][:2] == ["pinned", "selected"]
    assert len(found.table.rows) == 49
    assert set(law_of_colour(svg(found)).values()) == set(NINE)
    whole = draw(open_model("example:stanford"), 0, "matrix", channel_last=True).picture
    assert len(one_of(whole, Cell)) == 294 and "Rows and columns count places before channels." in whole.notes
    first = min(one_of(whole, Cell), key=lambda cell: (cell.y, cell.x))
    assert [mark.keys.y[0] for mark in one_of(whole, Cell) if mark.y == first.y] == [(0, 0, 0)] * 12
    assert first.keys.x == ((0, 0, 0),) and first.keys.w == ((0, 0, 1, 1),)


@pytest.mark.parametrize("window", [((0, 18), (0, 76)), ((0, 18),), ((3, 3), (0, 9)), ((-1, 3), (0, 9))])
def test_a_window_outside_the_matrix_is_said_to_be(window) -> None:
    with pytest.raises(RequestError) as fault:
        draw(open_model("example:stanford"), 0, "matrix", window=window)
    text = ",".join(f"{low}:{high}" for low, high in window)
    assert str(fault.value) == f"window: must be a part of each of the rows and columns [18, 75]; got {text}"


# --- counts -----------------------------------------------------------------------------------------------------------


def test_a_matrix_of_10_to_the_12_entries_is_counted_by_halves() -> None:
    found = matrix_of(relation("y[m, p] += w[m, c, u] * x[c, p + u - 1]",
                               {"y": (1000, 1000), "w": (1000, 1000, 3), "x": (1000, 1000)}))  # fmt: skip
    assert found.entries == 10**12
    half = np.array([0, 500_000, 1_000_000])
    counts = connections_under(found, half, half)
    assert counts.sum() == found.relation.real_connections == 1000 * 1000 * 2998
    assert (counts == counts[0, 0]).all()
    assert (density(counts, half, half) == counts / 500_000).all() and (ink(counts, half, half) == 255).all()


def test_a_table_too_large_to_be_written_is_counted_too() -> None:
    found = matrix_of(relation("y[t] += w[u] * x[t - u]", {"y": (65536,), "w": (65536,), "x": (65536,)}))
    cuts = np.array([0, 1, 1000, 65536])
    wanted = np.zeros((3, 3), np.int64)
    for i, (top, end) in enumerate(zip(cuts, cuts[1:], strict=False)):
        for j, (left, right) in enumerate(zip(cuts, cuts[1:], strict=False)):
            rows = np.arange(top, end)
            wanted[i, j] = np.clip(np.minimum(rows + 1, right) - left, 0, None).sum()
    assert (connections_under(found, cuts, cuts) == wanted).all()


def matrix_of(made: Relation):
    number = len(made.shapes) - 1
    found = dense(made, range(len(made.shapes[0])), (number, range(len(made.shapes[number]))))
    assert found.entries == prod(made.shapes[0]) * prod(made.shapes[number])
    return found


# --- the page's rasters -----------------------------------------------------------------------------------------------


def test_a_raster_for_the_page_has_no_theme_of_its_own() -> None:
    for window in (BLOCK, ((0, 120), (900, 1300))):
        text = svg(picture_of(seen(window), "matrix"), style=False).decode()
        for theme in THEMES.values():
            assert theme["ink"] not in text and theme["line"] not in text
        masks = re.findall(r'<mask id="([^"]+)".*?base64,([^"]+)"', text)
        assert len({name for name, _ in masks}) == len(masks) >= 2
        assert all(f'mask="url(#{name})"' in text for name, _ in masks)
        for _, image in masks:
            colours = np.asarray(Image.open(io.BytesIO(base64.b64decode(image))).convert("RGBA"))
            assert (colours[..., :3] == 255).all() and colours[..., 3].any()
