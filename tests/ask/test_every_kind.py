"""Every question of layers of every kind, in random configurations: no fault, and no check that does not agree."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from isochrome.ask.questions import QUESTIONS, ask
from isochrome.model.values import Array, Runner, Values
from tests.ask.conftest import InProcess
from tests.conformance.cases import LAYERS, MOVES
from tests.conformance.graphs import Case, Running, opened

COUNT = max(int(os.environ.get("ISOCHROME_LAWS", "200")) // 40, 1)
KINDS = {**LAYERS, "several layers": MOVES["several layers"]}
LAYERS_A_MODEL = 3


@dataclass(frozen=True)
class Inputs:
    """Gives the inputs of a model that no runtime runs."""

    inputs: Mapping[str, Array]

    def fetch(self, tensors: Sequence[str]) -> dict[str, Array]:
        return {name: self.inputs[name] for name in tensors if name in self.inputs}

    def on(self, inputs: Mapping[str, Array]) -> Runner:
        return Inputs({**self.inputs, **inputs})


def asked(case: Case) -> None:
    file = opened(case.model)
    runner: Runner = InProcess(Running(case.model), case.graph.inputs) if case.runs else Inputs(case.graph.inputs)
    values = Values(file.model, file, runner, "the given input", "onnxruntime" if case.runs else "")
    for layer in file.model.layers[:LAYERS_A_MODEL]:
        for question in QUESTIONS.values():
            found = ask(file.model, layer, question, values)
            assert found.check.holds is not False, (layer.lines[0].formula, found)
            assert found.text.endswith((".", ".)"))


@pytest.mark.parametrize("kind", KINDS)
def test_every_question_of_every_kind(kind: str) -> None:
    @settings(max_examples=COUNT, derandomize=True, deadline=None, database=None, suppress_health_check=[*HealthCheck])
    @given(st.data())
    def law(data: st.DataObject) -> None:
        asked(data.draw(KINDS[kind]))

    law()
