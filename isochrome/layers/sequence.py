"""Recurrent layers whose directions lie side by side in the last axis of the output, each with weights of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from isochrome.layers.check import choice, fault, listed, ranked, same_shape
from isochrome.layers.line import Line, Operation, Shape, access, affine, line

__all__ = ["sequence"]

GATES = {"rnn": 1, "gru": 3, "lstm": 4}


@dataclass(frozen=True, slots=True)
class _Layer:
    """Sizes of one layer, and how its places are written."""

    kind: str
    x: Shape
    hidden: int
    state: int
    directions: tuple[bool, ...]
    batch_first: bool

    @property
    def time(self) -> int:
        return self.x[1] if self.batch_first else self.x[0]

    def steps(self, last: int, more: int = 0) -> Shape:
        batch, time = (self.x[0] if self.batch_first else self.x[1]), self.time + more
        return (batch, time, last) if self.batch_first else (time, batch, last)

    def at(self, name: str, time: str, last: str) -> str:
        return access(name, ("n", time) if self.batch_first else (time, "n"), last)

    def end(self, last: int) -> Shape:
        return (len(self.directions), self.x[0] if self.batch_first else self.x[1], last)


def sequence(
    *,
    kind: str,
    x: Shape,
    w: Shape,
    r: Shape,
    b: Shape | None = None,
    b2: Shape | None = None,
    p: Shape | None = None,
    h0: Shape | None = None,
    c0: Shape | None = None,
    directions: Sequence[bool] = (False,),
    batch_first: bool = False,
) -> Operation:
    """A recurrent layer over time: ``lstm``, ``gru`` (the state multiplied before it is reset) or ``rnn``.

    ``directions`` says of each whether it is reversed. The operands ``w r b b2 p`` of the second one are called
    ``w reverse`` and so on. ``p`` projects the state.

    >>> made = sequence(kind="lstm", x=(7, 1, 3), w=(16, 3), r=(16, 4))
    >>> [str(line.formula) for line in made.lines if line.inner]
    ['y[t, n, r] += w[r, i] * x[t, n, i]', 'y[t, n, r] += w[r, j] * h[t, n, j] where t < 7']
    """
    gates = GATES[choice("kind", kind, tuple(GATES))]
    for name, shape, rank in (("x", x, 3), ("w", w, 2), ("r", r, 2)):
        ranked(name, shape, rank, rank)
    size = r[0] // gates
    if size < 1 or r[0] % gates:
        raise fault("r", f"have {gates} rows for each place of the state", f"shape {listed(r)}")
    state = p[0] if p is not None else size
    same_shape("w", w, (gates * size, x[2]))
    same_shape("r", r, (gates * size, state))
    for name, given, wanted in (("b", b, (gates * size,)), ("b2", b2, (gates * size,)), ("p", p, (state, size))):
        if given is not None:
            same_shape(name, given, wanted)
    layer = _Layer(kind, x, size, state, tuple(directions), batch_first)
    for name, given, last in (("h0", h0, state), ("c0", c0, size)):
        if given is not None:
            same_shape(name, given, layer.end(last))
    lines: list[Line] = []
    for number, reverse in enumerate(layer.directions):
        lines += _inside(layer, number, reverse, {"w": w, "r": r, "b": b, "b2": b2, "p": p}, gates * size)
    for number, reverse in enumerate(layer.directions):
        lines += _through_time(layer, number, reverse, h0, c0, p is not None)
    outputs = (layer.steps(state * len(directions)), layer.end(state), layer.end(size))
    return Operation(kind, tuple(lines), outputs if kind == "lstm" else outputs[:2])


def _inside(
    layer: _Layer, number: int, reverse: bool, shapes: Mapping[str, Shape | None], rows: int
) -> list[Line]:
    """What is added up in the gates of one direction, and the projection of its state."""
    tail, front = (" reverse", "reverse ") if number else ("", "")
    of_x, of_h = ("input gates", "recurrent gates") if layer.kind == "gru" else ("gates", "gates")
    y, place = layer.steps(rows), layer.at("y", "t", "r")
    state = {"h": layer.steps(layer.state, 1)}
    before = layer.at("h", "t + 1" if reverse else "t", "j")
    w, r, b, b2, p = (shapes[name] for name in ("w", "r", "b", "b2", "p"))
    assert w is not None and r is not None
    found = [
        line(place, [access("w", "r", "i"), layer.at("x", "t", "i")], {"y": y, "w": w, "x": layer.x},
             {"w": f"w{tail}", "x": "x"}, name=front + of_x, inner=True),
        line(place, [access("w", "r", "j"), before], {"y": y, "w": r, **state},
             {"w": f"r{tail}", "h": "hidden"}, name=front + of_h, inner=True, of="hidden state",
             where=() if reverse else (f"t < {layer.time}",)),
    ]  # fmt: skip
    for bias, operand, name in ((b, "b", of_x), (b2, "b2", of_h)):
        if bias is not None:
            found.append(line(place, [access("b", "r")], {"y": y, "b": bias}, {"b": operand + tail},
                              name=front + name, inner=True))  # fmt: skip
    if p is not None:
        shown = {"y": layer.steps(layer.state), "w": p, "h": layer.steps(layer.hidden)}
        found.append(line(place, [access("w", "r", "j"), layer.at("h", "t", "j")], shown,
                          {"w": f"p{tail}", "h": "hidden"}, name=f"{front}projection", inner=True,
                          of="cell output"))  # fmt: skip
    return found


def _through_time(
    layer: _Layer, number: int, reverse: bool, h0: Shape | None, c0: Shape | None, projected: bool
) -> list[Line]:
    """Who reaches whom: every step reads all steps before it and the initial state."""
    found: list[Line] = []
    guard = f"0 <= {'s - t' if reverse else 't - s'} < {max(layer.time, 1)}"
    alone = affine((1, "r"), offset=layer.state * number)
    for name in ("y", "y2", "y3")[: 3 if layer.kind == "lstm" else 2]:
        last = layer.hidden if name == "y3" else layer.state
        y = layer.steps(layer.state * len(layer.directions)) if name == "y" else layer.end(last)
        place = layer.at("y", "t", alone) if name == "y" else access("y", str(number), "n", "r")
        where = [f"r < {last}"] if name == "y" and len(layer.directions) > 1 else []
        times = [f"t < {layer.time}"] if name == "y" else []

        def far(factor: str, shapes: Mapping[str, Shape], operand: str, more: Sequence[str], at: str = place,
                y: Shape = y, name: str = name) -> None:  # fmt: skip
            operands = {tensor: operand for tensor in shapes}
            found.append(line(at, [factor], {"y": y, **shapes}, operands, where=more, name=name, exact=False))

        far(layer.at("x", "s", "i"), {"x": layer.x}, "x", [*where, *([guard] if name == "y" else [])])
        if h0 is not None:
            far(access("h", str(number), "n", "j"), {"h": h0}, "h0", [*where, *times])
        if c0 is None:
            continue
        whole = access("c", str(number), "n", "j")
        if projected or (name != "y" and layer.time > 1):
            far(whole, {"c": c0}, "c0", [*where, *times])
        elif name != "y":
            far(access("c", str(number), "n", "r"), {"c": c0}, "c0", where)
        else:  # in the first step each place reaches itself alone, through the state then all others
            first, rest = (str(layer.time - 1), "t") if reverse else ("0", "t + 1")
            far(access("c", str(number), "n", "r"), {"c": c0}, "c0", where, layer.at("y", first, alone))
            if layer.time > 1:
                far(whole, {"c": c0}, "c0", [*where, f"t < {layer.time - 1}"], layer.at("y", rest, alone))
    return found
