"""Opening files: what is refused, and in which words."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from isochrome.errors import ModelError
from isochrome.load.child import read_record
from isochrome.load.source import Source, open_external, open_source, read_span, sniff


def fault(act: Callable[[], object]) -> str:
    with pytest.raises(ModelError) as caught:
        act()
    return str(caught.value)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of its own, made the current one, so that error texts hold short names."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_regular_file_is_opened_and_read_in_spans(here: Path) -> None:
    Path("model.onnx").write_bytes(b"\x08\x07" + bytes(range(100)))
    source = open_source("model.onnx")
    assert (source.name, source.size, source.kind) == ("model.onnx", 102, "onnx")
    assert read_span(source, 2, 5) == bytes(range(5))
    assert read_span(source, 102, 0) == b""
    os.chdir("/")
    assert read_span(source, 101, 1) == b"\x63"


def test_what_is_no_regular_file_is_refused(here: Path) -> None:
    Path("empty.onnx").touch()
    Path("folder.onnx").mkdir()
    os.mkfifo("pipe.onnx")
    Path("loop.onnx").symlink_to("loop.onnx")
    Path("zero.onnx").symlink_to("/dev/zero")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket.onnx")
        assert {path: fault(partial(open_source, path)) for path in (
            *("absent.onnx", "empty.onnx", "folder.onnx", "pipe.onnx", "socket.onnx", "loop.onnx", "zero.onnx"),
            *("/dev/zero", "/dev/null", "nul\0.onnx", "\ud800.onnx", "a" * 300, "absent.onnx/in"),
        )} == {
            "absent.onnx": "absent.onnx: cannot be read: no such file or directory.",
            "empty.onnx": "empty.onnx: must not be empty.",
            "folder.onnx": "folder.onnx: must be a regular file; is a folder.",
            "pipe.onnx": "pipe.onnx: must be a regular file; is a named pipe.",
            "socket.onnx": "socket.onnx: must be a regular file; is a socket.",
            "loop.onnx": "loop.onnx: cannot be read: too many levels of symbolic links.",
            "zero.onnx": "zero.onnx: must be a regular file; is a device.",
            "/dev/zero": "/dev/zero: must be a regular file; is a device.",
            "/dev/null": "/dev/null: must be a regular file; is a device.",
            "nul\0.onnx": "nul<U+0000>.onnx: cannot be read: its name is not a path.",
            "\ud800.onnx": "<U+D800>.onnx: cannot be read: its name is not a path.",
            "a" * 300: "a" * 99 + "…" + "a" * 99 + ": cannot be read: file name too long.",
            "absent.onnx/in": "absent.onnx/in: cannot be read: no such file or directory.",
        }  # fmt: skip


def test_a_name_that_is_not_utf8_can_be_opened(here: Path) -> None:
    Path(os.fsdecode(b"caf\xe9.onnx")).write_bytes(b"\x08\x07")
    assert open_source(os.fsdecode(b"caf\xe9.onnx")).name == "caf<U+DCE9>.onnx"


def test_a_file_over_the_limit_is_refused(here: Path) -> None:
    Path("big.onnx").write_bytes(b"\x08\x07")
    os.truncate("big.onnx", 64 * 2**30)
    assert open_source("big.onnx").size == 68719476736
    os.truncate("big.onnx", 64 * 2**30 + 1)
    expected = "big.onnx: must have at most 68719476736 bytes; has 68719476737."
    assert fault(lambda: open_source("big.onnx")) == expected


def test_a_span_outside_the_file_is_refused(here: Path) -> None:
    Path("model.onnx").write_bytes(b"\x08\x07")
    source = open_source("model.onnx")
    expected = "model.onnx: must hold 3 bytes from byte 0 on; has 2 in all."
    assert fault(lambda: read_span(source, 0, 3)) == expected
    assert fault(lambda: read_span(source, -1, 1)) == "model.onnx: must hold 1 bytes from byte -1 on; has 2 in all."
    assert fault(lambda: read_span(source, 0, -1)) == "model.onnx: must hold -1 bytes from byte 0 on; has 2 in all."


def written(path: Path) -> None:
    path.write_bytes(b"\x08\x07\x00")


def replaced(path: Path) -> None:
    path.with_suffix(".new").write_bytes(b"\x08\x07")
    path.with_suffix(".new").rename(path)


@pytest.mark.parametrize("change", [written, replaced])
def test_a_file_that_changed_since_is_refused(here: Path, change: Callable[[Path], None]) -> None:
    Path("model.onnx").write_bytes(b"\x08\x07")
    source = open_source("model.onnx")
    change(Path("model.onnx"))
    expected = "model.onnx: must not change while it is read; has changed. Open it again."
    assert fault(lambda: read_span(source, 0, 1)) == expected
    assert fault(lambda: read_record(source)) == expected


def test_a_file_that_became_a_pipe_is_refused(here: Path) -> None:
    Path("model.onnx").write_bytes(b"\x08\x07")
    source = open_source("model.onnx")
    Path("model.onnx").unlink()
    os.mkfifo("model.onnx")
    assert fault(lambda: read_span(source, 0, 1)) == "model.onnx: must be a regular file; is a named pipe."


@pytest.mark.parametrize(
    ("head", "kind", "said"),
    [
        (b"PK\x03\x04rest", "zip", "a zip archive"),
        (b"\x89HDF\r\n\x1a\n", "hdf5", "an HDF5 file"),
        (b"GGUF\x03\0\0\0", "gguf", "a GGUF file"),
        (b"\x1c\0\0\0TFL3", "tflite", "a TFLite model"),
        (b"\x08\x01\0\0\0\0\0\0{}", "safetensors", "a safetensors file"),
        (b"\x80\x02]q\x00.", "pickle", "a pickle"),
        (b"#!/bin/sh\n", "unknown", "something else"),
    ],
)
def test_other_kinds_are_known_by_their_bytes(here: Path, head: bytes, kind: str, said: str) -> None:
    Path("model.onnx").write_bytes(head)
    assert sniff(head) == kind
    assert fault(lambda: read_record(open_source("model.onnx"))) == f"model.onnx: must be an ONNX model; is {said}."


@pytest.fixture
def source(here: Path) -> Source:
    """A model in a folder, with data beside it, below it and outside."""
    for path in ("models/m.onnx", "models/w.bin", "models/below/w.bin", "outside/w.bin", "models2/w.bin"):
        Path(path).parent.mkdir(exist_ok=True, parents=True)
        Path(path).write_bytes(b"\x08" + path.encode())
    return open_source("models/m.onnx")


@pytest.mark.parametrize("location", ["w.bin", "./w.bin", "below/w.bin", "below//w.bin", "link.bin", "..."])
def test_external_data_in_the_folder_is_opened(source: Source, location: str) -> None:
    Path("models/link.bin").symlink_to("below/w.bin")
    Path("models/...").write_bytes(b"three dots are a name")
    external = open_external(source, location)
    assert read_span(external, 0, external.size) == Path("models", location).read_bytes()
    assert external.name == f"models/m.onnx: external data {location}"


def test_external_data_outside_the_folder_is_refused(source: Source, here: Path) -> None:
    Path("models/link.bin").symlink_to(here / "outside/w.bin")
    Path("models/up").symlink_to("..")
    Path("models/twin.bin").symlink_to(here / "models2/w.bin")  # a folder whose name begins as the model's does
    Path("models/loop").symlink_to("loop")
    os.mkfifo("models/pipe")
    Path("models/empty").touch()
    escape = "must stay in the model's folder; holds '..'."
    link = "must stay in the model's folder; a link leads out of it."
    absolute = "must be a relative path; is absolute."
    expected = {
        "../outside/w.bin": escape,
        "below/../w.bin": escape,
        "below\\..\\w.bin": escape,
        "..": escape,
        "/etc/passwd": absolute,
        "\\\\host\\share": absolute,
        "C:\\w.bin": absolute,
        "C:w.bin": absolute,
        "": "must be a relative path.",
        "link.bin": link,
        "twin.bin": link,
        "up/outside/w.bin": link,
        ".": "must be a regular file; is a folder.",
        "below": "must be a regular file; is a folder.",
        "pipe": "must be a regular file; is a named pipe.",
        "empty": "must not be empty.",
        "absent.bin": "cannot be read: no such file or directory.",
        "loop": "cannot be read: too many levels of symbolic links.",
        "w.bin/in": "cannot be read: not a directory.",
    }
    found = {location: fault(partial(open_external, source, location)) for location in expected}
    assert found == {key: f"models/m.onnx: external data {key}: {text}" for key, text in expected.items()}
    nul = "models/m.onnx: external data w<U+0000>.bin: must be a relative path."
    assert fault(lambda: open_external(source, "w\0.bin")) == nul


def test_a_model_behind_a_link_finds_its_data_beside_the_link_and_beside_itself(source: Source, here: Path) -> None:
    """A download cache keeps every file under its hash in one folder, and links to them by name in another."""
    Path("blobs").mkdir()
    Path("names").mkdir()
    for name, blob in (("m.onnx", "1f"), ("m.data", "2e")):
        Path("blobs", blob).write_bytes(b"\x08" + blob.encode())
        Path("names", name).symlink_to(here / "blobs" / blob)
    Path("names/plain.data").write_bytes(b"plain")
    Path("names/other.data").symlink_to(here / "outside/w.bin")
    model = open_source("names/m.onnx")
    assert read_span(open_external(model, "m.data"), 1, 2) == b"2e"
    assert read_span(open_external(model, "plain.data"), 0, 5) == b"plain"
    expected = "names/m.onnx: external data other.data: must stay in the model's folder; a link leads out of it."
    assert fault(lambda: open_external(model, "other.data")) == expected
