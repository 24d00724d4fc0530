"""How many weights there are and how often each is used: from relations alone, no tap is listed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray

from isochrome.core.formula import Affine, loops_of
from isochrome.core.reach import Places, image, union
from isochrome.core.sharing import Uses
from isochrome.errors import FormulaError
from isochrome.model.parts import Line, Parameter, Pattern

__all__ = ["UseCounts", "connections_of", "distinct_scalars", "mentioned", "uses_of"]

MOST_LISTED = 4_000_000


@dataclass(frozen=True, slots=True)
class UseCounts:
    """Uses of one weight: ``taps`` of each (None where weights differ), ``min`` and ``max`` on real input.

    All three are None where they depend on data, and where weights are too many to be told apart.
    """

    taps: int | None
    min: int | None
    max: int | None


def connections_of(line: Line) -> tuple[int, int]:
    """(connections, real connections) of a line; one that depends on data has one for each turn of its loops."""
    if line.depends:
        stated = [size for loop, size in line.formula.sizes if loop not in line.formula.output.loops]
        count = prod(line.shape(line.formula.output.name)) * prod(stated)
        return count, count
    return line.relation.connections, line.relation.real_connections


def distinct_scalars(parameters: tuple[Parameter, ...], lines: Iterable[Line]) -> int:
    """Stored scalars that the operands of some lines hold, each once."""
    return sum(_held(parameters[number], found) for number, found in _by_parameter(lines).items())


def uses_of(parameters: tuple[Parameter, ...], lines: tuple[Line, ...]) -> tuple[UseCounts, int | None]:
    """How often the weights of some lines are used, and how many of them never meet a real input."""
    if not lines:
        return UseCounts(0, 0, 0), 0
    if any(line.depends for line in lines):
        return UseCounts(None, None, None), None
    every: list[Uses] = []
    dead = 0
    for number, mine in _by_parameter(lines).items():
        try:
            found = _together(parameters[number], mine)
        except FormulaError:  # too many to be counted one by one
            found = None
        if found is None:
            return UseCounts(None, None, None), None
        idle = _held(parameters[number], mine) - sum(one.mentioned for one in found)
        every += found if not idle else [*found, Uses(0, 0, 0, idle, 0)]
        dead += idle + sum(one.mentioned - one.live for one in found)
    taps = {one.taps for one in every if one.mentioned}
    used = [one for one in every if one.mentioned]
    least, most = min((one.least for one in used), default=0), max((one.most for one in used), default=0)
    return UseCounts(next(iter(taps)) if len(taps) == 1 else None, least, most), dead


def _by_parameter(lines: Iterable[Line]) -> Mapping[int, list[Line]]:
    found: dict[int, list[Line]] = {}
    for line in lines:
        if line.parameter is not None:
            found.setdefault(line.parameter, []).append(line)
    return found


def _held(parameter: Parameter, lines: list[Line]) -> int:
    """The stored scalars of a parameter that the operands of some lines hold."""
    patterns = list(dict.fromkeys(line.operand_pattern for line in lines))
    if None in patterns:
        return parameter.count
    found = [pattern for pattern in patterns if pattern is not None]
    counts = [_count_mentioned(pattern) for pattern in found]
    if len(found) == 1 or parameter.count in counts:
        return max(counts)
    return union([mentioned(pattern) for pattern in found]).count


def _count_mentioned(pattern: Pattern) -> int:
    """How many stored scalars a line mentions."""
    formula, indices = pattern.formula, pattern.formula.factors[pattern.weight_number - 1].indices
    loops = [loop for index in indices for loop in loops_of(index)]
    if (
        formula.guards
        or len(set(loops)) < len(loops)
        or not all(isinstance(index, Affine) and len(index.terms) < 2 for index in indices)
    ):
        return pattern.uses.mentioned
    return prod(pattern.relation.sizes[loop] for loop in loops)


def mentioned(pattern: Pattern) -> Places:
    """The stored scalars that a line mentions."""
    shape = pattern.relation.shapes[pattern.weight_number]
    everything = Places((tuple(tuple(range(size)) for size in shape),))
    return image(pattern.relation, pattern.weight_number, pattern.weight_number, everything)


def _together(parameter: Parameter, lines: list[Line]) -> list[Uses] | None:
    """The uses of one parameter's scalars, those that stand in several lines added up; None where they are too many."""
    alone = [line.pattern.uses for line in lines]
    if len(lines) == 1:
        return alone
    if parameter.count > MOST_LISTED:
        return None
    if union([mentioned(line.pattern) for line in lines]).count == sum(one.mentioned for one in alone):
        return alone
    taps, real = np.zeros((2, parameter.count), np.int64)
    for line in lines:
        for total, more in zip((taps, real), _each(line.pattern), strict=True):
            total += more
    met = taps > 0
    same = bool(met.any()) and bool((taps[met] == taps[met][0]).all())
    first = int(taps[met][0]) if same else None
    least, most = (int(real[met].min()), int(real[met].max())) if met.any() else (0, 0)
    return [Uses(first, least, most, int(met.sum()), int(np.count_nonzero(real)))]


def _each(pattern: Pattern) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The taps, and the taps on real input, of every scalar of the parameter behind a line."""
    relation, number = pattern.relation, pattern.weight_number
    axes, shape = relation.axes[number], relation.shapes[number]
    steps = [prod(shape[axis + 1 :]) for axis in range(len(shape))]
    flat = np.array([sum(axis.offset * step for axis, step in zip(axes, steps, strict=True))], np.int64)
    counts = np.ones((2, 1), np.int64)
    for place, component in enumerate(relation.components):
        digits = [(digit.column, step) for axis, step in zip(axes, steps, strict=True) for digit in axis.digits
                  if digit.component == place]  # fmt: skip
        if not digits:
            counts = counts * np.array([[component.total], [component.real]])
            continue
        columns = tuple(sorted({column for column, _ in digits}))
        distinct, rows, real = component.histogram(columns)
        moved = sum(distinct[:, columns.index(column)] * step for column, step in digits)
        flat = np.add.outer(flat, moved).reshape(-1)
        counts = np.stack([np.multiply.outer(counts[0], rows).ravel(), np.multiply.outer(counts[1], real).ravel()])
    out = np.zeros((2, prod(shape)), np.int64)
    for total, count in zip(out, counts, strict=True):
        np.add.at(total, flat, count)
    return out[0], out[1]
