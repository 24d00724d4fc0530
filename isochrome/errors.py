"""What can go wrong, as one line each: where, what must hold, what was found, what to do."""

from __future__ import annotations

import unicodedata

__all__ = ["FormulaError", "IsochromeError", "ModelError", "RequestError", "shown", "visible"]


class IsochromeError(Exception):
    """A fault that a user can act on. ``str()`` is one line of text; the command line exits with code 2."""


class FormulaError(IsochromeError):
    """A formula that cannot be read, or whose sizes do not fit the shapes."""


class ModelError(IsochromeError):
    """A model file, or an attribute in it, that is not what it must be."""


class RequestError(IsochromeError):
    """A question about something that is not there: a layer, a place, a view."""


_INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def shown(text: str | bytes, limit: int = 80) -> str:
    r"""Text from a file as it may be shown: nothing invisible, nothing that reorders, never longer than ``limit``.

    >>> shown("conv\u202e1\n")
    'conv<U+202E>1<U+000A>'
    >>> shown("a" * 50 + "b" * 50, limit=11)
    'aaaaa…bbbbb'
    """
    if isinstance(text, bytes):
        text = text.decode("utf-8", "backslashreplace")
    half = (limit - 1) // 2
    long = len(text) > limit
    head, tail = (text[:half], text[-half:]) if long else (text, "")
    return visible(head) + ("…" if long else "") + visible(tail)


def visible(text: str) -> str:
    r"""The whole text with nothing invisible in it, and nothing that reorders.

    >>> visible("conv\u202e1\n")
    'conv<U+202E>1<U+000A>'
    """
    return "".join(f"<U+{ord(char):04X}>" if unicodedata.category(char) in _INVISIBLE else char for char in text)
