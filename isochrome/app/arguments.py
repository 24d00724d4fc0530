"""The arguments that several commands take: what each is called, how its text is read, what its help says."""

from __future__ import annotations

import argparse
import json
import re
from typing import Any

from isochrome.errors import shown

__all__ = [
    "ASKED", "Argument", "CLAIM", "COMMON", "EDIT", "INPUT", "JSON", "LAYER", "MODEL", "NEURON", "OF", "ORDER",
    "OUTPUT", "SEED", "SHAPE", "TABLE", "WEIGHT", "place_of", "shape_of", "span_of", "table_of", "weight_of",
    "window_of",
]  # fmt: skip


def place_of(text: str) -> tuple[int, ...]:
    """The place that a text says.

    >>> place_of("0,10,10")
    (0, 10, 10)
    """
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        text = f"a place is whole numbers with commas, like 0,10,10; got {shown(text)}"
        raise argparse.ArgumentTypeError(text) from None


def span_of(text: str) -> tuple[int, int]:
    """A part of a row of layers: the first, and the one after the last.

    >>> span_of("0:20")
    (0, 20)
    """
    low, _, high = text.partition(":")
    if not (low.isdecimal() and high.isdecimal() and int(low) < int(high)):
        raise argparse.ArgumentTypeError(f"a part is A:B with A below B, like 0:20; got {shown(text)}")
    return int(low), int(high)


def window_of(text: str) -> tuple[tuple[int, int], ...]:
    """Parts of axes, each from its first place to below its last.

    >>> window_of("0:5,2:7")
    ((0, 5), (2, 7))
    """
    parts = [re.fullmatch("([0-9]{1,15}):([0-9]{1,15})", part) for part in text.split(",")]
    if not all(parts):
        raise argparse.ArgumentTypeError(f"a window is parts such as 0:5,2:7; got {shown(text)}")
    return tuple((int(part[1]), int(part[2])) for part in parts if part)


def weight_of(text: str) -> tuple[str, tuple[int, ...]]:
    """The parameter ('' where none is named) and the place in it.

    >>> weight_of("R:0,3")
    ('R', (0, 3))
    """
    name, _, place = text.rpartition(":")
    return name, place_of(place)


def shape_of(text: str) -> tuple[str, tuple[int, ...]]:
    """A tensor's name and its shape.

    >>> shape_of("x=1,3,9")
    ('x', (1, 3, 9))
    """
    name, found, sizes = text.partition("=")
    if not found or not name:
        raise argparse.ArgumentTypeError(f"a shape is NAME=4,5; got {shown(text)}")
    return name, place_of(sizes) if sizes else ()


def table_of(text: str) -> tuple[str, Any]:
    """A table's name and its numbers.

    >>> table_of("of=0,2,1")
    ('of', [0, 2, 1])
    """
    name, found, numbers = text.partition("=")
    try:
        values = json.loads(numbers if numbers.startswith("[") else f"[{numbers}]")
    except (json.JSONDecodeError, RecursionError):
        values = None
    if not found or not name or values is None:
        raise argparse.ArgumentTypeError(f"a table is NAME=0,2,1 or NAME=[[0,1],[2,3]]; got {shown(text)}")
    return name, values


Argument = tuple[tuple[str, ...], dict[str, Any]]
MODEL: Argument = (
    ("model",),
    {"metavar": "MODEL", "help": "a file, example:NAME, package.module:function or formula:'...'"},
)
LAYER: Argument = (("layer",), {"metavar": "LAYER", "help": "the model's own path, conv#2, or a number in the report"})
JSON: Argument = (("--json",), {"action": "store_true", "help": "print JSON"})
INPUT: Argument = (("--input",), {"metavar": "FILE", "help": "an image, .npy or .npz; else an example's own or random"})
SHAPE: Argument = (
    ("--shape",),
    {"type": shape_of, "action": "append", "default": [], "metavar": "NAME=4,5", "help": "the shape of a tensor"},
)
TABLE: Argument = (
    ("--table",),
    {"type": table_of, "action": "append", "default": [], "metavar": "NAME=0,2,1", "help": "a table of a typed line"},
)
ORDER: Argument = (
    ("--order",),
    {"choices": ["xyd"], "help": "places as column, row, depth, as the Stanford demo does"},
)
SEED: Argument = (("--seed",), {"type": int, "default": 0, "help": "for random numbers where no input is given"})
OUTPUT: Argument = (("-o", "--output"), {"required": True, "metavar": "FILE", "help": "where to write"})
COMMON = (INPUT, SHAPE, TABLE, SEED)
NEURON: Argument = (
    ("--neuron",),
    {"type": place_of, "required": True, "metavar": "I", "help": "a place of the output, as 0,10,10"},
)
WEIGHT: Argument = (
    ("--weight",),
    {"type": weight_of, "required": True, "metavar": "I", "help": "5,1,0,0, or R:0,3 for one of several"},
)
OF: Argument = (
    ("--of",),
    {"default": "sum", "help": "sum (of the layer's outputs); with a PyTorch model outputs, output:NAME, loss"},
)
EDIT: Argument = (
    ("--edit",),
    {"default": "", "metavar": "EDITS",
     "help": "other numbers, as w:PARAMETER:PLACE=NUMBER or x:LAYER:PLACE=NUMBER, joined by ;"},
)  # fmt: skip
ASKED: tuple[Argument, ...] = (
    (("layer",), {"nargs": "?", "metavar": "LAYER", "help": "without one the whole model is asked"}),
    (("question",), {"nargs": "?", "metavar": "QUESTION", "help": "its number, its id, or words of it"}),
)
CLAIM: Argument = (("claim",), {"metavar": "CLAIM", "help": "'neurons of one depth slice use the same weights'"})
