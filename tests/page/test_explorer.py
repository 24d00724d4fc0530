"""The explorer in a real browser: what a reader sees, from the server and from the one file."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import onnx
import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, Response, sync_playwright

from isochrome.app.api import open_model
from isochrome.app.page import STATIC, write_page
from isochrome.app.server import running
from tests.app.hostile import write_hostile

pytestmark = pytest.mark.skipif(not (STATIC / "page.js").is_file(), reason="the page is not built")
ROOT = Path(__file__).parents[2]
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
RESNET = Path(onnx.__file__).parent / "backend" / "test" / "data" / "light" / "light_resnet50.onnx"


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=chromium, headless=True, args=FLAGS)
        yield found
        found.close()


DRAWN = """() => new Promise((done) => requestAnimationFrame(() => setTimeout(() => {
    const pictures = [...document.querySelectorAll("main .picture")];
    const shown = (one) => one.hidden ? one.parentElement.querySelector(".fault, .unfit") : one.querySelector("svg");
    const ledger = document.querySelector("main .ledger")?.textContent ?? "";
    done(!!document.querySelector("main") && !document.querySelector(".loading") && pictures.every(shown)
        && !ledger.includes("Reading the values"));
})))"""
"""Resolved after the next frame: whether everything on the screen is drawn."""


@dataclass
class Watched:
    """A page, and everything that it must not have done."""

    page: Page
    faults: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    waiting: set[Request] = field(default_factory=set)

    def listen(self) -> None:
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda fault: self.faults.append(str(fault)))
        self.page.on("dialog", lambda dialog: self.faults.append(f"dialog {dialog.message}") or dialog.dismiss())
        self.page.on("request", self._request)
        self.page.on("response", self._response)
        self.page.on("requestfinished", self._over)
        self.page.on("requestfailed", self._over)
        self.page.add_init_script(
            "addEventListener('securitypolicyviolation', (e) => console.error(`policy ${e.violatedDirective}`))"
        )

    def _said(self, message: ConsoleMessage) -> None:
        # The browser itself reports a refused answer: those are counted, and named, in ``refused``.
        if message.type in ("error", "warning") and not message.text.startswith("Failed to load resource"):
            self.faults.append(message.text)

    def _request(self, request: Request) -> None:
        self.asked.append(request.url)
        self.waiting.add(request)

    def _over(self, request: Request) -> None:
        self.waiting.discard(request)

    def _response(self, response: Response) -> None:
        if response.status >= 400:
            self.refused.append(urlsplit(response.url).path.split("/api/")[-1])

    def settled(self) -> Page:
        """The page when nothing is asked any more and every picture and the ledger have been drawn."""
        end = time.monotonic() + 60
        quiet = 0
        while quiet < 3:
            assert time.monotonic() < end, f"not drawn in time: {self.page.url} {self.faults} {self.refused}"
            drawn = self.page.evaluate(DRAWN)
            quiet = quiet + 1 if drawn and not self.waiting else 0
        return self.page

    def strangers(self) -> list[str]:
        """Requests that went anywhere but to this machine."""
        return [
            url
            for url in self.asked
            if urlsplit(url).scheme not in ("data", "blob", "file") and urlsplit(url).hostname != "127.0.0.1"
        ]


@contextmanager
def watched(browser: Browser, address: str, **settings: Any) -> Iterator[Watched]:
    context = browser.new_context(viewport={"width": 1280, "height": 800}, **settings)
    found = Watched(context.new_page())
    found.page.set_default_timeout(20_000)
    found.listen()
    try:
        found.page.goto(address)
        found.settled()
        yield found
        assert (found.faults, found.refused, found.strangers()) == ([], [], [])
    finally:
        context.close()


@pytest.fixture(scope="module")
def demo() -> Iterator[str]:
    opened = open_model("example:stanford")
    with running(opened, opened.run()) as address:
        yield address


@pytest.fixture(scope="module")
def demo_file(saved_page: Callable[..., Path]) -> str:
    return saved_page("stanford").as_uri()


@pytest.fixture(params=["served", "from disk"])
def address(request: pytest.FixtureRequest) -> str:
    return str(request.getfixturevalue("demo" if request.param == "served" else "demo_file"))


# --- the first screen -------------------------------------------------------------------------------------------------


def test_the_first_screen(browser: Browser, address: str) -> None:
    with watched(browser, address) as found:
        page = found.page
        assert page.title() == "The Stanford convolution demo · isochrome"
        assert page.inner_text("h1") == "Same colour = same weight"
        assert page.locator(".three .picture svg").count() == 3
        assert page.locator(".fault").count() == 0
        ledger = page.inner_text(".ledger").split()
        assert "5" in ledger and "7" in ledger
        assert "9 of 54 weights" in page.inner_text(".legend")
        assert page.evaluate("document.fonts.check('600 15px \"IBM Plex Sans\"')")
        assert page.evaluate("[...document.fonts].filter((font) => font.status === 'loaded').length") >= 3
        family = page.evaluate("getComputedStyle(document.querySelector('h1')).fontFamily")
        assert "IBM Plex Sans" in family


def test_from_disk_nothing_is_requested_but_the_file(browser: Browser, demo_file: str) -> None:
    with watched(browser, demo_file) as found:
        assert [url for url in found.asked if not url.startswith(("data:", "blob:"))] == [demo_file]


def test_dark_and_narrow(browser: Browser, address: str) -> None:
    with watched(browser, address, color_scheme="dark", reduced_motion="reduce") as found:
        ground = found.page.evaluate("getComputedStyle(document.querySelector('.isochrome')).backgroundColor")
        assert max(map(int, re.findall(r"\d+", ground)[:3])) < 40
        found.page.set_viewport_size({"width": 390, "height": 844})
        found.settled()
        assert found.page.evaluate("document.documentElement.scrollWidth") <= 390


# --- pointing ---------------------------------------------------------------------------------------------------------

MARKS = """() => [...document.querySelectorAll('[data-w]')].map((mark) => ({
    p: mark.dataset.p, w: (mark.dataset.w ?? '').split(' '), y: (mark.dataset.y ?? '').split(' ').filter(Boolean),
    x: (mark.dataset.x ?? '').split(' ').filter(Boolean), lit: mark.classList.contains('pointed'),
    where: mark.closest('[data-view]')?.dataset.view ?? mark.closest('section')?.className ?? '',
}))"""


def uses_of(place: str) -> dict[str, Any]:
    asked = ["uses", "example:stanford", "conv", "--weight", place, "--json"]
    command = [sys.executable, "-m", "isochrome.app.cli", *asked]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60, check=True)
    return dict(json.loads(done.stdout))


@pytest.mark.parametrize("place", ["0,0,1,2", "0,0,0,0"])
def test_pointing_at_a_weight_lights_what_its_uses_list(browser: Browser, address: str, place: str) -> None:
    listed = uses_of(place)
    pairs = {(text(use["y"]), text(use["x"])) for use in listed["uses"]}
    neurons = {y for y, _ in pairs}
    with watched(browser, address) as found:
        page = found.page
        page.keyboard.press("Escape")
        page.locator(f".three [data-w='{place}'][data-p='0']").first.hover()
        marks = page.evaluate(MARKS)
        lit = [mark for mark in marks if mark["lit"]]
        assert {mark["where"] for mark in lit if not mark["where"].startswith("panel")} >= set(
            page.locator(".three [data-view]").evaluate_all("(all) => all.map((one) => one.dataset.view)")
        )
        for mark in marks:
            assert mark["lit"] == (mark["p"] == "0" and place in mark["w"]), mark
        for mark in lit:  # whatever a lit mark says of neurons and inputs, the uses say too
            assert set(mark["y"]) <= neurons, mark
            if mark["x"]:
                assert {(y, x) for y in mark["y"] or neurons for x in mark["x"]} & pairs, mark
        assert {y for mark in lit for y in mark["y"]} == neurons
        said = page.inner_text(".status")
        assert f"{listed['taps']} uses" in said and f"{listed['real']} on real input" in said
        page.mouse.move(2, 2)
        assert [mark for mark in page.evaluate(MARKS) if mark["lit"]] == []


def text(place: list[int] | None) -> str:
    return "" if place is None else ",".join(map(str, place))


def test_pointing_is_quick(browser: Browser, demo: str) -> None:
    with watched(browser, demo) as found:
        found.page.keyboard.press("Escape")
        times = found.page.evaluate(
            """() => [...document.querySelectorAll(".three [data-w]")].slice(0, 40).map((mark) => {
                const begin = performance.now();
                mark.dispatchEvent(new PointerEvent("pointerover", { bubbles: true, pointerType: "mouse" }));
                document.body.getBoundingClientRect();
                return performance.now() - begin;
            })"""
        )
        assert len(times) > 10 and sorted(times)[len(times) // 2] < 50


# --- the state is the address -----------------------------------------------------------------------------------------


def test_the_hash_is_the_state(browser: Browser, address: str) -> None:
    with watched(browser, address) as found:
        page = found.page
        page.locator(".levels label", has_text="filter").click()
        found.settled()
        page.locator("nav.views button", has_text="connections").click()
        found.settled()
        page.keyboard.press("ArrowRight")
        found.settled()
        kept = urlsplit(page.url).fragment
        assert "level=filter" in kept and "view=connections" in kept and "i=0,0,1" in kept
        seen = state_of(page)
        page.go_back()
        found.settled()
        assert "view=connections" not in urlsplit(page.url).fragment
    with watched(browser, f"{address}#{kept}") as again:
        assert urlsplit(again.page.url).fragment == kept
        assert state_of(again.page) == seen


def state_of(page: Page) -> dict[str, Any]:
    return {
        "title": page.inner_text("h1"),
        "legend": page.inner_text(".legend .coloured"),
        "tab": page.evaluate("document.querySelector(\"nav.views [aria-current=page]\")?.textContent ?? document.querySelector(\"nav.views select\").value"),
        "marks": page.locator(".picture svg [data-id]").evaluate_all("(all) => all.map((one) => one.dataset.id)"),
    }


WRONG = ["#layer=99", "#layer=-1&view=nothing&level=none&i=a", "#i=9,9,9&w=7:0", "#%00<script>"]


@pytest.mark.parametrize("hash", WRONG)
def test_a_wrong_address_is_no_disaster(browser: Browser, address: str, hash: str) -> None:
    context = browser.new_context()
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda fault: faults.append(str(fault)))
    page.goto(address + hash)
    page.wait_for_selector("main h1, main .fault")
    assert faults == [] and re.search(r"Same colour|layer=-?\d+ in the address\s+must be a number below 1,", page.inner_text("main"))
    if "layer=" in hash:
        page.get_by_role("button", name="the layer shown first").click()
        page.wait_for_selector("main .picture svg")
    context.close()


# --- every layer ------------------------------------------------------------------------------------------------------


def panels(page: Page) -> list[str]:
    """What each panel of the first screen shows: a picture, or the sentence that says why there is none."""
    assert page.locator("main .fault").count() == 0, page.inner_text("main")
    found = page.locator(".three > section").evaluate_all(
        """(all) => all.map((one) => one.querySelector(".picture:not([hidden]) svg")
            ? "drawn" : one.querySelector(".unfit")?.textContent ?? "")"""
    )
    return [str(one) for one in found]


def test_every_layer_of_a_model_never_seen_opens(browser: Browser) -> None:
    opened = open_model(RESNET)
    layers = opened.model.layers
    assert len(layers) > 50
    with running(opened, opened.run()) as address, watched(browser, address) as found:
        page = found.page
        for layer in (*layers[1:], layers[0]):
            page.evaluate(f"location.hash = '#layer={layer.number}&view=start&level=weight'")
            page.wait_for_url(re.compile(rf"#layer={layer.number}&.*&i="))
            found.settled()
            assert page.inner_text(".crumb b") == layer.name
            assert panels(page) == ["drawn"] * 3, layer.name
            ledger = page.inner_text(".ledger")
            assert "difference" in ledger and "beyond" not in ledger, layer.name


def test_a_file_of_many_layers_opens_them_all(browser: Browser, saved_page: Callable[..., Path]) -> None:
    opened = open_model("example:lenet5")
    with watched(browser, saved_page("lenet5").as_uri()) as found:
        page = found.page
        for layer in (*opened.model.layers[1:], opened.model.layers[0]):
            page.locator(f"#layer-{layer.number}").click()
            found.settled()
            assert page.inner_text(".crumb b") == layer.name
            assert all(panels(page)) and panels(page)[:2] == ["drawn", "drawn"], layer.name
            ledger = page.inner_text(".ledger")
            assert "difference" in ledger and "beyond" not in ledger, layer.name


def test_a_layer_that_a_file_lacks_says_so(browser: Browser, saved_page: Callable[..., Path]) -> None:
    with watched(browser, saved_page("photos", 0, 1).as_uri()) as found:
        assert "2 of 4 layers are in this file" in found.page.inner_text("header")
        found.page.locator("#layer-3").click()
        found.page.wait_for_selector("main .fault")
        said = found.page.inner_text("main .fault")
        assert "not in this file" in said and "isochrome open" in said


# --- hostile names ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["served", "from disk"])
def test_hostile_names_are_text(browser: Browser, tmp_path: Path, host: str) -> None:
    opened = open_model(write_hostile(tmp_path))
    write_page(opened, opened.run(), tmp_path / "page.html")
    with running(opened, opened.run()) as served:
        address = served if host == "served" else (tmp_path / "page.html").as_uri()
        with watched(browser, address) as found:
            page = found.page
            assert page.inner_text(".crumb b").startswith("</script><script>alert(1)</script><!-- <U+202E>")
            for view in page.locator("nav.views button").all_inner_texts():
                page.locator("nav.views button", has_text=re.compile(f"^{view}$")).click()
                found.settled()
            outside = "script:not(#isochrome, #packed, #look, #code, [type=module]), img, iframe, object, embed, base"
            assert page.locator(f"body :is({outside})").count() == (0 if host == "served" else 1)
            assert "\u202e" not in page.content()
