"""What the selected neurons see, on the model's own input: the exact places, counted, with their holes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from isochrome.ask.reach import cone
from isochrome.draw.identity import Colouring
from isochrome.draw.layout import bottom, paragraph
from isochrome.draw.picture import FillToken, Label, Legend, Mark, Outline, Picture, Point, Rect, State, Table, Tag
from isochrome.draw.scene import Scene
from isochrome.draw.view import View
from isochrome.draw.views.network_cone import positions_of
from isochrome.draw.views.network_maps import ink_of, pixels_of, sample_of
from isochrome.draw.views.seen import Sight, image_axes, input_of, sights
from isochrome.draw.views.wording import joined, sized, span
from isochrome.errors import RequestError, shown

__all__ = ["VIEW"]

WHOLE, NEAR = 360.0, 236.0
MOST_SIDE = 24.0
MOST_HOLES = 600
GAP = 36.0
STATES: tuple[State, State] = ("selected", "pinned")


def _draw(scene: Scene) -> Picture:
    tensor = input_of(scene)
    found = sights(scene, tensor)
    pixels = _pixels(scene, tensor)
    whole = min(WHOLE, scene.width - 4.0) if scene.narrow else WHOLE
    side = whole / max(pixels.shape[:2])
    tall, wide = (side * size for size in pixels.shape[:2])
    top = 26.0
    name = f"{shown(tensor, 40)}, {sized(pixels.shape[:2])} positions"
    marks: list[Mark] = [Label(2, 14, name, "group")]
    marks += _image(scene, pixels, 2, top, max(wide, tall), scene.values is not None)
    marks += _frames(found, 2, top, side, (2 + wide, top + tall))
    x, y, room, gap, low = 2 + wide + GAP, top, NEAR, GAP, top + tall
    if scene.narrow:
        x, y, gap = 2.0, low + 50, GAP / 2
        room = min(NEAR, (scene.width - 4 - gap) / 2)
    right = 2 + wide
    for number, one in enumerate(found):
        near, end = _near(scene, one, number, pixels, (x, y), room)
        marks += near
        low, right, x = max(low, end), max(right, x + room), x + room + gap
    words = paragraph(2, low + 30, " ".join(_together(found)), max(right - 2, whole), "body") if found[1:] else ()
    return Picture(
        right + 4,
        (bottom(words) if words else low) + 12,
        f"What {shown(scene.layer.name, 60)} sees",
        f"The input {shown(tensor, 60)}, and framed on it what {joined([one.name for one in found])} see of it.",
        Legend("none", ""),
        Colouring(),
        (*marks, *words),
        subtitle=f"{joined([one.name for one in found])} on the input, through every layer before.",
        formula=str(scene.line.formula),
        notes=_notes(scene, found, tensor),
        table=_table(scene),
    )


def _pixels(scene: Scene, tensor: str) -> NDArray[np.float64]:
    """The input as rows and columns; zeros where the model was not run."""
    values = sample_of(scene, tensor)
    rows, columns = image_axes(scene, tensor)
    if values is None:
        shape = scene.model.tensors[tensor].sample or (1,)
        return np.zeros((1 if rows < 0 else shape[rows], shape[columns]))
    if rows >= 0:
        return pixels_of(values, (rows, columns))
    rest = tuple(axis for axis in range(values.ndim) if axis != columns)
    line = values.astype(np.float64)
    return (line.mean(axis=rest) if rest else line)[None]


def _image(scene: Scene, pixels: NDArray[np.float64], x: float, y: float, side: float, known: bool) -> list[Mark]:
    tall, wide = pixels.shape[:2]
    scale = side / max(tall, wide)
    frame = Rect(x, y, wide * scale, tall * scale, "none" if known else "paper", "line")
    return [*([ink_of(pixels, x, y - (side - tall * scale) / 2, side)] if known else []), frame]


def _frames(found: tuple[Sight, ...], x: float, y: float, side: float, far: Point) -> list[Mark]:
    """A box around what each neuron sees; i's tag in it or, where it is small, below; j's where i's is not."""
    marks: list[Mark] = []
    taken: Point | None = None
    for number, one in enumerate(found):
        (top, end), (left, right) = one.box
        low, high, near, past = y + top * side, y + end * side, x + left * side, x + right * side
        under = max(high, low + 18) + 2
        inside, below = (near + 2, low + 2), (near, under if under + 16 <= far[1] else low - 18)
        beside = (past + 2 if past + 18 <= far[0] else past - 18, low + 2)
        small = min(high - low, past - near) < 20
        places = [beside, inside, below] if number else [below if small else inside]
        taken = next((at for at in places if taken is None or max(abs(at[0] - taken[0]), abs(at[1] - taken[1])) > 17),
                     below)  # fmt: skip
        corners = ((near, low), (past, low), (past, high), (near, high))
        marks = [Outline(STATES[number], corners=corners), Tag(*taken, "ij"[number], number == 1), *marks]
    return marks


