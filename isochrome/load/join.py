"""A product and the addition of its bias, where a file holds them as two nodes: one layer, as it was written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from isochrome.load.graph import Named
from isochrome.model.parts import Line, Operation, Tensor

__all__ = ["with_added_biases"]


def with_added_biases(
    found: Sequence[Named], outputs: Sequence[str], tensors: Mapping[str, Tensor]
) -> tuple[Named, ...]:
    """The operations, each addition of a stored tensor joined to the layer before it that has none of its own.

    Joined are an operation whose lines add up to its value, and the next one, if nothing else reads the tensor
    between them and both have one shape.
    """
    readers = Counter(name for named in found for name in named.operation.inputs) + Counter(outputs)
    made: dict[str, int] = {}
    joined: list[Named] = []
    for named in found:
        between = _added_to(named.operation)
        at = made.get(between, -1)
        if at >= 0 and readers[between] == 1 and _can_take(joined[at].operation, named.operation, tensors):
            joined[at] = replace(joined[at], operation=_join(joined[at].operation, named.operation))
            made[named.operation.outputs[0]] = at
            continue
        for output in named.operation.outputs:
            made[output] = len(joined)
        joined.append(named)
    return tuple(joined)


def _added_to(operation: Operation) -> str:
    """The activation to which an operation adds stored tensors and nothing else, '' where it is no such addition."""
    biases = [line for line in operation.lines if line.is_bias]
    rest = [line for line in operation.lines if not line.is_bias]
    plain = len(rest) == 1 and rest[0].exact and rest[0].scale == 1.0 and not rest[0].weight and not rest[0].constants
    return operation.inputs[0] if biases and plain and len(operation.inputs) == 1 else ""


def _can_take(layer: Operation, addition: Operation, tensors: Mapping[str, Tensor]) -> bool:
    own = [line for line in layer.lines if line.weight]
    return (
        bool(own)
        and len(layer.outputs) == 1
        and not any(line.is_bias or line.inner or not line.exact for line in layer.lines)
        and tensors[layer.outputs[0]] == tensors[addition.outputs[0]]
    )


def _join(layer: Operation, addition: Operation) -> Operation:
    output = addition.outputs[0]
    lines: list[Line] = [replace(line, output=output) for line in layer.lines]
    lines += [line for line in addition.lines if line.is_bias]
    return replace(layer, name=output, lines=tuple(lines), outputs=(output,))
