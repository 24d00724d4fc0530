"""A run with changed numbers is the run of a model that was changed: in every use, in every layer behind."""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper

import isochrome as iso
from isochrome.app.api import Run, open_model
from isochrome.app.cli import main
from isochrome.ask.explain import explain
from isochrome.errors import RequestError
from isochrome.model.edited import edited, read_edits, stored_numbers

RESNET = Path(onnx.__file__).parent / "backend" / "test" / "data" / "light" / "light_resnet50.onnx"


def tied_onnx(path: Path, weight: np.ndarray[Any, Any]) -> Path:
    """One stored matrix used twice: as it is, and transposed by a node."""
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["a"], "first"),
        helper.make_node("Relu", ["a"], ["h"]),
        helper.make_node("Transpose", ["w"], ["wt"], perm=[1, 0]),
        helper.make_node("MatMul", ["h", "wt"], ["y"], "second"),
    ]
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 3])
    graph = helper.make_graph(nodes, "tied", [x], [y], [numpy_helper.from_array(weight, "w")])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)
    return path


def test_a_changed_weight_is_changed_in_every_use(tmp_path: Path) -> None:
    weight = np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32)
    other = weight.copy()
    other[2, 1] = 0.5
    given = np.array([[1, -2, 3]], np.float32)
    run = iso.open(tied_onnx(tmp_path / "a.onnx", weight)).run({"x": given})
    changed = iso.open(tied_onnx(tmp_path / "b.onnx", other)).run({"x": given})
    edits = read_edits(run.opened.model, "w:w:2,1=0.5")
    values = edited(run.values, edits)
    for name in ("a", "h", "wt", "y"):
        found = values.tensor(name)
        assert found is not None and np.allclose(found, changed.values.tensor(name), rtol=1e-6), name
    assert stored_numbers(run.values, edits) == {"w:0:2,1": float(weight[2, 1])}
    for layer in run.opened.model.layers:
        found = explain(run.opened.model, layer, (1,), values)
        assert found.total == pytest.approx(found.framework)
        for line in layer.lines:
            assert np.array_equal(values.weights(line), other)
    assert np.array_equal(run.values.tensor("y"), iso.open(tmp_path / "a.onnx").run({"x": given}).values.tensor("y"))


