"""Linear kinds, bias, scale and embedding: the lines against onnxruntime."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from isochrome.layers.embedding import embedding
from isochrome.layers.linear import bias, gemm, matmul, scale
from tests.layers.brute import close, laws, numbers, run, texts, value

small = st.integers(1, 4)
seeds = st.integers(0, 99)


@laws
@given(small, small, small, st.booleans(), st.booleans(), st.sampled_from(["", "s", "n", "1", "mn", "m1", "1n"]),
       st.sampled_from(["a", "b", "c", "bc", "ac", ""]), seeds)  # fmt: skip
def test_gemm(m: int, i: int, n: int, first: bool, second: bool, third: str, stored: str, seed: int) -> None:
    a, b = numbers(seed, *((i, m) if first else (m, i))), numbers(seed + 1, *((n, i) if second else (i, n)))
    size = {"m": m, "n": n, "1": 1}
    c = None if not third else numbers(seed + 2, *(() if third == "s" else [size[letter] for letter in third]))
    made = gemm(a=a.shape, b=b.shape, c=None if c is None else c.shape, transpose_a=first, transpose_b=second,
                alpha=0.5, beta=-2.0, stored=tuple(stored))  # fmt: skip
    [wanted] = run("Gemm", [a, b, c], transA=int(first), transB=int(second), alpha=0.5, beta=-2.0)
    close(value(made, {"a": a, "b": b, "c": c}), wanted)
    assert made.outputs == (wanted.shape,)
    assert made.kind == ("linear" if "a" in stored or "b" in stored else "attention mixing")
    named = {operand: tensor for line in made.lines for tensor, operand in line.operands}
    if made.kind == "linear":
        assert named["b" if "b" in stored else "a"] == "w"
        assert named["a" if "b" in stored else "b"] == "x"
    assert c is None or named["c"] == ("b" if "c" in stored else "x")


def broadcasting(draw: st.DrawFn, least: int = 0, most: int = 3) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Two shapes that stretch to one another."""
    whole = draw(st.lists(st.integers(1, 3), min_size=least, max_size=most))

    def cut() -> tuple[int, ...]:
        return tuple(1 if draw(st.booleans()) and draw(st.booleans()) else size
                     for size in whole[draw(st.integers(0, len(whole) - least)) :])  # fmt: skip

    return cut(), cut()


@laws
@given(st.data(), small, small, small, st.sampled_from("ab"), seeds)
def test_matmul(data: st.DataObject, m: int, i: int, n: int, stored: str, seed: int) -> None:
    first, second = data.draw(st.composite(broadcasting)())
    a, b = (*first, m, i), (*second, i, n)
    if data.draw(st.integers(0, 4)) == 0:
        a = (i,)
    if data.draw(st.integers(0, 4)) == 0:
        b = (i,)
    left, right = numbers(seed, *a), numbers(seed + 1, *b)
    made = matmul(a=a, b=b, stored=stored)
    wanted = np.matmul(left, right)
    close(run("MatMul", [left, right])[0], wanted)
    close(value(made, {"a": left, "b": right}), wanted)
    assert made.outputs == (wanted.shape,)
    assert ("w", stored) in made.lines[0].operands


@laws
@given(st.data(), st.sampled_from(["add", "left", "right"]), seeds)
def test_bias(data: st.DataObject, form: str, seed: int) -> None:
    x, b = (numbers(seed + k, *shape) for k, shape in enumerate(data.draw(st.composite(broadcasting)(most=6))))
    signs = {"add": (1.0, 1.0), "left": (1.0, -1.0), "right": (-1.0, 1.0)}[form]
    made = bias(x=x.shape, b=b.shape, x_scale=signs[0], b_scale=signs[1])
    [wanted] = run("Add" if form == "add" else "Sub", [b, x] if form == "right" else [x, b])
    close(value(made, {"x": x, "b": b}), wanted)
    assert made.outputs == (wanted.shape,)
    assert [line.operands for line in made.lines] == [(("b", "b"),), (("x", "x"),)]


@laws
@given(st.data(), st.sampled_from(["product", "quotient", "reciprocal"]), seeds)
def test_scale(data: st.DataObject, form: str, seed: int) -> None:
    x, w = (numbers(seed + k, *shape) for k, shape in enumerate(data.draw(st.composite(broadcasting)(most=6))))
    made = scale(x=x.shape, w=w.shape, form=form)
    [wanted] = run("Mul" if form == "product" else "Div", [w, x] if form == "reciprocal" else [x, w])
    assert made.outputs == (wanted.shape,)
    assert made.lines[0].exact == (form != "quotient")
    if form == "quotient":
        return
    close(value(made, {"x": 1 / x if made.lines[0].of == "reciprocal" else x, "w": w}), wanted)


@laws
@given(st.lists(small, min_size=1, max_size=4), st.lists(small, max_size=3), st.data(), seeds)
def test_embedding(shape: list[int], ids: list[int], data: st.DataObject, seed: int) -> None:
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    w = numbers(seed, *shape)
    table = np.random.default_rng(seed).integers(-shape[axis], shape[axis], ids)
    made = embedding(w=w.shape, ids=tuple(ids), table=table, axis=axis)
    [wanted] = run("Gather", [w, table], axis=axis)
    close(value(made, {"w": w}), wanted)
    assert made.outputs == (wanted.shape,)
    unknown = embedding(w=w.shape, ids=tuple(ids), axis=axis)
    assert unknown.outputs == made.outputs
    assert unknown.lines[0].depends == "the ids are data"


def test_lines_read_as_the_documents_write_them() -> None:
    def read(made: Any) -> list[str]:
        return texts(made)

    assert read(gemm(a=(8, 3), b=(3, 5))) == ["y[n, o] += w[i, o] * x[n, i]"]
    assert read(gemm(a=(5, 3), b=(3, 8), stored="a")) == ["y[o, n] += w[o, i] * x[i, n]"]
    assert read(matmul(a=(2, 7, 3), b=(3, 5))) == ["y[n, t, o] += w[i, o] * x[n, t, i]"]
    assert read(matmul(a=(2, 7, 4, 3), b=(3, 5))) == ["y[n, t, p, o] += w[i, o] * x[n, t, p, i]"]
    assert read(matmul(a=(6, 2, 3), b=(6, 3, 5))) == ["y[n, t, o] += w[n, i, o] * x[n, t, i]"]
    assert read(matmul(a=(6, 2, 3), b=(1, 3, 5))) == ["y[n, t, o] += w[0, i, o] * x[n, t, i]"]
    assert read(bias(x=(2, 7, 5), b=(5,))) == ["y[n, t, o] += b[o]", "y[n, t, o] += x[n, t, o]"]
    assert read(bias(x=(2, 6, 7), b=(6, 1))) == ["y[n, m, p] += b[m, 0]", "y[n, m, p] += x[n, m, p]"]
    assert read(bias(x=(2, 1, 5), b=(7, 5))) == ["y[n, t, o] += b[t, o]", "y[n, t, o] += x[n, 0, o]"]
    assert read(bias(x=(2, 4, 7, 5), b=(5,))) == ["y[n, t, p, o] += b[o]", "y[n, t, p, o] += x[n, t, p, o]"]
    assert read(scale(x=(2, 6, 7, 7), w=(1, 6, 1, 1))) == ["y[n, c, p, q] += w[0, c, 0, 0] * x[n, c, p, q]"]
    assert read(embedding(w=(10, 4), ids=(2, 7))) == ["y[n, t, e] += w[ids[n, t], e]"]
