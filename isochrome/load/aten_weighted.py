"""How ATen's operations with weights are read: arguments by the schema's names and defaults, into our kinds.

Source of names and defaults: ``aten/src/ATen/native/native_functions.yaml`` of PyTorch 2.13.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from isochrome.core.sizes import Shape
from isochrome.errors import ModelError
from isochrome.layers import KINDS, Operation
from isochrome.load.aten_call import Call
from isochrome.load.value import FLOATS, Unknown

__all__ = [
    "addmm", "batch_norm", "convolution", "einsum", "embedding", "group_norm", "instance_norm", "kind", "layer_norm",
    "linear", "matmul", "native_group_norm", "prelu", "product", "quotient", "rms_norm", "sum_or_bias", "weighs",
]  # fmt: skip


def kind(name: str, **arguments: Any) -> Operation:
    """An operation of one of our kinds."""
    return KINDS[name](**arguments)


def weighs(call: Call, name: str) -> bool:
    """Whether an argument is a stored tensor of the model's own: what the graph makes is a number, no weight."""
    value = call.maybe(name)
    return value is not None and value.origin is not None and value.kept and value.dtype in FLOATS


def _stored(call: Call, *names: str) -> tuple[str, ...]:
    return tuple(name for name in names if (value := call.maybe(name)) is not None and value.stored)


def convolution(transposed: bool = False) -> Callable[[Call], Operation]:
    """A convolution, or a transposed one; ``convolution`` itself says which it is."""

    def build(call: Call) -> Operation:
        x, w = call.shape("input"), call.shape("weight")
        rank, turned = len(w) - 2, call.flag("transposed", transposed)
        given: dict[str, Any] = {
            "x": x,
            "w": w,
            "b": call.maybe_shape("bias"),
            "strides": call.ints("stride", rank, (1,)),
            "dilations": call.ints("dilation", rank, (1,)),
            "group": call.whole("groups", 1),
        }
        begins, ends = _pads(call, w[2:], given["dilations"])
        extra, border = call.arguments.get("extra pads"), call.text("border", "zeros")
        if extra is not None and len(extra) != 2 * rank:
            raise ModelError(f"its input is padded along {len(extra) // 2} axes; its weight has {rank}")
        if extra is not None:
            begins = tuple(a + b for a, b in zip(begins, extra[:rank], strict=True))
            ends = tuple(a + b for a, b in zip(ends, extra[rank:], strict=True))
        if turned:
            extra_places = call.ints("output_padding", rank, (0,))
            return kind("conv transpose", pads=(*begins, *ends), output_padding=extra_places, **given)
        return kind("conv", pads=(*begins, *ends), border=border, **given)

    return build


