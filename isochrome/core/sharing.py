"""What is shared along what, how often a weight is used, and what the layer would cost without sharing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from isochrome.core.formula import Access, Affine, Formula, loops_of
from isochrome.core.relation import Relation

__all__ = ["Along", "Baselines", "Uses", "along", "baselines", "level_sets", "uses_per_weight"]


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
