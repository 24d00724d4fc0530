"""Questions whose answer is about all layers together: how much there is, what is stored once, what went wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from isochrome.ask.answer import Answer, Check, Sight
from isochrome.ask.counts import distinct_scalars
from isochrome.ask.lint import RULES, lint
from isochrome.ask.lint.equal import LEAST
from isochrome.ask.lint.finding import Finding
from isochrome.ask.lint.subject import Subject as Linted
from isochrome.ask.network import network
from isochrome.ask.report import LayerReport
from isochrome.ask.subject import Subject
from isochrome.ask.words import counted, joined, number
from isochrome.errors import shown
from isochrome.model.held import distinct
from isochrome.model.parts import Model, Parameter
from isochrome.model.values import Values

__all__ = ["of_all", "of_its_model", "whole_lint", "whole_parameters", "whole_ties", "whole_without_sharing"]

NAMED = 4
SAID = 12
SIGHT = Sight(("network",), "parameter")


def of_all(subject: Subject) -> str:
    """No layer alone has the answer."""
    return "it is asked of all layers together"


def of_its_model(whole: Callable[[Model, Values], Answer]) -> Callable[[Subject], Answer]:
    """What a question about a model gives for a layer of it."""
    return lambda subject: whole(subject.model, subject.values)


def _some(names: Sequence[str], most: int = NAMED) -> str:
    """Names in words; those behind the first few are counted."""
    more = len(names) - most
    return joined([shown(name, 40) for name in names[:most]] + ([f"{more:,} more"] if more > 0 else []))


# --- how many parameters? ---------------------------------------------------------------------------------------------


def whole_parameters(model: Model, values: Values) -> Answer:
    """The parameters of all layers, each stored scalar once, against those that the formulas mention."""
    found = network(model).report
    totals, rows = found.totals, [(row, row.counts.weights + row.counts.biases) for row in found.layers]
    mentioned = distinct_scalars(model.parameters, (line for layer in model.layers for line in layer.lines))
    stored, by_layer = totals.parameters_by_storage, sum(count for _, count in rows)
    largest = sorted((pair for pair in rows if pair[1]), key=lambda pair: -pair[1])
    # The report's bytes of a module are those of its buffers, too.
    registered = [row for row in model.held if row.role == "parameter"]
    size = distinct(registered)[1] if model.modules else totals.bytes_distinct
    text = f"The model has {counted(stored, 'parameter')} in {counted(len(rows), 'layer')}"
    text += f", stored in {counted(size, 'byte')}"
    text += f": {_shares(largest, mentioned)}." if len(largest) > 1 else "."
    if by_layer > mentioned:
        text += (
            f" Added up layer by layer it would be {by_layer:,}: {by_layer - mentioned:,} of them are counted again, "
            "where layers use the same stored numbers."
        )
    if stored > mentioned:
        text += f" The layers' formulas mention {mentioned:,} of them; the rest is used elsewhere or not at all."
    connections = totals.counts.connections
    text += (
        f" Neurons, connections and weights are three counts: {counted(totals.counts.neurons, 'neuron')}, "
        f"{counted(connections, 'connection')}, {counted(totals.counts.weights, 'weight')}."
    )
    numbers: dict[str, Any] = {
        "parameters": stored, "weights": totals.counts.weights, "biases": totals.counts.biases,
        "connections": connections, "neurons": totals.counts.neurons, "layers": len(rows),
        "bytes": size, "added_up_by_layer": by_layer,
        "parameters_by_layer": {row.name: count for row, count in rows[:SAID]},
    }  # fmt: skip
    check = Check(
        "scalars that the formulas of all layers mention, each once, against the scalars in the stored tensors",
        {"mentioned": mentioned, "stored": stored},
        mentioned <= stored,
    )
    return Answer(text, numbers, check, SIGHT, layers=tuple(row.name for row, _ in largest[:NAMED]))


def _shares(largest: Sequence[tuple[LayerReport, int]], total: int) -> str:
    parts = [f"{shown(row.name, 40)} {count:,} ({_percent(count, total)})" for row, count in largest[:NAMED]]
    rest = sum(count for _, count in largest[NAMED:])
    more = len(largest) - NAMED
    return joined(parts + ([f"{'the' if more == 1 else more} other{'s' * (more > 1)} {rest:,}"] if rest else []))


def _percent(count: int, total: int) -> str:
    share = 100 * count / total
    return f"{share:.0f}%" if share >= 1 else "under 1%"


# --- what would it be without sharing? --------------------------------------------------------------------------------


def whole_without_sharing(model: Model, values: Values) -> Answer:
    """Connections of all layers against the weights that serve them; who is connected by data is left out."""
    every = network(model).report.layers
    rows = [row for row in every if row.counts.weights and not row.depends]
    connections = sum(row.counts.connections for row in rows)
    lines = [line for row in rows for line in model.layer(row.name).weight_lines]
    weights = distinct_scalars(model.parameters, lines)
    if not connections:
        text = "No layer of this model connects inputs by weights of its own, so there is nothing to be shared."
        return Answer(text, {}, Check("the connections of all layers, counted", {"connections": 0}, None), fits=False)
    sharing = sorted((row for row in rows if _spared(row) > 0), key=_spared, reverse=True)
    text = f"{counted(weights, 'weight')} serve {counted(connections, 'connection')} in {counted(len(rows), 'layer')}"
    text += f", each used {number(connections / weights, 3)} times on average" if connections > weights else ""
    text += f". With a weight for each connection it would be {counted(connections, 'weight')}"
    if sharing:
        spared = sum(map(_spared, sharing))
        text += f", {spared:,} more: {_parts(sharing)}. " if len(sharing) > 1 else f", {spared:,} more. "
        alone = len(rows) - len(sharing)
        text += f"{counted(alone, 'layer')} {'shares' if alone == 1 else 'share'} nothing inside. " if alone else ""
    else:
        text += ", no more: within a layer no weight is used twice. "
    between = sum(row.counts.weights for row in rows) - weights
    if between > 0:
        text += f"Layers that use the same stored numbers spare {counted(between, 'weight')} besides. "
    left_out = [row.name for row in every if row.counts.weights and row.depends]
    text += f"Left out: {_some(left_out)}, where the data says what is connected. " if left_out else ""
    text += "Biases come on top."
    even = [row for row in rows if row.uses_per_weight.taps is not None]
    used = sum(row.counts.weights * (row.uses_per_weight.taps or 0) for row in even)
    check = Check(
        "in the layers whose weights are all used equally often, weights times uses of one, against the connections "
        "of their relations",
        {"layers": len(even), "weights_times_uses": used, "connections": sum(row.counts.connections for row in even)},
        used == sum(row.counts.connections for row in even) if even else None,
    )
    numbers: dict[str, Any] = {
        "weights": weights, "connections": connections, "spared_inside_layers": sum(map(_spared, sharing)),
        "spared_between_layers": between,
        "layers": {row.name: {"weights": row.counts.weights, "connections": row.counts.connections}
                   for row in sharing[:SAID]},
    }  # fmt: skip
    return Answer(text.strip(), numbers, check, SIGHT, layers=tuple(row.name for row in sharing[:NAMED]))


def _spared(row: LayerReport) -> int:
    return row.counts.connections - row.counts.weights


def _parts(rows: Sequence[LayerReport]) -> str:
    parts = [f"{_spared(row):,} in {shown(row.name, 40)}" for row in rows[:NAMED]]
    more = len(rows) - NAMED
    return joined(parts + ([f"the rest in {counted(more, 'other layer')}"] if more > 0 else []))


# --- which layers are one? --------------------------------------------------------------------------------------------


def whole_ties(model: Model, values: Values) -> Answer:
    """Every stored tensor that is shared, by the three facts that are sharing; and equal copies, which are none."""
    subject = Linted(model, values.reader)
    tied = {model.parameters[one]: users for one, users in _users(model).items() if len(users) > 1}
    told = {name for one in tied for name in one.names}
    named = [cell.names for cell in subject.cells if len(cell.names) > 1]
    overlaps = [[cell.names[0] for cell in group] for group in subject.overlaps]
    equal = [[one.item.held.name for one in group] for group in subject.equal]
    said = [
        f"{_called(one, subject)} used by {len(users)} layers ({_some(users)})" for one, users in tied.items()
    ]
    said += [f"one has {len(names)} names ({_some(names)})" for names in named if not told.issuperset(names)]
    said += [f"{_some(names)} lie over some of the same bytes" for names in overlaps if not told.issuperset(names)]
    tensors = counted(len(subject.cells), "stored tensor")
    text = (
        f"{f'Among {tensors}: ' if len(subject.cells) > 1 else ''}{_listed(said)}. "
        if said
        else f"No two layers use the same stored numbers: {tensors}, each with one name and bytes of its own. "
    )
    text += "One step moves such numbers once, by the sum of the gradients of all their uses. " if tied else ""
    if equal:
        text += f"Stored apart, though equal in every number: {_listed([_some(names) for names in equal])}; "
        text += "that is no sharing, and training moves them apart. "
    else:
        text += "No tensor is found to be a copy of another "
        text += f"(equal ones of fewer than {LEAST} numbers, or of a few distinct ones, prove nothing). "
    text += "A tie that is only declared cannot be seen in what is stored."
    apart, together = sum(distinct([cell.first])[1] for cell in subject.cells), distinct(subject.held)[1]
    check = Check(
        "the bytes of these tensors added up, against the bytes behind all names, each once: equal but where some lie "
        "over the same bytes",
        {"added_up": apart, "each_once": together},
        apart > together if overlaps else apart == together,
    )
    numbers: dict[str, Any] = {
        "stored_tensors": len(subject.cells), "used_by_several_layers": len(tied), "with_several_names": len(named),
        "overlapping": len(overlaps), "equal_but_apart": len(equal),
        "layers_by_tensor": {one.names[0]: users[:SAID] for one, users in list(tied.items())[:SAID]},
    }  # fmt: skip
    layers = tuple(dict.fromkeys(name for users in tied.values() for name in users))
    return Answer(text, numbers, check, SIGHT, layers=layers)


def _users(model: Model) -> dict[int, list[str]]:
    """The layers of each parameter, each once."""
    found: dict[int, dict[str, None]] = {}
    for layer in model.layers:
        for line in layer.lines:
            if line.parameter is not None:
                found.setdefault(line.parameter, {})[layer.name] = None
    return {number: list(names) for number, names in found.items()}


def _called(parameter: Parameter, subject: Linted) -> str:
    """A tensor with its other names; or several tensors that have bytes in common."""
    first, *others = parameter.names
    if len({subject.cell_of[name].number for name in parameter.names if name in subject.cell_of}) > 1:
        return f"{_some(parameter.names)}, which lie over some of the same bytes, are"
    return _some([first]) + (f", also named {_some(others)}, is" if others else " is")


def _listed(said: Sequence[str]) -> str:
    more = len(said) - NAMED
    return "; ".join([*said[:NAMED], *([f"and {more:,} more"] if more > 0 else [])])


# --- has sharing gone wrong? ------------------------------------------------------------------------------------------


def whole_lint(model: Model, values: Values) -> Answer:
    """What the rules of lint find, the gravest first."""
    subject = Linted(model, values.reader)
    found = lint(subject).findings
    benign = sum(one.benign for one in found)
    text = (
        f"None of the {len(RULES)} rules of `isochrome lint` finds anything. What a step of training parted is seen "
        "beside the model before it alone, by `isochrome lint --before`."
    )
    if found:
        text = f"{counted(len(found), 'finding')}{_benign(len(found), benign)}. {_findings(found)}"
        text += f"`isochrome lint` says why {'it matters' if len(found) == 1 else 'each matters'} and what to do."
    numbers: dict[str, Any] = {
        f"{severity}s": sum(one.severity == severity for one in found) for severity in ("error", "warning", "note")
    }
    numbers["names"] = {one.rule: list(one.names[:SAID]) for one in found}
    names = {name for one in found for name in one.names}
    numbered = {one.number for one in model.parameters if names.intersection(one.names)}
    layers = (
        layer.name
        for layer in model.layers
        if layer.name in names or any(line.parameter in numbered for line in layer.lines)
    )
    check = Check(
        "every rule run over all stored tensors, their names and the layers that use them",
        {"rules": len(RULES), "tensors": len(subject.cells), "names": len(subject.held), "layers": len(model.layers)},
        None,
    )
    return Answer(text, numbers, check, SIGHT, len(found) > benign, layers=tuple(layers))


def _benign(count: int, benign: int) -> str:
    if not benign:
        return ""
    return ", benign" if benign == count == 1 else ", all benign" if benign == count else f", {benign} of them benign"


def _findings(found: Sequence[Finding]) -> str:
    said = [f"{one.rule} ({one.severity}): {shown(one.message, 300)}. " for one in found[:NAMED]]
    more = len(found) - NAMED
    return "".join(said) + (f"And {counted(more, 'more finding')}. " if more > 0 else "")
