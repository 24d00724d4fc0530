"""Every fault of a formula, its shapes and questions: the whole text, in one line."""

from __future__ import annotations

import numpy as np
import pytest

from isochrome.core.evaluate import evaluate
from isochrome.core.formula import parse
from isochrome.core.relation import relation
from isochrome.core.sharing import uses_per_weight
from isochrome.errors import FormulaError, RequestError

CONV = "y[p] += w[u] * x[p + u]"

SYNTAX = {
    "": "formula, column 1: must be the name of a tensor; got the end of the line",
    "y": "formula, column 2: must be '['; got the end of the line",
    "y[": "formula, column 3: must be a loop or a whole number; got the end of the line",
    "y[p": "formula, column 4: must be ']'; got the end of the line",
    "y[p q] += x[p]": "formula, column 5: must be ']'; got 'q'",
    "y[p,] += x[p]": "formula, column 5: must be a loop or a whole number; got ']'",
    "y[p] = x[p]": "formula, column 6: must be '+='; got '='",
    "y[p] max x[p]": "formula, column 10: must be '='; got 'x'",
    "y[p] += 2*x[p]": "formula, column 9: must be the name of a tensor; got '2'",
    "y[p] += x[p] + z[p]": "formula, column 14: must be '*', 'where' or the end of the line; got '+'",
    "y[p] += x[p] where p < 3 q": "formula, column 26: must be ',' or the end of the line; got 'q'",
    "y[p] += x[p] where": "formula, column 19: must be a whole number; got the end of the line",
    "y[p] += x[p] where p < q": "formula, column 24: must be a whole number; got 'q'",
    "y[p] += x[p] where 0 < p": "formula, column 22: must be '<='; got '<'",
    "y[p] += x[p] where 0 <= p": "formula, column 26: must be '<'; got the end of the line",
    "y[p] += x[mirror(p)]": "formula, column 11: must be reflect, replicate or circular before '('; got 'mirror'",
    "y[p] += x[reflect(p, u)]": "formula, column 20: must be ')'; got ','",
    "y[p] += x[(p)]": "formula, column 11: must be a loop or a whole number; got '('",
    "y[p] += x[2*3]": "formula, column 13: must be the name of a loop; got '3'",
    "y[p] += x[p*2]": "formula, column 12: must be ']'; got '*'",
    "y[p] += x[--p]": "formula, column 12: must be a loop or a whole number; got '-'",
    "y[p] += x[ids[]]": "formula, column 15: must be a loop or a whole number; got ']'",
    "y[p] += x[2[p]]": "formula, column 11: must be the name of a table; got '2'",
    "y[p] += x[p.q]": "formula, column 12: must be ']'; got '.'",
    "y[p] += x[\N{GREEK SMALL LETTER PI}]": (
        "formula, column 11: must be a loop or a whole number; got '\N{GREEK SMALL LETTER PI}'"
    ),
    "y[p]\N{RIGHT-TO-LEFT OVERRIDE} += x[p]": "formula, column 5: must be '+='; got '<U+202E>'",
    "y[p] += y[p]": "formula: the output y must not stand on the right as well",
    "y[p] += x[4611686018427387904]": (
        "formula, column 11: must be a number below 2^62; got '4611686018427387904'"
    ),
    "y[p] += x[4611686018427387903*p + p]": (
        "formula, column 11: must be numbers that add up to less than 2^62; got '4611686018427387903'"
    ),
    "y" * 20_001: "formula: must be at most 20000 characters; got 20001",
}


@pytest.mark.parametrize("text", SYNTAX, ids=lambda text: text[:40])
def test_a_line_that_cannot_be_read_says_where_and_what_is_expected(text: str) -> None:
    with pytest.raises(FormulaError) as caught:
        parse(text)
    assert str(caught.value) == SYNTAX[text]


