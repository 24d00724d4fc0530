"""Resizing: every place of the output reads the nearest place of the input, or a weighted few around it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from isochrome.layers.check import choice, fault, listed, positives, ranked
from isochrome.layers.line import (
    LONGEST_TABLE,
    Integers,
    Numbers,
    Operation,
    Shape,
    access,
    letters,
    line,
    plain,
    table_name,
)
from isochrome.layers.mix import opaque

__all__ = ["resize"]

MODES = ("nearest", "linear", "cubic")
COORDINATES = (
    "half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners", "asymmetric", "tf_half_pixel_for_nn",
    "tf_crop_and_resize",
)  # fmt: skip
ROUNDINGS = ("round_prefer_floor", "round_prefer_ceil", "floor", "ceil", "simple")

Floats = NDArray[np.float32]


def resize(
    *,
    x: Shape,
    out: Sequence[int] | None = None,
    scales: Sequence[float] | None = None,
    mode: str = "nearest",
    coordinates: str = "half_pixel",
    nearest: str = "round_prefer_floor",
    cubic_a: float = -0.75,
    exclude_outside: bool = False,
    antialias: bool = False,
) -> Operation:
    """The input at another size: tables say which places are read, constants with how much.

    ``out`` or ``scales`` has a number for every axis; where both are there, ``scales`` says where to read. Positions
    are computed in float32, as runtimes do. ``simple`` rounds down when growing and up when shrinking.

    >>> made = resize(x=(1, 3, 2, 2), scales=(1, 1, 2, 1), coordinates="asymmetric", nearest="floor")
    >>> str(made.lines[0].formula), made.lines[0].tables[0][1].tolist()
    ('y[n, c, p, q] += x[n, c, rows[p], q]', [0, 0, 1, 1])
    """
    choice("mode", mode, MODES)
    choice("coordinate_transformation_mode", coordinates, COORDINATES)
    choice("nearest_mode", nearest, ROUNDINGS)
    y, steps = _sizes(x, out, scales)
    if antialias and mode != "nearest":
        return opaque(outputs=[y], reason="a resize with antialiasing")
    if coordinates == "tf_crop_and_resize":
        return opaque(outputs=[y], reason="a resize of a region that is data")
    if max(y) > LONGEST_TABLE:
        return opaque(outputs=[y], reason=f"a resize to more than {LONGEST_TABLE} places along an axis")
    loops = plain(len(x))
    same = x == y  # runtimes copy then, whatever the scales say
    fresh = iter(letters("taps", len(x)))
    indices: list[str] = list(loops)
    factors, where, shapes = [], [], {"y": y, "x": x}
    tables: dict[str, Integers] = {}
    constants: dict[str, Numbers] = {}
    for axis, (size, count, step, loop) in enumerate(zip(x, y, steps, loops, strict=True)):
        if same or (size == count and step == 1):
            continue
        name, at = table_name(axis, len(x)), _positions(size, count, step, coordinates)
        if mode == "nearest":
            tables[name] = _nearest(at, size, nearest, float(step))
            indices[axis] = access(name, loop)
            continue
        taps = _linear(at, size) if mode == "linear" else _cubic(at, size, cubic_a, exclude_outside)
        tables[name], constant = _compact(*taps)
        constants[f"k{loop}"], shapes[f"k{loop}"] = constant, constant.shape
        tap = next(fresh)
        where.append(f"{tap} < {constant.shape[1]}")
        factors.append(access(f"k{loop}", loop, tap))
        indices[axis] = access(name, loop, tap)
    factors.append(access("x", indices))
    made = line(access("y", loops), factors, shapes, {"x": "x"}, where=where, tables=tables, constants=constants)
    return Operation("resize", (made,), (y,))


def _sizes(x: Shape, out: Sequence[int] | None, scales: Sequence[float] | None) -> tuple[Shape, Floats]:
    rank = len(ranked("x", x, 1))
    if out is None and scales is None:
        raise fault("sizes or scales", "be given", "neither")
    if 0 in x:
        raise fault("x", "have no empty axis", f"shape {listed(x)}")
    if scales is not None and (len(scales) != rank or not all(0 < step < np.inf for step in scales)):
        raise fault("scales", f"hold {rank} positive numbers", list(scales))
    if out is not None:
        sizes = positives("sizes", out, rank)
        return sizes, np.asarray(scales if scales is not None else np.divide(sizes, x), np.float32)
    steps: Floats = np.asarray(scales, np.float32)
    with np.errstate(over="ignore"):
        grown = np.floor(np.asarray(x, np.float32) * steps)
    if not (np.isfinite(grown) & (grown >= 1)).all():
        raise fault("scales", "leave at least one place along every axis, and a number of them", list(scales or ()))
    return tuple(int(size) for size in grown), steps


def _positions(size: int, count: int, step: np.float32, coordinates: str) -> Floats:
    """Where in the input each place of the output lies."""
    p = np.arange(count, dtype=np.float32)
    half, one = np.float32(0.5), np.float32(1)
    if coordinates == "asymmetric":
        return p / step
    if coordinates == "tf_half_pixel_for_nn":
        return (p + half) / step
    if coordinates == "align_corners":
        return p * np.float32(size - 1) / np.float32(count - 1) if count > 1 else p
    if coordinates == "pytorch_half_pixel" and count == 1:
        return p * 0
    found: Floats = (p + half) / step - half
    if coordinates == "half_pixel_symmetric":
        found = found + np.float32(size) * half * (one - np.float32(count) / (step * np.float32(size)))
    return found


def _nearest(at: Floats, size: int, nearest: str, step: float) -> Integers:
    if nearest == "simple":
        nearest = "ceil" if step < 1 else "floor"
    half = np.float32(0.5)
    rounded = {
        "round_prefer_floor": np.ceil(at - half),
        "round_prefer_ceil": np.floor(at + half),
        "floor": np.floor(at),
        "ceil": np.ceil(at),
    }[nearest]
    found: Integers = np.clip(rounded.astype(np.int64), 0, size - 1)
    return found


def _linear(at: Floats, size: int) -> tuple[Integers, Numbers]:
    at = np.clip(at, 0, size - 1)
    low = np.floor(at).astype(np.int64)
    rest = (at - low).astype(np.float64)
    return np.stack([low, np.minimum(low + 1, size - 1)], 1), np.stack([1 - rest, rest], 1)


def _cubic(at: Floats, size: int, a: float, exclude_outside: bool) -> tuple[Integers, Numbers]:
    low = np.floor(at).astype(np.int64)
    places = low[:, None] + np.arange(-1, 3)
    far = np.abs(at.astype(np.float64)[:, None] - places)
    near = ((a + 2) * far - (a + 3)) * far * far + 1
    beyond = ((a * far - 5 * a) * far + 8 * a) * far - 4 * a
    share = np.where(far <= 1, near, beyond)
    if exclude_outside:
        share = np.where((0 <= places) & (places < size), share, 0)
        share = share / share.sum(1, keepdims=True)
    return np.clip(places, 0, size - 1), share


def _compact(places: Integers, shares: Numbers) -> tuple[Integers, Numbers]:
    """Each place read once, with its whole share; none with a share of zero. Rows are filled up with -1."""
    rows = []
    for at, share in zip(places.tolist(), shares.tolist(), strict=True):
        total: dict[int, float] = {}
        for place, amount in zip(at, share, strict=True):
            total[place] = total.get(place, 0.0) + amount
        rows.append([(place, amount) for place, amount in total.items() if amount])
    width = max(map(len, rows), default=1)
    full = [row + [(-1, 0.0)] * (width - len(row)) for row in rows]
    table = np.array([[place for place, _ in row] for row in full], np.int64).reshape(len(rows), width)
    constant = np.array([[amount for _, amount in row] for row in full], np.float64).reshape(len(rows), width)
    return table, constant
