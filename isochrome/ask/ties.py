"""Questions about layers that share: one storage under several uses, names or orientations; and what is no sharing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isochrome.ask.answer import Answer, Check, Sight
from isochrome.ask.subject import Subject
from isochrome.ask.uses import uses
from isochrome.ask.words import cells, counted, joined, times
from isochrome.core.formula import Table, loops_of
from isochrome.errors import shown
from isochrome.model.parts import Layer, Line, Parameter

__all__ = [
    "autoencoder", "autoencoder_unfit", "embedding_output", "embedding_output_unfit", "really_shared",
    "really_shared_unfit", "siamese", "siamese_unfit",
]  # fmt: skip

MOST_COMPARED = 8_000_000


@dataclass(frozen=True, slots=True, eq=False)
class _Tie:
    """Two lines of two layers that read one stored tensor."""

    parameter: Parameter
    mine: Line
    other: Layer
    theirs: Line


def _ties(subject: Subject) -> list[_Tie]:
    found = []
    for line in subject.layer.weight_lines:
        if line.parameter is None:
            continue
        for other, theirs in subject.model.users(line.parameter):
            if other is not subject.layer and not theirs.is_bias:
                found.append(_Tie(subject.model.parameters[line.parameter], line, other, theirs))
    return found


def _names(layer: Layer) -> str:
    return shown(layer.name, 60)


def _listed(names: list[str]) -> str:
    return joined([shown(name, 40) for name in names[:4]]) + (", ..." if len(names) > 4 else "")


def _check_place(subject: Subject, tie: _Tie) -> Check:
    """One stored scalar is found in both layers by listing its uses."""
    place = (
        next((tap[tie.theirs.weight_number] for tap in tie.theirs.pattern.relation.everything.listed(0, 1)), None)
        if not (tie.theirs.depends)
        else None
    )
    if place is None and not tie.mine.depends:
        place = next((tap[tie.mine.weight_number] for tap in tie.mine.relation.everything.listed(0, 1)), None)
    assert place is not None
    values = subject.values if tie.mine.depends or tie.theirs.depends else None
    found = uses(subject.model, tie.mine, place, 100_000, values)
    each = {
        name: sum(use.layer == name for use in found.uses) for name in dict.fromkeys(use.layer for use in found.uses)
    }
    measured: dict[str, Any] = {"weight": list(place), "uses": found.taps, "uses_by_layer": each}
    what = f"the uses of {shown(tie.parameter.names[0], 60)}[{cells(place)}], listed over all layers"
    known = {subject.layer.name, tie.other.name}
    return Check(what, measured, set(each) <= {layer.name for layer, _ in subject.model.users(tie.parameter.number)}
                 and (tie.other.name in each or values is not None) and bool(known & set(each)))  # fmt: skip


# --- a tied autoencoder -----------------------------------------------------------------------------------------------


def _orientation(line: Line) -> tuple[str, ...]:
    """For each axis of the stored tensor whether its loops lead to the output, to the input, or to both."""
    out = set(line.formula.output.loops)
    read = {
        loop
        for name, _ in line.inputs
        for access in line.formula.factors
        if access.name == name
        for loop in access.loops
    }
    found = []
    for index in line.weight_access.indices:
        loops = set(loops_of(index))
        found.append("looked up" if isinstance(index, Table) else "".join(
            word for word, here in (("output", out), ("input", read)) if loops & here
        ))  # fmt: skip
    return tuple(found)


def _turned(subject: Subject) -> list[_Tie]:
    return [tie for tie in _ties(subject) if tie.mine.inputs and tie.theirs.inputs
            and _orientation(tie.mine) != _orientation(tie.theirs)]  # fmt: skip


def autoencoder_unfit(subject: Subject) -> str:
    """The layer's weights must be used by another layer in the other orientation, or stand there as a copy."""
    if not subject.reads_input:
        return "no weight multiplies an input in it"
    if not _turned(subject) and not _copies(subject, turned=True):
        return "no other layer uses its weights, or equal ones, transposed"
    return ""


