"""Single values of a replay: arguments as PyTorch takes them, copies, results in a row, and NumPy's arrays.

No function imports PyTorch; each that needs it is given it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isochrome.model.program import Argument, Ref, Symbol

__all__ = ["array_of", "copied", "listed", "overwritten", "tensor_of", "value_of"]

Array = NDArray[Any]


def value_of(torch: Any, value: Argument, values: Mapping[str, Any]) -> Any:
    """One argument of a call: a value made before, a device, a type or layout, a list of these, or itself."""
    match value:
        case Ref(name):
            return values[name]
        case Symbol("device", _):
            return torch.device("cpu")
        case Symbol(_, name):
            return getattr(torch, name)
        case tuple():
            return [value_of(torch, one, values) for one in value]
    return value


def overwritten(torch: Any, base: Any, part: Any, offset: int, strides: Sequence[int]) -> Any:
    """A copy of ``base`` in which ``part`` stands where its offset and strides, in elements, say."""
    flat = base.clone(memory_format=torch.contiguous_format)
    flat.as_strided(part.shape, strides, offset).copy_(part)
    return flat if base.is_contiguous() else torch.empty_like(base).copy_(flat)


def copied(value: Any) -> Any:
    """A copy of a tensor, or of each of a list."""
    return [copied(one) for one in value] if isinstance(value, list) else None if value is None else value.clone()


def listed(result: Any) -> list[Any]:
    """All tensors that an operation gave, in one row."""
    if isinstance(result, list | tuple):
        return [one for value in result for one in (value if isinstance(value, list | tuple) else [value])]
    return [result]


def tensor_of(torch: Any, numbers: Any) -> Any:
    """Numbers as a tensor that no gradient follows; an array is copied."""
    return numbers.detach() if isinstance(numbers, torch.Tensor) else torch.from_numpy(np.array(numbers))


def array_of(torch: Any, tensor: Any) -> Array:
    """A tensor's numbers as an array of its own; bfloat16, which NumPy lacks, as float32."""
    found = tensor.detach().cpu().resolve_conj().resolve_neg()
    return np.array((found.float() if found.dtype is torch.bfloat16 else found).numpy())
