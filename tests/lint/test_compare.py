"""Two models compared: what a step does to sharing, by names on both sides, and what it costs."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import isochrome as iso
from isochrome.ask.lint.compare import Comparison
from tests.lint.models import Language, exported, overlapping, transposed

TIE = (("embed.weight", "head.weight"),)
APART = (("embed.weight",), ("head.weight",))
TABLE = 64 * 16 * 4


def assigned(model: nn.Module) -> nn.Module:
    made = Language()
    made.load_state_dict({name: value.clone() for name, value in model.state_dict().items()}, assign=True)
    return made


KEPT: dict[str, Callable[[nn.Module], nn.Module]] = {
    "deepcopy": copy.deepcopy,
    "half": lambda model: copy.deepcopy(model).half(),
    "load_state_dict": lambda model: (made := Language(), made.load_state_dict(model.state_dict()))[0],
    "bfloat16": lambda model: copy.deepcopy(model).bfloat16(),
    "frozen": lambda model: copy.deepcopy(model).requires_grad_(False),
}
LOST: dict[str, Callable[[nn.Module], nn.Module]] = {
    "assign": assigned,
    "meta": lambda model: copy.deepcopy(model).to("meta"),
    "to_empty": lambda model: copy.deepcopy(model).to("meta").to_empty(device="cpu"),
}


@pytest.mark.parametrize("step", KEPT)
def test_steps_that_keep_a_tie(step: str) -> None:
    model = Language()
    found = iso.compare(model, KEPT[step](model))
    assert (found.lost, found.gained, found.changed, found.differs) == ((), (), (), False)
    assert (found.unknown_before, found.unknown_after) == ((), ())


@pytest.mark.parametrize("step", LOST)
def test_steps_that_lose_a_tie(step: str) -> None:
    model = Language()
    found = iso.compare(model, LOST[step](model))
    (lost,) = found.lost
    assert (lost.before, lost.after, lost.bytes) == (TIE, APART, TABLE)
    assert (found.gained, found.changed, found.differs) == ((), (), True)
    assert found.bytes_after - found.bytes_before == TABLE


def test_ties_by_storage() -> None:
    assert not iso.compare(transposed(), transposed()).differs
    (lost,) = iso.compare(transposed(), copy.deepcopy(transposed())).lost
    assert (lost.before, lost.after, lost.bytes) == ((("0.weight", "1.weight"),), (("0.weight",), ("1.weight",)), 512)


def test_overlaps() -> None:
    (lost,) = iso.compare(overlapping(), copy.deepcopy(overlapping())).lost
    assert (lost.what, lost.bytes) == ("2 tensors that overlapped in one storage lie apart", 16)
    (gained,) = iso.compare(copy.deepcopy(overlapping()), overlapping()).gained
    assert (gained.what, gained.bytes) == ("2 tensors that lay apart overlap in one storage", -16)
    assert not iso.compare(overlapping(), overlapping()).differs


def test_a_tie_of_another_sort() -> None:
    before, after = Language(), Language()
    after.head.weight = nn.Parameter(after.embed.weight.data)
    (changed,) = iso.compare(before, after).changed
    assert (changed.what, changed.before, changed.after) == ("was one object, is one storage", TIE, TIE)


def test_a_quantised_module_has_one_name_less() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        after = torch.ao.quantization.quantize_dynamic(copy.deepcopy(Language()), {nn.Linear})
    (changed,) = iso.compare(Language(), after).changed
    assert (changed.what, changed.after) == ("some of its names are gone", (("embed.weight",),))
    (found,) = iso.lint(after, before=Language()).findings
    assert (found.rule, found.severity) == ("tie-lost", "warning")
    assert found.message == "embed.weight and head.weight were one stored tensor; head.weight is no longer held by name"


@pytest.mark.parametrize("dynamo", [False, True])
def test_a_tied_language_model_exported(dynamo: bool, tmp_path: Path) -> None:
    pytest.importorskip("onnxscript")
    model = Language()
    path = exported(tmp_path, model, dynamo)
    (lost,) = iso.compare(model, path).lost
    assert (lost.before, lost.bytes, len(lost.after)) == (TIE, TABLE, 2)
    assert (set(lost.after[0]) <= set(TIE[0]), lost.transposed) == (True, lost.after[1])
    finding = next(one for one in iso.lint(path).findings if one.rule == "export-duplicated")
    assert (finding.severity, finding.bytes, finding.names) == ("warning", TABLE, lost.after[0] + lost.after[1])


def test_an_untied_model_exported(tmp_path: Path) -> None:
    model = Language(tied=False)
    found = iso.compare(model, exported(tmp_path, model))
    assert not found.differs and found.unknown_before == found.unknown_after == ()


def test_a_model_exported_and_quantised(tmp_path: Path) -> None:
    from onnxruntime.quantization import quantize_dynamic

    model = Language()
    path, small = exported(tmp_path, model), str(tmp_path / "small.onnx")
    quantize_dynamic(path, small)
    (lost,) = iso.compare(model, small).lost
    assert (lost.before, lost.transposed, lost.bytes) == (TIE, lost.after[1], TABLE // 4)
    assert not iso.compare(path, small).differs


def albert() -> nn.Module:
    transformers = pytest.importorskip("transformers")
    sizes = {"vocab_size": 96, "embedding_size": 16, "hidden_size": 32, "intermediate_size": 64}
    config = transformers.AlbertConfig(
        **sizes, num_attention_heads=2, max_position_embeddings=32, num_hidden_layers=12, return_dict=False
    )
    made: nn.Module = transformers.AlbertModel(config, add_pooling_layer=False)
    return made


def test_albert_exported_with_dynamo_has_lost_its_sharing(tmp_path: Path) -> None:
    pytest.importorskip("onnxscript")
    model = albert()
    found = iso.compare(model, exported(tmp_path, model, True))
    lost = {one.before[0][0].rpartition("layers.0.")[2]: one for one in found.lost}
    assert {"ffn.weight", "ffn_output.weight"} <= set(lost)
    for one in found.lost:
        assert (len(one.after), one.bytes) == (12, 11 * 32 * 64 * 4)  # one for each of the twelve calls
        assert one.transposed == tuple(name for names in one.after for name in names)


def test_equal_biases_that_an_exporter_merged(tmp_path: Path) -> None:
    model = Language(tied=False)
    model.other = nn.Linear(16, 16)
    model.forward = lambda ids: model.head(model.other(model.middle(model.embed(ids))))  # type: ignore[method-assign]
    nn.init.zeros_(model.middle.bias), nn.init.zeros_(model.other.bias)
    path = exported(tmp_path, model)
    (gained,) = iso.compare(model, path).gained
    assert set(gained.before) == {("middle.bias",), ("other.bias",)}
    assert [one.rule for one in iso.lint(path, before=model).findings if not one.benign] == ["unsafe-merge"]


def told(found: Comparison) -> dict[str, Any]:
    return json.loads(json.dumps(found.to_dict()))


def test_json() -> None:
    model = Language()
    assert told(iso.compare(model, assigned(model))) == {
        "before": "Language", "after": "Language",
        "lost": [{
            "what": "one stored tensor became 2", "before": [["embed.weight", "head.weight"]],
            "after": [["embed.weight"], ["head.weight"]], "bytes": TABLE, "transposed": [],
        }],
        "gained": [], "changed": [], "bytes_before": 5184, "bytes_after": 9280, "unknown_before": [],
        "unknown_after": [],
    }  # fmt: skip


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "isochrome.app.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, timeout=120)


def test_the_command_line(tmp_path: Path) -> None:
    exported(tmp_path, Language())
    same = run(tmp_path, "compare", "model.onnx", "model.onnx")
    assert (same.returncode, same.stdout.splitlines()[-1]) == (
        0, "0 lost, 0 gained, 0 changed; 9,280 bytes before, 9,280 after (+0). Exit code 0.",
    )  # fmt: skip
    missing = run(tmp_path, "compare", "model.onnx", "none.onnx")
    assert (missing.returncode, missing.stdout) == (2, "")
    assert missing.stderr == "isochrome: none.onnx: cannot be read: no such file or directory.\n"
