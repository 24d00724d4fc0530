"""PyTorch models for comparisons: real architectures with random weights, and small cases of sharing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import nn

__all__ = ["CASES", "MODELS", "resnet"]

Made = tuple[nn.Module, tuple[Any, ...]]


class _Bottleneck(nn.Module):
    def __init__(self, channels: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, 4 * width, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(4 * width)
        self.relu = nn.ReLU(inplace=True)
        self.downsample: nn.Module | None = None
        if stride > 1 or channels != 4 * width:
            conv = nn.Conv2d(channels, 4 * width, 1, stride, bias=False)
            self.downsample = nn.Sequential(conv, nn.BatchNorm2d(4 * width))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.relu(self.bn1(self.conv1(x)))
        y = self.relu(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(y))
        return self.relu(y + (x if self.downsample is None else self.downsample(x)))


def resnet(blocks: Sequence[int]) -> nn.Module:
    """A bottleneck ResNet, v1.5 (stride in the 3x3 convolutions); 50: (3, 4, 6, 3), 152: (3, 8, 36, 3)."""
    stem = [nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(True), nn.MaxPool2d(3, 2, 1)]
    stages, channels = [], 64
    for stage, count in enumerate(blocks):
        rows = []
        for block in range(count):
            rows.append(_Bottleneck(channels, 64 * 2**stage, 2 if block == 0 and stage else 1))
            channels = 256 * 2**stage
        stages.append(nn.Sequential(*rows))
    return nn.Sequential(*stem, *stages, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 1000)).eval()


def _image(*blocks: int) -> Callable[[], Made]:
    return lambda: (resnet(blocks), (torch.rand(1, 3, 224, 224),))


def bert_base() -> Made:
    """BERT-base with its masked-word head: the output matrix is the embedding."""
    from transformers import BertConfig, BertForMaskedLM

    return BertForMaskedLM(BertConfig()).eval(), (torch.arange(128)[None],)


MODELS: dict[str, Callable[[], Made]] = {
    "ResNet-50": _image(3, 4, 6, 3),
    "ResNet-152": _image(3, 8, 36, 3),
    "BERT-base": bert_base,
}


class _Tied(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed, self.inner, self.head = nn.Embedding(50, 8), nn.Linear(8, 8), nn.Linear(8, 50, bias=False)
        self.head.weight = self.embed.weight

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        return self.head(self.inner(self.embed(ids)))


class _Steps(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.cell = nn.LSTMCell(3, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        state = (x.new_zeros(1, 4), x.new_zeros(1, 4))
        for step in x:
            state = self.cell(step, state)
        return state[0]


class _Functional(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.rand(4, 3, 3, 3))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return nn.functional.conv2d(x, self.weight)


class _Transposed(nn.Module):
    """An autoencoder whose decoder lies over the encoder's bytes, transposed."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder, self.decoder = nn.Linear(6, 3, bias=False), nn.Linear(3, 6, bias=False)
        self.decoder.weight.data = self.encoder.weight.data.t()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.decoder(self.encoder(x))


def _albert() -> Made:
    from transformers import AlbertConfig, AlbertModel

    config = AlbertConfig(vocab_size=100, embedding_size=16, hidden_size=32, num_attention_heads=4,
                          intermediate_size=64, num_hidden_layers=12)  # fmt: skip
    return AlbertModel(config).eval(), (torch.arange(8)[None],)


CASES: dict[str, Callable[[], Made]] = {
    "embedding tied to the head": lambda: (_Tied(), (torch.arange(5)[None],)),
    "one Linear(8, 8) six times": lambda: (nn.Sequential(*[nn.Linear(8, 8)] * 6), (torch.rand(1, 8),)),
    "decoder.data = encoder.data.t()": lambda: (_Transposed(), (torch.rand(1, 6),)),
    "LSTMCell run seven times": lambda: (_Steps(), (torch.rand(7, 1, 3),)),
    "F.conv2d with a parameter": lambda: (_Functional(), (torch.rand(1, 3, 8, 8),)),
    "ALBERT, 12 layers, one set": _albert,
}
