"""Recurrent kinds: the recurrence run in NumPy on the gates that the lines make, against onnxruntime."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from isochrome.layers import Operation
from isochrome.layers.recurrent import gru, lstm, rnn
from tests.layers.brute import Array, close, depends, evaluate, laws, numbers, reaches, run

DIRECTIONS = ("forward", "reverse", "bidirectional")


@st.composite
def cases(draw: st.DrawFn) -> dict[str, Any]:
    return {
        "time": draw(st.integers(1, 4)), "batch": draw(st.integers(1, 3)), "inputs": draw(st.integers(1, 3)),
        "hidden": draw(st.integers(1, 3)), "direction": draw(st.sampled_from(DIRECTIONS)),
        "bias": draw(st.booleans()), "start": draw(st.booleans()), "seed": draw(st.integers(0, 99)),
        "batch_first": draw(st.booleans()),
    }  # fmt: skip


def operands(case: dict[str, Any], gates: int) -> dict[str, Array | None]:
    """Arrays in the layout of onnxruntime, which knows only the one with time first."""
    count, size, seed = 1 + (case["direction"] == "bidirectional"), case["hidden"], case["seed"]
    return {
        "x": numbers(seed, case["time"], case["batch"], case["inputs"]),
        "w": numbers(seed + 1, count, gates * size, case["inputs"]),
        "r": numbers(seed + 2, count, gates * size, size),
        "b": numbers(seed + 3, count, 2 * gates * size) if case["bias"] else None,
        "h0": numbers(seed + 4, count, case["batch"], size) if case["start"] else None,
    }


def swapped(name: str, array: Array, batch_first: bool) -> Array:
    """The same array as the batch-first layout holds it, or back."""
    if not batch_first or name in "wrbp":
        return array
    if name == "y":
        return np.moveaxis(array, 2, 0)
    return np.swapaxes(array, 0, 1)


def shapes(given_: dict[str, Array | None], batch_first: bool) -> dict[str, Any]:
    return {name: swapped(name, array, batch_first).shape for name, array in given_.items() if array is not None}


def sums(made: Operation, name: str, arrays: dict[str, Array], batch_first: bool, reset: Array | None = None) -> Array:
    """An inner quantity, time first."""
    total: Any = 0.0
    for line in made.lines:
        if line.inner and line.output == name:
            state = arrays["hidden"] if line.of != "reset state" or reset is None else reset
            held = arrays | {"hidden": state}
            laid = {key: swapped("y" if key in ("hidden", "cell") else key, array, batch_first)
                    for key, array in held.items()}  # fmt: skip
            total = total + evaluate(line, laid)
    return np.moveaxis(total, 0, 2) if batch_first else np.asarray(total)


def sigmoid(value: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-value)))


def states(case: dict[str, Any], start: Array | None) -> Array:
    """Rows of the state, none of them known but the initial one."""
    count = 1 + (case["direction"] == "bidirectional")
    rows = np.full((case["time"] + 1, count, case["batch"], case["hidden"]), 0.0)
    for number in range(count):
        if start is not None:
            rows[-1 if backwards(case, number) else 0, number] = start[number]
    return rows


def backwards(case: dict[str, Any], number: int) -> bool:
    return case["direction"] == "reverse" or number == 1


def walk(case: dict[str, Any]) -> list[tuple[int, int, int, int]]:
    """Direction, step, row of the state before, row after; in the order of computation."""
    found = []
    for number in range(1 + (case["direction"] == "bidirectional")):
        for step in range(case["time"]):
            if backwards(case, number):
                at = case["time"] - 1 - step
                found.append((number, at, at + 1, at))
            else:
                found.append((number, step, step, step + 1))
    return found


def final(case: dict[str, Any], rows: Array) -> tuple[Array, Array]:
    """Y and Y_h out of the rows of the state."""
    y = [rows[:-1, d] if backwards(case, d) else rows[1:, d] for d in range(rows.shape[1])]
    last = [rows[0, d] if backwards(case, d) else rows[-1, d] for d in range(rows.shape[1])]
    return np.stack(y, 1), np.stack(last)


def check(made: Operation, case: dict[str, Any], found: list[Array], wanted: list[Array]) -> None:
    for ours, theirs, shape, name in zip(found, wanted, made.outputs, ("y", "h", "c")[: len(wanted)], strict=True):
        close(ours, theirs, 1e-3)
        assert shape == swapped(name, theirs, case["batch_first"]).shape


def common(case: dict[str, Any]) -> dict[str, Any]:
    return {"hidden": case["hidden"], "direction": case["direction"], "layout": int(case["batch_first"])}


@laws
@given(cases())
def test_rnn(case: dict[str, Any]) -> None:
    arrays = operands(case, 1)
    made = rnn(**shapes(arrays, case["batch_first"]), **common(case))
    rows = states(case, arrays["h0"])
    held: dict[str, Any] = {key: array for key, array in arrays.items() if array is not None} | {"hidden": rows}
    for d, t, _, after in walk(case):
        rows[after, d] = np.tanh(sums(made, "gates", held, case["batch_first"])[t, d])
    wanted = run("RNN", [*[arrays[key] for key in "xwrb"], None, arrays["h0"]], 2, direction=case["direction"],
                 hidden_size=case["hidden"])  # fmt: skip
    check(made, case, list(final(case, rows)), wanted)


@laws
@given(cases(), st.booleans())
def test_gru(case: dict[str, Any], linear: bool) -> None:
    arrays, size = operands(case, 3), case["hidden"]
    made = gru(**shapes(arrays, case["batch_first"]), **common(case), linear_before_reset=linear)
    rows = states(case, arrays["h0"])
    held: dict[str, Any] = {key: array for key, array in arrays.items() if array is not None} | {"hidden": rows}
    given_ = sums(made, "input gates", held, case["batch_first"])
    for d, t, before, after in walk(case):
        state = sums(made, "recurrent gates", held, case["batch_first"])[t, d]
        update = sigmoid(given_[t, d, :, :size] + state[:, :size])
        reset = sigmoid(given_[t, d, :, size : 2 * size] + state[:, size : 2 * size])
        if linear:
            candidate = np.tanh(given_[t, d, :, 2 * size :] + reset * state[:, 2 * size :])
        else:
            kept = rows.copy()
            kept[before, d] *= reset
            state = sums(made, "recurrent gates", held, case["batch_first"], kept)[t, d]
            candidate = np.tanh(given_[t, d, :, 2 * size :] + state[:, 2 * size :])
        rows[after, d] = (1 - update) * candidate + update * rows[before, d]
    wanted = run("GRU", [*[arrays[key] for key in "xwrb"], None, arrays["h0"]], 2, direction=case["direction"],
                 hidden_size=size, linear_before_reset=int(linear))  # fmt: skip
    check(made, case, list(final(case, rows)), wanted)


@laws
@given(cases(), st.booleans(), st.booleans())
def test_lstm(case: dict[str, Any], peepholes: bool, coupled: bool) -> None:
    arrays, size = operands(case, 4), case["hidden"]
    count = len(states(case, None)[0])
    arrays["c0"] = numbers(case["seed"] + 5, count, case["batch"], size) if case["start"] else None
    arrays["p"] = numbers(case["seed"] + 6, count, 3 * size) if peepholes else None
    made = lstm(**shapes(arrays, case["batch_first"]), **common(case), input_forget=coupled)
    rows, cells = states(case, arrays["h0"]), states(case, arrays["c0"])
    held: dict[str, Any] = {key: array for key, array in arrays.items() if array is not None}
    held |= {"hidden": rows, "cell": cells}
    for d, t, before, after in walk(case):
        i, _, f, c = np.split(sums(made, "gates", held, case["batch_first"])[t, d], 4, -1)
        forget = 1 - sigmoid(i) if coupled else sigmoid(f)
        cells[after, d] = forget * cells[before, d] + sigmoid(i) * np.tanh(c)
        output = sums(made, "gates", held, case["batch_first"])[t, d, :, size : 2 * size]
        rows[after, d] = sigmoid(output) * np.tanh(cells[after, d])
    wanted = run("LSTM", [*[arrays[key] for key in "xwrb"], None, *[arrays[key] for key in ("h0", "c0", "p")]], 3,
                 direction=case["direction"], hidden_size=size, input_forget=int(coupled))  # fmt: skip
    check(made, case, [*final(case, rows), final(case, cells)[1]], wanted)


@laws
@given(cases(), st.sampled_from(["LSTM", "GRU", "RNN"]))
def test_reach_is_what_changes(case: dict[str, Any], kind: str) -> None:
    case |= {"batch_first": False, "start": True, "bias": False}
    gates, function = {"LSTM": (4, lstm), "GRU": (3, gru), "RNN": (1, rnn)}[kind]
    arrays = operands(case, gates)
    for name in ("w", "r", "x", "h0"):
        arrays[name] = np.float32(0.3) + np.abs(numbers(case["seed"], *np.shape(arrays[name]))) / 20
    if kind == "LSTM":
        arrays["c0"] = arrays["h0"]
    made = function(**shapes(arrays, False), **common(case))  # type: ignore[operator]
    outputs = 3 if kind == "LSTM" else 2
    for operand in ("x", "h0", "c0"):
        if operand not in arrays:
            continue
        for number in range(outputs):

            def result(changed: Array, operand: str = operand, number: int = number) -> Array:
                now = arrays | {operand: changed}
                rest = [now[key] for key in ("h0", "c0") if key in now]
                inputs = [*[now[key] for key in "xwrb"], None, *rest]
                return run(kind, inputs, outputs, direction=case["direction"], hidden_size=case["hidden"])[number]

            first = arrays[operand]
            assert first is not None
            name = f"y{number + 1}" if number else "y"
            assert np.array_equal(reaches(made, operand, name), depends(result, first.shape)), (operand, name)


def test_lengths_that_differ_are_said() -> None:
    sizes: dict[str, Any] = {"x": (5, 2, 3), "w": (1, 4, 3), "r": (1, 4, 4), "lengths": (2,)}

    def reasons(**more: Any) -> set[str]:
        return {line.depends for line in rnn(**sizes, **more).lines}

    assert reasons() == {"the lengths of the sequences are data"}
    assert reasons(lengths_known=(5, 3)) == {"each sequence has a length of its own"}
    assert reasons(lengths_known=(5, 5)) == {""}


def test_lines_read_as_the_documents_write_them() -> None:
    made = gru(x=(5, 2, 3), w=(2, 12, 3), r=(2, 12, 4), b=(2, 24), direction="bidirectional")
    assert [(line.output, str(line.formula), line.of) for line in made.lines if line.inner][5:] == [
        ("input gates", "y[t, 1, n, r] += w[1, r, i] * x[t, n, i]", ""),
        ("recurrent gates", "y[t, 1, n, r] += w[1, r, j] * h[t + 1, 1, n, j] where r < 8", "hidden state"),
        ("recurrent gates", "y[t, 1, n, r + 8] += w[1, r + 8, j] * h[t + 1, 1, n, j] where r < 4", "reset state"),
        ("input gates", "y[t, 1, n, r] += b[1, r] where r < 12", ""),
        ("recurrent gates", "y[t, 1, n, r] += b[1, r + 12] where r < 12", ""),
    ]
    made = lstm(x=(2, 5, 3), w=(1, 16, 3), r=(1, 16, 4), layout=1)
    assert [str(line.formula) for line in made.lines] == [
        "y[n, t, 0, r] += w[0, r, i] * x[n, t, i]",
        "y[n, t, 0, r] += w[0, r, j] * h[n, t, 0, j] where t < 5",
        "y[n, t, 0, r] += x[n, s, i] where 0 <= t - s < 5",
        "y[n, 0, r] += x[n, s, i]",
        "y[n, 0, r] += x[n, s, i]",
    ]
