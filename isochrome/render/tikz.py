r"""A picture as TikZ: a file that compiles alone under pdflatex and lualatex, and that a paper can ``\input``.

Text is set in the document's own sans and mono fonts, so that a figure in a paper looks like the paper.
"""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Iterator
from itertools import groupby
from typing import assert_never

from isochrome.draw.layout import text_width
from isochrome.draw.picture import Picture
from isochrome.errors import RequestError, visible
from isochrome.render.outlines import Outline
from isochrome.render.raster import pixels
from isochrome.render.setting import Setting
from isochrome.render.shapes import Paint, Path, Pixels, Shape, Words, shapes

__all__ = ["tikz"]

_BP = 72 / 25.4
MOST = 20_000
"""More shapes than this are more than TeX should be asked to draw."""

_HEAD = r"""\makeatletter
\ifx\documentclass\@twoclasseserror
  \makeatother\let\isochromeend\relax
\else
  \makeatother\def\isochromeend{\end{document}}
  \documentclass{article}
  \usepackage[margin=0bp,paperwidth=%(width)sbp,paperheight=%(height)sbp]{geometry}
  \IfFileExists{lmodern.sty}{\usepackage[T1]{fontenc}\usepackage{lmodern}}{\usepackage{fix-cm}}
  \usepackage{tikz}
  \pagestyle{empty}\parindent=0pt\topskip=0pt\parskip=0pt
  \begin{document}\enlargethispage{2bp}
\fi
"""
_MACROS = (
    r"\providecommand\isochromesize[1]{\fontsize{#1bp}{#1bp}\selectfont}%",
    r"\providecommand\isochromefit[2]{\sbox0{#2}\ifdim\wd0>#1\relax\resizebox{#1}{\height}{\usebox0}\else\usebox0\fi}%",
)
"""Sizes of type, and text made narrower where the document's font is wider than the one that it was laid out for."""
_SIGNS = {
    "−": r"\ensuremath{-}", "×": r"\ensuremath{\times}", "÷": r"\ensuremath{\div}", "±": r"\ensuremath{\pm}",
    "·": r"\ensuremath{\cdot}", "≈": r"\ensuremath{\approx}", "≤": r"\ensuremath{\leq}", "≥": r"\ensuremath{\geq}",
    "≠": r"\ensuremath{\neq}", "→": r"\ensuremath{\rightarrow}", "←": r"\ensuremath{\leftarrow}",
    "↑": r"\ensuremath{\uparrow}", "↓": r"\ensuremath{\downarrow}", "∂": r"\ensuremath{\partial}",
    "∞": r"\ensuremath{\infty}", "√": r"\ensuremath{\surd}", "²": r"\ensuremath{^2}", "³": r"\ensuremath{^3}",
    "°": r"\ensuremath{^\circ}", "µ": r"\ensuremath{\mu}", "∑": r"\ensuremath{\Sigma}", "…": r"\ldots{}",
    "–": r"\textendash{}", "—": r"\textemdash{}", "“": r"\textquotedblleft{}", "”": r"\textquotedblright{}",
    "‘": r"\textquoteleft{}", "’": r"\textquoteright{}", "ß": r"\ss{}", "æ": r"\ae{}", "ø": r"\o{}", "Ø": r"\O{}",
    "Æ": r"\AE{}", "ı": r"\i{}", "\u00a0": "~",
    "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "_": r"\_", "%": r"\%",
    "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", "-": "-{}", ",": ",{}", "'": "'{}", "`": r"\symbol{96}",
    '"': r"\symbol{34}", "?": "?{}", "!": "!{}",
}  # fmt: skip
_IN_SANS = {
    "\\": r"\ensuremath{\backslash}", "<": r"\ensuremath{<}", ">": r"\ensuremath{>}", "|": r"\ensuremath{|}",
}  # fmt: skip
_ACCENTS = {
    "\u0300": "`", "\u0301": "'", "\u0302": "^", "\u0303": "~", "\u0308": '"', "\u030a": "r ", "\u0327": "c ",
}  # fmt: skip


def tikz(picture: Picture, setting: Setting) -> bytes:
    """The picture as LaTeX source in ASCII, in the size of the setting."""
    unit = setting.unit(picture.width) * _BP
    found = shapes(picture, setting.theme)
    lines = [line for shape in found for line in _shape(shape, unit)]
    if len(lines) > MOST:
        raise RequestError(f"TikZ: must have at most {MOST:,} shapes; has {len(lines):,}. Save it as .pdf instead.")
    size = {"width": _n(picture.width * unit), "height": _n(picture.height * unit)}
    told = [picture.title, picture.description, *([setting.command] if setting.command else [])]
    comments = [f"% {line}" for text in told for line in textwrap.wrap(_plain(text), 110)]
    colours = sorted({colour for shape in found for colour in _colours(shape)})
    body = [
        "% Needs tikz where it is \\input into a document.",
        *(f"\\definecolor{{{_colour(colour)}}}{{HTML}}{{{colour[1:].upper()}}}" for colour in colours),
        *_MACROS,
        f"\\begin{{tikzpicture}}[x={_n(unit)}bp,y=-{_n(unit)}bp,inner sep=0pt,outer sep=0pt]",
        f"\\useasboundingbox (0,0) rectangle ({_n(picture.width)},{_n(picture.height)});",
        *lines,
        r"\end{tikzpicture}%",
        r"\isochromeend%",
    ]
    return ("\n".join([*comments, (_HEAD % size).rstrip(), *body]) + "\n").encode("ascii")


