"""Figures as files: colours, text, metadata and frames read back from PDF, TikZ, films and the SVG that plays."""

from __future__ import annotations

import io
import json
import re
import shutil
import subprocess
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pypdf import PdfReader

from isochrome.app.api import open_model
from isochrome.app.pictures import Drawn, draw
from isochrome.draw.identity import GREYS
from isochrome.draw.picture import Cell, Group, Mark, Picture
from isochrome.draw.styles import STYLES, framed
from isochrome.errors import RequestError
from isochrome.render import FORMATS, Setting
from isochrome.render.shapes import Path as Outlined
from isochrome.render.shapes import Words, shapes
from isochrome.render.svg import svg
from isochrome.render.theme import THEMES
from tests.draw.readback import law_of_colour
from tests.draw.test_svg import HOSTILE, everything

COMMAND = "isochrome draw VIEW '<&> %#_{}\\' -o é→.svg"
FILMS = ("apng", "webp", "gif")
TEX = [name for name in ("pdflatex", "lualatex") if shutil.which(name)]


@cache
def drawing(view: str = "arithmetic", play: str = "", style: str = "screen", colour: str = "weight", scale: float = 1) -> Drawn:
    return draw(
        open_model("example:stanford"), "conv", view, colour, neuron=(0, 0, 0), play=play, style=style, scale=scale,
        command=COMMAND, caption=True,
    )  # fmt: skip


def texts(data: bytes) -> list[str]:
    root = ElementTree.fromstring(data)
    return [element.text or "" for element in root.iter("{http://www.w3.org/2000/svg}text")]


def cells(marks: tuple[Mark, ...], dx: float = 0, dy: float = 0) -> Iterator[tuple[float, float, Cell]]:
    for mark in marks:
        if isinstance(mark, Group):
            yield from cells(mark.marks, dx + mark.x, dy + mark.y)
        elif isinstance(mark, Cell):
            yield dx + mark.x, dy + mark.y, mark


# --- shapes -----------------------------------------------------------------------------------------------------------


def test_shapes_are_the_marks_of_the_svg_with_the_same_colours() -> None:
    found = shapes(everything())
    colours = set(law_of_colour(svg(everything())).values())
    used = {shape.paint.fill for shape in found if isinstance(shape, Outlined)}
    used |= {shape.paint.stroke for shape in found if isinstance(shape, Outlined)}
    assert colours <= used <= colours | set(THEMES["light"].values()) | {"", "#ffffff", "#0b0c0e"}
    assert [shape.text for shape in found if isinstance(shape, Words)] == texts(svg(everything()))


@pytest.mark.parametrize("theme", THEMES)
def test_a_hatch_stays_inside_its_cell(theme: str) -> None:
    padded = Picture(50, 50, "t", "d", everything().legend, everything().colouring, (Cell(10, 10, 20, 20, padding=True),))
    lines = [shape for shape in shapes(padded, theme) if isinstance(shape, Outlined) and len(shape.outline) > 9]
    points = [point for shape in lines for _, steps in shape.outline for point in steps]
    assert points and all(10 <= x <= 30 and 10 <= y <= 30 for x, y in points)


# --- PDF --------------------------------------------------------------------------------------------------------------


def test_pdf_text_can_be_selected_and_its_fonts_are_embedded() -> None:
    made = drawing()
    page = PdfReader(io.BytesIO(made.content("pdf"))).pages[0]
    read = re.sub(r"\s", "", page.extract_text())
    for text in texts(made.svg().encode()):
        assert re.sub(r"\s", "", text) in read
    fonts = page["/Resources"]["/Font"]  # type: ignore[index]
    for font in fonts.values():
        assert "IBMPlex" in font["/BaseFont"] and "/FontFile2" in font["/FontDescriptor"] and "/ToUnicode" in font


def test_pdf_paints_the_colours_of_the_svg_in_its_order() -> None:
    made = drawing("bank", colour="filter")
    content = PdfReader(io.BytesIO(made.content("pdf"))).pages[0].get_contents()
    assert content is not None
    found = re.findall(rb"([\d.]+) ([\d.]+) ([\d.]+) rg", content.get_data())
    filled = ["#" + bytes(round(255 * float(part)) for part in parts).hex() for parts in found]
    wanted = [
        shape.paint.fill if isinstance(shape, Outlined) else shape.colour
        for shape in shapes(framed(made.pictures, made.style)[0])
        if (isinstance(shape, Outlined) and shape.paint.fill) or isinstance(shape, Words)
    ]
    assert filled == wanted
    assert set(law_of_colour(made.svg().encode()).values()) <= set(filled)


