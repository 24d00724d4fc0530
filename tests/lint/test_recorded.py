"""Lint of modules that were opened with inputs: what only the graph shows, and sound models in silence."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional

import isochrome as iso
from isochrome.app.cli import main
from isochrome.testing import assert_same_sharing, assert_tied
from tests.lint.models import Language, exported
from tests.lint.test_lint import small

IDS = torch.zeros(1, 6, dtype=torch.long)
IMAGE = torch.randn(1, 3, 224, 224)
SOUND: dict[str, dict[str, Any]] = {
    "BertForMaskedLM": {"input_ids": IDS},
    "AlbertForMaskedLM": {"input_ids": IDS},
    "GPT2LMHeadModel": {"input_ids": IDS},
    "LlamaForCausalLM": {"input_ids": IDS},
    "T5ForConditionalGeneration": {"input_ids": IDS, "decoder_input_ids": IDS},
    "WhisperForConditionalGeneration": {"input_features": torch.randn(1, 80, 3000), "decoder_input_ids": IDS},
    "ViTForImageClassification": {"pixel_values": IMAGE},
    "ConvNextForImageClassification": {"pixel_values": IMAGE},
    "SwinForImageClassification": {"pixel_values": IMAGE},
}


@pytest.mark.parametrize("name", SOUND)
def test_sound_models_have_benign_notes_alone(name: str) -> None:
    model = small(name).eval()
    model.config.use_cache = False
    found = iso.open(model, **SOUND[name]).lint()
    assert ([one.message for one in found.findings if not one.benign], found.exit_code) == ([], 0)
    assert {one.rule for one in found.findings} <= {"count-by-name"}


class Functional(nn.Module):
    """An embedding that is its own head, and a layer that nothing calls."""

    def __init__(self) -> None:
        super().__init__()
        self.embed, self.unused = nn.Embedding(64, 16), nn.Linear(8, 8)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        return functional.linear(self.embed(ids), self.embed.weight)


def test_a_tie_in_a_function() -> None:
    found = {one.rule: one for one in iso.open(Functional(), IDS).lint().findings}
    assert set(found) == {"functional-tie", "dead-weights", "count-by-name"}
    assert found["functional-tie"].kept == "embed.weight" and " at 2 places, " in found["functional-tie"].message
    assert found["dead-weights"].names == ("unused.weight", "unused.bias")
    assert found["count-by-name"].message.startswith("1,096 parameters by name, 1,096 by object, 1,096 by storage, 2,048 by use")


class Siamese(nn.Module):
    """One branch for two images."""

    def __init__(self, norm: nn.Module) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv2d(1, 4, 3), norm

    def forward(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        return self.norm(self.conv(a)) - self.norm(self.conv(b))


@pytest.mark.parametrize(("norm", "rules"), [(nn.BatchNorm2d(4), ["shared-state"]), (nn.GroupNorm(2, 4), [])], ids=str)
def test_a_siamese_net(norm: nn.Module, rules: list[str]) -> None:
    model = iso.open(Siamese(norm).eval(), torch.randn(1, 1, 8, 8), torch.randn(1, 1, 8, 8))
    assert [one.rule for one in model.lint().findings if not one.benign] == rules


def test_an_image_too_small() -> None:
    net = nn.Sequential(nn.Conv2d(1, 2, 3, 2, 1), nn.Conv2d(2, 4, 3, 2, 1))
    assert iso.open(net, torch.randn(1, 1, 16, 16)).lint().exit_code == 0
    found = iso.open(net, torch.randn(1, 1, 2, 2)).lint().findings
    assert [(one.rule, one.message) for one in found] == [
        ("dead-weights", "10 of the 18 weights of 0.weight meet padding alone at this input size"),
        ("dead-weights", "64 of the 72 weights of 1.weight meet padding alone at this input size"),
    ]


def test_with_an_optimiser_and_the_model_before() -> None:
    model = Language()
    twice = [weight for _, weight in model.named_parameters(remove_duplicate=False)]
    with pytest.warns(UserWarning, match="duplicate parameters"):
        optimizer = torch.optim.SGD(twice, lr=0.1)
    opened = iso.open(model, IDS)
    assert [one.rule for one in iso.lint(opened, optimizer=optimizer).findings if not one.benign] == ["duplicate-in-optimizer"]
    assert_tied(opened, "embed.weight", "head.weight")
    assert_same_sharing(model, opened)


def test_compare_opened_with_exported(tmp_path: Path) -> None:
    model = Language()
    for other in (model, Language()):  # the numbers may have changed since: a copy is then told by the other's name
        (lost,) = iso.compare(iso.open(other, IDS), exported(tmp_path, model)).lost
        assert (lost.before, len(lost.transposed)) == ((("embed.weight", "head.weight"),), 1)


NAMED = """
import torch
from torch import nn


def alone():
    return nn.ModuleList([nn.Linear(4, 4)] * 2)


def with_inputs():
    return nn.Sequential(nn.Conv2d(1, 2, 3, padding=1)), (torch.zeros(1, 1, 1, 1),)
"""


def test_a_module_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "named_nets.py").write_text(NAMED)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    assert main(["lint", "named_nets:alone", "named_nets:with_inputs", "named_nets:missing"]) == 2
    said, faults = capsys.readouterr()
    first, second, third = said.split("\n\n")[:3]
    assert first.startswith("named_nets:alone\n  same-module-twice  warning\n")
    assert second.startswith("named_nets:with_inputs\n  dead-weights  warning\n")
    assert third == "named_nets:missing\n  could not be read"
    assert faults == "isochrome: named_nets:missing: named_nets must have missing; it has no missing\n"
