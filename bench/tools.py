"""``python -m bench.tools``: what other tools say of a PyTorch model, and what it costs them.

Each tool runs in a process of its own, once: time and memory over those of one forward pass of the same process. Needs
``pip install -e '.[bench]'``; a tool that is not there is left out.
"""

from __future__ import annotations

import json
import logging
import os
import resource
import statistics
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

Counts = dict[str, int | str | None]


def _isochrome(module: Any, inputs: tuple[Any, ...]) -> Counts:
    import isochrome

    totals = isochrome.open(module, *inputs).report().totals
    return {"parameters": totals.parameters_by_storage, "multiplications": totals.counts.connections}


def _torchinfo(module: Any, inputs: tuple[Any, ...]) -> Counts:
    import torchinfo

    found = torchinfo.summary(module, input_data=inputs, verbose=0)
    return {"parameters": found.total_params, "multiplications": found.total_mult_adds}


def _fvcore(module: Any, inputs: tuple[Any, ...]) -> Counts:
    from fvcore.nn import FlopCountAnalysis, parameter_count

    return {
        "parameters": parameter_count(module)[""],
        "multiplications": int(FlopCountAnalysis(module, inputs).total()),
    }


def _flop_counter(module: Any, inputs: tuple[Any, ...]) -> Counts:
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter:
        module(*inputs)
    return {"parameters": None, "multiplications": counter.get_total_flops() // 2}


def _thop(module: Any, inputs: tuple[Any, ...]) -> Counts:
    import thop

    multiplications, parameters = thop.profile(module, inputs=inputs, verbose=False)
    return {"parameters": int(parameters), "multiplications": int(multiplications)}


def _torchlens(module: Any, inputs: tuple[Any, ...]) -> Counts:
    import torchlens

    found = torchlens.trace(module, list(inputs))
    return {"parameters": int(found.num_params), "multiplications": int(found.total_flops) // 2}


TOOLS: dict[str, tuple[str, Callable[[Any, tuple[Any, ...]], Counts]]] = {
    "isochrome": ("isochrome", _isochrome),
    "torchinfo": ("torchinfo", _torchinfo),
    "fvcore": ("fvcore", _fvcore),
    "FlopCounterMode": ("torch", _flop_counter),
    "thop": ("thop", _thop),
    "torchlens": ("torchlens", _torchlens),
}


def peak() -> int:
    """The most memory that this process has had, in KiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def measure(tool: str, model: str) -> None:
    """Prints, as JSON, what a tool says of a model, and its time and memory as ratios to one forward pass."""
    import torch

    from bench.torch_models import CASES, MODELS

    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    torch.manual_seed(0)
    module, inputs = (MODELS | CASES)[model]()
    before = peak()
    passes = []
    with torch.no_grad():
        for _ in range(4):
            start = time.perf_counter()
            module(*inputs)
            passes.append(time.perf_counter() - start)
    after = peak()
    small: Any = torch.nn.Linear(2, 2)
    TOOLS[tool][1](small, (torch.rand(1, 2),))  # imports apart
    warm = peak()
    start = time.perf_counter()
    found: dict[str, Any] = {}
    try:
        found |= TOOLS[tool][1](module, inputs)
    except Exception as fault:
        found["fault"] = f"{type(fault).__name__}: {str(fault).splitlines()[0] if str(fault) else ''}"[:120]
    took = time.perf_counter() - start
    one = statistics.median(passes[1:])
    found |= {"pass": one, "time": took / one, "memory": (peak() - warm) / 1024, "memory_pass": (after - before) / 1024}
    print(json.dumps(found))


def child(tool: str, model: str) -> dict[str, Any]:
    """The same, from a process of its own."""
    command = [sys.executable, "-m", "bench.tools", tool, model]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=900)
    lines = done.stdout.strip().splitlines()
    return json.loads(lines[-1]) if done.returncode == 0 and lines else {"fault": done.stderr.strip()[-120:]}


def main() -> None:
    """Measure everything, and print two tables."""
    from bench.torch_models import CASES, MODELS

    tools = [name for name, (package, _) in TOOLS.items() if find_spec(package)]
    width = max(map(len, tools))
    for model in MODELS:
        print(f"\n{model}")
        for tool in tools:
            found = child(tool, model)
            cost = f"{found['time']:7.2f} passes  {found['memory']:7.0f} MiB" if "time" in found else ""
            print(f"  {tool.ljust(width)}  {cost}  {_said(found)}")
    for model in CASES:
        print(f"\n{model}")
        for tool in tools:
            print(f"  {tool.ljust(width)}  {_said(child(tool, model))}")
    print(f"\nload {os.getloadavg()[0]:.1f}")


def _said(found: dict[str, Any]) -> str:
    if "fault" in found:
        return f"fails: {found['fault']}"
    counts = (("parameters", found["parameters"]), ("multiplications", found["multiplications"]))
    return ", ".join(f"{value:,} {what}" for what, value in counts if value is not None)


if __name__ == "__main__":
    if len(sys.argv) == 3:
        measure(sys.argv[1], sys.argv[2])
    else:
        main()
