"""Calls that are more than one of our kinds: attention, pieces, lookups, and what lacks a batch axis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import prod, sqrt
from typing import Any

import numpy as np

from isochrome.layers.line import without_loop
from isochrome.layers.reshape import strides as row_strides
from isochrome.load import aten_moving as moving
from isochrome.load.aten_ops import ROWS
from isochrome.load.aten_recurrent import recurrent, recurrent_cell
from isochrome.load.aten_step import inner_name, reshaped, shape_of, sliced, step
from isochrome.load.aten_walk import Node, Special, Walk
from isochrome.load.aten_weighted import kind, weighs
from isochrome.load.aten_windows import strided_in
from isochrome.load.value import FLOATS, Unknown, Value

__all__ = ["SPECIAL"]


def _attention(walk: Walk, node: Node) -> None:
    """Queries meet keys, a softmax over keys, and values are summed by it."""
    call, output = node.call, node.made.outputs[0]
    q, k, v = (walk.as_activation(call.value(name)) for name in ("query", "key", "value"))
    grouped = call.flag("enable_gqa") and len(shape_of(q)) == 4 and shape_of(q)[1] != shape_of(k)[1]
    shape = shape_of(q)
    if grouped:  # several heads of queries read one head of keys and values
        heads = shape_of(k)[1]
        q = reshaped(walk, node, q, (shape[0], heads, shape[1] // heads, *shape[2:]), inner_name(node, "queries"))
        k, v = (
            reshaped(walk, node, one, (*shape_of(one)[:2], 1, *shape_of(one)[2:]), inner_name(node, what))
            for one, what in ((k, "keys"), (v, "values"))
        )
    factor = call.real("scale")
    scale = 1 / sqrt(max(shape_of(q)[-1], 1)) if factor is None else factor
    mixed = _mixed(walk, node, q, k, v, scale, call.flag("is_causal"), inner_name(node, "sum") if grouped else output)
    if grouped:
        reshaped(walk, node, mixed, walk.program.tensors[output].shape, output)
    walk.rest(node, 1)


def _mixed(walk: Walk, node: Node, q: Value, k: Value, v: Value, scale: float, causal: bool, output: str) -> Value:
    scores = step(
        walk, node, "attention mixing", {"a": q, "b": k}, inner_name(node, "scores"),
        a=shape_of(q), b=shape_of(k), transpose_b=True, scale=scale, causal="product" if causal else "no",
    )  # fmt: skip
    mask = node.call.maybe("attn_mask")
    if mask is not None:
        masked, adds = [shape_of(scores), shape_of(mask)], (1.0, 1.0) if mask.dtype in FLOATS else None
        if weighs(node.call, "attn_mask") and adds:  # stored numbers for each distance, as Swin has
            scores = step(walk, node, "bias", {"x": scores, "b": mask}, inner_name(node, "masked"), x=masked[0],
                           b=masked[1])  # fmt: skip
        else:
            scores = step(walk, node, "elementwise", {"x": scores, "x2": mask}, inner_name(node, "masked"), xs=masked,
                           scales=adds)  # fmt: skip
    axes = (len(shape_of(scores)) - 1,)
    shares = step(walk, node, "softmax", {"x": scores}, inner_name(node, "shares"), x=shape_of(scores), axes=axes)
    return step(
        walk, node, "attention mixing", {"a": shares, "b": v}, output,
        a=shape_of(shares), b=shape_of(v), causal="sum" if causal else "no",
    )  # fmt: skip


def _native_attention(walk: Walk, node: Node) -> None:
    """Multi-head attention as one call: a packed projection, attention, and a projection of the heads' outputs."""
    call, output = node.call, node.made.outputs[0]
    x = walk.as_activation(call.value("query"))
    if call.value("key").name != x.name or call.value("value").name != x.name or call.flag("need_weights", True):
        raise Unknown("multi-head attention in one call over different tensors, or with its weights, has no formula")
    (batch, time, size), heads = shape_of(x), call.whole("num_head")
    w, b = call.value("qkv_weight"), call.value("qkv_bias")
    packed = walk.emit(node, kind("linear", x=shape_of(x), w=shape_of(w), b=shape_of(b)), {"x": x, "w": w, "b": b},
                       (inner_name(node, "packed"),), "qkv")[0]  # fmt: skip
    parts = []
    for at, what in enumerate(("queries", "keys", "values")):
        part = sliced(walk, node, packed, 2, at * size, (at + 1) * size, inner_name(node, what))
        part = reshaped(walk, node, part, (batch, time, heads, size // heads), inner_name(node, f"{what} by head"))
        parts.append(step(walk, node, "transpose", {"x": part}, inner_name(node, f"heads of {what}"), x=shape_of(part),
                           perm=(0, 2, 1, 3)))  # fmt: skip
    mixed = _mixed(walk, node, parts[0], parts[1], parts[2], 1 / sqrt(size // heads), False, inner_name(node, "sum"))
    mixed = step(walk, node, "transpose", {"x": mixed}, inner_name(node, "sums by token"), x=shape_of(mixed),
                  perm=(0, 2, 1, 3))  # fmt: skip
    mixed = reshaped(walk, node, mixed, (batch, time, size), inner_name(node, "tokens"))
    w, b = call.value("proj_weight"), call.value("proj_bias")
    walk.emit(node, kind("linear", x=shape_of(mixed), w=shape_of(w), b=shape_of(b)), {"x": mixed, "w": w, "b": b},
              (output,), "proj")  # fmt: skip
    walk.rest(node, 1)


# --- pieces, gates, bags ------------------------------------------------------------------------------------------


def _unbind(walk: Walk, node: Node) -> None:
    x = node.call.value("self")
    axis = moving.axis_of(node.call, default=0)
    for at, output in enumerate(node.made.outputs):
        if output:
            table = np.array(at, np.int64)
            step(walk, node, "gather", {"x": x}, output, x=shape_of(x), ids=(), table=table, axis=axis)


def _catenated(walk: Walk, node: Node) -> None:
    """Tensors one after another; an empty one of one axis is passed over, whatever the others are."""
    tensors = node.call.arguments["tensors"]
    kept = tuple(one for one in tensors if shape_of(one) != (0,)) or tensors
    call = replace(node.call, arguments={**node.call.arguments, "tensors": kept})
    if len(kept) == 1:
        call = replace(call, op="clone", arguments={"self": kept[0]})
    walk.operation(Node(node.made, call), ROWS[call.op])


def _strided(walk: Walk, node: Node) -> None:
    """Elements by strides over memory, of an activation that lies there in order."""
    x = node.call.value("self")
    if x.name in walk.scattered:
        raise Unknown("it reads by strides what does not lie in memory in order")
    made = strided_in(node.call, shape_of(x), row_strides(shape_of(x)), 0)
    flat = x if len(shape_of(x)) == 1 else reshaped(walk, node, x, (prod(shape_of(x)),), inner_name(node, "flat"))
    walk.emit(node, made, {"x": flat}, node.made.outputs)


def _gated(walk: Walk, node: Node) -> None:
    x = node.call.value("self")
    axis = moving.axis_of(node.call, default=-1)
    halves = [inner_name(node, "value"), inner_name(node, "gate")]
    parts = walk.emit(node, kind("split", x=shape_of(x), axis=axis, parts=2), {"x": x}, halves)
    step(walk, node, "elementwise", dict(zip(("x", "x2"), parts, strict=True)), node.made.outputs[0],
          xs=[shape_of(part) for part in parts])  # fmt: skip


def _shuffled(walk: Walk, node: Node) -> None:
    x, groups = node.call.value("self"), node.call.whole("groups")
    shape = shape_of(x)
    rest = range(3, len(shape) + 1)
    cut = reshaped(walk, node, x, (shape[0], groups, shape[1] // groups, *shape[2:]), inner_name(node, "groups"))
    order, name = (0, 2, 1, *rest), inner_name(node, "turned")
    turned = step(walk, node, "transpose", {"x": cut}, name, x=shape_of(cut), perm=order)
    reshaped(walk, node, turned, shape, node.made.outputs[0])


def _bags(walk: Walk, node: Node) -> None:
    """Bags of ids, all of one length where the offsets say so."""
    call = node.call
    ids, offsets = call.value("indices"), call.numbers("offsets")
    if len(shape_of(ids)) != 1 or offsets is None or not len(offsets):
        raise Unknown("how many ids each bag holds depends on data")
    count = len(offsets) - call.flag("include_last_offset")
    length = shape_of(ids)[0] // max(count, 1)
    even = np.array_equal(offsets[:count], np.arange(count) * length)
    if not length or not even or length * count != shape_of(ids)[0]:
        raise Unknown("its bags hold different numbers of ids")
    if ids.stored:
        ids = replace(ids, known=None, origin=None)
    table = call.numbers("indices")
    if table is None:
        before = walk.before_reshape(ids)
        whole = before is not None and before.shape == (count, length)
        ids = before if before is not None and whole else reshaped(walk, node, ids, (count, length),
                                                                    inner_name(node, "bags"))  # fmt: skip
    operands: dict[str, Value | None] = {"w": call.value("weight"), "ids": ids}
    more: dict[str, Any] = {}
    if call.maybe("per_sample_weights") is not None:
        x = walk.as_activation(call.value("per_sample_weights"))
        operands["x"] = reshaped(walk, node, x, (count, length), inner_name(node, "factors"))
        more["x"] = (count, length)
    how, skips = ("sum", "mean", "max")[call.whole("mode", 0)], call.whole("padding_idx", -1) >= 0
    operation = kind("embedding bag", w=shape_of(call.value("weight")), ids=(count, length), how=how, skips=skips,
                     table=None if table is None else table.reshape(count, length), **more)  # fmt: skip
    walk.emit(node, operation, operands, node.made.outputs[:1])
    walk.rest(node, 1)


def _bilinear(walk: Walk, node: Node) -> None:
    call, output = node.call, node.made.outputs[0]
    x, other, w, b = call.value("input1"), call.value("input2"), call.value("weight"), call.maybe("bias")
    shapes, name = [shape_of(w), shape_of(x), shape_of(other)], output if b is None else inner_name(node, "products")
    made = step(walk, node, "einsum", {"x": w, "x2": x, "x3": other}, name,
                 equation="oij,...i,...j->...o", shapes=shapes, stored=(0,))  # fmt: skip
    if b is not None:
        step(walk, node, "bias", {"x": made, "b": b}, output, x=shape_of(made), b=shape_of(b))


# --- what lacks a batch axis, and constants read as inputs -----------------------------------------------------------


def _batched(rank: int, name: str) -> Special:
    """An operation on ``[n, channel, positions]`` that takes an input without the batch axis as well."""

    def read(walk: Walk, node: Node) -> None:
        x = node.call.value(name)
        row = ROWS[node.call.op]
        if len(shape_of(x)) != rank + 1:
            walk.operation(node, row)
            return
        wide = replace(walk.as_activation(x), shape=(1, *shape_of(x)), batch=None)
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
    operation = kind("embedding", w=shape_of(x), ids=(1, *table.shape[1:]), table=table[:1])
    one = walk.emit(node, operation, {"w": x, "ids": ids}, (inner_name(node, "of one sample"),))[0]
    step(walk, node, "expand", {"x": one}, node.made.outputs[0], x=shape_of(one), shape=node.call.out())


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
    "lstm": recurrent("lstm"),
    "gru": recurrent("gru"),
    "rnn_tanh": recurrent("rnn"),
    "rnn_relu": recurrent("rnn"),
    "lstm_cell": recurrent_cell("lstm cell"),
    "gru_cell": recurrent_cell("gru cell"),
    "rnn_tanh_cell": recurrent_cell("rnn cell"),
    "rnn_relu_cell": recurrent_cell("rnn cell"),
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
