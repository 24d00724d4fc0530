"""What each command does: opens, asks, prints. No logic of its own; every answer is the one that Python gives."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from threading import Timer
from typing import Any

from isochrome.errors import RequestError, shown

__all__ = [
    "run_ask", "run_claim", "run_compare", "run_draw", "run_explain", "run_formula", "run_gradient", "run_lab",
    "run_lint", "run_open", "run_page", "run_reach", "run_report", "run_uses",
]  # fmt: skip


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


def _run(opened: Any, options: Any) -> Any:
    """The run that was asked for, with the numbers that were changed."""
    run = opened.run(options.input, seed=options.seed)
    return run.edited(options.edit) if options.edit else run


# --- commands -------------------------------------------------------------------------------------------------


def run_open(options: Any) -> int:
    """The explorer, in the browser."""
    from isochrome.app.server import serve

    opened = _opened(options)
    run = opened.run(options.input, seed=options.seed)
    layer = opened.model.layer(options.layer).number if options.layer else None
    return int(serve(opened, run, port=options.port, open_browser=not options.no_browser, layer=layer) or 0)


def run_page(options: Any) -> None:
    """The explorer as one offline file."""
    from isochrome.app.page import write_page

    opened = _opened(options)
    layers = [opened.model.layer(name).number for name in options.layer] or None
    with _progress(f"Writing {shown(options.output)}"):
        write_page(opened, opened.run(options.input, seed=options.seed), options.output, layers)


def run_report(options: Any) -> None:
    """The sharing table of the whole model."""
    from isochrome.app.text import report_text

    with _progress(f"Reading {shown(options.model)}"):
        report = _opened(options).report()
    _print(options, report, report_text)


def run_formula(options: Any) -> None:
    """The report of a typed line."""
    from isochrome.app.text import layer_text

    options.model = f"formula:{options.formula}"
    _print(options, _opened(options)[0].report, layer_text)


def run_lab(options: Any) -> None:
    """Why sharing helps: three wirings of one layer, trained on digits."""
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


def run_explain(options: Any) -> None:
    """One neuron's arithmetic, checked against the framework."""
    from isochrome.app.text import explain_text

    opened = _opened(options)
    with _progress("Running the model"):
        answer = _run(opened, options).explain(options.layer, _turned(options, options.neuron))
    _print(options, answer, explain_text)


def run_gradient(options: Any) -> None:
    """One weight's gradient, term by term, checked against the framework."""
    from isochrome.app.text_gradient import gradient_text

    name, place = options.weight
    opened = _opened(options)
    with _progress("Running the model"):
        run = _run(opened, options)
        answer = run.gradient(options.layer, _turned(options, place), name, options.of)
    _print(options, answer, gradient_text)


def run_uses(options: Any) -> None:
    """Every use of one weight."""
    from isochrome.app.text import uses_text

    name, place = options.weight
    opened = _opened(options)
    layer = opened[options.layer]
    users = opened.model.users(opened.line(options.layer, name).parameter)
    depends = any(line.depends for _, line in users)
    values = opened.run(options.input, seed=options.seed).values if depends else None
    _print(options, layer.uses(_turned(options, place), name, options.limit, values), uses_text)


def run_reach(options: Any) -> None:
    """What a neuron sees, or with --forward what it influences."""
    from isochrome.app.text import reach_text

    layer = _opened(options)[options.layer]
    neuron = _turned(options, options.neuron)
    _print(options, layer.reach(neuron, options.to or "", options.forward), reach_text)


def _select(options: Any) -> str:
    """What is to be lit, with an input's place in the tensor's own order."""
    from isochrome.app.arguments import place_of

    kind, found, place = options.select.partition(":")
    if kind != "x" or not found:
        return str(options.select)
    return f"x:{','.join(map(str, _turned(options, place_of(place))))}"


def run_draw(options: Any) -> None:
    """A picture; the ending of FILE chooses the format."""
    opened = _opened(options)
    layer = opened.model.layer(options.layer) if options.layer else _layer_for(options.view, opened)
    from isochrome.app.pictures import draw, play_of

    play = play_of(options.output, options.play)
    name, weight = options.weight or ("", None)
    with _progress(f"Drawing {shown(options.view)}"):
        neurons = [_turned(options, neuron) for neuron in options.neuron]
        place = None if weight is None else _turned(options, weight)
        drawn = draw(
            opened, layer, options.view, options.colour, neurons=neurons, weight=place,
            parameter=name, filter=options.filter, channel=options.channel, select=_select(options),
            theme=options.theme, scale=options.scale, run=_run(opened, options), many=options.many, of=options.of,
            fold=not options.unfold,
            window=options.window if options.layers is None else (options.layers,), channel_last=options.channel_last,
            style=options.style, width_mm=options.width_mm, play=play, pace=options.pace, caption=options.caption,
            command=options.command,
        )  # fmt: skip
        drawn.save(options.output)
    if options.json:
        sys.stdout.write(drawn.json())
    elif drawn.caption:
        print(drawn.caption)
    if drawn.note:
        print(f"isochrome: {drawn.note}", file=sys.stderr)


def run_ask(options: Any) -> None:
    """An answer with its check; without QUESTION the list."""
    from isochrome.app import asked_text, asking

    asked, question = asking.named(_opened(options), options.layer, options.question)
    with _progress("Asking"):
        found = asked.questions() if question is None else asked.ask(question, options.input, options.seed)
    text = partial(asked_text.answer_text, model=options.model, shapes=options.shape)
    _print(options, found, asked_text.listing_text if question is None else text)


def run_claim(options: Any) -> int:
    """True or false, with proof or counterexample."""
    from isochrome.app import asked_text

    with _progress("Checking"):
        found = _opened(options)[options.layer].claim(options.claim, options.input, options.seed)
    _print(options, found, asked_text.claim_text)
    return int(not found.verdict)


def run_lint(options: Any) -> int:
    """What is shared by mistake, and what is no longer shared."""
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


def run_compare(options: Any) -> int:
    """What sharing one model has and the other has not."""
    from isochrome.app.findings import compare_text
    from isochrome.app.lint import compare_models

    with _progress("Comparing"):
        found = compare_models(options.before, options.after)
    _print(options, found, compare_text)
    return int(found.differs)


def _layer_for(view: str, opened: Any) -> Any:
    """The layer that is meant where none is named: the only one, or for a view of the whole model the first."""
    from isochrome.ask.network import first_able
    from isochrome.draw.views import VIEWS

    if view in VIEWS and VIEWS[view].whole and opened.model.layers:
        return first_able(opened.model)
    if len(opened.model.layers) != 1:
        raise RequestError(f"LAYER: must be given; the model has {len(opened.model.layers)} layers")
    return opened.model.layers[0]
