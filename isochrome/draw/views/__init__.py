"""The table of views: each a way to draw one layer, one file a row."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from isochrome.draw.view import View
from isochrome.draw.views import (
    arithmetic,
    bank,
    baselines,
    connections,
    kernel,
    matrix,
    network,
    next_layer,
    overlap,
    reach,
    start_edges,
    start_neurons,
    start_numbers,
    volume,
    window,
)

__all__ = ["VIEWS"]

_ROWS = (
    arithmetic.VIEW,
    window.VIEW,
    connections.VIEW,
    bank.VIEW,
    volume.VIEW,
    kernel.VIEW,
    overlap.VIEW,
    baselines.VIEW,
    matrix.VIEW,
    next_layer.VIEW,
    network.VIEW,
    reach.VIEW,
    start_edges.VIEW,
    start_numbers.VIEW,
    start_neurons.VIEW,
)

VIEWS: Mapping[str, View] = MappingProxyType({view.name: view for view in _ROWS})
"""Each view by its name, in the order in which the page offers them."""
