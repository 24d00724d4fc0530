"""Questions about filters and channels: what is added up, what groups leave out, what keeps two filters apart."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isochrome.ask.answer import Answer, Check, Sight
from isochrome.ask.subject import Subject, flat_places
from isochrome.ask.words import cells, counted, equals, joined, number, sum_words
from isochrome.core.component import distinct_rows
from isochrome.core.formula import loops_of
from isochrome.core.relation import Place

__all__ = [
    "channels_added", "channels_unfit", "filters_differ", "filters_unfit", "groups", "groups_unfit",
    "neurons_of_filters", "pairs_of_channels",
]  # fmt: skip

MOST_FILTERS = 2048
MOST_WEIGHTS = 8_000_000
_FEW = 6


# --- are channels added? ----------------------------------------------------------------------------------------------


def channels_unfit(subject: Subject) -> str:
    """A neuron must add up several channels."""
    if not subject.reads_input:
        return "no weight multiplies an input in it"
    if subject.size(subject.channels) < 2:
        return "each of its neurons reads one channel alone, so there is nothing to add up over channels"
    return "" if subject.line.exact else "its value is no sum of weights times inputs"


def channels_added(subject: Subject) -> Answer:
    """One neuron's partial sums by channel: added, with the bias, to the framework's value."""
    place = subject.centre
    filters, channels = subject.size(subject.filters), subject.size(subject.channels)
    of_filter = subject.weights_of_filter(place)
    numbers: dict[str, Any] = {
        "filters": filters, "channels": channels, "weights_of_a_filter": of_filter,
        "slices": pairs_of_channels(subject), "neuron": list(place),
    }  # fmt: skip
    if numbers["slices"] != filters * channels:
        size = f"as deep as the channels that it reads; the one shown has {counted(of_filter, 'weight')}"
    elif subject.taps:
        size = f"as deep as what it reads: {subject.filter_shape} = {counted(of_filter, 'weight')} (channels first)"
    else:
        size = f"as deep as what it reads: {counted(of_filter, 'weight')}, one for each channel"
    head = (
        f"{subject.name} has {counted(filters, 'filter')}. Each is {size}. A neuron multiplies each channel with that "
        "channel's own slice of the filter and adds everything up, so a filter gives one slice of the output: "
        f"{filters:,} in all, though the filters have {numbers['slices']:,} slices."
    )
    arrays = subject.arrays()
    sight = Sight(("bank", "arithmetic"), "channel", (place,))
    if arrays is None:
        what = "whether partial sums by channel can be had: this run gives no values for the layer's input"
        return Answer(f"{head} Added, not averaged: the formula says +=.", numbers, Check(what, {}, None), sight)
    parts = _partial_sums(subject, place, arrays)
    found = subject.explain(place)
    some = sum_words(parts, _FEW)
    bias = "" if not found.biases or found.bias is None or subject.part else f" + the bias {number(found.bias, 4)}"
    total = "" if found.total is None else f" {equals(found.total)}"
    text = (
        f"{head} For {subject.neuron(place)}, channel by channel: {some}{bias}{total}. Added, not "
        f"averaged.{subject.part}"
    )
    measured = {"partial_sums": parts[:64], "bias": found.bias, "total": found.total, "framework": found.framework,
                "difference": found.difference, "bound": found.bound}  # fmt: skip
    holds = None if found.difference is None or found.bound is None else found.difference <= found.bound
    what = "the partial sums and the bias, added, against the framework's value of that neuron"
    return Answer(text, numbers, Check(what, measured, holds), sight)


def _partial_sums(subject: Subject, place: Place, arrays: dict[str, NDArray[Any]]) -> list[float]:
    """The sum of a neuron's products over the taps of each channel."""
    taps = subject.taps_of(place)
    products, at = subject.products(taps, arrays), subject.line.input_number
    assert at is not None
    channels = set(subject.channels)
    axes = [axis for axis, index in enumerate(subject.line.formula.accesses[at].indices)
            if channels & set(loops_of(index))]  # fmt: skip
    _, which = distinct_rows(taps.places()[at][:, axes])
    return [float(value) for value in np.bincount(which, weights=products)]


# --- groups -----------------------------------------------------------------------------------------------------------


def pairs_of_channels(subject: Subject) -> int:
    """How many (filter, channel) pairs have a kernel slice: a product over components, none is listed."""
    line, made, at = subject.line, subject.relation, subject.line.input_number
    assert at is not None
    positions = set(subject.positions) | {line.batch}
    wanted: dict[int, set[int]] = {}
    for access_number in (0, at):
        access = line.formula.accesses[access_number]
        for index, axis in zip(access.indices, made.axes[access_number], strict=True):
            if not positions & set(loops_of(index)):
                for digit in axis.digits:
                    wanted.setdefault(digit.component, set()).add(digit.column)
    return prod(len(made.components[part].histogram(tuple(sorted(columns)))[0]) for part, columns in wanted.items())


