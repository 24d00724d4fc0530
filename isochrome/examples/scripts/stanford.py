"""Writes ``stanford`` and ``stanford-printed``: the CS231n convolution demo with two sets of numbers.

The numbers stand in cs231n.json: x[channel][row][column], w[filter][channel][row][column], b[filter] and the outputs
o[filter][row][column], which onnxruntime must give exactly.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from isochrome.examples.scripts.files import FOLDER, model_bytes, outputs, write_example

__all__ = ["INSTANCES", "instance", "model", "write"]

INSTANCES = {"stanford": "five_seven", "stanford-printed": "printed"}

DOC = "The CS231n convolution demo: input 5x5x3, zero padding 1, two filters 3x3x3, stride 2, output 3x3x2."


def instance(key: str) -> dict[str, Any]:
    """The numbers called ``key`` in cs231n.json: ``x``, ``w``, ``b``, ``o`` and a note."""
    found: dict[str, Any] = json.loads(Path(__file__).with_name("cs231n.json").read_text(encoding="utf-8"))[key]
    return found


def model(name: str) -> bytes:
    """The ONNX file of one example: a single Conv called ``conv``."""
    from onnx import helper

    numbers = instance(INSTANCES[name])
    tensors = {
        "conv.weight": np.array(numbers["w"], dtype=np.float32),
        "conv.bias": np.array(numbers["b"], dtype=np.float32),
    }
    node = helper.make_node(
        "Conv",
        ["x", "conv.weight", "conv.bias"],
        ["y"],
        name="conv",
        kernel_shape=[3, 3],
        pads=[1, 1, 1, 1],
        strides=[2, 2],
    )
    return model_bytes(name, DOC, [node], tensors, (1, 3, 5, 5), (1, 2, 3, 3))


def write(folder: Path = FOLDER) -> None:
    """Write both examples, after checking that onnxruntime gives the outputs in cs231n.json."""
    for name, key in INSTANCES.items():
        numbers, made = instance(key), model(name)
        x = np.array([numbers["x"]], dtype=np.float32)
        given = outputs(made, x)
        if given[0].tolist() != numbers["o"]:
            raise SystemExit(f"{name}: the outputs must be {numbers['o']}; got {given[0].tolist()}.")
        write_example(name, made, x, {"inputs": ["demo"], "note": numbers["note"]}, folder)


if __name__ == "__main__":
    write()
