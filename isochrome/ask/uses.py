"""Every use of one stored weight, over all layers and calls that use it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from isochrome.core.relation import Place
from isochrome.errors import RequestError
from isochrome.model.parts import Layer, Line, Model
from isochrome.model.places import letters, sample_place
from isochrome.model.values import Values

__all__ = ["Use", "WeightUses", "uses"]


@dataclass(frozen=True, slots=True)
class Use:
    """One use: in which layer, for which neuron, on which input; ``x`` is None on padding or without an input."""

    layer: str
    y: Place
    x: Place | None
    padding: bool = False


@dataclass(frozen=True, slots=True)
class WeightUses:
    """One stored weight: how many taps it has, how many read real input, and a page of them."""

    parameter: str
    names: tuple[str, ...]
    weight: Place
    letters: tuple[str, ...]
    taps: int
    real: int
    uses: tuple[Use, ...]
    computed_from: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The uses as JSON knows them."""
        return {
            "parameter": self.parameter,
            "names": list(self.names),
            "weight": dict(zip(self.letters, self.weight, strict=True)),
            "taps": self.taps,
            "real": self.real,
            "uses": [
                {"layer": use.layer, "y": list(use.y), "x": None if use.x is None else list(use.x)} for use in self.uses
            ],
            "computed_from": list(self.computed_from),
        }


def uses(
    model: Model, line: Line, weight: Sequence[int], limit: int = 1000, values: Values | None = None
) -> WeightUses:
    """All uses of the weight at a place of a line's parameter; the first ``limit`` of them are listed.

    Raises RequestError when the place lies outside the parameter.
    """
    number = line.parameter
    if number is None:
        raise RequestError("weight: must belong to a parameter; the line has none")
    parameter = model.parameters[number]
    place = tuple(weight)
    if len(place) != len(parameter.shape) or any(
        not 0 <= at < size for at, size in zip(place, parameter.shape, strict=False)
    ):
        names = letters(line.weight_access)
        axes = ", ".join(f"{name} 0 to {size - 1}" for name, size in zip(names, parameter.shape, strict=True))
        raise RequestError(
            f"weight of {parameter.names[0]}: must be {len(parameter.shape)} whole numbers ({axes}); "
            f"got {','.join(map(str, place))}"
        )
    taps = real = 0
    listed: list[Use] = []
    for layer, one in model.users(number):
        found = _uses_of_line(layer, one, place, limit - len(listed), values)
        taps, real = taps + found[0], real + found[1]
        listed += found[2]
    names, made = letters(line.weight_access), parameter.computed_from
    return WeightUses(parameter.names[0], parameter.names, place, names, taps, real, tuple(listed), made)


def _uses_of_line(
    layer: Layer, line: Line, place: Place, limit: int, values: Values | None
) -> tuple[int, int, list[Use]]:
    if line.depends and values is None:
        raise RequestError(f"uses of a weight of {layer.name}: depend on data ({line.depends}). Give an input.")
    relation = line.relation if values is None else values.relation_of(line)
    taps = relation.fix({line.weight_number: place})
    at_input = line.input_number
    listed = []
    for tap in taps.listed(0, max(limit, 0)):
        y, x = tap[0], tap[at_input] if at_input is not None else None
        assert y is not None
        inside = None if x is None or at_input is None else sample_place(line, line.formula.accesses[at_input], x)
        padding = at_input is not None and x is None
        listed.append(Use(layer.name, sample_place(line, line.formula.output, y), inside, padding))
    times = 1 if layer.calls is None else layer.calls
    return taps.total * times, taps.real * times, listed
