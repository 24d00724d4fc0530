"""Lint and compare of what torch.export saves: objects and storages come through, so ties do."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

import isochrome as iso
from isochrome.app.cli import main
from tests.lint.models import Language

IDS = (torch.zeros(1, 5, dtype=torch.long),)


def saved(folder: Path, model: nn.Module) -> str:
    path = str(folder / "model.pt2")
    torch.export.save(torch.export.export(model.eval(), IDS), path)
    return path


def test_a_tie_comes_through(tmp_path: Path) -> None:
    model = Language()
    path = saved(tmp_path, model)
    assert not iso.compare(model, path).differs
    assert [one.rule for one in iso.lint(path).findings] == ["count-by-name"]


def test_a_clone_is_stored_twice(tmp_path: Path) -> None:
    model = Language()
    model.head.weight = nn.Parameter(model.embed.weight.detach().clone())
    path = saved(tmp_path, model)
    assert [one.rule for one in iso.lint(path).findings] == ["export-duplicated"]
    assert [one.rule for one in iso.lint(path, before=Language()).findings] == ["tie-lost"]


def test_what_torch_save_writes_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torch.save(Language().state_dict(), tmp_path / "new.pt")
    torch.save(Language().state_dict(), tmp_path / "old.pt", _use_new_zipfile_serialization=False)
    assert main(["lint", str(tmp_path / "new.pt"), str(tmp_path / "old.pt")]) == 2
    first, second = capsys.readouterr().err.splitlines()
    assert first.startswith(f"isochrome: {tmp_path}/new.pt: must be ") and "pickle" in first
    assert second.startswith(f"isochrome: {tmp_path}/old.pt: must be ") and "pickle" in second
