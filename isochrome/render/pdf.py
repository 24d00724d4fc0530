"""Pictures as the pages of a PDF: vector shapes and real text in embedded fonts. The same bytes every time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from io import BytesIO
from pathlib import Path as File
from typing import Any, assert_never

from isochrome.draw.picture import Picture
from isochrome.errors import RequestError, visible
from isochrome.render.png import font_files
from isochrome.render.setting import Setting
from isochrome.render.shapes import Paint, Path, Pixels, Shape, Words, shapes

__all__ = ["pdf"]

_MM = 72 / 25.4
_FACES = {
    (mono, bold): f"IBMPlex{'Mono' if mono else 'Sans'}-{'SemiBold' if bold else 'Regular'}"
    for mono in (False, True)
    for bold in (False, True)
}


def pdf(pictures: Sequence[Picture], setting: Setting) -> bytes:
    """The pictures as pages of one PDF document in the size of the setting."""
    from reportlab.pdfgen.canvas import Canvas

    faces = _faces(font_files())
    file, first = BytesIO(), pictures[0]
    new: Any = Canvas
    page = new(file, invariant=1, pageCompression=1, lang="en", initialFontName=_FACES[False, False])
    page.setTitle(visible(first.title))
    page.setSubject(visible(first.description))
    page.setAuthor("")
    page.setCreator(visible(setting.command) or "isochrome")
    for picture in pictures:
        unit = setting.unit(picture.width) * _MM
        page.setPageSize((picture.width * unit, picture.height * unit))
        pen = _Pen(page, faces, picture.height * unit, unit)
        for shape in shapes(picture, setting.theme):
            pen.draw(shape)
        page.showPage()
    page.save()
    return file.getvalue()


@lru_cache(maxsize=4)
def _faces(files: tuple[str, ...]) -> dict[str, Any]:
    """The registered fonts by name."""
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont

    known = {File(path).stem: path for path in files}
    missing = sorted(set(_FACES.values()) - set(known))
    if missing:
        raise RequestError(f"pdf: must find fonts to embed; {missing[0]}.ttf is missing. Build the page first.")
    faces = {name: TTFont(name, known[name]) for name in _FACES.values()}
    for face in faces.values():
        pdfmetrics.registerFont(face)
    return faces


class _Pen:
    """Draws shapes on a page whose y axis goes up."""

    def __init__(self, page: Any, faces: dict[str, Any], height: float, unit: float) -> None:
        self.page, self.faces, self.height, self.unit = page, faces, height, unit

    def draw(self, shape: Shape) -> None:
        match shape:
            case Path():
                self._path(shape)
            case Words():
                self._words(shape)
            case Pixels():
                self._pixels(shape)
            case _:
                assert_never(shape)

    def _at(self, x: float, y: float) -> tuple[float, float]:
        return x * self.unit, self.height - y * self.unit

    def _path(self, shape: Path) -> None:
        path = self.page.beginPath()
        for name, points in shape.outline:
            numbers = [part for x, y in points for part in self._at(x, y)]
            if name == "M":
                path.moveTo(*numbers)
            elif name == "L":
                path.lineTo(*numbers)
            elif name == "C":
                path.curveTo(*numbers)
            else:
                path.close()
        self._paint(shape.paint)
        self.page.drawPath(path, stroke=bool(shape.paint.stroke), fill=bool(shape.paint.fill))

    def _paint(self, paint: Paint) -> None:
        page = self.page
        page.setFillAlpha(paint.opacity)
        page.setStrokeAlpha(paint.opacity)
        if paint.fill:
            page.setFillColorRGB(*_parts(paint.fill))
        if paint.stroke:
            page.setStrokeColorRGB(*_parts(paint.stroke))
            page.setLineWidth(paint.width * self.unit)
            page.setDash([part * self.unit for part in paint.dash])
            page.setLineJoin(1 if paint.joined else 0)

    def _words(self, shape: Words) -> None:
        page, size = self.page, shape.size * self.unit
        pieces = list(self._pieces(shape))
        wide = sum(self.faces[face].stringWidth(text, size) for face, text in pieces)
        page.saveState()
        page.setFillAlpha(1)
        page.setFillColorRGB(*_parts(shape.colour))
        page.translate(*self._at(shape.x, shape.y))
        page.rotate(-shape.turn)
        line = page.beginText(-wide * {"start": 0, "middle": 0.5, "end": 1}[shape.anchor], 0)
        for face, text in pieces:
            line.setFont(face, size)
            line.textOut(text)
        page.drawText(line)
        page.restoreState()

    def _pieces(self, shape: Words) -> Iterator[tuple[str, str]]:
        """The text in runs of one font: its own, the other family for what that lacks; what both lack is a number."""
        own = _FACES[shape.mono, shape.bold]
        other = _FACES[not shape.mono, shape.bold]
        run, font = "", own
        for sign in shape.text:
            has = next((face for face in (own, other) if ord(sign) in self.faces[face].face.charToGlyph), "")
            if has != font and run and has:
                yield font, run
                run = ""
            font = has or font
            run += sign if has else f"<U+{ord(sign):04X}>"
        if run:
            yield font, run

    def _pixels(self, shape: Pixels) -> None:
        from reportlab.lib.utils import ImageReader

        x, y = self._at(shape.x, shape.y + shape.height)
        image = ImageReader(BytesIO(shape.image))
        self.page.setFillAlpha(1)
        self.page.drawImage(image, x, y, shape.width * self.unit, shape.height * self.unit, mask="auto")


def _parts(colour: str) -> tuple[float, float, float]:
    red, green, blue = (int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5))
    return red, green, blue
