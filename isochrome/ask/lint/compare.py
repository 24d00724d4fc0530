"""Two models, or one before and after a step: what sharing was lost, gained or changed, and what it costs.

Stored tensors are followed by name, then by name without what wrappers add, then by their numbers (transposed copies
included): so an exporter may rename and turn what it likes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from isochrome.ask.lint.equal import Equal, Item, equal_groups
from isochrome.ask.lint.names import plain_name
from isochrome.ask.lint.rounded import quantised, rounded_from
from isochrome.model.held import Held, distinct
from isochrome.model.parts import Model
from isochrome.model.ties import Cell, cells, partial_overlaps
from isochrome.model.values import Reader

__all__ = ["Change", "Comparison", "compare"]


@dataclass(frozen=True, slots=True)
class Change:
    """One change: the names before and after, by stored tensor (names in one group are one stored tensor).

    ``bytes`` is how many more are stored (fewer where negative), ``transposed`` names what is stored turned.
    """

    what: str
    before: tuple[tuple[str, ...], ...]
    after: tuple[tuple[str, ...], ...]
    bytes: int
    transposed: tuple[str, ...] = ()

    @property
    def before_names(self) -> tuple[str, ...]:
        """All names before."""
        return tuple(name for names in self.before for name in names)

    @property
    def after_names(self) -> tuple[str, ...]:
        """All names after."""
        return tuple(name for names in self.after for name in names)

    def to_dict(self) -> dict[str, Any]:
        """The change as JSON knows it."""
        return {
            "what": self.what,
            "before": [list(names) for names in self.before],
            "after": [list(names) for names in self.after],
            "bytes": self.bytes,
            "transposed": list(self.transposed),
        }


@dataclass(frozen=True, slots=True)
class Comparison:
    """What became of the sharing of a model. ``unknown_before`` and ``unknown_after`` name parameters without a
    counterpart, of which nothing can be said."""

    before: str
    after: str
    lost: tuple[Change, ...]
    gained: tuple[Change, ...]
    changed: tuple[Change, ...]
    bytes_before: int
    bytes_after: int
    unknown_before: tuple[str, ...] = ()
    unknown_after: tuple[str, ...] = ()

    @property
    def differs(self) -> bool:
        """Whether any sharing differs."""
        return bool(self.lost or self.gained or self.changed)

    def to_dict(self) -> dict[str, Any]:
        """The comparison as JSON knows it."""
        return {
            "before": self.before,
            "after": self.after,
            "lost": [one.to_dict() for one in self.lost],
            "gained": [one.to_dict() for one in self.gained],
            "changed": [one.to_dict() for one in self.changed],
            "bytes_before": self.bytes_before,
            "bytes_after": self.bytes_after,
            "unknown_before": list(self.unknown_before),
            "unknown_after": list(self.unknown_after),
        }


def compare(before: Model, before_reader: Reader, after: Model, after_reader: Reader) -> Comparison:
    """What sharing was lost, gained or changed from one model to the other."""
    links = _Links(_Side(before, before_reader), _Side(after, after_reader))
    links.by_name()
    links.by_value()
    links.by_rounded_value()
    forth, back = links.forth, links.back
    lost = [links.lost(old, forth[old]) for old in sorted(forth) if len(forth[old]) > 1]
    gained = [links.gained(back[new], new) for new in sorted(back) if len(back[new]) > 1]
    whole = [old for old in sorted(forth) if len(forth[old]) == 1 and len(back[next(iter(forth[old]))]) == 1]
    changed = [change for old in whole for change in links.changed(old, next(iter(forth[old])))]
    apart = [_apart(*pair) for pair in links.overlaps(links.before, links.after, forth)]
    together = [_together(*pair) for pair in links.overlaps(links.after, links.before, back)]
    return Comparison(
        before.name, after.name, tuple(lost + apart), tuple(gained + together), tuple(changed),
        distinct(before.held)[1], distinct(after.held)[1],
        links.before.unknown(forth), links.after.unknown(back),
    )  # fmt: skip


class _Side:
    """One of the two models."""

    def __init__(self, model: Model, reader: Reader) -> None:
        self.model, self.reader = model, reader
        self.cells = cells(model.held)
        self.names: dict[str, int] = {}
        self.by_name = {name: cell for cell in self.cells for name in cell.names}
        self.plain: dict[str, int] = {}
        for cell in self.cells:
            for name in cell.names:
                self.names.setdefault(name, cell.number)
                self.plain.setdefault(plain_name(name), cell.number)

    def find(self, name: str, like: Held) -> int | None:
        """The stored tensor of a name, or of one that differs by wrappers alone and is as large, or packed."""
        if name in self.names:
            return self.names[name]
        found = self.plain.get(plain_name(name))
        first = self.cells[found].first if found is not None else like
        return found if first.count == like.count or first.dtype != like.dtype else None

    def item(self, cell: Cell, side: int) -> Item:
        """A stored tensor with its reader."""
        return Item(self.reader, cell.rows[0], cell.first, cell.number, side)

    def unknown(self, linked: Mapping[int, Any]) -> tuple[str, ...]:
        """Parameters without a counterpart; single numbers apart, which quantisers and exporters make."""
        weights = [cell for cell in self.cells if cell.first.role == "parameter" and cell.first.count > 1]
        return tuple(cell.names[0] for cell in weights if cell.number not in linked)


Linked = dict[int, dict[int, None]]


class _Links:
    """Which stored tensor of one side is which of the other."""

    def __init__(self, before: _Side, after: _Side) -> None:
        self.before, self.after = before, after
        self.forth: Linked = defaultdict(dict)
        self.back: Linked = defaultdict(dict)
        self.turned: set[int] = set()

    def link(self, old: int, new: int) -> None:
        self.forth[old][new] = None
        self.back[new][old] = None

    def by_name(self) -> None:
        for name, new in self.after.names.items():
            old = self.before.find(name, self.after.cells[new].first)
            if old is not None:
                self.link(old, new)
        for name, old in self.before.names.items():
            found = self.after.find(name, self.before.cells[old].first)
            if found is not None:
                self.link(old, found)

    def by_value(self) -> None:
        """Tensors that no name follows: those of one group are paired in their order, and what is left over is one more
        copy, or one more that was merged."""
        sides = enumerate((self.before, self.after))
        items = [side.item(cell, number) for number, side in sides for cell in side.cells]
        for group in equal_groups(items, lambda some: any(map(self._is_open, some))):
            if len({one.item.side for one in group}) == 2:
                self._paired(group)
            elif group[0].item.side == 1:
                self._copied(group)

    def by_rounded_value(self) -> None:
        """Tensors that a quantiser renamed and rounded."""
        olds = [self.before.item(cell, 0) for cell in self.before.cells]
        for cell in self.after.cells:
            item = self.after.item(cell, 1)
            values = quantised(item, self.after.by_name, self.after.reader) if self._is_open(item) else None
            found = None if values is None else rounded_from(item, values, olds)
            if found is not None:
                self.link(found[0].number, cell.number)
                self.turned |= {cell.number} if found[1] else set()

    def _is_open(self, item: Item) -> bool:
        return item.number not in (self.forth, self.back)[item.side]

    def _copied(self, group: Sequence[Equal]) -> None:
        """A copy of what is followed by its name is one more of the same, also where the numbers have changed since."""
        known = next((one for one in group if not self._is_open(one.item)), None)
        if known is None:
            return
        for one in group:
            if self._is_open(one.item):
                self.link(next(iter(self.back[known.item.number])), one.item.number)
                self.turned |= {one.item.number} if one.transposed != known.transposed else set()

    def _paired(self, group: Sequence[Equal]) -> None:
        first = next(one for one in group if one.item.side == 0)
        self.turned |= {one.item.number for one in group if one.item.side and one.transposed != first.transposed}
        sides: tuple[list[int], list[int]] = ([], [])
        for one in group:
            sides[one.item.side].append(one.item.number)
        olds, news = ([number for number in side if number not in linked] for side, linked in
                      zip(sides, (self.forth, self.back), strict=True))  # fmt: skip
        both = min(len(olds), len(news))
        for old, new in zip(olds, news, strict=False):
            self.link(old, new)
        for new in news[both:]:
            self.link(olds[-1] if both else sides[0][0], new)
        for old in olds[both:]:
            self.link(old, news[-1] if both else sides[1][0])

    # --- what the links say ---------------------------------------------------------------------------------------

    def lost(self, old: int, news: Iterable[int]) -> Change:
        found = [self.after.cells[new] for new in news]
        more = _bytes(found) - _bytes(found[:1])
        what = f"one stored tensor became {len(found)}"
        return Change(what, (self.before.cells[old].names,), _names(found), more, self._turned(found))

    def gained(self, olds: Iterable[int], new: int) -> Change:
        found = [self.before.cells[old] for old in olds]
        fewer = _bytes(found[:1]) - _bytes(found)
        return Change(f"{len(found)} stored tensors became one", _names(found), (self.after.cells[new].names,), fewer)

    def _turned(self, found: Sequence[Cell]) -> tuple[str, ...]:
        return tuple(name for cell in found if cell.number in self.turned for name in cell.names)

    def changed(self, old: int, new: int) -> Iterator[Change]:
        before, after = self.before.cells[old], self.after.cells[new]
        if len(before.names) < 2 and len(after.names) < 2:
            return
        what = ""
        if len(after.names) > 1 and len(before.names) > 1 and before.fact != after.fact:
            what = f"was {before.fact}, is {after.fact}"
        elif self.before.model.format == self.after.model.format and len(before.names) != len(after.names):
            what = "some of its names are gone" if len(before.names) > len(after.names) else "it has more names"
        if what:
            yield Change(what, (before.names,), (after.names,), 0)

    def overlaps(self, one: _Side, other: _Side, linked: Linked) -> Iterator[tuple[list[Cell], list[Cell]]]:
        """Tensors that overlap in part on one side and no longer do on the other."""
        there = {cell.number: number for number, part in enumerate(partial_overlaps(other.cells)) for cell in part}
        for part in partial_overlaps(one.cells):
            found = dict.fromkeys(next(iter(linked[cell.number])) for cell in part if cell.number in linked)
            if len({there.get(number, -1 - number) for number in found}) > 1:
                yield list(part), [other.cells[number] for number in found]


def _apart(part: Sequence[Cell], found: Sequence[Cell]) -> Change:
    what = f"{len(part)} tensors that overlapped in one storage lie apart"
    return Change(what, _names(part), _names(found), _bytes(found) - _bytes(part))


def _together(part: Sequence[Cell], found: Sequence[Cell]) -> Change:
    what = f"{len(part)} tensors that lay apart overlap in one storage"
    return Change(what, _names(found), _names(part), _bytes(part) - _bytes(found))


def _bytes(found: Iterable[Cell]) -> int:
    return distinct([cell.first for cell in found])[1]


def _names(found: Iterable[Cell]) -> tuple[tuple[str, ...], ...]:
    return tuple(cell.names for cell in found)
