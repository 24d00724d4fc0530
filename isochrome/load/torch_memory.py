"""What operations make of tensors of given shapes, remembered: a network asks the same of its blocks many times."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["Memory"]

_NEVER = ("data_dependent_output", "dynamic_output_shape")


class Memory:
    """Results without numbers. ``make`` gives a tensor of a shape, strides, dtype and device that has none."""

    def __init__(self, is_tensor: Callable[[Any], bool], make: Callable[..., Any]) -> None:
        self._is_tensor, self._make = is_tensor, make
        self._made: dict[object, tuple[Any, ...]] = {}
        self._simple: dict[Any, str] = {}

    def known(self, func: Any, args: Any, kwargs: Any) -> tuple[object, Any]:
        """(what the result follows from, None where it is not remembered; the result, None where it is not known)."""
        kind = self._simple.get(func)
        if kind is None:
            kind = self._simple[func] = _kind(func)
        if kind == "in place" and sum(map(self._is_tensor, (*args, *kwargs.values()))) == 1:
            return None, args[0]
        if kind != "fresh":
            return None, None
        try:
            key = func, *map(self._key, args), *((name, self._key(value)) for name, value in kwargs.items())
            found = self._made.get(key)
        except TypeError:  # an argument that cannot be compared
            return None, None
        return key, None if found is None else self._make(*found)

    def keep(self, key: object, result: Any, args: Any) -> None:
        """Remember a result, if it is one tensor with bytes of its own."""
        if key is not None and self._is_tensor(result) and str(result.layout) == "torch.strided":
            mine = result.untyped_storage()._cdata
            if not any(self._is_tensor(one) and one.untyped_storage()._cdata == mine for one in _flat(args)):
                self._made[key] = tuple(result.shape), result.stride(), result.dtype, result.device

    def _key(self, value: Any) -> object:
        if self._is_tensor(value):
            flags = value.is_conj(), value.is_neg()
            return tuple(value.shape), value.stride(), value.dtype, value.device, value.layout, flags
        if isinstance(value, list | tuple):
            return tuple(map(self._key, value))
        return type(value), value


def _kind(func: Any) -> str:
    """``fresh`` where an operation gives one new tensor, ``in place`` where it changes numbers of its first one."""
    schema, tags = func._schema, {tag.name for tag in func.tags}
    if func.namespace != "aten" or tags & set(_NEVER) or [str(one.type) for one in schema.returns] != ["Tensor"]:
        return ""
    marks = [one.alias_info for one in schema.arguments]
    if not any(marks) and schema.returns[0].alias_info is None:
        return "fresh"
    alone = marks[0] is not None and marks[0].is_write and not any(marks[1:])
    return "in place" if alone and "pointwise" in tags else ""


def _flat(value: Any) -> list[Any]:
    if isinstance(value, list | tuple):
        return [one for part in value for one in _flat(part)]
    return [value]
