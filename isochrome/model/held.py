"""What a model holds by name, and where: from these the five facts that people call "shared" are told apart.

1. one module stands at several paths, or is called several times (``Module``)
2. one tensor object has several names (``Held.thing``)
3. several tensors lie over the same bytes (``Held.storage``, ``Held.offset``)
4. separate tensors hold equal values (a reader must look)
5. a configuration declares a tie (``Declared``)

Only 1 to 3 are sharing.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Literal

from isochrome.core.sizes import Shape

__all__ = ["Declared", "Held", "Module", "Role"]

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
