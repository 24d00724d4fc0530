"""Answers that print themselves: in Python and in a notebook they read as on the command line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from html import escape
from typing import Any, TypeVar

from isochrome.app.asked_text import answer_text, claim_text, listing_text
from isochrome.app.asking import Listing
from isochrome.app.findings import compare_text, lint_text
from isochrome.app.text import Ink, explain_text, layer_text, reach_text, report_text, uses_text
from isochrome.app.text_gradient import gradient_text
from isochrome.ask.answer import Answer
from isochrome.ask.claim import ClaimAnswer
from isochrome.ask.explain import Explanation
from isochrome.ask.gradient import Gradient
from isochrome.ask.lint.compare import Comparison
from isochrome.ask.lint.report import Lint, LintOfMany
from isochrome.ask.reach import Reach
from isochrome.ask.report import LayerReport, Report
from isochrome.ask.uses import WeightUses

__all__ = ["html_of", "printed"]

Kind = TypeVar("Kind")


def printed(answer: Kind) -> Kind:
    """The same answer, with the command line's text as its own."""
    kind: Any = _KINDS[type(answer)][0]
    made: Kind = object.__new__(kind)
    for field in fields(answer):  # type: ignore[arg-type]  # every kind is a dataclass
        object.__setattr__(made, field.name, getattr(answer, field.name))
    return made


def html_of(answer: Any) -> str:
    """A printed answer as a notebook shows it: its text, in a fixed-width font.

    >>> from isochrome.app.api import open_model
    >>> html_of(open_model("example:stanford").report()).startswith("<pre")
    True
    """
    return f'<pre style="line-height:1.35;white-space:pre;overflow-x:auto">{escape(repr(answer))}</pre>'


class _Printing:
    __slots__ = ()

    def __repr__(self) -> str:
        words = next(words for kind, words in _KINDS.values() if isinstance(self, kind))
        return words(self, Ink()).rstrip("\n")

    def _repr_html_(self) -> str:
        return html_of(self)


class _Report(_Printing, Report):
    __slots__ = ()


class _LayerReport(_Printing, LayerReport):
    __slots__ = ()


class _Explanation(_Printing, Explanation):
    __slots__ = ()


class _Gradient(_Printing, Gradient):
    __slots__ = ()


class _WeightUses(_Printing, WeightUses):
    __slots__ = ()


class _Reach(_Printing, Reach):
    __slots__ = ()


class _Lint(_Printing, Lint):
    __slots__ = ()


class _Comparison(_Printing, Comparison):
    __slots__ = ()


class _Answer(_Printing, Answer):
    __slots__ = ()


class _ClaimAnswer(_Printing, ClaimAnswer):
    __slots__ = ()


class _Listing(_Printing, Listing):
    __slots__ = ()


def _lint_text(found: Lint, ink: Ink) -> str:
    return lint_text(LintOfMany((found,)), ink)


_KINDS: Mapping[type, tuple[type, Callable[[Any, Ink], str]]] = {
    Report: (_Report, report_text),
    LayerReport: (_LayerReport, layer_text),
    Explanation: (_Explanation, explain_text),
    Gradient: (_Gradient, gradient_text),
    WeightUses: (_WeightUses, uses_text),
    Reach: (_Reach, reach_text),
    Lint: (_Lint, _lint_text),
    Comparison: (_Comparison, compare_text),
    Answer: (_Answer, lambda found, ink: answer_text(found, ink, "MODEL")),
    ClaimAnswer: (_ClaimAnswer, claim_text),
    Listing: (_Listing, listing_text),
}
