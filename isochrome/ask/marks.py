"""What a drawn mark may stand for (a neuron, a slice, a tap, a weight ...), as columns of a relation's components.

A mark is a set of connections: those that agree in some numbers. Which numbers these are is read off the formula: the
loops of a role, or the places of y, x and w.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from isochrome.core.digits import split_digits
from isochrome.core.formula import Access, Affine, Index, loops_of
from isochrome.core.relation import Relation, relation
from isochrome.model.parts import Line
from isochrome.model.roles import placed_roles

__all__ = ["KINDS", "Marked", "marked"]

_LOOPS = "isochrome_loops"
KINDS = ("neuron", "input", "connection", "weight", "parameter", "filter", "block", "channel", "tap", "group", "sample",
         "layer")  # fmt: skip
Column = tuple[int, int]
Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Marked:
    """A relation with every loop as a column of its own, and the columns that decide each kind of mark.

    ``loops`` names, for each kind, the loops behind it.
    """

    relation: Relation
    columns: Mapping[str, frozenset[Column]]
    loops: Mapping[str, tuple[str, ...]]

    def rows(self, component: int) -> Numbers:
        """All rows of a component."""
        part = self.relation.components[component]
        return part.take(np.arange(part.total))


def marked(line: Line, made: Relation) -> Marked:
    """A line's relation (or one of the same formula at other sizes) with its marks.

    A loop that the weight's access mentions stays as it is; an access of all loops is added as one more factor, so that
    each loop has a column.
    """
    formula = made.formula
    every = Access(_LOOPS, tuple(Affine(((loop, 1),)) for loop in formula.loops))
    shapes = {access.name: shape for access, shape in zip(formula.accesses, made.shapes, strict=True)}
    shapes[_LOOPS] = tuple(made.sizes[loop] for loop in formula.loops)
    wider = replace(formula, factors=(*formula.factors, every), sizes=tuple(made.sizes.items()))
    found = relation(wider, shapes, made.tables, made.inputs)
    by_loop = {
        loop: {(digit.component, digit.column) for digit in axis.digits}
        for loop, axis in zip(formula.loops, found.axes[-1], strict=True)
    }
    kinds = _kinds(line, found)
    inputs = [number for number, access in enumerate(formula.accesses) if access.name in dict(line.inputs)]
    weights = frozenset(_columns(found, line.weight_number))
    columns = {
        "neuron": frozenset(_columns(found, 0)),
        "input": frozenset(column for number in inputs for column in _columns(found, number)),
        "weight": weights,
        "connection": frozenset(column for columns in by_loop.values() for column in columns),
        "parameter": frozenset[Column](),
        "layer": frozenset[Column](),
        "block": frozenset(_columns_of_positions(found, line)),
    }
    columns |= {kind: frozenset(c for loop in loops for c in by_loop[loop]) for kind, loops in kinds.items()
                if kind != "block"}  # fmt: skip
    return Marked(found, columns, kinds)


def _kinds(line: Line, made: Relation) -> dict[str, tuple[str, ...]]:
    """The loops behind each kind of mark that is made of loops."""
    roles = placed_roles(line)
    unread = [loop for loop in made.formula.loops if loop not in roles and loop not in made.formula.output.loops]
    return {
        "filter": tuple(loop for loop, role in roles.items() if role in ("filter", "group")),
        "block": tuple(loop for loop, role in roles.items() if role == "position" and loop != line.batch),
        "channel": tuple(loop for loop, role in roles.items() if role in ("channel", "group")),
        "tap": tuple(loop for loop, role in roles.items() if role == "tap") or tuple(unread),
        "group": tuple(loop for loop, role in roles.items() if role == "group"),
        "sample": (line.batch,) if line.batch else (),
    }


def _columns(made: Relation, number: int) -> list[Column]:
    return [(digit.component, digit.column) for axis in made.axes[number] for digit in axis.digits]


def _columns_of_positions(made: Relation, line: Line) -> list[Column]:
    """The columns of y that a position decides; a tap that slides along the output belongs to the place."""
    positions = {loop for loop, role in placed_roles(line).items() if role == "position" and loop != line.batch}
    found: list[Column] = []
    for index, axis in zip(made.formula.output.indices, made.axes[0], strict=True):
        for loops, digit in zip(_loops_of_digits(index, axis.size, made), axis.digits, strict=True):
            if positions & set(loops):
                found.append((digit.component, digit.column))
    return found


def _loops_of_digits(index: Index, size: int, made: Relation) -> list[tuple[str, ...]]:
    """The loops behind each digit of an axis."""
    if not isinstance(index, Affine):
        return [loops_of(index)]
    plain = index.substitute({loop: Affine() for loop, size in made.sizes.items() if size == 1})
    return [loops_of(part) for part, _, _ in split_digits(plain, size, made.sizes)]
