"""The claims that people's pictures make, each with its verdict; and what cannot be read."""

from __future__ import annotations

import json

import pytest

import isochrome as iso
from isochrome.app.cli import main
from isochrome.ask.claim_words import UNDERSTOOD
from isochrome.errors import RequestError
from tests.ask.conftest import Opened

LOCAL = {"x": (1, 3, 8), "w": (2, 6, 3, 3)}
CLAIMS = [
    ("neurons of one depth slice use the same weights", True),
    ("Neurons in the same feature map share their weights.", True),
    ("neurons of one column use the same weights", False),
    ("one colour in a filter means one weight", False),
    ("a colour on a neuron is a weight", False),
    ("a color on a neuron is not a weight", True),
    ("a colour on a neuron means a filter", True),
    ("a colour on an edge means a weight", True),
    ("the red, green and blue slices share", False),
    ("the slices of a filter share", False),
    ("filter 1 and filter 2 share", False),
    ("filter 0 and filter 1 share weights", False),
    ("filters 0 and 1 do not share", True),
    ("blocks i and j share", True),
    ("blocks share weights", True),
    ("samples use the same weights", True),
    ("filters use different weights", True),
    ("blocks use different weights", False),
    ("channels do not share", True),
    ("taps share", False),
    ("connections that match in filter, channel and tap use the same weight", True),
    ("connections that match in filter and tap use the same weight", False),
    ("neurons of one slice use the same bias", True),
    ("each neuron has one bias", True),
    ("filters share a bias", False),
    ("colour means parameter", True),
    ("Neurons in a depth slice use one set of weights", True),
    ("all neurons of one feature map share the same filter", True),
    ("each filter has its own weights", True),
    ("neurons in the same depth column use different weights", True),
    ("the same weights are used at every position", True),
    ("weights are shared across space", True),
    ("weights are not shared across filters", True),
    ("weights are shared between channels", False),
    ("biases are shared across positions", True),
    ("samples use different weights", False),
    ("a neuron's colour is a weight", False),
    ("colour on a neuron means not a weight", True),
    ("same colour = same weight", True),
]


@pytest.mark.parametrize(("text", "verdict"), CLAIMS)
def test_claims_about_the_demo(text: str, verdict: bool) -> None:
    found = iso.claim(iso.open("example:stanford")["conv"], text)
    assert found.verdict == verdict
    assert "Checked by listing all" in found.because
    assert set(found.to_dict()) == {"claim", "verdict", "because", "witness"}


def test_the_proof_names_the_loops() -> None:
    found = iso.claim(iso.open("example:stanford")["conv"], "neurons of one depth slice use the same weights")
    assert found.because == (
        "w[m, c, u, v] does not mention n, p or q, and neurons of one slice differ in nothing else: the same weights "
        "serve "
        "all of them. Checked by listing all 972 connections of two samples."
    )
    assert found.witness is None


def test_the_witness_names_two_connections() -> None:
    found = iso.claim(iso.open("example:stanford")["conv"], "filter 1 and filter 2 share")
    assert found.witness == {
        "connections": [
            {
                "y": {"m": m, "p": 0, "q": 0},
                "x": None,
                "w": {"m": m, "c": 0, "u": 0, "v": 0},
                "parameter": "conv.weight",
            }
            for m in (0, 1)
        ]
    }


def test_a_locally_connected_layer_does_not_share_in_a_slice() -> None:
    local = iso.formula("y[n, m, p] += w[m, p, c, u] * x[n, c, p + u]", **LOCAL)
    found = iso.claim(local, "neurons of one depth slice use the same weights")
    assert not found.verdict and found.witness is not None
    one, other = (dict(tap["w"]) for tap in found.witness["connections"])
    assert one["m"] == other["m"] and one["p"] != other["p"]
    assert not iso.claim(local, "blocks i and j share").verdict


def test_a_filter_of_27_weights_and_an_lstm_with_two_biases(models: Opened) -> None:
    assert (
        "27 weights"
        in iso.claim(iso.open("example:stanford")["conv"], "one colour in a filter means one weight").because
    )
    lstm = models.model("lstm")["lstm"]
    assert lstm.claim("every time step uses the same weights").verdict
    assert not lstm.claim("each neuron has one bias").verdict


def test_layers_share_one_storage_or_none(models: Opened) -> None:
    tied, twins = models.model("transformer")["head"], models.model("siamese")["branch0"]
    assert tied.claim("layers embed and head share").verdict
    assert not tied.claim("layers q and k share weights").verdict
    assert twins.claim("layers branch0 and branch1 share").verdict
    assert "stored apart" in models.model("copied")["encoder"].ask("tied-autoencoder").text


def test_a_large_layer_is_decided_from_its_tables(models: Opened) -> None:
    layer = models.model("light_resnet50")["n7"]
    found = layer.claim("neurons of one depth slice use the same weights")
    assert found.verdict and "small twin" in found.because
    assert "576 weights" in layer.claim("one colour in a filter means one weight").because


REFUSED = {
    "the moon is made of cheese": f"claim 'the moon is made of cheese': cannot be read. Understood: {UNDERSTOOD}.",
    "heads share": "claim: heads must be counted by a loop of conv; in y[n, m, p, q] += w[m, c, u, v] * "
    "x[n, c, 2*p + u - 1, 2*q + v - 1] none does",
    "tokens share": "claim: tokens must be counted by one loop of positions; conv has p, q",
    "filter 0 and filter 7 share": "claim: filter 7 must be one of the 2 of conv: 0 to 1",
    "taps 0 and 1 share": "claim: taps with numbers must be told apart by one loop; in conv by u, v",
    "x" * 400: "claim: must be at most 300 characters; got 400",
}


@pytest.mark.parametrize("text", REFUSED)
def test_what_cannot_be_decided_says_why_in_one_line(text: str) -> None:
    with pytest.raises(RequestError) as fault:
        iso.claim(iso.open("example:stanford")["conv"], text)
    assert str(fault.value) == REFUSED[text] and "\n" not in str(fault.value)


def test_colours_are_the_three_channels_of_an_input() -> None:
    with pytest.raises(RequestError, match="must be the 3 channels of an input; C3 reads 6"):
        iso.claim(iso.open("example:lenet5")["C3"], "the red, green and blue slices share")


@pytest.mark.parametrize(("text", "code"), [(CLAIMS[0][0], 0), (CLAIMS[2][0], 1), ("nonsense", 2)])
def test_the_command_ends_with_its_code(capsys: pytest.CaptureFixture[str], text: str, code: int) -> None:
    assert main(["claim", "example:stanford", "conv", text, "--json"]) == code
    printed = capsys.readouterr()
    if code < 2:
        found = json.loads(printed.out)
        assert (found["claim"], found["verdict"]) == (text, code == 0) and (found["witness"] is None) == (code == 0)
    else:
        assert printed.out == "" and printed.err.count("\n") == 1


def test_the_ask_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ask", "example:stanford", "conv", "parameters", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["numbers"]["weights"] == 54 and found["layer"] == "conv"
    assert main(["ask", "example:lenet5", "C1", "channels-added"]) == 0
    assert "makes no sense for C1" in capsys.readouterr().out
    assert main(["ask", "example:stanford", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert [row["number"] for row in listed["questions"]] == list(range(1, 28))
    assert main(["ask", "example:stanford", "conv", "why"]) == 2
    assert capsys.readouterr().err.count("\n") == 1
