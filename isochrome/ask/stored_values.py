"""Codebooks: how many distinct values are stored, and why a file is no smaller for equal values."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from isochrome.ask.answer import Answer, Check, Sight
from isochrome.ask.subject import Subject
from isochrome.ask.words import counted, number
from isochrome.errors import shown

__all__ = ["codebook", "codebook_unfit"]

_WIDTHS: dict[int, type[np.unsignedinteger[Any]]] = {1: np.uint8, 2: np.uint16, 4: np.uint32, 8: np.uint64}


def codebook_unfit(subject: Subject) -> str:
    """There must be stored values."""
    return "" if subject.parameter is not None else "it has no stored weight"


def codebook(subject: Subject) -> Answer:
    """Distinct values against stored values; bits as stored and with a codebook and one code for each weight."""
    own = subject.parameter
    assert own is not None
    values = subject.values.reader.read_parameter(own.number)
    name = shown(own.names[0], 60)
    sight = Sight(("kernel", "matrix"))
    if values is None or values.dtype.itemsize not in _WIDTHS or not values.size:
        text = (
            f"The values of {name} cannot be read here: the graph computes them. Equal values would still be stored "
            "apart."
        )
        return Answer(text, {}, Check("no stored values could be read", {}, None), sight)
    patterns = np.ascontiguousarray(values).reshape(-1).view(_WIDTHS[values.dtype.itemsize])
    table, codes = np.unique(patterns, return_inverse=True)
    width, code = 8 * values.dtype.itemsize, max(int(len(table) - 1).bit_length(), 0)
    stored, packed = width * values.size, code * values.size + width * len(table)
    largest = int(np.bincount(codes.reshape(-1)).max())
    numbers: dict[str, Any] = {
        "stored_values": int(values.size), "distinct_values": len(table), "bits_of_a_value": width,
        "bits_of_a_code": code,
        "bits_stored": stored, "bits_with_codebook": packed, "most_frequent": largest,
    }  # fmt: skip
    text = (
        f"{name} stores {counted(int(values.size), 'number')} of {width} bits: {stored:,} bits, with "
        f"{counted(len(table), 'distinct value')} among them. Equal values are not one stored value: each place keeps "
        f"its own {width} bits, whatever they are, so the file is no smaller. It becomes smaller when places are "
        f"stored as codes: {values.size:,} × {code} bits, and a book of {len(table):,} × {width} bits, {packed:,} bits "
        "together"
    )
    ratio = stored / packed
    text += (
        f", {number(ratio, 3)} times smaller. "
        if packed < stored
        else ", which here is no gain: too few values are equal. "
    )
    text += (
        "And equal is not shared: in training, places with equal values have gradients of their own and part; only a "
        "book whose entries are the parameters, each with the sum of its places' gradients, keeps them equal."
    )
    rebuilt = table[codes.reshape(-1)]
    check = Check(
        "the values looked up again from codes and book, compared bit by bit with those stored",
        {"equal": int((rebuilt == patterns).sum()), "of": int(values.size)},
        bool((rebuilt == patterns).all()) and _codes_fit(codes, code),
    )
    return Answer(text, numbers, check, sight)


def _codes_fit(codes: NDArray[np.int64], bits: int) -> bool:
    return bool(int(codes.max(initial=0)) < 2**bits)
