"""A claim about a layer, answered: true or false, because of which loops, or by which two connections."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from isochrome.ask.claim_reason import Judged, listing, reason, told_tap, words_of
from isochrome.ask.claim_words import parse_claim
from isochrome.ask.claims import Claim, Tap, decide, enumerate_claim, tap_of
from isochrome.ask.counts import mentioned
from isochrome.ask.marks import marked
from isochrome.ask.twin import resized, small_twin
from isochrome.ask.words import cells, counted, joined
from isochrome.core.reach import union
from isochrome.core.relation import Relation
from isochrome.errors import RequestError, shown
from isochrome.model.parts import Layer, Line, Model
from isochrome.model.values import Values

__all__ = ["ClaimAnswer", "claim"]


@dataclass(frozen=True, slots=True)
class ClaimAnswer:
    """A claim with its verdict, the reason in words, and, where two connections decide it, those two.

    ``checked`` is the end of the reason that says what was listed to check it; '' where nothing was.
    """

    claim: str
    layer: str
    verdict: bool
    because: str
    witness: Mapping[str, Any] | None
    listed: int
    checked: str = ""

    def to_dict(self) -> dict[str, Any]:
        """The answer as JSON knows it."""
        witness = None if self.witness is None else dict(self.witness)
        return {"claim": self.claim, "verdict": self.verdict, "because": self.because, "witness": witness}


def claim(model: Model, layer: Layer, text: str, values: Values) -> ClaimAnswer:
    """Whether a claim is true of a layer, decided from its formula and checked by listing a small twin.

    Raises RequestError where the sentence cannot be read, or speaks of what the layer does not have.
    """
    made = parse_claim(text)
    if made.layers:
        return _between_layers(model, made, text)
    name = shown(layer.name, 60)
    lines = layer.bias_lines if made.biases else layer.weight_lines
    if not lines:
        what = "biases" if made.biases else "weights"
        raise RequestError(f"claim: must speak of what is there; {name} has no {what}" + _opaque(layer))
    made, counted_from = _in_range(made, lines[0], values, name)
    judged = [replace(_judge(made, line, values, name), alone=len(lines) == 1) for line in lines]
    every = all if made.form != "share" else any
    holds = every(one.verdict.holds for one in judged)
    one = next((one for one in judged if one.verdict.holds == holds), judged[0])
    pair = None if one.verdict.rows is None else (tap_of(one.found, one.verdict.rows[0]),
                                                  tap_of(one.found, one.verdict.rows[1]))  # fmt: skip
    witness: dict[str, Any] | None
    more = _of_other_lines(made, judged) if holds else []
    if more:
        names = joined([f"{line.weight_access.name}[{cells(tap[line.weight_number] or ())}]" for line, tap in more])
        mark, things = words_of(made)[made.marks[0]], "biases" if made.biases else "weights"
        because = f"{name} adds up several terms: {names} are {things} of one {mark}."
        witness = {"connections": [told_tap(model, line, tap) for line, tap in more]}
        return ClaimAnswer(text, layer.name, made.denied, because, witness, sum(one.listed for one in judged))
    witness = None if pair is None else {"connections": [told_tap(model, one.line, tap) for tap in pair]}
    checked, listed = listing(judged), sum(one.listed for one in judged)
    because = " ".join(filter(None, [reason(made, one, pair), counted_from, checked]))
    return ClaimAnswer(text, layer.name, holds != made.denied, because, witness, listed, checked)


def _of_other_lines(made: Claim, judged: list[Judged]) -> list[tuple[Line, Tap]]:
    """Two connections of one mark that lie in two lines of a layer, where each mark is said to have one weight."""
    if made.form != "one" or made.object != "weight" or "connection" in made.marks or len(judged) < 2:
        return []
    first = judged[0]
    tap = tap_of(first.found, (0,) * len(first.found.relation.components))
    for other in judged[1:]:
        if other.line.output == first.line.output and tap[0] is not None:
            found = next(iter(other.found.relation.fix({0: tap[0]}).listed(0, 1)), None)
            if found is not None:
                return [(first.line, tap), (other.line, found)]
    return []


def _opaque(layer: Layer) -> str:
    return f" ({shown(layer.opaque, 80)})" if layer.opaque else ""


def _in_range(made: Claim, line: Line, values: Values, name: str) -> tuple[Claim, str]:
    """The claim with its numbers counted from 0, and a word on how they were read."""
    if not made.chosen:
        return made, ""
    word = words_of(made)[made.marks[0]]
    found = marked(line, values.relation_of(line))
    loops = [loop for loop in found.loops.get(made.marks[0], ()) if found.relation.sizes[loop] > 1]
    if len(loops) != 1:
        raise RequestError(f"claim: {word}s with numbers must be told apart by one loop; in {name} by "
                           f"{', '.join(loops) or 'none'}")  # fmt: skip
    size, numbers = found.relation.sizes[loops[0]], made.chosen
    if "rgb" in dict(made.words) and size != 3:
        raise RequestError(f"claim: red, green and blue must be the 3 channels of an input; {name} reads {size}")
    from_one = max(numbers) == size and 0 not in numbers
    if max(numbers) >= size + from_one:
        raise RequestError(f"claim: {word} {max(numbers)} must be one of the {size} of {name}: 0 to {size - 1}")
    if not from_one:
        return made, ""
    return replace(made, chosen=tuple(number - 1 for number in numbers)), f"({word.capitalize()}s counted from 1.)"


def _judge(made: Claim, line: Line, values: Values, name: str) -> Judged:
    relation = values.relation_of(line)
    keep = {line.batch: 2} if line.batch in relation.sizes else {}
    whole = resized(relation, {**relation.sizes, **keep}) if keep else relation
    _check_kinds(made, line, whole, name)
    small = marked(line, small_twin(whole, keep))
    found = marked(line, whole)
    if made.form == "different" and found.loops["sample"]:  # one sample at a time: all samples use the same weights
        made = replace(made, match=(*made.match, *({"sample"} - {*made.match, *made.marks})))
    verdict, twin = decide(made, found), False
    if verdict is None:
        found, twin = small, True
        verdict = decide(made, small)
        assert verdict is not None
    if not verdict.pairs:
        word = words_of(made)[made.marks[-1]]
        raise RequestError(f"claim: there must be two {word}s to compare; {name} has one")
    holds, count = enumerate_claim(made, small)
    # sets that overlap in part may overlap otherwise at other sizes: then the twin proves nothing
    return Judged(line, found, verdict, twin, small.relation, count if holds == verdict.holds else 0)


def _check_kinds(made: Claim, line: Line, relation: Relation, name: str) -> None:
    """What the claim speaks of must be there: a loop that counts it."""
    loops = marked(line, relation).loops
    words = words_of(made)
    for kind in dict.fromkeys((*made.marks, *made.match, made.object)):
        if kind in loops and not loops[kind]:
            said = words.get(kind, kind)
            raise RequestError(f"claim: {said}s must be counted by a loop of {name}; in {line.formula} none does")
        if words.get(kind) in ("time step", "token") and len(loops["block"]) != 1:
            have = ", ".join(loops["block"]) or "none"
            raise RequestError(f"claim: {words[kind]}s must be counted by one loop of positions; {name} has {have}")


# --- layers -----------------------------------------------------------------------------------------------------------


def _between_layers(model: Model, made: Claim, text: str) -> ClaimAnswer:
    """Whether two layers read the same stored scalars: storages are compared, never values."""
    one, other = (model.layer(name) for name in made.layers)
    if one is other:
        raise RequestError(f"claim: there must be two layers to compare; got {shown(one.name, 60)} twice")
    common = [(a, b) for a in one.lines for b in other.lines if _in_common(model, a, b)]
    names = [shown(layer.name, 60) for layer in (one, other)]
    if common:
        number = common[0][0].parameter
        assert number is not None
        count = sum(_in_common(model, a, b) for a, b in common)
        parameter = shown(model.parameters[number].names[0], 60)
        because = f"Both read {parameter}: {counted(count, 'stored scalar')} in common."
    else:
        lists = [joined(_stored(model, layer)) or "nothing stored" for layer in (one, other)]
        because = (
            f"{names[0]} reads {lists[0]}, {names[1]} reads {lists[1]}: no byte of their storages is the same. (Equal "
            "values would not be sharing.)"
        )
    holds = bool(common) == (made.form == "share")
    return ClaimAnswer(text, one.name, holds, because, None, 0)


def _stored(model: Model, layer: Layer) -> list[str]:
    numbers = dict.fromkeys(line.parameter for line in layer.lines if line.parameter is not None)
    return [shown(model.parameters[number].names[0], 40) for number in numbers]


def _in_common(model: Model, one: Line, other: Line) -> int:
    """How many stored scalars two lines have in common."""
    if one.parameter is None or other.parameter is None:
        return 0
    first, second = model.parameters[one.parameter], model.parameters[other.parameter]
    if one.parameter == other.parameter and not (one.depends or other.depends):
        sets = [mentioned(line.pattern) for line in (one, other)]
        return sets[0].count + sets[1].count - union(sets).count
    spans = first.span, second.span
    if spans[0].storage != spans[1].storage:
        return 0
    overlap = min(span.stop for span in spans) - max(span.start for span in spans)
    width = (first.span.stop - first.span.start) // max(first.count, 1)
    return max(overlap, 0) // max(width, 1)
