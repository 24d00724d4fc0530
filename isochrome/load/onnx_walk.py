"""The walk through an ONNX graph: shapes, constants, origins of weights, and the lines of every operation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import prod
from typing import Any

from numpy.typing import NDArray

from isochrome.core.formula import Access, Affine, Formula, Index, Table
from isochrome.core.sizes import Shape
from isochrome.errors import FormulaError, ModelError, shown
from isochrome.layers import Line as LineOfKind
from isochrome.layers import Operation as KindCall
from isochrome.layers.reshape import reshape_line
from isochrome.load.onnx_call import FLOATS, Call, Unknown, Value
from isochrome.load.onnx_constants import MOVES, SMALL, fold, moved_split
from isochrome.load.onnx_ops import ROWS, Row
from isochrome.load.tensors import dtype_name, item_size
from isochrome.model.origin import Origin
from isochrome.model.parts import Line, Operation, Pattern, Span, Tensor
from isochrome.model.stored import OverStored, operand_line, with_origins

__all__ = ["BatchElsewhere", "Named", "StoredTensor", "Walk"]

Record = Mapping[str, Any]
Scope = dict[str, Value]
Special = Callable[..., None]
DEEPEST = 64


class BatchElsewhere(Exception):
    """A recurrent layer reads time where the batch was assumed: the batch is the next axis."""


@dataclass(slots=True)
class StoredTensor:
    """What is known of one stored tensor: all its names, its place, and where its numbers can be read."""

    names: list[str]
    shape: Shape
    dtype: str
    span: Span
    tensor: int | None = None
    made: bool = False
    computed_from: tuple[str, ...] = ()
    fill: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Named:
    """An operation with what a layer's name is made of, and how often it runs (None: depends on data)."""

    operation: Operation
    node: str
    calls: int | None
    weights: tuple[str, ...]


