"""One weight's gradient, term by term: each use of the weight adds what arrives at its neuron times its input."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import fsum
from typing import Any

import numpy as np

from isochrome.ask.reading import inner_name, reading, samples_of, shifted
from isochrome.core.relation import Place
from isochrome.errors import RequestError, shown
from isochrome.model.held import Held
from isochrome.model.parts import Layer, Line, Model, Parameter
from isochrome.model.places import letters, main_line, sample_letters, sample_place
from isochrome.model.values import Array, Differentiator, Ends, Values

__all__ = ["Gradient", "GradientTerm", "Target", "gradient"]

MOST_TERMS = 1_000_000
_NO_GRADIENT = "the framework takes no gradient of this tensor"


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """What a gradient is of: in words, and the tensors whose elements are added up, or a function of the outputs."""

    text: str
    ends: Ends


@dataclass(frozen=True, slots=True)
class GradientTerm:
    """One use: ``delta`` arrives at the neuron y of a layer, ``input`` is what the weight multiplies there.

    ``x`` is None on padding, and where the weight is added and multiplies nothing (then ``input`` is 1). ``sample`` is
    the place along the batch. Numbers that the run does not give are None. ``letters`` name the axes of y, ``size`` is
    what the product's own rounding is relative to.
    """

    layer: str
    number: int
    y: Place
    x: Place | None
    delta: float | None
    input: float | None
    product: float | None
    sample: int
    letters: tuple[str, ...]
    size: float = 0.0


@dataclass(frozen=True, slots=True)
class Gradient:
    """One weight's gradient: its terms, their sum, what the framework's autograd says, and the bound on the difference.

    The bound is n * eps * sum(|terms|): what the order of a float sum of n terms can change.
    """

    parameter: str
    names: tuple[str, ...]
    weight: Place
    letters: tuple[str, ...]
    of: str
    terms: tuple[GradientTerm, ...]
    total: float | None
    framework: float | None
    bound: float | None
    input: str
    note: str = ""

    @property
    def difference(self) -> float | None:
        """How far the total and the framework's value lie apart."""
        if self.total is None or self.framework is None:
            return None
        return abs(self.total - self.framework)

    def to_dict(self) -> dict[str, Any]:
        """The gradient as JSON knows it."""
        return {
            "parameter": self.parameter,
            "names": list(self.names),
            "weight": dict(zip(self.letters, self.weight, strict=True)),
            "of": self.of,
            "terms": [
                {
                    "layer": term.layer,
                    "y": list(term.y),
                    "x": None if term.x is None else list(term.x),
                    "delta": term.delta,
                    "input": term.input,
                    "product": term.product,
                    "sample": term.sample,
                }
                for term in self.terms
            ],
            "total": self.total,
            "framework": self.framework,
            "difference": self.difference,
            "bound": self.bound,
            "input": self.input,
            "note": self.note or None,
        }


@dataclass(frozen=True, slots=True)
class _Use:
    """A line that uses the weight, and at which place of its parameter."""

    layer: Layer
    line: Line
    place: Place

    @property
    def output(self) -> str:
        """The tensor that the line adds to; one inside an operation is called by the operation's output."""
        return inner_name(self.layer, self.line.output) if self.line.inner else self.line.output


