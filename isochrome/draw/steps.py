"""The neurons that a moving picture steps through: a walk along some axes of the output, from the selected one on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from math import prod

from isochrome.core.relation import Place
from isochrome.draw.choice import coloured
from isochrome.draw.scene import Scene
from isochrome.errors import RequestError, shown

__all__ = ["MOST_FRAMES", "POSITIONS", "played"]

MOST_FRAMES = 200
POSITIONS = "positions"
Seen = Callable[[Sequence[Place], Sequence[str]], Scene]


def played(seen: Seen, first: Scene, pinned: Sequence[Place], chosen: Sequence[str], along: str) -> tuple[Scene, ...]:
    """A scene for every neuron that differs from the first one along some axes only, in order.

    ``along`` is ``positions`` or letters of the output's axes, as ``m`` or ``p,q``. ``seen`` makes a scene of neurons
    and coloured identities; the ``pinned`` neuron stays. Where the usual choice of colours would change from frame to
    frame, all keep those of the first: one colour is one identity in the whole film.
    """
    axes = first.y.of("position") if along == POSITIONS else tuple(_axis(first, name) for name in along.split(","))
    count = prod(first.y.shape[axis] for axis in axes)
    if count > MOST_FRAMES:
        raise RequestError(
            f"play along {shown(along)}: must step through at most {MOST_FRAMES} neurons; it has {count:,}. "
            f"Name fewer axes of {', '.join(first.y.letters)}."
        )
    start = first.neurons[0]
    ranges = [range(size) if axis in axes else (start[axis],) for axis, size in enumerate(first.y.shape)]
    neurons = [(place, *(pin for pin in pinned if pin != place)) for place in product(*ranges)]
    scenes = tuple(seen(some, chosen) for some in neurons)
    slots = [coloured(scene).slots for scene in scenes]
    if len(set(slots)) < 2:
        return scenes
    return tuple(seen(some, [name or "" for name in slots[0]]) for some in neurons)


def _axis(seen: Scene, name: str) -> int:
    if name not in seen.y.letters:
        known = ", ".join((POSITIONS, *seen.y.letters))
        raise RequestError(f"play along {shown(name)}: must be of {known}")
    return seen.y.letters.index(name)
