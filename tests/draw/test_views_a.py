"""Arithmetic, connections and the first screen's panels: true numbers, one colour an identity, text in its place."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pytest
from numpy.typing import NDArray

from isochrome.app.api import open_model
from isochrome.draw.choice import coloured, level_legend
from isochrome.draw.identity import NINE, TWENTY_SEVEN
from isochrome.draw.layout import ROLES, number_size, text_width
from isochrome.draw.lit import lit
from isochrome.draw.picture import Cell, Edge, Group, Label, Mark, Outline, Picture, Rect, Rings
from isochrome.draw.scene import Scene, scene
from isochrome.draw.view import View
from isochrome.draw.views import arithmetic, connections, start_edges, start_neurons, start_numbers
from isochrome.errors import RequestError
from isochrome.render.svg import svg
from tests.draw.readback import law_of_colour

VIEWS: dict[str, View] = {
    view.name: view
    for view in (arithmetic.VIEW, connections.VIEW, start_edges.VIEW, start_numbers.VIEW, start_neurons.VIEW)
}
LEVELS = ("weight", "tap", "filter", "channel", "parameter")
PANELS = ("start-edges", "start-numbers", "start-neurons")


# --- models -----------------------------------------------------------------------------------------------------------


def _whole(*shape: int) -> NDArray[np.float32]:
    return np.random.default_rng(len(shape) + sum(shape)).integers(-2, 3, shape).astype(np.float32)


def _float(*shape: int) -> NDArray[np.float32]:
    return np.random.default_rng(len(shape) + sum(shape)).normal(size=shape).astype(np.float32)


Nodes = list[tuple[str, list[str], list[str], str, dict[str, Any]]]
SMALL: dict[str, tuple[tuple[int, ...], Nodes, dict[str, NDArray[np.float32]]]] = {
    "line": (
        (1, 1, 7),
        [("Conv", ["x", "w"], ["y"], "conv", {"pads": [1, 1], "strides": [2]})],
        {"w": np.array([[[1, -1, 2]]], np.float32)},
    ),
    "line of three": (
        (1, 3, 7),
        [("Conv", ["x", "w", "b"], ["y"], "conv", {"pads": [1, 1], "strides": [2]})],
        {"w": _whole(1, 3, 3), "b": _whole(1)},
    ),
    "long line": (
        (1, 2, 40),
        [("Conv", ["x", "w", "b"], ["y"], "conv", {"pads": [5, 5]})],
        {"w": _float(4, 2, 11), "b": _float(4)},
    ),
    "space": (
        (1, 2, 5, 5, 5),
        [("Conv", ["x", "w", "b"], ["y"], "conv", {"pads": [1] * 6})],
        {"w": _whole(2, 2, 3, 3, 3), "b": _whole(2)},
    ),
    "groups": (
        (1, 4, 5, 5),
        [("Conv", ["x", "w", "b"], ["y"], "conv", {"pads": [1] * 4, "group": 2})],
        {"w": _whole(6, 2, 3, 3), "b": _whole(6)},
    ),
    "depthwise": (
        (1, 4, 5, 5),
        [("Conv", ["x", "w", "b"], ["y"], "conv", {"pads": [1] * 4, "group": 4})],
        {"w": _whole(4, 1, 3, 3), "b": _whole(4)},
    ),
    "transposed": (
        (1, 2, 4, 4),
        [("ConvTranspose", ["x", "w", "b"], ["y"], "conv", {"pads": [1] * 4, "strides": [2, 2]})],
        {"w": _whole(2, 3, 3, 3), "b": _whole(3)},
    ),
    "tokens": (
        (1, 5, 8),
        [("MatMul", ["x", "w"], ["h"], "linear", {}), ("Add", ["h", "b"], ["y"], "add", {})],
        {"w": _float(8, 6), "b": _float(6)},
    ),
    "gates": (
        (1, 4, 2),
        [
            ("Transpose", ["x"], ["t"], "before", {"perm": [1, 0, 2]}),
            ("LSTM", ["t", "w", "r", "b"], ["s"], "lstm", {"hidden_size": 3}),
            ("Transpose", ["s"], ["y"], "after", {"perm": [2, 0, 1, 3]}),
        ],
        {"w": _float(1, 12, 2), "r": _float(1, 12, 3), "b": _float(1, 24)},
    ),
    "large kernel": (
        (1, 3, 67, 67),
        [("Conv", ["x", "w", "b"], ["y"], "conv", {"pads": [5] * 4, "strides": [4, 4]})],
        {"w": _float(8, 3, 11, 11), "b": _float(8)},
    ),
    "deep": (
        (1, 512, 7, 7),
        [("Conv", ["x", "w", "b"], ["y"], "conv", {"pads": [1] * 4})],
        {"w": _float(64, 512, 3, 3), "b": _float(64)},
    ),
    "wide": (
        (1, 2048),
        [("Gemm", ["x", "w", "b"], ["y"], "linear", {"transB": 1})],
        {"w": _float(1000, 2048), "b": _float(1000)},
    ),
    "ones": (
        (1, 64, 9, 9),
        [("Conv", ["x", "w"], ["y"], "conv", {})],
        {"w": _float(16, 64, 1, 1)},
    ),
    "words": (
        (1, 4),
        [("Cast", ["x"], ["i"], "cast", {"to": 7}), ("Gather", ["w", "i"], ["y"], "embed", {})],
        {"w": _float(10, 3)},
    ),
}  # fmt: skip


def _written(name: str, folder: Path) -> Path:
    from onnx import TensorProto, helper, numpy_helper, save, shape_inference

    shape, nodes, weights = SMALL[name]
    graph = helper.make_graph(
        [helper.make_node(op, ins, outs, name=label, **more) for op, ins, outs, label, more in nodes],
        "small",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(array, label) for label, array in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    path = folder / f"{name.replace(' ', '-')}.onnx"
    save(shape_inference.infer_shapes(model), path)
    return path


Make = Callable[..., Scene]


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> Make:
    """A scene of a layer of a model: an example's, or a small one's on whole numbers where its weights are."""
    folder = tmp_path_factory.mktemp("models")

    @cache
    def opened(name: str) -> tuple[Any, Any]:
        if name not in SMALL:
            model = open_model(f"example:{name}")
            return model.model, model.run().values
        model = open_model(_written(name, folder))
        shape, _, weights = SMALL[name]
        whole = all((array == array.round()).all() for array in weights.values())
        given = np.random.default_rng(1).integers(0, 3, shape).astype(np.float32) if whole else None
        return model.model, model.run(given).values

    def made(name: str, layer: str = "", level: str = "weight", window: Any = (), **more: Any) -> Scene:
        model, values = opened(name)
        found = model.layer(layer) if layer else model.layers[0]
        return replace(scene(model, found, values, level, **more), window=window)

    return made


EVERY = [
    ("stanford", "conv"), ("stanford-printed", "conv"), *((name, "") for name in SMALL),
    *(("lenet5", name) for name in "C1 S2 C3 S4 C5 F6 output".split()),
    *(("photos", name) for name in "conv1 conv2 conv3 linear".split()),
]  # fmt: skip


# --- reading back -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Box:
    """Where a text stands."""

    left: float
    top: float
    right: float
    bottom: float
    text: str

    def overlaps(self, other: Box) -> bool:
        wide = min(self.right, other.right) - max(self.left, other.left)
        return wide > 1 and min(self.bottom, other.bottom) - max(self.top, other.top) > 1


def _flat(marks: Iterable[Mark], x: float = 0, y: float = 0) -> Iterator[tuple[Mark, float, float]]:
    for mark in marks:
        if isinstance(mark, Group):
            yield from _flat(mark.marks, x + mark.x, y + mark.y)
        else:
            yield mark, x, y


Kind = TypeVar("Kind")


def _of(picture: Picture, kind: type[Kind]) -> list[Kind]:
    return [mark for mark, _, _ in _flat(picture.marks) if isinstance(mark, kind)]


def _texts(picture: Picture) -> Iterator[Box]:
    for mark, x, y in _flat(picture.marks):
        if isinstance(mark, Label) and mark.text:
            yield _label_box(mark, x, y)
        elif isinstance(mark, Cell):
            yield from _cell_boxes(mark, x, y)


def _label_box(mark: Label, x: float, y: float) -> Box:
    usual, bold, mono, _ = ROLES[mark.role]
    size = mark.size or usual
    mono, bold = mono if mark.mono is None else mark.mono, bold if mark.bold is None else mark.bold
    width = text_width(mark.text, size, bold, mono)
    if mark.turn:
        assert (mark.turn, mark.anchor) == (-90, "middle")
        return Box(x + mark.x - 0.75 * size, y + mark.y - width / 2, x + mark.x, y + mark.y + width / 2, mark.text)
    left = x + mark.x - {"start": 0.0, "middle": width / 2, "end": width}[mark.anchor]
    return Box(left, y + mark.y - 0.75 * size, left + width, y + mark.y, mark.text)


def _cell_boxes(mark: Cell, x: float, y: float) -> Iterator[Box]:
    inside = text_width(mark.index, 10.5, mono=True) + 14 if mark.index and mark.index_at == "inside" else 0.0
    size = mark.size or number_size(mark.width - inside, mark.height, mark.text)
    middle, foot = x + mark.x + mark.width / 2, y + mark.y + mark.height / 2 + 0.36 * size
    if size and mark.text:
        width = text_width(mark.text, size, mark.bold, mono=True)
        left = x + mark.x + mark.width - 6 - width if inside else middle - width / 2
        assert left >= x + mark.x - 0.5 and left + width <= x + mark.x + mark.width + 0.5, f"{mark.text} in its cell"
        yield Box(left, foot - 0.75 * size, left + width, foot, mark.text)
    if mark.index:
        width = text_width(mark.index, 10.5, mono=True)
        left = x + mark.x + 6 if inside else middle - width / 2
        foot = y + mark.y + {"above": -5.0, "under": mark.height + 12, "inside": mark.height / 2 + 3.8}[mark.index_at]
        yield Box(left, foot - 7.9, left + width, foot, mark.index)


def misplaced(picture: Picture) -> list[str]:
    """The texts of a picture that stand outside of it, or over one another."""
    boxes = sorted(_texts(picture), key=lambda box: box.top)
    wrong = [
        f"outside: {box.text}"
        for box in boxes
        if box.left < 0 or box.top < 0 or box.right > picture.width or box.bottom > picture.height
    ]
    for place, box in enumerate(boxes):
        for other in boxes[place + 1 :]:
            if other.top >= box.bottom:
                break
            wrong += [f"{box.text} over {other.text}"] if box.overlaps(other) else []
    return wrong


def _decimal(text: str) -> Decimal:
    return Decimal(text.replace("≈", "").replace("−", "-").replace("+", "").replace(",", "").replace(" ", ""))


@dataclass(frozen=True)
class Column:
    """One side of a printed ledger: products by section, each with its sum; further lines; the total."""

    sections: tuple[tuple[tuple[Decimal, ...], Decimal], ...]
    lines: tuple[Decimal, ...]
    total: Decimal


def ledger_columns(picture: Picture) -> list[Column]:
    """The ledger's columns of numbers, read from the text of the SVG."""
    root = ElementTree.fromstring(svg(picture))
    texts = [element for element in root.iter() if element.tag.endswith("text")]
    ends = [element for element in texts if element.get("text-anchor") == "end" and element.get("font-size") == "15"]
    found = []
    for total in ends:
        sections: list[tuple[tuple[Decimal, ...], Decimal]] = []
        products: list[Decimal] = []
        lines: list[Decimal] = []
        column = [one for one in texts if one.get("x") == total.get("x") and one.get("text-anchor") == "end"]
        for one in sorted(column, key=lambda one: float(one.get("y", "0"))):
            text, size = "".join(one.itertext()), one.get("font-size")
            if size == "12" and one.get("data-w"):
                products.append(_decimal(text))
            elif size == "12.5" and " b" in one.get("class", "") and re.fullmatch("[−0-9.,]+", text):
                sections.append((tuple(products), _decimal(text)))
                products = []
            elif size == "12.5" and text[:1] in "+−":
                lines.append(_decimal(text))
        assert not products
        found.append(Column(tuple(sections), tuple(lines), _decimal("".join(total.itertext()))))
    return found


