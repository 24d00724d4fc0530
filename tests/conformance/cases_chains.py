"""Small networks of several layers, with joins, put together at random."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from tests.conformance.cases_windows import seeds
from tests.conformance.graphs import Case, Graph


class Maps:
    """A network of feature maps on its way: the graph's name of them, their channels and their sizes."""

    def __init__(self, draw: st.DrawFn, graph: Graph) -> None:
        self.draw, self.graph = draw, graph
        self.channels, self.sizes = draw(st.integers(1, 3)), [draw(st.integers(2, 5)) for _ in range(2)]
        self.name = graph.input(1, self.channels, *self.sizes)

    def step(self) -> None:
        choices = [self.convolution, self.norm, self.curve, self.residual, self.concat, self.shuffle, self.groups]
        if min(self.sizes) > 1:
            choices += [self.pool, self.strided]
        if max(self.sizes) < 5:
            choices += [self.enlarged, self.transposed]
        self.draw(st.sampled_from(choices))()

    def convolution(self) -> None:
        filters, dilation = self.draw(st.integers(1, 3)), self.draw(st.integers(1, 2))
        weight = self.graph.weight(filters, self.channels, 3, 1)
        self.name = self.graph.node("Conv", self.name, weight, dilations=[dilation, 1], pads=[dilation, 0, dilation, 0])
        self.channels = filters

    def groups(self) -> None:
        weight = self.graph.weight(self.channels, 1, 1, 3)
        self.name = self.graph.node("Conv", self.name, weight, group=self.channels, pads=[0, 1, 0, 1])

    def strided(self) -> None:
        weight = self.graph.weight(2, self.channels, 2, 2)
        self.name = self.graph.node("Conv", self.name, weight, strides=[2, 2])
        self.channels, self.sizes = 2, [size // 2 for size in self.sizes]

    def transposed(self) -> None:
        weight = self.graph.weight(self.channels, 2, 2, 2)
        self.name = self.graph.node("ConvTranspose", self.name, weight, strides=[2, 2], pads=[1, 0, 0, 1])
        self.channels, self.sizes = 2, [2 * size - 1 for size in self.sizes]

    def pool(self) -> None:
        kind = self.draw(st.sampled_from(["MaxPool", "AveragePool"]))
        self.name = self.graph.node(kind, self.name, kernel_shape=[2, 2], strides=[1, 2])
        self.sizes = [self.sizes[0] - 1, self.sizes[1] // 2]

    def norm(self) -> None:
        operands = [self.graph.weight(self.channels) for _ in range(4)]
        self.name = self.graph.node("BatchNormalization", self.name, *operands)

    def curve(self) -> None:
        self.name = self.graph.node(self.draw(st.sampled_from(["Softplus", "Exp", "Identity"])), self.name)

    def residual(self) -> None:
        weight = self.graph.weight(self.channels, self.channels, 1, 1)
        self.name = self.graph.node("Add", self.name, self.graph.node("Conv", self.name, weight))

    def concat(self) -> None:
        other = self.graph.node("Mul", self.name, self.graph.weight(1, self.channels, 1, self.sizes[1], name=""))
        if self.channels * self.sizes[1] == 1:
            self.graph.nodes.pop()
            return
        self.name = self.graph.node("Concat", self.name, other, axis=1)
        self.channels *= 2

    def shuffle(self) -> None:
        order = self.graph.node("Transpose", self.name, perm=[0, 1, 3, 2])
        self.name, self.sizes = order, self.sizes[::-1]

    def enlarged(self) -> None:
        scales = self.graph.constant(np.array([1, 1, 2, 1], np.float32))
        self.name = self.graph.node("Resize", self.name, "", scales, coordinate_transformation_mode="asymmetric",
                                    nearest_mode="floor")  # fmt: skip
        self.sizes = [2 * self.sizes[0], self.sizes[1]]

    def end(self) -> None:
        """Positions may be averaged; then a linear layer over all that is left."""
        if self.draw(st.booleans()):
            self.name, self.sizes = self.graph.node("GlobalAveragePool", self.name), [1, 1]
        count = self.channels * self.sizes[0] * self.sizes[1]
        weight = self.graph.weight(count, 2)
        self.graph.node("Gemm", self.graph.node("Flatten", self.name), weight)


@st.composite
def chains(draw: st.DrawFn) -> Case:
    graph = Graph(draw(seeds))
    maps = Maps(draw, graph)
    for _ in range(draw(st.integers(1, 5))):
        maps.step()
    if draw(st.booleans()):
        maps.end()
    else:
        maps.convolution()
    return Case(graph)
