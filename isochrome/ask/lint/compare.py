"""Two models, or one before and after a step: what sharing was lost, gained or changed, and what it costs.

Stored tensors are followed by name, then by name without what wrappers add, then by their numbers (transposed copies
included): so an exporter may rename and turn what it likes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from isochrome.ask.lint.follow import Linked, Links, Side, followed
from isochrome.model.held import distinct
from isochrome.model.parts import Model
from isochrome.model.ties import Cell, partial_overlaps
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
    links = followed(Side(before, before_reader), Side(after, after_reader))
    forth, back = links.forth, links.back
    lost = [_lost(links, old, forth[old]) for old in sorted(forth) if len(forth[old]) > 1]
    gained = [_gained(links, back[new], new) for new in sorted(back) if len(back[new]) > 1]
    whole = [old for old in sorted(forth) if len(forth[old]) == 1 and len(back[next(iter(forth[old]))]) == 1]
    changed = [change for old in whole for change in _changed(links, old, next(iter(forth[old])))]
    apart = [_apart(*pair) for pair in _overlaps(links.before, links.after, forth)]
    together = [_together(*pair) for pair in _overlaps(links.after, links.before, back)]
    return Comparison(
        before.name, after.name, tuple(lost + apart), tuple(gained + together), tuple(changed),
        distinct(before.held)[1], distinct(after.held)[1],
        links.before.unknown(forth), links.after.unknown(back),
    )  # fmt: skip


def _lost(links: Links, old: int, news: Iterable[int]) -> Change:
    found = [links.after.cells[new] for new in news]
    more = _bytes(found) - _bytes(found[:1])
    what = f"one stored tensor became {len(found)}"
    return Change(what, (links.before.cells[old].names,), _names(found), more, _turned(links, found))


def _gained(links: Links, olds: Iterable[int], new: int) -> Change:
    found = [links.before.cells[old] for old in olds]
    fewer = _bytes(found[:1]) - _bytes(found)
    return Change(f"{len(found)} stored tensors became one", _names(found), (links.after.cells[new].names,), fewer)


def _turned(links: Links, found: Sequence[Cell]) -> tuple[str, ...]:
    return tuple(name for cell in found if cell.number in links.turned for name in cell.names)


def _changed(links: Links, old: int, new: int) -> Iterator[Change]:
    before, after = links.before.cells[old], links.after.cells[new]
    if len(before.names) < 2 and len(after.names) < 2:
        return
    what = ""
    if len(after.names) > 1 and len(before.names) > 1 and before.fact != after.fact:
        what = f"was {before.fact}, is {after.fact}"
    elif links.before.model.format == links.after.model.format and len(before.names) != len(after.names):
        what = "some of its names are gone" if len(before.names) > len(after.names) else "it has more names"
    if what:
        yield Change(what, (before.names,), (after.names,), 0)


def _overlaps(one: Side, other: Side, linked: Linked) -> Iterator[tuple[list[Cell], list[Cell]]]:
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
