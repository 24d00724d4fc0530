"""How training keeps shared weights equal: one stored number, one gradient, the sum of a term for each use."""

from __future__ import annotations

from math import fsum, prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isochrome.ask.answer import Answer, Check, Sight
from isochrome.ask.gradient import gradient as term_by_term
from isochrome.ask.subject import Subject, flat_places
from isochrome.ask.twin import small_twin
from isochrome.ask.words import cells, equals, number, sum_words, times
from isochrome.core.evaluate import evaluate, factor_values
from isochrome.core.relation import Place, Relation

__all__ = ["gradient", "gradient_unfit"]

MOST_TERMS = 1_000_000
MOST_CONNECTIONS = 2_000_000
_SHOWN = 4


def gradient_unfit(subject: Subject) -> str:
    """There must be weights, of a sum."""
    if not subject.line.weight:
        return "it has no weights"
    return "" if subject.line.exact else "its value is no sum of weights times inputs, so the formula gives no slopes"


def gradient(subject: Subject) -> Answer:
    """One weight's gradient of the sum of the layer's outputs: a term for each use, added up; one update."""
    line, made = subject.line, subject.relation
    place = _chosen(subject)
    taps = made.fix({line.weight_number: place})
    name = f"{line.weight_access.name}[{cells(place)}]"
    arrays = subject.arrays()
    numbers: dict[str, Any] = {"weight": list(place), "uses": taps.total, "real_uses": taps.real}
    slope = "the slope of the loss at that neuron" + (" times the input there" if subject.reads_input else "")
    if taps.total == 1:
        text = f"{name} is used once in one sample, so its gradient has one term: {slope}. "
    else:
        text = (
            f"They are not kept equal: there is one stored number, {name}, and so one gradient and one update. It is "
            f"used {times(taps.total)}, {'all' if taps.real == taps.total else f'{taps.real:,} of them'} on real "
            f"input; its gradient is the sum of a term for each use: {slope}. "
        )
    if arrays is not None and taps.total <= MOST_TERMS:
        terms = subject.products(taps, {**arrays, line.weight: np.ones_like(arrays[line.weight])})
        total = fsum(terms)
        numbers |= {"gradient": total, "mean": total / len(terms) if len(terms) else None, "terms": terms[:64].tolist()}
        first = int(np.flatnonzero(terms)[0]) if terms.any() else 0
        some = ("... + " if first else "") + sum_words(terms[first:].tolist(), _SHOWN)
        that = f"{some} {equals(total, 5)}" if len(terms) > 1 else number(total, 5)
        text += f"For the plain sum of the layer's outputs every slope is 1, and that is {that}. "
    if taps.total > 1:
        text += (
            f"It is the sum, not the mean: the mean would be the sum divided by {taps.total:,}, in plain gradient "
            f"descent the same as a step {taps.total:,} times smaller. Unshared copies that begin equal would each "
            "follow a term of their own, and part at the first step. "
        )
    text += "Samples add up in the same way."
    return Answer(text, numbers, _check(subject, arrays), Sight(("gradient", "kernel"), "weight", weight=place))


