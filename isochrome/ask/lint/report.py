"""What lint says of one model, and of many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from isochrome.ask.lint.finding import Finding

__all__ = ["Lint", "LintOfMany"]


@dataclass(frozen=True, slots=True)
class Lint:
    """The findings about one model. ``fault`` says in one line why it could not be looked at, '' where it was."""

    model: str
    findings: tuple[Finding, ...] = ()
    fault: str = ""

    @property
    def exit_code(self) -> int:
        """0 nothing or benign notes alone, 1 findings, 2 could not run."""
        return 2 if self.fault else int(any(not one.benign for one in self.findings))

    def to_dict(self) -> dict[str, Any]:
        """The findings as JSON knows them."""
        return LintOfMany((self,)).to_dict()


@dataclass(frozen=True, slots=True)
class LintOfMany:
    """The findings about several models, in their order; a model that cannot be read does not stop the others."""

    models: tuple[Lint, ...]

    @property
    def exit_code(self) -> int:
        """The highest of the models' codes."""
        return max((one.exit_code for one in self.models), default=0)

    def count(self, severity: str) -> int:
        """How many findings have a severity."""
        return sum(one.severity == severity for model in self.models for one in model.findings)

    @property
    def faults(self) -> Sequence[Lint]:
        """The models that could not be looked at."""
        return [one for one in self.models if one.fault]

    def to_dict(self) -> dict[str, Any]:
        """The findings as JSON knows them."""
        return {
            "findings": [one.to_dict() | {"model": model.model} for model in self.models for one in model.findings],
            "models": [model.model for model in self.models],
            "faults": [{"model": one.model, "message": one.fault} for one in self.faults],
            "exit_code": self.exit_code,
        }
