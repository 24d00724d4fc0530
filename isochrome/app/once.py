"""Work that several threads want at once is done by the first of them; the others wait for what it finds."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from concurrent.futures import Future
from threading import Lock
from typing import Generic, TypeVar

__all__ = ["Once"]

Kind = TypeVar("Kind")


class Once(Generic[Kind]):
    """What is being worked out just now, by name: each name once at a time, different ones side by side.

    >>> Once[int]()("three", lambda: 1 + 2)
    3
    """

    def __init__(self) -> None:
        self._doing: dict[Hashable, Future[Kind]] = {}
        self._lock = Lock()

    def __call__(self, name: Hashable, work: Callable[[], Kind]) -> Kind:
        """What the work finds. Raises what it raises, for all who wait; whoever comes after that tries again."""
        with self._lock:
            known = self._doing.get(name)
            mine = known or self._doing.setdefault(name, Future())
        if known is not None:
            return known.result()
        try:
            mine.set_result(work())
        except BaseException as fault:
            mine.set_exception(fault)
            raise
        finally:
            with self._lock:
                del self._doing[name]
        return mine.result()
