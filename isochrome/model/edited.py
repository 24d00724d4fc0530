"""A run in which some numbers are others: stored weights and inputs of layers that the reader changed.

A changed weight is changed in every tensor that the model's operations read it from, so all its uses follow, in every
layer and call; a changed input is changed for whatever reads it. What lies behind is computed by the framework.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import isfinite
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from isochrome.core.relation import Place
from isochrome.errors import RequestError, shown
from isochrome.model.parts import Layer, Line, Model
from isochrome.model.places import full_place, letters, main_line
from isochrome.model.values import Reader, Values

__all__ = ["LARGEST", "MOST_EDITS", "Edit", "changeable", "edited", "edits_words", "read_edits", "stored_numbers"]

Array = NDArray[Any]
LARGEST = 2**26
"""A tensor with more elements than this is not copied for a changed number."""
MOST_EDITS = 64
SAID = 4
_FORM = re.compile(r"(w|x):(.+):([0-9]{1,9}(?:,[0-9]{1,9}){0,15})?=(-?[0-9]+(?:\.[0-9]+)?(?:e[+-]?[0-9]{1,3})?)")


@dataclass(frozen=True, slots=True)
class Edit:
    """One number in the place of another: of the stored tensor of that ``number`` (w), or of a layer's input (x)."""

    what: Literal["w", "x"]
    number: int
    place: Place
    value: float

    @property
    def key(self) -> str:
        """What is changed, as an address writes it: ``w:PARAMETER:PLACE`` or ``x:LAYER:PLACE``."""
        return f"{self.what}:{self.number}:{','.join(map(str, self.place))}"


def read_edits(model: Model, text: str) -> tuple[Edit, ...]:
    """The edits in a text such as ``w:0:0,0,1,2=5;x:3:0,4,4=-1``: a parameter or a layer by number or name.

    Of two for one place the later one counts. Raises RequestError where one cannot be read or is not there.
    """
    found: dict[str, Edit] = {}
    for part in text.split(";"):
        match = _FORM.fullmatch(part)
        if match is None:
            raise RequestError(f"edit {shown(part)}: must be w:PARAMETER:PLACE=NUMBER or x:LAYER:PLACE=NUMBER")
        what, name, place, value = match.groups()
        at = tuple(int(one) for one in place.split(",")) if place else ()
        number = _parameter(model, name) if what == "w" else model.layer(name).number
        one = Edit("w" if what == "w" else "x", number, at, float(value))
        if not isfinite(one.value):
            raise RequestError(f"edit {shown(part)}: must be a finite number")
        found.pop(one.key, None)
        found[one.key] = one
    if len(found) > MOST_EDITS:
        raise RequestError(f"edit: must change at most {MOST_EDITS} numbers; changes {len(found)}")
    return tuple(found.values())


def _parameter(model: Model, name: str) -> int:
    for parameter in model.parameters:
        if name in (str(parameter.number), *parameter.names):
            return parameter.number
    raise RequestError(f"parameter {shown(name)}: must be a name of a stored tensor or its number in the report")


def changeable(model: Model, layer: Layer) -> bool:
    """Whether a layer's input can be changed: it is a tensor of the graph, and not something computed on the way."""
    line = main_line(layer) if layer.lines else None
    return line is not None and bool(_input(line)) and _input(line) in model.tensors


def _input(line: Line) -> str:
    """The graph's tensor that is x; '' where there is none."""
    given = dict(line.inputs)
    tensor = given.get("x", next(iter(given.values()), ""))
    return "" if line.of or line.prepared is not None else tensor


def edited(values: Values, edits: Sequence[Edit]) -> Values:
    """The same run with other numbers: its tensors come from the framework, run again with them.

    Raises RequestError where a number is not there, cannot be had, or cannot hold the new one.
    """
    tensors: dict[str, Array] = {}
    for edit in edits:
        if edit.what == "w":
            _change_weight(values, edit, tensors)
        else:
            _change_input(values, edit, tensors)
    differentiator = None if values.differentiator is None else values.differentiator.on(tensors)
    return replace(
        values, reader=_EditedReader(values.reader, tuple(edits)), runner=values.runner.on(tensors),
        differentiator=differentiator, _tensors={}, _parameters={},
    )  # fmt: skip


def stored_numbers(values: Values, edits: Sequence[Edit]) -> Mapping[str, float]:
    """What stands, in a run that is not edited, where each edit puts its number; by the edit's key.

    Raises RequestError where a number is not there.
    """
    found: dict[str, float] = {}
    for edit in edits:
        if edit.what == "w":
            array, at = values.weights(_lines_of_weight(values.model, edit)[0]), edit.place
        else:
            layer = values.model.layers[edit.number]
            array, at = values.tensor(_input(main_line(layer))), _place_of_input(values.model, layer, edit)
        if array is not None:
            found[edit.key] = float(array[at])
    return found


def edits_words(values: Values, edits: Sequence[Edit]) -> str:
    """The edits in one sentence, with what stands in their places in a run that is not edited."""
    stored = stored_numbers(values, edits)
    known = [edit for edit in edits[:SAID] if edit.key in stored]
    pairs = ((edit, _plain(edit.value), _plain(stored[edit.key])) for edit in known)
    said = [f"{_short(values.model, edit)} = {number} (stored {before})" for edit, number, before in pairs]
    more = f" and {len(edits) - SAID} more" if len(edits) > SAID else ""
    return f"Numbers changed: {', '.join(said)}{more}."


