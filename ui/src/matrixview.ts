/** Which part of the matrix is on screen: for rows and columns where it begins and how many entries a pixel covers. */

export interface Span {
  low: number;
  per: number;
}
export interface Viewport {
  y: Span;
  x: Span;
}
/** Two numbers, of rows and of columns: entries of the matrix, or pixels. */
export interface Size {
  y: number;
  x: number;
}

/** No entry is drawn larger. */
const LARGEST = 64;
/** Where one side is short, its entries grow to fill it, up to this. */
const TALL = 24;

/** The whole matrix: square entries where they are larger than pixels, else each side by itself. */
export function whole(total: Size, pixels: Size): Viewport {
  const per = { y: total.y / pixels.y, x: total.x / pixels.x };
  const square = Math.max(per.y, per.x, 1 / LARGEST);
  const side = (own: number): Span => ({ low: 0, per: square <= 1 ? square : Math.max(own, 1 / TALL) });
  return { y: side(per.y), x: side(per.x) };
}

/** Larger by a factor around a point in pixels: both sides reach one entry a pixel, and the whole, at the same time. */
export function zoomed(view: Viewport, total: Size, pixels: Size, factor: number, at: Size): Viewport {
  const fit = whole(total, pixels);
  const per = factor > 1 ? nearer(view, factor) : farther(view, fit, 1 / factor);
  const side = (key: "y" | "x"): Span => {
    const entry = view[key].low + at[key] * view[key].per;
    const next = Math.max(1 / LARGEST, Math.min(per[key], fit[key].per));
    return { low: entry - at[key] * next, per: next };
  };
  return clamped({ y: side("y"), x: side("x") }, total, pixels);
}

function nearer(view: Viewport, factor: number): Size {
  const [y, x] = [view.y.per, view.x.per];
  const most = Math.max(y, x);
  if (most <= 1) return { y: Math.min(y, most / factor), x: Math.min(x, most / factor) };
  const side = (per: number): number => (per <= 1 ? per : per / factor ** (Math.log(per) / Math.log(most)));
  return { y: side(y), x: side(x) };
}

function farther(view: Viewport, fit: Viewport, factor: number): Size {
  const left = (key: "y" | "x"): number => Math.max(Math.log(fit[key].per / view[key].per), 0);
  const most = Math.max(left("y"), left("x"));
  const small = Math.max(view.y.per, view.x.per) < 1;
  const side = (key: "y" | "x"): number =>
    view[key].per * (small ? factor : most === 0 ? 1 : factor ** (left(key) / most));
  return { y: side("y"), x: side("x") };
}

/** Moved by pixels. */
export function panned(view: Viewport, total: Size, pixels: Size, by: Size): Viewport {
  const side = (key: "y" | "x"): Span => ({ low: view[key].low - by[key] * view[key].per, per: view[key].per });
  return clamped({ y: side("y"), x: side("x") }, total, pixels);
}

/** Moved no more than needed for an entry to lie inside, with some entries around it; amid where it was far away. */
export function showing(view: Viewport, total: Size, pixels: Size, entry: Size): Viewport {
  const side = (key: "y" | "x"): Span => {
    const { low, per } = view[key];
    const span = pixels[key] * per;
    const edge = Math.min(3, span / 4);
    const past = entry[key] + 1 + edge - low - span;
    const before = low + edge - entry[key];
    if (past <= 0 && before <= 0) return view[key];
    if (Math.max(past, before) > span) return { low: entry[key] + 0.5 - span / 2, per };
    return { low: past > 0 ? low + past : low - before, per };
  };
  return clamped({ y: side("y"), x: side("x") }, total, pixels);
}

/** As large as before, with an entry in the middle. */
export function centred(view: Viewport, total: Size, pixels: Size, at: Size): Viewport {
  const side = (key: "y" | "x"): Span => ({ low: at[key] - (pixels[key] * view[key].per) / 2, per: view[key].per });
  return clamped({ y: side("y"), x: side("x") }, total, pixels);
}

export function clamped(view: Viewport, total: Size, pixels: Size): Viewport {
  const side = (key: "y" | "x"): Span => {
    const { low, per } = view[key];
    return { low: Math.max(0, Math.min(low, total[key] - pixels[key] * per)), per };
  };
  return { y: side("y"), x: side("x") };
}

/** The entries on screen, those cut by the border included: from the first to below the last. */
export function window({ low, per }: Span, total: number, pixels: number): [number, number] {
  const first = Math.max(0, Math.floor(low));
  return [first, Math.max(first, Math.min(total, Math.ceil(low + per * pixels - 1e-9)))];
}

/** `0:3025,0:51529` */
export function written(view: Viewport, total: Size, pixels: Size): string {
  const side = (key: "y" | "x"): string => window(view[key], total[key], pixels[key]).join(":");
  return `${side("y")},${side("x")}`;
}

/** The part that such a text names; null where it is none of this matrix. */
export function read(text: string | undefined, total: Size, pixels: Size): Viewport | null {
  const parts = /^(\d+):(\d+),(\d+):(\d+)$/
    .exec(text ?? "")
    ?.slice(1)
    .map(Number);
  if (!parts) return null;
  const [top, bottom, left, right] = parts as [number, number, number, number];
  if (top >= bottom || left >= right || bottom > total.y || right > total.x) return null;
  const per = { y: (bottom - top) / pixels.y, x: (right - left) / pixels.x };
  const square = Math.max(per.y, per.x) < 1 ? Math.max(per.y, per.x, 1 / LARGEST) : 0;
  return clamped({ y: { low: top, per: square || per.y }, x: { low: left, per: square || per.x } }, total, pixels);
}

export const sameView = (a: Viewport, b: Viewport): boolean =>
  a.y.low === b.y.low && a.y.per === b.y.per && a.x.low === b.x.low && a.x.per === b.x.per;
