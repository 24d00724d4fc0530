"""Which stored tensors hold equal numbers, transposed or not, and when that is evidence that one is a copy.

Few numbers are read: tensors of one type and size are sampled at the same places, and those that agree there are
compared whole, in pieces. What many tensors hold for other reasons is no evidence: constants (zeros and ones of biases
and norms), short tensors, masks and other tables of few values, tables that only rise or only fall, rows repeated.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isochrome.core.sizes import Shape
from isochrome.model.held import Held
from isochrome.model.values import Reader

__all__ = ["FEWEST", "LEAST", "Equal", "Item", "equal_groups", "same_numbers", "spread_places",
           "turned_places"]

LEAST = 64
"""Elements: a shorter tensor is no evidence."""
FEWEST = 12
"""Distinct values in the sample: fewer are a mask or a table."""
_PLACES = 64
_SAMPLE = 1024
_PIECE = 2**21
_NO_WEIGHTS = ("int64", "int32", "int16", "bool")

Array = NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class Item:
    """One stored tensor: who reads it, its row there, and a number of the caller's own."""

    reader: Reader
    row: int
    held: Held
    number: int
    side: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Equal:
    """A member of a group of equal tensors; ``transposed`` as against the first one."""

    item: Item
    transposed: bool


def equal_groups(
    items: Sequence[Item], worth: Callable[[Sequence[Item]], bool] = lambda group: True
) -> Iterator[tuple[Equal, ...]]:
    """The groups of two or more, each in the order of ``items``. Groups that are not ``worth`` it are not compared."""
    kinds: dict[tuple[str, int], list[Item]] = {}
    for item in items:
        held = item.held
        if held.count >= LEAST and held.dtype not in _NO_WEIGHTS and held.unproven in ("", "packed"):
            kinds.setdefault((held.dtype, held.count), []).append(item)
    for kind in kinds.values():
        if len(kind) > 1:
            yield from _among(kind, worth)


def _among(kind: list[Item], worth: Callable[[Sequence[Item]], bool]) -> Iterator[tuple[Equal, ...]]:
    """Equal ones among tensors of one type and size."""
    buckets: dict[bytes, list[Equal]] = {}
    shapes = [_matrix(item.held.shape) for item in kind]
    many = Counter(shapes)
    for item, shape in zip(kind, shapes, strict=True):
        places = spread_places(item.held.count, _PLACES)
        straight = _key(item, places)
        turned = b""
        if shape is not None and (many[shape] > 1 if shape[0] == shape[1] else many[shape[::-1]]):
            turned = _key(item, _turned(places, shape))
        if straight and (straight in buckets or turned not in buckets):
            buckets.setdefault(straight, []).append(Equal(item, False))
        elif straight:
            buckets[turned].append(Equal(item, True))
    for bucket in buckets.values():
        if len(bucket) > 1 and worth([one.item for one in bucket]) and _is_evidence(bucket[0].item):
            yield from _confirmed(bucket)


def _confirmed(bucket: list[Equal]) -> Iterator[tuple[Equal, ...]]:
    """Those of a bucket that are equal in every element, by groups."""
    while bucket:
        first, *others = bucket
        same = [one for one in others if _is_same(first, one)]
        rows = {id(one) for one in same}
        if same:
            turns = [Equal(one.item, one.transposed != first.transposed) for one in same]
            yield (Equal(first.item, False), *turns)
        bucket = [one for one in others if id(one) not in rows]


def _matrix(shape: Shape) -> tuple[int, int] | None:
    """Rows and columns, axes of size 1 apart; None for what is not a matrix."""
    sizes = tuple(size for size in shape if size != 1)
    return (sizes[0], sizes[1]) if len(sizes) == 2 else None


def spread_places(count: int, many: int) -> NDArray[np.int64]:
    """Places spread over the whole, the first and the last element among them."""
    return np.unique(np.linspace(0, count - 1, many).astype(np.int64))


def turned_places(places: NDArray[np.int64], shape: Shape, other: Shape) -> NDArray[np.int64] | None:
    """Where the elements at some places of a matrix lie in its transpose; None where ``other`` is not of that shape."""
    own, turned = _matrix(shape), _matrix(other)
    return _turned(places, own) if own is not None and turned == own[::-1] else None


def _turned(places: NDArray[np.int64], shape: tuple[int, int]) -> NDArray[np.int64]:
    """Where the elements at some places of the transpose lie in the matrix itself."""
    row, column = np.divmod(places, shape[0])
    found: NDArray[np.int64] = column * shape[1] + row
    return found


def _key(item: Item, places: NDArray[np.int64]) -> bytes:
    found = item.reader.read_held_part(item.row, places)
    return b"" if found is None else np.ascontiguousarray(found).tobytes()


def _is_evidence(item: Item) -> bool:
    """Whether two tensors with these numbers would hardly come to hold them each on its own."""
    count, shape = item.held.count, _matrix(item.held.shape)
    spread = item.reader.read_held_part(item.row, spread_places(count, _SAMPLE))
    begin = item.reader.read_held_part(item.row, slice(0, min(count, _SAMPLE)))
    if spread is None or begin is None:
        return False
    if len(np.unique(np.concatenate([spread, begin]))) < FEWEST or _is_ordered(spread):
        return False
    return shape is None or not _rows_repeat(item, *shape)


def _is_ordered(values: Array) -> bool:
    steps = values[1:] >= values[:-1]
    return bool(steps.all() or (values[1:] <= values[:-1]).all())


def _rows_repeat(item: Item, rows: int, columns: int) -> bool:
    first, last = (
        item.reader.read_held_part(item.row, slice(row * columns, row * columns + min(columns, _SAMPLE)))
        for row in (0, rows - 1)
    )
    return first is None or last is None or bool(np.array_equal(first, last))


def same_numbers(a: Item, b: Item) -> bool:
    """Whether two tensors are equal in every element, transposed or not; False where there are no numbers to read."""
    if a.held.count != b.held.count or not {a.held.unproven, b.held.unproven} <= {"", "packed"}:
        return False
    return _is_same(Equal(a, False), Equal(b, False)) or _is_same(Equal(a, False), Equal(b, True))


def _is_same(a: Equal, b: Equal) -> bool:
    if a.transposed == b.transposed:
        return all(_bits_equal(x, y) for x, y in zip(_pieces(a.item), _pieces(b.item), strict=True))
    shape = _matrix(a.item.held.shape)
    if shape is None or _matrix(b.item.held.shape) != shape[::-1]:
        return False
    whole = b.item.reader.read_held(b.item.row)
    if whole is None:
        return False
    turned = whole.reshape(shape[::-1]).T
    rows = max(_PIECE // shape[1], 1)
    parts = ((row, min(row + rows, shape[0])) for row in range(0, shape[0], rows))
    return all(
        _bits_equal(a.item.reader.read_held_part(a.item.row, slice(start * shape[1], stop * shape[1])),
                    turned[start:stop].ravel())
        for start, stop in parts
    )  # fmt: skip


def _pieces(item: Item) -> Iterator[Array | None]:
    count = item.held.count
    return (
        item.reader.read_held_part(item.row, slice(start, min(start + _PIECE, count)))
        for start in range(0, count, _PIECE)
    )


def _bits_equal(a: Array | None, b: Array | None) -> bool:
    """Equal as stored: minus zero is not zero, a NaN is itself."""
    if a is None or b is None or a.dtype != b.dtype or a.shape != b.shape:
        return False
    return bool(np.array_equal(np.ascontiguousarray(a).view(np.uint8), np.ascontiguousarray(b).view(np.uint8)))
