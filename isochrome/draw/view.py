"""What a view is: a name, a title, when it makes sense, and a pure function from a scene to a picture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from isochrome.core.sizes import Shape
from isochrome.draw.picture import Picture
from isochrome.draw.scene import Scene

__all__ = ["View", "positions"]


def positions(scene: Scene) -> tuple[str, Shape]:
    """What most views show a window of: the positions of the output."""
    return "the positions", tuple(scene.y.shape[axis] for axis in scene.y.of("position"))


@dataclass(frozen=True, slots=True)
class View:
    """One row of the table of views. ``unfit`` is '' where the view makes sense for a scene, else why it does not.

    ``panel`` marks a part of a composition, which gets no tab of its own; ``whole`` a view of the whole model;
    ``level`` is the only one that a view is drawn at, '' for one that is drawn at any. ``spans`` says what a window is
    a part of: its name, and the sizes of its sides. ``weightless`` marks a view that can show a line without a weight,
    such as pooling. ``narrow`` is drawn otherwise for a narrow page (``Scene.room``); others are scrolled there.
    ``chosen`` marks a view that is drawn around the weight that is selected.
    """

    name: str
    title: str
    draw: Callable[[Scene], Picture]
    unfit: Callable[[Scene], str]
    panel: bool = False
    whole: bool = False
    level: str = ""
    spans: Callable[[Scene], tuple[str, Shape]] = positions
    weightless: bool = False
    narrow: bool = False
    chosen: bool = False

    def refusal(self, scene: Scene) -> str:
        """Why there is no such picture of a scene, '' where there is one."""
        if not scene.line.weight and not self.weightless:
            return "its formula has no weight"
        return self.unfit(scene)
