"""The sharing table of a model: for each layer what is shared along what, and every count with its unit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import prod
from typing import Any

from isochrome.ask.counts import UseCounts, connections_of, distinct_scalars, uses_of
from isochrome.ask.meeting import Meetings
from isochrome.core.sizes import Shape
from isochrome.model.held import distinct
from isochrome.model.parts import Layer, Line, Model, Parameter, Span

__all__ = ["Counts", "LayerReport", "Report", "Totals", "UseCounts", "layer_report", "report"]

DEPENDS = "depends on data"
MOST_TIED = 100


@dataclass(frozen=True, slots=True)
class Counts:
    """Counts of one sample. ``weights`` are distinct stored scalars, biases apart."""

    neurons: int
    connections: int
    real_connections: int
    weights: int
    biases: int


@dataclass(frozen=True, slots=True)
class LayerReport:
    """One row of the report; the fields of the JSON, in its order.

    ``repeats`` is an earlier layer with the very same weights; ``computed_from`` names what its weights are made of.
    """

    name: str
    kind: str
    formulas: tuple[str, ...]
    shared_along: tuple[tuple[str, int], ...]
    distinct_along: tuple[tuple[str, int], ...]
    summed_along: tuple[tuple[str, int], ...]
    constant_along: tuple[str, ...]
    input_shape: Shape | None
    output_shape: Shape | None
    parameters: tuple[tuple[tuple[str, ...], Shape, str], ...]
    counts: Counts
    uses_per_weight: UseCounts
    dead_weights: int | None
    tied_with: tuple[str, ...]
    calls: int | None
    depends: str
    opaque: str | None
    computed_from: tuple[str, ...] = ()
    repeats: str = ""

    def to_dict(self) -> dict[str, Any]:
        """The row as JSON knows it."""
        return {
            "name": self.name,
            "kind": self.kind,
            "formulas": list(self.formulas),
            "shared_along": dict(self.shared_along),
            "distinct_along": dict(self.distinct_along),
            "summed_along": dict(self.summed_along),
            "constant_along": list(self.constant_along),
            "input_shape": None if self.input_shape is None else list(self.input_shape),
            "output_shape": None if self.output_shape is None else list(self.output_shape),
            "parameters": [
                {"names": list(names), "shape": list(shape), "storage": storage}
                for names, shape, storage in self.parameters
            ],
            **_counts_dict(self.counts),
            "uses_per_weight": {
                "taps": self.uses_per_weight.taps,
                "min": self.uses_per_weight.min,
                "max": self.uses_per_weight.max,
            },
            "dead_weights": self.dead_weights,
            "tied_with": list(self.tied_with),
            "calls": self.calls,
            "depends": self.depends or None,
            "opaque": self.opaque,
            "computed_from": list(self.computed_from),
            "repeats": self.repeats or None,
        }


@dataclass(frozen=True, slots=True)
class Totals:
    """Counts over layers: weights and biases once for each stored scalar, connections once for each use."""

    counts: Counts
    parameters_by_storage: int
    parameters_by_name: int
    bytes_stored: int
    bytes_distinct: int

    def to_dict(self) -> dict[str, Any]:
        """The totals as JSON knows them."""
        return {
            **_counts_dict(self.counts),
            "parameters_by_storage": self.parameters_by_storage,
            "parameters_by_name": self.parameters_by_name,
            "bytes_stored": self.bytes_stored,
            "bytes_distinct": self.bytes_distinct,
        }


@dataclass(frozen=True, slots=True)
class Report:
    """The sharing table of a model."""

    model: str
    layers: tuple[LayerReport, ...]
    totals_by_kind: tuple[tuple[str, Totals], ...]
    totals: Totals
    notes: tuple[str, ...] = field(default=())

    def to_dict(self) -> dict[str, Any]:
        """The report as JSON knows it."""
        return {
            "model": self.model,
            "layers": [layer.to_dict() for layer in self.layers],
            "totals_by_kind": {kind: totals.to_dict() for kind, totals in self.totals_by_kind},
            "totals": self.totals.to_dict(),
            "notes": list(self.notes),
        }


def _counts_dict(counts: Counts) -> dict[str, int]:
    return {
        "neurons": counts.neurons,
        "connections": counts.connections,
        "real_connections": counts.real_connections,
        "weights": counts.weights,
        "biases": counts.biases,
    }


def report(model: Model) -> Report:
    """The sharing table of a model, from relations alone: no weight is read, no connection is listed."""
    users, meetings = _users(model), Meetings(model)
    rows = tuple(layer_report(model, layer, users, meetings) for layer in model.layers)
    kinds = dict.fromkeys(layer.kind for layer in model.layers)
    by_kind = tuple(
        (kind, _totals(model, [(la, row) for la, row in zip(model.layers, rows, strict=True) if la.kind == kind]))
        for kind in kinds
    )
    totals = _held_totals(model, _totals(model, list(zip(model.layers, rows, strict=True))))
    crowds = tuple(
        f"{model.parameters[number].names[0]} is used by {len(layers):,} layers: tied_with lists {MOST_TIED} of them"
        for number, layers in users.items()
        if len(layers) > MOST_TIED + 1
    )
    return Report(model.name, rows, by_kind, totals, model.notes + crowds)


def layer_report(
    model: Model, layer: Layer, users: Users | None = None, meetings: Meetings | None = None
) -> LayerReport:
    """One layer's row."""
    used = _users(model) if users is None else users
    met = Meetings(model) if meetings is None else meetings
    main = layer.weight_lines or layer.bias_lines
    shared, distinct, summed = _along(main)
    numbers = dict.fromkeys(line.parameter for line in layer.lines if line.parameter is not None)
    parameters = [model.parameters[number] for number in numbers]
    uses, dead = uses_of(model.parameters, main)
    others = [one for number in numbers for one in used.get(number, ())[: MOST_TIED + 1] if one is not layer]
    tied = tuple(dict.fromkeys(one.name for one in others if met.meet(layer, one)))[:MOST_TIED]
    made = (name for p in parameters for name in p.computed_from)
    depends = next((line.depends for line in layer.lines if line.depends), "")
    return LayerReport(
        layer.name,
        layer.kind,
        tuple(line.pattern.text for line in layer.lines),
        shared,
        distinct,
        summed,
        tuple(text for line in main if not line.depends for text in line.pattern.constant_along),
        layer.input_shape,
        layer.output_shape,
        tuple((p.names, p.shape, _place(p)) for p in parameters),
        _layer_counts(model, layer),
        uses,
        dead,
        tied,
        layer.calls,
        depends,
        layer.opaque or None,
        tuple(dict.fromkeys(made)),
        met.earlier(layer),
    )


