"""The parser in a process of its own, with limits on memory and time: whatever a file does, it does it there."""

from __future__ import annotations

import gc
import json
import os
import selectors
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from isochrome.errors import ModelError, shown
from isochrome.load.source import Source, opened

__all__ = ["Limits", "ONNX", "PT2", "Parser", "read_record"]

# Stands in for the packages, so that their __init__ and all that they import cost the child nothing.
_PROGRAM = """
import sys
for name, folder in (("isochrome", sys.argv.pop(1)), ("isochrome.load", sys.argv.pop(1))):
    sys.modules[name] = type(sys)(name)
    sys.modules[name].__path__ = [folder]
parse = __import__(sys.argv.pop(1), fromlist=["parse"]).parse
from isochrome.load.program import main
main(parse)
"""
_ARTICLES = {"zip": "a zip archive", "hdf5": "an HDF5 file", "gguf": "a GGUF file", "tflite": "a TFLite model",
             "safetensors": "a safetensors file", "pickle": "a pickle", "onnx": "an ONNX model",
             "unknown": "something else"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Parser:
    """How one format is parsed: what its files' bytes say, the module whose ``parse`` reads them, and its name."""

    kind: str
    module: str
    name: str


ONNX = Parser("onnx", "isochrome.load.record", "an ONNX model")
PT2 = Parser("zip", "isochrome.load.pt2_record", "a .pt2 archive")


@dataclass(frozen=True, slots=True)
class Limits:
    """What a child may use: bytes of memory beside the mapped file, seconds, bytes of its answer."""

    memory: int = 2 * 2**30
    seconds: int = 60
    output: int = 256 * 2**20


def read_record(source: Source, limits: Limits = Limits(), parser: Parser = ONNX) -> dict[str, Any]:
    """The record of a file: its graph and the places of its tensors, none of their bytes.

    An ONNX file's has the keys ir_version, opsets, producer, graph, functions, tensors. A ModelError if the file is
    broken or is of another format, or if the parser crashes or needs more than ``limits``.
    """
    if source.kind != parser.kind:
        raise ModelError(f"{source.name}: must be {parser.name}; is {_ARTICLES[source.kind]}.")
    with opened(source) as descriptor:
        answer = _answer(source, descriptor, limits, parser)
    match _decoded(answer):
        case {"record": dict() as record}:
            return record
        case {"fault": str() as text, "found": list() as found}:
            words = (shown(word) if isinstance(word, str) else word for word in found)
            raise ModelError(f"{source.name}: {text.format(*words)}")
    raise ModelError(f"{source.name}: cannot be read; the parser gave no answer.")


def _decoded(answer: bytes) -> Any:
    collecting = gc.isenabled()
    gc.disable()  # a large answer holds no cycles, and looking for them takes longer than reading it
    try:
        return json.loads(answer)
    except (ValueError, RecursionError, MemoryError):
        return None
    finally:
        if collecting:
            gc.enable()


def _answer(source: Source, descriptor: int, limits: Limits, parser: Parser) -> bytes:
    """What the child writes. Its standard input is the file, so that both processes mean the same one."""
    load = os.path.dirname(os.path.abspath(__file__))
    numbers = map(str, (limits.memory, limits.seconds, limits.output))
    command = [sys.executable, "-I", "-S", "-c", _PROGRAM, os.path.dirname(load), load, parser.module, *numbers]
    try:
        process = subprocess.Popen(command, stdin=descriptor, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    except OSError:
        python = sys.executable or "unknown"
        raise ModelError(f"{source.name}: cannot be read; Python ({python}) cannot be started to parse it.") from None
    with process:
        try:
            answer = _collected(source, process, limits)
        finally:
            process.kill()
    if process.returncode:
        raise ModelError(f"{source.name}: {_end(process.returncode, limits)}")
    return answer


def _collected(source: Source, process: subprocess.Popen[bytes], limits: Limits) -> bytes:
    assert process.stdout is not None
    deadline = time.monotonic() + limits.seconds
    chunks: list[bytes] = []
    total = 0
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while selector.select(max(deadline - time.monotonic(), 0)):
            chunk = os.read(process.stdout.fileno(), 2**20)
            chunks.append(chunk)
            total += len(chunk)
            if total > limits.output:
                raise ModelError(f"{source.name}: must have a graph that is described in {limits.output} bytes.")
            if not chunk:
                with suppress(subprocess.TimeoutExpired):
                    process.wait(max(deadline - time.monotonic(), 1))
                    return b"".join(chunks)
                break
    raise ModelError(f"{source.name}: must be read in {limits.seconds} s; takes longer.")


def _end(code: int, limits: Limits) -> str:
    if code == -signal.SIGXCPU:
        return f"must be read in {limits.seconds} s; takes longer."
    if code < 0:
        return f"cannot be read; the parser ended by signal {-code}."
    return f"cannot be read; the parser failed with code {code}."
