"""Calls that are more than one of our kinds: recurrent layers, attention, pieces, and what lacks a batch axis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import prod, sqrt
from typing import Any

import numpy as np

from isochrome.core.sizes import Shape
from isochrome.errors import ModelError
from isochrome.layers import Operation
from isochrome.layers.line import without_loop
from isochrome.layers.reshape import strides as row_strides
from isochrome.load import aten_moving as moving
from isochrome.load.aten_ops import ROWS
from isochrome.load.aten_walk import Node, Special, Walk
from isochrome.load.aten_weighted import kind, weighs
from isochrome.load.aten_windows import strided_in
from isochrome.load.value import FLOATS, Unknown, Value

__all__ = ["SPECIAL"]


def _shape(value: Value) -> Shape:
    if value.shape is None:
        raise Unknown("the shape of an operand is not known")
    return value.shape


def _inner(node: Node, label: str) -> str:
    """A name for a tensor that stands inside a call."""
    return f"{next(name for name in node.made.outputs if name)}/{label}"


def _step(walk: Walk, node: Node, name: str, operands: Mapping[str, Value], output: str, **arguments: Any) -> Value:
    return walk.emit(node, kind(name, **arguments), operands, (output,))[0]


def _reshaped(walk: Walk, node: Node, x: Value, shape: Sequence[int], output: str) -> Value:
    return _step(walk, node, "reshape", {"x": x}, output, x=_shape(x), shape=shape, allow_zero=True)


def _sliced(walk: Walk, node: Node, x: Value, axis: int, start: int, stop: int, output: str) -> Value:
    if (start, stop) == (0, _shape(x)[axis]):
        return x
    return _step(walk, node, "slice", {"x": x}, output, x=_shape(x), starts=(start,), ends=(stop,), axes=(axis,))


def _joined(walk: Walk, node: Node, parts: Sequence[Value], axis: int, output: str) -> None:
    operands = {f"x{at + 1}" if at else "x": part for at, part in enumerate(parts)}
    _step(walk, node, "concat", operands, output, xs=[_shape(part) for part in parts], axis=axis)


# --- recurrent layers ---------------------------------------------------------------------------------------------


def _recurrent(name: str) -> Special:
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
        flat = len(_shape(x)) == 2
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
            outputs = [made[0] if layer == count - 1 else _inner(node, f"layer {layer}"),
                       *(made[at + 1] if count == 1 else _inner(node, f"end {at} of layer {layer}")
                         for at in range(len(ends)))]  # fmt: skip
            operation, operands = _layer(name, x, mine, begin, call.flag("has_biases", True), first and not flat, ways)
            label = f"l{layer}" if count > 1 else ""
            x, *rest = walk.emit(node, without_loop(operation, "n") if flat else operation, operands, outputs, label)
            for end, value in zip(ends, rest, strict=True):
                end.append(value)
        for end, output in zip(ends, made[1:], strict=True):
            if output and count > 1:
                _joined(walk, node, end, 0, output)

    return read


def _first_state(walk: Walk, node: Node, state: Value, layer: int, ways: int, at: int) -> Value:
    """A layer's part of the initial state. Zeros that the program makes are a state like any other."""
    state = walk.as_activation(state)
    return _sliced(walk, node, state, 0, layer * ways, (layer + 1) * ways, _inner(node, f"state {at} of layer {layer}"))


def _layer(
    name: str, x: Value, params: Sequence[Value], states: Sequence[Value], biased: bool, batch_first: bool, ways: int
) -> tuple[Operation, dict[str, Value | None]]:
    """One layer of a stack. An input without a batch axis is one sample."""
    flat = len(_shape(x)) == 2
    each = len(params) // ways
    letters = ["w", "r", *(("b", "b2") if biased else ())]
    letters += ["p"] if each > len(letters) else []
    if each != len(letters):
        raise ModelError(f"a part must have {len(letters)} parameters; got {each}")
    operands: dict[str, Value | None] = {"x": x}
    operands |= {letter + (" reverse" if way else ""): params[way * each + at]
                 for way in range(ways) for at, letter in enumerate(letters)}  # fmt: skip
    shapes: dict[str, Any] = {letter: _shape(params[at]) for at, letter in enumerate(letters)}
    for letter, state in zip(("h0", "c0"), states, strict=False):
        operands[letter], shapes[letter] = state, _one_sample(_shape(state)) if flat else _shape(state)
    x_shape = _one_sample(_shape(x)) if flat else _shape(x)
    operation = kind("sequence", kind=name, x=x_shape, directions=(False, True)[:ways], batch_first=batch_first,
                     **shapes)  # fmt: skip
    return operation, operands


def _one_sample(shape: Shape) -> Shape:
    return (shape[0], 1, *shape[1:])


