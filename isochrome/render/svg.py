"""A picture as SVG: the exported figure, and what the page shows. Deterministic to the byte; text stays text.

Every text passes ``_text`` and every attribute that holds text passes ``_attribute``: names from a model are data.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import assert_never

from isochrome.draw import picture as marks
from isochrome.draw.identity import Colouring, text_on
from isochrome.draw.layout import ROLES, is_measured, number_size, text_width
from isochrome.errors import visible
from isochrome.render.raster import raster
from isochrome.render.theme import THEMES, css

__all__ = ["body", "head", "paper_of", "patterns", "svg"]


def svg(
    picture: marks.Picture, theme: str = "light", style: bool = True, width_mm: float | None = None, command: str = ""
) -> bytes:
    """The picture as an SVG document in UTF-8, ``width_mm`` wide, with the command that made it as its metadata.

    Without ``style`` it is made for the page: no style block and no paper, but with hit paths for the pointer.
    """
    rules = f"<style>{css(theme)}</style>" if style else ""
    paper = paper_of(picture) if style else ""
    opening = head(picture, width_mm, command)
    return f"{opening}{rules}{patterns()}{paper}{body(picture, theme, not style)}</svg>\n".encode()


def head(picture: marks.Picture, width_mm: float | None = None, command: str = "") -> str:
    """The opening of the document, with title, description and metadata."""
    width, height = _n(picture.width), _n(picture.height)
    size = f'width="{width}" height="{height}"'
    if width_mm:
        size = f'width="{_n(width_mm)}mm" height="{_n(width_mm * picture.height / picture.width)}mm"'
    made = f"<metadata>{_text(command)}</metadata>" if command else ""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} viewBox="0 0 {width} {height}" '
        f'role="img" overflow="visible" data-level="{_attribute(picture.level)}">'
        f"<title>{_text(picture.title)}</title><desc>{_text(picture.description)}</desc>{made}"
    )


def paper_of(picture: marks.Picture) -> str:
    """The ground under a picture."""
    return f'<rect class="paper" width="{_n(picture.width)}" height="{_n(picture.height)}"/>'


def body(picture: marks.Picture, theme: str = "light", hits: bool = False) -> str:
    """The picture's marks; with ``hits`` also the paths that answer to the pointer."""
    return _all(picture.marks, _Pen(picture.colouring, THEMES[theme], hits))


def patterns() -> str:
    """The hatches that stand for padding."""
    return f"<defs>{_hatch('hatch', 4)}{_hatch('hatch-wide', 7)}</defs>"


def _hatch(name: str, step: float) -> str:
    return (
        f'<pattern id="{name}" width="{_n(step)}" height="{_n(step)}" patternUnits="userSpaceOnUse">'
        f'<path class="hatching" d="M-1 1L1 -1M0 {_n(step)}L{_n(step)} 0M{_n(step - 1)} {_n(step + 1)}'
        f'L{_n(step + 1)} {_n(step - 1)}" fill="none" stroke-width=".6"/></pattern>'
    )


@dataclass(frozen=True, slots=True)
class _Pen:
    colours: Colouring
    token: dict[str, str]
    hits: bool


def _all(drawn: Iterable[marks.Mark], pen: _Pen) -> str:
    return "".join([_mark(mark, pen) for mark in drawn])


