"""The one file of a model with several layers, from disk: what it answers, where it leads, and what it says it lacks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from isochrome.app.api import open_model
from isochrome.app.page import STATIC
from tests.page.test_explorer import browser, watched

__all__ = ["browser"]

pytestmark = pytest.mark.skipif(not (STATIC / "page.js").is_file(), reason="the page is not built")
LACKS = "Python: `isochrome open example:photos`"


@pytest.fixture(scope="module")
def photos_file(saved_page: Callable[..., Path]) -> str:
    return saved_page("photos", 0, 1).as_uri()


def test_a_question_about_the_second_layer(browser: Browser, photos_file: str) -> None:
    layer = open_model("example:photos")["conv2"]
    with watched(browser, f"{photos_file}#layer=1&ask=parameters") as found:
        page = found.page
        assert page.locator("dialog.ask .said").inner_text() == layer.ask("parameters").text
        page.goto(f"{photos_file}#layer=1&ask=all&claim=filters 0 and 1 share weights")
        page.wait_for_selector("dialog.ask .pane .fault")
        said = page.inner_text("dialog.ask .pane .fault")
        assert "the verdict on this claim" in said and LACKS in said


def test_a_step_back_leads_to_the_layer_before(browser: Browser, photos_file: str) -> None:
    with watched(browser, f"{photos_file}#layer=1&view=window&i=3,4,5") as found:
        page = found.page
        page.keyboard.press("b")
        page.wait_for_selector(".editing .made button")
        assert "made by conv1" in page.inner_text(".editing .made button")
        page.keyboard.press("b")
        page.wait_for_function("location.hash.includes('layer=0')")
        found.settled()
        assert page.locator(".crumb b").inner_text() == "conv1"


def test_it_says_what_it_lacks_where_it_was_asked_for(browser: Browser, photos_file: str) -> None:
    with watched(browser, f"{photos_file}#layer=2") as found:
        said = found.page.inner_text("main .fault")
        assert "layer 2" in said and "not in this file" in said and "2 of 4 layers" in said and LACKS in said
    with watched(browser, f"{photos_file}#layer=1&view=kernel&i=5,4,4") as found:
        said = found.page.inner_text("main .under .instead")
        assert said.startswith("Drawn for y[0,0,0]") and LACKS in said
        assert LACKS in found.page.inner_text("main .foot .own")
        found.page.goto(f"{photos_file}#layer=0&view=gradient&w=0:3,2,0,0")
        found.settled()
        assert LACKS in found.page.inner_text("main .under .instead")


def test_a_narrow_page_has_its_own_picture_of_the_whole_model(browser: Browser, photos_file: str) -> None:
    with watched(browser, f"{photos_file}#layer=1&view=network") as found:
        wide = found.page.locator("main .picture > svg").get_attribute("viewBox")
        found.page.set_viewport_size({"width": 390, "height": 844})
        found.page.wait_for_function(
            "(wide) => document.querySelector('main .picture > svg').getAttribute('viewBox') !== wide", arg=wide
        )
        found.settled()
        assert found.page.evaluate("document.documentElement.scrollWidth") <= 390


def test_nothing_is_asked_of_the_network(browser: Browser, photos_file: str) -> None:
    with watched(browser, photos_file) as found:
        for key in ("?", "Escape", *"fvunp.,"):
            found.page.keyboard.press(key)
        found.settled()
        assert [url for url in found.asked if not url.startswith(("data:", "blob:"))] == [photos_file]
