"""What the page is given of a layer: its relations as tables, its tensors as bytes, its letters. It derives no more."""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, assert_never

import numpy as np
from numpy.typing import NDArray

from isochrome.app.matrix import matrix_payload
from isochrome.app.pictures import lines_of
from isochrome.core.component import Bound, EagerTable
from isochrome.core.digits import Axis
from isochrome.core.formula import Access, Affine, Index
from isochrome.core.lazy import Component, LazyTable
from isochrome.core.relation import Place, Relation
from isochrome.draw.levels import levels_of
from isochrome.draw.scene import Scene, scene
from isochrome.errors import IsochromeError, RequestError, shown
from isochrome.model.parts import Layer, Line, Model
from isochrome.model.places import batch_axis, full_place, main_line
from isochrome.model.values import Values

__all__ = [
    "first_state", "layer_payload", "letters_and_roles", "relation_payload", "tensor_payload", "told",
]  # fmt: skip

MOST_NUMBERS = 4_000_000
"""A relation whose tables hold more numbers than this is left to Python."""
MOST_ELEMENTS = 262_144
"""A tensor with more elements than this is left to Python."""
MOST_TAPS = 10_000
_EXACT = 2**53


def relation_payload(relation: Relation, batch: Sequence[int | None] = ()) -> dict[str, Any]:
    """The relation as plain data, tables as base64 of little-endian int32; a batch axis of an access is left out.

    ``batch`` holds the number of that axis, or None, for each access. Raises RequestError where the tables are too
    large, or hold what the page cannot evaluate.

    >>> from isochrome.core.relation import relation
    >>> payload = relation_payload(relation("y[p] += w[u] * x[p + u - 1]", {"x": (3,), "w": (2,)}))
    >>> payload["accesses"][2]["axes"]
    [{'offset': -1, 'size': 3, 'digits': [{'component': 0, 'column': 2, 'modulus': 0, 'low': 0}]}]
    >>> np.frombuffer(base64.b64decode(payload["components"][0]["columns"][2]), "<i4").tolist()
    [0, 1, 2, 3, 1, 2, 3, 4]
    """
    held = sum(part.values.size for part in relation.components if isinstance(part, EagerTable))
    if held > MOST_NUMBERS:
        raise RequestError(f"relation: its tables hold {held:,} numbers, more than a page should")
    gone = dict(enumerate(batch))
    return {
        "loops": dict(relation.sizes),
        "accesses": [
            _access(access, axes, gone.get(number))
            for number, (access, axes) in enumerate(zip(relation.formula.accesses, relation.axes, strict=True))
        ],
        "components": [_component(part) for part in relation.components],
    }


def _access(access: Access, axes: tuple[Axis, ...], gone: int | None) -> dict[str, Any]:
    kept = [axis for number, axis in enumerate(axes) if number != gone]
    return {"tensor": access.name, "shape": [axis.size for axis in kept], "axes": [_axis(axis) for axis in kept]}


def _axis(axis: Axis) -> dict[str, Any]:
    digits = [
        {"component": digit.component, "column": digit.column, "modulus": digit.modulus, "low": digit.low}
        for digit in axis.digits
    ]
    return {"offset": axis.offset, "size": axis.size, "digits": digits}


def _component(part: Component) -> dict[str, Any]:
    match part:
        case EagerTable(loops, values):
            columns = [_integers(values[:, column]) for column in range(values.shape[1])]
            return {"loops": list(loops), "rows": part.total, "columns": columns}
        case LazyTable():
            return {"lazy": _lazy(part)}
        case _:
            assert_never(part)


def _integers(column: NDArray[np.int64]) -> str:
    if len(column) and not -(2**31) <= int(column.min()) <= int(column.max()) < 2**31:
        raise RequestError("relation: its tables hold numbers of more than 32 bits, which the page does not read")
    return base64.b64encode(column.astype("<i4").tobytes()).decode()


def _lazy(part: LazyTable) -> dict[str, Any]:
    return {
        "loops": list(part.loops),
        "sizes": list(part.sizes),
        "solve": part.loops.index(part.solve),
        "columns": [{"coefficients": _coefficients(column.index, part.loops)[0]} for column in part.columns],
        "bounds": [_bound(bound, part.loops) for bound in part.exists],
    }


def _bound(bound: Bound, loops: tuple[str, ...]) -> dict[str, Any]:
    coefficients, offset = _coefficients(bound.column.index, loops)
    return {"coefficients": coefficients, "low": bound.low - offset, "high": bound.high - offset}