def _cell(name: str) -> Special:
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
        shapes = {key: _shape(value) for key, value in operands.items() if value is not None}
        walk.emit(node, kind(name, **shapes), operands, node.made.outputs)

    return read


# --- attention ----------------------------------------------------------------------------------------------------


def _attention(walk: Walk, node: Node) -> None:
    """Queries meet keys, a softmax over keys, and values are summed by it."""
    call, output = node.call, node.made.outputs[0]
    q, k, v = (walk.as_activation(call.value(name)) for name in ("query", "key", "value"))
    grouped = call.flag("enable_gqa") and len(_shape(q)) == 4 and _shape(q)[1] != _shape(k)[1]
    shape = _shape(q)
    if grouped:  # several heads of queries read one head of keys and values
        heads = _shape(k)[1]
        q = _reshaped(walk, node, q, (shape[0], heads, shape[1] // heads, *shape[2:]), _inner(node, "queries"))
        k, v = (
            _reshaped(walk, node, one, (*_shape(one)[:2], 1, *_shape(one)[2:]), _inner(node, what))
            for one, what in ((k, "keys"), (v, "values"))
        )
    factor = call.real("scale")
    scale = 1 / sqrt(max(_shape(q)[-1], 1)) if factor is None else factor
    mixed = _mixed(walk, node, q, k, v, scale, call.flag("is_causal"), _inner(node, "sum") if grouped else output)
    if grouped:
        _reshaped(walk, node, mixed, walk.program.tensors[output].shape, output)
    walk.rest(node, 1)


def _mixed(walk: Walk, node: Node, q: Value, k: Value, v: Value, scale: float, causal: bool, output: str) -> Value:
    scores = _step(
        walk, node, "attention mixing", {"a": q, "b": k}, _inner(node, "scores"),
        a=_shape(q), b=_shape(k), transpose_b=True, scale=scale, causal="product" if causal else "no",
    )  # fmt: skip
    mask = node.call.maybe("attn_mask")
    if mask is not None:
        masked, adds = [_shape(scores), _shape(mask)], (1.0, 1.0) if mask.dtype in FLOATS else None
        if weighs(node.call, "attn_mask") and adds:  # stored numbers for each distance, as Swin has
            scores = _step(walk, node, "bias", {"x": scores, "b": mask}, _inner(node, "masked"), x=masked[0],
                           b=masked[1])  # fmt: skip
        else:
            scores = _step(walk, node, "elementwise", {"x": scores, "x2": mask}, _inner(node, "masked"), xs=masked,
                           scales=adds)  # fmt: skip
    axes = (len(_shape(scores)) - 1,)
    shares = _step(walk, node, "softmax", {"x": scores}, _inner(node, "shares"), x=_shape(scores), axes=axes)
    return _step(
        walk, node, "attention mixing", {"a": shares, "b": v}, output,
        a=_shape(shares), b=_shape(v), causal="sum" if causal else "no",
    )  # fmt: skip


def _native_attention(walk: Walk, node: Node) -> None:
    """Multi-head attention as one call: a packed projection, attention, and a projection of the heads' outputs."""
    call, output = node.call, node.made.outputs[0]
    x = walk.as_activation(call.value("query"))
    if call.value("key").name != x.name or call.value("value").name != x.name or call.flag("need_weights", True):
        raise Unknown("multi-head attention in one call over different tensors, or with its weights, has no formula")
    (batch, time, size), heads = _shape(x), call.whole("num_head")
    w, b = call.value("qkv_weight"), call.value("qkv_bias")
    packed = walk.emit(node, kind("linear", x=_shape(x), w=_shape(w), b=_shape(b)), {"x": x, "w": w, "b": b},
                       (_inner(node, "packed"),), "qkv")[0]  # fmt: skip
    parts = []
    for at, what in enumerate(("queries", "keys", "values")):
        part = _sliced(walk, node, packed, 2, at * size, (at + 1) * size, _inner(node, what))
        part = _reshaped(walk, node, part, (batch, time, heads, size // heads), _inner(node, f"{what} by head"))
        parts.append(_step(walk, node, "transpose", {"x": part}, _inner(node, f"heads of {what}"), x=_shape(part),
                           perm=(0, 2, 1, 3)))  # fmt: skip
    mixed = _mixed(walk, node, parts[0], parts[1], parts[2], 1 / sqrt(size // heads), False, _inner(node, "sum"))
    mixed = _step(walk, node, "transpose", {"x": mixed}, _inner(node, "sums by token"), x=_shape(mixed),
                  perm=(0, 2, 1, 3))  # fmt: skip
    mixed = _reshaped(walk, node, mixed, (batch, time, size), _inner(node, "tokens"))
    w, b = call.value("proj_weight"), call.value("proj_bias")
    walk.emit(node, kind("linear", x=_shape(mixed), w=_shape(w), b=_shape(b)), {"x": mixed, "w": w, "b": b},
              (output,), "proj")  # fmt: skip
    walk.rest(node, 1)


# --- pieces, gates, bags ------------------------------------------------------------------------------------------


def _unbind(walk: Walk, node: Node) -> None:
    x = node.call.value("self")
    axis = moving.axis_of(node.call, default=0)
    for at, output in enumerate(node.made.outputs):
        if output:
            table = np.array(at, np.int64)
            _step(walk, node, "gather", {"x": x}, output, x=_shape(x), ids=(), table=table, axis=axis)


def _catenated(walk: Walk, node: Node) -> None:
    """Tensors one after another; an empty one of one axis is passed over, whatever the others are."""
    tensors = node.call.arguments["tensors"]
    kept = tuple(one for one in tensors if _shape(one) != (0,)) or tensors
    call = replace(node.call, arguments={**node.call.arguments, "tensors": kept})
    if len(kept) == 1:
        call = replace(call, op="clone", arguments={"self": kept[0]})
    walk.operation(Node(node.made, call), ROWS[call.op])


def _strided(walk: Walk, node: Node) -> None:
    """Elements by strides over memory, of an activation that lies there in order."""
    x = node.call.value("self")
    if x.name in walk.scattered:
        raise Unknown("it reads by strides what does not lie in memory in order")
    made = strided_in(node.call, _shape(x), row_strides(_shape(x)), 0)
    flat = x if len(_shape(x)) == 1 else _reshaped(walk, node, x, (prod(_shape(x)),), _inner(node, "flat"))
    walk.emit(node, made, {"x": flat}, node.made.outputs)


def _gated(walk: Walk, node: Node) -> None:
    x = node.call.value("self")
    axis = moving.axis_of(node.call, default=-1)
    halves = [_inner(node, "value"), _inner(node, "gate")]
    parts = walk.emit(node, kind("split", x=_shape(x), axis=axis, parts=2), {"x": x}, halves)
    _step(walk, node, "elementwise", dict(zip(("x", "x2"), parts, strict=True)), node.made.outputs[0],
          xs=[_shape(part) for part in parts])  # fmt: skip


def _shuffled(walk: Walk, node: Node) -> None:
    x, groups = node.call.value("self"), node.call.whole("groups")
    shape = _shape(x)
    rest = range(3, len(shape) + 1)
    cut = _reshaped(walk, node, x, (shape[0], groups, shape[1] // groups, *shape[2:]), _inner(node, "groups"))
    turned = _step(walk, node, "transpose", {"x": cut}, _inner(node, "turned"), x=_shape(cut), perm=(0, 2, 1, *rest))
    _reshaped(walk, node, turned, shape, node.made.outputs[0])


def _bags(walk: Walk, node: Node) -> None:
    """Bags of ids, all of one length where the offsets say so."""
    call = node.call
    ids, offsets = call.value("indices"), call.numbers("offsets")
    if len(_shape(ids)) != 1 or offsets is None or not len(offsets):
        raise Unknown("how many ids each bag holds depends on data")
    count = len(offsets) - call.flag("include_last_offset")
    length = _shape(ids)[0] // max(count, 1)
    if not length or not np.array_equal(offsets[:count], np.arange(count) * length) or length * count != _shape(ids)[0]:
        raise Unknown("its bags hold different numbers of ids")
    if ids.stored:
        ids = replace(ids, known=None, origin=None)
    table = call.numbers("indices")
    if table is None:
        before = walk.before_reshape(ids)
        whole = before is not None and before.shape == (count, length)
        ids = before if before is not None and whole else _reshaped(walk, node, ids, (count, length),
                                                                    _inner(node, "bags"))  # fmt: skip
    operands: dict[str, Value | None] = {"w": call.value("weight"), "ids": ids}
    more: dict[str, Any] = {}
    if call.maybe("per_sample_weights") is not None:
        x = walk.as_activation(call.value("per_sample_weights"))
        operands["x"] = _reshaped(walk, node, x, (count, length), _inner(node, "factors"))
        more["x"] = (count, length)
    how, skips = ("sum", "mean", "max")[call.whole("mode", 0)], call.whole("padding_idx", -1) >= 0
    operation = kind("embedding bag", w=_shape(call.value("weight")), ids=(count, length), how=how, skips=skips,
                     table=None if table is None else table.reshape(count, length), **more)  # fmt: skip
    walk.emit(node, operation, operands, node.made.outputs[:1])
    walk.rest(node, 1)


def _bilinear(walk: Walk, node: Node) -> None:
    call, output = node.call, node.made.outputs[0]
    x, other, w, b = call.value("input1"), call.value("input2"), call.value("weight"), call.maybe("bias")
    shapes, name = [_shape(w), _shape(x), _shape(other)], output if b is None else _inner(node, "products")
    made = _step(walk, node, "einsum", {"x": w, "x2": x, "x3": other}, name,
                 equation="oij,...i,...j->...o", shapes=shapes, stored=(0,))  # fmt: skip
    if b is not None:
        _step(walk, node, "bias", {"x": made, "b": b}, output, x=_shape(made), b=_shape(b))


# --- what lacks a batch axis, and constants read as inputs -----------------------------------------------------------


def _batched(rank: int, name: str) -> Special:
    """An operation on ``[n, channel, positions]`` that takes an input without the batch axis as well."""

    def read(walk: Walk, node: Node) -> None:
        x = node.call.value(name)
        row = ROWS[node.call.op]
        if len(_shape(x)) != rank + 1:
            walk.operation(node, row)
            return
        wide = replace(walk.as_activation(x), shape=(1, *_shape(x)), batch=None)
        facts = tuple(one and replace(one, shape=(1, *one.shape)) for one in node.call.facts)
        call = replace(node.call, arguments={**node.call.arguments, name: wide}, facts=facts)
        operation = without_loop(row.build(call), "n")
        operands = {key: node.call.maybe(argument) for key, argument in row.names(call).items()}
        walk.emit(node, operation, operands | {"x": walk.as_activation(x)}, node.made.outputs)

    return read


def _embedding(walk: Walk, node: Node) -> None:
    """Rows that every sample looks up alike are looked up once."""
    ids, x = node.call.maybe("indices"), node.call.value("weight")
    table = None if ids is None else node.call.numbers("indices")
    same = table is not None and table.ndim > 1 and 1 < len(table) == walk.graph.samples and (table == table[:1]).all()
    if not same or table is None or ids is None or not x.stored:
        walk.operation(node, ROWS["embedding"])
        return
    operation = kind("embedding", w=_shape(x), ids=(1, *table.shape[1:]), table=table[:1])
    one = walk.emit(node, operation, {"w": x, "ids": ids}, (_inner(node, "of one sample"),))[0]
    _step(walk, node, "expand", {"x": one}, node.made.outputs[0], x=_shape(one), shape=node.call.out())


def _looked_up(argument: str) -> Special:
    """Rows picked by numbers of the data: of a stored table that is an embedding, however it is written."""

    def read(walk: Walk, node: Node) -> None:
        call, row = node.call, ROWS[node.call.op]
        first = [name for name, _ in call.values] == ["self", argument] and not call.whole("dim", 0)
        if first and call.value("self").stored and call.value(argument).dtype != "bool":
            given = {"weight": call.value("self"), "indices": call.value(argument)}
            call, row = replace(call, op="embedding", arguments=given), ROWS["embedding"]
        walk.operation(Node(node.made, call), row)

    return read


def _with_positions(rank: int) -> dict[str, Special]:
    """What slides over so many axes of positions."""
    pools = [f"max_pool{rank}d", f"max_pool{rank}d_with_indices", f"avg_pool{rank}d", f"adaptive_avg_pool{rank}d",
             f"adaptive_max_pool{rank}d"]  # fmt: skip
    products = (f"conv{rank}d", f"conv_transpose{rank}d")
    return dict.fromkeys(pools, _batched(rank, "self")) | dict.fromkeys(products, _batched(rank, "input"))


SPECIAL: Mapping[str, Special] = {
    "lstm": _recurrent("lstm"),
    "gru": _recurrent("gru"),
    "rnn_tanh": _recurrent("rnn"),
    "rnn_relu": _recurrent("rnn"),
    "lstm_cell": _cell("lstm cell"),
    "gru_cell": _cell("gru cell"),
    "rnn_tanh_cell": _cell("rnn cell"),
    "rnn_relu_cell": _cell("rnn cell"),
    "scaled_dot_product_attention": _attention,
    "_scaled_dot_product_flash_attention_for_cpu": _attention,
    "_scaled_dot_product_flash_attention": _attention,
    "_scaled_dot_product_efficient_attention": _attention,
    "_native_multi_head_attention": _native_attention,
    "unbind": _unbind,
    "unbind_copy": _unbind,
    **dict.fromkeys(("cat", "concat", "concatenate"), _catenated),
    "as_strided": _strided,
    "glu": _gated,
    "channel_shuffle": _shuffled,
    "embedding": _embedding,
    **dict.fromkeys(("index", "_unsafe_index"), _looked_up("indices.0")),
    "index_select": _looked_up("index"),
    "embedding_bag": _bags,
    "_embedding_bag": _bags,
    "_embedding_bag_forward_only": _bags,
    "bilinear": _bilinear,
    **_with_positions(1),
    **_with_positions(2),
    **_with_positions(3),
}
