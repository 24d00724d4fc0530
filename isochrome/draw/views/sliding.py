"""How a window moves: for each position axis its size, step, spacing and padding, read off the formula's indices."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod

from isochrome.core.formula import Access, Affine, Fold
from isochrome.core.relation import Relation
from isochrome.core.sizes import affine_range
from isochrome.draw.scene import Scene
from isochrome.draw.views.wording import joined, position_words, sized

__all__ = ["Slide", "border_words", "moves_words", "size_words", "slides", "taps_per_neuron", "unreached_words"]


@dataclass(frozen=True, slots=True)
class Slide:
    """One axis. Along the longer side, ``far`` long, windows of ``taps`` taps ``spacing`` apart begin ``step`` apart.

    The longer side is the input, or where ``stamps`` holds the output, on which each input stamps the kernel. The first
    window begins ``before`` places ahead of it, the last one ends ``after`` places behind it (less than 0: inside).
    """

    name: str
    near: int
    far: int
    taps: int
    step: int
    spacing: int
    before: int
    after: int
    stamps: bool
    fold: str = ""
    """How places beyond the border are read from inside it, '' where they are padding."""

    @property
    def extent(self) -> int:
        """How many places a window covers, holes included."""
        return self.spacing * (self.taps - 1) + 1


def slides(scene: Scene) -> tuple[Slide, ...]:
    """The axes along which a window moves, in order; none where an index is no plain sum of a position and a tap."""
    number = scene.line.input_number
    if number is None or scene.x is None:
        return ()
    formula = scene.line.formula
    found = []
    for loop in (loop for loop in formula.loops if scene.roles.get(loop) == "position"):
        ends = [_axis(access, loop) for access in (formula.output, formula.accesses[number])]
        if None in ends:
            continue
        (y_axis, y_index, _), (x_axis, x_index, fold) = (end for end in ends if end is not None)
        if len(y_index.terms) + len(x_index.terms) == 2:
            continue
        stamps = len(y_index.terms) == 2
        window, plain = (y_index, x_index) if stamps else (x_index, y_index)
        if len(window.terms) != 2 or str(plain) != loop:
            return ()
        (tap, spacing), steps = (next(term for term in window.terms if term[0] != loop), dict(window.terms))
        shapes = (scene.relation.shapes[0][y_axis], scene.relation.shapes[number][x_axis])
        near, far = shapes[::-1] if stamps else shapes
        low, high = affine_range(window, scene.relation.sizes)
        taps = scene.relation.sizes[tap]
        found.append(Slide(loop, near, far, taps, steps[loop], spacing, -low, high - far + 1, stamps, fold))
    names = position_words(scene.y)[-len(found) :] if found else ()
    return tuple(replace(one, name=name) for one, name in zip(found, names, strict=True))


def _axis(access: Access, loop: str) -> tuple[int, Affine, str] | None:
    """The one axis of an access that mentions a loop, if its index is a sum or a sum that is folded."""
    for axis, index in enumerate(access.indices):
        value = index.inside if isinstance(index, Fold) else index
        if isinstance(value, Affine) and loop in dict(value.terms):
            return axis, value, index.kind if isinstance(index, Fold) else ""
    return None


def moves_words(some: Sequence[Slide]) -> str:
    """What moves over what: "Each neuron reads a window of 3×3 inputs; from one neuron to the next it moves by 2."."""
    if not some:
        return ""
    window = sized([one.taps for one in some])
    holes = [one for one in some if one.spacing > 1]
    steps, spacings = _each(some, [one.step for one in some]), _each(some, [one.spacing for one in some])
    apart = f" ({spacings} apart, over {sized([one.extent for one in some])})" if holes else ""
    if some[0].stamps:
        added = f"Each input is multiplied by the kernel of {window} weights{apart} and added to the output"
        return f"{added}; that of the next input goes {steps} further."
    return f"Each neuron reads a window of {window} inputs{apart}; from one neuron to the next it moves by {steps}."


def border_words(some: Sequence[Slide]) -> str:
    """What lies outside: "Padding: 1 before and 1 after along each axis."; '' where windows and border agree."""
    if not some:
        return ""
    if some[0].stamps:
        cut = _sides(some, "cut off", [(one.before, one.after) for one in some])
        bare = _ends(some, "No input reaches {} of the output.")
        return " ".join(filter(None, (cut, bare)))
    what = f"{some[0].fold} padding, read from the input itself" if some[0].fold else "padding"
    padding = _sides(some, what, [(one.before, one.after) for one in some])
    return " ".join(filter(None, (padding, _ends(some, "No neuron reads {} of the input."))))


def _sides(some: Sequence[Slide], what: str, pairs: Sequence[tuple[int, int]]) -> str:
    pairs = [(max(before, 0), max(after, 0)) for before, after in pairs]
    if not any(any(pair) for pair in pairs):
        return ""
    lead = what[:1].upper() + what[1:]
    texts = [f"{before} before and {after} after" for before, after in pairs]
    if len(set(texts)) == 1:
        return f"{lead}: {texts[0]}{' along each axis' if len(some) > 1 else ''}."
    return f"{lead}: {joined([f'{text} along {one.name}s' for one, text in zip(some, texts, strict=True)])}."


def _ends(some: Sequence[Slide], form: str) -> str:
    """What the windows leave out at the end: "No neuron reads the last row and the last 2 columns of the input."."""
    left = [(-one.after, one.name) for one in some if one.after < 0]
    names = [f"the last {name}" if count == 1 else f"the last {count} {name}s" for count, name in left]
    return form.format(joined(names)) if names else ""


def size_words(some: Sequence[Slide]) -> str:
    """The arithmetic of the output's size, all read off the formula: "(5 + 1 + 1 − 3) ÷ 2 + 1 = 3"."""
    sums = list(dict.fromkeys(_size(one) for one in some))
    if len(sums) == 1:
        return f"Output size: {sums[0]}{' along each axis' if len(some) > 1 else ''}."
    return f"Output size: {joined([f'{_size(one)} {one.name}s' for one in some])}." if sums else ""


