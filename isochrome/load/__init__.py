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
from isochrome.load.safetensors import CheckpointFile, open_safetensors
from isochrome.load.source import Source, open_source
from isochrome.load.torch_live import LiveModel, open_module

__all__ = ["CHECKPOINTS", "FORMATS", "LiveModel", "ProgramModel", "open_checkpoint", "open_file", "open_module"]

Opener = Callable[[Source, Mapping[str, Shape] | None], OnnxFile | ProgramModel]

FORMATS: Mapping[str, Opener] = {"onnx": open_onnx, "zip": open_pt2}
CHECKPOINTS = {"safetensors": open_safetensors}
"""Files of names and numbers without a graph: lint and compare read them, nothing else can."""


def open_file(path: str | os.PathLike[str], sizes: Mapping[str, Shape] | None = None) -> OnnxFile | ProgramModel:
    """The model in a file. Raises ModelError in one line that names the file."""
    source = open_source(path)
    reader = FORMATS.get(source.kind)
    if reader is None:
        raise ModelError(f"{source.name}: must be {ONNX.name} or {PT2.name}; its bytes say {source.kind}")
    return reader(source, sizes)


def open_checkpoint(path: str | os.PathLike[str]) -> CheckpointFile | None:
    """What a checkpoint holds, None where the file is none. A pickle is refused: to read one is to run it."""
    source = open_source(path)
    if source.kind == "pickle":
        what = "a pickle, which runs code when it is read"
        raise ModelError(f"{source.name}: must be a model or a safetensors file; is {what}. Save it as safetensors.")
    reader = CHECKPOINTS.get(source.kind)
    return None if reader is None else reader(source)
