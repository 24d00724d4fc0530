"""A picture as JSON: its marks with keys and identities, legend and table; fields at their defaults are left out."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import MISSING, fields, is_dataclass
from typing import Any

from isochrome.draw.identity import text_on
from isochrome.draw.picture import Group, Mark, Picture
from isochrome.render.setting import Setting

__all__ = ["document", "legend_record"]


def document(pictures: Sequence[Picture], setting: Setting) -> bytes:
    """The picture as one JSON document in ASCII, several as its ``frames``, with the command that made them.

    Every coloured mark has its ``identity`` and its ``colour``.
    """
    records = [_record(picture) for picture in pictures]
    record = records[0] if len(records) == 1 else {"frames": records}
    made = {"command": setting.command} if setting.command else {}
    return (json.dumps(record | made, ensure_ascii=True, separators=(",", ":"), allow_nan=False) + "\n").encode()


def _record(picture: Picture) -> dict[str, Any]:
    return {
        "title": picture.title,
        "subtitle": picture.subtitle,
        "formula": picture.formula,
        "description": picture.description,
        "level": picture.level,
        "width": _plain(picture.width),
        "height": _plain(picture.height),
        "window": picture.window,
        "legend": legend_record(picture),
        "marks": [_mark_record(mark, picture) for mark in picture.marks],
        "notes": list(picture.notes),
        "table": {"head": list(picture.table.head), "rows": [list(row) for row in picture.table.rows]},
    }


def legend_record(picture: Picture) -> dict[str, Any]:
    """The legend as plain data, each chip with its colour and the text colour that can be read on it."""
    legend = picture.legend
    chips = []
    for chip in legend.chips:
        colour = picture.colouring.colour(chip.identity)
        on = None if colour is None else text_on(colour)
        chips.append({"id": chip.identity, "colour": colour, "on": on, "label": chip.label, "value": chip.value})
    words = {name: getattr(legend, name) for name in ("level", "title", "coloured", "count")}
    return {**words, "chips": chips}


def _mark_record(mark: Mark, picture: Picture) -> dict[str, Any]:
    record = {"mark": type(mark).__name__.lower(), **_changed(mark)}
    if isinstance(mark, Group):
        record["marks"] = [_mark_record(inner, picture) for inner in mark.marks]
    colour = picture.colouring.colour(getattr(mark, "identity", None))
    return {**record, "colour": colour} if colour is not None else record


def _changed(value: Any) -> dict[str, Any]:
    return {
        field.name: _plain(getattr(value, field.name))
        for field in fields(value)
        if field.default is MISSING or getattr(value, field.name) != field.default
    }


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return _changed(value)
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    if isinstance(value, float):
        return int(value) if value == int(value) else round(value, 2)
    return value
