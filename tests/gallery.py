"""The gallery is the goldens: ``python -m tests.gallery`` draws every picture below into ``docs/gallery``.

A test draws them again and compares the bytes.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from shlex import quote
from typing import Any

from isochrome.app.api import OpenedModel, Run, open_model
from isochrome.app.pictures import Drawn, draw
from isochrome.examples.arithmetic import CASES, PREFIX

ENDINGS = (
    "The ending of the file chooses the format: `.svg`, `.png`, `.pdf` with text that can be selected, `.tex` (TikZ) or "
    "`.json`. `--play positions` draws a frame for each neuron, as `.svg` that plays by itself, `.gif`, `.webp`, "
    "`.apng`, or the pages of a `.pdf`.",
    "`--style paper`, `paper-wide`, `paper-grey`, `slide` or `page` gives width and ground, `--width-mm` another width, "
    "`--caption` a caption with the layer's counts. The command stands in the file.",
)
LINES = (
    "Each case is one line of index notation; everything in its picture is read off that line, and the tests compare "
    "its numbers with PyTorch's. `--neuron` chooses another neuron, `--play positions` shows them all; the view "
    "`overlap` shows how many taps reach each neuron, `arithmetic` every product. The second command under a "
    "picture types the same line, to be changed; its numbers are others.",
)
FOLDER = Path(__file__).parent.parent / "docs" / "gallery"


@dataclass(frozen=True)
class Item:
    """One picture: the file's name, what is drawn of what, and one sentence about it."""

    name: str
    view: str
    model: str
    layer: str
    about: str
    selection: dict[str, Any] = field(default_factory=dict)
    exact: bool = True
    """False where it holds float sums, whose last digit another processor may round otherwise."""

    @property
    def command(self) -> str:
        """The command that draws it."""
        words = ["isochrome draw", self.view, quote(self.model), *([self.layer] if self.layer else [])]
        for name, value in self.selection.items():
            if name == "neurons":
                words += [f"--neuron {','.join(map(str, place))}" for place in value]
            elif name == "neuron":
                words.append(f"--neuron {','.join(map(str, value))}")
            elif name == "window":
                words.append(f"--window {','.join(f'{low}:{high}' for low, high in value)}")
            elif value is True:
                words.append(f"--{name.replace('_', '-')}")
            else:
                words.append(f"--{name} {value}")
        return " ".join([*words, f"-o {self.name}.svg"])


