"""The command line as a user meets it: what is printed, the exit code, and that a fault writes nothing."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from isochrome.app.cli import main
from isochrome.examples import example_path

DATA = Path(__file__).parent.parent / "data"
DEMO = json.loads((DATA / "cs231n.json").read_text())


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Exit code, what was printed, what was complained."""
    code = main(arguments)
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def answer(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    code, out, err = run(capsys, *arguments, "--json")
    assert (code, err) == (0, "")
    found: dict[str, Any] = json.loads(out)
    return found


def saved(path: Path, node: Any, x: list[Any], y: list[Any] | None, **stored: Any) -> str:
    """A file with one node between ``x`` and ``y``."""
    from onnx import TensorProto, helper, numpy_helper, save

    info = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in (("x", x), ("y", y))]
    weights = [numpy_helper.from_array(array, name) for name, array in stored.items()]
    graph = helper.make_graph([node], "g", info[:1], info[1:], weights)
    save(helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 17)]), str(path))
    return str(path)


@pytest.mark.parametrize(("neuron", "total", "padded"), [("0,0,0", 5, 15), ("0,1,0", 7, 9)])
def test_the_demo_gives_five_and_seven(
    capsys: pytest.CaptureFixture[str], neuron: str, total: int, padded: int
) -> None:
    found = answer(capsys, "explain", "example:stanford", "conv", "--neuron", neuron)
    assert (found["total"], found["framework"], found["bias"]) == (total, total, 1)
    assert len(found["terms"]) == 27
    assert sum(term["product"] for term in found["terms"]) + found["bias"] == total
    assert sum(term["x"] is None for term in found["terms"]) == padded
    every = {(0, c, u, v) for c in range(3) for u in range(3) for v in range(3)}
    assert {tuple(term["w"]) for term in found["terms"]} == every
    assert found["difference"] <= found["bound"]


@pytest.mark.parametrize("example", ["stanford", "stanford-printed"])
def test_every_neuron_of_the_demo_is_the_printed_one(capsys: pytest.CaptureFixture[str], example: str) -> None:
    printed = DEMO["five_seven" if example == "stanford" else "printed"]["o"]
    for m, p, q in [(0, 0, 0), (0, 2, 1), (1, 1, 1), (1, 0, 2)]:
        found = answer(capsys, "explain", f"example:{example}", "conv", "--neuron", f"{m},{p},{q}")
        assert found["total"] == found["framework"] == printed[m][p][q]


def test_another_instance_as_files_comes_out_right(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    from onnx import helper

    generator = np.random.default_rng(3)
    w, b = generator.integers(-1, 2, (2, 3, 3, 3)).astype(np.float32), np.array([1, 0], np.float32)
    x = generator.integers(0, 3, (3, 5, 5)).astype(np.float32)
    node = helper.make_node("Conv", ["x", "w", "b"], ["y"], "demo", strides=[2, 2], pads=[1] * 4)
    path = saved(tmp_path / "demo.onnx", node, [1, 3, 5, 5], [1, 2, 3, 3], w=w, b=b)
    np.save(tmp_path / "x.npy", x)
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1)))
    for m, p, q in [(0, 0, 0), (1, 2, 2), (1, 1, 0)]:
        found = answer(capsys, "explain", path, "demo", "--neuron", f"{m},{p},{q}", "--input", str(tmp_path / "x.npy"))
        block = padded[:, 2 * p : 2 * p + 3, 2 * q : 2 * q + 3]
        assert found["total"] == (block * w[m]).sum() + b[m] == found["framework"]


def test_uses_lists_what_it_counts(capsys: pytest.CaptureFixture[str]) -> None:
    found = answer(capsys, "uses", "example:stanford", "conv", "--weight", "0,0,1,2")
    assert (found["taps"], found["real"], len(found["uses"])) == (9, 6, 9)
    assert sum(use["x"] is not None for use in found["uses"]) == 6
    few = answer(capsys, "uses", "example:stanford", "conv", "--weight", "0,0,1,2", "--limit", "2")
    assert (few["taps"], few["real"], len(few["uses"])) == (9, 6, 2)


def test_the_stanford_order_turns_places(capsys: pytest.CaptureFixture[str]) -> None:
    plain = answer(capsys, "explain", "example:stanford", "conv", "--neuron", "0,1,2")
    turned = answer(capsys, "explain", "example:stanford", "conv", "--neuron", "2,1,0", "--order", "xyd")
    assert plain["neuron"] == turned["neuron"] and plain["total"] == turned["total"]
    code, out, _ = run(capsys, "explain", "example:stanford", "conv", "--neuron", "2,1,0", "--order", "xyd")
    assert code == 0 and "y[2,1,0]" in out and "y[q, p, m]" in out


