"""Lint as a user meets it: sound models in silence, the words, the JSON, SARIF, exit codes, many models, bad ones."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from onnx import ModelProto, TensorProto, helper, numpy_helper
from torch import nn

import isochrome as iso
from isochrome.app.cli import main
from isochrome.ask.lint import RULES
from isochrome.errors import ModelError, RequestError
from tests.lint.models import Language, exported, overlapping, transposed


def rules(model: Any, **more: Any) -> list[str]:
    """The rules that fire, benign notes apart."""
    return [one.rule for one in iso.lint(model, **more).findings if not one.benign]


def small(name: str) -> nn.Module:
    transformers = pytest.importorskip("transformers")
    sizes = {"hidden_size": 32, "num_attention_heads": 2, "intermediate_size": 64, "num_hidden_layers": 2}
    words = {"vocab_size": 96, "bos_token_id": 0, "eos_token_id": 1, "pad_token_id": 2}
    halves = {"d_model": 32, "encoder_layers": 2, "decoder_layers": 2, "encoder_attention_heads": 2}
    halves |= {"decoder_attention_heads": 2, "encoder_ffn_dim": 64, "decoder_ffn_dim": 64}
    options: dict[str, Any] = {
        "BertForMaskedLM": sizes | words,
        "BertForPreTraining": sizes | words,
        "AlbertForMaskedLM": sizes | words | {"embedding_size": 16, "num_hidden_layers": 12},
        "GPT2LMHeadModel": words | {"n_embd": 32, "n_layer": 3, "n_head": 2},
        "T5ForConditionalGeneration": words | {"d_model": 32, "d_kv": 8, "d_ff": 64, "num_layers": 2, "num_heads": 2},
        "WhisperForConditionalGeneration": words | halves | {"decoder_start_token_id": 0},
        "LlamaForCausalLM": sizes | words | {"num_key_value_heads": 2},
        "MambaForCausalLM": words | {"hidden_size": 32, "num_hidden_layers": 3},
        "MarianMTModel": words | halves | {"decoder_start_token_id": 0},
        "ViTForImageClassification": sizes,
        "ConvNextForImageClassification": {"hidden_sizes": [8, 16, 32, 64], "depths": [2, 2, 2, 2]},
        "SwinForImageClassification": {"embed_dim": 24, "depths": [2, 2], "num_heads": [2, 4]},
    }
    kind = getattr(transformers, name)
    made: nn.Module = kind(kind.config_class(**options[name]))
    return made


SOUND = [
    "BertForMaskedLM", "BertForPreTraining", "AlbertForMaskedLM", "GPT2LMHeadModel", "T5ForConditionalGeneration",
    "WhisperForConditionalGeneration", "LlamaForCausalLM", "MambaForCausalLM", "MarianMTModel",
    "ViTForImageClassification", "ConvNextForImageClassification", "SwinForImageClassification",
]  # fmt: skip


@pytest.mark.parametrize("name", SOUND)
def test_sound_models_have_benign_notes_alone(name: str) -> None:
    found = iso.lint(small(name))
    assert ([one.rule for one in found.findings if not one.benign], found.exit_code) == ([], 0)


@pytest.mark.parametrize("name", ["GPT2LMHeadModel", "BertForMaskedLM", "T5ForConditionalGeneration"])
def test_a_head_that_was_tied_and_then_cloned(name: str) -> None:
    model = small(name)
    head: Any = model.get_output_embeddings()  # type: ignore[operator]
    head.weight = nn.Parameter(head.weight.detach().clone())
    assert rules(model) == ["tie-declared-not-real"]
    model.config.tie_word_embeddings = False
    assert "tie-declared-not-real" not in rules(model)


def test_a_tie_that_the_configuration_denies() -> None:
    model = small("LlamaForCausalLM")
    model.lm_head.weight = model.model.embed_tokens.weight
    (found,) = [one for one in iso.lint(model).findings if not one.benign]
    assert (found.rule, found.severity) == ("tie-declared-not-real", "warning")
    assert found.message.endswith(
        "says that model.embed_tokens.weight and lm_head.weight are not tied, and they are one stored tensor"
    )


def test_ties_by_storage_and_overlaps() -> None:
    assert rules(transposed()) == ["one-storage-two-parameters"]
    assert rules(overlapping()) == ["partial-overlap"]


def test_columns_of_one_matrix_do_not_overlap() -> None:
    model, whole = nn.Module(), torch.randn(6, 8)
    model.left, model.right = nn.Parameter(whole[:, :4]), nn.Parameter(whole[:, 4:])
    assert rules(model) == []
    model.middle = nn.Parameter(whole[:, 3:5])
    assert rules(model) == ["partial-overlap"]


def test_views_of_a_flat_buffer() -> None:
    flat, model = torch.randn(20), nn.Linear(4, 4)
    model.weight.data, model.bias.data = flat[:16].view(4, 4), flat[16:]
    assert rules(model) == []
    model.register_parameter("flat", nn.Parameter(flat))
    assert rules(model) == ["partial-overlap"]


@pytest.mark.parametrize("model", [
    nn.ModuleList([nn.Linear(4, 4)] * 6), nn.Sequential(*[block for block in [nn.Linear(4, 4)] for _ in range(6)]),
], ids=["list", "comprehension"])  # fmt: skip
def test_six_layers_that_are_one(model: nn.Module) -> None:
    (found,) = [one for one in iso.lint(model).findings if not one.benign]
    assert (found.rule, found.names, found.kept) == ("same-module-twice", tuple("012345"), "0")
    assert found.message.endswith("20 weights stored once and used at each, not 120")


def test_an_activation_may_stand_anywhere() -> None:
    relu = nn.ReLU()
    assert rules(nn.Sequential(nn.Linear(2, 2), relu, nn.Linear(2, 2), relu)) == []


def test_a_block_within_a_block_is_told_once() -> None:
    block = nn.Sequential(nn.Linear(2, 2), nn.Sequential(nn.Linear(2, 2)))
    assert rules(nn.ModuleList([block, block])) == ["same-module-twice"]


def test_layers_that_were_copied() -> None:
    layer = nn.TransformerEncoderLayer(8, 2, 16)
    (found,) = [one for one in iso.lint(nn.TransformerEncoder(layer, 3, enable_nested_tensor=False)).findings]
    assert found.rule == "fake-tie"
    assert found.message.startswith("layers.0, layers.1 and layers.2 hold equal numbers in ")


@pytest.mark.parametrize(("why", "array"), [
    ("short", np.linspace(0, 1, 63) ** 2 * np.tile([1, -1, 1], 21)), ("constant", np.ones((16, 16))), ("mask", np.tril(np.ones((16, 16)))),
    ("identity", np.eye(16)), ("rising", np.log(np.arange(1, 257))), ("falling", 10000 ** -np.linspace(0, 1, 128)),
    ("rows", np.tile(np.random.default_rng(0).standard_normal(16), (16, 1))),
])  # fmt: skip
def test_what_is_no_evidence(why: str, array: Any) -> None:
    model = nn.Module()
    model.a, model.b = (nn.Parameter(torch.tensor(array, dtype=torch.float32)) for _ in "ab")
    assert rules(model) == []


def test_equal_but_for_one_number() -> None:
    model, array = nn.Module(), torch.randn(300, 200)
    other = array.clone()
    model.a, model.b = nn.Parameter(array), nn.Parameter(other)
    assert rules(model) == ["fake-tie"]
    other[123, 45] += 1
    assert rules(model) == []
    model.b = nn.Parameter(array.t().contiguous())
    assert rules(model) == ["fake-tie"]
    model.b.data[0, 1] += 1
    assert rules(model) == []


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64])
def test_every_type_of_number(dtype: torch.dtype) -> None:
    model = Language(tied=False).to(dtype)
    model.head.weight = nn.Parameter(model.embed.weight.detach().clone())
    assert rules(model) == ["fake-tie"]


def test_meta_tensors_are_no_evidence() -> None:
    with torch.device("meta"):
        model = Language(tied=False)
    assert iso.lint(model).findings == ()


def test_the_module_is_left_as_it_was() -> None:
    model = Language().train()
    model(torch.zeros(1, 3, dtype=torch.long)).sum().backward()
    before = {name: (id(one), one.grad is None, one._version) for name, one in model.named_parameters()}
    keys = sorted(vars(model))
    iso.lint(model, before=copy.deepcopy(model), optimizer=torch.optim.SGD(model.parameters()))
    assert {name: (id(one), one.grad is None, one._version) for name, one in model.named_parameters()} == before
    assert (sorted(vars(model)), model.training, len(model._forward_hooks)) == (keys, True, 0)


def test_a_wrapper_around_one_side() -> None:
    model = Language()
    adapter = nn.Module()
    adapter.base_layer = model.head
    model.head = adapter
    (found,) = [one for one in iso.lint(model).findings if not one.benign]
    assert (found.rule, found.message) == (
        "one-side-changed",
        "an adapter (PEFT) stands around head.base_layer.weight and not around embed.weight, which is the same storage",
    )


def test_one_side_frozen() -> None:
    model = Language()
    model.head.weight = nn.Parameter(model.embed.weight.data, requires_grad=False)
    assert rules(model) == ["one-side-changed"]


def test_an_optimiser_of_something_else() -> None:
    with pytest.raises(RequestError, match="^optimizer: must be a torch.optim.Optimizer; is int$"):
        iso.lint(Language(), optimizer=3)
    with pytest.raises(RequestError, match="^optimizer: must come with the module that it trains; a file has no objects$"):
        iso.lint("example:lenet5", optimizer=3)


# --- the command line -----------------------------------------------------------------------------------------


def duplicated(weights: int = 1) -> ModelProto:
    """A model that stores a table twice, the second time transposed, beside ``weights`` others of its size."""
    random = np.random.default_rng(0)
    table = random.standard_normal((32, 8)).astype(np.float32)
    stored = {"table": table, "turned": table.T.copy()}
    stored |= {f"w{number}": random.standard_normal((32, 32)).astype(np.float32) for number in range(weights)}
    nodes = [helper.make_node("Gather", ["table", "ids"], ["h"]), helper.make_node("MatMul", ["h", "turned"], ["t0"])]
    nodes += [helper.make_node("MatMul", [f"t{number}", f"w{number}"], [f"t{number + 1}"]) for number in range(weights)]
    given = [helper.make_tensor_value_info("ids", TensorProto.INT64, [1, 4])]
    made = [helper.make_tensor_value_info(f"t{weights}", TensorProto.FLOAT, [1, 4, 32])]
    tensors = [numpy_helper.from_array(array, name) for name, array in stored.items()]
    graph = helper.make_graph(nodes, "g", given, made, tensors)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "twice.onnx").write_bytes(duplicated().SerializeToString())
    (tmp_path / "large.onnx").write_bytes(duplicated(12).SerializeToString())
    (tmp_path / "weights.bin").write_bytes(b"\x80\x04\x95" + bytes(16))
    return tmp_path


TEXT = """\
twice.onnx
  export-duplicated  warning
    where  table and turned (kept: table)
    found  table and turned hold equal numbers and are stored 2 times (turned transposed): 1,024
           bytes more. The file stores 1.200 times what is distinct
    why    The file, its download and its memory are larger than the model, and what was tied
           can be changed apart.
    do     Keep the first and let the others be it: in ONNX one initializer under both nodes (a
           Transpose where it is turned), or two at the same place of the external data; in a
           checkpoint one of the two names.

