/** The dense matrix of a layer: drag, zoom, pick, walk from connection to connection. Derives nothing: it reads tables. */
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { PHONE, useMedia, useWidth } from "./hooks";
import type { WeightLine } from "./layer";
import { useHands } from "./matrixgestures";
import { useMatrixKeys } from "./matrixkeys";
import { entryName, GUTTER, MatrixMarks, type Selected } from "./matrixmarks";
import { Matrix, type Entry } from "./matrixmodel";
import { detailOf, NUMBERS, paint } from "./matrixpaint";
import { Glass, Minimap } from "./matrixside";
import { useTokens } from "./matrixtokens";
import { MatrixTwin } from "./matrixtwin";
import { clamped, panned, read, sameView, showing, whole, window as entries, written, zoomed, type Size, type Viewport } from "./matrixview";
import { withFilter } from "./moves";
import { count, named, plural, value } from "./numbers";
import { same } from "./state";
import type { Picture, Store } from "./store";
import type { Chip, Place, Target } from "./types";

interface Props {
  store: Store;
  picture: Picture;
  line: WeightLine;
}

const SIDE = 246 + 20;
const STEP = 1.5;
const UNKNOWN: readonly Chip[] = [];
/** Of a matrix with fewer entries the numbers are shown at once, though it does not fit. */
const FEW = 20_000;
const CLOSE = 16;
/** A picture that takes longer than this is coarse while it moves. */
const SLOW = 45;

