"""How ATen's operations with windows and borders are read: pools, resizing, padding, columns.

Source of names and defaults: ``aten/src/ATen/native/native_functions.yaml`` of PyTorch 2.13.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

from isochrome.core.sizes import Shape
from isochrome.errors import shown
from isochrome.layers import Operation
from isochrome.layers.reshape import strides as row_strides
from isochrome.load.aten_call import Call
from isochrome.load.aten_moving import axis_of, twice
from isochrome.load.aten_weighted import kind
from isochrome.load.value import Unknown

__all__ = [
    "adaptive_pool", "average_pool", "border_of", "columns", "from_columns", "max_pool", "padded", "resized",
    "strided_in", "windows",
]  # fmt: skip


def max_pool(rank: int) -> Callable[[Call], Operation]:
    def build(call: Call) -> Operation:
        kernel = call.ints("kernel_size", rank)
        pads = call.ints("padding", rank, (0,))
        return kind("max pool", x=call.shape("self"), kernel=kernel, strides=call.ints("stride", rank, kernel),
                    dilations=call.ints("dilation", rank, (1,)), pads=(*pads, *pads),
                    ceil_mode=call.flag("ceil_mode"), outputs=len(call.outputs))  # fmt: skip

    return build


def average_pool(rank: int) -> Callable[[Call], Operation]:
    def build(call: Call) -> Operation:
        kernel = call.ints("kernel_size", rank)
        pads = call.ints("padding", rank, (0,))
        divisor = call.whole("divisor_override") if call.has("divisor_override") else None
        return kind("average pool", x=call.shape("self"), kernel=kernel, strides=call.ints("stride", rank, kernel),
                    pads=(*pads, *pads), ceil_mode=call.flag("ceil_mode"),
                    count_include_pad=call.flag("count_include_pad", True), divisor=divisor)  # fmt: skip

    return build


def adaptive_pool(rank: int, how: str) -> Callable[[Call], Operation]:
    def build(call: Call) -> Operation:
        made = kind("adaptive pool", x=call.shape("self"), out=call.out()[-rank:], how=how)
        return twice(made, len(call.outputs))

    return build


def resized(mode: str, rank: int) -> Callable[[Call], Operation]:
    """``upsample_*``: the sizes are the output's, the scales are those that were asked for."""

    def build(call: Call) -> Operation:
        x, out = _input(call), call.out()
        if call.op.endswith("_aa"):
            raise Unknown("a resize with antialiasing has no formula here")
        scales = [_scale(call, axis, rank) for axis in range(rank)]
        steps = [to / size if scale is None else scale for size, to, scale in zip(x[2:], out[2:], scales, strict=True)]
        where = {
            "nearest": ("nearest", "asymmetric", "floor"),
            "exact": ("nearest", "half_pixel", "round_prefer_ceil"),
            "linear": ("linear", "half_pixel", "floor"),
            "cubic": ("cubic", "half_pixel", "floor"),
        }[mode]
        corners = "align_corners" if call.flag("align_corners") else where[1]
        return kind("resize", x=x, out=out, scales=(1.0, 1.0, *steps), mode=where[0], coordinates=corners,
                    nearest=where[2], cubic_a=-0.75)  # fmt: skip

    return build


def _input(call: Call) -> Shape:
    return call.shape("input" if call.maybe("input") is not None else "self")


def _scale(call: Call, axis: int, rank: int) -> float | None:
    factors = call.arguments.get("scale_factors")
    if isinstance(factors, tuple):
        return float(factors[axis])
    names = {1: ("scales",), 2: ("scales_h", "scales_w"), 3: ("scales_d", "scales_h", "scales_w")}[rank]
    return call.real(names[axis]) or None


def windows(call: Call) -> Operation:
    axis = axis_of(call, "dimension")
    return kind("windows", x=call.shape("self"), axis=axis, size=call.whole("size"), step=call.whole("step"))


def _sliding(call: Call) -> dict[str, Any]:
    pads = call.ints("padding", 2)
    return {
        "kernel": call.ints("kernel_size", 2),
        "strides": call.ints("stride", 2),
        "dilations": call.ints("dilation", 2),
        "pads": (*pads, *pads),
    }


def columns(call: Call) -> Operation:
    return kind("columns", x=call.shape("self"), **_sliding(call))


def from_columns(call: Call) -> Operation:
    return kind("from columns", x=call.shape("self"), out=call.ints("output_size", 2), **_sliding(call))


def strided_in(call: Call, shape: Shape, strides: Shape, start: int) -> Operation:
    """Elements by strides over memory, of a tensor that lies there in order from a place on."""
    if tuple(strides) != row_strides(shape) and prod(shape) > 1:
        raise Unknown("it reads by strides what does not lie in memory in order")
    steps = call.ints("stride")
    offset = call.whole("storage_offset", start) - start
    return kind("strided", x=(prod(shape),), shape=call.ints("size"), strides=steps, offset=offset)


def border_of(call: Call) -> str:
    """What a pad reads beyond the border: ``constant``, ``reflect``, ``replicate`` or ``circular``."""
    named = {"reflection": "reflect", "replication": "replicate", "_pad_circular": "circular"}
    return next((way for name, way in named.items() if name in call.op), call.text("mode", "constant"))


def padded(call: Call) -> Operation:
    """PyTorch lists the padding from the last axis on, each with what stands before it and after it."""
    x = call.shape("self")
    amounts = call.ints("pad" if call.has("pad") else "padding")
    axes = [len(x) - 1 - at for at in range(len(amounts) // 2)]
    mode = {"constant": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}.get(border_of(call))
    if mode is None:
        raise Unknown(f"padding of the mode {shown(border_of(call), 40)} has no formula here")
    value = call.real("value", 0.0)
    return kind("pad", x=x, pads=(*amounts[::2], *amounts[1::2]), axes=axes, mode=mode, value=value)
