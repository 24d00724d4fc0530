"""Stored tensors of an ONNX file: a tensor's key is its place, so two names there are one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

from isochrome.load.store import Store, StoredTensor
from isochrome.load.tensors import dtype_name, item_size
from isochrome.load.value import Value
from isochrome.model.origin import Origin
from isochrome.model.parts import Span

__all__ = ["stored_in_file"]


def stored_in_file(
    store: Store, keys: dict[int, str], records: Sequence[Mapping[str, Any]], number: int, name: str
) -> Value | None:
    """A tensor of the file, entered into the store; None if it holds no numbers. ``keys`` has those met before."""
    record = records[number]
    shape, dtype, where = tuple(record["shape"]), dtype_name(record["dtype"]), record["where"]
    if dtype in ("string", "undefined"):
        return None
    if number not in keys:
        size, start = item_size(record["dtype"], prod(shape)), int(where.get("offset") or 0)
        span = Span(where["external"], start, start + size) if "external" in where else Span(name, 0, size)
        key = f"{where['external']}:{start}:{shape}:{dtype}" if "external" in where else name
        keys[number] = key
        if key in store.tensors:
            store.tensors[key].names.append(name)
        else:
            store.tensors[key] = StoredTensor([name], shape, dtype, span, number)
    return Value(name, shape, dtype, Origin.of(keys[number], shape), number)
