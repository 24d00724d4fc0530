"""Identity of storage: which stored tensor each name that a model holds is, or is a part of.

A scalar is (storage, byte offset). Names that are one view of the same bytes are one stored tensor. Of different views
that share bytes one is kept, the first that holds all the others' elements, each once, or else the range of bytes as
one row; the others have their origin in it. Views of one buffer that share no byte stay apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod

import numpy as np
from numpy.typing import NDArray

from isochrome.core.sizes import Shape
from isochrome.load.store import StoredTensor
from isochrome.model.held import Held, is_whole, places
from isochrome.model.origin import Origin, Piece, Sum
from isochrome.model.parts import Span

__all__ = ["Place", "places_of"]

MOST_LISTED = 1 << 22
Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """Where a name's elements are stored: the key of the stored tensor, what is known of it, the origin in it."""

    key: str
    tensor: StoredTensor
    origin: Origin


@dataclass(frozen=True, slots=True)
class _View:
    """Elements of a storage: an offset and strides, in elements; axes of size 1 have stride 0."""

    offset: int
    shape: Shape
    strides: tuple[int, ...]

    @property
    def stop(self) -> int:
        reach = sum(stride * (size - 1) for stride, size in zip(self.strides, self.shape, strict=True))
        return self.offset + reach + 1

    @property
    def count(self) -> int:
        return prod(self.shape)

    @property
    def is_whole(self) -> bool:
        """Whether it holds every element from its first to its last, each once."""
        return is_whole(self.shape, self.strides)

    def places(self) -> Numbers:
        """The distinct elements, in order."""
        return places(self.offset, self.shape, self.strides)


def places_of(held: Sequence[Held]) -> tuple[Place, ...]:
    """Where each row of a model's held tensors is stored; rows of one place share their key and stored tensor."""
    groups: dict[tuple[str, str, int, int], list[int]] = {}
    for number, row in enumerate(held):
        storage = row.storage if not row.unproven and row.count else ""
        rest = row.offset % max(row.item, 1) if storage else row.thing
        groups.setdefault((storage, row.dtype if storage else "", row.item, rest), []).append(number)
    found: dict[int, Place] = {}
    for (storage, *_), numbers in groups.items():
        for cluster in _clusters(held, numbers) if storage else [numbers]:
            found |= _placed(held, cluster)
    return tuple(found[number] for number in range(len(held)))


