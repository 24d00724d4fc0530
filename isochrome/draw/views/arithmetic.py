"""One layer's arithmetic with all its numbers: input, filters and output by channel, and the ledger of two neurons."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from isochrome.core.relation import Place
from isochrome.draw.choice import coloured, level_legend
from isochrome.draw.layout import number, place_text
from isochrome.draw.picture import Picture, Rule, Table
from isochrome.draw.scene import Scene
from isochrome.draw.view import View
from isochrome.draw.views.digits import Digits
from isochrome.draw.views.excerpt import Reader, excerpt, filter_number, reader
from isochrome.draw.views.ledger import Ledger, ledger
from isochrome.draw.views.sentences import in_common, no_products, rounded_words
from isochrome.draw.views.slabs import Slabs, slabs
from isochrome.draw.views.sums import Sum, neuron_sum, sum_digits
from isochrome.draw.views.wording import joined, title_of

__all__ = ["VIEW"]

TERMS, LARGE = 27, 49
"""The most products of a neuron that are listed; the most of one large kernel."""
COLUMNS = 7
"""The most taps side by side."""
MARGIN = 4
BETWEEN = 22


def unfit(scene: Scene) -> str:
    """Why the layer has no arithmetic to draw, '' where it has."""
    if no_products(scene):
        return no_products(scene)
    if scene.line.of:
        return f"the model does not give the numbers that are multiplied: x is “{scene.line.of}”"
    if not scene.line.exact or scene.line.formula.reduce != "+":
        return "its values are no sums of products"
    return "" if scene.values is not None else "it needs the numbers of a run; there are none"


def draw(scene: Scene) -> Picture:
    """Input by channel, filters, output, and beside them the ledger of i and j, whose weights are written once."""
    readers = tuple(_reader(scene, neuron) for neuron in dict.fromkeys(scene.neurons))
    found = slabs(scene, readers, MARGIN, MARGIN)
    sums = tuple(one for one in (neuron_sum(scene, reader_) for reader_ in readers) if one is not None)
    sums = sums if len(sums) == len(readers) else ()
    width, height, marks, right = found.width, found.height, list(found.marks), None
    if sums and scene.narrow:
        edge = MARGIN + height + BETWEEN
        right = ledger(scene, readers, sums, sum_digits(sums), MARGIN, edge + BETWEEN)
        marks += [Rule(((MARGIN, edge), (scene.width - MARGIN, edge)), "hair"), *right.marks]
        width, height = max(width, right.width), right.height
    elif sums:
        edge = MARGIN + width + BETWEEN
        right = ledger(scene, readers, sums, sum_digits(sums), edge + BETWEEN, MARGIN)
        height = max(height, right.height)
        marks += [Rule(((edge, MARGIN), (edge, height)), "hair"), *right.marks]
        width = edge + BETWEEN + right.width
    return Picture(
        width + 2 * MARGIN,
        height + 2 * MARGIN,
        title_of("Arithmetic", scene.layer.name),
        _description(readers, sums),
        level_legend(scene),
        coloured(scene),
        tuple(marks),
        subtitle=_subtitle(scene, readers),
        formula=str(scene.line.formula),
        window=_window(scene, readers, found),
        notes=_notes(sums, found, right),
        table=_table(readers, sums),
    )


def _reader(scene: Scene, neuron: Place) -> Reader:
    n = filter_number(scene, neuron)
    part, most = excerpt(scene, n, TERMS), TERMS
    if part.drawn < part.each:
        part, most = excerpt(scene, n, LARGE), LARGE
    if part.box and part.box[-1][1] - part.box[-1][0] > COLUMNS:
        part, most = excerpt(scene, n, COLUMNS), COLUMNS
    return reader(scene, neuron, part, most)


def _description(readers: Sequence[Reader], sums: Sequence[Sum]) -> str:
    names = joined([f"y[{place_text(one.neuron)}]" for one in readers])
    values = joined([number(one.framework) for one in sums if one.framework is not None])
    return f"Input, filters and output by channel, and every product of {names}" + (f" = {values}." if values else ".")


def _subtitle(scene: Scene, readers: Sequence[Reader]) -> str:
    """What i and j are to one another."""
    if len(readers) < 2:
        return "One neuron: every product, every sum."
    both, one, other = in_common(scene, readers[0].rows, readers[1].rows)
    if readers[0].filter != readers[1].filter:
        return "Two neurons of two filters" + ("." if both else ": no weight in common.")
    if both == one == other:
        return "Two neurons of one filter: the same weights, another region."
    return "Two neurons of one filter: another region, and other weights of the filter."


def _window(scene: Scene, readers: Sequence[Reader], found: Slabs) -> str:
    words = [text for text in (readers[0].excerpt.words(scene), found.window) if text]
    text = "; ".join(words)
    return text[:1].upper() + text[1:]


def _notes(sums: Sequence[Sum], found: Slabs, right: Ledger | None) -> tuple[str, ...]:
    notes = [] if sums else ["There is no ledger: this run does not give finite numbers for what the layer multiplies."]
    differences = [(one.difference, one.bound) for one in sums if one.difference is not None]
    if differences and not any(difference for difference, _ in differences):
        notes.append("Total and model agree exactly.")
    elif differences:
        told = joined([number(difference, 2) for difference, _ in differences])
        allowed = joined([number(bound, 2) for _, bound in differences])
        notes.append(f"Total and model differ by {told}; the order of a float sum allows {allowed}.")
    groups: dict[str, Digits | None] = {"inputs": found.inputs, "weights": found.weights, "outputs": found.outputs}
    if right is not None:
        groups["products"] = right.style
    notes.append(rounded_words(**groups))
    if found.padded:
        notes.append("Hatched: padding, which counts as 0.")
    return tuple(note for note in notes if note)


def _table(readers: Sequence[Reader], sums: Sequence[Sum]) -> Table:
    rows: list[tuple[str, ...]] = []
    for place, one in enumerate(readers):
        neuron = place_text(one.neuron)
        for part in one.parts:
            x = "padding" if part.x is None else place_text(part.x)
            numbers = ("" if value is None else number(value) for value in (part.weight, part.input, part.product))
            rows.append((neuron, place_text(part.w or ()), x, *numbers))
        if place < len(sums):
            lines: list[tuple[str, Any]] = [(line.name, line.value) for line in sums[place].lines]
            lines += [("total", sums[place].total), ("the model says", sums[place].framework)]
            rows += [(neuron, name, "", "", "", "not given" if at is None else number(at)) for name, at in lines]
    return Table(("y", "w", "x", "weight", "input", "product"), tuple(rows))


VIEW = View("arithmetic", "Arithmetic", draw, unfit, narrow=True)
