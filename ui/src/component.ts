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
function lazy(table: LazyComponent["lazy"]): Source {
  const others = table.loops.map((_, k) => k).filter((k) => k !== table.solve);
  const assignments = others.reduce((product, k) => product * table.sizes[k]!, 1);
  const sum = (coefficients: number[], loops: number[]): number =>
    coefficients.reduce((total, coefficient, k) => total + coefficient * loops[k]!, 0);

  const decode = (assignment: number): number[] => {
    const loops = table.loops.map(() => 0);
    for (let k = others.length - 1; k >= 0; k--) {
      const size = table.sizes[others[k]!]!;
      loops[others[k]!] = assignment % size;
      assignment = Math.floor(assignment / size);
    }
    return loops;
  };
  /** The interval [low, high) in which low <= sum < high holds, the solved loop being free. */
  const within = (coefficients: number[], loops: number[], low: number, high: number): [number, number] => {
    const step = coefficients[table.solve]!;
    const rest = sum(coefficients, loops);
    if (step === 0) return low <= rest && rest < high ? [-Infinity, Infinity] : [0, 0];
    return step > 0
      ? [Math.ceil((low - rest) / step), Math.ceil((high - rest) / step)]
      : [Math.floor((high - rest) / step) + 1, Math.floor((low - rest) / step) + 1];
  };

  return {
    select(wanted) {
      const starts: number[] = [];
      const lows: number[] = [];
      const which: number[] = [];
      let count = 0;
      for (let assignment = 0; assignment < assignments; assignment++) {
        const loops = decode(assignment);
        let low = 0;
        let high = table.sizes[table.solve]!;
        const narrow = ([a, b]: [number, number]): void => {
          low = Math.max(low, a);
          high = Math.min(high, b);
        };
        for (const [column, value] of wanted)
          narrow(within(table.columns[column]!.coefficients, loops, value, value + 1));
        for (const bound of table.bounds) narrow(within(bound.coefficients, loops, bound.low, bound.high));
        if (low >= high) continue;
        starts.push(count);
        lows.push(low);
        which.push(assignment);
        count += high - low;
      }
      return {
        count,
        at(row, column) {
          let from = 0;
          let to = starts.length;
          while (to - from > 1) {
            const middle = (from + to) >> 1;
            if (starts[middle]! <= row) from = middle;
            else to = middle;
          }
          const loops = decode(which[from]!);
          loops[table.solve] = lows[from]! + row - starts[from]!;
          return sum(table.columns[column]!.coefficients, loops);
        },
      };
    },
  };
}
