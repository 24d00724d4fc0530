"""Calls as they happen, turned into a program in which every value has a name of its own.

PyTorch writes in place, also through views. Here a write gives its tensor a new name; a tensor that lies over the same
storage is derived again, by the call that made it a view, when it is read next.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from isochrome.core.sizes import Shape
from isochrome.model.program import Argument, Call, Facts, Ref

__all__ = ["Layout", "OVERWRITE", "Site", "Tape", "place_in"]

OVERWRITE = "isochrome.overwrite"


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the elements of a tensor lie in its storage, in elements."""

    shape: Shape
    strides: tuple[int, ...]
    offset: int


@dataclass(frozen=True, slots=True)
class Site:
    """Who makes a call: the module's path, which of its calls it is, the line of the user's program, and whether
    gradients are off there."""

    path: str = ""
    repeat: int = 1
    place: str = ""
    detached: bool = False


@dataclass(slots=True, eq=False)
class _Derived:
    """The call that made some tensors views of another, None where they are the other."""

    call: Call | None
    parent: _Alias
    parent_name: str
    aliases: dict[int, _Alias] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class _Alias:
    """One tensor object: its name as of a version of its storage. ``tensor`` keeps the object, and so its id, alive."""

    tensor: Any
    storage: int
    layout: Layout
    name: str
    version: int
    derived: _Derived | None = None


@dataclass(slots=True, eq=False)
class _Storage:
    root: _Alias
    version: int = 0


