"""A checkpoint holds both names of a declared tie with different numbers: keys, values and the configuration."""

from __future__ import annotations

from collections.abc import Iterator

from isochrome.ask.lint.equal import same_numbers
from isochrome.ask.lint.finding import Found, Rule, named
from isochrome.ask.lint.subject import Subject
from isochrome.errors import shown

__all__ = ["RULE"]


def _find(subject: Subject) -> Iterator[Found]:
    if not subject.is_stored_alone:
        return
    for declared in subject.model.declared:
        names = tuple(name for name in declared.names if name in subject.cell_of)
        found = list({subject.cell_of[name].number: subject.cell_of[name] for name in names}.values())
        if not declared.tied or len(found) < 2:
            continue
        if not all(same_numbers(subject.item(found[0]), subject.item(one)) for one in found[1:]):
            where = shown(declared.where, 60)
            message = f"{named(names)} are both stored and differ, and {where} says that they are tied"
            yield Found("error", names, message, names[0])


RULE = Rule(
    name="stored-both-and-differ",
    fires="a checkpoint holds both names of a tie, their numbers differ, and its configuration says tied",
    why="Loading ties them, so one of the two is overwritten without a word, and the model computes something else.",
    fix="Set tie_word_embeddings to false if both were trained; otherwise store one of them.",
    find=_find,
    failing="""
import json

import torch
from safetensors.torch import save_file

save_file({"model.embed_tokens.weight": torch.randn(32, 8), "lm_head.weight": torch.randn(32, 8)}, "model.safetensors")
with open("config.json", "w") as file:
    json.dump({"tie_word_embeddings": True}, file)
subject = "model.safetensors"
""",
    passing="""
import json

import torch
from safetensors.torch import save_file

save_file({"model.embed_tokens.weight": torch.randn(32, 8)}, "model.safetensors")
with open("config.json", "w") as file:
    json.dump({"tie_word_embeddings": True}, file)
subject = "model.safetensors"
""",
)
