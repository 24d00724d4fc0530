"""Styles of figures: how wide on paper, on which ground, in which palette; and the sheet that a figure stands on."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from isochrome.draw.identity import GREYS
from isochrome.draw.layout import ROLES, figure, number_size
from isochrome.draw.picture import Cell, Group, Label, Mark, Picture
from isochrome.errors import RequestError, shown

__all__ = ["STYLES", "Style", "framed", "in_style", "smallest_text", "style_named"]


@dataclass(frozen=True, slots=True)
class Style:
    """Without ``width_mm`` 96 CSS pixels are an inch; with ``height_mm`` the figure stands on a sheet of that size.

    ``scale`` is for formats made of pixels: 6.25 is 600 to the inch. ``least`` is how many CSS pixels a sheet is wide
    at least, so that small figures are not blown up. ``at_top`` leaves the room of a sheet below the figure.
    """

    name: str
    about: str
    width_mm: float | None = None
    height_mm: float | None = None
    theme: str = "light"
    scale: float = 2
    grey: bool = False
    least: float = 0
    at_top: bool = False


_ROWS = (
    Style("screen", "as on the screen"),
    Style("paper", "one column of a paper", 85, theme="print", scale=6.25),
    Style("paper-wide", "two columns of a paper", 178, theme="print", scale=6.25),
    Style("paper-grey", "one column, black and white", 85, theme="print", scale=6.25, grey=True),
    Style("paper-wide-grey", "two columns, black and white", 178, theme="print", scale=6.25, grey=True),
    Style("slide", "a slide of 16 to 9", 338.67, 190.5, scale=1.5, least=640),
    Style("page", "a page of A4", 210, 297, theme="print", scale=3.125, least=794, at_top=True),
)
STYLES: Mapping[str, Style] = MappingProxyType({row.name: row for row in _ROWS})
"""Each style by its name."""
_EDGE = 40
"""The least margin of a sheet, in CSS pixels."""


def style_named(name: str) -> Style:
    """The style of a name.

    >>> style_named("paper").width_mm
    85
    """
    if name not in STYLES:
        raise RequestError(f"style {shown(name)}: must be one of {', '.join(STYLES)}")
    return STYLES[name]


def in_style(picture: Picture, style: Style) -> Picture:
    """The picture in the palette of a style; where that has no colours, the legend speaks of greys."""
    if not style.grey:
        return picture
    colours = picture.colouring
    if len(colours.slots) > len(GREYS):
        raise RequestError(f"style {style.name}: must have at most {len(GREYS)} identities; got {len(colours.slots)}")
    told = replace(picture.legend, title=picture.legend.title.replace("Same colour", "Same grey"))
    return replace(picture, colouring=replace(colours, palette=GREYS), legend=told)


def framed(pictures: Sequence[Picture], style: Style) -> tuple[Picture, ...]:
    """The pictures as figures, all of one size, on the sheet of a style where it has one."""
    figures = [figure(picture) for picture in pictures]
    width, height = (max(getattr(one, name) for one in figures) for name in ("width", "height"))
    if style.width_mm is None or style.height_mm is None:
        return tuple(replace(one, width=width, height=height) for one in figures)
    ratio = style.width_mm / style.height_mm
    wide = math.ceil(max(width + 2 * _EDGE, (height + 2 * _EDGE) * ratio, style.least))
    high = wide / ratio
    left, top = (wide - width) / 2, _EDGE if style.at_top else (high - height) / 2
    return tuple(replace(one, width=wide, height=high, marks=(Group(left, top, one.marks),)) for one in figures)


def smallest_text(pictures: Sequence[Picture]) -> float:
    """The size of the smallest text in some figures, in CSS pixels; 0 where there is none."""
    return min((size for picture in pictures for size in _sizes(picture.marks)), default=0)


def _sizes(marks: Sequence[Mark]) -> Iterator[float]:
    for mark in marks:
        if isinstance(mark, Group):
            yield from _sizes(mark.marks)
        elif isinstance(mark, Label):
            yield mark.size or ROLES[mark.role][0]
        elif isinstance(mark, Cell) and mark.text:
            size = mark.size or number_size(mark.width, mark.height, mark.text)
            yield from [size] if size else []
