"""Convolution arithmetic: every named case against PyTorch, and every sentence of its caption against brute force."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest
import torch
import torch.nn.functional as nn

from isochrome.app.api import open_model
from isochrome.app.pictures import draw
from isochrome.draw.picture import Cell, Picture
from isochrome.draw.views.sliding import taps_per_neuron
from isochrome.errors import RequestError
from isochrome.examples.arithmetic import CASES, PREFIX
from isochrome.model.typed import TypedModel
from isochrome.render.svg import svg
from tests.draw.readback import law_of_colour

Array = np.ndarray
Torch = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def _conv(**settings: object) -> Torch:
    return lambda x, w: nn.conv2d(x[None, None], w[None, None], **settings)[0, 0]  # type: ignore[arg-type]


def _transposed(**settings: object) -> Torch:
    return lambda x, w: nn.conv_transpose2d(x[None, None], w[None, None], **settings)[0, 0]  # type: ignore[arg-type]


def _folded(mode: str) -> Torch:
    return lambda x, w: nn.conv2d(nn.pad(x[None, None], (1, 1, 1, 1), mode=mode), w[None, None])[0, 0]


FRAMEWORK: dict[str, Torch] = {
    "no-padding": _conv(),
    "arbitrary-padding": _conv(padding=2),
    "half-padding": _conv(padding="same"),
    "full-padding": _conv(padding=2),
    "strides": _conv(stride=2),
    "padding-strides": _conv(stride=2, padding=1),
    "padding-strides-odd": _conv(stride=2, padding=1),
    "no-padding-transposed": _transposed(),
    "arbitrary-padding-transposed": _transposed(padding=2),
    "half-padding-transposed": _transposed(padding=1),
    "full-padding-transposed": _transposed(padding=2),
    "strides-transposed": _transposed(stride=2),
    "padding-strides-transposed": _transposed(stride=2, padding=1),
    "padding-strides-odd-transposed": _transposed(stride=2, padding=1, output_padding=1),
    "dilation": _conv(dilation=2),
    "numeric": _conv(),
    "numeric-padding-strides": _conv(stride=2, padding=1),
    "average-pooling": lambda x, w: nn.avg_pool2d(x[None], 3, 1)[0],
    "max-pooling": lambda x, w: nn.max_pool2d(x[None], 3, 1)[0],
    "non-square": _conv(stride=(1, 2), padding=(0, 1)),
    "one-dimensional": lambda x, w: nn.conv1d(x[None, None], w[None, None], stride=2, padding=1)[0, 0],
    "three-dimensional": lambda x, w: nn.conv3d(x[None, None], w[None, None])[0, 0],
    "channels": lambda x, w: nn.conv2d(x[None], w)[0],
    "groups": lambda x, w: nn.conv2d(x[None], w, groups=2)[0],
    "depthwise": lambda x, w: nn.conv2d(x[None], w[:, None], padding=1, groups=3)[0],
    "asymmetric-padding": lambda x, w: nn.conv2d(nn.pad(x[None, None], (0, 1, 2, 0)), w[None, None])[0, 0],
    "output-padding": _transposed(stride=2, output_padding=1),
    "transposed-dilation": _transposed(stride=2, dilation=2),
    "transposed-one-dimensional": lambda x, w: nn.conv_transpose1d(x[None, None], w[None, None], stride=2)[0, 0],
    "circular-padding": _folded("circular"),
    "reflect-padding": _folded("reflect"),
    "causal": lambda x, w: nn.conv1d(nn.pad(x[None, None], (2, 0)), w[None, None])[0, 0],
}


def typed(name: str) -> TypedModel:
    file = open_model(PREFIX + name).file
    assert isinstance(file, TypedModel)
    return file


def numbers(name: str) -> tuple[Array, Array, Array]:
    """Input, weights (none: empty) and output of a case."""
    file = typed(name)
    return file.arrays["x"], file.arrays.get("w", np.zeros(0)), file.fetch(["y"])["y"]


def neurons(name: str) -> list[tuple[int, ...]]:
    return list(np.ndindex(*numbers(name)[2].shape))


def picture(name: str, view: str, neuron: tuple[int, ...], level: str = "weight") -> Picture:
    return draw(open_model(PREFIX + name), 0, view, level, neuron=neuron).picture


def test_there_are_the_nineteen_cases_and_what_they_leave_out() -> None:
    assert list(CASES) == list(FRAMEWORK) and len(CASES) > 19
    assert list(CASES).index("max-pooling") == 18


@pytest.mark.parametrize("name", CASES)
def test_a_case_is_what_the_framework_calls_so(name: str) -> None:
    x, w, y = numbers(name)
    found = FRAMEWORK[name](torch.tensor(x), torch.tensor(w)).numpy()
    assert found.shape == y.shape
    assert np.allclose(found, y, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", CASES)
def test_a_case_without_its_name_is_the_same_line(name: str) -> None:
    case = CASES[name]
    if case.constants:
        return
    opened = open_model(f"formula:{case.formula}", dict(case.shapes))
    assert opened.model.layers[0].lines[0].shapes == open_model(PREFIX + name).model.layers[0].lines[0].shapes


def _ones(name: str) -> Array:
    """How many taps on real input every neuron has, by the framework: everything is 1."""
    x, w, _ = numbers(name)
    if name in ("average-pooling", "max-pooling"):
        return nn.avg_pool2d(torch.ones_like(torch.tensor(x))[None], 3, 1, divisor_override=1)[0].numpy()
    return FRAMEWORK[name](torch.ones(x.shape), torch.ones(w.shape)).numpy()


@pytest.mark.parametrize("name", CASES)
def test_taps_are_counted_as_ones_count_them(name: str) -> None:
    relation = typed(name).relation
    wanted = Counter(np.rint(_ones(name)).astype(int).reshape(-1).tolist())
    assert taps_per_neuron(relation, real=True) == dict(sorted(wanted.items()))
    taps = Counter(relation.fix({0: place}).total for place in neurons(name))
    assert taps_per_neuron(relation) == dict(sorted(taps.items()))


@pytest.mark.parametrize("name", CASES)
def test_the_window_shows_the_taps_of_its_neuron(name: str) -> None:
    for neuron in (neurons(name)[0], neurons(name)[len(neurons(name)) // 2], neurons(name)[-1]):
        drawn = picture(name, "window", neuron)
        law_of_colour(svg(drawn))
        file = typed(name)
        wanted = Counter(
            (None if "w" not in file.arrays else tap[1], tap[-1]) for tap in file.relation.fix({0: neuron}).listed()
        )
        marks = [mark for mark in drawn.marks if isinstance(mark, Cell) and mark.keys.y and mark.keys.w]
        found = Counter((mark.keys.w[0], mark.keys.x[0] if mark.keys.x else None) for mark in marks)
        assert found == ({} if "w" not in file.arrays else wanted)
        assert [row[0] for row in drawn.table.rows] == [",".join(map(str, neuron))] * sum(wanted.values())


@pytest.mark.parametrize("name", [name for name in CASES if "pooling" not in name])
def test_the_overlap_shows_how_many_taps_reach_each_neuron(name: str) -> None:
    first = neurons(name)[0]
    drawn = picture(name, "overlap", first)
    assert law_of_colour(svg(drawn))
    ones = np.rint(_ones(name)).astype(int)
    for place, _, real, used in drawn.table.rows:
        neuron = tuple(map(int, place.split(",")))
        assert int(real) == ones[neuron]
        assert bool(used) == (ones[neuron] > 0)


SIZES = re.compile(r"([\d() +−×÷]+) = (\d+)")


@pytest.mark.parametrize("name", CASES)
def test_the_arithmetic_of_sizes_is_true_as_printed(name: str) -> None:
    y = numbers(name)[2]
    notes = picture(name, "window", neurons(name)[0]).notes
    told = next(note for note in notes if note.startswith("Output size: "))
    sums = SIZES.findall(told.removeprefix("Output size: "))
    for left, right in sums:
        value = eval(left.replace("−", "-").replace("×", "*").replace("÷", "/"), {"__builtins__": {}})
        assert value == int(right), told
    sizes = [int(right) for _, right in sums]
    positions = y.shape[-3:] if name == "three-dimensional" else y.shape[-1:] if "dimensional" in name else y.shape[-2:]
    positions = y.shape if name == "causal" else positions
    assert sizes == list(positions) or (len(sizes) == 1 and set(positions) == set(sizes))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("half-padding", "Padding: 1 before and 1 after along each axis."),
        ("padding-strides-odd", "Padding: 1 before and 0 after along each axis."),
        ("asymmetric-padding", "Padding: 2 before and 0 after along rows and 0 before and 1 after along columns."),
        ("padding-strides-odd-transposed", "Cut off: 1 before and 0 after along each axis."),
        ("output-padding", "No input reaches the last row and the last column of the output."),
        ("output-padding", "15 of 64 neurons are reached by no input."),
        ("circular-padding", "Circular padding, read from the input itself: 1 before and 1 after along each axis."),
        ("dilation", "Each neuron reads a window of 3×3 inputs (2 apart, over 5×5); from one neuron to the next it moves by 1."),
        ("average-pooling", "k is ≈0.111 at every tap: a constant, no weight."),
        ("causal", "Padding: 2 before and 0 after."),
    ],
)
def test_captions_say_what_is_there(name: str, words: str) -> None:
    assert words in " ".join(picture(name, "window", neurons(name)[0]).notes)


def test_pooling_has_no_weight_and_no_colour() -> None:
    drawn = picture("max-pooling", "window", (1, 1))
    assert drawn.legend.title == "Nothing is coloured: the line has no weight"
    assert law_of_colour(svg(drawn)) == {}
    for view in ("arithmetic", "connections", "kernel", "overlap", "matrix", "bank", "volume", "baselines"):
        with pytest.raises(RequestError, match=f"^view {view} of max-pooling: its formula has no weight$"):
            picture("max-pooling", view, (1, 1))


def test_an_unknown_case_is_told() -> None:
    with pytest.raises(RequestError, match=r"^example:arithmetic/valid: must be one of no-padding, .*\. Choose one\.$"):
        open_model("example:arithmetic/valid")
