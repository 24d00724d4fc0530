"""What an archive stores, by name and place: rows of held tensors, and their numbers when somebody asks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isochrome.errors import ModelError, shown
from isochrome.load.source import Source
from isochrome.load.tensors import item_size, read_elements, read_tensor
from isochrome.model.held import Held, Role

__all__ = ["Place", "Stored", "read_stored", "stored_tensors"]

# The numbers that tensors.py knows element types by.
_TYPES = {
    "float32": 1, "uint8": 2, "int8": 3, "uint16": 4, "int16": 5, "int32": 6, "int64": 7, "bool": 9, "float16": 10,
    "float64": 11, "uint32": 12, "uint64": 13, "complex64": 14, "complex128": 15, "bfloat16": 16, "float8_e4m3fn": 17,
    "float8_e4m3fnuz": 18, "float8_e5m2": 19, "float8_e5m2fnuz": 20, "float8_e8m0fnu": 24,
}  # fmt: skip
_UNREAD = {"complex32": 4}  # element types that are stored and cannot be read, and their bytes
_ROLES: dict[str, Role] = {"parameter": "parameter", "buffer": "buffer", "tensor_constant": "constant"}
_LIFTED = "lifted_tensor_"  # how torch.export names a tensor that the program's text writes
_SPARSE = 4  # a span may have so many times the bytes of its elements before they are read one by one


@dataclass(frozen=True, slots=True)
class Place:
    """Where a tensor's storage lies in the archive."""

    start: int
    length: int


@dataclass(frozen=True, slots=True)
class Stored:
    """The rows of held tensors in the order of their registration, the place of each (None where there are no
    numbers to read), and the rows of tensors that only the program's text names."""

    rows: tuple[Held, ...]
    places: tuple[Place | None, ...]
    lifted: Mapping[str, tuple[Held, Place | None]]
    numbers: Mapping[str, int]


def stored_tensors(record: Mapping[str, Any]) -> Stored:
    """All that the record of an archive says to be stored. Raises ModelError.

    The signature has the names in the order in which the module registers them; what it leaves out comes after. An
    archive does not say which names were one object: here those are one that name the same bytes in the same shape.
    """
    configs = {**(record["constants"] or {}), **(record["weights"] or {})}
    missing = record["weights"] is None or record["constants"] is None
    tensors, things, storages = record["graph"]["tensors"], dict[Any, int](), dict[str, str]()
    rows: list[Held] = []
    places: list[Place | None] = []
    lifted: dict[str, tuple[Held, Place | None]] = {}
    for name, role, tensor in _named(record, configs):
        config = configs.get(name)
        if config is None and not missing:
            raise ModelError(f"stored tensor {shown(name)}: must be in the archive; is not. Is the file whole?")
        said = tensors.get(tensor)
        if said is None and tensor:
            raise ModelError(f"stored tensor {shown(name)}: must have a shape in the graph; has none.")
        meta = said if config is None or config["meta"] is None else config["meta"]
        row, place = _row(name, role, meta, config, things)
        if row.storage:
            row = replace(row, storage=storages.setdefault(row.storage, str(len(storages))))
        if said is not None and (said["shape"], said["dtype"]) != (list(row.shape), row.dtype):
            text = f"must be {said['dtype']} of shape {said['shape']}, as the graph says"
            raise ModelError(f"stored tensor {shown(name)}: {text}; is {row.dtype} of shape {list(row.shape)}.")
        if role == "constant" and name.rpartition(".")[2].startswith(_LIFTED):
            lifted[name] = (row, place)
        else:
            rows.append(row)
            places.append(place)
    return Stored(tuple(rows), tuple(places), lifted, {row.name: number for number, row in enumerate(rows)})


