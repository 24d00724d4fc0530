"""Functions are written out where they are called; bodies of If, Loop and Scan see the names around them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from onnx import AttributeProto, FunctionProto, GraphProto, NodeProto, TensorProto, helper

from isochrome.ask.reach import reach
from isochrome.ask.report import report
from isochrome.ask.uses import uses
from isochrome.errors import ModelError, RequestError
from tests.conformance.checks import check
from tests.conformance.graphs import Case, Graph, opened, stored_tensor

node, value = helper.make_node, helper.make_tensor_value_info
FLOAT, INT64, BOOL = TensorProto.FLOAT, TensorProto.INT64, TensorProto.BOOL


def function(name: str, inputs: list[str], outputs: list[str], nodes: list[NodeProto], **facts: Any) -> FunctionProto:
    domains = [helper.make_opsetid("", 21), helper.make_opsetid("own", 1)]
    return helper.make_function("own", name, inputs, outputs, nodes, domains, **facts)


def referring(op: str, inputs: list[str], outputs: list[str], **references: str) -> NodeProto:
    """A node whose attributes are those of the function's call."""
    made = node(op, inputs, outputs)
    for name, to in references.items():
        made.attribute.append(AttributeProto(name=name, ref_attr_name=to, type=AttributeProto.INT))
    return made


def test_a_function_is_written_out_with_its_attributes_and_their_defaults() -> None:
    inner = function("norm", ["v"], ["r"], [referring("Softmax", ["v"], ["r"], axis="axis")], attributes=["axis"])
    dense = function(
        "dense", ["v", "m"], ["r"],
        [node("MatMul", ["v", "m"], ["made"], name="product"), referring("norm", ["made"], ["r"], axis="along")],
        attribute_protos=[helper.make_attribute("along", 1)],
    )  # fmt: skip
    dense.node[1].domain = "own"
    graph = Graph(1)
    graph.functions = [inner, dense]
    x, weight = graph.input(2, 3), graph.weight(3, 4, name="w")
    first = graph.node("dense", x, weight, domain="own", name="block")
    graph.node("MatMul", first, graph.node("Transpose", weight), name="back")
    found = opened(Case(graph).model).model
    assert [layer.name for layer in found.layers] == ["product", "back"]
    assert [operation.kind for operation in found.operations] == ["linear", "softmax", "linear"]
    assert found.operations[1].lines[0].formula.loops == ("n", "o", "i")
    assert report(found).layers[0].tied_with == (found.layers[1].name,)
    every = uses(found, found.layers[0].lines[0], (1, 2))
    assert [use.layer for use in every.uses] == [layer.name for layer in found.layers]


def test_a_weight_inside_a_function_is_one_weight_however_often_it_is_called() -> None:
    constant = node("Constant", [], ["m"], value=stored_tensor(np.eye(3, dtype=np.float32), "m"))
    graph = Graph(2)
    graph.functions = [function("turn", ["v"], ["r"], [constant, node("MatMul", ["v", "m"], ["r"])])]
    once = graph.node("turn", graph.input(2, 3), domain="own", name="a")
    graph.node("turn", once, domain="own", name="a")
    found = report(opened(Case(graph).model).model)
    assert len(found.layers) == 2
    assert found.totals.counts.weights == 9
    assert [len(row.tied_with) for row in found.layers] == [1, 1]


def test_a_function_that_calls_itself_is_refused() -> None:
    graph = Graph(2)
    again = node("loop", ["v"], ["r"], domain="own")
    graph.functions = [function("loop", ["v"], ["r"], [again])]
    graph.node("loop", graph.input(2, 3), domain="own")
    with pytest.raises(ModelError, match=r"^.*model\.onnx: .*graphs within graphs must be at most 64 deep$"):
        opened(Case(graph).model)


def branch(name: str, nodes: list[NodeProto], output: str) -> GraphProto:
    return helper.make_graph(nodes, name, [], [helper.make_empty_tensor_value_info(output)])


