"""What a gradient is of, as users say it: the layer's outputs, the model's, one of them, a loss."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from isochrome.ask.gradient import Target
from isochrome.errors import RequestError, shown

if TYPE_CHECKING:
    from isochrome.app.api import OpenedModel

__all__ = ["Of", "target_of"]

Of = str | Callable[[Mapping[str, Any]], Any]


def target_of(opened: OpenedModel, of: Of) -> Target | None:
    """What is meant, None where it is the sum of the layer's own outputs. Raises RequestError in one line."""
    if not isinstance(of, str):
        return Target("what the function gives", of)
    if of == "sum":
        return None
    outputs, labels = opened.model.outputs, opened.labels
    if not opened.differentiates:
        raise RequestError(f"of {shown(of)}: must be sum for this model; its runtime gives no gradients")
    if of == "outputs":
        return Target("the sum of all that the model gives", outputs)
    name = of if of == "loss" else of.removeprefix("output:")
    found = [output for output, label in zip(outputs, labels, strict=True) if name in (label, output)]
    if not found or (of != "loss" and not of.startswith("output:")):
        raise RequestError(f"of {shown(of)}: must be sum, outputs or {_choices(labels)}")
    return Target(name if of == "loss" else f"the sum of {shown(name)}", found[:1])


def _choices(labels: Sequence[str]) -> str:
    some = ", ".join("loss" if label == "loss" else f"output:{shown(label, 40)}" for label in labels[:6])
    return (some or "nothing else: the model gives no tensor") + (", ..." if len(labels) > 6 else "")
