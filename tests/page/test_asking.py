"""The Ask panel in a real browser: the answers and verdicts of the command line, shown and linked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import onnx
import pytest
from playwright.sync_api import Browser, Page

from isochrome.app.api import open_model
from isochrome.app.page import STATIC
from isochrome.app.server import running
from tests.ask.models import transformer
from tests.page.test_access import AXE, violations
from tests.page.test_explorer import Watched, browser, demo_file, watched

__all__ = ["browser", "demo_file"]

pytestmark = pytest.mark.skipif(
    not ((STATIC / "page.js").is_file() and AXE.is_file()), reason="the page or axe is not there: `make page`"
)


@pytest.fixture(scope="module")
def tied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """A model whose table and last layer are one tensor, and where its page is."""
    path = tmp_path_factory.mktemp("tied") / "tied.onnx"
    onnx.save(transformer(), path)
    opened = open_model(str(path))
    with running(opened, opened.run()) as address:
        yield str(path), address


@pytest.fixture(scope="module")
def demo() -> Iterator[str]:
    opened = open_model("example:stanford")
    with running(opened, opened.run()) as address:
        yield address


OF_MODEL = "dialog.ask nav ol[aria-label='About the whole model']"
OF_LAYER = "dialog.ask nav ol[aria-label^='About this layer']"
WHOLE_ALONE = ("ties", "lint")


def ready(found: Watched) -> None:
    found.page.wait_for_selector("dialog.ask nav li", state="attached")
    found.page.wait_for_selector("dialog.ask .loading", state="detached")


def table(found: Watched, caption: str) -> dict[str, str]:
    rows = found.page.locator(f"dialog.ask table:has(caption:text-is('{caption}')) tr")
    return dict(rows.evaluate_all("(all) => all.map((row) => [...row.cells].map((cell) => cell.textContent))"))


def test_each_question_is_answered_as_on_the_command_line(browser: Browser, demo: str) -> None:
    layer = open_model("example:stanford")["conv"]
    questions = [one for one in layer.questions().to_dict()["questions"] if one["id"] not in WHOLE_ALONE]
    with watched(browser, f"{demo}#ask=all") as found:
        page = found.page
        ready(found)
        listed = page.locator(f"{OF_LAYER} button").all_inner_texts()
        assert listed == [one["question"] for one in questions if not one["unfit"]]
        without = page.locator("dialog.ask nav li:not(:has(button))").all_inner_texts()
        assert without == [f"{one['question']}\nHere {one['unfit']}." for one in questions if one["unfit"]]
        for one in questions:
            if one["unfit"]:
                continue
            page.locator(f"{OF_LAYER} button", has_text=one["question"]).click()
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
            "ask=model:parameters",
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


def test_with_changed_numbers_it_says_that_it_speaks_of_the_stored_ones(browser: Browser, demo: str) -> None:
    for hash, said in (("#ask=neuron", 0), ("#ask=neuron&edit=w:0:0,0,1,2=9", 1)):
        with watched(browser, f"{demo}{hash}") as found:
            found.page.wait_for_selector("dialog.ask .said")
            assert found.page.get_by_text("Asked of the stored numbers, not of those changed here.").count() == said


def test_a_file_answers_what_it_holds_and_says_what_it_lacks(browser: Browser, demo_file: str) -> None:
    layer = open_model("example:stanford")["conv"]
    with watched(browser, f"{demo_file}#ask=parameters") as found:
        page = found.page
        ready(found)
        assert page.locator("dialog.ask .said").inner_text() == layer.ask("parameters").text
        page.locator(f"{OF_LAYER} button", has_text="Equivariant or invariant").click()
        page.wait_for_selector("dialog.ask .said:has-text('quivariant')")
        page.evaluate("location.hash = 'ask=all&claim=filters 0 and 1 share weights'")
        page.wait_for_selector("dialog.ask .pane .fault")
        said = page.inner_text("dialog.ask .pane .fault")
        assert "the verdict on this claim" in said and "not in this file" in said
        page.locator(f"{OF_MODEL} button", has_text="How many parameters").click()
        page.wait_for_selector(f"{OF_MODEL} [aria-current]")
        page.wait_for_selector("dialog.ask .pane table")
        assert page.locator("dialog.ask .said").inner_text() == open_model("example:stanford").ask("parameters").text


# --- the whole model --------------------------------------------------------------------------------------------------


def shown_answer(page: Page, question: str) -> str:
    page.wait_for_selector(f"dialog.ask .pane h3:text-is({json.dumps(question)})")
    return page.locator("dialog.ask .said").inner_text()


def asked_of_model(page: Page) -> str | None:
    return dict(part.split("=") for part in urlsplit(page.url).fragment.split("&")).get("ask")


def test_the_whole_model_has_a_group_of_its_own(browser: Browser, tied: tuple[str, str]) -> None:
    path, address = tied
    opened = open_model(path)
    with watched(browser, f"{address}#ask=all") as found:
        page = found.page
        ready(found)
        assert page.locator("dialog.ask nav h3").all_inner_texts()[:2] == ["About the whole model", "About this layer, q"]
        listed = [one for one in opened.questions().to_dict()["questions"]
                  if page.locator(f"{OF_MODEL} li[value='{one['number']}']").count()]  # fmt: skip
        assert [one["id"] for one in listed] == ["parameters", "equivariance", "without-sharing", *WHOLE_ALONE]
        assert page.locator(f"{OF_MODEL} button").all_inner_texts() == [one["question"] for one in listed]
        for one in listed:
            page.locator(f"{OF_MODEL} button", has_text=one["question"]).click()
            told = opened.ask(one["id"]).to_dict()
            verdict = {True: "Yes: ", False: "No: ", None: ""}[told["verdict"]]
            assert shown_answer(page, one["question"]) == verdict + told["answer"]
            assert asked_of_model(page) == f"model:{one['id']}"
            assert page.locator("dialog.ask nav [aria-current]").all_inner_texts() == [one["question"]]
            outcome = {True: "agrees", None: "nothing to compare"}[told["check"]["holds"]]
            pane = page.inner_text("dialog.ask .pane")
            assert f"Check: {outcome}" in pane and told["check"]["what"] in pane
            plain = {key: entry for key, entry in told["numbers"].items() if type(entry) is int}
            shown = table(found, "Numbers")
            assert plain == {key: int(shown[key].replace(",", "")) for key in plain}


def test_an_answer_about_the_whole_model_has_an_address(browser: Browser, tied: tuple[str, str]) -> None:
    path, address = tied
    question = "Which layers use the same stored numbers, and which only equal ones?"
    told = open_model(path).ask("ties").text
    with watched(browser, f"{address}#ask=model:ties") as found:
        page = found.page
        assert shown_answer(page, question) == told
        page.reload()
        assert shown_answer(page, question) == told
        page.locator(f"{OF_MODEL} button", has_text="Has sharing gone wrong").click()
        assert shown_answer(page, "Has sharing gone wrong anywhere?").startswith("No: 2 findings, all benign.")
        page.go_back()
        assert shown_answer(page, question) == told
        page.locator("dialog.ask .shows button").filter(has_text="Layer head").click()
        found.settled()
        state = dict(part.split("=") for part in urlsplit(page.url).fragment.split("&"))
        assert page.locator("dialog").count() == 0 and (state["layer"], state["view"]) == ("6", "start")
        page.go_back()
        assert shown_answer(page, question) == told
        page.get_by_role("button", name="Show it: network by parameter").click()
        found.settled()
        assert "view=network" in page.url and page.locator("dialog").count() == 0
        page.go_back()
        assert shown_answer(page, question) == told


def test_arrows_go_from_question_to_question(browser: Browser, tied: tuple[str, str]) -> None:
    with watched(browser, f"{tied[1]}#view=start") as found:
        page = found.page
        page.keyboard.press("/")
        ready(found)

        def focused() -> str:
            return str(page.evaluate("document.activeElement.innerText"))

        page.locator(f"{OF_MODEL} button").first.focus()
        every = page.locator("dialog.ask nav button").all_inner_texts()
        for key, at in [("ArrowDown", 1), ("ArrowDown", 2), ("ArrowUp", 1), ("Home", 0), ("ArrowUp", 0), ("End", -1),
                        ("ArrowDown", -1), ("Home", 0)]:  # fmt: skip
            page.keyboard.press(key)
            assert focused() == every[at], key
        for _ in range(5):
            page.keyboard.press("ArrowDown")
        assert focused() == page.locator(f"{OF_LAYER} button").first.inner_text()
        page.keyboard.press("ArrowUp")
        page.keyboard.press("Enter")
        assert "No: 2 findings" in shown_answer(page, "Has sharing gone wrong anywhere?")
        assert asked_of_model(page) == "model:lint" and focused() == "Has sharing gone wrong anywhere?"
        page.keyboard.press("Escape")
        page.wait_for_selector("dialog", state="detached")
        assert asked_of_model(page) is None


def test_a_question_about_the_whole_model_that_is_not_there_says_so(browser: Browser, demo: str) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{demo}#ask=model:nothing")
    page.wait_for_selector("dialog.ask .pane .fault")
    assert "must" in page.inner_text("dialog.ask .pane .fault")
    context.close()
