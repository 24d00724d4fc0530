"""The page's answers, apart from any server: what they cost, what is kept, what is said where numbers are missing."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import onnx
import pytest

from isochrome.app import answers as asked
from isochrome.app.answers import Answers
from isochrome.app.api import open_model
from isochrome.app.cli import main
from isochrome.app.lint import lint_model
from isochrome.app.pictures import draw
from isochrome.errors import RequestError
from isochrome.run.onnx_runtime import OnnxRunner
from tests.ask.models import transformer


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


# --- the Ask panel ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "layer"), [("example:stanford", 0), ("example:photos", 2), ("example:lenet5", 3)])
def test_the_panel_answers_as_the_command_line_does(name: str, layer: int) -> None:
    opened = open_model(name)
    answers = Answers(opened, opened.run())
    asked_layer = opened[layer]
    listed = answers.answer(f"questions/{layer}")
    plain = asked_layer.questions().to_dict()
    whole_only = [one for one in plain["questions"] if one["id"] in ("ties", "lint")]
    assert all(one["unfit"] == "it is asked of all layers together" for one in whole_only)
    assert sorted(listed["questions"], key=lambda one: one["number"]) == [
        one for one in plain["questions"] if one not in whole_only
    ]
    fits = [one["unfit"] is None for one in listed["questions"]]
    assert fits == sorted(fits, reverse=True), "what makes sense comes first"
    for question in ("channels-added", "parameters", "shared-with", "misleading", "time"):
        record = answers.answer(f"ask/{layer}/{question}")
        told = asked_layer.ask(question)
        assert {key: record[key] for key in told.to_dict()} == told_as_json(told.to_dict())
        if told.view:
            assert record["state"]["view"] == told.view["view"] and record["state"]["level"] == told.view["colour"]
            query = "&".join(
                f"{key}={','.join(map(str, record['state'][key]))}" for key in "ij" if key in record["state"]
            )
            assert answers.answer(f"draw/{layer}/{told.view['view']}/{told.view['colour']}", query)["svg"]


WHOLE = ["parameters", "equivariance", "without-sharing", "ties", "lint"]


def tied(folder: Path) -> str:
    path = folder / "tied.onnx"
    onnx.save(transformer(), path)
    return str(path)


@pytest.mark.parametrize("name", ["example:stanford", "example:lenet5", "tied"])
def test_the_panel_answers_about_the_whole_model_as_the_command_line_does(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = tied(tmp_path) if name == "tied" else name
    opened = open_model(model)
    answers = Answers(opened, opened.run())
    listed = answers.answer("model")["questions"]
    assert [one["id"] for one in listed] == WHOLE
    plain = {one["id"]: one for one in opened.questions().to_dict()["questions"]}
    for one in listed:
        assert one == {key: plain[one["id"]][key] for key in ("number", "id", "question")}
        record = answers.answer(f"ask/model/{one['id']}")
        assert main(["ask", model, one["id"], "--json"]) == 0
        told = json.loads(capsys.readouterr().out)
        assert {key: record[key] for key in told} == told
        assert told["layer"] is None and record["fits"] and told["check"]["holds"] is not False
        state = record["state"]
        assert (state["view"], state["level"]) == ("network", "parameter")
        assert answers.answer(f"draw/{state['layer']}/{state['view']}/{state['level']}")["svg"]
        assert all(opened.model.layers[layer["index"]].name == layer["name"] for layer in record["layers"])


def test_ties_and_counts_of_a_model_that_uses_a_tensor_twice(tmp_path: Path) -> None:
    opened = open_model(tied(tmp_path))
    answers = Answers(opened, opened.run())
    ties = answers.answer("ask/model/ties")
    assert ties["numbers"]["layers_by_tensor"] == {"embed.weight": ["embed", "head"]}
    assert ties["check"]["holds"] is True
    assert ties["check"]["measured"] == dict.fromkeys(("added_up", "each_once"), opened.report().totals.bytes_distinct)
    assert [one["name"] for one in ties["layers"]] == ["embed", "head"]
    counts = answers.answer("ask/model/parameters")["numbers"]
    totals = opened.report().totals
    assert counts["parameters"] == totals.parameters_by_storage == counts["added_up_by_layer"] - 50 * 8
    found = lint_model(str(tmp_path / "tied.onnx"))
    lint = answers.answer("ask/model/lint")["numbers"]
    assert lint["names"] == {one.rule: list(one.names) for one in found.findings}
    assert lint["errors"] == lint["warnings"] == 0 and lint["notes"] == len(found.findings) == 2


@pytest.mark.parametrize(("path", "fault"), [
    ("ask/all/parameters", "about: must be a whole number"), ("ask/model/why", "question why: must be"),
    ("ask/9/parameters", "layer 9: must be"),
])  # fmt: skip
def test_who_is_asked_must_be_there(path: str, fault: str) -> None:
    opened = open_model("example:stanford")
    with pytest.raises(RequestError, match=fault):
        Answers(opened, opened.run()).answer(path)


def told_as_json(record: dict[str, Any]) -> Any:
    return json.loads(json.dumps(record))


def test_claims_of_the_panel_are_those_of_the_command_line() -> None:
    opened = open_model("example:stanford")
    answers = Answers(opened, opened.run())
    for one in answers.answer("claims/0")["claims"]:
        record = answers.answer("claim/0", f"text={one['claim'].replace(' ', '+')}")
        assert {key: record[key] for key in ("claim", "verdict", "because", "witness")} == told_as_json(
            opened["conv"].claim(one["claim"]).to_dict()
        )
        assert record["verdict"] == one["verdict"] and record["because"].startswith(one["because"])
    unread = answers.answer("claim/0", "text=all+is+well")
    assert unread["verdict"] is None and "Understood: marks of one K" in unread["because"] and unread["state"] == {}