def autoencoder(subject: Subject) -> Answer:
    """One storage in two orientations; or two tensors with equal values, which is no tie."""
    ties = _turned(subject)
    sight = Sight(("network", "unrolled", "matrix"), "parameter")
    if not ties:
        copy = _copies(subject, turned=True)[0]
        text = (
            f"It is not tied. {shown(copy.names[0], 60)} holds the transposed values of {_own(subject)}, but it is "
            "stored apart: training moves the two apart at its first step."
        )
        return Answer(text, {"stored_apart": True}, _check_copy(subject, copy), sight, False)
    tie = ties[0]
    mine, theirs = tie.mine.formula, tie.theirs.formula
    numbers = {"stored": tie.parameter.count, "counted_by_use": 2 * tie.parameter.count,
               "layers": [subject.layer.name, tie.other.name]}  # fmt: skip
    text = (
        f"It is really tied: {subject.name} ({mine}) and {_names(tie.other)} ({theirs}) read one stored tensor, "
        f"{shown(tie.parameter.names[0], 60)} of {counted(tie.parameter.count, 'weight')}. The transpose is in the "
        "formulas: the loop that leads to the output in one leads to the input in the other, so the number that "
        "weighs an input on the way in weighs it on the way out. Nothing is copied; a weight's gradient is the sum of "
        "its terms in both."
    )
    return Answer(text, numbers, _check_place(subject, tie), sight, True)


# --- embedding and output ---------------------------------------------------------------------------------------------


def _looked_up(line: Line) -> bool:
    return not line.inputs and any(isinstance(index, Table) for index in line.weight_access.indices)


def _pair_of_tables(subject: Subject) -> tuple[Layer, Line, Layer, Line] | None:
    """A layer that looks rows up and one that multiplies a tensor of the same shape, of which the subject is one."""
    mine = subject.layer.weight_lines
    for line in mine:
        if line.parameter is None:
            continue
        for other in subject.model.layers:
            for theirs in other.weight_lines:
                if other is subject.layer or theirs.parameter is None or _looked_up(line) == _looked_up(theirs):
                    continue
                shapes = [sorted(subject.model.parameters[one.parameter or 0].shape) for one in (line, theirs)]
                if line.parameter == theirs.parameter or shapes[0] == shapes[1]:
                    pair = (subject.layer, line, other, theirs)
                    return pair if _looked_up(line) else (other, theirs, subject.layer, line)
    return None


def embedding_output_unfit(subject: Subject) -> str:
    """There must be a layer that looks rows up and one that multiplies such a matrix."""
    if _pair_of_tables(subject) is None:
        return (
            "it is no pair with another layer, one looking rows up in a matrix and one multiplying with a matrix of "
            "that shape"
        )
    return ""


def embedding_output(subject: Subject) -> Answer:
    """Two layers, one storage: rows looked up against rows multiplied."""
    pair = _pair_of_tables(subject)
    assert pair is not None
    looks, lookup, multiplies, product = pair
    assert lookup.parameter is not None and product.parameter is not None
    first, second = (subject.model.parameters[line.parameter or 0] for line in (lookup, product))
    tied = lookup.parameter == product.parameter
    rows = first.shape[0]
    both = first.count + second.count
    numbers: dict[str, Any] = {"rows": rows, "weights": first.count, "stored": first.count if tied else both,
                               "counted_by_use": both}  # fmt: skip
    text = (
        f"{_names(looks)} looks a row up ({lookup.formula}); {_names(multiplies)} multiplies every row with its input, "
        f"one output for each ({product.formula}). "
    )
    if tied:
        text += (
            f"Both read {shown(first.names[0], 60)}: {first.count:,} numbers stored once, {2 * first.count:,} if "
            "counted by use. It can be one matrix because both need a row of the same length for each of the same "
            f"{rows:,} entries: what an entry means going in is compared with what comes out."
        )
        mine, theirs = (lookup, product) if looks is subject.layer else (product, lookup)
        check = _check_place(subject, _Tie(first, mine, multiplies if looks is subject.layer else looks, theirs))
    else:
        text += (
            f"They could be one matrix, but are two: {shown(first.names[0], 60)} and {shown(second.names[0], 60)} are "
            f"stored apart, {first.count + second.count:,} numbers."
        )
        check = Check("the storages of both matrices, compared byte by byte of place",
                      {"storages": [first.span.storage, second.span.storage]}, first.span != second.span)  # fmt: skip
    return Answer(text, numbers, check, Sight(("network", "unrolled", "kernel"), "parameter"), tied)


