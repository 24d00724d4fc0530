"""Shapes or biases of a tie disagree, as after a resize: told by shapes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from isochrome.ask.lint.finding import Found, Rule, named
from isochrome.ask.lint.subject import Subject
from isochrome.core.sizes import Shape
from isochrome.errors import shown

__all__ = ["RULE"]


def _find(subject: Subject) -> Iterator[Found]:
    for declared in subject.model.declared:
        names = tuple(name for name in declared.names if name in subject.cell_of)
        shapes = [_shape(subject, name) for name in names]
        if declared.tied and len({tuple(sorted(shape)) for shape in shapes}) > 1:
            each = named(f"{name} {list(shape)}" for name, shape in zip(names, shapes, strict=True))
            message = f"{shown(declared.where, 60)} says that they are tied, and the shapes disagree: {each}"
            yield Found("error", names, message, names[0])
    groups = [cell.names for cell in subject.cells if len(cell.names) > 1]
    groups += [one.names for one in subject.model.declared if one.tied]
    told: set[str] = set()
    for names in groups:
        for found in _biases(subject, names):
            if found.names[-1] not in told:
                told.add(found.names[-1])
                yield found


def _biases(subject: Subject, names: Sequence[str]) -> Iterator[Found]:
    """A bias beside a tied weight has an element for each of the weight's rows."""
    for name in names:
        bias = f"{name.removesuffix('weight')}bias"
        if not name.endswith("weight") or name not in subject.cell_of or bias not in subject.cell_of:
            continue
        weight, own = _shape(subject, name), _shape(subject, bias)
        if len(own) == 1 and own[0] not in weight:
            message = f"{shown(name, 60)} has shape {list(weight)} and is tied, its bias {shown(bias, 60)} {list(own)}"
            yield Found("error", (*names, bias), message, names[0])


def _shape(subject: Subject, name: str) -> Shape:
    cell = subject.cell_of[name]
    return subject.held[cell.rows[cell.names.index(name)]].shape


RULE = Rule(
    name="tie-group-shape",
    fires="the shapes of a tie, or the bias beside it, disagree after a resize",
    why="One side was resized and the other was not: the model fails when it runs, or indexes past the end.",
    fix="Resize both (model.resize_token_embeddings(n) does), and the bias with them.",
    find=_find,
    failing="""
from torch import nn

subject = nn.Sequential(nn.Embedding(40, 8), nn.Linear(8, 32))
subject[1].weight = subject[0].weight
""",
    passing="""
from torch import nn

subject = nn.Sequential(nn.Embedding(40, 8), nn.Linear(8, 40))
subject[1].weight = subject[0].weight
""",
)
