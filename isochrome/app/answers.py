"""The page's questions, by path: one row each. Every part of a path and of a query is checked before it is used."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from math import prod
from threading import Lock
from types import MappingProxyType
from typing import Any

from isochrome.app.api import OpenedModel, Run
from isochrome.app.given import FORMS, READERS, Given, needed, read_query
from isochrome.app.made import makers_table
from isochrome.app.once import Once
from isochrome.app.panel import answer_record, claim_record, claims_record, questions_record, whole_questions
from isochrome.app.payload import MOST_ELEMENTS, first_state, layer_payload, letters_and_roles, told
from isochrome.app.pictures import Patient, lines_of, picture_of, tensors_of, weight_line
from isochrome.app.playground import playground_record
from isochrome.ask.explain import explain
from isochrome.ask.maker import makers
from isochrome.ask.network import network
from isochrome.ask.reach import reach
from isochrome.ask.uses import uses
from isochrome.draw.identity import LEVELS
from isochrome.draw.layout import figure
from isochrome.draw.lit import lit
from isochrome.draw.picture import Picture
from isochrome.draw.scene import Scene, scene
from isochrome.draw.selection import checked
from isochrome.draw.views import VIEWS
from isochrome.draw.views.network_plan import foldable
from isochrome.errors import IsochromeError, RequestError, shown
from isochrome.examples import example_record, find_example
from isochrome.model.edited import changeable, edited, edits_words, read_edits, stored_numbers
from isochrome.model.parts import Layer, Line, Model
from isochrome.model.places import full_place, main_line
from isochrome.model.typed import TypedModel
from isochrome.model.values import Values
from isochrome.render.document import legend_record
from isochrome.render.svg import svg
from isochrome.run.inputs import takes_image

__all__ = ["QUESTIONS", "Answers", "encode"]

KEPT_BYTES = 64 * 2**20
"""Answers are kept up to this size in all; the one not asked for longest goes first."""
LONGEST_ANSWER = 20_000
MOST_TERMS = 200_000
KEPT_EDITED = 4
LAYERS_A_RUN, ELEMENTS_A_RUN = 16, 2**24


class Answers:
    """The answers to what the page asks about one model on one input; fields and numbers are those of ``ask``.

    ``limit`` is how many elements a tensor may have to be given whole; ``alone``: the page will have no one to ask.

    >>> from isochrome.app.api import open_model
    >>> opened = open_model("example:stanford")
    >>> Answers(opened, opened.run()).answer("uses/0", "w=0:0,0,1,2")["taps"]
    9
    """

    def __init__(self, opened: OpenedModel, run: Run, limit: int = MOST_ELEMENTS, alone: bool = False) -> None:
        lines = [line for layer in opened.model.layers for line in layer.lines]
        if lines and not any(line.weight for line in lines):
            raise RequestError(f"{opened.name}: must have a weight to be explored. `isochrome draw window` shows it.")
        self.opened, self.limit, self.alone, self.first_run = opened, limit, alone, run
        self.model: Model = opened.model
        self.patient = Patient(run.values.runner)
        self.values: Values = replace(run.values, runner=self.patient)
        self._kept: OrderedDict[tuple[str, str], bytes] = OrderedDict()
        self._keeping = Lock()
        self._making = Once[bytes]()
        self.edit, self.said = "", ""
        self.stored: Mapping[str, float] = {}
        self._changed: OrderedDict[str, Answers] = OrderedDict()
        self._edited = Once[Answers]()

    @property
    def note(self) -> str:
        """Why activations are missing, '' where none are; without the folder that the model lies in."""
        return self.patient.note.replace(self.model.name, self.opened.name)

    def answer(self, path: str, query: str = "") -> Any:
        """The answer to a path such as ``draw/0/connections/weight`` with a query such as ``i=0,0,0&j=0,0,1``.

        Raises RequestError where the path or a parameter is not one that can be answered.
        """
        name, *parts = path.split("/")
        row = QUESTIONS.get(name)
        if row is None or len(parts) != len(row.parts):
            forms = ", ".join("/".join((key, *map(str.upper, one.parts))) for key, one in QUESTIONS.items())
            raise RequestError(f"path {shown(path)}: must be one of {forms}")
        given = {key: READERS[key](key, text) for key, text in zip(row.parts, parts, strict=True)}
        given |= read_query(query, row.keys)
        return row.answer(self.edited(given["edit"]) if given.get("edit") else self, given)

    def edited(self, text: str) -> Answers:
        """The answers about the same model with other numbers, see ``read_edits``; the last few are kept."""
        return self._edited(text, lambda: self._known_edited(text) or self._made_edited(text))

    def _known_edited(self, text: str) -> Answers | None:
        with self._keeping:
            if text in self._changed:
                self._changed.move_to_end(text)
            return self._changed.get(text)

    def _made_edited(self, text: str) -> Answers:
        edits = read_edits(self.model, text)
        changed = replace(self.first_run, values=edited(self.values, edits))
        made = Answers(self.opened, changed, self.limit, self.alone)
        made.edit, made.stored = text, stored_numbers(self.values, edits)
        made.said = edits_words(self.values, edits)
        with self._keeping:
            self._changed[text] = made
            while len(self._changed) > KEPT_EDITED:
                self._changed.popitem(last=False)
        return made

    def encoded(self, path: str, query: str = "") -> bytes:
        """The same answer as JSON in UTF-8; kept, so that asking again costs nothing.

        Threads may ask at once: different answers are made side by side, the same one is made once.
        """
        key = (path, query)
        return self._known(key) or self._making(key, lambda: self._known(key) or self._made(key))

    def _known(self, key: tuple[str, str]) -> bytes:
        with self._keeping:
            if key not in self._kept:
                return b""
            self._kept.move_to_end(key)
            return self._kept[key]

    def _made(self, key: tuple[str, str]) -> bytes:
        made = encode(self.answer(*key))
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

    def run(self, layer: Layer) -> Layer:
        """A layer with its activations there; its neighbours' come along, since to start a run costs more."""
        found = dict.fromkeys(tensors_of(self.model, layer))
        room = ELEMENTS_A_RUN - self._elements(found)
        begin = layer.number // LAYERS_A_RUN * LAYERS_A_RUN
        for one in islice(self.model.layers, begin, begin + LAYERS_A_RUN):
            more = dict.fromkeys(name for name in tensors_of(self.model, one) if name not in found)
            room -= self._elements(more)
            found |= more if room >= 0 else {}
        self.values.tensors(tuple(found))
        return layer

    def _elements(self, names: Mapping[str, None]) -> int:
        shapes = (self.model.tensors[name].shape for name in names if name in self.model.tensors)
        return sum(prod(shape) for shape in shapes if shape is not None)


