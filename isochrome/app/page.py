"""The page as a document: served in parts, or one file that holds everything and works from disk."""

from __future__ import annotations

import base64
import gzip
import hashlib
import os
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from types import MappingProxyType
from typing import Any

from isochrome.app.answers import Answers, encode
from isochrome.app.api import OpenedModel, Run
from isochrome.app.packing import UNPACK, pack
from isochrome.app.pictures import write_whole
from isochrome.draw.identity import LEVELS
from isochrome.draw.views import VIEWS
from isochrome.errors import IsochromeError, RequestError, shown

__all__ = ["FILES", "Written", "explorer_files", "page_document", "page_file", "served_page", "write_page"]

STATIC = Path(__file__).parent / "static"
ROOM = 2_500_000
"""Layers that were not asked for by name go into a file up to about this many bytes."""
MOST_ASKED = 1_000_000
"""Answers to questions go into a file for the whole model and for layers of up to so many connections: each is worked
out for that."""
NARROW = 340
"""Views that are drawn at one level go into a file for wide pages, and for pages as narrow as this."""
MOST_ELEMENTS = 65_536
"""Tensors larger than this stay out of a file; the ledgers of its first neurons are then packed as answers."""

_LATIN = (
    "U+0020-007E,U+00A0-00FF,U+0131,U+0152-0153,U+02C6,U+02DA,U+02DC,U+2013-2014,U+2018-201A,U+201C-201E,"
    "U+2020-2022,U+2026,U+2030,U+2039-203A,U+2044,U+20AC,U+2122,U+2212,U+FB01-FB02"
)
_SIGNS = (
    "U+2000-200D,U+2015,U+2028-2029,U+202F,U+2032-2033,U+2070,U+2074-2079,U+2080-2089,U+2113,U+2116,U+2126,U+212E,"
    "U+2150-2151,U+2153-215E,U+2190-2199,U+21A9-21AA,U+21B0-21B3,U+21B6-21B7,U+21BA-21BB,U+21C4,U+21C6,U+2202,"
    "U+2206,U+220F,U+2211,U+2215,U+221A,U+221E,U+222B,U+2248,U+2260,U+2264-2265,U+25CA,U+2713,U+FFFD"
)
FONTS: Mapping[str, tuple[str, int, str]] = MappingProxyType(
    {
        f"fonts/IBMPlex{family}-{weight}-{part}.woff2": (f"IBM Plex {family}", number, characters)
        for family in ("Sans", "Mono")
        for weight, number in (("Regular", 400), ("SemiBold", 600))
        for part, characters in (("Latin1", _LATIN), ("Pi", _SIGNS))
    }
)
"""Each font file: its family, its weight, and the characters that it has."""
FILES: Mapping[str, str] = MappingProxyType(
    {"page.js": "text/javascript", "page.css": "text/css"} | dict.fromkeys(FONTS, "font/woff2")
)
"""Every file that the page may ask for, and its type. There are no others."""


def page_file(name: str) -> bytes:
    """The content of one of FILES; the stylesheet with the addresses of the fonts beside it."""
    if name not in FILES:
        raise RequestError(f"file {shown(name)}: must be one of {', '.join(FILES)}")
    return _stylesheet(lambda font: font).encode() if name == "page.css" else _static(name)


def _static(name: str) -> bytes:
    try:
        return (STATIC / name).read_bytes()
    except OSError:
        raise RequestError(
            f"{name}: must be built before the page can be shown; it is not there. Run `python hatch_build.py`."
        ) from None


def _stylesheet(address: Callable[[str], str]) -> str:
    return _static("page.css").decode() + _faces(address)


def _faces(address: Callable[[str], str]) -> str:
    return "".join(
        f'@font-face{{font-family:"{family}";font-weight:{weight};font-display:swap;src:url({address(name)}) '
        f'format("woff2");unicode-range:{characters}}}'
        for name, (family, weight, characters) in FONTS.items()
        if (STATIC / name).is_file()
    )


def _head(title: str, rest: str, policy: str = "") -> str:
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n{policy}'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{escape(title)} · isochrome</title>\n"
        f'<link rel="icon" href="data:,">\n{rest}</head>\n<body>\n<div id="page"></div>\n'
        "<noscript>This page needs JavaScript. It asks nothing of any other machine.</noscript>\n"
    )


