"""A gallery of layers as formulas, each with sizes small enough to see: the playground begins with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

__all__ = ["FORMULAS", "TypedExample"]

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class TypedExample:
    """One formula of the gallery, with the shape of every tensor that it names."""

    name: str
    line: str
    shapes: tuple[tuple[str, Shape], ...]


def _row(name: str, line: str, **shapes: Shape) -> TypedExample:
    return TypedExample(name, line, tuple(shapes.items()))


_ROWS = (
    _row("convolution", "y[m, p, q] += w[m, c, u, v] * x[c, p + u - 1, q + v - 1]",
         y=(3, 6, 6), w=(3, 2, 3, 3), x=(2, 6, 6)),
    _row("strided", "y[m, p, q] += w[m, c, u, v] * x[c, 2*p + u - 1, 2*q + v - 1]",
         y=(3, 3, 3), w=(3, 2, 3, 3), x=(2, 6, 6)),
    _row("dilated", "y[m, p, q] += w[m, c, u, v] * x[c, p + 2*u - 2, q + 2*v - 2]",
         y=(3, 6, 6), w=(3, 2, 3, 3), x=(2, 6, 6)),
    _row("grouped", "y[2*g + m, p, q] += w[2*g + m, c, u, v] * x[2*g + c, p + u - 1, q + v - 1] where g < 2, m < 2",
         y=(4, 6, 6), w=(4, 2, 3, 3), x=(4, 6, 6)),
    _row("depthwise", "y[c, p, q] += w[c, u, v] * x[c, p + u - 1, q + v - 1]",
         y=(3, 6, 6), w=(3, 3, 3), x=(3, 6, 6)),
    _row("transposed", "y[m, 2*p + u, 2*q + v] += w[c, m, u, v] * x[c, p, q]",
         y=(3, 7, 7), w=(2, 3, 3, 3), x=(2, 3, 3)),
    _row("1x1", "y[m, p, q] += w[m, c] * x[c, p, q]", y=(3, 6, 6), w=(3, 2), x=(2, 6, 6)),
    _row("locally connected", "y[m, p, q] += w[m, p, q, c, u, v] * x[c, p + u, q + v]",
         y=(3, 4, 4), w=(3, 4, 4, 2, 3, 3), x=(2, 6, 6)),
    _row("one filter for all", "y[m, p, q] += w[c, u, v] * x[c, p + u - 1, q + v - 1] where m < 3",
         y=(3, 6, 6), w=(2, 3, 3), x=(2, 6, 6)),
    _row("linear", "y[o] += w[o, i] * x[i]", y=(4,), w=(4, 6), x=(6,)),
    _row("recurrent", "y[t, r] += w[r, j] * h[t, j]", y=(5, 4), w=(4, 4), h=(5, 4)),
)  # fmt: skip

FORMULAS: Mapping[str, TypedExample] = MappingProxyType({row.name: row for row in _ROWS})
"""Each formula by its name, the plain convolution first: the others are told as what they change in it."""
