"""A picture of a layer: chosen by its view's name, shown in a notebook, saved under any ending that has a format."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Any

from isochrome.app.targets import Of, target_of
from isochrome.core.relation import Place
from isochrome.draw.caption import caption as caption_of
from isochrome.draw.lit import lit
from isochrome.draw.picture import Picture
from isochrome.draw.scene import Scene, scene
from isochrome.draw.selection import checked, selection
from isochrome.draw.steps import MOST_FRAMES, POSITIONS, played
from isochrome.draw.styles import STYLES, Style, framed, in_style, smallest_text, style_named
from isochrome.draw.views import VIEWS
from isochrome.errors import IsochromeError, RequestError, shown
from isochrome.model.parts import Layer, Line, Model
from isochrome.model.places import letters, line_of_parameter, main_line
from isochrome.model.values import Array, Runner
from isochrome.render import FORMATS, Setting

if TYPE_CHECKING:
    from isochrome.app.api import OpenedModel, Run

__all__ = [
    "Drawn", "Patient", "draw", "ending_of", "lines_of", "picture_of", "play_of", "tensors_of", "weight_line",
    "write_whole",
]  # fmt: skip

CELL = 800
"""A notebook's cell is about so many pixels wide, or wider."""
LEAST_POINTS = 5
"""Smaller text is hard to read in print."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A picture, or several that play one after another, ready to be saved. A notebook shows it by itself."""

    pictures: tuple[Picture, ...]
    style: Style = STYLES["screen"]
    setting: Setting = Setting()
    caption: str = ""

    @property
    def picture(self) -> Picture:
        """The picture, or the first of several."""
        return self.pictures[0]

    def svg(self) -> str:
        """The figure, with title, legend and notes, as SVG."""
        return self.content("svg").decode()

    def json(self) -> str:
        """The picture's marks, keys, legend and table as JSON."""
        return self.content("json").decode()

    def _repr_svg_(self) -> str:
        """The figure; one wider than a notebook's cell often is has no size of its own, and so takes the cell's."""
        if framed(self.pictures, self.style)[0].width <= CELL:
            return self.svg()
        return re.sub(r' width="[^"]*" height="[^"]*"', "", self.svg(), count=1)

    def content(self, ending: str) -> bytes:
        """The bytes of a file with one of the endings of ``FORMATS``; all but JSON hold figures."""
        pictures = self.pictures if ending == "json" else framed(self.pictures, self.style)
        return FORMATS[ending].write(pictures, self.setting)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the picture to a file, whole or not at all; the ending chooses the format."""
        ending = ending_of(path, len(self.pictures))
        write_whole(path, self.content(ending))

    @property
    def note(self) -> str:
        """That text is too small to be printed, '' where it is not."""
        if not self.setting.width_mm:
            return ""
        figures = framed(self.pictures, self.style)
        points = round(smallest_text(figures) * self.setting.unit(figures[0].width) * 72 / 25.4, 1)
        if points >= LEAST_POINTS:
            return ""
        return (
            f"the smallest text is {points:g} points at {self.setting.width_mm:g} mm, and under {LEAST_POINTS} is "
            "hard to read in print. A wider style, fewer neurons or another view gives larger text."
        )


def ending_of(path: str | os.PathLike[str], frames: int = 1) -> str:
    """The ending of a path, in small letters; checked to have a format that holds so many frames."""
    ending = Path(path).suffix.removeprefix(".").lower()
    known = [name for name, row in FORMATS.items() if row.most >= min(frames, MOST_FRAMES)]
    if ending not in known:
        names, got = ", ".join(f".{name}" for name in known), f".{shown(ending)}" if ending else "none"
        plays = " to play" if ending in FORMATS else ""
        raise RequestError(f"{shown(os.fspath(path), 200)}: must end in one of {names}{plays}; got {got}")
    return ending


def play_of(path: str | os.PathLike[str], play: str) -> str:
    """Along what a picture saved there plays, '' where it stands still; formats made for playing play positions."""
    ending = ending_of(path, 2 if play else 1)
    return play or (POSITIONS if FORMATS[ending].plays else "")


def write_whole(path: str | os.PathLike[str], content: bytes) -> None:
    """Write a file so that it is there whole, or as it was before. Raises RequestError in one line."""
    target = Path(os.path.realpath(path))
    name = shown(os.fspath(path), 200)
    if os.path.lexists(target) and not target.is_file():
        raise RequestError(f"{name}: must be a regular file, or not be there yet")
    draft = target.with_name(f".{secrets.token_hex(8)}.part")
    try:
        with draft.open("xb") as file:
            file.write(content)
        os.replace(draft, target)
    except OSError as fault:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
        raise RequestError(f"{name}: must be a place to write to; {fault.strerror or fault}") from None
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


@dataclass(slots=True)
class Patient:
    """A runner that gives nothing once another one has failed, and remembers why: a picture needs no activations.

    The tensors ``ahead`` are had from the first run that is needed at all, so that no second one is.
    """

    runner: Runner
    ahead: tuple[str, ...] = ()
    reasons: list[str] = field(default_factory=list)
    had: dict[str, Array] = field(default_factory=dict)
    _running: RLock = field(default_factory=RLock)

    def fetch(self, tensors: Sequence[str]) -> dict[str, Array]:
        """The values of some tensors; none where the model does not run."""
        with self._running:
            if not self.reasons and not self.had.keys() >= set(tensors):
                wanted = dict.fromkeys((*tensors, *self.ahead))
                try:
                    self.had |= self.runner.fetch([name for name in wanted if name not in self.had])
                except IsochromeError as fault:
                    self.reasons.append(str(fault))
                self.ahead = ()
            return {name: self.had[name] for name in tensors if name in self.had}

    def on(self, inputs: Mapping[str, Array]) -> Patient:
        """As patient with the same model on other inputs."""
        return Patient(self.runner.on(inputs), self.ahead)

    @property
    def note(self) -> str:
        """Why numbers are missing; '' where none are."""
        return f"Without activations: {self.reasons[0]}" if self.reasons else ""


def picture_of(seen: Scene, view: str) -> Picture:
    """The picture of a scene in a view. Raises RequestError where there is no such view, or it makes no sense here."""
    if view not in VIEWS:
        raise RequestError(f"view {shown(view)}: must be one of {', '.join(VIEWS)}")
    reason = VIEWS[view].refusal(seen)
    if reason:
        raise RequestError(f"view {view} of {shown(seen.layer.name)}: {reason}")
    if seen.window:
        what, sizes = VIEWS[view].spans(seen)
        inside = all(0 <= low < high <= size for (low, high), size in zip(seen.window, sizes, strict=False))
        if not (inside and len(seen.window) == len(sizes)):
            got = ",".join(f"{low}:{high}" for low, high in seen.window)
            raise RequestError(f"window: must be a part of each of {what} {list(sizes)}; got {got}")
    return VIEWS[view].draw(seen)


def lines_of(model: Model, layer: Layer) -> tuple[Line, ...]:
    """The lines behind a layer's neurons and weights: its own, and those without a weight that feed the same output."""
    if not layer.lines:
        return ()
    output = main_line(layer).output
    beside = model.operations[layer.operation].lines
    return (*layer.lines, *(line for line in beside if line.output == output and not line.weight))


