"""An independent truth: lines evaluated by going through every loop, and single operations run by onnxruntime.

The evaluator knows nothing of the package's parser or relations: it reads the text of a line.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
import onnx
import onnxruntime
from hypothesis import settings
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from isochrome.layers import Line, Operation

Array = NDArray[Any]

laws = settings(max_examples=int(os.environ.get("COUNT", "50")), derandomize=True, deadline=None, database=None)


def reflect(value: Array, size: int) -> Array:
    period = max(2 * (size - 1), 1)
    value = value % period
    return np.minimum(value, period - value) if size > 1 else value * 0


def replicate(value: Array, size: int) -> Array:
    return np.clip(value, 0, size - 1)


def circular(value: Array, size: int) -> Array:
    return value % size


FOLDS = {"reflect": reflect, "replicate": replicate, "circular": circular}


def split(text: str, mark: str) -> list[str]:
    """The parts between the marks that stand outside all brackets."""
    parts, depth = [""], 0
    for char in text:
        depth += (char in "[(") - (char in "])")
        if char == mark and not depth:
            parts.append("")
        else:
            parts[-1] += char
    return [part.strip() for part in parts if part.strip()]


def read(access: str) -> tuple[str, list[str]]:
    name, _, rest = access.strip().partition("[")
    assert rest.endswith("]"), access
    return name, split(rest[:-1], ",")


@dataclass
class Taps:
    """All taps of a line that exist: where each writes, and for every factor where it reads (-1: padding)."""

    reduce: str
    shapes: dict[str, tuple[int, ...]]
    output: Array
    factors: list[tuple[str, Array]]


def sizes_of(accesses: Sequence[tuple[str, list[str]]], clauses: Sequence[str], line: Line) -> dict[str, int]:
    shapes = dict(line.shapes)
    sizes = {
        found[1]: int(found[2]) for clause in clauses if (found := re.fullmatch(r"([A-Za-z_]\w*) < (\d+)", clause))
    }
    stated = set(sizes)
    for name, indices in accesses:
        assert len(indices) == len(shapes[name]), (name, indices, shapes[name])
        for index, size in zip(indices, shapes[name], strict=True):
            if re.fullmatch(r"[A-Za-z_]\w*", index) and index not in stated:
                assert sizes.setdefault(index, size) == size, f"loop {index}: {sizes[index]} and {size}"
    return sizes


def place(index: str, size: int, values: Mapping[str, Array], tables: Mapping[str, Array]) -> tuple[Array, Array]:
    """Where an index points, and whether the tap exists as far as a table decides."""
    if found := re.fullmatch(r"(reflect|replicate|circular)\((.*)\)", index):
        inside = np.asarray(eval(found[2], {}, dict(values)))
        return FOLDS[found[1]](inside, size), np.asarray(True)
    if found := re.fullmatch(r"(\w+)\[(.*)\]", index):
        at = tuple(eval(part, {}, dict(values)) for part in split(found[2], ","))
        inside = np.asarray(tables[found[1]][at])
        return inside, inside >= 0
    return np.asarray(eval(index, {}, dict(values))), np.asarray(True)


def taps(line: Line) -> Taps:
    """Every assignment of the loops, one after another."""
    head, _, tail = str(line.formula).partition(" where ")
    reduce = "max" if " max= " in head else "+"
    left, _, right = head.partition(f" {reduce}= ")
    clauses, shapes, tables = split(tail, ","), dict(line.shapes), dict(line.tables)
    accesses = [read(left), *(read(part) for part in split(right, "*"))]
    sizes = sizes_of(accesses, clauses, line)
    missing = set(re.findall(r"[A-Za-z_]\w*(?!\w*[\[(])", head)) - {"max"} - set(sizes)
    assert not missing, f"no size for {missing} in {line.formula}"
    count = prod(sizes.values())
    assert count < 5_000_000, count
    values = dict(zip(sizes, (grid.ravel() for grid in np.indices(tuple(sizes.values()))), strict=True))
    exists, flats = np.ones(count, bool), []
    for clause in clauses:
        if found := re.fullmatch(r"(-?\d+) <= (.*) < (-?\d+)", clause):
            inside = eval(found[2], {}, dict(values))
            exists &= (int(found[1]) <= inside) & (inside < int(found[3]))
    for number, (name, indices) in enumerate(accesses):
        flat, real = np.zeros(count, np.int64), np.ones(count, bool)
        for index, size in zip(indices, shapes[name], strict=True):
            where, decided = place(index, size, values, tables)
            exists &= decided
            real &= (0 <= where) & (where < size)
            flat = flat * size + where
        if not number:
            exists &= real
        assert name[0] not in "wbk" or bool(np.all(real | ~exists)), f"{name} out of bounds in {line.formula}"
        flats.append((name, np.where(real, flat, -1)))
    found_taps = [(name, flat[exists]) for name, flat in flats]
    return Taps(reduce, shapes, found_taps[0][1], found_taps[1:])


def evaluate(line: Line, operands: Mapping[str, Array]) -> Array:
    """The value of one line, float64; padding is 0, or minus infinity for ``max=``."""
    found = taps(line)
    bottom = -np.inf if found.reduce == "max" else 0.0
    arrays = dict(line.constants) | {tensor: operands[operand] for tensor, operand in line.operands}
    product = np.full(found.output.shape, line.scale)
    for name, flat in found.factors:
        array = np.asarray(arrays[name], np.float64)
        assert array.shape == found.shapes[name], (name, array.shape, found.shapes[name])
        product = product * np.append(array.ravel(), bottom)[flat]
    result = np.full(prod(found.shapes["y"]), bottom)
    (np.maximum if found.reduce == "max" else np.add).at(result, found.output, product)
    return result.reshape(found.shapes["y"])


def value(operation: Operation, operands: Mapping[str, Array], output: str = "y") -> Array:
    """The sum of the exact lines of one output."""
    lines = [line for line in operation.lines if line.output == output and line.exact]
    assert lines
    return np.asarray(sum(evaluate(line, operands) for line in lines))


def reaches(operation: Operation, operand: str = "x", output: str = "y") -> Array:
    """Which places of an output read which places of an operand, both flat."""
    result: Array | None = None
    for line in operation.lines:
        tensors = [tensor for tensor, name in line.operands if name == operand]
        if line.output != output or not tensors:
            continue
        found = taps(line)
        if result is None:
            result = np.zeros((prod(found.shapes["y"]), prod(found.shapes[tensors[0]])), bool)
        for name, flat in found.factors:
            if name == tensors[0]:
                result[found.output[flat >= 0], flat[flat >= 0]] = True
    assert result is not None
    return result


def depends(function: Callable[[Array], Array], shape: tuple[int, ...], least: float = 0.0) -> Array:
    """Which places of a function's result change with which places of its input, found by changing one at a time."""
    start = np.random.default_rng(7).uniform(0.1, 0.3, shape).astype(np.float32)
    before, columns = function(start), []
    for number in range(start.size):
        changed = start.copy()
        changed.flat[number] += 0.2
        columns.append((np.abs(function(changed) - before) > least).ravel())
    return np.stack(columns, -1)


