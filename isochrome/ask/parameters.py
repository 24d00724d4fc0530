"""Questions about counts: parameters term by term, where known numbers come from, the twins without sharing, biases."""

from __future__ import annotations

from dataclasses import replace
from math import prod
from typing import Any

from isochrome.ask.answer import Answer, Check, Sight
from isochrome.ask.channels import neurons_of_filters
from isochrome.ask.counts import distinct_scalars
from isochrome.ask.subject import Subject
from isochrome.ask.twin import small_twin
from isochrome.ask.words import cells, counted, either, joined, number
from isochrome.core.formula import Access, Affine, Formula, Index, Table, loops_of
from isochrome.core.relation import Relation, relation
from isochrome.core.sharing import uses_per_weight
from isochrome.core.sizes import Shape
from isochrome.errors import FormulaError
from isochrome.model.parts import Line
from isochrome.model.roles import line_roles

__all__ = [
    "bias", "bias_unfit", "derivation", "derivation_unfit", "no_weights", "parameters", "without_sharing",
    "without_sharing_unfit",
]  # fmt: skip


def no_weights(subject: Subject) -> str:
    """The layer must have weights."""
    return "" if subject.layer.weight_lines else "it has no weights that multiply or are looked up"


# --- how many parameters? ---------------------------------------------------------------------------------------------


def parameters(subject: Subject) -> Answer:
    """The count of each stored tensor as the product of the loops that the formula's weight mentions."""
    row = subject.row
    counts = row.counts
    terms = [_term(subject, line) for line in (*subject.layer.weight_lines, *subject.layer.bias_lines)]
    total = counts.weights + counts.biases
    uses = row.uses_per_weight
    numbers: dict[str, Any] = {"weights": counts.weights, "biases": counts.biases, "parameters": total,
                               "connections": counts.connections, "neurons": counts.neurons}  # fmt: skip
    often = (
        "how often a weight is used depends on the data"
        if row.depends
        else f"each weight is used {number(uses.taps)} times"
        if uses.taps is not None and uses.taps > 1
        else "each weight is used once"
        if uses.taps == 1
        else "not all weights are used equally often"
    )
    text = (
        f"{subject.name} has {counted(total, 'parameter')}: {'; '.join(dict.fromkeys(terms))}. Neurons, connections "
        f"and weights are three counts: {counted(counts.neurons, 'neuron')}, "
        f"{counted(counts.connections, 'connection')}, {counted(counts.weights, 'weight')}; {often}."
    )
    if row.tied_with:
        text += f" The same numbers are stored once for {subject.name} and for {joined(subject.tied_with)} together."
    stored = sum(subject.model.parameters[number].count for number in _stored(subject))
    check = Check(
        "scalars that the formulas mention, against the scalars in the stored tensors",
        {"mentioned": total, "stored": stored},
        total == stored if total <= stored else False,
    )
    if total < stored:
        text += f" (The stored tensors hold {stored:,}; the rest is used elsewhere or not at all.)"
        check = replace(check, holds=True)
    return Answer(text, numbers, check, Sight(("kernel", "bank", "baselines")))


def _stored(subject: Subject) -> list[int]:
    return list(dict.fromkeys(line.parameter for line in subject.layer.lines if line.parameter is not None))


def _term(subject: Subject, line: Line) -> str:
    """One tensor's count: the sizes of the loops that its index mentions."""
    access = line.weight_access
    count = _mentioned(subject, line)
    sizes = subject.sizes if line.depends else dict(line.relation.sizes)
    plain = all(isinstance(index, Affine) and len(index.terms) < 2 for index in access.indices)
    factors = [sizes[loop] for loop in access.loops if loop in sizes]
    what = "bias" if line.is_bias else "weight"
    noun = counted(count, what, "biases" if line.is_bias else "weights")
    if line.depends and line.parameter is not None:
        shape = " × ".join(f"{size:,}" for size in subject.model.parameters[line.parameter].shape)
        return f"{access}: a table of {shape} = {noun}, whose rows are looked up"
    if plain and factors and prod(factors) == count:
        words = " × ".join(
            f"{size:,} ({_counts(subject, line, loop)})" for loop, size in zip(access.loops, factors, strict=True)
        )
        alone = f"{access}: {noun}, one for each {_counts(subject, line, access.loops[0]).split(': ')[0]}"
        return f"{access}: {words} = {noun}" if len(factors) > 1 else alone
    if not access.loops:
        return f"{access}: {noun}"
    table = next((str(index) for index in access.indices if isinstance(index, Table)), "")
    return f"{access}: {noun}" + (f", the places that {table} names" if table else "")


