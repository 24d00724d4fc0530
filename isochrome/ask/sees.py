"""How far a neuron sees: the exact set of inputs that it depends on, checked by changing the others."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isochrome.ask.answer import Answer, Check, Sight
from isochrome.ask.reach import Reach, reach
from isochrome.ask.shifts import network_shifts
from isochrome.ask.subject import Subject
from isochrome.ask.words import counted, joined
from isochrome.core.formula import loops_of
from isochrome.core.reach import Places
from isochrome.errors import IsochromeError, shown

__all__ = ["sees", "sees_unfit"]


def sees_unfit(subject: Subject) -> str:
    """The model must have inputs."""
    return "" if subject.model.inputs else "the model has no input"


def sees(subject: Subject) -> Answer:
    """A neuron amid the output: what it sees of the model's input; its jump; clipping at the border; holes."""
    found = reach(subject.model, subject.layer, subject.centre)
    corner = reach(subject.model, subject.layer, tuple(0 for _ in subject.centre))
    hull = found.places.hull()
    sizes = [high - low + 1 for low, high in hull]
    count, box = found.places.count, prod(sizes)
    shape = subject.model.tensors[found.to].sample or ()
    jumps = _jumps(subject, found)
    numbers: dict[str, Any] = {
        "neuron": list(subject.centre), "count": count, "box": [list(ends) for ends in hull], "size": sizes,
        "input": list(shape),
        "status": found.status, "corner_count": corner.places.count, "jump": jumps, "holes": box - count,
    }  # fmt: skip
    ends = ", ".join(str(low) if low == high else f"{low} to {high}" for low, high in hull)
    text = (
        f"{subject.neuron(subject.centre)} depends on {count:,} of the {prod(shape):,} numbers of "
        f"{shown(found.to, 60)}: along its axes {ends}, a box of {'×'.join(f'{size:,}' for size in sizes) or '1'}"
    )
    text += f" with {box - count:,} holes" if box > count else ", without holes"
    middles = [(low + high) / 2 for low, high in hull]
    text += f", centred at {', '.join(f'{middle:g}' for middle in middles)}. " if middles else ". "
    if jumps:
        text += (
            "The next neuron sees the same moved by "
            f"{joined([f'{jump} along {loop}' for loop, jump in jumps.items()])}. "
        )
    if corner.places.count < count:
        text += f"At the corner the border cuts it: {subject.neuron(corner.neuron)} sees {corner.places.count:,}. "
    text += _status_words(found)
    return Answer(
        text.strip(),
        numbers,
        _check(subject, found),
        Sight(("reach", "network", "arithmetic"), "weight", (subject.centre,)),
    )


def _status_words(found: Reach) -> str:
    if found.status == "exact":
        return "This is exact: which inputs can matter, not how much each does."
    why = "some operation before it is not told by a formula" if found.status == "bound" else "it depends on the data"
    return f"This is an upper bound: {why}."


def _jumps(subject: Subject, found: Reach) -> dict[str, str]:
    """For each loop of positions how far what is seen moves from one neuron to the next, where it does so evenly."""
    moved: dict[str, str] = {}
    for shift in network_shifts(subject.model, found.to):
        state = shift.states.get(subject.layer.output)
        if state is None or state.axis is None or subject.line.inner:
            continue
        loops = loops_of(subject.line.formula.output.indices[state.axis])
        moved |= {loop: str(state.stride) for loop in loops if loop in subject.positions}
    return moved


def _check(subject: Subject, found: Reach) -> Check:
    """Inputs that it does not see are changed: its value must stay. Then those that it sees: it must not."""
    values, name = subject.values, found.to
    array = values.tensor(name)
    if subject.line.inner or array is None or array.dtype.kind != "f" or not found.places.boxes:
        return _check_own(subject)
    mask = _mask(found.places, array.shape, subject.model.tensors[name].batch_alone)
    place = subject.full(subject.centre)
    generator = np.random.default_rng(1)
    other = generator.standard_normal(array.shape).astype(array.dtype)
    try:
        before = _value(values.tensor(subject.line.output), place)
        outside = _value(_run(subject, {name: np.where(mask, array, other)}), place)
        inside = _value(_run(subject, {name: np.where(mask, array + other, array)}), place)
    except IsochromeError as fault:
        return Check(f"the model could not be run: {shown(str(fault), 120)}", {}, None)
    if before is None or outside is None or inside is None:
        return Check("the framework gives no value of this neuron", {}, None)
    measured = {
        "value": before,
        "others_changed": outside,
        "seen_changed": inside,
        "changed_outside": int((~mask).sum()),
    }
    others = counted(int((~mask).sum()), "number")
    what = (
        f"the {'framework' if values.framework else 'formula'}'s value of the neuron when the {others} that it does "
        "not see are replaced by random ones (it must stay), and when those that it sees are changed (it should move)"
    )
    return Check(what, measured, abs(outside - before) <= 1e-6 * max(abs(before), 1))


def _check_own(subject: Subject) -> Check:
    """Where no framework shows the neuron: its own inputs lead back to it, by fixing each of them in turn."""
    line, made, place = subject.line, subject.relation, subject.full(subject.centre)
    numbers = [
        number for number, access in enumerate(line.formula.accesses) if number and access.name in dict(line.inputs)
    ]
    taps = made.fix({0: place})
    read = {(number, tap[number]) for tap in taps.listed(0, 2000) for number in numbers if tap[number] is not None}
    back = sum(made.fix({number: at or (), 0: place}).total > 0 for number, at in read)
    what = "the layer's own inputs of this neuron: fixing each of them, the neuron must be among those that it reaches"
    return Check(what, {"inputs": len(read), "lead_back": back}, back == len(read))


def _run(subject: Subject, inputs: Mapping[str, NDArray[Any]]) -> NDArray[Any] | None:
    return subject.values.runner.on(inputs).fetch((subject.line.output,)).get(subject.line.output)


def _value(array: NDArray[Any] | None, place: tuple[int, ...]) -> float | None:
    return None if array is None else float(array[place])


def _mask(places: Places, shape: tuple[int, ...], batch: int | None) -> NDArray[np.bool_]:
    """Which numbers of the input are seen; all samples but the first are not."""
    mask = np.zeros(shape, np.bool_)
    for box in places.boxes:
        at = list(box)
        if batch is not None:
            at.insert(batch, (0,))
        mask[np.ix_(*at)] = True
    return mask
