"""What ``iso.open`` returns: a thin facade that loads, runs, asks and draws. It holds no logic of its own."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from isochrome.app.named import is_named, module_named
from isochrome.app.printed import printed
from isochrome.app.targets import Of, target_of
from isochrome.ask.answer import Answer
from isochrome.ask.claim import ClaimAnswer, claim
from isochrome.ask.explain import Explanation, explain
from isochrome.ask.gradient import Gradient, gradient
from isochrome.ask.lint.report import Lint
from isochrome.ask.reach import Reach, reach
from isochrome.ask.report import LayerReport, Report, UseCounts, layer_report, report
from isochrome.ask.uses import WeightUses, uses
from isochrome.core.sizes import Shape
from isochrome.errors import RequestError, shown
from isochrome.examples import example_input, example_path, find_example
from isochrome.examples.arithmetic import PREFIX, Case, find_case
from isochrome.load import LiveModel, open_file, open_module
from isochrome.load.aten import ProgramModel
from isochrome.load.onnx import OnnxFile
from isochrome.model.edited import edited, edits_words, read_edits
from isochrome.model.kept import cached_property
from isochrome.model.parts import Layer, Line, Model
from isochrome.model.places import line_of_parameter
from isochrome.model.typed import TypedModel, typed_model
from isochrome.model.values import Values
from isochrome.run.inputs import given_inputs, random_inputs, read_inputs
from isochrome.run.onnx_runtime import OnnxRunner
from isochrome.run.torch_replay import TorchRunner

if TYPE_CHECKING:
    from isochrome.app.asking import Listing

__all__ = ["Answer", "ClaimAnswer", "OpenedLayer", "OpenedModel", "Run", "open_live", "open_model"]


@dataclass(frozen=True, eq=False)
class Run:
    """A model on one input: questions that need numbers."""

    opened: OpenedModel
    values: Values
    said: str = ""
    """Which numbers were changed."""

    def edited(self, edits: str) -> Run:
        """The same run with other numbers, in every use and in all that lies behind: the framework computes it again.

        ``edits`` are ``w:PARAMETER:PLACE=NUMBER`` (a stored weight) and ``x:LAYER:PLACE=NUMBER`` (an input of a layer),
        joined by ``;``. Raises RequestError where one cannot be read, or is not there.

        >>> run = open_model("example:stanford").run()
        >>> run.explain("conv", (0, 0, 0)).total, run.edited("w:conv.weight:0,0,1,2=5").explain("conv", (0, 0, 0)).total
        (5.0, 9.0)
        """
        found = read_edits(self.opened.model, edits)
        said = "; ".join(part for part in (self.said, edits_words(self.values, found)) if part)
        return Run(self.opened, edited(self.values, found), said)

    def explain(self, layer: str | int, neuron: Sequence[int]) -> Explanation:
        """One neuron's arithmetic, checked against the framework."""
        return printed(explain(self.opened.model, self.opened.model.layer(layer), tuple(neuron), self.values))

    def gradient(self, layer: str | int, weight: Sequence[int], parameter: str = "", of: Of = "sum") -> Gradient:
        """One weight's gradient, term by term, over all layers and calls that use it.

        ``of``: ``sum`` (of the layer's outputs), ``outputs`` (the sum of all that the model gives), ``output:NAME``,
        ``loss`` (the output of that name), or a function from the outputs by name to a number.
        """
        one = self.opened.model.layer(layer)
        line = line_of_parameter(self.opened.model, one, parameter)
        target = target_of(self.opened, of)
        return printed(gradient(self.opened.model, one, line, tuple(weight), self.values, target))


@dataclass(frozen=True, eq=False)
class OpenedLayer:
    """One layer of an opened model."""

    opened: OpenedModel
    layer: Layer

    @cached_property
    def report(self) -> LayerReport:
        """Its row of the sharing table."""
        return printed(layer_report(self.opened.model, self.layer))

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
        return printed(uses(self.opened.model, line, weight, limit, values))

    def reach(self, neuron: Sequence[int], to: str = "", forward: bool = False) -> Reach:
        """What a neuron sees; with ``forward``, what it influences."""
        return printed(reach(self.opened.model, self.layer, tuple(neuron), to, forward))

    def ask(self, question: str, inputs: Any = None, seed: int = 0) -> Answer:
        """The answer to one of the questions that people ask: by number, short id or words of it.

        >>> open_model("example:stanford")["conv"].ask("How many parameters").numbers["weights"]
        54
        """
        from isochrome.app.asking import answer

        return printed(answer(self.opened, self.layer, question, self.opened.run(inputs, seed).values))

    def questions(self) -> Listing:
        """The questions, and which of them make no sense for this layer."""
        from isochrome.app.asking import listing

        return printed(listing(self.opened.model, self.layer, self.opened.run().values))

    def claim(self, text: str, inputs: Any = None, seed: int = 0) -> ClaimAnswer:
        """Whether a claim about this layer is true: "neurons of one depth slice use the same weights"."""
        return printed(claim(self.opened.model, self.layer, text, self.opened.run(inputs, seed).values))

    def _repr_html_(self) -> str:
        from isochrome.app.printed import html_of

        return html_of(self.report)

    def draw(self, view: str, colour: str = "weight", **selection: Any) -> Any:
        """A picture of the layer: ``.save(path)``; shows itself in a notebook."""
        from isochrome.app.pictures import draw

        return draw(self.opened, self.layer, view, colour, **selection)


