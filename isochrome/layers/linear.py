"""Products with a stored matrix or a stored tensor, on any leading axes; and what is added to them."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from isochrome.layers.check import broadcast, choice, fault, listed, ranked, same_shape
from isochrome.layers.line import Line, Operation, Shape, access, letters, line, stretched
from isochrome.layers.mix import attention_mixing, product_shape
from isochrome.layers.prepared import inverse

__all__ = ["bias", "gemm", "linear", "matmul", "scale"]


def linear(*, x: Shape, w: Shape, b: Shape | None = None) -> Operation:
    """A product over the last axis of ``x`` with every row of a stored ``w``, on any leading axes; and a bias.

    >>> [str(line.formula) for line in linear(x=(2, 7, 3), w=(5, 3), b=(5,)).lines]
    ['y[n, t, o] += w[o, i] * x[n, t, i]', 'y[n, t, o] += b[o]']
    """
    ranked("x", x, 1)
    ranked("w", w, 1, 2)
    if x[-1] != w[-1]:
        raise fault("w", f"have {x[-1]} columns, the size of the last axis of x", w[-1])
    row = ("o",) * (len(w) - 1)
    y, free = (*x[:-1], *w[:-1]), letters("leading", len(x) - 1)
    place = access("y", free, row)
    lines = [
        line(place, [access("w", row, "i"), access("x", free, "i")], {"y": y, "w": w, "x": x}, {"w": "w", "x": "x"})
    ]
    if b is not None:
        same_shape("b", b, w[:-1])
        lines.append(line(place, [access("b", row)], {"y": y, "b": b}, {"b": "b"}))
    return Operation("linear", tuple(lines), (y,))


def gemm(
    *,
    a: Shape,
    b: Shape,
    c: Shape | None = None,
    transpose_a: bool = False,
    transpose_b: bool = False,
    alpha: float = 1.0,
    beta: float = 1.0,
    stored: Collection[str] = ("b", "c"),
) -> Operation:
    """``alpha`` times the product of two matrices, plus ``beta`` times a third that is stretched to fit.

    ``stored`` names the parameters among a, b and c.

    >>> made = gemm(a=(8, 3), b=(5, 3), c=(5,), transpose_b=True)
    >>> [str(line.formula) for line in made.lines]
    ['y[n, o] += w[o, i] * x[n, i]', 'y[n, o] += b[o]']
    """
    ranked("a", a, 2, 2)
    ranked("b", b, 2, 2)
    rows, inner = reversed(a) if transpose_a else a
    other, columns = reversed(b) if transpose_b else b
    if inner != other:
        raise fault("b", f"have {inner} rows, the columns of a", other)
    y = (rows, columns)
    if c is not None and broadcast("y and c", y, ranked("c", c, 0, 2)) != y:
        raise fault("c", f"broadcast to {listed(y)}", f"shape {listed(c)}")
    if "a" not in stored and "b" not in stored:
        mixed = attention_mixing(a=a, b=b, transpose_a=transpose_a, transpose_b=transpose_b, scale=alpha)
        return Operation(mixed.kind, (*mixed.lines, *_added(c, y, ("t", "s"), beta, "c" in stored)), (y,))
    left, right = ("n", "o") if "b" in stored else ("o", "n")
    names = {"a": "w" if "b" not in stored else "x", "b": "w" if "b" in stored else "x"}
    first = access(names["a"], ("i", left) if transpose_a else (left, "i"))
    second = access(names["b"], (right, "i") if transpose_b else ("i", right))
    factors = [second, first] if names["b"] == "w" else [first, second]
    made = line(
        access("y", left, right),
        factors,
        {"y": y, names["a"]: a, names["b"]: b},
        {names[operand]: operand for operand in ("a", "b")},
        scale=alpha,
    )
    return Operation("linear", (made, *_added(c, y, (left, right), beta, "c" in stored)), (y,))


def _added(c: Shape | None, y: Shape, loops: Sequence[str], beta: float, stored: bool) -> tuple[Line, ...]:
    if c is None:
        return ()
    name = "b" if stored else "x"
    indices = stretched(c, y, loops, stored)
    return (line(access("y", loops), [access(name, indices)], {"y": y, name: c}, {name: "c"}, scale=beta),)


def matmul(*, a: Shape, b: Shape, stored: str = "b") -> Operation:
    """A product over the last axis of ``a`` and the last but one of ``b``, one of which is stored.

    Axes before those two are stretched to one another; a stored tensor that has them is a weight for each.

    >>> str(matmul(a=(2, 7, 3), b=(3, 5)).lines[0].formula)
    'y[n, t, o] += w[i, o] * x[n, t, i]'
    >>> str(matmul(a=(5, 3), b=(2, 3, 7), stored="a").lines[0].formula)
    'y[n, o, t] += w[o, i] * x[n, i, t]'
    """
    choice("stored", stored, ("a", "b"))
    outer, y = product_shape(a, b)
    row, column = len(a) > 1, len(b) > 1
    free = letters("leading", len(outer) + (row if stored == "b" else column))
    lead, rest = free[: len(outer)], free[len(outer) :]
    left = ((rest[0] if stored == "b" else "o"),) if row else ()
    right = ((rest[0] if stored == "a" else "o"),) if column else ()
    first = [*stretched(a[:-2], outer, lead, stored == "a"), *left, "i"]
    second = [*stretched(b[:-2], outer, lead, stored == "b"), "i", *right]
    names = {"a": "w" if stored == "a" else "x", "b": "w" if stored == "b" else "x"}
    factors = [access(names["a"], first), access(names["b"], second)]
    made = line(
        access("y", lead, left, right),
        factors if stored == "a" else factors[::-1],
        {"y": y, names["a"]: a, names["b"]: b},
        {names[operand]: operand for operand in ("a", "b")},
    )
    return Operation("linear", (made,), (y,))


def bias(*, x: Shape, b: Shape, x_scale: float = 1.0, b_scale: float = 1.0) -> Operation:
    """A stored tensor added to an activation: ``x_scale * x + b_scale * b``, either stretched to the other.

    >>> made = bias(x=(1, 6, 5, 5), b=(6, 1, 1))
    >>> [str(line.formula) for line in made.lines]
    ['y[n, m, p, q] += b[m, 0, 0]', 'y[n, m, p, q] += x[n, m, p, q]']
    """
    y = broadcast("x and b", ranked("x", x, 0), ranked("b", b, 0))
    loops = _loops(b, y, "m")
    place = access("y", loops)
    lines = (
        line(place, [access("b", stretched(b, y, loops, True))], {"y": y, "b": b}, {"b": "b"}, scale=b_scale),
        line(place, [access("x", stretched(x, y, loops))], {"y": y, "x": x}, {"x": "x"}, scale=x_scale),
    )
    return Operation("bias", lines, (y,))


def scale(*, x: Shape, w: Shape, form: str = "product") -> Operation:
    """An activation times a stored tensor, over it (``quotient``), or the stored tensor over it (``reciprocal``).

    >>> str(scale(x=(1, 6, 5, 5), w=(6, 1, 1)).lines[0].formula)
    'y[n, c, p, q] += w[c, 0, 0] * x[n, c, p, q]'
    """
    choice("form", form, ("product", "quotient", "reciprocal"))
    y = broadcast("x and w", ranked("x", x, 0), ranked("w", w, 0))
    loops = _loops(w, y, "c")
    made = line(
        access("y", loops),
        [access("w", stretched(w, y, loops, True)), access("x", stretched(x, y, loops))],
        {"y": y, "w": w, "x": x},
        {"w": "w", "x": "x"},
        of="reciprocal" if form == "reciprocal" else "",
        prepared=inverse() if form == "reciprocal" else None,
        exact=form != "quotient",
    )
    return Operation("scale", (made,), (y,))


def _loops(stored: Shape, y: Shape, channel: str) -> tuple[str, ...]:
    """Letters for the axes of y: channels second where the stored tensor varies there, else features last."""
    rank = len(y)
    varies = [rank - len(stored) + axis for axis, size in enumerate(stored) if size > 1]
    if varies == [1] if rank == 3 else rank > 3 and varies != [rank - 1]:
        return ("n", channel, *letters("positions", rank - 2))
    return (*letters("leading", rank - 1), "o") if rank else ()
