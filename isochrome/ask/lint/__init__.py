"""The rules of lint: one row each. A rule is a pure function from a model to what it finds there."""

from __future__ import annotations

from isochrome.ask.lint import (
    count_by_name,
    dead_weights,
    duplicate_in_optimizer,
    export_duplicated,
    fake_tie,
    functional_tie,
    one_side_changed,
    one_storage_two_parameters,
    partial_overlap,
    same_module_twice,
    shared_state,
    stored_both_and_differ,
    tie_declared_not_real,
    tie_group_shape,
    tie_lost,
    unsafe_merge,
)
from isochrome.ask.lint.finding import Rule
from isochrome.ask.lint.report import Lint
from isochrome.ask.lint.subject import Subject

__all__ = ["RULES", "lint"]

RULES: tuple[Rule, ...] = (
    same_module_twice.RULE,
    fake_tie.RULE,
    one_storage_two_parameters.RULE,
    partial_overlap.RULE,
    tie_declared_not_real.RULE,
    tie_lost.RULE,
    stored_both_and_differ.RULE,
    export_duplicated.RULE,
    unsafe_merge.RULE,
    count_by_name.RULE,
    shared_state.RULE,
    functional_tie.RULE,
    one_side_changed.RULE,
    duplicate_in_optimizer.RULE,
    dead_weights.RULE,
    tie_group_shape.RULE,
)


def lint(subject: Subject) -> Lint:
    """What all rules find in a model, the gravest first, then in the order of the table."""
    found = [finding for rule in RULES for finding in rule.findings(subject)]
    return Lint(subject.model.name, tuple(sorted(found, key=lambda one: _GRAVE.index(one.severity))))


_GRAVE = ("error", "warning", "note")
