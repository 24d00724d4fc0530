"""Sentences about the connections of neurons: how many they use, what reads padding, what two of them share."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from isochrome.draw.layout import number, place_text
from isochrome.draw.picture import Table
from isochrome.draw.scene import Rows, Scene
from isochrome.draw.views.digits import Digits
from isochrome.draw.views.excerpt import Reader
from isochrome.draw.views.wording import counted, joined, position_words

__all__ = [
    "few", "in_common", "no_products", "padding_words", "rounded_words", "same_words", "shared_words", "taps_table",
    "use_words", "uses_words", "weights_of_filter",
]  # fmt: skip

_FEW = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


def no_products(scene: Scene) -> str:
    """Why a layer multiplies no weight with an input, '' where it does."""
    if not scene.line.weight:
        return "its formula has no weight"
    return "" if scene.x is not None else "its weights multiply no input: they are looked up or added"


def few(count: int) -> str:
    """A small count as a word.

    >>> few(9), few(27)
    ('nine', '27')
    """
    return _FEW[count] if count < len(_FEW) else f"{count:,}"


def weights_of_filter(rows: Rows) -> int:
    """How many distinct weights some taps use."""
    return len(np.unique(rows.w, axis=0)) if len(rows) else 0


def uses_words(scene: Scene, one: Reader) -> tuple[str, bool]:
    """How many of its weights a neuron uses on real input, and whether that is less than all: "uses 18 of 27: ..."."""
    rows = one.rows
    if not len(rows):
        return "has no connection", True
    met = weights_of_filter(rows)
    whole = max(met, one.excerpt.reads * one.excerpt.each)
    used = weights_of_filter(rows.take(rows.real))
    if len(rows) > met:
        text = f"{counted(len(rows), 'connection')}, {counted(met, 'weight')}"
        return text if rows.real.all() else f"{text}: {padding_words(scene, rows)}", not rows.real.all()
    if used == whole:
        return f"uses all {whole:,}" if whole > 1 else "uses its one weight", False
    why = [padding_words(scene, rows)] if used < met else []
    why += ["the others meet no input"] if met < whole else []
    return f"uses {used:,} of {whole:,}: {'; '.join(why)}", True


def padding_words(scene: Scene, rows: Rows) -> str:
    """What of the input that some taps read is padding: "column −1 is padding"."""
    if scene.x is None or rows.real.all():
        return ""
    axes = scene.x.of("position")
    words, plural = [], False
    for axis, name in zip(axes, position_words(scene.x), strict=True):
        at = rows.at[:, axis]
        outside = sorted({int(value) for value in at[(at < 0) | (at >= scene.x.shape[axis])]})
        if outside:
            words.append(f"{name}{'s' if len(outside) > 1 else ''} {_numbers(outside)}")
            plural |= len(outside) > 1
    return f"{joined(words)} {'are' if plural or len(words) > 1 else 'is'} padding"


def _numbers(values: Sequence[int]) -> str:
    texts = [number(value) for value in values]
    follow = all(after == before + 1 for before, after in zip(values, values[1:], strict=False))
    return f"{texts[0]} to {texts[-1]}" if follow and len(values) > 2 else joined(texts)


def shared_words(scene: Scene, readers: Sequence[Reader]) -> str:
    """What two neurons have in common: "i and j use the same 27 weights"."""
    if len(readers) < 2:
        return ""
    both, one, other = in_common(scene, readers[0].rows, readers[1].rows)
    if both == one == other:
        return "i and j use the same weight" if both == 1 else f"i and j use the same {few(both)} weights"
    if not both:
        return "i and j have no weight in common"
    return f"i and j have {counted(both, 'weight')} in common, of {one:,} and {other:,}"


def in_common(scene: Scene, one: Rows, other: Rows) -> tuple[int, int, int]:
    """How many distinct weights two lots of taps have in common, and how many each has."""
    first, second = (np.unique(np.ravel_multi_index(tuple(rows.w.T), scene.w.shape)) for rows in (one, other))
    return len(np.intersect1d(first, second, assume_unique=True)), len(first), len(second)


def same_words(scene: Scene, readers: Sequence[Reader]) -> str:
    """What equal colours say about the drawn taps of some neurons, at the scene's level."""
    weights = [{part.w for part in one.parts} for one in readers]
    pair = len(set(scene.neurons)) > 1
    who = "i and j" if pair else joined([f"y[{','.join(map(str, one.neuron))}]" for one in readers])
    alone = len(readers) < 2
    if scene.level == "weight":
        both = len(set.intersection(*weights)) if weights else 0
        if alone:
            return f"each weight is used {'once' if len(weights[0]) == len(readers[0].parts) else 'several times'}"
        if weights[0] == weights[1]:
            return f"{who} use the same {few(both) + ' weights' if both > 1 else 'weight'}"
        return f"{who} have {counted(both, 'weight')} in common" if both else f"{who} have no weight in common"
    if scene.level == "filter":
        own = {one.filter for one in readers}
        same = (
            f"{who} use{'s one' if alone else ' the same'} filter" if len(own) < 2 else f"{who} use different filters"
        )
        return f"{same}. Which of its weights an edge uses, this colour does not tell"
    if scene.level == "channel":
        return "an edge has the colour of the input channel that it reads"
    if scene.level == "tap":
        return "an edge has the colour of its place in the kernel, in every filter and channel alike"
    return "every weight here is stored in one tensor"


def rounded_words(**groups: Digits | None) -> str:
    """What was rounded, '' where nothing was: "Rounded (≈): inputs to 2 decimals; the table has them in full."."""
    told: dict[str, list[str]] = {}
    for name, style in groups.items():
        if style is not None and style.words:
            told.setdefault(style.words, []).append(name)
    lists = [f"{joined(names)} {words}" for words, names in told.items()]
    return f"Rounded (≈): {', '.join(lists)}; the table has them in full." if lists else ""


def taps_table(readers: Sequence[Reader]) -> Table:
    """Every drawn tap of some neurons as a row of a table."""
    rows = []
    for one in readers:
        for part in one.parts:
            x = "padding" if part.x is None else place_text(part.x)
            numbers = ("" if value is None else number(value) for value in (part.weight, part.input, part.product))
            rows.append((place_text(part.y), place_text(part.w or ()), x, *numbers))
    return Table(("y", "w", "x", "weight", "input", "product"), tuple(rows))


def use_words(scene: Scene, readers: Sequence[Reader]) -> str:
    """How often a weight of the layer is used: "Each weight is stored once and used 9 times"."""
    place = next((part.w for one in readers for part in one.parts if part.w is not None), None)
    if place is None:
        return ""
    taps, real = scene.uses_of_weight(place)
    name = f"{scene.line.weight}[{','.join(map(str, place))}]"
    often = "once" if taps == 1 else f"{taps:,} times"
    padded = "" if taps == real else f", {taps - real:,} of them on padding"
    return f"{name} is stored once and used {often}{padded}."
