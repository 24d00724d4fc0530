"""Two tensors share a part of one storage: told by the ranges of bytes."""

from __future__ import annotations

from collections.abc import Iterator

from isochrome.ask.lint.finding import Found, Rule, named
from isochrome.ask.lint.subject import Subject
from isochrome.model.held import distinct

__all__ = ["RULE"]


def _find(subject: Subject) -> Iterator[Found]:
    for part in subject.overlaps:
        first = [cell.first for cell in part]
        each = sum(distinct([row])[1] for row in first)
        twice = each - distinct(first)[1]
        stepped = sum(row.trainable and row.role == "parameter" for row in first)
        names = tuple(name for cell in part for name in cell.names)
        message = (
            f"{named(row.name for row in first)} overlap in one storage: {twice:,} of their {each:,} bytes are "
            "counted more than once"
        )
        yield Found("error" if stepped > 1 else "warning", names, message, names[0])


RULE = Rule(
    name="partial-overlap",
    fires="two tensors share some bytes of one storage, but not all",
    why="Saving refuses them or splits them, a step on one changes a part of the other, and every count is wrong.",
    fix="Give each its own storage (.clone()), or keep the whole and slice it where it is used.",
    find=_find,
    failing="""
import torch
from torch import nn

flat = torch.randn(12)
subject = nn.Module()
subject.low, subject.high = nn.Parameter(flat[:8]), nn.Parameter(flat[4:])
""",
    passing="""
import torch
from torch import nn

flat = torch.randn(16)
subject = nn.Module()
subject.low, subject.high = nn.Parameter(flat[:8]), nn.Parameter(flat[8:])
""",
)
