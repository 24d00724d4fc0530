"""The walk over a PyTorch program: every call read into our kinds, weights followed from where they are stored."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import prod
from typing import Any

import numpy as np

from isochrome.errors import FormulaError, ModelError, shown
from isochrome.layers import Operation as KindCall
from isochrome.load.aten_call import Call, call_key, operation_name
from isochrome.load.aten_constants import folded, made_number
from isochrome.load.aten_held import Place, places_of
from isochrome.load.aten_ops import COMMUTES, CREATES, DRAWN, LAID_OUT, LAYERS, RANDOM, REASONS, ROWS, Row
from isochrome.load.aten_pads import Pads
from isochrome.load.aten_windows import strided_in
from isochrome.load.graph import Graph, Named
from isochrome.load.store import SMALL
from isochrome.load.value import FLOATS, Carried, Unknown, Value
from isochrome.model.computed import together
from isochrome.model.moved import moved
from isochrome.model.origin import Origin, TooManyEntries
from isochrome.model.parts import Line, Operation
from isochrome.model.program import Call as ProgramCall
from isochrome.model.program import Facts, Program, Ref

__all__ = ["Node", "Special", "Walk"]

VIEWS = ("view", "unsqueeze", "squeeze", "detach", "alias", "flatten", "unflatten")
BY_ELEMENT = ("elementwise", "bias", "scale")


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """One call on the walk: as the program has it, and with what is known of its tensors."""

    made: ProgramCall
    call: Call


Special = Callable[["Walk", Node], None]


@dataclass(slots=True, eq=False)
class Walk:
    """One pass over the calls in their order. ``batch_axis`` is the axis of the inputs along which the batch is assumed
    (None: along none); ``special`` has the operations that are more than one of our kinds; ``scattered`` names the
    tensors whose elements do not lie in memory in the order of their places."""

    program: Program
    graph: Graph
    special: Mapping[str, Special]
    batch_axis: int | None = 0
    scope: dict[str, Value] = field(default_factory=dict)
    sites: dict[str, ProgramCall] = field(default_factory=dict)
    scattered: set[str] = field(default_factory=set)
    _places: tuple[Place, ...] = ()
    _called: dict[int, list[str]] = field(default_factory=dict)
    _batch: int | None = None
    _pads: Pads = field(default_factory=Pads)

    def run(self) -> None:
        """Walk the whole program. Raises BatchElsewhere, and ModelError that names the call."""
        program = self.program
        self._places = places_of(program.held)
        for name in program.inputs:
            self.scope[name] = self._input(name, program.tensors[name])
        for call in program.calls:
            name = next((name for name in call.outputs if name), "")
            if not name:
                continue
            try:
                self._node(self._read(call))
            except (ModelError, FormulaError) as fault:
                where = f"call {shown(name, 60)} ({shown(call.target, 60)})"
                raise ModelError(f"{where}: {fault}") from None
        for name in program.outputs:
            self.value(name)
        idle = self._pads.idle(self.graph.found, program.outputs)
        self.graph.found[:] = [named for named in self.graph.found if named.operation.outputs[0] not in idle]

    # --- values -------------------------------------------------------------------------------------------------

    def _input(self, name: str, facts: Facts) -> Value:
        """The batch runs along one axis of the first input that has it, and of those that are as long along it."""
        axis = self.batch_axis
        batch = None
        if axis is not None and len(facts.shape) > max(axis, 1) and facts.shape[axis]:
            size = facts.shape[axis]
            if self._batch is None:
                self._batch = self.graph.samples = size
            batch = Carried(axis) if size == self._batch else None
        return self.graph.activation(name, facts.shape, facts.dtype, batch)

    def value(self, name: str) -> Value:
        """What a name stands for."""
        if name not in self.scope:
            self.scope[name] = self._first_met(name)
        return self.scope[name]

    def _first_met(self, name: str) -> Value:
        facts = self.program.tensors.get(name)
        if facts is None:
            raise ModelError(f"its operand {shown(name, 60)} must be made before it; nothing does")
        known = self.program.constants.get(name)
        number = self.program.stored.get(name)
        if number is not None:
            if not 0 <= number < len(self._places):
                raise ModelError(f"its operand {shown(name, 60)} must be one of {len(self._places)} held tensors")
            place = self._places[number]
            self.graph.store.tensors.setdefault(place.key, place.tensor)
            origin = place.origin if place.origin.shape == facts.shape else Origin.of(place.key, facts.shape)
            return Value(name, facts.shape, facts.dtype, origin, known=known, kept=True)
        if known is not None:
            return self.graph.store.known(name, known)
        return self.graph.activation(name, facts.shape, facts.dtype)

    def names(self, name: str, key: str) -> Sequence[str]:
        """All that the model calls a stored tensor that the program reads by a name; ``key`` is that of the store."""
        number = self.program.stored.get(name)
        if number is None:
            tensor = self.graph.store.tensors[key]
            return tensor.computed_from[:1] or tensor.names
        if not self._called:
            for row, place in zip(self.program.held, self._places, strict=True):
                self._called.setdefault(id(place.origin), []).append(row.name)
        return self._called[id(self._places[number].origin)]

    def numbers(self, value: Value) -> Any:
        """The numbers of a constant, if they are known."""
        return value.known

    def before_reshape(self, value: Value) -> Value | None:
        """The tensor that another one is a reshape of, if it is."""
        for named in reversed(self.graph.found):
            if value.name in named.operation.outputs:
                return self.scope.get(named.operation.inputs[0]) if named.operation.kind == "reshape" else None
        return None

    def as_activation(self, value: Value) -> Value:
        """A constant that an operation reads as its input."""
        return self.graph.activation(value.name, value.shape, value.dtype) if value.stored else value

    # --- calls --------------------------------------------------------------------------------------------------

    def _read(self, made: ProgramCall) -> Node:
        arguments = {name: self._argument(value) for name, value in made.arguments}
        facts = tuple(self.program.tensors.get(name) if name else None for name in made.outputs)
        name = operation_name(made.target)[1]
        return Node(made, Call(name, arguments, made.outputs, facts, self.numbers))

    def _argument(self, value: Any) -> Any:
        if isinstance(value, Ref):
            return self.value(value.name)
        return tuple(self._argument(one) for one in value) if isinstance(value, tuple) else value

    def _node(self, node: Node) -> None:
        library, op = operation_name(node.made.target)[0], node.call.op
        if op in LAID_OUT or any(value.name in self.scattered for _, value in node.call.values if op in VIEWS):
            self.scattered.update(node.made.outputs)
        row = ROWS.get(op) if library in ("aten", "isochrome") else None
        try:
            if library == "aten" and op in CREATES and not self._takes_numbers(node.call):
                self._create(node)
            elif op in RANDOM and node.made.target not in DRAWN and not self._takes_numbers(node.call):
                self._outputs(node, None)
            elif op == "as_strided" and node.call.value("self").origin is not None:
                self._strided(node, node.call.value("self"))
            elif all(value.stored for _, value in node.call.values) and op not in LAYERS:
                self._constant(node, row)
            elif library == "aten" and op in self.special:
                self.special[op](self, node)
            elif row is not None:
                self.operation(node, row)
            else:
                name = shown(node.made.target, 60)
                self.opaque(node, f"{name} {REASONS.get(op, 'has no formula here')}")
        except Unknown as unknown:
            self.opaque(node, str(unknown))
        except ModelError as fault:
            if self.program.format != "torch":
                raise
            self.opaque(node, str(fault))  # it runs, so it is we who cannot read it
        except (ArithmeticError, AssertionError, AttributeError, LookupError, TypeError, ValueError) as fault:
            if self.program.format != "torch":
                raise ModelError("its arguments must be those of the operation") from fault
            self.opaque(node, "its arguments are read in no way here")

    def _takes_numbers(self, call: Call) -> bool:
        """Whether a call that is given a tensor for its shape takes more, numbers that are not known."""
        return any(name != "self" and self.numbers(value) is None for name, value in call.values)

    def operation(self, node: Node, row: Row) -> None:
        """A call that is one operation of our kinds."""
        node = Node(node.made, self._pads.taken_over(node.call))
        call = node.call
        operation = self.graph.built(call_key(call), lambda: row.build(call))
        self._check_weights(operation, call)
        operands = {name: call.maybe(argument) for name, argument in row.names(call).items()}
        if call.op in LAYERS and row.names(call).get("x") in ("input", "self"):
            operands["x"] = self.as_activation(call.value(row.names(call)["x"]))
        self._pads.note(call, operation)
        self.emit(node, operation, operands, node.made.outputs)

    def _check_weights(self, operation: KindCall, call: Call) -> None:
        """A stored tensor that no line multiplies or adds must not pass without a word."""
        taken = next((value.name for _, value in call.values if value.kept and value.is_weight), "")
        if operation.kind == "elementwise" and taken:
            raise Unknown(f"{call.op} takes the stored {shown(taken, 60)}, and is no sum of products")

    def emit(
        self, node: Node, operation: KindCall, operands: Mapping[str, Value | None], names: Sequence[str],
        label: str = "",
    ) -> tuple[Value, ...]:  # fmt: skip
        """One operation of ours with outputs of given names, '' where nobody wants one. ``label`` tells apart layers
        that one call makes."""
        if operation.opaque:
            raise Unknown(operation.opaque)
        names = tuple(names)
        lines, batch = self.graph.lines(operation, operands, names)
        if operation.lines and not lines and any(names):
            raise Unknown("it reads stored tensors alone, at places that only data says")
        made = []
        for at, name in enumerate(names):
            facts = self.program.tensors.get(name)
            more = None if facts is None else facts.shape
            shape = operation.outputs[at] if at < len(operation.outputs) else more
            dtype = facts.dtype if facts is not None else node.call.facts[0].dtype if node.call.facts[0] else "float32"
            if facts is not None and shape != facts.shape:
                raise Unknown(f"its output must have the shape {list(facts.shape)} that the run gave; is {shape}")
            value = self.graph.activation(name, shape, dtype, batch.outputs.get(f"y{at + 1}" if at else "y"))
            made.append(value)
            if name:
                self.scope[name] = value
        reads = [value.name for value in operands.values() if value is not None and not value.stored]
        self._add(node, operation.kind, lines, tuple(dict.fromkeys(reads)), names, label=label)
        return tuple(made)

    def _add(
        self, node: Node, kind: str, lines: tuple[Line, ...], inputs: tuple[str, ...], names: Sequence[str],
        reason: str = "", label: str = "",
    ) -> None:  # fmt: skip
        outputs = tuple(name for name in names if name)
        operation = Operation(outputs[0], kind, lines, inputs, outputs, reason)
        self.graph.found.append(Named(operation, outputs[0], 1, label))
        self.sites[outputs[0]] = node.made

    def opaque(self, node: Node, reason: str) -> None:
        """A call that no line describes."""
        first = next((value.batch for _, value in node.call.values if value.batch is not None), None)
        self._outputs(node, first)
        inputs = tuple(dict.fromkeys(value.name for _, value in node.call.values if not value.stored))
        self._add(node, "opaque", (), inputs, node.made.outputs, reason)

    def _outputs(self, node: Node, batch: Carried | None) -> None:
        """Activations known by their shapes alone; a batch axis is kept where it is as long as before."""
        for name, facts in zip(node.made.outputs, node.call.facts, strict=True):
            if name and facts is not None:
                same = batch is not None and batch.axis < len(facts.shape) and (
                    facts.shape[batch.axis] == batch.rows * self.graph.samples)  # fmt: skip
                self.scope[name] = self.graph.activation(name, facts.shape, facts.dtype, batch if same else None)

    def rest(self, node: Node, first: int) -> None:
        """Outputs from one on, of which nothing is known but their shapes."""
        call = replace(node.call, facts=node.call.facts[first:])
        self._outputs(Node(replace(node.made, outputs=node.made.outputs[first:]), call), None)

    # --- constants ----------------------------------------------------------------------------------------------

    def _create(self, node: Node) -> None:
        call, (name, facts) = node.call, (node.made.outputs[0], node.call.facts[0])
        if facts is None:
            return
        known = self.program.constants.get(name)
        fill = CREATES[call.op] if CREATES[call.op] is not None else call.real("value", call.real("fill_value"))
        if known is None and prod(facts.shape) <= SMALL:
            known = made_number(call, facts, fill)
        if known is not None:
            self.scope[name] = self.graph.store.known(name, known)
        elif facts.dtype in FLOATS:
            made = self.graph.store.made(name, facts.shape, facts.dtype, made=True, fill=fill)
            known = None if fill is None else np.broadcast_to(np.float32(fill), facts.shape)
            self.scope[name] = replace(made, known=known)
        else:
            self._outputs(node, None)

    def _constant(self, node: Node, row: Row | None) -> None:
        """A call of constants: moved elements keep their identity, the rest is made of them."""
        call = node.call
        operation = self._kind_of(call, row)
        operands = {} if row is None else {name: call.value(argument) for name, argument in row.names(call).items()}
        values = [value for _, value in call.values]
        roots = tuple(dict.fromkeys(name for value in values for name in self.graph.store.roots(value)))
        origins = self._moved(operation, operands) if operation is not None else ()
        if not origins and operation is not None and roots:
            origins = self._by_element(call, operation, values, roots)
        for at, (name, facts) in enumerate(zip(node.made.outputs, call.facts, strict=True)):
            if not name or facts is None:
                continue
            known = self.program.constants.get(name)
            if known is None and at == 0:
                known = folded(call, operation, operands)
            if at < len(origins) and origins[at].pieces and origins[at].shape == facts.shape:
                origin = self.graph.store.without_made_zeros(origins[at])
                alike = all(value.as_stored and value.dtype == facts.dtype for value in values)
                alike = alike and not _computes(operation, values)
                self.scope[name] = Value(name, facts.shape, facts.dtype, origin, known=known, as_stored=alike,
                                         kept=bool(roots))  # fmt: skip
            else:
                self.scope[name] = self._fresh(name, facts, known, roots)

    def _strided(self, node: Node, value: Value) -> None:
        """Elements of a stored tensor by strides over the storage, which is known where the tensor is held as it is."""
        call, name, facts = node.call, node.made.outputs[0], node.call.facts[0]
        number = self.program.stored.get(value.name)
        if value.origin is None or number is None or facts is None:
            raise Unknown("it reads by strides what does not lie in memory in order")
        row = self.program.held[number]
        start = row.offset // max(row.item, 1)
        made = strided_in(call, value.shape or (), row.strides, start)
        flat = value.origin.reshape((prod(value.shape or ()),))
        self.scope[name] = replace(value, name=name, shape=facts.shape, origin=moved(made, {"x": flat})[0], known=None)

    def _fresh(self, name: str, facts: Facts, known: Any, roots: tuple[str, ...]) -> Value:
        if known is not None:
            return replace(self.graph.store.known(name, known, roots), kept=bool(roots))
        if facts.dtype not in FLOATS:
            return self.graph.activation(name, facts.shape, facts.dtype)
        made = self.graph.store.made(name, facts.shape, facts.dtype, made=not roots, computed_from=roots)
        return replace(made, kept=bool(roots))

    def _kind_of(self, call: Call, row: Row | None) -> KindCall | None:
        try:
            return None if row is None else self.graph.built(call_key(call), lambda: row.build(call))
        except (Unknown, ModelError, FormulaError):
            return None

    def _moved(self, operation: KindCall, operands: Mapping[str, Value]) -> tuple[Origin, ...]:
        try:
            return moved(operation, {name: value.origin for name, value in operands.items()})
        except TooManyEntries:
            return ()

    def _by_element(
        self, call: Call, operation: KindCall, values: Sequence[Value], roots: tuple[str, ...]
    ) -> tuple[Origin, ...]:
        """An operation that makes one element out of one stored scalar and numbers stands for that scalar; one that
        takes several makes an element for each different choice of them."""
        if operation.kind not in BY_ELEMENT or len(operation.outputs) != 1:
            return ()
        shape = operation.outputs[0]
        ours = [value for value in values if value.origin is not None and self.graph.store.roots(value)]
        whole = [value for value in ours if self._is_integer(value)]
        if len(whole) == 1 and not all(value in whole or _is_scale(value, whole[0]) for value in ours):
            whole = []  # whole numbers beside as many others are a mask
        if len(whole) == 1 or len(ours) == 1:  # a dequantised weight is its stored integer, whatever scales it
            origin = (whole or ours)[0].origin
            return (origin.expand(shape),) if origin is not None else ()
        name = call.outputs[0]
        origins = [value.origin for value in ours if value.origin is not None]
        found = together(name, shape, origins, call.op in COMMUTES and len(ours) == 2)
        pieces = found.pieces[0]
        facts = call.facts[0]
        self.graph.store.made(name, pieces.shape, facts.dtype if facts else "float32", computed_from=roots)
        return (found,)

    def _is_integer(self, value: Value) -> bool:
        sources = [] if value.origin is None else [piece.source for piece in value.origin.pieces]
        return bool(sources) and all("int" in self.graph.store.tensors[source].dtype for source in sources)


def _is_scale(value: Value, of: Value) -> bool:
    """Whether a tensor holds fewer numbers than another one: one for all of it, or for each of its rows."""
    return prod(value.shape or ()) < max(prod(of.shape or ()), 2)


def _computes(operation: KindCall | None, values: Sequence[Value]) -> bool:
    """Whether the numbers change on the way."""
    if operation is None or operation.kind in BY_ELEMENT and len(values) > 1:
        return True
    return any(line.scale != 1.0 or not line.exact for line in operation.lines)
