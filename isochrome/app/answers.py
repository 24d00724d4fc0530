"""The page's questions, by path: one row each. Every part of a path and of a query is checked before anything is asked."""

from __future__ import annotations

import json
import math
import re
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from math import prod
from threading import Lock, RLock
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qsl

from isochrome.app.api import OpenedModel, Run
from isochrome.app.payload import layer_payload, lines_of
from isochrome.app.pictures import Patient, picture_of, weight_line
from isochrome.ask.explain import explain
from isochrome.ask.reach import reach
from isochrome.ask.uses import uses
from isochrome.core.relation import Place
from isochrome.draw.identity import LEVELS
from isochrome.draw.picture import Picture
from isochrome.draw.scene import Scene, scene
from isochrome.draw.views import VIEWS
from isochrome.errors import IsochromeError, RequestError, shown
from isochrome.examples import find_example
from isochrome.model.parts import Layer, Model
from isochrome.model.places import main_line
from isochrome.model.values import Values
from isochrome.render import FORMATS
from isochrome.render.document import legend_record
from isochrome.render.svg import svg

__all__ = ["QUESTIONS", "Answers", "encode"]

KEPT_BYTES = 64 * 2**20
"""Answers are kept up to this size in all, the one asked for longest ago goes first."""
LONGEST_QUERY = 2000
MOST_TERMS = 200_000
MOST_LISTED = 10_000
LAYERS_A_RUN = 16
ELEMENTS_A_RUN = 2**24
_EXACT = 2**53
"""Whole numbers from here on are sent as text: the page's numbers would round them."""

Given = Mapping[str, Any]


class Answers:
    """The answers to what the page asks about one model on one input; fields and numbers are those of ``ask``.

    >>> from isochrome.app.api import open_model
    >>> opened = open_model("example:stanford")
    >>> answers = Answers(opened, opened.run())
    >>> answers.answer("uses/0", "w=0:0,0,1,2")["taps"]
    9
    """

    def __init__(self, opened: OpenedModel, run: Run) -> None:
        self.opened = opened
        self.what = run.values.what
        self.patient = Patient(run.values.runner)
        self.values: Values = replace(run.values, runner=self.patient)
        self._kept: OrderedDict[tuple[str, str], bytes] = OrderedDict()
        self._keeping = Lock()
        self._working = RLock()

    @property
    def model(self) -> Model:
        """The model as data."""
        return self.opened.model

    def answer(self, path: str, query: str = "") -> dict[str, Any]:
        """The answer to a path such as ``draw/0/connections/weight`` with a query such as ``i=0,0,0&j=0,0,1``.

        Raises RequestError where the path or a parameter is not one that can be answered.
        """
        name, *parts = path.split("/")
        row = QUESTIONS.get(name)
        if row is None or len(parts) != len(row.parts):
            forms = ", ".join("/".join((key, *map(str.upper, one.parts))) for key, one in QUESTIONS.items())
            raise RequestError(f"path {shown(path)}: must be one of {forms}")
        given = {key: _READERS[key](key, text) for key, text in zip(row.parts, parts, strict=True)}
        given |= _query(query, row.keys)
        if not row.works:
            return row.answer(self, given)
        with self._working:
            return row.answer(self, given)

    def encoded(self, path: str, query: str = "") -> bytes:
        """The same answer as JSON in UTF-8; kept, so that asking again costs nothing."""
        key = (path, query)
        with self._keeping:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        made = encode(self.answer(path, query))
        with self._keeping:
            self._kept[key] = made
            while len(self._kept) > 1 and sum(map(len, self._kept.values())) > KEPT_BYTES:
                self._kept.popitem(last=False)
        return made

    def layer(self, number: int) -> Layer:
        """The layer of a number in the report."""
        if number >= len(self.model.layers):
            raise RequestError(f"layer {number}: must be 0 to {len(self.model.layers) - 1}")
        return self.model.layers[number]

    def fetch(self, layer: Layer) -> None:
        """Have a layer's activations, and those of its neighbours where they are small: a run costs more than they do."""
        found: dict[str, None] = dict.fromkeys(self._tensors(layer))
        room = ELEMENTS_A_RUN - self._elements(found)
        begin = layer.number // LAYERS_A_RUN * LAYERS_A_RUN
        for one in islice(self.model.layers, begin, begin + LAYERS_A_RUN):
            more = [name for name in self._tensors(one) if name not in found]
            room -= self._elements(dict.fromkeys(more))
            if room < 0:
                break
            found |= dict.fromkeys(more)
        self.values.tensors(tuple(found))

    def _tensors(self, layer: Layer) -> list[str]:
        lines = lines_of(self.model, layer)
        names = [tensor for line in lines for _, tensor in (*line.inputs, *line.data)]
        names += [line.effective for line in lines if not line.as_stored]
        names += [line.output for line in lines if not line.inner]
        return [name for name in names if name in self.model.tensors]

    def _elements(self, names: Mapping[str, None]) -> int:
        shapes = (self.model.tensors[name].shape for name in names)
        return sum(prod(shape) for shape in shapes if shape is not None)

    @cached_property
    def _roles(self) -> tuple[dict[str, Any], ...]:
        return tuple(_letters_and_roles(self.model, layer) for layer in self.model.layers)


