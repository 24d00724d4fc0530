"""Values of stored tensors, read when somebody asks: whole, or a few elements of a tensor too large to load."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isochrome.errors import ModelError, RequestError, shown
from isochrome.load.source import Source, open_external, opened, read_from, read_span

__all__ = ["dtype_name", "item_size", "read_elements", "read_part", "read_tensor"]

_GAP = 4096  # bytes between two wanted elements up to which one read takes both
_FIELDS = {4: "float_data", 5: "int32_data", 6: "string_data", 7: "int64_data", 10: "double_data", 11: "uint64_data"}
_FIXED = {4: "<f4", 10: "<f8"}  # fields whose numbers are not varints


@dataclass(frozen=True, slots=True)
class _Type:
    """How one element type is stored: its bits, NumPy's type for them, and the field of typed data that takes it.

    ``small`` describes a float that NumPy lacks: bits of exponent, bits of mantissa, bias, and what is not a number:
    "ieee", "last" (all ones), "zero" (minus zero), "none"; or "power" for a bare exponent without a sign.
    """

    name: str
    bits: int
    stored: str
    field: int
    small: tuple[int, int, int, str] | None = None


_TYPES = {
    1: _Type("float32", 32, "<f4", 4),
    2: _Type("uint8", 8, "u1", 5),
    3: _Type("int8", 8, "i1", 5),
    4: _Type("uint16", 16, "<u2", 5),
    5: _Type("int16", 16, "<i2", 5),
    6: _Type("int32", 32, "<i4", 5),
    7: _Type("int64", 64, "<i8", 7),
    9: _Type("bool", 8, "u1", 5),
    10: _Type("float16", 16, "<f2", 5),
    11: _Type("float64", 64, "<f8", 10),
    12: _Type("uint32", 32, "<u4", 11),
    13: _Type("uint64", 64, "<u8", 11),
    14: _Type("complex64", 64, "<c8", 4),
    15: _Type("complex128", 128, "<c16", 10),
    16: _Type("bfloat16", 16, "<u2", 5),
    17: _Type("float8e4m3fn", 8, "u1", 5, (4, 3, 7, "last")),
    18: _Type("float8e4m3fnuz", 8, "u1", 5, (4, 3, 8, "zero")),
    19: _Type("float8e5m2", 8, "u1", 5, (5, 2, 15, "ieee")),
    20: _Type("float8e5m2fnuz", 8, "u1", 5, (5, 2, 16, "zero")),
    21: _Type("uint4", 4, "u1", 5),
    22: _Type("int4", 4, "u1", 5),
    23: _Type("float4e2m1", 4, "u1", 5, (2, 1, 1, "none")),
    24: _Type("float8e8m0", 8, "u1", 5, (8, 0, 127, "power")),
    25: _Type("uint2", 2, "u1", 5),
    26: _Type("int2", 2, "u1", 5),
    27: _Type("float6e2m3", 6, "u1", 5, (2, 3, 1, "none")),
    28: _Type("float6e3m2", 6, "u1", 5, (3, 2, 3, "none")),
}
_OTHER_NAMES = {0: "undefined", 8: "string"}


def dtype_name(dtype: int) -> str:
    """The name of an ONNX element type.

    >>> dtype_name(1), dtype_name(16), dtype_name(99)
    ('float32', 'bfloat16', 'type 99')
    """
    return _TYPES[dtype].name if dtype in _TYPES else _OTHER_NAMES.get(dtype, f"type {dtype}")


def item_size(dtype: int, count: int = 1) -> int:
    """The bytes that ``count`` stored elements take; types under 8 bits are packed.

    >>> item_size(1), item_size(22), item_size(22, 5)
    (4, 1, 3)
    """
    if dtype not in _TYPES:
        raise ModelError(f"element type: must be a type of numbers; got {dtype_name(dtype)}.")
    return -(-count * _TYPES[dtype].bits // 8)


def read_tensor(source: Source, tensor: Mapping[str, Any]) -> NDArray[Any]:
    """The values of one tensor record of the file, in its shape.

    Integers under 8 bits come as int8 and uint8, floats that NumPy lacks as float32, all else as stored.
    """
    kind, count = _checked(source, tensor)
    if "typed" in tensor["where"]:
        codes = _typed(source, tensor, kind, count)
    else:
        file, offset = _place(source, tensor, count)
        data = read_span(file, offset, item_size(tensor["dtype"], count))
        codes = _codes(np.frombuffer(data, np.uint8), kind, count)
    try:
        return _values(codes, kind).reshape(tensor["shape"])
    except ValueError:
        raise _fault(source, tensor, f"must have a shape that an array can have; got {tensor['shape']}.") from None


def read_elements(source: Source, tensor: Mapping[str, Any], indices: Sequence[int] | NDArray[Any]) -> NDArray[Any]:
    """The values at some places, counted in the tensor's own order: ``read_tensor(...).ravel()[indices]``.

    Reads only the bytes around those places, unless the file stores the tensor as protobuf's own numbers.
    """
    kind, count = _checked(source, tensor)
    indices = np.asarray(indices, np.int64).ravel()
    if indices.size and not 0 <= int(indices.min()) <= int(indices.max()) < count:
        raise RequestError(f"tensor {shown(tensor['name'])}: an element's index must be from 0 to {count - 1}.")
    if "typed" in tensor["where"]:
        values: NDArray[Any] = read_tensor(source, tensor).ravel()[indices]
        return values
    file, offset = _place(source, tensor, count)
    width = max(kind.bits // 8, 1) + (kind.bits == 6)  # six bits may lie in two bytes
    rows = _read_rows(file, offset, item_size(tensor["dtype"], count), indices * kind.bits // 8, width)
    if kind.bits >= 8:
        return _values(rows.view(kind.stored).ravel(), kind)
    words = rows.astype(np.int64) @ (256 ** np.arange(width))
    return _values((words >> indices * kind.bits % 8 & 2**kind.bits - 1).astype(np.uint8), kind)


def read_part(source: Source, tensor: Mapping[str, Any], start: int, stop: int) -> NDArray[Any]:
    """The values from one place to another in the tensor's own order: ``read_tensor(...).ravel()[start:stop]``."""
    kind, count = _checked(source, tensor)
    if "typed" in tensor["where"] or kind.bits < 8:
        values: NDArray[Any] = read_tensor(source, tensor).ravel()[start:stop]
        return values
    file, offset = _place(source, tensor, count)
    start, stop = min(start, count), min(stop, count)
    data = read_span(file, offset + item_size(tensor["dtype"], start), item_size(tensor["dtype"], stop - start))
    return _values(_codes(np.frombuffer(data, np.uint8), kind, stop - start), kind)


