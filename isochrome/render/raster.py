"""A raster of a picture, such as the ink of a large matrix or a photograph, as the bytes of a PNG image, and back."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from isochrome.draw import picture as marks
from isochrome.draw.identity import Colouring
from isochrome.errors import RequestError

__all__ = ["HEAD", "chunk", "pixels", "raster"]

HEAD = b"\x89PNG\r\n\x1a\n"


def raster(mark: marks.Ink, colours: Colouring, token: dict[str, str]) -> bytes:
    """The mark as a PNG image, a pixel for each value; ``token`` are the theme's colours.

    A photograph is written as it is: three bytes a pixel, and no palette.
    """
    if len(mark.values) != (count := mark.columns * mark.rows * mark.colours):
        raise RequestError(f"ink: must have {count} values; got {len(mark.values)}.")
    ink, line = token["ink"], token["line"]
    values = mark.values
    palette: Sequence[str] = ()
    alphas = b""
    if mark.identities:
        palette = [ink, line, *(colours.colour(name) or line for name in mark.identities)]
        alphas = bytes([0]) + bytes([255]) * (len(palette) - 1)
    elif mark.colours == 1:  # an entry for each strength of the ink that there is
        used = np.bincount(np.frombuffer(values, np.uint8), minlength=256) > 0
        alphas = np.flatnonzero(used).astype(np.uint8).tobytes()
        palette = [ink] * len(alphas)
        values = values.translate((np.cumsum(used) - 1).clip(0).astype(np.uint8).tobytes())
    size = struct.pack(">IIBBBBB", mark.columns, mark.rows, 8, 3 if mark.colours == 1 else 2, 0, 0, 0)
    wide = mark.columns * mark.colours
    rows = b"".join(b"\0" + values[start : start + wide] for start in range(0, len(values), wide))
    entries = b"".join(bytes.fromhex(colour[1:]) for colour in palette)
    table = ((b"PLTE", entries), (b"tRNS", alphas)) if mark.colours == 1 else ()
    parts = ((b"IHDR", size), *table, (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    return HEAD + b"".join(chunk(kind, data) for kind, data in parts)


def chunk(kind: bytes, data: bytes) -> bytes:
    """One chunk of a PNG file."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def pixels(image: bytes) -> NDArray[np.uint8]:
    """The rows of what ``raster`` wrote: red, green, blue and opacity of every pixel."""
    parts: dict[bytes, bytes] = {}
    at = len(HEAD)
    while at < len(image):
        (size,) = struct.unpack_from(">I", image, at)
        parts[image[at + 4 : at + 8]] = image[at + 8 : at + 8 + size]
        at += size + 12
    columns, rows = struct.unpack_from(">II", parts[b"IHDR"])
    values = np.frombuffer(zlib.decompress(parts[b"IDAT"]), np.uint8).reshape(rows, -1)[:, 1:]
    if b"PLTE" not in parts:
        photograph = values.reshape(rows, columns, 3)
        return np.concatenate([photograph, np.full((rows, columns, 1), 255, np.uint8)], axis=2)
    colours = np.frombuffer(parts[b"PLTE"], np.uint8).reshape(-1, 3)
    table = np.concatenate([colours, np.frombuffer(parts[b"tRNS"], np.uint8)[:, None]], axis=1)
    return table[values]
