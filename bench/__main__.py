"""``python -m bench``: one run, one table. Each row is a measured time and its ratio to something of the same run."""

from __future__ import annotations

import os
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bench.browser import browser_times
from bench.matrix import page_times, python_pictures
from bench.models import chain, resnet

Seconds = float


def median(work: Callable[[], object], times: int = 5) -> Seconds:
    """The median wall time of some runs, after one that is not counted."""
    work()
    found = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        found.append(time.perf_counter() - start)
    return statistics.median(found)


def command(*arguments: str) -> list[str]:
    """The command line of this interpreter's isochrome."""
    return [sys.executable, "-m", "isochrome.app.cli", *arguments]


def forward(path: Path) -> Seconds:
    """One forward pass of a model of 224 pixels in onnxruntime, on one thread."""
    import numpy as np
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    x = np.random.default_rng(0).random((1, 3, 224, 224), np.float32)
    return median(lambda: session.run(None, {"x": x}))


def opening(path: Path) -> tuple[Seconds, Seconds]:
    """(opening a model without the child that parses it, its report)."""
    from isochrome.ask.report import report
    from isochrome.load import open_file
    from isochrome.load.child import read_record
    from isochrome.load.source import open_source

    child = median(lambda: read_record(open_source(path)))
    whole = median(lambda: open_file(path))
    reports = []
    for _ in range(6):
        model = open_file(path).model
        start = time.perf_counter()
        report(model)
        reports.append(time.perf_counter() - start)
    return max(whole - child, 0.0), statistics.median(reports[1:])


def peak(path: Path) -> int:
    """The peak memory of ``isochrome report`` in bytes, over its processes."""
    code = (
        "import resource, subprocess, sys; subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True); "
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    done = subprocess.run([sys.executable, "-c", code, *command("report", str(path))], capture_output=True, check=True)
    return int(done.stdout) * 1024


def sparse(folder: Path, rows: int) -> Path:
    """A linear model whose weight lies in a file of its own, with holes: large, and taking no disk."""
    from onnx import TensorProto, helper

    name = f"w{rows}"
    weight = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[1024, rows], data_location=TensorProto.EXTERNAL)
    weight.external_data.add(key="location", value=f"{name}.bin")
    weight.external_data.add(key="length", value=str(4 * 1024 * rows))
    with (folder / f"{name}.bin").open("wb") as file:
        file.truncate(4 * 1024 * rows)
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 1024])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", rows])
    node = helper.make_node("MatMul", ["x", "w"], ["y"], "linear")
    path = folder / f"{name}.onnx"
    model = helper.make_model(helper.make_graph([node], "sparse", [x], [y], [weight]), ir_version=8)
    path.write_bytes(model.SerializeToString())
    return path


def svg_of_1000_marks() -> Seconds:
    """Writing a picture of 1,000 cells as SVG."""
    from isochrome.draw.identity import colouring, identity
    from isochrome.draw.layout import grid
    from isochrome.draw.picture import Cell, Legend, Picture, keys
    from isochrome.render.svg import svg

    names = [identity("weight", (k,), parameter=0) for k in range(9)]
    cells = tuple(
        Cell(x, y, 24, 24, str(row % 9), names[row % 9], keys=keys("layer", y=(row, column), w=(row % 9,), parameter=0))
        for row, column, x, y in grid(0, 0, 25, 40, 24)
    )
    legend = Legend("weight", "Same colour = same weight")
    picture = Picture(960, 600, "bench", "1,000 cells", legend, colouring(names), cells)
    return median(lambda: svg(picture))


def first_byte() -> tuple[Seconds, Seconds]:
    """(the page's first byte after the server's address was printed, the same from the start of the process)."""
    import urllib.request

    started = time.perf_counter()
    process = subprocess.Popen(
        command("open", "example:stanford", "--no-browser"), stdout=subprocess.PIPE, text=True, env=dict(os.environ)
    )
    try:
        assert process.stdout is not None
        for line in process.stdout:
            address = re.search(r"http://127\.0\.0\.1:\d+\S*", line)
            if address:
                break
        printed = time.perf_counter()
        with urllib.request.urlopen(address[0], timeout=20) as answer:
            answer.read(1)
        now = time.perf_counter()
        return now - printed, now - started
    finally:
        process.terminate()
        process.wait(20)


def main() -> None:
    """Measure, and print the table."""
    import onnx

    light = Path(onnx.__file__).parent / "backend/test/data/light/light_resnet50.onnx"
    rows: list[tuple[str, str, str]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        large = resnet(folder / "resnet152.onnx", (3, 8, 36, 3))
        passed = forward(large)
        opened, reported = opening(large)
        rows.append(("forward pass of ResNet-152, one thread", f"{passed:.3f} s", "1"))
        rows.append(("opening it (imports and child apart)", f"{opened:.3f} s", f"{opened / passed:.3f} of the pass"))
        rows.append(("report of the opened model", f"{reported:.4f} s", f"{reported / passed:.3f} of the pass"))
        small, huge = peak(sparse(folder, 2)), peak(sparse(folder, 2_000_000))
        rows.append(("peak memory of report, weight of 8 KiB", f"{small / 2**20:.1f} MiB", "1"))
        rows.append(("the same, weight of 7.6 GiB", f"{huge / 2**20:.1f} MiB", f"{huge / small:.3f}"))
        long = chain(folder / "chain.onnx", 20_000)
        took = median(lambda: subprocess.run(command("report", str(long)), capture_output=True, check=True), 1)
        rows.append(("report of a graph of 20,000 nodes", f"{took:.2f} s", ""))
    python = median(lambda: subprocess.run([sys.executable, "-c", "pass"], check=True))
    for what, arguments in (("--help", ("--help",)), ("report of light_resnet50.onnx", ("report", str(light)))):
        took = median(lambda a=arguments: subprocess.run(command(*a), capture_output=True, check=True))  # type: ignore[misc]
        rows.append((f"isochrome {what}", f"{took * 1000:.0f} ms", f"{took / python:.1f} of an empty Python"))
    with tempfile.TemporaryDirectory() as name:
        page = page_times(Path(name))
    for what, draw in python_pictures():
        here, words = median(draw), {"exact": "exact ink", "sampled": "colours at one entry a pixel"}[what]
        ratio = f"{here * 1000:.0f} ms in Python"
        rows.append((f"matrix of 802,816 squared, 1600x900, {words}", f"{page[what]:.1f} ms", ratio))
    rows.append(("SVG of 1,000 marks", f"{svg_of_1000_marks() * 1000:.1f} ms", ""))
    byte, whole = first_byte()
    started = f"{whole * 1000:.0f} ms from the start of the process"
    rows.append(("first byte of the page", f"{byte * 1000:.0f} ms", started))
    with tempfile.TemporaryDirectory() as name:
        rows += browser_times(light, Path(name))
    width = max(len(row[0]) for row in rows)
    for what, value, ratio in rows:
        print(f"{what.ljust(width)}  {value.rjust(10)}  {ratio}")
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"load {os.getloadavg()[0]:.1f}, peak of this process {own} MiB")


if __name__ == "__main__":
    main()
