"""What the playground says of each formula is what counting says."""

from __future__ import annotations

import re

import numpy as np
import pytest

from isochrome.app.playground import playground_record, sharing_of
from isochrome.examples.formulas import FORMULAS
from isochrome.model.typed import typed_model


@pytest.mark.parametrize("name", FORMULAS)
def test_the_words_of_the_gallery_are_counted(name: str) -> None:
    example = FORMULAS[name]
    line = typed_model(example.line, dict(example.shapes)).model.layers[0].lines[0]
    taps, real = {}, {}
    at = line.weight_number
    for tap in line.relation.fix({}).listed():
        taps[tap[at]] = taps.get(tap[at], 0) + 1
        real[tap[at]] = real.get(tap[at], 0) + all(place is not None for place in tap)
    record = playground_record(line)
    words = " ".join(record["words"])
    assert f"{len(taps):,}" in words
    least, most = min(real.values()), max(real.values())
    often = "once" if (least, most) == (1, 1) else f"{most:,} times" if least == most else f"{least:,} to {most:,} times"
    assert f"used {often}" in words
    neurons = int(np.prod(line.shape(line.formula.output.name)))
    assert sharing_of(line).each * neurons == sum(taps.values())
    each = re.search(r"A neuron has (?:on average )?([\d.]+) connections, not 18", words)
    assert (each is None) == (sum(taps.values()) == 18 * neurons)
    if each:
        assert float(each[1]) == pytest.approx(sum(taps.values()) / neurons, abs=0.05)
    (here,) = [row["name"] for row in record["gallery"] if row["here"]]
    assert here == name


def test_a_formula_without_a_weight_says_so() -> None:
    line = typed_model("y[p] += x[p + u] where u < 3", {"x": (7,)}).model.layers[0].lines[0]
    assert playground_record(line)["words"] == ["It has no weight, so none is shared."]
