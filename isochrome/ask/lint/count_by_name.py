"""Parameters counted by name, by object, by storage and by use: four numbers, each right, of four things."""

from __future__ import annotations

from collections.abc import Iterator

from isochrome.ask.lint.finding import Found, Rule
from isochrome.ask.lint.subject import Subject
from isochrome.model.held import distinct

__all__ = ["RULE"]


def _find(subject: Subject) -> Iterator[Found]:
    rows = [row for row in subject.held if row.role == "parameter"]
    by_name, by_object = sum(row.count for row in rows), sum({row.thing: row.count for row in rows}.values())
    by_storage = distinct(rows)[0]
    opaque = any(operation.opaque for operation in subject.model.operations)
    once, uses, repeated = (0, 0, []) if opaque else _by_use(subject)
    if by_name == by_storage and uses == once:
        return
    several = [cell for cell in subject.cells if len(cell.names) > 1 and cell.first.role == "parameter"]
    overlapping = [cell for part in subject.overlaps for cell in part]
    names = [name for cell in several or overlapping for name in cell.names] or repeated
    counts = [f"{by_name:,} parameters by name"]
    counts += [f"{by_object:,} by object"] if subject.is_live else []
    counts += [f"{by_storage:,} by storage"]
    counts += [f"{uses:,} by use"] if once else []
    size = f"{distinct(rows)[1]:,} bytes are stored"
    yield Found("note", tuple(names), f"{', '.join(counts)}; {size}", names[0] if names else "")


def _by_use(subject: Subject) -> tuple[int, int, list[str]]:
    """Scalars of the parameters that layers use: each once, and once for each use; names of those used again."""
    model = subject.model
    uses: dict[int, int] = {}
    for layer in model.layers:
        for number in dict.fromkeys(line.parameter for line in layer.lines if line.parameter is not None):
            uses[number] = uses.get(number, 0) + (1 if layer.calls is None else layer.calls)
    real = {number: times for number, times in uses.items() if subject.is_counted(model.parameters[number])}
    once = sum(model.parameters[number].count for number in real)
    by_use = sum(model.parameters[number].count * times for number, times in real.items())
    return once, by_use, [model.parameters[number].names[0] for number, times in real.items() if times > 1]


RULE = Rule(
    name="count-by-name",
    fires="parameters counted by name, by storage and by use are different numbers",
    why="Tools count one of the three and call it parameters: a size by name is too large, "
    "operations by storage are too few.",
    fix="Say which is meant: parameters by storage, operations by use, bytes by storage.",
    find=_find,
    failing="""
from torch import nn

subject = nn.Sequential(nn.Embedding(32, 8), nn.Linear(8, 32, bias=False))
subject[1].weight = subject[0].weight
""",
    passing="""
from torch import nn

subject = nn.Sequential(nn.Embedding(32, 8), nn.Linear(8, 32, bias=False))
""",
)