def _mark(mark: marks.Mark, pen: _Pen) -> str:
    match mark:
        case marks.Cell():
            return _cell(mark, pen)
        case marks.Edge():
            return _edge(mark, pen)
        case marks.Label():
            return _label(mark, pen)
        case marks.Sheet():
            box = f'd="{_line(mark.corners)}Z" stroke-linejoin="round"'
            return f"<path {_element(mark.identity, mark.padding, False, mark.keys, pen)} {box}/>"
        case marks.Outline():
            return _outline(mark)
        case marks.Rect():
            return _rect(mark, pen)
        case marks.Dot():
            return _dot(mark, pen)
        case marks.Glyph():
            return _glyph(mark, pen)
        case marks.Tag():
            return _tag(mark)
        case marks.Bracket():
            return _bracket(mark)
        case marks.Rule():
            return _rule(mark)
        case marks.Area():
            tokens = f"{_fill(mark.fill)} s-{mark.stroke}"
            return f'<path class="{tokens}"{_data(mark.keys)} d="{_line(mark.corners)}Z"/>'
        case marks.Ink():
            return _ink(mark, pen)
        case marks.Hit():
            hit = f'<rect class="hit"{_data(mark.keys)}{_box(mark.x, mark.y, mark.width, mark.height)}/>'
            return hit if pen.hits else ""
        case marks.Rings():
            return _rings(mark)
        case marks.Group():
            return f'<g transform="translate({_n(mark.x)} {_n(mark.y)})">{_all(mark.marks, pen)}</g>'
        case _:
            assert_never(mark)


def _element(identity: str | None, padding: bool, large: bool, keys: marks.Keys, pen: _Pen) -> str:
    if padding:
        return f'class="{"hatch-wide" if large else "hatch"}"{_data(keys)}'
    colour = pen.colours.colour(identity)
    if colour is None or identity is None:
        return f'class="cell"{_data(keys)}'
    return f'class="filled" fill="{colour}" data-id="{_attribute(identity)}"{_data(keys)}'


def _cell(mark: marks.Cell, pen: _Pen) -> str:
    large = min(mark.width, mark.height) > 60
    element = _element(mark.identity, mark.padding, large, mark.keys, pen)
    box = _box(mark.x + 0.5, mark.y + 0.5, mark.width - 1, mark.height - 1, mark.round)
    drawn = f"<rect {element}{box}/>"
    if not (mark.text or mark.index):
        return drawn
    under = None if mark.padding else pen.colours.colour(mark.identity)
    token = "ink3" if mark.padding else mark.ink
    return drawn + _cell_number(mark, under, token) + _cell_index(mark, under, token)


def _cell_number(mark: marks.Cell, under: str | None, token: str) -> str:
    inside = mark.index_at == "inside" and mark.index
    room = mark.width - (text_width(mark.index, 10.5, mono=True) + 14 if inside else 0)
    size = mark.size or number_size(room, mark.height, mark.text)
    if not size or not mark.text:
        return ""
    halo = " halo" if mark.padding else ""
    classes = f"n mono{' b' if mark.bold else ''}"
    x = mark.x + mark.width - 6 if inside else mark.x + mark.width / 2
    y = mark.y + mark.height / 2 + 0.36 * size
    return _written(mark.text, x, y, size, classes + halo, token, under, "end" if inside else "middle")


def _cell_index(mark: marks.Cell, under: str | None, token: str) -> str:
    if not mark.index:
        return ""
    middle = mark.x + mark.width / 2
    if mark.index_at == "inside":
        y = mark.y + mark.height / 2 + 0.36 * 10.5
        return _written(mark.index, mark.x + 6, y, 10.5, "mono", "ink3" if token == "ink" else token, under, "start")
    y = mark.y - 5 if mark.index_at == "above" else mark.y + mark.height + 12
    return _written(mark.index, middle, y, 10.5, "mono", "ink3", None, "middle")


def _written(
    text: str, x: float, y: float, size: float, classes: str, token: str, under: str | None, anchor: str, rest: str = ""
) -> str:
    paint = f'class="{classes} {token}"' if under is None else f'class="{classes}" fill="{text_on(under)}"'
    place = f'x="{_n(x)}" y="{_n(y)}" font-size="{_n(size)}"'
    where = "" if anchor == "start" else f' text-anchor="{anchor}"'
    return f"<text {paint} {place}{where}{rest}>{_text(text)}</text>"


