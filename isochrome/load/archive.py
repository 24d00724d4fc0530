"""Zip archives over a file in memory: where each member's bytes lie, nothing unpacked, nothing trusted.

Runs in the parser's process. PyTorch stores members as they are, so a compressed one is not read: there is nothing
that could grow while it is. No two members may lie over the same bytes, so what is shared is shared by name alone.

Format: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
"""

from __future__ import annotations

import mmap
import struct
from binascii import crc32

from isochrome.load.wire import WireError

TYPE_CHECKING = False  # typing.TYPE_CHECKING, without the cost of importing typing
if TYPE_CHECKING:
    from collections.abc import Iterator

    Data = bytes | mmap.mmap
    Span = tuple[int, int]

__all__ = ["Member", "members"]

MAXIMUM_MEMBERS = 1_000_000
MAXIMUM_NAME = 4096  # bytes of a member's name
_END, _END_64, _LOCATOR = b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07"
_CENTRAL, _LOCAL = b"PK\x01\x02", b"PK\x03\x04"
_ENCRYPTED = 1 | 1 << 6 | 1 << 13
_LATER = 1 << 3  # sizes and checksum stand behind the bytes, not before them
_ZIP64 = 1  # the extra field with what does not fit into 32 bits
_FULL_16, _FULL_32 = 2**16 - 1, 2**32 - 1


class Member:
    """One member: its name, the place of its bytes in the file, and what the directory says of them."""

    __slots__ = ("name", "header", "start", "length", "checksum", "method")

    def __init__(self, name: str, header: int, start: int, length: int, checksum: int, method: int) -> None:
        self.name, self.header, self.start, self.length = name, header, start, length
        self.checksum, self.method = checksum, method

    def span(self) -> Span:
        """The first byte and how many there are, of a member that is stored as it is."""
        if self.method:
            what = "must be stored as it is; is compressed (method {}). Save it again with torch.export.save."
            raise WireError("member {}: " + what, self.name, self.method)
        return self.start, self.length

    def read(self, data: Data, limit: int) -> bytes:
        """Its bytes, checked by their checksum."""
        start, length = self.span()
        if length > limit:
            raise WireError("member {}: must have at most {} bytes; has {}.", self.name, limit, length)
        content = bytes(data[start : start + length])
        if crc32(content) != self.checksum:
            raise WireError("member {}: must have its checksum; is damaged.", self.name)
        return content


def members(data: Data) -> dict[str, Member]:
    """The members of a zip archive by their names, in their order in the file. Raises WireError, nothing else.

    >>> members(b"PK")
    Traceback (most recent call last):
        ...
    isochrome.load.wire.WireError: must end with a zip archive's directory; does not. Is the file whole?
    """
    count, start, stop = _directory(data)
    found: dict[str, Member] = {}
    end = 0
    for member in sorted(_entries(data, count, start, stop), key=lambda one: one.header):
        if member.header < end:
            raise WireError("member {}: must lie apart from the others; lies over one.", member.name)
        if member.name in found:
            raise WireError("member {}: must stand once; stands twice.", member.name)
        end = member.start + member.length
        if end > start:
            raise WireError("member {}: must end before the directory; does not. Is the file whole?", member.name)
        found[member.name] = member
    return found


def _directory(data: Data) -> tuple[int, int, int]:
    """How many entries the directory has, its first byte and its end."""
    at = data.rfind(_END, max(len(data) - 22 - _FULL_16, 0))
    if at < 0 or at + 22 > len(data) or at + 22 + _number(data, at + 20, 2) != len(data):
        raise WireError("must end with a zip archive's directory; does not. Is the file whole?")
    disk, first, here, count, size, start = struct.unpack_from("<HHHHII", data, at + 4)
    end = at
    if at >= 20 and data[at - 20 : at - 16] == _LOCATOR:
        number, end, disks = struct.unpack_from("<IQI", data, at - 16)
        if number or disks > 1 or end + 56 > at - 20 or data[end : end + 4] != _END_64:
            raise WireError("byte {}: must say where a zip archive's large directory is; does not.", at - 20)
        disk, first, here, count, size, start = struct.unpack_from("<IIQQQQ", data, end + 16)
    elif _FULL_16 in (here, count) or _FULL_32 in (size, start):
        raise WireError("byte {}: must name the archive's large directory; names none.", at)
    if disk or first or here != count:
        raise WireError("must be an archive in one part; is part of several.")
    if count > MAXIMUM_MEMBERS:
        raise WireError("must have at most {} members; has {}.", MAXIMUM_MEMBERS, count)
    if start + size != end:
        raise WireError("byte {}: the archive's directory must end here; ends at byte {}.", end, start + size)
    return count, start, end


