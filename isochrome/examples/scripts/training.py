"""Deterministic training in PyTorch: one thread, a seed, Adam with a falling step."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["Batch", "Forward", "Parameters", "random_parameters", "train", "values"]

Parameters = dict[str, NDArray[np.float32]]
Batch = tuple[NDArray[np.float32], NDArray[np.int64]]
Forward = Callable[[Mapping[str, "Tensor"], "Tensor"], "Tensor"]


def random_parameters(shapes: Mapping[str, tuple[int, ...]], fan_in: Mapping[str, int], seed: int) -> Parameters:
    """Weights drawn from a normal distribution of deviation 1/sqrt(fan in); tensors without a fan in are zero.

    >>> sorted(random_parameters({"w": (2, 3), "b": (2,)}, {"w": 3}, seed=0))
    ['b', 'w']
    """
    random = np.random.default_rng(seed)
    return {
        name: (random.standard_normal(shape) / fan_in[name] ** 0.5 if name in fan_in else np.zeros(shape)).astype(
            np.float32
        )
        for name, shape in shapes.items()
    }


def train(forward: Forward, start: Parameters, batches: Iterable[Batch], steps: int, rate: float) -> Parameters:
    """The parameters after one step of Adam on the cross-entropy of each batch; the rate falls from ``rate`` to 0."""
    import torch

    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    tensors = {name: torch.tensor(array, requires_grad=True) for name, array in start.items()}
    optimiser = torch.optim.AdamW(tensors.values(), lr=rate, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    for x, label in batches:
        optimiser.zero_grad()
        loss = torch.nn.functional.cross_entropy(forward(tensors, torch.from_numpy(x)), torch.from_numpy(label))
        torch.autograd.backward(loss)
        optimiser.step()
        schedule.step()
    return {name: tensor.detach().numpy().copy() for name, tensor in tensors.items()}


def values(forward: Forward, parameters: Parameters, x: NDArray[np.float32]) -> NDArray[np.float32]:
    """What the network gives for the samples ``x`` in PyTorch."""
    import torch

    with torch.no_grad():
        given = forward({name: torch.from_numpy(array) for name, array in parameters.items()}, torch.from_numpy(x))
    return np.asarray(given.numpy(), dtype=np.float32)
