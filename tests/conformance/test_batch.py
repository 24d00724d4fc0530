"""The batch: found where it is, followed through the graph, and taken once; where there is none, that is said."""

from __future__ import annotations

import numpy as np
import pytest

from isochrome.ask.report import Report, report
from isochrome.model.parts import Model
from tests.conformance.cases_recurrent import recurrent_graph
from tests.conformance.checks import answered, check, explanations_agree_with_the_framework
from tests.conformance.graphs import Case, Graph, opened

NO_BATCH = "no axis of the inputs carries a batch through the whole model: counts are of the whole input"


def transformer(batch: int) -> Graph:
    """A block as exporters write it with a fixed batch: heads by Reshape, a Gemm over batch and tokens as one axis."""
    graph = Graph(1)
    x = graph.input(batch, 5, 8)
    parts = []
    for name in "qkv":
        made = graph.node("Add", graph.node("MatMul", x, graph.weight(8, 8), name=name), graph.weight(8))
        made = graph.node("Reshape", made, graph.constant(np.array([batch, 5, 2, 4])))
        parts.append(graph.node("Transpose", made, perm=[0, 2, 3, 1] if name == "k" else [0, 2, 1, 3]))
    scores = graph.node("Div", graph.node("MatMul", parts[0], parts[1]), graph.constant(np.float32(2)))
    mixed = graph.node("MatMul", graph.node("Softmax", scores, axis=-1), parts[2])
    mixed = graph.node("Transpose", mixed, perm=[0, 2, 1, 3])
    flat = graph.node("Reshape", mixed, graph.constant(np.array([batch * 5, 8])))
    made = graph.node("Gemm", flat, graph.weight(8, 8), graph.weight(8), name="out")
    back = graph.node("Reshape", made, graph.constant(np.array([batch, 5, 8])))
    norm = graph.node("LayerNormalization", graph.node("Add", x, back), graph.weight(8), graph.weight(8), name="norm")
    graph.node("Gemm", graph.node("Flatten", norm), graph.weight(40, 3), name="head")
    return graph


def reported(graph: Graph, batch: int | str | None = None) -> Report:
    return report(opened(graph.model(batch=batch)).model)


@pytest.mark.parametrize("batch", [2, 3])
def test_a_batch_that_shares_an_axis_with_the_tokens_is_still_one_batch(batch: int) -> None:
    one, many = reported(transformer(1)), reported(transformer(batch))
    assert one.to_dict() == many.to_dict()
    assert {row.name: row.counts.connections for row in many.layers} == {
        "q": 320, "k": 320, "v": 320, "out": 320, "norm": 40, "head": 120,
    }  # fmt: skip
    explanations_agree_with_the_framework(answered(Case(transformer(batch))))


def test_answers_about_a_merged_axis_agree_with_the_framework() -> None:
    graph = Graph(2)
    flat = graph.node("Reshape", graph.input(3, 4, 5), graph.constant(np.array([12, 5])))
    made = graph.node("Gemm", flat, graph.weight(5, 6), graph.weight(6), name="dense")
    back = graph.node("Reshape", made, graph.constant(np.array([3, 4, 6])))
    graph.node("Mul", back, graph.weight(4, 6), name="scale")
    found = check(Case(graph))
    assert [(layer.input_shape, layer.output_shape) for layer in found.model.layers] == [
        ((4, 5), (4, 6)),
        ((4, 6), (4, 6)),
    ]


@pytest.mark.parametrize("kind", ["LSTM", "GRU", "RNN"])
@pytest.mark.parametrize("batch", [1, 4, "N"])
def test_a_recurrent_layer_with_time_first_has_its_batch_on_the_second_axis(kind: str, batch: int | str) -> None:
    def model(size: int | str) -> Model:
        graph = recurrent_graph(kind, 7, size if isinstance(size, int) else 1, hidden=2)
        if isinstance(size, str):
            graph.symbols = {name: {1: size} for name in graph.inputs}
        return opened(graph.model()).model

    found = report(model(batch))
    rows = {"LSTM": 8, "GRU": 6, "RNN": 2}[kind]
    [row] = found.layers
    assert (row.input_shape, row.output_shape) == ((7, 3), (7, 1, 2))
    assert row.counts.connections == 7 * rows * (3 + 2)
    assert found.to_dict() == report(model(1)).to_dict()


def test_the_batch_of_a_recurrent_layer_is_not_its_time() -> None:
    """Both may be open; a name may say which is which."""
    graph = recurrent_graph("GRU", 7, 4, hidden=2)
    graph.symbols["x"] = {0: "steps", 1: "batch_size"}
    found = opened(graph.model()).model
    assert found.tensors["x"].batch == 1
    assert found.notes == ("steps of x is not given and taken as 1",)


def test_an_input_without_a_batch_is_counted_whole_and_that_is_said() -> None:
    graph = Graph(4)
    graph.node("Gemm", graph.input(4, 3), graph.weight(4, 5), transA=1, name="over the first axis")
    assert reported(graph).layers[0].counts.connections == 20  # the batch is the second axis
    graph = Graph(4)
    image = graph.node("Unsqueeze", graph.input(3, 8, 8), graph.constant(np.array([0])))
    graph.node("Conv", image, graph.weight(2, 3, 3, 3), name="conv")
    found = reported(graph)
    assert (found.layers[0].counts.connections, found.notes) == (2 * 36 * 27, (NO_BATCH,))


@pytest.mark.parametrize(
    ("stored", "connections", "notes"), [((6, 5), 30, (NO_BATCH,)), ((6, 1), 6, ()), ((5,), 5, ())]
)
def test_a_weight_that_differs_along_an_axis_makes_it_no_batch(
    stored: tuple[int, ...], connections: int, notes: tuple[str, ...]
) -> None:
    graph = Graph(5)
    graph.node("Mul", graph.input(6, 5), graph.weight(*stored))
    found = reported(graph)
    assert (found.layers[0].counts.connections, found.notes) == (connections, notes)


def test_a_second_input_of_another_length_carries_no_batch() -> None:
    graph = Graph(6)
    x, memory = graph.input(2, 3), graph.input(5, 3, name="memory")
    keys = graph.node("Transpose", graph.node("MatMul", memory, graph.weight(3, 3), name="keys"))
    graph.node("Add", graph.node("MatMul", x, keys), graph.weight(5), name="scores")
    found = check(Case(graph, plain=False))
    rows = {row.name: row for row in report(found.model).layers}
    assert (rows["keys"].input_shape, rows["keys"].counts.connections) == ((5, 3), 45)
    assert rows["scores"].output_shape == (5,)


def test_samples_that_meet_are_no_batch() -> None:
    """A running sum along the first axis; a shift along it."""
    for build in (_running_sum, _shift):
        graph = Graph(7)
        build(graph)
        assert reported(graph).notes == (NO_BATCH,), build


def _running_sum(graph: Graph) -> None:
    graph.node("CumSum", graph.node("Mul", graph.input(4, 3), graph.weight(3)), graph.constant(np.array(0)))


def _shift(graph: Graph) -> None:
    x = graph.node("Mul", graph.input(4, 3), graph.weight(3))
    graph.node("Pad", graph.node("Slice", x, *(graph.constant([n]) for n in (1, 4, 0))), graph.constant([0, 0, 1, 0]))
