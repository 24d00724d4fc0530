"""What recurrent kinds have in common: sizes and directions checked, and the lines inside their gates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from isochrome.errors import shown
from isochrome.layers.check import choice, fault, listed, plural, ranked, same_shape
from isochrome.layers.line import Line, Shape, access, affine, line

__all__ = ["Cell", "bias_lines", "input_line", "peephole_lines", "reach_lines", "recurrent_cell", "state_line"]

DIRECTIONS = ("forward", "reverse", "bidirectional")
ACTIVATIONS = (
    "Relu", "Tanh", "Sigmoid", "Affine", "LeakyRelu", "ThresholdedRelu", "ScaledTanh", "HardSigmoid", "Elu",
    "Softsign", "Softplus",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cell:
    """What all recurrent kinds have: sizes, directions, layout."""

    x: Shape
    hidden: int
    gates: int
    directions: tuple[bool, ...]
    batch_first: bool
    depends: str

    @property
    def time(self) -> int:
        return self.x[1] if self.batch_first else self.x[0]

    @property
    def batch(self) -> int:
        return self.x[0] if self.batch_first else self.x[1]

    def steps(self, last: int, more: int = 0) -> Shape:
        """The shape of a quantity at every step (and ``more`` rows of time), each place of ``last`` numbers."""
        rest = (self.batch, self.time + more) if self.batch_first else (self.time + more,)
        return (*rest, len(self.directions), *(() if self.batch_first else (self.batch,)), last)

    def at(self, name: str, time: str, direction: int, last: str) -> str:
        order = ("n", time, str(direction)) if self.batch_first else (time, str(direction), "n")
        return access(name, order, last)

    def end(self, last: int) -> Shape:
        """The shape of the state after the last step."""
        count = len(self.directions)
        return (self.batch, count, last) if self.batch_first else (count, self.batch, last)

    def at_end(self, name: str, direction: int, last: str) -> str:
        return access(name, ("n", str(direction)) if self.batch_first else (str(direction), "n"), last)

    def at_input(self, time: str) -> str:
        return access("x", ("n", time) if self.batch_first else (time, "n"), "i")

    def before(self, reverse: bool) -> str:
        """The row of the state that step t starts from."""
        return "t + 1" if reverse else "t"

    def after(self, reverse: bool) -> str:
        return "t" if reverse else "t + 1"


def recurrent_cell(
    gates: int,
    x: Shape,
    w: Shape,
    r: Shape,
    b: Shape | None,
    lengths: Shape | None,
    h0: Shape | None,
    hidden: int | None,
    direction: str,
    layout: int,
    activations: Sequence[str] | None,
    functions: int,
    clip: float | None,
    lengths_known: Sequence[int] | None,
) -> Cell:
    """What all recurrent kinds have in common, checked."""
    choice("direction", direction, DIRECTIONS)
    if layout not in (0, 1):
        raise fault("layout", "be 0 or 1", layout)
    for name, shape in (("x", x), ("w", w), ("r", r)):
        ranked(name, shape, 3, 3)
    size, count = r[2], 1 + (direction == "bidirectional")
    if size < 1:
        raise fault("r", "have at least one column", f"shape {listed(r)}")
    if hidden is not None and hidden != size:
        raise fault("hidden_size", f"be {size}, the columns of r", hidden)
    same_shape("r", r, (count, gates * size, size))
    same_shape("w", w, (count, gates * size, x[2]))
    if b is not None:
        same_shape("b", b, (count, 2 * gates * size))
    _functions(activations, count * functions)
    if clip is not None and not clip > 0:
        raise fault("clip", "be positive", clip)
    flags = {"forward": (False,), "reverse": (True,), "bidirectional": (False, True)}[direction]
    cell = Cell(x, size, gates, flags, layout == 1, "")
    if h0 is not None:
        same_shape("initial_h", h0, cell.end(size))
    return replace(cell, depends=_lengths(cell, lengths, lengths_known))


def _functions(activations: Sequence[str] | None, wanted: int) -> None:
    if activations is None:
        return
    if len(activations) != wanted:
        raise fault("activations", f"name {plural(wanted, 'function')}", len(activations))
    for name in activations:
        if name.lower() not in {allowed.lower() for allowed in ACTIVATIONS}:
            raise fault("activations", f"be among {', '.join(ACTIVATIONS)}", shown(name))


def _lengths(cell: Cell, lengths: Shape | None, known: Sequence[int] | None) -> str:
    """Why the steps depend on data, where they do."""
    if lengths is None:
        return ""
    same_shape("sequence_lens", lengths, (cell.batch,))
    if known is None:
        return "the lengths of the sequences are data"
    if len(known) != cell.batch or any(not 0 <= length <= cell.time for length in known):
        raise fault("sequence_lens", f"hold {plural(cell.batch, 'number')} from 0 to {cell.time}", list(known))
    return "" if all(length == cell.time for length in known) else "each sequence has a length of its own"


def _row(rows: tuple[int, int] | None) -> tuple[str, tuple[str, ...]]:
    """The index of a gate's row, and its clause, where only some rows are meant: the first and how many."""
    return ("r", ()) if rows is None else (affine((1, "r"), offset=rows[0]), (f"r < {rows[1]}",))


