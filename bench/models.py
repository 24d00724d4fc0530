"""Real architectures as ONNX files, with seeded random weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

__all__ = ["chain", "resnet"]


@dataclass
class _Graph:
    nodes: list[Any] = field(default_factory=list)
    weights: list[Any] = field(default_factory=list)
    generator: np.random.Generator = field(default_factory=lambda: np.random.default_rng(0))

    def weight(self, name: str, *shape: int, positive: bool = False) -> str:
        values = self.generator.standard_normal(shape).astype(np.float32) * np.float32(0.05)
        self.weights.append(numpy_helper.from_array(np.abs(values) + 0.5 if positive else values, name))
        return name

    def conv(self, x: str, name: str, filters: int, channels: int, kernel: int, stride: int = 1) -> str:
        weight = self.weight(f"{name}.weight", filters, channels, kernel, kernel)
        pads = [kernel // 2] * 4
        self.nodes.append(helper.make_node("Conv", [x, weight], [f"{name}.y"], name, strides=[stride] * 2, pads=pads))
        return f"{name}.y"

    def norm(self, x: str, name: str, channels: int) -> str:
        made = [self.weight(f"{name}.{part}", channels, positive=True) for part in ("weight", "bias", "mean", "var")]
        self.nodes.append(helper.make_node("BatchNormalization", [x, *made], [f"{name}.y"], name))
        return f"{name}.y"

    def relu(self, x: str) -> str:
        self.nodes.append(helper.make_node("Relu", [x], [f"{x}.relu"]))
        return f"{x}.relu"

    def bottleneck(self, x: str, name: str, channels: int, width: int, stride: int) -> str:
        y = self.relu(self.norm(self.conv(x, f"{name}.conv1", width, channels, 1), f"{name}.bn1", width))
        y = self.relu(self.norm(self.conv(y, f"{name}.conv2", width, width, 3, stride), f"{name}.bn2", width))
        y = self.norm(self.conv(y, f"{name}.conv3", 4 * width, width, 1), f"{name}.bn3", 4 * width)
        if stride > 1 or channels != 4 * width:
            x = self.conv(x, f"{name}.downsample.0", 4 * width, channels, 1, stride)
            x = self.norm(x, f"{name}.downsample.1", 4 * width)
        self.nodes.append(helper.make_node("Add", [y, x], [f"{name}.sum"], name))
        return self.relu(f"{name}.sum")


def resnet(path: Path, blocks: Sequence[int] = (3, 4, 6, 3), size: int = 224) -> Path:
    """A bottleneck ResNet, v1.5 (stride in the 3x3 convolutions); 50: (3, 4, 6, 3), 152: (3, 8, 36, 3)."""
    graph = _Graph()
    y = graph.relu(graph.norm(graph.conv("x", "conv1", 64, 3, 7, 2), "bn1", 64))
    graph.nodes.append(helper.make_node("MaxPool", [y], ["pool"], kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4))
    y, channels = "pool", 64
    for stage, count in enumerate(blocks):
        width = 64 * 2**stage
        for block in range(count):
            stride = 2 if block == 0 and stage > 0 else 1
            y = graph.bottleneck(y, f"layer{stage + 1}.{block}", channels, width, stride)
            channels = 4 * width
    graph.nodes.append(helper.make_node("GlobalAveragePool", [y], ["mean"]))
    graph.nodes.append(helper.make_node("Flatten", ["mean"], ["flat"]))
    head = [graph.weight("fc.weight", 1000, channels), graph.weight("fc.bias", 1000)]
    graph.nodes.append(helper.make_node("Gemm", ["flat", *head], ["y"], "fc", transB=1))
    return _saved(graph, path, ["N", 3, size, size], ["N", 1000])


def chain(path: Path, length: int) -> Path:
    """A graph of many nodes: convolutions and curves in turn."""
    graph = _Graph()
    y = "x"
    for number in range(length // 2):
        y = graph.relu(graph.conv(y, f"conv{number}", 4, 4, 3))
    return _saved(graph, path, ["N", 4, 16, 16], ["N", 4, 16, 16], y)


def _saved(graph: _Graph, path: Path, x: list[Any], y: list[Any], last: str = "y") -> Path:
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, x)]
    outputs = [helper.make_tensor_value_info(last, TensorProto.FLOAT, y)]
    made = helper.make_graph(graph.nodes, "bench", inputs, outputs, graph.weights)
    onnx.save(helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), str(path))
    return path
