/** Beside the matrix: the whole of it as exact ink with the window on it, and single entries where pixels cover many. */
import { useLayoutEffect, useMemo, useRef } from "preact/hooks";
import { fullInk, wholeBlocks } from "./ink";
import { inked, paintCells, type Tokens } from "./matrixpaint";
import type { Matrix } from "./matrixmodel";
import type { Size, Viewport } from "./matrixview";
import { count, placeText } from "./numbers";
import type { Chip } from "./types";

const ROOM = { x: 246, y: 200 };
/** The window on the map is never drawn smaller. */
const LEAST = 4;

interface Map {
  values: Uint8Array;
  full: number;
  /** Pixels of ink, and how large each is. */
  cut: Size;
  pixel: Size;
  /** Whether all pixels have the same ink. */
  even: boolean;
}

function mapOf(matrix: Matrix): Map {
  const shape = (flat: Matrix["rows"]): number[] => flat.order.map((axis) => flat.shape[axis]!);
  const [rows, columns] = [wholeBlocks(shape(matrix.rows), ROOM.y), wholeBlocks(shape(matrix.columns), ROOM.x)];
  const { values, full } = fullInk(matrix.dense, rows, columns);
  const cut = { y: rows.length - 1, x: columns.length - 1 };
  const pixel = { y: Math.max(1, Math.floor(ROOM.y / cut.y)), x: Math.max(1, Math.floor(ROOM.x / cut.x)) };
  return { values, full, cut, pixel, even: values.every((value) => value === values[0]) };
}

interface MinimapProps {
  matrix: Matrix;
  view: Viewport;
  size: Size;
  tokens: Tokens;
  onMove(middle: Size): void;
}

export function Minimap({ matrix, view, size, tokens, onMove }: MinimapProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const map = useMemo(() => mapOf(matrix), [matrix]);
  useLayoutEffect(() => {
    const context = canvas.current!.getContext("2d")!;
    context.clearRect(0, 0, map.cut.x, map.cut.y);
    if (!map.even) context.putImageData(inked(map.values, map.cut.x, map.cut.y, tokens.ink), 0, 0);
  }, [map, tokens]);
  const wide = map.cut.x * map.pixel.x;
  const high = map.cut.y * map.pixel.y;
  const total = { y: matrix.rows.total, x: matrix.columns.total };
  const box = {
    ...placed("x", view.x.low / total.x, (size.x * view.x.per) / total.x, wide),
    ...placed("y", view.y.low / total.y, (size.y * view.y.per) / total.y, high),
  };
  const move = (event: PointerEvent): void => {
    if (event.buttons === 0) return;
    const bounds = canvas.current!.getBoundingClientRect();
    const at = (offset: number, length: number): number => Math.min(Math.max(offset / length, 0), 1);
    onMove({
      y: at(event.clientY - bounds.top, bounds.height) * total.y,
      x: at(event.clientX - bounds.left, bounds.width) * total.x,
    });
  };
  const start = (event: PointerEvent): void => {
    (event.currentTarget as Element).setPointerCapture(event.pointerId);
    move(event);
  };
  return (
    <section class="minimap" aria-label="The whole matrix">
      <h2>the whole matrix</h2>
      <div
        class={`map${map.even ? " even" : ""}`}
        style={{ width: `${wide}px`, height: `${high}px` }}
        onPointerDown={start}
        onPointerMove={move}
      >
        <canvas ref={canvas} width={map.cut.x} height={map.cut.y} />
        <svg width={wide} height={high} aria-hidden="true">
          <rect class="here" {...box} rx={1} />
        </svg>
      </div>
      <p>
        {blockWords(matrix)}The window is {part((size.y * view.y.per) / total.y)} of the height,{" "}
        {part((size.x * view.x.per) / total.x)} of the width.
      </p>
      <p class="mono">
        {map.even
          ? "the same everywhere"
          : map.full > 1
            ? `full ink here = ${map.full.toFixed(2)} or more`
            : "full ink = 1"}
      </p>
    </section>
  );
}

function placed(axis: "x" | "y", from: number, part: number, length: number): Record<string, number> {
  const long = Math.min(Math.max(part * length, LEAST), length);
  return { [axis]: Math.min(Math.max(from * length, 0), length - long), [axis === "x" ? "width" : "height"]: long };
}

/** A part of a whole as one over a number: "1/96", "≈1/425", "all". */
function part(ratio: number): string {
  if (ratio >= 0.995) return "all";
  const over = 1 / ratio;
  const whole = Math.round(over);
  if (over < 1.5) return `${Math.round(100 * ratio)} %`;
  return Math.abs(over - whole) < 1e-6 * over
    ? `1/${count(whole)}`
    : `≈1/${over < 10 ? over.toFixed(1) : count(whole)}`;
}

/** How many blocks there are, where the outermost axes have some within. */
function blockWords(matrix: Matrix): string {
  const [rows, columns] = [matrix.rows, matrix.columns].map((flat) =>
    flat.order.length > 1 ? flat.shape[flat.order[0]!]! : 1,
  ) as [number, number];
  return rows * columns > 1 ? `${count(rows)} × ${count(columns)} blocks. ` : "";
}

// --- single entries --------------------------------------------------------------------------------------------------

const GLASS = { x: 246, y: 66 };
const ENTRY = 8.2;

interface GlassProps {
  matrix: Matrix;
  at: { row: number; column: number };
  chips: readonly Chip[];
  tokens: Tokens;
  ratio: number;
}

/** What lies under one place of the inked matrix, one entry for each cell. */
export function Glass({ matrix, at, chips, tokens, ratio }: GlassProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [rows, columns] = [Math.floor(GLASS.y / ENTRY), Math.floor(GLASS.x / ENTRY)];
  const top = Math.max(0, Math.min(at.row - (rows >> 1), matrix.rows.total - rows));
  const left = Math.max(0, Math.min(at.column - (columns >> 1), matrix.columns.total - columns));
  useLayoutEffect(() => {
    const context = canvas.current!.getContext("2d")!;
    const view = { y: { low: top, per: 1 / ENTRY }, x: { low: left, per: 1 / ENTRY } };
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, GLASS.x * ratio, GLASS.y * ratio);
    paintCells(context, { matrix, view, size: GLASS, ratio, coarse: 1, chips, tokens, value: () => undefined });
  }, [matrix, top, left, chips, tokens, ratio]);
  const last = {
    row: Math.min(top + rows, matrix.rows.total) - 1,
    column: Math.min(left + columns, matrix.columns.total) - 1,
  };
  return (
    <section class="glass" aria-label="Single entries">
      <h2>
        <span class="tag">1</span> one entry for each cell
      </h2>
      <canvas
        ref={canvas}
        width={Math.round(GLASS.x * ratio)}
        height={Math.round(GLASS.y * ratio)}
        style={{ width: `${GLASS.x}px`, height: `${GLASS.y}px` }}
      />
      <p class="mono">
        y[{placeText(matrix.rows.place(top))}] to y[{placeText(matrix.rows.place(last.row))}], x[
        {placeText(matrix.columns.place(left))}] to x[{placeText(matrix.columns.place(last.column))}]
      </p>
    </section>
  );
}