def test_pdf_has_the_width_in_millimetres_title_caption_and_command() -> None:
    made = draw(open_model("example:stanford"), 0, "kernel", style="paper", caption=True, command=COMMAND)
    read = PdfReader(io.BytesIO(made.content("pdf")))
    assert float(read.pages[0].mediabox.width) == pytest.approx(85 * 72 / 25.4)
    meta = read.metadata
    assert meta is not None and meta.title == "Kernel: conv" and meta.creator == COMMAND
    assert meta.subject is not None and "54 weights and 2 biases" in meta.subject


def test_pdf_has_a_page_for_each_frame() -> None:
    read = PdfReader(io.BytesIO(drawing("kernel", play="p").content("pdf")))
    assert len(read.pages) == 3


def test_pdf_shows_signs_that_no_font_has_as_their_numbers() -> None:
    shown = everything()
    read = PdfReader(io.BytesIO(FORMATS["pdf"].write([_titled(shown, "漢 ≈ x")], Setting()))).pages[0].extract_text()
    assert "<U+6F22>" in read


def _titled(picture: Picture, text: str) -> Picture:
    return replace(picture, marks=(Cell(0, 0, 190, 20, text, size=12),))


# --- hostile names ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", FORMATS)
def test_hostile_names_and_commands_do_no_harm(ending: str) -> None:
    shown = replace(_titled(everything(), HOSTILE), title=HOSTILE, description=HOSTILE)
    data = FORMATS[ending].write([shown], Setting(command=HOSTILE, scale=1))
    if ending == "svg":
        root = ElementTree.fromstring(data)
        assert not [element for element in root.iter() if element.tag.endswith("script")]
        assert "<U+202E>evil" in "".join(root.itertext())
    elif ending in ("tex", "tikz"):
        lines = data.decode("ascii").splitlines()
        assert not any("\x1b" in line or "\x00" in line for line in lines)
        assert not any("script>" in line for line in lines if not line.startswith("%"))
        assert "[31m" in data.decode()
    elif ending == "json":
        assert json.loads(data)["command"].startswith("</text><script>")
    elif ending == "pdf":
        meta = PdfReader(io.BytesIO(data)).metadata
        assert meta is not None and "<U+202E>evil" in str(meta.creator)
    else:
        assert b"\x1b[31m" not in data


# --- TikZ ---------------------------------------------------------------------------------------------------------------


def compiled(tmp_path: Path, engine: str, source: bytes, name: str = "figure.tex") -> PdfReader:
    (tmp_path / name).write_bytes(source)
    command = [engine, "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", name]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout.decode(errors="replace")[-2000:]
    return PdfReader(tmp_path / Path(name).with_suffix(".pdf"))


@pytest.mark.skipif(not TEX, reason="there is no TeX on this machine")
@pytest.mark.parametrize("engine", TEX)
def test_tikz_compiles_alone_on_one_page_of_its_size(tmp_path: Path, engine: str) -> None:
    made = draw(open_model("example:stanford"), 0, "connections", width_mm=170, theme="print")
    read = compiled(tmp_path, engine, made.content("tex"))
    assert len(read.pages) == 1
    assert float(read.pages[0].mediabox.width) == pytest.approx(170 * 72 / 25.4, abs=0.1)
    assert "uses18of27" in re.sub(r"\s", "", read.pages[0].extract_text())


@pytest.mark.skipif(not TEX, reason="there is no TeX on this machine")
@pytest.mark.parametrize("engine", TEX)
def test_tikz_compiles_with_every_sign_and_mark(tmp_path: Path, engine: str) -> None:
    signs = "".join(map(chr, range(32, 127))) + "−×÷±·≈≤≥≠→←↑↓∂∞√²³°µ∑…–—“”‘’ßæøØÆıéÄñç漢" + HOSTILE
    label = [Cell(0, 20 * row, 190, 20, signs[start : start + 12], size=11) for row, start in enumerate(range(0, len(signs), 12))]
    shown = replace(everything(), marks=(*everything().marks, *label))
    assert len(compiled(tmp_path, engine, FORMATS["tikz"].write([shown], Setting())).pages) == 1


@pytest.mark.skipif(not TEX, reason="there is no TeX on this machine")
@pytest.mark.parametrize("engine", TEX)
def test_tikz_can_be_input_into_a_paper(tmp_path: Path, engine: str) -> None:
    made = draw(open_model("example:stanford"), 0, "kernel", style="paper")
    (tmp_path / "kernel.tex").write_bytes(made.content("tex"))
    paper = rb"\documentclass{article}\usepackage{tikz}\begin{document}Before \input{kernel} after\end{document}"
    read = compiled(tmp_path, engine, paper, "paper.tex").pages[0].extract_text()
    assert "Before" in read and "after" in read and "Real uses" in read


