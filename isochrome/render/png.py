"""A picture as PNG: its SVG, drawn by resvg with the package's own fonts and no others."""

from __future__ import annotations

import os
import struct
from pathlib import Path

from isochrome.draw.picture import Picture
from isochrome.errors import RequestError, visible
from isochrome.render.raster import HEAD, chunk
from isochrome.render.setting import Setting
from isochrome.render.svg import svg

__all__ = ["font_files", "png", "said"]

_FONTS = Path(__file__).parents[1] / "app" / "static" / "fonts"
_LARGEST = 64_000_000
_AFTER_SIZE = len(HEAD) + 25
"""The first chunk, an image's size, ends here."""


def png(picture: Picture, setting: Setting) -> bytes:
    """The picture as a PNG image of ``scale`` pixels for each 1/96 inch, with its size on paper and what it shows."""
    return said(_drawn(picture, setting), picture, setting)


def _drawn(picture: Picture, setting: Setting) -> bytes:
    zoom = setting.scale * setting.unit(picture.width) * 96 / 25.4
    pixels = picture.width * picture.height * zoom * zoom
    if not 0 < pixels <= _LARGEST:
        raise RequestError(
            f"scale: must give an image of at most {_LARGEST:,} pixels; got {setting.scale:g} for {picture.width:g} by "
            f"{picture.height:g}. Choose a smaller scale."
        )
    import resvg_py

    fonts = font_files()
    return bytes(
        resvg_py.svg_to_bytes(
            svg_string=svg(picture, setting.theme).decode(),
            zoom=zoom,
            skip_system_fonts=bool(fonts),
            font_files=list(fonts),
            sans_serif_family="IBM Plex Sans" if fonts else None,
            monospace_family="IBM Plex Mono" if fonts else None,
        )
    )


def said(image: bytes, picture: Picture, setting: Setting) -> bytes:
    """A PNG image with its title, description, command and resolution in chunks before the pixels."""
    metre = round(setting.scale * 96 / 0.0254)
    chunks = [chunk(b"pHYs", struct.pack(">IIB", metre, metre, 1))]
    told = {"Title": picture.title, "Description": picture.description, "Comment": setting.command}
    chunks += [_text(name, visible(text)) for name, text in told.items() if text]
    return image[:_AFTER_SIZE] + b"".join(chunks) + image[_AFTER_SIZE:]


def _text(name: str, text: str) -> bytes:
    """A text chunk: Latin-1 as tEXt, which every reader knows, anything else as iTXt."""
    try:
        return chunk(b"tEXt", name.encode() + b"\0" + text.encode("latin-1"))
    except UnicodeEncodeError:
        return chunk(b"iTXt", name.encode() + b"\0\0\0\0\0" + text.encode())


def font_files() -> tuple[str, ...]:
    """The bundled fonts, or those in the folder that ISOCHROME_FONTS names; none means the system's fonts serve."""
    folder = Path(os.environ.get("ISOCHROME_FONTS") or _FONTS)
    return tuple(str(path) for path in sorted(folder.glob("*.ttf")))
