"""The calls of an exported program: nested graphs that change no numbers laid out in line, every value named once.

A graph of torch.export may still write in place. Its tensors are put on the same tape as those of a live module, so a
write has the same names and the same meaning in both.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from isochrome.errors import ModelError, shown
from isochrome.load.torch_tape import Layout, Site, Tape
from isochrome.model.program import Argument, Facts, Ref, Symbol

__all__ = ["Exported"]

# Operations on graphs that only change how a graph runs: where the graph stands among their arguments, and where what
# it is given begins.
_IN_LINE = {
    "higher_order.wrap_with_set_grad_enabled": (1, 2),
    "higher_order.wrap_with_autocast": (4, 5),
    "higher_order.invoke_subgraph": (0, 2),
    "higher_order.tag_activation_checkpoint": (0, 1),
}
_VIEWS = frozenset(
    "adjoint alias as_strided broadcast_tensors broadcast_to chunk conj detach diagonal dsplit expand expand_as hsplit "
    "imag lift_fresh mH mT matrix_H moveaxis movedim narrow numpy_T permute real resolve_conj resolve_neg select slice "
    "split split_with_sizes squeeze swapaxes swapdims t tensor_split transpose unbind unflatten unfold unsqueeze view "
    "view_as view_as_complex view_as_real vsplit".split()
)
_VIEWS_OF_ROWS = frozenset("contiguous flatten ravel reshape reshape_as".split())  # where the elements lie in row order
_SAME = frozenset("to type_as float double half bfloat16 dropout feature_dropout alpha_dropout".split())
_WRITING = frozenset("__iand__ __ilshift__ __ior__ __irshift__ __ixor__".split())
_NONE = Layout((), (), 0)
MAXIMUM_AGAIN = 100_000  # calls that make views again, since what they are of was written to


class _Value:
    """A tensor as long as the graph runs: what PyTorch would have as one object."""

    __slots__ = ("storage", "layout", "facts")

    def __init__(self, storage: int, layout: Layout, facts: Facts) -> None:
        self.storage, self.layout, self.facts = storage, layout, facts


Scope = dict[str, _Value]


class Exported:
    """One pass over the graph of an exported program. Raises ModelError."""

    def __init__(self) -> None:
        self.tape = Tape()
        self.notes: list[str] = []
        self.kinds: dict[str, str] = {"": ""}
        self.repeats: Counter[str] = Counter()
        self.unknown: set[str] = set()
        self._scope: Scope = {}
        self._storages = self._nodes = 0

    def add(self, tensor: str, name: str, meta: Mapping[str, Any] | None, storage: int | None = None) -> str:
        """A tensor that no call makes, under a name that is free; that name."""
        value = self._value(meta, storage)
        name = self.tape.unique(name)
        self._define(self._scope, tensor, value, "the program")
        self.tape.add(value, value.storage, value.layout, name, value.facts)
        self._learn(name, meta)
        return name

    def again(self, tensor: str, other: str) -> None:
        """Another name in the graph for a tensor that is known."""
        self._define(self._scope, tensor, self._known(self._scope, other, "the program"), "the program")

    def run(self, graph: Mapping[str, Any]) -> None:
        """Put the calls of the whole graph on the tape."""
        self._run(graph, self._scope)

    def output(self, tensor: str) -> str:
        """The name that a tensor of the graph has in the end."""
        return self.tape.name(self._known(self._scope, tensor, "the program's output"), Site())

    # --- nodes --------------------------------------------------------------------------------------------------

    def _run(self, graph: Mapping[str, Any], scope: Scope) -> None:
        for node in graph["nodes"]:
            target = node["target"].removeprefix("torch.ops.")
            if node["path"] or not self.kinds[""]:
                self.kinds[node["path"]] = node["kind"] or self.kinds.get(node["path"], "")
                self.repeats[node["path"]] = max(self.repeats[node["path"]], node["repeat"])
            if target in _IN_LINE:
                self._in_line(node, target, scope)
            elif any(kind == "tensor" for kind, _ in _flat(node["outputs"])) or _writes(target):
                self._call(node, target, graph["tensors"], scope)

    def _in_line(self, node: Mapping[str, Any], target: str, scope: Scope) -> None:
        """The calls of a nested graph as if they stood here."""
        at, first = _IN_LINE[target]
        values = [value for _, value in node["inputs"]]
        match values[at : at + 1]:
            case [["graph", _, dict() as graph]]:
                pass
            case _:
                raise ModelError(f"{shown(node['name'])}: {target} must be given a graph; is given none.")
        given = list(_flat(values[first:]))
        wanted, made = [name for _, name in _flat(graph["inputs"])], [name for _, name in _flat(graph["outputs"])]
        names = [name for _, name in _flat(node["outputs"])]
        if len(given) != len(wanted) or len(made) != len(names):
            raise ModelError(f"{shown(node['name'])}: a graph must be given what it takes; is given another number.")
        inner: Scope = {}
        for name, (kind, outer) in zip(wanted, given, strict=True):
            if kind == "tensor":
                self._define(inner, name, self._known(scope, outer, node["name"]), node["name"])
        if target.endswith("autocast"):
            self.notes.append("what runs under autocast is taken in the numbers' own precision")
        self._run(graph, inner)
        for name, (kind, inside) in zip(names, _flat(graph["outputs"]), strict=True):
            if kind == "tensor":
                self._define(scope, name, self._known(inner, inside, node["name"]), node["name"])

    def _call(self, node: Mapping[str, Any], target: str, tensors: Mapping[str, Any], scope: Scope) -> None:
        where = node["name"]
        self._nodes += 1
        if len(self.tape.calls) > 2 * self._nodes + MAXIMUM_AGAIN:
            raise ModelError(f"{shown(where)}: views must not be made again so often; are {MAXIMUM_AGAIN} times.")
        site = Site(node["path"], node["repeat"], node["place"])
        given = _by_name(node["inputs"], where)
        parents = [self._known(scope, name, where) for kind, name in _flat(given.values()) if kind == "tensor"]
        arguments = tuple((name, self._argument(value, scope, where, site)) for name, value in given.items())
        written = self._written(target, given, scope, where)
        outputs: list[tuple[_Value, int, Layout, Facts] | None] = []
        metas: list[Any] = []
        for number, (kind, name) in enumerate(_flat(node["outputs"])):
            metas.append(tensors.get(name))
            if kind != "tensor":
                outputs.append(None)
                continue
            value = written[number] if number < len(written) else self._made(target, given, parents, metas[-1])
            value.layout, value.facts = self._geometry(metas[-1])
            self._define(scope, name, value, where)
            outputs.append((value, value.storage, value.layout, value.facts))
        names = self.tape.call(target, arguments, outputs, written, parents, site)
        for name, meta in zip(names, metas, strict=False):
            self._learn(name, meta)

    def _written(self, target: str, given: Mapping[str, Any], scope: Scope, where: str) -> list[_Value]:
        """What a call writes into: the value behind each of its outputs."""
        if not _writes(target):
            return []
        key = "out" if "out" in given else next(iter(given), "")
        found = [self._known(scope, name, where) for kind, name in _flat([given.get(key)]) if kind == "tensor"]
        return list(dict.fromkeys(found))

    def _made(self, target: str, given: Mapping[str, Any], parents: Sequence[_Value], meta: Any) -> _Value:
        """A new value: over its first parent's storage where the operation makes views."""
        value = self._value(meta)
        if parents and _is_view(target.split(".")[1] if "." in target else "", given, parents[0], value):
            value.storage = parents[0].storage
        return value

    # --- values -------------------------------------------------------------------------------------------------

    def _argument(self, value: Any, scope: Scope, where: str, site: Site) -> Argument:
        match value:
            case ["tensor", str() as name]:
                return Ref(self.tape.name(self._known(scope, name, where), site))
            case ["list", list() as values]:
                return tuple(self._argument(one, scope, where, site) for one in values)
            case ["symbol", "dtype" | "device" | "layout" | "memory_format" as kind, str() as name]:
                return Symbol(kind, name)
            case ["complex", real, imaginary]:
                return complex(real, imaginary)
            case ["value" | "graph", str() as name, *_]:
                return name
            case None | bool() | int() | float() | str():
                return value
        raise ModelError(f"{shown(where)}: must be given values that are known; is given another.")

    def _known(self, scope: Scope, name: str, where: str) -> _Value:
        if name not in scope:
            raise ModelError(f"{shown(where)}: must read tensors that are made before; reads {shown(name)}.")
        return scope[name]

    def _define(self, scope: Scope, name: str, value: _Value, where: str) -> None:
        if name in scope:
            raise ModelError(f"{shown(where)}: a name must be given once; {shown(name)} is given twice.")
        scope[name] = value

    def _value(self, meta: Any, storage: int | None = None) -> _Value:
        self._storages += 1
        return _Value(-self._storages if storage is None else storage, *self._geometry(meta))

    def _geometry(self, meta: Any) -> tuple[Layout, Facts]:
        """Where its elements lie, and its shape and type; of a tensor with sizes that only a run gives, nothing."""
        if meta is None or None in meta["shape"]:
            return _NONE, Facts((), "" if meta is None else meta["dtype"])
        shape, strides = tuple(meta["shape"]), tuple(meta["strides"])
        whole = len(shape) == len(strides) and None not in (*strides, meta["offset"])
        layout = Layout(shape, strides, meta["offset"]) if whole else Layout(shape, (1,) * len(shape), 0)
        return layout, Facts(shape, meta["dtype"])

    def _learn(self, name: str, meta: Any) -> None:
        if name and (meta is None or None in meta["shape"]):
            self.unknown.add(name)


