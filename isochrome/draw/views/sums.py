"""What a neuron adds up, so that the lines are true as printed: drawn products, the others, biases, rounding, total."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import zip_longest
from math import fsum
from typing import Any

import numpy as np

from isochrome.ask.explain import Term
from isochrome.draw.layout import place_text
from isochrome.draw.scene import Scene
from isochrome.draw.views.digits import Digits, digits
from isochrome.draw.views.excerpt import Reader
from isochrome.draw.views.wording import counted

__all__ = ["OTHERS", "Line", "Sum", "neuron_sum", "rows_of_lines", "sum_digits"]


OTHERS = "the other products"


@dataclass(frozen=True, slots=True)
class Line:
    """One summand that is no product drawn by itself: its name, and its value, None where the run does not give it."""

    name: str
    value: float | None


@dataclass(frozen=True, slots=True, eq=False)
class Sum:
    """The arithmetic of one neuron: drawn products, the sum of the others (``hidden``), biases and other formulas.

    ``total`` is None where a summand is not known.

    ``framework`` is the model's own value, None where it gives none; ``bound`` is n * eps * sum(abs(terms)): how far
    a sum of floats may lie from the true one.
    """

    products: tuple[float, ...]
    hidden: Line | None
    further: tuple[Line, ...]
    total: float | None
    framework: np.floating[Any] | float | None
    bound: float

    def values(self) -> tuple[float, ...]:
        """Every number of it that is known."""
        return _known((*self._summands(), self.total))

    def _summands(self) -> tuple[float, ...]:
        return _known((*self.products, *(line.value for line in self.lines)))

    @property
    def lines(self) -> tuple[Line, ...]:
        """Every summand that is no drawn product."""
        return self.further if self.hidden is None else (self.hidden, *self.further)

    def rest(self, style: Digits) -> Decimal:
        """What the printed total has more than the printed summands: 0 where nothing was rounded."""
        if self.total is None:
            return Decimal(0)
        return style.rounded(self.total) - sum(map(style.rounded, self._summands()), Decimal(0))

    @property
    def difference(self) -> float | None:
        """How far total and framework lie apart."""
        return None if self.framework is None or self.total is None else abs(self.total - float(self.framework))


def rows_of_lines(sums: Sequence[Sum]) -> list[tuple[Line | None, ...]]:
    """The further summands of some sums side by side, a row for each kind; None where a sum has none of it."""
    hidden = [tuple(one.hidden for one in sums)] if any(one.hidden for one in sums) else []
    return [*hidden, *zip_longest(*(one.further for one in sums))]


def _known(values: Iterable[float | None]) -> tuple[float, ...]:
    return tuple(value for value in values if value is not None)


def neuron_sum(scene: Scene, one: Reader) -> Sum | None:
    """What a neuron adds up: its drawn products, the sum of the others, biases, other formulas.

    None where the run gives no finite products.
    """
    if one.rows.product is None or not np.isfinite(one.rows.product).all():
        return None
    products = _known(part.product for part in one.parts)
    rest = fsum([*one.rows.product, *(-product for product in products)])
    whole = one.excerpt.whole and not one.others
    hidden = None if whole else Line(_left_out(one), rest if one.others else 0.0)
    further = _further(scene, one)
    terms = [*one.rows.product.tolist(), *(line.value for line in further)]
    known = _known(terms)
    said = None if scene.y_values is None else scene.y_values[one.neuron]
    framework = said if said is None or isinstance(said, np.floating) else float(said)
    eps = np.finfo(said.dtype if isinstance(said, np.floating) else np.float32).eps
    bound = (len(terms) + 1) * float(eps) * fsum(map(abs, known))
    total = fsum(known) if len(known) == len(terms) else None
    return Sum(products, hidden, tuple(further), total, framework, bound)


def _left_out(one: Reader) -> str:
    """What the taps that are not drawn are called: "the other 61 channels"."""
    part = one.excerpt
    if part.drawn == part.each and len(part.channels) < part.reads:
        left = part.reads - len(part.channels)
        return f"the other {counted(left, 'channel') if left > 1 else 'channel'}"
    return f"the other {counted(one.others, 'product')}" if one.others else OTHERS


def _further(scene: Scene, one: Reader) -> list[Line]:
    """The bias; where the output has several formulas or biases, each as the answer to "explain" has it."""
    lines = scene.model.operations[scene.layer.operation].lines
    beside = [line for line in lines if line.output == scene.line.output and line.exact]
    if len(beside) > 2 or sum(not line.is_bias for line in beside) > 1:
        return _explained(scene, one)
    bias = scene.bias_of(one.neuron)
    name = scene.bias_line.weight if scene.bias_line is not None else "b"
    return [] if bias is None else [Line(f"bias {name}[{place_text(bias[0])}]", bias[1])]


def _explained(scene: Scene, one: Reader) -> list[Line]:
    answer = scene.explain(one.neuron)
    found: list[Line] = []
    for number in dict.fromkeys(term.number for term in answer.terms if term.number != scene.line.parameter):
        terms = [term for term in answer.terms if term.number == number]
        name = "" if number is None else f" of {scene.model.parameters[number].names[0]}"
        found.append(Line(f"{counted(len(terms), 'product')}{name}", _added(terms)))
    for bias in answer.biases:
        found.append(Line(f"bias {bias.parameter or ''}[{place_text(bias.w or ())}]", bias.product))
    return found


def _added(terms: Sequence[Term]) -> float | None:
    values = _known(term.product for term in terms)
    return fsum(values) if len(values) == len(terms) else None


def sum_digits(sums: Sequence[Sum], characters: int = 9) -> Digits:
    """One way to print all numbers of some sums."""
    values = [one.values() for one in sums]
    found = digits(values, characters, 4) or digits(values, 24, 4)
    assert found is not None
    return found
