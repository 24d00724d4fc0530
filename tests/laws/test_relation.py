"""Laws of formulas and relations: the product of tables says what brute force says, table or lazy."""

from __future__ import annotations

from collections import Counter
from itertools import product
from math import prod

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from isochrome.core.formula import parse
from isochrome.core.relation import Relation
from tests.laws import brute
from tests.laws.strategies import WHOLE, Case, cases, laws


@laws
@given(cases())
def test_parsing_and_printing_are_inverse(case: Case) -> None:
    text = str(case.formula)
    assert parse(text) == case.formula
    assert str(parse(text)) == text
    assert parse(text.replace(" ", "").replace("where", " where ").replace("max=", " max= ")) == case.formula


@laws
@given(cases())
def test_the_product_of_tables_is_brute_force(case: Case) -> None:
    if (both := case.valid()) is None:
        return
    relation, taps = both
    assert relation.shapes == tuple(case.shapes[access.name] for access in case.formula.accesses)
    assert dict(relation.sizes) == case.sizes
    assert relation.connections == relation.everything.total == len(taps)
    assert relation.real_connections == relation.everything.real == sum(map(brute.is_real, taps))
    assert Counter(relation.everything.listed()) == Counter(taps)


@laws
@given(cases(), st.data())
def test_fixing_any_accesses_filters_the_taps(case: Case, data: st.DataObject) -> None:
    if (both := case.valid()) is None:
        return
    relation, taps = both
    numbers = [number for number, shape in enumerate(relation.shapes) if 0 not in shape]
    if not numbers:
        return
    for number in numbers:
        for place in _some_places(data, taps, number, relation.shapes[number]):
            _assert_same_taps(relation, taps, {number: place})
    several = data.draw(st.lists(st.sampled_from(numbers), min_size=1, max_size=3, unique=True))
    tap = data.draw(st.sampled_from(taps)) if taps else (None,) * len(relation.shapes)
    wanted = {number: tap[number] or (0,) * len(relation.shapes[number]) for number in several}
    _assert_same_taps(relation, taps, wanted)


def _some_places(data: st.DataObject, taps: list[brute.Tap], number: int, shape: tuple[int, ...]) -> list[brute.Place]:
    anywhere = tuple(data.draw(st.integers(0, size - 1)) for size in shape)
    used = sorted({place for tap in taps if (place := tap[number]) is not None})
    return [anywhere, data.draw(st.sampled_from(used))] if used else [anywhere]


def _assert_same_taps(relation: Relation, taps: list[brute.Tap], wanted: dict[int, brute.Place]) -> None:
    left = [tap for tap in taps if all(tap[number] == place for number, place in wanted.items())]
    fixed = relation.fix(dict(wanted))
    assert Counter(fixed.listed()) == Counter(left), wanted
    assert fixed.total == len(left)
    assert fixed.real == sum(map(brute.is_real, left))


@laws
@given(cases(), st.data())
def test_any_page_of_a_list_is_a_part_of_it(case: Case, data: st.DataObject) -> None:
    if (both := case.valid()) is None:
        return
    everything = both[0].everything
    whole = list(everything.listed())
    start = data.draw(st.integers(0, len(whole)))
    stop = data.draw(st.integers(start, len(whole) + 2))
    assert list(everything.listed(start, stop)) == whole[start:stop]


@laws
@given(cases(), st.data())
def test_a_tensor_that_stands_twice_has_the_union_of_its_uses(case: Case, data: st.DataObject) -> None:
    if (both := case.valid()) is None:
        return
    relation, taps = both
    name = data.draw(st.sampled_from(sorted({access.name for access in case.formula.accesses})))
    if 0 in case.shapes[name]:
        return
    numbers = relation.numbers_of(name)
    place = data.draw(st.sampled_from(_some_places(data, taps, numbers[-1], case.shapes[name])))
    left = [tap for tap in taps if any(tap[number] == place for number in numbers)]
    assert relation.count_union(name, place) == (len(left), sum(map(brute.is_real, left)))
    assert Counter(relation.list_union(name, place)) == Counter(left)


@laws
@given(cases(limit=WHOLE, wrong=False), st.sampled_from((1, 4, 10)))
def test_a_lazy_component_answers_as_its_table(case: Case, limit: int) -> None:
    if (both := case.valid()) is None:
        return
    table = both[0]
    lazy = Case(case.formula, case.sizes, case.given, case.shapes, case.tables, case.inputs, limit).valid()
    if lazy is None:
        return
    assert len(lazy[0].components) == len(table.components)
    for one, other in zip(lazy[0].components, table.components, strict=True):
        assert (one.total, one.real, one.loops) == (other.total, other.real, other.loops)
        rows = Counter(map(tuple, one.select({}).take(np.arange(one.total)).tolist()))
        expected = Counter(map(tuple, other.select({}).take(np.arange(other.total)).tolist()))
        assert rows == expected
        for column in range(len(next(iter(expected), ()))):
            assert one.span(column) == other.span(column)


@laws
@given(cases())
def test_every_number_decodes_into_its_digits(case: Case) -> None:
    if (both := case.valid()) is None:
        return
    relation, _ = both
    rows = [part.select({}).take(np.arange(part.total)) for part in relation.components]
    for axis in (axis for axes in relation.axes for axis in axes if axis.digits):
        sets = [sorted({(d.component, row[d.column]) for row in rows[d.component].tolist()}) for d in axis.digits]
        if len({d.component for d in axis.digits}) < len(axis.digits) or prod(map(len, sets)) > 500:
            continue
        for chosen in product(*sets):
            digits = tuple(value for _, value in chosen)
            value = axis.offset + sum(digits)
            assert axis.decode(value) == digits
            assert [array.tolist() for array in axis.decode(np.array([value, value]))] == [[one] * 2 for one in digits]
