"""Questions that compare a layer with a matrix: is it fully connected, which matrix is it, with what zeros."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isochrome.ask.answer import Answer, Check, Sight
from isochrome.ask.channels import pairs_of_channels
from isochrome.ask.subject import Subject, flat_places
from isochrome.ask.twin import small_twin
from isochrome.ask.words import counted, either
from isochrome.core.evaluate import evaluate
from isochrome.core.formula import Affine, Fold
from isochrome.core.relation import Relation

__all__ = ["fully_connected", "matrix", "multiplies_unfit"]

MOST_ENTRIES = 4_000_000


def multiplies_unfit(subject: Subject) -> str:
    """Weights must multiply inputs."""
    if not subject.reads_input:
        return "no weight multiplies an input in it"
    if len(subject.line.inputs) > 1:
        return "it multiplies two activations"
    if not subject.line.exact:
        return "its value is no sum of weights times inputs"
    return ""


# --- is it fully connected? -------------------------------------------------------------------------------------------


def fully_connected(subject: Subject) -> Answer:
    """The layer beside a fully connected one: there every neuron reads every input, each by a weight of its own."""
    made, line, at = subject.relation, subject.line, subject.line.input_number
    assert at is not None
    neurons, inputs = prod(made.shapes[0]), prod(made.shapes[at])
    uses, reads = line.pattern.uses if not line.depends else None, subject.taps_of(subject.centre)
    distinct = _distinct_inputs(reads.places()[at], made.shapes[at])
    positions, taps = subject.size(subject.positions), subject.size(subject.taps)
    every = made.real_connections == neurons * inputs and distinct == inputs
    own = uses is not None and uses.most == 1
    numbers: dict[str, Any] = {
        "neurons": neurons, "inputs": inputs, "inputs_of_a_neuron": distinct, "positions": positions, "taps": taps,
        "connections": made.connections, "weights": subject.weights, "fully_connected": neurons * inputs,
    }  # fmt: skip
    weights = subject.weights
    if every and own:
        text = (
            f"Yes: every one of the {neurons:,} neurons reads every one of the {inputs:,} inputs, each by a weight of "
            f"its own: {neurons:,} × {inputs:,} = {neurons * inputs:,} weights, each used once. Written as a "
            "convolution or as a matrix product, the relation is the same."
        )
    elif taps == 1 and positions > 1 and subject.channels:
        channels = subject.size(subject.channels)
        text = (
            f"At one position, yes; over all of them, no. At each of its {positions:,} positions it is one matrix of "
            f"{counted(subject.size(subject.filters), 'neuron')} × {counted(channels, 'channel')}, fully connected "
            "there; but it is the same matrix at each, and no position reads another. A fully connected layer over "
            f"all would have {neurons:,} × {inputs:,} = {neurons * inputs:,} weights; this one has {weights:,}, each "
            f"shared {positions:,} times."
        )
    else:
        text = (
            f"No: a neuron reads {distinct:,} of the {inputs:,} inputs, and each of the {weights:,} weights is used "
            f"{'once' if own else 'at several places'}. Fully connected, its {neurons:,} neurons would need "
            f"{neurons:,} × {inputs:,} = {neurons * inputs:,} weights. A convolution is that only where its window "
            "covers the whole input, at one position."
        )
    verdict = every and own
    check = _beside_full(subject, made, verdict)
    return Answer(text + subject.part, numbers, check, Sight(("matrix", "baselines")), verdict)


def _distinct_inputs(places: NDArray[np.int64], shape: tuple[int, ...]) -> int:
    inside = ((places >= 0) & (places < np.array(shape, np.int64))).all(axis=1)
    return len(np.unique(places[inside], axis=0))


def _beside_full(subject: Subject, made: Relation, verdict: bool) -> Check:
    """How many (neuron, input) pairs are connected, and by how many weights, against the fully connected relation."""
    small = small_twin(made, most=100_000)
    at, number = subject.line.input_number, subject.line.weight_number
    assert at is not None
    pairs: dict[tuple[Any, Any], set[Any]] = {}
    for tap in small.everything.listed():
        if tap[at] is not None:
            pairs.setdefault((tap[0], tap[at]), set()).add(tap[number])
    neurons, inputs = prod(small.shapes[0]), prod(small.shapes[at])
    weights = {weight for found in pairs.values() for weight in found}
    where = "this layer" if small is made else "a small twin"
    measured = {"connected_pairs": len(pairs), "all_pairs": neurons * inputs, "weights": len(weights)}
    full = len(pairs) == neurons * inputs == len(weights)
    what = f"all pairs of a neuron and an input of {where}, against those of y[o] += w[o, i] * x[i]"
    agrees = full == verdict
    return Check(what, measured, agrees if agrees or small is made else None)


# --- which matrix? ----------------------------------------------------------------------------------------------------


def matrix(subject: Subject) -> Answer:
    """The layer as one matrix: entries, fixed zeros, learned zeros; whether its blocks are Toeplitz or circulant."""
    made, at = subject.relation, subject.line.input_number
    assert at is not None
    rows, columns = prod(made.shapes[0]), prod(made.shapes[at])
    entries, real = rows * columns, _entries(made, at)
    weights = subject.values.weights(subject.line)
    zero = None if weights is None else int((weights == 0).sum())
    kinds = [_kind_of(subject, loop) for loop in subject.positions]
    numbers: dict[str, Any] = {
        "rows": rows, "columns": columns, "entries": entries, "connected": real, "fixed_zeros": entries - real,
        "weights_that_are_zero": zero, "axes": dict(zip(subject.positions, kinds, strict=True)),
    }  # fmt: skip
    text = (
        f"One row for each of the {rows:,} neurons, one column for each of the {columns:,} inputs: {entries:,} "
        f"entries. {real:,} hold a weight, {entries - real:,} are zero by construction: no weight is stored for them, "
        "and training cannot change them. "
    )
    if zero is not None:
        are = f"{zero:,} of the stored weights {'is' if zero == 1 else 'are'}" if zero else "none is"
        text += f"A weight that happens to be 0 is a learned zero; here {are} 0. "
    text += _structure(subject, kinds)
    return Answer(text + subject.part, numbers, _check_matrix(subject, made), Sight(("matrix",)))


def _entries(made: Relation, at: int) -> int:
    """How many entries of the matrix hold weights: pairs of a neuron and an input, each once."""
    count = 1
    for number, part in enumerate(made.components):
        columns = {d.column for access in (0, at) for axis in made.axes[access] for d in axis.digits
                   if d.component == number}  # fmt: skip
        if columns:
            count *= int(np.count_nonzero(part.histogram(tuple(sorted(columns)))[2]))
    return count


def _kind_of(subject: Subject, loop: str) -> str:
    """Along one loop of positions: valid, same, full, circular; from how far the windows leave the input."""
    if _scattered(subject, loop):
        return "transposed"
    line, made, at = subject.line, subject.relation, subject.line.input_number
    assert at is not None
    for index, size in zip(line.formula.accesses[at].indices, made.shapes[at], strict=True):
        value = index.inside if isinstance(index, Fold) else index
        if not isinstance(value, Affine) or loop not in dict(value.terms):
            continue
        if isinstance(index, Fold):
            return index.kind
        taps = {other: step for other, step in value.terms if other != loop}
        reach = sum(abs(step) * (made.sizes[other] - 1) for other, step in taps.items())
        step = dict(value.terms)[loop]
        low = -value.offset + sum(-step * (made.sizes[other] - 1) for other, step in taps.items() if step < 0)
        last = (
            value.offset
            + step * (made.sizes[loop] - 1)
            + sum(s * (made.sizes[other] - 1) for other, s in taps.items() if s > 0)
        )
        high = last - (size - 1)
        if not taps or reach == 0:
            return "pointwise"
        if low <= 0 and high <= 0:
            return "valid"
        name = "full" if low == high == reach else "same" if made.sizes[loop] * abs(step) == size else "padded"
        return name if low == high else f"{name} (padded {max(low, 0)} before, {max(high, 0)} after)"
    return "other"


def _scattered(subject: Subject, loop: str) -> int:
    """The step by which windows slide along the output, 0 where they do not."""
    for index in subject.line.formula.output.indices:
        terms = dict(index.terms) if isinstance(index, Affine) else {}
        if loop in terms and len(terms) > 1:
            return abs(terms[loop])
    return 0


def _step_of(subject: Subject, loop: str) -> int:
    if _scattered(subject, loop):
        return _scattered(subject, loop)
    at = subject.line.input_number
    assert at is not None
    for index in subject.line.formula.accesses[at].indices:
        value = index.inside if isinstance(index, Fold) else index
        if isinstance(value, Affine) and loop in dict(value.terms):
            return dict(value.terms)[loop]
    return 1


def _structure(subject: Subject, kinds: list[str]) -> str:
    tied = _tied(subject)
    if tied:
        return tied
    if not subject.positions or subject.size(subject.positions) == 1:
        return "There is one position, so no entry repeats along a diagonal: it is a plain matrix."
    if any(loop in subject.line.weight_access.loops for loop in subject.positions):
        return "w mentions positions, so no entry repeats along a diagonal."
    steps = [_step_of(subject, loop) for loop in subject.positions]
    axes = ", ".join(
        f"{loop}: {kind}, step {step}" for loop, kind, step in zip(subject.positions, kinds, steps, strict=True)
    )
    deep = "doubly blocked " if len(subject.positions) == 2 else "" if len(subject.positions) == 1 else "nested "
    if all(kind == "pointwise" for kind in kinds):
        thinned = ", with columns left out by its steps" if any(step > 1 for step in steps) else ""
        shape = f"each block is a multiple of the identity{thinned}"
    elif "transposed" in kinds:
        shape = f"each block is the transpose of a {deep}Toeplitz matrix"
        shape += f": the next input's column is the same column moved by {_and(steps)}"
    elif all(step == 1 for step in steps):
        name = "circulant" if all(kind == "circular" for kind in kinds) else "Toeplitz"
        shape = (
            f"each block is {deep}{name}: an entry repeats along its diagonals, since w does not mention "
            f"{either(subject.positions)}"
        )
    else:
        shape = (
            f"each block is {deep}Toeplitz with rows left out: the next neuron's row is the same row moved by "
            f"{_and(steps)} instead of by 1"
        )
    if any(kind in ("reflect", "replicate") for kind in kinds):
        shape += "; at the border, what folds back is added to an entry, and the diagonals break"
    blocks = counted(pairs_of_channels(subject), "block")
    return f"It has {blocks}, one for each pair of a filter and a channel that it reads; {shape} ({axes})."


def _tied(subject: Subject) -> str:
    """Which matrix it is where one index of w mentions a row and a column together; '' where none does."""
    rows, at = set(subject.line.formula.output.loops), subject.line.input_number
    columns = set(subject.line.formula.accesses[at].loops) - rows if at is not None else set[str]()
    made = subject.relation
    for index, axis in zip(subject.line.weight_access.indices, made.axes[subject.line.weight_number], strict=True):
        value = index.inside if isinstance(index, Fold) else index
        if not isinstance(value, Affine):
            continue
        steps = {loop: step for loop, step in value.terms if made.sizes[loop] > 1}
        if len(axis.digits) >= len(steps) or not (rows & set(steps) and columns & set(steps)):
            continue
        circle = isinstance(index, Fold) and index.kind == "circular"
        signs = sorted(steps.values())
        name = (
            "a circulant"
            if circle
            else "a Toeplitz"
            if signs == [-1, 1]
            else "a Hankel"
            if signs == [1, 1]
            else "no usual"
        )
        around = " around the circle" if circle else ""
        return f"An entry repeats wherever {Affine(value.terms)} is the same{around}: {name} matrix."
    return ""


def _and(steps: list[int]) -> str:
    return " and ".join(map(str, dict.fromkeys(steps)))


def _check_matrix(subject: Subject, made: Relation) -> Check:
    """The dense matrix times the flattened input, plus biases, against the framework; else against an evaluation."""
    at = subject.line.input_number
    assert at is not None
    arrays, line = subject.arrays(), subject.line
    output = None if line.inner or not subject.values.framework else subject.values.tensor(line.output)
    lines = [one for one in subject.model.operations[subject.layer.operation].lines if one.output == line.output]
    plain = [one for one in lines if not one.is_bias] == [line] and line.formula.reduce == "+" and not line.constants
    if arrays is not None and output is not None and plain and _fits(made, at):
        made_here = _dense(made, at, line.weight_number, arrays[line.weight]) * line.scale
        found = (made_here @ arrays[line.formula.accesses[at].name].reshape(-1)).reshape(made.shapes[0])
        size = (np.abs(made_here) @ np.abs(arrays[line.formula.accesses[at].name]).reshape(-1)).reshape(made.shapes[0])
        for one in (one for one in lines if one.is_bias):
            values = subject.values.weights(one)
            relation = subject.values.relation_of(one)
            found = found + (0 if values is None else evaluate(relation, {one.weight: values}) * one.scale)
        wanted = output[tuple(slice(0, end) for end in made.shapes[0])]
        difference = float(np.max(np.abs(found - wanted), initial=0))
        bound = float(
            np.finfo(np.float32).eps * (made.shapes[at][-1] + made_here.shape[1]) * np.max(size + 1, initial=0)
        )
        measured = {"largest_difference": difference, "bound": bound}
        return Check(
            "the matrix times the input, plus the biases, against the framework's output", measured, difference <= bound
        )
    small = small_twin(made, most=20_000)
    generator = np.random.default_rng(0)
    numbers = {a.name: generator.integers(-3, 4, shape).astype(np.float64)
               for a, shape in zip(made.formula.accesses[1:], small.shapes[1:], strict=True)}  # fmt: skip
    if not _fits(small, at) or line.constants or line.formula.reduce != "+":
        return Check("the matrix is too large to be written out", {}, None)
    dense = _dense(small, at, line.weight_number, numbers[line.weight])
    found = dense @ numbers[line.formula.accesses[at].name].reshape(-1)
    difference = float(np.max(np.abs(found - evaluate(small, numbers).reshape(-1)), initial=0))
    what = "on a small twin with whole numbers: the matrix times the input, against an evaluation of the formula"
    return Check(what, {"largest_difference": difference}, difference == 0)


def _fits(made: Relation, at: int) -> bool:
    return prod(made.shapes[0]) * prod(made.shapes[at]) <= MOST_ENTRIES and made.connections <= MOST_ENTRIES


def _dense(made: Relation, at: int, number: int, weights: NDArray[Any]) -> NDArray[np.float64]:
    places = made.everything.places()
    inside = made.inside(at, places[at])
    flat = [flat_places(places[access][inside], made.shapes[access]) for access in (0, at)]
    out = np.zeros((prod(made.shapes[0]), prod(made.shapes[at])))
    np.add.at(out, (flat[0], flat[1]), weights[tuple(places[number][inside].T)].astype(np.float64))
    return out