def _mentioned(subject: Subject, line: Line) -> int:
    """How many stored scalars a line mentions."""
    try:
        return distinct_scalars(subject.model.parameters, (line,)) if line.depends else line.pattern.uses.mentioned
    except FormulaError:  # too many to be counted one by one
        return distinct_scalars(subject.model.parameters, (line,))


def _counts(subject: Subject, line: Line, loop: str) -> str:
    role = subject.roles.get(loop, line_roles(line).get(loop))
    return loop if role is None else f"{loop}: {subject.unit(role)}s"


# --- where known counts come from -------------------------------------------------------------------------------------


def derivation_unfit(subject: Subject) -> str:
    """Connections and weights must differ, or there is nothing to derive."""
    if not subject.reads_input:
        return "no weight multiplies an input in it"
    return (
        "its sums are inside the layer, several for each neuron; ask for its parameters" if subject.line.inner else ""
    )


def derivation(subject: Subject) -> Answer:
    """Every number of the table's row from sums over filters: weights, biases, connections with and without bias."""
    counts, positions = subject.row.counts, subject.size(subject.positions)
    kernels = _kernels(subject)
    listed = sum(times * size for size, times in kernels)
    filters = sum(times for _, times in kernels)
    biases = counts.biases
    bias_uses = counts.neurons if subject.layer.bias_lines else 0
    numbers: dict[str, Any] = {
        "weights": counts.weights, "biases": biases, "parameters": counts.weights + biases, "positions": positions,
        "connections": counts.connections, "connections_with_bias": counts.connections + bias_uses,
        "filters": filters, "kernels": {str(size): times for size, times in kernels},
    }  # fmt: skip
    many = joined([f"{counted(times, 'filter')} of {counted(size, 'weight')}" for size, times in kernels])
    plus = f" + {counted(biases, 'bias', 'biases')}" if biases else ""
    total = counts.weights + biases
    ends = f"{plus} = {counted(total, 'parameter')}" if biases else ", and no bias"
    sums = " + ".join(f"{times:,} × {size:,}" for size, times in kernels)
    held = f"{sums} = {counts.weights:,} weights" if listed == counts.weights else f"{counts.weights:,} weights in all"
    text = f"{subject.name} has {many}: {held}{ends}. "
    each = next(iter(subject.layer.weight_lines)).pattern.uses.taps if not subject.row.depends else None
    text += (
        f"It has {counted(positions, 'position')}, and a neuron for each filter at each: {counts.neurons:,} neurons. "
    )
    text += f"{counted(counts.connections, 'connection')}"
    if each is not None and counts.weights * each == counts.connections:
        text += f" = {counts.weights:,} weights × {each:,} uses" if each > 1 else ", one for each weight"
    text += f"; with one for the bias of each neuron, {counts.connections + bias_uses:,}." if bias_uses else "."
    whole = _if_all_linked(subject, filters)
    if whole is not None and whole != counts.weights:
        numbers["parameters_if_all_linked"] = whole + biases
        both = f"{plus} = {whole + biases:,} parameters" if biases else " weights"
        text += f" If every filter read every channel it would be {whole:,}{both}."
    mentioned = _mentioned(subject, subject.line)
    comparable = filters == subject.size(subject.filters) and len(subject.layer.weight_lines) == 1
    comparable = comparable and subject.filters_apart is not None
    check = Check(
        "weights counted filter by filter, against the count from the formula: equal where filters are apart",
        {"filter_by_filter": listed, "formula": mentioned, "apart_by_formula": subject.filters_apart},
        (listed == mentioned) == subject.filters_apart if comparable else None,
    )
    return Answer(text, numbers, check, Sight(("bank", "kernel"), "filter"))


