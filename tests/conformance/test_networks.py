"""Well-known networks have the numbers that were derived for them by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from isochrome.ask.report import Report, report
from isochrome.examples import example_path
from isochrome.load import open_file
from tests.conformance.graphs import opened
from tests.conformance.networks import RESNETS, alexnet_first_layer, resnet

ANSWERS = json.loads((Path(__file__).parents[1] / "data" / "answers.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("depth", RESNETS)
def test_resnets(depth: int) -> None:
    model = opened(resnet(depth)).model
    found = report(model)
    kinds = dict(found.totals_by_kind)
    wanted, both = ANSWERS[f"resnet{depth}_224"], [kinds["conv"].counts, kinds["linear"].counts]
    assert sum(row.kind in ("conv", "linear") for row in found.layers) == wanted["weight_layers"]
    for field in ("neurons", "connections", "real_connections", "weights"):
        assert sum(getattr(one, field) for one in both) == wanted[field]
    first = next(row for row in found.layers if row.name == "conv1")
    assert first.counts.real_connections == ANSWERS["resnet50_conv1_224"]["real_connections"]


def test_the_first_layer_of_alexnet() -> None:
    [row], wanted = report(opened(alexnet_first_layer()).model).layers, ANSWERS["alexnet_conv1"]
    counts, uses = row.counts, row.uses_per_weight
    assert (counts.neurons, counts.weights, counts.biases) == (wanted["neurons"], wanted["weights"], wanted["biases"])
    assert (counts.connections, counts.real_connections) == (wanted["connections"],) * 2
    assert (uses.taps, uses.min, uses.max) == (wanted["uses_per_weight"],) * 3
    assert (counts.connections + counts.neurons, row.dead_weights) == (wanted["connections_with_bias"], 0)


@pytest.fixture(scope="module")
def lenet() -> Report:
    return report(open_file(example_path("lenet5")).model)


@pytest.mark.parametrize("name", ANSWERS["lenet5"])
def test_lenet(lenet: Report, name: str) -> None:
    row = next(row for row in lenet.layers if row.name == name)
    made: dict[str, Any] = {
        "parameters": row.counts.weights + row.counts.biases,
        "connections_with_bias": row.counts.connections + row.counts.neurons,
        "neurons": row.counts.neurons,
        "uses_per_weight": row.uses_per_weight.taps,
        "table_links": (row.counts.weights + row.counts.biases - 16) // 25,
    }
    wanted = {key: number for key, number in ANSWERS["lenet5"][name].items() if key in made}
    assert {key: made[key] for key in wanted} == wanted


def test_the_links_of_c3_and_the_shared_weights_of_s2_are_read_off_the_formulas(lenet: Report) -> None:
    formulas = {row.name: row.formulas[0] for row in lenet.layers}
    assert "w[of[" in formulas["C3"]
    assert "w[g, 0, 0, 0]" in formulas["S2"]
