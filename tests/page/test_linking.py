"""What lights up is what `uses` lists: in every view, at every level, of layers with and without a kernel."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import onnx
import pytest
from playwright.sync_api import Browser

from isochrome.app.api import open_model
from isochrome.app.page import STATIC
from isochrome.app.server import running
from isochrome.draw.identity import LEVELS
from isochrome.draw.views import VIEWS
from tests.app.networks import write_words
from tests.page.test_explorer import browser, watched

__all__ = ["browser"]

pytestmark = pytest.mark.skipif(not (STATIC / "page.js").is_file(), reason="the page is not built")
RESNET = Path(onnx.__file__).parent / "backend" / "test" / "data" / "light" / "light_resnet50.onnx"

POINT = """() => {
    const marks = [...document.querySelectorAll(".picture [data-w]:not(.outline)")];
    const chosen = marks.find((mark) => !mark.dataset.w.includes(" "));
    if (!chosen) return null;
    chosen.dispatchEvent(new PointerEvent("pointerover", { bubbles: true, pointerType: "mouse" }));
    return {
        p: chosen.dataset.p, w: chosen.dataset.w,
        marks: marks.map((mark) => ({
            p: mark.dataset.p, w: mark.dataset.w.split(" "), lit: mark.classList.contains("pointed"),
            y: (mark.dataset.y ?? "").split(" ").filter(Boolean), x: (mark.dataset.x ?? "").split(" ").filter(Boolean),
        })),
        colours: [...document.querySelectorAll(".picture [data-id]")].map((mark) =>
            [mark.dataset.id, mark.getAttribute("fill") ?? mark.getAttribute("stroke")]),
    };
}"""


@pytest.mark.parametrize(("model", "layer"), [
    ("example:stanford", 0), ("example:photos", 1), ("example:lenet5", 1), ("example:lenet5", 2), ("words", 2),
    (str(RESNET), 20),
])  # fmt: skip
def test_what_lights_up_is_what_uses_lists(browser: Browser, tmp_path: Path, model: str, layer: int) -> None:
    opened = open_model(str(write_words(tmp_path)) if model == "words" else model)
    run = opened.run()
    levels = list(LEVELS) if model != str(RESNET) else ["weight"]
    with running(opened, run) as address, watched(browser, f"{address}#layer={layer}") as found:
        page = found.page
        for view in ("start", *(one.name for one in VIEWS.values() if not one.panel)):
            for level in levels:
                page.evaluate(f"location.hash = '#layer={layer}&view={view}&level={level}'")
                found.settled()
                assert page.locator("main .fault").count() == 0, (view, level)
                seen = page.evaluate(POINT)
                if seen is not None:
                    check(opened, layer, seen, (view, level))
                page.mouse.move(2, 2)


def check(opened: Any, layer: int, seen: dict[str, Any], where: tuple[str, str]) -> None:
    place = tuple(map(int, seen["w"].split(",")))
    listed = opened[layer].uses(place, seen["p"], limit=20_000).to_dict()["uses"]
    mine = [use for use in listed if use["layer"] == opened.model.layers[layer].name]
    pairs = {(text(use["y"]), text(use["x"])) for use in mine}
    neurons = {y for y, _ in pairs}
    for mark in seen["marks"]:
        assert mark["lit"] == (mark["p"] == seen["p"] and seen["w"] in mark["w"]), (where, mark)
        if mark["lit"] and len(mark["w"]) == 1:
            assert set(mark["y"]) <= neurons, (where, mark)
            if mark["x"] and mark["y"]:
                assert {(y, x) for y in mark["y"] for x in mark["x"]} & pairs, (where, mark)
    one_to_one = set(map(tuple, seen["colours"]))
    assert len({name for name, _ in one_to_one}) == len(one_to_one) == len({colour for _, colour in one_to_one}), where


def text(place: list[int] | None) -> str:
    return "" if place is None else ",".join(map(str, place))
