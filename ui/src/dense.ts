/**
 * A relation as a dense matrix that nobody writes out: rows and columns in flat order, each table as runs of keys.
 *
 * A row is a flat number over axes of the output, a column one over axes of the input, the last axis fastest. A table
 * decides some digits of a row's axes and some of a column's: read as one number each, they are its two keys. Python
 * has the same algorithm; shared vectors prove both equal.
 */
import { integers } from "./bytes";
import type { Access, Axis, EagerComponent, LazyComponent, RelationPayload } from "./types";

/** The rows of a table on real input: in each run a column is its value plus its step times 0, 1 .. below count. */
export interface Runs {
  length: number;
  values: ArrayLike<number>[];
  steps: number[];
  count: Float64Array;
}

/** The digits of one side that a table decides, most significant first, read as one number from 0. */
export interface Key {
  columns: number[];
  lows: number[];
  sizes: number[];
  total: number;
}

export interface Digits {
  component: number;
  /** Of a cut or a row: what the digit must be. */
  values: Float64Array;
}

const modulo = (a: number, b: number): number => ((a % b) + b) % b;

/** The rows, or the columns: some axes of an access, in order of significance. */
export class Side {
  readonly total: number;
  constructor(readonly axes: readonly Axis[]) {
    this.total = axes.reduce((product, axis) => product * axis.size, 1);
  }

  /** The index along each axis; one past the end is one past the end of the first axis. */
  indices(flat: ArrayLike<number>): Float64Array[] {
    const rest = Float64Array.from(flat);
    const found = this.axes.map(() => new Float64Array(rest.length));
    for (let k = this.axes.length - 1; k >= 0; k--) {
      const size = Math.max(this.axes[k]!.size, 1);
      for (let n = 0; n < rest.length; n++) {
        const above = k > 0 ? Math.floor(rest[n]! / size) : 0;
        found[k]![n] = rest[n]! - above * size;
        rest[n] = above;
      }
    }
    return found;
  }

  /** What each digit of an axis must be for some indices. */
  decode(axis: Axis, index: Float64Array): Digits[] {
    const rest = index.map((value) => value - axis.offset);
    return axis.digits.map(({ component, modulus, low }) => {
      const values = new Float64Array(rest.length);
      for (let n = 0; n < rest.length; n++) {
        const below = modulus === 0 ? 0 : modulo(rest[n]! - low, modulus) + low;
        values[n] = rest[n]! - below;
        rest[n] = below;
      }
      return { component, values };
    });
  }

  /** How a table tells the side's rows apart. */
  key(component: number, runs: Runs): Key {
    const columns = this.axes.flatMap((axis) =>
      axis.digits.filter((digit) => digit.component === component).map((digit) => digit.column),
    );
    const spans = columns.map((column) => span(runs, column));
    const sizes = spans.map(([, size]) => size);
    return { columns, lows: spans.map(([low]) => low), sizes, total: sizes.reduce((a, b) => a * b, 1) };
  }
}

/** The smallest value of a column, and how many numbers lie from there to the largest. */
function span(runs: Runs, column: number): [number, number] {
  const [values, step] = [runs.values[column]!, runs.steps[column]!];
  let low = Infinity;
  let high = -Infinity;
  for (let n = 0; n < runs.length; n++) {
    const first = values[n]!;
    const last = first + step * (runs.count[n]! - 1);
    low = Math.min(low, first, last);
    high = Math.max(high, first, last);
  }
  return runs.length ? [low, high - low + 1] : [0, 0];
}

/** The key at the begin of each run, and how far it moves with each step. */
export function keysOf(key: Key, runs: Runs): { start: Float64Array; step: number } {
  const start = new Float64Array(runs.length);
  let step = 0;
  key.columns.forEach((column, k) => {
    const [values, size, low] = [runs.values[column]!, key.sizes[k]!, key.lows[k]!];
    for (let n = 0; n < runs.length; n++) start[n] = start[n]! * size + values[n]! - low;
    step = step * size + runs.steps[column]!;
  });
  return { start, step };
}

/** Which axes make the rows, and which of which access the columns. */
export interface Layout {
  rows: readonly number[];
  access: number;
  columns: readonly number[];
}

/** A relation with its rows and columns chosen: what counts and colours under pixels are read off. */
export class Dense {
  readonly rows: Side;
  readonly columns: Side;
  readonly parts: readonly Runs[];
  readonly rowKeys: readonly Key[];
  readonly columnKeys: readonly Key[];

  constructor(
    readonly payload: RelationPayload,
    layout: Layout,
  ) {
    const [output, input] = [payload.accesses[0]!, payload.accesses[layout.access]!];
    this.rows = new Side(layout.rows.map((axis) => output.axes[axis]!));
    this.columns = new Side(layout.columns.map((axis) => input.axes[axis]!));
    this.parts = partsOf(payload);
    this.rowKeys = this.parts.map((part, place) => this.rows.key(place, part));
    this.columnKeys = this.parts.map((part, place) => this.columns.key(place, part));
  }
}

// Decoding a table costs more than a frame, and both orders of the axes read the same one.
const KNOWN = new WeakMap<RelationPayload, Runs[]>();

function partsOf(payload: RelationPayload): Runs[] {
  const known = KNOWN.get(payload);
  if (known) return known;
  const reads = payload.accesses.slice(1).map((access) => access.axes);
  const never = reads.some((axes) => axes.some((a) => a.digits.length === 0 && (a.offset < 0 || a.offset >= a.size)));
  const found = payload.components.map((part, place) => {
    const pads = limitsOf(payload.accesses, place);
    return "lazy" in part ? lazyRuns(part.lazy, pads, never) : eagerRuns(part, pads, never);
  });
  KNOWN.set(payload, found);
  return found;
}

