"""Stored weights that reach a product through random chains of movements."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import strategies as st

from tests.conformance.cases_windows import seeds
from tests.conformance.graphs import Case, Graph, Running

MOST = 4


class Chain:
    """A stored tensor on its way: the graph's name of it, and its shape by now."""

    def __init__(self, draw: st.DrawFn, graph: Graph, shape: list[int]) -> None:
        self.draw, self.graph, self.shape = draw, graph, shape
        self.stored = graph.weight(*shape)
        self.name = self.stored

    def integers(self, *numbers: int) -> str:
        return self.graph.constant(np.array(numbers, np.int64))

    def step(self) -> None:
        """One movement that the shape allows."""
        choices = [self.transpose, self.reshape, self.pad, self.gather, self.expand, self.cast, self.concat, self.tile,
                   self.slice, self.split, self.unsqueeze, self.identity]  # fmt: skip
        if np.prod(self.shape) <= 48:
            self.draw(st.sampled_from(choices))()
        else:
            self.draw(st.sampled_from([self.transpose, self.reshape, self.slice, self.identity]))()

    def axis(self) -> int:
        return self.draw(st.integers(0, len(self.shape) - 1))

    def identity(self) -> None:
        self.name = self.graph.node(self.draw(st.sampled_from(["Identity", "Dropout"])), self.name)

    def cast(self) -> None:
        """To another type of floats and back, so that what follows stays what it was."""
        self.name = self.graph.node("Cast", self.graph.node("Cast", self.name, to=11), to=1)

    def transpose(self) -> None:
        order = self.draw(st.permutations(range(len(self.shape))))
        self.name = self.graph.node("Transpose", self.name, perm=order)
        self.shape = [self.shape[axis] for axis in order]

    def reshape(self) -> None:
        count = int(np.prod(self.shape))
        first = self.draw(st.sampled_from([number for number in range(1, count + 1) if count % number == 0]))
        self.shape = self.draw(st.sampled_from([[first, count // first], [count], [1, first, count // first]]))
        self.name = self.graph.node("Reshape", self.name, self.integers(*self.shape))

    def slice(self) -> None:
        axis = self.axis()
        size, step = self.shape[axis], self.draw(st.sampled_from([1, 2, -1, -2]))
        taken = (
            range(size)[::step] if self.draw(st.booleans()) or size < 2 else range(size)[1 if step > 0 else -2 :: step]
        )
        end = -size - 1 if step < 0 else size
        self.name = self.graph.node("Slice", self.name, *(self.integers(n) for n in (taken.start, end, axis, step)))
        self.shape[axis] = len(taken)

    def split(self) -> None:
        axis = self.axis()
        if self.shape[axis] < 2:
            return
        first = self.draw(st.integers(1, self.shape[axis] - 1))
        sizes = [first, self.shape[axis] - first]
        made = self.graph.node("Split", self.name, self.integers(*sizes), axis=axis, outputs=2)
        part = self.draw(st.integers(0, 1))
        self.name, self.shape[axis] = f"{made}_1" if part else made, sizes[part]

    def gather(self) -> None:
        axis = self.axis()
        size = self.shape[axis]
        ids = np.array(self.draw(st.lists(st.integers(-size, size - 1), min_size=1, max_size=4)), np.int64)
        self.name = self.graph.node("Gather", self.name, self.graph.constant(ids), axis=axis)
        self.shape[axis] = len(ids)

    def concat(self) -> None:
        """With itself, another stored tensor, or zeros that the graph makes."""
        axis, kind = self.axis(), self.draw(st.sampled_from(["itself", "another", "zeros"]))
        if kind == "itself":
            other = self.name
        elif kind == "another":
            other = self.graph.weight(*self.shape)
        else:
            other = self.graph.node("ConstantOfShape", self.integers(*self.shape))
        parts = [self.name, other] if self.draw(st.booleans()) else [other, self.name]
        self.name = self.graph.node("Concat", *parts, axis=axis)
        self.shape[axis] *= 2

    def tile(self) -> None:
        axis = self.axis()
        repeats = [2 if at == axis else 1 for at in range(len(self.shape))]
        self.name = self.graph.node("Tile", self.name, self.integers(*repeats))
        self.shape[axis] *= 2

    def expand(self) -> None:
        shape = [3, *(2 if size == 1 else size for size in self.shape)]
        self.name, self.shape = self.graph.node("Expand", self.name, self.integers(*shape)), shape

    def unsqueeze(self) -> None:
        axis = self.draw(st.integers(0, len(self.shape)))
        self.name = self.graph.node("Unsqueeze", self.name, self.integers(axis))
        self.shape.insert(axis, 1)
        if self.draw(st.booleans()):
            self.name = self.graph.node("Squeeze", self.name, self.integers(axis))
            self.shape.pop(axis)

    def pad(self) -> None:
        axis = self.axis()
        before, after = self.draw(st.integers(0, 2)), self.draw(st.integers(0, 2))
        amounts = [0] * (2 * len(self.shape))
        amounts[axis], amounts[axis + len(self.shape)] = before, after
        self.name = self.graph.node("Pad", self.name, self.integers(*amounts))
        self.shape[axis] += before + after


@st.composite
def moved_weights(draw: st.DrawFn) -> Case:
    """A matrix product with a stored tensor that was moved; ``outputs`` has the effective weight as well."""
    graph = Graph(draw(seeds))
    chain = Chain(draw, graph, [draw(st.integers(1, 3)) for _ in range(draw(st.integers(1, 3)))])
    for _ in range(draw(st.integers(1, MOST))):
        chain.step()
    count = int(np.prod(chain.shape))
    rows = draw(st.sampled_from([number for number in range(1, count + 1) if count % number == 0]))
    weight = graph.node("Reshape", chain.name, chain.integers(rows, count // rows))
    product = graph.node("MatMul", graph.input(2, rows), weight)
    return Case(graph, (product, weight), plain=True)


def identities(case: Case) -> tuple[dict[str, range], np.ndarray]:
    """A number for every stored float, from 1 on, and the number behind each element of the effective weight."""
    numbers, numbered = {}, dict(case.graph.stored)
    begin = 1
    for name, array in case.graph.stored.items():
        if array.dtype.kind == "f":
            numbers[name] = range(begin, begin + array.size)
            numbered[name] = np.arange(begin, begin + array.size, dtype=array.dtype).reshape(array.shape)
            begin += array.size
    graph = replace(case.graph, stored=numbered)
    return numbers, Running(graph.model(case.outputs))(graph.inputs)[case.outputs[1]].astype(int)
