"""What a walk over a model's calls knows of one tensor, whatever format the model came in."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

from numpy.typing import NDArray

from isochrome.core.sizes import Shape
from isochrome.model.origin import Origin

__all__ = ["FLOATS", "Carried", "Unknown", "Value"]

FLOATS = frozenset({"float32", "float64", "float16", "bfloat16"})


class Unknown(Exception):
    """A row cannot say what the call does; ``str()`` is the reason. The call becomes opaque."""


@dataclass(frozen=True, slots=True)
class Carried:
    """Where a tensor carries the batch: its axis, and how many rows of that axis each sample has.

    ``lead``: of the digits of a row, so many values come before the sample's number: in an axis that merges time and
    batch, rows of different samples alternate.
    """

    axis: int
    rows: int = 1
    lead: int = 1


@dataclass(frozen=True, slots=True, eq=False)
class Value:
    """What the walk knows of one tensor of the graph.

    ``origin`` says where its elements are stored, if it is no activation; ``tensor`` is the number of a stored tensor
    whose bytes can be read; ``known`` holds numbers that were computed. ``as_stored`` is False where its numbers are
    not the stored ones (a dequantised weight). ``batch`` says where it carries the batch. ``kept`` is True where the
    model holds it by a name: then one number is a weight too.
    """

    name: str
    shape: Shape | None
    dtype: str = "float32"
    origin: Origin | None = None
    tensor: int | None = None
    known: NDArray[Any] | None = None
    batch: Carried | None = None
    as_stored: bool = True
    kept: bool = False

    @property
    def stored(self) -> bool:
        """Whether it is a weight or a constant, and no activation."""
        return self.origin is not None or self.tensor is not None or self.known is not None

    def same_along(self, axis: int) -> bool:
        """Whether a stored tensor is known to repeat itself along an axis, as one does that was expanded."""
        if self.origin is not None and self.origin.pieces:
            numbers = [i for p in self.origin.pieces for i in (*p.indices, *(within.value for within in p.within))]
            if not any(axis in number.axes for number in numbers):
                return True
        if self.known is None or not self.known.ndim:
            return False
        return not self.known.strides[axis] or bool((self.known == self.known.take([0], axis)).all())

    @property
    def is_weight(self) -> bool:
        """A float constant of more than one element, or one that is held: a parameter where it meets an activation."""
        return self.origin is not None and self.dtype in FLOATS and (self.kept or prod(self.shape or ()) > 1)