def tensors_of(model: Model, layer: Layer) -> tuple[str, ...]:
    """The graph's tensors that a layer's pictures and ledgers have numbers from."""
    lines = lines_of(model, layer)
    names = [tensor for line in lines for _, tensor in (*line.inputs, *line.data)]
    names += [line.output for line in lines if not line.inner]
    found = [name for name in names if name in model.tensors]
    found += [line.effective for line in lines if not line.as_stored]
    return tuple(dict.fromkeys((*found, *(name for line in lines for name in line.prepared_from if name))))


def weight_line(model: Model, layer: Layer, parameter: str, weight: Sequence[int] | None) -> Line | None:
    """The line whose weight is meant, None for the layer's first; checks that the weight is there."""
    if not parameter and weight is None:
        return None
    line = line_of_parameter(model, layer, parameter)
    assert line.parameter is not None
    stored = model.parameters[line.parameter]
    place = None if weight is None else tuple(weight)
    inside = place is None or all(0 <= at < size for at, size in zip(place, stored.shape, strict=False))
    if place is not None and not (inside and len(place) == len(stored.shape)):
        names = letters(line.weight_access)
        axes = ", ".join(f"{name} 0 to {size - 1}" for name, size in zip(names, stored.shape, strict=True))
        raise RequestError(
            f"weight of {shown(stored.names[0])}: must be {len(stored.shape)} whole numbers ({axes}); "
            f"got {','.join(map(str, place))}"
        )
    return line


