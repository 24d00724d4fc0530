"""What the page is given, read by an evaluator of its own that knows nothing but the payload."""

from __future__ import annotations

import base64
import itertools
import json
import re
import struct
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import isochrome.core.relation as core
from isochrome.app import payload as made
from isochrome.app.api import OpenedModel, Run, open_model
from isochrome.app.payload import layer_payload, letters_and_roles, relation_payload, tensor_payload, told
from isochrome.core.relation import Relation, relation
from isochrome.draw.scene import scene
from isochrome.errors import RequestError
from isochrome.model.places import batch_axis

Tap = tuple[tuple[int, ...] | None, ...]


# --- an evaluator of payloads: plain integers, one row after the other ------------------------------------------------


def rows_of(component: dict[str, Any]) -> list[list[int]]:
    if "lazy" in component:
        return list(lazy_rows(component["lazy"]))
    columns = []
    for text in component["columns"]:
        content = base64.b64decode(text, validate=True)
        columns.append(list(struct.unpack(f"<{len(content) // 4}i", content)))
    assert all(len(column) == component["rows"] for column in columns)
    return [[column[row] for column in columns] for row in range(component["rows"])]


def lazy_rows(table: dict[str, Any]) -> Iterator[list[int]]:
    for loops in itertools.product(*map(range, table["sizes"])):
        held = (total(bound["coefficients"], loops) for bound in table["bounds"])
        if all(bound["low"] <= value < bound["high"] for bound, value in zip(table["bounds"], held, strict=True)):
            yield [total(column["coefficients"], loops) for column in table["columns"]]


def total(coefficients: Sequence[int], loops: Sequence[int]) -> int:
    return sum(coefficient * loop for coefficient, loop in zip(coefficients, loops, strict=True))


def fix(found: dict[str, Any], number: int, place: Sequence[int]) -> Counter[Tap]:
    """The taps whose access of that number has that place, by the contract's words."""
    wanted: list[dict[int, int]] = [{} for _ in found["components"]]
    for axis, value in zip(found["accesses"][number]["axes"], place, strict=True):
        rest = value - axis["offset"]
        for digit in axis["digits"]:
            low = (rest - digit["low"]) % digit["modulus"] + digit["low"] if digit["modulus"] else 0
            if wanted[digit["component"]].setdefault(digit["column"], rest - low) != rest - low:
                return Counter()
            rest = low
        if rest:
            return Counter()
    tables = [
        [row for row in rows_of(component) if all(row[column] == want for column, want in wants.items())]
        for component, wants in zip(found["components"], wanted, strict=True)
    ]
    return Counter(tuple(place_of(access, rows) for access in found["accesses"]) for rows in itertools.product(*tables))


def place_of(access: dict[str, Any], rows: Sequence[Sequence[int]]) -> tuple[int, ...] | None:
    place = tuple(
        axis["offset"] + sum(rows[digit["component"]][digit["column"]] for digit in axis["digits"])
        for axis in access["axes"]
    )
    inside = all(0 <= at < axis["size"] for at, axis in zip(place, access["axes"], strict=True))
    return place if inside else None


def plain(payload: Any) -> Any:
    """As it comes out of JSON."""
    return json.loads(json.dumps(payload, allow_nan=False))


# --- relations --------------------------------------------------------------------------------------------------------

