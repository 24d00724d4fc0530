"""What the page is told of a line's dense matrix: which axes make rows and columns."""

from __future__ import annotations

from typing import Any

from isochrome.draw.scene import Axes, Scene
from isochrome.draw.views.matrix_order import Order, columns_of, rows_of

__all__ = ["matrix_payload"]


def matrix_payload(seen: Scene) -> dict[str, Any] | None:
    """Rows and columns of a line; None where it multiplies no input, so that there are no columns."""
    if seen.x is None:
        return None
    rows, columns = rows_of(seen), columns_of(seen)
    return {
        "rows": _side(rows, rows_of(seen, channel_last=True), seen.y),
        "columns": _side(columns, columns_of(seen, channel_last=True), seen.x),
        "access": columns.number,
    }


def _side(order: Order, last: Order, axes: Axes) -> dict[str, Any]:
    return {
        "order": list(order.order),
        "last": list(last.order),
        "words": [order.word(axis) for axis in range(len(axes.shape))],
    }
