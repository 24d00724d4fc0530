"""Nodes that are more than one formula: constants that the graph makes, and bodies that run once, many times or not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

import numpy as np

from isochrome.core.sizes import Shape
from isochrome.errors import ModelError
from isochrome.load.onnx_call import Call
from isochrome.load.onnx_walk import Node, Scope, Special, Walk
from isochrome.load.store import SMALL
from isochrome.load.value import FLOATS, Carried, Unknown, Value

__all__ = ["SPECIAL"]

_NUMBERS = {"value_float": np.float32, "value_int": np.int64, "value_floats": np.float32, "value_ints": np.int64}
MOST_TRIES = 3


def _constant(walk: Walk, node: Node) -> None:
    call, output, name = node.call, node.call.outputs[0], node.outputs[0]
    number = call.tensor("value")
    if number is not None:
        node.scope[output] = walk.stored_value(number, name)
        return
    for attribute, kind in _NUMBERS.items():
        if attribute in call.attributes:
            given = call.whole if attribute == "value_int" else call.real if attribute == "value_float" else (
                call.ints if attribute == "value_ints" else call.floats)  # fmt: skip
            node.scope[output] = walk.graph.store.known(name, np.asarray(given(attribute), kind))
            return
    if {"value_string", "value_strings", "sparse_value"} & set(call.attributes):
        raise Unknown("a constant of text, or a sparse one, has no formula here")
    raise ModelError("attribute value: must be a dense tensor, a number or a list of numbers; is none of these")


def _constant_of_shape(walk: Walk, node: Node) -> None:
    call, output, name = node.call, node.call.outputs[0], node.outputs[0]
    sizes = call.numbers(0)
    if sizes is None:
        raise Unknown("its shape depends on data")
    shape = tuple(int(size) for size in np.asarray(sizes).reshape(-1))
    if any(size < 0 for size in shape):
        raise ModelError(f"its shape must not be negative; got {list(shape)}")
    number = call.tensor("value")
    count = 1 if number is None else prod(walk.record["tensors"][number]["shape"])
    if count != 1:
        raise ModelError(f"attribute value: must hold one element; got {count}")
    fill = np.zeros(1, np.float32) if number is None else walk.graph.store.read(number).reshape(-1)
    if str(fill.dtype) not in FLOATS and prod(shape) <= SMALL:
        node.scope[output] = walk.graph.store.known(name, np.full(shape, fill[0]))
        return
    node.scope[output] = walk.graph.store.made(name, shape, str(fill.dtype), made=True, fill=float(fill[0]))


def _shape(walk: Walk, node: Node) -> None:
    call, value = node.call, node.call.value(0)
    if value.shape is None:
        raise Unknown("the shape of its operand is not known")
    shape: Shape = value.shape[slice(call.whole("start", 0), call.whole("end", None))]
    numbers = np.array(prod(shape) if call.op == "Size" else shape, np.int64)
    node.scope[call.outputs[0]] = walk.graph.store.known(node.outputs[0], numbers)


def _times(calls: int | None, trips: int | None) -> int | None:
    return None if calls is None or trips is None else calls * trips


def _graph(call: Call, name: str) -> Mapping[str, Any]:
    found = call.attributes.get(name)
    if found is None or found["type"] != "graph":
        raise ModelError(f"attribute {name}: must be a graph; is {'missing' if found is None else 'none'}")
    graph: Mapping[str, Any] = found["value"]
    return graph


def _finish(walk: Walk, node: Node, values: Sequence[tuple[Shape | None, Carried | None]], reason: str) -> None:
    shapes = [shape for shape, _ in values] + [None] * (len(node.call.outputs) - len(values))
    walk.opaque(node, reason, shapes, "body")
    for output, name, (shape, batch) in zip(node.call.outputs, node.outputs, values, strict=False):
        if output:
            node.scope[output] = walk.graph.activation(name, shape, "float32", batch)


def _if(walk: Walk, node: Node) -> None:
    condition, own = node.call.numbers(0), walk.inner_prefix(node)
    if condition is not None and condition.size:
        name = "then_branch" if bool(condition.reshape(-1)[0]) else "else_branch"
        found = walk.branch(_graph(node.call, name), node, {}, own, node.calls)
        for output, value in zip(node.call.outputs, found, strict=False):
            if output and value is not None:
                node.scope[output] = value
        return
    then = walk.branch(_graph(node.call, "then_branch"), node, {}, f"{own}then/", None)
    other = walk.branch(_graph(node.call, "else_branch"), node, {}, f"{own}else/", None)
    same = [(a.shape, a.batch) if a and b and (a.shape, a.batch) == (b.shape, b.batch) else (None, None)
            for a, b in zip(then, other, strict=False)]  # fmt: skip
    _finish(walk, node, same, "which branch runs depends on data")


def _loop(walk: Walk, node: Node) -> None:
    call, body, own = node.call, _graph(node.call, "body"), walk.inner_prefix(node)
    names = [value["name"] for value in body["inputs"]]
    if len(names) != len(call.inputs) or len(names) < 2 or len(body["outputs"]) < len(names) - 1:
        raise ModelError(f"body: must take the {len(call.inputs)} inputs of the node, and give back what it carries on")
    most = call.numbers(0) if call.has(0) else None
    trips = None if most is None or not most.size else max(int(most.reshape(-1)[0]), 0)
    if call.has(1) and not _keeps_going(call, body):
        trips = None
    inner: Scope = {names[0]: walk.graph.activation(own + names[0], (), "int64")}
    inner[names[1]] = walk.graph.activation(own + names[1], (), "bool")
    carried = [_begin(value) for value in call.inputs[2:]]
    found = _repeated(walk, node, body, inner, names[2:], carried, own, _times(node.calls, trips))[1:]
    after = [_begin(value) for value in found[: len(carried)]]
    for value in found[len(carried) :]:
        known = value is not None and value.shape is not None and trips is not None
        after.append(((trips or 0, *(value.shape or ())) if known and value is not None else None, None))
    how = f"runs {trips} times" if trips is not None else "runs as often as the data says"
    _finish(walk, node, after, f"a loop: its body {how}")


def _begin(value: Value | None) -> tuple[Shape | None, Carried | None]:
    return (None, None) if value is None else (value.shape, value.batch)


def _repeated(
    walk: Walk, node: Node, body: Mapping[str, Any], inner: Scope, names: Sequence[str],
    carried: list[tuple[Shape | None, Carried | None]], own: str, calls: int | None,
) -> list[Value | None]:  # fmt: skip
    """What a body gives back. What it carries on keeps its shape; where it does not, its shape is not known."""
    for _ in range(MOST_TRIES):
        before = len(walk.graph.found)
        for name, (shape, batch) in zip(names, carried, strict=True):
            inner[name] = walk.graph.activation(own + name, shape, "float32", batch)
        found = walk.branch(body, node, inner, own, calls)
        first = 1 if node.call.op == "Loop" else 0
        made = [_begin(value) for value in found[first : first + len(carried)]]
        if made == carried:
            break
        carried[:] = [(old[0] if old[0] == new[0] else None, old[1] if old == new else None)
                      for old, new in zip(carried, made, strict=True)]  # fmt: skip
        del walk.graph.found[before:]
    return found


def _keeps_going(call: Call, body: Mapping[str, Any]) -> bool:
    """Whether the body's condition is the one it was given, and that one is true."""
    start = call.numbers(1)
    given, made = body["inputs"][1]["name"], body["outputs"][0]["name"]
    names = {node["outputs"][0]: node for node in body["nodes"] if node["outputs"]}
    for _ in names:
        if made not in names or names[made]["op"] != "Identity" or not names[made]["inputs"]:
            break
        made = names[made]["inputs"][0]
    return start is not None and bool(start.size) and bool(start.reshape(-1)[0]) and made == given


