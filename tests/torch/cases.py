"""One small module for every row of ATen's table: what it computes, its stored tensors, its inputs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

aten = torch.ops.aten


class Function(nn.Module):
    """A function of inputs and stored tensors as a module."""

    def __init__(self, function: Callable[..., Any], stored: dict[str, tuple[int, ...]]) -> None:
        super().__init__()
        self.function = function
        for name, shape in stored.items():
            numbers = torch.rand(shape) + 0.5 if name == "var" else torch.randn(shape)
            if name in ("mean", "var"):
                self.register_buffer(name, numbers)
            else:
                self.register_parameter(name, nn.Parameter(numbers))

    def forward(self, *inputs: Any) -> Any:
        return self.function(self, *inputs)


@dataclass(frozen=True)
class Case:
    """``inputs`` are shapes of float tensors, or tensors; ``layers`` is how many layers the module is."""

    function: Callable[..., Any]
    inputs: tuple[Any, ...]
    stored: dict[str, tuple[int, ...]] = field(default_factory=dict)
    layers: int = 1

    def made(self, seed: int = 0) -> tuple[nn.Module, tuple[Any, ...]]:
        torch.manual_seed(seed)
        inputs = tuple(torch.randn(one) if isinstance(one, tuple) else one for one in self.inputs)
        return Function(self.function, self.stored), inputs


def case(function: Callable[..., Any], *inputs: Any, layers: int = 1, **stored: tuple[int, ...]) -> Case:
    return Case(function, inputs, stored, layers)


def move(function: Callable[..., Any], *shapes: Any) -> Case:
    """An operation without weights, followed by a scale by one stored number a place, so that there is a layer."""
    return Case(lambda m, *xs: _listed(m, function(*xs)), shapes, {"w": (1,)}, -1)


def _listed(module: Any, found: Any) -> Any:
    parts = found if isinstance(found, tuple | list) else (found,)
    return tuple(part * module.w for part in parts if part.is_floating_point())


def ids(*rows: Any) -> torch.Tensor:
    return torch.tensor(rows)


X4 = (2, 4, 5, 6)

CASES: dict[str, Case] = {
    # convolutions
    "conv1d": case(lambda m, x: F.conv1d(x, m.w, m.b, 2, 1, 2), (2, 3, 9), w=(4, 3, 3), b=(4,)),
    "conv2d groups": case(lambda m, x: F.conv2d(x, m.w, None, (2, 1), (1, 0), groups=2), X4, w=(6, 2, 3, 2)),
    "conv2d depthwise": case(lambda m, x: F.conv2d(x, m.w, m.b, padding=1, groups=4), X4, w=(4, 1, 3, 3), b=(4,)),
    "conv2d depthwise, two filters each": case(lambda m, x: F.conv2d(x, m.w, groups=4), X4, w=(8, 1, 3, 3)),
    "conv3d": case(lambda m, x: F.conv3d(x, m.w, m.b), (1, 2, 3, 4, 3), w=(3, 2, 2, 2, 2), b=(3,)),
    "conv same, even": case(lambda m, x: F.conv2d(x, m.w, padding="same", dilation=(1, 3)), X4, w=(3, 4, 2, 2)),
    "conv valid": case(lambda m, x: F.conv1d(x, m.w, padding="valid"), (2, 3, 7), w=(4, 3, 3)),
    "conv without batch": case(lambda m, x: F.conv2d(x, m.w, m.b), (3, 5, 5), w=(4, 3, 3, 3), b=(4,)),
    "convolution": case(lambda m, x: aten.convolution(x, m.w, m.b, [2], [1], [1], False, [0], 1), (2, 3, 8), w=(4, 3, 3), b=(4,)),
    "convolution turned": case(lambda m, x: aten.convolution(x, m.w, None, [2], [1], [1], True, [1], 1), (2, 3, 8), w=(3, 4, 3)),
    "conv_transpose1d": case(lambda m, x: F.conv_transpose1d(x, m.w, m.b, 3, 1, 1), (2, 4, 5), w=(4, 2, 3), b=(2,)),
    "conv_transpose2d": case(lambda m, x: F.conv_transpose2d(x, m.w, m.b, 2, 1, 1, 2, 1), (2, 4, 4, 3), w=(4, 2, 3, 3), b=(4,)),
    "conv_transpose3d": case(lambda m, x: F.conv_transpose3d(x, m.w), (1, 2, 2, 3, 2), w=(2, 3, 2, 2, 2)),
    "conv reflect": case(lambda m, x: F.conv2d(F.pad(x, (1, 2, 2, 1), "reflect"), m.w), X4, w=(3, 4, 3, 3)),
    "conv replicate": case(lambda m, x: F.conv1d(F.pad(x, (3, 1), "replicate"), m.w, stride=2), (2, 3, 5), w=(4, 3, 3)),
    "conv circular": case(lambda m, x: F.conv3d(F.pad(x, (1,) * 6, "circular"), m.w), (1, 2, 3, 4, 3), w=(3, 2, 2, 2, 2)),
    "conv after zeros": case(lambda m, x: F.conv2d(F.pad(x, (0, 1, 0, 1)), m.w, padding=1, stride=2), X4, w=(3, 4, 3, 3)),
    "conv of a pad that others read": case(lambda m, x: (F.conv1d((p := F.pad(x, (1, 1), "reflect")), m.w), p), (2, 3, 7), w=(4, 3, 3)),
    # products
    "linear": case(lambda m, x: F.linear(x, m.w, m.b), (2, 7, 3), w=(5, 3), b=(5,)),
    "linear of a row": case(lambda m, x: F.linear(x, m.w, m.b), (3,), w=(5, 3), b=(5,)),
    "linear of a slice": case(lambda m, x: F.linear(x, m.w[2:5, 1:]), (2, 3), w=(9, 4)),
    "linear, bias apart": case(lambda m, x: F.linear(x, m.w) + m.b, (2, 7, 3), w=(5, 3), b=(5,)),
    "addmm": case(lambda m, x: torch.addmm(m.b, x, m.w, alpha=2.0, beta=0.5), (4, 3), w=(3, 5), b=(5,)),
    "addmv": case(lambda m, x: torch.addmv(m.b, m.w, x), (3,), w=(5, 3), b=(5,)),
    "matmul": case(lambda m, x: x @ m.w, (2, 7, 3), w=(3, 5)),
    "matmul from the left": case(lambda m, x: m.w @ x, (2, 3, 7), w=(5, 3)),
    "matmul by a row": case(lambda m, x: x @ m.w, (2, 7, 3), w=(3,)),
    "mm": case(lambda m, x: torch.mm(x, m.w.t()), (4, 3), w=(5, 3)),
    "mv": case(lambda m, x: torch.mv(m.w, x), (3,), w=(5, 3)),
    "dot": case(lambda m, x: torch.dot(m.w, x), (5,), w=(5,)),
    "bmm": case(lambda m, x: torch.bmm(x, m.w), (3, 2, 4), w=(3, 4, 5)),
    "baddbmm": case(lambda m, x: torch.baddbmm(m.b, x, m.w, beta=0.5), (3, 2, 4), w=(3, 4, 5), b=(5,)),
    "einsum": case(lambda m, x: torch.einsum("bti,oi->bto", x, m.w), (2, 7, 3), w=(5, 3)),
    "einsum, locally connected": case(lambda m, x: torch.einsum("ncl,lmc->nml", F.unfold(x, 3), m.w), (2, 2, 5, 5), w=(9, 3, 18)),
    "bilinear": case(lambda m, x, z: F.bilinear(x, z, m.w, m.b), (2, 3), (2, 4), w=(5, 3, 4), b=(5,)),
    # tables, scales, norms
    "embedding": case(lambda m, i: F.embedding(i, m.w), ids([3, 1, 0], [1, 2, 2]), w=(6, 4)),
    "embedding with a row of padding": case(lambda m, i: F.embedding(i, m.w, padding_idx=1), ids([3, 1, 0], [1, 2, 2]), w=(6, 4)),
    "embedding of known ids": case(lambda m, x: x + F.embedding(torch.arange(3).flip(0), m.w), (2, 3, 4), layers=1, w=(6, 4)),
    "embedding bag, mean": case(lambda m, i: F.embedding_bag(i, m.w), ids([3, 1, 0], [1, 2, 2]), w=(6, 4)),
    "embedding bag, sum of shares": case(lambda m, i, s: F.embedding_bag(i, m.w, mode="sum", per_sample_weights=s), ids([3, 1], [1, 2]), (2, 2), w=(6, 4)),
    "embedding bag, max": case(lambda m, i: F.embedding_bag(i, m.w, mode="max"), ids([3, 1, 0], [1, 2, 2]), w=(6, 4)),
    "scale": case(lambda m, x: x * m.w, X4, w=(4, 1, 1)),
    "scale by one number": case(lambda m, x: m.w * x, (2, 3), w=(1,)),
    "over": case(lambda m, x: x / m.w, X4, w=(6,)),
    "under": case(lambda m, x: m.w / (x.abs() + 1), X4, w=(6,)),
    "bias": case(lambda m, x: x + m.b, X4, b=(4, 1, 1)),
    "bias taken away": case(lambda m, x: torch.sub(x, m.b, alpha=2), X4, b=(6,)),
    "a bias as large as the input says": case(lambda m, x: x + m.b.expand_as(x), X4, b=(5, 1)),
    "a weight in the shape of another tensor": case(lambda m, x: F.linear(x, m.w.view_as(x)), (4, 3), w=(12,)),
    "a weight of the type of another tensor": case(lambda m, x: F.linear(x.double(), m.w.type_as(x.double())), (4, 3), w=(5, 3)),
    "a weight copied": case(lambda m, x: x * torch.empty_like(x).copy_(m.w), X4, w=(6,)),
    "a weight that fills": case(lambda m, x: x * torch.empty_like(x).fill_(m.w[2]), X4, w=(6,)),
    "rows of a table by index": case(lambda m, i: m.w[i], ids([3, 1, 0], [1, 2, 2]), w=(6, 4)),
    "rows of a table by index_select": case(lambda m, i: m.w.index_select(0, i), ids(3, 1, 0), w=(6, 4)),
    "over time first": case(lambda m, x: F.linear(F.linear(x, m.w).mean(0), m.v), (5, 2, 3), layers=2, w=(4, 3), v=(6, 4)),
    "einsum over the first axis": case(lambda m, x: torch.einsum("ni,io->o", x, m.w), (2, 3), w=(3, 5)),
    "from a bias": case(lambda m, x: m.b - x, X4, b=(5, 1)),
    "rsub": case(lambda m, x: torch.rsub(x, m.b), X4, b=(6,)),
    "batch_norm": case(lambda m, x: F.batch_norm(x, m.mean, m.var, m.w, m.b), X4, w=(4,), b=(4,), mean=(4,), var=(4,)),
    "batch_norm of two axes": case(lambda m, x: F.batch_norm(x, m.mean, m.var, m.w, m.b), (3, 4), w=(4,), b=(4,), mean=(4,), var=(4,)),
    "_native_batch_norm_legit_no_training": case(lambda m, x: aten._native_batch_norm_legit_no_training(x, m.w, m.b, m.mean, m.var, 0.1, 1e-5)[0], X4, w=(4,), b=(4,), mean=(4,), var=(4,)),
    "native_batch_norm": case(lambda m, x: aten.native_batch_norm(x, m.w, m.b, m.mean, m.var, False, 0.1, 1e-5)[0], X4, w=(4,), b=(4,), mean=(4,), var=(4,)),
    "layer_norm": case(lambda m, x: F.layer_norm(x, (5, 6), m.w, m.b), X4, w=(5, 6), b=(5, 6)),
    "native_layer_norm": case(lambda m, x: aten.native_layer_norm(x, [6], m.w, m.b, 1e-5), X4, w=(6,), b=(6,)),
    "group_norm": case(lambda m, x: F.group_norm(x, 2, m.w, m.b), X4, w=(4,), b=(4,)),
    "native_group_norm": case(lambda m, x: aten.native_group_norm(x, m.w, m.b, 2, 4, 30, 2, 1e-5)[0], X4, w=(4,), b=(4,)),
    "instance_norm": case(lambda m, x: F.instance_norm(x, weight=m.w, bias=m.b), X4, w=(4,), b=(4,)),
    "instance_norm by stored statistics": case(lambda m, x: F.instance_norm(x, m.mean, m.var, m.w, m.b, use_input_stats=False), X4, w=(4,), b=(4,), mean=(4,), var=(4,)),
    "rms_norm": case(lambda m, x: F.rms_norm(x, (6,), m.w), X4, w=(6,)),
    "prelu": case(lambda m, x: F.prelu(x, m.w), X4, w=(4,)),
    "prelu of one slope": case(lambda m, x: F.prelu(x, m.w), (2, 3), w=(1,)),
    # recurrent
    "lstm": case(lambda m, x: torch.lstm(x, (torch.zeros(1, 2, 4), torch.zeros(1, 2, 4)), (m.w, m.r, m.b, m.d), True, 1, 0.0, False, False, False), (5, 2, 3), w=(16, 3), r=(16, 4), b=(16,), d=(16,)),
    "gru of two layers": case(lambda m, x: torch.gru(x, torch.zeros(2, 2, 4), (m.w, m.r, m.v, m.s), False, 2, 0.0, False, False, True), (2, 5, 3), layers=2, w=(12, 3), r=(12, 4), v=(12, 4), s=(12, 4)),
    "rnn_tanh": case(lambda m, x: torch.rnn_tanh(x, torch.zeros(1, 2, 4), (m.w, m.r), False, 1, 0.0, False, False, False), (5, 2, 3), w=(4, 3), r=(4, 4)),
    "rnn_relu, both ways, without batch": case(lambda m, x: torch.rnn_relu(x, torch.zeros(2, 4), (m.w, m.r, m.v, m.s), False, 1, 0.0, False, True, False), (5, 3), w=(4, 3), r=(4, 4), v=(4, 3), s=(4, 4)),
    "lstm_cell": case(lambda m, x, h, c: torch.lstm_cell(x, (h, c), m.w, m.r, m.b, m.d), (2, 3), (2, 4), (2, 4), w=(16, 3), r=(16, 4), b=(16,), d=(16,)),
    "gru_cell": case(lambda m, x, h: torch.gru_cell(x, h, m.w, m.r, m.b, m.d), (2, 3), (2, 4), w=(12, 3), r=(12, 4), b=(12,), d=(12,)),
    "rnn_tanh_cell": case(lambda m, x, h: torch.rnn_tanh_cell(x, h, m.w, m.r), (2, 3), (2, 4), w=(4, 3), r=(4, 4)),
    "rnn_relu_cell": case(lambda m, x, h: torch.rnn_relu_cell(x, h, m.w, m.r), (2, 3), (2, 4), w=(4, 3), r=(4, 4)),
    # attention
    "attention": move(lambda q, k, v: F.scaled_dot_product_attention(q, k, v), (2, 2, 3, 4), (2, 2, 5, 4), (2, 2, 5, 6)),
    "attention, causal": move(lambda q, k, v: F.scaled_dot_product_attention(q, k, v, is_causal=True), (2, 2, 4, 3), (2, 2, 4, 3), (2, 2, 4, 5)),
    "attention, masked": move(lambda q, k, v, a: F.scaled_dot_product_attention(q, k, v, a), (2, 2, 3, 4), (2, 2, 5, 4), (2, 2, 5, 6), (2, 1, 3, 5)),
    "attention, grouped": move(lambda q, k, v: F.scaled_dot_product_attention(q, k, v, enable_gqa=True, scale=0.3), (2, 6, 3, 4), (2, 2, 5, 4), (2, 2, 5, 4)),
    "native attention": case(lambda m, x: aten._native_multi_head_attention(x, x, x, 8, 2, m.w, m.b, m.p, m.q, None, False)[0], (2, 5, 8), layers=2, w=(24, 8), b=(24,), p=(8, 8), q=(8,)),
    # pools and sizes
    "max_pool1d": move(lambda x: F.max_pool1d(x, 3, 2, 1), (2, 3, 8)),
    "max_pool2d": move(lambda x: F.max_pool2d(x, (3, 2), 2, 1, (1, 2), ceil_mode=True), (2, 3, 7, 8)),
    "max_pool3d": move(lambda x: F.max_pool3d(x, 2), (1, 2, 4, 4, 2)),
    "max_pool2d with places": move(lambda x: F.max_pool2d(x, 2, return_indices=True)[0], (2, 3, 4, 4)),
    "max_pool2d without batch": move(lambda x: F.max_pool2d(x, 2), (3, 4, 4)),
    "avg_pool1d": move(lambda x: F.avg_pool1d(x, 3, 2, 1), (2, 3, 8)),
    "avg_pool2d": move(lambda x: F.avg_pool2d(x, 3, 2, 1, ceil_mode=True, count_include_pad=False), (2, 3, 7, 8)),
    "avg_pool2d over a number": move(lambda x: F.avg_pool2d(x, 2, divisor_override=3), (2, 3, 4, 4)),
    "avg_pool3d": move(lambda x: F.avg_pool3d(x, 2), (1, 2, 4, 4, 2)),
    "adaptive_avg_pool1d": move(lambda x: F.adaptive_avg_pool1d(x, 3), (2, 3, 7)),
    "adaptive_avg_pool2d": move(lambda x: F.adaptive_avg_pool2d(x, (3, 2)), (2, 3, 7, 4)),
    "adaptive_avg_pool3d": move(lambda x: F.adaptive_avg_pool3d(x, 1), (1, 2, 3, 2, 2)),
    "adaptive_max_pool2d": move(lambda x: F.adaptive_max_pool2d(x, (2, 3)), (2, 3, 4, 7)),
    "nearest": move(lambda x: F.interpolate(x, scale_factor=(1.5, 2.0)), (2, 3, 4, 5)),
    "nearest of a row": move(lambda x: F.interpolate(x, size=7), (2, 3, 5)),
    "nearest-exact": move(lambda x: F.interpolate(x, size=(7, 3), mode="nearest-exact"), (2, 3, 4, 5)),
    "linear between": move(lambda x: F.interpolate(x, size=8, mode="linear"), (2, 3, 5)),
    "bilinear between": move(lambda x: F.interpolate(x, scale_factor=1.7, mode="bilinear"), (2, 3, 4, 5)),
    "bilinear to the corners": move(lambda x: F.interpolate(x, size=(7, 3), mode="bilinear", align_corners=True), (2, 3, 4, 5)),
    "trilinear": move(lambda x: F.interpolate(x, scale_factor=2, mode="trilinear"), (1, 2, 2, 3, 2)),
    "bicubic": move(lambda x: F.interpolate(x, scale_factor=2, mode="bicubic"), (1, 2, 4, 3)),
    "area": move(lambda x: F.interpolate(x, size=(3, 2), mode="area"), (2, 3, 7, 4)),
    # moves
    "view": move(lambda x: x.view(2, 20, 6), X4),
    "reshape": move(lambda x: x.transpose(1, 2).reshape(2, -1), X4),
    "flatten": move(lambda x: x.flatten(1).unflatten(1, (10, 12)), X4),
    "squeeze": move(lambda x: x.unsqueeze(2).squeeze(2), X4),
    "permute": move(lambda x: x.permute(0, 3, 1, 2), X4),
    "transpose": move(lambda x: x.transpose(1, -1), X4),
    "t": move(lambda x: x.unsqueeze(0).squeeze(0).t(), (3, 4)),
    "movedim": move(lambda x: x.movedim(1, -1), X4),
    "numpy_T": move(lambda x: x.T, (3, 4)),
    "mT": move(lambda x: x.mT, X4),
    "swapaxes": move(lambda x: torch.swapaxes(x, 1, 2), X4),
    "expand": move(lambda x: x.unsqueeze(1).expand(2, 3, 4, 5, 6), X4),
    "expand_as": move(lambda x, z: x.expand_as(z), (2, 1, 3), (2, 4, 3)),
    "repeat": move(lambda x: x.repeat(1, 2, 1, 3), X4),
    "repeat, more axes": move(lambda x: x.repeat(2, 1, 3), (4, 3)),
    "tile": move(lambda x: torch.tile(x, (2,)), (2, 3)),
    "repeat_interleave": move(lambda x: x.repeat_interleave(3, 1), (2, 4, 3)),
    "select": move(lambda x: x[:, -1], X4),
    "slice": move(lambda x: x[:, 1:4:2, :, 2:], X4),
    "narrow": move(lambda x: x.narrow(1, 1, 2), X4),
    "flip": move(lambda x: x.flip(1, 3), X4),
    "split": move(lambda x: x.split([1, 3], 1), X4),
    "split of a size": move(lambda x: x.split(2, 2), X4),
    "chunk": move(lambda x: x.chunk(2, -1), X4),
    "tensor_split": move(lambda x: torch.tensor_split(x, 2, 2), X4),
    "unbind": move(lambda x: x.unbind(1), (2, 3, 4)),
    "cat": move(lambda x, z: torch.cat([x, z], 1), X4, (2, 3, 5, 6)),
    "stack": move(lambda x, z: torch.stack([x, z], 1), X4, X4),
    "roll": move(lambda x: x.roll((1, -2), (2, 3)), X4),
    "pixel_shuffle": move(lambda x: F.pixel_shuffle(x, 2), X4),
    "pixel_unshuffle": move(lambda x: F.pixel_unshuffle(x, 2), (2, 3, 4, 6)),
    "channel_shuffle": move(lambda x: aten.channel_shuffle(x, 2), X4),
    "unfold along an axis": move(lambda x: x.unfold(2, 3, 2), X4),
    "im2col": move(lambda x: F.unfold(x, (2, 3), (1, 2), (1, 0), (2, 1)), X4),
    "col2im": move(lambda x: F.fold(x, (4, 5), 2, 1, 0, 1), (2, 8, 12)),
    "pad": move(lambda x: F.pad(x, (1, 2, 0, 1)), X4),
    "pad, cropped": move(lambda x: F.pad(x, (-1, 2)), X4),
    "pad, reflect": move(lambda x: F.pad(x, (1, 2), "reflect"), (2, 3, 5)),
    "index": move(lambda x: x[:, [2, 0, 2]], X4),
    "index of two": move(lambda x: x[:, [2, 0], [1, 4]], X4),
    "index of two apart": move(lambda x: x.permute(1, 0, 2, 3)[[2, 0], :, [1, 4]], X4),
    "index by truth": move(lambda x: x[:, torch.arange(4) > 1], X4),
    "index_select": move(lambda x: x.index_select(1, ids(3, 0, 0)), X4),
    "gather": move(lambda x: x.gather(1, torch.arange(6).view(2, 3) % 4), (2, 4)),
    "take_along_dim": move(lambda x, i: torch.take_along_dim(x, i, 1), (2, 4), ids([0, 3, 3], [1, 1, 0])),
    "diagonal": move(lambda x: x.diagonal(1, 1, 2), (2, 4, 4)),
    "tril": move(lambda x: x.tril(1) + x.triu(), (2, 4, 4)),
    "written over": move(lambda x, z: _over(x, z), (2, 4, 5), (2, 2, 5)),
    "written over by slices": move(lambda x, z: torch.slice_scatter(x, z, 1, -3, 4, 2), (2, 4, 5), (2, 2, 5)),
    "written over at a place": move(lambda x, z: _at(x, z), (2, 4, 5), (2, 5)),
    "masked_fill": move(lambda x: x.masked_fill(x > 0, -1.0), X4),
    "where": move(lambda x, z: torch.where(x > 0, x, z), X4, X4),
    # place by place, and along axes
    "curves": move(lambda x: F.gelu(F.silu(x.relu_().tanh()).sigmoid().exp() + 1).clamp(0, 2), X4),
    "copies": move(lambda x: F.dropout(x.clone().contiguous().to(torch.float64).float(), 0.5, False), X4),
    "copies in place": move(lambda x: F.dropout(F.dropout(x.clone(), 0.5, False, True).neg(), 0.5, False), X4),
    "sums": move(lambda x, z: x + z * 2 - torch.sub(z, x, alpha=3) / 4, X4, (5, 6)),
    "from one": move(lambda x: 1 - x, X4),
    "rsub of two": move(lambda x, z: torch.rsub(x, z, alpha=2), X4, (5, 6)),
    "the larger and the smaller": move(lambda x, z: torch.max(x, z) - torch.min(x, z), X4, (5, 6)),
    "filled from an input": move(lambda x, z: x + torch.zeros(4, 5, 6).fill_(z), X4, ()),
    "pairs": move(lambda x, z: torch.maximum(x, z) * z + torch.atan2(x, z), X4, (5, 6)),
    "in place": move(lambda x: x.clone().add_(1).mul_(2).neg_(), X4),
    "glu": move(lambda x: F.glu(x, 1), X4),
    "softmax": move(lambda x: x.softmax(-1) + F.log_softmax(x, 1), X4),
    "sum": move(lambda x: x.sum((1, 3)), X4),
    "mean": move(lambda x: x.mean(2, keepdim=True), X4),
    "largest": move(lambda x: x.amax(1) + x.max(1)[0], X4),
    "std": move(lambda x: torch.std(x, 1) + x.norm(dim=1) + x.prod(1) + x.var(1), X4),
    "logsumexp": move(lambda x: torch.logsumexp(x, 1) + x.min(1)[0] + x.argmax(1), X4),
    "var_mean": move(lambda x: torch.var_mean(x, 1), X4),
    "cumsum": move(lambda x: x.cumsum(1) + x.cumprod(1), X4),
    "msort": move(lambda x: torch.msort(x.transpose(0, 1)).transpose(0, 1), X4),
    "mode": move(lambda x: torch.mode(x)[0], X4),
    "renorm": move(lambda x: torch.renorm(x, 2, 0, 0.5), X4),
    "truth in place": move(lambda x: x * (x > 0).__iand__(x < 1), X4),
    "topk": move(lambda x: (x.topk(2, 1)[0], x.sort(1)[0]), X4),
    "cosine_similarity": move(lambda x, z: F.cosine_similarity(x, z), X4, X4),
    "pairwise_distance": move(lambda x, z: F.pairwise_distance(x, z), (2, 4), (2, 4)),
    "cdist": move(lambda x, z: torch.cdist(x, z), (2, 3, 4), (2, 5, 4)),
    "linalg_norm": move(lambda x: torch.linalg.vector_norm(x, dim=1), X4),
    "mse_loss": move(lambda x, z: F.mse_loss(x, z), (2, 4), (2, 4)),
    "as_strided": move(lambda x: x.as_strided((3, 4), (2, 1), 1), (3, 4)),
    "as_strided of a weight": case(lambda m, x: x @ m.w.as_strided((4, 3), (1, 1), 2), (2, 4), w=(9,)),
    "view_copy": move(lambda x: aten.view_copy(x, [2, 20, 6]), X4),
    "_unsafe_view": move(lambda x: aten._unsafe_view(x, [2, 20, 6]), X4),
    "squeeze_copy": move(lambda x: aten.squeeze_copy(aten.unsqueeze_copy(x, 1)), X4),
    "permute_copy": move(lambda x: aten.permute_copy(x, [0, 2, 1, 3]), X4),
    "transpose_copy": move(lambda x: aten.transpose_copy(x, 1, 2), X4),
    "t_copy": move(lambda x: aten.t_copy(x), (3, 4)),
    "expand_copy": move(lambda x: aten.expand_copy(x, [2, 5, 3]), (2, 1, 3)),
    "select_copy": move(lambda x: aten.select_copy(x, 1, 2), X4),
    "slice_copy": move(lambda x: aten.slice_copy(x, 1, 1, 3), X4),
    "split_copy": move(lambda x: aten.split_copy(x, 2, 1), X4),
    "unbind_copy": move(lambda x: aten.unbind_copy(x, 2), X4),
    "unfold_copy": move(lambda x: aten.unfold_copy(x, 1, 2, 1), X4),
    "constant_pad_nd": move(lambda x: aten.constant_pad_nd(x, [1, 0, 2, 1]), X4),
    "reflection_pad2d": move(lambda x: aten.reflection_pad2d(x, [1, 0, 2, 1]), X4),
    "replication_pad1d": move(lambda x: aten.replication_pad1d(x, [1, 2]), (2, 3, 4)),
    "_softmax": move(lambda x: aten._softmax(x, 1, False) + aten._log_softmax(x, 1, False), X4),
    "_unsafe_index": move(lambda x: aten._unsafe_index(x, [None, ids(1, 0)]), X4),
    "_convolution": case(lambda m, x: aten._convolution(x, m.w, None, [1], [0], [1], False, [0], 1, False, False, False, False), (2, 3, 8), w=(4, 3, 3)),
    "_adaptive_avg_pool2d": move(lambda x: aten._adaptive_avg_pool2d(x, [2, 2]), X4),
    "max_pool3d_with_indices": move(lambda x: aten.max_pool3d_with_indices(x, [2, 2, 2])[0], (1, 2, 4, 4, 2)),
    "adaptive_max_pool3d": move(lambda x: F.adaptive_max_pool3d(x, 2), (1, 2, 3, 4, 2)),
    "adaptive_max_pool1d": move(lambda x: F.adaptive_max_pool1d(x, 2), (2, 3, 5)),
    "upsample_nearest3d": move(lambda x: F.interpolate(x, scale_factor=2), (1, 2, 2, 3, 2)),
    "nearest-exact of a row": move(lambda x: F.interpolate(x, size=7, mode="nearest-exact"), (2, 3, 5)),
    "_prelu_kernel": case(lambda m, x: aten._prelu_kernel(x, m.w), X4, w=(1, 4, 1, 1)),
    "glu of channels": move(lambda x: F.glu(x, 1), (2, 4, 3)),
}


def _over(x: torch.Tensor, z: torch.Tensor) -> torch.Tensor:
    y = x.clone()
    y[:, 1:3] = z
    return y


def _at(x: torch.Tensor, z: torch.Tensor) -> torch.Tensor:
    y = x.clone()
    y[:, 2] = z
    return y