def draw(
    opened: OpenedModel,
    layer: Layer | str | int,
    view: str,
    colour: str = "weight",
    *,
    neuron: Place | None = None,
    neurons: Sequence[Place] = (),
    weight: Place | None = None,
    parameter: str = "",
    filter: int | None = None,
    channel: int = 0,
    select: str = "",
    chosen: Sequence[str] = (),
    window: Sequence[tuple[int, int]] = (),
    many: bool = False,
    channel_last: bool = False,
    fold: bool = True,
    theme: str = "",
    scale: float | None = None,
    style: str = "screen",
    width_mm: float | None = None,
    play: str = "",
    pace: float = 0.8,
    caption: bool = False,
    command: str = "",
    run: Run | None = None,
    inputs: Any = None,
    of: Of = "sum",
) -> Drawn:
    """A picture of one layer, coloured at a level, around at most two neurons; raises RequestError in one line.

    ``window`` is the part to draw, from where to below where: of the output's positions, or of the matrix's rows and
    columns, which with ``channel_last`` count places before channels. ``select`` is what is lit besides: ``x:0,3,4`` an
    input, ``tap:1,2``, ``filter:3``, ``channel:1``, ``parameter:0`` all that has that identity. ``inputs`` (or a
    ``run`` that was made before) gives the numbers in it; see ``OpenedModel.run``. ``play`` draws one picture for each
    neuron along ``positions`` or some axes of the output, as ``p,q``. ``style`` gives width, ground and palette, which
    ``width_mm``, ``theme`` and ``scale`` overrule. ``of`` is what gradients are of, see ``Run.gradient``.
    """
    model = opened.model
    one = layer if isinstance(layer, Layer) else model.layer(layer)
    pins = (*(() if neuron is None else (neuron,)), *neurons)
    if len(pins) > 2:
        raise RequestError(f"neurons: at most two can be told apart in a picture; got {len(pins)}")
    look = style_named(style)
    width = look.width_mm if width_mm is None else width_mm
    setting = Setting(theme or look.theme, look.scale if scale is None else scale, width, pace, command)
    run = opened.run(inputs) if run is None else run
    values, said = run.values, run.said
    patient = Patient(values.runner, tensors_of(model, one))
    line = weight_line(model, one, parameter, weight)
    if line is not None and line.is_bias:
        raise RequestError(f"weight: must multiply an input to be drawn; {shown(parameter)} is a bias")
    target = target_of(opened, of)
    selected = selection(select) if select else None

    def seen(some: Sequence[Place], picked: Sequence[str]) -> Scene:
        numbers = replace(values, runner=patient)
        made = scene(model, one, numbers, colour, some, line, weight, filter, channel, picked, many)
        made = replace(made, window=tuple(window), channel_last=channel_last, fold=fold, target=target)
        return made if selected is None else replace(made, selected=checked(made, selected))

    first = seen(pins, chosen)
    scenes = played(seen, first, pins[1:], chosen, play) if play else (first,)
    drawn = (lit(picture_of(scene_, view), scene_) for scene_ in scenes)
    pictures = tuple(in_style(_noted(picture, said, patient.note), look) for picture in drawn)
    words = caption_of(scenes, pictures) if caption else ""
    pictures = tuple(replace(found, description=f"{found.description} {words}".strip()) for found in pictures)
    return Drawn(pictures, look, setting, words)


def _noted(picture: Picture, *words: str) -> Picture:
    return replace(picture, notes=(*picture.notes, *(one for one in words if one)))
