"""Recurrent layers run in NumPy: every inner quantity and state of ONNX's LSTM, GRU and RNN, in both layouts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from tests.conformance.graphs import Array

GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}


@dataclass(frozen=True)
class Recurrence:
    """One node: its kind and attributes, and the names of its tensors ('' where it has none)."""

    kind: str
    direction: str
    names: Mapping[str, str]
    batch_first: bool = False
    linear: bool = False
    coupled: bool = False

    def __call__(self, tensors: Mapping[str, Array]) -> dict[str, Array]:
        """Sums inside the gates, rows of the states, and the outputs Y, Y_h, Y_c; laid out as the node lays them."""
        given = {key: np.asarray(tensors[name], np.float64) for key, name in self.names.items() if name}
        x = np.swapaxes(given["x"], 0, 1) if self.batch_first else given["x"]
        starts = {key: np.swapaxes(given[key], 0, 1) if self.batch_first else given[key]
                  for key in ("h0", "c0") if key in given}  # fmt: skip
        backwards = {"forward": (False,), "reverse": (True,), "bidirectional": (False, True)}[self.direction]
        made = [self._direction(d, reverse, x, starts, given) for d, reverse in enumerate(backwards)]
        found = {key: np.stack([one[key] for one in made], 1) for key in made[0]}
        time, ends = len(x), {}
        for key, name in (("hidden state", "Y_h"), ("cell state", "Y_c")):
            ends[name] = np.stack([found[key][0 if r else time, d] for d, r in enumerate(backwards)])
        found["Y"] = np.stack([found["hidden state"][:-1, d] if r else found["hidden state"][1:, d]
                               for d, r in enumerate(backwards)], 1)  # fmt: skip
        if self.batch_first:
            found = {key: np.moveaxis(array, 2, 0) for key, array in found.items()}
            ends = {key: np.swapaxes(array, 0, 1) for key, array in ends.items()}
        return found | ends

    def _direction(
        self, d: int, reverse: bool, x: Array, starts: Mapping[str, Array], given: Mapping[str, Array]
    ) -> dict[str, Array]:
        time, batch, size = len(x), x.shape[1], given["r"].shape[2]
        rows = GATES[self.kind] * size
        first = time if reverse else 0
        found = {key: np.zeros((time + 1, batch, size)) for key in ("hidden state", "cell state", "reset state")}
        found |= {key: np.zeros((time, batch, rows)) for key in ("gates", "input gates", "recurrent gates")}
        found["hidden state"][first] = starts["h0"][d] if "h0" in starts else 0
        found["cell state"][first] = starts["c0"][d] if "c0" in starts else 0
        for t in reversed(range(time)) if reverse else range(time):
            before, after = (t + 1, t) if reverse else (t, t + 1)
            _STEPS[self.kind](self, found, _Step(d, t, before, after, x[t], given))
        return found


@dataclass(frozen=True)
class _Step:
    direction: int
    time: int
    before: int
    after: int
    x: Array
    given: Mapping[str, Array]

    def from_input(self) -> Array:
        return np.asarray(self.x @ self.given["w"][self.direction].T)

    def from_state(self, state: Array) -> Array:
        return np.asarray(state @ self.given["r"][self.direction].T)

    def biases(self, rows: int) -> tuple[Array, Array]:
        both = self.given["b"][self.direction] if "b" in self.given else np.zeros(2 * rows)
        return both[:rows], both[rows:]

    def peephole(self, gate: int, size: int) -> Array:
        every = self.given["p"][self.direction] if "p" in self.given else np.zeros(3 * size)
        return every[gate * size : (gate + 1) * size]


def sigmoid(value: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-value)))


def _rnn(_: Recurrence, found: dict[str, Any], at: _Step) -> None:
    state = found["hidden state"]
    gates = at.from_input() + at.from_state(state[at.before]) + sum(at.biases(state.shape[-1]))
    found["gates"][at.time] = gates
    state[at.after] = np.tanh(gates)


def _gru(node: Recurrence, found: dict[str, Any], at: _Step) -> None:
    state, size = found["hidden state"], found["hidden state"].shape[-1]
    w_bias, r_bias = at.biases(3 * size)
    outer, inner = at.from_input() + w_bias, at.from_state(state[at.before]) + r_bias
    update, reset = sigmoid((outer + inner)[:, :size]), sigmoid((outer + inner)[:, size : 2 * size])
    found["reset state"][at.before] = reset * state[at.before]
    if node.linear:
        candidate = np.tanh(outer[:, 2 * size :] + reset * inner[:, 2 * size :])
    else:
        inner[:, 2 * size :] = (at.from_state(reset * state[at.before]) + r_bias)[:, 2 * size :]
        candidate = np.tanh(outer[:, 2 * size :] + inner[:, 2 * size :])
    found["input gates"][at.time], found["recurrent gates"][at.time] = outer, inner
    state[at.after] = (1 - update) * candidate + update * state[at.before]


def _lstm(node: Recurrence, found: dict[str, Any], at: _Step) -> None:
    state, cell, size = found["hidden state"], found["cell state"], found["hidden state"].shape[-1]
    gates = at.from_input() + at.from_state(state[at.before]) + sum(at.biases(4 * size))
    gates[:, :size] += at.peephole(0, size) * cell[at.before]
    gates[:, 2 * size : 3 * size] += at.peephole(2, size) * cell[at.before]
    i, _, f, c = np.split(gates, 4, 1)
    forget = 1 - sigmoid(i) if node.coupled else sigmoid(f)
    cell[at.after] = forget * cell[at.before] + sigmoid(i) * np.tanh(c)
    gates[:, size : 2 * size] += at.peephole(1, size) * cell[at.after]
    if node.coupled:
        gates[:, 2 * size : 3 * size] = 0
    found["gates"][at.time] = gates
    state[at.after] = sigmoid(gates[:, size : 2 * size]) * np.tanh(cell[at.after])


_STEPS = {"LSTM": _lstm, "GRU": _gru, "RNN": _rnn}
