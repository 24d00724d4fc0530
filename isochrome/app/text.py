"""Answers as text for a terminal: bold, plain and dim only; numbers right-aligned; nothing cut without a sign."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import wrap

from isochrome.ask.explain import Explanation, Term
from isochrome.ask.reach import Reach
from isochrome.ask.report import LayerReport, Report, UseCounts
from isochrome.ask.uses import WeightUses
from isochrome.core.relation import Place
from isochrome.core.sizes import Shape
from isochrome.draw.layout import number
from isochrome.errors import shown

__all__ = ["Ink", "columns", "difference", "explain_text", "layer_text", "number", "reach_text", "report_text",
           "term_value", "turned_letters", "uses_text"]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Ink:
    """How text is set: ``plain`` is for files and pipes; ``xyd`` says places as column, row, depth."""

    plain: bool = True
    width: int = 96
    xyd: bool = False

    def bold(self, text: str) -> str:
        """Text in bold."""
        return text if self.plain else f"\x1b[1m{text}\x1b[22m"

    def dim(self, text: str) -> str:
        """Text in a quiet tone."""
        return text if self.plain else f"\x1b[2m{text}\x1b[22m"

    def place(self, place: Place) -> str:
        """A place; under ``xyd`` the last axes come first."""
        return ",".join(map(str, turned(place) if self.xyd else place))


def turned(place: Place) -> Place:
    """A place in the order of the Stanford demo: column, row, depth; a weight's filter stays in front.

    >>> turned((0, 1, 2)), turned((1, 0, 2, 1))
    ((2, 1, 0), (1, 1, 2, 0))
    """
    return tuple(reversed(place)) if len(place) < 4 else (place[0], *reversed(place[1:]))


def _shape(shape: Shape | None) -> str:
    return "?" if shape is None else "×".join(map(str, shape)) if shape else "1"


@dataclass(frozen=True, slots=True)
class _Row:
    cells: tuple[str, ...]
    margin: str = ""


_HEAD = ("layer", "kind", "shape", "neurons", "connections", "weights", "uses of one")
_LEFT = 3
_NAME, _LONGEST_NAME = 32, 80


def report_text(report: Report, ink: Ink) -> str:
    """The sharing table of a model."""
    cut = _cut([layer.name for layer in report.layers])
    seen: set[str] = set()
    rows = [_row(layer, cut, seen) for layer in report.layers]
    total = report.totals.counts
    end = _Row(("total", "", "", f"{total.neurons:,}", f"{total.connections:,}", f"{total.weights:,}", ""))
    columns = list(range(len(_HEAD)))
    for dropped in ((), (1,), (1, 2)):
        columns = [column for column in range(len(_HEAD)) if column not in dropped]
        widths = [max(len(row.cells[column]) for row in (_Row(_HEAD), *rows, end)) for column in columns]
        if sum(widths) + 2 * len(widths) - 2 <= ink.width:
            break
    lines = [f"{ink.bold(shown(report.model, 200))}  {_count(len(report.layers), 'layer')}", ""]
    lines.append(ink.dim(_set(_Row(_HEAD), columns, widths, ink, False)))
    rule = ink.dim("─" * (sum(widths) + 2 * len(widths) - 2))
    lines += [rule, *(_set(row, columns, widths, ink, True) for row in rows)]
    lines += [rule, _set(end, columns, widths, ink, True)]
    return "\n".join([*lines, "", *_summary(report, ink)]) + "\n"


def _cut(names: Sequence[str]) -> int:
    """How long a name may be: the shortest that keeps different names apart."""
    apart = len(set(names))
    return next((cut for cut in range(_NAME, _LONGEST_NAME) if len({shown(name, cut) for name in names}) == apart),
                _LONGEST_NAME)  # fmt: skip


def _row(layer: LayerReport, cut: int, seen: set[str]) -> _Row:
    counts, uses = layer.counts, layer.uses_per_weight
    earlier = [name for name in layer.tied_with if name in seen]
    seen.add(layer.name)
    if layer.opaque:
        cells = (shown(layer.name, cut), "opaque", _shape(layer.output_shape), "", "", "", "")
        return _Row(cells, shown(layer.opaque, 60))
    margin = []
    if layer.repeats:
        margin.append(f"as {shown(layer.repeats, 24)}")
    elif earlier:
        more = f" and {len(earlier) - 1:,} more" if len(earlier) > 1 else ""
        margin.append(f"shares some with {shown(earlier[0], 24)}{more}")
    if layer.computed_from:
        margin.append(f"computed from {', '.join(shown(name, 40) for name in layer.computed_from)}")
    if layer.calls != 1:
        margin.append(f"{layer.calls} calls" if layer.calls else "calls depend on data")
    one = "depends on data" if layer.depends else "" if not counts.weights else f"{uses.taps:,}" if (
        uses.taps is not None
    ) else _range(uses)
    weights = "=" if layer.repeats else f"{counts.weights:,}"
    return _Row(
        (shown(layer.name, cut), layer.kind, _shape(layer.output_shape), f"{counts.neurons:,}",
         f"{counts.connections:,}", weights, one), "; ".join(margin),
    )  # fmt: skip


def _set(row: _Row, columns: Sequence[int], widths: Sequence[int], ink: Ink, strong: bool) -> str:
    cells = []
    for column, width in zip(columns, widths, strict=True):
        text = row.cells[column].ljust(width) if column < _LEFT else row.cells[column].rjust(width)
        cells.append(ink.bold(text) if strong and column in (0, 5) else text)
    return ("  ".join(cells) + (f"  {ink.dim(row.margin)}" if row.margin else "")).rstrip()


def _summary(report: Report, ink: Ink) -> list[str]:
    totals, counts = report.totals, report.totals.counts
    by_use = sum(layer.counts.weights * (layer.calls or 1) for layer in report.layers)
    lines = [
        f"{ink.dim('weights')}      {ink.bold(f'{counts.weights:,}')} stored, {by_use:,} if counted by use",
        f"{ink.dim('biases')}       {counts.biases:,}",
        f"{ink.dim('parameters')}   {totals.parameters_by_storage:,} by storage, {totals.parameters_by_name:,} by name",
    ]
    if counts.weights:
        each = counts.connections / counts.weights
        lines.append(
            f"{ink.dim('connections')}  {counts.connections:,}, {counts.real_connections:,} on real input; "
            f"{number(each, 4)} for each stored weight"
        )
    lines.append(f"{ink.dim('bytes')}        {totals.bytes_distinct:,} by storage, {totals.bytes_stored:,} by name")
    opaque = sum(1 for layer in report.layers if layer.opaque)
    if opaque:
        lines.append(f"{ink.dim('opaque')}       {_count(opaque, 'layer')}, in no count of weights and connections")
    for note in report.notes:
        first, *rest = wrap(shown(note, 300), max(ink.width - 13, 40), break_on_hyphens=False) or [""]
        lines += [f"{ink.dim('note')}         {first}", *(" " * 13 + row for row in rest)]
    return lines


def layer_text(layer: LayerReport, ink: Ink) -> str:
    """One layer's fields, as sentences and counts."""
    counts, uses = layer.counts, layer.uses_per_weight
    if layer.opaque:
        return f"{ink.bold(shown(layer.name))}  opaque: {shown(layer.opaque, 200)}\n"
    shapes = f"{_shape(layer.input_shape)} to {_shape(layer.output_shape)}"
    lines = [f"{ink.bold(shown(layer.name))}  {layer.kind}, {shapes}", ""]
    lines += [f"  {formula}" for formula in layer.formulas]
    lines += [
        "",
        _along(ink, "shared along", layer.shared_along, layer.constant_along),
        _along(ink, "distinct along", layer.distinct_along, ()),
        _along(ink, "summed along", layer.summed_along, ()),
        "",
    ]
    use = "depend on data" if layer.depends else f"{_range(uses)} on real input"
    use += f", {uses.taps:,} with padding" if uses.taps is not None and uses.taps != uses.min else ""
    dead = "" if not layer.dead_weights else f", {layer.dead_weights:,} of them dead: they never meet a real input"
    for name, text in (
        ("neurons", f"{counts.neurons:,}"),
        ("connections", f"{counts.connections:,}, {counts.real_connections:,} on real input"),
        ("weights", f"{counts.weights:,}{dead}"),
        ("biases", f"{counts.biases:,}"),
        ("uses of one", use),
        ("tied with", ", ".join(shown(name, 40) for name in layer.tied_with)),
        ("computed from", ", ".join(shown(name, 80) for name in layer.computed_from)),
    ):
        if text:
            lines.append(f"{ink.dim(name.ljust(16))}{text}")
    return "\n".join(lines) + "\n"


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}" + ("" if number == 1 else "s")


