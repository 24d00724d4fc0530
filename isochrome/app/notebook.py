"""The explorer inside a notebook, through anywidget; and how models, layers and answers show themselves there."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from functools import cache
from html import escape
from typing import TYPE_CHECKING, Any

from isochrome.app.answers import Answers, encode
from isochrome.app.page import explorer_files
from isochrome.app.text import Ink, explain_text, layer_text, reach_text, report_text, uses_text
from isochrome.ask.explain import Explanation
from isochrome.ask.reach import Reach
from isochrome.ask.report import LayerReport, Report
from isochrome.ask.uses import WeightUses
from isochrome.errors import IsochromeError, RequestError

if TYPE_CHECKING:
    from isochrome.app.api import OpenedModel, Run

__all__ = ["explorer", "html_of", "show_in_notebooks"]

_TEXTS: Mapping[type, Callable[[Any, Ink], str]] = {
    Report: report_text,
    LayerReport: layer_text,
    Explanation: explain_text,
    WeightUses: uses_text,
    Reach: reach_text,
}
"""What each answer is as text: a notebook shows the same."""


def html_of(answer: Any) -> str:
    """An answer as HTML: its text, in a fixed-width font.

    >>> from isochrome.app.api import open_model
    >>> html_of(open_model("example:stanford").report()).startswith("<pre")
    True
    """
    return f'<pre style="line-height:1.35">{escape(_TEXTS[type(answer)](answer, Ink()))}</pre>'


def show_in_notebooks() -> None:
    """Let answers show themselves, where a notebook is running."""
    interactive = sys.modules.get("IPython")
    shell = interactive.get_ipython() if interactive is not None else None
    if shell is None:
        return
    formatter = shell.display_formatter.formatters["text/html"]
    for kind in _TEXTS:
        formatter.for_type(kind, html_of)


def explorer(opened: OpenedModel, run: Run) -> Any:
    """The explorer as a widget. ``selection`` is what it shows: read it, or set it.

    Raises RequestError where the extra ``notebook`` is not installed.
    """
    return _widget_class()(Answers(opened, run))


@cache
def _widget_class() -> Any:
    try:
        import anywidget
        import traitlets
    except ImportError:
        raise RequestError(
            "explore: must have anywidget, which is not installed. Run `pip install isochrome[notebook]`."
        ) from None
    code, style = explorer_files()

    class Explorer(anywidget.AnyWidget):
        """The page in a cell: it asks through the kernel's own messages, and nothing else is opened."""

        _esm = code
        _css = style
        host = traitlets.Unicode("notebook").tag(sync=True)
        state = traitlets.Dict().tag(sync=True)

        def __init__(self, answers: Answers) -> None:
            super().__init__()
            self._answers = answers
            self.on_msg(self._asked)

        @property
        def selection(self) -> dict[str, Any]:
            """Layer, view, level, neurons i and j, weight w: as the page's address has them."""
            return dict(self.state)

        @selection.setter
        def selection(self, state: Mapping[str, Any]) -> None:
            self.state = json.loads(json.dumps({**self.state, **state}))

        def _asked(self, widget: Any, content: Any, buffers: Any) -> None:
            number = content.get("id") if isinstance(content, dict) else None
            if not isinstance(number, int) or not isinstance(content.get("path"), str):
                return
            path, _, query = content["path"].partition("?")
            try:
                answer = {"answer": json.loads(encode(self._answers.answer(path, query)))}
            except IsochromeError as fault:
                answer = {"error": str(fault)}
            self.send({"id": number, **answer})

    return Explorer
