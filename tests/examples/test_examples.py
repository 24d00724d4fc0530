"""The embedded models: what is shipped is what the scripts say, and does what the records say."""

from __future__ import annotations

import doctest
import importlib
import re
from pathlib import Path

import numpy as np
import pytest

from isochrome.errors import RequestError
from isochrome.examples import EXAMPLES, example_input, example_inputs, example_path, example_record
from isochrome.examples.scripts import lenet5, photos, stanford
from isochrome.examples.scripts.files import FOLDER, outputs

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

TRAINED = [name for name in EXAMPLES if "held_out" in example_record(name)]


def stored(name: str) -> dict[str, np.ndarray]:
    """The initializers of an example's file."""
    graph = onnx.load(example_path(name)).graph
    return {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in graph.initializer}


def samples(name: str) -> np.ndarray:
    with np.load(example_inputs(name), allow_pickle=False) as arrays:
        assert arrays.files == ["x"]
        return np.asarray(arrays["x"])


@pytest.mark.parametrize("name", EXAMPLES)
def test_onnxruntime_gives_the_recorded_outputs(name: str) -> None:
    record, x = example_record(name), samples(name)
    given = outputs(example_path(name).read_bytes(), x)
    assert x.dtype == np.float32
    assert len(x) == len(record["inputs"])
    np.testing.assert_allclose(given, record["outputs"], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", stanford.INSTANCES)
def test_the_demo_gives_its_own_numbers_exactly(name: str) -> None:
    numbers = stanford.instance(stanford.INSTANCES[name])
    assert samples(name)[0].tolist() == numbers["x"]
    assert example_record(name)["outputs"][0] == numbers["o"]
    assert outputs(example_path(name).read_bytes(), samples(name))[0].tolist() == numbers["o"]


def test_the_first_neuron_of_the_demo_is_five_and_its_neighbour_seven() -> None:
    given = outputs(example_path("stanford").read_bytes(), example_input("stanford"))[0]
    assert (given[0, 0, 0], given[0, 1, 0], given[0, 0, 1]) == (5, 7, 7)


def test_lenet_stores_the_parameters_of_1998() -> None:
    arrays = stored("lenet5")
    layers = ("C1", "S2", "C3", "S4", "C5", "F6", "output")
    counts = {layer: arrays[f"{layer}.weight"].size + arrays[f"{layer}.bias"].size for layer in layers}
    assert counts == {"C1": 156, "S2": 12, "C3": 1516, "S4": 32, "C5": 48120, "F6": 10164, "output": 850}


def test_lenet_links_are_the_papers_table() -> None:
    # Table I read by rows: for each map of S2, the maps of C3 that read it.
    rows = (
        (0, 4, 5, 6, 9, 10, 11, 12, 14, 15),
        (0, 1, 5, 6, 7, 10, 11, 12, 13, 15),
        (0, 1, 2, 6, 7, 8, 11, 13, 14, 15),
        (1, 2, 3, 6, 7, 8, 9, 12, 14, 15),
        (2, 3, 4, 7, 8, 9, 10, 12, 13, 15),
        (3, 4, 5, 8, 9, 10, 11, 13, 14, 15),
    )
    table = stored("lenet5")["C3.links"]
    assert [tuple(np.flatnonzero(table[:, of] < 60).tolist()) for of in range(6)] == list(rows)
    assert sorted(table[table < 60].tolist()) == list(range(60))
    assert set(table[table >= 60].tolist()) == {60}


def test_a_map_of_c3_does_not_see_an_unlinked_map() -> None:
    model = onnx.load(example_path("lenet5"))
    model.graph.output.extend([onnx.helper.make_empty_tensor_value_info("C3.kernels")])
    import onnxruntime  # type: ignore[import-untyped,unused-ignore]

    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    kernels = session.run(["C3.kernels"], {"x": example_input("lenet5")})[0]
    linked = np.abs(kernels).sum((2, 3)) > 0
    assert [tuple(np.flatnonzero(row).tolist()) for row in linked] == list(lenet5.LINKS)


def test_layers_bear_the_papers_names_and_shapes() -> None:
    model = onnx.shape_inference.infer_shapes(onnx.load(example_path("lenet5")), strict_mode=True)
    shapes = {
        value.name: tuple(axis.dim_value for axis in value.type.tensor_type.shape.dim[1:])
        for value in [*model.graph.value_info, *model.graph.output]
    }
    layers = {node.name: shapes[node.output[0]] for node in model.graph.node if node.op_type in ("Conv", "Gemm")}
    assert layers == {
        "C1": (6, 28, 28),
        "S2": (6, 14, 14),
        "C3": (16, 10, 10),
        "S4": (16, 5, 5),
        "C5": (120, 1, 1),
        "F6": (84,),
        "output": (10,),
    }
    assert [node.name for node in onnx.load(example_path("photos")).graph.node if node.op_type in ("Conv", "Gemm")] == [
        "conv1",
        "conv2",
        "conv3",
        "linear",
    ]


@pytest.mark.parametrize("name", TRAINED)
def test_the_shipped_samples_are_classified_as_recorded(name: str) -> None:
    record = example_record(name)
    found = outputs(example_path(name).read_bytes(), samples(name)).argmax(1)
    right = sum(int(a == b) for a, b in zip(found.tolist(), record["labels"], strict=True))
    recorded = sum(int(np.argmax(row) == label) for row, label in zip(record["outputs"], record["labels"], strict=True))
    assert right == recorded
    assert right >= 0.8 * len(record["labels"])
    for sample, label in zip(record["inputs"], record["labels"], strict=True):
        assert record["classes"][label] in sample


def test_lenets_recorded_accuracy_is_measured_again_on_all_held_out_digits() -> None:
    pytest.importorskip("sklearn")
    (known, _), (x, label) = lenet5.digits()
    held_out = example_record("lenet5")["held_out"]
    correct = int((outputs(example_path("lenet5").read_bytes(), x).argmax(1) == label).sum())
    # One digit of leeway: the interpolation may round the last bit otherwise on another machine.
    assert len(x) == held_out["count"]
    assert abs(correct - held_out["correct"]) <= 1
    assert len(known) == example_record("lenet5")["training"]["digits"]


def test_photos_recorded_accuracy_is_measured_again_on_all_held_out_pieces() -> None:
    pytest.importorskip("sklearn")
    pytest.importorskip("skimage")
    _, held_out = photos.split(photos.photographs())
    fewest = min(len(corners) for corners in held_out.corners)
    x, label = photos.all_of(photos.evenly(held_out, fewest))
    recorded = example_record("photos")["held_out"]
    correct = int((outputs(example_path("photos").read_bytes(), x).argmax(1) == label).sum())
    # Two of leeway: another JPEG decoder may give other pixels.
    assert len(x) == recorded["count"]
    assert abs(correct - recorded["correct"]) <= 2


def test_the_shipped_inputs_are_held_out() -> None:
    pytest.importorskip("sklearn")
    pytest.importorskip("skimage")
    _, held_out = photos.split(photos.photographs())
    pieces = {piece.tobytes() for piece in photos.all_of(held_out)[0]}
    assert all(sample.tobytes() in pieces for sample in samples("photos"))
    known, _ = lenet5.digits()
    seen = {picture.tobytes() for picture in known[0]}
    assert not any(sample.tobytes() in seen for sample in samples("lenet5"))


def test_no_pixel_is_trained_on_and_held_out() -> None:
    picture = np.zeros((200, 330, 3), dtype=np.uint8)
    training, held_out = photos.split([picture])
    seen = np.zeros((200, 330), dtype=bool)
    for top, left in training.corners[0]:
        seen[top : top + 32, left : left + 32] = True
    kept = np.zeros((200, 330), dtype=int)
    for top, left in held_out.corners[0]:
        kept[top : top + 32, left : left + 32] += 1
    assert kept.max() == 1
    assert kept.sum() > 0
    assert not seen[kept > 0].any()


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_graph_builder_gives_the_shipped_file_again(name: str) -> None:
    def build() -> bytes:
        match name:
            case "lenet5":
                return lenet5.model(stored(name))
            case "photos":
                return photos.model(stored(name))
            case _:
                return stanford.model(name)

    # Compared as messages: another release of onnx may order the same fields otherwise.
    assert build() == build()
    assert onnx.load_from_string(build()) == onnx.load(example_path(name))


def test_the_scripts_write_the_shipped_files_again(tmp_path: Path) -> None:
    stanford.write(tmp_path)
    written = sorted(path.name for path in tmp_path.iterdir())
    assert written == [f"{name}.{end}" for name in ("stanford-printed", "stanford") for end in ("json", "npz", "onnx")]
    for name in stanford.INSTANCES:
        assert onnx.load(tmp_path / f"{name}.onnx") == onnx.load(example_path(name))
        assert (tmp_path / f"{name}.json").read_text("utf-8") == (FOLDER / f"{name}.json").read_text("utf-8")
        with np.load(tmp_path / f"{name}.npz") as arrays:
            np.testing.assert_array_equal(arrays["x"], samples(name))


@pytest.mark.parametrize("name", EXAMPLES)
def test_files_are_small_and_speak_of_the_product_alone(name: str) -> None:
    model = onnx.load(example_path(name))
    assert (model.producer_name, model.ir_version) == ("isochrome", 8)
    assert [(opset.domain, opset.version) for opset in model.opset_import] == [("", 17)]
    assert model.doc_string
    assert model.graph.doc_string
    for end in ("onnx", "npz", "json"):
        content = (FOLDER / f"{name}.{end}").read_bytes()
        assert len(content) < 300_000
        assert not re.search(rb"/(home|root|work|tmp|usr)/", content)


@pytest.mark.parametrize("name", TRAINED)
def test_about_ends_in_the_measured_accuracy(name: str) -> None:
    held_out = example_record(name)["held_out"]
    text = EXAMPLES[name].about
    assert f"{held_out['correct']} of {held_out['count']}" in text
    assert text.endswith(f"rightly ({100 * held_out['correct'] / held_out['count']:.1f}%).")


def test_a_sample_is_chosen_by_name() -> None:
    np.testing.assert_array_equal(example_input("lenet5", "digit 7"), samples("lenet5")[7:8])
    np.testing.assert_array_equal(example_input("lenet5"), samples("lenet5")[:1])


def test_names_that_are_not_there_are_answered_with_those_that_are() -> None:
    with pytest.raises(RequestError) as error:
        example_path("alex\u202enet")
    assert str(error.value) == (
        "example:alex<U+202E>net: must be stanford, stanford-printed, lenet5 or photos. Choose one."
    )
    with pytest.raises(RequestError) as error:
        example_input("stanford", "cat")
    assert str(error.value) == "example:stanford: input must be one of demo; got cat. Choose one."


@pytest.mark.parametrize("module", ["", ".scripts.lenet5", ".scripts.photos", ".scripts.training"])
def test_docstrings_run(module: str) -> None:
    result = doctest.testmod(importlib.import_module(f"isochrome.examples{module}"))
    assert result.attempted > 0
    assert result.failed == 0
