"""Which layers use the same stored scalars: a slice of a parameter is not the whole of it."""

from __future__ import annotations

from collections.abc import Iterable

from isochrome.ask.counts import distinct_scalars
from isochrome.model.parts import Layer, Line, Model, Pattern

__all__ = ["Meetings"]

Piece = tuple[int, Pattern | None]


class Meetings:
    """Which layers of one model have stored scalars in common; equal slices are compared once.

    >>> from isochrome.app.api import open_model
    >>> model = open_model("example:lenet5").model
    >>> Meetings(model).meet(model.layer("C1"), model.layer("C3"))
    False
    """

    def __init__(self, model: Model) -> None:
        self.model = model
        self._lines: dict[Piece, Line] = {}
        self._known: dict[frozenset[Piece], bool] = {}
        self._all = {layer.number: self._pieces(layer.lines) for layer in model.layers}
        self._weights = {layer.number: self._pieces(layer.weight_lines) for layer in model.layers}
        self._first: dict[frozenset[Piece], str] = {}
        for layer in model.layers:
            self._first.setdefault(self._weights[layer.number], layer.name)

    def meet(self, one: Layer, other: Layer) -> bool:
        """Whether two layers have a stored scalar in common."""
        return any(
            self._meet(mine, yours)
            for mine in self._all[one.number]
            for yours in self._all[other.number]
            if mine[0] == yours[0]
        )

    def earlier(self, layer: Layer) -> str:
        """The first earlier layer whose weights are the very same; '' where there is none."""
        pieces = self._weights[layer.number]
        return self._first[pieces] if pieces and self._first[pieces] != layer.name else ""

    def _pieces(self, lines: Iterable[Line]) -> frozenset[Piece]:
        """Of which parameters some lines use what: a pattern, or None where that is all of it."""
        found: set[Piece] = set()
        for line in lines:
            if line.parameter is not None:
                piece = (line.parameter, None if self._whole(line, line.parameter) else line.operand_pattern)
                self._lines.setdefault(piece, line)
                found.add(piece)
        return frozenset(found)

    def _whole(self, line: Line, number: int) -> bool:
        parameters = self.model.parameters
        return line.operand_pattern is None or distinct_scalars(parameters, [line]) == parameters[number].count

    def _meet(self, one: Piece, other: Piece) -> bool:
        if one == other or one[1] is None or other[1] is None:
            return True
        both = frozenset((one, other))
        if both not in self._known:
            mine, yours = self._lines[one], self._lines[other]
            parts = [distinct_scalars(self.model.parameters, lines) for lines in ([mine], [yours], [mine, yours])]
            self._known[both] = parts[2] < parts[0] + parts[1]
        return self._known[both]