SIZES = [
    (
        "y[p] += w[u] * x[p - u]",
        {"y": (3,), "x": (5,)},
        "loop u: its size must follow from a shape or a clause; nothing gives it. "
        "Add 'where u < N' or the shape of a tensor in which u stands alone.",
    ),
    (
        "y[p] += w[u] * x[p + u]",
        {"y": (3,)},
        "loop u: its size must follow from a shape or a clause; nothing gives it. "
        "Add 'where u < N' or the shape of a tensor in which u stands alone.",
    ),
    (
        "y[i, j] += w[j, i] * x[i]",
        {"y": (2, 3), "w": (3, 2), "x": (4,)},
        "loop i: its sizes must agree; axis 0 of y gives 2, axis 0 of x gives 4. Say 'where i < N' if it is meant.",
    ),
    ("y[p] += x[p] where p < 3, p < 4", {}, "loop p: must have one size, of at least 0; 'where' says 3 and 4"),
    ("y[p] += x[p] where p < -1", {}, "loop p: must have one size, of at least 0; 'where' says -1"),
    (CONV, {"x": (7,), "w": (3, 3)}, "tensor w: its shape must have an axis for each of its 1 indices; got [3, 3]"),
    (CONV, {"x": (-7,), "w": (3,)}, "tensor x: its sizes must lie in 0 to 2^61; got [-7]"),
    (CONV, {"x": (2**64,), "w": (3,)}, "tensor x: its sizes must lie in 0 to 2^61; got [18446744073709551616]"),
    (
        "y[p] += w[p] * w[p, 0]",
        {"y": (3,)},
        "tensor w: must have the same number of indices wherever it stands, at most 64; got 1 and 2",
    ),
    (
        f"y[p] += x[{', '.join('p' * 65)}]",
        {"y": (3,)},
        "tensor x: must have the same number of indices wherever it stands, at most 64; got 65",
    ),
    ("y[p] += x[p - 1] where p < 3", {}, "tensor x: its size along axis 0 must be given; p - 1 does not say it. "
     "Add the shape of x."),
    (
        "y[p] += x[reflect(p)] where p < 3",
        {},
        "tensor x: its size along axis 0 must be given; reflect(p) does not say it. Add the shape of x.",
    ),
    ("y[p] += x[reflect(p)]", {"y": (3,), "x": (0,)}, "tensor x: an axis under reflect must have a size; got 0"),
    ("y[t] += w[ids[t]]", {"y": (3,), "w": (9,)}, "table ids: its numbers must be given; there are none"),
    ("y[t] += w[pairs[t]]", {"y": (3,), "w": (9,)}, "table pairs: must have 1 axes; got 2"),
    ("y[t] += w[four[t]]", {"y": (5,), "w": (9,)}, "table four: four[t] must stay inside its shape [4]"),
    ("y[t] += w[four[t - 1]]", {"y": (2,), "w": (9,)}, "table four: four[t - 1] must stay inside its shape [4]"),
    (
        "y[t] += w[four[t]]",
        {"y": (4,), "w": (3,)},
        "w[four[t]]: four[t] must lie in 0 to 2; got 0 to 3. A weight has no padding.",
    ),
    (
        "y[i] += w[i - j + 3] * x[j]",
        {"y": (5,), "x": (5,), "w": (9,)},
        "w[i - j + 3]: i - j + 3 must lie in 0 to 8; got -1 to 7. A weight has no padding.",
    ),
    (
        "y[i] += w[3] * x[i]",
        {"y": (5,), "w": (3,)},
        "w[3]: 3 must lie in 0 to 2; got 3 to 3. A weight has no padding.",
    ),
    (
        "y[p] += x[2000000000000000000*p] where p < 4",
        {"x": (1,)},
        "2000000000000000000*p: must stay below 2^61; got 0 to 6000000000000000000",
    ),
    (
        "y[a, b, c] += x[a + b + c] where a < 3000, b < 3000, c < 3000",
        {"y": (3000, 3000, 3000), "x": (9,)},
        "loops a, b, c: what is tied together must have at most 2,000,000 assignments besides one loop that stands in "
        "sums only; got 27,000,000,000",
    ),
    (
        "y[a] += x[reflect(a + b)] where b < 3000",
        {"y": (3000,), "x": (9,)},
        "loops a, b: what is tied together must have at most 2,000,000 assignments besides one loop that stands in "
        "sums only; got 9,000,000",
    ),
]
TABLES = {"pairs": np.zeros((3, 2), np.int64), "four": np.arange(4)}


