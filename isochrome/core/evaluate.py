"""Relation + arrays -> values: the oracle of the tests and the engine of typed formulas."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

import numpy as np
from numpy.typing import NDArray

from isochrome.core.component import Numbers
from isochrome.core.relation import Relation, Taps
from isochrome.errors import RequestError

__all__ = ["evaluate", "factor_values"]

_CHUNK = 1 << 20
Values = NDArray[np.float64]


def evaluate(relation: Relation, arrays: Mapping[str, NDArray[np.generic]]) -> Values:
    """The output: every tap's product, added up (or the largest, for ``max=``), in float64.

    A tap on padding adds 0, and is never the largest; an output that no tap reaches is 0, or -inf under ``max=``.

    >>> from isochrome.core.relation import relation
    >>> r = relation("y[p] += w[u] * x[p + u - 1]", {"x": (4,), "w": (3,)})
    >>> evaluate(r, {"w": np.array([1, 10, 100]), "x": np.array([1, 2, 3, 4])}).tolist()
    [210.0, 321.0, 432.0, 43.0]
    """
    for access, shape in zip(relation.formula.factors, relation.shapes[1:], strict=True):
        if access.name not in arrays or arrays[access.name].shape != shape:
            got = list(arrays[access.name].shape) if access.name in arrays else "none"
            raise RequestError(f"array {access.name}: must have shape {list(shape)}; got {got}")
    largest = relation.formula.reduce == "max"
    shape = relation.shapes[0]
    out = np.full(prod(shape), -np.inf if largest else 0.0)
    steps = np.array([prod(shape[axis + 1 :]) for axis in range(len(shape))], np.int64)
    taps = relation.everything
    for start in range(0, taps.total, _CHUNK):
        places = taps.places(start, start + _CHUNK)
        with np.errstate(invalid="ignore"):
            products = np.prod(factor_values(taps, places, arrays), axis=0)
        if largest:
            inside = [relation.inside(number, array) for number, array in enumerate(places)]
            products = np.where(np.all(inside, axis=0), products, -np.inf)
        (np.maximum if largest else np.add).at(out, places[0] @ steps, products)
    return out.reshape(shape)


def factor_values(taps: Taps, places: tuple[Numbers, ...], arrays: Mapping[str, NDArray[np.generic]]) -> Values:
    """The value of every factor at some taps, one row a factor; padding is 0, or -inf for ``max=``."""
    outside = -np.inf if taps.relation.formula.reduce == "max" else 0.0
    rows = []
    for number, access in enumerate(taps.relation.formula.factors, 1):
        inside = taps.relation.inside(number, places[number])
        at = tuple(np.where(inside[:, None], places[number], 0).T)
        empty = 0 in taps.relation.shapes[number]
        found = np.zeros(len(inside)) if empty else np.asarray(arrays[access.name])[at]
        rows.append(np.where(inside, found, outside).astype(np.float64))
    return np.stack(rows)
