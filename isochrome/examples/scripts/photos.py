"""Writes ``photos``: a small convolutional network that tells which photograph a piece of 32x32 pixels was cut from.

The photographs are eight in colour, free to share, that lie in the wheels of scikit-learn and scikit-image. Each is
laid out in blocks of 64x64 pixels; one block in five, on a diagonal pattern, is held out: no pixel of it is trained on.

Whose they are stands in ``PHOTOGRAPHS`` and goes into the record, since pieces of them are shipped.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from isochrome.examples.scripts.files import FOLDER, Arrays, model_bytes, outputs, write_example
from isochrome.examples.scripts.training import Batch, Parameters, random_parameters, train, values

if TYPE_CHECKING:
    from onnx import NodeProto
    from torch import Tensor

__all__ = ["PHOTOGRAPHS", "held_out_blocks", "model", "photographs", "start", "torch_forward", "write"]

Picture = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Photograph:
    """A class's name; the package that carries the photograph, and its name there; whose it is."""

    name: str
    package: str
    file: str
    credit: str


PHOTOGRAPHS = (
    Photograph("china", "scikit-learn", "china.jpg", "danielbuechele on Flickr, CC BY 2.0"),
    Photograph("flower", "scikit-learn", "flower.jpg", "danielbuechele (flickr.com/photos/vultilion), CC BY 2.0"),
    Photograph("astronaut", "scikit-image", "astronaut", "NASA, public domain"),
    Photograph("coffee", "scikit-image", "coffee", "Rachel Michetti, CC0"),
    Photograph("cat", "scikit-image", "chelsea", "Stefan van der Walt, CC0"),
    Photograph("rocket", "scikit-image", "rocket", "SpaceX, public domain"),
    Photograph("retina", "scikit-image", "retina", "Mikael Häggström, CC0"),
    Photograph("galaxies", "scikit-image", "hubble_deep_field", "NASA, public domain"),
)
CLASSES = len(PHOTOGRAPHS)

