"""A layer as one line of text: ``y[n, m, p] += w[m, c, u] * x[n, c, 2*p + u - 1]``, and back.

The grammar is small (docs/formulas.md). Parsing and printing are inverse: ``parse(str(f)) == f``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, TypeVar

from isochrome.errors import FormulaError, shown

__all__ = ["Access", "Affine", "Fold", "Formula", "Guard", "Index", "Reduce", "Table", "loops_of", "parse", "sums_of"]

T = TypeVar("T")
FoldKind = Literal["reflect", "replicate", "circular"]
Reduce = Literal["+", "max"]
_FOLDS: tuple[FoldKind, ...] = ("reflect", "replicate", "circular")
_LONGEST = 20_000
_LARGEST = 2**62


@dataclass(frozen=True, slots=True)
class Affine:
    """A whole-number sum of loops and a constant, such as ``2*p + u - 1``.

    Terms keep the order in which they were written; two sums are equal when their meaning is.

    >>> Affine((("u", 1), ("p", 2)), -1) == Affine((("p", 2), ("u", 1)), -1)
    True
    """

    terms: tuple[tuple[str, int], ...] = field(default=(), compare=False)
    offset: int = 0
    meaning: tuple[tuple[str, int], ...] = field(init=False, repr=False, default=())

    def __post_init__(self) -> None:
        total: dict[str, int] = {}
        for loop, coefficient in self.terms:
            total[loop] = total.get(loop, 0) + coefficient
        terms = tuple((loop, coefficient) for loop, coefficient in total.items() if coefficient)
        object.__setattr__(self, "terms", terms)
        object.__setattr__(self, "meaning", tuple(sorted(terms)))

    def __str__(self) -> str:
        text = ""
        for loop, coefficient in self.terms:
            sign = (" - " if coefficient < 0 else " + ") if text else ("-" if coefficient < 0 else "")
            text += sign + (loop if abs(coefficient) == 1 else f"{abs(coefficient)}*{loop}")
        if not text:
            return str(self.offset)
        return text + (f" {'-' if self.offset < 0 else '+'} {abs(self.offset)}" if self.offset else "")

    @property
    def loop(self) -> str | None:
        """The loop that stands here alone, if one does."""
        return self.terms[0][0] if not self.offset and len(self.terms) == 1 and self.terms[0][1] == 1 else None

    def substitute(self, values: Mapping[str, Affine]) -> Affine:
        """The sum with loops replaced by sums."""
        terms: list[tuple[str, int]] = []
        offset = self.offset
        for loop, coefficient in self.terms:
            value = values.get(loop, Affine(((loop, 1),)))
            terms += [(inner, coefficient * factor) for inner, factor in value.terms]
            offset += coefficient * value.offset
        return Affine(tuple(terms), offset)


@dataclass(frozen=True, slots=True)
class Fold:
    """An index that turns back at the border: ``reflect(p + u - 1)``."""

    kind: FoldKind
    inside: Affine

    def __str__(self) -> str:
        return f"{self.kind}({self.inside})"


@dataclass(frozen=True, slots=True)
class Table:
    """An index looked up in a constant array of integers: ``ids[t]``. An entry -1 means: no tap."""

    name: str
    arguments: tuple[Affine, ...]

    def __str__(self) -> str:
        return f"{self.name}[{', '.join(map(str, self.arguments))}]"


Index = Affine | Fold | Table


@dataclass(frozen=True, slots=True)
class Access:
    """One tensor at one index for each of its axes: ``w[m, c, u]``."""

    name: str
    indices: tuple[Index, ...]

    def __str__(self) -> str:
        return f"{self.name}[{', '.join(map(str, self.indices))}]"

    @property
    def loops(self) -> tuple[str, ...]:
        """The loops that the tensor is read by, each once."""
        return tuple(dict.fromkeys(loop for index in self.indices for loop in loops_of(index)))


@dataclass(frozen=True, slots=True)
class Guard:
    """``low <= value < high``; a tap outside it does not exist."""

    low: int
    value: Affine
    high: int

    def __str__(self) -> str:
        return f"{self.low} <= {self.value} < {self.high}"


@dataclass(frozen=True, slots=True)
class Formula:
    """A layer's arithmetic: the output, how it is reduced, the factors, the sizes and guards that it states.

    >>> f = parse("y[n, m, p] += w[m, c, u] * x[n, c, 2*p + u - 1] where u < 3")
    >>> f.loops
    ('n', 'm', 'p', 'c', 'u')
    >>> str(f)
    'y[n, m, p] += w[m, c, u] * x[n, c, 2*p + u - 1] where u < 3'
    """

    output: Access
    reduce: Reduce
    factors: tuple[Access, ...]
    sizes: tuple[tuple[str, int], ...] = ()
    guards: tuple[Guard, ...] = ()

    def __str__(self) -> str:
        clauses = [f"{loop} < {size}" for loop, size in self.sizes] + [str(guard) for guard in self.guards]
        line = f"{self.output} {'max=' if self.reduce == 'max' else '+='} {' * '.join(map(str, self.factors))}"
        return line + (f" where {', '.join(clauses)}" if clauses else "")

    @property
    def accesses(self) -> tuple[Access, ...]:
        """The output, then the factors in their order."""
        return (self.output, *self.factors)

    @property
    def loops(self) -> tuple[str, ...]:
        """All loops, in the order in which the line first mentions them."""
        found = [loop for access in self.accesses for loop in access.loops]
        found += [loop for loop, _ in self.sizes]
        return tuple(dict.fromkeys(found + [loop for guard in self.guards for loop, _ in guard.value.terms]))

    def with_factor(self, number: int, access: Access) -> Formula:
        """The same line with one factor replaced."""
        return replace(self, factors=(*self.factors[:number], access, *self.factors[number + 1 :]))


def sums_of(index: Index) -> tuple[Affine, ...]:
    """The sums in an index: itself, what a fold turns back, or the arguments of a table."""
    match index:
        case Affine():
            return (index,)
        case Fold():
            return (index.inside,)
        case Table():
            return index.arguments


def loops_of(index: Index) -> tuple[str, ...]:
    """The loops that an index mentions, each once.

    >>> loops_of(parse("y[p] += x[reflect(p + u - 1)]").factors[0].indices[0])
    ('p', 'u')
    """
    return tuple(dict.fromkeys(loop for value in sums_of(index) for loop, _ in value.terms))


def parse(text: str) -> Formula:
    """The formula that a line of text states.

    Raises FormulaError that names the column and what was expected there.

    >>> parse("y[t] += w[t - s + 4] * x[s] where 0 <= t - s < 3").guards[0].high
    3
    """
    if len(text) > _LONGEST:
        raise FormulaError(f"formula: must be at most {_LONGEST} characters; got {len(text)}")
    return _Reader(text).formula()


_TOKEN = re.compile(
    r"\s*(?:(?P<name>[A-Za-z_]\w*)|(?P<number>\d+)|(?P<sign>\+=|<=|[\[\](),*+\-<=])|(?P<other>\S))", re.ASCII
)


class _Reader:
    """Reads tokens from left to right, one function a rule of the grammar."""

    def __init__(self, text: str) -> None:
        found = [(token.lastgroup or "", token) for token in _TOKEN.finditer(text)]
        self.tokens = [(kind, token[kind], token.start(kind)) for kind, token in found] + [("end", "", len(text))]
        self.at = 0

    @property
    def next(self) -> str:
        return self.tokens[self.at][1]

    def sees(self, kind: str) -> bool:
        return self.tokens[self.at][0] == kind

    def fault(self, wanted: str, at: int | None = None) -> FormulaError:
        kind, word, column = self.tokens[self.at if at is None else at]
        got = "the end of the line" if kind == "end" else f"'{shown(word)}'"
        return FormulaError(f"formula, column {column + 1}: must be {wanted}; got {got}")

    def maybe(self, wanted: str) -> bool:
        found = self.next == wanted
        self.at += found
        return found

    def take(self, wanted: str) -> None:
        if not self.maybe(wanted):
            raise self.fault(f"'{wanted}'")

    def word(self, kind: str, wanted: str) -> str:
        if not self.sees(kind):
            raise self.fault(wanted)
        self.at += 1
        return self.tokens[self.at - 1][1]

    def several(self, read: Callable[[], T], mark: str = ",") -> tuple[T, ...]:
        found = [read()]
        while self.maybe(mark):
            found.append(read())
        return tuple(found)

    def between(self, marks: str, read: Callable[[], T]) -> T:
        self.take(marks[0])
        found = read()
        self.take(marks[1])
        return found

    def formula(self) -> Formula:
        output = self.access()
        reduce: Reduce = "max" if self.maybe("max") else "+"
        self.take("=" if reduce == "max" else "+=")
        factors = self.several(self.access, "*")
        clauses = self.several(self.clause) if self.maybe("where") else ()
        if not self.sees("end"):
            raise self.fault("'*', 'where' or the end of the line" if not clauses else "',' or the end of the line")
        if any(factor.name == output.name for factor in factors):
            raise FormulaError(f"formula: the output {output.name} must not stand on the right as well")
        sizes = tuple(clause for clause in clauses if not isinstance(clause, Guard))
        return Formula(output, reduce, factors, sizes, tuple(clause for clause in clauses if isinstance(clause, Guard)))

    def access(self) -> Access:
        name = self.word("name", "the name of a tensor")
        return Access(name, self.between("[]", lambda: () if self.next == "]" else self.several(self.index)))

    def index(self) -> Index:
        after = self.tokens[self.at + 1][1] if self.next else ""
        if after == "[":
            name = self.word("name", "the name of a table")
            return Table(name, self.between("[]", lambda: self.several(self.affine)))
        if after != "(":
            return self.affine()
        for kind in _FOLDS:
            if self.maybe(kind):
                return Fold(kind, self.between("()", self.affine))
        raise self.fault("reflect, replicate or circular before '('")

    def number(self) -> int:
        word = self.word("number", "a whole number")
        if len(word) > 19 or int(word) >= _LARGEST:
            raise self.fault("a number below 2^62", self.at - 1)
        return int(word)

    def integer(self) -> int:
        return -self.number() if self.maybe("-") else self.number()

    def affine(self) -> Affine:
        terms: list[tuple[str, int]] = []
        offset, start = 0, self.at
        sign = -1 if self.maybe("-") else 1
        while sign:
            factor = self.number() if self.sees("number") else None
            if factor is None:
                terms.append((self.word("name", "a loop or a whole number"), sign))
            elif self.maybe("*"):
                terms.append((self.word("name", "the name of a loop"), sign * factor))
            else:
                offset += sign * factor
            sign = 1 if self.maybe("+") else -1 if self.maybe("-") else 0
        value = Affine(tuple(terms), offset)
        if any(abs(number) >= _LARGEST for number in (offset, *(factor for _, factor in value.terms))):
            raise self.fault("numbers that add up to less than 2^62", start)
        return value

    def clause(self) -> tuple[str, int] | Guard:
        if self.sees("name"):
            loop = self.word("name", "the name of a loop")
            self.take("<")
            return loop, self.integer()
        low = self.integer()
        self.take("<=")
        value = self.affine()
        self.take("<")
        return Guard(low, value, self.integer())
