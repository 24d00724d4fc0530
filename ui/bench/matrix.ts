/** Times of one picture of a matrix, 1600x900: exact ink of the whole, and colours at one entry a pixel. */
import { readFileSync } from "node:fs";
import { codes } from "../src/codes";
import { Dense } from "../src/dense";
import { evenly, ink } from "../src/ink";
import type { RelationPayload } from "../src/types";

const payload = JSON.parse(readFileSync(process.argv[2]!, "utf8")) as RelationPayload;
const [rows, columns] = [900, 1600];
const order = (access: number): number[] => payload.accesses[access]!.axes.map((_, axis) => axis);
const matrix = new Dense(payload, { rows: order(0), access: 2, columns: order(2) });
const taps = Array.from({ length: 9 }, (_, tap) => ({
  access: 1,
  axes: [0, 1, 2, 3],
  place: [0, 0, Math.floor(tap / 3), tap % 3],
}));
const along = (count: number): Float64Array => Float64Array.from({ length: count }, (_, n) => n);

function median(work: () => void): number {
  work();
  const times = Array.from({ length: 9 }, () => {
    const start = performance.now();
    work();
    return performance.now() - start;
  });
  return times.sort((a, b) => a - b)[4]!;
}

const exact = median(() => {
  const [down, across] = [matrix.rows.total, matrix.columns.total];
  ink(matrix, evenly(0, down / rows, rows, down), evenly(0, across / columns, columns, across));
});
const sampled = median(() => codes(matrix, along(rows), along(columns), taps));
console.log(JSON.stringify({ exact, sampled }));