def _range(uses: UseCounts) -> str:
    if uses.min is None or uses.max is None:
        return "too many to tell apart"
    return f"{uses.min:,}" if uses.min == uses.max else f"{uses.min:,} to {uses.max:,}"


def _along(ink: Ink, what: str, loops: tuple[tuple[str, int], ...], constant: tuple[str, ...]) -> str:
    parts = [f"{loop} ({size:,})" for loop, size in loops] + [f"{text} constant" for text in constant]
    return f"{ink.dim(what.ljust(16))}{', '.join(parts) or 'nothing'}"


def explain_text(found: Explanation, ink: Ink) -> str:
    """One neuron's ledger."""
    where = ink.place(found.neuron)
    axes = ", ".join(turned_letters(found.letters) if ink.xyd else found.letters)
    lines = [f"{ink.bold(f'{shown(found.layer)}  y[{where}]')}   {ink.dim(f'y[{axes}], counted from 0')}"]
    lines += [f"  {formula}" for formula in found.formulas] + ["", ink.dim(f"input: {shown(found.input, 200)}"), ""]
    several = len({term.number for term in (*found.terms, *found.biases)}) > 1 + bool(found.biases)
    rows = [_term(term, ink, several) for term in found.terms]
    if rows:
        head = ("weight", "value", "input", "value", "product")
        widths = [max(len(row[k]) for row in (head, *rows)) for k in range(5)]
        lines.append(ink.dim(columns(head, widths)))
        lines += [columns(row, widths) for row in rows]
        lines.append(ink.dim("─" * (sum(widths) + 2 * len(widths) - 2)))
    padded = sum(1 for term in found.terms if term.x is None and term.input == 0.0)
    used = len({(term.number, term.w) for term in found.terms if term.w is not None})
    tail = f", {padded} on padding" if padded else ""
    lines.append(f"{_count(len(found.terms), 'product')} of {_count(used, 'weight')}{tail}")
    for bias in found.biases:
        name = shown(bias.parameter, 40) if several and bias.parameter else "b"
        lines.append(f"bias {name}[{ink.place(bias.w or ())}] = {term_value(bias.product)}")
    if found.total is not None:
        lines.append(f"{ink.bold(f'total = {number(found.total)}')}")
    if found.framework is not None:
        lines.append(f"the model says {number(found.framework)}" + difference(found.difference, found.bound))
    if found.note:
        lines.append(ink.dim(found.note))
    return "\n".join(lines) + "\n"


