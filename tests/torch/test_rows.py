"""Every row of ATen's table against PyTorch: values, counts, lists, explanations, gradients."""

from __future__ import annotations

import pytest

from tests.torch.cases import CASES
from tests.torch.checks import check


@pytest.mark.parametrize("name", CASES)
def test_a_row_is_what_pytorch_computes(name: str) -> None:
    case = CASES[name]
    module, inputs = case.made()
    check(module, inputs, None if case.layers < 0 else case.layers)
