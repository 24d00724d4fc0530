"""Positional numbers: an index such as ``3*g + m`` with m < 3 is two axes written as one, and splits into two."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import gcd
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from isochrome.core.formula import Affine
from isochrome.core.sizes import affine_range

__all__ = ["Axis", "Digit", "split_digits"]

Value = TypeVar("Value", int, NDArray[np.int64])


@dataclass(frozen=True, slots=True)
class Digit:
    """One part of an axis: the column of a component that decides it, and how to split it off a number.

    ``modulus`` is 0 for the last digit, which is the rest.
    """

    component: int
    column: int
    modulus: int
    low: int


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis of one access: its value is ``offset`` plus the sum of its digits' columns."""

    offset: int
    size: int
    digits: tuple[Digit, ...]

    def decode(self, value: Value) -> tuple[Value, ...]:
        """What each digit must be for the axis to be ``value``, a number or an array of them.

        >>> Axis(1, 12, (Digit(0, 0, 4, 0), Digit(1, 0, 0, 0))).decode(11)
        (8, 2)
        """
        rest = value - self.offset
        wanted = []
        for digit in self.digits:
            below = (rest - digit.low) % digit.modulus + digit.low if digit.modulus else rest * 0
            wanted.append(rest - below)
            rest = below
        return tuple(wanted)


def split_digits(index: Affine, size: int, sizes: Mapping[str, int]) -> tuple[tuple[Affine, int, int], ...]:
    """The digits of an index, highest first, each as (sum without offset, modulus, low of what lies below).

    An index splits where what is below spans less than one step of what is above, and only if all its values lie
    inside the axis: a border ties the digits together.

    >>> s = {"g": 2, "m": 3, "p": 5, "u": 3}
    >>> [str(part) for part, _, _ in split_digits(Affine((("m", 1), ("g", 3))), 6, s)]
    ['3*g', 'm']
    >>> [str(part) for part, _, _ in split_digits(Affine((("p", 2), ("u", 1))), 11, s)]
    ['2*p + u']
    """
    whole = Affine(index.terms)
    low, high = affine_range(index, sizes)
    if low < 0 or high >= size:
        return ((whole, 0, 0),)
    terms = sorted(whole.terms, key=lambda term: -abs(term[1]))
    digits: list[tuple[Affine, int, int]] = []
    start = 0
    for cut in range(1, len(terms)):
        bottom, top = affine_range(Affine(tuple(terms[cut:])), sizes)
        modulus = gcd(*(coefficient for _, coefficient in terms[start:cut]))
        if top - bottom < modulus:
            digits.append((Affine(tuple(terms[start:cut])), modulus, bottom))
            start = cut
    return (*digits, (Affine(tuple(terms[start:])), 0, 0)) if terms else ()