def turned_letters(letters: tuple[str, ...]) -> tuple[str, ...]:
    """Letters in the order of ``turned``."""
    return tuple(reversed(letters)) if len(letters) < 4 else (letters[0], *reversed(letters[1:]))


def difference(found: float | None, bound: float | None) -> str:
    """How far a total lies from the framework's value, and whether the bound allows it."""
    if found is None or bound is None:
        return ""
    holds = "within" if found <= bound else "OUTSIDE"
    return f"; difference {number(found, 3)}, {holds} the bound {number(bound, 3)}"


def _term(term: Term, ink: Ink, several: bool) -> tuple[str, str, str, str, str]:
    name = shown(term.parameter, 40) if several and term.parameter else "w"
    w = "" if term.w is None else f"{name}[{ink.place(term.w)}]"
    x = f"x[{ink.place(term.x)}]" if term.x is not None else "padding" if term.input == 0.0 else ""
    return w, term_value(term.weight), x, term_value(term.input), term_value(term.product)


def term_value(value: float | None) -> str:
    """A number, or ``?`` where the run does not give it."""
    return "?" if value is None else number(value)


def columns(row: Sequence[str], widths: Sequence[int]) -> str:
    """One row of a ledger: places to the left, numbers to the right."""
    sized = enumerate(zip(row, widths, strict=True))
    cells = [text.ljust(width) if column in (0, 2) else text.rjust(width) for column, (text, width) in sized]
    return "  ".join(cells).rstrip()


def uses_text(found: WeightUses, ink: Ink) -> str:
    """Every use of one weight."""
    lines = [
        f"{ink.bold(f'{shown(found.parameter)}[{ink.place(found.weight)}]')}  "
        f"{_count(found.taps, 'use')}, {found.real:,} on real input",
        "",
    ]
    if found.computed_from:
        lines.insert(1, ink.dim(f"computed from {', '.join(shown(name, 80) for name in found.computed_from)}"))
    wide = max((len(shown(use.layer, 40)) for use in found.uses), default=0)
    for use in found.uses:
        source = "  from padding" if use.padding else "" if use.x is None else f"  from x[{ink.place(use.x)}]"
        lines.append(f"  {shown(use.layer, 40).ljust(wide)}  y[{ink.place(use.y)}]{source}")
    if len(found.uses) < found.taps:
        lines.append(ink.dim(f"  and {found.taps - len(found.uses):,} more; --limit lists them"))
    return "\n".join(lines) + "\n"


def reach_text(found: Reach, ink: Ink) -> str:
    """A set of places."""
    places = found.places
    neuron = ink.bold(f"{shown(found.layer)}  y[{ink.place(found.neuron)}]")
    lines = [f"{neuron}  reaches {_count(places.count, 'place')} of {shown(found.to)}: {found.status}"]
    axes = places.axes()
    for number_, (low, high) in enumerate(places.hull()):
        held = "" if axes is None else f", {len(axes[number_]):,} of them"
        lines.append(f"  axis {number_}: {low} to {high}{held}")
    return "\n".join(lines) + "\n"
