"""Normalisations and PReLU: the lines, with the input normalised by NumPy, against onnxruntime."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from isochrome.layers.norm import batch_norm, group_norm, instance_norm, layer_norm, prelu, rms_norm
from tests.layers.brute import Array, close, evaluate, laws, numbers, reaches, run, texts, value

EPSILON = 1e-5
images = st.lists(st.integers(1, 3), min_size=1, max_size=5)
seeds = st.integers(0, 99)


def normalised(x: Array, axes: tuple[int, ...]) -> Array:
    x = x.astype(np.float64)
    return np.asarray((x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, keepdims=True) + EPSILON))


@laws
@given(images, seeds)
def test_batch_norm(shape: list[int], seed: int) -> None:
    x, channels = numbers(seed, *shape), shape[1] if len(shape) > 1 else 1
    w, b, mean = (numbers(seed + k, channels) for k in (1, 2, 3))
    var = np.abs(numbers(seed + 4, channels)) + np.float32(0.1)
    made = batch_norm(x=x.shape, w=w.shape, b=b.shape, mean=mean.shape, var=var.shape)
    [wanted] = run("BatchNormalization", [x, w, b, mean, var], epsilon=EPSILON)
    column = (-1, *(1,) * (len(shape) - 2)) if len(shape) > 1 else ()
    inside = (x - mean.reshape(column)) / np.sqrt(var.reshape(column) + EPSILON)
    close(value(made, {"x": inside, "w": w, "b": b}), wanted)
    assert [line.of for line in made.lines] == ["normalised", ""]


@laws
@given(images, seeds)
def test_batch_norm_in_training(shape: list[int], seed: int) -> None:
    x, channels = numbers(seed, *shape), shape[1] if len(shape) > 1 else 1
    w, b, mean = (numbers(seed + k, channels) for k in (1, 2, 3))
    var = np.abs(numbers(seed + 4, channels))
    made = batch_norm(x=x.shape, w=w.shape, b=b.shape, mean=mean.shape, var=var.shape, training=True, outputs=3)
    wanted = run("BatchNormalization", [x, w, b, mean, var], outputs=3, epsilon=EPSILON, training_mode=1)
    close(value(made, {"x": normalised(x, (0, *range(2, len(shape)))), "w": w, "b": b}), wanted[0], 1e-3)
    assert made.outputs == tuple(array.shape for array in wanted)
    channel = np.indices(shape)[1].ravel() if len(shape) > 1 else np.zeros(x.size, int)
    assert np.array_equal(reaches(made), channel[:, None] == channel)
    assert np.array_equal(reaches(made, output="y2"), np.arange(channels)[:, None] == channel)


@laws
@given(st.lists(st.integers(1, 3), min_size=3, max_size=5), seeds)
def test_instance_norm(shape: list[int], seed: int) -> None:
    x, w, b = numbers(seed, *shape), numbers(seed + 1, shape[1]), numbers(seed + 2, shape[1])
    made = instance_norm(x=x.shape, w=w.shape, b=b.shape)
    [wanted] = run("InstanceNormalization", [x, w, b], epsilon=EPSILON)
    close(value(made, {"x": normalised(x, tuple(range(2, len(shape)))), "w": w, "b": b}), wanted, 1e-3)
    size = int(np.prod(shape[2:]))
    assert np.array_equal(reaches(made), np.kron(np.eye(shape[0] * shape[1]), np.ones((size, size))) > 0)


@laws
@given(st.integers(1, 3), st.integers(1, 3), st.lists(st.integers(1, 3), min_size=1, max_size=3),
       st.booleans(), st.booleans(), seeds)  # fmt: skip
def test_group_norm(groups: int, each: int, rest: list[int], w_by_group: bool, b_by_group: bool, seed: int) -> None:
    x = numbers(seed, 2, groups * each, *rest)
    w = numbers(seed + 1, groups if w_by_group else groups * each)
    b = numbers(seed + 2, groups if b_by_group else groups * each)
    made = group_norm(x=x.shape, groups=groups, w=w.shape, b=b.shape)
    by_channel = [np.repeat(array, each) if array.size == groups and each > 1 else array for array in (w, b)]
    [wanted] = run("GroupNormalization", [x, *by_channel], epsilon=EPSILON, num_groups=groups)
    inside = normalised(x.reshape(2, groups, -1), (2,)).reshape(x.shape)
    close(value(made, {"x": inside, "w": w, "b": b}), wanted, 1e-3)
    size = each * int(np.prod(rest))
    assert np.array_equal(reaches(made), np.kron(np.eye(2 * groups), np.ones((size, size))) > 0)


@laws
@given(st.lists(st.integers(1, 3), min_size=1, max_size=4), st.data(), st.booleans(), seeds)
def test_layer_norm(shape: list[int], data: st.DataObject, biased: bool, seed: int) -> None:
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    first = axis % len(shape)
    x, w, b = numbers(seed, *shape), numbers(seed + 1, *shape[first:]), numbers(seed + 2, *shape[first:])
    made = layer_norm(x=x.shape, w=w.shape, b=b.shape if biased else None, axis=axis, outputs=3)
    wanted = run("LayerNormalization", [x, w, b] if biased else [x, w], outputs=3, axis=axis, epsilon=EPSILON)
    close(value(made, {"x": normalised(x, tuple(range(first, len(shape)))), "w": w, "b": b}), wanted[0], 1e-3)
    assert made.outputs == tuple(array.shape for array in wanted)
    outer, inner = int(np.prod(shape[:first])), int(np.prod(shape[first:]))
    block = np.kron(np.eye(outer), np.ones((inner, inner))) > 0
    assert np.array_equal(reaches(made), block)
    assert np.array_equal(reaches(made, output="y2"), block[::inner])


@laws
@given(st.lists(st.integers(1, 3), min_size=1, max_size=4), st.data(), seeds)
def test_rms_norm(shape: list[int], data: st.DataObject, seed: int) -> None:
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    first = axis % len(shape)
    x, w = numbers(seed, *shape), numbers(seed + 1, *shape[first:])
    made = rms_norm(x=x.shape, w=w.shape, axis=axis)
    [wanted] = run("RMSNormalization", [x, w], opset=23, axis=axis, epsilon=EPSILON)
    root = np.sqrt((x.astype(np.float64) ** 2).mean(tuple(range(first, len(shape))), keepdims=True) + EPSILON)
    close(value(made, {"x": x / root, "w": w}), wanted)


def test_without_a_stored_scale_the_normalised_input_passes() -> None:
    made = layer_norm(x=(2, 3))
    assert texts(made) == ["y[n, e] += x[n, e]", "y[n, e] += x[n, i]"]
    x = numbers(1, 2, 3)
    close(value(made, {"x": x}), x)
    assert [(line.of, line.exact) for line in made.lines] == [("normalised", True), ("", False)]


@laws
@given(st.lists(st.integers(1, 3), min_size=1, max_size=4), st.data(), seeds)
def test_prelu(shape: list[int], data: st.DataObject, seed: int) -> None:
    kept: list[int] = shape[data.draw(st.integers(0, len(shape))) :]
    slope = numbers(seed + 1, *(size if data.draw(st.booleans()) else 1 for size in kept))
    x = numbers(seed, *shape)
    made = prelu(x=x.shape, slope=slope.shape)
    [wanted] = run("PRelu", [x, slope])
    parts: dict[str, Any] = {"negative part": np.minimum(x, 0), "positive part": np.maximum(x, 0)}
    close(np.asarray(sum(evaluate(line, {"x": parts[line.of], "slope": slope}) for line in made.lines)), wanted)
