"""A .pt2 archive of torch.export as a Program, and a way to read its stored numbers when a question needs them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isochrome.core.sizes import Shape
from isochrome.errors import FormulaError, ModelError, shown
from isochrome.load.aten import ProgramModel, program_model
from isochrome.load.child import PT2, read_record
from isochrome.load.pt2_calls import Exported
from isochrome.load.pt2_stored import Place, Stored, read_stored, stored_tensors
from isochrome.load.source import Source
from isochrome.model.held import Module
from isochrome.model.program import Program

__all__ = ["Archive", "open_archive", "open_pt2", "read_archive"]

SMALL = 2**20  # elements of a constant whose numbers are kept, as for a live module
ALL_SMALL = 2**25  # and of all of them
_GIVEN = ("user_output", "loss_output")
_WEIGHTS = ("float", "complex", "bfloat")  # element types of numbers that are weights, not sizes and indices


@dataclass(frozen=True, slots=True, eq=False)
class Archive:
    """A program and the file behind it."""

    program: Program
    source: Source
    _places: tuple[Place | None, ...]

    def read_held(self, number: int) -> NDArray[Any] | None:
        """The numbers behind one row of ``program.held``, None where the archive has none to read."""
        return read_stored(self.source, self.program.held[number], self._places[number])


def open_pt2(source: Source, sizes: Mapping[str, Shape] | None = None) -> ProgramModel:
    """The model in a .pt2 archive, at the sizes that it was exported with: no other ``sizes`` may be given.

    No weight is read, nothing in the file is run. Raises ModelError: the file, where in it, what must hold, what is.
    """
    if sizes:
        raise ModelError(f"{source.name}: a .pt2 archive has the shapes that it was exported with. Give none.")
    archive = open_archive(source)
    try:
        return program_model(archive.program, archive.read_held)
    except (ModelError, FormulaError) as fault:
        raise ModelError(f"{source.name}: {fault}") from None


def open_archive(source: Source) -> Archive:
    """The program in a .pt2 archive. No weight is read, nothing in the file is run, unpickled or evaluated.

    Raises ModelError: the file, where in it, what must hold, what was found.
    """
    return read_archive(read_record(source, parser=PT2), source)


def read_archive(record: Mapping[str, Any], source: Source) -> Archive:
    """The program that an archive's record describes; as ``open_archive``."""
    try:
        return _archive(record, source)
    except ModelError as fault:
        text = str(fault)
        raise ModelError(text if text.startswith(f"{source.name}: ") else f"{source.name}: {text}") from None
    except RecursionError:
        raise ModelError(f"{source.name}: views must not be of views of views without end; are.") from None


def _archive(record: Mapping[str, Any], source: Source) -> Archive:
    stored = stored_tensors(record)
    exported = Exported()
    numbers, constants = _inputs(exported, record, stored, source)
    inputs = tuple(name for name in exported.tape.facts if name not in numbers and name not in constants)
    for name in inputs:
        if name in exported.unknown:
            raise ModelError(f"input {shown(name)}: must have the sizes that it was exported with; has none.")
    exported.run(record["graph"])
    given = [tensor for role, tensor, _ in record["outputs"] if role in _GIVEN and tensor]
    outputs = tuple(exported.output(tensor) for tensor in given)
    facts = {name: facts for name, facts in exported.tape.facts.items() if name not in exported.unknown}
    program = Program(
        name=source.name,
        format="pt2",
        inputs=inputs,
        outputs=outputs,
        calls=tuple(exported.tape.calls),
        tensors=facts,
        held=stored.rows,
        stored=numbers,
        constants=constants,
        modules=_modules(exported, record),
        notes=_notes(exported, record, stored),
    )
    return Archive(program, source, stored.places)


def _inputs(
    exported: Exported, record: Mapping[str, Any], stored: Stored, source: Source
) -> tuple[dict[str, int], dict[str, NDArray[Any]]]:
    """Put the graph's inputs on the tape; the rows behind stored ones, and the numbers of small constants."""
    tensors, numbers, constants = record["graph"]["tensors"], dict[str, int](), dict[str, NDArray[Any]]()
    taken = {value[1] for value in record["graph"]["inputs"] if isinstance(value, list) and value[0] == "tensor"}
    if taken != {tensor for _, tensor, _ in record["inputs"] if tensor}:
        raise ModelError("the program: must have the inputs that its signature names; has others.")
    storages: dict[str, int] = {}
    first: dict[int, str] = {}
    budget = ALL_SMALL
    for role, tensor, name in record["inputs"]:
        if role == "user_input" and tensor:
            exported.add(tensor, tensor, tensors.get(tensor))
        if role == "user_input" or not tensor:
            continue
        number = stored.numbers.get(name)
        row, place = stored.lifted[name] if number is None else (stored.rows[number], stored.places[number])
        if row.thing in first:
            exported.again(tensor, first[row.thing])
            continue
        first[row.thing] = tensor
        storage = storages.setdefault(row.storage, len(storages)) if row.storage else None
        given = exported.add(tensor, "constant" if number is None else row.name, tensors.get(tensor), storage)
        if number is not None:
            numbers[given] = number
        small = row.count <= min(SMALL, budget) and (number is None or not row.dtype.startswith(_WEIGHTS))
        found = read_stored(source, row, place) if small else None
        if found is not None:
            budget -= row.count
            constants[given] = np.array(found)
    return numbers, constants


def _modules(exported: Exported, record: Mapping[str, Any]) -> tuple[Module, ...]:
    """The model itself and every module that made a call. An archive does not say which paths are one object."""
    state: dict[str, list[str]] = {}
    for role, _, target in record["outputs"]:
        if role == "buffer_mutation":
            state.setdefault(target.rpartition(".")[0], []).append(target)
    return tuple(
        Module((path,), kind.rpartition(".")[2], max(exported.repeats[path], 1), tuple(state.get(path, ())))
        for path, kind in exported.kinds.items()
    )


def _notes(exported: Exported, record: Mapping[str, Any], stored: Stored) -> tuple[str, ...]:
    notes = [*exported.notes, *exported.tape.notes]
    pickled = [row.name for row in stored.rows if row.unproven == "pickled"]
    if pickled:
        notes.append(
            f"{len(pickled)} stored tensors ({_some(pickled)}) are pickled, and a pickle is never opened: their "
            "numbers, and which of them are one, are not known; PyTorch 2.9 or newer saves them as they are"
        )
    if exported.unknown:
        notes.append(f"sizes that only a run gives: {_some(sorted(exported.unknown))}")
    return tuple(dict.fromkeys(notes))


def _some(names: Sequence[str]) -> str:
    return ", ".join(shown(name, 40) for name in names[:3]) + (", ..." if len(names) > 3 else "")
