"""Small modules that do what real ones do: every kind, in-place writes, state, nested inputs, odd attributes."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import parametrizations


@dataclass
class Case:
    """A module, and what it is called with."""

    module: nn.Module
    args: tuple[Any, ...]
    kwargs: dict[str, Any] = field(default_factory=dict)


class Remembers(nn.Module):
    """Assigns, appends and deletes attributes while it runs, and counts its calls in a buffer."""

    def __init__(self) -> None:
        super().__init__()
        self.lin = nn.Linear(4, 4)
        self.seen: list[Tensor] = []
        self.cache: dict[str, Tensor] = {}
        self.old = "there"
        self.register_buffer("count", torch.zeros((), dtype=torch.long))
        self.register_buffer("mean", torch.zeros(4))

    def forward(self, x: Tensor) -> Tensor:
        y = self.lin(x)
        self.seen.append(y)
        self.cache["last"] = y
        self.fresh = y
        del self.old
        self.count += 1
        self.mean.mul_(0.9).add_(y.mean(0), alpha=0.1)
        return y + self.mean


class Writes(nn.Module):
    """Writes in place, through views, into slices, by index, with out=, into lists."""

    def __init__(self) -> None:
        super().__init__()
        self.lin = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        turned = x.t()
        same = turned.view_as(turned)
        top, low = same.chunk(2)
        x[0] = 0
        top.mul_(2)
        made = torch.zeros(3, 3)
        made[1:, 1:] = low[:2, :2]
        made.t().add_(1)
        y = self.lin(x)
        y[..., 1:3].relu_()
        across = y.permute(1, 0)
        across[0] += 1
        out = torch.empty(3, 4)
        torch.add(y, 1, out=out)
        torch._foreach_mul_([y], 2.0)
        even = torch.arange(12).reshape(3, 4) % 2 == 0
        y[even] = 0
        y.masked_fill_(~even, 1)
        y.index_put_((torch.tensor([0]), torch.tensor([1])), torch.tensor(5.0))
        wide = y.expand(2, 3, 4)
        y[1] = 9
        return turned, same, top, low, made, y, across, out, wide, x


class Decides(nn.Module):
    """Goes by numbers: of constants, which a recording knows, and of its input, which it does not."""

    def __init__(self, data: bool) -> None:
        super().__init__()
        self.lin = nn.Linear(3, 3)
        self.data = data
        self.register_buffer("steps", torch.arange(3))

    def forward(self, x: Tensor) -> Tensor:
        for _ in range(int(self.steps.max().item())):
            x = self.lin(x)
        if self.data and x.sum() > -1e9:
            return x * torch.from_numpy(x.numpy() + 1)
        return x[:, torch.nonzero(self.steps > 0).flatten()]


class Nested(nn.Module):
    """Takes and gives tensors in lists and dictionaries."""

    def __init__(self) -> None:
        super().__init__()
        self.lin = nn.Linear(3, 2, bias=False)

    def forward(self, pair: Any, *more: Tensor, scale: Any = None, **rest: Tensor) -> dict[str, Any]:
        first, (second,) = pair
        total = first + second + sum(more) + scale["a"][0]
        return {"out": F.linear(total, self.lin.weight), "pair": [total, (rest["bias"],)]}


class Tied(nn.Module):
    """An embedding whose table is the head's weight, turned in between."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(7, 4)
        self.back = nn.Linear(7, 4, bias=False)
        self.back.weight.data = self.embed.weight.data.t()
        self.head = nn.Linear(4, 7)
        self.head.weight = self.embed.weight

    def forward(self, ids: Tensor) -> Tensor:
        x = self.embed(ids)
        return self.head(torch.tanh(self.back(self.head(x))))


class Swaps(nn.Module):
    """Assigns to the data of its weight."""

    def __init__(self) -> None:
        super().__init__()
        self.lin = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        self.lin.weight.data = self.lin.weight.data * 1.0
        return self.lin(x)


