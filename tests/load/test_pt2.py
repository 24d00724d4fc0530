"""Archives of torch.export: the same calls, arguments, shapes and numbers that PyTorch's own program has."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from isochrome.errors import ModelError
from isochrome.load.pt2 import Archive
from isochrome.model.program import Call, Ref, Symbol
from isochrome.run.torch_replay import TorchRunner
from tests.load.exported import (
    Trap,
    as_torch_2_6,
    as_torch_2_8,
    content,
    exported,
    opened,
    pickled,
    saved,
    with_json,
    written,
)


class Convolutions(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, padding=1, stride=2)
        self.norm = nn.BatchNorm2d(4)
        self.act = nn.ReLU(inplace=True)
        self.head = nn.Linear(64, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.act(self.norm(self.conv(x))).flatten(1))


class Tied(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(11, 8)
        self.block = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
        self.head = nn.Linear(8, 11, bias=False)
        self.head.weight = self.embed.weight

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        x = self.embed(ids)
        for _ in range(3):
            x = self.block(x)
        return self.head(x)


class Recurrent(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(4, 6, num_layers=2, bidirectional=True)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        y, (h, _) = self.lstm(x)
        return y, h


class Views(nn.Module):
    """Stored tensors that lie over one another, in every order and type."""

    def __init__(self) -> None:
        super().__init__()
        flat = nn.Parameter(torch.randn(24))
        self.flat = flat
        self.part = nn.Parameter(flat.data[4:16].view(3, 4).t())
        self.row = nn.Parameter(flat.data[20:].expand(2, 4))
        self.far = nn.Parameter(torch.randn(40_000)[::10_000])
        self.brief = nn.Parameter(torch.randn(3, 2).to(torch.bfloat16))
        self.register_buffer("empty", torch.zeros(0, 3))
        self.register_buffer("mask", torch.tensor([True, False]))
        self.register_buffer("beside", torch.arange(6).view(2, 3), persistent=False)
        self.table = torch.arange(5.0)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = x @ self.part + self.row[0, :3] + self.far[:3] + self.brief.float().t()[0] + self.beside[1]
        return y * self.table[1] + self.flat.sum() + self.empty.sum() + self.mask.float().sum() + torch.tensor(2.0)


class InPlace(nn.Module):
    """Writes into tensors and through views of them."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.randn(4))
        self.register_buffer("count", torch.zeros(2))

    def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        a = torch.zeros(3, 4)
        row = a[1]
        whole = a.view(12)
        row.add_(self.scale)
        a[:, 2].mul_(3).add_(1)
        whole[::5] = x[0, 0]
        halves = a.split(2, 1)
        a[:, 2:].sub_(5).relu_()
        b = x.clone()
        c = b.t()
        b.mul_(2)
        torch.add(b, 1, out=b)
        self.count.add_(1)
        with torch.no_grad():
            d = b.sigmoid()
        return {"a": a, "row": row, "whole": whole, "halves": halves[1], "c": c, "d": d, "count": self.count * 2}


class Repeated(nn.Module):
    """One module at three paths and called twice at each, and names that hold the marks of the metadata."""

    def __init__(self) -> None:
        super().__init__()
        block = nn.Linear(4, 4)
        self.layers = nn.ModuleList([block] * 3)
        self.named = nn.ModuleDict({"a;b": nn.Linear(4, 4), "x,y": nn.Linear(4, 4), "p@1": nn.Linear(4, 4)})

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for layer in [*self.layers, *self.named.values()]:
            x = layer(layer(x))
        return x


torch.manual_seed(0)
CASES: dict[str, tuple[type[nn.Module], tuple[torch.Tensor, ...]]] = {
    "convolutions": (Convolutions, (torch.randn(2, 3, 8, 8),)),
    "tied": (Tied, (torch.randint(0, 11, (2, 5)),)),
    "recurrent": (Recurrent, (torch.randn(5, 2, 4),)),
    "views": (Views, (torch.randn(2, 4),)),
    "in place": (InPlace, (torch.randn(3, 4),)),
    "repeated": (Repeated, (torch.randn(2, 4),)),
}


class Case:
    """One module, its inputs, and its archive, with and without its decompositions run."""

    def __init__(self, name: str, functional: bool, folder: Path) -> None:
        torch.manual_seed(0)
        kind, self.inputs = CASES[name]
        self.module = kind().eval()
        self.path = folder / f"{name.replace(' ', '_')}.pt2"
        self.program = exported(self.module, *self.inputs, functional=functional)
        torch.export.save(self.program, str(self.path))
        self.archive: Archive = opened(self.path)


