"""Formula + shapes -> relation: who is connected to whom, by which weight. A product of small tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations
from math import prod

import numpy as np

from isochrome.core.component import Bound, Column, EagerTable, Numbers, write_table
from isochrome.core.digits import Axis, Digit, split_digits
from isochrome.core.formula import Affine, Fold, Formula, Index, Table, loops_of, parse
from isochrome.core.lazy import Component, solvable_loop, write_lazy
from isochrome.core.sizes import Shape, Tables, affine_range, sizes_and_shapes
from isochrome.errors import FormulaError, RequestError

__all__ = ["Place", "Relation", "Taps", "inputs_of", "relation"]

Place = tuple[int, ...]
LIMIT = 2_000_000
_PAGE = 1 << 16
_FAR = 2**63 - 1
_NO_ROW = EagerTable((), np.zeros((0, 0), np.int64), np.zeros(0, np.bool_))


@dataclass(frozen=True, slots=True, eq=False)
class Taps:
    """Some taps of a relation: a choice of rows from every component, listed without being held."""

    relation: Relation
    selections: tuple[Component, ...]

    @property
    def total(self) -> int:
        """How many taps there are, those on padding included."""
        return prod(selection.total for selection in self.selections)

    @property
    def real(self) -> int:
        """How many of them read no padding."""
        return prod(selection.real for selection in self.selections)

    def places(self, start: int = 0, stop: int | None = None) -> tuple[Numbers, ...]:
        """Taps ``start`` to ``stop``: for each access an array of places, one row a tap, one column an axis."""
        count = max(min(self.total, self.total if stop is None else stop) - start, 0)
        numbers = np.arange(count, dtype=np.int64)
        chosen: list[Numbers] = []
        for selection in reversed(self.selections):
            rows = max(selection.total, 1)
            start, first = divmod(start, rows)
            numbers, row = np.divmod(numbers + first, rows)
            chosen.insert(0, selection.take(row))
        return tuple(_places(axes, chosen, count) for axes in self.relation.axes)

    def listed(self, start: int = 0, stop: int | None = None) -> Iterator[tuple[Place | None, ...]]:
        """The same taps as tuples, one place for each access; None where an input is read outside: padding."""
        stop = min(self.total, self.total if stop is None else stop)
        for page in range(start, stop, _PAGE):
            places = self.places(page, min(page + _PAGE, stop))
            inside = [self.relation.inside(number, array).tolist() for number, array in enumerate(places)]
            rows = [array.tolist() for array in places]
            for tap in range(len(rows[0])):
                yield tuple(tuple(row[tap]) if ok[tap] else None for row, ok in zip(rows, inside, strict=True))


@dataclass(frozen=True, eq=False)
class Relation:
    """The taps of a formula at given shapes, as a product of tables.

    Access 0 is the output; the factors follow in the formula's order.

    >>> r = relation("y[m, p] += w[m, c, u] * x[c, 2*p + u - 1]", {"x": (3, 9), "w": (2, 3, 3)})
    >>> r.connections, r.real_connections
    (90, 78)
    >>> [(w, x) for _, w, x in r.fix({"y": (0, 0)}).listed(0, 2)]
    [((0, 0, 0), None), ((0, 0, 1), (0, 0))]
    >>> r.fix({"w": (1, 2, 0)}).total
    5
    """

    formula: Formula
    sizes: Mapping[str, int]
    shapes: tuple[Shape, ...]
    inputs: frozenset[str]
    axes: tuple[tuple[Axis, ...], ...]
    components: tuple[Component, ...]
    tables: Tables = field(default_factory=dict)

    @cached_property
    def connections(self) -> int:
        """The number of taps, those on padding included; an exact Python integer."""
        return prod(component.total for component in self.components)

    @cached_property
    def real_connections(self) -> int:
        """The number of taps that read no padding."""
        return prod(component.real for component in self.components)

    @property
    def everything(self) -> Taps:
        """All taps."""
        return self.fix({})

    def numbers_of(self, name: str) -> tuple[int, ...]:
        """The accesses, by number, in which a tensor stands."""
        found = tuple(number for number, access in enumerate(self.formula.accesses) if access.name == name)
        if not found:
            raise RequestError(f"tensor {name}: must stand in {self.formula}")
        return found

    def fix(self, wanted: Mapping[str | int, Sequence[int]]) -> Taps:
        """The taps in which the given accesses (by number, or by a name that stands once) have the given places."""
        rows: list[dict[int, int]] = [{} for _ in self.components]
        possible = True
        for key, place in wanted.items():
            number = key if isinstance(key, int) else self._number_of(key)
            self._check_place(number, place)
            for axis, value in zip(self.axes[number], place, strict=True):
                possible &= bool(axis.digits) or value == axis.offset
                for digit, want in zip(axis.digits, axis.decode(value), strict=True):
                    possible &= rows[digit.component].setdefault(digit.column, want) == want
        selected = tuple(part.select(row) for part, row in zip(self.components, rows, strict=True))
        return Taps(self, selected if possible else (*selected, _NO_ROW))

    def count_union(self, name: str, place: Sequence[int]) -> tuple[int, int]:
        """(taps, real taps) in which a tensor has a place in any of its accesses, each tap counted once."""
        numbers, total, real = self.numbers_of(name), 0, 0
        for size in range(1, len(numbers) + 1):
            for chosen in combinations(numbers, size):
                taps = self.fix({number: place for number in chosen})
                total, real = total - (-1) ** size * taps.total, real - (-1) ** size * taps.real
        return total, real

    def list_union(self, name: str, place: Sequence[int]) -> Iterator[tuple[Place | None, ...]]:
        """The taps in which a tensor has a place in any of its accesses, each listed once."""
        numbers, wanted = self.numbers_of(name), tuple(place)
        for order, number in enumerate(numbers):
            for tap in self.fix({number: wanted}).listed():
                if all(tap[earlier] != wanted for earlier in numbers[:order]):
                    yield tap

    def inside(self, number: int, places: Numbers) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
        """Which of some places of an access lie inside its tensor; the others read padding."""
        shape = np.array(self.shapes[number], np.int64)
        return np.asarray(((places >= 0) & (places < shape)).all(axis=1))

    def _number_of(self, name: str) -> int:
        number, *others = self.numbers_of(name)
        if others:
            raise RequestError(
                f"tensor {name}: must stand once to be fixed by its name; it stands {len(others) + 1} times in "
                f"{self.formula}. Fix one access by its number, or ask for the union."
            )
        return number

    def _check_place(self, number: int, place: Sequence[int]) -> None:
        access, shape = self.formula.accesses[number], self.shapes[number]
        if len(place) != len(shape) or any(not 0 <= at < size for at, size in zip(place, shape, strict=False)):
            text = ",".join(map(str, place))
            raise RequestError(f"place {text}: must lie in {access.name} of shape {list(shape)} ({access})")


def inputs_of(formula: Formula) -> frozenset[str]:
    """The factors that a typed line treats as inputs: all but those whose name begins with w or b.

    >>> from isochrome.core.formula import parse
    >>> sorted(inputs_of(parse("y[p] += w[u] * x[p + u]")))
    ['x']
    """
    return frozenset(factor.name for factor in formula.factors if factor.name[0] not in "wb")


def relation(
    formula: Formula | str,
    shapes: Mapping[str, Shape],
    tables: Tables | None = None,
    inputs: frozenset[str] | None = None,
) -> Relation:
    """The relation of a formula at the given shapes.

    ``inputs`` names the factors that may be read outside their shape (padding); any other factor, a weight or a
    constant, read outside its shape is an error. Raises FormulaError.
    """
    line = parse(formula) if isinstance(formula, str) else formula
    numbers = {name: np.asarray(table, np.int64) for name, table in (tables or {}).items()}
    sizes, known = sizes_and_shapes(line, shapes, numbers)
    readable = inputs_of(line) if inputs is None else inputs
    return _Builder(line, sizes, tuple(known[a.name] for a in line.accesses), readable, numbers).build()


class _Part:
    """A component while it is collected: its loops, its columns, and the bounds on them."""

    def __init__(self, sizes: Mapping[str, int]) -> None:
        self.sizes = sizes
        self.columns: dict[Column, int] = {}
        self.exists: list[Bound] = []
        self.pads: list[Bound] = []

    @property
    def says_something(self) -> bool:
        return bool(self.columns or self.exists or self.pads)


@dataclass(frozen=True, slots=True)
class _Split:
    """One axis of one access before its place in the components is known: its digits, highest first."""

    name: str
    size: int
    offset: int
    digits: tuple[tuple[Column, int, int], ...]


class _Builder:
    """Substitute, split digits, tie, and write the tables."""

    def __init__(
        self, formula: Formula, sizes: dict[str, int], shapes: tuple[Shape, ...], inputs: frozenset[str], tables: Tables
    ) -> None:
        self.formula, self.sizes, self.shapes, self.inputs, self.tables = formula, sizes, shapes, inputs, tables
        self.zero = {loop: Affine() for loop, size in sizes.items() if size == 1}
        weights = [access for access in formula.factors if access.name not in inputs]
        self.mentioned = dict.fromkeys(loop for access in weights for loop in access.loops)
        order = self.mentioned | dict.fromkeys(formula.loops)
        self.group = {loop: loop for loop in order if loop not in self.zero}
        self.parts: list[_Part] = []
        self.part_of: dict[str, int] = {}

    def build(self) -> Relation:
        splits = [
            [self._split(access.name, index, size) for index, size in zip(access.indices, shape, strict=True)]
            for access, shape in zip(self.formula.accesses, self.shapes, strict=True)
        ]
        guards = [Bound(Column(g.value.substitute(self.zero)), g.low, g.high) for g in self.formula.guards]
        columns = [column for tensor in splits for split in tensor for column, _, _ in split.digits]
        self._group_loops([loops_of(column.index) for column in (*columns, *(guard.column for guard in guards))])
        for guard in guards:
            self.parts[self._part(guard.column)].exists.append(guard)
        axes = tuple(tuple(map(self._axis, tensor)) for tensor in splits)
        if not self.parts[-1].says_something:
            self.parts.pop()
        components = tuple(map(self._component, self.parts))
        found = Relation(self.formula, self.sizes, self.shapes, self.inputs, axes, components, self.tables)
        self._check_weights(found)
        return found

    def _split(self, name: str, index: Index, size: int) -> _Split:
        match index:
            case Affine():
                plain = index.substitute(self.zero)
                digits = split_digits(plain, size, self.sizes)
                return _Split(name, size, plain.offset, tuple((Column(part), mod, low) for part, mod, low in digits))
            case Fold(kind, inside):
                if size < 1 and 0 not in self.sizes.values():
                    raise FormulaError(f"tensor {name}: an axis under {kind} must have a size; got {size}")
                column = Column(Fold(kind, inside.substitute(self.zero)), size)
            case Table(table, arguments):
                column = Column(Table(table, tuple(argument.substitute(self.zero) for argument in arguments)))
        return _Split(name, size, 0, ((column, 0, 0),))

    def _group_loops(self, tied: Sequence[tuple[str, ...]]) -> None:
        """One part for each set of loops that meet in some index, and a last one for what no loop decides."""
        never = {loop: size for loop, size in self.sizes.items() if size == 0}
        for loops in (*tied, tuple(self.group)) if never else tied:
            for loop in loops[1:]:
                self.group[self._root(loop)] = self._root(loops[0])
        members: dict[str, list[str]] = {}
        for loop in self.group:
            members.setdefault(self._root(loop), []).append(loop)
        for number, group in enumerate(members.values()):
            self.parts.append(_Part({loop: self.sizes[loop] for loop in group}))
            self.part_of |= dict.fromkeys(group, number)
        self.parts.append(_Part(never))

    def _root(self, loop: str) -> str:
        while self.group[loop] != loop:
            loop = self.group[loop]
        return loop

    def _part(self, column: Column) -> int:
        loops = loops_of(column.index)
        return self.part_of[loops[0]] if loops else len(self.parts) - 1

    def _axis(self, split: _Split) -> Axis:
        digits = []
        for column, modulus, low in split.digits:
            number = self._part(column)
            places = self.parts[number].columns
            digits.append(Digit(number, places.setdefault(column, len(places)), modulus, low))
        if len(digits) < 2:
            self._bound(split, split.digits[0][0] if digits else Column(Affine()))
        return Axis(split.offset, split.size, tuple(digits))

    def _bound(self, split: _Split, column: Column) -> None:
        """Notes where taps end, or read padding. A weight's border is checked at the end."""
        part = self.parts[self._part(column)]
        bound = Bound(column, -split.offset, split.size - split.offset)
        match column.index:
            case Affine() as index:
                low, high = affine_range(index, self.sizes)
                if bound.low <= low and high < bound.high:
                    return
            case Table():
                part.exists.append(Bound(column, 0, _FAR))
            case Fold():
                return
        if split.name == self.formula.output.name:
            part.exists.append(bound)
        elif split.name in self.inputs:
            part.pads.append(bound)

    def _component(self, part: _Part) -> Component:
        columns = tuple(part.columns)
        if prod(part.sizes.values()) <= LIMIT:
            return write_table(part.sizes, columns, part.exists, part.pads, self.tables)
        solve = solvable_loop(part.sizes, columns, frozenset(self.mentioned), LIMIT)
        return write_lazy(part.sizes, solve, columns, part.exists, part.pads, self.tables)

    def _check_weights(self, found: Relation) -> None:
        if found.connections == 0:
            return
        for tensor, access in zip(found.axes[1:], self.formula.factors, strict=True):
            for axis, index in zip(tensor, access.indices, strict=True):
                spans = [found.components[digit.component].span(digit.column) for digit in axis.digits]
                low, high = (axis.offset + sum(span[end] for span in spans) for end in (0, 1))
                if access.name not in self.inputs and (low < 0 or high >= axis.size):
                    got = f"got {low} to {high}. A weight has no padding."
                    raise FormulaError(f"{access}: {index} must lie in 0 to {axis.size - 1}; {got}")


def _places(axes: tuple[Axis, ...], chosen: Sequence[Numbers], count: int) -> Numbers:
    places = np.empty((count, len(axes)), np.int64)
    for number, axis in enumerate(axes):
        places[:, number] = axis.offset
        for digit in axis.digits:
            places[:, number] += chosen[digit.component][:, digit.column]
    return places
