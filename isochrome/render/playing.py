"""Pictures one after another as one SVG that plays by itself, and stands still for those who asked for less motion."""

from __future__ import annotations

from collections.abc import Sequence

from isochrome.draw.picture import Picture
from isochrome.render.setting import Setting
from isochrome.render.svg import body, head, paper_of, patterns, svg
from isochrome.render.theme import css

__all__ = ["playing"]


def playing(pictures: Sequence[Picture], setting: Setting) -> bytes:
    """The pictures, all of one size, as frames of one SVG document; a single one is a picture like any other.

    Style rules alone show one frame at a time. Without them, or where motion is unwanted, the first frame is seen.
    """
    sheet = pictures[0]
    if len(pictures) == 1:
        return svg(sheet, setting.theme, width_mm=setting.width_mm, command=setting.command)
    seconds, part = len(pictures) * setting.pace, 100 / len(pictures)
    rules = (
        f"{css(setting.theme)}.frame{{visibility:hidden;animation:frame {seconds:g}s step-end infinite}}"
        ".frame.first{visibility:visible}"
        f"@keyframes frame{{0%{{visibility:visible}}{part:.6g}%,100%{{visibility:hidden}}}}"
        "@media (prefers-reduced-motion:reduce){.frame{animation:none}}"
        "@media print{.frame{animation:none}}"
    )
    frames = (
        f'<g class="frame{"" if number else " first"}" style="animation-delay:{number * setting.pace:g}s">'
        f"{body(picture, setting.theme)}</g>"
        for number, picture in enumerate(pictures)
    )
    opening = head(sheet, setting.width_mm, setting.command)
    return f"{opening}<style>{rules}</style>{patterns()}{paper_of(sheet)}{''.join(frames)}</svg>\n".encode()
