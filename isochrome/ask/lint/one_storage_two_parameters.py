"""Two parameter objects over the same bytes: told by storage, where objects say otherwise."""

from __future__ import annotations

from collections.abc import Iterator

from isochrome.ask.lint.finding import Found, Rule, named
from isochrome.ask.lint.subject import Subject
from isochrome.model.held import distinct

__all__ = ["RULE"]


def _find(subject: Subject) -> Iterator[Found]:
    for cell in subject.cells:
        rows = [subject.held[row] for row in cell.rows]
        things = {row.thing: row.name for row in reversed(rows) if row.role == "parameter" and row.trainable}
        if len(things) > 1:
            size = distinct([cell.first])[1]
            names = named(reversed(things.values()))
            message = f"{names} are {len(things)} Parameter objects over the same {size:,} bytes"
            yield Found("error", cell.names, message, cell.names[0])


RULE = Rule(
    name="one-storage-two-parameters",
    fires="two Parameter objects lie over exactly the same bytes, transposed or not",
    why="An optimiser steps these bytes once for each object, with a state for each, and a deep copy splits them.",
    fix="Keep one Parameter and use it under both names (decoder.weight = encoder.weight), or compute the other one "
    "from it where it is used (F.linear(x, encoder.weight.t())).",
    find=_find,
    failing="""
from torch import nn

subject = nn.Sequential(nn.Linear(16, 8, bias=False), nn.Linear(8, 16, bias=False))
subject[1].weight.data = subject[0].weight.data.t()
""",
    passing="""
from torch import nn
from torch.nn import functional


class Autoencoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(nn.init.normal_(nn.Linear(16, 8).weight.data))

    def forward(self, x):
        return functional.linear(functional.linear(x, self.weight), self.weight.t())


subject = Autoencoder()
""",
)