# --- every view on every layer ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "layer"), EVERY)
@pytest.mark.parametrize("view", VIEWS)
def test_pictures_keep_the_law_and_their_text_in_place(make: Make, name: str, layer: str, view: str) -> None:
    for level in LEVELS if name in ("stanford", "groups") or layer == "C3" else ("weight", "filter"):
        seen = make(name, layer, level)
        if VIEWS[view].unfit(seen):
            assert name == "words" and view != "start-neurons"
            continue
        picture = VIEWS[view].draw(seen)
        colours = law_of_colour(svg(picture))
        assert set(colours) <= set(coloured(seen).coloured)
        assert picture.colouring == coloured(seen) and picture.legend == level_legend(seen)
        assert misplaced(picture) == []
        assert len(list(_flat(picture.marks))) <= 1000
        assert picture.width == 368 if view in PANELS else picture.width <= 1320


@pytest.mark.parametrize(
    ("name", "layer", "pairs"),
    [
        (
            "stanford",
            "conv",
            [((m, *a), (m, 2, 1)) for m in (0, 1) for a in product(range(3), repeat=2)],
        ),
        ("stanford-printed", "conv", [((0, *a), (1, *a)) for a in product(range(3), repeat=2)]),
        ("lenet5", "C3", [((12, 6, 0), (12, 6, 1)), ((4, 9, 9), (1, 0, 4)), ((15, 5, 5), (15, 6, 5))]),
        ("photos", "conv2", [((12, 13, 1), (12, 13, 2)), ((3, 15, 15), (15, 0, 0))]),
        ("groups", "", [((0, 0, 0), (5, 4, 4)), ((4, 2, 2), (3, 2, 2))]),
        ("transposed", "", [((2, 1, 4), (0, 2, 1)), ((1, 6, 6), (1, 5, 5)), ((0, 3, 3), (0, 3, 4))]),
        ("ones", "", [((9, 8, 6), (5, 1, 3))]),
        ("wide", "", [((999,), (7,)), ((500,),)]),
        ("space", "", [((1, 4, 4, 4), (1, 3, 4, 4)), ((0, 2, 2, 2), (1, 2, 2, 2))]),
        ("long line", "", [((3, 39), (3, 0)), ((2, 20), (2, 21))]),
    ],
)
def test_any_two_neurons_can_be_drawn(make: Make, name: str, layer: str, pairs: Any) -> None:
    for pins in pairs:
        seen = make(name, layer, neurons=pins)
        for view in VIEWS.values():
            picture = view.draw(seen)
            law_of_colour(svg(picture))
            assert misplaced(picture) == [], (view.name, pins)


