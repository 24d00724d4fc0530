"""What lint and compare found, as text for a terminal: where, what was found, why it matters, what to do."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from isochrome.app.text import Ink
from isochrome.ask.lint.compare import Change, Comparison
from isochrome.ask.lint.finding import Finding, named
from isochrome.ask.lint.report import Lint, LintOfMany
from isochrome.errors import shown

__all__ = ["compare_text", "lint_text"]

_LABEL = 7
_WORDS = {"error": "errors", "warning": "warnings", "note": "notes"}


def lint_text(found: LintOfMany, ink: Ink) -> str:
    """The findings by model; the last line has the counts and the exit code."""
    lines = [line for model in found.models for line in _model(model, ink)]
    counts = [_count(found.count(severity), severity, words) for severity, words in _WORDS.items()]
    models = f"{len(found.models)} model{'s' * (len(found.models) != 1)}"
    faults = f", {len(found.faults)} could not be read" if found.faults else ""
    return "\n".join([*lines, f"{models}: {', '.join(counts)}{faults}. Exit code {found.exit_code}."]) + "\n"


def _count(count: int, severity: str, words: str) -> str:
    return f"{count} {severity if count == 1 else words}{' (benign)' * (severity == 'note' and count > 0)}"


def _model(found: Lint, ink: Ink) -> Iterator[str]:
    yield ink.bold(shown(found.model, 200))
    if found.fault:
        yield "  could not be read"
    elif not found.findings:
        yield "  nothing found"
    for one in found.findings:
        yield from _finding(one, ink)
    yield ""


def _finding(one: Finding, ink: Ink) -> Iterator[str]:
    kept = f" (kept: {shown(one.kept, 60)})" if one.kept else ""
    benign = ", benign" if one.benign else ""
    yield f"  {ink.bold(one.rule)}  {one.severity}{benign}"
    yield from _labelled("where", f"{named(one.names)}{kept}", ink)
    yield from _labelled("found", one.message, ink)
    yield from _labelled("why", one.why, ink)
    yield from _labelled("do", one.fix, ink)


def _labelled(label: str, text: str, ink: Ink) -> Iterator[str]:
    width = max(ink.width - 4 - _LABEL, 30)
    rows = textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False) or [""]
    yield f"    {ink.dim(label.ljust(_LABEL))}{rows[0]}"
    yield from (" " * (4 + _LABEL) + row for row in rows[1:])


def compare_text(found: Comparison, ink: Ink) -> str:
    """What was lost, gained and changed; the last line has the counts and the exit code."""
    lines = [f"{ink.bold(shown(found.before, 200))}  to  {ink.bold(shown(found.after, 200))}", ""]
    for label, changes in (("lost", found.lost), ("gained", found.gained), ("changed", found.changed)):
        for change in changes:
            lines += [f"  {ink.bold(label)}  {change.what}", *_change(change, ink)]
    if not found.differs:
        apart = found.unknown_before or found.unknown_after
        lines.append("  the sharing is the same" + (" where both have a counterpart" if apart else ""))
    for label, names in (("before", found.unknown_before), ("after", found.unknown_after)):
        if names:
            lines += [f"  {ink.bold('unknown')}  {len(names)} without a counterpart"]
            lines += _labelled(label, named(names), ink)
    more = found.bytes_after - found.bytes_before
    size = f"{found.bytes_before:,} bytes before, {found.bytes_after:,} after ({_signed(more)})"
    counts = f"{len(found.lost)} lost, {len(found.gained)} gained, {len(found.changed)} changed"
    return "\n".join([*lines, "", f"{counts}; {size}. Exit code {int(found.differs)}."]) + "\n"


def _change(change: Change, ink: Ink) -> Iterator[str]:
    yield from _labelled("before", " | ".join(named(names, 6) for names in change.before), ink)
    yield from _labelled("after", " | ".join(named(names, 6) for names in change.after), ink)
    if change.transposed:
        yield from _labelled("turned", named(change.transposed, 6), ink)
    if change.bytes:
        yield from _labelled("cost", f"{_signed(change.bytes)} bytes", ink)


def _signed(count: int) -> str:
    return f"{count:+,}".replace("-", "\N{MINUS SIGN}")
