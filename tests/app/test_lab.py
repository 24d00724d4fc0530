"""The lab: its gradients, its twins, what it measures, and that it measures the same again."""

from __future__ import annotations

import json

import numpy as np
import pytest

from isochrome.app.cli import main
from isochrome.app.lab import lab_text, read_and_run_lab
from isochrome.app.text import Ink
from isochrome.ask import lab as lab_module
from isochrome.ask.lab import TWINS, Lab, run_lab
from isochrome.ask.training import Batch, Head, Network, Step, wiring
from isochrome.core.evaluate import evaluate
from isochrome.core.relation import relation
from isochrome.draw.lab import lab_picture

SMALL = {"x": (6, 6), "y": (3, 4, 4)}
SHAPES = {"shared": (3, 3, 3), "locally connected": (3, 4, 4, 3, 3), "fully connected": (3, 4, 4, 6, 6)}


def small(twin: str) -> Network:
    layer = wiring(TWINS[twin][0], {**SMALL, "w": SHAPES[twin]})
    return Network.made(layer, "largest", np.random.default_rng(1))


@pytest.fixture(scope="module")
def short() -> Lab:
    """A lab of few epochs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lab_module, "EPOCHS", 8)
        return read_and_run_lab(0)


@pytest.mark.parametrize("twin", TWINS)
def test_the_matrix_is_the_formula(twin: str) -> None:
    network, x = small(twin), np.random.default_rng(2).random((6, 6))
    by_matrix = network.layer.matrix(network.weights) @ x.reshape(-1)
    found = relation(TWINS[twin][0], {**SMALL, "w": SHAPES[twin]})
    by_formula = evaluate(found, {"w": network.weights.reshape(SHAPES[twin]), "x": x})
    assert np.allclose(by_matrix, by_formula.reshape(-1), atol=1e-5)


@pytest.mark.parametrize("head", ["largest", "every"])
@pytest.mark.parametrize("twin", TWINS)
def test_gradients_are_those_of_torch(twin: str, head: Head) -> None:
    import torch

    random = np.random.default_rng(3)
    network = Network.made(small(twin).layer, head, random)
    batch = Batch(random.random((5, 36)).astype(np.float32), np.array([0, 3, 9, 3, 1]))
    weights, bias, out, out_bias = (torch.tensor(part, requires_grad=True) for part in network.parameters)
    neurons, uses, inputs = (torch.tensor(places) for places in network.layer.places)
    matrix = torch.zeros(network.layer.neurons, network.layer.inputs).index_put((neurons, inputs), weights[uses])
    active = torch.relu((torch.tensor(batch.x) @ matrix.T).reshape(5, 3, -1) + bias[:, None])
    features = active.amax(2) if head == "largest" else active.reshape(5, -1)
    torch.nn.functional.cross_entropy(features @ out + out_bias, torch.tensor(batch.y)).backward()
    for mine, theirs in zip(network.gradients(batch), (weights, bias, out, out_bias), strict=True):
        assert np.allclose(mine, theirs.grad.numpy(), atol=1e-5)


def test_steps_are_those_of_torch() -> None:
    import torch

    mine, theirs = np.ones(4, np.float32), torch.ones(4, requires_grad=True)
    step, optimiser = Step(0.01), torch.optim.Adam([theirs], 0.01)
    for row in np.random.default_rng(4).standard_normal((6, 4)).astype(np.float32):
        step.take((mine,), (row,))
        theirs.grad = torch.tensor(row)
        optimiser.step()
    assert np.allclose(mine, theirs.detach().numpy(), atol=1e-6)


def test_it_shows_what_it_says(short: Lab) -> None:
    largest = [row for row in short.rows if (row.head, row.trained_on) == ("largest", "centred")]
    assert [row.weights for row in largest] == [16 * 25, 16 * 64 * 25, 16 * 64 * 144]
    shared, *others = largest
    assert all(shared.shifted > row.shifted + 0.2 for row in others)
    every = [row for row in short.rows if row.head == "every"]
    assert all(row.centred > 0.9 and row.shifted < 0.5 for row in every)


def test_copies_drift_and_their_gradients_add_up(short: Lab) -> None:
    drift = short.drift
    assert drift.copies == 64 and 0 < drift.spread[0] < drift.spread[-1]
    assert drift.term_least < drift.term_most
    assert drift.terms_sum == pytest.approx(drift.gradient, abs=1e-6)


def test_it_measures_the_same_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lab_module, "EPOCHS", 1)
    random = np.random.default_rng(0)
    images, labels = random.integers(0, 17, (620, 8, 8), np.uint8), random.integers(0, 10, 620, np.uint8)
    assert run_lab(images, labels, 5) == run_lab(images, labels, 5) != run_lab(images, labels, 6)


def test_the_command(
    short: Lab, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: object
) -> None:
    monkeypatch.setattr("isochrome.app.lab.run_lab", lambda *_: short)
    assert main(["lab", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["rows"][0]["weights"] == 400
    assert main(["lab", "--seed", "-1"]) == 2
    assert capsys.readouterr().err == "isochrome: --seed: must be at least 0; got -1\n"
    shared = short.rows[0]
    assert f"{shared.shifted:.1%}" in lab_text(short, Ink())
    assert any(f"{shared.shifted:.1%}" in row for row in lab_picture(short).table.rows)
