"""Tensors anywhere in arguments and results: nested lists, dictionaries, dataclasses; found by name, and replaced."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import FunctionType, MethodType, ModuleType
from typing import Any

from isochrome.errors import ModelError, shown

__all__ = ["bound", "leaves", "mapped"]

_PLAIN = (str, bytes, int, float, complex, bool, type(None), type, FunctionType, MethodType, ModuleType)


def bound(module: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments by the names of ``forward``'s own signature; ModelError where they do not fit it."""
    try:
        signature = inspect.signature(module.forward)
    except (TypeError, ValueError):
        return {f"input_{number}": value for number, value in enumerate(args)} | dict(kwargs)
    try:
        found = signature.bind(*args, **kwargs).arguments
    except TypeError as fault:
        raise ModelError(
            f"{shown(type(module).__name__)}: inputs must fit forward{shown(str(signature), 200)}; {shown(str(fault))}."
            " Give example inputs as the module's own call takes them."
        ) from None
    named: dict[str, Any] = {}
    for key, value in found.items():
        kind = signature.parameters[key].kind
        if kind is inspect.Parameter.VAR_POSITIONAL:
            named |= {f"{key}.{number}": one for number, one in enumerate(value)}
        elif kind is inspect.Parameter.VAR_KEYWORD:
            named |= value
        else:
            named[key] = value
    return named


def leaves(value: Any, is_tensor: Callable[[Any], bool], name: str = "") -> Iterator[tuple[str, Any]]:
    """Every tensor in a nested value with its name, as ``past.0.1`` or ``logits``, each object once.

    >>> list(leaves({"a": [1, (2,)], "b": 3}, lambda value: isinstance(value, int)))
    [('a.0', 1), ('a.1.0', 2), ('b', 3)]
    """
    seen: set[int] = set()

    def walk(value: Any, name: str) -> Iterator[tuple[str, Any]]:
        if is_tensor(value):
            yield name, value
            return
        if isinstance(value, _PLAIN) or id(value) in seen:
            return
        seen.add(id(value))
        for key, one in _children(value):
            yield from walk(one, f"{name}.{key}" if name else str(key))

    yield from walk(value, name)


def mapped(value: Any, is_tensor: Callable[[Any], bool], function: Callable[[Any], Any]) -> Any:
    """The same nested value with each tensor replaced; nothing of the original is changed."""
    memo: dict[int, Any] = {}

    def walk(value: Any) -> Any:
        if is_tensor(value):
            return function(value)
        if isinstance(value, _PLAIN):
            return value
        if id(value) not in memo:
            memo[id(value)] = value  # a value that contains itself ends here
            memo[id(value)] = _rebuilt(value, walk)
        return memo[id(value)]

    return walk(value)


def _rebuilt(value: Any, walk: Callable[[Any], Any]) -> Any:
    if isinstance(value, tuple):
        items = [walk(one) for one in value]
        return type(value)(*items) if hasattr(value, "_fields") else tuple(items)
    if isinstance(value, list):
        return [walk(one) for one in value]
    if isinstance(value, dict):
        made = copy.copy(value)
        for key, one in value.items():
            made[key] = walk(one)
        return made
    children = _children(value)
    if not children:
        return value
    made = copy.copy(value)
    for key, one in children:
        object.__setattr__(made, key, walk(one))
    return made


def _children(value: Any) -> list[tuple[Any, Any]]:
    if isinstance(value, Mapping):
        return list(value.items())
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return list(zip(value._fields, value, strict=True))
    if isinstance(value, list | tuple):
        return list(enumerate(value))
    return list(getattr(value, "__dict__", {}).items())