# --- questions ------------------------------------------------------------------------------------------------


def _model(answers: Answers, given: Given) -> dict[str, Any]:
    opened = answers.opened
    report = opened.report().to_dict() | {"model": opened.name}
    for number, layer in enumerate(report["layers"]):
        layer |= {"index": number, **answers._roles[number]}
    return {
        "name": opened.name,
        "title": find_example(opened.example).title if opened.example else opened.name,
        "report": report,
        "views": [{"name": view.name, "title": view.title} for view in VIEWS.values()],
        "levels": list(LEVELS),
        "input": {"what": answers.what},
        "first": _first(answers.model),
    }


def _layer(answers: Answers, given: Given) -> dict[str, Any]:
    layer = answers.layer(given["index"])
    answers.fetch(layer)
    views = [{"name": name, "reason": _unfit(answers, layer, name)} for name in VIEWS]
    head = {"index": layer.number, "name": layer.name, "views": views, "note": answers.patient.note}
    return head | layer_payload(answers.model, layer, answers.values)


def _draw(answers: Answers, given: Given) -> dict[str, Any]:
    layer = answers.layer(given["index"])
    answers.fetch(layer)
    seen = _scene(answers, layer, given)
    picture = picture_of(seen, given["view"])
    return {
        "svg": _svg(picture, given.get("for", "page")),
        "legend": legend_record(picture),
        "window": picture.window,
        "words": [*picture.notes, *([answers.patient.note] if answers.patient.note else [])],
        "table": {"head": list(picture.table.head), "rows": [list(row) for row in picture.table.rows]},
        "drawn": {
            **{name: list(place) for name, place in zip("ij", seen.neurons, strict=False)},
            "c": seen.channel,
            "m": seen.filter,
        },
    }


def _explain(answers: Answers, given: Given) -> dict[str, Any]:
    layer = answers.layer(given["index"])
    neuron = _needed(given, "i")
    answers.fetch(layer)
    terms = _scene(answers, layer, {"level": "weight", "i": neuron}).relation.fix({}).total
    del terms
    found = explain(answers.model, layer, neuron, answers.values)
    if found.total is None or any(term.w is None for term in found.terms):
        raise RequestError(f"{shown(layer.name)}: {found.note or 'its sum has products without a stored weight'}")
    return found.to_dict()


def _uses(answers: Answers, given: Given) -> dict[str, Any]:
    layer = answers.layer(given["index"])
    parameter, place = _needed(given, "w")
    line = weight_line(answers.model, layer, parameter, place)
    assert line is not None
    depends = any(one.depends for _, one in answers.model.users(line.parameter or 0))
    return uses(answers.model, line, place, given.get("limit", 1000), answers.values if depends else None).to_dict()


def _reach(answers: Answers, given: Given) -> dict[str, Any]:
    layer = answers.layer(given["index"])
    return reach(
        answers.model, layer, _needed(given, "i"), given.get("to", ""), bool(given.get("forward", 0))
    ).to_dict()
