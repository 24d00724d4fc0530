"""The page's answers, apart from any server: what they cost, what is kept, what is said where numbers are missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from isochrome.app import answers as asked
from isochrome.app.answers import Answers
from isochrome.app.api import open_model
from isochrome.app.pictures import draw
from isochrome.errors import RequestError
from isochrome.run.onnx_runtime import OnnxRunner


class Broken:
    """A runner that cannot run."""

    def fetch(self, tensors: object) -> dict[str, object]:
        raise RequestError("the runtime: must run it; it does not")


def test_a_model_that_does_not_run_still_opens() -> None:
    """Pictures need no activations; what is missing is said once, where it is missing."""
    opened = open_model("example:stanford")
    run = opened.run()
    answers = Answers(opened, replace(run, values=replace(run.values, runner=Broken())))  # type: ignore[arg-type]
    layer = answers.answer("layer/0")
    assert layer["note"] == "Without activations: the runtime: must run it; it does not"
    assert layer["tensors"]["w"] is not None and layer["tensors"]["x"] is None and layer["tensors"]["y"] is None
    assert layer["lines"][0]["relation"] is not None
    drawn = answers.answer("draw/0/baselines/weight")
    assert drawn["words"][-1] == layer["note"] and drawn["svg"]
    told = answers.answer("explain/0", "i=0,0,0")
    assert told["note"] == layer["note"] and told["total"] is None
    assert {term["product"] for term in told["terms"]} == {None, 0.0}, "only padding is known without the input"


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[Sequence[str]]:
    """What each run of the model was asked for."""
    found, fetch = [], OnnxRunner.fetch

    def counted(runner: OnnxRunner, names: Sequence[str]) -> Any:
        found.append(names)
        return fetch(runner, names)

    monkeypatch.setattr(OnnxRunner, "fetch", counted)
    return found


def test_a_picture_runs_the_model_once_or_not_at_all(runs: list[Sequence[str]]) -> None:
    opened = open_model("example:lenet5")
    draw(opened, "C1", "baselines")
    assert runs == []
    draw(opened, "C1", "arithmetic")
    assert len(runs) == 1


def test_the_model_is_not_run_before_it_is_needed(runs: list[Sequence[str]]) -> None:
    opened = open_model("example:lenet5")
    answers = Answers(opened, opened.run())
    answers.encoded("model")
    assert runs == []
    for number in range(7):
        answers.encoded(f"layer/{number}")
        answers.encoded(f"draw/{number}/baselines/weight")
    assert len(runs) == 1  # neighbours come along


def test_answers_are_kept_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    opened = open_model("example:stanford")
    answers = Answers(opened, opened.run())
    assert answers.encoded("layer/0") is answers.encoded("layer/0")
    monkeypatch.setattr(asked, "KEPT_BYTES", 5000)
    for place in range(20):
        answers.encoded("explain/0", f"i={place % 2},{place % 3},0")
    assert sum(map(len, answers._kept.values())) <= 5000
    assert list(answers._kept)[-1] == ("explain/0", "i=1,1,0")
