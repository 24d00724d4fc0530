"""What the scripts share: a graph to bytes, bytes to outputs, and an example's three files written."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from onnx import NodeProto

__all__ = ["FOLDER", "Arrays", "model_bytes", "outputs", "write_example"]

Arrays = Mapping[str, NDArray[Any]]
FOLDER = Path(__file__).parent.parent

OPSET = 17
IR_VERSION = 8


def model_bytes(
    name: str,
    doc: str,
    nodes: Iterable[NodeProto],
    tensors: Arrays,
    x: Sequence[int | str],
    y: Sequence[int | str],
) -> bytes:
    """The ONNX file of a graph with one float32 input ``x`` and one output ``y``; equal arguments give equal bytes."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    graph = helper.make_graph(
        list(nodes),
        name,
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, list(x))],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, list(y))],
        [numpy_helper.from_array(np.ascontiguousarray(array), tensor) for tensor, array in tensors.items()],
        doc_string=doc,
    )
    model = helper.make_model(
        graph,
        producer_name="isochrome",
        doc_string=doc,
        ir_version=IR_VERSION,
        opset_imports=[helper.make_opsetid("", OPSET)],
    )
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString(deterministic=True))


def outputs(model: bytes, x: NDArray[np.float32]) -> NDArray[np.float32]:
    """What onnxruntime gives for the samples ``x``, in one thread."""
    import onnxruntime  # type: ignore[import-untyped,unused-ignore]

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    return np.asarray(session.run(["y"], {"x": x})[0], dtype=np.float32)


def write_example(name: str, model: bytes, x: NDArray[np.float32], record: Mapping[str, Any], folder: Path) -> None:
    """Write ``name``.onnx, .npz and .json into ``folder``; the record is completed by the outputs for ``x``."""
    values = outputs(model, x).astype(np.float64).round(6)
    complete = {**record, "outputs": (values + 0.0).tolist()}
    packed = io.BytesIO()
    np.savez_compressed(packed, x=x)
    (folder / f"{name}.onnx").write_bytes(model)
    (folder / f"{name}.npz").write_bytes(packed.getvalue())
    (folder / f"{name}.json").write_text(
        json.dumps(complete, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8"
    )
