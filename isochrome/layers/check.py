"""The checks that many kinds share. Each states one fact: what must hold, and what was found."""

from __future__ import annotations

from collections.abc import Sequence

from isochrome.errors import ModelError, shown
from isochrome.layers.line import Shape

__all__ = [
    "axes_in",
    "axis_in",
    "broadcast",
    "choice",
    "fault",
    "listed",
    "plural",
    "positives",
    "ranked",
    "same_shape",
]


def fault(what: str, must: str, got: object) -> ModelError:
    """The error that says so.

    >>> str(fault("group", "divide the 3 input channels", 2))
    'group: must divide the 3 input channels; got 2'
    """
    found = listed(got) if isinstance(got, (tuple, list)) else got
    return ModelError(f"{what}: must {must}; got {found}")


def listed(values: Sequence[object], most: int = 12) -> str:
    """Numbers as an error shows them, the first few where they are many.

    >>> listed((2, 3)), listed(range(99), most=3)
    ('[2, 3]', '[0, 1, 2, … 96 more]')
    """
    shown_values = [str(value) for value in values[:most]]
    rest = len(values) - most
    return f"[{', '.join(shown_values)}{f', … {rest} more' if rest > 0 else ''}]"


def plural(count: int, noun: str) -> str:
    """A number of things.

    >>> plural(1, "number"), plural(2, "axis")
    ('1 number', '2 axes')
    """
    many = noun[:-2] + "es" if noun.endswith("is") else noun + "s"
    return f"{count} {noun if count == 1 else many}"


def ranked(what: str, shape: Shape, least: int, most: int | None = None) -> Shape:
    """The shape, which has from ``least`` to ``most`` axes, none of negative size."""
    if len(shape) < least or (most is not None and len(shape) > most):
        wanted = f"at least {plural(least, 'axis')}" if most is None else plural(most, "axis")
        wanted = f"{least} to {wanted}" if most not in (None, least) else wanted
        raise fault(what, f"have {wanted}", f"shape {listed(shape)}")
    if any(size < 0 for size in shape):
        raise fault(what, "have no negative size", f"shape {listed(shape)}")
    return shape


def same_shape(what: str, shape: Shape, wanted: Shape) -> Shape:
    """The shape, which is the wanted one."""
    if tuple(shape) != tuple(wanted):
        raise fault(what, f"have shape {listed(wanted)}", f"shape {listed(shape)}")
    return shape


def positives(what: str, values: Sequence[int] | None, count: int, default: int = 1, least: int = 1) -> Shape:
    """So many numbers, none below ``least``; the default for each where nothing is given."""
    if values is None:
        return (default,) * count
    if len(values) != count:
        raise fault(what, f"hold {plural(count, 'number')}", list(values))
    if any(value < least for value in values):
        raise fault(what, "be positive" if least == 1 else f"be {least} or more", list(values))
    return tuple(values)


def axis_in(what: str, axis: int, rank: int) -> int:
    """The axis counted from the front."""
    if not -rank <= axis < rank:
        raise fault(what, f"be from {-rank} to {rank - 1}" if rank else "be absent: there are no axes", axis)
    return axis % rank


def axes_in(what: str, axes: Sequence[int], rank: int) -> Shape:
    """The axes counted from the front, each named once."""
    found = tuple(axis_in(what, axis, rank) for axis in axes)
    if len(set(found)) != len(found):
        raise fault(what, "name each axis once", list(axes))
    return found


def choice(what: str, value: str, allowed: Sequence[str]) -> str:
    """The value, which is one of those allowed."""
    if value not in allowed:
        raise fault(what, f"be one of {', '.join(allowed)}", shown(value) or "nothing")
    return value


def broadcast(what: str, *shapes: Shape) -> Shape:
    """The shape that all of them are stretched to, aligned at their last axes; sizes of 1 stretch.

    >>> broadcast("x and b", (2, 1, 5), (3, 1))
    (2, 3, 5)
    """
    rank = max((len(shape) for shape in shapes), default=0)
    result = []
    for axis in range(rank):
        sizes = {shape[axis - rank + len(shape)] for shape in shapes if axis >= rank - len(shape)} - {1}
        if len(sizes) > 1:
            raise fault(what, "broadcast to one shape", " and ".join(listed(shape) for shape in shapes))
        result.append(sizes.pop() if sizes else 1)
    return tuple(result)