def _kernels(subject: Subject) -> list[tuple[int, int]]:
    """How many filters have how many weights."""
    found: dict[int, int] = {}
    for place in neurons_of_filters(subject):
        size = subject.weights_of_filter(place)
        found[size] = found.get(size, 0) + 1
    return sorted(found.items())


def _if_all_linked(subject: Subject, filters: int) -> int | None:
    """The weights if every filter read every channel; None where channels are not counted by one axis."""
    at = subject.line.input_number
    assert at is not None
    access = subject.line.formula.accesses[at]
    skip = {*subject.positions, *subject.taps, subject.line.batch}
    shape = subject.line.shape(access.name)
    channels = [size for index, size in zip(access.indices, shape, strict=True) if not skip & set(loops_of(index))]
    taps = subject.size(subject.taps)
    return (
        filters * prod(channels) * taps
        if set(subject.taps) <= set(subject.line.weight_access.loops) and subject.taps
        else None
    )


# --- without sharing --------------------------------------------------------------------------------------------------


def without_sharing_unfit(subject: Subject) -> str:
    """There must be inputs to be connected to."""
    if not subject.reads_input:
        return "its weights are looked up or added, so there are no inputs to connect"
    if subject.line.depends:
        return "who is connected depends on the data"
    return ""


def without_sharing(subject: Subject) -> Answer:
    """The locally connected and the fully connected twin: formulas and counts."""
    local, whole = _local(subject), _fully(subject)
    line, made, at = subject.line, subject.relation, subject.line.input_number
    assert at is not None
    neurons, inputs = prod(made.shapes[0]), prod(made.shapes[at])
    weights, connections = subject.weights, made.connections
    numbers: dict[str, Any] = {
        "weights": weights, "locally_connected": connections, "fully_connected": neurons * inputs,
        "neurons": neurons, "inputs": inputs, "formula_locally_connected": str(local), "formula_fully_connected": whole,
    }  # fmt: skip
    free = joined(subject.shared(line))
    why = f"w would mention {free} too" if free else "w mentions all its loops already"
    text = (
        f"{counted(weights, 'weight')} serve {counted(connections, 'connection')}. The same connections with a weight "
        f"for each (locally connected; {why}) would take {counted(connections, 'weight')}: {local}. Every neuron "
        f"connected to every input (fully connected) would take {neurons:,} neurons × {inputs:,} inputs = "
        f"{neurons * inputs:,} weights: {whole}. Biases come on top.{subject.part}"
    )
    small = small_twin(made)
    try:
        shapes = _shapes(local, small)
        twin = relation(replace(local, sizes=tuple(small.sizes.items())), shapes, small.tables, small.inputs)
        found = uses_per_weight(twin, line.weight_number)
        measured = {"weights": found.mentioned, "connections": twin.connections, "uses_of_one": found.taps}
        holds: bool | None = found.mentioned == twin.connections == small.connections and found.taps == 1
        sizes = "at its own sizes" if small is made else "at small sizes"
        what = f"the locally connected formula as a relation {sizes}: it must have a weight for every connection"
    except FormulaError:
        what, measured, holds = "the locally connected formula has no relation of its own here", {}, None
    return Answer(text, numbers, Check(what, measured, holds), Sight(("baselines",)))


def _local(subject: Subject) -> Formula:
    """The line with a weight of its own for every connection of one sample.

    Where a table says which connections there are, its index stays; else every loop becomes an index.
    """
    line, access = subject.line, subject.line.weight_access
    free = tuple(Affine(((loop, 1),)) for loop in subject.shared(line))
    missing = {name for name, table in line.tables if (table < 0).any()}
    if any(isinstance(index, Table) and index.name in missing for index in access.indices):
        own = Access(line.weight, (*free, *access.indices))
    else:
        names = (loop for loop in line.formula.loops if loop != line.batch)
        own = Access(line.weight, tuple(Affine(((loop, 1),)) for loop in names))
    sizes = {loop: subject.sizes[loop] for loop in subject.shared(line) if not _stands_alone(line, loop)}
    kept = dict(line.formula.sizes) | sizes
    return replace(line.formula.with_factor(line.weight_number - 1, own), sizes=tuple(kept.items()))


def _stands_alone(line: Line, loop: str) -> bool:
    return any(
        isinstance(index, Affine) and index.loop == loop
        for access in line.formula.accesses[:1]
        for index in access.indices
    )


