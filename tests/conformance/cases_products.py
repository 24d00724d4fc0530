"""Matrix products, sums, lookups and normalisations with stored operands, in random configurations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

import numpy as np
from hypothesis import strategies as st

from tests.conformance.cases_windows import seeds, small
from tests.conformance.graphs import Array, Case, Graph, Meaning

shapes = st.lists(small, max_size=3)
EPSILON = 1e-5


@st.composite
def gemms(draw: st.DrawFn) -> Case:
    graph = Graph(draw(seeds), draw(st.sampled_from([11, 13])))
    rows, inner, columns = draw(small), draw(st.integers(1, 4)), draw(st.integers(2, 4))
    a_flag, b_flag, left = draw(st.integers(0, 1)), draw(st.integers(0, 1)), draw(st.booleans())
    if left and rows * inner == 1:
        rows = 2
    a_shape, b_shape = (inner, rows)[:: 1 if a_flag else -1], (columns, inner)[:: 1 if b_flag else -1]
    if left:  # the stored matrix stands on the left
        operands = [graph.weight(*a_shape), graph.input(*b_shape)]
    else:
        operands = [graph.input(*a_shape), graph.weight(*b_shape)]
    added = draw(st.sampled_from([None, (), (columns,), (1, columns), (rows, 1), (1,)]))
    if added is not None:
        operands.append(graph.weight(*added))
    graph.node("Gemm", *operands, transA=a_flag, transB=b_flag, alpha=draw(st.sampled_from([None, 0.5, 2.0])),
               beta=draw(st.sampled_from([None, 0.25, 3.0])))  # fmt: skip
    return Case(graph, plain=not left and not a_flag and added not in ((rows, 1),))


@st.composite
def matmuls(draw: st.DrawFn) -> Case:
    graph = Graph(draw(seeds))
    lead, inner, rows, columns = draw(shapes), draw(small), draw(small), draw(st.integers(2, 4))
    mine = [1 if draw(st.booleans()) else size for size in lead[draw(st.integers(0, len(lead))) :]]
    theirs = [1 if mine and draw(st.booleans()) else size for size in lead]
    kind = draw(st.sampled_from(["right", "right", "left", "vector right", "vector left"]))
    if kind == "right":
        operands = [graph.input(*theirs, rows, inner), graph.weight(*mine, inner, columns)]
    elif kind == "left":
        operands = [graph.weight(*mine, columns, inner), graph.input(*theirs, inner, rows)]
    elif kind == "vector right":
        operands = [graph.input(*theirs, rows, max(inner, 2)), graph.weight(max(inner, 2))]
    else:
        operands = [graph.weight(max(inner, 2)), graph.input(*theirs, max(inner, 2), rows)]
    graph.node("MatMul", *operands)
    return Case(graph, plain=kind.endswith("right") and not (kind == "right" and mine))


EQUATIONS = [
    ("bi,oi->bo", "xw"), ("bti,hio->bhto", "xw"), ("oi,bi->bo", "wx"), ("...i,io->...o", "xw"), ("bij,j->bi", "xw"),
    ("bhtd,hde->bte", "xw"), ("bc,c->bc", "xw"), ("bi,io", "xw"), ("bpc,cp->bc", "xw"), ("b...,...o->bo...", "xw"),
    ("bi,bj,ijo->bo", "xxw"),
]  # fmt: skip


@st.composite
def einsums(draw: st.DrawFn) -> Case:
    equation, sides = draw(st.sampled_from(EQUATIONS))
    graph, sizes = Graph(draw(seeds)), {letter: draw(st.integers(1, 3)) for letter in "bihtodecpj"}
    dots = draw(shapes) if "..." in equation else []
    operands = []
    for number, (term, side) in enumerate(zip(equation.split("->")[0].split(","), sides, strict=True)):
        before, _, after = term.partition("...")
        shape = (
            [sizes[letter] for letter in before] + (dots if "." in term else []) + [sizes[letter] for letter in after]
        )
        operands.append(graph.input(*shape, name=f"x{number}") if side == "x" else graph.weight(*shape))
    weights = [graph.stored[name] for name in operands if name in graph.stored]
    if any(weight.size < 2 for weight in weights):
        return draw(gemms())
    graph.node("Einsum", *operands, equation=equation)
    return Case(graph, plain=not equation.startswith(("...", "b...")))


@st.composite
def embeddings(draw: st.DrawFn) -> Case:
    graph = Graph(draw(seeds))
    rank = draw(st.integers(1, 3))
    shape = [draw(st.integers(2, 4)) for _ in range(rank)]
    axis = draw(st.integers(-rank, rank - 1))
    ids = graph.ids(shape[axis], *draw(shapes))
    if draw(st.booleans()) and graph.inputs[ids].ndim:
        graph.inputs[ids] = graph.inputs[ids] - shape[axis] * graph._random.integers(0, 2, graph.inputs[ids].shape)
    graph.node("Gather", graph.weight(*shape), ids, axis=axis)
    return Case(graph, plain=False)


@st.composite
def sums(draw: st.DrawFn, op: str) -> Case:
    """Add, Sub, Mul or Div of an activation and a stored tensor, either stretched to the other."""
    graph, whole = Graph(draw(seeds)), draw(st.lists(small, min_size=1, max_size=4))
    mine = [1 if draw(st.booleans()) else size for size in whole[draw(st.integers(0, len(whole) - 1)) :]]
    theirs = [1 if draw(st.integers(0, 3)) == 0 else size for size in whole]
    if max(mine) == 1:
        mine = [2] if whole[-1] == 1 or theirs[-1] == 1 else [whole[-1]]
        if mine[0] == 1 or theirs[-1] not in (1, mine[0]):
            theirs[-1] = 1
            mine = [2]
    operands = [graph.input(*theirs), graph.weight(*mine)]
    first = draw(st.booleans())
    graph.node(op, *(operands[::-1] if first else operands))
    fits = len(theirs) > 1 and (len(mine) < len(theirs) or (mine[0] == 1 and len(mine) == len(theirs)))
    meanings: dict[str, Meaning] = {"reciprocal": lambda t: 1 / t["x"].astype(np.float64)}
    return Case(graph, plain=fits, meanings=meanings)


def normalised(axes: Sequence[int], shape: Sequence[int] | None = None, centre: bool = True) -> Meaning:
    def meaning(tensors: Mapping[str, Array]) -> Array:
        x = tensors["x"].astype(np.float64)
        whole = x.reshape(shape) if shape is not None else x
        mean = whole.mean(tuple(axes), keepdims=True) if centre else 0
        power = ((whole - mean) ** 2).mean(tuple(axes), keepdims=True)
        return np.asarray((whole - mean) / np.sqrt(power + EPSILON)).reshape(x.shape)

    return meaning


@st.composite
def batch_norms(draw: st.DrawFn) -> Case:
    graph, channels = Graph(draw(seeds), draw(st.sampled_from([9, 15]))), draw(st.integers(1, 4))
    x = graph.input(draw(small), channels, *draw(shapes))
    operands = [graph.weight(channels) for _ in range(4)]
    graph.node("BatchNormalization", x, *operands, epsilon=EPSILON)

    def meaning(tensors: Mapping[str, Array]) -> Array:
        column = (-1, *(1,) * (tensors["x"].ndim - 2))
        mean, var = (tensors[name].astype(np.float64).reshape(column) for name in operands[2:])
        return np.asarray((tensors["x"] - mean) / np.sqrt(var + EPSILON))

    return Case(graph, meanings={"normalised": meaning})


@st.composite
def layer_norms(draw: st.DrawFn) -> Case:
    graph, shape = Graph(draw(seeds)), draw(st.lists(small, min_size=2, max_size=4))
    axis = draw(st.integers(1, len(shape) - 1))
    x = graph.input(*shape)
    operands = [graph.weight(*shape[axis:]) for _ in range(1 + draw(st.booleans()))]
    graph.node("LayerNormalization", x, *operands, axis=axis - len(shape) * draw(st.integers(0, 1)), epsilon=EPSILON)
    return Case(graph, meanings={"normalised": normalised(range(axis, len(shape)))}, live=prod(shape[axis:]) > 2)


@st.composite
def rms_norms(draw: st.DrawFn) -> Case:
    graph, shape = Graph(draw(seeds), 23), draw(st.lists(small, min_size=2, max_size=4))
    axis = draw(st.integers(1, len(shape) - 1))
    graph.node("RMSNormalization", graph.input(*shape), graph.weight(*shape[axis:]), axis=axis, epsilon=EPSILON)
    meaning = normalised(range(axis, len(shape)), centre=False)
    return Case(graph, meanings={"normalised": meaning}, live=prod(shape[axis:]) > 1)


@st.composite
def instance_norms(draw: st.DrawFn) -> Case:
    graph, channels = Graph(draw(seeds)), draw(small)
    x = graph.input(draw(small), channels, *draw(st.lists(small, min_size=1, max_size=3)))
    graph.node("InstanceNormalization", x, graph.weight(channels), graph.weight(channels), epsilon=EPSILON)
    meaning = normalised(range(2, graph.inputs[x].ndim))
    return Case(graph, meanings={"normalised": meaning}, live=prod(graph.inputs[x].shape[2:]) > 2)


@st.composite
def group_norms(draw: st.DrawFn) -> Case:
    groups, each, rest = draw(small), draw(small), draw(st.lists(small, min_size=1, max_size=3))
    graph = Graph(draw(seeds), draw(st.sampled_from([18, 21])))
    batch = draw(st.integers(1, 2))
    x = graph.input(batch, groups * each, *rest)
    count = groups if graph.opset == 18 else groups * each
    graph.node("GroupNormalization", x, graph.weight(count), graph.weight(count), num_groups=groups, epsilon=EPSILON)
    meaning = normalised((2,), (batch, groups, -1))
    return Case(graph, meanings={"normalised": meaning}, live=each * prod(rest) > 2, runs=graph.opset != 18)


@st.composite
def prelus(draw: st.DrawFn) -> Case:
    graph, shape = Graph(draw(seeds)), draw(st.lists(small, min_size=1, max_size=4))
    kept = shape[draw(st.integers(1 if len(shape) > 1 else 0, len(shape) - 1)) :]
    slope = graph.weight(*(size if draw(st.booleans()) else 1 for size in kept))
    graph.node("PRelu", graph.input(*shape), slope)
    meanings: dict[str, Any] = {
        "negative part": lambda t: np.minimum(t["x"], 0), "positive part": lambda t: np.maximum(t["x"], 0)
    }  # fmt: skip
    return Case(graph, meanings=meanings, plain=len(shape) > 1)
