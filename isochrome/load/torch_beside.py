"""Numbers beside the run: small tensors that do not depend on the inputs are computed for real on the CPU.

Views of such a tensor are views here as well, so what is written into one of them is right in all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isochrome.load.torch_tree import leaves, mapped

__all__ = ["Beside", "SMALL"]

SMALL = 2**20  # elements of a tensor whose numbers are kept
_MOST = 2**26  # elements of all that are kept
_COVERING = {"fill_", "zero_", "copy_"}


class Beside:
    """Real numbers for tensors of a run that has none, and the same as arrays, by name, in ``constants``.

    ``is_random`` says whether chance decides what an operation gives, ``without_modes`` is a context in which
    operations act on real tensors.
    """

    def __init__(
        self,
        is_tensor: Callable[[Any], bool],
        is_random: Callable[[Any], bool],
        without_modes: Callable[[], Any],
        device: Any,
    ) -> None:
        self.constants: dict[str, NDArray[Any]] = {}
        self._is_tensor, self._is_random, self._without_modes = is_tensor, is_random, without_modes
        self._device = device
        self._numbers: dict[int, Any] = {}
        self._undefined: set[int] = set()  # storages that nothing was written to yet
        self._lost: set[int] = set()  # storages into which something unknown was written
        self._kept: list[Any] = []
        self._room = _MOST

    def put(self, name: str, tensor: Any, numbers: Any) -> None:
        """Known numbers for a tensor of the run; they are copied."""
        if numbers.numel() <= SMALL:
            with self._without_modes():
                self._numbers[id(tensor)] = numbers.detach().to(self._device).clone()
            self._keep(name, tensor)

    def of(self, tensor: Any) -> Any:
        """The real tensor beside one of the run, None where it is not known."""
        found = self._numbers.get(id(tensor))
        return None if found is None or found.untyped_storage()._cdata in self._lost else found

    def can(self, func: Any, tensors: Sequence[Any]) -> bool:
        """Whether an operation's result follows from numbers that are known."""
        if self._is_random(func) or any(self.of(one) is None for one in tensors):
            return False
        return bool(tensors) or any(one.name in ("device", "pin_memory") for one in func._schema.arguments)

    def compute(self, func: Any, args: Any, kwargs: Any) -> Any:
        """The operation's result on the numbers beside."""
        args, kwargs = (mapped(value, self._is_tensor, self.of) for value in (args, kwargs))
        if kwargs.get("device") is not None:
            kwargs["device"] = self._device
        with self._without_modes():
            found = func(*args, **kwargs)
        packet = func._schema.name.split("::")[-1]
        for _, one in leaves(found, self._is_tensor):
            self._kept.append(one)
            storage = one.untyped_storage()
            if "empty" in packet:
                self._undefined.add(storage._cdata)
            elif packet in _COVERING and one.numel() * one.element_size() == storage.nbytes():
                self._undefined.discard(storage._cdata)
        return found

    def lose(self, written: Sequence[Any]) -> None:
        """Something unknown was written into these tensors of the run."""
        for tensor in written:
            found = self._numbers.get(id(tensor))
            if found is not None:
                self._lost.add(found.untyped_storage()._cdata)

    def match(self, name: str, tensor: Any, numbers: Any) -> None:
        """A tensor of the run and its real numbers, which :meth:`compute` gave; '' keeps no array."""
        self._numbers[id(tensor)] = numbers
        self._keep(name, tensor)

    def _keep(self, name: str, tensor: Any) -> None:
        found = self.of(tensor)
        if not name or found is None or found.untyped_storage()._cdata in self._undefined or found.numel() > self._room:
            return
        self._room -= found.numel()
        with self._without_modes():
            wide = found.float() if str(found.dtype) == "torch.bfloat16" else found
            self.constants[name] = np.array(wide.resolve_conj().resolve_neg().numpy())
