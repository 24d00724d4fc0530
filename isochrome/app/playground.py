"""The playground: a typed formula, the gallery beside it, and what each shares, in words read off the relations."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Any

from isochrome.core.formula import parse
from isochrome.core.relation import inputs_of
from isochrome.core.sizes import Shape
from isochrome.draw.views.wording import counted, joined
from isochrome.examples.formulas import FORMULAS
from isochrome.model.parts import Line
from isochrome.model.roles import Role, roles
from isochrome.model.typed import typed_model

__all__ = ["Sharing", "changes", "playground_record", "sharing_of"]


@dataclass(frozen=True, slots=True)
class Sharing:
    """What a formula shares: loops that w does not mention, counts, and how often a weight is used."""

    shared: tuple[str, ...]
    roles: tuple[tuple[str, Role], ...]
    neurons: int
    connections: int
    weights: int
    least: int
    most: int

    @property
    def each(self) -> Fraction:
        """Connections of a neuron, on average."""
        return Fraction(self.connections, self.neurons) if self.neurons else Fraction(0)


def sharing_of(line: Line) -> Sharing:
    """The sharing of a line that has a weight.

    >>> example = FORMULAS["convolution"]
    >>> sharing_of(typed_model(example.line, dict(example.shapes)).model.layers[0].lines[0]).shared
    ('p', 'q')
    """
    pattern, relation = line.pattern, line.relation
    neurons = 1
    for size in line.shape(line.formula.output.name):
        neurons *= size
    uses = pattern.uses
    found = roles(line.formula, frozenset({line.weight}), inputs_of(line.formula))
    shared = tuple(loop for loop in pattern.along.shared if relation.sizes.get(loop, 1) > 1)
    return Sharing(shared, tuple(found.items()), neurons, relation.connections, uses.mentioned, uses.least, uses.most)


def changes(before: Sharing, after: Sharing) -> tuple[str, ...]:
    """What is shared, and what is different from another formula, a sentence each."""
    if before == after:
        times, weights = _often(after), counted(after.weights, "weight")
        return (_shared(after), f"{weights}, each used {times} times on real input: the others are told against this.")
    return tuple(text for text in (_shared(after), _uses(before, after), _weights(before, after),
                                   _each(before, after)) if text)  # fmt: skip


def _shared(one: Sharing) -> str:
    if not one.shared:
        return "Nothing is shared: w mentions every loop of y, so each weight has one connection."
    named = dict(one.roles)
    words = [f"{loop} ({named[loop]})" if loop in named else loop for loop in one.shared]
    return f"One weight serves every {joined(words)}: w does not mention {'it' if len(words) == 1 else 'them'}."


def _often(one: Sharing) -> str:
    return f"{one.most:,}" if one.least == one.most else f"{one.least:,} to {one.most:,}"


def _uses(before: Sharing, after: Sharing) -> str:
    times = "once" if (after.least, after.most) == (1, 1) else f"{_often(after)} times"
    if (before.least, before.most) == (after.least, after.most):
        return f"Each is used {times} on real input, as in the convolution."
    return f"Each is used {times} on real input, not {_often(before)} times as in the convolution."


def _weights(before: Sharing, after: Sharing) -> str:
    if before.weights == after.weights:
        return f"It has as many weights: {after.weights:,}."
    return f"It has {counted(after.weights, 'weight')}, not {before.weights:,}, for {after.connections:,} connections."


def _each(before: Sharing, after: Sharing) -> str:
    if before.each == after.each:
        return ""
    exact = "" if after.each.denominator == 1 else "on average "
    return f"A neuron has {exact}{_plain(after.each)} connections, not {_plain(before.each)}."


def _plain(ratio: Fraction) -> str:
    return f"{ratio.numerator:,}" if ratio.denominator == 1 else f"{float(ratio):.1f}"


@cache
def _usual() -> Sharing:
    """The plain convolution of the gallery, which all are told against."""
    first = next(iter(FORMULAS.values()))
    return sharing_of(typed_model(first.line, dict(first.shapes)).model.layers[0].lines[0])


def playground_record(line: Line) -> dict[str, Any]:
    """What the page shows beside a typed formula: the line, the sizes, words about it, and the gallery."""
    text = str(line.formula)
    return {
        "line": text,
        "sizes": sizes_text(line.shapes),
        "words": list(changes(_usual(), sharing_of(line))) if line.weight else ["It has no weight, so none is shared."],
        "gallery": [
            {"name": one.name, "line": one.line, "sizes": sizes_text(one.shapes), "here": str(parse(one.line)) == text}
            for one in FORMULAS.values()
        ],
    }


def sizes_text(shapes: tuple[tuple[str, Shape], ...]) -> str:
    """Shapes as they are typed.

    >>> sizes_text((("x", (3, 5)), ("w", (3,))))
    'x=3,5; w=3'
    """
    return "; ".join(f"{name}={','.join(map(str, shape))}" for name, shape in shapes)
