"""How ATen's operations without weights are read: moves, reductions, and what works place by place.

Source of names and defaults: ``aten/src/ATen/native/native_functions.yaml`` of PyTorch 2.13.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from math import prod

import numpy as np
from numpy.typing import NDArray

from isochrome.core.formula import Affine
from isochrome.core.sizes import Shape
from isochrome.errors import ModelError
from isochrome.layers import Operation
from isochrome.layers.check import broadcast
from isochrome.layers.line import LONGEST_TABLE
from isochrome.layers.reshape import strides as row_strides
from isochrome.load.aten_call import Call
from isochrome.load.aten_weighted import kind
from isochrome.load.value import Unknown

__all__ = [
    "all_of_it", "all_pairs", "axis_of", "compared", "concat", "copied", "cumulative", "diagonal", "dropout",
    "elementwise", "expanded", "extreme", "flipped", "index_select", "indexed", "moved_axes", "overwritten",
    "overwritten_slice", "permuted", "pixel_shuffle", "reduction", "renormed", "repeated", "repeated_each",
    "reshaped", "reversed_axes", "rolled", "selected", "sliced", "softmax", "split", "spread", "stacked",
    "taken_along", "top", "transposed", "triangle", "twice",
]  # fmt: skip

LAST = 2**63 - 1


def _x(call: Call) -> Shape:
    return call.shape("self")


def axis_of(call: Call, name: str = "dim", rank: int | None = None, default: int | None = None) -> int:
    """An axis counted from the front."""
    count = len(_x(call)) if rank is None else rank
    found = call.whole(name, default)
    if not -max(count, 1) <= found < max(count, 1):
        raise ModelError(f"argument {name}: must be an axis of {count}; got {found}")
    return found % max(count, 1)


def elementwise(call: Call) -> Operation:
    return kind("elementwise", xs=tuple(value.shape or () for _, value in call.values))


def copied(call: Call) -> Operation:
    name = next((name for name, _ in call.values), "self")
    return kind("elementwise", xs=(call.shape(name),), scales=(1.0,))


def spread(name: str) -> Callable[[Call], Operation]:
    """A tensor that takes the place of all that another one held, stretched to its shape."""
    return lambda call: kind("expand", x=call.shape(name), shape=_x(call))


def dropout(call: Call) -> Operation:
    """Outside training a copy; in training chance decides what passes."""
    made = copied(call)
    if not call.flag("train", call.op == "native_dropout"):
        return made
    return replace(made, lines=tuple(replace(line, exact=False) for line in made.lines))


def twice(made: Operation, outputs: int) -> Operation:
    """A second output says where the first was found: it depends on the same places."""
    more = tuple(replace(line, output="y2", exact=False) for line in made.lines) if outputs > 1 else ()
    return replace(made, lines=(*made.lines, *more), outputs=made.outputs * min(outputs, 2))


def reshaped(call: Call) -> Operation:
    return kind("reshape", x=_x(call), shape=call.out(), allow_zero=True)


def permuted(call: Call) -> Operation:
    return kind("transpose", x=_x(call), perm=[axis % max(len(_x(call)), 1) for axis in call.ints("dims")])


def transposed(first: str, second: str) -> Callable[[Call], Operation]:
    """Two axes exchanged, or of a matrix the last two where no argument says which."""

    def build(call: Call) -> Operation:
        rank = len(_x(call))
        order = list(range(rank))
        if rank > 1:
            a = axis_of(call, first) if first else rank - 2
            b = axis_of(call, second) if second else rank - 1
            order[a], order[b] = b, a
        return kind("transpose", x=_x(call), perm=order)

    return build


def reversed_axes(call: Call) -> Operation:
    return kind("transpose", x=_x(call))


def moved_axes(call: Call) -> Operation:
    rank = max(len(_x(call)), 1)
    sources, targets = ([axis % rank for axis in call.ints(name)] for name in ("source", "destination"))
    order = [axis for axis in range(len(_x(call))) if axis not in sources]
    for target, source in sorted(zip(targets, sources, strict=True)):
        order.insert(target, source)
    return kind("transpose", x=_x(call), perm=order)


def diagonal(call: Call) -> Operation:
    x = _x(call)
    first, second = axis_of(call, "dim1", default=0), axis_of(call, "dim2", default=1)
    return kind("diagonal", x=x, axes=(first, second), offset=call.whole("offset", 0))


def expanded(call: Call) -> Operation:
    return kind("expand", x=_x(call), shape=call.out())


def repeated(call: Call) -> Operation:
    """The whole repeated; axes that are not there yet stand in front."""
    x, times = _x(call), call.ints("repeats" if call.has("repeats") else "dims")
    times = (1,) * (len(x) - len(times)) + times
    if len(times) == len(x):
        return kind("tile", x=x, repeats=times)
    lead = len(times) - len(x)
    wide = (*(1,) * lead, *x)
    made = kind("tile", x=wide, repeats=times)
    line = made.lines[0]
    factor = line.formula.factors[0]
    formula = line.formula.with_factor(0, replace(factor, indices=factor.indices[lead:]))
    shapes = tuple((name, x if name == "x" else shape) for name, shape in line.shapes)
    return replace(made, lines=(replace(line, formula=formula, shapes=shapes),))


def repeated_each(call: Call) -> Operation:
    """Each place repeated so many times along an axis."""
    x, times = _x(call), call.whole("repeats")
    if not call.has("dim"):
        raise Unknown("it repeats the elements of a flattened tensor, which has no formula here")
    axis = axis_of(call)
    if times < 0 or x[axis] * times > LONGEST_TABLE:
        raise Unknown(f"it repeats places to more than {LONGEST_TABLE:,}")
    table = np.repeat(np.arange(x[axis], dtype=np.int64), times)
    return kind("gather", x=x, ids=table.shape, table=table, axis=axis)


def selected(call: Call) -> Operation:
    axis = axis_of(call)
    known = call.real("index")
    table = None if known is None else np.array(int(known), np.int64)
    return kind("gather", x=_x(call), ids=(), table=table, axis=axis)


def sliced(call: Call) -> Operation:
    axis = axis_of(call, default=0)
    if call.op == "narrow":
        start = call.whole("start")
        start += _x(call)[axis] if start < 0 else 0
        return kind("slice", x=_x(call), starts=(start,), ends=(start + call.whole("length"),), axes=(axis,))
    start, end = call.whole("start", 0), call.whole("end", LAST)
    return kind("slice", x=_x(call), starts=(start,), ends=(end,), axes=(axis,), steps=(call.whole("step", 1),))


def flipped(call: Call) -> Operation:
    x = _x(call)
    axes = [axis % max(len(x), 1) for axis in call.ints("dims")]
    count = len(axes)
    return kind("slice", x=x, starts=(-1,) * count, ends=(-LAST,) * count, axes=axes, steps=(-1,) * count)


def split(call: Call) -> Operation:
    """Pieces along an axis, as large as the outputs are."""
    axis, made = axis_of(call, default=0), [call.out(at) for at in range(len(call.outputs))]
    if any(len(shape) != len(_x(call)) for shape in made):
        raise ModelError(f"its outputs must have {len(_x(call))} axes; got the shapes {made}")
    return kind("split", x=_x(call), axis=axis, sizes=tuple(shape[axis] for shape in made))


def concat(call: Call) -> Operation:
    shapes = [value.shape or () for _, value in call.values]
    return kind("concat", xs=shapes, axis=axis_of(call, rank=len(shapes[0]), default=0))


def stacked(call: Call) -> Operation:
    shapes = [value.shape or () for _, value in call.values]
    return kind("stack", xs=shapes, axis=axis_of(call, rank=len(shapes[0]) + 1, default=0))


def rolled(call: Call) -> Operation:
    axes = [axis % max(len(_x(call)), 1) for axis in call.ints("dims")]
    if not axes:
        raise Unknown("a roll of a flattened tensor has no formula here")
    return kind("roll", x=_x(call), shifts=call.ints("shifts", len(axes)), axes=axes)


def pixel_shuffle(call: Call) -> Operation:
    up = call.op == "pixel_shuffle"
    block = call.whole("upscale_factor" if up else "downscale_factor")
    return kind("depth to space" if up else "space to depth", x=_x(call), block=block, mode="CRD")


def index_select(call: Call) -> Operation:
    axis = axis_of(call)
    ids = call.shape("index") or (1,)
    table = call.numbers("index")
    return kind("gather", x=_x(call), ids=ids, table=None if table is None else table.reshape(ids), axis=axis)


def taken_along(call: Call) -> Operation:
    name = "index" if call.has("index") else "indices"
    return kind("take along", x=_x(call), ids=call.shape(name), axis=axis_of(call), table=call.numbers(name))


def indexed(call: Call) -> Operation:
    """Places picked by whole numbers; a tensor of truth values is what numbers stand where it is true."""
    given = call.arguments.get("indices")
    ids: dict[int, NDArray[np.int64] | None] = {}
    shapes: dict[int, Shape] = {}
    for axis, value in enumerate(given if isinstance(given, tuple) else ()):
        if value is None:
            continue
        if value.dtype == "bool":
            known = call.read(value)
            if known is None or known.ndim != 1:
                raise Unknown("which places it picks depends on data")
            places = np.flatnonzero(known).astype(np.int64)
            ids[axis], shapes[axis] = places, places.shape
            continue
        ids[axis], shapes[axis] = call.numbers(f"indices.{axis}"), value.shape or ()
    if len(ids) == 1:
        ((axis, table),) = ids.items()
        return kind("gather", x=_x(call), ids=shapes[axis], table=table, axis=axis)
    return kind("pick", x=_x(call), ids=ids, shapes=shapes)


def triangle(call: Call) -> Operation:
    return kind("triangle", x=_x(call), upper=call.op == "triu", k=call.whole("diagonal", 0))


def softmax(call: Call) -> Operation:
    axis = axis_of(call, default=-1)
    return kind("softmax", x=_x(call), axes=(axis,) if _x(call) else ())


def renormed(call: Call) -> Operation:
    """Each slice along an axis divided by its own norm: all places of a slice reach one another."""
    axis = axis_of(call)
    return kind("softmax", x=_x(call), axes=[other for other in range(len(_x(call))) if other != axis])


def reduction(how: str, default: Sequence[int] = ()) -> Callable[[Call], Operation]:
    """Some axes, or all, reduced to one number each; a second output says where, or is another such number.

    ``default`` has the axes of a call that names none; empty, they are all.
    """

    def build(call: Call) -> Operation:
        x = _x(call)
        axes = [axis % max(len(x), 1) for axis in call.ints("dim", default=default)] or None
        if not x:
            axes = None
        made = kind("reduce", x=x, axes=axes, keep=call.flag("keepdim"), how=how)
        return twice(made, len(call.outputs))

    return build


def extreme(how: str) -> Callable[[Call], Operation]:
    """The largest or the smallest: of a tensor along its axes, or place by place of two tensors."""
    reduced = reduction(how)
    return lambda call: elementwise(call) if call.has("other") else reduced(call)


def all_of_it(call: Call) -> Operation:
    """Every place of the output may read every place of every operand: no more is known."""
    lines = tuple(
        replace(line, operands=((line.formula.factors[0].name, "x" if not at else f"x{at + 1}"),), exact=False)
        for at, (_, value) in enumerate(call.values)
        for line in kind("reduce", x=value.shape or (), keep=False).lines
    )
    if call.out() != ():
        raise Unknown(f"{call.op} has no formula here")
    return Operation("reduce", lines, ((),))


def compared(first: str, second: str) -> Callable[[Call], Operation]:
    """Two tensors compared along an axis: the result at a place reads both along it."""

    def build(call: Call) -> Operation:
        shapes = [call.shape(first), call.shape(second)]
        whole = broadcast("operands", *shapes)
        default = 1 if call.op == "cosine_similarity" else -1
        axis = axis_of(call, rank=len(whole), default=default)
        made = [kind("reduce", x=whole, axes=(axis,), keep=len(call.out()) == len(whole), how="norm") for _ in shapes]
        if any(shape != whole for shape in shapes):
            raise Unknown("a comparison of tensors of different shapes has no formula here")
        other = replace(made[1].lines[0], operands=(("x", "x2"),))
        return replace(made[0], lines=(*made[0].lines, other))

    return build


def all_pairs(call: Call) -> Operation:
    made = kind("attention mixing", a=call.shape("x1"), b=call.shape("x2"), transpose_b=True)
    return replace(made, lines=tuple(replace(line, exact=False) for line in made.lines))


def cumulative(exact: bool) -> Callable[[Call], Operation]:
    def build(call: Call) -> Operation:
        made = kind("cumulative", x=_x(call), axis=axis_of(call))
        if not exact:
            made = replace(made, lines=tuple(replace(line, exact=False) for line in made.lines))
        return twice(made, len(call.outputs))

    return build


def top(call: Call) -> Operation:
    axis = 0 if call.op == "msort" else axis_of(call, default=-1)
    count = call.whole("k") if call.op == "topk" else _x(call)[axis]
    return kind("select", x=_x(call), axis=axis, count=count, outputs=len(call.outputs))


def overwritten_slice(call: Call) -> Operation:
    """A tensor with a slice along one axis written over."""
    x, part, axis = _x(call), call.shape("src"), axis_of(call, default=0)
    start = call.whole("start", 0)
    starts, steps = [0] * len(x), [1] * len(x)
    starts[axis], steps[axis] = min(max(start + x[axis], 0) if start < 0 else start, x[axis]), call.whole("step", 1)
    return kind("overwrite", x=x, part=part, starts=starts, steps=steps)


def overwritten(call: Call) -> Operation:
    """A tensor with a part written over, where offset and strides over its elements say which."""
    x, part = call.shape("base"), call.shape("part")
    if call.has("reason"):
        raise Unknown(call.text("reason"))
    at, rest = [], call.whole("offset", 0)
    for step, size in zip(row_strides(x), x, strict=True):
        at.append(min(rest // step, size - 1))
        rest -= at[-1] * step
    axes: dict[int, tuple[int, int]] = {}
    for stride, size in zip(call.ints("strides"), part, strict=True):
        if size == 1:
            continue
        axis = next((axis for axis, step in enumerate(row_strides(x)) if stride >= step), -1)
        if axis < 0 or axis in axes or stride % row_strides(x)[axis]:
            raise Unknown("the part that is written is no part along the axes")
        axes[axis] = (size, stride // row_strides(x)[axis])
    if list(axes) != sorted(axes) or rest or prod(size for size, _ in axes.values()) != prod(part):
        raise Unknown("the part that is written has its axes in another order")
    sizes = tuple(axes.get(axis, (1, 1))[0] for axis in range(len(x)))
    made = kind("overwrite", x=x, part=sizes, starts=at, steps=[axes.get(axis, (1, 1))[1] for axis in range(len(x))])
    if sizes == part:
        return made
    line, kept = made.lines[0], [axis for axis in range(len(x)) if sizes[axis] != 1 or axis in axes]
    if tuple(sizes[axis] for axis in kept) != tuple(size for size in part if size != 1):
        raise Unknown("the part that is written has other axes")
    factor = line.formula.factors[0]
    read = (None if axis is None else factor.indices[axis] for axis in _axes_of_part(part, x, kept))
    formula = line.formula.with_factor(0, replace(factor, indices=tuple(index or Affine() for index in read)))
    shapes = tuple((name, part if name == "x2" else shape) for name, shape in line.shapes)
    return replace(made, lines=(replace(line, formula=formula, shapes=shapes), *made.lines[1:]))


def _axes_of_part(part: Shape, x: Shape, kept: Sequence[int]) -> Iterator[int | None]:
    """Which axis of the whole each axis of a part is; None for one of size 1 that the whole does not have there.

    >>> list(_axes_of_part((1, 4), (1, 4, 1, 1), [1])), list(_axes_of_part((4, 1), (3, 4), [1]))
    ([0, 1], [1, None])
    """
    longer, at = iter(kept), 0
    for size in part:
        axis = next(longer) if size != 1 else at if at < len(x) and x[at] == 1 and at not in kept else None
        at = at if axis is None else axis + 1
        yield axis
