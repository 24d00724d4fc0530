"""The table of questions that people ask, in the order of how often they come back; and asking one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from isochrome.ask.along import batch, batch_unfit, shared_with, shared_with_unfit
from isochrome.ask.answer import Answer, Check, Question
from isochrome.ask.as_matrix import fully_connected, matrix, multiplies_unfit
from isochrome.ask.borders import checkerboard, checkerboard_unfit, padding, padding_unfit
from isochrome.ask.channels import channels_added, channels_unfit, filters_differ, filters_unfit, groups, groups_unfit
from isochrome.ask.equivariance import equivariance, equivariance_unfit, network_equivariance
from isochrome.ask.misleading import misleading, misleading_unfit
from isochrome.ask.neuron import neuron, neuron_unfit
from isochrome.ask.parameters import (
    bias,
    bias_unfit,
    derivation,
    derivation_unfit,
    no_weights,
    parameters,
    without_sharing,
    without_sharing_unfit,
)
from isochrome.ask.sees import sees, sees_unfit
from isochrome.ask.steps import time, time_unfit, tokens, tokens_unfit
from isochrome.ask.stored_values import codebook, codebook_unfit
from isochrome.ask.subject import Subject
from isochrome.ask.ties import (
    autoencoder,
    autoencoder_unfit,
    embedding_output,
    embedding_output_unfit,
    really_shared,
    really_shared_unfit,
    siamese,
    siamese_unfit,
)
from isochrome.ask.updates import gradient, gradient_unfit
from isochrome.ask.whole import (
    of_all,
    of_its_model,
    whole_lint,
    whole_parameters,
    whole_ties,
    whole_without_sharing,
)
from isochrome.errors import FormulaError, RequestError, shown
from isochrome.model.parts import Layer, Model
from isochrome.model.values import Values

__all__ = ["QUESTIONS", "ask", "ask_model", "find_question", "fitting_layer", "unfit"]

_ROWS = (
    Question(
        "channels-added",
        "Why is the output as deep as there are filters, not filters x channels? Are channels added or averaged?",
        channels_unfit, channels_added,
    ),
    Question("parameters", "How many parameters, and why?", no_weights, parameters,
             whole_parameters),
    Question(
        "equivariance", "Equivariant or invariant? What do stride, pooling and borders break?", equivariance_unfit,
        equivariance, network_equivariance,
    ),
    Question(
        "shared-with", "Shared with what: slice or column, channels, samples, time, tasks?", shared_with_unfit,
        shared_with,
    ),
    Question(
        "gradient", "How does training keep shared weights equal? Sum or mean of gradients?", gradient_unfit, gradient
    ),
    Question(
        "without-sharing", "What would it be without sharing?", without_sharing_unfit, without_sharing,
        whole_without_sharing,
    ),
    Question("filters-differ", "What keeps two filters from being the same?", filters_unfit, filters_differ),
    Question("bias", "One bias per map, neuron, channel or layer?", bias_unfit, bias),
    Question("time", "Why share over time, and how does that allow any length?", time_unfit, time),
    Question(
        "tied-autoencoder", "Tied autoencoder: why the transpose, and is it really tied?", autoencoder_unfit,
        autoencoder,
    ),
    Question(
        "embedding-output", "How can embedding and output layer be one matrix?", embedding_output_unfit,
        embedding_output,
    ),
    Question(
        "lenet-numbers", "Where do LeNet's 156, 122,304, 1,516 come from? And this layer's numbers?", derivation_unfit,
        derivation,
    ),
    Question(
        "fully-connected", "Is a 1x1 convolution, or one as big as its input, fully connected?", multiplies_unfit,
        fully_connected,
    ),
    Question(
        "matrix", "Convolution as a matrix: Toeplitz, doubly blocked, valid, full, circular?", multiplies_unfit, matrix
    ),
    Question(
        "really-shared", "Is `Parameter(w.t())` or `.data = ...` real sharing?", really_shared_unfit, really_shared
    ),
    Question("siamese", "Siamese: two networks, or one called twice?", siamese_unfit, siamese),
    Question("groups", "What do groups and depthwise do to the weights?", groups_unfit, groups),
    Question(
        "checkerboard", "Transposed convolution: checkerboard or border effect?", checkerboard_unfit, checkerboard
    ),
    Question("tokens", "Is a transformer's feed-forward the same for every token?", tokens_unfit, tokens),
    Question(
        "codebook", "Why is the file no smaller after codebook weight sharing?", codebook_unfit, codebook
    ),
    Question("sees", "How far does a neuron see?", sees_unfit, sees),
    Question("padding", "Does the same filter see the padding?", padding_unfit, padding),
    Question("misleading", "Is this picture misleading?", misleading_unfit, misleading),
    Question("batch", "Does the batch share weights?", batch_unfit, batch),
    Question("neuron", "Which neuron is f(wx + b): which w, which x, which b, what is f?", neuron_unfit, neuron),
    Question(
        "ties", "Which layers use the same stored numbers, and which only equal ones?", of_all,
        of_its_model(whole_ties), whole_ties,
    ),
    Question("lint", "Has sharing gone wrong anywhere?", of_all, of_its_model(whole_lint), whole_lint),
)  # fmt: skip

QUESTIONS: Mapping[str, Question] = MappingProxyType({row.slug: row for row in _ROWS})
"""Each question by its short id, in the order in which people ask them most."""


def find_question(name: str) -> Question:
    """The question of a short id, a number from 1, or words that stand in one question only.

    >>> find_question("bias").text == find_question("8").text == find_question("one bias per map").text
    True
    """
    if name in QUESTIONS:
        return QUESTIONS[name]
    if name.isascii() and name.isdigit() and 1 <= int(name[:4]) <= len(_ROWS):
        return _ROWS[int(name[:4]) - 1]
    words = _plain(name)
    found = [row for row in _ROWS if words and words in _plain(row.text)]
    if len(found) != 1:
        known = ", ".join(QUESTIONS)
        must = f"must be a number from 1 to {len(_ROWS)}, words of one question, or one of {known}"
        raise RequestError(f"question {shown(name)}: {must}")
    return found[0]


def _plain(text: str) -> str:
    return " ".join(re.sub(r"[^a-z0-9]+", " ", text.lower().replace("×", "x")).split())


def unfit(subject: Subject, question: Question) -> str:
    """Why a question makes no sense for a layer; '' where it does."""
    if subject.layer.opaque or not subject.layer.lines:
        return f"it is opaque ({shown(subject.layer.opaque or 'it has no formula', 120)})"
    if not subject.line.depends and not subject.line.relation.connections:
        return "at these sizes none of its weights is connected to anything"
    try:
        return question.unfit(subject)
    except FormulaError as fault:
        return f"it is too large ({fault})"


def ask(model: Model, layer: Layer, question: Question, values: Values) -> Answer:
    """The answer to a question about a layer; where it makes no sense, why, and a layer where it does."""
    subject = Subject(model, layer, values)
    why = unfit(subject, question)
    try:
        found = _refusal(subject, question, why) if why else question.answer(subject)
    except FormulaError as fault:
        found = _refusal(subject, question, f"it is too large ({fault})")
    return replace(found, question=question.text, layer=layer.name)


def _refusal(subject: Subject, question: Question, why: str) -> Answer:
    other = fitting_layer(subject.model, question, subject.values)
    where = "Ask it of the whole model." if question.whole else "It fits no layer of this model."
    where = f"Ask it of {shown(other.name, 60)}." if other is not None else where
    text = f"This makes no sense for {subject.name}: {why}. {where}"
    numbers = {} if other is None else {"ask": other.name}
    return Answer(
        text, numbers, Check("whether the question fits, read off the formula", {"why": why}, None), fits=False
    )


def fitting_layer(model: Model, question: Question, values: Values) -> Layer | None:
    """The first layer for which a question makes sense, None where there is none."""
    return next((layer for layer in model.layers if not unfit(Subject(model, layer, values), question)), None)


def ask_model(model: Model, question: Question, values: Values) -> Answer:
    """The answer to a question about a whole model: itself, or the first of its layers that fits."""
    if question.whole is not None:
        return replace(question.whole(model, values), question=question.text)
    layer = fitting_layer(model, question, values)
    if layer is None:
        text = "This fits no layer of this model."
        reasons = {layer.name: unfit(Subject(model, layer, values), question) for layer in model.layers[:20]}
        check = Check("whether the question fits, read off each layer's formula", reasons, None)
        return Answer(text, {}, check, fits=False, question=question.text)
    return ask(model, layer, question, values)