@dataclass(slots=True, eq=False)
class Walk:
    """One pass over the nodes in their order. ``read`` gives the numbers of a tensor record."""

    record: Record
    read: Callable[[int], NDArray[Any]]
    special: Mapping[str, Special]
    batch_axis: int = 0
    sizes: Mapping[str, Shape] = field(default_factory=dict)
    stored: dict[str, StoredTensor] = field(default_factory=dict)
    tensors: dict[str, Tensor] = field(default_factory=dict)
    found: list[Named] = field(default_factory=list)
    assumed: dict[str, int] = field(default_factory=dict)
    batch: int = 1
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    _declared: dict[str, Record] = field(default_factory=dict)
    _functions: dict[tuple[str, str, str], Record] = field(default_factory=dict)
    _numbers: dict[int, NDArray[Any]] = field(default_factory=dict)
    _calls: dict[object, KindCall] = field(default_factory=dict)
    _plain: dict[tuple[int, str], tuple[LineOfKind, tuple[OverStored, ...]]] = field(default_factory=dict)
    _patterns: dict[tuple[int, tuple[str, ...]], Pattern] = field(default_factory=dict)
    _texts: dict[object, Pattern] = field(default_factory=dict)
    _kept: list[OverStored] = field(default_factory=list)

    def run(self) -> None:
        """Walk the whole model."""
        graph = self.record["graph"]
        for function in self.record.get("functions", ()):
            self._functions[function["domain"], function["name"], function.get("overload", "")] = function
        scope: Scope = {}
        self._initializers(graph, scope, "")
        given = [value for value in graph["inputs"] if value["name"] not in scope]
        for value in given:
            scope[value["name"]] = self._graph_input(value)
        self.inputs = tuple(value["name"] for value in given)
        self._body(graph, scope, "", 1, 0)
        for value in graph["outputs"]:
            if value["name"] not in scope:
                raise ModelError(f"output {shown(value['name'])}: must be made by a node; none makes it")
        self.outputs = tuple(scope[value["name"]].name for value in graph["outputs"])

    # --- names and values -------------------------------------------------------------------------------------

    def _graph_input(self, value: Record) -> Value:
        name, declared = value["name"], value["shape"]
        if name in self.sizes:
            declared = list(self.sizes[name])
        if declared is None:
            return self.activation(name, None, dtype_name(value["dtype"] or 1))
        batch = self.batch_axis if len(declared) > max(1, self.batch_axis) else None
        if len(declared) == 1 and isinstance(declared[0], str):
            batch = 0
        shape: list[int] = []
        for axis, size in enumerate(declared):
            if isinstance(size, int) and size < 0:
                raise ModelError(f"input {shown(name)}: its sizes must not be negative; got {declared}")
            if isinstance(size, int):
                shape.append(size)
                continue
            if axis != batch:
                self.assumed[f"{size or '?'} of {shown(name, 40)}"] = 1
            shape.append(1)
        if batch is not None:
            self.batch = max(self.batch, shape[batch])
        return self.activation(name, tuple(shape), dtype_name(value["dtype"] or 1), batch)

    def activation(self, name: str, shape: Shape | None, dtype: str = "float32", batch: int | None = None) -> Value:
        self.tensors[name] = Tensor(shape, batch, dtype)
        return Value(name, shape, dtype, batch=batch)

    def _initializers(self, graph: Record, scope: Scope, prefix: str) -> None:
        for number in graph["initializers"]:
            record = self.record["tensors"][number]
            scope[record["name"]] = self.stored_value(number, prefix + record["name"])

    def stored_value(self, number: int, name: str) -> Value:
        record = self.record["tensors"][number]
        shape, dtype = tuple(record["shape"]), dtype_name(record["dtype"])
        size = item_size(record["dtype"], prod(shape))
        where = record["where"]
        if "external" in where:
            start = int(where["offset"] or 0)
            key = f"{where['external']}:{start}:{shape}:{dtype}"
            span = Span(where["external"], start, start + size)
        else:
            key, span = name, Span(name, 0, size)
        if key in self.stored:
            self.stored[key].names.append(name)
        else:
            self.stored[key] = StoredTensor([name], shape, dtype, span, number)
        return Value(name, shape, dtype, Origin.of(key, shape), number)

    def made(self, name: str, shape: Shape, dtype: str, **facts: Any) -> Value:
        span = Span(name, 0, prod(shape) * 4)
        self.stored[name] = StoredTensor([name], shape, dtype, span, **facts)
        return Value(name, shape, dtype, Origin.of(name, shape), made=facts.get("made", False),
                     as_stored=facts.get("fill") is not None)  # fmt: skip

    def numbers(self, value: Value) -> NDArray[Any] | None:
        """The numbers of a small constant, read at most once; None of anything else."""
        if value.known is not None:
            return value.known
        if value.tensor is None or prod(value.shape or ()) > SMALL:
            return None
        if value.tensor not in self._numbers:
            self._numbers[value.tensor] = self.read(value.tensor)
        return self._numbers[value.tensor].reshape(value.shape or ())

    # --- nodes ------------------------------------------------------------------------------------------------

    def _body(self, graph: Record, scope: Scope, prefix: str, calls: int | None, depth: int, opset: int = 0) -> None:
        if depth > DEEPEST:
            raise ModelError(f"graphs within graphs must be at most {DEEPEST} deep")
        for value in (*graph.get("value_info", ()), *graph.get("outputs", ())):
            self._declared[prefix + value["name"]] = value
        for node in graph["nodes"]:
            try:
                self._node(node, scope, prefix, calls, depth, opset)
            except (ModelError, FormulaError) as fault:
                text = str(fault)
                raise ModelError(text if text.startswith(("node ", "output ")) else f"{_where(node)}: {text}") from None

    def _node(self, node: Record, scope: Scope, prefix: str, calls: int | None, depth: int, opset: int) -> None:
        operands = tuple(self._operand(name, scope) for name in node["inputs"])
        version = opset or self.record["opsets"].get(node["domain"], self.record["opsets"].get("", 1))
        call = Call(node["op"], node["attributes"], operands, tuple(node["outputs"]), version, self.numbers)
        function = self._functions.get((node["domain"], node["op"], node.get("overload", "")))
        if function is not None:
            self._inline(function, node, operands, scope, prefix, calls, depth)
            return
        special = self.special.get(node["op"]) if _standard(node["domain"]) else None
        if special is not None:
            special(self, call, node, scope, prefix, calls, depth)
            return
        if operands and all(value is None or value.stored for value in operands) and _standard(node["domain"]):
            self._constant(call, node, scope, prefix)
            return
        self._operation(call, node, scope, prefix, calls)

    def _operand(self, name: str, scope: Scope) -> Value | None:
        if not name:
            return None
        found = scope.get(name)
        if found is None:
            raise ModelError(f"its input {shown(name, 60)} must be made before it; nothing does. Is the graph cyclic?")
        return found

    def _constant(self, call: Call, node: Record, scope: Scope, prefix: str) -> None:
        output = node["outputs"][0]
        name = prefix + output
        sizes = [prod(value.shape or ()) for value in call.inputs if value is not None]
        known = fold(call) if max(sizes, default=0) <= SMALL else None
        operation = _built(self, call)
        origin, moved = None, call.inputs[0]
        if call.op in MOVES and moved is not None and (operation is not None or call.op in _PLAIN_MOVES):
            try:
                origin = MOVES[call.op](call, operation or KindCall("", (), (moved.shape or (),)))
            except Unknown:
                origin = None
        if origin is not None and moved is not None:
            kept = moved.as_stored and call.op not in ("DequantizeLinear", "Cast")
            made = all(value is None or value.made or not value.is_weight for value in call.inputs)
            dtype = self._dtype(call, moved.dtype)
            origin = self._without_made_zeros(origin)
            scope[output] = Value(name, origin.shape, dtype, origin, None, known, made, None, kept)
            for part, extra in enumerate(node["outputs"][1:], 1):
                split = origin if operation is None else _split_part(call, operation, part)
                scope[extra] = Value(prefix + extra, split.shape, dtype, split, None, None, made, None, kept)
            return
        if known is not None:
            scope[output] = self.known_value(name, known)
            return
        if operation is None:
            raise Unknown(f"{call.op} of constants")
        names = tuple(dict.fromkeys(n for v in call.inputs if v is not None for n in self._stored_names(v)))
        scope[output] = self.made(name, operation.outputs[0], self._dtype(call, "float32"), computed_from=names)

    def known_value(self, name: str, numbers: NDArray[Any]) -> Value:
        value = Value(name, tuple(numbers.shape), str(numbers.dtype), known=numbers)
        if str(numbers.dtype) not in FLOATS:
            return value
        made = self.made(name, value.shape or (), value.dtype, made=True)
        return replace(made, known=numbers)

    def _dtype(self, call: Call, default: str) -> str:
        if call.op == "Cast":
            return dtype_name(call.whole("to", 1))
        return "float32" if call.op == "DequantizeLinear" else default

    def _stored_names(self, value: Value) -> tuple[str, ...]:
        keys = [piece.source for piece in value.origin.pieces] if value.origin else []
        return tuple(self.stored[key].names[0] for key in keys if key in self.stored)

    def _without_made_zeros(self, origin: Origin) -> Origin:
        """A zero that the graph made beside stored scalars is no tap, so its piece is dropped."""
        kept = [piece for piece in origin.pieces if self.stored[piece.source].fill != 0.0]
        return Origin(origin.shape, tuple(kept)) if kept else origin

    def _operation(self, call: Call, node: Record, scope: Scope, prefix: str, calls: int | None) -> None:
        reason, operation, row = "", None, ROWS.get(node["op"])
        if row is None or not _standard(node["domain"]):
            domain = "" if _standard(node["domain"]) else f" of {shown(node['domain'], 40)}"
            reason = f"{shown(node['op'], 40)}{domain} has no formula here"
        else:
            try:
                operation = self._cached(row, call)
                reason = operation.opaque
            except Unknown as unknown:
                reason = str(unknown)
        shapes = operation.outputs if operation is not None else ()
        outputs = self._outputs(call, node, scope, prefix, shapes, operation)
        inputs = tuple(value.name for value in call.inputs if value is not None and not value.stored)
        weights = tuple(n for v in call.inputs if v is not None and v.is_weight for n in self._stored_names(v))
        lines: tuple[Line, ...] = ()
        if operation is not None and row is not None and not reason:
            lines = tuple(self._lines(operation, row, call, outputs))
        kind = operation.kind if operation is not None and not reason else "opaque"
        made = Operation(outputs[0] if outputs else node["op"], kind, lines, inputs, outputs, reason)
        self.found.append(Named(made, node["name"], calls, weights))

    def _cached(self, row: Row, call: Call) -> KindCall:
        key = _key(call)
        if key is None:
            return row.build(call)
        if key not in self._calls:
            self._calls[key] = row.build(call)
        return self._calls[key]

    def _outputs(
        self, call: Call, node: Record, scope: Scope, prefix: str, shapes: Sequence[Shape], operation: KindCall | None
    ) -> tuple[str, ...]:
        names = []
        for place, output in enumerate(node["outputs"]):
            if not output:
                continue
            name = prefix + output
            shape = shapes[place] if place < len(shapes) else self.declared_shape(name)
            batch = self._batch_of(call, operation, place, shape)
            dtype = _output_type(call)
            scope[output] = self.activation(name, shape, dtype, batch)
            names.append(name)
        return tuple(names)

    def declared_shape(self, name: str) -> Shape | None:
        declared = self._declared.get(name)
        if declared is None or declared["shape"] is None:
            return None
        sizes = [1 if axis == 0 and not isinstance(size, int) else size for axis, size in enumerate(declared["shape"])]
        return tuple(sizes) if all(isinstance(size, int) and size >= 0 for size in sizes) else None

    def _batch_of(self, call: Call, operation: KindCall | None, place: int, shape: Shape | None) -> int | None:
        if operation is None or shape is None or all(v is None or v.batch is None for v in call.inputs):
            first = call.inputs[0] if call.inputs else None
            same = first is not None and first.batch == 0 and shape is not None and len(shape) > 0
            return 0 if operation is None and same else None
        if operation.reshape is not None:
            return _batch_through_reshape(operation.reshape, call.inputs[0])
        row, wanted = ROWS[call.op], "y" if place == 0 else f"y{place + 1}"
        for line in operation.lines:
            if line.output != wanted:
                continue
            for name, loop in _batch_loops(line, row, call):
                _check_time(line, name, loop)
                for axis, index in enumerate(line.formula.output.indices):
                    if isinstance(index, Affine) and index.loop == loop:
                        return axis
        return None

    # --- lines over stored tensors ----------------------------------------------------------------------------

    def _lines(self, operation: KindCall, row: Row, call: Call, outputs: tuple[str, ...]) -> Iterator[Line]:
        if operation.reshape is not None:
            line = reshape_line(*operation.reshape)
            pattern = self._pattern(OverStored(line.formula, line.shapes, line.tables), ("x",))
            yield Line(pattern, (("x", call.value(0).name),), outputs[0])
            return
        position = row.positions(call)
        for line in operation.lines:
            yield from self._line(line, position, row, call, outputs)
            yield from self._looked_up(line, position, call, outputs)

    def _looked_up(
        self, line: LineOfKind, position: Mapping[str, int], call: Call, outputs: tuple[str, ...]
    ) -> Iterator[Line]:
        """For reach: the ids that choose a row reach what is made of it."""
        for factor in line.formula.factors:
            for index in factor.indices:
                if not isinstance(index, Table) or index.name not in position or line.inner:
                    continue
                value = call.value(position[index.name])
                if value.stored or value.shape is None:
                    continue
                sizes = tuple((str(loop), size) for loop, size in zip(line.formula.output.indices,
                              dict(line.shapes)[line.formula.output.name], strict=True))  # fmt: skip
                formula = Formula(line.formula.output, "+", (Access("x", index.arguments),), sizes)
                shapes = ((line.formula.output.name, dict(line.shapes)[line.formula.output.name]), ("x", value.shape))
                yield Line(Pattern(formula, shapes, "", ("x",)), (("x", value.name),), outputs[0], exact=False)

    def _line(
        self, line: LineOfKind, position: Mapping[str, int], row: Row, call: Call, outputs: tuple[str, ...]
    ) -> Iterator[Line]:
        origins: dict[str, Origin] = {}
        inputs: list[tuple[str, str]] = []
        effective, stored, plain = "", "", True
        for tensor, operand in line.operands:
            at = position.get(operand)
            value = call.inputs[at] if at is not None else None
            if at is None:
                inputs.append((tensor, ""))
            elif value is None:
                return
            elif value.stored and tensor[0] in "wb" and value.origin is not None:
                origins[tensor], effective, stored, plain = value.origin, value.name, operand, value.as_stored
            elif value.stored:
                return
            else:
                inputs.append((tensor, value.name))
        output = line.output
        if not line.inner:
            place = 0 if output == "y" else int(output[1:]) - 1
            names = [out for out in call.outputs]
            if place >= len(names) or not names[place]:
                return
            output = outputs[len([name for name in names[:place] if name])]
        batch = next((loop for _, loop in _batch_loops(line, row, call)), "") or _bias_batch(line, self, output)
        shapes = _of_one_sample(line, batch)
        data = tuple((name, call.value(at).name) for name, at in position.items() if _is_table(line, name))
        for over in self._over_stored(line, batch, shapes, origins):
            source = over.piece.source if over.piece is not None else ""
            pattern = self._pattern(over, tuple(name for name, _ in inputs))
            yield Line(
                pattern, tuple(inputs), output, source, None, effective, line.constants, batch, line.inner, line.of,
                line.depends, line.scale, line.exact, stored, over.piece, over.effective, plain, data,
                self._operand_pattern(over, origins),
            )  # fmt: skip

    def _over_stored(
        self, line: LineOfKind, batch: str, shapes: tuple[tuple[str, Shape], ...], origins: Mapping[str, Origin]
    ) -> tuple[OverStored, ...]:
        """The line over stored tensors; where the weight is read as it is stored, equal lines share the result."""
        plain = all(origin.is_plain for origin in origins.values())
        key = (id(line), batch)
        if plain and key in self._plain:
            return tuple(_renamed(over, origins) for over in self._plain[key][1])
        found = tuple(with_origins(replace(line, shapes=shapes), origins))
        if plain:
            self._plain[key] = (line, found)
        return found

    def _operand_pattern(self, over: OverStored, origins: Mapping[str, Origin]) -> Pattern | None:
        if over.piece is None or origins[over.weight].is_plain:
            return None
        return self._pattern(operand_line(over.piece, over.effective), ())

    def _pattern(self, over: OverStored, names: tuple[str, ...]) -> Pattern:
        key = (id(over.formula), names)
        known = self._patterns.get(key)
        if known is None:
            known = Pattern(over.formula, over.shapes, over.weight, names, over.tables)
            text = (known.text, known.shapes, names, over.weight, tuple((n, t.shape, t.tobytes()) for n, t in over.tables))
            known = self._texts.setdefault(text, known)
            self._patterns[key] = known
            self._kept.append(over)
        return known

    # --- control flow and functions ---------------------------------------------------------------------------

    def _inline(
        self, function: Record, node: Record, operands: Sequence[Value | None], scope: Scope, prefix: str,
        calls: int | None, depth: int,
    ) -> None:  # fmt: skip
        inner: Scope = {}
        for name, value in zip(function["inputs"], operands, strict=False):
            if value is not None:
                inner[name] = value
        attributes = dict(function.get("attribute_defaults", {})) | node["attributes"]
        nodes = [_with_attributes(one, attributes) for one in function["nodes"]]
        own = f"{prefix}{node['name'] or (node['outputs'] or [''])[0]}/"
        version = function.get("opsets", {}).get("", 0)
        self._body({"nodes": nodes}, inner, own, calls, depth + 1, version)
        for outer, name in zip(node["outputs"], function["outputs"], strict=False):
            if outer:
                found = self._operand(name, inner)
                assert found is not None
                scope[outer] = found

    def branch(self, graph: Record, scope: Scope, prefix: str, calls: int | None, depth: int) -> list[Value | None]:
        """The values that a body gives back; it sees the names around it."""
        inner = _Nested(scope)
        self._initializers(graph, inner, prefix)
        self._body(graph, inner, prefix, calls, depth + 1)
        return [inner.get(value["name"]) for value in graph["outputs"]]