LINES: dict[str, tuple[str, dict[str, tuple[int, ...]], dict[str, Any]]] = {
    "strides, dilations, padding": (
        "y[m, p, q] += w[m, c, u, v] * x[c, 2*p + u - 1, q + 2*v - 2]",
        {"y": (2, 3, 3), "w": (2, 2, 3, 2), "x": (2, 5, 4)},
        {},
    ),
    "digits of groups": (
        "y[3*g + m, p] += w[3*g + m, c, u] * x[2*g + c, p + u] where g < 2, m < 3",
        {"y": (6, 3), "w": (6, 2, 2), "x": (4, 4)},
        {},
    ),
    "transposed": ("y[m, 2*p + u - 1] += w[c, m, u] * x[c, p]", {"y": (2, 6), "w": (2, 2, 3), "x": (2, 3)}, {}),
    "Toeplitz": ("y[i] += w[i - j + 4] * x[j]", {"y": (5,), "w": (9,), "x": (5,)}, {}),
    "guarded": ("y[t] += w[t, s] * x[s] where 0 <= t - s < 3", {"y": (5,), "w": (5, 5), "x": (5,)}, {}),
    "reflect": ("y[p] += w[u] * x[reflect(p + u - 2)]", {"y": (5,), "w": (5,), "x": (5,)}, {}),
    "a table with holes": (
        "y[p] += w[win[p, u]] where u < 2",
        {"y": (3,), "w": (4,)},
        {"win": [[0, 1], [1, -1], [2, 3]]},
    ),
    "digits of a shuffle": (
        "y[c, 2*p + u, 2*q + v] += x[4*c + 2*u + v, p, q] where u < 2, v < 2",
        {"y": (2, 4, 2), "x": (8, 2, 1)},
        {},
    ),
    "one step": ("y[m, p] += w[m, c, u] * x[c, p + u - 1]", {"y": (1, 1), "w": (1, 1, 3), "x": (1, 1)}, {}),
    "nothing at all": ("y[p] += w[p, u] * x[p + u]", {"y": (0,), "w": (0, 2), "x": (3,)}, {}),
}
LAZY = {
    "causal": ("y[m, t] += w[m, u] * x[t - u]", {"y": (2, 6), "w": (2, 6), "x": (6,)}),
    "a guard and steps": ("y[t] += w[u] * x[2*t - 3*u + 1] where 0 <= t - u < 4", {"y": (6,), "w": (4,), "x": (9,)}),
    "a shifted guard": ("y[t] += w[s] * x[s] where 1 <= t - s + 2 < 5", {"y": (6,), "w": (6,), "x": (6,)}),
    "a bounded output": ("y[2*p + u - 1] += w[u] * x[p]", {"y": (6,), "w": (4,), "x": (4,)}),
}


def agrees_everywhere(found: Relation) -> None:
    payload = plain(relation_payload(found))
    assert [access["shape"] for access in payload["accesses"]] == [list(shape) for shape in found.shapes]
    for number, shape in enumerate(found.shapes):
        for place in itertools.product(*map(range, shape)):
            assert fix(payload, number, place) == Counter(found.fix({number: place}).listed()), (number, place)


@pytest.mark.parametrize("name", LINES)
def test_every_fix_of_a_payload_is_the_relations(name: str) -> None:
    text, shapes, tables = LINES[name]
    agrees_everywhere(relation(text, shapes, {key: np.array(table) for key, table in tables.items()}))


