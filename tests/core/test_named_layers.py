"""Well-known layers as lines, with the numbers that follow from arithmetic."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from isochrome.core.evaluate import evaluate
from isochrome.core.formula import parse
from isochrome.core.lazy import LazyTable
from isochrome.core.reach import Places, image, union
from isochrome.core.relation import relation
from isochrome.core.sharing import Along, Uses, along, level_sets, uses_per_weight
from isochrome.model.roles import roles


def test_a_toeplitz_layer_shares_along_its_diagonals() -> None:
    found = relation("y[i] += w[i - j + 4] * x[j]", {"y": (5,), "x": (5,), "w": (9,)})
    assert found.connections == found.real_connections == 25
    assert [found.fix({"w": (k,)}).total for k in range(9)] == [1, 2, 3, 4, 5, 4, 3, 2, 1]
    assert uses_per_weight(found, 1) == Uses(taps=None, least=1, most=5, mentioned=9, live=9)
    assert level_sets(found, found.formula.factors[0]) == ("i - j",)
    matrix = np.array([[10 * (i - j + 4) for j in range(5)] for i in range(5)])
    x = np.array([1, -2, 3, 0, 5])
    assert evaluate(found, {"w": 10 * np.arange(9), "x": x}).tolist() == (matrix @ x).tolist()


def test_a_circulant_layer_uses_every_weight_once_a_row() -> None:
    found = relation("y[i] += w[circular(i - j)] * x[j]", {"y": (5,), "x": (5,), "w": (5,)})
    assert uses_per_weight(found, 1) == Uses(taps=5, least=5, most=5, mentioned=5, live=5)
    assert level_sets(found, found.formula.factors[0]) == ("circular(i - j)",)
    assert {(y, x) for y, _, x in found.fix({"w": (1,)}).listed()} == {((i,), ((i - 1) % 5,)) for i in range(5)}


def test_a_grouped_convolution_is_a_product_of_small_tables() -> None:
    found = relation(
        "y[n, 3*g + m, p] += w[3*g + m, c, u] * x[n, 2*g + c, p + u - 1] where m < 3, g < 2",
        {"y": (5, 6, 8), "w": (6, 2, 3), "x": (5, 4, 8)},
    )
    assert found.connections == 5 * 6 * 8 * 2 * 3
    assert found.real_connections == 5 * 6 * 2 * (8 * 3 - 2)
    assert sorted(part.total for part in found.components) == [2, 2, 3, 5, 24]
    reached = image(found, 0, 2, Places.of((0, 4, 3)))
    assert reached.axes() == ((0,), (2, 3), (2, 3, 4))
    assert list(found.fix({"y": (0, 4, 3), "w": (3, 0, 0)}).listed()) == []


def test_two_groups_of_2048_channels_cost_a_few_rows() -> None:
    found = relation(
        "y[n, 2048*g + m] += w[2048*g + m, c] * x[n, 2048*g + c] where g < 2, m < 2048",
        {"y": (7, 4096), "w": (4096, 2048), "x": (7, 4096)},
    )
    assert found.connections == 7 * 4096 * 2048
    assert sum(part.total for part in found.components) == 7 + 2 + 2048 + 2048
    assert next(iter(found.fix({"w": (2049, 5)}).listed())) == ((0, 2049), (2049, 5), (0, 2053))


def test_the_first_layer_of_alexnet() -> None:
    found = relation(
        "y[n, m, p, q] += w[m, c, u, v] * x[n, c, 4*p + u - 2, 4*q + v - 2]",
        {"y": (1, 96, 55, 55), "w": (96, 3, 11, 11), "x": (1, 3, 224, 224)},
    )
    assert found.connections == 105_415_200
    assert sum(part.total for part in found.components) <= 1_310
    assert uses_per_weight(found, 1) == Uses(taps=3025, least=54 * 54, most=55 * 55, mentioned=34_848, live=34_848)


def test_a_reflected_border_joins_one_neuron_and_input_by_two_weights() -> None:
    found = relation("y[p] += w[u] * x[reflect(p + u - 1)]", {"y": (4,), "x": (4,), "w": (3,)})
    assert found.connections == found.real_connections == 12
    assert [tap[1] for tap in found.fix({"y": (0,), "x": (1,)}).listed()] == [(0,), (2,)]


def test_a_band_of_attention_is_guarded() -> None:
    found = relation(
        "y[h, t, s] += q[h, t, d] * k[h, s, d] where 0 <= t - s < 3", {"q": (2, 6, 4), "k": (2, 6, 4)}
    )
    assert found.connections == 2 * 4 * (6 + 5 + 4)
    assert found.fix({"y": (0, 1, 2)}).total == 0
    assert image(found, 0, 2, Places((((0,), (5,), (0, 1, 2, 3, 4, 5)),))).axes() == ((0,), (3, 4, 5), (0, 1, 2, 3))


def test_an_embedding_uses_the_rows_that_its_ids_name() -> None:
    ids = {"ids": np.array([3, 1, 3, -1, 3])}
    found = relation("y[t, e] += w[ids[t], e]", {"y": (5, 2), "w": (6, 2)}, ids)
    assert found.connections == 4 * 2
    assert [found.fix({"w": (row, 1)}).total for row in range(6)] == [0, 1, 0, 3, 0, 0]
    assert uses_per_weight(found, 1) == Uses(taps=None, least=1, most=3, mentioned=4, live=4)
    assert level_sets(found, found.formula.factors[0]) == ("ids[t]",)
    assert found.fix({"y": (3, 0)}).total == 0


def test_counts_beyond_64_bits_are_exact() -> None:
    size = 2**20
    found = relation("y[a, b, c] += w[a, d] * x[b, c, d]", {"w": (size, size), "x": (size, size, size)})
    assert found.connections == found.real_connections == 2**80
    assert found.fix({"w": (1, 2)}).total == 2**40
    assert list(found.everything.listed(2**80 - 1)) == [((size - 1,) * 3, (size - 1,) * 2, (size - 1,) * 3)]
    wide = relation("y[a + b] += w[a] * x[b] where a < 1048576, b < 1099511627776", {})
    assert wide.connections == 2**60
    assert wide.fix({"w": (5,)}).total == 2**40


def test_a_causal_convolution_over_65536_steps_is_lazy() -> None:
    size = 65_536
    found = relation("y[t] += w[u] * x[t - u]", {"y": (size,), "w": (size,), "x": (size,)})
    assert isinstance(found.components[0], LazyTable)
    assert found.connections == size**2
    assert found.real_connections == size * (size + 1) // 2
    assert found.fix({"y": (1000,)}).real == 1001
    assert found.fix({"w": (1000,)}).total == size
    assert found.fix({"w": (1000,)}).real == size - 1000
    assert list(found.fix({"y": (7,), "x": (3,)}).listed()) == [((7,), (4,), (3,))]
    assert uses_per_weight(found, 1) == Uses(taps=size, least=1, most=size, mentioned=size, live=size)
    seen = image(found, 0, 2, Places.of((1000,)))
    assert seen == Places((((*range(1001),),),))
    later = image(found, 2, 0, Places((((*range(size - 5, size),),),)))
    assert later == Places((((*range(size - 5, size),),),))


def test_lenets_third_layer_by_two_tables_of_sixty() -> None:
    lists = [(i + k) % 6 for i in range(6) for k in range(3)] + [(i + k) % 6 for i in range(6) for k in range(4)]
    lists += [c for c in ((0, 1, 3, 4), (1, 2, 4, 5), (0, 2, 3, 5)) for c in c] + [0, 1, 2, 3, 4, 5]
    to = [m for m, depth in enumerate([3] * 6 + [4] * 9 + [6]) for _ in range(depth)]
    found = relation(
        "y[n, to[k], p, q] += w[k, u, v] * x[n, of[k], p + u, q + v]",
        {"x": (1, 6, 14, 14), "w": (60, 5, 5)},
        {"to": np.array(to), "of": np.array(lists)},
    )
    assert found.shapes[0] == (1, 16, 10, 10)
    weights, neurons = 60 * 25, 16 * 100
    assert weights + 16 == 1_516
    assert found.connections + neurons == 151_600
    assert uses_per_weight(found, 1) == Uses(taps=100, least=100, most=100, mentioned=weights, live=weights)
    assert [found.fix({"y": (0, m, 0, 0)}).total // 25 for m in range(16)] == [3] * 6 + [4] * 9 + [6]
    seen = union([image(found, 0, 2, Places.of((0, 0, 0, 0)))])
    assert seen.axes() == ((0,), (0, 1, 2), (0, 1, 2, 3, 4), (0, 1, 2, 3, 4))


def test_a_recurrence_reads_the_state_before_each_step() -> None:
    forward = relation("y[t, b, r] += w[r, j] * h[t, b, j] where t < 5", {"w": (3, 3), "h": (6, 2, 3)})
    reverse = relation("y[t, b, r] += w[r, j] * h[t + 1, b, j] where t < 5", {"w": (3, 3), "h": (6, 2, 3)})
    for found, row in ((forward, 4), (reverse, 5)):
        assert found.connections == found.real_connections == 5 * 2 * 3 * 3
        assert found.fix({"w": (0, 1)}).total == 10
        assert {tap[2][0] for tap in found.fix({"y": (4, 0, 0)}).listed() if tap[2]} == {row}
    assert forward.fix({"h": (5, 0, 0)}).total == 0
    assert reverse.fix({"h": (0, 0, 0)}).total == 0


def test_a_transposed_convolution_leaves_neurons_without_any_connection() -> None:
    found = relation("y[3*p + u] += w[u] * x[p]", {"x": (4,), "w": (2,)})
    assert found.shapes[0] == (11,)
    reached = Counter(tap[0] for tap in found.everything.listed())
    assert [reached[(at,)] for at in range(11)] == [1, 1, 0] * 3 + [1, 1]
    assert found.fix({"y": (2,)}).total == 0
    assert list(found.fix({"y": (2,)}).listed()) == []
    assert image(found, 0, 2, Places.of((2,))) == Places(())
    overlapping = relation("y[2*p + u] += w[u] * x[p]", {"x": (4,), "w": (3,)})
    assert evaluate(overlapping, {"x": np.ones(4), "w": np.ones(3)}).tolist() == [1, 1, 2, 1, 2, 1, 2, 1, 1]


def test_a_window_takes_as_many_steps_as_fit() -> None:
    for size, expected in ((9, 5), (8, 4), (1, 1), (0, 0)):
        found = relation("y[p] += w[u] * x[2*p + u - 1]", {"x": (size,), "w": (3,)})
        assert found.shapes[0] == (expected,), size


def test_the_largest_of_a_window_is_never_its_padding() -> None:
    pool = relation("y[p] max= x[2*p + u - 1] where u < 3", {"x": (6,), "y": (4,)})
    x = np.array([-5.0, -3.0, -4.0, -1.0, -2.0, -9.0])
    assert evaluate(pool, {"x": x}).tolist() == [-3.0, -1.0, -1.0, -9.0]
    weighted = relation("y[p] max= w[u] * x[p + u - 1]", {"x": (2,), "w": (3,)})
    assert evaluate(weighted, {"x": np.array([1.0, 2.0]), "w": np.array([-1.0, -1.0, 0.0])}).tolist() == [0.0, -1.0]


def test_a_line_without_loops_and_a_sum_over_all() -> None:
    single = relation("y[] += w[2] * x[]", {"w": (3,), "x": ()})
    assert list(single.everything.listed()) == [((), (2,), ())]
    dot = relation("y[] += w[i] * x[i]", {"w": (3,), "x": (3,)})
    assert evaluate(dot, {"w": np.array([1, 2, 3]), "x": np.array([4, 5, 6])}) == 32.0
    assert relation("y[i] += w[] * x[i]", {"x": (0,), "w": ()}).connections == 0


def test_two_dilated_layers_see_25_positions() -> None:
    first = relation("y[p, q] += w[u, v] * x[p + 2*u - 2, q + 2*v - 2]", {"x": (20, 20), "w": (3, 3), "y": (20, 20)})
    seen = image(first, 0, 2, image(first, 0, 2, Places.of((10, 10))))
    assert seen.axes() == ((6, 8, 10, 12, 14), (6, 8, 10, 12, 14))
    assert seen.count == 25
    assert seen.hull() == ((6, 14), (6, 14))


def test_a_diagonal_is_not_a_square() -> None:
    found = relation("y[p] += w[p, p] * x[p]", {"x": (3,), "w": (3, 3)})
    assert image(found, 0, 1, Places((((0, 1, 2),),))).count == 3


LINES = {
    "y[n, m, p] += w[m, c, u] * x[n, c, 2*p + u - 1]": (
        Along(("n", "p"), ("m", "c", "u"), ("c", "u")),
        {"n": "position", "m": "filter", "p": "position", "c": "channel", "u": "tap"},
    ),
    "y[n, m, p] += w[m, p, c, u] * x[n, c, p + u]": (
        Along(("n",), ("m", "p", "c", "u"), ("c", "u")),
        {"n": "position", "m": "filter", "p": "group", "c": "channel", "u": "channel"},
    ),
    "y[n, 3*g + m, p] += w[3*g + m, c, u] * x[n, 2*g + c, p + u]": (
        Along(("n", "p"), ("g", "m", "c", "u"), ("c", "u")),
        {"n": "position", "g": "group", "m": "filter", "p": "position", "c": "channel", "u": "tap"},
    ),
    "y[t, o] += w[o, i] * x[t, i]": (
        Along(("t",), ("o", "i"), ("i",)),
        {"t": "position", "o": "filter", "i": "channel"},
    ),
    "y[n, c, p] += b[c]": (Along(("n", "p"), ("c",), ()), {"n": "position", "c": "filter", "p": "position"}),
    "y[n, c, p] += w[c] * x[n, c, p]": (
        Along(("n", "p"), ("c",), ()),
        {"n": "position", "c": "group", "p": "position"},
    ),
    "y[t, e] += w[ids[t], e]": (Along((), ("t", "e"), ()), {"t": "filter", "e": "filter"}),
    "y[n, m, 2*p + u - 1] += w[c, m, u] * x[n, c, p]": (
        Along(("n", "p"), ("m", "u", "c"), ("c",)),
        {"n": "position", "m": "filter", "p": "position", "u": "filter", "c": "channel"},
    ),
}


@pytest.mark.parametrize("line", LINES)
def test_what_happens_along_each_loop_is_read_off_the_line(line: str) -> None:
    formula, (expected, parts) = parse(line), LINES[line]
    assert along(formula, formula.factors[0]) == expected
    names = frozenset(factor.name for factor in formula.factors)
    assert roles(formula, names & {"w", "b"}, names & {"x"}) == parts


def test_sums_are_equal_when_their_meaning_is() -> None:
    assert parse("y[p] += x[u + 2*p - 1]") == parse("y[p] += x[p - 1 + u + p]")
    assert str(parse("y[p]+=x[3-u-p+0*q]")) == "y[p] += x[-u - p + 3]"
    assert parse("y[p] += x[p]").factors != parse("y[p] += x[p + 1]").factors


def test_a_loop_of_one_step_ties_nothing_together() -> None:
    found = relation("y[n, m, p] += w[m, c, u] * x[n, c, p + u]", {"x": (1, 4, 9), "w": (3, 4, 1)})
    assert sorted((part.loops, part.total) for part in found.components) == [(("c",), 4), (("m",), 3), (("p",), 9)]
    assert next(iter(found.fix({"y": (0, 2, 8)}).listed())) == ((0, 2, 8), (2, 0, 0), (0, 0, 8))
