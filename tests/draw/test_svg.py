"""Pictures as files: the law of colour, keys, classes, hostile names, and the same bytes every time."""

from __future__ import annotations

import io
import json
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from isochrome.draw.identity import NINE, Colouring, colouring, identity, text_on
from isochrome.draw.layout import figure, legend, outline
from isochrome.draw.picture import (
    Area,
    Bracket,
    Cell,
    Dot,
    Edge,
    Glyph,
    Group,
    Hit,
    Ink,
    Label,
    Legend,
    Mark,
    Outline,
    Picture,
    Rect,
    Rule,
    Sheet,
    Table,
    Tag,
    keys,
)
from isochrome.errors import RequestError
from isochrome.render import FORMATS, Setting
from isochrome.render.document import document, legend_record
from isochrome.render.png import png
from isochrome.render.svg import svg
from isochrome.render.theme import THEMES, css
from tests.draw.readback import law_of_colour

FILTERS = [identity("filter", number) for number in range(12)]
COLOURS = colouring(FILTERS)
HOSTILE = '</text><script>alert("1")</script>&amp; \u202eevil\x00\x1b[31m\n\ud800"\'>'


def picture(*marks: Mark, colours: Colouring = COLOURS, **fields: str) -> Picture:
    told = legend(colours, "filter", labels={name: name for name in colours.coloured})
    return Picture(200, 100, fields.get("title", "a title"), fields.get("description", "words"), told, colours, marks)


def everything() -> Picture:
    cell = Cell(0, 0, 20, 20, "−1", FILTERS[0], keys=keys(0, w=(0, 1), parameter=2))
    corners = ((0.0, 0.0), (9.0, -4.0), (9.0, 5.0), (0.0, 9.0))
    return picture(
        cell, Cell(20, 0, 20, 20, "0", padding=True), Cell(40, 0, 20, 20, "7", FILTERS[11]),
        Cell(60, 0, 80, 16, "1", FILTERS[3], index="0,0,1", index_at="inside"), Cell(0, 0, 70, 70, padding=True),
        Sheet(corners, FILTERS[1]), Sheet(corners),
        Edge(0, 0, 5, 50, FILTERS[2], wide=True, keys=keys(0, y=(1,), x=[(0,), (2,)], w=(3,), parameter=2)),
        Edge(0, 0, 5, 50, FILTERS[2], padding=True), Edge(0, 0, 5, 50), Edge(0, 0, 5, 50, kind="skip", across=True),
        Edge(0, 0, 9, 0, FILTERS[4], kind="tie", controls=((0, -20), (9, -20))),
        Edge(0, 0, 5, 9, FILTERS[4], pointed=True),
        Label(0, 0, "on", on=FILTERS[3]), Label(0, 0, "off", on=FILTERS[11], plate=True, turn=-90),
        outline("pinned", cell), outline("selected", cell), outline("pointed", cell, touching=True),
        Outline("selected", corners=corners), Tag(0, 0), Tag(0, 0, "j", True), Bracket(0, 0, 9, 0), Bracket(0, 0, 0, 9),
        Rule(((0, 0), (9, 0)), "heavy", cased=True, arrow=True), Area(corners), Rect(0, 0, 9, 9, "line", "ink"),
        Rect(0, 0, 9, 9, identity=FILTERS[5], hollow=True), Rect(0, 0, 9, 9, identity=FILTERS[11]),
        Glyph(0, 0, 8, 1, 2, on=FILTERS[0]), Glyph(0, 0, 8, 1, 2), Dot(5, 5, 4, FILTERS[6]), Dot(5, 5),
        Dot(5, 5, fill="paper"), Ink(0, 0, 8, 8, 2, 2, bytes([0, 90, 180, 255])),
        Ink(0, 0, 8, 8, 2, 2, bytes([0, 1, 2, 3]), (FILTERS[7], FILTERS[11])), Hit(0, 0, 9, 9, keys(0, y=(1,))),
        Group(5, 5, (Cell(0, 0, 20, 20, "1", FILTERS[8]), Group(1, 1, (Dot(0, 0, 3, FILTERS[8]),)))),
    )  # fmt: skip


def elements(data: bytes, name: str, kind: str) -> list[ElementTree.Element]:
    root = ElementTree.fromstring(data)
    found = root.iter(f"{{http://www.w3.org/2000/svg}}{name}")
    return [element for element in found if kind in element.get("class", "").split()]


def colour_at(image: Image.Image, x: int, y: int) -> str:
    pixel = image.getpixel((x, y))
    assert isinstance(pixel, tuple)
    return "#" + bytes(int(part) for part in pixel).hex()


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("style", [True, False])
def test_every_mark_obeys_the_law_of_colour(theme: str, style: bool) -> None:
    read = law_of_colour(svg(everything(), theme, style))
    assert read == {FILTERS[number]: NINE[number] for number in (0, 1, 2, 3, 4, 5, 6, 8)}


