"""Sentences about the connections of neurons: how many they use, what reads padding, what two of them share."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from isochrome.draw.layout import number
from isochrome.draw.scene import Rows, Scene
from isochrome.draw.views.excerpt import Reader
from isochrome.draw.views.wording import counted, joined, position_words

__all__ = ["few", "padding_words", "shared_words", "use_words", "uses_words", "weights_of_filter"]

_FEW = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


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
    whole = weights_of_filter(rows)
    used = weights_of_filter(rows.take(rows.real))
    if len(rows) > whole:
        text = f"{counted(len(rows), 'connection')}, {counted(whole, 'weight')}"
        return text if rows.real.all() else f"{text}: {padding_words(scene, rows)}", not rows.real.all()
    if used == whole:
        return f"uses all {whole:,}" if whole > 1 else "uses its one weight", False
    return f"uses {used:,} of {whole:,}: {padding_words(scene, rows)}", True


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


def shared_words(readers: Sequence[Reader]) -> str:
    """What two neurons have in common: "i and j use the same 27 weights"."""
    if len(readers) < 2:
        return ""
    one, other = ({tuple(place) for place in reader.rows.w.tolist()} for reader in readers[:2])
    both = len(one & other)
    if one == other:
        return "i and j use the same weight" if both == 1 else f"i and j use the same {few(both)} weights"
    if not both:
        return "i and j have no weight in common"
    return f"i and j have {counted(both, 'weight')} in common, of {len(one):,} and {len(other):,}"


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
