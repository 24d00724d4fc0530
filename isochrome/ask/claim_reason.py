"""Why a claim is true or false, in words: the loops that prove it, or the two connections that refute it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from isochrome.ask.claims import Claim, Tap, Verdict, objects_of_mark
from isochrome.ask.marks import Marked
from isochrome.ask.words import cells, counted, either, joined, place_words
from isochrome.core.relation import Relation
from isochrome.model.parts import Line, Model
from isochrome.model.places import sample_letters, sample_place

__all__ = ["Judged", "listing", "reason", "told_tap", "words_of"]


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """A claim decided on one line. ``twin``: decided on ``small`` alone; ``listed`` of its connections agree.

    ``alone``: no other line of the layer adds to the same neurons.
    """

    line: Line
    found: Marked
    verdict: Verdict
    twin: bool
    small: Relation
    listed: int
    alone: bool = True


def words_of(made: Claim) -> dict[str, str]:
    """What a claim calls each kind that it speaks of."""
    kinds = dict.fromkeys((*made.marks, *made.match, made.object))
    return {kind: kind for kind in kinds} | dict(made.words) | ({"weight": "bias"} if made.biases else {})


def several(word: str) -> str:
    """More than one of what a word names."""
    return f"{word}es" if word.endswith("s") else f"{word}s"


def reason(made: Claim, one: Judged, pair: tuple[Tap, Tap] | None) -> str:
    """Why the verdict on a claim is what it is, in a sentence."""
    words, access = words_of(made), one.line.weight_access
    thing, mark = words[made.object], words[made.marks[0]]
    if one.verdict.holds:
        return _proof(made, one, mark, thing)
    assert pair is not None and one.verdict.rows is not None
    first, second = (f"{access.name}[{cells(_place(tap[one.line.weight_number]))}]" for tap in pair)
    who, other = (_named(made, one, tap) for tap in pair)
    if made.form == "one":
        count = objects_of_mark(made, one.found, one.verdict.rows[0])
        many = f"several {several(thing)}" if one.twin or not one.alone else counted(count, thing, several(thing))
        return _too_many(made, one, pair, f"{_a(mark)} {mark} has {many}")
    differ = _differ(one, pair)
    mentioned = [loop for loop in differ if loop in access.loops]
    since = f", since {access} mentions {joined(mentioned)}" if mentioned else ""
    if made.form == "different":
        free = [loop for loop in differ if loop not in access.loops]
        since = f", since {access} does not mention {either(free)}" if free else ""
        return f"{_begun(who)} and {other} both use {first}{since}."
    if made.form == "share":
        return f"{_begun(who)} uses {first}, {other} uses {second}; they have no {thing} in common{since}."
    return f"{_begun(who)} uses {first}; {other} does not (it uses {second}){since}."


def _proof(made: Claim, one: Judged, mark: str, thing: str) -> str:
    """Why a claim holds: the loops in which its marks may differ, and which of them w mentions."""
    access, loops, marks = one.line.weight_access, _free(made, one), several(mark)
    words = words_of(made)
    if made.match:
        kinds = [words[kind] for kind in made.match]
        marks += f" of one {kinds[0]}" if len(kinds) == 1 else f" that match in {joined(kinds)}"
    if made.form == "one":
        return f"Every {mark} has exactly one {thing}: {_told_by(made, one)}."
    inside = [loop for loop in loops if loop in access.loops]
    if made.form == "different":
        return f"{access} mentions {joined(inside)}, in which {marks} differ: each has {several(thing)} of its own."
    if not inside:
        return (
            f"{access} does not mention {either(loops) or 'any loop'}, and {marks} differ in nothing else: the same "
            f"{several(thing)} serve all of them."
        )
    same = "the same" if made.form == "same" else "some in common"
    return f"{access} mentions {joined(inside)} as one number with other loops: {marks} use {same}."


def _told_by(made: Claim, one: Judged) -> str:
    if made.object == "weight":
        return f"{one.line.weight_access} names it"
    loops = one.found.loops.get(made.object)
    return f"{joined(loops)} in {one.line.formula}" if loops else "its place names it"


def _too_many(made: Claim, one: Judged, pair: tuple[Tap, Tap], many: str) -> str:
    if made.object == "weight":
        names = [f"{one.line.weight_access.name}[{cells(_place(tap[one.line.weight_number]))}]" for tap in pair]
        thing = words_of(made)["weight"]
        return f"{many}, {joined(names)} among them. A colour for it can only mean the set of its {several(thing)}."
    things = [_loops_named(one, made.object, tap) for tap in pair]
    return f"{many}, {joined([name for name in things if name])} among them." if all(things) else f"{many}."


def _free(made: Claim, one: Judged) -> list[str]:
    """The loops in which two marks that match may differ."""
    held = {loop for kind in made.match for loop in one.found.loops.get(kind, ())}
    loops: list[str] = []
    for kind in made.marks:
        if kind == "connection":
            loops += one.line.formula.loops
        elif kind in ("neuron", "input"):
            number = 0 if kind == "neuron" else one.line.input_number
            loops += one.line.formula.accesses[number].loops if number is not None else ()
        else:
            loops += one.found.loops.get(kind, ())
    sizes = one.found.relation.sizes
    return list(dict.fromkeys(loop for loop in loops if loop not in held and sizes.get(loop, 1) > 1))


def _differ(one: Judged, pair: tuple[Tap, Tap]) -> list[str]:
    """The loops in which two connections differ."""
    first, second = (_place(tap[-1]) for tap in pair)
    loops = one.found.relation.formula.loops
    return [loop for loop, a, b in zip(loops, first, second, strict=True) if a != b]


def _named(made: Claim, one: Judged, tap: Tap) -> str:
    """A mark of the claim as it is written: ``neuron y[0,1,2]``, ``channel c 0``."""
    line, kind = one.line, made.marks[0]
    if kind in one.found.loops and one.found.loops[kind]:
        match = [_loops_named(one, other, tap) for other in made.match]
        inside = f" of {joined([name for name in match if name])}" if any(match) else ""
        return f"{words_of(made)[kind]} {_loops_named(one, kind, tap)}{inside}"
    output = line.formula.output
    y = f"{output.name}[{cells(sample_place(line, output, _place(tap[0])))}]"
    number = line.input_number
    if kind == "neuron" or number is None:
        return y
    read = tap[number]
    x = "padding" if read is None else f"x[{cells(sample_place(line, line.formula.accesses[number], read))}]"
    return x if kind == "input" else f"the connection from {x} to {y}"


def _loops_named(one: Judged, kind: str, tap: Tap) -> str:
    loops = one.found.loops.get(kind, ())
    at = dict(zip(one.found.relation.formula.loops, _place(tap[-1]), strict=True))
    return place_words(loops, [at[loop] for loop in loops])


def _place(place: tuple[int, ...] | None) -> tuple[int, ...]:
    assert place is not None
    return place


def _a(word: str) -> str:
    return "An" if word[0] in "aeiou" else "A"


def _begun(words: str) -> str:
    return words if words.startswith(("y[", "x[")) else words[0].upper() + words[1:]


def listing(judged: list[Judged]) -> str:
    """What was listed to check the verdict."""
    if any(not one.listed for one in judged):
        return "(A small twin was listed too, but sets that overlap in part do so in another way at its sizes.)"
    count, last = sum(one.listed for one in judged), judged[0]
    whole = all(dict(one.small.sizes) == {k: v for k, v in one.found.relation.sizes.items()} for one in judged)
    samples = " of two samples" if last.line.batch in last.small.sizes else ""
    what = f"all {counted(count, 'connection')}{samples}"
    if not whole or last.twin:
        what = f"the {counted(count, 'connection')}{samples} of a small twin, the same formula at smaller sizes"
    only = "; the layer itself is too large to be gone through" if last.twin else ""
    return f"Checked by listing {what}{only}."


def told_tap(model: Model, line: Line, tap: Tap) -> dict[str, Any]:
    """A connection as JSON knows it: y, x and w with their letters, and the parameter."""
    number = line.input_number
    found: dict[str, Any] = {"y": _lettered(line, 0, tap), "x": None, "w": _lettered(line, line.weight_number, tap)}
    if number is not None and tap[number] is not None:
        found["x"] = _lettered(line, number, tap)
    if line.parameter is not None:
        found["parameter"] = model.parameters[line.parameter].names[0]
    return found


def _lettered(line: Line, number: int, tap: Tap) -> dict[str, int]:
    access = line.formula.accesses[number]
    return dict(zip(sample_letters(line, access), sample_place(line, access, _place(tap[number])), strict=True))
