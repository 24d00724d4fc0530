"""What lights up is what Python says belongs together: in every view, at every level, pointed at, selected, reloaded."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import onnx
import pytest
from playwright.sync_api import Browser

from isochrome.app.api import open_model
from isochrome.app.page import STATIC
from isochrome.app.server import running
from isochrome.draw.identity import LEVELS
from isochrome.draw.levels import sizes_at
from isochrome.draw.picture import Keys
from isochrome.draw.scene import scene
from isochrome.draw.selection import belongs, checked, selection
from isochrome.draw.views import VIEWS
from tests.app.networks import write_words
from tests.page.test_explorer import Watched, browser, watched

__all__ = ["browser"]

pytestmark = pytest.mark.skipif(not (STATIC / "page.js").is_file(), reason="the page is not built")
RESNET = Path(onnx.__file__).parent / "backend" / "test" / "data" / "light" / "light_resnet50.onnx"
VIEWS_OF_A_LAYER = ("start", *(one.name for one in VIEWS.values() if not one.panel and not one.level))

MARKS = """() => [...document.querySelectorAll(".picture [data-w]:not(.outline)")].map((mark) => ({
    p: mark.dataset.p, id: mark.dataset.id ?? "", lit: mark.classList.contains("pointed"),
    ...Object.fromEntries([..."yxwb"].map((key) => [key, (mark.dataset[key] ?? "").split(" ").filter(Boolean)])),
}))"""
ACT = """(event) => {
    const marks = [...document.querySelectorAll(".picture [data-w]:not(.outline)")];
    const at = marks.findIndex((mark) => !mark.dataset.w.includes(" "));
    const target = event === "leave" ? document.querySelector("main h1") : marks[at];
    if (!target) return null;
    const settings = { bubbles: true, pointerType: "mouse" };
    if (event === "click") target.dispatchEvent(new PointerEvent("click", settings));
    else target.dispatchEvent(new PointerEvent("pointerover", settings));
    return at;
}"""
COLOURS = """() => [...document.querySelectorAll(".picture [data-id]")].map((mark) =>
    [mark.dataset.id, mark.getAttribute("fill") ?? mark.getAttribute("stroke")])"""


EVERY = "ISOCHROME_EVERY" in os.environ
"""Whether all layers of the examples and of the LSTM are tried, more of ResNet-50, and these at all levels."""
SOME = [
    ("example:stanford", 0), ("example:photos", 1), ("example:lenet5", 1), ("example:lenet5", 2), ("words", 1), ("words", 2),
    (str(RESNET), 0), (str(RESNET), 20),
]  # fmt: skip
MORE = [
    *(("example:photos", layer) for layer in (0, 2, 3)), *(("example:lenet5", layer) for layer in (0, 3, 4, 5, 6)),
    ("words", 0), *((str(RESNET), layer) for layer in (1, 2, 10, 53, 105, 106)),
]  # fmt: skip


@pytest.mark.parametrize(("model", "layer"), [*SOME, *(MORE if EVERY else ())])
def test_what_lights_up_is_what_belongs_together(browser: Browser, tmp_path: Path, model: str, layer: int) -> None:
    opened = open_model(str(write_words(tmp_path)) if model == "words" else model)
    run = opened.run()
    levels = tuple(LEVELS) if EVERY or model != str(RESNET) else ("weight", "filter", "channel") if layer else ("weight", "channel")
    tried = set()
    with running(opened, run) as address, watched(browser, f"{address}#layer={layer}") as found:
        page = found.page
        for view in VIEWS_OF_A_LAYER:
            for level in levels:
                page.evaluate(f"location.hash = '#layer={layer}&view={view}&level={level}'")
                found.settled()
                assert page.locator("main .fault").count() == 0, (view, level)
                if "w=" in page.url:  # where a model begins, a weight is selected
                    page.keyboard.press("Escape")
                    found.settled()
                at = page.evaluate(ACT, "point")
                if at is None:
                    continue
                tried.add(level)
                one_to_one = set(map(tuple, page.evaluate(COLOURS)))
                names, colours = {name for name, _ in one_to_one}, {colour for _, colour in one_to_one}
                assert len(names) == len(one_to_one) == len(colours), (view, level)
                pointed = page.evaluate(MARKS)
                page.evaluate(ACT, "click")
                page.evaluate(ACT, "leave")
                found.settled()
                chosen = page.evaluate("Object.fromEntries(new URLSearchParams(location.hash.slice(1)))")
                expected, of_mark = lights(opened, run, layer, level, chosen)
                assert of_mark(pointed[at]), (view, level, chosen, pointed[at])
                for state, marks in (("pointed at", pointed), ("selected", page.evaluate(MARKS))):
                    wrong = [mark for mark in marks if mark["lit"] != expected(mark)]
                    assert wrong == [], (state, view, level, chosen)
                if view == "connections":
                    check_reloaded(found, level)
                page.keyboard.press("Escape")
                found.settled()
                assert not any(mark["lit"] for mark in page.evaluate(MARKS)), (view, level)
                assert not {"s", "w"} & set(page.evaluate("[...new URLSearchParams(location.hash.slice(1)).keys()]"))
    assert {"weight"} <= tried and (model != "example:stanford" or tried == set(LEVELS))


def lights(opened: Any, run: Any, layer: int, level: str, chosen: dict[str, str]) -> tuple[Any, Any]:
    """Whether a mark has to be lit by the selection of an address; and whether what was pointed at is that selection."""
    drawn = scene(opened.model, opened.model.layers[layer], run.values)
    if level == "weight" or (level != "parameter" and not sizes_at(drawn, level)):  # a weight that has no identity there is meant itself
        number, place = chosen["w"].split(":")
        listed = opened[layer].uses(tuple(map(int, place.split(","))), number, 20_000, run.values).to_dict()["uses"]
        mine = [use for use in listed if use["layer"] == opened.model.layers[layer].name]
        pairs = {(text(use["y"]), text(use["x"])) for use in mine}

        def used(mark: dict[str, Any]) -> bool:
            own = mark["p"] == number and place in mark["w"]
            if own and len(mark["w"]) == 1:
                assert set(mark["y"]) <= {y for y, _ in pairs}, mark
                assert not mark["x"] or not mark["y"] or {(y, x) for y in mark["y"] for x in mark["x"]} & pairs, mark
            return own

        return used, lambda mark: mark["p"] == number and mark["w"] == [place]
    assert chosen["s"].startswith(f"{level}:"), chosen
    within = belongs(replace(drawn, selected=checked(drawn, selection(chosen["s"]))))
    assert within is not None

    def of_mark(mark: dict[str, Any]) -> bool:
        y, x, w, b = (tuple(tuple(map(int, place.split(","))) for place in mark[key]) for key in "yxwb")
        return within(Keys(layer, y, x, w, b, int(mark["p"])))

    return lambda mark: mark["id"] == chosen["s"] or of_mark(mark), of_mark


def check_reloaded(found: Watched, level: str) -> None:
    """The address alone brings the same selection back."""
    before = found.page.evaluate(MARKS)
    found.page.reload()
    found.settled()
    assert found.page.evaluate(MARKS) == before, level


def text(place: list[int] | None) -> str:
    return "" if place is None else ",".join(map(str, place))
