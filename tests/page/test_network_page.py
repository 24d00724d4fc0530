"""The network in a real browser: a click opens a layer, the cone is what `reach` says, 500 layers stay quick."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser

from isochrome.app.api import open_model
from isochrome.app.page import STATIC
from isochrome.app.server import running
from tests.app.networks import write_deep, write_residual
from tests.page.test_explorer import browser, watched

__all__ = ["browser"]

pytestmark = pytest.mark.skipif(not (STATIC / "page.js").is_file(), reason="the page is not built")
NODES = "rect.paper[data-layer]"


@pytest.fixture(scope="module")
def residual(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    path = write_residual(tmp_path_factory.mktemp("models"))
    opened = open_model(path)
    with running(opened, opened.run()) as address:
        yield address, path


def test_a_click_opens_a_layer_and_so_does_the_enter_key(browser: Browser, residual: tuple[str, Path]) -> None:
    with watched(browser, f"{residual[0]}#view=network") as found:
        page = found.page
        assert page.inner_text("h1") == "The whole model"
        assert page.locator(".levels").count() == 0, "the network colours by parameter, whatever the level"
        page.locator(f"{NODES}[data-layer='2']").click()
        found.settled()
        assert "layer=2" in urlsplit(page.url).fragment and page.inner_text(".crumb b") == "b"
        page.locator(f"{NODES}[data-layer='5']").focus()
        page.keyboard.press("Enter")
        found.settled()
        assert page.inner_text(".crumb b") == "down"
        page.go_back()
        found.settled()
        assert page.inner_text(".crumb b") == "b"


def test_the_cone_is_what_reach_says(browser: Browser, residual: tuple[str, Path]) -> None:
    address, path = residual
    with watched(browser, f"{address}#layer=5&view=network&i=0,8,8") as found:
        for place in ((0, 8, 8), (0, 8, 9)):
            (low, high), (left, right) = open_model(path)["down"].reach(place).to_dict()["box"][1:]
            said = found.page.locator(".picture text.b.mono", has_text=re.compile(r"^\d+×\d+$")).first.text_content()
            assert said == f"{high - low + 1}×{right - left + 1}"
            found.page.keyboard.press("ArrowRight")
            found.settled()


def test_pointing_at_a_parameter_outlines_all_that_use_it(browser: Browser, residual: tuple[str, Path]) -> None:
    with watched(browser, f"{residual[0]}#layer=0&view=network") as found:
        page = found.page
        page.locator("rect.filled[data-layer='3']").hover()
        lit = page.locator(".picture [data-id].pointed").evaluate_all("(all) => all.map((one) => one.dataset.layer)")
        assert set(lit) >= {"3", "4"}, "r and r#2 are one parameter"
        assert {"0", "1", "2", "5", "6"}.isdisjoint(lit)


def test_five_hundred_layers(browser: Browser, tmp_path: Path) -> None:
    opened = open_model(write_deep(tmp_path))
    with running(opened, opened.run()) as address, watched(browser, f"{address}#layer=250&view=network") as found:
        page = found.page
        assert page.locator(".picture svg *").count() < 2500
        page.keyboard.press("f")
        found.settled()
        assert "fold=0" in urlsplit(page.url).fragment
        assert page.locator(f"{NODES}[data-layer='250']").count() == 1
        page.locator("rect.none[data-layer='400']").click(force=True)
        found.settled()
        assert page.inner_text(".crumb b") == "c400"
        assert page.evaluate("document.querySelector('.list').scrollTop") > 0


@pytest.mark.parametrize("width", [360, 390, 768, 1024])
def test_a_narrow_page_gets_a_drawing_that_fits_it(browser: Browser, residual: tuple[str, Path], width: int) -> None:
    with watched(browser, f"{residual[0]}#layer=5&view=network") as found:
        page = found.page
        page.set_viewport_size({"width": width, "height": 800})
        found.settled()
        inside, shown = page.locator(".picture").evaluate("(box) => [box.scrollWidth, box.clientWidth]")
        assert inside <= shown + 1, "nothing of the picture is out of sight"
        assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("width", [360, 390])
@pytest.mark.parametrize("layer", [0, 1])
@pytest.mark.parametrize("view", ["connections", "next"])
def test_edges_and_the_next_layer_fit_a_phone(browser: Browser, view: str, layer: int, width: int) -> None:
    opened = open_model("example:photos")
    with running(opened, opened.run()) as address, watched(browser, f"{address}#layer={layer}&view={view}") as found:
        page = found.page
        page.set_viewport_size({"width": width, "height": 844})
        found.settled()
        inside, shown = page.locator(".picture").evaluate("(box) => [box.scrollWidth, box.clientWidth]")
        assert inside <= shown + 1, "nothing of the picture is out of sight"


@pytest.mark.parametrize("width", [360, 390])
def test_the_first_screen_of_a_phone(browser: Browser, width: int) -> None:
    opened = open_model("example:stanford")
    with running(opened, opened.run()) as address, watched(browser, address) as found:
        page = found.page
        page.set_viewport_size({"width": width, "height": 844})
        found.settled()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        legend = page.locator(".legend").bounding_box()
        assert legend is not None and legend["height"] <= 104