def _data(content: Mapping[str, Any]) -> str:
    """JSON that no text in it can end before its time."""
    text = encode(content).decode().replace("<", "\\u003c")
    return f'<script type="application/json" id="isochrome">{text}</script>\n'


def served_page(title: str, base: str, home: str) -> bytes:
    """The served document: it names its script and its stylesheet, where to ask, and where other models are."""
    head = f'<link rel="stylesheet" href="{home}/page.css">\n<script type="module" src="{home}/page.js"></script>\n'
    return (_head(title, head) + _data({"host": "served", "base": base, "home": home}) + "</body>\n</html>\n").encode()


def explorer_files() -> tuple[str, str]:
    """The bundle and its stylesheet, with the fonts inside: for a place that fetches nothing."""
    return _static("page.js").decode(), _stylesheet(_inlined)


# --- one file -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Written:
    """What a file holds: which layers of how many, and its size."""

    layers: tuple[int, ...]
    of: int
    size: int

    @property
    def lacks(self) -> str:
        """What the file lacks, as its title says it; '' where it has every layer."""
        return "" if len(self.layers) == self.of else f"{len(self.layers)} of {self.of} layers are in this file"


def write_page(
    opened: OpenedModel, run: Run, path: str | os.PathLike[str], layers: Sequence[int] | None = None
) -> Written:
    """Write the explorer as one HTML file that needs nothing else; says which layers are in it.

    Without ``layers`` all of them go in, or the first ones that fit about two and a half megabytes.
    """
    content, found = page_document(opened, run, layers)
    write_whole(path, content)
    return found


def page_document(
    opened: OpenedModel, run: Run, layers: Sequence[int] | None = None, first: int | None = None
) -> tuple[bytes, Written]:
    """The explorer as one HTML document, and what it holds; ``first`` is a layer that has to be in it."""
    answers = Answers(opened, run, MOST_ELEMENTS, alone=True)
    code, style, faces = _static("page.js").decode(), _static("page.css").decode(), _faces(_inlined)
    model = answers.answer("model")
    packed, chosen = _packed(answers, model, layers, ROOM - len(code) - len(faces), first)
    found = Written(tuple(sorted(chosen)), len(model["report"]["layers"]), 0)
    title = model["title"] + (f" ({found.lacks})" if found.lacks else "")
    packed["model"] = model | {"title": title, "lacks": _lacks(opened, found)}
    content = _document(title, packed, code, style, faces)
    return content, Written(found.layers, found.of, len(content))


def _lacks(opened: OpenedModel, found: Written) -> str:
    """What the page says where it is asked for what the file does not hold."""
    every = "every layer" if found.of > 1 else "the layer"
    held = f"{len(found.layers)} of {found.of} layers" if found.lacks else every
    name = shown(opened.name)
    return (
        f"This file holds {held}, each view drawn once for each colour. Other drawings, the layers behind a changed "
        f"number, and claims and pictures of your own need Python: `isochrome open {name}`."
    )


def _inlined(font: str) -> str:
    return f"data:font/woff2;base64,{base64.b64encode(_static(font)).decode()}"


def _packed(
    answers: Answers, model: Mapping[str, Any], layers: Sequence[int] | None, room: int, first: int | None = None
) -> tuple[dict[str, Any], list[int]]:
    every = range(len(model["report"]["layers"]))
    begin = [*([first] if first in every else []), model["first"]["layer"]]
    order = dict.fromkeys([*begin, *every] if layers is None else layers)
    packed: dict[str, Any] = {}
    chosen: list[int] = []
    for number in order if every else ():
        more = dict(_answers_of(answers, number, model))
        more |= dict(_asked_of(answers, number)) | ({} if chosen else dict(_asked_of_all(answers, model)))
        room -= len(zlib.compress(pack(more).encode(), 6)) * 4 // 3
        if layers is None and chosen and room < 0:
            break
        packed |= more
        chosen.append(number)
    return packed, chosen


