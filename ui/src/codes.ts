/**
 * What stands at each entry of a part of the dense matrix: nothing, a weight, or a coloured identity. No tap is listed.
 *
 * Each table says for a pair of its keys which identities all its rows agree with, as bits; the tables' bits together
 * say it of the entry.
 */
import { keysOf, narrowed, type Dense, type Key, type Runs, type Side } from "./dense";
import { after } from "./ink";
import type { Place } from "./types";

/** An identity as the relation has it: the place that some axes of an access have. */
export interface Named {
  access: number;
  axes: readonly number[];
  place: Place;
}

const THERE = 1 << 30;
const SLOTS = THERE - 1;

/** One byte for each of some rows and columns: 0 a fixed zero, 1 a weight that is not coloured, 2 + n the n-th. */
export function codes(
  matrix: Dense,
  rows: ArrayLike<number>,
  columns: ArrayLike<number>,
  identities: readonly Named[],
): Uint8Array {
  const found = new Uint8Array(rows.length * columns.length);
  const down = placed(matrix.rows, matrix.rowKeys, rows);
  const across = placed(matrix.columns, matrix.columnKeys, columns);
  const wanted = identities.map((one) => wantedOf(matrix, one));
  const tables = matrix.parts.map((part, place) => {
    const [ys, xs] = [distinct(down.keys[place]!), distinct(across.keys[place]!)];
    const slots = wanted.map((one) => one && one[place]!);
    const bits = agreed(part, matrix.rowKeys[place]!, matrix.columnKeys[place]!, ys.values, xs.values, slots);
    return { bits, wide: xs.values.length, row: ys.which, column: xs.which };
  });
  const moving = tables.filter(({ wide }) => wide > 1);
  const still = tables.filter(({ wide }) => wide === 1);
  const line = new Int32Array(columns.length);
  const every = wanted.reduce((bits, one, number) => (one ? bits | (1 << number) : bits), THERE);
  for (let row = 0; row < rows.length; row++) {
    let bits = down.has[row] ? every : 0;
    for (const table of still) bits &= table.bits[table.row[row]!]!;
    if (bits === 0) continue;
    for (let n = 0; n < line.length; n++) line[n] = across.has[n] ? bits : 0;
    for (const { bits: table, wide, row: which, column } of moving) {
      const from = which[row]! * wide;
      for (let n = 0; n < line.length; n++) line[n]! &= table[from + column[n]!]!;
    }
    const out = row * line.length;
    for (let n = 0; n < line.length; n++)
      if (line[n] !== 0) found[out + n] = 33 - Math.clz32(line[n]! & SLOTS);
  }
  return found;
}

/** Each table's key of some rows, and which rows any table has. */
function placed(side: Side, keys: readonly Key[], flat: ArrayLike<number>): { keys: Float64Array[]; has: Uint8Array } {
  const found = keys.map(() => new Float64Array(flat.length));
  const has = new Uint8Array(flat.length).fill(1);
  const used = keys.map(() => 0);
  const indices = side.indices(flat);
  side.axes.forEach((axis, k) => {
    const index = indices[k]!;
    if (axis.digits.length === 0) for (let n = 0; n < has.length; n++) has[n]! &= index[n] === axis.offset ? 1 : 0;
    for (const { component, values } of side.decode(axis, index)) {
      const place = used[component]!++;
      const [size, low] = [keys[component]!.sizes[place]!, keys[component]!.lows[place]!];
      const own = found[component]!;
      for (let n = 0; n < has.length; n++) {
        const at = values[n]! - low;
        if (at < 0 || at >= size) has[n] = 0;
        own[n] = own[n]! * size + Math.min(Math.max(at, 0), Math.max(size - 1, 0));
      }
    }
  });
  return { keys: found, has };
}

function distinct(numbers: Float64Array): { values: Float64Array; which: Int32Array } {
  const values = Float64Array.from(new Set(numbers)).sort();
  return { values, which: Int32Array.from(numbers, (number) => after(values, number) - 1) };
}

/** What the columns of each table must be for an identity; null where no tap has it. */
function wantedOf(matrix: Dense, { access, axes, place }: Named): Map<number, number>[] | null {
  const found = matrix.parts.map(() => new Map<number, number>());
  let possible = true;
  axes.forEach((number, k) => {
    const axis = matrix.payload.accesses[access]!.axes[number]!;
    const index = Float64Array.of(place[k]!);
    possible &&= axis.digits.length > 0 || axis.offset === place[k];
    matrix.rows.decode(axis, index).forEach(({ component, values }, n) => {
      const { column } = axis.digits[n]!;
      possible &&= (found[component]!.get(column) ?? values[0]) === values[0];
      found[component]!.set(column, values[0]!);
    });
  });
  return possible ? found : null;
}

/** For each pair of keys the bits that all rows of a table there agree with; 0 where it has no row. */
function agreed(
  part: Runs,
  rowKey: Key,
  columnKey: Key,
  ys: Float64Array,
  xs: Float64Array,
  slots: readonly (Map<number, number> | null)[],
): Int32Array {
  const found = new Int32Array(ys.length * xs.length);
  if (found.length === 0) return found;
  const [down, across] = [keysOf(rowKey, part), keysOf(columnKey, part)];
  const [first, last] = [0, ys.length - 1];
  for (let n = 0; n < part.length; n++) {
    const [y, x] = [down.start[n]!, across.start[n]!];
    let [low, high] = [0, part.count[n]!];
    [low, high] = narrowed(low, high, y, down.step, ys[first]!, ys[last]! + 1);
    [low, high] = narrowed(low, high, x, across.step, xs[0]!, xs[xs.length - 1]! + 1);
    for (let step = low; step < high; step++) {
      const [row, column] = [exactly(ys, y + step * down.step), exactly(xs, x + step * across.step)];
      if (row < 0 || column < 0) continue;
      const at = row * xs.length + column;
      const bits = bitsOf(part, n, step, slots);
      found[at] = found[at] === 0 ? bits : found[at]! & bits;
    }
  }
  return found;
}

function exactly(numbers: Float64Array, value: number): number {
  const place = after(numbers, value) - 1;
  return place >= 0 && numbers[place] === value ? place : -1;
}

function bitsOf(part: Runs, run: number, step: number, slots: readonly (Map<number, number> | null)[]): number {
  let bits = THERE;
  slots.forEach((slot, number) => {
    if (!slot) return;
    for (const [column, value] of slot) if (part.values[column]![run]! + part.steps[column]! * step !== value) return;
    bits |= 1 << number;
  });
  return bits;
}
