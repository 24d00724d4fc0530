"""The explorer inside a notebook, through anywidget."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from isochrome.app.answers import Answers, encode
from isochrome.app.page import explorer_files
from isochrome.errors import IsochromeError, RequestError

if TYPE_CHECKING:
    from isochrome.app.api import OpenedModel, Run

__all__ = ["explorer"]


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
