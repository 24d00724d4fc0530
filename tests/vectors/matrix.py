"""Matrices that Python and TypeScript both draw: counts and ink under pixels, what stands at entries.

``python -m tests.vectors.matrix`` writes ui/test/matrix.json; a test proves that it is what Python says today.
"""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from isochrome.app.payload import relation_payload
from isochrome.core import relation as core
from isochrome.core.component import Numbers
from isochrome.draw.views.codes import Named, codes
from isochrome.draw.views.dense import Dense, dense
from isochrome.draw.views.ink import connections_under, density, evenly, ink, whole_blocks
from tests.vectors.shared import CASES, Case, lazy_from

FILE = Path(__file__).parent.parent.parent / "ui" / "test" / "matrix.json"

# Larger ones, at a zoom where pixels cover many entries of several blocks.
LARGE: tuple[Case, ...] = (
    ("a large convolution", "y[m, p, q] += w[m, c, u, v] * x[c, p + u - 1, q + v - 1]",
     {"y": (64, 28, 28), "w": (64, 32, 3, 3), "x": (32, 28, 28)}, {}, 0),
    ("AlexNet's first", "y[m, p, q] += w[m, c, u, v] * x[c, 4*p + u, 4*q + v]",
     {"y": (96, 55, 55), "w": (96, 3, 11, 11), "x": (3, 227, 227)}, {}, 0),
    ("depthwise", "y[g, p] += w[g, u] * x[g, p + u - 1]", {"y": (40, 25), "w": (40, 3), "x": (40, 25)}, {}, 0),
    ("three positions", "y[m, p, q, r] += w[m, c, u, v, s] * x[c, p + u, 2*q + v, r + 3*s]",
     {"y": (3, 4, 5, 6), "w": (3, 2, 2, 3, 2), "x": (2, 5, 11, 9)}, {}, 0),
    ("fully connected", "y[o] += w[o, i] * x[i]", {"y": (300,), "w": (300, 500), "x": (500,)}, {}, 0),
    ("one step, one entry", "y[m] += w[m, c] * x[c]", {"y": (1,), "w": (1, 1), "x": (1,)}, {}, 0),
    ("lazy and long", "y[t] += w[u] * x[t - u]", {"y": (5000,), "w": (700,), "x": (5000,)}, {}, 1000),
)  # fmt: skip


def vector(case: Case, generator: random.Random) -> dict[str, Any]:
    """One case: the payload, and the matrix in two orders of its axes."""
    name, text, shapes, tables, limit = case
    with lazy_from(limit):
        made = core.relation(text, shapes, {key: np.array(table) for key, table in tables.items()})
    number = next(place for place, access in enumerate(made.formula.accesses) if access.name == "x")
    orders = [[list(range(len(made.shapes[place]))) for place in (0, number)] for _ in range(2)]
    for order in orders[1]:
        generator.shuffle(order)
    views = [_view(made, dense(made, rows, (number, columns)), rows, columns, number, generator)
             for rows, columns in orders]  # fmt: skip
    return {"name": f"{name}: {text}", "payload": relation_payload(made), "views": views}


def _view(
    made: core.Relation,
    matrix: Dense,
    rows: Sequence[int],
    columns: Sequence[int],
    number: int,
    generator: random.Random,
) -> dict[str, Any]:
    cuts = [_cuts(matrix.rows.total, 31, generator), _cuts(matrix.columns.total, 43, generator)]
    shape = [[made.shapes[0][axis] for axis in rows], [made.shapes[number][axis] for axis in columns]]
    blocks = [whole_blocks(shape[0], 20), whole_blocks(shape[1], 24)]
    counts = [connections_under(matrix, *both) for both in (cuts, blocks)]
    full = max(1.0, float(density(counts[1], *blocks).max(initial=0)))
    places = [_places(side.total, most, generator) for side, most in ((matrix.rows, 24), (matrix.columns, 40))]
    named = _named(made, number, generator)
    few = [both[:8] for both in places]
    return {
        "layout": {"rows": rows, "access": number, "columns": columns},
        "cuts": [both.tolist() for both in cuts],
        "counts": counts[0].reshape(-1).tolist(),
        "ink": _text(ink(counts[0], *cuts)),
        "shape": shape,
        "blocks": [both.tolist() for both in blocks],
        "full": full,
        "minimap": _text(ink(counts[1], *blocks, full)),
        "places": [both.tolist() for both in places],
        "identities": [{"access": one.number, "axes": list(one.axes), "place": list(one.place)} for one in named],
        "codes": _text(codes(matrix, *places, named)),
        "weights": [
            _weight(made, matrix, (rows, columns), number, row, column)
            for row in few[0].tolist()
            for column in few[1].tolist()
        ],
    }


def _cuts(total: int, pixels: int, generator: random.Random) -> Numbers:
    """Even pixels over a part of the matrix that begins and ends amid an entry."""
    low = generator.random() * total / 3
    return evenly(low, generator.uniform(0.3, 1) * (total - low) / pixels, min(pixels, total), total)


def _places(total: int, most: int, generator: random.Random) -> Numbers:
    start = generator.randrange(max(1, total - most + 1))
    return np.arange(start, min(start + most, total))


def _named(made: core.Relation, number: int, generator: random.Random) -> list[Named]:
    """Up to nine identities of a tensor, by some of its axes; one of them may be nowhere."""
    access = generator.randrange(len(made.shapes))
    shape = made.shapes[access]
    axes = tuple(sorted(generator.sample(range(len(shape)), generator.randint(0, len(shape)))))
    found = {tuple(generator.randrange(shape[axis]) for axis in axes): None for _ in range(60)}
    return [Named(access, axes, place) for place in [*found][:9]]


def _weight(
    made: core.Relation, matrix: Dense, axes: tuple[Sequence[int], Sequence[int]], number: int, row: int, column: int
) -> int:
    """The flat place of the one factor besides x between a row and a column; -1 without any, -2 with several."""
    places: dict[int, list[int]] = {}
    for access, order, side, flat in ((0, axes[0], matrix.rows, row), (number, axes[1], matrix.columns, column)):
        places[access] = [0] * len(made.shapes[access])
        for axis, index in zip(order, side.indices(np.array([flat])), strict=True):
            places[access][axis] = int(index[0])
    taps = [tap for tap in made.fix(places).listed() if None not in tap]
    if len(taps) != 1:
        return -2 if taps else -1
    return int(np.ravel_multi_index(taps[0][1] or (), made.shapes[1]))  # type: ignore[arg-type]


def _text(values: np.ndarray[Any, np.dtype[np.uint8]]) -> str:
    return base64.b64encode(values.tobytes()).decode()


def written() -> str:
    """The file's text."""
    generator = random.Random(11)
    rows = [json.dumps(vector(case, generator), separators=(",", ":"))
            for case in (*(case for case in CASES if "* x" in case[1]), *LARGE)]  # fmt: skip
    return "[\n" + ",\n".join(rows) + "\n]\n"


if __name__ == "__main__":
    FILE.write_text(written())
