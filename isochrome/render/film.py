"""Pictures one after another as one image file that plays: APNG, WebP and GIF. Every colour of an identity is exact."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import Any
from xml.sax.saxutils import escape

import numpy as np
from numpy.typing import NDArray

from isochrome.draw.picture import Picture
from isochrome.errors import RequestError, visible
from isochrome.render.png import png, said
from isochrome.render.setting import Setting
from isochrome.render.theme import THEMES

__all__ = ["apng", "gif", "webp"]

_LARGEST = 120_000_000
Frame = NDArray[np.uint8]


def apng(pictures: Sequence[Picture], setting: Setting) -> bytes:
    """The pictures as an animated PNG."""
    frames = [_image(frame) for frame in _frames(pictures, setting)]
    written = _saved(frames, setting, "PNG", default_image=False, blend=0, disposal=0)
    return said(written, pictures[0], setting)


def webp(pictures: Sequence[Picture], setting: Setting) -> bytes:
    """The pictures as an animated WebP without loss."""
    frames = [_image(frame) for frame in _frames(pictures, setting)]
    return _saved(frames, setting, "WEBP", lossless=True, quality=80, method=4, xmp=_xmp(pictures[0], setting))


def gif(pictures: Sequence[Picture], setting: Setting) -> bytes:
    """The pictures as an animated GIF: of its 256 colours the first are those that mean something, exactly."""
    frames = _frames(pictures, setting)
    meant = [*pictures[0].colouring.palette, *THEMES[setting.theme].values()]
    palette, numbers = _reduced(frames, [tuple(bytes.fromhex(colour[1:])) for colour in meant])
    images = [_image(frame) for frame in numbers]
    for image in images:
        image.putpalette(palette)
    note = visible(setting.command or pictures[0].title).encode()
    return _saved(images, setting, "GIF", comment=note, optimize=False, disposal=1)


def _frames(pictures: Sequence[Picture], setting: Setting) -> list[Frame]:
    """The frames as pixels; the pictures are all of one size."""
    zoom = setting.scale * setting.unit(pictures[0].width) * 96 / 25.4
    pixels = pictures[0].width * pictures[0].height * zoom * zoom * len(pictures)
    if pixels > _LARGEST:
        raise RequestError(
            f"scale: must give at most {_LARGEST:,} pixels in all frames; {len(pictures)} frames have "
            f"{round(pixels):,}. Choose a smaller scale or fewer frames."
        )
    from PIL import Image

    return [np.asarray(Image.open(BytesIO(png(picture, setting))).convert("RGB")) for picture in pictures]


def _image(frame: Frame) -> Any:
    from PIL import Image

    return Image.fromarray(frame)


def _saved(images: Sequence[Any], setting: Setting, form: str, **options: Any) -> bytes:
    file = BytesIO()
    milliseconds = round(setting.pace * 1000)
    images[0].save(file, form, save_all=True, append_images=images[1:], duration=milliseconds, loop=0, **options)
    return file.getvalue()


def _reduced(frames: Sequence[Frame], meant: Sequence[tuple[int, ...]]) -> tuple[bytes, list[Frame]]:
    """A palette of at most 256 colours that holds the meant ones, and the frames as numbers into it.

    The rest of the palette goes to the commonest colours; any other pixel, at an edge between two, takes the nearest.
    """
    packed = [frame.astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], np.uint32) for frame in frames]
    colours, counts = np.unique(np.concatenate([one.reshape(-1) for one in packed]), return_counts=True)
    wanted = dict.fromkeys(red << 16 | green << 8 | blue for red, green, blue in meant)
    wanted |= dict.fromkeys(colours[np.argsort(-counts, kind="stable")].tolist()[:256])
    kept = np.array(list(wanted)[:256], np.int64)
    table = np.array([_nearest(colour, kept) for colour in colours.tolist()], np.uint8)
    numbers = [table[np.searchsorted(colours, one)] for one in packed]
    return b"".join(colour.to_bytes(3, "big") for colour in kept.tolist()), numbers


def _nearest(colour: int, kept: NDArray[np.int64]) -> int:
    far = sum(((kept >> by & 255) - (colour >> by & 255)) ** 2 for by in (16, 8, 0))
    return int(np.argmin(far))


def _xmp(picture: Picture, setting: Setting) -> bytes:
    """Title and command as a small XMP record, the only text that WebP has a place for."""
    title, about, command = (escape(visible(text)) for text in (picture.title, picture.description, setting.command))
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f"<dc:title>{title}</dc:title><dc:description>{about}</dc:description>"
        f"<dc:source>{command}</dc:source></rdf:Description></rdf:RDF></x:xmpmeta>"
    ).encode()