class _Nested(dict[str, Value]):
    """A body's names; those it lacks are looked up around it."""

    def __init__(self, outer: Mapping[str, Value]) -> None:
        super().__init__()
        self.outer = outer

    def get(self, key: str, default: Any = None) -> Any:
        return self[key] if key in self else self.outer.get(key, default)


_PLAIN_MOVES = frozenset({"Identity", "Cast", "CastLike", "Dropout", "DequantizeLinear"})


def _where(node: Record) -> str:
    return f"node {shown(node['name'] or (node['outputs'] or ['?'])[0], 60)} ({shown(node['op'], 40)})"


def _standard(domain: str) -> bool:
    return domain in ("", "ai.onnx")


def _built(walk: Walk, call: Call) -> KindCall | None:
    row = ROWS.get(call.op)
    if row is None:
        return None
    try:
        return row.build(call)
    except (Unknown, ModelError, FormulaError):
        if call.op in ("Conv", "Gemm", "MatMul"):
            raise
        return None


def _split_part(call: Call, operation: KindCall, part: int) -> Origin:
    return moved_split(call, operation, part)


def _key(call: Call) -> object:
    small: list[object] = []
    for value in call.inputs:
        if value is None:
            small.append(None)
            continue
        numbers = value.known if value.known is not None else call.read(value) if value.tensor is not None and (
            value.dtype not in FLOATS or prod(value.shape or ()) <= 8
        ) else None
        if numbers is not None and numbers.size > 64:
            return None
        small.append((value.shape, value.stored, value.is_weight, None if numbers is None else numbers.tobytes()))
    return call.op, call.opset, len(call.outputs), repr(sorted(call.attributes.items())), tuple(small)


