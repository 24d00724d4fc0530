"""The playground in a real browser: a typed line, its words, and what becomes of a wrong one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

import pytest
from playwright.sync_api import Browser

from isochrome.app.api import open_model
from isochrome.app.page import STATIC
from isochrome.app.server import running
from isochrome.draw.identity import LEVELS
from isochrome.examples.formulas import FORMULAS
from tests.page.test_explorer import browser, watched

__all__ = ["browser"]

pytestmark = pytest.mark.skipif(not (STATIC / "page.js").is_file(), reason="the page is not built")


@pytest.fixture(scope="module")
def demo() -> Iterator[str]:
    opened = open_model("example:stanford")
    with running(opened, opened.run()) as address:
        yield address


def test_from_the_header_to_the_playground_and_through_its_gallery(browser: Browser, demo: str) -> None:
    with watched(browser, demo) as found:
        page = found.page
        page.locator(".story a", has_text="Playground").click()
        page.wait_for_url(re.compile("/at/formula"))
        found.settled()
        for name, example in FORMULAS.items():
            page.locator(".gallery button", has_text=name).first.click()
            page.locator(".gallery [aria-pressed=true]", has_text=re.compile(f"^{name}$")).wait_for()
            found.settled()
            opened = open_model(f"formula:{example.line}", dict(example.shapes))
            uses = opened[0].uses_per_weight
            often = f"{uses.max:,}" if uses.min == uses.max else f"{uses.min:,} to {uses.max:,}"
            words = page.inner_text(".playground .words")
            assert ("used once" if often == "1" else f"used {often} times") in words, name
            assert f"{opened[0].weights:,}" in words, name
            assert page.locator("main .fault").count() == 0
            for loop in opened[0].shared_along:
                if opened[0].shared_along[loop] > 1:
                    assert f"{loop} (" in words, name
        page.locator("a.brand").click()
        found.settled()
        assert page.inner_text(".crumb b") == "conv"


def test_a_typed_line_gets_every_view_at_every_level(browser: Browser, demo: str) -> None:
    with watched(browser, f"{demo}at/formula:y[p] += w[u] * x[p + u];x=9;w=3/") as found:
        page = found.page
        page.locator(".playground .line input").fill("y[m, p] += w[m, c, u] * x[c, 2*p + u]")
        page.locator(".playground .sizes input").fill("x=2,9; w=3,2,3")
        page.keyboard.press("Enter")
        page.wait_for_url(re.compile("2%2Ap|2\\*p"))
        found.settled()
        assert "formula:y[m, p] += w[m, c, u] * x[c, 2*p + u];x=2,9; w=3,2,3" in unquote(urlsplit(page.url).path)
        views = page.locator("nav.views").locator("button, option:not([disabled])").all_inner_texts()
        assert {"start", "kernel", "network"} <= set(views)
        for view in views:
            for level in LEVELS:
                page.evaluate(f"location.hash = '#layer=0&view={view}&level={level}'")
                found.settled()
                assert page.locator("main .fault").count() == 0, (view, level)


def test_a_wrong_line_stays_and_is_told_what_is_wrong(browser: Browser, demo: str) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{demo}at/formula:y[p] += w[u] * x[p + u];x=9;w=3/")
    page.wait_for_selector(".playground")
    for line, sizes, said in (
        ("y[p] += w[u] * x[p + z]", "x=9; w=3", "loop p: its size must follow from"),
        ("y[p += w[u]", "x=9", "formula, column 5: must be ']'; got '+='"),
        ("y[p] += w[u] * x[p + u]", "x=nine", "size x=nine: must be a name and its sizes"),
    ):
        page.locator(".playground .line input").fill(line)
        page.locator(".playground .sizes input").fill(sizes)
        page.keyboard.press("Enter")
        page.locator(".fault-line", has_text=said).wait_for()
        assert page.locator(".picture svg").count() >= 1, "what was drawn stays"
    context.close()
