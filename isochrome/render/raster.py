"""An ink mark as a PNG: a byte for each pixel and a colour for each byte, or a photograph as it is."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence

from isochrome.draw.picture import Ink
from isochrome.errors import RequestError

__all__ = ["raster"]


def raster(mark: Ink, palette: Sequence[str] = (), alphas: bytes = b"") -> bytes:
    """The mark with these colours (``#rrggbb``) and opacities for its values; a photograph has colours of its own.

    >>> raster(Ink(0, 0, 2, 2, 2, 1, bytes([0, 1])), ["#000000", "#1acbff"], bytes([0, 255]))[:4]
    b'\\x89PNG'
    """
    if len(mark.values) != (count := mark.columns * mark.rows * mark.colours):
        raise RequestError(f"ink: must have {count} values; got {len(mark.values)}.")
    size = struct.pack(">IIBBBBB", mark.columns, mark.rows, 8, 3 if mark.colours == 1 else 2, 0, 0, 0)
    wide = mark.columns * mark.colours
    rows = b"".join(b"\0" + mark.values[start : start + wide] for start in range(0, len(mark.values), wide))
    colours = b"".join(bytes.fromhex(colour[1:]) for colour in palette)
    table = ((b"PLTE", colours), (b"tRNS", alphas)) if mark.colours == 1 else ()
    parts = ((b"IHDR", size), *table, (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in parts)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
