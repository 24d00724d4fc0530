"""JSON from a stranger, read by type: every value is asked for as what it must be, and a fault names its place.

Runs in the parser's process. The numbers of element types, layouts and memory formats are those of PyTorch's schema:
torch/_export/serde/schema.py of PyTorch 2.13.
"""

from __future__ import annotations

from isochrome.load.wire import MAXIMUM_TEXT, WireError

TYPE_CHECKING = False  # typing.TYPE_CHECKING, without the cost of importing typing
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    Symbols = Mapping[str, "int | float | bool | None"]

__all__ = ["DTYPES", "LAYOUTS", "MEMORY_FORMATS", "Object", "a_name", "a_number", "a_text", "an_integer", "an_object",
           "read_meta", "symbolic"]  # fmt: skip

MAXIMUM_AXES = 64
LARGEST = 2**63  # an index of PyTorch has 63 bits and a sign
DTYPES = {
    1: "uint8", 2: "int8", 3: "int16", 4: "int32", 5: "int64", 6: "float16", 7: "float32", 8: "float64",
    9: "complex32", 10: "complex64", 11: "complex128", 12: "bool", 13: "bfloat16", 28: "uint16", 29: "float8_e4m3fn",
    30: "float8_e5m2", 31: "float8_e4m3fnuz", 32: "float8_e5m2fnuz", 33: "float8_e8m0fnu", 34: "uint32", 35: "uint64",
}  # fmt: skip
LAYOUTS = {1: "sparse_coo", 2: "sparse_csr", 3: "sparse_csc", 4: "sparse_bsr", 5: "sparse_bsc", 6: "_mkldnn",
           7: "strided"}  # fmt: skip
MEMORY_FORMATS = {1: "contiguous_format", 2: "channels_last", 3: "channels_last_3d", 4: "preserve_format"}
_KINDS = {dict: "an object", list: "a list", str: "text", int: "a whole number", bool: "true or false",
          float: "a number", type(None): "null"}  # fmt: skip


class Object:
    """A JSON object and where it stands."""

    __slots__ = ("data", "where")

    def __init__(self, data: dict[str, Any], where: str) -> None:
        self.data, self.where = data, where

    def _get(self, key: str, kind: type) -> Any:
        value = self.data.get(key)
        if type(value) is not kind:
            found = _KINDS[type(value)] if key in self.data else "nothing"
            raise WireError("{}: {} must be {}; is {}.", self.where, key, _KINDS[kind], found)
        return value

    def text(self, key: str) -> str:
        """Text of bounded length."""
        return a_text(self._get(key, str), self.where)

    def flag(self, key: str) -> bool:
        """True or false."""
        value: bool = self._get(key, bool)
        return value

    def integer(self, key: str) -> int:
        """A whole number of 64 bits."""
        return an_integer(self._get(key, int), self.where)

    def values(self, key: str) -> list[Any]:
        """A list of anything."""
        value: list[Any] = self._get(key, list)
        return value

    def object(self, key: str) -> Object:
        """An object, at the place of this one."""
        return Object(self._get(key, dict), self.where)

    def maybe(self, key: str) -> Object | None:
        """An object, or None where there is none."""
        return None if self.data.get(key) is None else self.object(key)

    def items(self, key: str) -> list[Object]:
        """A list of objects, each named by its number."""
        where = f"{self.where}: {key}" if self.where else key
        return [an_object(value, f"{where} {number}") for number, value in enumerate(self.values(key))]

    def objects(self, key: str) -> list[Object]:
        """The objects in an object, each named by its key."""
        return [an_object(value, name) for name, value in self.object(key).data.items()]

    def union(self) -> tuple[str, Any]:
        """What is set in a union, and its value."""
        if len(self.data) != 1:
            raise WireError("{}: must be one of several kinds of value; is {}.", self.where, len(self.data))
        return next(iter(self.data.items()))


def an_object(value: Any, where: str) -> Object:
    """A JSON object, and where it stands."""
    if type(value) is not dict:
        raise WireError("{}: must be an object; is {}.", where, _KINDS[type(value)])
    return Object(value, where)


def a_name(value: Any, where: str) -> str:
    """A name: text, not empty, of bounded length."""
    if type(value) is not str or not 0 < len(value) <= MAXIMUM_TEXT:
        raise WireError("{}: must have a name of 1 to {} characters; has none.", where, MAXIMUM_TEXT)
    return value


def a_text(value: Any, where: str) -> str:
    """Text of bounded length."""
    if type(value) is not str or len(value) > MAXIMUM_TEXT:
        raise WireError("{}: must be text of at most {} characters; is not.", where, MAXIMUM_TEXT)
    return value


def an_integer(value: Any, where: str) -> int:
    """A whole number of 64 bits."""
    if type(value) is not int or not -LARGEST <= value < LARGEST:
        found = "a larger one" if type(value) is int else _KINDS[type(value)]
        raise WireError("{}: must be a whole number of 64 bits; is {}.", where, found)
    return value


def a_number(value: Any, where: str) -> float:
    """A number; what is none, and what is infinite, the schema writes as text."""
    if value in ("Infinity", "-Infinity", "NaN"):
        return float(value)
    if type(value) not in (int, float):
        raise WireError("{}: must be a number; is {}.", where, _KINDS[type(value)])
    try:
        return float(value)
    except OverflowError:
        raise WireError("{}: must be a number of 64 bits; is larger.", where) from None


def symbolic(value: Any, where: str) -> int | float | bool | None:
    """A size, or another number that may be an expression: then its hint, None where it has none.

    The expression itself is program text. It is never looked at.
    """
    tag, content = an_object(value, where).union()
    if tag == "as_expr":
        hint = an_object(content, where).maybe("hint")
        if hint is None:
            return None
        tag, content = hint.union()
    if tag == "as_int":
        return an_integer(content, where)
    if tag == "as_float":
        return a_number(content, where)
    if tag == "as_bool" and type(content) is bool:
        return content
    raise WireError("{}: must be a number or an expression; is {}.", where, tag)


def read_meta(meta: Object, known: Symbols) -> dict[str, Any]:
    """What is known of a tensor: sizes (null where only a run gives them), strides, offset, element type, layout."""
    dtype, layout = meta.integer("dtype"), meta.integer("layout")
    if dtype not in DTYPES or layout not in LAYOUTS:
        text = "{}: must have an element type and a layout that PyTorch 2.13 knows; has the numbers {} and {}."
        raise WireError(text, meta.where, dtype, layout)
    sizes = [_length(value, meta.where) for value in meta.values("sizes")]
    strides = [_length(value, meta.where) for value in meta.values("strides")]
    if len(sizes) > MAXIMUM_AXES or (layout == 7 and len(sizes) != len(strides)):
        text = "{}: must have a stride for each of at most {} axes; has {} for {}."
        raise WireError(text, meta.where, MAXIMUM_AXES, len(strides), len(sizes))
    return {
        "shape": sizes,
        "strides": strides,
        "offset": _length(meta.data.get("storage_offset"), meta.where),
        "dtype": DTYPES[dtype],
        "layout": LAYOUTS[layout],
        "trainable": meta.flag("requires_grad"),
    }


def _length(value: Any, where: str) -> int | None:
    size = symbolic(value, where)
    if size is not None and (type(size) is not int or size < 0):
        raise WireError("{}: a size must be a whole number from 0; is {}.", where, str(size))
    return size
