/** The page's state and its readable form in the URL's hash. */
import type { Place, State, StateRecord, Weight } from "./types";

const KEYS = [
  ...(["layer", "view", "level", "i", "j", "w", "s", "c", "m", "window", "fold", "many", "frames", "edit"] as const),
  ...(["zoom", "order", "ask", "claim"] as const),
] as const;
/** What a drawing depends on, in the order in which the host is asked for it. */
const DRAWING = ["i", "j", "w", "c", "m", "window", "fold", "many"] as const;

function place(text: string): Place | undefined {
  return /^-?\d+(,-?\d+)*$/.test(text) ? text.split(",").map(Number) : text === "" ? [] : undefined;
}
function weight(text: string): Weight | undefined {
  const parts = /^(\d+):(.*)$/.exec(text);
  const where = parts && place(parts[2]!);
  return parts && where ? { p: Number(parts[1]), place: where } : undefined;
}
const integer = (text: string): number | undefined => (/^-?\d+$/.test(text) ? Number(text) : undefined);

export const weightText = (w: Weight): string => `${w.p}:${w.place.join(",")}`;
export const same = (a: Place | undefined | null, b: Place | undefined | null): boolean =>
  a === b || (!!a && !!b && a.length === b.length && a.every((n, k) => n === b[k]));

function text(state: Partial<State>, key: (typeof KEYS)[number]): string | undefined {
  const entry = state[key];
  if (entry === undefined) return undefined;
  if (typeof entry === "number" || typeof entry === "string") return String(entry);
  return "place" in entry ? weightText(entry) : entry.join(",");
}

/** Places and names stay as readable as a hash allows: only what would break it is escaped. */
const readable = (plain: string): string => encodeURIComponent(plain).replace(/%2C/g, ",").replace(/%3A/g, ":");

/** `#layer=0&view=start&level=weight&i=0,0,0&j=0,0,1&w=0:0,0,1,2&c=0&m=0` */
export function hash(state: State): string {
  const parts = KEYS.map((key) => [key, text(state, key)] as const).filter(([, entry]) => entry !== undefined);
  return "#" + parts.map(([key, entry]) => `${key}=${readable(entry!)}`).join("&");
}

/** The parts of a state that a hash names and that can be understood; the rest is left to the defaults. */
export function parse(hashText: string): Partial<State> {
  const record: Record<string, string> = {};
  for (const part of hashText.replace(/^#/, "").split("&")) {
    const at = part.indexOf("=");
    if (at > 0) record[part.slice(0, at)] = unescaped(part.slice(at + 1));
  }
  return fromRecord(record);
}

function unescaped(plain: string): string {
  try {
    return decodeURIComponent(plain);
  } catch {
    return plain;
  }
}

/** A state as Python or a hash writes it. */
export function fromRecord(record: StateRecord | Record<string, unknown> | undefined): Partial<State> {
  const state: Partial<State> = {};
  const given = (record ?? {}) as Record<string, unknown>;
  const known = <K extends keyof State>(key: K, read: (text: string) => State[K] | undefined): void => {
    const entry = given[key];
    if (entry === undefined || entry === null) return;
    const result = read(Array.isArray(entry) ? entry.join(",") : weightLike(entry));
    if (result !== undefined) state[key] = result;
  };
  known("layer", integer);
  known("view", (name) => name || undefined);
  known("level", (name) => name || undefined);
  known("i", place);
  known("j", place);
  known("w", weight);
  known("s", (text) => (/^(x|b|tap|filter|channel|parameter):\d+(,\d+)*$/.test(text) ? text : undefined));
  known("c", integer);
  known("m", integer);
  known("window", (name) => name || undefined);
  known("fold", integer);
  known("many", integer);
  known("frames", integer);
  known("edit", (text) => text || undefined);
  known("zoom", (name) => name || undefined);
  known("order", (name) => name || undefined);
  known("ask", (name) => name || undefined);
  known("claim", (text) => text || undefined);
  return state;
}

function weightLike(entry: unknown): string {
  if (typeof entry !== "object" || entry === null) return String(entry);
  const { p, place: where } = entry as { p?: number; place?: number[] };
  return `${p}:${(where ?? []).join(",")}`;
}

/** A path of the host's about a model with changed numbers. */
export const withEdits = (path: string, edit: string | undefined): string =>
  edit ? `${path}${path.includes("?") ? "&" : "?"}edit=${encodeURIComponent(edit)}` : path;

/** The host's path of a picture of this state. */
export function drawPath(state: State, view: string): string {
  const query = DRAWING.map((key) => [key, text(state, key)] as const).filter(([, entry]) => entry !== undefined);
  const path = `draw/${state.layer}/${view}/${state.level}`;
  return query.length ? `${path}?${query.map(([key, entry]) => `${key}=${readable(entry!)}`).join("&")}` : path;
}
