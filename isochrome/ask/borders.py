"""Questions about borders: taps that fall on padding, and how many taps reach each cell of a transposed convolution."""

from __future__ import annotations

from typing import Any

import numpy as np

from isochrome.ask.answer import Answer, Check, Sight
from isochrome.ask.counts import connections_of
from isochrome.ask.subject import Subject
from isochrome.ask.twin import small_twin
from isochrome.ask.words import counted
from isochrome.core.formula import Affine
from isochrome.core.relation import Relation

__all__ = ["checkerboard", "checkerboard_unfit", "padding", "padding_unfit"]

_FEW = 12


# --- padding ----------------------------------------------------------------------------------------------------------


def padding_unfit(subject: Subject) -> str:
    """Weights must multiply inputs."""
    return "" if subject.reads_input and not subject.line.depends else "no window of weights moves over an input in it"


def padding(subject: Subject) -> Answer:
    """How many taps fall on padding, how often each weight is really used, and which never are."""
    line, row = subject.line, subject.row
    taps, real = connections_of(line)
    uses, dead = row.uses_per_weight, row.dead_weights or 0
    pads = taps - real
    numbers: dict[str, Any] = {
        "connections": taps, "real_connections": real, "on_padding": pads, "uses": uses.taps, "least_uses": uses.min,
        "most_uses": uses.max, "dead_weights": dead,
    }  # fmt: skip
    made = subject.relation
    neurons, whole = _neurons(made)
    numbers |= {"neurons": neurons, "neurons_that_read_no_padding": whole}
    if not pads:
        text = (
            f"No: no window leaves the input, so all {taps:,} connections read real input. Every neuron reads as much "
            "as every other."
        )
    else:
        text = (
            f"Yes. The same weights are laid over the border: {pads:,} of {taps:,} connections read padding, that is "
            f"0, so they add nothing. {whole:,} of {neurons:,} neurons read no padding. A weight is placed "
            f"{_often(uses.taps)}, and really used {_range(uses.min, uses.max)}: least those at the edge of the "
            "kernel."
        )
    if dead:
        text += (
            f" {counted(dead, 'weight')} never {'meets' if dead == 1 else 'meet'} a real input at this input size: it "
            "has no effect and no gradient."
        ).replace("it has", "it has" if dead == 1 else "they have")
    small = small_twin(made)
    listed = sum(any(place is None for place in tap) for tap in small.everything.listed())
    where = "this layer" if small is made else "a small twin"
    check = Check(
        f"connections of {where} listed one by one: those that read padding, against the count from the formula",
        {"listed": listed, "counted": small.connections - small.real_connections},
        listed == small.connections - small.real_connections,
    )
    neuron = tuple(0 for _ in subject.centre)
    return Answer(text, numbers, check, Sight(("kernel", "window", "connections"), "weight", (neuron,)), bool(pads))


def _often(count: int | None) -> str:
    return "unequally often" if count is None else "once" if count == 1 else f"{count:,} times"


def _range(least: int | None, most: int | None) -> str:
    return f"{least:,} times" if least == most else f"{least:,} to {most:,} times"


def _neurons(made: Relation) -> tuple[int, int]:
    """How many neurons have a connection, and how many of these read no padding."""
    found = [1, 1]
    for number, part in enumerate(made.components):
        columns = tuple(sorted({d.column for axis in made.axes[0] for d in axis.digits if d.component == number}))
        distinct, rows, real = part.histogram(columns)
        if columns:
            found = [found[0] * len(distinct), found[1] * int((rows == real).sum())]
        elif part.real < part.total:
            found[1] = 0
    return found[0], found[1]


# --- checkerboard -----------------------------------------------------------------------------------------------------


