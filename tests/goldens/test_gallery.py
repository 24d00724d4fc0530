"""Every picture of the gallery is drawn again: the same bytes, the law of colour, the numbers in its table."""

from __future__ import annotations

import pytest

from isochrome.draw.styles import framed
from isochrome.render import FORMATS, Setting
from isochrome.render.theme import THEMES
from tests.draw.legible import check_legible
from tests.draw.readback import law_of_colour
from tests.gallery import EVERY, FOLDER, Item, drawn, index, picture


@pytest.mark.parametrize("item", EVERY, ids=lambda item: item.name)
def test_the_picture_is_the_golden_and_obeys_the_law(item: Item) -> None:
    svg = picture(item)
    golden = (FOLDER / f"{item.name}.svg").read_bytes()
    if item.exact:
        assert svg == golden, "drawn otherwise: look at it, then `make gallery`"
    assert law_of_colour(svg) == law_of_colour(golden)
    colours = law_of_colour(svg)
    assert len(set(colours.values())) == len(colours)


@pytest.mark.parametrize("item", EVERY, ids=lambda item: item.name)
def test_the_picture_can_be_read_in_every_theme_and_written_in_every_format(item: Item) -> None:
    made = drawn(item)
    figures = framed(made.pictures, made.style)
    for theme in THEMES:
        for figure in figures:
            check_legible(figure, theme)
    for ending in ("pdf", "tex"):
        row = FORMATS[ending]
        assert row.write(figures[: row.most], Setting())


def test_the_gallery_shows_what_is_drawn() -> None:
    assert (FOLDER / "README.md").read_text() == index()
    assert {path.stem for path in FOLDER.glob("*.svg")} == {item.name for item in EVERY}
