"""Questions about all layers together, on models whose sharing is not one name used twice."""

from __future__ import annotations

from pathlib import Path

import onnx
import pytest
import torch
from onnx import TensorProto, helper
from torch import nn

import isochrome as iso
from isochrome.app.cli import main


class Halves(nn.Module):
    """Two layers over rows 0 to 7 and 4 to 11 of one matrix."""

    def __init__(self) -> None:
        super().__init__()
        whole = torch.randn(12, 4)
        self.a, self.b = nn.Linear(4, 8, bias=False), nn.Linear(4, 8, bias=False)
        self.a.weight, self.b.weight = nn.Parameter(whole[:8]), nn.Parameter(whole[4:])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.a(x) + self.b(x)
        return found


class Transposed(nn.Module):
    """A decoder over the encoder's bytes, the other way round."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Linear(4, 8, bias=False), nn.Linear(8, 4, bias=False)
        self.b.weight.data = self.a.weight.data.t()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.b(self.a(x))
        return found


def test_tensors_that_overlap_are_not_called_one() -> None:
    found = iso.open(Halves(), torch.zeros(1, 4)).ask("ties")
    assert found.text.startswith(
        "Among 2 stored tensors: a.weight and b.weight, which lie over some of the same bytes, are used by 2 layers (a and b). "
    )
    assert found.check.holds and found.check.measured == {"added_up": 2 * 8 * 4 * 4, "each_once": 12 * 4 * 4}


def test_a_tensor_and_its_transpose_are_one() -> None:
    found = iso.open(Transposed(), torch.zeros(1, 4)).ask("ties")
    assert found.text.startswith("a.weight, also named b.weight, is used by 2 layers (a and b). ")
    assert found.check.holds and found.check.measured == {"added_up": 128, "each_once": 128}


def test_buffers_are_no_bytes_of_parameters() -> None:
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2)).eval()
    found = iso.open(model, torch.zeros(1, 1, 5, 5)).ask("parameters")
    assert (found.numbers["parameters"], found.numbers["bytes"]) == (24, 96)


@pytest.mark.parametrize("question", ["parameters", "equivariance", "without-sharing", "ties", "lint"])
def test_a_model_of_opaque_layers_is_answered_too(
    question: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [3]) for name in ("x", "y")]
    node = helper.make_node("Strange", ["x"], ["y"], name="strange", domain="elsewhere")
    graph = helper.make_graph([node], "g", given[:1], given[1:])
    sets = [helper.make_opsetid("", 17), helper.make_opsetid("elsewhere", 1)]
    path = tmp_path / "opaque.onnx"
    onnx.save(helper.make_model(graph, opset_imports=sets, ir_version=8), path)
    assert main(["ask", str(path), question]) == 0
    assert capsys.readouterr().err == ""
    drawing = tmp_path / "network.svg"
    assert main(["draw", "network", str(path), "-o", str(drawing)]) == 2
    assert capsys.readouterr().err.count("\n") == 1 and not drawing.exists()
