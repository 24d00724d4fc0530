"""The law of colour: in one picture two marks have the same colour if and only if they have the same identity.

An identity is text: ``weight:3:0,1,2,2`` (level, number of the parameter, place in the stored tensor), ``tap:1,2``,
``filter:0``, ``channel:1``, ``parameter:2``. Only ``Colouring.colour`` turns an identity into a colour.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from isochrome.errors import RequestError

__all__ = [
    "Colouring", "GREYS", "LEVELS", "NAMES", "NINE", "TWENTY_SEVEN", "colouring", "contrast", "identity",
    "in_key_order", "text_on",
]  # fmt: skip

LEVELS = {
    "weight": ("weight", "weights"),
    "tap": ("tap", "taps"),
    "filter": ("filter", "filters"),
    "channel": ("input channel", "input channels"),
    "parameter": ("parameter", "parameters"),
}
"""Each level at which marks can match: what one and what several of its identities are called."""

NAMES = ("sky", "wine", "olive", "blue", "lime", "clay", "teal", "sand", "plum")
NINE = ("#1acbff", "#720a05", "#909c14", "#0200e5", "#c8ff00", "#906860", "#1a87a3", "#e1c3a9", "#350a4b")
TWENTY_SEVEN = (
    "#00006d", "#8d290a", "#0092ff", "#6d6d6d", "#490000", "#4b443f", "#defbbd", "#9caaad", "#b64900",
    "#39b976", "#bcadfe", "#917590", "#043b83", "#0000db", "#a999c5", "#ffdbff", "#9fe5c6", "#49926d",
    "#d3d379", "#cba911", "#c9732d", "#096793", "#ffdb00", "#67455f", "#9224ff", "#492449", "#4e623d",
)  # fmt: skip
"""Opt-in: with 27 colours alone nothing can be identified, so every mark needs its label too."""

GREYS = ("#3f3f3f", "#868686", "#242424", "#a1a1a1", "#000000", "#e4e4e4", "#595959", "#bfbfbf", "#707070")
"""For black and white: evenly spaced, neighbours in a kernel of 3x3 at least three steps apart. Labels carry them."""

_DARK_TEXT, _LIGHT_TEXT = "#0b0c0e", "#ffffff"


def identity(level: str, place: int | Iterable[int], parameter: int | None = None) -> str:
    """The identity of an element at a level; a weight's also names its parameter, since places repeat in each.

    >>> identity("weight", (0, 1, 2, 2), parameter=3), identity("filter", 0)
    ('weight:3:0,1,2,2', 'filter:0')
    """
    if level not in LEVELS:
        raise RequestError(f"level: must be one of {', '.join(LEVELS)}; got {level!r}. Choose one of them.")
    if (level == "weight") != (parameter is not None):
        raise RequestError(f"identity: a weight, and nothing else, names its parameter; got {level} and {parameter}.")
    indices = (place,) if isinstance(place, int) else place
    where = ",".join(str(int(index)) for index in indices)
    return f"{level}:{where}" if parameter is None else f"{level}:{parameter}:{where}"


def in_key_order(identities: Iterable[str]) -> tuple[str, ...]:
    """The distinct identities, ordered by their numbers as numbers.

    >>> in_key_order(["filter:10", "filter:9", "filter:10"])
    ('filter:9', 'filter:10')
    """
    return tuple(sorted(set(identities), key=_key))


def _key(name: str) -> tuple[str, tuple[tuple[int, ...], ...]]:
    level, *parts = name.split(":")
    return level, tuple(tuple(int(index) for index in part.split(",") if index) for part in parts)


@dataclass(frozen=True, slots=True)
class Colouring:
    """Which identities of one picture are coloured: a slot for each colour of the palette, in order.

    A slot may be free (None): an identity picked by hand keeps its slot, and so its colour, until it is removed.
    ``total`` counts the identities that the picture speaks of, coloured or not.
    """

    slots: tuple[str | None, ...] = ()
    total: int = 0
    palette: tuple[str, ...] = NINE

    def __post_init__(self) -> None:
        taken = self.coloured
        if len(self.slots) > len(self.palette):
            raise RequestError(
                f"colours: at most {len(self.palette)} identities can be told apart; got {len(self.slots)}. "
                "Choose fewer."
            )
        if len(set(taken)) != len(taken):
            raise RequestError(f"colours: an identity has one colour; got {', '.join(taken)}. Name each once.")

    @property
    def coloured(self) -> tuple[str, ...]:
        """The coloured identities, in the order of their slots."""
        return tuple(name for name in self.slots if name is not None)

    def colour(self, name: str | None) -> str | None:
        """The colour of an identity as ``#rrggbb``; None when it is not coloured, and its marks stay unfilled."""
        if name is None or name not in self.slots:
            return None
        return self.palette[self.slots.index(name)]


def colouring(
    identities: Iterable[str], chosen: Sequence[str | None] = (), palette: tuple[str, ...] = NINE
) -> Colouring:
    """The colouring of a picture that shows these identities, given in key order.

    All of them are coloured if the palette suffices, else the first ones; where some are chosen, exactly those, each
    in the slot of its position in ``chosen`` (None keeps a slot free).

    >>> colouring(["filter:0", "filter:1"]).colour("filter:1")
    '#720a05'
    >>> many = [f"filter:{number}" for number in range(64)]
    >>> colouring(many).coloured == tuple(many[:9]), colouring(many, ["filter:40"]).colour("filter:0")
    (True, None)
    """
    distinct = tuple(dict.fromkeys(identities))
    slots = tuple(chosen) if chosen else distinct[: len(palette)]
    return Colouring(slots, len(distinct), palette)


@lru_cache(maxsize=256)
def text_on(colour: str) -> str:
    """Of white and near-black, the one that is easier to read on a colour.

    >>> text_on("#0200e5"), text_on("#c8ff00")
    ('#ffffff', '#0b0c0e')
    """
    return max((_LIGHT_TEXT, _DARK_TEXT), key=lambda text: contrast(text, colour))


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours by WCAG 2.2, from 1 to 21.

    >>> round(contrast("#000000", "#ffffff"), 6)
    21.0
    """
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(int(colour[start : start + 2], 16) / 255) for start in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else float(((channel + 0.055) / 1.055) ** 2.4)