@pytest.mark.parametrize("name", LAZY)
def test_every_fix_of_a_lazy_payload_is_the_relations(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text, shapes = LAZY[name]
    monkeypatch.setattr(core, "LIMIT", 8)
    found = relation(text, shapes)
    assert any("lazy" in component for component in relation_payload(found)["components"])
    agrees_everywhere(found)


def test_a_component_of_billions_of_rows_is_a_few_numbers() -> None:
    found = relation("y[t] += w[u] * x[t - u]", {"y": (65_536,), "w": (65_536,), "x": (65_536,)})
    (component,) = plain(relation_payload(found))["components"]
    assert component["lazy"]["sizes"] == [65_536, 65_536]
    assert len(json.dumps(component)) < 500


def test_what_a_page_cannot_hold_is_refused_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    wide = relation("y[p] += x[at[p]]", {"y": (2,), "x": (2**40,)}, {"at": np.array([0, 2**39])})
    with pytest.raises(RequestError, match="^relation: its tables hold numbers of more than 32 bits, which the page"):
        relation_payload(wide)
    monkeypatch.setattr(made, "MOST_NUMBERS", 7)
    with pytest.raises(RequestError, match="^relation: its tables hold 12 numbers, more than a page should$"):
        relation_payload(relation("y[p] += w[u] * x[p + u]", {"x": (3,), "w": (2,)}))
    monkeypatch.setattr(core, "LIMIT", 8)
    folded = relation("y[p, s] += w[u] * x[reflect(p + u - 1), s + u]", {"y": (4, 4), "w": (2,), "x": (4, 5)})
    with pytest.raises(RequestError, match="is no sum of loops, and its table is too large for a page$"):
        relation_payload(folded)


# --- layers of the examples -------------------------------------------------------------------------------------------


@cache
def opened(name: str) -> tuple[OpenedModel, Run]:
    model = open_model(f"example:{name}")
    return model, model.run()


def numbers(tensor: dict[str, Any]) -> np.ndarray[Any, Any]:
    array = np.frombuffer(base64.b64decode(tensor["data"], validate=True), f"<{tensor['dtype']}")
    return array.reshape(tensor["shape"])


LAYERS = [("stanford", 0), *(("lenet5", number) for number in range(7)), ("photos", 1), ("photos", 3)]


@pytest.mark.parametrize(("name", "number"), LAYERS)
def test_a_layer_says_its_own_values(name: str, number: int) -> None:
    """Relations and tensors of the payload alone give the framework's output at any neuron."""
    model, run = opened(name)
    found = plain(layer_payload(model.model, model.model.layers[number], run.values))
    y = numbers(found["tensors"]["y"])
    generator = np.random.default_rng(number)
    for neuron in {tuple(int(generator.integers(size)) for size in y.shape) for _ in range(4)}:
        summed, size = 0.0, 0.0
        for line in found["lines"]:
            names = [access["tensor"] for access in line["relation"]["accesses"]][1:]
            tensors = [numbers(found["tensors"][line["tensors"][key]]) for key in names]
            for tap, times in fix(line["relation"], 0, neuron).items():
                assert tap[0] == neuron
                factors = [0.0 if at is None else float(one[at]) for one, at in zip(tensors, tap[1:], strict=True)]
                summed += times * line["scale"] * float(np.prod(factors))
                size += abs(float(np.prod(factors)))
        assert abs(summed - y[neuron]) <= 1e-5 * max(size, 1e-3)


@pytest.mark.parametrize(("name", "number"), LAYERS)
def test_a_layer_without_its_batch_axis_has_the_relations_taps(name: str, number: int) -> None:
    model, run = opened(name)
    layer = model.model.layers[number]
    found = plain(layer_payload(model.model, layer, run.values))
    generator = np.random.default_rng(number)
    for line, told_line in zip(layer.lines, found["lines"], strict=True):
        payload = told_line["relation"]
        for access, shape in enumerate(line.relation.shapes):
            place = tuple(int(generator.integers(size)) for size in shape)
            taps = Counter(cut(line, tap) for tap in line.relation.fix({access: place}).listed())
            if sum(taps.values()) < 20_000:
                wanted = cut(line, tuple(place if k == access else None for k in range(len(line.relation.shapes))))
                assert fix(payload, access, wanted[access] or ()) == taps


def cut(line: Any, tap: Tap) -> Tap:
    found = []
    for access, place in zip(line.formula.accesses, tap, strict=True):
        axis = batch_axis(line, access)
        found.append(place if place is None or axis is None else (*place[:axis], *place[axis + 1 :]))
    return tuple(found)


@pytest.mark.parametrize(("name", "number"), LAYERS)
def test_the_identity_of_a_weight_is_the_pictures(name: str, number: int) -> None:
    model, run = opened(name)
    layer = model.model.layers[number]
    found = layer_payload(model.model, layer, run.values)["lines"][0]
    assert found["p"] == layer.weight_lines[0].parameter
    generator = np.random.default_rng(number)
    for level, axes in found["identity"].items():
        seen = scene(model.model, layer, run.values, level)
        for _ in range(5):
            place = tuple(int(generator.integers(size)) for size in seen.w.shape)
            assert seen.weight_identity(place) == f"{level}:{','.join(str(place[axis]) for axis in axes)}"


def test_the_first_screen_of_the_demo() -> None:
    model, run = opened("stanford")
    assert made.first_state(model.model) == {
        "layer": 0, "view": "start", "level": "weight", "i": [0, 0, 0], "j": [0, 0, 1], "w": "0:0,0,1,2",
    }  # fmt: skip
    assert letters_and_roles(model.model, model.model.layers[0]) == {
        "letters": {"y": ["m", "p", "q"], "x": ["c", "u", "v"], "w": ["m", "c", "u", "v"]},
        "roles": {"m": "filter", "p": "position", "q": "position", "c": "channel", "u": "tap", "v": "tap"},
    }


def test_inputs_stay_out_where_the_output_does_unless_the_page_is_alone() -> None:
    model, run = opened("stanford")
    for alone in (True, False):
        found = layer_payload(model.model, model.model.layers[0], run.values, 17, alone)["tensors"]
        assert [found["y"], found["w"]] == [None, None] and found["b"] is not None
        small = layer_payload(model.model, model.model.layers[0], run.values, 80, alone)["tensors"]
        assert small["x"] is not None and small["y"] is not None
    lenet, run = opened("lenet5")
    first = lenet.model.layers[0]
    assert layer_payload(lenet.model, first, run.values, 2000, alone=True)["tensors"]["x"] is not None
    assert layer_payload(lenet.model, first, run.values, 2000)["tensors"]["x"] is None


# --- tensors and text -------------------------------------------------------------------------------------------------


def test_a_tensor_is_not_rounded() -> None:
    small = np.array([[0.1, -2.5], [3.0, np.inf]], np.float32)
    assert np.array_equal(numbers(plain(tensor_payload(small))), small)
    wide = np.array([0.1, 2**24 + 1.0])
    found = plain(tensor_payload(wide))
    assert found["dtype"] == "f8" and np.array_equal(numbers(found), wide)
    assert plain(tensor_payload(np.array([3, -4], np.int64)))["dtype"] == "f4"


def test_a_tensor_that_is_too_large_stays_out() -> None:
    assert tensor_payload(np.zeros(262_145, np.float32)) is None
    assert tensor_payload(np.zeros(262_144, np.float32)) is not None
    assert tensor_payload(None) is None


def test_text_and_numbers_are_as_the_page_can_hold_them() -> None:
    assert told({"a\u202eb": [2**53 - 1, 2**53, -(2**70), float("inf"), None, True]}) == {
        "a<U+202E>b": [2**53 - 1, "9007199254740992", "-1180591620717411303424", None, None, True]
    }
    assert len(told("x" * 5000)) == 199


# --- what Python and TypeScript both read -----------------------------------------------------------------------------

VECTORS = json.loads((Path(__file__).parents[2] / "ui" / "test" / "vectors.json").read_text())


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"].partition(":")[0])
def test_the_vectors_of_the_page_hold_here(vector: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    payload = vector["payload"]
    for one in vector["fixes"]:
        taps = Counter(tuple(None if at is None else tuple(at) for at in tap) for tap in one["taps"])
        assert fix(payload, one["access"], one["place"]) == taps
        assert one["total"] == sum(taps.values())
    line = vector["name"].partition(": ")[2]
    if not re.search(r"\w\[\w+\[", line):  # the tables of the others stand in the payload alone
        monkeypatch.setattr(core, "LIMIT", 8 if any("lazy" in part for part in payload["components"]) else core.LIMIT)
        shapes = {access["tensor"]: tuple(access["shape"]) for access in payload["accesses"]}
        assert plain(relation_payload(relation(line, shapes))) == payload
