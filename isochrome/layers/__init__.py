"""Layer kinds as formulas: one function a kind, from shapes and attributes to the lines that say all about it.

``KINDS`` is the whole table. A new kind is a function that returns an Operation, and a row here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from isochrome.layers.blocks import depth_to_space, space_to_depth
from isochrome.layers.cell import gru_cell, lstm_cell, rnn_cell
from isochrome.layers.conv import conv, conv_transpose
from isochrome.layers.cut import columns, from_columns, strided, windows
from isochrome.layers.einsum import einsum
from isochrome.layers.embedding import bag, embedding
from isochrome.layers.line import Integers, Line, Numbers, Operation, Prepared, Shape
from isochrome.layers.linear import bias, gemm, linear, matmul, scale
from isochrome.layers.mix import (
    attention_mixing,
    cumulative,
    elementwise,
    local_response,
    opaque,
    reduce,
    select,
    softmax,
)
from isochrome.layers.move import (
    concat,
    expand,
    gather,
    roll,
    slice_axes,
    split,
    tile,
    transpose,
    triangle,
)
from isochrome.layers.norm import batch_norm, group_norm, instance_norm, layer_norm, prelu, rms_norm
from isochrome.layers.pad import pad
from isochrome.layers.pick import diagonal, overwrite, pick, stack, take_along
from isochrome.layers.pool import adaptive_pool, average_pool, global_pool, lp_pool, max_pool
from isochrome.layers.recurrent import gru, lstm, rnn
from isochrome.layers.rename import flatten, reshape, squeeze, unsqueeze
from isochrome.layers.resize import resize
from isochrome.layers.sequence import sequence
from isochrome.layers.window import same_pads, transpose_pads

__all__ = ["KINDS", "Integers", "Line", "Numbers", "Operation", "Prepared", "Shape", "same_pads", "transpose_pads"]

KINDS: Mapping[str, Callable[..., Operation]] = {
    "conv": conv,
    "conv transpose": conv_transpose,
    "linear": linear,
    "gemm": gemm,
    "matmul": matmul,
    "bias": bias,
    "scale": scale,
    "einsum": einsum,
    "embedding": embedding,
    "embedding bag": bag,
    "batch norm": batch_norm,
    "layer norm": layer_norm,
    "rms norm": rms_norm,
    "instance norm": instance_norm,
    "group norm": group_norm,
    "prelu": prelu,
    "lstm": lstm,
    "gru": gru,
    "rnn": rnn,
    "sequence": sequence,
    "lstm cell": lstm_cell,
    "gru cell": gru_cell,
    "rnn cell": rnn_cell,
    "max pool": max_pool,
    "average pool": average_pool,
    "lp pool": lp_pool,
    "global pool": global_pool,
    "adaptive pool": adaptive_pool,
    "resize": resize,
    "concat": concat,
    "split": split,
    "slice": slice_axes,
    "pad": pad,
    "transpose": transpose,
    "reshape": reshape,
    "flatten": flatten,
    "squeeze": squeeze,
    "unsqueeze": unsqueeze,
    "expand": expand,
    "tile": tile,
    "gather": gather,
    "stack": stack,
    "diagonal": diagonal,
    "pick": pick,
    "take along": take_along,
    "overwrite": overwrite,
    "windows": windows,
    "columns": columns,
    "from columns": from_columns,
    "strided": strided,
    "roll": roll,
    "depth to space": depth_to_space,
    "space to depth": space_to_depth,
    "triangle": triangle,
    "elementwise": elementwise,
    "softmax": softmax,
    "reduce": reduce,
    "cumulative": cumulative,
    "local response": local_response,
    "select": select,
    "attention mixing": attention_mixing,
    "opaque": opaque,
}
