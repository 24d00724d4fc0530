"""What a layer is called: the model's own path, from what the file says of it."""

from __future__ import annotations

import re
from collections.abc import Sequence

__all__ = ["layer_path"]

_MADE_UP = re.compile(r"(/.*|node_.*|[A-Za-z]+_\d+|)")
_ENDINGS = (".weight", ".kernel", ".weight_ih_l0", ".bias", ".gamma")
_QUOTED = re.compile(r"'([^']*)'")


def layer_path(node: str, scopes: str, stored: Sequence[str]) -> str:
    """The node's name; if an exporter made it up, the module's path that it noted, or that a parameter's name says.

    ``scopes`` is the list of scopes that PyTorch's exporter writes beside a node, the innermost the node itself.

    >>> layer_path("stem", "", ["a.weight"])
    'stem'
    >>> layer_path("node_conv2d", "['', 'layer1', 'layer1.0.conv1', 'conv2d']", ["x.weight"])
    'layer1.0.conv1'
    >>> layer_path("/layer1/layer1.0/conv1/Conv", "", ["onnx::Conv_44"])
    'layer1.0.conv1'
    >>> layer_path("", "", ["head.weight"])
    'head'
    >>> layer_path("", "", ["W"])
    ''
    """
    if node and not _MADE_UP.fullmatch(node):
        return node
    path = [scope for scope in _QUOTED.findall(scopes)[:-1] if scope]
    if path:
        return str(path[-1])
    if node.startswith("/") and node.count("/") > 1:
        return _slashed(node.split("/")[1:-1])
    for name in stored:
        for ending in _ENDINGS:
            if name.endswith(ending) and len(name) > len(ending):
                return name.removesuffix(ending)
    return node


def _slashed(parts: Sequence[str]) -> str:
    """Scopes that repeat the last part of the one around them: layer1, layer1.0, conv1 is layer1.0.conv1."""
    found: list[str] = []
    for part in parts:
        if found and part.startswith(f"{found[-1]}."):
            found.pop()
        found.append(part)
    return ".".join(found)