@pytest.fixture(scope="module", params=[(name, functional) for name in CASES for functional in (False, True)],
                ids=lambda one: f"{one[0]}{' functional' if one[1] else ''}")  # fmt: skip
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Case:
    return Case(*request.param, tmp_path_factory.mktemp("pt2"))


def test_the_program_computes_what_the_module_does(case: Case) -> None:
    program = case.archive.program
    given = dict(zip(program.inputs, case.inputs, strict=True))
    runner = TorchRunner(program, given, case.archive.read_held)
    found = runner.fetch(program.outputs)
    expected = torch.utils._pytree.tree_leaves(copy.deepcopy(case.module)(*case.inputs))
    assert len(expected) == len(program.outputs)
    for name, tensor in zip(program.outputs, expected, strict=True):
        np.testing.assert_allclose(found[name], tensor.detach().float().numpy(), rtol=1e-4, atol=1e-5)


def test_every_call_has_its_arguments_and_shapes(case: Case) -> None:
    """Those of PyTorch's own program, once what is written in place and what is made again is left out."""
    program = case.program
    modules = [program.graph_module, *program.graph_module.children()]
    nodes = [node for one in modules for node in one.graph.nodes if node.op == "call_function"]
    expected = sorted(described(node) for node in nodes if is_call(node))
    calls = case.archive.program.calls
    made = [call for call in calls if call.target != "isochrome.overwrite"]
    found = [call_described(case.archive, call) for call in made]
    assert set(expected) <= set(found)
    extra = sorted(set(found) - set(expected))
    assert extra == []
    assert len(found) == len(expected) or "in_place" in case.path.name


def is_call(node: torch.fx.Node) -> bool:
    return isinstance(node.target, torch._ops.OpOverload) and node.meta.get("val") is not None


def described(node: torch.fx.Node) -> str:
    """Target, what is no tensor among the arguments, and the shapes of all tensors."""
    names = (one.name for one in node.target._schema.arguments)  # type: ignore[union-attr]
    given = dict(zip(names, node.args, strict=False)) | dict(node.kwargs)
    outputs = node.meta["val"] if isinstance(node.meta["val"], tuple | list) else (node.meta["val"],)
    return f"{node.target} {[(key, plain(value)) for key, value in given.items()]} {[shape_of(one) for one in outputs]}"


def plain(value: Any) -> Any:
    if isinstance(value, torch.fx.Node):
        return shape_of(value.meta["val"])
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, torch.dtype | torch.layout | torch.memory_format):
        return str(value).removeprefix("torch.")
    return str(value) if isinstance(value, torch.device) else value


def shape_of(tensor: torch.Tensor) -> str:
    return f"{list(tensor.shape)} {str(tensor.dtype).removeprefix('torch.')}"


def call_described(archive: Archive, call: Call) -> str:
    facts = archive.program.tensors

    def shown(value: Any) -> Any:
        match value:
            case Ref(name):
                return f"{list(facts[name].shape)} {facts[name].dtype}"
            case Symbol(_, name):
                return name
            case tuple():
                return [shown(one) for one in value]
        return value

    outputs = [f"{list(facts[name].shape)} {facts[name].dtype}" for name in call.outputs]
    return f"{call.target} {[(key, shown(value)) for key, value in call.arguments]} {outputs}"


def test_stored_numbers_are_those_of_the_module(case: Case) -> None:
    held = case.archive.program.held
    known = dict(case.module.named_parameters(remove_duplicate=False))
    known |= dict(case.module.named_buffers(remove_duplicate=False))
    assert {row.name for row in held if row.role != "constant"} == set(known)
    for number, row in enumerate(held):
        tensor = known.get(row.name, getattr(case.module, row.name, None))
        assert (row.shape, row.dtype) == (tuple(tensor.shape), str(tensor.dtype).removeprefix("torch."))
        if row.unproven:
            assert row.unproven == "empty" and not tensor.numel()
            continue
        assert row.strides == tensor.stride()
        expected = tensor.detach()
        found = case.archive.read_held(number)
        assert found is not None
        np.testing.assert_array_equal(found, (expected.float() if row.dtype == "bfloat16" else expected).numpy())


