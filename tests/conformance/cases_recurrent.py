"""LSTM, GRU and RNN in random configurations."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from tests.conformance.cases_windows import seeds, small
from tests.conformance.graphs import Case, Graph
from tests.conformance.recurrence import GATES, Recurrence


def recurrent_graph(kind: str, time: int, batch: int, hidden: int) -> Graph:
    """A layer of three inputs and one direction, time first."""
    graph = Graph(1, 14)
    rows = GATES[kind] * hidden
    graph.node(kind, graph.input(time, batch, 3), graph.weight(1, rows, 3), graph.weight(1, rows, hidden),
               graph.weight(1, 2 * rows), hidden_size=hidden, outputs=2)  # fmt: skip
    return graph


@st.composite
def recurrent(draw: st.DrawFn, kind: str) -> Case:
    graph, direction = Graph(draw(seeds), 14), draw(st.sampled_from(["forward", "reverse", "bidirectional"]))
    time, batch, inputs, hidden = draw(small), draw(small), draw(small), draw(small)
    count, rows, first = 1 + (direction == "bidirectional"), GATES[kind] * hidden, draw(st.booleans())
    begin, bias = draw(st.booleans()), draw(st.booleans())
    end = (batch, count, hidden) if first else (count, batch, hidden)
    names = {"x": graph.input(*((batch, time) if first else (time, batch)), inputs),
             "w": graph.weight(count, rows, inputs), "r": graph.weight(count, rows, hidden),
             "b": graph.weight(count, 2 * rows) if bias else "",
             "h0": graph.input(*end, name="h0") if begin else ""}  # fmt: skip
    attributes: dict[str, Any] = {"direction": direction, "hidden_size": hidden, "layout": int(first)}
    if not first and draw(st.booleans()):
        del attributes["layout"]
    if kind == "LSTM":
        names["c0"] = graph.input(*end, name="c0") if begin and draw(st.booleans()) else ""
        names["p"] = graph.weight(count, 3 * hidden) if draw(st.booleans()) else ""
        attributes["input_forget"] = draw(st.integers(0, 1))
    if kind == "GRU":
        attributes["linear_before_reset"] = draw(st.integers(0, 1))
    order = [names[key] for key in "xwrb"] + [""] + [names.get(key, "") for key in ("h0", "c0", "p")]
    while not order[-1]:
        order.pop()
    graph.node(kind, *order, outputs=3 if kind == "LSTM" else 2, **attributes)
    run = Recurrence(kind, direction, names, first, bool(attributes.get("linear_before_reset")),
                     bool(attributes.get("input_forget")))  # fmt: skip
    return Case(graph, rows=run, plain=first, runs=not first)
