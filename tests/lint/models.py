"""Small models that lint and compare are tried on."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import torch
from torch import nn

__all__ = ["Language", "exported", "overlapping", "transposed"]


class Language(nn.Module):
    """An embedding and a head, tied or not, with a layer between them."""

    def __init__(self, tied: bool = True) -> None:
        super().__init__()
        self.embed, self.middle = nn.Embedding(64, 16), nn.Linear(16, 16)
        self.head = nn.Linear(16, 64, bias=False)
        if tied:
            self.head.weight = self.embed.weight

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.head(torch.relu(self.middle(self.embed(ids))))
        return found


def overlapping() -> nn.Module:
    """Two parameters as slices of one storage, which have four numbers in common."""
    model, flat = nn.Module(), torch.randn(12)
    model.low, model.high = nn.Parameter(flat[:8]), nn.Parameter(flat[4:])
    return model


def transposed() -> nn.Sequential:
    """An autoencoder whose decoder is its encoder, transposed, over one storage."""
    model = nn.Sequential(nn.Linear(16, 8, bias=False), nn.Linear(8, 16, bias=False))
    model[1].weight.data = model[0].weight.data.t()
    return model


def exported(folder: Path, model: nn.Module, dynamo: bool = False, **options: Any) -> str:
    """The path of the model as ONNX."""
    path = str(folder / "model.onnx")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ids = (torch.zeros(1, 5, dtype=torch.long),)
        torch.onnx.export(model.eval(), ids, path, dynamo=dynamo, **options)
    return path
