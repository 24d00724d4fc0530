"""Words around numbers: counts with their unit, sizes, ratios, lists. Each is true as printed."""

from __future__ import annotations

from fractions import Fraction
from math import isqrt, sqrt

from isochrome.ask.words import counted, joined, number, sized
from isochrome.draw.scene import Axes

__all__ = [
    "bytes_text", "counted", "drawn", "joined", "part_of", "position_words", "side", "sized", "span", "times",
    "title_of",
]  # fmt: skip

_UNITS = ("bytes", "kB", "MB", "GB", "TB", "PB", "EB")


def span(low: int, high: int) -> str:
    """The numbers from ``low`` to below ``high``.

    >>> span(2, 3), span(0, 2), span(12, 17)
    ('2', '0 and 1', '12 to 16')
    """
    return str(low) if high == low + 1 else f"{low} {'and' if high == low + 2 else 'to'} {high - 1}"


def times(square: Fraction) -> str:
    """How many times, to three digits, given by its square: the side of an area.

    >>> times(Fraction(49, 4)), times(Fraction(2))
    ('3.5×', '≈1.41×')
    """
    above, below = isqrt(square.numerator), isqrt(square.denominator)
    if above**2 == square.numerator and below**2 == square.denominator:
        return _rounded(Fraction(above, below), 3) + "×"
    return "≈" + number(sqrt(square), 3).lstrip("≈") + "×"


def part_of(part: int, whole: int) -> str:
    """A part as one over a number.

    >>> part_of(1, 3025), part_of(105705600, 44892355200)
    ('1/3,025', '≈1/425')
    """
    ratio = Fraction(whole, part)
    return f"1/{ratio.numerator:,}" if ratio.denominator == 1 else "≈1/" + _rounded(ratio, 3).lstrip("≈")


def bytes_text(count: Fraction) -> str:
    """A size in bytes, in units of a thousand, to four digits.

    >>> bytes_text(Fraction(139776)), bytes_text(Fraction(216))
    ('≈139.8 kB', '216 bytes')
    """
    power = 0
    while count >= 1000 ** (power + 1) and power < len(_UNITS) - 1:
        power += 1
    return f"{_rounded(count / 1000**power, 4)} {_UNITS[power]}"


def side(part: int, whole: int) -> float:
    """The side of a square in that of another, when areas are to scale."""
    return sqrt(part / whole)


def _rounded(ratio: Fraction, digits: int) -> str:
    text = number(float(ratio), digits)
    if ratio >= 10 ** (digits - 1):
        text = ("" if ratio.denominator == 1 else "≈") + f"{round(ratio):,}"
    exact = Fraction(text.lstrip("≈").replace(",", "")) == ratio
    return text.lstrip("≈") if exact else "≈" + text.lstrip("≈")


def position_words(axes: Axes) -> tuple[str, ...]:
    """What the position axes are called: row and column; depth before them; a single one is a position.

    >>> position_words(Axes("y", ("m", "p", "q"), (2, 3, 3), ("filter", "position", "position")))
    ('row', 'column')
    """
    count = len(axes.of("position"))
    if count == 1:
        return ("position",)
    letters = tuple(axes.letters[axis] for axis in axes.of("position"))
    return (*letters[: max(count - 3, 0)], *("depth", "row", "column")[max(3 - count, 0) :])


def title_of(name: str, layer: str) -> str:
    """A picture's title: the view, and the layer it shows."""
    return f"{name}: {layer}"


def drawn(words: str, window: str) -> str:
    """Words under a title, with the name of the part that is drawn.

    >>> drawn("The output as slices.", "Rows 0 to 4 of 28"), drawn("The output as slices.", "")
    ('The output as slices. Drawn: rows 0 to 4 of 28.', 'The output as slices.')
    """
    return f"{words} Drawn: {window[:1].lower()}{window[1:]}." if window else words
