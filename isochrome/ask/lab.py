"""Why sharing helps, measured: one layer wired in three ways and trained on the same digits.

The three twins have the same neurons and the same training; only the weight's index differs. Two heads tell what
sharing does from what it does not: sharing makes a layer's outputs move with its input, and the answer stays the same
only where the head does not ask where.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isochrome.ask.training import Batch, Head, Network, Step, Wiring, wiring
from isochrome.core.sizes import Shape

__all__ = ["Drift", "Lab", "Trained", "run_lab"]

SIZE, DIGIT, FILTERS, WINDOW = 12, 8, 16, 5
TRAINED, EPOCHS, BATCH, RATE = 600, 30, 64, 4e-3
OUT = SIZE - WINDOW + 1
TWINS: Mapping[str, tuple[str, Shape]] = {
    "shared": ("y[m, p, q] += w[m, u, v] * x[p + u, q + v]", (FILTERS, WINDOW, WINDOW)),
    "locally connected": (
        "y[m, p, q] += w[m, p, q, u, v] * x[p + u, q + v]",
        (FILTERS, OUT, OUT, WINDOW, WINDOW),
    ),
    "fully connected": ("y[m, p, q] += w[m, p, q, i, j] * x[i, j]", (FILTERS, OUT, OUT, SIZE, SIZE)),
}
RUNS: tuple[tuple[Head, str], ...] = (("largest", "centred"), ("largest", "shifted"), ("every", "centred"))
HEADS: Mapping[Head, str] = {
    "largest": "the largest neuron of each filter, wherever it is",
    "every": "every neuron at its place",
}


@dataclass(frozen=True, slots=True)
class Trained:
    """One twin after training: on what, with which head, and the parts that it names rightly."""

    twin: str
    formula: str
    weights: int
    parameters: int
    head: Head
    trained_on: str
    training: float
    centred: float
    shifted: float


@dataclass(frozen=True, slots=True)
class Drift:
    """One weight and its unshared copies, which start equal: after some updates they are apart.

    ``term_least`` and ``term_most`` are the copies' own gradients in the first step, ``terms_sum`` is their sum, which
    is the shared weight's ``gradient``. ``spread`` is the copies' largest value less their smallest, after each update.
    """

    weight: tuple[int, ...]
    copies: int
    gradient: float
    terms_sum: float
    term_least: float
    term_most: float
    spread: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Lab:
    """What the lab measured."""

    seed: int
    digits_trained: int
    digits_tested: int
    rows: tuple[Trained, ...]
    drift: Drift

    def to_dict(self) -> dict[str, Any]:
        """The result as JSON knows it."""
        names = ("twin", "formula", "weights", "parameters", "head", "trained_on", "training", "centred", "shifted")
        drift = self.drift
        return {
            "seed": self.seed,
            "digits": {"trained": self.digits_trained, "tested": self.digits_tested},
            "rows": [{name: getattr(row, name) for name in names} for row in self.rows],
            "drift": {
                "weight": list(drift.weight),
                "copies": drift.copies,
                "gradient": drift.gradient,
                "terms": {"sum": drift.terms_sum, "min": drift.term_least, "max": drift.term_most},
                "spread": list(drift.spread),
            },
        }


def run_lab(
    images: NDArray[np.uint8], labels: NDArray[np.uint8], seed: int = 0, said: Callable[[str], None] = lambda _: None
) -> Lab:
    """Train the three twins. ``images`` are (n, 8, 8) with ink from 0 to 16; ``said`` hears of each run before it."""
    data = _data(images, labels, seed)
    wirings = {name: wiring(line, _shapes(shape)) for name, (line, shape) in TWINS.items()}
    rows = []
    for head, on in RUNS:
        for name, layer in wirings.items():
            said(f"{name}, trained on {on} digits")
            rows.append(_trained(name, layer, head, on, data, seed))
    tested = len(data["centred"][1].y)
    return Lab(seed, TRAINED, tested, tuple(rows), _drift(wirings, data["centred"][0], seed))


def _shapes(weight: Shape) -> dict[str, Shape]:
    return {"w": weight, "x": (SIZE, SIZE), "y": (FILTERS, OUT, OUT)}


def _data(images: NDArray[np.uint8], labels: NDArray[np.uint8], seed: int) -> dict[str, tuple[Batch, Batch]]:
    """(training, test) with every digit in the middle of its paper, and with every digit at a place of its own."""
    random = np.random.default_rng(seed)
    order = random.permutation(len(images))
    centred = np.full((len(images), 2), (SIZE - DIGIT) // 2)
    found = {}
    for name, corners in (("centred", centred), ("shifted", random.integers(0, SIZE - DIGIT + 1, centred.shape))):
        paper = np.zeros((len(images), SIZE, SIZE), np.float32)
        for sheet, image, (top, left) in zip(paper, images[order], corners, strict=True):
            sheet[top : top + DIGIT, left : left + DIGIT] = image / 16
        whole = Batch(paper.reshape(len(paper), -1), labels[order].astype(np.int64))
        found[name] = whole.rows(slice(TRAINED)), whole.rows(slice(TRAINED, None))
    return found


def _trained(
    name: str, layer: Wiring, head: Head, on: str, data: Mapping[str, tuple[Batch, Batch]], seed: int
) -> Trained:
    random = np.random.default_rng(seed)
    network, step, training = Network.made(layer, head, random), Step(RATE), data[on][0]
    for _ in range(EPOCHS):
        order = random.permutation(TRAINED)
        for start in range(0, TRAINED, BATCH):
            step.take(network.parameters, network.gradients(training.rows(order[start : start + BATCH])))
    every = sum(part.size for part in network.parameters)
    right = (network.accuracy(batch) for batch in (training, data["centred"][1], data["shifted"][1]))
    return Trained(name, layer.formula, layer.weights, every, head, on, *right)


def _drift(wirings: Mapping[str, Wiring], training: Batch, seed: int) -> Drift:
    """The locally connected twin, started as copies of the shared one's weights."""
    shared, local = wirings["shared"], wirings["locally connected"]
    network = Network.made(shared, "largest", np.random.default_rng(seed))
    place = (0, WINDOW // 2, WINDOW // 2)
    number = int(np.ravel_multi_index(place, TWINS["shared"][1]))
    orders = [np.lexsort((one.places[2], one.places[0])) for one in (shared, local)]
    owner = np.zeros(local.weights, np.int64)
    owner[local.places[1][orders[1]]] = shared.places[1][orders[0]]  # the same neuron, the same input
    copies = np.flatnonzero(owner == number)
    start = tuple(part.copy() for part in (network.bias, network.out, network.out_bias))
    apart = Network(local, "largest", network.weights[owner], *start)
    step, spread = Step(RATE), []
    batches = [training.rows(slice(at, at + BATCH)) for at in range(0, 10 * BATCH, BATCH) if at < TRAINED]
    terms = apart.gradients(batches[0])[0][copies].astype(np.float64)
    whole = float(network.gradients(batches[0])[0][number])
    for batch in batches:
        step.take(apart.parameters, apart.gradients(batch))
        values = apart.weights[copies]
        spread.append(float(values.max() - values.min()))
    return Drift(place, len(copies), whole, float(terms.sum()), float(terms.min()), float(terms.max()), tuple(spread))