class Tape:
    """The calls so far, and the name of every tensor object at this moment."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.facts: dict[str, Facts] = {}
        self.notes: list[str] = []
        self._aliases: dict[int, _Alias] = {}
        self._storages: dict[int, _Storage] = {}
        self._made: dict[int, _Derived] = {}
        self._names: Counter[str] = Counter()

    def known(self, tensor: Any) -> bool:
        """Whether this tensor object has a name."""
        return id(tensor) in self._aliases

    def unique(self, name: str) -> str:
        """The name itself where it is free, else with a number."""
        while name in self.facts:
            self._names[name] += 1
            number = f"{name}_{self._names[name]}"
            if number not in self.facts:
                return number
        return name

    def fresh(self, target: str) -> str:
        """A free name for a result of an operation: ``conv2d_3`` is the third of its kind."""
        stem = target.split(".")[1] if "." in target else target
        stem = stem.strip("_") or "value"
        while True:
            self._names[stem] += 1
            name = f"{stem}_{self._names[stem]}"
            if name not in self.facts and not any(f"{name}.{number}" in self.facts for number in range(2)):
                return name

    def add(self, tensor: Any, storage: int, layout: Layout, name: str, facts: Facts) -> None:
        """A tensor that no call made: an input, or a stored one."""
        self.facts[name] = facts
        self._register(tensor, storage, layout, name)
        self._aliases[id(tensor)].version = 0  # what was written before it was met is not in it

    def same(self, tensor: Any, storage: int, layout: Layout, other: Any) -> None:
        """A tensor object that is another one again, and stays so."""
        if not self.known(tensor):
            above = self._aliases[id(other)]
            self._register(tensor, storage, layout, above.name)
            if above.storage == storage:
                self._aliases[id(tensor)].derived = _Derived(None, above, above.name)

    def name(self, tensor: Any, site: Site) -> str:
        """The name of what a tensor holds now."""
        alias = self._aliases[id(tensor)]
        self._refresh(alias, site)
        return alias.name

    def call(
        self,
        target: str,
        arguments: tuple[tuple[str, Argument], ...],
        outputs: Sequence[tuple[Any, int, Layout, Facts] | None],
        written: Sequence[Any],
        parents: Sequence[Any],
        site: Site,
    ) -> tuple[str, ...]:
        """Add one call; the names of its outputs and of what it wrote without giving it back.

        ``outputs`` has None for what is no tensor, ``written`` the tensor objects that the call wrote into,
        ``parents`` the tensors among its arguments.
        """
        given = {id(output[0]) for output in outputs if output is not None}
        silent = [tensor for tensor in written if id(tensor) not in given]
        names = self._outputs(target, len(outputs) + len(silent), [output is None for output in outputs])
        call = Call(target, arguments, names, site.path, site.repeat, site.place, site.detached)
        self.calls.append(call)
        writes = {id(tensor) for tensor in written}
        for name, output in zip(names, outputs, strict=False):
            if output is None:
                continue
            tensor, storage, layout, facts = output
            self.facts[name] = facts
            if id(tensor) in writes:
                self._write(tensor, name, site, layout)
            elif id(tensor) in self._aliases:
                self._aliases[id(tensor)].name = name
            else:
                self._register(tensor, storage, layout, name)
                self._derive(tensor, call, name, parents)
        for name, tensor in zip(names[len(outputs) :], silent, strict=True):
            self.facts[name] = self.facts[self._aliases[id(tensor)].name]
            self._write(tensor, name, site, self._aliases[id(tensor)].layout)
        return names

    def _outputs(self, target: str, count: int, missing: list[bool]) -> tuple[str, ...]:
        stem = self.fresh(target)
        names = [stem] if count == 1 else [f"{stem}.{number}" for number in range(count)]
        return tuple("" if number < len(missing) and missing[number] else name for number, name in enumerate(names))

    def _register(self, tensor: Any, storage: int, layout: Layout, name: str) -> None:
        known = self._storages.get(storage)
        alias = _Alias(tensor, storage, layout, name, known.version if known else 0)
        self._aliases[id(tensor)] = alias
        if known is None:
            self._storages[storage] = _Storage(alias)

    def _derive(self, tensor: Any, call: Call, name: str, parents: Sequence[Any]) -> None:
        alias = self._aliases[id(tensor)]
        above = next((one for one in map(self._alias, parents) if one.storage == alias.storage), None)
        if above is not None:
            first = self._made.get(id(call))
            alias.derived = self._made[id(call)] = first or _Derived(call, above, above.name)
            alias.derived.aliases[call.outputs.index(name)] = alias

    def _alias(self, tensor: Any) -> _Alias:
        return self._aliases[id(tensor)]

    def _refresh(self, alias: _Alias, site: Site) -> None:
        storage = self._storages[alias.storage]
        derived = alias.derived
        if alias.version == storage.version:
            return
        if derived is None:
            self.notes.append(f"{alias.name}: a tensor over the same storage is written to; that is not followed")
            alias.version = storage.version
            return
        self._refresh(derived.parent, site)
        if alias.version != storage.version:
            self._again(derived, alias, storage.version, site)

    def _again(self, derived: _Derived, alias: _Alias, version: int, site: Site) -> None:
        """Make the views of a tensor once more, from what it holds now."""
        call, new = derived.call, derived.parent.name
        if call is None:
            alias.name, alias.version = new, version
            return
        arguments = tuple((key, _renamed(value, derived.parent_name, new)) for key, value in call.arguments)
        names = self._outputs(call.target, len(call.outputs), [not name for name in call.outputs])
        self.facts.update(
            {after: self.facts[before] for before, after in zip(call.outputs, names, strict=True) if after}
        )
        self.calls.append(Call(call.target, arguments, names, site.path, site.repeat, site.place, site.detached))
        for number, sibling in derived.aliases.items():
            if sibling.version != version:
                sibling.name, sibling.version = names[number], version

    def _write(self, tensor: Any, name: str, site: Site, layout: Layout) -> None:
        alias = self._aliases[id(tensor)]
        storage = self._storages[alias.storage]
        root = storage.root
        self._refresh(root, site)
        storage.version += 1
        alias.name, alias.version, alias.layout = name, storage.version, layout
        if root is alias:
            return
        root.version = storage.version
        if root.layout == layout:
            root.name = name
            return
        where = place_in(root.layout, layout)
        arguments: tuple[tuple[str, Argument], ...] = (("base", Ref(root.name)), ("part", Ref(name)))
        if where is None:
            arguments += (("reason", "the part that is written is no regular part of the tensor"),)
        else:
            arguments += (("offset", where[0]), ("strides", where[1]))
        (new,) = self._outputs(OVERWRITE, 1, [False])
        self.facts[new] = self.facts[root.name]
        self.calls.append(Call(OVERWRITE, arguments, (new,), site.path, site.repeat, site.place, site.detached))
        root.name = new


def place_in(base: Layout, part: Layout) -> tuple[int, tuple[int, ...]] | None:
    """Where a part lies in its base, as an offset and strides over the base's elements in row order.

    None where no offset and strides say it.

    >>> place_in(Layout((4, 6), (6, 1), 10), Layout((4, 2), (6, 2), 13))
    (3, (6, 2))
    >>> place_in(Layout((4, 6), (1, 4), 0), Layout((6,), (4,), 2))  # row 2 of a transposed matrix
    (12, (1,))
    """
    steps = _row_order(base.shape)
    axes = sorted((axis for axis, size in enumerate(base.shape) if size > 1), key=lambda axis: -base.strides[axis])
    start = _digits(base, axes, part.offset - base.offset)
    if start is None:
        return None
    reach, strides = list(start), []
    for size, stride in zip(part.shape, part.strides, strict=True):
        digits = _digits(base, axes, stride if size > 1 else 0)
        if digits is None:
            return None
        reach = [at + (size - 1) * digit for at, digit in zip(reach, digits, strict=True)]
        strides.append(sum(digit * steps[axis] for digit, axis in zip(digits, axes, strict=True)))
    if part.shape and all(part.shape) and _row_strides(base, axes):  # then carries between axes are right as well
        return sum(digit * steps[axis] for digit, axis in zip(start, axes, strict=True)), tuple(strides)
    if any(at >= base.shape[axis] for at, axis in zip(reach, axes, strict=True)):
        return None
    return sum(digit * steps[axis] for digit, axis in zip(start, axes, strict=True)), tuple(strides)


def _row_order(shape: Shape) -> tuple[int, ...]:
    steps, step = [], 1
    for size in reversed(shape):
        steps.append(step)
        step *= size
    return tuple(reversed(steps))


def _row_strides(base: Layout, axes: Sequence[int]) -> bool:
    steps = _row_order(base.shape)
    return all(base.strides[axis] == steps[axis] for axis in axes)


def _digits(base: Layout, axes: Sequence[int], distance: int) -> list[int] | None:
    digits = []
    for axis in axes:
        stride = base.strides[axis]
        if stride < 1 or distance < 0:
            return None
        digits.append(min(distance // stride, base.shape[axis] - 1))
        distance -= digits[-1] * stride
    return digits if distance == 0 else None


def _renamed(value: Argument, old: str, new: str) -> Argument:
    if isinstance(value, Ref):
        return Ref(new) if value.name == old else value
    if isinstance(value, tuple):
        return tuple(_renamed(one, old, new) for one in value)
    return value
