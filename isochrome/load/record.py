"""ONNX files as records: the graph, and where each tensor's bytes lie in the file, but never those bytes.

Runs in a child process (``child.py``), so it imports small parts of the standard library only. A fault is a WireError;
the parent makes it a ModelError and decides how names from the file are shown. Where protobuf lets a singular message
come in several pieces, the pieces are merged as protobuf merges them.

Fields: onnx.proto of ONNX 1.23.
"""

from __future__ import annotations

import mmap
import struct

from isochrome.load.wire import Wire, WireError, fields, packed_floats, packed_integers, signed

TYPE_CHECKING = False  # typing.TYPE_CHECKING, without the cost of importing typing
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    Record = dict[str, Any]
    Span = tuple[int, int]

__all__ = ["parse"]

MAXIMUM_NODES = 2_000_000
MAXIMUM_TENSORS = 2_000_000
MAXIMUM_VALUES = 4_000_000
MAXIMUM_DEPTH = 64  # graphs within graphs

# A key is a field's number times 8, plus 0 for a varint, 1 for eight bytes, 2 for a length and bytes, 5 for four bytes.
_MODEL_VERSION, _MODEL_PRODUCER, _MODEL_GRAPH, _MODEL_OPSET, _MODEL_FUNCTION = 8, 18, 58, 66, 202
_OPSET_DOMAIN, _OPSET_VERSION = 10, 16
_GRAPH_NODE, _GRAPH_NAME, _GRAPH_INITIALIZER, _GRAPH_SPARSE = 10, 18, 42, 122
_GRAPH_VALUES = {90: "inputs", 98: "outputs", 106: "value_info"}
_NODE_INPUT, _NODE_OUTPUT, _NODE_ATTRIBUTE = 10, 18, 42
_NODE_METADATA, _SCOPES = 74, b"pkg.torch.onnx.name_scopes"
_NODE_TEXTS = {26: "name", 34: "op", 58: "domain", 66: "overload"}
_FUNCTION_TEXTS = {10: "name", 82: "domain", 106: "overload"}
_FUNCTION_LISTS = {34: "inputs", 42: "outputs", 50: "attributes"}
_FUNCTION_NODE, _FUNCTION_OPSET, _FUNCTION_DEFAULT = 58, 74, 90
_ATTRIBUTE_NAME, _ATTRIBUTE_TYPE, _ATTRIBUTE_REFERENCE = 10, 160, 170
_ATTRIBUTE_FLOAT, _ATTRIBUTE_INT = 21, 24
_ATTRIBUTE_FLOATS, _ATTRIBUTE_FLOATS_PACKED, _ATTRIBUTE_INTS, _ATTRIBUTE_INTS_PACKED = 61, 58, 64, 66
_ATTRIBUTE_SPANS = {34: "string", 42: "tensor", 50: "graph", 74: "strings", 82: "tensors", 90: "graphs"}
_ATTRIBUTE_SPANS |= {114: "other", 122: "other", 178: "other", 186: "other"}  # types and sparse tensors
_ATTRIBUTE_TYPES = dict(enumerate("float int string tensor graph floats ints strings tensors graphs".split(), 1))
_PLACED = ("tensor", "graph", "tensors", "graphs")  # whose meaning depends on where they stand
_SHORT = 128
_VALUE_NAME, _VALUE_TYPE, _TYPE_TENSOR, _TYPE_OTHERS = 10, 18, 10, (34, 42, 58, 66, 74)
_TYPE_ELEMENT, _TYPE_SHAPE, _SHAPE_DIMENSION, _DIMENSION_VALUE, _DIMENSION_NAME = 8, 18, 10, 8, 18
_TENSOR_DIMENSION, _TENSOR_DIMENSIONS_PACKED, _TENSOR_TYPE, _TENSOR_SEGMENT = 8, 10, 16, 26
_TENSOR_NAME, _TENSOR_RAW, _TENSOR_EXTERNAL, _TENSOR_LOCATION = 66, 74, 106, 112
_TENSOR_PACKED = {34: 4, 42: 5, 58: 7, 82: 10, 90: 11}
_TENSOR_UNPACKED = {37: 4, 40: 5, 50: 6, 56: 7, 81: 10, 88: 11}
_TENSOR_FIELDS = {4: "float_data", 5: "int32_data", 6: "string_data", 7: "int64_data", 9: "raw_data",
                  10: "double_data", 11: "uint64_data", 13: "external_data"}  # fmt: skip
