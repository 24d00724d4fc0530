"""Nodes that are more than one formula: constants that the graph makes, and bodies that run once, many times or not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

import numpy as np

from isochrome.core.sizes import Shape
from isochrome.errors import ModelError
from isochrome.load.onnx_call import Call, Unknown, Value
from isochrome.load.onnx_constants import SMALL
from isochrome.load.onnx_walk import Named, Scope, Special, Walk
from isochrome.model.parts import Operation

__all__ = ["SPECIAL"]

Node = Mapping[str, Any]


def _constant(walk: Walk, call: Call, node: Node, scope: Scope, prefix: str, calls: int | None, depth: int) -> None:
    output = node["outputs"][0]
    number = call.tensor("value")
    if number is not None:
        scope[output] = walk.stored_value(number, prefix + output)
        return
    kinds = {"value_float": np.float32, "value_int": np.int64, "value_floats": np.float32, "value_ints": np.int64}
    for name, kind in kinds.items():
        if name in call.attributes:
            scope[output] = walk.known_value(prefix + output, np.asarray(call.attributes[name]["value"], kind))
            return
    raise ModelError("attribute value: must be a dense tensor, a number or a list of numbers; is none of these")


def _constant_of_shape(
    walk: Walk, call: Call, node: Node, scope: Scope, prefix: str, calls: int | None, depth: int
) -> None:
    output = node["outputs"][0]
    sizes = call.numbers(0)
    if sizes is None:
        scope[output] = walk.activation(prefix + output, walk.declared_shape(prefix + output))
        return
    shape = tuple(int(size) for size in np.asarray(sizes).reshape(-1))
    if any(size < 0 for size in shape):
        raise ModelError(f"its shape must not be negative; got {list(shape)}")
    number = call.tensor("value")
    fill = np.zeros(1, np.float32) if number is None else walk.read(number).reshape(-1)
    if fill.size != 1:
        raise ModelError(f"attribute value: must hold one element; got {fill.size}")
    if fill.dtype.kind != "f":
        if prod(shape) <= SMALL:
            scope[output] = walk.known_value(prefix + output, np.full(shape, fill[0]))
            return
    made = walk.made(prefix + output, shape, str(fill.dtype), made=True, fill=float(fill[0]))
    scope[output] = made


def _shape(walk: Walk, call: Call, node: Node, scope: Scope, prefix: str, calls: int | None, depth: int) -> None:
    output, value = node["outputs"][0], call.value(0)
    if value.shape is None:
        scope[output] = walk.activation(prefix + output, None, "int64")
        return
    shape: Shape = value.shape[slice(call.whole("start", 0), call.whole("end", None))]
    numbers = np.array(prod(shape) if call.op == "Size" else shape, np.int64)
    scope[output] = walk.known_value(prefix + output, numbers)


def _times(calls: int | None, trips: int | None) -> int | None:
    return None if calls is None or trips is None else calls * trips


def _graph(call: Call, name: str) -> Mapping[str, Any]:
    found = call.attributes.get(name)
    if found is None or found["type"] != "graph":
        raise ModelError(f"attribute {name}: must be a graph; is missing")
    graph: Mapping[str, Any] = found["value"]
    return graph


def _finish(
    walk: Walk, call: Call, node: Node, scope: Scope, prefix: str, shapes: Sequence[Shape | None], reason: str
) -> None:
    names = []
    for output, shape in zip(node["outputs"], shapes, strict=False):
        if output:
            scope[output] = walk.activation(prefix + output, shape)
            names.append(prefix + output)
    inputs = tuple(value.name for value in call.inputs if value is not None and not value.stored)
    made = Operation(names[0] if names else call.op, "body", (), inputs, tuple(names), reason)
    walk.found.append(Named(made, node["name"], 0, ()))


def _if(walk: Walk, call: Call, node: Node, scope: Scope, prefix: str, calls: int | None, depth: int) -> None:
    condition = call.numbers(0)
    own = f"{prefix}{node['name'] or node['outputs'][0]}/"
    if condition is not None:
        name = "then_branch" if bool(np.asarray(condition).reshape(-1)[0]) else "else_branch"
        found = walk.branch(_graph(call, name), scope, own, calls, depth)
        for output, value in zip(node["outputs"], found, strict=False):
            if output and value is not None:
                scope[output] = value
        return
    then = walk.branch(_graph(call, "then_branch"), scope, f"{own}then/", None, depth)
    other = walk.branch(_graph(call, "else_branch"), scope, f"{own}else/", None, depth)
    shapes = [a.shape if a and b and a.shape == b.shape else None for a, b in zip(then, other, strict=False)]
    _finish(walk, call, node, scope, prefix, shapes, "which branch runs depends on data")


def _loop(walk: Walk, call: Call, node: Node, scope: Scope, prefix: str, calls: int | None, depth: int) -> None:
    body = _graph(call, "body")
    most = call.numbers(0) if call.has(0) else None
    trips = int(np.asarray(most).reshape(-1)[0]) if most is not None else None
    own = f"{prefix}{node['name'] or node['outputs'][0]}/"
    state = [value["name"] for value in body["inputs"][2:]]
    if body["outputs"] and call.has(1) and not _keeps_going(call, body):
        trips = None
    inner: Scope = {}
    inner[body["inputs"][0]["name"]] = walk.activation(own + body["inputs"][0]["name"], (), "int64")
    inner[body["inputs"][1]["name"]] = walk.activation(own + body["inputs"][1]["name"], (), "bool")
    for name, value in zip(state, call.inputs[2:], strict=False):
        inner[name] = walk.activation(own + name, None if value is None else value.shape)
    found = walk.branch(body, {**_seen(scope), **inner}, own, _times(calls, trips), depth)[1:]
    shapes: list[Shape | None] = [None if value is None else value.shape for value in found[: len(state)]]
    for value in found[len(state) :]:
        known = value is not None and value.shape is not None and trips is not None
        shapes.append((trips or 0, *(value.shape or ())) if known and value is not None else None)
    how = f"runs {trips} times" if trips is not None else "runs as often as the data says"
    _finish(walk, call, node, scope, prefix, shapes, f"a loop: its body {how}")


def _keeps_going(call: Call, body: Mapping[str, Any]) -> bool:
    """Whether the body's condition is the one it was given, and that one is true."""
    start = call.numbers(1)
    given, made = body["inputs"][1]["name"], body["outputs"][0]["name"]
    names = {node["outputs"][0]: node for node in body["nodes"] if node["outputs"]}
    while made in names and names[made]["op"] == "Identity":
        made = names[made]["inputs"][0]
    return start is not None and bool(np.asarray(start).reshape(-1)[0]) and made == given


