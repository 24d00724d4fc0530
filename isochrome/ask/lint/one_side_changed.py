"""An adapter, a quantiser or a freezer touched one name of a tie: names against tie groups."""

from __future__ import annotations

from collections.abc import Iterator

from isochrome.ask.lint.compare import Change
from isochrome.ask.lint.equal import same_numbers
from isochrome.ask.lint.finding import Found, Rule, named
from isochrome.ask.lint.names import wrapper_of
from isochrome.ask.lint.subject import Subject
from isochrome.model.ties import Cell

__all__ = ["RULE", "touched"]


def _find(subject: Subject) -> Iterator[Found]:
    for cell in subject.cells:
        yield from _within(subject, cell)
    for change in subject.changes.lost if subject.changes else ():
        names = touched(subject, change)
        if names:
            every = change.after_names
            left = tuple(name for name in every if name not in names)
            message = f"{named(change.before[0])} were one; the step changed {named(names)} and left {named(left)}"
            yield Found("error", every, message, left[0], "", change.bytes)


def touched(subject: Subject, change: Change) -> tuple[str, ...]:
    """The names that a step changed, where it left another name of the same tie as it was; none otherwise."""
    before = subject.before
    if before is None or len(change.before) > 1 or len(change.before[0]) < 2:
        return ()
    old = before.item(before.cell_of[change.before[0][0]])
    changed = []
    for names in change.after:
        new = subject.cell_of[names[0]]
        same = new.first.dtype == old.held.dtype and new.first.trainable >= old.held.trainable
        if not same or not same_numbers(old, subject.item(new)):
            changed.append(names)
    return tuple(name for names in changed for name in names) if len(changed) < len(change.after) else ()


def _within(subject: Subject, cell: Cell) -> Iterator[Found]:
    """What one model shows by itself: a wrapper around one name of a tie, or one object of two frozen."""
    if len(cell.names) < 2:
        return
    wrapped = [name for name in cell.names if wrapper_of(name)]
    bare = [name for name in cell.names if not wrapper_of(name)]
    if wrapped and bare:
        what = wrapper_of(wrapped[0])
        message = f"{what} stands around {named(wrapped)} and not around {named(bare)}, which is the same storage"
        yield Found("warning", cell.names, message, bare[0])
    rows = [subject.held[row] for row in cell.rows if subject.held[row].role == "parameter"]
    frozen = [row.name for row in rows if not row.trainable]
    if frozen and len(frozen) < len(rows):
        left = [row.name for row in rows if row.trainable]
        message = f"{named(frozen)} cannot be trained and {named(left)} can, over the same bytes"
        yield Found("warning", cell.names, message, left[0])


RULE = Rule(
    name="one-side-changed",
    fires="an adapter, a quantiser or a freezer touched one name of a tie and not the other",
    why="The two names no longer mean the same: the tie is broken, or what was added acts on one side alone.",
    fix="Do the step on every name of the tie, or on none; then tie again.",
    find=_find,
    failing="""
import copy

import torch
from torch import nn

before = nn.Sequential(nn.Embedding(32, 8), nn.Linear(8, 32, bias=False))
before[1].weight = before[0].weight
subject = copy.deepcopy(before)
subject[1].weight = nn.Parameter((subject[1].weight.detach() * 16).round() / 16)
""",
    passing="""
import copy

import torch
from torch import nn

before = nn.Sequential(nn.Embedding(32, 8), nn.Linear(8, 32, bias=False))
before[1].weight = before[0].weight
subject = copy.deepcopy(before)
subject[1].weight.data = (subject[1].weight.data * 16).round() / 16
""",
)
