"""Does the output move when the input moves? Predicted from the formulas, then measured by shifting the input."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from isochrome.ask.answer import Answer, Check, Sight
from isochrome.ask.circular import circular_words, own_shift, padding_twins
from isochrome.ask.shifts import NetworkShift, Shift, network_shifts
from isochrome.ask.subject import Subject
from isochrome.ask.words import counted, joined
from isochrome.errors import IsochromeError, shown
from isochrome.model.parts import Model
from isochrome.model.values import Values

__all__ = ["equivariance", "equivariance_unfit", "network_equivariance"]

Array = NDArray[Any]


def equivariance_unfit(subject: Subject) -> str:
    """The layer, or what leads to it, must have positions."""
    if not subject.line.inputs:
        return "it reads no activations by weights, so there is no input to shift"
    if subject.line.inner:
        return "its sums are inside a recurrent layer; a shift in time also changes the state that it starts from"
    if not any(own_shift(subject, loop) is not None for loop in subject.positions) and not _to(subject):
        return "it has no positions left, and nothing before it has any"
    return ""


def _to(subject: Subject) -> list[NetworkShift]:
    return [shift for name in subject.model.inputs for shift in network_shifts(subject.model, name)
            if subject.layer.output in shift.states]  # fmt: skip


# --- one layer --------------------------------------------------------------------------------------------------------


def equivariance(subject: Subject) -> Answer:
    """A layer by itself, and all that leads from the model's input to it."""
    own = {loop: shift for loop in subject.positions if (shift := own_shift(subject, loop)) is not None}
    names = dict(zip(subject.positions, subject.position_words, strict=True))
    parts = [(f"{loop} ({names[loop]})", _words(shift)) for loop, shift in own.items()]
    text = f"{subject.name} by itself, {_grouped(parts)}. " if parts else ""
    leading = _to(subject)
    text += _leading(subject, leading)
    measured, holds = _measure(subject.model, subject.values, subject.layer.output, leading)
    twin, agrees = padding_twins(subject)
    text += circular_words(twin)
    text += "Equivariant: the output moves along. Invariant would be: it does not change."
    numbers: dict[str, Any] = {
        "layer": {loop: _told(shift) for loop, shift in own.items()},
        "from_input": {f"{one.input} axis {one.axis}": _told(one.states[subject.layer.output]) for one in leading},
    }  # fmt: skip
    exact = [shift for shift in own.values() if not shift.lost and shift.stride == 1 and shift.turns]
    what = (
        "the model's input shifted circularly by whole strides and the layer's output compared, moved along, with the "
        "output before: the largest difference inside, at the border, and everywhere"
    )
    if twin:
        what += "; the layer alone on random numbers, with zero padding and with circular padding"
    check = Check(what, {**measured, **twin}, _both(holds, agrees))
    sight = Sight(("volume", "reach"), "filter", (subject.centre,))
    return Answer(text.strip(), numbers, check, sight, bool(own) and len(exact) == len(own))


def _both(one: bool | None, other: bool | None) -> bool | None:
    known = [value for value in (one, other) if value is not None]
    return all(known) if known else None


def _grouped(parts: list[tuple[str, str]]) -> str:
    """What is said along each axis; axes of which the same is said stand together."""
    axes: dict[str, list[str]] = {}
    for axis, said in parts:
        axes.setdefault(said, []).append(axis)
    return "; ".join(f"along {joined(names)}: {said}" for said, names in axes.items())


