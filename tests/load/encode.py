"""Protobuf messages written by hand, so that tests can make files that no library would write."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import onnx
from onnx import GraphProto, ModelProto, NodeProto, TensorProto, helper

from isochrome.load.record import parse
from isochrome.load.source import Source, open_source

Tensor = dict[str, Any]


def number(value: int) -> bytes:
    """A varint."""
    value %= 2**64
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def integer(field: int, value: int) -> bytes:
    return number(field * 8) + number(value)


def length(field: int, size: int) -> bytes:
    """The key and the length of a field whose bytes are written elsewhere."""
    return number(field * 8 + 2) + number(size)


def message(field: int, *parts: bytes | str) -> bytes:
    data = b"".join(part.encode() if isinstance(part, str) else part for part in parts)
    return length(field, len(data)) + data


def float32(field: int, value: float) -> bytes:
    return number(field * 8 + 5) + struct.pack("<f", value)


def float64(field: int, value: float) -> bytes:
    return number(field * 8 + 1) + struct.pack("<d", value)


def model(*graph: bytes) -> bytes:
    """A model of IR version 8 whose graph has these fields."""
    return integer(1, 8) + message(7, *graph)


def node(*parts: bytes) -> bytes:
    return message(1, *parts)


def small_model(*tensors: TensorProto) -> ModelProto:
    """A sound model: one Identity, with these tensors as initializers."""
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in ("x", "y")]
    made: list[NodeProto] = [helper.make_node("Identity", ["x"], ["y"], name="one")]
    graph: GraphProto = helper.make_graph(made, "graph", values[:1], values[1:], list(tensors))
    return helper.make_model(graph)


def stored(path: Path, *tensors: TensorProto | bytes) -> tuple[Source, list[Tensor]]:
    """A file with these initializers, opened, and the records of its tensors."""
    data = [tensor if isinstance(tensor, bytes) else tensor.SerializeToString() for tensor in tensors]
    path.write_bytes(model(*(message(5, tensor) for tensor in data)))
    return open_source(path), parse(path.read_bytes())["tensors"]


def value_of(value: onnx.ValueInfoProto) -> dict[str, Any]:
    """A value as the onnx package reads it, in the form of our record."""
    tensor = value.type.tensor_type
    if not value.type.HasField("tensor_type"):
        return {"name": value.name, "dtype": None, "shape": None}
    shape = [getattr(size, size.WhichOneof("value") or "", None) or None for size in tensor.shape.dim]
    sizes = [0 if size.WhichOneof("value") == "dim_value" and not size.dim_value else known
             for size, known in zip(tensor.shape.dim, shape, strict=True)]  # fmt: skip
    return {"name": value.name, "dtype": tensor.elem_type or None, "shape": sizes if tensor.HasField("shape") else None}
