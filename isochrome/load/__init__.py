"""Model files by format: one row each. What a file is, its bytes say, not its ending."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

from isochrome.core.sizes import Shape
from isochrome.errors import ModelError
from isochrome.load.aten import ProgramModel
from isochrome.load.child import ONNX, PT2
from isochrome.load.onnx import OnnxFile, open_onnx
from isochrome.load.pt2 import open_pt2
from isochrome.load.source import Source, open_source
from isochrome.load.torch_live import LiveModel, open_module

__all__ = ["FORMATS", "LiveModel", "ProgramModel", "open_file", "open_module"]

Opener = Callable[[Source, Mapping[str, Shape] | None], OnnxFile | ProgramModel]

FORMATS: Mapping[str, Opener] = {"onnx": open_onnx, "zip": open_pt2}


def open_file(path: str | os.PathLike[str], sizes: Mapping[str, Shape] | None = None) -> OnnxFile | ProgramModel:
    """The model in a file. Raises ModelError in one line that names the file."""
    source = open_source(path)
    reader = FORMATS.get(source.kind)
    if reader is None:
        raise ModelError(f"{source.name}: must be {ONNX.name} or {PT2.name}; its bytes say {source.kind}")
    return reader(source, sizes)