def _coefficients(index: Index, loops: tuple[str, ...]) -> tuple[list[int], int]:
    """The factor of each loop in a sum of loops, and the constant."""
    if not isinstance(index, Affine):
        raise RequestError(f"relation: {index} is no sum of loops, and its table is too large for a page")
    of = dict(index.terms)
    return [of.get(loop, 0) for loop in loops], index.offset


def tensor_payload(array: NDArray[Any] | None, limit: int = MOST_ELEMENTS) -> dict[str, Any] | None:
    """An array as base64 of little-endian float32 (float64 where that would round); None where it is too large.

    >>> tensor_payload(np.array([1.0, 2.0], np.float32))
    {'shape': [2], 'dtype': 'f4', 'data': 'AACAPwAAAEA='}
    """
    if array is None or array.size > limit or array.dtype.kind not in "fiub":
        return None
    with np.errstate(over="ignore"):
        small = array.astype("<f4")
    wide = array.astype("<f8")
    fits = np.array_equal(small.astype("<f8"), wide, equal_nan=True)
    data = base64.b64encode((small if fits else wide).tobytes()).decode()
    return {"shape": list(array.shape), "dtype": "f4" if fits else "f8", "data": data}


def layer_payload(
    model: Model, layer: Layer, values: Values, limit: int = MOST_ELEMENTS, alone: bool = False
) -> dict[str, Any]:
    """A layer's lines with their relations, the tensors that they name, and the two neurons that it opens with.

    Unless the page is ``alone``, inputs stay out where the output is too large: it then asks for a neuron's arithmetic,
    and is told the framework's value too.
    """
    held = _Tensors(limit)
    lines = [_line(model, layer, line, values, held) for line in lines_of(model, layer)]
    found: dict[str, Any] = {"lines": lines, "tensors": held.payloads}
    if layer.lines:
        begin = scene(model, layer, values)
        held.add("y", ("output", begin.line.output), begin.y_values)
        if not alone and held.payloads["y"] is None and begin.y_values is not None:
            held.payloads |= {key: None for what, key in held.keys.items() if what[0] == "input"}
        found["first"] = _first(begin.neurons)
    return found


def _first(neurons: tuple[Place, ...]) -> dict[str, Any]:
    return {name: list(place) for name, place in zip("ij", neurons, strict=False)}


class _Tensors:
    """The tensors of one layer by key: the letter in the formula, with a number where two tensors share a letter."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.keys: dict[tuple[Any, ...], str] = {}
        self.payloads: dict[str, dict[str, Any] | None] = {}

    def add(self, letter: str, what: tuple[Any, ...], array: NDArray[Any] | None) -> str:
        if what not in self.keys:
            names = (letter, *(f"{letter}{number}" for number in range(2, len(self.payloads) + 3)))
            self.keys[what] = next(name for name in names if name not in self.payloads)
            self.payloads[self.keys[what]] = tensor_payload(array, self.limit)
        return self.keys[what]


def _line(model: Model, layer: Layer, line: Line, values: Values, held: _Tensors) -> dict[str, Any]:
    payload, reason = _relation_or_reason(line, values)
    name = None if line.parameter is None else model.parameters[line.parameter].names[0]
    whole = Scene(model, layer, line, None) if line.weight else None
    seen = None if line.is_bias else whole
    return {
        "formula": str(line.formula),
        "parameter": name,
        "p": line.parameter,
        "relation": payload,
        "reason": reason,
        "weight": line.weight or None,
        "adds": line.is_bias,
        "scale": line.scale,
        "exact": line.exact and line.formula.reduce == "+",
        "identity": _identity(seen) if seen else {},
        "levels": _levels(whole) if whole else {},
        "matrix": matrix_payload(seen) if seen else None,
        "tensors": _keys(line, values, held),
    }


def _relation_or_reason(line: Line, values: Values) -> tuple[dict[str, Any] | None, str]:
    try:
        batch = [batch_axis(line, access) for access in line.formula.accesses]
        return relation_payload(values.relation_of(line), batch), ""
    except IsochromeError as fault:
        return None, str(fault)


def _keys(line: Line, values: Values, held: _Tensors) -> Mapping[str, str]:
    found = {}
    if line.weight:
        found[line.weight] = held.add(line.weight, ("parameter", line.parameter), values.weights(line))
    for name, tensor in line.inputs:
        access = next(access for access in line.formula.factors if access.name == name)
        array = None if line.of or not tensor else values.tensor(tensor)
        axis = batch_axis(line, access)
        one = array if array is None or axis is None else array.take(0, axis=axis)
        found[name] = held.add(name, ("input", tensor, axis, line.of), one)
    for name, constant in line.constants:
        found[name] = held.add(name, ("constant", constant.tobytes(), constant.shape), constant)
    return found


def _identity(seen: Scene) -> dict[str, list[int]]:
    """At each level whose identity can be read off a weight's place: the axes of that place that make it up."""
    line, number = seen.line, seen.line.input_number
    found = {"tap": list(seen.w.of("tap"))}
    found["filter"] = _same(line, line.formula.output, seen.y.of("filter", "group"))
    if number is not None and seen.x is not None:
        found["channel"] = _same(line, line.formula.accesses[number], seen.x.of("channel", "group"))
    return {level: axes for level, axes in found.items() if axes}


