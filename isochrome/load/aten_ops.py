"""ATen's operations in our kinds: one row each. A new one is a row here, and a reader where it has arguments."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from isochrome.layers import Operation
from isochrome.load import aten_moving as moving
from isochrome.load import aten_weighted as weighted
from isochrome.load import aten_windows as sliding
from isochrome.load.aten_call import Call

__all__ = ["COMMUTES", "CREATES", "LAYERS", "LAID_OUT", "RANDOM", "REASONS", "ROWS", "Row"]


@dataclass(frozen=True, slots=True)
class Row:
    """How one operation is read: its operation from a call, and which argument each operand of the kind's lines is.

    ``operands`` reads ``x=input w=weight``; empty, the tensors among the arguments are ``x``, ``x2``, ... in their
    order. ``weight`` names the one that is stored, if one of two is; the other is then ``x``.
    """

    build: Callable[[Call], Operation]
    operands: str = ""
    weight: str = ""

    def names(self, call: Call) -> dict[str, str]:
        """The argument behind each operand."""
        if self.operands and not self.weight:
            pairs = (pair.split("=") for pair in self.operands.split())
            return {operand: argument for operand, argument in pairs if call.maybe(argument) is not None}
        given = [name for name, _ in call.values]
        if self.weight:
            stored = [name for name in given if weighted.weighs(call, name)]
            if len(stored) == 1 and len(given) == 2:
                other = given[0] if stored[0] == given[1] else given[1]
                if not call.value(other).stored:
                    return {self.weight: stored[0], "x": other}
        return {"x" if at == 0 else f"x{at + 1}": name for at, name in enumerate(given)}


_NORM = "x=input w=weight b=bias"
_SAME = (
    "clone contiguous detach alias positive to _to_copy type_as lift_fresh lift_fresh_copy "
    "resolve_conj resolve_neg _conj_physical cpu"
)
_CURVES = (
    "abs absolute acos acosh angle asin asinh atan atanh bitwise_not ceil celu clamp clamp_max clamp_min clip cos cosh "
    "deg2rad digamma elu erf erfc erfinv exp exp2 expm1 fix floor frac gelu hardshrink hardsigmoid hardswish hardtanh "
    "i0 isfinite isinf isnan isneginf isposinf leaky_relu lgamma log log10 log1p log2 log_sigmoid logical_not logit "
    "mish mvlgamma nan_to_num neg negative polygamma rad2deg reciprocal relu relu6 round rrelu rsqrt selu sgn sigmoid "
    "sign signbit silu sin sinc sinh softplus softshrink special_expit sqrt square tan tanh threshold "
    "trunc bucketize quantize_per_tensor quantize_per_channel dequantize fake_quantize_per_tensor_affine "
    "fake_quantize_per_channel_affine"
)
_MANY = (
    "addcdiv addcmul atan2 arctan2 bitwise_and bitwise_or bitwise_xor bitwise_left_shift bitwise_right_shift copysign "
    "eq fmax fmin fmod float_power floor_divide ge greater greater_equal gt heaviside hypot isclose le lerp less "
    "less_equal logaddexp logaddexp2 logical_and logical_or logical_xor lt masked_fill maximum minimum ne not_equal "
    "pow remainder where xlogy __and__ __or__ __xor__ __lshift__ __rshift__ ldexp nextafter"
)
_REDUCTIONS = {
    "sum": "sum", "mean": "mean", "max": "max", "amax": "max", "min": "min", "amin": "min", "prod": "prod",
    "all": "all", "any": "any", "argmax": "argmax", "argmin": "argmin", "std": "std", "var": "var", "norm": "norm",
    "linalg_vector_norm": "norm", "logsumexp": "logsumexp", "var_mean": "var", "std_mean": "std", "median": "median",
    "nanmean": "nanmean", "nansum": "nansum", "count_nonzero": "count", "aminmax": "min", "mode": "mode",
}  # fmt: skip
_LOSSES = (
    "cross_entropy_loss nll_loss nll_loss_nd mse_loss l1_loss smooth_l1_loss huber_loss binary_cross_entropy "
    "binary_cross_entropy_with_logits kl_div cosine_embedding_loss margin_ranking_loss triplet_margin_loss "
    "hinge_embedding_loss soft_margin_loss multi_margin_loss ctc_loss dist equal"
)
_CONV, _TURNED = weighted.convolution(), weighted.convolution(transposed=True)
_WITH_BOTH = "x=self x2=other"

ROWS: Mapping[str, Row] = {
    **{f"conv{rank}d": Row(_CONV, _NORM) for rank in (1, 2, 3)},
    **{f"conv_transpose{rank}d": Row(_TURNED, _NORM) for rank in (1, 2, 3)},
    "convolution": Row(_CONV, _NORM),
    "_convolution": Row(_CONV, _NORM),
    "_convolution_mode": Row(_CONV, _NORM),
    "linear": Row(weighted.linear, _NORM),
    "addmm": Row(weighted.addmm("mat1", "mat2"), "a=mat1 b=mat2 c=self"),
    "addmv": Row(weighted.addmm("mat", "vec"), "a=mat b=vec c=self"),
    "baddbmm": Row(weighted.addmm("batch1", "batch2"), "a=batch1 b=batch2 c=self"),
    "matmul": Row(weighted.matmul("self", "other"), "a=self b=other"),
    "mm": Row(weighted.matmul("self", "mat2"), "a=self b=mat2"),
    "bmm": Row(weighted.matmul("self", "mat2"), "a=self b=mat2"),
    "mv": Row(weighted.matmul("self", "vec"), "a=self b=vec"),
    "dot": Row(weighted.matmul("self", "tensor"), "a=self b=tensor"),
    "einsum": Row(weighted.einsum),
    "embedding": Row(weighted.embedding, "w=weight x=weight ids=indices"),
    "add": Row(weighted.sum_or_bias(False), _WITH_BOTH, weight="b"),
    "sub": Row(weighted.sum_or_bias(True), _WITH_BOTH, weight="b"),
    "subtract": Row(weighted.sum_or_bias(True), _WITH_BOTH, weight="b"),
    "rsub": Row(weighted.sum_or_bias(True, "other", "self"), _WITH_BOTH, weight="b"),
    "mul": Row(weighted.product, _WITH_BOTH, weight="w"),
    "multiply": Row(weighted.product, _WITH_BOTH, weight="w"),
    "div": Row(weighted.quotient, _WITH_BOTH, weight="w"),
    "divide": Row(weighted.quotient, _WITH_BOTH, weight="w"),
    "true_divide": Row(weighted.quotient, _WITH_BOTH, weight="w"),
    **{
        name: Row(weighted.batch_norm, f"{_NORM} mean=running_mean var=running_var")
        for name in (
            "batch_norm", "native_batch_norm", "_native_batch_norm_legit", "_native_batch_norm_legit_no_training",
            "cudnn_batch_norm", "_batch_norm_no_update", "_batch_norm_with_update",
        )
    },  # fmt: skip
    "instance_norm": Row(weighted.instance_norm, f"{_NORM} mean=running_mean var=running_var"),
    "layer_norm": Row(weighted.layer_norm, _NORM),
    "native_layer_norm": Row(weighted.layer_norm, _NORM),
    "group_norm": Row(weighted.group_norm, _NORM),
    "native_group_norm": Row(weighted.native_group_norm, _NORM),
    "rms_norm": Row(weighted.rms_norm, _NORM),
    "_fused_rms_norm": Row(weighted.rms_norm, _NORM),
    "prelu": Row(weighted.prelu, "x=self slope=weight"),
    "_prelu_kernel": Row(weighted.prelu, "x=self slope=weight"),
    **{f"max_pool{rank}d": Row(sliding.max_pool(rank), "x=self") for rank in (1, 2, 3)},
    **{f"max_pool{rank}d_with_indices": Row(sliding.max_pool(rank), "x=self") for rank in (1, 2, 3)},
    **{f"avg_pool{rank}d": Row(sliding.average_pool(rank), "x=self") for rank in (1, 2, 3)},
    **{f"adaptive_avg_pool{rank}d": Row(sliding.adaptive_pool(rank, "average"), "x=self") for rank in (1, 2, 3)},
    **{f"_adaptive_avg_pool{rank}d": Row(sliding.adaptive_pool(rank, "average"), "x=self") for rank in (2, 3)},
    **{f"adaptive_max_pool{rank}d": Row(sliding.adaptive_pool(rank, "max"), "x=self") for rank in (1, 2, 3)},
    **{f"upsample_nearest{rank}d": Row(sliding.resized("nearest", rank)) for rank in (1, 2, 3)},
    **{f"_upsample_nearest_exact{rank}d": Row(sliding.resized("exact", rank)) for rank in (1, 2, 3)},
    "upsample_linear1d": Row(sliding.resized("linear", 1)),
    "upsample_bilinear2d": Row(sliding.resized("linear", 2)),
    "_upsample_bilinear2d_aa": Row(sliding.resized("linear", 2)),
    "upsample_trilinear3d": Row(sliding.resized("linear", 3)),
    "upsample_bicubic2d": Row(sliding.resized("cubic", 2)),
    "_upsample_bicubic2d_aa": Row(sliding.resized("cubic", 2)),
    **{
        name: Row(moving.reshaped, "x=self")
        for name in (
            "view", "reshape", "_unsafe_view", "flatten", "unflatten", "squeeze", "unsqueeze", "_reshape_alias",
            "view_copy", "ravel", "reshape_as", "view_as", "atleast_1d", "atleast_2d", "atleast_3d", "_reshape_copy",
            "squeeze_copy", "unsqueeze_copy",
        )
    },  # fmt: skip
    "permute": Row(moving.permuted, "x=self"),
    "permute_copy": Row(moving.permuted, "x=self"),
    "transpose": Row(moving.transposed("dim0", "dim1"), "x=self"),
    "transpose_copy": Row(moving.transposed("dim0", "dim1"), "x=self"),
    "swapaxes": Row(moving.transposed("axis0", "axis1"), "x=self"),
    "swapdims": Row(moving.transposed("dim0", "dim1"), "x=self"),
    **{name: Row(moving.transposed("", ""), "x=self") for name in ("t", "mT", "mH", "matrix_H", "adjoint", "t_copy")},
    "numpy_T": Row(moving.reversed_axes, "x=self"),
    "movedim": Row(moving.moved_axes, "x=self"),
    "moveaxis": Row(moving.moved_axes, "x=self"),
    "cosine_similarity": Row(moving.compared("x1", "x2"), "x=x1 x2=x2"),
    "pairwise_distance": Row(moving.compared("x1", "x2"), "x=x1 x2=x2"),
    "cdist": Row(moving.all_pairs, "a=x1 b=x2"),
    "_cdist_forward": Row(moving.all_pairs, "a=x1 b=x2"),
    "diagonal": Row(moving.diagonal, "x=self"),
    **{name: Row(moving.expanded, "x=self") for name in ("expand", "expand_as", "broadcast_to", "expand_copy")},
    "repeat": Row(moving.repeated, "x=self"),
    "tile": Row(moving.repeated, "x=self"),
    "repeat_interleave": Row(moving.repeated_each, "x=self"),
    "select": Row(moving.selected, "x=self"),
    "select_copy": Row(moving.selected, "x=self"),
    "slice": Row(moving.sliced, "x=self"),
    "slice_copy": Row(moving.sliced, "x=self"),
    "narrow": Row(moving.sliced, "x=self"),
    "flip": Row(moving.flipped, "x=self"),
    **{
        name: Row(moving.split, "x=self")
        for name in (
            "split", "split_with_sizes", "chunk", "tensor_split", "unsafe_split", "unsafe_chunk", "split_copy",
            "unsafe_split_with_sizes", "split_with_sizes_copy",
        )
    },  # fmt: skip
    **{name: Row(moving.concat) for name in ("cat", "concat", "concatenate")},
    "stack": Row(moving.stacked),
    "roll": Row(moving.rolled, "x=self"),
    "pixel_shuffle": Row(moving.pixel_shuffle, "x=self"),
    "pixel_unshuffle": Row(moving.pixel_shuffle, "x=self"),
    "unfold": Row(sliding.windows, "x=self"),
    "unfold_copy": Row(sliding.windows, "x=self"),
    "im2col": Row(sliding.columns, "x=self"),
    "col2im": Row(sliding.from_columns, "x=self"),
    **{
        name: Row(sliding.padded, "x=self")
        for name in (
            "pad", "constant_pad_nd", "_pad_circular", "_pad_enum",
            *(f"{how}_pad{rank}d" for how in ("reflection", "replication") for rank in (1, 2, 3)),
        )
    },  # fmt: skip
    "index": Row(moving.indexed, "x=self"),
    "_unsafe_index": Row(moving.indexed, "x=self"),
    "index_select": Row(moving.index_select, "x=self"),
    "gather": Row(moving.taken_along, "x=self"),
    "take_along_dim": Row(moving.taken_along, "x=self"),
    "tril": Row(moving.triangle, "x=self"),
    "triu": Row(moving.triangle, "x=self"),
    "overwrite": Row(moving.overwritten, "x=base x2=part"),
    "copy": Row(moving.copied_over, "x=src"),
    **{f"{how}dropout": Row(moving.dropout) for how in ("", "native_", "feature_", "alpha_")},
    **{name: Row(moving.copied, "x=self") for name in _SAME.split()},
    **{name: Row(moving.elementwise) for name in (_CURVES + " " + _MANY).split()},
    **{name: Row(moving.reduction(how), "x=self") for name, how in _REDUCTIONS.items()},
    **{f"{mark}softmax": Row(moving.softmax, "x=self") for mark in ("", "_", "log_", "_log_", "_safe_")},
    "linalg_norm": Row(moving.reduction("norm"), "x=self"),
    "renorm": Row(moving.along_axis, "x=self"),
    "cumsum": Row(moving.cumulative(True), "x=self"),
    **{name: Row(moving.cumulative(False), "x=self") for name in ("cumprod", "cummax", "cummin", "logcumsumexp")},
    **{name: Row(moving.top, "x=self") for name in ("topk", "sort", "argsort", "msort")},
    **{name: Row(moving.all_of_it) for name in _LOSSES.split()},
}

LAYERS = frozenset(
    name for name, row in ROWS.items()
    if row.operands.startswith(_NORM) or name in ("embedding", "prelu")
) | {"linear", "embedding_bag", "lstm", "gru", "rnn_tanh", "rnn_relu", "scaled_dot_product_attention"}  # fmt: skip
"""Layers also where their input does not depend on the model's inputs: then it is an activation all the same."""

