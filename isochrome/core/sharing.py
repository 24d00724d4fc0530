"""What is shared along what, how often a weight is used, and what the layer would cost without sharing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from isochrome.core.formula import Access, Affine, Formula, loops_of
from isochrome.core.relation import Relation

__all__ = ["Baselines", "Role", "Uses", "along", "baselines", "level_sets", "roles", "uses_per_weight"]

Role = Literal["filter", "position", "channel", "tap", "group"]


@dataclass(frozen=True, slots=True)
class Along:
    """The loops of a formula, sorted by what happens along each."""

    shared: tuple[str, ...]
    distinct: tuple[str, ...]
    summed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Uses:
    """How often the weights that a formula mentions are used.

    ``taps`` is the number of taps of each weight, None where weights differ; ``least`` and ``most`` count taps on
    real input; ``live`` is the number of weights with at least one of those.
    """

    taps: int | None
    least: int
    most: int
    mentioned: int
    live: int


@dataclass(frozen=True, slots=True)
class Baselines:
    """Weight counts of the same neurons wired in three ways (biases apart)."""

    shared: int
    locally_connected: int
    fully_connected: int


def along(formula: Formula, weight: Access) -> Along:
    """The law of sharing: a weight is shared along exactly those loops that its index does not mention.

    >>> from isochrome.core.formula import parse
    >>> f = parse("y[n, m, p] += w[m, c, u] * x[n, c, 2*p + u - 1]")
    >>> along(f, f.factors[0])
    Along(shared=('n', 'p'), distinct=('m', 'c', 'u'), summed=('c', 'u'))
    """
    return Along(
        tuple(loop for loop in formula.loops if loop not in weight.loops),
        tuple(loop for loop in formula.loops if loop in weight.loops),
        tuple(loop for loop in formula.loops if loop not in formula.output.loops),
    )


def level_sets(relation: Relation, weight: Access) -> tuple[str, ...]:
    """The indices of a weight that stay the same while loops that they mention change: it is shared along these too.

    Such are a table, a fold, and a sum of several loops that are no digits.

    >>> from isochrome.core.relation import relation
    >>> r = relation("y[i] += w[i - j + 4] * x[j]", {"y": (5,), "x": (5,), "w": (9,)})
    >>> level_sets(r, r.formula.factors[0])
    ('i - j',)
    """
    number = relation.formula.accesses.index(weight)
    found = []
    for index, axis in zip(weight.indices, relation.axes[number], strict=True):
        loops = [loop for loop in loops_of(index) if relation.sizes[loop] > 1]
        if isinstance(index, Affine) and len(loops) > len(axis.digits):
            found.append(str(Affine(index.terms)))
        elif loops and not isinstance(index, Affine):
            found.append(str(index))
    return tuple(found)


def uses_per_weight(relation: Relation, number: int) -> Uses:
    """How often each weight of an access is used: a product over components, no tap is enumerated.

    >>> from isochrome.core.relation import relation
    >>> uses_per_weight(relation("y[p] += w[u] * x[p + u - 1]", {"x": (5,), "w": (3,)}), 1)
    Uses(taps=5, least=4, most=5, mentioned=3, live=3)
    """
    taps: int | None = 1
    least = most = mentioned = live = 1
    digits = {(digit.component, digit.column) for axis in relation.axes[number] for digit in axis.digits}
    for place, component in enumerate(relation.components):
        columns = tuple(column for part, column in sorted(digits) if part == place)
        if columns:
            distinct, rows, real = component.histogram(columns)
        else:
            distinct, rows, real = (np.array([count]) for count in (0, component.total, component.real))
        if not rows.any():
            return Uses(0, 0, 0, 0, 0)
        taps = taps * int(rows[0]) if taps is not None and (rows == rows[0]).all() else None
        least, most = least * int(real.min()), most * int(real.max())
        mentioned, live = mentioned * len(distinct), live * int(np.count_nonzero(real))
    return Uses(taps, least, most, mentioned, live)


def baselines(relation: Relation, weights: int, neurons: int, inputs: int) -> Baselines:
    """The same neurons with shared weights, with a weight for every connection, and with all inputs connected."""
    return Baselines(weights, relation.connections, neurons * inputs)


def roles(formula: Formula, weights: frozenset[str], inputs: frozenset[str]) -> dict[str, Role]:
    """The role of each loop that has one, read off the formula.

    filter: in y and w only; position: in y, not in w; channel: in w and x, alone in its axis of x; tap: in w and x,
    sharing an axis of x with a position; group: in all three.

    >>> from isochrome.core.formula import parse
    >>> f = parse("y[n, 2*g + m, p] += w[2*g + m, c, u] * x[n, 3*g + c, p + u]")
    >>> roles(f, frozenset("w"), frozenset("x"))
    {'n': 'position', 'g': 'group', 'm': 'filter', 'p': 'position', 'c': 'channel', 'u': 'tap'}
    """
    out = set(formula.output.loops)
    in_w = {loop for factor in formula.factors if factor.name in weights for loop in factor.loops}
    read = [set(loops_of(index)) for factor in formula.factors if factor.name in inputs for index in factor.indices]
    in_x = {loop for loops in read for loop in loops}
    found: dict[str, Role] = {loop: "position" for loop in out - in_w}
    beside = {loop for loops in read if loops & set(found) for loop in loops}
    for loop in formula.loops:
        if loop in in_w and loop in out:
            found[loop] = "group" if loop in in_x else "filter"
        elif loop in in_w and loop in in_x:
            found[loop] = "tap" if loop in beside else "channel"
    return {loop: found[loop] for loop in formula.loops if loop in found}
