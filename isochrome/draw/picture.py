"""A picture: marks with positions, and the keys that say what each mark stands for.

Lengths are CSS pixels at scale 1, x to the right and y down. No mark holds a colour. A mark that means something holds
an *identity*, and the picture's one ``Colouring`` decides whether and how that identity is coloured; every other colour
is a token of the theme.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from isochrome.draw.identity import Colouring
from isochrome.draw.rings import Ring

__all__ = [
    "Area", "Bracket", "Cell", "Chip", "Dot", "Edge", "FillToken", "Glyph", "Group", "Hit", "Ink", "Keys", "Label",
    "Legend", "Mark", "NOTHING", "Outline", "Picture", "Place", "Point", "Rect", "Rings", "Rule", "Sheet", "Table",
    "Tag", "keys",
]  # fmt: skip

Place = tuple[int, ...]
Point = tuple[float, float]

TextToken = Literal["ink", "ink2", "ink3"]
FillToken = Literal["none", "paper", "wash", "line", "hair", "ink"]
StrokeToken = Literal["none", "hair", "line", "ink3", "ink"]
Role = Literal["page", "title", "panel", "group", "body", "caption", "index", "mono", "total", "count"]
State = Literal["selected", "pinned", "pointed"]
Anchor = Literal["start", "middle", "end"]


@dataclass(frozen=True, slots=True)
class Keys:
    """What one mark stands for: places of outputs, inputs, weights and biases of one layer."""

    layer: int | None = None
    y: tuple[Place, ...] = ()
    x: tuple[Place, ...] = ()
    w: tuple[Place, ...] = ()
    b: tuple[Place, ...] = ()
    parameter: int | None = None


NOTHING = Keys()


def keys(
    layer: int | None = None,
    y: Place | Iterable[Place] = (),
    x: Place | Iterable[Place] = (),
    w: Place | Iterable[Place] = (),
    b: Place | Iterable[Place] = (),
    parameter: int | None = None,
) -> Keys:
    """The keys of a mark; each of y, x, w and b is one place or several.

    >>> keys(0, y=(0, 1, 2), w=[(0, 0), (0, 1)], parameter=3)
    Keys(layer=0, y=((0, 1, 2),), x=(), w=((0, 0), (0, 1)), b=(), parameter=3)
    """
    return Keys(layer, _places(y), _places(x), _places(w), _places(b), parameter)


def _places(given: Place | Iterable[Place]) -> tuple[Place, ...]:
    several: list[Place] = []
    single: list[int] = []
    for part in given:
        if isinstance(part, Iterable):
            several.append(tuple(int(index) for index in part))
        else:
            single.append(int(part))
    return (tuple(single),) if single else tuple(several)


@dataclass(frozen=True, slots=True)
class Cell:
    """One element of a tensor: a box, filled when its identity is coloured, else unfilled; hatched when it is padding.

    ``size`` 0 lets the number be as large as the box allows. ``index`` is a small second text, the place; ``inside``
    puts the index left and the number right, as a row of the ledger has it.
    """

    x: float
    y: float
    width: float
    height: float
    text: str = ""
    identity: str | None = None
    padding: bool = False
    index: str = ""
    index_at: Literal["under", "above", "inside"] = "under"
    ink: TextToken = "ink"
    bold: bool = False
    size: float = 0
    round: float = 1.5
    keys: Keys = NOTHING


@dataclass(frozen=True, slots=True)
class Sheet:
    """A cell with corners of its own, such as a skewed cell of a depth slice."""

    corners: tuple[Point, ...]
    identity: str | None = None
    padding: bool = False
    keys: Keys = NOTHING


@dataclass(frozen=True, slots=True)
class Edge:
    """One connection, a curve that leaves and arrives vertically (or horizontally: ``across``).

    ``bend`` is the length of both tangents as a part of the height; ``controls`` replaces both control points, for
    arcs. A *skip* is thin ink, a *tie* has a full casing; only a *connection* can read padding.
    """

    x1: float
    y1: float
    x2: float
    y2: float
    identity: str | None = None
    padding: bool = False
    wide: bool = False
    pointed: bool = False
    kind: Literal["connection", "skip", "tie"] = "connection"
    across: bool = False
    bend: float = 0.4
    controls: tuple[Point, Point] | None = None
    keys: Keys = NOTHING


@dataclass(frozen=True, slots=True)
class Label:
    """One line of text at a baseline; the role gives size, family, weight and colour, and the rest may overrule it.

    ``on`` names the identity of the mark under the text: where that is coloured, the text takes the colour that can be
    read on it. ``plate`` clears a patch of paper behind the text, for text over a hatch. ``turn`` is in degrees.
    """

    x: float
    y: float
    text: str
    role: Role = "body"
    anchor: Anchor = "start"
    bold: bool | None = None
    ink: TextToken | None = None
    size: float = 0
    mono: bool | None = None
    on: str | None = None
    plate: bool = False
    turn: float = 0
    keys: Keys = NOTHING


@dataclass(frozen=True, slots=True)
class Outline:
    """A state around a box, or around ``corners``: selected, pinned or pointed at. It grows outward.

    ``touching`` draws just inside the box, for cells whose neighbours have states of their own.
    """

    state: State
    x: float = 0
    y: float = 0
    width: float = 0
    height: float = 0
    round: float = 2.5
    touching: bool = False
    corners: tuple[Point, ...] = ()
    keys: Keys = NOTHING


@dataclass(frozen=True, slots=True)
class Tag:
    """The 16 by 16 sign of a state: filled for selected (i), outlined for pinned (j)."""

    x: float
    y: float
    text: str = "i"
    outlined: bool = False
    keys: Keys = NOTHING


@dataclass(frozen=True, slots=True)
class Bracket:
    """A line with two feet, horizontal or vertical; positive feet point down, or right."""

    x1: float
    y1: float
    x2: float
    y2: float
    feet: float = 5


@dataclass(frozen=True, slots=True)
class Rule:
    """A straight line through two or more points. ``cased`` clears paper on both sides; ``arrow`` ends in a head."""

    points: tuple[Point, ...]
    weight: Literal["hair", "line", "thin", "heavy"] = "line"
    cased: bool = False
    arrow: bool = False


@dataclass(frozen=True, slots=True)
class Rect:
    """A box filled with a grey of the theme, or with an identity; ``hollow`` keeps a ring of it and clears the middle.

    Greys here are areas and panels, never elements: an element that is not coloured is an unfilled ``Cell``.
    """

    x: float
    y: float
    width: float
    height: float
    fill: FillToken = "paper"
    stroke: StrokeToken = "hair"
    round: float = 0
    identity: str | None = None
    hollow: bool = False
    keys: Keys = NOTHING


@dataclass(frozen=True, slots=True)
class Area:
    """A polygon filled with a grey of the theme, such as a receptive cone."""

    corners: tuple[Point, ...]
    fill: FillToken = "wash"
    stroke: StrokeToken = "line"
    keys: Keys = NOTHING


@dataclass(frozen=True, slots=True)
class Glyph:
    """The place in a kernel as a grid with one filled square; ``on`` is the identity of the cell beneath."""

    x: float
    y: float
    side: float
    row: int
    column: int
    rows: int = 3
    columns: int = 3
    on: str | None = None


@dataclass(frozen=True, slots=True)
class Dot:
    """A disc: of ink, of an identity, or an unfilled ring."""

    x: float
    y: float
    radius: float = 1.5
    identity: str | None = None
    fill: Literal["ink", "ink3", "paper"] = "ink3"
    keys: Keys = NOTHING


@dataclass(frozen=True, slots=True)
class Ink:
    """A raster of ``columns`` times ``rows`` bytes, row by row, stretched over a box without smoothing.

    Without ``identities`` a byte is ink, from 0 for none to 255 for full. With them it is an index: 0 blank, 1 an
    element that is not coloured, 2 + n the n-th identity. With three ``colours`` it is a photograph: red, green and
    blue, a byte each, which stand for nothing but themselves.
    """

    x: float
    y: float
    width: float
    height: float
    columns: int
    rows: int
    values: bytes
    identities: tuple[str, ...] = ()
    colours: Literal[1, 3] = 1
    keys: Keys = NOTHING


@dataclass(frozen=True, slots=True)
class Hit:
    """An invisible box that answers to the pointer; drawn for the page alone. Edges bring their own, 12 px wide."""

    x: float
    y: float
    width: float
    height: float
    keys: Keys


@dataclass(frozen=True, slots=True)
class Rings:
    """Outlines around all that is selected, on top of the marks that they are around; ``dots`` are x, y and radius."""

    rings: tuple[Ring, ...]
    sheets: tuple[tuple[Point, ...], ...] = ()
    dots: tuple[tuple[float, float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """Marks moved together by (x, y)."""

    x: float
    y: float
    marks: tuple[Mark, ...]


Mark = (
    Cell | Sheet | Edge | Label | Outline | Tag | Bracket | Rule | Rect | Area | Glyph | Dot | Ink | Hit | Rings | Group
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Chip:
    """One coloured identity in the legend: what it is called, and its value where it has one."""

    identity: str
    label: str
    value: str = ""


@dataclass(frozen=True, slots=True)
class Legend:
    """What equal colours mean here, what is coloured, and how many of how many."""

    level: str
    title: str
    coloured: str = ""
    count: str = ""
    chips: tuple[Chip, ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """The picture as text in rows: the twin for those who do not see it."""

    head: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Picture:
    """Marks on paper of the given size, with everything a figure needs to be read alone.

    The marks start at (0, 0) and bear no heading: ``layout.figure`` frames them with title, legend and notes for a
    file, and the page shows them bare beside its own legend.
    """

    width: float
    height: float
    title: str
    description: str
    legend: Legend
    colouring: Colouring
    marks: tuple[Mark, ...]
    subtitle: str = ""
    formula: str = ""
    window: str = ""
    notes: tuple[str, ...] = ()
    table: Table = Table()

    @property
    def level(self) -> str:
        """The level at which colours mean identity: weight, tap, filter, channel or parameter."""
        return self.legend.level