def test_views_say_why_they_make_no_sense(make: Make) -> None:
    words = make("words", "embed")
    for view in ("arithmetic", "connections", "start-edges", "start-numbers"):
        assert VIEWS[view].unfit(words) == "its weights multiply no input: they are looked up or added"
    assert VIEWS["start-neurons"].unfit(words) == ""
    without = replace(make("stanford"), values=None)
    assert VIEWS["arithmetic"].unfit(without) == "it needs the numbers of a run; there are none"
    for view in ("connections", *PANELS):
        picture = VIEWS[view].draw(without)
        law_of_colour(svg(picture))
        assert misplaced(picture) == []


def test_a_typed_line_without_a_weight_has_no_pictures() -> None:
    model = open_model("formula:y[p] max= x[2*p + u] where u < 2", {"x": (8,)})
    seen = scene(model.model, model.model.layers[0], model.run().values)
    assert {view.unfit(seen) for view in VIEWS.values()} == {"its formula has no weight"}


@pytest.mark.parametrize(
    ("line", "shapes"),
    [
        ("y[p] += w[u] * x[2*p + u - 1]", {"x": (7,), "w": (3,), "y": (4,)}),
        ("y[i] += w[i - j + 4] * x[j]", {"x": (5,), "w": (9,), "y": (5,)}),
        ("y[m, p] += w[m, p, c, u] * x[c, p + u]", {"x": (2, 6), "w": (2, 4, 2, 3)}),
        ("y[m, p] += w[c, u] * x[c, p + u] where m < 2", {"x": (2, 6), "w": (2, 3)}),
        ("y[a, b, c, d] += w[e, f, g, h] * x[a + e, b + f, c + g, d + h]", {"x": (4,) * 4, "w": (2,) * 4}),
        ("y[t, u] += w[t - u + 3] * x[t]", {"w": (7,), "x": (4,), "y": (4, 4)}),
    ],
)
def test_any_typed_line_can_be_drawn(line: str, shapes: dict[str, tuple[int, ...]]) -> None:
    model = open_model(f"formula:{line}", shapes)
    for level in LEVELS:
        seen = scene(model.model, model.model.layers[0], model.run().values, level)
        for view in VIEWS.values():
            picture = view.draw(seen)
            law_of_colour(svg(picture))
            assert misplaced(picture) == [], view.name
        for column in ledger_columns(VIEWS["arithmetic"].draw(seen)):
            assert sum(total for _, total in column.sections) + sum(column.lines) == column.total


