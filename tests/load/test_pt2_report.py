"""A .pt2 archive answers as the live module does: the same report, and arithmetic that the framework confirms."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from isochrome.app.api import OpenedModel, open_model
from isochrome.load.aten import program_model
from isochrome.load.torch_module import record
from tests.load.exported import saved
from tests.load.test_pt2 import CASES


class Albert(nn.Module):
    """Six layers that are one, by a loop, and a head that is the embedding."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(13, 8)
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)
        self.norm = nn.LayerNorm(8)
        self.feed = nn.Sequential(nn.Linear(8, 16), nn.GELU(), nn.Linear(16, 8))
        self.head = nn.Linear(8, 13)
        self.head.weight = self.embed.weight

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        x = self.embed(ids)
        for _ in range(6):
            x = self.norm(x + self.attention(x, x, x, need_weights=False)[0])
            x = self.norm(x + self.feed(x))
        return self.head(x)


class Convolutions(nn.Module):
    """Strided, grouped, dilated and transposed convolutions, pooling, a norm, a residual."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 8, 3, stride=2, padding=1)
        self.deep = nn.Conv2d(8, 8, 3, padding=2, dilation=2, groups=8, padding_mode="circular")
        self.norm = nn.GroupNorm(2, 8)
        self.up = nn.ConvTranspose2d(8, 4, 2, stride=2)
        self.pool = nn.MaxPool2d(2)
        self.head = nn.Linear(4 * 4 * 4, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.first(x).relu_()
        x = x + self.norm(self.deep(x))
        return self.head(self.pool(self.up(x)).flatten(1))


torch.manual_seed(0)
MODELS: dict[str, tuple[type[nn.Module], tuple[torch.Tensor, ...]]] = {
    "convolutions": (Convolutions, (torch.randn(2, 3, 8, 8),)),
    "albert": (Albert, (torch.randint(0, 13, (2, 5)),)),
    **{name: CASES[name] for name in ("tied", "recurrent", "views", "in place")},
}


@pytest.fixture(scope="module", params=list(MODELS))
def case(request: pytest.FixtureRequest) -> tuple[str, nn.Module, tuple[torch.Tensor, ...]]:
    torch.manual_seed(0)
    kind, inputs = MODELS[request.param]
    return request.param, kind().eval(), inputs


def told(opened: OpenedModel) -> Any:
    found = json.loads(json.dumps(opened.report().to_dict()))
    assert found.pop("model", "m")
    return found


@pytest.mark.parametrize("functional", [False, True])
def test_the_report_is_that_of_the_live_module(case: Any, functional: bool, tmp_path: Path) -> None:
    name, module, inputs = case
    live = OpenedModel(program_model(record(module, inputs), lambda number: None), "live")
    path = saved(tmp_path / "m.pt2", module, *inputs, functional=functional)
    if name == "in place" and functional:  # every fifth place of a flat view is no slice of the matrix
        assert [layer.name for layer in live.model.layers if layer.opaque] == ["overwrite_4"]
        assert not open_model(path).model.layers
        return
    assert told(open_model(path)) == told(live)


@pytest.mark.parametrize("functional", [False, True])
@pytest.mark.parametrize("name", ["convolutions", "albert", "views"])
def test_every_layers_arithmetic_is_confirmed(name: str, functional: bool, tmp_path: Path) -> None:
    kind, inputs = MODELS[name]
    opened = open_model(saved(tmp_path / "m.pt2", kind().eval(), *inputs, functional=functional))
    run = opened.run(dict(zip(opened.model.inputs, (one.numpy() for one in inputs), strict=True)))
    for layer in opened.model.layers:
        assert layer.output_shape is not None and not layer.opaque
        if layer.kind == "embedding":  # it looks weights up and sums nothing
            continue
        answer = run.explain(layer.name, [size - 1 for size in layer.output_shape])
        assert answer.framework is not None and answer.difference is not None and answer.bound is not None
        assert abs(answer.difference) <= answer.bound


def test_a_weights_gradient_is_that_of_autograd(tmp_path: Path) -> None:
    kind, inputs = MODELS["convolutions"]
    opened = open_model(saved(tmp_path / "m.pt2", kind().eval(), *inputs))
    run = opened.run(dict(zip(opened.model.inputs, (one.numpy() for one in inputs), strict=True)))
    answer = run.gradient("first", (1, 2, 0, 1))
    assert answer.framework is not None and answer.bound is not None and answer.terms
    assert abs(answer.total - answer.framework) <= answer.bound
