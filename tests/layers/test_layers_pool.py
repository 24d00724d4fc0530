"""Pooling and resizing: the lines against onnxruntime, and against torch where ONNX has no such operation."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st

from isochrome.layers.pool import adaptive_pool, average_pool, global_pool, lp_pool, max_pool
from isochrome.layers.resize import resize
from tests.layers.brute import Array, close, evaluate, laws, numbers, reaches, run, texts, value

seeds = st.integers(0, 99)


@st.composite
def windows(draw: st.DrawFn) -> tuple[Array, dict[str, Any]]:
    rank = draw(st.integers(1, 3))

    def each(low: int, high: int) -> tuple[int, ...]:
        return tuple(draw(st.integers(low, high)) for _ in range(rank))

    auto = draw(st.sampled_from(["NOTSET", "NOTSET", "NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"]))
    kernel, dilations = each(1, 3), each(1, 1 if auto.startswith("SAME") else 2)
    spans = [(taps - 1) * gap + 1 for taps, gap in zip(kernel, dilations, strict=True)]
    sizes = [draw(st.integers(span, span + (5 if rank == 1 else 3))) for span in spans]
    attributes: dict[str, Any] = {
        "strides": each(1, 3), "dilations": dilations, "auto_pad": auto, "ceil_mode": draw(st.integers(0, 1)),
    }  # fmt: skip
    if auto == "NOTSET":
        attributes["pads"] = tuple(draw(st.integers(0, taps - 1)) for taps in kernel * 2)
    x = numbers(draw(seeds), draw(st.integers(1, 2)), draw(st.integers(1, 2)), *sizes)
    return x, {"kernel": kernel, **attributes}


def attributes_of(case: dict[str, Any]) -> dict[str, Any]:
    return {"kernel_shape" if name == "kernel" else name: value for name, value in case.items()}


@laws
@given(windows())
def test_max_pool(case: tuple[Array, dict[str, Any]]) -> None:
    x, window = case
    made = max_pool(x=x.shape, **window, outputs=2)
    wanted = run("MaxPool", [x], 2, **attributes_of(window))
    assert made.outputs == tuple(array.shape for array in wanted)
    close(value(made, {"x": x}), wanted[0])
    assert np.array_equal(reaches(made), reaches(made, output="y2"))


@laws
@given(windows(), st.booleans())
def test_average_pool(case: tuple[Array, dict[str, Any]], count_include_pad: bool) -> None:
    x, window = case
    made = average_pool(x=x.shape, **window, count_include_pad=count_include_pad)
    [wanted] = run("AveragePool", [x], opset=19, **attributes_of(window), count_include_pad=int(count_include_pad))
    assert made.outputs == (wanted.shape,)
    close(value(made, {"x": x}), wanted)


@laws
@given(windows(), st.sampled_from([1, 2, 3]))
def test_lp_pool(case: tuple[Array, dict[str, Any]], order: int) -> None:
    x, window = case
    made = lp_pool(x=x.shape, **window, order=order)
    [wanted] = run("LpPool", [x], opset=18, **attributes_of(window), p=order)
    assert made.outputs == (wanted.shape,)
    [line] = made.lines
    assert not line.exact
    close(evaluate(line, {"x": np.abs(x.astype(np.float64)) ** order}) ** (1 / order), wanted)


@laws
@given(st.lists(st.integers(1, 4), min_size=3, max_size=5), st.sampled_from(["average", "max", "lp"]), seeds)
def test_global_pool(shape: list[int], how: str, seed: int) -> None:
    x = numbers(seed, *shape)
    made = global_pool(x=x.shape, how=how)
    name = {"average": "GlobalAveragePool", "max": "GlobalMaxPool", "lp": "GlobalLpPool"}[how]
    [wanted] = run(name, [x])
    assert made.outputs == (wanted.shape,)
    if how == "lp":
        close(np.sqrt(evaluate(made.lines[0], {"x": x**2})), wanted)
    else:
        close(value(made, {"x": x}), wanted)


@laws
@given(st.data(), st.integers(1, 3), st.sampled_from(["average", "max"]), seeds)
def test_adaptive_pool(data: st.DataObject, rank: int, how: str, seed: int) -> None:
    import torch

    sizes = [data.draw(st.integers(1, 9 if rank == 1 else 5)) for _ in range(rank)]
    out = [data.draw(st.integers(1, 7 if rank == 1 else 5)) for _ in range(rank)]
    x = numbers(seed, 2, 2, *sizes)
    made = adaptive_pool(x=x.shape, out=out, how=how)
    function = getattr(torch.nn.functional, f"adaptive_{'avg' if how == 'average' else 'max'}_pool{rank}d")
    wanted = function(torch.from_numpy(x), out if rank > 1 else out[0]).numpy()
    assert made.outputs == (wanted.shape,)
    close(value(made, {"x": x}), wanted)


COORDINATES = ("half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners", "asymmetric")
ROUNDINGS = ("round_prefer_floor", "round_prefer_ceil", "floor", "ceil")


def resized(x: Array, arguments: dict[str, Any], extra: dict[str, Any]) -> tuple[Array, Array]:
    """What the lines say and what onnxruntime computes."""
    made = resize(x=x.shape, **arguments)
    scales, sizes = arguments.get("scales"), arguments.get("out")
    inputs = [x, None, None if scales is None else np.array(scales, np.float32),
              None if sizes is None else np.array(sizes, np.int64)]  # fmt: skip
    names = {"coordinates": "coordinate_transformation_mode", "nearest": "nearest_mode", "mode": "mode"}
    attributes = {names[name]: value for name, value in arguments.items() if name in names}
    [wanted] = run("Resize", inputs[: 3 if sizes is None else 4], opset=19, stored=(2,) if sizes is None else (3,),
                   **attributes, **extra)  # fmt: skip
    assert made.outputs == (wanted.shape,)
    return value(made, {"x": x}), wanted


def stretch(draw: st.DrawFn, fixed: int, free: int) -> tuple[list[int], dict[str, Any]]:
    shape = [draw(st.integers(1, 2)) for _ in range(fixed)] + [draw(st.integers(1, 5)) for _ in range(free)]
    if draw(st.booleans()):
        return shape, {"out": shape[:fixed] + [draw(st.integers(1, 8)) for _ in range(free)]}
    steps = [draw(st.sampled_from([0.5, 0.6, 0.75, 1.0, 1.2, 1.5, 2.0, 2.3, 3.0])) for _ in range(free)]
    assume(all(int(np.float32(size) * np.float32(step)) for size, step in zip(shape[fixed:], steps, strict=True)))
    return shape, {"scales": [1.0] * fixed + steps}


@laws
@given(st.data(), st.sampled_from(COORDINATES), st.sampled_from(ROUNDINGS), seeds)
def test_resize_nearest(data: st.DataObject, coordinates: str, nearest: str, seed: int) -> None:
    free = data.draw(st.integers(1, 4))
    shape, sizes = data.draw(st.composite(lambda draw: stretch(draw, 4 - free, free))())
    x = numbers(seed, *shape)
    found, wanted = resized(x, {**sizes, "coordinates": coordinates, "nearest": nearest, "mode": "nearest"}, {})
    close(found, wanted)


@laws
@given(st.data(), st.sampled_from(COORDINATES), st.integers(2, 3), seeds)
def test_resize_linear(data: st.DataObject, coordinates: str, free: int, seed: int) -> None:
    shape, sizes = data.draw(st.composite(lambda draw: stretch(draw, 2, free))())
    x = numbers(seed, *shape)
    found, wanted = resized(x, {**sizes, "coordinates": coordinates, "mode": "linear"}, {})
    close(found, wanted)


@laws
@given(st.data(), st.sampled_from(COORDINATES), st.booleans(), st.sampled_from([-0.75, -0.5]), seeds)
def test_resize_cubic(data: st.DataObject, coordinates: str, outside: bool, cubic_a: float, seed: int) -> None:
    shape, sizes = data.draw(st.composite(lambda draw: stretch(draw, 2, 2))())
    x = numbers(seed, *shape)
    made = resize(x=x.shape, **sizes, coordinates=coordinates, mode="cubic", cubic_a=cubic_a, exclude_outside=outside)
    inputs = [x, None, *([np.array(sizes["scales"], np.float32)] if "scales" in sizes
                         else [None, np.array(sizes["out"], np.int64)])]  # fmt: skip
    [wanted] = run("Resize", inputs, opset=19, stored=(len(inputs) - 1,), mode="cubic", cubic_coeff_a=cubic_a,
                   coordinate_transformation_mode=coordinates, exclude_outside=int(outside))  # fmt: skip
    close(value(made, {"x": x}), wanted, 1e-3)


@laws
@given(st.data(), seeds)
def test_upsample_of_old_models(data: st.DataObject, seed: int) -> None:
    shape = [data.draw(st.integers(1, 4)) for _ in range(4)]
    scales = [1.0, 1.0, *(data.draw(st.sampled_from([1.0, 1.5, 2.0, 3.0])) for _ in range(2))]
    x, mode = numbers(seed, *shape), data.draw(st.sampled_from(["nearest", "linear"]))
    made = resize(x=x.shape, scales=scales, mode=mode, coordinates="asymmetric", nearest="simple")
    [wanted] = run("Upsample", [x, np.array(scales, np.float32)], opset=9, stored=(1,), mode=mode)
    close(value(made, {"x": x}), wanted)


@laws
@given(st.data(), st.sampled_from(ROUNDINGS), seeds)
def test_resize_of_older_models(data: st.DataObject, nearest: str, seed: int) -> None:
    shape = [data.draw(st.integers(1, 4)) for _ in range(4)]
    scales = [data.draw(st.sampled_from([1.0, 1.5, 2.0, 2.3])) for _ in range(4)]
    x, rest = numbers(seed, *shape), (np.zeros(0, np.float32), np.array(scales, np.float32))
    made = resize(x=x.shape, scales=scales, coordinates="tf_half_pixel_for_nn", nearest=nearest)
    [wanted] = run("Resize", [x, *rest], opset=11, stored=(1, 2), nearest_mode=nearest,
                   coordinate_transformation_mode="tf_half_pixel_for_nn")  # fmt: skip
    close(value(made, {"x": x}), wanted)


def test_a_share_of_zero_is_no_tap() -> None:
    made = resize(x=(1, 1, 3, 1), scales=(1, 1, 2, 1), mode="linear", coordinates="asymmetric")
    assert texts(made) == ["y[n, c, p, q] += kp[p, u] * x[n, c, rows[p, u], q] where u < 2"]
    assert dict(made.lines[0].tables)["rows"].tolist() == [[0, -1], [0, 1], [1, -1], [1, 2], [2, -1], [2, -1]]
    assert dict(made.lines[0].constants)["kp"].tolist() == [[1, 0], [0.5, 0.5], [1, 0], [0.5, 0.5], [1, 0], [1, 0]]


def test_what_a_resize_cannot_say_is_opaque() -> None:
    made = resize(x=(1, 1, 4, 4), out=(1, 1, 2, 2), mode="linear", antialias=True)
    assert (made.kind, made.lines, made.outputs) == ("opaque", (), ((1, 1, 2, 2),))
    assert made.opaque == "a resize with antialiasing"
    made = resize(x=(1, 1, 4, 4), out=(1, 1, 2, 2), coordinates="tf_crop_and_resize")
    assert made.opaque == "a resize of a region that is data"


def test_pool_lines_read_as_the_documents_write_them() -> None:
    assert texts(max_pool(x=(1, 3, 8), kernel=(3,), strides=(2,), pads=(1, 1))) == [
        "y[n, c, p] max= x[n, c, 2*p + u - 1] where u < 3"
    ]
    [line] = average_pool(x=(1, 3, 8, 8), kernel=(2, 2), strides=(2, 2)).lines
    assert str(line.formula) == "y[n, c, p, q] += x[n, c, 2*p + u, 2*q + v] where u < 2, v < 2"
    assert (line.scale, line.constants) == (0.25, ())
    assert texts(average_pool(x=(1, 3, 8, 8), kernel=(3, 3), pads=(1, 1, 1, 1))) == [
        "y[n, c, p, q] += kp[p] * kq[q] * x[n, c, p + u - 1, q + v - 1] where u < 3, v < 3"
    ]
    assert texts(adaptive_pool(x=(1, 3, 7), out=(3,), how="max")) == [
        "y[n, c, p] max= x[n, c, columns[p, u]] where u < 3"
    ]
