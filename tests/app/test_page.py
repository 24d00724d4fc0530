"""The one-file page, read back: it holds everything, names nothing outside itself, and no name in it breaks out."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
from collections.abc import Callable, Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from isochrome.app import page as pages
from isochrome.app.answers import Answers
from isochrome.app.api import open_model
from isochrome.app.page import MOST_ELEMENTS, STATIC, write_page
from isochrome.app.pictures import draw
from isochrome.ask.maker import makers
from isochrome.draw.identity import LEVELS
from isochrome.draw.views import VIEWS
from isochrome.errors import RequestError
from tests.app.hostile import write_hostile
from tests.app.unpacked import unpacked

pytestmark = pytest.mark.skipif(not (STATIC / "page.js").is_file(), reason="the page is not built")


class Reader(HTMLParser):
    """Every tag with its attributes, and the text inside scripts and styles by the id or the name of the element."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, str] = {}
        self.inside = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.inside = dict(attrs).get("id") or tag

    def handle_endtag(self, tag: str) -> None:
        self.inside = ""

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.texts[self.inside] = self.texts.get(self.inside, "") + data

    @property
    def code(self) -> str:
        return gzip.decompress(base64.b64decode(self.texts["code"], validate=True)).decode()

    @property
    def look(self) -> str:
        """The stylesheet; what stands in the style element are the fonts alone."""
        return gzip.decompress(base64.b64decode(self.texts["look"], validate=True)).decode()

    @property
    def answers(self) -> dict[str, Any]:
        return unpacked(gzip.decompress(base64.b64decode(self.texts["packed"], validate=True)).decode())


Written = Callable[[str], tuple[bytes, Reader]]


@pytest.fixture(scope="module")
def written(saved_page: Callable[..., Path]) -> Written:
    @cache
    def read(name: str) -> tuple[bytes, Reader]:
        content = saved_page(name).read_bytes()
        return content, Reader(content.decode())

    return read


# --- the document -----------------------------------------------------------------------------------------------------


def test_it_names_nothing_outside_itself(written: Written) -> None:
    _, read = written("stanford")
    assert [tag for tag, _ in read.tags] == [
        "html", "head", "meta", "meta", "meta", "meta", "title", "link", "style", "body", "div", "noscript",
        "script", "script", "script", "script",
    ]  # fmt: skip
    for tag, attributes in read.tags:
        assert not set(attributes) & {"src", "action", "formaction", "srcset", "poster", "onload", "style"}, tag
        assert attributes.get("href") in (None, "data:,")
    addresses = [address for address in re.findall(r"url\(([^)]*)\)", read.texts["style"]) if address[0] != "#"]
    assert len(addresses) == 8 and "@import" not in read.texts["style"] + read.look
    assert all(address[0] == "#" for address in re.findall(r"url\(([^)]*)\)", read.look))
    assert all(address.startswith("data:font/woff2;base64,") for address in addresses)


def test_its_policy_lets_in_its_own_text_alone(written: Written) -> None:
    _, read = written("stanford")
    policy = next(attributes["content"] for _, attributes in read.tags if "http-equiv" in attributes)
    assert policy is not None and "unsafe" not in policy and "*" not in policy and "http" not in policy
    rules = {rule.split()[0]: rule.split()[1:] for rule in policy.split("; ")}
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == ["'none'"]
    assert rules["style-src"] == [hashed(read.texts["style"]), hashed(read.look)]
    assert rules["script-src"] == [hashed(read.texts["script"]), hashed(read.code)]
    assert set(rules) == {"default-src", "script-src", "style-src", "font-src", "img-src", "base-uri", "form-action"}


