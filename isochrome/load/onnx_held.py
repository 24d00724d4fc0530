"""What an ONNX file holds by name: initializers and constants in nodes, each with the place of its bytes."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

from isochrome.core.sizes import Shape
from isochrome.load.tensors import dtype_name, item_size
from isochrome.model.held import Held, Role

__all__ = ["held_rows", "unread_rows"]

Record = Mapping[str, Any]
_NO_WEIGHTS = ("int64", "int32", "bool")  # sizes, indices and masks


@dataclass(frozen=True, slots=True)
class _Name:
    """One name of one of the file's tensors."""

    name: str
    tensor: int
    role: Role


def held_rows(record: Record) -> tuple[tuple[Held, ...], tuple[int, ...]]:
    """The rows of a file's record, and beside each the number of its tensor there.

    What an Identity node calls an initializer is another name of the same tensor. Two tensors over the same bytes of
    one external file share a storage; in the file itself each has its own.
    """
    tensors = record["tensors"]
    found = list(_in_graph(record["graph"], "", tensors))
    for function in record.get("functions", ()):
        found += _in_nodes(function["nodes"], f"{function['name']}/", tensors)
    known = [one for one in found if _holds_numbers(tensors[one.tensor])]
    things = {number: thing for thing, number in enumerate(dict.fromkeys(one.tensor for one in known))}
    first = {one.tensor: one.name for one in reversed(known)}
    rows = tuple(_row(tensors[one.tensor], things[one.tensor], one, first[one.tensor]) for one in known)
    return rows, tuple(one.tensor for one in known)


def unread_rows(record: Record, held: Sequence[Held]) -> tuple[int, ...]:
    """The numbers of the graph's initializers that no node reads, in it or in a graph inside it, and no output is."""
    graph = record["graph"]
    read = {value["name"] for value in graph["outputs"]} | set(_read_names(graph))
    own = {record["tensors"][number]["name"] for number in graph["initializers"]} - read
    return tuple(number for number, row in enumerate(held) if row.name in own)


def _read_names(graph: Record) -> Iterator[str]:
    for node in graph["nodes"]:
        yield from node["inputs"]
        for attribute in node["attributes"].values():
            if attribute["type"] in ("graph", "graphs"):
                for body in attribute["value"] if attribute["type"] == "graphs" else [attribute["value"]]:
                    yield from (value["name"] for value in body["outputs"])
                    yield from _read_names(body)


def _holds_numbers(tensor: Record) -> bool:
    dtype = dtype_name(tensor["dtype"])
    return dtype not in ("string", "undefined") and not dtype.startswith("type ")


def _in_graph(graph: Record, prefix: str, tensors: Sequence[Record]) -> Iterator[_Name]:
    own = {tensors[number]["name"]: number for number in graph["initializers"]}
    yield from (_Name(prefix + name, number, "parameter") for name, number in own.items())
    for node in graph["nodes"]:
        standard = node["op"] == "Identity" and node["domain"] in ("", "ai.onnx")
        if standard and node["inputs"] and node["outputs"] and node["inputs"][0] in own:
            own[node["outputs"][0]] = own[node["inputs"][0]]
            yield _Name(prefix + node["outputs"][0], own[node["inputs"][0]], "parameter")
    yield from _in_nodes(graph["nodes"], prefix, tensors)


def _in_nodes(nodes: Any, prefix: str, tensors: Sequence[Record]) -> Iterator[_Name]:
    for node in nodes:
        for attribute in node["attributes"].values():
            if attribute["type"] == "tensor":
                yield _Name(prefix + (node["outputs"] or [node["name"]])[0], attribute["value"], "constant")
            elif attribute["type"] in ("graph", "graphs"):
                bodies = attribute["value"] if attribute["type"] == "graphs" else [attribute["value"]]
                inner = f"{prefix}{node['name'] or (node['outputs'] or ['body'])[0]}/"
                for body in bodies:
                    yield from _in_graph(body, inner, tensors)


def _row(tensor: Record, thing: int, one: _Name, first: str) -> Held:
    shape: Shape = tuple(tensor["shape"])
    where, dtype, item = tensor["where"], dtype_name(tensor["dtype"]), item_size(tensor["dtype"])
    role = "constant" if dtype in _NO_WEIGHTS else one.role
    packed = item_size(tensor["dtype"], 8) < 8
    unproven = "empty" if not prod(shape) else "packed" if packed else ""
    storage, offset = first, 0
    if "external" in where:
        storage, offset = f"file:{posixpath.normpath(where['external'])}", int(where["offset"] or 0)
    strides = tuple(prod(shape[axis + 1 :]) for axis in range(len(shape)))
    held = "" if unproven else storage
    return Held(one.name, thing, held, offset, shape, strides, dtype, item, role, False, unproven)
