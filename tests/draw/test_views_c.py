"""Gradient and unrolled: areas and sums are the answer's own, one colour is one weight, and nothing is cut."""

from __future__ import annotations

from functools import cache

import pytest
import torch
from torch import Tensor, nn

from isochrome.app.api import OpenedModel, Run, open_live, open_model
from isochrome.app.pictures import draw
from isochrome.draw.identity import LEVELS
from isochrome.draw.layout import ROLES, text_width
from isochrome.draw.picture import Cell, Dot, Edge, Label, Outline, Picture, Rect
from isochrome.draw.scene import Scene, scene
from isochrome.draw.views import gradient, unrolled
from isochrome.errors import RequestError
from isochrome.render.svg import svg
from tests.draw.readback import law_of_colour


class Twice(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv, self.head = nn.Conv2d(2, 2, 3, padding=1), nn.Linear(2, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.conv(torch.relu(self.conv(x))).mean((2, 3)))


class Tied(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed, self.head, self.back = nn.Embedding(7, 4), nn.Linear(4, 7, bias=False), nn.Linear(7, 4, bias=False)
        self.head.weight = self.embed.weight
        self.back.weight.data = self.embed.weight.data.t()

    def forward(self, ids: Tensor) -> Tensor:
        return self.head(self.back(self.head(self.embed(ids))))


LIVE = {
    "twice": lambda: (Twice(), torch.arange(64.0).sin().reshape(2, 2, 4, 4)),
    "tied": lambda: (Tied(), torch.tensor([[1, 2, 1]])),
    "lstm": lambda: (nn.LSTM(3, 4), torch.arange(15.0).sin().reshape(5, 1, 3)),
}
TYPED = "formula:y[t, i] += w[i, j] * x[t, j] where t<7, i<3, j<3"
CASES = [("gradient", "example:stanford", "conv"), ("gradient", "example:photos", "conv1"), ("gradient", "twice", "conv#2"),
         ("gradient", "lstm", "0"), ("gradient", TYPED, "formula"), ("unrolled", TYPED, "formula"),
         ("unrolled", "twice", "conv"), ("unrolled", "tied", "back"), ("unrolled", "lstm", "0"),
         ("unrolled", "example:stanford", "conv")]  # fmt: skip


@cache
def opened(name: str) -> tuple[OpenedModel, Run]:
    torch.manual_seed(0)
    if name in LIVE:
        module, *inputs = LIVE[name]()
        model = open_live(module, inputs)
    else:
        model = open_model(name)
    return model, model.run()


def seen(model: str, layer: str, level: str = "weight") -> Scene:
    found, run = opened(model)
    return scene(found.model, found.model.layer(layer), run.values, level)


def picture(view: str, model: str, layer: str, level: str = "weight") -> Picture:
    made = {"gradient": gradient, "unrolled": unrolled}[view].VIEW.draw(seen(model, layer, level))
    assert isinstance(made, Picture)
    return made


def of_kind(made: Picture, kind: type) -> list:
    return [mark for mark in made.marks if isinstance(mark, kind)]


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize(("view", "model", "layer"), CASES)
def test_one_colour_is_one_identity(view: str, model: str, layer: str, level: str) -> None:
    made = picture(view, model, layer, level)
    for theme in ("light", "dark"):
        law_of_colour(svg(made, theme))


@pytest.mark.parametrize(("view", "model", "layer"), CASES)
def test_nothing_is_cut_or_outside(view: str, model: str, layer: str) -> None:
    made = picture(view, model, layer)
    for label in of_kind(made, Label):
        size, bold, mono, _ = ROLES[label.role]
        wide = text_width(label.text, label.size or size, bold if label.bold is None else label.bold, mono)
        left = label.x - {"start": 0, "middle": wide / 2, "end": wide}[label.anchor]
        if not label.turn:
            assert -1 <= left and left + wide <= made.width + 1, label.text
        assert 0 <= label.y <= made.height + 1, label.text
    for cell in of_kind(made, Cell):
        assert 0 <= cell.x and cell.x + cell.width <= made.width and cell.y + cell.height <= made.height


@pytest.mark.parametrize(("model", "layer"), [case[1:] for case in CASES if case[0] == "gradient"])
def test_areas_are_the_terms_and_hollow_ones_negative(model: str, layer: str) -> None:
    made, (found, run) = picture("gradient", model, layer), opened(model)
    squares = [mark for mark in of_kind(made, Rect) if mark.identity is not None]
    assert squares
    ratios = []
    number = found.model.layer(layer).number
    answers = {}
    for square in squares:
        weight, neuron = square.keys.w[0], square.keys.y[0]
        answer = answers.setdefault(weight, run.gradient(layer, weight, str(square.keys.parameter)))
        term = sum(term.product for term in answer.terms if term.y == neuron and term.number == number)
        assert square.hollow == (term < 0)
        ratios.append(square.width**2 / abs(term))
    assert max(ratios) == pytest.approx(min(ratios), rel=1e-6)


def test_the_printed_sum_is_the_gradient() -> None:
    made = picture("gradient", "example:stanford", "conv")
    texts = [label.text for label in of_kind(made, Label)]
    assert "2 + 1 + 0 + 2 + 0 + 1 + 1 + 1 + 2 = 10" in texts and "1 + 2 + 2 + 0 = 5" in texts
    assert texts.count("padding") == 5
    assert "4 of 9 uses give a term; the gradient by w[0,0,0,0] is 5" in texts
    assert made.formula == "dL/dw[m, c, u, v] = sum over n, p, q of dL/dy[n, m, p, q] * x[n, c, 2*p + u - 1, 2*q + v - 1]"


def test_other_layers_and_autograd_are_told() -> None:
    texts = " ".join(label.text for label in of_kind(picture("gradient", "twice", "conv#2"), Label))
    assert "all in conv#2 1 other layer adds ≈" in texts and "autograd agrees" in texts


@pytest.mark.parametrize(("model", "layer"), [("twice", "conv#2"), ("example:photos", "conv1")])
def test_the_sum_under_a_map_is_that_of_its_squares(model: str, layer: str) -> None:
    made, (found, run) = picture("gradient", model, layer), opened(model)
    number = found.model.layer(layer).number
    sums = [label.text for label in of_kind(made, Label) if label.role == "total"]
    squares = [mark for mark in made.marks if isinstance(mark, (Dot, Rect)) and mark.keys.w]
    weights = dict.fromkeys(mark.keys.w[0] for mark in squares)
    assert len(sums) == len(weights) == 2
    for text, weight in zip(sums, weights, strict=True):
        drawn = {neuron for mark in squares if mark.keys.w[0] == weight for neuron in mark.keys.y}
        terms = run.gradient(layer, weight, str(squares[0].keys.parameter)).terms
        total = sum(term.product for term in terms if term.number == number and term.y in drawn)
        assert float(text.replace("−", "-").strip("≈= ")) == pytest.approx(total, rel=1e-5)


@pytest.mark.parametrize(("model", "layer"), [case[1:] for case in CASES if case[0] == "unrolled"])
def test_every_edge_is_a_connection_and_every_step_has_the_same_weights(model: str, layer: str) -> None:
    made, (found, _) = picture("unrolled", model, layer), opened(model)
    edges = of_kind(made, Edge)
    assert edges
    steps: dict[object, set] = {}
    whole = found.model
    for edge in edges:
        (weight,), (neuron,) = edge.keys.w, edge.keys.y
        owner = whole.layers[edge.keys.layer]
        line = next(one for one in owner.lines if one.parameter == edge.keys.parameter and not one.is_bias)
        taps = Scene(whole, owner, line, None).taps_of_neuron(neuron)
        assert any(tap.w == weight and (tap.x == edge.keys.x[0] if edge.keys.x else tap.padding) for tap in taps)
        steps.setdefault((edge.keys.layer, round(edge.x1)), set()).add(weight)
    assert len(steps) > 1 and len({frozenset(weights) for weights in steps.values()}) == 1
    thick = [edge for edge in edges if edge.pointed]
    assert len({edge.keys.w for edge in thick}) == 1 and len(thick) >= len(steps)
    assert len(of_kind(made, Outline)) == len(thick) + 1


def test_a_turned_tie_is_one_colour_in_all_layers() -> None:
    made = picture("unrolled", "tied", "back")
    lines = [label.text for label in of_kind(made, Label) if "+=" in label.text]
    assert ["w[o, i]" in line for line in lines] == [True, False, True] and "w[i, o]" in lines[1]
    assert any("Not drawn: embed, which reads rows" in note for note in made.notes)


def test_what_cannot_be_drawn_says_why() -> None:
    for view, model, layer, text in (
        ("unrolled", "example:lenet5", "F6", "view unrolled of F6: each weight is used once for each sample: there is nothing to unroll"),
        ("gradient", "example:lenet5", "F6", "view gradient of F6: each weight is used once for each sample, so there is no map to draw"),
    ):  # fmt: skip
        found, run = opened(model)
        with pytest.raises(RequestError) as fault:
            draw(found, layer, view, run=run)
        assert str(fault.value) == text
