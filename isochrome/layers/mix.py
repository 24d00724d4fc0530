"""Operations without parameters that combine values: element by element, along an axis, or two activations."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from isochrome.layers.check import axes_in, axis_in, broadcast, choice, fault, listed, plural, positives, ranked
from isochrome.layers.line import Operation, Shape, access, affine, letters, line, plain, stretched

__all__ = [
    "attention_mixing",
    "cumulative",
    "elementwise",
    "local_response",
    "mixing",
    "opaque",
    "product_shape",
    "reduce",
    "select",
    "softmax",
]


def elementwise(*, xs: Sequence[Shape], scales: Sequence[float] | None = None) -> Operation:
    """Operands stretched to one shape and combined place by place.

    With ``scales``, one for each operand, the result is their weighted sum; without, only who reads whom is known.

    >>> [str(line.formula) for line in elementwise(xs=[(2, 3), (3,)]).lines]
    ['y[n, o] += x[n, o]', 'y[n, o] += x[o]']
    """
    if scales is not None and len(scales) != len(xs):
        raise fault("scales", f"hold {plural(len(xs), 'number')}", list(scales))
    y = broadcast("operands", *(ranked(operand(number), x, 0) for number, x in enumerate(xs)))
    loops = plain(len(y))
    lines = tuple(
        line(
            access("y", loops),
            [access("x", stretched(x, y, loops))],
            {"y": y, "x": x},
            {"x": operand(number)},
            scale=1.0 if scales is None else scales[number],
            exact=scales is not None,
        )
        for number, x in enumerate(xs)
    )
    return Operation("elementwise", lines, (y,))


def operand(number: int) -> str:
    """What the operands of a kind that takes any number of them are called.

    >>> operand(0), operand(1)
    ('x', 'x2')
    """
    return f"x{number + 1}" if number else "x"


def softmax(*, x: Shape, axes: Sequence[int]) -> Operation:
    """An operation that lets all places along some axes reach one another, such as a softmax.

    >>> str(softmax(x=(2, 5), axes=(-1,)).lines[0].formula)
    'y[n, o] += x[n, i]'
    """
    mixed = axes_in("axes", axes, len(ranked("x", x, 0)))
    loops, inside = mixing(len(x), mixed)
    return Operation(
        "softmax", (line(access("y", loops), [access("x", inside)], {"y": x, "x": x}, {"x": "x"}, exact=False),), (x,)
    )


def mixing(rank: int, mixed: Sequence[int]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Loops for the output, and for an input that is read along the mixed axes as a whole."""
    loops = plain(rank)
    fresh = dict(zip(sorted(mixed), letters("others", len(mixed)), strict=True))
    return loops, tuple(fresh.get(axis, loop) for axis, loop in enumerate(loops))


def reduce(*, x: Shape, axes: Sequence[int] | None = None, keep: bool = True, how: str = "sum") -> Operation:
    """Some axes, or all, reduced to one number each: exactly for sum, mean and max.

    >>> str(reduce(x=(2, 3, 4, 4), axes=(2, 3)).lines[0].formula)
    'y[n, c, 0, 0] += x[n, c, i, j]'
    """
    ranked("x", x, 0)
    gone = axes_in("axes", range(len(x)) if axes is None else axes, len(x))
    loops, inside = mixing(len(x), gone)
    if how in ("mean", "max") and prod(x[axis] for axis in gone) == 0:
        raise fault("x", f"have places along the axes {sorted(gone)}", f"shape {listed(x)}")
    kept = [axis for axis in range(len(x)) if keep or axis not in gone]
    y = tuple(1 if axis in gone else x[axis] for axis in kept)
    made = line(
        access("y", ["0" if axis in gone else loops[axis] for axis in kept]),
        [access("x", inside)],
        {"y": y, "x": x},
        {"x": "x"},
        reduce="max=" if how == "max" else "+=",
        scale=1 / prod(x[axis] for axis in gone) if how == "mean" else 1.0,
        exact=how in ("sum", "mean", "max"),
    )
    return Operation("reduce", (made,), (y,))


def cumulative(*, x: Shape, axis: int, exclusive: bool = False, reverse: bool = False) -> Operation:
    """The running sum along an axis, with or without the place itself, from the front or from the back.

    >>> str(cumulative(x=(2, 5), axis=1).lines[0].formula)
    'y[n, o] += x[n, i] where 0 <= o - i < 5'
    """
    along = axis_in("axis", axis, len(ranked("x", x, 1)))
    loops, inside = mixing(len(x), [along])
    ends = (inside[along], loops[along]) if reverse else (loops[along], inside[along])
    guard = f"{int(exclusive)} <= {ends[0]} - {ends[1]} < {max(x[along], 1)}"
    made = line(access("y", loops), [access("x", inside)], {"y": x, "x": x}, {"x": "x"}, where=[guard])
    return Operation("cumulative", (made,), (x,))