@dataclass(frozen=True, eq=False)
class OpenedModel:
    """A model, the file behind it, and ways to ask it."""

    file: OnnxFile | TypedModel | ProgramModel
    name: str
    example: str = ""
    live: LiveModel | None = None

    @property
    def model(self) -> Model:
        """The model as data."""
        return self.file.model

    @property
    def labels(self) -> tuple[str, ...]:
        """What the model itself calls its outputs."""
        labels = self.file.program.labels if isinstance(self.file, ProgramModel) else ()
        return labels or self.model.outputs

    @property
    def differentiates(self) -> bool:
        """Whether its runtime gives gradients."""
        return isinstance(self.file, ProgramModel)

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
        return printed(replace(report(self.model), model=self.name))

    def run(self, inputs: Any = None, seed: int = 0) -> Run:
        """The model on one input: a path, an array, a mapping of arrays, or nothing (the example's own, or random)."""
        if isinstance(self.file, TypedModel):
            return Run(self, Values(self.model, self.file, self.file, "small whole numbers, seed 0", ""))
        arrays, what = self._inputs(inputs, seed)
        if isinstance(self.file, ProgramModel):
            read, trusted = (self.live.read, True) if self.live else (self.file.read, False)
            replay = TorchRunner(self.file.program, arrays, read, trusted)
            return Run(self, Values(self.model, self.file, replay, what, "PyTorch", replay))
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
        if self.live:
            return dict(self.live.inputs), "the inputs that it was opened with"
        return random_inputs(self.model, seed)

    def ask(self, question: str, inputs: Any = None, seed: int = 0) -> Answer:
        """The answer to a question about the whole model, or about the first layer for which it makes sense."""
        from isochrome.app.asking import answer

        return printed(answer(self, None, question, self.run(inputs, seed).values))

    def questions(self) -> Listing:
        """The questions that people ask."""
        from isochrome.app.asking import listing

        return printed(listing(self.model, None, self.run().values))

    def explore(self, inputs: Any = None) -> Any:
        """The explorer in a notebook cell; its ``selection`` can be read and set. Needs the extra ``notebook``."""
        from isochrome.app.notebook import explorer

        return explorer(self, self.run(inputs))

    def _repr_html_(self) -> str:
        from isochrome.app.printed import html_of

        return html_of(self.report())

    def lint(self, before: Any = None) -> Lint:
        """What lint finds in it; ``before`` is the same model before a step."""
        from isochrome.app.lint import lint_model

        return lint_model(self, before)

    def line(self, layer: str | int, parameter: str = "") -> Line:
        """The line of a layer that a parameter's name means."""
        return line_of_parameter(self.model, self.model.layer(layer), parameter)


def open_model(
    what: Any,
    shapes: Mapping[str, Shape] | None = None,
    tables: Mapping[str, Any] | None = None,
) -> OpenedModel:
    """The model behind a file, ``example:NAME``, ``formula:LINE`` or ``package.module:function``. Reads no weight.

    What is no name is a live PyTorch module that needs no input. ``shapes`` gives what the file or the line leaves
    open, ``tables`` the integer tables of a line.
    """
    if not isinstance(what, str | os.PathLike):
        return open_live(what)
    text = os.fspath(what)
    if text.startswith("formula:"):
        line = text.removeprefix("formula:")
        return OpenedModel(typed_model(line, shapes or {}, tables), line)
    if text.startswith(PREFIX):
        return _case(find_case(text.removeprefix(PREFIX)))
    if text.startswith("example:"):
        name = find_example(text.removeprefix("example:")).name
        file = open_file(example_path(name), shapes)
        return OpenedModel(replace(file, model=replace(file.model, name=text)), text, name)
    if is_named(text) and not os.path.lexists(text):
        return open_live(*module_named(text), name=text)
    if ":" in text and not os.path.lexists(text) and not text.startswith(("/", ".")):
        raise RequestError(
            f"{shown(text, 200)}: must be a file, example:NAME, package.module:function or formula:LINE; there is no "
            "such file"
        )
    return OpenedModel(open_file(text, shapes), Path(text).name)


def open_live(
    module: Any, inputs: Sequence[Any] = (), keywords: Mapping[str, Any] | None = None, name: str = ""
) -> OpenedModel:
    """A live PyTorch module on example inputs: it is recorded, and left as it was."""
    live = open_module(module, inputs, keywords)
    return OpenedModel(live.file, name or live.file.model.name, live=live)


def _case(case: Case) -> OpenedModel:
    constants = {name: np.full(shape, value) for name, shape, value in case.constants}
    shapes = dict(case.shapes)
    made = typed_model(case.formula, shapes, None, case.seed, case.name, constants, case.largest)
    return OpenedModel(made, f"{PREFIX}{case.name}")