def _size(one: Slide) -> str:
    before = f" + {one.before}" if one.before else ""
    if one.stamps:
        whole = f"{one.step} × ({one.near} − 1) + {one.extent}" if one.step > 1 else f"{one.near} − 1 + {one.extent}"
        cut = f" − {one.before}" if one.before else ""
        return f"{whole}{cut}{_signed(-one.after)} = {one.far}"
    room = f"{one.far}{before}{_signed(one.after)} − {one.extent}"
    return f"({room}) ÷ {one.step} + 1 = {one.near}" if one.step > 1 else f"{room} + 1 = {one.near}"


def _signed(value: int) -> str:
    return "" if not value else f" + {value}" if value > 0 else f" − {-value}"


def _each(some: Sequence[Slide], values: Sequence[int]) -> str:
    if len(set(values)) == 1:
        return str(values[0])
    return joined([f"{value} along {one.name}s" for one, value in zip(some, values, strict=True)])


def taps_per_neuron(relation: Relation, real: bool = False) -> dict[int, int]:
    """How many neurons have how many taps (on real input only), from the tables: no neuron is looked at by itself.

    >>> from isochrome.core.relation import relation
    >>> taps_per_neuron(relation("y[2*p + u] += w[u] * x[p]", {"x": (3,), "w": (3,), "y": (8,)}))
    {0: 1, 1: 5, 2: 2}
    """
    found = Counter({1: 1})
    for place, component in enumerate(relation.components):
        digits = {digit.column for axis in relation.axes[0] for digit in axis.digits if digit.component == place}
        own = Counter({component.real if real else component.total: 1})
        if digits:
            _, taps, on_input = component.histogram(tuple(sorted(digits)))
            own = Counter((on_input if real else taps).tolist())
        both: Counter[int] = Counter()
        for one, times in found.items():
            for other, often in own.items():
                both[one * other] += times * often
        found = both
    missing = prod(relation.shapes[0]) - sum(found.values())
    found[0] += missing
    return {count: found[count] for count in sorted(found) if found[count]}


def unreached_words(relation: Relation) -> str:
    """How many neurons no tap reaches, '' where there is none."""
    found = taps_per_neuron(relation)
    if not found.get(0):
        return ""
    verb = "is" if found[0] == 1 else "are"
    return f"{found[0]:,} of {sum(found.values()):,} neurons {verb} reached by no input."
