"""A live PyTorch module, recorded: its operations in order, without computing values where that is possible.

The module runs once on fake tensors, which have shapes and no numbers, under a dispatch mode that sees every operation
before it is decomposed. Where fakes do not suffice it runs once for real. The module is left as it was.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from isochrome.errors import ModelError, shown
from isochrome.load.torch_beside import SMALL, Beside
from isochrome.load.torch_calm import calm, tensors_kept
from isochrome.load.torch_declared import declared_ties
from isochrome.load.torch_fakes import Fakes
from isochrome.load.torch_held import Stored, dtype_name, module_rows
from isochrome.load.torch_keep import kept_as_it_was
from isochrome.load.torch_memory import Memory
from isochrome.load.torch_place import Whereabouts
from isochrome.load.torch_tape import Layout, Site, Tape
from isochrome.load.torch_tree import bound, leaves, mapped
from isochrome.model.program import Argument, Facts, Program, Ref, Symbol

__all__ = ["Recorded", "record", "recorded"]

_SAME = {"aten.detach.default", "aten.alias.default", "aten.lift_fresh.default"}
_NEEDS_GRADIENTS = ("require grad", "requires grad", "requires_grad", "inference", "jvp")
_STATISTICS = ("running_mean", "running_var")


@dataclass(frozen=True, slots=True, eq=False)
class Recorded:
    """A recorded module: its program, the stored tensors by their numbers in ``held``, the inputs by their names."""

    program: Program
    tensors: tuple[Any, ...]
    inputs: Mapping[str, Any]


def record(module: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None) -> Program:
    """The program of a module on some inputs. Raises ModelError in one line when the module does not run on them."""
    return recorded(module, args, kwargs).program


def recorded(module: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None) -> Recorded:
    """As :func:`record`, with the tensors behind the names."""
    import torch

    name = type(module).__name__
    if not isinstance(module, torch.nn.Module):
        raise ModelError(_no_module(module))
    lazy = [key for key, value in _named(module) if torch.nn.parameter.is_lazy(value)]
    if lazy:
        raise ModelError(f"{shown(name)}: parameters must have shapes; {shown(lazy[0])} is lazy. Run it once before.")
    given = bound(module, tuple(args), dict(kwargs or {}))
    faults: list[BaseException] = []
    for fake, inference in ((True, True), (False, True), (False, False)):
        if not inference and not any(word in str(fault).lower() for fault in faults[-1:] for word in _NEEDS_GRADIENTS):
            break
        recorder = _Recorder(module, fake, inference)
        try:
            with kept_as_it_was(module), calm(torch), tensors_kept(torch, recorder.stored.all):
                program = recorder.program(recorder.run(args, dict(kwargs or {}), given), _why(faults))
                return Recorded(program, tuple(recorder.stored.tensors), recorder.inputs)
        except ModelError:
            raise
        except (Exception, SystemExit) as fault:
            faults.append(fault)
            where = recorder.places.of(fault)
    raise ModelError(f"{shown(name)}: must run on its inputs; raised {_said(faults[-1])}{where}") from None


def _no_module(found: Any) -> str:
    if isinstance(found, type):
        return f"{shown(found.__name__)}: must be a torch.nn.Module; got the class itself. Call it."
    return f"{shown(type(found).__name__)}: must be a torch.nn.Module, or the path or name of a model"


def _named(module: Any) -> Iterator[tuple[str, Any]]:
    yield from module.named_parameters(remove_duplicate=False)
    yield from module.named_buffers(remove_duplicate=False)


def _said(fault: BaseException) -> str:
    text = str(fault).strip().splitlines()
    return shown(f"{type(fault).__name__}: {text[0]}" if text else type(fault).__name__, 200)


def _why(faults: Sequence[BaseException]) -> tuple[str, ...]:
    if not faults:
        return ()
    return (
        f"it ran for real on these inputs, since shapes alone did not do ({_said(faults[0])}): "
        "what it takes from their numbers, and the way that it goes, is that of this run",
    )


@dataclass(frozen=True, slots=True)
class _Operation:
    """One operation as it was called; ``given`` has its arguments by the schema's names."""

    func: Any
    args: Any
    kwargs: Any
    given: Mapping[str, Any]

    @property
    def written(self) -> list[Any]:
        """The arguments that it writes into."""
        marked = [one.name for one in self.func._schema.arguments if one.alias_info and one.alias_info.is_write]
        return [self.given[name] for name in marked if name in self.given]


