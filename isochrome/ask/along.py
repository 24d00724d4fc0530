"""Questions about what a weight is shared along: the loops that w does not mention, by name; the batch."""

from __future__ import annotations

from math import prod
from typing import Any

from isochrome.ask.answer import Answer, Check, Sight
from isochrome.ask.marks import marked
from isochrome.ask.subject import Subject
from isochrome.ask.twin import resized
from isochrome.ask.words import cells, counted, either, joined
from isochrome.core.component import distinct_rows
from isochrome.core.relation import Place, Relation
from isochrome.errors import IsochromeError
from isochrome.model.parts import Line

__all__ = ["at_size", "batch", "batch_unfit", "mentioned_weights", "shared_with", "shared_with_unfit"]

MOST = 100_000


# --- shared with what? ------------------------------------------------------------------------------------------------


def shared_with_unfit(subject: Subject) -> str:
    """There must be weights."""
    return "" if subject.line.weight else "it has no weights"


def shared_with(subject: Subject) -> Answer:
    """The loops that w does not mention, named; and those that it does."""
    line = subject.line
    free, held = subject.shared(line), line.pattern.along.distinct
    uses = subject.row.uses_per_weight
    verdicts = _verdicts(subject, line)
    numbers: dict[str, Any] = {
        "shared_along": {loop: subject.sizes.get(loop, 1) for loop in line.pattern.along.shared},
        "distinct_along": {loop: subject.sizes.get(loop, 1) for loop in held},
        "constant_along": list(_constant(line)),
        "uses_of_one": uses.taps, **verdicts,
    }  # fmt: skip
    access = line.weight_access
    every = line.pattern.along.shared
    unmentioned = f"{access} does not mention {either(every)}" if every else f"{access} mentions every loop"
    along = [subject.along(free)] if free else []
    along += [f"{line.batch}, the samples of a batch"] if line.batch else []
    text = f"{unmentioned}: a weight is shared along {', and along '.join(along) or 'nothing'}"
    text += f". It mentions {joined(held)}, so nothing is shared along {subject.along(held)}. " if held else ". "
    if _constant(line):
        text += f"(Along {joined(_constant(line))} constant it is shared as well.) "
    text += f"In words: {_in_words(subject, verdicts)}."
    if line.depends:
        text = (
            f"{access} looks rows up, and which row is for the data to say ({line.depends}). A row is shared by all "
            "the places and all the samples that look it up; the numbers of one row are not shared with one another."
        )
    text += subject.part
    if subject.row.tied_with:
        text += (
            f" Layers share too: {joined(subject.tied_with)} use{'s' if len(subject.row.tied_with) == 1 else ''} the "
            "same storage."
        )
    neurons = (subject.centre, subject.beside(subject.centre))
    return Answer(text, numbers, _check_uses(subject), Sight(("volume", "connections"), "filter", neurons))


def _verdicts(subject: Subject, line: Line) -> dict[str, bool | None]:
    """Whether neurons of one slice, of one column, channels, samples and steps share; None where there are none."""
    held = set(line.weight_access.loops)
    several = [loop for loop, size in subject.sizes.items() if size > 1]

    def free(loops: tuple[str, ...]) -> bool | None:
        mine = [loop for loop in loops if loop in several]
        return not any(loop in held for loop in mine) if mine else None

    return {
        "slice": free(subject.positions), "column": free(subject.filters), "channels": free(subject.channels),
        "samples": line.batch not in held if line.batch else None,
    }  # fmt: skip


def _in_words(subject: Subject, verdicts: dict[str, bool | None]) -> str:
    words = {
        "slice": "the neurons of one slice (one filter, all positions) share their weights",
        "column": "the neurons of one column (one position, all filters) share",
        "channels": "the channels of a filter share", "samples": "samples share",
    }  # fmt: skip
    said = []
    for key, verdict in verdicts.items():
        if verdict is not None:
            said.append(words[key] if verdict else words[key].replace(" share", " do not share", 1))
    tasks = "tasks and other layers share only where they use the same stored tensor"
    return "; ".join([*said, tasks])


def _check_uses(subject: Subject) -> Check:
    """Every use of one weight is listed: they must agree in the loops that w mentions and differ in the others."""
    line = subject.line
    found = marked(line, subject.relation).relation
    place = _used_place(subject)
    taps = found.fix({line.weight_number: place})
    name, loops = f"{line.weight_access.name}[{cells(place)}]", found.formula.loops
    at = taps.places(0, min(taps.total, MOST))[-1]
    held = [number for number, loop in enumerate(loops) if loop in line.weight_access.loops]
    free = [number for number, loop in enumerate(loops) if loop not in line.weight_access.loops]
    inside, outside = (len(distinct_rows(at[:, columns])[0]) for columns in (held, free))
    measured = {
        "uses": taps.total,
        "listed": len(at),
        "values_of_mentioned_loops": inside,
        "values_of_the_others": outside,
    }
    holds = inside * outside >= len(at) and (inside == 1 or bool(_constant(line)) or bool(line.depends))
    mentioned, others = _loop_names(loops, held), _loop_names(loops, free)
    what = f"the uses of {name}, listed: all must have the same {mentioned}, and each its own {others}"
    return Check(what, measured, holds)


