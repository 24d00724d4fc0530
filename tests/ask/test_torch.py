"""Questions about live PyTorch modules: the terms of a gradient against autograd, ties, and one module called twice."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import nn

import isochrome as iso
from isochrome.app.api import OpenedModel
from isochrome.ask.questions import QUESTIONS


class Tied(nn.Module):
    """Words looked up, mixed, and said by the same matrix."""

    def __init__(self) -> None:
        super().__init__()
        self.words, self.mix, self.say = nn.Embedding(20, 8), nn.Linear(8, 8), nn.Linear(8, 20, bias=False)
        self.say.weight = self.words.weight

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        said: torch.Tensor = self.say(torch.relu(self.mix(self.words(x))))
        return said


class Twice(nn.Module):
    """One convolution over a ring, called for two inputs."""

    def __init__(self) -> None:
        super().__init__()
        self.ring = nn.Conv1d(2, 3, 3, padding=1, padding_mode="circular")

    def forward(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.ring(a) - self.ring(b)
        return found


class Strided(nn.Module):
    """A strided convolution and a linear layer."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.head = nn.Conv2d(3, 4, 3, stride=2, padding=1), nn.Linear(64, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.head(torch.relu(self.conv(x)).flatten(1))
        return found


def tied() -> OpenedModel:
    return iso.open(Tied(), torch.arange(10).reshape(2, 5))


def twice() -> OpenedModel:
    return iso.open(Twice(), torch.randn(1, 2, 8), torch.randn(1, 2, 8))


def strided() -> OpenedModel:
    return iso.open(Strided(), torch.randn(2, 3, 8, 8))


@pytest.mark.parametrize("make", [tied, twice, strided])
def test_every_question_of_a_module(make: Callable[[], OpenedModel]) -> None:
    torch.manual_seed(0)
    model = make()
    for layer in model.layers:
        for question in QUESTIONS:
            found = layer.ask(question)
            assert found.check.holds is not False, (layer.layer.name, found)


def test_the_terms_add_up_to_what_autograd_gives() -> None:
    torch.manual_seed(0)
    found = strided()["conv"].ask("gradient").check
    assert found.holds and found.measured["autograd"] != 0
    assert abs(found.measured["terms_of_this_weight"] - found.measured["autograd"]) <= found.measured["bound_of_terms"]


def test_one_matrix_and_one_module_called_twice() -> None:
    assert tied()["say"].ask("embedding-output").verdict
    found = twice()["ring"].ask("siamese")
    assert found.verdict and found.numbers["uses"] == 2
    assert twice()["ring"].claim("layers ring and ring#2 share").verdict
    assert "exact at every cell, also for circular shifts" in twice()["ring"].ask("equivariance").text
