"""Pictures as a file: one row for each format."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from isochrome.draw.picture import Picture
from isochrome.draw.steps import MOST_FRAMES
from isochrome.render import document, film, pdf, playing, png, tikz
from isochrome.render.setting import Setting

__all__ = ["FORMATS", "Format", "Setting"]

Write = Callable[[Sequence[Picture], Setting], bytes]


@dataclass(frozen=True, slots=True)
class Format:
    """What writes pictures, each a frame, as one file; how many frames it can hold; whether it is for playing alone."""

    write: Write
    most: int = MOST_FRAMES
    plays: bool = False


_TIKZ = Format(lambda some, setting: tikz.tikz(some[0], setting), 1)
FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        "svg": Format(playing.playing),
        "png": Format(lambda some, setting: png.png(some[0], setting), 1),
        "pdf": Format(pdf.pdf),
        "tex": _TIKZ,
        "tikz": _TIKZ,
        "json": Format(document.document),
        "apng": Format(film.apng, plays=True),
        "webp": Format(film.webp, plays=True),
        "gif": Format(film.gif, plays=True),
    }
)
"""The ending of a file, and its format. All but JSON are given figures."""