def _words(shift: Shift, source: str = "its input") -> str:
    if shift.lost:
        return f"it does not move along: {shift.lost}" if shift.known else f"the formulas do not tell: {shift.lost}"
    if shift.axis is None:
        every = "every circular shift" if shift.stride == 1 else f"circular shifts divisible by {shift.stride}"
        return f"all places have been added up, so it is invariant to {every}" + (
            "" if shift.turns else ", except for what the border changes"
        )
    low, high = shift.border
    step = shift.stride
    if step == 1:
        moves = f"a shift of {source} by k moves it by k"
    elif step > 1 and step.denominator == 1:
        moves = (
            f"a shift of {source} by k moves it by k/{step}, only for k divisible by {step}: others fall between its "
            "neurons"
        )
    else:
        moves = f"a shift of {source} by {step.numerator} moves it by {step.denominator}"
    if shift.clean is not None and not shift.clean.any():
        return f"{moves}, but what the border changes reaches every cell, so no shift is exact"
    if shift.turns and shift.clean is not None and len(shift.clean) == shift.period:
        return f"{moves}; exact at every cell, also for circular shifts"
    if low == high == 0:
        return f"{moves}; exact at every cell that is there before and after, as no window leaves the input"
    ends = (
        f"{counted(low, 'cell')} from the start"
        if not high
        else f"{counted(high, 'cell')} from the end"
        if not low
        else (
            f"{counted(low, 'cell')} from either end"
            if low == high
            else f"{low} cells from the start and {high} from the end"
        )
    )
    return f"{moves}; broken within {ends} of the map, where the border cuts windows and does not move along"


def _leading(subject: Subject, leading: list[NetworkShift]) -> str:
    """From the model's input to the layer, along each axis of the input."""
    if not leading:
        return ""
    parts = [
        (f"axis {shift.axis}", _words(shift.states[subject.layer.output], shown(shift.input, 40))) for shift in leading
    ]
    return f"From the model's input to it, {_grouped(parts)}. "


def _told(shift: Shift) -> dict[str, Any]:
    """A prediction as JSON knows it."""
    if shift.lost:
        status = "not equivariant" if shift.known else "not told by the formulas"
    elif shift.axis is None:
        status = "invariant"
    elif shift.stride > 1:
        status = f"only for shifts divisible by {shift.stride}"
    else:
        status = "exact" if shift.border == (0, 0) else "away from the border"
    stride = str(shift.stride) if shift.stride.denominator > 1 else int(shift.stride)
    circular = shift.turns and not shift.lost
    return {"status": status, "stride": stride, "border": list(shift.border), "circular": circular,
            "why": shift.lost or None}  # fmt: skip


# --- the whole network ------------------------------------------------------------------------------------------------


def network_equivariance(model: Model, values: Values) -> Answer:
    """Every layer's total stride and border, up to where a shift is no longer followed."""
    shifts = [shift for name in model.inputs for shift in network_shifts(model, name)]
    if not shifts:
        text = "No operation moves along with an input: the model has no positions that a shift could move."
        return Answer(text, {}, Check("whether any formula moves along with an input", {}, None), None, False)
    stages = [
        {"layer": layer.name, **{f"{shift.input} axis {shift.axis}": _told(shift.states[layer.output])
                                 for shift in shifts if layer.output in shift.states}}
        for layer in model.layers
    ]  # fmt: skip
    first = shifts[0]
    states = [(layer, first.states[layer.output]) for layer in model.layers if layer.output in first.states]
    following = [layer for layer, state in states if state.clean is not None and state.axis is not None]
    measurable = [layer for layer, state in states if state.axis is not None and len(_cells(state)) > 1]
    ends = next(
        (layer for layer in model.layers if (state := first.states.get(layer.output)) and state.axis is None), None
    )
    text = ""
    if following:
        last = following[-1]
        text = (
            f"Up to {shown(last.name, 40)} it moves along: "
            f"{_words(first.states[last.output], shown(first.input, 40))}. "
        )
    if ends is not None:
        state = first.states[ends.output]
        text += f"At {shown(ends.name, 40)}, " + _words(state, "the input") + ". "
    text += _whole([first.states[name] for name in model.outputs if name in first.states], ends is not None)
    measured, holds = _measure(model, values, measurable[-1].output, shifts) if measurable else ({}, None)
    what = (
        "the input shifted circularly by whole strides: the output of the last layer that moves along, compared "
        "inside and at the border"
    )
    named = (*([following[-1]] if following else []), *([ends] if ends is not None else []))
    return Answer(
        text, {"stages": stages}, Check(what, measured, holds), Sight(("network", "reach")),
        layers=tuple(dict.fromkeys(layer.name for layer in named)),
    )  # fmt: skip