def test_a_block_that_folds_back_is_outlined_in_pieces() -> None:
    model = open_model("formula:y[p] += w[u] * x[circular(p + u - 1)]", {"x": (6,), "w": (3,), "y": (6,)})
    picture = VIEWS["arithmetic"].draw(scene(model.model, model.model.layers[0], model.run().values, neurons=((0,),)))
    blocks = [one for one in _of(picture, Outline) if one.height == 24]
    assert sorted(one.width for one in blocks) == [24, 48]


def test_numbers_that_are_not_finite_have_no_ledger(make: Make) -> None:
    model = open_model("example:stanford")
    given = np.full((1, 3, 5, 5), np.inf, np.float32)
    seen = scene(model.model, model.model.layers[0], model.run(given).values)
    pictures = {name: view.draw(seen) for name, view in VIEWS.items()}
    words = "There is no ledger: this run does not give finite numbers for what the layer multiplies."
    assert pictures["arithmetic"].notes[0] == words
    assert all(misplaced(picture) == [] for picture in pictures.values())


# --- the choice -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "layer", "level", "words", "count"),
    [
        ("stanford", "conv", "weight", "filter 0, channel 0", "9 of 54 weights; the others stay unfilled"),
        ("stanford", "conv", "tap", "all 9 taps", "9 of 9 taps, 6 weights each"),
        ("stanford", "conv", "filter", "both filters", "2 of 2 filters, 27 weights each"),
        ("stanford", "conv", "channel", "all 3 input channels", "3 of 3 input channels, 18 weights each"),
        ("stanford", "conv", "parameter", "both parameters", "2 of 2 parameters"),
        ("lenet5", "C1", "filter", "all 6 filters", "6 of 6 filters, 25 weights each"),
        ("lenet5", "C1", "weight", "filter 0, central 3×3 taps", "9 of 150 weights; the others stay unfilled"),
        ("lenet5", "C3", "filter", "filters 0 to 8", "9 of 16 filters; the others stay unfilled"),
        ("lenet5", "S2", "weight", "all 6 weights", "6 of 6 weights"),
        ("lenet5", "S2", "tap", "nothing", "no tap: no axis of w slides along the input"),
        ("lenet5", "F6", "weight", "filter 0, channels 0 to 8", "9 of 10,080 weights; the others stay unfilled"),
        ("long line", "", "weight", "filter 0, channel 0, central 9 taps", "9 of 88 weights; the others stay unfilled"),
        ("space", "", "tap", "the central 1×3×3 taps", "9 of 27 taps, 4 weights each; the others stay unfilled"),
        ("transposed", "", "tap", "all 9 taps", "9 of 9 taps, 6 weights each"),
        ("gates", "lstm", "weight", "filters 0 to 3", "8 of 24 weights; the others stay unfilled"),
    ],
)
def test_legends(make: Make, name: str, layer: str, level: str, words: str, count: str) -> None:
    legend = level_legend(make(name, layer, level))
    assert (legend.coloured, legend.count) == (words, count)


