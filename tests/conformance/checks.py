"""What must hold of every model: one function a law. They share one opening and one run of the model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from math import prod
from types import SimpleNamespace
from typing import Any

import numpy as np

from isochrome.ask.explain import explain
from isochrome.ask.reach import reach
from isochrome.ask.report import LayerReport, layer_report, report
from isochrome.core.evaluate import evaluate
from isochrome.core.relation import Relation
from isochrome.load.onnx import OnnxFile
from isochrome.model.parts import Layer, Line, Model
from isochrome.model.places import batch_axis, full_place
from isochrome.model.values import Values
from tests.conformance.graphs import Array, Case, Running, opened, values_of
from tests.layers import brute

SAMPLES = 3
STATES = ("hidden state", "cell state", "reset state")
Matrix = np.ndarray[tuple[int, int], np.dtype[np.bool_]]


@dataclass(frozen=True)
class Answered:
    """A case, opened and run."""

    case: Case
    file: OnnxFile
    running: Running | None
    tensors: Mapping[str, Array]
    values: Values

    @property
    def model(self) -> Model:
        return self.file.model

    @cached_property
    def rows(self) -> Mapping[str, Array]:
        return self.case.rows(self.tensors) if self.case.rows else {}


def answered(case: Case) -> Answered:
    model = case.model
    file = opened(model)
    running = Running(model) if case.runs else None
    tensors = case.graph.stored | (running(case.graph.inputs) if running else case.graph.inputs)
    return Answered(case, file, running, tensors, values_of(file, tensors))


def check(case: Case) -> Answered:
    """Every law on one case."""
    found = answered(case)
    assert any(layer.lines for layer in found.model.layers), found.model.layers
    assert not any(layer.opaque for layer in found.model.layers), found.model.layers
    relations_make_the_outputs(found)
    taps_are_counted_and_found_from_every_end(found)
    counts_are_those_of_brute_force(found)
    explanations_agree_with_the_framework(found)
    reach_is_the_product_of_the_relations(found)
    reach_is_what_changes(found)
    reach_of_inner_sums_is_what_changes(found)
    counts_are_per_sample(found)
    return found


# --- 1. relations make the outputs -----------------------------------------------------------------------------------


def relations_make_the_outputs(found: Answered) -> None:
    for operation in found.model.operations:
        outputs = dict.fromkeys((line.output, line.inner) for line in operation.lines)
        for output, inner in outputs:
            lines = [line for line in operation.lines if line.output == output and line.exact]
            wanted = found.rows.get(output) if inner else found.tensors.get(output)
            if not lines or wanted is None:
                continue
            made = sum(line.scale * evaluate(found.values.relation_of(line), arrays_of(found, line)) for line in lines)
            close(np.asarray(made), cut(wanted, lines[0].shape(lines[0].formula.output.name)), str(lines[0].formula))


def arrays_of(found: Answered, line: Line) -> dict[str, Array]:
    """The numbers of every factor of a line, as of one sample."""
    arrays: dict[str, Array] = dict(line.constants)
    for name, tensor in line.inputs:
        if line.of in STATES:
            array = found.rows[line.of]
        else:
            given = found.values.inputs(line, tensor)
            assert given is not None, line.formula
            array = given[0]
            if line.of in found.case.meanings:
                close(array, found.case.meanings[line.of](found.tensors), line.of)
        arrays[name] = cut(array, line.shape(name))
    if line.weight:
        weights = found.values.weights(line)
        assert weights is not None, line.formula
        arrays[line.weight] = weights
    return arrays


def cut(array: Array, shape: tuple[int, ...]) -> Array:
    """The first sample of an array, which is all of it where there is one."""
    assert array.ndim == len(shape), (array.shape, shape)
    return array[tuple(slice(0, size) for size in shape)]


def close(found: Array, wanted: Array, what: str) -> None:
    assert found.shape == wanted.shape, (what, found.shape, wanted.shape)
    wanted = wanted.astype(np.float64)
    empty = np.isneginf(found)  # a window that reads padding alone
    np.testing.assert_allclose(np.where(empty, 0, found), np.where(empty, 0, wanted), 1e-4, 1e-4, err_msg=what)


# --- 2. lists and counts ---------------------------------------------------------------------------------------------


def taps_are_counted_and_found_from_every_end(found: Answered) -> None:
    for line in lines_of(found.model):
        relation = found.values.relation_of(line)
        assert sum(1 for _ in relation.everything.listed()) == relation.connections
        assert sum(None not in tap for tap in relation.everything.listed()) == relation.real_connections
        for number, shape in enumerate(relation.shapes):
            for place in some_places(shape):
                listed = list(relation.fix({number: place}).listed())
                assert len(listed) == relation.fix({number: place}).total
                for tap in listed[-1:]:
                    _is_found_from_every_end(relation, tap)


def _is_found_from_every_end(relation: Relation, tap: tuple[tuple[int, ...] | None, ...]) -> None:
    for number, place in enumerate(tap):
        if place is not None:
            assert tap in relation.fix({number: place}).listed(), (relation.formula, number, tap)


def lines_of(model: Model) -> Iterator[Line]:
    return (line for layer in model.layers for line in layer.lines)


def some_places(shape: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    """The first, the last, and one in the middle."""
    if 0 not in shape:
        yield from dict.fromkeys(
            (tuple(0 for _ in shape), tuple(size - 1 for size in shape), tuple(size // 2 for size in shape))
        )


# --- 3. counts -------------------------------------------------------------------------------------------------------


def counts_are_those_of_brute_force(found: Answered) -> None:
    for layer in found.model.layers:
        row = layer_report(found.model, layer)
        assert row.counts.neurons == prod(layer.output_shape or ())
        taps = [(line, brute_taps(found, line)) for line in layer.weight_lines]
        assert row.counts.connections == sum(tap.output.size for _, tap in taps)
        assert row.counts.real_connections == sum(int(real(line, tap).sum()) for line, tap in taps)
        assert row.counts.biases == len(held(found, layer.bias_lines))
        assert row.counts.weights == len(held(found, layer.weight_lines))
        if row.depends:
            assert row.uses_per_weight.taps is None is row.dead_weights
        elif layer.weight_lines:
            _uses_are_those_of_brute_force(found, layer, row, taps)


def _uses_are_those_of_brute_force(
    found: Answered, layer: Layer, row: LayerReport, taps: list[tuple[Line, brute.Taps]]
) -> None:
    every, live = Counter(dict.fromkeys(held(found, layer.weight_lines), 0)), Counter[tuple[int | None, int]]()
    for line, tap in taps:
        flat = dict(tap.factors)[line.weight]
        every.update((line.parameter, int(at)) for at in flat)
        live.update((line.parameter, int(at)) for at in flat[real(line, tap)])
    real_uses = [live[weight] for weight in every]
    taps_of_each = set(every.values())
    assert row.uses_per_weight.taps == (taps_of_each.pop() if len(taps_of_each) == 1 else None), layer.kind
    assert (row.uses_per_weight.min, row.uses_per_weight.max) == (min(real_uses), max(real_uses)), layer.kind
    assert row.dead_weights == real_uses.count(0)


def brute_taps(found: Answered, line: Line) -> brute.Taps:
    tables = found.values.relation_of(line).tables
    return brute.taps(SimpleNamespace(formula=line.formula, shapes=line.shapes, tables=tuple(tables.items())))  # type: ignore[arg-type]


def real(line: Line, tap: brute.Taps) -> Array:
    inside = [flat >= 0 for name, flat in tap.factors if name != line.weight]
    return np.logical_and.reduce([np.ones(tap.output.size, bool), *inside])


def held(found: Answered, lines: Iterable[Line]) -> set[tuple[int | None, int]]:
    """The stored scalars behind the operands of some lines, whether a tap uses them or not."""
    scalars: set[tuple[int | None, int]] = set()
    for line in lines:
        assert line.piece is not None
        axes, size = tuple(range(len(line.effective_shape))), line.effective_shape
        here = np.ones(size, bool)
        for within in line.piece.within:
            value = within.value.over(axes, size)
            here &= (within.low <= value) & (value < within.high)
        places = tuple(index.over(axes, size)[here] for index in line.piece.indices)
        flat = np.ravel_multi_index(places, line.piece.shape) if places else np.zeros(here.sum(), int)
        scalars |= {(line.parameter, int(at)) for at in np.unique(flat)}
    return scalars


# --- 4. explain ------------------------------------------------------------------------------------------------------


def explanations_agree_with_the_framework(found: Answered) -> None:
    for layer in found.model.layers:
        if not layer.lines or layer.output not in found.tensors:
            continue
        main = (layer.weight_lines or layer.lines)[0]
        shape = main.relation.shapes[0] if not main.depends else main.shape(main.formula.output.name)
        for place in some_places(shape):
            neuron = [at for at, index in zip(place, main.formula.output.indices, strict=True)
                      if not main.batch or getattr(index, "loop", None) != main.batch]  # fmt: skip
            said = explain(found.model, layer, tuple(neuron), found.values)
            assert said.total is not None or said.note
            if said.total is not None and not main.inner:
                assert said.framework == found.tensors[layer.output][place]
                assert said.difference is not None and said.bound is not None
                assert said.difference <= said.bound, (layer.kind, neuron, said.total, said.framework)


# --- 5. reach --------------------------------------------------------------------------------------------------------


def reach_is_the_product_of_the_relations(found: Answered) -> None:
    model = found.model
    for layer in layers_that_reach(model):
        for source in model.inputs:
            composed = from_tensor(found, source)
            _same(found, layer, source, composed.get(layer.output), forward=False)
        for other in layers_that_reach(model):
            if other.number < layer.number:
                composed = from_tensor(found, other.output)
                _same(found, layer, other.name, composed.get(layer.output), forward=False)
                _same(found, other, layer.name, composed.get(layer.output), forward=True)


def layers_that_reach(model: Model) -> list[Layer]:
    return [layer for layer in model.layers if layer.lines and not (layer.weight_lines or layer.lines)[0].inner]


def _same(found: Answered, layer: Layer, to: str, matrix: Matrix | None, forward: bool) -> None:
    shape = layer.output_shape or ()
    for place in list(some_places(shape))[:SAMPLES]:
        said = reach(found.model, layer, place, to, forward)
        assert (
            said.status == "exact"
            or forward
            or any(line.depends for one in found.model.operations for line in one.lines)
        )
        target = found.model.tensors[to].sample if to in found.model.tensors else found.model.layer(to).output_shape
        seen = np.zeros(target or (), bool)
        for box in said.places.boxes:
            seen[np.ix_(*box)] = True
        at = int(np.ravel_multi_index(place, shape)) if shape else 0
        wanted = np.zeros(seen.size, bool) if matrix is None else matrix[:, at] if forward else matrix[at]
        assert np.array_equal(seen.ravel(), wanted), (layer.name, to, place, forward)
        assert said.places.count == seen.sum()


def from_tensor(found: Answered, source: str) -> dict[str, Matrix]:
    """For every tensor after one: which of its places read which places of that one, of the same sample."""
    size = prod(found.model.tensors[source].sample or ())
    seen: dict[str, Matrix] = {source: np.eye(size, dtype=bool)}
    for operation in found.model.operations:
        for line in operation.lines:
            tensors = dict(line.inputs)
            if line.inner or line.output == source:
                continue
            taps = brute_taps(found, line)
            for name, flat in taps.factors:
                before = seen.get(tensors.get(name, ""))
                if before is None:
                    continue
                made = seen.setdefault(line.output, np.zeros((prod(taps.shapes[line.formula.output.name]), size), bool))
                inside = flat >= 0
                np.logical_or.at(made, taps.output[inside], before[flat[inside]])
    return seen


def reach_is_what_changes(found: Answered) -> None:
    """Change the places of an input one at a time: the neurons that change are those that see it."""
    if found.running is None:
        return
    for source in found.model.inputs:
        array = found.case.graph.inputs[source]
        if array.dtype != np.float32 or array.size > 400:
            continue
        changed = changes(found, source)
        composed = from_tensor(found, source)
        for layer in layers_that_reach(found.model):
            wanted = composed.get(layer.output, np.zeros_like(changed[layer.output]))
            assert not (changed[layer.output] & ~wanted).any(), (layer.name, source)
            if found.case.live:
                assert np.array_equal(changed[layer.output], wanted), (layer.name, source)


def changes(found: Answered, source: str) -> dict[str, Matrix]:
    """For every tensor which of its places change with which places of an input, of the first sample."""
    assert found.running is not None
    random = np.random.default_rng(5)
    start = {name: array if array.dtype != np.float32 else random.uniform(0.1, 0.3, array.shape).astype(np.float32)
             for name, array in found.case.graph.inputs.items()}  # fmt: skip
    before = found.running(start)
    sample = found.model.tensors[source]
    columns: dict[str, list[Any]] = {layer.output: [] for layer in found.model.layers if layer.lines}
    for place in product(*map(range, sample.sample or ())):
        full = place if sample.batch is None else (*place[: sample.batch], 0, *place[sample.batch :])
        different = {name: np.zeros(0, bool) for name in columns}
        for amount in (0.2, 3.0):
            array = start[source].copy()
            array[full] += amount
            after = found.running({**start, source: array})
            for name in columns:
                moved = first_sample(found.model, name, np.asarray(before[name] != after[name])).ravel()
                different[name] = moved | different[name] if different[name].size else moved
        for name, moved in different.items():
            columns[name].append(moved)
    return {name: np.stack(moved, 1) for name, moved in columns.items() if moved}


def reach_of_inner_sums_is_what_changes(found: Answered) -> None:
    """The same for the sums inside recurrent layers, with the recurrence in NumPy in place of the framework."""
    inner = [layer for layer in found.model.layers if layer.weight_lines and layer.weight_lines[0].inner]
    for layer, source in product(inner, found.model.inputs):
        main = layer.weight_lines[0]
        batch, before = batch_axis(main, main.formula.output), found.rows[main.output]
        shape = tuple(size for axis, size in enumerate(main.relation.shapes[0]) if axis != batch)
        sample = list(product(*map(range, found.model.tensors[source].sample or ())))
        after = {at: _with_a_change(found, source, at)[main.output] for at in sample}
        for place in some_places(shape):
            said = reach(found.model, layer, place, source)
            seen = {at for box in said.places.boxes for at in product(*box)}
            full = full_place(main, main.formula.output, place, "neuron")
            wanted = {at for at in sample if after[at][full] != before[full]}
            assert wanted == seen if said.status == "exact" else wanted <= seen, (layer.kind, source, place)


def _with_a_change(found: Answered, source: str, place: tuple[int, ...]) -> Mapping[str, Array]:
    batch, array = found.model.tensors[source].batch, found.tensors[source].astype(np.float64)
    array[place if batch is None else (*place[:batch], 0, *place[batch:])] += 0.3
    assert found.case.rows is not None
    return found.case.rows({**found.tensors, source: array})


def first_sample(model: Model, name: str, array: Array) -> Array:
    return cut(array, model.tensors[name].first or ())


# --- 6. the batch ----------------------------------------------------------------------------------------------------


def counts_are_per_sample(found: Answered) -> None:
    """With three samples or with any number of them, a model is the same model. Looked at for one case in four."""
    if not found.case.plain or found.case.graph.seed % 4:
        return
    graph, outputs = found.case.graph, found.case.outputs
    three, any_number = (report(opened(graph.model(outputs, batch)).model).to_dict() for batch in (3, "N"))
    assert three == any_number
