"""A sound model whose names are hostile: to HTML, to scripts, to JSON, to paths, to the eye."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import helper, numpy_helper

LAYER = "</script><script>alert(1)</script><!-- \u202e'\"&{}/../..?#%00"
WEIGHT = "<img src=x onerror=alert(2)>\u2028.weight"
INPUT = "x</style><svg onload=alert(3)>"

LONG = "o" * 5000
RIGHT_TO_LEFT = "\u05e9\u05db\u05d1\u05d4"

__all__ = ["INPUT", "LAYER", "LONG", "RIGHT_TO_LEFT", "WEIGHT", "write_hostile", "write_strange"]


def write_hostile(folder: Path) -> Path:
    """One convolution, and a linear layer behind it, under such names."""
    generator = np.random.default_rng(0)
    tensors = {WEIGHT: (2, 1, 3, 3), "`${alert(4)}`": (2,), "second.weight": (18, 3)}
    stored = [
        numpy_helper.from_array(generator.integers(-3, 4, shape).astype(np.float32), name)
        for name, shape in tensors.items()
    ]
    nodes = [
        helper.make_node("Conv", [INPUT, WEIGHT, "`${alert(4)}`"], ["a"], name=LAYER),
        helper.make_node("Flatten", ["a"], ["f"]),
        helper.make_node("MatMul", ["f", "second.weight"], ["z"], name="second"),
    ]
    given = helper.make_tensor_value_info(INPUT, onnx.TensorProto.FLOAT, (1, 1, 5, 5))
    out = helper.make_tensor_value_info("z", onnx.TensorProto.FLOAT, (1, 3))
    graph = helper.make_graph(nodes, "g", [given], [out], stored)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    path = folder / "a<b>&amp;.onnx"
    path.write_bytes(model.SerializeToString())
    return path


def write_strange(folder: Path) -> Path:
    """Five convolutions in a row whose names are markup, 5,000 letters, right to left, control characters, and empty."""
    names = ["<b>bold</b>", LONG, RIGHT_TO_LEFT, "a\x07b\x1b[31m", ""]
    generator = np.random.default_rng(0)
    nodes, stored = [], []
    read = "image"
    for number, name in enumerate(names):
        weight = name or "w"
        stored.append(numpy_helper.from_array(generator.standard_normal((2, 2, 3, 3)).astype(np.float32), weight))
        nodes.append(helper.make_node("Conv", [read, weight], [f"t{number}"], name=name, pads=[1, 1, 1, 1]))
        read = f"t{number}"
    given = helper.make_tensor_value_info("image", onnx.TensorProto.FLOAT, (1, 2, 6, 6))
    out = helper.make_tensor_value_info(read, onnx.TensorProto.FLOAT, None)
    graph = helper.make_graph(nodes, "g", [given], [out], stored)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    path = folder / "strange.onnx"
    path.write_bytes(model.SerializeToString())
    return path