class Tied(torch.nn.Module):
    """An embedding and a head over the same bytes, one of them transposed, and a recurrent layer between."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = torch.nn.Embedding(7, 5)
        self.cell = torch.nn.LSTM(5, 5, batch_first=True)
        self.mix = torch.nn.Parameter(torch.randn(5, 5))
        self.head = torch.nn.Linear(5, 7)
        self.head.weight = self.embed.weight

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        h, _ = self.cell(self.embed(ids))
        out: torch.Tensor = self.head(torch.tanh(h @ self.mix.t()))
        return out


@pytest.mark.parametrize("edit", ["embed.weight:3,1", "cell.weight_ih_l0:2,2", "cell.bias_hh_l0:4", "mix:1,3",
                                  "head.bias:2"])  # fmt: skip
def test_a_changed_weight_of_a_module_is_changed_in_every_use(edit: str) -> None:
    torch.manual_seed(0)
    module = Tied().eval()
    name, _, place = edit.partition(":")
    other = copy.deepcopy(module)
    with torch.no_grad():
        dict(other.named_parameters())[name][tuple(map(int, place.split(",")))] = -1.25
    ids = torch.tensor([[3, 1, 0, 3]])
    run, changed = iso.open(module, ids).run(), iso.open(other, ids).run()
    values = edited(run.values, read_edits(run.opened.model, f"w:{edit}=-1.25"))
    for layer in run.opened.model.layers:
        assert np.array_equal(values.tensor(layer.output), changed.values.tensor(layer.output)), layer.name
    first = run.opened.model.layers[0]
    mine = Run(run.opened, values).gradient(first.name, (3, 1), of="outputs")
    theirs = changed.gradient(first.name, (3, 1), of="outputs")
    assert mine.total == pytest.approx(theirs.total)
    assert mine.framework == theirs.framework
    assert not np.array_equal(run.values.tensor(run.opened.model.outputs[0]), changed.values.tensor(
        changed.opened.model.outputs[0]))  # fmt: skip


def test_a_changed_input_is_followed_by_what_lies_behind() -> None:
    opened = iso.open(RESNET)
    run, layer = opened.run(), opened.model.layers[20]
    edits = read_edits(opened.model, f"x:{layer.name}:0,1,1=7")
    values = edited(run.values, edits)
    before, after = run.values.tensor(layer.input), values.tensor(layer.input)
    assert before is not None and after is not None
    assert np.argwhere(before != after).tolist() == [[0, 0, 1, 1]]
    found = explain(opened.model, layer, (0, 1, 1), values)
    assert found.framework != explain(opened.model, layer, (0, 1, 1), run.values).framework
    assert abs(found.difference or 0) <= (found.bound or 0)
    last = opened.model.layers[-1].output
    assert not np.array_equal(run.values.tensor(last), values.tensor(last))
    ahead = opened.model.layers[10].output
    assert np.array_equal(run.values.tensor(ahead), values.tensor(ahead)), "what lies before stays"


def test_a_typed_line_is_evaluated_again() -> None:
    opened = open_model("formula:y[p] += w[u] * x[p + u]", {"x": (5,), "w": (2,)})
    run = opened.run()
    values = edited(run.values, read_edits(opened.model, "w:0:1=3;x:0:2=-1"))
    weights, inputs = values.weights(opened.model.layers[0].lines[0]), values.tensor("x")
    assert weights is not None and inputs is not None and (weights[1], inputs[2]) == (3, -1)
    y = values.tensor("y")
    assert y is not None and y.tolist() == np.convolve(inputs, weights[::-1], "valid").tolist()


def test_the_command_line_explains_and_draws_with_changed_numbers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit = "w:conv.weight:0,0,2,2=5"
    asked = ["explain", "example:stanford", "conv", "--neuron", "0,0,0", "--json"]
    totals = []
    for more in ([], ["--edit", edit]):
        assert main([*asked, *more]) == 0
        totals.append(json.loads(capsys.readouterr().out)["total"])
    found = iso.open("example:stanford").run()
    x = found.values.tensor("x")
    assert x is not None and totals[1] - totals[0] == 5 * x[0, 0, 1, 1]
    drawing = tmp_path / "drawn.svg"
    assert main(["draw", "kernel", "example:stanford", "-o", str(drawing), "--edit", edit]) == 0
    assert "Numbers changed: conv.weight[0,0,2,2] = 5 (stored 0)." in " ".join(
        re.sub(r"<[^>]*>", " ", drawing.read_text()).split())  # fmt: skip
    missing = tmp_path / "none.svg"
    assert main(["draw", "kernel", "example:stanford", "-o", str(missing), "--edit", "w:0:9=1"]) == 2
    assert "weight 9 of conv.weight: must be 4 whole numbers" in capsys.readouterr().err and not missing.exists()


@pytest.mark.parametrize(("text", "said"), [
    ("w:0:0,0,1,2", "edit w:0:0,0,1,2: must be w:PARAMETER:PLACE=NUMBER or x:LAYER:PLACE=NUMBER"),
    ("w:9:0=1", "parameter 9: must be a name of a stored tensor or its number in the report"),
    ("x:7:0=1", "layer 7: must be one of the 1 layers (conv) or a number from 0 to 0"),
    ("w:0:0,0,1,9=1", "weight 0,0,1,9 of conv.weight: must be 4 whole numbers (m 0 to 1, c 0 to 2, u 0 to 2, v 0 to 2)"),
    ("w:0:0,0,1=1", "weight 0,0,1 of conv.weight: must be 4 whole numbers (m 0 to 1, c 0 to 2, u 0 to 2, v 0 to 2)"),
    ("w:0:0,0,1,1=1e99", "weight 0,0,1,1 of conv.weight: must be a number that float32 can hold; got 1e+99"),
    ("w:0:0,0,1,1=1e999", "edit w:0:0,0,1,1=1e999: must be a finite number"),
    ("x:0:0,9,1=1", "input of conv: must be 3 whole numbers (c 0 to 2, u 0 to 4, v 0 to 4); got 0,9,1"),
    (";".join(f"x:0:{k % 3},{k // 15},{k // 3 % 5}=1" for k in range(75)),
     "edit: must change at most 64 numbers; changes 75"),
])  # fmt: skip
def test_what_cannot_be_changed_is_said_in_one_line(text: str, said: str) -> None:
    opened = iso.open("example:stanford")
    with pytest.raises(RequestError) as fault:
        edited(opened.run().values, read_edits(opened.model, text))
    assert str(fault.value) == said