@given(st.lists(st.tuples(st.integers(0, 11), st.sampled_from(["cell", "edge", "sheet", "dot", "rect"])), max_size=30))
def test_any_picture_obeys_the_law_of_colour(chosen: list[tuple[int, str]]) -> None:
    corners = ((0.0, 0.0), (9.0, -4.0), (9.0, 5.0))
    make: dict[str, Callable[[str], Mark]] = {
        "cell": lambda name: Cell(0, 0, 20, 20, "1", name),
        "edge": lambda name: Edge(0, 0, 20, 20, name),
        "sheet": lambda name: Sheet(corners, name),
        "dot": lambda name: Dot(0, 0, 3, name),
        "rect": lambda name: Rect(0, 0, 3, 3, identity=name),
    }
    read = law_of_colour(svg(picture(*(make[kind](FILTERS[number]) for number, kind in chosen))))
    assert set(read) == {FILTERS[number] for number, _ in chosen if number < 9}


@pytest.mark.parametrize(
    ("broken", "complaint"),
    [
        ((b'fill="#1acbff"', b'fill="#1acbfe"', 1), "is both"),
        ((b"#720a05", b"#1acbff", -1), "one colour for several"),
        ((b' data-id="filter:1"', b"", -1), "of nobody"),
        ((b'data-level="filter"', b'data-level="tap"', -1), "not of the level"),
    ],
)
def test_a_broken_law_is_noticed(broken: tuple[bytes, bytes, int], complaint: str) -> None:
    cells = (Cell(0, 0, 9, 9, "", FILTERS[0]), Cell(9, 0, 9, 9, "", FILTERS[0]), Cell(18, 0, 9, 9, "", FILTERS[1]))
    good = svg(picture(*cells))
    bad = good.replace(*broken)
    assert bad != good
    law_of_colour(good)
    with pytest.raises(AssertionError, match=complaint):
        law_of_colour(bad)


def test_a_mark_carries_its_keys() -> None:
    data = svg(everything())
    cell = elements(data, "rect", "filled")[0]
    assert {name: cell.get(f"data-{name}") for name in ("layer", "w", "p", "id", "y")} == {
        "layer": "0", "w": "0,1", "p": "2", "id": "filter:0", "y": None,
    }  # fmt: skip
    edge = elements(data, "g", "wide")[0]
    assert [edge.get(f"data-{name}") for name in ("layer", "y", "x", "w", "p")] == ["0", "1", "0 2", "3", "2"]
    assert (edge.get("stroke"), edge.get("data-id")) == (NINE[2], "filter:2")
    assert len(elements(data, "path", "casing")) == 4


def test_unfilled_hatched_and_filled_are_classes_and_only_filled_has_a_colour() -> None:
    data = svg(picture(Cell(0, 0, 20, 20, "1", FILTERS[10]), Cell(0, 0, 20, 20, "0", FILTERS[1], padding=True)))
    cells = (*elements(data, "rect", "cell"), *elements(data, "rect", "hatch"))
    assert [cell.get("fill") for cell in cells] == [None, None]
    assert law_of_colour(data) == {}


def test_text_on_a_filled_cell_has_the_colour_that_can_be_read() -> None:
    data = svg(picture(*(Cell(0, 0, 20, 20, "1", name) for name in FILTERS[:9])))
    assert [text.get("fill") for text in elements(data, "text", "n")] == [text_on(colour) for colour in NINE]


def test_the_root_says_what_it_is() -> None:
    root = ElementTree.fromstring(svg(everything()))
    assert (root.get("role"), root.get("data-level"), root.get("viewBox")) == ("img", "filter", "0 0 200 100")
    assert [child.text for child in root[:2]] == ["a title", "words"]


def test_hostile_names_stay_text() -> None:
    marks = (Label(0, 0, HOSTILE), Cell(0, 0, 900, 20, HOSTILE), Tag(0, 0, HOSTILE))
    shown = picture(*marks, title=HOSTILE, description=HOSTILE)
    shown = replace(shown, legend=Legend("filter", HOSTILE, HOSTILE, HOSTILE), subtitle=HOSTILE, notes=(HOSTILE,))
    for data in (svg(shown), svg(figure(shown)), svg(shown, style=False)):
        root = ElementTree.fromstring(data)
        assert not [element for element in root.iter() if element.tag.endswith("script")]
        text = "".join(root.itertext())
        assert "<U+202E>evil<U+0000><U+001B>[31m" in text
        assert not re.search(r"[\x00-\x09\x0b-\x1f\u202e\ud800-\udfff]", text)


