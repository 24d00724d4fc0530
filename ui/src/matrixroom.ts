/** How much room the matrix takes on the page, and what it shows when it opens. */
import type { Matrix } from "./matrixmodel";
import { GUTTER } from "./matrixmarks";
import { clamped, read, whole, type Size, type Viewport } from "./matrixview";

/** What stands beside the matrix, and the gap before it. */
const SIDE = 246 + 28;
/** Of a matrix with fewer entries the numbers are shown at once, though it does not fit. */
const FEW = 20_000;
const CLOSE = 16;
/** Entries of so many pixels can be told apart without zooming in. */
const SEEN = 8;

export interface Room {
  /** Of the matrix itself. */
  size: Size;
  gutter: Size;
  /** Whether all of it is seen, so that a map would say nothing. */
  small: boolean;
}

/** How often the runs of lazy tables may go from pixel to pixel in one picture. */
const MOST_CROSSINGS = 60e6;

/** How many pixels wide and high a pixel of ink is: more than 1 only where tables of many runs would take seconds. */
export function grainOf(matrix: Matrix, size: Size): number {
  const runs = matrix.dense.parts.reduce((sum, part) => sum + (part.steps.some(Boolean) ? part.length : 0), 0);
  return Math.max(1, Math.ceil((runs * (size.y + size.x)) / MOST_CROSSINGS));
}

/** The room in a panel of some width. */
export function roomOf(matrix: Matrix, width: number, phone: boolean): Room {
  const total = { y: matrix.rows.total, x: matrix.columns.total };
  const gutter = gutterOf(matrix.rows);
  const room = { y: tall(phone), x: Math.max(120, width - gutter.x) };
  const small = Math.max(total.y / room.y, total.x / room.x) <= 1 / SEEN;
  const size = sized(matrix, total, { y: room.y, x: phone || small ? room.x : Math.max(120, room.x - SIDE) });
  return { size, gutter, small };
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
      : Math.min(room[key], Math.ceil(total[key] * (1 / per < SEEN ? CLOSE : 1 / per) - 1e-9));
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

/**
 * The whole where its entries can be seen; of a larger matrix the block of i; single entries where there are few of
 * them, or where the whole would be nothing but ink.
 */
export function opening(matrix: Matrix, total: Size, size: Size, at: Size): Viewport {
  const all = whole(total, size);
  if (Math.max(all.y.per, all.x.per) <= 1 / SEEN) return all;
  const column = at.x >= 0 ? at.x : (matrix.firstIn([at.y, at.y + 1], [0, total.x])?.[1] ?? 0);
  const full = matrix.connections([0, total.y], [0, total.x]) === total.y * total.x;
  if (full || total.y * total.x <= FEW) {
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