LAID_OUT = frozenset(
    "permute transpose swapaxes swapdims t mT mH matrix_H adjoint numpy_T movedim moveaxis expand expand_as "
    "broadcast_to select slice narrow split split_with_sizes chunk tensor_split unbind unfold diagonal "
    "as_strided".split()
)
"""Views whose elements do not lie in memory in the order of their places."""

COMMUTES = frozenset("add mul multiply maximum minimum fmax fmin eq ne logical_and logical_or logical_xor".split())
"""The operations for which the order of two operands does not matter."""

CREATES: Mapping[str, float | None] = {
    **{name + end: value for name, value in (("zeros", 0.0), ("ones", 1.0), ("full", None), ("empty", None))
       for end in ("", "_like")},
    **{f"new_{name}": value for name, value in (("zeros", 0.0), ("ones", 1.0), ("full", None), ("empty", None))},
    "fill": None, "zero": 0.0, "arange": None, "linspace": None, "logspace": None, "eye": None, "scalar_tensor": None,
    "tril_indices": None, "triu_indices": None, "empty_strided": None, "new_empty_strided": None,
    "empty_permuted": None, "hann_window": None, "hamming_window": None,
}  # fmt: skip
"""Operations that make a constant whatever they are given, and the number that fills it, where it is always one."""

RANDOM = frozenset(
    "rand randn randint randperm rand_like randn_like randint_like normal bernoulli multinomial poisson exponential "
    "uniform random".split()
)
"""Operations whose result is chance: nothing of the model reaches it."""

REASONS: Mapping[str, str] = {
    **dict.fromkeys(("grid_sampler", "grid_sampler_2d", "grid_sampler_3d", "max_unpool2d", "max_unpool3d", "take"),
                    "reads where its data says"),
    **dict.fromkeys(("scatter", "scatter_add", "scatter_reduce", "index_put", "index_add", "index_copy", "put"),
                    "writes where its data says"),
    **dict.fromkeys(("nonzero", "masked_select", "unique_consecutive", "_unique2", "bincount", "_pack_padded_sequence"),
                    "gives as much as its data says"),
    **{f"fractional_max_pool{rank}d": "chooses its windows by chance" for rank in (2, 3)},
    **{f"_fft_{name}": "is a Fourier transform: every place is a sum over all, with factors that are stored nowhere"
       for name in ("r2c", "c2r", "c2c")},
}  # fmt: skip
"""Why some operations have no formula; the others have none here yet."""
