"""A typed line as a model of one layer, with small seeded whole numbers for its tensors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isochrome.core.evaluate import evaluate
from isochrome.core.formula import Access, parse
from isochrome.core.relation import Relation, inputs_of, relation
from isochrome.core.sizes import Shape
from isochrome.errors import FormulaError, RequestError, shown
from isochrome.model.parts import Layer, Line, Model, Operation, Parameter, Pattern, Span, Tensor

__all__ = ["TypedModel", "typed_model"]

Array = NDArray[Any]
EVALUATED = 50_000_000


@dataclass(frozen=True, slots=True, eq=False)
class TypedModel:
    """The model of a typed line; it is its own reader and runner."""

    model: Model
    relation: Relation
    arrays: Mapping[str, Array]

    def read_parameter(self, number: int) -> Array | None:
        """The numbers of the line's weight."""
        return self.arrays.get(self.model.parameters[number].names[0])

    def read_held(self, number: int) -> Array | None:
        """Nothing: a typed line holds no tensors by name."""
        return None

    def read_held_part(self, number: int, at: slice | NDArray[np.int64]) -> Array | None:
        """Nothing, as above."""
        return None

    def fetch(self, tensors: Sequence[str]) -> dict[str, Array]:
        """The line's tensors; the output by evaluating the line."""
        output = self.relation.formula.output.name
        found = {name: self.arrays[name] for name in tensors if name in self.arrays}
        if output in tensors:
            if self.relation.connections > EVALUATED:
                raise RequestError(
                    f"formula: must have at most {EVALUATED:,} connections to be evaluated; "
                    f"has {self.relation.connections:,}"
                )
            found[output] = evaluate(self.relation, self.arrays)
        return found

    def on(self, inputs: Mapping[str, Array]) -> TypedModel:
        """The same line on other arrays."""
        return replace(self, arrays={**self.arrays, **inputs})


def typed_model(
    text: str,
    shapes: Mapping[str, Shape],
    tables: Mapping[str, Array] | None = None,
    seed: int = 0,
    name: str = "formula",
    constants: Mapping[str, Array] | None = None,
    largest: int = 2,
) -> TypedModel:
    """The model of a typed line: one layer called ``name``; all its loops count, it has no batch.

    Factors that begin with w or b are weights, -1 to 1; inputs are whole numbers from 0 to ``largest``. ``constants``
    are neither, but numbers of the line. Raises FormulaError.

    >>> typed_model("y[p] += w[u] * x[p + u]", {"x": (7,), "w": (3,)}).relation.connections
    15
    """
    formula = parse(text)
    unknown = [name for name in shapes if name not in {access.name for access in formula.accesses}]
    if unknown:
        raise FormulaError(f"shape of {shown(unknown[0])}: must name a tensor of the formula; {text} has none")
    fixed = dict(constants or {})
    inputs = inputs_of(formula) - set(fixed)
    weights = tuple(dict.fromkeys(factor.name for factor in formula.factors if factor.name not in {*inputs, *fixed}))
    if len(weights) > 1:
        raise FormulaError(f"formula: one factor at most may be a weight (w..., b...); got {', '.join(weights)}")
    made = relation(formula, {**shapes, **{key: array.shape for key, array in fixed.items()}}, tables, inputs)
    known = {access.name: shape for access, shape in zip(formula.accesses, made.shapes, strict=True)}
    weight = weights[0] if weights else ""
    names = tuple(dict.fromkeys(factor.name for factor in formula.factors if factor.name in inputs))
    pattern = Pattern(formula, tuple(known.items()), weight, names, tuple(made.tables.items()))
    line = Line(pattern, tuple((name, name) for name in names), formula.output.name, weight, 0 if weight else None,
                weight, tuple((key, np.asarray(array, np.float64)) for key, array in fixed.items()),
                operand=weight)  # fmt: skip
    arrays = _arrays(known, formula.factors, seed, largest) | fixed
    return TypedModel(_model(line, known, weight, inputs, name), made, arrays)


def _model(line: Line, known: Mapping[str, Shape], weight: str, inputs: frozenset[str], called: str) -> Model:
    output = line.output
    parameters: tuple[Parameter, ...] = ()
    if weight:
        size = 1
        for one in known[weight]:
            size *= one
        parameters = (Parameter(0, (weight,), known[weight], "float64", Span(weight, 0, 8 * size)),)
    names = tuple(name for name in known if name in inputs)
    operation = Operation(output, "formula", (line,), names, (output,))
    first = names[0] if names else ""
    layer = Layer(0, called, (output,), "formula", (line,), first, output, known.get(first), known[output])
    tensors = {name: Tensor(shape, None, "float64") for name, shape in known.items() if name not in {weight}}
    return Model(str(line.formula), "formula", parameters, tensors, (operation,), (layer,), names, (output,))


def _arrays(known: Mapping[str, Shape], factors: tuple[Access, ...], seed: int, largest: int) -> dict[str, Array]:
    generator = np.random.default_rng(seed)
    found: dict[str, Array] = {}
    for factor in factors:
        if factor.name in found or _large(known[factor.name]):
            continue
        low, high = (-1, 2) if factor.name[0] in "wb" else (0, largest + 1)
        found[factor.name] = generator.integers(low, high, known[factor.name]).astype(np.float64)
    return found


def _large(shape: Shape) -> bool:
    count = 1
    for size in shape:
        count *= size
    return count > EVALUATED
