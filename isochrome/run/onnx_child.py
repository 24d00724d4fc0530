"""The child process of ``onnx_runtime``: a script. Waits for one request, writes arrays and one line of text."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

MEMORY = 32 * 2**30


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes((*out, number))


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def with_outputs(model: bytes, names: list[str]) -> bytes:
    """The model with more graph outputs: protobuf merges what is written after it (ModelProto.graph.output.name)."""
    return model + b"".join(_field(7, _field(12, _field(1, name.encode()))) for name in names)


def _fields(content: bytes) -> Iterator[tuple[int, int, int, int]]:
    """The fields of a message: number, where the field begins, where what it holds begins and ends (one without a
    length holds itself)."""
    at = 0
    while at < len(content):
        begin = at
        key, at = _read_varint(content, at)
        kind = key & 7
        if kind == 0:
            _, at = _read_varint(content, at)
        elif kind == 1:
            at += 8
        elif kind == 5:
            at += 4
        elif kind == 2:
            size, at = _read_varint(content, at)
            yield key >> 3, begin, at, at + size
            at += size
            continue
        else:
            raise ValueError(f"wire type {kind} is none of ONNX")
        yield key >> 3, begin, begin, at


def _read_varint(content: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        byte = content[at]
        at, number, shift = at + 1, number | (byte & 127) << shift, shift + 7
        if byte < 128:
            return number, at


def with_given(model: bytes, given: dict[str, int]) -> bytes:
    """The model with more graph inputs, of these element types: what a node made under that name is called otherwise
    (ModelProto.graph.node.output), and a stored tensor is what the input is without a value."""
    parts = [_renamed_graph(model[low:high], given) if number == 7 else model[begin:high]
             for number, begin, low, high in _fields(model)]  # fmt: skip
    types = ((name, _field(1, _varint(1 << 3) + _varint(kind))) for name, kind in given.items())
    inputs = (_field(7, _field(11, _field(1, name.encode()) + _field(2, kind))) for name, kind in types)
    return b"".join((*parts, *inputs))


def _renamed_graph(graph: bytes, given: dict[str, int]) -> bytes:
    names = {name.encode() for name in given}
    parts = [_renamed_node(graph[low:high], names) if number == 1 else graph[begin:high]
             for number, begin, low, high in _fields(graph)]  # fmt: skip
    return _field(7, b"".join(parts))


def _renamed_node(node: bytes, names: set[bytes]) -> bytes:
    parts = [_field(2, node[low:high] + b"/as made") if number == 2 and node[low:high] in names else node[begin:high]
             for number, begin, low, high in _fields(node)]  # fmt: skip
    return _field(1, b"".join(parts))


def inputs_of(model: bytes) -> set[str]:
    """The names of the graph's inputs (ModelProto.graph.input.name)."""
    graphs = [model[low:high] for number, _, low, high in _fields(model) if number == 7]
    inputs = [graph[low:high] for graph in graphs for number, _, low, high in _fields(graph) if number == 11]
    return {one[low:high].decode() for one in inputs for number, _, low, high in _fields(one) if number == 1}


def _element(kind: str) -> int:
    """ONNX's number of an element type, by NumPy's name."""
    names = "float32 uint8 int8 uint16 int16 int32 int64 string bool float16 float64 uint32 uint64"
    return names.split().index(kind) + 1


class _Model:
    """The bytes of a model, and the folder that its external data lies in."""

    def __init__(self, path: str, feeds: dict[str, Any]) -> None:
        self.folder, self.content = str(Path(path).parent), Path(path).read_bytes()
        if feeds:
            known = inputs_of(self.content)
            more = {name: _element(str(array.dtype)) for name, array in feeds.items() if name not in known}
            self.content = with_given(self.content, more) if more else self.content

    def session(self, wanted: list[str]) -> Any:
        import onnxruntime as runtime  # type: ignore[import-untyped,unused-ignore]

        options = runtime.SessionOptions()
        options.graph_optimization_level = runtime.GraphOptimizationLevel.ORT_DISABLE_ALL
        options.log_severity_level = 4
        options.add_session_config_entry("session.model_external_initializers_file_folder_path", self.folder)
        content = with_outputs(self.content, wanted)
        return runtime.InferenceSession(content, options, providers=["CPUExecutionProvider"])

    def opened(self, wanted: list[str]) -> tuple[Any, list[str]]:
        """A session that gives as many of the wanted tensors as it can: one that it cannot give is left out."""
        have = {output.name for output in self.session([]).get_outputs()}
        more = [name for name in wanted if name not in have]
        while True:
            try:
                return self.session(more), [name for name in wanted if name in have or name in more]
            except Exception as fault:
                said = str(fault)
                marks = {name: (f"({name})", f"'{name}'", f":{name}") for name in more}
                unknown = [name for name in more if any(mark in said for mark in marks[name])]
                if not unknown:
                    good = [name for name in more if self.can(name)]
                    if len(good) == len(more):
                        raise
                    more = good
                else:
                    more = [name for name in more if name not in unknown]

    def can(self, name: str) -> bool:
        """Whether it gives a tensor."""
        try:
            self.session([name])
        except Exception:
            return False
        return True


def main() -> None:
    """Run the request on standard input; none comes where the process is not needed."""
    import resource

    import numpy as np

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(Exception):  # before it is needed; what is wrong is said where it is used
        import onnxruntime  # noqa: F401
    asked = sys.stdin.buffer.read()
    if not asked:
        return
    request = json.loads(asked)
    folder = Path(request["folder"])
    answer: dict[str, Any] = {}
    try:
        with np.load(folder / "inputs.npz", allow_pickle=False) as arrays:
            feeds = {name: arrays[f"i{number}"] for number, name in enumerate(request["inputs"])}
        session, names = _Model(request["model"], feeds).opened(request["wanted"])
        found = session.run(names, feeds) if names else []
        kept = [(name, value) for name, value in zip(names, found, strict=True) if isinstance(value, np.ndarray)]
        outputs: dict[str, Any] = {f"o{number}": value for number, (_, value) in enumerate(kept)}
        np.savez(folder / "outputs.npz", **outputs)
        answer["names"] = [name for name, _ in kept]
    except Exception as fault:
        answer["error"] = str(fault).strip().splitlines()[0] if str(fault).strip() else type(fault).__name__
    (folder / "answer.json").write_text(json.dumps(answer))


if __name__ == "__main__":
    main()
