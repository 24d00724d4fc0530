/** The ledger: one neuron's arithmetic from relation and tensors, two neurons side by side, sums true as printed. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { evaluate, explained, parts, rows } from "../src/ledger";
import { labelsOf, printed } from "../src/ledgercells";
import { record, stanford, w, x, y } from "./layers";

const all = new Set<string>();

test("neuron 0,0,0 ends in 5 and 0,0,1 in 7, with 27 products and the bias", () => {
  const layer = stanford();
  for (const [place, total] of [
    [[0, 0, 0], 5],
    [[0, 0, 1], 7],
    [[1, 1, 1], -8],
  ] as const) {
    const neuron = evaluate(layer, place)!;
    assert.equal(neuron.terms.length, 27);
    assert.equal(neuron.bias, place[0] === 0 ? 1 : 0);
    assert.equal(neuron.total, total);
    assert.equal(neuron.model, total);
  }
});

test("every neuron of the layer is the model's own value", () => {
  const layer = stanford();
  const found = [0, 1].flatMap((m) =>
    [0, 1, 2].flatMap((p) => [0, 1, 2].map((q) => evaluate(layer, [m, p, q])!.total)),
  );
  assert.deepEqual(found, y);
});

test("padding taps are there, and read 0", () => {
  const padding = evaluate(stanford(), [0, 0, 0])!.terms.filter((term) => term.x === null);
  assert.equal(padding.length, 15);
  assert.ok(padding.every((term) => term.input === 0 && term.product === 0));
});

test("two neurons of one slice share all their weights, two of different slices none", () => {
  const layer = stanford();
  const [i, j, other] = [evaluate(layer, [0, 0, 0])!, evaluate(layer, [0, 0, 1])!, evaluate(layer, [1, 0, 0])!];
  assert.equal(rows(i, j).length, 27);
  assert.ok(rows(i, j).every((row) => row.first!.key === row.second!.key));
  assert.equal(rows(i, other).length, 54);
  assert.equal(rows(i, other).filter((row) => row.first && row.second).length, 0);
});

test("the sum by channel reads 4 + 1 − 1 + 1 = 5", () => {
  const neuron = evaluate(stanford(), [0, 0, 0])!;
  const sum = printed(parts(neuron, all), neuron.total);
  assert.equal(`${sum.parts.map((part) => part.text).join(" ")} = ${sum.total}`, "4 + 1 − 1 + 1 = 5");
  assert.deepEqual(
    sum.parts.map((part) => part.label),
    ["ch 0", "ch 1", "ch 2", "bias"],
  );
});

test("with many channels the sum is what is shown and the rest", () => {
  const neuron = evaluate(stanford(), [0, 0, 0])!;
  const shown = new Set(neuron.terms.slice(0, 9).map((term) => term.key));
  assert.deepEqual(parts(neuron, shown, 2), [
    { label: "shown", value: 4 },
    { label: "other 18", value: 0 },
    { label: "bias", value: 1 },
  ]);
});

test("a printed sum is true as printed: what rounding took is a part of its own", () => {
  for (let k = 1; k < 300; k++) {
    const numbers = [Math.sin(k) * 10 ** ((k % 7) - 3), Math.sin(2 * k), Math.sin(3 * k) / 7, 1];
    const total = numbers.reduce((sum, number) => sum + number, 0);
    const sum = printed(
      numbers.map((value, at) => ({ label: `part ${at}`, value })),
      total,
    );
    const plain = (text: string): number => Number(text.replace(/−/g, "-").replace(/ /g, ""));
    const digits = (sum.total.split(".")[1] ?? "").length;
    const left = sum.parts.reduce((added, part) => added + Math.round(plain(part.text) * 10 ** digits), 0);
    assert.equal(left, Math.round(plain(sum.total) * 10 ** digits), JSON.stringify(sum));
  }
});

test("two sums have one order of labels, bias and rounding last", () => {
  const sum = (labels: string[]) => ({ parts: labels.map((label) => ({ label, text: "" })), total: "" });
  assert.deepEqual(labelsOf(sum(["ch 0", "bias"]), sum(["ch 0", "ch 1", "bias", "rounding"])), [
    "ch 0",
    "ch 1",
    "bias",
    "rounding",
  ]);
});

test("without tensors, or where a line is not the value, the page does not guess", () => {
  assert.equal(evaluate(stanford({ tensors: { x: null, w: null } }), [0, 0, 0]), null);
  const layer = stanford();
  const lines = layer.answer.lines.map((line, k) => (k === 0 ? { ...line, exact: false } : line));
  assert.equal(evaluate(stanford({ lines }), [0, 0, 0]), null);
});

test("the host's explanation makes the same ledger", () => {
  const layer = stanford();
  const own = evaluate(layer, [0, 0, 1])!;
  const terms = own.terms.map((term) => ({
    parameter: "weight",
    w: [...term.place],
    x: term.x && [...term.x],
    weight: term.weight,
    input: term.input,
    product: term.product,
  }));
  const answer = { layer: "conv", terms, bias: 1, total: 7, framework: 7, difference: 0, bound: 1e-5 };
  const asked = explained(layer, [0, 0, 1], answer);
  assert.deepEqual(asked.terms, own.terms);
  assert.deepEqual([asked.total, asked.model, asked.bound], [7, 7, 1e-5]);
});

test("the numbers of this test are those of the picture", () => {
  assert.deepEqual([x.length, w.length, y.length, record.weights], [75, 54, 18, 54]);
});
