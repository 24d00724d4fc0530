"""Convolutions and pools in random configurations."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from tests.conformance.graphs import Case, Graph, Running

small = st.integers(1, 3)
seeds = st.integers(0, 9999)
AUTO = ["NOTSET", "NOTSET", "NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"]


@st.composite
def windows(draw: st.DrawFn, rank: int, transposed: bool = False, pool: bool = False) -> dict[str, Any]:
    """Attributes of a window, and sizes that it fits."""

    def each(low: int, high: int) -> list[int]:
        return [draw(st.integers(low, high)) for _ in range(rank)]

    kernel = each(1, 3 if rank < 3 else 2)
    auto = draw(st.sampled_from(AUTO))
    strides = [draw(st.integers(1, k if pool and auto.startswith("SAME") else 3)) for k in kernel]
    dilations = each(1, 1 if auto.startswith("SAME") else 2)
    spans = [(k - 1) * d + 1 for k, d in zip(kernel, dilations, strict=True)]
    most = {1: 9, 2: 6, 3: 4}[rank]
    sizes = [draw(st.integers(1 if transposed else span, max(most, span))) for span in spans]
    attributes: dict[str, Any] = {"kernel_shape": kernel, "strides": strides, "dilations": dilations, "auto_pad": auto}
    if auto == "NOTSET":
        room = [k - 1 for k in kernel] if pool else [1] * rank if transposed else [span - 1 for span in spans]
        attributes["pads"] = [draw(st.integers(0, min(2, most))) for most in room * 2]
    return {"sizes": sizes, "kernel": kernel, "spans": spans, "attributes": attributes}


def _without_defaults(draw: st.DrawFn, attributes: dict[str, Any], names: tuple[str, ...]) -> None:
    """Leaves out, now and then, what says what ONNX assumes anyway."""
    for name in names:
        if name in attributes and draw(st.booleans()):
            value = attributes[name]
            if value == "NOTSET" or (isinstance(value, list) and set(value) <= {0 if name == "pads" else 1}):
                del attributes[name]


@st.composite
def convolutions(draw: st.DrawFn, rank: int) -> Case:
    window = draw(windows(rank))
    group, many, each = draw(small), draw(st.integers(1, 2)), draw(st.integers(1, 2))
    graph = Graph(draw(seeds), draw(st.sampled_from([11, 21])))
    attributes = window["attributes"]
    _without_defaults(draw, attributes, ("strides", "dilations", "auto_pad", "pads"))
    if draw(st.booleans()):
        del attributes["kernel_shape"]
    x = graph.input(draw(st.integers(1, 2)), group * each, *window["sizes"])
    operands = [x, graph.weight(group * many, each, *window["kernel"])]
    operands += [graph.weight(group * many)] if draw(st.booleans()) else []
    graph.node("Conv", *operands, group=group, **attributes)
    return Case(graph)


@st.composite
def transposed_convolutions(draw: st.DrawFn, rank: int) -> Case:
    window = draw(windows(rank, transposed=True))
    attributes, group = window["attributes"], draw(small)
    strides, sizes = attributes["strides"], window["sizes"]
    extra = [draw(st.integers(0, step - 1)) for step in strides]
    full = [step * (size - 1) + span + more
            for step, size, span, more in zip(strides, sizes, window["spans"], extra, strict=True)]  # fmt: skip
    if draw(st.booleans()):
        attributes["output_padding"] = extra
    else:
        full = [size - more for size, more in zip(full, extra, strict=True)]
    if attributes["auto_pad"] == "NOTSET" and draw(st.booleans()):
        attributes["output_shape"] = [draw(st.integers(1, size)) for size in full]
        del attributes["pads"]
    elif any(size - before - after < 1 for size, before, after in
             zip(full, attributes.get("pads", ())[:rank], attributes.get("pads", ())[rank:], strict=False)):  # fmt: skip
        del attributes["pads"]
    graph, many, each = Graph(draw(seeds), 11), draw(st.integers(1, 2)), draw(st.integers(1, 2))
    _without_defaults(draw, attributes, ("strides", "dilations", "auto_pad", "pads"))
    x = graph.input(draw(st.integers(1, 2)), group * each, *sizes)
    operands = [x, graph.weight(group * each, many, *window["kernel"])]
    operands += [graph.weight(group * many)] if draw(st.booleans()) else []
    graph.node("ConvTranspose", *operands, group=group, **attributes)
    return Case(graph)


@st.composite
def pools(draw: st.DrawFn, kind: str) -> Case:
    rank = draw(st.integers(1, 3))
    window = draw(windows(rank, pool=True))
    attributes = window["attributes"]
    graph = Graph(draw(seeds), 22)
    if attributes["auto_pad"] == "NOTSET":
        attributes["ceil_mode"] = draw(st.integers(0, 1))
    if kind == "AveragePool":
        attributes["count_include_pad"] = draw(st.integers(0, 1))
    if kind == "LpPool":
        attributes["p"] = draw(st.integers(1, 3))
    x = graph.input(draw(st.integers(1, 2)), draw(small), *window["sizes"])
    return scaled(graph, graph.node(kind, x, **attributes))


@st.composite
def global_pools(draw: st.DrawFn) -> Case:
    graph = Graph(draw(seeds))
    kind = draw(st.sampled_from(["GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool"]))
    x = graph.input(draw(small), draw(small), *draw(st.lists(small, min_size=1, max_size=3)))
    return scaled(graph, graph.node(kind, x))


def scaled(graph: Graph, tensor: str, **facts: Any) -> Case:
    """A tensor times a stored one of a sample's shape: the layer whose reach is asked for."""
    shape = Running(graph.model([tensor]))(graph.inputs)[tensor].shape
    whole = (1, *shape[1:]) if max(shape[1:], default=1) > 1 else (2, *(1 for _ in shape))
    graph.node("Mul", tensor, graph.weight(*whole))
    return Case(graph, **facts)
