/**
 * How many connections lie under each pixel of a dense matrix that nobody writes out: exact, by the tables.
 *
 * The number of connections above and left of a corner is a sum of products, one factor for each table; four corners
 * give a pixel. A table answers for all corners at once by a running sum over its own rows, so no connection is listed.
 */
import { keysOf, terms, type Dense, type Key, type Runs, type Term } from "./dense";

/** Where each of some pixels begins, and the last one ends: a pixel is `step` rows, the first begins at `low`. */
export function evenly(low: number, step: number, pixels: number, total: number): Float64Array {
  const found = new Float64Array(pixels + 1);
  for (let n = 0; n <= pixels; n++) found[n] = Math.min(Math.max(Math.floor(low + n * step), 0), total);
  return found;
}

/**
 * Where at most `most` pixels begin and the last one ends: one or more for each block of the leading axes, or one for
 * so many whole blocks. All cover as much, but for the last of a block: uneven ones would show what is not there.
 */
export function wholeBlocks(shape: readonly number[], most: number): Float64Array {
  let found = [0];
  let left = most;
  shape.forEach((size, axis) => {
    const step = Math.max(1, Math.ceil(size / left));
    const inside = shape.slice(axis + 1).reduce((a, b) => a * b, 1);
    const starts = Array.from({ length: Math.ceil(size / step) || 1 }, (_, n) => n * step * inside);
    found = found.flatMap((from) => starts.map((start) => from + start));
    left = step === 1 ? Math.floor(left / starts.length) : 1;
  });
  return Float64Array.from([...found, shape.reduce((a, b) => a * b, 1)]);
}

/** The first place of ascending numbers that is larger than a value. */
export function after(numbers: ArrayLike<number>, value: number): number {
  let [from, to] = [0, numbers.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if (numbers[middle]! <= value) from = middle + 1;
    else to = middle;
  }
  return from;
}

/** The counts of each row of pixels, from top to bottom. The array is used again for the next row. */
export function connectionsUnder(
  matrix: Dense,
  rows: ArrayLike<number>,
  columns: ArrayLike<number>,
  each: (row: number, counts: Float64Array) => void,
): void {
  const corners = new Corners(matrix, rows, columns);
  let above = new Float64Array(columns.length);
  let below = new Float64Array(columns.length);
  const counts = new Float64Array(Math.max(columns.length - 1, 0));
  corners.before(0, above);
  for (let row = 0; row + 1 < rows.length; row++) {
    corners.before(row + 1, below);
    for (let n = 0; n < counts.length; n++) counts[n] = below[n + 1]! - below[n]! - above[n + 1]! + above[n]!;
    each(row, counts);
    [above, below] = [below, above];
  }
}

/** How many connections lie in one box: from its first row and column to below the last ones. */
export function connectionsIn(matrix: Dense, rows: [number, number], columns: [number, number]): number {
  let found = 0;
  connectionsUnder(matrix, rows, columns, (_, counts) => (found = counts[0]!));
  return found;
}

/** Ink for each pixel, from 0 to 255 at 1: connections ÷ the larger of the rows and columns that it covers. */
export function ink(matrix: Dense, rows: ArrayLike<number>, columns: ArrayLike<number>): Uint8Array {
  const wide = columns.length - 1;
  const found = new Uint8Array(wide * (rows.length - 1));
  eachLine(matrix, rows, columns, (row, quotients) => {
    for (let n = 0; n < wide; n++) if (quotients[n] !== 0) found[row * wide + n] = inked(quotients[n]!, 1);
  });
  return found;
}

/** The same with as much for full ink as the darkest pixel needs: at least 1. */
export function fullInk(
  matrix: Dense,
  rows: ArrayLike<number>,
  columns: ArrayLike<number>,
): { values: Uint8Array; full: number } {
  const all = new Float64Array((columns.length - 1) * (rows.length - 1));
  eachLine(matrix, rows, columns, (row, quotients) => all.set(quotients, row * quotients.length));
  const full = all.reduce((most, quotient) => Math.max(most, quotient), 1);
  return { values: Uint8Array.from(all, (quotient) => (quotient ? inked(quotient, full) : 0)), full };
}

