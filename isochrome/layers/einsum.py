"""Einstein's summation: the equation's own letters are the loops."""

from __future__ import annotations

import re
import string
from collections.abc import Mapping, Sequence

from isochrome.errors import ModelError, shown
from isochrome.layers.check import fault, listed, plural, ranked
from isochrome.layers.line import Operation, Shape, access, line
from isochrome.layers.mix import operand

__all__ = ["einsum"]


def einsum(*, equation: str, shapes: Sequence[Shape], stored: Sequence[int] = ()) -> Operation:
    """A product of operands, summed over the letters that the output lacks.

    ``stored`` holds the positions of the operands that are parameters.

    >>> made = einsum(equation="bti,oi->bto", shapes=[(1, 7, 3), (5, 3)], stored=(1,))
    >>> str(made.lines[0].formula), made.outputs
    ('y[b, t, o] += w[o, i] * x[b, t, i]', ((1, 7, 5),))
    """
    terms, target = _terms(equation, len(shapes))
    if not all(0 <= position < len(shapes) for position in stored) or len(set(stored)) != len(stored):
        raise fault("stored", f"name operands from 0 to {len(shapes) - 1} once", list(stored))
    dots = _ellipsis(terms, shapes, equation)
    spelled = [
        _spell(term, dots[len(dots) - _hidden(term, shape) :]) for term, shape in zip(terms, shapes, strict=True)
    ]
    sizes = _sizes(spelled, shapes)
    output = _output(target, spelled, dots, sizes)
    y = tuple(sizes[loop] for loop in output)
    names = _names(len(shapes), stored)
    order = [*stored, *(number for number in range(len(shapes)) if number not in stored)]
    made = line(
        access("y", output),
        [
            access(names[number], ["0" if size == 1 < sizes[loop] else loop
                                   for loop, size in zip(spelled[number], shapes[number], strict=True)])
            for number in order
        ],
        {"y": y} | {names[number]: tuple(shapes[number]) for number in order},
        {names[number]: operand(number) for number in order},
    )  # fmt: skip
    return Operation("einsum" if stored or len(shapes) == 1 else "attention mixing", (made,), (y,))


def _terms(equation: str, count: int) -> tuple[list[str], str | None]:
    """The letters of each operand, and of the output where they are given; an ellipsis is one dot."""
    text = re.sub(r"\s", "", equation)
    left, arrow, right = text.partition("->")
    terms = [term.replace("...", ".") for term in left.split(",")]
    target = right.replace("...", ".") if arrow else None
    for term in [*terms, target or ""]:
        if not re.fullmatch(r"[a-zA-Z]*\.?[a-zA-Z]*", term):
            raise fault("equation", "hold letters, commas, one arrow and an ellipsis a term", shown(equation))
    if len(terms) != count:
        raise fault("equation", f"have a term for each of {plural(count, 'operand')}", shown(equation))
    return terms, target


def _hidden(term: str, shape: Shape) -> int:
    return len(shape) - len(term.replace(".", "")) if "." in term else 0


def _ellipsis(terms: Sequence[str], shapes: Sequence[Shape], equation: str) -> list[str]:
    """Loops for the axes that an ellipsis stands for, named by letters that are free."""
    most = 0
    for number, (term, shape) in enumerate(zip(terms, shapes, strict=True)):
        axes, named = len(ranked(operand(number), shape, 0)), len(term.replace(".", ""))
        if axes < named or (axes != named and "." not in term):
            wanted = f"at least {named}" if "." in term else f"{named}"
            raise fault(operand(number), f"have {wanted} axes", f"shape {listed(shape)}")
        most = max(most, _hidden(term, shape))
    free = [letter for letter in "ntpqr" + string.ascii_letters if letter not in equation]
    unique = list(dict.fromkeys(free))
    return [unique[axis] if axis < len(unique) else f"a{axis}" for axis in range(most)]


def _spell(term: str, dots: Sequence[str]) -> list[str]:
    before, dot, after = term.partition(".")
    return [*before, *(dots if dot else ()), *after]


def _sizes(spelled: Sequence[Sequence[str]], shapes: Sequence[Shape]) -> dict[str, int]:
    sizes: dict[str, int] = {}
    for loops, shape in zip(spelled, shapes, strict=True):
        for loop, size in zip(loops, shape, strict=True):
            known = sizes.get(loop, 1)
            if 1 not in (size, known) and size != known:
                raise fault(f"letter {loop}", "have one size", f"{known} and {size}")
            sizes[loop] = size if known == 1 else known
    return sizes


def _output(
    target: str | None, spelled: Sequence[Sequence[str]], dots: Sequence[str], sizes: Mapping[str, int]
) -> list[str]:
    if target is None:
        every = [loop for loops in spelled for loop in loops if loop not in dots]
        return [*dots, *sorted(loop for loop in set(every) if every.count(loop) == 1)]
    loops = _spell(target, dots)
    if len(set(loops)) != len(loops):
        raise fault("equation", "name each letter of the output once", shown(target))
    unknown = [loop for loop in loops if loop not in sizes]
    if unknown:
        raise ModelError(f"equation: every letter of the output must stand in an operand; got {unknown[0]}")
    return loops


def _names(count: int, stored: Sequence[int]) -> list[str]:
    if not stored and count == 2:
        return ["q", "k"]
    others = [number for number in range(count) if number not in stored]
    names = [""] * count
    for letter, numbers in (("w", stored), ("x", others)):
        for place, number in enumerate(numbers):
            names[number] = f"{letter}{place + 1}" if place else letter
    return names