def _plain(number: float) -> str:
    return f"{number:.6g}".replace("-", "\N{MINUS SIGN}")


def _short(model: Model, edit: Edit) -> str:
    name = model.layers[edit.number].name if edit.what == "x" else model.parameters[edit.number].names[0]
    whose = f"x of {shown(name)}" if edit.what == "x" else shown(name)
    return f"{whose}[{','.join(map(str, edit.place))}]"


def _lines_of_weight(model: Model, edit: Edit) -> tuple[Line, ...]:
    """Every line that uses the weight; raises RequestError where it is not there, or none does."""
    parameter, users = model.parameters[edit.number], model.users(edit.number)
    if not users:
        raise RequestError(f"{_named(model, edit)}: must be used by a layer to be changed; none uses it")
    inside = all(0 <= at < size for at, size in zip(edit.place, parameter.shape, strict=False))
    if len(edit.place) != len(parameter.shape) or not inside:
        axes = zip(letters(users[0][1].weight_access), parameter.shape, strict=True)
        ends = ", ".join(f"{name} 0 to {size - 1}" for name, size in axes)
        raise RequestError(f"{_named(model, edit)}: must be {len(parameter.shape)} whole numbers ({ends})")
    return tuple(line for _, line in users)


def _named(model: Model, edit: Edit) -> str:
    if edit.what == "x":
        return f"input of {shown(model.layers[edit.number].name)}"
    return f"weight {','.join(map(str, edit.place))} of {shown(model.parameters[edit.number].names[0])}"


@dataclass(frozen=True, slots=True, eq=False)
class _EditedReader:
    """Stored numbers with the edits in them; what is held by name is as it is stored."""

    reader: Reader
    edits: tuple[Edit, ...]

    def read_parameter(self, number: int) -> Array | None:
        found, mine = self.reader.read_parameter(number), [e for e in self.edits if (e.what, e.number) == ("w", number)]
        if found is None or not mine:
            return found
        changed = np.array(found)
        for edit in mine:
            changed[edit.place] = edit.value
        return changed

    def read_held(self, number: int) -> Array | None:
        return self.reader.read_held(number)

    def read_held_part(self, number: int, at: slice | NDArray[np.int64]) -> Array | None:
        return self.reader.read_held_part(number, at)


def _change_weight(values: Values, edit: Edit, tensors: dict[str, Array]) -> None:
    """Puts the number into every tensor that an operation reads this weight from."""
    where = _named(values.model, edit)
    lines = _lines_of_weight(values.model, edit)
    for line in {line.effective: line for line in lines}.values():
        array = _copied(values, line.effective, tensors, where)
        for at in _places_of_weight(line, edit.place, array.shape):
            _put(array, at, edit, where)


def _places_of_weight(line: Line, place: Place, shape: tuple[int, ...]) -> Sequence[Place]:
    """Where in the tensor that the operation reads one stored scalar stands."""
    if line.piece is None:
        return [place]
    axes, size = tuple(range(len(line.effective_shape))), line.effective_shape
    here = np.ones(size, np.bool_)
    for index, wanted in zip(line.piece.indices, place, strict=True):
        here &= index.over(axes, size) == wanted
    for bound in line.piece.within:
        value = bound.value.over(axes, size)
        here &= (bound.low <= value) & (value < bound.high)
    return [tuple(map(int, at)) for at in np.argwhere(here.reshape(shape))]


def _change_input(values: Values, edit: Edit, tensors: dict[str, Array]) -> None:
    """Puts the number into the tensor that the layer reads, in its first sample."""
    layer = values.model.layers[edit.number]
    if not changeable(values.model, layer):
        raise RequestError(f"input of {shown(layer.name)}: must be a tensor of the model's own to be changed; is not")
    where = _named(values.model, edit)
    at = _place_of_input(values.model, layer, edit)
    name = _input(main_line(layer))
    array = _copied(values, name, tensors, where)
    order = values.model.tensors[name].by_sample(np.arange(array.size).reshape(array.shape))
    _put(array, tuple(map(int, np.unravel_index(int(order[at]), array.shape))), edit, where)


def _place_of_input(model: Model, layer: Layer, edit: Edit) -> Place:
    line = main_line(layer)
    number = line.input_number
    assert number is not None
    return full_place(line, line.formula.accesses[number], edit.place, _named(model, edit))


def _copied(values: Values, name: str, tensors: dict[str, Array], where: str) -> Array:
    """The tensor's numbers, to be changed; raises RequestError where they cannot be had or are too many."""
    if name not in tensors:
        found = values.runner.fetch((name,)).get(name) if name else None
        if found is None:
            raise RequestError(f"{where}: must be had from a run to be changed; this run does not give it")
        if found.size > LARGEST:
            raise RequestError(f"{where}: must be among at most {LARGEST:,} to be changed; is among {found.size:,}")
        tensors[name] = np.array(found)
    return tensors[name]


def _put(array: Array, at: Place, edit: Edit, where: str) -> None:
    with np.errstate(over="ignore", invalid="ignore"):
        number = np.asarray(edit.value).astype(array.dtype)
    whole = array.dtype.kind in "iub"
    if (whole and number != edit.value) or not np.isfinite(number):
        what = "a whole number" if whole else "a number"
        raise RequestError(f"{where}: must be {what} that {array.dtype} can hold; got {edit.value:g}")
    array[at] = number
