"""Findings as SARIF 2.1.0, which code hosts and editors show beside the file.

Format: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import Any
from urllib.parse import quote

from isochrome.ask.lint import RULES
from isochrome.ask.lint.finding import Finding
from isochrome.ask.lint.report import Lint, LintOfMany
from isochrome.errors import shown

__all__ = ["sarif"]

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def sarif(found: LintOfMany) -> dict[str, Any]:
    """The log of one run over all models: its rules, its results, and which models could not be read."""
    driver: dict[str, Any] = {
        "name": "isochrome",
        **_version(),
        "rules": [
            {
                "id": rule.name,
                "shortDescription": {"text": f"Fires when {rule.fires}."},
                "fullDescription": {"text": rule.why},
                "help": {"text": rule.fix},
            }
            for rule in RULES
        ],
    }
    invocation = {
        "executionSuccessful": not found.faults,
        "exitCode": found.exit_code,
        "toolExecutionNotifications": [
            {"level": "error", "message": {"text": one.fault}, "locations": [_place(one.model)]} for one in found.faults
        ],
    }
    results = [_result(model, one) for model in found.models for one in model.findings]
    run = {"tool": {"driver": driver}, "invocations": [invocation], "results": results}
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def _version() -> dict[str, str]:
    try:
        return {"version": version("isochrome")}
    except PackageNotFoundError:  # run from a checkout
        return {}


def _result(model: Lint, one: Finding) -> dict[str, Any]:
    names = [{"fullyQualifiedName": shown(name, 200), "kind": "member"} for name in one.names]
    return {
        "ruleId": one.rule,
        "ruleIndex": [rule.name for rule in RULES].index(one.rule),
        "level": one.severity,
        "message": {"text": f"{one.message}. {one.why} {one.fix}"},
        "locations": [_place(model.model) | ({"logicalLocations": names} if names else {})],
        "properties": {"benign": one.benign, "kept": one.kept, "bytes": one.bytes},
    }


def _place(model: str) -> dict[str, Any]:
    return {"physicalLocation": {"artifactLocation": {"uri": quote(model.replace("\\", "/"), safe="/")}}}
