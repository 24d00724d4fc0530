"""Answers asked for at the same time: none waits for another, the same one is made once, and all are what they would be
one after another."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import product
from threading import Event
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest

from isochrome.app import answers as asked
from isochrome.app.answers import Answers, Question
from isochrome.app.api import open_model
from isochrome.app.once import Once
from isochrome.app.rooms import Rooms, open_room
from isochrome.draw.views import VIEWS
from isochrome.errors import IsochromeError, RequestError
from isochrome.model.kept import cached_property

PATIENCE = 60.0
"""No measure: a test that would hang fails after so many seconds."""


def opened_answers(name: str) -> Answers:
    opened = open_model(name)
    return Answers(opened, opened.run())


def with_row(monkeypatch: pytest.MonkeyPatch, name: str, answer: Callable[..., Any]) -> None:
    """The table of questions with one answer replaced."""
    row = replace(asked.QUESTIONS[name], answer=answer)
    monkeypatch.setattr(asked, "QUESTIONS", MappingProxyType({**asked.QUESTIONS, name: row}))
    assert isinstance(row, Question)


def test_a_slow_answer_holds_up_no_quick_one(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = opened_answers("example:stanford")
    begun, may_end = Event(), Event()

    def slow(*_: Any) -> str:
        begun.set()
        assert may_end.wait(PATIENCE)
        return "at last"

    with_row(monkeypatch, "claims", slow)
    with ThreadPoolExecutor(2) as pool:
        waiting = pool.submit(answers.encoded, "claims/0")
        assert begun.wait(PATIENCE)
        quick = [answers.encoded(path) for path in ("model", "layer/0", "draw/0/connections/weight", "questions/0")]
        assert all(quick) and not waiting.done()
        may_end.set()
        assert json.loads(waiting.result(PATIENCE)) == "at last"


def test_a_run_of_the_model_holds_up_only_what_needs_it() -> None:
    opened = open_model("example:lenet5")
    run, begun, may_end = opened.run(), Event(), Event()

    class Slow:
        def fetch(self, tensors: Any) -> dict[str, Any]:
            begun.set()
            assert may_end.wait(PATIENCE)
            return dict(run.values.runner.fetch(tensors))

    answers = Answers(opened, replace(run, values=replace(run.values, runner=Slow())))  # type: ignore[arg-type]
    with ThreadPoolExecutor(2) as pool:
        waiting = pool.submit(answers.encoded, "layer/0")
        assert begun.wait(PATIENCE)
        assert answers.encoded("model") and answers.encoded("uses/0", "w=0:0,0,0,0") and answers.encoded("claims/0")
        assert not waiting.done()
        may_end.set()
        assert json.loads(waiting.result(PATIENCE))["tensors"]["y"] is not None


def test_the_same_answer_is_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = opened_answers("example:stanford")
    begun, may_end, made = Event(), Event(), []

    def slow(*_: Any) -> int:
        made.append(1)
        begun.set()
        assert may_end.wait(PATIENCE)
        return len(made)

    with_row(monkeypatch, "layer", slow)
    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(answers.encoded, "layer/0")
        assert begun.wait(PATIENCE)
        others = [pool.submit(answers.encoded, "layer/0") for _ in range(3)]
        may_end.set()
        assert {one.result(PATIENCE) for one in (first, *others)} == {b"1"}
    assert answers.encoded("layer/0") == b"1"


def test_what_fails_fails_for_all_who_wait_and_is_tried_again() -> None:
    once, begun, may_end, tries = Once[int](), Event(), Event(), []

    def work() -> int:
        tries.append(1)
        if len(tries) > 1:
            return 7
        begun.set()
        assert may_end.wait(PATIENCE)
        raise RequestError("no")

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(once, "name", work)
        assert begun.wait(PATIENCE)
        assert once("another name", lambda: 1) == 1
        may_end.set()
        with pytest.raises(RequestError, match="no"):
            first.result(PATIENCE)
    assert once("name", work) == 7


def test_a_room_that_opens_holds_up_no_other() -> None:
    begun, may_end, opened = Event(), Event(), []

    def opener(text: str) -> Any:
        opened.append(text)
        if text == "example:lenet5":
            begun.set()
            assert may_end.wait(PATIENCE)
        return open_room(text)

    rooms = Rooms(opener)
    with ThreadPoolExecutor(3) as pool:
        waiting = [pool.submit(rooms.encoded, "example:lenet5", "model", "") for _ in range(2)]
        assert begun.wait(PATIENCE)
        assert json.loads(rooms.encoded("example:stanford", "model", ""))["name"] == "example:stanford"
        assert not any(one.done() for one in waiting)
        may_end.set()
        assert {json.loads(one.result(PATIENCE))["name"] for one in waiting} == {"example:lenet5"}
    assert sorted(opened) == ["example:lenet5", "example:stanford"]


def test_a_kept_property_of_one_object_holds_up_no_other_object() -> None:
    begun, may_end = Event(), Event()

    class Thing:
        def __init__(self, slow: bool) -> None:
            self.slow = slow

        @cached_property
        def value(self) -> list[int]:
            if self.slow:
                begun.set()
                assert may_end.wait(PATIENCE)
            return []

    one = Thing(slow=True)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(lambda: one.value)
        assert begun.wait(PATIENCE)
        assert Thing(slow=False).value == []
        may_end.set()
        assert waiting.result(PATIENCE) is one.value


def paths_of(name: str) -> list[tuple[str, str]]:
    """Everything that the page may ask of a model, around each layer's own first neurons."""
    answers = opened_answers(name)
    found = [("model", "")]
    for layer in json.loads(answers.encoded("model"))["report"]["layers"]:
        number = layer["index"]
        pins = {key: ",".join(map(str, place)) for key, place in answers.answer(f"layer/{number}")["first"].items()}
        query = "&".join(f"{key}={place}" for key, place in pins.items())
        x = ",".join("0" for _ in layer["letters"]["x"])
        found += [(f"{kind}/{number}", "") for kind in ("layer", "questions", "claims")]
        i = pins["i"]
        found += [(f"explain/{number}", f"i={i}"), (f"reach/{number}", f"i={i}"), (f"makers/{number}", f"x={x}")]
        levels = ("weight", "filter")
        found += [(f"draw/{number}/{view}/{level}", query) for view, level in product(VIEWS, levels)]
        asked_of = json.loads(answers.encoded(f"questions/{number}"))["questions"]
        found += [(f"ask/{number}/{one['id']}", "") for one in asked_of if not one["unfit"]]
    return found


def said(answers: Answers, path: str, query: str) -> bytes:
    try:
        return answers.encoded(path, query)
    except IsochromeError as fault:
        return str(fault).encode()


@pytest.mark.parametrize("name", ["example:stanford", "example:photos"])
def test_answers_side_by_side_are_those_one_after_another(name: str) -> None:
    paths = paths_of(name)
    alone, together = opened_answers(name), opened_answers(name)
    expected = [said(alone, *path) for path in paths]
    order = np.random.default_rng(0).permutation(len(paths))
    with ThreadPoolExecutor(8) as pool:
        waiting = {number: pool.submit(said, together, *paths[number]) for number in order}
        found = [waiting[number].result() for number in range(len(paths))]
    differing = [path for path, one, other in zip(paths, expected, found, strict=True) if one != other]
    assert differing == [] and len(paths) > 40