def _all_pairs(subject: Subject) -> tuple[int, int]:
    """How many filters there are, and how many channels the whole input has."""
    at = subject.line.input_number
    assert at is not None
    sizes = []
    for which in (0, at):
        access = subject.line.formula.accesses[which]
        positions = set(subject.positions) | {subject.line.batch}
        shape = subject.line.shape(access.name)
        sizes.append(prod(size for index, size in zip(access.indices, shape, strict=True)
                          if not positions & set(loops_of(index))))  # fmt: skip
    return sizes[0], sizes[1]


def groups_unfit(subject: Subject) -> str:
    """Some filter must leave out some channel."""
    if not subject.reads_input:
        return "no weight multiplies an input in it"
    filters, channels = _all_pairs(subject)
    if pairs_of_channels(subject) == filters * channels:
        every = "its one channel" if channels == 1 else f"all {channels:,} channels"
        return f"it has no groups: each of its {counted(filters, 'filter')} reads {every}"
    return ""


def groups(subject: Subject) -> Answer:
    """The table of filters by channels: which pairs have a kernel slice, and the count without groups."""
    filters, channels = _all_pairs(subject)
    pairs, weights = pairs_of_channels(subject), subject.row.counts.weights
    loops, each = subject.loops("group"), subject.size(subject.taps)
    whole = filters * channels * each
    depths = _depths(subject)
    numbers: dict[str, Any] = {
        "filters": filters, "channels": channels, "pairs": pairs, "pairs_without": filters * channels,
        "weights": weights, "weights_without": whole, "groups": subject.size(loops) if loops else None,
    }  # fmt: skip
    every = f"{filters:,} × {channels:,} = {filters * channels:,}"
    table = f"of {every} pairs of a filter and a channel, {pairs:,} have a kernel slice"
    if loops and subject.size(subject.loops("filter")) == subject.size(subject.channels) == 1:
        kind = f"Depthwise: each of the {counted(filters, 'filter')} reads one channel, its own; {table}, the diagonal"
    elif loops:
        count = subject.size(loops)
        rows, columns = filters // count, channels // count
        kind = (
            f"{counted(count, 'group')}: {table}, in {count:,} blocks of {rows:,} × {columns:,} along the diagonal of "
            f"the table. A filter reads the {counted(columns, 'channel')} of its own group"
        )
    else:
        listed = joined([f"{counted(times, 'filter')} of depth {depth}" for depth, times in depths])
        kind = f"A table says which channels a filter reads: {table} ({listed})"
        numbers["depths"] = {str(depth): times for depth, times in depths}
    with_taps = f" × {each:,} taps" if each > 1 else ""
    text = (
        f"{kind}. {counted(weights, 'weight')}; if every filter read every channel: {filters:,} × "
        f"{channels:,}{with_taps} = {whole:,}. What shares with what is unchanged: w still mentions no position."
    )
    check = Check(
        "kernel slices counted filter by filter, by fixing one neuron of each, against the product of the table's "
        "sizes",
        {"filter_by_filter": sum(depth * times for depth, times in depths), "pairs": pairs},
        sum(depth * times for depth, times in depths) == pairs,
    )
    return Answer(text, numbers, check, Sight(("matrix", "bank", "kernel"), "filter", (subject.centre,)))


def _depths(subject: Subject) -> list[tuple[int, int]]:
    """How many filters read how many channels, by fixing one neuron of each filter."""
    at, found = subject.line.input_number, dict[int, int]()
    assert at is not None
    axes = [axis for axis, index in enumerate(subject.line.formula.accesses[at].indices)
            if not {*subject.positions, subject.line.batch} & set(loops_of(index))]  # fmt: skip
    for place in neurons_of_filters(subject):
        depth = len(distinct_rows(subject.taps_of(place).places()[at][:, axes])[0])
        found[depth] = found.get(depth, 0) + 1
    return sorted(found.items())


def neurons_of_filters(subject: Subject, most: int = MOST_FILTERS) -> list[Place]:
    """A neuron amid the positions for each filter, at most so many."""
    line, access = subject.line, subject.line.formula.output
    centre, shape = subject.full(subject.centre), line.shape(access.name)
    free = [axis for axis, index in enumerate(access.indices)
            if not {*subject.positions, line.batch} & set(loops_of(index))]  # fmt: skip
    batch = next((a for a, index in enumerate(access.indices) if line.batch and line.batch in loops_of(index)), None)
    found: list[Place] = []
    for rest in range(min(prod(shape[axis] for axis in free), most)):
        place = list(centre)
        for axis in reversed(free):
            rest, place[axis] = divmod(rest, shape[axis])
        found.append(tuple(at for axis, at in enumerate(place) if axis != batch))
    return found


