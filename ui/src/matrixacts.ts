/** What keys, buttons and hands do to the matrix. */
import { joined, type WeightLine } from "./layer";
import type { Hands } from "./matrixgestures";
import type { Entry, Matrix } from "./matrixmodel";
import { detailOf } from "./matrixpaint";
import { under, type Selection } from "./matrixselection";
import { panned, showing, whole, zoomed, type Size, type Viewport } from "./matrixview";
import { withFilter } from "./moves";
import type { Store } from "./store";
import type { Target } from "./types";

/** The matrix as it is on screen now, and what changes it. */
export interface Stage {
  store: Store;
  matrix: Matrix;
  line: WeightLine;
  view: Viewport;
  size: Size;
  total: Size;
  selected: Selection;
  pointed: Entry | null;
  show(view: Viewport): void;
  point(entry: Entry | null): void;
  /** Whether a hand is moving it. */
  move(moving: boolean): void;
}

export interface Acts {
  zoomIn(): void;
  zoomOut(): void;
  whole(): void;
  next(back?: boolean): void;
  order(): void;
  move(rows: number, columns: number, far: boolean): void;
  clear(): void;
  pin(): void;
}

const STEP = 1.5;

export function actsOf(stage: Stage): Acts {
  const { store, matrix, view, size, total, selected } = stage;
  const here = { row: selected.row ?? 0, column: selected.column ?? -1 };
  return {
    zoomIn: () => zoom(stage, STEP),
    zoomOut: () => zoom(stage, 1 / STEP),
    whole: () => stage.show(whole(total, size)),
    next: (back = false) => walk(stage, matrix.next(here.row, back && here.column < 0 ? 0 : here.column, back)),
    order: () => store.set({ order: matrix.last ? undefined : "last", zoom: undefined }),
    move: (rows, columns, far) => {
      const by = (key: "y" | "x"): number => (far ? Math.max(1, Math.floor(0.8 * size[key] * view[key].per)) : 1);
      const to = (from: number, step: number, end: number): number => Math.min(Math.max(from + step, 0), end - 1);
      walk(stage, [to(here.row, rows * by("y"), total.y), to(Math.max(here.column, 0), columns * by("x"), total.x)]);
    },
    clear: () => selected.choose(null),
    pin: () => store.pin(stage.pointed?.neuron ?? store.state.i),
  };
}

export function handsOf(stage: Stage, focus: () => void): Hands {
  const { store, matrix, view, size, total } = stage;
  return {
    pan: (by) => {
      stage.move(true);
      stage.show(panned(view, total, size, by));
    },
    zoom: (factor, at) => {
      stage.move(true);
      zoom(stage, factor, at);
    },
    rest: () => stage.move(false),
    click: (at) => {
      const entry = under(matrix, view, at);
      if (entry) select(stage, entry.row, entry.column, false);
      focus();
    },
    long: (at) => {
      const entry = under(matrix, view, at);
      if (entry) store.pin(entry.neuron);
    },
    point: (at) => {
      const entry = at && under(matrix, view, at);
      stage.point(entry);
      if (detailOf(view) === "ink") return;
      store.linking.point(entry?.weight ? meant(stage, entry) : null);
    },
  };
}

/** Around a point, else around the selected entry where it is in sight, else around the middle. */
function zoom({ view, size, total, selected, show }: Stage, factor: number, at?: Size): void {
  const place = (key: "y" | "x", entry: number | null): number =>
    entry === null ? -1 : (entry + 0.5 - view[key].low) / view[key].per;
  const own = { y: place("y", selected.row), x: place("x", selected.column) };
  const inside = own.y >= 0 && own.y < size.y && own.x >= 0 && own.x < size.x;
  show(zoomed(view, total, size, factor, at ?? (inside ? own : { y: size.y / 2, x: size.x / 2 })));
}

/** What an entry means: its weight, or by the level what that is one of; where it has none its input. */
function meant({ store, line }: Stage, { weight, neuron, input }: Entry): Target {
  if (!weight) return { kind: "input", place: input };
  const mark = { p: line.p, w: [joined(weight)], y: [joined(neuron)], x: [joined(input)], b: [] };
  return store.meant({ kind: "weight", p: line.p, place: weight }, mark)!;
}

/** Selects the neuron and the input of an entry, and its weight; a click on the same one lets them go. */
function select(stage: Stage, row: number, column: number, walking: boolean): void {
  const { store, matrix, selected } = stage;
  const entry = matrix.at(row, column);
  const again = !walking && selected.row === row && selected.column === column;
  selected.choose(again ? null : entry.input);
  const c = matrix.channelOf(entry.input);
  const patch = { ...withFilter(store.layer!, store.state, { i: entry.neuron }), ...(c === undefined ? {} : { c }) };
  if (again) store.set({ ...patch, w: undefined, s: undefined }, walking);
  else store.choose(meant(stage, entry), patch, walking);
}

function walk(stage: Stage, found: [row: number, column: number] | null): void {
  if (!found) return;
  select(stage, ...found, true);
  stage.show(showing(stage.view, stage.total, stage.size, { y: found[0], x: found[1] }));
}