/** A pixel with a connection has some. */
const inked = (quotient: number, full: number): number => Math.floor(255 * Math.min(quotient / full, 1) + 0.5) || 1;

/** The connections of each row of pixels ÷ the larger of the rows and columns that a pixel covers. */
function eachLine(
  matrix: Dense,
  rows: ArrayLike<number>,
  columns: ArrayLike<number>,
  each: (row: number, quotients: Float64Array) => void,
): void {
  const widths = Float64Array.from({ length: columns.length - 1 }, (_, n) =>
    Math.max(columns[n + 1]! - columns[n]!, 1),
  );
  connectionsUnder(matrix, rows, columns, (row, counts) => {
    const high = rows[row + 1]! - rows[row]!;
    for (let n = 0; n < counts.length; n++) if (counts[n] !== 0) counts[n]! /= Math.max(high, widths[n]!);
    each(row, counts);
  });
}

// --- corners ---------------------------------------------------------------------------------------------------------

/**
 * What one table contributes to a term of the rows and one of the columns: a count for each pair of bounds, `width` to
 * a row, the last of them 0 for columns without any. `row` and `column` say which bounds each cut has.
 */
interface Factor {
  counts: Float64Array;
  width: number;
  row: Int32Array;
  column: Int32Array;
  /** Whether the columns' bounds make no difference. */
  even: boolean;
}

/** Terms of the rows that differ in one factor alone: that one is added up first. */
interface Group {
  members: { holds: Uint8Array; even: Factor[]; first: Factor | null }[];
  rest: Factor[];
}

class Corners {
  private readonly plan: { holds: Uint8Array; groups: Group[] }[];
  private readonly sum: Float64Array;

  constructor(
    matrix: Dense,
    rows: ArrayLike<number>,
    private readonly columns: ArrayLike<number>,
  ) {
    const down = terms(matrix.rows, matrix.rowKeys, rows);
    const across = terms(matrix.columns, matrix.columnKeys, columns);
    const tables = matrix.parts.map((_, place) => new Table(matrix, place, down, across));
    const first = (place: number): number => down.findIndex((term) => term.kind[place]! % 2 === 1);
    const order = tables.map((_, place) => place).sort((a, b) => (first(a) >>> 0) - (first(b) >>> 0) || a - b);
    let widest = 1;
    this.plan = across.map((column) => {
      const groups = grouped(tables, order, down, column);
      for (const { members } of groups) widest = Math.max(widest, members[0]!.first?.width ?? 1);
      return { holds: column.holds, groups };
    });
    this.sum = new Float64Array(widest);
  }

  /** How many connections lie above the row's cut and left of each column's. */
  before(row: number, out: Float64Array): void {
    out.fill(0);
    for (const { holds, groups } of this.plan)
      for (const { members, rest } of groups) {
        const head = members[0]!.first;
        const total = this.added(row, members, head?.width ?? 1);
        if (!total) continue;
        if (!head) for (let n = 0; n < this.columns.length; n++) out[n]! += holds[n]! * this.sum[0]!;
        else spread(out, this.sum, head.column, rest, row);
      }
  }

  private added(row: number, members: Group["members"], width: number): boolean {
    let any = false;
    this.sum.fill(0, 0, width);
    for (const { holds, even, first } of members) {
      let scale = holds[row]!;
      for (const factor of even) scale *= factor.counts[factor.row[row]! * factor.width]!;
      if (scale === 0) continue;
      any = true;
      if (!first) this.sum[0]! += scale;
      else {
        const from = first.row[row]! * width;
        for (let n = 0; n < width; n++) this.sum[n]! += scale * first.counts[from + n]!;
      }
    }
    return any;
  }
}

