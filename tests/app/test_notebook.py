"""In a notebook: models and answers show themselves, and the widget answers what its page asks."""

from __future__ import annotations

import json
from typing import Any

import pytest

import isochrome as iso
from isochrome.app.page import STATIC


def test_models_layers_and_answers_show_their_own_text() -> None:
    model = iso.open("example:stanford")
    assert "54" in model._repr_html_() and "<pre" in model._repr_html_()
    assert "shared along" in model["conv"]._repr_html_()
    for answer, said in (
        (model.run().explain("conv", (0, 0, 0)), "the model says 5; difference 0"),
        (model["conv"].uses((0, 0, 1, 2)), "9 uses, 6 on real input"),
        (model["conv"].reach((0, 0, 0)), "reaches 12 places"),
        (model["conv"].ask("How many parameters"), "54"),
        (model["conv"].claim("blocks i and j share weights"), "true"),
        (model.questions(), "How many parameters"),
    ):
        assert said in answer._repr_html_()
    assert model["conv"].draw("connections")._repr_svg_().startswith("<svg")


def test_names_from_a_model_are_text_in_a_notebook(tmp_path: Any) -> None:
    from tests.app.hostile import write_hostile

    shown = iso.open(str(write_hostile(tmp_path)))._repr_html_()
    assert "<script" not in shown and "&lt;/script&gt;" in shown


@pytest.fixture
def widget(monkeypatch: pytest.MonkeyPatch) -> Any:
    pytest.importorskip("anywidget")
    if not (STATIC / "page.js").is_file():
        pytest.skip("the page is not built")
    found = iso.open("example:stanford").explore()
    found.sent = []
    monkeypatch.setattr(type(found), "send", lambda self, content: self.sent.append(content))
    return found


def test_the_widget_answers_as_the_server_does(widget: Any) -> None:
    widget._asked(widget, {"id": 7, "path": "uses/0?w=0:0,0,1,2"}, [])
    widget._asked(widget, {"id": 8, "path": "draw/0/connections/weight?i=0,0,0"}, [])
    widget._asked(widget, {"id": 9, "path": "layer/99"}, [])
    widget._asked(widget, {"id": "x", "path": 3}, [])
    first, second, third = widget.sent
    assert first["id"] == 7 and first["answer"]["taps"] == 9
    assert second["answer"]["svg"].startswith("<svg")
    assert third == {"id": 9, "error": "layer 99: must be 0 to 0"}
    assert json.dumps(widget.sent)


def test_the_selection_is_read_and_set(widget: Any) -> None:
    widget.state = {"layer": 0, "view": "start", "i": [0, 0, 0]}
    assert widget.selection["i"] == [0, 0, 0]
    widget.selection = {"i": (0, 1, 1), "view": "kernel"}
    assert widget.state == {"layer": 0, "view": "kernel", "i": [0, 1, 1]}
    assert widget.trait_metadata("state", "sync") and widget.host == "notebook"
