"""A live module is recorded as it is, and left as it was."""

from __future__ import annotations

import copy
import random
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from isochrome.errors import ModelError
from isochrome.load.torch_module import record, recorded
from isochrome.load.torch_tree import leaves
from isochrome.model.program import Program, Ref
from isochrome.run.torch_replay import TorchRunner
from tests.live.zoo import ZOO, Case, Differentiates, image


def is_tensor(value: Any) -> bool:
    return isinstance(value, Tensor)


def contents(module: nn.Module) -> list[Any]:
    """Everything a user could find on a module: objects by identity, numbers by value."""
    found: list[Any] = []
    for path, one in module.named_modules(remove_duplicate=False):
        for key, value in vars(one).items():
            items = list(value.items()) if isinstance(value, dict) else list(value) if isinstance(value, list) else []
            found.append(
                (
                    path,
                    key,
                    id(value) if not isinstance(value, bool | int | float | str) else value,
                    repr(type(value)),
                    [repr(item)[:200] for item in items],
                )
            )
    for name, tensor in [*module.named_parameters(), *module.named_buffers()]:
        found.append(
            (
                name,
                id(tensor),
                tensor.detach().clone().tolist(),
                tensor.requires_grad,
                None if tensor.grad is None else tensor.grad.tolist(),
                tensor._version,
            )
        )
    found.append([one.training for one in module.modules()])
    return found


def surroundings() -> list[Any]:
    hooks = torch.nn.modules.module
    return [
        torch.get_rng_state().tolist(), random.getstate(), repr(np.random.get_state()), torch.is_grad_enabled(),
        torch.is_inference_mode_enabled(), torch.backends.mha.get_fastpath_enabled(), torch.get_default_dtype(),
        len(hooks._global_forward_hooks), len(hooks._global_forward_pre_hooks), len(hooks._global_forward_hooks_always_called),
    ]  # fmt: skip


@pytest.mark.parametrize("training", [False, True], ids=["eval", "training"])
@pytest.mark.parametrize("name", ZOO)
def test_nothing_is_left_on_the_module(name: str, training: bool) -> None:
    case = ZOO[name]()
    case.module.train(training)
    for tensor in case.module.parameters():
        tensor.grad = torch.ones_like(tensor)
    inputs = [(tensor, tensor.clone(), tensor._version) for _, tensor in leaves([case.args, case.kwargs], is_tensor)]
    before, around = contents(case.module), surroundings()
    record(case.module, case.args, case.kwargs)
    assert contents(case.module) == before
    assert surroundings() == around
    assert all(torch.equal(tensor, then) and tensor._version == version for tensor, then, version in inputs)


def replayed(case: Case) -> tuple[Program, list[np.ndarray[Any, Any]]]:
    found = recorded(case.module, case.args, case.kwargs)
    runner = TorchRunner(found.program, found.inputs, lambda number: found.tensors[number], trusted=True)
    values = runner.fetch(found.program.outputs)
    return found.program, [values[name] for name in found.program.outputs]


def own_outputs(case: Case) -> list[Tensor]:
    """What the module itself gives, with the same seed and no fast path."""
    fast = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    torch.manual_seed(0)
    try:
        with torch.inference_mode(not isinstance(case.module, Differentiates)):
            result = case.module(*copy.deepcopy(case.args), **copy.deepcopy(case.kwargs))
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)
    return [tensor for _, tensor in leaves(result, is_tensor)]


@pytest.mark.parametrize("training", [False, True], ids=["eval", "training"])
@pytest.mark.parametrize("name", ZOO)
def test_replay_equals_the_module_bit_for_bit(name: str, training: bool) -> None:
    case = ZOO[name]()
    case.module.train(training)
    program, values = replayed(case)
    wanted = own_outputs(case)
    assert len(values) == len(wanted) > 0
    for value, tensor in zip(values, wanted, strict=True):
        assert value.tobytes() == np.ascontiguousarray(tensor.numpy()).tobytes()


