"""The training scripts' networks are the shipped graphs, and their training is reproducible and learns."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest

from isochrome.examples import example_inputs, example_path
from isochrome.examples.scripts import lenet5, photos
from isochrome.examples.scripts.files import outputs
from isochrome.examples.scripts.training import Parameters, random_parameters, train, values

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
torch = pytest.importorskip("torch")

SCRIPTS = {"lenet5": lenet5, "photos": photos}


def shipped(name: str, script: ModuleType) -> Parameters:
    graph = onnx.load(example_path(name)).graph
    arrays = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in graph.initializer}
    return {key: arrays[key].astype(np.float32) for key in script.SHAPES}


@pytest.mark.parametrize("name", SCRIPTS)
def test_pytorch_gives_what_the_shipped_graph_gives(name: str) -> None:
    script = SCRIPTS[name]
    with np.load(example_inputs(name)) as arrays:
        x = arrays["x"]
    given = outputs(example_path(name).read_bytes(), x)
    expected = values(script.torch_forward, shipped(name, script), x)
    np.testing.assert_allclose(given, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", SCRIPTS)
def test_the_graph_is_the_network_for_random_parameters_too(name: str) -> None:
    script = SCRIPTS[name]
    parameters = random_parameters(script.SHAPES, dict.fromkeys(script.SHAPES, 9), seed=3)
    with np.load(example_inputs(name)) as arrays:
        x = np.random.default_rng(4).random(arrays["x"].shape, dtype=np.float32)
    given, expected = outputs(script.model(parameters), x), values(script.torch_forward, parameters, x)
    np.testing.assert_allclose(given, expected, rtol=1e-4, atol=1e-4 * np.abs(expected).max())


def test_training_is_reproducible_and_learns() -> None:
    random = np.random.default_rng(5)
    label = np.arange(32) % 2
    x = (random.random((32, 1, 32, 32)) * 0.2 + 0.6 * label[:, None, None, None]).astype(np.float32)
    threads = torch.get_num_threads()
    try:
        first, second = (
            train(lenet5.torch_forward, lenet5.start(), [(x, label)] * 12, steps=12, rate=2e-3) for _ in range(2)
        )
    finally:
        torch.set_num_threads(threads)
        torch.use_deterministic_algorithms(False)
    assert all(np.array_equal(first[key], second[key]) for key in first)
    before = (values(lenet5.torch_forward, lenet5.start(), x).argmax(1) == label).mean()
    after = (values(lenet5.torch_forward, first, x).argmax(1) == label).mean()
    assert before < 0.9
    assert after == 1.0
