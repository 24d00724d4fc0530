"""Recurrent layers and cells on random configurations: the sums in their gates, put through the gates, are PyTorch's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from isochrome.core.evaluate import evaluate
from isochrome.layers import KINDS
from tests.laws.strategies import laws

torch.set_num_threads(1)
Array = np.ndarray[Any, Any]
GATES = {"lstm": 4, "gru": 3, "rnn": 1}


def _sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


def after(kind: str, of_x: Array, of_h: Array, h: Array, c: Array) -> tuple[Array, Array]:
    """The state after a step, from what the input and the state before it add up to in the gates."""
    if kind == "rnn":
        return np.tanh(of_x + of_h), c
    parts, others = np.split(of_x, GATES[kind], -1), np.split(of_h, GATES[kind], -1)
    if kind == "gru":
        r, z = (_sigmoid(parts[at] + others[at]) for at in (0, 1))
        return (1 - z) * np.tanh(parts[2] + r * others[2]) + z * h, c
    i, f, g, o = (one + other for one, other in zip(parts, others, strict=True))
    c = _sigmoid(f) * c + _sigmoid(i) * np.tanh(g)
    return _sigmoid(o) * np.tanh(c), c


def gates(operation: Any, arrays: Mapping[str, Array], front: str, kind: str, h: Array) -> tuple[Array, Array]:
    """What the lines inside a layer add up to: from the input, and from the state."""
    totals: list[Any] = [0.0, 0.0]
    for line in operation.lines:
        names = ("input gates", "recurrent gates") if kind == "gru" else ("gates", "gates")
        if not line.inner or line.output not in (front + names[0], front + names[1]):
            continue
        operands = dict(line.operands)
        made = {name: h if operand in ("hidden", "h") else arrays[operand] for name, operand in operands.items()}
        from isochrome.core.relation import relation

        found = evaluate(relation(line.formula, dict(line.shapes), {}, frozenset(made) - {"w", "b"}), made)
        state = operands.get("h") is not None or operands.get("b", "").startswith("b2")
        totals[state] = totals[state] + line.scale * found
    return totals[0], totals[1]


@laws
@given(st.data())
def test_a_recurrent_layer_adds_up_in_its_gates(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(list(GATES)))
    time, batch, i, size = (data.draw(st.integers(1, 4)) for _ in range(4))
    both, first, biased = (data.draw(st.booleans()) for _ in range(3))
    rows = GATES[kind] * size
    shapes = {"w": (rows, i), "r": (rows, size)} | ({"b": (rows,), "b2": (rows,)} if biased else {})
    ways = 2 if both else 1
    params = [{name: torch.randn(shape, dtype=torch.float64) for name, shape in shapes.items()} for _ in range(ways)]
    x = torch.randn((batch, time, i) if first else (time, batch, i), dtype=torch.float64)
    start = [torch.randn((ways, batch, size), dtype=torch.float64) for _ in range(1 + (kind == "lstm"))]
    flat = [one[name] for one in params for name in shapes]
    called = {"lstm": torch.lstm, "gru": torch.gru, "rnn": torch.rnn_tanh}[kind]
    state: Any = tuple(start) if kind == "lstm" else start[0]
    y = called(x, state, flat, biased, 1, 0.0, False, both, first)[0].numpy()
    operation = KINDS["sequence"](kind=kind, x=tuple(x.shape), directions=(False, True)[:ways], batch_first=first, **shapes)
    arrays = {"x": x.numpy()} | {name + (" reverse" if way else ""): value.numpy()
                                 for way, one in enumerate(params) for name, value in one.items()}  # fmt: skip
    for way in range(ways):
        mine = np.moveaxis(y[..., way * size : (way + 1) * size], 1, 0) if first else y[..., way * size : (way + 1) * size]
        begin = start[0][way].numpy()[None]
        h = np.concatenate([mine, begin] if way else [begin, mine])
        found = gates(operation, arrays, "reverse " if way else "", kind, np.moveaxis(h, 0, 1) if first else h)
        of_x, of_h = (np.broadcast_to(np.moveaxis(one, 1, 0) if first and np.ndim(one) else one, (time, batch, rows)) for one in found)
        c = start[1][way].numpy() if kind == "lstm" else begin[0]
        for step in reversed(range(time)) if way else range(time):
            before = h[step + 1] if way else h[step]
            made, c = after(kind, of_x[step], of_h[step], before, c)
            np.testing.assert_allclose(made, mine[step], 1e-6, 1e-6)


@laws
@given(st.data())
def test_a_cell_adds_up_in_its_gates(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(list(GATES)))
    batch, i, size = (data.draw(st.integers(1, 4)) for _ in range(3))
    rows = GATES[kind] * size
    shapes = {"x": (batch, i), "w": (rows, i), "r": (rows, size), "h": (batch, size), "b": (rows,), "b2": (rows,)}
    if kind == "lstm":
        shapes["c"] = (batch, size)
    t = {name: torch.randn(shape, dtype=torch.float64) for name, shape in shapes.items()}
    called = {"lstm": torch.lstm_cell, "gru": torch.gru_cell, "rnn": torch.rnn_tanh_cell}[kind]
    state = (t["h"], t["c"]) if kind == "lstm" else t["h"]
    wanted = called(t["x"], state, t["w"], t["r"], t["b"], t["b2"])
    operation = KINDS[f"{kind} cell"](**shapes)
    arrays = {name: value.numpy() for name, value in t.items()}
    found = gates(operation, arrays, "", kind, arrays["h"])
    h, c = after(kind, found[0], found[1], arrays["h"], arrays.get("c", arrays["h"]))
    np.testing.assert_allclose(h, (wanted[0] if kind == "lstm" else wanted).numpy(), 1e-6, 1e-6)
    if kind == "lstm":
        np.testing.assert_allclose(c, wanted[1].numpy(), 1e-6, 1e-6)