def _near(
    scene: Scene, one: Sight, number: int, pixels: NDArray[np.float64], corner: Point, room: float
) -> tuple[list[Mark], float]:
    """What one neuron sees, enlarged: only the places that it sees have the picture under them."""
    (top, end), (left, right) = one.box
    x, y = corner
    side = min(room / max(end - top, right - left), MOST_SIDE)
    tall, wide = side * (end - top), side * (right - left)
    crop = pixels[top:end, left:right]
    marks: list[Mark] = [Tag(x, y - 24, "ij"[number], number == 1), Label(x + 24, y - 12, one.name, "mono", bold=True)]
    if scene.values is not None:
        marks.append(ink_of(crop, x, y - (max(tall, wide) - tall) / 2, max(tall, wide), whole=pixels))
    holes = _holes(one.mask)
    if len(holes) <= MOST_HOLES:
        marks += [Rect(x + a * side, y + r * side, (b - a) * side, side, "paper", "none") for r, a, b in holes]
    if side >= 6 and one.positions <= MOST_HOLES:
        fill: FillToken = "paper" if scene.values is None else "none"
        marks += [Rect(x + c * side, y + r * side, side, side, fill, "line") for r, c in np.argwhere(one.mask)]
    marks.append(Rect(x, y, wide, tall, "none", "ink"))
    words = paragraph(x, y + tall + 22, _words(scene, one), room)
    return [*marks, *words], bottom(words)


def _holes(mask: NDArray[np.bool_]) -> list[tuple[int, int, int]]:
    """The unseen runs of each row: row, first column, the column after the last."""
    found = []
    for row, line in enumerate(mask):
        edges = np.flatnonzero(np.diff(np.concatenate([[True], line, [True]]).astype(np.int8)))
        found += [(row, int(low), int(high)) for low, high in zip(edges[::2], edges[1::2], strict=True)]
    return found


# --- words ----------------------------------------------------------------------------------------------------


def _words(scene: Scene, one: Sight) -> str:
    (top, end), (left, right) = one.box
    tensor = input_of(scene)
    shape = scene.model.tensors[tensor].sample or ()
    rows, columns = image_axes(scene, tensor)
    count = one.positions
    box = sized((end - top, right - left)) if rows >= 0 else f"{right - left:,}"
    sides = f"{box} = {count:,}" if not one.has_holes and rows >= 0 else f"{count:,}"
    spread = f", spread over {box}" if one.has_holes else ""
    every = shape[columns] * (shape[rows] if rows >= 0 else 1)
    where = f"rows {span(top, end)}, columns {span(left, right)}" if rows >= 0 else f"{span(left, right)}"
    values = f", {one.seen.places.count:,} numbers in all" if one.seen.places.count != count else ""
    return f"sees {sides} of {every:,} positions{spread}{values}: {where}. {one.seen.status.capitalize()}."


def _together(found: tuple[Sight, ...]) -> list[str]:
    """How the two regions lie to one another."""
    (first, second) = found[:2]
    both = [_common(one, other) for one, other in zip(first.box, second.box, strict=True)]
    moved = [other[0] - one[0] for one, other in zip(first.box, second.box, strict=True)]
    parts = [f"{abs(by)} {word}{'s' if abs(by) > 1 else ''} {side[by > 0]}"
             for by, word, side in zip(moved, ("row", "column"), (("up", "down"), ("left", "right")), strict=True)
             if by]  # fmt: skip
    where = f"j's begins {joined(parts)} of i's" if parts else "j's begins where i's does"
    common = both[0] * both[1]
    overlap = f"the two boxes have {common:,} positions in common" if common else "the two have nothing in common"
    return [f"Two neurons, two regions: {where}; {overlap}."]


def _common(one: tuple[int, int], other: tuple[int, int]) -> int:
    return max(0, min(one[1], other[1]) - max(one[0], other[0]))


def _notes(scene: Scene, found: tuple[Sight, ...], tensor: str) -> tuple[str, ...]:
    notes = []
    if any(one.has_holes for one in found):
        notes.append("Blank places inside a frame are not seen: the neuron's inputs skip them.")
    if scene.values is not None and scene.values.what:
        notes.append(f"The input is {scene.values.what}.")
    whole = _amid(scene, tensor)
    if whole is not None and found and whole.positions > found[0].positions:
        sides = sized([high - low for low, high in whole.box])
        notes.append(f"The border cuts what {found[0].name} sees: amid the others a neuron sees {sides}.")
    return tuple(notes)


def _amid(scene: Scene, tensor: str) -> Sight | None:
    if not scene.y.of("position"):
        return None
    neuron = scene.neuron_at(scene.filter_of(scene.neurons[0]), scene.centre)
    return next(iter(sights(replace(scene, neurons=(neuron,)), tensor)), None)


def _table(scene: Scene) -> Table:
    """What i sees of every value before it."""
    rows = []
    for name, seen in cone(scene.model, scene.layer, scene.neurons[0]).items():
        axes = positions_of(scene, name)
        sides = sized([len({v for box in seen.places.boxes for v in box[axis]}) for axis in axes])
        if seen.places.boxes:
            rows.append((shown(name, 60), sides, f"{seen.places.count:,}", seen.status))
    return Table(("value", "positions", "numbers", "how sure"), tuple(rows))


def _unfit(scene: Scene) -> str:
    try:
        tensor = input_of(scene)
    except RequestError as fault:
        return str(fault)
    if not tensor:
        return "the neuron sees no input of the model"
    shape = scene.model.tensors[tensor].sample
    return "" if shape else f"the shape of {shown(tensor, 40)} is not known"


VIEW = View("reach", "Reach", _draw, _unfit, weightless=True, narrow=True)
