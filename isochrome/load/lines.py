"""From the lines of a kind to lines over the graph's own tensors and stored scalars."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from isochrome.core.formula import Access, Affine, Formula, Table
from isochrome.core.sizes import Shape
from isochrome.layers import Line as LineOfKind
from isochrome.layers import Operation as KindCall
from isochrome.layers.reshape import reshape_line
from isochrome.load.batch import Batched, Loops, cut, one_sample
from isochrome.load.value import Value
from isochrome.model.origin import Origin
from isochrome.model.parts import Line, Pattern
from isochrome.model.stored import OverStored, operand_line, with_origins

__all__ = ["Lines"]

Operands = Mapping[str, Value | None]
STATES = ("hidden", "cell")
"""What a recurrent operation makes inside itself."""


@dataclass(frozen=True, slots=True)
class _Read:
    """The operands of one line: origins of the stored one, the graph's tensor behind each other, and what was read."""

    origins: Mapping[str, Origin]
    inputs: tuple[tuple[str, str], ...]
    effective: str = ""
    operand: str = ""
    as_stored: bool = True


@dataclass(slots=True, eq=False)
class Lines:
    """Makes the lines of operations. Equal lines share their pattern: it is made, and answered, once."""

    _plain: dict[tuple[int, Loops], tuple[LineOfKind, tuple[OverStored, ...]]] = field(default_factory=dict)
    _facts: dict[tuple[int, Loops], tuple[LineOfKind, str, tuple[str, ...]]] = field(default_factory=dict)
    _patterns: dict[object, Pattern] = field(default_factory=dict)
    _texts: dict[object, Pattern] = field(default_factory=dict)
    _kept: list[OverStored] = field(default_factory=list)

    def of(self, operation: KindCall, operands: Operands, names: Sequence[str], batch: Batched) -> Iterator[Line]:
        """The lines of an operation. ``names`` has the graph's tensor for each output, '' where nobody wants it."""
        if operation.reshape is not None:
            yield self._reshape(operation.reshape, operands["x"], names[0], batch)
            return
        partial = {line.output for line in operation.lines if _adds_a_number(line, operands)}
        for line, loops in zip(operation.lines, batch.loops, strict=True):
            output = line.output if line.inner else _named(line.output, names)
            read = _operands(line, operands)
            if output and read is not None:
                exact = line.exact and line.output not in partial
                yield from self._over(line, exact, read, output, loops, operands)
                yield from self._looked_up(line, operands, output, loops)

    def _reshape(self, shapes: tuple[Shape, Shape], x: Value | None, output: str, batch: Batched) -> Line:
        assert x is not None
        line = reshape_line(cut(shapes[0], x.batch), cut(shapes[1], batch.outputs.get("y")))
        pattern = self._pattern(OverStored(line.formula, line.shapes, line.tables), ("x",))
        return Line(pattern, (("x", x.name),), output)

    def _over(
        self, line: LineOfKind, exact: bool, read: _Read, output: str, loops: Loops, operands: Operands
    ) -> Iterator[Line]:
        batch, tables = self._facts_of(line, loops)
        given = ((name, operands.get(name)) for name in tables)
        data = tuple((name, operand.name) for name, operand in given if operand is not None)
        names = tuple(name for name, _ in read.inputs)
        behind = [operands.get(operand) for operand in (line.prepared.operands if line.prepared is not None else ())]
        prepared_from = tuple("" if value is None else value.name for value in behind)
        for over in self._over_stored(line, loops, read.origins):
            source = over.piece.source if over.piece is not None else ""
            yield Line(
                self._pattern(over, names), read.inputs, output, source, None, read.effective, line.constants,
                batch, line.inner, line.of, line.depends, line.scale, exact, read.operand,
                over.piece, over.effective, read.as_stored, data, self._operand_pattern(over, read.origins),
                line.prepared, prepared_from,
            )  # fmt: skip

    def _facts_of(self, line: LineOfKind, loops: Loops) -> tuple[str, tuple[str, ...]]:
        """The loop that carries the batch, and the names of the line's tables."""
        key = (id(line), loops)
        if key not in self._facts:
            indices = [index for access in line.formula.accesses for index in access.indices]
            tables = dict.fromkeys(index.name for index in indices if isinstance(index, Table))
            self._facts[key] = line, _batch_loop(line, loops), tuple(tables)
        return self._facts[key][1:]

    def _over_stored(
        self, line: LineOfKind, loops: Loops, origins: Mapping[str, Origin]
    ) -> tuple[OverStored, ...]:
        """The line over stored tensors; where the weight is read as it is stored, equal lines share the result."""
        plain = all(origin.is_plain for origin in origins.values())
        key = (id(line), loops)
        if plain and key in self._plain:
            return tuple(_renamed(over, origins) for over in self._plain[key][1])
        found = tuple(with_origins(replace(line, shapes=one_sample(line, loops)), origins))
        if plain:
            self._plain[key] = (line, found)
        return found

    def _operand_pattern(self, over: OverStored, origins: Mapping[str, Origin]) -> Pattern | None:
        if over.piece is None or origins[over.weight].is_plain:
            return None
        return self._pattern(operand_line(over.piece, over.effective), ())

    def _pattern(self, over: OverStored, names: tuple[str, ...]) -> Pattern:
        key = (id(over.formula), over.shapes, names, tuple(id(table) for _, table in over.tables))
        known = self._patterns.get(key)
        if known is None:
            known = Pattern(over.formula, over.shapes, over.weight, names, over.tables)
            tables = tuple((name, table.shape, table.tobytes()) for name, table in over.tables)
            known = self._texts.setdefault((known.text, known.shapes, names, over.weight, tables), known)
            self._patterns[key] = known
            self._kept.append(over)
        return known

    def _looked_up(self, line: LineOfKind, operands: Operands, output: str, loops: Loops) -> Iterator[Line]:
        """For reach: the ids that choose a row reach what is made of it."""
        for index in (index for factor in line.formula.factors for index in factor.indices):
            value = operands.get(index.name) if isinstance(index, Table) else None
            if value is None or value.stored or value.shape is None or line.inner or not isinstance(index, Table):
                continue
            place, shapes = line.formula.output, dict(one_sample(line, loops))
            sizes = {str(at): size for at, size in zip(place.indices, shapes[place.name], strict=True)
                     if isinstance(at, Affine) and at.loop}  # fmt: skip
            arguments = index.arguments[: len(value.shape)]
            shape = tuple(sizes.get(str(at), size) for at, size in zip(arguments, value.shape, strict=True))
            formula = Formula(place, "+", (Access("x", arguments),), tuple(sizes.items()))
            pattern = Pattern(formula, ((place.name, shapes[place.name]), ("x", shape)), "", ("x",))
            yield Line(pattern, (("x", value.name),), output, batch=_batch_loop(line, loops), exact=False)


