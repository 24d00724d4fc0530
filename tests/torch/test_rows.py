"""Every row of ATen's table against PyTorch: values, counts, lists, explanations, gradients."""

from __future__ import annotations

import pytest

from tests.torch.cases import CASES
from tests.torch.checks import check

WITHOUT_GRADIENT = {"native attention", "embedding with a row of padding"}
"""PyTorch has no gradient for the one, and gives the other's row of padding none, though it is used."""


@pytest.mark.parametrize("name", CASES)
def test_a_row_is_what_pytorch_computes(name: str) -> None:
    case = CASES[name]
    module, inputs = case.made()
    check(module, inputs, None if case.layers < 0 else case.layers, name not in WITHOUT_GRADIENT)
