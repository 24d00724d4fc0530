"""Activations from onnxruntime, which runs in a process of its own with limits, never in ours."""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isochrome.errors import ModelError, shown

__all__ = ["OnnxRunner"]

SECONDS = 600
Array = NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class OnnxRunner:
    """Runs one ONNX file on one input. A tensor that is already an input is given back as it is."""

    path: str
    name: str
    inputs: Mapping[str, Array] = field(default_factory=dict)

    def fetch(self, tensors: Sequence[str]) -> dict[str, Array]:
        """The values of some of the graph's tensors, from one run; those that onnxruntime cannot give are absent.

        Raises ModelError when the model does not run.
        """
        given = {name: self.inputs[name] for name in tensors if name in self.inputs}
        wanted = [name for name in dict.fromkeys(tensors) if name not in given]
        if not wanted:
            return given
        with tempfile.TemporaryDirectory(prefix="isochrome-") as folder:
            return given | self._run(wanted, Path(folder))

    def on(self, inputs: Mapping[str, Array]) -> OnnxRunner:
        """The same file with other numbers in some tensors: inputs, stored ones, or what its nodes make."""
        return replace(self, inputs={**self.inputs, **inputs})

    def _run(self, wanted: list[str], folder: Path) -> dict[str, Array]:
        arrays: dict[str, Any] = {f"i{number}": array for number, array in enumerate(self.inputs.values())}
        np.savez(folder / "inputs.npz", **arrays)
        request = {"model": self.path, "inputs": list(self.inputs), "wanted": wanted, "folder": str(folder)}
        with _children.one() as child:
            try:
                child.communicate(json.dumps(request).encode(), SECONDS)
            except subprocess.TimeoutExpired:
                child.kill()
                raise ModelError(f"{self.name}: must run within {SECONDS} seconds; it did not") from None
        answer = folder / "answer.json"
        if not answer.exists():
            raise ModelError(f"{self.name}: onnxruntime must run it; it ended with code {child.returncode}")
        found = json.loads(answer.read_text())
        if found.get("error"):
            raise ModelError(f"{self.name}: onnxruntime must run it; it says {shown(found['error'], 300)}")
        with np.load(folder / "outputs.npz", allow_pickle=False) as arrays:
            return {name: arrays[f"o{number}"] for number, name in enumerate(found["names"])}


class _Children:
    """Processes that run one request each. From the second run on the next one is started before it is needed."""

    def __init__(self) -> None:
        self.runs = 0
        self.waiting: list[subprocess.Popen[bytes]] = []
        atexit.register(self.end)

    def one(self) -> subprocess.Popen[bytes]:
        try:
            child = self.waiting.pop()
        except IndexError:
            child = self.started()
        if child.poll() is not None:
            child = self.started()
        self.runs += 1
        if self.runs > 1:
            self.waiting.append(self.started())
        return child

    @staticmethod
    def started() -> subprocess.Popen[bytes]:
        command = [sys.executable, "-I", str(Path(__file__).with_name("onnx_child.py"))]
        environment = {key: value for key, value in os.environ.items() if key.startswith(("PATH", "LD_", "OPENBLAS"))}
        nothing = subprocess.DEVNULL
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=nothing, stderr=nothing, env=environment)

    def end(self) -> None:
        while self.waiting:
            with self.waiting.pop() as child:
                child.kill()


_children = _Children()
