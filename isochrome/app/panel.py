"""The page's Ask panel: questions and claims as the command line answers them, each with the state that shows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from isochrome.app.asking import answer, listing
from isochrome.ask.claim import ClaimAnswer, claim
from isochrome.ask.misleading import usual_claims
from isochrome.ask.questions import QUESTIONS
from isochrome.ask.subject import Subject
from isochrome.ask.whole import of_all
from isochrome.ask.words import cells
from isochrome.errors import RequestError
from isochrome.model.parts import Layer, Model
from isochrome.model.values import Values

if TYPE_CHECKING:
    from isochrome.app.api import OpenedModel

__all__ = ["answer_record", "claim_record", "claims_record", "questions_record", "whole_questions"]

MOST_NAMED = 12


def questions_record(model: Model, layer: Layer, values: Values) -> dict[str, Any]:
    """The questions, those first that make sense for a layer; the others say why they do not."""
    found = listing(model, layer, values).to_dict()
    rows = [one for one in found["questions"] if QUESTIONS[one["id"]].unfit is not of_all]
    return found | {"questions": sorted(rows, key=lambda one: one["unfit"] is not None)}


def whole_questions() -> list[dict[str, Any]]:
    """The questions that are answered for all layers of a model together."""
    rows = enumerate(QUESTIONS.values(), 1)
    return [{"number": number, "id": row.slug, "question": row.text} for number, row in rows if row.whole is not None]


def answer_record(opened: OpenedModel, layer: Layer | None, question: str, values: Values) -> dict[str, Any]:
    """An answer, and the page's state that shows it; {} where no view does. ``layers`` are those that an answer about
    the whole model names."""
    found = answer(opened, layer, question, values)
    named = [{"index": opened.model.layer(name).number, "name": name} for name in found.layers[:MOST_NAMED]]
    return found.to_dict() | {"fits": found.fits, "state": _state(opened.model, found.view), "layers": named}


def _state(model: Model, view: Mapping[str, Any]) -> dict[str, Any]:
    if not view:
        return {}
    layer = model.layers[view["layer"]]
    state = {"layer": layer.number, "view": view["view"], "level": view["colour"]}
    state |= dict(zip("ij", view.get("neurons", ()), strict=False))
    if "weight" in view:
        state["w"] = f"{layer.weight_lines[0].parameter}:{cells(view['weight'])}"
    return state


def claims_record(model: Model, layer: Layer, values: Values) -> dict[str, Any]:
    """What pictures of a layer are usually read to say, each decided for it; what was listed to check them once."""
    found = usual_claims(Subject(model, layer, values)) if layer.weight_lines else ()
    claims = [one.to_dict() | {"because": one.because.removesuffix(one.checked).strip()} for one in found]
    return {"claims": claims, "checked": " ".join(dict.fromkeys(one.checked for one in found))}


def claim_record(model: Model, layer: Layer, text: str, values: Values) -> dict[str, Any]:
    """A claim decided, and the state that shows its witness; ``verdict`` is None, and ``because`` says why, where it
    cannot be read or speaks of what the layer does not have."""
    try:
        found = claim(model, layer, text, values)
    except RequestError as fault:
        return {"claim": text, "verdict": None, "because": str(fault), "witness": None, "state": {}}
    return found.to_dict() | {"state": _witness(model, layer, found)}


def _witness(model: Model, layer: Layer, found: ClaimAnswer) -> dict[str, Any]:
    taps: Sequence[Mapping[str, Any]] = (found.witness or {}).get("connections", ())
    if not taps:
        return {}
    neurons = dict.fromkeys(tuple(tap["y"].values()) for tap in taps)
    state: dict[str, Any] = {"layer": layer.number, **dict(zip("ij", map(list, neurons), strict=False))}
    numbers = {name: number for number, one in enumerate(model.parameters) for name in one.names}
    if taps[0].get("parameter") in numbers:
        state["w"] = f"{numbers[taps[0]['parameter']]}:{cells(taps[0]['w'].values())}"
    return state
