"""Laws of counting and evaluating: uses of each weight, values, and the ones oracle."""

from __future__ import annotations

from collections import Counter
from itertools import product
from math import prod

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from isochrome.core.evaluate import evaluate
from isochrome.core.sharing import Uses, along, baselines, uses_per_weight
from tests.laws import brute
from tests.laws.strategies import Case, cases, laws, too_large_for_lazy


@laws
@given(cases())
def test_uses_of_each_weight_are_brute_force(case: Case) -> None:
    if (both := case.valid()) is None:
        return
    relation, taps = both
    for number in range(len(case.formula.accesses)):
        if case.formula.accesses[number].name in case.inputs:
            continue
        uses = Counter(tap[number] for tap in taps)
        real = Counter({place: 0 for place in uses})
        real.update(tap[number] for tap in taps if brute.is_real(tap))
        every = set(uses.values())
        expected = Uses(
            taps=None if len(every) > 1 else max(every, default=0),
            least=min(real.values(), default=0),
            most=max(real.values(), default=0),
            mentioned=len(uses),
            live=sum(count > 0 for count in real.values()),
        )
        with too_large_for_lazy(case.limit):
            assert uses_per_weight(relation, number) == expected, number


@laws
@given(cases())
def test_histograms_count_the_rows(case: Case) -> None:
    if (both := case.valid()) is None:
        return
    for part in both[0].components:
        rows = part.select({}).take(np.arange(part.total)).tolist()
        columns = range(len(rows[0]) if rows else 0)
        for chosen in [(column,) for column in columns] + ([tuple(columns)] if len(columns) > 1 else []):
            with too_large_for_lazy(case.limit):
                distinct, total, real = part.histogram(chosen)
                counted = Counter(tuple(row[column] for column in chosen) for row in rows)
                assert dict(zip(map(tuple, distinct.tolist()), total.tolist(), strict=True)) == counted
                assert sum(real.tolist()) == part.real
                assert all(0 <= some <= every for some, every in zip(real.tolist(), total.tolist(), strict=True))


@laws
@given(cases())
def test_a_weight_is_shared_along_the_loops_that_its_index_does_not_mention(case: Case) -> None:
    """Between two taps that differ only in loops that w does not mention, the weight is the same."""
    if (both := case.valid()) is None or not both[1]:
        return
    for number, weight in enumerate(case.formula.factors, 1):
        found = along(case.formula, weight)
        assert set(found.shared) | set(found.distinct) == set(case.sizes)
        assert not set(found.shared) & set(found.distinct)
        taps, places = both[1], {tap[number] for tap in both[1]}
        if weight.name not in case.inputs:
            assert len(places) <= prod(case.sizes[loop] for loop in found.distinct)
            most = prod(case.sizes[loop] for loop in found.shared)
            assert len(taps) <= len(places) * most * prod(case.sizes[loop] for loop in found.distinct)


@laws
@given(cases(), st.randoms(use_true_random=False))
def test_values_are_brute_force(case: Case, random: object) -> None:
    if (both := case.valid()) is None:
        return
    relation, taps = both
    generator = np.random.default_rng(random.randrange(2**32))  # type: ignore[attr-defined]
    arrays = {a.name: generator.integers(-3, 4, case.shapes[a.name]) for a in case.formula.factors}
    factors = [arrays[access.name] for access in case.formula.factors]
    expected = brute.values(taps, case.formula.reduce, case.shapes["y"], factors)
    found = evaluate(relation, arrays)
    assert found.shape == case.shapes["y"]
    assert {place: float(found[place]) for place in product(*map(range, found.shape))} == expected


@laws
@given(cases(), st.data())
def test_the_sum_over_ones_counts_the_real_connections(case: Case, data: st.DataObject) -> None:
    """With ones everywhere, y adds up to the connections; with a single one in w, to the uses of that weight."""
    if (both := case.valid()) is None or case.formula.reduce == "max":
        return
    relation, _ = both
    ones = {name: np.ones(shape) for name, shape in case.shapes.items()}
    assert evaluate(relation, ones).sum() == relation.real_connections
    for name in sorted({a.name for a in case.formula.factors}):
        if len(relation.numbers_of(name)) > 1 or 0 in case.shapes[name]:
            continue
        place = tuple(data.draw(st.integers(0, size - 1)) for size in case.shapes[name])
        single = np.zeros(case.shapes[name])
        single[place] = 1
        assert evaluate(relation, ones | {name: single}).sum() == relation.fix({name: place}).real


@laws
@given(cases())
def test_without_sharing_every_connection_has_its_own_weight(case: Case) -> None:
    if (both := case.valid()) is None:
        return
    relation, taps = both
    neurons, inputs = prod(case.shapes["y"]), prod(relation.shapes[1])
    found = baselines(relation, 7, neurons, inputs)
    assert (found.shared, found.locally_connected, found.fully_connected) == (7, len(taps), neurons * inputs)
