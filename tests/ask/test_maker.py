"""Where an input comes from: the very neurons whose forward reach it is, in every layer of real models."""

from __future__ import annotations

from pathlib import Path

import pytest

from isochrome.app.api import OpenedModel, open_model
from isochrome.ask.maker import makers
from isochrome.errors import RequestError
from tests.app.networks import write_residual


@pytest.mark.parametrize("name", ["photos", "lenet5"])
def test_a_maker_reaches_what_it_made(name: str) -> None:
    opened = open_model(f"example:{name}")
    for layer in opened.model.layers[1:]:
        line = layer.weight_lines[0]
        shape = line.shape("x")[1:]
        for place in ((0,) * len(shape), tuple(size // 2 for size in shape), tuple(size - 1 for size in shape)):
            (found,) = makers(opened.model, layer, place)
            before = opened.model.layers[layer.number - 1]
            assert found.layer == before.number and found.name == before.name
            tensor = dict(line.inputs)["x"]
            for neuron in found.places:
                reached = opened[before.number].reach(neuron, to=tensor, forward=True).places
                assert any(all(at in axis for at, axis in zip(place, box[1:] if len(box) > len(place) else box,
                                                              strict=True)) for box in reached.boxes)  # fmt: skip


def test_a_sum_has_two_makers_and_the_first_layer_reads_the_input(tmp_path: Path) -> None:
    opened: OpenedModel = open_model(write_residual(tmp_path))
    found = makers(opened.model, opened.model.layer("r"), (3, 4, 5))
    assert [(one.name, one.places) for one in found] == [("b", ((3, 4, 5),)), ("stem", ((3, 4, 5),))]
    (image,) = makers(opened.model, opened.model.layer("stem"), (1, 4, 5))
    assert (image.layer, image.name, image.places, image.through) == (None, "image", ((1, 4, 5),), ())


def test_a_wrong_input_is_one_line() -> None:
    model = open_model("example:photos").model
    with pytest.raises(RequestError, match=r"^input of conv2: must be 3 whole numbers \(c 0 to 7, "):
        makers(model, model.layer("conv2"), (9, 0, 0))