def test_chips_name_the_taps_and_give_their_values(make: Make) -> None:
    chips = level_legend(make("stanford")).chips
    assert [chip.label for chip in chips] == ["0,0", "0,1", "0,2", "1,0", "1,1", "1,2", "2,0", "2,1", "2,2"]
    assert [chip.value for chip in chips] == ["−1", "1", "0", "1", "1", "1", "−1", "1", "0"]
    assert chips[5].identity == "weight:0:0,0,1,2"


def test_the_chosen_filter_and_channel_are_coloured(make: Make) -> None:
    seen = make("stanford", filter_number=1, channel=2)
    assert coloured(seen).coloured == tuple(f"weight:0:1,2,{u},{v}" for u in range(3) for v in range(3))
    assert level_legend(seen).coloured == "filter 1, channel 2"
    assert coloured(make("groups", neurons=((5, 0, 0),))).coloured[0] == "weight:0:5,0,0,0"
    assert level_legend(make("groups", neurons=((5, 0, 0),))).coloured == "filter 5, channel 2"


def test_twenty_seven_colours_are_a_whole_filter(make: Make) -> None:
    seen = make("stanford", many=True)
    assert coloured(seen).palette == TWENTY_SEVEN and len(coloured(seen).coloured) == 27
    assert level_legend(seen).coloured == "filter 0"