FORMULAS: list[tuple[list[str], dict[str, Any]]] = [
    (
        ["y[i] += w[i - j + 4] * x[j]", "--shape", "x=5", "--shape", "w=9", "--shape", "y=5"],
        {"weights": 9, "connections": 25, "uses_per_weight": {"taps": None, "min": 1, "max": 5},
         "constant_along": ["i - j"]},
    ),
    (
        ["y[i] += w[circular(i - j)] * x[j] where i < 5", "--shape", "x=5", "--shape", "w=5"],
        {"weights": 5, "connections": 25, "uses_per_weight": {"taps": 5, "min": 5, "max": 5}},
    ),
    (
        ["y[t, e] += w[ids[t], e]", "--shape", "w=4,2", "--shape", "y=3,2", "--table", "ids=1,1,-1"],
        {"connections": 4, "dead_weights": 6},
    ),
    (
        ["y[a,b,c,d] += w[a,b] * x[c,d]", "--shape", "w=65536,65536", "--shape", "x=65536,65536"],
        {"connections": 2**64, "neurons": 2**64, "weights": 2**32},
    ),
    (
        ["y[t] += w[u] * x[t - u] where t < 65536", "--shape", "w=65536", "--shape", "x=65536"],
        {"connections": 2**32, "real_connections": 2**31 + 2**15, "uses_per_weight": {"taps": 65536, "min": 1,
         "max": 65536}},
    ),
    (
        ["y[2*g + m, p] += w[2*g + m, c, u] * x[3*g + c, p + u] where g < 2, m < 2, c < 3", "--shape", "w=4,3,3",
         "--shape", "x=6,9"],
        {"weights": 36, "neurons": 28, "connections": 28 * 9},
    ),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "wanted"), FORMULAS)
def test_a_typed_line_is_counted(
    capsys: pytest.CaptureFixture[str], arguments: list[str], wanted: dict[str, Any]
) -> None:
    found = answer(capsys, "formula", *arguments)
    assert {name: found[name] for name in wanted} == wanted


