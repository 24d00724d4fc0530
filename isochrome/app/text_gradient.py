"""The ledger of one weight's gradient, as text."""

from __future__ import annotations

from itertools import groupby

from isochrome.app.text import Ink, columns, difference, number, term_value, turned_letters
from isochrome.ask.gradient import Gradient, GradientTerm
from isochrome.errors import shown

__all__ = ["gradient_text"]

MOST = 40


def gradient_text(found: Gradient, ink: Ink) -> str:
    """One weight's gradient: a row for each use, by layer, the total, and what autograd says."""
    axes = ", ".join(turned_letters(found.letters) if ink.xyd else found.letters)
    title = f"{shown(found.parameter)}[{ink.place(found.weight)}]"
    lines = [f"{ink.bold(title)}  gradient of {shown(found.of, 200)}   {ink.dim(f'w[{axes}], counted from 0')}"]
    lines += [ink.dim(f"input: {shown(found.input, 200)}"), ""]
    for name, terms in groupby(found.terms, key=lambda term: term.layer):
        lines += _layer(name, list(terms), ink)
    uses = f"{len(found.terms):,} use" + ("" if len(found.terms) == 1 else "s")
    layers = len({term.layer for term in found.terms})
    lines.append(f"{uses} in {layers:,} layers" if layers > 1 else uses)
    if found.total is not None:
        lines.append(ink.bold(f"total = {number(found.total)}"))
    if found.framework is not None:
        lines.append(f"autograd says {number(found.framework)}" + difference(found.difference, found.bound))
    if found.note:
        lines.append(ink.dim(found.note))
    return "\n".join(lines) + "\n"


def _layer(name: str, terms: list[GradientTerm], ink: Ink) -> list[str]:
    letters = ", ".join(turned_letters(terms[0].letters) if ink.xyd else terms[0].letters)
    many = any(term.sample for term in terms)
    rows = [_row(term, ink, many) for term in terms[:MOST]]
    head = ("neuron", "delta", "input", "value", "product")
    widths = [max(len(row[k]) for row in (head, *rows)) for k in range(5)]
    lines = [f"{shown(name)}  {ink.dim(f'y[{letters}]')}", ink.dim(columns(head, widths))]
    lines += [columns(row, widths) for row in rows]
    if len(terms) > MOST:
        lines.append(ink.dim(f"... {len(terms) - MOST:,} more; --json has all"))
    return [*lines, ""]


def _row(term: GradientTerm, ink: Ink, many: bool) -> tuple[str, str, str, str, str]:
    sample = f"sample {term.sample} " if many else ""
    x = f"x[{ink.place(term.x)}]" if term.x is not None else "padding" if term.input == 0.0 else ""
    y = f"{sample}y[{ink.place(term.y)}]"
    return y, term_value(term.delta), x, term_value(term.input), term_value(term.product)
