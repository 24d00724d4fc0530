"""Every row of ATen's table against PyTorch: values, counts, lists, explanations, gradients."""

from __future__ import annotations

import pytest
import torch

from isochrome.load import aten_moving as moving
from isochrome.load.aten_ops import CREATES, RANDOM, ROWS
from isochrome.load.aten_steps import SPECIAL
from tests.torch.cases import CASES, Function
from tests.torch.checks import Found, check, reach_is_what_changes

aten = torch.ops.aten
OURS = {"overwrite"}
"""What the recorder writes down where a view is written into."""

WITHOUT_GRADIENT = {"native attention", "embedding with a row of padding"}
"""PyTorch has no gradient for the one, and gives the other's row of padding none, though it is used."""


@pytest.mark.parametrize("name", CASES)
def test_a_row_is_what_pytorch_computes(name: str) -> None:
    case = CASES[name]
    module, inputs = case.made()
    check(module, inputs, None if case.layers < 0 else case.layers, name not in WITHOUT_GRADIENT)


REACHES = (
    "lstm_cell", "gru_cell", "rnn_tanh_cell", "attention", "attention, causal", "attention, grouped", "layer_norm",
    "group_norm", "instance_norm", "softmax", "std", "logsumexp", "var_mean", "topk", "cumsum", "glu", "gather",
    "cosine_similarity", "pairwise_distance", "cdist", "take_along_dim", "written over", "written over at a place",
    "masked_fill", "bicubic", "prelu", "index of two", "as_strided", "col2im", "channel_shuffle", "linear, bias apart",
)  # fmt: skip


@pytest.mark.parametrize("name", REACHES)
def test_what_changes_is_seen(name: str) -> None:
    module, inputs = CASES[name].made()
    small = tuple(one[:1] if one.numel() > 60 and one.ndim == 4 else one for one in inputs)
    reach_is_what_changes(Found(module, small))


def test_every_row_is_an_operation_of_pytorch() -> None:
    names = {*ROWS, *SPECIAL, *CREATES, *RANDOM} - OURS
    assert sorted(name for name in names if not hasattr(aten, name)) == []


BY_PLACE = sorted(name for name, row in ROWS.items() if row.build is moving.elementwise and name != "dequantize")


@pytest.mark.parametrize("name", BY_PLACE)
def test_what_works_place_by_place_changes_at_that_place_alone(name: str) -> None:
    called = _callable(name)
    if called is None:
        pytest.skip("it takes other types than this test makes")
    operation, first, rest = called
    before = operation(first, *rest)
    changed = first.clone()
    changed[1, 2] = first[0, 0]
    after = operation(changed, *rest)
    differs = (before != after) & ~(before.isnan() & after.isnan())
    differs[1, 2] = False
    assert not differs.any()
    tensors = [one for one in rest if isinstance(one, torch.Tensor)]
    found = Found(Function(lambda m, *xs: operation(*_filled((first, *rest), xs)), {}), (first, *tensors))
    assert [one.kind for one in found.model.operations] == ["elementwise"]
    assert len(found.model.operations[0].lines) == 1 + len(tensors)


def _filled(arguments: tuple[object, ...], tensors: tuple[torch.Tensor, ...]) -> list[object]:
    given = iter(tensors)
    return [next(given) if isinstance(one, torch.Tensor) else one for one in arguments]


def _callable(name: str) -> tuple[object, torch.Tensor, tuple[object, ...]] | None:  # type: ignore[no-untyped-def]
    """An overload of an operation that takes tensors and numbers, with some of them."""
    for overload in getattr(aten, name).overloads():
        operation = getattr(getattr(aten, name), overload)
        if operation._schema.is_mutable or "out" in overload:
            continue
        for make in (lambda: torch.rand(3, 4) * 0.8 + 0.1, lambda: torch.randint(1, 9, (3, 4)), lambda: torch.rand(3, 4) > 0.5):
            torch.manual_seed(1)
            arguments = _arguments(operation, make)
            if arguments is None:
                continue
            try:
                found = operation(*arguments)
            except (RuntimeError, TypeError, NotImplementedError):
                continue
            if isinstance(found, torch.Tensor) and found.shape == (3, 4):
                return operation, arguments[0], tuple(arguments[1:])
    return None


def _arguments(operation, make) -> list[object] | None:  # type: ignore[no-untyped-def]
    given: list[object] = []
    for one in operation._schema.arguments:
        kind = str(one.type)
        if one.has_default_value() or one.kwarg_only:
            break
        if kind == "Tensor":
            given.append(make())
        elif kind in ("number", "int", "float", "Scalar"):
            given.append(1)
        elif kind.startswith("Optional"):
            given.append(1)
        else:
            return None
    return given if given and isinstance(given[0], torch.Tensor) else None