def _entries(data: Data, count: int, start: int, stop: int) -> Iterator[Member]:
    at = start
    for _ in range(count):
        if at + 46 > stop or data[at : at + 4] != _CENTRAL:
            raise WireError("byte {}: must be an entry of the archive's directory; is not.", at)
        flags, method = struct.unpack_from("<HH", data, at + 8)
        checksum, packed, length, named, extra, comment, disk = struct.unpack_from("<IIIHHHH", data, at + 16)
        header = _number(data, at + 42, 4)
        after = at + 46 + named + extra + comment
        if after > stop:
            raise WireError("byte {}: must be an entry of the archive's directory; is not.", at)
        raw = bytes(data[at + 46 : at + 46 + named])
        name = _name(raw)
        wide = _wide(data, at + 46 + named, at + 46 + named + extra, name)
        length, packed, header = (
            next(wide, 0) if value == _FULL_32 else value for value in (length, packed, header)
        )  # the order in which they stand there
        if flags & _ENCRYPTED:
            raise WireError("member {}: must be readable by anyone; is encrypted.", name)
        if disk or (not method and packed != length):
            raise WireError("member {}: must lie whole in the archive; does not.", name)
        if not name.endswith("/"):
            first = _content(data, name, raw, header, (method, packed, length))
            yield Member(name, header, first, packed, checksum, method)
        elif length:
            raise WireError("member {}: a folder must be empty; has {} bytes.", name, length)
        at = after
    if at != stop:
        raise WireError("byte {}: the archive's directory must end here; ends at byte {}.", at, stop)


def _name(raw: bytes) -> str:
    """A member's name, once it is known to be a plain path inside the archive."""
    if len(raw) > MAXIMUM_NAME:
        raise WireError("a member's name must have at most {} bytes; has {}.", MAXIMUM_NAME, len(raw))
    try:
        name = raw.decode()
    except UnicodeDecodeError:
        raise WireError("member {}: its name must be UTF-8.", raw.decode(errors="backslashreplace")) from None
    parts = name.removesuffix("/").split("/")
    if "\0" in name or "\\" in name or not {"", ".", ".."}.isdisjoint(parts):
        raise WireError("member {}: its name must be a plain path inside the archive.", name)
    return name


def _wide(data: Data, start: int, stop: int, name: str) -> Iterator[int]:
    """The numbers of eight bytes among an entry's extra fields."""
    while start < stop:
        if start + 4 > stop:
            raise WireError("member {}: must have whole extra fields.", name)
        kind, size = struct.unpack_from("<HH", data, start)
        start += 4
        if start + size > stop:
            raise WireError("member {}: must have whole extra fields.", name)
        if kind == _ZIP64:
            yield from struct.unpack_from(f"<{size // 8}Q", data, start)
            return
        start += size


def _content(data: Data, name: str, raw: bytes, header: int, facts: tuple[int, int, int]) -> int:
    """Where a member's bytes begin, once its own header is known to say the same as the directory."""
    if header + 30 > len(data) or data[header : header + 4] != _LOCAL:
        raise WireError("member {}: must have a header at byte {}; has none.", name, header)
    method, packed, length = facts
    flags, also = struct.unpack_from("<HH", data, header + 6)
    first, second, named, extra = struct.unpack_from("<IIHH", data, header + 18)
    if data[header + 30 : header + 30 + named] != raw:
        raise WireError("member {}: its header must have the same name; has another.", name)
    sizes = {first, second} - ({0} if flags & _LATER else set())
    if flags & _ENCRYPTED or method != also or not sizes <= {packed, length, _FULL_32}:
        raise WireError("member {}: its header must agree with the directory; does not.", name)
    return header + 30 + int(named) + int(extra)


def _number(data: Data, at: int, size: int) -> int:
    return int.from_bytes(data[at : at + size], "little")
