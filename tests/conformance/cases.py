"""The tables of kinds: for each a strategy that builds a model of one or a few nodes in a random configuration."""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis.strategies import SearchStrategy

from tests.conformance import cases_moves as moves
from tests.conformance import cases_products as products
from tests.conformance import cases_windows as windows
from tests.conformance.cases_chains import chains
from tests.conformance.cases_recurrent import recurrent
from tests.conformance.graphs import Case

LAYERS: Mapping[str, SearchStrategy[Case]] = {
    "Conv 1-D": windows.convolutions(1),
    "Conv 2-D": windows.convolutions(2),
    "Conv 3-D": windows.convolutions(3),
    "ConvTranspose 1-D": windows.transposed_convolutions(1),
    "ConvTranspose 2-D": windows.transposed_convolutions(2),
    "ConvTranspose 3-D": windows.transposed_convolutions(3),
    "Gemm": products.gemms(),
    "MatMul": products.matmuls(),
    "Einsum": products.einsums(),
    "Gather as embedding": products.embeddings(),
    "Add": products.sums("Add"),
    "Sub": products.sums("Sub"),
    "Mul": products.sums("Mul"),
    "Div": products.sums("Div"),
    "BatchNormalization": products.batch_norms(),
    "LayerNormalization": products.layer_norms(),
    "RMSNormalization": products.rms_norms(),
    "InstanceNormalization": products.instance_norms(),
    "GroupNormalization": products.group_norms(),
    "PRelu": products.prelus(),
    "LSTM": recurrent("LSTM"),
    "GRU": recurrent("GRU"),
    "RNN": recurrent("RNN"),
}

MOVES: Mapping[str, SearchStrategy[Case]] = {
    "MaxPool": windows.pools("MaxPool"),
    "AveragePool": windows.pools("AveragePool"),
    "LpPool": windows.pools("LpPool"),
    "global pools": windows.global_pools(),
    "Resize": moves.resizes(),
    "Concat": moves.concats(),
    "Split": moves.splits(),
    "Slice": moves.slices(),
    "Pad": moves.pads(),
    "Reshape and its like": moves.renames(),
    "Transpose": moves.transposes(),
    "Expand and Tile": moves.stretches(),
    "DepthToSpace, SpaceToDepth": moves.blocks(),
    "elementwise": moves.elementwise(),
    "softmaxes": moves.softmaxes(),
    "reductions": moves.reductions(),
    "CumSum": moves.cumulatives(),
    "Gather of an activation": moves.gathers(),
    "attention": moves.attentions(),
    "several layers": chains(),
}
