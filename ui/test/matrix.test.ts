/** The matrix pixel by pixel: counts, ink and colours as Python has them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { codes, type Named } from "../src/codes";
import { Dense, type Layout } from "../src/dense";
import { connectionsUnder, evenly, fullInk, ink, wholeBlocks } from "../src/ink";
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
      assert.deepEqual(blocks.map((one) => [...one]), view.blocks);
      assert.equal(fullInk(matrix, ...blocks), view.full);
      assert.deepEqual([...ink(matrix, ...blocks, view.full)], bytes(view.minimap));
    });
    test(`colours of entries: ${title}`, () =>
      assert.deepEqual([...codes(matrix, ...view.places, view.identities)], bytes(view.codes)));
  });

test("pixels cover whole rows, from the first to the last", () => {
  assert.deepEqual([...evenly(1, 1.5, 4, 6)], [1, 2, 4, 5, 6]);
  assert.deepEqual([...wholeBlocks([3, 4, 5], 7)], [0, 10, 20, 30, 40, 50, 60]);
});