class _Recorder:
    """One run of a module under a mode that sees its operations."""

    def __init__(self, module: Any, fake: bool, inference: bool) -> None:
        import torch
        from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode, unset_fake_temporarily
        from torch.utils._python_dispatch import TorchDispatchMode

        recorder = self

        class Mode(TorchDispatchMode):  # type: ignore[no-untyped-call]
            def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
                return recorder.dispatch(func, args, kwargs or {})

        self.torch, self.module, self._inference = torch, module, inference
        self.tape = Tape()
        self.stored = Stored(module, lambda value: isinstance(value, torch.Tensor))
        self.rows: dict[str, int] = {}
        self._without_fakes = unset_fake_temporarily
        self.beside = Beside(
            self._is_tensor,
            lambda func: torch.Tag.nondeterministic_seeded in func.tags,
            self._without_fakes,
            torch.device("cpu"),
        )
        self._held: dict[int, int] = {}
        self.state: dict[int, list[str]] = {}
        self.notes: list[str] = []
        self._mode: Any = Mode()  # type: ignore[no-untyped-call]
        self._fake_type = FakeTensor
        fakes = FakeTensorMode(allow_non_fake_inputs=True)
        self._fakes = Fakes(torch, fakes, FakeTensor, unset_fake_temporarily) if fake else None
        self.places = Whereabouts(module)
        self._memory = Memory(self._is_tensor, self._fakes.empty) if self._fakes else None
        self._kept: list[Any] = []
        self._saved: dict[int, tuple[Any, Any]] = {}
        self.inputs: dict[str, Any] = {}

    def run(self, args: Sequence[Any], kwargs: Mapping[str, Any], given: Mapping[str, Any]) -> Any:
        """What the module returns; its operations are on the tape afterwards."""
        torch = self.torch
        hooks = torch.nn.modules.module
        with ExitStack() as stack:
            if self._inference:
                stack.enter_context(torch.inference_mode())
            stack.enter_context(torch.enable_grad())  # what the module turns off can then be told
            if self._fakes is None:
                stack.callback(self._put_back)
                for _, buffer in self.module.named_buffers():
                    self._saved[id(buffer)] = (buffer, buffer.detach().clone())
            else:
                stack.enter_context(self._fakes.mode)
            args, kwargs = self._lift_inputs(args, kwargs, given)
            for handle in (
                hooks.register_module_forward_pre_hook(self.places.enter),
                hooks.register_module_forward_hook(self.places.leave, always_call=True),
            ):
                stack.callback(handle.remove)
            stack.enter_context(self._mode)
            return self.module(*args, **kwargs)

    def program(self, result: Any, notes: tuple[str, ...]) -> Program:
        """The recorded run as a program."""
        labels, outputs = [], []
        for label, tensor in leaves(result, self._is_tensor):
            labels.append(label or "output")
            outputs.append(self._name(tensor, Site()))
        if not outputs:
            notes += (
                f"{shown(type(self.module).__name__)} returns no tensor: its operations are known, outputs are not",
            )
        return Program(
            name=type(self.module).__name__,
            format="torch",
            inputs=tuple(self.inputs),
            outputs=tuple(outputs),
            calls=tuple(self.tape.calls),
            tensors=self.tape.facts,
            held=tuple(self.stored.rows),
            stored=self.rows,
            constants=self.beside.constants,
            modules=module_rows(self.module, self.places.calls, self.state),
            declared=declared_ties(self.module, [row.name for row in self.stored.rows if row.role == "parameter"]),
            notes=(*notes, *dict.fromkeys((*self.notes, *self.tape.notes))),
            labels=tuple(labels),
        )

    # --- inputs and stored tensors ------------------------------------------------------------------------------

    def _is_tensor(self, value: Any) -> bool:
        return isinstance(value, self.torch.Tensor)

    def _lift_inputs(self, args: Any, kwargs: Any, given: Mapping[str, Any]) -> tuple[Any, Any]:
        lifted: dict[int, Any] = {}
        for label, tensor in leaves(dict(given), self._is_tensor):
            if id(tensor) in lifted or self.stored.number(tensor) is not None:
                continue
            one = self._fakes.of(tensor) if self._fakes else tensor.detach().clone()
            lifted[id(tensor)] = one
            with self._without_fakes(), self.torch.inference_mode(False):
                self.inputs[self._add(one, self.tape.unique(label))] = tensor.detach().clone()
            self._kept += [tensor, one]

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
        one = self._fakes.of(tensor)
        if not self.tape.known(one):
            self._stored(tensor, one)
        return one

    def _stored(self, tensor: Any, one: Any) -> None:
        self._kept += [tensor, one]
        number = self.stored.number(tensor)
        small = tensor.numel() <= SMALL and tensor.device.type != "meta"
        if number is None and small:  # a number in the program's text, or a tensor of its surroundings
            name = self._add(one, self.tape.unique("constant"))
            self.beside.put(name, one, tensor)
            return
        if number is None:
            name = self.tape.unique("constant")
            number = self.stored.found(name, tensor)
        name = self._add(one, self.tape.unique(self.stored.rows[number].name))
        self.rows[name] = number
        self._held[id(one)] = number
        if small and not tensor.dtype.is_floating_point and not tensor.dtype.is_complex:
            self.beside.put(name, one, tensor)

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
        self.places.look(not self.torch.is_grad_enabled())
        args = mapped(tuple(args), self._is_tensor, self._lift)
        kwargs = mapped(dict(kwargs), self._is_tensor, self._lift)
        names = (one.name for one in func._schema.arguments)
        operation = _Operation(func, args, kwargs, dict(zip(names, args, strict=False)) | kwargs)
        arguments = self._arguments(operation)
        tensors = [tensor for _, tensor in leaves(operation.given, self._is_tensor)]
        written = [tensor for _, tensor in leaves(operation.written, self._is_tensor)]
        result, beside = self._computed(operation, tensors, written)
        found = [tensor for _, tensor in leaves(result, self._is_tensor)]
        if written or (found and not all(self.tape.known(tensor) for tensor in found)):
            self._recorded(operation, arguments, result, beside, written, tensors)
        return result

    def _computed(self, operation: _Operation, tensors: Sequence[Any], written: Sequence[Any]) -> tuple[Any, Any]:
        """The result in the run, and beside it, None where that is not known."""
        func, args, kwargs = operation.func, operation.args, operation.kwargs
        can = self.beside.can(func, tensors)
        if not can:
            self.beside.lose(written)
        for tensor in written if self._fakes is None else ():
            self._save(tensor)
        try:
            result = self._result(func, args, kwargs)
        except Exception:
            if not can or self._fakes is None:
                raise
            beside = self.beside.compute(func, args, kwargs)
            return mapped(beside, self._is_tensor, self._fakes.mode.from_tensor), beside
        small = all(tensor.numel() <= SMALL for _, tensor in leaves(result, self._is_tensor))
        return result, self.beside.compute(func, args, kwargs) if can and small else None

    def _result(self, func: Any, args: Any, kwargs: Any) -> Any:
        if self._memory is None or not self._inference:
            return func(*args, **kwargs)
        key, result = self._memory.known(func, args, kwargs)
        if result is None:
            result = func(*args, **kwargs)
            self._memory.keep(key, result, (*args, *kwargs.values()))
        return result

    def _arguments(self, operation: _Operation) -> tuple[tuple[str, Argument], ...]:
        found = []
        for one in operation.func._schema.arguments:
            if one.name not in operation.given:
                continue
            value = operation.given[one.name]
            if one.has_default_value() and type(value) is type(one.default_value) and value == one.default_value:
                continue
            found.append((one.name, self._argument(value)))
        return tuple(found)

    def _argument(self, value: Any) -> Argument:
        torch = self.torch
        if self._is_tensor(value):
            return Ref(self._name(value, self.places.site))
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
        if isinstance(value, torch.Generator):
            self.notes.append(
                "chance: numbers from a generator of the program's own are drawn anew when it is replayed"
            )
        return None if isinstance(value, torch.Generator) else str(type(value).__name__)

    def _recorded(
        self, operation: _Operation, arguments: Any, result: Any, beside: Any, written: Any, tensors: Any
    ) -> None:
        values = _listed(result)
        outputs = [
            (value, *self._geometry(value), self._facts(value)) if self._is_tensor(value) else None for value in values
        ]
        if str(operation.func) in _SAME and beside is not None:
            self.tape.same(result, *self._geometry(result), tensors[0])
            self.beside.match("", result, beside)
            return
        names = self.tape.call(str(operation.func), arguments, outputs, written, tensors, self.places.site)
        self._note_state(operation, written)
        for name, value, numbers in zip(names, values, _listed(beside), strict=False):
            if name and numbers is not None:
                self.beside.match(name, value, numbers)

    def _note_state(self, operation: _Operation, written: Sequence[Any]) -> None:
        changed = [*written, *(operation.given.get(key) for key in _STATISTICS)]
        for tensor in changed:
            number = self._held.get(id(tensor))
            module = self.places.module
            if number is not None and module is not None and self.stored.rows[number].role == "buffer":
                self.state.setdefault(module, []).append(self.stored.rows[number].name)

    def _save(self, tensor: Any) -> None:
        """The numbers of a stored tensor before a real run writes into it."""
        if id(tensor) in self._held and id(tensor) not in self._saved:
            self._saved[id(tensor)] = (tensor, tensor.detach().clone())

    def _put_back(self) -> None:
        for tensor, before in self._saved.values():
            if not self.torch.equal(tensor, before):
                tensor.detach().copy_(before)


def _listed(result: Any) -> list[Any]:
    if isinstance(result, list | tuple):
        return [one for value in result for one in (value if isinstance(value, list | tuple) else [value])]
    return [result]
