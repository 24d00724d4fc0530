"""Normalisations, as what is shared in them: a stored scale and shift; and PReLU's stored slope.

The input of those lines is the *normalised* one. Where the statistics come from the input itself, a further line says
who reaches whom through them.
"""

from __future__ import annotations

from collections.abc import Sequence

from isochrome.layers.check import axis_in, broadcast, fault, listed, ranked, same_shape
from isochrome.layers.line import Line, Operation, Prepared, Shape, access, affine, letters, line, plain, stretched
from isochrome.layers.mix import mixing
from isochrome.layers.prepared import by_itself, by_statistics, part_of

__all__ = ["batch_norm", "group_norm", "instance_norm", "layer_norm", "prelu", "rms_norm"]


def batch_norm(
    *, x: Shape, w: Shape | None, b: Shape | None, mean: Shape | None, var: Shape | None, training: bool = False,
    outputs: int = 1, epsilon: float = 1e-5,
) -> Operation:
    """A scale and a shift for every channel, after a normalisation by stored statistics (or, in training, by its own).

    An input of one axis is one channel.

    >>> [str(line.formula) for line in batch_norm(x=(1, 6, 5, 5), w=(6,), b=(6,), mean=(6,), var=(6,)).lines]
    ['y[n, c, p, q] += w[c] * x[n, c, p, q]', 'y[n, c, p, q] += b[c]']
    """
    ranked("x", x, 1)
    loops = _channels(x) if len(x) > 1 else ("n",)
    channels, at = ((x[1],), "c") if len(x) > 1 else ((1,), "0")
    for name, shape in (("w", w), ("b", b), ("mean", mean), ("var", var)):
        if shape is not None:
            same_shape(name, shape, channels)
        elif name in ("mean", "var") and not training:
            raise fault(name, "be there outside training", "nothing")
    most = 3 if training else 1
    if not 1 <= outputs <= most:
        raise fault("outputs", f"be 1 to {most}" if training else "be 1 outside training", outputs)
    own = tuple(axis for axis in range(len(x)) if axis != 1)
    prepared = by_itself(x, own, epsilon) if training else by_statistics(len(x), epsilon)
    lines = _affine(x, loops, w, [at], b, [at], prepared)
    if training:
        inside = ("i", "c", *letters("taps", len(x) - 2)) if len(x) > 1 else ("i",)
        lines += (_reach(x, access("y", loops), inside),)
        lines += tuple(_reach(x, access("y", at), loops, channels, name) for name in ("y2", "y3")[: outputs - 1])
    return Operation("batch norm", lines, (x, *[channels] * (outputs - 1)))


def instance_norm(
    *, x: Shape, w: Shape | None = None, b: Shape | None = None, epsilon: float = 1e-5
) -> Operation:
    """A scale and a shift for every channel, after each channel of each sample was normalised by itself.

    >>> str(instance_norm(x=(1, 6, 5), w=(6,), b=(6,)).lines[2].formula)
    'y[n, c, p] += x[n, c, u]'
    """
    loops = _channels(x)
    for name, shape in (("w", w), ("b", b)):
        if shape is not None:
            same_shape(name, shape, x[1:2])
    reach = _reach(x, access("y", loops), ("n", "c", *letters("taps", len(x) - 2)))
    prepared = by_itself(x, tuple(range(2, len(x))), epsilon)
    return Operation("instance norm", (*_affine(x, loops, w, ["c"], b, ["c"], prepared), reach), (x,))


def group_norm(
    *, x: Shape, groups: int, w: Shape | None = None, b: Shape | None = None, epsilon: float = 1e-5
) -> Operation:
    """A scale and a shift for every channel, or every group, after the channels of a group were normalised together.

    >>> [str(line.formula) for line in group_norm(x=(1, 6, 5), groups=2, w=(6,), b=(2,)).lines]
    ... # doctest: +NORMALIZE_WHITESPACE
    ['y[n, c, p] += w[c] * x[n, c, p]',
     'y[n, 3*g + c, p] += b[g] where g < 2, c < 3',
     'y[n, 3*g + c, p] += x[n, 3*g + i, u] where g < 2, c < 3, i < 3']
    """
    loops = _channels(x)
    if groups < 1:
        raise fault("num_groups", "be positive", groups)
    if x[1] % groups:
        raise fault("num_groups", f"divide the {x[1]} channels", groups)
    for name, shape in (("w", w), ("b", b)):
        if shape is not None and shape not in ((x[1],), (groups,)):
            raise fault(name, f"have shape [{x[1]}] or [{groups}]", f"shape {listed(shape)}")
    each = x[1] // groups
    split = ("n", affine((each, "g"), (1, "c")) if each > 1 else "g", *loops[2:])
    where = (f"g < {groups}", f"c < {each}") if each > 1 else ()
    view = (x[0], groups, each, *x[2:])
    prepared = by_itself(view, tuple(range(2, len(view))), epsilon)
    lines: tuple[Line, ...] = ()
    for name, shape in (("w", w), ("b", b)):
        by_group = shape == (groups,) and each > 1
        if shape is not None or name == "w":
            lines += (_one(name, x, split if by_group else loops, shape, ["g" if by_group else "c"],
                           where if by_group else (), prepared),)  # fmt: skip
    inside = ("n", affine((each, "g"), (1, "i")) if each > 1 else "g", *letters("taps", len(x) - 2))
    return Operation(
        "group norm",
        (*lines, _reach(x, access("y", split), inside, where=where + ((f"i < {each}",) if where else ()))),
        (x,),
    )


