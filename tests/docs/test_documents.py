"""Every block of code in the documents runs and prints what stands there; every link leads somewhere."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from contextlib import redirect_stdout
from io import StringIO
from itertools import zip_longest
from pathlib import Path

import pytest

from isochrome.app.cli import main

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
BLOCK = re.compile(r"^```(console|python)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"(?<!`)\[[^\]\n]*\]\(([^)\s]+)\)")


def blocks(path: Path) -> list[tuple[str, str]]:
    return BLOCK.findall(path.read_text(encoding="utf-8"))


def commands(text: str) -> Iterator[tuple[str, list[str]]]:
    """The commands of a block, each with the lines that it prints."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        line, *printed = part.rstrip("\n").split("\n")
        yield line, printed


def matches(wanted: list[str], got: list[str]) -> bool:
    """Whether lines are as wanted; a line of three dots stands for any lines."""
    if "..." in wanted:
        at = wanted.index("...")
        rest = wanted[at + 1 :]
        starts = range(at, len(got) - len([line for line in rest if line != "..."]) + 1)
        return wanted[:at] == got[:at] and (not rest or any(matches(rest, got[start:]) for start in starts))
    return all(a == b for a, b in zip_longest(wanted, got))


@pytest.mark.parametrize("path", [path for path in DOCUMENTS if blocks(path)], ids=lambda path: path.name)
def test_blocks_run_and_print_what_they_say(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {"__name__": "__main__"}
    for kind, text in blocks(path):
        if kind == "console":
            for line, wanted in commands(text):
                words = shlex.split(line, comments=True)
                assert words[0] == "isochrome", line
                capsys.readouterr()
                main(words[1:])
                printed, faults = capsys.readouterr()
                got = (printed + faults).rstrip("\n").split("\n")
                assert matches(wanted, got) or (not wanted and not faults), f"{line}\n{printed}{faults}"
            continue
        out = StringIO()
        with redirect_stdout(out):
            exec(compile(text, str(path), "exec"), names)
        wanted = [line[2:] for line in text.splitlines() if line.startswith("# ") or line == "#"]
        assert out.getvalue().splitlines() == (wanted if out.getvalue() else []), text


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(path: Path) -> None:
    text = re.sub(r"^```.*?^```$", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    lost = [
        link for link in LINK.findall(text)
        if "://" not in link and not link.startswith("#") and not (path.parent / link.split("#")[0]).exists()
    ]  # fmt: skip
    assert lost == []


def test_three_dots_stand_for_any_lines() -> None:
    assert matches(["a", "...", "d"], ["a", "b", "c", "d"]) and matches(["..."], []) and matches(["a"], ["a"])
    assert not matches(["a", "...", "d"], ["a", "b"]) and not matches(["a"], ["a", "b"])
