"""What a shift of an input does to every tensor of a model: read off the formulas, operation by operation.

A line moves along with its input when one loop of positions stands in the moved axis of x and in one axis of y, and
nothing else mentions it: then the taps at p + 1 are the taps at p, moved. Where windows meet padding they are not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from isochrome.ask.twin import resized
from isochrome.core.formula import Access, Affine, Fold, Formula, Table, loops_of
from isochrome.core.reach import Places, image
from isochrome.core.relation import Relation, relation
from isochrome.errors import IsochromeError, shown
from isochrome.model.parts import Line, Model, Operation

__all__ = ["NetworkShift", "Shift", "moved_together", "network_shifts"]

Mask = NDArray[np.bool_]
MOST_STEPS = 4096


@dataclass(frozen=True, slots=True, eq=False)
class Shift:
    """How a tensor moves when the input moves.

    ``axis`` moves by one cell for ``stride`` cells of the input; None where no axis is left (summed over all places),
    or where the tensor does not follow: ``lost`` then says why, and ``known`` is False where formulas alone cannot
    tell. ``clean`` marks the places along the axis that meet no padding, here or before; ``turns`` says that a circular
    shift of the input moves the tensor circularly, with ``period`` cells.
    """

    axis: int | None
    stride: Fraction = Fraction(1)
    clean: Mask | None = None
    turns: bool = True
    period: int = 0
    lost: str = ""
    known: bool = True

    @property
    def border(self) -> tuple[int, int]:
        """How many cells at the start and at the end of the axis are broken by the border; on a ring there is none."""
        if self.clean is None or self.turns:
            return 0, 0
        if not self.clean.any():
            return len(self.clean), 0
        return int(self.clean.argmax()), int(self.clean[::-1].argmax())


@dataclass(frozen=True, slots=True, eq=False)
class NetworkShift:
    """One axis of one input, and how each tensor of the model moves with it."""

    input: str
    axis: int
    states: Mapping[str, Shift]


def network_shifts(model: Model, name: str) -> Iterator[NetworkShift]:
    """The shifts of an input along each axis that some layer moves along with; not its batch."""
    tensor = model.tensors.get(name)
    shape = None if tensor is None else tensor.first
    if tensor is None or shape is None:
        return
    for axis, size in enumerate(shape):
        if axis == tensor.batch or size < 2:
            continue
        start = Shift(axis, Fraction(1), np.ones(size, np.bool_), True, size)
        states = _through(model, name, start)
        if any(layer.output in states and states[layer.output].axis is not None for layer in model.layers):
            yield NetworkShift(name, axis, states)


def _through(model: Model, name: str, start: Shift) -> dict[str, Shift]:
    states = {name: start}
    for operation in model.operations:
        if not any(tensor in states for tensor in _reads(operation)):
            continue
        for output in operation.outputs:
            lines = [line for line in operation.lines if line.output == output and not line.inner]
            if not lines:
                why = operation.opaque or "its formula is not told"
                states[output] = Shift(None, lost=f"{shown(operation.kind, 40)}: {shown(why, 120)}", known=False)
                continue
            states[output] = moved_together(lines, states)
    return states


def _reads(operation: Operation) -> set[str]:
    return {*operation.inputs, *(tensor for line in operation.lines for _, tensor in line.inputs)}


def together(found: list[Shift | None], kind: str) -> Shift:
    """Lines that add to one output: all must move alike, or not at all.

    One that sums over all places is the same for every circular shift; where the border has changed what it sums, no
    cell is as it was.
    """
    moving = [one for one in found if one is not None]
    lost = next((one for one in moving if one.lost), None)
    if lost is not None or not moving:
        return lost or Shift(None, lost="nothing of it depends on the input")
    still = [one for one in moving if one.axis is None]
    moving = [one for one in moving if one.axis is not None] or still
    first = moving[0]
    if any((one.axis, one.stride) != (first.axis, first.stride) for one in moving):
        return Shift(None, lost=f"{kind} of parts that move by different steps or along different axes", known=False)
    masks = [one.clean for one in moving if one.clean is not None]
    clean = np.logical_and.reduce(masks) if masks else None
    if clean is not None and not all(one.turns for one in still):
        clean = np.zeros_like(clean)
    turns = all(one.turns for one in (*moving, *still)) and all(one.period == first.period for one in moving)
    return replace(first, clean=clean, turns=turns)


def moved_together(lines: list[Line], states: Mapping[str, Shift]) -> Shift:
    """How an output moves that some lines add up to; what does not move must be the same all along the axis."""
    found = [line_shift(line, states) for line in lines]
    made = together(found, "there is a sum")
    if made.axis is None:
        return made
    for line, shift in zip(lines, found, strict=True):
        still = shift is None and not line.depends  # what is looked up moves with the numbers that look it up
        loops = set(loops_of(line.formula.output.indices[made.axis])) if still else set()
        fixed = [access for access in line.formula.factors if loops & set(access.loops)]
        if fixed and fixed[0].name == line.weight:
            named = ", ".join(sorted(loops & set(fixed[0].loops)))
            return Shift(None, lost=f"{fixed[0]} mentions {named}: it adds to each place a number of its own")
        if fixed:
            return Shift(None, lost="something is added that does not move")
    return made


def line_shift(line: Line, states: Mapping[str, Shift]) -> Shift | None:
    """How a line's output moves when its inputs do; None where the line reads none of them."""
    reads = [(number, states[tensor]) for number, access in enumerate(line.formula.accesses[1:], 1)
             for name, tensor in line.inputs if name == access.name and tensor in states]  # fmt: skip
    if not reads:
        return None
    lost = next((state for _, state in reads if state.lost), None)
    if lost is not None:
        return lost
    if line.depends:
        return Shift(None, lost=f"who is connected depends on the data ({line.depends})", known=False)
    try:
        found = [_factor_shift(line, number, state) for number, state in reads]
    except IsochromeError as fault:
        return Shift(None, lost=str(fault), known=False)
    return together(list(found), "there is a product")


