/** Payloads written by hand, and the taps they stand for by brute force. */
import type { Axis, Place, RelationPayload } from "../src/types";

export const base64 = (numbers: number[]): string => Buffer.from(new Int32Array(numbers).buffer).toString("base64");
const component = (loops: string[], columns: number[][]) => ({
  loops,
  rows: columns[0]!.length,
  columns: columns.map(base64),
});
const axis = (
  size: number,
  offset: number,
  ...digits: [component: number, column: number, modulus?: number, low?: number][]
): Axis => ({
  size,
  offset,
  digits: digits.map(([k, column, modulus = 0, low = 0]) => ({ component: k, column, modulus, low })),
});
const access = (tensor: string, ...axes: Axis[]) => ({ tensor, shape: axes.map(({ size }) => size), axes });
const range = (size: number): number[] => Array.from({ length: size }, (_, k) => k);
const pairs = (a: number, b: number): [number, number][] =>
  range(a).flatMap((p) => range(b).map((u): [number, number] => [p, u]));

/** y[m, p] += w[m, c, u] * x[c, 2*p + u - 1] with m < 2, c < 3, p < 3, u < 3 and x of 5: the first tap of p = 0 and the last of p = 2 read padding. */
export const strided: RelationPayload = {
  loops: { m: 2, c: 3, p: 3, u: 3 },
  accesses: [
    access("y", axis(2, 0, [0, 0]), axis(3, 0, [2, 0])),
    access("w", axis(2, 0, [0, 0]), axis(3, 0, [1, 0]), axis(3, 0, [2, 1])),
    access("x", axis(3, 0, [1, 0]), axis(5, -1, [2, 2])),
  ],
  components: [
    component(["m"], [range(2)]),
    component(["c"], [range(3)]),
    component(
      ["p", "u"],
      [pairs(3, 3).map(([p]) => p), pairs(3, 3).map(([, u]) => u), pairs(3, 3).map(([p, u]) => 2 * p + u)],
    ),
  ],
};
export function stridedTaps(): (Place | null)[][] {
  const taps: (Place | null)[][] = [];
  for (const m of range(2))
    for (const c of range(3))
      for (const [p, u] of pairs(3, 3)) {
        const x = 2 * p + u - 1;
        taps.push([[m, p], [m, c, u], x >= 0 && x < 5 ? [c, x] : null]);
      }
  return taps;
}

/** y[3*g + m, p] += w[3*g + m, c] * x[2*g + c, p] with g < 2, m < 3, c < 2, p < 2: two axes of digits that share a component. */
export const grouped: RelationPayload = {
  loops: { g: 2, m: 3, c: 2, p: 2 },
  accesses: [
    access("y", axis(6, 0, [0, 0, 3, 0], [1, 0]), axis(2, 0, [3, 0])),
    access("w", axis(6, 0, [0, 0, 3, 0], [1, 0]), axis(2, 0, [2, 0])),
    access("x", axis(4, 0, [0, 1, 2, 0], [2, 0]), axis(2, 0, [3, 0])),
  ],
  components: [
    component(
      ["g"],
      [
        [0, 3],
        [0, 2],
      ],
    ),
    component(["m"], [range(3)]),
    component(["c"], [range(2)]),
    component(["p"], [range(2)]),
  ],
};
export function groupedTaps(): Place[][] {
  const taps: Place[][] = [];
  for (const [g, m] of pairs(2, 3))
    for (const [c, p] of pairs(2, 2))
      taps.push([
        [3 * g + m, p],
        [3 * g + m, c],
        [2 * g + c, p],
      ]);
  return taps;
}

/** y[t] += w[u] * x[t - u] with t, u < size: a causal convolution, its one component never written out. `guard`: only 0 <= t - u < guard. */
export function causal(size: number, guard?: number): RelationPayload {
  return {
    loops: { t: size, u: size },
    accesses: [
      access("y", axis(size, 0, [0, 0])),
      access("w", axis(size, 0, [0, 1])),
      access("x", axis(size, 0, [0, 2])),
    ],
    components: [
      {
        lazy: {
          loops: ["t", "u"],
          sizes: [size, size],
          solve: 1,
          columns: [{ coefficients: [1, 0] }, { coefficients: [0, 1] }, { coefficients: [1, -1] }],
          bounds: guard === undefined ? [] : [{ coefficients: [1, -1], low: 0, high: guard }],
        },
      },
    ],
  };
}
export function causalTaps(size: number, guard?: number): (Place | null)[][] {
  return pairs(size, size)
    .filter(([t, u]) => guard === undefined || (t - u >= 0 && t - u < guard))
    .map(([t, u]) => [[t], [u], t - u >= 0 ? [t - u] : null]);
}

/** y[p] += w[u, 0] * x[2*p + 3*u - 2, 4] with p < 4, u < 3, lazy with steps other than one, and constant axes. */
export const steps: RelationPayload = {
  loops: { p: 4, u: 3 },
  accesses: [
    access("y", axis(4, 0, [0, 0])),
    access("w", axis(3, 0, [0, 1]), axis(1, 0)),
    access("x", axis(9, -2, [0, 2]), axis(5, 4)),
  ],
  components: [
    {
      lazy: {
        loops: ["p", "u"],
        sizes: [4, 3],
        solve: 0,
        columns: [{ coefficients: [1, 0] }, { coefficients: [0, 1] }, { coefficients: [2, 3] }],
        bounds: [{ coefficients: [-1, 1], low: -2, high: 2 }],
      },
    },
  ],
};
export function stepsTaps(): (Place | null)[][] {
  return pairs(4, 3)
    .filter(([p, u]) => u - p >= -2 && u - p < 2)
    .map(([p, u]) => {
      const x = 2 * p + 3 * u - 2;
      return [[p], [u, 0], x >= 0 && x < 9 ? [x, 4] : null];
    });
}