TWO = {"neurons": [(0, 0, 0), (0, 0, 1)]}
ITEMS = (
    Item("connections", "connections", "example:stanford", "conv", "Two neurons of one filter: the same 27 weights.",
         {"neurons": [(0, 1, 0), (0, 1, 1)], "channel": 1}),
    Item("connections-filter", "connections", "example:stanford", "conv", "The same at level filter: one colour.",
         {"neurons": [(0, 1, 0), (0, 1, 1)], "colour": "filter"}),
    Item("arithmetic", "arithmetic", "example:stanford", "conv", "How 5 and 7 come about.", TWO),
    Item("bank", "bank", "example:stanford", "conv", "Two filters give two slices, not six: channels are added.",
         {"colour": "filter"}),
    Item("volume", "volume", "example:lenet5", "C1", "A slice uses one filter; a column uses six.",
         {"colour": "filter"}),
    Item("volume-weight", "volume", "example:stanford", "conv", "At level weight a neuron is never one colour."),
    Item("kernel", "kernel", "example:stanford", "conv", "How often each weight of a kernel is really used."),
    Item("matrix", "matrix", "example:stanford", "conv", "The layer as a matrix: one colour, one stored number."),
    Item("baselines", "baselines", "example:lenet5", "C1", "The same neurons wired in three ways."),
    Item("gradient", "gradient", "example:stanford", "conv", "Each position that uses a weight adds a term to its gradient."),
    Item("gradient-photos", "gradient", "example:photos", "conv1", "The same of a trained layer: a map over the image.",
         exact=False),
    Item("unrolled", "unrolled", "formula:y[t, i] += w[i, j] * x[t, j] where t<5, i<3, j<3", "formula",
         "Over time: nine weights are stored, and each is used at every step."),
    Item("connections-lenet-s2", "connections", "example:lenet5", "S2",
         "Four edges, one colour: one weight used four times.", exact=False),
    Item("matrix-lenet-c3", "matrix", "example:lenet5", "C3", "A table of links: some maps read some channels."),
    Item("matrix-last", "matrix", "example:stanford", "conv", "Channels last: the blocks of a layer lie side by side.",
         {"channel_last": True}),
    Item("matrix-ink", "matrix", "example:lenet5", "C1", "Zoomed out: ink is the exact count under each pixel.",
         {"window": [(0, 1568), (0, 1024)]}),
    Item("arithmetic-photos", "arithmetic", "example:photos", "conv1", "A trained layer: real numbers that add up.",
         exact=False),
    Item("bank-photos", "bank", "example:photos", "conv1", "Red, green and blue share no weight.",
         {"colour": "channel"}, exact=False),
    Item("network-lenet", "network", "example:lenet5", "C3", "A whole model: what feeds what, what one neuron sees.",
         {"neuron": (0, 3, 3)}, exact=False),
    Item("reach-photos", "reach", "example:photos", "conv3", "Two neurons, two regions, one set of weights.",
         {"neurons": [(0, 3, 3), (0, 3, 4)]}, exact=False),
    Item("next-photos", "next", "example:photos", "conv1", "Filter m of one layer is channel m of the next.",
         exact=False),
)  # fmt: skip
FIGURES = (
    Item("window", "window", "example:stanford", "conv", "What i reads on every channel; j reads two columns further."),
    Item("window-plays", "window", "example:arithmetic/padding-strides", "", "A window moves by two, over padding.",
         {"play": "positions"}),
    Item("window-plays-transposed", "window", "example:arithmetic/transposed-one-dimensional", "",
         "A transposed convolution: one tap, then two, then one.", {"play": "positions"}),
    Item("overlap-transposed", "overlap", "example:arithmetic/padding-strides-transposed", "",
         "Kernels of three, stamped two apart: neurons get 1, 2 or 4 taps."),
    Item("overlap-output-padding", "overlap", "example:arithmetic/output-padding", "",
         "Output padding adds neurons that no input reaches."),
    Item("overlap-border", "overlap", "example:stanford", "conv", "At the border taps fall on padding."),
    Item("kernel-grey", "kernel", "example:stanford", "conv", "Two columns of a paper, black and white.",
         {"style": "paper-wide-grey"}),
    Item("volume-slide", "volume", "example:lenet5", "C1", "The same figure as a slide.",
         {"colour": "filter", "style": "slide"}),
)  # fmt: skip
ARITHMETIC = tuple(
    Item(f"arithmetic-{case.name}", "window", f"{PREFIX}{case.name}", "", case.about) for case in CASES.values()
)
EVERY = (*ITEMS, *FIGURES, *ARITHMETIC)


@cache
def opened(model: str) -> tuple[OpenedModel, Run]:
    """A model and one run of it."""
    found = open_model(model)
    return found, found.run()


def drawn(item: Item) -> Drawn:
    """An item, drawn."""
    found, run = opened(item.model)
    return draw(found, found.model.layer(item.layer or 0), item.view, run=run, **item.selection)


def picture(item: Item) -> bytes:
    """The SVG of an item."""
    return drawn(item).svg().encode()


def index() -> str:
    """The gallery's page."""
    about = "Each picture is drawn by the command under it. They are also the goldens of the tests."
    lines = ["# Gallery", "", about, "", *ENDINGS, ""]
    for item in (*ITEMS, *FIGURES):
        lines += [f"## {item.about}", "", f"![{item.about}]({item.name}.svg)", "", f"    {item.command}", ""]
    lines += ["## Convolution arithmetic", "", *LINES, "", "| case | what it shows | its line |", "|---|---|---|"]
    for case in CASES.values():
        lines.append(f"| `{case.name}` | {case.about} | `{case.formula}` |")
    for item, case in zip(ARITHMETIC, CASES.values(), strict=True):
        lines += ["", f"![{item.about}]({item.name}.svg)", "", f"    {item.command}"]
        lines += [] if case.constants else [f"    {case.command}"]
    return "\n".join([*lines, ""])


def main() -> None:
    """Draw all, and write the page."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for item in EVERY:
        (FOLDER / f"{item.name}.svg").write_bytes(picture(item))
        print(item.command, file=sys.stderr)
    (FOLDER / "README.md").write_text(index())


if __name__ == "__main__":
    main()
