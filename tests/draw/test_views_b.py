"""Bank, volume, kernel, baselines and matrix: the law of colour, text that fits, and counts equal to the relation's."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from decimal import Decimal
from functools import cache
from math import prod
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from isochrome.app.api import open_model
from isochrome.draw.identity import LEVELS
from isochrome.draw.layout import ROLES, text_width
from isochrome.draw.picture import Cell, Group, Ink, Label, Outline, Picture, Rect, Sheet, Tag
from isochrome.draw.scene import Scene, scene
from isochrome.draw.view import View
from isochrome.draw.views import bank, baselines, kernel, matrix, volume
from isochrome.draw.views.ink import connections_under, density, ink, whole_blocks
from isochrome.draw.views.matrix_order import Order, columns_of, matrix_of, rows_of
from isochrome.draw.views.partial import axis_numbers, fixed
from isochrome.draw.views.uses import ABSENT, PADDING, REAL, use_map
from isochrome.render.svg import svg
from tests.draw.readback import law_of_colour

VIEWS = {one.VIEW.name: one.VIEW for one in (bank, volume, kernel, baselines, matrix)}
RESNET = Path(onnx.__file__).parent / "backend/test/data/light/light_resnet50.onnx"
RNG = np.random.default_rng(7)


def _whole(*shape: int) -> np.ndarray:
    return RNG.integers(-2, 3, shape).astype(np.float32)


def _real(*shape: int) -> np.ndarray:
    return RNG.standard_normal(shape).astype(np.float32)


def _conv(x: tuple[int, ...], w: np.ndarray, bias: np.ndarray | None = None, op: str = "Conv", **attributes: object):
    names = ["x", "w"] + (["b"] if bias is not None else [])
    weights = {"w": w} | ({"b": bias} if bias is not None else {})
    return [helper.make_node(op, names, ["y"], name="layer", **attributes)], [1, *x], weights


SMALL = {
    "1-D": _conv((2, 9), _whole(3, 2, 3), _whole(3), pads=[1, 1], strides=[2]),
    "3-D": _conv((2, 6, 7, 8), _real(4, 2, 3, 3, 3), pads=[1] * 6),
    "grouped": _conv((4, 8, 8), _real(6, 2, 3, 3), _real(6), group=2, pads=[1] * 4),
    "depthwise": _conv((4, 6, 6), _whole(4, 1, 3, 3), group=4, pads=[1] * 4),
    "transposed": _conv((3, 4, 4), _whole(3, 2, 3, 3), _whole(2), "ConvTranspose", strides=[2, 2], pads=[1] * 4),
    "1x1": _conv((5, 6, 6), _real(7, 5, 1, 1)),
    "dilated": _conv((1, 20, 20), _real(1, 1, 3, 3), pads=[4] * 4, dilations=[4, 4]),
    "dead": _conv((1, 1, 2), _whole(2, 1, 5, 5), pads=[2] * 4),
    "alexnet": _conv((3, 227, 227), _real(96, 3, 11, 11), _real(96), strides=[4, 4]),
    "tokens": ([helper.make_node("MatMul", ["x", "w"], ["y"], name="layer")], ["n", 7, 12], {"w": _real(12, 20)}),
    "lstm": (
        [helper.make_node("LSTM", ["x", "w", "r", "b"], ["y", ""], name="layer", hidden_size=4)],
        [5, "n", 3],
        {"w": _real(1, 16, 3), "r": _real(1, 16, 4), "b": _real(1, 32)},
    ),
    "folded": (
        [helper.make_node("Pad", ["x", "pads"], ["z"], mode="reflect"),
         helper.make_node("Conv", ["z", "w"], ["y"], name="layer")],
        [1, 1, 6, 6],
        {"w": _whole(2, 1, 3, 3), "pads": np.array([0, 0, 1, 1, 0, 0, 1, 1], np.int64)},
    ),
}  # fmt: skip
FILES = {"stanford": "conv", "lenet5": "C1 S2 C3 C5 F6", "photos": "conv2 linear"}
LARGE = {"conv": (64, 3, 7, 7), "norm": (64,), "1x1": (64, 64, 1, 1), "3x3": (512, 512, 3, 3), "linear": (1000, 2048)}
CASES = (
    *SMALL,
    *(f"{name}/{layer}" for name, layers in FILES.items() for layer in layers.split()),
    *(f"resnet/{layer}" for layer in LARGE),
)
FOLDER = TemporaryDirectory()
ALL_LEVELS = ("stanford/conv", "grouped", "lenet5/C3", "tokens", "resnet/conv")


@cache
def opened(name: str):
    """A model and the numbers of one run."""
    if name in FILES:
        model = open_model(f"example:{name}")
    elif name == "resnet":
        model = open_model(RESNET)
    else:
        nodes, shape, weights = SMALL[name]
        values = [helper.make_tensor_value_info(*each) for each in (("x", 1, shape), ("y", TensorProto.FLOAT, None))]
        tensors = [numpy_helper.from_array(array, at) for at, array in weights.items()]
        graph = helper.make_graph(nodes, "small", values[:1], values[1:], tensors)
        made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        path = Path(FOLDER.name) / f"{name}.onnx"
        onnx.save(made, path)
        model = open_model(path)
    return model, model.run().values


def seen(case: str, level: str = "weight", neurons=(), values: bool = True) -> Scene:
    """A scene of one of the cases."""
    name, _, layer = case.partition("/")
    model, numbers = opened(name)
    layers = model.model.layers
    if name == "resnet":
        found = next(each for each in layers if each.lines[0].shape("w") == LARGE[layer])
    else:
        found = model.model.layer(layer) if layer else layers[0]
    return scene(model.model, found, numbers if values else None, level, neurons)


def drawn(view: str, case: str, level: str = "weight", neurons=()) -> Picture:
    made = VIEWS[view].draw(seen(case, level, neurons))
    assert isinstance(made, Picture)
    return made


def found_in(picture: Picture, kind: type) -> list:
    """All marks of a kind; these views move none of them in groups."""
    assert not any(isinstance(mark, Group) for mark in picture.marks)
    return [mark for mark in picture.marks if isinstance(mark, kind)]


def cells(picture: Picture) -> list[Cell]:
    return found_in(picture, Cell)


def texts(picture: Picture) -> list[str]:
    return [label.text for label in found_in(picture, Label)]


def _box(label: Label) -> tuple[float, float, float, float]:
    usual, bold, mono, _ = ROLES[label.role]
    size = label.size or usual
    bold, mono = bold if label.bold is None else label.bold, mono if label.mono is None else label.mono
    wide = text_width(label.text, size, bold, mono)
    x = label.x - {"start": 0, "middle": wide / 2, "end": wide}[label.anchor]
    return x, label.y - 0.72 * size, x + wide, label.y + 0.2 * size


def _meet(one, other) -> bool:
    return all(min(one[2 + at], other[2 + at]) - max(one[at], other[at]) > 0.5 for at in (0, 1))


def check_text(picture: Picture) -> None:
    """Text lies inside the picture, and on no other text, cell or tag."""
    labels = [(_box(label), label.text) for label in found_in(picture, Label)]
    solid = [(mark.x, mark.y, mark.x + mark.width, mark.y + mark.height) for mark in cells(picture)]
    solid += [(mark.x, mark.y, mark.x + 16, mark.y + 16) for mark in found_in(picture, Tag)]
    for number, (box, text) in enumerate(labels):
        inside = box[0] > -0.5 and box[1] > -0.5 and box[2] < picture.width + 0.5 and box[3] < picture.height + 0.5
        assert inside, f"{text!r} leaves the picture: {box}"
        for other, second in labels[number + 1 :]:
            assert not _meet(box, other), f"{text!r} meets {second!r}"
        assert not any(_meet(box, other) for other in solid), f"{text!r} meets a mark"
    for mark in (*cells(picture), *found_in(picture, Rect)):
        assert -0.5 <= mark.x and mark.x + mark.width <= picture.width + 0.5
        assert -0.5 <= mark.y and mark.y + mark.height <= picture.height + 0.5


def check(view: View, one: Scene) -> bytes:
    picture = view.draw(one)
    found = svg(picture)
    colours = law_of_colour(found) if picture.level != "none" else {}
    assert set(colours) <= set(picture.colouring.coloured)
    assert len(picture.marks) <= 1000
    assert picture.description and picture.title.startswith(view.title)
    assert picture.table.rows and {len(row) for row in picture.table.rows} == {len(picture.table.head)}
    check_text(picture)
    return found


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("case", CASES)
def test_pictures_obey_the_law_of_colour_and_their_text_fits(case: str, view: str) -> None:
    one = VIEWS[view]
    base = seen(case)
    if one.unfit(base):
        assert one.unfit(base).endswith(tuple("abcdefghijklmnopqrstuvwxyz"))
        return
    last = tuple(size - 1 for size in base.y.shape)
    levels = LEVELS if case in ALL_LEVELS else ("weight", "filter")
    first = [check(one, seen(case, level)) for level in levels][0]
    assert first == svg(one.draw(seen(case))), "the same scene gave two pictures"
    check(one, seen(case, "filter", (last, tuple(0 for _ in last))))
    check(one, seen(case, values=False))


@pytest.mark.parametrize("case", CASES)
def test_a_neuron_is_never_filled_but_at_level_filter(case: str) -> None:
    for level in ("weight", "channel") if case not in ALL_LEVELS else ("weight", "tap", "channel", "parameter"):
        for name in ("bank", "volume"):
            if VIEWS[name].unfit(seen(case)):
                continue
            picture = drawn(name, case, level)
            neurons = [mark for mark in (*cells(picture), *found_in(picture, Sheet)) if mark.keys.y]
            assert neurons and all(mark.identity is None for mark in neurons)


def test_a_view_says_why_it_makes_no_sense() -> None:
    one = "the output has one position, so a slice is one neuron: nothing is shared along positions"
    assert volume.VIEW.unfit(seen("lenet5/F6")) == one
    assert bank.VIEW.unfit(seen("lstm")).startswith("each neuron adds products with W and R")
    assert not any(one.unfit(seen("grouped")) for one in VIEWS.values())


def test_a_window_is_drawn_where_the_scene_asks_for_it_and_named() -> None:
    asked = replace(seen("lenet5/C1", "filter"), window=((10, 15), (20, 25)))
    picture = volume.VIEW.draw(asked)
    assert picture.window == "Rows 10 to 14, columns 20 to 24 of 28×28"
    places = {place for mark in found_in(picture, Sheet) for place in mark.keys.y}
    assert places == {(m, p, q) for m in range(6) for p in range(10, 15) for q in range(20, 25)}


def _number(text: str) -> Decimal:
    return Decimal(text.replace("−", "-").replace(",", "") or "0")


@pytest.mark.parametrize("case", [case for case in CASES if case not in ("lstm", "resnet/norm")])
def test_the_maps_of_a_bank_add_up_to_the_framework_s_value(case: str) -> None:
    picture = drawn("bank", case)
    decimals = max((len(cell.partition(".")[2]) for row in picture.table.rows for cell in row[1:]), default=0)
    for neuron, *terms, value in picture.table.rows:
        slack = Decimal(len(terms) + 1) * Decimal(10) ** -decimals if decimals else 0
        assert abs(sum(map(_number, terms)) - _number(value)) <= slack, neuron


@pytest.mark.parametrize("case", ["stanford/conv", "lenet5/C3", "photos/conv2", "resnet/3x3", "tokens"])
def test_the_printed_sum_is_true_as_printed(case: str) -> None:
    told = next(note for note in drawn("bank", case).notes if " = " in note)
    left, _, right = told.rstrip(".").partition("] = ")[2].replace(" (rounding)", "").rpartition(" = ")
    terms = left.replace("− ", "−").replace("+ ", "").split()
    assert sum(map(_number, terms)) == _number(right)


def test_the_bank_of_the_demo_shows_its_numbers() -> None:
    picture = drawn("bank", "stanford/conv", "filter")
    assert picture.notes[0] == "2 filters give 2 slices, not 6: the 3 channel maps of a filter are added."
    assert "y[0,0,0] = 4 + 1 − 1 + 1 = 5." in picture.notes
    filled = Counter(cell.identity for cell in cells(picture) if cell.keys.y and cell.identity)
    assert filled == {"filter:0": 9, "filter:1": 9}
    padded = sum(cell.padding for cell in cells(picture))
    assert padded == 3 * (7 * 7 - 5 * 5)


@pytest.mark.parametrize("case", ["stanford/conv", "1-D", "grouped", "depthwise", "transposed", "1x1", "lenet5/C3"])
def test_a_slice_and_a_column_have_what_the_table_says(case: str) -> None:
    one = seen(case, "filter")
    rows = {what: (of_slice, of_column) for what, of_slice, of_column in drawn("volume", case).table.rows}
    found: list[list[tuple[set, frozenset]]] = [[], []]
    for place in np.ndindex(*one.y.shape):
        taps = one.rows_of_neuron(place)
        entry = ({tuple(w) for w in taps.w.tolist()}, frozenset(map(tuple, taps.at.tolist())))
        for side, axes in enumerate((one.y.of("filter", "group"), one.y.of("position"))):
            if all(place[axis] == one.neurons[0][axis] for axis in axes):
                found[side].append(entry)
    for side, entries in enumerate(found):
        assert rows["neurons"][side] == f"{len(entries):,}"
        weights = set().union(*(used for used, _ in entries))
        assert re.findall(r"\d[\d,]*", rows["weights used"][side])[-1] == f"{len(weights):,}"
        regions = len({region for _, region in entries})
        told = rows["input region"][side]
        assert (regions == 1) == told.startswith("one") or "channels differ" in told
        if told.endswith("regions"):
            assert told == f"{regions:,} regions"


def test_a_slice_is_shared_and_a_column_is_not() -> None:
    rows = drawn("volume", "lenet5/C1").table.rows
    assert ("in w[m, c, u, v]?", "no: shared", "yes: not shared") in rows
    assert ("loops that vary", "p, q", "m") in rows and ("input region", "784 regions", "one 5×5 region") in rows
    mixed = {row[0]: row[1] for row in drawn("volume", "transposed").table.rows}
    assert mixed["in w[c, m, u, v]?"] == "u and v yes, p and q no"


@pytest.mark.parametrize("case", CASES)
def test_real_uses_are_those_of_the_relation(case: str) -> None:
    one = seen(case)
    for place, _, taps, real in drawn("kernel", case).table.rows:
        found = one.relation.fix({one.line.weight_number: tuple(map(int, place.split(",")))})
        assert (int(taps.replace(",", "")), int(real.replace(",", ""))) == (found.total, found.real)


@pytest.mark.parametrize("case", ["stanford/conv", "1-D", "grouped", "transposed", "dilated", "lenet5/S2", "tokens"])
def test_a_map_of_uses_says_for_every_neuron_what_its_tap_meets(case: str) -> None:
    one = seen(case)
    axes = one.y.of("position")[-2:]
    for place in {tuple(w) for w in one.filter_rows.w.tolist()}:
        found = use_map(one, place, one.filter_place(one.filter), (), axes)
        for row, column in np.ndindex(len(found.rows), len(found.columns)):
            neuron = one.neuron_at(one.filter_place(one.filter), (row, column)[2 - len(axes) :])
            taps = one.rows_of_neuron(neuron)
            real = taps.real[(taps.w == place).all(axis=1)]
            assert found.state(row, column) == (ABSENT if not len(real) else REAL if real.any() else PADDING)


def test_the_kernel_of_the_demo_counts_its_uses() -> None:
    labels = texts(drawn("kernel", "stanford/conv"))
    assert "4 + 6 + 4 + 6 + 9 + 6 + 4 + 6 + 4 = 49" in labels
    assert " ".join(labels).endswith(
        "49 real uses in each channel of each filter; 49 × 3 × 2 = 294 real connections of 486. No weight is dead."
    )
    assert " ".join(texts(drawn("kernel", "dead"))).endswith("44 weights of 50 are dead: on padding only.")


@pytest.mark.parametrize("case", CASES)
def test_products_of_uses_are_true_as_printed(case: str) -> None:
    text = " ".join(texts(drawn("kernel", case)))
    for product in re.findall(r"((?:[\d,]+ × )+[\d,]+) = ([\d,]+) real", text):
        left, right = (part.replace(",", "") for part in product)
        assert prod(map(int, left.split(" × "))) == int(right) == seen(case).relation.real_connections


def test_alexnet_s_first_layer_has_the_known_counts() -> None:
    picture = drawn("baselines", "alexnet")
    assert picture.table.rows == (
        ("shared, as it is", "290,400", "105,705,600", "34,944", "3,025"),
        ("locally connected", "290,400", "105,705,600", "105,705,600", "1"),
        ("fully connected", "290,400", "44,892,355,200", "44,892,355,200", "1"),
    )
    labels = set(texts(picture))
    assert {"weights and biases; ≈179.6 GB as float32", "one for each connection; ≈422.8 MB",
            "34,848 weights, 96 biases; ≈139.8 kB", "shared, to scale: 1/3,025"} <= labels  # fmt: skip
    squares = found_in(picture, Rect)
    wash, local, inside, shared, tiny = (squares[0], squares[1], squares[3], squares[2], squares[4])
    assert (inside.width / wash.width) ** 2 == pytest.approx(105705600 / 44892355200)
    assert (tiny.width / local.width) ** 2 == pytest.approx(1 / 3025) and tiny.fill == shared.fill == "ink"


def test_a_layer_without_sharing_has_three_equal_squares() -> None:
    picture = drawn("baselines", "lenet5/C5")
    assert {mark.width for mark in found_in(picture, Rect)} == {250}
    assert picture.notes[0] == "Sharing saves nothing here: each weight is used once."


@pytest.mark.parametrize("case", CASES)
def test_the_entries_of_a_matrix_are_the_relation_s(case: str) -> None:
    one, picture = seen(case), drawn("matrix", case)
    entries = {(mark.keys.y[0], mark.keys.x[0]): set(mark.keys.w) for mark in cells(picture)}
    neurons = {tuple(map(int, label.text.split(","))) for label in found_in(picture, Label) if label.role == "index"}
    columns = {x for _, x in entries}
    lows, highs = np.min(list(columns), axis=0), np.max(list(columns), axis=0)
    wanted: dict[tuple, set] = {}
    for neuron in neurons:
        taps = one.rows_of_neuron(neuron)
        for at, w, real in zip(taps.at.tolist(), taps.w.tolist(), taps.real.tolist(), strict=True):
            if real and all(low <= index <= high for low, index, high in zip(lows, at, highs, strict=True)):
                wanted.setdefault((neuron, tuple(at)), set()).add(tuple(w))
    assert entries == wanted


def test_the_matrix_of_the_demo_is_whole() -> None:
    picture = drawn("matrix", "stanford/conv")
    assert picture.window == "" and len(cells(picture)) == 294
    assert picture.notes[0] == "18 neurons × 75 inputs = 1,350 entries: 294 connections, 1,056 fixed zeros."
    few = "Of 9 × 25 entries in a block only 9 numbers are free; a fully connected layer would have 225."
    assert few in picture.notes
    assert [mark.state for mark in found_in(picture, Outline)] == ["pinned", "selected"]


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize(("rows", "columns"), [(200, 246), (7, 11)])
@pytest.mark.parametrize("channel_last", [False, True])
def test_ink_counts_the_connections_under_every_pixel(case: str, rows: int, columns: int, channel_last: bool) -> None:
    one = seen(case)
    y, x = rows_of(one, channel_last), columns_of(one, channel_last)
    down, across = whole_blocks(y.shape, rows), whole_blocks(x.shape, columns)
    matrix = matrix_of(one, y, x)
    found = connections_under(matrix, down, across)
    assert found.shape == (len(down) - 1, len(across) - 1) and len(down) <= rows + 1 and len(across) <= columns + 1
    assert found.sum() == one.relation.real_connections and matrix.entries == y.total * x.total
    if one.relation.connections < 150_000:
        places = one.relation.everything.places()
        real = one.relation.inside(x.number, places[x.number])
        at = [
            np.searchsorted(cuts, _flat(one, side, places[side.number][real]), side="right") - 1
            for side, cuts in ((y, down), (x, across))
        ]
        wanted = np.zeros_like(found)
        np.add.at(wanted, tuple(at), 1)
        assert (wanted == found).all()
    most = density(found, down, across).max()
    assert most == (found / np.maximum.outer(np.diff(down), np.diff(across))).max()
    assert ((ink(found, down, across, max(1.0, most)) > 0) == (found > 0)).all()


def _flat(one: Scene, side: Order, places: np.ndarray) -> np.ndarray:
    """The number of each place of an access, batch and all, as a row or a column."""
    sizes = [side.axes.shape[axis] for axis in side.order]
    return np.ravel_multi_index(tuple(places[:, axis_numbers(one, side.number, side.order)].T), sizes)


def test_one_block_of_the_matrix_is_counted_alone() -> None:
    one = seen("alexnet")
    taps = fixed(one.relation, {0: {1: 5}, one.line.input_number: {1: 2}})
    assert taps.total == 3025 * 121
    rasters = found_in(drawn("matrix", "alexnet"), Ink)
    assert len(rasters) == 2 and all(mark.width <= 246 and mark.width % mark.columns == 0 for mark in rasters)
