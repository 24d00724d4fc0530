"""Operations that mix values, and einsum: values and reach against onnxruntime."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st

from isochrome.layers.einsum import einsum
from isochrome.layers.mix import (
    attention_mixing,
    cumulative,
    elementwise,
    local_response,
    opaque,
    reduce,
    select,
    softmax,
)
from tests.layers.brute import close, depends, laws, numbers, reaches, run, texts, value

seeds = st.integers(0, 99)
shapes = st.lists(st.integers(1, 3), min_size=1, max_size=4)


@st.composite
def stretching(draw: st.DrawFn) -> list[tuple[int, ...]]:
    whole = draw(st.lists(st.integers(1, 3), max_size=6))
    return [
        tuple(1 if draw(st.booleans()) else size for size in whole[draw(st.integers(0, len(whole))) :])
        for _ in range(draw(st.integers(1, 3)))
    ]


@laws
@given(stretching(), seeds)
def test_elementwise(xs: list[tuple[int, ...]], seed: int) -> None:
    arrays = [numbers(seed + number, *shape) for number, shape in enumerate(xs)]
    made = elementwise(xs=xs, scales=[1.0] * len(xs))
    [wanted] = run("Sum", arrays)
    assert made.outputs == (wanted.shape,)
    close(value(made, dict(zip(("x", "x2", "x3"), arrays, strict=False))), wanted)
    loose = elementwise(xs=xs)
    assert texts(loose) == texts(made)
    assert not any(line.exact for line in loose.lines)


@laws
@given(shapes, st.data(), st.sampled_from(["Softmax", "LogSoftmax", "LpNormalization", "MeanVarianceNormalization"]))
def test_softmax_reaches_what_changes(shape: list[int], data: st.DataObject, kind: str) -> None:
    axes = [data.draw(st.integers(-len(shape), len(shape) - 1))]
    if kind == "MeanVarianceNormalization":
        axes = data.draw(st.lists(st.integers(0, len(shape) - 1), min_size=1, unique=True))
    size = np.prod([shape[axis] for axis in axes])
    assume(size > 2)  # one number normalises to a constant, two to plus and minus one
    attributes: dict[str, Any] = {"axes": axes} if kind == "MeanVarianceNormalization" else {"axis": axes[0]}
    made = softmax(x=tuple(shape), axes=axes)
    assert made.outputs == (tuple(shape),)
    found = depends(lambda x: run(kind, [x], **attributes)[0], tuple(shape))
    assert np.array_equal(reaches(made), found)


KINDS = {"sum": "ReduceSum", "mean": "ReduceMean", "max": "ReduceMax", "min": "ReduceMin", "l2": "ReduceL2"}


@laws
@given(shapes, st.data(), st.booleans(), st.sampled_from(sorted(KINDS)), seeds)
def test_reduce(shape: list[int], data: st.DataObject, keep: bool, how: str, seed: int) -> None:
    axes = data.draw(st.one_of(st.none(), st.lists(st.integers(0, len(shape) - 1), unique=True, min_size=1)))
    x = numbers(seed, *shape)
    made = reduce(x=x.shape, axes=axes, keep=keep, how=how)
    inputs = [x] if axes is None else [x, np.array(axes, np.int64)]
    stored = () if axes is None else (1,)
    [wanted] = run(KINDS[how], inputs, keepdims=int(keep), stored=stored)
    assert made.outputs == (wanted.shape,)
    if how in ("sum", "mean", "max"):
        close(value(made, {"x": x}), wanted)
    else:
        assert not made.lines[0].exact
        total = reduce(x=x.shape, axes=axes, keep=keep)
        assert np.array_equal(reaches(made), reaches(total))


@laws
@given(shapes, st.data(), st.booleans(), st.booleans(), seeds)
def test_cumulative(shape: list[int], data: st.DataObject, exclusive: bool, reverse: bool, seed: int) -> None:
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    x = numbers(seed, *shape)
    made = cumulative(x=x.shape, axis=axis, exclusive=exclusive, reverse=reverse)
    [wanted] = run("CumSum", [x, np.array(axis)], exclusive=int(exclusive), reverse=int(reverse), stored=(1,))
    close(value(made, {"x": x}), wanted)


@laws
@given(st.integers(1, 7), st.integers(1, 4), st.integers(1, 2))
def test_local_response(channels: int, half: int, width: int) -> None:
    shape, size = (1, channels, width, 1), 2 * half - 1
    made = local_response(x=shape, size=size)
    found = depends(lambda x: run("LRN", [x * 3], size=size, alpha=1.0, bias=0.1)[0], shape, 1e-5)
    assert np.array_equal(reaches(made), found)


@laws
@given(shapes, st.data())
def test_select(shape: list[int], data: st.DataObject) -> None:
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    count = data.draw(st.integers(1, shape[axis]))
    x = numbers(1, *shape)
    made = select(x=x.shape, axis=axis, count=count)
    wanted = run("TopK", [x, np.array([count])], 2, axis=axis, stored=(1,))
    assert made.outputs == tuple(array.shape for array in wanted)
    assert all(line.depends and not line.exact for line in made.lines)
    lines = np.moveaxis(np.arange(x.size).reshape(shape), axis, -1).reshape(-1, shape[axis])
    belongs = np.empty(x.size, int)
    belongs[lines] = np.arange(len(lines))[:, None]
    outer = np.take(belongs.reshape(shape), range(count), axis).ravel()
    assert np.array_equal(reaches(made), outer[:, None] == belongs)
    assert np.array_equal(reaches(made, output="y2"), reaches(made))


@laws
@given(stretching(), st.integers(1, 3), st.integers(1, 3), st.integers(1, 3), st.integers(0, 5), seeds)
def test_attention_mixing(outer: list[tuple[int, ...]], m: int, i: int, n: int, flat: int, seed: int) -> None:
    a = (i,) if flat == 1 else (*outer[0][-3:], m, i)
    b = (i,) if flat == 2 else (*outer[-1][-3:], i, n)
    left, right = numbers(seed, *a), numbers(seed + 1, *b)
    made = attention_mixing(a=a, b=b)
    [wanted] = run("MatMul", [left, right])
    assert made.outputs == (wanted.shape,)
    close(value(made, {"a": left, "b": right}), wanted)


EQUATIONS: list[tuple[str, Callable[..., list[tuple[int, ...]]]]] = [
    ("bti,oi->bto", lambda a, b, c, d: [(a, b, c), (d, c)]),
    ("bthd,hdo->bto", lambda a, b, c, d: [(a, b, c, d), (c, d, a)]),
    ("bhtd,bhsd->bhts", lambda a, b, c, d: [(a, b, c, d), (a, b, d, d)]),
    ("...ij,...jk->...ik", lambda a, b, c, d: [(d, a, b, c), (1, a, c, b)]),
    ("...ij,...jk", lambda a, b, c, d: [(1, b, c), (d, c, b)]),
    ("i,j->ji", lambda a, b, c, d: [(a,), (b,)]),
    ("ij,jk,kl->il", lambda a, b, c, d: [(a, b), (b, c), (c, d)]),
    ("ii->i", lambda a, b, c, d: [(a, a)]),
    ("ij->", lambda a, b, c, d: [(a, b)]),
    ("ba", lambda a, b, c, d: [(a, b)]),
    ("i...->...", lambda a, b, c, d: [(a, b, c)]),
    (" b t i , i o -> b t o ", lambda a, b, c, d: [(a, b, c), (c, d)]),
    ("xw,wy->xy", lambda a, b, c, d: [(a, b), (b, c)]),
    ("n...t,t->...n", lambda a, b, c, d: [(a, b, c, d), (d,)]),
]  # fmt: skip


@laws
@given(st.sampled_from(EQUATIONS), st.lists(st.integers(1, 3), min_size=4, max_size=4), st.data(), seeds)
def test_einsum(case: tuple[str, Any], sizes: list[int], data: st.DataObject, seed: int) -> None:
    equation, shapes_of = case
    shapes = shapes_of(*sizes)
    arrays = [numbers(seed + number, *shape) for number, shape in enumerate(shapes)]
    stored = data.draw(st.lists(st.integers(0, len(shapes) - 1), unique=True, max_size=1))
    [wanted] = run("Einsum", arrays, equation=equation)
    made = einsum(equation=equation, shapes=shapes, stored=stored)
    assert made.outputs == (wanted.shape,)
    close(value(made, dict(zip(("x", "x2", "x3"), arrays, strict=False))), wanted)
    close(wanted, np.einsum(equation.replace(" ", ""), *arrays))
    named = {operand: tensor for tensor, operand in made.lines[0].operands}
    assert all(named[("x", "x2", "x3")[number]] == "w" for number in stored)
    assert made.kind == ("einsum" if stored or len(shapes) == 1 else "attention mixing")


def test_einsum_with_ellipses_of_several_lengths() -> None:
    a, b = numbers(0, 3, 2, 4), numbers(1, 5, 1, 4, 2)
    made = einsum(equation="...ij,...jk->...ik", shapes=[a.shape, b.shape])
    close(value(made, {"x": a, "x2": b}), np.einsum("...ij,...jk->...ik", a, b))


def test_lines_read_as_the_documents_write_them() -> None:
    assert texts(einsum(equation="bhtd,bhsd->bhts", shapes=[(1, 8, 5, 4), (1, 8, 5, 4)])) == [
        "y[b, h, t, s] += q[b, h, t, d] * k[b, h, s, d]"
    ]
    assert texts(einsum(equation="...i,oi->...o", shapes=[(2, 7, 3), (5, 3)], stored=(1,))) == [
        "y[n, t, o] += w[o, i] * x[n, t, i]"
    ]
    assert texts(attention_mixing(a=(2, 8, 5, 4), b=(2, 8, 4, 5))) == ["y[n, h, t, s] += q[n, h, t, d] * k[n, h, d, s]"]
    assert texts(softmax(x=(2, 8, 5, 5), axes=(-1,))) == ["y[n, c, p, q] += x[n, c, p, i]"]


def test_an_even_neighbourhood_has_its_odd_channel_after() -> None:
    """As ONNX defines it; onnxruntime takes odd sizes alone."""
    assert texts(local_response(x=(1, 8, 5), size=4)) == ["y[n, c, p] += x[n, c + u - 1, p] where u < 4"]


def test_opaque_says_why() -> None:
    made = opaque(outputs=[(1, 2), (3,)], reason="it is a loop")
    assert (made.kind, made.lines, made.outputs, made.opaque) == ("opaque", (), ((1, 2), (3,)), "it is a loop")
