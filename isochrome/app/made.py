"""Where every input of a layer comes from, as one table: for a page that has no one to ask."""

from __future__ import annotations

import json
from itertools import chain, product, zip_longest
from math import prod
from typing import Any

from isochrome.ask.maker import makers
from isochrome.draw.scene import Scene
from isochrome.errors import RequestError, shown
from isochrome.model.parts import Layer, Model
from isochrome.model.places import main_line

__all__ = ["makers_table"]

MOST_INPUTS = 16_384


def makers_table(model: Model, layer: Layer) -> dict[str, Any]:
    """The makers of each input in order, the last axis fastest, as a row: the number of their kinds, then the first
    place of each maker; each number as the difference from the row before, so that the table is small when zipped.

    Raises RequestError where the layer reads no input, or more than should be followed one by one.

    >>> from isochrome.load import open_file
    >>> from isochrome.examples import example_path
    >>> model = open_file(example_path("photos")).model
    >>> found = makers_table(model, model.layer("conv2"))
    >>> found["shape"], [one["name"] for one in found["kinds"][0]], found["rows"][:3]
    ([8, 16, 16], ['conv1'], [[0, 0, 0, 0], [0, 0, 0, 2], [0, 0, 0, 2]])
    """
    axes = Scene(model, layer, main_line(layer), None).x
    if axes is None or prod(axes.shape) > MOST_INPUTS:
        raise RequestError(f"layer {shown(layer.name)}: must read 1 to {MOST_INPUTS:,} inputs for a table of makers")
    kinds: dict[str, int] = {}
    rows: list[list[int]] = []
    before: list[int] = []
    for place in product(*map(range, axes.shape)):
        found = [one.to_dict() for one in makers(model, layer, place)]
        first = [one.pop("places")[0] for one in found]
        kind = json.dumps([one | {"axes": len(at)} for one, at in zip(found, first, strict=True)])
        row = [kinds.setdefault(kind, len(kinds)), *chain(*first)]
        rows.append([number - last for number, last in zip_longest(row, before[: len(row)], fillvalue=0)])
        before = row
    return {"shape": list(axes.shape), "kinds": [json.loads(kind) for kind in kinds], "rows": rows}
