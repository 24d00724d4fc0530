/** One line of a layer as a dense matrix: its places as rows and columns, and what stands at an entry. */
import { codes, SEVERAL, NONE, weightsAt, type Named } from "./codes";
import { Dense } from "./dense";
import { connectionsIn } from "./ink";
import type { Layer, WeightLine } from "./layer";
import { namedIn } from "./members";
import type { Chip, MatrixRecord, MatrixSide, Place, State } from "./types";

/** A tensor's places in flat order, the last axis of `order` fastest. */
export class Flat {
  readonly total: number;
  /** How many places one index along each axis of the order covers. */
  readonly steps: readonly number[];

  constructor(
    readonly order: readonly number[],
    readonly shape: readonly number[],
    readonly words: readonly string[],
  ) {
    this.total = shape.reduce((product, size) => product * size, 1);
    this.steps = order.map((_, k) => order.slice(k + 1).reduce((product, axis) => product * shape[axis]!, 1));
  }

  /** How many blocks there are: the indices of the outermost axis that has more than one. */
  get blocks(): number {
    return this.order.map((axis) => this.shape[axis]!).find((size) => size > 1) ?? 1;
  }

  flat(place: Place): number {
    return this.order.reduce((sum, axis) => sum * this.shape[axis]! + place[axis]!, 0);
  }

  place(flat: number): number[] {
    const found = this.shape.map(() => 0);
    for (let k = this.order.length - 1; k >= 0; k--) {
      const size = this.shape[this.order[k]!]!;
      const above = Math.floor(flat / size);
      found[this.order[k]!] = flat - above * size;
      flat = above;
    }
    return found;
  }

  /** What the places from one to below another are called: "filter 0, rows 12 to 18"; "all" for the whole. */
  says(low: number, high: number): string {
    if (low <= 0 && high >= this.total) return "all";
    const [first, last] = [this.place(low), this.place(Math.max(high - 1, low))];
    const parts: string[] = [];
    for (const axis of this.order) {
      if (this.shape[axis] === 1) continue;
      const [from, to] = [first[axis]!, last[axis]!];
      parts.push(from === to ? `${this.words[axis]} ${from}` : `${this.words[axis]}s ${from} to ${to}`);
      if (from !== to) break;
    }
    return parts.join(", ");
  }
}

/** What stands at one row and column. */
export interface Entry {
  row: number;
  column: number;
  neuron: Place;
  input: Place;
  /** The one weight that connects them; null where there is none, or several. */
  weight: Place | null;
  several: boolean;
}

export class Matrix {
  readonly dense: Dense;
  readonly rows: Flat;
  readonly columns: Flat;
  private readonly shape: readonly number[];

  constructor(
    readonly line: WeightLine,
    readonly record: MatrixRecord,
    readonly last: boolean,
  ) {
    const payload = line.line.relation!;
    const side = (one: MatrixSide, access: number): Flat =>
      new Flat(last ? one.last : one.order, payload.accesses[access]!.shape, one.words);
    this.rows = side(record.rows, 0);
    this.columns = side(record.columns, record.access);
    this.shape = payload.accesses[line.weight]!.shape;
    this.dense = new Dense(payload, { rows: this.rows.order, access: record.access, columns: this.columns.order });
  }

  at(row: number, column: number): Entry {
    const flat = weightsAt(this.dense, [row], [column], this.line.weight)[0]!;
    const weight = flat === NONE || flat === SEVERAL ? null : this.weightPlace(flat);
    const [neuron, input] = [this.rows.place(row), this.columns.place(column)];
    return { row, column, neuron, input, weight, several: flat === SEVERAL };
  }

  /** How many connections a box has: rows from one to below another, and columns so too. */
  connections(rows: [number, number], columns: [number, number]): number {
    return connectionsIn(this.dense, rows, columns);
  }

  /** The flat places of the weights at some entries; see `weightsAt`. */
  weights(rows: ArrayLike<number>, columns: ArrayLike<number>): Float64Array {
    return weightsAt(this.dense, rows, columns, this.line.weight);
  }

