"""Cases that Python and TypeScript both run: relations with what is found in them, written to ui/test/vectors.json.

``python -m tests.vectors.shared`` writes the file; a test proves that it is what Python says today.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from isochrome.app.payload import relation_payload
from isochrome.core import relation as core

FILE = Path(__file__).parent.parent.parent / "ui" / "test" / "vectors.json"
Case = tuple[str, str, dict[str, tuple[int, ...]], dict[str, Any], int]

# name, line, shapes, tables, and the size of a component from which it is lazy (0: as in the product)
CASES: tuple[Case, ...] = (
    ("convolution with stride, dilation and padding in 2-D",
     "y[m, p, q] += w[m, c, u, v] * x[c, 2*p + u - 1, q + 2*v - 2]",
     {"y": (2, 3, 4), "w": (2, 2, 3, 2), "x": (2, 5, 4)}, {}, 0),
    ("groups", "y[3*g + m, p] += w[3*g + m, c, u] * x[2*g + c, p + u] where g < 2, m < 3",
     {"y": (6, 3), "w": (6, 2, 2), "x": (4, 4)}, {}, 0),
    ("transposed", "y[m, 2*p + u - 1] += w[c, m, u] * x[c, p]", {"y": (2, 6), "w": (2, 2, 3), "x": (2, 3)}, {}, 0),
    ("reflect", "y[p] += w[u] * x[reflect(p + u - 2)]", {"y": (5,), "w": (5,), "x": (5,)}, {}, 0),
    ("Toeplitz", "y[i] += w[i - j + 4] * x[j]", {"y": (5,), "w": (9,), "x": (5,)}, {}, 0),
    ("guarded", "y[t] += w[t, s] * x[s] where 0 <= t - s < 3", {"y": (5,), "w": (5, 5), "x": (5,)}, {}, 0),
    ("channel table", "y[to[k], p] += w[k, u] * x[of[k], p + u]", {"y": (3, 2), "w": (5, 2), "x": (4, 3)},
     {"to": [0, 0, 1, 2, 2], "of": [0, 1, 3, 2, 0]}, 0),
    ("a table with holes", "y[p] += x[win[p, u]] where u < 2", {"y": (3,), "x": (4,)},
     {"win": [[0, 1], [1, -1], [2, 3]]}, 0),
    ("pixel shuffle", "y[c, 2*p + u, 2*q + v] += x[4*c + 2*u + v, p, q] where u < 2, v < 2",
     {"y": (2, 4, 2), "x": (8, 2, 1)}, {}, 0),
    ("bias", "y[m, p] += b[m]", {"y": (2, 3), "b": (2,)}, {}, 0),
    ("one step", "y[m, p] += w[m, c, u] * x[c, p + u - 1]", {"y": (1, 1), "w": (1, 1, 3), "x": (1, 1)}, {}, 0),
    ("lazy causal", "y[m, t] += w[m, u] * x[t - u]", {"y": (2, 6), "w": (2, 6), "x": (6,)}, {}, 8),
    ("lazy with a guard and steps", "y[t] += w[u] * x[2*t - 3*u + 1] where 0 <= t - u < 4",
     {"y": (6,), "w": (4,), "x": (9,)}, {}, 8),
    ("lazy with a bounded output", "y[2*p + u - 1] += w[u] * x[p]", {"y": (6,), "w": (4,), "x": (4,)}, {}, 6),
)  # fmt: skip


@contextmanager
def lazy_from(rows: int) -> Iterator[None]:
    """Components of more rows than this are lazy."""
    before = core.LIMIT
    core.LIMIT = rows or before
    try:
        yield
    finally:
        core.LIMIT = before


def vector(case: Case, generator: random.Random) -> dict[str, Any]:
    """One case: the payload, its counts, and the taps at some places of every access."""
    name, text, shapes, tables, limit = case
    with lazy_from(limit):
        made = core.relation(text, shapes, {key: np.array(table) for key, table in tables.items()})
    fixes = []
    for number, shape in enumerate(made.shapes):
        places = list(product(*map(range, shape)))
        for place in generator.sample(places, min(5, len(places))):
            taps = made.fix({number: place})
            listed = [[None if one is None else list(one) for one in tap] for tap in taps.listed()]
            fixes.append(
                {"access": number, "place": list(place), "total": taps.total, "real": taps.real, "taps": listed}
            )
    counts = {"total": made.connections, "real": made.real_connections}
    return {"name": f"{name}: {text}", "payload": relation_payload(made), **counts, "fixes": fixes}


def written() -> str:
    """The file's text."""
    generator = random.Random(7)
    rows = [json.dumps(vector(case, generator), separators=(",", ":")) for case in CASES]
    return "[\n" + ",\n".join(rows) + "\n]\n"


if __name__ == "__main__":
    FILE.write_text(written())
