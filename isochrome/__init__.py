"""isochrome: which stored weight acts on which connection, proved against the framework, and drawn.

>>> import isochrome as iso
>>> iso.open("example:stanford")["conv"].weights
54
"""

from __future__ import annotations

from os import PathLike
from typing import TYPE_CHECKING, Any

from isochrome.errors import FormulaError, IsochromeError, ModelError, RequestError

if TYPE_CHECKING:
    from isochrome.app.api import ClaimAnswer, OpenedLayer, OpenedModel, Run
    from isochrome.ask.lint.compare import Comparison
    from isochrome.ask.lint.report import Lint

__all__ = ["FormulaError", "IsochromeError", "ModelError", "OpenedLayer", "OpenedModel", "RequestError", "Run",
           "claim", "compare", "formula", "lint", "open"]  # fmt: skip
__version__ = "0.1.0"


def open(model: Any, /, *inputs: Any, **keywords: Any) -> OpenedModel:
    """The model behind a path, ``example:NAME``, ``formula:LINE`` or ``package.module:function``, or a live module.

    A PyTorch module is recorded on example inputs: it takes ``inputs`` and ``keywords`` as its own call does, and is
    left as it was. For anything else the keywords give shapes that the model leaves open.

    >>> open("example:lenet5").report().totals.counts.connections
    332824
    """
    from isochrome.app.api import open_live, open_model

    if isinstance(model, str | PathLike):
        if inputs:
            raise RequestError("open: a file takes no example inputs; keywords give shapes that it leaves open")
        return open_model(model, keywords)
    return open_live(model, inputs, keywords)


def formula(text: str, tables: dict[str, Any] | None = None, **shapes: tuple[int, ...]) -> OpenedLayer:
    """The layer of a typed line; keywords give the shapes of its tensors.

    >>> formula("y[n,m,p] += w[m,c,u] * x[n,c,2*p+u-1]", x=(1, 3, 9), w=(2, 3, 3)).connections
    90
    """
    from isochrome.app.api import open_model

    return open_model(f"formula:{text}", shapes, tables)[0]


def claim(layer: OpenedLayer, text: str) -> ClaimAnswer:
    """Whether a claim about a layer is true, with the proof or a counterexample.

    >>> claim(open("example:stanford")["conv"], "blocks i and j share weights").verdict
    True
    """
    return layer.claim(text)


def lint(model: Any, *, before: Any = None, optimizer: Any = None) -> Lint:
    """What lint finds in a module as it stands, an opened model or a file; nothing is run.

    ``before`` is the same model before a step, ``optimizer`` the optimiser that trains a module.

    >>> [finding.rule for finding in lint("example:lenet5").findings]
    []
    """
    from isochrome.app.lint import lint_model

    return lint_model(model, before, optimizer)


def compare(before: Any, after: Any) -> Comparison:
    """What sharing was lost, gained or changed between two models, each a module, an opened model or a file.

    >>> compare("example:lenet5", "example:lenet5").differs
    False
    """
    from isochrome.app.lint import compare_models

    return compare_models(before, after)


def __getattr__(name: str) -> Any:
    if name in ("OpenedLayer", "OpenedModel", "Run"):
        from isochrome.app import api

        return getattr(api, name)
    raise AttributeError(f"module 'isochrome' has no attribute {name!r}")