/** Adds to each column the sum that it has, times what the other tables say. */
function spread(out: Float64Array, sum: Float64Array, at: Int32Array, rest: readonly Factor[], row: number): void {
  const size = out.length;
  const [one, ...others] = rest;
  if (!one) for (let n = 0; n < size; n++) out[n]! += sum[at[n]!]!;
  else if (others.length === 0) {
    const line = one.counts.subarray(one.row[row]! * one.width, (one.row[row]! + 1) * one.width);
    const { column } = one;
    for (let n = 0; n < size; n++) out[n]! += sum[at[n]!]! * line[column[n]!]!;
  } else
    for (let n = 0; n < size; n++) {
      let product = sum[at[n]!]!;
      for (const { counts, width, row: which, column } of rest) product *= counts[which[row]! * width + column[n]!]!;
      out[n]! += product;
    }
}

function grouped(tables: readonly Table[], order: readonly number[], down: readonly Term[], column: Term): Group[] {
  const groups = new Map<string, Group>();
  for (const row of down) {
    const even: Factor[] = [];
    const open: [name: string, place: number, factor: Factor][] = [];
    for (const place of order) {
      const factor = tables[place]!.factor(row, column);
      if (factor.even) even.push(factor);
      else open.push([`${place}:${row.kind[place]}`, place, factor]);
    }
    const key = [open[0]?.[1], ...open.slice(1).map(([name]) => name)].join(" ");
    const known = groups.get(key) ?? { members: [], rest: open.slice(1).map(([, , factor]) => factor) };
    known.members.push({ holds: row.holds, even, first: open[0]?.[2] ?? null });
    groups.set(key, known);
  }
  return [...groups.values()];
}

/** One table's running sums at all bounds that the cuts ask for. */
class Table {
  private readonly down: Float64Array;
  private readonly across: Float64Array;
  private readonly sums: Float64Array;
  private readonly known = new Map<Term, Map<number, Factor>>();
  private readonly pairs = new Map<Term, Pairs>();

  constructor(
    matrix: Dense,
    private readonly place: number,
    down: readonly Term[],
    across: readonly Term[],
  ) {
    this.down = bounds(down, place);
    this.across = bounds(across, place);
    const [rowKey, columnKey] = [matrix.rowKeys[place]!, matrix.columnKeys[place]!];
    this.sums = binned(matrix.parts[place]!, rowKey, columnKey, this.down, this.across);
    const wide = this.across.length;
    for (let n = 0; n < this.sums.length; n++) if (n % wide) this.sums[n]! += this.sums[n - 1]!;
    for (let n = wide; n < this.sums.length; n++) this.sums[n]! += this.sums[n - wide]!;
  }

  /** The counts between the bounds of a term of the rows and one of the columns. */
  factor(row: Term, column: Term): Factor {
    const mine = this.known.get(column) ?? new Map<number, Factor>();
    this.known.set(column, mine);
    const known = mine.get(row.kind[this.place]!);
    if (known) return known;
    const [lines, places] = [this.pairsOf(row, this.down, null), this.pairsOf(column, this.across, column.holds)];
    const width = places.low.length + 1;
    const counts = new Float64Array(lines.low.length * width);
    let even = true;
    for (let n = 0; n < lines.low.length; n++) {
      const [above, below] = [lines.low[n]! * this.across.length, lines.high[n]! * this.across.length];
      for (let k = 0; k + 1 < width; k++) {
        const [left, right] = [places.low[k]!, places.high[k]!];
        const count =
          this.sums[below + right]! - this.sums[below + left]! - this.sums[above + right]! + this.sums[above + left]!;
        counts[n * width + k] = count;
        even &&= count === counts[n * width]!;
      }
    }
    const factor = { counts, width, row: lines.which, column: places.which, even };
    mine.set(row.kind[this.place]!, factor);
    return factor;
  }

  private pairsOf(term: Term, numbers: Float64Array, holds: Uint8Array | null): Pairs {
    const known = this.pairs.get(term);
    if (known) return known;
    const found = pairs(term.low[this.place]!, term.high[this.place]!, numbers, holds);
    this.pairs.set(term, found);
    return found;
  }
}