def test_rows_stand_in_the_order_of_registration(case: Case) -> None:
    names = [name for name, _ in case.module.named_parameters(remove_duplicate=False)]
    assert [row.name for row in case.archive.program.held if row.role == "parameter"] == names


def same_bytes(module: nn.Module) -> set[frozenset[str]]:
    """Pairs of parameters that lie over common bytes, by PyTorch's own pointers."""
    spans = {}
    for name, tensor in module.named_parameters(remove_duplicate=False):
        reach = sum(step * (size - 1) for step, size in zip(tensor.stride(), tensor.shape, strict=True))
        spans[name] = (tensor.data_ptr(), tensor.data_ptr() + (reach + 1) * tensor.element_size())
    return {frozenset((a, b)) for a in spans for b in spans
            if a != b and spans[a][0] < spans[b][1] and spans[b][0] < spans[a][1]}  # fmt: skip


def test_storages_are_shared_where_bytes_are(case: Case) -> None:
    rows = [row for row in case.archive.program.held if row.role == "parameter"]
    found = {frozenset((a.name, b.name)) for a in rows for b in rows if a.name != b.name and a.storage == b.storage
             and a.span[0] < b.span[1] and b.span[0] < a.span[1]}  # fmt: skip
    assert found == same_bytes(case.module)


def test_calls_carry_the_modules_own_paths(tmp_path: Path) -> None:
    program = Case("repeated", False, tmp_path).archive.program
    paths = [(call.path, call.repeat) for call in program.calls]
    names = ["layers.0", "layers.1", "layers.2", "named.a;b", "named.x,y", "named.p@1"]
    assert paths == [(name, repeat) for name in names for repeat in (1, 2)]
    assert {call.place.split(":")[0] for call in program.calls} == {"test_pt2.py"}
    own, *others = [(row.paths, row.kind, row.calls) for row in program.modules]
    assert own[0] == ("",) and others == [((name,), "Linear", 2) for name in names]


def test_a_dynamic_size_is_the_one_it_was_exported_with(tmp_path: Path) -> None:
    batch = torch.export.Dim("batch", min=2, max=64)
    path = saved(tmp_path / "m.pt2", Convolutions(), torch.randn(7, 3, 8, 8), dynamic_shapes={"x": {0: batch}})
    program = opened(path).program
    assert program.tensors["x"].shape == (7, 3, 8, 8)
    assert program.tensors[program.outputs[0]].shape == (7, 5)
    assert not any(isinstance(value, str) for call in program.calls for _, value in call.arguments)