# --- is it really shared? ---------------------------------------------------------------------------------------------


def _own(subject: Subject) -> str:
    parameter = subject.parameter
    return shown(parameter.names[0], 60) if parameter is not None else "its weight"


def really_shared_unfit(subject: Subject) -> str:
    """There must be a stored weight."""
    return "" if subject.parameter is not None else "it has no stored weight"


def really_shared(subject: Subject) -> Answer:
    """Which of the five facts that people call shared hold for the layer's weight, and what a step would do."""
    own = subject.parameter
    assert own is not None
    users = list(dict.fromkeys(layer.name for layer, _ in subject.model.users(own.number)))
    calls = [name for name in users if name != subject.layer.name]
    often = subject.layer.calls if subject.layer.calls is not None else 0
    overlaps = [p for p in subject.model.parameters if p.number != own.number and p.span.storage == own.span.storage
                and min(p.span.stop, own.span.stop) > max(p.span.start, own.span.start)]  # fmt: skip
    equal = _copies(subject, turned=False) + _copies(subject, turned=True)
    facts = {
        "several_uses": bool(calls) or often != 1, "several_names": len(own.names) > 1,
        "overlapping_storage": bool(overlaps),
        "equal_values": bool(equal), "declared_tie": False,
    }  # fmt: skip
    shared = facts["several_uses"] or facts["several_names"] or facts["overlapping_storage"]
    said = [
        "1. it is used by "
        f"{counted(len(users), 'layer')}{f' ({joined([shown(u, 40) for u in users[:4]])})' if calls else ', this one'}"
        + (f", {often:,} times" if often > 1 else ""),
        f"2. its stored tensor has {counted(len(own.names), 'name')}",
        f"3. {counted(len(overlaps), 'other tensor')} {'lies' if len(overlaps) == 1 else 'lie'} over its bytes",
        f"4. {counted(len(equal), 'tensor')} stored apart {'has' if len(equal) == 1 else 'have'} equal values (as it "
        "is, or transposed)",
        "5. a tie that is only declared cannot be seen in what is stored",
    ]
    step = (
        "One step moves the one stored number for all of them, by the sum of all their gradients."
        if shared
        else "A step moves its numbers alone; a tensor that began equal would drift away."
    )
    text = (
        f"For {_own(subject)}: {'; '.join(said)}. Only 1 to 3 are sharing: {'so yes' if shared else 'so no'}, "
        f"{'it is shared between uses' if shared else 'it is not shared with another layer or name'}. {step} In "
        "PyTorch, Parameter(w.t()) and .data = w.data lie over one storage (3) but are two parameters: two gradients, "
        "two steps on the same numbers, and .double() or .to() splits them. Parameter(w.t().clone()) is 4. Using "
        "w.t() in forward is 1, the tie that holds."
    )
    measured = {"storage": own.span.storage, "bytes": [own.span.start, own.span.stop], **facts}
    what = "storages and bytes of all parameters compared, and the values of those of equal size"
    numbers: dict[str, Any] = {"layers": users, "names": list(own.names), **facts}
    check = Check(what, measured, _recount(subject, own) == len(users))
    return Answer(text, numbers, check, Sight(("network", "unrolled", "kernel"), "parameter"), shared)


