"""ONNX's operations in our kinds: one row each. A row reads the attributes by their ONNX names and defaults.

Source of names, defaults and versions: the ONNX operator schemas up to opset 23.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from isochrome.errors import ModelError, shown
from isochrome.layers import KINDS, Operation
from isochrome.load.onnx_call import Call, Unknown

__all__ = ["ROWS", "Row"]


@dataclass(frozen=True, slots=True)
class Row:
    """How one operation is read: its operation from a call, and what its inputs are called in the kind's lines."""

    build: Callable[[Call], Operation]
    operands: tuple[str, ...] = ("x",)
    variadic: bool = False
    weight: str = ""
    """What the one stored operand of an elementwise operation is called; the other is then ``x``."""

    def positions(self, call: Call) -> dict[str, int]:
        """The place of each operand by the name that the kind's lines give it."""
        count = len(call.inputs)
        if self.weight:
            stored = [at for at in range(count) if call.value(at).is_weight]
            if len(stored) == 1 and not all(call.value(at).stored for at in range(count)):
                return {self.weight: stored[0], "x": 1 - stored[0]}
        if self.variadic:
            return {"x" if at == 0 else f"x{at + 1}": at for at in range(count)}
        return {name: at for at, names in enumerate(self.operands[:count]) for name in names.split()}


def _kind(name: str, **arguments: Any) -> Operation:
    return KINDS[name](**arguments)


def _window(call: Call) -> dict[str, Any]:
    return {
        "strides": call.ints("strides"),
        "pads": call.ints("pads"),
        "auto_pad": call.text("auto_pad", "NOTSET"),
    }


def _conv(call: Call) -> Operation:
    return _kind(
        "conv",
        x=call.shape(0),
        w=call.shape(1),
        b=call.maybe_shape(2),
        kernel=call.ints("kernel_shape"),
        dilations=call.ints("dilations"),
        group=call.whole("group", 1),
        **_window(call),
    )


def _conv_transpose(call: Call) -> Operation:
    return _kind(
        "conv transpose",
        x=call.shape(0),
        w=call.shape(1),
        b=call.maybe_shape(2),
        kernel=call.ints("kernel_shape"),
        dilations=call.ints("dilations"),
        output_padding=call.ints("output_padding"),
        output_shape=call.ints("output_shape"),
        group=call.whole("group", 1),
        **_window(call),
    )


def _stored(call: Call, *names: str) -> tuple[str, ...]:
    return tuple(name for at, name in enumerate(names) if call.has(at) and call.value(at).stored)


