"""Every kind, in random configurations, from an ONNX file to its answers: against onnxruntime and brute force."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conformance.cases import CASES
from tests.conformance.checks import check

COUNT = int(os.environ.get("ISOCHROME_LAWS", "200"))


@pytest.mark.parametrize("kind", CASES)
def test_the_laws_hold(kind: str) -> None:
    @settings(max_examples=COUNT, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def law(data: st.DataObject) -> None:
        check(data.draw(CASES[kind]))

    law()