# --- what keeps two filters apart? ------------------------------------------------------------------------------------


def filters_unfit(subject: Subject) -> str:
    """There must be several filters with stored values."""
    if not subject.line.weight:
        return "it has no weights"
    if subject.line.depends:
        return "its weights are rows of a table that are looked up, not filters"
    if subject.size(subject.filters) < 2:
        return "it has one filter only"
    if subject.taps_of(subject.centre).total > 1_000_000:
        return "one filter has more than a million weights, too many to be compared"
    return ""


def filters_differ(subject: Subject) -> Answer:
    """How alike the values of the filters are, and that no two have a stored weight in common."""
    values, line = subject.values.weights(subject.line), subject.line
    places = neurons_of_filters(subject)
    number_of, shape = line.weight_number, subject.relation.shapes[line.weight_number]
    most = max(MOST_WEIGHTS // max(subject.taps_of(places[0]).total, 1), 2)
    rows = [subject.taps_of(place).places()[number_of] for place in places[:most]]
    flat = [flat_places(row, shape) for row in rows[:9]]
    in_common = max((len(np.intersect1d(flat[0], other)) for other in flat[1:]), default=0)
    filters = subject.size(subject.filters)
    numbers: dict[str, Any] = {"filters": filters, "compared": len(rows), "weights_in_common": in_common}
    mentions = joined([loop for loop in line.weight_access.loops if loop in subject.filters])
    text = (
        f"Nothing but their values. {line.weight_access} mentions {mentions}, so each of the {filters:,} filters has "
        "stored weights of its own, and training may move them anywhere."
    )
    if in_common:
        text = (
            f"They are not even apart: by {line.weight_access} the first filter and another have "
            f"{counted(in_common, 'weight')} in common, so training moves both together there."
        )
    sight = Sight(("bank", "kernel"), "filter")
    if values is None:
        return Answer(text, numbers, Check("no stored values could be read", {}, None), sight)
    alike, pair, equal = _most_alike([values[tuple(row.T)].astype(np.float64) for row in rows])
    pairs = [] if alike is None else [list(places[at]) for at in pair]
    numbers |= {"equal_pairs": equal, "most_alike": pairs, "cosine": alike}
    if equal:
        text += (
            f" Here {counted(equal, 'pair')} of filters {'has' if equal == 1 else 'have'} equal values. Equal is not "
            "shared: they are stored apart. But filters that begin equal and see equal gradients stay equal; that is "
            "why training begins with random numbers."
        )
    elif alike is not None:
        names = joined([f"filter {cells(_filter_of(subject, places[at]))}" for at in pair])
        text += (
            f" The two most alike are {names}: the cosine of their weights is {number(alike, 4)} (1 would be parallel)."
        )
    apart = subject.filters_apart
    check = Check(
        "weights that the first filter has in common with the next ones (at most 8), against what the formula says",
        {"weights_in_common": in_common, "apart_by_formula": apart},
        None if apart is None else apart == (in_common == 0),
    )
    return Answer(text, numbers, check, sight)


def _filter_of(subject: Subject, place: Place) -> Place:
    indices = subject.line.formula.output.indices
    full = subject.full(place)
    held = {*subject.positions, subject.line.batch}
    return tuple(at for at, index in zip(full, indices, strict=True)
                 if loops_of(index) and not held & set(loops_of(index)))  # fmt: skip


def _most_alike(filters: list[NDArray[np.float64]]) -> tuple[float | None, tuple[int, int], int]:
    """The largest cosine of two filters of equal size, those two, and how many pairs have equal values."""
    best: tuple[float, tuple[int, int]] = (-2.0, (0, 0))
    equal = 0
    for size in sorted({len(values) for values in filters}):
        mine = [at for at, values in enumerate(filters) if len(values) == size]
        matrix = np.stack([filters[at] for at in mine]) if size else np.zeros((len(mine), 0))
        counts = np.unique(matrix, axis=0, return_counts=True)[1] if size else np.array([len(mine)])
        equal += int(sum(int(count) * (int(count) - 1) // 2 for count in counts))
        lengths = np.linalg.norm(matrix, axis=1)
        cosines = matrix @ matrix.T / np.maximum(np.outer(lengths, lengths), np.finfo(np.float64).tiny)
        np.fill_diagonal(cosines, -2.0)
        if len(mine) > 1 and size > 1:
            at = divmod(int(np.argmax(cosines)), len(mine))
            best = max(best, (min(float(cosines[at]), 1.0), (mine[at[0]], mine[at[1]])))
    return (None, (0, 1), equal) if best[0] < -1 else (best[0], best[1], equal)
