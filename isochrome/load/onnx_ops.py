"""ONNX's operations in our kinds: one row each. A new one is a row here, and a reader where it has attributes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from isochrome.layers import Operation
from isochrome.load import onnx_moving as moving
from isochrome.load import onnx_weighted as weighted
from isochrome.load.onnx_call import Call

__all__ = ["ROWS", "Row"]


@dataclass(frozen=True, slots=True)
class Row:
    """How one operation is read: its operation from a call, and what its inputs are called in the kind's lines.

    An operand that a kind's lines know by two names has both, with a space between; one that they never name is ``_``.
    """

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


_SAME = "Identity Cast CastLike Dropout"
_CURVES = (
    "Relu LeakyRelu Sigmoid Tanh Elu Selu Celu Softplus Softsign HardSigmoid HardSwish Mish Gelu Swish ThresholdedRelu "
    "Exp Log Sqrt Reciprocal Abs Neg Sign Floor Ceil Round Erf Sin Cos Tan Asin Acos Atan Sinh Cosh Asinh Acosh Atanh "
    "Not IsNaN IsInf BitwiseNot Shrink QuantizeLinear DequantizeLinear Clip Bernoulli"
)
_MANY = (
    "Max Min Mean Pow Mod And Or Xor Equal Greater Less GreaterOrEqual LessOrEqual Where BitwiseAnd BitwiseOr "
    "BitwiseXor BitShift"
)
_REDUCTIONS = {"ReduceSum": "sum", "ReduceMean": "mean", "ReduceMax": "max"} | {
    name: name for name in "ReduceMin ReduceProd ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceSumSquare".split()
}
_RECURRENT = ("x", "w", "r", "b", "lengths", "h0", "c0", "p")

ROWS: Mapping[str, Row] = {
    "Conv": Row(weighted.conv, ("x", "w", "b")),
    "ConvTranspose": Row(weighted.conv_transpose, ("x", "w", "b")),
    "ConvInteger": Row(weighted.integer_conv((0, 1, None), False), ("x", "w", "_", "_")),
    "QLinearConv": Row(weighted.integer_conv((0, 3, 8), True), ("x", "_", "_", "w", "_", "_", "_", "_", "b")),
    "Gemm": Row(weighted.gemm, ("a", "b", "c")),
    "MatMul": Row(weighted.matmul, ("a", "b")),
    "MatMulInteger": Row(weighted.integer_matmul(1, False), ("a", "b", "_", "_")),
    "QLinearMatMul": Row(weighted.integer_matmul(3, True), ("a", "_", "_", "b", "_", "_", "_", "_")),
    "Einsum": Row(weighted.einsum, variadic=True),
    "Gather": Row(weighted.gather, ("x w", "ids")),
    "Add": Row(weighted.sum_or_bias(1.0, 1.0), variadic=True, weight="b"),
    "Sub": Row(weighted.sum_or_bias(1.0, -1.0), variadic=True, weight="b"),
    "Mul": Row(weighted.product, variadic=True, weight="w"),
    "Div": Row(weighted.quotient, variadic=True, weight="w"),
    "Sum": Row(moving.total, variadic=True),
    "BatchNormalization": Row(weighted.batch_norm, ("x", "w", "b", "mean", "var")),
    "LayerNormalization": Row(weighted.layer_norm, ("x", "w", "b")),
    "RMSNormalization": Row(weighted.rms_norm, ("x", "w")),
    "SimplifiedLayerNormalization": Row(weighted.rms_norm, ("x", "w")),
    "InstanceNormalization": Row(weighted.instance_norm, ("x", "w", "b")),
    "GroupNormalization": Row(weighted.group_norm, ("x", "w", "b")),
    "PRelu": Row(weighted.prelu, ("x", "slope")),
    "LSTM": Row(
        weighted.recurrent("lstm", ("h0", "c0", "p"), input_forget=lambda call: call.flag("input_forget")), _RECURRENT
    ),
    "GRU": Row(
        weighted.recurrent("gru", ("h0",), linear_before_reset=lambda call: call.flag("linear_before_reset")),
        _RECURRENT,
    ),
    "RNN": Row(weighted.recurrent("rnn", ("h0",)), _RECURRENT),
    "MaxPool": Row(
        moving.pool(
            "max pool",
            storage_order=lambda call: call.whole("storage_order", 0),
            outputs=lambda call: max(len(call.outputs), 1),
        )
    ),
    "AveragePool": Row(moving.pool("average pool", count_include_pad=lambda call: call.flag("count_include_pad"))),
    "LpPool": Row(moving.pool("lp pool", order=lambda call: call.whole("p", 2))),
    "GlobalAveragePool": Row(moving.global_pool("average")),
    "GlobalMaxPool": Row(moving.global_pool("max")),
    "GlobalLpPool": Row(moving.global_pool("lp")),
    "Resize": Row(moving.resize),
    "Upsample": Row(moving.resize),
    "Concat": Row(moving.concat, variadic=True),
    "Split": Row(moving.split),
    "Slice": Row(moving.sliced),
    "Pad": Row(moving.padded),
    "Transpose": Row(moving.transposed),
    "Reshape": Row(moving.reshaped),
    "Flatten": Row(moving.flattened),
    "Squeeze": Row(moving.squeezed),
    "Unsqueeze": Row(moving.unsqueeze),
    "Expand": Row(moving.expanded),
    "Tile": Row(moving.tiled),
    "Softmax": Row(moving.softmax),
    "LogSoftmax": Row(moving.softmax),
    "Hardmax": Row(moving.softmax),
    "LpNormalization": Row(moving.softmax),
    "MeanVarianceNormalization": Row(moving.mean_variance),
    "LRN": Row(moving.local_response),
    "ArgMax": Row(moving.arg_reduction),
    "ArgMin": Row(moving.arg_reduction),
    "CumSum": Row(moving.cumulative),
    "CumProd": Row(moving.cumulative),
    "TopK": Row(moving.top_k),
    "DepthToSpace": Row(moving.block("depth to space")),
    "SpaceToDepth": Row(moving.block("space to depth")),
    "Trilu": Row(moving.trilu),
    **{name: Row(moving.copied) for name in _SAME.split()},
    **{name: Row(moving.unary) for name in _CURVES.split()},
    **{name: Row(moving.elementwise, variadic=True) for name in _MANY.split()},
    **{name: Row(moving.reduction(how)) for name, how in _REDUCTIONS.items()},
}
