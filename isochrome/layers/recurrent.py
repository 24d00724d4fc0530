"""Recurrent kinds: the sums inside their gates, one weight matrix for every step of time.

Lines with ``inner`` make the sums that the gates squash. Their output is laid out as Y is, with the rows of all gates
as its last axis: ``y[t, direction, n, r]``, or ``y[n, t, direction, r]`` in the batch-first layout.
The state ``h[t, direction, n, j]`` has one row more than there are steps: going forward, row t is the state before step
t and row 0 the initial one; in reverse, row t + 1 is the state before step t, and the last row the initial one.
Gates come in the order of ONNX: input, output, forget, cell; update, reset, hidden.
"""

from __future__ import annotations

from collections.abc import Sequence

from isochrome.layers.check import same_shape
from isochrome.layers.gates import bias_lines, input_line, peephole_lines, reach_lines, recurrent_cell, state_line
from isochrome.layers.line import Line, Operation, Shape

__all__ = ["gru", "lstm", "rnn"]


def rnn(
    *,
    x: Shape,
    w: Shape,
    r: Shape,
    b: Shape | None = None,
    lengths: Shape | None = None,
    h0: Shape | None = None,
    hidden: int | None = None,
    direction: str = "forward",
    layout: int = 0,
    activations: Sequence[str] | None = None,
    clip: float | None = None,
    lengths_known: Sequence[int] | None = None,
) -> Operation:
    """A plain recurrent layer.

    >>> made = rnn(x=(7, 1, 3), w=(1, 4, 3), r=(1, 4, 4))
    >>> [str(line.formula) for line in made.lines if line.inner]
    ['y[t, 0, n, r] += w[0, r, i] * x[t, n, i]', 'y[t, 0, n, r] += w[0, r, j] * h[t, 0, n, j] where t < 7']
    """
    cell = recurrent_cell(1, x, w, r, b, lengths, h0, hidden, direction, layout, activations, 1, clip, lengths_known)
    lines: tuple[Line, ...] = ()
    for number, reverse in enumerate(cell.directions):
        lines += (input_line(cell, number, w, "gates"), state_line(cell, number, reverse, r, "gates"))
        lines += bias_lines(cell, number, b, "gates", "gates")
    return Operation("rnn", (*lines, *reach_lines(cell, h0, None, 2)), (cell.steps(cell.hidden), cell.end(cell.hidden)))


def gru(
    *,
    x: Shape,
    w: Shape,
    r: Shape,
    b: Shape | None = None,
    lengths: Shape | None = None,
    h0: Shape | None = None,
    hidden: int | None = None,
    direction: str = "forward",
    layout: int = 0,
    activations: Sequence[str] | None = None,
    clip: float | None = None,
    linear_before_reset: bool = False,
    lengths_known: Sequence[int] | None = None,
) -> Operation:
    """A gated recurrent unit. What comes from the input and what comes from the state are two inner quantities.

    Without ``linear_before_reset`` the hidden gate reads the *reset state*: the state times the reset gate.
    """
    cell = recurrent_cell(3, x, w, r, b, lengths, h0, hidden, direction, layout, activations, 2, clip, lengths_known)
    size = cell.hidden
    lines: tuple[Line, ...] = ()
    for number, reverse in enumerate(cell.directions):
        lines += (input_line(cell, number, w, "input gates"),)
        if linear_before_reset:
            lines += (state_line(cell, number, reverse, r, "recurrent gates"),)
        else:
            lines += (state_line(cell, number, reverse, r, "recurrent gates", rows=(0, 2 * size)),)
            lines += (state_line(cell, number, reverse, r, "recurrent gates", rows=(2 * size, size), of="reset state"),)
        lines += bias_lines(cell, number, b, "input gates", "recurrent gates")
    return Operation("gru", (*lines, *reach_lines(cell, h0, None, 2)), (cell.steps(size), cell.end(size)))


def lstm(
    *,
    x: Shape,
    w: Shape,
    r: Shape,
    b: Shape | None = None,
    lengths: Shape | None = None,
    h0: Shape | None = None,
    c0: Shape | None = None,
    p: Shape | None = None,
    hidden: int | None = None,
    direction: str = "forward",
    layout: int = 0,
    activations: Sequence[str] | None = None,
    clip: float | None = None,
    input_forget: bool = False,
    lengths_known: Sequence[int] | None = None,
) -> Operation:
    """A long short-term memory; with peepholes ``p``, gates read the *cell state* as well.

    With ``input_forget`` the forget gate is one minus the input gate, and its rows are used by nobody.

    >>> made = lstm(x=(7, 1, 3), w=(1, 16, 3), r=(1, 16, 4), p=(1, 12))
    >>> [str(line.formula) for line in made.lines if line.of == "cell state"][:2]
    ... # doctest: +NORMALIZE_WHITESPACE
    ['y[t, 0, n, r] += w[0, r] * c[t, 0, n, r] where t < 7, r < 4',
     'y[t, 0, n, r + 4] += w[0, r + 4] * c[t + 1, 0, n, r] where r < 4']
    """
    cell = recurrent_cell(4, x, w, r, b, lengths, h0, hidden, direction, layout, activations, 3, clip, lengths_known)
    size = cell.hidden
    count = len(cell.directions)
    if c0 is not None:
        same_shape("initial_c", c0, cell.end(size))
    if p is not None:
        same_shape("p", p, (count, 3 * size))
    lines: tuple[Line, ...] = ()
    for number, reverse in enumerate(cell.directions):
        for rows in [(0, 2 * size), (3 * size, size)] if input_forget else [None]:
            lines += (input_line(cell, number, w, "gates", rows), state_line(cell, number, reverse, r, "gates", rows))
            lines += bias_lines(cell, number, b, "gates", "gates", rows)
        if p is not None:
            lines += peephole_lines(cell, number, reverse, p, input_forget)
    outputs = (cell.steps(size), cell.end(size), cell.end(size))
    return Operation("lstm", (*lines, *reach_lines(cell, h0, c0, 3)), outputs)
