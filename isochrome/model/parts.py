"""What a model consists of: parameters, tensors, operations, layers. Values that hold data; nothing here runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isochrome.core.formula import Access, Formula
from isochrome.core.relation import Relation, relation
from isochrome.core.sharing import Along, Uses, along, level_sets, uses_per_weight
from isochrome.core.sizes import Shape
from isochrome.errors import RequestError, shown
from isochrome.layers import Prepared
from isochrome.model.held import Declared, Held, Module
from isochrome.model.kept import cached_property
from isochrome.model.origin import Piece

__all__ = ["Layer", "Line", "Model", "Operation", "Parameter", "Pattern", "Span", "Tensor"]


@dataclass(frozen=True, slots=True)
class Span:
    """Bytes of one storage: the identity of a stored scalar is (storage, byte offset)."""

    storage: str
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Parameter:
    """A stored tensor and its names. ``made``: the graph makes it; ``computed_from``: names of what it comes from."""

    number: int
    names: tuple[str, ...]
    shape: Shape
    dtype: str
    span: Span
    made: bool = False
    computed_from: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        """How many scalars it holds."""
        total = 1
        for size in self.shape:
            total *= size
        return total


@dataclass(frozen=True, eq=False)
class Pattern:
    """A formula at its shapes, and all that follows from these alone: equal layers share one.

    ``weight`` is the name of the factor that is stored ('' where none is), ``inputs`` those that may be padded.
    """

    formula: Formula
    shapes: tuple[tuple[str, Shape], ...]
    weight: str = ""
    inputs: tuple[str, ...] = ()
    tables: tuple[tuple[str, NDArray[np.int64]], ...] = ()

    @cached_property
    def text(self) -> str:
        """The formula as text."""
        return str(self.formula)

    @cached_property
    def relation(self) -> Relation:
        """The relation, for one sample."""
        return relation(self.formula, dict(self.shapes), dict(self.tables), frozenset(self.inputs))

    @cached_property
    def weight_number(self) -> int:
        """The number of the weight's access in the relation."""
        return [access.name for access in self.formula.accesses].index(self.weight)

    @cached_property
    def uses(self) -> Uses:
        """How often a weight is used."""
        return uses_per_weight(self.relation, self.weight_number)

    @cached_property
    def along(self) -> Along:
        """What is shared, distinct and summed along which loop."""
        return along(self.formula, self.formula.factors[self.weight_number - 1])

    @cached_property
    def constant_along(self) -> tuple[str, ...]:
        """The sums of loops that a weight mentions as one: it is shared where they are constant."""
        return level_sets(self.relation, self.formula.factors[self.weight_number - 1])


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """One formula of an operation, written over *stored* tensors: each weight index names a stored scalar.

    ``pattern`` is the formula at the shapes of one sample. ``inputs`` names the graph's tensor behind each factor that
    is an activation, ``output`` the one that the line adds to. ``parameter`` is the number of the parameter behind the
    weight, None in a line without one; ``source`` is the loader's key of the same, ``effective`` the graph's tensor
    that the operation reads, ``operand`` what the operation calls it, ``piece`` where each of its elements is stored.
    ``as_stored`` is False where the operation reads other numbers than are stored (dequantised ones). ``data`` names
    the tensor behind each table that the data gives. ``operand_pattern`` mentions every scalar that the operand holds,
    None where that is the whole parameter. ``prepared`` says how x is computed from the graph's tensors
    ``prepared_from``, where it is not the input itself. ``batch`` is the loop that carries the batch. ``inner``,
    ``of``, ``depends``, ``scale`` and ``exact`` are those of the kind's line.
    """

    pattern: Pattern
    inputs: tuple[tuple[str, str], ...]
    output: str
    source: str = ""
    parameter: int | None = None
    effective: str = ""
    constants: tuple[tuple[str, NDArray[np.float64]], ...] = ()
    batch: str = ""
    inner: bool = False
    of: str = ""
    depends: str = ""
    scale: float = 1.0
    exact: bool = True
    operand: str = ""
    piece: Piece | None = None
    effective_shape: Shape = ()
    as_stored: bool = True
    data: tuple[tuple[str, str], ...] = ()
    operand_pattern: Pattern | None = None
    prepared: Prepared | None = None
    prepared_from: tuple[str, ...] = ()

    @property
    def formula(self) -> Formula:
        """The formula."""
        return self.pattern.formula

    @property
    def shapes(self) -> tuple[tuple[str, Shape], ...]:
        """The shape of every tensor that the formula names, for one sample."""
        return self.pattern.shapes

    @property
    def tables(self) -> tuple[tuple[str, NDArray[np.int64]], ...]:
        """The formula's tables."""
        return self.pattern.tables

    @property
    def weight(self) -> str:
        """The name of the factor that is stored, '' where none is."""
        return self.pattern.weight

    @property
    def relation(self) -> Relation:
        """The relation; equal lines share one."""
        return self.pattern.relation

    @property
    def is_bias(self) -> bool:
        """Whether the line adds a weight to its output without multiplying it by an input."""
        return bool(self.weight) and not self.inputs and not self.constants and self.weight.startswith("b")

    @property
    def weight_access(self) -> Access:
        """The factor that is the weight."""
        return self.formula.factors[self.weight_number - 1]

    @property
    def weight_number(self) -> int:
        """The number of the weight's access in the relation."""
        return self.pattern.weight_number

    @property
    def input_number(self) -> int | None:
        """The number of the access of x in the relation, or of the first input where none is called so."""
        names, inputs = [access.name for access in self.formula.accesses], [name for name, _ in self.inputs]
        return names.index("x" if "x" in inputs else inputs[0]) if inputs else None

    def shape(self, name: str) -> Shape:
        """The shape of a tensor of the formula."""
        return dict(self.shapes)[name]