def _gemm(call: Call) -> Operation:
    return _kind(
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


def _matmul(call: Call) -> Operation:
    stored = _stored(call, "a", "b")
    if len(stored) == 1:
        return _kind("matmul", a=call.shape(0), b=call.shape(1), stored=stored[0])
    return _kind("attention mixing", a=call.shape(0), b=call.shape(1))


def _einsum(call: Call) -> Operation:
    shapes = tuple(call.shape(at) for at in range(len(call.inputs)))
    stored = tuple(at for at in range(len(call.inputs)) if call.value(at).stored)
    return _kind("einsum", equation=call.text("equation"), shapes=shapes, stored=stored)


def _gather(call: Call) -> Operation:
    axis = call.whole("axis", 0)
    if call.value(0).stored:
        return _kind("embedding", w=call.shape(0), ids=call.shape(1), axis=axis)
    table = call.numbers(1)
    shape = None if table is None else np.asarray(table, np.int64)
    return _kind("gather", x=call.shape(0), ids=call.shape(1), table=shape, axis=axis)


def _sum_or_bias(first: float, second: float) -> Callable[[Call], Operation]:
    def build(call: Call) -> Operation:
        weights = [at for at in (0, 1) if call.value(at).is_weight]
        if len(weights) == 1:
            at = weights[0]
            scales = (second, first) if at == 0 else (first, second)
            return _kind("bias", x=call.shape(1 - at), b=call.shape(at), x_scale=scales[0], b_scale=scales[1])
        return _kind("elementwise", xs=(call.shape(0), call.shape(1)), scales=(first, second))

    return build


def _product(call: Call) -> Operation:
    weights = [at for at in (0, 1) if call.value(at).is_weight]
    if len(weights) == 1:
        return _kind("scale", x=call.shape(1 - weights[0]), w=call.shape(weights[0]))
    return _kind("elementwise", xs=(call.shape(0), call.shape(1)))


def _quotient(call: Call) -> Operation:
    if call.value(1).is_weight and not call.value(0).stored:
        return _kind("scale", x=call.shape(0), w=call.shape(1), form="quotient")
    if call.value(0).is_weight and not call.value(1).stored:
        return _kind("scale", x=call.shape(1), w=call.shape(0), form="reciprocal")
    return _kind("elementwise", xs=(call.shape(0), call.shape(1)))


def _elementwise(call: Call) -> Operation:
    return _kind("elementwise", xs=tuple(call.shape(at) for at in range(len(call.inputs)) if call.has(at)))


def _copy(call: Call) -> Operation:
    made = _kind("elementwise", xs=(call.shape(0),), scales=(1.0,))
    return Operation(made.kind, made.lines, made.outputs * max(len(call.outputs), 1))


def _unary(call: Call) -> Operation:
    return _kind("elementwise", xs=(call.shape(0),))


def _batch_norm(call: Call) -> Operation:
    training = call.flag("training_mode") if call.opset >= 14 else False
    return _kind(
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


def _layer_norm(call: Call) -> Operation:
    axis, outputs = call.whole("axis", -1), max(len(call.outputs), 1)
    return _kind("layer norm", x=call.shape(0), w=call.maybe_shape(1), b=call.maybe_shape(2), axis=axis, outputs=outputs,
                 epsilon=_epsilon(call))  # fmt: skip


def _rms_norm(call: Call) -> Operation:
    return _kind("rms norm", x=call.shape(0), w=call.maybe_shape(1), axis=call.whole("axis", -1), epsilon=_epsilon(call))


def _instance_norm(call: Call) -> Operation:
    return _kind(
        "instance norm", x=call.shape(0), w=call.maybe_shape(1), b=call.maybe_shape(2), epsilon=_epsilon(call)
    )


def _group_norm(call: Call) -> Operation:
    groups = call.whole("num_groups")
    if groups is None:
        raise ModelError("attribute num_groups: must be there; is missing")
    return _kind(
        "group norm", x=call.shape(0), groups=groups, w=call.maybe_shape(1), b=call.maybe_shape(2),
        epsilon=_epsilon(call),
    )  # fmt: skip


def _prelu(call: Call) -> Operation:
    return _kind("prelu", x=call.shape(0), slope=call.shape(1))


def _recurrent(kind: str, initial: tuple[str, ...], **extra: Callable[[Call], Any]) -> Callable[[Call], Operation]:
    def build(call: Call) -> Operation:
        arguments: dict[str, Any] = {"x": call.shape(0), "w": call.shape(1), "r": call.shape(2)}
        arguments["b"] = call.maybe_shape(3)
        lengths = call.numbers(4)
        arguments["lengths"] = call.maybe_shape(4)
        arguments["lengths_known"] = None if lengths is None else tuple(int(n) for n in lengths.reshape(-1))
        for position, name in enumerate(initial, 5):
            arguments[name] = call.maybe_shape(position)
        return _kind(
            kind,
            hidden=call.whole("hidden_size"),
            direction=call.text("direction", "forward"),
            layout=call.whole("layout", 0),
            activations=call.texts("activations"),
            clip=call.real("clip"),
            **arguments,
            **{name: read(call) for name, read in extra.items()},
        )

    return build


def _pool(kind: str, **extra: Callable[[Call], Any]) -> Callable[[Call], Operation]:
    def build(call: Call) -> Operation:
        kernel = call.ints("kernel_shape")
        if kernel is None:
            raise ModelError("attribute kernel_shape: must be there; is missing")
        more = {name: read(call) for name, read in extra.items()}
        ceil = call.flag("ceil_mode")
        dilations = call.ints("dilations")
        return _kind(kind, x=call.shape(0), kernel=kernel, dilations=dilations, ceil_mode=ceil, **_window(call), **more)

    return build


def _global_pool(how: str) -> Callable[[Call], Operation]:
    return lambda call: _kind("global pool", x=call.shape(0), how=how)


def _resize(call: Call) -> Operation:
    if call.op == "Upsample":
        scales = call.numbers(1) if call.has(1) else call.floats("scales")
        mode, coordinates = call.text("mode", "nearest"), "asymmetric"
        if scales is None:
            raise Unknown("its scales depend on data")
        nearest = "floor"
        return _kind("resize", x=call.shape(0), scales=_floats(scales), mode=mode, coordinates=coordinates, nearest=nearest)
    at = (1, None) if call.opset < 11 else (2, 3)
    scales = _floats(call.numbers(at[0])) if call.has(at[0]) else None
    out = call.maybe_integers(at[1], "sizes") if at[1] else None
    if call.has(at[0]) and scales is None:
        raise Unknown("its scales depend on data")
    axes, rank = call.ints("axes"), len(call.shape(0))
    policy = call.text("keep_aspect_ratio_policy", "stretch")
    if policy != "stretch":
        raise Unknown(f"keep_aspect_ratio_policy {shown(policy)} has no formula here")
    if axes is not None:
        scales = _spread(scales, axes, tuple(1.0 for _ in range(rank))) if scales else None
        out = [int(n) for n in _spread(tuple(out), axes, call.shape(0))] if out else None
    default = "asymmetric" if call.opset < 11 else "half_pixel"
    return _kind(
        "resize",
        x=call.shape(0),
        out=tuple(out) if out else None,
        scales=scales or None,
        mode=call.text("mode", "nearest"),
        coordinates=call.text("coordinate_transformation_mode", default),
        nearest=call.text("nearest_mode", "floor" if call.opset < 11 else "round_prefer_floor"),
        cubic_a=call.real("cubic_coeff_a", -0.75),
        exclude_outside=call.flag("exclude_outside"),
        antialias=call.flag("antialias"),
    )


def _floats(values: Any) -> tuple[float, ...] | None:
    return None if values is None else tuple(float(value) for value in np.asarray(values).reshape(-1))


def _spread(values: tuple[Any, ...] | None, axes: tuple[int, ...], whole: tuple[Any, ...]) -> tuple[Any, ...]:
    out = list(whole)
    for axis, value in zip(axes, values or (), strict=True):
        out[axis] = value
    return tuple(out)


def _concat(call: Call) -> Operation:
    axis = call.whole("axis", 1 if call.opset < 4 else None)
    if axis is None:
        raise ModelError("attribute axis: must be there; is missing")
    return _kind("concat", xs=tuple(call.shape(at) for at in range(len(call.inputs))), axis=axis)


def _split(call: Call) -> Operation:
    sizes = call.maybe_integers(1, "sizes") if call.opset >= 13 else call.ints("split")
    parts = None if sizes else (call.whole("num_outputs") or len(call.outputs))
    return _kind("split", x=call.shape(0), axis=call.whole("axis", 0), sizes=tuple(sizes) if sizes else None, parts=parts)


def _slice(call: Call) -> Operation:
    if call.opset < 10:
        starts, ends, axes, steps = call.ints("starts"), call.ints("ends"), call.ints("axes"), None
    else:
        starts, ends = tuple(call.integers(1, "starts")), tuple(call.integers(2, "ends"))
        found = [call.maybe_integers(at, "axes or steps") for at in (3, 4)]
        axes, steps = (None if one is None else tuple(one) for one in found)
    if starts is None or ends is None:
        raise ModelError("attributes starts and ends: must be there; are missing")
    return _kind("slice", x=call.shape(0), starts=starts, ends=ends, axes=axes, steps=steps)


def _pad(call: Call) -> Operation:
    mode = call.text("mode", "constant")
    if call.opset < 11:
        pads, axes, value = call.ints("pads" if call.opset >= 2 else "paddings"), None, call.real("value", 0.0)
    else:
        pads = tuple(call.integers(1, "pads"))
        found = call.maybe_integers(3, "axes")
        axes = None if found is None else tuple(found)
        number = call.numbers(2) if call.has(2) else np.zeros(1)
        value = None if number is None else float(np.asarray(number).reshape(-1)[0])
    return _kind("pad", x=call.shape(0), pads=pads, mode=mode, axes=axes, value=value)


def _axes(call: Call) -> tuple[int, ...] | None:
    found = call.maybe_integers(1, "axes") if call.has(1) else call.ints("axes")
    return None if found is None else tuple(found)


def _unsqueeze(call: Call) -> Operation:
    axes = _axes(call)
    if axes is None:
        raise ModelError("axes: must be given; are missing")
    return _kind("unsqueeze", x=call.shape(0), axes=axes)


def _reshape(call: Call) -> Operation:
    shape = call.ints("shape") if call.opset < 5 else tuple(call.integers(1, "sizes"))
    return _kind("reshape", x=call.shape(0), shape=shape, allow_zero=call.flag("allowzero"))


def _softmax(call: Call) -> Operation:
    x = call.shape(0)
    if call.opset >= 13 or call.op == "LpNormalization":
        return _kind("softmax", x=x, axes=(call.whole("axis", -1),))
    axis = call.whole("axis", 1) % max(len(x), 1)
    return _kind("softmax", x=x, axes=tuple(range(axis, len(x))))


def _reduce(how: str) -> Callable[[Call], Operation]:
    def build(call: Call) -> Operation:
        axes = _axes(call)
        if not axes and call.flag("noop_with_empty_axes"):
            return _kind("elementwise", xs=(call.shape(0),), scales=(1.0,))
        return _kind("reduce", x=call.shape(0), axes=axes or None, keep=call.flag("keepdims", True), how=how)

    return build


def _arg(call: Call) -> Operation:
    keep = call.flag("keepdims", True)
    return _kind("reduce", x=call.shape(0), axes=(call.whole("axis", 0),), keep=keep, how=call.op)


def _cumulative(call: Call) -> Operation:
    (axis,) = call.integers(1, "axis")
    exclusive, reverse = call.flag("exclusive"), call.flag("reverse")
    return _kind("cumulative", x=call.shape(0), axis=axis, exclusive=exclusive, reverse=reverse)


def _top_k(call: Call) -> Operation:
    count = call.integers(1, "k")[0] if call.opset >= 10 else call.whole("k")
    return _kind("select", x=call.shape(0), axis=call.whole("axis", -1), count=count, outputs=max(len(call.outputs), 1))


def _block(kind: str) -> Callable[[Call], Operation]:
    def build(call: Call) -> Operation:
        more = {"mode": call.text("mode", "DCR")} if kind == "depth to space" else {}
        return _kind(kind, x=call.shape(0), block=call.whole("blocksize"), **more)

    return build


def _trilu(call: Call) -> Operation:
    k = call.integers(1, "k")[0] if call.has(1) else 0
    return _kind("triangle", x=call.shape(0), upper=call.flag("upper", True), k=k)


def _expand(call: Call) -> Operation:
    return _kind("expand", x=call.shape(0), shape=tuple(call.integers(1, "sizes")))



_SAME = "Identity Cast CastLike Dropout"
_CURVES = (
    "Relu LeakyRelu Sigmoid Tanh Elu Selu Celu Softplus Softsign HardSigmoid HardSwish Mish Gelu Swish ThresholdedRelu "
    "Exp Log Sqrt Reciprocal Abs Neg Sign Floor Ceil Round Erf Sin Cos Tan Asin Acos Atan Sinh Cosh Asinh Acosh Atanh "
    "Not IsNaN IsInf BitwiseNot Shrink QuantizeLinear DequantizeLinear Clip"
)
_MANY = "Max Min Mean Pow Mod And Or Xor Equal Greater Less GreaterOrEqual LessOrEqual Where BitwiseAnd BitwiseOr BitwiseXor"
_REDUCTIONS = {"ReduceSum": "sum", "ReduceMean": "mean", "ReduceMax": "max"} | {
    name: name for name in "ReduceMin ReduceProd ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceSumSquare".split()
}

ROWS: Mapping[str, Row] = {
    "Conv": Row(_conv, ("x", "w", "b")),
    "ConvTranspose": Row(_conv_transpose, ("x", "w", "b")),
    "Gemm": Row(_gemm, ("a", "b", "c")),
    "MatMul": Row(_matmul, ("a", "b")),
    "Einsum": Row(_einsum, variadic=True),
    "Gather": Row(_gather, ("x w", "ids")),
    "Add": Row(_sum_or_bias(1.0, 1.0), variadic=True, weight="b"),
    "Sub": Row(_sum_or_bias(1.0, -1.0), variadic=True, weight="b"),
    "Mul": Row(_product, variadic=True, weight="w"),
    "Div": Row(_quotient, variadic=True, weight="w"),
    "Sum": Row(
        lambda call: _kind(
            "elementwise", xs=tuple(call.shape(at) for at in range(len(call.inputs))), scales=(1.0,) * len(call.inputs)
        ),
        variadic=True,
    ),
    "BatchNormalization": Row(_batch_norm, ("x", "w", "b", "mean", "var")),
    "LayerNormalization": Row(_layer_norm, ("x", "w", "b")),
    "RMSNormalization": Row(_rms_norm, ("x", "w")),
    "SimplifiedLayerNormalization": Row(_rms_norm, ("x", "w")),
    "InstanceNormalization": Row(_instance_norm, ("x", "w", "b")),
    "GroupNormalization": Row(_group_norm, ("x", "w", "b")),
    "PRelu": Row(_prelu, ("x", "slope")),
    "LSTM": Row(
        _recurrent("lstm", ("h0", "c0", "p"), input_forget=lambda call: call.flag("input_forget")),
        ("x", "w", "r", "b", "lengths", "h0", "c0", "p"),
    ),
    "GRU": Row(
        _recurrent("gru", ("h0",), linear_before_reset=lambda call: call.flag("linear_before_reset")),
        ("x", "w", "r", "b", "lengths", "h0"),
    ),
    "RNN": Row(_recurrent("rnn", ("h0",)), ("x", "w", "r", "b", "lengths", "h0")),
    "MaxPool": Row(
        _pool(
            "max pool",
            storage_order=lambda call: call.whole("storage_order", 0),
            outputs=lambda call: max(len(call.outputs), 1),
        )
    ),
    "AveragePool": Row(_pool("average pool", count_include_pad=lambda call: call.flag("count_include_pad"))),
    "LpPool": Row(_pool("lp pool", order=lambda call: call.whole("p", 2))),
    "GlobalAveragePool": Row(_global_pool("average")),
    "GlobalMaxPool": Row(_global_pool("max")),
    "GlobalLpPool": Row(_global_pool("lp")),
    "Resize": Row(_resize),
    "Upsample": Row(_resize),
    "Concat": Row(_concat, variadic=True),
    "Split": Row(_split),
    "Slice": Row(_slice),
    "Pad": Row(_pad),
    "Transpose": Row(lambda call: _kind("transpose", x=call.shape(0), perm=call.ints("perm"))),
    "Reshape": Row(_reshape),
    "Flatten": Row(lambda call: _kind("flatten", x=call.shape(0), axis=call.whole("axis", 1))),
    "Squeeze": Row(lambda call: _kind("squeeze", x=call.shape(0), axes=_axes(call))),
    "Unsqueeze": Row(_unsqueeze),
    "Expand": Row(_expand),
    "Tile": Row(lambda call: _kind("tile", x=call.shape(0), repeats=tuple(call.integers(1, "repeats")))),
    "Softmax": Row(_softmax),
    "LogSoftmax": Row(_softmax),
    "Hardmax": Row(_softmax),
    "LpNormalization": Row(_softmax),
    "MeanVarianceNormalization": Row(
        lambda call: _kind("softmax", x=call.shape(0), axes=call.ints("axes", (0, 2, 3)))
    ),
    "LRN": Row(lambda call: _kind("local response", x=call.shape(0), size=call.whole("size"))),
    "ArgMax": Row(_arg),
    "ArgMin": Row(_arg),
    "CumSum": Row(_cumulative),
    "TopK": Row(_top_k),
    "DepthToSpace": Row(_block("depth to space")),
    "SpaceToDepth": Row(_block("space to depth")),
    "Trilu": Row(_trilu),
    **{name: Row(_copy) for name in _SAME.split()},
    **{name: Row(_unary) for name in _CURVES.split()},
    **{name: Row(_elementwise, variadic=True) for name in _MANY.split()},
    **{name: Row(_reduce(how)) for name, how in _REDUCTIONS.items()},
}
