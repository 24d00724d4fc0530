"""A claim about a picture, from words to a ``Claim``: marks that match in K use the same W; X and Y share; a colour
on a mark means one L."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from isochrome.ask.claims import Claim, Form
from isochrome.errors import RequestError, shown

__all__ = ["UNDERSTOOD", "parse_claim"]

UNDERSTOOD = (
    "marks of one K use the same weights; marks that match in K and K use the same weights; X 1 and X 2 share; Xs "
    "share (or: use different weights); weights are shared across K; one colour in an X means one L; layers A and B "
    "share. Marks and K are neurons, slices, columns, blocks, taps, channels, filters, groups, heads, samples, time "
    "steps, tokens, inputs or connections; L is any of these, a weight, a bias or a parameter"
)
"""What can be claimed, in one line."""

_LONGEST = 300
_KINDS: tuple[tuple[str, str], ...] = (
    (r"slices? of (?:a|one|the|each|every|any|same|its) (?:filter|kernel)", "channel of one filter"),
    (r"(?:kernel|filter|input|weight) slices?", "channel"),
    (r"(?:depth|output) slices?|slices? of (?:the )?output|(?:feature|activation|output) maps?", "slice"),
    (r"output channels?", "slice"),
    (r"(?:depth|output) columns?|columns?", "column"),
    (r"input channels?|colou?r channels?|channels?", "channel"),
    (r"receptive fields?|blocks?|windows?|patch(?:es)?|regions?|positions?|locations?|places?|space", "block"),
    (r"kernel (?:places?|positions?)|taps?", "tap"),
    (r"time ?steps?|steps?|times?", "time step"),
    (r"tokens?|words?", "token"),
    (r"filters?|kernels?", "filter"),
    (r"slices?|maps?", "slice"),
    (r"neurons?|units?|outputs?|cells?", "neuron"),
    (r"edges?|connections?|lines?|links?", "connection"),
    (r"inputs?|pixels?", "input"),
    (r"samples?|images?|examples?|batch(?:es)?", "sample"),
    (r"heads?", "head"),
    (r"groups?", "group"),
    (r"parameters?|tensors?", "parameter"),
    (r"sets? of weights?", "filter"),
    (r"weights?", "weight"),
    (r"bias(?:es)?", "bias"),
)
_MEANS = {"slice": "filter", "column": "block", "time step": "block", "token": "block", "head": "group"}
"""What a word for a mark is, where another one stands for the same."""
_COLOURS = {"red": 0, "green": 1, "blue": 2}
_IDLE = r"\b(?:the|all|every|each|any|their|its|stored|exactly|both|always|are|two|three|four|an?)\b"
_K = r"<([a-z ]+)>"
_ONE = r"(?:(?:one|same|single) )?"
_RGB = r"(?:red|green|blue)"
_NUMBERS = r"((?:\d+|i|j|k)(?:(?:,| and|, and) (?:\d+|i|j|k))+)"


def parse_claim(text: str) -> Claim:
    """The claim that a sentence makes.

    Raises RequestError that lists what is understood.

    >>> claim = parse_claim("Neurons of one depth slice use the same weights.")
    >>> claim.form, claim.marks, claim.match
    ('same', ('neuron',), ('filter',))
    >>> parse_claim("the red, green and blue slices share").chosen
    (0, 1, 2)
    """
    if len(text) > _LONGEST:
        raise RequestError(f"claim: must be at most {_LONGEST} characters; got {len(text)}")
    layers = _LAYERS.fullmatch(" ".join(text.split()).rstrip("."))
    if layers:
        different = bool(layers["no"])
        return Claim("different" if different else "share", ("layer",), layers=(layers["a"], layers["b"]))
    plain, words = _tagged(text)
    for pattern, make in _PATTERNS:
        found = pattern.fullmatch(plain)
        made = make(found) if found else None
        if made is not None:
            rgb = (("rgb", "colours"),) if "colours" in pattern.groupindex else ()
            return replace(made, words=words + rgb)
    raise RequestError(f"claim {shown(text, 100)!r}: cannot be read. Understood: {UNDERSTOOD}.")


_LAYERS = re.compile(
    r"(?:[Ll]ayers? )(?P<a>\S+) and (?:[Ll]ayer )?(?P<b>\S+?) (?P<no>(?:do not|don't|never) )?"
    r"(?:share|use the same)(?: (?:the |their )?(?:same )?(?:weights?|parameters?))?(?P<none> nothing)?"
)


def _tagged(text: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    """The sentence with every word for a kind of mark in angle brackets, and what it calls each kind."""
    plain = text.lower().replace("’", "'").replace("'s ", " ").replace("color", "colour").replace("don't", "do not")
    plain = re.sub(r"[^a-z0-9,#= ]+", " ", plain.replace("doesn't", "do not").replace("does not", "do not"))
    plain = plain.replace(" are not ", " not ") if " colour" not in plain else plain
    plain = re.sub(r"\b(use|share|hold)s\b", r"\1", plain).replace(" has ", " have ")
    plain = re.sub(r"\b(?:red|green|blue)\b.*?\bslices?\b", lambda m: re.sub(r"slices?", "channels", m[0]), plain)
    said: dict[str, str] = {}

    def tag(kind: str) -> Callable[[re.Match[str]], str]:
        def put(found: re.Match[str]) -> str:
            if kind == "channel of one filter":
                return "<channel> of one <filter>"
            said.setdefault(_MEANS.get(kind, kind), kind)
            return f"<{kind}>"

        return put

    for pattern, kind in _KINDS:
        parts = re.split(r"(<[a-z ]+>)", plain)
        plain = "".join(
            part if part.startswith("<") else re.sub(rf"\b(?:{pattern})\b", tag(kind), part) for part in parts
        )
    plain = re.sub(_IDLE, " ", plain)
    return re.sub(r" +(,)?", r"\1 ", plain).replace(" ,", ",").strip(), tuple(said.items())


# --- patterns ---------------------------------------------------------------------------------------------------------


def _kind(word: str) -> str:
    return _MEANS.get(word, word)


def _claim(
    form: Form, marks: Sequence[str], match: Sequence[str] = (), thing: str = "weight", **more: object
) -> Claim | None:
    kinds = tuple(map(_kind, marks))
    others = tuple(map(_kind, match))
    if {"weight", "bias", "parameter"} & {*kinds, *others}:
        return None
    biases = thing == "bias"
    used = "weight" if biases or (form != "one" and thing == "filter") else _kind(thing)
    made = Claim(form, kinds, others, used, biases=biases)
    return replace(made, **more)  # type: ignore[arg-type]


def _using(found: re.Match[str]) -> tuple[Form, bool]:
    """The form that a verb makes, and whether it is denied: ``share``, ``do not share``, ``use the same``."""
    how, denied = found["how"], bool(found["not"])
    share = found["verb"] == "share" and how not in ("same ", "one ")
    if how in ("different ", "no ", "own "):
        return ("share" if denied else "different"), False
    if share:
        return ("different", False) if denied else ("share", False)
    return "same", denied


_USE = (
    r"(?P<not>(?:do not|never) )?(?P<verb>use|share|have) ?(?P<how>same |one |different |no |own )?"
    r"(?:<(?P<thing>weight|bias|parameter|filter)>)?(?: in common)?"
)


def _matching(found: re.Match[str]) -> Claim | None:
    kinds = re.findall(r"<([a-z ]+)>", found["match"])
    form, denied = _using(found)
    form = "same" if form == "share" else form
    return _claim(form, [found["marks"]], kinds, found["thing"] or "weight", denied=denied)


def _named(found: re.Match[str]) -> Claim | None:
    numbers = re.findall(r"\d+|\b[ijk]\b", found["numbers"])
    chosen = tuple(int(number) for number in numbers if number.isdigit())
    if chosen and len(set(chosen)) < len(numbers):
        return None
    return _with(found, [found["marks"]], chosen)


def _with(found: re.Match[str], marks: list[str], chosen: tuple[int, ...] = ()) -> Claim | None:
    form, denied = _using(found)
    return _claim(form, marks, (), found["thing"] or "weight", chosen=chosen, denied=denied)


def _pair(found: re.Match[str]) -> Claim | None:
    if found["marks"] != found["other"] or found["one"] == found["two"]:
        return None
    numbers = (found["one"], found["two"])
    return _with(found, [found["marks"]], tuple(int(number) for number in numbers if number.isdigit()))


def _coloured(found: re.Match[str]) -> Claim | None:
    colours = [_COLOURS[word] for word in re.findall(r"red|green|blue", found["colours"])]
    return _with(found, [found["marks"]], tuple(colours))


def _passive(found: re.Match[str]) -> Claim | None:
    """Weights that are shared across something, or used at every one of it."""
    denied = bool(found["not"]) or found["how"] == "different "
    form: Form = "different" if denied else "same"
    return _claim(form, [found["marks"]], (), found["thing"])


def _colour(found: re.Match[str]) -> Claim | None:
    return _claim("one", [found["marks"] or "connection"], (), found["thing"], denied=bool(found["not"]))


_MEANING = r"(?P<not>(?:do not|is not|means? not|never) )?(?:means?|is|=|stands? for|shows?)? ?"
_MARKS = r"<(?P<marks>[a-z ]+)>"
_THING = r"<(?P<thing>[a-z ]+)>"
_ROWS: tuple[tuple[str, Callable[[re.Match[str]], Claim | None]], ...] = (
    (rf"(?P<not>(?!))?{_MARKS} (?:have|use|hold) (?:one|single) {_THING}", _colour),
    (rf"{_MARKS} that match in (?P<match>{_K}(?:(?:,| and|, and) {_K})*) {_USE}", _matching),
    (rf"{_MARKS} (?:of|in|at|from|with|within|on) {_ONE}(?P<match>{_K}) {_USE}", _matching),
    (rf"{_MARKS} (?P<one>\d+|i|j|k) and <(?P<other>[a-z ]+)> (?P<two>\d+|i|j|k) {_USE}", _pair),
    (rf"{_MARKS} (?P<numbers>{_NUMBERS}) {_USE}", _named),
    (rf"(?P<colours>{_RGB}(?:(?:,| and|, and) {_RGB})+) <(?P<marks>channel)> {_USE}", _coloured),
    (rf"{_MARKS} {_USE}", lambda found: _with(found, [found["marks"]])),
    (
        r"(?P<how>same |one |different )?<(?P<thing>weight|bias|filter)> (?P<not>not )?(?:shared|used|tied) "
        rf"(?:across|along|over|between|among|by|at|in|for|on) {_ONE}{_MARKS}",
        _passive,
    ),
    (rf"{_ONE}{_MARKS} colour {_MEANING}{_ONE}{_THING}", _colour),
    (rf"{_ONE}colour (?:(?:in|on|of|within|for) {_ONE}{_MARKS} )?{_MEANING}{_ONE}{_THING}", _colour),
)
_PATTERNS = tuple((re.compile(pattern), make) for pattern, make in _ROWS)