@pytest.mark.parametrize("name", ["convolution", "encoder", "one block thrice", "tied"])
def test_values_of_recorded_tensors_are_those_that_hooks_see(name: str) -> None:
    case = ZOO[name]()
    case.module.eval()
    found = recorded(case.module, case.args, case.kwargs)
    seen: dict[tuple[str, int], Tensor] = {}
    counts: dict[str, int] = {}
    paths = {id(one): path for path, one in reversed(list(case.module.named_modules(remove_duplicate=False)))}

    def hook(module: nn.Module, args: Any, result: Any) -> None:
        path = paths[id(module)]
        counts[path] = counts.get(path, 0) + 1
        first = result[0] if isinstance(result, tuple) else result
        if not list(module.children()):
            seen[path, counts[path]] = first.clone()

    handles = [one.register_forward_hook(hook) for one in case.module.modules()]
    own_outputs(case)
    for handle in handles:
        handle.remove()
    last = {(call.path, call.repeat): call.outputs[0] for call in found.program.calls if call.path}
    names = {at: last[at] for at in seen if at in last}
    values = TorchRunner(found.program, found.inputs, lambda number: found.tensors[number]).fetch(list(names.values()))
    assert len(names) >= 3
    for at, name in names.items():
        assert np.array_equal(values[name], seen[at].numpy()), at


@pytest.mark.parametrize("name", ZOO)
def test_every_name_is_given_once_and_before_it_is_read(name: str) -> None:
    case = ZOO[name]()
    program = record(case.module, case.args, case.kwargs)
    given = [*program.inputs, *program.stored, *(key for key in program.constants if key.startswith("constant"))]
    for call in program.calls:
        read = [ref for _, value in call.arguments for ref in refs(value)]
        assert set(read) <= set(given), call
        given += [output for output in call.outputs if output]
    assert len(given) == len(set(given))
    assert set(program.outputs) <= set(given) and set(given) <= set(program.tensors)


def refs(value: Any) -> list[str]:
    if isinstance(value, Ref):
        return [value.name]
    return [name for one in value for name in refs(one)] if isinstance(value, tuple) else []


@pytest.mark.parametrize("name", ZOO)
def test_numbers_of_constants_are_those_of_the_run(name: str) -> None:
    case = ZOO[name]()
    found = recorded(case.module, case.args, case.kwargs)
    made = [name for call in found.program.calls for name in call.outputs if name in found.program.constants]
    values = TorchRunner(found.program, found.inputs, lambda number: found.tensors[number]).fetch(made)
    for key in made:
        assert np.array_equal(values[key], found.program.constants[key]), key


def test_names_are_readable_and_calls_know_who_made_them() -> None:
    case = ZOO["one block thrice"]()
    program = record(case.module, case.args)
    linear = [call for call in program.calls if call.target == "aten.linear.default"]
    assert [call.outputs for call in linear] == [("linear_1",), ("linear_2",), ("linear_3",)]
    assert [(call.path, call.repeat) for call in linear] == [("0.0", 1), ("0.0", 2), ("0.0", 3)]
    assert program.modules[2].paths == ("0.0", "1.0", "2.0") and program.modules[2].calls == 3
    assert [row.name for row in program.held] == [f"{n}.0.{what}" for n in range(3) for what in ("weight", "bias")]
    assert [row.thing for row in program.held] == [0, 1, 0, 1, 0, 1]


def test_functional_calls_know_their_line() -> None:
    case = ZOO["nested"]()
    program = record(case.module, case.args, case.kwargs)
    (linear,) = [call for call in program.calls if call.target == "aten.linear.default"]
    assert linear.path == "" and linear.place.startswith("zoo.py:")
    assert program.inputs == ("pair.0", "pair.1.0", "more.0", "scale.a.0", "bias")
    assert program.labels == ("out", "pair.0", "pair.1.0")


