"""The network and the reach view: what feeds what, what is folded and tied, what a neuron sees, counted."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import onnx
import pytest

from isochrome.app.api import OpenedModel, open_model
from isochrome.app.pictures import draw
from isochrome.ask.network import Network, folded, network
from isochrome.draw.layout import figure, text_width
from isochrome.draw.picture import Cell, Dot, Edge, Group, Ink, Label, Mark, Outline, Picture
from isochrome.draw.scene import scene
from isochrome.draw.views import VIEWS
from isochrome.errors import RequestError
from isochrome.render.svg import svg
from tests.app.networks import write_deep, write_residual
from tests.draw.legible import check_legible
from tests.draw.readback import law_of_colour
from tests.draw.test_views_b import RESNET

LIGHT = Path(onnx.__file__).parent / "backend" / "test" / "data" / "light"


@pytest.fixture(scope="module")
def residual(tmp_path_factory: pytest.TempPathFactory) -> OpenedModel:
    return open_model(write_residual(tmp_path_factory.mktemp("models")))


@pytest.fixture(scope="module")
def deep(tmp_path_factory: pytest.TempPathFactory) -> OpenedModel:
    return open_model(write_deep(tmp_path_factory.mktemp("models")))


@cache
def light(name: str) -> OpenedModel:
    return open_model(LIGHT / f"light_{name}.onnx")


def picture(opened: OpenedModel, view: str, layer: str | int, **more: Any) -> Picture:
    return draw(opened, layer, view, **more).picture


def marks(found: Picture | Group) -> list[Mark]:
    return [one for mark in found.marks for one in (marks(mark) if isinstance(mark, Group) else [mark])]


def texts(found: Picture) -> list[str]:
    return [mark.text for mark in marks(found) if isinstance(mark, Label)]


# --- the line of stops ------------------------------------------------------------------------------------------------


def names(found: Network) -> list[str]:
    return [stop.name for stop in found.stops]


def test_a_join_is_a_stop_and_its_sign_is_read_off_the_formulas(residual: OpenedModel) -> None:
    found = network(residual.model)
    assert names(found) == ["image", "stem", "a", "b", "sum", "r", "r#2", "down", "head"]
    join = found.stops[4]
    assert (join.join, join.word, join.sources) == ("+", "adds", (1, 3))
    assert {stop.join for stop in network(light("densenet121").model).stops} == {"", "&"}


def test_what_the_second_call_has_of_its_own(residual: OpenedModel) -> None:
    found = network(residual.model)
    (tie,) = found.ties
    assert residual.model.parameters[tie.parameter].names == ("r.weight",)
    assert [residual.model.layers[number].name for number in tie.layers] == ["r", "r#2"]
    assert found.seen_in == ((4, 3),)


@pytest.mark.parametrize(("name", "stops", "drawn"), [("resnet50", 71, 39), ("shufflenet", 67, 27)])
def test_equal_blocks_are_folded(name: str, stops: int, drawn: int) -> None:
    found = network(light(name).model)
    assert len(found.stops) == stops
    for current in (0, 30, stops - 1):
        numbers, repeats = folded(found, current)
        assert len(numbers) == drawn and current in numbers
        for repeat in repeats:
            for offset in range(repeat.length):
                same = {
                    light(name).model.layers[layer].lines[0].pattern.text
                    for copy in range(repeat.times)
                    if (layer := found.stops[repeat.start + copy * repeat.length + offset].layer) is not None
                }
                assert len(same) <= 1
    assert folded(found, 0, fold=False)[0] == tuple(range(stops))


def test_layers_that_only_scale_ride_with_the_one_before() -> None:
    model = light("resnet50").model
    riders = [model.layers[number] for stop in network(model).stops for number in stop.riders]
    assert len(riders) == 53 and {layer.kind for layer in riders} == {"batch norm"}


# --- the picture ------------------------------------------------------------------------------------------------------


def test_the_small_residual_network(residual: OpenedModel) -> None:
    found = picture(residual, "network", "down", neuron=(0, 8, 8))
    told = texts(found)
    assert found.formula == "12,272 weights stored, 14,576 by use"
    assert [text for text in told if re.fullmatch(r"\d+×\d+", text)] == [
        "13×13", "11×11", "9×9", "7×7", "7×7", "5×5", "3×3", "1×1",
    ]  # fmt: skip
    assert "exact; no border cut" in told
    assert "= r" in told and "no new ones" in told and "tie: one parameter, two layers" in told
    for count in ("16,384", "2,359,296", "1,179,648", "432", "4,608", "1,024", "256"):
        assert count in told
    ties = [mark for mark in marks(found) if isinstance(mark, Edge) and mark.kind == "tie"]
    swatches = [mark.identity for mark in marks(found) if isinstance(mark, Cell) and mark.identity]
    assert len(ties) == 1 and swatches.count(ties[0].identity) == 2
    dots = [mark.identity for mark in marks(found) if isinstance(mark, Dot) and mark.identity]
    assert sorted(dots) == sorted(set(swatches)), "a weight's parameter has one dot, a second call none"
    law_of_colour(svg(found))


@pytest.mark.parametrize("layer", [0, 30, 106])
def test_one_window_of_a_large_network(layer: int) -> None:
    found = picture(light("resnet50"), "network", layer)
    assert found.window.endswith("of 107") and found.width <= 1160
    assert sum(isinstance(mark, Outline) for mark in marks(found)) >= 1
    assert len(found.table.rows) == 107
    law_of_colour(svg(found))


def test_five_hundred_layers_are_as_many_marks_as_a_picture_may_have(deep: OpenedModel) -> None:
    found = picture(deep, "network", "c250")
    here = [mark for mark in marks(found) if isinstance(mark, Outline)]
    assert here and "block 26 of 50 equal ones in a row; the others are folded away" in texts(found)
    assert len(marks(found)) < 1500
    nodes = {mark.keys.layer for mark in marks(found) if isinstance(mark, Cell)}
    assert 250 in nodes and len(nodes) <= 8
    law_of_colour(svg(found))


def test_the_layers_of_a_file_can_be_named(residual: OpenedModel) -> None:
    found = picture(residual, "network", "down", window=((1, 3),))
    assert {mark.keys.layer for mark in marks(found) if isinstance(mark, Cell)} == {1, 2}


# --- reach ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("model", "layer", "neuron"), [
    ("example:photos", "conv3", (0, 3, 3)), ("example:lenet5", "C3", (2, 4, 9)), ("example:stanford", "conv", (1, 0, 2)),
])  # fmt: skip
def test_the_reach_view_says_what_reach_says(model: str, layer: str, neuron: tuple[int, ...]) -> None:
    opened = open_model(model)
    answer = opened[layer].reach(neuron).to_dict()
    found = picture(opened, "reach", layer, neuron=neuron)
    (top, end), (left, right) = answer["box"][1:]
    said = " ".join(texts(found))
    assert f"{answer['count']:,} numbers in all" in said or answer["box"][0][0] == answer["box"][0][1]
    words = {0: "{0}", 1: "{0} and {1}"}
    rows, columns = (
        words.get(high - low, "{0} to {1}").format(low, high) for low, high in ((top, end), (left, right))
    )
    assert f"rows {rows}, columns {columns}. Exact." in said
    law_of_colour(svg(found))


def test_holes_are_seen() -> None:
    opened = open_model("formula:y[p] += w[u] * x[p + 2*u - 2]", {"x": (12,), "w": (3,)})
    found = picture(opened, "reach", 0, neuron=(4,))
    assert "sees 3 of 12 positions, spread over 5" in " ".join(texts(found))
    assert any("not seen" in note for note in found.notes)


def test_a_few_numbers_are_no_photograph() -> None:
    assert {mark.colours for mark in marks(picture(open_model("example:stanford"), "reach", 0))
            if isinstance(mark, Ink)} == {1}  # fmt: skip
    assert {mark.colours for mark in marks(picture(open_model("example:photos"), "reach", 0))
            if isinstance(mark, Ink)} == {3}  # fmt: skip


# --- the next layer ---------------------------------------------------------------------------------------------------


def test_a_filter_s_map_is_the_channel_that_reach_leads_to() -> None:
    opened = open_model("example:photos")
    found = picture(opened, "next", "conv1")
    for number in range(8):
        box = opened["conv1"].reach((number, 16, 16), to="pool1.out", forward=True).to_dict()["box"]
        assert found.table.rows[number] == (str(number), str(box[0][0]))
    colours = law_of_colour(svg(found))
    assert list(colours) == [f"channel:{number}" for number in range(8)]


def test_where_no_layer_follows_there_is_no_picture_of_it() -> None:
    with pytest.raises(RequestError, match="view next of conv: no layer with channels reads what it gives"):
        picture(open_model("example:stanford"), "next", "conv")
    said = " ".join(texts(picture(open_model("example:lenet5"), "next", "S2")))
    assert "not read" in said, "filter 0 of C3 reads three of six channels"


@pytest.mark.parametrize("room", [340, 460, 640, 860, 900])
@pytest.mark.parametrize("layer", [0, 5, 6])
def test_in_less_room_it_says_the_same_and_can_be_read(residual: OpenedModel, layer: int, room: int) -> None:
    seen = scene(residual.model, residual.model.layers[layer], residual.run().values, "parameter")
    usual, narrow = VIEWS["network"].draw(seen), VIEWS["network"].draw(replace(seen, room=room))
    check_legible(figure(narrow))
    assert narrow.width <= (room if room < 880 else 1120)
    assert (narrow.table, narrow.legend) == (usual.table, usual.legend)
    counts = {text for text in texts(usual) if re.fullmatch(r"[\d,]{3,}", text)}
    assert counts and counts <= set(texts(narrow))
    nodes = {mark.keys.layer for mark in marks(narrow) if isinstance(mark, Cell)}
    assert nodes == {mark.keys.layer for mark in marks(usual) if isinstance(mark, Cell)}


@pytest.mark.parametrize("room", [0, 900, 1000, 1080])
def test_the_words_under_a_folded_block_stay_in_the_picture(room: int) -> None:
    model = open_model(RESNET).model
    for number in range(0, len(model.layers), 9):
        drawn = VIEWS["network"].draw(replace(scene(model, model.layers[number], None, "parameter"), room=room))
        for mark in marks(drawn):
            if isinstance(mark, Label) and "folded away" in mark.text:
                half = text_width(mark.text, mark.size, True) / 2
                assert 0 <= mark.x - half and mark.x + half <= drawn.width, mark.text
