"""Words around numbers: counts with their unit, sizes, lists, numbers. Each is true as printed."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

__all__ = [
    "Number",
    "cells",
    "counted",
    "either",
    "equals",
    "joined",
    "number",
    "place_words",
    "sized",
    "sum_words",
    "times",
]

Number = int | float | np.integer | np.floating


def counted(count: int, one: str, several: str = "") -> str:
    """A count with its unit.

    >>> counted(1, "weight"), counted(1234, "bias", "biases")
    ('1 weight', '1,234 biases')
    """
    return f"{count:,} {one if count == 1 else several or one + 's'}"


def sized(shape: Sequence[int]) -> str:
    """A shape as it is read.

    >>> sized((5, 5))
    '5×5'
    """
    return "×".join(f"{size:,}" for size in shape)


def joined(words: Sequence[str]) -> str:
    """A list in words.

    >>> joined(["p", "q", "u"])
    'p, q and u'
    """
    return " and ".join([*([", ".join(words[:-1])] if words[:-1] else []), *words[-1:]])


def either(words: Sequence[str]) -> str:
    """A choice in words.

    >>> either(["n", "p", "q"])
    'n, p or q'
    """
    return " or ".join([*([", ".join(words[:-1])] if words[:-1] else []), *words[-1:]])


def cells(place: Sequence[int]) -> str:
    """A place as it is read.

    >>> cells((0, 1, 2))
    '0,1,2'
    """
    return ",".join(map(str, place))


def place_words(letters: Sequence[str], place: Sequence[int]) -> str:
    """A place with the letters of its axes.

    >>> place_words(("m", "p"), (0, 2))
    'm 0, p 2'
    """
    return ", ".join(f"{letter} {at}" for letter, at in zip(letters, place, strict=True))


def equals(value: Number, digits: int = 4) -> str:
    """What something is equal to, or nearly.

    >>> equals(9.0), equals(0.13166), equals(-0.1126958)
    ('= 9', '≈ 0.1317', '≈ −0.1127')
    """
    text = number(value, digits)
    return f"≈ {text[1:]}" if text.startswith("≈") else f"= {text}"


def times(count: int) -> str:
    """How often.

    >>> times(1), times(784)
    ('once', '784 times')
    """
    return "once" if count == 1 else f"{count:,} times"


def sum_words(terms: Sequence[Number], most: int, digits: int = 4) -> str:
    """The first terms of a sum, rounded to some digits.

    >>> sum_words([1, -2.5, 3, 4], 3)
    '1 − 2.5 + 3 + ...'
    """
    texts = [number(term, digits) for term in terms[:most]] + (["..."] if len(terms) > most else [])
    return " + ".join(texts).replace("+ ≈−", "− ≈").replace("+ −", "− ")


def number(value: Number, digits: int | None = None) -> str:
    """The shortest text that reads back as the same number of its own type, with a true minus and ``1,234``.

    With ``digits`` it has at most so many significant ones, and begins with ≈ where that changed it.

    >>> number(-1234.5), number(np.float32(0.1)), number(-0.02313, digits=2), number(0.5, digits=2)
    ('−1,234.5', '0.1', '≈−0.023', '0.5')
    """
    true = _plain(value)
    if digits is None or not math.isfinite(value):
        return _dressed(true)
    rounded = _plain(float(f"{value:.{digits - 1}e}")) if float(value) else true
    return _dressed(true) if float(rounded) == float(true) else "≈" + _dressed(rounded)


def _plain(value: Number) -> str:
    if isinstance(value, int | np.integer):
        return str(int(value))
    size = abs(float(value))
    if not math.isfinite(size):
        return "nan" if math.isnan(size) else "inf" if value == size else "-inf"
    if size == 0:
        return "0"
    if 1e-5 <= size < 1e16:
        return np.format_float_positional(value, unique=True, trim="-")
    return np.format_float_scientific(value, unique=True, trim="-", exp_digits=1).replace("e+", "e")


def _dressed(plain: str) -> str:
    sign, digits = ("−", plain[1:]) if plain.startswith("-") else ("", plain)
    if digits in ("inf", "nan"):
        return sign + digits.replace("inf", "∞")
    mantissa, marker, exponent = digits.partition("e")
    whole, point, rest = mantissa.partition(".")
    return f"{sign}{int(whole):,}{point}{rest}{marker}{exponent.replace('-', '−')}"
