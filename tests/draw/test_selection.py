"""What is selected lights exactly its own marks: by the formula written here, not by the code that draws."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from isochrome.app.api import open_model
from isochrome.app.cli import main
from isochrome.draw.picture import Edge, Group, Keys, Mark, Rings
from isochrome.draw.rings import Box, outlined
from isochrome.draw.scene import Scene, scene
from isochrome.draw.selection import belongs, checked, selection

# stanford: y[m, p, q] += w[m, c, u, v] * x[c, 2*p + u - 1, 2*q + v - 1]
PICKED: dict[str, Callable[[tuple[int, ...], tuple[int, ...], tuple[int, ...]], bool]] = {
    "tap:1,2": lambda y, w, x: w[2:] == (1, 2),
    "tap:0,0": lambda y, w, x: w[2:] == (0, 0),
    "filter:0": lambda y, w, x: y[0] == 0,
    "filter:1": lambda y, w, x: y[0] == 1,
    "channel:0": lambda y, w, x: w[1] == 0,
    "channel:2": lambda y, w, x: w[1] == 2,
    "parameter:0": lambda y, w, x: True,
    "x:0,1,1": lambda y, w, x: x == (0, 1, 1),
    "x:2,0,3": lambda y, w, x: x == (2, 0, 3),
}


def flat(marks: Sequence[Mark]) -> Iterator[Mark]:
    for mark in marks:
        yield from flat(mark.marks) if isinstance(mark, Group) else (mark,)


def seen(text: str) -> Scene:
    opened = open_model("example:stanford")
    made = scene(opened.model, opened.model.layers[0], opened.run().values)
    return replace(made, selected=selection(text))


@pytest.mark.parametrize("text", list(PICKED))
def test_the_connections_that_light_up_are_those_of_the_formula(text: str) -> None:
    drawn = open_model("example:stanford")["conv"].draw("connections", select=text)
    edges = [mark for mark in flat(drawn.picture.marks) if isinstance(mark, Edge)]
    expected = []
    for edge in edges:
        (y,), (w,), x = edge.keys.y, edge.keys.w, edge.keys.x
        expected.append(PICKED[text](y, w, x[0] if x else ()))
    assert [edge.pointed for edge in edges] == expected and len(edges) == 54
    lit = any(isinstance(mark, Rings) for mark in flat(drawn.picture.marks))
    assert lit == any(expected) or text.startswith("x")


@pytest.mark.parametrize("text", [text for text in PICKED if text[0] != "x"])
def test_a_weight_alone_belongs_to_what_its_connections_belong_to(text: str) -> None:
    within = belongs(seen(text))
    assert within is not None
    for m in range(2):
        for c in range(3):
            for u in range(3):
                for v in range(3):
                    w = (m, c, u, v)
                    assert within(Keys(0, (), (), (w,), parameter=0)) == PICKED[text]((m, 0, 0), w, (c, 0, 0)), w


def test_an_input_lights_the_neurons_and_weights_that_it_meets() -> None:
    """x[0,1,1] is read where 2p + u - 1 = 1 and 2q + v - 1 = 1."""
    within = belongs(seen("x:0,1,1"))
    assert within is not None
    met = {(m, p, q): (m, 0, 2 - 2 * p, 2 - 2 * q) for m in range(2) for p in range(2) for q in range(2)}
    for m in range(2):
        for p in range(3):
            for q in range(3):
                y = (m, p, q)
                assert within(Keys(0, (y,))) == (y in met)
                if y in met:
                    assert within(Keys(0, (y,), (), (met[y],), parameter=0))
                    assert not within(Keys(0, (y,), (), ((m, 1, *met[y][2:]),), parameter=0))


def test_boxes_that_touch_share_one_outline() -> None:
    alone = list(outlined([Box(0, 0, 8, 8), Box(40, 40, 48, 48)]))
    assert [ring.whole for ring in alone] == [True, True]
    row = list(outlined([Box(8 * k, 0, 8 * k + 8, 8) for k in range(5)]))
    assert not any(ring.whole for ring in row)
    assert [ring.left for ring in row if ring.left == ring.right] == [-2, 42], "only the two ends"


@pytest.mark.parametrize(("text", "said"), [
    ("tap", "select: must be one of x, b, tap, filter, channel, parameter with its place, as tap:1,2; got tap"),
    ("tap:1,9", "select tap: must be 2 whole numbers below 3,3; got 1,9"),
    ("tap:1", "select tap: must be 2 whole numbers below 3,3; got 1"),
    ("filter:2", "select filter: must be 1 whole numbers below 2; got 2"),
    ("parameter:7", "select parameter: must be one of 0, 1; got 7"),
    ("x:0,9,0", "select x: must be 3 whole numbers below 3,5,5; got 0,9,0"),
    ("weight:0", "select: must be one of x, b, tap, filter, channel, parameter with its place, as tap:1,2; got weight:0"),
])  # fmt: skip
def test_what_the_layer_has_not_is_said_in_one_line(
    text: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    drawing = tmp_path / "drawn.svg"
    assert main(["draw", "kernel", "example:stanford", "-o", str(drawing), "--select", text]) == 2
    assert capsys.readouterr().err == f"isochrome: {said}\n" and not drawing.exists()


def test_a_bias_and_all_that_is_there_can_be_selected() -> None:
    for text in ("b:1", "tap:2,2", "x:2,4,4", "parameter:1"):
        chosen = selection(text)
        assert checked(seen("tap:0,0"), chosen) is chosen and str(chosen) == text
