/** The matrix's pixels: entries with their numbers, entries as colours, or exact ink, by how large an entry is. */
import { ink, evenly } from "./ink";
import { SEVERAL } from "./codes";
import type { Matrix } from "./matrixmodel";
import { window, type Size, type Viewport } from "./matrixview";
import { value as numberText } from "./numbers";
import type { Chip } from "./types";

export type Detail = "ink" | "colours" | "cells";

/** What the page's theme says; colours of identities come with the chips. */
export interface Tokens {
  paper: string;
  ink: string;
  ink3: string;
  line: string;
}
export interface Paint {
  matrix: Matrix;
  view: Viewport;
  /** CSS pixels. */
  size: Size;
  /** Device pixels to a CSS pixel. */
  ratio: number;
  /** Pixels to a pixel of ink: more than 1 while the hand moves a matrix that takes long. */
  coarse: number;
  chips: readonly Chip[];
  tokens: Tokens;
  value(weight: number): number | undefined;
}

/** An entry of so many pixels is drawn one by one. */
const CELLS = 8;
/** And from so many on it has its number. */
export const NUMBERS = 14.5;
const HOLLOW = 3;

export function detailOf(view: Viewport): Detail {
  const per = Math.max(view.y.per, view.x.per);
  return per > 1 ? "ink" : 1 / per < CELLS ? "colours" : "cells";
}

export function paint(canvas: HTMLCanvasElement, what: Paint): void {
  const [wide, high] = [Math.round(what.size.x * what.ratio), Math.round(what.size.y * what.ratio)];
  if (canvas.width !== wide || canvas.height !== high) Object.assign(canvas, { width: wide, height: high });
  const context = canvas.getContext("2d", { willReadFrequently: true })!;
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, wide, high);
  const detail = detailOf(what.view);
  if (detail === "ink") paintInk(context, what);
  else if (detail === "colours") context.putImageData(colours(what, wide, high), 0, 0);
  else paintCells(context, what);
}

/** A colour such as #1acbff as a pixel of the given opacity. */
function pixel(colour: string, alpha = 255): number {
  const [, red, green, blue] = /^#(..)(..)(..)$/.exec(colour.trim()) ?? ["", "0", "0", "0"];
  const bytes = Uint8Array.of(...[red, green, blue].map((part) => parseInt(part!, 16)), alpha);
  return new Uint32Array(bytes.buffer)[0]!;
}

// --- ink -------------------------------------------------------------------------------------------------------------

function paintInk(context: CanvasRenderingContext2D, { matrix, view, size, ratio, coarse, tokens }: Paint): void {
  const [wide, high] = [Math.ceil(size.x / coarse), Math.ceil(size.y / coarse)];
  const rows = evenly(view.y.low, view.y.per * coarse, high, matrix.rows.total);
  const columns = evenly(view.x.low, view.x.per * coarse, wide, matrix.columns.total);
  const image = inked(ink(matrix.dense, rows, columns), wide, high, tokens.ink);
  if (ratio === 1 && coarse === 1) context.putImageData(image, 0, 0);
  else {
    context.imageSmoothingEnabled = false;
    context.drawImage(drawn(image), 0, 0, wide * ratio * coarse, high * ratio * coarse);
  }
}

/** Ink as pixels: its amount is the opacity, so that one raster is right on any paper. */
export function inked(values: Uint8Array, wide: number, high: number, colour: string): ImageData {
  const image = new ImageData(wide, high);
  const data = new Uint32Array(image.data.buffer);
  const full = Array.from({ length: 256 }, (_, alpha) => pixel(colour, alpha));
  for (let n = 0; n < values.length; n++) if (values[n]) data[n] = full[values[n]!]!;
  return image;
}

export function drawn(image: ImageData): HTMLCanvasElement {
  const canvas = Object.assign(document.createElement("canvas"), { width: image.width, height: image.height });
  canvas.getContext("2d")!.putImageData(image, 0, 0);
  return canvas;
}

// --- colours ---------------------------------------------------------------------------------------------------------

function colours({ matrix, view, ratio, chips, tokens }: Paint, wide: number, high: number): ImageData {
  const down = sampled(view.y.low, view.y.per / ratio, high, matrix.rows.total);
  const across = sampled(view.x.low, view.x.per / ratio, wide, matrix.columns.total);
  const found = matrix.codes(down.entries, across.entries, chips);
  const palette = Uint32Array.from([0, pixel(tokens.line), ...chips.map((chip) => pixel(chip.colour))]);
  // Where there is room an entry that is not coloured is hollow.
  const hollow = Math.max(view.y.per, view.x.per) <= 1 / HOLLOW;
  const image = new ImageData(wide, high);
  const data = new Uint32Array(image.data.buffer);
  const count = across.entries.length;
  for (let y = 0; y < high; y++) {
    const row = down.of[y]!;
    if (row < 0) continue;
    const rim = down.rim[y]!;
    if (y > 0 && !hollow && down.of[y - 1] === row) {
      data.copyWithin(y * wide, (y - 1) * wide, y * wide);
      continue;
    }
    for (let x = 0; x < wide; x++) {
      const column = across.of[x]!;
      const code = column < 0 ? 0 : found[row * count + column]!;
      if (code > 1 || (code === 1 && (!hollow || rim || across.rim[x]))) data[y * wide + x] = palette[code]!;
    }
  }
  return image;
}

