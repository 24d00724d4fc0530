"""Convolutions, transposed or not: the lines against onnxruntime, and every attribute that can be wrong."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from isochrome.layers.conv import conv, conv_transpose
from tests.layers.brute import close, laws, numbers, run, value


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
