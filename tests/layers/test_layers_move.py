"""Operations that move values: the lines against onnxruntime, and NumPy where ONNX has no such operation."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st

from isochrome.layers.blocks import depth_to_space, space_to_depth
from isochrome.layers.move import concat, expand, gather, roll, slice_axes, split, tile, transpose, triangle
from isochrome.layers.pad import pad
from isochrome.layers.rename import flatten, reshape, squeeze, unsqueeze
from tests.layers.brute import Array, close, laws, numbers, reaches, run, texts, value

seeds = st.integers(0, 99)
shapes = st.lists(st.integers(1, 4), min_size=1, max_size=5)


def longs(*values: int) -> Array:
    return np.array(values, np.int64)


@laws
@given(shapes, st.data(), seeds)
def test_concat(shape: list[int], data: st.DataObject, seed: int) -> None:
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    arrays = []
    for number in range(data.draw(st.integers(1, 3))):
        own = list(shape)
        own[axis] = data.draw(st.integers(1, 3))
        arrays.append(numbers(seed + number, *own))
    made = concat(xs=[array.shape for array in arrays], axis=axis)
    [wanted] = run("Concat", arrays, axis=axis)
    assert made.outputs == (wanted.shape,)
    close(value(made, dict(zip(("x", "x2", "x3"), arrays, strict=False))), wanted)


@laws
@given(shapes, st.data(), seeds)
def test_split(shape: list[int], data: st.DataObject, seed: int) -> None:
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    sizes = data.draw(st.lists(st.integers(0, 3), min_size=1, max_size=3).filter(sum))
    shape[axis] = sum(sizes)
    x = numbers(seed, *shape)
    made = split(x=x.shape, axis=axis, sizes=sizes)
    wanted = run("Split", [x, longs(*sizes)], len(sizes), axis=axis, stored=(1,))
    assert made.outputs == tuple(array.shape for array in wanted)
    for name, array in zip(("y", "y2", "y3"), wanted, strict=False):
        close(value(made, {"x": x}, name), array)


@laws
@given(st.integers(1, 9), st.integers(1, 4), seeds)
def test_split_into_parts(size: int, parts: int, seed: int) -> None:
    assume(size > (parts - 1) * -(-size // parts))
    x = numbers(seed, size, 2)
    made = split(x=x.shape, parts=parts)
    wanted = run("Split", [x], parts, num_outputs=parts)
    assert made.outputs == tuple(array.shape for array in wanted)
    for name, array in zip(("y", "y2", "y3", "y4"), wanted, strict=False):
        close(value(made, {"x": x}, name), array)


@laws
@given(shapes, st.data(), seeds)
def test_slice(shape: list[int], data: st.DataObject, seed: int) -> None:
    axes = data.draw(st.lists(st.integers(0, len(shape) - 1), unique=True, min_size=1))
    far = st.one_of(st.integers(-6, 6), st.sampled_from([2**63 - 1, -(2**63)]))
    starts, ends = [data.draw(far) for _ in axes], [data.draw(far) for _ in axes]
    steps = [data.draw(st.integers(-3, 3).filter(bool)) for _ in axes]
    axes = [axis - len(shape) if data.draw(st.booleans()) else axis for axis in axes]
    x = numbers(seed, *shape)
    made = slice_axes(x=x.shape, starts=starts, ends=ends, axes=axes, steps=steps)
    [wanted] = run("Slice", [x, longs(*starts), longs(*ends), longs(*axes), longs(*steps)], stored=(1, 2, 3, 4))
    assert made.outputs == (wanted.shape,)
    close(value(made, {"x": x}), wanted)


@laws
@given(shapes, st.data(), st.sampled_from(["constant", "reflect", "edge", "wrap"]), seeds)
def test_pad(shape: list[int], data: st.DataObject, mode: str, seed: int) -> None:
    axes = data.draw(st.lists(st.integers(0, len(shape) - 1), unique=True, min_size=1))

    def amount(axis: int) -> int:
        most = {"reflect": shape[axis] - 1, "wrap": shape[axis]}.get(mode, 3)
        return data.draw(st.integers(-1 if shape[axis] > 2 else 0, most - (mode != "constant" and shape[axis] > 2)))

    begins, ends = [amount(axis) for axis in axes], [amount(axis) for axis in axes]
    assume(all(shape[axis] + a + b > 0 for axis, a, b in zip(axes, begins, ends, strict=True)))
    fill = data.draw(st.sampled_from([0.0, 2.5]))
    x, pads = numbers(seed, *shape), [*begins, *ends]
    made = pad(x=x.shape, pads=pads, mode=mode, axes=axes, value=fill)
    [wanted] = run("Pad", [x, longs(*pads), np.array(fill, np.float32), longs(*axes)], mode=mode, stored=(1, 2, 3))
    assert made.outputs == (wanted.shape,)
    assert made.lines[0].exact == (mode != "constant" or not fill or max(pads) <= 0)
    if made.lines[0].exact:
        close(value(made, {"x": x}), wanted)
    else:
        moved = run("Pad", [x, longs(*pads), np.array(0, np.float32), longs(*axes)], mode=mode, stored=(1, 2, 3))[0]
        assert np.array_equal(reaches(made).any(1).reshape(wanted.shape), moved != 0)


@laws
@given(shapes, st.data(), seeds)
def test_transpose(shape: list[int], data: st.DataObject, seed: int) -> None:
    x = numbers(seed, *shape)
    perm = data.draw(st.one_of(st.none(), st.permutations(range(len(shape)))))
    made = transpose(x=x.shape, perm=perm)
    [wanted] = run("Transpose", [x], **({} if perm is None else {"perm": perm}))
    assert made.outputs == (wanted.shape,)
    close(value(made, {"x": x}), wanted)


@laws
@given(st.lists(st.integers(0, 4), max_size=4), st.data())
def test_reshape(shape: list[int], data: st.DataObject) -> None:
    x = np.arange(int(np.prod(shape)), dtype=np.float32).reshape(shape)
    wanted_shape = data.draw(st.permutations(shape))
    if wanted_shape and data.draw(st.booleans()) and 0 not in wanted_shape:
        wanted_shape[data.draw(st.integers(0, len(wanted_shape) - 1))] = -1
    if 0 in wanted_shape:
        wanted_shape = shape
    allow_zero = data.draw(st.booleans())
    if not allow_zero and wanted_shape and shape and -1 not in wanted_shape and shape[0] == wanted_shape[0]:
        wanted_shape = [0, *wanted_shape[1:]]
    made = reshape(x=tuple(shape), shape=wanted_shape, allow_zero=allow_zero)
    [wanted] = run("Reshape", [x, longs(*wanted_shape)], stored=(1,), allowzero=int(allow_zero))
    assert made.outputs == (wanted.shape,)
    assert made.reshape == (tuple(shape), wanted.shape)
    assert (made.kind, made.lines) == ("reshape", ())


@laws
@given(shapes, st.data())
def test_flatten_squeeze_and_unsqueeze(shape: list[int], data: st.DataObject) -> None:
    x, rank = numbers(0, *shape), len(shape)
    axis = data.draw(st.integers(-rank, rank))
    assert flatten(x=x.shape, axis=axis).outputs == (run("Flatten", [x], axis=axis)[0].shape,)
    ones = [axis for axis, size in enumerate(shape) if size == 1]
    gone = data.draw(st.one_of(st.none(), st.just(ones)))
    inputs = [x] if gone is None else [x, longs(*gone)]
    assert squeeze(x=x.shape, axes=gone).outputs == (run("Squeeze", inputs, stored=(1,)[: len(inputs) - 1])[0].shape,)
    new = data.draw(st.lists(st.integers(0, rank), unique=True, min_size=1, max_size=2))
    new = [axis - rank - len(new) if data.draw(st.booleans()) else axis for axis in new]
    assert unsqueeze(x=x.shape, axes=new).outputs == (run("Unsqueeze", [x, longs(*new)], stored=(1,))[0].shape,)


@laws
@given(shapes, st.data(), seeds)
def test_expand(shape: list[int], data: st.DataObject, seed: int) -> None:
    whole = shape[data.draw(st.integers(0, len(shape))) :]
    x = numbers(seed, *(1 if data.draw(st.booleans()) else size for size in shape))
    target = [1 if data.draw(st.booleans()) else size for size in whole]
    assume(target)
    made = expand(x=x.shape, shape=target)
    [wanted] = run("Expand", [x, longs(*target)], stored=(1,))
    assert made.outputs == (wanted.shape,)
    close(value(made, {"x": x}), wanted)


@laws
@given(st.lists(st.integers(1, 3), min_size=1, max_size=4), st.data(), seeds)
def test_tile(shape: list[int], data: st.DataObject, seed: int) -> None:
    x, repeats = numbers(seed, *shape), [data.draw(st.integers(1, 3)) for _ in shape]
    made = tile(x=x.shape, repeats=repeats)
    [wanted] = run("Tile", [x, longs(*repeats)], stored=(1,))
    assert made.outputs == (wanted.shape,)
    close(value(made, {"x": x}), wanted)


@laws
@given(shapes, st.lists(st.integers(1, 3), max_size=3), st.data(), seeds)
def test_gather(shape: list[int], ids: list[int], data: st.DataObject, seed: int) -> None:
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    table = np.random.default_rng(seed).integers(-shape[axis], shape[axis], ids)
    x = numbers(seed, *shape)
    made = gather(x=x.shape, ids=tuple(ids), table=table, axis=axis)
    [wanted] = run("Gather", [x, table], axis=axis)
    assert made.outputs == (wanted.shape,)
    close(value(made, {"x": x}), wanted)
    unknown = gather(x=x.shape, ids=tuple(ids), axis=axis)
    assert unknown.outputs == made.outputs
    assert unknown.lines[0].depends == "the indices are data"
    union: Any = 0
    for place in range(shape[axis]):
        union = union | reaches(gather(x=x.shape, ids=tuple(ids), table=np.full(ids, place), axis=axis))
    assert np.array_equal(reaches(unknown), union)


@laws
@given(shapes, st.data(), seeds)
def test_roll(shape: list[int], data: st.DataObject, seed: int) -> None:
    x = numbers(seed, *shape)
    axes = data.draw(st.lists(st.integers(0, len(shape) - 1), unique=True))
    shifts = [data.draw(st.integers(-6, 6)) for _ in axes]
    close(value(roll(x=x.shape, shifts=shifts, axes=axes), {"x": x}), np.roll(x, shifts, axes))


@laws
@given(st.lists(st.integers(1, 3), min_size=4, max_size=4), st.integers(1, 3), st.sampled_from(["DCR", "CRD"]), seeds)
def test_depth_and_space(shape: list[int], block: int, mode: str, seed: int) -> None:
    n, c, height, width = shape
    x = numbers(seed, n, c * block**2, height, width)
    made = depth_to_space(x=x.shape, block=block, mode=mode)
    [wanted] = run("DepthToSpace", [x], blocksize=block, mode=mode)
    assert made.outputs == (wanted.shape,)
    close(value(made, {"x": x}), wanted)
    back = space_to_depth(x=wanted.shape, block=block)
    [again] = run("SpaceToDepth", [wanted], blocksize=block)
    assert back.outputs == (again.shape,)
    close(value(back, {"x": wanted}), again)


@laws
@given(st.lists(st.integers(1, 4), min_size=2, max_size=4), st.booleans(), st.integers(-5, 5), seeds)
def test_triangle(shape: list[int], upper: bool, k: int, seed: int) -> None:
    x = numbers(seed, *shape)
    [wanted] = run("Trilu", [x, np.array(k, np.int64)], upper=int(upper), stored=(1,))
    close(value(triangle(x=x.shape, upper=upper, k=k), {"x": x}), wanted)


def test_lines_read_as_the_documents_write_them() -> None:
    assert texts(concat(xs=[(1, 3), (1, 4)], axis=1))[1] == "y[n, o + 3] += x[n, o]"
    assert texts(slice_axes(x=(1, 7), starts=[-1], ends=[-(2**63)], axes=[1], steps=[-1])) == [
        "y[n, o] += x[n, -o + 6]"
    ]
    assert texts(pad(x=(5,), pads=(2, 1))) == ["y[o + 2] += x[o]"]
    assert texts(pad(x=(5,), pads=(0, 1))) == ["y[o] += x[o] where o < 5"]
    assert texts(pad(x=(5,), pads=(2, 1), mode="wrap")) == ["y[o] += x[circular(o - 2)]"]
