"""What people call the loops of a layer: filter, channel, tap, position, group. Read off the formula alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from isochrome.core.digits import split_digits
from isochrome.core.formula import Affine, Fold, Formula, Index, loops_of
from isochrome.model.parts import Line

__all__ = ["Role", "line_roles", "placed_roles", "roles"]

Role = Literal["filter", "position", "channel", "tap", "group"]


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


def line_roles(line: Line) -> dict[str, Role]:
    """The role of each loop of a line. A loop that slides along the output beside a position is a tap (transposed)."""
    found = roles(line.formula, frozenset({line.weight}), frozenset(name for name, _ in line.inputs))
    for loops in map(loops_of, line.formula.output.indices):
        if any(found.get(loop) == "position" for loop in loops):
            found |= {loop: "tap" for loop in loops if found.get(loop) == "filter"}
    return found


def placed_roles(line: Line) -> dict[str, Role]:
    """The roles of a line's loops, where a window that slides by a loop makes it a position, whatever w mentions.

    A locally connected layer mentions its positions in w, so by its formula alone they are groups; but a group's inputs
    lie apart, and a position's windows overlap.
    """
    found = line_roles(line)
    if line.depends:
        return found
    sizes = line.relation.sizes
    for name, _ in line.inputs:
        for access, shape in zip(line.formula.accesses, line.relation.shapes, strict=True):
            for index, size in zip(access.indices, shape, strict=True) if access.name == name else ():
                for part in _sliding(index, size, sizes):
                    loops = [loop for loop, _ in part.terms if sizes[loop] > 1]
                    if any(found.get(loop) == "group" for loop in loops) and len(loops) > 1:
                        found |= {loop: "position" if found.get(loop) == "group" else "tap" for loop in loops}
    return found


def _sliding(index: Index, size: int, sizes: Mapping[str, int]) -> list[Affine]:
    """The parts of an index that are one number each: a digit, or a sum of loops that overlap."""
    value = index.inside if isinstance(index, Fold) else index
    if not isinstance(value, Affine):
        return []
    plain = value.substitute({loop: Affine() for loop, count in sizes.items() if count == 1})
    return [part for part, _, _ in split_digits(plain, size, sizes)]