def _shapes(formula: Formula, small: Relation) -> dict[str, Shape]:
    """The shapes of a twin, and of a weight with an axis for each loop in front of its own."""
    shapes = {access.name: shape for access, shape in zip(small.formula.accesses, small.shapes, strict=True)}
    for factor in formula.factors:
        if factor.name not in small.inputs:
            extra = len(factor.indices) - len(shapes[factor.name])
            plain = all(isinstance(index, Affine) and index.loop for index in factor.indices)
            axes = factor.indices if plain else factor.indices[:extra]
            sizes = tuple(small.sizes[str(index)] for index in axes)
            shapes[factor.name] = sizes if plain else (*sizes, *shapes[factor.name])
    return shapes


def _fully(subject: Subject) -> str:
    """The formula with every neuron of one sample connected to every input."""
    line, at = subject.line, subject.line.input_number
    assert at is not None
    output, read = line.formula.output, line.formula.accesses[at]
    y = [str(index) if _plain(index) else f"o{axis}" for axis, index in enumerate(output.indices)]
    x = [
        line.batch if str(index) == line.batch and line.batch else f"i{axis}" for axis, index in enumerate(read.indices)
    ]
    w = [name for name in (*y, *x) if name != line.batch and not name.isdigit()]
    return f"{output.name}[{', '.join(y)}] += {line.weight}[{', '.join(w)}] * {read.name}[{', '.join(x)}]"


def _plain(index: Index) -> bool:
    return isinstance(index, Affine) and (index.loop is not None or not index.terms)


# --- biases -----------------------------------------------------------------------------------------------------------


def bias_unfit(subject: Subject) -> str:
    """There must be a bias."""
    return "" if subject.layer.bias_lines else "it has no bias"


def bias(subject: Subject) -> Answer:
    """Which loops the bias mentions: one for each of these, shared along the others."""
    line = subject.layer.bias_lines[0]
    made = subject.values.relation_of(line)
    access, out = line.weight_access, line.formula.output
    has = [loop for loop in access.loops if loop in out.loops]
    free = [loop for loop in out.loops if loop not in access.loops and loop != line.batch]
    neurons = prod(made.shapes[0])
    place = tuple(0 for _ in made.shapes[line.weight_number])
    taps = made.fix({line.weight_number: place})
    listed = sum(1 for _ in taps.listed(0, 100_000))
    biases = subject.row.counts.biases
    numbers: dict[str, Any] = {"biases": biases, "neurons": neurons, "uses_of_one": taps.total,
                               "mentions": list(access.loops), "shared_along": free}  # fmt: skip
    several = len(subject.layer.bias_lines) > 1
    if free and has and any(made.sizes[loop] > 1 for loop in free):
        of_maps = not set(has) & set(subject.positions)
        kind = f"one for each {joined(has)}" + (": one per map (filter)" if of_maps else "")
        of_map = "all {:,} neurons of its map" if of_maps else "{:,} neurons"
        shared = f"It does not mention {either(free)}, so one bias serves {of_map.format(taps.total)}"
    elif not has:
        kind, shared = (
            "one for the whole layer",
            f"It mentions no loop of the output, so it serves all {taps.total:,} neurons",
        )
    else:
        kind, shared = "one for each neuron", "It mentions every loop of the output that has more than one step"
    positions = not any(made.sizes[loop] > 1 for loop in free) and bool(has) and bool(subject.positions)
    note = " (here a map is a single neuron)" if positions and free else ""
    mine = _mentioned(subject, line)
    text = (
        f"{line.formula}: {kind}{note}. {shared}. {counted(mine, 'bias', 'biases')} for {counted(neurons, 'neuron')}."
    )
    if several:
        text += f" There are {len(subject.layer.bias_lines)} such lines, stored apart: {biases:,} biases in all."
    check = Check(
        f"uses of {access.name}[{cells(place)}], listed, against the sizes of the loops that it does not mention",
        {"listed": listed, "product_of_sizes": prod(made.sizes[loop] for loop in free)},
        listed == prod(made.sizes[loop] for loop in free) if taps.total <= 100_000 else None,
    )
    return Answer(text, numbers, check, Sight(("volume", "bank"), "filter"))
