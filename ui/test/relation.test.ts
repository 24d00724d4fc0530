/** The evaluator against brute force: every access fixed at every place, counts against lists. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Relation, type Tap } from "../src/relation";
import type { Place, RelationPayload } from "../src/types";
import { causal, causalTaps, grouped, groupedTaps, steps, stepsTaps, strided, stridedTaps } from "./payloads";
import vectors from "./vectors.json";

const text = (taps: readonly Tap[]): string[] => taps.map((tap) => JSON.stringify(tap)).sort();
const isReal = (tap: Tap): boolean => tap.every((place) => place !== null);

function places(shape: readonly number[]): Place[] {
  return shape.reduce<Place[]>(
    (known, size) => known.flatMap((place) => Array.from({ length: size }, (_, k) => [...place, k])),
    [[]],
  );
}

function agrees(payload: RelationPayload, expected: readonly Tap[]): void {
  const relation = new Relation(payload);
  const all = relation.everything();
  assert.equal(all.total, BigInt(expected.length));
  assert.equal(all.real, BigInt(expected.filter(isReal).length));
  assert.deepEqual(text(all.list()), text(expected));
  payload.accesses.forEach((access, number) => {
    for (const place of places(access.shape)) {
      const wanted = expected.filter((tap) => JSON.stringify(tap[number]) === JSON.stringify(place));
      const taps = relation.fix(number, place);
      assert.equal(taps.total, BigInt(wanted.length), `${access.tensor}[${place}]`);
      assert.equal(taps.real, BigInt(wanted.filter(isReal).length), `${access.tensor}[${place}] on real input`);
      assert.deepEqual(text(taps.list()), text(wanted), `${access.tensor}[${place}]`);
    }
  });
}

test("a strided convolution with padding", () => agrees(strided, stridedTaps()));
test("groups as digits of one axis", () => agrees(grouped, groupedTaps()));
test("a lazy component equals its table", () => agrees(causal(7), causalTaps(7)));
test("a lazy component with a guard", () => agrees(causal(7, 3), causalTaps(7, 3)));
test("a lazy component with steps, a bound and constant axes", () => agrees(steps, stepsTaps()));

test("the neuron at the border reads padding where its block overhangs", () => {
  const taps = new Relation(strided).fix(0, [0, 0]);
  assert.equal(taps.total, 9n);
  assert.equal(taps.real, 6n);
  assert.deepEqual(taps.list(0, 1), [[[0, 0], [0, 0, 0], null]]);
});

test("a page of a list is that part of the list", () => {
  const all = new Relation(strided).everything();
  assert.deepEqual(all.list(10, 20), all.list().slice(10, 20));
  assert.deepEqual(all.list(50, 99), all.list().slice(50));
});

test("a place outside has no taps", () => {
  const relation = new Relation(strided);
  assert.equal(relation.fix(0, [2, 0]).total, 0n);
  assert.equal(relation.fix(1, [0, 0, 3]).total, 0n);
  assert.equal(relation.fix(0, [0]).total, 0n);
  assert.equal(new Relation(steps).fix(1, [0, 1]).total, 0n);
  assert.deepEqual(relation.fix(0, [2, 0]).list(), []);
});

test("a causal convolution of 65,536 steps answers at once and exactly", () => {
  const start = performance.now();
  const relation = new Relation(causal(65536));
  assert.equal(relation.everything().total, 65536n * 65536n);
  const weight = relation.fix(1, [65000]);
  assert.equal(weight.total, 65536n);
  assert.equal(weight.real, 536n);
  const neuron = relation.fix(0, [1000]);
  assert.equal(neuron.total, 65536n);
  assert.equal(neuron.real, 1001n);
  assert.deepEqual(neuron.list(999, 1002), [
    [[1000], [999], [1]],
    [[1000], [1000], [0]],
    [[1000], [1001], null],
  ]);
  assert.equal(relation.fix(2, [65535]).total, 1n);
  assert.ok(performance.now() - start < 3000, `took ${performance.now() - start} ms`);
});

test("counts past 2^53 are exact", () => {
  const many = {
    ...strided,
    accesses: strided.accesses.map((access) => ({ ...access })),
    components: [...strided.components],
  };
  const size = 2 ** 21;
  const loop = { lazy: { loops: ["n"], sizes: [size], solve: 0, columns: [{ coefficients: [1] }], bounds: [] } };
  many.components.push(loop, loop, loop);
  assert.equal(new Relation(many).everything().total, 54n * 2n ** 63n);
});

interface Vector {
  name: string;
  payload: RelationPayload;
  total: number;
  real: number;
  fixes: { access: number; place: number[]; total: number; real: number; taps: Tap[] }[];
}

for (const vector of vectors as unknown as Vector[])
  test(`as Python has it: ${vector.name}`, () => {
    const relation = new Relation(vector.payload);
    assert.equal(relation.everything().total, BigInt(vector.total));
    assert.equal(relation.everything().real, BigInt(vector.real));
    for (const fix of vector.fixes) {
      const taps = relation.fix(fix.access, fix.place);
      assert.equal(taps.total, BigInt(fix.total), `${fix.access} at ${fix.place}`);
      assert.equal(taps.real, BigInt(fix.real), `${fix.access} at ${fix.place}, real`);
      assert.deepEqual(text(taps.list()), text(fix.taps), `${fix.access} at ${fix.place}`);
    }
  });
