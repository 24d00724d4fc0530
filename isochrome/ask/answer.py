"""What a question is and what it gives: a statement, its numbers, the check that was run, the view that shows it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from isochrome.ask.subject import Subject
from isochrome.core.relation import Place
from isochrome.model.parts import Model
from isochrome.model.values import Values

__all__ = ["Answer", "Check", "Question", "Sight"]


@dataclass(frozen=True, slots=True)
class Check:
    """What was compared with what, what came out, and whether it agrees; ``holds`` is None where nothing was run."""

    what: str
    measured: Mapping[str, Any]
    holds: bool | None


@dataclass(frozen=True, slots=True)
class Sight:
    """Where an answer is seen: views in the order of preference, and what is selected in them.

    ``weight`` is a place of the layer's first weight; ``colour`` is the level that colour means.
    """

    views: tuple[str, ...]
    colour: str = "weight"
    neurons: tuple[Place, ...] = ()
    weight: Place | None = None

    def to_dict(self) -> dict[str, Any]:
        """The selection as JSON knows it, with the view that is preferred."""
        found: dict[str, Any] = {"view": self.views[0], "colour": self.colour}
        if self.neurons:
            found["neurons"] = [list(place) for place in self.neurons]
        if self.weight is not None:
            found["weight"] = list(self.weight)
        return found


@dataclass(frozen=True, slots=True)
class Answer:
    """One question answered. ``verdict`` is None where the question is none of yes or no.

    ``fits`` is False where the question makes no sense for the layer: the answer says why. ``layer`` is '' where the
    whole model was asked; ``layers`` are then those that the answer names, by which to go on.
    """

    text: str
    numbers: Mapping[str, Any]
    check: Check
    sight: Sight | None = None
    verdict: bool | None = None
    fits: bool = True
    question: str = ""
    layer: str = ""
    layers: tuple[str, ...] = ()
    view: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The answer as JSON knows it."""
        return {
            "question": self.question,
            "layer": self.layer or None,
            "answer": self.text,
            "verdict": self.verdict,
            "numbers": dict(self.numbers),
            "check": {"what": self.check.what, "measured": dict(self.check.measured), "holds": self.check.holds},
            "view": dict(self.view),
        }


@dataclass(frozen=True, slots=True)
class Question:
    """One row of the table: a short id, the question as people ask it, why it makes no sense for a layer ('' where it
    does), and the function that answers it. ``whole`` answers it for all layers of a model together."""

    slug: str
    text: str
    unfit: Callable[[Subject], str]
    answer: Callable[[Subject], Answer]
    whole: Callable[[Model, Values], Answer] | None = None
