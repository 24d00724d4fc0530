"""Text that fits and numbers that are true as printed."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from isochrome.draw.identity import Colouring, colouring, identity
from isochrome.draw.layout import (
    MARGIN,
    edges_in_order,
    figure,
    fitted,
    grid,
    legend,
    neuron_bar,
    number,
    number_size,
    number_within,
    outline,
    paragraph,
    sum_text,
    text_width,
    wrapped,
)
from isochrome.draw.picture import Cell, Edge, Group, Label, Legend, Outline, Picture, Tag
from isochrome.render.png import font_files

FINITE = st.floats(allow_nan=False, allow_infinity=False)
NAMES = [identity("weight", (0, u), parameter=0) for u in range(9)]
COLOURS = colouring(NAMES)


def read(text: str) -> float:
    return float(text.replace("−", "-").replace(",", "").replace("≈", ""))


@given(FINITE)
@example(0.1)
@example(1e-7)
@example(-0.5)
@example(1e300)
def test_a_number_reads_back_as_itself(value: float) -> None:
    assert read(number(value)) == value
    assert "-" not in number(value)


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_a_float32_is_printed_as_short_as_it_is(value: float) -> None:
    stored = np.float32(value)
    assert np.float32(read(number(stored))) == stored
    assert len(number(stored)) <= len(number(value))


@given(st.integers(-(10**30), 10**30))
def test_whole_numbers_have_thousands(value: int) -> None:
    assert number(value) == f"{value:,}".replace("-", "−")


@given(FINITE, st.integers(1, 6))
def test_a_rounded_number_says_so_exactly_when_it_is_not_true(value: float, digits: int) -> None:
    text = number(value, digits)
    assert text.startswith("≈") == (read(text) != value)
    assume(abs(value) > 1e-300)
    assert math.isclose(read(text), value, rel_tol=0.51 * 10 ** (1 - digits))


@given(FINITE, st.integers(1, 12))
def test_a_number_within_is_within(value: float, characters: int) -> None:
    text = number_within(value, characters)
    assert len(text) <= characters
    if text and not text.startswith("≈"):
        assert read(text) == value


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (-0.0, "0"), (math.inf, "∞"), (-math.inf, "−∞"), (math.nan, "nan"), (1234.5, "1,234.5"),
     (-0.25, "−0.25"), (np.int8(-128), "−128"), (1e-7, "1e−7"), (1.5e20, "1.5e20"), (np.float16(0.1), "0.1")],
)  # fmt: skip
def test_numbers_as_printed(value: float, text: str) -> None:
    assert number(value) == text


def test_a_sum_is_printed_as_read() -> None:
    assert sum_text([4, 1, -1, 1], 5) == "4 + 1 − 1 + 1 = 5"
    assert sum_text(["−0.5", "0.25"], "≈−0.3") == "−0.5 + 0.25 = ≈−0.3"


@given(st.text(max_size=60), st.floats(1, 400), st.floats(10, 24), st.booleans(), st.booleans())
def test_text_made_to_fit_fits(text: str, width: float, size: float, bold: bool, mono: bool) -> None:
    cut = fitted(text, width, size, bold, mono)
    assert text_width(cut, size, bold, mono) <= width
    if text_width(text, size, bold, mono) <= width:
        assert cut == text
    for line in wrapped(text, width, size, bold, mono):
        assert text_width(line, size, bold, mono) <= width


@given(st.lists(st.text("abc", min_size=1, max_size=6), max_size=20))
def test_wrapping_loses_no_word(words: list[str]) -> None:
    assert " ".join(wrapped(" ".join(words), 80, 12)) == " ".join(words)


@given(st.floats(12, 120), st.text("0123456789−,.", min_size=1, max_size=8))
def test_a_number_stays_inside_its_cell(side: float, text: str) -> None:
    size = number_size(side, side, text)
    assert size == 0 or (10 <= size <= 18 and text_width(text, size, mono=True) <= side - 2 + 1e-9)


@pytest.mark.skipif(not any("IBMPlexSans" in path for path in font_files()), reason="the fonts are made by the build")
@pytest.mark.parametrize(("bold", "weight"), [(False, "Regular"), (True, "SemiBold")])
def test_the_advances_are_those_of_the_fonts(bold: bool, weight: str) -> None:
    from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

    for path in font_files():
        if f"IBMPlexSans-{weight}-" not in path:
            continue
        font = TTFont(path)
        for code, name in font.getBestCmap().items():
            if 32 <= code < 127 or chr(code) in "−×÷·…–—→←≤≥≈∞":
                assert text_width(chr(code), 1000, bold) == font["hmtx"][name][0], chr(code)


def test_a_grid_goes_row_by_row() -> None:
    assert list(grid(4, 5, 2, 2, 20, gap=1)) == [(0, 0, 4, 5), (0, 1, 25, 5), (1, 0, 4, 26), (1, 1, 25, 26)]


def test_edges_from_bottom_to_top() -> None:
    plain, real = Edge(0, 0, 1, 1), Edge(0, 0, 1, 1, NAMES[0])
    padded, pointed = Edge(0, 0, 1, 1, NAMES[0], padding=True), Edge(0, 0, 1, 1, NAMES[1], pointed=True)
    assert edges_in_order([pointed, real, padded, plain], COLOURS) == (plain, padded, real, pointed)


def test_the_bar_of_a_neuron_cuts_a_long_name_and_never_its_value() -> None:
    marks = neuron_bar(0, 0, 120, "y[" + "123," * 20 + "0]", "−12.5", "pinned")
    name, value = (mark for mark in marks if isinstance(mark, Label))
    assert value.text == "= −12.5" and "…" in name.text
    assert name.x + text_width(name.text, 13, mono=True) < value.x - text_width(value.text, 13.5, mono=True)
    assert [mark.outlined for mark in marks if isinstance(mark, Tag)] == [True]
    assert [mark.state for mark in marks if isinstance(mark, Outline)] == ["pinned"]


def test_an_outline_follows_its_mark() -> None:
    drawn = outline("selected", Cell(3, 4, 20, 10))
    assert (drawn.x, drawn.y, drawn.width, drawn.height, drawn.state) == (3, 4, 20, 10, "selected")


def test_a_legend_counts() -> None:
    told = legend(COLOURS, "weight", "filter 0, channel 0", total=54)
    assert told.count == "9 of 54 weights; the others stay unfilled"
    assert legend(COLOURS, "weight", "filter 0").count == "all 9 weights"
    assert legend(COLOURS, "weight").coloured == "all 9 weights"
    assert legend(colouring(["channel:0"]), "channel").coloured == "the only input channel"
    assert legend(COLOURS, "weight").title == "Same colour = same weight"
    labels = {name: f"w{number}" for number, name in enumerate(NAMES)}
    assert [chip.label for chip in legend(COLOURS, "weight", labels=labels).chips] == list(labels.values())


def labels_of(framed: Picture) -> list[Label]:
    return [mark for mark in framed.marks if isinstance(mark, Label)]


@given(st.integers(40, 900), st.lists(st.text("abcdefg ", max_size=80), max_size=3), st.text("wxyz[]", max_size=90))
def test_nothing_in_the_frame_of_a_figure_is_cut_or_overlaps(width: int, notes: list[str], formula: str) -> None:
    told = legend(COLOURS, "weight", "filter 0, channel 0", {name: name[7:] for name in NAMES}, total=54)
    bare = Picture(width, 50, "connections", "d", told, COLOURS, (), "one line of inputs", formula, notes=tuple(notes))
    framed = figure(bare)
    spans = []
    for label in labels_of(framed):
        size = label.size or {"title": 18, "mono": 12.5}[label.role]
        long = text_width(label.text, size, bool(label.bold) or label.role == "title", label.role == "mono")
        left = label.x - (long if label.anchor == "end" else 0)
        assert MARGIN - 0.01 <= left and left + long <= framed.width - MARGIN + 0.01, label
        assert label.y < framed.height
        spans.append((label.y, left, left + long))
    for one, (y, left, right) in enumerate(spans):
        for other_y, other_left, other_right in spans[one + 1 :]:
            assert abs(y - other_y) > 12 or right <= other_left or other_right <= left
    assert [mark for mark in framed.marks if isinstance(mark, Group)][0].x == MARGIN


def test_a_figure_without_a_legend_has_no_legend_line() -> None:
    bare = Picture(400, 50, "baselines", "d", Legend("none", ""), Colouring(), (), notes=("Areas are to scale.",))
    assert [label.text for label in labels_of(figure(bare))] == ["baselines", "Areas are to scale."]


def test_a_paragraph_goes_down_line_by_line() -> None:
    lines = paragraph(5, 20, "one two three four five six seven", 60)
    assert len(lines) > 1 and [line.x for line in lines] == [5] * len(lines)
    assert all(after.y - before.y == pytest.approx(17.4) for before, after in zip(lines, lines[1:], strict=False))
