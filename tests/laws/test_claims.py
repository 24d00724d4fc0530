"""Claims in words about generated layers: the verdict and the witness against every connection, listed by hand."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st

from isochrome.ask.claim import ClaimAnswer, claim
from isochrome.core.formula import parse
from isochrome.core.sizes import sizes_and_shapes
from isochrome.errors import RequestError
from isochrome.model.typed import TypedModel, typed_model
from isochrome.model.values import Values
from tests.laws.brute import assignments, index_of

Place = tuple[int, ...]


@dataclass(frozen=True)
class Layer:
    """A typed line with what its loops count, told by hand."""

    text: str
    kinds: Mapping[str, str]
    shapes: Mapping[str, str]
    tables: Mapping[str, Any] | None = None


LAYERS = (
    Layer("y[m, p] += w[m, c, u] * x[c, p + u]", {"filter": "m", "block": "p", "channel": "c", "tap": "u"},
          {"w": "mcu", "x": "c9"}),
    Layer("y[m, p] += w[m, c, u] * x[c, 2*p + u - 1]", {"filter": "m", "block": "p", "channel": "c", "tap": "u"},
          {"w": "mcu", "x": "c9"}),
    Layer("y[m, p] += w[m, p, c, u] * x[c, p + u]", {"filter": "m", "block": "p", "channel": "c", "tap": "u"},
          {"w": "m2c2", "x": "c9"}),
    Layer("y[m, p, q] += w[c, u] * x[c, p + u, q] where m < 3", {"block": "mpq", "channel": "c", "tap": "u"},
          {"w": "cu", "x": "c57"}),
    Layer("y[g, p] += w[g, u] * x[g, p + u]", {"filter": "g", "block": "p", "channel": "g", "tap": "u", "group": "g"},
          {"w": "gu", "x": "g8"}),
    Layer("y[2*g + m, p] += w[2*g + m, c, u] * x[3*g + c, p + u] where g < 2, m < 2, c < 3",
          {"filter": "gm", "block": "p", "channel": "gc", "tap": "u", "group": "g"}, {"w": "43u", "x": "68"}),
    Layer("y[i] += w[i - j + 4] * x[j] where i < 5", {}, {"w": "9", "x": "5"}),
    Layer("y[m, p] += w[of[m], u] * x[p + u] where m < 4", {"filter": "m", "block": "p", "tap": "u"},
          {"w": "3u", "x": "8"}, {"of": [0, 2, 0, 1]}),
    Layer("y[t, o] += w[o, i] * x[t, i]", {"filter": "o", "block": "t", "channel": "i"}, {"w": "oi", "x": "ti"}),
)  # fmt: skip
WORDS = {"filter": "filter", "block": "block", "channel": "channel", "tap": "tap", "group": "group"}
MARKS = ("neuron", "connection", "input")


@st.composite
def layers(draw: st.DrawFn) -> tuple[Layer, dict[str, Place]]:
    layer = draw(st.sampled_from(LAYERS))
    sizes = {letter: draw(st.integers(1, 3)) for letter in "mcgoiut"}
    shapes = {name: tuple(sizes[c] if c in sizes else int(c) for c in text) for name, text in layer.shapes.items()}
    return layer, shapes


@st.composite
def sentences(draw: st.DrawFn, layer: Layer) -> tuple[str, str, tuple[str, ...], tuple[str, ...], str]:
    """A claim in words, and its form, marks, match and object."""
    kinds = sorted(layer.kinds)
    mark = draw(st.sampled_from([*MARKS, *kinds]))
    form = draw(st.sampled_from(["same", "share", "different", "one"]))
    if form == "one":
        thing = draw(st.sampled_from(["weight", *kinds]))
        return f"one colour in a {mark} means one {thing}", form, (mark,), (), thing
    match = tuple(draw(st.lists(st.sampled_from(kinds), max_size=2, unique=True))) if kinds else ()
    match = tuple(kind for kind in match if kind != mark)
    verb = {"same": "use the same weights", "share": "share weights", "different": "use different weights"}[form]
    if not match:
        return f"{mark}s {verb}", form, (mark,), (), "weight"
    joined = f"that match in {' and '.join(match)}" if len(match) > 1 else f"of one {match[0]}"
    return f"{mark}s {joined} {verb}", "same" if form == "share" else form, (mark,), match, "weight"


def taps(layer: Layer, shapes: Mapping[str, Place]) -> Iterator[dict[str, Any]]:
    """Every connection as its loops and places; padding is None, as a place of its own where it lies."""
    formula = parse(layer.text)
    tables = {name: {(at,): value for at, value in enumerate(table)} for name, table in (layer.tables or {}).items()}
    arrays = {name: np.array(table) for name, table in (layer.tables or {}).items()}
    sizes, known = sizes_and_shapes(formula, shapes, arrays)
    for loops in assignments(sizes):
        places = {
            access.name: tuple(
                index_of(index, size, loops, tables)
                for index, size in zip(access.indices, known[access.name], strict=True)
            )
            for access in formula.accesses
        }
        if all(0 <= at < size for at, size in zip(places["y"], known["y"], strict=True)):
            yield {"loops": loops, **places}


def key(layer: Layer, kinds: tuple[str, ...], tap: dict[str, Any]) -> Any:
    found: list[Any] = []
    for kind in kinds:
        if kind == "neuron":
            found.append(tap["y"])
        elif kind == "input":
            found.append(tap["x"])
        elif kind == "weight":
            found.append(tap["w"])
        elif kind == "connection":
            found.append(tuple(tap["loops"].items()))
        else:
            found.append(tuple(tap["loops"][loop] for loop in layer.kinds[kind]))
    return tuple(found)


def pair_holds(form: str, one: set[Any], other: set[Any]) -> bool:
    return one == other if form == "same" else bool(one & other) if form == "share" else not one & other


@given(st.data())
def test_verdict_and_witness(data: st.DataObject) -> None:
    layer, shapes = data.draw(layers())
    text, form, marks, match, thing = data.draw(sentences(layer))
    every = list(taps(layer, shapes))
    assume(every)
    things: dict[Any, set[Any]] = defaultdict(set)
    groups: dict[Any, set[Any]] = defaultdict(set)
    for tap in every:
        mark = key(layer, (*marks, *match), tap)
        things[mark].add(key(layer, (thing,), tap))
        groups[key(layer, match, tap)].add(mark)
    pairs = [pair for group in groups.values() for pair in combinations(sorted(group), 2)]
    try:
        found = judged(layer, shapes, text)
    except RequestError as fault:
        assert "there must be two" in str(fault) and not pairs and form != "one", (text, str(fault))
        return
    if form == "one":
        wanted = all(len(held) == 1 for held in things.values())
    else:
        assert pairs
        wanted = all(pair_holds(form, things[one], things[other]) for one, other in pairs)
    assert found.verdict == wanted, (layer.text, shapes, text, found)
    assert (found.witness is None) == wanted
    if found.witness is not None:
        check_witness(layer, every, found, form, (*marks, *match), match, thing, things)


def judged(layer: Layer, shapes: Mapping[str, Place], text: str) -> ClaimAnswer:
    made: TypedModel = typed_model(layer.text, shapes, {name: np.array(t) for name, t in (layer.tables or {}).items()})
    return claim(made.model, made.model.layers[0], text, Values(made.model, made, made))


def check_witness(
    layer: Layer, every: list[dict[str, Any]], found: ClaimAnswer, form: str, marks: tuple[str, ...],
    match: tuple[str, ...], thing: str, things: Mapping[Any, set[Any]],
) -> None:  # fmt: skip
    """The two connections are there, and some taps at their places refute the claim."""
    assert found.witness is not None
    first, second = ([tap for tap in every if is_told(tap, told)] for told in found.witness["connections"])
    assert first and second
    for one in first:
        for other in second:
            a, b = (key(layer, marks, tap) for tap in (one, other))
            if key(layer, match, one) != key(layer, match, other):
                continue
            if form == "one":
                if a == b and key(layer, (thing,), one) != key(layer, (thing,), other):
                    return
            elif a != b and not pair_holds(form, things[a], things[b]):
                assert form != "same" or one["w"] != other["w"]
                assert form != "different" or one["w"] == other["w"]
                return
    raise AssertionError((layer.text, found))


def is_told(tap: dict[str, Any], told: Mapping[str, Any]) -> bool:
    same = tuple(told["y"].values()) == tap["y"] and tuple(told["w"].values()) == tap["w"]
    return same and (told["x"] is None or tuple(told["x"].values()) == tap["x"])
