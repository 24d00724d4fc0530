"""Model files by format: one row each. What a file is, its bytes say, not its ending."""

from __future__ import annotations

import os
from collections.abc import Mapping

from isochrome.core.sizes import Shape
from isochrome.errors import ModelError
from isochrome.load.aten import ProgramModel
from isochrome.load.onnx import OnnxFile, open_onnx
from isochrome.load.source import open_source
from isochrome.load.torch_live import LiveModel, open_module

__all__ = ["FORMATS", "LiveModel", "ProgramModel", "open_file", "open_module"]

FORMATS = {"onnx": open_onnx}


def open_file(path: str | os.PathLike[str], sizes: Mapping[str, Shape] | None = None) -> OnnxFile:
    """The model in a file. Raises ModelError in one line that names the file."""
    source = open_source(path)
    reader = FORMATS.get(source.kind)
    if reader is None:
        raise ModelError(f"{source.name}: must be one of {', '.join(FORMATS)}; its bytes say {source.kind}")
    return reader(source, sizes)