class Chosen(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Linear(4, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = torch.cond(x.sum() > 0, lambda v: self.a(v), lambda v: v * 2, (x,))
        return y + x[x[:, 0] > 0].sum()


def test_a_branch_is_one_call_and_sizes_that_a_run_gives_are_said(tmp_path: Path) -> None:
    program = opened(saved(tmp_path / "m.pt2", Chosen(), torch.ones(3, 4))).program
    call = next(call for call in program.calls if call.target == "higher_order.cond")
    names = {value.name for _, value in call.arguments if isinstance(value, Ref)}
    names |= {one.name for _, value in call.arguments if isinstance(value, tuple) for one in value}
    assert {"a.weight", "a.bias", "x"} <= names
    assert program.tensors[call.outputs[0]].shape == (3, 4)
    assert any(note.startswith("sizes that only a run gives: ") for note in program.notes)


@pytest.mark.parametrize("older", [as_torch_2_6, as_torch_2_8])
def test_what_is_pickled_has_shapes_and_no_numbers(tmp_path: Path, older: Any) -> None:
    path = saved(tmp_path / "m.pt2", Tied(), torch.randint(0, 11, (2, 5)))
    new, old = opened(path), opened(older(path, tmp_path / "old.pt2"))
    assert [call.target for call in old.program.calls] == [call.target for call in new.program.calls]
    assert [(row.name, row.shape) for row in old.program.held] == [(row.name, row.shape) for row in new.program.held]
    assert {(row.storage, row.unproven) for row in old.program.held} == {("", "pickled")}
    assert old.read_held(0) is None
    count = len(new.program.held)
    assert old.program.notes == (
        f"{count} stored tensors (embed.weight, block.self_attn.in_proj_weight, block.self_attn.in_proj_bias, ...) are "
        "pickled, and a pickle is never opened: their numbers, and which of them are one, are not known; PyTorch 2.9 or newer saves "
        "them as they are",
    )


def refused(path: Path) -> str:
    with pytest.raises(ModelError) as caught:
        opened(path)
    return str(caught.value).removeprefix(f"{path}: ")


def test_another_version_of_the_schema_is_named(tmp_path: Path) -> None:
    path = saved(tmp_path / "m.pt2", nn.Linear(2, 2), torch.ones(1, 2))
    later = with_json(path, "model.json", lambda one: one["schema_version"].update(major=9), tmp_path / "later.pt2")
    assert refused(later) == (
        f"must be written with version 8 of the schema; is of version 9.{torch._export.serde.schema.SCHEMA_VERSION[1]}, "
        f"by PyTorch {torch.__version__}. Save it by PyTorch 2.6 or newer."
    )


OTHERS: dict[str, tuple[dict[str, bytes], str]] = {
    "torch.save": ({"m/data.pkl": b"", "m/data/0": b""},
                   "a pickle of torch.save, which is never opened. Save the model with torch.export.save."),
    "TorchScript": ({"m/data.pkl": b"", "m/constants.pkl": b"", "m/code/a.py": b""},
                    "a TorchScript archive, which holds code and pickles. Save it with torch.export.save."),
    "Keras": ({"metadata.json": b"{}", "config.json": b"{}", "model.weights.h5": b""},
              "a Keras file, which is not read. Export the model to ONNX."),
    "docx": ({"[Content_Types].xml": b"", "word/document.xml": b""}, "an office document. Name a model's file."),
    "jar": ({"META-INF/MANIFEST.MF": b""}, "a Java archive. Name a model's file."),
    "npz": ({"a.npy": b"", "b.npy": b""}, "a file of arrays. Name a model's file."),
    "zip": ({"readme.txt": b""}, "another zip archive. Name a model's file."),
    "empty": ({}, "another zip archive. Name a model's file."),
}  # fmt: skip


@pytest.mark.parametrize("name", OTHERS)
def test_another_zip_file_is_named_and_told_what_to_do(tmp_path: Path, name: str) -> None:
    members, text = OTHERS[name]
    path = written(tmp_path / "m.pt2", {**members, **({"x": b""} if name == "empty" else {})})
    assert refused(path) == f"must be a .pt2 archive; is {text}"


def test_what_torch_saves_itself_is_never_opened(tmp_path: Path) -> None:
    torch.save(Trap(), tmp_path / "m.pt2")
    assert refused(tmp_path / "m.pt2").startswith("must be a .pt2 archive; is a pickle of torch.save")
    torch.jit.save(torch.jit.trace(nn.Linear(2, 2), torch.ones(1, 2)), tmp_path / "j.pt2")
    assert refused(tmp_path / "j.pt2").startswith("must be a .pt2 archive; is a TorchScript archive")


def small(tmp_path: Path) -> dict[str, bytes]:
    return content(saved(tmp_path / "m.pt2", nn.Linear(2, 2), torch.ones(1, 2)))


def test_pickles_beside_the_model_are_never_opened(tmp_path: Path) -> None:
    members = {**small(tmp_path), "m/data/sample_inputs/model.pt": pickled(), "m/extra/code.py": b"raise SystemExit"}
    assert len(opened(written(tmp_path / "trap.pt2", members)).program.calls) == 1


def test_a_pickled_weight_has_a_shape_and_no_numbers(tmp_path: Path) -> None:
    def pickle(document: Any) -> None:
        document["config"]["weight"]["use_pickle"] = True

    path = saved(tmp_path / "m.pt2", nn.Linear(2, 2), torch.ones(1, 2))
    archive = opened(with_json(path, "weights_config.json", pickle, tmp_path / "p.pt2"))
    assert [(row.name, row.shape, row.unproven) for row in archive.program.held] == [
        ("weight", (2, 2), "pickled"), ("bias", (2,), ""),
    ]  # fmt: skip
    assert archive.read_held(0) is None


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"archive_format": b"pt3"}, "member m/archive_format: must say pt2; says pt3. Is it made by a later PyTorch?"),
        ({"archive_version": b"1"}, "member m/archive_version: must say 0; says 1. Is it made by a later PyTorch?"),
        ({"byteorder": b"big"}, "member m/byteorder: must say little; says big. Is it made by a later PyTorch?"),
        ({"models/model.json": None}, "must hold an exported program; holds none. Save it with torch.export.save."),
        ({"models/other.json": b"{}"},
         "must hold one model; holds 2 (model, other). Save each in a file of its own."),
        ({"data/weights/weight_1": None}, "stored tensor bias: member m/data/weights/weight_1 must be there; is not."),
        ({"data/weights/weight_1": b"1234"}, "stored tensor bias: must lie in 4 bytes; ends at byte 8."),
        ({"data/weights/model_weights_config.json": None},
         "member m/data/weights/model_weights_config.json: must be there; is not. Is the file whole?"),
        ({"data/weights/model_weights_config.json": b'{"config": {}}'},
         "stored tensor weight: must be in the archive; is not. Is the file whole?"),
    ],
)  # fmt: skip
def test_an_archive_that_lacks_something_is_one_line(
    tmp_path: Path, change: dict[str, bytes | None], text: str
) -> None:
    members = small(tmp_path)
    kept = {name: data for name, data in members.items() if name[2:] not in change}
    new = {f"m/{name}": data for name, data in change.items() if data is not None}
    assert refused(written(tmp_path / "bad.pt2", {**kept, **new})) == text