def chosen(condition: bool | None) -> Graph:
    """An If: one branch multiplies with a stored matrix of the graph around it, the other with one of its own."""
    graph = Graph(3)
    graph.input(2, 3)
    graph.weight(3, 3, name="outer")
    own = helper.make_graph([node("MatMul", ["x", "inner"], ["e"], name="otherwise")], "else", [],
                            [helper.make_empty_tensor_value_info("e")],
                            [stored_tensor(np.ones((3, 3), np.float32), "inner")])  # fmt: skip
    if condition is None:
        graph.inputs["which"], graph.symbols["which"] = np.array(True), {}
    else:
        graph.constant(np.array(condition), "which")
    graph.node("If", "which", name="choice", else_branch=own,
               then_branch=branch("then", [node("MatMul", ["x", "outer"], ["t"], name="taken")], "t"))  # fmt: skip
    return graph


@pytest.mark.parametrize(("condition", "parameter"), [(True, "outer"), (False, "choice/inner")])
def test_a_branch_that_is_known_is_all_there_is(condition: bool, parameter: str) -> None:
    found = opened(Case(chosen(condition)).model).model
    assert [one.names for one in found.parameters] == [(parameter,)]
    assert [layer.calls for layer in found.layers] == [1]
    assert reach(found, found.layers[0], (2,)).places.count == 3


def test_branches_that_data_choose_are_both_there_and_depend_on_data() -> None:
    found = opened(Case(chosen(None)).model).model
    assert [one.names for one in found.parameters] == [("outer",), ("choice/else/inner",)]
    assert [layer.calls for layer in found.layers] == [None, None]
    assert found.operations[-1].opaque == "which branch runs depends on data"


def looped(trips: int | None, keeps: bool = True) -> Graph:
    """A Loop that multiplies its state with a stored matrix of the graph around it."""
    graph = Graph(4)
    graph.input(2, 3)
    graph.weight(3, 3, name="w")
    body = helper.make_graph(
        [node("Identity", ["go"], ["goes"]) if keeps else node("Not", ["go"], ["goes"]),
         node("MatMul", ["v", "w"], ["next"], name="step"), node("Identity", ["next"], ["each"])],
        "body", [value("i", INT64, []), value("go", BOOL, []), value("v", FLOAT, None)],
        [value("goes", BOOL, []), value("next", FLOAT, None), value("each", FLOAT, None)],
    )  # fmt: skip
    if trips is None:
        graph.inputs["trips"], graph.symbols["trips"] = np.array(3), {}
    else:
        graph.constant(np.array(trips), "trips")
    graph.constant(np.array(True), "start")
    graph.node("Loop", "trips", "start", "x", outputs=2, name="repeat", body=body)
    return graph


@pytest.mark.parametrize(
    ("trips", "keeps", "calls"), [(5, True, 5), (0, True, 0), (5, False, None), (None, True, None)]
)
def test_a_weight_captured_by_a_loop_has_as_many_calls_as_trips(
    trips: int | None, keeps: bool, calls: int | None
) -> None:
    found = opened(Case(looped(trips, keeps)).model).model
    [layer] = found.layers
    assert (layer.calls, found.parameters[0].names) == (calls, ("w",))
    assert layer.input_shape == layer.output_shape == (3,)
    row = report(found)
    assert row.totals.counts.connections == 9 * (1 if calls is None else calls)
    every = uses(found, layer.lines[0], (0, 0))
    assert every.taps == (1 if calls is None else calls)
    how = f"runs {trips} times" if trips is not None and keeps else "runs as often as the data says"
    assert found.operations[-1].opaque == f"a loop: its body {how}"
    if trips is not None and keeps:
        assert found.tensors["t0_1"].shape == (trips, 2, 3)


def test_a_state_that_grows_has_no_shape() -> None:
    graph = Graph(5)
    graph.input(2, 3)
    body = helper.make_graph(
        [node("Identity", ["go"], ["goes"]), node("Concat", ["v", "x"], ["next"], axis=1)], "body",
        [value("i", INT64, []), value("go", BOOL, []), value("v", FLOAT, None)],
        [value("goes", BOOL, []), value("next", FLOAT, None)],
    )  # fmt: skip
    graph.node("Loop", graph.constant(np.array(4)), graph.constant(np.array(True)), "x", name="grow", body=body)
    graph.node("MatMul", "t0", graph.weight(15, 2), name="after")
    found = opened(Case(graph).model).model
    assert found.tensors["t0"].shape is None
    assert [(row.name, row.opaque) for row in report(found).layers][-1] == (
        "after", "the shape of its operand t0 is not known",
    )  # fmt: skip


