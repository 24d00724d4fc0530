"""Files from strangers, opened safely: regular, bounded, known by their bytes, and the same file at every reading."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import PureWindowsPath

from isochrome.errors import ModelError, shown

__all__ = ["Source", "open_external", "open_source", "opened", "read_from", "read_span", "sniff"]

MODEL_BYTES = 64 * 2**30
EXTERNAL_BYTES = 2**40
_CHUNK = 2**30  # one read() returns less than 2 GiB on Linux
_HEAD = 16
_NAME = 200  # characters of a path that are shown
_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFSOCK: "a socket",
}
# The first byte of a ModelProto: a field's number and its wire type, for every field of the message.
_MODEL_KEYS = frozenset([0x08, 0x12, 0x1A, 0x22, 0x28, 0x32, 0x3A, 0x42, 0x72, 0xA2, 0xCA, 0xD2])


@dataclass(frozen=True, slots=True)
class Source:
    """A file that was opened once and can be opened again, as long as nobody has changed it.

    ``path`` is absolute, ``name`` is the path as the user gave it and as it may be shown, ``kind`` what :func:`sniff`
    says of the first bytes. ``identity`` is device, file number and time of the last change: a file that was replaced
    or written to since is refused.
    """

    path: str
    name: str
    size: int
    kind: str
    identity: tuple[int, int, int]


def open_source(path: str | os.PathLike[str], limit: int = MODEL_BYTES) -> Source:
    """The regular, readable, non-empty file at ``path``, of at most ``limit`` bytes; anything else is a ModelError.

    >>> open_source("/")
    Traceback (most recent call last):
        ...
    isochrome.errors.ModelError: /: must be a regular file; is a folder.
    """
    text = os.fsdecode(path)
    return _open(text, shown(text, _NAME), limit)


def sniff(head: bytes) -> str:
    r"""What a file is, by its first 16 bytes.

    >>> sniff(b"PK\x03\x04"), sniff(b"\x08\x07\x12\x07pytorch"), sniff(b"#!/bin/sh")
    ('zip', 'onnx', 'unknown')
    """
    if head.startswith(b"PK\x03\x04"):
        return "zip"
    if head.startswith(b"\x89HDF\r\n\x1a\n"):
        return "hdf5"
    if head.startswith(b"GGUF"):
        return "gguf"
    if head[4:8] == b"TFL3":
        return "tflite"
    if head[8:9] == b"{" and head[6:8] == b"\0\0":
        return "safetensors"
    if head[:1] == b"\x80" and head[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05"):
        return "pickle"
    return "onnx" if head and head[0] in _MODEL_KEYS else "unknown"


@contextmanager
def opened(source: Source) -> Iterator[int]:
    """A descriptor of the file, while the block runs; a ModelError if the file is no longer the one first opened."""
    descriptor = _descriptor(source.path, source.name)
    try:
        status = os.fstat(descriptor)
        if (status.st_size, _identity(status)) != (source.size, source.identity):
            raise ModelError(f"{source.name}: must not change while it is read; has changed. Open it again.")
        yield descriptor
    finally:
        os.close(descriptor)


def read_span(source: Source, offset: int, length: int) -> bytes:
    """The bytes from ``offset`` on, exactly ``length`` of them."""
    with opened(source) as descriptor:
        return read_from(source, descriptor, offset, length)


def read_from(source: Source, descriptor: int, offset: int, length: int) -> bytes:
    """As :func:`read_span`, from a descriptor that is already open."""
    if offset < 0 or length < 0 or offset + length > source.size:
        raise ModelError(f"{source.name}: must hold {length} bytes from byte {offset} on; has {source.size} in all.")
    chunks = []
    while length:
        try:
            chunk = os.pread(descriptor, min(length, _CHUNK), offset)
        except OSError as fault:
            raise ModelError(f"{source.name}: cannot be read: {_reason(fault)}.") from None
        if not chunk:
            raise ModelError(f"{source.name}: must not change while it is read; ends early. Open it again.")
        chunks.append(chunk)
        offset, length = offset + len(chunk), length - len(chunk)
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def open_external(source: Source, location: str) -> Source:
    """The file that a model names for its external data: in the model's folder or below, links followed.

    A link counts by where it leads. The model itself may be reached through a link, as in a download cache: then its
    data may lie beside the link or beside the file.
    """
    where = f"{source.name}: external data {shown(location)}"
    if not location or "\0" in location:
        raise ModelError(f"{where}: must be a relative path.")
    if location.startswith(("/", "\\")) or PureWindowsPath(location).drive:
        raise ModelError(f"{where}: must be a relative path; is absolute.")
    if ".." in location.replace("\\", "/").split("/"):
        raise ModelError(f"{where}: must stay in the model's folder; holds '..'.")
    folder = os.path.dirname(source.path)
    path = os.path.join(folder, location)
    try:
        homes = {os.path.realpath(folder), os.path.dirname(os.path.realpath(source.path))}
        target = os.path.realpath(path)
        if not any(os.path.commonpath([home, target]) == home for home in homes):
            raise ModelError(f"{where}: must stay in the model's folder; a link leads out of it.")
        status = os.stat(target)
    except (OSError, ValueError) as fault:
        raise ModelError(f"{where}: cannot be read: {_reason(fault)}.") from None
    external = _open(path, where, EXTERNAL_BYTES)
    if external.identity != _identity(status):
        raise ModelError(f"{where}: must not change while it is read; has changed. Open the model again.")
    return external


def _open(path: str, name: str, limit: int) -> Source:
    descriptor = _descriptor(path, name)
    try:
        status = os.fstat(descriptor)
        head = os.read(descriptor, _HEAD)
    except OSError as fault:
        raise ModelError(f"{name}: cannot be read: {_reason(fault)}.") from None
    finally:
        os.close(descriptor)
    if status.st_size > limit:
        raise ModelError(f"{name}: must have at most {limit} bytes; has {status.st_size}.")
    if not head:
        raise ModelError(f"{name}: must not be empty.")
    return Source(os.path.abspath(path), name, status.st_size, sniff(head), _identity(status))


def _descriptor(path: str, name: str) -> int:
    try:
        _require_regular(os.stat(path), name)  # before opening too: to open a device may already act on it
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except (OSError, ValueError) as fault:
        raise ModelError(f"{name}: cannot be read: {_reason(fault)}.") from None
    try:
        _require_regular(os.fstat(descriptor), name)
    except ModelError:
        os.close(descriptor)
        raise
    return descriptor


def _require_regular(status: os.stat_result, name: str) -> None:
    if not stat.S_ISREG(status.st_mode):
        kind = _KINDS.get(stat.S_IFMT(status.st_mode), "something else")
        raise ModelError(f"{name}: must be a regular file; is {kind}.")


def _identity(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_dev, status.st_ino, status.st_mtime_ns


def _reason(fault: OSError | ValueError) -> str:
    if isinstance(fault, OSError) and fault.strerror:
        return fault.strerror[0].lower() + fault.strerror[1:]
    return "its name is not a path"
