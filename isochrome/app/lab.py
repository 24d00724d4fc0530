"""The lab as a command: its digits, its text, its picture."""

from __future__ import annotations

import textwrap
from collections.abc import Callable

import numpy as np

from isochrome.app.text import Ink
from isochrome.ask.lab import HEADS, Lab, Trained, run_lab
from isochrome.examples import DIGITS

__all__ = ["lab_text", "read_and_run_lab"]


_HEAD = f"{'':18}{'weights':>10}{'parameters':>12}{'learnt':>9}{'centred':>9}{'shifted':>9}"


def read_and_run_lab(seed: int, said: Callable[[str], None] = lambda _: None) -> Lab:
    """What the lab measures on the embedded digits."""
    with np.load(DIGITS, allow_pickle=False) as arrays:
        return run_lab(arrays["x"], arrays["y"], seed, said)


def lab_text(lab: Lab, ink: Ink) -> str:
    """The lab's table, and in words what it shows and what it does not."""
    lines = [f"{ink.bold('One layer, wired in three ways')}  {lab.digits_trained:,} digits to learn from, "
             f"{lab.digits_tested:,} others to test, seed {lab.seed}", ""]  # fmt: skip
    seen: list[tuple[str, str]] = []
    for row in lab.rows:
        group = (row.head, row.trained_on)
        if group not in seen:
            seen.append(group)
            head = f"trained on {row.trained_on} digits; the head reads {HEADS[row.head]}"
            lines += ["", ink.bold(head)] if len(seen) > 1 else [ink.bold(head)]
            lines.append(ink.dim(_HEAD))
        numbers = f"{row.weights:>10,}{row.parameters:>12,}"
        lines.append(f"{row.twin:18}{numbers}{row.training:>9.1%}{row.centred:>9.1%}{row.shifted:>9.1%}")
    shows, ends = (textwrap.wrap(text, ink.width) for text in (_shows(lab), _does_not_show(lab)))
    lines += ["", *textwrap.wrap(_drifts(lab, ink), ink.width), ""]
    lines += [ink.bold("What it shows"), *shows, ink.bold("What it does not show"), *ends]
    return "\n".join(lines) + "\n"


def _drifts(lab: Lab, ink: Ink) -> str:
    drift = lab.drift
    return (
        f"w[{ink.place(drift.weight)}] is used {drift.copies} times in each sample. Its first gradient is "
        f"{drift.gradient:.6f}. Its unshared copies get {drift.term_least:.6f} to {drift.term_most:.6f} each, "
        f"{drift.terms_sum:.6f} in all. They start equal; after one update they are {drift.spread[0]:.4f} apart, after "
        f"{len(drift.spread)} updates {drift.spread[-1]:.4f}."
    )


def _shows(lab: Lab) -> str:
    shared, *others = _of(lab, "largest", "centred")
    rest = ", ".join(f"{row.twin} names {row.shifted:.0%} with {row.weights:,}" for row in others)
    return (
        f"What the shared layer learns at one place it knows at all: it has seen centred digits alone, and names "
        f"{shared.shifted:.0%} of shifted ones with {shared.weights:,} weights; {rest}."
    )


def _does_not_show(lab: Lab) -> str:
    every = [row.shifted for row in _of(lab, "every", "centred")]
    middle = ", ".join(f"{row.twin} {row.centred:.1%}" for row in _of(lab, "largest", "centred"))
    return (
        f"That sharing is enough by itself: under a head that reads every neuron at its place all three name "
        f"{min(every):.0%} to {max(every):.0%} of shifted digits. Nor that fewer weights are always better: where the "
        f"digits stay in the middle the parts named are {middle}."
    )


def _of(lab: Lab, head: str, trained_on: str) -> list[Trained]:
    return [row for row in lab.rows if (row.head, row.trained_on) == (head, trained_on)]