def _levels(seen: Scene) -> dict[str, list[Any]]:
    """At each level the access, and the axes of it, that an identity is read from; axes without the batch."""
    numbers = {"y": 0, "x": seen.line.input_number, "w": seen.line.weight_number}
    return {level: [numbers[letter], list(axes)] for level, (letter, axes) in levels_of(seen).items()}


def _same(line: Line, access: Access, axes: tuple[int, ...]) -> list[int]:
    """The weight's axes that are indexed as some axes of another tensor are; none unless all of them are found."""
    batch = batch_axis(line, access)
    kept = [index for number, index in enumerate(access.indices) if number != batch]
    mine = {str(index): axis for axis, index in enumerate(line.weight_access.indices)}
    wanted = [str(kept[axis]) for axis in axes]
    return [mine[index] for index in wanted] if all(index in mine for index in wanted) else []


# --- words of a layer -----------------------------------------------------------------------------------------


def letters_and_roles(model: Model, layer: Layer) -> dict[str, Any]:
    """The letters of the axes of a layer's places (without the batch), and the role of each loop."""
    if not layer.lines:
        return {"letters": {}, "roles": {}}
    main = Scene(model, layer, main_line(layer), None)
    axes = {"y": main.y, "x": main.x, "w": main.w}
    roles: dict[str, str] = {}
    for seen in (main, *(Scene(model, layer, line, None) for line in layer.weight_lines)):
        for loop, role in seen.roles.items():
            if loop != seen.line.batch:
                roles.setdefault(loop, role)
    return {"letters": {name: list(one.letters) for name, one in axes.items() if one is not None}, "roles": roles}


def first_state(model: Model) -> dict[str, Any]:
    """Where the page opens: the first layer that has weights, its first two neurons, and one weight that both use."""
    able = (layer for layer in model.layers if layer.weight_lines and not layer.weight_lines[0].depends)
    layer = next(able, None)
    found: dict[str, Any] = {"layer": layer.number if layer else 0, "view": "start", "level": "weight"}
    if layer is None:
        return found
    seen = scene(model, layer, None)
    weight = _weight_of_both(seen)
    return found | _first(seen.neurons) | ({"w": weight} if weight else {})


def _weight_of_both(seen: Scene) -> str:
    """A weight of the first channel that both neurons use on real input, amid those; '' where there is none."""
    if len(seen.neurons) < 2 or not seen.w.of("tap"):
        return ""
    used = []
    for neuron in seen.neurons:
        place = full_place(seen.line, seen.line.formula.output, neuron, "neuron")
        if seen.relation.fix({0: place}).total > MOST_TAPS:
            return ""
        used.append({part.w for part in seen.taps_of_neuron(neuron) if part.x is not None and part.w is not None})
    both = sorted(used[0] & used[1])
    taps = seen.w.of("tap")
    stem = [place for place in both if all(place[k] == both[0][k] for k in range(len(place)) if k not in taps)]
    return f"{seen.line.parameter}:{','.join(map(str, stem[(len(stem) - 1) // 2]))}" if stem else ""


@lru_cache(4096)
def _visible(text: str, longest: int) -> str:
    return shown(text, longest)


def told(value: Any, longest: int = 200) -> Any:
    """Plain data as the page may hold it: text made visible and cut at ``longest``, and no number that JavaScript would
    change.

    >>> told({"a\\u202e": (2**60, float("nan"))})
    {'a<U+202E>': ['1152921504606846976', None]}
    """
    match value:
        case str():
            return _visible(value, longest)
        case bool() | None:
            return value
        case int():
            return value if abs(value) < _EXACT else str(value)
        case float():
            return value if math.isfinite(value) else None
        case dict():
            return {_visible(key, longest): told(entry, longest) for key, entry in value.items()}
        case list() | tuple():
            return [told(entry, longest) for entry in value]
    raise TypeError(f"{type(value).__name__} is no plain data")
