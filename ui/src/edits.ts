/** Numbers that the reader changed. They are part of the state: Back undoes them, a link carries them. */
import type { Place, Target } from "./types";

/** What is changed, as `w:PARAMETER:place` or `x:LAYER:place`, and to what. */
export type Edits = ReadonlyMap<string, number>;

const FORM = /^([wx]:\d+:)(\d+(?:,\d+)*)?=(-?\d+(?:\.\d+)?(?:e-?\d+)?)$/;
export const NONE: Edits = new Map();

/** The edits that a state names; what cannot be understood is left out. */
export function editsOf(text: string | undefined): Edits {
  if (!text) return NONE;
  const found = new Map<string, number>();
  for (const part of text.split(";")) {
    const match = FORM.exec(part);
    if (match) found.set(match[1]! + (match[2] ?? ""), Number(match[3]));
  }
  return found;
}

export const editText = (edits: Edits): string | undefined =>
  edits.size ? [...edits].map(([key, value]) => `${key}=${value}`).join(";") : undefined;

export const weightKey = (p: number, place: Place): string => `w:${p}:${place.join(",")}`;
export const inputKey = (layer: number, place: Place): string => `x:${layer}:${place.join(",")}`;

/** The key of what can be changed in a layer; null for anything else. */
export function editKey(target: Target | null, layer: number): string | null {
  if (target?.kind === "weight") return weightKey(target.p, target.place);
  return target?.kind === "input" ? inputKey(layer, target.place) : null;
}

/** One more edit, the newest last; the stored number itself is none. */
export function withEdit(edits: Edits, key: string, value: number, stored: number | undefined): Edits {
  const next = new Map(edits);
  next.delete(key);
  if (value !== stored) next.set(key, value);
  return next;
}

/** All but the newest. */
export const undone = (edits: Edits): Edits => new Map([...edits].slice(0, -1));
