"""What a user sees in Python and in a terminal: answers print themselves, and say `=` only where it is so."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

import isochrome as iso
from isochrome.app.text import Ink, report_text


class Tied(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embedding, self.head = nn.Embedding(100, 16), nn.Linear(16, 100, bias=False)
        self.head.weight = self.embedding.weight

    def forward(self, ids: torch.Tensor) -> Any:
        return self.head(self.embedding(ids))


def tied() -> iso.OpenedModel:
    return iso.open(Tied(), torch.arange(7)[None])


def row(text: str, name: str) -> list[str]:
    return next(line for line in text.splitlines() if line.split()[:1] == [name]).split()


def test_answers_print_as_on_the_command_line() -> None:
    model = tied()
    report = model.report()
    assert str(report) == repr(report) == report_text(report, Ink()).rstrip("\n")
    assert pickle.loads(pickle.dumps(report)) == report
    assert str(model["head"].report).startswith("head  linear, 7×16 to 7×100\n")
    assert str(model["head"].reach((1, 2))).startswith("head  y[1,2]  reaches 1 place of ids: exact")
    run = model.run()
    assert "the model says" in str(run.explain("head", (1, 2)))
    assert "autograd says" in str(run.gradient("head", (1, 2)))
    assert "count-by-name  note, benign" in str(model.lint())
    assert "  the sharing is the same\n" in str(iso.compare(model, model))
    assert report._repr_html_().startswith("<pre style=\"line-height:1.35;white-space:pre;overflow-x:auto\">Tied  2 layers")  # type: ignore[attr-defined]


def test_bytes_of_a_tie_are_stored_once() -> None:
    text = str(tied().report())
    assert row(text, "head")[5] == "=" and row(text, "head")[7:] == ["as", "embedding"]
    assert "parameters   1,600 by storage, 3,200 by name" in text
    assert "bytes        6,400 by storage, 12,800 by name" in text


def test_a_lookup_reads_no_padding() -> None:
    model = tied()
    lines = str(model["embedding"].uses((2, 1), values=model.run().values)).splitlines()
    assert lines[2:4] == ["  embedding  y[2,1]", "  head       y[0,2]  from x[0,1]"]


def test_other_rows_of_one_parameter_are_no_tie() -> None:
    attention = nn.MultiheadAttention(8, 2, batch_first=True)
    memory = torch.ones(2, 4, 8)
    rows = iso.open(attention, torch.ones(2, 5, 8), memory, memory).report()
    text = str(rows)
    assert [layer.counts.weights for layer in rows.layers] == [64, 128, 64]
    assert [layer.tied_with for layer in rows.layers] == [(), (), ()] and "=" not in text


def test_slices_that_overlap_share_some() -> None:
    class Overlapping(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            flat = torch.arange(24.0)
            self.a, self.b = nn.Parameter(flat[:16].view(4, 4)), nn.Parameter(flat[8:].view(4, 4))

        def forward(self, x: torch.Tensor) -> Any:
            return functional.linear(functional.linear(x, self.a), self.b)

    text = str(iso.open(Overlapping(), torch.ones(3, 4)).report())
    assert row(text, "b")[5:] == ["16", "1", "shares", "some", "with", "a"]
    assert "weights      24 stored, 32 if counted by use" in text


def test_a_computed_weight_names_what_it_was_made_of() -> None:
    module = torch.nn.utils.parametrizations.weight_norm(nn.Linear(5, 6))
    model = iso.open(module, torch.ones(2, 5))
    made = "computed from parametrizations.weight.original1, parametrizations.weight.original0"
    assert made in str(model.report()) and made in str(model[0].uses((0, 1)))
    assert model.report().to_dict()["layers"][0]["computed_from"] == made.removeprefix("computed from ").split(", ")


def test_names_are_cut_where_they_stay_apart() -> None:
    module = nn.Transformer(8, 2, 1, 1, 16, batch_first=True)
    text = str(iso.open(module, torch.ones(1, 5, 8), torch.ones(1, 4, 8)).report())
    names = [line.split()[0] for line in text.splitlines()[4:22]]
    assert len(set(names)) == 18 and max(map(len, text.splitlines())) <= 96


def test_a_long_note_is_set_in_lines() -> None:
    class Branch(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b = nn.Linear(4, 4), nn.Linear(4, 4)

        def forward(self, x: torch.Tensor) -> Any:
            return self.a(x) if x.sum() > 0 else self.b(x)

    text = str(iso.open(Branch(), torch.ones(2, 4)).report())
    assert "note         it ran for real on these inputs" in text and max(map(len, text.splitlines())) <= 96


def test_layers_that_are_not_known_are_said_to_be_left_out() -> None:
    class Odd(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a = nn.Linear(4, 4)

        def forward(self, x: torch.Tensor) -> Any:
            return torch.linalg.inv(self.a(x))

    assert "opaque       1 layer, in no count of weights and connections" in str(iso.open(Odd(), torch.eye(4)).report())


def test_a_step_of_an_lstm_tells_its_parameters_apart() -> None:
    torch.manual_seed(0)
    model = iso.open(nn.LSTM(3, 2, batch_first=True), torch.ones(1, 4, 3))
    text = str(model.run().explain(0, (1, 0)))
    firsts = [line.split("[")[0] for line in text.splitlines() if line.startswith(("weight_", "bias ")) and " y[" not in line]
    assert firsts == ["weight_ih_l0"] * 3 + ["weight_hh_l0"] * 2 + ["bias bias_ih_l0", "bias bias_hh_l0"]


def test_a_compiled_module_brings_no_warning_of_ours(recwarn: Any) -> None:
    compiled: Any = torch.compile(Tied())
    assert row(str(iso.open(compiled, torch.arange(7)[None]).report()), "_orig_mod.head")[5] == "="
    assert [str(one.message) for one in recwarn if "global hooks" in str(one.message)] == []


def test_a_stored_mask_of_attention_is_a_layer_of_its_own() -> None:
    class Biased(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.query, self.distances = nn.Linear(4, 4), nn.Parameter(torch.arange(25.0).view(5, 5))

        def forward(self, x: torch.Tensor) -> Any:
            q = self.query(x).unsqueeze(1)
            return functional.scaled_dot_product_attention(q, q, q, attn_mask=self.distances)

    model = iso.open(Biased(), torch.ones(2, 5, 4))
    assert (model["distances"].report.kind, model["distances"].report.counts.biases) == ("bias", 25)
    run = model.run()
    assert str(run.explain("distances", (0, 1, 2))).endswith(
        "1 product of 0 weights\nbias b[1,2] = 7\n"
        "this stays inside an operation: PyTorch does not give its numbers"
    )
    assert run.gradient("distances", (1, 2), of="outputs").framework is not None
    with pytest.raises(iso.RequestError, match="^gradient: this layer's sums stay inside an operation"):
        run.gradient("distances", (1, 2))


def test_a_write_through_a_view_of_one_sample_is_followed() -> None:
    class Pooled(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.head = nn.Conv2d(3, 4, 1), nn.Linear(4, 2)

        def forward(self, x: torch.Tensor) -> Any:
            return self.head(self.conv(x).mean((2, 3), keepdim=True).flatten(1).relu_())

    for samples in (1, 2):
        model = iso.open(Pooled(), torch.ones(samples, 3, 4, 4))
        assert [layer.layer.name for layer in model.layers] == ["conv", "head"]
        assert str(model["head"].reach((1,))).startswith("head  y[1]  reaches 48 places of x: exact")


def test_a_lookup_is_not_said_to_use_each_weight_once() -> None:
    with pytest.raises(iso.RequestError, match="how often each weight is used depends on data: the ids are data$"):
        tied()["embedding"].draw("unrolled")


def test_what_numpy_cuts_off_counts_as_a_whole_and_says_so() -> None:
    class Through(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a = nn.Linear(4, 4)

        def forward(self, x: torch.Tensor) -> Any:
            return self.a(torch.from_numpy(np.tanh(x.numpy())))

    report = iso.open(Through(), torch.ones(2, 4)).report()
    assert report.totals.counts.neurons == 8
    assert report.notes[-1].endswith("carries a batch through the whole model: counts are of the whole input")
    assert iso.open(nn.Linear(4, 4), torch.ones(2, 4)).report().notes == ()
