"""Well-known networks as ONNX graphs, every weight made by a ConstantOfShape node: their files are small."""

from __future__ import annotations

import numpy as np
from onnx import ModelProto

from tests.conformance.graphs import Graph, stored_tensor

HALF = stored_tensor(np.array([0.5], np.float32), "half")
RESNETS = {50: (3, 4, 6, 3), 152: (3, 8, 36, 3)}


def filled(graph: Graph, *shape: int) -> str:
    """A weight that the graph makes."""
    return graph.node("ConstantOfShape", graph.constant(np.array(shape)), value=HALF)


def convolution(graph: Graph, x: str, sizes: tuple[int, int, int], stride: int, name: str, norm: bool = True) -> str:
    """A convolution of (channels, filters, taps a side) that keeps positions but for its stride, and what follows."""
    channels, filters, taps = sizes
    y = graph.node("Conv", x, filled(graph, filters, channels, taps, taps), strides=[stride] * 2,
                   pads=[taps // 2] * 4, name=name)  # fmt: skip
    return (
        graph.node("BatchNormalization", y, *(filled(graph, filters) for _ in range(4)), name=f"{name}.bn")
        if norm
        else y
    )


def resnet(depth: int, side: int = 224) -> ModelProto:
    """ResNet with the stride in the 3x3 convolution (v1.5)."""
    graph = Graph()
    graph.input(1, 3, 1, 1)
    graph.inputs["x"] = np.zeros((1, 3, side, side), np.float32)
    x = graph.node("Relu", convolution(graph, "x", (3, 64, 7), 2, "conv1"))
    x = graph.node("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4)
    channels = 64
    for stage, blocks in enumerate(RESNETS[depth]):
        width = 64 * 2**stage
        for block in range(blocks):
            stride = 2 if stage and not block else 1
            name = f"layer{stage + 1}.{block}"
            y = graph.node("Relu", convolution(graph, x, (channels, width, 1), 1, f"{name}.conv1"))
            y = graph.node("Relu", convolution(graph, y, (width, width, 3), stride, f"{name}.conv2"))
            y = convolution(graph, y, (width, 4 * width, 1), 1, f"{name}.conv3")
            if not block:
                x = convolution(graph, x, (channels, 4 * width, 1), stride, f"{name}.downsample")
            x = graph.node("Relu", graph.node("Add", x, y))
            channels = 4 * width
    x = graph.node("Flatten", graph.node("GlobalAveragePool", x))
    graph.node("Gemm", x, filled(graph, 1000, channels), filled(graph, 1000), transB=1, name="fc")
    return graph.model(batch="N")


def alexnet_first_layer() -> ModelProto:
    """The first layer of AlexNet, as cs231n counts it."""
    graph = Graph()
    graph.input(1, 3, 1, 1)
    graph.inputs["x"] = np.zeros((1, 3, 227, 227), np.float32)
    graph.node("Conv", "x", filled(graph, 96, 3, 11, 11), filled(graph, 96), strides=[4, 4], name="conv1")
    return graph.model(batch="N")
