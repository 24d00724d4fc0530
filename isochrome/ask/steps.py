"""Questions about steps and tokens: weights that no length changes, and a line that is the same at every place."""

from __future__ import annotations

from math import prod
from typing import Any

from isochrome.ask.along import at_size, mentioned_weights
from isochrome.ask.answer import Answer, Check, Sight
from isochrome.ask.marks import marked
from isochrome.ask.subject import Subject
from isochrome.ask.twin import small_twin
from isochrome.ask.words import counted, joined
from isochrome.core.relation import Place, Relation, relation

__all__ = ["time", "time_unfit", "tokens", "tokens_unfit"]


# --- time -------------------------------------------------------------------------------------------------------------


def time_unfit(subject: Subject) -> str:
    """There must be exactly one loop of positions for w not to mention."""
    if not subject.layer.weight_lines:
        return "it has no weights that multiply"
    if len(subject.positions) > 1:
        return (
            f"it has {len(subject.positions)} loops of positions ({joined(subject.positions)}), none of which is time"
        )
    if not subject.positions:
        return "no loop of its formula counts steps: it has one position only"
    if subject.positions[0] in subject.line.weight_access.loops:
        return f"{subject.line.weight_access} mentions {subject.positions[0]}: each step has weights of its own"
    return ""


def time(subject: Subject) -> Answer:
    """The formula's t has no size of its own: at twice the length the weights are the same."""
    loop, made = subject.positions[0], subject.relation
    lines = subject.layer.weight_lines
    steps = made.sizes[loop]
    state = next((one for one in lines if one.of and subject.carries_state), None)
    weights = subject.row.counts.weights
    numbers: dict[str, Any] = {"steps": steps, "weights": weights, "connections": subject.row.counts.connections,
                               "uses_of_one": subject.row.uses_per_weight.taps}  # fmt: skip
    formulas = "; ".join(dict.fromkeys(str(one.formula) for one in lines))
    checks = [(one, subject.values.relation_of(one)) for one in lines]
    doubled = [(one, found, at_size(found, loop, 2 * steps)) for one, found in checks if loop in found.sizes]
    same = all(mentioned_weights(found, one) == mentioned_weights(longer, one) for one, found, longer in doubled)
    connections = [
        sum(found.connections for _, found, _ in doubled),
        sum(longer.connections for _, _, longer in doubled),
    ]
    doubled_exactly = connections[1] == 2 * connections[0]
    text = (
        f"{formulas}. No weight mentions {loop}, so {counted(weights, 'weight')} serve all {steps:,} steps: what is "
        f"learned at one step is known at every other. {loop} has no size of its own in w; its size comes from the "
        f"input alone, so the same weights take any length: at {2 * steps:,} steps there are "
        f"{'twice the' if doubled_exactly else 'more'} connections, and not one weight more."
    )
    if state is not None:
        text += (
            f" Unfolded it is {counted(steps, 'copy', 'copies')} of one layer that all read one storage; folded it is "
            f"one layer with a loop through its {state.of}."
        )
    check = Check(
        f"the formulas at {steps:,} and at {2 * steps:,} steps: the weights that they mention, and their connections",
        {"same_weights": same, "connections": connections[0], "connections_doubled": connections[1]},
        None if subject.slides and not same else same and connections[1] > connections[0],
    )
    neurons = (subject.centre, subject.beside(subject.centre))
    return Answer(text, numbers, check, Sight(("unrolled", "connections", "matrix"), "weight", neurons))


# --- tokens -----------------------------------------------------------------------------------------------------------


def tokens_unfit(subject: Subject) -> str:
    """Each position must be read alone."""
    if not subject.reads_input:
        return "no weight multiplies an input in it"
    if subject.carries_state:
        return "it carries a state from one step into the next, so a step is not read alone"
    if not subject.positions or subject.size(subject.positions) < 2:
        return "it has one position only, no row of tokens"
    if subject.slides:
        return "its taps slide along the output, so a position of the output is not one of the input"
    if subject.taps and subject.size(subject.taps) > 1:
        return f"a neuron reads {subject.extent(subject.taps)} positions at once, not one token alone"
    if not subject.channels:
        return "it mixes no features: each channel has one weight"
    if subject.loops("group"):
        return "it mixes the features of each group alone"
    return ""


def tokens(subject: Subject) -> Answer:
    """Shared over positions; and the same relation as a 1x1 convolution, compared tap by tap."""
    made = small_twin(subject.relation)
    held = set(subject.line.weight_access.loops)
    same = not any(loop in held for loop in subject.positions)
    ours, theirs, one_to_one = _beside_convolution(subject, made)
    weights, positions = subject.row.counts.weights, subject.size(subject.positions)
    outs, ins = subject.size(subject.filters), subject.size(subject.channels)
    numbers: dict[str, Any] = {"weights": weights, "positions": positions, "filters": outs, "channels": ins}
    text = (
        f"{'Yes' if same else 'No'}. {subject.line.weight_access} {'does not mention' if same else 'mentions'} "
        f"{joined(subject.positions)}: the same {weights:,} weights act on each of the {positions:,} positions, and no "
        f"position sees another here. That is a 1×1 convolution of {counted(ins, 'channel')} to "
        f"{counted(outs, 'filter')}: the two relations are equal, connection by connection."
    )
    check = Check(
        "all connections as (neuron, weight, input), against those of a 1×1 convolution's formula"
        + ("" if made is subject.relation else ", both at small sizes"),
        {"connections": len(ours), "equal": ours == theirs and one_to_one},
        ours == theirs and one_to_one,
    )
    neurons = (subject.centre, subject.beside(subject.centre))
    return Answer(text, numbers, check, Sight(("connections", "matrix"), "weight", neurons), same)


Tap = tuple[Place | None, ...]


def _beside_convolution(subject: Subject, made: Relation) -> tuple[set[Tap], set[Tap], bool]:
    """The taps named as those of a convolution with one tap, that convolution's taps, and whether names are one to one.

    Positions (samples included) become p, filters m, channels c; each y, w and x must get one name, and each name
    belong to one.
    """
    line, found = subject.line, marked(subject.line, made).relation
    loops = found.formula.loops
    batch = (line.batch,) if line.batch else ()
    kinds = ((*batch, *subject.positions), subject.filters, subject.channels)
    sizes = [prod(made.sizes[loop] for loop in kind) for kind in kinds]
    ours: set[Tap] = set()
    names: set[tuple[int, Place | None, Place]] = set()
    for tap in found.everything.listed():
        at = dict(zip(loops, tap[-1] or (), strict=True))
        p, m, c = (_flat([at[loop] for loop in kind], [made.sizes[loop] for loop in kind]) for kind in kinds)
        named = (m, p), (m, c, 0), (c, p)
        ours.add(named)
        places = (tap[0], tap[line.weight_number], tap[line.input_number or 0])
        names |= {(number, place, name) for number, (place, name) in enumerate(zip(places, named, strict=True))}
    conv = relation("y[m, p] += w[m, c, u] * x[c, p + u]", {"x": (sizes[2], sizes[0]), "w": (sizes[1], sizes[2], 1)})
    places_of = {(number, place) for number, place, _ in names}
    names_of = {(number, name) for number, _, name in names}
    return ours, set(conv.everything.listed()), len(names) == len(places_of) == len(names_of)


def _flat(place: list[int], sizes: list[int]) -> int:
    number = 0
    for at, size in zip(place, sizes, strict=True):
        number = number * size + at
    return number