# --- answers --------------------------------------------------------------------------------------------------


def _model(answers: Answers, given: Given) -> Any:
    opened, model = answers.opened, answers.model
    typed = isinstance(opened.file, TypedModel)
    report = opened.report().to_dict() | {"model": opened.name}
    for layer, record in zip(model.layers, report["layers"], strict=True):
        record |= {"index": layer.number, **letters_and_roles(model, layer)}
    found = {
        "name": opened.name,
        "title": _title(opened),
        "report": report,
        "views": [
            {"name": view.name, "title": view.title, "whole": view.whole, "level": view.level, "narrow": view.narrow}
            for view in VIEWS.values()
        ],
        "levels": list(LEVELS),
        "foldable": bool(model.layers) and foldable(network(model)),
        "input": {"what": answers.values.what, "image": takes_image(model) and not typed},
        "samples": list(example_record(opened.example)["inputs"]) if opened.example else [],
        "playground": playground_record(model.layers[0].lines[0]) if typed else None,
        "first": first_state(model),
        "questions": whole_questions(),
    }
    return told(found)


def _title(opened: OpenedModel) -> str:
    if isinstance(opened.file, TypedModel):
        return "A typed formula"
    return find_example(opened.example).title if opened.example else opened.name


def _layer(answers: Answers, given: Given) -> Any:
    layer = answers.run(answers.layer(given["index"]))
    views = [{"name": name, "reason": reason} for name, reason in _reasons(answers, layer).items()]
    payload = layer_payload(answers.model, layer, answers.values, answers.limit, answers.alone)
    for line in payload["lines"]:
        line["parameter"] = told(line["parameter"])
    changes = {"edit": answers.edit, "stored": dict(answers.stored), "changeable": changeable(answers.model, layer)}
    about = {"index": layer.number, "name": layer.name, "views": views, "note": answers.note, "said": answers.said}
    return told(about) | changes | payload


def _draw(answers: Answers, given: Given) -> Any:
    seen = _scene(answers, answers.run(answers.layer(given["index"])), given)
    picture = lit(picture_of(seen, given["view"]), seen)
    told_too = tuple(words for words in (answers.said, answers.note) if words)
    picture = replace(picture, notes=(*picture.notes, *told_too))
    pins: dict[str, Any] = {name: list(place) for name, place in zip("ij", seen.neurons, strict=False)}
    if VIEWS[given["view"]].chosen:
        pins["w"] = "" if seen.weight is None else f"{seen.line.parameter}:{','.join(map(str, seen.weight))}"
    return {
        "svg": _DRAWINGS[given.get("for", "page")](picture),
        "legend": legend_record(picture),
        "subtitle": picture.subtitle,
        "window": picture.window,
        "words": list(picture.notes),
        "table": {"head": list(picture.table.head), "rows": [list(row) for row in picture.table.rows]},
        "drawn": {**pins, "c": seen.channel, "m": seen.filter},
    }


def _explain(answers: Answers, given: Given) -> Any:
    layer, neuron = answers.run(answers.layer(given["index"])), needed(given, "i")
    line = main_line(layer)
    place = full_place(line, line.formula.output, neuron, f"neuron of {shown(layer.name)}")
    beside = (one for one in lines_of(answers.model, layer) if one.output == line.output)
    terms = sum(answers.values.relation_of(one).fix({0: place}).total for one in beside)
    if terms > MOST_TERMS:
        raise RequestError(f"neuron: must have at most {MOST_TERMS:,} connections to be shown here; has {terms:,}")
    found = explain(answers.model, layer, neuron, answers.values).to_dict()
    missing = answers.note if found["total"] is None else ""
    return told(found | {"note": found["note"] or missing or None})


