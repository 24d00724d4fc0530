"""A layer alone when its input moves: predicted from its lines; and evaluated with zeros around it, and as a circle."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isochrome.ask.shifts import Shift, moved_together
from isochrome.ask.subject import Subject
from isochrome.ask.twin import resized
from isochrome.ask.words import number
from isochrome.core.evaluate import evaluate
from isochrome.core.formula import Access, Affine, Fold
from isochrome.core.relation import relation
from isochrome.model.parts import Line

__all__ = ["circular_words", "own_shift", "padding_twins"]

MOST_CONNECTIONS = 400_000
_ROOM = 12
Array = NDArray[Any]


def own_shift(subject: Subject, loop: str) -> Shift | None:
    """How the layer alone moves along one loop of positions, when its own input moves."""
    at, line = subject.line.input_number, subject.line
    if at is None or line.depends:
        return None
    access = line.formula.accesses[at]
    tensor = dict(line.inputs).get(access.name, "")
    for axis, index in enumerate(access.indices):
        if loop in _loops(index) and tensor:
            size = line.shape(access.name)[axis]
            start = {tensor: Shift(axis, Fraction(1), np.ones(size, np.bool_), True, size)}
            return moved_together(_beside(subject), start)
    return None


def _beside(subject: Subject) -> list[Line]:
    """The lines that make the layer's output."""
    lines = subject.model.operations[subject.layer.operation].lines
    return [one for one in lines if one.output == subject.line.output and not one.inner]


def _loops(index: Any) -> tuple[str, ...]:
    value = index.inside if isinstance(index, Fold) else index
    return tuple(loop for loop, _ in value.terms) if isinstance(value, Affine) else ()


def padding_twins(subject: Subject) -> tuple[dict[str, float], bool | None]:
    """The layer alone on random numbers, its input shifted by one stride: with zeros around it, and closed to a circle.

    Both are twins of a few filters and channels, and of ``_ROOM`` positions along the first axis: enough for an inside.
    """
    line, at, made = subject.line, subject.line.input_number, subject.relation
    shift = own_shift(subject, subject.positions[0]) if subject.positions else None
    if at is None or shift is None or shift.lost or shift.axis is None or line.formula.reduce != "+":
        return {}, None
    if shift.turns or shift.border == (0, 0) or subject.slides:
        return {}, None
    access, loop = line.formula.accesses[at], subject.positions[0]
    axis = next(a for a, index in enumerate(access.indices) if loop in _loops(index))
    if line.constants or len(line.inputs) != 1 or made.tables or not isinstance(access.indices[axis], Affine):
        return {}, None
    few = {
        one: min(size, _ROOM if one == loop else size if one in subject.taps else 3) for one, size in made.sizes.items()
    }
    few[loop] = _ROOM * shift.stride.denominator if shift.stride.denominator > 1 else _ROOM
    small = resized(made, few)
    by, move = shift.stride.numerator, shift.stride.denominator
    shapes = {one.name: shape for one, shape in zip(small.formula.accesses, small.shapes, strict=True)}
    out, size = shapes[line.formula.output.name][shift.axis], _ROOM * by
    if small.connections > MOST_CONNECTIONS or move > 1:
        return {}, None
    shapes[access.name] = (*shapes[access.name][:axis], size, *shapes[access.name][axis + 1 :])
    folded = tuple(
        Fold("circular", i) if a == axis and isinstance(i, Affine) else i for a, i in enumerate(access.indices)
    )
    closed = small.formula.with_factor(at - 1, Access(access.name, folded))
    generator = np.random.default_rng(0)
    arrays = {one.name: generator.standard_normal(shapes[one.name]) for one in line.formula.factors}
    rolled: Mapping[str, Array] = {**arrays, access.name: np.roll(arrays[access.name], by, axis)}
    gaps = []
    for formula in (small.formula, closed):
        one = relation(formula, shapes, small.tables, small.inputs)
        gap = np.abs(evaluate(one, rolled) - np.roll(evaluate(one, arrays), move, shift.axis))
        gaps.append(np.moveaxis(gap, shift.axis, 0).reshape(out, -1).max(axis=1, initial=0))
    low, high = shift.border
    inside = (
        gaps[0][low + move : out - high]
        if low + high < len(shift.clean if shift.clean is not None else ())
        else gaps[0][:0]
    )
    found = {"zero_padding": float(gaps[0].max()), "circular_padding": float(gaps[1].max())}
    if len(inside):
        found["zero_padding_inside"] = float(inside.max())
    return found, found["circular_padding"] <= 1e-9 < found["zero_padding"] and found.get(
        "zero_padding_inside", 0
    ) <= 1e-9


def circular_words(twin: dict[str, float]) -> str:
    """What the twins show, in a sentence; '' where there are none."""
    if not twin:
        return ""
    return (
        "With circular padding instead of zeros it would be exact at every cell: on random numbers, shifted by one "
        f"stride, the largest difference is {number(twin['circular_padding'], 2)}; with zeros "
        f"{number(twin['zero_padding'], 3)}, all of it at the border. "
    )
