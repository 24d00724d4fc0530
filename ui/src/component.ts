/** One table of a relation: all its rows, or those whose columns have wanted values. */
import { integers } from "./bytes";
import type { EagerComponent, LazyComponent } from "./types";

/** Some rows of a component. */
export interface Rows {
  count: number;
  at(row: number, column: number): number;
}
export interface Source {
  select(wanted: ReadonlyMap<number, number>): Rows;
}

export const rowsOf = (payload: EagerComponent | LazyComponent): Source =>
  "lazy" in payload ? lazy(payload.lazy) : eager(payload);

function eager(payload: EagerComponent): Source {
  const columns = payload.columns.map(integers);
  return {
    select(wanted) {
      if (wanted.size === 0) return { count: payload.rows, at: (row, column) => columns[column]![row]! };
      const kept: number[] = [];
      const tests = [...wanted].map(([column, value]) => ({ values: columns[column]!, value }));
      for (let row = 0; row < payload.rows; row++)
        if (tests.every((test) => test.values[row] === test.value)) kept.push(row);
      return { count: kept.length, at: (row, column) => columns[column]![kept[row]!]! };
    },
  };
}

/** A component too large to write out: one loop is solved by division, its values are an interval for each assignment of the others. */
function lazy({ loops: names, sizes, solve, columns, bounds }: LazyComponent["lazy"]): Source {
  const others = names.map((_, k) => k).filter((k) => k !== solve);
  const assignments = others.reduce((product, k) => product * sizes[k]!, 1);
  // One buffer for all assignments: there may be millions of them.
  const loops = new Float64Array(names.length);
  const decode = (assignment: number): void => {
    for (let k = others.length - 1; k >= 0; k--) {
      const size = sizes[others[k]!]!;
      loops[others[k]!] = assignment % size;
      assignment = Math.floor(assignment / size);
    }
    loops[solve] = 0;
  };
  const sum = (coefficients: readonly number[]): number => {
    let total = 0;
    for (let k = 0; k < coefficients.length; k++) total += coefficients[k]! * loops[k]!;
    return total;
  };

  return {
    select(wanted) {
      const limits = [
        ...[...wanted].map(([column, value]) => ({ ...columns[column]!, low: value, high: value + 1 })),
        ...bounds,
      ];
      const runs: Run[] = [];
      let count = 0;
      for (let assignment = 0; assignment < assignments; assignment++) {
        decode(assignment);
        let low = 0;
        let high = sizes[solve]!;
        for (const limit of limits) {
          const step = limit.coefficients[solve]!;
          const rest = sum(limit.coefficients);
          if (step === 0) {
            if (rest < limit.low || rest >= limit.high) high = low;
          } else if (step > 0) {
            low = Math.max(low, Math.ceil((limit.low - rest) / step));
            high = Math.min(high, Math.ceil((limit.high - rest) / step));
          } else {
            low = Math.max(low, Math.floor((limit.high - rest) / step) + 1);
            high = Math.min(high, Math.floor((limit.low - rest) / step) + 1);
          }
        }
        if (low >= high) continue;
        runs.push({ start: count, low, assignment });
        count += high - low;
      }
      let last = 0;
      return {
        count,
        at(row, column) {
          last = runAt(runs, row, last);
          const run = runs[last]!;
          decode(run.assignment);
          loops[solve] = run.low + row - run.start;
          return sum(columns[column]!.coefficients);
        },
      };
    },
  };
}

/** An interval of the solved loop, and the number of its first row. */
interface Run {
  start: number;
  low: number;
  assignment: number;
}

/** The run that a row lies in; rows are mostly asked for in order, so the last one or the next is tried first. */
function runAt(runs: readonly Run[], row: number, last: number): number {
  const holds = (k: number): boolean => runs[k]!.start <= row && (k + 1 === runs.length || row < runs[k + 1]!.start);
  if (holds(last)) return last;
  if (last + 1 < runs.length && holds(last + 1)) return last + 1;
  let from = 0;
  let to = runs.length;
  while (to - from > 1) {
    const middle = (from + to) >> 1;
    if (runs[middle]!.start <= row) from = middle;
    else to = middle;
  }
  return from;
}