def graph_of(document: Any) -> Any:
    return document["graph_module"]["graph"]


GRAPHS: dict[str, tuple[Any, str]] = {
    "order": (lambda one: graph_of(one)["nodes"].reverse(),
              "node relu: must read tensors that are made before; reads linear."),
    "twice": (lambda one: graph_of(one)["nodes"].append(graph_of(one)["nodes"][0]),
              "node linear: a name must be given once; linear is given twice."),
    "itself": (lambda one: graph_of(one)["nodes"][0]["inputs"][0]["arg"]["as_tensor"].update(name="linear"),
               "node linear: must read tensors that are made before; reads linear."),
    "type": (lambda one: graph_of(one).update(nodes={}), "the program: nodes must be a list; is an object."),
    "missing": (lambda one: one["graph_module"].pop("signature"), "the program: signature must be an object; is nothing."),
    "unknown": (lambda one: graph_of(one)["nodes"][0]["inputs"][0].update(arg={"as_new": 1}),
                "node linear: input: must be a value that schema 8 knows; is as_new."),
    "dtype": (lambda one: graph_of(one)["tensor_values"]["linear"].update(dtype=99),
              "linear: must have an element type and a layout that PyTorch 2.13 knows; has the numbers 99 and 7."),
    "large": (lambda one: graph_of(one)["tensor_values"]["linear"].update(sizes=[{"as_int": 2**63}, {"as_int": 2}]),
              "linear: must be a whole number of 64 bits; is a larger one."),
    "negative": (lambda one: graph_of(one)["tensor_values"]["linear"].update(sizes=[{"as_int": -1}, {"as_int": 2}]),
                 "linear: a size must be a whole number from 0; is -1."),
    "shape": (lambda one: graph_of(one)["tensor_values"]["p_0_weight"].update(sizes=[{"as_int": 1}, {"as_int": 4}]),
              "stored tensor 0.weight: must be float32 of shape [1, 4], as the graph says; is float32 of shape [2, 2]."),
    "hostile": (lambda one: graph_of(one)["nodes"][1]["inputs"][0]["arg"]["as_tensor"].update(name="a\nb\u202e" + "x" * 99),
                "node relu: must read tensors that are made before; reads a<U+000A>b<U+202E>" + "x" * 35 + "…" + "x" * 39
                + "."),
}  # fmt: skip


@pytest.mark.parametrize("name", GRAPHS)
def test_a_graph_that_does_not_hold_together_is_one_line(tmp_path: Path, name: str) -> None:
    change, text = GRAPHS[name]
    path = saved(tmp_path / "m.pt2", nn.Sequential(nn.Linear(2, 2), nn.ReLU()), torch.ones(1, 2))
    assert refused(with_json(path, "model.json", change, tmp_path / "bad.pt2")) == text


def test_an_expression_is_never_looked_at(tmp_path: Path) -> None:
    """Sizes are program text in the file: here text that would end the program, with the hint beside it."""

    def change(document: Any) -> None:
        text = "__import__('os')._exit(3)"
        value = {"as_expr": {"expr_str": text, "hint": {"as_int": 1}}}
        for meta in graph_of(document)["tensor_values"].values():
            meta["sizes"] = [value if one == {"as_int": 1} else one for one in meta["sizes"]]

    path = saved(tmp_path / "m.pt2", nn.Linear(2, 2), torch.ones(1, 2))
    program = opened(with_json(path, "model.json", change, tmp_path / "e.pt2")).program
    assert program.tensors[program.outputs[0]].shape == (1, 2)
