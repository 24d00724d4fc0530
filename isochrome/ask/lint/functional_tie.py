"""One name used at several places of the graph: told by uses, where names say nothing."""

from __future__ import annotations

from collections.abc import Iterator

from isochrome.ask.lint.finding import Found, Rule, named
from isochrome.ask.lint.subject import Subject

__all__ = ["RULE"]


def _find(subject: Subject) -> Iterator[Found]:
    places: dict[int, dict[str, None]] = {}
    for layer in subject.model.layers:
        for line in layer.lines:
            if line.parameter is not None:
                places.setdefault(line.parameter, {})[_module(layer.name)] = None
    for number, found in places.items():
        parameter = subject.model.parameters[number]
        if len(found) > len(parameter.names) and subject.is_counted(parameter):
            known = "one name" if len(parameter.names) == 1 else f"{len(parameter.names)} names"
            message = f"{named(parameter.names)} is used at {len(found)} places, {named(found)}, under {known}"
            yield Found("note", (*parameter.names, *found), message, parameter.names[0])


def _module(layer: str) -> str:
    """The module of a layer: a repeated call of it is the same place."""
    module, found, number = layer.rpartition("#")
    return module if found and number.isdigit() else layer


RULE = Rule(
    name="functional-tie",
    fires="one stored tensor is used at more places of the graph than it has names",
    why="Tools that find ties by name (splitters, quantisers, device maps) do not see this one.",
    fix="Nothing if your tools follow the graph; otherwise register the parameter at the second place too, or keep "
    "both places on one device and in one precision.",
    find=_find,
    failing="""
import numpy as np
import onnx
from onnx import helper, numpy_helper

table = np.random.default_rng(0).standard_normal((32, 8)).astype("float32")
nodes = [
    helper.make_node("Gather", ["embedding", "ids"], ["h"], "embed"),
    helper.make_node("Transpose", ["embedding"], ["turned"]),
    helper.make_node("MatMul", ["h", "turned"], ["y"], "head"),
]
graph = helper.make_graph(
    nodes, "tied",
    [helper.make_tensor_value_info("ids", onnx.TensorProto.INT64, [1, 4])],
    [helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [1, 4, 32])],
    [numpy_helper.from_array(table, "embedding")],
)
subject = "tied.onnx"
onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10), subject)
""",
    passing="""
import numpy as np
import onnx
from onnx import helper, numpy_helper

random = np.random.default_rng(0)
nodes = [
    helper.make_node("Gather", ["embedding", "ids"], ["h"], "embed"),
    helper.make_node("MatMul", ["h", "projection"], ["y"], "head"),
]
graph = helper.make_graph(
    nodes, "apart",
    [helper.make_tensor_value_info("ids", onnx.TensorProto.INT64, [1, 4])],
    [helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [1, 4, 32])],
    [
        numpy_helper.from_array(random.standard_normal((32, 8)).astype("float32"), "embedding"),
        numpy_helper.from_array(random.standard_normal((8, 32)).astype("float32"), "projection"),
    ],
)
subject = "apart.onnx"
onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10), subject)
""",
)