def gradient(
    model: Model, layer: Layer, line: Line, weight: Sequence[int], values: Values, target: Target | None = None
) -> Gradient:
    """The gradient of one weight, over all layers and calls that use it.

    Without a ``target`` it is of the sum of the layer's outputs. Where the framework gives no gradients (an ONNX
    model), that is all it can be of: nothing but the layer's own uses count then, and autograd's value is None.
    """
    number, place = _checked(model, line, weight)
    uses = [_Use(*user, place) for user in model.users(number)]
    main, parameter = main_line(layer), model.parameters[number]
    target = target or _own(layer, main, values)
    if values.differentiator is None:
        own = [use for use in uses if use.layer.number == layer.number]
        note, uses = _without(values, len(own) < len(uses)), own
        deltas, framework = dict[str, Array](), None
    else:
        deltas = _arrives(values.differentiator, model, target, uses, parameter)
        framework = _framework(model, parameter, place, uses, deltas)
        note = "" if framework is not None else f"the total is not checked: {_NO_GRADIENT}"
    lines = [use.line for use in uses]
    values.tensors([tensor for line in lines for _, tensor in (*line.inputs, *line.data)])
    terms = tuple(term for use in uses for term in _terms(model, use, values, deltas, main.output))
    known = [term.product for term in terms if term.product is not None]
    whole = len(known) == len(terms) and all(line.exact for line in lines)
    steps = len(known) + 1 + max((line.prepared.count for line in lines if line.prepared is not None), default=0)
    eps = float(np.finfo(parameter.dtype if parameter.dtype in ("float16", "float64") else "float32").eps)
    notes = [note, _of_computed(parameter.computed_from), "" if whole else _missing(lines)]
    return Gradient(
        parameter.names[0], parameter.names, place, letters(line.weight_access), target.text, terms,
        fsum(known) if whole else None, framework, steps * eps * fsum(term.size for term in terms) if whole else None,
        values.what, "; ".join(one for one in notes if one),
    )  # fmt: skip


def _arrives(
    differentiator: Differentiator, model: Model, target: Target, uses: Sequence[_Use], parameter: Parameter
) -> dict[str, Array]:
    """The gradients by the outputs of all uses, and by the weight itself, samples side by side."""
    wanted = [*dict.fromkeys(use.output for use in uses), *parameter.names, *_effective(uses)]
    found = differentiator.gradient(target.ends, wanted)
    tensors = model.tensors
    return {name: tensors[name].by_sample(array) if name in tensors else array for name, array in found.items()}


def _own(layer: Layer, main: Line, values: Values) -> Target:
    """The sum of a layer's outputs; of what is added up inside, where the framework gives no gradients through it."""
    if main.inner and values.differentiator is None:
        return Target(f"the sum of the {main.output} of {layer.name}", ())
    return Target(f"the sum of the outputs of {layer.name}", (layer.output,) if main.inner else (main.output,))


def _checked(model: Model, line: Line, weight: Sequence[int]) -> tuple[int, Place]:
    if line.parameter is None:
        raise RequestError("weight: must belong to a parameter; the line has none")
    parameter, place = model.parameters[line.parameter], tuple(weight)
    inside = all(0 <= at < size for at, size in zip(place, parameter.shape, strict=False))
    if len(place) != len(parameter.shape) or not inside:
        names = letters(line.weight_access)
        axes = ", ".join(f"{name} 0 to {size - 1}" for name, size in zip(names, parameter.shape, strict=True))
        raise RequestError(
            f"weight of {shown(parameter.names[0])}: must be {len(parameter.shape)} whole numbers ({axes}); "
            f"got {','.join(map(str, place))}"
        )
    return line.parameter, place


def _terms(model: Model, use: _Use, values: Values, deltas: dict[str, Array], own: str) -> Iterator[GradientTerm]:
    line = use.line
    if not line.exact:
        return
    output = line.formula.output
    names = sample_letters(line, output)
    for sample in range(samples_of(model, line)):
        taps = values.relation_of(line, sample).fix({line.weight_number: use.place})
        if taps.total * model.batch > MOST_TERMS:
            raise RequestError(f"weight: must have at most {MOST_TERMS:,} uses to be listed; has more")
        found = reading(use.layer, line, values, sample)
        for tap in taps.listed():
            assert tap[0] is not None
            at = shifted(model, line, output, tap[0], sample)
            if values.differentiator is None:
                delta: float | None = 1.0 if line.output == own else 0.0
            else:
                array = deltas.get(use.output)
                delta = None if array is None else float(array[at])
            factor, given = found.factor(tap), found.input(tap)
            given = None if given is None else given * factor
            product = None if given is None or delta is None else delta * given
            size = max(abs(product or 0.0), abs((delta or 0.0) * factor * found.size(tap)))
            yield GradientTerm(
                use.layer.name, use.layer.number, sample_place(line, output, tap[0]), found.where(tap), delta, given,
                product, sample, names, size,
            )  # fmt: skip