def _read_rows(file: Source, offset: int, length: int, first: NDArray[np.int64], width: int) -> NDArray[np.uint8]:
    """From each byte counted from ``offset``, ``width`` bytes; those past ``length`` are 0."""
    rows = np.zeros((first.size, width), np.uint8)
    order = np.argsort(first, kind="stable")
    breaks = np.flatnonzero(np.diff(first[order]) > _GAP) + 1
    with opened(file) as descriptor:
        for run in np.split(order, breaks) if first.size else []:
            start = int(first[run[0]])
            end = min(int(first[run[-1]]) + width, length)
            data = read_from(file, descriptor, offset + start, end - start) + bytes(width)
            rows[run] = np.frombuffer(data, np.uint8)[(first[run] - start)[:, None] + np.arange(width)]
    return rows


def _checked(source: Source, tensor: Mapping[str, Any]) -> tuple[_Type, int]:
    if tensor["dtype"] not in _TYPES:
        raise _fault(source, tensor, f"must hold numbers; holds {dtype_name(tensor['dtype'])}.")
    return _TYPES[tensor["dtype"]], math.prod(tensor["shape"])


def _fault(source: Source, tensor: Mapping[str, Any], fact: str) -> ModelError:
    return ModelError(f"{source.name}: tensor {shown(tensor['name'])}: {fact}")


def _place(source: Source, tensor: Mapping[str, Any], count: int) -> tuple[Source, int]:
    """The file and the byte where raw data begins, once as much as the tensor needs is known to be there."""
    where, needed, kind = tensor["where"], item_size(tensor["dtype"], count), dtype_name(tensor["dtype"])
    length = needed if where["length"] is None else where["length"]
    if length != needed:
        raise _fault(source, tensor, f"must have {needed} bytes for {kind} of shape {tensor['shape']}; has {length}.")
    if "external" not in where:
        return source, where["offset"]
    file = open_external(source, where["external"])
    if where["offset"] + length > file.size:
        fact = f"must have {length} bytes from byte {where['offset']} of {shown(where['external'])} on"
        raise _fault(source, tensor, f"{fact}; that file has {file.size} in all.")
    return file, where["offset"]