def _sliding(subject: Subject) -> list[tuple[int, int]]:
    """The axes of the output along which taps of one input overlap, and the step from one input to the next."""
    found = []
    for axis, index in enumerate(subject.line.formula.output.indices):
        steps = dict(index.terms) if isinstance(index, Affine) else {}
        positions = [loop for loop in steps if subject.roles.get(loop) == "position" and loop != subject.line.batch]
        if len(positions) == 1 and len(steps) > 1:
            found.append((axis, abs(steps[positions[0]])))
    return found


def checkerboard_unfit(subject: Subject) -> str:
    """Taps must slide along the output."""
    if _sliding(subject):
        return ""
    if not subject.reads_input:
        return "no weight multiplies an input in it"
    return "it gathers: each neuron has its own window, and no taps are laid over each other in the output"


def checkerboard(subject: Subject) -> Answer:
    """How many taps reach each output cell along each axis: uniform inside exactly when the step divides the kernel."""
    made = subject.relation
    axes = _sliding(subject)
    profiles = [_profile(made, axis) for axis, _ in axes]
    steps = [step for _, step in axes]
    insides = [_inside(profile, step) for profile, step in zip(profiles, steps, strict=True)]
    uneven = any(len(set(inside)) > 1 for inside in insides)
    border = any(len(set(profile)) > len(set(inside)) for profile, inside in zip(profiles, insides, strict=True))
    numbers: dict[str, Any] = {
        "steps": steps, "taps_at_each_place": [profile[:64] for profile in profiles],
        "inside": [sorted(set(inside)) for inside in insides],
    }  # fmt: skip
    letters = [subject.line.formula.output.indices[axis] for axis, _ in axes]
    told = "; ".join(
        f"along {letter} (step {step}): {_profile_words(profile)}"
        for letter, step, profile in zip(letters, steps, profiles, strict=True)
    )
    text = f"How many taps reach each place of the output, {told}. "
    if uneven:
        text += (
            "Inside the map the numbers alternate: a checkerboard. It comes from the overlap of the windows, whatever "
            f"the weights are; it is even exactly when the step ({', '.join(map(str, steps))}) divides the number of "
            "taps along that axis."
        )
    else:
        text += (
            "Inside the map every place is reached equally often, so the step divides the kernel: no checkerboard "
            "from overlap."
        )
    if border:
        text += " Towards the border fewer windows overlap: that is a border effect, not a checkerboard."
    small = small_twin(made)
    counted_taps = _listed_profile(small, axes[0][0])
    check = Check(
        "taps at each place along the first of these axes, by listing all connections"
        + ("" if small is made else " of a small twin"),
        {"listed": counted_taps[:64], "formula": _profile(small, axes[0][0])[:64]},
        _proportional(counted_taps, _profile(small, axes[0][0])),
    )
    return Answer(text, numbers, check, Sight(("overlap", "matrix"), "tap"), uneven)


def _profile_words(profile: list[int]) -> str:
    if len(profile) <= _FEW:
        return ", ".join(map(str, profile))
    return f"{', '.join(map(str, profile[: _FEW - 1]))}, ..., {profile[-1]}"


def _profile(made: Relation, axis: int) -> list[int]:
    """How many rows of its component lead to each place along an axis of y."""
    found = made.axes[0][axis]
    if len(found.digits) != 1:
        return [0] * found.size
    digit = found.digits[0]
    values, rows, _ = made.components[digit.component].histogram((digit.column,))
    out = np.zeros(found.size, np.int64)
    out[values[:, 0] + found.offset] = rows
    return [int(value) for value in out]


def _inside(profile: list[int], step: int) -> list[int]:
    """One period amid a profile, away from both ends."""
    start = max((len(profile) - step) // 2, 0)
    return profile[start : start + step]


def _listed_profile(made: Relation, axis: int) -> list[int]:
    out = [0] * made.shapes[0][axis]
    for tap in made.everything.listed():
        if tap[0] is not None:
            out[tap[0][axis]] += 1
    return out


def _proportional(listed: list[int], profile: list[int]) -> bool:
    total, whole = sum(listed), sum(profile)
    return all(a * whole == b * total for a, b in zip(listed, profile, strict=True))
