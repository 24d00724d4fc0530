"""The process that runs onnxruntime: one request each, none left over, and a word where it ends before it answers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from isochrome.errors import ModelError
from isochrome.run import onnx_runtime
from isochrome.run.onnx_runtime import OnnxRunner
from tests.app.networks import write_words


@pytest.fixture
def runner(tmp_path: Path) -> OnnxRunner:
    return OnnxRunner(str(write_words(tmp_path)), "words.onnx", {"words": np.array([[0], [1], [2], [0]])})


def test_runs_one_after_another_and_side_by_side_are_alike(runner: OnnxRunner) -> None:
    first = runner.fetch(["shifted", "states"])
    again = [runner.fetch(["shifted", "states"]) for _ in range(3)]
    with ThreadPoolExecutor(4) as pool:
        again += pool.map(lambda _: runner.fetch(["shifted", "states"]), range(4))
    for found in again:
        assert all(np.array_equal(found[name], first[name]) for name in ("shifted", "states"))
    moved = runner.on({"words": np.array([[1], [1], [2], [0]])}).fetch(["shifted"])["shifted"]
    assert not np.array_equal(moved[0], first["shifted"][0]) and np.array_equal(moved[1:], first["shifted"][1:])


def test_a_waiting_process_that_was_ended_is_replaced(runner: OnnxRunner) -> None:
    runner.fetch(["shifted"])
    runner.fetch(["shifted"])
    for child in onnx_runtime._children.waiting:
        child.kill()
        child.wait()
    assert runner.fetch(["shifted"])["shifted"].shape == (4, 1, 3)


def test_one_that_ends_before_it_answers_says_so(runner: OnnxRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    def ended() -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-c", "import os; os._exit(9)"], stdin=subprocess.PIPE)

    monkeypatch.setattr(onnx_runtime, "_children", fresh := onnx_runtime._Children())
    monkeypatch.setattr(fresh, "started", ended)
    with pytest.raises(ModelError, match=r"words\.onnx: onnxruntime must run it; it ended with code 9$"):
        runner.fetch(["shifted"])
    monkeypatch.setattr(fresh, "started", lambda: subprocess.Popen(["sleep", "60"], stdin=subprocess.PIPE))
    monkeypatch.setattr(onnx_runtime, "SECONDS", 0.2)
    with pytest.raises(ModelError, match="must run within 0.2 seconds; it did not$"):
        runner.fetch(["shifted"])
    fresh.end()


@pytest.mark.parametrize("how", ["", "os.kill(os.getpid(), signal.SIGKILL)"])
def test_nothing_is_left_running(runner: OnnxRunner, tmp_path: Path, how: str) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import os, signal, numpy as np\n"
        "from isochrome.run import onnx_runtime as run\n"
        f"runner = run.OnnxRunner({runner.path!r}, 'words', {{'words': np.zeros((4, 1), np.int64)}})\n"
        "for _ in range(2): runner.fetch(['shifted'])\n"
        f"print(*(child.pid for child in run._children.waiting), flush=True)\n{how}\n"
    )
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, cwd=Path(__file__).parents[2])
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    (child,) = map(int, done.stdout.split())
    for _ in range(200):
        if not running(child):
            return
        time.sleep(0.05)
    raise AssertionError("it still waits")


def running(process: int) -> bool:
    """Whether a process runs: not one that has ended and was not asked about yet."""
    try:
        os.kill(process, 0)
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False
