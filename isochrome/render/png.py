"""A picture as PNG: its SVG, drawn by resvg with the package's own fonts and no others."""

from __future__ import annotations

import os
from pathlib import Path

from isochrome.draw.picture import Picture
from isochrome.errors import RequestError
from isochrome.render.svg import svg

__all__ = ["font_files", "png"]

_FONTS = Path(__file__).parents[1] / "app" / "static" / "fonts"
_LARGEST = 64_000_000


def png(picture: Picture, theme: str = "light", scale: float = 2) -> bytes:
    """The picture as a PNG image of ``scale`` pixels for each CSS pixel."""
    pixels = picture.width * picture.height * scale * scale
    if not 0 < scale or not 0 < pixels <= _LARGEST:
        raise RequestError(
            f"scale: must give an image of at most {_LARGEST:,} pixels; got {scale} for {picture.width:g} by "
            f"{picture.height:g}. Choose a smaller scale."
        )
    import resvg_py

    fonts = font_files()
    return bytes(
        resvg_py.svg_to_bytes(
            svg_string=svg(picture, theme).decode(),
            zoom=scale,
            skip_system_fonts=bool(fonts),
            font_files=list(fonts),
            sans_serif_family="IBM Plex Sans" if fonts else None,
            monospace_family="IBM Plex Mono" if fonts else None,
        )
    )


def font_files() -> tuple[str, ...]:
    """The bundled fonts, or those in the folder that ISOCHROME_FONTS names; none means the system's fonts serve."""
    folder = Path(os.environ.get("ISOCHROME_FONTS") or _FONTS)
    return tuple(str(path) for path in sorted(folder.glob("*.ttf")))
