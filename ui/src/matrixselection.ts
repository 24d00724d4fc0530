/** What of the matrix is selected, what a hand points at, and which part is on screen. */
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Entry, Matrix } from "./matrixmodel";
import { detailOf } from "./matrixpaint";
import { opening } from "./matrixroom";
import { clamped, read, sameView, written, type Size, type Viewport } from "./matrixview";
import { selectedOf } from "./members";
import { same } from "./state";
import type { Store } from "./store";
import type { Place } from "./types";

/** The entry under a point; where a pixel covers many, its first connection. */
export function under(matrix: Matrix, view: Viewport, at: Size): Entry | null {
  const side = (key: "y" | "x", total: number): [number, number] => {
    const { low, per } = view[key];
    const pixel = Math.floor(at[key]);
    const from = per > 1 ? Math.floor(low + pixel * per) : Math.floor(low + at[key] * per);
    return [Math.max(0, from), Math.min(total, Math.max(from + 1, per > 1 ? Math.floor(low + (pixel + 1) * per) : 0))];
  };
  const [rows, columns] = [side("y", matrix.rows.total), side("x", matrix.columns.total)];
  if (rows[0] >= rows[1] || columns[0] >= columns[1]) return null;
  const found = detailOf(view) === "ink" ? matrix.firstIn(rows, columns) : null;
  return matrix.at(...(found ?? [rows[0], columns[0]]));
}

/** Rows and columns that are selected; null where none is. */
export interface Selection {
  /** The row of i, and of j. */
  row: number | null;
  pinned: number | null;
  column: number | null;
  choose(input: Place | null): void;
}

/** The rows of i and j, and the column of the input selected last; without one that of the weight held. */
export function useSelected(store: Store, matrix: Matrix): Selection {
  const [input, setInput] = useState<Place | null>(null);
  const { layer, state } = store;
  const row = (place: Place | undefined): number | null => (layer?.has(place) ? matrix.rows.flat(place) : null);
  const chosen = selectedOf(state);
  const read = chosen?.kind === "input" ? chosen.place : input;
  const own = read && read.length === matrix.columns.shape.length ? matrix.columns.flat(read) : null;
  const [i, w] = [row(state.i), state.w];
  const held = useMemo(() => {
    if (i === null || !w || w.p !== matrix.line.p) return null;
    const taps = matrix.line.relation.fix(0, state.i!);
    const uses = taps.total > 20_000n ? [] : taps.list();
    const place = uses.find((tap) => same(tap[matrix.line.weight], w.place))?.[matrix.record.access];
    return place ? matrix.columns.flat(place) : null;
  }, [matrix, i, w]);
  const fits = own !== null && own < matrix.columns.total;
  return { row: i, pinned: row(state.j), column: fits ? own : held, choose: setInput };
}

/** The part on screen: the address's, else where the matrix begins; kept in the address once it rests. */
export function useViewport(
  store: Store,
  matrix: Matrix,
  size: Size,
  selected: Selection,
): [Viewport, (view: Viewport) => void] {
  const total = { y: matrix.rows.total, x: matrix.columns.total };
  const at = { y: selected.row ?? 0, x: selected.column ?? -1 };
  const [held, setHeld] = useState<{ matrix: Matrix; zoom: string | undefined; view: Viewport } | null>(null);
  const { zoom } = store.state;
  const mine = held && held.matrix === matrix && held.zoom === zoom ? held.view : null;
  const view = useMemo(
    () => (mine ? clamped(mine, total, size) : (read(zoom, total, size) ?? opening(matrix, total, size, at))),
    [mine, zoom, matrix, size.y, size.x],
  );
  const address = written(view, total, size);
  const start = useRef<Viewport | null>(null);
  useEffect(() => {
    if (!mine || address === zoom || (start.current && sameView(start.current, view))) return;
    const timer = setTimeout(() => {
      setHeld({ matrix, zoom: address, view });
      store.set({ zoom: address }, true);
    }, 250);
    return () => clearTimeout(timer);
  }, [address, mine]);
  return [view, (next) => setHeld({ matrix, zoom, view: next })];
}
