"""Protobuf's wire format over a file in memory: fields one after another, nothing copied, nothing trusted.

Imports small parts of the standard library only: a child process starts this within milliseconds (``child.py``).

Format: https://protobuf.dev/programming-guides/encoding/
"""

from __future__ import annotations

import mmap
import struct
from itertools import chain

TYPE_CHECKING = False  # typing.TYPE_CHECKING, without the cost of importing typing
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    Span = tuple[int, int]

__all__ = ["Wire", "WireError", "fields", "packed_floats", "packed_integers", "signed", "varint"]

MAXIMUM_TEXT = 2**16  # bytes of a name; a longer string is data, not text


class WireError(ValueError):
    """What is wrong with the file: a text with ``{}`` for each of the names and numbers that follow it."""

    def __init__(self, text: str, *found: str | int) -> None:
        super().__init__(text, *found)
        self.text, self.found = text, found

    def __str__(self) -> str:
        return self.text.format(*self.found)


def fields(data: bytes | mmap.mmap, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Each field of one message as its key, its value (a varint) or first byte (all others), and its end."""
    position = start
    while position < end:
        key = data[position]
        position += 1
        if key > 127:
            key, position = varint(data, position - 1)
        kind = key & 7
        if key < 8 or key >> 32:
            raise WireError("byte {}: a field's number must be from 1 to 536870911; got {}.", position, key >> 3)
        if kind == 2:
            length = data[position]
            position += 1
            if length > 127:
                length, position = varint(data, position - 1)
            value, position = position, position + length
        elif kind == 0:
            value = data[position]
            position += 1
            if value > 127:
                value, position = varint(data, position - 1)
        elif kind == 5:
            value, position = position, position + 4
        elif kind == 1:
            value, position = position, position + 8
        else:
            raise WireError("byte {}: a wire type must be 0, 1, 2 or 5; got {}.", position, kind)
        if position > end:
            raise WireError("a field must end within its message, at byte {}; ends at {}. Is it whole?", end, position)
        yield key, value, position


def varint(data: bytes | mmap.mmap, position: int) -> tuple[int, int]:
    """The number that starts at ``position``, below 2^64, and the place after it."""
    value = shift = 0
    for place in range(position, position + 10):
        byte = data[place]
        value |= (byte & 127) << shift
        if byte < 128:
            if value >> 64:
                break
            return value, place + 1
        shift += 7
    raise WireError("byte {}: a number must fit in 64 bits.", position)


def signed(value: int) -> int:
    """The int64 whose varint is ``value``.

    >>> signed(2**64 - 1), signed(5)
    (-1, 5)
    """
    return value - 2**64 if value >> 63 else value


def packed_integers(data: bytes | mmap.mmap, start: int, end: int) -> list[int]:
    """The int64 numbers of a packed field."""
    numbers = []
    while start < end:
        number, start = varint(data, start)
        numbers.append(signed(number))
    if start > end:
        raise WireError("a packed field must end with a whole number; byte {} does not end one.", end)
    return numbers


def packed_floats(data: bytes | mmap.mmap, start: int, end: int) -> list[float]:
    """The float32 numbers of a packed field."""
    if (end - start) % 4:
        raise WireError("a packed field of floats must have 4 bytes for each; has {} bytes.", end - start)
    return list(struct.unpack(f"<{(end - start) // 4}f", data[start:end]))


class Wire:
    """A file's bytes, and the texts decoded from it so far: each is decoded once and held once."""

    def __init__(self, data: bytes | mmap.mmap) -> None:
        self.data = data
        self.texts: dict[bytes, str] = {}
        self.escaped = False

    def merged(self, spans: Sequence[Span]) -> Iterator[tuple[int, int, int]]:
        """The fields of one message that came in pieces."""
        if len(spans) == 1:
            return fields(self.data, *spans[0])
        return chain.from_iterable(fields(self.data, *span) for span in spans)

    def text(self, start: int, end: int) -> str:
        """A name. Bytes that are not UTF-8 are written as ``\\xff``; see ``require_distinct_texts``."""
        if end - start > MAXIMUM_TEXT:
            raise WireError("byte {}: a name must have at most {} bytes; has {}.", start, MAXIMUM_TEXT, end - start)
        raw = self.data[start:end]
        text = self.texts.get(raw)
        if text is None:
            try:
                text = raw.decode()
            except UnicodeDecodeError:
                text = raw.decode(errors="backslashreplace")
                self.escaped = True
            self.texts[raw] = text
        return text

    def string(self, start: int, end: int) -> str | None:
        return self.text(start, end) if end - start <= MAXIMUM_TEXT else None

    def require_distinct_texts(self) -> None:
        """Names that differ in bytes must differ in text, also where an escape stands for a byte."""
        if self.escaped and len(set(self.texts.values())) < len(self.texts):
            raise WireError("names must be UTF-8; two of them read the same where they are not.")
