"""The graph of an exported program as a record: what is not used is dropped, what is used has been checked for type.

Runs in the parser's process. A value is null, true, a number, text, or a list that begins with what it is:
``["tensor", name]``, ``["list", values]``, ``["symbol", kind, name]``, ``["graph", name, graph]``, ``["value", name]``
for a number that only a run gives, ``["complex", real, imaginary]``.

Source: torch/_export/serde/schema.py of PyTorch 2.13, schema version 8.20.
"""

from __future__ import annotations

from isochrome.load.pt2_json import (
    DTYPES,
    LAYOUTS,
    MEMORY_FORMATS,
    Object,
    a_name,
    a_number,
    a_text,
    an_integer,
    an_object,
    read_meta,
    symbolic,
)
from isochrome.load.pt2_place import module_of, place_of
from isochrome.load.wire import WireError

TYPE_CHECKING = False  # typing.TYPE_CHECKING, without the cost of importing typing
if TYPE_CHECKING:
    from typing import Any

    Known = dict[str, "int | float | bool | None"]

__all__ = ["read_program"]

SCHEMA = 8
MAXIMUM_DEPTH = 32  # graphs within graphs
MAXIMUM_NODES = 2_000_000
MAXIMUM_VALUES = 10_000  # in one list
_ENUMS = {
    "as_scalar_type": ("dtype", DTYPES),
    "as_layout": ("layout", LAYOUTS),
    "as_memory_format": ("memory_format", MEMORY_FORMATS),
}
_SYMBOLS = {"sym_int_values", "sym_bool_values", "sym_float_values"}
_INPUTS = {
    "parameter": "parameter_name",
    "buffer": "buffer_name",
    "tensor_constant": "tensor_constant_name",
}
_OUTPUTS = {
    "loss_output": "",
    "buffer_mutation": "buffer_name",
    "parameter_mutation": "parameter_name",
    "user_input_mutation": "user_input_name",
    "gradient_to_parameter": "parameter_name",
    "gradient_to_user_input": "user_input_name",
}


def read_program(document: dict[str, Any]) -> dict[str, Any]:
    """The record of an exported program: its graph and its signature."""
    program = Object(document, "the program")
    version = program.object("schema_version")
    major, torch = version.integer("major"), document.get("torch_version")
    if major != SCHEMA:
        by = f", by PyTorch {torch}" if type(torch) is str else ""
        text = "must be written with version {} of the schema; is of version {}.{}{}. Save it by PyTorch 2.6 or newer."
        raise WireError(text, SCHEMA, major, version.integer("minor"), by[:100])
    module = program.object("graph_module")
    signature = module.object("signature")
    reader = _Reader()
    return {
        "graph": reader.graph(module.object("graph"), {}, 0),
        "inputs": [_input(spec) for spec in signature.items("input_specs")],
        "outputs": [_output(spec) for spec in signature.items("output_specs")],
    }


def _input(spec: Object) -> list[Any]:
    """Its role, the tensor's name, the name of what is stored ('' of what a caller gives)."""
    role, content = spec.union()
    held = an_object(content, spec.where)
    if role in _INPUTS:
        return [role, a_name(held.object("arg").data.get("name"), spec.where), held.text(_INPUTS[role])]
    if role == "user_input":
        tag, value = held.object("arg").union()
        return [role, _tensor(value, spec.where, {})[1] if tag == "as_tensor" else "", ""]
    return [role, "", ""]


def _output(spec: Object) -> list[Any]:
    role, content = spec.union()
    held = an_object(content, spec.where)
    if role == "user_output":
        tag, value = held.object("arg").union()
        return [role, _tensor(value, spec.where, {})[1] if tag == "as_tensor" else "", ""]
    if role in _OUTPUTS:
        target = held.text(_OUTPUTS[role]) if _OUTPUTS[role] else ""
        return [role, a_name(held.object("arg").data.get("name"), spec.where), target]
    return [role, "", ""]


