"""One neuron's arithmetic: every product, every bias, the total, and what the framework says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import fsum
from typing import Any

import numpy as np

from isochrome.core.relation import Place
from isochrome.errors import RequestError
from isochrome.model.parts import Layer, Line, Model
from isochrome.model.places import full_place, main_line, sample_letters, sample_place
from isochrome.model.values import Values

__all__ = ["Explanation", "Term", "explain"]

MOST_TERMS = 1_000_000


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
    _prepare(values, exact, main)
    terms = tuple(term for line in exact if not line.is_bias for term in _terms(model, line, place, values))
    biases = tuple(term for line in exact if line.is_bias for term in _terms(model, line, place, values))
    products = [term.product for term in (*terms, *biases)]
    known = [product for product in products if product is not None]
    sizes = [term.size for term in (*terms, *biases)]
    steps = len(products) + 1 + max((line.prepared.count for line in exact if line.prepared is not None), default=0)
    note = _note(exact, lines, main)
    total = fsum(known) if len(known) == len(products) and not note else None
    output = None if main.inner else values.tensor(main.output)
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


def _prepare(values: Values, lines: list[Line], main: Line) -> None:
    """Have all tensors of the answer from one run."""
    wanted = [tensor for line in lines for _, tensor in line.inputs]
    wanted += [tensor for line in lines for _, tensor in line.data]
    wanted += [line.effective for line in lines if not line.as_stored]
    wanted += [tensor for line in lines for tensor in line.prepared_from]
    values.tensors([*wanted, *([] if main.inner else [main.output])])


def _note(exact: list[Line], lines: list[Line], main: Line) -> str:
    tables = {tensor for line in exact for _, tensor in line.data}
    vague = [line for line in lines if not line.exact and not tables.issuperset(tensor for _, tensor in line.inputs)]
    if vague and not any(line.prepared for line in exact):
        return "the value is no sum of products: the formula says who is connected, not the number"
    special = next((line.of for line in exact if line.of and line.prepared is None), "")
    if special:
        return f"x is the {special}, which is no tensor of the model: weights and places are listed, values not"
    if main.inner:
        return f"this is the sum inside the {main.output.removesuffix('s')}, which the framework does not give"
    if main.formula.reduce == "max":
        return "the largest product is the value"
    return ""


def _terms(model: Model, line: Line, place: Place, values: Values) -> Iterator[Term]:
    relation = values.relation_of(line)
    taps = relation.fix({0: place})
    if taps.total > MOST_TERMS:
        raise RequestError(f"neuron: must have at most {MOST_TERMS:,} connections to be listed; has {taps.total:,}")
    names = [access.name for access in line.formula.accesses]
    at_weight = names.index(line.weight) if line.weight else None
    at_input = line.input_number
    weights = values.weights(line) if line.weight else None
    tensor = dict(line.inputs).get(names[at_input], "") if at_input is not None else ""
    found = values.inputs(line, tensor) if tensor else None
    inputs, sizes = (None, None) if found is None else found
    rest = [(names.index(name), tensor) for name, tensor in line.inputs]
    others = [(at, values.tensor(tensor)) for at, tensor in rest if at != at_input]
    constants = dict(line.constants)
    label = None if line.parameter is None else model.parameters[line.parameter].names[0]
    for tap in taps.listed():
        w = tap[at_weight] if at_weight is not None else None
        x = tap[at_input] if at_input is not None else None
        weight = line.scale if at_weight is None else _at(weights, w)
        number = None if at_input is None else 0.0 if x is None else _at(inputs, x)
        for at, array in others:  # a product of several activations is one input
            number = _product(number, 0.0 if tap[at] is None else _at(array, tap[at]), 1.0)
        factor = 1.0 if at_weight is None else line.scale
        for at, name in enumerate(names):
            if name in constants and tap[at] is not None:
                factor *= float(constants[name][tap[at]])
        product = _product(weight, 1.0 if at_input is None else number, factor)
        size = abs(product or 0.0)
        if line.prepared is not None and weight is not None:
            size = max(size, abs(weight * factor * (_at(sizes, x) or 0.0)))
        where = None if x is None or at_input is None else sample_place(line, line.formula.accesses[at_input], x)
        yield Term(label, line.parameter, w, where, weight, number, product, size)


def _at(array: Any, place: Place | None) -> float | None:
    return None if array is None or place is None else float(array[place])


def _product(weight: float | None, number: float | None, factor: float) -> float | None:
    return None if weight is None or number is None else weight * number * factor
