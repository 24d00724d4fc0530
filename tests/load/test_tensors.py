"""Values of stored tensors: equal to onnx's for every type and place, checked against their shape, read in part."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from onnx import TensorProto, external_data_helper, numpy_helper

from isochrome.errors import ModelError, RequestError
from isochrome.load import tensors
from isochrome.load.child import read_record
from isochrome.load.source import Source, open_source
from isochrome.load.tensors import dtype_name, item_size, read_elements, read_tensor
from tests.load.encode import Tensor, float32, float64, integer, length, message, stored

BITS = {
    name: int(bits)
    for bits, names in {
        "2": "UINT2 INT2",
        "4": "UINT4 INT4 FLOAT4E2M1",
        "6": "FLOAT6E2M3 FLOAT6E3M2",
        "8": "UINT8 INT8 BOOL FLOAT8E4M3FN FLOAT8E4M3FNUZ FLOAT8E5M2 FLOAT8E5M2FNUZ FLOAT8E8M0",
        "16": "UINT16 INT16 FLOAT16 BFLOAT16",
        "32": "FLOAT INT32 UINT32",
        "64": "DOUBLE INT64 UINT64 COMPLEX64",
        "128": "COMPLEX128",
    }.items()
    for name in names.split()
}


def test_every_type_of_numbers_is_known() -> None:
    numbers = {number for name, number in TensorProto.DataType.items() if name not in ("UNDEFINED", "STRING")}
    assert {TensorProto.DataType.Value(name) for name in BITS} == numbers == set(tensors._TYPES)
    for name, bits in BITS.items():
        assert item_size(TensorProto.DataType.Value(name), 8) == bits


def noise(name: str, shape: tuple[int, ...], seed: int = 0) -> TensorProto:
    """A tensor of random bits, as raw data; of bools, random truths."""
    size = -(-int(np.prod(shape)) * BITS[name] // 8)
    data = np.random.default_rng(seed).integers(0, 2 if name == "BOOL" else 256, size, np.uint8)
    return TensorProto(name="w", data_type=TensorProto.DataType.Value(name), dims=shape, raw_data=data.tobytes())


def expected(tensor: TensorProto, folder: Path | str = "") -> NDArray[Any]:
    """Values as the onnx package gives them, small floats as float32 and small integers as eight bits."""
    values = numpy_helper.to_array(tensor, str(folder))
    name = TensorProto.DataType.Name(tensor.data_type)
    if name in ("BFLOAT16", "FLOAT4E2M1") or name.startswith(("FLOAT6", "FLOAT8")):
        return values.astype(np.float32)
    return values.astype({"INT": np.int8, "UIN": np.uint8}[name[:3]]) if BITS[name] < 8 else values


def same(found: NDArray[Any], wanted: NDArray[Any]) -> None:
    assert (found.dtype, found.shape) == (wanted.dtype, wanted.shape)
    np.testing.assert_array_equal(found, wanted)
    if found.dtype.kind == "f":
        np.testing.assert_array_equal(np.signbit(found[~np.isnan(found)]), np.signbit(wanted[~np.isnan(wanted)]))


@pytest.mark.parametrize("name", BITS)
@pytest.mark.parametrize("shape", [(3, 5, 7), (1,), (), (0, 3)])
def test_raw_data_reads_as_onnx_reads_it(tmp_path: Path, name: str, shape: tuple[int, ...]) -> None:
    tensor = noise(name, shape)
    source, (found,) = stored(tmp_path / "m.onnx", tensor)
    same(read_tensor(source, found), expected(tensor))


@pytest.mark.parametrize("name", [name for name, bits in BITS.items() if bits <= 8])
def test_every_code_of_a_small_type_reads_as_onnx_reads_it(tmp_path: Path, name: str) -> None:
    codes = 2 if name == "BOOL" else 2 ** BITS[name]
    bits = np.unpackbits(np.arange(codes, dtype=np.uint8)[:, None], axis=1, bitorder="little")[:, : BITS[name]]
    data = np.packbits(bits.ravel(), bitorder="little").tobytes()
    tensor = TensorProto(name="w", data_type=TensorProto.DataType.Value(name), dims=[codes], raw_data=data)
    source, (found,) = stored(tmp_path / "m.onnx", tensor)
    same(read_tensor(source, found), expected(tensor))


def typed(name: str, tensor: TensorProto) -> TensorProto:
    """The same values in the field of typed data that ONNX asks for."""
    made = TensorProto(name="w", data_type=tensor.data_type, dims=tensor.dims)
    data = np.frombuffer(tensor.raw_data, np.uint8)
    if name in ("FLOAT", "COMPLEX64"):
        made.float_data.extend(data.view("<f4"))
    elif name in ("DOUBLE", "COMPLEX128"):
        made.double_data.extend(data.view("<f8"))
    elif name == "INT64":
        made.int64_data.extend(data.view("<i8").tolist())
    elif name in ("UINT32", "UINT64"):
        made.uint64_data.extend(data.view(f"<u{BITS[name] // 8}").tolist())
    elif BITS[name] == 6:
        made.int32_data.extend(numpy_helper._unpack_6bit(data, tensor.dims).ravel().tolist())
    else:
        kind = "i" if name in ("INT8", "INT16", "INT32") else "u"
        made.int32_data.extend(data.view(f"<{kind}{max(BITS[name] // 8, 1)}").tolist())
    return made


@pytest.mark.parametrize("name", BITS)
@pytest.mark.parametrize("shape", [(3, 5, 7), (1,), (), (0, 3)])
def test_typed_data_reads_as_onnx_reads_it(tmp_path: Path, name: str, shape: tuple[int, ...]) -> None:
    tensor = typed(name, noise(name, shape))
    source, (found,) = stored(tmp_path / "m.onnx", tensor)
    assert "typed" in found["where"]
    same(read_tensor(source, found), expected(tensor))


def test_typed_data_that_is_not_packed_reads_as_onnx_reads_it(tmp_path: Path) -> None:
    dims = integer(1, 2) + integer(1, 2)
    floats = dims + integer(2, 1) + b"".join(float32(4, value) for value in (1.5, -2.0, 3.0))
    parts = [
        floats + float32(4, 0.25),
        floats + message(4, bytes(4)),
        dims + integer(2, 11) + b"".join(float64(10, value) for value in (1.5, -2.0, 3.0, 1e300)),
        dims + integer(2, 6) + b"".join(integer(5, value) for value in (1, -1, 2**31 - 1, -(2**31))),
        dims + integer(2, 7) + b"".join(integer(7, value) for value in (300, -1, 2**63 - 1, -(2**63))),
        dims + integer(2, 13) + b"".join(integer(11, value) for value in (300, 0, 2**64 - 1, 2**63)),
        dims + b"".join(integer(5, value) + integer(2, 6) for value in (7, 8, 9, 10)),
    ]
    source, found = stored(tmp_path / "m.onnx", *parts)
    assert [len(tensor["where"]["spans"]) for tensor in found] == [1, 2, 1, 1, 1, 1, 4]
    for tensor, part in zip(found, parts, strict=True):
        same(read_tensor(source, tensor), expected(TensorProto.FromString(part)))


def outside(path: Path, name: str, entries: dict[str, str]) -> Tensor:
    """The record of a tensor of random bits that lies in w.bin, 3 bytes in."""
    tensor = noise(name, (5, 7))
    path.with_name("w.bin").write_bytes(b"abc" + tensor.raw_data + b"de")
    external_data_helper.set_external_data(tensor, "w.bin", 3, len(tensor.raw_data))
    tensor.ClearField("raw_data")
    del tensor.external_data[:]
    for key, value in entries.items():
        tensor.external_data.add(key=key, value=value)
    return stored(path, tensor)[1][0]


@pytest.mark.parametrize("name", BITS)
def test_external_data_reads_as_onnx_reads_it(tmp_path: Path, name: str) -> None:
    size = str(len(noise(name, (5, 7)).raw_data))
    for entries in ({"offset": "3", "length": size, "checksum": "none"}, {"offset": "3"}):
        found = outside(tmp_path / "m.onnx", name, {"location": "w.bin", **entries})
        source = open_source(tmp_path / "m.onnx")
        same(read_tensor(source, found), expected(noise(name, (5, 7))))
        same(read_elements(source, found, [34, 0]), expected(noise(name, (5, 7))).ravel()[[34, 0]])


@pytest.mark.parametrize("name", ["INT2", "UINT4", "FLOAT6E3M2", "FLOAT8E5M2", "BFLOAT16", "FLOAT", "COMPLEX128"])
@given(indices=st.lists(st.integers(0, 6 * 2_500 - 1), max_size=6), near=st.integers(0, 14_990))
def test_elements_are_those_of_the_whole(
    tmp_path_factory: pytest.TempPathFactory, name: str, indices: list[int], near: int
) -> None:
    """Far apart and side by side: some are read together and some are not."""
    path = tmp_path_factory.getbasetemp() / f"{name}.onnx"
    tensor = noise(name, (6, 2_500))
    if not path.exists():
        stored(path, tensor, typed(name, tensor))
    source = open_source(path)
    wanted = expected(tensor).ravel()[[*indices, near, near + 9, near + 1]]
    for found in read_record(source)["tensors"] if near % 10 == 0 else [raw_record(source, tensor)]:
        same(read_elements(source, found, [*indices, near, near + 9, near + 1]), wanted)


def raw_record(source: Source, tensor: TensorProto) -> Tensor:
    """The record of the first tensor of a file, found without the parser."""
    data = Path(source.path).read_bytes()
    where = {"file": 0, "offset": data.index(tensor.raw_data), "length": len(tensor.raw_data)}
    return {"name": "w", "dtype": tensor.data_type, "shape": list(tensor.dims), "where": where}


def test_no_elements_are_no_values(tmp_path: Path) -> None:
    source, (found,) = stored(tmp_path / "m.onnx", noise("FLOAT", (4,)))
    assert read_elements(source, found, []).shape == (0,)


def fault(act: Callable[[], object], kind: type[Exception] = ModelError) -> str:
    with pytest.raises(kind) as caught:
        act()
    return str(caught.value)


def test_an_element_outside_is_a_request_error(tmp_path: Path) -> None:
    source, (found,) = stored(tmp_path / "m.onnx", noise("FLOAT", (2, 2)))
    expected = "tensor w: an element's index must be from 0 to 3."
    for index in (-1, 4, 2**40):
        assert fault(partial(read_elements, source, found, [index]), RequestError) == expected


def of(kind: str, shape: list[int], *parts: bytes) -> bytes:
    head = message(8, "w") + integer(2, TensorProto.DataType.Value(kind))
    return head + b"".join([*(integer(1, size) for size in shape), *parts])


FAULTS = {
    "short": (of("FLOAT", [2, 3], message(9, bytes(23))), "must have 24 bytes for float32 of shape [2, 3]; has 23."),
    "long": (of("FLOAT", [2, 3], message(9, bytes(28))), "must have 24 bytes for float32 of shape [2, 3]; has 28."),
    "packed": (of("INT4", [5], message(9, bytes(5))), "must have 3 bytes for int4 of shape [5]; has 5."),
    "huge": (of("DOUBLE", [2**62] * 3, message(9, bytes(8))), f"must have {2**189} bytes for float64 of shape "
             f"{[2**62] * 3}; has 8."),
    "none": (of("FLOAT", [2]), "must hold 2 numbers for shape [2]; holds 0 bytes."),
    "too few": (of("FLOAT", [2], message(4, bytes(4))), "must hold 2 numbers for shape [2]; holds 1."),
    "too many": (of("FLOAT", [2], message(4, bytes(12))), "must hold 2 numbers for shape [2]; holds 3."),
    "far too many": (of("INT32", [1], message(5, bytes(99))), "must hold 1 numbers for shape [1]; holds 99 bytes."),
    "cut": (of("FLOAT", [2], message(4, bytes(7))), "must hold whole numbers; its float_data ends within one."),
    "cut varint": (of("INT64", [2], message(7, b"\x01\x80")),
                   "must hold whole numbers; its int64_data ends within one."),
    "long varint": (of("INT64", [2], message(7, b"\x80" * 10 + b"\1\1")),
                    "must hold whole numbers; its int64_data ends within one."),
    "wrong field": (of("FLOAT", [2], message(5, bytes(2))),
                    "must have its values of float32 in float_data; is in int32_data."),
    "strings": (of("STRING", [1], message(6, "a")), "must hold numbers; holds string."),
    "no type": (of("UNDEFINED", [1], message(9, bytes(4))), "must hold numbers; holds undefined."),
    "other type": (message(8, "w") + integer(2, 99), "must hold numbers; holds type 99."),
    "too many axes": (of("FLOAT", [1] * 65, message(9, bytes(4))),
                      f"must have a shape that an array can have; got {[1] * 65}."),
    "impossible axes": (of("FLOAT", [0, 2**62, 2**62]), "must have a shape that an array can have; got "
                        f"{[0, 2**62, 2**62]}."),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_data_that_does_not_fit_its_shape_is_one_line(tmp_path: Path, name: str) -> None:
    data, text = FAULTS[name]
    source, (found,) = stored(tmp_path / "m.onnx", data)
    assert fault(lambda: read_tensor(source, found)) == f"{tmp_path}/m.onnx: tensor w: {text}"


@pytest.mark.parametrize(("entries", "text"), [
    ({"location": "w.bin", "offset": "3", "length": "36"},
     "tensor w: must have 35 bytes for uint8 of shape [5, 7]; has 36."),
    ({"location": "w.bin", "offset": "6"},
     "tensor w: must have 35 bytes from byte 6 of w.bin on; that file has 40 in all."),
    ({"location": "w.bin", "offset": "9999999999999999999"},
     "tensor w: must have 35 bytes from byte 9999999999999999999 of w.bin on; that file has 40 in all."),
    ({"location": "../w.bin"}, "external data ../w.bin: must stay in the model's folder; holds '..'."),
    ({"location": "/w.bin"}, "external data /w.bin: must be a relative path; is absolute."),
    ({"location": "v.bin"}, "external data v.bin: cannot be read: no such file or directory."),
    ({"location": "link"}, "external data link: must stay in the model's folder; a link leads out of it."),
    ({"location": "pipe"}, "external data pipe: must be a regular file; is a named pipe."),
])  # fmt: skip
def test_external_data_that_does_not_fit_is_one_line(tmp_path: Path, entries: dict[str, str], text: str) -> None:
    (tmp_path / "link").symlink_to("/dev/zero")
    os.mkfifo(tmp_path / "pipe")
    found = outside(tmp_path / "m.onnx", "UINT8", entries)
    source = open_source(tmp_path / "m.onnx")
    for read in (lambda: read_tensor(source, found), lambda: read_elements(source, found, [0])):
        assert fault(read) == f"{tmp_path}/m.onnx: {text}"


def test_a_model_of_strings_is_refused_by_size_too() -> None:
    assert fault(lambda: item_size(8)) == "element type: must be a type of numbers; got string."
    assert [dtype_name(number) for number in (0, 1, 8, 22, 77)] == ["undefined", "float32", "string", "int4", "type 77"]


ELEMENTS = """
import resource, sys
from isochrome.load.child import read_record
from isochrome.load.source import open_source
from isochrome.load.tensors import read_elements
source = open_source(sys.argv[1])
(tensor,) = read_record(source)["tensors"]
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
values = read_elements(source, tensor, [0, 2**31 - 1, 2**30])
print(*values.tolist(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_elements_of_8_gib_cost_no_memory(tmp_path: Path) -> None:
    size = 8 * 2**30
    start = of("FLOAT", [2**31]) + length(9, size)
    inner = length(5, len(start) + size) + start
    head = integer(1, 8) + length(7, len(inner) + size) + inner
    path = tmp_path / "large.onnx"
    with path.open("wb") as file:
        file.write(head + np.float32(1.5).tobytes())
        file.seek(len(head) + size - 4)
        file.write(np.float32(-2.5).tobytes())
    root = Path(tensors.__file__).parent.parent.parent
    first, last, middle, grown = subprocess.check_output([sys.executable, "-c", ELEMENTS, str(path)], cwd=root).split()
    assert (float(first), float(last), float(middle)) == (1.5, -2.5, 0.0)
    assert int(grown) < 1024
