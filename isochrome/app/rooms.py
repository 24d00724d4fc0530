"""Other models that the page may go to: the examples and typed formulas, each opened when it is first asked for."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable
from math import prod
from threading import Lock

from isochrome.app.answers import Answers
from isochrome.app.api import OpenedModel, Run, open_model
from isochrome.app.once import Once
from isochrome.core.sizes import Shape
from isochrome.errors import RequestError, shown
from isochrome.examples import EXAMPLES, example_input

__all__ = ["Rooms", "open_room"]

KEPT = 6
"""How many are kept open; the one not asked for longest is closed first."""
LONGEST = 1000
MOST_ELEMENTS = 1_000_000
MOST_TAPS = 20_000_000
"""What a typed formula may hold: its values are computed here, for whoever has the page open."""


def open_room(text: str) -> tuple[OpenedModel, Run]:
    """The model of a room, ``example:NAME;SAMPLE`` or ``formula:LINE;x=3,5;w=3``, and one run of it.

    Raises RequestError in one line where there is none.

    >>> open_room("formula:y[p] += w[u] * x[p + u];x=7;w=3")[0].model.layers[0].output_shape
    (5,)
    """
    if len(text) > LONGEST:
        raise RequestError(f"formula: must have at most {LONGEST} characters; has {len(text)}")
    name, _, sample = text.removeprefix("example:").partition(";")
    if text.startswith("example:") and name in EXAMPLES:
        opened = open_model(f"example:{name}")
        return opened, opened.run({opened.model.inputs[0]: example_input(name, sample)})
    if text.startswith("picture:"):
        raise RequestError("picture: must be among the last ones; this one is no longer kept. Choose it again.")
    if not text.startswith("formula:"):
        raise RequestError(f"room {shown(text)}: must be example:NAME or formula:LINE;NAME=SIZES")
    line, *sizes = text.removeprefix("formula:").split(";")
    shapes = dict(_shape(part) for part in sizes if part.strip())
    opened = open_model(f"formula:{line.strip()}", shapes)
    relation = opened.model.layers[0].lines[0].relation
    if relation.connections > MOST_TAPS:
        raise RequestError(
            f"formula: must have at most {MOST_TAPS:,} connections to be computed here; has {relation.connections:,}. "
            "Make a size smaller."
        )
    return opened, opened.run()


def _shape(part: str) -> tuple[str, Shape]:
    found = re.fullmatch(r"\s*([A-Za-z_][A-Za-z_0-9]*)\s*=\s*([0-9]{1,7}(\s*,\s*[0-9]{1,7}){0,7})?\s*", part)
    if not found:
        raise RequestError(f"size {shown(part)}: must be a name and its sizes, like x=3,5")
    shape = tuple(int(size) for size in (found[2] or "").split(",") if size.strip())
    if prod(shape) > MOST_ELEMENTS:
        raise RequestError(f"size of {found[1]}: must be at most {MOST_ELEMENTS:,} elements; has {prod(shape):,}")
    return found[1], shape


class Rooms:
    """The rooms that are open, by what was asked for."""

    def __init__(self, opener: Callable[[str], tuple[OpenedModel, Run]] = open_room) -> None:
        self._opener = opener
        self._open: OrderedDict[str, Answers] = OrderedDict()
        self._lock = Lock()
        self._opening = Once[Answers]()
        self._made = 0

    def answers(self, text: str) -> Answers:
        """The answers about one room's model. Raises RequestError where there is no such room.

        While one room is being opened, the others answer.
        """
        return self._known(text) or self._opening(text, lambda: self._known(text) or self._opened(text))

    def _known(self, text: str) -> Answers | None:
        with self._lock:
            if text in self._open:
                self._open.move_to_end(text)
            return self._open.get(text)

    def _opened(self, text: str) -> Answers:
        made = Answers(*self._opener(text))
        with self._lock:
            self._open[text] = made
            while len(self._open) > KEPT:
                self._open.popitem(last=False)
        return made

    def put(self, kind: str, answers: Answers) -> str:
        """The name of a new room, which is closed like any other: it cannot be opened again."""
        with self._lock:
            self._made += 1
            self._open[f"{kind}:{self._made}"] = answers
            return f"{kind}:{self._made}"

    def encoded(self, text: str, path: str, query: str) -> bytes:
        """One answer about a room's model, as JSON."""
        return self.answers(text).encoded(path, query)
