"""What an ONNX file holds by name: initializers and constants in nodes, each with the place of its bytes."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from math import prod
from typing import Any

from isochrome.core.sizes import Shape
from isochrome.load.tensors import dtype_name, item_size
from isochrome.model.held import Held, Role

__all__ = ["held_rows"]

Record = Mapping[str, Any]
Found = tuple[int, str, Role]
_NO_WEIGHTS = ("int64", "int32", "bool")  # sizes, indices and masks


def held_rows(record: Record) -> tuple[tuple[Held, ...], tuple[int, ...]]:
    """The rows of a file's record, and beside each the number of its tensor there.

    Two tensors over the same bytes of one external file share a storage; in the file itself each has its own.
    """
    tensors = record["tensors"]
    graph = record["graph"]
    found = [*_initializers(graph, ""), *_in_nodes(graph["nodes"], "")]
    for function in record.get("functions", ()):
        found += _in_nodes(function["nodes"], f"{function['name']}/")
    numbers = [one for one in found if dtype_name(tensors[one[0]]["dtype"]) not in ("string", "undefined")]
    known = [one for one in numbers if not dtype_name(tensors[one[0]]["dtype"]).startswith("type ")]
    rows = tuple(_row(tensors[number], thing, name, role) for thing, (number, name, role) in enumerate(known))
    return rows, tuple(number for number, _, _ in known)


def _initializers(graph: Record, prefix: str) -> Iterator[Found]:
    for number in graph["initializers"]:
        yield number, prefix, "parameter"


def _in_nodes(nodes: Any, prefix: str) -> Iterator[Found]:
    for node in nodes:
        for attribute in node["attributes"].values():
            if attribute["type"] == "tensor":
                yield attribute["value"], prefix + (node["outputs"] or [node["name"]])[0], "constant"
            elif attribute["type"] in ("graph", "graphs"):
                bodies = attribute["value"] if attribute["type"] == "graphs" else [attribute["value"]]
                inner = f"{prefix}{node['name'] or (node['outputs'] or ['body'])[0]}/"
                for body in bodies:
                    yield from _initializers(body, inner)
                    yield from _in_nodes(body["nodes"], inner)


def _row(tensor: Record, thing: int, name: str, role: Role) -> Held:
    shape: Shape = tuple(tensor["shape"])
    where, dtype, item = tensor["where"], dtype_name(tensor["dtype"]), item_size(tensor["dtype"])
    if role == "parameter":
        name, role = name + tensor["name"], "constant" if dtype in _NO_WEIGHTS else role
    packed = item_size(tensor["dtype"], 8) < 8
    unproven = "empty" if not prod(shape) else "packed" if packed else ""
    storage, offset = name, 0
    if "external" in where:
        storage, offset = f"file:{posixpath.normpath(where['external'])}", int(where["offset"] or 0)
    strides = tuple(prod(shape[axis + 1 :]) for axis in range(len(shape)))
    return Held(name, thing, "" if unproven else storage, offset, shape, strides, dtype, item, role, False, unproven)
