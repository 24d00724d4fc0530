"""The walk through an ONNX graph: shapes, constants, origins of weights, and the lines of every operation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from isochrome.core.sizes import Shape
from isochrome.errors import FormulaError, ModelError, shown
from isochrome.layers import Operation as KindCall
from isochrome.load.graph import Graph, Named
from isochrome.load.onnx_call import Call, call_key, output_type
from isochrome.load.onnx_constants import fold, moved
from isochrome.load.onnx_ops import ROWS, Row
from isochrome.load.onnx_stored import stored_in_file
from isochrome.load.tensors import dtype_name
from isochrome.load.value import FLOATS, Carried, Unknown, Value
from isochrome.model.parts import Line, Operation

__all__ = ["Node", "Scope", "Special", "Walk"]

Record = Mapping[str, Any]
Scope = dict[str, Value]
DEEPEST = 64
MOST_WRITTEN = 250_000


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """One node on the walk: its call, the names around it, and where it stands. ``calls`` is how often it runs for one
    input (None: depends on data), ``prefix`` stands before the names of its graph, ``opset`` is that of its function.
    """

    call: Call
    record: Record
    scope: Scope
    prefix: str
    calls: int | None
    depth: int

    @property
    def outputs(self) -> tuple[str, ...]:
        """The names of its outputs in the whole model, '' where it has none."""
        return tuple(self.prefix + name if name else "" for name in self.call.outputs)


Special = Callable[["Walk", Node], None]


@dataclass(slots=True, eq=False)
class Walk:
    """One pass over the nodes in their order. ``batch_axis`` is the axis of the inputs along which the batch is assumed
    (None: along none)."""

    record: Record
    graph: Graph
    special: Mapping[str, Special]
    batch_axis: int | None = 0
    sizes: Mapping[str, Shape] = field(default_factory=dict)
    assumed: dict[str, int] = field(default_factory=dict)
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    _batch: int | str | None = None
    _nodes: int = 0
    _written: int = 0
    _prefixes: set[str] = field(default_factory=set)
    _declared: dict[str, Record] = field(default_factory=dict)
    _functions: dict[tuple[str, str, str], Record] = field(default_factory=dict)
    _keys: dict[int, str] = field(default_factory=dict)

    def run(self) -> None:
        """Walk the whole model. Raises BatchElsewhere, and ModelError that names the node."""
        graph = self.record["graph"]
        for function in self.record.get("functions", ()):
            self._functions[function["domain"], function["name"], function.get("overload", "")] = function
        scope: Scope = {}
        self.initializers(graph, scope, "")
        given = [value for value in graph["inputs"] if value["name"] not in scope]
        for value in given:
            if value["name"] in scope:
                raise ModelError(f"input {shown(value['name'])}: must be there once; is there again")
            scope[value["name"]] = self._graph_input(value)
        self.inputs = tuple(value["name"] for value in given)
        self.body(graph, scope, "", 1, 0)
        for value in graph["outputs"]:
            if value["name"] not in scope:
                raise ModelError(f"output {shown(value['name'])}: must be made by a node; none makes it")
        self.outputs = tuple(scope[value["name"]].name for value in graph["outputs"])

    # --- names and values -------------------------------------------------------------------------------------

    def _graph_input(self, value: Record) -> Value:
        name, declared, dtype = value["name"], value["shape"], dtype_name(value["dtype"] or 1)
        if name in self.sizes:
            declared = list(self.sizes[name])
        if declared is None:
            return self.graph.activation(name, None, dtype)
        if any(isinstance(size, int) and size < 0 for size in declared):
            raise ModelError(f"input {shown(name)}: its sizes must not be negative; got {declared}")
        batch = self._input_batch(declared)
        open_axes = [axis for axis, size in enumerate(declared) if not isinstance(size, int)]
        for axis in open_axes:
            if batch is None or axis != batch.axis:
                self.assumed[f"{shown(declared[axis] or '?', 40)} of {shown(name, 40)}"] = 1
        shape = tuple(1 if axis in open_axes else size for axis, size in enumerate(declared))
        return self.graph.activation(name, shape, dtype, batch)

    def _input_batch(self, declared: Sequence[int | str | None]) -> Carried | None:
        """The batch runs along one axis of the first input that has it, and of those that are as long along it."""
        axis = 0 if len(declared) == 1 and not isinstance(declared[0], int) else self.batch_axis
        if axis is None or self.batch_axis is None or declared == [] or axis >= len(declared) or declared[axis] == 0:
            return None
        if len(declared) == 1 and isinstance(declared[0], int):
            return None
        size = declared[axis] if isinstance(declared[axis], int) else "any"
        if self._batch is None:
            self._batch, self.graph.samples = size, size if isinstance(size, int) else 1
        return Carried(axis) if size == self._batch else None

    def initializers(self, graph: Record, scope: Scope, prefix: str) -> None:
        """The stored tensors of a graph."""
        for number in graph["initializers"]:
            record = self.record["tensors"][number]
            scope[record["name"]] = self.stored_value(number, prefix + record["name"])

    def stored_value(self, number: int, name: str) -> Value:
        """A tensor of the file; one of text is no weight."""
        found = stored_in_file(self.graph.store, self._keys, self.record["tensors"], number, name)
        record = self.record["tensors"][number]
        return self.graph.activation(name, tuple(record["shape"]), "string") if found is None else found

    def inner_prefix(self, node: Node) -> str:
        """What stands before the names of a body or a function: each call has a prefix of its own."""
        names = [node.record["name"], *node.call.outputs, str(self._nodes)]
        own = next(f"{node.prefix}{name}/" for name in names if name and f"{node.prefix}{name}/" not in self._prefixes)
        self._prefixes.add(own)
        return own

    # --- nodes ------------------------------------------------------------------------------------------------

    def body(self, graph: Record, scope: Scope, prefix: str, calls: int | None, depth: int, opset: int = 0) -> None:
        """Walk the nodes of a graph whose names so far are ``scope``."""
        if depth > DEEPEST:
            raise ModelError(f"graphs within graphs must be at most {DEEPEST} deep")
        for value in (*graph.get("value_info", ()), *graph.get("outputs", ())):
            self._declared[prefix + value["name"]] = value
        for record in graph["nodes"]:
            try:
                self._node(self._call(record, scope, prefix, calls, depth, opset))
            except (ModelError, FormulaError) as fault:
                name, text = record["name"] or (record["outputs"] or ["?"])[0], str(fault)
                where = f"node {shown(name, 60)} ({shown(record['op'], 40)})"
                raise ModelError(text if text.startswith("node ") else f"{where}: {text}") from None

    def _call(
        self, record: Record, scope: Scope, prefix: str, calls: int | None, depth: int, opset: int
    ) -> Node:
        self._nodes += 1
        again = next((name for name in record["outputs"] if name and name in scope), None)
        if again is not None:
            raise ModelError(f"its output {shown(again, 60)} must be made once; is there already")
        domain = "" if record["domain"] == "ai.onnx" else record["domain"]
        version = opset or self.record["opsets"].get(domain, self.record["opsets"].get("", 1))
        operands = tuple(self.operand(name, scope) for name in record["inputs"])
        call = Call(record["op"], record["attributes"], operands, tuple(record["outputs"]), version,
                    self.graph.store.numbers)  # fmt: skip
        return Node(call, record, scope, prefix, calls, depth)

    def _node(self, node: Node) -> None:
        record, call = node.record, node.call
        function = self._functions.get((record["domain"], record["op"], record.get("overload", "")))
        if function is not None:
            self._inline(function, node)
            return
        standard, row = record["domain"] in ("", "ai.onnx"), ROWS.get(record["op"])
        try:
            if standard and call.op in self.special:
                if not any(call.outputs):
                    raise ModelError("outputs: must be at least one; there is none")
                self.special[call.op](self, node)
            elif standard and call.inputs and all(value is None or value.stored for value in call.inputs):
                self._constant(node, row)
            elif standard and row is not None:
                self._operation(node, row)
            else:
                domain = "" if standard else f" of {shown(record['domain'], 40)}"
                self.opaque(node, f"{shown(record['op'], 40)}{domain} has no formula here")
        except Unknown as unknown:
            self.opaque(node, str(unknown))

    def operand(self, name: str, scope: Scope) -> Value | None:
        """What a name stands for; None for the empty name."""
        if not name:
            return None
        found = scope.get(name)
        if found is None:
            raise ModelError(f"its input {shown(name, 60)} must be made before it; nothing does. Is the graph cyclic?")
        return found

    def _constant(self, node: Node, row: Row | None) -> None:
        """A call of constants: moved elements keep their identity, small numbers are computed, the rest is fresh."""
        call, names = node.call, node.outputs
        if not names or not names[0]:
            raise Unknown("it gives nothing that has a name")
        operation = None if row is None else self._cached(row, call)
        known, dtype = fold(call), output_type(call)
        operands = {} if row is None else {name: call.inputs[at] for name, at in row.positions(call).items()}
        origins, alike = moved(call, operation, operands)
        if origins:
            kept = call.inputs[0] is None or call.inputs[0].as_stored
            for place, (name, origin) in enumerate(zip(names, origins, strict=False)):
                numbers = known if len(names) == 1 or not place else None
                node.scope[call.outputs[place]] = Value(
                    name, origin.shape, dtype, self.graph.store.without_made_zeros(origin), None, numbers, None,
                    kept and alike,
                )  # fmt: skip
            return
        roots = tuple(dict.fromkeys(n for v in call.inputs if v is not None for n in self.graph.store.roots(v)))
        if known is not None:
            node.scope[call.outputs[0]] = self.graph.store.known(names[0], known, roots)
            return
        shapes = operation.outputs if operation is not None else (self.declared_shape(names[0]),)
        if shapes[0] is None or dtype not in FLOATS:
            raise Unknown(f"{shown(call.op, 40)} of constants has no formula here")
        for output, name, shape in zip(call.outputs, names, shapes, strict=False):
            if output and shape is not None:
                node.scope[output] = self.graph.store.made(name, shape, dtype, made=not roots, computed_from=roots)

    def _operation(self, node: Node, row: Row) -> None:
        call = node.call
        operation = self._cached(row, call)
        if operation.opaque:
            self.opaque(node, operation.opaque, operation.outputs)
            return
        operands = {name: call.inputs[at] for name, at in row.positions(call).items()}
        lines, batch = self.graph.lines(operation, operands, node.outputs)
        for place, (output, name) in enumerate(zip(call.outputs, node.outputs, strict=True)):
            if output:
                shape = operation.outputs[place] if place < len(operation.outputs) else self.declared_shape(name)
                at = batch.outputs.get(f"y{place + 1}" if place else "y")
                node.scope[output] = self.graph.activation(name, shape, output_type(call), at)
        self.add(node, operation.kind, lines)

    def opaque(self, node: Node, reason: str, shapes: Sequence[Shape | None] = (), kind: str = "opaque") -> None:
        """An operation that no line describes; its outputs have the shapes that the file declares."""
        first = next((value.batch for value in node.call.inputs if value is not None), None)
        for place, (output, name) in enumerate(zip(node.call.outputs, node.outputs, strict=True)):
            if output:
                shape = shapes[place] if place < len(shapes) else self.declared_shape(name)
                same = first == Carried(0) and bool(shape) and shape is not None and shape[0] == self.graph.samples
                node.scope[output] = self.graph.activation(name, shape, "float32", first if same else None)
        self.add(node, kind, (), reason)

    def add(self, node: Node, kind: str, lines: tuple[Line, ...], reason: str = "") -> None:
        """Note an operation."""
        outputs = tuple(name for name in node.outputs if name)
        inputs = tuple(value.name for value in node.call.inputs if value is not None and not value.stored)
        name = outputs[0] if outputs else shown(node.call.op, 40)
        operation = Operation(name, kind, lines, inputs, outputs, reason)
        self.graph.found.append(Named(operation, node.record["name"], node.calls, node.record.get("scopes", "")))

    def _cached(self, row: Row, call: Call) -> KindCall:
        return self.graph.built(call_key(call), lambda: row.build(call))

    def declared_shape(self, name: str) -> Shape | None:
        """The shape that the file declares for a tensor, if it declares one."""
        declared = self._declared.get(name)
        if declared is None or declared["shape"] is None:
            return None
        sizes = [1 if axis == 0 and not isinstance(size, int) else size for axis, size in enumerate(declared["shape"])]
        return tuple(sizes) if all(isinstance(size, int) and size >= 0 for size in sizes) else None

    # --- control flow and functions ---------------------------------------------------------------------------

    def _inline(self, function: Record, node: Node) -> None:
        given = zip(function["inputs"], node.call.inputs, strict=False)
        inner: Scope = {name: value for name, value in given if value is not None}
        attributes = dict(function.get("attribute_defaults", {})) | dict(node.record["attributes"])
        nodes = [_with_attributes(one, attributes) for one in function["nodes"]]
        self._written += len(nodes)
        if self._written > MOST_WRITTEN:
            raise ModelError(f"functions must have at most {MOST_WRITTEN:,} nodes once they are written out")
        version = function.get("opsets", {}).get("", 0)
        self.body({"nodes": nodes}, inner, self.inner_prefix(node), node.calls, node.depth + 1, version)
        for outer, name in zip(node.call.outputs, function["outputs"], strict=False):
            found = self.operand(name, inner)
            if outer and found is not None:
                node.scope[outer] = found

    def branch(self, graph: Record, node: Node, inner: Scope, prefix: str, calls: int | None) -> list[Value | None]:
        """The values that a body gives back; it sees the names around it."""
        around = Nested(node.scope, inner)
        self.initializers(graph, around, prefix)
        scope = Nested(around)
        self.body(graph, scope, prefix, calls, node.depth + 1)
        return [scope.get(value["name"]) for value in graph["outputs"]]


class Nested(dict[str, Value]):
    """A body's names; those it lacks are looked up around it."""

    def __init__(self, outer: Mapping[str, Value], own: Mapping[str, Value] | None = None) -> None:
        super().__init__(own or {})
        self.outer = outer

    def get(self, key: str, default: Any = None) -> Any:
        return self[key] if key in self else self.outer.get(key, default)


def _with_attributes(record: Record, given: Mapping[str, Any]) -> Record:
    """A node of a function's body with the call's attributes in place of references, in bodies inside it too."""
    attributes = {}
    for name, value in record["attributes"].items():
        if value["type"] == "graph":
            nodes = [_with_attributes(one, given) for one in value["value"]["nodes"]]
            attributes[name] = {**value, "value": {**value["value"], "nodes": nodes}}
        elif value["type"] != "ref":
            attributes[name] = value
        elif value["value"] in given:
            attributes[name] = given[value["value"]]
    return {**record, "attributes": attributes}
