"""Convolution arithmetic: a table of named cases, each one line of index notation with the shapes that it needs.

``isochrome draw window example:arithmetic/half-padding -o half.svg`` draws one; everything else that a model can be
asked, a case can be asked too. Its numbers are small whole ones from a seed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from isochrome.errors import RequestError, shown

__all__ = ["CASES", "Case", "PREFIX", "find_case"]

PREFIX = "example:arithmetic/"
Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Case:
    """One line, its shapes, and what it shows; ``constants`` are tables that hold one number everywhere.

    Inputs are whole numbers from 0 to ``largest``; the seed is one that gives few zeros among the weights.
    """

    name: str
    about: str
    formula: str
    shapes: tuple[tuple[str, Shape], ...]
    constants: tuple[tuple[str, Shape, float], ...] = ()
    largest: int = 2
    seed: int = 10

    @property
    def command(self) -> str:
        """The command that draws the same line without the name.

        >>> find_case("no-padding").command
        "isochrome draw window formula:'y[p, q] += w[u, v] * x[p + u, q + v]' --shape x=4,4 --shape w=3,3 -o FILE"
        """
        shapes = " ".join(f"--shape {name}={','.join(map(str, shape))}" for name, shape in self.shapes)
        return f"isochrome draw window formula:'{self.formula}' {shapes} -o FILE"


def _case(name: str, about: str, formula: str, **shapes: Shape) -> Case:
    return Case(name, about, formula, tuple(shapes.items()))


def _moved(name: str, about: str, row: str, column: str, x: int, w: int) -> Case:
    """A convolution of a square: how rows and columns of the input follow from p, u and q, v."""
    return _case(name, about, f"y[p, q] += w[u, v] * x[{row}, {column}]", x=(x, x), w=(w, w))


def _stamped(name: str, about: str, row: str, column: str, x: int, w: int, y: int) -> Case:
    """A transposed convolution: how rows and columns of the output follow."""
    return _case(name, about, f"y[{row}, {column}] += w[u, v] * x[p, q]", x=(x, x), w=(w, w), y=(y, y))


_ROWS = (
    _moved("no-padding", "The window stays inside the input.", "p + u", "q + v", 4, 3),
    _moved("arbitrary-padding", "Two cells of padding on every side.", "p + u - 2", "q + v - 2", 5, 4),
    _moved("half-padding", "The output is as large as the input.", "p + u - 1", "q + v - 1", 5, 3),
    _moved("full-padding", "Every overlap counts, also by one cell.", "p + u - 2", "q + v - 2", 5, 3),
    _moved("strides", "The window moves by two.", "2*p + u", "2*q + v", 5, 3),
    _moved("padding-strides", "The window moves by two, over padding.", "2*p + u - 1", "2*q + v - 1", 5, 3),
    _moved("padding-strides-odd", "Padding before alone is read.", "2*p + u - 1", "2*q + v - 1", 6, 3),
    _stamped("no-padding-transposed", "Each input stamps the kernel.", "p + u", "q + v", 2, 3, 4),
    _stamped("arbitrary-padding-transposed", "Two cells are cut off on every side.", "p + u - 2", "q + v - 2", 6, 4, 5),
    _stamped("half-padding-transposed", "The sizes stay.", "p + u - 1", "q + v - 1", 5, 3, 5),
    _stamped("full-padding-transposed", "Every neuron left has nine taps.", "p + u - 2", "q + v - 2", 7, 3, 5),
    _stamped("strides-transposed", "Stamps two apart.", "2*p + u", "2*q + v", 2, 3, 5),
    _stamped("padding-strides-transposed", "Stamps two apart, cut off.", "2*p + u - 1", "2*q + v - 1", 3, 3, 5),
    _stamped("padding-strides-odd-transposed", "One less is cut off after.", "2*p + u - 1", "2*q + v - 1", 3, 3, 6),
    _moved("dilation", "Taps two apart.", "p + 2*u", "q + 2*v", 7, 3),
    _moved("numeric", "The numbers of a small convolution.", "p + u", "q + v", 5, 3),
    _moved("numeric-padding-strides", "The numbers, with padding, two apart.", "2*p + u - 1", "2*q + v - 1", 5, 3),
    Case("average-pooling", "Each neuron is the mean of its window.", "y[p, q] += k[u, v] * x[p + u, q + v]",
         (("x", (5, 5)),), (("k", (3, 3), 1 / 9),), largest=9),
    Case("max-pooling", "Each neuron is the largest of its window.",
         "y[p, q] max= x[p + u, q + v] where u < 3, v < 3", (("x", (5, 5)),), largest=9),
    _case("non-square", "Input, kernel, stride and padding differ by axis.",
          "y[p, q] += w[u, v] * x[p + u, 2*q + v - 1]", x=(4, 7), w=(2, 3)),
    _case("one-dimensional", "A sequence.", "y[p] += w[u] * x[2*p + u - 1]", x=(9,), w=(3,)),
    _case("three-dimensional", "A volume: depth, rows, columns.",
          "y[d, p, q] += w[t, u, v] * x[d + t, p + u, q + v]", x=(4, 4, 4), w=(2, 2, 2)),
    _case("channels", "Two filters read three channels; the products of all are added.",
          "y[m, p, q] += w[m, c, u, v] * x[c, p + u, q + v]", x=(3, 4, 4), w=(2, 3, 2, 2)),
    _case("groups", "Two groups: each filter reads its own half of the channels.",
          "y[2*g + m, p, q] += w[2*g + m, c, u, v] * x[2*g + c, p + u, q + v] where g < 2, m < 2, c < 2",
          x=(4, 4, 4), w=(4, 2, 2, 2)),
    _case("depthwise", "A filter for each channel.", "y[c, p, q] += w[c, u, v] * x[c, p + u - 1, q + v - 1]",
          x=(3, 4, 4), w=(3, 3, 3)),
    _case("asymmetric-padding", "Two rows before, one column after.",
          "y[p, q] += w[u, v] * x[p + u - 2, q + v] where p < 5, q < 4", x=(5, 5), w=(3, 3)),
    _stamped("output-padding", "No input reaches the last row and column.", "2*p + u", "2*q + v", 3, 3, 8),
    _stamped("transposed-dilation", "Stamps with holes.", "2*p + 2*u", "2*q + 2*v", 3, 2, 7),
    _case("transposed-one-dimensional", "Stamps along a sequence.", "y[2*p + u] += w[u] * x[p]",
          x=(4,), w=(3,), y=(9,)),
    _case("circular-padding", "Beyond an edge the other one follows.",
          "y[p, q] += w[u, v] * x[circular(p + u - 1), circular(q + v - 1)] where p < 5, q < 5", x=(5, 5), w=(3, 3)),
    _case("reflect-padding", "Beyond an edge the input is mirrored.",
          "y[p, q] += w[u, v] * x[reflect(p + u - 1), reflect(q + v - 1)] where p < 5, q < 5", x=(5, 5), w=(3, 3)),
    _case("causal", "A step sees itself and what came before.", "y[t] += w[u] * x[t + u - 2] where t < 8",
          x=(8,), w=(3,)),
)  # fmt: skip
CASES: Mapping[str, Case] = MappingProxyType({row.name: row for row in _ROWS})
"""Each case by its name: the nineteen of the usual textbook pictures first, then what they leave out."""


def find_case(name: str) -> Case:
    """The case called ``name``.

    >>> find_case("half-padding").formula
    'y[p, q] += w[u, v] * x[p + u - 1, q + v - 1]'
    """
    if name not in CASES:
        raise RequestError(f"{PREFIX}{shown(name)}: must be one of {', '.join(CASES)}. Choose one.")
    return CASES[name]