class _Reader:
    """One pass over one program; counts its nodes."""

    def __init__(self) -> None:
        self.nodes = 0

    def graph(self, graph: Object, outer: Known, depth: int) -> dict[str, Any]:
        if depth > MAXIMUM_DEPTH:
            raise WireError("graphs must nest at most {} deep.", MAXIMUM_DEPTH)
        known = dict(outer)
        for kind in _SYMBOLS & graph.data.keys():
            for name, value in graph.object(kind).data.items():
                known[name] = symbolic(value, name)
        tensors = {one.where: read_meta(one, known) for one in graph.objects("tensor_values")}
        return {
            "inputs": [self.value(one, known, depth) for one in graph.items("inputs")],
            "nodes": [self.node(one, known, depth) for one in graph.items("nodes")],
            "outputs": [self.value(one, known, depth) for one in graph.items("outputs")],
            "tensors": tensors,
        }

    def node(self, node: Object, known: Known, depth: int) -> dict[str, Any]:
        self.nodes += 1
        if self.nodes > MAXIMUM_NODES:
            raise WireError("must have at most {} nodes.", MAXIMUM_NODES)
        if type(node.data.get("name")) is str:
            node.where = f"node {node.text('name')}"
        metadata = node.object("metadata").data
        outputs = [self.value(one, known, depth) for one in node.items("outputs")]
        if len(outputs) > MAXIMUM_VALUES:
            raise WireError("{}: must have at most {} outputs; has {}.", node.where, MAXIMUM_VALUES, len(outputs))
        path, kind, repeat = module_of(metadata.get("nn_module_stack"))
        return {
            "name": node.where,
            "target": node.text("target"),
            "inputs": [self.argument(one, node.where, known, depth) for one in node.items("inputs")],
            "outputs": outputs,
            "path": path,
            "kind": kind,
            "repeat": repeat,
            "place": place_of(metadata.get("stack_trace")),
        }

    def argument(self, argument: Object, where: str, known: Known, depth: int) -> list[Any]:
        name = argument.text("name")
        value = argument.object("arg")
        value.where = f"{where}: {name}" if name else where
        return [name, self.value(value, known, depth)]

    def value(self, value: Object, known: Known, depth: int) -> Any:
        tag, content = value.union()
        return self.tagged(tag, content, value.where, known, depth)

    def tagged(self, tag: str, content: Any, where: str, known: Known, depth: int) -> Any:
        """A value by the name that the schema gives its kind."""
        if tag in _ENUMS:
            kind, names = _ENUMS[tag]
            number = an_integer(content, where)
            if number not in names:
                raise WireError("{}: must be a {} that PyTorch 2.13 knows; is number {}.", where, kind, number)
            return ["symbol", kind, names[number]]
        single = _SINGLE.get(tag)
        if single is not None:
            return single(content, where, known)
        if tag in _LISTS:
            inner = _LISTS[tag]
            values = Object({tag: content}, where).values(tag)
            if len(values) > MAXIMUM_VALUES:
                raise WireError("{}: must have at most {} values; has {}.", where, MAXIMUM_VALUES, len(values))
            return ["list", [self.tagged(inner, one, where, known, depth) for one in values]]
        if tag == "as_graph":
            held = an_object(content, where)
            return ["graph", held.text("name"), self.graph(held.object("graph"), known, depth + 1)]
        if tag == "as_string_to_argument" and depth < MAXIMUM_DEPTH:
            values = Object({tag: content}, where).objects(tag)
            return ["list", [["list", [one.where, self.value(one, known, depth + 1)]] for one in values]]
        raise WireError("{}: must be a value that schema {} knows; is {}.", where, SCHEMA, tag)


def _tensor(content: Any, where: str, known: Known) -> Any:
    held = an_object(content, where)
    return ["tensor", a_name(held.data.get("name"), where)]


def _optional(content: Any, where: str, known: Known) -> Any:
    tag, value = an_object(content, where).union()
    return None if tag == "as_none" else _tensor(value, where, known)


def _number(content: Any, where: str, known: Known) -> Any:
    """A number, or the name of one: then what is known of it, so that no later reader meets the name."""
    tag, value = an_object(content, where).union()
    if tag != "as_name":
        return _SINGLE[tag](value, where, known) if tag in ("as_int", "as_float", "as_bool") else None
    name = a_name(value, where)
    number = known.get(name)
    return ["value", name] if number is None else number


def _flag(content: Any, where: str, known: Known) -> bool:
    if type(content) is not bool:
        raise WireError("{}: must be true or false; is not.", where)
    return content


def _device(content: Any, where: str, known: Known) -> Any:
    held = an_object(content, where)
    index = held.data.get("index")
    kind = held.text("type")
    return ["symbol", "device", kind if index is None else f"{kind}:{an_integer(index, where)}"]


def _complex(content: Any, where: str, known: Known) -> Any:
    held = an_object(content, where)
    return ["complex", a_number(held.data.get("real"), where), a_number(held.data.get("imag"), where)]


def _object(content: Any, where: str, known: Known) -> Any:
    return an_object(content, where).text("class_fqn")


_SINGLE = {
    "as_none": lambda content, where, known: None,
    "as_tensor": _tensor,
    "as_optional_tensor": _optional,
    "as_int": lambda content, where, known: an_integer(content, where),
    "as_float": lambda content, where, known: a_number(content, where),
    "as_string": lambda content, where, known: a_text(content, where),
    "as_operator": lambda content, where, known: a_text(content, where),
    "as_bool": _flag,
    "as_sym_int": _number,
    "as_sym_float": _number,
    "as_sym_bool": _number,
    "as_device": _device,
    "as_complex": _complex,
    "as_custom_obj": _object,
}
_LISTS = {
    "as_tensors": "as_tensor",
    "as_ints": "as_int",
    "as_floats": "as_float",
    "as_strings": "as_string",
    "as_bools": "as_bool",
    "as_sym_ints": "as_sym_int",
    "as_sym_floats": "as_sym_float",
    "as_sym_bools": "as_sym_bool",
    "as_optional_tensors": "as_optional_tensor",
    "as_nested_tensors": "as_tensors",
    "as_int_lists": "as_ints",
    "as_float_lists": "as_floats",
}