def _factor_shift(line: Line, number: int, state: Shift) -> Shift:
    if state.axis is None:
        return state
    formula, access = line.formula, line.formula.accesses[number]
    index = access.indices[state.axis]
    out = set(formula.output.loops)
    loops = [loop for loop in loops_of(index) if loop in out]
    if not loops:
        return _summed(line, number, index, state)
    if len(loops) > 1:
        return Shift(None, lost=f"{access} puts {' and '.join(loops)} into one index")
    loop = loops[0]
    why = _held_by(line, number, state.axis, loop)
    if why:
        return Shift(None, lost=why)
    axes = [axis for axis, one in enumerate(formula.output.indices) if loop in loops_of(one)]
    steps = _steps(line, number, state.axis, loop, axes)
    if isinstance(steps, str):
        return Shift(None, lost=steps)
    return _moved(line, number, state, loop, axes[0], steps)


def _summed(line: Line, number: int, index: object, state: Shift) -> Shift:
    """The axis ends here: it is summed over alike (nothing moves any more), or read place by place."""
    loops = set(loops_of(index)) if isinstance(index, Affine | Fold | Table) else set()
    if not loops:
        return Shift(None, lost=f"{line.formula.accesses[number]} reads one place of the axis; no positions are left")
    if line.weight and loops & set(line.weight_access.loops):
        named = ", ".join(sorted(loops))
        return Shift(
            None, lost=f"{line.weight_access} mentions {named}: each place has weights of its own (fully connected)"
        )
    if any(loops & set(access.loops) for access in line.formula.factors if access.name in dict(line.constants)):
        return Shift(None, lost="each place has a factor of its own")
    whole = state.clean is None or len(state.clean) == state.period
    return replace(state, axis=None, turns=state.turns and whole)


def _held_by(line: Line, number: int, axis: int, loop: str) -> str:
    """What else mentions the loop, so that taps do not move along with it."""
    formula = line.formula
    for other, access in enumerate(formula.accesses[1:], 1):
        if line.weight and access.name == line.weight and loop in access.loops:
            return f"{access} mentions {loop}: each place has weights of its own"
        elsewhere = [index for at, index in enumerate(access.indices) if (other, at) != (number, axis)]
        if access.name in dict(line.inputs) and any(loop in loops_of(index) for index in elsewhere):
            same = other != number and loop in [getattr(index, "loop", None) for index in access.indices]
            if not same:
                return f"{access} mentions {loop} in another axis too"
    if any(loop in dict(guard.value.terms) for guard in formula.guards):
        return f"a guard limits {loop}"
    return ""


def _steps(line: Line, number: int, axis: int, loop: str, axes: list[int]) -> tuple[int, int] | str:
    """How far x and y move when the loop moves by the least that moves both alike."""
    index, out = line.formula.accesses[number].indices[axis], line.formula.output.indices
    if len(axes) != 1 or not isinstance(out[axes[0]], Affine):
        return f"{line.formula.output} does not hold {loop} in one axis"
    terms = dict(out[axes[0]].terms)  # type: ignore[union-attr]
    read = {
        name for at, one in enumerate(line.formula.accesses[number].indices) if at != axis for name in loops_of(one)
    }
    if any(abs(step) > abs(terms[loop]) and other in read for other, step in terms.items()):
        return f"{line.formula.output} puts several axes into one"
    if isinstance(index, Table):
        found = _table_steps(dict(line.tables)[index.name], index, loop)
        if found is None:
            return f"{index.name} gives windows that do not move by equal steps"
        steps = found[0], found[1] * terms[loop]
    else:
        value = index.inside if isinstance(index, Fold) else index
        steps = dict(value.terms)[loop], terms[loop]
    return steps if min(steps) > 0 else "it turns the axis around"


