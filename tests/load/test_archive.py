"""Zip archives from strangers: where members lie, and one line for every way in which an archive may be wrong."""

from __future__ import annotations

import io
import struct
import zipfile

import pytest

from isochrome.load.archive import members
from isochrome.load.wire import WireError


def zipped(content: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, data in content.items():
            archive.writestr(zipfile.ZipInfo(name), data, method)
    return file.getvalue()


PLAIN = zipped({"m/a": b"one", "m/b/c": b"", "m/b/d": b"three"})
CENTRAL = PLAIN.index(b"PK\x01\x02")
END = PLAIN.index(b"PK\x05\x06")


def changed(at: int, data: bytes, whole: bytes = PLAIN) -> bytes:
    return whole[:at] + data + whole[at + len(data) :]


def refused(data: bytes) -> str:
    with pytest.raises(WireError) as caught:
        for member in members(data).values():
            member.read(data, 100)
    return str(caught.value)


def test_members_are_found_with_their_bytes_and_folders_are_passed_over() -> None:
    data = zipped({"m/": b"", "m/a": b"one", "m/b/c": b"", "m/ü": b"three"})
    assert {name: member.read(data, 5) for name, member in members(data).items()} == {
        "m/a": b"one", "m/b/c": b"", "m/ü": b"three",
    }  # fmt: skip


def test_a_large_directory_is_read() -> None:
    many = {f"m/{number}": str(number).encode() for number in range(70_000)}
    data = zipped(many)
    assert b"PK\x06\x06" in data
    assert {name: member.read(data, 5) for name, member in members(data).items()} == many


def test_what_is_past_32_bits_is_read_from_the_extra_fields() -> None:
    """The directory of a file of 4 GiB, of which only the numbers are made up: its first member's header is far away."""
    start, length = 2**32 + 7, 2**32 + 1
    extra = struct.pack("<HHQQQ", 1, 24, length, length, start)
    name = b"m/weight"
    entry = b"PK\x01\x02" + bytes(12) + struct.pack("<IIIHHHHHII", 0, *(2**32 - 1,) * 2, len(name), len(extra), 0, 0, 0,
                                                    0, 2**32 - 1) + name + extra  # fmt: skip
    end = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 1, 1, len(entry), 0, 0)
    text = f"member m/weight: must have a header at byte {start}; has none."
    assert refused(entry + end) == text


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", "must end with a zip archive's directory; does not. Is the file whole?"),
        (PLAIN[:-1], "must end with a zip archive's directory; does not. Is the file whole?"),
        (PLAIN + b"x", "must end with a zip archive's directory; does not. Is the file whole?"),
        (b"x" + PLAIN, f"byte {END + 1}: the archive's directory must end here; ends at byte {END}."),
        (changed(END + 4, b"\1\0"), "must be an archive in one part; is part of several."),
        (changed(END + 8, b"\2\0\2\0"), f"byte {END - 51}: the archive's directory must end here; ends at byte {END}."),
        (changed(END + 8, b"\4\0\4\0"), f"byte {END}: must be an entry of the archive's directory; is not."),
        (changed(END + 8, b"\xff\xff\xff\xff"), f"byte {END}: must name the archive's large directory; names none."),
        (changed(CENTRAL, b"PK\3\4"), f"byte {CENTRAL}: must be an entry of the archive's directory; is not."),
        (changed(CENTRAL + 8, b"\1"), "member m/a: must be readable by anyone; is encrypted."),
        (changed(CENTRAL + 10, b"\x08"), "member m/a: its header must agree with the directory; does not."),
        (changed(CENTRAL + 16, b"\0\0\0\0"), "member m/a: must have its checksum; is damaged."),
        (changed(PLAIN.index(b"one"), b"two"), "member m/a: must have its checksum; is damaged."),
        (changed(CENTRAL + 20, b"\4\0\0\0\4\0\0\0"), "member m/a: its header must agree with the directory; does not."),
        (changed(CENTRAL + 24, b"\4"), "member m/a: must lie whole in the archive; does not."),
        (changed(CENTRAL + 28, b"\xff\xff"), f"byte {CENTRAL}: must be an entry of the archive's directory; is not."),
        (changed(CENTRAL + 42, b"\1"), "member m/a: must have a header at byte 1; has none."),
        (changed(CENTRAL + 42, b"\0\1"), "member m/a: must have a header at byte 256; has none."),
        (changed(30, b"m/x"), "member m/a: its header must have the same name; has another."),
        (zipped({"a": b"1" * 101}), "member a: must have at most 100 bytes; has 101."),
        (zipped({"a": b"1" * 99}, zipfile.ZIP_DEFLATED),
         "member a: must be stored as it is; is compressed (method 8). Save it again with torch.export.save."),
    ],
)  # fmt: skip
def test_a_broken_archive_is_one_line(data: bytes, text: str) -> None:
    assert refused(data) == text


@pytest.mark.parametrize(
    "name", ["../a", "a/../b", "/a", "a//b", "./a", "a/.", "a\\b", "..", "C:\\a"]
)  # fmt: skip
def test_a_name_that_leads_out_of_the_archive_is_refused(name: str) -> None:
    stand_in = "n" * len(name)
    data = zipped({stand_in: b"1"}).replace(stand_in.encode(), name.encode())
    assert refused(data) == f"member {name}: its name must be a plain path inside the archive."


@pytest.mark.parametrize("name", [b"a\0b", b"a\xffb", b"\xed\xa0\x80"])
def test_a_name_that_is_no_text_is_refused(name: bytes) -> None:
    data = zipped({"n" * len(name): b"1"}).replace(b"n" * len(name), name)
    assert "its name must be" in refused(data)


def test_no_member_stands_twice_or_over_another() -> None:
    twice = zipped({"m/a": b"1", "m/b": b"2"}).replace(b"m/b", b"m/a")
    assert refused(twice) == "member m/a: must stand once; stands twice."
    inner = zipped({"i": b"2"})[: 30 + 1 + 1]  # a whole header inside of another member's bytes
    over = zipped({"m/a": inner, "i": b"2"})
    entry = over.rindex(b"PK\x01\x02")
    hidden = changed(entry + 42, struct.pack("<I", 30 + 3), over)
    assert refused(hidden) == "member i: must lie apart from the others; lies over one."


def test_a_member_ends_before_the_directory() -> None:
    plain = zipped({"a": b"1"})
    data = changed(plain.index(b"PK\x01\x02") + 20, struct.pack("<II", 200, 200), plain)
    with_later = changed(6, b"\x08", changed(18, bytes(8), data))  # sizes behind the bytes, as PyTorch writes
    assert refused(with_later) == "member a: must end before the directory; does not. Is the file whole?"