export function MatrixPanel({ store, picture, line }: Props) {
  const last = store.state.order === "last";
  const matrix = useMemo(() => new Matrix(line, line.line.matrix!, last), [line, last]);
  const plot = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const surface = useRef<HTMLDivElement>(null);
  const tokens = useTokens(plot);
  const phone = useMedia(PHONE);
  const gutter = gutterOf(matrix.rows);
  const total: Size = { y: matrix.rows.total, x: matrix.columns.total };
  const outer = useWidth(plot, 1100);
  const room: Size = { y: tall(phone), x: Math.max(120, outer - gutter.x) };
  const small = Math.max(total.y / room.y, total.x / room.x) <= 1 / 8;
  const size = sized(matrix, total, { y: room.y, x: phone || small ? room.x : Math.max(120, room.x - SIDE) });
  const selected = useSelected(store, matrix);
  const [view, setView] = useViewport(store, matrix, total, size, selected.shown);
  const [pointed, setPointed] = useState<Entry | null>(null);
  const [moving, setMoving] = useState(false);
  const [target, setTarget] = useState<Target | null>(store.linking.target);
  const chips = picture.answer?.legend.chips ?? UNKNOWN;
  const detail = detailOf(view);
  const slow = useRef(0);
  const ratio = devicePixelRatio || 1;

  useEffect(() => store.linking.listen((now) => setTarget(now)), [store]);
  useLayoutEffect(() => {
    const coarse = moving && slow.current > SLOW ? Math.ceil(Math.sqrt(slow.current / 20)) : 1;
    const start = performance.now();
    const weights = store.layer?.tensorOf(line, line.weight);
    const numberAt = (weight: number): number | undefined => weights?.at(matrix.weightPlace(weight));
    paint(canvas.current!, { matrix, view, size, ratio, coarse, chips, tokens, value: numberAt });
    if (coarse === 1) slow.current = performance.now() - start;
  }, [matrix, view, size.y, size.x, ratio, chips, tokens, moving, line]);

  const select = (row: number, column: number, replace = false): void => {
    const entry = matrix.at(row, column);
    const again = !replace && selected.row === row && selected.column === column;
    selected.setInput(again ? null : entry.input);
    const w = entry.weight && !again ? { p: line.p, place: entry.weight } : undefined;
    const c = matrix.channelOf(entry.input);
    store.set({ ...withFilter(store.layer!, store.state, { i: entry.neuron }), w, ...(c === undefined ? {} : { c }) }, replace);
    if (!entry.weight && !again) store.linking.hold({ kind: "input", place: entry.input });
  };
  const walk = (found: [number, number] | null): void => {
    if (!found) return;
    select(...found, true);
    setView(showing(view, total, size, { y: found[0], x: found[1] }));
  };
  const here = { row: selected.row ?? 0, column: selected.column ?? -1 };
  const zoom = (factor: number, at?: Size): void => {
    const place = { y: (here.row + 0.5 - view.y.low) / view.y.per, x: (here.column + 0.5 - view.x.low) / view.x.per };
    const inside = here.column >= 0 && place.y >= 0 && place.y < size.y && place.x >= 0 && place.x < size.x;
    setView(zoomed(view, total, size, factor, at ?? (inside ? place : { y: size.y / 2, x: size.x / 2 })));
  };
  const entryAt = (at: Size): Entry | null => under(matrix, view, at);
  const acts = {
    zoomIn: () => zoom(STEP),
    zoomOut: () => zoom(1 / STEP),
    whole: () => setView(whole(total, size)),
    next: (back = false) => walk(matrix.next(here.row, back && here.column < 0 ? 0 : here.column, back)),
    order: () => store.set({ order: last ? undefined : "last", zoom: undefined }),
    move: (rows: number, columns: number, far: boolean) => {
      const by = (key: "y" | "x"): number => (far ? Math.max(1, Math.floor(0.8 * size[key] * view[key].per)) : 1);
      const to = (from: number, step: number, end: number): number => Math.min(Math.max(from + step, 0), end - 1);
      walk([to(here.row, rows * by("y"), total.y), to(Math.max(here.column, 0), columns * by("x"), total.x)]);
    },
    clear: () => selected.setInput(null),
    pin: () => store.pin(pointed?.neuron ?? store.state.i),
  };
  useMatrixKeys(surface, acts);
  useHands(surface, {
    pan: (by) => {
      setMoving(true);
      setView(panned(view, total, size, by));
    },
    zoom: (factor, at) => {
      setMoving(true);
      zoom(factor, at);
    },
    rest: () => setMoving(false),
    click: (at) => {
      const entry = entryAt(at);
      if (entry) select(entry.row, entry.column);
      surface.current!.focus({ preventScroll: true });
    },
    long: (at) => {
      const entry = entryAt(at);
      if (entry) store.pin(entry.neuron);
    },
    point: (at) => {
      const entry = at && entryAt(at);
      setPointed(entry);
      if (detail !== "ink")
        store.linking.point(entry?.weight ? { kind: "weight", p: line.p, place: entry.weight } : null);
    },
  });

  const entry = selected.row === null || selected.column === null ? null : matrix.at(selected.row, selected.column);
  const focus = pointed ?? entry ?? middleOf(view, total, size);
  const drawn: Selected = { i: selected.row, j: selected.pinned, column: selected.column };
  return (
    <div class="matrix" ref={plot}>
      <Where matrix={matrix} view={view} size={size} total={total} detail={detail} />
      <div class={`body${phone || small ? "" : " sided"}`}>
        <div class="main-part">
        <div class="plot" style={{ width: `${size.x + gutter.x}px`, height: `${size.y + gutter.y}px` }}>
          <div
            class="surface"
            ref={surface}
            style={{ left: `${gutter.x}px`, top: `${gutter.y}px`, width: `${size.x}px`, height: `${size.y}px` }}
            tabIndex={0}
            role="application"
            aria-roledescription="matrix"
            aria-label={`${plural(total.y, "row")} of neurons, ${plural(total.x, "column")} of inputs`}
            aria-describedby="matrix-help matrix-said"
            data-detail={detail}
            data-low={`${view.y.low},${view.x.low}`}
            data-per={`${view.y.per},${view.x.per}`}
          >
            <canvas ref={canvas} style={{ width: `${size.x}px`, height: `${size.y}px` }} />
          </div>
          <MatrixMarks
            matrix={matrix}
            view={view}
            size={size}
            gutter={gutter}
            selected={drawn}
            target={target}
            pointed={pointing(matrix, target)}
          />
          {detail === "ink" && <Lens view={view} size={size} gutter={gutter} at={focus} />}
        </div>
          <Tools acts={acts} last={last} />
          <p class="said" role="status" id="matrix-said">
            {said(store, matrix, line, pointed ?? entry)}
          </p>
        </div>
        {!small && (
          <div class="side">
            <Minimap
              matrix={matrix}
              view={view}
              size={size}
              tokens={tokens}
              onMove={(to) => setView(clamped(centred(view, size, to), total, size))}
            />
            {detail === "ink" && <Glass matrix={matrix} at={focus} chips={chips} tokens={tokens} ratio={ratio} />}
          </div>
        )}
      </div>
      <p class="sr" id="matrix-help">
        Arrow keys move the selected entry, with Shift by a window. n and Shift+n go to the next or previous connection,
        plus, minus and 0 zoom, c counts channels last, p pins the neuron.
      </p>
      <p class="words">{picture.answer?.words.join(" ")}</p>
      <MatrixTwin matrix={matrix} line={line} store={store} view={view} size={size} />
    </div>
  );
}