1 model: 0 errors, 1 warning, 0 notes. Exit code 1.
"""


def test_text(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lint", "twice.onnx"]) == 1
    assert capsys.readouterr().out == TEXT


def test_up_to_a_twentieth_is_a_note(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lint", "large.onnx"]) == 0
    said = capsys.readouterr().out
    assert "  export-duplicated  note, benign\n" in said
    assert said.endswith("\n1 model: 0 errors, 0 warnings, 1 note (benign). Exit code 0.\n")


def test_one_bad_model_among_many(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lint", "weights.bin", "twice.onnx", "none.onnx", "example:lenet5"]) == 2
    said, faults = capsys.readouterr()
    assert "  export-duplicated  warning\n" in said and "example:lenet5\n  nothing found\n" in said
    assert said.endswith("\n4 models: 0 errors, 1 warning, 0 notes, 2 could not be read. Exit code 2.\n")
    assert faults == (
        "isochrome: weights.bin: must be a model or a safetensors file; is a pickle, which runs code when it is read. "
        "Save it as safetensors.\nisochrome: none.onnx: cannot be read: no such file or directory.\n"
    )


def test_json(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lint", "--json", "twice.onnx", "none.onnx"]) == 2
    said = json.loads(capsys.readouterr().out)
    (found,) = said["findings"]
    assert {key: found[key] for key in ("rule", "severity", "benign", "names", "kept", "bytes", "model")} == {
        "rule": "export-duplicated", "severity": "warning", "benign": False, "names": ["table", "turned"],
        "kept": "table", "bytes": 1024, "model": "twice.onnx",
    }  # fmt: skip
    assert found["message"] and found["fix"] and found["why"]
    assert said["models"] == ["twice.onnx", "none.onnx"] and said["exit_code"] == 2
    assert said["faults"] == [{"model": "none.onnx", "message": "none.onnx: cannot be read: no such file or directory."}]


def test_sarif(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lint", "--sarif", "twice.onnx", "none.onnx"]) == 2
    log = json.loads(capsys.readouterr().out)
    assert log["version"] == "2.1.0" and log["$schema"].endswith("sarif-2.1.0.json")
    (run,) = log["runs"]
    driver = run["tool"]["driver"]
    assert driver["name"] == "isochrome" and [rule["id"] for rule in driver["rules"]] == [rule.name for rule in RULES]
    (result,) = run["results"]
    assert driver["rules"][result["ruleIndex"]]["id"] == result["ruleId"] == "export-duplicated"
    assert result["level"] in ("none", "note", "warning", "error") and result["message"]["text"]
    (place,) = result["locations"]
    assert place["physicalLocation"]["artifactLocation"]["uri"] == "twice.onnx"
    assert [one["fullyQualifiedName"] for one in place["logicalLocations"]] == ["table", "turned"]
    (invocation,) = run["invocations"]
    assert (invocation["executionSuccessful"], invocation["exitCode"]) == (False, 2)
    (notification,) = invocation["toolExecutionNotifications"]
    assert notification["message"]["text"] == "none.onnx: cannot be read: no such file or directory."


def test_names_that_would_act_on_the_terminal(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = duplicated()
    model.graph.initializer[1].name = "\x1b[31mturned"
    model.graph.node[1].input[1] = "\x1b[31mturned"
    (folder / "odd.onnx").write_bytes(model.SerializeToString())
    for more in ([], ["--json"], ["--sarif"]):
        assert main(["lint", *more, "odd.onnx"]) == 1
        said = capsys.readouterr().out
        assert "\x1b" not in said and "turned" in said


def test_before(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    exported(folder, Language(tied=False))
    assert main(["lint", "model.onnx", "--before", "model.onnx"]) == 0
    assert main(["lint", "model.onnx", "--before", "none.onnx"]) == 2
    assert capsys.readouterr().err == "isochrome: none.onnx: cannot be read: no such file or directory.\n"


# --- modules of every sort ------------------------------------------------------------------------------------


class Broken(nn.Module):
    """A module that will not say what it holds."""

    def named_parameters(self, *_: Any, **__: Any) -> Any:
        raise RuntimeError("not today")




def test_modules_that_cannot_be_read() -> None:
    with pytest.raises(ModelError, match="^LazyLinear: parameters must have shapes; weight is lazy. Run it once before.$"):
        iso.lint(nn.LazyLinear(3))
    with pytest.raises(ModelError, match="^Broken: must give its parameters, each with a shape; raised RuntimeError: not today.$"):
        iso.lint(Broken())


NUMBERS = torch.randn(20, 20)


@pytest.mark.parametrize("one", [
    torch.eye(20).to_sparse(), NUMBERS.to_sparse_csr(), torch.zeros(0, 3), torch.tensor(1.0), torch.quantize_per_tensor(NUMBERS, 0.1, 0, torch.qint8),
    NUMBERS.to(torch.complex64).conj().clone(), NUMBERS.to(torch.float8_e4m3fn),
], ids=["sparse", "csr", "empty", "scalar", "quantised", "complex", "float8"])  # fmt: skip
def test_tensors_of_every_sort(one: torch.Tensor) -> None:
    model = nn.Module()
    model.a, model.b = (nn.Parameter(one.clone(), requires_grad=False) for _ in "ab")
    assert rules(model) == []
    assert not iso.compare(model, model).differs


@pytest.mark.parametrize("wrap", [torch.compile, nn.DataParallel, lambda model: torch.jit.script(nn.Sequential(model))[0]], ids=["compile", "parallel", "script"])
def test_wrapped_modules(wrap: Any) -> None:
    model = nn.Linear(16, 16)
    found = iso.compare(model, wrap(model))
    assert (found.differs, found.unknown_before, found.unknown_after) == (False, (), ())
    assert rules(wrap(model)) == []
