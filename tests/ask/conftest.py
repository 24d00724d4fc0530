"""The models that the questions are asked of, each opened and run once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

import onnx
import pytest

from isochrome.app.api import OpenedModel, Run, open_model
from isochrome.errors import ModelError
from isochrome.run.onnx_runtime import OnnxRunner
from tests.ask.models import write_models
from tests.conformance.graphs import Array, Running


@dataclass(frozen=True)
class InProcess:
    """Runs a model here: a process of its own for each shift of an input would take the tests minutes."""

    running: Running
    inputs: Mapping[str, Array]
    had: dict[str, Array] = field(default_factory=dict)

    def fetch(self, tensors: Sequence[str]) -> dict[str, Array]:
        if not self.had:
            try:
                self.had.update(self.running(self.inputs))
            except Exception as fault:
                raise ModelError(f"onnxruntime must run it; it says {fault}") from None
        return {name: self.had[name] for name in tensors if name in self.had}

    def on(self, inputs: Mapping[str, Array]) -> InProcess:
        return InProcess(self.running, {**self.inputs, **inputs})


class Opened:
    """Opens and runs each model at most once."""

    def __init__(self, folder: Path) -> None:
        self.paths = write_models(folder)
        self.model = cache(self._model)
        self.run = cache(self._run)

    def _model(self, name: str) -> OpenedModel:
        return open_model(self.paths[name])

    def _run(self, name: str) -> Run:
        opened = self.model(name)
        run = opened.run()
        if name == "light_resnet50" or not isinstance(run.values.runner, OnnxRunner):
            return run
        running = Running(onnx.load(run.values.runner.path))
        return Run(opened, replace(run.values, runner=InProcess(running, run.values.runner.inputs)))


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Opened:
    return Opened(tmp_path_factory.mktemp("models"))
