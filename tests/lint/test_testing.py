"""isochrome.testing in a suite of a user's own: silent where all is well, and one line that says all where it is not."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from torch import nn

import isochrome as iso
from isochrome.errors import RequestError
from isochrome.testing import assert_no_accidental_sharing, assert_not_tied, assert_same_sharing, assert_tied
from tests.lint.models import Language, exported, overlapping


def cloned() -> Language:
    model = Language()
    model.head.weight = nn.Parameter(model.head.weight.detach().clone())
    return model


def test_what_is_well_is_silent(tmp_path: Path) -> None:
    model = Language()
    assert_tied(model, "head.weight", "embed.weight")
    assert_tied(model)
    assert_not_tied(Language(tied=False), "head.weight", "embed.weight")
    assert_no_accidental_sharing(model, allow=[("head.weight", "embed.weight")])
    assert_no_accidental_sharing(Language(tied=False))
    assert_same_sharing(model, copy.deepcopy(model))
    assert_same_sharing(model, copy.deepcopy(model).half())
    path = exported(tmp_path, Language(tied=False))
    assert_no_accidental_sharing(iso.open(path))


def test_a_tie_by_storage_is_a_tie() -> None:
    model = nn.Sequential(nn.Linear(16, 8, bias=False), nn.Linear(8, 16, bias=False))
    model[1].weight.data = model[0].weight.data.t()
    assert_tied(model, "0.weight", "1.weight")


Failing = Callable[[], None]
CASES: dict[str, tuple[Failing, str]] = {
    "equal numbers": (
        lambda: assert_tied(cloned(), "embed.weight", "head.weight"),
        "Language: embed.weight and head.weight must be one stored tensor; they are 2, which hold equal numbers and will "
        "drift apart. Make them one object: head.weight = embed.weight.",
    ),
    "different numbers": (
        lambda: assert_tied(Language(tied=False), "embed.weight", "head.weight"),
        "Language: embed.weight and head.weight must be one stored tensor; they are 2, which hold different numbers. "
        "Make them one object: head.weight = embed.weight.",
    ),
    "no storage": (
        lambda: assert_tied(cloned().to("meta"), "embed.weight", "head.weight"),
        "Language: embed.weight and head.weight must be one stored tensor; they are 2 objects without a place to compare "
        "(meta). Tie them by object.",
    ),
    "no such name": (
        lambda: assert_tied(Language(), "embed.weight", "heads.weight"),
        "Language: heads.weight must be a tensor of the model; it is not. Did you mean head.weight?",
    ),
    "tied": (
        lambda: assert_not_tied(Language(), "embed.weight", "head.weight"),
        "Language: embed.weight and head.weight must share nothing; they lie over the same bytes. Give one of them its "
        "own: head.weight = torch.nn.Parameter(head.weight.detach().clone()).",
    ),
    "overlapping": (
        lambda: assert_not_tied(overlapping(), "low", "high"),
        "Module: low and high must share nothing; they lie over the same bytes. Give one of them its own: "
        "high = torch.nn.Parameter(high.detach().clone()).",
    ),
    "accidental": (
        lambda: assert_no_accidental_sharing(nn.ModuleList([nn.Linear(2, 2)] * 2)),
        "ModuleList: only declared ties may share storage; 0.weight and 1.weight do, and 1 more group. Make one for each "
        "place (copy.deepcopy, or a constructor in the loop), or allow it: allow=[('0.weight', '1.weight')].",
    ),
    "accidental overlap": (
        lambda: assert_no_accidental_sharing(overlapping()),
        "Module: only declared ties may share storage; low and high do. Make one for each place (copy.deepcopy, or a "
        "constructor in the loop), or allow it: allow=[('low', 'high')].",
    ),
    "lost": (
        lambda: assert_same_sharing(Language(), cloned()),
        "Language to Language: the sharing must stay the same; one stored tensor became 2 (embed.weight and head.weight "
        "before, embed.weight | head.weight after). Tie again after the step (model.tie_weights()), or see isochrome "
        "compare for all of it.",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_is_wrong_is_said(name: str) -> None:
    failing, text = CASES[name]
    with pytest.raises(AssertionError) as raised:
        failing()
    assert str(raised.value) == text


def test_allowed_by_module() -> None:
    model = nn.ModuleList([nn.Linear(2, 2)] * 2)
    assert_no_accidental_sharing(model, allow=[("0", "1")])
    with pytest.raises(AssertionError):
        assert_no_accidental_sharing(model, allow=[("0",), ("1",)])


def test_an_export_that_lost_the_tie(tmp_path: Path) -> None:
    model = Language()
    with pytest.raises(AssertionError, match=r"one stored tensor became 2 \(embed.weight and head.weight before, "):
        assert_same_sharing(model, exported(tmp_path, model))


@pytest.mark.parametrize("wrong", [3, None, object()])
def test_what_is_no_model(wrong: Any) -> None:
    with pytest.raises(RequestError, match="model: must be a module, an opened model, a path or a name; is "):
        assert_tied(wrong)