@given(st.text(max_size=40))
def test_any_text_gives_well_formed_xml_and_reads_back(name: str) -> None:
    root = ElementTree.fromstring(svg(picture(Label(0, 0, name))))
    read = "".join(next(element for element in root.iter() if element.tag.endswith("}text")).itertext())
    if name.isprintable():
        assert read == name


def test_the_same_picture_gives_the_same_bytes() -> None:
    for row in FORMATS.values():
        assert row.write([everything()], Setting(scale=1)) == row.write([everything()], Setting(scale=1))


def test_the_page_gets_hit_paths_and_no_style_and_files_the_contrary() -> None:
    page, file = svg(everything(), style=False), svg(everything())
    assert len(elements(page, "path", "hit")) == 6 and len(elements(page, "rect", "hit")) == 1
    assert not elements(file, "path", "hit") and not elements(file, "rect", "hit")
    assert b"<style>" in file and b"<style>" not in page
    assert b'style="' not in page


def test_every_class_that_is_used_has_a_rule() -> None:
    rules = set(re.findall(r"\.([a-z][a-z0-9-]*)", css("light")))
    used = {name for found in re.findall(r'class="([^"]*)"', svg(everything()).decode()) for name in found.split()}
    assert used - rules <= {"n", "sans", "rule"}
    assert {"paper", "ink", "ink2", "ink3", "line", "cell", "filled", "hatch", "edge", "casing", "thin"} <= rules
    assert {"padding", "bracket", "selected", "pinned", "pointed", "mono", "b"} <= rules


def test_themes_share_geometry_and_identities() -> None:
    shown = replace(everything(), marks=tuple(mark for mark in everything().marks if not isinstance(mark, Ink)))
    light, dark = (re.sub(rb"<style>.*?</style>", b"", svg(shown, theme)) for theme in ("light", "dark"))
    assert light == dark
    assert ".edge{stroke-width:3.5}" in css("dark") and ".edge{stroke-width:2.5}" in css("light")
    with pytest.raises(RequestError, match="^theme: must be one of light, dark, print; got 'sepia'"):
        css("sepia")


def test_the_raster_shows_ink_and_identities() -> None:
    ink = Ink(0, 0, 40, 10, 4, 1, bytes([0, 1, 2, 3]), (FILTERS[3], FILTERS[11]))
    image = Image.open(io.BytesIO(png(replace(picture(ink), width=40, height=10), Setting(scale=1)))).convert("RGB")
    read = [colour_at(image, x, 5) for x in (5, 15, 25, 35)]
    assert read == ["#ffffff", THEMES["light"]["line"], NINE[3], THEMES["light"]["line"]]
    with pytest.raises(RequestError, match=r"^ink: must have 4 values; got 3\.$"):
        svg(picture(replace(ink, values=b"abc")))


def test_png_shows_each_identity_in_its_own_colour() -> None:
    cells = picture(*(Cell(20 * number, 0, 20, 20, "", FILTERS[number]) for number in range(9)))
    for theme, paper in (("light", "#ffffff"), ("dark", "#15171c")):
        image = Image.open(io.BytesIO(png(cells, Setting(theme, 2)))).convert("RGB")
        assert image.size == (400, 200)
        read = [colour_at(image, 40 * number + 20, 20) for number in range(9)]
        assert read == list(NINE)
        assert colour_at(image, 390, 190) == paper
    with pytest.raises(RequestError, match="^scale: must give an image of at most 64,000,000 pixels; got 100 for 200"):
        png(cells, Setting(scale=100))


def test_json_holds_marks_keys_legend_and_table() -> None:
    shown = replace(everything(), table=Table(("weight", "value"), (("0,1", "−1"),)), window="rows 0 to 4 of 55")
    record = json.loads(document([shown], Setting()))
    assert record["marks"][0] == {
        "mark": "cell", "x": 0, "y": 0, "width": 20, "height": 20, "text": "−1", "identity": "filter:0",
        "keys": {"layer": 0, "w": [[0, 1]], "parameter": 2}, "colour": NINE[0],
    }  # fmt: skip
    assert record["table"] == {"head": ["weight", "value"], "rows": [["0,1", "−1"]]}
    assert (record["level"], record["window"]) == ("filter", "rows 0 to 4 of 55")
    assert legend_record(shown) == record["legend"]
    assert record["legend"]["chips"][3] == {
        "id": "filter:3", "colour": NINE[3], "on": "#ffffff", "label": "filter:3", "value": "",
    }  # fmt: skip
    assert record["legend"]["count"] == "9 of 12 filters; the others stay unfilled"