def _answers_of(answers: Answers, number: int, model: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """What the page asks of a layer when it opens it: the layer, every picture at every level, the ledgers."""
    first = model["first"]
    layer = answers.answer(f"layer/{number}")
    yield f"layer/{number}", layer
    pins = {key: ",".join(map(str, place)) for key, place in layer.get("first", {}).items()}
    queries = ["&".join(f"{key}={place}" for key, place in pins.items())]
    if number == first["layer"] and "w" in first:
        queries.append(f"{queries[0]}&w={first['w']}")
    paths = [
        (f"draw/{number}/{view['name']}/{level}", query + more)
        for view in layer["views"]
        if not view["reason"]
        for level in _levels(view["name"])
        for query in queries
        for more in ("", *_others(view["name"], model))
    ]
    paths += [(f"explain/{number}", f"i={place}") for place in pins.values() if not _evaluated(layer)]
    paths += [(f"questions/{number}", ""), (f"claims/{number}", ""), (f"makers/{number}", "")]
    for path, query in paths:
        try:
            found = answers.answer(path, query)
        except IsochromeError:
            continue  # the page says what it lacks where it is asked for it
        if path.split("/")[2:3] == ["matrix"] and any(line["matrix"] for line in layer["lines"]):
            found |= {"table": None}  # the page lists what is on its screen
        yield (f"{path}?{query}" if query else path), found


def _others(view: str, model: Mapping[str, Any]) -> Iterator[str]:
    """The other drawings of a view: of the whole model with equal blocks one by one, and for a narrow page."""
    if VIEWS[view].whole and model["foldable"]:
        yield "&fold=0"
    if VIEWS[view].narrow and VIEWS[view].level:
        yield f"&room={NARROW}"


def _evaluated(layer: Mapping[str, Any]) -> bool:
    """Whether the page has what a ledger of the layer is made of."""
    known = all(line["relation"] and line["exact"] for line in layer["lines"])
    return known and None not in layer["tensors"].values()


def _asked_of(answers: Answers, number: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """The answers to questions about a layer that is small enough to be run for them."""
    connections = sum(line.relation.connections for line in answers.layer(number).weight_lines if not line.depends)
    for one in answers.answer(f"questions/{number}")["questions"] if 0 < connections <= MOST_ASKED else ():
        if not one["unfit"]:
            path = f"ask/{number}/{one['id']}"
            yield path, answers.answer(path)


def _asked_of_all(answers: Answers, model: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The answers about the whole model, of one that is small enough to be run for them."""
    for one in model["questions"] if model["report"]["totals"]["connections"] <= MOST_ASKED else ():
        yield (path := f"ask/model/{one['id']}"), answers.answer(path)


def _levels(view: str) -> tuple[str, ...]:
    return (VIEWS[view].level,) if VIEWS[view].level else tuple(LEVELS)


_BOOT = (
    UNPACK
    + """\
const packed = (id) => {
  const bytes = Uint8Array.from(atob(document.getElementById(id).textContent), (c) => c.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
};
const add = (given) => document.body.append(Object.assign(document.createElement("script"), given));
Promise.all([packed("packed"), packed("look"), packed("code")]).then(
  ([text, look, code]) => {
    document.head.append(Object.assign(document.createElement("style"), { textContent: look }));
    add({ type: "text/plain", id: "isochrome", given: { host: "offline", answers: unpacked(text) } });
    add({ type: "module", textContent: code });
  },
).catch((fault) => { document.getElementById("page").textContent = `This page could not be unpacked: ${fault}`; });
"""
)
"""Unpacks the answers and the stylesheet, and starts the page. Nothing in the file is fetched, from anywhere."""


def _document(title: str, packed: Mapping[str, Any], code: str, style: str, faces: str) -> bytes:
    policy = (
        f"default-src 'none'; script-src {_hash(_BOOT)} {_hash(code)}; style-src {_hash(faces)} {_hash(style)}; "
        "font-src data:; img-src data: blob:; base-uri 'none'; form-action 'none'"
    )
    meta = f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
    parts = {"packed": pack(packed).encode(), "look": style.encode(), "code": code.encode()}
    zipped = ((name, _zipped(part)) for name, part in parts.items())
    body = "".join(f'<script type="text/plain" id="{name}">{part}</script>\n' for name, part in zipped)
    body += f"<script>{_BOOT}</script>\n</body>\n</html>\n"
    return (_head(title, f"<style>{faces}</style>\n", meta) + body).encode()


def _zipped(content: bytes) -> str:
    return base64.b64encode(gzip.compress(content, 9, mtime=0)).decode()


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
