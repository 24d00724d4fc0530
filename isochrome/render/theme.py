"""The tokens of each theme, and the style rules that give every class of a picture its paint."""

from __future__ import annotations

from isochrome.errors import RequestError

__all__ = ["THEMES", "css"]

_LIGHT = {
    "paper": "#ffffff", "wash": "#eeeeea", "ink": "#16181d", "ink2": "#50555f", "ink3": "#6a707b",
    "line": "#b9bec6", "hair": "#dcdfe4", "hatch": "#9298a3",
}  # fmt: skip
_DARK = {
    "paper": "#15171c", "wash": "#20242b", "ink": "#eef0f3", "ink2": "#b3b9c4", "ink3": "#8f96a3",
    "line": "#545b68", "hair": "#31363f", "hatch": "#6b7280",
}  # fmt: skip
THEMES = {"light": _LIGHT, "dark": _DARK, "print": {**_LIGHT, "ink": "#000000"}}
"""The tokens of each theme; identities have the same colours in all of them."""

_SANS = "'IBM Plex Sans',sans-serif"
_MONO = "'IBM Plex Mono',monospace"
_EDGES = {"edge": 2.5, "wide": 3.0, "padding": 1.8, "pointed": 4.2}


def css(theme: str = "light") -> str:
    """The rules of every class that a picture uses, with the literal colours of a theme."""
    if theme not in THEMES:
        raise RequestError(f"theme: must be one of {', '.join(THEMES)}; got {theme!r}. Choose one of them.")
    token = THEMES[theme]
    fills = "".join(f".{name}{{fill:{token[name]}}}" for name in ("paper", "wash", "ink", "ink2", "ink3"))
    ink, paper, line = token["ink"], token["paper"], token["line"]
    return (
        f"text{{font-family:{_SANS};pointer-events:none;white-space:pre}}.mono{{font-family:{_MONO}}}"
        f".b{{font-weight:600}}{fills}.f-line{{fill:{line}}}.f-hair{{fill:{token['hair']}}}"
        f".none,.line,.rule,.bracket,.outline{{fill:none}}"
        f".line,.s-line{{stroke:{line}}}.hair,.s-hair{{stroke:{token['hair']}}}.s-ink3{{stroke:{token['ink3']}}}"
        f".thin,.heavy,.bracket,.s-ink{{stroke:{ink}}}.thin{{stroke-width:.75}}.heavy,.bracket{{stroke-width:1.5}}"
        f".clear{{fill:none;stroke:{paper};stroke-width:5}}.raster{{image-rendering:pixelated}}"
        f".cell{{fill:{paper};stroke:{line};stroke-width:.75}}.filled{{stroke:{ink};stroke-width:.6}}"
        f".hatch,.hatch-wide{{stroke:{line};stroke-width:.75}}"
        f".hatch{{fill:url(#hatch)}}.hatch-wide{{fill:url(#hatch-wide)}}.hatching{{stroke:{token['hatch']}}}"
        f".halo{{stroke:{paper};stroke-width:2.5;stroke-linejoin:round;paint-order:stroke}}"
        f".outline{{stroke:{ink}}}.outline.selected{{stroke-width:2.5}}.outline.selected.small{{stroke-width:1.8}}"
        f".outline.pointed{{stroke-width:1.25}}.outline.pinned{{stroke-width:3.6}}"
        f".outline.pinned.inner{{stroke:{paper};stroke-width:1.2}}"
        f".rings{{fill:none;stroke:{ink};stroke-width:1.25}}.skewed{{stroke-width:2.5}}"
        f".tag{{fill:{ink}}}.tag.outlined{{fill:{paper};stroke:{ink};stroke-width:1.5}}"
        f"{_edge_rules(theme, ink, line)}.hit{{fill:none;stroke:none;pointer-events:all}}"
        f".edge .hit{{stroke-width:12;stroke-dasharray:none;pointer-events:stroke}}"
    )


def _edge_rules(theme: str, ink: str, line: str) -> str:
    factor, casing, opacity = (1.4, 1.1, ".6") if theme == "dark" else (1, 1.3, ".55")
    widths = "".join(
        f".edge{'' if name == 'edge' else '.' + name}{{stroke-width:{width * factor:.4g}}}"
        f".edge{'' if name == 'edge' else '.' + name} .casing{{stroke-width:{width * factor + casing:.4g}}}"
        for name, width in _EDGES.items()
    )
    return (
        f".edge,.skip{{fill:none}}{widths}.edge .casing{{stroke:{ink};opacity:{opacity}}}"
        f".edge.tie{{stroke-width:2.4}}.edge.tie .casing{{stroke-width:5;opacity:1}}"
        f".edge.thin{{stroke:{line};stroke-width:1}}.edge.skip{{stroke:{ink};stroke-width:1.5}}"
        f".edge.thin.pointed,.edge.skip.pointed{{stroke:{ink};stroke-width:2.5}}"
        ".edge.padding{stroke-dasharray:5 4}.edge.thin.padding{stroke-dasharray:3 3}"
    )
