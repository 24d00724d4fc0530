"""Small steps of a call that is more than one of our kinds: a shape, a slice, a reshape, a join."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from isochrome.core.sizes import Shape
from isochrome.load.aten_walk import Node, Walk
from isochrome.load.aten_weighted import kind
from isochrome.load.value import Unknown, Value

__all__ = ["inner_name", "joined", "reshaped", "shape_of", "sliced", "step"]


def shape_of(value: Value) -> Shape:
    """The shape of an operand that must be known."""
    if value.shape is None:
        raise Unknown("the shape of an operand is not known")
    return value.shape


def inner_name(node: Node, label: str) -> str:
    """A name for a tensor that stands inside a call."""
    return f"{next(name for name in node.made.outputs if name)}/{label}"


def step(walk: Walk, node: Node, name: str, operands: Mapping[str, Value], output: str, **arguments: Any) -> Value:
    """One operation of one of our kinds, with one output."""
    return walk.emit(node, kind(name, **arguments), operands, (output,))[0]


def reshaped(walk: Walk, node: Node, x: Value, shape: Sequence[int], output: str) -> Value:
    """A tensor under another shape."""
    return step(walk, node, "reshape", {"x": x}, output, x=shape_of(x), shape=shape, allow_zero=True)


def sliced(walk: Walk, node: Node, x: Value, axis: int, start: int, stop: int, output: str) -> Value:
    """Places ``start`` to ``stop`` along an axis."""
    if (start, stop) == (0, shape_of(x)[axis]):
        return x
    return step(walk, node, "slice", {"x": x}, output, x=shape_of(x), starts=(start,), ends=(stop,), axes=(axis,))


def joined(walk: Walk, node: Node, parts: Sequence[Value], axis: int, output: str) -> None:
    """Tensors one after another along an axis."""
    operands = {f"x{at + 1}" if at else "x": part for at, part in enumerate(parts)}
    step(walk, node, "concat", operands, output, xs=[shape_of(part) for part in parts], axis=axis)