def _plain(text: str) -> str:
    return visible(text).encode("ascii", "backslashreplace").decode()


def _colours(shape: Shape) -> Iterator[str]:
    match shape:
        case Path(paint=paint):
            yield from (colour for colour in (paint.fill, paint.stroke) if colour)
        case Words(colour=colour):
            yield colour
        case Pixels():
            yield from {f"#{bytes(pixel[:3]).hex()}" for row in pixels(shape.image) for pixel in row}
        case _:
            assert_never(shape)


def _colour(colour: str) -> str:
    return "iso" + colour[1:]


def _shape(shape: Shape, unit: float) -> Iterator[str]:
    match shape:
        case Path():
            yield f"\\path[{_painted(shape.paint, unit)}] {_outline(shape.outline)};"
        case Words():
            yield _words(shape, unit)
        case Pixels():
            yield from _pixels(shape)
        case _:
            assert_never(shape)


def _painted(paint: Paint, unit: float) -> str:
    options = [f"fill={_colour(paint.fill)}"] if paint.fill else []
    if paint.stroke:
        options += [f"draw={_colour(paint.stroke)}", f"line width={_n(paint.width * unit)}bp"]
        if paint.dash:
            on, off = (_n(part * unit) for part in paint.dash)
            options.append(f"dash pattern=on {on}bp off {off}bp")
        options += ["line join=round"] if paint.joined else []
    return ",".join([*options, *([f"opacity={_n(paint.opacity)}"] if paint.opacity != 1 else [])])


def _outline(outline: Outline) -> str:
    words = []
    for name, points in outline:
        at = [f"({_n(x)},{_n(y)})" for x, y in points]
        if name == "C":
            words.append(f".. controls {at[0]} and {at[1]} .. {at[2]}")
        else:
            words.append({"M": "", "L": "-- ", "Z": "-- cycle"}[name] + "".join(at))
    return " ".join(words)


def _words(shape: Words, unit: float) -> str:
    anchor = {"start": "base west", "middle": "base", "end": "base east"}[shape.anchor]
    turn = f",rotate={_n(-shape.turn)}" if shape.turn else ""
    family = (r"\ttfamily" if shape.mono else r"\sffamily") + (r"\bfseries" if shape.bold else r"\mdseries")
    font = f"\\isochromesize{{{_n(shape.size * unit)}}}{family}"
    options = f"anchor={anchor},text={_colour(shape.colour)}{turn},font={font}"
    room = _n(text_width(shape.text, shape.size, shape.bold, shape.mono) * unit)
    text = f"\\isochromefit{{{room}bp}}{{{_text(shape.text, shape.mono)}}}"
    return f"\\node[{options}] at ({_n(shape.x)},{_n(shape.y)}) {{{text}}};"


def _text(text: str, mono: bool) -> str:
    return "".join(_sign(sign, mono) for sign in text).replace("  ", r"\ \ ")


def _sign(sign: str, mono: bool) -> str:
    if sign in _SIGNS:
        return _SIGNS[sign]
    if sign in _IN_SANS:
        return f"\\symbol{{{ord(sign)}}}" if mono else _IN_SANS[sign]
    if sign.isascii():
        return sign
    parts = unicodedata.normalize("NFD", sign)
    if len(parts) == 2 and parts[1] in _ACCENTS and parts[0].isascii() and parts[0].isalpha():
        return f"\\{_ACCENTS[parts[1]]}{{{parts[0]}}}"
    return _text(f"<U+{ord(sign):04X}>", mono)


def _pixels(shape: Pixels) -> Iterator[str]:
    """An image as one rectangle for each run of equal pixels in a row."""
    rows = pixels(shape.image)
    wide, high = shape.width / rows.shape[1], shape.height / rows.shape[0]
    for number, row in enumerate(rows):
        at, top = 0, shape.y + number * high
        for pixel, run in groupby(map(tuple, row.tolist())):
            count = len(list(run))
            if pixel[3]:
                colour, opacity = _colour(f"#{bytes(pixel[:3]).hex()}"), _n(pixel[3] / 255)
                left, right = _n(shape.x + at * wide), _n(shape.x + (at + count) * wide)
                yield f"\\fill[{colour},opacity={opacity}] ({left},{_n(top)}) rectangle ({right},{_n(top + high)});"
            at += count


def _n(value: float) -> str:
    text = f"{value:.4f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text
