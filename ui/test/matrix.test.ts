/** The matrix pixel by pixel: counts, ink and colours as Python has them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { codes, weightsAt, type Named } from "../src/codes";
import { Dense, type Layout } from "../src/dense";
import { connectionsUnder, evenly, fullInk, ink, wholeBlocks } from "../src/ink";
import { clamped, read, showing, whole, written, zoomed, type Viewport } from "../src/matrixview";
import type { RelationPayload } from "../src/types";
import matrices from "./matrix.json";

interface View {
  layout: Layout;
  cuts: [number[], number[]];
  counts: number[];
  ink: string;
  shape: [number[], number[]];
  blocks: [number[], number[]];
  full: number;
  minimap: string;
  places: [number[], number[]];
  identities: Named[];
  codes: string;
  weights: number[];
}
interface Matrix {
  name: string;
  payload: RelationPayload;
  views: View[];
}

const bytes = (text: string): number[] => [...Buffer.from(text, "base64")];

for (const { name, payload, views } of matrices as unknown as Matrix[])
  views.forEach((view, order) => {
    const title = `${name}, ${order ? "axes in another order" : "axes in order"}`;
    const matrix = new Dense(payload, view.layout);
    test(`connections under pixels: ${title}`, () => {
      const counts: number[] = [];
      connectionsUnder(matrix, ...view.cuts, (_, row) => counts.push(...row));
      assert.deepEqual(counts, view.counts);
      assert.deepEqual([...ink(matrix, ...view.cuts)], bytes(view.ink));
    });
    test(`minimap: ${title}`, () => {
      const blocks = [wholeBlocks(view.shape[0], 20), wholeBlocks(view.shape[1], 24)] as const;
      assert.deepEqual(
        blocks.map((one) => [...one]),
        view.blocks,
      );
      const { values, full } = fullInk(matrix, ...blocks);
      assert.equal(full, view.full);
      assert.deepEqual([...values], bytes(view.minimap));
    });
    test(`colours of entries: ${title}`, () =>
      assert.deepEqual([...codes(matrix, ...view.places, view.identities)], bytes(view.codes)));
    test(`weights of entries: ${title}`, () => {
      const [rows, columns] = view.places.map((places) => places.slice(0, 8)) as [number[], number[]];
      assert.deepEqual([...weightsAt(matrix, rows, columns, 1)], view.weights);
    });
  });

test("pixels cover whole rows, from the first to the last", () => {
  assert.deepEqual([...evenly(1, 1.5, 4, 6)], [1, 2, 4, 5, 6]);
  assert.deepEqual([...wholeBlocks([3, 4, 5], 7)], [0, 10, 20, 30, 40, 50, 60]);
});

const total = { y: 290_400, x: 154_587 };
const pixels = { y: 480, x: 800 };

test("zooming in ends in square entries, and out again in the whole", () => {
  let view: Viewport = whole(total, pixels);
  for (let n = 0; n < 60; n++) view = zoomed(view, total, pixels, 1.3, { y: 100, x: 300 });
  assert.equal(view.y.per, 1 / 64);
  assert.equal(view.x.per, view.y.per);
  for (let n = 0; n < 60; n++) view = zoomed(view, total, pixels, 1 / 1.3, { y: 100, x: 300 });
  for (const key of ["y", "x"] as const) {
    assert.ok(Math.abs(view[key].per / whole(total, pixels)[key].per - 1) < 1e-9);
    assert.equal(Math.round(view[key].low), 0);
  }
});

test("both sides reach one entry a pixel together, and the point stays where it is", () => {
  let view = whole(total, pixels);
  const at = { y: 200, x: 500 };
  const entry = { y: at.y * view.y.per, x: at.x * view.x.per };
  while (Math.max(view.y.per, view.x.per) > 1.05) {
    view = zoomed(view, total, pixels, 1.05, at);
    assert.ok(Math.abs(view.y.low + at.y * view.y.per - entry.y) < 1e-6);
    assert.ok(Math.abs(view.x.low + at.x * view.x.per - entry.x) < 1e-6);
  }
  assert.ok(Math.min(view.y.per, view.x.per) > 0.95);
});

test("no move leaves the matrix, and an address names what it was written for", () => {
  const start = clamped({ y: { low: -50, per: 2 }, x: { low: 154_000, per: 3 } }, total, pixels);
  assert.deepEqual(start, { y: { low: 0, per: 2 }, x: { low: total.x - 2400, per: 3 } });
  const text = written(start, total, pixels);
  assert.equal(text, "0:960,152187:154587");
  assert.deepEqual(read(text, total, pixels), start);
  for (const wrong of ["", "0:0,0:1", "5:3,0:1", "0:1,0:999999", "a:b,c:d", "0:1"])
    assert.equal(read(wrong, total, pixels), null, wrong);
});

test("an entry is brought into sight, and one in sight moves nothing", () => {
  const view: Viewport = { y: { low: 0, per: 1 / 16 }, x: { low: 0, per: 1 / 16 } };
  assert.deepEqual(showing(view, total, pixels, { y: 10, x: 10 }), view);
  const moved = showing(view, total, pixels, { y: 1000, x: 52 });
  assert.ok(moved.y.low <= 1000 && moved.y.low + pixels.y / 16 >= 1001);
  assert.ok(moved.x.low > 0 && moved.x.low + pixels.x / 16 >= 53 && moved.x.low < 10);
});
