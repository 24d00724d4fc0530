"""Which stored scalar acts where: names, views, ties and computed weights, on the cases that other tools get wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from isochrome.ask.report import report
from isochrome.load.aten import ProgramModel, program_model
from isochrome.load.torch_module import recorded
from isochrome.model.parts import Parameter
from tests.torch.cases import Function
from tests.torch.checks import Found, check, gradients_are_sums_of_terms


def opened(module: nn.Module, *inputs: Any) -> ProgramModel:
    made = recorded(module.eval(), inputs)
    return program_model(made.program, lambda number: made.tensors[number].detach().numpy())


def formulas(found: ProgramModel) -> dict[str, list[str]]:
    return {layer.name: [line.pattern.text for line in layer.lines] for layer in found.model.layers}


def parameter(found: ProgramModel, layer: str) -> Parameter:
    return found.model.parameters[found.model.layer(layer).weight_lines[0].parameter or 0]


class Language(nn.Module):
    def __init__(self, tie: Callable[[torch.Tensor], torch.Tensor]) -> None:
        super().__init__()
        self.emb, self.mid, self.head = nn.Embedding(50, 8), nn.Linear(8, 8), nn.Linear(8, 50, bias=False)
        self.head.weight = nn.Parameter(tie(self.emb.weight)) if tie is not _same else self.emb.weight

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        return self.head(self.mid(self.emb(ids)))


def _same(weight: torch.Tensor) -> torch.Tensor:
    return weight


IDS = torch.tensor([[1, 2, 2, 40, 7]])


def test_a_tied_head_shares_every_weight_of_the_embedding() -> None:
    found = opened(Language(_same), IDS)
    answer = report(found.model)
    assert (answer.totals.parameters_by_storage, answer.totals.parameters_by_name) == (472, 872)
    assert (answer.totals.counts.weights, answer.totals.counts.biases) == (464, 8)
    assert parameter(found, "emb") == parameter(found, "head")
    assert parameter(found, "head").names == ("emb.weight", "head.weight")
    assert dict((row.name, row.tied_with) for row in answer.layers) == {"emb": ("head",), "mid": (), "head": ("emb",)}


def test_a_head_tied_and_then_cloned_shares_nothing() -> None:
    found = opened(Language(torch.clone), IDS)
    totals = report(found.model).totals
    assert (totals.parameters_by_storage, totals.parameters_by_name) == (872, 872)
    assert parameter(found, "emb") != parameter(found, "head")


class Listed(nn.Module):
    def __init__(self, blocks: list[nn.Module]) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(blocks)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for block in self.blocks:
            x = block(x)
        return x


def test_one_linear_in_six_places_is_called_six_times() -> None:
    one = nn.Linear(8, 8)
    for listed in (Listed([one] * 6), Listed([block for block in [one] for _ in range(6)])):
        found = opened(listed, torch.randn(2, 8))
        totals = report(found.model).totals
        assert (totals.parameters_by_storage, totals.parameters_by_name) == (72, 432)
        assert [layer.name for layer in found.model.layers] == ["blocks.0", *(f"blocks.0#{at}" for at in range(2, 7))]
        assert (totals.counts.weights, totals.counts.connections) == (64, 6 * 64)
        assert found.model.layer("blocks.3").name == "blocks.0#4"


def test_six_linears_are_six() -> None:
    found = opened(Listed([nn.Linear(8, 8) for _ in range(6)]), torch.randn(2, 8))
    assert [layer.name for layer in found.model.layers] == [f"blocks.{at}" for at in range(6)]
    assert report(found.model).totals.parameters_by_storage == 432


class TwoSizes(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(2, 3, 3)

    def forward(self, x: torch.Tensor) -> Any:
        return self.conv(x), self.conv(F.interpolate(x, scale_factor=2))


def test_a_convolution_at_two_sizes_is_two_calls_of_one_set_of_weights() -> None:
    found = check(TwoSizes(), (torch.randn(2, 2, 6, 6),), layers=2)
    rows = report(found.model).layers
    assert [(row.name, row.uses_per_weight.taps) for row in rows] == [("conv", 16), ("conv#2", 100)]
    assert report(found.model).totals.counts.weights == 54


class Overlapping(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        flat = torch.randn(10)
        self.a, self.b = nn.Parameter(flat[:6]), nn.Parameter(flat[4:])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * self.a + x * self.b


def test_overlapping_slices_are_ten_scalars() -> None:
    module = Overlapping()
    found = check(module, (torch.randn(2, 6),), layers=2)
    totals = report(found.model).totals
    assert (totals.parameters_by_storage, totals.parameters_by_name, totals.counts.weights) == (10, 12, 10)
    assert (totals.bytes_stored, totals.bytes_distinct) == (48, 40)
    assert formulas(found.file) == {"a": ["y[n, o] += w[o] * x[n, o] where o < 6"], "b": ["y[n, o] += w[o + 4] * x[n, o]"]}
    stored = found.file.read_parameter(0)
    assert stored is not None and stored.tolist() == module.a.detach().tolist()[:4] + module.b.detach().tolist()


class Autoencoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.encode, self.decode = nn.Linear(8, 3), nn.Linear(3, 8)
        self.decode.weight.data = self.encode.weight.t()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.decode(self.encode(x).relu())


def test_an_autoencoder_tied_by_data_uses_each_weight_twice() -> None:
    found = check(Autoencoder(), (torch.randn(2, 8),), layers=2)
    totals = report(found.model).totals
    assert (totals.parameters_by_storage, totals.parameters_by_name, totals.counts.weights) == (35, 59, 24)
    assert formulas(found.file)["encode"][0] == "y[n, o] += w[o, i] * x[n, i]"
    assert formulas(found.file)["decode"][0] == "y[n, o] += w[i, o] * x[n, i]"
    assert parameter(found.file, "decode").names == ("encode.weight", "decode.weight")


class Siamese(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.branch = nn.Sequential(nn.Conv1d(2, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(20, 5))

    def forward(self, x: torch.Tensor, z: torch.Tensor) -> torch.Tensor:
        return F.pairwise_distance(self.branch(x), self.branch(z))


def test_both_branches_of_a_siamese_net_are_one() -> None:
    found = Found(Siamese(), (torch.randn(2, 2, 7), torch.randn(2, 2, 7)))
    assert [layer.name for layer in found.model.layers] == ["branch.0", "branch.3", "branch.0#2", "branch.3#2"]
    assert report(found.model).layers[0].tied_with == ("branch.0#2",)
    assert gradients_are_sums_of_terms(found) == 4


class Steps(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.cell = nn.LSTMCell(3, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        h = c = torch.zeros(x.shape[1], 4)
        for step in x:
            h, c = self.cell(step, (h, c))
        return h


def test_a_cell_that_runs_seven_times_is_used_as_often_as_a_layer_of_seven_steps() -> None:
    steps, layer = opened(Steps(), torch.randn(7, 2, 3)), opened(nn.LSTM(3, 4), torch.randn(7, 2, 3))
    assert [one.name for one in steps.model.layers] == ["cell", *(f"cell#{at}" for at in range(2, 8))]
    assert steps.model.batch == layer.model.batch == 2
    (row,) = report(layer.model).layers
    assert row.uses_per_weight.taps == 7 and row.kind == "lstm"
    assert report(steps.model).totals.counts == replace_neurons(report(layer.model).totals.counts, 7 * 4)
    assert formulas(layer)["weight_ih_l0"] == [
        "y[t, n, r] += w[r, i] * x[t, n, i]", "y[t, n, r] += w[r, j] * h[t, n, j] where t < 7",
        "y[t, n, r] += b[r]", "y[t, n, r] += b[r]"]  # fmt: skip


def replace_neurons(counts: Any, neurons: int) -> Any:
    from dataclasses import replace

    assert counts.neurons == neurons
    return replace(counts, neurons=neurons)


def test_a_linear_on_batch_time_features_shares_over_time() -> None:
    (row,) = report(opened(nn.Linear(4, 5), torch.randn(2, 7, 4)).model).layers
    assert row.formulas[0] == "y[n, t, o] += w[o, i] * x[n, t, i]"
    assert dict(row.shared_along) == {"n": 1, "t": 7} and row.counts.connections == 140


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_weight_norm_old_and_new_name_what_the_weight_is_computed_from() -> None:
    old = nn.Sequential(nn.utils.weight_norm(nn.Linear(4, 5)))
    new = nn.Sequential(nn.utils.parametrizations.weight_norm(nn.Linear(4, 5)))
    inside = "0.parametrizations.weight.original"
    for module, names in ((old, {"0.weight_g", "0.weight_v"}), (new, {f"{inside}0", f"{inside}1"})):
        found = opened(module, torch.randn(2, 4))
        assert [layer.name for layer in found.model.layers] == ["0"]
        made = parameter(found, "0")
        assert set(made.computed_from) == names and made.shape == (5, 4) and not made.made
        row = report(found.model).layers[0]
        assert (row.counts.weights, row.counts.biases, row.uses_per_weight.taps) == (20, 5, 1)
        assert report(found.model).totals.parameters_by_storage == 30


def test_spectral_norm_names_the_weight() -> None:
    found = opened(nn.Sequential(nn.utils.parametrizations.spectral_norm(nn.Linear(4, 5))), torch.randn(2, 4))
    assert parameter(found, "0").computed_from[0] == "0.parametrizations.weight.original"
    assert report(found.model).layers[0].counts.weights == 20


def test_a_symmetric_weight_has_half_as_many_elements() -> None:
    module = Function(lambda m, x: x @ (m.w + m.w.T), {"w": (6, 6)})
    found = check(module, (torch.randn(2, 6),), layers=1)
    row = report(found.model).layers[0]
    assert row.counts.weights == 21 and row.counts.connections == 36
    assert (row.uses_per_weight.taps, row.uses_per_weight.min, row.uses_per_weight.max) == (None, 1, 2)
    assert parameter(found.file, "w").computed_from == ("w",)


class Mirrored(nn.Module):
    def forward(self, w: torch.Tensor) -> torch.Tensor:
        return w.triu() + w.triu(1).transpose(-1, -2)


def test_a_weight_mirrored_by_a_parametrization_has_half_as_many_elements() -> None:
    module = nn.Sequential(nn.Linear(8, 8))
    nn.utils.parametrize.register_parametrization(module[0], "weight", Mirrored())
    found = check(module, (torch.randn(2, 8),), layers=1)
    assert found.model.layers[0].name == "0" and report(found.model).layers[0].counts.weights == 36


def test_an_antisymmetric_weight_does_not() -> None:
    found = opened(Function(lambda m, x: x @ (m.w - m.w.T), {"w": (6, 6)}), torch.randn(2, 6))
    assert report(found.model).layers[0].counts.weights == 36


class Quantised(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("whole", torch.randint(-8, 8, (5, 4), dtype=torch.int8))
        self.register_buffer("scales", torch.rand(5, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.linear(x, self.whole.to(torch.float32) * self.scales)


def test_a_dequantised_weight_is_its_stored_integer() -> None:
    found = check(Quantised(), (torch.randn(2, 4),), layers=1)
    (layer,) = found.model.layers
    assert found.model.parameters[layer.weight_lines[0].parameter or 0].names == ("whole",)
    assert not layer.weight_lines[0].as_stored and formulas(found.file) == {"whole": ["y[n, o] += w[o, i] * x[n, i]"]}


class Expanded(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.inside = nn.Parameter(torch.randn(1, 1, 3, 3))
        self.outside = nn.Parameter(torch.randn(1, 1, 3, 3).expand(4, 1, 3, 3))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.conv2d(F.conv2d(x, self.inside.expand(4, 1, 3, 3), groups=4), self.outside, groups=4)


def test_an_expanded_kernel_is_nine_weights_for_all_channels() -> None:
    found = check(Expanded(), (torch.randn(2, 4, 7, 7),), layers=2)
    rows = report(found.model).layers
    assert [row.counts.weights for row in rows] == [9, 9]
    assert [row.uses_per_weight.taps for row in rows] == [4 * 25, 4 * 9]
    assert report(found.model).totals.parameters_by_storage == 18
    assert report(found.model).totals.parameters_by_name == 45


class Buffer(nn.Module):
    """Views of one flat buffer, as optimisers and FSDP make them; ``whole`` registers the buffer as well."""

    def __init__(self, whole: bool) -> None:
        super().__init__()
        flat = torch.randn(20)
        if whole:
            self.flat = nn.Parameter(flat)
        self.w, self.b = nn.Parameter(flat[2:14].view(3, 4)), nn.Parameter(flat[14:17])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.linear(x, self.w, self.b)


def test_views_of_a_flat_buffer_are_parameters_of_their_own() -> None:
    found = check(Buffer(False), (torch.randn(2, 4),), layers=1)
    assert [one.names for one in found.model.parameters] == [("w",), ("b",)]
    totals = report(found.model).totals
    assert (totals.parameters_by_storage, totals.parameters_by_name) == (15, 15)


def test_views_of_a_parameter_are_parts_of_it() -> None:
    found = check(Buffer(True), (torch.randn(2, 4),), layers=1)
    (one,) = found.model.parameters
    assert one.names == ("flat", "w", "b") and one.shape == (20,)
    assert formulas(found.file) == {"w": ["y[n, o] += w[4*o + i + 2] * x[n, i]", "y[n, o] += b[o + 14]"]}
    totals = report(found.model).totals
    assert (totals.parameters_by_storage, totals.parameters_by_name) == (20, 35)
    assert (totals.counts.weights, totals.counts.biases) == (12, 3)


class Functional(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv, self.weight = nn.Conv1d(2, 2, 3, padding=1, bias=False), nn.Parameter(torch.randn(2, 2, 1))
        self.inner = Inner(self.conv)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.inner(F.conv1d(F.conv1d(self.conv(x), self.weight), self.conv.weight))


class Inner(nn.Module):
    def __init__(self, other: nn.Module) -> None:
        super().__init__()
        self.other = [other]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.conv1d(x, self.other[0].weight)


def test_functional_uses_are_named_by_their_place() -> None:
    found = opened(Functional(), torch.randn(1, 2, 9))
    assert [layer.name for layer in found.model.layers] == ["conv", "weight", "conv.weight", "inner(conv.weight)"]


def test_all_of_attention_is_named_and_per_sample() -> None:
    x = torch.randn(3, 5, 8)
    found = check(nn.ModuleDict({"attn": nn.MultiheadAttention(8, 2)})["attn"], (x, x, x))
    assert found.model.batch == 5  # time first
    names = [layer.name for layer in found.model.layers]
    assert names == ["in_proj_weight", "out_proj.weight"]


def test_layers_inside_one_call_are_named_by_what_they_use() -> None:
    found = opened(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), torch.randn(2, 5, 8))
    names = [layer.name for layer in found.model.layers]
    assert names == ["self_attn.in_proj_weight", "self_attn.out_proj.weight", "norm1", "linear1", "linear2", "norm2"]


def test_an_adapted_weight_is_called_after_the_weight_and_names_all_that_it_is_made_of() -> None:
    module = Function(lambda m, x: F.linear(x, m.w + m.b @ m.a), {"w": (8, 8), "a": (2, 8), "b": (8, 2)})
    found = opened(module, torch.randn(2, 8))
    assert [layer.name for layer in found.model.layers] == ["w"]
    assert parameter(found, "w").computed_from == ("w", "b", "a")


def test_what_has_no_formula_says_why() -> None:
    module = Function(lambda m, x: F.grid_sample(x * m.w, x[:, :2].permute(0, 2, 3, 1)), {"w": (1,)})
    found = opened(module, torch.randn(2, 3, 4, 4))
    assert [layer.opaque for layer in found.model.layers if layer.opaque] == [
        "aten.grid_sampler.default reads where its data says"]  # fmt: skip


@pytest.mark.parametrize(
    "name, use",
    [
        ("maximum", lambda m, x: torch.maximum(m.w, x)),
        ("addcmul", lambda m, x: torch.addcmul(x, x, m.w)),
        ("lerp", lambda m, x: torch.lerp(x, m.w, 0.3)),
        ("where", lambda m, x: torch.where(x > 0, x, m.w)),
        ("pow", lambda m, x: x**m.w),
    ],
)
def test_a_weight_that_no_formula_uses_is_told(name: str, use: Any) -> None:
    found = opened(Function(use, {"w": (4,)}), torch.randn(2, 4))
    assert [layer.opaque for layer in found.model.layers] == [f"{name} takes the stored w, and is no sum of products"]
    assert found.model.notes == ()


def test_a_float_of_one_element_is_a_weight_where_the_model_holds_it() -> None:
    held = opened(Function(lambda m, x: x * m.w * 3.0, {"w": ()}), torch.randn(2, 4))
    assert formulas(held) == {"w": ["y[n, o] += w[] * x[n, o]"]}


def test_numbers_that_the_program_makes_are_no_weights() -> None:
    found = opened(Function(lambda m, x: (x + torch.arange(4.0)) * m.w, {"w": (4,)}), torch.randn(2, 4))
    assert formulas(found) == {"w": ["y[n, o] += w[o] * x[n, o]"]}


def test_meta_tensors_count_by_object() -> None:
    with torch.device("meta"):
        module = Language(_same)
        ids = torch.zeros(1, 5, dtype=torch.long)
    totals = report(opened(module, ids).model).totals
    assert (totals.parameters_by_storage, totals.parameters_by_name) == (472, 872)


class _Named(nn.Module):
    """A parameter that is called as the recording calls the product of two others."""

    def __init__(self) -> None:
        super().__init__()
        self.w, self.g, self.mul_1 = (nn.Parameter(torch.randn(shape)) for shape in ((3, 3), (3, 1), (3, 3)))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.linear(F.linear(x, self.w * self.g), self.mul_1)


def test_a_parameter_called_as_a_result_of_the_program_stays_apart_from_it() -> None:
    found = opened(_Named(), torch.randn(2, 3))
    assert [one.computed_from for one in found.model.parameters] == [("w", "g"), ()]
    assert report(found.model).totals.counts.weights == 18


def test_a_mask_of_whole_numbers_is_not_taken_for_the_weight_that_it_masks() -> None:
    module = Function(lambda m, x: F.linear(x, m.w * m.mask), {"w": (3, 3)})
    module.register_buffer("mask", torch.eye(3, dtype=torch.uint8))
    assert parameter(opened(module, torch.randn(2, 3)), "w").computed_from == ("w", "mask")


def test_numbers_of_the_input_that_fill_a_tensor_are_no_constants() -> None:
    module = Function(lambda m, x, z: torch.zeros(2, 4).fill_(z) * m.w, {"w": (4,)})
    found = opened(module, torch.randn(2, 4), torch.randn(()))
    assert [(one.kind, one.inputs) for one in found.model.operations] == [("expand", ("inputs.1",)), ("scale", ("fill_1",))]


def test_what_is_drawn_as_the_input_says_is_not_independent_of_it() -> None:
    found = opened(Function(lambda m, x: torch.normal(x, 1.0) * m.w, {"w": (4,)}), torch.randn(2, 4))
    assert [layer.opaque for layer in found.model.layers if layer.opaque] == [
        "aten.normal.Tensor_float is drawn by chance, as what it reads says"]  # fmt: skip


def test_samples_that_are_averaged_are_no_batch_but_a_loss_of_them_is() -> None:
    mean = opened(Function(lambda m, x: F.linear(x, m.w).mean(0), {"w": (5, 3)}), torch.randn(4, 2, 3))
    loss = opened(Function(lambda m, x: F.linear(x, m.w).square().mean(), {"w": (5, 3)}), torch.randn(4, 2, 3))
    assert (mean.model.batch, loss.model.batch) == (2, 4)
