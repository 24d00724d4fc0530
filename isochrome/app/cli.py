"""The command line: reads arguments, asks, prints. No logic of its own; every answer is the one that Python gives."""

from __future__ import annotations

import argparse
import json
import os
import shlex
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from threading import Timer
from typing import Any

from isochrome.app.arguments import (
    ASKED,
    CLAIM,
    COMMON,
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
    weight_of,
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
    commands = whole.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for row in _COMMANDS:
        command = commands.add_parser(row.name, help=row.help, description=row.help)
        for names, settings in row.arguments:
            command.add_argument(*names, **settings)
        command.set_defaults(run=row.run)
    return whole


class Command:
    """One row of the table of commands."""

    def __init__(self, name: str, run: Callable[[Any], int | None], help: str, *arguments: Argument) -> None:
        self.name, self.run, self.help, self.arguments = name, run, help, arguments


def _opened(options: Any) -> Any:
    from isochrome.app.api import open_model

    return open_model(options.model, dict(options.shape), _tables(options))


def _tables(options: Any) -> Mapping[str, Any]:
    import numpy as np

    found = {}
    for name, values in options.table:
        try:
            array = np.array(values)
        except ValueError:
            array = np.zeros(0)
        if array.dtype.kind != "i":
            raise RequestError(f"table {shown(name)}: must hold whole numbers in a regular array")
        found[name] = array
    return found


def _ink(options: Any) -> Any:
    from isochrome.app.text import Ink

    terminal = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    width = shutil.get_terminal_size((96, 24)).columns if sys.stdout.isatty() else 96
    return Ink(not terminal, width, getattr(options, "order", None) == "xyd")


def _turned(options: Any, place: tuple[int, ...]) -> tuple[int, ...]:
    if getattr(options, "order", None) != "xyd":
        return place
    from isochrome.app.text import turned

    return turned(place)


def _print(options: Any, answer: Any, text: Callable[[Any, Any], str]) -> None:
    if options.json:
        print(json.dumps(answer.to_dict(), ensure_ascii=True, allow_nan=False, indent=1, default=_plain))
    else:
        sys.stdout.write(text(answer, _ink(options)))


def _plain(value: Any) -> Any:
    return value.item()


@contextmanager
def _progress(what: str) -> Iterator[None]:
    """A word on the terminal about work that takes longer than a second."""
    if not sys.stderr.isatty():
        yield
        return
    timer = Timer(1.0, lambda: print(f"{what} ...", file=sys.stderr, flush=True))
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


# --- commands -------------------------------------------------------------------------------------------------


def _run_open(options: Any) -> int:
    from isochrome.app.server import serve

    opened = _opened(options)
    run = opened.run(options.input, seed=options.seed)
    layer = opened.model.layer(options.layer).number if options.layer else None
    return int(serve(opened, run, port=options.port, open_browser=not options.no_browser, layer=layer) or 0)


def _run_page(options: Any) -> None:
    from isochrome.app.page import write_page

    opened = _opened(options)
    layers = [opened.model.layer(name).number for name in options.layer] or None
    with _progress(f"Writing {shown(options.output)}"):
        write_page(opened, opened.run(options.input, seed=options.seed), options.output, layers)


def _run_report(options: Any) -> None:
    from isochrome.app.text import report_text

    with _progress(f"Reading {shown(options.model)}"):
        report = _opened(options).report()
    _print(options, report, report_text)


def _run_formula(options: Any) -> None:
    from isochrome.app.text import layer_text

    options.model = f"formula:{options.formula}"
    _print(options, _opened(options)[0].report, layer_text)


def _run_lab(options: Any) -> None:
    from isochrome.app.lab import lab_text, read_and_run_lab
    from isochrome.app.pictures import Drawn
    from isochrome.draw.lab import lab_picture

    def said(what: str) -> None:
        if sys.stderr.isatty():
            print(f"{what} ...", file=sys.stderr, flush=True)

    if options.seed < 0:
        raise RequestError(f"--seed: must be at least 0; got {options.seed}")
    lab = read_and_run_lab(options.seed, said)
    if options.output:
        Drawn((lab_picture(lab),)).save(options.output)
    _print(options, lab, lab_text)


def _run_explain(options: Any) -> None:
    from isochrome.app.text import explain_text

    opened = _opened(options)
    with _progress("Running the model"):
        answer = opened.run(options.input, seed=options.seed).explain(options.layer, _turned(options, options.neuron))
    _print(options, answer, explain_text)


def _run_gradient(options: Any) -> None:
    from isochrome.app.text_gradient import gradient_text

    name, place = options.weight
    opened = _opened(options)
    with _progress("Running the model"):
        run = opened.run(options.input, seed=options.seed)
        answer = run.gradient(options.layer, _turned(options, place), name, options.of)
    _print(options, answer, gradient_text)


def _run_uses(options: Any) -> None:
    from isochrome.app.text import uses_text

    name, place = options.weight
    opened = _opened(options)
    layer = opened[options.layer]
    users = opened.model.users(opened.line(options.layer, name).parameter)
    depends = any(line.depends for _, line in users)
    values = opened.run(options.input, seed=options.seed).values if depends else None
    _print(options, layer.uses(_turned(options, place), name, options.limit, values), uses_text)


def _run_reach(options: Any) -> None:
    from isochrome.app.text import reach_text

    layer = _opened(options)[options.layer]
    neuron = _turned(options, options.neuron)
    _print(options, layer.reach(neuron, options.to or "", options.forward), reach_text)


def _run_draw(options: Any) -> None:
    opened = _opened(options)
    layer = opened.model.layer(options.layer) if options.layer else _only_layer(opened)
    from isochrome.app.pictures import draw, play_of

    play = play_of(options.output, options.play)
    name, weight = options.weight or ("", None)
    with _progress(f"Drawing {shown(options.view)}"):
        neurons = [_turned(options, neuron) for neuron in options.neuron]
        place = None if weight is None else _turned(options, weight)
        drawn = draw(
            opened, layer, options.view, options.colour, neurons=neurons, weight=place,
            parameter=name, filter=options.filter, channel=options.channel, theme=options.theme, scale=options.scale,
            inputs=options.input, many=options.many, of=options.of, style=options.style,
            width_mm=options.width_mm, play=play, pace=options.pace, caption=options.caption, command=options.command,
        )  # fmt: skip
        drawn.save(options.output)
    if options.json:
        sys.stdout.write(drawn.json())
    elif drawn.caption:
        print(drawn.caption)
    if drawn.note:
        print(f"isochrome: {drawn.note}", file=sys.stderr)


def _run_ask(options: Any) -> None:
    from isochrome.app import asked_text, asking

    asked, question = asking.named(_opened(options), options.layer, options.question)
    with _progress("Asking"):
        found = asked.questions() if question is None else asked.ask(question, options.input, options.seed)
    text = partial(asked_text.answer_text, model=options.model, shapes=options.shape)
    _print(options, found, asked_text.listing_text if question is None else text)


def _run_claim(options: Any) -> int:
    from isochrome.app import asked_text

    with _progress("Checking"):
        found = _opened(options)[options.layer].claim(options.claim, options.input, options.seed)
    _print(options, found, asked_text.claim_text)
    return int(not found.verdict)


def _run_lint(options: Any) -> int:
    from isochrome.app.findings import lint_text
    from isochrome.app.lint import lint_many
    from isochrome.app.sarif import sarif

    with _progress(f"Reading {len(options.models)} models"):
        found = lint_many(options.models, options.before)
    if options.sarif:
        print(json.dumps(sarif(found), ensure_ascii=True, indent=1))
    else:
        _print(options, found, lint_text)
    for model in found.faults:
        print(f"isochrome: {model.fault}", file=sys.stderr)
    return found.exit_code


def _run_compare(options: Any) -> int:
    from isochrome.app.findings import compare_text
    from isochrome.app.lint import compare_models

    with _progress("Comparing"):
        found = compare_models(options.before, options.after)
    _print(options, found, compare_text)
    return int(found.differs)


def _only_layer(opened: Any) -> Any:
    if len(opened.model.layers) != 1:
        raise RequestError(f"LAYER: must be given; the model has {len(opened.model.layers)} layers")
    return opened.model.layers[0]


_COMMANDS = (
    Command(
        "open", _run_open, "the explorer, in the browser", MODEL, *COMMON,
        (("--layer",), {"metavar": "LAYER", "help": "where to begin"}),
        (("--port",), {"type": int, "default": 0, "help": "default: any free one"}),
        (("--no-browser",), {"action": "store_true", "help": "only print the address"}),
    ),
    Command(
        "page", _run_page, "the explorer as one offline file", MODEL, OUTPUT, *COMMON,
        (("--layer",), {"action": "append", "default": [], "metavar": "LAYER", "help": "put this layer in; repeats"}),
    ),
    Command(
        "lab", _run_lab, "why sharing helps: three wirings of one layer, trained on digits", JSON, SEED,
        (("-o", "--output"), {"metavar": "FILE", "help": "also a picture of the result"}),
    ),
    Command("report", _run_report, "the sharing table of the whole model", MODEL, JSON, SHAPE, TABLE),
    Command(
        "explain", _run_explain, "one neuron's arithmetic, checked against the framework", MODEL, LAYER, NEURON,
        JSON, ORDER, *COMMON,
    ),
    Command(
        "uses", _run_uses, "every use of one weight", MODEL, LAYER, WEIGHT,
        (("--limit",), {"type": int, "default": 1000, "help": "how many uses are listed; the count is always whole"}),
        JSON, ORDER, *COMMON,
    ),
    Command(
        "gradient", _run_gradient, "one weight's gradient, term by term, checked against the framework", MODEL, LAYER,
        WEIGHT, OF, JSON, ORDER, *COMMON,
    ),
    Command(
        "reach", _run_reach, "what a neuron sees, or with --forward what it influences", MODEL, LAYER, NEURON,
        (("--to",), {"metavar": "L2", "help": "a layer, an input or an output"}),
        (("--forward",), {"action": "store_true", "help": "what it influences"}), JSON, ORDER, SHAPE, TABLE,
    ),
    Command(
        "draw", _run_draw, "a picture; the ending of FILE chooses the format", (("view",), {"metavar": "VIEW"}), MODEL,
        (("layer",), {"nargs": "?", "metavar": "LAYER", "help": "not needed where the model has one"}), OUTPUT,
        (("--colour",), {"default": "weight", "help": "weight, tap, filter, channel or parameter"}),
        (("--neuron",), {"type": place_of, "action": "append", "default": [], "metavar": "I", "help": "at most two"}),
        (("--weight",), {"type": weight_of, "metavar": "I", "help": "a weight to point at"}),
        (("--filter",), {"type": int, "help": "whose weights are coloured"}),
        (("--channel",), {"type": int, "default": 0, "help": "whose weights are coloured"}),
        (("--style",), {"default": "screen", "help": "screen, paper, paper-wide, paper-grey, slide, page, ..."}),
        (("--width-mm",), {"type": float, "metavar": "MM", "help": "how wide on paper; default: the style's"}),
        (("--theme",), {"choices": ["light", "dark", "print"], "default": "", "help": "default: the style's"}),
        (("--scale",), {"type": float, "help": "pixels for each 1/96 inch; default: the style's, else 2"}),
        (("--play",), {"default": "", "metavar": "AXES", "help": "a frame for each neuron: positions, or p,q"}),
        (("--pace",), {"type": float, "default": 0.8, "metavar": "S", "help": "seconds for each frame; default: 0.8"}),
        (("--caption",), {"action": "store_true", "help": "print a caption, and put it into the file"}),
        (("--many",), {"action": "store_true", "help": "27 colours instead of nine"}), OF, JSON, ORDER, *COMMON,
    ),
    Command(
        "lint", _run_lint, "what is shared by mistake, and what is no longer shared",
        (("models",), {"nargs": "+", "metavar": "MODEL", "help": "files, safetensors among them, or names"}),
        (("--before",), {"metavar": "MODEL", "help": "the same model before a step: ties that the step lost"}), JSON,
        (("--sarif",), {"action": "store_true", "help": "print SARIF 2.1.0"}),
    ),
    Command(
        "compare", _run_compare, "what sharing one model has and the other has not",
        (("before",), {"metavar": "A", "help": "a model, or a safetensors file"}),
        (("after",), {"metavar": "B", "help": "another one, or the same one after a step"}), JSON,
    ),
    Command(
        "ask", _run_ask, "an answer with its check; without QUESTION the list", MODEL, *ASKED, JSON, *COMMON,
    ),
    Command("claim", _run_claim, "true or false, with proof or counterexample", MODEL, LAYER, CLAIM, JSON, *COMMON),
    Command(
        "formula", _run_formula, "the report of a typed line",
        (("formula",), {"metavar": "FORMULA", "help": "'y[p] += w[u] * x[p + u]'"}), JSON, SHAPE, TABLE,
    ),
)  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
