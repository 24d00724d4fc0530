"""Questions and claims as the command line, the notebook and the page ask them: the answer, with the view that fits."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from isochrome.app.pictures import Patient
from isochrome.ask.answer import Answer
from isochrome.ask.network import first_able
from isochrome.ask.questions import QUESTIONS, ask, ask_model, find_question, unfit
from isochrome.ask.subject import Subject
from isochrome.draw.scene import scene
from isochrome.draw.views import VIEWS
from isochrome.errors import IsochromeError, RequestError
from isochrome.model.parts import Layer, Model
from isochrome.model.values import Values

if TYPE_CHECKING:
    from isochrome.app.api import OpenedLayer, OpenedModel

__all__ = ["Listed", "Listing", "answer", "listing", "named"]


@dataclass(frozen=True, slots=True)
class Listed:
    """One question of the list; ``unfit`` says why it makes no sense for the layer that was asked about."""

    number: int
    slug: str
    text: str
    unfit: str = ""


@dataclass(frozen=True, slots=True)
class Listing:
    """All questions in the order of the table, for a layer or for no one."""

    layer: str
    questions: tuple[Listed, ...]

    def to_dict(self) -> dict[str, Any]:
        """The list as JSON knows it."""
        rows = [{"number": one.number, "id": one.slug, "question": one.text, "unfit": one.unfit or None}
                for one in self.questions]  # fmt: skip
        return {"layer": self.layer or None, "questions": rows}


def listing(model: Model, layer: Layer | None, values: Values) -> Listing:
    """The questions, and for a layer which of them make no sense."""
    rows = []
    for number, question in enumerate(QUESTIONS.values(), 1):
        why = "" if layer is None else unfit(Subject(model, layer, values), question)
        rows.append(Listed(number, question.slug, question.text, why))
    return Listing("" if layer is None else layer.name, tuple(rows))


def answer(opened: OpenedModel, layer: Layer | None, question: str, values: Values) -> Answer:
    """The answer to a question about a layer, or about the whole model; ``view`` is the first that fits."""
    row, model = find_question(question), opened.model
    patient = Patient(values.runner)
    calm = replace(values, runner=patient)
    found = ask_model(model, row, calm) if layer is None else ask(model, layer, row, calm)
    if patient.note:
        note = patient.note.replace(model.name, opened.name)
        found = replace(found, check=replace(found.check, what=f"{found.check.what} ({note})"))
    return replace(found, view=_view(model, found, calm))


def _view(model: Model, found: Answer, values: Values) -> dict[str, Any]:
    """The view that shows an answer, of those that there are and that make sense for its layer; {} where none does.

    An answer about the whole model is seen in a view of the whole model.
    """
    if found.sight is None or not found.fits or not model.layers:
        return {}
    try:
        layer = model.layer(found.layer) if found.layer else first_able(model)
        seen = scene(model, layer, values)
    except IsochromeError:
        return {}
    for name in found.sight.views:
        view = VIEWS.get(name)
        if view is not None and (found.layer or view.whole) and not view.unfit(seen):
            level = {"colour": view.level} if view.level else {}
            return {**found.sight.to_dict(), "view": name, "layer": layer.number} | (level if view.whole else {})
    return {}


def named(opened: OpenedModel, first: str | None, second: str | None) -> tuple[OpenedModel | OpenedLayer, str | None]:
    """Who is asked, and the question, from one or two words: a single one is a layer where there is such a layer."""
    if first is None:
        return opened, None
    try:
        return opened[first], second
    except RequestError:
        if second is not None:
            raise
    try:
        find_question(first)
    except RequestError as fault:
        raise RequestError(f"{fault}; and no layer is called so") from None
    return opened, first
