"""A module's attributes as they were before: what ``forward`` assigns, appends or deletes is undone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import FunctionType, MethodType, ModuleType
from typing import Any

__all__ = ["kept_as_it_was"]

_MOST = 100_000  # objects that are remembered
_PLAIN = frozenset((str, bytes, int, float, complex, bool, type(None), type, FunctionType, MethodType, ModuleType))


@contextmanager
def kept_as_it_was(module: Any) -> Iterator[None]:
    """Everything reachable from the module's own attributes holds, after the block, what it held before."""
    kept = _contents(module)
    try:
        yield
    finally:
        for value, before in kept:
            _restore(value, before)


def _contents(module: Any) -> list[tuple[Any, Any]]:
    kept: list[tuple[Any, Any]] = []
    todo, seen = [module], set()
    while todo and len(kept) < _MOST:
        value = todo.pop()
        if id(value) in seen or isinstance(value, type) or hasattr(value, "untyped_storage"):
            continue
        seen.add(id(value))
        if isinstance(value, dict):
            kept.append((value, dict(value)))
            todo += _parts(value.values())
        elif isinstance(value, list):
            kept.append((value, list(value)))
            todo += _parts(value)
        elif isinstance(value, set):
            kept.append((value, set(value)))
        elif isinstance(value, tuple):
            todo += _parts(value)
        attributes = getattr(value, "__dict__", None)
        if isinstance(attributes, dict):
            todo.append(attributes)
    return kept


def _parts(values: Iterable[Any]) -> list[Any]:
    return [value for value in values if type(value) not in _PLAIN]


def _restore(value: Any, before: Any) -> None:
    if isinstance(value, list):
        if len(value) != len(before) or any(one is not other for one, other in zip(value, before, strict=True)):
            value[:] = before
    elif isinstance(value, set):
        if value != before:
            value.clear()
            value.update(before)
    elif list(value) != list(before) or any(value[key] is not before[key] for key in before):
        value.clear()
        value.update(before)
