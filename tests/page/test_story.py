"""The first story in a real browser: what is claimed of one layer, where the next one comes in, other models' rooms."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser

from isochrome.app.api import open_model
from isochrome.app.page import STATIC
from isochrome.app.server import running
from tests.page.test_explorer import browser, demo_file, watched

__all__ = ["browser", "demo_file"]

pytestmark = pytest.mark.skipif(not (STATIC / "page.js").is_file(), reason="the page is not built")


@pytest.fixture(scope="module")
def demo() -> Iterator[str]:
    opened = open_model("example:stanford")
    with running(opened, opened.run()) as address:
        yield address


def claims_on(text: list[str]) -> dict[str, str]:
    return {line.split(" ", 1)[1].strip(): line.split(" ", 1)[0] for line in text}


def test_what_is_claimed_of_the_first_picture(browser: Browser, demo: str) -> None:
    layer = open_model("example:stanford")["conv"]
    with watched(browser, demo) as found:
        page = found.page
        page.wait_for_selector(".claims dt")
        said = claims_on(page.locator(".claims dt").all_text_contents())
        assert said == {
            "neurons of one depth slice use the same weights": "true",
            "neurons of one column use the same weights": "false",
            "blocks i and j share weights": "true",
            "one colour in a filter means one weight": "false",
            "a colour on a neuron is a weight": "false",
            "a colour on an edge is a weight": "true",
            "filters share weights": "false",
            "channels share weights": "false",
        }
        checked = page.locator(".claimed > p").inner_text()
        for text, because in zip(said, page.locator(".claims dd").all_inner_texts(), strict=True):
            told = layer.claim(text)
            assert said[text] == str(told.verdict).lower()
            assert because + " " + told.checked == told.because and told.checked in checked


def test_a_layer_that_shares_nothing_is_told_so(browser: Browser) -> None:
    opened = open_model("formula:y[m, p] += w[m, p, c, u] * x[c, p + u]", {"x": (2, 7), "w": (2, 5, 2, 3)})
    with running(opened, opened.run()) as address, watched(browser, f"{address}#view=start&i=0,0&j=0,1") as found:
        found.page.wait_for_selector(".claims dt")
        said = claims_on(found.page.locator(".claims dt").all_text_contents())
        assert said["blocks i and j share weights"] == "false"


def test_the_way_to_the_next_layer_and_back(browser: Browser, demo: str) -> None:
    with watched(browser, demo) as found:
        page = found.page
        page.locator(".story a", has_text="Where the next layer comes in").click()
        page.wait_for_url("**/at/example:photos/**")
        found.settled()
        assert page.inner_text("h1") == "Same colour = same map"
        assert page.inner_text(".crumb b") == "conv1"
        colours = page.locator(".picture [data-id]").evaluate_all(
            "(all) => all.map((one) => [one.dataset.id, one.getAttribute('fill')])"
        )
        assert len({name for name, _ in colours}) == 8 == len({tuple(pair) for pair in colours})
        page.locator(".story button", has_text="Open your own").click()
        assert "isochrome open model.onnx" in page.inner_text("dialog")
        page.keyboard.press("Escape")
        page.locator(".story a", has_text="One layer").click()
        page.wait_for_url("**/at/example:stanford/**")
        found.settled()
        assert page.inner_text("h1") == "Same colour = same weight"
        page.go_back()
        found.settled()
        assert "example:photos" in urlsplit(page.url).path


def test_a_room_that_is_not_there_says_so(browser: Browser, demo: str) -> None:
    context = browser.new_context()
    page = context.new_page()
    for room in ("example:nothing", "formula:y[p] += w[u]", "file:..", "formula:y[p] += w[u] * x[p + u];x=99999999"):
        page.goto(f"{demo}at/{room}/")
        page.wait_for_selector(".fault")
        assert "must" in page.inner_text(".fault")
    context.close()


def test_a_file_leads_nowhere_else(browser: Browser, demo_file: str) -> None:
    with watched(browser, demo_file) as found:
        assert found.page.locator(".story a").count() == 0
        found.page.wait_for_selector(".claims dt")
        assert found.page.locator(".claims dt").count() == 8


def test_another_input_of_an_example_is_chosen(browser: Browser, demo: str) -> None:
    with watched(browser, f"{demo}at/example:photos/#layer=2&view=network&i=4,3,3") as found:
        page = found.page
        before = page.locator(".picture image").evaluate_all("(all) => all.map((one) => one.href.baseVal)")
        page.locator(".actions select").select_option("flower 1")
        page.wait_for_url("**/at/example*flower*/**")
        found.settled()
        after = page.locator(".picture image").evaluate_all("(all) => all.map((one) => one.href.baseVal)")
        assert len(after) == len(before) and after[0] != before[0]
        assert page.locator(".actions select").input_value() == "flower 1"
        assert "i=4,3,3" in urlsplit(page.url).fragment
