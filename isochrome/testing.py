"""Assertions about weight sharing for a test suite of your own: on modules, opened models and files, nothing is run.

>>> from isochrome.testing import assert_no_accidental_sharing
>>> assert_no_accidental_sharing("example:lenet5")
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Any

from isochrome.app.lint import compare_models, subject_of
from isochrome.ask.lint.compare import Change
from isochrome.ask.lint.equal import same_numbers
from isochrome.ask.lint.finding import named
from isochrome.ask.lint.subject import Subject
from isochrome.errors import shown

__all__ = ["assert_no_accidental_sharing", "assert_not_tied", "assert_same_sharing", "assert_tied"]


def assert_tied(model: Any, *names: str) -> None:
    """The names are one stored tensor: one object, or objects over the very same bytes, transposed or not.

    Without names, every tie that the model's configuration declares is one.
    """
    __tracebackhide__ = True
    subject = subject_of(model)
    for group in [names] if names else _declared(subject):
        fault = _apart(subject, group)
        if fault:
            raise AssertionError(f"{_where(subject)}: {fault}")


def assert_not_tied(model: Any, *names: str) -> None:
    """No two of the names share a byte."""
    __tracebackhide__ = True
    subject = subject_of(model)
    _known(subject, names)
    for group in [cell.names for cell in subject.cells] + _overlaps(subject):
        both = [name for name in names if name in group]
        if len(both) > 1:
            raise AssertionError(
                f"{_where(subject)}: {named(both)} must share nothing; they lie over the same bytes. "
                f"Give one of them its own: {both[1]} = torch.nn.Parameter({both[1]}.detach().clone())."
            )


def assert_no_accidental_sharing(model: Any, allow: Iterable[Sequence[str]] = ()) -> None:
    """Nothing is shared but what the configuration declares and what ``allow`` lists.

    Each entry of ``allow`` is a group of names, or of modules, that may be one: ``[("blocks.0", "blocks.1")]``.
    """
    __tracebackhide__ = True
    subject = subject_of(model)
    allowed = [tuple(group) for group in allow]
    several = [cell.names for cell in subject.cells if len(cell.names) > 1]
    wrong = [names for names in several + _overlaps(subject) if not subject.is_declared(names)]
    wrong = [names for names in wrong if not any(_covers(group, names) for group in allowed)]
    if wrong:
        more = f", and {len(wrong) - 1} more group{'s' * (len(wrong) > 2)}" if len(wrong) > 1 else ""
        raise AssertionError(
            f"{_where(subject)}: only declared ties may share storage; {named(wrong[0])} do{more}. "
            f"Make one for each place (copy.deepcopy, or a constructor in the loop), or allow it: allow=[{wrong[0]!r}]."
        )


def assert_same_sharing(before: Any, after: Any) -> None:
    """The sharing of two models is the same, by name or, where an export renamed them, by number."""
    __tracebackhide__ = True
    found = compare_models(before, after)
    changes = (*found.lost, *found.gained, *found.changed)
    if changes:
        what = "; ".join(_said(change) for change in changes[:3])
        more = f"; and {len(changes) - 3} more" if len(changes) > 3 else ""
        raise AssertionError(
            f"{shown(found.before, 90)} to {shown(found.after, 90)}: the sharing must stay the same; {what}{more}. "
            "Tie again after the step (model.tie_weights()), or see isochrome compare for all of it."
        )


def _where(subject: Subject) -> str:
    return shown(subject.model.name, 90)


def _said(change: Change) -> str:
    before, after = (" | ".join(named(names) for names in side) for side in (change.before, change.after))
    return f"{change.what} ({before} before, {after} after)"


def _declared(subject: Subject) -> list[tuple[str, ...]]:
    held = subject.cell_of
    groups = [tuple(name for name in one.names if name in held) for one in subject.model.declared if one.tied]
    return [names for names in dict.fromkeys(groups) if len(names) > 1]


def _known(subject: Subject, names: Sequence[str]) -> None:
    for name in names:
        if name not in subject.cell_of:
            near = get_close_matches(name, subject.cell_of, 1)
            hint = f" Did you mean {shown(near[0], 90)}?" if near else ""
            fault = f"{shown(name, 90)} must be a tensor of the model; it is not.{hint}"
            raise AssertionError(f"{_where(subject)}: {fault}")


def _apart(subject: Subject, names: Sequence[str]) -> str:
    """Why some names are not one stored tensor, '' where they are."""
    _known(subject, names)
    cells = list({subject.cell_of[name].number: subject.cell_of[name] for name in names}.values())
    if len(cells) < 2:
        return ""
    must = f"{named(names)} must be one stored tensor"
    unproven = next((cell.first.unproven for cell in cells if cell.first.unproven), "")
    if unproven:
        return f"{must}; they are {len(cells)} objects without a place to compare ({unproven}). Tie them by object."
    if all(same_numbers(subject.item(cells[0]), subject.item(cell)) for cell in cells[1:]):
        what = "which hold equal numbers and will drift apart"
    else:
        what = "which hold different numbers"
    return f"{must}; they are {len(cells)}, {what}. Make them one object: {names[1]} = {names[0]}."


def _overlaps(subject: Subject) -> list[tuple[str, ...]]:
    return [tuple(name for cell in part for name in cell.names) for part in subject.overlaps]


def _covers(group: Sequence[str], names: Sequence[str]) -> bool:
    return all(any(name == one or name.startswith(f"{one}.") for one in group) for name in names)