def hashed(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def test_it_holds_the_page_and_its_fonts(written: Written) -> None:
    _, read = written("stanford")
    assert read.code == (STATIC / "page.js").read_text()
    assert read.look == (STATIC / "page.css").read_text()
    fonts = [base64.b64decode(text) for text in re.findall(r"base64,([^)]*)\)", read.texts["style"])]
    assert sorted(fonts) == sorted(path.read_bytes() for path in (STATIC / "fonts").glob("*.woff2"))


@pytest.mark.parametrize(("name", "most"), [("stanford", 150_000), ("photos", 250_000), ("lenet5", 300_000)])
def test_it_is_small(written: Written, name: str, most: int) -> None:
    """At most 300 kB beside its fonts and its tensors, with all layers."""
    content, read = written(name)
    fonts = sum(map(len, re.findall(r"base64,([^)]*)\)", read.texts["style"])))
    packed = gzip.decompress(base64.b64decode(read.texts["packed"]))
    bare = gzip.compress(re.sub(rb'"data":"[^"]*"', b"", packed), 9, mtime=0)
    assert len(content) - fonts - len(read.texts["packed"]) + len(bare) * 4 // 3 < most


def test_it_is_the_same_to_the_byte(written: Written, tmp_path: Path) -> None:
    content, _ = written("stanford")
    opened = open_model("example:stanford")
    write_page(opened, opened.run(), tmp_path / "again.html")
    assert (tmp_path / "again.html").read_bytes() == content


# --- its answers ------------------------------------------------------------------------------------------------------


def test_its_answers_are_the_servers(written: Written) -> None:
    _, read = written("stanford")
    opened = open_model("example:stanford")
    answers = Answers(opened, opened.run(), MOST_ELEMENTS, alone=True)
    assert read.answers["model"]["title"] == "The Stanford convolution demo"
    packed = read.answers
    assert f"`isochrome open {opened.name}`" in packed["model"].pop("lacks")
    for path, found in packed.items():
        if path.startswith("draw/0/matrix/"):
            found["table"] = json.loads(answers.encoded(*path.split("?")))["table"]
        assert found == json.loads(answers.encoded(*path.split("?"))), path


def test_every_view_is_there_at_every_level_for_what_the_page_asks_first(written: Written) -> None:
    _, read = written("lenet5")
    found = read.answers
    assert read.answers["model"]["title"] == "LeNet-5, 1998"
    for number in range(7):
        layer = found[f"layer/{number}"]
        first = "&".join(f"{key}={','.join(map(str, place))}" for key, place in layer["first"].items())
        fit = [view["name"] for view in layer["views"] if not view["reason"]]
        assert fit, layer["name"]
        for view in fit:
            own = VIEWS[view].level
            for level in [own] if own else LEVELS:
                assert found[f"draw/{number}/{view}/{level}?{first}"]["legend"]["level"] in (level, "none")
        assert None not in layer["tensors"].values(), "a ledger is evaluated from these"
        assert not [path for path in found if path.startswith(f"explain/{number}")]
    opening = found["model"]["first"]
    query = "&".join(f"{key}={','.join(map(str, opening[key]))}" for key in "ij") + f"&w={opening['w']}"
    fit = [view["name"] for view in found[f"layer/{opening['layer']}"]["views"] if not view["reason"]]
    paths = [f"draw/{opening['layer']}/{view}/{VIEWS[view].level or 'weight'}?{query}" for view in fit]
    assert len(paths) > 10 and all(path in found for path in paths)


def test_every_layer_answers_its_questions_and_says_what_made_its_inputs(written: Written) -> None:
    found = written("photos")[1].answers
    for number in range(4):
        fit = [one["id"] for one in found[f"questions/{number}"]["questions"] if not one["unfit"]]
        assert len(fit) > 15 and all(found[f"ask/{number}/{one}"]["answer"] for one in fit)
        assert found[f"claims/{number}"]["claims"]
    opened = open_model("example:photos")
    assert found["makers/0"]["kinds"][0][0]["name"] == "x"
    table, last = found["makers/2"], [0, 0, 0, 0]
    for place, row in zip(np.ndindex(*table["shape"]), table["rows"], strict=True):
        last = [a + b for a, b in zip(last, row, strict=True)]
        if place in {(0, 0, 0), (3, 5, 7), (15, 7, 7)}:
            maker, = makers(opened.model, opened.model.layers[2], place)
            assert (table["kinds"][last[0]][0]["layer"], tuple(last[1:])) == (maker.layer, maker.places[0])


def test_pictures_of_the_whole_model_are_there_for_a_narrow_page_and_one_by_one(written: Written) -> None:
    found = written("photos")[1].answers
    whole = [path for path in found if path.startswith("draw/1/network/")]
    assert sum("room=340" in path for path in whole) == 1
    assert any("fold=0" in path for path in whole) == found["model"]["foldable"]


def test_it_says_what_it_lacks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = open_model("example:lenet5")
    path = tmp_path / "some.html"
    told = write_page(opened, opened.run(), path, [2, 5])
    read = Reader(path.read_text())
    assert told.lacks == "2 of 7 layers are in this file" and told.layers == (2, 5)
    assert told.size == path.stat().st_size
    assert {key for key in read.answers if key.startswith("layer/")} == {"layer/2", "layer/5"}
    assert read.answers["model"]["title"] == f"LeNet-5, 1998 ({told.lacks})" and told.lacks in read.texts["title"]
    monkeypatch.setattr(pages, "ROOM", 300_000)
    few = write_page(opened, opened.run(), path)
    assert 0 < len(few.layers) < 7 and few.layers[0] == 0
    with pytest.raises(RequestError, match="^layer 7: must be 0 to 6$"):
        write_page(opened, opened.run(), tmp_path / "none.html", [7])
    assert not (tmp_path / "none.html").exists()


def test_hostile_names_stay_inside(tmp_path: Path) -> None:
    opened = open_model(write_hostile(tmp_path))
    path = tmp_path / "page.html"
    write_page(opened, opened.run(), path)
    text = path.read_text()
    read = Reader(text)
    assert [tag for tag, _ in read.tags].count("script") == 4
    assert not {"img", "svg"} & {tag for tag, _ in read.tags}
    assert len(re.findall(r"</script", text, re.IGNORECASE)) == 4 and "<!--" not in text
    assert "alert(" not in text and "\u202e" not in text
    assert read.texts["title"] == "a<b>&amp;.onnx · isochrome"
    assert "<U+202E>" in read.answers["layer/0"]["name"]


def test_a_script_in_the_bundle_cannot_end_the_element(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    static = tmp_path / "static"
    static.mkdir()
    (static / "page.js").write_text('const a = "</script>", b = "<!-- </SCRIPT >", c = 1 < 2;')
    (static / "page.css").write_text("a{}")
    monkeypatch.setattr(pages, "STATIC", static)
    opened = open_model("example:stanford")
    write_page(opened, opened.run(), tmp_path / "page.html")
    read = Reader((tmp_path / "page.html").read_text())
    assert read.code == 'const a = "</script>", b = "<!-- </SCRIPT >", c = 1 < 2;'
    assert read.look == "a{}" and "style" not in read.texts


# --- whole or not at all ----------------------------------------------------------------------------------------------


def left(folder: Path) -> Iterator[str]:
    return (path.name for path in sorted(folder.iterdir()))


def test_what_cannot_be_written_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = open_model("example:stanford")
    run = opened.run()
    content = b"<!doctype html>"
    monkeypatch.setattr(pages, "page_document", lambda *given: (content, pages.Written((0,), 1, len(content))))
    (tmp_path / "folder.html").mkdir()
    with pytest.raises(RequestError, match=r"folder\.html: must be a regular file, or not be there yet$"):
        write_page(opened, run, tmp_path / "folder.html")
    with pytest.raises(RequestError, match=r"page\.html: must be a place to write to; No such file or directory$"):
        write_page(opened, run, tmp_path / "nowhere" / "page.html")
    (tmp_path / "old.html").write_text("old")

    def fails(*given: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.replace", fails)
        with pytest.raises(RequestError, match=r"old\.html: must be a place to write to; No space left on device$"):
            write_page(opened, run, tmp_path / "old.html")
    assert list(left(tmp_path)) == ["folder.html", "old.html"]
    assert (tmp_path / "old.html").read_text() == "old"
    (tmp_path / "link.html").symlink_to("old.html")
    write_page(opened, run, tmp_path / "link.html")
    assert (tmp_path / "link.html").is_symlink() and (tmp_path / "old.html").read_text().startswith("<!doctype html>")


def test_without_the_bundle_there_is_no_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "STATIC", tmp_path)
    opened = open_model("example:stanford")
    said = r"^page\.js: must be built before the page can be shown; it is not there\. Run"
    with pytest.raises(RequestError, match=said):
        write_page(opened, opened.run(), tmp_path / "page.html")
    assert list(left(tmp_path)) == []


# --- pictures ---------------------------------------------------------------------------------------------------------


def test_the_ending_chooses_the_format(tmp_path: Path) -> None:
    picture = draw(open_model("example:stanford"), "conv", "baselines")
    for ending, begin in (("svg", b"<svg "), ("SVG", b"<svg "), ("png", b"\x89PNG\r\n"), ("json", b'{"title"')):
        picture.save(tmp_path / f"a.{ending}")
        assert (tmp_path / f"a.{ending}").read_bytes().startswith(begin)
    for wrong, got in (("a.jpg", ".jpg"), ("a", "none"), ("a.", "none"), (".svg", "none"), ("a.svg.gz", ".gz")):
        said = rf"{re.escape(wrong)}: must end in one of \.svg, \.png, \.pdf, .*\.gif; got {got}$"
        with pytest.raises(RequestError, match=said):
            picture.save(tmp_path / wrong)
    sized = re.compile(r' width="(\d+)" height="\d+"')
    shown, written = picture._repr_svg_(), picture.svg()
    assert shown == sized.sub("", written, count=1) and "viewBox=" in shown[:120], "it takes the width of its cell"
    narrow = draw(open_model("example:stanford"), "conv", "kernel")
    assert narrow._repr_svg_() == narrow.svg() and narrow.svg().startswith("<svg ")


def test_a_picture_of_what_is_not_there() -> None:
    opened = open_model("example:stanford")
    with pytest.raises(RequestError, match="^view nothing: must be one of .*baselines"):
        draw(opened, "conv", "nothing")
    with pytest.raises(RequestError, match="^layer nothing: must be one of the 1 layers"):
        draw(opened, "nothing", "baselines")
    with pytest.raises(RequestError, match="^colour: must be one of weight, tap, filter, channel, parameter; got red$"):
        draw(opened, "conv", "baselines", "red")
    with pytest.raises(RequestError, match="^neurons: at most two can be told apart in a picture; got 3$"):
        draw(opened, "conv", "baselines", neurons=[(0, 0, 0)] * 3)
    with pytest.raises(RequestError, match="^weight: must multiply an input to be drawn; conv.bias is a bias$"):
        draw(opened, "conv", "baselines", weight=(0,), parameter="conv.bias")
    with pytest.raises(RequestError, match=r"^weight of conv.weight: must be 4 whole numbers \(m 0 to 1.*; got 0,0,0$"):
        draw(opened, "conv", "baselines", weight=(0, 0, 0))
