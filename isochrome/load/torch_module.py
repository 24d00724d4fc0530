"""A live PyTorch module, recorded: its operations in order, without computing values where that is possible.

The module runs once on fake tensors, which have shapes and no numbers, under a dispatch mode that sees every operation
before it is decomposed. Where fakes do not suffice it runs once for real. The module is left as it was.
"""

from __future__ import annotations

import os
import random
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from types import FrameType
from typing import Any

import numpy as np

from isochrome.errors import ModelError, shown
from isochrome.load.torch_held import Stored, declared_ties, dtype_name, module_rows
from isochrome.load.torch_keep import kept_as_it_was
from isochrome.load.torch_tape import Layout, Site, Tape
from isochrome.load.torch_tree import bound, leaves, mapped
from isochrome.model.program import Argument, Facts, Program, Ref, Symbol

__all__ = ["record"]

SMALL = 2**20  # elements of a constant whose numbers are kept
_WRITES_ALL = {"fill_", "zero_", "copy_"}
_STATISTICS = ("running_mean", "running_var")


def record(module: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None) -> Program:
    """The program of a module on some inputs. Raises ModelError in one line when the module does not run on them."""
    import torch

    name = type(module).__name__
    if not isinstance(module, torch.nn.Module):
        raise ModelError(f"{shown(name)}: must be a torch.nn.Module; is {shown(type(module).__name__)}")
    lazy = [key for key, value in _named(module) if torch.nn.parameter.is_lazy(value)]
    if lazy:
        raise ModelError(f"{shown(name)}: parameters must have shapes; {shown(lazy[0])} is lazy. Run it once before.")
    given = bound(module, tuple(args), dict(kwargs or {}))
    faults: list[Exception] = []
    for fake in (True, False):
        recorder = _Recorder(module, fake)
        try:
            with kept_as_it_was(module), _calm(torch):
                result = recorder.run(args, dict(kwargs or {}), given)
                return recorder.program(result, _why(faults))
        except ModelError:
            raise
        except Exception as fault:
            faults.append(fault)
            last = recorder.where
    raise ModelError(f"{shown(name)}: must run on its inputs; {_said(faults[-1])}{last}") from None


def _named(module: Any) -> Iterator[tuple[str, Any]]:
    yield from module.named_parameters(remove_duplicate=False)
    yield from module.named_buffers(remove_duplicate=False)


def _said(fault: Exception) -> str:
    text = str(fault).strip().splitlines()
    return shown(f"{type(fault).__name__}: {text[0]}" if text else type(fault).__name__, 200)


def _why(faults: Sequence[Exception]) -> tuple[str, ...]:
    if not faults:
        return ()
    return (f"it ran once for real, since its shapes or its control flow depend on data ({_said(faults[0])})",)


@contextmanager
def _calm(torch: Any) -> Iterator[None]:
    """Random states, the fast paths that hide operations, and compilers: as they were, after the block."""
    states = torch.get_rng_state(), random.getstate(), np.random.get_state()
    devices = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else None
    fast = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with ExitStack() as stack:
            if "torch._dynamo" in sys.modules:
                stack.enter_context(torch.compiler.set_stance("force_eager"))
            yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)
        torch.set_rng_state(states[0])
        random.setstate(states[1])
        np.random.set_state(states[2])
        if devices is not None:
            torch.cuda.set_rng_state_all(devices)