def _recount(subject: Subject, own: Parameter) -> int:
    """How many layers read any byte of a parameter: counted from bytes, not from numbers of parameters."""
    found = set()
    for layer in subject.model.layers:
        for line in layer.lines:
            span = None if line.parameter is None else subject.model.parameters[line.parameter].span
            if (
                span is not None
                and span.storage == own.span.storage
                and min(span.stop, own.span.stop) > max(span.start, own.span.start)
            ):
                found.add(layer.name)
    return len(found)


# --- siamese ----------------------------------------------------------------------------------------------------------


def siamese_unfit(subject: Subject) -> str:
    """The layer's weights must have several uses."""
    if not subject.line.weight:
        return "it has no weights"
    if not _ties(subject) and subject.layer.calls == 1:
        return "it is called once, and no other layer uses its weights"
    return ""


def siamese(subject: Subject) -> Answer:
    """One parameter, several uses; how it looks folded and unfolded."""
    ties = _ties(subject)
    layers = list(dict.fromkeys([subject.layer.name, *(tie.other.name for tie in ties)]))
    weights, calls = subject.row.counts.weights, subject.layer.calls
    count = len(layers) if ties else calls or 0
    alike = [subject.layer.name, *(tie.other.name for tie in ties if tie.theirs.pattern.text == tie.mine.pattern.text)]
    unlike = [name for name in layers if name not in alike]
    called = (
        f"called {times(len(alike))} ({_listed(alike)})"
        if ties
        else f"called {calls:,} times"
        if calls
        else ("called as often as the data says")
    )
    text = (
        f"One layer, {called}: {counted(weights, 'weight')}, stored once. "
        if len(alike) > 1 or not ties
        else (f"{counted(weights, 'weight')}, stored once, used by {counted(count, 'layer')}. ")
    )
    text += f"The same numbers are used by another formula in {_listed(unlike)}. " if unlike else ""
    text += (
        f"Unfolded, with every use drawn, the picture has {weights * count:,} weights if counted by use; folded it has "
        f"{weights:,}. What one use learns, all have learned: the gradient is the sum over the uses. Two networks with "
        "equal values would be two storages."
    )
    verdict = True if len(alike) > 1 or not ties else None
    numbers = {"uses": count, "weights": weights, "counted_by_use": weights * count, "layers": layers}
    check = (
        _check_place(subject, ties[0])
        if ties
        else Check("calls of the layer's body, as the model states them", {"calls": calls}, calls is None or calls > 1)
    )
    return Answer(text, numbers, check, Sight(("unrolled", "network", "kernel"), "parameter"), verdict)


# --- copies -----------------------------------------------------------------------------------------------------------


def _copies(subject: Subject, turned: bool) -> list[Parameter]:
    """Parameters stored apart that hold the values of the layer's weight, as they are or transposed."""
    own = subject.parameter
    if own is None or own.count > MOST_COMPARED or own.count < 2:
        return []
    if turned and len(own.shape) < 2:
        return []
    shape = own.shape[::-1] if turned else own.shape
    found = [p for p in subject.model.parameters if p.number != own.number and p.shape == shape]
    if not found or (turned and shape == own.shape == own.shape[::-1] and own.shape[0] == 1):
        return []
    mine = _read(subject, own)
    if mine is None or (turned and bool((mine == mine.flat[0]).all())):
        return []
    wanted = mine.T if turned else mine
    return [p for p in found if p.span.storage != own.span.storage and _equal(_read(subject, p), wanted)]


def _read(subject: Subject, parameter: Parameter) -> NDArray[Any] | None:
    return subject.values.reader.read_parameter(parameter.number)


def _equal(found: NDArray[Any] | None, wanted: NDArray[Any]) -> bool:
    return found is not None and bool(np.array_equal(found, wanted))


def _check_copy(subject: Subject, copy: Parameter) -> Check:
    own = subject.parameter
    assert own is not None
    measured = {"storages": [own.span.storage, copy.span.storage]}
    return Check("storages compared: equal values, two places", measured, own.span != copy.span)
