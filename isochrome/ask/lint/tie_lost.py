"""Tie groups before and after a step differ: told by comparing two models."""

from __future__ import annotations

from collections.abc import Iterator

from isochrome.ask.lint.finding import Found, Rule, named
from isochrome.ask.lint.one_side_changed import touched
from isochrome.ask.lint.subject import Subject

__all__ = ["RULE"]


def _find(subject: Subject) -> Iterator[Found]:
    if subject.changes is None:
        return
    for change in subject.changes.changed:
        gone = tuple(name for name in change.before_names if name not in change.after_names)
        verb = "is" if len(gone) == 1 else "are"
        if len(change.after_names) < len(change.before_names):
            were = named(change.before_names)
            message = f"{were} were one stored tensor; {named(gone)} {verb} no longer held by name"
            yield Found("warning", change.before_names, message, change.after_names[0])
    for change in subject.changes.lost:
        if touched(subject, change):
            continue
        before, after = change.before_names, change.after_names
        turned = f", {named(change.transposed)} transposed" if change.transposed else ""
        size = f"; {change.bytes:,} bytes more" if change.bytes else ""
        message = f"{change.what}: {named(before)} before, {named(after)} after{turned}{size}"
        yield Found("error", tuple(dict.fromkeys(before + after)), message, before[0], "", change.bytes)


RULE = Rule(
    name="tie-lost",
    fires="tensors that were one before a step (export, to_empty, a device move, assign-load, a deep copy, quantising) "
    "are several after it",
    why="What was one weight is stored several times, and trains, quantises and loads as several.",
    fix="Tie again after the step (model.tie_weights()), or tie again in the exported file.",
    find=_find,
    failing="""
from torch import nn


def tied():
    model = nn.Sequential(nn.Embedding(32, 8), nn.Linear(8, 32, bias=False))
    model[1].weight = model[0].weight
    return model


before, subject = tied(), tied()
state = {name: tensor.clone() for name, tensor in before.state_dict().items()}
subject.load_state_dict(state, assign=True)
""",
    passing="""
import copy

from torch import nn

before = nn.Sequential(nn.Embedding(32, 8), nn.Linear(8, 32, bias=False))
before[1].weight = before[0].weight
subject = copy.deepcopy(before)
""",
)