def _scan(walk: Walk, call: Call, node: Node, scope: Scope, prefix: str, calls: int | None, depth: int) -> None:
    if call.opset < 9:
        raise Unknown("Scan before opset 9 has no reading here")
    body, count = _graph(call, "body"), call.whole("num_scan_inputs")
    if count is None or not 0 < count <= len(call.inputs):
        raise ModelError(f"attribute num_scan_inputs: must be 1 to {len(call.inputs)}; got {count}")
    state = len(call.inputs) - count
    axes = call.ints("scan_input_axes") or (0,) * count
    own = f"{prefix}{node['name'] or node['outputs'][0]}/"
    inner: Scope = {}
    trips: int | None = None
    for place, (value, given) in enumerate(zip(call.inputs, body["inputs"], strict=False)):
        shape = None if value is None else value.shape
        if place >= state and shape is not None:
            axis = axes[place - state] % max(len(shape), 1)
            trips = shape[axis]
            shape = shape[:axis] + shape[axis + 1 :]
        inner[given["name"]] = walk.activation(own + given["name"], shape)
    found = walk.branch(body, {**_seen(scope), **inner}, own, _times(calls, trips), depth)
    shapes: list[Shape | None] = []
    out_axes = call.ints("scan_output_axes") or (0,) * max(len(found) - state, 0)
    for place, made in enumerate(found):
        shape = None if made is None else made.shape
        if place >= state and shape is not None:
            axis = out_axes[place - state] % (len(shape) + 1)
            shape = None if trips is None else (*shape[:axis], trips, *shape[axis:])
        shapes.append(shape)
    how = f"runs {trips} times" if trips is not None else "runs as often as the data says"
    _finish(walk, call, node, scope, prefix, shapes, f"a scan: its body {how}")


def _seen(scope: Mapping[str, Value]) -> dict[str, Value]:
    outer = getattr(scope, "outer", None)
    return {**(_seen(outer) if outer is not None else {}), **scope}


def _random(walk: Walk, call: Call, node: Node, scope: Scope, prefix: str, calls: int | None, depth: int) -> None:
    shape = call.ints("shape")
    scope[node["outputs"][0]] = walk.activation(prefix + node["outputs"][0], shape)


SPECIAL: Mapping[str, Special] = {
    "Constant": _constant,
    "ConstantOfShape": _constant_of_shape,
    "Shape": _shape,
    "Size": _shape,
    "If": _if,
    "Loop": _loop,
    "Scan": _scan,
    "RandomNormal": _random,
    "RandomUniform": _random,
}
