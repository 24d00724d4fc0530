"""What one call of one operation is: its lines, the shapes of its outputs, and who its operands are.

Letters of the loops, the same in every kind:

====================  ==============================================================
``n``                 batch
``m`` ``c`` ``g``     filter, channel, group
``p`` ``q`` ``r``     positions, up to three axes (``p4``, ``p5`` beyond)
``u`` ``v`` ``s``     taps of a window along those axes (``u4``, ``u5`` beyond)
``t``                 time or token
``o`` ``i``           what a linear layer gives and takes
``e``                 embedding
``h`` ``d``           head, and what two activations are multiplied along
``r`` ``j``           row of the gates and column of the state, in recurrent kinds
====================  ==============================================================
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from isochrome.core.formula import Formula, parse
from isochrome.core.sizes import Shape

__all__ = [
    "LONGEST_TABLE",
    "Integers",
    "Line",
    "Numbers",
    "Operation",
    "Shape",
    "access",
    "affine",
    "letters",
    "line",
    "plain",
    "stretched",
    "table_name",
    "without_loop",
]

Integers = NDArray[np.int64]
Numbers = NDArray[np.float64]

_POOLS = {
    "positions": ("p", "q", "r"),
    "taps": ("u", "v", "s"),
    "leading": ("n", "t", "p", "q", "r"),
    "others": ("i", "j", "s", "u", "v"),
    "features": ("e", "o", "i"),
}

LONGEST_TABLE = 1 << 22
_TABLES = ("columns", "rows", "planes")


Made = tuple[Numbers, Numbers]


@dataclass(frozen=True, slots=True)
class Prepared:
    """How x is made: from which operands, by which function, and how many numbers meet in one of its elements.

    The function gives x and, for each element, the size of what was subtracted from what: rounding there is relative
    to it.
    """

    operands: tuple[str, ...]
    compute: Callable[[Sequence[Numbers]], Made]
    count: int


@dataclass(frozen=True, slots=True)
class Line:
    """One formula of an operation, with all that is needed to count, list and evaluate it."""

    formula: Formula
    shapes: tuple[tuple[str, Shape], ...]
    """The shape of every tensor that the formula names, the output's too."""
    operands: tuple[tuple[str, str], ...]
    """Which operand of the operation each factor is; constants are absent."""
    tables: tuple[tuple[str, Integers], ...] = ()
    constants: tuple[tuple[str, Numbers], ...] = ()
    output: str = "y"
    """``y``, ``y2``, ... for the outputs of the operation in their order, or the name of an inner quantity."""
    inner: bool = False
    """True when the line makes something that is no output of the operation, such as the sums inside a gate."""
    of: str = ""
    """What the input stands for where it is not the operand itself, such as ``normalised``."""
    depends: str = ""
    """Why the connections depend on data, where they do."""
    scale: float = 1.0
    """A number that multiplies the whole line."""
    prepared: Prepared | None = None
    """How x is computed where it is not the operand itself."""
    exact: bool = True
    """False where the line says who reaches whom, and its sum of products is not the value."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One call of one operation: its kind, its lines, the shapes of its outputs."""

    kind: str
    lines: tuple[Line, ...]
    outputs: tuple[Shape, ...]
    opaque: str = ""
    """Why no line can say what the operation does, where none can."""
    reshape: tuple[Shape, Shape] | None = None
    """The shapes before and after, for an operation that renames places and does nothing else."""


_formula = lru_cache(maxsize=4096)(parse)


def line(
    output: str,
    factors: Sequence[str],
    shapes: Mapping[str, Shape],
    operands: Mapping[str, str],
    *,
    where: Iterable[str] = (),
    reduce: str = "+=",
    tables: Mapping[str, Integers] | None = None,
    constants: Mapping[str, Numbers] | None = None,
    name: str = "y",
    inner: bool = False,
    of: str = "",
    depends: str = "",
    scale: float = 1.0,
    exact: bool = True,
    prepared: Prepared | None = None,
) -> Line:
    """The line that reads ``output reduce factor * factor where ...``.

    >>> made = line("y[n, o]", ["w[o, i]", "x[n, i]"], {"y": (1, 2), "w": (2, 3), "x": (1, 3)}, {"w": "w", "x": "x"})
    >>> str(made.formula)
    'y[n, o] += w[o, i] * x[n, i]'
    """
    clauses = ", ".join(where)
    text = f"{output} {reduce} {' * '.join(factors)}" + (f" where {clauses}" if clauses else "")
    return Line(
        formula=_formula(text),
        shapes=tuple(shapes.items()),
        operands=tuple(operands.items()),
        tables=tuple((tables or {}).items()),
        constants=tuple((constants or {}).items()),
        output=name,
        inner=inner,
        of=of,
        depends=depends,
        scale=scale,
        exact=exact,
        prepared=prepared,
    )