@dataclass(frozen=True, slots=True)
class Tensor:
    """An activation of the graph: its shape (None where it is not known) and the axis that carries the batch.

    ``rows`` is how many rows of that axis each sample has: more than one where a reshape merged axes. ``lead`` is the
    part of them that comes before the sample's number in the order of the rows: 1 where samples are not mixed.
    """

    shape: Shape | None
    batch: int | None = None
    dtype: str = "float32"
    rows: int = 1
    lead: int = 1

    @property
    def batch_alone(self) -> int | None:
        """The axis that carries the batch and nothing else: places of one sample do not have it."""
        return self.batch if self.rows == 1 else None

    def by_sample(self, array: NDArray[Any]) -> NDArray[Any]:
        """Its numbers with the rows of each sample side by side.

        >>> Tensor((4,), 0, rows=2, lead=2).by_sample(np.array([1, 10, 2, 20])).tolist()
        [1, 2, 10, 20]
        """
        if self.batch is None or self.lead == 1:
            return array
        before, after = array.shape[: self.batch], array.shape[self.batch + 1 :]
        cut = array.reshape(*before, self.lead, -1, self.rows // self.lead, *after)
        return np.moveaxis(cut, self.batch + 1, self.batch).reshape(array.shape)

    @property
    def first(self) -> Shape | None:
        """The shape of the first sample, its batch axis kept."""
        if self.shape is None or self.batch is None:
            return self.shape
        return (*self.shape[: self.batch], self.rows, *self.shape[self.batch + 1 :])

    @property
    def sample(self) -> Shape | None:
        """The shape of one sample, without the batch axis."""
        if self.shape is None or self.batch_alone is None:
            return self.first
        return (*self.shape[: self.batch_alone], *self.shape[self.batch_alone + 1 :])


@dataclass(frozen=True, slots=True, eq=False)
class Operation:
    """One node of the graph. ``lines`` say who reaches whom; ``opaque`` is the reason where none can."""

    name: str
    kind: str
    lines: tuple[Line, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    opaque: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """One call of one operation with weights.

    ``operation`` is its number in the model; ``calls`` is how often the call runs for one input (None: it depends on
    data).
    """

    number: int
    name: str
    aliases: tuple[str, ...]
    kind: str
    lines: tuple[Line, ...]
    input: str
    output: str
    input_shape: Shape | None
    output_shape: Shape | None
    operation: int = 0
    calls: int | None = 1
    opaque: str = ""

    @property
    def weight_lines(self) -> tuple[Line, ...]:
        """The lines in which a weight multiplies something (or is looked up)."""
        return tuple(line for line in self.lines if line.weight and not line.is_bias)

    @property
    def bias_lines(self) -> tuple[Line, ...]:
        """The lines that add a bias."""
        return tuple(line for line in self.lines if line.is_bias)


@dataclass(frozen=True, eq=False)
class Model:
    """A model as the product sees it: its layers in order, its parameters, and the graph around them.

    ``held`` has every name of every stored tensor, used or not, in the order in which they are registered; ``modules``
    and ``declared`` are known of PyTorch models alone. ``unread`` are the numbers of those rows of ``held`` that no
    operation reads, where that is known.
    """

    name: str
    format: str
    parameters: tuple[Parameter, ...]
    tensors: Mapping[str, Tensor]
    operations: tuple[Operation, ...]
    layers: tuple[Layer, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    batch: int = 1
    notes: tuple[str, ...] = ()
    held: tuple[Held, ...] = ()
    modules: tuple[Module, ...] = ()
    declared: tuple[Declared, ...] = ()
    unread: tuple[int, ...] = ()

    @cached_property
    def _by_name(self) -> Mapping[str, int]:
        found: dict[str, int] = {}
        for layer in self.layers:
            found.setdefault(layer.name, layer.number)
        for layer in self.layers:
            for alias in layer.aliases:
                found.setdefault(alias, layer.number)
        return found

    def layer(self, name: str | int) -> Layer:
        """The layer of a name (the model's own path, ``conv#2``) or a number in the report."""
        number = self._by_name.get(str(name))
        if number is None and str(name).isascii() and str(name).isdigit() and int(name) < len(self.layers):
            number = int(name)
        if number is None:
            raise RequestError(f"layer {shown(str(name))}: must be {_choices(self.layers)}")
        return self.layers[number]

    def users(self, parameter: int) -> tuple[tuple[Layer, Line], ...]:
        """Every line of every layer that uses a parameter."""
        return tuple((layer, line) for layer in self.layers for line in layer.lines if line.parameter == parameter)


def _choices(layers: tuple[Layer, ...]) -> str:
    names = [shown(layer.name, 40) for layer in layers]
    if not names:
        return "a layer with weights; the model has none"
    some = ", ".join(names[:6]) + (", ..." if len(names) > 6 else "")
    return f"one of the {len(names)} layers ({some}) or a number from 0 to {len(names) - 1}"
