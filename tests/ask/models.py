"""Models that the questions are asked of, beside the examples: each a graph put together node by node."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import onnx
from onnx import ModelProto

from tests.conformance.graphs import Graph

LIGHT = Path(onnx.__file__).parent / "backend" / "test" / "data" / "light" / "light_resnet50.onnx"


def transformer() -> ModelProto:
    """One block over six tokens, its output layer the embedding transposed: 472 of 872 numbers were it that alone."""
    graph = Graph(1)
    ids = graph.ids(50, 1, 6)
    table = graph.weight(50, 8, name="embed.weight")
    x = graph.node("Gather", table, ids, axis=0, name="/embed/Gather")
    q, k, v = (
        graph.node("MatMul", x, graph.weight(8, 8, name=f"{name}.weight"), name=f"/{name}/MatMul") for name in "qkv"
    )
    scores = graph.node("Softmax", graph.node("MatMul", q, graph.node("Transpose", k, perm=[0, 2, 1])), axis=-1)
    x = graph.node("Add", x, graph.node("MatMul", scores, v))
    up = graph.node("MatMul", x, graph.weight(8, 32, name="up.weight"), name="/up/MatMul")
    up = graph.node("Relu", graph.node("Add", up, graph.weight(32, name="up.bias"), name="/up/Add"))
    x = graph.node("Add", x, graph.node("MatMul", up, graph.weight(32, 8, name="down.weight"), name="/down/MatMul"))
    graph.node("MatMul", x, graph.node("Transpose", table, perm=[1, 0]), name="/head/MatMul")
    return graph.model()


def lstm() -> ModelProto:
    """Five steps of three numbers, four units."""
    graph = Graph(1, 14)
    graph.node("LSTM", graph.input(5, 1, 3), graph.weight(1, 16, 3), graph.weight(1, 16, 4), graph.weight(1, 32),
               hidden_size=4, outputs=2, name="lstm")  # fmt: skip
    return graph.model()


def siamese() -> ModelProto:
    """Two images through one convolution, and their difference."""
    graph = Graph(2)
    weight = graph.weight(4, 1, 3, 3, name="branch.weight")
    branches = [graph.node("Conv", graph.input(1, 1, 8, 8, name=name), weight, name=f"/branch{at}/Conv")
                for at, name in enumerate(("left", "right"))]  # fmt: skip
    graph.node("Sub", *branches)
    return graph.model()


def autoencoder(tied: bool) -> ModelProto:
    """Six numbers to three and back, by the transposed matrix: the stored one, or a copy."""
    graph = Graph(3)
    encoder = graph.weight(3, 6, name="encoder.weight")
    hidden = graph.node("Gemm", graph.input(1, 6), encoder, transB=1, name="/encoder/Gemm")
    decoder = encoder if tied else graph.constant(graph.stored["encoder.weight"].T, "decoder.weight")
    graph.node("Gemm", hidden, decoder, transB=0 if tied else 1, name="/decoder/Gemm")
    return graph.model()


def groups() -> ModelProto:
    """A convolution in two groups, a depthwise one, a pointwise one."""
    graph = Graph(4)
    x = graph.node("Conv", graph.input(1, 4, 8, 8), graph.weight(6, 2, 3, 3), group=2, name="grouped")
    x = graph.node("Conv", x, graph.weight(6, 1, 3, 3), group=6, pads=[1] * 4, name="depthwise")
    graph.node("Conv", x, graph.weight(5, 6, 1, 1), name="pointwise")
    return graph.model()


def transposed(taps: int) -> ModelProto:
    """A transposed convolution of stride 2: uneven with three taps, even with four."""
    graph = Graph(5)
    graph.node("ConvTranspose", graph.input(1, 2, 6, 6), graph.weight(2, 3, taps, taps), strides=[2, 2], pads=[1] * 4,
               name="up")  # fmt: skip
    return graph.model()


def circular() -> ModelProto:
    """A convolution over a ring: the input is padded by itself."""
    graph = Graph(6)
    pads = graph.constant(np.array([0, 0, 1, 0, 0, 1], np.int64))
    x = graph.node("Pad", graph.input(1, 2, 12), pads, mode="wrap", name="ring")
    graph.node("Conv", x, graph.weight(3, 2, 3), name="conv")
    return graph.model()


def codebook() -> ModelProto:
    """A linear layer of 64 numbers with four distinct values."""
    graph = Graph(7)
    values = np.array([-0.5, 0.25, 0.5, 1], np.float32)[np.arange(64) % 4].reshape(8, 8)
    graph.node("MatMul", graph.input(1, 8), graph.constant(values, "clustered.weight"), name="/clustered/MatMul")
    return graph.model()


def attention() -> ModelProto:
    """An instance norm, whose statistics see every position, between two convolutions."""
    graph = Graph(8)
    x = graph.node("Conv", graph.input(1, 2, 8, 8), graph.weight(4, 2, 3, 3), pads=[1] * 4, name="first")
    x = graph.node("InstanceNormalization", x, graph.weight(4), graph.weight(4), name="norm")
    graph.node("Conv", x, graph.weight(2, 4, 3, 3), pads=[1] * 4, name="second")
    return graph.model()


BUILT: Mapping[str, Callable[[], ModelProto]] = {
    "transformer": transformer,
    "lstm": lstm,
    "siamese": siamese,
    "autoencoder": lambda: autoencoder(True),
    "copied": lambda: autoencoder(False),
    "groups": groups,
    "transposed3": lambda: transposed(3),
    "transposed4": lambda: transposed(4),
    "circular": circular,
    "codebook": codebook,
    "norm": attention,
}
EXAMPLES = ("example:stanford", "example:lenet5", "example:photos")


def write_models(folder: Path) -> dict[str, str]:
    """Every model as a file, by its name; the examples and light ResNet-50 as they are."""
    found = {name: name for name in EXAMPLES} | {"light_resnet50": str(LIGHT)}
    for name, build in BUILT.items():
        path = folder / f"{name}.onnx"
        path.write_bytes(build().SerializeToString())
        found[name] = str(path)
    return found
