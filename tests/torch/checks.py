"""What must hold of every PyTorch model: the laws of the ONNX models, and that every gradient is the sum of its terms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch

from isochrome.core.evaluate import evaluate, factor_values
from isochrome.load.aten import ProgramModel, program_model
from isochrome.load.torch_module import Recorded, recorded
from isochrome.model.parts import Line, Model, Operation
from isochrome.model.values import Values
from isochrome.run.torch_replay import TorchRunner
from tests.conformance import checks

torch.set_num_threads(1)  # the tensors are tiny: more threads wait for one another
Array = np.ndarray[Any, Any]
WEIGHTS = (0.7, -1.3, 0.4, 1.9, -0.6)
"""What the outputs are multiplied by before they are added up, over and over."""


class Found:
    """A module as a model, run once."""

    def __init__(self, module: torch.nn.Module, inputs: Sequence[Any], kwargs: Mapping[str, Any] | None = None) -> None:
        self.recorded: Recorded = recorded(module.eval(), inputs, kwargs)
        self.program = self.recorded.program
        self.file: ProgramModel = program_model(self.program, self._read)
        self.model: Model = self.file.model
        self.runner = TorchRunner(self.program, self.recorded.inputs, self._held, trusted=True)
        self.values = Values(self.model, self.file, self.runner, "the given input", "torch")
        names = [name for name in self.program.tensors if name in self.model.tensors]
        found = dict(zip(names, self.values.tensors(names), strict=True))
        self.tensors: dict[str, Array] = {name: array for name, array in found.items() if array is not None}
        self.case = SimpleNamespace(meanings={}, rows=None)
        self.rows: dict[str, Array] = {}
        self._fill_in()

    def _fill_in(self) -> None:
        """Tensors inside a call, which the framework does not give: from lines that are exact, and softmaxes."""
        for operation in self.model.operations:
            for output in operation.outputs:
                lines = [line for line in operation.lines if line.output == output]
                reads = {tensor for line in lines for _, tensor in line.inputs}
                if output in self.tensors or not lines or not reads <= set(self.tensors):
                    continue
                if operation.kind == "softmax":
                    scores = torch.tensor(self.tensors[operation.inputs[0]])
                    if self._is_causal(operation.inputs[0]):
                        scores = scores.masked_fill(torch.ones(scores.shape[-2:]).triu(1) > 0, -torch.inf)
                    made = scores.softmax(-1).numpy()
                elif all(line.exact for line in lines):
                    tensor = self.model.tensors[output]
                    parts = [sum(self._part(line, sample) for line in lines)
                             for sample in range(1 if tensor.batch is None else self.model.batch)]  # fmt: skip
                    made = np.concatenate(parts, tensor.batch) if tensor.batch is not None else parts[0]
                else:
                    continue
                self.tensors[output] = self.values._tensors[output] = np.asarray(made)

    def _is_causal(self, name: str) -> bool:
        return any(line.formula.guards for one in self.model.operations for line in one.lines if line.output == name)

    def _part(self, line: Line, sample: int) -> Array:
        """What a line adds to one sample's output."""
        arrays: dict[str, Array] = dict(line.constants)
        for name, tensor in line.inputs:
            arrays[name] = _of_sample(self.tensors[tensor], line.shape(name), sample)
        if line.weight:
            weights = self.values.weights(line)
            assert weights is not None
            arrays[line.weight] = weights
        return line.scale * evaluate(line.relation, arrays)

    def _held(self, number: int) -> Any:
        return self.recorded.tensors[number]

    def _read(self, number: int) -> Any:
        return self.recorded.tensors[number].detach().numpy()


def check(
    module: torch.nn.Module, inputs: Sequence[Any], layers: int | None = None, differentiable: bool = True
) -> Found:
    """Every law on one module. ``layers`` is how many it must have, at least one where that is not said."""
    found = Found(module, inputs)
    assert not [(layer.name, layer.opaque) for layer in found.model.layers if layer.opaque]
    assert len(found.model.layers) == layers if layers is not None else found.model.layers
    answered: Any = found
    shown: Any = SimpleNamespace(values=found.values, tensors=found.tensors, rows={}, case=found.case)
    shown.model = SimpleNamespace(operations=[one for one in found.model.operations if _is_shown(found, one)])
    checks.relations_make_the_outputs(shown)
    checks.taps_are_counted_and_found_from_every_end(answered)
    checks.counts_are_those_of_brute_force(answered)
    checks.explanations_agree_with_the_framework(answered)
    checks.reach_is_the_product_of_the_relations(answered)
    if differentiable:
        gradients_are_sums_of_terms(found)
    return found


def reach_is_what_changes(found: Found) -> None:
    """Change the places of an input one at a time: no neuron changes that is not said to see it."""
    inputs = {name: np.asarray(tensor) for name, tensor in found.recorded.inputs.items()}

    def running(given: Mapping[str, Array]) -> dict[str, Array]:
        runner = TorchRunner(found.program, given, found._held, trusted=True)
        names = [name for name in found.program.tensors if name in found.model.tensors]
        return {name: found.model.tensors[name].by_sample(array) for name, array in runner.fetch(names).items()}

    case = SimpleNamespace(graph=SimpleNamespace(inputs=inputs), live=False)
    answered: Any = SimpleNamespace(model=found.model, values=found.values, case=case, running=running)
    checks.reach_is_what_changes(answered)


