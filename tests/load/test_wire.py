"""The wire format: pieces are merged as protobuf merges them, and a broken file is one line of fault."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from isochrome.errors import ModelError
from isochrome.load import record
from isochrome.load.child import read_record
from isochrome.load.record import parse
from isochrome.load.source import open_source
from isochrome.load.tensors import read_tensor
from isochrome.load.wire import WireError
from tests.load.encode import float32, integer, message, model, node, number, small_model, value_of


def test_a_graph_in_pieces_is_merged_as_protobuf_merges_it() -> None:
    first, second = small_model(), small_model()
    second.graph.input[0].type.tensor_type.shape.dim[0].dim_param = "batch"
    second.graph.node[0].attribute.append(helper.make_attribute("value", numpy_helper.from_array(np.ones(3, "f4"))))
    whole = first.SerializeToString() + second.SerializeToString()
    merged = onnx.ModelProto.FromString(whole)
    assert [size.dim_param for size in merged.graph.input[1].type.tensor_type.shape.dim] == ["batch"]
    read = parse(whole)
    assert [value["shape"] for value in read["graph"]["inputs"]] == [[1], ["batch"]]
    assert [inner["name"] for inner in read["graph"]["nodes"]] == ["one", "one"]
    assert parse(merged.SerializeToString())["graph"] == read["graph"]


def test_values_and_attributes_in_pieces_are_merged_as_protobuf_merges_them() -> None:
    four, five = message(1, integer(1, 4)), message(1, integer(1, 5))
    float_type, sequence = integer(1, 1), message(4, message(1, b""))
    types = [
        message(2, message(1, float_type)) + message(2, message(1, message(2, four), message(2, five))),
        message(2, message(1, float_type), sequence),
        message(2, message(1, message(2, four)), sequence, message(1, float_type)),
        message(2, message(1, float_type, message(2, message(1, integer(1, 3), message(2, "n"))))),
        message(2, message(1, float_type, message(2, message(1, message(2, "n"), integer(1, 0)), message(1)))),
    ]
    whole = model(*(message(13, message(1, "v"), kind) for kind in types))
    expected = [value_of(value) for value in onnx.ModelProto.FromString(whole).graph.value_info]
    assert parse(whole)["graph"]["value_info"] == expected
    assert [value["shape"] for value in expected] == [[4, 5], None, None, ["n"], [0, None]]
    pieces = message(5, message(1, "value"), message(5, integer(1, 2), message(9, b"ab")), integer(20, 4),
                     message(5, integer(1, 3), integer(2, 1), message(9, bytes(24))))  # fmt: skip
    (tensor,) = parse(model(node(pieces)))["tensors"]
    assert (tensor["shape"], tensor["dtype"], tensor["where"]["length"]) == ([2, 3], 1, 24)


def test_packed_and_unpacked_numbers_read_alike() -> None:
    packed = message(5, message(1, "pads"), message(8, *map(number, (1, -1, 300))), integer(20, 7))
    loose = message(5, message(1, "pads"), integer(8, 1), integer(8, -1), integer(8, 300), integer(20, 7))
    floats = message(5, message(1, "f"), float32(7, 0.5), message(7, bytes(4)), float32(7, -2), integer(20, 6))
    read = [parse(model(node(attribute)))["graph"]["nodes"][0]["attributes"] for attribute in (packed, loose, floats)]
    assert read[0] == read[1] == {"pads": {"type": "ints", "value": [1, -1, 300]}}
    assert read[2] == {"f": {"type": "floats", "value": [0.5, 0.0, -2.0]}}


def test_old_attributes_without_a_type_are_known_by_their_field() -> None:
    attributes = [message(5, message(1, "a"), integer(3, -4)), message(5, message(1, "b"), message(4, "text")),
                  message(5, message(1, "c"), integer(8, 1), integer(8, 2)), message(5, message(1, "d"))]  # fmt: skip
    (read,) = parse(model(node(*attributes)))["graph"]["nodes"]
    assert [(one["type"], one["value"]) for one in read["attributes"].values()] == [
        *(("int", -4), ("string", "text"), ("ints", [1, 2]), ("other", None)),
    ]


def test_unknown_fields_and_long_strings_are_skipped() -> None:
    known = node(message(1, "x"), message(4, "Relu"))
    unknown = integer(99, 5) + message(98, b"\xff\xff") + number(97 * 8 + 1) + bytes(8) + number(96 * 8 + 5) + bytes(4)
    assert parse(unknown + model(unknown + known) + unknown)["graph"] == parse(model(known))["graph"]
    other_wire_types = integer(4, 1) + float32(1, 1)
    read = parse(model(node(message(1, "x"), message(4, "Relu"), other_wire_types)))
    assert read["graph"] == parse(model(known))["graph"]
    blob = message(5, message(1, "cache"), message(4, b"\x80" * 2**17), integer(20, 3))
    assert parse(model(node(blob)))["graph"]["nodes"][0]["attributes"] == {"cache": {"type": "other", "value": None}}


def test_names_that_are_not_utf8_stay_distinct() -> None:
    read = parse(model(node(message(1, b"a\xff"), message(1, b"a\xfe"), message(1, "é\n<script>"))))
    assert read["graph"]["nodes"][0]["inputs"] == ["a\\xff", "a\\xfe", "é\n<script>"]
    assert fault_of(model(node(message(1, b"a\xff"), message(1, "a\\xff")))) == (
        "names must be UTF-8; two of them read the same where they are not."
    )


def fault_of(data: bytes) -> str:
    with pytest.raises(WireError) as caught:
        parse(data)
    return str(caught.value)


def nested(depth: int) -> bytes:
    data = b""
    for _ in range(depth):
        data = node(message(5, message(1, "body"), message(6, data), integer(20, 5)))
    return model(data)


def tensor(*parts: bytes) -> bytes:
    return model(message(5, message(8, "w"), *parts))


def entry(key: str, value: str) -> bytes:
    return message(13, message(1, key), message(2, value))


EXTERNAL = integer(14, 1)
FAULTS = {
    "no graph": (integer(1, 8), "must hold a graph; holds none. Is it an ONNX model?"),
    "group": (model(b"\x0b\x0c"), "byte 5: a wire type must be 0, 1, 2 or 5; got 3."),
    "end of group": (model(b"\x0c"), "byte 5: a wire type must be 0, 1, 2 or 5; got 4."),
    "field 0": (model(b"\x02\x00"), "byte 5: a field's number must be from 1 to 536870911; got 0."),
    "field 2^29": (model(number(2**32) + b"\0"),
                   "byte 9: a field's number must be from 1 to 536870911; got 536870912."),
    "long varint": (b"\x08" + b"\x80" * 10 + b"\x01", "byte 1: a number must fit in 64 bits."),
    "varint of 65 bits": (b"\x08" + b"\xff" * 9 + b"\x02", "byte 1: a number must fit in 64 bits."),
    "cut in a varint": (b"\x08\x80", "must not end within a field; ends at byte 2. Is the file whole?"),
    "cut after a key": (b"\x08", "must not end within a field; ends at byte 1. Is the file whole?"),
    "cut in bytes": (model(node(message(1, "x")))[:-1],
                     "a field must end within its message, at byte 8; ends at 9. Is it whole?"),
    "inner past outer": (model(b"\x0a\x05\x0a"),
                         "a field must end within its message, at byte 7; ends at 11. Is it whole?"),
    "number past its message": (model(node(b"\x28\x81")) + integer(1, 8),
                                "a field must end within its message, at byte 8; ends at 9. Is it whole?"),
    "huge length": (b"\x3a" + number(2**63), "a field must end within its message, at byte 11; "
                                             "ends at 9223372036854775819. Is it whole?"),
    "deep graphs": (nested(65), "graphs must nest at most 64 deep."),
    "long name": (model(node(message(1, b"x" * 65537))), "byte 14: a name must have at most 65536 bytes; has 65537."),
    "attribute twice": (model(node(message(2, "y"), *[message(5, message(1, "k"), integer(3, 1), integer(20, 2))] * 2)),
                        "node y: attribute k must stand once; stands twice."),
    "attribute of two types": (model(node(message(5, message(1, "k"), integer(3, 1), float32(2, 1), integer(20, 2)))),
                               "attribute k: must hold int alone; holds float and int."),
    "attribute of another type": (model(node(message(5, message(1, "k"), integer(3, 1), integer(20, 7)))),
                                  "attribute k: must hold ints alone; holds int."),
    "no tensor": (model(node(message(5, message(1, "k"), integer(20, 4)))),
                  "attribute k: must hold a tensor; holds none."),
    "cut floats": (model(node(message(5, message(1, "k"), message(7, bytes(5)), integer(20, 6)))),
                   "a packed field of floats must have 4 bytes for each; has 5 bytes."),
    "cut ints": (model(node(message(5, message(8, b"\x80"), integer(20, 7)))),
                 "a packed field must end with a whole number; byte 11 does not end one."),
    "two versions": (message(8, integer(2, 18)) + message(8, integer(2, 17)) + model(),
                     "opset : must have one version; has 18 and 17."),
    "negative size": (tensor(integer(1, 3), integer(1, -1)),
                      "tensor w: each dimension must be 0 or more; got [3, -1]."),
    "negative size of a value": (model(message(11, message(1, "x"), message(2, message(1, message(
        2, message(1, integer(1, -2))))))), "value x: each dimension must be 0 or more; got -2."),
    "segment": (tensor(message(3, integer(1, 0))), "tensor w: must be whole; is a segment, which is not supported."),
    "data twice": (tensor(message(9, bytes(4)), message(4, bytes(4))),
                   "tensor w: must hold its data once; holds float_data and raw_data."),
    "long key": (tensor(b"\xa5\x00" + bytes(4)), "byte 9: the key of a tensor's element must be in its shortest form."),
    "sparse": (model(message(15, message(1, message(8, "w")))),
               "initializer w: must be dense; is sparse, which is not supported."),
    "external without a place": (tensor(EXTERNAL), "tensor w: external data must have a location; has none."),
    "external offset": (tensor(EXTERNAL, entry("location", "w.bin"), entry("offset", "-1")),
                        "tensor w: the offset of external data must be a whole number; got -1."),
    "external length": (tensor(EXTERNAL, entry("location", "w.bin"), entry("length", "1e3")),
                        "tensor w: the length of external data must be a whole number; got 1e3."),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_a_broken_file_is_one_fault(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data, text = FAULTS[name]
    assert fault_of(data) == text
    monkeypatch.chdir(tmp_path)
    Path("m.onnx").write_bytes(data)
    with pytest.raises(ModelError) as caught:
        read_record(open_source("m.onnx"))
    assert str(caught.value) == f"m.onnx: {text}"


def test_graphs_may_nest_64_deep(tmp_path: Path) -> None:
    (tmp_path / "m.onnx").write_bytes(nested(64))
    graph, depth = read_record(open_source(tmp_path / "m.onnx"))["graph"], 0
    while graph["nodes"]:
        graph, depth = graph["nodes"][0]["attributes"]["body"]["value"], depth + 1
    assert depth == 64


@pytest.mark.parametrize(("limit", "what", "data"), [
    ("MAXIMUM_NODES", "nodes", node()),
    ("MAXIMUM_TENSORS", "tensors", message(5)),
    ("MAXIMUM_VALUES", "values", message(13)),
])  # fmt: skip
def test_counts_are_limited(limit: str, what: str, data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record, limit, 5)
    parse(model(data * 5))
    assert fault_of(model(data * 6)) == f"must have at most 5 {what}."


def test_names_in_faults_are_shown_safely(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    bad = message(5, message(8, b"a\n\xff{}\xe2\x80\xae" + b"x" * 100), integer(1, -1))
    Path("m.onnx").write_bytes(model(bad))
    with pytest.raises(ModelError) as caught:
        read_record(open_source("m.onnx"))
    name = "a<U+000A>\\xff{}<U+202E>" + "x" * 30 + "…" + "x" * 39
    assert str(caught.value) == f"m.onnx: tensor {name}: each dimension must be 0 or more; got [-1]."


MODELS = Path(onnx.__file__).parent / "backend/test/data"


def sound() -> list[bytes]:
    """A few sound files, small but with a body, a function's parts, values of all kinds and tensors of all places."""
    weights = helper.make_tensor("w", TensorProto.FLOAT, [2, 2], [1, 2, 3, 4])
    raw = numpy_helper.from_array(np.arange(6, dtype=np.int64).reshape(2, 3), "r")
    integers = helper.make_tensor("i", TensorProto.INT32, [3], [-1, 2, 300])
    outside = numpy_helper.from_array(np.zeros(4, "f4"), "e")
    onnx.external_data_helper.set_external_data(outside, "e.bin", 0, 16)
    outside.ClearField("raw_data")
    made = small_model(weights, raw, integers, outside)
    then = helper.make_node("Constant", [], ["c"], value=helper.make_tensor("v", TensorProto.FLOAT, [], [1.5]))
    body = helper.make_graph([then], "then", [], [helper.make_tensor_value_info("c", TensorProto.FLOAT, ["n", None])])
    attributes: dict[str, Any] = {
        "axis": -1,
        "alpha": 0.5,
        "mode": "same",
        "pads": [0, 1],
        "scales": [1.0],
        "names": ["a", "b"],
    }
    made.graph.node.append(helper.make_node("If", ["x"], ["z"], then_branch=body, else_branch=body, **attributes))
    return [made.SerializeToString(), onnx.load(MODELS / "simple/test_sequence_model3/model.onnx").SerializeToString()]