class Differentiates(nn.Module):
    """Needs a gradient to give its output, as models of energies do."""

    def __init__(self) -> None:
        super().__init__()
        self.lin = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        with torch.enable_grad():
            place = x.detach().requires_grad_()
            (force,) = torch.autograd.grad(torch.tanh(self.lin(place)).sum(), place)
        return force


class Steps(nn.Module):
    """A cell over time."""

    def __init__(self, cell: nn.Module) -> None:
        super().__init__()
        self.cell = cell

    def forward(self, x: Tensor) -> Tensor:
        state = None
        for step in x:
            state = self.cell(step, state)
        return state[0] if isinstance(state, tuple) else state


def old_weight_norm() -> nn.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return nn.utils.weight_norm(nn.Linear(4, 5))


def image(*shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(3))


def block() -> nn.Module:
    one = nn.Linear(4, 4)
    return nn.Sequential(*[nn.Sequential(one, nn.ReLU()) for _ in range(3)])


ZOO: dict[str, Callable[[], Case]] = {
    "convolution": lambda: Case(nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(True), nn.Dropout(0.5), nn.Flatten(), nn.Linear(144, 3)), (image(2, 3, 8, 8),)),
    "reflect": lambda: Case(nn.Conv1d(2, 3, 3, padding=1, padding_mode="reflect", groups=1), (image(1, 2, 7),)),
    "transposed": lambda: Case(nn.ConvTranspose2d(2, 4, 3, stride=2, groups=2), (image(1, 2, 4, 4),)),
    "norms": lambda: Case(nn.Sequential(nn.GroupNorm(2, 4), nn.InstanceNorm1d(4, affine=True, track_running_stats=True), nn.LayerNorm(5), nn.PReLU(4), nn.RMSNorm(5)), (image(2, 4, 5),)),
    "lstm": lambda: Case(nn.LSTM(4, 5, 2, bidirectional=True), (image(3, 2, 4),)),
    "gru": lambda: Case(nn.GRU(4, 5, batch_first=True), (image(3, 2, 4),)),
    "cells": lambda: Case(Steps(nn.LSTMCell(3, 4)), (image(5, 2, 3),)),
    "attention": lambda: Case(nn.MultiheadAttention(8, 2, batch_first=True), (image(2, 5, 8),) * 3),
    "encoder": lambda: Case(nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), 2), (image(2, 5, 8),)),
    "weight norm": lambda: Case(parametrizations.weight_norm(nn.Linear(4, 5)), (image(3, 4),)),
    "old weight norm": lambda: Case(old_weight_norm(), (image(3, 4),)),
    "spectral norm": lambda: Case(parametrizations.spectral_norm(nn.Linear(4, 5)), (image(3, 4),)),
    "bilinear": lambda: Case(nn.Bilinear(4, 5, 6), (image(3, 4), image(3, 5))),
    "embedding": lambda: Case(nn.Embedding(10, 4, padding_idx=0, max_norm=1.0), (torch.tensor([[1, 2, 0]]),)),
    "bag": lambda: Case(nn.EmbeddingBag(10, 4), (torch.tensor([[1, 2, 0]]),)),
    "one block thrice": lambda: Case(block(), (image(2, 4),)),
    "tied": lambda: Case(Tied(), (torch.tensor([[1, 2, 0]]),)),
    "swaps data": lambda: Case(Swaps(), (image(2, 4),)),
    "differentiates": lambda: Case(Differentiates(), (image(2, 4),)),
    "remembers": lambda: Case(Remembers(), (image(3, 4),)),
    "writes": lambda: Case(Writes(), (image(3, 4),)),
    "decides": lambda: Case(Decides(False), (image(2, 3),)),
    "decides by data": lambda: Case(Decides(True), (image(2, 3),)),
    "nested": lambda: Case(Nested(), ([image(2, 3), (image(2, 3),)], image(2, 3)), {"scale": {"a": [torch.ones(3)]}, "bias": image(1)}),
}  # fmt: skip