interface Pairs {
  low: number[];
  high: number[];
  which: Int32Array;
}

/** The different intervals of a term, as numbers of bounds, and which of them each cut has. */
function pairs(low: Float64Array, high: Float64Array, numbers: Float64Array, holds: Uint8Array | null): Pairs {
  const found: Pairs = { low: [], high: [], which: new Int32Array(low.length) };
  const known = new Map<number, number>();
  for (let n = 0; n < low.length; n++) {
    if (holds && !holds[n]) continue;
    const [from, to] = [after(numbers, low[n]!) - 1, after(numbers, high[n]!) - 1];
    const name = from * numbers.length + to;
    let which = known.get(name);
    if (which === undefined) {
      which = found.low.length;
      known.set(name, which);
      found.low.push(from);
      found.high.push(to);
    }
    found.which[n] = which;
  }
  if (holds) for (let n = 0; n < low.length; n++) if (!holds[n]) found.which[n] = found.low.length;
  return found;
}

function bounds(found: readonly Term[], place: number): Float64Array {
  const seen = new Set<number>();
  const kinds = new Set<number>();
  for (const term of found) {
    if (kinds.has(term.kind[place]!)) continue;
    kinds.add(term.kind[place]!);
    for (const bound of term.low[place]!) seen.add(bound);
    for (const bound of term.high[place]!) seen.add(bound);
  }
  return Float64Array.from(seen.size ? seen : [0, 1]).sort();
}

/** How many rows of a table lie between neighbouring bounds of both keys; a run goes from bin to bin at once. */
function binned(part: Runs, rowKey: Key, columnKey: Key, rows: Float64Array, columns: Float64Array): Float64Array {
  const found = new Float64Array(rows.length * columns.length);
  const [down, across] = [keysOf(rowKey, part), keysOf(columnKey, part)];
  for (let run = 0; run < part.length; run++) {
    const [y, x, count] = [down.start[run]!, across.start[run]!, part.count[run]!];
    let [row, column] = [after(rows, y), after(columns, x)];
    // From which step on the run is in another bin, of the rows and of the columns.
    let offRow = count === 1 ? 1 : leaving(rows, row, y, down.step);
    let offColumn = count === 1 ? 1 : leaving(columns, column, x, across.step);
    for (let step = 0; ;) {
      const next = Math.min(offRow, offColumn, count);
      if (row < rows.length && column < columns.length) found[row * columns.length + column]! += next - step;
      else if (count > 1 && past(rows, row, down.step, columns, column, across.step)) break;
      step = next;
      if (step === count) break;
      if (step === offRow) {
        row = moved(rows, row, y + step * down.step, down.step);
        offRow = leaving(rows, row, y, down.step);
      }
      if (step === offColumn) {
        column = moved(columns, column, x + step * across.step, across.step);
        offColumn = leaving(columns, column, x, across.step);
      }
    }
  }
  return found;
}

/** The first step at which a key is no longer between its bounds. */
function leaving(numbers: Float64Array, place: number, start: number, step: number): number {
  if (step > 0) return place < numbers.length ? Math.ceil((numbers[place]! - start) / step) : Infinity;
  if (step < 0) return place > 0 ? Math.floor((start - numbers[place - 1]!) / -step) + 1 : Infinity;
  return Infinity;
}

/** Whether a run that is outside stays there. */
function past(
  rows: Float64Array,
  row: number,
  rowStep: number,
  columns: Float64Array,
  column: number,
  columnStep: number,
): boolean {
  return (row === rows.length && rowStep >= 0) || (column === columns.length && columnStep >= 0);
}

/** The bin after a move: mostly the next one. */
function moved(numbers: Float64Array, place: number, key: number, step: number): number {
  if (step > 0) while (place < numbers.length && numbers[place]! <= key) place++;
  else if (step < 0) while (place > 0 && numbers[place - 1]! > key) place--;
  return place;
}
