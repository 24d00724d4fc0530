"""A file stores one tensor several times: told by value, transposed copies included."""

from __future__ import annotations

from collections.abc import Iterator

from isochrome.ask.lint.finding import Found, Rule, named
from isochrome.ask.lint.subject import Subject
from isochrome.model.held import distinct

__all__ = ["MOST", "RULE"]

MOST = 1.05
"""Bytes stored over bytes distinct: up to this, duplicates are a note."""


def _find(subject: Subject) -> Iterator[Found]:
    if subject.is_live or not subject.equal:
        return
    stored = distinct(subject.held)[1]
    costs = [distinct([one.item.held for one in group[1:]])[1] for group in subject.equal]
    ratio = stored / max(stored - sum(costs), 1)
    for group, cost in zip(subject.equal, costs, strict=True):
        names = tuple(one.item.held.name for one in group)
        if subject.is_parted(names):
            continue
        turned = tuple(one.item.held.name for one in group if one.transposed)
        message = (
            f"{named(names)} hold equal numbers and are stored {len(group)} times"
            f"{f' ({named(turned)} transposed)' if turned else ''}: {cost:,} bytes more. "
            f"The file stores {ratio:.3f} times what is distinct"
        )
        yield Found("warning" if ratio > MOST else "note", names, message, names[0], "", cost)


RULE = Rule(
    name="export-duplicated",
    fires="stored tensors are equal, transposed or not; a warning from 1.05 times the distinct bytes on",
    why="The file, its download and its memory are larger than the model, and what was tied can be changed apart.",
    fix="Keep the first and let the others be it: in ONNX one initializer under both nodes (a Transpose where it is "
    "turned), or two at the same place of the external data; in a checkpoint one of the two names.",
    find=_find,
    failing="""
import numpy as np
import onnx
from onnx import helper, numpy_helper

table = np.random.default_rng(0).standard_normal((32, 8)).astype("float32")
nodes = [helper.make_node("Gather", ["embedding", "ids"], ["h"]), helper.make_node("MatMul", ["h", "head"], ["y"])]
graph = helper.make_graph(
    nodes, "tied",
    [helper.make_tensor_value_info("ids", onnx.TensorProto.INT64, [1, 4])],
    [helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [1, 4, 32])],
    [numpy_helper.from_array(table, "embedding"), numpy_helper.from_array(table.T.copy(), "head")],
)
subject = "duplicated.onnx"
onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10), subject)
""",
    passing="""
import numpy as np
import onnx
from onnx import helper, numpy_helper

table = np.random.default_rng(0).standard_normal((32, 8)).astype("float32")
nodes = [
    helper.make_node("Gather", ["embedding", "ids"], ["h"]),
    helper.make_node("Transpose", ["embedding"], ["head"]),
    helper.make_node("MatMul", ["h", "head"], ["y"]),
]
graph = helper.make_graph(
    nodes, "tied",
    [helper.make_tensor_value_info("ids", onnx.TensorProto.INT64, [1, 4])],
    [helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [1, 4, 32])],
    [numpy_helper.from_array(table, "embedding")],
)
subject = "once.onnx"
onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10), subject)
""",
)