FILTERS = (3, 8, 16, 32)
CONVOLUTIONS = ("conv1", "conv2", "conv3")
SHAPES: dict[str, tuple[int, ...]] = {
    **{
        f"{name}.{part}": shape
        for name, c, m in zip(CONVOLUTIONS, FILTERS[:-1], FILTERS[1:], strict=True)
        for part, shape in (("weight", (m, c, 3, 3)), ("bias", (m,)))
    },
    "linear.weight": (CLASSES, FILTERS[-1]),
    "linear.bias": (CLASSES,),
}
# Halved before a rectifier, which lets half of a symmetric distribution through.
FAN_IN = {"conv1.weight": 27 // 2, "conv2.weight": 72 // 2, "conv3.weight": 144 // 2, "linear.weight": 32}

CROP = 32
BLOCK = 64
SEED = 32
STEPS = 2500
BATCH = 64
RATE = 4e-3
SHOWN = 2

DOC = (
    "Three 3x3 convolutions, a mean over all positions and a linear layer: which photograph of scikit-learn and "
    "scikit-image a piece of 32x32 pixels (red, green, blue from 0 to 1) was cut from."
)


def photographs() -> list[Picture]:
    """The photographs as [row, column, channel], in the order of ``PHOTOGRAPHS``; nothing is downloaded."""
    import skimage.data
    from sklearn.datasets import load_sample_image  # type: ignore[import-untyped,unused-ignore]

    return [
        np.asarray(load_sample_image(row.file) if row.package == "scikit-learn" else getattr(skimage.data, row.file)())
        for row in PHOTOGRAPHS
    ]


def held_out_blocks(rows: int, columns: int) -> NDArray[np.bool_]:
    """For each pixel of a photograph whether it lies in a held-out block.

    >>> held_out_blocks(128, 320)[::64, ::64].astype(int).tolist()
    [[1, 0, 0, 0, 0], [0, 0, 0, 1, 0]]
    """
    row, column = np.arange(rows)[:, None] // BLOCK, np.arange(columns)[None, :] // BLOCK
    return np.asarray((2 * row + column) % 5 == 0)


@dataclass(frozen=True, slots=True)
class Pieces:
    """Where pieces may be cut: for each photograph the top left corners, as [count, 2]."""

    pictures: tuple[Picture, ...]
    corners: tuple[NDArray[np.int64], ...]

    def cut(self, photograph: int, place: int) -> NDArray[np.float32]:
        """One piece as [channel, row, column] from 0 to 1."""
        top, left = self.corners[photograph][place]
        piece = self.pictures[photograph][top : top + CROP, left : left + CROP]
        return (piece / 255).astype(np.float32).transpose(2, 0, 1)


def _windows(mask: NDArray[np.bool_]) -> NDArray[np.int64]:
    sums = np.pad(mask.astype(np.int64).cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    return np.asarray(sums[CROP:, CROP:] - sums[:-CROP, CROP:] - sums[CROP:, :-CROP] + sums[:-CROP, :-CROP])


def split(pictures: list[Picture]) -> tuple[Pieces, Pieces]:
    """Where to cut pieces to train on (no pixel held out) and held-out ones (all pixels held out, none in two)."""
    training, held_out = [], []
    for picture in pictures:
        mask = held_out_blocks(*picture.shape[:2])
        count = _windows(mask)
        training.append(np.argwhere(count == 0))
        held_out.append(np.argwhere(count[::CROP, ::CROP] == CROP * CROP) * CROP)
    return Pieces(tuple(pictures), tuple(training)), Pieces(tuple(pictures), tuple(held_out))


def evenly(pieces: Pieces, count: int) -> Pieces:
    """``count`` pieces of each photograph, evenly spaced among those in ``pieces``."""
    chosen = tuple(corners[((2 * np.arange(count) + 1) * len(corners)) // (2 * count)] for corners in pieces.corners)
    return Pieces(pieces.pictures, chosen)


def most_varied(pieces: Pieces, count: int) -> Pieces:
    """The ``count`` pieces of each photograph that vary most over their positions, whatever a model says of them."""
    chosen = []
    for label, corners in enumerate(pieces.corners):
        deviation = [float(pieces.cut(label, place).std((1, 2)).mean()) for place in range(len(corners))]
        chosen.append(corners[np.argsort(deviation, kind="stable")[::-1][:count]])
    return Pieces(pieces.pictures, tuple(chosen))


def all_of(pieces: Pieces) -> Batch:
    """Every piece, photograph by photograph, with its label."""
    x = [pieces.cut(label, place) for label, corners in enumerate(pieces.corners) for place in range(len(corners))]
    return np.stack(x), np.repeat(np.arange(CLASSES), [len(corners) for corners in pieces.corners])


def _batches(pieces: Pieces, steps: int) -> Iterator[Batch]:
    random = np.random.default_rng(SEED)
    for _ in range(steps):
        label = random.integers(0, CLASSES, BATCH)
        x = np.stack([pieces.cut(int(k), int(random.integers(len(pieces.corners[k])))) for k in label])
        yield np.ascontiguousarray(x), label


def _nodes() -> list[NodeProto]:
    from onnx import helper

    nodes, source = [], "x"
    for name, next_step in zip(CONVOLUTIONS, ("MaxPool", "MaxPool", "GlobalAveragePool"), strict=True):
        number = name[-1]
        window: dict[str, Any] = {"kernel_shape": [2, 2], "strides": [2, 2]} if next_step == "MaxPool" else {}
        nodes += [
            helper.make_node(
                "Conv",
                [source, f"{name}.weight", f"{name}.bias"],
                [f"{name}.sum"],
                name=name,
                kernel_shape=[3, 3],
                pads=[1, 1, 1, 1],
            ),
            helper.make_node("Relu", [f"{name}.sum"], [f"{name}.out"], name=f"relu{number}"),
            helper.make_node(next_step, [f"{name}.out"], [f"pool{number}.out"], name=f"pool{number}", **window),
        ]
        source = f"pool{number}.out"
    return [
        *nodes,
        helper.make_node("Flatten", [source], ["flat"], name="flatten", axis=1),
        helper.make_node("Gemm", ["flat", "linear.weight", "linear.bias"], ["y"], name="linear", transB=1),
    ]


def model(parameters: Arrays) -> bytes:
    """The ONNX file of the network with these parameters (the names and shapes of ``SHAPES``)."""
    stored = {name: parameters[name] for name in SHAPES}
    return model_bytes("photos", DOC, _nodes(), stored, ("N", 3, CROP, CROP), ("N", CLASSES))


def torch_forward(p: Mapping[str, Tensor], x: Tensor) -> Tensor:
    """The same network in PyTorch: one output for each photograph."""
    from torch.nn.functional import conv2d, linear, max_pool2d, relu

    h = max_pool2d(relu(conv2d(x, p["conv1.weight"], p["conv1.bias"], padding=1)), 2)
    h = max_pool2d(relu(conv2d(h, p["conv2.weight"], p["conv2.bias"], padding=1)), 2)
    h = relu(conv2d(h, p["conv3.weight"], p["conv3.bias"], padding=1)).mean((2, 3))
    return linear(h, p["linear.weight"], p["linear.bias"])


def start() -> Parameters:
    """The parameters before training."""
    return random_parameters(SHAPES, FAN_IN, SEED)


def trained(pieces: Pieces, steps: int = STEPS) -> Parameters:
    """The parameters after training on random pieces, every photograph as often as any other."""
    return train(torch_forward, start(), _batches(pieces, steps), steps, RATE)


def write(folder: Path = FOLDER) -> None:
    """Train, compare onnxruntime with PyTorch on the held-out pieces, and write the example."""
    training, held_out = split(photographs())
    fewest = min(len(corners) for corners in held_out.corners)
    x, label = all_of(evenly(held_out, fewest))
    parameters = trained(training)
    made = model(parameters)
    given = outputs(made, x)
    np.testing.assert_allclose(given, values(torch_forward, parameters, x), rtol=1e-4, atol=1e-4)
    right = given.argmax(1) == label
    samples, labels = all_of(most_varied(held_out, SHOWN))
    names = [row.name for row in PHOTOGRAPHS]
    record = {
        "inputs": [f"{name} {place + 1}" for name in names for place in range(SHOWN)],
        "classes": names,
        "labels": labels.tolist(),
        "held_out": {
            "what": f"pieces, {fewest} of each photograph,",
            "count": len(x),
            "correct": int(right.sum()),
            "correct_by_class": [int(right[label == k].sum()) for k in range(CLASSES)],
        },
        "training": {"steps": STEPS, "batch": BATCH, "rate": RATE, "seed": SEED},
        "credits": {row.name: f"{row.credit}, as carried by {row.package}" for row in PHOTOGRAPHS},
    }
    write_example("photos", made, np.ascontiguousarray(samples), record, folder)


if __name__ == "__main__":
    write()
