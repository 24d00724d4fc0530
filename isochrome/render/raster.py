"""A raster of a picture as a PNG of its own, a byte for each pixel and a colour for each byte."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence

from isochrome.draw.picture import Ink
from isochrome.errors import RequestError

__all__ = ["raster_png"]


def raster_png(mark: Ink, palette: Sequence[str], alphas: bytes) -> bytes:
    """The raster with these colours (``#rrggbb``) and opacities for its values.

    >>> raster_png(Ink(0, 0, 2, 2, 2, 1, bytes([0, 1])), ["#000000", "#1acbff"], bytes([0, 255]))[:4]
    b'\\x89PNG'
    """
    if len(mark.values) != mark.columns * mark.rows:
        raise RequestError(f"ink: must have {mark.columns * mark.rows} values; got {len(mark.values)}.")
    size = struct.pack(">IIBBBBB", mark.columns, mark.rows, 8, 3, 0, 0, 0)
    starts = range(0, len(mark.values), mark.columns)
    rows = b"".join(b"\0" + mark.values[start : start + mark.columns] for start in starts)
    colours = b"".join(bytes.fromhex(colour[1:]) for colour in palette)
    parts = ((b"IHDR", size), (b"PLTE", colours), (b"tRNS", alphas), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in parts)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
