/** Changed numbers: read from an address, written to one, taken back. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { editKey, editsOf, editText, undone, withEdit } from "../src/edits";
import { evaluate } from "../src/ledger";
import { stanford } from "./layers";

test("edits are read and written as they are", () => {
  const text = "w:0:0,0,1,2=4;x:0:1,1,1=-0.5";
  assert.equal(editText(editsOf(text)), text);
  assert.deepEqual([...editsOf("w:0:a=1;w:0:1=;nonsense;x:2=5;x:1:2=3e-7")], [["x:1:2", 3e-7]]);
  assert.equal(editText(editsOf(undefined)), undefined);
});

test("the stored number again is no edit, and undo takes the newest back", () => {
  const first = withEdit(editsOf(""), "w:0:0,0,1,2", 4, 1);
  const second = withEdit(first, "x:0:0,0,0", 9, 0);
  assert.deepEqual([...undone(second)], [...first]);
  assert.equal(withEdit(first, "w:0:0,0,1,2", 1, 1).size, 0);
});

test("only a weight and an input have a key", () => {
  assert.equal(editKey({ kind: "weight", p: 3, place: [1, 2] }, 4), "w:3:1,2");
  assert.equal(editKey({ kind: "input", place: [0] }, 4), "x:4:0");
  assert.equal(editKey({ kind: "neuron", place: [0] }, 4), null);
});

test("every neuron that uses a changed weight has another total, and no other one", () => {
  const layer = stanford();
  const before = new Map(places().map((place) => [place.join(), evaluate(layer, place)!.total]));
  layer.edits = editsOf(`w:${layer.lines[0]!.p}:0,0,1,2=4`);
  const reached = layer.editedOutputs(1000);
  assert.equal(reached.size, 9);
  for (const place of places()) {
    const neuron = evaluate(layer, place)!;
    const use = neuron.terms.find((term) => term.place.join() === "0,0,1,2");
    assert.equal(neuron.total, before.get(place.join())! + (use ? 3 * use.input : 0));
    assert.equal(reached.has(place.join()), use !== undefined);
  }
  assert.equal(layer.editedOutputs(5).size, 0, "too many to be followed: none is");
});

const places = (): number[][] =>
  [0, 1].flatMap((m) => [0, 1, 2].flatMap((p) => [0, 1, 2].map((q) => [m, p, q])));