def _label(mark: marks.Label, pen: _Pen) -> str:
    usual, bold, mono, token = ROLES[mark.role]
    size = mark.size or usual
    bold = bold if mark.bold is None else mark.bold
    mono = mono if mark.mono is None else mark.mono
    classes = f"{'mono' if mono else 'sans'}{' b' if bold else ''}"
    turn = f' transform="rotate({_n(mark.turn)} {_n(mark.x)} {_n(mark.y)})"' if mark.turn else ""
    plate, width = "", text_width(mark.text, size, bold, mono)
    if mark.plate:
        left = mark.x - 4 - {"start": 0, "middle": width / 2, "end": width}[mark.anchor]
        plate = f'<rect class="paper"{_box(left, mark.y - size, width + 8, size * 1.35)}{turn}/>'
    under, rest = pen.colours.colour(mark.on), turn + _data(mark.keys)
    if not mono and len(mark.text) > 3 and is_measured(mark.text):  # so that it fits in another font too
        rest += f' textLength="{_n(width)}"'
    return plate + _written(mark.text, mark.x, mark.y, size, classes, mark.ink or token, under, mark.anchor, rest)


def _edge(mark: marks.Edge, pen: _Pen) -> str:
    x1, y1, x2, y2 = mark.x1, mark.y1, mark.x2, mark.y2
    if mark.controls is not None:
        (ax, ay), (bx, by) = mark.controls
    elif mark.across:
        ax, ay, bx, by = x1 + mark.bend * (x2 - x1), y1, x2 - mark.bend * (x2 - x1), y2
    else:
        ax, ay, bx, by = x1, y1 + mark.bend * (y2 - y1), x2, y2 - mark.bend * (y2 - y1)
    d = f'd="M{_n(x1)} {_n(y1)}C{_n(ax)} {_n(ay)} {_n(bx)} {_n(by)} {_n(x2)} {_n(y2)}"'
    colour = pen.colours.colour(mark.identity)
    states = (" padding" if mark.padding else "") + (" pointed" if mark.pointed else "")
    if colour is None or mark.identity is None:
        opening = f'<g class="edge {"skip" if mark.kind == "skip" else "thin"}{states}"{_data(mark.keys)}>'
        casing = ""
    else:
        kind = (" tie" if mark.kind == "tie" else "") + (" wide" if mark.wide else "")
        law = f'stroke="{colour}" data-id="{_attribute(mark.identity)}"'
        opening = f'<g class="edge{kind}{states}" {law}{_data(mark.keys)}>'
        casing = f'<path class="casing" {d}/>'
    hit = f'<path class="hit" {d}/>' if pen.hits else ""
    return f"{opening}{casing}<path {d}/>{hit}</g>"


def _outline(mark: marks.Outline) -> str:
    small = not mark.corners and min(mark.width, mark.height) < 16
    by = -1.0 if mark.touching else 0.5 if small else 1.5 if mark.state == "pointed" else 1.0
    if mark.corners:
        element, shape = "path", f' d="{_line(mark.corners)}Z" stroke-linejoin="round"'
    else:
        width, height = mark.width + 2 * by, mark.height + 2 * by
        element, shape = "rect", _box(mark.x - by, mark.y - by, width, height, mark.round)
    halo = f'<path class="clear"{shape}/>' if mark.corners else ""
    drawn = f'{halo}<{element} class="outline {mark.state}{" small" if small else ""}"{_data(mark.keys)}{shape}/>'
    return drawn + (f'<{element} class="outline pinned inner"{shape}/>' if mark.state == "pinned" else "")


def _rings(mark: marks.Rings) -> str:
    sheets = "".join(f'<path class="skewed" d="{_line(corners)}Z"/>' for corners in mark.sheets)
    dots = "".join(f'<circle class="skewed" cx="{_n(x)}" cy="{_n(y)}" r="{_n(r)}"/>' for x, y, r in mark.dots)
    whole = "".join(
        f"<rect{_box(one.left, one.top, one.right - one.left, one.bottom - one.top, 2.5)}/>"
        for one in mark.rings
        if one.whole
    )
    lines = "".join(_line(((one.left, one.top), (one.right, one.bottom))) for one in mark.rings if not one.whole)
    return f'<g class="rings">{sheets}{dots}{whole}' + (f'<path d="{lines}"/></g>' if lines else "</g>")


