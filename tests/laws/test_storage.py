"""The law of storage: two elements are one stored scalar exactly where they lie at one byte."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from isochrome.load.aten_held import places_of
from isochrome.model.held import Held, distinct
from tests.laws.strategies import laws

LENGTH = 24
Row = tuple[int, tuple[int, ...], tuple[int, ...], int]


@st.composite
def views(draw: st.DrawFn) -> Row:
    """A view that fits into the storage: offset, shape, strides; and which storage."""
    rank = draw(st.integers(0, 3))
    shape, strides, room = [], [], LENGTH - 1
    for _ in range(rank):
        size = draw(st.integers(1, 4))
        stride = draw(st.integers(0, room // max(size - 1, 1))) if size > 1 else draw(st.integers(0, 9))
        shape.append(size)
        strides.append(stride)
        room -= stride * (size - 1)
    return draw(st.integers(0, room)), tuple(shape), tuple(strides), draw(st.integers(0, 1))


def held(rows: Sequence[Row]) -> list[Held]:
    return [Held(f"t{number}", number, str(storage), 4 * offset, shape, strides, "float32", 4)
            for number, (offset, shape, strides, storage) in enumerate(rows)]  # fmt: skip


def addresses(row: Held) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    found = np.full(row.shape, row.offset // 4, np.int64)
    for axis, (size, stride) in enumerate(zip(row.shape, row.strides, strict=True)):
        found += (stride * np.arange(size)).reshape([-1 if axis == other else 1 for other in range(len(row.shape))])
    return found


@laws
@given(st.lists(views(), min_size=1, max_size=4))
def test_elements_at_one_byte_are_one_stored_scalar(rows: Sequence[Row]) -> None:
    names = held(rows)
    scalar_at: dict[tuple[str, int], tuple[str, tuple[int, ...]]] = {}
    for row, place in zip(names, places_of(names), strict=True):
        (piece,) = place.origin.pieces
        assert place.origin.shape == row.shape and piece.shape == place.tensor.shape
        axes = tuple(range(len(row.shape)))
        where = [index.over(axes, row.shape) for index in piece.indices]
        for at, address in np.ndenumerate(addresses(row)):
            scalar = place.key, tuple(int(index[at]) for index in where)
            assert all(0 <= place_ < size for place_, size in zip(scalar[1], piece.shape, strict=True))
            assert scalar_at.setdefault((row.storage, int(address)), scalar) == scalar
    assert len(set(scalar_at.values())) == len(scalar_at)
    assert distinct(names) == (len(scalar_at), 4 * len(scalar_at))


@laws
@given(st.lists(views(), min_size=1, max_size=4))
def test_names_of_one_view_are_one_stored_tensor(rows: Sequence[Row]) -> None:
    names = held([*rows, *rows])
    found = places_of(names)
    for first, again in zip(found, found[len(rows) :], strict=False):
        assert first.key == again.key and first.tensor is again.tensor
    assert {name for place in found for name in place.tensor.names} == {row.name for row in names}


@laws
@given(views(), st.sampled_from(["meta", "empty", "sharded"]))
def test_what_is_no_evidence_is_one_by_its_object_alone(row: Row, why: str) -> None:
    (one,) = held([row])
    twin = Held("again", 0, "", one.offset, one.shape, one.strides, "float32", 4, unproven=why)
    other = Held("other", 1, "", one.offset, one.shape, one.strides, "float32", 4, unproven=why)
    first = Held("first", 0, "", one.offset, one.shape, one.strides, "float32", 4, unproven=why)
    found = places_of([first, other, twin])
    assert found[0].key == found[2].key != found[1].key
    assert distinct([first, other, twin])[0] == 2 * one.count
