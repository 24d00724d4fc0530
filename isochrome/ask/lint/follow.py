"""Which stored tensor of one model is which of another: by name, by number, by where it is used."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from isochrome.ask.lint.equal import Equal, Item, equal_groups, same_numbers
from isochrome.ask.lint.names import plain_name
from isochrome.ask.lint.rounded import quantised, rounded_from
from isochrome.model.held import Held
from isochrome.model.parts import Model
from isochrome.model.ties import Cell, cells
from isochrome.model.values import Reader

__all__ = ["Linked", "Links", "Side", "followed"]


def followed(before: Side, after: Side) -> Links:
    """The links between two models, each way of finding one tried on what the ways before it left open."""
    links = Links(before, after)
    links.by_name()
    links.by_value()
    links.by_rounded_value()
    links.by_place()
    return links


class Side:
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

    def by_layer(self) -> dict[str, set[int]]:
        """The stored tensors that each layer uses, by the layer's path."""
        found: dict[str, set[int]] = defaultdict(set)
        for layer in self.model.layers:
            for line in layer.lines:
                name = "" if line.parameter is None else self.model.parameters[line.parameter].names[0]
                if name in self.names:
                    found[layer.name.partition("#")[0]].add(self.names[name])
        return found

    def item(self, cell: Cell, side: int) -> Item:
        """A stored tensor with its reader."""
        return Item(self.reader, cell.rows[0], cell.first, cell.number, side)

    def unknown(self, linked: Mapping[int, Any]) -> tuple[str, ...]:
        """Parameters without a counterpart; single numbers apart, which quantisers and exporters make."""
        weights = [cell for cell in self.cells if cell.first.role == "parameter" and cell.first.count > 1]
        return tuple(cell.names[0] for cell in weights if cell.number not in linked)


Linked = dict[int, dict[int, None]]


class Links:
    """Which stored tensor of one side is which of the other."""

    def __init__(self, before: Side, after: Side) -> None:
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

    def by_place(self) -> None:
        """Tensors that stand where the module of one of the old names stands, and hold what it held: an exporter that
        merges equal biases drops all names but one."""
        used = self.after.by_layer()
        for cell in self.before.cells:
            item = self.before.item(cell, 0)
            if not self._is_open(item) or cell.first.count < 2:
                continue
            there = {number for name in cell.names for number in used.get(name.rpartition(".")[0], ())}
            found = [one for one in there if same_numbers(item, self.after.item(self.after.cells[one], 1))]
            if len(found) == 1:
                self.link(cell.number, found[0])

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
