"""How a picture becomes a file: theme, size, pace and what is said about it; the same record for every format."""

from __future__ import annotations

import math
from dataclasses import dataclass

from isochrome.errors import RequestError

__all__ = ["Setting"]

WIDEST_MM = 2000
SLOWEST = 60


@dataclass(frozen=True, slots=True)
class Setting:
    """``scale`` is pixels for each CSS pixel, ``pace`` seconds for each frame.

    A picture is ``width_mm`` wide; without that, 96 CSS pixels are an inch.
    ``command`` made the figure, and stands in the file beside the picture.

    >>> Setting(width_mm=85).unit(340)
    0.25
    >>> Setting(width_mm=-3)
    Traceback (most recent call last):
    isochrome.errors.RequestError: width: must be above 0 and at most 2,000 millimetres; got -3. Choose another.
    """

    theme: str = "light"
    scale: float = 2
    width_mm: float | None = None
    pace: float = 0.8
    command: str = ""

    def __post_init__(self) -> None:
        if self.width_mm is not None and not 0 < self.width_mm <= WIDEST_MM:
            raise RequestError(
                f"width: must be above 0 and at most {WIDEST_MM:,} millimetres; got {self.width_mm:g}. Choose another."
            )
        if not 0.02 <= self.pace <= SLOWEST:
            raise RequestError(
                f"pace: must be 0.02 to {SLOWEST} seconds for each frame; got {self.pace:g}. Choose another."
            )
        if not (math.isfinite(self.scale) and self.scale > 0):
            raise RequestError(f"scale: must be above 0; got {self.scale:g}. Choose another.")

    def unit(self, width: float) -> float:
        """Millimetres for each CSS pixel of a picture of this width."""
        return 25.4 / 96 if self.width_mm is None else self.width_mm / width
