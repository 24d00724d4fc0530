"""The record of an ONNX file holds what the onnx package reads from the same file."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from isochrome.load.child import read_record
from isochrome.load.record import parse
from isochrome.load.source import Source, open_source
from isochrome.load.tensors import read_tensor
from tests.load.encode import small_model, value_of

DATA = Path(onnx.__file__).parent / "backend/test/data"
LIGHT = sorted(DATA.glob("light/*.onnx"))
WHOLE = sorted(path for path in DATA.glob("*/*/*.onnx") if path.parent.parent.name != "real")
# Operators whose test models have bodies, sequences, optionals, strings, attribute tensors or functions written out.
OPERATORS = ["if_", "loop", "scan", "constant", "sequence_map", "optionalgetelement", "groupnormalization", "swiglu",
             "layernormalization", "dequantizelinear", "center_crop_pad", "range", "ai_onnx_ml.tree_ensemble",
             "ai_onnx_ml.label_encoder"]  # fmt: skip
TYPES = {1: ("float", "f"), 2: ("int", "i"), 3: ("string", "s"), 6: ("floats", "floats"), 7: ("ints", "ints")}


def tensor_of(tensor: TensorProto) -> tuple[Any, ...]:
    values = None if tensor.data_type == TensorProto.STRING else numpy_helper.to_array(tensor).tobytes()
    return tensor.name, tensor.data_type, list(tensor.dims), values


def attribute_of(attribute: onnx.AttributeProto) -> dict[str, Any]:
    if attribute.ref_attr_name:
        return {"type": "ref", "value": attribute.ref_attr_name}
    if attribute.type in TYPES:
        kind, field = TYPES[attribute.type]
        value = getattr(attribute, field)
        value = value.decode() if kind == "string" else list(value) if kind.endswith("s") else value
        return {"type": kind, "value": value}
    match attribute.type:
        case onnx.AttributeProto.STRINGS:
            return {"type": "strings", "value": [text.decode() for text in attribute.strings]}
        case onnx.AttributeProto.TENSOR:
            return {"type": "tensor", "value": tensor_of(attribute.t)}
        case onnx.AttributeProto.GRAPH:
            return {"type": "graph", "value": graph_of(attribute.g)}
    return {"type": "other", "value": None}


def node_of(node: onnx.NodeProto) -> dict[str, Any]:
    return {"op": node.op_type, "domain": node.domain, "overload": node.overload, "name": node.name,
            "inputs": list(node.input), "outputs": list(node.output),
            "attributes": {attribute.name: attribute_of(attribute) for attribute in node.attribute}}  # fmt: skip


def graph_of(graph: onnx.GraphProto) -> dict[str, Any]:
    return {
        "name": graph.name,
        "inputs": list(map(value_of, graph.input)),
        "outputs": list(map(value_of, graph.output)),
        "value_info": list(map(value_of, graph.value_info)),
        "nodes": list(map(node_of, graph.node)),
        "initializers": list(map(tensor_of, graph.initializer)),
    }


def opsets_of(imports: Any) -> dict[str, int]:
    return {opset.domain: opset.version for opset in imports}


def function_of(function: onnx.FunctionProto) -> dict[str, Any]:
    return {"domain": function.domain, "name": function.name, "overload": function.overload,
            "inputs": list(function.input), "outputs": list(function.output), "attributes": list(function.attribute),
            "attribute_defaults": {default.name: attribute_of(default) for default in function.attribute_proto},
            "nodes": list(map(node_of, function.node)), "opsets": opsets_of(function.opset_import)}  # fmt: skip


def model_of(model: onnx.ModelProto) -> dict[str, Any]:
    """A model as the onnx package reads it, in the form of our record, its tensors in place of their indices."""
    return {"ir_version": model.ir_version, "opsets": opsets_of(model.opset_import), "producer": model.producer_name,
            "graph": graph_of(model.graph), "functions": list(map(function_of, model.functions))}  # fmt: skip


def filled(source: Source, made: dict[str, Any]) -> dict[str, Any]:
    """Our record with tensors, values and all, in place of their indices."""
    tensors = made.pop("tensors")

    def tensor(index: int) -> tuple[Any, ...]:
        found = tensors[index]
        values = None if found["dtype"] == TensorProto.STRING else read_tensor(source, found).tobytes()
        return found["name"], found["dtype"], found["shape"], values

    def graph(found: dict[str, Any]) -> dict[str, Any]:
        nodes = [node(inner) for inner in found["nodes"]]
        return found | {"nodes": nodes, "initializers": [tensor(index) for index in found["initializers"]]}

    def node(found: dict[str, Any]) -> dict[str, Any]:
        return found | {"attributes": {name: attribute(inner) for name, inner in found["attributes"].items()}}

    def attribute(found: dict[str, Any]) -> dict[str, Any]:
        if found["type"] in ("tensor", "graph"):
            return found | {"value": tensor(found["value"]) if found["type"] == "tensor" else graph(found["value"])}
        return found

    functions = [found | {"nodes": [node(inner) for inner in found["nodes"]]} for found in made["functions"]]
    return made | {"graph": graph(made["graph"]), "functions": functions}


@pytest.mark.parametrize("path", LIGHT, ids=lambda path: path.stem)
def test_light_models_read_as_onnx_reads_them(path: Path) -> None:
    source = open_source(path)
    assert filled(source, read_record(source)) == model_of(onnx.load(path))


def test_the_models_of_the_onnx_package_read_as_onnx_reads_them() -> None:
    assert len(WHOLE) >= 100
    for path in WHOLE:
        assert filled(open_source(path), parse(path.read_bytes())) == model_of(onnx.load(path)), path


def node_models() -> Iterator[onnx.ModelProto]:
    cases = importlib.import_module("onnx.backend.test.case.node")
    before = len(cases._NodeTestCases)
    for operator in OPERATORS:
        name = {"range": "rangeop"}.get(operator, operator)
        importlib.import_module(f"onnx.backend.test.case.node.{name}")
    yield from (case.model for case in cases._NodeTestCases[before:])


def test_the_node_models_of_the_onnx_package_read_as_onnx_reads_them(tmp_path: Path) -> None:
    count = 0
    for count, made in enumerate(node_models(), 1):
        path = tmp_path / f"{count}.onnx"
        path.write_bytes(made.SerializeToString())
        assert filled(open_source(path), parse(path.read_bytes())) == model_of(made), made.graph.name
    assert count >= 60


def test_functions_with_defaults_and_references_read_as_onnx_reads_them(tmp_path: Path) -> None:
    inner = helper.make_node("LeakyRelu", ["x"], ["y"])
    reference = onnx.AttributeProto(name="alpha", ref_attr_name="slope", type=onnx.AttributeProto.FLOAT)
    inner.attribute.append(reference)
    opset = helper.make_opsetid("", 18)
    function = helper.make_function("own", "Leaky", ["x"], ["y"], [inner], [opset], ["steep"],
                                    [helper.make_attribute("slope", 0.1)], overload="second")  # fmt: skip
    made = small_model()
    made.functions.append(function)
    made.graph.node.append(helper.make_node("Leaky", ["x"], ["z"], domain="own", overload="second"))
    path = tmp_path / "m.onnx"
    onnx.save(made, path)
    read = filled(open_source(path), parse(path.read_bytes()))
    assert read == model_of(made)
    assert read["functions"][0]["nodes"][0]["attributes"] == {"alpha": {"type": "ref", "value": "slope"}}
    assert read["functions"][0]["attribute_defaults"]["slope"]["value"] == np.float32(0.1)


def test_one_node_per_line_of_a_large_graph_is_read_in_order(tmp_path: Path) -> None:
    made = small_model()
    del made.graph.node[:]
    made.graph.node.extend(helper.make_node("Relu", [f"t{i}"], [f"t{i + 1}"], name=f"n{i}") for i in range(20_000))
    path = tmp_path / "large.onnx"
    onnx.save(made, path)
    read = read_record(open_source(path))["graph"]["nodes"]
    assert [one["outputs"] for one in read] == [[f"t{i + 1}"] for i in range(20_000)]
