"""One module object stands at several paths: told by object identity."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from isochrome.ask.lint.finding import Found, Rule, named
from isochrome.ask.lint.subject import Subject
from isochrome.model.held import Held, Module

__all__ = ["RULE"]


def _find(subject: Subject) -> Iterator[Found]:
    reported: set[str] = set()
    for module in sorted(subject.model.modules, key=lambda module: module.paths[0].count(".")):
        again = module.paths[1:]
        if not again or all(_is_inside(path, reported) for path in again):
            continue
        weights = _weights(module, subject.held)
        if weights:
            reported.update(again)
            yield _found(module, weights)


def _found(module: Module, weights: Sequence[Held]) -> Found:
    places, count = len(module.paths), sum(row.count for row in weights)
    slots = _slots(module)
    where = f"{slots} slots of one list" if slots > 1 else f"{places} places"
    message = (
        f"one {module.kind} stands in {where}, {named(module.paths)}: {count:,} weights stored once and used at each, "
        f"not {places * count:,}"
    )
    if slots > 1:
        return Found("warning", module.paths, message, module.paths[0])
    fix = "Nothing if one module under several names is meant; a copy for each (copy.deepcopy) if not."
    return Found("note", module.paths, message, module.paths[0], fix)


def _weights(module: Module, held: Sequence[Held]) -> list[Held]:
    first = f"{module.paths[0]}." if module.paths[0] else ""
    rows = {row.thing: row for row in held if row.name.startswith(first) and row.role == "parameter"}
    return list(rows.values())


def _slots(module: Module) -> int:
    """How many slots of one list hold it: paths that differ in their last part alone, which is a number."""
    lists = Counter(path.rpartition(".")[0] for path in module.paths if path.rpartition(".")[2].isdigit())
    return max(lists.values(), default=0)


def _is_inside(path: str, reported: set[str]) -> bool:
    return any(path.startswith(f"{one}.") for one in reported)


RULE = Rule(
    name="same-module-twice",
    fires="one module object stands in several slots of a list, or in several parents",
    why="It looks like several layers and learns as one: its gradients add up, and it has the capacity of one layer.",
    fix="Make one for each slot, as in ModuleList([Block() for _ in range(6)]); if they are meant to be one, keep one "
    "and call it in a loop.",
    find=_find,
    failing="""
from torch import nn

block = nn.Linear(16, 16)
subject = nn.ModuleList([block] * 6)
""",
    passing="""
from torch import nn

subject = nn.ModuleList([nn.Linear(16, 16) for _ in range(6)])
""",
)
