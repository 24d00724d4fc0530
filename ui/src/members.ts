/** Which identities a mark has, read where the host says that they stand: nothing here knows what a filter is. */
import type { Named } from "./codes";
import { joined, type Layer, type WeightLine } from "./layer";
import { toPlace, type Mark } from "./marks";
import type { Place, State, Target } from "./types";

/** What a mark names. */
export type Keyed = Pick<Mark, "p" | "y" | "x" | "w" | "b">;

/** The identities of a mark at a level: by its own places where the level is read there, else by its weights. */
export const identities = (layer: Layer, level: string, mark: Keyed): string[] =>
  layer.lines.flatMap((entry) => {
    const named = level === "weight" ? `weight:${entry.p}` : level;
    return placesAt(entry, level, mark).map((place) => `${named}:${joined(place)}`);
  });

function placesAt({ line, relation, weight, adds, p }: WeightLine, level: string, mark: Keyed): Place[] {
  const known = line.levels?.[level];
  if (!known || (mark.p < 0 ? mark.w.length > 0 : mark.p !== p)) return [];
  const [access, axes] = known;
  const weights = adds && mark.p !== p ? mark.b : mark.w;
  const own = access === 0 ? mark.y : access === weight ? weights : mark.x;
  const along = (place: Place, some = axes): number[] =>
    level === "parameter" ? [p] : some.map((axis) => place[axis]!);
  if (own.length) return own.map((key) => along(toPlace(key)));
  return weights.flatMap((key) => {
    const place = toPlace(key);
    if (line.identity?.[level]) return [along(place, line.identity[level])];
    return relation.fix(weight, place).list(0, 1, false).map((tap) => along(tap[access]!));
  });
}

/** An identity as a line's relation has it; null where it is none of this line's. */
export function namedIn({ line, relation, p }: WeightLine, id: string): Named | null {
  const [level, ...rest] = id.split(":");
  const known = line.levels?.[level!];
  if (!known || ((level === "weight" || level === "parameter") && Number(rest[0]) !== p)) return null;
  const [access, axes] = known;
  const place = level === "parameter" ? [] : toPlace(rest.at(-1)!);
  const { shape } = relation.accesses[access]!;
  return place.length === axes.length && place.every((n, k) => n < shape[axes[k]!]!) ? { access, axes, place } : null;
}

/** What a state has selected besides neurons. */
export function selectedOf({ s, w }: Partial<State>): Target | null {
  if (!s) return w ? { kind: "weight", ...w } : null;
  const place = toPlace(s.slice(2));
  return s.startsWith("x") ? { kind: "input", place } : s.startsWith("b") ? { kind: "bias", place } : { kind: "identity", id: s };
}

/** The text of a state's selection, if the layer has it. */
export function known(layer: Layer, s: string | undefined): string | undefined {
  const target = selectedOf({ s });
  if (!target) return undefined;
  const fits = (entry: WeightLine): boolean => {
    const shapes = (target.kind === "input" ? entry.inputs : target.kind === "bias" && entry.adds ? [entry.weight] : []).map(
      (access) => entry.relation.accesses[access]!.shape,
    );
    return target.kind === "identity"
      ? !!namedIn(entry, target.id)
      : shapes.some((shape) => "place" in target && inside(target.place, shape));
  };
  return layer.lines.some(fits) ? s : undefined;
}

const inside = (place: Place, shape: readonly number[]): boolean =>
  place.length === shape.length && place.every((n, k) => n < shape[k]!);

/** What of the state a selection changes; null where no address can say it, as of another layer. */
export function selecting(layer: Layer, w: State["w"], target: Target): Partial<State> | null {
  if (target.kind === "weight") return layer.owns(target) ? { w: { p: target.p, place: target.place }, s: undefined } : null;
  const foreign = "layer" in target && target.layer && target.layer !== String(layer.record.index);
  const text =
    target.kind === "identity"
      ? target.id
      : foreign || !("place" in target)
        ? undefined
        : `${target.kind === "input" ? "x" : "b"}:${joined(target.place)}`;
  // A weight of another line than the first also says which line is drawn.
  const line = w && layer.lineOf({ kind: "identity", id: "" })?.p !== w.p ? w : undefined;
  return known(layer, text) ? { w: line, s: text } : null;
}

/** Filter or channel as the pictures count them, where an identity is one. */
export function numberOf(layer: Layer, id: string): number {
  const entry = layer.lines.find((one) => namedIn(one, id));
  const one = entry && namedIn(entry, id);
  return one ? one.place.reduce((sum, n, k) => sum * entry!.relation.accesses[one.access]!.shape[one.axes[k]!]! + n, 0) : 0;
}
