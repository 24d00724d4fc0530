"""What happens inside an operation: the sums in a recurrent one's gates and its states, step by step, by their names.

The operation itself gives none of these. ``torch`` is given by the one file that imports it. A quantity inside is
called ``output/what``, by the first output of the operation: ``lstm_1.0/gates``. In a stack the layers before the last
one have an output inside as well: ``lstm_1.0/layer 0``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

__all__ = ["INSIDE", "Inside"]

Step = Callable[..., tuple[Any, ...]]


@dataclass(slots=True, eq=False)
class Inside:
    """Quantities inside an operation; ``probes`` are zeros that were added to sums: their gradient is the sum's."""

    torch: Any
    outputs: list[Any] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)
    probes: dict[str, Any] = field(default_factory=dict)

    def probe(self, name: str, shape: Sequence[int], like: Any) -> Any:
        """Zeros to be added to a sum."""
        self.probes[name] = self.torch.zeros(shape, dtype=like.dtype, requires_grad=self.torch.is_grad_enabled())
        return self.probes[name]


def _activation(torch: Any, kind: str) -> Callable[[Any], Any]:
    return torch.relu if "relu" in kind else torch.tanh  # type: ignore[no-any-return]


def _step(torch: Any, kind: str, x: Any, h: Any, states: Sequence[Any]) -> tuple[Any, ...]:
    """One step from what the input and what the state give: the new states, the one that is given out first."""
    if kind.startswith("lstm"):
        i, f, g, o = (x + h).chunk(4, -1)
        cell = torch.sigmoid(f) * states[1] + torch.sigmoid(i) * torch.tanh(g)
        return torch.sigmoid(o) * torch.tanh(cell), cell
    if kind.startswith("gru"):
        (xr, xz, xn), (hr, hz, hn) = x.chunk(3, -1), h.chunk(3, -1)
        update = torch.sigmoid(xz + hz)
        fresh = torch.tanh(xn + torch.sigmoid(xr + hr) * hn)
        return ((1 - update) * fresh + update * states[0],)
    return (_activation(torch, kind)(x + h),)


def _cell(torch: Any, kind: str, given: Mapping[str, Any], first: str) -> Inside | None:
    found = Inside(torch)
    states = given["hx"] if isinstance(given["hx"], list) else [given["hx"]]
    linear = torch.nn.functional.linear
    x = linear(given["input"], given["w_ih"], given.get("b_ih"))
    h = linear(states[0], given["w_hh"], given.get("b_hh"))
    if kind.startswith("gru"):
        x, h = _probed(found, f"{first}/input gates", x), _probed(found, f"{first}/recurrent gates", h)
    else:
        x = _probed(found, f"{first}/gates", x, h)
    found.outputs = list(_step(torch, kind, x, h, states))
    return found


def _probed(found: Inside, name: str, value: Any, rest: Any = None) -> Any:
    found.values[name] = value if rest is None else value + rest
    return value + found.probe(name, value.shape, value)


def _sequence(torch: Any, kind: str, given: Mapping[str, Any], first: str) -> Inside | None:
    """A stack of layers over time; None where layers drop something between them, by chance."""
    x, states = given["input"], given["hx"] if isinstance(given["hx"], list) else [given["hx"]]
    count, ways = given["num_layers"], 2 if given["bidirectional"] else 1
    if given.get("train") and given.get("dropout") and count > 1:
        return None
    found, early = Inside(torch), given.get("batch_first", False)
    flat = x.dim() == 2
    if flat:
        x, states = x.unsqueeze(0 if early else 1), [state.unsqueeze(1) for state in states]
        found.values[f"{first}/batched"] = found.probes[f"{first}/batched"] = x
    x = x.transpose(0, 1) if early else x
    each = len(given["params"]) // (count * ways)
    ends: list[list[Any]] = [[] for _ in states]
    for layer in range(count):
        name = first if layer == count - 1 and not flat else f"{first}/layer {layer}"
        sides = []
        for way in range(ways):
            at = layer * ways + way
            start = [state[at] for state in states]
            params = given["params"][at * each : (at + 1) * each]
            out, last = _through(found, kind, x, start, params, given["has_biases"], bool(way), name, early)
            sides.append(out)
            for end, value in zip(ends, last, strict=True):
                end.append(value)
        x = torch.cat(sides, -1)
        if name != first:
            found.values[name] = _turned(x, early)
            found.probes[name] = found.values[name]
    found.outputs = [_turned(x, early), *(torch.stack(end) for end in ends)]
    if flat:
        found.outputs = [found.outputs[0].squeeze(0 if early else 1), *(end.squeeze(1) for end in found.outputs[1:])]
    return found


