"""Whether a claim about marks and weights is true of a formula, decided component by component; and by listing.

A relation is a product of components, so the weights of a mark are a product of sets, and each claim below holds of
the whole exactly where it holds of every component.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations, product
from typing import Any, Literal

import numpy as np

from isochrome.ask.marks import Column, Marked, Numbers
from isochrome.core.component import distinct_rows
from isochrome.core.relation import Place

__all__ = ["Claim", "Form", "Tap", "Verdict", "decide", "enumerate_claim", "objects_of_mark", "tap_of"]

Form = Literal["same", "share", "different", "one"]
Tap = tuple[Place | None, ...]
MOST_ROWS = 2_000_000
MOST_MARKS = 3_000


@dataclass(frozen=True, slots=True)
class Claim:
    """Marks, what they match in, and what is claimed of them.

    ``same``: marks that match use exactly the same objects; ``share``: any two have one in common; ``different``: no
    two have; ``one``: each mark has exactly one. ``marks``, ``match`` and ``object`` are kinds of mark. ``chosen``
    takes only the marks with some numbers along their first kind. ``biases``: it speaks of the layer's biases.
    ``denied``: the opposite is claimed. ``layers`` names the two layers of a claim about layers. ``words`` is what the
    claim itself calls each kind.
    """

    form: Form
    marks: tuple[str, ...]
    match: tuple[str, ...] = ()
    object: str = "weight"
    chosen: tuple[int, ...] = ()
    biases: bool = False
    denied: bool = False
    layers: tuple[str, ...] = ()
    words: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a claim holds; where two connections decide it, their rows in each component; whether it compares any.

    ``pairs`` is False where there are no two marks to be compared.
    """

    holds: bool
    rows: tuple[tuple[int, ...], tuple[int, ...]] | None
    pairs: bool


def decide(claim: Claim, found: Marked) -> Verdict | None:
    """The claim on a relation; None where a component is too large to be gone through."""
    if any(part.total > MOST_ROWS for part in found.relation.components):
        return None
    marks = _of(found, (*claim.marks, *claim.match))
    match, objects = _of(found, claim.match), found.columns[claim.object]
    failing: tuple[int, int, int] | None = None
    pairs = claim.form == "one"
    for number in range(len(found.relation.components)):
        rows = found.rows(number)
        if claim.chosen:
            rows = rows[_chosen(claim, found, number, rows)]
        if not len(rows):
            return Verdict(True, None, False)
        ids = [_ids(rows, number, columns) for columns in (marks, match, objects)]
        pairs |= len(np.unique(ids[0])) > len(np.unique(ids[1]))
        pair = _FORMS[claim.form](*ids)
        if isinstance(pair, str):
            return None
        if pair is not None and failing is None:
            kept = _chosen(claim, found, number, found.rows(number)) if claim.chosen else np.arange(len(rows))
            failing = number, int(kept[pair[0]]), int(kept[pair[1]])
    if failing is None or not pairs:
        return Verdict(True, None, pairs)
    return Verdict(False, _rows(found, claim, failing), pairs)


def _of(found: Marked, kinds: tuple[str, ...]) -> frozenset[Column]:
    return frozenset(column for kind in kinds for column in found.columns[kind])


def _ids(rows: Numbers, component: int, columns: frozenset[Column]) -> Numbers:
    mine = sorted(column for part, column in columns if part == component)
    return distinct_rows(rows[:, mine])[1]


def _chosen(claim: Claim, found: Marked, component: int, rows: Numbers) -> Numbers:
    """The rows of the chosen marks: their first kind has one of the chosen numbers."""
    keep = np.ones(len(rows), np.bool_)
    for part, column in found.columns[claim.marks[0]]:
        if part == component:
            keep &= np.isin(rows[:, column], claim.chosen)
    return np.flatnonzero(keep)


