"""Equal tensors that were never tied became one: value without tie, in a model that was to be trained."""

from __future__ import annotations

from collections.abc import Iterator

from isochrome.ask.lint.equal import same_numbers
from isochrome.ask.lint.finding import Found, Rule, named
from isochrome.ask.lint.subject import Subject

__all__ = ["RULE"]


def _find(subject: Subject) -> Iterator[Found]:
    before = subject.before
    if before is None or subject.changes is None:
        return
    for change in subject.changes.gained:
        old = [before.cell_of[names[0]] for names in change.before]
        names = change.before_names
        if len(old) < 2 or before.is_declared(names) or not all(cell.first.trainable for cell in old):
            continue
        if all(same_numbers(before.item(old[0]), before.item(one)) for one in old[1:]):
            after = change.after_names
            message = f"{named(names)} held equal numbers and were no tie; they became one, {named(after)}"
            yield Found("warning", tuple(dict.fromkeys(names + after)), message, after[0])


RULE = Rule(
    name="unsafe-merge",
    fires="parameters that were never tied held equal numbers before a step and are one tensor after it",
    why="Equal today is not shared: trained further, the merged one takes the steps of all of them.",
    fix="Export without merging equal initializers where the model is to be trained, or train before exporting.",
    find=_find,
    failing="""
import copy

from torch import nn

before = nn.Sequential(nn.Linear(16, 16), nn.Linear(16, 16))
before[1].load_state_dict(before[0].state_dict())
subject = copy.deepcopy(before)
subject[1].weight = subject[0].weight
""",
    passing="""
import copy

from torch import nn

before = nn.Sequential(nn.Linear(16, 16), nn.Linear(16, 16))
before[1].load_state_dict(before[0].state_dict())
subject = copy.deepcopy(before)
""",
)