def _effective(uses: Sequence[_Use]) -> list[str]:
    return [use.line.effective for use in uses if not use.line.as_stored]


def _framework(
    model: Model, parameter: Parameter, place: Place, uses: Sequence[_Use], grads: dict[str, Array]
) -> float | None:
    """What autograd says: of the stored scalar, or of the elements that were computed from stored ones."""
    if all(use.line.as_stored for use in uses):
        byte = _byte(model, parameter, place)
        for row in model.held:
            if row.name in parameter.names and row.name in grads and byte is not None:
                at = _place_of(row, byte)
                if at is not None:
                    return float(grads[row.name][at])
        return None
    lines = {use.line.effective: use.line for use in uses}
    if len(lines) > 1 or any(name not in grads for name in lines):
        return None
    return fsum(_of_scalar(line, place, grads[name]) for name, line in lines.items())


def _byte(model: Model, parameter: Parameter, place: Place) -> int | None:
    """Where a stored scalar lies: a parameter is one of the tensors that hold it, or else the bytes in a row."""
    for row in model.held:
        if row.name in parameter.names and row.offset == parameter.span.start:
            for thin in (False, True):
                kept = [axis for axis, step in enumerate(row.strides) if not thin or (step and row.shape[axis] > 1)]
                if tuple(row.shape[axis] for axis in kept) == parameter.shape:
                    steps = [row.strides[axis] for axis in kept]
                    return row.offset + row.item * sum(at * step for at, step in zip(place, steps, strict=True))
    items = [row.item for row in model.held if row.name in parameter.names]
    return parameter.span.start + items[0] * place[0] if items and len(place) == 1 else None


def _place_of(row: Held, byte: int) -> Place | None:
    """Where a held tensor has the scalar at a byte, None where it has not."""
    rest, found = (byte - row.offset) // row.item, [0] * len(row.shape)
    for axis in sorted(range(len(row.shape)), key=lambda axis: -row.strides[axis]):
        if row.strides[axis] and row.shape[axis] > 1:
            found[axis] = min(rest // row.strides[axis], row.shape[axis] - 1)
            rest -= found[axis] * row.strides[axis]
    return None if rest or byte < row.offset else tuple(found)


def _of_scalar(line: Line, place: Place, grad: Array) -> float:
    """The gradient of one scalar that an operation's whole operand was made of: of all elements that are it."""
    piece, size = line.piece, line.effective_shape
    if piece is None:
        return float(grad[place])
    axes = tuple(range(len(size)))
    here = np.ones(size, np.bool_)
    for within in piece.within:
        value = within.value.over(axes, size)
        here &= (within.low <= value) & (value < within.high)
    for index, at in zip(piece.indices, place, strict=True):
        here &= index.over(axes, size) == at
    return fsum(grad.reshape(size)[here].tolist())


def _without(values: Values, others: bool) -> str:
    why = f"{values.framework} gives no gradients" if values.framework else "no framework ran"
    said = f"the total is not checked: {why}"
    return said + ("; other layers use the weight as well, and are left out" if others else "")


def _of_computed(roots: Sequence[str]) -> str:
    """What the weight is, where the model computes it from stored ones."""
    return (
        f"the weight is computed from {', '.join(map(shown, roots))}: this is the gradient of the result"
        if roots
        else ""
    )


def _missing(lines: Sequence[Line]) -> str:
    if not all(line.exact for line in lines):
        return "a use of it is no product: uses are listed, the total is not known"
    special = next((line.of for line in lines if line.of), "")
    if special:
        return f"x is the {special}, which the run does not give: uses are listed, products not"
    return "the run does not give every input: uses are listed, products not"
