"""The command line: reads arguments, asks, prints. No logic of its own; every answer is the one that Python gives."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from collections.abc import Callable, Sequence
from typing import Any

from isochrome.app import commands
from isochrome.app.arguments import (
    ASKED,
    CLAIM,
    COMMON,
    EDIT,
    JSON,
    LAYER,
    MODEL,
    NEURON,
    OF,
    ORDER,
    OUTPUT,
    SEED,
    SHAPE,
    TABLE,
    WEIGHT,
    Argument,
    place_of,
    span_of,
    weight_of,
    window_of,
)
from isochrome.errors import IsochromeError, RequestError, shown

__all__ = ["main", "parser"]

FIRST = "example:stanford"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code: 0 fine, 1 findings, 2 could not do it, 130 interrupted."""
    given = list(sys.argv[1:] if arguments is None else arguments) or ["open", FIRST]
    try:
        options = parser().parse_args(given)
        options.command = shlex.join(["isochrome", *given])
        return int(options.run(options) or 0)
    except IsochromeError as fault:
        print(f"isochrome: {fault}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (OSError, MemoryError, RecursionError) as fault:
        print(f"isochrome: {type(fault).__name__}: {shown(str(fault), 300)}", file=sys.stderr)
        return 2


class _Parser(argparse.ArgumentParser):
    """One line for a wrong argument, and exit code 2."""

    def error(self, message: str) -> Any:
        raise RequestError(f"{self.prog.removeprefix('isochrome').strip() or 'arguments'}: {shown(message, 300)}")


def parser() -> argparse.ArgumentParser:
    """The command line as argparse knows it; the reference in the docs is made from it."""
    whole = _Parser(
        prog="isochrome",
        description="Which stored weight acts on which connection: counted, checked against the framework, and drawn.",
        epilog="MODEL is a file (.onnx), example:NAME, package.module:function (which gives a PyTorch module, or one "
        "and its inputs), or formula:'...' with --shape. Without a command the explorer opens on its first example.",
    )
    rows = whole.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for row in _COMMANDS:
        command = rows.add_parser(row.name, help=row.help, description=row.help)
        for names, settings in row.arguments:
            command.add_argument(*names, **settings)
        command.set_defaults(run=row.run)
    return whole


class Command:
    """One row of the table of commands."""

    def __init__(self, name: str, run: Callable[[Any], int | None], help: str, *arguments: Argument) -> None:
        self.name, self.run, self.help, self.arguments = name, run, help, arguments


_COMMANDS = (
    Command(
        "open", commands.run_open, "the explorer, in the browser", MODEL, *COMMON,
        (("--layer",), {"metavar": "LAYER", "help": "where to begin"}),
        (("--port",), {"type": int, "default": 0, "help": "default: any free one"}),
        (("--no-browser",), {"action": "store_true", "help": "only print the address"}),
    ),
    Command(
        "page", commands.run_page, "the explorer as one offline file", MODEL, OUTPUT, *COMMON,
        (("--layer",), {"action": "append", "default": [], "metavar": "LAYER", "help": "put this layer in; repeats"}),
    ),
    Command(
        "lab", commands.run_lab, "why sharing helps: three wirings of one layer, trained on digits", JSON, SEED,
        (("-o", "--output"), {"metavar": "FILE", "help": "also a picture of the result"}),
    ),
    Command("report", commands.run_report, "the sharing table of the whole model", MODEL, JSON, SHAPE, TABLE),
    Command(
        "explain", commands.run_explain, "one neuron's arithmetic, checked against the framework", MODEL, LAYER, NEURON,
        EDIT, JSON, ORDER, *COMMON,
    ),
    Command(
        "uses", commands.run_uses, "every use of one weight", MODEL, LAYER, WEIGHT,
        (("--limit",), {"type": int, "default": 1000, "help": "how many uses are listed; the count is always whole"}),
        JSON, ORDER, *COMMON,
    ),
    Command(
        "gradient", commands.run_gradient, "one weight's gradient, term by term, checked against the framework",
        MODEL, LAYER,
        WEIGHT, OF, EDIT, JSON, ORDER, *COMMON,
    ),
    Command(
        "reach", commands.run_reach, "what a neuron sees, or with --forward what it influences", MODEL, LAYER, NEURON,
        (("--to",), {"metavar": "L2", "help": "a layer, an input or an output"}),
        (("--forward",), {"action": "store_true", "help": "what it influences"}), JSON, ORDER, SHAPE, TABLE,
    ),
    Command(
        "draw", commands.run_draw, "a picture; the ending of FILE chooses the format",
        (("view",), {"metavar": "VIEW"}), MODEL,
        (("layer",), {"nargs": "?", "metavar": "LAYER", "help": "not needed where the model has one"}), OUTPUT,
        (("--colour",), {"default": "weight", "help": "weight, tap, filter, channel or parameter"}),
        (("--neuron",), {"type": place_of, "action": "append", "default": [], "metavar": "I", "help": "at most two"}),
        (("--weight",), {"type": weight_of, "metavar": "I", "help": "a weight to point at"}),
        (
            ("--select",),
            {"default": "", "metavar": "WHAT",
             "help": "what is lit: x:0,3,4 (an input), tap:1,2, filter:3, channel:1, parameter:0"},
        ),
        (("--filter",), {"type": int, "help": "whose weights are coloured"}),
        (("--channel",), {"type": int, "default": 0, "help": "whose weights are coloured"}),
        (
            ("--window",),
            {"type": window_of, "default": (), "metavar": "0:5,2:7",
             "help": "the part to draw: of the positions, or of the matrix's rows and columns"},
        ),
        (("--channel-last",), {"action": "store_true", "help": "the matrix counts places before channels"}),
        (("--style",), {"default": "screen", "help": "screen, paper, paper-wide, paper-grey, slide, page, ..."}),
        (("--width-mm",), {"type": float, "metavar": "MM", "help": "how wide on paper; default: the style's"}),
        (("--theme",), {"choices": ["light", "dark", "print"], "default": "", "help": "default: the style's"}),
        (("--scale",), {"type": float, "help": "pixels for each 1/96 inch; default: the style's, else 2"}),
        (("--play",), {"default": "", "metavar": "AXES", "help": "a frame for each neuron: positions, or p,q"}),
        (("--pace",), {"type": float, "default": 0.8, "metavar": "S", "help": "seconds for each frame; default: 0.8"}),
        (("--caption",), {"action": "store_true", "help": "print a caption, and put it into the file"}),
        (("--many",), {"action": "store_true", "help": "27 colours instead of nine"}),
        (("--layers",), {"type": span_of, "metavar": "A:B", "help": "network: from layer A to before B"}),
        (("--unfold",), {"action": "store_true", "help": "network: draw repeated blocks one by one"}),
        OF, EDIT, JSON, ORDER, *COMMON,
    ),
    Command(
        "lint", commands.run_lint, "what is shared by mistake, and what is no longer shared",
        (("models",), {"nargs": "+", "metavar": "MODEL", "help": "files, safetensors among them, or names"}),
        (("--before",), {"metavar": "MODEL", "help": "the same model before a step: ties that the step lost"}), JSON,
        (("--sarif",), {"action": "store_true", "help": "print SARIF 2.1.0"}),
    ),
    Command(
        "compare", commands.run_compare, "what sharing one model has and the other has not",
        (("before",), {"metavar": "A", "help": "a model, or a safetensors file"}),
        (("after",), {"metavar": "B", "help": "another one, or the same one after a step"}), JSON,
    ),
    Command(
        "ask", commands.run_ask, "an answer with its check; without QUESTION the list", MODEL, *ASKED, JSON, *COMMON,
    ),
    Command(
        "claim", commands.run_claim, "true or false, with proof or counterexample", MODEL, LAYER, CLAIM, JSON, *COMMON,
    ),
    Command(
        "formula", commands.run_formula, "the report of a typed line",
        (("formula",), {"metavar": "FORMULA", "help": "'y[p] += w[u] * x[p + u]'"}), JSON, SHAPE, TABLE,
    ),
)  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
