"""Who made a call, from the metadata of an exported program: the module's path and the line of the user's program.

Runs in the parser's process. Both are text from the file: shown, never opened, never evaluated.
"""

from __future__ import annotations

TYPE_CHECKING = False  # typing.TYPE_CHECKING, without the cost of importing typing
if TYPE_CHECKING:
    from typing import Any

__all__ = ["module_of", "place_of"]

MAXIMUM_STACK = 2**16  # characters of a stack of modules, and of a trace
_LIBRARY = ("/torch/", "\\torch\\", '"torch/')  # frames of PyTorch's own are not the user's program


def module_of(stack: Any) -> tuple[str, str, int]:
    """Path and class of the innermost module, and which of its calls this is, from 1.

    Modules are parted by ``;``, each has a key, a path and a class parted by ``,``; a repeated call's key ends in
    ``@1``. A path may itself hold either mark.

    >>> module_of("L__self__,,Net;L__self__layers.0@2,layers.0,torch.nn.modules.linear.Linear")
    ('layers.0', 'torch.nn.modules.linear.Linear', 3)
    >>> module_of("L__self__,,Net;L__self__d.a;b,d.a;b,Linear"), module_of("L__self__,,Net;L__self__d.x,y,d.x,y,Linear")
    (('d.a;b', 'Linear', 1), ('d.x,y', 'Linear', 1))
    >>> module_of(None)
    ('', '', 1)
    """
    if type(stack) is not str or stack.count(",") < 2 or len(stack) > MAXIMUM_STACK:
        return "", "", 1
    front, kind = stack.rsplit(",", 1)
    pieces = front.rsplit(";", 1)[-1].split(",")
    cut = 1 if pieces[0].partition("@")[0].isdigit() else len(pieces) // 2  # a number is the module object itself
    key, path = ",".join(pieces[:cut]), ",".join(pieces[cut:])
    if len(pieces) == 1:
        key, path = front.rsplit(",", 1)
    number = key.rpartition("@")[2] if "@" in key and key != f"L__self__{path}" else ""
    repeat = int(number) + 1 if number.isascii() and number.isdigit() and len(number) < 9 else 1
    return ("", "", 1) if path.startswith("_empty_nn_module_stack") else (path, kind, repeat)


def place_of(trace: Any) -> str:
    """The innermost line of a Python trace that is not PyTorch's own, as ``file:line``; '' where none is.

    >>> place_of('File "/my/net.py", line 12, in forward\\n  File "/lib/torch/conv.py", line 5, in forward')
    'net.py:12'
    """
    if type(trace) is not str:
        return ""
    lines = [line.strip() for line in trace[-MAXIMUM_STACK:].splitlines()]
    frames = [line for line in lines if line.startswith('File "')]
    own = [line for line in frames if not any(part in line for part in _LIBRARY)]
    return _frame(own[-1]) if own else ""


def _frame(line: str) -> str:
    file, _, rest = line.removeprefix('File "').rpartition('", line ')
    number = rest.partition(",")[0]
    name = file.replace("\\", "/").rsplit("/", 1)[-1]
    return f"{name}:{number}" if name and number.isascii() and number.isdigit() else ""
