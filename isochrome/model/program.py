"""A model as PyTorch's own operations, as data: what a recorded module and a ``.pt2`` archive both are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from numpy.typing import NDArray

from isochrome.core.sizes import Shape
from isochrome.model.held import Declared, Held, Module

__all__ = ["Argument", "Call", "Facts", "Program", "Ref", "Symbol"]


@dataclass(frozen=True, slots=True)
class Ref:
    """A tensor of the program, by its name."""

    name: str


@dataclass(frozen=True, slots=True)
class Symbol:
    """A value of one of PyTorch's own types, by its name: ``Symbol("dtype", "float32")``."""

    kind: Literal["dtype", "device", "layout", "memory_format"]
    name: str


Argument = None | bool | int | float | complex | str | Ref | Symbol | tuple["Argument", ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of one tensor without its numbers."""

    shape: Shape
    dtype: str


@dataclass(frozen=True, slots=True)
class Call:
    """One call of one operation.

    ``target`` is the full name (``aten.conv2d.default``), ``arguments`` are by the schema's names, those that were left
    at their default absent. ``outputs`` are names, lists of tensors written out, '' for what is no tensor. ``path`` is
    the module whose ``forward`` made the call, ``repeat`` which call of that module it was (from 1), ``place`` the line
    of the user's program, '' where unknown. An operation that works in place gives its result a name of its own:
    every name is given once.
    """

    target: str
    arguments: tuple[tuple[str, Argument], ...]
    outputs: tuple[str, ...]
    path: str = ""
    repeat: int = 1
    place: str = ""


@dataclass(frozen=True, eq=False)
class Program:
    """A model as calls in their order.

    ``stored`` maps names of tensors to numbers in ``held``. ``constants`` has the numbers of small tensors that do not
    depend on the inputs, by their names. ``inputs`` and ``outputs`` are names of tensors.
    """

    name: str
    format: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    calls: tuple[Call, ...]
    tensors: Mapping[str, Facts]
    held: tuple[Held, ...] = ()
    stored: Mapping[str, int] = field(default_factory=dict)
    constants: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    modules: tuple[Module, ...] = ()
    declared: tuple[Declared, ...] = ()
    notes: tuple[str, ...] = ()
