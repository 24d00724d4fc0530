"""One parameter stands twice over an optimiser's groups: told by object identity."""

from __future__ import annotations

from collections.abc import Iterator

from isochrome.ask.lint.finding import Found, Rule, named
from isochrome.ask.lint.subject import Subject

__all__ = ["RULE"]


def _find(subject: Subject) -> Iterator[Found]:
    places: dict[int, list[int]] = {}
    for number, group in enumerate(subject.groups or ()):
        for thing in group:
            places.setdefault(thing, []).append(number)
    for thing, groups in places.items():
        if len(groups) < 2:
            continue
        names = tuple(row.name for row in subject.held if row.thing == thing)
        if names:
            where = named(map(str, dict.fromkeys(groups)))
            also = f" (also called {named(names[1:])})" if names[1:] else ""
            message = f"{named(names[:1])}{also} stands {len(groups)} times in the optimiser, in group {where}"
            yield Found("error", names, message, names[0])


RULE = Rule(
    name="duplicate-in-optimizer",
    fires="one parameter stands twice over the parameter groups of an optimiser",
    why="It is stepped twice, with weight decay twice; its state is one or two, by the optimiser's own way.",
    fix="Put it into one group: take named_parameters() as it is (each object once), not with remove_duplicate=False.",
    find=_find,
    failing="""
import torch
from torch import nn

subject = nn.Sequential(nn.Embedding(32, 8), nn.Linear(8, 32, bias=False))
subject[1].weight = subject[0].weight
twice = [weight for name, weight in subject.named_parameters(remove_duplicate=False)]
optimizer = torch.optim.SGD(twice, lr=0.1)
""",
    passing="""
import torch
from torch import nn

subject = nn.Sequential(nn.Embedding(32, 8), nn.Linear(8, 32, bias=False))
subject[1].weight = subject[0].weight
optimizer = torch.optim.SGD(subject.parameters(), lr=0.1)
""",
)