def _uses(answers: Answers, given: Given) -> Any:
    layer = answers.layer(given["index"])
    parameter, place = needed(given, "w")
    line = weight_line(answers.model, layer, parameter, place)
    assert line is not None and line.parameter is not None
    depends = any(one.depends for _, one in answers.model.users(line.parameter))
    values = answers.values if depends else None
    return told(uses(answers.model, line, place, given.get("limit", 1000), values).to_dict())


def _makers(answers: Answers, given: Given) -> Any:
    layer = answers.layer(given["index"])
    if answers.alone and "x" not in given:
        return told(makers_table(answers.model, layer))
    return told({"makers": [one.to_dict() for one in makers(answers.model, layer, needed(given, "x"))]})


def _reach(answers: Answers, given: Given) -> Any:
    layer = answers.layer(given["index"])
    found = reach(answers.model, layer, needed(given, "i"), given.get("to", ""), given.get("forward", False))
    return told(found.to_dict())


def _questions(answers: Answers, given: Given) -> Any:
    return told(questions_record(answers.model, answers.layer(given["index"]), answers.first_run.values))


def _ask(answers: Answers, given: Given) -> Any:
    layer = None if given["about"] is None else answers.layer(given["about"])
    return told(answer_record(answers.opened, layer, given["question"], answers.first_run.values), LONGEST_ANSWER)


def _claims(answers: Answers, given: Given) -> Any:
    return told(claims_record(answers.model, answers.layer(given["index"]), answers.first_run.values), LONGEST_ANSWER)


def _claim(answers: Answers, given: Given) -> Any:
    about = (answers.model, answers.layer(given["index"]), needed(given, "text"), answers.first_run.values)
    return told(claim_record(*about), LONGEST_ANSWER)


# --- parts of answers -----------------------------------------------------------------------------------------


def _reasons(answers: Answers, layer: Layer) -> dict[str, str]:
    """Why each view makes no sense for a layer; '' where it does."""
    try:
        seen = scene(answers.model, layer, answers.values)
    except IsochromeError as fault:
        return dict.fromkeys(VIEWS, str(fault))
    return {name: view.refusal(seen) for name, view in VIEWS.items()}


def _scene(answers: Answers, layer: Layer, given: Given) -> Scene:
    if "j" in given and "i" not in given:
        raise RequestError("j: must come with i")
    pins = tuple(given[name] for name in "ij" if name in given)
    parameter, place = given.get("w", ("", None))
    line: Line | None = weight_line(answers.model, layer, parameter, place)
    if line is not None and line.is_bias:
        line, place = None, None
    seen = scene(
        answers.model, layer, answers.values, given["level"], pins, line, place, given.get("m"), given.get("c", 0),
        many=given.get("many", False),
    )  # fmt: skip
    window, last = given.get("window", ()), "order" in given
    selected = checked(seen, given["s"]) if "s" in given else None
    seen = replace(seen, window=window, channel_last=last, selected=selected)
    return replace(seen, fold=given.get("fold", True), room=given.get("room", 0))


def _page_svg(picture: Picture) -> str:
    return svg(picture, style=False).decode()


def _file_svg(picture: Picture) -> str:
    return svg(figure(picture)).decode()


_DRAWINGS: Mapping[str, Callable[[Picture], str]] = dict(zip(FORMS, (_page_svg, _file_svg), strict=True))


def encode(answer: Any) -> bytes:
    """An answer as compact JSON; ASCII only, so that no text in it can be cut or misread."""
    return json.dumps(answer, ensure_ascii=True, allow_nan=False, separators=(",", ":")).encode()


_DRAWING = ("i", "j", "w", "s", "c", "m", "window", "order", "fold", "many", "room", "edit", "for")


@dataclass(frozen=True, slots=True)
class Question:
    """One row: the parts of its path, the keys of its query, and the function that answers."""

    parts: tuple[str, ...]
    keys: tuple[str, ...]
    answer: Callable[[Answers, Given], Any]


QUESTIONS: Mapping[str, Question] = MappingProxyType(
    {
        "model": Question((), (), _model),
        "layer": Question(("index",), ("edit",), _layer),
        "draw": Question(("index", "view", "level"), _DRAWING, _draw),
        "explain": Question(("index",), ("i", "edit"), _explain),
        "uses": Question(("index",), ("w", "limit"), _uses),
        "makers": Question(("index",), ("x",), _makers),
        "reach": Question(("index",), ("i", "to", "forward"), _reach),
        "questions": Question(("index",), (), _questions),
        "ask": Question(("about", "question"), (), _ask),
        "claims": Question(("index",), (), _claims),
        "claim": Question(("index",), ("text",), _claim),
    }
)
"""What can be asked, by the first part of its path."""
