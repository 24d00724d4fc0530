"""A caption for a figure of one layer: its line, its counts with their units, along what its weights are shared."""

from __future__ import annotations

from collections.abc import Sequence

from isochrome.ask.report import LayerReport, layer_report
from isochrome.core.relation import Place
from isochrome.draw.layout import place_text
from isochrome.draw.picture import Picture
from isochrome.draw.scene import Scene
from isochrome.draw.views.wording import counted, joined
from isochrome.errors import shown

__all__ = ["caption"]


def caption(scenes: Sequence[Scene], pictures: Sequence[Picture]) -> str:
    """The caption of a picture of a scene, or of several that play, in whole sentences.

    Every count is of one sample, and exact.
    """
    seen, picture = scenes[0], pictures[0]
    report = layer_report(seen.model, seen.layer)
    sentences = [
        f"{picture.title}. {seen.line.formula}.",
        _counts(seen, report),
        _uses(seen, report),
        _shared(report),
        _selected(seen) if len(scenes) == 1 else _frames(scenes),
        _part([one.window for one in pictures]),
        _colours(picture),
    ]
    return " ".join(shown(sentence, 2000) for sentence in sentences if sentence)


def _counts(seen: Scene, report: LayerReport) -> str:
    counts = report.counts
    neurons = counted(counts.neurons, "neuron")
    if not seen.line.weight:
        all_, real = seen.relation.connections, seen.relation.real_connections
        return f"{neurons} and {counted(all_, 'connection')}{_on_padding(all_, real)}; no weights."
    padded = _on_padding(counts.connections, counts.real_connections)
    parts = [neurons, counted(counts.connections, "connection") + padded, counted(counts.weights, "weight")]
    if counts.biases:
        parts.append(counted(counts.biases, "bias", "biases"))
    return f"{joined(parts)}{'' if len(seen.layer.weight_lines) < 2 else ', all its lines together'}."


def _on_padding(connections: int, real: int) -> str:
    return f" ({connections - real:,} of them on padding)" if real < connections else ""


def _uses(seen: Scene, report: LayerReport) -> str:
    uses = report.uses_per_weight
    if not seen.line.weight or uses.min is None or uses.max is None:
        return f"How often a weight is used {report.depends}." if report.depends and seen.line.weight else ""
    times = "once" if uses.taps == 1 else f"{uses.taps:,} times" if uses.taps is not None else ""
    real = f"{uses.min:,}" if uses.min == uses.max else f"{uses.min:,} to {uses.max:,}"
    if times and uses.min == uses.max == uses.taps:
        return f"Each weight is used {times}."
    if times:
        return f"Each weight is used {times}, {real} of these on real input."
    return f"A weight is used {real} times on real input."


def _shared(report: LayerReport) -> str:
    loops = [f"{loop} ({size:,})" for loop, size in report.shared_along if size > 1]
    sums = [f"{text} constant" for text in report.constant_along]
    if not report.parameters or report.opaque:
        return ""
    if not loops and not sums:
        return "No weight is shared within a sample."
    return f"Within a sample a weight is shared along {joined([*loops, *sums])}."


def _selected(seen: Scene) -> str:
    pins = [f"{sign} = {_name(seen, neuron)}" for sign, neuron in zip("ij", seen.neurons, strict=False)]
    lit = [] if seen.selected is None else [f"what is lit is {str(seen.selected).replace(':', ' ')}"]
    return f"Selected: {'; '.join([joined(pins), *lit])}."


def _part(windows: Sequence[str]) -> str:
    """Which part is drawn, '' where it is everything."""
    if len(set(windows)) > 1:
        return "The part that is drawn moves with the neuron."
    return f"Drawn: {windows[0][:1].lower()}{windows[0][1:]}." if windows[0] else ""


def _frames(scenes: Sequence[Scene]) -> str:
    first, last = scenes[0], scenes[-1]
    names = f"{_name(first, first.neurons[0])} to {_name(last, last.neurons[0])}"
    stays = {scene.neurons[1] for scene in scenes if len(scene.neurons) > 1}
    other = f"; j = {_name(first, stays.pop())} stays" if stays else ""
    return f"One frame for each of {len(scenes):,} neurons, {names}{other}."


def _name(seen: Scene, neuron: Place) -> str:
    return f"{seen.y.name}[{place_text(neuron)}]"


def _colours(picture: Picture) -> str:
    told = picture.legend
    if not picture.colouring.coloured:
        return "Nothing is coloured."
    return f"{told.title}; coloured: {told.coloured} ({told.count})."
