"""Taps as a view sees them: the axes of a layer's tensors with their roles, single taps, and many taps at once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import prod

import numpy as np
from numpy.typing import NDArray

from isochrome.core.relation import Place
from isochrome.core.sizes import Shape
from isochrome.model.roles import Role

__all__ = ["Axes", "Part", "Rows"]

Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Axes:
    """One tensor of the layer without its batch axis: letters, sizes, and the role of each axis."""

    name: str
    letters: tuple[str, ...]
    shape: Shape
    roles: tuple[Role | None, ...]

    def of(self, *wanted: Role) -> tuple[int, ...]:
        """The axes that have one of some roles."""
        return _axes_of(self.roles, wanted)

    def size(self, *wanted: Role) -> int:
        """The number of places along those axes."""
        return prod(self.shape[axis] for axis in self.of(*wanted))


@lru_cache(maxsize=4096)
def _axes_of(roles: tuple[Role | None, ...], wanted: tuple[Role, ...]) -> tuple[int, ...]:
    return tuple(axis for axis, role in enumerate(roles) if role in wanted)


@dataclass(frozen=True, slots=True)
class Part:
    """One tap as a view sees it. Places have no batch axis.

    ``x`` is None where there is no input or the tap reads padding; ``at`` is where it would read, outside included.
    """

    y: Place
    w: Place | None
    x: Place | None
    at: Place
    parameter: int | None
    weight: float | None
    input: float | None
    product: float | None
    names: tuple[tuple[str, str | None], ...]

    @property
    def padding(self) -> bool:
        """Whether the tap reads outside its input."""
        return self.x is None and bool(self.at)

    def identity(self, level: str) -> str | None:
        """What the tap's weight is at a level of colour; None where it has no such identity."""
        return dict(self.names).get(level)


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Taps as arrays, a row each: thousands of them at the price of one. Places have no batch axis.

    ``channel`` counts input channels in the order of their axes; ``at`` may lie outside, where ``real`` is False.
    ``weight``, ``input`` and ``product`` are None where the run does not give them.
    """

    y: Numbers
    w: Numbers
    at: Numbers
    real: NDArray[np.bool_]
    channel: Numbers
    weight: NDArray[np.float64] | None
    input: NDArray[np.float64] | None
    product: NDArray[np.float64] | None

    def take(self, wanted: Numbers | NDArray[np.bool_]) -> Rows:
        """Some of the rows: by number, or where a mask holds."""
        numbers = (None if one is None else one[wanted] for one in (self.weight, self.input, self.product))
        places = (self.y[wanted], self.w[wanted], self.at[wanted])
        return Rows(*places, self.real[wanted], self.channel[wanted], *numbers)

    def __len__(self) -> int:
        return len(self.w)
