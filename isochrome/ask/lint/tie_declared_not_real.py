"""A configuration says tied and the tensors are not one, or the reverse: declaration against storage."""

from __future__ import annotations

from collections.abc import Iterator

from isochrome.ask.lint.equal import same_numbers
from isochrome.ask.lint.finding import Found, Rule, named
from isochrome.ask.lint.subject import Subject
from isochrome.errors import shown
from isochrome.model.held import Declared

__all__ = ["RULE"]


def _find(subject: Subject) -> Iterator[Found]:
    if subject.is_stored_alone:
        return
    said: dict[tuple[frozenset[str], bool], list[Declared]] = {}
    for declared in subject.model.declared:
        said.setdefault((frozenset(declared.names), declared.tied), []).append(declared)
    for one in said.values():
        yield from _about(subject, one[0], shown(one[0].where, 60))


def _about(subject: Subject, declared: Declared, where: str) -> Iterator[Found]:
    names = tuple(name for name in dict.fromkeys(declared.names) if name in subject.cell_of)
    found = {subject.cell_of[name].number: subject.cell_of[name] for name in names}
    if not declared.tied and len(found) < len(names):
        message = f"{where} says that {named(names)} are not tied, and they are one stored tensor"
        yield Found("warning", names, message, names[0], "Clone one of them, or set the configuration to tied.")
        return
    known = all(not cell.first.unproven for cell in found.values())
    if not declared.tied or len(found) < 2 or not known or len({frozenset(c.first.shape) for c in found.values()}) > 1:
        return
    first, *others = found.values()
    equal = all(same_numbers(subject.item(first), subject.item(one)) for one in others)
    values = "hold equal numbers and will drift apart" if equal else "hold different numbers"
    size = sum(one.first.count * one.first.item for one in others)
    message = f"{where} says that {named(names)} are tied; they are {len(found)} stored tensors, which {values}"
    yield Found("error", names, message, names[0], "", size)


RULE = Rule(
    name="tie-declared-not-real",
    fires="a configuration, at any level, says that two tensors are tied and they are not one, or the reverse",
    why="Loading, saving and counting follow the configuration; training follows the tensors.",
    fix="Tie them (model.tie_weights(), or head.weight = embedding.weight), or set the configuration to not tied.",
    find=_find,
    failing="""
from torch import nn
from transformers import GPT2Config, GPT2LMHeadModel

sizes = {"vocab_size": 64, "n_positions": 16, "n_embd": 8, "n_layer": 1, "n_head": 2}
subject = GPT2LMHeadModel(GPT2Config(**sizes, bos_token_id=0, eos_token_id=0))
subject.lm_head.weight = nn.Parameter(subject.lm_head.weight.detach().clone())
""",
    passing="""
from transformers import GPT2Config, GPT2LMHeadModel

sizes = {"vocab_size": 64, "n_positions": 16, "n_embd": 8, "n_layer": 1, "n_head": 2}
subject = GPT2LMHeadModel(GPT2Config(**sizes, bos_token_id=0, eos_token_id=0))
""",
)