_ENTRY_KEY, _ENTRY_VALUE = 10, 18
_SPARSE_VALUES = 10


def parse(data: bytes | mmap.mmap) -> Record:
    r"""The record of an ONNX model: graph, functions, tensors with their places in the file, as JSON knows values.

    Touches no byte of a tensor's data. Raises WireError and nothing else, however broken the file.

    >>> parse(bytes.fromhex("0807 3a0b 0a09 0a0178 120179 2201 41".replace(" ", "")))["graph"]["nodes"][0]["op"]
    'A'
    """
    try:
        return _Reader(data).model()
    except IndexError:
        raise WireError("must not end within a field; ends at byte {}. Is the file whole?", len(data)) from None


class _Reader(Wire):
    """One pass over one file. Grows the list of tensors and the counts that have limits."""

    def __init__(self, data: bytes | mmap.mmap) -> None:
        super().__init__(data)
        self.tensors: list[Record] = []
        self.attributes: dict[bytes, tuple[str, Record]] = {}
        self.types: dict[bytes, tuple[int | None, list[int | str | None] | None]] = {}
        self.nodes = self.values = 0

    def model(self) -> Record:
        version, producer = 0, ""
        graphs: list[Span] = []
        functions: list[Record] = []
        opsets: dict[str, int] = {}
        for key, value, end in fields(self.data, 0, len(self.data)):
            if key == _MODEL_GRAPH:
                graphs.append((value, end))
            elif key == _MODEL_FUNCTION:
                functions.append(self.function(value, end))
            elif key == _MODEL_OPSET:
                self.opset(opsets, value, end)
            elif key == _MODEL_PRODUCER:
                producer = self.text(value, end)
            elif key == _MODEL_VERSION:
                version = signed(value)
        if not graphs:
            raise WireError("must hold a graph; holds none. Is it an ONNX model?")
        graph = self.graph(graphs, 0)
        self.require_distinct_texts()
        return {"ir_version": version, "opsets": opsets, "producer": producer, "graph": graph,
                "functions": functions, "tensors": self.tensors}  # fmt: skip

    def graph(self, spans: Sequence[Span], depth: int) -> Record:
        if depth > MAXIMUM_DEPTH:
            raise WireError("graphs must nest at most {} deep.", MAXIMUM_DEPTH)
        name = ""
        nodes: list[Record] = []
        initializers: list[int] = []
        values: dict[str, list[Record]] = {"inputs": [], "outputs": [], "value_info": []}
        for key, value, end in self.merged(spans):
            if key == _GRAPH_NODE:
                nodes.append(self.node(value, end, depth))
            elif key == _GRAPH_INITIALIZER:
                initializers.append(self.tensor([(value, end)]))
            elif key in _GRAPH_VALUES:
                values[_GRAPH_VALUES[key]].append(self.value(value, end))
            elif key == _GRAPH_NAME:
                name = self.text(value, end)
            elif key == _GRAPH_SPARSE:
                name = self.sparse_name(value, end)
                raise WireError("initializer {}: must be dense; is sparse, which is not supported.", name)
        return {"name": name, **values, "initializers": initializers, "nodes": nodes}

    def node(self, start: int, end: int, depth: int) -> Record:
        self.nodes += 1
        if self.nodes > MAXIMUM_NODES:
            raise WireError("must have at most {} nodes.", MAXIMUM_NODES)
        inputs: list[str] = []
        outputs: list[str] = []
        attributes: dict[str, Record] = {}
        node: Record = {"op": "", "domain": "", "overload": "", "name": "", "inputs": inputs, "outputs": outputs,
                        "attributes": attributes}  # fmt: skip
        for key, value, after in fields(self.data, start, end):
            if key == _NODE_INPUT:
                inputs.append(self.text(value, after))
            elif key == _NODE_ATTRIBUTE:
                name, attribute = self.attribute(value, after, depth)
                if name in attributes:
                    label = node["name"] or (outputs[0] if outputs else "")
                    raise WireError("node {}: attribute {} must stand once; stands twice.", label, name)
                attributes[name] = attribute
            elif key == _NODE_OUTPUT:
                outputs.append(self.text(value, after))
            elif key in _NODE_TEXTS:
                node[_NODE_TEXTS[key]] = self.text(value, after)
            elif key == _NODE_METADATA and _SCOPES in bytes(self.data[value : min(after, value + 64)]):
                node["scopes"] = self.scopes(value, after)
        return node

    def scopes(self, start: int, end: int) -> str:
        """The value of a key with a value."""
        return next((self.text(v, after) for key, v, after in fields(self.data, start, end) if key == _ENTRY_VALUE), "")

    def function(self, start: int, end: int) -> Record:
        lists: dict[str, list[str]] = {"inputs": [], "outputs": [], "attributes": []}
        opsets: dict[str, int] = {}
        defaults: dict[str, Record] = {}
        nodes: list[Record] = []
        function: Record = {"domain": "", "name": "", "overload": "", **lists, "attribute_defaults": defaults,
                            "nodes": nodes, "opsets": opsets}  # fmt: skip
        for key, value, after in fields(self.data, start, end):
            if key == _FUNCTION_NODE:
                nodes.append(self.node(value, after, 0))
            elif key in _FUNCTION_LISTS:
                lists[_FUNCTION_LISTS[key]].append(self.text(value, after))
            elif key in _FUNCTION_TEXTS:
                function[_FUNCTION_TEXTS[key]] = self.text(value, after)
            elif key == _FUNCTION_OPSET:
                self.opset(opsets, value, after)
            elif key == _FUNCTION_DEFAULT:
                name, attribute = self.attribute(value, after, 0)
                defaults[name] = attribute
        return function

    def opset(self, opsets: dict[str, int], start: int, end: int) -> None:
        domain, version = "", 0
        for key, value, after in fields(self.data, start, end):
            if key == _OPSET_DOMAIN:
                domain = self.text(value, after)
            elif key == _OPSET_VERSION:
                version = signed(value)
        if opsets.setdefault(domain, version) != version:
            raise WireError("opset {}: must have one version; has {} and {}.", domain, opsets[domain], version)

    def attribute(self, start: int, end: int, depth: int) -> tuple[str, Record]:
        """An attribute's name and value. Short ones recur in most nodes, byte for byte, and are read once."""
        if end - start > _SHORT:
            return self.read_attribute(start, end, depth)
        raw = self.data[start:end]
        known = self.attributes.get(raw)
        if known is None:
            known = self.read_attribute(start, end, depth)
            if known[1]["type"] not in _PLACED:
                self.attributes[raw] = known
        return known

    def read_attribute(self, start: int, end: int, depth: int) -> tuple[str, Record]:
        name = reference = ""
        code = 0
        found: dict[str, list[Any]] = {}
        for key, value, after in fields(self.data, start, end):
            if key == _ATTRIBUTE_NAME:
                name = self.text(value, after)
            elif key == _ATTRIBUTE_TYPE:
                code = value
            elif key == _ATTRIBUTE_INTS:
                found.setdefault("ints", []).append(signed(value))
            elif key == _ATTRIBUTE_INT:
                found["int"] = [signed(value)]
            elif key in _ATTRIBUTE_SPANS:
                found.setdefault(_ATTRIBUTE_SPANS[key], []).append((value, after))
            elif key == _ATTRIBUTE_FLOAT:
                found["float"] = [struct.unpack_from("<f", self.data, value)[0]]
            elif key == _ATTRIBUTE_FLOATS:
                found.setdefault("floats", []).append(struct.unpack_from("<f", self.data, value)[0])
            elif key == _ATTRIBUTE_INTS_PACKED:
                found.setdefault("ints", []).extend(packed_integers(self.data, value, after))
            elif key == _ATTRIBUTE_FLOATS_PACKED:
                found.setdefault("floats", []).extend(packed_floats(self.data, value, after))
            elif key == _ATTRIBUTE_REFERENCE:
                reference = self.text(value, after)
        if reference:
            return name, {"type": "ref", "value": reference}
        kind = _ATTRIBUTE_TYPES.get(code, "other") if code else next(iter(found), "other")  # no type in IR version 1
        if any(other != kind for other in found) and kind != "other":
            raise WireError("attribute {}: must hold {} alone; holds {}.", name, kind, " and ".join(sorted(found)))
        return name, self.content(name, kind, found.get(kind, []), depth)

    def content(self, name: str, kind: str, found: list[Any], depth: int) -> Record:
        """An attribute by its type and what was found for it. Nothing found is 0 or an empty list, as in protobuf."""
        value: Any = found
        if kind in ("int", "float"):
            value = found[-1] if found else 0
        elif kind == "string":
            value = self.string(*found[-1]) if found else ""
        elif kind == "strings":
            value = [self.string(*span) for span in found]
        elif kind in ("tensor", "graph") and not found:
            raise WireError("attribute {}: must hold a {}; holds none.", name, kind)
        elif kind == "tensor":
            value = self.tensor(found)
        elif kind == "tensors":
            value = [self.tensor([span]) for span in found]
        elif kind == "graph":
            value = self.graph(found, depth + 1)
        elif kind == "graphs":
            value = [self.graph([span], depth + 1) for span in found]
        if kind == "other" or value is None or (kind == "strings" and None in value):
            return {"type": "other", "value": None}
        return {"type": kind, "value": value}

    def value(self, start: int, end: int) -> Record:
        self.values += 1
        if self.values > MAXIMUM_VALUES:
            raise WireError("must have at most {} values.", MAXIMUM_VALUES)
        name = ""
        types: list[Span] = []
        for key, value, after in fields(self.data, start, end):
            if key == _VALUE_NAME:
                name = self.text(value, after)
            elif key == _VALUE_TYPE:
                types.append((value, after))
        raw = b"".join(self.data[first:last] for first, last in types)
        known = self.types.get(raw)
        if known is None:
            known = self.types[raw] = self.value_type(name, types)
        return {"name": name, "dtype": known[0], "shape": known[1]}

    def value_type(self, name: str, spans: Sequence[Span]) -> tuple[int | None, list[int | str | None] | None]:
        """Element type and shape; None for what is not said, and for what is not a tensor."""
        dtype = 0
        tensors: list[Span] = []
        shapes: list[Span] = []
        for key, value, after in self.merged(spans):
            if key == _TYPE_TENSOR:
                tensors.append((value, after))
            elif key in _TYPE_OTHERS:
                tensors.clear()
        for key, value, after in self.merged(tensors):
            if key == _TYPE_ELEMENT:
                dtype = value
            elif key == _TYPE_SHAPE:
                shapes.append((value, after))
        dimensions = [(start, end) for key, start, end in self.merged(shapes) if key == _SHAPE_DIMENSION]
        shape = [self.dimension(name, *span) for span in dimensions]
        return dtype or None, shape if shapes else None

    def dimension(self, name: str, start: int, end: int) -> int | str | None:
        size: int | str | None = None
        for key, value, after in fields(self.data, start, end):
            if key == _DIMENSION_VALUE:
                size = signed(value)
            elif key == _DIMENSION_NAME:
                size = self.text(value, after) or None
        if isinstance(size, int) and size < 0:
            raise WireError("value {}: each dimension must be 0 or more; got {}.", name, size)
        return size

    def tensor(self, spans: Sequence[Span]) -> int:
        """The index of a tensor in the record's list."""
        dtype, name, external = 0, "", False
        shape: list[int] = []
        entries: dict[str, str] = {}
        data: dict[int, list[list[Any]]] = {}
        for start, end in spans:
            begin = start
            for key, value, after in fields(self.data, start, end):
                if key == _TENSOR_DIMENSION:
                    shape.append(signed(value))
                elif key == _TENSOR_DIMENSIONS_PACKED:
                    shape.extend(packed_integers(self.data, value, after))
                elif key == _TENSOR_TYPE:
                    dtype = value
                elif key == _TENSOR_NAME:
                    name = self.text(value, after)
                elif key == _TENSOR_RAW:
                    data[9] = [[value, after - value, True]]
                elif key in _TENSOR_PACKED:
                    data.setdefault(_TENSOR_PACKED[key], []).append([value, after - value, True])
                elif key in _TENSOR_UNPACKED:
                    self.extend(data.setdefault(_TENSOR_UNPACKED[key], []), key, begin, after)
                elif key == _TENSOR_EXTERNAL:
                    self.entry(entries, value, after)
                elif key == _TENSOR_LOCATION:
                    external = value == 1
                elif key == _TENSOR_SEGMENT:
                    raise WireError("tensor {}: must be whole; is a segment, which is not supported.", name)
                begin = after
        if min(shape, default=0) < 0:
            raise WireError("tensor {}: each dimension must be 0 or more; got {}.", name, str(shape))
        if len(self.tensors) >= MAXIMUM_TENSORS:
            raise WireError("must have at most {} tensors.", MAXIMUM_TENSORS)
        where = _external(name, entries) if external else _inside(name, data)
        self.tensors.append({"name": name, "dtype": dtype, "shape": shape, "where": where})
        return len(self.tensors) - 1

    def extend(self, runs: list[list[Any]], key: int, begin: int, end: int) -> None:
        """One more element that is not packed: neighbours make one run of keys and values."""
        if self.data[begin] != key:
            raise WireError("byte {}: the key of a tensor's element must be in its shortest form.", begin)
        if runs and not runs[-1][2] and runs[-1][0] + runs[-1][1] == begin:
            runs[-1][1] = end - runs[-1][0]
        else:
            runs.append([begin, end - begin, False])

    def entry(self, entries: dict[str, str], start: int, end: int) -> None:
        texts = {_ENTRY_KEY: "", _ENTRY_VALUE: ""}
        for key, value, after in fields(self.data, start, end):
            if key in texts:
                texts[key] = self.text(value, after)
        entries[texts[_ENTRY_KEY]] = texts[_ENTRY_VALUE]

    def sparse_name(self, start: int, end: int) -> str:
        """The name of a sparse tensor, which is that of its values."""
        values = [(value, after) for key, value, after in fields(self.data, start, end) if key == _SPARSE_VALUES]
        names = [self.text(value, after) for key, value, after in self.merged(values) if key == _TENSOR_NAME]
        return names[-1] if names else ""


def _external(name: str, entries: dict[str, str]) -> Record:
    """Where external data lies; a length of None is as much as the tensor needs."""
    place: dict[str, int | None] = {"offset": 0, "length": None}
    for key in place.keys() & entries.keys():
        digits = entries[key]
        if not (digits.isascii() and digits.isdigit() and len(digits) < 20):
            raise WireError("tensor {}: the {} of external data must be a whole number; got {}.", name, key, digits)
        place[key] = int(digits)
    if not entries.get("location"):
        raise WireError("tensor {}: external data must have a location; has none.", name)
    return {"external": entries["location"], **place}


def _inside(name: str, data: dict[int, list[list[Any]]]) -> Record:
    """Where data lies in the file itself; the field is 0 where there is none."""
    held = list(data) if len(data) == 1 else [field for field, spans in data.items() if any(span[1] for span in spans)]
    if len(held) > 1:
        fields_held = " and ".join(_TENSOR_FIELDS[field] for field in sorted(held))
        raise WireError("tensor {}: must hold its data once; holds {}.", name, fields_held)
    if held == [9]:
        return {"file": 0, "offset": data[9][0][0], "length": data[9][0][1]}
    return {"typed": held[0], "spans": data[held[0]]} if held else {"typed": 0, "spans": []}
