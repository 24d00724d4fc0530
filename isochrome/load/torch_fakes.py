"""Tensors with shapes and no numbers, each standing for a real one; real ones over one storage have fakes over one."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

__all__ = ["Fakes"]


class Fakes:
    """The fakes of a run. ``mode`` is PyTorch's own, which makes any fake; dense tensors have a short way.

    The first tensor over a storage gets a fake of the whole storage, and every tensor over it is a view of that.
    """

    def __init__(self, torch: Any, mode: Any, kind: type, without: Callable[[], AbstractContextManager[Any]]) -> None:
        self.mode, self._torch, self._kind, self._without = mode, torch, kind, without
        self._plain = (torch.Tensor, torch.nn.Parameter)
        self._whole: dict[int, Any] = {}
        self._made: dict[int, tuple[Any, Any]] = {}

    def of(self, tensor: Any) -> Any:
        """The fake that stands for a real tensor; always the same one."""
        if id(tensor) not in self._made:
            self._made[id(tensor)] = tensor, self._fake(tensor)
        return self._made[id(tensor)][1]

    def empty(self, shape: Any, strides: Any, dtype: Any, device: Any) -> Any:
        """A fake that stands for no real tensor."""
        with self._without():
            made = self._torch.empty_strided(shape, strides, dtype=dtype, device="meta")
        return self._kind(self.mode, made, device)

    def _fake(self, tensor: Any) -> Any:
        plain = type(tensor) in self._plain and tensor.layout is self._torch.strided
        plain = plain and not (tensor.is_inference() or tensor.is_conj() or tensor.is_neg())
        if not plain or not self._torch.is_inference_mode_enabled():
            return self.mode.from_tensor(tensor)
        storage, geometry = tensor.untyped_storage(), (tuple(tensor.shape), tensor.stride())
        key, size = storage._cdata, tensor.element_size()
        with self._torch.inference_mode(False):  # PyTorch counts writes into it, as it does for the real one
            if key not in self._whole:
                fills = tensor.is_contiguous() and storage.nbytes() == tensor.numel() * size
                shape, strides = geometry if fills else ((storage.nbytes() // size,), (1,))
                self._whole[key] = self.empty(shape, strides, tensor.dtype, tensor.device)
                if fills:
                    return self._whole[key]
            whole = self._whole[key]
            if whole.dtype != tensor.dtype:
                return self.mode.from_tensor(tensor)
            return whole.as_strided(*geometry, tensor.storage_offset())