def _view(row: Held) -> _View:
    strides = tuple(stride if size > 1 else 0 for stride, size in zip(row.strides, row.shape, strict=True))
    return _View(row.offset // max(row.item, 1), row.shape, strides)


def _clusters(held: Sequence[Held], numbers: Sequence[int]) -> list[list[int]]:
    """The rows of one storage in groups that share bytes, each in the order of registration."""
    views = {number: _view(held[number]) for number in numbers}
    clusters: list[list[int]] = []
    end = -1
    for number in sorted(numbers, key=lambda number: (views[number].offset, number)):
        if not clusters or views[number].offset >= end:
            clusters.append([])
        clusters[-1].append(number)
        end = max(end, views[number].stop)
    return [sorted(part) for cluster in clusters for part in _really_shared(cluster, views)]


def _really_shared(cluster: list[int], views: dict[int, _View]) -> list[list[int]]:
    """Views may lie in one another's gaps and share nothing."""
    distinct = dict.fromkeys(views[number] for number in cluster)
    listed = sum(view.count for view in distinct)
    if len(distinct) < 2 or all(view.is_whole for view in distinct) or listed > MOST_LISTED:
        return [cluster]
    parts: list[tuple[Numbers, list[int]]] = []
    for number in cluster:
        places, mine = views[number].places(), [number]
        rest = []
        for other, rows in parts:
            if np.intersect1d(places, other).size:
                places, mine = np.union1d(places, other), rows + mine
            else:
                rest.append((other, rows))
        parts = [*rest, (places, mine)]
    return [rows for _, rows in parts]


def _placed(held: Sequence[Held], cluster: Sequence[int]) -> dict[int, Place]:
    first = held[cluster[0]]
    key = f"held {cluster[0]}"  # no call's result is called so, whatever the model calls its own
    names = list(dict.fromkeys(held[number].name for number in cluster))
    if not first.storage or first.unproven or not first.count:
        span = Span(first.name, 0, first.count * first.item)
        tensor = StoredTensor(names, first.shape, first.dtype, span, cluster[0])
        place = Place(key, tensor, Origin.of(key, first.shape))
        return dict.fromkeys(cluster, place)
    views = {number: _view(held[number]) for number in cluster}
    kept = _kept([views[number] for number in cluster])
    span = Span(f"storage {first.storage}", kept.offset * first.item, kept.stop * first.item)
    if kept == views[cluster[0]] and span.start == 0 and len(set(views.values())) == 1:
        span = replace(span, storage=first.name)
    number = next((number for number in cluster if views[number] == kept), None)
    tensor = StoredTensor(names, kept.shape, first.dtype, span, number)
    origins = {view: _origin(key, view, kept) for view in dict.fromkeys(views.values())}
    tensor.parts = tuple((number, origins[views[number]]) for number in cluster)
    return {number: Place(key, tensor, origins[views[number]]) for number in cluster}


def _kept(views: Sequence[_View]) -> _View:
    """The first view that holds the elements of all, each once; else the whole range as one row."""
    distinct = list(dict.fromkeys(views))
    start, stop = min(view.offset for view in distinct), max(view.stop for view in distinct)
    for view in distinct:
        if view.is_whole and (view.offset, view.stop) == (start, stop):
            return view
    if len(distinct) == 1:
        (view,) = distinct
        thin = [(size, stride) for size, stride in zip(view.shape, view.strides, strict=True) if stride]
        without = _View(view.offset, tuple(size for size, _ in thin), tuple(stride for _, stride in thin))
        if _digits_apart(without):
            return without if without.count < view.count else view
    elif sum(view.count for view in distinct) <= MOST_LISTED:
        every = np.unique(np.concatenate([view.places() for view in distinct]))
        for view in distinct:
            if _digits_apart(view) and view.count == len(every) == len(view.places()):
                return view
    return _View(start, (stop - start,), (1 if stop - start > 1 else 0,))


def _digits_apart(view: _View) -> bool:
    """Whether its axes are digits of the place: each step is longer than all that the smaller ones reach."""
    reach = 0
    for stride, size in sorted(zip(view.strides, view.shape, strict=True)):
        if size > 1:
            if stride <= reach:
                return False
            reach += stride * (size - 1)
    return True


def _origin(key: str, view: _View, kept: _View) -> Origin:
    """A view's elements as places of the kept one."""
    if view == kept:
        return Origin.of(key, view.shape)
    flat = Sum(view.offset - kept.offset, tuple((axis, step) for axis, step in enumerate(view.strides) if step))
    order = sorted((axis for axis, size in enumerate(kept.shape) if size > 1), key=lambda axis: -kept.strides[axis])
    indices = _by_digits(flat, view.shape, kept, order) or _by_table(flat, view.shape, kept, order)
    return Origin(view.shape, (Piece(key, kept.shape, indices),))


def _by_digits(flat: Sum, shape: Shape, kept: _View, order: Sequence[int]) -> tuple[Sum, ...]:
    """One sum for each kept axis, if offset and strides fall into digits that never carry."""
    terms: dict[int, list[tuple[int, int]]] = {axis: [] for axis in order}
    starts = dict.fromkeys(order, 0)
    for place, amount in [(None, flat.constant), *flat.terms]:
        for axis in order:
            count, amount = divmod(amount, kept.strides[axis])
            if count and place is None:
                starts[axis] = count
            elif count and place is not None:
                terms[axis].append((place, count))
        if amount:
            return ()
    found = []
    for axis, size in enumerate(kept.shape):
        value = Sum(starts[axis], tuple(terms[axis])) if axis in terms else Sum()
        if not 0 <= value.range(shape)[1] < size:
            return ()
        found.append(value)
    return tuple(found)


def _by_table(flat: Sum, shape: Shape, kept: _View, order: Sequence[int]) -> tuple[Sum, ...]:
    axes = flat.axes
    rest = flat.over(axes, shape)
    found = {}
    for axis in order:
        digit = rest // kept.strides[axis]
        rest = rest - digit * kept.strides[axis]
        found[axis] = Sum(0, (), ((axes, digit),))
    return tuple(found.get(axis, Sum()) for axis in range(len(kept.shape)))