def _pads(call: Call, taps: Shape, dilations: tuple[int, ...]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The padding before and after each axis; ``same`` puts an odd place at the end."""
    padding = call.arguments.get("padding")
    if not isinstance(padding, str):
        both = call.ints("padding", len(taps), (0,))
        return both, both
    if padding == "valid":
        return (0,) * len(taps), (0,) * len(taps)
    totals = [gap * (size - 1) for size, gap in zip(taps, dilations, strict=True)]
    return tuple(total // 2 for total in totals), tuple(total - total // 2 for total in totals)


def linear(call: Call) -> Operation:
    x, w, b = call.shape("input"), call.shape("weight"), call.maybe_shape("bias")
    if call.value("weight").stored:
        return kind("linear", x=x, w=w, b=b)
    made = kind("attention mixing", a=x, b=w, transpose_b=len(w) > 1)
    product = replace(made.lines[0], operands=(("q", "x"), ("k", "w")))
    added = () if b is None else kind("bias", x=made.outputs[0], b=b).lines[:1]
    return replace(made, lines=(product, *added))


def matmul(first: str, second: str) -> Callable[[Call], Operation]:
    """A matrix product of two arguments, one of which may be stored."""

    def build(call: Call) -> Operation:
        a, b = call.shape(first), call.shape(second)
        stored = _stored(call, first, second)
        if len(stored) == 1:
            return kind("matmul", a=a, b=b, stored="a" if stored[0] == first else "b")
        return kind("attention mixing", a=a, b=b)

    return build


def addmm(first: str, second: str) -> Callable[[Call], Operation]:
    """A matrix product plus another tensor, each times a number."""

    def build(call: Call) -> Operation:
        alpha, beta = call.real("alpha", 1.0), call.real("beta", 1.0)
        if alpha is None or beta is None:
            raise Unknown("what it multiplies with depends on data")
        a, b, c = call.shape(first), call.shape(second), call.shape("self")
        stored = [name for name, argument in (("a", first), ("b", second), ("c", "self"))
                  if call.value(argument).stored]  # fmt: skip
        if len(a) == 2 and len(b) == 2 and not {"a", "b"} <= set(stored):
            return kind("gemm", a=a, b=b, c=c, alpha=alpha, beta=beta, stored=stored)
        made = matmul(first, second)(call)
        lines = tuple(replace(line, scale=line.scale * alpha) for line in made.lines)
        letter = "b" if "c" in stored else "x"
        both = kind("bias", x=made.outputs[0], b=c).lines[0] if letter == "b" else kind(
            "elementwise", xs=(made.outputs[0], c), scales=(1.0, 1.0)).lines[1]  # fmt: skip
        added = replace(both, scale=beta, operands=((both.formula.factors[0].name, "c"),))
        return replace(made, lines=(*lines, added))

    return build


def einsum(call: Call) -> Operation:
    tensors = [value for name, value in call.values if name.startswith("tensors")]
    shapes = tuple(value.shape or () for value in tensors)
    stored = tuple(at for at, value in enumerate(tensors) if value.stored)
    if len(stored) > 1:
        raise Unknown("two of its operands are stored: its connections have two weights each")
    return kind("einsum", equation=call.text("equation"), shapes=shapes, stored=stored)


def embedding(call: Call) -> Operation:
    table, weight = call.numbers("indices"), call.value("weight")
    if weight.stored:
        return kind("embedding", w=call.shape("weight"), ids=call.shape("indices"), table=table)
    return kind("gather", x=call.shape("weight"), ids=call.shape("indices"), table=table)


def sum_or_bias(sign: float, times: str = "other") -> Callable[[Call], Operation]:
    """A sum of two tensors, or of a tensor and a number; ``times`` is the one that is added ``sign * alpha`` times."""

    def build(call: Call) -> Operation:
        alpha = call.real("alpha", 1.0)
        names = [name for name in ("self", "other") if call.maybe(name) is not None]
        if len(names) < 2 or alpha is None:
            return kind("elementwise", xs=tuple(call.shape(name) for name in names))
        scales = {name: sign * alpha if name == times else 1.0 for name in names}
        weights = [name for name in names if weighs(call, name)]
        other = next((name for name in names if name not in weights), "")
        if other and len(weights) == 1 and not call.value(other).stored:
            return kind("bias", x=call.shape(other), b=call.shape(weights[0]), x_scale=scales[other],
                        b_scale=scales[weights[0]])  # fmt: skip
        return kind("elementwise", xs=tuple(map(call.shape, names)), scales=tuple(scales.values()))

    return build


def _number_of(call: Call, name: str) -> float | None:
    value = call.maybe(name)
    return call.real(name) if value is None or (value.stored and not value.kept) else None


def product(call: Call) -> Operation:
    factor = _number_of(call, "other")
    if factor is not None:
        return kind("elementwise", xs=(call.shape("self"),), scales=(factor,))
    weights = [name for name in ("self", "other") if weighs(call, name)]
    if len(weights) == 1:
        other = "self" if weights[0] == "other" else "other"
        if not call.value(other).stored:
            return kind("scale", x=call.shape(other), w=call.shape(weights[0]))
    return kind("elementwise", xs=(call.shape("self"), call.shape("other")))


def quotient(call: Call) -> Operation:
    factor = _number_of(call, "other")
    if call.text("rounding_mode"):
        xs = tuple(value.shape or () for _, value in call.values)
        return kind("elementwise", xs=xs)
    if factor:
        return kind("elementwise", xs=(call.shape("self"),), scales=(1 / factor,))
    first, second = call.value("self"), call.maybe("other")
    if second is None:
        return kind("elementwise", xs=(call.shape("self"),))
    if weighs(call, "other") and not first.stored:
        return kind("scale", x=call.shape("self"), w=call.shape("other"), form="quotient")
    if weighs(call, "self") and not second.stored:
        return kind("scale", x=call.shape("other"), w=call.shape("self"), form="reciprocal")
    return kind("elementwise", xs=(call.shape("self"), call.shape("other")))


def batch_norm(call: Call) -> Operation:
    """Normalised by stored statistics; by its own in training, or where there are none."""
    own = call.flag("training", call.op.endswith("legit")) or not call.has("running_mean")
    return kind(
        "batch norm",
        x=call.shape("input"),
        w=call.maybe_shape("weight"),
        b=call.maybe_shape("bias"),
        mean=call.maybe_shape("running_mean"),
        var=call.maybe_shape("running_var"),
        training=own,
        epsilon=_epsilon(call),
    )


def _epsilon(call: Call, default: float = 1e-5) -> float:
    found = call.real("epsilon" if call.has("epsilon") else "eps", default)
    return default if found is None else found


def layer_norm(call: Call) -> Operation:
    x = call.shape("input")
    outputs = len(call.outputs) if call.op.startswith("native") else 1
    return kind("layer norm", x=x, w=call.maybe_shape("weight"), b=call.maybe_shape("bias"),
                axis=len(x) - len(call.ints("normalized_shape")), outputs=outputs, epsilon=_epsilon(call))  # fmt: skip


def rms_norm(call: Call) -> Operation:
    x = call.shape("input")
    return kind("rms norm", x=x, w=call.maybe_shape("weight"), axis=len(x) - len(call.ints("normalized_shape")),
                epsilon=_epsilon(call, 2.0**-52 if call.value("input").dtype == "float64" else 2.0**-23))  # fmt: skip


def group_norm(call: Call) -> Operation:
    return kind("group norm", x=call.shape("input"), groups=call.whole("num_groups"), w=call.maybe_shape("weight"),
                b=call.maybe_shape("bias"), epsilon=_epsilon(call))  # fmt: skip


def native_group_norm(call: Call) -> Operation:
    return kind("group norm", x=call.shape("input"), groups=call.whole("group"), w=call.maybe_shape("weight"),
                b=call.maybe_shape("bias"), epsilon=_epsilon(call))  # fmt: skip


def instance_norm(call: Call) -> Operation:
    if not call.flag("use_input_stats", True):
        return batch_norm(call)
    return kind("instance norm", x=call.shape("input"), w=call.maybe_shape("weight"), b=call.maybe_shape("bias"),
                epsilon=_epsilon(call))  # fmt: skip


def prelu(call: Call) -> Operation:
    x, slope = call.shape("self"), call.shape("weight")
    if call.op == "_prelu_kernel":  # the slopes have the rank of x by then
        return kind("prelu", x=x, slope=slope)
    return kind("prelu", x=x, slope=slope or (1,), along=min(1, len(x) - 1))
