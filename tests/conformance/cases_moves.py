"""What moves, mixes and combines activations, each followed by a stored tensor, in random configurations."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from tests.conformance.cases_windows import scaled, seeds, small
from tests.conformance.graphs import Case, Graph

MODES = ["nearest", "linear", "cubic"]
COORDINATES = ["half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric"]
ROUNDINGS = ["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"]
CURVES = "Relu Sigmoid Tanh Exp Softplus Identity Neg Sqrt LeakyRelu Dropout".split()
TWO = "Add Sub Mul Div Max Min".split()


def begun(draw: st.DrawFn, least: int = 1, most: int = 4, opset: int = 21) -> tuple[Graph, list[int], str]:
    graph, shape = Graph(draw(seeds), opset), draw(st.lists(small, min_size=least, max_size=most))
    return graph, shape, graph.input(*shape)


@st.composite
def resizes(draw: st.DrawFn) -> Case:
    graph = Graph(draw(seeds))
    mode = draw(st.sampled_from(MODES))
    rank = 2 if mode == "cubic" else draw(st.integers(1, 2))
    sizes = [draw(st.integers(1, 4)) for _ in range(rank)]
    x = graph.input(1, draw(small), *sizes)
    attributes: dict[str, Any] = {"mode": mode, "coordinate_transformation_mode": draw(st.sampled_from(COORDINATES))}
    if mode == "nearest":
        attributes["nearest_mode"] = draw(st.sampled_from(ROUNDINGS))
    if draw(st.booleans()):
        out = [1, graph.inputs[x].shape[1], *(draw(st.integers(1, 6)) for _ in sizes)]
        node = graph.node("Resize", x, "", "", graph.constant(np.array(out)), **attributes)
    else:
        scales = [1.0, 1.0, *(draw(st.sampled_from([0.5, 1.0, 1.5, 2.0, 3.0])) for _ in sizes)]
        if any(int(size * scale) < 1 for size, scale in zip(sizes, scales[2:], strict=True)):
            scales = [1.0, 1.0, *(2.0 for _ in sizes)]
        node = graph.node("Resize", x, "", graph.constant(np.array(scales, np.float32)), **attributes)
    return scaled(graph, node, plain=False)


@st.composite
def concats(draw: st.DrawFn) -> Case:
    graph, shape, x = begun(draw)
    axis, parts = draw(st.integers(-len(shape), len(shape) - 1)), [x]
    for number in range(draw(st.integers(1, 2))):
        other = list(shape)
        other[axis] = draw(small)
        parts.append(graph.input(*other, name=f"x{number + 2}"))
    return scaled(graph, graph.node("Concat", *parts, axis=axis), plain=len(shape) > 1 and axis % len(shape) != 0)


@st.composite
def splits(draw: st.DrawFn) -> Case:
    graph, shape, x = begun(draw, 2)
    axis = draw(st.integers(1, len(shape) - 1))
    shape[axis] = draw(st.integers(2, 5))
    x = graph.input(*shape)
    if draw(st.booleans()):
        first = draw(st.integers(1, shape[axis] - 1))
        sizes = graph.constant(np.array([first, shape[axis] - first]))
        name = graph.node("Split", x, sizes, outputs=2, axis=axis)
    else:
        name = graph.node("Split", x, outputs=2, axis=axis, num_outputs=2)
    return scaled(graph, f"{name}_1" if draw(st.booleans()) else name)


@st.composite
def slices(draw: st.DrawFn) -> Case:
    graph, shape, x = begun(draw, 2)
    axis = draw(st.integers(1, len(shape) - 1))
    shape[axis] = size = draw(st.integers(2, 6))
    x = graph.input(*shape)
    step = draw(st.sampled_from([1, 2, -1, -2]))
    start, end = draw(st.integers(-size - 1, size + 1)), draw(st.integers(-size - 1, size + 1))
    if not len(range(*slice(start, end, step).indices(size))):
        start, end = (size, -size - 1) if step < 0 else (0, size)
    numbers = [graph.constant(np.array([number])) for number in (start, end, axis, step)]
    return scaled(graph, graph.node("Slice", x, *numbers))


@st.composite
def pads(draw: st.DrawFn) -> Case:
    graph, shape, x = begun(draw, 2)
    mode = draw(st.sampled_from(["constant", "reflect", "edge", "wrap"]))
    most = [0 if mode == "reflect" and size == 1 else size - 1 if mode == "reflect" else size for size in shape]
    amounts = [0, *(draw(st.integers(0, room)) for room in most[1:])]
    amounts += [0, *(draw(st.integers(0, room)) for room in most[1:])]
    return scaled(graph, graph.node("Pad", x, graph.constant(np.array(amounts)), mode=mode))


@st.composite
def renames(draw: st.DrawFn) -> Case:
    """Reshape, Flatten, Squeeze, Unsqueeze: the axis of the batch stays what it is."""
    graph, shape, x = begun(draw, 2)
    kind = draw(st.sampled_from(["Reshape", "Flatten", "Squeeze", "Unsqueeze"]))
    if kind == "Flatten":
        return scaled(graph, graph.node("Flatten", x, axis=1))
    if kind == "Unsqueeze":
        axes = graph.constant(np.array([draw(st.integers(1, len(shape)))]))
        return scaled(graph, graph.node("Unsqueeze", x, axes))
    if kind == "Squeeze":
        shape[-1] = 1
        x = graph.input(*shape)
        gone = [-1, *(axis for axis, size in enumerate(shape[:-1]) if size == 1 and axis and draw(st.booleans()))]
        return scaled(graph, graph.node("Squeeze", x, graph.constant(np.array(gone, np.int64))))
    rest = int(np.prod(shape[1:]))
    first = draw(st.sampled_from([number for number in range(1, rest + 1) if rest % number == 0]))
    target = draw(st.sampled_from([[0, first, -1], [-1, first, rest // first], [0, -1], [0, rest // first, 1, first]]))
    return scaled(graph, graph.node("Reshape", x, graph.constant(np.array(target))))


@st.composite
def transposes(draw: st.DrawFn) -> Case:
    graph, shape, x = begun(draw, 2)
    order = [0, *draw(st.permutations(range(1, len(shape))))]
    return scaled(graph, graph.node("Transpose", x, perm=order))


@st.composite
def stretches(draw: st.DrawFn) -> Case:
    """Expand and Tile."""
    graph, shape, x = begun(draw, 2)
    if draw(st.booleans()):
        target = [1, *(size if size > 1 else draw(small) for size in shape[1:])]
        return scaled(graph, graph.node("Expand", x, graph.constant(np.array(target))))
    return scaled(graph, graph.node("Tile", x, graph.constant(np.array([1, *(draw(small) for _ in shape[1:])]))))


@st.composite
def blocks(draw: st.DrawFn) -> Case:
    graph, block = Graph(draw(seeds), 13), draw(st.integers(1, 2))
    rows, columns, channels = draw(small), draw(small), draw(small)
    if draw(st.booleans()):
        x = graph.input(1, channels * block**2, rows, columns)
        return scaled(graph, graph.node("DepthToSpace", x, blocksize=block, mode=draw(st.sampled_from(["DCR", "CRD"]))))
    return scaled(
        graph, graph.node("SpaceToDepth", graph.input(1, channels, rows * block, columns * block), blocksize=block)
    )


@st.composite
def elementwise(draw: st.DrawFn) -> Case:
    graph, shape, x = begun(draw)
    if draw(st.booleans()):
        return scaled(graph, graph.node(draw(st.sampled_from(CURVES)), x), plain=len(shape) > 1, live=False)
    other = graph.input(*(1 if draw(st.booleans()) else size for size in shape), name="x2")
    op = draw(st.sampled_from(TWO))
    return scaled(graph, graph.node(op, x, other), plain=False, live=op in ("Add", "Sub", "Mul"))


@st.composite
def softmaxes(draw: st.DrawFn) -> Case:
    graph, shape, x = begun(draw, 2, opset=draw(st.sampled_from([11, 21])))
    axis = draw(st.integers(1, len(shape) - 1))
    return scaled(graph, graph.node(draw(st.sampled_from(["Softmax", "LogSoftmax"])), x, axis=axis), live=False)


@st.composite
def reductions(draw: st.DrawFn) -> Case:
    graph, shape, x = begun(draw, 2, opset=18)
    axes = [axis for axis in range(1, len(shape)) if draw(st.booleans())] or [len(shape) - 1]
    op = draw(st.sampled_from("ReduceSum ReduceMean ReduceMax ReduceMin ReduceL2 ReduceLogSumExp".split()))
    node = graph.node(op, x, graph.constant(np.array(axes)), keepdims=draw(st.integers(0, 1)))
    return scaled(graph, node, live=op in ("ReduceSum", "ReduceMean", "ReduceL2"))


@st.composite
def cumulatives(draw: st.DrawFn) -> Case:
    graph, shape, x = begun(draw, 2)
    axis = graph.constant(np.array(draw(st.integers(1, len(shape) - 1))))
    return scaled(
        graph, graph.node("CumSum", x, axis, exclusive=draw(st.integers(0, 1)), reverse=draw(st.integers(0, 1)))
    )


@st.composite
def gathers(draw: st.DrawFn) -> Case:
    graph, shape, x = begun(draw, 2)
    axis = draw(st.integers(1, len(shape) - 1))
    ids = draw(st.lists(st.integers(-shape[axis], shape[axis] - 1), min_size=1, max_size=4))
    table = np.array(ids[0] if draw(st.booleans()) else ids)
    return scaled(graph, graph.node("Gather", x, graph.constant(table), axis=axis))


@st.composite
def attentions(draw: st.DrawFn) -> Case:
    """Queries with keys, or attention with values: two activations, and layers before and after."""
    graph = Graph(draw(seeds))
    lead, rows, inner, columns = (
        [draw(small) for _ in range(draw(st.integers(0, 2)))],
        draw(small),
        draw(small),
        draw(small),
    )
    q = graph.node(
        "Mul", graph.input(*lead, rows, inner, name="q"), graph.weight(max(inner, 1)) if inner > 1 else graph.weight(2)
    )
    inner = max(inner, 2)
    k = graph.input(*lead, inner, columns, name="k")
    if draw(st.booleans()):
        mixed = graph.node("MatMul", q, k)
    else:
        letters = "abc"[: len(lead)]
        mixed = graph.node("Einsum", q, k, equation=f"{letters}ij,{letters}jk->{letters}ik")
    mixed = graph.node("Softmax", mixed, axis=-1) if draw(st.booleans()) else mixed
    return scaled(graph, mixed, plain=bool(lead), live=len(graph.nodes) < 3)
