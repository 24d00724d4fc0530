"""Which identities of a layer are coloured, and the words that say so: one choice for every picture of a scene.

Past nine (27 on request) identities the picked ones are coloured; without any, the central taps of the chosen filter's
chosen channel, or the nine filters or channels around the chosen one.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from math import isqrt, prod

import numpy as np

from isochrome.core.formula import Affine
from isochrome.core.relation import Place
from isochrome.core.sharing import uses_per_weight
from isochrome.draw.identity import LEVELS, NINE, TWENTY_SEVEN, Colouring, colouring, identity
from isochrome.draw.layout import number, place_text
from isochrome.draw.picture import Chip, Legend
from isochrome.draw.scene import Rows, Scene
from isochrome.errors import RequestError, shown

__all__ = ["central_box", "channel_shown", "coloured", "kernel", "level_legend", "names_of_filter", "weight_name"]

_NONE = {
    "tap": "no tap: no axis of {w} slides along the input",
    "filter": "no filter: the weights belong to every neuron",
    "channel": "no input channel: every input belongs to the same one",
}


def coloured(scene: Scene) -> Colouring:
    """The colouring that every picture of the scene has.

    ``total`` counts the identities of the layer, those that a picture does not show included.
    """
    palette = TWENTY_SEVEN if scene.many else NINE
    picked = tuple(_checked(scene, name) for name in scene.chosen if _level_of(name) in (scene.level, ""))
    total = _total(scene)
    if any(picked):
        return replace(colouring((), picked, palette), total=total)
    names = _usual(scene, len(palette)) if total else ()
    return replace(colouring(names, palette=palette), total=total)


def level_legend(scene: Scene) -> Legend:
    """What equal colours mean, which identities are coloured, how many of how many, and a chip for each."""
    one, several = LEVELS[scene.level]
    colours = coloured(scene)
    title = f"Same colour = same {one}"
    if not scene.line.weight:
        return Legend(scene.level, "Nothing is coloured: the line has no weight")
    if not colours.total:
        return Legend(scene.level, title, "nothing", _NONE[scene.level].format(w=scene.line.weight))
    count = f"{len(colours.coloured):,} of {colours.total:,} {one if colours.total == 1 else several}"
    count += _each(scene, colours.total)
    if len(colours.coloured) < colours.total:
        count += "; the others stay unfilled"
    return Legend(scene.level, title, _words(scene, colours), count, _chips(scene, colours))


def channel_shown(scene: Scene) -> int:
    """The chosen input channel; where the chosen filter does not read that one, the first that it reads."""
    return _channel_read(scene, scene.filter_rows)


def kernel(scene: Scene, rows: Rows, channel: int) -> tuple[Place, ...]:
    """The places of the weights that a filter has for one input channel, at every tap, in order.

    ``rows`` are the taps of one of its neurons: a neuron of a transposed convolution meets some of the taps only.
    """
    axes = scene.w.of("tap")
    stems = sorted({tuple(place) for place in rows.w[rows.channel == channel].tolist()})
    found = set(stems)
    for stem in {_with(stem, axes, tuple(0 for _ in axes)) for stem in stems}:
        found |= {_with(stem, axes, tap) for tap in np.ndindex(*(scene.w.shape[axis] for axis in axes))}
    return tuple(sorted(found))


def names_of_filter(scene: Scene, number: int) -> str:
    """What a filter is called: "filter 0", or "filter 1,4" where several axes say which."""
    place = scene.filter_place(number)
    return f"filter {place_text(place)}" if place else "the filter"


def weight_name(scene: Scene, place: Place, number: int, channel: int) -> str | None:
    """What the weight of a filter (its number) for an input channel is at the scene's level."""
    if scene.level == "weight":
        return identity("weight", place, parameter=scene.line.parameter or 0)
    if scene.level == "tap":
        taps = tuple(place[axis] for axis in scene.w.of("tap"))
        return identity("tap", taps) if taps else None
    if scene.level == "filter":
        return scene.neuron_identity(scene.neuron_at(scene.filter_place(number), scene.centre))
    if scene.level == "channel":
        found = _channel_place(scene, channel)
        return identity("channel", found) if found else None
    return identity("parameter", scene.line.parameter or 0)


def _with(place: Place, axes: tuple[int, ...], values: Place) -> Place:
    return tuple(values[axes.index(axis)] if axis in axes else value for axis, value in enumerate(place))


def _channel_read(scene: Scene, rows: Rows) -> int:
    read = rows.channel
    return scene.channel if not len(read) or (read == scene.channel).any() else int(read.min())


# --- which ------------------------------------------------------------------------------------------------------------


def _total(scene: Scene) -> int:
    if not scene.line.weight:
        return 0
    if scene.level == "weight":
        return uses_per_weight(scene.relation, scene.line.weight_number).mentioned
    if scene.level == "tap":
        return scene.w.size("tap") if scene.w.of("tap") else 0
    if scene.level == "filter":
        return scene.filters if scene.neuron_identity(scene.neurons[0]) else 0
    if scene.level == "channel":
        return scene.channels if scene.x is not None and scene.x.of("channel", "group") else 0
    return len(_parameters(scene))