def access(name: str, *indices: Iterable[str] | str) -> str:
    """A tensor at its indices; every argument is one index or a row of them.

    >>> access("x", "n", ["p", "q"])
    'x[n, p, q]'
    """
    flat = [index for part in indices for index in ([part] if isinstance(part, str) else part)]
    return f"{name}[{', '.join(flat)}]"


def affine(*terms: tuple[int, str], offset: int = 0) -> str:
    """A whole-number sum as text; terms of zero are left out.

    >>> affine((2, "p"), (1, "u"), offset=-1), affine((-1, "p"), offset=6), affine((0, "p"))
    ('2*p + u - 1', '-p + 6', '0')
    """
    text = ""
    for factor, loop in terms:
        if factor:
            sign = (" - " if factor < 0 else " + ") if text else ("-" if factor < 0 else "")
            text += sign + (loop if abs(factor) == 1 else f"{abs(factor)}*{loop}")
    if not text:
        return str(offset)
    return text + (f" {'-' if offset < 0 else '+'} {abs(offset)}" if offset else "")


def without_loop(operation: Operation, loop: str) -> Operation:
    """The operation without a loop of one step: every axis at which that loop stands alone is gone.

    >>> shapes = {"y": (1, 2), "w": (2, 3), "x": (1, 3)}
    >>> made = line("y[n, o]", ["w[o, i]", "x[n, i]"], shapes, {"w": "w", "x": "x"})
    >>> fewer = without_loop(Operation("linear", (made,), ((1, 2),)), "n")
    >>> str(fewer.lines[0].formula), fewer.outputs
    ('y[o] += w[o, i] * x[i]', ((2,),))
    """
    outputs = {f"y{at + 1}" if at else "y": shape for at, shape in enumerate(operation.outputs)}
    lines = []
    for one in operation.lines:
        shapes = dict(one.shapes)
        cut = {}
        for access in one.formula.accesses:
            kept = [axis for axis, index in enumerate(access.indices) if getattr(index, "loop", None) != loop]
            cut[access.name] = tuple(access.indices[axis] for axis in kept)
            shapes[access.name] = tuple(dict(one.shapes)[access.name][axis] for axis in kept)
        if not one.inner:
            outputs[one.output] = shapes[one.formula.output.name]
        formula = replace(
            one.formula,
            output=replace(one.formula.output, indices=cut[one.formula.output.name]),
            factors=tuple(replace(factor, indices=cut[factor.name]) for factor in one.formula.factors),
        )
        lines.append(replace(one, formula=formula, shapes=tuple(shapes.items())))
    return replace(operation, lines=tuple(lines), outputs=tuple(outputs.values()))


def letters(pool: str, count: int) -> tuple[str, ...]:
    """The loops of so many axes: positions, taps, or the leading axes of a linear layer.

    >>> letters("positions", 2), letters("taps", 4), letters("leading", 2)
    (('p', 'q'), ('u', 'v', 's', 'u4'), ('n', 't'))
    """
    names = _POOLS[pool]
    return names[:count] + tuple(f"{names[0]}{axis}" for axis in range(len(names) + 1, count + 1))


def plain(rank: int) -> tuple[str, ...]:
    """The loops of a tensor whose axes have no meaning that is known.

    >>> plain(2), plain(3), plain(4)
    (('n', 'o'), ('n', 't', 'o'), ('n', 'c', 'p', 'q'))
    """
    if rank > 3:
        return ("n", "c", *letters("positions", rank - 2))
    return (*letters("leading", rank - 1), "o") if rank else ()


def stretched(shape: Shape, whole: Shape, loops: Sequence[str], stored: bool = False) -> list[str]:
    """The indices of a tensor that is stretched to a whole, aligned at the last axes.

    >>> stretched((6, 1), (2, 6, 5), ("n", "c", "p"))
    ['c', '0']
    """
    skip = len(whole) - len(shape)
    return [
        "0" if size == 1 and (stored or whole[skip + axis] != 1) else loops[skip + axis]
        for axis, size in enumerate(shape)
    ]


def table_name(axis: int, rank: int) -> str:
    """What the table of places along an axis is called.

    >>> table_name(2, 4), table_name(3, 4), table_name(0, 4)
    ('rows', 'columns', 'axis0')
    """
    back = rank - 1 - axis
    return _TABLES[back] if back < len(_TABLES) else f"axis{axis}"
