"""Who calls an operation: the module whose ``forward`` runs, which of its calls it is, and the user's own line."""

from __future__ import annotations

import os
import sys
from collections import Counter
from types import FrameType
from typing import Any

from isochrome.errors import shown
from isochrome.load.torch_tape import Site

__all__ = ["Whereabouts"]

_OURS = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_PASSED = {"contextlib.py", "functools.py"}


class Whereabouts:
    """Follows the calls of modules: :meth:`enter` and :meth:`leave` are hooks before and after each ``forward``."""

    def __init__(self, module: Any) -> None:
        self.calls: Counter[int] = Counter()
        self.site = Site()
        self._paths = {id(one): path for path, one in reversed(list(module.named_modules(remove_duplicate=False)))}
        self._stack: list[tuple[str, int, int]] = []

    @property
    def module(self) -> int | None:
        """The id of the module whose ``forward`` runs."""
        return self._stack[-1][2] if self._stack else None

    def enter(self, module: Any, args: Any) -> None:
        """A module is called; one that stands at no path counts as its caller."""
        self.calls[id(module)] += 1
        path, repeat, _ = self._stack[-1] if self._stack else ("", 1, 0)
        if id(module) in self._paths:
            path, repeat = self._paths[id(module)], self.calls[id(module)]
        self._stack.append((path, repeat, id(module)))

    def leave(self, module: Any, args: Any, result: Any) -> None:
        """A module gave back its result, or raised."""
        if self._stack and self._stack[-1][2] == id(module):
            self._stack.pop()

    def look(self, detached: bool) -> Site:
        """Where the program stands now; ``detached``: gradients are off there."""
        path, repeat, _ = self._stack[-1] if self._stack else ("", 1, 0)
        self.site = Site(path, repeat, _user_line(), detached)
        return self.site

    def of(self, fault: BaseException) -> str:
        """Where the user's program raised, as the end of a sentence: its line, and the module in it."""
        line = path = ""
        trace = fault.__traceback__
        while trace is not None:
            frame = trace.tb_frame
            path = self._paths.get(id(frame.f_locals.get("self")), path)
            if _is_users(frame):
                line = f" at {shown(os.path.basename(frame.f_code.co_filename))}:{trace.tb_lineno}"
            trace = trace.tb_next
        return line + (f" in {shown(path)}" if path else "")


def _is_users(frame: FrameType) -> bool:
    file = frame.f_code.co_filename
    return not (file.startswith(_OURS) or f"{os.sep}torch{os.sep}" in file or os.path.basename(file) in _PASSED)


def _user_line() -> str:
    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        if _is_users(frame):
            return f"{os.path.basename(frame.f_code.co_filename)}:{frame.f_lineno}"
        frame = frame.f_back
    return ""
