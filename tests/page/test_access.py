"""Who cannot see, point or wait: axe's WCAG AA rules, the keyboard alone, narrow and wide screens, forced colours, print."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page

from isochrome.app.api import open_model
from isochrome.app.page import STATIC
from isochrome.app.pictures import draw
from isochrome.app.server import running
from isochrome.draw.views import VIEWS
from tests.app.hostile import RIGHT_TO_LEFT, write_strange
from tests.page.test_explorer import ROOT, browser, watched

__all__ = ["browser"]

AXE = ROOT / "ui" / "node_modules" / "axe-core" / "axe.min.js"
pytestmark = pytest.mark.skipif(
    not ((STATIC / "page.js").is_file() and AXE.is_file()), reason="the page or axe is not there: `make page`"
)
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
TABS = ["start", *(view.name for view in VIEWS.values() if not view.panel)]


@pytest.fixture(scope="module")
def photos() -> Iterator[str]:
    opened = open_model("example:photos")
    with running(opened, opened.run()) as address:
        yield address


@pytest.fixture(scope="module")
def stanford() -> Iterator[str]:
    opened = open_model("example:stanford")
    with running(opened, opened.run()) as address:
        yield address


def violations(page: Page) -> list[Any]:
    """What axe finds, as rule and the first elements that break it."""
    page.evaluate(Path(AXE).read_text(encoding="utf-8"))
    found = page.evaluate(
        "(tags) => axe.run(document, { runOnly: tags }).then((all) => all.violations.map(({ id, nodes }) =>"
        " [id, nodes.slice(0, 4).map(({ html, any }) => `${html.slice(0, 140)} ${any[0]?.message ?? ''}`)]))",
        TAGS,
    )
    return list(found)


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 1280), ("light", 390), ("dark", 390)])
def test_axe_finds_nothing_in_any_view(browser: Browser, photos: str, scheme: Any, width: int) -> None:
    with watched(browser, f"{photos}#layer=1", color_scheme=scheme) as found:
        found.page.set_viewport_size({"width": width, "height": 800})
        for view in TABS:
            found.page.evaluate(f"location.hash = '#layer=1&view={view}&level=weight&i=0,0,0&j=0,0,1&w=2:0,0,1,1'")
            found.settled()
            assert (view, violations(found.page)) == (view, [])


HIDDEN = """Math.max(0, ...[...document.querySelectorAll("main .picture:not([hidden])")]
    .map((one) => one.scrollWidth - one.clientWidth))"""
"""How much of a picture is to be scrolled to."""


@pytest.mark.parametrize("width", [360, 390, 768, 1280, 1920, 2560])
def test_every_width(browser: Browser, photos: str, width: int) -> None:
    with watched(browser, f"{photos}#layer=1") as found:
        page = found.page
        page.set_viewport_size({"width": width, "height": 800})
        for view in TABS:
            page.evaluate(f"location.hash = '#layer=1&view={view}&level=weight&i=0,0,0&j=0,0,1'")
            found.settled()
            assert page.evaluate("document.documentElement.scrollWidth") <= width, view
            if width < 700 and view != "matrix":
                assert page.evaluate(HIDDEN) <= 1, f"{view}: a part of the picture is out of sight"
        assert violations(page) == []


def test_axe_finds_nothing_in_the_states_between(browser: Browser, stanford: str) -> None:
    with watched(browser, stanford) as found:
        page = found.page
        assert violations(page) == []
        page.keyboard.press("?")
        assert violations(page) == []
        page.keyboard.press("Escape")
        page.locator(".editing .value").fill("9")
        page.keyboard.press("Enter")
        found.settled()
        page.locator("details.twin summary").first.click()
        assert violations(page) == []
        page.goto(f"{stanford}at/formula:y[p] += w[u] * x[p + u];x=9;w=3/")
        found.settled()
        assert violations(page) == []


# --- the keyboard alone -----------------------------------------------------------------------------------------------


def reached(page: Page, most: int = 160) -> list[str]:
    """What Tab stops at, from the top of the page until it comes round."""
    page.evaluate("document.activeElement.blur()")
    stops: list[str] = []
    for _ in range(most):
        page.keyboard.press("Tab")
        stop = page.evaluate(
            "(document.activeElement === document.body) ? '' : (document.activeElement.getAttribute('aria-label')"
            " ?? document.activeElement.closest('label')?.textContent ?? document.activeElement.textContent).trim()"
        )
        if not stop:
            break
        stops.append(str(stop))
    return stops


def test_every_control_can_be_reached_and_shows_that_it_is(browser: Browser, stanford: str) -> None:
    with watched(browser, stanford) as found:
        page = found.page
        stops = reached(page)
        for wanted in ("Where the next layer comes in ›", "Open your own ›", "Playground ›", "theme", "kernel", "table",
                       "−1 0,0", "ch 0"):  # fmt: skip
            assert any(wanted in stop for stop in stops), (wanted, stops)
        page.locator("nav.views button", has_text="kernel").focus()
        page.keyboard.press("Tab")
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none"


def test_a_whole_visit_without_a_pointer(browser: Browser, photos: str) -> None:
    with watched(browser, f"{photos}#layer=2&view=start") as found:
        page = found.page
        page.keyboard.press("ArrowRight")
        page.keyboard.press("3")
        page.keyboard.press("n")
        page.keyboard.press("Enter")
        found.settled()
        assert re.search(r"level=filter.*s=filter:", urlsplit(page.url).fragment)
        page.keyboard.press("1")
        page.keyboard.press("n")
        page.keyboard.press("Enter")
        found.settled()
        assert re.search(r"level=weight.*w=4:", urlsplit(page.url).fragment)
        page.keyboard.press("v")
        page.keyboard.type("0.5")
        page.keyboard.press("Enter")
        found.settled()
        assert "edit=w:4:" in urlsplit(page.url).fragment.replace("%3D", "=").replace("%3A", ":")
        page.keyboard.press("u")
        page.keyboard.press("Escape")
        page.keyboard.press("b")
        page.locator(".made button").first.wait_for()
        page.keyboard.press("b")
        page.wait_for_url(re.compile("#layer=1&"))
        found.settled()
        assert page.inner_text(".crumb b") == "conv2"
        page.keyboard.press("g")
        page.keyboard.press("Control+A")
        page.keyboard.type("2,3,4")
        page.keyboard.press("Enter")
        found.settled()
        assert "i=2,3,4" in urlsplit(page.url).fragment


def test_what_is_selected_is_said_aloud(browser: Browser, stanford: str) -> None:
    with watched(browser, stanford) as found:
        line = found.page.locator(".ledger .status")
        assert line.get_attribute("aria-live") == "polite"
        found.page.keyboard.press("n")
        assert "pointed at: 9 uses" in line.inner_text()


# --- other eyes, other paper ------------------------------------------------------------------------------------------


def test_forced_colours_keep_every_sign(browser: Browser, stanford: str) -> None:
    with watched(browser, stanford, forced_colors="active") as found:
        page = found.page
        fills = page.locator(".picture rect.filled").evaluate_all("(all) => all.map((one) => getComputedStyle(one).fill)")
        assert len(set(fills)) == 1, "colour is off: places and numbers tell"
        assert page.locator(".picture text.n").count() > 50


def test_print_is_ink_on_paper(browser: Browser, stanford: str) -> None:
    with watched(browser, stanford, color_scheme="dark") as found:
        page = found.page
        page.emulate_media(media="print", color_scheme="dark")
        style = page.evaluate(
            "(() => { const style = getComputedStyle(document.querySelector('.isochrome'));"
            " return [style.getPropertyValue('--paper').trim(), style.getPropertyValue('--ink').trim()]; })()"
        )
        assert style == ["#fff", "#000"]
        assert not page.locator("nav.views").is_visible() and page.locator(".ledger").is_visible()


# --- what one takes along ---------------------------------------------------------------------------------------------


def test_the_saved_picture_is_the_file_that_draw_writes(browser: Browser, stanford: str, tmp_path: Path) -> None:
    opened = open_model("example:stanford")
    wanted = draw(opened, "conv", "connections", "filter", neurons=[(0, 1, 0), (0, 1, 1)], channel=0).svg()
    with watched(browser, f"{stanford}#view=connections&level=filter&i=0,1,0&j=0,1,1") as found:
        page = found.page
        page.locator("summary", has_text="export").click()
        with page.expect_download() as saved:
            page.locator(".sheet button", has_text="Save this picture").click()
        saved.value.save_as(tmp_path / "saved.svg")
        assert (tmp_path / "saved.svg").read_text() == wanted


def test_the_saved_page_opens_alone(browser: Browser, stanford: str, tmp_path: Path) -> None:
    with watched(browser, stanford) as found:
        page = found.page
        page.locator("summary", has_text="export").click()
        with page.expect_download() as saved:
            page.locator(".sheet a", has_text="Save this page").click()
        saved.value.save_as(tmp_path / "saved.html")
    with watched(browser, (tmp_path / "saved.html").as_uri()) as found:
        assert found.page.inner_text("h1") == "Same colour = same weight"
        assert found.page.locator(".sheet a").count() == 0, "a file has no program that could save it again"


def test_the_link_can_be_copied(browser: Browser, stanford: str) -> None:
    with watched(browser, f"{stanford}#view=kernel", permissions=["clipboard-read", "clipboard-write"]) as found:
        page = found.page
        page.locator("summary", has_text="export").click()
        page.locator(".sheet button", has_text="Copy link").click()
        page.locator(".sheet p", has_text="The link is copied.").wait_for()
        assert page.evaluate("navigator.clipboard.readText()") == page.url


# --- strange names ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [390, 1280])
def test_strange_names_do_no_harm_and_stay_readable(browser: Browser, tmp_path: Path, width: int) -> None:
    opened = open_model(write_strange(tmp_path))
    with running(opened, opened.run()) as address, watched(browser, f"{address}#layer=0&view=network") as found:
        page = found.page
        page.set_viewport_size({"width": width, "height": 800})
        for layer in range(5):
            for view in ("network", "start", "next", "reach"):
                page.evaluate(f"location.hash = '#layer={layer}&view={view}&level=weight'")
                found.settled()
                assert page.locator("main .fault").count() == 0
                assert page.evaluate("document.documentElement.scrollWidth") <= width, (layer, view)
        assert page.locator("main b b, main i, header b b").count() == 0, "markup is text"
        names = page.evaluate("[...document.querySelectorAll('#layers .name b')].map((one) => one.textContent)")
        if width > 1100:
            assert names[0] == "<b>bold</b>" and names[2] == RIGHT_TO_LEFT
            assert len(names[1]) <= 200 and "<U+0007>" in names[3] and names[4] != ""
        assert violations(page) == []
