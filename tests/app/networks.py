"""Small models with a graph worth drawing: a skip and a module called twice; and one of many layers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import helper, numpy_helper

__all__ = ["write_deep", "write_residual", "write_words"]


def _save(path: Path, nodes: list[onnx.NodeProto], weights: dict[str, tuple[int, ...]], given: tuple[int, ...],
          out: str) -> Path:  # fmt: skip
    generator = np.random.default_rng(0)
    stored = [
        numpy_helper.from_array((generator.standard_normal(shape) / 8).astype(np.float32), name)
        for name, shape in weights.items()
    ]
    first = helper.make_tensor_value_info("image", onnx.TensorProto.FLOAT, given)
    last = helper.make_tensor_value_info(out, onnx.TensorProto.FLOAT, None)
    graph = helper.make_graph(nodes, "g", [first], [last], stored)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    path.write_bytes(model.SerializeToString())
    return path


def _conv(name: str, read: str, weight: str, **attributes: list[int]) -> onnx.NodeProto:
    return helper.make_node("Conv", [read, weight], [f"{name}.out"], name=name, pads=[1, 1, 1, 1], **attributes)


def write_residual(folder: Path) -> Path:
    """A residual network on 3x32x32 images: stem, a and b with a skip over them, r called twice, down, head."""
    nodes = [
        _conv("stem", "image", "stem.weight"),
        _conv("a", "stem.out", "a.weight"),
        helper.make_node("Relu", ["a.out"], ["a.relu"]),
        _conv("b", "a.relu", "b.weight"),
        helper.make_node("Add", ["b.out", "stem.out"], ["sum"], name="sum"),
        _conv("r", "sum", "r.weight"),
        helper.make_node("Relu", ["r.out"], ["r.relu"]),
        _conv("r#2", "r.relu", "r.weight"),
        _conv("down", "r#2.out", "down.weight", strides=[2, 2]),
        helper.make_node("GlobalAveragePool", ["down.out"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["flat"]),
        helper.make_node("Gemm", ["flat", "head.weight"], ["scores"], name="head", transB=1),
    ]
    weights = {
        "stem.weight": (16, 3, 3, 3), "a.weight": (16, 16, 3, 3), "b.weight": (16, 16, 3, 3),
        "r.weight": (16, 16, 3, 3), "down.weight": (32, 16, 3, 3), "head.weight": (10, 32),
    }  # fmt: skip
    return _save(folder / "residual.onnx", nodes, weights, (1, 3, 32, 32), "scores")


def write_deep(folder: Path, layers: int = 500) -> Path:
    """A chain of so many equal convolutions, but for every tenth, which is smaller."""
    nodes, weights = [], {}
    read = "image"
    for number in range(layers):
        size = 1 if number % 10 == 9 else 3
        weights[f"c{number}.weight"] = (4, 4, size, size)
        nodes.append(helper.make_node("Conv", [read, f"c{number}.weight"], [f"c{number}.out"], name=f"c{number}",
                                      pads=[size // 2] * 4))  # fmt: skip
        read = f"c{number}.out"
    return _save(folder / "deep.onnx", nodes, weights, (1, 4, 16, 16), read)


def write_words(folder: Path) -> Path:
    """Four word numbers, looked up in a table, shifted by a stored vector, and read by an LSTM."""
    nodes = [
        helper.make_node("Gather", ["table", "words"], ["looked"], name="embedding"),
        helper.make_node("Add", ["looked", "shift.bias"], ["shifted"], name="shift"),
        helper.make_node("LSTM", ["shifted", "lstm.w", "lstm.r", "lstm.b"], ["states"], name="lstm", hidden_size=2),
    ]
    generator = np.random.default_rng(1)
    shapes = {"table": (6, 3), "shift.bias": (3,), "lstm.w": (1, 8, 3), "lstm.r": (1, 8, 2), "lstm.b": (1, 16)}
    stored = [
        numpy_helper.from_array(generator.integers(-2, 3, shape).astype(np.float32), name)
        for name, shape in shapes.items()
    ]
    given = helper.make_tensor_value_info("words", onnx.TensorProto.INT64, (4, 1))
    last = helper.make_tensor_value_info("states", onnx.TensorProto.FLOAT, None)
    graph = helper.make_graph(nodes, "g", [given], [last], stored)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    path = folder / "words.onnx"
    path.write_bytes(model.SerializeToString())
    return path
