"""What a recording changes around a module, as it was before: random states, fast paths, compilers, counts of writes.

``torch`` is given by the one file that imports it.
"""

from __future__ import annotations

import gc
import logging
import random
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np

__all__ = ["calm", "tensors_kept", "uncollected"]


@contextmanager
def calm(torch: Any) -> Iterator[None]:
    """Random states, the fast paths that hide operations, and compilers: as they were, after the block."""
    states = torch.get_rng_state(), random.getstate(), np.random.get_state()
    devices = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else None
    fast = torch.backends.mha.get_fastpath_enabled()
    logger = logging.getLogger("torch._subclasses.fake_tensor")
    quiet, logger.disabled = logger.disabled, True  # a failed attempt is told in our own words
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with ExitStack() as stack:
            stack.enter_context(warnings.catch_warnings())
            warnings.filterwarnings("ignore", ".*there are global hooks on modules")  # they are ours, and go again
            if "torch._dynamo" in sys.modules:
                stack.enter_context(torch.compiler.set_stance("force_eager"))
            yield
    finally:
        logger.disabled = quiet
        torch.backends.mha.set_fastpath_enabled(fast)
        torch.set_rng_state(states[0])
        random.setstate(states[1])
        np.random.set_state(states[2])
        if devices is not None:
            torch.cuda.set_rng_state_all(devices)


@contextmanager
def uncollected() -> Iterator[None]:
    """No search for garbage during the block: what is made in it lives until its end."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


@contextmanager
def tensors_kept(torch: Any, tensors: Sequence[Any]) -> Iterator[None]:
    """Tensors have the data that they had, and count as many writes.

    A module may assign to ``.data``; and PyTorch counts what is written into a tensor before it asks a mode.
    """
    known = tuple(tensor for tensor in tensors if not tensor.is_inference())
    before = tuple(tensor._version for tensor in known)
    data = [(tensor, tensor.data, _place(tensor)) for tensor in tensors]
    try:
        yield
    finally:
        for tensor, one, place in data:
            if _place(tensor) != place:
                tensor.data = one
        torch._C._autograd._unsafe_set_version_counter(known, before)


def _place(tensor: Any) -> Any:
    try:
        return tensor.untyped_storage()._cdata, tensor.storage_offset(), tensor.shape, tensor.stride(), tensor.device
    except (NotImplementedError, RuntimeError):
        return None