def _named(record: Mapping[str, Any], configs: Mapping[str, Any]) -> Iterator[tuple[str, Role, str]]:
    """Every stored name with its role and its tensor in the graph ('' where the graph does not read it).

    A name that the signature leaves out, since another means the same tensor, comes before that one where the archive
    lists it before.
    """
    read = {name: (_ROLES[role], tensor) for role, tensor, name in record["inputs"] if role in _ROLES}
    if len(read) < sum(role in _ROLES for role, _, _ in record["inputs"]):
        raise ModelError("the program: a stored tensor must be read under one name; one is read under two.")
    beside: dict[str, list[str]] = {}
    for name, config in configs.items():
        if config["meta"] is not None:
            beside.setdefault(config["file"] or name, []).append(name)
    order: dict[str, None] = {}
    rest: dict[str, None] = {}
    for name in read:
        key = (configs[name]["file"] or name) if name in configs else name
        group = beside.pop(key, [])
        before = group[: group.index(name)] if name in group else []
        order |= dict.fromkeys([*(one for one in before if one not in read), name])
        rest |= dict.fromkeys(group)
    rest |= dict.fromkeys(name for group in beside.values() for name in group)
    for name in order | rest:
        yield name, *(read.get(name) or (_unread_role(name, record), ""))


def _unread_role(name: str, record: Mapping[str, Any]) -> Role:
    config = (record["weights"] or {}).get(name)
    if config is None:
        return "constant"
    return "parameter" if config["parameter"] else "buffer"


def _row(name: str, role: Role, meta: Any, config: Any, things: dict[Any, int]) -> tuple[Held, Place | None]:
    where = f"stored tensor {shown(name)}"
    facts = (*meta["shape"], *meta["strides"], meta["offset"])
    if None in facts:
        raise ModelError(f"{where}: must have sizes that are numbers; has {meta['shape']}.")
    shape, strides = tuple(meta["shape"]), tuple(meta["strides"])
    item = _UNREAD.get(meta["dtype"]) or item_size(_TYPES[meta["dtype"]])
    unproven = _unproven(meta, config, prod(shape))
    file, offset = "" if unproven else config["file"], meta["offset"] * item
    key = (file, offset, shape, strides, meta["dtype"]) if file else len(things)
    thing = things.setdefault(key, len(things))
    held = Held(name, thing, file, offset, shape, strides, meta["dtype"], item, role, meta["trainable"], unproven)
    if unproven:
        return held, None
    if held.span[1] > config["length"]:
        raise ModelError(f"{where}: must lie in {config['length']} bytes; ends at byte {held.span[1]}.")
    return held, Place(config["start"], config["length"])


def _unproven(meta: Any, config: Any, count: int) -> str:
    """Why the bytes behind a name are no evidence, '' where they are."""
    if config is None or config["file"] is None:
        return "pickled"
    if meta["layout"] != "strided":
        return "sparse"
    if not count:
        return "empty"
    return "" if config["length"] else "meta"


def read_stored(source: Source, row: Held, place: Place | None) -> NDArray[Any] | None:
    """The numbers behind one row, in its shape; None where there are none to read.

    Reads its span at most: for a tensor far apart in its storage, the bytes around its elements.
    """
    if row.unproven == "empty" and row.dtype in _TYPES:
        return np.zeros(row.shape, np.float32 if row.dtype.startswith(("bfloat", "float8")) else row.dtype)
    if place is None or row.dtype not in _TYPES:
        return None
    first, end = row.span
    record = {"name": row.name, "dtype": _TYPES[row.dtype], "shape": [(end - first) // row.item]}
    record["where"] = {"offset": place.start + first, "length": None}
    kept = tuple(size if stride else 1 for size, stride in zip(row.shape, row.strides, strict=True))
    if end - first > _SPARSE * prod(kept) * row.item:
        values = read_elements(source, record, _indices(kept, row.strides)).reshape(kept)
        return np.broadcast_to(values, row.shape)
    flat = read_tensor(source, record)
    steps = tuple(stride * flat.itemsize for stride in row.strides)
    return np.lib.stride_tricks.as_strided(flat, row.shape, steps, writeable=False)


def _indices(shape: Sequence[int], strides: Sequence[int]) -> NDArray[np.int64]:
    """Where each element lies, counted from the first."""
    found = np.zeros((1,) * len(shape), np.int64)
    for axis, (size, stride) in enumerate(zip(shape, strides, strict=True)):
        found = found + np.arange(size).reshape([-1 if other == axis else 1 for other in range(len(shape))]) * stride
    return found
