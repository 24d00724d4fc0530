"""The parser's process: bound in memory, time and output, apart from everything, and blind to the weights."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from isochrome.errors import ModelError
from isochrome.load import child
from isochrome.load.child import Limits, read_record
from isochrome.load.record import parse
from isochrome.load.source import open_source
from tests.load.encode import float32, integer, length, message, model, node

LIMITS = Limits()
SIZES = """
import resource, sys
from isochrome.load.child import read_record
from isochrome.load.source import open_source
made = read_record(open_source(sys.argv[1]))
print(made["tensors"][0]["where"]["length"], len(made["graph"]["nodes"]))
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def holding(path: Path, size: int) -> list[int]:
    """Write a model of one tensor of that many bytes and a node behind it; its record's numbers, and KiB of memory."""
    last = node(message(4, "Relu"))
    head = length(5, len(length(9, size)) + size) + length(9, size)
    start = integer(1, 8) + length(7, len(head) + size + len(last)) + head
    with path.open("wb") as file:
        file.write(start)
        file.seek(len(start) + size)
        file.write(last)
    root = Path(child.__file__).parent.parent.parent
    written = subprocess.check_output([sys.executable, "-c", SIZES, str(path)], text=True, cwd=root)
    return list(map(int, written.split()))


def test_memory_is_blind_to_the_size_of_the_weights(tmp_path: Path) -> None:
    small, large = holding(tmp_path / "s.onnx", 8 * 2**10), holding(tmp_path / "l.onnx", 8 * 2**30)
    assert (small[:2], large[:2]) == ([8 * 2**10, 1], [8 * 2**30, 1])
    assert abs(large[2] - small[2]) < 2048
    assert abs(large[3] - small[3]) < 4096


def refused(path: Path, limits: Limits = LIMITS) -> str:
    with pytest.raises(ModelError) as caught:
        read_record(open_source(path), limits)
    return str(caught.value).removeprefix(f"{path}: ")


def test_the_child_is_bound_in_memory_time_and_output(tmp_path: Path) -> None:
    many = tmp_path / "many.onnx"
    many.write_bytes(model(node() * 400_000))
    expected = "must have a graph that can be read in 100663296 bytes of memory."
    assert refused(many, Limits(memory=100663296)) == expected
    few = tmp_path / "few.onnx"
    few.write_bytes(model(node() * 20))
    length = len(json.dumps({"record": parse(few.read_bytes())}, separators=(",", ":")))
    assert len(read_record(open_source(few), Limits(output=length))["graph"]["nodes"]) == 20
    expected = f"must have a graph that is described in {length - 1} bytes; takes {length}."
    assert refused(few, Limits(output=length - 1)) == expected
    long = tmp_path / "long.onnx"
    long.write_bytes(model(message(5, float32(4, 0) * 12_000_000)))
    assert refused(long, Limits(seconds=1)) == "must be read in 1 s; takes longer."


@pytest.mark.parametrize(("program", "text"), [
    ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", f"ended by signal {int(signal.SIGSEGV)}."),
    ("raise SystemExit(3)", "failed with code 3."),
    ("print('{')", "gave no answer."),
    ("print('[' * 100000)", "gave no answer."),
    ("print('{\"record\": 1}')", "gave no answer."),
])  # fmt: skip
def test_a_failing_child_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str, text: str) -> None:
    monkeypatch.setattr(child, "_PROGRAM", program)
    (tmp_path / "m.onnx").write_bytes(model())
    assert refused(tmp_path / "m.onnx") == f"cannot be read; the parser {text}"


@pytest.mark.parametrize(("python", "named"), [("/no/python", "/no/python"), ("", "unknown")])
def test_a_child_that_cannot_start_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, python: str, named: str
) -> None:
    monkeypatch.setattr(sys, "executable", python)
    (tmp_path / "m.onnx").write_bytes(model())
    assert refused(tmp_path / "m.onnx") == f"cannot be read; Python ({named}) cannot be started to parse it."


def test_a_child_that_hangs_or_floods_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "m.onnx").write_bytes(model())
    monkeypatch.setattr(child, "_PROGRAM", "import time; time.sleep(60)")
    assert refused(tmp_path / "m.onnx", Limits(seconds=1)) == "must be read in 1 s; takes longer."
    monkeypatch.setattr(child, "_PROGRAM", "import os\nos.close(1)\nimport time; time.sleep(60)")
    assert refused(tmp_path / "m.onnx", Limits(seconds=1)) == "must be read in 1 s; takes longer."
    monkeypatch.setattr(child, "_PROGRAM", "while True: print('x' * 1000)")
    expected = "must have a graph that is described in 10000 bytes."
    assert refused(tmp_path / "m.onnx", Limits(output=10_000)) == expected


def test_the_child_imports_neither_numpy_nor_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = "import json; print(json.dumps({'record': {'modules': sorted(sys.modules)}}))"
    monkeypatch.setattr(child, "_PROGRAM", child._PROGRAM.replace("main(parse)", shown))
    (tmp_path / "m.onnx").write_bytes(model())
    modules = read_record(open_source(tmp_path / "m.onnx"))["modules"]
    own = [name for name in modules if name.startswith("isochrome")]
    assert own == ["isochrome", *(f"isochrome.load{rest}" for rest in ("", ".program", ".record", ".wire"))]
    assert {name.split(".")[0] for name in modules} - {"isochrome"} <= {*sys.stdlib_module_names, "__main__"}
    assert {"os", "typing", "subprocess"}.isdisjoint(modules)


def test_the_child_is_deaf_to_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit('a stranger was imported')")
    (tmp_path / "m.onnx").write_bytes(model())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert read_record(open_source("m.onnx"))["ir_version"] == 8
