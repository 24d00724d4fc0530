"""A program replayed on real tensors by PyTorch's own operations; no code of the user's runs.

Every name is a value of its own: what an operation writes into is copied before, so neither a stored tensor nor a value
that is asked for later changes under it.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from threading import RLock
from typing import Any

from numpy.typing import NDArray

from isochrome.errors import ModelError, RequestError, shown
from isochrome.model.held import Held
from isochrome.model.program import Argument, Call, Program, Ref
from isochrome.run.torch_inside import INSIDE
from isochrome.run.torch_values import array_of, copied, listed, overwritten, tensor_of, value_of

__all__ = ["TorchRunner"]

Array = NDArray[Any]
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*){1,2}")
_FORBIDDEN = {"from_file", "save", "set_", "set_data", "resize_", "resize_as_"}
"""What a file may not ask for: the disk, and memory that is not a tensor's own."""
_KNOWN = re.compile(
    r"_(unsafe_view|softmax|log_softmax|to_copy|weight_norm\w*|native_batch_norm_legit\w*|scaled_dot_product_\w+|"
    r"native_multi_head_attention|transformer_encoder_layer_fwd|adaptive_avg_pool\dd|trilinear|reshape_alias|unique2|"
    r"foreach_\w+|euclidean_dist|cdist_forward|assert_\w+|local_scalar_dense|conj|embedding_bag\w*|thnn_fused_\w+_cell)"
)
"""Operations of PyTorch's inside that programs are made of; the others take what they are given on trust."""
_LARGEST = 2**34  # bytes of one tensor of a file's program
_OF_GRAPHS = ("isochrome.", "higher_order.")
_SURE = {"aten.scaled_dot_product_attention.default"}  # it draws only where it is told to drop
_ONE_AT_A_TIME = RLock()  # a replay seeds PyTorch's own generator, which all replays of a process share
_UNDECLARED = ("running_mean", "running_var")  # written in training, though the schema does not say so


