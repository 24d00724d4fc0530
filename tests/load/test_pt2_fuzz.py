"""Archives broken at random, with fixed seeds: each is a program that holds together, or one line that says what is wrong.

Bytes are cut and flipped in the file itself. JSON is broken behind right checksums, where a stranger would break it:
keys are taken away, values become another type, too large, hostile, another value of the document.
"""

from __future__ import annotations

import copy
import json
import random
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from isochrome.errors import FormulaError, ModelError
from isochrome.load.aten import program_model
from isochrome.load.pt2 import Archive, read_archive
from isochrome.load.pt2_record import parse
from isochrome.load.source import open_source
from isochrome.load.wire import WireError
from isochrome.model.program import Argument, Ref
from tests.load.exported import content, opened, saved, with_json, written
from tests.load.test_pt2 import CASES, Chosen

HOSTILE: list[Any] = [
    None, True, -1, 0, 2**31, 2**63 - 1, 2**63, -(2**63), 10**400, 1e308, "", "x", "../../etc/passwd", "a\nb\x1b[31m",
    "\u202egnp", "n" * 70_000, "Infinity", "{}", "{0.__class__}", "__import__('os').system('true')", [], {}, [[]],
    {"as_none": True}, {"as_int": 3}, {"as_tensor": {"name": "x"}}, {"as_tensor": {"name": "linear"}},
    {"as_expr": {"expr_str": "__import__('os').system('true')", "hint": None}}, {"as_ints": [1] * 100},
]  # fmt: skip
JSON = ("model.json", "weights_config.json", "constants_config.json")


@pytest.fixture(scope="module")
def archives(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("fuzz")
    torch.manual_seed(0)
    cases = {**CASES, "chosen": (Chosen, (torch.ones(3, 4),))}
    return [saved(folder / f"{number}.pt2", kind(), *given) for number, (kind, given) in enumerate(cases.values())]


def examine(path: Path) -> Archive | None:
    """What the file is, without the other process, so that a fault of the parser's shows itself. Its program becomes a
    model, or is refused in one line as well."""
    try:
        record = json.loads(json.dumps(parse(path.read_bytes())))
    except WireError as fault:
        assert "\n" not in fault.text
        return None
    try:
        archive = read_archive(record, open_source(path))
    except ModelError as fault:
        check_line(str(fault))
        return None
    check_whole(archive)
    try:
        program_model(archive.program, archive.read_held)
    except (ModelError, FormulaError) as fault:
        check_line(str(fault))
    return archive


def check_line(text: str) -> None:
    assert len(text) < 1000
    assert not any(unicodedata.category(char) in ("Cc", "Cf") for char in text)


def check_whole(archive: Archive) -> None:
    """Every name is given once, before it is read; every stored number can be read or says why not."""
    program = archive.program
    known = {*program.inputs, *program.stored, *program.constants}
    for call in program.calls:
        assert {name for _, value in call.arguments for name in refs(value)} <= known
        outputs = [name for name in call.outputs if name]
        assert known.isdisjoint(outputs) and len(set(outputs)) == len(outputs)
        known |= set(outputs)
    assert known >= set(program.outputs)
    for name, number in program.stored.items():
        assert program.held[number].shape == program.tensors[name].shape
    for number, row in enumerate(program.held):
        numbers = archive.read_held(number)
        assert numbers is None or (numbers.shape == row.shape and numbers.base is not row)
    for name, numbers in program.constants.items():
        assert numbers.shape == program.tensors[name].shape


def refs(value: Argument) -> Iterator[str]:
    if isinstance(value, Ref):
        yield value.name
    elif isinstance(value, tuple):
        for one in value:
            yield from refs(one)


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every container and key in a document."""
    for key, inner in list(value.items() if isinstance(value, dict) else enumerate(value)):
        yield value, key
        if isinstance(inner, dict | list):
            yield from places(inner)


def broken(document: Any, chance: random.Random) -> None:
    for _ in range(chance.choice([1, 1, 1, 2, 5])):
        everything = list(places(document))
        if not everything:
            return
        container, key = chance.choice(everything)
        what = chance.randrange(6)
        if what == 0:
            del container[key]
        elif what == 1:
            container[key] = copy.deepcopy(chance.choice(HOSTILE))
        elif what == 2:
            other, place = chance.choice(list(places(document)))
            container[key] = copy.deepcopy(other[place])
        elif what == 3 and isinstance(container, list):
            container.insert(0, copy.deepcopy(container[key]))
        elif what == 4 and isinstance(container, list):
            chance.shuffle(container)
        elif isinstance(container[key], int):
            container[key] += chance.choice([-1, 1, 2**20, 2**40])
        elif isinstance(container[key], str):
            container[key] = chance.choice([container[key] + "_", container[key][:-1], container[key].upper()])


def test_broken_json_is_one_line_or_another_program(archives: list[Path], tmp_path: Path) -> None:
    chance = random.Random(1)
    found = {True: 0, False: 0}
    for round in range(700):
        path = with_json(archives[round % len(archives)], chance.choice(JSON[:1] * 4 + JSON[1:] * 2),
                         lambda document: broken(document, chance), tmp_path / "broken.pt2")  # fmt: skip
        found[examine(path) is None] += 1
    assert min(found.values()) > 100


def test_broken_bytes_are_one_line_or_the_same_program(archives: list[Path], tmp_path: Path) -> None:
    chance = random.Random(2)
    refused = 0
    for round in range(400):
        data = bytearray(archives[round % len(archives)].read_bytes())
        if round % 4 == 0:
            data = data[: chance.randrange(len(data))]
        for _ in range(chance.choice([1, 2, 30]) if round % 4 else 0):
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        if not data:
            continue
        path = tmp_path / "broken.pt2"
        path.write_bytes(data)
        refused += examine(path) is None
    assert refused > 100


def test_members_that_are_missing_or_exchanged_are_one_line(archives: list[Path], tmp_path: Path) -> None:
    members = content(archives[0])
    for name in members:
        without = written(tmp_path / "m.pt2", {key: data for key, data in members.items() if key != name})
        examine(without)
        for other in list(members)[::5]:
            examine(written(tmp_path / "m.pt2", {**members, name: members[other]}))


def refused(path: Path) -> str:
    with pytest.raises(ModelError) as caught:
        opened(path)
    check_line(str(caught.value))
    return str(caught.value).removeprefix(f"{path}: ")


def deep(depth: int) -> bytes:
    return b'{"a":' * depth + b"1" + b"}" * depth


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (deep(100_000), "must be JSON; is nested too deep."),
        (b"[" * 10_000_000, "must be JSON; is nested too deep."),
        (b'{"a": 1' + b"0" * 5000 + b"}", "must be JSON; is not."),
        (b'{"a": \xff}', "must be JSON; is not."),
        (b"[]", "must be a JSON object; is not."),
    ],
)
def test_json_that_is_made_to_hurt_is_one_line(archives: list[Path], tmp_path: Path, data: bytes, text: str) -> None:
    members = content(archives[0])
    path = written(tmp_path / "m.pt2", {**members, "0/models/model.json": data})
    assert refused(path) == f"member 0/models/model.json: {text}"


def test_a_key_that_stands_twice_is_one_line(archives: list[Path], tmp_path: Path) -> None:
    members = content(archives[0])
    twice = members["0/models/model.json"].replace(b'"nodes"', b'"nodes": [], "nodes"', 1)
    path = written(tmp_path / "m.pt2", {**members, "0/models/model.json": twice})
    assert refused(path) == "key nodes: must stand once in a JSON object; stands twice."
