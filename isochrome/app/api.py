"""What ``iso.open`` returns: a thin facade that loads, runs, asks and draws. It holds no logic of its own."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from isochrome.ask.explain import Explanation, explain
from isochrome.ask.reach import Reach, reach
from isochrome.ask.report import LayerReport, Report, UseCounts, layer_report, report
from isochrome.ask.uses import WeightUses, uses
from isochrome.core.sizes import Shape
from isochrome.errors import RequestError, shown
from isochrome.examples import example_input, example_path, find_example
from isochrome.examples.arithmetic import PREFIX, Case, find_case
from isochrome.load import open_file
from isochrome.load.onnx import OnnxFile
from isochrome.model.parts import Layer, Line, Model
from isochrome.model.places import line_of_parameter
from isochrome.model.typed import TypedModel, typed_model
from isochrome.model.values import Values
from isochrome.run.inputs import given_inputs, random_inputs, read_inputs
from isochrome.run.onnx_runtime import OnnxRunner

__all__ = ["OpenedLayer", "OpenedModel", "Run", "open_model"]


@dataclass(frozen=True, eq=False)
class Run:
    """A model on one input: questions that need numbers."""

    opened: OpenedModel
    values: Values

    def explain(self, layer: str | int, neuron: Sequence[int]) -> Explanation:
        """One neuron's arithmetic, checked against the framework."""
        return explain(self.opened.model, self.opened.model.layer(layer), tuple(neuron), self.values)


@dataclass(frozen=True, eq=False)
class OpenedLayer:
    """One layer of an opened model."""

    opened: OpenedModel
    layer: Layer

    @cached_property
    def report(self) -> LayerReport:
        """Its row of the sharing table."""
        return layer_report(self.opened.model, self.layer)

    @property
    def formulas(self) -> tuple[str, ...]:
        """Its formulas."""
        return self.report.formulas

    @property
    def shared_along(self) -> dict[str, int]:
        """The loops that the weight does not mention, with their sizes."""
        return dict(self.report.shared_along)

    @property
    def weights(self) -> int:
        """How many distinct stored scalars it uses, biases apart."""
        return self.report.counts.weights

    @property
    def connections(self) -> int:
        """How many (neuron, input, weight) triples it has, padding included."""
        return self.report.counts.connections

    @property
    def uses_per_weight(self) -> UseCounts:
        """How often a weight is used: taps, and the least and most on real input."""
        return self.report.uses_per_weight

    def uses(
        self, weight: Sequence[int], parameter: str = "", limit: int = 1000, values: Values | None = None
    ) -> WeightUses:
        """Every use of one weight, over all layers that use it; ``values`` where the uses depend on data."""
        line = line_of_parameter(self.opened.model, self.layer, parameter)
        return uses(self.opened.model, line, weight, limit, values)

    def reach(self, neuron: Sequence[int], to: str = "", forward: bool = False) -> Reach:
        """What a neuron sees; with ``forward``, what it influences."""
        return reach(self.opened.model, self.layer, tuple(neuron), to, forward)

    def _repr_html_(self) -> str:
        from isochrome.app.notebook import html_of

        return html_of(self.report)

    def draw(self, view: str, colour: str = "weight", **selection: Any) -> Any:
        """A picture of the layer: ``.save(path)``; shows itself in a notebook."""
        from isochrome.app.pictures import draw

        return draw(self.opened, self.layer, view, colour, **selection)


@dataclass(frozen=True, eq=False)
class OpenedModel:
    """A model, the file behind it, and ways to ask it."""

    file: OnnxFile | TypedModel
    name: str
    example: str = ""

    @property
    def model(self) -> Model:
        """The model as data."""
        return self.file.model

    @property
    def layers(self) -> tuple[OpenedLayer, ...]:
        """Its layers in order."""
        return tuple(OpenedLayer(self, layer) for layer in self.model.layers)

    def __getitem__(self, name: str | int) -> OpenedLayer:
        return OpenedLayer(self, self.model.layer(name))

    def report(self) -> Report:
        """The sharing table."""
        return self._report

    @cached_property
    def _report(self) -> Report:
        return replace(report(self.model), model=self.name)

    def run(self, inputs: Any = None, seed: int = 0) -> Run:
        """The model on one input: a path, an array, a mapping of arrays, or nothing (the example's own, or random)."""
        if isinstance(self.file, TypedModel):
            return Run(self, Values(self.model, self.file, self.file, "small whole numbers, seed 0", ""))
        arrays, what = self._inputs(inputs, seed)
        runner = OnnxRunner(self.file.source.path, self.file.source.name, arrays)
        return Run(self, Values(self.model, self.file, runner, what, "onnxruntime"))

    def _inputs(self, inputs: Any, seed: int) -> tuple[dict[str, Any], str]:
        if isinstance(inputs, str | os.PathLike):
            return read_inputs(os.fspath(inputs), self.model)
        if inputs is not None:
            return given_inputs(inputs, self.model)
        if self.example:
            array = example_input(self.example)
            return {self.model.inputs[0]: array}, f"the first input of example:{self.example}"
        return random_inputs(self.model, seed)

    def explore(self, inputs: Any = None) -> Any:
        """The explorer in a notebook cell; its ``selection`` can be read and set. Needs the extra ``notebook``."""
        from isochrome.app.notebook import explorer

        return explorer(self, self.run(inputs))

    def _repr_html_(self) -> str:
        from isochrome.app.notebook import html_of

        return html_of(self.report())

    def line(self, layer: str | int, parameter: str = "") -> Line:
        """The line of a layer that a parameter's name means."""
        return line_of_parameter(self.model, self.model.layer(layer), parameter)


def open_model(
    what: str | os.PathLike[str],
    shapes: Mapping[str, Shape] | None = None,
    tables: Mapping[str, Any] | None = None,
) -> OpenedModel:
    """The model behind a name: a file, ``example:NAME`` or ``formula:LINE``. Loads no framework, reads no weight.

    ``shapes`` gives what the file or the line leaves open, ``tables`` the integer tables of a line.
    """
    text = os.fspath(what)
    if text.startswith("formula:"):
        line = text.removeprefix("formula:")
        return OpenedModel(typed_model(line, shapes or {}, tables), line)
    if text.startswith(PREFIX):
        return _case(find_case(text.removeprefix(PREFIX)))
    if text.startswith("example:"):
        name = find_example(text.removeprefix("example:")).name
        return OpenedModel(open_file(example_path(name), shapes), text, name)
    if ":" in text and not os.path.lexists(text) and not text.startswith(("/", ".")):
        raise RequestError(f"{shown(text, 200)}: must be a file, example:NAME or formula:LINE; there is no such file")
    return OpenedModel(open_file(text, shapes), Path(text).name)


def _case(case: Case) -> OpenedModel:
    constants = {name: np.full(shape, value) for name, shape, value in case.constants}
    shapes = dict(case.shapes)
    made = typed_model(case.formula, shapes, None, case.seed, case.name, constants, case.largest)
    return OpenedModel(made, f"{PREFIX}{case.name}")
