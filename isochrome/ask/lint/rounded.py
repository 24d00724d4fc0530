"""Which float tensor a quantised one was rounded from: told by numbers, within the step of the rounding."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from isochrome.ask.lint.equal import FEWEST, LEAST, Item, spread_places, turned_places
from isochrome.model.ties import Cell
from isochrome.model.values import Reader

__all__ = ["quantised", "rounded_from"]

_ENDING = "_quantized"
_PLACES = 1024
Floats = NDArray[np.float64]


def quantised(item: Item, by_name: Mapping[str, Cell], reader: Reader) -> Floats | None:
    """What a quantised tensor stands for at some places, with the step of each beside it; None if it is none.

    ONNX Runtime calls the three tensors ``w_quantized``, ``w_scale`` and ``w_zero_point``.
    """
    name = item.held.name.removesuffix(_ENDING)
    scale, zero = by_name.get(f"{name}_scale"), by_name.get(f"{name}_zero_point")
    if name == item.held.name or scale is None or zero is None or item.held.count < LEAST:
        return None
    parts = [reader.read_held(one.rows[0]) for one in (scale, zero)]
    places = spread_places(item.held.count, _PLACES)
    stored = item.reader.read_held_part(item.row, places)
    if stored is None or parts[0] is None or parts[1] is None or len(np.unique(stored)) < FEWEST:
        return None
    step, offset = (_at(part.ravel().astype(np.float64), item, places) for part in parts if part is not None)
    return None if step is None or offset is None else np.stack([step * (stored - offset), step])


def _at(part: Floats, item: Item, places: NDArray[np.int64]) -> Floats | None:
    """One number for the whole, or one for each place along an axis, at some places."""
    if part.size == 1:
        return np.full(len(places), part[0])
    axes = [axis for axis, size in enumerate(item.held.shape) if size == part.size]
    if not axes:
        return None
    found: Floats = part[np.unravel_index(places, item.held.shape)[axes[-1]]]
    return found


def rounded_from(item: Item, values: Floats, candidates: Sequence[Item]) -> tuple[Item, bool] | None:
    """The first float tensor that is this one but for rounding, and whether it is transposed."""
    places = spread_places(item.held.count, _PLACES)
    for one in candidates:
        if one.held.count != item.held.count or not one.held.dtype.startswith(("float", "bfloat")):
            continue
        for turned in (False, True):
            at = turned_places(places, one.held.shape, item.held.shape) if turned else places
            found = None if at is None else one.reader.read_held_part(one.row, at)
            if found is not None and bool((np.abs(found - values[0]) <= values[1]).all()):
                return one, turned
    return None
