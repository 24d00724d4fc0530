"""A sound model whose names are hostile: to HTML, to scripts, to JSON, to paths, to the eye."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import helper, numpy_helper

LAYER = "</script><script>alert(1)</script><!-- \u202e'\"&{}/../..?#%00"
WEIGHT = "<img src=x onerror=alert(2)>\u2028.weight"
INPUT = "x</style><svg onload=alert(3)>"

__all__ = ["INPUT", "LAYER", "WEIGHT", "write_hostile"]


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
