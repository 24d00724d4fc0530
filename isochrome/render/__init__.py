"""A picture as a file: one row for each format."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from isochrome.draw.layout import figure
from isochrome.draw.picture import Picture
from isochrome.render import document, png, svg

__all__ = ["FORMATS"]

FORMATS: Mapping[str, Callable[[Picture, str, float], bytes]] = MappingProxyType(
    {
        "svg": lambda picture, theme, scale: svg.svg(figure(picture), theme),
        "png": lambda picture, theme, scale: png.png(figure(picture), theme, scale),
        "json": lambda picture, theme, scale: document.document(picture),
    }
)
"""The ending of a file, and the function from (picture, theme, scale) to its bytes."""
