"""What the rules look at: a model, a way to read its stored numbers, and where there is one the model before a step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from isochrome.ask.lint.compare import Comparison, compare
from isochrome.ask.lint.equal import Equal, Item, equal_groups
from isochrome.model.held import Held
from isochrome.model.kept import cached_property
from isochrome.model.parts import Model, Parameter
from isochrome.model.ties import Cell, cells, partial_overlaps
from isochrome.model.values import Reader

__all__ = ["Subject"]


@dataclass(frozen=True, eq=False)
class Subject:
    """One model under the rules. Facts that several rules need are found once.

    ``before`` is the same model before a step, ``groups`` the tensor objects in each parameter group of an optimiser,
    by number (``Held.thing``; -1 for one that the model does not hold).
    """

    model: Model
    reader: Reader
    before: Subject | None = None
    groups: tuple[tuple[int, ...], ...] | None = None

    @property
    def held(self) -> Sequence[Held]:
        """What the model holds by name."""
        return self.model.held

    @property
    def is_live(self) -> bool:
        """Whether it is a module in memory, whose objects can be told apart; a file has none."""
        return self.model.format == "torch"

    @property
    def is_stored_alone(self) -> bool:
        """Whether it is a checkpoint: names and numbers without a graph; a loader ties it."""
        return self.model.format == "safetensors"

    def item(self, cell: Cell) -> Item:
        """A stored tensor with its reader."""
        return Item(self.reader, cell.rows[0], cell.first, cell.number)

    @cached_property
    def cells(self) -> tuple[Cell, ...]:
        """The stored tensors, with all names of each."""
        return cells(self.held)

    @cached_property
    def cell_of(self) -> dict[str, Cell]:
        """The stored tensor of a name."""
        return {name: cell for cell in self.cells for name in cell.names}

    @cached_property
    def overlaps(self) -> tuple[tuple[Cell, ...], ...]:
        """Groups of stored tensors that share some of their bytes."""
        return partial_overlaps(self.cells)

    def is_parted(self, names: Sequence[str]) -> bool:
        """Whether some names are what one stored tensor became in a step: that is told as a lost tie, and once."""
        return any(set(change.after_names).issuperset(names) for change in (self.changes.lost if self.changes else ()))

    def is_counted(self, parameter: Parameter) -> bool:
        """Whether a layer's parameter is one that is stored and that people count: no buffer, nothing that the graph
        computes, and no single number (a scale, an epsilon)."""
        cell = self.cell_of.get(parameter.names[0])
        stored = cell is not None and cell.first.role == "parameter"
        return stored and parameter.count > 1 and not parameter.made and not parameter.computed_from

    @cached_property
    def equal(self) -> tuple[tuple[Equal, ...], ...]:
        """Groups of stored tensors that hold equal numbers, transposed or not, where that is evidence of a copy."""
        return tuple(equal_groups([self.item(cell) for cell in self.cells]))

    @cached_property
    def changes(self) -> Comparison | None:
        """How the sharing differs from the model before the step."""
        if self.before is None:
            return None
        return compare(self.before.model, self.before.reader, self.model, self.reader)

    @cached_property
    def declared(self) -> tuple[frozenset[str], ...]:
        """The names that configurations declare to be one: pairs that meet are one group."""
        groups: list[frozenset[str]] = []
        for one in self.model.declared:
            if one.tied:
                met = [group for group in groups if group.intersection(one.names)]
                groups = [group for group in groups if group not in met] + [frozenset(one.names).union(*met)]
        return tuple(groups)

    def is_declared(self, names: Sequence[str]) -> bool:
        """Whether configurations declare that all of some names are one."""
        return any(group.issuperset(names) for group in self.declared)
