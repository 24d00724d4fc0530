"""A live module by what it holds alone: names, objects and places, and the numbers when a question needs them.

Nothing is run, nothing is copied, and PyTorch is not imported: whoever has a module has it already.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isochrome.errors import ModelError, RequestError, shown
from isochrome.load.flat import flat_part
from isochrome.load.torch_declared import declared_ties
from isochrome.load.torch_held import Stored, module_rows, numbers_of
from isochrome.model.held import Held
from isochrome.model.parts import Model

__all__ = ["LiveModule", "is_module", "live_module", "parameter_groups"]

_STATISTICS = ("running_mean", "running_var", "num_batches_tracked")


@dataclass(frozen=True, slots=True, eq=False)
class LiveModule:
    """A module's names as a Model without layers; its numbers are read where they lie."""

    model: Model
    tensors: Sequence[Any]

    def read_parameter(self, number: int) -> NDArray[Any] | None:
        """Nothing: without a run there are no layers."""
        return None

    def read_held(self, number: int) -> NDArray[Any] | None:
        """The numbers of one row of the model's ``held``; None of a tensor that has none (meta, sharded)."""
        return None if self.model.held[number].unproven else numbers_of(self.tensors[number].detach())

    def read_held_part(self, number: int, at: slice | NDArray[np.int64]) -> NDArray[Any] | None:
        """Some of them, in the tensor's own order: from one place to another, or at some places."""
        if self.model.held[number].unproven:
            return None
        return numbers_of(flat_part(self.tensors[number].detach(), at))


def is_module(value: Any) -> bool:
    """Whether a value is a PyTorch module."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.nn.Module)


def live_module(module: Any) -> LiveModule:
    """What a module holds. Its mode, its hooks and its gradients are as they were; it is not run.

    Raises ModelError in one line where it cannot say what it holds.
    """
    name = shown(type(module).__name__)
    try:
        lazy = [key for key, one in module.named_parameters() if type(one).__name__ == "UninitializedParameter"]
        if not lazy:
            return _live_module(module)
    except Exception as fault:  # it is the user's own code
        reason = shown(f"{type(fault).__name__}: {fault}".splitlines()[0].rstrip("."), 160)
        raise ModelError(f"{name}: must give its parameters, each with a shape; raised {reason}.") from None
    raise ModelError(f"{name}: parameters must have shapes; {shown(lazy[0])} is lazy. Run it once before.")


def _live_module(module: Any) -> LiveModule:
    stored = Stored(module, lambda value: False)
    state = {
        id(one): [f"{path}.{key}".lstrip(".") for key, _ in one.named_buffers(recurse=False) if key in _STATISTICS]
        for path, one in module.named_modules()
    }
    modules = module_rows(module, {}, state)
    declared = declared_ties(module, [row.name for row in stored.rows])
    model = Model(
        type(module).__name__, "torch", (), {}, (), (), (), (), held=tuple(stored.rows), modules=modules,
        declared=declared,
    )  # fmt: skip
    return LiveModule(model, tuple(stored.tensors))


def parameter_groups(optimizer: Any, held: Sequence[Held], tensors: Sequence[Any]) -> tuple[tuple[int, ...], ...]:
    """The tensor objects in each parameter group of an optimiser, by ``Held.thing``; -1 for one not in the module."""
    groups = getattr(optimizer, "param_groups", None)
    if not isinstance(groups, list):
        kind = shown(type(optimizer).__name__)
        raise RequestError(f"optimizer: must be a torch.optim.Optimizer; is {kind}")
    things = {id(tensor): row.thing for tensor, row in zip(tensors, held, strict=True)}
    return tuple(tuple(things.get(id(one), -1) for one in group["params"]) for group in groups)