def _usual(scene: Scene, most: int) -> tuple[str, ...]:
    if scene.level == "weight":
        number = scene.line.parameter or 0
        return tuple(identity("weight", place, parameter=number) for place in _weights(scene, most)[0])
    if scene.level == "tap":
        return tuple(identity("tap", place) for place in _central(scene, most))
    if scene.level == "filter":
        return tuple(identity("filter", scene.filter_place(n)) for n in _around(scene.filter, scene.filters, most))
    if scene.level == "channel":
        channels = _around(channel_shown(scene), scene.channels, most)
        return tuple(identity("channel", _channel_place(scene, n)) for n in channels)
    return tuple(identity("parameter", n) for n in _parameters(scene)[:most])


def _around(number: int, total: int, most: int) -> range:
    """The block of ``most`` that a number lies in: moving by one keeps the colours."""
    start = max(0, min(number // most * most, total - most))
    return range(start, min(start + most, total))


def _weights(scene: Scene, most: int) -> tuple[tuple[Place, ...], str]:
    """The coloured weights, and which they are: the whole layer, whole filters, or what fits of one."""
    total = _total(scene)
    if total <= most:
        return _of_filters(scene, range(scene.filters)), _all(total, *LEVELS["weight"])
    rows = scene.filter_rows
    read = sorted(set(rows.channel.tolist()))
    own = len(kernel(scene, rows, read[0])) * len(read) if read else 1
    if own <= most // 2:
        several = _around(scene.filter, scene.filters, most // own)
        return _of_filters(scene, several)[:most], _named("filter", [names_of_filter(scene, n) for n in several])
    words = names_of_filter(scene, scene.filter)
    if own <= most:
        return _of_filters(scene, range(scene.filter, scene.filter + 1)), words
    chosen = _channel_read(scene, rows)
    places = kernel(scene, rows, chosen)
    if len(places) > most:
        return _amid(scene, places, most), f"{words}{_of_channel(read, chosen)}, {_box(scene, most)}"
    if len(places) > most // 2:
        return places, words + _of_channel(read, chosen)
    channels = [read[n] for n in _around(read.index(chosen), len(read), most // len(places))]
    found = {place for channel in channels for place in kernel(scene, rows, channel)}
    return tuple(sorted(found)), f"{words}, {_named('channel', [f'channel {n}' for n in channels])}"


def _of_channel(read: list[int], channel: int) -> str:
    return f", channel {channel}" if len(read) > 1 else ""


def _of_filters(scene: Scene, numbers: range) -> tuple[Place, ...]:
    found: set[Place] = set()
    for rows in (scene.rows_of_filter(n) for n in numbers):
        found |= {place for channel in set(rows.channel.tolist()) for place in kernel(scene, rows, channel)}
    return tuple(sorted(found))


def _amid(scene: Scene, places: tuple[Place, ...], most: int) -> tuple[Place, ...]:
    """Of one channel's weights those at the central taps; without taps, the first ones."""
    axes, middle = scene.w.of("tap"), set(_central(scene, most))
    return tuple(place for place in places if tuple(place[axis] for axis in axes) in middle or not axes)[:most]


def _central(scene: Scene, most: int) -> tuple[Place, ...]:
    """The taps, or those amid them."""
    sizes = tuple(scene.w.shape[axis] for axis in scene.w.of("tap"))
    return tuple(product(*(range(low, high) for low, high in central_box(sizes, most)))) if sizes else ()


def central_box(sizes: tuple[int, ...], most: int) -> tuple[tuple[int, int], ...]:
    """At most so many taps amid a kernel, from where to below where along each axis: all, else a square in its middle.

    >>> central_box((5, 5), 9), central_box((3, 3, 3), 9), central_box((11,), 9), central_box((3, 3), 9)
    (((1, 4), (1, 4)), ((1, 2), (0, 3), (0, 3)), ((1, 10),), ((0, 3), (0, 3)))
    """
    if prod(sizes) <= most:
        return tuple((0, size) for size in sizes)
    side = most if len(sizes) == 1 else isqrt(most)
    sides = [min(size, side if axis >= len(sizes) - 2 else 1) for axis, size in enumerate(sizes)]
    return tuple(((size - side) // 2, (size + side) // 2) for size, side in zip(sizes, sides, strict=True))


def _parameters(scene: Scene) -> tuple[int, ...]:
    """The numbers of the layer's stored tensors."""
    return tuple(sorted({line.parameter for line in scene.layer.lines if line.parameter is not None}))


def _channel_place(scene: Scene, channel: int) -> Place:
    sizes = [] if scene.x is None else [scene.x.shape[axis] for axis in scene.x.of("channel", "group")]
    return tuple(int(value) for value in np.unravel_index(channel, sizes)) if sizes else ()


def _level_of(name: str) -> str:
    return name.split(":")[0]


def _checked(scene: Scene, name: str) -> str | None:
    """A picked identity, if the layer can have it; None for a free slot."""
    if not name:
        return None
    level, *rest = name.split(":")
    try:
        parameter = int(rest[0]) if level == "weight" else None
        place = tuple(int(part) for part in rest[-1].split(","))
    except (IndexError, ValueError):
        place, parameter = (-1,), None
    shape = _shape_of_level(scene)
    inside = len(place) == len(shape) and all(0 <= at < size for at, size in zip(place, shape, strict=True))
    if scene.level == "parameter":
        inside = len(place) == 1 and place[0] in _parameters(scene)
    if not inside or identity(level, place, parameter) != name or parameter not in (None, scene.line.parameter):
        one = LEVELS[scene.level][0]
        raise RequestError(f"coloured: must be a {one} of layer {scene.layer.name}; got {shown(name)}. Pick another.")
    return name


def _shape_of_level(scene: Scene) -> tuple[int, ...]:
    if scene.level == "weight":
        return scene.w.shape
    if scene.level == "tap":
        return tuple(scene.w.shape[axis] for axis in scene.w.of("tap"))
    if scene.level == "filter":
        return tuple(scene.y.shape[axis] for axis in scene.y.of("filter", "group"))
    return () if scene.x is None else tuple(scene.x.shape[axis] for axis in scene.x.of("channel", "group"))


# --- words ------------------------------------------------------------------------------------------------------------


def _words(scene: Scene, colours: Colouring) -> str:
    """Which identities are coloured: "filter 0, channel 0"."""
    one, several = LEVELS[scene.level]
    names = colours.coloured
    if len(names) >= colours.total:
        return _all(colours.total, one, several)
    if any(scene.chosen):
        return f"{len(names)} {one if len(names) == 1 else several} picked by hand"
    if scene.level == "weight":
        return _weights(scene, len(colours.palette))[1]
    if scene.level == "tap":
        return "the " + _box(scene, len(colours.palette))
    places = [name.split(":")[1] for name in names]
    return _named(one, [f"{one} {place}" for place in places])


def _all(total: int, one: str, several: str) -> str:
    return {1: f"the only {one}", 2: f"both {several}"}.get(total, f"all {total:,} {several}")


def _named(one: str, names: list[str]) -> str:
    """ "filter 0", "filters 0 and 1" or "filters 0 to 8"."""
    between = "and" if len(names) == 2 else "to"
    ends = names[0].split()[-1], names[-1].split()[-1]
    return names[0] if len(names) == 1 else f"{one}s {ends[0]} {between} {ends[1]}"


def _box(scene: Scene, most: int) -> str:
    """What the taps in the middle are called: "central 3×3 taps"."""
    taps = _central(scene, most)
    if not taps:
        return f"the first {most}"
    sides = [len({tap[axis] for tap in taps}) for axis in range(len(taps[0]))]
    return f"central {'×'.join(map(str, sides))} taps"


def _each(scene: Scene, total: int) -> str:
    """How many weights each filter, channel or tap has, where all have as many: ", 27 weights each"."""
    affine = all(isinstance(index, Affine) for index in scene.line.weight_access.indices)
    if scene.level not in ("tap", "filter", "channel") or not affine:
        return ""
    weights = uses_per_weight(scene.relation, scene.line.weight_number).mentioned
    if total < 1 or weights % total:
        return ""
    each = weights // total
    return f", {each:,} weight{'' if each == 1 else 's'}" + (" each" if total > 1 else "")


def _chips(scene: Scene, colours: Colouring) -> tuple[Chip, ...]:
    names = colours.coloured
    if scene.level == "weight":
        places = [tuple(map(int, name.split(":")[2].split(","))) for name in names]
        axes = _telling(scene, places)
        return tuple(
            Chip(name, place_text(place[axis] for axis in axes), _value(scene, place))
            for name, place in zip(names, places, strict=True)
        )
    if scene.level == "parameter":
        parameters = scene.model.parameters
        return tuple(Chip(name, shown(parameters[int(name.split(":")[1])].names[0], 24)) for name in names)
    lead = "" if scene.level == "tap" else f"{scene.level} "
    return tuple(Chip(name, lead + name.split(":")[1]) for name in names)


def _telling(scene: Scene, places: list[Place]) -> tuple[int, ...]:
    """The axes of a weight that tell the coloured ones apart: taps always, others where they differ."""
    taps = [axis for axis in scene.w.of("tap") if scene.w.shape[axis] > 1]
    differ = [axis for axis in range(len(scene.w.shape)) if len({place[axis] for place in places}) > 1]
    return tuple(sorted({*taps, *differ})) or tuple(range(len(scene.w.shape)))


def _value(scene: Scene, place: Place) -> str:
    return "" if scene.w_values is None else number(scene.w_values[place])