def texts(operation: Operation) -> list[str]:
    return [str(line.formula) for line in operation.lines]


def run(
    op: str,
    inputs: Sequence[Array | None],
    outputs: int = 1,
    opset: int = 21,
    stored: Sequence[int] = (),
    **attributes: Any,
) -> list[Array]:
    """What onnxruntime computes for a single node; the inputs numbered in ``stored`` are initializers."""
    names = [f"i{number}" if array is not None else "" for number, array in enumerate(inputs)]
    given = {name: np.asarray(array) for name, array in zip(names, inputs, strict=True) if array is not None}
    node = helper.make_node(op, names, [f"o{number}" for number in range(outputs)], **attributes)
    constants = {names[number] for number in stored}
    graph = helper.make_graph(
        [node],
        "one",
        [
            helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(array.dtype), array.shape)
            for name, array in given.items()
            if name not in constants
        ],
        [helper.make_empty_tensor_value_info(f"o{number}") for number in range(outputs)],
        [numpy_helper.from_array(given[name], name) for name in constants],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=10)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(onnx.ModelProto.SerializeToString(model), options)
    feeds = {name: array for name, array in given.items() if name not in constants}
    return [np.asarray(result) for result in session.run(None, feeds)]


def numbers(seed: int, *shape: int) -> Array:
    """Random float32 numbers, the same for the same seed."""
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def close(found: Array, wanted: Array, tolerance: float = 1e-4) -> None:
    assert found.shape == wanted.shape, (found.shape, wanted.shape)
    np.testing.assert_allclose(found, wanted, rtol=tolerance, atol=tolerance)