def _place(parameter: Parameter) -> str:
    """Where a parameter is stored: its own storage by name, a part of a larger one with the offset in bytes."""
    span = parameter.span
    return span.storage if span.storage in parameter.names else f"{span.storage}@{span.start}"


Users = dict[int, tuple[Layer, ...]]


def _users(model: Model) -> Users:
    found: dict[int, dict[int, Layer]] = {}
    for layer in model.layers:
        for line in layer.lines:
            if line.parameter is not None:
                found.setdefault(line.parameter, {})[layer.number] = layer
    return {number: tuple(layers.values()) for number, layers in found.items()}


Sized = tuple[tuple[str, int], ...]


def _along(lines: tuple[Line, ...]) -> tuple[Sized, Sized, Sized]:
    sorts: list[dict[str, int]] = [{}, {}, {}]
    for line in lines:
        found, sizes = line.pattern.along, _sizes(line)
        for sort, loops in zip(sorts, (found.shared, found.distinct, found.summed), strict=True):
            for loop in loops:
                sort.setdefault(loop, sizes.get(loop, 1))
    shared, distinct, summed = (tuple(sort.items()) for sort in sorts)
    return shared, distinct, summed


def _sizes(line: Line) -> Mapping[str, int]:
    if not line.depends:
        return line.relation.sizes
    shape = line.shape(line.formula.output.name)
    loops = [str(index) for index in line.formula.output.indices]
    return dict(zip(loops, shape, strict=True))


def _layer_counts(model: Model, layer: Layer) -> Counts:
    neurons = prod(layer.output_shape) if layer.output_shape is not None else 0
    pairs = [connections_of(line) for line in layer.weight_lines]
    made = model.parameters
    return Counts(
        neurons,
        sum(pair[0] for pair in pairs),
        sum(pair[1] for pair in pairs),
        distinct_scalars(made, layer.weight_lines),
        distinct_scalars(made, layer.bias_lines),
    )


def _totals(model: Model, pairs: list[tuple[Layer, LayerReport]]) -> Totals:
    calls = [1 if layer.calls is None else layer.calls for layer, _ in pairs]
    rows = [row for _, row in pairs]
    lines = [layer for layer, _ in pairs]
    numbers = dict.fromkeys(
        line.parameter for layer in lines for line in layer.lines if line.parameter is not None
    )
    parameters = [model.parameters[number] for number in numbers]
    counts = Counts(
        sum(row.counts.neurons * times for row, times in zip(rows, calls, strict=True)),
        sum(row.counts.connections * times for row, times in zip(rows, calls, strict=True)),
        sum(row.counts.real_connections * times for row, times in zip(rows, calls, strict=True)),
        distinct_scalars(model.parameters, (line for layer in lines for line in layer.weight_lines)),
        distinct_scalars(model.parameters, (line for layer in lines for line in layer.bias_lines)),
    )
    spans = [parameter.span for parameter in parameters]
    return Totals(
        counts,
        sum(parameter.count for parameter in parameters),
        sum(parameter.count * len(parameter.names) for parameter in parameters),
        sum((span.stop - span.start) * len(p.names) for span, p in zip(spans, parameters, strict=True)),
        _bytes(spans),
    )


def _held_totals(model: Model, totals: Totals) -> Totals:
    """The totals of a model that says itself what its parameters are: all of them count, used by a layer or not.

    Bytes are those of all that it holds, buffers too.
    """
    if not model.modules:
        return totals
    registered = [row for row in model.held if row.role == "parameter"]
    return replace(
        totals,
        parameters_by_storage=distinct(registered)[0],
        parameters_by_name=sum(row.count for row in registered),
        bytes_stored=sum(row.count * row.item for row in model.held),
        bytes_distinct=distinct(model.held)[1],
    )


def _bytes(spans: list[Span]) -> int:
    """Bytes of the union of some spans."""
    total, end, storage = 0, -1, ""
    for span in sorted(spans, key=lambda span: (span.storage, span.start, span.stop)):
        if span.storage != storage:
            storage, end = span.storage, -1
        total += max(span.stop - max(span.start, end), 0)
        end = max(end, span.stop)
    return total