def _is_shown(found: Found, operation: Operation) -> bool:
    """Whether all that an operation reads is known: of the states inside a recurrent stack, nothing is."""
    return all(not tensor or tensor in found.tensors for line in operation.lines for _, tensor in line.inputs)


def gradients_are_sums_of_terms(found: Found) -> int:
    """How many parameters were compared: each one's gradient is the sum over all taps that use it, in all layers."""
    lines = {number: [(layer, line) for layer, line in found.model.users(number)]
             for number in range(len(found.model.parameters))}  # fmt: skip
    plain = {number: mine for number, mine in lines.items()
             if mine and not found.model.parameters[number].computed_from
             and all(_is_plain(found, line) for _, line in mine)}  # fmt: skip
    held = {number: _held_name(found, number) for number in plain}
    outputs = list(dict.fromkeys(line.output for mine in plain.values() for _, line in mine))
    wanted = [name for name in held.values() if name]
    if not wanted:
        return 0
    gradients = found.runner.gradient(_weighted, [*wanted, *outputs])
    compared = 0
    for number, mine in plain.items():
        if held[number] not in gradients:
            continue
        total = np.zeros(found.model.parameters[number].shape)
        for _, line in mine:
            if line.output not in gradients:
                break
            delta = found.model.tensors[line.output].by_sample(gradients[line.output].astype(np.float64))
            for sample in range(found.model.batch if _carries(found, line) else 1):
                _add_terms(found, line, delta, sample, total)
        else:
            actual = gradients[held[number]]
            if actual.shape == total.shape:
                scale = max(1.0, float(np.abs(actual).max(initial=0)))
                np.testing.assert_allclose(total / scale, actual / scale, 1e-3, 1e-3, err_msg=held[number])
                compared += 1
    return compared


def _weighted(outputs: Mapping[str, Any]) -> Any:
    total = torch.zeros(())
    for tensor in outputs.values():
        if tensor.is_floating_point():
            flat = tensor.reshape(-1)
            weights = torch.tensor(WEIGHTS).repeat(flat.numel() // len(WEIGHTS) + 1)[: flat.numel()]
            total = total + (flat * weights).sum()
    return total


def _is_plain(found: Found, line: Line) -> bool:
    return not line.inner and line.exact and line.as_stored and line.formula.reduce == "+" and (
        line.output in found.program.tensors)  # fmt: skip


def _held_name(found: Found, number: int) -> str:
    """The name under which the program reads the parameter as it is stored."""
    parameter = found.model.parameters[number]
    for name, row in found.program.stored.items():
        held = found.program.held[row]
        if held.name in parameter.names and held.shape == parameter.shape and held.dtype.startswith("float"):
            return name
    return ""


def _carries(found: Found, line: Line) -> bool:
    return found.model.tensors[line.output].batch is not None


def _add_terms(found: Found, line: Line, delta: Array, sample: int, total: Array) -> None:
    arrays: dict[str, Array] = dict(line.constants)
    for name, tensor in line.inputs:
        given = found.values.inputs(line, tensor)
        assert given is not None
        arrays[name] = _of_sample(given[0], line.shape(name), sample)
    relation = found.values.relation_of(line)
    if line.depends and sample:
        return _add_looked_up(found, line, delta, sample, total)
    _scatter(line, relation, arrays, _of_sample(delta, relation.shapes[0], sample), total)
    return None


def _add_looked_up(found: Found, line: Line, delta: Array, sample: int, total: Array) -> None:
    """The rows that another sample looks up."""
    moved = {name: found.tensors[tensor] for name, tensor in line.data}
    shapes = {name: _ids_shape(line, name) for name in moved}
    tables = dict(line.tables) | {name: _of_sample(array, shapes[name], sample) for name, array in moved.items()}
    from isochrome.core.relation import relation

    made = relation(line.formula, dict(line.shapes), tables, frozenset(name for name, _ in line.inputs))
    arrays = {name: _of_sample(found.tensors[tensor], line.shape(name), sample) for name, tensor in line.inputs}
    _scatter(line, made, arrays, _of_sample(delta, made.shapes[0], sample), total)


def _ids_shape(line: Line, name: str) -> tuple[int, ...]:
    from isochrome.core.formula import Table

    shape = dict(zip(map(str, line.formula.output.indices), line.shape("y"), strict=True)) | dict(line.formula.sizes)
    for factor in line.formula.factors:
        for index in factor.indices:
            if isinstance(index, Table) and index.name == name:
                return tuple(shape[str(argument)] for argument in index.arguments)
    raise AssertionError(name)


def _of_sample(array: Array, shape: tuple[int, ...], sample: int) -> Array:
    """One sample's part of an array that lies sample after sample along one axis."""
    at = tuple(slice(sample * size, (sample + 1) * size) if size < whole else slice(0, whole)
               for size, whole in zip(shape, array.shape, strict=True))  # fmt: skip
    return array[at]


def _scatter(line: Line, relation: Any, arrays: Mapping[str, Array], delta: Array, total: Array) -> None:
    taps, number = relation.everything, line.weight_number
    places = taps.places(0, taps.total)
    filled = {**arrays, line.weight: np.ones(relation.shapes[number])}
    terms = line.scale * np.prod(factor_values(taps, places, filled), axis=0)
    np.add.at(total, tuple(places[number].T), terms * delta[tuple(places[0].T)])