def _rect(mark: marks.Rect, pen: _Pen) -> str:
    colour = pen.colours.colour(mark.identity)
    box = _box(mark.x, mark.y, mark.width, mark.height, mark.round)
    if colour is None:
        stroke = "" if mark.stroke == "none" else f" s-{mark.stroke}"
        return f'<rect class="{_fill(mark.fill)}{stroke}"{_data(mark.keys)}{box}/>'
    drawn = f"<rect {_element(mark.identity, False, False, mark.keys, pen)}{box}/>"
    if not mark.hollow:
        return drawn
    ring = min(4, 0.22 * min(mark.width, mark.height))
    inner = _box(mark.x + ring, mark.y + ring, mark.width - 2 * ring, mark.height - 2 * ring)
    return f'{drawn}<rect class="paper s-ink" stroke-width=".6"{inner}/>'


def _dot(mark: marks.Dot, pen: _Pen) -> str:
    place = f' cx="{_n(mark.x)}" cy="{_n(mark.y)}" r="{_n(mark.radius)}"'
    if pen.colours.colour(mark.identity) is not None:
        return f"<circle {_element(mark.identity, False, False, mark.keys, pen)}{place}/>"
    ring = " s-ink" if mark.fill == "paper" else ""
    return f'<circle class="{mark.fill}{ring}"{_data(mark.keys)}{place}/>'


def _glyph(mark: marks.Glyph, pen: _Pen) -> str:
    under = pen.colours.colour(mark.on)
    step_x, step_y = mark.side / mark.columns, mark.side / mark.rows
    across = "".join(f"M0 {_n(row * step_y)}h{_n(mark.side)}" for row in range(mark.rows + 1))
    down = "".join(f"M{_n(at * step_x)} 0v{_n(mark.side)}" for at in range(mark.columns + 1))
    # Moved, not written where it stands: the path of all glyphs of a size is one text.
    moved = f'transform="translate({_n(mark.x)} {_n(mark.y)})" d="{across}{down}"'
    box = _box(mark.x + mark.column * step_x, mark.y + mark.row * step_y, step_x, step_y)
    if under is None:
        return f'<path class="none s-ink" stroke-width=".6" {moved}/><rect class="ink"{box}/>'
    text = text_on(under)
    return f'<path stroke="{text}" stroke-width=".6" {moved}/><rect fill="{text}"{box}/>'


def _tag(mark: marks.Tag) -> str:
    inset = 0.75 if mark.outlined else 0
    box = _box(mark.x + inset, mark.y + inset, 16 - 2 * inset, 16 - 2 * inset, 3)
    token = "ink" if mark.outlined else "paper"
    text = _written(mark.text, mark.x + 8, mark.y + 12, 12, "mono b", token, None, "middle")
    return f'<rect class="tag{" outlined" if mark.outlined else ""}"{_data(mark.keys)}{box}/>{text}'


def _bracket(mark: marks.Bracket) -> str:
    foot = (0.0, mark.feet) if mark.y1 == mark.y2 else (mark.feet, 0.0)
    ends = ((mark.x1, mark.y1), (mark.x2, mark.y2))
    (start, end) = ((x + foot[0], y + foot[1]) for x, y in ends)
    return f'<path class="bracket" d="{_line((start, *ends, end))}"/>'


def _rule(mark: marks.Rule) -> str:
    d = _line(mark.points)
    casing = f'<path class="clear" d="{d}"/>' if mark.cased else ""
    head = _arrow(mark.points[-2], mark.points[-1]) if mark.arrow else ""
    return f'{casing}<path class="rule {mark.weight}" d="{d}{head}"/>'


