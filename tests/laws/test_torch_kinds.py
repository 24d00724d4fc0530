"""Kinds on random configurations against PyTorch: values, fixing y, fixing w, and the ones oracle."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from isochrome.core.evaluate import evaluate, factor_values
from isochrome.load.aten import program_model
from isochrome.model.held import Held
from isochrome.model.parts import Line, Model
from isochrome.model.program import Call, Facts, Program, Ref
from isochrome.model.values import Values
from tests.laws.strategies import laws

Array = np.ndarray[Any, Any]
Draw = st.DrawFn
Given = dict[str, Any]
torch.set_num_threads(1)  # the tensors are tiny: more threads wait for one another
STORED = ("weight", "bias", "running_mean", "running_var", "w_ih", "w_hh")


def sizes(low: int, high: int) -> st.SearchStrategy[int]:
    return st.integers(low, high)


def _rand(*shape: int) -> torch.Tensor:
    return torch.randn(shape, dtype=torch.float64)


def conv(draw: Draw, turned: bool = False) -> tuple[str, Given]:
    rank, groups = draw(sizes(1, 3)), draw(sizes(1, 3))
    each, made = draw(sizes(1, 2)), draw(sizes(1, 2))
    kernel = [draw(sizes(1, 3)) for _ in range(rank)]
    stride, dilation = [draw(sizes(1, 3)) for _ in kernel], [draw(sizes(1, 2)) for _ in kernel]
    padding = [draw(sizes(0, 2)) for _ in kernel]
    spans = [gap * (size - 1) + 1 for size, gap in zip(kernel, dilation, strict=True)]
    x = [max(1, span - 2 * pad) + draw(sizes(0, 3)) for span, pad in zip(spans, padding, strict=True)]
    bias = _rand(made * groups) if draw(st.booleans()) else None
    given_ = {"input": _rand(2, each * groups, *x), "bias": bias, "stride": stride, "padding": padding,
              "dilation": dilation, "groups": groups}  # fmt: skip
    if not turned:
        return f"conv{rank}d.default", given_ | {"weight": _rand(made * groups, each, *kernel)}
    padding = [min(pad, (step * (size - 1) + span - 1) // 2)
               for pad, step, size, span in zip(padding, stride, x, spans, strict=True)]  # fmt: skip
    more = [draw(sizes(0, max(step, gap) - 1)) for step, gap in zip(stride, dilation, strict=True)]
    name = f"conv_transpose{rank}d." + ("default" if rank == 1 else "input")
    return name, given_ | {"weight": _rand(each * groups, made, *kernel), "padding": padding, "output_padding": more}


def conv_transpose(draw: Draw) -> tuple[str, Given]:
    return conv(draw, turned=True)


def linear(draw: Draw) -> tuple[str, Given]:
    lead = [draw(sizes(1, 3)) for _ in range(draw(sizes(1, 3)))]
    i, o = draw(sizes(1, 4)), draw(sizes(1, 4))
    return "linear.default", {"input": _rand(*lead, i), "weight": _rand(o, i), "bias": _rand(o) if draw(st.booleans()) else None}


def matmul(draw: Draw) -> tuple[str, Given]:
    lead = [draw(sizes(1, 3)) for _ in range(draw(sizes(0, 2)))]
    n, i, o = draw(sizes(1, 3)), draw(sizes(1, 3)), draw(sizes(1, 3))
    wide = lead[draw(sizes(0, len(lead))) :]
    return "matmul.default", {"self": _rand(*lead, n, i), "weight": _rand(*wide, i, o)}


def scale(draw: Draw) -> tuple[str, Given]:
    x = [draw(sizes(1, 3)) for _ in range(draw(sizes(1, 4)))]
    w = [1 if draw(st.booleans()) else size for size in x[draw(sizes(0, len(x) - 1)) :]]
    return "mul.Tensor", {"self": _rand(*x), "weight": _rand(*w).abs() + 0.5}


def bias(draw: Draw) -> tuple[str, Given]:
    target, given_ = scale(draw)
    return draw(st.sampled_from(["add.Tensor", "sub.Tensor"])), given_ | {"alpha": draw(sizes(1, 3))}


def embedding(draw: Draw) -> tuple[str, Given]:
    shape = [draw(sizes(1, 3)) for _ in range(draw(sizes(1, 3)))]
    rows = draw(sizes(1, 5))
    return "embedding.default", {"weight": _rand(rows, draw(sizes(1, 3))), "indices": torch.randint(rows, shape)}


def batch_norm(draw: Draw) -> tuple[str, Given]:
    c = draw(sizes(1, 4))
    x = [2, c, *(draw(sizes(1, 3)) for _ in range(draw(sizes(0, 3))))]
    return "batch_norm.default", {
        "input": _rand(*x), "weight": _rand(c), "bias": _rand(c), "running_mean": _rand(c),
        "running_var": _rand(c).abs() + 0.5, "training": False, "momentum": 0.1, "eps": 1e-3, "cudnn_enabled": False,
    }  # fmt: skip


def layer_norm(draw: Draw) -> tuple[str, Given]:
    lead, last = [draw(sizes(1, 3)) for _ in range(draw(sizes(1, 2)))], [draw(sizes(2, 4)) for _ in range(draw(sizes(1, 2)))]
    return "layer_norm.default", {"input": _rand(*lead, *last), "normalized_shape": last, "weight": _rand(*last), "bias": _rand(*last)}


def rms_norm(draw: Draw) -> tuple[str, Given]:
    target, given_ = layer_norm(draw)
    return "rms_norm.default", {key: value for key, value in given_.items() if key != "bias"}


def group_norm(draw: Draw) -> tuple[str, Given]:
    groups, each = draw(sizes(1, 3)), draw(sizes(1, 3))
    x = [2, groups * each, *(draw(sizes(1, 3)) for _ in range(draw(sizes(1, 2))))]
    return "group_norm.default", {"input": _rand(*x, 2), "num_groups": groups, "weight": _rand(x[1]), "bias": _rand(x[1])}


def instance_norm(draw: Draw) -> tuple[str, Given]:
    target, given_ = group_norm(draw)
    del given_["num_groups"]
    return "instance_norm.default", given_ | {"running_mean": None, "running_var": None, "use_input_stats": True,
                                              "momentum": 0.1, "eps": 1e-3, "cudnn_enabled": False}  # fmt: skip


def bilinear(draw: Draw) -> tuple[str, Given]:
    n, i, j, o = (draw(sizes(1, 3)) for _ in range(4))
    return "bilinear.default", {"input1": _rand(n, i), "input2": _rand(n, j), "weight": _rand(o, i, j)}


def addmm(draw: Draw) -> tuple[str, Given]:
    n, i, o = (draw(sizes(1, 4)) for _ in range(3))
    c = draw(st.sampled_from([(o,), (1, o), (n, o), (1,)]))
    return "addmm.default", {"bias": _rand(*c), "mat1": _rand(n, i), "weight": _rand(i, o), "beta": draw(sizes(1, 3)), "alpha": draw(sizes(1, 3))}


def prelu(draw: Draw) -> tuple[str, Given]:
    x = [draw(sizes(1, 3)) for _ in range(draw(sizes(2, 4)))]
    return "prelu.default", {"self": _rand(*x), "weight": _rand(x[1] if draw(st.booleans()) else 1)}


def average_pool(draw: Draw) -> tuple[str, Given]:
    kernel = [draw(sizes(1, 3)) for _ in range(2)]
    padding = [draw(sizes(0, size // 2)) for size in kernel]
    x = [size + draw(sizes(0, 4)) for size in kernel]
    return "avg_pool2d.default", {
        "self": _rand(2, 2, *x), "kernel_size": kernel, "stride": [draw(sizes(1, 3)) for _ in kernel],
        "padding": padding, "ceil_mode": draw(st.booleans()), "count_include_pad": draw(st.booleans()),
    }  # fmt: skip


def max_pool(draw: Draw) -> tuple[str, Given]:
    target, given_ = average_pool(draw)
    return "max_pool2d.default", {key: value for key, value in given_.items() if key != "count_include_pad"}


def adaptive_pool(draw: Draw) -> tuple[str, Given]:
    return "adaptive_avg_pool2d.default", {"self": _rand(2, 2, draw(sizes(1, 7)), draw(sizes(1, 7))),
                                           "output_size": [draw(sizes(1, 4)), draw(sizes(1, 4))]}  # fmt: skip


def resize(draw: Draw) -> tuple[str, Given]:
    out = [draw(sizes(1, 7)), draw(sizes(1, 7))]
    given_: Given = {"self": _rand(2, 2, draw(sizes(1, 5)), draw(sizes(1, 5))), "output_size": out}
    target = draw(st.sampled_from(["upsample_nearest2d.default", "_upsample_nearest_exact2d.default", "upsample_bilinear2d.default", "upsample_bicubic2d.default"]))
    return target, given_ | ({"align_corners": draw(st.booleans())} if "bi" in target else {})


def pad(draw: Draw) -> tuple[str, Given]:
    x = [2, 2, draw(sizes(2, 5)), draw(sizes(2, 5))]
    mode = draw(st.sampled_from(["constant", "reflect", "replicate", "circular"]))
    amounts = [draw(sizes(0, x[3 - at // 2] - 1)) for at in range(4)]
    return "pad.default", {"self": _rand(*x), "pad": amounts, "mode": mode}


def columns(draw: Draw) -> tuple[str, Given]:
    kernel, dilation = [draw(sizes(1, 3)) for _ in range(2)], [draw(sizes(1, 2)) for _ in range(2)]
    x = [gap * (size - 1) + 1 + draw(sizes(0, 3)) for size, gap in zip(kernel, dilation, strict=True)]
    return "im2col.default", {"self": _rand(2, 2, *x), "kernel_size": kernel, "dilation": dilation,
                              "padding": [draw(sizes(0, 1)) for _ in kernel], "stride": [draw(sizes(1, 3)) for _ in kernel]}  # fmt: skip


WEIGHTED = (conv, conv_transpose, linear, matmul, scale, bias, embedding, batch_norm, layer_norm, rms_norm, group_norm,
            instance_norm, bilinear, addmm, prelu)
KINDS = (*WEIGHTED, average_pool, max_pool, adaptive_pool, resize, pad, columns)


class Called:
    """One call of one operation, as a program and as PyTorch computes it."""

    def __init__(self, target: str, given_: Given) -> None:
        name, overload = target.split(".")
        self.operation = getattr(getattr(torch.ops.aten, name), overload)
        self.schema = _called(self.operation)
        self.tensors = {key: value for key, value in given_.items() if isinstance(value, torch.Tensor)}
        self.given = given_
        self.y = self.run(self.tensors)
        stored = [key for key in self.tensors if key in STORED]
        facts = {key: Facts(tuple(value.shape), str(value.dtype).removeprefix("torch.")) for key, value in self.tensors.items()}
        held = tuple(Held(key, at, str(at), 0, facts[key].shape, tuple(self.tensors[key].stride()), "float64", 8)
                     for at, key in enumerate(stored))  # fmt: skip
        arguments = tuple((self.schema.get(key, key), Ref(key) if key in self.tensors else _plain(value)) for key, value in given_.items())
        call = Call(f"aten.{target}", arguments, ("y",))
        inputs = tuple(key for key in self.tensors if key not in stored)
        program = Program("random", "torch", inputs, ("y",), (call,), facts | {"y": Facts(tuple(self.y.shape), "float64")},
                          held, {key: at for at, key in enumerate(stored)})  # fmt: skip
        file = program_model(program, lambda number: self.tensors[stored[number]].numpy())
        self.model: Model = file.model
        self.values = Values(self.model, file, self, "random", "torch")

    def run(self, tensors: Mapping[str, torch.Tensor]) -> torch.Tensor:
        arguments = {self.schema.get(key, key): tensors.get(key, value) for key, value in self.given.items()}
        found: torch.Tensor = self.operation(**arguments)
        return found

    def fetch(self, names: Any) -> dict[str, Array]:
        known = self.tensors | {"y": self.y}
        return {name: known[name].numpy() for name in names if name in known}

    @property
    def lines(self) -> tuple[Line, ...]:
        (operation,) = self.model.operations
        assert not operation.opaque, operation.opaque
        return tuple(line for line in operation.lines if line.exact and line.output == "y")

    def arrays(self, line: Line, sample: int) -> dict[str, Array]:
        arrays: dict[str, Array] = dict(line.constants)
        for name, tensor in line.inputs:
            given_ = self.values.inputs(line, tensor)
            assert given_ is not None
            arrays[name] = part(given_[0], line.shape(name), sample)
        if line.weight:
            weights = self.values.weights(line)
            assert weights is not None
            arrays[line.weight] = weights
        return arrays


def _names(operation: Any) -> list[str]:
    return [one.name for one in operation._schema.arguments]


def _called(operation: Any) -> dict[str, str]:
    """What the operation calls our weight and bias, where it has other names for them."""
    names = _names(operation)
    if "mat2" in names:
        return {"weight": "mat2", "bias": "self"}
    return {"weight": "other"} if "other" in names else {}


def _plain(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def part(array: Array, shape: tuple[int, ...], sample: int) -> Array:
    at = tuple(slice(sample * size, (sample + 1) * size) if size < whole else slice(0, whole)
               for size, whole in zip(shape, array.shape, strict=True))  # fmt: skip
    return array[at]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_kind_is_what_pytorch_computes(kind: Any) -> None:
    @settings(laws, max_examples=laws.max_examples if kind in WEIGHTED or laws.max_examples > 200 else 50)
    @given(st.data())
    def law(data: st.DataObject) -> None:
        target, given_ = kind(data.draw)
        called = Called(target, given_)
        lines = called.lines
        y, samples = called.y.numpy(), called.model.batch if called.model.tensors["y"].batch is not None else 1
        delta = np.random.default_rng(0).standard_normal(y.shape)
        gradients: dict[str, Array] = {}
        place = tuple(data.draw(st.integers(0, size - 1)) for size in lines[0].shape("y")) if y.size else None
        for sample in range(samples):
            total = 0.0
            for line in lines:
                relation, arrays = relation_of(called, line, sample), called.arrays(line, sample)
                total = total + line.scale * evaluate(relation, arrays)
                if line.weight and relation.everything.total:
                    _fix_weights(called, line, relation, arrays, part(delta, relation.shapes[0], sample), gradients)
            np.testing.assert_allclose(total, part(y, np.shape(total), sample), 1e-5, 1e-5, err_msg=target)
            if place is not None:
                _fix_neuron(called, lines, place, sample, part(y, np.shape(total), sample)[place])
        _compare(called, delta, gradients)

    law()


def relation_of(called: Called, line: Line, sample: int) -> Any:
    if not line.depends:
        return line.relation
    ids = part(called.tensors["indices"].numpy(), line.shape("y")[:-1], sample)
    from isochrome.core.relation import relation

    return relation(line.formula, dict(line.shapes), {"ids": ids}, frozenset())


def _fix_neuron(called: Called, lines: tuple[Line, ...], place: tuple[int, ...], sample: int, wanted: float) -> None:
    """The products of the taps of one neuron add up to it (or the largest of them is it)."""
    total, largest = 0.0, -np.inf
    for line in lines:
        taps = relation_of(called, line, sample).fix({0: place})
        if not taps.total:
            continue
        arrays = called.arrays(line, sample)
        products = np.prod(factor_values(taps, taps.places(0, taps.total), arrays), axis=0)
        total += line.scale * float(products.sum())
        largest = max(largest, float(products.max()))
    found = largest if lines[0].formula.reduce == "max" else total
    np.testing.assert_allclose(found, wanted, 1e-5, 1e-5)


def _fix_weights(called: Called, line: Line, relation: Any, arrays: Mapping[str, Array], delta: Array, gradients: dict[str, Array]) -> None:
    """Every weight's taps, each the product of what came in and of the gradient that came back."""
    number, taps = line.weight_number, relation.everything
    places = taps.places(0, taps.total)
    filled = {**arrays, line.weight: np.ones(relation.shapes[number])}
    terms = line.scale * np.prod(factor_values(taps, places, filled), axis=0) * delta[tuple(places[0].T)]
    total = gradients.setdefault(line.effective, np.zeros(relation.shapes[number]))
    np.add.at(total, tuple(places[number].T), terms)


def _compare(called: Called, delta: Array, gradients: Mapping[str, Array]) -> None:
    leaves = {key: value.detach().clone().requires_grad_(key in gradients) for key, value in called.tensors.items()}
    names = [key for key in gradients if key in leaves]
    if not names or not delta.size or any(not line.exact for one in called.model.operations for line in one.lines if line.weight):
        return
    actual = torch.autograd.grad((called.run(leaves) * torch.tensor(delta)).sum(), [leaves[name] for name in names])
    for name, wanted in zip(names, actual, strict=True):
        np.testing.assert_allclose(gradients[name], wanted.numpy(), 1e-5, 1e-5, err_msg=name)
