"""The matrix in a real browser: what is picked is what the relation has, and its pixels are Python's."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from isochrome.app.api import open_model
from isochrome.app.page import STATIC
from isochrome.app.server import running
from isochrome.draw.choice import coloured
from isochrome.draw.identity import LEVELS
from isochrome.draw.scene import Scene, scene
from isochrome.draw.views.codes import codes
from isochrome.draw.views.ink import connections_under, evenly, ink
from isochrome.draw.views.matrix_order import columns_of, matrix_of, rows_of
from isochrome.draw.views.matrix_zoom import named
from tests.page.test_explorer import FLAGS, watched

pytestmark = pytest.mark.skipif(not (STATIC / "page.js").is_file(), reason="the page is not built")
ROOT = Path(__file__).parents[2]
LARGE = "formula:y[m, p, q] += w[m, c, u, v] * x[c, p + u - 1, q + v - 1]"
SHAPES = {"y": (16, 28, 28), "w": (16, 8, 3, 3), "x": (8, 28, 28)}


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=chromium, headless=True, args=FLAGS)
        yield found
        found.close()


@pytest.fixture(scope="module")
def demo() -> Iterator[str]:
    opened = open_model("example:stanford")
    with running(opened, opened.run()) as address:
        yield address


@pytest.fixture(scope="module")
def large() -> Iterator[tuple[str, Scene]]:
    opened = open_model(LARGE, SHAPES)
    run = opened.run()
    with running(opened, run) as address:
        yield address, scene(opened.model, opened.model.layers[0], run.values)


def told(*arguments: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "isochrome.app.cli", *arguments, "--json"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60, check=True)
    return dict(json.loads(done.stdout))


def pair(page: Page, name: str) -> tuple[float, float]:
    """Of rows and of columns: where the screen begins, or how many entries a pixel covers."""
    y, x = page.locator(".matrix .surface").get_attribute(f"data-{name}").split(",")  # type: ignore[union-attr]
    return float(y), float(x)


def point(page: Page, row: int, column: int) -> tuple[float, float]:
    """The middle of an entry on the screen."""
    box = page.locator(".matrix .surface").bounding_box()
    assert box is not None
    (top, left), (high, wide) = pair(page, "low"), pair(page, "per")
    return box["x"] + (column + 0.5 - left) / wide, box["y"] + (row + 0.5 - top) / high


def pixels(page: Page) -> np.ndarray:
    """The canvas as it is: rows, columns, and red, green, blue, opacity."""
    found = page.locator(".matrix .surface canvas").evaluate(
        """(canvas) => {
            const { width, height } = canvas;
            const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
            let text = "";
            for (let n = 0; n < data.length; n += 8192) text += String.fromCharCode(...data.subarray(n, n + 8192));
            return [width, height, btoa(text)];
        }"""
    )
    wide, high, text = found
    return np.frombuffer(base64.b64decode(text), np.uint8).reshape(high, wide, 4)


def state(page: Page) -> dict[str, str]:
    return {key: values[0] for key, values in parse_qs(urlsplit(page.url).fragment).items()}


def rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


# --- picking ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("neuron", [(0, 0, 0), (1, 1, 2)])
def test_pointing_along_a_row_tells_what_explain_lists(browser: Browser, demo: str, neuron: tuple[int, ...]) -> None:
    terms = told("explain", "example:stanford", "conv", "--neuron", ",".join(map(str, neuron)))["terms"]
    wanted = {(tuple(term["x"]), tuple(term["w"]), term["weight"]) for term in terms if term["x"]}
    row = int(np.ravel_multi_index(neuron, (2, 3, 3)))
    with watched(browser, f"{demo}#view=matrix") as found:
        page, picked = found.page, set()
        for column in range(75):
            page.mouse.move(*point(page, row, column))
            said = page.inner_text("#matrix-said")
            place = tuple(map(int, np.unravel_index(column, (3, 5, 5))))
            assert said.startswith(f"y[{','.join(map(str, neuron))}] × x[{','.join(map(str, place))}]: "), said
            weight = re.search(r": w\[([\d,]+)\] = (.+)$", said)
            if weight:
                value = float(weight[2].replace("−", "-"))
                picked.add((place, tuple(map(int, weight[1].split(","))), value))
            else:
                assert said.endswith("no connection, a fixed zero")
        assert picked == wanted


def test_the_rings_of_a_weight_are_its_uses(browser: Browser, demo: str) -> None:
    uses = told("uses", "example:stanford", "conv", "--weight", "0,0,1,2")["uses"]
    wanted = {(tuple(use["y"]), tuple(use["x"])) for use in uses if use["x"]}
    with watched(browser, f"{demo}#view=matrix&i=0,0,0&w=0:0,0,1,2") as found:
        page = found.page
        drawn = page.locator(".matrix .rings").get_attribute("d") or ""
        (top, left), (high, wide) = pair(page, "low"), pair(page, "per")
        ringed = set()
        for x, y in re.findall(r"M([-\d.]+) ([-\d.]+)", drawn):
            row, column = round((float(y) + 0.5) * high + top), round((float(x) + 0.5) * wide + left)
            ringed.add((tuple(map(int, np.unravel_index(row, (2, 3, 3)))),
                        tuple(map(int, np.unravel_index(column, (3, 5, 5))))))  # fmt: skip
        assert ringed == wanted


def test_a_click_selects_the_neuron_and_the_input_everywhere(browser: Browser, demo: str) -> None:
    with watched(browser, f"{demo}#view=matrix") as found:
        page = found.page
        page.mouse.click(*point(page, 4, 6))  # y[0,1,1], x[0,1,1]
        found.settled()
        assert state(page)["i"] == "0,1,1" and state(page)["w"] == "0:0,0,0,0"
        assert "9 uses" in page.inner_text(".status") and "w[0,0,0,0]" in page.inner_text(".status")
        page.mouse.click(*point(page, 4, 0))  # a fixed zero
        found.settled()
        assert "w" not in state(page) and "x[0,0,0] = " in page.inner_text(".status")
        page.mouse.click(*point(page, 4, 6))
        page.evaluate("location.hash = location.hash.replace('view=matrix', 'view=connections')")
        page.locator("[data-view=connections] svg").wait_for()
        found.settled()
        assert page.locator(".picture .pointed[data-w='0,0,0,0']").count() > 0


def test_a_click_on_another_channel_brings_its_colours(browser: Browser, demo: str) -> None:
    with watched(browser, f"{demo}#view=matrix") as found:
        page = found.page
        page.mouse.click(*point(page, 13, 25 + 6))
        found.settled()
        assert "filter 1, channel 1" in page.inner_text(".legend")
        assert state(page)["c"] == "1" and state(page)["i"] == "1,1,1"


# --- pixels -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_law_of_colour_holds_on_the_canvas(browser: Browser, demo: str, level: str, theme: Any) -> None:
    opened = open_model("example:stanford")
    seen = scene(opened.model, opened.model.layers[0], opened.run().values, level, ((0, 0, 0), (0, 0, 1)))
    colours = coloured(seen)
    wanted: dict[tuple[int, int], str | None] = {}
    for row in range(18):
        for part in seen.taps_of_neuron(rows_of(seen).place(row)):
            if part.x is not None:
                wanted[row, columns_of(seen).flat(part.x)] = colours.colour(part.identity(level))
    with watched(browser, f"{demo}#view=matrix&level={level}&i=0,0,0&j=0,0,1", color_scheme=theme) as found:
        page = found.page
        image, (high, wide) = pixels(page), pair(page, "per")
        paper = (255, 255, 255) if theme == "light" else (21, 23, 28)
        for row in range(18):
            for column in range(75):
                red, green, blue, opacity = image[int(row / high + 3), int(column / wide + 3)].tolist()
                if (row, column) not in wanted:
                    assert opacity == 0, (row, column)
                    continue
                colour = wanted[row, column]
                assert (red, green, blue) == (paper if colour is None else rgb(colour)), (row, column)


@pytest.mark.parametrize("zoom", ["0:12544,0:6272", "100:6000,50:5000", "3000:4500,700:2400"])
@pytest.mark.parametrize("order", ["", "&order=last"])
def test_ink_is_python_s_pixel_by_pixel(browser: Browser, large: tuple[str, Scene], zoom: str, order: str) -> None:
    address, seen = large
    with watched(browser, f"{address}#view=matrix&zoom={zoom}{order}") as found:
        page = found.page
        assert page.locator(".matrix .surface").get_attribute("data-detail") == "ink"
        image = pixels(page)
        rows, columns = rows_of(seen, bool(order)), columns_of(seen, bool(order))
        (top, left), (high, wide) = pair(page, "low"), pair(page, "per")
        cuts = (
            evenly(top, high, image.shape[0], rows.total),
            evenly(left, wide, image.shape[1], columns.total),
        )
        wanted = ink(connections_under(matrix_of(seen, rows, columns), *cuts), *cuts)
        assert (image[:, :, 3] == wanted).all() and wanted.any()


def test_colours_are_python_s_pixel_by_pixel(browser: Browser, large: tuple[str, Scene]) -> None:
    address, seen = large
    with watched(browser, f"{address}#view=matrix&zoom=56:256,20:340&i=0,2,0") as found:
        page = found.page
        assert page.locator(".matrix .surface").get_attribute("data-detail") == "colours"
        image, colours = pixels(page), coloured(seen)
        rows, columns = rows_of(seen), columns_of(seen)
        (top, left), (high, wide) = pair(page, "low"), pair(page, "per")
        down = np.floor(top + (np.arange(image.shape[0]) + 0.5) * high).astype(np.int64)
        across = np.floor(left + (np.arange(image.shape[1]) + 0.5) * wide).astype(np.int64)
        names = [named(seen, columns, name) for name in colours.coloured]
        wanted = codes(matrix_of(seen, rows, columns), down, across, names)
        palette = np.array([rgb(colours.colour(name) or "") for name in colours.coloured])
        assert (image[wanted == 0] == 0).all() and (wanted > 1).any()
        assert (image[wanted > 1][:, :3] == palette[wanted[wanted > 1] - 2]).all()


def test_the_theme_and_paper_have_their_own_ink(browser: Browser, large: tuple[str, Scene]) -> None:
    address, _ = large
    with watched(browser, f"{address}#view=matrix&zoom=0:12544,0:6272") as found:
        page = found.page

        def darkest() -> list[int]:
            image = pixels(page)
            return [int(one) for one in image[np.unravel_index(image[:, :, 3].argmax(), image.shape[:2])][:3]]

        assert darkest() == [22, 24, 29]
        page.emulate_media(color_scheme="dark")
        found.settled()
        assert darkest() == [238, 240, 243]
        page.emulate_media(media="print")
        found.settled()
        assert darkest() == [0, 0, 0]


# --- hands and keys ---------------------------------------------------------------------------------------------------


def under(page: Page, x: float, y: float) -> tuple[float, float]:
    """The row and the column, with their fractions, under a place of the screen."""
    box = page.locator(".matrix .surface").bounding_box()
    assert box is not None
    (top, left), (high, wide) = pair(page, "low"), pair(page, "per")
    return top + (y - box["y"]) * high, left + (x - box["x"]) * wide


def test_the_wheel_zooms_at_the_pointer_and_a_drag_pans(browser: Browser, large: tuple[str, Scene]) -> None:
    address, _ = large
    with watched(browser, f"{address}#view=matrix&zoom=0:12544,0:6272") as found:
        page = found.page
        x, y = map(round, point(page, 3000, 2000))
        page.mouse.move(x, y)
        before = under(page, x, y)
        for _ in range(12):
            page.mouse.wheel(0, -240)
            page.wait_for_timeout(30)
        found.settled()
        assert under(page, x, y) == pytest.approx(before, abs=0.01)
        assert max(pair(page, "per")) < 1 / 4  # hundreds of entries a pixel before, several pixels an entry now
        selected = [state(page).get(key) for key in "ijw"]
        page.mouse.down()
        page.mouse.move(x - 60, y - 40, steps=4)
        page.mouse.up()
        assert under(page, x - 60, y - 40) == pytest.approx(before, abs=0.01)
        assert [state(page).get(key) for key in "ijw"] == selected  # a drag selects nothing
        page.wait_for_timeout(500)
        assert re.search(r"zoom=(?!0:12544)\d+:\d+,\d+:\d+", page.url)


def test_the_keyboard_alone_reaches_everything(browser: Browser, demo: str) -> None:
    with watched(browser, f"{demo}#view=matrix&i=0,0,0") as found:
        page = found.page
        page.keyboard.press("Escape")
        page.locator(".matrix .surface").focus()
        page.keyboard.press("n")
        assert page.inner_text("#matrix-said") == "y[0,0,0] × x[0,0,0]: w[0,0,1,1] = 1"
        page.keyboard.press("n")
        page.keyboard.press("n")
        assert page.inner_text("#matrix-said").startswith("y[0,0,0] × x[0,1,0]: w[0,0,2,1]")
        page.keyboard.press("N")
        assert page.inner_text("#matrix-said").startswith("y[0,0,0] × x[0,0,1]: w[0,0,1,2]")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("ArrowRight")
        assert page.inner_text("#matrix-said").startswith("y[0,0,1] × x[0,0,2]: w[0,0,1,1]")
        found.settled()
        assert state(page)["i"] == "0,0,1"
        page.keyboard.press("c")
        found.settled()
        assert state(page)["order"] == "last" and page.locator(".tools [aria-pressed=true]").count() == 1
        page.keyboard.press("ArrowDown")
        assert page.inner_text("#matrix-said").startswith("y[1,0,1] × x[0,0,2]")
        page.keyboard.press("+")
        page.keyboard.press("+")
        assert max(pair(page, "per")) < 1 / 20
        page.keyboard.press("0")
        assert pair(page, "low") == (0, 0)
        table = page.locator(".matrix details.twin")
        table.locator("summary").click()
        table.locator("tbody tr").first.wait_for()
        assert table.locator("tbody tr").count() == 294


def test_next_connection_crosses_blank_rows_and_a_map_moves_the_window(
    browser: Browser, large: tuple[str, Scene]
) -> None:
    address, seen = large
    last = seen.y.shape[1] * seen.y.shape[2] - 1
    with watched(browser, f"{address}#view=matrix&i=0,27,27") as found:
        page = found.page
        page.locator(".matrix .surface").focus()
        page.keyboard.press("N")
        found.settled()
        assert state(page)["i"] == "0,27,26"
        for _ in range(2):
            page.keyboard.press("n")
        found.settled()
        assert state(page)["i"] == "0,27,27" and last == 783
        box = page.locator(".minimap .map").bounding_box()
        assert box is not None
        page.mouse.click(box["x"] + box["width"] - 3, box["y"] + box["height"] - 3)
        found.settled()
        assert pair(page, "low")[0] > 12544 - 2 * 784


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_finger_selects_and_nothing_is_wider_than_a_phone(browser: Browser, demo: str, scheme: Any) -> None:
    with watched(browser, f"{demo}#view=matrix", has_touch=True, color_scheme=scheme) as found:
        page = found.page
        page.set_viewport_size({"width": 390, "height": 844})
        found.settled()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        page.locator(".matrix .surface").scroll_into_view_if_needed()
        page.touchscreen.tap(*point(page, 2, 3))
        found.settled()
        assert state(page)["i"] == "0,0,2" and state(page)["w"] == "0:0,0,1,0"


def test_from_disk_the_matrix_asks_for_nothing(browser: Browser, saved_page: Callable[..., Path]) -> None:
    with watched(browser, f"{saved_page('lenet5').as_uri()}#view=matrix&layer=2") as found:
        page = found.page
        assert [url for url in found.asked if not url.startswith(("data:", "blob:", "file:"))] == []
        page.keyboard.press("n")
        assert ": w[" in page.inner_text("#matrix-said")
        assert (pixels(page)[:, :, 3] > 0).any()


# --- the address ------------------------------------------------------------------------------------------------------


def test_the_address_holds_the_part_and_saving_draws_it(browser: Browser, large: tuple[str, Scene]) -> None:
    address, _ = large
    with watched(browser, f"{address}#view=matrix&zoom=784:1568,0:784&i=1,0,0") as found:
        page = found.page
        assert pair(page, "low") == (784, 0)
        assert "filter 1, rows 0 to 27" in page.inner_text(".where")
        with page.expect_download() as saved:
            page.keyboard.press("e")
        drawn = saved.value.path().read_text()
        assert "Neurons: filter 1, rows 0 to 27" in drawn.replace("neurons:", "Neurons:") and "<style" in drawn
        page.keyboard.press("0")
        page.wait_for_timeout(500)
        assert state(page)["zoom"] == "0:12544,0:6272"
        page.evaluate("location.hash = location.hash.replace('view=matrix', 'view=kernel')")
        page.locator("[data-view=kernel] svg").wait_for()
        found.settled()
        page.go_back()
        found.settled()
        assert state(page)["zoom"] == "0:12544,0:6272" and pair(page, "low") == (0, 0)


def test_p_pins_the_row_under_the_pointer(browser: Browser, demo: str) -> None:
    with watched(browser, f"{demo}#view=matrix&i=0,0,0") as found:
        page = found.page
        page.mouse.move(*point(page, 7, 12))
        page.keyboard.press("p")
        found.settled()
        assert state(page)["j"] == "0,2,1"
        assert page.locator(".matrix .line.pinned").count() == 1


def test_a_changed_number_is_the_matrix_s_too(browser: Browser, demo: str) -> None:
    with watched(browser, f"{demo}#view=matrix&i=0,0,0&edit=w:0:0,0,1,2=5") as found:
        page = found.page
        page.mouse.move(*point(page, 0, 1))
        assert page.inner_text("#matrix-said") == "y[0,0,0] × x[0,0,1]: w[0,0,1,2] = 5"


def test_the_ledger_beside_the_matrix_has_the_legend_s_colours(browser: Browser, demo: str) -> None:
    with watched(browser, f"{demo}#view=matrix&i=0,0,0") as found:
        page = found.page
        filled = page.locator(".ledger [data-weight].filled").evaluate_all(
            "(all) => all.map((one) => [one.dataset.id, one.style.background])"
        )
        chips = page.locator(".legend [data-chip] .swatch").evaluate_all(
            "(all) => all.map((one) => [one.dataset.id, one.style.background])"
        )
        assert sorted(map(tuple, filled)) == sorted(map(tuple, chips)) and len(chips) == 9
