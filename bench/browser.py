"""Times of the page in Chromium: until it is ready, from the pointer to what lights up, scrolling a long list."""

from __future__ import annotations

import shutil
import statistics
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

from bench.models import chain
from isochrome.app.api import open_model
from isochrome.app.server import running

__all__ = ["browser_times"]

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
Row = tuple[str, str, str]

_READY = """() => document.querySelector("main") && !document.querySelector(".loading")
    && [...document.querySelectorAll("main .picture")].every((one) => one.hidden || one.querySelector("svg"))"""

_HOVER = """async () => {
    const marks = [...document.querySelectorAll("main .picture svg [data-w]")].filter((one) => one.getBBox().width > 4);
    const step = Math.max(1, Math.floor(marks.length / 100)), found = [];
    const frame = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    for (let k = 0; k < marks.length && found.length < 100; k += step) {
        const { x, y, width, height } = marks[k].getBoundingClientRect();
        const at = { bubbles: true, clientX: x + width / 2, clientY: y + height / 2, pointerType: "mouse" };
        const begin = performance.now();
        marks[k].dispatchEvent(new PointerEvent("pointerover", at));
        await frame();
        found.push(performance.now() - begin);
    }
    const all = document.querySelectorAll("main .picture svg [data-w], main .picture svg [data-y]").length;
    return { marks: all, times: found, lit: document.querySelectorAll("main .pointed").length };
}"""

_SCROLL = """async () => {
    const list = [...document.querySelectorAll("*")].filter((one) => one.scrollHeight > one.clientHeight + 2000
        && /auto|scroll/.test(getComputedStyle(one).overflowY))[0] ?? document.scrollingElement;
    const found = [];
    let last = await new Promise(requestAnimationFrame);
    for (let k = 0; k < 180; k++) {
        list.scrollTop += 240;
        const now = await new Promise(requestAnimationFrame);
        found.push(now - last);
        last = now;
    }
    return { moved: list.scrollTop, times: found };
}"""


@contextmanager
def _page() -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), headless=True, args=FLAGS)
        try:
            yield browser.new_page(viewport={"width": 1280, "height": 800})
        finally:
            browser.close()


def browser_times(light: Path, folder: Path) -> Iterator[Row]:
    """Rows: the page of ResNet-50 ready in three views (opened anew for each), hovering it, a list of 500 layers."""
    with _page() as page:
        for view in ("start", "network", "bank"):
            times = []
            for _ in range(3):
                opened = open_model(str(light))
                with running(opened, opened.run()) as address:
                    times.append(_ready(page, f"{address}#view={view}"))
                    if view == "bank":
                        found = page.evaluate(_HOVER)
            slowest = f"slowest {max(times):.0f} ms; goal 1,500"
            yield f"page of ResNet-50 ready, view {view}", f"{statistics.median(times):.0f} ms", slowest
            if view == "bank":
                yield _hover(found)
        opened = open_model(str(chain(folder / "long.onnx", 1000)))
        with running(opened, opened.run()) as address:
            first = _ready(page, f"{address}#view=network")
            frames = page.evaluate(_SCROLL)
        count = len(opened.model.layers)
        yield f"page of {count} layers ready, view network", f"{first:.0f} ms", ""
        late = sum(time > 1.5 * 1000 / 60 for time in frames["times"])
        said = f"{late} of {len(frames['times'])} later than 25 ms, {frames['moved']:,.0f} px scrolled; goal 16.7"
        yield "one frame while it scrolls, median", f"{statistics.median(frames['times']):.1f} ms", said


def _ready(page: Page, address: str) -> float:
    page.goto("about:blank")
    page.goto(address, wait_until="commit")
    page.wait_for_function(_READY, polling="raf", timeout=60_000)
    return float(page.evaluate("performance.now()"))


def _hover(found: dict[str, Any]) -> Row:
    times = sorted(found["times"])
    assert found["lit"], "nothing was lit"
    said = f"slowest {times[-1]:.0f} ms, {found['marks']:,} marks; goal 50 ms"
    return "from the pointer to what lights up, median", f"{statistics.median(times):.0f} ms", said