def _flat(values: Any) -> Iterator[tuple[str, str]]:
    """Each value with lists written out, as its kind and its name; '' for what is no tensor."""
    for value in values:
        match value:
            case ["tensor", str() as name]:
                yield "tensor", name
            case ["list", list() as inner]:
                yield from _flat(inner)
            case _:
                yield "", ""


def _by_name(inputs: Sequence[Sequence[Any]], where: str) -> dict[str, Any]:
    """Arguments by their names; those of operations without a schema have none and go by their number."""
    found: dict[str, Any] = {}
    for number, (name, value) in enumerate(inputs):
        key = name or str(number)
        if key in found:
            raise ModelError(f"{shown(where)}: argument {shown(key)} must stand once; stands twice.")
        found[key] = value
    return found


def _writes(target: str) -> bool:
    """Whether an operation writes into its first argument, or into ``out``: PyTorch says so by its name."""
    _, _, rest = target.partition(".")
    packet, _, overload = rest.partition(".")
    in_place = packet.endswith("_") and not packet.endswith("__")
    return not target.startswith("higher_order.") and (in_place or packet in _WRITING or "out" in overload.split("_"))


def _is_view(packet: str, given: Mapping[str, Any], parent: _Value, value: _Value) -> bool:
    if packet in _VIEWS:
        return True
    layout = parent.layout
    if packet in _VIEWS_OF_ROWS:
        return layout.strides == _row_strides(layout.shape)
    training = given.get("train", given.get("training", False))
    return packet in _SAME and not training and (layout, parent.facts) == (value.layout, value.facts)


def _row_strides(shape: Sequence[int]) -> tuple[int, ...]:
    strides, step = [], 1
    for size in reversed(shape):
        strides.append(step)
        step *= max(size, 1)
    return tuple(reversed(strides))