def local_response(*, x: Shape, size: int) -> Operation:
    """A normalisation over neighbouring channels.

    >>> str(local_response(x=(1, 8, 5, 5), size=5).lines[0].formula)
    'y[n, c, p, q] += x[n, c + u - 2, p, q] where u < 5'
    """
    ranked("x", x, 2)
    positives("size", (size,), 1)
    loops = ("n", "c", *letters("positions", len(x) - 2))
    inside = ("n", affine((1, "c"), (1, "u"), offset=-((size - 1) // 2)), *loops[2:])
    made = line(
        access("y", loops), [access("x", inside)], {"y": x, "x": x}, {"x": "x"}, where=[f"u < {size}"], exact=False
    )
    return Operation("local response", (made,), (x,))


def select(*, x: Shape, axis: int, count: int, outputs: int = 2) -> Operation:
    """So many of the places along an axis, chosen by their values: any of them may come out anywhere.

    >>> select(x=(2, 9), axis=1, count=3).outputs
    ((2, 3), (2, 3))
    """
    along = axis_in("axis", axis, len(ranked("x", x, 1)))
    if not 0 <= count <= x[along]:
        raise fault("k", f"be from 0 to {x[along]}, the places along axis {along}", count)
    y = (*x[:along], count, *x[along + 1 :])
    loops, inside = mixing(len(x), [along])
    lines = tuple(
        line(access("y", loops), [access("x", inside)], {"y": y, "x": x}, {"x": "x"}, name=name, exact=False,
             depends="which places are chosen depends on their values")
        for name in ("y", "y2")[:outputs]
    )  # fmt: skip
    return Operation("select", lines, (y,) * outputs)


def product_shape(a: Shape, b: Shape) -> tuple[Shape, Shape]:
    """The stretched leading axes of a matrix product, and the shape of the product.

    >>> product_shape((2, 1, 4, 3), (5, 3, 6))
    ((2, 5), (2, 5, 4, 6))
    """
    ranked("a", a, 1)
    ranked("b", b, 1)
    rows = b[-2] if len(b) > 1 else b[0]
    if a[-1] != rows:
        raise fault("b", f"have {a[-1]} rows, the size of the last axis of a", rows)
    outer = broadcast("leading axes of a and b", a[:-2], b[:-2])
    return outer, (*outer, *a[-2:-1], *(b[-1:] if len(b) > 1 else ()))


def attention_mixing(
    *, a: Shape, b: Shape, transpose_a: bool = False, transpose_b: bool = False, scale: float = 1.0,
    causal: str = "no",
) -> Operation:
    """A matrix product of two activations: queries with keys, or attention with values.

    With ``causal`` no token looks at a later one: the ``product`` of queries and keys has no such place, the ``sum``
    of values no such term.

    >>> str(attention_mixing(a=(1, 8, 16, 64), b=(1, 8, 64, 16)).lines[0].formula)
    'y[n, h, t, s] += q[n, h, t, d] * k[n, h, d, s]'
    """
    left = (*a[:-2], a[-1], a[-2]) if transpose_a and len(a) > 1 else a
    right = (*b[:-2], b[-1], b[-2]) if transpose_b and len(b) > 1 else b
    outer, y = product_shape(left, right)
    lead = ("n", "h", *letters("positions", len(outer)))[: len(outer)]
    row, column, over = ("t",) * (len(a) > 1), ("s",) * (len(b) > 1), "d"
    where: tuple[str, ...] = ()
    if choice("causal", causal, ("no", "product", "sum")) != "no":
        if causal == "sum":
            column, over = ("d",) * (len(b) > 1), "s"
        where = (f"0 <= t - s < {max(y[-2] if len(a) > 1 else 1, 1)}",)
    first, second = (*row, over), (over, *column)
    made = line(
        access("y", lead, row, column),
        [
            access("q", stretched(a[:-2], outer, lead), first[::-1] if transpose_a else first),
            access("k", stretched(b[:-2], outer, lead), second[::-1] if transpose_b else second),
        ],
        {"y": y, "q": a, "k": b},
        {"q": "a", "k": "b"},
        where=where,
        scale=scale,
    )
    return Operation("attention mixing", (made,), (y,))


def opaque(*, outputs: Sequence[Shape], reason: str) -> Operation:
    """An operation that no line can describe, and why.

    >>> opaque(outputs=[(1, 3)], reason="where it reads depends on data").opaque
    'where it reads depends on data'
    """
    return Operation("opaque", (), tuple(ranked("output", shape, 0) for shape in outputs), opaque=reason)
