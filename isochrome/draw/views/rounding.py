"""Numbers for the cells of one map: all whole, or all rounded alike, and a sum of them that is true as printed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from math import floor, isfinite, log10

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isochrome.draw.layout import number, number_size, sum_text

__all__ = ["Rounding", "rounding"]

_SHORT = 4
_MOST = 6


@dataclass(frozen=True, slots=True)
class Rounding:
    """How the numbers of some cells are printed; ``decimals`` None: as they are. ``characters`` is the longest.

    Very large and very small ones are printed in units of ten to the power of ``unit``.
    """

    decimals: int | None = None
    characters: int = 1
    unit: int = 0

    def text(self, value: float | np.generic | None) -> str:
        """A number as it stands in a cell; '' where there is none.

        >>> Rounding(2, 5).text(-0.126), Rounding().text(3.0), Rounding(2, 5).text(-0.001)
        ('−0.13', '3', '0.00')
        """
        if value is None:
            return ""
        if self.decimals is None or not isfinite(float(value)):
            return number(float(value))
        return self._decimal(self._rounded(float(value)))

    def width(self, least: float) -> float:
        """The width of a cell in which every number fits at 10 px."""
        return max(least, 7.0 * self.characters)

    def size(self, width: float, height: float) -> float:
        """The one size of all these numbers in cells of a width and a height; 0: they do not fit at 10 px."""
        return number_size(width, height, "0" * self.characters)

    def finer(self, by: int) -> Rounding:
        """The same with more decimals, where numbers are rounded."""
        return self if self.decimals is None else Rounding(self.decimals + by, self.characters + by, self.unit)

    def within(self, values: ArrayLike, width: float) -> Rounding:
        """The same with as few decimals less, but one at least, that the numbers fit cells of a width, if they can."""
        found = self
        while found.decimals is not None and found.decimals > 1 and found.width(0) > width:
            found = _rounded_to(found.decimals - 1, np.asarray(values, np.float64).reshape(-1), found.unit)
        return found

    @property
    def words(self) -> str:
        """What was done to the numbers, '' where nothing was."""
        if self.decimals is None:
            return ""
        unit = f"in units of 1e{self.unit}, ".replace("-", "−") if self.unit else ""
        return f"{unit}rounded to {self.decimals} decimal{'' if self.decimals == 1 else 's'}"

    def sum(self, terms: Sequence[float], total: float) -> str:
        """A sum that is true as printed: where rounding makes a difference, the difference is a term.

        >>> Rounding().sum([4, 1, -1, 1], 5), Rounding(1, 3).sum([0.14, 0.14], 0.28)
        ('4 + 1 − 1 + 1 = 5', '0.1 + 0.1 + 0.1 (rounding) = 0.3')
        """
        if self.decimals is None:
            return sum_text([number(term) for term in terms], number(total))
        parts, whole = [self._rounded(term) for term in terms], self._rounded(total)
        rest = whole - sum(parts)
        texts = [self._decimal(part) for part in parts]
        if rest:
            texts.append(f"{self._decimal(rest)} (rounding)")
        return sum_text(texts, self._decimal(whole))

    def _rounded(self, value: float) -> Decimal:
        return round(Decimal(value).scaleb(-self.unit), self.decimals or 0)

    def _decimal(self, value: Decimal) -> str:
        text = f"{value:,.{self.decimals or 0}f}"
        zero = not value
        return text.lstrip("-") if zero else text.replace("-", "−")


def rounding(values: Iterable[ArrayLike | None], short: int = _SHORT) -> Rounding:
    """One way to print all of some numbers: as they are where each is short, else with as many decimals as tell.

    >>> rounding([[1, -2, 30]]), rounding([[0.123, -4.5]]).decimals, rounding([[0.00123]]).decimals
    (Rounding(decimals=None, characters=2, unit=0), 2, 4)
    """
    flat = [np.asarray(some, np.float64).reshape(-1) for some in values if some is not None]
    numbers = np.concatenate([np.zeros(0), *flat])
    numbers = numbers[np.isfinite(numbers)]
    if not len(numbers):
        return Rounding()
    longest = _longest(numbers, short)
    if longest:
        return Rounding(None, longest)
    largest = float(np.abs(numbers).max())
    exponent = floor(log10(largest))
    unit = exponent // 3 * 3 if not -4 <= exponent < 5 else 0
    decimals = max(1 - (exponent - unit), 2 if exponent - unit < 1 else 1)
    return _rounded_to(decimals, numbers, unit)


def _longest(numbers: NDArray[np.float64], short: int) -> int:
    """How long the longest is as it is; 0 where one is too long."""
    whole = bool((numbers == np.round(numbers)).all())
    most = _MOST if whole else short
    longest = 0
    for value in (numbers.min(), numbers.max()) if whole else np.unique(numbers):
        longest = max(longest, len(number(float(value))))
        if longest > most:
            return 0
    return longest


def _rounded_to(decimals: int, numbers: NDArray[np.float64], unit: int) -> Rounding:
    way = Rounding(decimals, unit=unit)
    return replace(way, characters=max(len(way.text(value)) for value in (numbers.min(), numbers.max())))
