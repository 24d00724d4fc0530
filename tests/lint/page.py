"""docs/lint.md is made of the table of rules: ``python -m tests.lint.page`` runs every example and writes the page.

A test makes it again and compares.
"""

from __future__ import annotations

import os
import tempfile
import textwrap
import warnings
from pathlib import Path
from typing import Any

import isochrome as iso
from isochrome.ask.lint import RULES
from isochrome.ask.lint.finding import Rule
from isochrome.ask.lint.report import Lint

PAGE = Path(__file__).parent.parent.parent / "docs" / "lint.md"
HEAD = Path(__file__).parent / "head.md"


def linted(program: str) -> Lint:
    """What lint says of an example, which runs in the current folder."""
    space: dict[str, Any] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        exec(compile(program, "example", "exec"), space)
        return iso.lint(space["subject"], before=space.get("before"), optimizer=space.get("optimizer"))


def page() -> str:
    """The page, every message in it from a run."""
    folder = os.getcwd()
    with tempfile.TemporaryDirectory() as scratch:
        os.chdir(scratch)
        try:
            parts = [_part(rule) for rule in RULES]
        finally:
            os.chdir(folder)
    table = ["| rule | fires when |", "|---|---|"]
    table += [f"| [{rule.name}](#{rule.name}) | {rule.fires} |" for rule in RULES]
    return "\n".join([HEAD.read_text(encoding="utf-8"), *table, "", *parts])


def _part(rule: Rule) -> str:
    found = next(one for one in linted(rule.failing).findings if one.rule == rule.name)
    assert not [one for one in linted(rule.passing).findings if one.rule == rule.name]
    benign = ", benign" if found.benign else ""
    said = textwrap.fill(found.message, 116, break_long_words=False, break_on_hyphens=False)
    return "\n".join(
        [
            f"## {rule.name}", "", f"Fires when {rule.fires}.", "", f"Why: {rule.why}", "", f"Do: {found.fix}", "",
            f"This fails, {'an' if found.severity == 'error' else 'a'} {found.severity}{benign}:", "",
            f"```python\n{rule.failing.strip()}\n```", "", "```text", said, "```", "", "This passes:", "",
            f"```python\n{rule.passing.strip()}\n```", "",
        ]
    )  # fmt: skip


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
