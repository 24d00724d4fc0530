"""Which axis carries the batch, followed from the inputs through the loops of every line.

It is assumed along one axis of the inputs. A line refutes that where samples meet or differ: where a weight mentions
the batch's loop, or a guard does, or an index in which it does not stand alone, or where the output does not mention
it. Samples may meet in one number without a weight alone: that is a loss.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import prod

from isochrome.core.formula import Affine, Index, Table, loops_of, sums_of
from isochrome.core.sizes import Shape
from isochrome.layers import Line
from isochrome.load.value import Carried, Value

__all__ = ["BatchElsewhere", "Batched", "Loops", "batched", "cut", "one_sample", "through_reshape"]

Loops = tuple[tuple[str, int], ...]
Operands = Mapping[str, Value | None]


class BatchElsewhere(Exception):
    """The batch does not run along the axis that was assumed."""


@dataclass(frozen=True, slots=True, eq=False)
class Batched:
    """For each line of an operation the loops that carry the batch, each with the rows that a sample has of it; and
    where each output carries it."""

    loops: tuple[Loops, ...] = ()
    outputs: Mapping[str, Carried] = field(default_factory=dict)


def batched(lines: Sequence[Line], operands: Operands, samples: int) -> Batched:
    """Where the lines of an operation carry the batch, given where its operands do. Raises BatchElsewhere."""
    read = [_read(line, operands, samples) for line in lines]
    found = [{loop: carried.rows for loop, carried in one.items()} for one in read]
    leads = {loop: carried.lead for one in read for loop, carried in one.items()}
    if any(leads[loop] != carried.lead for one in read for loop, carried in one.items()) and samples != 1:
        raise BatchElsewhere
    outputs: dict[str, Carried] = {}
    for line, loops in zip(lines, found, strict=True):
        for axis, index in enumerate(line.formula.output.indices):
            loop = _alone(index)
            if loop in loops and not line.inner:
                made = Carried(axis, loops[loop], leads[loop])
                if outputs.setdefault(line.output, made) != made and samples != 1:
                    raise BatchElsewhere
    for line, loops in zip(lines, found, strict=True):
        made_at = outputs.get("y" if line.inner else line.output)
        if made_at is not None and made_at.axis < len(line.formula.output.indices):
            loop = _alone(line.formula.output.indices[made_at.axis])
            if loop is not None and _spans(line, loop, made_at.rows * samples):
                loops.setdefault(loop, made_at.rows)
        _check(line, loops, operands, samples)
    return Batched(tuple(tuple(loops.items()) for loops in found), outputs)


def _alone(index: Index) -> str | None:
    return index.loop if isinstance(index, Affine) else None


def _spans(line: Line, loop: str, size: int) -> bool:
    """Whether a loop runs over the whole of every axis where it stands alone."""
    shapes = dict(line.shapes)
    return all(
        length == size
        for access in line.formula.accesses
        for index, length in zip(access.indices, shapes[access.name], strict=True)
        if _alone(index) == loop
    )


def _read(line: Line, operands: Operands, samples: int) -> dict[str, Carried]:
    """The loop at the axes of the factors, and of the tables that the data gives, that carry the batch."""
    names, found = dict(line.operands), dict[str, Carried]()
    for factor in line.formula.factors:
        tables = [(index.name, index.arguments) for index in factor.indices if isinstance(index, Table)]
        for operand, indices in ((names.get(factor.name, ""), factor.indices), *tables):
            value = operands.get(operand)
            if value is None or value.batch is None or value.batch.axis >= len(indices):
                continue
            index = indices[value.batch.axis]
            loop = _alone(index)
            if loop is not None and _spans(line, loop, value.batch.rows * samples):
                found.setdefault(loop, value.batch)
                if found[loop].lead != value.batch.lead and samples != 1:
                    raise BatchElsewhere
            elif samples != 1:  # samples meet, or one is picked
                raise BatchElsewhere
    if len(found) > 1 and samples != 1:
        raise BatchElsewhere
    return found


def _check(line: Line, loops: Mapping[str, int], operands: Operands, samples: int) -> None:
    names, formula = set(loops), line.formula
    if any(names & set(loops_of(guard.value)) for guard in formula.guards):
        raise BatchElsewhere
    if samples == 1 or not names:
        return
    if names & {loop for loop, _ in formula.sizes}:
        raise BatchElsewhere
    known = dict(line.operands)
    if not names <= {loop for index in formula.output.indices for loop in loops_of(index)}:
        read = [operands.get(known.get(factor.name, "")) for factor in formula.factors]
        weighted = any(value is not None and value.stored for value in read)
        if weighted or prod(dict(line.shapes)[formula.output.name]) > 1:
            raise BatchElsewhere
    for access in formula.accesses:
        value = operands.get(known.get(access.name, ""))
        stored = value is not None and value.stored
        for axis, index in enumerate(access.indices):
            fixed = access is not formula.output and (access.name not in known or stored)
            if fixed and value is not None and value.same_along(axis):
                continue
            given = isinstance(index, Table) and operands.get(index.name) is not None
            whole = all(sum_.loop is not None for sum_ in sums_of(index) if names & set(loops_of(sum_)))
            if names & set(loops_of(index)) and not (whole and (given or (isinstance(index, Affine) and not fixed))):
                raise BatchElsewhere


def one_sample(line: Line, loops: Loops) -> tuple[tuple[str, Shape], ...]:
    """The shapes of a line's tensors for one sample."""
    if not loops:
        return line.shapes
    rows, indices = dict(loops), {access.name: access.indices for access in line.formula.accesses}
    return tuple(
        (name, tuple(rows.get(_alone(index) or "", size) for index, size in zip(indices[name], shape, strict=True)))
        if name in indices
        else (name, shape)
        for name, shape in line.shapes
    )


def cut(shape: Shape, batch: Carried | None) -> Shape:
    """The shape of one sample, its batch axis kept."""
    return shape if batch is None else (*shape[: batch.axis], batch.rows, *shape[batch.axis + 1 :])


def through_reshape(old: Shape, new: Shape, batch: Carried | None, samples: int) -> Carried | None:
    """Where the batch lies after a reshape: it may share an axis with what comes before or after it.

    Raises BatchElsewhere.
    """
    if batch is None:
        return None
    before = prod(old[: batch.axis]) * batch.lead
    for axis, size in enumerate(new):
        front = prod(new[:axis])
        lead = before // front if front and before % front == 0 else 0
        if lead and size and size % (lead * samples) == 0:
            return Carried(axis, size // samples, lead)
    if samples != 1:
        raise BatchElsewhere
    return None
