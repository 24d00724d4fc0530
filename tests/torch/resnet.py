"""ResNet-50 and ResNet-152 in plain PyTorch, with stride 2 in the 3x3 convolutions (v1.5)."""

from __future__ import annotations

import torch
from torch import nn

__all__ = ["resnet"]


class Bottleneck(nn.Module):
    def __init__(self, given: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(given, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, 4 * width, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(4 * width)
        self.downsample: nn.Module | None = None
        if stride != 1 or given != 4 * width:
            self.downsample = nn.Sequential(nn.Conv2d(given, 4 * width, 1, stride, bias=False), nn.BatchNorm2d(4 * width))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.bn1(self.conv1(x)).relu_()
        y = self.bn2(self.conv2(y)).relu_()
        y = self.bn3(self.conv3(y))
        y += x if self.downsample is None else self.downsample(x)
        return y.relu_()


def resnet(blocks: tuple[int, int, int, int]) -> nn.Module:
    """(3, 4, 6, 3) is ResNet-50, (3, 8, 36, 3) is ResNet-152."""
    stages, given = [], 64
    for number, count in enumerate(blocks):
        width, stride = 64 * 2**number, 1 if number == 0 else 2
        stages.append(nn.Sequential(*(Bottleneck(given if not at else 4 * width, width, stride if not at else 1) for at in range(count))))
        given = 4 * width
    stem = nn.Sequential(nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, 1))
    return nn.Sequential(stem, *stages, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(given, 1000)).eval()
