"""Formulas, shapes and tables at random: every feature of a line, on tiny shapes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from itertools import product
from math import prod
from typing import TypeVar
from unittest.mock import patch

import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from isochrome.core.formula import Access, Affine, Fold, Formula, Guard, Index, Table, loops_of
from isochrome.core.relation import Relation, relation
from isochrome.errors import FormulaError
from tests.laws import brute

laws = settings(
    max_examples=int(os.environ.get("ISOCHROME_LAWS", "200")),
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)

Shape = tuple[int, ...]
LOOPS = ("n", "g", "m", "p", "u")
FACTORS = ("w", "x", "h", "b", "k")
KINDS = (*("loop", "digits") * 3, "window", "window", "sum", "fold", "table", "again", "again", "constant")
MOST_TAPS = 120
WHOLE = 10**9
TOO_LARGE_FOR_LAZY = ("must have at most", "too many to count one by one")


@dataclass(frozen=True, slots=True)
class Case:
    """A line with everything that it needs, and what the strategy knows of it."""

    formula: Formula
    sizes: dict[str, int]
    given: dict[str, Shape]
    shapes: dict[str, Shape]
    tables: dict[str, NDArray[np.int64]]
    inputs: frozenset[str]
    limit: int

    @property
    def numbers(self) -> dict[str, dict[Shape, int]]:
        """The tables as the brute reading wants them."""
        return {
            name: {place: int(table[place]) for place in product(*map(range, table.shape))}
            for name, table in self.tables.items()
        }

    def taps(self) -> list[brute.Tap]:
        """All taps, by brute force."""
        return brute.taps(self.formula, self.sizes, self.shapes, self.inputs, self.numbers)

    def relation(self) -> Relation:
        """The relation, with tables of at most ``limit`` rows: a larger component is lazy."""
        with patch("isochrome.core.relation.LIMIT", self.limit):
            return relation(self.formula, self.given, self.tables, self.inputs)

    def valid(self) -> tuple[Relation, list[brute.Tap]] | None:
        """Relation and taps; None where the formula is wrong (then both readings say so) or too large for lazy."""
        try:
            taps = self.taps()
        except brute.Outside:
            taps = None
        try:
            found = self.relation()
        except FormulaError as error:
            too_large = self.limit < WHOLE and any(text in str(error) for text in TOO_LARGE_FOR_LAZY)
            assert too_large or (taps is None and ("must lie" in str(error) or "must stay inside" in str(error))), error
            return None
        assert taps is not None, f"{self.formula} reads a weight or a table outside, and no error says so"
        return found, taps


@contextmanager
def too_large_for_lazy(limit: int) -> Iterator[None]:
    """Lets a lazy component say that a question is too large for it, and a table nothing."""
    try:
        yield
    except FormulaError as error:
        assert limit < WHOLE, error
        assert any(text in str(error) for text in TOO_LARGE_FOR_LAZY), error


small = st.integers(-3, 3)
_truth = st.booleans()
T = TypeVar("T")


@cache
def _strategy(values: tuple[T, ...]) -> st.SearchStrategy[T]:
    return st.sampled_from(values)


@cache
def _orders(values: tuple[str, ...]) -> st.SearchStrategy[list[str]]:
    return st.permutations(values)


def _one_of(draw: st.DrawFn, *values: T) -> T:
    """One of the values; a strategy for each choice is made once, which halves the time."""
    return draw(_strategy(values))


def _one_in(draw: st.DrawFn, count: int) -> bool:
    """True for about one draw in ``count``; a middle value, as the ends are drawn too often."""
    return _one_of(draw, *range(count)) == count // 2


def _sizes(draw: st.DrawFn) -> dict[str, int]:
    count = _one_of(draw, 2, 3, 3, 4, 1, 5)
    sizes: dict[str, int] = {}
    for loop in draw(_orders(LOOPS))[:count]:
        room = max(min(5, MOST_TAPS // max(prod(sizes.values()), 1)), 1)
        sizes[loop] = min(_one_of(draw, 2, 3, 2, 3, 4, 1, 5), room)
    if _one_in(draw, 30):
        sizes[_one_of(draw, *sorted(sizes))] = 0
    return sizes


def _affine(draw: st.DrawFn, sizes: dict[str, int]) -> Affine:
    loops = [_one_of(draw, *sorted(sizes)) for _ in range(_one_of(draw, 1, 2, 3, 0))]
    return Affine(tuple((loop, draw(small)) for loop in loops), draw(small))


def _digits(draw: st.DrawFn, sizes: dict[str, int]) -> Affine:
    """A positional number, its digits in any order, some counted down, some with gaps."""
    loops = draw(_orders(tuple(sorted(sizes))))[: _one_of(draw, 2, 3, 1, 2)]
    step, offset = 1, _one_of(draw, 0, 0, 0, 1, 2, -1)
    terms = []
    for loop in loops:
        down = _one_in(draw, 5)
        terms.append((loop, -step if down else step))
        offset += step * max(sizes[loop] - 1, 0) if down else 0
        step = step * max(sizes[loop], 1) + _one_of(draw, 0, 0, 1, 0)
    return Affine(tuple(terms if draw(_truth) else terms[::-1]), offset)


def _window(draw: st.DrawFn, sizes: dict[str, int]) -> Affine:
    p, u = _one_of(draw, *sorted(sizes)), _one_of(draw, *sorted(sizes))
    stride, dilation = _one_of(draw, 1, 2, 3), _one_of(draw, 1, 2, 3)
    return Affine(((p, stride), (u, dilation)), -_one_of(draw, 0, 1, 2))


def _span(value: Affine, sizes: dict[str, int]) -> tuple[int, int]:
    mentioned = {loop: sizes[loop] for loop, _ in value.terms}
    values = [brute.sum_of(value, loops) for loops in brute.assignments(mentioned)]
    return min(values, default=0), max(values, default=-1)


class _Drawing:
    """What has been drawn so far: a later access may use an index or a table again."""

    def __init__(self, draw: st.DrawFn, sizes: dict[str, int]) -> None:
        self.draw, self.sizes = draw, sizes
        self.tables: dict[str, NDArray[np.int64]] = {}
        self.seen: list[Index] = []

    def index(self) -> Index:
        kind = _one_of(self.draw, *KINDS)
        found = self._fresh(kind)
        self.seen.append(found)
        return found

    def _fresh(self, kind: str) -> Index:
        match kind:
            case "again" if self.seen:
                return self.draw(st.sampled_from(self.seen))
            case "digits":
                return _digits(self.draw, self.sizes)
            case "window":
                return _window(self.draw, self.sizes)
            case "sum":
                return _affine(self.draw, self.sizes)
            case "constant":
                return Affine((), _one_of(self.draw, 0, 0, 1, 2, -1))
            case "fold":
                fold = _one_of(self.draw, "reflect", "replicate", "circular")
                return Fold(fold, (_window if self.draw(_truth) else _affine)(self.draw, self.sizes))
            case "table":
                return self._table()
        return Affine(((_one_of(self.draw, *sorted(self.sizes)), 1),))

    def _table(self) -> Table:
        """A new table, or a known one at other arguments, which may then leave it."""
        if self.tables and _one_in(self.draw, 4):
            name = _one_of(self.draw, *sorted(self.tables))
            arguments = [self._argument()[0] for _ in range(self.tables[name].ndim)]
            return Table(name, tuple(arguments))
        name = f"table{len(self.tables)}"
        drawn = [self._argument() for _ in range(_one_of(self.draw, 1, 2))]
        shape = tuple(max(high + 1 + _one_of(self.draw, 0, 0, 1, -1, 2), 0) for _, high in drawn)
        numbers = [_one_of(self.draw, 2, 0, 1, 3, -1, 2, 1, 0, 3, 1) for _ in range(prod(shape))]
        self.tables[name] = np.array(numbers, np.int64).reshape(shape)
        return Table(name, tuple(argument for argument, _ in drawn))

    def _argument(self) -> tuple[Affine, int]:
        loop = _one_of(self.draw, *sorted(self.sizes))
        value = Affine(((loop, 1),)) if self.draw(_truth) else _affine(self.draw, self.sizes)
        low, high = _span(value, self.sizes)
        return Affine(value.terms, value.offset - low), high - low

    def access(self, name: str, rank: int) -> Access:
        return Access(name, tuple(self.index() for _ in range(rank)))

    def needed(self, index: Index, size: int) -> tuple[int, int]:
        """The smallest and the largest value of an index, by going through all."""
        numbers = {
            name: {place: int(table[place]) for place in product(*map(range, table.shape))}
            for name, table in self.tables.items()
        }
        found = []
        for loops in brute.assignments({loop: self.sizes[loop] for loop in loops_of(index)}):
            try:
                found.append(brute.index_of(index, size, loops, numbers))
            except brute.Outside:
                continue
        return min(found, default=0), max(found, default=-1)


@st.composite
def cases(draw: st.DrawFn, *, wrong: bool = True, limit: int | None = None) -> Case:
    """A formula with its shapes and tables. Some are wrong (a weight read outside) unless ``wrong`` is False."""
    sizes = _sizes(draw)
    drawing = _Drawing(draw, sizes)
    output = drawing.access("y", _one_of(draw, 0, 1, 1, 2, 2, 3, 4))
    names = [_one_of(draw, *FACTORS) for _ in range(_one_of(draw, 2, 1, 3, 2))]
    rank = {name: _one_of(draw, 0, 1, 1, 1, 2, 2, 3, 4) for name in sorted(set(names))}
    factors = [drawing.access(name, rank[name]) for name in names]
    every = frozenset(names)
    inputs = frozenset(name for name in every if name[0] not in "wb")
    if _one_in(draw, 5):
        inputs = frozenset(name for name in sorted(every) if draw(_truth))
    factors = [a if a.name in inputs else _moved_inside(drawing, a) for a in factors]
    shapes = _shapes(drawing, (output, *factors), inputs, wrong)
    given = {name: shape for name, shape in shapes.items() if not _may_be_left_out(drawing, name, output, factors)}
    guards = [_guard(draw, sizes) for _ in range(_one_of(draw, 0, 0, 1, 0, 2))]
    formula = Formula(output, _one_of(draw, "+", "+", "+", "max"), tuple(factors), (), tuple(guards))
    formula = replace(formula, sizes=_clauses(draw, formula, given, sizes))
    shapes |= {name: _full_shape(drawing, name, formula) for name in shapes if name not in given}
    chosen = _one_of(draw, WHOLE, WHOLE, 4, 10, 1) if limit is None else limit
    return Case(formula, sizes, given, shapes, drawing.tables, inputs, chosen)


def _moved_inside(drawing: _Drawing, access: Access) -> Access:
    indices = []
    for index in access.indices:
        if isinstance(index, Affine):
            low, _ = _span(index, drawing.sizes)
            index = Affine(index.terms, index.offset - low + _one_of(drawing.draw, 0, 0, 1, 0))
        indices.append(index)
    return Access(access.name, tuple(indices))


def _shapes(
    drawing: _Drawing, accesses: tuple[Access, ...], inputs: frozenset[str], wrong: bool
) -> dict[str, Shape]:
    """Sizes that the indices need, or a little more; less too, where taps may fall outside."""
    shapes: dict[str, Shape] = {}
    for name in dict.fromkeys(access.name for access in accesses):
        rank = len(next(access for access in accesses if access.name == name).indices)
        weight = name != "y" and name not in inputs
        slack = (0, 0, 0, 0, 1, -1, 0, 1) if wrong or not weight else (0, 0, 1)
        shape = []
        for axis in range(rank):
            indices = [access.indices[axis] for access in accesses if access.name == name]
            size = _one_of(drawing.draw, 1, 2, 3, 4)
            loose = [index for index in indices if not isinstance(index, Fold)]
            if loose:
                size = max(drawing.needed(index, 0)[1] + 1 for index in loose)
                size = max(size + _one_of(drawing.draw, *slack), 0)
            if size == 0 and any(isinstance(index, Fold) for index in indices):
                size = 1
            shape.append(min(size, 40))
        shapes[name] = tuple(shape)
    return shapes


def _may_be_left_out(drawing: _Drawing, name: str, output: Access, factors: list[Access]) -> bool:
    accesses = [access for access in (output, *factors) if access.name == name]
    for index in (index for access in accesses for index in access.indices):
        if isinstance(index, Fold) or (isinstance(index, Affine) and _span(index, drawing.sizes)[0] < 0):
            return False
    return _one_in(drawing.draw, 6)


def _full_shape(drawing: _Drawing, name: str, formula: Formula) -> Shape:
    """The shape of a tensor that was not given: just large enough."""
    accesses = [access for access in formula.accesses if access.name == name]
    shape = []
    for indices in zip(*(access.indices for access in accesses), strict=True):
        tops = [_span(index, drawing.sizes)[1] for index in indices if isinstance(index, Affine)]
        tops += [int(drawing.tables[index.name].max(initial=-1)) for index in indices if isinstance(index, Table)]
        shape.append(max(tops) + 1)
    return tuple(shape)


def _guard(draw: st.DrawFn, sizes: dict[str, int]) -> Guard:
    low = draw(small)
    return Guard(low, _affine(draw, sizes), low + _one_of(draw, 3, 6, 1, 0, 2, 4))


def _clauses(
    draw: st.DrawFn, formula: Formula, given: dict[str, Shape], sizes: dict[str, int]
) -> tuple[tuple[str, int], ...]:
    """A clause for each loop whose size no shape gives, and for some others."""
    alone: dict[str, set[int]] = {loop: set() for loop in sizes}
    for access in formula.accesses:
        for index, size in zip(access.indices, given.get(access.name, ()), strict=False):
            if isinstance(index, Affine) and index.loop:
                alone[index.loop].add(size)
    stated = [loop for loop in sizes if alone[loop] != {sizes[loop]} or _one_in(draw, 4)]
    return tuple((loop, sizes[loop]) for loop in draw(_orders(tuple(stated))))


@st.composite
def place_sets(draw: st.DrawFn, shape: Shape) -> list[tuple[tuple[int, ...], ...]]:
    """A few boxes inside a tensor, which may overlap."""
    if 0 in shape:
        return []
    axes = [st.sets(st.integers(0, size - 1), min_size=1, max_size=4).map(sorted).map(tuple) for size in shape]
    return draw(st.lists(st.tuples(*axes), min_size=1, max_size=3))
