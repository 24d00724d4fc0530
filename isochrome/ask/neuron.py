"""Which neuron is f(wx + b): one neuron's ledger, and the function that follows, told by its values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import erf
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isochrome.ask.answer import Answer, Check, Sight
from isochrome.ask.explain import Term
from isochrome.ask.subject import Subject
from isochrome.ask.words import cells, counted, equals, number
from isochrome.errors import RequestError, shown
from isochrome.model.parts import Operation

__all__ = ["neuron", "neuron_unfit"]

Array = NDArray[np.float64]
_FEW = 3
_FUNCTIONS: Mapping[str, Callable[[Array], Array]] = {
    "the identity": lambda z: z,
    "ReLU, max(0, z)": lambda z: np.maximum(z, 0),
    "tanh": np.tanh,
    "the logistic function, 1/(1 + exp(−z))": lambda z: 1 / (1 + np.exp(-z)),
    "SiLU, z/(1 + exp(−z))": lambda z: z / (1 + np.exp(-z)),
    "GELU": lambda z: z * (1 + np.vectorize(erf)(z / np.sqrt(2))) / 2,
    "softplus, log(1 + exp(z))": lambda z: np.logaddexp(0, z),
    "exp": np.exp,
    "ReLU6, min(max(0, z), 6)": lambda z: np.clip(z, 0, 6),
}
"""Functions of one number that a layer's sum may go through, told by their values."""


def neuron_unfit(subject: Subject) -> str:
    """There must be a neuron with connections."""
    if not subject.reads_input:
        return "no weight multiplies an input in it"
    try:
        many = subject.taps_of(subject.centre).total
    except RequestError as fault:
        return str(fault)
    return "" if many <= 1_000_000 else f"a neuron has {many:,} connections, too many to be listed"


def neuron(subject: Subject) -> Answer:
    """One neuron's w, x, b and sum; and the operation that its value goes through next."""
    place = subject.centre
    found = subject.explain(place)
    name = subject.neuron(place)
    weights = len({(term.number, term.w) for term in found.terms})
    padded = sum(term.x is None and term.input == 0.0 for term in found.terms)
    after = _after(subject)
    numbers: dict[str, Any] = {
        "neuron": list(place), "terms": len(found.terms), "weights": weights, "on_padding": padded, "bias": found.bias,
        "total": found.total, "framework": found.framework, "activation": after[0],
    }  # fmt: skip
    axes = [(letter, at) for letter, at in zip(found.letters, place, strict=True) if not letter.startswith("axis")]
    where = ", ".join(f"{letter} {at}" for letter, at in axes)
    text = (
        f"One number of the output, {name} ({where}), is one neuron. Its w: {counted(weights, 'stored weight')}; its "
        f"x: the {counted(len(found.terms), 'input')} that they "
        f"meet{f' ({padded} of them padding)' if padded else ''}; its b: {_bias(found.biases)}. "
    )
    if found.total is not None:
        largest = sorted(found.terms, key=lambda term: -abs(term.product or 0.0))[:_FEW]
        some = " + ".join(_product(term) for term in largest)
        more = f" + {len(found.terms) - _FEW:,} more" if len(found.terms) > _FEW else ""
        text += f"wx + b = {some}{more} + b {equals(found.total)}. "
    elif found.note:
        text += f"({found.note}.) "
    text += f"{after[1]}."
    measured = {
        "total": found.total,
        "framework": found.framework,
        "difference": found.difference,
        "bound": found.bound,
        **after[2],
    }
    holds = None if found.difference is None or found.bound is None else found.difference <= found.bound
    what = "the sum of the products and the bias, against the framework's value of this neuron"
    return Answer(text, numbers, Check(what, measured, holds), Sight(("arithmetic", "connections"), "weight", (place,)))


def _bias(biases: tuple[Term, ...]) -> str:
    if not biases:
        return "none"
    values = ["" if term.product is None else f" {equals(term.product)}" for term in biases]
    return " and ".join(f"b[{cells(term.w or ())}]{value}" for term, value in zip(biases, values, strict=True))


def _product(term: Term) -> str:
    weight, read = (("?" if value is None else number(value, 3)) for value in (term.weight, term.input))
    return f"({weight} × {read})"


def _after(subject: Subject) -> tuple[str | None, str, dict[str, Any]]:
    """The function that follows: its name, words, and how far its values lie from the framework's."""
    if subject.line.inner:
        return None, "f is inside the layer: gates, each with a function of its own, combine such sums", {}
    following = [one for one in subject.model.operations if subject.line.output in one.inputs]
    alone = [one for one in following if _one_to_one(one, subject.line.output)]
    if not alone:
        what = joined_kinds(following)
        return None, f"No f follows: the sum is handed on as it is{what}", {}
    before, after = subject.values.tensors((subject.line.output, alone[0].outputs[0]))
    if before is None or after is None or before.shape != after.shape:
        return None, f"f is an {shown(alone[0].kind, 40)} operation, {shown(alone[0].name, 40)}", {}
    z = before.astype(np.float64).reshape(-1)[:20_000]
    wanted = after.astype(np.float64).reshape(-1)[:20_000]
    with np.errstate(over="ignore"):
        gaps = {name: float(np.max(np.abs(f(z) - wanted), initial=0)) for name, f in _FUNCTIONS.items()}
    best = min(gaps, key=gaps.__getitem__)
    if not gaps[best] <= 1e-3 * max(float(np.max(np.abs(wanted), initial=0)), 1e-3):
        return (
            None,
            f"f is an {shown(alone[0].kind, 40)} operation, {shown(alone[0].name, 40)}, that is none of the usual "
            "functions of one number",
            {},
        )
    return (
        best,
        f"f is {best}: the next operation takes each number by itself, and its values agree",
        {"activation_difference": gaps[best]},
    )


def joined_kinds(following: list[Operation]) -> str:
    """Where a value goes, in words."""
    kinds = list(dict.fromkeys(shown(one.kind, 40) for one in following))
    return f" to {', '.join(kinds)}" if kinds else ", as an output of the model"


def _one_to_one(operation: Operation, tensor: str) -> bool:
    """Whether an operation makes each number of its output from the number at the same place, by no product."""
    lines = operation.lines
    if len(lines) != 1 or operation.inputs != (tensor,) or lines[0].exact or lines[0].weight or lines[0].constants:
        return False
    formula = lines[0].formula
    return formula.output.indices == formula.factors[0].indices and len(formula.factors) == 1