@pytest.mark.parametrize(("text", "shapes", "expected"), SIZES)
def test_shapes_that_do_not_fit_a_line_say_so(text: str, shapes: dict[str, tuple[int, ...]], expected: str) -> None:
    with pytest.raises(FormulaError) as caught:
        relation(text, shapes, TABLES)
    assert str(caught.value) == expected


def test_a_table_without_numbers_is_named_even_where_others_are_given() -> None:
    with pytest.raises(FormulaError) as caught:
        relation("y[of[k]] += w[to[k]]", {"y": (3,), "w": (3,)}, {"of": np.arange(3)})
    assert str(caught.value) == "table to: its numbers must be given; there are none"


def test_a_weight_that_no_tap_reads_outside_is_no_fault() -> None:
    assert relation("y[p] += w[p + 7] * x[p] where p < 0", {"w": (1,)}).connections == 0
    assert relation("y[p] += w[p - 1] * x[p] where 0 <= p - 1 < 9", {"x": (3,), "w": (2,)}).connections == 2


QUESTIONS = [
    ({"y": (5,)}, "place 5: must lie in y of shape [5] (y[p])"),
    ({"y": (-1,)}, "place -1: must lie in y of shape [5] (y[p])"),
    ({"w": (0, 0)}, "place 0,0: must lie in w of shape [3] (w[u])"),
    ({"z": (0,)}, "tensor z: must stand in y[p] += w[u] * x[p + u]"),
]


@pytest.mark.parametrize(("wanted", "expected"), QUESTIONS)
def test_a_place_that_is_not_there_is_said(wanted: dict[str | int, tuple[int, ...]], expected: str) -> None:
    with pytest.raises(RequestError) as caught:
        relation(CONV, {"x": (7,), "w": (3,)}).fix(wanted)
    assert str(caught.value) == expected


def test_a_tensor_that_stands_twice_is_not_fixed_by_its_name() -> None:
    twice = relation("y[i] += w[i, j] * w[j, i]", {"w": (3, 3)})
    with pytest.raises(RequestError) as caught:
        twice.fix({"w": (0, 1)})
    assert str(caught.value) == (
        "tensor w: must stand once to be fixed by its name; it stands 2 times in y[i] += w[i, j] * w[j, i]. "
        "Fix one access by its number, or ask for the union."
    )
    assert twice.count_union("w", (0, 1)) == (2, 2)


def test_arrays_must_have_the_shapes_of_the_line() -> None:
    conv = relation(CONV, {"x": (7,), "w": (3,)})
    for arrays, expected in (
        ({"w": np.ones(3)}, "array x: must have shape [7]; got none"),
        ({"w": np.ones(3), "x": np.ones((7, 1))}, "array x: must have shape [7]; got [7, 1]"),
    ):
        with pytest.raises(RequestError) as caught:
            evaluate(conv, arrays)
        assert str(caught.value) == expected


def test_uses_that_cannot_be_counted_say_so() -> None:
    tangled = relation("y[i] += w[i - j + 4095, i] * x[j]", {"y": (4096,), "x": (4096,), "w": (8191, 4096)})
    with pytest.raises(FormulaError) as caught:
        uses_per_weight(tangled, 1)
    assert str(caught.value) == "loops i, j: their 16,777,216 assignments are too many to count one by one"
