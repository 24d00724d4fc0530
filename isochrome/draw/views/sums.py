"""What a neuron adds up, so that the lines are true as printed: drawn products, the others, biases, rounding, total."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from math import fsum

import numpy as np

from isochrome.draw.layout import place_text
from isochrome.draw.scene import Scene
from isochrome.draw.views.digits import Digits, digits
from isochrome.draw.views.excerpt import Reader
from isochrome.draw.views.wording import counted

__all__ = ["Line", "Sum", "neuron_sum", "sum_digits", "unknown"]


@dataclass(frozen=True, slots=True)
class Line:
    """One summand that is no product drawn by itself: its name, and its value."""

    name: str
    value: float


@dataclass(frozen=True, slots=True, eq=False)
class Sum:
    """The arithmetic of one neuron. ``framework`` is the model's own value, None where it gives none.

    ``bound`` is n * eps * sum(abs(terms)): how far a sum of floats may lie from the true one.
    """

    products: tuple[float, ...]
    others: tuple[Line, ...]
    total: float
    framework: np.generic | None
    bound: float

    def values(self) -> tuple[float, ...]:
        """Every number of it."""
        return (*self.products, *(line.value for line in self.others), self.total)

    def rest(self, style: Digits) -> Decimal:
        """What the printed total has more than the printed summands: 0 where nothing was rounded."""
        summands = [style.rounded(value) for value in (*self.products, *(line.value for line in self.others))]
        return style.rounded(self.total) - sum(summands, Decimal(0))

    @property
    def difference(self) -> float | None:
        """How far total and framework lie apart."""
        return None if self.framework is None else abs(self.total - float(self.framework))


def unknown(scene: Scene, one: Reader) -> str:
    """Why a neuron's sum cannot be had, '' where it can."""
    if one.rows.product is None:
        return "this run does not give the numbers that the layer multiplies"
    bias = scene.bias_of(one.neuron)
    return "this run does not give the bias" if bias is not None and bias[1] is None else ""


def neuron_sum(scene: Scene, one: Reader) -> Sum:
    """What a neuron adds up: the products of its drawn taps, the sum of the others, the biases, other formulas."""
    assert one.rows.product is not None
    products = tuple(_known(part.product) for part in one.parts)
    others: list[Line] = []
    if one.others:
        mask = one.excerpt.mask(scene, one.rows)
        left = fsum([*one.rows.product, *(-product for product in products)])
        hidden = one.rows.product[~mask]
        left = fsum(hidden) if len(hidden) == one.others else left
        others.append(Line(_left_out(one), left))
    others += _further(scene, one)
    total = fsum([*one.rows.product, *(line.value for line in others[1 if one.others else 0 :])])
    framework = None if scene.y_values is None else scene.y_values[one.neuron]
    eps = np.finfo(framework.dtype if isinstance(framework, np.floating) else np.float32).eps
    size = fsum([*abs(one.rows.product), *(abs(line.value) for line in others[1 if one.others else 0 :])])
    return Sum(products, tuple(others), total, framework, float((len(one.rows) + len(others) + 1) * eps * size))


def _known(value: float | None) -> float:
    assert value is not None
    return value


def _left_out(one: Reader) -> str:
    """What the taps that are not drawn are called: "the other 61 channels"."""
    part = one.excerpt
    if part.drawn == part.each and len(part.channels) < part.reads:
        return f"the other {counted(part.reads - len(part.channels), 'channel')}"
    if len(part.channels) == part.reads == 1:
        return f"the other {counted(one.others, 'tap')}"
    return f"the other {counted(one.others, 'product')}"


def _further(scene: Scene, one: Reader) -> list[Line]:
    """The bias; where the output has several formulas or biases, each as the answer to "explain" has it."""
    lines = scene.model.operations[scene.layer.operation].lines
    beside = [line for line in lines if line.output == scene.line.output and line.exact]
    if len(beside) > 2 or sum(not line.is_bias for line in beside) > 1:
        return _explained(scene, one)
    bias = scene.bias_of(one.neuron)
    if bias is None:
        return []
    name = scene.bias_line.weight if scene.bias_line is not None else "b"
    return [Line(f"bias {name}[{place_text(bias[0])}]", _known(bias[1]))]


def _explained(scene: Scene, one: Reader) -> list[Line]:
    answer = scene.explain(one.neuron)
    found: list[Line] = []
    for number in dict.fromkeys(term.number for term in answer.terms if term.number != scene.line.parameter):
        terms = [term.product for term in answer.terms if term.number == number]
        name = "" if number is None else f" of {scene.model.parameters[number].names[0]}"
        found.append(Line(f"{counted(len(terms), 'product')}{name}", fsum(_known(term) for term in terms)))
    for bias in answer.biases:
        found.append(Line(f"bias {bias.parameter or ''}[{place_text(bias.w or ())}]", _known(bias.product)))
    return found


def sum_digits(sums: list[Sum], characters: int = 9) -> Digits:
    """One way to print all numbers of some sums."""
    values = [sum_.values() for sum_ in sums]
    found = digits(values, characters, 4) or digits(values, 24, 4)
    assert found is not None
    return found
