"""Equal numbers in separate storages: told by value, where storage says otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from isochrome.ask.lint.equal import Equal
from isochrome.ask.lint.finding import Found, Rule, named
from isochrome.ask.lint.subject import Subject

__all__ = ["RULE"]


def _find(subject: Subject) -> Iterator[Found]:
    if not subject.is_live:
        return
    gathered: dict[tuple[str, ...], list[list[Equal]]] = {}
    for group in subject.equal:
        kept = [one for one in group if one.item.held.role == "parameter" and one.item.held.trainable]
        names = [one.item.held.name for one in kept]
        if len(kept) > 1 and not subject.is_declared(names) and not subject.is_parted(names):
            gathered.setdefault(_owners(names), []).append(kept)
    for owners, groups in gathered.items():
        if not any(_is_matrix(one) for group in groups for one in group):
            continue  # copies of a module start with equal biases when their matrices alone are drawn again
        yield _found(owners, groups) if len(groups) > 1 else _found((), groups)


def _found(owners: tuple[str, ...], groups: Sequence[Sequence[Equal]]) -> Found:
    names = tuple(one.item.held.name for group in groups for one in group)
    more = sum(one.item.held.count * one.item.held.item for group in groups for one in group[1:])
    if owners:
        what = f"{named(owners)} hold equal numbers in {len(groups)} parameters each"
    else:
        what = f"{named(names)} hold equal numbers"
        turned = [one.item.held.name for group in groups for one in group if one.transposed]
        what += f" ({named(turned)} transposed)" if turned else ""
    first = groups[0][0].item.held
    message = f"{what} in separate storages: {more:,} bytes more, and no tie"
    return Found("warning", names, message, first.name, "", more)


def _is_matrix(one: Equal) -> bool:
    return sum(size > 1 for size in one.item.held.shape) > 1


def _owners(names: Sequence[str]) -> tuple[str, ...]:
    """What stands before the end that all names have in common: the modules that are copies of one another.

    >>> _owners(["layers.0.fc.weight", "layers.1.fc.weight"])
    ('layers.0', 'layers.1')
    """
    parts = [name.split(".") for name in names]
    while min(map(len, parts)) > 1 and len({part[-1] for part in parts}) == 1:
        parts = [part[:-1] for part in parts]
    return tuple(".".join(part) for part in parts)


RULE = Rule(
    name="fake-tie",
    fires="two trainable parameters hold equal numbers, transposed or not, in separate storages",
    why="They look tied and will drift apart at the first step of training.",
    fix="Tie the objects (head.weight = embedding.weight; for a transpose, use the one weight in a function); if they "
    "are meant to part, leave them.",
    find=_find,
    failing="""
import torch
from torch import nn

subject = nn.Sequential(nn.Linear(16, 8, bias=False), nn.Linear(8, 16, bias=False))
subject[1].weight = nn.Parameter(subject[0].weight.t().clone())
""",
    passing="""
from torch import nn

embedding, head = nn.Embedding(32, 8), nn.Linear(8, 32, bias=False)
head.weight = embedding.weight
subject = nn.ModuleList([embedding, head])
""",
)
