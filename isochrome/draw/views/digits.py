"""Numbers of one group, printed alike in a given room: whole, or rounded and marked ≈, in units of 10^n if far off."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import floor, isfinite, log10

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isochrome.draw.layout import FLOOR, number, number_size
from isochrome.draw.views.rounding import Rounding

__all__ = ["Digits", "digits", "whole_or"]


@dataclass(frozen=True, slots=True)
class Digits:
    """How the numbers of a group are printed: in units of ``10**unit``, rounded as ``rounding`` says."""

    rounding: Rounding
    unit: int = 0

    def text(self, value: float | Decimal | None) -> str:
        """A number as it is printed; '' where there is none.

        >>> Digits(Rounding(2, 5)).text(-0.126), Digits(Rounding(1, 3), 15).text(2.7449e15)
        ('−0.13', '2.7')
        """
        if value is None:
            return ""
        return "0" if value == 0 else self.rounding.text(float(value) if self.unit == 0 else self._scaled(value))

    def rounded(self, value: float) -> Decimal:
        """The number that is printed for a value.

        >>> Digits(Rounding(2, 5)).rounded(0.126)
        Decimal('0.13')
        """
        if self.exact:
            return Decimal(repr(float(value)))
        return round(Decimal(value) / Decimal(10) ** self.unit, self.rounding.decimals or 0) * Decimal(10) ** self.unit

    def _scaled(self, value: float | Decimal) -> float:
        return float(Decimal(value) / Decimal(10) ** self.unit)

    @property
    def exact(self) -> bool:
        """Whether every number is printed as it is."""
        return self.rounding.decimals is None and self.unit == 0

    @property
    def characters(self) -> int:
        """The longest text."""
        return self.rounding.characters

    @property
    def short(self) -> str:
        """The same sign in little room: the unit, or how many decimals."""
        return f"≈ × {self._unit}" if self.unit else self.mark

    def size(self, width: float, height: float) -> float:
        """The size of type in which every number of the group fits a cell, 0 where that is too small."""
        tight = self.characters * 6 + 3 <= width and height >= FLOOR + 2
        return number_size(width, height, "0" * self.characters) or (FLOOR if tight else 0)

    @property
    def words(self) -> str:
        """What was done to the numbers, '' where nothing was.

        >>> Digits(Rounding(2, 5)).words, Digits(Rounding(1, 3), 12).words
        ('to 2 decimals', 'to 1 decimal, in units of 1e12')
        """
        if self.exact:
            return ""
        count = self.rounding.decimals or 0
        words = "to whole numbers" if not count else f"to {count} decimal{'' if count == 1 else 's'}"
        return words + (f", in units of {self._unit}" if self.unit else "")

    @property
    def _unit(self) -> str:
        return number(10.0**self.unit) if self.unit < 0 else f"1e{self.unit}"

    @property
    def mark(self) -> str:
        """The sign beside the group: '' where its numbers are true as printed.

        >>> Digits(Rounding(2, 5)).mark, Digits(Rounding(None, 1)).mark, Digits(Rounding(1, 3), 12).mark
        ('≈ 2 decimals', '', '≈ 1 decimal, × 1e12')
        """
        if self.exact:
            return ""
        count = self.rounding.decimals or 0
        words = "whole" if not count else f"{count} decimal{'' if count == 1 else 's'}"
        return f"≈ {words}" + (f", × {self._unit}" if self.unit else "")


def digits(values: Iterable[ArrayLike | None], characters: int, finest: int = 4) -> Digits | None:
    """One way to print all of some numbers in so many characters each; None where there is none worth it.

    >>> digits([[1, -2, 30]], 3).mark, digits([[0.1234, -4.5]], 5).mark, digits([[1234.5]], 3)
    ('', '≈ 2 decimals', None)
    >>> digits([[2.7e15, 1e12]], 6).mark
    '≈ 4 decimals, × 1e15'
    """
    flat = [np.asarray(some, np.float64).reshape(-1) for some in values if some is not None]
    numbers = np.unique(np.concatenate([np.zeros(1), *flat]))
    longest = max(len(number(float(value))) for value in numbers)
    if longest <= characters:
        return Digits(Rounding(None, longest))
    largest = float(np.abs(numbers).max())
    if not isfinite(largest):
        return None
    order = floor(log10(largest))
    found = _rounded(numbers, 0, characters, finest)
    if found is None and not 0.1 <= largest < 10_000:
        found = _rounded(numbers, order // 3 * 3, characters, finest)
    return found


def whole_or(values: Sequence[float], short: int, long: int, finest: int = 2) -> Digits | None:
    """Numbers as they are where each is short, else rounded in a longer room; None where there are none.

    >>> [style.mark for style in (whole_or([1, -2], 2, 5), whole_or([0.1234, 14], 2, 5)) if style]
    ['', '≈ 2 decimals']
    """
    if not values:
        return None
    found = digits([values], short)
    return found if found is not None and found.exact else digits([values], long, finest)


def _rounded(numbers: NDArray[np.float64], unit: int, characters: int, finest: int) -> Digits | None:
    """The most decimals that fit, if the largest number keeps two digits that tell."""
    ends = [Decimal(float(end)) / Decimal(10) ** unit for end in (numbers.min(), numbers.max())]
    if max(map(abs, ends)) >= 1_000_000:
        return None
    for decimals in range(finest, -1, -1):
        longest = max(len(Rounding(decimals).text(float(end))) for end in ends)
        if longest <= characters:
            told = max(abs(end) for end in ends) * 10**decimals >= 10
            return Digits(Rounding(decimals, longest), unit) if told else None
    return None
