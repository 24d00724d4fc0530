"""A layer of any formula, trained: its connections as a matrix, in which a weight stands wherever it is used.

The formula is all that tells one layer from another. Forward, the weights are written into the matrix (neurons by
inputs). Backward, the matrix's gradient is added up over the uses of each weight: that sum *is* sharing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod, sqrt
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from isochrome.core.relation import relation
from isochrome.core.sizes import Shape

__all__ = ["Batch", "Head", "Network", "Step", "Wiring", "wiring"]

Numbers = NDArray[np.float32]
Head = Literal["largest", "every"]
CLASSES = 10


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Images, one a row, and what each of them is."""

    x: Numbers
    y: NDArray[np.int64]

    def rows(self, which: Any) -> Batch:
        """Some of them."""
        return Batch(self.x[which], self.y[which])


@dataclass(frozen=True, slots=True, eq=False)
class Wiring:
    """The connections of a formula: the neuron, the input and the weight of each, as flat numbers.

    >>> wiring("y[m, p] += w[m, u] * x[p + u]", {"w": (2, 3), "x": (5,)}).uses.tolist()
    [3, 3, 3, 3, 3, 3]
    """

    formula: str
    filters: int
    neurons: int
    inputs: int
    weights: int
    places: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]

    @property
    def uses(self) -> NDArray[np.int64]:
        """How often each weight is used."""
        return np.bincount(self.places[1], minlength=self.weights)

    def matrix(self, weights: Numbers) -> Numbers:
        """The layer as a matrix, neurons by inputs."""
        found = np.zeros((self.neurons, self.inputs), np.float32)
        found[self.places[0], self.places[2]] = weights[self.places[1]]
        return found

    def gradient(self, matrix: Numbers) -> Numbers:
        """The gradient of each weight: what its uses say, added up."""
        said = matrix[self.places[0], self.places[2]]
        return np.bincount(self.places[1], said, self.weights).astype(np.float32)


def wiring(formula: str, shapes: Mapping[str, Shape]) -> Wiring:
    """The connections of ``y[m, ...] += w[...] * x[...]``; two of one neuron must not read one input."""
    found = relation(formula, shapes)
    y, w, x = (
        np.ravel_multi_index(tuple(places.T), shape)
        for places, shape in zip(found.everything.places(), found.shapes, strict=True)
    )
    counts = [prod(shape) for shape in found.shapes]
    return Wiring(formula, found.shapes[0][0], counts[0], counts[2], counts[1], (y, w, x))


@dataclass(slots=True, eq=False)
class Network:
    """The layer, a bias a filter, relu, and a linear head.

    The head reads the largest neuron of each filter (``largest``), or every neuron (``every``).
    """

    layer: Wiring
    head: Head
    weights: Numbers
    bias: Numbers
    out: Numbers
    out_bias: Numbers

    @classmethod
    def made(cls, layer: Wiring, head: Head, random: np.random.Generator) -> Network:
        """A network with random weights of the usual sizes."""
        features = layer.filters if head == "largest" else layer.neurons
        fan = len(layer.places[0]) / layer.neurons
        weights = random.standard_normal(layer.weights) * sqrt(2 / fan)
        out = random.standard_normal((features, CLASSES)) * sqrt(1 / features)
        numbers = (weights, np.zeros(layer.filters), out, np.zeros(CLASSES))
        return cls(layer, head, *(part.astype(np.float32) for part in numbers))

    @property
    def parameters(self) -> tuple[Numbers, Numbers, Numbers, Numbers]:
        """All that is trained."""
        return self.weights, self.bias, self.out, self.out_bias

    def accuracy(self, batch: Batch) -> float:
        """The part of a batch that it names rightly."""
        return float((self._forward(batch.x)[-1].argmax(axis=1) == batch.y).mean())

    def gradients(self, batch: Batch) -> tuple[Numbers, Numbers, Numbers, Numbers]:
        """The gradient of the mean cross-entropy of a batch, for each of the parameters."""
        sums, features, scores = self._forward(batch.x)
        odds = np.exp(scores - scores.max(axis=1, keepdims=True))
        odds /= odds.sum(axis=1, keepdims=True)
        odds[np.arange(len(batch.y)), batch.y] -= 1
        odds /= len(batch.y)
        back = self._spread(odds @ self.out.T, sums) * (sums > 0)
        matrix = back.reshape(len(batch.y), -1).T @ batch.x
        return self.layer.gradient(matrix), back.sum(axis=(0, 2)), features.T @ odds, odds.sum(axis=0)

    def _forward(self, x: Numbers) -> tuple[Numbers, Numbers, Numbers]:
        sums = (x @ self.layer.matrix(self.weights).T).reshape(len(x), self.layer.filters, -1) + self.bias[:, None]
        active = np.maximum(sums, 0)
        features = active.max(axis=2) if self.head == "largest" else active.reshape(len(x), -1)
        return sums, features, features @ self.out + self.out_bias

    def _spread(self, said: Numbers, sums: Numbers) -> Numbers:
        """What the head says of its features, at the neurons that they come from."""
        if self.head == "every":
            return said.reshape(sums.shape)
        found = np.zeros_like(sums)
        np.put_along_axis(found, sums.argmax(axis=2)[..., None], said[..., None], 2)
        return found


@dataclass(slots=True, eq=False)
class Step:
    """Adam (Kingma and Ba, 2015), with its usual constants."""

    rate: float
    count: int = 0
    _moments: tuple[tuple[Numbers, Numbers], ...] = ()

    def take(self, parameters: tuple[Numbers, ...], gradients: tuple[Numbers, ...]) -> None:
        """Change the parameters in place."""
        self._moments = self._moments or tuple((np.zeros_like(one), np.zeros_like(one)) for one in parameters)
        self.count += 1
        for value, gradient, (mean, square) in zip(parameters, gradients, self._moments, strict=True):
            mean += 0.1 * (gradient - mean)
            square += 0.001 * (gradient**2 - square)
            steady = np.sqrt(square / (1 - 0.999**self.count)) + 1e-8
            value -= self.rate * (mean / (1 - 0.9**self.count)) / steady
