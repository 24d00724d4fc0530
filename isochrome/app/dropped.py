"""A picture of the reader's own as the model's input: bytes from the page, read as ``--input`` reads a file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from isochrome.app.answers import Answers
from isochrome.app.api import OpenedModel
from isochrome.errors import IsochromeError, RequestError

__all__ = ["LARGEST", "run_picture"]

LARGEST = 8 * 2**20


def run_picture(opened: OpenedModel, content: bytes) -> Answers:
    """The answers about a model that is run on an image. Raises RequestError where the bytes are no image."""
    if content.startswith((b"\x93NUMPY", b"PK")):
        raise RequestError("picture: must be an image; arrays are given with --input")
    with TemporaryDirectory() as folder:
        path = Path(folder) / "picture"
        path.write_bytes(content)
        try:
            run = opened.run(path)
        except IsochromeError as fault:
            raise RequestError(str(fault).replace(str(path), "picture")) from None
    values = replace(run.values, what=run.values.what.replace(str(path), "your picture"))
    return Answers(opened, replace(run, values=values))