interface Limit {
  column: number;
  low: number;
  high: number;
}

/** Where a table's rows read real input: bounds on the columns that decide a whole axis of a factor. */
function limitsOf(accesses: readonly Access[], place: number): Limit[] {
  return accesses
    .slice(1)
    .flatMap(({ axes }) =>
      axes
        .filter(({ digits }) => digits.length === 1 && digits[0]!.component === place)
        .map(({ digits, offset, size }) => ({ column: digits[0]!.column, low: -offset, high: size - offset })),
    );
}

function eagerRuns(part: EagerComponent, pads: readonly Limit[], never: boolean): Runs {
  const columns = part.columns.map(integers);
  const kept: number[] = [];
  for (let row = 0; row < part.rows && !never; row++)
    if (pads.every(({ column, low, high }) => columns[column]![row]! >= low && columns[column]![row]! < high))
      kept.push(row);
  const values = kept.length === part.rows ? columns : columns.map((one) => Int32Array.from(kept, (row) => one[row]!));
  const count = new Float64Array(kept.length).fill(1);
  return { length: kept.length, values, steps: columns.map(() => 0), count };
}

/** One run for each assignment of the loops other than the solved one. */
function lazyRuns(lazy: LazyComponent["lazy"], pads: readonly Limit[], never: boolean): Runs {
  const { sizes, solve, columns } = lazy;
  const limits = [...lazy.bounds, ...pads.map(({ column, low, high }) => ({ ...columns[column]!, low, high }))];
  const others = sizes.map((_, k) => k).filter((k) => k !== solve);
  const assignments = never ? 0 : others.reduce((product, k) => product * sizes[k]!, 1);
  const loops = new Float64Array(sizes.length);
  const sum = (coefficients: readonly number[]): number =>
    coefficients.reduce((total, coefficient, k) => total + coefficient * loops[k]!, 0);
  const values: number[][] = columns.map(() => []);
  const counts: number[] = [];
  const steps = columns.map(({ coefficients }) => coefficients[solve]!);
  for (let assignment = 0; assignment < assignments; assignment++) {
    let rest = assignment;
    for (let k = others.length - 1; k >= 0; k--) {
      const size = sizes[others[k]!]!;
      loops[others[k]!] = rest % size;
      rest = Math.floor(rest / size);
    }
    let [low, high] = [0, sizes[solve]!];
    for (const limit of limits)
      [low, high] = narrowed(low, high, sum(limit.coefficients), limit.coefficients[solve]!, limit.low, limit.high);
    if (low >= high) continue;
    counts.push(high - low);
    columns.forEach(({ coefficients }, k) => values[k]!.push(sum(coefficients) + steps[k]! * low));
  }
  return {
    length: counts.length,
    values: values.map((one) => Float64Array.from(one)),
    steps,
    count: Float64Array.from(counts),
  };
}

/** The part of low to below high in which `start + step * l` lies from `least` to below `end`. */
export function narrowed(
  low: number,
  high: number,
  start: number,
  step: number,
  least: number,
  end: number,
): [number, number] {
  if (step === 0) return start >= least && start < end ? [low, high] : [low, low];
  if (step < 0) return narrowed(low, high, -start, -step, 1 - end, 1 - least);
  return [Math.max(low, Math.ceil((least - start) / step)), Math.min(high, Math.ceil((end - start) / step))];
}

/**
 * One part of all rows before each of some cuts: those equal up to a digit, less at it, and free after it. For each
 * table their keys run from `low` to below `high`; `kind` says of which of its digits that depends, so that two terms
 * of one kind have the same bounds. Where `holds` is 0 there are none.
 */
export interface Term {
  holds: Uint8Array;
  low: Float64Array[];
  high: Float64Array[];
  kind: number[];
}

/** The rows before each cut as a sum of products of intervals, one for each digit of the side. */
export function terms(side: Side, keys: readonly Key[], cuts: ArrayLike<number>): Term[] {
  const low = keys.map(() => new Float64Array(cuts.length));
  const width = keys.map((key) => key.total);
  const used = keys.map(() => 0);
  let holds = new Uint8Array(cuts.length).fill(1);
  const found: Term[] = [];
  const add = (here: Uint8Array, own: number, high?: Float64Array): void => {
    const ends = low.map((starts, k) => (k === own && high ? high : starts.map((start) => start + width[k]!)));
    found.push({
      holds: here,
      low: [...low],
      high: ends,
      kind: used.map((count, k) => 2 * count + (k === own ? 1 : 0)),
    });
  };
  const indices = side.indices(cuts);
  side.axes.forEach((axis, k) => {
    const index = indices[k]!;
    if (axis.digits.length === 0) {
      add(
        holds.map((held, n) => (held && axis.offset < index[n]! ? 1 : 0)),
        -1,
      );
      holds = holds.map((held, n) => (held && axis.offset === index[n]! ? 1 : 0));
    }
    for (const { component, values } of side.decode(axis, index)) {
      const [size, least] = [keys[component]!.sizes[used[component]!]!, keys[component]!.lows[used[component]!]!];
      const step = Math.floor(width[component]! / Math.max(size, 1));
      const start = low[component]!;
      add(
        holds,
        component,
        start.map((from, n) => from + Math.min(Math.max(values[n]! - least, 0), size) * step),
      );
      holds = holds.map((held, n) => (held && values[n]! >= least && values[n]! - least < size ? 1 : 0));
      low[component] = start.map((from, n) => from + (holds[n]! ? values[n]! - least : 0) * step);
      width[component] = step;
      used[component]!++;
    }
  });
  return found;
}