/** The entries under the middles of some pixels, which of them each pixel has, and where an entry begins or ends. */
function sampled(
  low: number,
  per: number,
  pixels: number,
  total: number,
): { entries: Float64Array; of: Int32Array; rim: Uint8Array } {
  const at = Float64Array.from({ length: pixels }, (_, n) => Math.floor(low + (n + 0.5) * per));
  const first = Math.max(0, at[0] ?? 0);
  const last = Math.min(total - 1, at[pixels - 1] ?? 0);
  const entries = Float64Array.from({ length: Math.max(0, last - first + 1) }, (_, n) => first + n);
  const of = Int32Array.from(at, (entry) => (entry < total ? entry - first : -1));
  const rim = Uint8Array.from(at, (entry, n) => (at[n - 1] !== entry || at[n + 1] !== entry ? 1 : 0));
  return { entries, of, rim };
}

// --- cells -----------------------------------------------------------------------------------------------------------

/** A cell for each entry, as the pictures have them: a number or a dot where there is room. */
export function paintCells(context: CanvasRenderingContext2D, what: Paint): void {
  const { matrix, view, size, ratio, chips } = what;
  const [top, bottom] = window(view.y, matrix.rows.total, size.y);
  const [left, right] = window(view.x, matrix.columns.total, size.x);
  const rows = Float64Array.from({ length: bottom - top }, (_, n) => top + n);
  const columns = Float64Array.from({ length: right - left }, (_, n) => left + n);
  const found = matrix.codes(rows, columns, chips);
  const side = { y: 1 / view.y.per, x: 1 / view.x.per };
  const weights = Math.min(side.y, side.x) >= NUMBERS ? matrix.weights(rows, columns) : null;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.textAlign = "center";
  for (let row = 0; row < rows.length; row++)
    for (let n = 0; n < columns.length; n++) {
      const at = row * columns.length + n;
      if (found[at] === 0) continue;
      const box = {
        x: (left + n - view.x.low) * side.x,
        y: (top + row - view.y.low) * side.y,
        width: side.x,
        height: side.y,
      };
      paintCell(context, what, box, found[at]! - 2, weights ? weights[at]! : NaN);
    }
}

interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

function paintCell(context: CanvasRenderingContext2D, what: Paint, box: Box, slot: number, weight: number): void {
  const chip = what.chips[slot];
  const { tokens } = what;
  context.beginPath();
  context.roundRect(box.x + 0.5, box.y + 0.5, box.width - 1, box.height - 1, 1.5);
  context.fillStyle = chip?.colour ?? tokens.paper;
  context.fill();
  context.lineWidth = chip ? 0.6 : 0.75;
  context.strokeStyle = chip ? tokens.ink : tokens.line;
  context.stroke();
  if (Number.isNaN(weight)) return;
  const side = Math.min(box.width, box.height);
  const number = weight === SEVERAL ? undefined : what.value(weight);
  const text = weight === SEVERAL ? "+" : number === undefined ? "" : numberText(number, side < 40 ? 2 : 3);
  context.fillStyle = chip?.on ?? tokens.ink;
  const middle = box.x + box.width / 2;
  const placed = side >= 44 && weight !== SEVERAL;
  const fits = fitting(text, box.width);
  if (fits && (chip || side >= 24)) written(context, text, middle, box.y + box.height * (placed ? 0.4 : 0.5), fits);
  else {
    context.beginPath();
    context.arc(middle, box.y + box.height * (placed ? 0.4 : 0.5), 1.3, 0, 7);
    context.fillStyle = chip?.on ?? tokens.ink3;
    context.fill();
  }
  if (!placed) return;
  const place = what.matrix.weightPlace(weight).join(",");
  const small = fitting(place, box.width);
  if (small && !chip) context.fillStyle = tokens.ink3;
  if (small) written(context, place, middle, box.y + box.height * 0.76, Math.min(small, 10.5));
}

function written(context: CanvasRenderingContext2D, text: string, x: number, y: number, size: number): void {
  context.font = `${size}px "IBM Plex Mono", monospace`;
  context.fillText(text, x, y + 0.36 * size);
}

/** The size in which a text fits a cell; 0 where it would be too small to read. */
function fitting(text: string, width: number): number {
  if (!text) return 0;
  const size = Math.min(0.56 * Math.min(width, 40), (width - 3) / (0.6 * text.length));
  return size >= 7.5 ? size : 0;
}