/** How high the matrix may be. */
function tall(phone: boolean): number {
  const page = window.innerHeight;
  return phone ? Math.min(420, Math.max(260, page * 0.5)) : Math.min(760, Math.max(300, page - 330));
}

/** The room that the matrix takes: no more than all its entries, and of a large one whole pixels for each block. */
function sized(matrix: Matrix, total: Size, room: Size): Size {
  const { y, x } = whole(total, room);
  const side = (key: "y" | "x", flat: Matrix["rows"], per: number): number =>
    per > 1
      ? evened(flat.blocks, room[key], key === "y" ? 1.08 : 1)
      : Math.min(room[key], Math.ceil(total[key] * (1 / per < NUMBERS ? CLOSE : 1 / per) - 1e-9));
  return { y: side("y", matrix.rows, y.per), x: side("x", matrix.columns, x.per) };
}

/** As many pixels as are about there, with as many to each block: others would show patterns that do not exist. */
function evened(blocks: number, room: number, slack: number): number {
  if (blocks > room) return Math.ceil(blocks / Math.ceil(blocks / room));
  const near = Math.round(room / blocks) * blocks;
  return Math.floor(near <= slack * room ? near : Math.floor(room / blocks) * blocks);
}

/** Room for the names of rows and the tags of i and j. */
function gutterOf(rows: Matrix["rows"]): Size {
  const longest = rows.place(Math.max(rows.total - 1, 0)).join(",").length;
  return { y: GUTTER, x: Math.min(128, 46 + 6.4 * longest) };
}

const centred = (view: Viewport, size: Size, at: Size): Viewport => ({
  y: { low: at.y - (size.y * view.y.per) / 2, per: view.y.per },
  x: { low: at.x - (size.x * view.x.per) / 2, per: view.x.per },
});

const middleOf = (view: Viewport, total: Size, size: Size): { row: number; column: number } => ({
  row: Math.min(total.y - 1, Math.floor(view.y.low + (size.y / 2) * view.y.per)),
  column: Math.min(total.x - 1, Math.floor(view.x.low + (size.x / 2) * view.x.per)),
});

/** The entry under a point; where a pixel covers many, its first connection. */
function under(matrix: Matrix, view: Viewport, at: Size): Entry | null {
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

/** The row of i and of j, and the column of the input selected last; without one that of the weight held. */
function useSelected(store: Store, matrix: Matrix) {
  const [input, setInput] = useState<Place | null>(null);
  const { layer, state } = store;
  const row = (place: Place | undefined): number | null => (layer?.has(place) ? matrix.rows.flat(place) : null);
  const own = input && input.length === matrix.columns.shape.length ? matrix.columns.flat(input) : null;
  const [i, w] = [row(state.i), state.w];
  const held = useMemo(() => {
    if (i === null || !w || w.p !== matrix.line.p) return null;
    const taps = matrix.line.relation.fix(0, state.i!);
    const uses = taps.total > 20_000n ? [] : taps.list();
    const place = uses.find((tap) => same(tap[matrix.line.weight], w.place))?.[matrix.record.access];
    return place ? matrix.columns.flat(place) : null;
  }, [matrix, i, w]);
  const fits = own !== null && own < matrix.columns.total;
  const column = fits ? own : held;
  const shown = { y: i ?? 0, x: column ?? -1 };
  return { row: i, pinned: row(state.j), column, setInput, shown };
}

/** The part on screen: the address's, else where the matrix begins; kept in the address once it rests. */
function useViewport(store: Store, matrix: Matrix, total: Size, size: Size, at: Size): [Viewport, (view: Viewport) => void] {
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
      const kept = store.linking.held;
      setHeld({ matrix, zoom: address, view });
      store.set({ zoom: address }, true);
      if (!store.state.w) store.linking.hold(kept);
    }, 250);
    return () => clearTimeout(timer);
  }, [address, mine]);
  return [view, (next) => setHeld({ matrix, zoom, view: next })];
}

/** The whole where its entries can be seen; of a larger matrix the block of i, of one with few entries their numbers. */
function opening(matrix: Matrix, total: Size, size: Size, at: Size): Viewport {
  const all = whole(total, size);
  if (Math.max(all.y.per, all.x.per) <= 1 / 8) return all;
  const column = at.x >= 0 ? at.x : (matrix.firstIn([at.y, at.y + 1], [0, total.x])?.[1] ?? 0);
  if (total.y * total.x <= FEW) {
    const close = { y: { low: at.y - 2, per: 1 / CLOSE }, x: { low: column - 4, per: 1 / CLOSE } };
    return clamped(close, total, size);
  }
  const block = (flat: Matrix["rows"], entry: number): [number, number] => {
    const step = flat.steps.find((one) => one < flat.total) ?? flat.total;
    const low = step > 1 ? Math.floor(entry / step) * step : 0;
    return [low, step > 1 ? low + step : flat.total];
  };
  const [rows, columns] = [block(matrix.rows, at.y), block(matrix.columns, column)];
  return read(`${rows.join(":")},${columns.join(":")}`, total, size) ?? all;
}