class _Recorder:
    """One run of a module under a mode that sees its operations."""

    def __init__(self, module: Any, fake: bool) -> None:
        import torch
        from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode
        from torch.utils._python_dispatch import TorchDispatchMode

        recorder = self

        class Mode(TorchDispatchMode):  # type: ignore[no-untyped-call]
            def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
                return recorder.dispatch(func, args, kwargs or {})

        self.torch, self.module = torch, module
        self.tape = Tape()
        self.stored = Stored(module, lambda value: isinstance(value, torch.Tensor))
        self.constants: dict[str, Any] = {}
        self.rows: dict[str, int] = {}
        self.state: dict[int, list[str]] = {}
        self.notes: list[str] = []
        self.calls: Counter[int] = Counter()
        self._mode: Any = Mode()  # type: ignore[no-untyped-call]
        self._fake_type = FakeTensor
        self._fakes = FakeTensorMode(allow_non_fake_inputs=True) if fake else None
        self._stack: list[tuple[str, int, int]] = []
        self._paths = {id(one): path for path, one in reversed(list(module.named_modules(remove_duplicate=False)))}
        self._shadows: dict[int, Any] = {}
        self._undefined: set[int] = set()
        self._dead: set[int] = set()
        self._kept: list[Any] = []
        self._names: dict[int, str] = {}
        self._saved: dict[int, tuple[Any, Any]] = {}
        self._inputs: tuple[str, ...] = ()
        self._site = Site()

    @property
    def where(self) -> str:
        """The place of the last operation, as the end of a sentence."""
        parts = [part for part in (shown(self._site.path), shown(self._site.place)) if part]
        return f", after {' at '.join(parts)}" if parts else ""

    def run(self, args: Sequence[Any], kwargs: Mapping[str, Any], given: Mapping[str, Any]) -> Any:
        """What the module returns; its operations are on the tape afterwards."""
        torch = self.torch
        hooks = torch.nn.modules.module
        with ExitStack() as stack:
            stack.enter_context(torch.inference_mode())
            if self._fakes is None:
                stack.callback(self._put_back)
                self._save_buffers()
            else:
                stack.enter_context(self._fakes)
            args, kwargs = self._lift_inputs(args, kwargs, given)
            for handle in (
                hooks.register_module_forward_pre_hook(self._enter),
                hooks.register_module_forward_hook(self._leave, always_call=True),
            ):
                stack.callback(handle.remove)
            stack.enter_context(self._mode)
            return self.module(*args, **kwargs)

    def program(self, result: Any, notes: tuple[str, ...]) -> Program:
        """The recorded run as a program."""
        labels, outputs = [], []
        for label, tensor in leaves(result, self._is_tensor):
            labels.append(label)
            outputs.append(self._name(tensor, Site()))
        if not outputs:
            notes += (
                f"{shown(type(self.module).__name__)} returns no tensor: its operations are known, outputs are not",
            )
        return Program(
            name=type(self.module).__name__,
            format="torch",
            inputs=self._inputs,
            outputs=tuple(outputs),
            calls=tuple(self.tape.calls),
            tensors=self.tape.facts,
            held=tuple(self.stored.rows),
            stored=self.rows,
            constants=self.constants,
            modules=module_rows(self.module, self.calls, self.state),
            declared=declared_ties(self.module, [row.name for row in self.stored.rows]),
            notes=(*notes, *dict.fromkeys((*self.notes, *self.tape.notes))),
            labels=tuple(labels),
        )

    # --- inputs and stored tensors ------------------------------------------------------------------------------

    def _is_tensor(self, value: Any) -> bool:
        return isinstance(value, self.torch.Tensor)

    def _lift_inputs(self, args: Any, kwargs: Any, given: Mapping[str, Any]) -> tuple[Any, Any]:
        lifted: dict[int, Any] = {}
        names = []
        for label, tensor in leaves(dict(given), self._is_tensor):
            if id(tensor) in lifted or self.stored.number(tensor) is not None:
                continue
            one = self._fakes.from_tensor(tensor) if self._fakes else tensor.detach().clone()
            lifted[id(tensor)] = one
            names.append(self._add(one, self.tape.unique(label)))
            self._kept += [tensor, one]
        self._inputs = tuple(names)

        def replaced(tensor: Any) -> Any:
            return lifted.get(id(tensor), tensor)

        return mapped(tuple(args), self._is_tensor, replaced), mapped(dict(kwargs), self._is_tensor, replaced)

    def _lift(self, tensor: Any) -> Any:
        """The tensor that stands for it in the run, known to the tape."""
        if self.tape.known(tensor):
            return tensor
        if self._fakes is None:
            self._stored(tensor, tensor)
            return tensor
        if isinstance(tensor, self._fake_type):
            self._add(tensor, self.tape.unique("tensor"))
            return tensor
        one = self._fakes.from_tensor(tensor)
        if not self.tape.known(one):
            self._stored(tensor, one)
        return one

    def _stored(self, tensor: Any, one: Any) -> None:
        self._kept += [tensor, one]
        number = self.stored.number(tensor)
        small = tensor.numel() <= SMALL and tensor.device.type != "meta"
        if number is None and small:  # a number that the program's text writes, or a tensor of its surroundings
            name = self._add(one, self.tape.unique("constant"))
            self._cast(name, one, tensor)
            return
        if number is None:
            name = self.tape.unique("constant")
            number = self.stored.found(name, tensor)
        name = self._add(one, self.tape.unique(self.stored.rows[number].name))
        self.rows[name] = number
        if small and not tensor.dtype.is_floating_point and not tensor.dtype.is_complex:
            self._cast(name, one, tensor)

    def _add(self, tensor: Any, name: str) -> str:
        self.tape.add(tensor, *self._geometry(tensor), name, self._facts(tensor))
        return name

    def _name(self, tensor: Any, site: Site) -> str:
        return self.tape.name(self._lift(tensor), site)

    def _geometry(self, tensor: Any) -> tuple[int, Layout]:
        try:
            storage = tensor.untyped_storage()._cdata
            return storage, Layout(tuple(tensor.shape), tuple(tensor.stride()), tensor.storage_offset())
        except (NotImplementedError, RuntimeError):  # a sparse tensor
            return -id(tensor), Layout(tuple(tensor.shape), (), 0)

    @staticmethod
    def _facts(tensor: Any) -> Facts:
        return Facts(tuple(int(size) for size in tensor.shape), dtype_name(tensor.dtype))

    # --- calls --------------------------------------------------------------------------------------------------

    def dispatch(self, func: Any, args: Any, kwargs: Any) -> Any:
        """One operation: done, and put on the tape."""
        if func.namespace == "prim":
            return func(*args, **kwargs)
        self._site = self._here()
        args = mapped(tuple(args), self._is_tensor, self._lift)
        kwargs = mapped(dict(kwargs), self._is_tensor, self._lift)
        given = dict(zip((one.name for one in func._schema.arguments), args, strict=False)) | kwargs
        tensors = [tensor for _, tensor in leaves(given, self._is_tensor)]
        written = [
            tensor
            for one in func._schema.arguments
            if one.alias_info is not None and one.alias_info.is_write and one.name in given
            for _, tensor in leaves(given[one.name], self._is_tensor)
        ]
        arguments = self._arguments(func, given)
        shadow = self._shadowed(func, args, kwargs, tensors)
        self._before_write(func, given, written)
        result = self._computed(func, args, kwargs, shadow)
        if not self._is_nothing(result, written):
            self._recorded(func, arguments, result, written, tensors, shadow)
        return result

    def _here(self) -> Site:
        path, repeat = self._stack[-1][:2] if self._stack else ("", 1)
        return Site(path, repeat, _user_line(self.torch))

    def _arguments(self, func: Any, given: Mapping[str, Any]) -> tuple[tuple[str, Argument], ...]:
        found = []
        for one in func._schema.arguments:
            if one.name not in given:
                continue
            value = given[one.name]
            if one.has_default_value() and type(value) is type(one.default_value) and value == one.default_value:
                continue
            found.append((one.name, self._argument(value)))
        return tuple(found)

    def _argument(self, value: Any) -> Argument:
        torch = self.torch
        if self._is_tensor(value):
            return Ref(self._name(value, self._site))
        if isinstance(value, list | tuple):
            return tuple(self._argument(one) for one in value)
        if value is None or isinstance(value, bool | int | float | complex | str):
            return value
        for kind in ("dtype", "layout", "memory_format"):
            if isinstance(value, getattr(torch, kind)):
                return Symbol(kind, dtype_name(value))
        if isinstance(value, torch.device):
            return Symbol("device", str(value))
        if isinstance(value, torch.SymInt):
            return int(value)
        if isinstance(value, torch.SymFloat):
            return float(value)
        return None if isinstance(value, torch.Generator) else str(type(value).__name__)

    def _is_nothing(self, result: Any, written: Sequence[Any]) -> bool:
        """Whether an operation gave back what it got: no call is needed for that."""
        if written:
            return False
        found = [tensor for _, tensor in leaves(result, self._is_tensor)]
        return not found or all(self.tape.known(tensor) for tensor in found)

    def _recorded(
        self, func: Any, arguments: Any, result: Any, written: Any, tensors: Any, shadow: _Shadow | None
    ) -> None:
        values = _outputs(result)
        outputs = [
            (value, *self._geometry(value), self._facts(value)) if self._is_tensor(value) else None for value in values
        ]
        names = self.tape.call(_target(func), arguments, outputs, written, tensors, self._site)
        self._note_state(func, arguments, written)
        results = _outputs(shadow.result) if shadow else [None] * len(values)
        for name, value, found in zip(names, values, results, strict=False):
            if name and found is not None:
                self._cast(name, value, found)

    def _note_state(self, func: Any, arguments: Any, written: Sequence[Any]) -> None:
        if not self._stack:
            return
        stored = {self._current(name): self.stored.rows[number].name for name, number in self.rows.items()}
        for key, value in arguments:
            if isinstance(value, Ref) and key in _STATISTICS and value.name in stored:
                self.state.setdefault(self._stack[-1][2], []).append(stored[value.name])

    @staticmethod
    def _current(name: str) -> str:
        return name

    # --- numbers that do not depend on the inputs ----------------------------------------------------------------

    def _cast(self, name: str, tensor: Any, numbers: Any) -> None:
        pass

    def _shadowed(self, func: Any, args: Any, kwargs: Any, tensors: Any) -> _Shadow | None:
        return None

    def _before_write(self, func: Any, given: Any, written: Any) -> None:
        pass

    def _computed(self, func: Any, args: Any, kwargs: Any, shadow: Any) -> Any:
        return func(*args, **kwargs)

    # --- modules ------------------------------------------------------------------------------------------------

    def _enter(self, module: Any, args: Any) -> None:
        self.calls[id(module)] += 1
        path = self._paths.get(id(module), self._stack[-1][0] if self._stack else "")
        self._stack.append((path, self.calls[id(module)], id(module)))

    def _leave(self, module: Any, args: Any, result: Any) -> None:
        if self._stack:
            self._stack.pop()

    def _save_buffers(self) -> None:
        self._saved = {id(one): (one, one.detach().clone()) for _, one in self.module.named_buffers()}

    def _put_back(self) -> None:
        for one, before in self._saved.values():
            one.detach().copy_(before)


def _outputs(result: Any) -> list[Any]:
    if isinstance(result, list | tuple):
        return [one for value in result for one in (value if isinstance(value, list | tuple) else [value])]
    return [result]


def _target(func: Any) -> str:
    return str(func)


def _user_line(torch: Any) -> str:
    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        file = frame.f_code.co_filename
        if not file.startswith(_LIBRARY) and "/torch/" not in file and os.path.basename(file) not in _PASSED:
            return f"{os.path.basename(file)}:{frame.f_lineno}"
        frame = frame.f_back
    return ""


_LIBRARY = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_PASSED = {"contextlib.py", "functools.py"}
_Shadow = Any
