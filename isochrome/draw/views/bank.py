"""Four columns: the input by channel, the filters (each as deep as what it reads), what each gives, the output."""

from __future__ import annotations

from isochrome.draw.choice import coloured, level_legend
from isochrome.draw.layout import place_text
from isochrome.draw.picture import Picture, Table
from isochrome.draw.scene import Scene
from isochrome.draw.view import View
from isochrome.draw.views.bank_columns import columns
from isochrome.draw.views.bank_plan import Bank, hull, plan, spots
from isochrome.draw.views.bank_stack import stacked
from isochrome.draw.views.kernels import named_taps
from isochrome.draw.views.rounding import Rounding
from isochrome.draw.views.windows import in_plane, named, named_positions, plane
from isochrome.draw.views.wording import counted, drawn, joined, title_of
from isochrome.errors import shown

__all__ = ["VIEW"]

_WIDEST = 1200.0


def _draw(scene: Scene) -> Picture:
    bank = plan(scene, 3)
    pieces = stacked(bank) if scene.narrow else columns(bank)
    if pieces[1] > _WIDEST and any(one.others for one in bank.filters):
        bank = plan(scene, 2)
        pieces = columns(bank)
    marks, width, height = pieces
    name = shown(scene.layer.name, 60)
    return Picture(
        width,
        height,
        title_of("Bank", name),
        f"{name}: {_words(bank)[0]}",
        level_legend(scene),
        coloured(scene),
        tuple(marks),
        subtitle=drawn("The input by channel, the filters, what each filter gives, the output.", _window(bank)),
        formula=str(scene.line.formula),
        window=_window(bank),
        notes=_words(bank),
        table=_table(bank),
    )


def _unfit(scene: Scene) -> str:
    if scene.x is None:
        return "the layer multiplies no input: it looks weights up, so there are no filters to run over one"
    if not scene.y.of("filter", "group"):
        return "no axis of the output tells filters apart: all neurons use one set of weights"
    others = [line for line in scene.layer.weight_lines if line.output == scene.line.output]
    if len(others) > 1:
        names = joined([line.operand.upper() or line.weight for line in others])
        return f"each neuron adds products with {names}: the sums of one of them are not its value"
    return "" if len(scene.filter_rows) else "the chosen filter has no connection"


def _window(bank: Bank) -> str:
    scene = bank.scene
    numbers = (bank.filters[0].number, bank.filters[-1].number + 1)
    parts = [named("filter", numbers, scene.filters)]
    if any(one.others for one in bank.filters):
        parts.append(named("channel", (bank.channels[0], bank.channels[-1] + 1), scene.channels))
    parts.append(named_positions(scene.y, bank.window))
    parts.append(named_taps(scene, bank.taps))
    if _cropped(bank):
        axes = scene.x
        assert axes is not None
        parts.append("input " + named_positions(axes, bank.region))
    text = ", ".join(part for part in parts if part)
    return text[:1].upper() + text[1:]


def _cropped(bank: Bank) -> bool:
    """Whether the drawn region leaves out a part of what the window's neurons read."""
    return hull([one.box for one in bank.filters]) != bank.region


def _words(bank: Bank) -> tuple[str, ...]:
    scene, first = bank.scene, bank.filters[0]
    notes = []
    filters, reads = scene.filters, {one.reads for one in bank.filters}
    most = max(reads)
    if most > 1 and len(reads) == 1 and most == scene.channels:
        notes.append(f"{counted(filters, 'filter gives', 'filters give')} {counted(filters, 'slice')}, not "
                     f"{filters * most:,}: the {most:,} channel maps of a filter are added.")  # fmt: skip
    elif most > 1:
        notes.append("The channel maps of a filter are added: one slice, however many channels it reads.")
    else:
        notes.append("Each filter shown reads one channel, so nothing is added across channels.")
    if any(one.others for one in bank.filters):
        shown_ = f"channel{'' if len(first.channels) == 1 else 's'} {joined([str(c) for c in first.channels])}"
        notes.append(f"Of filter {place_text(first.place)} {shown_} of {first.reads:,} are drawn one by one; the maps "
                     f"of the other {first.others:,} are summed in one map.")  # fmt: skip
    notes += _equation(bank)
    if scene.level == "filter":
        notes.append("Unfilled cells of the maps are numbers on the way, not yet a neuron of one filter.")
    else:
        notes.append("A neuron is not a weight: only at level filter does it have a colour of its own.")
    notes += _rounded(bank)
    if first.maps is None:
        stands = scene.line.of if " " in scene.line.of else f"{scene.line.of} input"
        what = f"x is the {stands}, which the model" if scene.line.of else "The run"
        notes.append(f"{what} does not give as numbers, so the maps have none.")
    return tuple(notes)


def _rounded(bank: Bank) -> list[str]:
    """What was done to the numbers in the cells."""
    kinds = (("inputs", bank.read.number), ("weights", bank.tap.number), ("sums", bank.sums.number))
    told = {what: way.words for what, way in kinds if way is not None and way.words}
    if not told:
        return []
    if len(set(told.values())) == 1 and len(told) > 1:
        return [f"Numbers in cells are {next(iter(told.values()))}."]
    return ["In the cells " + joined([f"{what} are {how}" for what, how in told.items()]) + "."]


def _equation(bank: Bank) -> list[str]:
    """The sum of neuron i, true as printed."""
    scene = bank.scene
    neuron = scene.neurons[0]
    one = next((one for one in bank.filters if one.place == scene.filter_of(neuron)), None)
    position = tuple(neuron[axis] for axis in scene.y.of("position"))
    inside = all(low <= at < high for at, (low, high) in zip(position, bank.window, strict=True))
    if one is None or one.maps is None or not inside:
        return []
    (top, _), (left, _) = plane(bank.window)
    row = (position[-2] if len(position) > 1 else 0) - top
    column = (position[-1] if position else 0) - left
    terms = [float(part[row, column]) for part in (*one.maps, *([one.rest] if one.rest is not None else []))]
    terms += [one.bias] if one.bias is not None else []
    if len(terms) < 2:
        return []
    total = float(one.values[row, column]) if one.values is not None else sum(terms)
    way = bank.sums.number or Rounding()
    unit = f"In units of 1e{way.unit}, ".replace("-", "−") if way.unit else ""
    return [f"{unit}{scene.y.name}[{place_text(neuron)}] = {way.finer(2).sum(terms, total)}."]


def _table(bank: Bank) -> Table:
    """A row for each neuron: the sum of each channel, the bias, the value."""
    scene, rows = bank.scene, []
    (top, _), (left, _) = plane(bank.window)
    most = max(len(one.channels) for one in bank.filters)
    for one in bank.filters:
        for row, column in spots(bank.window):
            at = (row - top, column - left)
            parts = [bank.sums.text(part[at]) for part in one.maps or ()]
            parts += [""] * (most - len(parts))
            value = one.values[at] if one.values is not None else one.total(*at)
            rest = "" if one.rest is None else bank.sums.text(one.rest[at])
            neuron = scene.neuron_at(one.place, in_plane(bank.window, row, column))
            rows.append((place_text(neuron), *parts, rest, bank.sums.text(one.bias), bank.sums.text(value)))
    heads = tuple(f"channel {number}" if len(bank.channels) == most else f"map {number + 1}"
                  for number in (bank.channels if len(bank.channels) == most else range(most)))  # fmt: skip
    return Table(("neuron", *heads, "other channels", "bias", "value"), tuple(rows))


VIEW = View("bank", "Bank", _draw, _unfit, narrow=True)