def _renamed(over: OverStored, origins: Mapping[str, Origin]) -> OverStored:
    return over if over.piece is None else replace(over, piece=origins[over.weight].pieces[0])


def _output_type(call: Call) -> str:
    if call.op == "Cast":
        return dtype_name(call.whole("to", 1))
    if call.op in ("Shape", "ArgMax", "ArgMin", "Size", "NonZero"):
        return "int64"
    first = next((value for value in call.inputs if value is not None), None)
    return first.dtype if first is not None and call.op not in ("Gather", "Where", "DequantizeLinear") else "float32"


def _batch_loops(line: LineOfKind, row: Row, call: Call) -> Iterator[tuple[str, str]]:
    position = row.positions(call)
    operands = dict(line.operands)
    for factor in line.formula.factors:
        at = position.get(operands.get(factor.name, ""))
        yield from _loop_at_batch(factor.name, factor.indices, call.inputs[at] if at is not None else None)
        for index in factor.indices:
            if isinstance(index, Table) and index.name in position:
                yield from _loop_at_batch(index.name, index.arguments, call.inputs[position[index.name]])


def _loop_at_batch(name: str, indices: Sequence[Index], value: Value | None) -> Iterator[tuple[str, str]]:
    if value is None or value.batch is None or value.batch >= len(indices):
        return
    index = indices[value.batch]
    if isinstance(index, Affine) and index.loop is not None:
        yield name, index.loop