def layer_norm(
    *, x: Shape, w: Shape | None = None, b: Shape | None = None, axis: int = -1, outputs: int = 1,
    epsilon: float = 1e-5,
) -> Operation:
    """A scale and a shift for every place along the last axes, after all those places were normalised together.

    >>> [str(line.formula) for line in layer_norm(x=(1, 7, 8), w=(8,), b=(8,)).lines]
    ['y[n, t, e] += w[e] * x[n, t, e]', 'y[n, t, e] += b[e]', 'y[n, t, e] += x[n, t, i]']
    """
    if not 1 <= outputs <= 3:
        raise fault("outputs", "be 1 to 3", outputs)
    return _last_axes("layer norm", x, w, b, axis, outputs, epsilon, True)


def rms_norm(*, x: Shape, w: Shape | None = None, axis: int = -1, epsilon: float = 1e-5) -> Operation:
    """A scale for every place along the last axes, after all those places were divided by their root mean square.

    >>> str(rms_norm(x=(1, 7, 8), w=(8,)).lines[0].formula)
    'y[n, t, e] += w[e] * x[n, t, e]'
    """
    return _last_axes("rms norm", x, w, None, axis, 1, epsilon, False)


def prelu(*, x: Shape, slope: Shape, along: int | None = None) -> Operation:
    """A stored slope for what is negative; what is positive passes. ``along`` is the axis of a row of slopes.

    >>> [(str(line.formula), line.of) for line in prelu(x=(1, 6, 5), slope=(6, 1)).lines]
    [('y[n, c, p] += w[c, 0] * x[n, c, p]', 'negative part'), ('y[n, c, p] += x[n, c, p]', 'positive part')]
    """
    ranked("x", x, 0)
    loops = ("n", "c", *letters("positions", len(x) - 2))[: len(x)]
    if along is None:
        _fits("slope", slope, x)
    elif slope != (1,):
        same_shape("slope", slope, (x[axis_in("along", along, len(x))],))
    at = stretched(slope, x, loops, True) if along is None else ["0" if slope == (1,) else loops[along]]
    place, inside = access("y", loops), access("x", loops)
    negative = line(place, [access("w", at), inside], {"y": x, "w": slope, "x": x},
                    {"w": "slope", "x": "x"}, of="negative part", prepared=part_of(False))  # fmt: skip
    positive = line(place, [inside], {"y": x, "x": x}, {"x": "x"}, of="positive part", prepared=part_of(True))
    return Operation("prelu", (negative, positive), (x,))


def _last_axes(
    kind: str, x: Shape, w: Shape | None, b: Shape | None, axis: int, outputs: int, epsilon: float, centred: bool
) -> Operation:
    first = axis_in("axis", axis, len(ranked("x", x, 1)))
    for name, shape in (("w", w), ("b", b)):
        if shape is not None:
            _fits(name, shape, x)
    single = first == len(x) - 1
    loops = (*letters("leading", first), "e") if single else plain(len(x))
    inside = (*loops[:first], "i") if single else mixing(len(x), range(first, len(x)))[1]
    by_w = stretched(w, x, loops, True) if w is not None else []
    by_b = stretched(b, x, loops, True) if b is not None else []
    prepared = by_itself(x, tuple(range(first, len(x))), epsilon, centred)
    lines = (*_affine(x, loops, w, by_w, b, by_b, prepared), _reach(x, access("y", loops), inside))
    small = (*x[:first], *(1,) * (len(x) - first))
    place = access("y", loops[:first], ["0"] * (len(x) - first))
    lines += tuple(_reach(x, place, inside, small, f"y{number}") for number in range(2, outputs + 1))
    return Operation(kind, lines, (x, *[small] * (outputs - 1)))


def _channels(x: Shape) -> tuple[str, ...]:
    return ("n", "c", *letters("positions", len(ranked("x", x, 2)) - 2))


def _fits(name: str, shape: Shape, x: Shape) -> None:
    if len(shape) > len(x) or broadcast(f"x and {name}", x, ranked(name, shape, 0)) != x:
        raise fault(name, f"broadcast to {listed(x)}", f"shape {listed(shape)}")


def _affine(
    x: Shape, loops: Sequence[str], w: Shape | None, by_w: Sequence[str], b: Shape | None, by_b: Sequence[str],
    prepared: Prepared,
) -> tuple[Line, ...]:  # fmt: skip
    scale = _one("w", x, loops, w, by_w, (), prepared)
    return (scale,) if b is None else (scale, _one("b", x, loops, b, by_b))


def _one(
    name: str, x: Shape, loops: Sequence[str], shape: Shape | None, indices: Sequence[str], where: Sequence[str] = (),
    prepared: Prepared | None = None,
) -> Line:  # fmt: skip
    """The line of a stored scale or shift; without a stored scale, the normalised input as it is."""
    shapes, operands, factors = {"y": x}, {}, []
    if shape is not None:
        shapes[name], operands[name] = shape, name
        factors = [access(name, indices)]
    if name == "w":
        shapes["x"], operands["x"] = x, "x"
        factors.append(access("x", loops))
    of = "normalised" if name == "w" else ""
    made = prepared if name == "w" else None
    return line(access("y", loops), factors, shapes, operands, where=where, of=of, prepared=made)


def _reach(
    x: Shape, place: str, inside: Sequence[str], y: Shape | None = None, name: str = "y", where: Sequence[str] = ()
) -> Line:
    """Who reaches whom through the statistics."""
    shapes = {"y": x if y is None else y, "x": x}
    return line(place, [access("x", inside)], shapes, {"x": "x"}, name=name, where=where, exact=False)
