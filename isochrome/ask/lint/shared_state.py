"""A shared module holds running statistics: told by the module and the buffers that its calls change."""

from __future__ import annotations

from collections.abc import Iterator

from isochrome.ask.lint.finding import Found, Rule, named
from isochrome.ask.lint.subject import Subject

__all__ = ["RULE"]


def _find(subject: Subject) -> Iterator[Found]:
    for module in subject.model.modules:
        if not module.state or (len(module.paths) < 2 and module.calls < 2):
            continue
        stands = f"stands at {named(module.paths)}" if len(module.paths) > 1 else f"is called {module.calls} times"
        message = f"{named(module.paths[:1])} ({module.kind}) {stands}, and each call changes {named(module.state)}"
        yield Found("warning", (*module.paths, *module.state), message, module.paths[0])


RULE = Rule(
    name="shared-state",
    fires="a module that keeps running statistics stands in several places, or is called several times",
    why="In training the statistics mix those of all places; in evaluation each place is normalised by the mixture.",
    fix="Share the convolution and give each place a norm of its own, or use a norm without running statistics.",
    find=_find,
    failing="""
from torch import nn

norm = nn.BatchNorm1d(8)
subject = nn.Sequential(nn.Linear(4, 8), norm, nn.Linear(8, 8), norm)
""",
    passing="""
from torch import nn

subject = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Linear(8, 8), nn.BatchNorm1d(8))
""",
)
