"""What the page's questions are given: every part of a path and of a query is read and checked here, before its use."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qsl

from isochrome.core.relation import Place
from isochrome.draw.identity import LEVELS
from isochrome.draw.selection import Selection, selection
from isochrome.errors import RequestError, shown

__all__ = ["READERS", "Given", "needed", "read_query"]

LONGEST = 2000
MOST_LISTED = 10_000
FORMS = ("page", "file")

Given = Mapping[str, Any]


def read_query(query: str, keys: tuple[str, ...]) -> dict[str, Any]:
    """What a query gives, by its keys. Raises RequestError where it is malformed or names what is not asked for."""
    form = f"pairs like {keys[0]}=... joined by & (of {', '.join(keys)}), each once" if keys else "empty"
    try:
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=True, errors="strict", max_num_fields=16)
    except ValueError:
        raise RequestError(f"query {shown(query)}: must be {form}") from None
    given = dict(pairs)
    if len(query) > LONGEST or len(given) < len(pairs) or not set(given) <= set(keys):
        raise RequestError(f"query {shown(query)}: must be {form}")
    return {key: READERS[key](key, text) for key, text in given.items()}


def needed(given: Given, key: str) -> Any:
    """What must be given. Raises RequestError where it is not."""
    if key not in given:
        raise RequestError(f"{key}: must be given")
    return given[key]


def _number(key: str, text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise RequestError(f"{key}: must be a whole number; got {shown(text)}")
    return int(text)


def _about(key: str, text: str) -> int | None:
    """The number of a layer, None for the whole model."""
    return None if text == "model" else _number(key, text)


def _place(key: str, text: str) -> Place:
    if not re.fullmatch(r"([0-9]{1,9}(,[0-9]{1,9}){0,15})?", text):
        raise RequestError(f"{key}: must be a place such as 0,1,2; got {shown(text)}")
    return tuple(int(part) for part in text.split(",")) if text else ()


def _weight(key: str, text: str) -> tuple[str, Place]:
    number, found, place = text.partition(":")
    if not found:
        raise RequestError(f"{key}: must be PARAMETER:PLACE, such as 0:0,1,2; got {shown(text)}")
    return str(_number(key, number)), _place(key, place)


def _window(key: str, text: str) -> tuple[tuple[int, int], ...]:
    if not re.fullmatch(r"[0-9]{1,9}:[0-9]{1,9}(,[0-9]{1,9}:[0-9]{1,9}){0,7}", text):
        raise RequestError(f"{key}: must be parts such as 0:5,2:7; got {shown(text)}")
    parts = tuple((int(low), int(high)) for low, _, high in (part.partition(":") for part in text.split(",")))
    if any(low >= high for low, high in parts):
        raise RequestError(f"{key}: must begin before it ends; got {shown(text)}")
    return parts


def _selection(key: str, text: str) -> Selection:
    return selection(text)


def _limit(key: str, text: str) -> int:
    return min(_number(key, text), MOST_LISTED)


def _choice(*choices: str) -> Callable[[str, str], str]:
    def read(key: str, text: str) -> str:
        if text not in choices:
            raise RequestError(f"{key}: must be one of {', '.join(choices)}; got {shown(text)}")
        return text

    return read


def _yes(key: str, text: str) -> bool:
    return _choice("0", "1")(key, text) == "1"


def _text(key: str, text: str) -> str:
    return text


READERS: Mapping[str, Callable[[str, str], Any]] = MappingProxyType(
    {
        "index": _number, "about": _about, "view": _text, "level": _choice(*LEVELS), "i": _place, "j": _place,
        "w": _weight, "c": _number, "m": _number, "window": _window, "order": _choice("last"), "for": _choice(*FORMS),
        "limit": _limit, "to": _text, "forward": _yes, "fold": _yes, "many": _yes, "room": _number, "x": _place,
        "question": _text, "text": _text, "s": _selection, "edit": _text,
    }
)  # fmt: skip
"""What each part of a path, and each key of a query, is read by."""
