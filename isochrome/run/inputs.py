"""What a model is run on: an image, arrays, an example's own input or seeded random numbers; what was done to it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from isochrome.core.sizes import Shape
from isochrome.errors import RequestError, shown
from isochrome.model.parts import Model, Tensor

__all__ = ["given_inputs", "random_inputs", "read_inputs", "takes_image", "with_batch"]

Array = NDArray[Any]
LARGEST = 2 * 2**30
_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def random_inputs(model: Model, seed: int = 0) -> tuple[dict[str, Array], str]:
    """Seeded random numbers for every input, and a sentence that says so.

    Floats are drawn from the normal distribution, whole numbers below the rows of the table that they look up in.
    """
    generator = np.random.default_rng(seed)
    found: dict[str, Array] = {}
    for name in model.inputs:
        tensor = model.tensors[name]
        shape = _known(name, tensor)
        if tensor.dtype in ("float32", "float64", "float16", "bfloat16"):
            kind = "float32" if tensor.dtype == "bfloat16" else tensor.dtype
            found[name] = generator.standard_normal(shape).astype(kind)
        elif tensor.dtype == "bool":
            found[name] = np.ones(shape, np.bool_)
        else:
            found[name] = generator.integers(0, _rows(model, name), shape).astype(tensor.dtype)
    return found, f"random numbers, seed {seed}"


def _rows(model: Model, name: str) -> int:
    sizes = [
        line.shape(access.name)[axis]
        for layer in model.layers
        for line in layer.lines
        for table, tensor in line.data
        if tensor == name
        for access in line.formula.factors
        for axis, index in enumerate(access.indices)
        if str(index).startswith(f"{table}[")
    ]
    return min(sizes, default=2)


def _known(name: str, tensor: Tensor) -> Shape:
    if tensor.shape is None:
        raise RequestError(f"input {shown(name)}: its shape must be known; it is not. Give it with --shape.")
    return tensor.shape


def read_inputs(path: str, model: Model) -> tuple[dict[str, Array], str]:
    """The inputs in a file (an image, ``.npy`` or ``.npz``) and what was done to them.

    Raises RequestError in one line that names the file.
    """
    name = shown(path, 200)
    file = Path(path)
    try:
        if not file.is_file():
            raise RequestError(f"{name}: must be a regular file")
        if file.stat().st_size > LARGEST:
            raise RequestError(f"{name}: must be at most {LARGEST:,} bytes; has {file.stat().st_size:,}")
        head = file.open("rb").read(8)
        if head.startswith(b"\x93NUMPY"):
            return _checked(model, {_only_input(model, name): np.load(file, allow_pickle=False)}, name), name
        if head.startswith(b"PK"):
            with np.load(file, allow_pickle=False) as arrays:
                return _checked(model, _named(model, {key: arrays[key] for key in arrays.files}, name), name), name
    except (OSError, ValueError, BadZipFile, EOFError) as fault:
        raise RequestError(f"{name}: must be a readable array file; {shown(str(fault), 120)}") from None
    return _image(path, name, model)


def _only_input(model: Model, name: str) -> str:
    if len(model.inputs) != 1:
        raise RequestError(f"{name}: one array fits a model with one input; it has {len(model.inputs)}. Use an .npz.")
    return model.inputs[0]


def _named(model: Model, arrays: dict[str, Array], name: str) -> dict[str, Array]:
    if set(model.inputs) <= set(arrays):
        return {key: arrays[key] for key in model.inputs}
    if len(model.inputs) == 1 and len(arrays) == 1:
        return {model.inputs[0]: next(iter(arrays.values()))}
    wanted = ", ".join(shown(key, 40) for key in model.inputs)
    raise RequestError(f"{name}: must hold the arrays {wanted}; holds {', '.join(shown(key, 40) for key in arrays)}")


def _checked(model: Model, arrays: Mapping[str, Array], name: str) -> dict[str, Array]:
    found = {}
    for key, array in arrays.items():
        tensor = model.tensors[key]
        shape = _known(key, tensor)
        made = with_batch(array, tensor)
        if made is None:
            raise RequestError(f"{name}: {shown(key, 40)} must have the shape {list(shape)}; has {list(array.shape)}")
        if array.dtype.kind not in "fiub":
            raise RequestError(f"{name}: {shown(key, 40)} must hold numbers; holds {array.dtype}")
        found[key] = made.astype(tensor.dtype if tensor.dtype != "bfloat16" else "float32")
    return found


def with_batch(array: Array, tensor: Tensor) -> Array | None:
    """An array as one batch of the tensor's shape: one sample gets the batch axis, of many the first is taken."""
    shape = tensor.shape
    if shape is None or array.shape == shape:
        return array
    if tensor.batch is None:
        return None
    if array.ndim == len(shape) - 1:
        array = np.expand_dims(array, tensor.batch)
    if array.ndim != len(shape) or array.shape[tensor.batch] < 1:
        return None
    first = array.take([0], axis=tensor.batch)
    whole = np.repeat(first, shape[tensor.batch], axis=tensor.batch)
    return whole if whole.shape == shape else None


def takes_image(model: Model) -> bool:
    """Whether a picture can be the model's input: its only one, of shape [n, 1 or 3, rows, columns]."""
    shape = model.tensors[model.inputs[0]].shape if len(model.inputs) == 1 else None
    return shape is not None and len(shape) == 4 and shape[1] in (1, 3)


def _image(path: str, name: str, model: Model) -> tuple[dict[str, Array], str]:
    from PIL import Image, UnidentifiedImageError

    key = _only_input(model, name)
    shape = _known(key, model.tensors[key])
    if not takes_image(model):
        raise RequestError(f"{name}: an image fits an input of shape [n, 1 or 3, rows, columns]; it is {list(shape)}")
    try:
        with Image.open(path) as picture:
            grey = picture.convert("L" if shape[1] == 1 else "RGB")
            size = f"{picture.width}x{picture.height}"
            small = grey.resize((shape[3], shape[2]), Image.Resampling.BILINEAR)
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError) as fault:
        raise RequestError(f"{name}: must be an image, .npy or .npz; {shown(str(fault), 120)}") from None
    numbers = np.asarray(small, np.float32) / 255
    planes = numbers[None] if shape[1] == 1 else numbers.transpose(2, 0, 1)
    done = f"{name}: resized from {size} to {shape[3]}x{shape[2]}, scaled to 0..1"
    if shape[1] == 3 and shape[2] >= 96:
        planes = (planes - np.array(_MEAN)[:, None, None]) / np.array(_DEVIATION)[:, None, None]
        done += ", normalised by the ImageNet mean and deviation"
    made = with_batch(planes.astype(np.float32), model.tensors[key])
    assert made is not None
    return {key: made}, done


def given_inputs(inputs: Any, model: Model) -> tuple[dict[str, Array], str]:
    """Arrays that a program passes: one for a model with one input, or one for each input by name."""
    arrays = inputs if isinstance(inputs, Mapping) else {_only_input(model, "the input"): inputs}
    missing = [name for name in model.inputs if name not in arrays]
    if missing:
        raise RequestError(f"inputs: must hold {', '.join(map(shown, missing))} as well")
    return _checked(model, {name: np.asarray(arrays[name]) for name in model.inputs}, "the input"), "the given input"
