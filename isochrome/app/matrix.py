"""What the page is told of a line's dense matrix: which axes make rows and columns, and where identities are read."""

from __future__ import annotations

from typing import Any

from isochrome.draw.scene import Axes, Scene
from isochrome.draw.views.matrix_order import Order, columns_of, rows_of

__all__ = ["matrix_payload"]


def matrix_payload(seen: Scene) -> dict[str, Any] | None:
    """Rows, columns and levels of a line; None where it multiplies no input, so that there are no columns.

    A level is an access and the axes whose place is the identity; axes are counted without the batch.
    """
    if seen.x is None:
        return None
    rows, columns = rows_of(seen), columns_of(seen)
    levels = {
        "weight": (seen.line.weight_number, range(len(seen.w.shape))),
        "tap": (seen.line.weight_number, seen.w.of("tap")),
        "filter": (0, seen.y.of("filter", "group") if seen.has_own_filter else ()),
        "channel": (columns.number, seen.x.of("channel", "group")),
    }
    found: dict[str, list[Any]] = {name: [number, list(axes)] for name, (number, axes) in levels.items() if len(axes)}
    return {
        "rows": _side(rows, rows_of(seen, channel_last=True), seen.y),
        "columns": _side(columns, columns_of(seen, channel_last=True), seen.x),
        "access": columns.number,
        "levels": found | {"parameter": [seen.line.weight_number, []]},
    }


def _side(order: Order, last: Order, axes: Axes) -> dict[str, Any]:
    return {
        "order": list(order.order),
        "last": list(last.order),
        "words": [order.word(axis) for axis in range(len(axes.shape))],
    }
