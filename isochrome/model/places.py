"""Places as people read them: without the batch axis, each number with the letter of its axis."""

from __future__ import annotations

from collections.abc import Sequence

from isochrome.core.formula import Access, Affine, Table
from isochrome.core.relation import Place
from isochrome.errors import RequestError
from isochrome.model.parts import Layer, Line, Model, Parameter

__all__ = ["batch_axis", "full_place", "letters", "line_of_parameter", "main_line", "sample_letters", "sample_place"]


def letters(access: Access) -> tuple[str, ...]:
    """One letter for each axis: its loop; of several loops the finest; a table by its name.

    >>> from isochrome.core.formula import parse
    >>> letters(parse("y[n, 3*g + m, p] += w[of[m], 0, p] * x[p]").factors[0])
    ('of', 'axis1', 'p')
    >>> letters(parse("y[n, 3*g + m, p] += w[m, p] * x[p]").output)
    ('n', 'm', 'p')
    """
    found: list[str] = []
    for axis, index in enumerate(access.indices):
        terms = index.terms if isinstance(index, Affine) else ()
        name = min(terms, key=lambda term: abs(term[1]))[0] if terms else f"axis{axis}"
        if isinstance(index, Table):
            name = index.name
        found.append(name if name not in found else f"axis{axis}")
    return tuple(found)


def batch_axis(line: Line, access: Access) -> int | None:
    """The axis of an access that carries the batch, if one does."""
    for axis, index in enumerate(access.indices):
        if line.batch and isinstance(index, Affine) and index.loop == line.batch:
            return axis
    return None


def sample_place(line: Line, access: Access, place: Place) -> Place:
    """A place without its batch axis."""
    axis = batch_axis(line, access)
    return place if axis is None else (*place[:axis], *place[axis + 1 :])


def sample_letters(line: Line, access: Access) -> tuple[str, ...]:
    """The letters of the axes of a place without its batch axis."""
    axis = batch_axis(line, access)
    found = letters(access)
    return found if axis is None else (*found[:axis], *found[axis + 1 :])


def full_place(line: Line, access: Access, place: Sequence[int], where: str) -> Place:
    """A place as people write it, with the batch axis put back; checked against the tensor's shape."""
    axis = batch_axis(line, access)
    shape = line.shape(access.name)
    sizes = shape if axis is None else (*shape[:axis], *shape[axis + 1 :])
    names = sample_letters(line, access)
    if len(place) != len(sizes) or any(not 0 <= at < size for at, size in zip(place, sizes, strict=False)):
        axes = ", ".join(f"{name} 0 to {size - 1}" for name, size in zip(names, sizes, strict=True))
        raise RequestError(f"{where}: must be {len(sizes)} whole numbers ({axes}); got {','.join(map(str, place))}")
    return tuple(place) if axis is None else (*place[:axis], 0, *place[axis:])


def main_line(layer: Layer) -> Line:
    """The line that a layer's neurons are read from: its first with a weight that multiplies, else its first."""
    found = layer.weight_lines or layer.lines
    if not found:
        why = layer.opaque or "it has no weights"
        raise RequestError(f"layer {layer.name}: must have a formula; {why}")
    return found[0]


def line_of_parameter(model: Model, layer: Layer, name: str = "") -> Line:
    """The line of a layer whose weight is meant: by operand letter (``R``), stored name or number; '' is the first."""
    for line in (*layer.weight_lines, *layer.bias_lines):
        if not name:
            return line
        if line.parameter is not None and _is_called(model.parameters[line.parameter], line, name):
            return line
    choices = [f"{line.operand.upper()} ({_first(model, line)})" for line in (*layer.weight_lines, *layer.bias_lines)]
    known = ", ".join(dict.fromkeys(choices)) or "none: there are none"
    raise RequestError(f"parameter {name}: must be one of {known}")


def _is_called(parameter: Parameter, line: Line, name: str) -> bool:
    return name.lower() == line.operand or name in parameter.names or name == str(parameter.number)


def _first(model: Model, line: Line) -> str:
    return "" if line.parameter is None else model.parameters[line.parameter].names[0]
