"""Three wirings of one layer, trained: what each names rightly, against how many weights it stores."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import log10

from isochrome.ask.lab import HEADS, Lab, Trained
from isochrome.draw.identity import Colouring
from isochrome.draw.layout import paragraph
from isochrome.draw.picture import Anchor, Dot, Label, Legend, Mark, Picture, Rule, Table

__all__ = ["lab_picture"]

_WIDTH, _HEIGHT, _STEP = 300.0, 260.0, 388.0
_LEFT, _TOP = 44.0, 64.0
_LEAST, _MOST = 2, 6
_BESIDE: Mapping[str, tuple[Anchor, float]] = {"locally connected": ("end", 12.0), "fully connected": ("start", -12.0)}
"""Two names whose dots stand close: one ends at its dot, the other begins there."""


def lab_picture(lab: Lab) -> Picture:
    """A panel for each head and training: weights on a logarithmic scale across, digits named rightly upward."""
    groups: dict[tuple[str, str], list[Trained]] = {}
    for row in lab.rows:
        groups.setdefault((row.head, row.trained_on), []).append(row)
    marks: list[Mark] = []
    for number, rows in enumerate(groups.values()):
        marks += _panel(_LEFT + number * _STEP, number + 1, rows)
    told = "; ".join(f"{row.twin}, {row.head}, trained on {row.trained_on}: {row.shifted:.1%} of shifted digits"
                     for row in lab.rows)  # fmt: skip
    shared = next(row for row in lab.rows if row.twin == "shared")
    rows_of_table = tuple(
        (row.twin, row.head, row.trained_on, f"{row.weights:,}", f"{row.parameters:,}", f"{row.centred:.1%}",
         f"{row.shifted:.1%}")
        for row in lab.rows
    )  # fmt: skip
    head = ("wiring", "head", "trained on", "weights", "parameters", "centred", "shifted")
    return Picture(
        _LEFT + (len(groups) - 1) * _STEP + _WIDTH + 20,
        _TOP + _HEIGHT + 62,
        "One layer, wired in three ways and trained",
        f"Digits named rightly by three wirings of one layer. {told}.",
        Legend("none", ""),
        Colouring(),
        tuple(marks),
        subtitle=f"{lab.digits_trained:,} digits to learn from, {lab.digits_tested:,} others to test; seed {lab.seed}",
        formula=shared.formula,
        notes=_notes(lab),
        table=Table(head, rows_of_table),
    )


def _notes(lab: Lab) -> tuple[str, ...]:
    drift = lab.drift
    return (
        "A filled dot: digits in the middle of their paper. A ring: digits at places of their own.",
        f"{drift.copies} copies of one weight that start equal are {drift.spread[0]:.2g} apart after one update, "
        f"{drift.spread[-1]:.2g} after {len(drift.spread)}; the shared weight follows the sum of their gradients.",
    )


def _panel(left: float, number: int, rows: list[Trained]) -> Iterable[Mark]:
    first = rows[0]
    yield Label(left, 14, f"{number}  trained on {first.trained_on} digits", "group")
    yield from paragraph(left, 34, f"the head reads {HEADS[first.head]}", _WIDTH, "caption")
    bottom = _TOP + _HEIGHT
    for part in range(0, 101, 25):
        y = bottom - part / 100 * _HEIGHT
        yield Rule(((left, y), (left + _WIDTH, y)), "line" if part == 0 else "hair")
        yield Label(left - 8, y + 4, f"{part}%", "index", "end")
    for power in range(_LEAST, _MOST + 1):
        x = _across(left, 10**power)
        yield Rule(((x, _TOP), (x, bottom)), "hair")
        yield Label(x, bottom + 16, f"{10**power:,}", "index", "middle")
    yield Label(left + _WIDTH / 2, bottom + 56, "stored weights of the layer", "caption", "middle")
    for row in rows:
        yield from _row(left, bottom, row)


def _row(left: float, bottom: float, row: Trained) -> Iterable[Mark]:
    x = _across(left, row.weights)
    high, low = (bottom - part * _HEIGHT for part in (row.centred, row.shifted))
    yield Rule(((x, high), (x, low)), "thin")
    yield Dot(x, high, 5, fill="ink")
    yield Dot(x, low, 5, fill="paper")
    anchor, aside = _BESIDE.get(row.twin, ("middle", 0.0))
    yield Label(x + aside, bottom + 36, row.twin, "caption", anchor, bold=True, ink="ink")
    near = abs(high - low) < 30
    yield Label(x + 9, high + (0 if near else 4), f"{row.centred:.0%}", "index", ink="ink")
    yield Label(x + 9, low + (12 if near else 4), f"{row.shifted:.0%}", "index", ink="ink")


def _across(left: float, weights: int) -> float:
    return left + (log10(weights) - _LEAST) / (_MOST - _LEAST) * _WIDTH
