"""A picture as plain shapes with resolved paint, read from its SVG: what PDF and TikZ are made of.

There is one drawing, the SVG that ``svg.py`` writes. This reads that language and no other: its elements, its style
block, its hatches. So a mark looks the same in every format, and a new mark needs code in one file.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from xml.etree import ElementTree

from isochrome.draw.layout import text_width
from isochrome.draw.picture import Picture
from isochrome.render import outlines
from isochrome.render.outlines import Outline
from isochrome.render.stylesheet import Kind, Stylesheet, stylesheet
from isochrome.render.svg import svg
from isochrome.render.theme import THEMES

__all__ = ["Paint", "Path", "Pixels", "Shape", "Words", "shapes"]

_HATCHES = {"url(#hatch)": 4.0, "url(#hatch-wide)": 7.0}


@dataclass(frozen=True, slots=True)
class Paint:
    """Colours as ``#rrggbb``, '' for none; lengths in CSS pixels."""

    fill: str = ""
    stroke: str = ""
    width: float = 1
    dash: tuple[float, ...] = ()
    opacity: float = 1
    joined: bool = False
    """Whether corners of the stroke are round."""


@dataclass(frozen=True, slots=True)
class Path:
    """An outline with its paint."""

    outline: Outline
    paint: Paint


@dataclass(frozen=True, slots=True)
class Words:
    """One line of text at a baseline, turned by degrees around its anchor."""

    x: float
    y: float
    text: str
    size: float
    bold: bool
    mono: bool
    anchor: str
    colour: str
    turn: float = 0


@dataclass(frozen=True, slots=True)
class Pixels:
    """An image as ``raster`` writes it, stretched over a box."""

    x: float
    y: float
    width: float
    height: float
    image: bytes


Shape = Path | Words | Pixels


@dataclass(frozen=True, slots=True)
class _Place:
    """Where an element stands: its ancestors, the styles that it inherits, and how far it was moved."""

    path: tuple[Kind, ...]
    style: Mapping[str, str]
    x: float = 0
    y: float = 0


def shapes(picture: Picture, theme: str = "light") -> tuple[Shape, ...]:
    """The shapes of a picture, those below first."""
    root = ElementTree.fromstring(svg(picture, theme))
    style = next(element for element in root if _name(element) == "style")
    return tuple(_inside(root, _Place((), {}), stylesheet(style.text or ""), theme))


def _name(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]


def _inside(parent: ElementTree.Element, place: _Place, rules: Stylesheet, theme: str) -> Iterator[Shape]:
    for element in parent:
        kind = (_name(element), frozenset(element.get("class", "").split()))
        if kind[0] not in ("g", "path", "rect", "circle", "text", "image"):
            continue
        path = (*place.path, kind)
        style = {**place.style, **element.attrib, **rules.declared(path)}
        style["opacity"] = rules.declared(path).get("opacity", element.get("opacity", "1"))
        dx, dy = _shift(element)
        here = _Place(path, style, place.x + dx, place.y + dy)
        if kind[0] == "g":
            inherited = {name: value for name, value in style.items() if name not in ("class", "transform", "opacity")}
            yield from _inside(element, _Place(path, inherited, here.x, here.y), rules, theme)
        else:
            yield from _drawn(kind[0], element, here, theme)


def _shift(element: ElementTree.Element) -> tuple[float, float]:
    moved = element.get("transform", "")
    if not moved.startswith("translate("):
        return 0, 0
    dx, dy = moved.removeprefix("translate(").removesuffix(")").split()
    return float(dx), float(dy)


def _drawn(name: str, element: ElementTree.Element, place: _Place, theme: str) -> Iterator[Shape]:
    def number(key: str) -> float:
        return float(element.get(key, "0"))

    x, y = number("x") + place.x, number("y") + place.y
    if name == "text":
        yield from _words(element, place, theme)
    elif name == "image":
        image = base64.b64decode(element.get("href", "").partition(",")[2])
        yield Pixels(x, y, number("width"), number("height"), image)
    elif name == "rect":
        yield from _painted(outlines.box(x, y, number("width"), number("height"), number("rx")), place, theme)
    elif name == "circle":
        yield from _painted(outlines.circle(number("cx") + place.x, number("cy") + place.y, number("r")), place, theme)
    else:
        yield from _painted(outlines.moved(outlines.parsed(element.get("d", "")), place.x, place.y), place, theme)


def _painted(outline: Outline, place: _Place, theme: str) -> Iterator[Shape]:
    style = place.style
    fill, stroke = style.get("fill", "#000000"), style.get("stroke", "none")
    if fill in _HATCHES:
        yield from _hatched(outline, _HATCHES[fill], place, theme)
        fill = "none"
    dash = tuple(float(part) for part in style.get("stroke-dasharray", "none").split() if part != "none")
    paint = Paint(
        "" if fill == "none" or outlines.covers_nothing(outline) else fill,
        "" if stroke == "none" else stroke,
        float(style.get("stroke-width", "1")),
        dash,
        float(style["opacity"]),
        style.get("stroke-linejoin") == "round",
    )
    if paint.fill or paint.stroke:
        yield Path(outline, paint)


def _hatched(outline: Outline, step: float, place: _Place, theme: str) -> Iterator[Shape]:
    """A hatch as lines. It is anchored where the marks around it are, as the SVG's is."""
    here = outlines.moved(outline, -place.x, -place.y)
    steps = []
    for start, end in outlines.hatching(outlines.corners(here), step):
        steps += [("M", (start,)), ("L", (end,))]
    paint = Paint(stroke=THEMES[theme]["hatch"], width=0.6)
    if steps:
        yield Path(outlines.moved(tuple(steps), place.x, place.y), paint)


def _words(element: ElementTree.Element, place: _Place, theme: str) -> Iterator[Shape]:
    classes, style = place.path[-1][1], place.style
    size, turn = float(style["font-size"]), 0.0
    if element.get("transform", "").startswith("rotate("):
        turn = float(element.get("transform", "").removeprefix("rotate(").split()[0])
    x, y = float(element.get("x", "0")) + place.x, float(element.get("y", "0")) + place.y
    anchor, bold, mono = style.get("text-anchor", "start"), "b" in classes, "mono" in classes
    words = Words(x, y, element.text or "", size, bold, mono, anchor, style["fill"], turn)
    if "halo" in classes:
        wide = text_width(words.text, size, bold, mono)
        left = x - {"start": 0, "middle": wide / 2, "end": wide}[anchor]
        plate = outlines.box(left - 1, y - 0.76 * size, wide + 2, 0.8 * size, 2)
        yield Path(plate, Paint(fill=THEMES[theme]["paper"]))
    yield words