def _typed(source: Source, tensor: Mapping[str, Any], kind: _Type, count: int) -> NDArray[Any]:
    """What the file stores as a list of protobuf's own numbers."""
    where = tensor["where"]
    if where["typed"] not in (0, kind.field):
        fields = f"{_FIELDS[kind.field]}; is in {_FIELDS[where['typed']]}"
        raise _fault(source, tensor, f"must have its values of {kind.name} in {fields}.")
    wanted = count * 2 if kind.name.startswith("complex") else count
    if kind.bits in (2, 4):  # a number for each byte of packed elements
        wanted = item_size(tensor["dtype"], count)
    held = sum(length for _, length, _ in where["spans"])
    if not wanted <= held <= 11 * wanted:  # a number takes from one byte to a key and ten
        raise _fault(source, tensor, f"must hold {wanted} numbers for shape {tensor['shape']}; holds {held} bytes.")
    try:
        parts = [_numbers(read_span(source, at, length), kind.field, packed) for at, length, packed in where["spans"]]
    except ValueError:
        raise _fault(source, tensor, f"must hold whole numbers; its {_FIELDS[kind.field]} ends within one.") from None
    numbers: NDArray[Any] = np.concatenate([np.zeros(0, _FIXED.get(kind.field, "<u8")), *parts])
    if len(numbers) != wanted:
        raise _fault(source, tensor, f"must hold {wanted} numbers for shape {tensor['shape']}; holds {len(numbers)}.")
    if kind.bits in (2, 4):
        return _codes(numbers.astype(np.uint8), kind, count)
    if kind.field not in _FIXED:
        numbers = (numbers & (2**kind.bits - 1)).astype(f"<u{np.dtype(kind.stored).itemsize}")
    stored: NDArray[Any] = numbers.view(kind.stored)
    return stored


def _numbers(data: bytes, field: int, packed: bool) -> NDArray[Any]:
    """The numbers of one span: one after another, or each behind its key of one byte. Integers come as uint64."""
    flat = np.frombuffer(data, np.uint8)
    if field not in _FIXED:
        return _varints(flat)[0 if packed else 1 :: 1 if packed else 2]
    if packed:
        return flat.view(_FIXED[field])
    width = np.dtype(_FIXED[field]).itemsize
    return flat.reshape(-1, width + 1)[:, 1:].copy().view(_FIXED[field]).ravel()


def _varints(data: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """All numbers of a run of varints at once: seven bits a byte, the lowest first."""
    ends = np.flatnonzero(data < 128)
    if len(data) and (not len(ends) or ends[-1] != len(data) - 1):
        raise ValueError("ends within a number")
    starts = np.concatenate([[0], ends[:-1] + 1])[: len(ends)]
    places = np.arange(len(data)) - np.repeat(starts, ends - starts + 1)
    if len(data) and places.max() > 9:
        raise ValueError("a number of more than ten bytes")
    bits = (data & 127).astype(np.uint64) << (7 * places).astype(np.uint64)
    numbers: NDArray[np.uint64] = np.bitwise_or.reduceat(bits, starts) if len(ends) else bits
    return numbers


def _codes(data: NDArray[np.uint8], kind: _Type, count: int) -> NDArray[Any]:
    """Elements as stored, each in a place of its own; those under 8 bits fill bytes from the lowest bit on."""
    if kind.bits >= 8:
        return data.view(kind.stored)
    bits = np.unpackbits(data, bitorder="little")[: count * kind.bits].reshape(count, kind.bits)
    return np.packbits(bits, axis=1, bitorder="little").ravel()


def _values(codes: NDArray[Any], kind: _Type) -> NDArray[Any]:
    """What the stored elements mean."""
    values = codes
    if kind.name == "bool":
        values = codes != 0
    elif kind.name == "bfloat16":
        values = (codes.astype(np.uint32) << 16).view(np.float32)
    elif kind.name in ("int2", "int4"):
        half = 2 ** (kind.bits - 1)
        values = (codes ^ half).astype(np.int8) - np.int8(half)
    elif kind.small:
        values = _small_floats(kind.bits, *kind.small)[codes]
    return values


@cache
def _small_floats(bits: int, exponent_bits: int, mantissa_bits: int, bias: int, special: str) -> NDArray[Any]:
    """The value of every code of a small float. Source: OCP's Microscaling and 8-bit formats, as ONNX names them."""
    codes = np.arange(2**bits)
    exponent = codes >> mantissa_bits & 2**exponent_bits - 1
    mantissa = codes & 2**mantissa_bits - 1
    values: NDArray[Any]
    if special == "power":
        values = np.ldexp(1.0, exponent - bias)
    else:
        whole = np.where(exponent == 0, mantissa, mantissa + 2**mantissa_bits).astype(np.float64)
        values = np.ldexp(whole, np.maximum(exponent, 1) - bias - mantissa_bits)
        values *= np.where(codes >> (bits - 1), -1.0, 1.0)
    top = exponent == 2**exponent_bits - 1
    if special == "ieee":
        values[top] = np.where(mantissa[top] == 0, np.copysign(np.inf, values[top]), np.nan)
    elif special in ("last", "power"):
        values[top & (mantissa == 2**mantissa_bits - 1)] = np.nan
    elif special == "zero":
        values[2 ** (bits - 1)] = np.nan
    return values.astype(np.float32)
