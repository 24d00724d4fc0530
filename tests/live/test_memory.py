"""What the recorder remembers of operations: never anything but what PyTorch would have made."""

from __future__ import annotations

import gc
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from isochrome.load.torch_module import record


class Twice(nn.Module):
    """The same operation on tensors that differ in what a memory could forget."""

    def __init__(self, operation: Any) -> None:
        super().__init__()
        self.operation = operation

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        variants = [x, x, x.transpose(1, 2), x.half(), x[:, :1], x.double(), x.to(memory_format=torch.channels_last)]
        return [self.operation(one) for one in variants]


OPERATIONS = {
    "relu": F.relu,
    "in place": lambda x: x.clone().relu_(),
    "dropout that does nothing": lambda x: F.dropout(x, 0.5, False) + 1,
    "written after a dropout": lambda x: F.dropout(x.clone(), 0.5, False).add_(1),
    "by a number": lambda x: x * 2,
    "by a truth": lambda x: x * True,
    "by a float": lambda x: x * 2.0,
    "comparison": lambda x: x > 0,
    "reshape": lambda x: x.reshape(-1),
    "mean": lambda x: x.mean((1, 2), keepdim=True),
    "concatenation": lambda x: torch.cat([x, x]),
    "pool": lambda x: F.max_pool2d(x.float(), 2),
}


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
def test_remembered_results_are_those_of_a_run(operation: Any) -> None:
    module, x = Twice(operation).eval(), torch.rand(2, 4, 4, 4)
    program = record(module, (x,))
    for name, wanted in zip(program.outputs, module(x), strict=True):
        facts = program.tensors[name]
        assert (facts.shape, facts.dtype) == (tuple(wanted.shape), str(wanted.dtype).removeprefix("torch."))


class Window(nn.Module):
    """A buffer, and another over a part of its bytes; ``first`` says which one the run meets first."""

    def __init__(self, first: str) -> None:
        super().__init__()
        self.first = first
        self.register_buffer("whole", torch.zeros(6))
        self.register_buffer("part", self.whole[2:4])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = x.sum() * (self.part.sum() if self.first == "part" else self.whole.sum())
        self.part.add_(x)
        return y + (self.whole * 2).sum()


@pytest.mark.parametrize("first", ["part", "whole"])
def test_a_write_through_one_buffer_is_seen_in_another_over_its_bytes_or_told(first: str) -> None:
    import isochrome

    module, x = Window(first), torch.tensor([1.0, 2.0])
    opened = isochrome.open(module, x)
    told = "whole: a tensor over the same storage is written to; that is not followed" in opened.model.notes
    right = opened.run().values.tensor(opened.model.outputs[0]) == Window(first)(x).numpy() == 6
    assert told == (first == "part") and (right or told)
    assert not module.whole.any()


def test_the_collector_of_garbage_goes_on() -> None:
    import isochrome

    isochrome.open(nn.Linear(2, 2), torch.rand(1, 2))
    assert gc.isenabled()