  weightPlace(flat: number): number[] {
    const found: number[] = [];
    for (const size of [...this.shape].reverse()) {
      found.unshift(flat % size);
      flat = Math.floor(flat / size);
    }
    return found;
  }

  /** The identity of a legend's chip, as the relation has it; null where it is none of this line's. */
  named(id: string): Named | null {
    return namedIn(this.line, id);
  }

  /** What stands at some entries: 0 nothing, 1 a weight that is not coloured, 2 + n the identity of the n-th chip. */
  codes(rows: ArrayLike<number>, columns: ArrayLike<number>, chips: readonly Chip[]): Uint8Array {
    const known = chips.map((chip) => this.named(chip.id));
    const slots = known.flatMap((one, slot) => (one ? [slot] : []));
    const found = codes(
      this.dense,
      rows,
      columns,
      slots.map((slot) => known[slot]!),
    );
    if (slots.length < chips.length)
      for (let n = 0; n < found.length; n++) if (found[n]! > 1) found[n] = 2 + slots[found[n]! - 2]!;
    return found;
  }

  /** Which of some entries have one identity, as flat numbers of the window. */
  having(rows: ArrayLike<number>, columns: ArrayLike<number>, one: Named): number[] {
    const found: number[] = [];
    codes(this.dense, rows, columns, [one]).forEach((code, at) => code === 2 && found.push(at));
    return found;
  }

  /** The number of the channel that an input belongs to; undefined where channels are not told apart. */
  channelOf(input: Place): number | undefined {
    const axes = this.line.line.levels?.["channel"]?.[1];
    const shape = this.columns.shape;
    return axes?.reduce((sum, axis) => sum * shape[axis]! + input[axis]!, 0);
  }

  /** The first connection of a box in reading order; null where it has none. */
  firstIn(rows: [number, number], columns: [number, number]): [row: number, column: number] | null {
    const inRows = (low: number, high: number): number => this.connections([low, high], columns);
    const row = first(rows, inRows);
    if (row === null) return null;
    const column = first(columns, (low, high) => this.connections([row, row + 1], [low, high]));
    return column === null ? null : [row, column];
  }

  /** The last connection of a box in reading order. */
  private lastIn(rows: [number, number], columns: [number, number]): [row: number, column: number] | null {
    const row = last(rows, (low, high) => this.connections([low, high], columns));
    if (row === null) return null;
    const column = last(columns, (low, high) => this.connections([row, row + 1], [low, high]));
    return column === null ? null : [row, column];
  }

  /** The connection after an entry in reading order, or before it; past the end the search begins again. */
  next(row: number, column: number, back = false): [row: number, column: number] | null {
    const [rows, columns] = [this.rows.total, this.columns.total];
    if (back)
      return (
        this.lastIn([row, row + 1], [0, column]) ??
        this.lastIn([0, row], [0, columns]) ??
        this.lastIn([row, rows], [0, columns])
      );
    return (
      this.firstIn([row, row + 1], [column + 1, columns]) ??
      this.firstIn([row + 1, rows], [0, columns]) ??
      this.firstIn([0, row + 1], [0, columns])
    );
  }
}

type Between = (low: number, high: number) => number;

/** The first number of an interval that has a connection: by halving, since any interval is counted at once. */
function first([low, high]: [number, number], count: Between): number | null {
  if (low >= high || count(low, high) === 0) return null;
  while (high - low > 1) {
    const middle = low + Math.floor((high - low) / 2);
    if (count(low, middle) > 0) high = middle;
    else low = middle;
  }
  return low;
}

function last([low, high]: [number, number], count: Between): number | null {
  if (low >= high || count(low, high) === 0) return null;
  while (high - low > 1) {
    const middle = low + Math.floor((high - low) / 2);
    if (count(middle, high) > 0) low = middle;
    else high = middle;
  }
  return low;
}

/** The line that the matrix shows: the one of the weight held, else the first that has rows and columns. */
export function matrixLine(layer: Layer | null, state: State): WeightLine | null {
  const able = (layer?.lines ?? []).filter(({ line, inputs }) => line.matrix && inputs.length > 0);
  return able.find(({ p }) => p === state.w?.p) ?? able[0] ?? null;
}
