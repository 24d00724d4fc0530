"""A live PyTorch module as a model, with its own tensors behind the names."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from isochrome.load.aten import ProgramModel, program_model
from isochrome.load.torch_calm import uncollected
from isochrome.load.torch_held import numbers_of
from isochrome.load.torch_module import recorded
from isochrome.model.program import Program

__all__ = ["LiveModel", "open_module"]


@dataclass(frozen=True, slots=True, eq=False)
class LiveModel:
    """A live module as a model: ``file`` reads its numbers as arrays, ``read`` as the module's own tensors.

    ``inputs`` has the example inputs by the names of the program, ``tensors`` the object behind each row of ``held``.
    """

    file: ProgramModel
    read: Callable[[int], Any]
    inputs: Mapping[str, Any]
    tensors: Sequence[Any] = ()


def open_module(module: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None) -> LiveModel:
    """The model that a live module is, on some inputs. No number of a weight is read.

    Raises ModelError in one line when the module does not run on them.
    """
    with uncollected():
        found = recorded(module, args, kwargs)
        return LiveModel(*_read_by(found.program, found.tensors), found.inputs, found.tensors)


def _read_by(program: Program, tensors: Sequence[Any]) -> tuple[ProgramModel, Callable[[int], Any]]:
    def read(number: int) -> Any:
        tensor = tensors[number].detach()
        return None if tensor.device.type == "meta" else tensor

    def array(number: int) -> Any:
        tensor = read(number)
        return None if tensor is None else numbers_of(tensor)

    return program_model(program, array), read