def _operands(line: LineOfKind, operands: Operands) -> _Read | None:
    """The operands of a line; None where one is absent, or a constant that is no weight of this line."""
    origins: dict[str, Origin] = {}
    inputs: list[tuple[str, str]] = []
    effective, stored, as_stored = "", "", True
    for tensor, operand in line.operands:
        value = operands.get(operand)
        if operand in STATES:
            inputs.append((tensor, ""))
        elif value is None:
            return None
        elif not value.stored:
            inputs.append((tensor, value.name))
        elif tensor[0] in "wb" and value.origin is not None:
            origins[tensor], effective, stored, as_stored = value.origin, value.name, operand, value.as_stored
        else:
            return None
    return _Read(origins, tuple(inputs), effective, stored, as_stored)


def _adds_a_number(line: LineOfKind, operands: Operands) -> bool:
    """Whether a line has only constants that are no weights: what is left of the sum is not the value."""
    found = [operands.get(operand) for _, operand in line.operands]
    return bool(found) and _operands(line, operands) is None and all(v is not None and v.stored for v in found)


def _named(output: str, names: Sequence[str]) -> str:
    place = 0 if output == "y" else int(output[1:]) - 1
    return names[place] if place < len(names) else ""


def _batch_loop(line: LineOfKind, loops: Loops) -> str:
    """The loop that carries the batch alone: of the output where it has one, else of the factors."""
    alone = [loop for loop, rows in loops if rows == 1]
    first = [index.loop for index in line.formula.output.indices if isinstance(index, Affine) and index.loop in alone]
    return (first or alone or [""])[0] or ""


def _renamed(over: OverStored, origins: Mapping[str, Origin]) -> OverStored:
    return over if over.piece is None else replace(over, piece=origins[over.weight].pieces[0])
