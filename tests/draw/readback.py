"""The law of colour, read back from the bytes of an SVG: used on every picture that the tests make."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree

_COLOUR = re.compile(r"#[0-9a-f]{6}")
_TEXT_COLOURS = {"#ffffff", "#0b0c0e"}


def law_of_colour(svg: bytes) -> dict[str, str]:
    """Identity to colour of every mark, after proving that the map is one-to-one and that nothing else is coloured.

    A literal colour may stand on a mark only with the identity that it means; the two text colours may stand on text
    and glyphs over a filled mark.
    """
    root = ElementTree.fromstring(svg)
    assert root.get("data-level"), "the root names no level"
    colours: dict[str, str] = {}
    for element in root.iter():
        painted = {element.get(name, "") for name in ("fill", "stroke") if _COLOUR.fullmatch(element.get(name, ""))}
        identity = element.get("data-id")
        if identity is None:
            assert painted <= _TEXT_COLOURS, f"{element.tag} has the colour {painted} of nobody"
            continue
        assert len(painted) == 1, f"{identity} has the colours {painted}"
        assert identity.split(":")[0] == root.get("data-level"), f"{identity} is not of the level of the picture"
        colour = painted.pop()
        assert colours.setdefault(identity, colour) == colour, f"{identity} is both {colours[identity]} and {colour}"
    assert len(set(colours.values())) == len(colours), f"one colour for several identities: {colours}"
    return colours
