"""Weights that never meet a real input, told by the formulas, and parameters that no operation reads."""

from __future__ import annotations

from collections.abc import Iterator

from isochrome.ask.counts import connections_of, uses_of
from isochrome.ask.lint.finding import Found, Rule, named
from isochrome.ask.lint.subject import Subject
from isochrome.core.formula import Table
from isochrome.model.parts import Line

__all__ = ["RULE"]


def _find(subject: Subject) -> Iterator[Found]:
    model = subject.model
    lines: dict[int, list[Line]] = {}
    for layer in model.layers:
        for line in layer.lines:
            if line.parameter is not None:
                lines.setdefault(line.parameter, []).append(line)
    for number, mine in lines.items():
        parameter = model.parameters[number]
        if any(line.depends or _is_looked_up(line) for line in mine):
            continue  # another input looks up other rows
        if all(connections == real for connections, real in map(connections_of, mine)):
            continue  # nothing here reads padding
        dead = uses_of(model.parameters, tuple(mine))[1]
        if dead:
            message = f"{dead:,} of the {parameter.count:,} weights of {named(parameter.names)} meet padding alone"
            yield Found("warning", parameter.names, f"{message} at this input size", parameter.names[0])
    rows = [subject.held[number] for number in model.unread]
    idle = tuple(row.name for row in rows if row.role == "parameter" and row.count > 1)
    if idle:
        size = sum({row.thing: row.count for row in rows if row.name in idle}.values())
        message = f"no operation reads {named(idle)}: {size:,} weights"
        fix = "Nothing if another call of the model reads them; otherwise remove them."
        yield Found("note", idle, message, "", fix)


def _is_looked_up(line: Line) -> bool:
    return any(isinstance(index, Table) for index in line.weight_access.indices)


RULE = Rule(
    name="dead-weights",
    fires="weights only ever meet padding at this input size, or no operation reads a parameter",
    why="They are stored and counted, get no gradient, and change nothing.",
    fix="Give a larger input, or use a smaller kernel or a smaller stride before this layer.",
    find=_find,
    failing="""
import numpy as np
import onnx
from onnx import helper, numpy_helper

weight = np.random.default_rng(0).standard_normal((4, 3, 3, 3)).astype("float32")
graph = helper.make_graph(
    [helper.make_node("Conv", ["x", "weight"], ["y"], "conv", pads=[1, 1, 1, 1])], "small",
    [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [1, 3, 1, 1])],
    [helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [1, 4, 1, 1])],
    [numpy_helper.from_array(weight, "weight")],
)
subject = "small.onnx"
onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10), subject)
""",
    passing="""
import numpy as np
import onnx
from onnx import helper, numpy_helper

weight = np.random.default_rng(0).standard_normal((4, 3, 3, 3)).astype("float32")
graph = helper.make_graph(
    [helper.make_node("Conv", ["x", "weight"], ["y"], "conv", pads=[1, 1, 1, 1])], "large",
    [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [1, 3, 8, 8])],
    [helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [1, 4, 8, 8])],
    [numpy_helper.from_array(weight, "weight")],
)
subject = "large.onnx"
onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10), subject)
""",
)