def _loop_names(loops: tuple[str, ...], numbers: list[int]) -> str:
    return joined([loops[number] for number in numbers]) or "place"


def _constant(line: Line) -> tuple[str, ...]:
    """What stays the same while loops that the weight mentions change; unknown where the data decides."""
    if line.depends:
        return ()
    along = prod(line.relation.sizes[loop] for loop in line.pattern.along.shared)
    return () if line.pattern.uses.taps == along else line.pattern.constant_along


def _used_place(subject: Subject) -> Place:
    number = subject.line.weight_number
    found = next(subject.taps_of(subject.centre).listed(0, 1), None)
    place = None if found is None else found[number]
    return place if place is not None else tuple(0 for _ in subject.relation.shapes[number])


# --- does the batch share? --------------------------------------------------------------------------------------------


def batch_unfit(subject: Subject) -> str:
    """There must be a batch."""
    if not subject.line.weight:
        return "it has no weights"
    if subject.line.batch and subject.line.batch not in subject.line.formula.output.loops:
        return f"it adds up over {subject.line.batch}, so its output has no samples any more"
    return "" if subject.line.batch else "it has no batch: all loops of its formula count"


def batch(subject: Subject) -> Answer:
    """Whether w mentions the batch's loop; at two samples there are the same weights and twice the connections."""
    line, made = subject.line, subject.relation
    shared = line.batch not in line.weight_access.loops or bool(line.depends)
    two = at_size(made, line.batch, 2)
    weights = subject.weights
    numbers: dict[str, Any] = {
        "weights": weights, "connections": made.connections, "connections_of_two_samples": two.connections,
    }  # fmt: skip
    if line.depends:
        text = (
            f"Yes. There is one table, {counted(weights, 'weight')}, for all samples: which of its rows a sample looks "
            "up depends on its data. Two samples that look the same row up use the same weights."
        )
    elif shared:
        text = (
            f"Yes. {line.weight_access} does not mention {line.batch}: every sample meets the same "
            f"{counted(weights, 'weight')}. Two samples make {two.connections:,} connections instead of "
            f"{made.connections:,}, and not one weight more; so all counts here are per sample. One sample twice uses "
            "nothing new: it only counts twice in the gradient's sum."
        )
    else:
        text = f"No. {line.weight_access} mentions {line.batch}: each place along the batch has weights of its own."
    return Answer(text + subject.part, numbers, _check_batch(subject, two, shared), Sight(("connections",)), shared)


def _check_batch(subject: Subject, two: Relation, shared: bool) -> Check:
    """The weights at one sample and at two; and the framework's outputs for one sample given twice."""
    line, made = subject.line, subject.relation
    measured: dict[str, Any] = {"connections_1": made.connections, "connections_2": two.connections}
    holds: bool | None = None
    if not line.depends:
        same = mentioned_weights(two, line) == mentioned_weights(made, line)
        measured["same_weights"] = same
        holds = same == shared and two.connections == 2 * made.connections
    what = "the formula at one sample and at two"
    twice = _run_twice(subject)
    if twice is not None:
        measured |= {"largest_difference": twice[0], "tolerance": twice[1]}
        what += ", and the same input given twice in one batch: the framework's two outputs compared"
        holds = holds is not False and twice[0] <= twice[1]
    return Check(what, measured, holds)


def at_size(made: Relation, loop: str, size: int) -> Relation:
    """The relation with another size of one loop."""
    return resized(made, {**made.sizes, loop: size})


def mentioned_weights(made: Relation, line: Line) -> set[Place] | int:
    """The weights of a relation, or, where they are many, how many there are."""
    number = line.weight_number
    if made.connections > MOST:
        return prod(len(part.histogram(tuple(sorted(columns)))[0]) for part, columns in _columns(made, number))
    return {tap[number] or () for tap in made.everything.listed()}


def _columns(made: Relation, number: int) -> list[tuple[Any, set[int]]]:
    found: dict[int, set[int]] = {}
    for axis in made.axes[number]:
        for digit in axis.digits:
            found.setdefault(digit.component, set()).add(digit.column)
    return [(made.components[part], columns) for part, columns in found.items()]


def _run_twice(subject: Subject) -> tuple[float, float] | None:
    """How far the outputs for one sample given twice lie apart, and may; None where the model takes one sample only."""
    import numpy as np

    model, values = subject.model, subject.values
    batches = [model.tensors[name].batch for name in model.inputs]
    if subject.line.inner or not values.framework or not model.inputs or None in batches:
        return None
    given = values.tensors(model.inputs)
    doubled = {}
    for name, array, axis in zip(model.inputs, given, batches, strict=True):
        if array is None or axis is None:
            return None
        first = array.take([0], axis=axis)
        doubled[name] = np.concatenate([first, first], axis=axis)
    try:
        output = values.runner.on(doubled).fetch((subject.line.output,)).get(subject.line.output)
    except IsochromeError:
        return None
    axis = model.tensors[subject.line.output].batch_alone
    if output is None or axis is None or output.shape[axis] != 2:
        return None
    one, other = (output.take(number, axis=axis) for number in (0, 1))
    return float(np.max(np.abs(one - other), initial=0)), 1e-5 * float(np.max(np.abs(one), initial=0))
