"""Answers to questions and claims as text for a terminal: statement, verdict, check, and the command that draws it."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from isochrome.app.asking import Listing
from isochrome.app.text import Ink
from isochrome.ask.answer import Answer
from isochrome.ask.claim import ClaimAnswer
from isochrome.ask.words import cells, number
from isochrome.errors import shown

__all__ = ["answer_text", "claim_text", "listing_text"]

_MOST_SHOWN = 8


def answer_text(found: Answer, ink: Ink, model: str, shapes: Sequence[tuple[str, Sequence[int]]] = ()) -> str:
    """An answer; ``model`` and ``shapes`` are what the command was given, for the command that draws it."""
    where = f"{shown(found.layer, 60)}  " if found.layer else ""
    lines = [f"{ink.bold(where)}{ink.bold(found.question)}", "", *_wrapped(found.text, ink, "")]
    if found.fits:
        lines.append("")
        if found.verdict is not None:
            lines.append(f"{ink.dim('verdict'.ljust(10))}{'yes' if found.verdict else 'no'}")
        outcome = {True: "agrees", False: "DOES NOT AGREE", None: "nothing to compare"}[found.check.holds]
        lines += _wrapped(f"{outcome}: {found.check.what}", ink, "check")
        lines += _wrapped(_measured(found.check.measured), ink, "measured")
        if found.view:
            lines.append(f"{ink.dim('see'.ljust(10))}{_command(found, model, shapes)}")
    return "\n".join(lines) + "\n"


def _wrapped(text: str, ink: Ink, label: str) -> list[str]:
    if not text:
        return []
    left = 10 if label else 0
    rows = textwrap.wrap(text, max(ink.width - left, 40), break_long_words=False, break_on_hyphens=False)
    return [(ink.dim(label.ljust(left)) if not at else " " * left) + row for at, row in enumerate(rows)]


def _measured(measured: Mapping[str, Any]) -> str:
    parts = [f"{shown(str(key), 60)}: {_value(value)}" for key, value in list(measured.items())[:_MOST_SHOWN]]
    more = len(measured) - _MOST_SHOWN
    return "; ".join(parts + ([f"and {more} more (--json)"] if more > 0 else []))


def _value(value: Any) -> str:
    match value:
        case None:
            return "none"
        case bool():
            return "yes" if value else "no"
        case int() | float():
            return number(value, 6)
        case dict():
            return "{" + ", ".join(f"{shown(str(key), 40)} {_value(one)}" for key, one in value.items()) + "}"
        case list() | tuple():
            some = ", ".join(_value(one) for one in value[:_MOST_SHOWN])
            return f"[{some}{', ...' if len(value) > _MOST_SHOWN else ''}]"
        case _:
            return shown(str(value), 80)


def _command(found: Answer, model: str, shapes: Sequence[tuple[str, Sequence[int]]]) -> str:
    view = found.view
    parts = ["isochrome draw", str(view["view"]), _quoted(model), *([_quoted(found.layer)] if found.layer else [])]
    parts += [f"--colour {view['colour']}"]
    parts += [f"--neuron {cells(place)}" for place in view.get("neurons", ())]
    parts += [f"--weight {cells(view['weight'])}"] if "weight" in view else []
    parts += [f"--shape {_quoted(f'{name}={cells(sizes)}')}" for name, sizes in shapes]
    return " ".join([*parts, "-o", "figure.svg"])


def _quoted(text: str) -> str:
    plain = shown(text, 200)
    return (
        plain
        if all(char.isalnum() or char in "._/:-#=," for char in plain)
        else "'" + plain.replace("'", "'\\''") + "'"
    )


def listing_text(found: Listing, ink: Ink) -> str:
    """The questions, one a line; for a layer those that make no sense with the reason."""
    width = max(len(one.slug) for one in found.questions)
    lines = [
        ink.dim(
            f"isochrome ask MODEL {'LAYER' if not found.layer else shown(found.layer, 40)} QUESTION, by number or id"
        ),
        "",
    ]
    for one in found.questions:
        label = f"{one.number:>2}  {one.slug.ljust(width)}  "
        rest = one.text if not one.unfit else f"makes no sense here: {one.unfit}"
        rows = textwrap.wrap(rest, max(ink.width - len(label), 40), break_on_hyphens=False)
        lines += [
            (label if not at else " " * len(label)) + (ink.dim(row) if one.unfit else row)
            for at, row in enumerate(rows)
        ]
    return "\n".join(lines) + "\n"


def claim_text(found: ClaimAnswer, ink: Ink) -> str:
    """A claim's verdict, and why."""
    head = f"{ink.bold('true' if found.verdict else 'false')}  {shown(found.claim, 300)}"
    lines = [head, "", *_wrapped(found.because, ink, "")]
    for tap in (found.witness or {}).get("connections", ()):
        x = "padding" if tap["x"] is None else f"x[{cells(tap['x'].values())}]"
        lines.append(ink.dim(f"  y[{cells(tap['y'].values())}]  w[{cells(tap['w'].values())}]  {x}"))
    return "\n".join(lines) + "\n"
