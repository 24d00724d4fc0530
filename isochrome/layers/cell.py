"""One step of a recurrent layer as a call of its own: the state before it is an operand."""

from __future__ import annotations

from isochrome.layers.check import fault, ranked, same_shape
from isochrome.layers.line import Line, Operation, Shape, access, line

__all__ = ["gru_cell", "lstm_cell", "rnn_cell"]


def rnn_cell(*, x: Shape, w: Shape, r: Shape, h: Shape, b: Shape | None = None, b2: Shape | None = None) -> Operation:
    """One step of a plain recurrent layer.

    >>> [str(line.formula) for line in rnn_cell(x=(1, 3), w=(4, 3), r=(4, 4), h=(1, 4)).lines if line.inner]
    ['y[n, r] += w[r, i] * x[n, i]', 'y[n, r] += w[r, j] * h[n, j]']
    """
    return _cell("rnn cell", 1, x, w, r, h, b, b2, ("gates", "gates"), None)


def gru_cell(*, x: Shape, w: Shape, r: Shape, h: Shape, b: Shape | None = None, b2: Shape | None = None) -> Operation:
    """One step of a gated recurrent unit; what comes from the input and what from the state are two quantities."""
    return _cell("gru cell", 3, x, w, r, h, b, b2, ("input gates", "recurrent gates"), None)


def lstm_cell(
    *, x: Shape, w: Shape, r: Shape, h: Shape, c: Shape, b: Shape | None = None, b2: Shape | None = None
) -> Operation:
    """One step of a long short-term memory, which gives the state and the cell state after it."""
    return _cell("lstm cell", 4, x, w, r, h, b, b2, ("gates", "gates"), c)


def _cell(
    kind: str, gates: int, x: Shape, w: Shape, r: Shape, h: Shape, b: Shape | None, b2: Shape | None,
    names: tuple[str, str], c: Shape | None,
) -> Operation:  # fmt: skip
    ranked("x", x, 1, 2)
    size, lead, loops = ranked("r", r, 2, 2)[1], x[:-1], ("n",)[: len(x) - 1]
    if size < 1:
        raise fault("r", "have at least one column", list(r))
    same_shape("w", w, (gates * size, x[-1]))
    same_shape("r", r, (gates * size, size))
    end = (*lead, size)
    same_shape("h", h, end)
    whole = (*lead, gates * size)
    place = access("y", loops, "r")
    lines = [
        line(place, [access("w", "r", "i"), access("x", loops, "i")], {"y": whole, "w": w, "x": x},
             {"w": "w", "x": "x"}, name=names[0], inner=True),
        line(place, [access("w", "r", "j"), access("h", loops, "j")], {"y": whole, "w": r, "h": h},
             {"w": "r", "h": "h"}, name=names[1], inner=True),
    ]  # fmt: skip
    for bias, operand, name in ((b, "b", names[0]), (b2, "b2", names[1])):
        if bias is not None:
            same_shape(operand, bias, (gates * size,))
            shapes = {"y": whole, "b": bias}
            lines.append(line(place, [access("b", "r")], shapes, {"b": operand}, name=name, inner=True))
    outputs = (end,) if c is None else (end, end)
    for name in ("y", "y2")[: len(outputs)]:
        lines += [_far(name, end, shape, operand, loops) for shape, operand in ((x, "x"), (h, "h"))]
        if c is not None:
            same_shape("c", c, end)
            lines.append(line(place, [access("c", loops, "r")], {"y": end, "c": c}, {"c": "c"}, name=name, exact=False))
    return Operation(kind, tuple(lines), outputs)


def _far(name: str, end: Shape, shape: Shape, operand: str, loops: tuple[str, ...]) -> Line:
    """Every place of an output reads all of an operand."""
    inside = access("x", loops, "i")
    return line(access("y", loops, "r"), [inside], {"y": end, "x": shape}, {"x": operand}, name=name, exact=False)
