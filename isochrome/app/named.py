"""A live module by name: ``package.module:function``, a function that gives a module and its inputs."""

from __future__ import annotations

import importlib
import inspect
import os
import re
import sys
from collections.abc import Mapping
from typing import Any

from isochrome.errors import ModelError, shown

__all__ = ["is_named", "module_named"]

_NAME = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*(\.[^\W\d]\w*)*")


def is_named(text: str) -> bool:
    """Whether a text reads as ``package.module:function``.

    >>> is_named("nets.small:build"), is_named("example.onnx"), is_named("C:/nets:build")
    (True, False, False)
    """
    return _NAME.fullmatch(text) is not None


def module_named(text: str) -> tuple[Any, tuple[Any, ...], dict[str, Any]]:
    """The module behind a name, its inputs, and those by keyword. The current folder can be imported from.

    The function gives a module; or a module and inputs; or a module, a tuple of inputs and a dictionary of keywords.
    Raises ModelError in one line.
    """
    name = shown(text, 200)
    where, _, path = text.partition(":")
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    try:
        found: Any = importlib.import_module(where)
    except (Exception, SystemExit) as fault:
        raise ModelError(f"{name}: {shown(where)} must be importable; raised {_said(fault)}") from None
    for part in path.split("."):
        if not hasattr(found, part):
            raise ModelError(f"{name}: {shown(where)} must have {shown(path)}; it has no {shown(part)}")
        found = getattr(found, part)
    if callable(found) and not hasattr(found, "named_parameters") or isinstance(found, type):
        try:
            found = found()
        except (Exception, SystemExit) as fault:
            raise ModelError(f"{name}: must give a module; raised {_said(fault)}") from None
    module, args, keywords = _apart(found)
    if not hasattr(module, "named_parameters"):
        what = shown(type(module).__name__)
        raise ModelError(f"{name}: must give a torch.nn.Module, or one and its inputs; got {what}")
    return module, args, keywords


def _apart(found: Any) -> tuple[Any, tuple[Any, ...], dict[str, Any]]:
    """A module, its inputs and its keywords, from what a function of the user's gave."""
    if not isinstance(found, tuple) or not found:
        return found, (), {}
    module, *rest = found
    if len(rest) == 2 and isinstance(rest[0], tuple | list) and isinstance(rest[1], Mapping):
        return module, tuple(rest[0]), dict(rest[1])
    if len(rest) == 1 and isinstance(rest[0], tuple | list) and not _fits(module, (rest[0],), {}):
        return module, tuple(rest[0]), {}
    if len(rest) == 1 and isinstance(rest[0], Mapping) and _fits(module, (), rest[0]):
        return module, (), dict(rest[0])
    if len(rest) == 1 and isinstance(rest[0], tuple):
        return module, rest[0], {}
    return module, tuple(rest), {}


def _fits(module: Any, args: tuple[Any, ...], keywords: Mapping[str, Any]) -> bool:
    try:
        inspect.signature(module.forward).bind(*args, **keywords)
    except (TypeError, ValueError, AttributeError):
        return False
    return True


def _said(fault: BaseException) -> str:
    text = str(fault).strip().splitlines()
    return shown(f"{type(fault).__name__}: {text[0]}" if text else type(fault).__name__, 200)