FAULTS = {
    "a missing size": (
        ["formula", "y[i] += w[i - j + 4] * x[j]", "--shape", "x=5", "--shape", "w=9"],
        "isochrome: loop i: its size must follow from a shape or a clause; nothing gives it. Add 'where i < N' or the "
        "shape of a tensor in which i stands alone.",
    ),
    "no such example": (["report", "example:nothing"], None),
    "no such file": (["report", "no-such-file.onnx"], None),
    "no such layer": (
        ["explain", "example:stanford", "pool", "--neuron", "0,0,0"],
        "isochrome: layer pool: must be one of the 1 layers (conv) or a number from 0 to 0",
    ),
    "a neuron outside": (
        ["explain", "example:stanford", "conv", "--neuron", "0,9,9"],
        "isochrome: neuron of conv: must be 3 whole numbers (m 0 to 1, p 0 to 2, q 0 to 2); got 0,9,9",
    ),
    "a neuron of words": (
        ["explain", "example:stanford", "conv", "--neuron", "a,b"],
        "isochrome: explain: argument --neuron: a place is whole numbers with commas, like 0,10,10; got a,b",
    ),
    "a weight outside": (
        ["uses", "example:stanford", "conv", "--weight", "5,0,0,0"],
        "isochrome: weight of conv.weight: must be 4 whole numbers (m 0 to 1, c 0 to 2, u 0 to 2, v 0 to 2); "
        "got 5,0,0,0",
    ),
    "a window of words": (
        ["draw", "matrix", "example:stanford", "--window", "0:5,a", "-o", "none.svg"],
        "isochrome: draw: argument --window: a window is parts such as 0:5,2:7; got 0:5,a",
    ),
    "a window outside": (
        ["draw", "matrix", "example:stanford", "--window", "0:5,70:76", "-o", "none.svg"],
        "isochrome: window: must be a part of each of the rows and columns [18, 75]; got 0:5,70:76",
    ),
    "a window of positions outside": (
        ["draw", "volume", "example:stanford", "--window", "0:4,0:3", "-o", "none.svg"],
        "isochrome: window: must be a part of each of the positions [3, 3]; got 0:4,0:3",
    ),
    "a command that is none": (["paint"], None),
    "a shape without a name": (
        ["formula", "y[p] += x[p]", "--shape", "5"],
        "isochrome: formula: argument --shape: a shape is NAME=4,5; got 5",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_one_line_and_exit_code_2(capsys: pytest.CaptureFixture[str], name: str) -> None:
    arguments, text = FAULTS[name]
    code, out, err = run(capsys, *arguments)
    assert code == 2 and out == "" and err.count("\n") == 1 and err.startswith("isochrome: ")
    if text is not None:
        assert err == text + "\n"


def test_things_that_are_no_model_files(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "empty.onnx").write_bytes(b"")
    (tmp_path / "text.onnx").write_text("hello")
    os.mkfifo(tmp_path / "pipe.onnx")
    whole = example_path("stanford").read_bytes()
    (tmp_path / "cut.onnx").write_bytes(whole[: len(whole) // 2])
    before = sorted(tmp_path.iterdir())
    for name in ("empty.onnx", "text.onnx", "pipe.onnx", "cut.onnx", "."):
        code, out, err = run(capsys, "report", str(tmp_path / name))
        assert code == 2 and out == "" and err.count("\n") == 1, name
        assert str(tmp_path) in err
        code, _, err = run(capsys, "draw", "kernel", str(tmp_path / name), "-o", str(tmp_path / "out.svg"))
        assert code == 2 and err.count("\n") == 1
    assert sorted(tmp_path.iterdir()) == before


def test_a_picture_is_written_whole_or_not_at_all(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    for ending in ("svg", "png", "json"):
        code, _, err = run(capsys, "draw", "kernel", "example:stanford", "conv", "-o", str(tmp_path / f"k.{ending}"))
        assert (code, err) == (0, "") and (tmp_path / f"k.{ending}").stat().st_size > 1000
    before = sorted(tmp_path.iterdir())
    for wrong in (
        ["-o", str(tmp_path / "k.bmp")],
        ["-o", str(tmp_path / "a.svg"), "--colour", "red"],
        ["-o", str(tmp_path / "b.svg"), "--neuron", "7,7,7"],
        ["-o", str(tmp_path / "none" / "c.svg")],
    ):
        code, _, err = run(capsys, "draw", "kernel", "example:stanford", "conv", *wrong)
        assert code == 2 and err.count("\n") == 1, wrong
    assert sorted(tmp_path.iterdir()) == before


def test_a_window_and_the_order_of_channels_are_drawn(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "m.svg"
    more = ["--window", "9:18,25:50", "--channel-last", "--json", "-o", str(path)]
    code, out, err = run(capsys, "draw", "matrix", "example:stanford", *more)
    assert (code, err) == (0, "") and path.is_file()
    found = json.loads(out)
    assert found["window"] == "Neurons: rows 1 and 2; inputs: rows 1 to 3"
    assert {row[0] for row in found["table"]["rows"]} <= {
        f"{m},{p},{q}" for m in (0, 1) for p in (1, 2) for q in range(3)
    }


def test_a_hostile_layer_name_does_no_harm(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    from onnx import helper

    name = "<script>alert(1)</script>\u202e\x1b[31m"
    node = helper.make_node("MatMul", ["x", "w"], ["y"], name)
    path = saved(tmp_path / "m.onnx", node, ["N", 3], ["N", 2], w=np.ones((3, 2), np.float32))
    code, out, _ = run(capsys, "report", path)
    assert code == 0 and "\x1b" not in out and "\u202e" not in out and "<script>" in out
    code, out, err = run(capsys, "draw", "matrix", path, "0", "-o", str(tmp_path / "m.svg"))
    assert (code, err) == (0, "")
    assert "<script" not in (tmp_path / "m.svg").read_text()
    assert answer(capsys, "explain", path, "0", "--neuron", "1")["layer"] == name


def test_answers_to_known_numbers(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    from onnx import helper

    known = json.loads((DATA / "answers.json").read_text())["alexnet_conv1"]
    node = helper.make_node("Conv", ["x", "w", "b"], ["y"], "conv1", strides=[4, 4])
    w, b = np.zeros((96, 3, 11, 11), np.float32), np.zeros(96, np.float32)
    found = answer(capsys, "report", saved(tmp_path / "a.onnx", node, [1, 3, 227, 227], [1, 96, 55, 55], w=w, b=b))
    layer = found["layers"][0]
    for name in ("neurons", "connections", "weights", "biases"):
        assert layer[name] == known[name] == found["totals_by_kind"]["conv"][name]
    assert layer["uses_per_weight"]["taps"] == known["uses_per_weight"]
    assert layer["shared_along"] == {"n": 1, "p": 55, "q": 55}
