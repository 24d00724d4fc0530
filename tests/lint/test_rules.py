"""Every rule fires on its failing example and is silent on its passing one; both run."""

from __future__ import annotations

from pathlib import Path

import pytest

from isochrome.ask.lint import RULES
from isochrome.ask.lint.finding import Rule
from tests.lint.page import linted

NAMES = [
    "same-module-twice", "fake-tie", "one-storage-two-parameters", "partial-overlap", "tie-declared-not-real",
    "tie-lost", "stored-both-and-differ", "export-duplicated", "unsafe-merge", "count-by-name", "shared-state",
    "functional-tie", "one-side-changed", "duplicate-in-optimizer", "dead-weights", "tie-group-shape",
]  # fmt: skip


def test_the_table_has_all_rules() -> None:
    assert [rule.name for rule in RULES] == NAMES


@pytest.mark.parametrize("rule", RULES, ids=NAMES)
def test_the_failing_example_fails(rule: Rule, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = [one for one in linted(rule.failing).findings if one.rule == rule.name]
    assert found
    for one in found:
        assert one.message and one.why == rule.why and one.fix and one.names


@pytest.mark.parametrize("rule", RULES, ids=NAMES)
def test_the_passing_example_passes(rule: Rule, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = linted(rule.passing)
    assert [one for one in found.findings if one.rule == rule.name] == []


@pytest.mark.parametrize("rule", RULES, ids=NAMES)
def test_a_rule_is_called_as_its_file(rule: Rule) -> None:
    assert rule.find.__module__.rpartition(".")[2] == rule.name.replace("-", "_")
