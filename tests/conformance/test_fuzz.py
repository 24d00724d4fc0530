"""Sound models with something changed at random: a report, or one line of our own. Never another exception."""

from __future__ import annotations

import os
import random
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from onnx import AttributeProto, ModelProto, NodeProto, TensorProto, helper

from isochrome.ask.explain import explain
from isochrome.ask.reach import reach
from isochrome.ask.report import report
from isochrome.ask.uses import uses
from isochrome.errors import FormulaError, IsochromeError, ModelError, RequestError
from isochrome.load.onnx import OnnxFile
from isochrome.load.onnx_bodies import SPECIAL
from isochrome.load.onnx_ops import ROWS
from tests.conformance.cases import LAYERS, MOVES
from tests.conformance.graphs import Case, opened, values_of
from tests.conformance.moved_weights import moved_weights

COUNT = int(os.environ.get("ISOCHROME_LAWS", "200"))
NUMBERS = [0, 1, -1, 2, 3, 5, 7, -2, 100, 2**31 - 1, -(2**31), 2**40, 2**62, -(2**63), 2**63 - 1]
REALS = [0.0, -1.0, float("nan"), float("inf"), 1e30]
NAMES = ("axis group pads strides dilations kernel_shape auto_pad perm axes keepdims mode to blocksize equation direction "
         "layout hidden_size epsilon transA alpha num_outputs split ceil_mode output_padding output_shape p size").split()  # fmt: skip
Change = Callable[[random.Random, ModelProto], None]


def any_node(dice: random.Random, model: ModelProto) -> NodeProto:
    return dice.choice(model.graph.node)


def other_operation(dice: random.Random, model: ModelProto) -> None:
    any_node(dice, model).op_type = dice.choice([*ROWS, *SPECIAL, "Nothing"])


def other_number(dice: random.Random, model: ModelProto) -> None:
    attributes = [a for a in any_node(dice, model).attribute if a.type in (AttributeProto.INT, AttributeProto.INTS)]
    if not attributes:
        return
    attribute = dice.choice(attributes)
    if attribute.type == AttributeProto.INT:
        attribute.i = dice.choice(NUMBERS)
    elif attribute.ints:
        attribute.ints[dice.randrange(len(attribute.ints))] = dice.choice(NUMBERS)


def other_length(dice: random.Random, model: ModelProto) -> None:
    for attribute in any_node(dice, model).attribute:
        if attribute.type == AttributeProto.INTS:
            numbers = list(attribute.ints) + [dice.choice(NUMBERS)] * dice.randrange(2)
            del attribute.ints[:]
            attribute.ints.extend(numbers[: dice.randrange(len(numbers) + 1)])


def other_attribute(dice: random.Random, model: ModelProto) -> None:
    """One more attribute, or another value of one, of any type."""
    node, name = any_node(dice, model), dice.choice(NAMES)
    kept = [attribute for attribute in node.attribute if attribute.name != name]
    value = dice.choice([dice.choice(NUMBERS), dice.choice(REALS), [dice.choice(NUMBERS) for _ in range(dice.randrange(1, 4))],
                         "text", [1.5, 2.5], ["a", "b"]])  # fmt: skip
    del node.attribute[:]
    node.attribute.extend([*kept, helper.make_attribute(name, value)])


def no_attribute(dice: random.Random, model: ModelProto) -> None:
    node = any_node(dice, model)
    if node.attribute:
        node.attribute.pop(dice.randrange(len(node.attribute)))


def other_input_shape(dice: random.Random, model: ModelProto) -> None:
    value = dice.choice(model.graph.input)
    sizes = [dice.choice([0, 1, 2, 3, 7, 2**20, 2**40, "N", None]) for _ in range(dice.randrange(5))]
    value.CopyFrom(helper.make_tensor_value_info(value.name, dice.choice([1, 1, 7, 10, 11]), sizes))


def other_stored_shape(dice: random.Random, model: ModelProto) -> None:
    """The same numbers in other axes: their product may differ from what is stored."""
    if model.graph.initializer:
        tensor: TensorProto = dice.choice(model.graph.initializer)
        sizes = list(tensor.dims)
        dice.choice(
            [sizes.reverse, lambda: sizes.append(1), lambda: sizes.insert(0, dice.choice([0, 2])), sizes.clear]
        )()
        del tensor.dims[:]
        tensor.dims.extend(sizes)


def other_stored_type(dice: random.Random, model: ModelProto) -> None:
    if model.graph.initializer:
        dice.choice(model.graph.initializer).data_type = dice.choice([1, 3, 6, 7, 8, 9, 10, 11, 16, 22])


def other_operands(dice: random.Random, model: ModelProto) -> None:
    node = any_node(dice, model)
    names = [value.name for value in (*model.graph.input, *model.graph.initializer)] + ["", "nowhere"]
    match dice.randrange(3):
        case 0 if node.input:
            node.input[dice.randrange(len(node.input))] = dice.choice(names)
        case 1:
            node.input.append(dice.choice(names))
        case _ if node.input:
            node.input.pop()


def other_outputs(dice: random.Random, model: ModelProto) -> None:
    node = any_node(dice, model)
    if dice.randrange(2):
        node.output.append(dice.choice(["more", "", node.output[0]]))
    else:
        node.output[0] = dice.choice(["", "renamed"])


def other_version(dice: random.Random, model: ModelProto) -> None:
    model.opset_import[0].version = dice.choice([1, 5, 6, 8, 10, 12, 14, 17, 30])


CHANGES: tuple[Change, ...] = (
    other_operation, other_number, other_length, other_attribute, no_attribute, other_input_shape, other_stored_shape,
    other_stored_type, other_operands, other_outputs, other_version,
)  # fmt: skip
KINDS = [*LAYERS.values(), *MOVES.values(), moved_weights()]
EVERY = st.integers(0, len(KINDS) - 1).flatmap(KINDS.__getitem__)


def ask(file: OnnxFile, case: Case) -> None:
    """Every question of every layer; what cannot be answered is refused in words of our own."""
    report(file.model).to_dict()
    for layer in file.model.layers[:3]:
        for question in (
            lambda layer=layer: reach(file.model, layer, (0,) * len(layer.output_shape or ())).to_dict(),
            lambda layer=layer: reach(file.model, layer, (0,) * len(layer.output_shape or ()), forward=True).to_dict(),
            lambda layer=layer: uses(file.model, layer.lines[0], (0,) * 2).to_dict() if layer.lines else None,
            lambda layer=layer: explain(
                file.model, layer, (0,) * len(layer.output_shape or ()), values_of(file, case.graph.inputs)
            ).to_dict(),
        ):
            try:
                question()
            except (RequestError, FormulaError, ModelError) as refused:
                assert "\n" not in str(refused)


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_a_changed_model_is_reported_or_refused(change: Change) -> None:
    @settings(max_examples=COUNT, derandomize=True, deadline=None, database=None, phases=[Phase.generate],
              suppress_health_check=[*HealthCheck])  # fmt: skip
    @given(EVERY, st.integers(0, 10**6))
    def law(case: Case, seed: int) -> None:
        dice, model = random.Random(seed), case.model
        for _ in range(dice.randrange(1, 3)):
            change(dice, model)
        try:
            file = opened(model)
        except IsochromeError as refused:
            assert isinstance(refused, ModelError), refused
            assert "\n" not in str(refused) and "model.onnx: " in str(refused)
            return
        ask(file, case)

    law()