def _rows(found: Marked, claim: Claim, failing: tuple[int, int, int]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """A failing pair of rows of one component, with the first row of all the others."""
    firsts = []
    for number in range(len(found.relation.components)):
        kept = _chosen(claim, found, number, found.rows(number)) if claim.chosen else np.zeros(1, np.int64)
        firsts.append(int(kept[0]))
    one, other = (
        tuple(row if number == failing[0] else first for number, first in enumerate(firsts)) for row in failing[1:]
    )
    return one, other


def objects_of_mark(claim: Claim, found: Marked, rows: tuple[int, ...]) -> int:
    """How many objects the mark of a connection has."""
    count = 1
    for number, row in enumerate(rows):
        table = found.rows(number)
        marks, things = (
            _ids(table, number, columns)
            for columns in (_of(found, (*claim.marks, *claim.match)), found.columns[claim.object])
        )
        count *= len(np.unique(things[marks == marks[row]]))
    return count


def tap_of(found: Marked, rows: tuple[int, ...]) -> Tap:
    """The connection at some rows of the components."""
    number = 0
    for part, row in zip(found.relation.components, rows, strict=True):
        number = number * part.total + row
    return next(iter(found.relation.everything.listed(number, number + 1)))


# --- the four forms, on one component: a pair of rows that fails, None where none does, '' where that is unknown ------

Found = tuple[int, int] | None | str


def _first_rows(marks: Numbers, objects: Numbers) -> tuple[list[dict[int, int]], Numbers]:
    """For each mark the objects that it has, each with a row; and the mark of each."""
    pairs, first = np.unique(np.stack([marks, objects], axis=1), axis=0, return_index=True)
    sets: list[dict[int, int]] = [{} for _ in range(int(marks.max()) + 1)]
    for (mark, thing), row in zip(pairs.tolist(), first.tolist(), strict=True):
        sets[mark][thing] = row
    return sets, pairs


def _groups(marks: Numbers, match: Numbers) -> list[list[int]]:
    """The marks that match, together."""
    groups: dict[int, list[int]] = defaultdict(list)
    for key, mark in np.unique(np.stack([match, marks], axis=1), axis=0).tolist():
        groups[key].append(mark)
    return list(groups.values())


def _same(marks: Numbers, match: Numbers, objects: Numbers) -> Found:
    sets, _ = _first_rows(marks, objects)
    for group in _groups(marks, match):
        first = sets[group[0]]
        for other in (sets[mark] for mark in group[1:]):
            if first.keys() != other.keys():
                less, more = (first, other) if other.keys() - first.keys() else (other, first)
                thing = min(more.keys() - less.keys())
                unlike = more[thing], next(iter(less.values()))
                return unlike if more is first else unlike[::-1]
    return None


def _share(marks: Numbers, match: Numbers, objects: Numbers) -> Found:
    sets, _ = _first_rows(marks, objects)
    for group in _groups(marks, match):
        if set.intersection(*(set(sets[mark]) for mark in group)):
            continue
        if len(group) > MOST_MARKS:
            return ""
        for one, other in combinations(group, 2):
            if not sets[one].keys() & sets[other].keys():
                return next(iter(sets[one].values())), next(iter(sets[other].values()))
    return None


def _different(marks: Numbers, match: Numbers, objects: Numbers) -> Found:
    sets, _ = _first_rows(marks, objects)
    for group in _groups(marks, match):
        owner: dict[int, int] = {}
        for mark in group:
            for thing, row in sets[mark].items():
                if thing in owner:
                    return owner[thing], row
                owner[thing] = row
    return None


def _one(marks: Numbers, match: Numbers, objects: Numbers) -> Found:
    for things in _first_rows(marks, objects)[0]:
        if len(things) > 1:
            first, second = list(things.values())[:2]
            return first, second
    return None


_FORMS: Mapping[Form, Callable[[Numbers, Numbers, Numbers], Found]] = {
    "same": _same, "share": _share, "different": _different, "one": _one,
}  # fmt: skip


# --- the same by listing every connection -----------------------------------------------------------------------------


def enumerate_claim(claim: Claim, found: Marked) -> tuple[bool, int]:
    """The claim by going through all connections one by one, and how many there were."""
    marks, match, objects, chosen = (
        sorted(_of(found, kinds))
        for kinds in ((*claim.marks, *claim.match), claim.match, (claim.object,), claim.marks[:1])
    )
    things: dict[Any, set[Any]] = defaultdict(set)
    matching: dict[Any, set[Any]] = defaultdict(set)
    count = 0
    for tap in _listed(found):
        count += 1
        if claim.chosen and not all(tap[part][column] in claim.chosen for part, column in chosen):
            continue
        mark = _key(tap, marks)
        things[mark].add(_key(tap, objects))
        matching[_key(tap, match)].add(mark)
    if claim.form == "one":
        return all(len(found) == 1 for found in things.values()), count
    holds = all(
        _PAIRS[claim.form](things[one], things[other])
        for group in matching.values()
        for one, other in combinations(sorted(group), 2)
    )
    return holds, count


_PAIRS: Mapping[str, Callable[[set[Any], set[Any]], bool]] = {
    "same": lambda one, other: one == other,
    "share": lambda one, other: bool(one & other),
    "different": lambda one, other: not one & other,
}


def _listed(found: Marked) -> Iterator[list[list[int]]]:
    """Every connection, as the row that it has in each component."""
    yield from map(list, product(*(found.rows(number).tolist() for number in range(len(found.relation.components)))))


def _key(tap: list[list[int]], columns: list[Column]) -> tuple[int, ...]:
    return tuple(tap[part][column] for part, column in columns)
