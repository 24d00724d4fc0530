"""Models that ship with the onnx package: the light models, and models of single operations and of small networks."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import onnx
import pytest
from onnx import numpy_helper
from onnxruntime.capi.onnxruntime_pybind11_state import Fail, InvalidGraph, NotImplemented, RuntimeException

from isochrome.ask.report import report
from tests.conformance.checks import answered, explanations_agree_with_the_framework, relations_make_the_outputs
from tests.conformance.graphs import Case, Graph, opened

DATA = Path(onnx.__file__).parent / "backend/test/data"
LIGHT = sorted(DATA.glob("light/*.onnx"))
SMALL = sorted(path for folder in ("simple", "pytorch-operator", "pytorch-converted")
               for path in DATA.glob(f"{folder}/*/model.onnx"))  # fmt: skip
REFUSALS = (Fail, InvalidGraph, NotImplemented, RuntimeException)
# Operations of these models that no formula can describe.
WITHOUT_FORMULA = {
    "StringNormalizer", "SequenceInsert", "SequenceAt", "SequenceConstruct", "SplitToSequence", "SequenceErase",
    "ConcatFromSequence", "SequenceLength", "SequenceEmpty", "Gradient",
}  # fmt: skip
# Layers with weights, convolutions' weights, and connections, by the papers' own counts where there are such.
KNOWN = {
    "light_bvlc_alexnet": {"conv": 2_332_704, "linear": 58_621_952},
    "light_resnet50": {"conv": 23_454_912, "linear": 2_048_000},
    "light_vgg19": {"conv": 20_018_880, "linear": 123_633_664},
    "light_squeezenet": {"conv": 1_231_552},
}


@pytest.mark.parametrize("path", LIGHT, ids=lambda path: path.stem)
def test_light_models(path: Path) -> None:
    found = report(opened(path.read_bytes()).model)
    assert not [row.name for row in found.layers if row.opaque]
    kinds = dict(found.totals_by_kind)
    assert {kind: kinds[kind].counts.weights for kind in KNOWN.get(path.stem, {})} == KNOWN.get(path.stem, {})
    assert all(row.counts.real_connections <= row.counts.connections for row in found.layers)


@dataclass(frozen=True)
class FromFile(Case):
    """A model from a file as a case."""

    whole: onnx.ModelProto = field(default_factory=onnx.ModelProto)

    @property
    def model(self) -> onnx.ModelProto:
        return self.whole


def read_case(path: Path) -> FromFile:
    """A model and the inputs that lie beside it."""
    model, graph = onnx.load(path), Graph()
    graph.stored = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    names = [value.name for value in model.graph.input if value.name not in graph.stored]
    for number, name in enumerate(names):
        tensor = onnx.TensorProto()
        tensor.ParseFromString((path.parent / "test_data_set_0" / f"input_{number}.pb").read_bytes())
        graph.inputs[name] = numpy_helper.to_array(tensor)
    return FromFile(graph, whole=model)


@pytest.mark.parametrize("path", SMALL, ids=lambda path: path.parent.name)
def test_small_models(path: Path) -> None:
    """What is opaque has to be; all else makes what onnxruntime computes."""
    model = onnx.load(path)
    opaque = [row for row in report(opened(model).model).layers if row.opaque]
    if opaque:
        assert {node.op_type for node in model.graph.node} & WITHOUT_FORMULA or all(
            "depend on data" in (row.opaque or "") or "before version 7" in (row.opaque or "") for row in opaque
        )
        return
    try:
        found = answered(read_case(path))
    except REFUSALS as refused:
        pytest.skip(f"onnxruntime does not run it: {refused}")
    relations_make_the_outputs(found)
    explanations_agree_with_the_framework(found)