@dataclass(frozen=True, slots=True, eq=False)
class TorchRunner:
    """Replays one program on one input.

    ``inputs`` has an array or a tensor for each of the program's inputs, ``read`` gives the numbers of a row of
    ``Program.held`` (None where there are none). ``trusted``: the program is the user's own, and may use operations
    that other libraries registered. Chance is seeded, so two replays give the same.
    """

    program: Program
    inputs: Mapping[str, Any]
    read: Callable[[int], Any]
    trusted: bool = False
    seed: int = 0
    _leaves: dict[str, Any] = field(default_factory=dict)

    def fetch(self, tensors: Sequence[str]) -> dict[str, Array]:
        """The values of some tensors of the program, from one replay; those that cannot be had are absent."""
        import torch

        with _ONE_AT_A_TIME, torch.inference_mode():
            found = self._replay(torch, set(tensors))
            return {name: array_of(torch, found[name]) for name in tensors if name in found}

    def on(self, inputs: Mapping[str, Any]) -> TorchRunner:
        """The same program with other numbers in some tensors: inputs, stored ones, or what its operations make."""
        return replace(self, inputs={**self.inputs, **inputs}, _leaves={})

    def gradient(
        self, of: Sequence[str] | Callable[[Mapping[str, Any]], Any], tensors: Sequence[str]
    ) -> dict[str, Array]:
        """The gradient, by each of some tensors, of the sum of all elements of the tensors ``of``.

        ``of`` may be a function from the model's outputs, by their labels, to a number. A stored tensor's gradient is
        that of its storage: what every tensor over the same bytes adds. Tensors that ``of`` does not depend on get
        zeros, those that cannot be had are absent.
        """
        import torch

        inside = [name for name in tensors if "/" in name]
        if inside and len(inside) < len(tensors):  # what the operation itself gives is asked of it, not of its steps
            return self.gradient(of, [name for name in tensors if "/" not in name]) | self.gradient(of, inside)
        ends = list(self.program.outputs) if callable(of) else list(of)
        with _ONE_AT_A_TIME, torch.enable_grad():
            found = self._replay(torch, {*ends, *tensors}, grad=True)
            if ends and not any(name in found for name in ends):
                raise RequestError("gradient: this layer's sums stay inside an operation. Ask for that of the outputs.")
            if callable(of):
                labels = self.program.labels or tuple(map(str, range(len(ends))))
                total = of({label: found[name] for label, name in zip(labels, ends, strict=False) if name in found})
            else:
                total = sum(found[name].sum() for name in ends if name in found and found[name].is_floating_point())
            if not isinstance(total, torch.Tensor) or not total.requires_grad:
                raise RequestError("gradient: what it is of must depend on the model's weights; it does not")
            return self._gradients(torch, total, found, tensors)

    def _gradients(self, torch: Any, total: Any, found: Mapping[str, Any], tensors: Sequence[str]) -> dict[str, Array]:
        known = [name for name in dict.fromkeys(tensors) if name in found]
        targets = {name: self._leaf(torch, name) if name in self.program.stored else found[name] for name in known}
        able = [name for name in known if targets[name].requires_grad]
        grads = torch.autograd.grad(total, [targets[name] for name in able], allow_unused=True) if able else ()
        taken = [name for name in known if name not in self.program.stored or targets[name].requires_grad]
        results = {name: torch.zeros_like(found[name]) for name in taken if targets[name].is_floating_point()}
        for name, grad in zip(able, grads, strict=True):
            if grad is None:
                continue
            results[name] = self._part(torch, grad, name) if name in self.program.stored else grad
        return {name: array_of(torch, value) for name, value in results.items()}

    # --- tensors that are there from the start ------------------------------------------------------------------

    def _stored(self, torch: Any, number: int) -> Any:
        row = self.program.held[number]
        numbers = self.read(number)
        if numbers is None:
            raise ModelError(f"{shown(row.name)}: must have numbers to run; has none ({row.unproven or 'not read'})")
        value = tensor_of(torch, numbers).cpu().to(getattr(torch, row.dtype))
        if not isinstance(numbers, torch.Tensor) and 0 not in row.strides and row.strides != value.stride():
            with torch.inference_mode(False):  # as it lies in the model: that too decides the last bit
                value = torch.empty_strided(row.shape, row.strides, dtype=value.dtype).copy_(value.clone())
        if row.trainable and value.is_floating_point():
            value.requires_grad_()  # no gradient is taken, but it decides how PyTorch multiplies, and so the last bit
        return value

    def _leaf(self, torch: Any, name: str) -> Any:
        """The bytes behind a stored tensor, as one flat tensor: tensors over one storage have one."""
        number = self.program.stored[name]
        row = self.program.held[number]
        key = f"{row.storage}:{row.dtype}" if row.storage else f"thing {row.thing}"
        if key not in self._leaves:
            flat = self._bytes(torch, row)
            flat.requires_grad_(flat.is_floating_point() and row.role != "buffer")  # statistics take no gradient
            self._leaves[key] = flat
        return self._leaves[key]

    def _bytes(self, torch: Any, row: Held) -> Any:
        things = {one.thing: (at, one) for at, one in enumerate(self.program.held) if _same_bytes(one, row)}
        found = [(one, self.read(at)) for at, one in things.values()]
        for one, numbers in found:
            if numbers is None:
                raise ModelError(
                    f"{shown(one.name)}: must have numbers to run; has none ({one.unproven or 'not read'})"
                )
        flat = torch.zeros(max(one.span[1] // one.item for one, _ in found), dtype=getattr(torch, row.dtype))
        for one, numbers in found:
            if isinstance(numbers, torch.Tensor) and numbers.device.type == "cpu" and one.storage:
                size = numbers.untyped_storage().nbytes() // one.item
                return numbers.detach().as_strided((size,), (1,), 0)
            once = [at for at, stride in enumerate(one.strides) if stride == 0 and one.shape[at] > 1]
            shape = tuple(1 if at in once else size for at, size in enumerate(one.shape))
            part = flat.as_strided(shape, one.strides, one.offset // one.item)
            part.copy_(tensor_of(torch, numbers)[tuple(slice(0, size) for size in shape)])
        return flat

    def _part(self, torch: Any, flat: Any, name: str) -> Any:
        row = self.program.held[self.program.stored[name]]
        return flat.as_strided(row.shape, row.strides, row.offset // row.item)

    def _given(self, torch: Any, name: str, value: Any) -> Any:
        """What the model computes with in the place of a tensor: other numbers where some were given. A gradient is
        that of the tensor, at these."""
        if name not in self.inputs or name in self.program.inputs:
            return value
        numbers = torch.empty_like(value.detach()).copy_(tensor_of(torch, self.inputs[name]))
        if torch.is_grad_enabled():
            return numbers + (value - value.detach()) if value.is_floating_point() else numbers
        return numbers.requires_grad_(value.requires_grad)

    def _start(self, torch: Any, name: str, grad: bool) -> Any:
        program = self.program
        if name in program.stored:
            part = (
                self._part(torch, self._leaf(torch, name), name) if grad else self._stored(torch, program.stored[name])
            )
            return self._given(torch, name, part)
        if name in self.inputs:
            value = tensor_of(torch, self.inputs[name]).detach().cpu()
            facts = program.tensors[name]
            value = value.to(getattr(torch, facts.dtype))
            if grad or value.is_inference():
                value = value.clone()  # one that was made without gradients cannot be kept for them
            return value.requires_grad_() if grad and value.is_floating_point() else value
        if name in program.constants:
            return tensor_of(torch, program.constants[name]).to(getattr(torch, program.tensors[name].dtype))
        return None

    # --- calls --------------------------------------------------------------------------------------------------

    def _replay(self, torch: Any, wanted: set[str], grad: bool = False) -> dict[str, Any]:
        calls, last = self._needed(torch, wanted)
        if not self.trusted:
            self._check_sizes(torch, calls)
        values: dict[str, Any] = {}
        inside = {name.partition("/")[0] for name in wanted if "/" in name}
        with _seeded(torch, self.seed):
            for number, call in enumerate(calls):
                names = _names(call)
                for name in names:
                    if name not in values and not self._made(name):
                        values[name] = self._start(torch, name, grad)
                if all(values.get(name) is not None for name in names):
                    made = self._called(torch, call, values, inside)
                    values |= {name: self._given(torch, name, value) for name, value in made.items()}
                for name in {*names, *call.outputs}:
                    if last.get(name) == number and name not in wanted:
                        values.pop(name, None)
        for name in wanted:
            if name not in values and not self._made(name):
                values[name] = self._start(torch, name, grad)
        return {name: values[name] for name in wanted if values.get(name) is not None}

    def _check_sizes(self, torch: Any, calls: Sequence[Call]) -> None:
        """Run the calls on shapes alone first: a file may ask for more memory than there is."""
        from torch._subclasses.fake_tensor import FakeTensorMode

        values: dict[str, Any] = {}
        with FakeTensorMode(), torch.no_grad(), _quiet():
            for call in calls:
                for name in _names(call):
                    facts = self.program.tensors.get(name)
                    if name not in values and not self._made(name) and facts is not None:
                        values[name] = torch.empty(facts.shape, dtype=getattr(torch, facts.dtype))
                if not all(name in values for name in _names(call)):
                    continue
                try:
                    found = self._result(torch, call, values, set())
                except Exception:  # shapes alone do not say; what follows is not checked
                    continue
                for name, value in found.items():
                    if value.numel() * value.element_size() > _LARGEST:
                        raise ModelError(
                            f"{shown(name)}: must have at most {_LARGEST:,} bytes to be run; has the shape "
                            f"{list(value.shape)}"
                        )
                values |= found

    def _made(self, name: str) -> bool:
        return name.partition("/")[0] in self._makers()

    def _makers(self) -> Mapping[str, int]:
        if "makers" not in self._leaves:
            self._leaves["makers"] = {
                name: number for number, call in enumerate(self.program.calls) for name in call.outputs if name
            }
        found: Mapping[str, int] = self._leaves["makers"]
        return found

    def _needed(self, torch: Any, wanted: set[str]) -> tuple[list[Call], dict[str, int]]:
        """The calls that the wanted tensors need, and those that draw random numbers, so that all draw the same."""
        makers, calls = self._makers(), self.program.calls
        chance = [number for number, call in enumerate(calls) if self._draws(torch, call)]
        bases = [name.partition("/")[0] for name in wanted]
        todo = [makers[name] for name in bases if name in makers] + chance
        needed: set[int] = set()
        while todo:
            number = todo.pop()
            if number not in needed:
                needed.add(number)
                todo += [makers[name] for name in _names(calls[number]) if name in makers]
        chosen = [calls[number] for number in sorted(needed)]
        last = {name: at for at, call in enumerate(chosen) for name in (*call.outputs, *_names(call))}
        return chosen, last

    def _draws(self, torch: Any, call: Call) -> bool:
        given = dict(call.arguments)
        never = any(key in given and not given[key] for key in ("train", "dropout", "dropout_p"))
        if never or call.target.startswith(_OF_GRAPHS) or call.target in _SURE and "dropout_p" not in given:
            return False
        try:
            return torch.Tag.nondeterministic_seeded in self._operation(torch, call.target).tags
        except ModelError:  # where it is needed it will be refused
            return False

    def _operation(self, torch: Any, target: str) -> Any:
        parts = target.split(".")
        allowed = _NAME.fullmatch(target) and (self.trusted or _is_safe(*parts[:2]))
        try:
            packet = getattr(getattr(torch.ops, parts[0]), parts[1]) if allowed else None
            found = None if packet is None else getattr(packet, parts[2] if len(parts) > 2 else "default")
        except AttributeError:
            found = None
        if found is None:
            raise ModelError(f"{shown(target)}: must be an operation of this PyTorch that may be replayed; is not")
        return found

    def _called(self, torch: Any, call: Call, values: Mapping[str, Any], inside: set[str]) -> dict[str, Any]:
        try:
            with torch.set_grad_enabled(torch.is_grad_enabled() and not call.detached):
                return self._result(torch, call, values, inside)
        except ModelError:
            raise
        except Exception as fault:
            where = f" at {shown(call.place)}" if call.place else ""
            raise ModelError(
                f"{shown(call.target)}{where}: must run on the model's input; PyTorch says {shown(str(fault), 200)}"
            ) from None

    def _result(self, torch: Any, call: Call, values: Mapping[str, Any], inside: set[str]) -> dict[str, Any]:
        given = {key: value_of(torch, value, values) for key, value in call.arguments}
        if call.target == "isochrome.overwrite":
            done = None if "reason" in given else overwritten(torch, **given)
            return {} if done is None else {call.outputs[0]: done}
        if call.target.startswith(_OF_GRAPHS):  # a branch or a loop: what comes after it cannot be had
            return {}
        first = next((name for name in call.outputs if name), "")
        followed = (
            INSIDE[call.target](torch, call.target.split(".")[1], given, first)
            if (first in inside and call.target in INSIDE)
            else None
        )
        if followed is not None:
            quantities = followed.probes if torch.is_grad_enabled() else followed.values
            return {**dict(zip(call.outputs, followed.outputs, strict=False)), **quantities}
        operation = self._operation(torch, call.target)
        marked = [one.name for one in operation._schema.arguments if one.alias_info and one.alias_info.is_write]
        for key in (*marked, *_UNDECLARED):
            if given.get(key) is not None:
                given[key] = copied(given[key])
        if "out" in given and torch.is_grad_enabled():  # an operation that writes into ``out`` has no gradient
            given = {key: value for key, value in given.items() if key != "out"}
            operation, marked = operation._overloadpacket, []
        results = listed(operation(**given))
        silent = [
            one for key in marked for one in listed(given.get(key)) if all(one is not other for other in results)
        ]
        found = zip(call.outputs, [*results, *silent], strict=False)
        return {name: value for name, value in found if name and isinstance(value, torch.Tensor)}


def _is_safe(namespace: str, name: str) -> bool:
    return namespace == "aten" and name not in _FORBIDDEN and (name[0] != "_" or _KNOWN.fullmatch(name) is not None)


def _same_bytes(one: Held, row: Held) -> bool:
    if one.unproven == "meta":
        return bool(one.thing == row.thing)
    return bool((one.storage, one.dtype) == (row.storage, row.dtype) if row.storage else one.thing == row.thing)


def _names(call: Call) -> list[str]:
    return [name for _, value in call.arguments for name in _refs(value)]


def _refs(value: Argument) -> Iterator[str]:
    if isinstance(value, Ref):
        yield value.name
    elif isinstance(value, tuple):
        for one in value:
            yield from _refs(one)


@contextmanager
def _quiet() -> Iterator[None]:
    """What shapes alone do not say is no fault, and not to be logged."""
    logger = logging.getLogger("torch._subclasses.fake_tensor")
    before, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = before


@contextmanager
def _seeded(torch: Any, seed: int) -> Iterator[None]:
    state = torch.get_rng_state()
    torch.default_generator.manual_seed(seed)
    try:
        yield
    finally:
        torch.set_rng_state(state)