def test_picked_identities_keep_their_slots(make: Make) -> None:
    seen = make("stanford", chosen=("weight:0:1,0,0,0", "", "weight:0:0,0,1,1"))
    assert coloured(seen).colour("weight:0:0,0,1,1") == NINE[2]
    assert level_legend(seen).coloured == "2 weights picked by hand"
    assert level_legend(make("stanford", "conv", "tap", chosen=("weight:0:1,0,0,0",))).coloured == "all 9 taps"


@pytest.mark.parametrize("name", ["weight:0:9,0,0,0", "weight:1:0", "weight:0:0,0,0", "weight:0:a", "weight:"])
def test_what_is_not_in_the_layer_cannot_be_picked(make: Make, name: str) -> None:
    with pytest.raises(RequestError) as caught:
        coloured(make("stanford", chosen=(name,)))
    assert str(caught.value) == f"coloured: must be a weight of layer conv; got {name}. Pick another."


# --- arithmetic -------------------------------------------------------------------------------------------------------


ADDED = [(name, layer) for name, layer in EVERY if name not in ("words", "gates")]


@pytest.mark.parametrize(("name", "layer"), ADDED)
def test_every_printed_sum_adds_up(make: Make, name: str, layer: str) -> None:
    seen = make(name, layer)
    picture = VIEWS["arithmetic"].draw(seen)
    columns = ledger_columns(picture)
    assert len(columns) == len(seen.neurons)
    for column, neuron in zip(columns, seen.neurons, strict=True):
        assert column.sections and all(sum(products) == total for products, total in column.sections)
        assert sum(total for _, total in column.sections) + sum(column.lines) == column.total
        assert seen.y_values is not None
        said = float(seen.y_values[neuron])
        assert abs(float(column.total) - said) <= 10.0 ** (column.total.as_tuple().exponent) + 1e-3 * abs(said)
    drawn = sum(len(products) for column in columns for products, _ in column.sections)
    assert drawn == sum(row[1] != "" and row[3] != "" for row in picture.table.rows)


def test_the_ledger_of_the_demo(make: Make) -> None:
    picture = VIEWS["arithmetic"].draw(make("stanford"))
    left, right = ledger_columns(picture)
    assert [int(total) for _, total in left.sections] == [4, 1, -1] and left.lines == (1,) and left.total == 5
    assert [int(total) for _, total in right.sections] == [3, 1, 2] and right.lines == (1,) and right.total == 7
    words = [label.text for label in _of(picture, Label)]
    assert "total; the model says 5 and 7" in words and "bias b[0], the same one" in words
    assert picture.notes[0] == "Total and model agree exactly."
    assert picture.window == ""


def test_a_weight_is_written_once_between_two_uses(make: Make) -> None:
    picture = VIEWS["arithmetic"].draw(make("stanford"))
    ledger = [cell for cell in _of(picture, Cell) if cell.index_at == "inside"]
    assert [cell.index for cell in ledger] == [",".join(map(str, place)) for place in np.ndindex(3, 3, 3)]
    two = VIEWS["arithmetic"].draw(make("stanford", neurons=((0, 0, 0), (1, 0, 0))))
    assert len([cell for cell in _of(two, Cell) if cell.index_at == "inside"]) == 54
    assert two.subtitle == "Two neurons of two filters: no weight in common."


def test_one_weight_with_four_uses_has_one_cell(make: Make) -> None:
    picture = VIEWS["arithmetic"].draw(make("lenet5", "S2"))
    (cell,) = [cell for cell in _of(picture, Cell) if cell.index_at == "inside"]
    assert cell.height == 4 * 16 and len(ledger_columns(picture)[0].sections[0][0]) == 4


