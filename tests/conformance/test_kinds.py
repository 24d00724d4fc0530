"""Every kind, in random configurations, from an ONNX file to its answers: against onnxruntime and brute force.

All laws look at one opening and one run of each model. Kinds with weights get ISOCHROME_LAWS cases (200), those that
only move activations a quarter of that.
"""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conformance.cases import LAYERS, MOVES
from tests.conformance.checks import check

COUNT = int(os.environ.get("ISOCHROME_LAWS", "200"))
CASES = {**LAYERS, **MOVES}


@pytest.mark.parametrize("kind", CASES)
def test_the_laws_hold(kind: str) -> None:
    count = COUNT if kind in LAYERS else max(COUNT // 4, 1)

    @settings(max_examples=count, derandomize=True, deadline=None, database=None, suppress_health_check=[*HealthCheck])
    @given(st.data())
    def law(data: st.DataObject) -> None:
        check(data.draw(CASES[kind]))

    law()
