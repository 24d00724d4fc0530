"""Padding before a convolution: the convolution takes it over, so its formula says what is read beyond the border."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from isochrome.layers import Operation
from isochrome.load.aten_call import Call
from isochrome.load.aten_windows import border_of
from isochrome.load.graph import Named
from isochrome.load.value import Value

__all__ = ["Pads"]


@dataclass(slots=True, eq=False)
class Pads:
    """The tensors so far that are others with padding along positions alone."""

    _padded: dict[str, tuple[Value, tuple[int, ...], str]] = field(default_factory=dict)

    def note(self, call: Call, operation: Operation) -> None:
        """Remember a pad that a convolution can take over."""
        x = call.maybe("self")
        if operation.kind != "pad" or x is None or x.shape is None:
            return
        amounts = call.ints("pad" if call.has("pad") else "padding")
        mode, rank = border_of(call), len(x.shape) - 2
        if mode == "constant" and call.real("value", 0.0) != 0 or min(amounts, default=0) < 0:
            return
        if any(amounts[2 * rank :]) or rank < 1:
            return
        amounts = (*amounts, *(0,) * (2 * rank))[: 2 * rank]
        begins, ends = amounts[::2][::-1], amounts[1::2][::-1]
        self._padded[call.outputs[0]] = (x, (*begins, *ends), mode)

    def taken_over(self, call: Call) -> Call:
        """A convolution of what was padded, with the padding as its own; any other call as it is."""
        x = call.maybe("input")
        if x is None or x.name not in self._padded or not call.op.startswith("conv") or "transpose" in call.op:
            return call
        source, pads, mode = self._padded[x.name]
        rank, padding = len(call.shape("weight")) - 2, call.arguments.get("padding")
        if len(pads) != 2 * rank or call.flag("transposed") or padding == "same":
            return call
        if mode != "constant" and padding != "valid" and any(call.ints("padding", rank, (0,))):
            return call
        border = "zeros" if mode == "constant" else mode
        return replace(call, arguments={**call.arguments, "input": source, "extra pads": pads, "border": border})

    def idle(self, found: Sequence[Named], outputs: Sequence[str]) -> set[str]:
        """Pads that nobody reads any more."""
        read = {name for named in found for name in named.operation.inputs} | set(outputs)
        return {name for name in self._padded if name not in read}
