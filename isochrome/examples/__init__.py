"""The embedded models: a table of examples, each a model file, real inputs for it, and a record of what was measured.

The scripts that made every file stand in ``isochrome.examples.scripts``; none of them is needed to use an example.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from isochrome.errors import RequestError, shown

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "DIGITS", "EXAMPLES", "Example", "example_input", "example_inputs", "example_path", "example_record",
    "find_example",
]  # fmt: skip

_FOLDER = Path(__file__).parent

DIGITS = _FOLDER / "digits.npz"
"""1,797 handwritten digits, ``x`` of 8 by 8 with ink from 0 to 16 and ``y``: E. Alpaydin and C. Kaynak, Optical
Recognition of Handwritten Digits, UCI Machine Learning Repository, CC BY 4.0, as carried by scikit-learn."""


@dataclass(frozen=True, slots=True)
class Example:
    """One embedded model. ``model``, ``inputs`` and ``record`` are names of files in this folder.

    ``inputs`` is an npz whose array ``x`` holds samples of the model's input along axis 0;
    ``record`` is the JSON that the example's script wrote: the samples' names, what the model gave for them, and for a
    trained model how well it does on data that it never saw.
    """

    name: str
    title: str
    text: str
    model: str
    inputs: str
    record: str

    @property
    def about(self) -> str:
        """What the model is, ended by the measured accuracy where it was trained."""
        held_out = example_record(self.name).get("held_out")
        if held_out is None:
            return self.text
        correct, count = held_out["correct"], held_out["count"]
        return f"{self.text} It names {correct} of {count} held-out {held_out['what']} rightly ({correct / count:.1%})."


def _example(name: str, title: str, text: str) -> Example:
    return Example(name, title, text, f"{name}.onnx", f"{name}.npz", f"{name}.json")


_ROWS = (
    _example(
        "stanford",
        "The Stanford convolution demo",
        "One convolution of the size that the CS231n notes animate: input 5x5x3, zero padding 1, two filters 3x3x3, "
        "stride 2, output 3x3x2; with whole numbers such that the first neuron is 5 and its neighbour is 7.",
    ),
    _example(
        "stanford-printed",
        "The Stanford convolution demo, as printed",
        "The same convolution with the numbers of a printed copy of the CS231n notes.",
    ),
    _example(
        "lenet5",
        "LeNet-5, 1998",
        "The layout of LeCun, Bottou, Bengio and Haffner (1998) at 32x32 pixels: subsampling with one weight and one "
        "bias a channel, C3 with its table of 60 links out of 96, tanh everywhere. The output is a plain linear layer "
        "instead of radial basis functions. "
        "Trained on scikit-learn's digits, 8x8 pixels enlarged to 28x28 in a margin of 2; ink is 1, paper 0.",
    ),
    _example(
        "photos",
        "Which photograph is this piece of?",
        "Three 3x3 convolutions over red, green and blue (0 to 1) and a linear layer tell which photograph a piece of "
        "32x32 pixels was cut from: eight that scikit-learn and scikit-image carry (china and flower are by "
        "danielbuechele, CC BY 2.0). Trained on one part of each photograph; the inputs are from the other.",
    ),
)

EXAMPLES: Mapping[str, Example] = MappingProxyType({row.name: row for row in _ROWS})


def find_example(name: str) -> Example:
    """The example called ``name``.

    >>> find_example("lenet5").title
    'LeNet-5, 1998'
    >>> find_example("alexnet")
    Traceback (most recent call last):
    isochrome.errors.RequestError: example:alexnet: must be stanford, stanford-printed, lenet5 or photos. Choose one.
    """
    if name not in EXAMPLES:
        *some, last = EXAMPLES
        raise RequestError(f"example:{shown(name)}: must be {', '.join(some)} or {last}. Choose one.")
    return EXAMPLES[name]


def example_path(name: str) -> Path:
    """The model file of an example.

    >>> example_path("stanford").name
    'stanford.onnx'
    """
    return _FOLDER / find_example(name).model


def example_inputs(name: str) -> Path:
    """The npz file with an example's inputs: its one array ``x`` holds the samples along axis 0.

    >>> example_inputs("stanford").name
    'stanford.npz'
    """
    return _FOLDER / find_example(name).inputs


@cache
def example_record(name: str) -> Mapping[str, Any]:
    """What the example's script measured and wrote down.

    ``inputs`` names the samples in order, ``outputs`` is what onnxruntime gave for them; trained models add
    ``classes``, ``labels`` and ``held_out`` (``what``, ``count``, ``correct``).

    >>> example_record("lenet5")["inputs"][:3]
    ['digit 0', 'digit 1', 'digit 2']
    """
    text = (_FOLDER / find_example(name).record).read_text(encoding="utf-8")
    return MappingProxyType(json.loads(text))


def example_input(name: str, sample: str = "") -> NDArray[np.float32]:
    """One sample with its batch axis of 1: the one called ``sample``, or the first.

    >>> example_input("lenet5", "digit 7").shape
    (1, 1, 32, 32)
    """
    import numpy as np

    samples = list(example_record(name)["inputs"])
    if sample and sample not in samples:
        raise RequestError(
            f"example:{name}: input must be one of {', '.join(samples)}; got {shown(sample)}. Choose one."
        )
    place = samples.index(sample) if sample else 0
    with np.load(example_inputs(name), allow_pickle=False) as arrays:
        return np.asarray(arrays["x"][place : place + 1], dtype=np.float32)
