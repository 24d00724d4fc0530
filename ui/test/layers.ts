/** The stanford layer as the host answers it, from the numbers of the course's demo. */
import { Layer } from "../src/layer";
import type { LayerAnswer, LayerRecord, Line, ModelAnswer, RelationPayload } from "../src/types";
import { base64 } from "./payloads";

export const x = [
  2, 1, 1, 2, 0, 1, 1, 0, 2, 2, 2, 0, 0, 1, 1, 0, 2, 2, 0, 1, 1, 1, 1, 0, 2, 1, 0, 1, 0, 1, 1, 0, 0, 1, 2, 0, 2, 1, 2,
  2, 1, 2, 2, 1, 2, 0, 2, 1, 1, 2, 1, 2, 0, 0, 1, 1, 0, 2, 1, 0, 1, 2, 2, 0, 2, 1, 2, 1, 1, 2, 2, 1, 1, 0, 2,
];
export const w = [
  -1, 1, 0, 1, 1, 1, -1, 1, 0, -1, 1, 0, 1, 0, 0, 1, 1, 1, 0, 0, 1, 1, -1, 0, 0, 0, 0, 0, 0, 0, -1, 1, 0, 1, -1, 0, 0,
  0, -1, 0, -1, -1, 0, 0, 0, 1, -1, 0, -1, 1, -1, -1, 0, 0,
];
export const y = [5, 7, 5, 7, 9, 8, 4, 6, 4, -1, -2, -3, -2, -8, -1, -3, -2, 1];

export const floats = (shape: number[], data: number[]) => ({
  shape,
  dtype: "f4",
  data: Buffer.from(new Float32Array(data).buffer).toString("base64"),
});
const range = (size: number): number[] => Array.from({ length: size }, (_, k) => k);
const pairs = range(9).map((k) => [Math.floor(k / 3), k % 3] as const);
const spatial = (loops: string[]) => ({
  loops,
  rows: 9,
  columns: [base64(pairs.map(([p]) => p)), base64(pairs.map(([, u]) => u)), base64(pairs.map(([p, u]) => 2 * p + u))],
});
const plain = (loop: string, size: number) => ({ loops: [loop], rows: size, columns: [base64(range(size))] });
const one = (size: number, component: number, column: number, offset = 0) => ({
  offset,
  size,
  digits: [{ component, column, modulus: 0, low: 0 }],
});

const product: RelationPayload = {
  loops: { m: 2, c: 3, p: 3, u: 3, q: 3, v: 3 },
  accesses: [
    { tensor: "y", shape: [2, 3, 3], axes: [one(2, 0, 0), one(3, 2, 0), one(3, 3, 0)] },
    { tensor: "w", shape: [2, 3, 3, 3], axes: [one(2, 0, 0), one(3, 1, 0), one(3, 2, 1), one(3, 3, 1)] },
    { tensor: "x", shape: [3, 5, 5], axes: [one(3, 1, 0), one(5, 2, 2, -1), one(5, 3, 2, -1)] },
  ],
  components: [plain("m", 2), plain("c", 3), spatial(["p", "u"]), spatial(["q", "v"])],
};
const bias: RelationPayload = {
  loops: { m: 2, p: 3, q: 3 },
  accesses: [
    { tensor: "y", shape: [2, 3, 3], axes: [one(2, 0, 0), one(3, 1, 0), one(3, 2, 0)] },
    { tensor: "b", shape: [2], axes: [one(2, 0, 0)] },
  ],
  components: [plain("m", 2), plain("p", 3), plain("q", 3)],
};
const lines: Line[] = [
  { formula: "y[m, p, q] += w[m, c, u, v] * x[c, 2*p + u - 1, 2*q + v - 1]", parameter: "weight", relation: product },
  { formula: "y[m, p, q] += b[m]", parameter: "bias", relation: bias },
];
export const record: LayerRecord = {
  index: 0,
  name: "conv",
  kind: "conv",
  formulas: lines.map((line) => line.formula),
  shared_along: { n: 1, p: 3, q: 3 },
  distinct_along: { m: 2 },
  summed_along: { c: 3, u: 3, v: 3 },
  input_shape: [1, 3, 5, 5],
  output_shape: [1, 2, 3, 3],
  parameters: [
    { names: ["weight"], shape: [2, 3, 3, 3], storage: 0 },
    { names: ["bias"], shape: [2], storage: 1 },
  ],
  neurons: 18,
  connections: 486,
  real_connections: 384,
  weights: 54,
  biases: 2,
  uses_per_weight: { taps: 9, min: 4, max: 9 },
  dead_weights: 0,
  tied_with: [],
  opaque: null,
  roles: { m: "filter", c: "channel", u: "tap", v: "tap", p: "position", q: "position" },
  letters: { y: ["m", "p", "q"], x: ["c", "", ""], w: ["m", "c", "u", "v"] },
};
export const model: ModelAnswer = { name: "stanford", report: { layers: [record] }, views: [], levels: [] };

export function stanford(changes: Partial<LayerAnswer> = {}, scale = 1, reported: LayerRecord = record): Layer {
  const weights = w.map((n) => n * scale);
  const tensors = {
    x: floats([3, 5, 5], x),
    w: floats([2, 3, 3, 3], weights),
    b: floats([2], [1, 0]),
    y: floats([2, 3, 3], y),
  };
  return new Layer(reported, { index: 0, name: "conv", views: [], lines, tensors, ...changes }, model);
}