def _inner(
    cell: Cell,
    number: int,
    factors: Sequence[str],
    shapes: Mapping[str, Shape],
    operands: Mapping[str, str],
    name: str,
    rows: tuple[int, int] | None,
    of: str = "",
    time: str = "",
) -> Line:
    row, where = _row(rows)
    if time == "t":  # the state has a row more than there are steps
        where = (f"t < {cell.time}", *where)
    y = cell.steps(cell.gates * cell.hidden)
    return line(cell.at("y", "t", number, row), factors, {"y": y, **shapes}, operands, where=where, name=name,
                inner=True, of=of, depends=cell.depends)  # fmt: skip


def input_line(cell: Cell, number: int, w: Shape, name: str, rows: tuple[int, int] | None = None) -> Line:
    factors = [access("w", str(number), _row(rows)[0], "i"), cell.at_input("t")]
    return _inner(cell, number, factors, {"w": w, "x": cell.x}, {"w": "w", "x": "x"}, name, rows)


def state_line(
    cell: Cell,
    number: int,
    reverse: bool,
    r: Shape,
    name: str,
    rows: tuple[int, int] | None = None,
    of: str = "hidden state",
) -> Line:
    state = cell.at("h", cell.before(reverse), number, "j")
    factors = [access("w", str(number), _row(rows)[0], "j"), state]
    shapes = {"w": r, "h": cell.steps(cell.hidden, 1)}
    return _inner(cell, number, factors, shapes, {"w": "r", "h": "hidden"}, name, rows, of, cell.before(reverse))


def bias_lines(
    cell: Cell,
    number: int,
    b: Shape | None,
    of_input: str,
    of_state: str,
    rows: tuple[int, int] | None = None,
) -> tuple[Line, ...]:
    if b is None:
        return ()
    whole = cell.gates * cell.hidden
    first, count = rows or (0, whole)
    places = [affine((1, "r"), offset=first), affine((1, "r"), offset=whole + first)]
    return tuple(
        _inner(cell, number, [access("b", str(number), place)], {"b": b}, {"b": "b"}, name, (first, count))
        for place, name in zip(places, (of_input, of_state), strict=True)
    )


def peephole_lines(cell: Cell, number: int, reverse: bool, p: Shape, input_forget: bool) -> tuple[Line, ...]:
    """Input and forget gate read the cell state before the step, the output gate the one after it."""
    size = cell.hidden
    shapes, operands = {"w": p, "c": cell.steps(size, 1)}, {"w": "p", "c": "cell"}
    times = [cell.before(reverse), cell.after(reverse), cell.before(reverse)]
    return tuple(
        _inner(
            cell,
            number,
            [access("w", str(number), affine((1, "r"), offset=gate * size)), cell.at("c", time, number, "r")],
            shapes,
            operands,
            "gates",
            (gate * size, size),
            "cell state",
            time,
        )
        for gate, time in enumerate(times[:2] if input_forget else times)
    )


def reach_lines(cell: Cell, h0: Shape | None, c0: Shape | None, outputs: int) -> tuple[Line, ...]:
    """Who reaches whom through time: every step reads all steps before it and the initial state."""
    found: list[Line] = []
    for number, reverse in enumerate(cell.directions):
        guard = f"0 <= {'s - t' if reverse else 't - s'} < {max(cell.time, 1)}"
        for name in ("y", "y2", "y3")[:outputs]:
            where = [guard] if name == "y" else []
            found.append(_far(cell, number, name, "t", cell.at_input("s"), {"x": cell.x}, "x", where))
            if h0 is not None:
                start = cell.at_end("h", number, "j")
                found.append(_far(cell, number, name, "t", start, {"h": h0}, "h0", ()))
            if c0 is not None:
                found += _from_cell(cell, number, reverse, name, c0)
    return tuple(found)


def _from_cell(cell: Cell, number: int, reverse: bool, name: str, c0: Shape) -> list[Line]:
    """The initial cell state: in the first step each place reaches itself alone, through the state then all others."""
    first = str(cell.time - 1 if reverse else 0)
    rest, count = "t" if reverse else "t + 1", cell.time - 1
    found = []
    if name == "y" or count < 1:
        start = cell.at_end("c", number, "r")
        found.append(_far(cell, number, name, first, start, {"c": c0}, "c0", ()))
    if count > 0:
        where = [f"t < {count}"] if name == "y" else []
        found.append(_far(cell, number, name, rest, cell.at_end("c", number, "j"), {"c": c0}, "c0", where))
    return found


def _far(
    cell: Cell,
    number: int,
    name: str,
    time: str,
    start: str,
    shapes: Mapping[str, Shape],
    operand: str,
    where: Sequence[str],
) -> Line:
    """A line from one place to an output: to a step of the first output, or to what is left at the end."""
    y, to = cell.end(cell.hidden), cell.at_end("y", number, "r")
    if name == "y":
        y, to = cell.steps(cell.hidden), cell.at("y", time, number, "r")
    operands = {tensor: operand for tensor in shapes}
    return line(to, [start], {"y": y, **shapes}, operands, where=where, name=name, depends=cell.depends, exact=False)
