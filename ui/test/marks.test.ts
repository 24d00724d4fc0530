/** Which marks are outlined: keys that agree, and only those. The elements are stand-ins with attributes. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { identities } from "../src/members";
import { Marks, targetOf, type Mark } from "../src/marks";
import type { Target } from "../src/types";
import { stanford } from "./layers";

class Stand {
  constructor(
    readonly name: string,
    private readonly attributes: Record<string, string>,
  ) {}
  getAttribute(key: string): string | null {
    return this.attributes[key] ?? null;
  }
}

const drawn = {
  "edge of i": { "data-layer": "0", "data-y": "0,0,0", "data-x": "0,0,1", "data-w": "0,0,1,2", "data-p": "0" },
  "edge of j": { "data-layer": "0", "data-y": "0,0,1", "data-x": "0,0,3", "data-w": "0,0,1,2", "data-p": "0" },
  "port of i": { "data-layer": "0", "data-y": "0,0,0", "data-w": "0,0,1,2", "data-p": "0" },
  "port of j": { "data-layer": "0", "data-y": "0,0,1", "data-w": "0,0,1,2", "data-p": "0" },
  "kernel cell": { "data-layer": "0", "data-w": "0,0,1,2", "data-p": "0", "data-id": "weight:0:0,0,1,2" },
  "other filter's cell": { "data-layer": "0", "data-w": "1,0,1,2", "data-p": "0" },
  "same place, other parameter": { "data-layer": "1", "data-w": "0,0,1,2", "data-p": "7" },
  "same weight, other layer": { "data-layer": "1", "data-w": "0,0,1,2", "data-p": "0" },
  "input both read": { "data-layer": "0", "data-x": "0,0,1" },
  "input of another channel's row": { "data-layer": "0", "data-x": "0,4,4" },
  "neuron i": { "data-layer": "0", "data-y": "0,0,0" },
  "neuron j": { "data-layer": "0", "data-y": "0,0,1" },
  "neuron of another layer": { "data-layer": "1", "data-y": "0,0,0" },
  "a block of two weights": { "data-layer": "0", "data-w": "0,0,1,1 0,0,1,2", "data-p": "0" },
  "bias cell": { "data-layer": "0", "data-b": "0" },
};

function lit(target: Target): string[] {
  const stands = Object.entries(drawn).map(([name, attributes]) => new Stand(name, attributes));
  const marks = new Marks({ querySelectorAll: () => stands } as unknown as Element);
  const layer = stanford();
  const has = (mark: Mark): boolean => target.kind === "identity" && identities(layer, target.id.split(":")[0]!, mark).includes(target.id);
  const found = marks.lit(target, layer.reached(target), "0", has);
  return found.map((mark: Mark) => (mark.element as unknown as Stand).name).sort();
}

test("a weight: every mark that names it, wherever it stands, and no other parameter's", () => {
  assert.deepEqual(lit({ kind: "weight", p: 0, place: [0, 0, 1, 2] }), [
    "a block of two weights",
    "edge of i",
    "edge of j",
    "kernel cell",
    "port of i",
    "port of j",
    "same weight, other layer",
  ]);
});

test("a neuron: itself, its inputs and weights, not its neighbour's edges with the same weight", () => {
  assert.deepEqual(lit({ kind: "neuron", place: [0, 0, 0] }), [
    "a block of two weights",
    "bias cell",
    "edge of i",
    "input both read",
    "kernel cell",
    "neuron i",
    "port of i",
  ]);
});

test("an input: what it reaches, and the weight only where it is read through it", () => {
  assert.deepEqual(lit({ kind: "input", place: [0, 0, 1] }), [
    "a block of two weights",
    "edge of i",
    "input both read",
    "kernel cell",
    "neuron i",
    "neuron j",
    "other filter's cell",
    "port of i",
  ]);
});

test("a neuron of another layer is itself alone", () => {
  assert.deepEqual(lit({ kind: "neuron", place: [0, 0, 0], layer: "1" }), ["neuron of another layer"]);
});

test("an identity: every mark of it; a bias: its cell", () => {
  assert.deepEqual(lit({ kind: "identity", id: "weight:0:0,0,1,2" }), ["kernel cell"]);
  assert.deepEqual(lit({ kind: "bias", place: [0] }), ["bias cell"]);
});

test("what a mark means: its weight first, then its neuron, its input, its identity", () => {
  const mark = (attributes: Partial<Mark>): Mark => ({
    element: null as never,
    layer: "",
    p: -1,
    y: [],
    x: [],
    w: [],
    b: [],
    id: "",
    ...attributes,
  });
  assert.deepEqual(targetOf(mark({ p: 3, w: ["0,1"], y: ["2"], x: ["4"] })), { kind: "weight", p: 3, place: [0, 1] });
  assert.deepEqual(targetOf(mark({ p: 3, w: ["0,1", "0,2"], y: ["2"] })), {
    kind: "neuron",
    place: [2],
    layer: undefined,
  });
  assert.deepEqual(targetOf(mark({ x: ["4,5"] })), { kind: "input", place: [4, 5], layer: undefined });
  assert.deepEqual(targetOf(mark({ id: "filter:1" })), { kind: "identity", id: "filter:1" });
  assert.equal(targetOf(mark({ y: ["1", "2"] })), null);
});
