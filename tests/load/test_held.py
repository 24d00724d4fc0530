"""What a file holds by name: rows of an ONNX model, its external data, and of a safetensors file."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from isochrome.errors import ModelError
from isochrome.load import open_checkpoint, open_file
from isochrome.model.held import distinct
from isochrome.model.ties import cells, partial_overlaps


def external(name: str, shape: list[int], offset: int, dtype: int = TensorProto.FLOAT, location: str = "w.bin") -> Any:
    tensor = TensorProto(name=name, data_type=dtype, dims=shape, data_location=TensorProto.EXTERNAL)
    size = int(np.prod(shape)) * (4 if dtype == TensorProto.FLOAT else 1)
    for key, value in (("location", location), ("offset", str(offset)), ("length", str(size))):
        tensor.external_data.add(key=key, value=value)
    return tensor


def saved(folder: Path, initializers: list[Any], nodes: list[Any] | None = None) -> Path:
    nodes = nodes or [helper.make_node("Add", ["x", initializers[0].name], ["y"])]
    shape = list(initializers[0].dims)
    graph = helper.make_graph(
        nodes, "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)], initializers,
    )  # fmt: skip
    path = folder / "m.onnx"
    opsets = [helper.make_opsetid("", 21)]
    path.write_bytes(helper.make_model(graph, opset_imports=opsets, ir_version=10).SerializeToString())
    return path


def test_initializers_in_the_file(tmp_path: Path) -> None:
    a, b = np.arange(6, dtype=np.float32).reshape(2, 3), np.ones(3, np.float32)
    file = open_file(saved(tmp_path, [numpy_helper.from_array(a, "a"), numpy_helper.from_array(b, "b")]))
    first, second = file.model.held
    assert (first.name, first.shape, first.strides, first.dtype, first.item) == ("a", (2, 3), (3, 1), "float32", 4)
    assert (first.role, second.role, first.trainable) == ("parameter", "parameter", False)
    assert first.storage != second.storage
    found, part, spread = file.read_held(0), file.read_held_part(0, slice(1, 4)), file.read_held_part(0, np.array([5, 0]))
    assert found is not None and part is not None and spread is not None
    assert (found.tolist(), part.tolist(), spread.tolist()) == (a.tolist(), [1, 2, 3], [5, 0])
    assert file.model.unread == (1,)


def test_places_in_external_data(tmp_path: Path) -> None:
    (tmp_path / "w.bin").write_bytes(np.arange(16, dtype=np.float32).tobytes())
    tensors = [external("a", [2, 3], 0), external("t", [3, 2], 0), external("part", [4], 16), external("own", [2], 48)]
    file = open_file(saved(tmp_path, tensors))
    held = file.model.held
    assert [(row.storage, row.offset) for row in held] == [("file:w.bin", 0), ("file:w.bin", 0), ("file:w.bin", 16), ("file:w.bin", 48)]
    assert [cell.names for cell in cells(held)] == [("a", "t"), ("part",), ("own",)]
    assert [[cell.names for cell in part] for part in partial_overlaps(cells(held))] == [[("a", "t"), ("part",)]]
    assert distinct(held)[1] == 32 + 8
    part = file.read_held_part(2, slice(0, 2))
    assert part is not None and part.tolist() == [4, 5]


def test_one_file_by_two_paths(tmp_path: Path) -> None:
    (tmp_path / "w.bin").write_bytes(bytes(24))
    held = open_file(saved(tmp_path, [external("a", [2, 3], 0), external("b", [2, 3], 0, location="./w.bin")])).model.held
    assert [cell.names for cell in cells(held)] == [("a", "b")]


def test_an_identity_is_another_name(tmp_path: Path) -> None:
    nodes = [helper.make_node("Identity", ["a"], ["also"]), helper.make_node("Identity", ["also"], ["third"]),
             helper.make_node("Add", ["x", "third"], ["y"])]  # fmt: skip
    file = open_file(saved(tmp_path, [numpy_helper.from_array(np.ones((2, 2), np.float32), "a")], nodes))
    assert [(row.name, row.thing) for row in file.model.held] == [("a", 0), ("also", 0), ("third", 0)]
    assert [cell.fact for cell in cells(file.model.held)] == ["one object"]
    found = file.read_held(2)
    assert found is not None and found.tolist() == [[1, 1], [1, 1]]


def test_constants_in_nodes_and_bodies(tmp_path: Path) -> None:
    inner = numpy_helper.from_array(np.ones((2, 2), np.float32), "inside")
    branch = helper.make_graph([helper.make_node("Add", ["x", "inside"], ["z"])], "b", [], [helper.make_tensor_value_info("z", 1, [2, 2])], [inner])
    other = helper.make_graph([helper.make_node("Identity", ["x"], ["z"])], "b", [], [helper.make_tensor_value_info("z", 1, [2, 2])])
    condition = helper.make_node("Constant", [], ["c"], value=numpy_helper.from_array(np.array(True), "no name of it"))
    choice = helper.make_node("If", ["c"], ["h"], "choice", then_branch=branch, else_branch=other)
    nodes = [condition, choice, helper.make_node("Add", ["h", "a"], ["y"])]
    file = open_file(saved(tmp_path, [numpy_helper.from_array(np.ones((2, 2), np.float32), "a")], nodes))
    assert [(row.name, row.role) for row in file.model.held] == [("a", "parameter"), ("c", "constant"), ("choice/inside", "parameter")]
    assert file.model.unread == ()


def test_what_is_no_evidence(tmp_path: Path) -> None:
    empty = numpy_helper.from_array(np.ones((0, 2), np.float32), "empty")
    packed = helper.make_tensor("packed", TensorProto.INT4, [4], [1, 2, 3, 4])
    file = open_file(saved(tmp_path, [numpy_helper.from_array(np.ones(2, np.float32), "a"), empty, packed]))
    assert [(row.name, row.unproven, bool(row.storage)) for row in file.model.held] == [("a", "", True), ("empty", "empty", False), ("packed", "packed", False)]


# --- safetensors ----------------------------------------------------------------------------------------------


def written(folder: Path, header: Any, data: bytes = b"", name: str = "m.safetensors") -> Path:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path = folder / name
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)
    return path


def tensor(start: int, stop: int, *shape: int, dtype: str = "F32") -> dict[str, Any]:
    return {"dtype": dtype, "shape": list(shape), "data_offsets": [start, stop]}


def test_a_checkpoint(tmp_path: Path) -> None:
    numbers = np.arange(6, dtype=np.float32)
    header = {"__metadata__": {"format": "pt"}, "w": tensor(0, 24, 2, 3), "half": tensor(24, 28, 2, dtype="BF16")}
    file = open_checkpoint(written(tmp_path, header, numbers.tobytes() + bytes([0x80, 0x3F, 0x00, 0x40])))
    assert file is not None
    assert [(row.name, row.shape, row.dtype) for row in file.model.held] == [("w", (2, 3), "float32"), ("half", (2,), "bfloat16")]
    found, half, part = file.read_held(0), file.read_held(1), file.read_held_part(0, slice(2, 4))
    assert found is not None and half is not None and part is not None
    assert (found.tolist(), half.tolist(), part.tolist()) == ([[0, 1, 2], [3, 4, 5]], [1, 2], [2, 3])


def test_ranges_that_overlap(tmp_path: Path) -> None:
    file = open_checkpoint(written(tmp_path, {"a": tensor(0, 16, 4), "b": tensor(8, 24, 4)}, bytes(24)))
    assert file is not None
    (part,) = partial_overlaps(cells(file.model.held))
    assert [cell.names for cell in part] == [("a",), ("b",)]


@pytest.mark.parametrize(("config", "said"), [
    ({"tie_word_embeddings": True}, True), ({"tie_word_embeddings": False}, False), ({"text_config": {"tie_word_embeddings": True}}, True),
    ({}, None), ([], None), ({"tie_word_embeddings": "yes"}, None),
])  # fmt: skip
def test_the_configuration_beside_it(config: Any, said: bool | None, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps(config))
    header = {"model.embed_tokens.weight": tensor(0, 16, 4), "lm_head.weight": tensor(16, 32, 4)}
    file = open_checkpoint(written(tmp_path, header, bytes(32)))
    assert file is not None
    wanted = [] if said is None else [("config.json tie_word_embeddings", said, tuple(header))]
    assert [(one.where, one.tied, one.names) for one in file.model.declared] == wanted


BAD: dict[str, tuple[bytes, str]] = {
    "no header": (b"\1\0\0\0\0\0\0\0{", "must have a header in JSON, each name once; it is not (Expecting property name enclosed in double quotes: line 1 column 2 (char 1))."),
    "a long header": (struct.pack("<Q", 10**9) + b"{", "must have a header of at most 1 bytes; says 1000000000. Is it whole?"),
    "a list": (b"\2\0\0\0\0\0\0\0{}"[:8] + b"{}", ""),
    "a name twice": (b"\x0f\0\0\0\0\0\0\0" + b'{"a":1,"a":2}  ', "must have a header in JSON, each name once; it is not (a stands twice)."),
}


@pytest.mark.parametrize("name", BAD)
def test_a_broken_header(name: str, tmp_path: Path) -> None:
    data, text = BAD[name]
    path = tmp_path / "m.safetensors"
    path.write_bytes(data)
    if not text:
        file = open_checkpoint(path)
        assert file is not None and file.model.held == ()
        return
    with pytest.raises(ModelError) as raised:
        open_checkpoint(path)
    assert str(raised.value) == f"{path}: {text}"


@pytest.mark.parametrize(("entry", "text"), [
    ({"dtype": "F32"}, "must have a dtype, a shape and two data_offsets; has {'dtype': 'F32'}."),
    (tensor(0, 4, 1, dtype="F\u202e2"), "must have one of the types F64, F32, F16, BF16, F8_E4M3, F8_E5M2, F8_E8M0, I64, I32, I16, I8, U64, U32, U16, U8, BOOL, C64; has F<U+202E>2."),
    (tensor(0, 4, -1), "must have whole numbers as its shape; has [-1]."),
    (tensor(0, 8, 1), "must lie in the file with 4 bytes; lies from 0 to 8. Is it whole?"),
    (tensor(4, 8, 1), "must lie in the file with 4 bytes; lies from 4 to 8. Is it whole?"),
    (tensor(8, 4, 1), "must lie in the file with 4 bytes; lies from 8 to 4. Is it whole?"),
    ({"dtype": "F32", "shape": [1.5], "data_offsets": [0, 4]}, "must have whole numbers as its shape; has [1.5]."),
])  # fmt: skip
def test_a_broken_tensor(entry: Any, text: str, tmp_path: Path) -> None:
    path = written(tmp_path, {"w": entry}, bytes(4))
    with pytest.raises(ModelError) as raised:
        open_checkpoint(path)
    assert str(raised.value) == f"{path}: tensor w: {text}"


def test_a_pickle_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.bin"
    path.write_bytes(b"\x80\x04\x95" + bytes(16))
    with pytest.raises(ModelError) as raised:
        open_checkpoint(path)
    what = "is a pickle, which runs code when it is read. Save it as safetensors."
    assert str(raised.value) == f"{path}: must be a model or a safetensors file; {what}"


def test_a_model_is_no_checkpoint(tmp_path: Path) -> None:
    onnx_path = saved(tmp_path, [numpy_helper.from_array(np.ones(2, np.float32), "a")])
    assert open_checkpoint(onnx_path) is None
