"""Recurrent calls: every layer and direction of a stack a step of its own, and single cells."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from isochrome.core.sizes import Shape
from isochrome.errors import ModelError
from isochrome.layers import Operation
from isochrome.layers.line import without_loop
from isochrome.load.aten_step import inner_name, joined, shape_of, sliced
from isochrome.load.aten_walk import Node, Special, Walk
from isochrome.load.aten_weighted import kind
from isochrome.load.value import Unknown, Value

__all__ = ["recurrent", "recurrent_cell"]


def recurrent(name: str) -> Special:
    """A stack of recurrent layers: each is one operation, whatever its directions."""

    def read(walk: Walk, node: Node) -> None:
        call, made = node.call, node.made.outputs
        if call.maybe("data") is not None:
            raise Unknown("packed sequences have lengths that are data")
        given = call.arguments.get("hx")
        states = [value for value in (given if isinstance(given, tuple) else (given,)) if isinstance(value, Value)]
        params = [value for key, value in call.values if key.startswith("params.")]
        count, both, first = call.whole("num_layers"), call.flag("bidirectional"), call.flag("batch_first")
        x = walk.as_activation(call.value("input"))
        flat = len(shape_of(x)) == 2
        ways = 2 if both else 1
        if not 0 < count <= len(params) or len(params) % (count * ways):
            raise ModelError(f"its parameters must be as many for each of {count * ways} parts; got {len(params)}")
        if any(output and output not in walk.program.tensors for output in made):
            raise Unknown("the shape of its output is not known")
        each = len(params) // (count * ways)
        ends: list[list[Value]] = [[] for _ in made[1:]]
        for layer in range(count):
            mine = params[layer * ways * each : (layer + 1) * ways * each]
            begin = [_first_state(walk, node, state, layer, ways, at) for at, state in enumerate(states)]
            outputs = [made[0] if layer == count - 1 else inner_name(node, f"layer {layer}"),
                       *(made[at + 1] if count == 1 else inner_name(node, f"end {at} of layer {layer}")
                         for at in range(len(ends)))]  # fmt: skip
            operation, operands = _layer(name, x, mine, begin, call.flag("has_biases", True), first and not flat, ways)
            label = f"l{layer}" if count > 1 else ""
            x, *rest = walk.emit(node, without_loop(operation, "n") if flat else operation, operands, outputs, label)
            for end, value in zip(ends, rest, strict=True):
                end.append(value)
        for end, output in zip(ends, made[1:], strict=True):
            if output and count > 1:
                joined(walk, node, end, 0, output)

    return read


def _first_state(walk: Walk, node: Node, state: Value, layer: int, ways: int, at: int) -> Value:
    """A layer's part of the initial state. Zeros that the program makes are a state like any other."""
    state = walk.as_activation(state)
    name = inner_name(node, f"state {at} of layer {layer}")
    return sliced(walk, node, state, 0, layer * ways, (layer + 1) * ways, name)


def _layer(
    name: str, x: Value, params: Sequence[Value], states: Sequence[Value], biased: bool, batch_first: bool, ways: int
) -> tuple[Operation, dict[str, Value | None]]:
    """One layer of a stack. An input without a batch axis is one sample."""
    flat = len(shape_of(x)) == 2
    each = len(params) // ways
    letters = ["w", "r", *(("b", "b2") if biased else ())]
    letters += ["p"] if each > len(letters) else []
    if each != len(letters):
        raise ModelError(f"a part must have {len(letters)} parameters; got {each}")
    operands: dict[str, Value | None] = {"x": x}
    operands |= {letter + (" reverse" if way else ""): params[way * each + at]
                 for way in range(ways) for at, letter in enumerate(letters)}  # fmt: skip
    shapes: dict[str, Any] = {letter: shape_of(params[at]) for at, letter in enumerate(letters)}
    for letter, state in zip(("h0", "c0"), states, strict=False):
        operands[letter], shapes[letter] = state, _one_sample(shape_of(state)) if flat else shape_of(state)
    x_shape = _one_sample(shape_of(x)) if flat else shape_of(x)
    operation = kind("sequence", kind=name, x=x_shape, directions=(False, True)[:ways], batch_first=batch_first,
                     **shapes)  # fmt: skip
    return operation, operands


def _one_sample(shape: Shape) -> Shape:
    return (shape[0], 1, *shape[1:])


def recurrent_cell(name: str) -> Special:
    """One step of a recurrent layer. A state of zeros that the program makes is a state like any other."""

    def read(walk: Walk, node: Node) -> None:
        call = node.call
        given = call.arguments.get("hx")
        states = [walk.as_activation(value) for value in (given if isinstance(given, tuple) else (given,))
                  if isinstance(value, Value)]  # fmt: skip
        operands: dict[str, Value | None] = {
            "x": walk.as_activation(call.value("input")),
            "w": call.value("w_ih"),
            "r": call.value("w_hh"),
            "b": call.maybe("b_ih"),
            "b2": call.maybe("b_hh"),
            **dict(zip(("h", "c"), states, strict=False)),
        }
        shapes = {key: shape_of(value) for key, value in operands.items() if value is not None}
        walk.emit(node, kind(name, **shapes), operands, node.made.outputs)

    return read
