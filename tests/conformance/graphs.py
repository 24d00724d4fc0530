"""ONNX graphs put together node by node, opened by the package and run by onnxruntime in this process."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, ValueInfoProto, helper, numpy_helper

from isochrome.load.child import read_record
from isochrome.load.onnx import OnnxFile, read_model
from isochrome.load.record import parse
from isochrome.load.source import open_source
from isochrome.load.wire import WireError
from isochrome.model.values import Values

Array = NDArray[Any]
Meaning = Callable[[Mapping[str, Array]], Array]
OPSET = 21


@dataclass(repr=False)
class Graph:
    """Nodes one after another. Weights are positive and generic, so that no product is lost in a sum."""

    seed: int = 0
    opset: int = OPSET
    nodes: list[NodeProto] = field(default_factory=list)
    stored: dict[str, Array] = field(default_factory=dict)
    inputs: dict[str, Array] = field(default_factory=dict)
    symbols: dict[str, dict[int, str]] = field(default_factory=dict)
    functions: list[Any] = field(default_factory=list)
    _random: np.random.Generator = field(init=False)

    def __post_init__(self) -> None:
        self._random = np.random.default_rng(self.seed)

    def __repr__(self) -> str:
        shapes = {name: list(array.shape) for name, array in (self.stored | self.inputs).items()}
        lines = [node.op_type + "(" + ", ".join(name + str(shapes.get(name, "")) for name in node.input) + ") "
                 + " ".join(f"{a.name}={helper.get_attribute_value(a)}" for a in node.attribute)
                 for node in self.nodes]  # fmt: skip
        return f"seed {self.seed}, opset {self.opset}: " + "; ".join(lines)

    def input(self, *shape: int, name: str = "x", **symbols: str) -> str:
        """An input of random numbers; ``a0="N"`` says that axis 0 is called N."""
        self.inputs[name] = self._random.standard_normal(shape).astype(np.float32)
        self.symbols[name] = {int(axis[1:]): symbol for axis, symbol in symbols.items()}
        return name

    def ids(self, rows: int, *shape: int, name: str = "ids") -> str:
        """An input of whole numbers from 0 to rows - 1."""
        self.inputs[name] = self._random.integers(0, rows, shape)
        self.symbols[name] = {}
        return name

    def weight(self, *shape: int, name: str = "", dtype: str = "float32") -> str:
        """A stored tensor of numbers from 0.2 to 1."""
        return self.constant(self._random.uniform(0.2, 1.0, shape).astype(dtype), name)

    def constant(self, array: Any, name: str = "") -> str:
        """A stored tensor of these numbers."""
        name = name or f"stored{len(self.stored)}"
        self.stored[name] = np.asarray(array)
        return name

    def node(self, op: str, *inputs: str, outputs: int = 1, name: str = "", **attributes: Any) -> str:
        """A node; gives the name of its first output. The others are called after it: ``t3_1``, ``t3_2``."""
        first = f"t{len(self.nodes)}"
        names = [first, *(f"{first}_{number}" for number in range(1, outputs))]
        given = {key: value for key, value in attributes.items() if value is not None}
        self.nodes.append(helper.make_node(op, inputs, names, name or f"n{len(self.nodes)}", **given))
        return first

    def model(self, outputs: Sequence[str] = (), batch: int | str | None = None) -> ModelProto:
        """The model; ``batch`` replaces the size of axis 0 of every input of floats."""
        values = [self._value(name, array, batch) for name, array in self.inputs.items()]
        made = outputs or [self.nodes[-1].output[0]]
        graph = helper.make_graph(
            self.nodes, "g", values, [helper.make_empty_tensor_value_info(name) for name in made],
            [numpy_helper.from_array(array, name) for name, array in self.stored.items()],
        )  # fmt: skip
        domains = [helper.make_opsetid("", self.opset), *(helper.make_opsetid(f.domain, 1) for f in self.functions)]
        return helper.make_model(graph, opset_imports=domains, functions=self.functions, ir_version=10)

    def _value(self, name: str, array: Array, batch: int | str | None) -> ValueInfoProto:
        shape: list[int | str] = list(array.shape)
        if batch is not None and array.dtype.kind == "f" and len(shape) > 1:
            shape[0] = batch
        for axis, symbol in self.symbols[name].items():
            shape[axis] = symbol
        return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(array.dtype), shape)


@dataclass(frozen=True)
class Case:
    """A graph with what the tests need to know beside it.

    ``meanings`` says, for what a line's ``of`` names, how NumPy makes it from the tensors of the run. ``rows`` does so
    for the inner quantities of recurrent kinds. ``plain`` is False where the batch is written into the graph. ``live``
    is False where some place that may matter does not matter for these numbers.
    """

    graph: Graph
    outputs: tuple[str, ...] = ()
    meanings: Mapping[str, Meaning] = field(default_factory=dict)
    rows: Callable[[Mapping[str, Array]], Mapping[str, Array]] | None = None
    plain: bool = True
    live: bool = True
    runs: bool = True

    @property
    def model(self) -> ModelProto:
        return self.graph.model(self.outputs)


_FOLDER = tempfile.TemporaryDirectory(prefix="isochrome-conformance-")


def opened(model: ModelProto | bytes) -> OnnxFile:
    """The model as the package opens it, its file parsed in this process."""
    content = model if isinstance(model, bytes) else model.SerializeToString()
    path = Path(_FOLDER.name) / "model.onnx"
    path.unlink(missing_ok=True)
    path.write_bytes(content)
    source = open_source(os.fspath(path))
    try:
        record = json.loads(json.dumps(parse(content)))
    except WireError:
        record = read_record(source)  # the child process says what is wrong, as users read it
    return read_model(record, source)


class Running:
    """A model in onnxruntime, with every tensor of its graph as an output."""

    def __init__(self, model: ModelProto) -> None:
        whole = ModelProto()
        whole.CopyFrom(model)
        have = {output.name for output in whole.graph.output}
        made = [name for node in whole.graph.node for name in node.output if name and name not in have]
        whole.graph.output.extend(helper.make_empty_tensor_value_info(name) for name in made)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        options.log_severity_level = 4
        self.session = onnxruntime.InferenceSession(whole.SerializeToString(), options)
        self.names = [output.name for output in self.session.get_outputs()]

    def __call__(self, feeds: Mapping[str, Array]) -> dict[str, Array]:
        return dict(zip(self.names, self.session.run(None, dict(feeds)), strict=True)) | dict(feeds)


@dataclass(frozen=True)
class Fetched:
    """Gives the tensors of a run that was made before."""

    tensors: Mapping[str, Array]

    def fetch(self, tensors: Sequence[str]) -> dict[str, Array]:
        return {name: self.tensors[name] for name in tensors if name in self.tensors}


def values_of(file: OnnxFile, tensors: Mapping[str, Array]) -> Values:
    """The numbers of a run."""
    return Values(file.model, file, Fetched(tensors), "the given input", "onnxruntime")


def stored_tensor(array: Array, name: str) -> TensorProto:
    return numpy_helper.from_array(np.asarray(array), name)


__all__ = ["Array", "Case", "Fetched", "Graph", "Running", "onnx", "opened", "stored_tensor", "values_of"]