def test_tikz_says_what_it_is_and_defines_its_colours_once() -> None:
    text = drawing("kernel").content("tikz").decode("ascii")
    assert text.startswith("% Kernel: conv\n") and "% isochrome draw VIEW" in text
    colours = re.findall(r"\\definecolor\{iso([0-9a-f]{6})\}\{HTML\}\{([0-9A-F]{6})\}", text)
    assert all(name == value.lower() for name, value in colours) and len(set(colours)) == len(colours)
    assert set(law_of_colour(drawing("kernel").svg().encode()).values()) <= {f"#{name}" for name, _ in colours}


# --- frames -------------------------------------------------------------------------------------------------------------


def frames_of(data: bytes) -> list[np.ndarray]:
    image = Image.open(io.BytesIO(data))
    found = []
    for number in range(image.n_frames):  # type: ignore[attr-defined]
        image.seek(number)
        found.append(np.asarray(image.convert("RGB")))
    return found


@pytest.mark.parametrize("ending", FILMS)
def test_every_frame_is_the_picture_of_another_neuron_in_exact_colours(ending: str) -> None:
    made = drawing("connections", play="positions", scale=2)
    figures = framed(made.pictures, made.style)
    frames = frames_of(made.content(ending))
    assert len(frames) == len(figures) == 9
    for frame, figure in zip(frames, figures, strict=True):
        assert frame.shape[:2] == (2 * figure.height, 2 * figure.width)
        for x, y, cell in cells(figure.marks):
            colour = figure.colouring.colour(cell.identity)
            if colour is None or cell.padding or cell.width < 12:
                continue
            inside = frame[int(2 * y) + 6 : int(2 * (y + cell.height)) - 6, int(2 * x) + 6 : int(2 * (x + cell.width)) - 6]
            exact = (inside == list(bytes.fromhex(colour[1:]))).all(axis=2).mean()
            assert exact > 0.4, f"{cell.identity} has {exact:.0%} of {colour}"
    alone = draw(open_model("example:stanford"), "conv", "connections", neuron=(0, 1, 2))
    assert made.pictures[5].marks == alone.picture.marks


@pytest.mark.parametrize("play", ["positions", "m", "m,p,q"])
@pytest.mark.parametrize("colour", ["weight", "filter", "channel"])
def test_one_colour_is_one_identity_in_the_whole_film(play: str, colour: str) -> None:
    made = draw(open_model("example:lenet5"), "C1", "connections", colour, play="m", neuron=(0, 3, 3))
    film = FORMATS["svg"].write(framed(made.pictures, made.style), Setting())
    law_of_colour(film)
    again = drawing("volume", play, colour=colour)
    assert law_of_colour(again.svg().encode())


def test_the_svg_that_plays_stands_still_for_those_who_want_it() -> None:
    made = drawing("kernel", play="positions")
    root = ElementTree.fromstring(made.svg())
    frames = [element for element in root if element.get("class", "").startswith("frame")]
    assert [frame.get("style") for frame in frames] == [f"animation-delay:{0.8 * number:g}s" for number in range(9)]
    style = next(element.text or "" for element in root if element.tag.endswith("style"))
    assert "@media (prefers-reduced-motion:reduce){.frame{animation:none}}" in style
    assert ".frame.first{visibility:visible}" in style and "animation:frame 7.2s step-end infinite" in style
    alone = drawing("kernel")
    body = re.sub(r".*</defs>|</svg>\n", "", alone.svg(), flags=re.S)
    assert body.partition("/>")[2] in made.svg()
    assert "One frame for each of 9 neurons, y[0,0,0] to y[0,2,2]." in made.caption


@pytest.mark.parametrize("ending", FORMATS)
def test_two_runs_give_the_same_bytes(ending: str) -> None:
    def made() -> bytes:
        play = "p" if FORMATS[ending].most > 1 else ""
        return draw(open_model("example:stanford"), 0, "kernel", play=play, scale=1, command="c").content(ending)

    assert made() == made()


def test_the_command_stands_in_every_file() -> None:
    play = drawing("kernel", play="q")
    image = Image.open(io.BytesIO(drawing("kernel").content("png")))
    assert image.info["Comment"] == COMMAND and image.info["Title"] == "Kernel: conv"
    assert Image.open(io.BytesIO(play.content("apng"))).info["Comment"] == COMMAND
    assert Image.open(io.BytesIO(play.content("gif"))).info["comment"].decode() == COMMAND
    told = Image.open(io.BytesIO(play.content("webp"))).info["xmp"].decode()
    assert COMMAND.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;") in told
    root = ElementTree.fromstring(drawing("kernel").svg())
    assert [element.text for element in root if element.tag.endswith("metadata")] == [COMMAND]
    assert json.loads(drawing("kernel").json())["command"] == COMMAND
    assert len(json.loads(play.json())["frames"]) == 3