def _check_time(line: LineOfKind, name: str, loop: str) -> None:
    """A batch that runs along the steps of a recurrence is no batch."""
    shapes = dict(line.shapes)
    for factor in line.formula.factors:
        for index, size in zip(factor.indices, shapes[factor.name], strict=True):
            if _mentions(index, loop) and name != factor.name and size == _size(line, loop) + 1:
                raise BatchElsewhere


def _is_table(line: LineOfKind, name: str) -> bool:
    indices = [index for access in line.formula.accesses for index in access.indices]
    return any(isinstance(index, Table) and index.name == name for index in indices)


def _mentions(index: Index, loop: str) -> bool:
    return isinstance(index, Affine) and loop in dict(index.terms)


def _size(line: LineOfKind, loop: str) -> int:
    for access in line.formula.accesses:
        for index, size in zip(access.indices, dict(line.shapes)[access.name], strict=True):
            if isinstance(index, Affine) and index.loop == loop:
                return size
    return dict(line.formula.sizes).get(loop, 0)


def _bias_batch(line: LineOfKind, walk: Walk, output: str) -> str:
    """The batch loop of a line without inputs: the one that stands alone in the output's batch axis."""
    if line.inner or any(name[0] not in "wb" for name, _ in line.operands):
        return ""
    batch = walk.tensors[output].batch if output in walk.tensors else None
    if batch is None or batch >= len(line.formula.output.indices):
        return ""
    index = line.formula.output.indices[batch]
    return (index.loop or "") if isinstance(index, Affine) else ""


def _of_one_sample(line: LineOfKind, batch: str) -> tuple[tuple[str, Shape], ...]:
    if not batch:
        return line.shapes
    indices = {access.name: access.indices for access in line.formula.accesses}
    return tuple(
        (
            name,
            tuple(
                1 if isinstance(index, Affine) and index.loop == batch else size
                for index, size in zip(indices[name], shape, strict=True)
            )
            if name in indices
            else shape,
        )
        for name, shape in line.shapes
    )


def _batch_through_reshape(shapes: tuple[Shape, Shape], value: Value | None) -> int | None:
    old, new = shapes
    if value is None or value.batch is None:
        return None
    before = prod(old[: value.batch])
    for axis, size in enumerate(new):
        if prod(new[:axis]) == before and size == old[value.batch]:
            return axis
    return None


def _with_attributes(node: Record, given: Mapping[str, Any]) -> Record:
    attributes = {}
    for name, value in node["attributes"].items():
        if value["type"] == "ref":
            if value["value"] in given:
                attributes[name] = given[value["value"]]
        else:
            attributes[name] = value
    return {**node, "attributes": attributes}
