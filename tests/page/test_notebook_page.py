"""The bundle as a notebook uses it: `render({ model, el })` with a widget's model, in a page that is someone else's."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser

from isochrome.app.answers import Answers
from isochrome.app.api import open_model
from isochrome.app.page import STATIC, explorer_files
from tests.page.test_explorer import browser

__all__ = ["browser"]

pytestmark = pytest.mark.skipif(not (STATIC / "page.js").is_file(), reason="the page is not built")

CELL = """([code, css]) => import(URL.createObjectURL(new Blob([code], { type: "text/javascript" }))).then((module) => {
    const style = document.createElement("style");
    style.textContent = css;
    document.head.append(style);
    const el = document.createElement("div");
    document.body.append(el);
    const listeners = {};
    const values = { host: "notebook", state: {} };
    const model = {
        get: (key) => values[key],
        set: (key, value) => { values[key] = value; },
        save_changes: () => { window.saved = values.state; },
        on: (event, listener) => { listeners[event] = listener; },
        send: ({ id, path }) => window.kernel(path).then((found) => listeners["msg:custom"]({ id, ...found })),
    };
    window.fromPython = (state) => { values.state = state; listeners["change:state"](); };
    module.default.render({ model, el });
})"""


def test_a_cell_shows_the_explorer_and_python_can_select(browser: Browser) -> None:
    opened = open_model("example:stanford")
    answers = Answers(opened, opened.run())

    def kernel(path: str) -> dict[str, Any]:
        bare, _, query = path.partition("?")
        return {"answer": answers.answer(bare, query)}

    page = browser.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda fault: faults.append(str(fault)))
    page.set_content("<title>notebook</title><h1>Mine</h1>")
    page.expose_function("kernel", kernel)
    page.evaluate(CELL, list(explorer_files()))
    page.locator(".three .picture:not([hidden]) svg").nth(2).wait_for()
    assert page.title() == "notebook", "the page around is someone else's"
    assert page.evaluate("location.hash") == ""
    page.keyboard.press("ArrowRight")
    assert page.evaluate("window.saved.i") == [0, 0, 0], "keys pressed elsewhere in the notebook are not the explorer's"
    page.locator(".isochrome .picture [tabindex='0']").first.focus()
    page.keyboard.press("ArrowRight")
    page.locator(".ledger th", has_text="products").first.wait_for()
    assert page.evaluate("window.saved.i") == [0, 0, 1]
    page.evaluate("window.fromPython({ layer: 0, view: 'kernel', level: 'tap', i: [1, 2, 2] })")
    page.locator("[data-view=kernel] .picture:not([hidden]) svg").wait_for()
    assert page.inner_text(".isochrome h1") == "Same colour = same tap"
    assert faults == []
    page.close()
