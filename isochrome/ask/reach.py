"""What a neuron sees, and what it influences: exact sets of places, through the whole graph."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from isochrome.core.reach import Places, image, union
from isochrome.core.relation import Place
from isochrome.core.sizes import Shape
from isochrome.errors import FormulaError, RequestError, shown
from isochrome.model.parts import Layer, Line, Model, Operation
from isochrome.model.places import full_place, main_line, sample_letters

__all__ = ["Reach", "Seen", "cone", "reach"]

Status = Literal["exact", "bound", "depends on data"]
LONGEST = 10_000_000


@dataclass(frozen=True, slots=True)
class Reach:
    """A set of places of one tensor. ``axes`` holds one set for each axis, None where the places form no box."""

    layer: str
    neuron: Place
    letters: tuple[str, ...]
    to: str
    status: Status
    places: Places

    def to_dict(self) -> dict[str, Any]:
        """The reach as JSON knows it."""
        axes = self.places.axes()
        return {
            "layer": self.layer,
            "neuron": dict(zip(self.letters, self.neuron, strict=True)),
            "to": self.to,
            "status": self.status,
            "count": self.places.count,
            "axes": None if axes is None else [list(axis) for axis in axes],
            "box": [list(ends) for ends in self.places.hull()],
        }


def reach(model: Model, layer: Layer, neuron: Place, to: str = "", forward: bool = False) -> Reach:
    """What a neuron sees of an input (or of the output of layer ``to``); with ``forward``, what it influences there.

    Raises RequestError when the neuron or the target is not there.
    """
    line = main_line(layer)
    access = line.formula.output
    place = full_place(line, access, neuron, f"neuron of {layer.name}")
    target = model.layer(to).output if to and to not in model.tensors else to
    start = Places.of(place)
    if forward:
        ends = (target,) if target else model.outputs
        found, statuses = _forward(model, layer, line, start, ends)
    else:
        found, statuses = _backward(model, layer, line, start)
        ends = (target,) if target else model.inputs
    end = next((name for name in ends if name in found), ends[0] if ends else "")
    if end not in model.tensors:
        raise RequestError(f"reach: must go to an input, an output or a layer of the model; got {shown(to or end)}")
    places, status = found.get(end, Places(())), statuses.get(end, "exact")
    places = _sample(model, end, places)
    name = model.layer(to).name if to and to not in model.tensors else end
    exact: Status = status if places.exact or status != "exact" else "bound"
    return Reach(layer.name, tuple(neuron), sample_letters(line, access), name, exact, places)


@dataclass(frozen=True, slots=True)
class Seen:
    """The places of one tensor that a neuron sees, without the batch axis, and how sure that is."""

    places: Places
    status: Status


def cone(model: Model, layer: Layer, neuron: Place) -> dict[str, Seen]:
    """What a neuron sees of every tensor before it, by the tensor's name: its whole receptive cone."""
    line = main_line(layer)
    start = Places.of(full_place(line, line.formula.output, neuron, f"neuron of {layer.name}"))
    found, statuses = _backward(model, layer, line, start)
    return {name: Seen(_sample(model, name, places), statuses.get(name, "exact")) for name, places in found.items()}


def _sample(model: Model, name: str, places: Places) -> Places:
    """Places of one tensor without its batch axis."""
    batch = model.tensors[name].batch_alone
    if batch is None:
        return places
    return Places(tuple((*box[:batch], *box[batch + 1 :]) for box in places.boxes), places.exact)


Sets = dict[str, Places]
Statuses = dict[str, Status]


def _backward(model: Model, layer: Layer, line: Line, start: Places) -> tuple[Sets, Statuses]:
    found: Sets = {}
    statuses: Statuses = {}
    operations = model.operations[: layer.operation + 1]
    if line.inner:
        _from_inside(model, operations[-1], line, start, found, statuses)
        operations = operations[:-1]
    else:
        found[layer.output] = start
    for operation in reversed(operations):
        wanted = {name: found[name] for name in operation.outputs if name in found and found[name].boxes}
        if not wanted:
            continue
        worst = _worst(statuses.get(name, "exact") for name in wanted)
        if not operation.lines:
            _everything(model, operation, operation.inputs, worst, found, statuses)
        for one in operation.lines:
            if one.output in wanted:
                _step(one, wanted[one.output], worst, found, statuses)
    return found, statuses


