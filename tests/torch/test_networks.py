"""Whole architectures: nothing opaque that should not be, sharing as it was built, counts that others agree with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from bench.torch_models import resnet
from isochrome.ask.report import Report, report
from isochrome.load.aten import ProgramModel, program_model
from isochrome.load.torch_module import record
from tests.torch.checks import Found, gradients_are_sums_of_terms
from tests.torch.networks import NETWORKS, network

ANSWERS = json.loads((Path(__file__).parents[1] / "data" / "answers.json").read_text())
PRODUCTS = ("conv", "conv transpose", "linear", "einsum", "attention mixing")


def opened(module: torch.nn.Module, *args: Any, **kwargs: Any) -> ProgramModel:
    return program_model(record(module, args, kwargs), lambda number: None)


def multiplications(found: ProgramModel) -> int:
    """Of a whole batch, by all matrix products and convolutions, between activations too."""
    lines = [line for one in found.model.operations if one.kind in PRODUCTS for line in one.lines
             if len(line.formula.factors) > 1]  # fmt: skip
    return found.model.batch * sum(line.relation.connections for line in lines)


@pytest.mark.parametrize("name", NETWORKS)
def test_every_layer_of_a_network_has_a_formula(name: str) -> None:
    module, inputs = network(name)
    model = opened(module, **inputs).model
    assert [layer.name for layer in model.layers if layer.opaque] == []
    assert model.batch == 2 and not model.notes
    paths = {path for path, _ in module.named_modules()}
    called = [layer.name.partition("#")[0] for layer in model.layers]
    modules = [name for name in called if name in paths]
    parameters = {name for name, _ in module.named_parameters(remove_duplicate=False)}
    assert set(called) - set(modules) <= parameters  # a functional use is called after what it uses


@pytest.mark.parametrize("name", NETWORKS)
def test_parameters_are_counted_as_pytorch_counts_them(name: str) -> None:
    module, inputs = network(name)
    totals = report(opened(module, **inputs).model).totals
    assert totals.parameters_by_storage == sum(p.numel() for p in module.parameters())
    assert totals.parameters_by_name == sum(p.numel() for _, p in module.named_parameters(remove_duplicate=False))


@pytest.mark.parametrize("name", NETWORKS)
def test_products_are_those_that_pytorch_counts(name: str) -> None:
    module, inputs = network(name, "eager")
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        module(**inputs)
    assert 2 * multiplications(opened(module, **inputs)) == counter.get_total_flops()


@pytest.mark.parametrize("name", ["BERT", "GPT-2", "T5", "ViT", "Swin", "Whisper"])
def test_gradients_of_a_network_are_sums_over_all_uses(name: str) -> None:
    module, inputs = network(name)
    compared = gradients_are_sums_of_terms(Found(module, (), inputs))
    assert compared > 20


def test_twelve_layers_of_albert_are_one() -> None:
    module, inputs = network("ALBERT")
    model = opened(module, **inputs).model
    queries = [layer for layer in model.layers if layer.name.partition("#")[0].endswith("attention.q_proj")
               or layer.name.partition("#")[0].endswith("attention.query")]  # fmt: skip
    assert len(queries) == 12 and queries[-1].name == f"{queries[0].name}#12"
    assert len({line.parameter for layer in queries for line in layer.weight_lines}) == 1


def test_a_tied_head_is_the_embedding() -> None:
    model = opened(*_positional("BERT")).model
    words, head = model.layer("bert.embeddings.word_embeddings"), model.layer("cls.predictions.decoder")
    assert words.weight_lines[0].parameter == head.weight_lines[0].parameter
    assert model.parameters[head.weight_lines[0].parameter or 0].names == (
        "bert.embeddings.word_embeddings.weight", "cls.predictions.decoder.weight")  # fmt: skip


def _positional(name: str) -> tuple[Any, ...]:
    module, inputs = network(name)
    return module, *inputs.values()


@pytest.mark.parametrize(("name", "blocks"), [("resnet50_224", (3, 4, 6, 3)), ("resnet152_224", (3, 8, 36, 3))])
def test_a_resnet_has_the_known_numbers(name: str, blocks: tuple[int, int, int, int]) -> None:
    known = ANSWERS[name]
    with torch.device("meta"):
        module, picture = resnet(blocks), torch.empty(1, 3, 224, 224)
    answer = report(opened(module, picture).model)
    counts = [_of_kind(answer, kind) for kind in ("conv", "linear")]
    assert sum(one["layers"] for one in counts) == known["weight_layers"]
    for key in ("neurons", "connections", "real_connections", "weights"):
        assert sum(one[key] for one in counts) == known[key], key


def _of_kind(answer: Report, kind: str) -> dict[str, int]:
    counts = dict(answer.totals_by_kind)[kind].counts
    return {"layers": sum(layer.kind == kind for layer in answer.layers), "neurons": counts.neurons, "weights": counts.weights,
            "connections": counts.connections, "real_connections": counts.real_connections}  # fmt: skip