SOUND = sound()


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    data = bytearray(draw(st.sampled_from(SOUND)))
    for _ in range(draw(st.integers(0, 4))):
        place = draw(st.integers(0, len(data) - 1))
        data[place] ^= draw(st.sampled_from([*(1 << bit for bit in range(8)), 255]))
    cut = draw(st.integers(0, len(data)) | st.none())
    if draw(st.booleans()) and cut is not None:
        place = draw(st.integers(0, len(data)))
        data[place:place] = draw(st.binary(max_size=12))
    return bytes(data if cut is None else data[:cut])


@given(damaged())
def test_a_damaged_file_is_a_record_or_one_line(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "damaged.onnx"
    path.write_bytes(data)
    try:
        made = parse(data)
    except WireError as fault:
        assert "\n" not in fault.text
        assert str(fault)
        return
    json.dumps(made)
    for found in made["tensors"]:
        try:
            assert read_tensor(open_source(path), found).shape == tuple(found["shape"])
        except ModelError as fault:
            assert "\n" not in str(fault)


@given(st.binary(max_size=64))
def test_noise_is_a_record_or_one_line(data: bytes) -> None:
    try:
        parse(data)
    except WireError as fault:
        assert "\n" not in fault.text


def test_every_cut_of_a_file_is_a_record_or_one_line_in_the_child(tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    whole = SOUND[0]
    path.write_bytes(whole)
    expected = parse(whole)
    assert read_record(open_source(path)) == expected
    for cut in range(1, len(whole), len(whole) // 12):
        path.write_bytes(whole[:cut])
        with pytest.raises(ModelError, match=r"^[^\n]+$"):
            read_record(open_source(path))
