"""Models that are broken: one line that names the file and the fault, or, where the model is sound, a sound report."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from onnx import ModelProto, TensorProto, helper

from isochrome.ask.report import report
from isochrome.errors import ModelError
from tests.conformance.graphs import Case, Graph, opened

HUGE = 2**40


def fault(model: ModelProto | Graph) -> str:
    """What is said of a model, without the folder it lies in."""
    with pytest.raises(ModelError) as caught:
        opened(model.model() if isinstance(model, Graph) else model)
    text = str(caught.value)
    assert "\n" not in text
    head, _, rest = text.partition("model.onnx: ")
    assert head.startswith("/") and rest
    return rest


def conv(**attributes: Any) -> Graph:
    graph = Graph()
    graph.node("Conv", graph.input(1, 4, 6, 6), graph.weight(4, 4, 3, 3), name="c", **attributes)
    return graph


def raw(name: str, **fields: Any) -> Graph:
    """The convolution with an attribute of a wrong type."""
    graph = conv()
    graph.nodes[0].attribute.append(helper.make_attribute(name, **fields))
    return graph


def one(op: str, *shapes: tuple[int, ...], stored: int = 0, **attributes: Any) -> Graph:
    """One node; the last ``stored`` operands are stored."""
    graph = Graph()
    count = len(shapes) - stored
    operands = [graph.input(*shape, name=f"x{number}") for number, shape in enumerate(shapes[:count])]
    graph.node(op, *operands, *(graph.weight(*shape) for shape in shapes[count:]), name="c", **attributes)
    return graph


WRONG: dict[str, tuple[Callable[[], Graph], str]] = {
    "group of zero": (lambda: conv(group=0), "node c (Conv): group: must be positive; got 0"),
    "group that does not divide": (lambda: conv(group=3), "node c (Conv): group: must divide the 4 input channels; got 3"),
    "kernel of another size": (
        lambda: conv(kernel_shape=[5, 5]),
        "node c (Conv): kernel_shape: must be [3, 3], the taps of the weight; got [5, 5]",
    ),
    "negative stride": (lambda: conv(strides=[-1, 1]), "node c (Conv): strides: must be positive; got [-1, 1]"),
    "too few pads": (lambda: conv(pads=[1, 1]), "node c (Conv): pads: must hold 4 numbers; got [1, 1]"),
    "unknown auto_pad": (
        lambda: conv(auto_pad="SOME"),
        "node c (Conv): auto_pad: must be one of NOTSET, VALID, SAME_UPPER, SAME_LOWER; got SOME",
    ),
    "text for a number": (
        lambda: raw("group", value="two"), "node c (Conv): attribute group: must be of type int; got string",
    ),
    "number for a list": (
        lambda: raw("strides", value=2), "node c (Conv): attribute strides: must be of type ints; got int",
    ),
    "float for a number": (
        lambda: raw("group", value=2.0), "node c (Conv): attribute group: must be of type int; got float",
    ),
    "channels that do not fit": (
        lambda: one("Conv", (1, 3, 6, 6), (4, 4, 3, 3), stored=1),
        "node c (Conv): x: must have 4 channels, 4 for each of 1 group; got 3",
    ),
    "window larger than the input": (
        lambda: one("Conv", (1, 4, 2, 6), (4, 4, 3, 3), stored=1),
        "node c (Conv): axis 2 of x: must hold the window's 3 places; got 2 and padding 0, 0",
    ),
    "rows that do not fit": (
        lambda: one("Gemm", (2, 3), (4, 5), stored=1), "node c (Gemm): b: must have 3 rows, the columns of a; got 4",
    ),
    "no kernel_shape": (
        lambda: one("MaxPool", (1, 2, 4, 4)), "node c (MaxPool): attribute kernel_shape: must be there; is missing",
    ),
    "no axis": (lambda: one("Concat", (1, 2), (1, 2)), "node c (Concat): attribute axis: must be there; is missing"),
    "no equation": (lambda: one("Einsum", (1, 2)), "node c (Einsum): attribute equation: must be there; is missing"),
    "no num_groups": (
        lambda: one("GroupNormalization", (1, 2, 4), (2,), (2,), stored=2),
        "node c (GroupNormalization): attribute num_groups: must be there; is missing",
    ),
    "no blocksize": (
        lambda: one("DepthToSpace", (1, 4, 2, 2)), "node c (DepthToSpace): attribute blocksize: must be there; is missing",
    ),
    "no size": (lambda: one("LRN", (1, 4, 2, 2)), "node c (LRN): attribute size: must be there; is missing"),
    "a missing operand": (lambda: one("Conv", (1, 4, 6, 6)), "node c (Conv): operand 1: must be there; is missing"),
    "gates that do not fit": (
        lambda: one("LSTM", (5, 1, 3), (1, 15, 3), (1, 16, 4), stored=2, hidden_size=4),
        "node c (LSTM): w: must have shape [1, 16, 3]; got shape [1, 15, 3]",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_the_fault_is_named(case: str) -> None:
    build, wanted = WRONG[case]
    assert fault(build()) == wanted


def test_a_cyclic_graph() -> None:
    graph = Graph()
    graph.input(1, 3)
    graph.nodes = [
        helper.make_node("Add", ["x", "b"], ["a"], "first"),
        helper.make_node("Relu", ["a"], ["b"], "second"),
    ]
    assert fault(graph) == ("node first (Add): its input b must be made before it; nothing does. Is the graph cyclic?")


def test_nodes_out_of_order() -> None:
    graph = Graph()
    last = graph.node("Relu", graph.node("Relu", graph.input(1, 3)))
    graph.nodes.reverse()
    assert (
        fault(graph.model([last]))
        == "node n1 (Relu): its input t0 must be made before it; nothing does. Is the graph cyclic?"
    )


def test_a_name_that_is_made_twice() -> None:
    graph = Graph()
    graph.input(1, 3)
    graph.nodes = [helper.make_node(op, ["x"], ["y"], op.lower()) for op in ("Relu", "Tanh")]
    assert fault(graph) == "node tanh (Tanh): its output y must be made once; is there already"
    graph.nodes = [helper.make_node("Relu", ["x"], ["x"], "itself")]
    assert fault(graph) == "node itself (Relu): its output x must be made once; is there already"


def test_an_output_that_nothing_makes() -> None:
    graph = Graph()
    graph.node("Relu", graph.input(1, 3))
    assert fault(graph.model(["y"])) == "output y: must be made by a node; none makes it"


@pytest.mark.parametrize(("sizes", "found"), [([-1, 3], -1), ([2, -5], -5)])
def test_a_negative_size(sizes: list[int], found: int) -> None:
    model = one("Relu", (1, 3)).model()
    model.graph.input[0].CopyFrom(helper.make_tensor_value_info("x0", TensorProto.FLOAT, sizes))
    assert fault(model) == f"value x0: each dimension must be 0 or more; got {found}."


def test_a_stored_tensor_of_negative_size() -> None:
    model = one("Gemm", (2, 3), (3, 5), stored=1).model()
    model.graph.initializer[0].dims[0] = -3
    assert "-3" in fault(model)


def test_text_that_would_deceive_is_made_visible() -> None:
    graph = conv(group=0)
    graph.nodes[0].name = "<script>\u202e\n" + "x" * 100
    assert fault(graph).startswith("node <script><U+202E><U+000A>xxx")


def test_indices_outside_a_stored_tensor() -> None:
    graph = Graph()
    picked = graph.node("Gather", graph.weight(4, 3, name="w"), graph.constant(np.array([1, 7])), name="pick")
    graph.node("MatMul", graph.input(1, 2), picked)
    assert "must" in fault(graph)


SOUND: dict[str, Callable[[], Graph]] = {
    "no places": lambda: one("Mul", (1, 4, 0, 6), (4, 1, 1), stored=1),
    "no batch": lambda: one("MatMul", (0, 3), (3, 2), stored=1),
    "no columns": lambda: one("MatMul", (2, 0), (0, 5), stored=1),
    "an empty sequence": lambda: one("RNN", (0, 1, 3), (1, 2, 3), (1, 2, 2), stored=2, hidden_size=2),
    "an unknown operation": lambda: one("Frobnicate", (1, 3)),
    "an unknown attribute": lambda: conv(colour="red"),
    "two stored operands": lambda: one("Einsum", (2, 3), (3, 4), (4, 5), stored=2, equation="ni,ij,jo->no"),
}


@pytest.mark.parametrize("case", SOUND)
def test_a_sound_model_is_reported(case: str) -> None:
    found = report(opened(SOUND[case]().model()).model)
    assert found.to_dict()["layers"]


def test_what_two_stored_operands_do_is_opaque() -> None:
    [row] = report(opened(SOUND["two stored operands"]().model()).model).layers
    assert row.opaque == "two of its operands are stored: its connections have two weights each"


@pytest.mark.parametrize(
    ("op", "shape", "more"),
    [
        ("Conv", [1, 3, HUGE], {"pads": [1, 1]}),
        ("Conv", [1, 3, HUGE], {"strides": [7], "dilations": [5]}),
        ("MaxPool", [1, 3, HUGE], {"kernel_shape": [3]}),
        ("AveragePool", [1, 3, HUGE], {"kernel_shape": [3], "pads": [1, 1]}),
        ("GlobalAveragePool", [1, 3, HUGE], {}),
        ("Softmax", [1, 3, HUGE], {}),
        ("Transpose", [1, HUGE, HUGE], {}),
        ("Flatten", [1, HUGE, 5], {}),
    ],
)
def test_a_huge_shape_costs_no_time(op: str, shape: list[int], more: dict[str, Any]) -> None:
    """Sizes of 2^40: a report at once, or one line that says why not."""
    graph = Graph()
    graph.input(1, name="x")
    operands = ["x", graph.weight(2, 3, 3)] if op == "Conv" else ["x"]
    graph.node("Mul", graph.node(op, *operands, **more), graph.weight(2, 1, 1, name="last"))
    model = graph.model()
    model.graph.input[0].CopyFrom(helper.make_tensor_value_info("x", TensorProto.FLOAT, shape))
    begin = time.monotonic()
    try:
        found = report(opened(model).model)
        neurons = next(row for row in found.layers if row.name == "n1").counts.neurons
        assert neurons > HUGE // 8 if op != "GlobalAveragePool" else neurons == 6
    except ModelError as refused:
        assert "\n" not in str(refused)
    assert time.monotonic() - begin < 20


@pytest.mark.parametrize("op", ["ConstantOfShape", "Expand", "Tile"])
def test_a_huge_constant_costs_no_memory(op: str) -> None:
    graph = Graph()
    sizes = graph.constant(np.array([HUGE, 3]))
    if op == "ConstantOfShape":
        weight = graph.node(op, sizes)
    else:
        weight = graph.node(op, graph.weight(1, 3), sizes if op == "Expand" else graph.constant(np.array([HUGE, 1])))
    graph.node("MatMul", graph.input(2, 3), graph.node("Transpose", weight))
    found = report(opened(graph.model()).model)
    counts = found.layers[0].counts
    stored = {"ConstantOfShape": HUGE * 3, "Expand": 3, "Tile": 3}[op]
    assert (counts.connections, counts.weights) == (HUGE * 3, stored)


def test_a_chain_of_20000_nodes() -> None:
    """Seconds are printed, not judged: machines differ."""
    graph = Graph()
    x = graph.input(1, 8)
    for number in range(20_000):
        x = graph.node("Relu", x) if number % 2 else graph.node("Add", x, graph.weight(8))
    model = graph.model(batch="N").SerializeToString()
    begin = time.monotonic()
    found = report(opened(model).model)
    print(f"20,000 nodes reported in {time.monotonic() - begin:.1f} s")
    assert (len(found.layers), found.totals.counts.biases) == (10_000, 80_000)


def test_a_weight_used_by_thousands_of_layers() -> None:
    graph = Graph()
    x, weight = graph.input(1, 4), graph.weight(4, 4, name="w")
    for _ in range(3000):
        x = graph.node("MatMul", x, weight)
    found = report(opened(Case(graph).model).model)
    assert (found.totals.counts.weights, found.totals.counts.connections) == (16, 48_000)
    assert found.notes == ("w is used by 3,000 layers: tied_with lists 100 of them",)


def test_functions_that_call_one_another_a_billion_times_are_refused() -> None:
    graph = Graph()
    domains = [helper.make_opsetid("", 21), helper.make_opsetid("own", 1)]
    graph.functions = [
        helper.make_function("own", "f0", ["v"], ["r"], [helper.make_node("Relu", ["v"], ["r"])], domains)
    ]
    for level in range(1, 10):
        names = ["v", *(f"v{number}" for number in range(9)), "r"]
        nodes = [
            helper.make_node(f"f{level - 1}", [a], [b], domain="own") for a, b in zip(names, names[1:], strict=False)
        ]
        graph.functions.append(helper.make_function("own", f"f{level}", ["v"], ["r"], nodes, domains))
    graph.node("f9", graph.input(1, 3), domain="own")
    with patch("isochrome.load.onnx_walk.MOST_WRITTEN", 1000):
        assert "functions must have at most 1,000 nodes once they are written out" in fault(graph)
