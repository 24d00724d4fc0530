"""Stored tensors of a model, and constants that its graph makes: each is one, by whatever name it is met."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any

from numpy.typing import NDArray

from isochrome.core.sizes import Shape
from isochrome.load.value import FLOATS, Value
from isochrome.model.origin import Origin
from isochrome.model.parts import Span

__all__ = ["SMALL", "Store", "StoredTensor"]

SMALL = 65_536


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
    known: NDArray[Any] | None = None
    parts: tuple[tuple[int, Origin], ...] = ()
    """The held tensors that lie over it, by their numbers, and where in it."""


@dataclass(slots=True, eq=False)
class Store:
    """All of them by their keys; ``read`` gives the numbers of one by its number in the model."""

    read: Callable[[int], NDArray[Any]]
    tensors: dict[str, StoredTensor] = field(default_factory=dict)
    _numbers: dict[int, NDArray[Any]] = field(default_factory=dict)

    def made(self, name: str, shape: Shape, dtype: str, **facts: Any) -> Value:
        """A constant that the graph computes; ``facts`` are those of its StoredTensor."""
        self.tensors[name] = StoredTensor([name], shape, dtype, Span(name, 0, prod(shape) * 4), **facts)
        as_stored = facts.get("fill") is not None or facts.get("known") is not None
        return Value(name, shape, dtype, Origin.of(name, shape), None, facts.get("known"), None, as_stored)

    def known(self, name: str, numbers: NDArray[Any], roots: Sequence[str] = ()) -> Value:
        """A constant whose numbers are known; ``roots`` names the stored tensors that it was computed from."""
        shape, dtype = tuple(numbers.shape), str(numbers.dtype)
        if dtype not in FLOATS:
            return Value(name, shape, dtype, known=numbers)
        return self.made(name, shape, dtype, made=not roots, computed_from=tuple(roots), known=numbers)

    def numbers(self, value: Value) -> NDArray[Any] | None:
        """The numbers of a small constant, read at most once; None of anything else."""
        if value.known is not None:
            return value.known
        if value.tensor is None or prod(value.shape or ()) > SMALL:
            return None
        if value.tensor not in self._numbers:
            self._numbers[value.tensor] = self.read(value.tensor)
        return self._numbers[value.tensor].reshape(value.shape or ())

    def roots(self, value: Value) -> tuple[str, ...]:
        """Names of the stored tensors behind a constant, those of the model where it was computed."""
        if value.origin is None or value.dtype in ("int64", "int32", "bool"):  # sizes and indices are no weights
            return ()
        tensors = [self.tensors[piece.source] for piece in value.origin.pieces]
        return tuple(name for one in tensors if not one.made for name in one.computed_from or one.names[:1])

    def without_made_zeros(self, origin: Origin) -> Origin:
        """A zero that the graph made beside stored scalars is no tap, so its piece is dropped."""
        kept = [piece for piece in origin.pieces if not self._is_zero(self.tensors[piece.source])]
        return Origin(origin.shape, tuple(kept)) if kept else origin

    def _is_zero(self, tensor: StoredTensor) -> bool:
        return tensor.fill == 0.0 or (tensor.made and tensor.known is not None and not tensor.known.any())
