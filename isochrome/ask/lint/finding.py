"""What a rule finds, and what a rule is."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

from isochrome.ask.lint.subject import Subject
from isochrome.errors import shown

__all__ = ["Finding", "Found", "Rule", "Severity", "named"]

Severity = Literal["error", "warning", "note"]


@dataclass(frozen=True, slots=True)
class Found:
    """One thing that a rule found: a note is benign. ``names`` has all names, ``kept`` the one that stays.

    ``bytes`` is what it costs, 0 where it costs none. ``fix`` is '' where the rule's own advice holds.
    """

    severity: Severity
    names: tuple[str, ...]
    message: str
    kept: str = ""
    fix: str = ""
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding of one rule about one model, as text, JSON and SARIF say it."""

    rule: str
    severity: Severity
    names: tuple[str, ...]
    kept: str
    message: str
    why: str
    fix: str
    bytes: int

    @property
    def benign(self) -> bool:
        """Whether it is as good as it is: benign notes alone are no failure."""
        return self.severity == "note"

    def to_dict(self) -> dict[str, Any]:
        """The finding as JSON knows it."""
        return {
            "rule": self.rule,
            "severity": self.severity,
            "benign": self.benign,
            "names": list(self.names),
            "kept": self.kept,
            "message": self.message,
            "why": self.why,
            "fix": self.fix,
            "bytes": self.bytes,
        }


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: when it fires, why that matters, what to do, and how to see it.

    ``failing`` and ``passing`` are programs that the tests run and the documents show. Each leaves ``subject`` (a
    module, or the path of a file in the folder it runs in), and where the rule needs them ``before`` and ``optimizer``.
    """

    name: str
    fires: str
    why: str
    fix: str
    find: Callable[[Subject], Iterable[Found]]
    failing: str
    passing: str

    def findings(self, subject: Subject) -> tuple[Finding, ...]:
        """What the rule finds in a model, in the order of the model's names."""
        return tuple(
            Finding(self.name, one.severity, one.names, one.kept, one.message, self.why, one.fix or self.fix, one.bytes)
            for one in self.find(subject)
        )


def named(names: Iterable[str], most: int = 4) -> str:
    """Some names as they may be shown in a sentence; past ``most``, how many more there are.

    >>> named(["a", "b"]), named(["a", "b", "c", "d", "e", "f"])
    ('a and b', 'a, b, c, d and 2 more')
    """
    every = tuple(names)
    some = [shown(name, 90) for name in every[:most]]
    if len(every) > most:
        return f"{', '.join(some)} and {len(every) - most} more"
    return " and ".join([", ".join(some[:-1]), some[-1]] if len(some) > 1 else some)
