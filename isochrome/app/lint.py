"""Lint and compare of whatever a user has: a module, an opened model, a file, a name."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from isochrome.app.api import OpenedModel, open_model
from isochrome.ask.lint import lint
from isochrome.ask.lint.compare import Comparison, compare
from isochrome.ask.lint.report import Lint, LintOfMany
from isochrome.ask.lint.subject import Subject
from isochrome.errors import IsochromeError, RequestError, shown
from isochrome.load import open_checkpoint
from isochrome.load.torch_live import is_module, live_module, parameter_groups
from isochrome.model.parts import Model

__all__ = ["compare_models", "lint_many", "lint_model", "subject_of"]


def subject_of(what: Any, before: Any = None, optimizer: Any = None) -> Subject:
    """A model as the rules look at it: a module as it stands, an opened model, a path, or a name."""
    earlier = None if before is None else subject_of(before)
    groups = None
    if is_module(what):
        live = live_module(what)
        groups = None if optimizer is None else parameter_groups(optimizer, live)
        return Subject(live.model, live, earlier, groups)
    if optimizer is not None:
        raise RequestError("optimizer: must come with the module that it trains; a file has no objects")
    if isinstance(what, OpenedModel):
        return Subject(_named(what), what.file, earlier)
    if not isinstance(what, str | os.PathLike):
        kind = shown(type(what).__name__)
        raise RequestError(f"model: must be a module, an opened model, a path or a name; is {kind}")
    text = os.fspath(what)
    checkpoint = open_checkpoint(text) if os.path.isfile(text) else None
    if checkpoint is not None:
        return Subject(checkpoint.model, checkpoint, earlier)
    opened = open_model(text)
    return Subject(_named(opened), opened.file, earlier)


def _named(opened: OpenedModel) -> Model:
    """The model under the name that the user gave it: an example's file lies where nobody looks."""
    return replace(opened.model, name=opened.name) if opened.example else opened.model


def lint_model(what: Any, before: Any = None, optimizer: Any = None) -> Lint:
    """What all rules find in a model."""
    return lint(subject_of(what, before, optimizer))


def compare_models(before: Any, after: Any) -> Comparison:
    """What sharing was lost, gained or changed between two models."""
    old, new = subject_of(before), subject_of(after)
    return compare(old.model, old.reader, new.model, new.reader)


def lint_many(models: Sequence[str], before: str | None = None) -> LintOfMany:
    """What all rules find in some models; one that cannot be read is reported, and the others are looked at still."""
    found = []
    for model in models:
        try:
            found.append(lint_model(model, before))
        except IsochromeError as fault:
            found.append(Lint(shown(model, 200), fault=str(fault)))
        except (OSError, MemoryError, RecursionError) as fault:
            found.append(Lint(shown(model, 200), fault=f"{type(fault).__name__}: {shown(str(fault), 300)}"))
    return LintOfMany(tuple(found))
