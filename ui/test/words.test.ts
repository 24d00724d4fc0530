/** Numbers and sentences as the page prints them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { beside, moved, withFilter } from "../src/moves";
import { count, exact, value } from "../src/numbers";
import { accessText, loopClauses, panelWords, sharedText, status, verdict } from "../src/words";
import type { State } from "../src/types";
import { record, stanford } from "./layers";

test("counts have their thousands, numbers the true minus", () => {
  assert.deepEqual(
    [count(105415200), count(2n ** 66n), count("-1234"), count(null)],
    ["105,415,200", "73,786,976,294,838,206,464", "−1,234", "?"],
  );
  assert.deepEqual(
    [value(-1), value(0.1234567), value(-0), value(1234567), value(0.5), value(1e-7, 2)],
    ["−1", "0.123", "0", "1.23e6", "0.5", "1.0e−7"],
  );
  assert.equal(exact(Math.fround(0.1)), "0.1");
});

test("a weight: its value, its uses, those on real input", () => {
  assert.equal(
    status(stanford(), { kind: "weight", p: 0, place: [0, 0, 1, 2] }, false),
    "w[0,0,1,2] = 1, pointed at: 9 uses, 6 on real input",
  );
  assert.equal(
    status(stanford(), { kind: "weight", p: 0, place: [0, 0, 0, 0] }, true),
    "w[0,0,0,0] = −1, selected: 9 uses, 4 on real input",
  );
  assert.equal(status(stanford(), { kind: "bias", place: [0] }, false), "b[0] = 1, pointed at: 9 uses");
});

test("a tie names the other layer", () => {
  const layer = stanford({}, 1, { ...record, tied_with: ["conv#2"] });
  assert.match(
    status(layer, { kind: "weight", p: 0, place: [0, 0, 1, 1] }, false),
    /: 9 uses, 9 on real input; conv#2 uses it too$/,
  );
});

test("a neuron and an input", () => {
  assert.equal(
    status(stanford(), { kind: "neuron", place: [0, 0, 0] }, false),
    "y[0,0,0] = 5, pointed at: uses 12 of 27, the others read padding",
  );
  assert.equal(status(stanford(), { kind: "neuron", place: [0, 1, 1] }, true), "y[0,1,1] = 9, selected: uses 27");
  assert.equal(
    status(stanford(), { kind: "input", place: [0, 1, 1] }, false),
    "x[0,1,1] = 1, pointed at: read 8 times",
  );
});

test("what the formula says, in words", () => {
  assert.deepEqual(loopClauses(record), [
    "Shared along p, q (position): w does not mention them.",
    "Weights of its own for each m (filter).",
    "Summed over c (channel), u, v (tap).",
  ]);
  assert.equal(sharedText(record), "shared along p, q");
  assert.equal(sharedText({ ...record, shared_along: { n: 1 } }), "nothing shared");
  assert.match(
    verdict(record),
    /^About slices, yes: y\[m, p, q\] uses w\[m, c, u, v\] for every p and q, because w does not mention p, q\./,
  );
  assert.equal(accessText("y[to[k], p] += w[of[m, c], u] * x[p + u]", "w"), "w[of[m, c], u]");
  assert.match(verdict({ ...record, shared_along: {} }), /^No: /);
  assert.equal(panelWords(stanford(), [0, 0, 0])[2], "a neuron is 27 uses, of 27 weights");
});

test("a layer knows its own weights", () => {
  const layer = stanford();
  assert.ok(layer.owns({ p: 0, place: [1, 2, 2, 2] }) && layer.owns({ p: 1, place: [1] }));
  assert.ok(!layer.owns({ p: 0, place: [2, 0, 0, 0] }) && !layer.owns({ p: 7, place: [0] }) && !layer.owns(undefined));
});

const at = (i: number[], more: Partial<State> = {}): State => ({
  layer: 0,
  view: "start",
  level: "weight",
  i,
  ...more,
});

test("arrows move along the last axes and stop at the border", () => {
  const layer = stanford();
  assert.deepEqual(moved(layer, at([0, 0, 0]), 0, 1), [0, 0, 1]);
  assert.deepEqual(moved(layer, at([0, 0, 0]), 1, 10), [0, 2, 0]);
  assert.equal(moved(layer, at([0, 0, 0]), 0, -1), null);
});

test("another filter takes i and j along; the pair beside i lies along a shared loop", () => {
  const layer = stanford();
  assert.deepEqual(withFilter(layer, at([0, 1, 2], { j: [0, 0, 1] }), { m: 1 }), { m: 1, i: [1, 1, 2], j: [1, 0, 1] });
  assert.deepEqual(withFilter(layer, at([0, 0, 0], { m: 0 }), { i: [1, 0, 0] }), { i: [1, 0, 0], m: 1 });
  assert.deepEqual(beside(layer), [0, 0, 1]);
});