def _chosen(subject: Subject) -> Place:
    """A weight amid the kernel, of the first filter and channel."""
    taps = subject.taps_of(subject.centre)
    number = subject.line.weight_number
    stems = taps.places()[number]
    if not len(stems):
        return tuple(0 for _ in subject.relation.shapes[number])
    places = sorted(map(tuple, stems.tolist()))
    reads = len(places) // max(subject.size(subject.channels), 1)
    return tuple(places[min(reads // 2, len(places) - 1)])


def _check(subject: Subject, arrays: dict[str, NDArray[Any]] | None) -> Check:
    """A finite difference of an evaluation of the formula; and, where it is small, Euler's identity on real outputs."""
    small = small_twin(subject.relation, most=20_000)
    difference, terms = _finite_difference(subject, small)
    measured: dict[str, Any] = {"terms_added": terms, "finite_difference": difference}
    holds = abs(terms - difference) <= 1e-6 * max(abs(terms), 1)
    where = "this layer's formula" if small is subject.relation else "a small twin of the formula"
    what = (
        f"on {where} with random numbers: one weight is raised by 1 and the sum of the outputs, evaluated, compared "
        "with the sum of the terms (the sum of outputs is linear in a weight, so this is exact up to rounding)"
    )
    euler = _euler(subject, arrays)
    if euler is not None:
        sums, bound = euler
        measured |= {"weights_times_gradients": sums[0], "framework_outputs": sums[1], "bound": bound}
        holds = holds and abs(sums[0] - sums[1]) <= bound
        what += "; and all weights times their gradients, plus the biases, against the sum of the framework's outputs"
    grown = _autograd(subject)
    if grown is not None:
        measured |= {"terms_of_this_weight": grown[0], "autograd": grown[1], "bound_of_terms": grown[2]}
        holds = holds and abs(grown[0] - grown[1]) <= grown[2]
        what += "; and the terms of this weight against the framework's autograd"
    return Check(what, measured, holds)


def _autograd(subject: Subject) -> tuple[float, float, float] | None:
    """The sum of the terms of the chosen weight, what autograd says, and the bound; None where there is no autograd."""
    if subject.values.differentiator is None:
        return None
    found = term_by_term(subject.model, subject.layer, subject.line, _chosen(subject), subject.values)
    if found.total is None or found.framework is None or found.bound is None:
        return None
    return found.total, found.framework, found.bound


def _finite_difference(subject: Subject, made: Relation) -> tuple[float, float]:
    line, generator = subject.line, np.random.default_rng(0)
    arrays: dict[str, NDArray[Any]] = {
        access.name: generator.integers(-3, 4, shape).astype(np.float64)
        for access, shape in zip(made.formula.accesses[1:], made.shapes[1:], strict=True)
    }
    first = next(made.everything.listed(made.connections // 2, made.connections // 2 + 1))
    place = first[line.weight_number]
    assert place is not None
    raised = {**arrays, line.weight: arrays[line.weight].copy()}
    raised[line.weight][place] += 1
    difference = float(evaluate(made, raised).sum() - evaluate(made, arrays).sum())
    taps = made.fix({line.weight_number: place})
    ones = {**arrays, line.weight: np.ones_like(arrays[line.weight])}
    return difference, fsum(np.prod(factor_values(taps, taps.places(), ones), axis=0))


def _euler(subject: Subject, arrays: dict[str, NDArray[Any]] | None) -> tuple[tuple[float, float], float] | None:
    """All weights times their gradients, plus biases, and the sum of the framework's outputs, which must be equal."""
    line, made = subject.line, subject.relation
    lines = [one for one in subject.model.operations[subject.layer.operation].lines if one.output == line.output]
    plain = [one for one in lines if not one.is_bias] == [line] and line.formula.reduce == "+"
    output = None if line.inner or not subject.values.framework else subject.values.tensor(line.output)
    if arrays is None or output is None or not plain or made.connections > MOST_CONNECTIONS:
        return None
    shape = made.shapes[line.weight_number]
    ones = {**arrays, line.weight: np.ones(shape)}
    taps = made.everything
    places = taps.places()
    terms = np.prod(factor_values(taps, places, ones), axis=0) * line.scale
    at = flat_places(places[line.weight_number], shape)
    gradients = np.bincount(at, terms, prod(shape))
    total = float(gradients @ arrays[line.weight].reshape(-1).astype(np.float64))
    size = float(np.abs(terms) @ np.abs(arrays[line.weight].reshape(-1)[at]))
    for one in (one for one in lines if one.is_bias):
        values = subject.values.weights(one)
        if values is None:
            return None
        biases = evaluate(subject.values.relation_of(one), {one.weight: values}) * one.scale
        total, size = total + float(biases.sum()), size + float(np.abs(biases).sum())
    mine = output[tuple(slice(0, end) for end in made.shapes[0])].astype(np.float64)
    count = taps.total // max(mine.size, 1) + 2
    return (total, float(mine.sum())), count * float(np.finfo(np.float32).eps) * max(size, 1e-30)
