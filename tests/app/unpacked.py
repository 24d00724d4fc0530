"""Packed answers read back, as the script in the file does it."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any

from isochrome.app.packing import FIRST, NUMBER, RECORD, STEPS, UNIT

__all__ = ["unpacked"]


def _column(text: str) -> list[str]:
    if not text.startswith(STEPS):
        return text.split(UNIT)
    last: dict[str, list[Decimal]] = {}

    def walked(value: str) -> str:
        steps = list(map(Decimal, NUMBER.findall(value)))
        before = last.get(NUMBER.sub(STEPS, value), [Decimal(0)] * len(steps))
        now = last[NUMBER.sub(STEPS, value)] = [number + step for number, step in zip(before, steps, strict=True)]
        given = iter([f"{number.normalize():f}" for number in now])
        return NUMBER.sub(lambda _: next(given), value)

    return [walked(value) for value in text[1:].split(UNIT)]


def unpacked(text: str) -> dict[str, Any]:
    """The answers of a text that ``pack`` made, by path."""
    index, *texts = text.split(RECORD)
    forms, paths, rows = json.loads(index)
    last: dict[tuple[int, int, int], int] = {}

    def read(number: int, field: list[int]) -> Any:
        how, *steps = field
        found = []
        for place, step in enumerate(steps):
            last[number, how, place] = step + last.get((number, how, place), 0)
            found.append(texts[last[number, how, place]])
        return (json.loads, _drawing, _table)[how](*found)

    def _drawing(shape: str, *columns: str) -> str:
        rest = iter(columns)
        left: dict[str, Any] = {}

        def following(part: re.Match[str]) -> str:
            name = part[1] or ">"
            if name not in left:
                left[name] = iter(_column(next(rest)))
            return f' {name}="{next(left[name])}"' if part[1] else f">{next(left[name])}"

        return re.sub(r' ([\w:-]+)=""|>', following, "<".join(forms[ord(one) - FIRST] for one in shape))

    def _table(head: str, *columns: str) -> dict[str, Any]:
        return {"head": json.loads(head), "rows": [list(row) for row in zip(*map(json.loads, columns), strict=True)]}

    found = {}
    for path, row in zip(paths, rows, strict=True):
        names, *fields = (read(number, field) for number, field in enumerate(row))
        found[path] = dict(zip(names, fields, strict=True))
    return found
