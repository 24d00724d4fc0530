"""How ONNX's operations with weights are read: attributes by their ONNX names and defaults, into our kinds.

Source of names, defaults and versions: the ONNX operator schemas up to opset 23.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from isochrome.errors import ModelError
from isochrome.layers import KINDS, Operation
from isochrome.load.onnx_call import Call
from isochrome.load.value import Unknown

__all__ = [
    "batch_norm", "conv", "conv_transpose", "einsum", "gather", "gemm", "group_norm", "instance_norm",
    "integer_conv", "integer_matmul", "kind", "layer_norm", "matmul", "prelu", "product", "quotient", "recurrent",
    "rms_norm", "sum_or_bias", "window_of",
]  # fmt: skip


def kind(name: str, **arguments: Any) -> Operation:
    """An operation of one of our kinds."""
    return KINDS[name](**arguments)


def window_of(call: Call) -> dict[str, Any]:
    return {
        "strides": call.ints("strides"),
        "pads": call.ints("pads"),
        "auto_pad": call.text("auto_pad", "NOTSET"),
    }


def conv(call: Call) -> Operation:
    return kind(
        "conv",
        x=call.shape(0),
        w=call.shape(1),
        b=call.maybe_shape(2),
        kernel=call.ints("kernel_shape"),
        dilations=call.ints("dilations"),
        group=call.whole("group", 1),
        **window_of(call),
    )


def conv_transpose(call: Call) -> Operation:
    return kind(
        "conv transpose",
        x=call.shape(0),
        w=call.shape(1),
        b=call.maybe_shape(2),
        kernel=call.ints("kernel_shape"),
        dilations=call.ints("dilations"),
        output_padding=call.ints("output_padding"),
        output_shape=call.ints("output_shape"),
        group=call.whole("group", 1),
        **window_of(call),
    )


def _stored(call: Call, *names: str) -> tuple[str, ...]:
    return tuple(name for at, name in enumerate(names) if call.has(at) and call.value(at).stored)


def gemm(call: Call) -> Operation:
    return kind(
        "gemm",
        a=call.shape(0),
        b=call.shape(1),
        c=call.maybe_shape(2),
        transpose_a=call.flag("transA"),
        transpose_b=call.flag("transB"),
        alpha=call.real("alpha", 1.0),
        beta=call.real("beta", 1.0),
        stored=_stored(call, "a", "b", "c"),
    )


def matmul(call: Call) -> Operation:
    stored = _stored(call, "a", "b")
    if len(stored) == 1:
        return kind("matmul", a=call.shape(0), b=call.shape(1), stored=stored[0])
    return kind("attention mixing", a=call.shape(0), b=call.shape(1))


def einsum(call: Call) -> Operation:
    shapes = tuple(call.shape(at) for at in range(len(call.inputs)))
    stored = tuple(at for at in range(len(call.inputs)) if call.value(at).stored)
    if len(stored) > 1:
        raise Unknown("two of its operands are stored: its connections have two weights each")
    return kind("einsum", equation=call.must("equation", call.text("equation") or None), shapes=shapes, stored=stored)


def gather(call: Call) -> Operation:
    axis, table = call.whole("axis", 0), call.numbers(1)
    if table is not None and table.dtype.kind not in "iu":
        raise ModelError(f"its indices: must be whole numbers; are {table.dtype}")
    ids = None if table is None else np.asarray(table, np.int64)
    if call.value(0).stored:
        return kind("embedding", w=call.shape(0), ids=call.shape(1), table=ids, axis=axis)
    return kind("gather", x=call.shape(0), ids=call.shape(1), table=ids, axis=axis)


def _stretches(call: Call) -> None:
    """Before version 7 an operand was stretched where an attribute said so, not by its shape."""
    if call.opset < 7 and call.whole("axis") is not None:
        raise Unknown("it stretches its operand along an axis as before version 7, which has no formula here")


def sum_or_bias(first: float, second: float) -> Callable[[Call], Operation]:
    def build(call: Call) -> Operation:
        _stretches(call)
        weights = [at for at in (0, 1) if call.value(at).is_weight]
        if len(weights) == 1:
            at = weights[0]
            scales = (second, first) if at == 0 else (first, second)
            return kind("bias", x=call.shape(1 - at), b=call.shape(at), x_scale=scales[0], b_scale=scales[1])
        return kind("elementwise", xs=(call.shape(0), call.shape(1)), scales=(first, second))

    return build


def product(call: Call) -> Operation:
    _stretches(call)
    weights = [at for at in (0, 1) if call.value(at).is_weight]
    if len(weights) == 1:
        return kind("scale", x=call.shape(1 - weights[0]), w=call.shape(weights[0]))
    return kind("elementwise", xs=(call.shape(0), call.shape(1)))


def quotient(call: Call) -> Operation:
    _stretches(call)
    if call.value(1).is_weight and not call.value(0).stored:
        return kind("scale", x=call.shape(0), w=call.shape(1), form="quotient")
    if call.value(0).is_weight and not call.value(1).stored:
        return kind("scale", x=call.shape(1), w=call.shape(0), form="reciprocal")
    return kind("elementwise", xs=(call.shape(0), call.shape(1)))


def integer_conv(at: tuple[int, int, int | None], quantised: bool) -> Callable[[Call], Operation]:
    """A convolution of whole numbers; ``at`` says where x, w and b stand. With zero points or scales it is no plain
    sum of products."""

    def build(call: Call) -> Operation:
        made = kind(
            "conv",
            x=call.shape(at[0]),
            w=call.shape(at[1]),
            b=None if at[2] is None else call.maybe_shape(at[2]),
            kernel=call.ints("kernel_shape"),
            dilations=call.ints("dilations"),
            group=call.whole("group", 1),
            **window_of(call),
        )
        return _inexact(made) if quantised or call.has(2) or call.has(3) else made

    return build


def integer_matmul(second: int, quantised: bool) -> Callable[[Call], Operation]:
    """A matrix product of whole numbers; ``second`` is where the second matrix stands."""

    def build(call: Call) -> Operation:
        stored = [name for name, at in (("a", 0), ("b", second)) if call.value(at).stored]
        if len(stored) == 1:
            made = kind("matmul", a=call.shape(0), b=call.shape(second), stored=stored[0])
        else:
            made = kind("attention mixing", a=call.shape(0), b=call.shape(second))
        return _inexact(made) if quantised or call.has(2) or call.has(3) else made

    return build


def _inexact(made: Operation) -> Operation:
    return replace(made, lines=tuple(replace(line, exact=False) for line in made.lines))


def batch_norm(call: Call) -> Operation:
    if call.opset < 9 and call.whole("spatial", 1) == 0:
        raise Unknown("it normalises every place by itself as before version 9, which has no formula here")
    training = call.flag("training_mode") if call.opset >= 14 else False
    return kind(
        "batch norm",
        x=call.shape(0),
        w=call.shape(1),
        b=call.shape(2),
        mean=call.shape(3),
        var=call.shape(4),
        training=training,
        outputs=max(len(call.outputs), 1),
        epsilon=_epsilon(call),
    )


def _epsilon(call: Call) -> float:
    return float(call.real("epsilon", 1e-5))


def layer_norm(call: Call) -> Operation:
    axis, outputs = call.whole("axis", -1), max(len(call.outputs), 1)
    w, b = call.maybe_shape(1), call.maybe_shape(2)
    return kind("layer norm", x=call.shape(0), w=w, b=b, axis=axis, outputs=outputs, epsilon=_epsilon(call))


def rms_norm(call: Call) -> Operation:
    return kind("rms norm", x=call.shape(0), w=call.maybe_shape(1), axis=call.whole("axis", -1), epsilon=_epsilon(call))


def instance_norm(call: Call) -> Operation:
    w, b = call.maybe_shape(1), call.maybe_shape(2)
    return kind("instance norm", x=call.shape(0), w=w, b=b, epsilon=_epsilon(call))


def group_norm(call: Call) -> Operation:
    groups = call.must("num_groups", call.whole("num_groups"))
    w, b = call.maybe_shape(1), call.maybe_shape(2)
    return kind("group norm", x=call.shape(0), groups=groups, w=w, b=b, epsilon=_epsilon(call))


def prelu(call: Call) -> Operation:
    if call.opset < 7 and len(call.shape(1)) == 1 != len(call.shape(0)):
        raise Unknown("its slopes go along axis 1 as before version 7, which has no formula here")
    return kind("prelu", x=call.shape(0), slope=call.shape(1))


def recurrent(name: str, initial: tuple[str, ...], **extra: Callable[[Call], Any]) -> Callable[[Call], Operation]:
    def build(call: Call) -> Operation:
        arguments: dict[str, Any] = {"x": call.shape(0), "w": call.shape(1), "r": call.shape(2)}
        arguments["b"] = call.maybe_shape(3)
        lengths = call.numbers(4)
        arguments["lengths"] = call.maybe_shape(4)
        arguments["lengths_known"] = None if lengths is None else tuple(int(n) for n in lengths.reshape(-1))
        for position, operand in enumerate(initial, 5):
            arguments[operand] = call.maybe_shape(position)
        return kind(
            name,
            hidden=call.whole("hidden_size"),
            direction=call.text("direction", "forward"),
            layout=call.whole("layout", 0),
            activations=call.texts("activations"),
            clip=call.real("clip"),
            **arguments,
            **{key: read(call) for key, read in extra.items()},
        )

    return build
