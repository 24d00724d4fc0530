"""Is this picture misleading? What a colour on each kind of mark can and cannot mean, as claims about the layer."""

from __future__ import annotations

from isochrome.ask.answer import Answer, Check, Sight
from isochrome.ask.claim import ClaimAnswer, claim
from isochrome.ask.subject import Subject
from isochrome.errors import RequestError

__all__ = ["misleading", "misleading_unfit", "usual_claims"]

CLAIMS = (
    "neurons of one depth slice use the same weights",
    "neurons of one column use the same weights",
    "blocks i and j share weights",
    "one colour in a filter means one weight",
    "a colour on a neuron is a weight",
    "a colour on an edge is a weight",
    "filters share weights",
    "channels share weights",
)
"""What pictures are read to say; the first three need several positions."""


def misleading_unfit(subject: Subject) -> str:
    """There must be weights to be coloured."""
    return "" if subject.line.weight else "it has no weights"


def usual_claims(subject: Subject) -> tuple[ClaimAnswer, ...]:
    """What pictures are usually read to say of a layer, each decided for it; what it has no marks for is left out."""
    found = []
    for text in CLAIMS[3 * (subject.size(subject.positions) < 2) :]:
        try:
            found.append(claim(subject.model, subject.layer, text, subject.values))
        except RequestError:  # the layer has no such marks, or one alone
            continue
    return tuple(found)


def misleading(subject: Subject) -> Answer:
    """Every usual claim of a coloured picture, with its verdict for this layer."""
    found = {one.claim: one for one in usual_claims(subject)}
    true = [text for text, one in found.items() if one.verdict]
    false = [text for text, one in found.items() if not one.verdict]
    weights = subject.all_weights_of(subject.centre)
    text = "A coloured picture claims that marks of one colour are the same thing. "
    text += f"Of {subject.name} a picture may say: {'; '.join(true)}. " if true else ""
    text += f"It may not say: {'; '.join(false)}. " if false else ""
    if weights > 1:
        text += (
            f"So a colour on a neuron can only mean the set of its {weights:,} weights, and says nothing about the "
            "weights inside. "
        )
    text += "`isochrome claim` tells it of any other sentence."
    listed = sum(one.listed for one in found.values())
    check = Check(
        "each claim decided from the formula and again by listing the connections of a small twin",
        {"claims": len(found), "connections_listed": listed, **{text: one.verdict for text, one in found.items()}},
        all(one.listed for one in found.values()),
    )
    neurons = (subject.centre, subject.beside(subject.centre))
    return Answer(text.strip(), {text: one.verdict for text, one in found.items()}, check,
                  Sight(("volume", "connections"), "filter", neurons))  # fmt: skip
