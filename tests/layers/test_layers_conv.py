"""Convolutions, transposed or not: the lines against onnxruntime, and every attribute that can be wrong."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isochrome.layers.conv import conv, conv_transpose
from isochrome.layers.window import same_pads, transpose_pads
from tests.layers.brute import close, laws, numbers, run, texts, value


@st.composite
def windows(draw: st.DrawFn, transposed: bool = False) -> dict[str, Any]:
    rank = draw(st.integers(1, 3))

    def each(low: int, high: int) -> tuple[int, ...]:
        return tuple(draw(st.integers(low, high)) for _ in range(rank))

    most = 6 if rank < 3 else 4
    kernel = each(1, 3)
    auto = draw(st.sampled_from(["NOTSET", "NOTSET", "NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"]))
    strides, dilations = each(1, 3), each(1, 1 if auto.startswith("SAME") else 2)
    sizes = tuple(
        draw(st.integers(1 if transposed else (k - 1) * d + 1, max(most, (k - 1) * d + 1)))
        for k, d in zip(kernel, dilations, strict=True)
    )
    group, many, each_channel = draw(st.integers(1, 3)), draw(st.integers(1, 2)), draw(st.integers(1, 2))
    given_: dict[str, Any] = {"strides": strides, "dilations": dilations, "group": group, "auto_pad": auto}
    if auto == "NOTSET":
        given_["pads"] = each(0, 2) + each(0, 2)
    return {
        "sizes": sizes, "kernel": kernel, "batch": draw(st.integers(1, 2)), "many": many, "each": each_channel,
        "bias": draw(st.booleans()), "seed": draw(st.integers(0, 99)), "attributes": given_, "rank": rank,
    }  # fmt: skip


@laws
@given(windows())
def test_conv_is_what_onnxruntime_computes(case: dict[str, Any]) -> None:
    attributes, group = case["attributes"], case["attributes"]["group"]
    x = numbers(case["seed"], case["batch"], group * case["each"], *case["sizes"])
    w = numbers(case["seed"] + 1, group * case["many"], case["each"], *case["kernel"])
    b = numbers(case["seed"] + 2, group * case["many"]) if case["bias"] else None
    made = conv(x=x.shape, w=w.shape, b=None if b is None else b.shape, kernel=case["kernel"], **attributes)
    [wanted] = run("Conv", [x, w, b], **attributes)
    assert made.outputs == (wanted.shape,)
    close(value(made, {"x": x, "w": w, "b": b}), wanted)


@laws
@given(windows(transposed=True), st.data())
def test_transposed_conv_is_what_onnxruntime_computes(case: dict[str, Any], data: st.DataObject) -> None:
    attributes, group = case["attributes"], case["attributes"]["group"]
    attributes["output_padding"] = tuple(data.draw(st.integers(0, step - 1)) for step in attributes["strides"])
    spans = [(k - 1) * d + 1 for k, d in zip(case["kernel"], attributes["dilations"], strict=True)]
    full = [
        step * (size - 1) + span + extra
        for step, size, span, extra in zip(
            attributes["strides"], case["sizes"], spans, attributes["output_padding"], strict=True
        )
    ]
    if attributes["auto_pad"] == "NOTSET" and data.draw(st.booleans()):
        attributes["output_shape"] = tuple(data.draw(st.integers(1, size)) for size in full)
        del attributes["pads"]
    elif attributes["auto_pad"] == "NOTSET":
        pads, rank = attributes["pads"], case["rank"]
        if any(size - pads[axis] - pads[axis + rank] < 1 for axis, size in enumerate(full)):
            attributes["pads"] = (0,) * (2 * rank)
    x = numbers(case["seed"], case["batch"], group * case["each"], *case["sizes"])
    w = numbers(case["seed"] + 1, group * case["each"], case["many"], *case["kernel"])
    b = numbers(case["seed"] + 2, group * case["many"]) if case["bias"] else None
    made = conv_transpose(x=x.shape, w=w.shape, b=None if b is None else b.shape, **attributes)
    [wanted] = run("ConvTranspose", [x, w, b], **attributes)
    assert made.outputs == (wanted.shape,)
    close(value(made, {"x": x, "w": w, "b": b}), wanted)


def test_lines_are_no_longer_than_they_must_be() -> None:
    def read(group: int, many: int, each: int) -> str:
        return texts(conv(x=(1, group * each, 5), w=(group * many, each, 3), group=group))[0]

    assert read(1, 4, 3) == "y[n, m, p] += w[m, c, u] * x[n, c, p + u]"
    assert read(2, 4, 3) == "y[n, 4*g + m, p] += w[4*g + m, c, u] * x[n, 3*g + c, p + u] where g < 2, m < 4"
    assert read(4, 1, 1) == "y[n, g, p] += w[g, 0, u] * x[n, g, p + u]"
    assert read(4, 2, 1) == "y[n, 2*g + m, p] += w[2*g + m, 0, u] * x[n, g, p + u] where g < 4, m < 2"
    assert read(4, 1, 2) == "y[n, g, p] += w[g, c, u] * x[n, 2*g + c, p + u]"
    made = conv(x=(1, 3, 11, 11, 11), w=(8, 3, 3, 3, 3), b=(8,), strides=(2, 2, 2), dilations=(1, 2, 1), pads=(1,) * 6)
    assert texts(made) == [
        "y[n, m, p, q, r] += w[m, c, u, v, s] * x[n, c, 2*p + u - 1, 2*q + 2*v - 1, 2*r + s - 1]",
        "y[n, m, p, q, r] += b[m]",
    ]


def test_transposed_lines_are_no_longer_than_they_must_be() -> None:
    def read(group: int, many: int, each: int) -> str:
        return texts(conv_transpose(x=(1, group * each, 5), w=(group * each, many, 3), group=group, strides=(2,)))[0]

    assert read(1, 4, 3) == "y[n, m, 2*p + u] += w[c, m, u] * x[n, c, p]"
    assert read(2, 4, 3) == "y[n, 4*g + m, 2*p + u] += w[3*g + c, m, u] * x[n, 3*g + c, p] where g < 2, c < 3"
    assert read(4, 1, 1) == "y[n, g, 2*p + u] += w[g, 0, u] * x[n, g, p]"
    assert read(4, 2, 1) == "y[n, 2*g + m, 2*p + u] += w[g, m, u] * x[n, g, p]"
    assert read(4, 1, 2) == "y[n, g, 2*p + u] += w[2*g + c, 0, u] * x[n, 2*g + c, p] where g < 4, c < 2"


@pytest.mark.filterwarnings("ignore:Using padding='same'")
@laws
@given(st.integers(1, 9), st.integers(1, 5), st.integers(1, 3))
def test_same_padding_is_that_of_torch(size: int, kernel: int, dilation: int) -> None:
    """With dilation, which onnxruntime does not take together with SAME; torch puts the odd cell after the input."""
    import torch

    x, w = numbers(0, 1, 1, size), numbers(1, 1, 1, kernel)
    made = conv(x=x.shape, w=w.shape, dilations=(dilation,), auto_pad="SAME_UPPER")
    wanted = torch.nn.functional.conv1d(torch.from_numpy(x), torch.from_numpy(w), padding="same", dilation=dilation)
    close(value(made, {"x": x, "w": w}), wanted.numpy())
    assert (
        same_pads("SAME_LOWER", size, kernel, 1, dilation) == same_pads("SAME_UPPER", size, kernel, 1, dilation)[::-1]
    )


def test_padding_that_a_size_asks_for() -> None:
    assert same_pads("VALID", 7, 3, 2, 1) == (0, 0)
    assert same_pads("SAME_UPPER", 3, 1, 3, 1) == (0, 0)
    assert same_pads("SAME_UPPER", 3, 1, 3, 1, negative=True) == (-1, -1)
    assert same_pads("SAME_LOWER", 3, 1, 3, 1, negative=True) == (0, -2)
    assert transpose_pads("SAME_LOWER", 3, 4, 2, 1, 0, 5) == (2, 1)
    assert transpose_pads("NOTSET", 3, 4, 2, 1, 0, 9) == (0, 0)
