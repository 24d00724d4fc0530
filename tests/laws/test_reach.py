"""Laws of reach: the image of a set of places is the brute image, or says that it is an upper bound."""

from __future__ import annotations

from itertools import product
from unittest.mock import patch

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from isochrome.core.evaluate import evaluate
from isochrome.core.reach import Places, image, union
from tests.laws import brute
from tests.laws.strategies import Case, cases, laws, place_sets

Place = tuple[int, ...]


def written_out(places: Places) -> set[Place]:
    """All places of a set."""
    return {place for box in places.boxes for place in product(*box)}


@laws
@given(cases(), st.data())
def test_an_image_is_the_brute_image(case: Case, data: st.DataObject) -> None:
    if (both := case.valid()) is None:
        return
    relation, taps = both
    for source, target in ((0, len(relation.shapes) - 1), (len(relation.shapes) - 1, 0), (0, 1)):
        boxes = data.draw(place_sets(relation.shapes[source]))
        places = union([Places((box,)) for box in boxes])
        found = image(relation, source, target, places)
        assert found.exact
        assert written_out(found) == brute.image(taps, source, target, written_out(places)), (source, target, boxes)
        assert found.count == len(written_out(found))


@laws
@given(cases(), st.data(), st.sampled_from((1, 2, 3)))
def test_an_image_with_too_many_boxes_is_an_upper_bound(case: Case, data: st.DataObject, most: int) -> None:
    if (both := case.valid()) is None:
        return
    relation, taps = both
    source, target = data.draw(st.sampled_from(((0, 1), (1, 0))))
    places = Places(tuple(data.draw(place_sets(relation.shapes[source]))))
    with patch("isochrome.core.reach.MOST_BOXES", most), patch("isochrome.core.reach.MOST_ROWS", 3 * most):
        found = image(relation, source, target, places)
    exact = brute.image(taps, source, target, written_out(places))
    assert written_out(found) >= exact
    assert not found.exact or written_out(found) == exact
    shape = relation.shapes[target]
    assert all(0 <= at < size for place in written_out(found) for at, size in zip(place, shape, strict=True))


box = st.integers(0, 3).flatmap(lambda rank: place_sets((4,) * rank))


@laws
@given(box)
def test_a_union_holds_each_place_once(boxes: list[tuple[Place, ...]]) -> None:
    together = union([Places((one,)) for one in boxes])
    expected = {place for one in boxes for place in product(*one)}
    assert together.exact
    assert written_out(together) == expected
    assert together.count == Places(tuple(boxes)).count == len(expected)
    if expected and boxes[0]:
        columns = list(zip(*expected, strict=True))
        assert together.hull() == tuple((min(column), max(column)) for column in columns)
    assert union([together, together]) == together


@laws
@given(cases(wrong=False), st.data())
def test_an_image_is_the_support_of_the_values(case: Case, data: st.DataObject) -> None:
    """With positive factors and no padding, a larger input changes exactly the neurons that it reaches."""
    if (both := case.valid()) is None or case.formula.reduce == "max" or not all(map(brute.is_real, both[1])):
        return
    relation, name = both[0], case.formula.factors[0].name
    if 0 in case.shapes[name]:
        return
    place = tuple(data.draw(st.integers(0, size - 1)) for size in case.shapes[name])
    ones = {name: np.ones(shape) for name, shape in case.shapes.items()}
    more = np.ones(case.shapes[name])
    more[place] = 2
    changed = np.argwhere(evaluate(relation, ones | {name: more}) != evaluate(relation, ones))
    reached = union(image(relation, number, 0, Places.of(place)) for number in relation.numbers_of(name))
    assert written_out(reached) == set(map(tuple, changed.tolist()))
