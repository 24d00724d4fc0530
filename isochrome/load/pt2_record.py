"""A .pt2 archive as a record: the graph, and where each tensor's bytes lie in the file, but never those bytes.

Runs in a child process (``child.py``). Two layouts: torch 2.6 and 2.7 wrote ``serialized_exported_program.json`` beside
pickles; later ones write ``archive_format``, ``models/NAME.json`` and ``data/weights``. Of a pickle nothing but its
presence is told: weights in one have a shape and no numbers.

Layouts: torch/export/pt2_archive of PyTorch 2.13 and torch.export.save of 2.6.
"""

from __future__ import annotations

import json
import mmap

from isochrome.load.archive import Member, members
from isochrome.load.pt2_graph import read_program
from isochrome.load.pt2_json import Object, read_meta
from isochrome.load.wire import WireError

TYPE_CHECKING = False  # typing.TYPE_CHECKING, without the cost of importing typing
if TYPE_CHECKING:
    from typing import Any

    Data = bytes | mmap.mmap
    Members = dict[str, Member]

__all__ = ["parse"]

MAXIMUM_JSON = 512 * 2**20
MAXIMUM_WORD = 64  # bytes of archive_format and its like
_OLD = "serialized_exported_program.json"
_OTHERS = (
    ("metadata.json", "a Keras file, which is not read. Export the model to ONNX."),
    ("[Content_Types].xml", "an office document. Name a model's file."),
    ("META-INF/MANIFEST.MF", "a Java archive. Name a model's file."),
    ("constants.pkl", "a TorchScript archive, which holds code and pickles. Save it with torch.export.save."),
    ("data.pkl", "a pickle of torch.save, which is never opened. Save the model with torch.export.save."),
)


def parse(data: Data) -> dict[str, Any]:
    """The record of a .pt2 archive: the program, its stored tensors and their places, as JSON knows values.

    Raises WireError and nothing else, however broken the file.

    >>> parse(b"PK" + bytes(40))
    Traceback (most recent call last):
        ...
    isochrome.load.wire.WireError: must end with a zip archive's directory; does not. Is the file whole?
    """
    found = members(data)
    for name in found:
        if name == _OLD or name.endswith(f"/{_OLD}"):
            return _old(data, found, name.removesuffix(_OLD))
    for name in found:
        if name in ("archive_format", f"{name.split('/')[0]}/archive_format"):
            return _new(data, found, name.removesuffix("archive_format"))
    raise WireError(f"must be a .pt2 archive; is {_other(found)}")


def _other(found: Members) -> str:
    for ending, what in _OTHERS:
        if any(name == ending or name.endswith(f"/{ending}") for name in found):
            return what
    arrays = found and all(name.endswith(".npy") for name in found)
    return "a file of arrays. Name a model's file." if arrays else "another zip archive. Name a model's file."


def _old(data: Data, found: Members, root: str) -> dict[str, Any]:
    program = read_program(_json(data, found[root + _OLD]))
    return {**program, "model": "model", "weights": None, "constants": None}


def _new(data: Data, found: Members, root: str) -> dict[str, Any]:
    _require(data, found, f"{root}archive_format", "pt2")
    _require(data, found, f"{root}archive_version", "0")
    _require(data, found, f"{root}byteorder", "little")
    start, end = f"{root}models/", ".json"
    models = [name for name in found if name.startswith(start) and name.endswith(end)]
    if not models:
        raise WireError("must hold an exported program; holds none. Save it with torch.export.save.")
    if len(models) > 1:
        names = ", ".join(name[len(start) : -len(end)] for name in models[:6])
        raise WireError("must hold one model; holds {} ({}). Save each in a file of its own.", len(models), names)
    model = models[0][len(start) : -len(end)]
    program = read_program(_json(data, found[models[0]]))
    weights = _config(data, found, f"{root}data/weights/", f"{model}_weights_config.json", f"{model}.pt")
    constants = _config(data, found, f"{root}data/constants/", f"{model}_constants_config.json", f"{model}.pt")
    return {**program, "model": model, "weights": weights, "constants": constants}


def _require(data: Data, found: Members, name: str, value: str) -> None:
    """What PyTorch writes beside the model; what is absent was added later."""
    if name not in found:
        return
    word = found[name].read(data, MAXIMUM_WORD).decode(errors="backslashreplace").strip()
    if word != value:
        raise WireError("member {}: must say {}; says {}. Is it made by a later PyTorch?", name, value, word)


def _config(data: Data, found: Members, folder: str, name: str, pickle: str) -> dict[str, Any] | None:
    """The stored tensors of one folder by their names; None where they are in a pickle."""
    if folder + name not in found:
        if folder + pickle in found:
            return None
        raise WireError("member {}: must be there; is not. Is the file whole?", folder + name)
    config = Object(_json(data, found[folder + name]), folder + name).objects("config")
    return {one.where: _payload(one, found, folder) for one in config}


def _payload(payload: Object, found: Members, folder: str) -> dict[str, Any]:
    """A stored tensor: file, place, and what a view needs to know. A pickled one has no place."""
    meta = payload.maybe("tensor_meta")
    facts: dict[str, Any] = {"parameter": payload.flag("is_param"), "file": "", "start": 0, "length": 0}
    facts["meta"] = None if meta is None else read_meta(meta, {})
    if payload.flag("use_pickle"):
        return {**facts, "file": None}
    path = payload.text("path_name")
    if folder + path not in found:
        raise WireError("stored tensor {}: member {} must be there; is not.", payload.where, folder + path)
    if facts["meta"] is None:
        raise WireError("stored tensor {}: must say its shape; says none.", payload.where)
    start, length = found[folder + path].span()
    return {**facts, "file": folder.split("/")[-2] + "/" + path, "start": start, "length": length}


def _json(data: Data, member: Member) -> dict[str, Any]:
    content = member.read(data, MAXIMUM_JSON)
    try:
        document = json.loads(content.decode(), object_pairs_hook=_once)
    except (ValueError, RecursionError) as fault:
        reason = "is nested too deep" if isinstance(fault, RecursionError) else "is not"
        if isinstance(fault, WireError):
            raise
        raise WireError("member {}: must be JSON; {}.", member.name, reason) from None
    if type(document) is not dict:
        raise WireError("member {}: must be a JSON object; is not.", member.name)
    return document


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose keys each stand once."""
    made = dict(pairs)
    if len(made) != len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise WireError("key {}: must stand once in a JSON object; stands twice.", name)
            seen.add(name)
    return made
