"""Every picture of the gallery is drawn again: the same bytes, the law of colour, the numbers in its table."""

from __future__ import annotations

import pytest

from tests.draw.readback import law_of_colour
from tests.gallery import FOLDER, ITEMS, Item, index, picture


@pytest.mark.parametrize("item", ITEMS, ids=lambda item: item.name)
def test_the_picture_is_the_golden_and_obeys_the_law(item: Item) -> None:
    drawn = picture(item)
    golden = (FOLDER / f"{item.name}.svg").read_bytes()
    if item.exact:
        assert drawn == golden, "drawn otherwise: look at it, then `make gallery`"
    assert law_of_colour(drawn) == law_of_colour(golden)
    colours = law_of_colour(drawn)
    assert len(set(colours.values())) == len(colours)


def test_the_gallery_shows_what_is_drawn() -> None:
    assert (FOLDER / "README.md").read_text() == index()
    assert {path.stem for path in FOLDER.glob("*.svg")} == {item.name for item in ITEMS}