def test_a_scan_multiplies_once_for_each_slice() -> None:
    graph = Graph(6)
    graph.input(2, 7, 3)
    graph.weight(3, 4, name="w")
    body = helper.make_graph([node("MatMul", ["row", "w"], ["made"], name="each")], "body",
                             [value("row", FLOAT, None)], [value("made", FLOAT, None)])  # fmt: skip
    graph.node("Scan", "x", name="rows", body=body, num_scan_inputs=1, scan_input_axes=[1], scan_output_axes=[1])
    found = opened(Case(graph).model).model
    [layer] = found.layers
    assert (layer.calls, layer.input_shape, layer.output_shape) == (7, (3,), (4,))
    assert found.tensors["t0"].shape == (2, 7, 4)
    assert report(found).totals.counts.connections == 7 * 12


def test_loops_within_loops_multiply() -> None:
    inner = helper.make_graph(
        [node("Identity", ["go2"], ["goes2"]), node("MatMul", ["v2", "w"], ["next2"], name="deep")], "inner",
        [value("i2", INT64, []), value("go2", BOOL, []), value("v2", FLOAT, None)],
        [value("goes2", BOOL, []), value("next2", FLOAT, None)],
    )  # fmt: skip
    outer = helper.make_graph(
        [node("Identity", ["go"], ["goes"]), node("Loop", ["three", "start", "v"], ["next"], body=inner, name="in")],
        "outer", [value("i", INT64, []), value("go", BOOL, []), value("v", FLOAT, None)],
        [value("goes", BOOL, []), value("next", FLOAT, None)],
    )  # fmt: skip
    graph = Graph(7)
    graph.input(2, 3)
    graph.weight(3, 3, name="w")
    graph.constant(np.array(3), "three")
    graph.node(
        "Loop", graph.constant(np.array(4)), graph.constant(np.array(True), "start"), "x", body=outer, name="out"
    )
    [layer] = opened(Case(graph).model).model.layers
    assert layer.calls == 12


def test_what_has_no_formula_is_opaque_with_its_reason_in_every_answer() -> None:
    graph = Graph(8)
    first = graph.node("MatMul", graph.input(2, 3), graph.weight(3, 3), name="before")
    odd = graph.node("Det", graph.node("Reshape", first, graph.constant(np.array([2, 1, 3]))), name="odd")
    graph.nodes[-1].op_type = "Strange"
    graph.nodes[-1].domain = "somebody"
    graph.node("MatMul", odd, graph.weight(3, 2), name="after")
    found = opened(Case(graph).model).model
    rows = {row.name: row for row in report(found).layers}
    assert rows["odd"].opaque == "Strange of somebody has no formula here"
    assert rows["odd"].kind == "opaque"
    assert rows["before"].counts.connections == 9
    with pytest.raises(RequestError, match="must have a formula; Strange of somebody has no formula here"):
        reach(found, found.layer("odd"), (0,))


def test_reach_through_an_opaque_operation_is_only_bounded() -> None:
    graph = Graph(9)
    before = graph.node("MatMul", graph.input(2, 3), graph.weight(3, 3), name="before")
    odd = graph.node("GatherElements", before, graph.ids(3, 2, 3), name="odd", axis=1)
    graph.node("Mul", odd, graph.weight(3), name="after")
    model = Case(graph).model
    model.graph.value_info.append(value(odd, FLOAT, [2, 3]))
    found = opened(model).model
    seen = reach(found, found.layer("after"), (1,), "x")
    assert (seen.status, seen.places.count) == ("bound", 3)
    assert (
        reach(found, found.layer("before"), (1,)).status,
        reach(found, found.layer("before"), (1,)).places.count,
    ) == ("exact", 3)
    ahead = reach(found, found.layer("before"), (1,), forward=True)
    assert (ahead.status, ahead.places.count) == ("bound", 3)


def test_constants_known_to_the_graph_choose_shapes() -> None:
    """Shape, Gather, Concat and Reshape as exporters write them: no shape is lost."""
    graph = Graph(10)
    x = graph.input(2, 3, 4)
    batch = graph.node(
        "Unsqueeze", graph.node("Gather", graph.node("Shape", x), graph.constant(np.array(0))), graph.constant([0])
    )
    shape = graph.node("Concat", batch, graph.constant(np.array([-1])), axis=0)
    graph.node("MatMul", graph.node("Reshape", x, shape), graph.weight(12, 5))
    found = check(Case(graph, plain=False))
    assert found.model.layers[0].input_shape == (12,)
