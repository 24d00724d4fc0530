"""A safetensors file as names and places, and its numbers when a question needs them: JSON and raw bytes, no pickle.

Format: https://github.com/huggingface/safetensors, "Format". Ranges that overlap are read, since lint tells of them.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isochrome.errors import ModelError, shown
from isochrome.load.source import Source, open_source, read_span
from isochrome.load.tensors import dtype_name, item_size, read_elements, read_part, read_tensor
from isochrome.model.held import Declared, Held
from isochrome.model.parts import Model

__all__ = ["CheckpointFile", "open_safetensors"]

HEADER_BYTES = 100_000_000
CONFIG_BYTES = 2**20
_DTYPES = {
    "F64": 11, "F32": 1, "F16": 10, "BF16": 16, "F8_E4M3": 17, "F8_E5M2": 19, "F8_E8M0": 24, "I64": 7, "I32": 6,
    "I16": 5, "I8": 3, "U64": 13, "U32": 12, "U16": 4, "U8": 2, "BOOL": 9, "C64": 14,
}  # fmt: skip
"""The format's names of types, by ONNX's number of the same: one table says how each is stored."""
_EMBEDDINGS = (
    *("embed_tokens.weight", "wte.weight", "shared.weight", "word_embeddings.weight", "embed_in.weight"),
    *("tok_embeddings.weight", "embeddings.weight", "token_embedding.weight"),
)
_HEADS = ("lm_head.weight", "embed_out.weight", "decoder.weight", "output.weight", "output_projection.weight")


@dataclass(frozen=True, slots=True, eq=False)
class CheckpointFile:
    """A checkpoint's names as a Model without layers, and the file behind it."""

    model: Model
    source: Source
    _records: tuple[Mapping[str, Any], ...]

    def read_parameter(self, number: int) -> NDArray[Any] | None:
        """Nothing: a checkpoint has no layers."""
        return None

    def read_held(self, number: int) -> NDArray[Any] | None:
        """The numbers of one row of the model's ``held``."""
        return read_tensor(self.source, self._records[number])

    def read_held_part(self, number: int, at: slice | NDArray[np.int64]) -> NDArray[Any] | None:
        """Some of them, in the tensor's own order: from one place to another, or at some places."""
        if isinstance(at, slice):
            return read_part(self.source, self._records[number], int(at.start), int(at.stop))
        return read_elements(self.source, self._records[number], at)


def open_safetensors(source: Source) -> CheckpointFile:
    """What a safetensors file holds. No tensor is read. Raises ModelError in one line that names the file.

    ``config.json`` beside it, where there is one, says whether its embeddings are tied.
    """
    header, begin = _header(source)
    records: list[Mapping[str, Any]] = []
    rows: list[Held] = []
    for name, entry in header.items():
        if name != "__metadata__":
            record = _record(source, name, entry, begin)
            records.append(record)
            rows.append(_row(record, len(rows)))
    declared = _declared(source, [row.name for row in rows])
    model = Model(source.name, "safetensors", (), {}, (), (), (), (), held=tuple(rows), declared=declared)
    return CheckpointFile(model, source, tuple(records))


def _header(source: Source) -> tuple[dict[str, Any], int]:
    if source.size < 8:
        raise ModelError(f"{source.name}: must begin with 8 bytes for the length of its header; has {source.size}.")
    length = int.from_bytes(read_span(source, 0, 8), "little")
    if length > min(HEADER_BYTES, source.size - 8):
        most = min(HEADER_BYTES, source.size - 8)
        raise ModelError(f"{source.name}: must have a header of at most {most} bytes; says {length}. Is it whole?")
    try:
        header = json.loads(read_span(source, 8, length), object_pairs_hook=_distinct)
    except (ValueError, RecursionError) as fault:
        reason = shown(str(fault), 120)
        raise ModelError(f"{source.name}: must have a header in JSON, each name once; it is not ({reason}).") from None
    if not isinstance(header, dict):
        raise ModelError(f"{source.name}: must have a header that maps names to tensors; it does not.")
    return header, 8 + length


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen = set[str]()
        twice = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise ValueError(f"{twice} stands twice")
    return found


def _record(source: Source, name: str, entry: Any, begin: int) -> Mapping[str, Any]:
    """The tensor as a record of the same kind as an ONNX file's, so that one reader reads both."""
    where = f"{source.name}: tensor {shown(name)}"
    match entry:
        case {"dtype": str() as kind, "shape": list() as shape, "data_offsets": [int() as start, int() as stop]}:
            pass
        case _:
            raise ModelError(f"{where}: must have a dtype, a shape and two data_offsets; has {shown(str(entry))}.")
    if kind not in _DTYPES:
        raise ModelError(f"{where}: must have one of the types {', '.join(_DTYPES)}; has {shown(kind)}.")
    if not all(type(size) is int and size >= 0 for size in shape):
        raise ModelError(f"{where}: must have whole numbers as its shape; has {shown(str(shape))}.")
    needed = item_size(_DTYPES[kind], prod(shape))
    if not 0 <= start <= stop or stop - start != needed or begin + stop > source.size:
        lies = f"lies from {start} to {stop}"
        raise ModelError(f"{where}: must lie in the file with {needed} bytes; {lies}. Is it whole?")
    place = {"file": 0, "offset": begin + start, "length": needed}
    return {"name": name, "dtype": _DTYPES[kind], "shape": shape, "where": place}


def _row(record: Mapping[str, Any], thing: int) -> Held:
    shape, dtype = tuple(record["shape"]), record["dtype"]
    strides = tuple(prod(shape[axis + 1 :]) for axis in range(len(shape)))
    empty = not prod(shape)
    return Held(
        record["name"], thing, "" if empty else "data", record["where"]["offset"], shape, strides,
        dtype_name(dtype), item_size(dtype), "parameter", False, "empty" if empty else "",
    )  # fmt: skip


def _declared(source: Source, names: list[str]) -> tuple[Declared, ...]:
    """What ``config.json`` beside the file says of the embedding and the head that the file holds."""
    said = _tie_word_embeddings(os.path.join(os.path.dirname(source.path), "config.json"))
    first = next((name for ending in _EMBEDDINGS for name in names if f".{name}".endswith(f".{ending}")), "")
    last = next((name for ending in _HEADS for name in names if f".{name}".endswith(f".{ending}")), "")
    if said is None or not first or not last or first == last:
        return ()
    return (Declared("config.json tie_word_embeddings", said, (first, last)),)


def _tie_word_embeddings(path: str) -> bool | None:
    """What the configuration says, in itself or in one inside it; None where there is none that can be read."""
    try:
        config = json.loads(read_span(beside := open_source(path, CONFIG_BYTES), 0, beside.size))
    except (ModelError, ValueError, RecursionError):
        return None
    inner = [value for value in config.values() if isinstance(value, dict)] if isinstance(config, dict) else []
    found = [one.get("tie_word_embeddings") for one in (config, *inner)] if isinstance(config, dict) else []
    return next((said for said in found if isinstance(said, bool)), None)
