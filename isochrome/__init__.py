"""isochrome: which stored weight acts on which connection, proved against the framework, and drawn.

>>> import isochrome as iso
>>> iso.open("example:stanford")["conv"].weights
54
"""

from __future__ import annotations

from sys import modules as _modules
from typing import TYPE_CHECKING, Any

from isochrome.errors import FormulaError, IsochromeError, ModelError, RequestError

if TYPE_CHECKING:
    from isochrome.app.api import OpenedLayer, OpenedModel, Run

__all__ = ["FormulaError", "IsochromeError", "ModelError", "OpenedLayer", "OpenedModel", "RequestError", "Run",
           "formula", "open"]  # fmt: skip
__version__ = "0.1.0"


def open(model: Any, **shapes: tuple[int, ...]) -> OpenedModel:
    """The model behind a path, ``example:NAME`` or ``formula:LINE``. Keywords give shapes that it leaves open.

    >>> open("example:lenet5").report().totals.counts.connections
    332824
    """
    from isochrome.app.api import open_model

    if "IPython" in _modules:
        from isochrome.app.notebook import show_in_notebooks

        show_in_notebooks()
    return open_model(model, shapes)


def formula(text: str, tables: dict[str, Any] | None = None, **shapes: tuple[int, ...]) -> OpenedLayer:
    """The layer of a typed line; keywords give the shapes of its tensors.

    >>> formula("y[n,m,p] += w[m,c,u] * x[n,c,2*p+u-1]", x=(1, 3, 9), w=(2, 3, 3)).connections
    90
    """
    from isochrome.app.api import open_model

    return open_model(f"formula:{text}", shapes, tables)[0]


def __getattr__(name: str) -> Any:
    if name in ("OpenedLayer", "OpenedModel", "Run"):
        from isochrome.app import api

        return getattr(api, name)
    raise AttributeError(f"module 'isochrome' has no attribute {name!r}")
