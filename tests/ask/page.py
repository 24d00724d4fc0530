"""``python -m tests.ask.page`` writes docs/questions.md: each question with its answer on an example.

Its blocks are run again by the tests of the documents, so the page cannot go stale unseen.
"""

from __future__ import annotations

import os
import shlex
import tempfile
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

from isochrome.app.cli import main
from isochrome.ask.claim_words import UNDERSTOOD
from isochrome.ask.questions import QUESTIONS

PAGE = Path(__file__).parents[2] / "docs" / "questions.md"
MODEL = """\
import numpy as np
import onnx
from onnx import helper, numpy_helper

random = np.random.default_rng(0)
stored = {"words.weight": random.standard_normal((50, 8)), "narrow.weight": random.standard_normal((3, 8))}
nodes = [
    helper.make_node("Transpose", ["words.weight"], ["words.turned"], perm=[1, 0]),
    helper.make_node("Transpose", ["narrow.weight"], ["narrow.turned"], perm=[1, 0]),
]
for side in ("left", "right"):  # one network, called for two sentences
    nodes += [
        helper.make_node("Gather", ["words.weight", side], [f"{side}.x"], f"/{side}/look/Gather"),
        helper.make_node("MatMul", [f"{side}.x", "narrow.turned"], [f"{side}.code"], f"/{side}/encode/MatMul"),
        helper.make_node("MatMul", [f"{side}.code", "narrow.weight"], [f"{side}.again"], f"/{side}/decode/MatMul"),
        helper.make_node("MatMul", [f"{side}.again", "words.turned"], [f"{side}.words"], f"/{side}/say/MatMul"),
    ]
inputs = [helper.make_tensor_value_info(side, onnx.TensorProto.INT64, [1, 6]) for side in ("left", "right")]
outputs = [helper.make_empty_tensor_value_info(f"{side}.words") for side in ("left", "right")]
tensors = [numpy_helper.from_array(array.astype(np.float32), name) for name, array in stored.items()]
graph = helper.make_graph(nodes, "tied", inputs, outputs, tensors)
onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), "tied.onnx")
"""
TOKENS = "formula:'y[t, o] += w[o, i] * x[t, i]' formula {} --shape x=6,8 --shape w=32,8"
UP = "example:arithmetic/strides-transposed strides-transposed {}"
ASKED = {
    "channels-added": ("example:stanford conv {}",), "parameters": ("example:stanford conv {}", "example:lenet5 {}"),
    "equivariance": ("example:photos conv2 {}", "example:photos {}"), "shared-with": ("example:stanford conv {}",),
    "gradient": ("example:stanford conv {}",), "without-sharing": ("example:stanford conv {}", "example:lenet5 {}"),
    "filters-differ": ("example:lenet5 C1 {}",), "bias": ("example:lenet5 C1 {}",), "time": (TOKENS,),
    "tied-autoencoder": ("tied.onnx left.encode {}",), "embedding-output": ("tied.onnx left.look {}",),
    "lenet-numbers": ("example:lenet5 C1 {}", "example:lenet5 C3 {}"),
    "fully-connected": ("example:lenet5 C5 {}", "example:lenet5 C1 {}"), "matrix": ("example:lenet5 C1 {}",),
    "really-shared": ("tied.onnx left.encode {}",), "siamese": ("tied.onnx left.encode {}",),
    "groups": ("example:lenet5 C3 {}", "example:stanford conv {}"), "checkerboard": (UP,), "tokens": (TOKENS,),
    "codebook": ("example:stanford conv {}",), "sees": ("example:photos conv3 {}",),
    "padding": ("example:stanford conv {}",), "misleading": ("example:stanford conv {}",),
    "batch": ("example:lenet5 C1 {}",), "neuron": ("example:lenet5 C1 {}",),
    "ties": ("tied.onnx {}",), "lint": ("tied.onnx {}",),
}  # fmt: skip
CLAIMS = (
    "neurons of one depth slice use the same weights", "one colour in a filter means one weight",
    "a colour on a neuron is a weight", "the red, green and blue slices share", "blocks i and j share weights",
)  # fmt: skip
HEAD = """\
# Questions

What people ask about shared weights, in the order of how often it comes back. Most answers are about one layer of one model: point the same question at a layer of your own. Some are about all layers of a model together where no layer is named; the explorer's Ask panel (`/`) has them apart, under *About the whole model*, and both ask the same Python.

```console
$ isochrome ask example:stanford
...
```

A question goes by its number, its short id or words of it. Every answer was checked as it was made; `agrees` stands under it with what was compared and what came out, here left out. In Python: `iso.open("example:stanford")["conv"].ask("bias")`.

Some questions need layers that are tied; they are asked of this model, which holds two tensors and uses each of them four times.

"""
TAIL = """\
## Is this picture right?

A coloured picture claims that marks which match are the same thing. `isochrome claim` decides a sentence from the formula, with the loops as the proof or two connections as the counterexample, and lists a small twin to check itself. A false claim ends with exit code 1.

"""  # noqa: E501


def console(command: str, whole: bool = False) -> str:
    """A command with what it prints; of an answer the statement and the verdict."""
    printed = StringIO()
    with redirect_stdout(printed):
        main(shlex.split(command)[1:])
    lines = printed.getvalue().rstrip("\n").split("\n")
    cut = next((at for at, line in enumerate(lines) if line.startswith("check ")), len(lines))
    shown = [line.rstrip() for line in lines[:cut]]
    while shown and not shown[-1]:
        shown.pop()
    body = "\n".join(shown) + ("\n..." if cut < len(lines) else "")
    return f"```console\n$ {command}\n{body}\n```\n\n"


def page() -> str:
    """The page, run in an empty folder."""
    here = os.getcwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            exec(compile(MODEL, "model", "exec"), {})
            parts = [HEAD, f"```python\n{MODEL}```\n\n"]
            for number, question in enumerate(QUESTIONS.values(), 1):
                parts.append(f"## {number}. {question.text}\n\n")
                parts += [console(f"isochrome ask {asked.format(question.slug)}") for asked in ASKED[question.slug]]
            parts.append(TAIL)
            parts += [console(f'isochrome claim example:stanford conv "{text}"') for text in CLAIMS]
            parts.append(f"What can be claimed: {UNDERSTOOD}.\n")
        finally:
            os.chdir(here)
    return "".join(parts)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
