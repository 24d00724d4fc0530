"""Lint and compare of whatever a user has: a module, an opened model, a file, a name."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from isochrome.app.api import OpenedModel, open_live, open_model
from isochrome.app.named import is_named, module_named
from isochrome.app.printed import printed
from isochrome.ask.lint import lint
from isochrome.ask.lint.compare import Comparison, compare
from isochrome.ask.lint.report import Lint, LintOfMany
from isochrome.ask.lint.subject import Subject
from isochrome.errors import IsochromeError, RequestError, shown
from isochrome.load import open_checkpoint
from isochrome.load.torch_names import is_module, live_module, parameter_groups
from isochrome.model.parts import Model
from isochrome.model.values import Reader

__all__ = ["compare_models", "lint_many", "lint_model", "subject_of"]


def subject_of(what: Any, before: Any = None, optimizer: Any = None) -> Subject:
    """A model as the rules look at it: a module as it stands, an opened model, a path, or a name."""
    earlier = None if before is None else subject_of(before)
    if isinstance(what, str | os.PathLike):
        model, reader, tensors = _by_name(os.fspath(what))
    elif isinstance(what, OpenedModel):
        model, reader, tensors = _opened(what)
    elif is_module(what):
        live = live_module(what)
        model, reader, tensors = live.model, live, live.tensors
    else:
        kind = shown(type(what).__name__)
        raise RequestError(f"model: must be a module, an opened model, a path or a name; is {kind}")
    if optimizer is not None and not tensors:
        raise RequestError("optimizer: must come with the module that it trains; a file has no objects")
    groups = None if optimizer is None else parameter_groups(optimizer, model.held, tensors)
    return Subject(model, reader, earlier, groups)


Found = tuple[Model, Reader, Sequence[Any]]


def _by_name(text: str) -> Found:
    """A module that a function of the user's gives without inputs is taken as it stands, with them it is recorded."""
    if os.path.isfile(text):
        checkpoint = open_checkpoint(text)
        return _opened(open_model(text)) if checkpoint is None else (checkpoint.model, checkpoint, ())
    if text.startswith(("example:", "formula:")) or not is_named(text):
        return _opened(open_model(text))
    module, inputs, keywords = module_named(text)
    if is_module(module) and not inputs and not keywords:
        live = live_module(module)
        return replace(live.model, name=text), live, live.tensors
    return _opened(open_live(module, inputs, keywords, text))


def _opened(opened: OpenedModel) -> Found:
    """A file goes by its path, all else by the name that the user gave it."""
    named = bool(opened.example or opened.live)
    model = replace(opened.model, name=opened.name) if named else opened.model
    return model, opened.file, opened.live.tensors if opened.live else ()


def lint_model(what: Any, before: Any = None, optimizer: Any = None) -> Lint:
    """What all rules find in a model."""
    return printed(lint(subject_of(what, before, optimizer)))


def compare_models(before: Any, after: Any) -> Comparison:
    """What sharing was lost, gained or changed between two models."""
    old, new = subject_of(before), subject_of(after)
    return printed(compare(old.model, old.reader, new.model, new.reader))


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
