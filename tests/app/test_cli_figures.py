"""``isochrome draw`` as users type it: every ending, films, styles, captions; and one line for what cannot be."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from isochrome.app.cli import main
from isochrome.render import FORMATS

START = {
    "svg": b"<svg ", "png": b"\x89PNG", "pdf": b"%PDF-", "tex": b"% Kernel: conv", "tikz": b"% Kernel: conv",
    "json": b"{", "apng": b"\x89PNG", "webp": b"RIFF", "gif": b"GIF89a",
}  # fmt: skip


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = main(["draw", *words])
    printed = capsys.readouterr()
    return code, printed.out, printed.err


@pytest.mark.parametrize("ending", FORMATS)
def test_the_ending_chooses_the_format(ending: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / f"figure.{ending.upper()}"
    assert run(capsys, "kernel", "example:stanford", "-o", str(path), "--scale", "1") == (0, "", "")
    assert path.read_bytes().startswith(START[ending])


def test_a_film_a_style_and_a_caption(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "figure.svg"
    words = ("window", "example:arithmetic/padding-strides", "-o", str(path), "--play", "p,q", "--pace", "0.5", "--caption")
    code, out, err = run(capsys, *words, "--style", "paper-wide")
    assert (code, err) == (0, "")
    assert out.startswith("Window: padding-strides. y[p, q] += ") and "One frame for each of 9 neurons" in out
    drawn = path.read_text()
    assert 'width="178mm"' in drawn and drawn.count('class="frame') == 9 and "animation:frame 4.5s" in drawn
    assert "<metadata>isochrome draw window example:arithmetic/padding-strides " in drawn
    code, out, _ = run(capsys, *words, "--json")
    assert len(json.loads(out)["frames"]) == 9


def test_text_too_small_for_print_is_told_and_the_file_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "figure.pdf"
    code, out, err = run(capsys, "connections", "example:stanford", "-o", str(path), "--width-mm", "85")
    assert (code, out) == (0, "") and path.exists()
    assert err.startswith("isochrome: the smallest text is 2.") and err.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (("-o", "f.bmp"), "f.bmp: must end in one of .svg, .png, .pdf, .tex, .tikz, .json, .apng, .webp, .gif; got .bmp"),
        (("-o", "f"), "f: must end in one of .svg, .png, .pdf, .tex, .tikz, .json, .apng, .webp, .gif; got none"),
        (("-o", "f.png", "--play", "p"),
         "f.png: must end in one of .svg, .pdf, .json, .apng, .webp, .gif to play; got .png"),
        (("-o", "f.svg", "--play", "z"), "play along z: must be of positions, m, p, q"),
        (("-o", "f.pdf", "--width-mm", "0"),
         "width: must be above 0 and at most 2,000 millimetres; got 0. Choose another."),
        (("-o", "f.pdf", "--width-mm", "inf"),
         "width: must be above 0 and at most 2,000 millimetres; got inf. Choose another."),
        (("-o", "no/f.pdf"), "no/f.pdf: must be a place to write to; No such file or directory"),
        (("-o", "f.gif", "--pace", "nan"), "pace: must be 0.02 to 60 seconds for each frame; got nan. Choose another."),
        (("-o", "f.gif", "--scale", "60"),
         "scale: must give at most 120,000,000 pixels in all frames; 9 frames have 12,984,364,800. "
         "Choose a smaller scale or fewer frames."),
        (("-o", "f.png", "--scale", "60"),
         "scale: must give an image of at most 64,000,000 pixels; got 60 for 792 by 506. Choose a smaller scale."),
    ],
)  # fmt: skip
def test_what_cannot_be_is_one_line_and_nothing_is_written(
    words: tuple[str, ...], fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = run(capsys, "kernel", "example:stanford", *words)
    assert (code, out) == (2, "")
    assert err == f"isochrome: {fault}\n"
    assert list(tmp_path.iterdir()) == []


def test_a_line_without_a_weight_has_no_explorer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "page.html"
    assert main(["page", "example:arithmetic/max-pooling", "-o", str(path)]) == 2
    fault = "example:arithmetic/max-pooling: must have a weight to be explored. `isochrome draw window` shows it."
    assert capsys.readouterr().err == f"isochrome: {fault}\n" and not path.exists()
