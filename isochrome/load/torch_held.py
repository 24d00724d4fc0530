"""What a live module holds by name, and where: rows of held tensors, and its modules."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from numpy.typing import NDArray

from isochrome.load.torch_tree import leaves
from isochrome.model.held import Held, Module, Role

_OPAQUE = "opaque storage"
_SIMPLE = (str, int, float, bool, type(None))

__all__ = ["Stored", "dtype_name", "module_rows", "numbers_of"]


class Stored:
    """The stored tensors of a module: every name, and the number of the row that a tensor object stands in first.

    Plain attributes are rows only once a run has read them (:meth:`number`).
    """

    def __init__(self, module: Any, is_tensor: Callable[[Any], bool]) -> None:
        self.rows: list[Held] = []
        self._things: dict[int, int] = {}
        self._first: dict[int, int] = {}
        self._keys: dict[tuple[Any, int], str] = {}
        self.tensors: list[Any] = []
        self._plain: dict[int, tuple[str, Any]] = {}
        for name, tensor in module.named_parameters(remove_duplicate=False):
            self._add(name, tensor, "parameter")
        for name, tensor in module.named_buffers(remove_duplicate=False):
            self._add(name, tensor, "buffer")
        for name, tensor in _attributes(module, is_tensor):
            if id(tensor) not in self._first:
                self._plain.setdefault(id(tensor), (name, tensor))

    @property
    def all(self) -> list[Any]:
        """Every tensor object that the module holds, in plain attributes too."""
        return [*self.tensors, *(tensor for _, tensor in self._plain.values())]

    def number(self, tensor: Any) -> int | None:
        """The number of a tensor object's first row, None where the module does not hold it."""
        if id(tensor) in self._plain:
            name, tensor = self._plain.pop(id(tensor))
            self._add(name, tensor, "constant")
        return self._first.get(id(tensor))

    def found(self, name: str, tensor: Any) -> int:
        """The number of a new row for a tensor that the run read and the module does not hold."""
        self._add(name, tensor, "constant")
        return self._first[id(tensor)]

    def _add(self, name: str, tensor: Any, role: Role) -> None:
        thing = self._things.setdefault(id(tensor), len(self._things))
        self._first.setdefault(id(tensor), len(self.rows))
        self.tensors.append(tensor)
        unproven = _unproven(tensor)
        key = "" if unproven else self._key(tensor)
        placed = unproven not in ("sharded", _OPAQUE)
        row = Held(
            name, thing, key, tensor.storage_offset() * tensor.element_size() if placed else 0, tuple(tensor.shape),
            tuple(tensor.stride()) if unproven != _OPAQUE else (0,) * tensor.dim(), dtype_name(tensor.dtype),
            tensor.element_size(), role, bool(tensor.requires_grad), unproven,
        )  # fmt: skip
        self.rows.append(row)

    def _key(self, tensor: Any) -> str:
        address = tensor.device, tensor.untyped_storage().data_ptr()
        return self._keys.setdefault(address, str(len(self._keys)))


def dtype_name(dtype: Any) -> str:
    """A dtype's name without its module: ``float32``."""
    return str(dtype).removeprefix("torch.")


def numbers_of(tensor: Any) -> NDArray[Any]:
    """As NumPy knows them; a type that it lacks (bfloat16, 8-bit floats) as float32, as from a file."""
    if tensor.is_quantized:
        tensor = tensor.int_repr()
    lacking = dtype_name(tensor.dtype).startswith(("bfloat16", "float8"))
    found: NDArray[Any] = (tensor.float() if lacking else tensor).cpu().resolve_conj().resolve_neg().numpy()
    return found


def _unproven(tensor: Any) -> str:
    if hasattr(tensor, "device_mesh") or hasattr(tensor, "_local_tensor"):
        return "sharded"
    if tensor.device.type == "meta":
        return "meta"
    try:
        storage = tensor.untyped_storage()
        return "" if tensor.numel() and storage.nbytes() and storage.data_ptr() else "empty"
    except (NotImplementedError, RuntimeError):
        return _OPAQUE


def _attributes(module: Any, is_tensor: Callable[[Any], bool]) -> Iterator[tuple[str, Any]]:
    inside = ("_parameters", "_buffers", "_modules")
    for path, one in module.named_modules():
        for key, value in vars(one).items():
            if key in inside or type(value) in _SIMPLE or hasattr(value, "named_modules"):
                continue
            if isinstance(value, dict) and not value:  # hooks, of which a module has a dozen kinds
                continue
            yield from leaves(value, is_tensor, f"{path}.{key}" if path else key)


def module_rows(module: Any, calls: Mapping[int, int], state: Mapping[int, Sequence[str]]) -> tuple[Module, ...]:
    """Every module object with all its paths, in the order of the first; ``calls`` and ``state`` are by id."""
    paths: dict[int, list[str]] = {}
    kinds: dict[int, str] = {}
    for path, one in module.named_modules(remove_duplicate=False):
        paths.setdefault(id(one), []).append(path)
        kinds[id(one)] = type(one).__name__
    return tuple(
        Module(tuple(names), kinds[key], calls.get(key, 0), tuple(dict.fromkeys(state.get(key, ()))))
        for key, names in paths.items()
    )