def _embedding(torch: Any, kind: str, given: Mapping[str, Any], first: str) -> Inside:
    """What is looked up once, where all samples look up the same rows."""
    found, ids = Inside(torch), given["indices"]
    one = _probed(found, f"{first}/of one sample", torch.nn.functional.embedding(ids[:1], given["weight"]))
    found.outputs = [one.expand(len(ids), *one.shape[1:])]
    return found


def _bilinear(torch: Any, kind: str, given: Mapping[str, Any], first: str) -> Inside:
    """The products before the bias is added."""
    found = Inside(torch)
    plain = torch.nn.functional.bilinear(given["input1"], given["input2"], given["weight"])
    products = _probed(found, f"{first}/products", plain)
    found.outputs = [products if given.get("bias") is None else products + given["bias"]]
    return found


def _turned(value: Any, early: bool) -> Any:
    return value.transpose(0, 1) if early else value


def _through(
    found: Inside, kind: str, x: Any, states: Sequence[Any], params: Sequence[Any], biased: bool, reverse: bool,
    name: str, early: bool,
) -> tuple[Any, Sequence[Any]]:  # fmt: skip
    """One direction of one layer: what it gives at every step, and its last states."""
    torch, front = found.torch, f"{name}/reverse " if reverse else f"{name}/"
    linear = torch.nn.functional.linear
    w, r, *rest = params
    b, b2 = rest[:2] if biased else (None, None)
    projection = rest[-1] if len(rest) > (2 if biased else 0) else None
    time = len(x)
    wide = linear(x, w, b)
    names = ["input gates", "recurrent gates"] if kind.startswith("gru") else ["gates"]
    shape = _turned(wide, early).shape
    probes = [_turned(found.probe(front + one, shape, wide), early) for one in names]
    sums: list[list[Any]] = [[None] * time for _ in names]
    before, inside, reduced, read = ([None] * time for _ in range(4))
    if projection is not None:
        size = _turned(wide[..., : len(projection)], early).shape
        projected = _turned(found.probe(f"{front}projection", size, wide), early)
    for t in reversed(range(time)) if reverse else range(time):
        before[t] = states[0]
        own, from_state = wide[t], linear(states[0], r, b2)
        if len(names) == 2:
            sums[0][t], sums[1][t] = own, from_state
            states = _step(torch, kind, own + probes[0][t], from_state + probes[1][t], states)
        else:
            sums[0][t] = own + from_state
            states = _step(torch, kind, own + probes[0][t], from_state, states)
        if projection is not None:
            inside[t], reduced[t] = states[0], linear(states[0], projection)
            states = (reduced[t] + projected[t], *states[1:])
        read[t] = states[0]
    for one, some in zip(names, sums, strict=True):
        found.values[front + one] = _turned(torch.stack(some), early)
    row = [*read, before[-1]] if reverse else [before[0], *read]
    found.values[front + "hidden state"] = _turned(torch.stack(row), early)
    if projection is not None:
        found.values[front + "cell output"] = _turned(torch.stack(inside), early)
        found.values[front + "projection"] = _turned(torch.stack(reduced), early)
    return torch.stack(read), states


INSIDE: Mapping[str, Callable[[Any, str, Mapping[str, Any], str], Inside | None]] = {
    "aten.lstm.input": _sequence,
    "aten.gru.input": _sequence,
    "aten.rnn_tanh.input": _sequence,
    "aten.rnn_relu.input": _sequence,
    "aten.lstm_cell.default": _cell,
    "aten.gru_cell.default": _cell,
    "aten.rnn_tanh_cell.default": _cell,
    "aten.rnn_relu_cell.default": _cell,
    "aten.embedding.default": _embedding,
    "aten.bilinear.default": _bilinear,
}
"""The operations whose inside can be followed."""
