"""From a walked graph to a Model: parameters numbered in the order of their use, layers with their names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from isochrome.load.graph import Graph, Named
from isochrome.load.store import StoredTensor
from isochrome.model.parts import Layer, Line, Model, Operation, Parameter

__all__ = ["NO_BATCH", "PathOf", "assembled"]

NO_BATCH = "no axis of the inputs carries a batch through the whole model: counts are of the whole input"

PathOf = Callable[[Named, Sequence[str]], str]
"""The path of a layer, from its operation and the first name of each stored tensor that it uses."""


def assembled(
    graph: Graph, found: Sequence[Named], name: str, format: str, inputs: tuple[str, ...], outputs: tuple[str, ...],
    notes: Sequence[str], path: PathOf,
) -> tuple[Model, tuple[StoredTensor, ...]]:  # fmt: skip
    """The model that a graph's operations are, and what is known of each of its parameters."""
    numbers: dict[str, int] = {}
    operations: list[Operation] = []
    layers: list[Layer] = []
    taken: dict[str, int] = {}
    for named in found:
        operation = replace(named.operation, lines=tuple(_numbered(line, numbers) for line in named.operation.lines))
        operations.append(operation)
        if any(line.weight for line in operation.lines) or operation.kind == "opaque":
            layers.append(_layer(len(layers), len(operations) - 1, named, operation, graph, path, taken))
    stored = tuple(graph.store.tensors[key] for key in numbers)
    parameters = tuple(
        Parameter(number, tuple(one.names), one.shape, one.dtype, one.span, one.made, one.computed_from)
        for number, one in enumerate(stored)
    )
    model = Model(
        name, format, parameters, graph.tensors, tuple(operations), tuple(layers), inputs, outputs, graph.samples,
        tuple(notes),
    )  # fmt: skip
    return model, stored


def _numbered(line: Line, numbers: dict[str, int]) -> Line:
    if not line.weight:
        return line
    return replace(line, parameter=numbers.setdefault(line.source, len(numbers)))


def _layer(
    number: int, place: int, named: Named, operation: Operation, graph: Graph, path_of: PathOf, taken: dict[str, int]
) -> Layer:
    lines = tuple(line for line in operation.lines if line.weight)
    path = path_of(named, [graph.store.tensors[line.source].names[0] for line in lines]) or operation.name
    taken[path] = taken.get(path, 0) + 1
    name = path if taken[path] == 1 else f"{path}#{taken[path]}"
    given = next((tensor for line in lines for _, tensor in line.inputs if tensor), "")
    first = given or next(iter(operation.inputs), "")
    output = operation.outputs[0] if operation.outputs else ""
    aliases = tuple(dict.fromkeys(alias for alias in (named.node, output) if alias and alias != name))
    into, out = (graph.tensors[tensor].sample if tensor in graph.tensors else None for tensor in (first, output))
    return Layer(
        number, name, aliases, operation.kind, lines, first, output, into, out, place, named.calls, operation.opaque
    )