/** What is pointed at as an identity of the relation. */
function pointing(matrix: Matrix, target: Target | null) {
  if (target?.kind === "weight") return matrix.named(`weight:${target.p}:${target.place.join(",")}`);
  return target?.kind === "identity" ? matrix.named(target.id) : null;
}

function Where({ matrix, view, size, total, detail }: { matrix: Matrix; view: Viewport; size: Size; total: Size; detail: string }) {
  const says = (flat: Matrix["rows"], key: "y" | "x"): string => flat.says(...entries(view[key], total[key], size[key]));
  const covers = (key: "y" | "x", one: string): string => {
    const { per } = view[key];
    const least = Math.max(1, Math.floor(per));
    return per > 1 && !Number.isInteger(per) ? `${count(least)} to ${plural(least + 1, one)}` : plural(least, one);
  };
  return (
    <p class="where">
      <span>
        <b>neurons:</b> {says(matrix.rows, "y")} <b>inputs:</b> {says(matrix.columns, "x")}
      </span>
      <span class="pixel">
        {detail === "ink"
          ? `1 pixel = ${covers("y", "neuron")} × ${covers("x", "input")}. No identity colour at this zoom: ink = connections under the pixel ÷ the larger of both, full at 1.`
          : `${plural(Math.round(10 / view.x.per) / 10, "pixel")} to an entry. Blank is a fixed zero.`}
      </span>
    </p>
  );
}

/** Where the single entries beside the matrix lie. */
function Lens({ view, size, gutter, at }: { view: Viewport; size: Size; gutter: Size; at: { row: number; column: number } }) {
  const place = { y: (at.row + 0.5 - view.y.low) / view.y.per, x: (at.column + 0.5 - view.x.low) / view.x.per };
  if (place.y < 0 || place.x < 0 || place.y > size.y || place.x > size.x) return null;
  const right = place.x > size.x - 40;
  return (
    <svg class="marks" width={size.x + gutter.x} height={size.y + gutter.y} aria-hidden="true">
      <g transform={`translate(${gutter.x + place.x} ${gutter.y + place.y})`}>
        <rect class="halo" x={-7} y={-7} width={14} height={14} rx={3} />
        <rect class="lens" x={-7} y={-7} width={14} height={14} rx={3} />
        <g class="tag" transform={`translate(${right ? -28 : 12} ${place.y < 26 ? 8 : -24})`}>
          <rect class="edge" width={16} height={16} rx={3} />
          <text class="mono" x={8} y={12} text-anchor="middle">
            1
          </text>
        </g>
      </g>
    </svg>
  );
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

function Tools({ acts, last }: { acts: Acts; last: boolean }) {
  const buttons: [key: string, text: string, act: () => void, on?: boolean][] = [
    ["+", "zoom in", acts.zoomIn],
    ["−", "zoom out", acts.zoomOut],
    ["0", "whole", acts.whole],
    ["n", "next connection", () => acts.next()],
    ["c", "channel last", acts.order, last],
  ];
  return (
    <div class="tools" role="group" aria-label="Matrix">
      {buttons.map(([key, text, act, on]) => (
        <button type="button" class="outlined" key={key} onClick={act} aria-keyshortcuts={key === "−" ? "-" : key} aria-pressed={on}>
          <span class="mono">{key}</span> {text}
        </button>
      ))}
    </div>
  );
}

/** What stands at an entry, in words: for the eye and for a screen reader. */
function said(store: Store, matrix: Matrix, line: WeightLine, entry: Entry | null): string {
  if (!entry) return "Point at an entry, or select one: its row is a neuron, its column an input.";
  const name = entryName(entry.neuron, entry.input);
  if (entry.several) return `${name}: ${plural(matrix.count(entry.row, entry.column), "weight")} added`;
  if (!entry.weight) return `${name}: no connection, a fixed zero`;
  const tensor = line.relation.accesses[line.weight]!.tensor;
  const number = store.layer?.tensorOf(line, line.weight)?.at(entry.weight);
  return `${name}: ${named(tensor, entry.weight)}${number === undefined ? "" : ` = ${value(number)}`}`;
}
