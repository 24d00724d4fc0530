"""A weight's gradient: its terms add up to what autograd says, whoever shares the weight."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

import isochrome as iso
from isochrome.app.cli import main
from tests.live.zoo import Steps, Tied, block, image


class Shared(nn.Module):
    """One kernel in two layers and once more by a view of it, a convolution called at two sizes."""

    def __init__(self, channels: int, stride: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, stride=stride, padding=1)
        self.head = nn.Linear(channels, 2)
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        y = torch.tanh(self.conv(x))
        y = self.conv(y)
        y = F.conv2d(y, self.conv.weight[:, :, 1:2, :].flip(3), padding=(0, 1))
        return self.head(y.mean((2, 3)))


class Expanded(nn.Module):
    """A kernel expanded over groups, and a flat buffer with two views that overlap."""

    def __init__(self) -> None:
        super().__init__()
        self.kernel = nn.Parameter(torch.randn(1, 1, 3))
        flat = torch.randn(8)
        self.a, self.b = nn.Parameter(flat[:6].view(2, 3)), nn.Parameter(flat[3:].view(5))

    def forward(self, x: Tensor) -> Tensor:
        y = F.conv1d(x, self.kernel.expand(3, 1, 3), groups=3)
        return y @ self.a.t() @ self.a @ self.b[:3] + (y * self.b[2:]).sum(-1)


class Symmetric(nn.Module):
    """A weight that is computed from a stored one."""

    def __init__(self) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.randn(3, 3))

    def forward(self, x: Tensor) -> Tensor:
        return x @ (self.w + self.w.t())


class Norms(nn.Module):
    """Scales of normalised inputs; one norm twice."""

    def __init__(self) -> None:
        super().__init__()
        self.norm, self.lin = nn.LayerNorm(4), nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(self.lin(self.norm(x)))


class Positions(nn.Module):
    """Rows that every sample looks up alike, beside those that it chooses."""

    def __init__(self) -> None:
        super().__init__()
        self.words, self.places = nn.Embedding(5, 4), nn.Embedding(3, 4)

    def forward(self, ids: Tensor) -> Tensor:
        return torch.tanh(self.words(ids) + self.places(torch.arange(3).expand(len(ids), 3)))


class Pair(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.both = nn.Bilinear(3, 3, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.both(x, torch.tanh(x))


class Merged(nn.Module):
    """Samples and tokens in one axis, as GPT-2 has them."""

    def __init__(self) -> None:
        super().__init__()
        self.lin, self.bias, self.w = nn.Linear(4, 4), nn.Parameter(torch.randn(3)), nn.Parameter(torch.randn(4, 3))

    def forward(self, x: Tensor) -> Tensor:
        y = torch.addmm(self.bias, torch.tanh(self.lin(x)).view(-1, 4), self.w)
        return y.view(*x.shape[:2], 3).transpose(0, 1).reshape(-1, 3) @ self.w.t()


MODULES: dict[str, Callable[[st.DataObject], tuple[nn.Module, tuple[Any, ...]]]] = {
    "shared kernel": lambda data: (Shared(data.draw(st.integers(1, 3)), data.draw(st.integers(1, 2))), None),
    "one block thrice": lambda data: (block(), (image(data.draw(st.integers(1, 3)), 4),)),
    "tied, turned": lambda data: (Tied(), (torch.tensor([[1, 2, 0, 1][: data.draw(st.integers(1, 4))]]),)),
    "LSTM cell": lambda data: (Steps(nn.LSTMCell(3, 2)), (image(data.draw(st.integers(1, 4)), 2, 3),)),
    "GRU cell": lambda data: (Steps(nn.GRUCell(3, 2)), (image(data.draw(st.integers(1, 4)), 2, 3),)),
    "RNN cell": lambda data: (Steps(nn.RNNCell(3, 2, nonlinearity=data.draw(st.sampled_from(["tanh", "relu"])))), (image(3, 2, 3),)),
    "LSTM": lambda data: (nn.LSTM(3, 2, data.draw(st.integers(1, 2)), bidirectional=data.draw(st.booleans()), batch_first=data.draw(st.booleans())), (image(2, 3, 3),)),
    "LSTM with projection": lambda data: (nn.LSTM(3, 4, proj_size=2), (image(4, 2, 3),)),
    "LSTM without a batch": lambda data: (nn.LSTM(3, 2, 2, batch_first=data.draw(st.booleans())), (image(4, 3),)),
    "positions": lambda data: (Positions(), (torch.tensor([[1, 0, 2], [3, 3, 1]]),)),
    "bilinear": lambda data: (Pair(), (image(2, 3),)),
    "tokens merged": lambda data: (Merged(), (image(2, 3, 4),)),
    "GRU": lambda data: (nn.GRU(3, 2, data.draw(st.integers(1, 2)), bidirectional=data.draw(st.booleans())), (image(2, 3, 3),)),
    "expanded, overlapping": lambda data: (Expanded(), (image(2, 3, 5),)),
    "norms": lambda data: (Norms(), (image(3, 4),)),
    "transposed convolution": lambda data: (nn.ConvTranspose1d(2, 4, 3, stride=2, groups=2), (image(2, 2, 4),)),
}  # fmt: skip


def by_storage(module: nn.Module) -> dict[int, float]:
    """What autograd adds to each stored scalar, by its address."""
    found: dict[int, float] = {}
    for tensor in module.parameters():
        if tensor.grad is None:
            continue
        for place in np.ndindex(*tensor.shape):
            steps = sum(at * step for at, step in zip(place, tensor.stride(), strict=True))
            address = tensor.data_ptr() + steps * tensor.element_size()
            found[address] = found.get(address, 0.0) + float(tensor.grad[place])
    return found


def backward(module: nn.Module, inputs: tuple[Any, ...]) -> None:
    result = module(*[value.clone() for value in inputs])
    flat = [result] if isinstance(result, Tensor) else [result[0], *(result[1] if isinstance(result[1], tuple) else [result[1]])]
    sum(one.sum() for one in flat).backward()


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(name=st.sampled_from(sorted(MODULES)), data=st.data())
def test_terms_add_up_to_what_autograd_says(name: str, data: st.DataObject) -> None:
    torch.manual_seed(data.draw(st.integers(0, 9)))
    module, inputs = MODULES[name](data)
    module, inputs = module.double(), inputs or (image(2, module.conv.in_channels, 5, 4),)
    inputs = tuple(value.double() if value.is_floating_point() else value for value in inputs)
    opened = iso.open(module, *inputs)
    run = opened.run()
    layer = data.draw(st.sampled_from(opened.model.layers))
    line = data.draw(st.sampled_from([one for one in (*layer.weight_lines, *layer.bias_lines)]))
    parameter = opened.model.parameters[line.parameter]
    place = tuple(data.draw(st.integers(0, size - 1)) for size in parameter.shape)
    found = run.gradient(layer.number, place, parameter=str(parameter.number), of="outputs")
    backward(module, inputs)
    expected = by_storage(module)
    storage = next(row for row in opened.model.held if row.name in parameter.names)
    tensor = module.get_parameter(storage.name)
    start = tensor.untyped_storage().data_ptr() + parameter.span.start
    shape_of = [row for row in opened.model.held if row.name in parameter.names and row.offset == parameter.span.start]
    strides = next((row.strides for row in shape_of if row.shape == parameter.shape), None)
    if strides is None:
        thin = [[step for step, size in zip(row.strides, row.shape, strict=True) if step and size > 1] for row in shape_of]
        strides = next((tuple(one) for one in thin if len(one) == len(place)), (1,))
    address = start + 8 * sum(at * step for at, step in zip(place, strides, strict=True))
    assert found.total is not None and found.framework is not None and found.bound is not None
    assert found.framework == pytest.approx(expected[address], rel=1e-9, abs=1e-12)
    assert abs(found.total - found.framework) <= max(found.bound, 1e-12 * len(found.terms))
    assert len(found.terms) > 0


def test_every_layer_that_uses_the_weight_adds_its_terms() -> None:
    torch.manual_seed(0)
    opened = iso.open(block(), image(2, 4))
    found = opened.run().gradient("0.0", (1, 2), of="outputs")
    assert [term.layer for term in found.terms] == ["0.0"] * 2 + ["0.0#2"] * 2 + ["0.0#3"] * 2
    assert [term.sample for term in found.terms] == [0, 1] * 3
    assert {term.y for term in found.terms} == {(1,)} and {term.x for term in found.terms} == {(2,)}


def test_of_the_layer_alone_later_uses_count_nothing() -> None:
    torch.manual_seed(0)
    opened = iso.open(block(), image(2, 4))
    deltas = [term.delta for term in opened.run().gradient("0.0#2", (1, 2)).terms]
    assert deltas[2:4] == [1.0, 1.0] and deltas[4:] == [0.0, 0.0]


def test_of_a_function_of_the_outputs() -> None:
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(3, 4))
    x, target = image(2, 3), torch.tensor([1, 3])
    found = iso.open(module, x).run().gradient("0", (1, 2), of=lambda outputs: F.cross_entropy(next(iter(outputs.values())), target))
    F.cross_entropy(module(x), target).backward()
    assert found.framework == float(module[0].weight.grad[1, 2])
    assert found.difference <= found.bound


def test_a_computed_weight_says_what_it_is_the_gradient_of() -> None:
    torch.manual_seed(0)
    module, x = Symmetric(), image(2, 3)
    found = iso.open(module, x).run().gradient(0, (1,))
    assert found.note == "the weight is computed from w: this is the gradient of the result"
    effective = (module.w + module.w.t()).detach().requires_grad_()
    (x @ effective).sum().backward()
    assert found.framework == pytest.approx(float(effective.grad[0, 1] + effective.grad[1, 0]), rel=1e-6)
    assert found.difference <= found.bound


def test_json_and_one_line_errors(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "small_net_of_gradient.py").write_text(
        "import torch\n\ndef build():\n    torch.manual_seed(0)\n    return torch.nn.Linear(2, 2), torch.ones(1, 2)\n"
        "\ndef bare():\n    return torch.nn.Linear(2, 2)\n\ndef bad():\n    raise ValueError('no')\n"
    )
    monkeypatch.chdir(tmp_path)
    assert main(["gradient", "small_net_of_gradient:build", "0", "--weight", "1,0", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert list(found) == ["parameter", "names", "weight", "of", "terms", "total", "framework", "difference", "bound", "input", "note"]
    assert found["terms"] == [{"layer": found["terms"][0]["layer"], "y": [1], "x": [0], "delta": 1.0, "input": 1.0, "product": 1.0, "sample": 0}]
    assert (found["total"], found["framework"], found["difference"]) == (1.0, 1.0, 0.0)
    for arguments, text in {
        ("gradient", "small_net_of_gradient:build", "0", "--weight", "1,0", "--of", "loss"): "of loss: must be sum, outputs or output:output",
        ("gradient", "small_net_of_gradient:build", "0", "--weight", "1,2"): "weight of weight: must be 2 whole numbers (o 0 to 1, i 0 to 1); got 1,2",
        ("report", "small_net_of_gradient:bare"): "Linear: inputs must fit forward(input: torch.Tensor) -> torch.Tensor; missing a required argument: 'input'. Give example inputs as the module's own call takes them.",
        ("report", "small_net_of_gradient:bad"): "small_net_of_gradient:bad: must give a module; raised ValueError: no",
        ("report", "small_net_of_gradient:nobody"): "small_net_of_gradient:nobody: small_net_of_gradient must have nobody; it has no nobody",
        ("report", "no_such_module:build"): "no_such_module:build: no_such_module must be importable; raised ModuleNotFoundError: No module named 'no_such_module'",
    }.items():  # fmt: skip
        assert main(list(arguments)) == 2
        assert capsys.readouterr().err == f"isochrome: {text}\n"


def test_an_onnx_model_gives_the_terms_and_says_that_they_are_not_checked() -> None:
    found = iso.open("example:stanford").run().gradient("conv", (0, 0, 1, 1))
    assert (found.total, found.framework, len(found.terms)) == (10.0, None, 9)
    assert found.note == "the total is not checked: onnxruntime gives no gradients"
    assert found.of == "the sum of the outputs of conv"


def test_a_buffer_that_is_a_weight_gives_its_terms_and_says_that_they_are_not_checked() -> None:
    class Fixed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("kernel", torch.rand(3, 4))
            self.lin = nn.Linear(3, 2)

        def forward(self, x: Tensor) -> Tensor:
            made: Tensor = self.lin(F.linear(x, self.kernel))
            return made

    found = iso.open(Fixed(), torch.rand(2, 4)).run(torch.ones(2, 4)).gradient("kernel", weight=(1, 2))
    assert (found.total, found.framework) == (2.0, None)
    assert found.note == "the total is not checked: the framework takes no gradient of this tensor"


def test_a_modules_own_keywords_may_have_any_name() -> None:
    class Named(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.lin = nn.Linear(2, 2)

        def forward(self, *, model: Tensor, weight: Tensor) -> Tensor:
            return self.lin(model) + weight

    opened = iso.open(Named(), model=torch.ones(1, 2), weight=torch.zeros(1, 2))
    assert opened.model.inputs == ("model", "weight") and opened["lin"].weights == 4
    with pytest.raises(iso.RequestError) as fault:
        iso.open("example:stanford", torch.ones(1))
    assert str(fault.value) == "open: a file takes no example inputs; keywords give shapes that it leaves open"


def test_uses_of_a_weight_that_ids_look_up_as_well_need_the_run(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "small_tied_net.py").write_text(
        "import torch\nfrom tests.live.zoo import Tied\n\ndef build():\n    return Tied(), torch.tensor([[1, 2, 1]])\n"
    )
    monkeypatch.chdir(tmp_path)
    assert main(["uses", "small_tied_net:build", "back", "--weight", "1,2", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    layers = [use["layer"] for use in found["uses"]]
    assert found["taps"] == 2 + 3 + 3 + 3 and layers.count("embed") == 2