def _scan(walk: Walk, node: Node) -> None:
    call = node.call
    if call.opset < 9:
        raise Unknown("Scan before opset 9 has no reading here")
    body, count, own = _graph(call, "body"), call.whole("num_scan_inputs"), walk.inner_prefix(node)
    if count is None or not 0 < count <= len(call.inputs):
        raise ModelError(f"attribute num_scan_inputs: must be 1 to {len(call.inputs)}; got {count}")
    state = len(call.inputs) - count
    names = [value["name"] for value in body["inputs"]]
    if len(names) != len(call.inputs) or len(body["outputs"]) < state:
        raise ModelError(f"body: must take the {len(call.inputs)} inputs of the node, and give back its state")
    inner, trips = _scanned(walk, call, names, state, own)
    carried = [_begin(value) for value in call.inputs[:state]]
    found = _repeated(walk, node, body, inner, names[:state], carried, own, _times(node.calls, trips))
    after = [_begin(value) for value in found[:state]]
    axes = call.ints("scan_output_axes") or (0,) * (len(found) - state)
    for value, axis in zip(found[state:], axes, strict=False):
        shape = None if value is None else value.shape
        at = axis % (len(shape) + 1) if shape is not None else 0
        after.append((None if trips is None or shape is None else (*shape[:at], trips, *shape[at:]), None))
    how = f"runs {trips} times" if trips is not None else "runs as often as the data says"
    _finish(walk, node, after, f"a scan: its body {how}")


def _scanned(walk: Walk, call: Call, names: Sequence[str], state: int, own: str) -> tuple[Scope, int | None]:
    """The slices that a body reads, one a trip, and the number of trips."""
    inner: Scope = {}
    trips: int | None = None
    axes = call.ints("scan_input_axes") or (0,) * (len(names) - state)
    for value, name, axis in zip(call.inputs[state:], names[state:], axes, strict=False):
        shape, batch = _begin(value)
        if shape:
            axis %= len(shape)
            trips, shape = shape[axis], shape[:axis] + shape[axis + 1 :]
            if batch is not None:
                batch = None if batch.axis == axis else Carried(batch.axis - (batch.axis > axis), batch.rows)
        inner[name] = walk.graph.activation(own + name, shape, "float32", batch)
    return inner, trips


def _random(walk: Walk, node: Node) -> None:
    shape = node.call.ints("shape")
    if shape is None or any(size < 0 for size in shape):
        raise ModelError(f"attribute shape: must hold sizes; got {None if shape is None else list(shape)}")
    node.scope[node.call.outputs[0]] = walk.graph.activation(node.outputs[0], shape)


def _random_like(walk: Walk, node: Node) -> None:
    value = node.call.value(0)
    node.scope[node.call.outputs[0]] = walk.graph.activation(node.outputs[0], value.shape, batch=value.batch)


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
    "RandomNormalLike": _random_like,
    "RandomUniformLike": _random_like,
    "EyeLike": _random_like,
}