def _whole(outputs: list[Shift], ends: bool) -> str:
    """What that makes the model as a whole."""
    if any(state.axis is None and not state.lost for state in outputs):
        return "So the model's output is invariant, within what was said."
    if any(not state.known for state in outputs):
        return "What the model does as a whole, formulas alone do not tell."
    if ends:
        return "So the model as a whole is neither: from there on, each place has weights of its own or none is left."
    lost = next((state.lost for state in outputs if state.lost), "")
    if lost:
        return f"The model as a whole does not move along: {lost}."
    return "So the whole model moves along, within what was said."


def _cells(state: Shift) -> tuple[bool, ...]:
    return () if state.clean is None else tuple(state.clean.tolist())


# --- measuring --------------------------------------------------------------------------------------------------------


def _measure(
    model: Model, values: Values, tensor: str, shifts: list[NetworkShift]
) -> tuple[dict[str, Any], bool | None]:
    """The largest differences between a moved output and the output of the moved input, for a few shifts."""
    measured: dict[str, Any] = {}
    holds: bool | None = None
    for shift in shifts[:3]:
        state = shift.states.get(tensor)
        given = values.tensor(shift.input)
        if state is None or state.lost or given is None or given.dtype.kind not in "fiu":
            continue
        for by, whole in [(state.stride.numerator, True)] + ([(1, False)] if state.stride > 1 else []):
            found = _compared(values, shift, state, tensor, by, given) if by < given.shape[shift.axis] else None
            if found is None:
                continue
            measured[f"axis {shift.axis}, shift {by}"] = found
            gaps = [found["inside"], found["everywhere"] if state.turns else None]
            known = [gap for gap in gaps if gap is not None]
            if whole and known:
                holds = (holds is not False) and max(known) <= (found["tolerance"] or 0.0)
    return measured, holds


def _compared(
    values: Values, shift: NetworkShift, state: Shift, tensor: str, by: int, given: Array
) -> dict[str, float | None] | None:
    try:
        after = values.runner.on({shift.input: np.roll(given, by, shift.axis)}).fetch((tensor,)).get(tensor)
    except IsochromeError:
        return None
    before = values.tensor(tensor)
    if after is None or before is None:
        return None
    scale = float(np.max(np.abs(before), initial=0))
    sizes: dict[str, float | None] = {"largest_output": scale, "tolerance": 1e-4 * scale + 1e-6}
    if state.axis is None or state.clean is None:
        gap = float(np.max(np.abs(after.astype(np.float64) - before), initial=0))
        return {"inside": None, "border": gap, "everywhere": gap, **sizes}
    one, other = (np.moveaxis(array.astype(np.float64), state.axis, 0) for array in (before, after))
    moves = {int(by / state.stride), -int(-by // state.stride)}
    found = [_gaps(one, other, state, move) for move in sorted(moves)]
    best = min(found, key=lambda gaps: np.inf if gaps["inside"] is None else gaps["inside"])
    return {**best, **sizes}


def _gaps(one: Array, other: Array, state: Shift, move: int) -> dict[str, float | None]:
    """The largest difference inside, at the border, and everywhere with wrapping, for one move of the output."""
    assert state.clean is not None
    size = len(one)
    if move >= size:
        return {"inside": None, "border": None, "everywhere": None}
    at = np.arange(move, size)
    clean = state.clean[at] & state.clean[at - move]
    gaps = np.abs(other[at] - one[at - move]).reshape(len(at), -1).max(axis=1, initial=0)
    wrapped = (np.arange(size) - move) % max(state.period, 1)
    known = wrapped < size
    every = np.abs(other[known] - one[wrapped[known]])
    return {
        "inside": float(gaps[clean].max()) if clean.any() else None,
        "border": float(gaps[~clean].max()) if (~clean).any() else None,
        "everywhere": float(every.max(initial=0)) if known.any() else None,
    }