def _from_inside(
    model: Model, operation: Operation, line: Line, start: Places, found: Sets, statuses: Statuses
) -> None:
    """What a sum inside a recurrent operation sees: its inputs; and if it reads a state, what made that state.

    A state comes from all units of the step before, as the first output does: that output sees at the same place what
    the sum sees. What a unit keeps to itself (its cell) is only bounded.
    """
    same = [one for one in operation.lines if one.inner and one.output == line.output]
    for one in same:
        _step(one, start, "exact", found, statuses)
    states = [(one, one.input_number) for one in same if not all(tensor for _, tensor in one.inputs)]
    if not any(number is not None and image(one.relation, 0, number, start).boxes for one, number in states):
        return
    rank, output = len(line.formula.output.indices), operation.outputs[0]
    outer = [one for one in operation.lines if one.output == output and len(one.formula.output.indices) == rank]
    if not outer:
        _everything(model, operation, operation.inputs, "bound", found, statuses)
    for one in outer:
        units = one.shape(one.formula.output.name)[-1]
        wide = Places(tuple((*box[:-1], tuple(range(units))) for box in start.boxes))
        own = {loop for factor in one.formula.factors for loop in factor.loops} & set(one.formula.output.loops[-1:])
        _step(one, wide, "bound" if own else "exact", found, statuses)


def _forward(
    model: Model, layer: Layer, line: Line, start: Places, ends: tuple[str, ...]
) -> tuple[Sets, Statuses]:
    """What a place of the layer's output reaches, up to the last operation that makes one of the ends."""
    found: Sets = {layer.output: start}
    statuses: Statuses = {}
    if line.inner:
        _everything(model, model.operations[layer.operation], model.operations[layer.operation].outputs, "bound",
                    found, statuses)  # fmt: skip
    after = model.operations[layer.operation + 1 :]
    last = max((number for number, one in enumerate(after) if not set(ends).isdisjoint(one.outputs)), default=-1)
    for operation in after[: last + 1]:
        known = {name: found[name] for name in operation.inputs if name in found and found[name].boxes}
        if not known:
            continue
        worst = _worst(statuses.get(name, "exact") for name in known)
        if not operation.lines:
            _everything(model, operation, operation.outputs, worst, found, statuses)
        for one in operation.lines:
            for number, access in enumerate(one.formula.accesses):
                tensor = dict(one.inputs).get(access.name, "")
                if tensor in known and not one.inner:
                    _pass(one, number, 0, one.output, known[tensor], worst, found, statuses)
    return found, statuses


def _step(line: Line, places: Places, worst: Status, found: Sets, statuses: Statuses) -> None:
    for number, access in enumerate(line.formula.accesses):
        tensor = dict(line.inputs).get(access.name, "")
        if tensor:
            _pass(line, 0, number, tensor, places, worst, found, statuses)


def _pass(
    line: Line, source: int, target: int, tensor: str, places: Places, worst: Status, found: Sets, statuses: Statuses
) -> None:
    status: Status = "depends on data" if line.depends else worst
    whole = _whole(line.shape(line.formula.accesses[target].name), tensor)
    try:
        seen = image(line.relation, source, target, places)
    except FormulaError:
        seen, status = Places((tuple(map(tuple, whole)),)), _worst([status, "bound"])
    found[tensor] = union([found[tensor], seen]) if tensor in found else seen
    statuses[tensor] = _worst([statuses.get(tensor, "exact"), status])


def _everything(
    model: Model, operation: Operation, names: tuple[str, ...], worst: Status, found: Sets, statuses: Statuses
) -> None:
    """Nothing is known of the operation: it may see, and reach, all."""
    for name in names:
        shape = model.tensors[name].first
        if shape is None:
            raise RequestError(
                f"reach: must know the shape of {shown(name, 60)}, before or after the opaque {operation.kind} "
                f"{shown(operation.name, 60)} ({operation.opaque}); it is not known"
            )
        found[name] = Places((tuple(map(tuple, _whole(shape, name))),))
        statuses[name] = _worst([worst, "bound"])


def _whole(shape: Shape, name: str) -> tuple[range, ...]:
    """All places along each axis, which are few enough to be listed."""
    if sum(shape) > LONGEST:
        raise RequestError(
            f"reach: must go through tensors of at most {LONGEST:,} places an axis; {shown(name, 60)} has the shape "
            f"{list(shape)}"
        )
    return tuple(map(range, shape))


def _worst(statuses: Iterable[Status]) -> Status:
    order: tuple[Status, ...] = ("exact", "bound", "depends on data")
    return max(statuses, key=order.index, default="exact")