def _table_steps(table: NDArray[np.int64], index: Table, loop: str) -> tuple[int, int] | None:
    """The least steps after which a table's rows repeat, moved: (by how much, after how many)."""
    along = [at for at, value in enumerate(index.arguments) if value.loop == loop]
    if len(along) != 1 or any(loop in dict(value.terms) for at, value in enumerate(index.arguments) if at != along[0]):
        return None
    rows = np.moveaxis(table, along[0], 0).reshape(table.shape[along[0]], -1)
    for after in range(1, min(len(rows), MOST_STEPS)):
        moved = rows[after:] - rows[:-after]
        if (moved == moved.flat[0]).all() and moved.flat[0] > 0:
            return int(moved.flat[0]), after
    return None


def _moved(line: Line, number: int, state: Shift, loop: str, axis: int, steps: tuple[int, int]) -> Shift:
    assert state.axis is not None and state.clean is not None
    by_x, by_y = steps
    made, index = line.relation, line.formula.accesses[number].indices[state.axis]
    open_made = _unfolded(line, number, state.axis) if isinstance(index, Fold) else made
    size = made.shapes[0][axis]
    full = _full_windows(made, axis, loop, by_y)
    clean = _meets_no_padding(open_made, axis, by_y, full) & _same_constants(line, loop, axis, size)
    dirty = np.flatnonzero(~state.clean)
    if len(dirty):
        box = tuple(
            tuple(range(n)) if at != state.axis else tuple(dirty.tolist()) for at, n in enumerate(made.shapes[number])
        )
        for seen in image(made, number, 0, Places((box,))).boxes:
            clean[list(seen[axis])] = False
    folds = isinstance(index, Fold)
    closed = isinstance(index, Fold) and index.kind == "circular" and made.shapes[number][state.axis] == state.period
    even = bool(_same_constants(line, loop, axis, size).all())
    whole = bool(_meets_no_padding(made, axis, by_y, full).all())
    turns = state.turns and state.period % by_x == 0 and even and whole and (closed or not folds)
    return Shift(axis, state.stride * Fraction(by_x, by_y), clean, turns, state.period // by_x * by_y)


def _unfolded(line: Line, number: int, axis: int) -> Relation:
    """The relation with the border open: what folds back counts as padding."""
    access = line.formula.accesses[number]
    indices = tuple(i.inside if isinstance(i, Fold) and at == axis else i for at, i in enumerate(access.indices))
    formula: Formula = line.formula.with_factor(number - 1, Access(access.name, indices))
    sizes = tuple(line.relation.sizes.items())
    shapes = dict(line.shapes)
    return relation(replace(formula, sizes=sizes), shapes, dict(line.tables), line.relation.inputs)


def _rows(made: Relation, axis: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """For each place along an axis of y how many taps, and how many on real input, its component has."""
    found = made.axes[0][axis]
    every, real = np.ones((2, found.size), np.int64)
    places = np.arange(found.size)
    for digit, wanted in zip(found.digits, found.decode(places), strict=True):
        values, rows, on_real = made.components[digit.component].histogram((digit.column,))
        if not len(values):
            return every * 0, real * 0
        at = np.searchsorted(values[:, 0], wanted)
        inside = (at < len(values)) & (values[np.minimum(at, len(values) - 1), 0] == wanted)
        every = every * np.where(inside, rows[np.minimum(at, len(values) - 1)], 0)
        real = real * np.where(inside, on_real[np.minimum(at, len(values) - 1)], 0)
    return every, real


def _full_windows(made: Relation, axis: int, loop: str, step: int) -> NDArray[np.int64]:
    """How many taps a whole window has, for each phase of ``step`` places along an axis of y.

    Where windows slide along the output a small map may hold no whole one: it is counted on a larger map.
    """
    index = made.formula.output.indices[axis]
    others = [(abs(by), made.sizes[one]) for one, by in index.terms if one != loop] if isinstance(index, Affine) else []
    room = sum(by * (size - 1) for by, size in others) // step + 1
    larger = resized(made, {**made.sizes, loop: made.sizes[loop] + 2 * room}) if others else made
    every, _ = _rows(larger, axis)
    return np.array([every[phase::step].max(initial=0) for phase in range(step)])


def _meets_no_padding(made: Relation, axis: int, step: int, full: NDArray[np.int64]) -> Mask:
    """The places whose windows are whole: no tap on padding, and as many as a whole window of the same phase has."""
    every, real = _rows(made, axis)
    return np.asarray((every == real) & (every == full[np.arange(len(every)) % step]))


def _same_constants(line: Line, loop: str, axis: int, size: int) -> Mask:
    """The places at which constant factors (of an average, say) are those amid the axis."""
    same = np.ones(size, np.bool_)
    for access in line.formula.factors:
        constant = dict(line.constants).get(access.name)
        for at, index in enumerate(access.indices):
            if constant is not None and isinstance(index, Affine) and index.loop == loop and constant.shape[at] == size:
                rows = np.moveaxis(constant, at, 0).reshape(size, -1)
                same &= (rows == rows[size // 2]).all(axis=1)
    return same
