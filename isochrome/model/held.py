"""What a model holds by name, and where: from these the five facts that people call "shared" are told apart.

1. one module stands at several paths, or is called several times (``Module``)
2. one tensor object has several names (``Held.thing``)
3. several tensors lie over the same bytes (``Held.storage``, ``Held.offset``)
4. separate tensors hold equal values (a reader must look)
5. a configuration declares a tie (``Declared``)

Only 1 to 3 are sharing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import prod
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from isochrome.core.sizes import Shape

__all__ = ["Declared", "Held", "Module", "Role", "distinct", "is_whole", "places"]

MOST_LISTED = 1 << 23
Role = Literal["parameter", "buffer", "constant"]


@dataclass(frozen=True, slots=True)
class Held:
    """One name of one stored tensor.

    ``thing`` numbers the tensor objects: names with one number are one object. ``storage`` is the key of the bytes
    behind it, '' where they are no evidence, and ``unproven`` says why (``meta``, ``empty``, ``sharded``). ``offset``
    is in bytes, ``strides`` are in elements.

    >>> row = Held("w", 0, "0", 8, (2, 3), (3, 1), "float32", 4)
    >>> row.count, row.span
    (6, (8, 32))
    """

    name: str
    thing: int
    storage: str
    offset: int
    shape: Shape
    strides: tuple[int, ...]
    dtype: str
    item: int
    role: Role = "parameter"
    trainable: bool = True
    unproven: str = ""

    @property
    def count(self) -> int:
        """How many elements it has."""
        return prod(self.shape)

    @property
    def span(self) -> tuple[int, int]:
        """The first byte and the one after the last, in its storage."""
        if not self.count:
            return self.offset, self.offset
        reach = sum(stride * (size - 1) for stride, size in zip(self.strides, self.shape, strict=True))
        return self.offset, self.offset + (reach + 1) * self.item


def distinct(rows: Iterable[Held]) -> tuple[int, int]:
    """How many elements some names hold, and how many bytes, each byte of a storage counted once.

    Where bytes are no evidence (meta, sharded), one tensor object counts once.

    >>> from dataclasses import replace
    >>> whole = Held("w", 0, "0", 0, (2, 3), (3, 1), "float32", 4)
    >>> distinct([whole, replace(whole, name="t", thing=1, shape=(3, 2), strides=(1, 3))])
    (6, 24)
    """
    things: dict[int, Held] = {}
    storages: dict[tuple[str, int], dict[tuple[object, ...], Held]] = {}
    for row in rows:
        if not row.storage or row.unproven:
            things.setdefault(row.thing, row)
        else:
            views = storages.setdefault((row.storage, row.item), {})
            views.setdefault((row.offset, row.shape, row.strides), row)
    count = sum(row.count for row in things.values())
    size = sum(row.count * row.item for row in things.values())
    for (_, item), views in storages.items():
        found = _elements(list(views.values()))
        count, size = count + found, size + found * item
    return count, size


def _elements(rows: list[Held]) -> int:
    """The distinct elements of tensors of one item size over one storage."""
    spans = sorted(row.span for row in rows)
    if all(is_whole(row.shape, row.strides) for row in rows) or sum(row.count for row in rows) > MOST_LISTED:
        total, end = 0, -1
        for start, stop in spans:
            total += max(stop - max(start, end), 0)
            end = max(end, stop)
        return total // max(rows[0].item, 1)
    found = [places(row.offset, row.shape, [stride * row.item for stride in row.strides]) for row in rows]
    return int(np.unique(np.concatenate(found)).size)


def places(offset: int, shape: Shape, strides: Sequence[int]) -> NDArray[np.int64]:
    """The distinct places that a tensor's elements lie at, in order.

    >>> places(3, (2, 2), (4, 1)), places(0, (2, 2), (1, 1))
    (array([3, 4, 7, 8]), array([0, 1, 2]))
    """
    found = np.array([offset], np.int64)
    for stride, size in zip(strides, shape, strict=True):
        found = np.unique(np.add.outer(found, stride * np.arange(size)))
    return found


def is_whole(shape: Shape, strides: Sequence[int]) -> bool:
    """Whether a tensor holds every element of the memory from its first to its last, each once.

    >>> is_whole((2, 3), (1, 2)), is_whole((2, 3), (4, 1))
    (True, False)
    """
    step = 1
    for stride, size in sorted(zip(strides, shape, strict=True)):
        if size > 1:
            if stride != step:
                return False
            step *= size
    return True


@dataclass(frozen=True, slots=True)
class Module:
    """One module object: every path at which it stands, its class, how often a run calls it, and the names of the
    buffers that its calls change (running statistics)."""

    paths: tuple[str, ...]
    kind: str
    calls: int = 0
    state: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Declared:
    """A tie that a configuration declares (or denies): where it says so, and the names that it means."""

    where: str
    tied: bool
    names: tuple[str, ...]
