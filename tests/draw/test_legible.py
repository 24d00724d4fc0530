"""Every figure can be read: the check itself on broken ones, then the two views of convolution arithmetic everywhere."""

from __future__ import annotations

from dataclasses import replace

import pytest

from isochrome.app.api import open_model
from isochrome.app.pictures import draw
from isochrome.draw.layout import figure
from isochrome.draw.picture import Cell, Label, Mark, Picture
from isochrome.draw.scene import scene
from isochrome.draw.view import View
from isochrome.draw.views import VIEWS, overlap, window
from isochrome.examples.arithmetic import CASES as LINES
from isochrome.examples.arithmetic import PREFIX
from isochrome.render.svg import svg
from isochrome.render.theme import THEMES
from tests.draw.legible import check_legible
from tests.draw.readback import law_of_colour
from tests.draw.test_svg import FILTERS, picture
from tests.draw.test_views_b import ALL_LEVELS, CASES, RESNET, seen

SCALED = 0.92
"""The page shows a picture that is a little too wide this much smaller."""
NARROW = [view for view in VIEWS.values() if view.narrow and not view.whole]


@pytest.mark.parametrize(
    ("marks", "complaint"),
    [
        ((Label(180, 50, "too far right"),), "leaves the figure"),
        ((Label(10, 50, "one"), Label(20, 52, "other")), "meets"),
        ((Cell(20, 20, 40, 40), Label(40, 45, "across")), "crosses the border"),
        ((Cell(20, 20, 40, 40, identity=FILTERS[1]), Label(25, 45, "x")), "#16181d on #720a05"),
    ],
)
def test_a_figure_that_cannot_be_read_is_noticed(marks: tuple[Mark, ...], complaint: str) -> None:
    with pytest.raises(AssertionError, match=complaint):
        check_legible(picture(*marks))


def checked(drawn: Picture, themes: tuple[str, ...] = ("light",)) -> None:
    colours = law_of_colour(svg(drawn))
    assert set(colours) <= set(drawn.colouring.coloured) and len(drawn.marks) <= 1000
    for theme in themes:
        check_legible(figure(drawn), theme)


@pytest.mark.parametrize("view", [window.VIEW, overlap.VIEW], ids=lambda view: view.name)
@pytest.mark.parametrize("case", CASES)
def test_window_and_overlap_of_any_layer(case: str, view: object) -> None:
    base = seen(case)
    if view.refusal(base):  # type: ignore[attr-defined]
        return
    last = tuple(size - 1 for size in base.y.shape)
    for level in ("weight", "tap", "filter", "channel", "parameter") if case in ALL_LEVELS else ("weight", "filter"):
        checked(view.draw(seen(case, level)), tuple(THEMES))  # type: ignore[attr-defined]
    checked(view.draw(seen(case, "weight", (last, tuple(0 for _ in last)))))  # type: ignore[attr-defined]
    checked(view.draw(seen(case, values=False)))  # type: ignore[attr-defined]


@pytest.mark.parametrize("room", [1, 340])
@pytest.mark.parametrize("view", NARROW, ids=lambda view: view.name)
@pytest.mark.parametrize("case", CASES)
def test_on_a_narrow_page_it_can_be_read_too(case: str, view: View, room: int) -> None:
    narrow = replace(seen(case), room=room)
    if not view.refusal(narrow):
        drawn = view.draw(narrow)
        checked(drawn)
        assert drawn.width <= max(room, 340) / SCALED, "on a phone nothing is out of sight"


@pytest.mark.parametrize("name", LINES)
def test_every_step_of_a_case_can_be_read(name: str) -> None:
    opened = open_model(PREFIX + name)
    shape = opened.model.tensors["y"].shape
    assert shape is not None
    for view in ("window", "overlap") if "pooling" not in name else ("window",):
        for neuron in (tuple(0 for _ in shape), tuple(size // 2 for size in shape), tuple(size - 1 for size in shape)):
            checked(draw(opened, 0, view, neuron=neuron).picture)


@pytest.mark.parametrize("name", ["output-padding", "transposed-dilation", "half-padding", "groups"])
def test_any_neuron_at_any_width(name: str) -> None:
    opened = open_model(PREFIX + name)
    model, values = opened.model, opened.run().values
    shape = scene(model, model.layers[0], values).y.shape
    for neuron in (tuple(size - 1 for size in shape), tuple(size // 2 for size in shape), (*(0 for _ in shape[1:]), 0)):
        for view in (view for view in VIEWS.values() if not view.whole):
            for room in (0, 340, 560) if view.narrow else (0,):
                drawn = replace(scene(model, model.layers[0], values, neurons=(neuron,)), room=room)
                if not view.refusal(drawn):
                    check_legible(figure(view.draw(drawn)))


def test_large_counts_and_a_spine_that_comes_from_before_can_be_read() -> None:
    model = open_model(RESNET.with_name("light_densenet121.onnx")).model
    deep = next(layer for layer in model.layers if layer.name == "n292")
    for view, room in (("overlap", 0), ("overlap", 340), ("network", 900)):
        check_legible(figure(VIEWS[view].draw(replace(scene(model, deep, None), room=room))))
    wide = model.layers[-1]
    for room in (300, 340):
        check_legible(figure(VIEWS["connections"].draw(replace(scene(model, wide, None, "filter"), room=room))))
