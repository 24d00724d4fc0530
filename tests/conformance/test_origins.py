"""Weights that were moved, tied, shared or computed before they are used keep their identity."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from isochrome.ask.report import report
from isochrome.ask.uses import uses
from tests.conformance.checks import answered, check
from tests.conformance.graphs import Case, Graph, opened, stored_tensor
from tests.conformance.moved_weights import identities, moved_weights
from tests.conformance.test_kinds import COUNT


@settings(max_examples=COUNT, derandomize=True, deadline=None, database=None, suppress_health_check=[*HealthCheck])
@given(moved_weights())
def test_a_moved_weight_is_the_stored_scalar_that_the_framework_moved(case: Case) -> None:
    """Each stored scalar carries its own number through onnxruntime: where it arrives is where we say."""
    numbers, wanted = identities(case)
    if not wanted.any():
        return
    found = check(case)
    said = np.zeros(wanted.shape, int)
    for line in found.model.layers[0].weight_lines:
        assert line.piece is not None and line.parameter is not None
        axes, here = (0, 1), np.ones(wanted.shape, bool)
        for within in line.piece.within:
            value = within.value.over(axes, wanted.shape)
            here &= (within.low <= value) & (value < within.high)
        places = np.ravel_multi_index([i.over(axes, wanted.shape)[here] for i in line.piece.indices], line.piece.shape)
        assert not said[here].any(), "an element has two origins"
        said[here] = np.array(numbers[found.model.parameters[line.parameter].names[0]])[places]
    assert np.array_equal(said, wanted)


def names_of(case: Case) -> list[list[str]]:
    """The names of the parameters of each layer."""
    return [[found[0][0] for found in row.parameters] for row in report(opened(case.model).model).layers]


def test_a_dequantised_weight_is_its_stored_integer() -> None:
    graph = Graph(1)
    codes = graph.constant(np.arange(-6, 6, dtype=np.int8).reshape(4, 3), "codes")
    scale, zero = graph.constant(np.array([0.5, 0.25, 2.0], np.float32)), graph.constant(np.array([1, 0, 2], np.int8))
    weight = graph.node("DequantizeLinear", codes, scale, zero, axis=1)
    graph.node("MatMul", graph.input(2, 4), graph.node("Transpose", graph.node("Transpose", weight)))
    found = check(Case(graph, live=False))
    assert [parameter.names for parameter in found.model.parameters] == [("codes",)]
    assert found.model.parameters[0].dtype == "int8"
    term = found.values.weights(found.model.layers[0].lines[0])
    assert term is not None and np.allclose(term, (graph.stored["codes"] - [1, 0, 2]) * [0.5, 0.25, 2.0])


def test_parts_of_one_dequantised_tensor_have_their_own_numbers() -> None:
    graph = Graph(1)
    codes = graph.constant(np.arange(-6, 6, dtype=np.int8).reshape(4, 3), "codes")
    whole = graph.node("DequantizeLinear", codes, graph.constant(np.float32(0.5)))
    halves = graph.node("Split", whole, graph.constant(np.array([2, 2])), outputs=2)
    x = graph.input(2, 2)
    one, other = graph.node("MatMul", x, halves), graph.node("MatMul", x, f"{halves}_1")
    graph.node("Add", one, other)
    found = check(Case(graph, live=False))
    assert [row.counts.weights for row in report(found.model).layers] == [6, 6]
    assert report(found.model).totals.counts.weights == 12


def test_fake_quantised_and_scaled_weights_are_still_the_stored_ones() -> None:
    graph = Graph(2)
    weight, half = graph.weight(3, 4, name="w"), graph.constant(np.float32(0.01))
    codes = graph.node("QuantizeLinear", weight, half, graph.constant(np.uint8(0)))
    again = graph.node("DequantizeLinear", codes, half, graph.constant(np.uint8(0)))
    graph.node("MatMul", graph.input(2, 3), graph.node("Mul", again, graph.constant(np.float32(3.0))))
    found = check(Case(graph))
    assert [parameter.names for parameter in found.model.parameters] == [("w",)]


def test_a_transposed_tied_output_matrix_counts_once() -> None:
    graph = Graph(3)
    table = graph.weight(50, 8, name="wte.weight")
    hidden = graph.node("Gather", table, graph.ids(50, 2, 5))
    hidden = graph.node("Add", graph.node("MatMul", hidden, graph.weight(8, 8, name="h")), graph.weight(8, name="b"))
    graph.node("MatMul", hidden, graph.node("Transpose", table, perm=[1, 0]), name="lm_head")
    found = report(check(Case(graph, plain=False)).model)
    assert found.totals.parameters_by_storage == 472
    assert found.layers[-1].formulas == ("y[n, t, o] += w[o, i] * x[n, t, i]",)
    assert found.layers[0].tied_with == ("lm_head",)
    assert found.layers[-1].tied_with == (found.layers[0].name,)
    assert [row.counts.weights for row in found.layers] == [400, 64, 400]
    assert found.totals.counts.weights == 464


def test_an_initializer_used_twice_is_one_parameter_with_two_uses() -> None:
    graph = Graph(4)
    weight = graph.weight(4, 4, name="w")
    once = graph.node("Relu", graph.node("MatMul", graph.input(1, 4), weight, name="first"))
    graph.node("MatMul", once, weight, name="second")
    found = check(Case(graph))
    rows = report(found.model)
    assert [row.tied_with for row in rows.layers] == [("second",), ("first",)]
    assert (rows.totals.counts.weights, rows.totals.counts.connections) == (16, 32)
    every = uses(found.model, found.model.layers[0].lines[0], (1, 2))
    assert (every.taps, [use.layer for use in every.uses]) == (2, ["first", "second"])


def test_a_node_named_twice_is_a_second_call() -> None:
    graph = Graph(4)
    weight = graph.weight(4, 4, name="w")
    graph.node("MatMul", graph.node("MatMul", graph.input(1, 4), weight, name="again"), weight, name="again")
    assert [row.name for row in report(opened(Case(graph).model).model).layers] == ["again", "again#2"]


def test_equal_values_are_no_tie() -> None:
    graph = Graph(5)
    first = graph.constant(np.ones((4, 4), np.float32), "a")
    second = graph.constant(np.ones((4, 4), np.float32), "b")
    graph.node("MatMul", graph.node("MatMul", graph.input(1, 4), first), second)
    found = report(opened(Case(graph).model).model)
    assert [row.tied_with for row in found.layers] == [(), ()]
    assert found.totals.counts.weights == 32


@pytest.mark.parametrize("size", [4, 60])
def test_a_computed_weight_names_what_it_comes_from(size: int) -> None:
    graph = Graph(6)
    weight = graph.weight(size, size, name="w")
    total = graph.node("Add", weight, graph.node("Transpose", weight))
    graph.node("MatMul", graph.input(2, size), total)
    found = answered(Case(graph))
    [parameter] = found.model.parameters
    assert (parameter.made, parameter.computed_from) == (False, ("w",))
    check(Case(graph))


def test_a_normalised_weight_names_both_tensors_that_it_comes_from() -> None:
    graph = Graph(7)
    direction, length = graph.weight(5, 3, name="v"), graph.weight(1, 3, name="g")
    norm = graph.node("Sqrt", graph.node("ReduceSum", graph.node("Mul", direction, direction), graph.constant([0])))
    graph.node("MatMul", graph.input(2, 5), graph.node("Mul", graph.node("Div", direction, norm), length))
    found = check(Case(graph))
    assert [set(parameter.computed_from) for parameter in found.model.parameters] == [{"v", "g"}]


def test_two_slices_of_one_tensor_share_no_scalar_and_overlapping_ones_do() -> None:
    graph = Graph(8)
    whole, x = graph.weight(6, 3, name="w"), graph.input(2, 4)
    parts = [graph.node("Slice", whole, *(graph.constant([n]) for n in (begin, begin + 4, 0))) for begin in (0, 2)]
    graph.node("Add", *(graph.node("MatMul", x, part) for part in parts))
    found = report(check(Case(graph)).model)
    assert [row.counts.weights for row in found.layers] == [12, 12]
    assert found.totals.counts.weights == 18


@pytest.mark.parametrize(("attribute", "value"), [("value_floats", [0.5, 0.25, 2.0]), ("value", None)])
def test_constants_are_stored_tensors_named_by_their_output(attribute: str, value: list[float] | None) -> None:
    graph = Graph(9)
    given = value or stored_tensor(np.array([0.5, 0.25, 2.0], np.float32), "inside")
    bias = graph.node("Constant", **{attribute: given})
    graph.node("Add", graph.input(2, 3), bias)
    found = check(Case(graph))
    assert [parameter.names for parameter in found.model.parameters] == [(bias,)]
    assert report(found.model).totals.counts.biases == 3


def test_a_constant_that_fills_an_operand_stands_for_a_stored_tensor() -> None:
    graph = Graph(10)
    half = stored_tensor(np.array([0.5], np.float32), "half")
    filled, other = (graph.node("ConstantOfShape", graph.constant([3, 2]), value=half) for _ in range(2))
    graph.node("Add", graph.node("MatMul", graph.input(2, 3), filled), graph.node("MatMul", "x", other))
    found = check(Case(graph))
    assert [(parameter.made, parameter.count) for parameter in found.model.parameters] == [(True, 6), (True, 6)]
    assert report(found.model).totals.counts.weights == 12
