"""An ink mark as a PNG: grey levels as transparency, identities as a palette, a photograph as it is."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping

from isochrome.draw.identity import Colouring
from isochrome.draw.picture import Ink
from isochrome.errors import RequestError

__all__ = ["raster"]


def raster(mark: Ink, identities: Colouring, token: Mapping[str, str]) -> bytes:
    """The PNG of an ink mark, the same bytes for the same mark."""
    if len(mark.values) != (count := mark.columns * mark.rows * mark.colours):
        raise RequestError(f"ink: must have {count} values; got {len(mark.values)}.")
    ink, line = token["ink"], token["line"]
    if mark.identities:
        colours = [ink, line, *(identities.colour(name) or line for name in mark.identities)]
        alphas = bytes([0]) + bytes([255]) * (len(colours) - 1)
    else:
        colours, alphas = [ink] * 256, bytes(range(256))
    size = struct.pack(">IIBBBBB", mark.columns, mark.rows, 8, 3 if mark.colours == 1 else 2, 0, 0, 0)
    wide = mark.columns * mark.colours
    rows = b"".join(b"\0" + mark.values[start : start + wide] for start in range(0, len(mark.values), wide))
    palette = b"".join(bytes.fromhex(colour[1:]) for colour in colours)
    table = ((b"PLTE", palette), (b"tRNS", alphas)) if mark.colours == 1 else ()
    parts = ((b"IHDR", size), *table, (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in parts)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
