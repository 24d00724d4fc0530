/**
 * The relation of a formula, evaluated from its tables.
 *
 * A tap is one row from every component; an axis of a tensor is an offset plus the columns that its digits name. Fixing
 * an access splits each of its indices into digits, filters every component by the wanted columns, and the taps are the
 * product of what is left. Nothing is enumerated until it is listed.
 */
import { rowsOf, type Rows, type Source } from "./component";
import type { Access, Axis, Place, RelationPayload } from "./types";

/** Places of one tap, one for each access in order; null where an input access reads padding. */
export type Tap = (Place | null)[];

const modulo = (a: number, b: number): number => ((a % b) + b) % b;
const inside = (axis: Axis, value: number): boolean => value >= 0 && value < axis.size;
const NO_ROWS: Rows = { count: 0, at: () => 0 };

export class Relation {
  readonly accesses: readonly Access[];
  private readonly sources: Source[];

  constructor(payload: RelationPayload) {
    this.accesses = payload.accesses;
    this.sources = payload.components.map(rowsOf);
  }

  /** The number of the access of a tensor; -1 where the formula does not name it. */
  access(tensor: string): number {
    return this.accesses.findIndex((access) => access.tensor === tensor);
  }

  /** Every tap. */
  everything(): Taps {
    return this.taps(this.sources.map(() => new Map()));
  }

  /** The taps whose access of that number is at that place, or whose place has these numbers along some axes. */
  fix(number: number, place: Place, along?: readonly number[]): Taps {
    const every = this.accesses[number]!.axes;
    const axes = along ? along.map((axis) => every[axis]!) : every;
    const wanted = this.sources.map(() => new Map<number, number>());
    let possible = place.length === axes.length;
    axes.forEach((axis, k) => {
      let rest = place[k]! - axis.offset;
      for (const { component, column, modulus, low } of axis.digits) {
        const below = modulus === 0 ? 0 : modulo(rest - low, modulus) + low;
        const value = rest - below;
        const known = wanted[component]!.get(column) ?? value;
        possible &&= known === value;
        wanted[component]!.set(column, value);
        rest = below;
      }
      possible &&= rest === 0;
    });
    return possible ? this.taps(wanted) : new Taps(this.accesses, [NO_ROWS]);
  }

  private taps(wanted: Map<number, number>[]): Taps {
    return new Taps(
      this.accesses,
      this.sources.map((source, k) => source.select(wanted[k]!)),
    );
  }
}

/** Taps of a relation: counted at once, listed a page at a time. */
export class Taps {
  constructor(
    private readonly accesses: readonly Access[],
    private readonly rows: readonly Rows[],
  ) {}

  /** How many there are, padding included. */
  get total(): bigint {
    return this.rows.reduce((product, rows) => product * BigInt(rows.count), 1n);
  }

  /** How many read real input everywhere: components are walked together only where one axis of a factor joins them. */
  get real(): bigint {
    const axes = this.accesses.slice(1).flatMap((access) => access.axes);
    if (axes.some((axis) => axis.digits.length === 0 && !inside(axis, axis.offset))) return 0n;
    const open = new Set(this.rows.keys());
    let product = 1n;
    for (const first of this.rows.keys()) {
      if (!open.delete(first)) continue;
      const group = [first];
      for (const member of group)
        for (const axis of axes)
          if (axis.digits.some((digit) => digit.component === member))
            for (const digit of axis.digits) if (open.delete(digit.component)) group.push(digit.component);
      const mine = axes.filter((axis) => axis.digits.some((digit) => group.includes(digit.component)));
      product *= BigInt(this.countInside(group, mine));
    }
    return product;
  }

  /** Taps from number `start` up to `stop`, in a fixed order: the last component moves fastest; unbounded ones name padding too. */
  list(start = 0, stop = Number(this.total), bounded = true): Tap[] {
    const last = Math.min(stop, Number(this.total));
    const order = [...this.rows.keys()];
    const taps: Tap[] = [];
    for (let number = start; number < last; number++) {
      const chosen = this.decode(number, order);
      taps.push(this.accesses.map((access, k) => this.place(access, chosen, bounded && k > 0)));
    }
    return taps;
  }

  /** The row of each named component in the product's row of that number. */
  private decode(number: number, components: readonly number[]): number[] {
    const chosen: number[] = [];
    for (let k = components.length - 1; k >= 0; k--) {
      const count = this.rows[components[k]!]!.count;
      chosen[components[k]!] = number % count;
      number = Math.floor(number / count);
    }
    return chosen;
  }

  private value(axis: Axis, chosen: readonly number[]): number {
    return axis.digits.reduce(
      (sum, { component, column }) => sum + this.rows[component]!.at(chosen[component]!, column),
      axis.offset,
    );
  }

  private place(access: Access, chosen: readonly number[], bounded: boolean): Place | null {
    const place = access.axes.map((axis) => this.value(axis, chosen));
    return bounded && access.axes.some((axis, k) => !inside(axis, place[k]!)) ? null : place;
  }

  private countInside(group: readonly number[], axes: readonly Axis[]): number {
    const total = group.reduce((product, k) => product * this.rows[k]!.count, 1);
    if (axes.length === 0) return total;
    let count = 0;
    for (let number = 0; number < total; number++) {
      const chosen = this.decode(number, group);
      if (axes.every((axis) => inside(axis, this.value(axis, chosen)))) count++;
    }
    return count;
  }
}
