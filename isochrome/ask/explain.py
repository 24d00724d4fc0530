"""One neuron's arithmetic: every product, every bias, the total, and what the framework says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import fsum
from typing import Any

import numpy as np

from isochrome.ask.reading import inner_name, inside_output, reading
from isochrome.core.relation import Place
from isochrome.errors import RequestError
from isochrome.model.parts import Layer, Line, Model
from isochrome.model.places import full_place, main_line, sample_letters
from isochrome.model.values import Values

__all__ = ["Explanation", "Term", "explain"]

MOST_TERMS = 1_000_000
STEPS = "this is a sum inside the operation, followed step by step"


@dataclass(frozen=True, slots=True)
class Term:
    """One product: a weight at its stored place times an input at its place; ``x`` is None on padding.

    ``w`` is None where nothing stored multiplies; ``input`` and ``product`` are None where the run does not give the
    input. ``size`` is what the product's own rounding is relative to.
    """

    parameter: str | None
    number: int | None
    w: Place | None
    x: Place | None
    weight: float | None
    input: float | None
    product: float | None
    size: float = 0.0


@dataclass(frozen=True, slots=True)
class Explanation:
    """One neuron: its terms, biases, total, the framework's value, their difference and the bound it must stay under.

    The bound is n * eps * sum(|terms|): what the order of a float sum of n terms can change.
    """

    layer: str
    neuron: Place
    letters: tuple[str, ...]
    formulas: tuple[str, ...]
    terms: tuple[Term, ...]
    biases: tuple[Term, ...]
    total: float | None
    framework: float | None
    bound: float | None
    input: str
    note: str = ""

    @property
    def bias(self) -> float | None:
        """The sum of the biases; 0 where there is none."""
        found = [term.product for term in self.biases]
        return None if any(one is None for one in found) else fsum(one for one in found if one is not None)

    @property
    def difference(self) -> float | None:
        """How far the total and the framework's value lie apart."""
        if self.total is None or self.framework is None:
            return None
        return abs(self.total - self.framework)

    def to_dict(self) -> dict[str, Any]:
        """The explanation as JSON knows it."""
        return {
            "layer": self.layer,
            "neuron": dict(zip(self.letters, self.neuron, strict=True)),
            "formulas": list(self.formulas),
            "terms": [
                {
                    "parameter": term.parameter,
                    "w": None if term.w is None else list(term.w),
                    "x": None if term.x is None else list(term.x),
                    "weight": term.weight,
                    "input": term.input,
                    "product": term.product,
                }
                for term in self.terms
            ],
            "bias": self.bias,
            "total": self.total,
            "framework": self.framework,
            "difference": self.difference,
            "bound": self.bound,
            "input": self.input,
            "note": self.note or None,
        }


def explain(model: Model, layer: Layer, neuron: Place, values: Values) -> Explanation:
    """One neuron's arithmetic on the values of a run, checked against the run's own value of that neuron."""
    main = main_line(layer)
    access = main.formula.output
    place = full_place(main, access, neuron, f"neuron of {layer.name}")
    lines = [line for line in model.operations[layer.operation].lines if line.output == main.output]
    exact = [line for line in lines if line.exact]
    inside = inner_name(layer, main.output) if main.inner and values.differentiator is not None else ""
    _prepare(values, exact, inside if main.inner else main.output)
    terms = tuple(term for line in exact if not line.is_bias for term in _terms(model, layer, line, place, values))
    biases = tuple(term for line in exact if line.is_bias for term in _terms(model, layer, line, place, values))
    products = [term.product for term in (*terms, *biases)]
    known = [product for product in products if product is not None]
    sizes = [term.size for term in (*terms, *biases)]
    steps = len(products) + 1 + max((line.prepared.count for line in exact if line.prepared is not None), default=0)
    output = inside_output(layer, main, values) if main.inner else values.tensor(main.output)
    note = _note(exact, lines, main, main.inner and output is not None)
    if output is None and values.differentiator is not None and not note:
        note = f"this stays inside an operation: {values.framework} does not give its numbers"
    total = fsum(known) if len(known) == len(products) and note in ("", STEPS) else None
    framework = None if output is None or not values.framework else float(output[place])
    kind = np.dtype(np.float32) if output is None or output.dtype.kind != "f" else output.dtype
    eps = float(np.finfo(kind).eps)
    bound = None if total is None else steps * eps * fsum(sizes)
    return Explanation(
        layer.name,
        tuple(neuron),
        sample_letters(main, access),
        tuple(str(line.formula) for line in exact),
        terms,
        biases,
        total,
        framework,
        bound,
        values.what,
        note,
    )


def _prepare(values: Values, lines: list[Line], output: str) -> None:
    """Have all tensors of the answer from one run."""
    wanted = [tensor for line in lines for _, tensor in line.inputs]
    wanted += [tensor for line in lines for _, tensor in line.data]
    wanted += [line.effective for line in lines if not line.as_stored]
    wanted += [tensor for line in lines for tensor in line.prepared_from]
    values.tensors([*wanted, output])


def _note(exact: list[Line], lines: list[Line], main: Line, followed: bool) -> str:
    tables = {tensor for line in exact for _, tensor in line.data}
    vague = [line for line in lines if not line.exact and not tables.issuperset(tensor for _, tensor in line.inputs)]
    if vague and not any(line.prepared for line in exact):
        return "the value is no sum of products: the formula says who is connected, not the number"
    if followed:
        return STEPS
    special = next((line.of for line in exact if line.of and line.prepared is None), "")
    if special:
        return f"x is the {special}, which is no tensor of the model: weights and places are listed, values not"
    if main.inner:
        return f"this is the sum inside the {main.output.removesuffix('s')}, which the framework does not give"
    if main.formula.reduce == "max":
        return "the largest product is the value"
    return ""


def _terms(model: Model, layer: Layer, line: Line, place: Place, values: Values) -> Iterator[Term]:
    relation = values.relation_of(line)
    taps = relation.fix({0: place})
    if taps.total > MOST_TERMS:
        raise RequestError(f"neuron: must have at most {MOST_TERMS:,} connections to be listed; has {taps.total:,}")
    found = reading(layer, line, values)
    label = None if line.parameter is None else model.parameters[line.parameter].names[0]
    for tap in taps.listed():
        weight, number, factor = found.weight(tap), found.input(tap), found.factor(tap)
        product = None if weight is None or number is None else weight * number * factor
        size = abs(product or 0.0)
        if line.prepared is not None and weight is not None:
            size = max(size, abs(weight * factor * found.size(tap)))
        w = None if found.at_weight is None else tap[found.at_weight]
        given = None if found.at_input is None else number
        yield Term(label, line.parameter, w, found.where(tap), weight, given, product, size)
