"""Every question on every model gets a right answer or a right refusal; numbers are the known ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from isochrome.app.api import open_model
from isochrome.app.asked_text import answer_text
from isochrome.app.asking import answer
from isochrome.app.text import Ink
from isochrome.ask.answer import Answer
from isochrome.ask.questions import QUESTIONS, find_question
from isochrome.draw.views import VIEWS
from isochrome.errors import RequestError
from tests.app.hostile import write_hostile
from tests.ask.conftest import Opened
from tests.ask.models import BUILT, EXAMPLES

ANSWERS = json.loads((Path(__file__).parents[1] / "data" / "answers.json").read_text(encoding="utf-8"))
MODELS = (*EXAMPLES, "light_resnet50", *BUILT)
SLUGS = (
    "channels-added", "parameters", "equivariance", "shared-with", "gradient", "without-sharing", "filters-differ", "bias",
    "time", "tied-autoencoder", "embedding-output", "lenet-numbers", "fully-connected", "matrix", "really-shared", "siamese",
    "groups", "checkerboard", "tokens", "codebook", "sees", "padding", "misleading", "batch", "neuron",
    "ties", "lint",
)  # fmt: skip


def asked(models: Opened, name: str, layer: str | int | None, question: str) -> Answer:
    opened = models.model(name)
    one = None if layer is None else opened.model.layer(layer)
    return answer(opened, one, question, models.run(name).values)


def test_the_table_has_the_questions_in_their_order() -> None:
    assert tuple(QUESTIONS) == SLUGS
    assert [find_question(str(number)).slug for number in range(1, 28)] == list(SLUGS)


@pytest.mark.parametrize("question", SLUGS)
@pytest.mark.parametrize("name", MODELS)
def test_every_question_on_every_model(models: Opened, name: str, question: str) -> None:
    """Asked of the whole model, and of a layer of which it may make no sense."""
    found = asked(models, name, None, question)
    refused = [layer.name for layer in models.model(name).model.layers[:3]]
    for one in (found, asked(models, name, refused[-1], question)):
        record = json.loads(json.dumps(one.to_dict(), allow_nan=False, default=lambda value: value.item()))
        assert set(record) == {"question", "layer", "answer", "verdict", "numbers", "check", "view"}
        assert set(record["check"]) == {"what", "measured", "holds"}
        assert record["question"] == QUESTIONS[question].text and record["answer"].endswith((".", ".)"))
        assert one.check.holds is not False, record
        assert not one.view or one.view["view"] in VIEWS
        if one.fits:
            assert record["numbers"] or one.layer == ""
        elif one.layer and found.fits and found.layer:
            assert f"Ask it of {found.layer}." in one.text
        elif one.layer and found.fits:
            assert "Ask it of " in one.text
        elif one.layer and not found.fits:
            assert "fits no layer of this model" in one.text


FITS = {
    "example:stanford": ("channels-added", "checkerboard", "siamese", "tied-autoencoder", "embedding-output"),
    "example:lenet5": ("groups", "lenet-numbers", "time"),
    "transformer": ("embedding-output", "tokens", "time", "tied-autoencoder", "siamese"),
    "lstm": ("time", "tokens", "equivariance", "lenet-numbers"),
    "siamese": ("siamese", "tied-autoencoder"),
    "autoencoder": ("tied-autoencoder", "siamese"),
    "copied": ("tied-autoencoder", "siamese"),
    "groups": ("groups", "tokens"),
    "transposed3": ("checkerboard",),
    "codebook": ("codebook", "checkerboard"),
}
ANSWERED = {
    ("example:stanford", "channels-added"), ("example:lenet5", "groups"), ("example:lenet5", "lenet-numbers"),
    ("transformer", "embedding-output"), ("transformer", "tokens"), ("transformer", "time"), ("transformer", "siamese"),
    ("lstm", "time"), ("lstm", "equivariance"), ("siamese", "siamese"), ("autoencoder", "tied-autoencoder"), ("autoencoder", "siamese"),
    ("copied", "tied-autoencoder"), ("groups", "groups"), ("groups", "tokens"), ("transposed3", "checkerboard"),
    ("codebook", "codebook"),
}  # fmt: skip


@pytest.mark.parametrize(("name", "question"), [(name, one) for name, found in FITS.items() for one in found])
def test_what_makes_sense_where(models: Opened, name: str, question: str) -> None:
    assert asked(models, name, None, question).fits == ((name, question) in ANSWERED)


VERDICTS = [
    ("transformer", "embed", "embedding-output", True),
    ("transformer", "head", "really-shared", True),
    ("transformer", "up", "tokens", True),
    ("transformer", "q", "really-shared", False),
    ("siamese", "branch0", "siamese", True),
    ("autoencoder", "decoder", "tied-autoencoder", True),
    ("copied", "decoder", "tied-autoencoder", False),
    ("copied", "decoder", "really-shared", False),
    ("groups", "pointwise", "tokens", True),
    ("groups", "pointwise", "fully-connected", False),
    ("example:lenet5", "C5", "fully-connected", True),
    ("example:lenet5", "F6", "fully-connected", True),
    ("example:lenet5", "C3", "fully-connected", False),
    ("transposed3", "up", "checkerboard", True),
    ("transposed4", "up", "checkerboard", False),
    ("example:stanford", "conv", "padding", True),
    ("example:lenet5", "C1", "padding", False),
    ("example:stanford", "conv", "batch", True),
    ("example:lenet5", "C1", "equivariance", True),
    ("example:stanford", "conv", "equivariance", False),
]


@pytest.mark.parametrize(("name", "layer", "question", "verdict"), VERDICTS)
def test_verdicts(models: Opened, name: str, layer: str, question: str, verdict: bool) -> None:
    found = asked(models, name, layer, question)
    assert (found.verdict, found.check.holds) == (verdict, True)


def test_lenet_numbers_are_the_known_ones(models: Opened) -> None:
    for layer, known in ANSWERS["lenet5"].items():
        found = asked(models, "example:lenet5", layer, "lenet-numbers").numbers
        assert found["parameters"] == known["parameters"]
        assert known.get("connections_with_bias") in (None, found["connections_with_bias"])
    c3 = asked(models, "example:lenet5", "C3", "12").numbers
    assert c3["parameters_if_all_linked"] == ANSWERS["lenet5"]["C3"]["parameters_if_fully_linked"]
    assert asked(models, "example:lenet5", "C3", "groups").numbers["pairs"] == ANSWERS["lenet5"]["C3"]["table_links"]
    assert c3["kernels"] == {"75": 6, "100": 9, "150": 1}


def test_the_demo_has_the_known_counts(models: Opened) -> None:
    known = ANSWERS["cs231n_demo"]
    found = asked(models, "example:stanford", "conv", "parameters").numbers
    assert {key: found[key] for key in ("neurons", "connections", "weights", "biases")} == {
        key: known[key] for key in ("neurons", "connections", "weights", "biases")
    }
    assert asked(models, "example:stanford", "conv", "shared-with").numbers["uses_of_one"] == known["uses_per_weight"]
    added = asked(models, "example:stanford", "conv", "channels-added")
    assert (added.numbers["filters"], added.numbers["slices"]) == (2, 6)
    ledger = added.check.measured
    assert sum(ledger["partial_sums"]) + ledger["bias"] == ledger["total"] == ledger["framework"]


def test_the_tied_model_stores_its_matrix_once(models: Opened) -> None:
    found = asked(models, "transformer", "head", "embedding-output").numbers
    assert (found["stored"], found["counted_by_use"]) == (400, 800)


def test_codebooks_count_bits(models: Opened) -> None:
    found = asked(models, "codebook", "clustered", "codebook")
    numbers = found.numbers
    assert (numbers["stored_values"], numbers["distinct_values"], numbers["bits_of_a_code"]) == (64, 4, 2)
    assert (numbers["bits_stored"], numbers["bits_with_codebook"]) == (2048, 64 * 2 + 4 * 32)
    assert "equal is not shared" in found.text


def test_the_gradient_is_the_sum_of_its_terms(models: Opened) -> None:
    for name, layer in (("example:stanford", "conv"), ("example:photos", "conv1"), ("groups", "grouped")):
        found = asked(models, name, layer, "gradient")
        if found.numbers["uses"] <= 64:
            assert sum(found.numbers["terms"]) == pytest.approx(found.numbers["gradient"], abs=1e-6)
        assert found.numbers["mean"] * found.numbers["uses"] == pytest.approx(found.numbers["gradient"])
        measured = found.check.measured
        assert abs(measured["weights_times_gradients"] - measured["framework_outputs"]) <= measured["bound"]


STAGES = {"conv1": (1, 1), "conv2": (2, 2), "conv3": (4, 2)}


@pytest.mark.parametrize("layer", STAGES)
def test_equivariance_is_predicted_and_measured(models: Opened, layer: str) -> None:
    """Total strides 1, 2, 4; one broken cell from the first padding, two after the next: measured to be exactly so."""
    stride, border = STAGES[layer]
    found = asked(models, "example:photos", layer, "equivariance")
    for axis in (2, 3):
        told = found.numbers["from_input"][f"x axis {axis}"]
        assert (told["stride"], told["border"]) == (stride, [border, border])
        moved = found.check.measured[f"axis {axis}, shift {stride}"]
        assert moved["inside"] <= moved["tolerance"] < moved["border"]
        if stride > 1:
            between = found.check.measured[f"axis {axis}, shift 1"]
            assert between["inside"] > 100 * between["tolerance"]
    assert found.check.measured["circular_padding"] == 0 < found.check.measured["zero_padding"]


def test_a_ring_moves_everywhere(models: Opened) -> None:
    found = asked(models, "circular", "conv", "equivariance")
    told, moved = found.numbers["from_input"]["x axis 2"], found.check.measured["axis 2, shift 1"]
    assert (told["circular"], told["border"]) == (True, [0, 0])
    assert moved["everywhere"] <= moved["tolerance"] and found.check.holds


def test_the_whole_network_has_a_stage_for_each_layer(models: Opened) -> None:
    found = asked(models, "example:photos", None, "equivariance")
    stages = {stage["layer"]: stage["x axis 2"]["status"] for stage in found.numbers["stages"]}
    assert stages == {
        "conv1": "away from the border", "conv2": "only for shifts divisible by 2", "conv3": "only for shifts divisible by 4",
        "linear": "invariant",
    }  # fmt: skip
    assert found.layer == "" and found.check.holds


def test_answers_do_not_change(models: Opened) -> None:
    for question in ("neuron", "misleading", "filters-differ", "sees"):
        one, other = (asked(models, "example:stanford", "conv", question).to_dict() for _ in range(2))
        assert json.dumps(one, default=str) == json.dumps(other, default=str)


@pytest.mark.parametrize("question", SLUGS)
def test_the_view_that_an_answer_names_can_be_drawn(models: Opened, question: str) -> None:
    found = asked(models, "example:stanford", "conv", question)
    if found.view:
        view: dict[str, Any] = dict(found.view)
        layer = models.model("example:stanford")[view["layer"]]
        selection: dict[str, Any] = {"neurons": [tuple(place) for place in view.get("neurons", ())]}
        selection |= {"weight": tuple(view["weight"])} if "weight" in view else {}
        assert "<svg" in layer.draw(view["view"], view["colour"], **selection).svg()
    else:
        assert not found.fits


def test_an_unknown_question_is_told_which_there_are() -> None:
    with pytest.raises(RequestError) as fault:
        find_question("why")
    known = ", ".join(SLUGS)
    assert str(fault.value) == f"question why: must be a number from 1 to 27, words of one question, or one of {known}"


def test_hostile_names_are_made_visible(tmp_path: Path) -> None:
    opened = open_model(write_hostile(tmp_path))
    texts = []
    for question in SLUGS:
        for layer in opened.layers:
            found = layer.ask(question)
            texts += [answer_text(found, Ink(), "model"), json.dumps(found.to_dict(), default=str)]
    texts += [
        opened[0].claim(text).because for text in ("filters share", f"layers {opened.layers[1].layer.name} and 0 share")
    ]
    assert len(texts) == 4 * len(SLUGS) + 2
    assert not any(sign in text for text in texts for sign in ("\u202e", "\u2028"))
