"""Archives that torch.export.save writes, and the layouts of older versions made from them."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from isochrome.load.pt2 import Archive, open_archive
from isochrome.load.source import open_source

JSON = Callable[[Any], None]


def exported(module: nn.Module, *inputs: torch.Tensor, functional: bool = False, **options: Any) -> Any:
    """The exported program of a module; ``functional``: without writes in place."""
    program = torch.export.export(module.eval(), inputs, **options)
    return program.run_decompositions({}) if functional else program


def saved(path: Path, module: nn.Module, *inputs: torch.Tensor, **options: Any) -> Path:
    """The archive of a module, exported on some inputs."""
    torch.export.save(exported(module, *inputs, **options), str(path))
    return path


def opened(path: Path) -> Archive:
    return open_archive(open_source(path))


def content(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {one.filename: archive.read(one) for one in archive.infolist()}


def written(path: Path, content: Mapping[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in content.items():
            archive.writestr(zipfile.ZipInfo(name), data)
    return path


def with_json(path: Path, name: str, change: JSON, to: Path) -> Path:
    """The archive with one of its JSON members changed."""
    members = content(path)
    key = next(one for one in members if one.endswith(name))
    document = json.loads(members[key])
    change(document)
    return written(to, {**members, key: json.dumps(document).encode()})


def as_torch_2_8(path: Path, to: Path) -> Path:
    """The layout of PyTorch 2.8: weights and constants as pickles at the places of their folders."""
    members = content(path)
    kept = {
        name: data for name, data in members.items() if "/data/weights/" not in name and "/data/constants/" not in name
    }
    root = next(iter(members)).split("/")[0]
    return written(
        to, {**kept, f"{root}/data/weights/model.pt": pickled(), f"{root}/data/constants/model.pt": pickled()}
    )


def as_torch_2_6(path: Path, to: Path) -> Path:
    """The layout of PyTorch 2.6: a plain zip of a program beside pickles."""
    members = content(path)
    program = next(data for name, data in members.items() if name.endswith("models/model.json"))
    document = json.loads(program)
    document["schema_version"] = {"major": 8, "minor": 2}
    for node in document["graph_module"]["graph"]["nodes"]:
        del node["name"], node["is_hop_single_tensor_return"]
    names = ("state_dict", "constants", "example_inputs")
    return written(to, {
        "serialized_exported_program.json": json.dumps(document).encode(),
        **{f"serialized_{name}.pt": pickled() for name in names},
        "version": b"8.2",
    })  # fmt: skip


def pickled() -> bytes:
    """A pickle that must never be opened: to open it raises."""
    file = io.BytesIO()
    torch.save(Trap(), file)
    return file.getvalue()


class Trap:
    def __reduce__(self) -> Any:
        return (exec, ("raise SystemExit('a pickle was opened')",))