def _arrow(start: marks.Point, end: marks.Point) -> str:
    (x1, y1), (x2, y2) = start, end
    length = ((x2 - x1) ** 2 + (y2 - y1) ** 2) ** 0.5 or 1
    ahead, aside = (6 * (x2 - x1) / length, 6 * (y2 - y1) / length), 0.6
    left = (x2 - ahead[0] + aside * ahead[1], y2 - ahead[1] - aside * ahead[0])
    right = (x2 - ahead[0] - aside * ahead[1], y2 - ahead[1] + aside * ahead[0])
    return _line((left, end, right))


def _ink(mark: marks.Ink, pen: _Pen) -> str:
    if pen.hits and mark.colours == 1:
        return _themed(mark, pen)
    return _image(mark, pen, pen.token, _data(mark.keys))


def _themed(mark: marks.Ink, pen: _Pen) -> str:
    """A raster for the page, whose theme may change: what is not an identity is a mask that a class fills."""
    name = f"raster-{_n(mark.x)}-{_n(mark.y)}"
    whole = _box(mark.x, mark.y, mark.width, mark.height)
    bare = replace(mark, identities=(), values=mark.values.translate(_BARE) if mark.identities else mark.values)
    mask = f'<mask id="{name}" maskUnits="userSpaceOnUse"{whole}>{_image(bare, pen, _WHITE)}</mask>'
    under = f'<rect class="{"f-line" if mark.identities else "ink"}" mask="url(#{name})"{_data(mark.keys)}{whole}/>'
    own = replace(mark, values=mark.values.translate(_OWN))
    return mask + under + (_image(own, pen, _WHITE) if mark.identities else "")


_WHITE = {"ink": "#ffffff", "line": "#ffffff"}
_BARE = bytes([0, 255]) + bytes(254)
"""Of identities: those that are not coloured, as full ink."""
_OWN = bytes([0, 0, *range(2, 256)])
"""Of identities: the others."""


def _image(mark: marks.Ink, pen: _Pen, token: dict[str, str], data: str = "") -> str:
    link = f'href="data:image/png;base64,{base64.b64encode(raster(mark, pen.colours, token)).decode()}"'
    box = _box(mark.x, mark.y, mark.width, mark.height)
    return f'<image class="raster"{data}{box} preserveAspectRatio="none" {link}/>'


def _fill(token: str) -> str:
    return f"f-{token}" if token in ("line", "hair") else token


def _data(keys: marks.Keys) -> str:
    if keys is marks.NOTHING:
        return ""
    layer = "" if keys.layer is None else f' data-layer="{keys.layer}"'
    parameter = "" if keys.parameter is None else f' data-p="{keys.parameter}"'
    places = _places("y", keys.y) + _places("x", keys.x) + _places("w", keys.w) + _places("b", keys.b)
    return layer + places + parameter


def _places(name: str, places: tuple[marks.Place, ...]) -> str:
    return f' data-{name}="{" ".join([",".join(map(str, place)) for place in places])}"' if places else ""


def _box(x: float, y: float, width: float, height: float, round_: float = 0) -> str:
    corner = f' rx="{_n(round_)}"' if round_ else ""
    return f' x="{_n(x)}" y="{_n(y)}" width="{_n(width)}" height="{_n(height)}"{corner}'


def _line(points: Iterable[marks.Point]) -> str:
    return "M" + "L".join(f"{_n(x)} {_n(y)}" for x, y in points)


@lru_cache(maxsize=8192)
def _n(value: float) -> str:
    whole = int(value)
    if whole == value:
        return str(whole)
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


@lru_cache(maxsize=8192)
def _text(text: str) -> str:
    seen = text if text.isprintable() else visible(text)
    return seen.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _attribute(text: str) -> str:
    return _text(text).replace('"', "&quot;")