# --- styles ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("style", STYLES)
def test_every_style_obeys_the_law_in_its_palette(style: str) -> None:
    made = drawing("connections", style=style, scale=0.5)
    colours = law_of_colour(made.svg().encode())
    assert len(colours) == 9
    assert (set(colours.values()) <= set(GREYS)) == STYLES[style].grey
    root = ElementTree.fromstring(made.svg())
    row = STYLES[style]
    if row.width_mm is not None:
        assert root.get("width") == f"{row.width_mm:g}mm"
        if row.height_mm is not None:
            assert float(root.get("height", "").removesuffix("mm")) == pytest.approx(row.height_mm, abs=0.01)


def test_a_width_in_millimetres_gives_pixels_for_its_resolution() -> None:
    made = draw(open_model("example:stanford"), 0, "kernel", width_mm=100, scale=6.25)
    image = Image.open(io.BytesIO(made.content("png")))
    assert image.width == pytest.approx(100 / 25.4 * 600, abs=1)
    assert image.info["dpi"][0] == pytest.approx(600, abs=0.1)


def test_text_too_small_for_print_is_told() -> None:
    small = draw(open_model("example:stanford"), 0, "connections", style="paper")
    assert re.match(r"the smallest text is 2\.\d points at 85 mm, and under 5 is hard to read in print\.", small.note)
    assert draw(open_model("example:stanford"), 0, "kernel", style="paper-wide").note == ""


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"style": "poster"}, "style poster: must be one of screen, paper, paper-wide, paper-grey, paper-wide-grey, slide, page"),
        ({"width_mm": 0}, "width: must be above 0 and at most 2,000 millimetres; got 0. Choose another."),
        ({"width_mm": float("nan")}, "width: must be above 0 and at most 2,000 millimetres; got nan. Choose another."),
        ({"pace": 0, "play": "p"}, "pace: must be 0.02 to 60 seconds for each frame; got 0. Choose another."),
        ({"scale": -1}, "scale: must be above 0; got -1. Choose another."),
        ({"play": "z"}, "play along z: must be of positions, m, p, q"),
        ({"style": "paper-grey", "many": True}, "style paper-grey: must have at most 9 identities; got 27"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_one_line(settings: dict, words: str) -> None:
    with pytest.raises(RequestError) as told:
        draw(open_model("example:stanford"), "conv", "kernel", **settings)
    assert str(told.value) == words


def test_too_many_frames_are_one_line() -> None:
    with pytest.raises(RequestError) as told:
        draw(open_model("example:lenet5"), "C1", "kernel", play="positions")
    assert str(told.value) == (
        "play along positions: must step through at most 200 neurons; it has 784. Name fewer axes of m, p, q."
    )


# --- caption ----------------------------------------------------------------------------------------------------------------


def test_a_caption_gives_the_counts_of_the_layer_with_their_units() -> None:
    assert drawing().caption == (
        "Arithmetic: conv. y[n, m, p, q] += w[m, c, u, v] * x[n, c, 2*p + u - 1, 2*q + v - 1]. "
        "18 neurons, 486 connections (192 of them on padding), 54 weights and 2 biases. "
        "Each weight is used 9 times, 4 to 9 of these on real input. "
        "Within a sample a weight is shared along p (3) and q (3). Selected: i = y[0,0,0]. "
        "Same colour = same weight; coloured: filter 0, channel 0 (9 of 54 weights; the others stay unfilled)."
    )
    assert drawing().caption in drawing().svg().replace("&gt;", ">")


def test_a_caption_of_a_film_says_what_moves_and_what_stays() -> None:
    moving = draw(open_model("example:lenet5"), "C1", "window", neuron=(0, 0, 0), play="q", caption=True)
    assert "y[0,0,0] to y[0,0,27]. The part that is drawn moves with the neuron." in moving.caption
    pins = [(0, 0, 0), (0, 2, 2)]
    pinned = draw(open_model("example:stanford"), 0, "connections", neurons=pins, play="positions", caption=True)
    assert "y[0,0,0] to y[0,2,2]; j = y[0,2,2] stays." in pinned.caption


@pytest.mark.parametrize(
    ("model", "layer", "words"),
    [
        ("example:lenet5", "F6", "No weight is shared within a sample."),
        ("example:lenet5", "F6", "Each weight is used once."),
        ("example:arithmetic/max-pooling", "0", "9 neurons and 81 connections; no weights."),
        ("formula:y[i] += w[i - j + 4] * x[j] where i < 5", "0", "shared along i - j constant"),
    ],
)
def test_captions_of_other_layers(model: str, layer: str, words: str) -> None:
    opened = open_model(model, {"x": (5,)} if model.startswith("formula") else None)
    view = "window" if "pooling" in model else "connections"
    assert words in draw(opened, layer, view, caption=True).caption
