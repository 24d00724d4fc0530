"""A program from a file is replayed by known operations alone, within bounds; from a module it changes nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from isochrome.errors import ModelError
from isochrome.load.torch_module import recorded
from isochrome.model.program import Call, Facts, Program, Ref
from isochrome.run.torch_replay import TorchRunner
from tests.live.zoo import ZOO, Remembers, image


def program(target: str, **arguments: Any) -> Program:
    call = Call(target, tuple(arguments.items()), ("y",), place="net.py:3")
    return Program("file", "pt2", ("x",), ("y",), (call,), {"x": Facts((2, 3), "float32"), "y": Facts((2, 3), "float32")})


REFUSED = {
    "disk": (program("aten.from_file.default", filename="/etc/passwd"), "aten.from_file.default: must be an operation of this PyTorch that may be replayed; is not"),
    "other library": (program("mine.relu.default", self=Ref("x")), "mine.relu.default: must be an operation of this PyTorch that may be replayed; is not"),
    "no name": (program("aten.__class__.mro", self=Ref("x")), "aten.__class__.mro: must be an operation of this PyTorch that may be replayed; is not"),
    "on trust": (program("aten._sparse_coo_tensor_unsafe.default", indices=Ref("x"), values=Ref("x"), size=(2, 2)), "aten._sparse_coo_tensor_unsafe.default: must be an operation of this PyTorch that may be replayed; is not"),
    "too large": (program("aten.expand.default", self=Ref("x"), size=(2**40, 2, 3)), "y: must have at most 17,179,869,184 bytes to be run; has the shape [1099511627776, 2, 3]"),
    "wrong shape": (program("aten.view.default", self=Ref("x"), size=(4,)), "aten.view.default at net.py:3: must run on the model's input; PyTorch says shape '[4]' is invalid for input of size 6"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_a_file_may_not_ask_for_everything(name: str) -> None:
    one, text = REFUSED[name]
    with pytest.raises(ModelError) as fault:
        TorchRunner(one, {"x": np.zeros((2, 3), np.float32)}, lambda number: None).fetch(["y"])
    assert str(fault.value) == text


def test_what_is_not_needed_does_not_run() -> None:
    one = program("aten.from_file.default", filename="/etc/passwd")
    assert TorchRunner(one, {"x": np.ones((2, 3), np.float32)}, lambda number: None).fetch(["x"])["x"].sum() == 6


def test_replays_change_neither_stored_tensors_nor_earlier_values() -> None:
    module = Remembers().train()
    before = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    found = recorded(module, (image(3, 4),))
    runner = TorchRunner(found.program, found.inputs, lambda number: found.tensors[number], True)
    names = [name for call in found.program.calls for name in call.outputs if name]
    whole = runner.fetch(names)
    runner.gradient(found.program.outputs, names)
    for name in names:
        assert np.array_equal(runner.fetch([name])[name], whole[name]), name
    assert all(torch.equal(tensor, before[name]) for name, tensor in module.state_dict().items())


def test_inside_a_recurrent_layer_the_steps_give_what_the_layer_gives() -> None:
    for module in (nn.LSTM(3, 4, 2, bidirectional=True), nn.GRU(3, 4, batch_first=True), nn.RNN(3, 4, nonlinearity="relu"), nn.LSTM(3, 4, proj_size=2)):  # fmt: skip
        found = recorded(module, (image(5, 2, 3),))
        runner = TorchRunner(found.program, found.inputs, found.tensors.__getitem__, True)
        first = found.program.outputs[0]
        gates = "input gates" if isinstance(module, nn.GRU) else "gates"
        plain = runner.fetch([first])[first]
        inside = runner.fetch([first, f"{first}/{gates}", f"{first}/hidden state"])
        assert np.allclose(inside[first], plain, atol=1e-6)
        axis = 1 if module.batch_first else 0
        states = inside[f"{first}/hidden state"]
        assert states.shape[axis] == plain.shape[axis] + 1
        assert np.allclose(np.delete(states, 0, axis), plain[..., : states.shape[-1]], atol=1e-6)


@pytest.mark.parametrize("name", ["convolution", "attention", "tied", "spectral norm", "old weight norm"])
def test_gradients_are_those_of_autograd(name: str) -> None:
    case = ZOO[name]()
    case.module.train(name == "spectral norm")  # then it iterates, where gradients are off
    found = recorded(case.module, case.args, case.kwargs)
    runner = TorchRunner(found.program, found.inputs, lambda number: found.tensors[number], True)
    outputs = [one for one in found.program.outputs if found.program.tensors[one].dtype == "float32"]
    grads = runner.gradient(outputs, list(found.program.stored))
    fast = torch.backends.mha.get_fastpath_enabled()
    result = case.module(*[value.clone() for value in case.args])
    assert fast == torch.backends.mha.get_fastpath_enabled()
    flat = result if isinstance(result, tuple) else (result,)
    sum(one.sum() for one in flat if one.is_floating_point()).backward()
    for tensor_name, tensor in case.module.named_parameters():
        if name == "tied" or tensor.grad is None:
            continue
        assert np.allclose(grads[tensor_name], tensor.grad.numpy(), atol=1e-4), tensor_name
    if name == "tied":
        embed, back = case.module.embed.weight.grad, case.module.back.weight.grad
        assert np.allclose(grads["embed.weight"], (embed + back.t()).numpy(), atol=1e-4)


@pytest.mark.parametrize("name", ["convolution", "lstm", "tied", "writes", "old weight norm"])
def test_arrays_do_as_well_as_tensors(name: str) -> None:
    case = ZOO[name]()
    case.module.eval()
    found = recorded(case.module, case.args, case.kwargs)
    arrays = [tensor.detach().numpy() for tensor in found.tensors]
    inputs = {key: tensor.numpy() for key, tensor in found.inputs.items()}
    one = TorchRunner(found.program, found.inputs, found.tensors.__getitem__, True)
    other = TorchRunner(found.program, inputs, arrays.__getitem__)
    outputs = found.program.outputs
    for key, array in one.fetch(outputs).items():
        assert array.tobytes() == other.fetch(outputs)[key].tobytes()
    ends = [key for key in outputs if found.program.tensors[key].dtype == "float32"]
    stored = list(found.program.stored)
    mine, theirs = one.gradient(ends, stored), other.gradient(ends, stored)
    assert mine.keys() == theirs.keys() and all(np.array_equal(mine[key], theirs[key]) for key in mine)


def test_a_narrow_type_that_arrays_lack_is_run_as_it_is() -> None:
    module = nn.Linear(3, 2).bfloat16()
    found = recorded(module, (image(2, 3).bfloat16(),))
    arrays = [tensor.detach().float().numpy() for tensor in found.tensors]
    inputs = {key: tensor.float().numpy() for key, tensor in found.inputs.items()}
    (output,) = found.program.outputs
    result = TorchRunner(found.program, inputs, arrays.__getitem__).fetch([output])[output]
    with torch.inference_mode():
        assert np.array_equal(result, module(found.inputs["input"]).float().numpy())
