"""The Ask panel in a real browser: the answers and verdicts of the command line, shown and linked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser

from isochrome.app.api import open_model
from isochrome.app.page import STATIC
from isochrome.app.server import running
from tests.page.test_access import AXE, violations
from tests.page.test_explorer import Watched, browser, demo_file, watched

__all__ = ["browser", "demo_file"]

pytestmark = pytest.mark.skipif(
    not ((STATIC / "page.js").is_file() and AXE.is_file()), reason="the page or axe is not there: `make page`"
)


@pytest.fixture(scope="module")
def demo() -> Iterator[str]:
    opened = open_model("example:stanford")
    with running(opened, opened.run()) as address:
        yield address


def ready(found: Watched) -> None:
    found.page.wait_for_selector("dialog.ask nav li", state="attached")
    found.page.wait_for_selector("dialog.ask .loading", state="detached")


def table(found: Watched, caption: str) -> dict[str, str]:
    rows = found.page.locator(f"dialog.ask table:has(caption:text-is('{caption}')) tr")
    return dict(rows.evaluate_all("(all) => all.map((row) => [...row.cells].map((cell) => cell.textContent))"))


def test_each_question_is_answered_as_on_the_command_line(browser: Browser, demo: str) -> None:
    layer = open_model("example:stanford")["conv"]
    questions = layer.questions().to_dict()["questions"]
    with watched(browser, f"{demo}#ask=all") as found:
        page = found.page
        ready(found)
        listed = page.locator("dialog.ask nav li button").all_inner_texts()
        assert listed == [one["question"] for one in questions if not one["unfit"]]
        without = page.locator("dialog.ask nav li:not(:has(button))").all_inner_texts()
        assert without == [f"{one['question']}\nHere {one['unfit']}." for one in questions if one["unfit"]]
        for one in questions:
            if one["unfit"]:
                continue
            page.locator("dialog.ask nav li button", has_text=one["question"]).click()
            page.wait_for_selector(f"dialog.ask .pane h3:text-is({json.dumps(one['question'])})")
            told = layer.ask(one["id"]).to_dict()
            verdict = {True: "Yes: ", False: "No: ", None: ""}[told["verdict"]]
            assert page.locator("dialog.ask .said").inner_text() == verdict + told["answer"]
            assert f"ask={one['id']}" in urlsplit(page.url).fragment
            pane = page.inner_text("dialog.ask .pane")
            assert told["check"]["what"] in pane and "Check: agrees" in pane
            plain = {key: f"{entry}" for key, entry in told["numbers"].items() if type(entry) is int and entry >= 0}
            shown = table(found, "Numbers")
            assert plain.items() <= {key: text.replace(",", "") for key, text in shown.items()}.items()


def test_the_keyboard_asks_and_shows_and_back_returns(browser: Browser, demo: str) -> None:
    with watched(browser, demo) as found:
        page = found.page
        page.keyboard.press("/")
        ready(found)
        page.locator("dialog.ask nav li button", has_text="How does training").focus()
        page.keyboard.press("Enter")
        page.wait_for_selector("dialog.ask .pane table")
        page.get_by_role("button", name="Show it: gradient by weight").press("Enter")
        found.settled()
        state = dict(part.split("=") for part in urlsplit(page.url).fragment.split("&"))
        told = open_model("example:stanford")["conv"].ask("gradient").to_dict()["view"]
        assert page.locator("dialog").count() == 0
        assert state["view"] == told["view"] and state["level"] == told["colour"]
        assert state["w"] == "0:" + ",".join(map(str, told["weight"]))
        page.go_back()
        page.wait_for_selector("dialog.ask .pane table")
        page.keyboard.press("Escape")
        page.wait_for_selector("dialog", state="detached")
        assert "ask=" not in page.url
        page.keyboard.press("/")
        ready(found)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_axe_finds_nothing_in_the_panel(browser: Browser, demo: str, width: int, scheme: Any) -> None:
    with watched(browser, f"{demo}#ask=all", color_scheme=scheme) as found:
        page = found.page
        page.set_viewport_size({"width": width, "height": 800})
        for hash in (
            "ask=all",
            "ask=equivariance",
            "ask=time",
            "ask=all&claim=filters share",
            "ask=all&claim=no",
        ):
            page.evaluate("(hash) => { location.hash = hash; }", f"#view=start&{hash}")
            ready(found)
            assert (hash, violations(page)) == (hash, [])
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            assert page.locator("dialog.ask").evaluate("(one) => one.scrollWidth <= one.clientWidth"), hash


def test_a_claim_is_decided_and_its_witness_shown(browser: Browser, demo: str) -> None:
    layer = open_model("example:stanford")["conv"]
    with watched(browser, f"{demo}#view=connections&ask=all") as found:
        page = found.page
        ready(found)
        page.get_by_label("A claim about this layer").fill("filters 0 and 1 share weights")
        page.keyboard.press("Enter")
        page.wait_for_selector("dialog.ask .decided")
        told = layer.claim("filters 0 and 1 share weights")
        assert page.locator("dialog.ask .said").inner_text() == "False: " + told.because
        page.get_by_role("button", name="Show the witness").click()
        found.settled()
        state = dict(part.split("=") for part in urlsplit(page.url).fragment.split("&"))
        assert told.witness is not None
        first, second = told.witness["connections"]
        assert state["view"] == "connections"
        assert state["i"] == ",".join(map(str, first["y"].values()))
        assert state["j"] == ",".join(map(str, second["y"].values()))
        assert state["w"] == "0:" + ",".join(map(str, first["w"].values()))
        page.go_back()
        page.get_by_label("A claim about this layer").fill("all is well")
        page.keyboard.press("Enter")
        page.wait_for_selector("dialog.ask .unread")
        assert "Understood: marks of one K use the same weights" in page.inner_text("dialog.ask .unread")


def test_a_question_that_is_not_there_says_so(browser: Browser, demo: str) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{demo}#ask=nothing")
    page.wait_for_selector("dialog.ask .pane .fault")
    assert "must" in page.inner_text("dialog.ask .pane .fault")
    context.close()


def test_a_file_answers_what_it_holds_and_says_what_it_lacks(browser: Browser, demo_file: str) -> None:
    layer = open_model("example:stanford")["conv"]
    with watched(browser, f"{demo_file}#ask=parameters") as found:
        page = found.page
        ready(found)
        assert page.locator("dialog.ask .said").inner_text() == layer.ask("parameters").text
        page.locator("dialog.ask nav li button", has_text="Equivariant or invariant").click()
        page.wait_for_selector("dialog.ask .said:has-text('quivariant')")
        page.evaluate("location.hash = 'ask=all&claim=filters 0 and 1 share weights'")
        page.wait_for_selector("dialog.ask .pane .fault")
        said = page.inner_text("dialog.ask .pane .fault")
        assert "the verdict on this claim" in said and "not in this file" in said