def test_what_is_not_drawn_is_named_and_summed(make: Make) -> None:
    words = {
        name: [label.text for label in _of(VIEWS["arithmetic"].draw(make(name)), Label)]
        for name in ("deep", "large kernel", "wide")
    }
    assert "the other 509 channels" in words["deep"]
    assert "the other 314 products" in words["large kernel"]
    assert "the other 2,021 channels" in words["wide"]
    window = VIEWS["arithmetic"].draw(make("large kernel")).window
    assert window.startswith("Channel 0 of 3; the kernel’s rows 2 to 8 of 11 and columns 2 to 8 of 11; input rows")


def test_what_the_run_does_not_give_is_a_question_mark(make: Make) -> None:
    picture = VIEWS["arithmetic"].draw(make("gates", "lstm"))
    words = [label.text for label in _of(picture, Label)]
    assert (
        "total; the run does not give every summand" in words and words.count("?") == 2 and "3 products of r" in words
    )
    assert [row[5] for row in picture.table.rows if row[1] == "total"] == ["not given", "not given"]


def test_padding_is_hatched_and_both_blocks_are_outlined_on_every_channel(make: Make) -> None:
    picture = VIEWS["arithmetic"].draw(make("stanford"))
    cells = _of(picture, Cell)
    assert sum(cell.padding and cell.width == 24 for cell in cells) == 3 * (49 - 25)
    blocks = [one for one in _of(picture, Outline) if one.width == 72]
    assert [one.state for one in blocks] == ["pinned"] * 3 + ["selected"] * 3
    assert all(one.height == 72 for one in blocks)


# --- connections ------------------------------------------------------------------------------------------------------


def test_there_is_an_edge_for_each_connection(make: Make) -> None:
    seen = make("stanford", neurons=((0, 1, 0), (0, 1, 1)))
    picture = VIEWS["connections"].draw(seen)
    edges = _of(picture, Edge)
    wanted = {(part.y, part.w, part.x) for neuron in seen.neurons for part in seen.taps_of_neuron(neuron)}
    assert {(edge.keys.y[0], edge.keys.w[0], edge.keys.x[0] if edge.keys.x else None) for edge in edges} == wanted
    assert len(edges) == 54 and sum(edge.padding for edge in edges) == 9
    assert sum(picture.colouring.colour(edge.identity) is not None for edge in edges) == 18
    words = [label.text for label in _of(picture, Label)]
    assert "uses 18 of 27: column −1 is padding" in words and "uses all 27" in words
    assert "3 + 4 − 1 + 1" in words and "0 + 7 + 1 + 1" in words and "= 7" in words and "= 9" in words


def test_edges_end_in_the_ports_of_their_weights(make: Make) -> None:
    for name, layer in [("stanford", ""), ("lenet5", "C3"), ("transposed", ""), ("wide", "")]:
        picture = VIEWS["connections"].draw(make(name, layer))
        ports = {
            (cell.keys.y, cell.keys.w, cell.x + cell.width / 2): cell for cell in _of(picture, Cell) if cell.keys.w
        }
        ends = [(edge.x2, edge.y2) for edge in _of(picture, Edge)]
        assert len(set(ends)) == len(ends) == len(ports)
        for edge in _of(picture, Edge):
            assert ports[edge.keys.y, edge.keys.w, edge.x2].identity == edge.identity


def test_a_short_line_is_drawn_whole(make: Make) -> None:
    picture = VIEWS["connections"].draw(make("line", neurons=((0, 1), (0, 2))))
    assert len(_of(picture, Edge)) == 12 and len(_of(picture, Rect)) == 4
    words = [label.text for label in _of(picture, Label)]
    assert words.count("uses all 3") == 2 and sum(text.startswith("uses 2 of 3: position") for text in words) == 2
    assert picture.notes[0] == "12 connections drawn, 10 of them on real input, 3 weights."


def test_the_edges_of_large_layers_are_a_named_window(make: Make) -> None:
    picture = VIEWS["connections"].draw(make("deep"))
    assert picture.window == "Channels 0 to 2 of 512" and len(_of(picture, Edge)) == 54
    assert VIEWS["connections"].draw(make("wide", channel=2047)).window == "Channels 2018 to 2047 of 2,048"


