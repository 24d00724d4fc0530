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

/** What `weightsAt` says where an entry has no weight, or several. */
export const NONE = -1;
export const SEVERAL = -2;
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
    for (let n = 0; n < line.length; n++) if (line[n] !== 0) found[out + n] = 33 - Math.clz32(line[n]! & SLOTS);
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
  visit(part, rowKey, columnKey, ys, xs, (at, run, step) => {
    const bits = bitsOf(part, run, step, slots);
    found[at] = found[at] === 0 ? bits : found[at]! & bits;
  });
  return found;
}

/** Calls for each row of a table whose keys are among some: where it stands, its run, and its step in it. */
function visit(
  part: Runs,
  rowKey: Key,
  columnKey: Key,
  ys: Float64Array,
  xs: Float64Array,
  each: (at: number, run: number, step: number) => void,
): void {
  if (ys.length === 0 || xs.length === 0) return;
  const [down, across] = [keysOf(rowKey, part), keysOf(columnKey, part)];
  for (let run = 0; run < part.length; run++) {
    const [y, x] = [down.start[run]!, across.start[run]!];
    let [low, high] = narrowed(0, part.count[run]!, y, down.step, ys[0]!, ys[ys.length - 1]! + 1);
    [low, high] = narrowed(low, high, x, across.step, xs[0]!, xs[xs.length - 1]! + 1);
    for (let step = low; step < high; step++) {
      const row = exactly(ys, y + step * down.step);
      const column = row < 0 ? -1 : exactly(xs, x + step * across.step);
      if (column >= 0) each(row * xs.length + column, run, step);
    }
  }
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

/** The weight at each of some rows and columns, as a flat place in its tensor. */
export function weightsAt(
  matrix: Dense,
  rows: ArrayLike<number>,
  columns: ArrayLike<number>,
  access: number,
): Float64Array {
  const down = placed(matrix.rows, matrix.rowKeys, rows);
  const across = placed(matrix.columns, matrix.columnKeys, columns);
  const { offset, factors } = flatOf(matrix, access);
  const tables = matrix.parts.map((part, place) => {
    const [ys, xs] = [distinct(down.keys[place]!), distinct(across.keys[place]!)];
    // None is NaN and several are Infinity, so that adding up the tables keeps what any of them says.
    const flat = new Float64Array(ys.values.length * xs.values.length).fill(NaN);
    visit(part, matrix.rowKeys[place]!, matrix.columnKeys[place]!, ys.values, xs.values, (at, run, step) => {
      let value = 0;
      for (const [column, factor] of factors[place]!)
        value += factor * (part.values[column]![run]! + part.steps[column]! * step);
      flat[at] = Number.isNaN(flat[at]!) ? value : Infinity;
    });
    return { flat, wide: xs.values.length, row: ys.which, column: xs.which };
  });
  const found = new Float64Array(rows.length * columns.length).fill(NONE);
  for (let row = 0; row < rows.length; row++)
    for (let n = 0; n < columns.length; n++) {
      if (!down.has[row] || !across.has[n]) continue;
      let value = offset;
      for (const table of tables) value += table.flat[table.row[row]! * table.wide + table.column[n]!]!;
      if (!Number.isNaN(value)) found[row * columns.length + n] = value === Infinity ? SEVERAL : value;
    }
  return found;
}

/** How the columns of each table add up to a flat place of an access. */
function flatOf(matrix: Dense, access: number): { offset: number; factors: [column: number, factor: number][][] } {
  const { axes } = matrix.payload.accesses[access]!;
  const factors = matrix.parts.map((): [number, number][] => []);
  let [offset, factor] = [0, 1];
  for (const axis of [...axes].reverse()) {
    offset += factor * axis.offset;
    for (const { component, column } of axis.digits) factors[component]!.push([column, factor]);
    factor *= axis.size;
  }
  return { offset, factors };
}
