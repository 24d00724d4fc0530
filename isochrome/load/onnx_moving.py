"""How ONNX's operations without weights are read: pools, moves, reductions, and what works place by place.

Source of names, defaults and versions: the ONNX operator schemas up to opset 23.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from isochrome.errors import ModelError, shown
from isochrome.layers import Operation
from isochrome.load.onnx_call import Call
from isochrome.load.onnx_weighted import kind, window_of
from isochrome.load.value import Unknown

__all__ = [
    "arg_reduction", "block", "concat", "copied", "cumulative", "elementwise", "expanded", "flattened",
    "global_pool", "local_response", "mean_variance", "padded", "pool", "reduction", "reshaped", "resize", "sliced",
    "softmax", "split", "squeezed", "tiled", "top_k", "total", "transposed", "trilu", "unary", "unsqueeze",
]  # fmt: skip


def elementwise(call: Call) -> Operation:
    return kind("elementwise", xs=tuple(call.shape(at) for at in range(len(call.inputs)) if call.has(at)))


def copied(call: Call) -> Operation:
    made = kind("elementwise", xs=(call.shape(0),), scales=(1.0,))
    return Operation(made.kind, made.lines, made.outputs * max(len(call.outputs), 1))


def unary(call: Call) -> Operation:
    return kind("elementwise", xs=(call.shape(0),))


def pool(name: str, **extra: Callable[[Call], Any]) -> Callable[[Call], Operation]:
    def build(call: Call) -> Operation:
        kernel = call.must("kernel_shape", call.ints("kernel_shape"))
        more = {key: read(call) for key, read in extra.items()} | window_of(call)
        dilations, ceil = call.ints("dilations"), call.flag("ceil_mode")
        return kind(name, x=call.shape(0), kernel=kernel, dilations=dilations, ceil_mode=ceil, **more)

    return build


def global_pool(how: str) -> Callable[[Call], Operation]:
    return lambda call: kind("global pool", x=call.shape(0), how=how)


def resize(call: Call) -> Operation:
    if call.op == "Upsample":
        scales = call.numbers(1) if call.has(1) else call.floats("scales")
        mode, coordinates = call.text("mode", "nearest"), "asymmetric"
        if scales is None:
            raise Unknown("its scales depend on data")
        where = {"mode": mode, "coordinates": coordinates, "nearest": "floor"}
        return kind("resize", x=call.shape(0), scales=_floats(scales), **where)
    at = (1, None) if call.opset < 11 else (2, 3)
    scales = _floats(call.numbers(at[0])) if call.has(at[0]) else None
    out = call.maybe_integers(at[1], "sizes") if at[1] else None
    if call.has(at[0]) and scales is None:
        raise Unknown("its scales depend on data")
    axes, rank = call.ints("axes"), len(call.shape(0))
    policy = call.text("keep_aspect_ratio_policy", "stretch")
    if policy != "stretch":
        raise Unknown(f"keep_aspect_ratio_policy {shown(policy)} has no formula here")
    if axes is not None:
        scales = _spread(scales, axes, tuple(1.0 for _ in range(rank))) if scales else None
        out = [int(n) for n in _spread(tuple(out), axes, call.shape(0))] if out else None
    default = "asymmetric" if call.opset < 11 else "half_pixel"
    return kind(
        "resize",
        x=call.shape(0),
        out=tuple(out) if out else None,
        scales=scales or None,
        mode=call.text("mode", "nearest"),
        coordinates=call.text("coordinate_transformation_mode", default),
        nearest=call.text("nearest_mode", "floor" if call.opset < 11 else "round_prefer_floor"),
        cubic_a=call.real("cubic_coeff_a", -0.75),
        exclude_outside=call.flag("exclude_outside"),
        antialias=call.flag("antialias"),
    )


def _floats(values: Any) -> tuple[float, ...] | None:
    return None if values is None else tuple(float(value) for value in np.asarray(values).reshape(-1))


def _spread(values: tuple[Any, ...], axes: tuple[int, ...], whole: tuple[Any, ...]) -> tuple[Any, ...]:
    """Numbers for some axes, as numbers for all."""
    out = list(whole)
    if len(values) != len(axes) or any(not -len(whole) <= axis < len(whole) for axis in axes):
        raise ModelError(f"attribute axes: must name {len(values)} of {len(whole)} axes; got {list(axes)}")
    for axis, value in zip(axes, values, strict=True):
        out[axis] = value
    return tuple(out)


def concat(call: Call) -> Operation:
    axis = call.must("axis", call.whole("axis", 1 if call.opset < 4 else None))
    return kind("concat", xs=tuple(call.shape(at) for at in range(len(call.inputs))), axis=axis)


def split(call: Call) -> Operation:
    sizes = call.maybe_integers(1, "sizes") if call.opset >= 13 else call.ints("split")
    parts = None if sizes else (call.whole("num_outputs") or len(call.outputs))
    whole = tuple(sizes) if sizes else None
    return kind("split", x=call.shape(0), axis=call.whole("axis", 0), sizes=whole, parts=parts)


def sliced(call: Call) -> Operation:
    if call.opset < 10:
        starts, ends, axes, steps = call.ints("starts"), call.ints("ends"), call.ints("axes"), None
    else:
        starts, ends = tuple(call.integers(1, "starts")), tuple(call.integers(2, "ends"))
        found = [call.maybe_integers(at, "axes or steps") for at in (3, 4)]
        axes, steps = (None if one is None else tuple(one) for one in found)
    given = {"starts": call.must("starts", starts), "ends": call.must("ends", ends)}
    return kind("slice", x=call.shape(0), axes=axes, steps=steps, **given)


def padded(call: Call) -> Operation:
    mode = call.text("mode", "constant")
    if call.opset < 11:
        name = "pads" if call.opset >= 2 else "paddings"
        pads, axes, value = call.must(name, call.ints(name)), None, call.real("value", 0.0)
    else:
        pads = tuple(call.integers(1, "pads"))
        found = call.maybe_integers(3, "axes")
        axes = None if found is None else tuple(found)
        number = call.numbers(2) if call.has(2) else np.zeros(1)
        value = None if number is None or not number.size else float(number.reshape(-1)[0])
    return kind("pad", x=call.shape(0), pads=pads, mode=mode, axes=axes, value=value)


def _axes(call: Call) -> tuple[int, ...] | None:
    found = call.maybe_integers(1, "axes") if call.has(1) else call.ints("axes")
    return None if found is None else tuple(found)


def unsqueeze(call: Call) -> Operation:
    return kind("unsqueeze", x=call.shape(0), axes=call.must("axes", _axes(call)))


def reshaped(call: Call) -> Operation:
    shape = call.must("shape", call.ints("shape")) if call.opset < 5 else tuple(call.integers(1, "sizes"))
    return kind("reshape", x=call.shape(0), shape=shape, allow_zero=call.flag("allowzero"))


def transposed(call: Call) -> Operation:
    return kind("transpose", x=call.shape(0), perm=call.ints("perm"))


def flattened(call: Call) -> Operation:
    return kind("flatten", x=call.shape(0), axis=call.whole("axis", 1))


def squeezed(call: Call) -> Operation:
    return kind("squeeze", x=call.shape(0), axes=_axes(call))


def tiled(call: Call) -> Operation:
    return kind("tile", x=call.shape(0), repeats=tuple(call.integers(1, "repeats")))


def mean_variance(call: Call) -> Operation:
    return kind("softmax", x=call.shape(0), axes=call.ints("axes", (0, 2, 3)))


def local_response(call: Call) -> Operation:
    return kind("local response", x=call.shape(0), size=call.must("size", call.whole("size")))


def total(call: Call) -> Operation:
    shapes = tuple(call.shape(at) for at in range(len(call.inputs)))
    return kind("elementwise", xs=shapes, scales=(1.0,) * len(shapes))


def softmax(call: Call) -> Operation:
    x = call.shape(0)
    if call.opset >= 13 or call.op == "LpNormalization":
        return kind("softmax", x=x, axes=(call.whole("axis", -1),))
    axis = call.whole("axis", 1) % max(len(x), 1)
    return kind("softmax", x=x, axes=tuple(range(axis, len(x))))


def reduction(how: str) -> Callable[[Call], Operation]:
    def build(call: Call) -> Operation:
        axes = _axes(call)
        if not axes and call.flag("noop_with_empty_axes"):
            return kind("elementwise", xs=(call.shape(0),), scales=(1.0,))
        return kind("reduce", x=call.shape(0), axes=axes or None, keep=call.flag("keepdims", True), how=how)

    return build


def arg_reduction(call: Call) -> Operation:
    keep = call.flag("keepdims", True)
    return kind("reduce", x=call.shape(0), axes=(call.whole("axis", 0),), keep=keep, how=call.op)


def cumulative(call: Call) -> Operation:
    axis, exclusive, reverse = call.integer(1, "axis"), call.flag("exclusive"), call.flag("reverse")
    made = kind("cumulative", x=call.shape(0), axis=axis, exclusive=exclusive, reverse=reverse)
    if call.op == "CumSum":
        return made
    return replace(made, lines=tuple(replace(line, exact=False) for line in made.lines))


def top_k(call: Call) -> Operation:
    count = call.integer(1, "k") if call.opset >= 10 else call.must("k", call.whole("k"))
    outputs = max(len(call.outputs), 1)
    return kind("select", x=call.shape(0), axis=call.whole("axis", -1), count=count, outputs=outputs)


def block(name: str) -> Callable[[Call], Operation]:
    def build(call: Call) -> Operation:
        more = {"mode": call.text("mode", "DCR")} if name == "depth to space" else {}
        return kind(name, x=call.shape(0), block=call.must("blocksize", call.whole("blocksize")), **more)

    return build


def trilu(call: Call) -> Operation:
    k = call.integer(1, "k") if call.has(1) else 0
    return kind("triangle", x=call.shape(0), upper=call.flag("upper", True), k=k)


def expanded(call: Call) -> Operation:
    return kind("expand", x=call.shape(0), shape=tuple(call.integers(1, "sizes")))
