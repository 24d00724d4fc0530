"""Writes ``lenet5``: the network of LeCun, Bottou, Bengio and Haffner, "Gradient-based learning applied to document
recognition" (1998), trained on scikit-learn's digits.

Kept from the paper: every layer up to F6, its table of links between S2 and C3, one weight and one bias a channel in
S2 and S4. Changed: the output is a linear layer instead of radial basis functions, and the activation is a plain tanh.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from isochrome.examples.scripts.files import FOLDER, Arrays, model_bytes, outputs, write_example
from isochrome.examples.scripts.training import Batch, Parameters, random_parameters, train, values

if TYPE_CHECKING:
    from onnx import NodeProto
    from torch import Tensor

__all__ = ["LINKS", "digits", "enlarged", "link_table", "model", "start", "torch_forward", "trained", "write"]

# Table I of the paper: for each map of C3, the maps of S2 that it reads.
LINKS = (
    (0, 1, 2),
    (1, 2, 3),
    (2, 3, 4),
    (3, 4, 5),
    (0, 4, 5),
    (0, 1, 5),
    (0, 1, 2, 3),
    (1, 2, 3, 4),
    (2, 3, 4, 5),
    (0, 3, 4, 5),
    (0, 1, 4, 5),
    (0, 1, 2, 5),
    (0, 1, 3, 4),
    (1, 2, 4, 5),
    (0, 2, 3, 5),
    (0, 1, 2, 3, 4, 5),
)

SHAPES = {
    "C1.weight": (6, 1, 5, 5),
    "C1.bias": (6,),
    "S2.weight": (6, 1, 1, 1),
    "S2.bias": (6,),
    "C3.weight": (60, 5, 5),
    "C3.bias": (16,),
    "S4.weight": (16, 1, 1, 1),
    "S4.bias": (16,),
    "C5.weight": (120, 16, 5, 5),
    "C5.bias": (120,),
    "F6.weight": (84, 120),
    "F6.bias": (84,),
    "output.weight": (10, 84),
    "output.bias": (10,),
}
FAN_IN = {
    "C1.weight": 25,
    "S2.weight": 4,
    "C3.weight": 25 * 60 // 16,
    "S4.weight": 4,
    "C5.weight": 400,
    "F6.weight": 120,
    "output.weight": 84,
}

SEED = 1998
HELD_OUT = 360
EPOCHS = 60
BATCH = 32
RATE = 2e-3

DOC = (
    "LeNet-5 (LeCun, Bottou, Bengio, Haffner 1998): the layout of the paper with a linear output layer; "
    "C3 reads the maps of S2 by the paper's table of 60 links. Trained on scikit-learn's digits."
)


def link_table() -> NDArray[np.int64]:
    """For each (map of C3, map of S2) the number of the stored kernel that links them; 60, the zero, where none does.

    >>> link_table()[0].tolist()
    [0, 1, 2, 60, 60, 60]
    """
    links = [(to, of) for to, row in enumerate(LINKS) for of in row]
    table = np.full((16, 6), len(links), dtype=np.int64)
    for kernel, place in enumerate(links):
        table[place] = kernel
    return table


def _subsampling(layer: str, source: str, channels: int) -> list[NodeProto]:
    from onnx import helper

    return [
        helper.make_node("Expand", [f"{layer}.weight", f"{layer}.size"], [f"{layer}.window"], name=f"{layer}.expand"),
        helper.make_node(
            "Conv",
            [source, f"{layer}.window", f"{layer}.bias"],
            [f"{layer}.sum"],
            name=layer,
            group=channels,
            kernel_shape=[2, 2],
            strides=[2, 2],
        ),
        helper.make_node("Tanh", [f"{layer}.sum"], [f"{layer}.out"], name=f"{layer}.tanh"),
    ]


def _convolution(layer: str, source: str, weight: str) -> list[NodeProto]:
    from onnx import helper

    return [
        helper.make_node("Conv", [source, weight, f"{layer}.bias"], [f"{layer}.sum"], name=layer, kernel_shape=[5, 5]),
        helper.make_node("Tanh", [f"{layer}.sum"], [f"{layer}.out"], name=f"{layer}.tanh"),
    ]


def _linear(layer: str, source: str, target: str) -> NodeProto:
    from onnx import helper

    return helper.make_node("Gemm", [source, f"{layer}.weight", f"{layer}.bias"], [target], name=layer, transB=1)


def _nodes() -> list[NodeProto]:
    from onnx import helper

    return [
        *_convolution("C1", "x", "C1.weight"),
        *_subsampling("S2", "C1.out", 6),
        helper.make_node("ConstantOfShape", ["C3.zero.size"], ["C3.zero"], name="C3.zero"),
        helper.make_node("Concat", ["C3.weight", "C3.zero"], ["C3.bank"], name="C3.concat", axis=0),
        helper.make_node("Gather", ["C3.bank", "C3.links"], ["C3.kernels"], name="C3.gather", axis=0),
        *_convolution("C3", "S2.out", "C3.kernels"),
        *_subsampling("S4", "C3.out", 16),
        *_convolution("C5", "S4.out", "C5.weight"),
        helper.make_node("Flatten", ["C5.out"], ["C5.flat"], name="flatten", axis=1),
        _linear("F6", "C5.flat", "F6.sum"),
        helper.make_node("Tanh", ["F6.sum"], ["F6.out"], name="F6.tanh"),
        _linear("output", "F6.out", "y"),
    ]


def model(parameters: Arrays) -> bytes:
    """The ONNX file of the network with these parameters (the names and shapes of ``SHAPES``)."""
    stored = {name: parameters[name].astype(np.float32) for name in SHAPES}
    made = {
        "S2.size": np.array([6, 1, 2, 2], dtype=np.int64),
        "C3.zero.size": np.array([1, 5, 5], dtype=np.int64),
        "C3.links": link_table(),
        "S4.size": np.array([16, 1, 2, 2], dtype=np.int64),
    }
    return model_bytes("lenet5", DOC, _nodes(), {**stored, **made}, ("N", 1, 32, 32), ("N", 10))


def torch_forward(p: Mapping[str, Tensor], x: Tensor) -> Tensor:
    """The same network in PyTorch: the ten outputs of each sample."""
    import torch
    from torch.nn.functional import conv2d, linear

    bank = torch.cat([p["C3.weight"], torch.zeros(1, 5, 5)])
    kernels = bank[torch.from_numpy(link_table())]
    h = torch.tanh(conv2d(x, p["C1.weight"], p["C1.bias"]))
    h = torch.tanh(conv2d(h, p["S2.weight"].expand(6, 1, 2, 2), p["S2.bias"], stride=2, groups=6))
    h = torch.tanh(conv2d(h, kernels, p["C3.bias"]))
    h = torch.tanh(conv2d(h, p["S4.weight"].expand(16, 1, 2, 2), p["S4.bias"], stride=2, groups=16))
    h = torch.tanh(conv2d(h, p["C5.weight"], p["C5.bias"])).flatten(1)
    h = torch.tanh(linear(h, p["F6.weight"], p["F6.bias"]))
    return linear(h, p["output.weight"], p["output.bias"])


def enlarged(images: NDArray[np.float64]) -> NDArray[np.float32]:
    """Pictures of 8x8 values from 0 to 16 as [count, 1, 32, 32] from 0 to 1 in steps of 1/255.

    Bilinear to 28x28 (pixel centres aligned as when a picture is resized), with a margin of 2.
    """
    centres = np.clip((np.arange(28) + 0.5) * 8 / 28 - 0.5, 0, 7)
    stretch = np.array([np.interp(centres, np.arange(8), row) for row in np.eye(8)]).T
    large = stretch @ (images / 16) @ stretch.T
    steps = np.pad(np.rint(large * 255), ((0, 0), (2, 2), (2, 2)))
    return (steps / 255).astype(np.float32)[:, None]


def digits() -> tuple[Batch, Batch]:
    """scikit-learn's digits, to train on and (the last 360 in the file's order) held out."""
    from sklearn.datasets import load_digits  # type: ignore[import-untyped,unused-ignore]

    data = load_digits()
    x, label = enlarged(data.images), data.target.astype(np.int64)
    return (x[:-HELD_OUT], label[:-HELD_OUT]), (x[-HELD_OUT:], label[-HELD_OUT:])


def start() -> Parameters:
    """The parameters before training."""
    return random_parameters(SHAPES, FAN_IN, SEED)


def _shifted(x: NDArray[np.float32], random: np.random.Generator) -> NDArray[np.float32]:
    padded = np.pad(x, ((0, 0), (0, 0), (2, 2), (2, 2)))
    corners = random.integers(0, 5, (len(x), 2))
    pairs = zip(padded, corners, strict=True)
    return np.stack([picture[:, top : top + 32, left : left + 32] for picture, (top, left) in pairs])


def _batches(data: Batch, epochs: int) -> Iterator[Batch]:
    x, label = data
    random = np.random.default_rng(SEED)
    for _ in range(epochs):
        order = random.permutation(len(x))
        for first in range(0, len(x) - BATCH + 1, BATCH):
            chosen = order[first : first + BATCH]
            yield _shifted(x[chosen], random), label[chosen]


def trained(data: Batch, epochs: int = EPOCHS) -> Parameters:
    """The parameters after training."""
    steps = epochs * (len(data[0]) // BATCH)
    return train(torch_forward, start(), _batches(data, epochs), steps, RATE)


def write(folder: Path = FOLDER) -> None:
    """Train, compare onnxruntime with PyTorch on all held-out digits, and write the example."""
    data, (x, label) = digits()
    parameters = trained(data)
    made = model(parameters)
    given = outputs(made, x)
    np.testing.assert_allclose(given, values(torch_forward, parameters, x), rtol=1e-4, atol=1e-4)
    chosen = [int(np.flatnonzero(label == digit)[0]) for digit in range(10)]
    record = {
        "inputs": [f"digit {digit}" for digit in range(10)],
        "classes": [str(digit) for digit in range(10)],
        "labels": label[chosen].tolist(),
        "held_out": {"what": "digits", "count": len(x), "correct": int((given.argmax(1) == label).sum())},
        "training": {"digits": len(data[0]), "epochs": EPOCHS, "batch": BATCH, "rate": RATE, "seed": SEED},
    }
    write_example("lenet5", made, x[chosen], record, folder)


if __name__ == "__main__":
    write()