def test_the_weight_that_is_pointed_at_is_outlined_in_all(make: Make) -> None:
    seen = make("stanford", weight=(0, 0, 1, 2))
    counts = {"arithmetic": 4, "connections": 2, "start-edges": 2, "start-numbers": 1, "start-neurons": 9}
    for name, count in counts.items():
        picture = lit(VIEWS[name].draw(seen), seen)
        assert sum(ring.whole for one in _of(picture, Rings) for ring in one.rings) == count, name
        assert {edge.keys.w for edge in _of(picture, Edge) if edge.pointed} <= {((0, 0, 1, 2),)}


# --- neurons are no weights -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("view", VIEWS)
def test_a_neuron_is_filled_at_level_filter_alone(make: Make, view: str) -> None:
    for level in LEVELS:
        picture = VIEWS[view].draw(make("stanford", "conv", level))
        marks = [mark for mark in [*_of(picture, Cell), *_of(picture, Rect)] if mark.keys.y and not mark.keys.w]
        filled = [mark for mark in marks if picture.colouring.colour(mark.identity) is not None]
        assert bool(filled) == (level == "filter")
        if level == "filter" and view != "start-neurons":
            assert filled == marks


# --- the first screen -------------------------------------------------------------------------------------------------


def test_the_three_panels_of_the_demo(make: Make) -> None:
    edges, numbers, neurons = (VIEWS[name].draw(make("stanford")) for name in PANELS)
    assert " ".join(edges.notes) == (
        "18 edges, 9 colours: i and j use the same nine weights. Channel 0 gives 4 of the 5 and 3 of the 7. "
        "Dashed: reads padding, 0. Fold the nine ports to 3×3: that is the mosaic in picture 3."
    )
    assert " ".join(numbers.notes) == (
        "Five of the nine coloured weights have the value 1, yet are five weights: colour is identity, not value."
    )
    assert " ".join(neurons.notes) == (
        "Mosaic: the filter a neuron uses (channel 0 of it). "
        "All nine in slice 0 are equal; slice 1 has its own 27 weights, left unfilled here."
    )
    subtitles = [picture.subtitle for picture in (edges, numbers, neurons)]
    assert subtitles == [
        "an edge is one use of one weight", "a filter cell is one weight", "a neuron is 27 uses, of 27 weights"
    ]  # fmt: skip
    assert all(VIEWS[name].panel for name in PANELS)


def test_the_panels_at_level_filter(make: Make) -> None:
    edges, numbers, neurons = (VIEWS[name].draw(make("stanford", "conv", "filter")) for name in PANELS)
    assert edges.notes[0] == (
        "18 edges, 1 colour: i and j use the same filter. Which of its weights an edge uses, this colour does not tell."
    )
    assert numbers.notes == ("One colour, 27 cells: one filter, 27 different weights.",)
    assert neurons.notes == ("Switch to weight: each square opens into the mosaic of the weights behind it.",)


def test_a_mosaic_lacks_what_its_neuron_does_not_use(make: Make) -> None:
    seen = make("transposed", neurons=((0, 1, 1), (0, 1, 2)))
    picture = VIEWS["start-neurons"].draw(seen)
    for neuron in seen.neurons:
        used = {part.w for part in seen.taps_of_neuron(neuron)}
        drawn = {cell.keys.w[0] for cell in _of(picture, Cell) if cell.keys.y == (neuron,) and cell.keys.w}
        assert drawn and drawn <= used


def test_neurons_without_positions_have_a_filter_each(make: Make) -> None:
    picture = VIEWS["start-neurons"].draw(make("lenet5", "F6"))
    assert picture.notes[1] == "No two of these neurons have a weight in common."
    assert picture.window == "Channels 0 to 8 of 120; neurons 0 to 17 of 84"


def test_the_sums_under_long_numbers_are_true_as_printed(make: Make) -> None:
    for name, layer in [("photos", "conv1"), ("lenet5", "C3"), ("wide", "")]:
        picture = VIEWS["start-numbers"].draw(make(name, layer))
        labels = [label for label in _of(picture, Label) if label.anchor == "end" and label.role == "mono"]
        numbers = [label for label in labels if label.size in (12, 13)]
        for end in {label.x for label in numbers if label.size == 13}:
            column = [label for label in numbers if label.x == end]
            total = next(_decimal(label.text) for label in column if label.size == 13)
            assert sum(_decimal(label.text) for label in column if label.size == 12) == total