def test_ties_of_every_sort_are_in_the_rows() -> None:
    case = ZOO["tied"]()
    rows = {row.name: row for row in record(case.module, case.args).held}
    embed, back, head = rows["embed.weight"], rows["back.weight"], rows["head.weight"]
    assert head.thing == embed.thing != back.thing
    assert head.storage == embed.storage == back.storage != ""
    assert (embed.strides, back.strides) == ((4, 1), (1, 4))


def test_meta_and_empty_tensors_are_no_evidence() -> None:
    module = nn.Identity()
    module.a, module.b = nn.Parameter(torch.empty(2, device="meta")), nn.Parameter(torch.empty(0))
    rows = record(module, (image(2),)).held
    assert [(row.storage, row.unproven) for row in rows] == [("", "meta"), ("", "empty")]


def test_running_statistics_are_told() -> None:
    case = ZOO["convolution"]()
    program = record(case.module.train(), case.args)
    states = {module.paths[0]: module.state for module in program.modules if module.state}
    assert states == {"1": ("1.num_batches_tracked", "1.running_mean", "1.running_var")}


def test_what_depends_on_data_runs_for_real_and_says_so() -> None:
    case = ZOO["decides by data"]()
    program = record(case.module, case.args)
    assert program.notes == (
        "it ran for real on these inputs, since shapes alone did not do (DataDependentOutputException: "
        "aten._local_scalar_dense.default): what it takes from their numbers, and the way that it goes, is that of "
        "this run",
    )
    assert record(ZOO["decides"]().module, case.args).notes == ()


class Leaves(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        raise SystemExit(3)


class Raises(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.lin = nn.Linear(3, 3)

    def forward(self, x: Tensor) -> Tensor:
        if x.shape[0] == 1:
            raise ValueError("no single rows\nplease")
        return self.lin(x)


class Silent(nn.Module):
    def forward(self, x: Tensor) -> None:
        x + 1


CASES = {
    "wrong shape": (Raises(), (torch.ones(2, 4),), "Raises: must run on its inputs; raised RuntimeError: mat1 and mat2 shapes cannot be multiplied (2x4 and 3x3) at test_record.py:{} in lin"),
    "its own error": (Raises(), (torch.ones(1, 3),), "Raises: must run on its inputs; raised ValueError: no single rows at test_record.py:{}"),
    "missing input": (Raises(), (), "Raises: inputs must fit forward(x: 'Tensor') -> 'Tensor'; missing a required argument: 'x'. Give example inputs as the module's own call takes them."),
    "too many": (Raises(), (torch.ones(1), torch.ones(1)), "Raises: inputs must fit forward(x: 'Tensor') -> 'Tensor'; too many positional arguments. Give example inputs as the module's own call takes them."),
    "lazy": (nn.LazyLinear(3), (torch.ones(1, 2),), "LazyLinear: parameters must have shapes; weight is lazy. Run it once before."),
    "an exit": (Leaves(), (torch.ones(1),), "Leaves: must run on its inputs; raised SystemExit: 3 at test_record.py:{}"),
    "no module": (print, (), "builtin_function_or_method: must be a torch.nn.Module, or the path or name of a model"),
    "a class": (nn.Linear, (), "Linear: must be a torch.nn.Module; got the class itself. Call it."),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_one_clear_line(name: str) -> None:
    import re

    module, args, text = CASES[name]
    around = surroundings()
    with pytest.raises(ModelError) as fault:
        record(module, args)
    pattern = re.escape(text).replace(r"\{\}", r"\d+")
    assert re.fullmatch(pattern, str(fault.value)), str(fault.value)
    assert surroundings() == around


def test_a_module_that_gives_nothing_is_known_in_part() -> None:
    program = record(Silent(), (torch.ones(2),))
    assert program.outputs == () and [call.target for call in program.calls] == ["aten.add.Tensor"]
    assert program.notes == ("Silent returns no tensor: its operations are known, outputs are not",)
