/** The state and its hash: readable, both ways, and no hash can break it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { opening } from "../src/moves";
import { drawPath, fromRecord, hash, parse } from "../src/state";
import type { ModelAnswer, State } from "../src/types";

const full: State = {
  layer: 0,
  view: "start",
  level: "weight",
  i: [0, 0, 0],
  j: [0, 0, 1],
  w: { p: 0, place: [0, 0, 1, 2] },
  c: 0,
  m: 0,
};

test("a state reads as it is spoken of", () => {
  assert.equal(hash(full), "#layer=0&view=start&level=weight&i=0,0,0&j=0,0,1&w=0:0,0,1,2&c=0&m=0");
});

test("a hash gives back its state", () => {
  assert.deepEqual(parse(hash(full)), full);
  const named: State = { layer: 7, view: "matrix", level: "tap", window: "12-18,0-9 & more=1#", frames: 3 };
  assert.deepEqual(parse(hash(named)), named);
});

test("what cannot be understood is left out", () => {
  assert.deepEqual(parse("#layer=x&i=0,,1&w=3&c=1.5&view=%E0%A4%A&nonsense&=&j=-1,2"), {
    view: "%E0%A4%A",
    j: [-1, 2],
  });
  assert.deepEqual(parse(""), {});
});

test("Python may write places as lists and a weight as text or as a record", () => {
  assert.deepEqual(fromRecord({ i: [0, 1], w: "2:3,4" }), { i: [0, 1], w: { p: 2, place: [3, 4] } });
  assert.deepEqual(fromRecord({ w: { p: 2, place: [3, 4] } }), { w: { p: 2, place: [3, 4] } });
});

test("a drawing is asked for by its state, what is open left out", () => {
  assert.equal(drawPath(full, "volume"), "draw/0/volume/weight?i=0,0,0&j=0,0,1&w=0:0,0,1,2&c=0&m=0");
  assert.equal(drawPath({ layer: 3, view: "bank", level: "filter" }, "bank"), "draw/3/bank/filter");
});

const model = {
  name: "m",
  report: { layers: [] },
  views: ["connections", "arithmetic", "volume", "bank"].map((name) => ({ name, title: name })),
  levels: ["weight", "filter"],
  first: { layer: 0, view: "start", level: "weight", i: [0, 0, 0], j: [0, 0, 1], w: "0:0,0,1,2" },
} as unknown as ModelAnswer;

test("an empty hash opens the model's first story", () => {
  assert.deepEqual(opening(model, {}), {
    layer: 0,
    view: "start",
    level: "weight",
    i: [0, 0, 0],
    j: [0, 0, 1],
    w: { p: 0, place: [0, 0, 1, 2] },
  });
});

test("a hash that names a neuron is not given the story's other selections", () => {
  const state = opening(model, parse("#layer=0&view=bank&i=1,2,2"));
  assert.deepEqual(
    [state.view, state.level, state.i, state.j, state.w],
    ["bank", "weight", [1, 2, 2], undefined, undefined],
  );
});

test("a view that is not offered gives way to the first one that is", () => {
  assert.equal(opening(model, { view: "nowhere" }).view, "start");
  const few = { ...model, views: [{ name: "bank", title: "bank" }] };
  assert.equal(opening(few, {}).view, "bank");
});

test("another layer is not opened at the story's places", () => {
  assert.deepEqual(opening(model, { layer: 4 }), { layer: 4, view: "start", level: "weight" });
});
